// Full-text search: what is found, what is not any more, and the pass that makes it so.
#include <sqlite3.h>

#include <cstring>

#include "flash_fake.h"
#include "history.h"
#include "replica/search_index.h"

#include <CppUTest/TestHarness.h>

using namespace replica_test;

namespace {

// Steps until everything is indexed; their number.
int index_all(Home& home) {
  for (int steps = 0; steps < 10'000; ++steps) {
    const Result<bool> more = home.store.index_some();
    CHECK(more.ok());
    if (!more.value()) return steps;
  }
  FAIL("the pass does not end");
  return 0;
}

std::string found(Home& home, const std::string& words, Query query = {}) {
  query.words = words;
  std::string ids;
  for (const Home::Row& row : home.list(query)) ids += (ids.empty() ? "" : " ") + row.server_id;
  return ids;
}

std::uint64_t left(Home& home) {
  return home.with_reader([](Reader& reader) { return items_not_indexed(reader).value(); });
}

long number(Home& home, const char* sql) { return static_cast<long>(Script::number(home, sql)); }

std::string match(const std::string& words) {
  char room[replica::kMatchBytesMax];
  return {room, replica::write_match(words, std::span<char, replica::kMatchBytesMax>(room))};
}

Mail mail(const char* subject, const char* body, int minute, int type = 2) {
  Mail made;
  made.subject = subject;
  made.body = body;
  made.body_type = type;
  made.received += minute * 60'000;
  return made;
}

}  // namespace

TEST_GROUP(Search) {
  Home home;
  void some() {
    CHECK(fill(home, 0));
    Response response(home);
    response.add("5:1", mail("Budget for spring", "<p>Numbers of the <b>gr\xC3\xBC</b>ne Wiese", 1))
        .add("5:2", mail("Lunch", "<p>Budget, and then lunch tomorrow?", 3))
        .add("5:3", mail("\xE4\xBC\x9A\xE8\xAD\xB0\xE3\x81\xAE\xE8\xB3\x87\xE6\x96\x99", "plain <budget>", 2, 1));
    CHECK(response.commit("k2").ok());
  }
};

TEST(Search, WordsAreFoundNewestFirst) {
  some();
  LONGS_EQUAL(3, left(home));
  STRCMP_EQUAL("", found(home, "budget").c_str());
  index_all(home);
  LONGS_EQUAL(0, left(home));
  STRCMP_EQUAL("5:2 5:3 5:1", found(home, "budget").c_str());
  STRCMP_EQUAL("5:2 5:3 5:1", found(home, "BUDG").c_str());    // the last word may be a beginning
  STRCMP_EQUAL("", found(home, "budg lunch").c_str());         // another may not
  STRCMP_EQUAL("5:2", found(home, "lunch bud").c_str());       // all of them
  STRCMP_EQUAL("5:1", found(home, "grune").c_str());           // without accents, over the end of a tag
  STRCMP_EQUAL("5:2", found(home, "\"then lunch\"").c_str());  // next to each other
  STRCMP_EQUAL("", found(home, "\"lunch then\"").c_str());
  STRCMP_EQUAL("", found(home, "\"for spring numbers\"").c_str());       // a phrase stands in one text
  STRCMP_EQUAL("5:3", found(home, "\xE8\xB3\x87\xE6\x96\x99").c_str());  // within a text without blanks
  STRCMP_EQUAL("5:2 5:3 5:1", found(home, "ada@example.com").c_str());
  STRCMP_EQUAL("", found(home, "nosuchword").c_str());
  STRCMP_EQUAL("", found(home, "br").c_str());  // of a tag, and too short to be a beginning
}

TEST(Search, FoldersClassesAndLimits) {
  some();
  index_all(home);
  Query query;
  query.folder = home.inbox().id;
  STRCMP_EQUAL("5:2 5:3 5:1", found(home, "budget", query).c_str());
  query.limit = 2;
  STRCMP_EQUAL("5:2 5:3", found(home, "budget", query).c_str());
  query.folder = home.folder("7").id;
  STRCMP_EQUAL("", found(home, "budget", query).c_str());
  query = {};
  query.of_class = true;
  query.kind = Class::kEvent;
  STRCMP_EQUAL("", found(home, "budget", query).c_str());
  query = {};
  CHECK(home.store.mark_flag(home.id_of("5:1"), 2, home.wall).ok());
  query.flagged_only = true;
  STRCMP_EQUAL("5:1", found(home, "budget", query).c_str());
}

TEST(Search, WhatIsGoneOrMovedIsSeenAtOnce) {
  some();
  index_all(home);
  CHECK(Response(home).remove("5:2").commit("k3").ok());
  STRCMP_EQUAL("5:3 5:1", found(home, "budget").c_str());
  CHECK(home.store.remove(home.id_of("5:1"), false, home.wall).ok());  // waits to be sent
  STRCMP_EQUAL("5:3", found(home, "budget").c_str());
  CHECK(home.store.drop(home.queue()[0].id).ok());
  STRCMP_EQUAL("5:3 5:1", found(home, "budget").c_str());
  CHECK(home.store.move(home.id_of("5:3"), home.folder("7").id, home.wall).ok());
  Query work;
  work.folder = home.folder("7").id;
  STRCMP_EQUAL("5:3", found(home, "budget", work).c_str());
  CHECK(home.store.check().ok());
  // A folder that nobody wants any more.
  CHECK(home.store.select(home.inbox().id, false).ok());
  STRCMP_EQUAL("", found(home, "budget").c_str());
  while (home.store.idle(home.mono).value()) {
  }
  CHECK(home.store.check().ok());
  index_all(home);
  LONGS_EQUAL(0, number(home, "SELECT count(*) FROM indexed WHERE item<>0"));
}

TEST(Search, WhatChangesIsIndexedAgainAndWhatIsReadIsNot) {
  some();
  index_all(home);
  const long documents = number(home, "SELECT count(*) FROM indexed");
  CHECK(Response(home).read("5:1", 1).commit("k3").ok());
  CHECK(home.store.mark_flag(home.id_of("5:2"), 2, home.wall).ok());
  LONGS_EQUAL(2, left(home));
  index_all(home);
  LONGS_EQUAL(0, left(home));
  LONGS_EQUAL(documents, number(home, "SELECT count(*) FROM indexed"));
  CHECK(Response(home).change("5:1", mail("Sommer", "<p>Autumn", 1)).commit("k4").ok());
  STRCMP_EQUAL("5:2 5:3 5:1", found(home, "budget").c_str());  // by what it was
  index_all(home);
  STRCMP_EQUAL("5:2 5:3", found(home, "budget").c_str());
  STRCMP_EQUAL("5:1", found(home, "autumn sommer").c_str());
  CHECK(home.store.check().ok());
}

TEST(Search, ManyOfOneSecondAndInAnyOrder) {
  CHECK(fill(home, 0));
  Response response(home);
  for (int i = 1; i <= 700; ++i) response.add("5:" + std::to_string(i), mail("same second", "word", i % 2));
  CHECK(response.commit("k2").ok());
  index_all(home);
  Query query;
  query.words = "word";
  const std::vector<Home::Row> rows = home.list(query);
  LONGS_EQUAL(700, rows.size());
  std::set<std::uint64_t> ids;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ids.insert(rows[i].id);
    CHECK(i == 0 || rows[i].when <= rows[i - 1].when);
  }
  LONGS_EQUAL(700, ids.size());
}

TEST(Search, WhatIsTypedIsNeverAnError) {
  some();
  index_all(home);
  for (const std::string& words : {std::string("\""),
                                   std::string("\"\""),
                                   std::string("budget AND"),
                                   std::string("NOT"),
                                   std::string("a OR b"),
                                   std::string("NEAR(budget, 2)"),
                                   std::string("title:budget"),
                                   std::string("bud*get *"),
                                   std::string("^budget"),
                                   std::string("(budget"),
                                   std::string("budget)"),
                                   std::string("-"),
                                   std::string("--- budget"),
                                   std::string(" \t "),
                                   std::string("bud\0get", 7),
                                   std::string("\xFF\xFE"),
                                   std::string("'; DROP TABLE item; --"),
                                   std::string(100'000, 'a'),
                                   std::string(100'000, '"'),
                                   std::string(5'000, '\xE4') + "x",
                                   std::string("{budget}"),
                                   std::string("budget + lunch")}) {
    Query query;
    query.words = words;
    const Result<bool> outcome = home.with_reader([&](Reader& reader) -> Result<bool> {
      ItemRow row;
      const auto cursor = reader.list(query);
      if (!cursor.ok()) return cursor.error();
      for (;;) {
        const Result<bool> more = cursor.value()->step(row);
        if (!more.ok() || !more.value()) return more;
      }
    });
    CHECK_TEXT(outcome.ok(), words.substr(0, 40).c_str());
  }
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += "budget ";
  STRCMP_EQUAL("5:2 5:3 5:1", found(home, many).c_str());
  STRCMP_EQUAL("5:2 5:3 5:1", found(home, "--- budget").c_str());
  STRCMP_EQUAL("", found(home, "bud AND").c_str());
  LONGS_EQUAL(3, home.inbox_rows().size());
}

TEST(Search, QueriesAreQuoted) {
  STRCMP_EQUAL("\"one\" \"two\"* ", match(" one\ttwo ").c_str());
  STRCMP_EQUAL("\"one two\" ", match("\"one two\"").c_str());
  STRCMP_EQUAL("\"a\" \"b c\" \"or\" ", match("a\"b c\"or").c_str());
  STRCMP_EQUAL("", match("").c_str());
  STRCMP_EQUAL("", match(" \n").c_str());
  CHECK(match(std::string(1'000'000, 'x')).size() < 200);
}

TEST(Search, TheLogIsNotNeededFromItsBeginning) {
  some();
  index_all(home);
  // More commits than the log keeps, as if search had been switched off for a while.
  CHECK(sqlite3_exec(home.store.database(), "UPDATE commit_log SET id=id+(20000<<20)", nullptr, nullptr, nullptr) == 0);
  CHECK(Response(home).add("5:9", mail("Late budget", "x", 9)).commit("k3").ok());
  CHECK(left(home) > 0);
  index_all(home);
  STRCMP_EQUAL("5:9 5:2 5:3 5:1", found(home, "budget").c_str());
  LONGS_EQUAL(4, number(home, "SELECT count(*) FROM indexed"));  // those that had not changed stayed
}

TEST(Search, AnIndexOfMostlyNobodyBeginsAnew) {
  constexpr int kMails = 300;
  CHECK(fill(home, kMails));
  for (int round = 1; round <= 6; ++round) {
    Response response(home);
    const std::string subject = "Round round" + std::to_string(round);
    for (int i = 1; i <= kMails; ++i) response.change("5:" + std::to_string(i), mail(subject.c_str(), "<p>x", i));
    CHECK(response.commit("k" + std::to_string(round + 2)).ok());
    index_all(home);
    Query query;
    const std::string now = "round" + std::to_string(round), before = "round" + std::to_string(round - 1);
    query.words = now;
    LONGS_EQUAL(kMails, home.list(query).size());
    query.words = before;
    LONGS_EQUAL(0, home.list(query).size());
  }
  // Seven times as many documents as mails, had it not begun anew at 2 * 300 + 1000.
  CHECK(number(home, "SELECT count(*) FROM indexed") < 1600);
  CHECK(home.store.check().ok());
}

TEST(Search, ItemsThatAreHiddenAreNoReasonToBeginAnew) {
  constexpr int kMails = 1500;
  CHECK(fill(home, kMails));
  index_all(home);
  for (const Home::Row& row : home.list(Query{}))
    if (row.server_id > "5:12")
      CHECK(home.store.remove(static_cast<ItemId>(row.id), true, 1).ok());  // they wait for the server
  CHECK(home.list(Query{}).size() < 250);
  CHECK(index_all(home) < 100);
  LONGS_EQUAL(0, left(home));
}

TEST(Search, APassCanStopAfterAnyStepAndGoOnInAnotherProcess) {
  CHECK(fill(home, 2050));
  int steps = 0;
  while (home.store.index_some().value()) {
    ++steps;
    home.store.close();
    CHECK(home.open().ok());
    Query query;
    query.words = "body";
    const std::size_t found_now = home.list(query).size();
    LONGS_EQUAL(2050, found_now + left(home));
  }
  CHECK(steps >= 10);
  LONGS_EQUAL(0, left(home));
}

TEST(Search, AWriterComesBetweenTwoSteps) {
  CHECK(fill(home, 300));
  CHECK(home.store.index_some().value());
  CHECK(home.store.mark_read(home.id_of("5:7"), true, home.wall).ok());
  Response arriving(home);  // and a response that is on its way
  arriving.add("5:400", mail("Arrived", "between", 1));
  CHECK(home.store.index_some().value());
  CHECK(arriving.commit("k9").ok());
  index_all(home);
  STRCMP_EQUAL("5:400", found(home, "between").c_str());
  CHECK(home.store.check().ok());
}

TEST(Search, PersonalItemsAreFoundByTheirNamesAndPlaces) {
  CHECK(fill(home, 1));
  CHECK(home.store.hierarchy_begin(false).ok() && home.store.hierarchy_put("9", "0", "Contacts", 9).ok());
  CHECK(home.store.hierarchy_commit("h2").ok());
  {
    Response first(home, home.folder("9"), 0);
    CHECK(first.commit("c1").ok());
    Response contacts(home, home.folder("9"), 0);
    contacts.item(Operation::kAdd, "9:1");
    contacts.text(0x0000 + 287, "Grace");
    contacts.text(297, "Hopper");
    contacts.text(281, "Navy Yard");
    contacts.text(299, "+1 555 0199");
    contacts.end();
    CHECK(contacts.commit("c2").ok());
  }
  index_all(home);
  STRCMP_EQUAL("9:1", found(home, "hopper grace").c_str());
  STRCMP_EQUAL("9:1", found(home, "navy").c_str());
  STRCMP_EQUAL("9:1", found(home, "0199").c_str());
  Query query;
  query.of_class = true;
  query.kind = Class::kContact;
  STRCMP_EQUAL("9:1", found(home, "hopper", query).c_str());
}

TEST(Search, ThePassKeepsWithinItsMemory) {
  sqlite3_int64 used = 0, high = 0;
  CHECK(fill(home, 0));
  for (int window = 0; window < 10; ++window) {
    Response response(home);
    for (int i = 0; i < 200; ++i) {
      std::string body = "<html><body>";
      std::uint32_t seed = static_cast<std::uint32_t>(window * 200 + i) * 2654435761u + 7;
      while (body.size() < 3000) {
        seed = seed * 1664525u + 1013904223u;
        body += "<p>word" + std::to_string(seed >> 18) + " and ";
      }
      response.add("5:" + std::to_string(window * 200 + i), mail("Many words", body.c_str(), window * 200 + i));
    }
    CHECK(response.commit("k" + std::to_string(window + 2)).ok());
  }
  home.store.close();
  CHECK(home.open().ok());
  sqlite3_status64(SQLITE_STATUS_MEMORY_USED, &used, &high, 1);
  const long before = home.heap.live;
  index_all(home);
  LONGS_EQUAL(before, home.heap.live);
  sqlite3_status64(SQLITE_STATUS_MEMORY_USED, &used, &high, 0);
  CHECK_TEXT(high / 1024 <= 704, ("SQLite took " + std::to_string(high / 1024) + " KiB").c_str());
}

// The power goes at every write of a pass: what is found and what is said to be left always fit together.
TEST(Search, APowerCutInThePassLeavesIndexAndMarkerTogether) {
  Flash& flash = Flash::instance();
  struct FlashHome : Home {
    FlashHome() {
      path = "account.db";
      vfs = "flash";
      page_bytes = 1024;
      cache_kib = 64;
      arrival_kib = 16;
    }
  };
  flash.clear();
  std::map<std::string, Flash::File> image;
  long operations = 0;
  {
    FlashHome phone;
    CHECK(fill(phone, 250));
    phone.store.close();
    image = flash.image();
    CHECK(phone.open().ok());
    const long before = flash.operations;
    index_all(phone);
    phone.store.close();
    operations = flash.operations - before;
  }
  CHECK(operations > 100);
  for (long cut = 1; cut <= operations; cut += operations / 60 + 1) {
    for (const Flash::Kept kept : Flash::kAllKinds) {
      flash.restore(image);
      {
        FlashHome phone;
        CHECK(phone.open().ok());
        flash.cut_at = flash.operations + cut;
        while (!flash.dead) {
          const Result<bool> more = phone.store.index_some();
          if (!more.ok() || !more.value()) break;
        }
        phone.store.close();
      }
      flash.power_on(kept, static_cast<std::uint64_t>(cut));
      FlashHome phone;
      CHECK(phone.open().ok());
      CHECK(phone.store.check().ok());
      Query query;
      query.words = "body";
      LONGS_EQUAL(250, phone.list(query).size() + left(phone));
      index_all(phone);
      LONGS_EQUAL(250, phone.list(query).size());
      LONGS_EQUAL(250, number(phone, "SELECT count(*) FROM indexed WHERE item<>0"));
    }
  }
  flash.clear();
}
