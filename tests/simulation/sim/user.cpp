/// What a person does with the phone, and what others do with the mailbox. An act is a row.
#include <algorithm>

#include "policy/fault.h"
#include "sim/history.h"

namespace sim {

namespace {

struct Act {
  const char* name;
  unsigned weight;
  void (*run)(History&);
};

template <std::size_t kActs>
void run_one(History& history, const Act (&acts)[kActs]) {
  unsigned sum = 0;
  for (const Act& act : acts) sum += act.weight;
  std::uint64_t at = history.between(0, sum - 1);
  for (const Act& act : acts) {
    if (at < act.weight) return act.run(history);
    at -= act.weight;
  }
}

// -- the user

void mark(History& history) {
  World& world = history.world();
  const Mails mails = handset_mails(world, history.account());
  if (mails.empty()) return;
  for (std::uint64_t marks = history.between(1, 4); marks > 0; --marks) {
    const auto mail = std::next(mails.begin(), static_cast<std::ptrdiff_t>(history.between(0, mails.size() - 1)));
    static constexpr Mark kMarks[] = {Mark::kRead, Mark::kUnread, Mark::kFlag, Mark::kUnflag, Mark::kDone};
    static constexpr const char* kValues[] = {"1", "0", "2", "", "1"};
    const auto which = history.between(0, 4);
    const auto change = world.engine().changes(history.account()).mark(mail->second.id, kMarks[which]);
    history.say("mark ", mail->first, which < 2 ? " read " : " flag ", kValues[which], change.ok() ? "" : ": refused");
    const auto field = which < 2 ? History::Field::kRead : History::Field::kFlag;
    if (!change.ok() || world.off()) {  // who is told of a failure knows nothing: it may have lasted
      history.wishes.erase({mail->first, field});
      if (world.off()) return;
      continue;
    }
    history.edited();
    history.wishes[{mail->first, field}] = {kValues[which], static_cast<std::uint64_t>(change.value()),
                                            mail->second.id};
  }
}

void sync_now(History& history) {
  history.say("sync");
  const Error error = history.world().sync(history.account(), history.between(1, 120) * kMinute);
  history.say("sync: ", std::to_string(static_cast<int>(error.domain)), "/", std::to_string(error.code));
}

/// What was refused is tried again, unless something else has been wanted since.
void retry_parked(History& history) {
  World& world = history.world();
  for (const auto& row : world.queue(history.account())) {
    const bool last = std::any_of(history.wishes.begin(), history.wishes.end(),
                                  [&](const auto& wish) { return wish.second.change == row.id; });
    if (row.parked && last && !world.off())
      static_cast<void>(world.engine().changes(history.account()).retry(ChangeId{row.id}));
  }
}

void fetch(History& history) {
  World& world = history.world();
  const Mails mails = handset_mails(world, history.account());
  if (mails.empty()) return;
  const auto mail = std::next(mails.begin(), static_cast<std::ptrdiff_t>(history.between(0, mails.size() - 1)));
  history.say("fetch ", mail->first);
  static_cast<void>(world.fetch(history.account(), mail->second.id));
}

constexpr Act kUserActs[] = {
    {"mark", 70, mark},
    {"sync", 12, sync_now},
    {"fetch", 6, fetch},
    {"retry", 2, retry_parked},
};

// -- others, at the server

void deliver(History& history) {
  const std::size_t there = server_mails(history.world().server()).size();
  if (there > 60) return;
  history.say("deliver");
  history.world().server().deliver(kEmail);
  history.edited();
}

void edit(History& history) {
  for (const std::string& id : history.world().server().edit(kEmail, static_cast<int>(history.between(1, 3)))) {
    history.say("edit ", id);
    history.edited_there.insert(id);
    history.edited();
  }
}

void remove(History& history) {
  if (server_mails(history.world().server()).size() < 4) return;
  for (const std::string& id : history.world().server().remove(kEmail, static_cast<int>(history.between(1, 2)))) {
    history.say("remove ", id);
    history.edited();
  }
}

constexpr Act kServerActs[] = {
    {"deliver", 50, deliver},
    {"edit", 30, edit},
    {"remove", 20, remove},
};

}  // namespace

/// The right PIN opens, whatever has become of the power since it was set, and no other does.
void History::use_pin() {
  constexpr auto kWrong = static_cast<std::int32_t>(policy::Fault::kPinWrong);
  Engine& engine = world_->engine();
  if (!engine.device().pin_set) return;
  world_->run_for(std::uint64_t{engine.device().throttled_s} * kSecond);
  if (world_->off()) return;
  const auto outcome = [&](const Status& begun) {
    if (begun.ok()) world_->settle();
    return begun.ok() ? engine.device_error() : begun.error();
  };
  const auto unlock = [&](const std::string& pin) {
    const Error error = outcome(engine.unlock(bytes_of(pin), world_->now()));
    say("unlock with ", pin, ": ", own_words(error));
    return error;
  };
  const auto wrong = [](const Error& error) { return error.domain == Domain::kPolicy && error.code == kWrong; };
  if (chance(20) && pin_in_doubt_.empty()) {
    const std::string next = pin_ == "1379" ? "2468" : "1379";
    say("another PIN: ", next);
    const Error error = outcome(engine.set_pin(bytes_of(pin_), bytes_of(next), world_->now()));
    if (wrong(error)) misdeed_ = "the right PIN may not be changed";
    pin_in_doubt_ = failed(error) || world_->off() ? next : std::string();
    if (pin_in_doubt_.empty()) world_->pin = pin_ = next;
    return;
  }
  if (chance(20)) {
    if (!failed(unlock("9999")) && !world_->off()) misdeed_ = "a wrong PIN opens";
    return;
  }
  const Error error = unlock(pin_);
  if (world_->off()) return;
  if (!wrong(error)) {  // a record that cannot be written opens nothing, and proves nothing
    if (!failed(error)) pin_in_doubt_.clear();
    return;
  }
  if (pin_in_doubt_.empty()) {
    misdeed_ = "the right PIN does not open";
    return;
  }
  std::swap(pin_, pin_in_doubt_);
  const Error other = unlock(pin_);
  if (wrong(other)) misdeed_ = "neither the old PIN nor the new one opens";
  if (!failed(other) && !world_->off()) pin_in_doubt_.clear();
}

void History::act_of_user() {
  acts_ms_.push_back(world_->now_ms());
  if (real_ && chance(15)) return use_pin();
  if (chance(8)) {
    pushing_ = !pushing_;
    say(pushing_ ? "push on" : "push off");
    if (!world_->engine().push(id_, pushing_, world_->now()).ok()) pushing_ = false;
    return;
  }
  if (!pushing_ && chance(30)) {
    pushing_ = world_->engine().push(id_, true, world_->now()).ok();
    if (!world_->off()) world_->settle();
    say("push on");
  }
  run_one(*this, kUserActs);
}

/// Mails, and nobody who looks at them.
void History::busy_hour() {
  say("a busy hour");
  for (std::uint64_t mails = between(3, 6); mails > 0 && !world_->off(); --mails) {
    acts_ms_.push_back(world_->now_ms());
    deliver(*this);
    world_->run_for(between(5, 900) * kSecond);
  }
}

void History::act_of_server() {
  acts_ms_.push_back(world_->now_ms());
  if (alone_ && chance(30)) return busy_hour();
  run_one(*this, kServerActs);
}

}  // namespace sim
