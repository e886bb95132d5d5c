/// RequireManualSyncWhenRoaming: abroad the phone stays quiet until a person asks.
#include "engine/sync/mailbox_view.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;

namespace {

constexpr const char* kEmail = "demo@example.test";
constexpr std::uint64_t kHourMs = 3600'000;

exchange::Options with(const char* manual) {
  exchange::Options options;
  options.mails = 3;
  options.body_bytes = 200;
  options.policy = exchange::Policy{{"RequireManualSyncWhenRoaming", manual, {}}};
  return options;
}
void network(World& world, bool roaming) {
  Network network;
  network.roaming = roaming;
  world.engine().network(network, world.now());
  world.settle();
}

}  // namespace

TEST_GROUP(Roaming){};

TEST(Roaming, NothingGoesOutAbroadButWhatAPersonAsksFor) {
  World world(with("1"));
  AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  network(world, false);
  CHECK(world.start_push(id));
  network(world, true);
  CHECK(world.view(id).state == AccountState::kReady);
  world.run_for(1000);
  std::uint64_t since = world.now_ms();
  world.server().deliver(kEmail, "unseen");
  CHECK(world.engine().changes(id).mark(world.item(id), Mark::kFlag).ok());
  world.run_for(24 * kHourMs);
  LONGS_EQUAL(0, world.requests_since(since));
  CHECK(!world.engine().wake().from_sleep);
  LONGS_EQUAL(3, world.subjects(id).size());

  LONGS_EQUAL(0, world.sync(id).code);  // asked for: once, and quiet again
  LONGS_EQUAL(4, world.subjects(id).size());
  LONGS_EQUAL(0, world.queue(id).size());
  since = world.now_ms() + 1;
  world.run_for(24 * kHourMs);
  LONGS_EQUAL(0, world.requests_since(since));

  world.server().deliver(kEmail, "at home");
  network(world, false);
  CHECK(world.run_until([&] { return world.view(id).state == AccountState::kWaiting; }, 60'000));
  LONGS_EQUAL(5, world.subjects(id).size());
}

TEST(Roaming, ANetworkNobodyHasToldOfCountsAsAbroad) {
  World world(with("1"));
  AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  world.restart();
  CHECK(world.engine().push(id, true, world.now()).ok());
  std::uint64_t since = world.now_ms();
  world.run_for(kHourMs);
  LONGS_EQUAL(0, world.requests_since(since));
  network(world, false);
  CHECK(world.run_until([&] { return world.view(id).state == AccountState::kWaiting; }, 60'000));
}

TEST(Roaming, ThePolicyMayComeAndGoWhileAbroad) {
  World world(with("0"));
  AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  network(world, true);
  CHECK(world.start_push(id));  // nobody asks for quiet yet
  world.server().policy(kEmail, exchange::Policy{{"RequireManualSyncWhenRoaming", "1", {}}});
  world.run_for(600'000);
  CHECK(world.view(id).state != AccountState::kWaiting);
  std::uint64_t since = world.now_ms();
  world.run_for(24 * kHourMs);
  LONGS_EQUAL(0, world.requests_since(since));
  world.server().policy(kEmail, exchange::Policy{{"RequireManualSyncWhenRoaming", "0", {}}});
  LONGS_EQUAL(0, world.sync(id).code);
  CHECK(world.run_until([&] { return world.view(id).state == AccountState::kWaiting; }, 60'000));
}
