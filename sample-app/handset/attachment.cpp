/// attachment, and a mail as it travelled: files that come piece by piece and are never whole in memory.
#include <unistd.h>

#include <filesystem>

#include "handset/errand.h"
#include "handset/escape.h"
#include "handset/home.h"
#include "handset/part_file.h"
#include "handset/session.h"
#include "handset/text.h"

namespace handset {
namespace {

using handsync::Engine;
using handsync::Instant;

/// Brings it all, or throws; what has come stays in the file.
void fetch_into(Session& session, const Numbered& at, std::uint16_t attachment, PartFile& file,
                const std::string& name) {
  handsync::FileRequest request;
  request.item = static_cast<handsync::ItemId>(at.own);
  request.attachment = attachment;
  request.have_bytes = file.bytes();
  request.sink = &file;
  Answers answers;
  ErrandWork work;
  work.begin = [&](Engine& engine, Instant now) { return engine.fetch_file(at.account, request, now); };
  work.ended = [&] { return file.ended(); };
  work.doing = "fetching";
  work.detail = [&] {
    const std::string total = file.bytes_total() != 0 ? " of " + size_text(file.bytes_total()) : "";
    return printable(name) + ": " + size_text(file.bytes()) + total;
  };
  run_errand(session, at.account, answers, work);
  if (!file.error()) return;
  if (file.failure()) throw *file.failure();
  if (answers.refusal) throw *answers.refusal;
  const handsync::AccountView view = account_view(session, at.account);
  Failure failure = view.error == file.error() ? failure_of_account(view) : failure_of(file.error());
  if (failure.exit == kBlocked || failure.domain == "eas")
    file.discard();
  else if (file.bytes() != 0)
    failure.advice += "; what has come is kept, and the same command goes on with it";
  throw failure;
}

}  // namespace

int fetch_attachment(Session& session) {
  const CommandLine& line = session.line;
  const Numbered at = find_item(session, line.number);
  const auto number = static_cast<std::uint16_t>(line.attachment);
  std::string name, identity;
  {
    const OpenReader reader(session, at.account);
    std::byte room[2048];
    handsync::AttachmentRow row;
    const auto found = handsync::read_attachment(*reader, static_cast<handsync::ItemId>(at.own), number, row, room);
    if (!found.ok()) throw failure_of(found.error());
    if (!found.value()) {
      throw usage("item " + std::to_string(line.number) + " has no attachment " + std::to_string(line.attachment),
                  "`handset show " + std::to_string(line.number) + "` lists what came with it");
    }
    name = std::string(row.name);
    identity = address(account_view(session, at.account)) + '\n' + std::to_string(at.own) + '\n' +
               std::to_string(number) + '\n' + name + '\n' + std::to_string(row.bytes);
  }
  std::filesystem::path directory(session.request.working_directory);
  std::string file_name = safe_file_name(name);
  bool named = false;
  if (!line.to_file.empty()) {
    const std::filesystem::path to = directory / line.to_file;
    std::error_code none;
    if (std::filesystem::is_directory(to, none)) {
      directory = to;
    } else {
      directory = to.parent_path();
      file_name = to.filename().string();
      named = true;
      if (std::filesystem::exists(std::filesystem::symlink_status(to, none)))
        throw usage("`" + printable(line.to_file) + "` is there already, and nothing is overwritten",
                    "choose another name");
    }
  }
  PartFile file(directory.string(), file_name, identity);
  const std::uint64_t had = file.bytes();
  fetch_into(session, at, number, file, name);
  const std::uint64_t bytes = file.bytes();
  const std::string path = file.settle(!named);
  const std::string shown = std::filesystem::path(path).lexically_normal().string();
  if (line.json) {
    session.say(Json()
                    .set("id", line.number)
                    .set("attachment", line.attachment)
                    .set("name", name)
                    .set("file", shown)
                    .set("bytes", bytes)
                    .set("resumed_at", had));
  } else {
    session.say("saved " + printable(shown) + ", " + size_text(bytes) +
                (had != 0 ? " (" + size_text(had) + " were here already)" : ""));
  }
  return kDone;
}

void print_mime(Session& session, const Numbered& at) {
  PartFile file(session.phone.home().directory());
  fetch_into(session, at, 0, file, "the mail");
  say_mime(session, [&](const std::function<void(std::string_view)>& piece) {
    char room[16384];
    for (off_t offset = 0;;) {
      const ssize_t got = ::pread(file.descriptor(), room, sizeof room, offset);
      if (got < 0) throw machine("a file of the home cannot be read", "check the disk");
      if (got == 0) return;
      if (session.io.stopped() == Stop::kUser) throw Stopped{};
      piece(std::string_view(room, static_cast<std::size_t>(got)));
      offset += got;
    }
  });
}

}  // namespace handset
