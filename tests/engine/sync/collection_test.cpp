/// Sync of mail both ways: what changes there is seen here, what is marked here is seen there, and nothing in between
/// is lost.
#include <algorithm>
#include <set>

#include "engine/sync/mailbox_view.h"
#include "engine/sync/wire_view.h"
#include "exchange/mailbox.h"
#include "protocol/command.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;
using protocol::Command;
using protocol::eas_error;

namespace {

constexpr const char* kVersions[] = {"12.0", "12.1", "14.0", "14.1", "16.0", "16.1"};
constexpr const char* kEmail = "demo@example.test";

exchange::Options with(int mails, const char* version = "16.1") {
  exchange::Options options;
  options.versions = {version};
  options.mails = mails;
  options.body_bytes = 300;
  options.policy = std::nullopt;
  return options;
}

/// A world with an account that has synced everything.
struct Synced : World {
  explicit Synced(exchange::Options options, AccountSettings settings = {}) : World(std::move(options)) {
    id = add(kEmail, "demo", settings);
    LONGS_EQUAL(0, error(id).code);
    LONGS_EQUAL(0, sync(id).code);
    STRCMP_EQUAL("", difference(*this, id).c_str());
  }
  /// Only the Inbox: fewer requests where a test makes thousands.
  void only_inbox() {
    std::vector<FolderId> others;
    for_each_folder(id, [&](const FolderRow& row) {
      if (row.supported && row.selected && row.name != "Inbox") others.push_back(row.id);
    });
    for (FolderId folder : others) CHECK(engine().changes(id).select(folder, false).ok());
  }
  std::string server_id(ItemId item) {
    for (const auto& [key, mail] : handset_mails(*this, id))
      if (mail.id == item) return key;
    return {};
  }
  void mark(ItemId item, Mark mark) { CHECK(engine().changes(id).mark(item, mark).ok()); }
  /// The other of what is there.
  void toggle(ItemId item) {
    bool read = false;
    for_each_item(id, "Inbox", [&](const ItemRow& row) {
      if (row.id == item) read = row.read;
    });
    mark(item, read ? Mark::kUnread : Mark::kRead);
  }
  AccountId id{};
};

}  // namespace

TEST_GROUP(Collection){};

TEST(Collection, WhatChangesAtTheServerIsSeenByTheNextSync) {
  for (const char* version : kVersions) {
    Synced world(with(40, version));
    for (int round = 0; round < 4; ++round) {
      world.server().edit(kEmail, 6);
      world.server().remove(kEmail, 3);
      world.server().deliver(kEmail, "New " + std::to_string(round));
      CHECK_TEXT(difference(world, world.id) != "", version);
      LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
      STRCMP_EQUAL_TEXT("", difference(world, world.id).c_str(), version);
    }
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
  }
}

TEST(Collection, EveryMarkReachesTheServer) {
  for (const char* version : kVersions) {
    Synced world(with(5, version));
    ItemId item = world.item(world.id);
    std::string id = world.server_id(item);
    struct Row {
      Mark mark;
      bool read;
      const char* flag;
    };
    for (Row row : {Row{Mark::kRead, true, ""}, Row{Mark::kUnread, false, ""}, Row{Mark::kFlag, false, "2"},
                    Row{Mark::kRead, true, "2"}, Row{Mark::kDone, true, "1"}, Row{Mark::kFlag, true, "2"},
                    Row{Mark::kUnflag, true, ""}}) {
      world.mark(item, row.mark);
      LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
      CHECK_EQUAL_TEXT(row.read, server_mails(world.server())[id].read, version);
      std::string flag = server_flag(world.server(), id);
      STRCMP_EQUAL_TEXT(row.flag, flag == "0" ? "" : flag.c_str(), version);
      STRCMP_EQUAL_TEXT("", difference(world, world.id).c_str(), version);
      CHECK_TEXT(world.queue(world.id).empty(), version);
    }
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
  }
}

TEST(Collection, AFlagKeepsWhatItHasBesideItsStatus) {
  namespace em = wbxml::email;
  namespace tsk = wbxml::tasks;
  for (const char* version : kVersions) {
    Synced world(with(3, version));
    const ItemId item = world.item(world.id);
    const std::string id = world.server_id(item);
    exchange::Node flag(em::kFlag);
    flag.add(em::kStatus, 2);
    flag.add(em::kFlagType, "Zur Nachverfolgung");
    flag.add(tsk::kSubject, "Anrufen & fragen");
    const char* const day = "2026-02-03T00:00:00.000Z";
    for (const auto tag : {tsk::kStartDate, tsk::kUtcStartDate, tsk::kDueDate, tsk::kUtcDueDate}) flag.add(tag, day);
    flag.add(tsk::kReminderSet, 1);
    flag.add(tsk::kReminderTime, "2026-02-02T08:00:00.000Z");
    flag.add(tsk::kOrdinalDate, "2026-02-01T08:00:00.000Z");
    flag.add(tsk::kSubOrdinalDate, "5555");
    world.server().change(kEmail, id, [&](exchange::Item& there) { there.set(flag); });
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    // Without the status and what says when it was done, in any order.
    const auto rest = [](const exchange::Node& of) {
      std::set<std::string> all;
      for (const exchange::Node& child : of.children)
        if (child.tag != em::kStatus && child.tag != em::kCompleteTime && child.tag != tsk::kDateCompleted)
          all.insert(exchange::to_xml(child));
      return all;
    };
    const auto there = [&] {
      for (const exchange::Node& property : world.server().item(kEmail, id)->properties)
        if (property.tag == em::kFlag) return property;
      return exchange::Node(em::kFlag);
    };
    for (const Mark mark : {Mark::kDone, Mark::kFlag, Mark::kDone}) {
      world.mark(item, mark);
      if (mark == Mark::kFlag) {  // the same again after a lost answer
        world.server().fault("Sync@1:lose-answer");
        static_cast<void>(world.sync(world.id));
        world.server().faults_off();
      }
      LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
      CHECK_TEXT(rest(there()) == rest(flag), exchange::to_xml(there()).c_str());
      CHECK_EQUAL_TEXT(mark == Mark::kDone, there().has(tsk::kDateCompleted), version);
    }
    // A flag that was cleared is a new one.
    world.mark(item, Mark::kUnflag);
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    world.mark(item, Mark::kFlag);
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    LONGS_EQUAL_TEXT(2, there().children.size(), version);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
  }
}

TEST(Collection, AMarkShowsAtOnceAndWaitsWithoutANetwork) {
  Synced world(with(5));
  ItemId item = world.item(world.id);
  world.online = false;
  world.toggle(item);
  world.mark(item, Mark::kFlag);
  bool flagged = false, edited = false;
  world.for_each_item(world.id, "Inbox", [&](const ItemRow& row) {
    if (row.id == item) flagged = row.flagged, edited = row.edited_here;
  });
  CHECK(flagged);
  CHECK(edited);
  CHECK(failed(world.sync(world.id)));
  LONGS_EQUAL(2, world.queue(world.id).size());
  world.online = true;
  LONGS_EQUAL(0, world.sync(world.id).code);
  STRCMP_EQUAL("", difference(world, world.id).c_str());
  LONGS_EQUAL(0, world.queue(world.id).size());
}

TEST(Collection, ManyMarksGoInSeveralRequests) {
  Synced world(with(130));
  std::size_t before = world.sent.size();
  world.for_each_item(world.id, "Inbox",
                      [&](const ItemRow& row) { world.mark(row.id, row.read ? Mark::kUnread : Mark::kRead); });
  LONGS_EQUAL(0, world.sync(world.id).code);
  std::size_t requests = 0;
  for (const SyncView& sync : syncs_since(world, before)) {
    requests += sync.command_count != 0;
    CHECK(sync.command_count <= 50);
  }
  LONGS_EQUAL(3, requests);
  STRCMP_EQUAL("", difference(world, world.id).c_str());
  LONGS_EQUAL(130, world.view(world.id).sent);
}

TEST(Collection, AnEditMadeWhileAnyPieceOfAnAnswerArrivesIsKeptAndSent) {
  std::size_t pieces = 0;
  auto run = [&](std::size_t at) {
    Synced world(with(8));
    ItemId item = world.item(world.id, 2);
    std::string id = world.server_id(item);
    bool wanted = !server_mails(world.server())[id].read;
    world.server().edit(kEmail, 4);
    world.server().deliver(kEmail);
    world.piece_bytes = 40;
    pieces = 0;
    world.on_piece = [&](const Sent& sent, std::size_t) {
      if (sent.label == "Sync" && pieces++ == at) world.toggle(item);
    };
    LONGS_EQUAL(0, world.sync(world.id).code);
    world.on_piece = nullptr;
    LONGS_EQUAL(0, world.sync(world.id).code);  // at the latest now
    CHECK(world.queue(world.id).empty());
    STRCMP_EQUAL("", difference(world, world.id).c_str());
    STRCMP_EQUAL("", world.first_violation().c_str());
    return std::pair(wanted, server_mails(world.server())[id].read);
  };
  run(SIZE_MAX);
  std::size_t all = pieces;
  CHECK(all > 20);
  int applied = 0;
  for (std::size_t at = 0; at < all; ++at) {
    auto [wanted, is] = run(at);
    applied += wanted == is;
  }
  // The server may have toggled this very item: then the last word is one of the two. Else it is ours.
  CHECK(applied == int(all));
}

TEST(Collection, ALostAnswerIsAskedForAgainWithTheSameKeyAndTheSameCommands) {
  for (const char* version : kVersions) {
    for (const char* how : {"lose-answer", "cut:0", "cut:7", "cut:30"}) {
      Synced world(with(6, version));
      ItemId item = world.item(world.id);
      world.toggle(item);
      world.mark(item, Mark::kFlag);
      world.toggle(world.item(world.id, 1));
      world.server().deliver(kEmail, "Meanwhile");
      std::size_t before = world.sent.size();
      int lost = 0;
      world.on_answer = [&](const Sent& sent, exchange::HttpResponse& answer) {
        if (sent.label != "Sync" || sync_view(sent).command_count == 0 || lost == 3) return;
        ++lost;
        if (std::string(how) == "lose-answer")
          answer.transport.lose = true;
        else
          answer.transport.cut_after_bytes = std::stoul(std::string(how).substr(4));
        CHECK_TEXT(answer.body.size() > 30, how);
        // What is edited now waits for its own request.
        if (lost == 2) world.toggle(world.item(world.id, 2));
      };
      LONGS_EQUAL_TEXT(0, world.sync(world.id).code, how);
      LONGS_EQUAL(3, lost);
      std::vector<SyncView> with_commands;
      for (const SyncView& sync : syncs_since(world, before))
        if (sync.command_count) with_commands.push_back(sync);
      CHECK_TEXT(with_commands.size() == 5, how);
      for (int i = 1; i < 4; ++i) {
        STRCMP_EQUAL_TEXT(with_commands[0].key.c_str(), with_commands[static_cast<std::size_t>(i)].key.c_str(), how);
        CHECK_TEXT(with_commands[0].commands == with_commands[static_cast<std::size_t>(i)].commands, how);
      }
      LONGS_EQUAL(1, with_commands[4].command_count);
      STRCMP_EQUAL_TEXT("", difference(world, world.id).c_str(), how);
      STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), how);
      CHECK(world.queue(world.id).empty());
    }
  }
}

TEST(Collection, AnAnswerCutAtAnyByteLosesAndDoublesNothing) {
  for (const char* version : {"12.1", "16.1"}) {
    exchange::Options options = with(3, version);
    options.body_bytes = 40;
    Synced world(options);
    world.only_inbox();
    world.piece_bytes = 64;
    std::size_t longest = 0, cut = 0;
    bool armed = false, with_commands = false;
    world.on_answer = [&](const Sent& sent, exchange::HttpResponse& answer) {
      if (sent.label != "Sync" || !armed) return;
      if ((sync_view(sent).command_count != 0) != with_commands || answer.body.empty()) return;
      longest = std::max(longest, answer.body.size());
      armed = false;
      answer.transport.cut_after_bytes = cut;
    };
    std::size_t points = 0;
    for (bool commands : {false, true}) {
      LONGS_EQUAL(0, world.sync(world.id).code);
      with_commands = commands;
      longest = 0;
      for (cut = 0; cut == 0 || cut < longest; ++cut, ++points) {
        if (commands)
          world.toggle(world.item(world.id, cut % 3));
        else
          world.server().deliver(kEmail, "No. " + std::to_string(cut));
        armed = true;
        LONGS_EQUAL(0, world.sync(world.id).code);
        if (cut % 16 == 0) STRCMP_EQUAL_TEXT("", difference(world, world.id).c_str(), std::to_string(cut).c_str());
        if (!commands) world.server().remove(kEmail, 1);
      }
    }
    CHECK(points > 300);
    LONGS_EQUAL(0, world.sync(world.id).code);
    STRCMP_EQUAL("", difference(world, world.id, true).c_str());
    CHECK(world.queue(world.id).empty());
    STRCMP_EQUAL("", world.first_violation().c_str());
  }
}

TEST(Collection, ALostSyncKeyKeepsEditsAndNeverShowsAnEmptyFolder) {
  for (const char* version : kVersions) {
    for (bool fault : {false, true}) {
      Synced world(with(60, version));
      ItemId item = world.item(world.id, 5);
      std::string id = world.server_id(item);
      world.toggle(item);
      world.mark(world.item(world.id, 6), Mark::kFlag);
      bool wanted = !server_mails(world.server())[id].read;
      if (fault)
        world.server().fault("Sync@1:status:3");
      else
        world.server().lose_sync_state(kEmail);
      world.server().deliver(kEmail, "Meanwhile");
      std::size_t least = SIZE_MAX;
      world.on_event = [&] { least = std::min(least, world.subjects(world.id).size()); };
      LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
      world.on_event = nullptr;
      LONGS_EQUAL_TEXT(60, least, version);
      STRCMP_EQUAL_TEXT("", difference(world, world.id).c_str(), version);
      CHECK_EQUAL_TEXT(wanted, server_mails(world.server())[id].read, version);
      CHECK_TEXT(handset_mails(world, world.id)[id].id == item, "the item has another id now");
      CHECK_TEXT(world.queue(world.id).empty(), version);
      if (fault) STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
    }
  }
}

TEST(Collection, ALostSyncKeyOfAFolderThatWasEmptiedEmptiesIt) {
  Synced world(with(10));
  world.toggle(world.item(world.id));
  world.server().remove(kEmail, 10);
  world.server().lose_sync_state(kEmail);
  LONGS_EQUAL(0, world.sync(world.id).code);
  STRCMP_EQUAL("", difference(world, world.id).c_str());
  LONGS_EQUAL(1, world.queue(world.id).size());  // its edit is listed, not lost
  CHECK(world.queue(world.id)[0].parked);
  // And the folder works on.
  world.server().deliver(kEmail, "After");
  LONGS_EQUAL(0, world.sync(world.id).code);
  world.toggle(world.item(world.id));
  LONGS_EQUAL(0, world.sync(world.id).code);
  STRCMP_EQUAL("", difference(world, world.id).c_str());
  LONGS_EQUAL(1, world.queue(world.id).size());
}

TEST(Collection, ASyncKeyLostAtAnyPointOfAFirstSync) {
  for (int nth = 1; nth <= 12; ++nth) {
    exchange::Options options = with(30);
    World world(options);
    AccountSettings settings;
    settings.window_max = 4;
    AccountId id = world.add(kEmail, "demo", settings);
    world.server().fault("Sync@" + std::to_string(nth) + ":status:3");
    LONGS_EQUAL(0, world.sync(id).code);
    STRCMP_EQUAL("", difference(world, id).c_str());
    LONGS_EQUAL(30, world.subjects(id).size());
  }
}

TEST(Collection, ARefusedCommandIsFoundParkedAndListedAndTheOthersGo) {
  for (int refusal : {4, 103}) {
    Synced world(with(12));
    std::vector<ItemId> items;
    for (std::size_t i = 0; i < 7; ++i) items.push_back(world.item(world.id, i));
    std::string poison = world.server_id(items[3]);
    for (ItemId item : items) world.toggle(item);
    world.instead = [&](const Sent& sent) -> std::optional<exchange::HttpResponse> {
      if (sent.label != "Sync") return std::nullopt;
      return sync_view(sent).commands.find(poison) != std::string::npos ? std::optional(sync_status(refusal))
                                                                        : std::nullopt;
    };
    std::size_t before = world.sent.size();
    for (int tries = 0; tries < 4 && failed(world.sync(world.id)); ++tries) {
    }
    LONGS_EQUAL_TEXT(0, world.error(world.id).code, std::to_string(refusal).c_str());
    auto queue = world.queue(world.id);
    LONGS_EQUAL(1, queue.size());
    CHECK(queue[0].parked);
    CHECK(queue[0].item == items[3]);
    LONGS_EQUAL(refusal, protocol::eas_status(queue[0].last));
    int identical = 0;
    for (const SyncView& sync : syncs_since(world, before)) identical += sync.command_count > 1;
    CHECK_TEXT(identical <= 3, "the same refused request again and again");
    world.instead = nullptr;
    // Un-parked, it goes.
    CHECK(world.engine().changes(world.id).retry(ChangeId{queue[0].id}).ok());
    LONGS_EQUAL(0, world.sync(world.id).code);
    CHECK(world.queue(world.id).empty());
    STRCMP_EQUAL("", difference(world, world.id).c_str());
  }
}

TEST(Collection, AConflictShowsTheServersVersionAndListsTheEdit) {
  for (const char* version : kVersions) {
    Synced world(with(1, version));
    ItemId item = world.item(world.id);
    std::string id = world.server_id(item);
    // The server edits one of Read, Flag, Subject at random: until it was Read.
    bool read = server_mails(world.server())[id].read;
    for (int i = 0; i < 50 && server_mails(world.server())[id].read == read; ++i) world.server().edit(kEmail, 1);
    world.mark(item, Mark::kDone);
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    auto queue = world.queue(world.id);
    LONGS_EQUAL_TEXT(1, queue.size(), version);
    CHECK_TEXT(queue[0].parked, version);
    LONGS_EQUAL_TEXT(7, protocol::eas_status(queue[0].last), version);
    STRCMP_EQUAL_TEXT("", difference(world, world.id).c_str(), version);
    CHECK(world.engine().changes(world.id).drop(ChangeId{queue[0].id}).ok());
    CHECK(world.queue(world.id).empty());
  }
}

TEST(Collection, AnEditOfAnItemThatHasGoneIsListed) {
  Synced world(with(4));
  ItemId item = world.item(world.id);
  world.toggle(item);
  world.server().remove(kEmail, 4);
  LONGS_EQUAL(0, world.sync(world.id).code);
  auto queue = world.queue(world.id);
  LONGS_EQUAL(1, queue.size());
  CHECK(queue[0].parked);
  STRCMP_EQUAL("", difference(world, world.id).c_str());
  CHECK(world.view(world.id).parked == 1);
  CHECK(world.told(Notice::kItemParked) > 0);
}

TEST(Collection, StatusesOfAWholeAnswerRecoverAndLoseNothing) {
  struct Row {
    int status;
    bool recovers_at_once;  // within the same sync()
  };
  for (Row row : {Row{3, true},   Row{4, true},    Row{5, true},    Row{8, true},    Row{12, true},
                  Row{13, true},  Row{14, true},   Row{16, true},   Row{110, true},  Row{111, true},
                  Row{132, true}, Row{134, true},  Row{142, true},  Row{144, true},  Row{165, true},
                  Row{9, false},  Row{113, false}, Row{129, false}, Row{177, false}, Row{126, false}}) {
    for (int nth : {1, 2}) {
      std::string text = std::to_string(row.status) + " at " + std::to_string(nth);
      Synced world(with(8));
      ItemId item = world.item(world.id, 1);
      std::string id = world.server_id(item);
      bool wanted = !server_mails(world.server())[id].read;
      world.toggle(item);
      world.server().deliver(kEmail, "Meanwhile");
      world.server().fault("Sync@" + std::to_string(nth) + ":status:" + std::to_string(row.status));
      std::size_t least = SIZE_MAX;
      world.on_event = [&] { least = std::min(least, world.subjects(world.id).size()); };
      Error error = world.sync(world.id);
      world.on_event = nullptr;
      LONGS_EQUAL_TEXT(8, least, text.c_str());
      CHECK_EQUAL_TEXT(row.recovers_at_once, !failed(error), text.c_str());
      if (!row.recovers_at_once) LONGS_EQUAL_TEXT(row.status, protocol::eas_status(error), text.c_str());
      LONGS_EQUAL_TEXT(0, world.sync(world.id).code, text.c_str());
      for (const auto& waiting : world.queue(world.id))
        CHECK(world.engine().changes(world.id).retry(ChangeId{waiting.id}).ok());
      LONGS_EQUAL_TEXT(0, world.sync(world.id).code, text.c_str());
      STRCMP_EQUAL_TEXT("", difference(world, world.id).c_str(), text.c_str());
      CHECK_EQUAL_TEXT(wanted, server_mails(world.server())[id].read, text.c_str());
      CHECK_TEXT(world.queue(world.id).empty(), text.c_str());
    }
  }
}

TEST(Collection, AFirstSyncThatMeetsAnyStatusOnTheWayEndsWhole) {
  for (int status : {3, 4, 5, 8, 12, 16, 110, 132, 142}) {
    for (int nth : {1, 2, 3, 4, 5, 9}) {
      World world(with(20));
      AccountSettings settings;
      settings.window_max = 6;
      AccountId id = world.add(kEmail, "demo", settings);
      world.server().fault("Sync@" + std::to_string(nth) + ":status:" + std::to_string(status));
      std::string text = std::to_string(status) + " at " + std::to_string(nth);
      LONGS_EQUAL_TEXT(0, world.sync(id).code, text.c_str());
      STRCMP_EQUAL_TEXT("", difference(world, id).c_str(), text.c_str());
      LONGS_EQUAL_TEXT(20, world.subjects(id).size(), text.c_str());
    }
  }
}

TEST(Collection, AnswersThatAreNoneEndInANamedStateAndLoseNothing) {
  struct Row {
    const char *what, *fault;
  };
  for (Row row : {Row{"an HTML page", "html"}, Row{"garbage", "garbage"}, Row{"a lost answer", "lose-answer"},
                  Row{"a cut answer", "cut:1"}, Row{"HTTP 500", "http:500"}, Row{"HTTP 502", "http:502"},
                  Row{"HTTP 504", "http:504"}}) {
    for (const char* label : {"Sync", "FolderSync"}) {
      Synced world(with(8));
      ItemId item = world.item(world.id, 1);
      world.toggle(item);
      world.server().deliver(kEmail, "Meanwhile");
      world.server().fault(std::string(label) + ":" + row.fault);
      std::uint64_t from = world.now_ms();
      CHECK_TEXT(failed(world.sync(world.id)), row.what);
      CHECK_TEXT(world.requests_since(from) <= 12, row.what);
      LONGS_EQUAL_TEXT(8, world.subjects(world.id).size(), row.what);
      LONGS_EQUAL_TEXT(1, world.queue(world.id).size(), row.what);
      std::size_t key_zero = 0;
      for (const SyncView& sync : syncs_since(world, 0)) key_zero += sync.key == "0";
      world.server().faults_off();
      LONGS_EQUAL_TEXT(0, world.sync(world.id).code, row.what);
      STRCMP_EQUAL_TEXT("", difference(world, world.id).c_str(), row.what);
      std::size_t later = 0;
      for (const SyncView& sync : syncs_since(world, 0)) later += sync.key == "0";
      LONGS_EQUAL_TEXT(key_zero, later, "nothing was re-keyed");
    }
  }
}

TEST(Collection, AnEmptyAnswerMeansNothingNewToSyncAndIsAFaultToOthers) {
  struct Row {
    const char* label;
    bool fault;
  };
  for (Row row : {Row{"Sync", false}, Row{"FolderSync", true}, Row{"Provision", true}, Row{"OPTIONS", true}}) {
    World world(with(6));
    AccountId id{};
    bool first = row.label == std::string("Provision") || row.label == std::string("OPTIONS");
    if (!first) {
      id = world.add();
      LONGS_EQUAL(0, world.sync(id).code);
    }
    world.instead = [&](const Sent& sent) {
      return sent.label == row.label ? std::optional(http_status(200)) : std::nullopt;
    };
    if (first)
      id = world.add();
    else
      static_cast<void>(world.sync(id));
    CHECK_EQUAL_TEXT(row.fault, failed(world.error(id)), row.label);
    CHECK_TEXT(world.sent.size() < 60, row.label);
    if (!first) LONGS_EQUAL_TEXT(6, world.subjects(id).size(), row.label);
    world.instead = nullptr;
    LONGS_EQUAL_TEXT(0, world.sync(id).code, row.label);
    STRCMP_EQUAL_TEXT("", difference(world, id).c_str(), row.label);
  }
}

TEST(Collection, AnEmptyAnswerToCommandsIsNoSuccess) {
  Synced world(with(6));
  world.toggle(world.item(world.id));
  world.instead = [&](const Sent& sent) -> std::optional<exchange::HttpResponse> {
    return sent.label == "Sync" && sync_view(sent).command_count ? std::optional(http_status(200)) : std::nullopt;
  };
  CHECK(failed(world.sync(world.id)));
  LONGS_EQUAL(1, world.queue(world.id).size());
  world.instead = nullptr;
  LONGS_EQUAL(0, world.sync(world.id).code);
  CHECK(world.queue(world.id).empty());
  STRCMP_EQUAL("", difference(world, world.id).c_str());
}

// SOGo says nothing at all to deletions: after the second time they are done.
TEST(Collection, AnEmptyAnswerToDeletionsAloneIsTakenWhenItComesTwice) {
  Synced world(with(6));
  CHECK(world.engine().changes(world.id).remove(world.item(world.id), true).ok());
  int empty = 0;
  world.on_answer = [&](const Sent& sent, exchange::HttpResponse& answer) {
    if (sent.label != "Sync" || sync_view(sent).command_count == 0) return;
    ++empty;
    answer = http_status(200);
  };
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(2, empty);
  CHECK(world.queue(world.id).empty());
  LONGS_EQUAL(5, world.subjects(world.id).size());
}

TEST(Collection, AnUnknownCodePageIsSkipped) {
  World world(with(10));
  AccountId id = world.add();
  int spoilt = 0;
  world.on_answer = [&](const Sent& sent, exchange::HttpResponse& answer) {
    if (sent.label != "Sync") return;
    // Behind the first ServerId and <ApplicationData>: page 200, tag 5 with a text, page 0.
    const std::string before("\x00\x01\x5D", 3), more("\x00\xC8\x45\x03xyz\x00\x01\x00\x00", 11);
    for (std::size_t at = answer.body.find(before); at != std::string::npos;
         at = answer.body.find(before, at + before.size())) {
      answer.body.insert(at + before.size(), more);
      ++spoilt;
    }
  };
  LONGS_EQUAL(0, world.sync(id).code);
  LONGS_EQUAL(10, spoilt);
  STRCMP_EQUAL("", difference(world, id).c_str());
}

TEST(Collection, AnItemThatCannotBeUnderstoodIsParkedAndTheFolderGoesOn) {
  World world(with(10));
  AccountId id = world.add();
  std::string victim = server_mails(world.server()).begin()->second.subject;
  bool spoilt = false;
  world.on_answer = [&](const Sent& sent, exchange::HttpResponse& answer) {
    // The subject once more as opaque bytes, of the same length: what they hold is no UTF-8.
    std::size_t at = answer.body.find('\x03' + victim + '\0');
    if (sent.label != "Sync" || at == std::string::npos) return;
    answer.body.replace(at, victim.size() + 2, '\xC3' + std::string(1, static_cast<char>(victim.size())) + victim);
    answer.body[at + 2] = '\xFF';
    spoilt = true;
  };
  LONGS_EQUAL(0, world.sync(id).code);
  CHECK(spoilt);
  LONGS_EQUAL(9, world.subjects(id).size());
  LONGS_EQUAL(1, world.parked_items(id));
  LONGS_EQUAL(1, world.view(id).parked);
  world.server().deliver(kEmail, "After");
  world.on_answer = nullptr;
  LONGS_EQUAL(0, world.sync(id).code);
  LONGS_EQUAL(10, world.subjects(id).size());
}

TEST(Collection, AServerThatAlwaysHasMoreIsLeftAlone) {
  Synced world(with(6));
  world.toggle(world.item(world.id));
  world.server().fault("Sync:always-changed");
  std::uint64_t from = world.now_ms();
  Error error = world.sync(world.id);
  LONGS_EQUAL(static_cast<int>(protocol::AnswerFault::kNoProgress), protocol::eas_status(error));
  CHECK_TEXT(world.requests_since(from) < 60, std::to_string(world.requests_since(from)).c_str());
  LONGS_EQUAL(6, world.subjects(world.id).size());
  world.server().faults_off();
  LONGS_EQUAL(0, world.sync(world.id).code);
  STRCMP_EQUAL("", difference(world, world.id).c_str());
}

TEST(Collection, ATruncatedBodyIsFetchedWhole) {
  for (const char* version : kVersions) {
    exchange::Options options = with(4, version);
    options.body_bytes = 60'000;
    AccountSettings settings;
    settings.body_bytes_max = 1000;
    Synced world(options, settings);
    for (std::size_t i = 0; i < 4; ++i) {
      ItemId item = world.item(world.id, i);
      Mail before = handset_mails(world, world.id)[world.server_id(item)];
      CHECK_TEXT(before.body_here < before.body_total, version);
      world.server().fault(i == 1   ? "ItemOperations@1:lose-answer"
                           : i == 2 ? "ItemOperations@1:cut:5000"
                                    : "ItemOperations@1:delay:5000");
      LONGS_EQUAL_TEXT(0, world.fetch(world.id, item).code, version);
      Mail after = handset_mails(world, world.id, true)[world.server_id(item)];
      LONGS_EQUAL_TEXT(after.body_total, after.body_here, version);
      STRCMP_EQUAL_TEXT(server_mails(world.server())[world.server_id(item)].digest.c_str(), after.digest.c_str(),
                        version);
      world.server().faults_off();
    }
    STRCMP_EQUAL_TEXT("", difference(world, world.id, true).c_str(), version);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
    // Later changes of the flags leave the body whole.
    world.server().edit(kEmail, 4);
    LONGS_EQUAL(0, world.sync(world.id).code);
  }
}

TEST(Collection, FetchingWhatIsNotThereIsRefusedAndStopsNothing) {
  Synced world(with(4));
  CHECK(failed(world.fetch(world.id, ItemId{4711})));
  ItemId item = world.item(world.id);
  world.server().remove(kEmail, 4);
  CHECK(failed(world.fetch(world.id, item)));
  LONGS_EQUAL(0, world.sync(world.id).code);
  STRCMP_EQUAL("", difference(world, world.id).c_str());
}

TEST(Collection, ABodyFetchedWhileTheFolderIsReKeyedDisturbsNothing) {
  exchange::Options options = with(6);
  options.body_bytes = 20'000;
  AccountSettings settings;
  settings.body_bytes_max = 100;
  Synced world(options, settings);
  ItemId item = world.item(world.id);
  world.server().lose_sync_state(kEmail);
  world.server().remove(kEmail, 0);
  // The key is lost, and the re-key cannot begin.
  world.instead = [&](const Sent& sent) -> std::optional<exchange::HttpResponse> {
    return sent.label == "Sync" && sync_view(sent).key == "0" ? std::optional(http_status(500)) : std::nullopt;
  };
  CHECK(failed(world.sync(world.id)));
  static_cast<void>(world.fetch(world.id, item));  // the body comes, then the folder's error
  Mail mail = handset_mails(world, world.id)[world.server_id(item)];
  LONGS_EQUAL(mail.body_total, mail.body_here);
  world.instead = nullptr;
  world.server().remove(kEmail, 6);  // also the mail whose body was fetched
  LONGS_EQUAL(0, world.sync(world.id).code);
  STRCMP_EQUAL("", difference(world, world.id).c_str());
  CHECK(world.queue(world.id).empty());
}

TEST(Collection, DeselectingRemovesHereOnlyAndSelectingBringsBack) {
  Synced world(with(15));
  FolderId inbox = world.folder_id(world.id, "Inbox");
  CHECK(world.engine().changes(world.id).select(inbox, false).ok());
  LONGS_EQUAL(0, world.subjects(world.id).size());
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(0, world.subjects(world.id).size());
  LONGS_EQUAL(15, server_mails(world.server()).size());
  world.server().edit(kEmail, 3);
  CHECK(world.engine().changes(world.id).select(inbox, true).ok());
  const AccountView before = world.view(world.id);
  LONGS_EQUAL(0, world.sync(world.id).code);
  STRCMP_EQUAL("", difference(world, world.id).c_str());
  // Nobody saw them meanwhile, whatever is left of them here.
  LONGS_EQUAL(15, world.view(world.id).added - before.added);
  LONGS_EQUAL(0, world.view(world.id).changed - before.changed);
  CHECK_FALSE(world.engine().changes(world.id).select(FolderId{999}, true).ok());
}

TEST(Collection, DeselectedWhileItsAnswerArrivesAtAnyPiece) {
  for (std::size_t at : {0, 1, 3, 8}) {
    World world(with(15));
    AccountId id = world.add();
    FolderId inbox = world.folder_id(id, "Inbox");
    world.piece_bytes = 300;
    std::size_t piece = 0;
    world.on_piece = [&](const Sent& sent, std::size_t) {
      if (sent.label == "Sync" && piece++ == at) CHECK(world.engine().changes(id).select(inbox, false).ok());
    };
    LONGS_EQUAL(0, world.sync(id).code);
    world.on_piece = nullptr;
    LONGS_EQUAL(0, world.subjects(id).size());
    CHECK(world.engine().changes(id).select(inbox, true).ok());
    LONGS_EQUAL(0, world.sync(id).code);
    STRCMP_EQUAL("", difference(world, id).c_str());
  }
}

TEST(Collection, AnotherWindowBringsWhatIsMissingAndNothingTwice) {
  for (const char* version : kVersions) {
    exchange::Options options = with(60, version);
    AccountSettings settings;
    settings.days = 30;
    Synced world(options, settings);
    const std::size_t month = world.subjects(world.id).size();
    AccountChange change;
    change.has_days = true;
    change.days = 7;
    CHECK(world.engine().set_account(world.id, change, world.now()).ok());
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    const std::size_t week = world.subjects(world.id).size();
    CHECK_TEXT(week > 0 && week < month, version);
    // What is edited meanwhile is not lost with a mail that leaves, and the wider window brings the others back.
    const std::uint64_t added = world.view(world.id).added;
    world.restart();
    change.days = 0;
    CHECK(world.engine().set_account(world.id, change, world.now()).ok());
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    LONGS_EQUAL_TEXT(60, world.subjects(world.id).size(), version);
    CHECK_TEXT(added > 0, version);
    LONGS_EQUAL_TEXT(60 - week, world.view(world.id).added, version);  // this boot
    STRCMP_EQUAL_TEXT("", difference(world, world.id).c_str(), version);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
  }
}

TEST(Collection, ANewPasswordLetsARefusedAccountGoOn) {
  Synced world(with(3));
  world.server().set_password(kEmail, "other");
  CHECK(world.sync(world.id).domain != Domain::kNone);
  AccountChange change;
  change.has_password = true;
  change.password = bytes_of("other");
  CHECK(world.engine().set_account(world.id, change, world.now()).ok());
  LONGS_EQUAL(0, world.sync(world.id).code);
}
