/// Folders that the user makes, renames and deletes: each once, whatever is lost on the way, also offline and over a
/// restart.
#include <algorithm>

#include "engine/sync/mailbox_view.h"
#include "engine/sync/wire_view.h"
#include "protocol/command.h"
#include "replica/store.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;
using protocol::Command;

namespace {

constexpr const char* kEmail = "demo@example.test";

struct Cabinet : World {
  explicit Cabinet(const char* version = "16.1") : World(options(version)) {
    id = add(kEmail);
    LONGS_EQUAL(0, sync(id).code);
  }
  static exchange::Options options(const char* version) {
    exchange::Options options;
    options.users = {{kEmail, "demo"}};
    options.versions = {version};
    options.mails = 3;
    options.body_bytes = 300;
    options.policy = std::nullopt;
    return options;
  }
  Error wish(FolderWish::What what, FolderId folder, const char* name = "", FolderType type = FolderType::kUserMail) {
    return engine().change_folder(id, {what, folder, name, type}, now()).error();
  }
  Error create(const char* name, FolderId in = {}, FolderType type = FolderType::kUserMail) {
    return wish(FolderWish::What::kCreate, in, name, type);
  }
  Error rename(FolderId folder, const char* name) { return wish(FolderWish::What::kRename, folder, name); }
  Error remove_folder(FolderId folder) { return wish(FolderWish::What::kDelete, folder); }
  FolderId folder(const char* name) { return folder_id(id, name); }
  long named(const char* name) {
    long count = 0;
    for_each_folder(id, [&](const FolderRow& row) { count += row.name == name; });
    return count;
  }
  AccountId id{};
};

}  // namespace

TEST_GROUP(FolderChanges){};

#if !defined(HANDSYNC_SMALL)  // small builds leave folder changes out

TEST(FolderChanges, MadeRenamedDeleted) {
  for (const char* version : {"2.5", "12.0", "14.1", "16.1"}) {
    Cabinet world(version);
    CHECK_FALSE(failed(world.create("Plans")));
    CHECK_FALSE(failed(world.create("Trips", {}, FolderType::kUserCalendar)));
    LONGS_EQUAL(2, world.queue(world.id).size());
    STRCMP_EQUAL("create folder", world.queue(world.id)[0].what.c_str());
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    LONGS_EQUAL(0, world.queue(world.id).size());
    LONGS_EQUAL(1, world.named("Plans"));
    LONGS_EQUAL(1, world.named("Trips"));
    CHECK_FALSE(failed(world.create("Inner", world.folder("Plans"))));
    CHECK_FALSE(failed(world.rename(world.folder("Trips"), "Journeys")));
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    LONGS_EQUAL(1, world.named("Inner"));
    LONGS_EQUAL(1, world.named("Journeys"));
    LONGS_EQUAL(0, world.named("Trips"));
    CHECK_FALSE(failed(world.remove_folder(world.folder("Plans"))));
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    LONGS_EQUAL(0, world.named("Plans"));
    LONGS_EQUAL(0, world.named("Inner"));  // what was below it goes too
    LONGS_EQUAL(5, world.view(world.id).sent);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
  }
}

TEST(FolderChanges, ALostAnswerIsNotFollowedByASecondOne) {
  for (const char* fault : {"lose-answer", "cut:5", "http:503", "html", "garbage"}) {
    Cabinet world;
    CHECK_FALSE(failed(world.create("Once")));
    world.server().fault((std::string("FolderCreate@1:") + fault).c_str());
    static_cast<void>(world.sync(world.id));
    world.run_for(120'000);
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, fault);
    LONGS_EQUAL_TEXT(1, world.named("Once"), fault);
    LONGS_EQUAL_TEXT(0, world.queue(world.id).size(), fault);
    world.server().fault((std::string("FolderUpdate@1:") + fault).c_str());
    CHECK_FALSE(failed(world.rename(world.folder("Once"), "Twice")));
    static_cast<void>(world.sync(world.id));
    world.run_for(120'000);
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, fault);
    LONGS_EQUAL_TEXT(1, world.named("Twice"), fault);
    world.server().fault((std::string("FolderDelete@1:") + fault).c_str());
    CHECK_FALSE(failed(world.remove_folder(world.folder("Twice"))));
    static_cast<void>(world.sync(world.id));
    world.run_for(120'000);
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, fault);
    LONGS_EQUAL_TEXT(0, world.named("Twice"), fault);
    LONGS_EQUAL_TEXT(0, world.queue(world.id).size(), fault);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), fault);
  }
}

TEST(FolderChanges, OfflineAndOverARestart) {
  Cabinet world;
  world.online = false;
  CHECK_FALSE(failed(world.create("Later")));
  CHECK(failed(world.sync(world.id)));
  world.restart();
  LONGS_EQUAL(1, world.queue(world.id).size());
  world.online = true;
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(1, world.named("Later"));
  // The power goes while the request is on its way.
  CHECK_FALSE(failed(world.create("Power")));
  world.on_served = [&](const Sent& one) {
    if (one.label == "FolderCreate") world.power_off();
  };
  static_cast<void>(world.sync(world.id));
  world.on_served = nullptr;
  world.power_on();
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(1, world.named("Power"));
  LONGS_EQUAL(0, world.queue(world.id).size());
  STRCMP_EQUAL("", world.first_violation().c_str());
}

TEST(FolderChanges, WhatCannotBeIsRefusedBeforeItIsQueued) {
  Cabinet world;
  const auto fault = [](std::int32_t code) { return code; };
  LONGS_EQUAL(fault(replica::kFolderExists), world.create("inbox").code);
  LONGS_EQUAL(fault(replica::kBadFolderName), world.create("").code);
  LONGS_EQUAL(fault(replica::kBadFolderName), world.create("a\nb").code);
  LONGS_EQUAL(fault(replica::kDefaultFolder), world.create("x", {}, FolderType::kInbox).code);
  LONGS_EQUAL(fault(replica::kNoSuchFolder), world.create("x", FolderId{999}).code);
  LONGS_EQUAL(fault(replica::kDefaultFolder), world.rename(world.folder("Inbox"), "x").code);
  LONGS_EQUAL(fault(replica::kDefaultFolder), world.remove_folder(world.folder("Inbox")).code);
  LONGS_EQUAL(fault(replica::kNoSuchFolder), world.remove_folder(FolderId{999}).code);
  LONGS_EQUAL(0, world.queue(world.id).size());
}

TEST(FolderChanges, RefusalsAreParkedAndTriedAgain) {
  struct Case {
    const char* fault;
    int requests;  // 0: done in the end
  };
  for (const Case& one :
       {Case{"FolderCreate@1:status:2", 1}, Case{"FolderCreate@1:status:3", 1}, Case{"FolderCreate@1:status:10", 1},
        Case{"FolderCreate:status:5", 3}, Case{"FolderCreate@1:status:6", 0}, Case{"FolderCreate@1:status:9", 0},
        Case{"FolderCreate@1:status:11", 0}, Case{"FolderCreate@1:status:111", 0}}) {
    Cabinet world;
    CHECK_FALSE(failed(world.create("New")));
    world.server().fault(one.fault);
    static_cast<void>(world.sync(world.id));
    world.run_for(120'000);
    static_cast<void>(world.sync(world.id));
    const auto queue = world.queue(world.id);
    if (one.requests == 0) {
      LONGS_EQUAL_TEXT(0, queue.size(), one.fault);
      LONGS_EQUAL_TEXT(1, world.named("New"), one.fault);
      continue;
    }
    LONGS_EQUAL_TEXT(one.requests, world.requests("FolderCreate"), one.fault);
    LONGS_EQUAL_TEXT(1, queue.size(), one.fault);
    CHECK_TEXT(queue[0].parked, one.fault);
    world.server().faults_off();
    CHECK(world.engine().changes(world.id).retry(ChangeId{queue[0].id}).ok());
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, one.fault);
    LONGS_EQUAL_TEXT(1, world.named("New"), one.fault);
  }
  Cabinet world;
  CHECK_FALSE(failed(world.create("New")));
  CHECK(world.engine().changes(world.id).drop(ChangeId{world.queue(world.id)[0].id}).ok());
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(0, world.named("New"));
}

TEST(FolderChanges, WhatIsRefusedForEverEndsASyncAndIsParked) {
  for (const char* what :
       {"http:500", "http:404", "http:503", "html", "garbage", "status:111", "status:142", "status:6", "status:11"}) {
    for (const char* command : {"FolderCreate", "FolderUpdate", "FolderDelete"}) {
      Cabinet world;
      CHECK_FALSE(failed(world.create("Old")));
      LONGS_EQUAL(0, world.sync(world.id).code);
      const std::string fault = std::string(command) + ":" + what;
      const bool create = fault.starts_with("FolderCreate"), rename = fault.starts_with("FolderUpdate");
      const Error wished = create   ? world.create("New")
                           : rename ? world.rename(world.folder("Old"), "New")
                                    : world.remove_folder(world.folder("Old"));
      CHECK_FALSE(failed(wished));
      const std::size_t before = world.requests(command), all = world.sent.size();
      world.server().fault(fault);
      // A minute is more than a person waits, and more than three tries take.
      CHECK_TEXT(world.sync(world.id, 60'000).code != 999, fault.c_str());
      auto queue = world.queue(world.id);
      if (queue.size() == 1) {
        CHECK_TEXT(queue[0].tries > 0, fault.c_str());
        CHECK_TEXT(failed(queue[0].last), fault.c_str());
      }
      for (int i = 0; i < 3; ++i) CHECK_TEXT(world.sync(world.id, 60'000).code != 999, fault.c_str());
      LONGS_EQUAL_TEXT(3, world.requests(command) - before, fault.c_str());
      CHECK_TEXT(world.sent.size() - all < 60, fault.c_str());
      queue = world.queue(world.id);
      LONGS_EQUAL_TEXT(1, queue.size(), fault.c_str());
      CHECK_TEXT(queue[0].parked, fault.c_str());
      LONGS_EQUAL_TEXT(3, queue[0].tries, fault.c_str());
      CHECK_TEXT(failed(queue[0].last), fault.c_str());
      world.server().faults_off();
      CHECK(world.engine().changes(world.id).retry(ChangeId{queue[0].id}).ok());
      LONGS_EQUAL_TEXT(0, world.sync(world.id).code, fault.c_str());
      LONGS_EQUAL_TEXT(create || rename ? 1 : 0, world.named("New"), fault.c_str());
      LONGS_EQUAL_TEXT(create ? 1 : 0, world.named("Old"), fault.c_str());
    }
  }
}

#endif

TEST(FolderChanges, AFolderIsEmptied) {
  for (const char* version : {"12.0", "16.1"}) {
    Cabinet world(version);
    const auto empty = [&] {
      world.idle[world.id] = 0;
      CHECK(world.engine().empty_folder(world.id, world.folder("Inbox"), false, world.now()).ok());
      CHECK(world.run_until_idle(world.id, 3600'000));
      return world.error(world.id);
    };
    LONGS_EQUAL(3, world.subjects(world.id).size());
    world.server().fault("ItemOperations@1:status:3");
    CHECK(empty() == protocol::eas_error(Command::kItemOperations, 3));
    world.server().faults_off();
    LONGS_EQUAL(3, world.subjects(world.id).size());
    LONGS_EQUAL(0, world.sync(world.id).code);
    // A lost answer: the folder shows what became of it, and nothing is asked for twice.
    const std::size_t before = world.requests("ItemOperations");
    world.server().fault("ItemOperations@1:lose-answer");
    static_cast<void>(empty());
    world.server().faults_off();
    LONGS_EQUAL(before + 1, world.requests("ItemOperations"));
    LONGS_EQUAL(0, world.sync(world.id).code);
    LONGS_EQUAL(0, world.subjects(world.id).size());
    world.server().deliver(kEmail, "Another");
    LONGS_EQUAL(0, world.sync(world.id).code);
    LONGS_EQUAL(0, empty().code);
    LONGS_EQUAL(0, world.subjects(world.id).size());
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
  }
}
