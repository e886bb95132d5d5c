/// What SQLite allocates for an open file; the handle of the file system below follows it. For this folder.
#pragma once
#include "storage/page_sealer.h"
#include "storage/sealed_vfs.h"

namespace handsync::storage {

class MutexHold {
 public:
  explicit MutexHold(sqlite3_mutex* mutex) : mutex_(mutex) { sqlite3_mutex_enter(mutex_); }
  MutexHold(const MutexHold&) = delete;
  MutexHold& operator=(const MutexHold&) = delete;
  ~MutexHold() { sqlite3_mutex_leave(mutex_); }

 private:
  sqlite3_mutex* mutex_;
};

inline constexpr std::uint32_t kLogHeadBytes = 32, kFrameHeadBytes = 24;

/// The main database. Also keeps what its log needs of it: both belong to one connection.
struct DatabaseFile {
  DatabaseFile(SealedVfs& owner, const char* name);
  ~DatabaseFile();
  DatabaseFile(const DatabaseFile&) = delete;
  DatabaseFile& operator=(const DatabaseFile&) = delete;

  sqlite3_file base{};  // first: what SQLite points to
  SealedVfs& vfs;
  const char* path;  // SQLite's; lives as long as the file is open
  DatabaseFile* next = nullptr;
  sqlite3_mutex* mutex;
  PageSealer sealer;
  Nonces nonces;
  std::uint32_t page_bytes = 0;          // 0 = not known: the file is empty, or its first page cannot be opened
  std::uint8_t* scratch = nullptr;       // one frame
  bool unborn = false;                   // the power went while the first page was written: as good as empty
  bool raw = false;                      // a checkpoint copies sealed pages
  bool copies = false;                   // `copied` is set
  std::uint8_t copied[kReserveBytes]{};  // nonce and tag of the page read last from the log
  // Frames that this connection has written since it took the write lock.
  std::int64_t own_from = 0, own_to = 0;

  sqlite3_file* below() const;
  void leave_vfs();
  int take_page_bytes(std::uint32_t bytes);
  int inspect();  // finds out page_bytes and unborn
  int draw(std::uint8_t (&nonce)[kNonceBytes]);
  int bad_page() {
    ++vfs.bad_;
    return SQLITE_IOERR_DATA;
  }

  int read(std::uint8_t* to, std::uint32_t amount, std::int64_t offset);
  int write(const std::uint8_t* from, std::uint32_t amount, std::int64_t offset);
  int control(int operation, void* argument);

 private:
  int try_page_bytes(sqlite3_int64 size);
  int read_log_for_page_bytes(sqlite3_int64& log_bytes);
  int read_part_of_first_page(std::uint8_t* to, std::uint32_t amount, std::int64_t offset);
  int write_first_page(const std::uint8_t* from, std::uint32_t amount);
  bool log_has_frames();
};

/// The write-ahead log of a DatabaseFile.
struct LogFile {
  explicit LogFile(DatabaseFile& owner) : database(owner) {}
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  sqlite3_file base{};
  DatabaseFile& database;
  std::int64_t head_at = -1;  // the frame whose header was written last
  std::uint32_t head_page = 0;
  std::int64_t piece_at = -1;  // where the next piece of a page has to begin

  sqlite3_file* below() const;
  int read(std::uint8_t* to, std::uint32_t amount, std::int64_t offset);
  int write(const std::uint8_t* from, std::uint32_t amount, std::int64_t offset);

 private:
  int read_page(std::uint8_t* to, std::uint32_t amount, std::int64_t frame);
  int read_frame(std::uint8_t* to, std::uint32_t amount, std::int64_t frame);
  int write_page(const std::uint8_t* from, std::uint32_t amount, std::int64_t frame, std::uint32_t at);
};

constexpr std::size_t rounded(std::size_t bytes) { return (bytes + 15) / 16 * 16; }
inline constexpr std::size_t kFileBytes =
    rounded(sizeof(DatabaseFile) > sizeof(LogFile) ? sizeof(DatabaseFile) : sizeof(LogFile));

inline sqlite3_file* DatabaseFile::below() const {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<std::uintptr_t>(this) + kFileBytes);
}
inline sqlite3_file* LogFile::below() const {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<std::uintptr_t>(this) + kFileBytes);
}

extern const sqlite3_io_methods kDatabaseMethods, kLogMethods;

inline std::uint32_t number_at(const std::uint8_t* from) {
  return std::uint32_t{from[0]} << 24 | std::uint32_t{from[1]} << 16 | std::uint32_t{from[2]} << 8 | from[3];
}
inline bool is_zero(const std::uint8_t* from, std::size_t bytes) {
  std::uint8_t any = 0;
  for (std::size_t i = 0; i < bytes; ++i) any = static_cast<std::uint8_t>(any | from[i]);
  return any == 0;
}

}  // namespace handsync::storage
