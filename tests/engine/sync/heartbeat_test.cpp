/// The heartbeat finds out how long a network lets a Ping wait, and remembers it.
#include <algorithm>

#include "engine/sync/mailbox_view.h"
#include "engine/sync/wire_view.h"
#include "sync/heartbeat.h"

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

struct Pushing : World {
  explicit Pushing(std::uint64_t nat = 0, exchange::Options options = few()) : World(std::move(options)) {
    nat_ms = nat;
    on_nat_loss = [this](const Sent&) { lost.push_back(now_ms()); };
    id = add(kEmail, "demo");
    LONGS_EQUAL(0, sync(id).code);
    CHECK(start_push(id));
  }
  std::size_t lost_since(std::uint64_t ms) const {
    return static_cast<std::size_t>(std::count_if(lost.begin(), lost.end(), [&](auto at) { return at >= ms; }));
  }
  std::vector<std::uint64_t> lost;
  AccountId id{};
};

}  // namespace

TEST_GROUP(Heartbeat){};

TEST(Heartbeat, FindsTheLimitOfEveryNetworkWithinTenPings) {
  for (std::uint64_t limit_s = 120; limit_s <= 3600; limit_s += limit_s < 600 ? 60 : 180) {
    Pushing world(limit_s * 1000);
    const std::string where = "limit " + std::to_string(limit_s) + " s";
    const std::uint64_t wanted = std::min<std::uint64_t>(limit_s * 8 / 10, 3540);
    // A Ping as long as that has come back in good order.
    std::size_t pings = 0;
    bool found = false;
    world.on_served = [&](const Sent& sent) {
      if (sent.label == "Ping") ++pings;
    };
    world.on_answer = [&](const Sent& sent, exchange::HttpResponse&) {
      found = found || (sent.label == "Ping" && world.now_ms() - sent.at_ms >= wanted * 1000);
    };
    CHECK_TEXT(world.run_until([&] { return found; }, 2 * kDay), where.c_str());
    const std::size_t found_by = pings;
    CHECK_TEXT(found_by <= 10, (where + ": " + std::to_string(found_by) + " pings").c_str());
    world.run_until([&] { return world.requests("Ping") >= 10; }, kDay);
    const std::uint64_t from = world.now_ms();
    world.run_for(3 * kDay);
    const std::size_t lost = world.lost_since(from), in_days = world.requests_since(from, "Ping");
    CHECK_TEXT(lost <= 3, (where + ": lost " + std::to_string(lost) + " in three days").c_str());
    if (limit_s >= 1800) CHECK_TEXT(in_days <= 3 * 66, (where + ": " + std::to_string(in_days) + " pings").c_str());
    STRCMP_EQUAL_TEXT("", difference(world, world.id).c_str(), where.c_str());
    std::printf("[%s: found by Ping %zu, %zu silent losses and %zu pings in three days after] ", where.c_str(),
                found_by, lost, in_days);
  }
}

TEST(Heartbeat, MailsThatComeSoonDoNotShortenIt) {
  Pushing world;
  const std::uint32_t first = world.view(world.id).heartbeat_s;
  for (int mail = 0; mail < 3; ++mail) {
    world.run_for(kMinute + 10'000);
    world.server().deliver(kEmail, "News");
    world.run_for(5000);
    LONGS_EQUAL(first, world.view(world.id).heartbeat_s);
  }
  world.run_for(2 * kHour);
  CHECK(world.view(world.id).heartbeat_s > first);
}

TEST(Heartbeat, IsRememberedPerNetworkOverRestarts) {
  Pushing world(20 * kMinute);
  Network home, train;
  home.id[0] = std::byte{1};
  train.id[0] = std::byte{2};
  world.engine().network(home, world.now());
  world.run_for(kDay);
  const std::uint32_t at_home = world.view(world.id).heartbeat_s;
  CHECK(at_home >= 960 && at_home <= 1200);
  world.nat_ms = 4 * kMinute;
  world.engine().network(train, world.now());
  world.reset_connections();
  world.run_for(kDay);
  const std::uint32_t in_train = world.view(world.id).heartbeat_s;
  CHECK_TEXT(in_train >= 190 && in_train <= 240, std::to_string(in_train).c_str());
  world.restart();
  world.nat_ms = 20 * kMinute;
  world.engine().network(home, world.now());
  CHECK(world.start_push(world.id));
  world.run_for(10'000);
  LONGS_EQUAL(at_home, world.view(world.id).heartbeat_s);
}

TEST(Heartbeat, AServerThatAnswersBeforeItsTimeIsNotAskedForMore) {
  Pushing world;
  std::vector<std::uint64_t> took;
  world.on_answer = [&](const Sent& sent, exchange::HttpResponse&) {
    if (sent.label == "Ping") took.push_back(world.now_ms() - sent.at_ms);
  };
  world.run_for(12 * kHour);
  CHECK(world.view(world.id).heartbeat_s >= 3000);
  // From now on it answers after ten minutes, whatever it is asked for.
  const std::uint64_t from = world.now_ms();
  world.instead = [&](const Sent& sent) -> std::optional<exchange::HttpResponse> {
    if (sent.label != "Ping") return std::nullopt;
    auto answer = status_document(wbxml::ping::kPing, wbxml::ping::kStatus, 1);
    answer.transport.delay_ms = 600'000;
    return answer;
  };
  world.run_for(10 * kHour);
  const std::uint32_t now_s = world.view(world.id).heartbeat_s;
  CHECK_TEXT(now_s >= 590 && now_s <= 601, std::to_string(now_s).c_str());
  CHECK(world.requests_since(from, "Ping") <= 62);
}

TEST(Heartbeat, BelowFiveMinutesTheServerIsAskedAtIntervals) {
  exchange::Options options = few();
  options.heartbeat_min_s = 60;
  options.heartbeat_max_s = 200;
  Pushing world(0, options);
  world.run_for(kHour);
  const std::uint64_t from = world.now_ms();
  world.server().deliver(kEmail, "News");
  CHECK(world.run_until([&] { return world.subjects(world.id).size() == 3; }, 36 * kMinute));
  world.run_for(6 * kHour);
  CHECK(world.requests_since(from + kHour) <= 6 * 12);
  LONGS_EQUAL(0, world.requests_since(from, "Ping"));
}

TEST(Heartbeat, ANetworkThatHoldsForLessThanTwoMinutesIsNotPingedOn) {
  Pushing world(90'000);
  world.run_until([] { return false; }, 6 * kHour);  // it is found out
  std::size_t pings = 0, requests = 0;
  world.on_served = [&](const Sent& sent) {
    ++requests;
    if (sent.label == "Ping") ++pings;
  };
  world.run_until([] { return false; }, 6 * kHour);
  LONGS_EQUAL(0, pings);
  CHECK_TEXT(requests <= 6 * 12, std::to_string(requests).c_str());
  world.server().deliver(kEmail);
  CHECK(world.run_until([&] { return world.subjects(world.id).size() == 3; }, kHour));
}

TEST(Heartbeat, WhatTheServerRemembersIsNotSaidAgain) {
  Pushing world;
  world.run_for(kDay);
  std::size_t empty = 0, whole = 0;
  for (const Sent& sent : world.sent) {
    if (sent.label != "Ping") continue;
    empty += sent.body.empty();
    whole += !sent.body.empty() && exchange::parse_wbxml(sent.body).has(wbxml::ping::kFolders);
  }
  LONGS_EQUAL(1, whole);
  CHECK(empty > 15);
  STRCMP_EQUAL("", world.first_violation().c_str());
  // And what it has forgotten is said again, at once.
  world.server().lose_sync_state(kEmail);
  world.run_for(2 * kHour);
  CHECK(world.view(world.id).state == AccountState::kWaiting);
}

TEST(Heartbeat, DamagedMemoryIsNoMemory) {
  sync::Heartbeat heartbeat;
  std::byte room[sync::Heartbeat::kPackedBytes]{};
  const std::byte network[16]{};
  heartbeat.unpack(Bytes(room).first(3), 0);
  heartbeat.unpack(room, 0);
  heartbeat.enter(network, 0);
  LONGS_EQUAL(480, heartbeat.next_s(0));
  for (std::byte& b : room) b = std::byte{0xFF};
  room[0] = std::byte{1};
  heartbeat.unpack(room, 0);
  heartbeat.enter(network, 0);
  const std::uint32_t next = heartbeat.next_s(0);
  CHECK(next >= 60 && next <= 3540);
  CHECK_FALSE(heartbeat.bound(480, 0, 0));
  CHECK_FALSE(heartbeat.bound(480, 480, 0));
  CHECK(heartbeat.bound(480, 700, 0));
  CHECK(heartbeat.bound(700, 100, 0));
  CHECK(heartbeat.polls(0));
}
