// A home of every schema that has landed opens with all that was in it.
#include <sqlite3.h>

#include "home.h"
#include "replica/schema.h"

#include <CppUTest/TestHarness.h>

using namespace replica_test;

namespace {

std::string fixture(int version) {
  return std::string(TESTS_DIR) + "/engine/replica/homes/schema-" + std::to_string(version) + ".db";
}

std::string schema_of(sqlite3* database) {
  sqlite3_stmt* statement = nullptr;
  std::string all;
  sqlite3_prepare_v2(
      database, "SELECT name||': '||coalesce(sql,'') FROM sqlite_master WHERE name NOT LIKE 'words%' ORDER BY name", -1,
      &statement, nullptr);
  while (sqlite3_step(statement) == SQLITE_ROW) {
    all += reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    all += '\n';
  }
  sqlite3_finalize(statement);
  return all;
}

}  // namespace

TEST_GROUP(Migration){};

TEST(Migration, VersionsAreNamedAndInOrder) {
  int last = 0;
  for (const replica::SchemaVersion& version : replica::schema_versions()) {
    LONGS_EQUAL(last + 1, version.number);
    CHECK(version.name[0] != '\0');
    last = version.number;
  }
  LONGS_EQUAL(last, replica::schema_newest());
}

TEST(Migration, EveryLandedHomeOpensWithItsQueuedEdits) {
  Home fresh;
  CHECK(fresh.open().ok());
  const std::string newest = schema_of(fresh.store.database());
  for (const replica::SchemaVersion& version : replica::schema_versions()) {
    const std::string name = fixture(version.number);
    CHECK_TEXT(std::filesystem::exists(name), name.c_str());
    Home home;
    std::filesystem::copy_file(name, home.path);
    std::filesystem::permissions(home.path, std::filesystem::perms::owner_all);
    CHECK_TEXT(home.open().ok(), name.c_str());
    CHECK(home.store.check().ok());
    // A schema that was edited after it had landed shows here.
    STRCMP_EQUAL_TEXT(newest.c_str(), schema_of(home.store.database()).c_str(), name.c_str());

    LONGS_EQUAL(3'942'919'513u, home.store.get_number(Value::kPolicyKey).value());
    STRCMP_EQUAL("k2", std::string(home.inbox().sync_key.view()).c_str());
    LONGS_EQUAL(8, home.inbox_rows().size());
    STRCMP_EQUAL("Body of 5", home.body(home.id_of("5:5")).c_str());
    LONGS_EQUAL(20'002, home.body(home.id_of("5:7")).size());
    CHECK(home.find("5:8").total > home.find("5:8").here);
    LONGS_EQUAL(2, home.find("5:7").attachments);
    CHECK_FALSE(home.find("5:1").read);  // the newest wish
    CHECK(home.find("5:1").edited && home.find("5:2").flagged);

    // Words are found once they are indexed, which a home may be in part already.
    for (int steps = 0; home.store.index_some().value(); ++steps) CHECK(steps < 100);
    Query query;
    query.words = "\"Body of 5\"";
    const std::vector<Home::Row> matches = home.list(query);
    LONGS_EQUAL(1, matches.size());
    STRCMP_EQUAL("5:5", matches[0].server_id.c_str());
    CHECK(home.store.check().ok());

    // Folders that had no class of their own before are wanted now.
    CHECK(home.folder("8").supported && home.folder("8").selected);
    if (version.number >= 3) {
      const ItemRow event = home.event(home.folder("8").id);
      CHECK(event.kind == Class::kEvent && event.recurring && !event.all_day);
      LONGLONGS_EQUAL(1'782'896'400'000, event.end_ms);
    }

    if (version.number >= 9) {  // whom one writes to
      home.with_reader([&](Reader& reader) {
        Cursor<PersonRow>* cursor = open_people(reader, home.heap.memory(), "aw").value();
        PersonRow person;
        CHECK(cursor->step(person).value());
        STRCMP_EQUAL("anna@example.test", std::string(person.address).c_str());
        cursor->close();
        return 0;
      });
    }

    if (version.number >= 8) {  // a draft waits
      LONGS_EQUAL(7, home.queue().size());
      STRCMP_EQUAL("draft", std::string(home.queue()[6].what).c_str());
      LONGS_EQUAL(6, home.body(ItemId{10}).size());
      replica::OutgoingDraft draft;
      CHECK(home.store.next_draft(home.folder("9").id, 9, draft).value());
      CHECK(draft.add && draft.message == 1 && !draft.send);
      STRCMP_EQUAL("c0ffee", std::string(draft.client_id.view()).c_str());
      CHECK(home.store.park(draft.change, Error{Domain::kEas, 6, 0}).ok());
      CHECK(home.store.remove(ItemId{10}, true, 1).ok());
      CHECK(home.store.check().ok());
    }

    if (version.number >= 4) {  // an edit of the event waits; what the server has is beside it
      LONGS_EQUAL(6, home.queue().size());
      STRCMP_EQUAL("edit", std::string(home.queue()[5].what).c_str());
      CHECK(home.event(home.folder("8").id).edited_here);
      CHECK(home.store.drop(home.queue()[5].id).ok());
      CHECK_FALSE(home.event(home.folder("8").id).edited_here);
      CHECK(home.store.check().ok());
    }
    const std::vector<QueueRow> queue = home.queue();
    LONGS_EQUAL(5, queue.size());
    CHECK(queue[4].parked);
    LONGS_EQUAL(6, queue[4].last.code);
    // What was on its way when the answer was lost goes again, and nothing else with it.
    Outgoing out[10];
    LONGS_EQUAL(2, home.store.freeze_outgoing(home.inbox().id, 3, out).value());
    CHECK(out[0].has_read && out[0].read && out[1].has_flag);
    LONGS_EQUAL(2, Response(home, 3).add("5:10").commit("k3").value().confirmed);
    LONGS_EQUAL(2, home.store.freeze_outgoing(home.inbox().id, 4, out).value());
    CHECK(out[0].has_read && !out[0].read);
    LONGS_EQUAL(2, Response(home, 4).commit("k4").value().confirmed);
    CHECK(home.store.retry(queue[4].id).ok());
    // And what the broken response had staged is gone.
    while (home.store.idle(home.mono).value()) {
    }
    CHECK(home.store.check().ok());
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(home.store.database(),
                       "SELECT count(*) FROM body_chunk WHERE id/65536 NOT IN (SELECT body_blob FROM item)", -1,
                       &statement, nullptr);
    sqlite3_step(statement);
    LONGS_EQUAL(0, sqlite3_column_int(statement, 0));
    sqlite3_finalize(statement);
  }
}

TEST(Migration, RecipientsThatWereOfNoUseBeforeAreWanted) {
  Home home;
  std::filesystem::copy_file(fixture(8), home.path);
  std::filesystem::permissions(home.path, std::filesystem::perms::owner_all);
  sqlite3* database = nullptr;
  sqlite3_open(home.path.c_str(), &database);
  sqlite3_exec(
      database,
      "INSERT INTO folder(server_id,parent_server_id,name,type,selected) VALUES('RI','0','RecipientInfo',19,0)",
      nullptr, nullptr, nullptr);
  sqlite3_close(database);
  CHECK(home.open().ok());
  CHECK(home.folder("RI").supported && home.folder("RI").selected);
}

TEST(Migration, AHomeOfALaterProgramIsLeftAsItIs) {
  Home home;
  std::filesystem::copy_file(fixture(1), home.path);
  std::filesystem::permissions(home.path, std::filesystem::perms::owner_all);
  sqlite3* database = nullptr;
  sqlite3_open(home.path.c_str(), &database);
  sqlite3_exec(database, "PRAGMA user_version=1000", nullptr, nullptr, nullptr);
  sqlite3_close(database);
  LONGS_EQUAL(replica::kNewer, home.open().error().code);
  LONGS_EQUAL(1000, home.open().error().where);
  sqlite3_open(home.path.c_str(), &database);
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(database, "SELECT count(*) FROM change", -1, &statement, nullptr);
  sqlite3_step(statement);
  LONGS_EQUAL(5, sqlite3_column_int(statement, 0));
  sqlite3_finalize(statement);
  sqlite3_close(database);
}
