// The recipient information cache: it comes with the other folders from 14.0 on, follows what is sent, and is changed
// by nobody here.
#include <algorithm>
#include <string>
#include <vector>

#include "engine/sync/world.h"
#include "wbxml/code_pages.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;

namespace {

constexpr const char* kEmail = "demo@example.test";

exchange::Options with(const char* version) {
  exchange::Options options;
  options.versions = {version};
  options.mails = 2;
  options.contacts = 1;
  options.policy = mild_policy();
  return options;
}

std::vector<std::string> complete(World& world, AccountId account, Text typed) {
  std::vector<std::string> found;
  world.with_reader(account, [&](Reader& reader) {
    World::rows<PersonRow>(open_people(reader, world_memory, typed), [&](const PersonRow& row) {
      found.push_back(std::string(row.name) + " " + std::string(row.address) + (row.recent ? " *" : ""));
    });
  });
  return found;
}

void send(World& world, AccountId account, Text to) {
  Changes& changes = world.engine().changes(account);
  MessageHead head;
  head.to = to;
  head.subject = "Hello";
  CHECK(changes.compose(head).ok());
  CHECK(changes.part({MessagePart::Kind::kText, {}, {}}).ok());
  CHECK(changes.data(bytes_of("Hi")).ok());
  CHECK(changes.send().ok());
}

}  // namespace

TEST_GROUP(Recipients){};

TEST(Recipients, TheyFollowWhatIsSentByRank) {
  for (const char* version : {"14.0", "14.1", "16.1"}) {
    World world(with(version));
    const AccountId account = world.add();
    CHECK_FALSE(failed(world.sync(account)));
    LONGS_EQUAL(0, complete(world, account, "zo").size());
    send(world, account, "Zoë Quill <zoe@example.org>");
    send(world, account, "zora@example.org, Zoë Quill <ZOE@example.org>");
    CHECK_FALSE(failed(world.sync(account)));
    CHECK_FALSE(failed(world.sync(account)));
    const std::vector<std::string> found = complete(world, account, "zo");
    LONGS_EQUAL(2, found.size());
    STRCMP_EQUAL("Zoë Quill zoe@example.org *", found[0].c_str());
    STRCMP_EQUAL("zora@example.org zora@example.org *", found[1].c_str());
    for (int i = 0; i < 2; ++i) send(world, account, "zora@example.org");
    CHECK_FALSE(failed(world.sync(account)));
    CHECK_FALSE(failed(world.sync(account)));
    STRCMP_EQUAL("zora@example.org zora@example.org *", complete(world, account, "ZO")[0].c_str());
    STRCMP_EQUAL("", world.first_violation().c_str());
  }
}

TEST(Recipients, Before14TheContactsAreLeft) {
  World world(with("12.1"));
  const AccountId account = world.add();
  send(world, account, "zoe@example.org");
  CHECK_FALSE(failed(world.sync(account)));
  LONGS_EQUAL(0, complete(world, account, "zo").size());
  LONGS_EQUAL(1, complete(world, account, "").size());
  LONGS_EQUAL(0, static_cast<int>(world.folder_id(account, "RecipientInfo")));
  STRCMP_EQUAL("", world.first_violation().c_str());
}

TEST(Recipients, APingDoesNotWatchThemAndNobodyChangesThem) {
  World world(with("16.1"));
  const AccountId account = world.add();
  send(world, account, "zoe@example.org");
  CHECK_FALSE(failed(world.sync(account)));
  CHECK_FALSE(failed(world.sync(account)));
  const FolderId folder = world.folder_id(account, "RecipientInfo");
  const ItemId entry = world.item(account, 0, "RecipientInfo");
  CHECK(folder != FolderId{} && entry != ItemId{});
  Changes& changes = world.engine().changes(account);
  LONGS_EQUAL(-14, changes.remove(entry, true).error().code);
  LONGS_EQUAL(-14, changes.move(entry, world.folder_id(account, "Contacts")).error().code);
  LONGS_EQUAL(-14, changes.mark(entry, Mark::kFlag).error().code);
  const PropertyEdit edit{wbxml::contacts::kFileAs, bytes_of("Z"), true};
  LONGS_EQUAL(-14, changes.edit_item(entry, {&edit, 1}).error().code);
  LONGS_EQUAL(-14, changes.add_item(folder, {&edit, 1}).error().code);
  LONGS_EQUAL(-14, world.engine().empty_folder(account, folder, false, world.now()).error().code);
  CHECK_FALSE(changes.move(world.item(account), folder).ok());
  std::string ping;
  world.on_request = [&](const Sent& sent) {
    if (sent.label == "Ping") ping = sent.body;
  };
  CHECK(world.start_push(account));
  CHECK(ping.size() > 20);
  CHECK(ping.find("RI") == std::string::npos);
  STRCMP_EQUAL("", world.first_violation().c_str());
  CHECK(world.server().contents(kEmail).find("RI:") == std::string::npos);
}
