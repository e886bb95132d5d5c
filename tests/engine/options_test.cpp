// What a build that leaves out classes and old versions does with folders and servers that have them. link_test.sh
// builds it with mail and calendar, from 14.0 on.
#include <vector>

#include "handsync/profile.h"
#include "policy/document.h"
#include "protocol/request.h"
#include "replica/home.h"

#include <CppUTest/TestHarness.h>

using namespace replica_test;

static_assert(profile::kCalendar && !profile::kContacts && !profile::kTasks && !profile::kNotes);
static_assert(profile::kVersionMin == 140);

TEST_GROUP(Options) {
  Home home;
  void setup() override {
    CHECK(home.open().ok() && home.folders() && home.store.hierarchy_begin(false).ok());
    CHECK(home.store.hierarchy_put("9", "0", "Contacts", 9).ok() &&
          home.store.hierarchy_put("10", "0", "Tasks", 7).ok());
    CHECK(home.store.hierarchy_put("11", "0", "Notes", 10).ok() && home.store.hierarchy_commit("h2").ok());
  }
};

TEST(Options, FoldersOfAnAbsentClassAreListedAsNotSupported) {
  Reader* reader = replica::open_reader(home.options(), home.heap.memory()).value();
  Cursor<FolderRow>* folders = reader->folders().value();
  FolderRow row;
  int there = 0;
  while (folders->step(row).value()) {
    ++there;
    const bool kept =
        row.type != FolderType::kContacts && row.type != FolderType::kTasks && row.type != FolderType::kNotes;
    CHECK_EQUAL_TEXT(kept, row.supported, std::string(row.name).c_str());
  }
  folders->close();
  reader->close();
  LONGS_EQUAL(7, there);
}

TEST(Options, TheyAreNotSynced) {
  SyncFolder all[16];
  LONGS_EQUAL(4, home.store.sync_folders(all).value());
  CHECK(home.folder("8").selected);
}

TEST(Options, NothingIsAddedToThem) {
  const Result<ItemId> added = home.store.add_item(FolderId{5} /* Contacts */, {}, "c1", home.wall);
  CHECK(!added.ok());
  LONGS_EQUAL(static_cast<int>(Domain::kSqlite), static_cast<int>(added.error().domain));
  LONGS_EQUAL(replica::kWrongFolder, added.error().code);
}

TEST(Options, VersionsBelowTheOldestAreNotSpoken) {
  LONGS_EQUAL(0, protocol::highest_common("2.5,12.0,12.1"));
  LONGS_EQUAL(140, protocol::highest_common("2.5,12.0,12.1,14.0"));
  LONGS_EQUAL(161, protocol::highest_common("2.5,16.1"));
  protocol::RequestHead head;
  protocol::Partner partner;
  partner.version = 121;
  CHECK(!head.build(protocol::Command::kSync, partner, {}, true).ok());
}

TEST(Options, ThePolicyFormOfOldVersionsIsNotRead) {
  policy::DocumentReader reader(nullptr, hal::KeySlot{1});
  const Text text = "<wap-provisioningdoc></wap-provisioningdoc>";
  CHECK(reader.text(bytes_of(text), false).ok());
  CHECK_FALSE(reader.complete());
}
