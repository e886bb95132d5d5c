#include "storage/convert.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "storage/page_sealer.h"

namespace handsync::storage {
namespace {

constexpr std::size_t kPathBytes = 1024;
constexpr char kMagic[16] = {'S', 'Q', 'L', 'i', 't', 'e', ' ', 'f', 'o', 'r', 'm', 'a', 't', ' ', '3', '\0'};

Error sqlite_error(int code) {
  return (code & 0xFF) == SQLITE_NOMEM ? out_of_memory() : Error{Domain::kSqlite, code, 0};
}
Error system_error() {
  if (errno == ENOSPC || errno == EDQUOT) return sqlite_error(SQLITE_FULL);
  return sqlite_error(SQLITE_IOERR);
}

struct Path {
  char text[kPathBytes];
  Path(Text path, const char* suffix, const char* more = "") {
    std::snprintf(text, sizeof text, "%.*s%s%s", static_cast<int>(path.size()), path.data(), suffix, more);
  }
  operator const char*() const { return text; }  // NOLINT: a C string is what it is for
};

// -- files
// ------------------------------------------------------------------------------------------------------------------------

bool exists(const char* path) {
  struct stat info {};
  return ::stat(path, &info) == 0;
}

struct Descriptor {
  explicit Descriptor(int number) : fd(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  int fd;
};

Status sync_directory_of(const char* path) {
  char directory[kPathBytes];
  std::snprintf(directory, sizeof directory, "%s", path);
  char* slash = std::strrchr(directory, '/');
  if (slash == nullptr) return sqlite_error(SQLITE_CANTOPEN);
  slash[slash == directory ? 1 : 0] = '\0';
  const Descriptor open(::open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return open.fd >= 0 && ::fsync(open.fd) == 0 ? Status(Done{}) : Status(system_error());
}

Status rename_durably(const char* from, const char* to) {
  if (std::rename(from, to) != 0) return system_error();
  return sync_directory_of(to);
}

Status remove_file(const char* path) {
  if (::unlink(path) != 0 && errno != ENOENT) return system_error();
  return Done{};
}

/// Zeros over all of it, then away. Nothing there is fine.
Status destroy_file(const char* path) {
  {
    const Descriptor open(::open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    if (open.fd < 0) return errno == ENOENT ? Status(Done{}) : Status(system_error());
    struct stat info {};
    if (::fstat(open.fd, &info) != 0) return system_error();
    char zeros[4096]{};
    for (off_t at = 0; at < info.st_size;) {
      const auto left = static_cast<std::size_t>(info.st_size - at);
      const ssize_t written = ::pwrite(open.fd, zeros, left < sizeof zeros ? left : sizeof zeros, at);
      if (written <= 0) return system_error();
      at += written;
    }
    if (::fsync(open.fd) != 0) return system_error();
  }
  HANDSYNC_TRY(remove_file(path));
  return sync_directory_of(path);
}

enum class Kind { kMissing, kPlain, kOther };

Result<Kind> kind_of(const char* path, std::uint32_t& page_bytes) {
  const Descriptor open(::open(path, O_RDONLY | O_CLOEXEC));
  if (open.fd < 0) return errno == ENOENT ? Result<Kind>(Kind::kMissing) : Result<Kind>(system_error());
  std::uint8_t head[20];
  const ssize_t size = ::pread(open.fd, head, sizeof head, 0);
  if (size < 0) return system_error();
  if (size != sizeof head || std::memcmp(head, kMagic, sizeof kMagic) != 0) return Kind::kOther;
  page_bytes = std::uint32_t{head[16]} << 8 | head[17];
  if (page_bytes == 1) page_bytes = kPageBytesMax;
  return Kind::kPlain;
}

// -- databases
// --------------------------------------------------------------------------------------------------------------------

class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { sqlite3_close(database_); }

  Status open(const char* path, int flags, const char* vfs) {
    const int code = sqlite3_open_v2(path, &database_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | flags, vfs);
    if (code != SQLITE_OK) return sqlite_error(database_ != nullptr ? sqlite3_extended_errcode(database_) : code);
    sqlite3_extended_result_codes(database_, 1);
    return Done{};
  }
  Status close() {
    const int code = sqlite3_close(database_);
    if (code == SQLITE_OK) database_ = nullptr;
    return code == SQLITE_OK ? Status(Done{}) : Status(sqlite_error(code));
  }
  Status run(const char* sql) {
    const int code = sqlite3_exec(database_, sql, nullptr, nullptr, nullptr);
    return code == SQLITE_OK ? Status(Done{}) : Status(sqlite_error(sqlite3_extended_errcode(database_)));
  }
  /// Runs what sqlite3_mprintf made, and frees it.
  Status run_and_free(char* sql) {
    if (sql == nullptr) return out_of_memory();
    const Status outcome = run(sql);
    sqlite3_free(sql);
    return outcome;
  }
  Result<std::int64_t> number(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    int code = sqlite3_prepare_v2(database_, sql, -1, &statement, nullptr);
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    const std::int64_t found = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE) return sqlite_error(sqlite3_extended_errcode(database_));
    return found;
  }
  /// Calls `use` with the texts of columns 0 and 1 of every row. No statement is open meanwhile: one would hold back
  /// commits and checkpoints.
  template <class Use>
  Status each(const char* sql, Use use) {
    for (int row = 0;; ++row) {
      char* one = sqlite3_mprintf("%s LIMIT 1 OFFSET %d", sql, row);
      if (one == nullptr) return out_of_memory();
      sqlite3_stmt* statement = nullptr;
      int code = sqlite3_prepare_v2(database_, one, -1, &statement, nullptr);
      sqlite3_free(one);
      if (code == SQLITE_OK) code = sqlite3_step(statement);
      char *first = nullptr, *second = nullptr;
      if (code == SQLITE_ROW) {
        first = sqlite3_mprintf("%s", sqlite3_column_text(statement, 0));
        second = sqlite3_mprintf("%s", sqlite3_column_text(statement, 1));
      }
      sqlite3_finalize(statement);
      if (code == SQLITE_DONE) return Done{};
      Status outcome = code != SQLITE_ROW ? Status(sqlite_error(sqlite3_extended_errcode(database_)))
                       : first == nullptr || second == nullptr ? Status(out_of_memory())
                                                               : use(first, second);
      sqlite3_free(first);
      sqlite3_free(second);
      if (!outcome.ok()) return outcome;
    }
  }
  sqlite3* get() const { return database_; }

 private:
  sqlite3* database_ = nullptr;
};

/// Brings the log into the plain database and destroys it; SQLite by itself would only remove it.
Status fold_plain_log(SealedVfs& vfs, Text path, const char* suffix) {
  const Path database(path, suffix);
  Connection plain;
  HANDSYNC_TRY(plain.open(database, 0, vfs.below()));
  HANDSYNC_TRY(plain.number("SELECT count(*) FROM sqlite_schema"));  // recovers what a power cut has left
  int logged = 0, copied = 0;
  const int code = sqlite3_wal_checkpoint_v2(plain.get(), nullptr, SQLITE_CHECKPOINT_FULL, &logged, &copied);
  if (code != SQLITE_OK) return sqlite_error(code);
  if (logged != copied) return sqlite_error(SQLITE_BUSY);
  sqlite3_db_config(plain.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  HANDSYNC_TRY(plain.close());
  HANDSYNC_TRY(destroy_file(Path(path, suffix, "-wal")));
  HANDSYNC_TRY(destroy_file(Path(path, suffix, "-journal")));
  return remove_file(Path(path, suffix, "-shm"));
}

Status attach_plain(Connection& sealed, SealedVfs& vfs, const char* path) {
  char uri[3 * kPathBytes + 64] = "file:";
  std::size_t size = std::strlen(uri);
  for (const char* at = path; *at != '\0'; ++at) {
    const bool safe = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') ||
                      std::strchr("/._-", *at) != nullptr;
    if (safe) {
      uri[size++] = *at;
    } else {
      size += static_cast<std::size_t>(
          std::snprintf(uri + size, sizeof uri - size, "%%%02X", static_cast<unsigned char>(*at)));
    }
  }
  std::snprintf(uri + size, sizeof uri - size, "?vfs=%s", vfs.below());
  return sealed.run_and_free(sqlite3_mprintf("ATTACH %Q AS plain", uri));
}

Status go_on(hal::Progress& progress) {
  return progress.step() ? Status(Done{}) : Status(hal::fault(hal::Fault::kGivenUp));
}

Status copy_table(Connection& sealed, hal::Progress& progress, const char* name, const char* sql) {
  HANDSYNC_TRY(go_on(progress));
  char* there = sqlite3_mprintf("SELECT count(*) FROM main.sqlite_schema WHERE name=%Q", name);
  if (there == nullptr) return out_of_memory();
  // The tables behind a virtual one are made with it.
  const Result<std::int64_t> made = sealed.number(there);
  sqlite3_free(there);
  if (!made.ok()) return made.error();
  if (made.value() == 0) HANDSYNC_TRY(sealed.run(sql));
  if (std::strncmp(sql, "CREATE VIRTUAL", 14) == 0) return Done{};
  if (made.value() != 0) HANDSYNC_TRY(sealed.run_and_free(sqlite3_mprintf("DELETE FROM main.\"%w\"", name)));
  HANDSYNC_TRY(sealed.run_and_free(sqlite3_mprintf("INSERT INTO main.\"%w\" SELECT * FROM plain.\"%w\"", name, name)));
  HANDSYNC_TRY(go_on(progress));
  return sealed.run("PRAGMA main.wal_checkpoint(passive)");
}

/// Every table with its rows, then what hangs on them.
Status copy(Connection& sealed, hal::Progress& progress) {
  const Status tables = sealed.each(
      "SELECT name,sql FROM plain.sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY "
      "sql NOT LIKE 'CREATE VIRTUAL%',rowid",
      [&](const char* name, const char* sql) { return copy_table(sealed, progress, name, sql); });
  if (!tables.ok()) return tables;
  const Result<std::int64_t> sequence =
      sealed.number("SELECT count(*) FROM main.sqlite_schema WHERE name='sqlite_sequence'");
  if (!sequence.ok()) return sequence.error();
  if (sequence.value() != 0) {
    HANDSYNC_TRY(sealed.run(
        "DELETE FROM main.sqlite_sequence;INSERT INTO main.sqlite_sequence SELECT * FROM plain.sqlite_sequence"));
  }
  const Status others = sealed.each(
      "SELECT name,sql FROM plain.sqlite_schema WHERE type<>'table' AND sql IS NOT NULL ORDER BY "
      "type<>'index',type<>'view',rowid",
      [&](const char*, const char* sql) {
        return progress.step() ? sealed.run(sql) : hal::fault(hal::Fault::kGivenUp);
      });
  if (!others.ok()) return others;
  const Result<std::int64_t> version = sealed.number("PRAGMA plain.user_version");
  if (!version.ok()) return version.error();
  const Result<std::int64_t> application = sealed.number("PRAGMA plain.application_id");
  if (!application.ok()) return application.error();
  return sealed.run_and_free(sqlite3_mprintf("PRAGMA main.user_version=%lld;PRAGMA main.application_id=%lld",
                                             static_cast<long long>(version.value()),
                                             static_cast<long long>(application.value())));
}

/// The copy has everything, and every page of it opens.
Status prove(Connection& sealed) {
  const Result<std::int64_t> violations =
      sealed.number("SELECT count(*) FROM main.pragma_integrity_check WHERE integrity_check<>'ok'");
  if (!violations.ok()) return violations.error();
  if (violations.value() != 0) return sqlite_error(SQLITE_CORRUPT);
  return sealed.each("SELECT name,sql FROM plain.sqlite_schema WHERE type='table' AND sql NOT LIKE 'CREATE VIRTUAL%'",
                     [&](const char* name, const char*) -> Status {
                       char* sql = sqlite3_mprintf(
                           "SELECT (SELECT count(*) FROM main.\"%w\")=(SELECT count(*) FROM plain.\"%w\")", name, name);
                       if (sql == nullptr) return out_of_memory();
                       const Result<std::int64_t> same = sealed.number(sql);
                       sqlite3_free(sql);
                       if (!same.ok()) return same.error();
                       return same.value() == 1 ? Status(Done{}) : Status(sqlite_error(SQLITE_CORRUPT));
                     });
}

Status make_sealed(SealedVfs& vfs, Text path, std::uint32_t page_bytes, hal::Progress& progress) {
  const Path to(path, kSealingSuffix.data());
  Connection sealed;
  HANDSYNC_TRY(sealed.open(to, SQLITE_OPEN_CREATE | SQLITE_OPEN_URI, vfs.name()));
  HANDSYNC_TRY(sealed.run_and_free(
      sqlite3_mprintf("PRAGMA page_size=%u;PRAGMA temp_store=memory;PRAGMA cache_size=-256;PRAGMA trusted_schema=off;"
                      "PRAGMA secure_delete=off;PRAGMA mmap_size=0;PRAGMA synchronous=full;PRAGMA wal_autocheckpoint=0",
                      static_cast<unsigned>(page_bytes))));
  int reserve = kReserveBytes;
  sqlite3_file_control(sealed.get(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve);
  HANDSYNC_TRY(sealed.run("PRAGMA journal_mode=memory;PRAGMA journal_mode=wal"));
  HANDSYNC_TRY(attach_plain(sealed, vfs, Path(path, "")));
  HANDSYNC_TRY(copy(sealed, progress));
  const int code = sqlite3_wal_checkpoint_v2(sealed.get(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (code != SQLITE_OK) return sqlite_error(code);
  HANDSYNC_TRY(prove(sealed));
  return sealed.close();
}

}  // namespace

// The order: the log into the plain file; a sealed copy at path-sealing, whole and synced; plain to path-plain; the
// copy into its place; path-plain destroyed. path-plain is there only when the copy is complete.
Status convert_plain(SealedVfs& vfs, Text path, hal::Progress& progress) {
  if (path.empty() || path.front() != '/' || path.size() + 32 > kPathBytes) return sqlite_error(SQLITE_CANTOPEN);
  const Path name(path, ""), sealing(path, kSealingSuffix.data()), plain(path, "-plain");
  if (exists(plain)) {
    if (!exists(name)) HANDSYNC_TRY(rename_durably(exists(sealing) ? sealing : plain, name));
    HANDSYNC_TRY(destroy_file(plain));
  }
  std::uint32_t page_bytes = 0;
  const Result<Kind> kind = kind_of(name, page_bytes);
  if (!kind.ok()) return kind.error();
  HANDSYNC_TRY(remove_file(sealing));
  HANDSYNC_TRY(remove_file(Path(path, kSealingSuffix.data(), "-wal")));
  HANDSYNC_TRY(remove_file(Path(path, kSealingSuffix.data(), "-shm")));
  if (kind.value() != Kind::kPlain) return Done{};

  HANDSYNC_TRY(go_on(progress));
  HANDSYNC_TRY(fold_plain_log(vfs, path, ""));
  HANDSYNC_TRY(go_on(progress));
  HANDSYNC_TRY(make_sealed(vfs, path, page_bytes, progress));
  HANDSYNC_TRY(remove_file(Path(path, "", "-wal")));  // empty: from reading
  HANDSYNC_TRY(remove_file(Path(path, "", "-shm")));
  HANDSYNC_TRY(sync_directory_of(name));
  HANDSYNC_TRY(go_on(progress));
  HANDSYNC_TRY(rename_durably(name, plain));
  HANDSYNC_TRY(go_on(progress));
  HANDSYNC_TRY(rename_durably(sealing, name));
  HANDSYNC_TRY(go_on(progress));
  return destroy_file(plain);
}

}  // namespace handsync::storage
