// Items become findable in idle time, and a program need not wait for it.
#include "engine/sync/world.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;

namespace {

std::uint64_t left(World& world, AccountId id) {
  std::uint64_t count = 0;
  world.with_reader(id, [&](Reader& reader) { count = items_not_indexed(reader).value(); });
  return count;
}

std::size_t matches(World& world, AccountId id, Text words) {
  std::size_t count = 0;
  world.with_reader(id, [&](Reader& reader) {
    Query query;
    query.words = words;
    Cursor<ItemRow>* cursor = reader.list(query).value();
    for (ItemRow row; cursor->step(row).value();) ++count;
    cursor->close();
  });
  return count;
}

}  // namespace

TEST_GROUP(IdleSearch){};

TEST(IdleSearch, NothingIsIndexedWhileItSyncsAndEverythingSoonAfter) {
  exchange::Options options;
  options.mails = 250;
  options.policy = std::nullopt;
  World world(options);
  const AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  LONGS_EQUAL(250, left(world, id));
  CHECK(world.run_until([&] { return left(world, id) == 0; }, 10'000));
  LONGS_EQUAL(1, matches(world, id, world.subjects(id).front().substr(world.subjects(id).front().rfind('#') + 1)));
  // Then the replica is left alone, and closed as before.
  world.run_for(1'000);
  CHECK(world.engine().wake().at_ms > world.now().mono_ms);
}

TEST(IdleSearch, AMailThatIsPushedIsFoundWhileItWaitsForTheNext) {
  exchange::Options options;
  options.mails = 5;
  options.policy = std::nullopt;
  World world(options);
  const AccountId id = world.add();
  CHECK(world.start_push(id));
  LONGS_EQUAL(0, matches(world, id, "xylophone"));
  world.server().deliver("demo@example.test", "The xylophone");
  CHECK(world.run_until([&] { return matches(world, id, "xylophone") == 1; }, 60'000));
  CHECK(world.view(id).state == AccountState::kWaiting);
}

TEST(IdleSearch, AProgramNeedNotWait) {
  exchange::Options options;
  options.mails = 250;
  options.policy = std::nullopt;
  World world(options);
  const AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  int steps = 0;
  for (Result<bool> more = true; more.value(); ++steps) {
    more = world.engine().index(id, world.now());
    CHECK(more.ok());
  }
  CHECK(steps > 2);
  LONGS_EQUAL(0, left(world, id));
  CHECK_FALSE(world.engine().index(AccountId{7}, world.now()).ok());
}
