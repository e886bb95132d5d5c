#include "replica/arrival.h"

#include <sqlite3.h>

#include "home.h"

#include <CppUTest/TestHarness.h>

using namespace replica_test;

TEST_GROUP(Arrival) {
  Home home;
  void teardown() override {
    if (home.store.is_open()) CHECK(home.store.check().ok());
    home.store.close();
    LONGS_EQUAL(0, home.heap.live);
  }
  std::string key() { return std::string(home.inbox().sync_key.view()); }
  long number(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(home.store.database(), sql, -1, &statement, nullptr);
    sqlite3_step(statement);
    const long value = static_cast<long>(sqlite3_column_int64(statement, 0));
    sqlite3_finalize(statement);
    return value;
  }
};

TEST(Arrival, NothingIsSeenBeforeTheCommitAndEverythingAfterIt) {
  CHECK(home.open().ok());
  CHECK(home.folders());
  CHECK(Response(home).commit("k0").ok());
  Response response(home);
  Mail mail;
  mail.subject =
      "Gr\xC3\xBC\xC3\x9F"
      "e";
  mail.body = std::string(40'000, 'x') + "end";
  mail.attachments = {"a.pdf", "b.png"};
  mail.flag = 2;
  response.add("5:1", mail);
  LONGS_EQUAL(0, home.inbox_rows().size());
  STRCMP_EQUAL("", response.error.c_str());
  const Applied applied = response.commit("k1", true).value();
  LONGS_EQUAL(1, applied.added);
  LONGS_EQUAL(0, applied.changed + applied.deleted + applied.parked + applied.confirmed);
  STRCMP_EQUAL("k1", key().c_str());
  const Home::Row row = home.find("5:1");
  STRCMP_EQUAL(mail.subject.c_str(), row.subject.c_str());
  STRCMP_EQUAL(mail.from.c_str(), row.from.c_str());
  CHECK(row.flagged && !row.read && !row.edited);
  LONGS_EQUAL(2, row.attachments);
  LONGS_EQUAL(mail.body.size(), row.here);
  LONGLONGS_EQUAL(mail.received, row.when);
  CHECK(home.body(static_cast<ItemId>(row.id)) == mail.body);
  LONGS_EQUAL(1, home.inbox_folder().items);
  LONGS_EQUAL(1, home.inbox_folder().unread);
  LONGS_EQUAL(1, number("SELECT count(*) FROM extra"));  // the flag's type
  LONGS_EQUAL(2, number("SELECT count(*) FROM attachment WHERE reference LIKE '5:1:%' AND size=1234"));
}

TEST(Arrival, ADroppedResponseLeavesNothing) {
  CHECK(fill(home, 3));
  {
    Response response(home);
    Mail mail;
    mail.body = std::string(100'000, 'y');
    mail.attachments = {"a"};
    response.add("5:9", mail).remove("5:1");
    response.item(Operation::kAdd, "5:10").properties(mail);  // cut in the middle
  }
  LONGS_EQUAL(3, home.inbox_rows().size());
  STRCMP_EQUAL("k1", key().c_str());
  CHECK(number("SELECT count(*) FROM body_chunk") > 3);
  while (home.store.idle(home.mono).value()) {
  }
  LONGS_EQUAL(3, number("SELECT count(*) FROM body_chunk"));
  LONGS_EQUAL(0, number("SELECT count(*) FROM attachment"));
  LONGS_EQUAL(0, number("SELECT count(*) FROM sweep"));
}

TEST(Arrival, AResponseCutByTheEndOfTheProcessIsSweptAfterwards) {
  CHECK(fill(home, 1));
  home.arrival_kib = 16;
  home.store.close();
  CHECK(home.open().ok());
  {
    auto* response = new Response(home);
    Mail mail;
    mail.body = std::string(20'000, 'z');
    for (int i = 0; i < 150; ++i) response->add("5:" + std::to_string(100 + i), mail);
    STRCMP_EQUAL("", response->error.c_str());
    home.store.close();  // as if the process had ended: the arrival never says another word
    delete response;
  }
  CHECK(home.open().ok());
  CHECK(number("SELECT count(*) FROM body_chunk") > 100);
  CHECK(number("SELECT count(*) FROM arrival_log") > 0);
  // A new response may begin before anything has been swept, and its rows are not taken for garbage.
  Response response(home);
  response.add("5:2");
  CHECK(home.store.idle(home.mono).ok());
  response.add("5:3");
  LONGS_EQUAL(2, response.commit("k2").value().added);
  while (home.store.idle(home.mono).value()) {
  }
  LONGS_EQUAL(3, number("SELECT count(*) FROM body_chunk"));
  STRCMP_EQUAL("Shall we?", home.body(home.id_of("5:2")).c_str());
}

TEST(Arrival, AnAddOfAKnownIdReplacesTheWholeItemAndKeepsItsId) {
  CHECK(fill(home, 2));
  const ItemId id = home.id_of("5:1");
  Response response(home);
  Mail mail;
  mail.subject = "Again";
  mail.body = "New body";
  mail.flag = 2;
  mail.read = 1;
  response.add("5:1", mail);
  const Applied applied = response.commit("k2").value();
  LONGS_EQUAL(0, applied.added);
  LONGS_EQUAL(1, applied.changed);
  CHECK(home.id_of("5:1") == id);
  STRCMP_EQUAL("Again", home.find("5:1").subject.c_str());
  STRCMP_EQUAL("New body", home.body(id).c_str());
  LONGS_EQUAL(2, home.inbox_folder().items);
  LONGS_EQUAL(1, home.inbox_folder().unread);
  LONGS_EQUAL(2, number("SELECT count(*) FROM body_chunk"));
}

TEST(Arrival, AChangeTouchesOnlyWhatItCarries) {
  CHECK(fill(home, 1));
  const ItemId id = home.id_of("5:1");
  CHECK(Response(home).read("5:1", 1).commit("k2").ok());
  Home::Row row = home.find("5:1");
  CHECK(row.read);
  STRCMP_EQUAL("Mail 1", row.subject.c_str());
  STRCMP_EQUAL("Body of 1", home.body(id).c_str());
  LONGS_EQUAL(0, home.inbox_folder().unread);
  Mail flag;
  flag.headers = flag.has_body = false;
  flag.flag = 2;
  CHECK(Response(home).change("5:1", flag).commit("k3").ok());
  row = home.find("5:1");
  CHECK(row.read && row.flagged);
  LONGS_EQUAL(1, number("SELECT count(*) FROM extra"));
  flag.flag = 0;  // an empty Flag clears it and all that belongs to it
  CHECK(Response(home).change("5:1", flag).commit("k4").ok());
  CHECK_FALSE(home.find("5:1").flagged);
  LONGS_EQUAL(0, number("SELECT count(*) FROM extra"));
  STRCMP_EQUAL("Body of 1", home.body(id).c_str());
}

TEST(Arrival, ABodyThatChangedIsReplacedAndTheOldOneGoes) {
  CHECK(fill(home, 1));
  const ItemId id = home.id_of("5:1");
  Mail mail;
  mail.headers = false;
  mail.body = std::string(50'000, 'n');
  CHECK(Response(home).change("5:1", mail).commit("k2").ok());
  CHECK(home.body(id) == mail.body);
  mail.body = "short";
  CHECK(Response(home).change("5:1", mail).commit("k3").ok());
  STRCMP_EQUAL("short", home.body(id).c_str());
  LONGS_EQUAL(1, number("SELECT count(*) FROM body_chunk"));
  STRCMP_EQUAL("Mail 1", home.find("5:1").subject.c_str());
}

TEST(Arrival, ATruncatedBodyDoesNotReplaceTheWholeOfTheSameMail) {
  CHECK(home.open().ok() && home.folders() && Response(home).commit("k0").ok());
  std::string whole;
  for (int i = 0; whole.size() < 50'000; ++i) whole += "line " + std::to_string(i) + "\r\n";
  Mail cut;
  cut.body = whole.substr(0, 20'000);
  cut.body_size = static_cast<std::int64_t>(whole.size());
  cut.truncated = 1;
  CHECK(Response(home).add("5:1", cut).commit("k1").ok());
  const ItemId id = home.id_of("5:1");
  // The rest is fetched: not a Sync, so the key is not touched.
  Mail full;
  full.headers = false;
  full.body = whole;
  Response fetch(home);
  fetch.item(Operation::kAnswerFetch, "5:1", 1).properties(full).end();
  CHECK(fetch.arrival.commit({}, false, home.wall).ok());
  STRCMP_EQUAL("k1", key().c_str());
  CHECK(home.body(id) == whole);
  // The same mail again, cut as before: by Change, by Add, and with no data at all.
  CHECK(Response(home).change("5:1", cut).commit("k2").ok());
  CHECK(home.body(id) == whole);
  CHECK(Response(home).add("5:1", cut).commit("k3").ok());
  CHECK(home.body(id) == whole);
  Mail none = cut;
  none.body = "";
  CHECK(Response(home).add("5:1", none).commit("k4").ok());
  CHECK(home.body(id) == whole);
  LONGS_EQUAL(whole.size(), home.find("5:1").here);
  LONGS_EQUAL(0, number("SELECT body_truncated FROM item"));
  // Another text of the same length is another mail.
  Mail other = cut;
  other.body[100] = '#';
  CHECK(Response(home).change("5:1", other).commit("k5").ok());
  CHECK(home.body(id) == other.body);
}

TEST(Arrival, AChangeOfAnUnknownIdIsAnAddIfItSaysEnough) {
  CHECK(fill(home, 1));
  Response response(home);
  response.change("5:70", Mail{}).read("5:71", 1);
  const Applied applied = response.commit("k2").value();
  LONGS_EQUAL(1, applied.added);
  LONGS_EQUAL(2, home.inbox_rows().size());
  LONGS_EQUAL(0, home.find("5:71").id);
}

TEST(Arrival, DeletesOfUnknownIdsAreIgnored) {
  CHECK(fill(home, 2));
  Response response(home);
  response.remove("5:99").remove("5:1");
  response.item(Operation::kSoftDelete, "5:98").end();
  response.item(Operation::kSoftDelete, "5:2").end();
  LONGS_EQUAL(2, response.commit("k2").value().deleted);
  LONGS_EQUAL(0, home.inbox_rows().size());
  LONGS_EQUAL(0, home.inbox_folder().unread);
  LONGS_EQUAL(0, number("SELECT count(*) FROM body_chunk"));
}

TEST(Arrival, AnItemThatCannotBeUnderstoodIsParkedAndTheRestGoesOn) {
  CHECK(fill(home, 1));
  Response response(home);
  Mail mail;
  mail.body = std::string(30'000, 'b');
  mail.attachments = {"a"};
  response.item(Operation::kAdd, "5:7").properties(mail).end(Error{Domain::kEas, 6, 100});
  response.item(Operation::kChange, "5:1").properties(mail).end(Error{Domain::kEas, 6, 100});
  response.add("5:8");
  response.item(Operation::kAdd, std::string(65, 'i')).properties(Mail{}).end();
  const Applied applied = response.commit("k2").value();
  LONGS_EQUAL(3, applied.parked);
  LONGS_EQUAL(1, applied.added);
  LONGS_EQUAL(2, home.inbox_rows().size());
  STRCMP_EQUAL("Body of 1", home.body(home.id_of("5:1")).c_str());  // what is here stays
  const auto parked = [&] {
    return home.with_reader([&](Reader& reader) {
      std::vector<std::string> ids;
      Cursor<ParkedRow>* cursor = reader.parked().value();
      ParkedRow row;
      while (cursor->step(row).value()) {
        LONGS_EQUAL(6, row.reason.code);
        ids.emplace_back(row.server_id);
      }
      return ids;
    });
  };
  LONGS_EQUAL(3, parked().size());
  STRCMP_EQUAL("5:1", parked()[0].c_str());
  LONGS_EQUAL(2, number("SELECT count(*) FROM body_chunk"));
  // When it comes whole, it is an item like any other.
  CHECK(Response(home).add("5:7").commit("k3").ok());
  LONGS_EQUAL(2, parked().size());
  LONGS_EQUAL(3, home.inbox_rows().size());
}

TEST(Arrival, TheKeyOfABegunResponseMustStillHold) {
  CHECK(fill(home, 2));
  {
    Response response(home);
    response.add("5:3");
    CHECK(home.store.rekey_begin(home.inbox().id).ok());
    LONGS_EQUAL(replica::kOvertaken, response.commit("k2").error().code);
    LONGS_EQUAL(2, home.inbox_rows().size());
    STRCMP_EQUAL("0", key().c_str());
  }
  Response response(home);
  response.add("5:3");
  CHECK(home.store.select(home.inbox().id, false).ok());
  LONGS_EQUAL(replica::kOvertaken, response.commit("k2").error().code);
  response.arrival.drop();
  while (home.store.idle(home.mono).value()) {
  }
  LONGS_EQUAL(0, number("SELECT count(*) FROM item"));
  LONGS_EQUAL(0, number("SELECT count(*) FROM body_chunk"));
}

TEST(Arrival, ALogLargerThanItsRoomIsSpilledToRows) {
  home.arrival_kib = 16;
  CHECK(home.open().ok() && home.folders() && Response(home).commit("k0").ok());
  Response response(home);
  Mail mail;
  mail.subject = std::string(3000, 's');
  mail.attachments = {"one", "two"};
  for (int i = 0; i < 200; ++i) {
    mail.body = "Body " + std::to_string(i);
    response.add("5:" + std::to_string(i), mail);
  }
  response.read("5:7", 1).remove("5:8");
  STRCMP_EQUAL("", response.error.c_str());
  CHECK(number("SELECT count(*) FROM arrival_log") > 20);
  CHECK(number("SELECT max(length(data)) FROM arrival_log") <= 16 * 1024);
  const Applied applied = response.commit("k1").value();
  LONGS_EQUAL(200, applied.added);
  LONGS_EQUAL(1, applied.changed);
  LONGS_EQUAL(1, applied.deleted);
  LONGS_EQUAL(0, number("SELECT count(*) FROM arrival_log"));
  LONGS_EQUAL(199, home.inbox_rows().size());
  CHECK(home.find("5:7").read);
  STRCMP_EQUAL("Body 199", home.body(home.id_of("5:199")).c_str());
}

TEST(Arrival, LargeValuesAreKeptWholeBesideTheRow) {
  CHECK(home.open().ok() && home.folders() && Response(home).commit("k0").ok());
  std::string to;
  while (to.size() < 30'000) to += "J\xC3\xBCrgen <j@example.com>; ";
  Response response(home);
  Mail bare;
  bare.headers = false;
  response.item(Operation::kAdd, "5:1").properties(bare);
  response.text(items::kRest, std::string(1000, 'a'));
  response.text(items::kRest, std::string(500, 'b'));
  for (int i = 0; i < 2; ++i) response.text(items::kRest, std::string(3000, 'c'));
  response.text(items::kTo, to);
  response.text(items::kTo, "said twice: the first counts");
  response.text(items::kCc, to.substr(0, 4096));
  response.text(items::kReplyTo, to.substr(0, 4097));
  response.text(items::kMeetingRequest, std::string(9000, 'm'));
  response.end();
  STRCMP_EQUAL("", response.error.c_str());
  LONGS_EQUAL(1, response.commit("k1").value().added);
  LONGS_EQUAL(4096, number("SELECT length(CAST(cc AS BLOB)) FROM item"));
  CHECK(number("SELECT length(CAST(recipients AS BLOB)) FROM item") <= 1024);
  CHECK(number("SELECT length(CAST(recipients AS BLOB)) FROM item") >= 1020);
  LONGS_EQUAL(30'000 / 100, number("SELECT size FROM extra WHERE property=102") / 100);
  LONGS_EQUAL(to.size(), number("SELECT sum(length(body_chunk.data)) FROM body_chunk JOIN extra ON property=102 WHERE "
                                "body_chunk.id/65536=blob"));
  LONGS_EQUAL(1500, number("SELECT length(rest) FROM item"));
  LONGS_EQUAL(2, number("SELECT count(*) FROM extra WHERE property=1"));
  LONGS_EQUAL(9000, number("SELECT size FROM extra WHERE property=122"));
  CHECK(home.store.check().ok());
  // Replaced and removed, nothing of it stays behind.
  CHECK(Response(home).add("5:1").commit("k2").ok());
  LONGS_EQUAL(0, number("SELECT count(*) FROM extra"));
  CHECK(Response(home).remove("5:1").commit("k3").ok());
  while (home.store.idle(home.mono).value()) {
  }
  LONGS_EQUAL(0, number("SELECT count(*) FROM body_chunk"));
}

TEST(Arrival, AnItemOfTooManyValuesIsParkedNotStalled) {
  home.arrival_kib = 16;
  CHECK(home.open().ok() && home.folders() && Response(home).commit("k0").ok());
  Response response(home);
  response.item(Operation::kAdd, "5:1").properties(Mail{});
  for (int i = 0; i < 3000; ++i) response.text(items::kCategories, "a hostile server says this again");
  for (int i = 0; i < 300; ++i)
    response.text(items::kRest, "and this, which would go on and on with no end to be seen");
  response.end();
  response.item(Operation::kAdd, "5:2").properties(Mail{});
  for (int i = 0; i < 100; ++i) response.text(items::kRest, std::string(20'000, 'r'));
  response.end().add("5:3");
  STRCMP_EQUAL("", response.error.c_str());
  const Applied applied = response.commit("k1").value();
  LONGS_EQUAL(2, applied.parked);
  LONGS_EQUAL(1, applied.added);
}

TEST(Arrival, AStalledResponseHoldsNobodyUp) {
  CHECK(fill(home, 20));
  Response response(home);
  Mail mail;
  mail.body = std::string(20'000, 'q');
  for (int minute = 0; minute < 5; ++minute) {
    mail.received += 1;
    response.add("5:" + std::to_string(100 + minute), mail);
    response.item(Operation::kAdd, "5:" + std::to_string(200 + minute));
    response.note(response.arrival.begin(items::kBodyData));
    response.note(response.arrival.piece(bytes_of(Text(mail.body))));
    // Nothing arrives for a minute. Others come and go.
    for (int second = 0; second < 60; second += 15) {
      home.mono += 15'000;
      CHECK(response.arrival.tick(home.mono).ok());
      CHECK(home.store.idle(home.mono).ok());
      const int which = 1 + minute * 4 + second / 15;
      const ItemId id = home.id_of("5:" + std::to_string(which));
      CHECK(home.store.mark_read(id, true, home.wall).ok());
      CHECK(home.find("5:" + std::to_string(which)).read);
      // Another process may write as well: no transaction is open.
      sqlite3* other = nullptr;
      sqlite3_open(home.path.c_str(), &other);
      LONGS_EQUAL(SQLITE_OK, sqlite3_exec(other, "BEGIN IMMEDIATE;COMMIT", nullptr, nullptr, nullptr));
      sqlite3_close(other);
    }
    response.note(response.arrival.piece(bytes_of(Text(mail.body))));
    response.note(response.arrival.end());
    response.text(items::kSubject, "Slow");
    response.end();
  }
  LONGS_EQUAL(20, home.inbox_rows().size());
  STRCMP_EQUAL("", response.error.c_str());
  LONGS_EQUAL(10, response.commit("k2").value().added);
  CHECK(home.body(home.id_of("5:201")) == mail.body + mail.body);
  LONGS_EQUAL(20, home.store.queue_length(false).value());
}

TEST(Arrival, TheWriteAheadLogStaysSmallDuringALargeWindow) {
  CHECK(home.open().ok() && home.folders() && Response(home).commit("k0").ok());
  Response response(home);
  Mail mail;
  mail.body = std::string(32'000, 'w');
  std::uintmax_t largest = 0;
  for (int i = 0; i < 512; ++i) {
    response.add("5:" + std::to_string(i), mail);
    const std::uintmax_t size = std::filesystem::file_size(home.path + "-wal");
    largest = largest < size ? size : largest;
  }
  LONGS_EQUAL(512, response.commit("k1").value().added);
  CHECK(largest < 6'000'000);
  CHECK(std::filesystem::file_size(home.path + "-wal") < 6'000'000);
}

TEST(Arrival, TheAnswerToKeyZeroIsNoCompleteSync) {
  CHECK(home.open().ok() && home.folders());
  CHECK(Response(home).commit("k0").ok());
  CHECK_FALSE(home.inbox().synced);
  CHECK(Response(home).commit("k1", true).ok());
  CHECK_FALSE(home.inbox().synced);
  CHECK(Response(home).commit("k2").ok());
  CHECK(home.inbox().synced);
  LONGLONGS_EQUAL(home.wall, home.store.get_number(Value::kLastSync).value());
}

TEST(Arrival, WhatChangedIsToldOldestFirst) {
  CHECK(fill(home, 5));
  const std::uint64_t since = home.store.generation().value();
  const std::uint64_t first = home.find("5:1").id, third = home.find("5:3").id;
  CHECK(Response(home).read("5:3", 1).remove("5:1").commit("k2").ok());
  CHECK(Response(home).add("5:6").read("5:2", 1).commit("k3").ok());
  CHECK(home.store.mark_flag(home.id_of("5:2"), 2, home.wall).ok());
  Query query;
  query.changed_since = since;
  std::vector<Home::Row> rows = home.list(query);
  LONGS_EQUAL(4, rows.size());
  LONGS_EQUAL(third, rows[0].id);
  CHECK(rows[1].gone);
  LONGS_EQUAL(first, rows[1].id);
  LONGS_EQUAL(static_cast<std::uint32_t>(home.inbox().id), rows[1].folder);
  STRCMP_EQUAL("5:6", rows[2].server_id.c_str());
  STRCMP_EQUAL("5:2", rows[3].server_id.c_str());  // once, where its last change is
  query.folder = home.folder("6").id;
  LONGS_EQUAL(0, home.list(query).size());
  query.folder = home.inbox().id;
  query.limit = 2;
  LONGS_EQUAL(2, home.list(query).size());
  // Without the log's beginning the rows themselves tell, and none is missed.
  sqlite3_exec(home.store.database(), "DELETE FROM commit_log WHERE id>>20<=(SELECT max(id)>>20 FROM commit_log)-1",
               nullptr, nullptr, nullptr);
  query.limit = 0;
  query.changed_since = 1;
  rows = home.list(query);
  LONGS_EQUAL(5, rows.size());
  STRCMP_EQUAL("5:2", rows[4].server_id.c_str());
}

TEST(Arrival, AListIsNewestFirstInBatchesWithoutASnapshot) {
  CHECK(fill(home, 300));
  home.with_reader([&](Reader& reader) {
    Query query;
    query.folder = home.inbox().id;
    Cursor<ItemRow>* cursor = reader.list(query).value();
    ItemRow row;
    int count = 0;
    std::int64_t last = INT64_MAX;
    while (cursor->step(row).value()) {
      CHECK(row.when_ms < last);
      last = row.when_ms;
      // Someone else removes and adds meanwhile; rows come once, and the log can be checkpointed to its end.
      if (++count == 100) {
        CHECK(Response(home).remove("5:1").remove("5:300").add("5:301").commit("k2").ok());
        int log = 0, done = 0;
        sqlite3_wal_checkpoint_v2(home.store.database(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, &log, &done);
        LONGS_EQUAL(0, log);
      }
    }
    cursor->close();
    CHECK(count == 300 || count == 299);  // 5:301 has the oldest date and comes last
    return 0;
  });
  Query query;
  query.folder = home.inbox().id;
  query.limit = 7;
  LONGS_EQUAL(7, home.list(query).size());
  query.limit = 0;
  query.unread_only = true;
  CHECK(home.store.mark_read(home.id_of("5:5"), true, home.wall).ok());
  LONGS_EQUAL(298, home.list(query).size());
  query.unread_only = false;
  query.flagged_only = true;
  LONGS_EQUAL(0, home.list(query).size());
  query = {};
  query.item = home.id_of("5:6");
  LONGS_EQUAL(1, home.list(query).size());
}

TEST(Arrival, AnotherCursorClosesTheFirst) {
  CHECK(fill(home, 2));
  home.with_reader([&](Reader& reader) {
    Cursor<ItemRow>* items = reader.list(Query{}).value();
    Cursor<FolderRow>* folders = reader.folders().value();
    ItemRow item;
    FolderRow folder;
    LONGS_EQUAL(replica::kClosed, items->step(item).error().code);
    CHECK(folders->step(folder).value());
    return 0;
  });
}

TEST(Arrival, AChangeOfALongValueLeavesNothingOfTheOld) {
  CHECK(fill(home, 1));
  Response longer(home);
  longer.item(Operation::kChange, "5:1");
  longer.text(items::kSubject, std::string(9000, 's'));
  longer.end();
  CHECK(longer.commit("k2").ok());
  LONGS_EQUAL(1, number("SELECT count(*) FROM extra"));
  Response shorter(home);
  shorter.item(Operation::kChange, "5:1");
  shorter.text(items::kSubject, "short");
  shorter.end();
  CHECK(shorter.commit("k3").ok());
  LONGS_EQUAL(0, number("SELECT count(*) FROM extra"));
  LONGS_EQUAL(1, number("SELECT count(*) FROM body_chunk"));
  STRCMP_EQUAL("short", home.find("5:1").subject.c_str());
}
