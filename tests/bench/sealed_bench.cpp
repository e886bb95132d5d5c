// What sealing costs: `sealed_bench [vfs=sealed|plain] [do=store|generate|cipher|scan|points|vacuum] [mails=2000]
// [page=4096] [cache=2048] [fts=0|1] [check=1|0] [dir=/dev/shm]` puts generated mails into a table of 22 columns with
// two indices and a table of bodies, 100 a transaction, and prints one JSON line. The same statements through the
// sealing VFS and through the plain one, so that nothing but the sealing is between them. tests/bench/sealed counts
// instructions and holds them against bounds. `scan` reads every mail once behind the load, `points` reads 2,000 of
// them one by one, `generate` makes the mails and nothing else.
#include <sqlite3.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <map>
#include <string>

#include "mail_generator.h"
#include "storage/page_sealer.h"
#include "storage/sealed_vfs.h"

namespace {

using namespace handsync;

constexpr std::uint32_t kBatch = 100, kPoints = 2000, kBodyBytes = 2000;

struct OneKey final : storage::KeySource {
  Status key_of(Text, Room key32) override {
    for (std::size_t i = 0; i < key32.size(); ++i) key32[i] = static_cast<std::byte>(17 + i * 5);
    return Done{};
  }
};
struct SystemEntropy final : hal::Entropy {
  Status fill(Room room) override {
    const bool got = getrandom(room.data(), room.size(), 0) == static_cast<ssize_t>(room.size());
    return got ? Status(Done{}) : Status(hal::fault(hal::Fault::kNotSeeded));
  }
};

sqlite3* g_database = nullptr;

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "sealed_bench: %s: %s\n", what, sqlite3_errmsg(g_database));
  std::exit(1);
}
void run(const std::string& sql) {
  if (sqlite3_exec(g_database, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) give_up(sql.c_str());
}

class Statement {
 public:
  explicit Statement(const char* sql) {
    if (sqlite3_prepare_v2(g_database, sql, -1, &statement_, nullptr) != SQLITE_OK) give_up(sql);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  Statement& text(int at, const std::string& value) {
    sqlite3_bind_text(statement_, at, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
    return *this;
  }
  Statement& number(int at, std::int64_t value) {
    sqlite3_bind_int64(statement_, at, value);
    return *this;
  }
  Statement& blob(int at, const std::uint8_t* value, int size) {
    sqlite3_bind_blob(statement_, at, value, size, SQLITE_STATIC);
    return *this;
  }
  std::int64_t step() {  // the first column of the row there is
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_DONE && code != SQLITE_ROW) give_up("step");
    const std::int64_t value = code == SQLITE_ROW ? sqlite3_column_int64(statement_, 0) : 0;
    sqlite3_reset(statement_);
    return value;
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

void store(std::uint32_t mails, bool full_text) {
  Statement item("INSERT INTO item VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  Statement body("INSERT INTO body VALUES(?,?,?)");
  Statement words(full_text ? "INSERT INTO words(rowid,subject,sender,body) VALUES(?,?,?,?)" : "SELECT 1");
  for (std::uint32_t begin = 0; begin < mails; begin += kBatch) {
    run("BEGIN IMMEDIATE");
    for (std::uint32_t i = begin; i < begin + kBatch && i < mails; ++i) {
      const bench::Mail mail = bench::make_mail(i, kBodyBytes);
      item.number(1, i + 1).number(2, 5).text(3, mail.server_id).number(4, 1).text(5, mail.subject);
      item.text(6, mail.from).text(7, mail.to).text(8, mail.cc).text(9, mail.display_to).text(10, mail.thread_topic);
      item.number(11, 1'700'000'000'000 + i * 613'000LL).number(12, mail.importance).number(13, mail.read);
      item.number(14, mail.flag).blob(15, mail.conversation_id, 16).blob(16, mail.conversation_index, 5);
      const std::string message_class = "IPM.Note";
      item.text(17, message_class).number(18, 2).text(19, mail.preview).number(20, mail.attachment_bytes != 0);
      item.number(21, 0).number(22, static_cast<std::int64_t>(mail.body.size()));
      item.step();
      body.number(1, i + 1).number(2, 2).text(3, mail.body);
      body.step();
      if (full_text) words.number(1, i + 1).text(2, mail.subject).text(3, mail.from).text(4, mail.body).step();
    }
    run("COMMIT");
  }
  run("PRAGMA wal_checkpoint(TRUNCATE)");
}

void generate(std::uint32_t mails) {
  std::size_t bytes = 0;
  for (std::uint32_t i = 0; i < mails; ++i) bytes += bench::make_mail(i, kBodyBytes).body.size();
  std::printf("{\"bench\":\"sealed\",\"do\":\"generate\",\"mails\":%u,\"bytes\":%zu}\n", mails, bytes);
}

void cipher(std::uint32_t pages, std::uint32_t page_bytes) {
  storage::PageSealer sealer;
  const std::uint8_t key[storage::kKeyBytes] = {1, 2, 3}, nonce[storage::kNonceBytes] = {4, 5};
  const std::string plain(page_bytes, 'm');
  std::string sealed(page_bytes, 0), opened(page_bytes, 0);
  const auto raw = [](std::string& text) { return reinterpret_cast<std::uint8_t*>(text.data()); };
  bool good = sealer.set_key(key).ok() &&
              sealer.seal(1, nonce, reinterpret_cast<const std::uint8_t*>(plain.data()), raw(sealed), page_bytes);
  for (std::uint32_t i = 0; i < pages; ++i) good = sealer.open(1, raw(sealed), raw(opened), page_bytes) && good;
  std::printf("{\"bench\":\"sealed\",\"do\":\"cipher\",\"pages\":%u,\"good\":%d}\n", pages, good ? 1 : 0);
}

double cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

void points(std::uint32_t mails) {
  Statement one(
      "SELECT length(data)+length(subject)+length(preview) FROM item JOIN body ON item.id=body.item WHERE id=?");
  bench::Random random(5);
  std::int64_t sum = 0;
  for (std::uint32_t i = 0; i < kPoints; ++i) sum += one.number(1, 1 + random.below(mails)).step();
  if (sum == 0) give_up("points");
}

void scan() {
  Statement all("SELECT sum(length(data)),sum(length(subject)) FROM item JOIN body ON item.id=body.item");
  if (all.step() == 0) give_up("scan");
}

bool open(const std::string& path, const char* vfs, const std::map<std::string, std::string>& set) {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  if (sqlite3_open_v2(path.c_str(), &g_database, flags, vfs) != SQLITE_OK) return false;
  run("PRAGMA page_size=" + set.at("page"));
  if (vfs != nullptr) {
    int reserve = 28;
    sqlite3_file_control(g_database, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve);
  }
  run("PRAGMA temp_store=memory;PRAGMA cache_size=-" + set.at("cache") +
      ";PRAGMA synchronous=normal;PRAGMA journal_mode=memory;PRAGMA journal_mode=wal");
  run("CREATE TABLE item(id INTEGER PRIMARY KEY,folder INTEGER NOT NULL,server_id TEXT NOT NULL,class INTEGER,subject "
      "TEXT,sender TEXT,rcpt TEXT,cc TEXT,display_to TEXT,topic TEXT,received INTEGER,importance INTEGER,is_read "
      "INTEGER,flag INTEGER,conv_id BLOB,conv_index BLOB,message_class TEXT,native INTEGER,preview TEXT,att "
      "INTEGER,state INTEGER,body_size INTEGER);CREATE TABLE body(item INTEGER PRIMARY KEY,type INTEGER,data TEXT);"
      "CREATE UNIQUE INDEX i1 ON item(folder,server_id);CREATE INDEX i2 ON item(folder,received)");
  if (set.at("fts") == "1") run("CREATE VIRTUAL TABLE words USING fts5(subject,sender,body,content='',detail=none)");
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  std::map<std::string, std::string> set = {{"vfs", "sealed"}, {"do", "store"}, {"mails", "2000"},   {"page", "4096"},
                                            {"cache", "2048"}, {"fts", "0"},    {"dir", "/dev/shm"}, {"check", "1"}};
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos || set.find(argument.substr(0, equals)) == set.end()) {
      std::fprintf(stderr, "sealed_bench: unknown argument %s\n", argument.c_str());
      return 2;
    }
    set[argument.substr(0, equals)] = argument.substr(equals + 1);
  }
  const auto mails = static_cast<std::uint32_t>(std::strtoul(set["mails"].c_str(), nullptr, 10));
  if (set["do"] == "generate") {
    generate(mails);
    return 0;
  }
  if (set["do"] == "cipher") {
    cipher(mails, static_cast<std::uint32_t>(std::strtoul(set["page"].c_str(), nullptr, 10)));
    return 0;
  }
  OneKey keys;
  SystemEntropy entropy;
  storage::SealedVfs vfs(keys, entropy);
  if (!vfs.install("sealed-bench").ok()) return 1;
  std::string directory = set["dir"] + "/sealed-bench-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) return 1;
  const std::string path = directory + "/account-1.db";
  if (!open(path, set["vfs"] == "sealed" ? vfs.name() : nullptr, set)) give_up("open");
  sqlite3_int64 used = 0, high = 0;
  sqlite3_status64(SQLITE_STATUS_MEMORY_USED, &used, &high, 1);
  const auto start = std::chrono::steady_clock::now();
  store(mails, set["fts"] == "1");
  const double micro = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  const double read_from_us = cpu_us();
  const std::uint64_t opened_before = vfs.counts().opened;
  if (set["do"] == "scan") scan();
  if (set["do"] == "points") points(mails);
  const double read_us = cpu_us() - read_from_us;
  const std::uint64_t read_pages = vfs.counts().opened - opened_before;
  if (set["do"] == "vacuum") {
    run("DELETE FROM body WHERE item%2=0;DELETE FROM item WHERE id%2=0");
    run("VACUUM;PRAGMA wal_checkpoint(TRUNCATE)");
    scan();
  }
  std::int64_t found = 0;
  if (set["fts"] == "1") found = Statement("SELECT count(*) FROM words WHERE words MATCH 'user001'").step();
  sqlite3_status64(SQLITE_STATUS_MEMORY_USED, &used, &high, 0);
  const bool check = set["check"] == "1";
  const std::int64_t sound =
      check ? Statement("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check='ok'").step() : -1;
  sqlite3_close(g_database);
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return 1;
  std::printf(
      "{\"bench\":\"sealed\",\"vfs\":\"%s\",\"do\":\"%s\",\"mails\":%u,\"file_bytes\":%lld,\"sqlite_heap_kib\":%lld,"
      "\"sound\":%lld,\"found\":%lld,\"sealed_pages\":%llu,\"copied_pages\":%llu,\"read_pages\":%llu,\"read_us\":%.1f,"
      "\"us_per_mail\":%.1f}\n",
      set["vfs"].c_str(), set["do"].c_str(), mails, static_cast<long long>(info.st_size),
      static_cast<long long>(high / 1024), static_cast<long long>(sound), static_cast<long long>(found),
      static_cast<unsigned long long>(vfs.counts().sealed), static_cast<unsigned long long>(vfs.counts().copied),
      static_cast<unsigned long long>(read_pages), read_us, micro / mails);
  std::filesystem::remove_all(directory);
  return 0;
}
