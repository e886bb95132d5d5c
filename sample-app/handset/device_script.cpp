/// What a person or QA does to the phone itself: touch, clock, roaming, wipe.
#include "handset/io.h"
#include "handset/session.h"
#include "handset/text.h"

namespace handset {
namespace {

using handsync::AccountId;
using handsync::Engine;
using handsync::Instant;
using handsync::Notice;

}  // namespace

int device_touch(Session& session) {
  // What made the phone's idle time start again has happened before this is called.
  if (session.line.json) {
    session.say(Json().set("locked", false));
  } else {
    session.say("touched");
  }
  return kDone;
}

int device_clock(Session& session) {
  if (!session.phone.device().advance(session.line.number * 1000)) {
    throw usage("this device's clock is its machine's", "use --hal simulated");
  }
  // Whatever has become due in that time is done now.
  session.phone.call([](Engine& engine, Instant now) { engine.tick(now); });
  const std::int64_t wall_ms = session.phone.wall_ms();
  if (session.line.json) {
    session.say(Json().set("now", iso_utc(wall_ms)));
  } else {
    session.say("it is " + iso_utc(wall_ms));
  }
  return kDone;
}

int device_roaming(Session& session) {
  session.phone.set_roaming(session.line.on);
  if (session.line.json) {
    session.say(Json().set("roaming", session.line.on));
  } else {
    session.say(session.line.on ? "roaming" : "at home");
  }
  return kDone;
}

int device_wipe(Session& session) {
  if (session.io.can_ask && !session.line.json) {
    const std::string answer =
        session.io.ask("Everything on this phone goes for good. Wipe it? [yes/no] ", false).value_or("");
    if (answer != "yes") throw usage("nothing was wiped", "answer `yes` to wipe");
  }
  const std::shared_ptr<Inbox> inbox = session.phone.subscribe();
  const auto begun = session.phone.call([](Engine& engine, Instant now) { return engine.wipe(now); });
  if (!begun.ok()) throw failure_of(begun.error());
  session.io.on_interrupt([&inbox] { inbox->wake(); });
  struct Unhook {
    Io& io;
    ~Unhook() { io.on_interrupt(nullptr); }
  } unhook{session.io};
  for (;;) {
    check_stop(session);  // the wipe itself goes on whoever stops waiting
    const std::optional<Event> event = inbox->next(std::chrono::milliseconds(1000));
    if (event && event->kind == Event::Kind::kTell && event->account == AccountId{} && event->notice == Notice::kWiped)
      break;
  }
  if (session.line.json) {
    session.say(Json().set("wiped", true));
  } else {
    session.say("this phone has been wiped; `handset device new` makes a new one of this home");
  }
  return kDone;
}

}  // namespace handset
