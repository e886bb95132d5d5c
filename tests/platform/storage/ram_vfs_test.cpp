// A database on the file system in RAM lives as it would on a disk: WAL, two connections, rollback, VACUUM, a full
// disk.
#include <sqlite3.h>

#include <cstring>
#include <string>
#include <vector>

#include "storage/ram_vfs.h"

#include <CppUTest/TestHarness.h>

using handsync::storage::RamDisk;

namespace {

alignas(8) std::byte region[2 << 20];

handsync::Status random_bytes(handsync::Room room) {
  static unsigned char next = 1;
  for (std::byte& byte : room) byte = static_cast<std::byte>(next = static_cast<unsigned char>(next * 5 + 3));
  return handsync::Done{};
}

struct Connection {
  explicit Connection(const char* name = "one.db") {
    CHECK_EQUAL(SQLITE_OK, sqlite3_open_v2(name, &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, RamDisk::kVfs));
  }
  ~Connection() { CHECK_EQUAL(SQLITE_OK, sqlite3_close(database)); }
  int run(const char* sql) { return sqlite3_exec(database, sql, nullptr, nullptr, nullptr); }
  std::string value(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    std::string text = "(error)";
    if (sqlite3_prepare_v2(database, sql, -1, &statement, nullptr) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
      text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    return text;
  }
  sqlite3* database = nullptr;
};

constexpr char kThousandRows[] =
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<1000)"
    " INSERT INTO item SELECT x, zeroblob(300) FROM c";

}  // namespace

TEST_GROUP(RamVfs){void setup() override{CHECK_EQUAL(SQLITE_OK, sqlite3_initialize());
CHECK_EQUAL(SQLITE_OK, RamDisk::open(
                           region, 4096, false, [] { return std::int64_t{1'700'000'000'000}; }, random_bytes));
}
}
;

TEST(RamVfs, AReaderSeesTheLastCommitWhileAWriterWorks) {
  Connection writer;
  STRCMP_EQUAL("wal", writer.value("PRAGMA journal_mode=wal").c_str());
  CHECK_EQUAL(SQLITE_OK, writer.run("CREATE TABLE item(id INTEGER PRIMARY KEY, body BLOB)"));
  CHECK_EQUAL(SQLITE_OK, writer.run(kThousandRows));
  Connection reader;
  CHECK_EQUAL(SQLITE_OK, writer.run("BEGIN; DELETE FROM item WHERE id>10"));
  STRCMP_EQUAL("1000", reader.value("SELECT count(*) FROM item").c_str());
  CHECK_EQUAL(SQLITE_BUSY, reader.run("DELETE FROM item"));
  CHECK_EQUAL(SQLITE_OK, writer.run("COMMIT"));
  STRCMP_EQUAL("10", reader.value("SELECT count(*) FROM item").c_str());
  CHECK_EQUAL(SQLITE_OK, writer.run("PRAGMA wal_checkpoint(TRUNCATE)"));
  STRCMP_EQUAL("ok", reader.value("PRAGMA integrity_check").c_str());
}

TEST(RamVfs, ARollbackJournalWorksToo) {
  Connection one;
  STRCMP_EQUAL("delete", one.value("PRAGMA journal_mode=delete").c_str());
  CHECK_EQUAL(SQLITE_OK, one.run("CREATE TABLE item(id INTEGER PRIMARY KEY, body BLOB)"));
  CHECK_EQUAL(SQLITE_OK, one.run("BEGIN"));
  CHECK_EQUAL(SQLITE_OK, one.run(kThousandRows));
  CHECK_EQUAL(SQLITE_OK, one.run("ROLLBACK"));
  STRCMP_EQUAL("0", one.value("SELECT count(*) FROM item").c_str());
  Connection other;
  CHECK_EQUAL(SQLITE_OK, one.run("BEGIN IMMEDIATE"));
  CHECK_EQUAL(SQLITE_BUSY, other.run("BEGIN IMMEDIATE"));
  CHECK_EQUAL(SQLITE_OK, one.run("COMMIT"));
  CHECK_EQUAL(SQLITE_OK, other.run("BEGIN IMMEDIATE; COMMIT"));
}

TEST(RamVfs, AFileThatShrinksGivesItsBlocksBackAndGrowsAsZeros) {
  Connection one;
  CHECK_EQUAL(SQLITE_OK, one.run("CREATE TABLE item(id INTEGER PRIMARY KEY, body BLOB)"));
  CHECK_EQUAL(SQLITE_OK, one.run(kThousandRows));
  const std::size_t full = RamDisk::used_bytes();
  CHECK_EQUAL(SQLITE_OK, one.run("DELETE FROM item WHERE id>5; VACUUM"));
  CHECK(RamDisk::used_bytes() < full / 4);
  CHECK_EQUAL(SQLITE_OK, one.run("DELETE FROM item"));
  CHECK_EQUAL(SQLITE_OK, one.run(kThousandRows));
  STRCMP_EQUAL("ok", one.value("PRAGMA integrity_check").c_str());
}

TEST(RamVfs, AFullDiskIsAnErrorAndLosesNothing) {
  Connection one;
  CHECK_EQUAL(SQLITE_OK, one.run("CREATE TABLE item(id INTEGER PRIMARY KEY, body BLOB)"));
  CHECK_EQUAL(SQLITE_OK, one.run(kThousandRows));
  CHECK_EQUAL(SQLITE_FULL, one.run("INSERT INTO item VALUES(5000, zeroblob(3000000))"));
  STRCMP_EQUAL("1000", one.value("SELECT count(*) FROM item").c_str());
  STRCMP_EQUAL("ok", one.value("PRAGMA integrity_check").c_str());
}

TEST(RamVfs, RemovingByNameLeavesNothing) {
  {
    Connection one("ram/account-1.db"), other("ram/account-10.db");
    CHECK_EQUAL(SQLITE_OK, one.run("CREATE TABLE item(id INTEGER PRIMARY KEY)"));
    CHECK_EQUAL(SQLITE_OK, other.run("CREATE TABLE item(id INTEGER PRIMARY KEY)"));
  }
  CHECK_EQUAL(std::size_t{1}, RamDisk::remove_all("ram/account-1.db"));
  CHECK(RamDisk::used_bytes() != 0);
  CHECK_EQUAL(std::size_t{1}, RamDisk::remove_all("ram/account-"));
  CHECK_EQUAL(std::size_t{0}, RamDisk::used_bytes());
}
