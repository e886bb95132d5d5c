/// The rest of a body, fetched when a person wants it.
#include <string>
#include <vector>

#include "engine/sync/item_cases.h"
#include "engine/sync/mailbox_view.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;

namespace {

constexpr const char* kEmail = "demo@example.test";

exchange::Options long_mails(const char* version) {
  exchange::Options options = of_version(version);
  options.mails = 3;
  options.body_bytes = 4'000;
  return options;
}

}  // namespace

TEST_GROUP(Body){};

TEST(Body, OneThatIsAskedForWhileAnotherIsOnItsWayComesToo) {
  for (const char* version : {"2.5", "16.1"}) {
    World world(long_mails(version));
    AccountSettings settings;
    settings.body_bytes_max = 600;
    const AccountId id = world.add(kEmail, "demo", settings);
    LONGS_EQUAL(0, world.sync(id).code);
    std::vector<ItemId> items;
    world.for_each_item(id, "Inbox", [&](const ItemRow& row) { items.push_back(row.id); });
    LONGS_EQUAL(3, items.size());
    for (const ItemId item : items) CHECK(world.body(id, item).size() <= 600);
    bool asked = false;
    world.on_request = [&](const Sent&) {
      if (!asked) CHECK(world.engine().fetch(id, items[1], world.now()).ok());
      asked = true;
    };
    CHECK(world.engine().fetch(id, items[0], world.now()).ok());
    for (int i = 0; i < 3; ++i) {
      world.idle[id] = 0;
      if (!world.run_until_idle(id, 60'000)) break;
    }
    CHECK(asked);
    CHECK_TEXT(world.body(id, items[0]).size() > 1'000, version);
    CHECK_TEXT(world.body(id, items[1]).size() > 1'000, version);
    CHECK_TEXT(world.body(id, items[2]).size() <= 600, version);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
  }
}
