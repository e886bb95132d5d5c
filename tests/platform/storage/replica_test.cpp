// The engine's replica on the sealed VFS: a life with its reader, and power cuts at its writes.
#include <cstdio>

#include "engine/replica/flash_fake.h"
#include "engine/replica/history.h"
#include "platform/storage/sealed_home.h"
#include "replica/statements.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using replica_test::Flash;
using replica_test::Script;

namespace {

struct Seal {
  storage_test::Keys keys;
  storage_test::SystemEntropy entropy;
  storage::SealedVfs vfs{keys, entropy};
  explicit Seal(const char* below) {
    storage_test::Watch::instance();
    if (!vfs.install("sealed-replica", below).ok()) std::abort();
  }
};

struct SealedReplica : replica_test::Home {
  explicit SealedReplica(const Seal& seal) { vfs = seal.vfs.name(); }
};

struct SealedOnFlash : SealedReplica {
  explicit SealedOnFlash(const Seal& seal) : SealedReplica(seal) {
    path = "account.db";
    arrival_kib = 16;
    page_bytes = 1024;
    cache_kib = 64;
  }
};

}  // namespace

TEST_GROUP(SealedReplica){};

TEST(SealedReplica, SyncsReadsAndOpensAgain) {
  Seal seal("watched");
  bool seen = false;
  storage_test::Watch::instance().on_write = [&](const std::string&, const std::string& data, std::int64_t) {
    seen = seen || data.find("Body of") != std::string::npos || data.find("SQLite format") != std::string::npos;
  };
  for (const std::uint16_t page_bytes : {1024, 4096}) {
    SealedReplica home(seal);
    home.page_bytes = page_bytes;
    CHECK(replica_test::fill(home, 40));
    const ItemId one = home.id_of("5:7");
    STRCMP_EQUAL("Body of 7", home.body(one).c_str());
    CHECK(home.store.mark_read(one, true, home.wall).ok());
    const std::string before = replica_test::digest(home.store.database());
    CHECK(home.store.check().ok());
    home.store.close();
    CHECK(home.open().ok());
    STRCMP_EQUAL(before.c_str(), replica_test::digest(home.store.database()).c_str());
    LONGS_EQUAL(40, home.inbox_rows().size());
    CHECK(home.store.check().ok());
    CHECK_EQUAL(page_bytes, replica::query_number(home.store.database(), "PRAGMA page_size").value());
    home.store.close();
  }
  storage_test::Watch::instance().on_write = nullptr;
  CHECK_FALSE(seen);
  LONGS_EQUAL(0, seal.vfs.counts().bad);
  LONGS_EQUAL(0, seal.vfs.counts().refused);
}

// Words are kept in the open in the pages of the index: the plain file shows them, the sealed one does not.
TEST(SealedReplica, WordsThatAreSearchedAreSealedToo) {
  Seal seal("watched");
  for (const bool sealed : {false, true}) {
    bool seen = false;
    storage_test::Watch::instance().on_write = [&](const std::string&, const std::string& data, std::int64_t) {
      seen = seen || data.find("zwergspitz") != std::string::npos;  // the mail itself has a capital
    };
    replica_test::Home home;
    home.vfs = sealed ? seal.vfs.name() : "watched";
    CHECK(replica_test::fill(home, 0));
    replica_test::Mail mail;
    mail.subject = "Zwergspitz";
    mail.body = "";
    CHECK(replica_test::Response(home).add("5:1", mail).commit("k2").ok());
    for (Result<bool> more = true; more.value();) {
      more = home.store.index_some();
      CHECK(more.ok());
    }
    Query query;
    query.words = "zwergspitz";
    LONGS_EQUAL(1, home.list(query).size());
    home.store.close();
    storage_test::Watch::instance().on_write = nullptr;
    CHECK_EQUAL(!sealed, seen);
  }
}

TEST(SealedReplica, EveryStepOfALife) {
  Seal seal(nullptr);
  SealedReplica home(seal);
  CHECK(home.open().ok());
  for (const Script::Step& step : Script::steps()) {
    CHECK_TEXT(step.run(home), step.name);
    CHECK_TEXT(home.store.check().ok(), step.name);
    home.store.close();
    CHECK_TEXT(home.open().ok(), step.name);
  }
  LONGS_EQUAL(0, seal.vfs.counts().bad);
  LONGS_EQUAL(0, seal.vfs.counts().refused);
}

TEST(SealedReplica, AVfsThatSealsNothingIsRefusedWhenItMust) {
  replica_test::Home home;
  replica::StoreOptions options = home.options();
  options.sealed = true;
  LONGS_EQUAL(replica::kNotSealed, home.store.open(options, home.heap.memory()).error().code);
  LONGS_EQUAL(0, storage_test::read_file(home.path).size());
  Seal seal(nullptr);
  options.vfs = seal.vfs.name();
  CHECK(home.store.open(options, home.heap.memory()).ok());
  home.store.close();
  options.vfs = nullptr;
  CHECK_FALSE(home.store.open(options, home.heap.memory()).ok());
}

TEST(SealedReplica, DamageHasItsOwnError) {
  Seal seal(nullptr);
  SealedReplica home(seal);
  CHECK(replica_test::fill(home, 40));
  home.store.close();
  const std::string whole = storage_test::read_file(home.path);
  for (std::size_t page = 1; page < whole.size() / 4096; page += 3) {
    storage_test::write_file(home.path, whole);
    storage_test::flip(home.path, static_cast<std::int64_t>(page * 4096 + 99));
    Status found = home.open();
    if (found.ok()) found = home.store.check();
    CHECK_FALSE(found.ok());
    const std::int32_t code = found.error().code;
    CHECK(code == SQLITE_IOERR_DATA || code == replica::kUnsound);
    home.store.close();
  }
}

TEST(SealedReplica, OldOrNewAfterAPowerCutAndNothingBetween) {
  Flash& flash = Flash::instance();
  Seal seal("flash");
  flash.clear();
  const std::vector<Script::Step> steps = Script::steps();
  long cuts = 0;
  {
    SealedOnFlash home(seal);
    CHECK(home.open().ok());
  }
  for (const Script::Step& step : steps) {
    const auto image = flash.image();
    std::string before, after;
    long operations = 0;
    {
      SealedOnFlash home(seal);
      CHECK(home.open().ok());
      before = replica_test::digest(home.store.database());
      const long start = flash.operations;
      CHECK_TEXT(step.run(home), step.name);
      home.store.close();
      operations = flash.operations - start;
      CHECK(home.open().ok());
      after = replica_test::digest(home.store.database());
    }
    const auto next = flash.image();
    const long stride = operations > 20 ? 1 + operations / 12 : 2;
    for (long cut = 1; cut <= operations; cut += stride) {
      for (const Flash::Kept kept : Flash::kAllKinds) {
        flash.restore(image);
        bool said_ok = false;
        {
          SealedOnFlash home(seal);
          CHECK(home.open().ok());
          flash.cut_at = flash.operations + cut;
          said_ok = step.run(home);
          flash.dead = true;
        }
        flash.power_on(kept, static_cast<std::uint64_t>(cut));
        ++cuts;
        SealedOnFlash home(seal);
        CHECK_TEXT(home.open().ok(), step.name);
        const std::string found = replica_test::digest(home.store.database());
        CHECK_TEXT(found == after || (!said_ok && found == before), step.name);
        CHECK_TEXT(home.store.check().ok(), step.name);
      }
    }
    flash.restore(next);
  }
  std::printf("[%ld cuts] ", cuts);
  LONGS_EQUAL(0, seal.vfs.counts().refused);
}

TEST(SealedReplica, OldOrNewAlsoWhileItIsMade) {
  Flash& flash = Flash::instance();
  Seal seal("flash");
  for (long cut = 1; cut < 1000; ++cut) {
    bool complete = false;
    for (const Flash::Kept kept : Flash::kAllKinds) {
      flash.clear();
      flash.cut_at = cut;
      {
        SealedOnFlash home(seal);
        const bool opened = home.open().ok();
        home.store.close();
        complete = opened && !flash.dead;
        flash.dead = true;
      }
      flash.power_on(kept, static_cast<std::uint64_t>(cut));
      SealedOnFlash home(seal);
      CHECK_TEXT(home.open().ok(), std::to_string(cut).c_str());
      CHECK(home.store.check().ok());
      for (const auto& [name, file] : flash.files) CHECK(file.now.find("SQLite format") == std::string::npos);
    }
    if (complete) return;
  }
  FAIL("never complete");
}
