/// A SQLite VFS that seals every page of a database before it reaches the file system below.
///
/// Form. A page on disk is ciphertext followed by nonce and tag (page_sealer.h); a frame of the write-ahead log carries
/// the same bytes after its 24-byte header, so a checkpoint copies and seals nothing. A database therefore needs a
/// reserve of 28 bytes a page, set before its first page exists; `PRAGMA sealed_reserve_bytes` answers 28 here and
/// nothing elsewhere. A new one is made with journal_mode=memory (one page is written), then everything goes through
/// the log: journal_mode=wal. Needs temp_store=memory, for only the main database and its log may be opened: a rollback
/// journal, a statement journal or a temporary file is SQLITE_CANTOPEN.
///
/// Errors. A page whose tag is wrong: SQLITE_IOERR_DATA, never its bytes and never zeros. No key, or a key that was
/// forgotten: SQLITE_IOERR_AUTH. A database that is not sealed at all: SQLITE_NOTADB at opening (convert.h seals it).
///
/// Covered: a device that is read, or changed, while it is off: contents, flipped bits, exchanged or moved pages.
/// Not covered: memory of a running device. An older version of a page, of the log or of the whole file that is put
/// back is accepted. Headers of log frames are neither secret nor authentic: they tell which pages were written when,
/// and carry SQLite's checksum of the plain page (64 bits, linear: a guess at a page's whole content can be confirmed).
/// A tampered log ends before the first frame that was touched, as one that was torn by a power cut does: later commits
/// are lost, none is altered. Sizes of files are visible; the -shm file holds page numbers only.
#pragma once
#include <sqlite3.h>

#include <atomic>

#include "handsync/hal/entropy.h"

namespace handsync::storage {

/// Where keys come from.
struct KeySource {
  /// The key of the database at this absolute path. Called when it is opened, on the thread that opens it.
  virtual Status key_of(Text path, Room key32) = 0;

 protected:
  ~KeySource() = default;
};

struct DatabaseFile;

/// Lives as long as any connection that was opened through it. Connections may be on different threads.
class SealedVfs {
 public:
  SealedVfs(KeySource& keys, hal::Entropy& entropy) : keys_(keys), entropy_(entropy) {}
  SealedVfs(const SealedVfs&) = delete;
  SealedVfs& operator=(const SealedVfs&) = delete;
  ~SealedVfs();

  /// Registers with SQLite under `name` (23 bytes at most), above the VFS named `below` (null = the default one).
  Status install(Text name, const char* below = nullptr);
  const char* name() const { return name_; }
  const char* below() const { return below_->zName; }

  /// Overwrites the key of every open connection to `path`: whatever they do from then on fails. What a connection
  /// holds in its page cache stays there until it is closed.
  void forget(Text path);

  struct Counts {
    std::uint64_t sealed, opened, copied;  ///< pages
    std::uint64_t torn;                    ///< frames at which a log ended in recovery
    std::uint64_t bad;                     ///< pages that were refused
    std::uint64_t refused;                 ///< files of another kind that were not opened
  };
  Counts counts() const;

 private:
  friend struct DatabaseFile;
  friend struct LogFile;
  static int open_file(sqlite3_vfs*, const char*, sqlite3_file*, int, int*);
  int open_database(const char*, sqlite3_file*, int, int*);
  int open_log(const char*, sqlite3_file*, int, int*);
  void take_off(DatabaseFile*);

  KeySource& keys_;
  hal::Entropy& entropy_;
  sqlite3_vfs* below_ = nullptr;
  sqlite3_vfs vfs_{};
  char name_[24]{};
  sqlite3_mutex *mutex_ = nullptr, *entropy_mutex_ = nullptr;  // of the list, of entropy_
  DatabaseFile* first_ = nullptr;
  std::atomic<std::uint64_t> sealed_{0}, opened_{0}, copied_{0}, torn_{0}, bad_{0}, refused_{0};
};

/// A database that is being made from a plain one has this at the end of its name, and the key of the name without it.
inline constexpr Text kSealingSuffix = "-sealing";

}  // namespace handsync::storage
