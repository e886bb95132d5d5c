// A plain database becomes a sealed one, whatever step the power goes at.
#include <cstdio>

#include "platform/storage/sealed_home.h"
#include "storage/convert.h"

#include <CppUTest/TestHarness.h>

using namespace storage_test;
using handsync::storage::convert_plain;

namespace {

// Says no at the nth step.
struct Steps final : hal::Progress {
  int left;
  int taken = 0;
  explicit Steps(int steps = 1'000'000) : left(steps) {}
  bool step() override {
    ++taken;
    return left-- > 0;
  }
};

bool magic(const std::string& file) { return file.starts_with("SQLite format 3"); }

constexpr char kSchema[] =
    "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT, b BLOB);CREATE INDEX i ON t(a);"
    "CREATE TABLE \"odd \"\"name\"(k TEXT PRIMARY KEY, v) WITHOUT ROWID;CREATE TABLE plain_rows(x);"
    "CREATE VIEW w AS SELECT count(*) n FROM t;CREATE VIRTUAL TABLE f USING fts5(x);"
    "CREATE TRIGGER g AFTER DELETE ON t BEGIN INSERT INTO plain_rows VALUES('deleted'); END;"
    "INSERT INTO \"odd \"\"name\" VALUES('k', 1);INSERT INTO plain_rows VALUES('CANARY row');"
    "INSERT INTO f VALUES('CANARY words to find');PRAGMA user_version=7;PRAGMA application_id=99";

}  // namespace

TEST_GROUP(Convert) {
  Home home;
  std::string plain_database, plain_log;

  void setup() override {
    home.path = home.directory + "/account 1%.db";  // a name that a URI has to escape
    Database d(home.path, nullptr, home.page_bytes);
    CHECK(d.run(kSchema));
    CHECK(
        d.run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<300) INSERT INTO t(a,b) SELECT "
              "'CANARY '||i, randomblob(500) FROM n;DELETE FROM t WHERE id>290"));
    CHECK(d.run("PRAGMA wal_checkpoint(FULL)"));
    CHECK(d.run("UPDATE t SET a='CANARY in the log' WHERE id=5"));
    plain_database = read_file(home.path);
    plain_log = read_file(home.log());
    CHECK(magic(plain_database) && plain_log.find("CANARY in the log") != std::string::npos);
    d.close();
  }
  void restore_plain() {
    for (const auto& entry : std::filesystem::directory_iterator(home.directory)) {
      std::filesystem::remove(entry.path());
    }
    write_file(home.path, plain_database);
    write_file(home.log(), plain_log);
  }
  void check_sealed(const char* where = "") {
    for (const auto& entry : std::filesystem::directory_iterator(home.directory)) {
      const std::string file = read_file(entry.path().string());
      CHECK_TEXT(!magic(file) && file.find("CANARY") == std::string::npos, where);
    }
    CHECK_TEXT(!std::filesystem::exists(home.path + "-plain"), where);
    CHECK_TEXT(!std::filesystem::exists(home.path + "-sealing"), where);
    Database d(home);
    LONGS_EQUAL_TEXT(SQLITE_OK, d.code, where);
    CHECK_TEXT(d.sound(), where);
    LONGS_EQUAL_TEXT(290, d.number("SELECT n FROM w"), where);
    STRCMP_EQUAL_TEXT("CANARY in the log", d.text("SELECT a FROM t WHERE id=5").c_str(), where);
    LONGS_EQUAL(1, d.number("SELECT v FROM \"odd \"\"name\" WHERE k='k'"));
    LONGS_EQUAL(1, d.number("SELECT rowid FROM f WHERE f MATCH 'find'"));
    LONGS_EQUAL(7, d.number("PRAGMA user_version"));
    LONGS_EQUAL(99, d.number("PRAGMA application_id"));
    LONGS_EQUAL(300, d.number("SELECT seq FROM sqlite_sequence WHERE name='t'"));
    LONGS_EQUAL(home.page_bytes, d.number("PRAGMA page_size"));
    STRCMP_EQUAL("wal", d.text("PRAGMA journal_mode").c_str());
    LONGS_EQUAL(11, d.number("SELECT count(*) FROM plain_rows"));  // ten deletions by the trigger of old, not again
  }
};

TEST(Convert, EverythingIsInTheSealedOneAndNothingPlainIsLeft) {
  restore_plain();
  Steps steps;
  CHECK(convert_plain(home.vfs, home.path, steps).ok());
  CHECK(steps.taken > 10);
  check_sealed();
  // Again: nothing to do.
  const std::string sealed = read_file(home.path);
  Steps none;
  CHECK(convert_plain(home.vfs, home.path, none).ok());
  LONGS_EQUAL(0, none.taken);
  CHECK(sealed == read_file(home.path));
  for (const auto& [path, times] : home.keys.asked) STRCMP_EQUAL(home.path.c_str(), path.c_str());
}

TEST(Convert, StoppedAtAnyStepItIsWholeAndGoesOn) {
  Steps rehearsal;
  restore_plain();
  CHECK(convert_plain(home.vfs, home.path, rehearsal).ok());
  for (int stop = 0; stop < rehearsal.taken; ++stop) {
    restore_plain();
    Steps steps(stop);
    const Status stopped = convert_plain(home.vfs, home.path, steps);
    CHECK(stopped.error() == hal::fault(hal::Fault::kGivenUp));
    // All of the plain one is still there, or the sealed one is.
    const std::string now = read_file(home.path), put_aside = read_file(home.path + "-plain");
    CHECK(!now.empty() || magic(put_aside));
    Steps rest;
    CHECK(convert_plain(home.vfs, home.path, rest).ok());
    check_sealed(std::to_string(stop).c_str());
  }
}

TEST(Convert, APowerCutWhileTheLastOfThePlainFileIsDestroyed) {
  restore_plain();
  Steps steps;
  CHECK(convert_plain(home.vfs, home.path, steps).ok());
  write_file(home.path + "-plain", std::string(4096, '\0') + plain_database.substr(4096));
  CHECK(convert_plain(home.vfs, home.path, steps).ok());
  check_sealed();
}

TEST(Convert, ThePlainFileIsOverwrittenBeforeItGoes) {
  restore_plain();
  const std::string witness = home.directory + "/witness", log_witness = home.directory + "/log-witness";
  std::filesystem::create_hard_link(home.path, witness);
  std::filesystem::create_hard_link(home.log(), log_witness);
  Steps steps;
  CHECK(convert_plain(home.vfs, home.path, steps).ok());
  for (const std::string& path : {witness, log_witness}) {
    const std::string file = read_file(path);
    CHECK(file.size() >= 4096);
    CHECK(file.find_first_not_of('\0') == std::string::npos);
  }
}

TEST(Convert, AFailureLeavesThePlainOne) {
  restore_plain();
  home.keys.there = false;
  Steps steps;
  const Status failed = convert_plain(home.vfs, home.path, steps);
  CHECK(!failed.ok());
  LONGS_EQUAL(SQLITE_IOERR_AUTH, failed.error().code);
  CHECK(magic(read_file(home.path)));
  home.keys.there = true;
  CHECK(convert_plain(home.vfs, home.path, steps).ok());
  check_sealed();
}

TEST(Convert, NothingThereIsFineAndARelativeNameIsNot) {
  Steps steps;
  CHECK(convert_plain(home.vfs, home.directory + "/none.db", steps).ok());
  CHECK_FALSE(convert_plain(home.vfs, "none.db", steps).ok());
}

TEST(Convert, SmallPages) {
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(home.path + suffix);
  home.page_bytes = 1024;
  setup();
  home.page_bytes = 1024;
  restore_plain();
  Steps steps;
  CHECK(convert_plain(home.vfs, home.path, steps).ok());
  check_sealed();
}
