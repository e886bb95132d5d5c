/// Address completion: the recipient information cache by rank, then contacts; and that nobody else sees the cache.
#include "handsync/profile.h"
#include "home.h"
#include "wbxml/code_pages.h"

#include <CppUTest/TestHarness.h>

using namespace replica_test;
namespace con = wbxml::contacts;

namespace {

using Found = std::vector<std::string>;

struct Entry {
  std::string id, name, address, alias;
  int rank = 0;
};

struct People : Home {
  bool with_folders() {
    return open().ok() && store.hierarchy_begin(true).ok() && store.hierarchy_put("5", "0", "Inbox", 2).ok() &&
           store.hierarchy_put("2", "0", "Contacts", 9).ok() && store.hierarchy_put("3", "0", "Club", 14).ok() &&
           store.hierarchy_put("RI", "0", "RecipientInfo", 19).ok() && store.hierarchy_commit("h1").ok();
  }
  /// Entries of the cache, or with a rank of 0 contacts.
  Applied arrive(const std::string& folder_id, const std::string& key, const std::vector<Entry>& entries,
                 const Found& gone = {}) {
    Response response(*this, folder(folder_id), 0);
    for (const Entry& entry : entries) {
      response.item(Operation::kAdd, entry.id);
      response.text(con::kFileAs, entry.name);
      response.text(con::kEmail1Address, entry.address);
      if (!entry.alias.empty()) response.text(con::kAlias, entry.alias);
      if (entry.rank != 0) response.text(con::kWeightedRank, std::to_string(entry.rank));
      response.end();
    }
    for (const std::string& id : gone) response.remove(id);
    STRCMP_EQUAL("", response.error.c_str());
    const Result<Applied> applied = response.commit(key);
    CHECK(applied.ok());
    return applied.value();
  }
  Found complete(Text typed) {
    return with_reader([&](Reader& reader) {
      Found found;
      Cursor<PersonRow>* cursor = open_people(reader, heap.memory(), typed).value();
      PersonRow row;
      for (;;) {
        const Result<bool> more = cursor->step(row);
        CHECK(more.ok());
        if (!more.value()) break;
        found.push_back(std::string(row.recent ? "*" : "") + std::string(row.name) + " " + std::string(row.address));
      }
      cursor->close();
      return found;
    });
  }
};

void equal(const Found& expected, const Found& found) {
  const auto joined = [](const Found& all) {
    std::string text;
    for (const std::string& each : all) text += each + "\n";
    return text;
  };
  STRCMP_EQUAL(joined(expected).c_str(), joined(found).c_str());
}

}  // namespace

TEST_GROUP(People) {
  People home;
  void setup() override {
    CHECK(home.with_folders());
    home.arrive("RI", "r1",
                {{"RI:1", "Anna Weiß", "anna@example.test", "aw", 3},
                 {"RI:2", "Bjørn Ångström", "bjorn@example.test", "", 20},
                 {"RI:3", "ann.other@example.test", "ann.other@example.test", "", 100}});
    home.arrive("2", "c1",
                {{"2:1", "Anna Weiss", "ANNA@example.test", ""},
                 {"2:2", "Annette Kolb", "\"Annette Kolb\" <kolb@example.test>", ""},
                 {"2:3", "Anton", "no address", ""}});
    home.arrive("3", "d1", {{"3:1", "会議室", "room@example.test", ""}, {"3:2", "Ирина", "irina@example.test", ""}});
  }
};

TEST(People, TheCacheByRankThenContactsEachAddressOnce) {
  equal({"*ann.other@example.test ann.other@example.test", "*Anna Weiß anna@example.test",
         "Annette Kolb kolb@example.test"},
        home.complete("ann"));
  equal({"*ann.other@example.test ann.other@example.test", "*Bjørn Ångström bjorn@example.test",
         "*Anna Weiß anna@example.test", "Annette Kolb kolb@example.test", "Ирина irina@example.test",
         "会議室 room@example.test"},
        home.complete(""));
}

TEST(People, EachWordBeginsAWordOfNameAddressOrAliasWithoutCaseAndAccents) {
  equal({"*Bjørn Ångström bjorn@example.test"}, home.complete("ANGS bj"));
  equal({"*Bjørn Ångström bjorn@example.test"}, home.complete("Bjorn"));
  equal({"*Anna Weiß anna@example.test"}, home.complete("AW"));  // the alias
  equal({"*Anna Weiß anna@example.test"}, home.complete("  weis   anna@exa "));
  equal({"*ann.other@example.test ann.other@example.test"}, home.complete("other"));
  equal({"会議室 room@example.test"}, home.complete("議室"));
  equal({"Ирина irina@example.test"}, home.complete("ИРИ"));
  equal({}, home.complete("nna"));  // within a word
  equal({}, home.complete("anna kolb"));
  equal({}, home.complete("\xC3"));  // a cut character
}

TEST(People, ContactsHaveThreeAddresses) {
  Response response(home, home.folder("2"), 0);
  response.item(Operation::kAdd, "2:9");
  response.text(con::kFirstName, "Zoë");
  response.text(con::kEmail2Address, "second@example.test");
  response.text(con::kEmail3Address, "Third <third@example.test>");
  response.end();
  CHECK(response.commit("c2").ok());
  equal({"Zoë second@example.test", "Zoë third@example.test"}, home.complete("zoe"));
  equal({"Zoë third@example.test"}, home.complete("thi"));
}

TEST(People, RanksThatChangeAreFollowedAndEntriesThatGoAreGone) {
  Response response(home, home.folder("RI"), 0);
  response.item(Operation::kChange, "RI:1");
  response.text(con::kFileAs, "Anna Weiß");
  response.text(con::kEmail1Address, "anna@example.test");
  response.text(con::kWeightedRank, "500");
  response.end();
  response.remove("RI:3");
  CHECK(response.commit("r2").ok());
  equal({"*Anna Weiß anna@example.test", "Annette Kolb kolb@example.test"}, home.complete("ann"));
  // Deselected, it completes nothing.
  CHECK(home.store.select(home.folder("RI").id, false).ok());
  equal({"Anna Weiss ANNA@example.test"}, home.complete("anna"));
}

TEST(People, ALostKeyKeepsThemUntilTheServerHasSaidAll) {
  CHECK(home.store.rekey_begin(home.folder("RI").id).ok());
  CHECK(Response(home, home.folder("RI"), 0).commit("r8", true).ok());
  equal({"*Anna Weiß anna@example.test"}, home.complete("aw"));
  const Applied applied = home.arrive("RI", "r9", {{"RI:7", "Anna Weiß", "anna@example.test", "aw", 4}});
  LONGS_EQUAL(2, applied.deleted);
  equal({"*Anna Weiß anna@example.test"}, home.complete("an we"));
  equal({}, home.complete("bj"));
}

TEST(People, NobodyElseSeesTheCache) {
  CHECK(home.folder("RI").supported && home.folder("RI").selected);
  LONGS_EQUAL(5, home.list(Query{}).size());  // the contacts
  Query contacts;
  contacts.of_class = true;
  contacts.kind = Class::kContact;
  LONGS_EQUAL(5, home.list(contacts).size());
  Query since;
  since.changed_since = 1;
  for (const Home::Row& row : home.list(since)) CHECK(row.server_id.substr(0, 2) != "RI" && !row.gone);
  home.arrive("RI", "r3", {}, {"RI:1"});
  for (const Home::Row& row : home.list(since)) CHECK_FALSE(row.gone);
  if constexpr (profile::kSearch) {
    while (home.store.index_some().value()) {
    }
    Query words;
    words.words = "Bjorn";
    LONGS_EQUAL(0, home.list(words).size());
  }
  Query cache;  // who asks for the folder has it, highest rank first
  cache.folder = home.folder("RI").id;
  const std::vector<Home::Row> rows = home.list(cache);
  LONGS_EQUAL(2, rows.size());
  STRCMP_EQUAL("RI:3", rows[0].server_id.c_str());
  LONGLONGS_EQUAL(100, rows[0].when);
}

TEST(People, TheCacheIsTheServersAlone) {
  Query cache;
  cache.folder = home.folder("RI").id;
  const auto entry = static_cast<ItemId>(home.list(cache)[0].id);
  const std::string name = "Somebody";
  const PropertyEdit edit{con::kFileAs, bytes_of(Text(name)), true};
  const auto read_only = [](const auto& result) {
    CHECK_FALSE(result.ok());
    LONGS_EQUAL(replica::kReadOnly, result.error().code);
  };
  read_only(home.store.edit_item(entry, std::span(&edit, 1), 1));
  read_only(home.store.add_item(cache.folder, std::span(&edit, 1), "c0ffee", 1));
  read_only(home.store.remove(entry, true, 1));
  read_only(home.store.move(entry, home.folder("2").id, 1));
  read_only(home.store.mark_read(entry, true, 1));
  // Nor does a contact go there.
  const Result<std::uint64_t> into = home.store.move(home.id_of("2:1"), cache.folder, 1);
  CHECK_FALSE(into.ok());
  LONGS_EQUAL(replica::kWrongFolder, into.error().code);
  LONGS_EQUAL(0, home.queue().size());
}

TEST(People, WithoutMemoryThereIsNoneAndNothingLeaks) {
  home.with_reader([&](Reader& reader) {
    home.heap.fail_at = home.heap.taken + 1;
    CHECK_FALSE(open_people(reader, home.heap.memory(), "a").ok());
    return 0;
  });
  equal({"*Anna Weiß anna@example.test"}, home.complete("aw"));
  // What is typed has an end.
  equal({}, home.complete(std::string(1000, 'a')));
  home.store.close();
  LONGS_EQUAL(0, home.heap.live);
}
