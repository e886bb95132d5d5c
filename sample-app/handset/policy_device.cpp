/// policy; device status, lock, unlock, set-pin, recover, reboot, new, check.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "handset/host.h"
#include "handset/session.h"
#include "handset/text.h"

namespace handset {
namespace {

using handsync::AccountId;
using handsync::AccountView;
using handsync::DeviceView;
using handsync::Enforcement;
using handsync::Engine;
using handsync::Instant;
using handsync::Notice;
using handsync::hal::Gate;

struct Setting {
  std::string name;
  std::int64_t value = 0;
  AccountId account{};
  Enforcement state{};
};

const char* state_name(Enforcement state) {
  switch (state) {
    case Enforcement::kEnforced:
      return "enforced";
    case Enforcement::kPartial:
      return "partial";
    case Enforcement::kAbsent:
      return "absent";
    case Enforcement::kNotFitted:
      return "not_fitted";
    case Enforcement::kEngine:
      return "engine";
  }
  return "absent";
}

std::vector<Setting> settings(Session& session) {
  return session.phone.call([](Engine& engine, Instant) {
    std::vector<Setting> all;
    for (std::size_t index = 0;; ++index) {
      const auto row = engine.policy(index);
      if (!row.ok()) return all;
      all.push_back({std::string(row.value().setting), row.value().value, row.value().account, row.value().state});
    }
  });
}

DeviceView device_view(Session& session) {
  return session.phone.call([](Engine& engine, Instant) { return engine.device(); });
}

/// Waits for the outcome of unlock or set-pin, which a job decides.
void wait_decided(Session& session, Inbox& inbox) {
  session.io.on_interrupt([&inbox] { inbox.wake(); });
  struct Unhook {
    Io& io;
    ~Unhook() { io.on_interrupt(nullptr); }
  } unhook{session.io};
  for (;;) {
    check_stop(session);
    const std::optional<Event> event = inbox.next(std::chrono::milliseconds(1000));
    if (!event || event->kind != Event::Kind::kTell || event->account != AccountId{}) continue;
    if (event->notice == Notice::kWiped) {
      throw Failure{kWiped, "policy", 0, "too many wrong PINs: this phone has been wiped",
                    "`handset device new` makes a new phone of this home"};
    }
    if (event->notice == Notice::kState) break;
  }
  const handsync::Error error = session.phone.call([](Engine& engine, Instant) { return engine.device_error(); });
  if (error) throw failure_of(error);
}

constexpr std::int32_t kReplicaDamaged = -2;  // as the replica itself calls it

const char* wipe_words(Enforcement state) {
  switch (state) {
    case Enforcement::kEnforced:
      return "final: a destroyed key cannot be read again";
    case Enforcement::kPartial:
      return "partial: an old copy of a destroyed key may be left in the flash";
    default:
      return "removes keys and files; this device promises nothing about old copies";
  }
}

std::string wait_words(const DeviceView& view) {
  return view.tries_left == 0 ? std::string() : std::to_string(view.tries_left) + " tries left";
}

}  // namespace

void print_policy(Session& session, AccountId only) {
  std::map<AccountId, std::string> names{{AccountId{}, "strictest"}};
  session.phone.call([&](Engine& engine, Instant) {
    AccountId ids[64];
    const std::size_t count = std::min(engine.accounts(ids), std::size(ids));
    for (std::size_t i = 0; i < count; ++i) {
      if (const auto view = engine.account(ids[i]); view.ok()) names[ids[i]] = address(view.value());
    }
  });
  std::size_t shown = 0;
  std::optional<AccountId> heading;
  const std::vector<Setting> all = settings(session);
  for (const Setting& each : all) {
    if (only != AccountId{} && each.account != only) continue;
    ++shown;
    if (session.line.json) {
      session.say(Json()
                      .set("setting", each.name)
                      .set("value", each.value)
                      .set("account", each.account == AccountId{} ? "" : names[each.account])
                      .set("state", state_name(each.state)));
      continue;
    }
    if (heading != each.account && only == AccountId{}) session.say(printable(names[each.account]));
    heading = each.account;
    std::string state = state_name(each.state);
    if (each.state == Enforcement::kPartial || each.state == Enforcement::kAbsent) session.colour(state, "33");
    session.say("  " + padded(each.name, 40) + " " + padded(std::to_string(each.value), 8) + " " + state);
  }
  if (shown == 0 && !session.line.json) session.say("no policy");
}

int show_policy(Session& session) {
  AccountId only{};
  if (!session.line.account.empty()) only = accounts(session).front().id;
  print_policy(session, only);
  return kDone;
}

int device_status(Session& session) {
  const DeviceView view = device_view(session);
  const auto* card = session.phone.device().card();
  if (session.line.json) {
    Json radios;
    if (const auto* switches = session.phone.device().switches()) {
      radios.set("wifi", switches->on(Gate::kWifi))
          .set("bluetooth", switches->on(Gate::kBluetooth))
          .set("irda", switches->on(Gate::kIrda));
    }
    session.say(Json()
                    .set("device_id", view.device_id.view())
                    .set("model", session.phone.device().model())
                    .set("locked", view.locked)
                    .set("pin_set", view.pin_set)
                    .set("pin_required", view.pin_required)
                    .set("pin_must_change", view.pin_must_change)
                    .set("tries_left", static_cast<unsigned>(view.tries_left))
                    .set("throttled_s", view.throttled_s)
                    .set("lock_after_s", view.lock_after_s)
                    .set("codeword_wanted", view.codeword_wanted)
                    .set("roaming", session.phone.home().roaming())
                    .set("battery", session.phone.home().battery())
                    .set("card", card != nullptr && card->inserted())
                    .set("radios", std::move(radios))
                    .set("recoverable", view.recoverable)
                    .set("wiped", view.wiped)
                    .set("wipe", state_name(view.wipe)));
    return kDone;
  }
  session.say("device     " + printable(view.device_id.view()) + "  " + printable(session.phone.device().model()));
  session.say(
      std::string("screen     ") + (view.locked ? "locked" : "unlocked") +
      (view.lock_after_s == 0 ? ", never locks by itself" : ", locks after " + duration_text(view.lock_after_s)));
  session.say(std::string("PIN        ") + (view.pin_set ? "set" : "none") +
              (view.pin_required ? ", wanted by policy" : "") + (view.pin_must_change ? ", must be changed" : ""));
  session.say(std::string("wipe       ") + wipe_words(view.wipe));
  if (view.recoverable) session.say("recovery   a password for a forgotten PIN is kept at the server");
  if (card != nullptr) session.say(std::string("card       ") + (card->inserted() ? "in" : "none"));
  session.say("battery    " + std::to_string(session.phone.home().battery()) + " %");
  if (view.tries_left != 0)
    session.say("tries      " + std::to_string(view.tries_left) + " before this phone is wiped");
  if (view.throttled_s != 0) session.say("wait       " + duration_text(view.throttled_s) + " before the next try");
  return kDone;
}

int device_lock(Session& session) {
  const auto done = session.phone.call([](Engine& engine, Instant now) { return engine.lock(now); });
  if (!done.ok()) throw failure_of(done.error());
  const bool locked = device_view(session).locked;
  if (session.line.json) {
    session.say(Json().set("locked", locked));
  } else {
    session.say(locked ? "locked" : "this phone has no lock");
  }
  return kDone;
}

/// Before the last tries a person is asked for it; a program gives --codeword.
std::string codeword_of(Session& session, const DeviceView& view) {
  if (!view.codeword_wanted || !session.line.codeword.empty() || !session.io.can_ask || session.line.json)
    return session.line.codeword;
  const std::string text = std::to_string(view.tries_left) + " tries are left before this phone is wiped. Type " +
                           std::string(handsync::kPinCodeword) + " to go on: ";
  return session.io.ask(text, false).value_or("");
}

int device_unlock(Session& session) {
  const DeviceView before = device_view(session);
  if (before.locked || before.pin_set) {
    std::string pin;
    std::string codeword;
    if (before.pin_set && (before.locked || !session.line.pin_file.empty())) {
      codeword = codeword_of(session, before);
      pin = read_secret(session, session.line.pin_file, "PIN: ", "give the PIN with --pin-file FILE");
    }
    if (before.locked || !pin.empty()) {
      const std::shared_ptr<Inbox> inbox = session.phone.subscribe();
      const auto begun = session.phone.call(
          [&](Engine& engine, Instant now) { return engine.unlock(handsync::bytes_of(pin), now, codeword); });
      if (!begun.ok()) throw failure_of(begun.error(), wait_words(before));
      wait_decided(session, *inbox);
    }
  }
  session.phone.user_active();
  if (session.line.json) {
    session.say(Json().set("locked", device_view(session).locked));
  } else {
    session.say("unlocked");
  }
  return kDone;
}

int device_set_pin(Session& session) {
  const DeviceView before = device_view(session);
  std::string old_pin;
  if (!session.line.old_pin_file.empty()) {
    old_pin = read_secret(session, session.line.old_pin_file, "", "put the PIN in use into the file");
  } else if (before.pin_set && session.io.can_ask && !session.line.json) {
    old_pin = read_secret(session, "", "PIN in use: ", "give it with --old-pin-file FILE");
  } else if (before.pin_set) {
    throw usage("a PIN is set, and changing it takes the PIN in use", "give it with --old-pin-file FILE");
  }
  const std::string pin =
      read_secret(session, session.line.pin_file, "New PIN: ", "give the new PIN with --pin-file FILE");
  if (session.line.pin_file.empty() && session.io.ask("Once more: ", true) != pin) {
    throw usage("the two PINs differ", "nothing has changed; try again");
  }
  const std::string codeword = codeword_of(session, before);
  const std::shared_ptr<Inbox> inbox = session.phone.subscribe();
  const auto begun = session.phone.call([&](Engine& engine, Instant now) {
    return engine.set_pin(handsync::bytes_of(old_pin), handsync::bytes_of(pin), now, codeword);
  });
  if (!begun.ok()) throw failure_of(begun.error());
  wait_decided(session, *inbox);
  if (session.line.json) {
    session.say(Json().set("pin_set", true));
  } else {
    session.say("the PIN is set");
  }
  return kDone;
}

int device_recover(Session& session) {
  const DeviceView before = device_view(session);
  const std::string password =
      read_secret(session, session.line.recovery_file,
                  "Recovery password: ", "give the recovery password with --recovery-file FILE");
  const std::string pin =
      read_secret(session, session.line.pin_file, "New PIN: ", "give the new PIN with --pin-file FILE");
  if (session.line.pin_file.empty() && session.io.ask("Once more: ", true) != pin)
    throw usage("the two PINs differ", "nothing has changed; try again");
  const std::string codeword = codeword_of(session, before);
  const std::shared_ptr<Inbox> inbox = session.phone.subscribe();
  const auto begun = session.phone.call([&](Engine& engine, Instant now) {
    return engine.recover(handsync::bytes_of(password), handsync::bytes_of(pin), now, codeword);
  });
  if (!begun.ok()) throw failure_of(begun.error(), wait_words(before));
  wait_decided(session, *inbox);
  session.phone.user_active();
  if (session.line.json) {
    session.say(Json().set("locked", device_view(session).locked).set("pin_set", true));
  } else {
    session.say("unlocked; the new PIN is set, and the recovery password is used up");
  }
  return kDone;
}

int device_reboot(Session& session) {
  session.host.exclusive(session.io, [&](std::unique_ptr<Phone>& phone, auto start) {
    if (!phone->device().reboot()) {
      throw usage("this device restarts with its machine", "restart the machine, or use --hal simulated");
    }
    phone.reset();
    start();
  });
  Phone& fresh = session.host.phone();
  const bool locked = fresh.call([](Engine& engine, Instant) { return engine.device().locked; });
  if (session.line.json) {
    session.say(Json().set("rebooted", true).set("locked", locked));
  } else {
    session.say(locked ? "restarted; the phone is locked (`handset device unlock`)" : "restarted");
  }
  return kDone;
}

int device_new(Session& session) {
  session.host.exclusive(session.io, [&](std::unique_ptr<Phone>& phone, auto start) {
    Home& home = phone->home();
    phone.reset();
    home.forget_everything();
    std::error_code error;
    std::filesystem::remove_all(home.directory() + "/device", error);
    if (error)
      throw machine("the old phone cannot be removed: " + error.message(), "check the permissions of the home");
    start();
  });
  const std::string id =
      session.host.phone().call([](Engine& engine, Instant) { return std::string(engine.device().device_id.view()); });
  if (session.line.json) {
    session.say(Json().set("device_id", id));
  } else {
    session.say("a new phone, device id " + printable(id));
  }
  return kDone;
}

int device_check(Session& session) {
  int exit = kDone;
  std::string first_advice;
  const auto report = [&](const std::string& what, const handsync::Status& status) {
    std::string outcome = "ok";
    if (!status.ok()) {
      const Failure failure = failure_of(status.error());
      outcome = failure.message;
      exit = graver(exit, failure.exit == kDone ? kMachine : failure.exit);
      if (first_advice.empty()) first_advice = failure.advice;
    }
    if (session.line.json) {
      session.say(Json().set("what", what).set("ok", status.ok()).set("message", status.ok() ? "" : outcome));
    } else {
      session.say(padded(printable(what), 40) + " " + printable(outcome));
    }
  };
  report("vault", session.phone.device().check());
  struct Checked {
    AccountId id;
    std::string address;
    bool complete;
    handsync::Status status;
  };
  const std::vector<Checked> checked = session.phone.call([](Engine& engine, Instant) {
    std::vector<Checked> all;
    AccountId ids[64];
    const std::size_t count = std::min(engine.accounts(ids), std::size(ids));
    for (std::size_t i = 0; i < count; ++i) {
      const auto view = engine.account(ids[i]);
      all.push_back({ids[i], view.ok() ? address(view.value()) : "account",
                     view.ok() && view.value().state != handsync::AccountState::kAdding, engine.integrity(ids[i])});
    }
    return all;
  });
  for (const Checked& each : checked) {
    handsync::Status status = each.status;
    // An account has been told of folders: a replica without any is a new one in the place of one that has gone.
    if (status.ok() && each.complete && folders(session, each.id).empty())
      status = handsync::Error{handsync::Domain::kSqlite, kReplicaDamaged, 0};
    report("database of " + each.address, status);
  }
  if (exit != kDone) {
    throw Failure{exit, "machine", 0, "not everything is sound", first_advice.empty() ? "see above" : first_advice};
  }
  return exit;
}

}  // namespace handset
