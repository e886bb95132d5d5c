// kill -9 in a loop, and a long run in which no key meets a nonce twice.
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

#include "platform/storage/sealed_home.h"

#include <CppUTest/TestHarness.h>

using namespace storage_test;

namespace {

constexpr int kKills = 60;

bool has_plain(const std::string& data) {
  return data.find("CANARY") != std::string::npos || data.find("SQLite format") != std::string::npos;
}

std::string batch(long n) {
  return "BEGIN;WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<20) INSERT INTO t(a,b) SELECT "
         "'CANARY-plaintext-'||i, randomblob(abs(random())%500) FROM n;INSERT INTO f(rowid,x) SELECT id,'CANARY word" +
         std::to_string(n) + "' FROM t WHERE id>" + std::to_string(n * 20) + ";UPDATE c SET n=n+1;COMMIT" +
         (n % 7 == 3 ? ";PRAGMA wal_checkpoint(PASSIVE)" : "");
}

struct Nonces {
  std::vector<std::array<char, 12>> all;
  int page_bytes;
  explicit Nonces(int bytes) : page_bytes(bytes) {}
  void see(const std::string& path, const std::string& data, std::int64_t offset) {
    // A database is written sealed once, for its first page; everything else there is copied from the log.
    const bool log = path.ends_with("-wal");
    if (data.size() != static_cast<std::size_t>(page_bytes) || (!log && offset != 0)) return;
    std::array<char, 12> nonce;
    std::memcpy(nonce.data(), data.data() + page_bytes - 28, 12);
    const bool zeros = std::all_of(nonce.begin(), nonce.end(), [](char c) { return c == 0; });
    if (log || (!zeros && std::all_of(data.end() - 16, data.end(), [](char c) { return c == 0; }))) {
      all.push_back(nonce);
    }
  }
  // The nonces of a log that somebody else has written.
  void see_log(const std::string& log) {
    const auto frame = static_cast<std::size_t>(24 + page_bytes);
    for (std::size_t at = 32; at + frame <= log.size(); at += frame) {
      see("-wal", log.substr(at + 24, static_cast<std::size_t>(page_bytes)), static_cast<std::int64_t>(at));
    }
  }
  std::size_t repeated() {
    std::sort(all.begin(), all.end());
    std::size_t count = 0;
    for (std::size_t i = 1; i < all.size(); ++i) count += all[i] == all[i - 1] ? 1 : 0;
    return count;
  }
};

}  // namespace

TEST_GROUP(Crash) { Home home; };

TEST(Crash, KilledInALoopNothingCommittedIsLostAndNothingShows) {
  {
    Database d(home);
    CHECK(
        d.run("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b BLOB);CREATE TABLE c(n);INSERT INTO c VALUES(0);"
              "CREATE VIRTUAL TABLE f USING fts5(x, content='', detail=none)"));
  }
  std::mt19937 random(11);
  int torn = 0;
  long last = 0;
  for (int round = 0; round < kKills; ++round) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    const pid_t child = fork();
    if (child == 0) {
      // What this process writes is looked at on its way out.
      Watch::instance().on_write = [](const std::string&, const std::string& data, std::int64_t) {
        if (has_plain(data)) _exit(4);
      };
      Database d(home);
      for (;;) {
        long n = d.number("SELECT n FROM c");
        if (n < 0 || !d.run(batch(n))) _exit(3);
        ++n;
        if (write(ends[1], &n, sizeof n) != sizeof n) _exit(5);
      }
    }
    ::close(ends[1]);
    usleep(3000 + random() % 20000);
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status));
    long said = last, x = 0;
    while (read(ends[0], &x, sizeof x) == sizeof x) said = x;
    ::close(ends[0]);
    for (const auto& entry : std::filesystem::directory_iterator(home.directory)) {
      CHECK_FALSE(has_plain(read_file(entry.path().string())));
    }
    if (round % 3 == 0 && read_file(home.log()).size() > 9000) {
      write_file(home.log(), read_file(home.log()) + std::string(300, static_cast<char>(round)));
      ++torn;
    }
    Database d(home);
    last = d.number("SELECT n FROM c");
    CHECK(last >= said);
    LONGS_EQUAL(last * 20, d.number("SELECT count(*) FROM t"));
    if (last > 0)
      LONGS_EQUAL(20, d.number("SELECT count(*) FROM f WHERE f MATCH 'word" + std::to_string(last - 1) + "'"));
    CHECK(d.sound());
    d.run("PRAGMA wal_checkpoint(PASSIVE)");
  }
  std::printf("[%d kills, %d torn tails, %ld commits] ", kKills, torn, last);
  CHECK(last > kKills / 2);
}

// Two connections, closed and opened again, a killed process, an old image that is put back: 10^6 pages, or 10^7.
TEST(Crash, NoNonceTwiceInALongRun) {
  home.page_bytes = 512;  // the most pages for the time
  const std::size_t wanted = std::getenv("HANDSYNC_LONG") != nullptr ? 10'000'000 : 1'000'000;
  Nonces nonces(home.page_bytes);
  nonces.all.reserve(wanted + wanted / 8);
  const auto look = [&](const std::string& path, const std::string& data, std::int64_t offset) {
    nonces.see(path, data, offset);
  };
  Watch::instance().on_write = look;
  {
    Database d(home);
    CHECK(
        d.run("PRAGMA synchronous=normal;CREATE TABLE t(id INTEGER PRIMARY KEY, b BLOB);WITH RECURSIVE n(i) AS "
              "(SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<9000) INSERT INTO t SELECT i,randomblob(400) FROM n"));
  }
  const std::string image = read_file(home.path);
  int round = 0, restored = 0, killed = 0;
  while (nonces.all.size() < wanted) {
    ++round;
    {
      Database first(home), second(home);
      for (Database* d : {&first, &second, &first}) {
        CHECK(d->run("PRAGMA synchronous=normal;PRAGMA cache_size=20;UPDATE t SET b=randomblob(400)"));
        CHECK(d->run("PRAGMA wal_checkpoint(RESTART)"));
      }
      CHECK(first.run("BEGIN;UPDATE t SET b=randomblob(401);ROLLBACK"));
    }
    if (round % 4 == 1) {
      // The image of the beginning, again and again.
      std::filesystem::remove(home.path + "-shm");
      std::filesystem::remove(home.log());
      write_file(home.path, image);
      ++restored;
    }
    if (round % 4 == 2) {
      const pid_t child = fork();
      if (child == 0) {
        Watch::instance().on_write = nullptr;
        Database d(home);
        while (d.run("UPDATE t SET b=randomblob(400) WHERE id<2000")) {
        }
        _exit(1);
      }
      usleep(40000);
      kill(child, SIGKILL);
      int status = 0;
      waitpid(child, &status, 0);
      CHECK(WIFSIGNALED(status));
      nonces.see_log(read_file(home.log()));
      ++killed;
    }
  }
  Watch::instance().on_write = nullptr;
  const std::size_t seen = nonces.all.size();
  LONGS_EQUAL(0, nonces.repeated());
  std::printf("[%zu pages, %d images restored, %d kills] ", seen, restored, killed);
  Database d(home);
  CHECK(d.sound());
}

// The power goes when a nonce is drawn and its page is not yet on its way: whoever comes next draws others. And a child
// that was forked off with an open database seals nothing.
TEST(Crash, ANonceThatWasDrawnAndNotWrittenComesNeverAgain) {
  constexpr int kRounds = 120;
  {
    Database d(home);
    CHECK(d.run("CREATE TABLE t(id INTEGER PRIMARY KEY, b BLOB);INSERT INTO t VALUES(1, randomblob(9000))"));
  }
  Nonces nonces(home.page_bytes);
  int drawn = 0;
  for (int round = 0; round < kRounds; ++round) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    const pid_t child = fork();
    if (child == 0) {
      int left = 1 + round % 5;
      Watch::instance().on_write = [&](const std::string& path, const std::string& data, std::int64_t) {
        if (!path.ends_with("-wal") || data.size() != 4096 || --left != 0) return;
        if (write(ends[1], data.data() + 4096 - 28, 12) != 12) _exit(5);
        _exit(0);
      };
      Database d(home);
      d.run("UPDATE t SET b=randomblob(20000)");
      _exit(3);
    }
    ::close(ends[1]);
    std::array<char, 12> nonce;
    if (read(ends[0], nonce.data(), nonce.size()) == static_cast<ssize_t>(nonce.size())) {
      nonces.all.push_back(nonce);
      ++drawn;
    }
    ::close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    LONGS_EQUAL(0, WEXITSTATUS(status));
    Watch::instance().on_write = [&](const std::string& path, const std::string& data, std::int64_t offset) {
      nonces.see(path, data, offset);
    };
    Database d(home);
    CHECK(d.run("UPDATE t SET b=randomblob(8000)"));
    Watch::instance().on_write = nullptr;
    LONGS_EQUAL(1, d.number("SELECT count(*) FROM t"));
  }
  LONGS_EQUAL(kRounds, drawn);
  LONGS_EQUAL(0, nonces.repeated());
}

TEST(Crash, AChildWithAnOpenDatabaseSealsNothing) {
  Database d(home);
  CHECK(d.run("CREATE TABLE t(a);INSERT INTO t VALUES(1)"));
  const std::string log = read_file(home.log());
  const pid_t child = fork();
  if (child == 0) _exit(d.run("INSERT INTO t VALUES(2)") ? 0 : 7);
  int status = 0;
  waitpid(child, &status, 0);
  LONGS_EQUAL(7, WEXITSTATUS(status));
  // At most heads of frames, without a page behind them.
  CHECK(read_file(home.log()).size() < log.size() + 4096);
  CHECK(d.run("INSERT INTO t VALUES(3)"));
  LONGS_EQUAL(2, d.number("SELECT count(*) FROM t"));
}
