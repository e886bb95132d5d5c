/// What 2.5 does otherwise: bodies as text beside the other properties, the rest of one by Sync, files by
/// GetAttachment, the policy as a wap-provisioningdoc; and what it does not have is said at once.
#include <string>

#include "engine/sync/item_cases.h"
#include "engine/sync/mailbox_view.h"
#include "engine/sync/wire_view.h"
#include "exchange/item_view.h"
#include "exchange/mime.h"
#include "exchange/text.h"
#include "protocol/command.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;
using exchange::Item;
using exchange::Node;

namespace {

namespace as = wbxml::air_sync;
namespace mail = wbxml::email;

constexpr const char* kEmail = "demo@example.test";

exchange::Options old_server(int mails = 3, std::size_t body_bytes = 4'000) {
  exchange::Options options = of_version("2.5");
  options.mails = mails;
  options.body_bytes = body_bytes;
  return options;
}

struct Old : World {
  explicit Old(exchange::Options options = old_server(), AccountSettings settings = {}) : World(std::move(options)) {
    id = add(kEmail, "demo", settings);
    LONGS_EQUAL(0, error(id).code);
    LONGS_EQUAL(25, view(id).version);
  }
  ItemId first(std::string& server_id) {
    ItemId found{};
    for_each_item(id, "Inbox", [&](const ItemRow& row) {
      if (found != ItemId{}) return;
      found = row.id;
      server_id = row.server_id;
    });
    return found;
  }
  std::string text_there(const std::string& server_id) {
    const Item& item = *server().item(kEmail, server_id);
    const std::string native = exchange::native_body(item);
    return item.body_type == 2 ? exchange::html_to_text(native) : native;
  }
  AccountId id{};
};

}  // namespace

TEST_GROUP(Version25){};

TEST(Version25, BodiesAreTextAndComeWholeWhereTheLimitLetsThem) {
  AccountSettings settings;
  settings.body_bytes_max = UINT32_MAX;
  Old world(old_server(40), settings);
  LONGS_EQUAL(0, world.sync(world.id).code);
  std::size_t seen = 0, with_files = 0;
  world.for_each_item(world.id, "Inbox", [&](const ItemRow& row) {
    ++seen;
    with_files += row.attachments != 0;
    const Item& there = *world.server().item(kEmail, std::string(row.server_id));
    LONGS_EQUAL(there.attachments.size(), row.attachments);
    LONGS_EQUAL(1, row.body_type);
  });
  LONGS_EQUAL(40, seen);
  CHECK(with_files > 0);
  for (const auto& [server_id, ours] : handset_mails(world, world.id))
    STRCMP_EQUAL(world.text_there(server_id).c_str(), world.body(world.id, ours.id).c_str());
  STRCMP_EQUAL("", world.first_violation().c_str());
}

TEST(Version25, TheRestOfABodyComesBySyncAndTheNextKeyIsKept) {
  AccountSettings settings;
  settings.body_bytes_max = 600;  // Truncation 1: 512 bytes
  for (const char* fault : {"", "Sync@1:lose-answer", "Sync@1:cut:40", "Sync@1:http:503"}) {
    Old world(old_server(), settings);
    LONGS_EQUAL(0, world.sync(world.id).code);
    std::string server_id;
    const ItemId item = world.first(server_id);
    CHECK(world.body(world.id, item).size() <= 512);
    if (*fault != 0) world.server().fault(fault);
    CHECK(world.engine().fetch(world.id, item, world.now()).ok());
    CHECK(world.run_until_idle(world.id, 3'600'000));
    world.server().faults_off();
    if (world.error(world.id)) CHECK(world.engine().fetch(world.id, item, world.now()).ok());  // it said so
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, fault);
    STRCMP_EQUAL_TEXT(world.text_there(server_id).c_str(), world.body(world.id, item).c_str(), fault);
    LONGS_EQUAL(0, world.requests("ItemOperations"));
    // The key that came with it is the one that goes with what follows.
    world.server().deliver(kEmail, "later");
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, fault);
    LONGS_EQUAL(4, world.subjects(world.id).size());
    STRCMP_EQUAL_TEXT("", difference(world, world.id).c_str(), fault);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), fault);
  }
}

TEST(Version25, ABodyOfAMailThatHasGoneIsNotThere) {
  AccountSettings settings;
  settings.body_bytes_max = 600;
  Old world(old_server(), settings);
  LONGS_EQUAL(0, world.sync(world.id).code);
  std::string server_id;
  const ItemId item = world.first(server_id);
  world.server().remove(kEmail, 3);
  CHECK(world.engine().fetch(world.id, item, world.now()).ok());
  CHECK(world.run_until_idle(world.id, 3'600'000));
  CHECK(world.error(world.id) == protocol::eas_error(protocol::Command::kItemOperations, 6));
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(0, world.subjects(world.id).size());
  CHECK(world.engine().integrity(world.id).ok());
}

TEST(Version25, AKeyThatIsLostUnderAFetchIsFoundOutAtOnce) {
  AccountSettings settings;
  settings.body_bytes_max = 600;
  Old world(old_server(), settings);
  LONGS_EQUAL(0, world.sync(world.id).code);
  std::string server_id;
  const ItemId item = world.first(server_id);
  world.server().lose_sync_state(kEmail);
  CHECK(world.engine().fetch(world.id, item, world.now()).ok());
  CHECK(world.run_until_idle(world.id, 3'600'000));
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(3, world.subjects(world.id).size());
  STRCMP_EQUAL("", difference(world, world.id).c_str());
}

TEST(Version25, SaysWhatItDoesNotHave) {
  Old world;
  LONGS_EQUAL(0, world.sync(world.id).code);
  std::string server_id;
  const ItemId item = world.first(server_id);
  const int none = static_cast<int>(EngineFault::kNotInVersion);
  Changes& changes = world.engine().changes(world.id);
  LONGS_EQUAL(none, changes.mark(item, Mark::kFlag).error().code);
  LONGS_EQUAL(none, changes.categorize(item, "Travel", true).error().code);
  CHECK(changes.mark(item, Mark::kRead).ok());
  LONGS_EQUAL(0, world.sync(world.id).code);
  STRCMP_EQUAL("1", std::string(world.server().item(kEmail, server_id)->value(mail::kRead)).c_str());
  LONGS_EQUAL(0, world.requests("Settings"));
  STRCMP_EQUAL("", world.first_violation().c_str());
}

TEST(Version25, APolicyIsAskedForAcknowledgedAndInForce) {
  exchange::Options options = old_server();
  options.policy = exchange::default_policy();
  World world(options);
  const AccountId id = world.add(kEmail, "demo");
  LONGS_EQUAL(0, world.error(id).code);
  CHECK(world.view(id).policy_key != 0);
  LONGS_EQUAL(0, world.sync(id).code);
  LONGS_EQUAL(3, world.subjects(id).size());
  STRCMP_EQUAL("", world.first_violation().c_str());
}

TEST(Version25, AServerThatIsUpdatedIsFollowedWithoutLosingAnEdit) {
  Old world;
  LONGS_EQUAL(0, world.sync(world.id).code);
  std::string server_id;
  const ItemId item = world.first(server_id);
  CHECK(world.engine().changes(world.id).mark(item, Mark::kRead).ok());
  world.server().set_versions({"2.5", "16.1"});
  LONGS_EQUAL(0, world.sync(world.id).code);
  world.server().set_versions({"16.1"});
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(161, world.view(world.id).version);
  STRCMP_EQUAL("1", std::string(world.server().item(kEmail, server_id)->value(mail::kRead)).c_str());
  LONGS_EQUAL(3, world.subjects(world.id).size());
  STRCMP_EQUAL("", difference(world, world.id).c_str());
}
