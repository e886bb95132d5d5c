/// send, reply, forward: a message goes into the queue piece by piece, and out at once when there is a connection.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>

#include "handset/session.h"
#include "handset/text.h"

namespace handset {
namespace {

using handsync::AccountId;
using handsync::AccountView;
using handsync::ChangeId;
using handsync::Changes;
using handsync::Engine;
using handsync::Instant;
using handsync::MessageHead;
using handsync::MessagePart;

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

/// One message on its way into the queue. One at a time: the engine writes one for an account.
class Letter {
 public:
  Letter(Session& session, AccountId account) : session_(session), account_(account), alone_(one_at_a_time()) {}
  ~Letter() {
    if (open_) (void)changes([](Changes& to) { return to.discard(), handsync::Status(handsync::Done{}); });
  }
  Letter(const Letter&) = delete;
  Letter& operator=(const Letter&) = delete;

  void begin(const MessageHead& head) {
    check(changes([&](Changes& to) { return to.compose(head); }));
    open_ = true;
  }
  void part(MessagePart::Kind kind, const std::string& file) {
    const std::string name =
        kind == MessagePart::Kind::kAttachment ? std::filesystem::path(file).filename().string() : std::string();
    MessagePart part;
    part.kind = kind;
    part.name = name;
    if (kind == MessagePart::Kind::kAttachment) part.content_type = type_of(name);
    check(changes([&](Changes& to) { return to.part(part); }));
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
  ChangeId send() {
    const auto queued = session_.phone.call([&](Engine& engine, Instant) { return engine.changes(account_).send(); });
    if (!queued.ok()) throw failure_of(queued.error());
    open_ = false;
    return queued.value();
  }

 private:
  static std::unique_lock<std::mutex> one_at_a_time() {
    static std::mutex mutex;
    return std::unique_lock(mutex);
  }
  template <class Act>
  handsync::Status changes(Act act) {
    return session_.phone.call([&](Engine& engine, Instant) { return act(engine.changes(account_)); });
  }
  void check(const handsync::Status& status) {
    if (!status.ok()) throw failure_of(status.error());
  }
  void data(std::string_view bytes) {
    check(changes([&](Changes& to) { return to.data(handsync::bytes_of(bytes)); }));
  }

  Session& session_;
  AccountId account_;
  std::unique_lock<std::mutex> alone_;
  bool open_ = false;
};

std::string joined(const std::vector<std::string>& lists) {
  std::string all;
  for (const std::string& list : lists) all += (all.empty() ? "" : ", ") + list;
  return all;
}

/// What became of a queued message after it had its chance: it is not in the queue any more, waits, or is parked.
int report_message(Session& session, AccountId account, ChangeId change, const std::string& subject, const char* done) {
  bool waits = false, parked = false;
  handsync::Error last;
  {
    const OpenReader reader(session, account);
    each_row<handsync::QueueRow>(reader->queue(), [&](const handsync::QueueRow& row) {
      if (row.id != static_cast<std::uint64_t>(change)) return true;
      waits = true;
      parked = row.parked;
      last = row.last;
      return false;
    });
  }
  if (session.line.json) {
    session.say(Json()
                    .set("change", shown_number(account, static_cast<std::uint64_t>(change)))
                    .set("subject", subject)
                    .set("sent", !waits)
                    .set("parked", parked));
  } else if (!waits) {
    session.say(std::string(done) + ": " + printable(subject));
  } else if (!parked) {
    session.say("queued: " + printable(subject) + "; it goes out with the next sync or push");
  }
  if (!parked) return kDone;
  Failure failure = failure_of(last);
  failure.exit = kParked;
  throw failure;
}

int write_message(Session& session, AccountId account, MessageHead head, const std::string& subject) {
  const CommandLine& line = session.line;
  const std::string to = head.to.empty() ? joined(line.recipients) : std::string(head.to);
  const std::string cc = joined(line.cc), bcc = joined(line.bcc);
  head.to = to;
  head.cc = cc;
  head.bcc = bcc;
  head.subject = subject;
  head.important = line.important;
  ChangeId change{};
  {
    Letter letter(session, account);
    letter.begin(head);
    if (!line.text_file.empty()) letter.part(MessagePart::Kind::kText, line.text_file);
    if (!line.html_file.empty()) letter.part(MessagePart::Kind::kHtml, line.html_file);
    for (const std::string& file : line.attach_files) letter.part(MessagePart::Kind::kAttachment, file);
    change = letter.send();
  }
  return send_queued(session, account, change, subject, "sent");
}

/// The item to be answered or forwarded, as far as its message needs it.
struct Original {
  std::string subject, from, to;
};
Original original_of(Session& session, const Numbered& at) {
  Original original;
  bool mail = false;
  const OpenReader reader(session, at.account);
  handsync::Query query;
  query.item = static_cast<handsync::ItemId>(at.own);
  each_row<handsync::ItemRow>(reader->list(query), [&](const handsync::ItemRow& row) {
    mail = row.kind == handsync::Class::kEmail;
    original = {std::string(row.subject), std::string(row.from), std::string(row.to)};
    return false;
  });
  if (!mail) throw usage("only mails can be answered and forwarded", "`handset list INBOX` prints their numbers");
  return original;
}

bool begins_with_prefix(const std::string& subject, std::string_view prefix) {
  return subject.size() >= prefix.size() && same_text(subject.substr(0, prefix.size()), std::string(prefix));
}

}  // namespace

int send_queued(Session& session, AccountId account, ChangeId change, const std::string& subject, const char* done) {
  const std::shared_ptr<Inbox> inbox = session.phone.subscribe();
  const auto begun = session.phone.call([&](Engine& engine, Instant now) { return engine.flush(account, now); });
  if (!begun.ok()) throw failure_of(begun.error());
  Answers answers;
  wait_idle(session, *inbox, account, answers, "sending");
  return report_message(session, account, change, subject, done);
}

int send_message(Session& session) {
  const std::vector<AccountView> chosen = accounts(session);
  if (chosen.size() > 1) throw usage("this phone has several accounts", "say with --account which one sends");
  return write_message(session, chosen.front().id, {}, session.line.subject);
}

int reply_message(Session& session) {
  const Numbered at = find_item(session, session.line.number);
  const Original original = original_of(session, at);
  MessageHead head;
  head.verb = MessageHead::Verb::kReply;
  head.source = static_cast<handsync::ItemId>(at.own);
  const std::string to = original.from;
  if (session.line.recipients.empty()) head.to = to;
  std::string subject = session.line.subject;
  if (subject.empty())
    subject = begins_with_prefix(original.subject, "Re:") ? original.subject : "Re: " + original.subject;
  return write_message(session, at.account, head, subject);
}

int forward_message(Session& session) {
  const Numbered at = find_item(session, session.line.number);
  const Original original = original_of(session, at);
  MessageHead head;
  head.verb = MessageHead::Verb::kForward;
  head.source = static_cast<handsync::ItemId>(at.own);
  std::string subject = session.line.subject;
  if (subject.empty())
    subject = begins_with_prefix(original.subject, "Fwd:") ? original.subject : "Fwd: " + original.subject;
  return write_message(session, at.account, head, subject);
}

}  // namespace handset
