// The sealed VFS under SQLite: its form on disk and the hard parts of sealing below a pager.
#include <cstring>
#include <vector>

#include "platform/storage/sealed_home.h"
#include "storage/page_sealer.h"

#include <CppUTest/TestHarness.h>

using namespace storage_test;

namespace {

constexpr char kPlain[] = "SQLite format 3";
constexpr int kBadPage = SQLITE_IOERR_DATA;
constexpr std::int64_t kFrame = 24 + 4096;

std::string rows(int count, int bytes = 300) {
  return "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<" + std::to_string(count) +
         ") INSERT INTO t(a,b) SELECT 'CANARY '||i, randomblob(" + std::to_string(bytes) + ") FROM n";
}

// Files as a power cut that loses nothing would leave them.
struct Crash {
  std::string database, log;
  explicit Crash(const Home& home) : database(read_file(home.path)), log(read_file(home.log())) {}
  void restore(const Home& home) const {
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(home.path + suffix);
    write_file(home.path, database);
    if (!log.empty()) write_file(home.log(), log);
  }
};

}  // namespace

TEST_GROUP(SealedVfs) {
  Home home;
  void make(int count = 100) {
    Database d(home);
    LONGS_EQUAL(SQLITE_OK, d.code);
    CHECK(d.run("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b BLOB)"));
    CHECK(d.run(rows(count)));
  }
};

TEST(SealedVfs, WhatIsWrittenIsReadAndNothingOfItIsOnDisk) {
  bool seen = false;
  Watch::instance().on_write = [&](const std::string&, const std::string& data, std::int64_t) {
    seen = seen || data.find("CANARY") != std::string::npos || data.find(kPlain) != std::string::npos;
  };
  make();
  CHECK_FALSE(seen);
  STRCMP_EQUAL("", read_file(home.log()).c_str());  // closed: checkpointed
  const std::string file = read_file(home.path);
  CHECK(file.find("CANARY") == std::string::npos && file.find(kPlain) == std::string::npos);
  LONGS_EQUAL(0, file.size() % 4096);
  Database d(home);
  LONGS_EQUAL(100, d.number("SELECT count(*) FROM t WHERE a LIKE 'CANARY%'"));
  CHECK(d.sound());
  STRCMP_EQUAL("wal", d.text("PRAGMA journal_mode").c_str());
  LONGS_EQUAL(0, home.vfs.counts().bad);
  LONGS_EQUAL(0, home.vfs.counts().refused);
}

TEST(SealedVfs, EachPageIsSealedOnceAndCopiedByTheCheckpoint) {
  Database d(home);
  CHECK(d.run("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b BLOB)") && d.run(rows(500)));
  const auto before = home.vfs.counts();
  const std::string log = read_file(home.log());
  CHECK(d.run("PRAGMA wal_checkpoint(FULL)"));
  const auto after = home.vfs.counts();
  LONGS_EQUAL(before.sealed, after.sealed);
  CHECK(after.copied > 40);
  // The same ciphertext in both places.
  const std::string file = read_file(home.path);
  CHECK(log.find(file.substr(4096 * 9, 4096)) != std::string::npos);
}

// Hard part 1: the pager's buffer is not touched, and the reserve of what is read is zero.
TEST(SealedVfs, FramesAreFoundAgainAfterACrash) {
  Database d(home);
  CHECK(d.run("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b BLOB)"));
  for (int i = 0; i < 10; ++i) CHECK(d.run(rows(50)));
  // Pages that were read back, changed and written again.
  CHECK(d.run("PRAGMA wal_checkpoint(FULL)") && d.run("UPDATE t SET a='CANARY again' WHERE id%3=0"));
  LONGS_EQUAL(500, d.number("SELECT count(*) FROM t"));
  const Crash crash(home);
  d.close();
  crash.restore(home);
  Database again(home);
  LONGS_EQUAL(166, again.number("SELECT count(*) FROM t WHERE a='CANARY again'"));
  CHECK(again.sound());
  LONGS_EQUAL(0, home.vfs.counts().torn);
}

TEST(SealedVfs, TheCallersBufferStaysAsItIsAndItsReserveMustBeZero) {
  make();
  Database d(home);
  CHECK(d.run("BEGIN IMMEDIATE;UPDATE t SET a=a"));
  sqlite3_file* log = d.log_file();
  const std::int64_t at = 32 + 400 * kFrame;
  std::uint8_t head[24]{0, 0, 0, 9};
  std::vector<std::uint8_t> page(4096, 7);
  std::memset(page.data() + 4068, 0, 28);
  const std::vector<std::uint8_t> copy = page;
  LONGS_EQUAL(SQLITE_OK, log->pMethods->xWrite(log, head, 24, at));
  LONGS_EQUAL(SQLITE_OK, log->pMethods->xWrite(log, page.data(), 4096, at + 24));
  CHECK(page == copy);
  std::vector<std::uint8_t> found(4096 + 24, 1);
  LONGS_EQUAL(SQLITE_OK, log->pMethods->xRead(log, found.data(), 4120, at));
  MEMCMP_EQUAL(page.data(), found.data() + 24, 4096);
  // Hard part 2: the number is the header's.
  const std::string frame = read_file(home.log()).substr(static_cast<std::size_t>(at) + 24, 4096);
  storage::PageSealer sealer;
  std::uint8_t key[32];
  CHECK(home.keys.key_of(home.path, std::as_writable_bytes(std::span(key))).ok() && sealer.set_key(key).ok());
  const auto* sealed = reinterpret_cast<const std::uint8_t*>(frame.data());
  CHECK(sealer.open(9, sealed, found.data(), 4096));
  CHECK_FALSE(sealer.open(10, sealed, found.data(), 4096));
  page[4095] = 1;
  LONGS_EQUAL(SQLITE_IOERR_WRITE, log->pMethods->xWrite(log, page.data(), 4096, at + 24));
  // Shapes that nobody writes or reads.
  LONGS_EQUAL(SQLITE_IOERR_WRITE, log->pMethods->xWrite(log, copy.data(), 4096, at + 30));
  LONGS_EQUAL(SQLITE_IOERR_WRITE, log->pMethods->xWrite(log, copy.data(), 30, at));
  LONGS_EQUAL(SQLITE_IOERR_WRITE, log->pMethods->xWrite(log, copy.data(), 16, 0));
  LONGS_EQUAL(SQLITE_IOERR_READ, log->pMethods->xRead(log, found.data(), 100, at + 30));
  sqlite3_file* main = d.main_file();
  LONGS_EQUAL(SQLITE_IOERR_WRITE, main->pMethods->xWrite(main, copy.data(), 4096, 4096));
  LONGS_EQUAL(SQLITE_IOERR_WRITE, main->pMethods->xWrite(main, copy.data(), 4096, 0));
  LONGS_EQUAL(SQLITE_IOERR_READ, main->pMethods->xRead(main, found.data(), 100, 4096 + 5));
  // Between the marks of a checkpoint only copies pass.
  CHECK_EQUAL(SQLITE_OK, sqlite3_file_control(d.handle, "main", SQLITE_FCNTL_CKPT_START, nullptr) & ~SQLITE_NOTFOUND);
  LONGS_EQUAL(SQLITE_IOERR_WRITE, main->pMethods->xWrite(main, copy.data(), 4096, 4096));
  sqlite3_file_control(d.handle, "main", SQLITE_FCNTL_CKPT_DONE, nullptr);
}

// Hard part 2 once more: a page that is written twice in a transaction comes without its header.
TEST(SealedVfs, PagesThatAreWrittenAgainWithinATransaction) {
  make(400);
  Database d(home);
  CHECK(d.run("PRAGMA cache_size=12;BEGIN"));
  for (int i = 0; i < 6; ++i) CHECK(d.run("UPDATE t SET a='round " + std::to_string(i) + "'"));
  CHECK(d.run("COMMIT"));
  const Crash crash(home);
  d.close();
  crash.restore(home);
  Database again(home);
  LONGS_EQUAL(400, again.number("SELECT count(*) FROM t WHERE a='round 5'"));
  CHECK(again.sound());
}

// Hard part 3: a frame that does not open ends the log, unless this connection wrote it.
TEST(SealedVfs, ATornTailEndsTheLogAndAnOwnFrameIsAnError) {
  make(5);
  Database d(home);
  CHECK(d.run("UPDATE t SET a='first'") && d.run("PRAGMA wal_checkpoint(FULL)"));
  CHECK(d.run("INSERT INTO t(a) VALUES('second')") && d.run("INSERT INTO t(a) VALUES('third')"));
  const Crash crash(home);
  d.close();
  for (const std::int64_t cut : {1L, 30L, 2000L, 4096L, 4100L}) {
    for (const bool garbage : {false, true}) {
      Crash torn = crash;
      const std::size_t keep = torn.log.size() - static_cast<std::size_t>(cut);
      torn.log.resize(keep);
      if (garbage) torn.log.append(static_cast<std::size_t>(cut), 'x');
      torn.restore(home);
      Database again(home);
      LONGS_EQUAL(1, again.number("SELECT count(*) FROM t WHERE a='second'"));
      LONGS_EQUAL(0, again.number("SELECT count(*) FROM t WHERE a='third'"));
      CHECK(again.sound());
    }
  }
  CHECK(home.vfs.counts().torn >= 5);
  crash.restore(home);
  Database own(home);
  LONGS_EQUAL(7, own.number("SELECT count(*) FROM t"));
  CHECK(own.run("PRAGMA cache_size=4;BEGIN IMMEDIATE"));
  CHECK(own.run(rows(500)));  // spills
  const auto size = static_cast<std::int64_t>(read_file(home.log()).size());
  flip(home.log(), size - 3 * kFrame + 100);
  CHECK(!own.run("UPDATE t SET a='x'") || !own.run("COMMIT"));
  LONGS_EQUAL(kBadPage, own.code);
  own.run("ROLLBACK");
  LONGS_EQUAL(7, own.number("SELECT count(*) FROM t"));
}

TEST(SealedVfs, AWholeFrameOfAnEndedTransactionIsNoLongerOnesOwn) {
  make(5);
  Database d(home);
  CHECK(d.run("BEGIN IMMEDIATE;UPDATE t SET a=a"));
  sqlite3_file* log = d.log_file();
  const std::int64_t at = 32 + 50 * kFrame;
  std::uint8_t head[24]{0, 0, 0, 3};
  std::vector<std::uint8_t> page(4096, 0), found(4120, 1);
  LONGS_EQUAL(SQLITE_OK, log->pMethods->xWrite(log, head, 24, at));
  LONGS_EQUAL(SQLITE_OK, log->pMethods->xWrite(log, page.data(), 4096, at + 24));
  flip(home.log(), at + 24 + 17);
  LONGS_EQUAL(kBadPage, log->pMethods->xRead(log, found.data(), 4120, at));
  LONGS_EQUAL(kBadPage, log->pMethods->xRead(log, found.data(), 4096, at + 24));
  CHECK(d.run("ROLLBACK"));
  LONGS_EQUAL(SQLITE_OK, log->pMethods->xRead(log, found.data(), 4120, at));
  LONGS_EQUAL(0, found[3]);  // page 0: the end
  LONGS_EQUAL(kBadPage, log->pMethods->xRead(log, found.data(), 4096, at + 24));
}

// Hard part 4: parts of the first page, and the page size from it.
TEST(SealedVfs, EveryPageSizeIsFoundAndPartsOfTheFirstPageAreServed) {
  for (int bytes = 512; bytes <= 65536; bytes *= 2) {
    home.page_bytes = bytes;
    home.path = home.directory + "/" + std::to_string(bytes) + ".db";
    make(20);
    Database d(home.path, home.vfs.name(), 2048);  // what it asks for counts for new files only
    LONGS_EQUAL(bytes, d.number("PRAGMA page_size"));
    CHECK(d.sound());
    std::vector<char> page(static_cast<std::size_t>(bytes)), part(100), some(16);
    sqlite3_file* file = d.main_file();
    LONGS_EQUAL(SQLITE_OK, file->pMethods->xRead(file, page.data(), bytes, 0));
    LONGS_EQUAL(SQLITE_OK, file->pMethods->xRead(file, part.data(), 100, 0));
    LONGS_EQUAL(SQLITE_OK, file->pMethods->xRead(file, some.data(), 16, 24));
    STRCMP_EQUAL(kPlain, page.data());
    MEMCMP_EQUAL(page.data(), part.data(), 100);
    MEMCMP_EQUAL(page.data() + 24, some.data(), 16);
  }
}

TEST(SealedVfs, AFirstPageThatACheckpointHasTornIsInTheLog) {
  for (const int bytes : {1024, 4096}) {
    home.page_bytes = bytes;
    home.path = home.directory + "/torn-" + std::to_string(bytes) + ".db";
    make(20);
    Database d(home);
    CHECK(d.run("CREATE TABLE other(x)") && d.run(rows(20)));
    Crash crash(home);
    d.close();
    crash.database.replace(100, 300, std::string(300, 'z'));
    crash.restore(home);
    {
      Database again(home);
      LONGS_EQUAL(SQLITE_OK, again.code);
      LONGS_EQUAL(40, again.number("SELECT count(*) FROM t"));
      CHECK(again.sound());
    }
    Database last(home);
    CHECK(last.sound());  // mended by the checkpoint
    last.close();
    // Without the page in the log it is an error.
    Crash bare(home);
    bare.database.replace(100, 300, std::string(300, 'z'));
    bare.restore(home);
    Database refused(home);
    LONGS_EQUAL(kBadPage, refused.code);
  }
}

// Hard part 5: where a sector may be lost with its neighbour, frames come in pieces.
TEST(SealedVfs, FramesInPieces) {
  int pieces = 0;
  Watch::instance().on_write = [&](const std::string& path, const std::string& data, std::int64_t) {
    if (path.ends_with("-wal") && data.size() != 24 && data.size() != 32 && data.size() != 4096) ++pieces;
  };
  Database d("file:" + home.path + "?psow=0", home.vfs.name(), 4096, SQLITE_OPEN_CREATE | SQLITE_OPEN_URI);
  CHECK(d.run("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b BLOB)"));
  for (int i = 0; i < 40; ++i) CHECK(d.run(rows(1 + i % 3)));
  CHECK(pieces > 40);
  const long count = d.number("SELECT count(*) FROM t");
  const Crash crash(home);
  d.close();
  crash.restore(home);
  Database again(home);
  LONGS_EQUAL(count, again.number("SELECT count(*) FROM t"));
  CHECK(again.sound());
  LONGS_EQUAL(0, home.vfs.counts().bad);
}

TEST(SealedVfs, APieceOutOfPlaceIsRefused) {
  make(5);
  Database d(home);
  CHECK(d.run("BEGIN IMMEDIATE;UPDATE t SET a=a"));
  sqlite3_file* log = d.log_file();
  const std::int64_t at = 32 + 50 * kFrame;
  const std::vector<std::uint8_t> page(4096, 0);
  const std::uint8_t head[24]{0, 0, 0, 3};
  LONGS_EQUAL(SQLITE_OK, log->pMethods->xWrite(log, head, 10, at));
  LONGS_EQUAL(SQLITE_OK, log->pMethods->xWrite(log, head + 10, 14, at + 10));
  LONGS_EQUAL(SQLITE_OK, log->pMethods->xWrite(log, page.data(), 1000, at + 24));
  LONGS_EQUAL(SQLITE_IOERR_WRITE, log->pMethods->xWrite(log, page.data(), 1000, at + 24 + 1001));
  LONGS_EQUAL(SQLITE_OK, log->pMethods->xWrite(log, page.data(), 3096, at + 24 + 1000));
  LONGS_EQUAL(SQLITE_IOERR_WRITE, log->pMethods->xWrite(log, page.data(), 100, at + 24 + 1000));
}

// Hard part 6: a new file.
TEST(SealedVfs, ANewFileNeedsItsReserveFirstAndNoJournal) {
  Database d;
  LONGS_EQUAL(SQLITE_OK, sqlite3_open_v2(home.path.c_str(), &d.handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                                         home.vfs.name()));
  CHECK_FALSE(d.run("PRAGMA journal_mode=wal;CREATE TABLE t(x)"));
  LONGS_EQUAL(SQLITE_CANTOPEN, d.code & 0xFF);  // the rollback journal
  CHECK(home.vfs.counts().refused > 0);
  CHECK(d.run("PRAGMA journal_mode=memory"));
  CHECK_FALSE(d.run("CREATE TABLE t(x)"));
  LONGS_EQUAL(SQLITE_IOERR_WRITE, d.code);  // no reserve
  LONGS_EQUAL(0, read_file(home.path).size());
  d.close();
  LONGS_EQUAL(SQLITE_OK, sqlite3_open_v2(home.path.c_str(), &d.handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                                         home.vfs.name()));
  int reserve = 28;
  sqlite3_file_control(d.handle, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve);
  CHECK(d.run("PRAGMA journal_mode=memory;PRAGMA journal_mode=wal"));
  STRCMP_EQUAL("wal", d.text("PRAGMA journal_mode").c_str());
  CHECK(d.run("CREATE TABLE t(x)"));
  CHECK(d.sound());
  // And back is no way either.
  d.run("PRAGMA journal_mode=delete");
  d.close();
  Database again(home);
  STRCMP_EQUAL("wal", again.text("PRAGMA journal_mode").c_str());
  CHECK(again.sound());
}

TEST(SealedVfs, AFirstPageThatWasNeverFinishedIsNoDatabaseYet) {
  std::vector<std::string> states;  // what the file was before each write of its first page
  Watch::instance().on_write = [&](const std::string& path, const std::string&, std::int64_t) {
    if (path == home.path) states.push_back(read_file(home.path));
  };
  make(1);
  Watch::instance().on_write = nullptr;
  CHECK(states.size() >= 3);
  LONGS_EQUAL(0, states[0].size());
  CHECK(states[1] == std::string(4096, '\0'));
  const std::string& untagged = states[2];
  std::vector<std::string> torn = {states[1],
                                   states[1].substr(0, 300),
                                   states[1].substr(0, 1536),
                                   untagged,
                                   untagged.substr(0, 1536) + states[1].substr(1536),
                                   states[1].substr(0, 1536) + untagged.substr(1536)};
  for (const std::string& state : torn) {
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(home.path + suffix);
    write_file(home.path, state);
    make(3);
    Database d(home);
    LONGS_EQUAL(3, d.number("SELECT count(*) FROM t"));
    CHECK(d.sound());
  }
  // A whole page with a tag that is wrong is damage.
  std::filesystem::remove(home.path + "-shm");
  for (const std::string& damaged : {untagged.substr(0, 4095) + "x", untagged.substr(0, 1536)}) {
    write_file(home.path, damaged);
    Database d(home);
    LONGS_EQUAL(kBadPage, d.code);
  }
}

// Hard part 7: what is accepted and what is not (sealed_vfs.h).
TEST(SealedVfs, HeadersOfFramesAreNotAuthenticAndOldPagesAreAccepted) {
  make(5);
  Database d(home);
  CHECK(d.run("UPDATE t SET a='first'") && d.run("PRAGMA wal_checkpoint(FULL)"));
  const Crash old(home);
  CHECK(d.run("INSERT INTO t(a) VALUES('second')") && d.run("INSERT INTO t(a) VALUES('third')"));
  Crash crash(home);
  d.close();
  // A frame that claims to be of another page: nothing of it, and nothing after it.
  crash.log[32 + static_cast<std::size_t>(kFrame) + 3] ^= 1;
  crash.restore(home);
  {
    Database again(home);
    CHECK(again.number("SELECT count(*) FROM t") < 7);
    CHECK(again.sound());
  }
  // The whole database of last week: accepted, and it goes on from there.
  old.restore(home);
  Database again(home);
  LONGS_EQUAL(5, again.number("SELECT count(*) FROM t"));
  CHECK(again.run(rows(10)) && again.sound());
}

TEST(SealedVfs, FlippedBitsSwappedZeroedAndMissingPagesAreErrors) {
  make(400);
  const Crash whole(home);
  const std::size_t pages = whole.database.size() / 4096;
  CHECK(pages > 30);
  int tried = 0;
  const auto refused = [&](const std::string& file) {
    write_file(home.path, file);
    Database d(home);
    ++tried;
    if (d.code == kBadPage) return true;
    const std::string verdict = d.text("SELECT sum(length(a)+length(b)) FROM t");
    return d.code == kBadPage && verdict.empty();
  };
  for (std::size_t page = 0; page < pages; page += page < 3 ? 1 : 5) {
    std::string flipped = whole.database;
    flipped[page * 4096 + 777 % (4096 - page)] ^= 4;
    CHECK(refused(flipped));
    std::string zeroed = whole.database;
    zeroed.replace(page * 4096, 4096, 4096, '\0');
    CHECK(refused(zeroed));
  }
  std::string swapped = whole.database;
  swapped.replace(5 * 4096, 4096, whole.database, 6 * 4096, 4096);
  swapped.replace(6 * 4096, 4096, whole.database, 5 * 4096, 4096);
  CHECK(refused(swapped));
  std::string copied = whole.database;
  copied.replace(5 * 4096, 4096, whole.database, 6 * 4096, 4096);
  CHECK(refused(copied));
  CHECK(home.vfs.counts().bad >= static_cast<std::uint64_t>(tried));
  {
    write_file(home.path, whole.database.substr(0, 10 * 4096));
    Database d(home);
    CHECK(d.text("SELECT sum(length(b)) FROM t").empty());
    CHECK((d.code & 0xFF) == SQLITE_CORRUPT || d.code == kBadPage);
  }
  write_file(home.path, whole.database);
  Database d(home);
  CHECK(d.sound());
}

TEST(SealedVfs, WithoutTheRightKeyNothingOpens) {
  make();
  home.keys.there = false;
  {
    Database d(home);
    LONGS_EQUAL(SQLITE_IOERR_AUTH, d.code);
  }
  home.keys.there = true;
  home.keys.salt = 2;
  {
    Database d(home);
    LONGS_EQUAL(kBadPage, d.code);
  }
  home.keys.salt = 1;
  home.entropy.seeded = false;
  Database d(home);
  LONGS_EQUAL(100, d.number("SELECT count(*) FROM t"));  // reading draws nothing
  CHECK_FALSE(d.run("UPDATE t SET a='x'"));
  LONGS_EQUAL(SQLITE_IOERR_WRITE, d.code);
}

TEST(SealedVfs, APlainDatabaseIsNotOpened) {
  {
    Database plain(home.path, nullptr);
    CHECK(plain.run("CREATE TABLE t(x)"));
  }
  Database d(home);
  LONGS_EQUAL(SQLITE_NOTADB, d.code);
}

TEST(SealedVfs, AForgottenKeyEndsOpenConnections) {
  make();
  Database first(home), second(home);
  LONGS_EQUAL(100, first.number("SELECT count(*) FROM t"));
  home.vfs.forget("/somewhere/else.db");
  LONGS_EQUAL(100, second.number("SELECT count(*) FROM t"));
  home.vfs.forget(home.path);
  sqlite3_db_release_memory(first.handle);
  CHECK_FALSE(first.run("UPDATE t SET a='x'"));
  LONGS_EQUAL(SQLITE_IOERR_AUTH, first.code);
  sqlite3_db_release_memory(second.handle);
  second.text("SELECT sum(length(b)) FROM t");
  LONGS_EQUAL(SQLITE_IOERR_AUTH, second.code);
  first.close();
  second.close();
  Database third(home);  // the key source still has it
  LONGS_EQUAL(100, third.number("SELECT count(*) FROM t"));
}

TEST(SealedVfs, ASecondReaderKeepsItsSnapshot) {
  make();
  Database writer(home), reader(home);
  CHECK(reader.run("BEGIN"));
  LONGS_EQUAL(100, reader.number("SELECT count(*) FROM t"));
  CHECK(writer.run(rows(50)) && writer.run("UPDATE t SET a='new'"));
  CHECK(writer.run("PRAGMA wal_checkpoint(PASSIVE)"));
  LONGS_EQUAL(100, reader.number("SELECT count(*) FROM t WHERE a LIKE 'CANARY%'"));
  CHECK(reader.run("COMMIT"));
  LONGS_EQUAL(150, reader.number("SELECT count(*) FROM t WHERE a='new'"));
  CHECK(reader.run("UPDATE t SET a='theirs' WHERE id<10"));  // both may write
  CHECK(writer.run("UPDATE t SET a='ours' WHERE id>=10"));
  CHECK(writer.sound() && reader.sound());
}

TEST(SealedVfs, FullTextVacuumSortingAndLargeStatementsNeedNoOtherFile) {
  bool seen = false;
  Watch::instance().on_write = [&](const std::string&, const std::string& data, std::int64_t) {
    seen = seen || data.find("CANARY") != std::string::npos;
  };
  make(2000);
  Database d(home);
  CHECK(d.run("CREATE VIRTUAL TABLE f USING fts5(x)"));
  CHECK(d.run("INSERT INTO f(rowid,x) SELECT id,a FROM t"));
  LONGS_EQUAL(2000, d.number("SELECT count(*) FROM f WHERE f MATCH 'CANARY'"));
  CHECK(d.run("CREATE UNIQUE INDEX i ON t(b)"));
  CHECK(d.number("SELECT length(group_concat(b)) FROM (SELECT b FROM t ORDER BY b||a DESC)") > 0);
  // A statement of many changes that fails at its end is taken back: from memory.
  CHECK_FALSE(d.run("UPDATE t SET b=CASE WHEN id=2000 THEN (SELECT b FROM t WHERE id=1999) ELSE b||x'00' END"));
  LONGS_EQUAL(SQLITE_CONSTRAINT, d.code & 0xFF);
  CHECK(d.run("SAVEPOINT s;DELETE FROM t;ROLLBACK TO s;RELEASE s"));
  LONGS_EQUAL(2000, d.number("SELECT count(*) FROM t"));
  CHECK(d.run("DELETE FROM t WHERE id%2"));
  CHECK(d.run("VACUUM"));
  CHECK(d.sound());
  LONGS_EQUAL(1000, d.number("SELECT count(*) FROM t"));
  LONGS_EQUAL(2000, d.number("SELECT count(*) FROM f WHERE f MATCH 'CANARY'"));
  d.close();
  Database again(home);
  CHECK(again.sound());
  LONGS_EQUAL(1000, again.number("SELECT count(*) FROM t"));
  CHECK_FALSE(seen);
  LONGS_EQUAL(0, home.vfs.counts().refused);
  for (const auto& entry : std::filesystem::directory_iterator(home.directory)) {
    const std::string name = entry.path().filename().string();
    CHECK_TEXT(name.starts_with("account-1.db"), name.c_str());
    CHECK_TEXT(read_file(entry.path().string()).find("CANARY") == std::string::npos, name.c_str());
  }
}

TEST(SealedVfs, OtherKindsOfFilesAreRefused) {
  make();
  Database d(home);
  CHECK(d.run("PRAGMA temp_store=file"));
  CHECK_FALSE(d.run("PRAGMA temp.cache_size=5;CREATE TEMP TABLE x(a);INSERT INTO x SELECT randomblob(20000) FROM t"));
  LONGS_EQUAL(SQLITE_CANTOPEN, d.code & 0xFF);
  CHECK(home.vfs.counts().refused > 0);
}
