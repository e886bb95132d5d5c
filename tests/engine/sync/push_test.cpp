/// Ping: news within seconds, silence otherwise, and no answer that makes the engine spin.
#include <filesystem>

#include "engine/sync/mailbox_view.h"
#include "exchange/mailbox.h"
#include "protocol/command.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;

namespace {

constexpr const char* kEmail = "demo@example.test";
constexpr std::uint64_t kMinute = 60'000, kHour = 60 * kMinute;
constexpr std::size_t kRequestsAnHourMax = 12;

exchange::Options with(int mails) {
  exchange::Options options;
  options.mails = mails;
  options.body_bytes = 300;
  options.policy = std::nullopt;
  return options;
}

struct Pushing : World {
  explicit Pushing(exchange::Options options) : World(std::move(options)) {
    id = add(kEmail, "demo");
    LONGS_EQUAL(0, sync(id).code);
    CHECK(start_push(id));
  }
  bool replica_is_open() const {
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      std::filesystem::path target = std::filesystem::read_symlink(entry, gone);
      if (target.string().starts_with(home().string()) && target.filename() == "account-1.db") return true;
    }
    return false;
  }
  /// The busiest of the hours that begin after `from`.
  std::size_t busiest_hour(std::uint64_t from) const {
    std::size_t most = 0;
    for (const Sent& first : sent) {
      if (first.at_ms < from) continue;
      std::size_t count = 0;
      for (const Sent& other : sent) count += other.at_ms >= first.at_ms && other.at_ms < first.at_ms + kHour;
      most = std::max(most, count);
    }
    return most;
  }
  AccountId id{};
};

}  // namespace

TEST_GROUP(Push){};

TEST(Push, AMailArrivesWithinSeconds) {
  Pushing world(with(5));
  for (int i = 0; i < 3; ++i) {
    world.run_for(7 * kMinute);
    world.server().deliver(kEmail, "News " + std::to_string(i));
    std::uint64_t from = world.now_ms();
    CHECK(world.run_until([&] { return world.subjects(world.id).size() == std::size_t(6 + i); }, kMinute));
    CHECK(world.now_ms() - from < 5000);
  }
  STRCMP_EQUAL("", difference(world, world.id).c_str());
}

TEST(Push, APingIsOpenOnlyWhenEverySyncIsCommitted) {
  Pushing world(with(40));
  std::size_t pings = 0;
  world.on_request = [&](const Sent& sent) {
    if (sent.label != "Ping") return;
    ++pings;
    STRCMP_EQUAL("", difference(world, world.id).c_str());
  };
  for (int i = 0; i < 4; ++i) {
    world.server().deliver(kEmail);
    world.run_for(10 * kMinute);
  }
  CHECK(pings >= 4);
}

TEST(Push, AMarkGoesOutPastAnOpenPing) {
  Pushing world(with(5));
  world.run_for(3 * kMinute);
  std::size_t pings = world.requests("Ping");
  ItemId item = world.item(world.id);
  bool read = false;
  world.for_each_item(world.id, "Inbox", [&](const ItemRow& row) {
    if (row.id == item) read = row.read;
  });
  CHECK(world.engine().changes(world.id).mark(item, read ? Mark::kUnread : Mark::kRead).ok());
  CHECK(world.run_until([&] { return difference(world, world.id).empty() && world.queue(world.id).empty(); }, kMinute));
  LONGS_EQUAL(pings, world.requests("Ping"));
}

TEST(Push, AQuietHourCostsFewRequestsAndTheReplicaStaysClosed) {
  Pushing world(with(5));
  world.run_for(5 * kMinute);
  std::uint64_t from = world.now_ms();
  CHECK_FALSE(world.replica_is_open());
  bool opened = false;
  world.on_event = [&] { opened = opened || world.replica_is_open(); };
  world.run_for(kHour);
  CHECK_FALSE(opened);
  CHECK_TEXT(world.requests_since(from) <= 4, std::to_string(world.requests_since(from)).c_str());
  CHECK_TEXT(world.requests_since(from) >= 2, std::to_string(world.requests_since(from)).c_str());
}

TEST(Push, FoldersThatComeSoonAfterEachOtherAreAllSeen) {
  World world;
  const AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  CHECK(world.start_push(id));
  world.run_for(60'000);
  for (const char* name : {"One", "Two", "Three"}) {
    world.server().add_folder("demo@example.test", name);
    world.run_for(60'000);
  }
  world.run_for(600'000);
  std::size_t seen = 0;
  world.for_each_folder(
      id, [&](const FolderRow& row) { seen += row.name == "One" || row.name == "Two" || row.name == "Three"; });
  LONGS_EQUAL(3, seen);
}

TEST(Push, EverythingIsSyncedEveryFourHours) {
  Pushing world(with(5));
  world.server().remove(kEmail, 1);  // Ping never tells of that
  world.run_for(4 * kHour + 15 * kMinute);
  STRCMP_EQUAL("", difference(world, world.id).c_str());
}

/// A mail read and one deleted on the server, and no new mail: no Ping says a word of it, at no time of the day.
TEST(Push, WhatPushDoesNotTellIsHereWithinFourHours) {
  Pushing world(with(5));
  std::uint64_t most = 0;
  for (int i = 0; i < 4; ++i) {
    world.run_for(5 * kHour + static_cast<std::uint64_t>(i) * 53 * kMinute);
    const std::string id = server_mails(world.server()).rbegin()->first;
    const bool read = server_mails(world.server()).rbegin()->second.read;
    world.server().change(
        kEmail, id, [&](exchange::Item& there) { there.set(exchange::Node(wbxml::email::kRead, read ? "0" : "1")); });
    world.server().remove(kEmail, 1);
    const std::uint64_t from = world.now_ms();
    CHECK(world.run_until([&] { return difference(world, world.id).empty(); }, 4 * kHour + 10 * kMinute));
    most = std::max(most, world.now_ms() - from);
  }
  std::printf("[here after at most %llu min] ", static_cast<unsigned long long>(most / kMinute));
  CHECK(most <= 4 * kHour);
}

TEST(Push, TheServersHeartbeatIsAdopted) {
  for (auto [low, high, wanted] : {std::tuple{60, 300, 300}, std::tuple{900, 3540, 900}, std::tuple{60, 3540, 480}}) {
    exchange::Options options = with(3);
    options.heartbeat_min_s = low;
    options.heartbeat_max_s = high;
    Pushing world(options);
    world.run_for(5000);
    LONGS_EQUAL(wanted, world.view(world.id).heartbeat_s);
    // And what it grows to stays within the server's limits.
    world.run_for(12 * kHour);
    CHECK(world.view(world.id).heartbeat_s >= std::uint32_t(low) &&
          world.view(world.id).heartbeat_s <= std::uint32_t(high));
    CHECK(world.requests("Ping") >= 12 * 3600 / std::size_t(high));
  }
}

TEST(Push, FewerFoldersWhenTheServerWatchesNoMore) {
  exchange::Options options = with(3);
  options.ping_folders_max = 2;
  Pushing world(options);
  world.server().deliver(kEmail, "News");
  world.run_for(10'000);
  LONGS_EQUAL(4, world.subjects(world.id).size());
}

TEST(Push, AServerThatAlwaysSaysChangedIsAskedLessOften) {
  Pushing world(with(5));
  world.server().fault("Ping:always-changed");
  std::uint64_t from = world.now_ms();
  world.run_for(12 * kHour);
  std::size_t most = world.busiest_hour(from + 10 * kMinute);
  CHECK_TEXT(most <= kRequestsAnHourMax, std::to_string(most).c_str());
  world.server().faults_off();
  world.server().deliver(kEmail, "At last");
  CHECK(world.run_until([&] { return world.subjects(world.id).size() == 6; }, kHour));
  STRCMP_EQUAL("", difference(world, world.id).c_str());
}

TEST(Push, APingThatEndsAtOnceDoesNotSpin) {
  Pushing world(with(5));
  world.server().fault("Ping:status:1");
  std::uint64_t from = world.now_ms();
  world.run_for(12 * kHour);
  std::size_t most = world.busiest_hour(from + 10 * kMinute);
  CHECK_TEXT(most <= kRequestsAnHourMax, std::to_string(most).c_str());
}

/// Whatever a server holds for a day: few requests, nothing lost, and it goes on by itself when the fault has gone.
TEST(Push, AnyFaultHeldForADayNeitherSpinsNorLoses) {
  std::vector<std::string> faults;
  for (int status :
       {3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 101, 103, 110, 111, 113, 126, 129, 132, 133, 139, 142, 144, 177})
    faults.push_back("Sync:status:" + std::to_string(status));
  for (int status : {3, 4, 5, 6, 7, 8, 101, 110, 111, 129, 140, 142})
    faults.push_back("Ping:status:" + std::to_string(status));
  for (int status : {6, 9, 10, 11, 12, 110, 111, 129, 142})
    faults.push_back("FolderSync:status:" + std::to_string(status));
  for (int code : {200, 302, 400, 403, 404, 413, 429, 449, 451, 500, 501, 502, 503, 504, 505, 507})
    for (const char* command : {"any", "Sync", "Ping"})
      faults.push_back(std::string(command) + ":http:" + std::to_string(code));
  for (const char* what : {"html", "garbage", "lose-answer", "cut:5", "no-status", "unknown-page", "always-changed"})
    for (const char* command : {"any", "Sync", "Ping"}) faults.push_back(std::string(command) + ":" + what);
  for (const std::string& fault : faults) {
    Pushing world(with(4));
    world.server().deliver(kEmail, "Before");
    world.server().fault(fault);
    std::uint64_t from = world.now_ms();
    world.run_for(24 * kHour);
    // A lost Ping is known as lost only after its heartbeat: four of them, and the pauses are long.
    bool slow = fault.ends_with("lose-answer") || fault.ends_with("cut:5");
    std::size_t most = world.busiest_hour(from + (slow ? 40 : 10) * kMinute);
    // Where Ping is sound and nothing else is asked for, push goes its usual way: a Ping every eight
    // minutes, and once in four hours a Sync of each of the eleven folders.
    AccountView held = world.view(world.id);
    bool about_ping = fault.starts_with("any") || fault.starts_with("Ping");
    bool unnoticed = held.state == AccountState::kWaiting && (!about_ping || fault.ends_with("unknown-page"));
    std::size_t limit = unnoticed ? 20 : kRequestsAnHourMax;
    CHECK_TEXT(most <= limit, (fault + ": " + std::to_string(most) + " requests in an hour").c_str());
    CHECK_TEXT(world.subjects(world.id).size() >= 4, fault.c_str());
    world.server().faults_off();
    // The pause that has begun, and one that pays for a visit of all eleven folders.
    world.run_for(2 * kHour);
    AccountView view = world.view(world.id);
    if (view.state == AccountState::kBlocked) {  // a person has to look: then it goes on
      LONGS_EQUAL_TEXT(0, world.sync(world.id).code, fault.c_str());
    }
    STRCMP_EQUAL_TEXT("", difference(world, world.id).c_str(), fault.c_str());
  }
}

TEST(Push, RetryAfterIsALowerBound) {
  Pushing world(with(4));
  world.instead = [](const Sent&) {
    exchange::HttpResponse busy;
    busy.status = 503;
    busy.set("Retry-After", "7200");
    return std::optional(busy);
  };
  world.run_for(9 * kMinute);  // the open Ping ends, the next request meets it
  std::uint64_t last = world.sent.back().at_ms;
  world.run_for(2 * kHour - 9 * kMinute);
  LONGS_EQUAL(last, world.sent.back().at_ms);
  world.instead = nullptr;
  world.run_for(kHour);
  CHECK(world.view(world.id).state == AccountState::kWaiting);
}

TEST(Push, AThrottlingServerIsLeftAloneAndItsReasonShown) {
  Pushing world(with(4));
  world.instead = [](const Sent&) {
    exchange::HttpResponse busy;
    busy.status = 503;
    busy.set("X-MS-ASThrottle", "OutOfBudgets");
    return std::optional(busy);
  };
  world.run_for(9 * kMinute);
  STRCMP_EQUAL("OutOfBudgets", std::string(world.view(world.id).throttled.view()).c_str());
  const std::uint64_t last = world.sent.back().at_ms;
  world.run_for(last + 5 * kMinute - world.now_ms());
  LONGS_EQUAL(last, world.sent.back().at_ms);
  world.instead = nullptr;
  world.run_for(2 * kHour);
  CHECK(world.view(world.id).state == AccountState::kWaiting);
  STRCMP_EQUAL("", std::string(world.view(world.id).throttled.view()).c_str());
}

/// A thousand changes of the network: neither Retry-After nor the pauses of a server that fails are shortened, and
/// those of a network that fails once a minute at most.
TEST(Push, ANetworkThatFlapsCausesNoTraffic) {
  for (const int what : {503, 500, 0}) {
    Pushing world(with(4));
    if (what == 0) world.online = false;
    world.instead = [&](const Sent&) {
      exchange::HttpResponse busy;
      busy.status = what;
      if (what == 503) busy.set("Retry-After", "7200");
      return std::optional(busy);
    };
    world.reset_connections();
    world.run_for(10 * kMinute);
    const std::uint64_t from = world.now_ms();
    Network up, down;
    down.up = false;
    for (int i = 0; i < 1000; ++i) {
      world.engine().network(i % 2 ? up : down, world.now());
      world.run_for(2000);
    }
    const std::size_t count = world.requests_since(from);
    CHECK_TEXT(count <= (what == 503 ? 0U : what == 500 ? 12U : 35U), std::to_string(count).c_str());
  }
}

/// A log-on page in place of every answer: nothing is lost, and the network's next word ends the wait.
TEST(Push, ACaptivePortalIsWaitedOut) {
  Pushing world(with(4));
  world.instead = [](const Sent&) {
    exchange::HttpResponse page;
    page.set("Content-Type", "text/html");
    page.body = "<html>Log on</html>";
    return std::optional(page);
  };
  world.reset_connections();
  world.run_for(3 * kHour);
  const AccountView held = world.view(world.id);
  CHECK(held.state == AccountState::kBackOff);
  LONGS_EQUAL(4, world.subjects(world.id).size());
  world.instead = nullptr;
  world.server().deliver(kEmail, "Meanwhile");
  world.engine().network(Network{}, world.now());
  CHECK(world.run_until([&] { return world.subjects(world.id).size() == 5; }, kMinute));
  STRCMP_EQUAL("", difference(world, world.id).c_str());
}

TEST(Push, ANetworkThatComesBackEndsAPause) {
  Pushing world(with(4));
  world.online = false;
  world.run_for(6 * kHour);
  world.online = true;
  world.server().deliver(kEmail, "Meanwhile");
  world.engine().network(Network{}, world.now());
  CHECK(world.run_until([&] { return world.subjects(world.id).size() == 5; }, kMinute));
}
