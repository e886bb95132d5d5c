#include "engine/sync/world.h"

#include <set>

#include <CppUTest/TestHarness.h>

using namespace handsync;
using handsync::test::World;

TEST_GROUP(FirstSync) {};

TEST(FirstSync, AddsAnAccountAndFetchesEveryMail) {
  for (const char* version : {"12.1", "14.0", "14.1", "16.0", "16.1"}) {
    exchange::Options options;
    options.mails = 120;
    options.versions = {version};
    World world(options);
    AccountId id = world.add();
    CHECK_TEXT(id != AccountId{}, version);
    LONGS_EQUAL_TEXT(0, world.view(id).error.code, version);
    Error error = world.sync(id);
    LONGS_EQUAL_TEXT(0, error.code, version);
    auto found = world.subjects(id);
    LONGS_EQUAL_TEXT(120, found.size(), version);
    LONGS_EQUAL_TEXT(120, world.view(id).added, version);
    auto violations = world.server().violations();
    STRCMP_EQUAL_TEXT("", violations.empty() ? "" : violations[0].c_str(), version);
  }
}
