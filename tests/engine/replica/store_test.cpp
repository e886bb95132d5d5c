#include "home.h"

#include <sqlite3.h>

#include <CppUTest/TestHarness.h>

using namespace replica_test;

TEST_GROUP(Store) {
  Home home;
  void teardown() override {
    home.store.close();
    LONGS_EQUAL(0, home.heap.live);
  }
};

TEST(Store, AValueIsWhatWasPut) {
  CHECK(home.open().ok());
  std::byte room[8];
  LONGS_EQUAL(0, home.store.get(Value::kVersion, room).value());
  CHECK(home.store.put(Value::kVersion, bytes_of("161")).ok());
  LONGS_EQUAL(3, home.store.get(Value::kVersion, room).value());
  LONGS_EQUAL(161, home.store.get_number(Value::kVersion).value());
  CHECK(home.store.put_number(Value::kPolicyKey, 3'942'919'513u).ok());
  home.store.close();
  CHECK(home.open().ok());
  LONGS_EQUAL(3'942'919'513u, home.store.get_number(Value::kPolicyKey).value());
  std::byte small[2];
  CHECK(home.store.get(Value::kVersion, small).error().domain == Domain::kMemory);
}

TEST(Store, AClosedStoreSaysSo) {
  LONGS_EQUAL(replica::kClosed, home.store.put(Value::kVersion, bytes_of("1")).error().code);
  LONGS_EQUAL(replica::kClosed, home.store.check().error().code);
  CHECK_FALSE(home.store.is_open());
}

TEST(Store, ANewerReplicaIsRefused) {
  CHECK(home.open().ok());
  sqlite3_exec(home.store.database(), "PRAGMA user_version=999", nullptr, nullptr, nullptr);
  home.store.close();
  const Status outcome = home.open();
  CHECK(outcome.error().domain == Domain::kSqlite);
  LONGS_EQUAL(replica::kNewer, outcome.error().code);
  CHECK_FALSE(home.store.is_open());
  LONGS_EQUAL(replica::kNewer, replica::open_reader(home.options(), home.heap.memory()).error().code);
}

TEST(Store, SettingsOfTheConnection) {
  home.page_bytes = 1024;
  CHECK(home.open().ok());
  const auto pragma = [&](const char* sql) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(home.store.database(), sql, -1, &statement, nullptr);
    sqlite3_step(statement);
    const std::string value = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return value;
  };
  STRCMP_EQUAL("1024", pragma("PRAGMA page_size").c_str());
  STRCMP_EQUAL("wal", pragma("PRAGMA journal_mode").c_str());
  STRCMP_EQUAL("2", pragma("PRAGMA synchronous").c_str());
  STRCMP_EQUAL("0", pragma("PRAGMA wal_autocheckpoint").c_str());
  STRCMP_EQUAL("0", pragma("PRAGMA trusted_schema").c_str());
  STRCMP_EQUAL("1", pragma("PRAGMA cell_size_check").c_str());
}

TEST(Store, FoldersComeInboxFirst) {
  CHECK(home.open().ok());
  CHECK(home.folders());
  SyncFolder all[8];
  LONGS_EQUAL(4, home.store.sync_folders(all).value());
  STRCMP_EQUAL("5", std::string(all[0].server_id.view()).c_str());
  CHECK(all[0].selected && all[0].supported && !all[0].synced && !all[0].rekeying);
  STRCMP_EQUAL("0", std::string(all[0].sync_key.view()).c_str());
  SyncFolder one[1];
  LONGS_EQUAL(4, home.store.sync_folders(one).value());
  const FolderRow inbox = home.inbox_folder();
  CHECK(inbox.supported && inbox.selected);
}

TEST(Store, AHierarchyAppearsAsAWholeOrNotAtAll) {
  CHECK(home.open().ok());
  CHECK(home.folders());
  CHECK(home.store.hierarchy_begin(false).ok());
  CHECK(home.store.hierarchy_put("9", "0", "New", 12).ok());
  CHECK(home.store.hierarchy_remove("6").ok());
  home.store.hierarchy_drop();
  CHECK(home.folder("9").id == FolderId{});
  CHECK(home.folder("6").id != FolderId{});
  CHECK(home.store.hierarchy_begin(false).ok());
  CHECK(home.store.hierarchy_put("9", "0", "New", 12).ok());
  CHECK(home.store.hierarchy_remove("6").ok());
  CHECK(home.store.hierarchy_commit("h2").value());
  CHECK(home.folder("9").id != FolderId{});
  CHECK(home.folder("6").id == FolderId{});
  CHECK(home.folder("5").id != FolderId{});
  char key[8];
  LONGS_EQUAL(2, home.store.get(Value::kHierarchyKey, std::as_writable_bytes(std::span(key))).value());
  CHECK(home.store.hierarchy_begin(false).ok());
  CHECK(home.store.hierarchy_put("9", "0", "New", 12).ok());  // an Add of what is known, as it is
  CHECK_FALSE(home.store.hierarchy_commit("h3").value());
  while (home.store.idle(home.mono).value()) {
  }
  CHECK(home.store.check().ok());
}

TEST(Store, NewFolderIdsFindTheirFoldersByTypeAndPath) {
  CHECK(fill(home, 3));
  const FolderId inbox = home.inbox().id, work = home.folder("7").id, sent = home.folder("6").id;
  CHECK(home.store.hierarchy_begin(true).ok());
  CHECK(home.store.hierarchy_put("B7", "A5", "Work", 12).ok());
  CHECK(home.store.hierarchy_put("A5", "0", "Posteingang", 2).ok());
  CHECK(home.store.hierarchy_put("6", "0", "Sent", 5).ok());
  CHECK(home.store.hierarchy_put("C", "0", "Work", 12).ok());  // of the same name, elsewhere: another folder
  CHECK(home.store.hierarchy_commit("h2").value());
  CHECK(home.folder("A5").id == inbox);
  CHECK(home.folder("B7").id == work);
  CHECK(home.folder("6").id == sent);
  CHECK(home.folder("C").id != work);
  CHECK(home.folder("A5").rekeying);  // its items may have new ids as well
  CHECK_FALSE(home.folder("6").rekeying);
  STRCMP_EQUAL("0", std::string(home.folder("A5").sync_key.view()).c_str());
  Query query;
  query.folder = inbox;
  LONGS_EQUAL(3, home.list(query).size());
  CHECK(home.store.check().ok());
}

TEST(Store, SavingAFolderLeavesItsKey) {
  CHECK(fill(home, 1));
  SyncFolder folder = home.inbox();
  folder.window = 50;
  folder.filter = 5;
  folder.rounds_without_progress = 2;
  static_cast<void>(folder.sync_key.assign("stale"));
  CHECK(home.store.save_folder(folder).ok());
  folder = home.inbox();
  LONGS_EQUAL(50, folder.window);
  LONGS_EQUAL(5, folder.filter);
  LONGS_EQUAL(2, folder.rounds_without_progress);
  STRCMP_EQUAL("k1", std::string(folder.sync_key.view()).c_str());
  folder.id = FolderId{77};
  LONGS_EQUAL(replica::kNoSuchFolder, home.store.save_folder(folder).error().code);
}

TEST(Store, DeselectingHidesAtOnceAndRemovesInSteps) {
  CHECK(fill(home, 100));
  const ItemId one = home.id_of("5:1");
  CHECK(home.store.mark_read(one, true, home.wall).ok());
  CHECK(home.store.select(home.inbox().id, false).ok());
  LONGS_EQUAL(0, home.inbox_rows().size());
  LONGS_EQUAL(0, home.inbox_folder().items);
  LONGS_EQUAL(0, home.store.queue_length(false).value());
  LONGS_EQUAL(1, home.store.queue_length(true).value());
  LONGS_EQUAL(replica::kNoSuchItem, home.store.mark_read(one, false, home.wall).error().code);
  CHECK(home.store.check().ok());
  int steps = 0;
  while (home.store.idle(home.mono).value()) ++steps;
  CHECK(steps >= 3);
  CHECK(home.store.check().ok());
  CHECK(home.store.select(home.inbox().id, true).ok());
  CHECK_FALSE(home.inbox().rekeying);
  LONGS_EQUAL(0, home.inbox_rows().size());
  LONGS_EQUAL(1, home.store.queue_length(true).value());
}

TEST(Store, SelectingAgainBeforeTheLastItemHasGoneKeepsThem) {
  CHECK(fill(home, 100));
  CHECK(home.store.select(home.inbox().id, false).ok());
  CHECK(home.store.idle(home.mono).value());
  CHECK(home.store.select(home.inbox().id, true).ok());
  CHECK(home.inbox().rekeying);
  CHECK(home.inbox_rows().size() > 0);
  CHECK(home.store.check().ok());
}

TEST(Store, AFolderThatHasGoneTakesItsItems) {
  CHECK(fill(home, 10));
  CHECK(home.store.mark_flag(home.id_of("5:2"), 2, home.wall).ok());
  CHECK(home.store.hierarchy_begin(false).ok());
  CHECK(home.store.hierarchy_remove("5").ok());
  CHECK(home.store.hierarchy_commit("h2").value());
  LONGS_EQUAL(0, home.list(Query{}).size());
  while (home.store.idle(home.mono).value()) {
  }
  CHECK(home.store.check().ok());
  const std::vector<QueueRow> queue = home.queue();
  LONGS_EQUAL(1, queue.size());
  CHECK(queue[0].parked);
  LONGS_EQUAL(8, queue[0].last.code);
}

TEST(Store, GenerationRisesWithEveryCommit) {
  CHECK(fill(home, 2));
  const std::uint64_t before = home.store.generation().value();
  CHECK(home.store.mark_read(home.id_of("5:1"), true, home.wall).ok());
  CHECK(home.store.generation().value() == before + 1);
  LONGS_EQUAL(before + 1, home.with_reader([](Reader& reader) { return reader.generation().value(); }));
}
