#include "handset/letter.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>

namespace handset {
namespace {

using handsync::AccountId;
using handsync::ChangeId;
using handsync::Changes;
using handsync::DraftHead;
using handsync::Engine;
using handsync::Instant;
using handsync::ItemId;
using handsync::MessageHead;
using handsync::MessagePart;
using handsync::Status;

constexpr std::size_t kPieceBytes = 64 * 1024;

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

/// What its name says that a file is; programs at the other end look at it.
std::string_view type_of(const std::string& name) {
  struct Row {
    std::string_view ending, type;
  };
  static constexpr std::array kRows = {
      Row{".txt", "text/plain"},
      Row{".html", "text/html"},
      Row{".pdf", "application/pdf"},
      Row{".png", "image/png"},
      Row{".jpg", "image/jpeg"},
      Row{".jpeg", "image/jpeg"},
      Row{".gif", "image/gif"},
      Row{".zip", "application/zip"},
      Row{".ics", "text/calendar"},
      Row{".csv", "text/csv"},
      Row{".json", "application/json"},
      Row{".mp3", "audio/mpeg"},
      Row{".mp4", "video/mp4"},
      Row{".doc", "application/msword"},
      Row{".vcf", "text/vcard"},
      Row{".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
      Row{".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
  };
  std::string ending = std::filesystem::path(name).extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const Row& row : kRows) {
    if (row.ending == ending) return row.type;
  }
  return "application/octet-stream";
}

std::unique_lock<std::mutex> one_at_a_time() {
  static std::mutex mutex;
  return std::unique_lock(mutex);
}

template <class Act>
auto change(Session& session, AccountId account, Act act) {
  return session.phone.call([&](Engine& engine, Instant) { return act(engine.changes(account)); });
}

}  // namespace

Letter::Letter(Session& session, AccountId account) : session_(session), account_(account), alone_(one_at_a_time()) {}

Letter::~Letter() {
  if (open_) (void)change(session_, account_, [](Changes& to) { return to.discard(), Status(handsync::Done{}); });
}

void Letter::begin(const MessageHead& head) {
  check(change(session_, account_, [&](Changes& to) { return to.compose(head); }));
  open_ = true;
}

void Letter::begin(const DraftHead& head) {
  check(change(session_, account_, [&](Changes& to) { return to.compose_draft(head); }));
  open_ = true;
}

void Letter::part(MessagePart::Kind kind, const std::string& file) {
  const std::string name =
      kind == MessagePart::Kind::kAttachment ? std::filesystem::path(file).filename().string() : std::string();
  MessagePart part;
  part.kind = kind;
  part.name = name;
  if (kind == MessagePart::Kind::kAttachment) part.content_type = type_of(name);
  check(change(session_, account_, [&](Changes& to) { return to.part(part); }));
  if (file == "-") return data(session_.request.files.at(file));
  const std::string path = (std::filesystem::path(session_.request.working_directory) / file).string();
  std::error_code none;
  const std::unique_ptr<std::FILE, FileCloser> opened(
      std::filesystem::is_directory(path, none) ? nullptr : std::fopen(path.c_str(), "rbe"));
  if (!opened) throw usage("`" + file + "` cannot be read", "give a file that exists and may be read");
  std::string piece(kPieceBytes, '\0');
  while (const std::size_t got = std::fread(piece.data(), 1, piece.size(), opened.get())) {
    check_stop(session_);
    data(std::string_view(piece).substr(0, got));
  }
  if (std::ferror(opened.get()) != 0) throw usage("`" + file + "` cannot be read", "try another copy of it");
}

void Letter::detach(std::uint16_t number) {
  check(change(session_, account_, [&](Changes& to) { return to.detach(number); }));
}

ChangeId Letter::send() {
  const auto queued = change(session_, account_, [](Changes& to) { return to.send(); });
  if (!queued.ok()) throw failure_of(queued.error());
  open_ = false;
  return queued.value();
}

ItemId Letter::keep() {
  const auto kept = change(session_, account_, [](Changes& to) { return to.keep_draft(); });
  if (!kept.ok()) throw failure_of(kept.error());
  open_ = false;
  return kept.value();
}

void Letter::check(const Status& status) {
  if (!status.ok()) throw failure_of(status.error());
}

void Letter::data(std::string_view bytes) {
  check(change(session_, account_, [&](Changes& to) { return to.data(handsync::bytes_of(bytes)); }));
}

}  // namespace handset
