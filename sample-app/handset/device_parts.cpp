/// Parts of the phone that QA plays with: radios, battery, storage card, programs. What a policy closes stays closed.
#include "handset/io.h"
#include "handset/session.h"
#include "handset/text.h"
#include "simulated/handset.h"

namespace handset {
namespace {

using handsync::hal::Gate;
using handsync::hal::posix::CardSlot;
using handsync::hal::posix::Switches;

constexpr std::pair<const char*, Gate> kRadios[] = {
    {"wifi", Gate::kWifi}, {"bluetooth", Gate::kBluetooth}, {"irda", Gate::kIrda}};

Failure not_simulated(const char* what) {
  return usage(std::string("the ") + what + " of this device is its machine's", "use --hal simulated");
}

Failure closed_by_policy(const std::string& what) {
  return {kBlocked, "policy", 0, "a policy forbids " + what, "look at `policy`; the administrator can allow it"};
}

CardSlot& card_of(Session& session) {
  CardSlot* card = session.phone.device().card();
  if (card == nullptr) throw not_simulated("storage card");
  return *card;
}

bool is(const handsync::Status& status, handsync::hal::Fault fault) {
  return !status.ok() && status.error() == handsync::hal::fault(fault);
}

void check_card(const handsync::Status& status, const std::string& name) {
  if (status.ok()) return;
  if (is(status, handsync::hal::Fault::kRefused)) throw closed_by_policy("the storage card, or the name is none");
  if (is(status, handsync::hal::Fault::kNotThere))
    throw usage("`" + name + "` is on no card that is in", "put the card in with `handset device card in`");
  throw failure_of(status.error());
}

}  // namespace

int device_radio(Session& session) {
  Switches* switches = session.phone.device().switches();
  if (switches == nullptr) throw not_simulated("radio");
  for (const auto& [name, gate] : kRadios) {
    if (session.line.name != name) continue;
    const handsync::Status turned = switches->turn(gate, session.line.on);
    if (is(turned, handsync::hal::Fault::kRefused)) throw closed_by_policy(name);
    if (is(turned, handsync::hal::Fault::kNotThere))
      throw usage("this phone has no " + session.line.name, "take another one");
    if (!turned.ok()) throw failure_of(turned.error());
    const bool on = switches->on(gate);
    if (session.line.json) {
      session.say(Json().set("radio", name).set("on", on));
    } else {
      session.say(std::string(name) + (on ? " is on" : " is off"));
    }
    return kDone;
  }
  throw usage("there is no radio `" + session.line.name + "`", "there are wifi, bluetooth and irda");
}

int device_battery(Session& session) {
  session.phone.set_battery(static_cast<unsigned>(session.line.number));
  if (session.line.json) {
    session.say(Json().set("battery", session.line.number));
  } else {
    session.say("the battery is at " + std::to_string(session.line.number) + " %");
  }
  return kDone;
}

int device_card(Session& session) {
  CardSlot& card = card_of(session);
  const std::string what = session.line.command.substr(session.line.command.rfind(' ') + 1);
  if (what == "in" || what == "out") {
    const handsync::Status done = what == "in" ? card.insert() : card.pull();
    if (!done.ok()) throw failure_of(done.error());
    if (session.line.json) {
      session.say(Json().set("card", card.inserted()));
    } else {
      session.say(card.inserted() ? "a card is in" : "no card is in");
    }
    return kDone;
  }
  if (what == "list") {
    for (const std::string& name : card.names()) {
      if (session.line.json) {
        session.say(Json().set("name", name));
      } else {
        session.say(printable(name));
      }
    }
    return kDone;
  }
  if (what == "put") {
    const std::string& content = session.request.files.at(session.line.card_file);
    const std::string name = session.line.card_file.substr(session.line.card_file.rfind('/') + 1);
    check_card(card.write(name, handsync::bytes_of(content)), name);
    if (session.line.json) {
      session.say(Json().set("name", name).set("bytes", static_cast<std::uint64_t>(content.size())));
    } else {
      session.say(printable(name) + " is on the card");
    }
    return kDone;
  }
  std::vector<std::byte> contents;
  check_card(card.read(session.line.name, contents), session.line.name);
  session.io.out(handsync::text_of(contents));
  return kDone;
}

int device_program(Session& session) {
  const auto* phone = dynamic_cast<const handsync::hal::simulated::Handset*>(&session.phone.device());
  if (phone == nullptr) throw not_simulated("list of programs");
  const bool preinstalled = session.line.sha1.empty();
  if (!phone->may_run(session.line.name, session.line.sha1, preinstalled)) throw closed_by_policy(session.line.name);
  if (session.line.json) {
    session.say(Json().set("program", session.line.name).set("starts", true));
  } else {
    session.say(printable(session.line.name) + " starts");
  }
  return kDone;
}

}  // namespace handset
