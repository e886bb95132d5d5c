/// Push, at intervals, or by hand: by the hour, abroad, with a low battery, without a network.
#include "sync/schedule.h"

#include "engine/sync/mailbox_view.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;

namespace {

constexpr const char* kEmail = "demo@example.test";
constexpr std::uint64_t kMinute = 60'000, kHour = 60 * kMinute, kDay = 24 * kHour;

exchange::Options few() {
  exchange::Options options;
  options.mails = 2;
  options.body_bytes = 200;
  options.policy = std::nullopt;
  return options;
}

/// Begins at midnight UTC.
struct Scheduled : World {
  explicit Scheduled(const Schedule& schedule) : World(few()) {
    id = add(kEmail, "demo");
    LONGS_EQUAL(0, sync(id).code);
    network({});
    CHECK(engine().set_schedule(id, schedule, now()).ok());
    CHECK(engine().push(id, true, now()).ok());
    run_for(kMinute);
  }
  void network(Network network) {
    engine().network(network, now());
    settle();
  }
  void battery(std::uint8_t percent, bool charging = false) {
    engine().power({percent, charging}, now());
    settle();
  }
  bool waits() { return view(id).state == AccountState::kWaiting; }
  std::size_t mails() { return subjects(id).size(); }
  AccountId id{};
};

}  // namespace

TEST_GROUP(Schedule){};

TEST(Schedule, AtIntervalsThereIsOneVisitEachAndNoPing) {
  Schedule schedule;
  schedule.peak_mode = schedule.off_peak_mode = 30;
  Scheduled world(schedule);
  LONGS_EQUAL(30, world.view(world.id).mode);
  const std::uint64_t from = world.now_ms();
  const std::uint64_t wakes = world.view(world.id).traffic.wakes;
  world.run_for(kDay);
  LONGS_EQUAL(0, world.requests_since(from, "Ping"));
  const std::uint64_t visits = world.view(world.id).traffic.wakes - wakes;
  CHECK_TEXT(visits >= 46 && visits <= 48, std::to_string(visits).c_str());
  world.server().deliver(kEmail, "News");
  CHECK(world.run_until([&] { return world.mails() == 3; }, 31 * kMinute));
  // What the person changes does not wait for the next visit.
  CHECK(world.engine().changes(world.id).mark(world.item(world.id), Mark::kFlag).ok());
  CHECK(world.run_until([&] { return world.queue(world.id).empty(); }, kMinute));
}

TEST(Schedule, ByHandNothingGoesOutByItself) {
  Schedule schedule;
  schedule.peak_mode = schedule.off_peak_mode = kManualMode;
  Scheduled world(schedule);
  const std::uint64_t from = world.now_ms();
  world.server().deliver(kEmail, "News");
  CHECK(world.engine().changes(world.id).mark(world.item(world.id), Mark::kFlag).ok());
  world.run_for(kDay);
  LONGS_EQUAL(0, world.requests_since(from));
  CHECK_FALSE(world.engine().wake().from_sleep);
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(3, world.mails());
  LONGS_EQUAL(0, world.queue(world.id).size());
}

TEST(Schedule, PushByDayAndNothingByNightInThePersonsZone) {
  Schedule schedule;
  schedule.off_peak_mode = kManualMode;
  schedule.peak_from_h = 7;
  schedule.peak_to_h = 19;
  Scheduled world(schedule);
  world.engine().zone(2 * 3600, world.now());  // 02:01 here: night until 07:00, 05:00 UTC
  world.settle();
  LONGS_EQUAL(kManualMode, world.view(world.id).mode);
  const std::uint64_t from = world.now_ms();
  world.run_for(5 * kHour - 2 * kMinute);
  LONGS_EQUAL(0, world.requests_since(from));
  world.server().deliver(kEmail, "At night");
  CHECK(world.run_until([&] { return world.mails() == 3 && world.waits(); }, 4 * kMinute));
  world.server().deliver(kEmail, "By day");
  CHECK(world.run_until([&] { return world.mails() == 4 && world.waits(); }, kMinute));
  world.run_for(12 * kHour);  // 19:02 here
  CHECK_FALSE(world.waits());
  const std::uint64_t evening = world.now_ms();
  world.server().deliver(kEmail, "Late");
  world.run_for(11 * kHour);
  LONGS_EQUAL(0, world.requests_since(evening));
  world.run_for(kHour);
  LONGS_EQUAL(5, world.mails());
}

TEST(Schedule, IntervalsByNightOverMidnight) {
  Schedule schedule;
  schedule.off_peak_mode = 120;
  schedule.peak_from_h = 6;
  schedule.peak_to_h = 22;
  Scheduled world(schedule);
  LONGS_EQUAL(120, world.view(world.id).mode);
  world.run_for(6 * kHour - 2 * kMinute);
  LONGS_EQUAL(0, world.requests("Ping"));
  CHECK(world.run_until([&] { return world.waits(); }, 3 * kMinute));
  world.run_for(16 * kHour);
  LONGS_EQUAL(120, world.view(world.id).mode);
  CHECK_FALSE(world.waits());
}

TEST(Schedule, AbroadByHandWhenThePersonWantsItSo) {
  Schedule schedule;
  schedule.manual_when_roaming = true;
  Scheduled world(schedule);
  CHECK(world.waits());
  Network abroad;
  abroad.roaming = true;
  world.network(abroad);
  const std::uint64_t from = world.now_ms();
  world.run_for(kDay);
  LONGS_EQUAL(0, world.requests_since(from));
  CHECK_FALSE(world.engine().wake().from_sleep);
  world.server().deliver(kEmail, "Meanwhile");
  world.network({});
  CHECK(world.run_until([&] { return world.mails() == 3 && world.waits(); }, kMinute));
}

TEST(Schedule, ALowBatteryMakesPushAVisitAnHour) {
  Scheduled world({});
  CHECK(world.waits());
  world.battery(15);
  CHECK_FALSE(world.waits());
  const std::uint64_t from = world.now_ms(), wakes = world.view(world.id).traffic.wakes;
  world.run_for(6 * kHour + kMinute);
  LONGS_EQUAL(0, world.requests_since(from, "Ping"));
  const std::uint64_t visits = world.view(world.id).traffic.wakes - wakes;
  CHECK_TEXT(visits >= 5 && visits <= 6, std::to_string(visits).c_str());
  world.battery(15, true);
  CHECK(world.run_until([&] { return world.waits(); }, kMinute));
}

TEST(Schedule, IsKeptOverARestartAndSenseIsAskedOfIt) {
  Schedule schedule{45, kManualMode, 9, 17, true};
  Scheduled world(schedule);
  world.restart();
  CHECK(world.view(world.id).schedule == schedule);
  for (const Schedule& wrong : {Schedule{4, 0, 8, 20, false}, Schedule{0, 241, 8, 20, false},
                                Schedule{0, 0, 25, 20, false}, Schedule{0, 0, 8, 99, false}}) {
    CHECK_FALSE(world.engine().set_schedule(world.id, wrong, world.now()).ok());
    CHECK(world.view(world.id).schedule == schedule);
  }
  CHECK_FALSE(world.engine().set_schedule(AccountId{7}, schedule, world.now()).ok());
}

TEST(Schedule, WithoutANetworkNothingIsTried) {
  for (const bool portal : {false, true}) {
    Scheduled world({});
    Network none;
    none.up = portal;
    none.portal = portal;
    world.online = false;
    world.network(none);
    world.reset_connections();
    const std::uint64_t from = world.now_ms();
    world.run_for(kDay);
    CHECK_TEXT(world.requests_since(from) <= 1, std::to_string(world.requests_since(from)).c_str());
    CHECK_FALSE(world.engine().wake().from_sleep);
    world.online = true;
    world.server().deliver(kEmail, "Meanwhile");
    world.network({});
    CHECK(world.run_until([&] { return world.mails() == 3 && world.waits(); }, kMinute));
  }
}
