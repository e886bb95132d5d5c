/// send, reply, forward: a message goes into the queue piece by piece, and out at once when there is a connection.
#include <memory>

#include "handset/letter.h"
#include "handset/text.h"

namespace handset {
namespace {

using handsync::AccountId;
using handsync::AccountView;
using handsync::ChangeId;
using handsync::Engine;
using handsync::Instant;
using handsync::MessageHead;
using handsync::MessagePart;

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
  const std::string number = std::to_string(shown_number(account, static_cast<std::uint64_t>(change)));
  // What the status by itself advises is for what is tried again; this one waits for a word.
  failure.advice = "`handset queue retry " + number + "` or `handset queue drop " + number + "`";
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

std::string joined(const std::vector<std::string>& lists) {
  std::string all;
  for (const std::string& list : lists) all += (all.empty() || list.empty() ? "" : ", ") + list;
  return all;
}

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
