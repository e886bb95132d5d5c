#include <algorithm>
#include <vector>

#include "engine/sync/item_cases.h"
#include "engine/sync/mailbox_view.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;

TEST_GROUP(FirstSync){};

TEST(FirstSync, AddsAnAccountAndFetchesEveryMail) {
  for (const char* version : {"2.5", "12.0", "12.1", "14.0", "14.1", "16.0", "16.1"}) {
    exchange::Options options;
    options.mails = 120;
    options.versions = {version};
    World world(options);
    AccountSettings settings;
    settings.body_bytes_max = UINT32_MAX;
    AccountId id = world.add("demo@example.test", "demo", settings);
    CHECK_TEXT(id != AccountId{}, version);
    LONGS_EQUAL_TEXT(0, world.error(id).code, version);
    LONGS_EQUAL_TEXT(number_of(version), world.view(id).version, version);
    CHECK_TEXT(world.view(id).policy_key != 0, version);
    CHECK_TEXT(world.view(id).state == AccountState::kReady, version);
    Error error = world.sync(id);
    LONGS_EQUAL_TEXT(0, error.code, version);
    LONGS_EQUAL_TEXT(120, world.subjects(id).size(), version);
    LONGS_EQUAL_TEXT(120, world.view(id).added, version);
    // What closes the replica later is no visit to the server.
    CHECK_TEXT(world.view(id).next_ms == UINT64_MAX, version);
    STRCMP_EQUAL_TEXT("", difference(world, id, number_of(version) >= 120).c_str(), version);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
  }
}

TEST(FirstSync, TheHighestCommonVersionIsChosen) {
  struct Row {
    std::vector<std::string> versions;
    int chosen;
  };
  for (const Row& row :
       {Row{{"12.1", "14.0", "14.1", "16.0", "16.1"}, 161}, Row{{"12.1", "14.1"}, 141}, Row{{"12.1", "14.0"}, 140},
        Row{{"12.0", "12.1"}, 121}, Row{{"2.5", "12.0"}, 120}, Row{{"2.0", "2.1", "2.5"}, 25}}) {
    exchange::Options options;
    options.versions = row.versions;
    options.policy = std::nullopt;
    World world(options);
    AccountId id = world.add();
    LONGS_EQUAL(0, world.error(id).code);
    LONGS_EQUAL(row.chosen, world.view(id).version);
  }
}

TEST(FirstSync, NoCommonVersionIsNamed) {
  exchange::Options options;
  options.versions = {"2.1"};
  World world(options);
  AccountId id = world.add();
  CHECK(world.error(id) == engine_fault(EngineFault::kNoCommonVersion));
  LONGS_EQUAL(1, world.requests("OPTIONS"));
  LONGS_EQUAL(1, world.sent.size());
}

/// WindowSize of every Sync request that had one.
static std::vector<long> windows_of(const World& world) {
  std::vector<long> found;
  for (const Sent& sent : world.sent) {
    if (sent.label != "Sync") continue;
    const exchange::Node request = exchange::parse_wbxml(sent.body);
    const exchange::Node* collections = request.find(wbxml::air_sync::kCollections);
    for (const exchange::Node& collection : collections->children)
      if (auto window = collection.number(wbxml::air_sync::kWindowSize)) found.push_back(static_cast<long>(*window));
  }
  return found;
}

TEST(FirstSync, TheWindowGrowsWithASwiftServerButNeverBeyondTheSettings) {
  exchange::Options options;
  options.mails = 400;
  options.policy = std::nullopt;
  World world(options);
  AccountSettings settings;
  settings.window_max = 120;
  AccountId id = world.add("demo@example.test", "demo", settings);
  LONGS_EQUAL(0, world.sync(id).code);
  std::vector<long> windows = windows_of(world);
  CHECK(std::count(windows.begin(), windows.end(), 50) > 0);
  CHECK(std::count(windows.begin(), windows.end(), 100) > 0);
  LONGS_EQUAL(120, *std::max_element(windows.begin(), windows.end()));
  STRCMP_EQUAL("", difference(world, id).c_str());
}

TEST(FirstSync, TheWindowShrinksWhenAnswersBreak) {
  exchange::Options options;
  options.mails = 200;
  options.body_bytes = 1500;
  options.policy = std::nullopt;
  World world(options);
  AccountId id = world.add();
  world.on_answer = [&](const Sent& sent, exchange::HttpResponse& answer) {
    if (sent.label == "Sync" && answer.body.size() > 20'000) answer.transport.cut_after_bytes = 20'000;
  };
  for (int tries = 0; tries < 20 && world.sync(id); ++tries) {
  }
  LONGS_EQUAL(0, world.error(id).code);
  std::vector<long> windows = windows_of(world);
  CHECK(*std::min_element(windows.begin(), windows.end()) < 25);
  STRCMP_EQUAL("", difference(world, id).c_str());
  STRCMP_EQUAL("", world.first_violation().c_str());
}
