/// Devices that an administrator keeps out, or has not let in yet: named, never taken for deletions, looked at again.
#include "engine/sync/item_cases.h"
#include "engine/sync/mailbox_view.h"
#include "engine/sync/wire_view.h"
#include "policy/fault.h"
#include "policy/remedies.h"
#include "protocol/command.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;
using policy::Fault;
using protocol::Command;

namespace {

constexpr const char* kEmail = "demo@example.test";
constexpr std::uint64_t kHourMs = 3600'000;

exchange::Options with(const char* version, int mails = 6) {
  exchange::Options options;
  options.versions = {version};
  options.mails = mails;
  options.body_bytes = 200;
  options.policy = mild_policy();
  return options;
}
constexpr const char* kVersions[] = {"2.5", "12.1", "14.1", "16.1"};

}  // namespace

TEST_GROUP(Approval){};

TEST(Approval, QuarantineRemovesNothingAndEverythingIsComparedAfterIt) {
  for (const char* version : kVersions) {
    World world(with(version));
    AccountId id = world.add();
    LONGS_EQUAL_TEXT(0, world.sync(id).code, version);
    const ItemId marked = world.item(id);
    world.server().quarantine(kEmail);
    CHECK_TEXT(world.engine().changes(id).mark(marked, number_of(version) < 120 ? Mark::kUnread : Mark::kFlag).ok(),
               version);
    for (int round = 0; round < 3; ++round) {
      CHECK_TEXT(world.sync(id) == policy::fault(Fault::kAwaitsApproval), version);
      LONGS_EQUAL_TEXT(7, world.subjects(id).size(), "the mails there were, and the notice");
      LONGS_EQUAL_TEXT(1, world.queue(id).size(), "the edit waits");
    }
    CHECK_TEXT(world.view(id).state == AccountState::kBlocked, version);
    CHECK_TEXT(policy::advice_for(world.error(id)).exit == policy::Exit::kBlocked, version);
    world.restart();
    CHECK_TEXT(world.sync(id) == policy::fault(Fault::kAwaitsApproval), version);
    LONGS_EQUAL_TEXT(7, world.subjects(id).size(), version);

    world.server().allow(kEmail);
    LONGS_EQUAL_TEXT(0, world.sync(id).code, version);
    STRCMP_EQUAL_TEXT("", difference(world, id).c_str(), version);
    LONGS_EQUAL_TEXT(6, world.subjects(id).size(), "the notice is gone");
    LONGS_EQUAL_TEXT(0, world.queue(id).size(), "the edit has gone out");
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
  }
}

TEST(Approval, InPushItIsLookedAtAgainByItself) {
  World world(with("16.1"));
  AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  CHECK(world.start_push(id));
  world.run_for(60'000);
  world.server().quarantine(kEmail);
  CHECK(world.run_until([&] { return world.error(id) == policy::fault(Fault::kAwaitsApproval); }, kHourMs));
  std::uint64_t since = world.now_ms();
  world.run_for(6 * kHourMs);
  LONGS_EQUAL(7, world.subjects(id).size());
  CHECK(world.error(id) == policy::fault(Fault::kAwaitsApproval));
  std::size_t requests = world.requests_since(since);
  CHECK_TEXT(requests >= 6 && requests <= 6 * 12, std::to_string(requests).c_str());
  world.server().allow(kEmail);
  CHECK(world.run_until([&] { return difference(world, id).empty(); }, kHourMs));
  CHECK(world.run_until([&] { return world.view(id).state == AccountState::kWaiting; }, kHourMs));
  LONGS_EQUAL(0, world.error(id).code);
}

TEST(Approval, AFolderThatWasReallyEmptiedIsBelievedWhenOthersShowContent) {
  World world(with("16.1", 8));
  AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  world.server().remove(kEmail, 8);
  world.server().lose_sync_state(kEmail);
  world.server().deliver(kEmail, "like a notice");
  CHECK(world.sync(id) == policy::fault(Fault::kAwaitsApproval));  // nothing tells it from quarantine
  LONGS_EQUAL(9, world.subjects(id).size());
  for (int i = 0; i < 2; ++i) world.server().deliver(kEmail, "new " + std::to_string(i));
  LONGS_EQUAL(0, world.sync(id).code);
  STRCMP_EQUAL("", difference(world, id).c_str());
  LONGS_EQUAL(3, world.subjects(id).size());
}

TEST(Approval, EveryWayOfBeingKeptOutIsNamedAndKeepsEverything) {
  struct Row {
    const char* version;
    const char* fault;
    Error expected;
  };
  std::vector<Row> rows;
  for (std::uint32_t status : {126, 129, 130, 131, 177}) {
    static std::map<std::uint32_t, std::string> specs;
    specs[status] = "Sync:status:" + std::to_string(status);
    rows.push_back({"14.1", specs[status].c_str(), protocol::eas_error(Command::kSync, status)});
  }
  rows.push_back({"12.1", "Sync:http:403", Error{Domain::kHttp, 403, 0}});
  for (const Row& row : rows) {
    World world(with(row.version));
    AccountId id = world.add();
    LONGS_EQUAL_TEXT(0, world.sync(id).code, row.fault);
    const ItemId marked = world.item(id);
    CHECK_TEXT(world.engine().changes(id).mark(marked, Mark::kFlag).ok(), row.fault);
    world.server().fault(row.fault);
    const Error error = world.sync(id);
    CHECK_TEXT(error.domain == row.expected.domain && error.code == row.expected.code, row.fault);
    const policy::Advice& advice = policy::advice_for(error);
    CHECK_TEXT(advice.exit == policy::Exit::kBlocked && !advice.todo.empty(), row.fault);
    CHECK_TEXT(world.view(id).state == AccountState::kBlocked, row.fault);
    LONGS_EQUAL_TEXT(6, world.subjects(id).size(), row.fault);
    LONGS_EQUAL_TEXT(1, world.queue(id).size(), row.fault);

    // In push: again and again, with pauses, and it goes on by itself once the device is let in.
    CHECK_TEXT(world.engine().push(id, true, world.now()).ok(), row.fault);
    world.run_for(kHourMs / 6);
    std::uint64_t since = world.now_ms();
    world.run_for(5 * kHourMs);
    std::size_t requests = world.requests_since(since);
    CHECK_TEXT(requests >= 5 && requests <= 5 * 12, (row.fault + (": " + std::to_string(requests))).c_str());
    world.server().faults_off();
    world.server().lose_sync_state(kEmail);
    CHECK_TEXT(world.run_until([&] { return world.view(id).state == AccountState::kWaiting; }, 2 * kHourMs), row.fault);
    STRCMP_EQUAL_TEXT("", difference(world, id).c_str(), row.fault);
    LONGS_EQUAL_TEXT(0, world.queue(id).size(), row.fault);
  }
}
