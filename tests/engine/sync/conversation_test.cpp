// A whole conversation is ignored or always moved: at once here, at the server with all that comes of it later.
#include <string>
#include <vector>

#include "engine/sync/world.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;

namespace {

constexpr const char* kEmail = "demo@example.test";

exchange::Options with(const char* version) {
  exchange::Options options;
  options.versions = {version};
  options.mails = 3;
  options.policy = mild_policy();
  return options;
}

std::size_t count(World& world, AccountId account, const char* folder) {
  return world.subjects(account, folder).size();
}

/// Two mails of one conversation come down; the Inbox has five.
AccountId talk(World& world) {
  const AccountId account = world.add();
  world.server().deliver(kEmail, "Plan");
  world.server().deliver(kEmail, "Re: Plan");
  CHECK_FALSE(failed(world.sync(account)));
  LONGS_EQUAL(5, count(world, account, "Inbox"));
  return account;
}

}  // namespace

TEST_GROUP(ConversationMove){};

TEST(ConversationMove, IgnoredItIsDeletedAndSoIsWhatComesLater) {
  for (const char* version : {"14.0", "14.1", "16.0", "16.1"}) {
    World world(with(version));
    const AccountId account = talk(world);
    CHECK(world.engine().changes(account).move_conversation(world.item(account), FolderId{}).ok());
    LONGS_EQUAL(3, count(world, account, "Inbox"));  // at once
    LONGS_EQUAL(2, count(world, account, "Deleted Items"));
    CHECK_FALSE(failed(world.sync(account)));
    LONGS_EQUAL(0, world.queue(account).size());
    LONGS_EQUAL(3, count(world, account, "Inbox"));
    LONGS_EQUAL(2, count(world, account, "Deleted Items"));
    LONGS_EQUAL(0, world.requests("MoveItems"));
    world.server().deliver(kEmail, "Re: Plan");
    world.server().deliver(kEmail, "Another plan");
    CHECK_FALSE(failed(world.sync(account)));
    LONGS_EQUAL(4, count(world, account, "Inbox"));
    LONGS_EQUAL(3, count(world, account, "Deleted Items"));
    STRCMP_EQUAL("", world.first_violation().c_str());
  }
}

TEST(ConversationMove, AlwaysMovedThroughLostAnswersAndANightWithoutNetwork) {
  World world(with("16.1"));
  const AccountId account = talk(world);
  CHECK(world.engine().changes(account).mark(world.item(account), Mark::kFlag).ok());
  CHECK(world.engine()
            .changes(account)
            .move_conversation(world.item(account), world.folder_id(account, "Projects"))
            .ok());
  world.restart();
  LONGS_EQUAL(2, count(world, account, "Projects"));
  int lost = 0;
  world.fate = [&](const Sent& sent) {
    return sent.label == "ItemOperations" && lost++ == 0 ? Fate::kBroken : Fate::kArrives;
  };
  world.server().fault("ItemOperations@1:lose-answer");
  for (int i = 0; i < 3 && !world.queue(account).empty(); ++i) (void)world.sync(account);
  CHECK_FALSE(failed(world.sync(account)));
  LONGS_EQUAL(0, world.queue(account).size());
  LONGS_EQUAL(3, count(world, account, "Inbox"));
  LONGS_EQUAL(2, count(world, account, "Projects"));
  bool flagged = false;
  world.for_each_item(account, "Projects", [&](const ItemRow& row) { flagged = flagged || row.flagged; });
  CHECK(flagged);  // what waited of it went first
  STRCMP_EQUAL("", world.first_violation().c_str());
}

TEST(ConversationMove, RefusedItIsBackAndNamesTheReason) {
  World world(with("16.1"));
  const AccountId account = talk(world);
  world.server().fault("ItemOperations:status:154");
  CHECK(world.engine().changes(account).move_conversation(world.item(account), FolderId{}).ok());
  for (int i = 0; i < 4; ++i) {
    world.run_for(3600'000);
    (void)world.sync(account);
  }
  LONGS_EQUAL(5, count(world, account, "Inbox"));
  LONGS_EQUAL(0, count(world, account, "Deleted Items"));
  std::vector<World::Queued> queue = world.queue(account);
  LONGS_EQUAL(1, queue.size());
  CHECK(queue[0].parked);
  STRCMP_EQUAL("always move", queue[0].what.c_str());
  // A person tries again.
  world.server().faults_off();
  CHECK(world.engine().changes(account).retry(ChangeId{queue[0].id}).ok());
  LONGS_EQUAL(2, count(world, account, "Deleted Items"));
  world.run_for(3600'000);
  CHECK_FALSE(failed(world.sync(account)));
  LONGS_EQUAL(0, world.queue(account).size());
  LONGS_EQUAL(2, count(world, account, "Deleted Items"));
}

TEST(ConversationMove, AFolderThatTheServerDoesNotTakeParksItAtOnce) {
  World world(with("14.1"));
  const AccountId account = talk(world);
  world.instead = [&](const Sent& sent) -> std::optional<exchange::HttpResponse> {
    if (sent.label != "ItemOperations") return std::nullopt;
    // ItemOperations{Status 1, Response{Move{Status 156}}}
    exchange::HttpResponse response;
    response.status = 200;
    response.headers = {{"Content-Type", "application/vnd.ms-sync.wbxml"}};
    response.body = std::string(
        "\x03\x01\x6A\x00\x00\x14\x45\x4D\x03\x31\x00\x01\x4E\x56\x4D\x03\x31\x35\x36\x00\x01\x01\x01\x01", 24);
    return response;
  };
  CHECK(world.engine().changes(account).move_conversation(world.item(account), FolderId{}).ok());
  (void)world.sync(account);
  LONGS_EQUAL(5, count(world, account, "Inbox"));
  LONGS_EQUAL(1, world.requests("ItemOperations"));
  std::vector<World::Queued> queue = world.queue(account);
  LONGS_EQUAL(1, queue.size());
  CHECK(queue[0].parked);
  LONGS_EQUAL(156, queue[0].last.code % 1000);
}

TEST(ConversationMove, Before14ItIsRefused) {
  World world(with("12.1"));
  const AccountId account = talk(world);
  const auto refused = world.engine().changes(account).move_conversation(world.item(account), FolderId{});
  CHECK_FALSE(refused.ok());
  LONGS_EQUAL(static_cast<int>(EngineFault::kNotInVersion), refused.error().code);
  LONGS_EQUAL(5, count(world, account, "Inbox"));
}
