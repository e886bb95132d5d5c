/// Single troubles of storage, memory and network, one after the other at every place: none stops the account for good
/// and none loses anything. What the simulator has found stays found here.
#include <climits>
#include <cstdlib>

#include "engine/sync/wire_view.h"
#include "sim/history.h"

#include <CppUTest/TestHarness.h>

using namespace sim;

namespace {

exchange::Options quiet() {
  exchange::Options options;
  options.mails = 6;
  options.body_bytes = 300;
  options.policy = mild_policy();
  return options;
}

struct Pushing {
  explicit Pushing(std::uint64_t seed = 1) : phone(seed, true), world(quiet(), &phone) {
    id = world.add(kEmail);
    LONGS_EQUAL(0, world.sync(id).code);
    CHECK(world.start_push(id));
    world.run_for(10 * kSecond);
  }
  /// Both sides change, the trouble strikes at the nth place or not at all.
  void live() {
    world.server().deliver(kEmail, "News");
    world.server().edit(kEmail, 2);
    world.run_for(kMinute);
    if (world.off()) return;
    static_cast<void>(world.engine().changes(id).mark(world.item(id, 2), Mark::kFlag));
    world.run_for(kMinute);
    world.server().policy(kEmail, mild_policy());
    world.run_for(kHour);
  }
  SimPhone phone;
  World world;
  AccountId id{};
};

constexpr std::size_t kRequestsMax = 60;  ///< of live(), which lasts an hour; 20 without a trouble
constexpr unsigned kForEver = UINT_MAX;   ///< until the life is over

/// Lives once for each place where `kind` may strike, every `step`th of them; with HANDSYNC_LONG at each.
void strike_everywhere(FaultKind kind, unsigned times, unsigned step) {
  if (std::getenv("HANDSYNC_LONG") != nullptr) step = 1;
  for (unsigned place = 0;; place += step) {
    Pushing life;
    unsigned struck = 0;
    life.phone.on_fault = [&](FaultKind) { ++struck; };
    life.phone.fail(kind, place, times);
    const std::size_t sent_before = life.world.sent.size();
    life.live();
    life.phone.calm();
    const std::string where =
        std::string(kFaultNames[static_cast<std::size_t>(kind)]) + " at place " + std::to_string(place);
    // Whatever cannot be stored is not asked for again and again.
    CHECK_TEXT(life.world.sent.size() - sent_before <= kRequestsMax, where.c_str());
    CHECK_TEXT(!life.world.off(), where.c_str());
    // No person has to do anything about it.
    CHECK_TEXT(life.world.view(life.id).state != AccountState::kBlocked, where.c_str());
    life.world.run_for(5 * kHour);
    STRCMP_EQUAL_TEXT("", difference(life.world, life.id, true).c_str(), where.c_str());
    if (!struck) return;
  }
}

}  // namespace

TEST_GROUP(Trouble){};

TEST(Trouble, AnAnswerOfBeforeConfirmsNothing) {
  Pushing life;
  World& world = life.world;
  const ItemId first = world.item(life.id, 0), second = world.item(life.id, 1);
  CHECK(world.engine().changes(life.id).mark(first, Mark::kFlag).ok());
  world.run_for(kMinute);
  bool once = true;
  world.fate = [&](const Sent& sent) {
    const bool commands = sent.label == "Sync" && sync_view(sent).command_count > 0;
    return commands && std::exchange(once, !commands) ? Fate::kOldAnswer : Fate::kArrives;
  };
  // The server acts on this one, and what comes back is the answer to the last.
  CHECK(world.engine().changes(life.id).mark(second, Mark::kFlag).ok());
  world.run_for(kMinute);
  CHECK_FALSE(once);
  LONGS_EQUAL(0, world.queue(life.id).size());
  STRCMP_EQUAL("", difference(world, life.id).c_str());
  STRCMP_EQUAL("", world.first_violation().c_str());
}

TEST(Trouble, AFailingDiskIsNoReasonToStop) { strike_everywhere(FaultKind::kDiskError, 1, 7); }
TEST(Trouble, AFullDiskIsNoReasonToStop) { strike_everywhere(FaultKind::kDiskFull, 1, 3); }
TEST(Trouble, ADiskThatStaysFullForAWhile) { strike_everywhere(FaultKind::kDiskFull, 40, 5); }
TEST(Trouble, ARecordThatCannotBeReadOrWritten) { strike_everywhere(FaultKind::kRecord, 1, 1); }
TEST(Trouble, APasswordThatCannotBeRead) { strike_everywhere(FaultKind::kSecret, 2, 1); }
TEST(Trouble, ADiskThatHasFailedForGood) { strike_everywhere(FaultKind::kDiskError, kForEver, 20); }
TEST(Trouble, ADiskThatStaysFull) { strike_everywhere(FaultKind::kDiskFull, kForEver, 20); }
TEST(Trouble, RecordsThatHaveFailedForGood) { strike_everywhere(FaultKind::kRecord, kForEver, 2); }
TEST(Trouble, MemoryThatRunsOut) { strike_everywhere(FaultKind::kMemory, 1, 1); }
TEST(Trouble, MemoryThatHasRunOutForGood) { strike_everywhere(FaultKind::kMemory, kForEver, 3); }
TEST(Trouble, MemoryThatHasRunOutForAWhile) { strike_everywhere(FaultKind::kMemory, 5, 3); }

/// A record that cannot be read at a boot is no reason to wipe a phone: it starts when it can be read.
TEST(Trouble, AReadErrorAtBootWipesNothing) {
  for (unsigned place = 0;; ++place) {
    Pushing life;
    unsigned struck = 0;
    life.phone.on_fault = [&](FaultKind) { ++struck; };
    life.phone.fail(FaultKind::kRecord, place, 1);
    life.world.power_off();
    for (int tries = 0; life.world.off() && tries < 3; ++tries) life.world.power_on();
    CHECK_FALSE(life.world.off());
    CHECK_FALSE(life.world.engine().device().wiped);
    LONGS_EQUAL_TEXT(0, life.world.sync(life.id).code, std::to_string(place).c_str());
    if (!struck) return;
  }
}

/// Push that could not be switched on is off: no Ping goes out before everything has been synced.
TEST(Trouble, PushThatFailsToStartIsOff) {
  for (unsigned place = 0; place < 30; ++place) {
    Pushing life;
    life.world.restart();
    life.world.server().deliver(kEmail, "Meanwhile");
    life.world.run_for(5 * kMinute);  // the replica is closed
    bool news_first = true;
    life.world.on_request = [&](const Sent& sent) {
      if (sent.label == "Ping") news_first = news_first && difference(life.world, life.id).empty();
    };
    life.phone.fail(FaultKind::kDiskError, place, 1);
    const bool on = life.world.engine().push(life.id, true, life.world.now()).ok();
    life.phone.calm();
    life.world.run_for(kHour);
    if (!on) CHECK(life.world.engine().push(life.id, true, life.world.now()).ok());
    life.world.run_for(kHour);
    CHECK_TEXT(news_first, std::to_string(place).c_str());
    CHECK(life.world.view(life.id).state == AccountState::kWaiting);
  }
}

/// The policy's key is stored when it comes, also after a pause in which the replica was closed.
TEST(Trouble, APolicyThatComesAfterALongPause) {
  Pushing life;
  life.world.server().fault("Sync:status:142");
  life.world.server().deliver(kEmail, "Before");
  life.world.run_for(12 * kHour);
  life.world.server().faults_off();
  life.world.run_for(2 * kHour);
  CHECK(life.world.view(life.id).state == AccountState::kWaiting);
  STRCMP_EQUAL("", difference(life.world, life.id).c_str());
}

/// An acknowledgement that could not be sent is none: the policy that is downloaded in its place is acknowledged
/// itself.
TEST(Trouble, APolicyWhoseAcknowledgementCannotBeSent) {
  for (unsigned place = 0; place < 8; ++place) {
    Pushing life;
    World& world = life.world;
    CHECK(world.engine().push(life.id, false, world.now()).ok());
    world.server().policy(kEmail, mild_policy());
    life.phone.fail(FaultKind::kSecret, place, 1);
    static_cast<void>(world.sync(life.id));
    life.phone.calm();
    LONGS_EQUAL_TEXT(0, world.sync(life.id).code, std::to_string(place).c_str());
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), std::to_string(place).c_str());
  }
}
