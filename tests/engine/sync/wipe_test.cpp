/// A remote wipe: believed from the enrolled server alone, recorded before it starts, never stopped by anything once it
/// has.
#include <cerrno>

#include "engine/sync/mailbox_view.h"
#include "engine/sync/wire_view.h"
#include "policy/fault.h"
#include "protocol/command.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;
using policy::Fault;

namespace {

constexpr const char* kEmail = "demo@example.test";
constexpr const char* kOther = "other@example.test";
namespace pr = wbxml::provision;

exchange::Options with(const char* version) {
  exchange::Options options;
  options.versions = {version};
  options.mails = 4;
  options.body_bytes = 200;
  options.policy = mild_policy();
  return options;
}

bool has_files(World& world) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(world.handset().replica_directory()))
    if (entry.is_regular_file()) return true;
  return false;
}
bool has_file(World& world, AccountId id) {
  std::string name = "account-" + std::to_string(static_cast<int>(id)) + ".db";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(world.handset().replica_directory()))
    if (entry.path().filename().string().starts_with(name)) return true;
  return false;
}

void check_wiped_phone(World& world, const char* where) {
  CHECK_TEXT(world.engine().device().wiped, where);
  CHECK_FALSE_TEXT(world.engine().device().wiping, where);
  CHECK_FALSE_TEXT(has_files(world), where);
  for (hal::KeySlot slot : {hal::KeySlot{0}, hal::KeySlot{1}, hal::KeySlot{2}})
    CHECK_FALSE_TEXT(world.handset().keys().exists(slot), where);
  AccountId id{1};
  CHECK_FALSE_TEXT(world.engine().reader(id).ok(), where);
  CHECK_FALSE_TEXT(world.engine().sync(id, FolderId{}, world.now()).ok(), where);
  AccountSettings settings;
  settings.email = kEmail;
  settings.server = "localhost";
  CHECK_TEXT(
      world.engine().add_account(settings, bytes_of("demo"), world.now()).error() == policy::fault(Fault::kWiped),
      where);
  std::size_t requests = world.sent.size();
  world.run_for(3600'000);
  LONGS_EQUAL_TEXT(requests, world.sent.size(), where);
}

/// A request that acknowledges a wipe.
bool acknowledges_wipe(const Sent& sent) {
  if (sent.label != "Provision" || sent.body.empty()) return false;
  const exchange::Node root = exchange::parse_wbxml(sent.body);
  return root.has(pr::kRemoteWipe) || root.has(pr::kAccountOnlyRemoteWipe);
}
exchange::HttpResponse directive() {
  exchange::Node root(pr::kProvision);
  root.add(pr::kStatus, 1);
  root.add(pr::kRemoteWipe);
  return document(root);
}

}  // namespace

TEST_GROUP(Wipe){};

TEST(Wipe, ADeviceWipeLeavesNothingAtEveryVersion) {
  for (const char* version : {"2.5", "12.0", "12.1", "14.0", "14.1", "16.0", "16.1"}) {
    World world(with(version));
    AccountId id = world.add();
    LONGS_EQUAL_TEXT(0, world.sync(id).code, version);
    CHECK_TEXT(has_file(world, id), version);
    LONGS_EQUAL(1, world.server().wipe(kEmail));
    static_cast<void>(world.sync(id));
    world.run_for(120'000);
    CHECK_TEXT(world.server().stats().find("\"wipe\":\"done\"") != std::string::npos, version);
    CHECK_TEXT(world.told(Notice::kWiped) > 0, version);
    check_wiped_phone(world, version);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
    world.restart();
    check_wiped_phone(world, version);
  }
}

TEST(Wipe, InPushItComesWithinSeconds) {
  World world(with("16.1"));
  AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  CHECK(world.start_push(id));
  world.run_for(60'000);
  world.server().wipe(kEmail);
  CHECK(world.run_until([&] { return world.engine().device().wiped; }, 60'000));
  check_wiped_phone(world, "");
}

TEST(Wipe, TheAcknowledgementNeverHoldsItUp) {
  struct Row {
    const char* what;
    std::function<std::optional<exchange::HttpResponse>()> answer;
  };
  const Row rows[] = {
      {"lost",
       [] {
         exchange::HttpResponse lost;
         lost.transport.lose = true;
         return std::optional(lost);
       }},
      {"500", [] { return std::optional(http_status(500)); }},
      {"401", [] { return std::optional(http_status(401)); }},
      {"449", [] { return std::optional(http_status(449)); }},
      {"503", [] { return std::optional(http_status(503)); }},
      {"empty", [] { return std::optional(http_status(200)); }},
      {"RemoteWipe again", [] { return std::optional(directive()); }},
      {"hangs",
       [] {
         exchange::HttpResponse late = http_status(200);
         late.transport.delay_ms = 3600'000;
         return std::optional(late);
       }},
  };
  for (const Row& row : rows) {
    World world(with("16.1"));
    AccountId id = world.add();
    LONGS_EQUAL_TEXT(0, world.sync(id).code, row.what);
    world.server().wipe(kEmail);
    std::size_t acknowledgements = 0;
    std::uint64_t first = 0;
    world.instead = [&](const Sent& sent) -> std::optional<exchange::HttpResponse> {
      if (!acknowledges_wipe(sent)) return std::nullopt;
      if (acknowledgements++ == 0) first = world.now_ms();
      return row.answer();
    };
    std::uint64_t wiped = 0;
    static_cast<void>(world.engine().sync(id, FolderId{}, world.now()));
    CHECK_TEXT(world.run_until([&] { return world.engine().device().wiped; }, 200'000), row.what);
    wiped = world.now_ms();
    CHECK_TEXT(acknowledgements >= 1 && acknowledgements <= 3, row.what);
    CHECK_TEXT(wiped - first <= 61'000, row.what);
    world.instead = nullptr;
    check_wiped_phone(world, row.what);
  }
}

TEST(Wipe, WhatWaitsForNobodyIsWokenUpFor) {
  World world(with("16.1"));
  AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  world.server().wipe(kEmail);
  std::uint64_t begun = 0;
  world.instead = [&](const Sent& sent) -> std::optional<exchange::HttpResponse> {
    if (!acknowledges_wipe(sent)) return std::nullopt;
    begun = world.now_ms();
    exchange::HttpResponse late = http_status(200);
    late.transport.delay_ms = 3600'000;
    return late;
  };
  static_cast<void>(world.engine().sync(id, FolderId{}, world.now()));
  CHECK(world.run_until([&] { return begun != 0; }, 60'000));
  CHECK(world.engine().wake().at_ms <= begun + 60'000);  // the end of the acknowledgement's time, whoever is waited for
}

TEST(Wipe, AMarkerThatCannotBeMovedOnPutsNothingToSleep) {
  for (const bool account_only : {false, true}) {
    for (int failing = 0; failing < 8; ++failing) {
      const std::string where = std::to_string(account_only) + ", " + std::to_string(failing);
      int writes = -1;  // of the marker, since it was armed
      World world(with("16.1"), nullptr);
      world.adjust_handset = [&](hal::simulated::Options& options) {
        options.fail = [&](std::string_view operation, std::string_view path) {
          if (operation != "write" || path.find("/records/wipe") == std::string_view::npos || writes < 0) return 0;
          return writes++ == failing ? EIO : 0;
        };
      };
      world.restart();
      AccountId id = world.add();
      LONGS_EQUAL_TEXT(0, world.sync(id).code, where.c_str());
      world.server().wipe(kEmail, account_only);
      world.on_request = [&](const Sent& sent) {
        if (acknowledges_wipe(sent) && writes < 0) writes = 0;
      };
      static_cast<void>(world.sync(id));
      world.run_for(200'000);
      CHECK_FALSE_TEXT(world.handset().keys().exists(static_cast<hal::KeySlot>(id)), where.c_str());
      CHECK_FALSE_TEXT(world.engine().device().wiping, where.c_str());
      CHECK_EQUAL_TEXT(!account_only, world.engine().device().wiped, where.c_str());
    }
  }
}

TEST(Wipe, OnceArmedAFullDiskDoesNotSaveTheKeys) {
  for (const bool restarts : {false, true}) {
    bool full = false;
    World world(with("16.1"), nullptr);
    world.adjust_handset = [&](hal::simulated::Options& options) {
      options.fail = [&](std::string_view operation, std::string_view path) {
        const bool marker = path.find("/records/wipe") != std::string_view::npos;
        const bool record = path.find("/records/") != std::string_view::npos && path.ends_with(".new");
        return full && operation == "write" && (marker || record) ? EDQUOT : 0;
      };
    };
    world.restart();
    AccountId id = world.add();
    LONGS_EQUAL(0, world.sync(id).code);
    world.server().wipe(kEmail);
    world.on_request = [&](const Sent& sent) {
      if (!acknowledges_wipe(sent) || full) return;
      full = true;
      if (restarts) world.power_off();
    };
    static_cast<void>(world.sync(id, 120'000));
    if (restarts) world.power_on();
    world.run_for(120'000);
    for (hal::KeySlot slot : {hal::KeySlot{0}, hal::KeySlot{1}}) CHECK_FALSE(world.handset().keys().exists(slot));
    CHECK_FALSE(has_files(world));
    full = false;
    world.run_for(120'000);
    check_wiped_phone(world, "room again");
  }
}

TEST(Wipe, FromAChannelThatIsNotVerifiedItIsIgnored) {
  World world(with("16.1"));
  AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  world.server().wipe(kEmail);
  world.verified = false;
  CHECK(failed(world.sync(id)));
  CHECK(world.error(id) == policy::fault(Fault::kWipeUnverified));
  CHECK_FALSE(world.engine().device().wiping);
  LONGS_EQUAL(4, world.subjects(id).size());
  for (const Sent& sent : world.sent) CHECK_FALSE(acknowledges_wipe(sent));
  world.restart();
  CHECK_FALSE(world.engine().device().wiped);
  LONGS_EQUAL(4, world.subjects(id).size());
}

TEST(Wipe, AServerThatIsOnlyBeingAddedMayNotWipe) {
  for (bool second_account : {false, true}) {
    exchange::Options options = with("16.1");
    options.users = {{kEmail, "demo"}, {kOther, "demo"}};
    World world(options);
    AccountId first{};
    if (second_account) {
      first = world.add();
      LONGS_EQUAL(0, world.sync(first).code);
    }
    world.instead = [&](const Sent& sent) {
      return sent.label == "Provision" ? std::optional(directive()) : std::nullopt;
    };
    AccountId id = world.add(kOther);
    CHECK(world.error(id) == policy::fault(Fault::kWipeUnverified));
    CHECK_FALSE(world.engine().device().wiping);
    if (second_account) LONGS_EQUAL(4, world.subjects(first).size());
  }
}

TEST(Wipe, APowerCutAtAnyDurableOperationStillEndsWiped) {
  std::size_t operations = 0, points = 0;
  for (std::size_t cut = SIZE_MAX; cut == SIZE_MAX || cut < operations; cut = cut == SIZE_MAX ? 0 : cut + 1) {
    World world(with("16.1"));
    AccountId id = world.add();
    LONGS_EQUAL(0, world.sync(id).code);
    world.server().wipe(kEmail);
    std::size_t at = 0;
    bool directive_seen = false;
    world.on_request = [&](const Sent& sent) { directive_seen = directive_seen || acknowledges_wipe(sent); };
    world.on_durable = [&](std::string_view) {
      if (at++ == cut) world.power_off();
    };
    static_cast<void>(world.sync(id));
    world.run_for(120'000);
    world.on_durable = nullptr;
    if (cut == SIZE_MAX) {
      operations = at;
      continue;
    }
    ++points;
    bool was_off = world.off();
    if (was_off) {
      world.power_on();
      world.run_for(120'000);
    }
    std::string where = "operation " + std::to_string(cut) + " of " + std::to_string(operations);
    if (!world.engine().device().wiped) {  // cut before the directive was written down: the server says it again
      CHECK_TEXT(was_off && !directive_seen, where.c_str());
      static_cast<void>(world.sync(id));
      world.run_for(120'000);
    }
    check_wiped_phone(world, where.c_str());
  }
  CHECK(points >= 10);
}

TEST(Wipe, ASecondPowerCutWithinTheRecoveryEndsWipedToo) {
  for (std::size_t first : {4, 8, 12}) {
    for (std::size_t second = 0; second < 12; ++second) {
      World world(with("16.1"));
      AccountId id = world.add();
      LONGS_EQUAL(0, world.sync(id).code);
      world.server().wipe(kEmail);
      std::size_t at = 0;
      world.on_durable = [&](std::string_view) {
        if (at++ == first) world.power_off();
      };
      static_cast<void>(world.sync(id));
      world.run_for(120'000);
      if (!world.off()) continue;
      at = 0;
      world.on_durable = [&](std::string_view) {
        if (at++ == second) world.power_off();
      };
      world.power_on();
      world.run_for(120'000);
      world.on_durable = nullptr;
      if (world.off()) {
        world.power_on();
        world.run_for(120'000);
      }
      if (!world.engine().device().wiped) {
        static_cast<void>(world.sync(id));
        world.run_for(120'000);
      }
      check_wiped_phone(world, (std::to_string(first) + ", " + std::to_string(second)).c_str());
    }
  }
}

TEST(Wipe, AnAccountOnlyWipeLeavesTheOther) {
  exchange::Options options = with("16.1");
  options.users = {{kEmail, "demo"}, {kOther, "demo"}};
  std::size_t operations = 0;
  for (std::size_t cut = SIZE_MAX; cut == SIZE_MAX || cut < operations; cut = cut == SIZE_MAX ? 0 : cut + 1) {
    for (bool first_goes : {true, false}) {
      World world(options);
      AccountId first = world.add(kEmail), second = world.add(kOther);
      LONGS_EQUAL(0, world.sync(first).code);
      LONGS_EQUAL(0, world.sync(second).code);
      ItemId marked = world.item(first_goes ? second : first, 1);
      AccountId goes = first_goes ? first : second, stays = first_goes ? second : first;
      const char* stays_email = first_goes ? kOther : kEmail;
      CHECK(world.engine().changes(stays).mark(marked, Mark::kFlag).ok());
      world.server().wipe(first_goes ? kEmail : kOther, true);
      std::size_t at = 0;
      world.on_durable = [&](std::string_view) {
        if (at++ == cut) world.power_off();
      };
      static_cast<void>(world.sync(goes));
      world.run_for(120'000);
      world.on_durable = nullptr;
      if (cut == SIZE_MAX) operations = at;
      std::string where = "operation " + std::to_string(cut) + " of " + std::to_string(operations);
      if (world.off()) {
        world.power_on();
        world.run_for(120'000);
        static_cast<void>(world.sync(goes));  // when the directive had not been written down yet
        world.run_for(120'000);
      }
      CHECK_FALSE_TEXT(world.engine().device().wiped || world.engine().device().wiping, where.c_str());
      CHECK_FALSE_TEXT(has_file(world, goes), where.c_str());
      CHECK_FALSE_TEXT(world.handset().keys().exists(static_cast<hal::KeySlot>(goes)), where.c_str());
      CHECK_FALSE_TEXT(world.engine().reader(goes).ok(), where.c_str());
      LONGS_EQUAL_TEXT(0, world.sync(stays).code, where.c_str());
      STRCMP_EQUAL_TEXT("", difference(world, stays, false, stays_email).c_str(), where.c_str());
      CHECK_TEXT(world.queue(stays).empty(), where.c_str());
      // And at the next boot one account is there.
      world.restart();
      AccountId ids[4];
      LONGS_EQUAL_TEXT(1, world.engine().accounts(ids), where.c_str());
      CHECK_TEXT(ids[0] == stays, where.c_str());
      LONGS_EQUAL_TEXT(0, world.sync(stays).code, where.c_str());
      // The place is free again.
      world.server().allow(first_goes ? kEmail : kOther);
    }
  }
  CHECK(operations >= 8);
}

TEST(Wipe, BelowSixteenOneAnAccountThatIsToGoIsKeptOutInstead) {
  World world(with("14.1"));
  AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  world.server().wipe(kEmail, true);
  LONGS_EQUAL(129, protocol::eas_status(world.sync(id)));
  CHECK_FALSE(world.engine().device().wiped);
  LONGS_EQUAL(4, world.subjects(id).size());
}
