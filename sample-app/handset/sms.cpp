/// sms receive, sms send: the two ends of the simulated modem, and what the engine makes of it.
#include <algorithm>
#include <array>

#include "handset/session.h"
#include "handset/text.h"

namespace handset {
namespace {

using handsync::AccountId;
using handsync::AccountView;
using handsync::Class;
using handsync::Engine;
using handsync::Instant;
using handsync::ItemId;

/// The newest text of an account's folder of that type; 0 = there is none.
std::uint64_t newest_text(Session& session, AccountId account, handsync::FolderType type) {
  std::uint64_t newest = 0;
  for (const Folder& folder : folders(session, account)) {
    if (folder.type != type) continue;
    const OpenReader reader(session, account);
    handsync::Query query;
    query.folder = folder.id;
    each_row<handsync::ItemRow>(reader->list(query), [&](const handsync::ItemRow& row) {
      if (row.kind == Class::kSms) newest = std::max(newest, static_cast<std::uint64_t>(row.id));
      return true;
    });
  }
  return newest;
}

/// Whose text it is: the first account that wants them, as the engine chooses.
AccountView account_of_texts(Session& session) {
  const std::vector<AccountView> all = accounts(session);
  for (const AccountView& view : all)
    if (!view.texts_refused) return view;
  return all.front();
}

}  // namespace

int sms_receive(Session& session) {
  const CommandLine& line = session.line;
  handsync::hal::posix::TextNetwork* const network = session.phone.device().texts();
  if (network == nullptr) throw usage("the modem of this device is its machine's", "use --hal simulated");
  const auto arrived = network->arrive(line.from, line.message, false);
  if (!arrived.ok() && arrived.error() == handsync::hal::fault(handsync::hal::Fault::kRefused)) {
    const bool closed = session.phone.device().gates()->level(handsync::hal::Gate::kSms).value() == 0;
    if (!closed) throw usage("no network has a sender `" + line.from + "`", "give a number of at most 32 characters");
    throw Failure{kBlocked, "policy", 0, "a policy forbids text messages",
                  "look at `policy`; the administrator can allow them"};
  }
  if (!arrived.ok()) throw failure_of(arrived.error());
  const bool taken = session.phone.call([&](Engine& engine, Instant now) {
    engine.texts(now);
    handsync::hal::TextRecord record;
    std::array<std::byte, handsync::hal::kTextBytesMax> room{};
    const auto waits = session.phone.device().messaging()->oldest(record, room);
    return waits.ok() && !waits.value();
  });
  std::uint64_t number = 0;
  std::string why;
  if (taken) {
    const AccountView view = account_of_texts(session);
    number = shown_number(view.id, newest_text(session, view.id, handsync::FolderType::kInbox));
  } else {
    handsync::Error refused;
    session.phone.call([&](Engine& engine, Instant) {
      std::array<AccountId, 64> ids{};
      if (engine.accounts(ids) != 0) refused = engine.account(ids[0]).value().texts_refused;
    });
    why = refused ? failure_of(refused).message : "no account takes it yet";
  }
  if (line.json) {
    session.say(Json().set("id", number).set("from", line.from).set("text", line.message).set("taken", taken));
  } else {
    session.say(taken ? "received: " + std::to_string(number) + "; it goes up with the next sync or push"
                      : "received; it stays with the modem: " + printable(why));
  }
  return kDone;
}

int sms_send(Session& session) {
  const CommandLine& line = session.line;
  const AccountView view = account_of_texts(session);
  const std::vector<handsync::Text> numbers(line.recipients.begin(), line.recipients.end());
  const auto sent = session.phone.call(
      [&](Engine& engine, Instant) { return engine.changes(view.id).send_text(numbers, line.message); });
  if (!sent.ok()) {
    const bool refused = sent.error() == handsync::hal::fault(handsync::hal::Fault::kRefused);
    if (refused)
      throw Failure{kBlocked, "hal", sent.error().code, "the modem does not send that", "look at the number"};
    throw failure_of(sent.error());
  }
  const std::uint64_t number = shown_number(view.id, static_cast<std::uint64_t>(sent.value()));
  if (line.json) {
    session.say(Json().set("id", number).set("to", line.recipients).set("sent", true));
  } else {
    session.say("sent: " + std::to_string(number) + "; its copy goes up with the next sync or push");
  }
  return kDone;
}

}  // namespace handset
