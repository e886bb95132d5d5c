/// mark: read state and flag of a mail. The change is durable at once and goes out when there is a connection.
#include "handset/session.h"

namespace handset {
namespace {

using handsync::Engine;
using handsync::Instant;
using handsync::Mark;

Mark mark_of(const std::string& word) {
  if (word == "read") return Mark::kRead;
  if (word == "unread") return Mark::kUnread;
  if (word == "flag") return Mark::kFlag;
  if (word == "unflag") return Mark::kUnflag;
  return Mark::kDone;
}

}  // namespace

int mark_item(Session& session) {
  const Numbered at = find_item(session, session.line.number);
  const Mark mark = mark_of(session.line.mark);
  const auto change = session.phone.call([&](Engine& engine, Instant) {
    return engine.changes(at.account).mark(static_cast<handsync::ItemId>(at.own), mark);
  });
  if (!change.ok()) throw failure_of(change.error());
  if (session.line.json) {
    session.say(Json()
                    .set("id", session.line.number)
                    .set("mark", session.line.mark)
                    .set("change", shown_number(at.account, static_cast<std::uint64_t>(change.value()))));
  } else {
    session.say(std::to_string(session.line.number) + " marked " + session.line.mark +
                "; the next sync or push tells the server");
  }
  return kDone;
}

}  // namespace handset
