/// draft add, edit, send: a message that is not sent yet. From 16.0 on the server has it too, below it is kept here.
#include "handset/letter.h"
#include "handset/text.h"

namespace handset {
namespace {

using handsync::AccountId;
using handsync::AccountView;
using handsync::DraftHead;
using handsync::Engine;
using handsync::Instant;
using handsync::ItemId;
using handsync::MessagePart;
using handsync::Text;

/// What became of it after it had its chance.
int report_draft(Session& session, AccountId account, ItemId item, const std::string& subject) {
  bool waits = false, parked = false;
  handsync::Error last;
  {
    const OpenReader reader(session, account);
    each_row<handsync::QueueRow>(reader->queue(), [&](const handsync::QueueRow& row) {
      if (row.item != item || row.what != "draft") return true;
      waits = true;
      parked = row.parked;
      last = row.last;
      return true;
    });
  }
  const AccountView view = account_view(session, account);
  const bool stays = view.version != 0 && view.version < kDraftsGoUp;
  const std::uint64_t number = shown_number(account, static_cast<std::uint64_t>(item));
  if (session.line.json) {
    session.say(Json().set("id", number).set("subject", subject).set("at_server", !waits).set("parked", parked));
  } else if (!parked) {
    const std::string name = std::to_string(number) + " " + printable(subject);
    session.say(!waits  ? "kept: " + name
                : stays ? "kept here: " + name + "; it goes up when the server is updated to version 16"
                        : "kept here: " + name + "; it goes up with the next sync or push");
  }
  if (!parked) return kDone;
  Failure failure = failure_of(last);
  failure.exit = kParked;
  throw failure;
}

int write_draft(Session& session, AccountId account, ItemId item) {
  const CommandLine& line = session.line;
  const std::string to = joined(line.recipients), cc = joined(line.cc), bcc = joined(line.bcc);
  const Text to_view = to, cc_view = cc, bcc_view = bcc, subject = line.subject;
  DraftHead head;
  head.draft = item;
  if (!line.recipients.empty()) head.to = &to_view;
  if (!line.cc.empty()) head.cc = &cc_view;
  if (!line.bcc.empty()) head.bcc = &bcc_view;
  if (line.has_subject) head.subject = &subject;
  head.has_importance = line.important || line.unimportant;
  head.important = line.important;
  {
    Letter letter(session, account);
    letter.begin(head);
    if (!line.text_file.empty()) letter.part(MessagePart::Kind::kText, line.text_file);
    if (!line.html_file.empty()) letter.part(MessagePart::Kind::kHtml, line.html_file);
    for (const std::string& file : line.attach_files) letter.part(MessagePart::Kind::kAttachment, file);
    for (const std::uint16_t number : line.detach) letter.detach(number);
    item = letter.keep();
  }
  const std::shared_ptr<Inbox> inbox = session.phone.subscribe();
  const auto begun = session.phone.call([&](Engine& engine, Instant now) { return engine.flush(account, now); });
  if (!begun.ok()) throw failure_of(begun.error());
  Answers answers;
  wait_idle(session, *inbox, account, answers, "keeping");
  std::string shown;
  {
    const OpenReader reader(session, account);
    handsync::Query query;
    query.item = item;
    each_row<handsync::ItemRow>(reader->list(query), [&](const handsync::ItemRow& row) {
      shown = std::string(row.subject);
      return false;
    });
  }
  return report_draft(session, account, item, shown);
}

}  // namespace

int draft_add(Session& session) {
  const std::vector<AccountView> chosen = accounts(session);
  if (chosen.size() > 1) throw usage("this phone has several accounts", "say with --account whose draft it is");
  return write_draft(session, chosen.front().id, ItemId{});
}

int draft_edit(Session& session) {
  const Numbered at = find_item(session, session.line.number);
  return write_draft(session, at.account, static_cast<ItemId>(at.own));
}

int draft_send(Session& session) {
  const Numbered at = find_item(session, session.line.number);
  std::string subject;
  {
    const OpenReader reader(session, at.account);
    handsync::Query query;
    query.item = static_cast<ItemId>(at.own);
    each_row<handsync::ItemRow>(reader->list(query), [&](const handsync::ItemRow& row) {
      subject = std::string(row.subject);
      return false;
    });
  }
  const auto queued = session.phone.call(
      [&](Engine& engine, Instant) { return engine.changes(at.account).send_draft(static_cast<ItemId>(at.own)); });
  if (!queued.ok()) throw failure_of(queued.error());
  return send_queued(session, at.account, queued.value(), subject, "sent");
}

}  // namespace handset
