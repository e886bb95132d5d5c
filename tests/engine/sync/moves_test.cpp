/// Deleting, moving and categories: at the server as here, whatever is lost on the way.
#include <algorithm>

#include "engine/sync/item_cases.h"
#include "engine/sync/mailbox_view.h"
#include "protocol/command.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;
using protocol::Command;
using protocol::eas_error;

namespace {

constexpr const char* kVersions[] = {"2.5", "12.1", "14.0", "14.1", "16.0", "16.1"};
constexpr const char* kEmail = "demo@example.test";

struct Synced : World {
  explicit Synced(const char* version = "16.1", int mails = 6) : World(options(mails, version)) {
    id = add(kEmail);
    LONGS_EQUAL(0, sync(id).code);
  }
  static exchange::Options options(int mails, const char* version) {
    exchange::Options options;
    options.versions = {version};
    options.mails = mails;
    options.body_bytes = 300;
    options.policy = std::nullopt;
    return options;
  }
  Changes& changes() { return engine().changes(id); }
  std::size_t count(const std::string& folder) {
    std::size_t found = 0;
    for_each_item(id, folder, [&](const ItemRow&) { ++found; });
    return found;
  }
  std::size_t at_server(const std::string& folder) {
    std::string server_id;
    for_each_folder(id, [&](const FolderRow& row) {
      if (row.name == folder) server_id = std::string(row.server_id);
    });
    std::size_t found = 0;
    for (const auto& [key, mail] : server_mails(server())) found += mail.folder == server_id;
    return found;
  }
  std::string categories(ItemId item) {
    std::string found;
    for_each_item(id, "Inbox", [&](const ItemRow& row) {
      if (row.id == item) found = row.categories;
    });
    return found;
  }
  /// `forgot`: the server lost its keys, and complains of old ones.
  void at_rest(bool forgot = false) {
    STRCMP_EQUAL("", difference(*this, id).c_str());
    CHECK(queue(id).empty());
    if (!forgot) STRCMP_EQUAL("", first_violation().c_str());
  }
  AccountId id{};
};

}  // namespace

TEST_GROUP(Moves){};

TEST(Moves, ADeletedMailGoesWhereDeletedMailsGoOrForGood) {
  for (const char* version : kVersions) {
    Synced world(version);
    CHECK(world.changes().remove(world.item(world.id), false).ok());
    LONGS_EQUAL(5, world.count("Inbox"));
    CHECK(world.changes().remove(world.item(world.id), true).ok());
    LONGS_EQUAL(4, world.count("Inbox"));
    LONGS_EQUAL(0, world.sync(world.id).code);
    LONGS_EQUAL(4, world.at_server("Inbox"));
    LONGS_EQUAL(1, world.at_server("Deleted Items"));
    LONGS_EQUAL(1, world.count("Deleted Items"));
    // There it goes for good, either way.
    CHECK(world.changes().remove(world.item(world.id, 0, "Deleted Items"), false).ok());
    LONGS_EQUAL(0, world.sync(world.id).code);
    LONGS_EQUAL(0, world.at_server("Deleted Items"));
    world.at_rest();
  }
}

TEST(Moves, AMailMovesAndKeepsItsId) {
  for (const char* version : kVersions) {
    Synced world(version);
    const ItemId item = world.item(world.id);
    const FolderId projects = world.folder_id(world.id, "Projects");
    CHECK(world.changes().mark(item, number_of(version) >= 120 ? Mark::kFlag : Mark::kRead).ok());
    CHECK(world.changes().move(item, projects).ok());
    CHECK(world.item(world.id, 0, "Projects") == item);
    LONGS_EQUAL(5, world.count("Inbox"));
    LONGS_EQUAL(0, world.sync(world.id).code);
    CHECK(world.item(world.id, 0, "Projects") == item);
    LONGS_EQUAL(1, world.at_server("Projects"));
    LONGS_EQUAL(1, world.requests("MoveItems"));
    world.at_rest();
  }
}

TEST(Moves, WhatIsDoneToAMailWhileItsMoveIsOnItsWayFollowsIt) {
  Synced world;
  const ItemId item = world.item(world.id);
  CHECK(world.changes().move(item, world.folder_id(world.id, "Projects")).ok());
  bool marked = false;
  world.on_request = [&](const Sent& sent) {
    if (sent.label != "MoveItems" || marked) return;
    marked = true;
    CHECK(world.changes().mark(item, Mark::kFlag).ok());
    CHECK(world.changes().categorize(item, "Travel", true).ok());
  };
  LONGS_EQUAL(0, world.sync(world.id).code);
  CHECK(marked);
  world.at_rest();
}

TEST(Moves, CategoriesReachTheServerAndComeBack) {
  for (const char* version : kVersions) {
    Synced world(version);
    const ItemId item = world.item(world.id);
    if (number_of(version) < 140) {
      LONGS_EQUAL(static_cast<int>(EngineFault::kNotInVersion),
                  world.changes().categorize(item, "Travel", true).error().code);
      continue;
    }
    CHECK(world.changes().categorize(item, "Travel", true).ok());
    CHECK(world.changes().categorize(item, "Größe & Maß", true).ok());
    LONGS_EQUAL(0, world.sync(world.id).code);
    world.at_rest();
    // Another phone sees them: what is asked from key 0 is what the server has.
    world.server().lose_sync_state(kEmail);
    LONGS_EQUAL(0, world.sync(world.id).code);
    STRCMP_EQUAL("Travel\x1FGröße & Maß", world.categories(item).c_str());
    CHECK(world.changes().categorize(item, "Travel", false).ok());
    CHECK(world.changes().categorize(item, "Größe & Maß", false).ok());
    LONGS_EQUAL(0, world.sync(world.id).code);
    world.server().lose_sync_state(kEmail);
    LONGS_EQUAL(0, world.sync(world.id).code);
    STRCMP_EQUAL("", world.categories(item).c_str());
    world.at_rest(true);
  }
}

TEST(Moves, InPushTheyGoOutAtOnce) {
  Synced world;
  CHECK(world.start_push(world.id));
  CHECK(world.changes().move(world.item(world.id), world.folder_id(world.id, "Projects")).ok());
  CHECK(world.changes().remove(world.item(world.id), false).ok());
  CHECK(world.run_until([&] { return world.queue(world.id).empty(); }, 60'000));
  world.run_for(60'000);
  world.at_rest();
}

TEST(Moves, ALostAnswerMovesAndDeletesOnceEachTime) {
  for (const char* version : kVersions) {
    for (const char* fault :
         {"MoveItems@1:lose-answer", "MoveItems@1:cut:5", "MoveItems@1:http:503", "Sync@1:lose-answer",
          "Sync@2:lose-answer", "Sync@3:lose-answer", "MoveItems@1:status:111"}) {
      Synced world(version);
      world.server().fault(fault);
      CHECK(world.changes().move(world.item(world.id, 0), world.folder_id(world.id, "Projects")).ok());
      CHECK(world.changes().move(world.item(world.id, 0), world.folder_id(world.id, "Projects")).ok());
      CHECK(world.changes().remove(world.item(world.id, 0), false).ok());
      for (int i = 0; i < 3 && !world.queue(world.id).empty(); ++i) (void)world.sync(world.id);
      LONGS_EQUAL_TEXT(0, world.sync(world.id).code, fault);
      LONGS_EQUAL_TEXT(3, world.at_server("Inbox"), fault);
      LONGS_EQUAL_TEXT(2, world.at_server("Projects"), fault);
      LONGS_EQUAL_TEXT(1, world.at_server("Deleted Items"), fault);
      STRCMP_EQUAL_TEXT("", difference(world, world.id).c_str(), fault);
      CHECK_TEXT(world.queue(world.id).empty(), fault);
    }
  }
}

TEST(Moves, APowerCutAtEveryRequestLosesNothing) {
  for (int cut = 0; cut < 12; ++cut) {
    for (bool served : {false, true}) {
      Synced world;
      CHECK(world.changes().move(world.item(world.id, 0), world.folder_id(world.id, "Projects")).ok());
      CHECK(world.changes().mark(world.item(world.id, 0), Mark::kFlag).ok());
      CHECK(world.changes().remove(world.item(world.id, 1), true).ok());
      int seen = 0;
      auto act = [&](const Sent&) {
        if (seen++ == cut) world.power_off();
      };
      if (served) {
        world.on_served = act;
      } else {
        world.on_request = act;
      }
      (void)world.sync(world.id);
      world.on_served = world.on_request = nullptr;
      if (world.off()) world.power_on();
      LONGS_EQUAL(0, world.sync(world.id).code);
      LONGS_EQUAL(4, world.at_server("Inbox"));
      LONGS_EQUAL(1, world.at_server("Projects"));
      LONGS_EQUAL(0, world.at_server("Deleted Items"));
      world.at_rest();
    }
  }
}

TEST(Moves, AnItemThatCannotBeMovedIsBackAndListed) {
  Synced world;
  const ItemId item = world.item(world.id);
  world.server().fault("MoveItems:status:5");
  world.instead = [&](const Sent& sent) -> std::optional<exchange::HttpResponse> {
    if (sent.label != "MoveItems") return std::nullopt;
    std::string server_id;
    for (const auto& [key, mail] : handset_mails(world, world.id))
      if (mail.id == item) server_id = key;
    exchange::Node answer(wbxml::move::kMoveItems);
    exchange::Node& response = answer.add(wbxml::move::kResponse);
    response.add(wbxml::move::kSrcMsgId, server_id);
    response.add(wbxml::move::kStatus, 5);
    exchange::HttpResponse http;
    http.set("Content-Type", "application/vnd.ms-sync.wbxml");
    http.body = exchange::to_wbxml(answer);
    return http;
  };
  CHECK(world.changes().move(item, world.folder_id(world.id, "Projects")).ok());
  for (int i = 0; i < 4; ++i) (void)world.sync(world.id);
  const auto queue = world.queue(world.id);
  LONGS_EQUAL(1, queue.size());
  CHECK(queue[0].parked);
  LONGS_EQUAL(eas_error(Command::kMoveItems, 5).code, queue[0].last.code);
  LONGS_EQUAL(6, world.count("Inbox"));
  LONGS_EQUAL(3, world.requests("MoveItems"));
  world.instead = nullptr;
  world.server().faults_off();
  CHECK(world.changes().retry(ChangeId{queue[0].id}).ok());
  LONGS_EQUAL(0, world.sync(world.id).code);
  CHECK(world.item(world.id, 0, "Projects") == item);
  world.at_rest();
}

TEST(Moves, WhatIsRefusedForEverEndsASyncAndIsParked) {
  for (const char* what : {"http:500", "http:404", "html", "status:111", "status:142", "status:1", "status:2",
                           "status:4", "status:5", "status:7", "no-id"}) {
    Synced world;
    const std::string fault = std::string("MoveItems:") + what;
    if (fault != "MoveItems:no-id") {
      world.server().fault(fault);
    } else {
      world.instead = [](const Sent& sent) -> std::optional<exchange::HttpResponse> {
        if (sent.label != "MoveItems") return std::nullopt;
        exchange::Node answer(wbxml::move::kMoveItems);
        answer.add(wbxml::move::kResponse).add(wbxml::move::kStatus, 5);
        exchange::HttpResponse http;
        http.set("Content-Type", "application/vnd.ms-sync.wbxml");
        http.body = exchange::to_wbxml(answer);
        return http;
      };
    }
    const ItemId item = world.item(world.id);
    CHECK(world.changes().move(item, world.folder_id(world.id, "Projects")).ok());
    const std::size_t all = world.sent.size();
    CHECK_TEXT(world.sync(world.id, 60'000).code != 999, fault.c_str());
    auto queue = world.queue(world.id);
    LONGS_EQUAL_TEXT(1, queue.size(), fault.c_str());
    CHECK_TEXT(queue[0].tries > 0, fault.c_str());
    CHECK_TEXT(failed(queue[0].last), fault.c_str());
    for (int i = 0; i < 3; ++i) CHECK_TEXT(world.sync(world.id, 60'000).code != 999, fault.c_str());
    queue = world.queue(world.id);
    LONGS_EQUAL_TEXT(1, queue.size(), fault.c_str());
    CHECK_TEXT(queue[0].parked, fault.c_str());
    LONGS_EQUAL_TEXT(world.requests("MoveItems"), queue[0].tries, fault.c_str());
    CHECK_TEXT(queue[0].tries <= 3, fault.c_str());
    CHECK_TEXT(world.sent.size() - all < 60, fault.c_str());
    LONGS_EQUAL_TEXT(6, world.count("Inbox"), fault.c_str());
    world.instead = nullptr;
    world.server().faults_off();
    CHECK(world.changes().retry(ChangeId{queue[0].id}).ok());
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, fault.c_str());
    CHECK_TEXT(world.item(world.id, 0, "Projects") == item, fault.c_str());
    world.at_rest();
  }
}

TEST(Moves, OneThatTheServerCannotTakeDoesNotHoldUpTheOthers) {
  Synced world;
  std::string bad;
  for (const auto& [key, mail] : handset_mails(world, world.id))
    if (mail.id == world.item(world.id, 1)) bad = key;
  world.instead = [&](const Sent& sent) -> std::optional<exchange::HttpResponse> {
    if (sent.label != "MoveItems" || sent.body.find(bad) == std::string::npos) return std::nullopt;
    exchange::HttpResponse http;
    http.status = 500;
    return http;
  };
  const FolderId projects = world.folder_id(world.id, "Projects");
  const ItemId first = world.item(world.id, 0), second = world.item(world.id, 1), third = world.item(world.id, 2);
  for (ItemId item : {first, second, third}) CHECK(world.changes().move(item, projects).ok());
  for (int i = 0; i < 4; ++i) CHECK(world.sync(world.id, 60'000).code != 999);
  LONGS_EQUAL(2, world.at_server("Projects"));
  const auto queue = world.queue(world.id);
  LONGS_EQUAL(1, queue.size());
  CHECK(queue[0].parked);
  CHECK(queue[0].item == second);
}
