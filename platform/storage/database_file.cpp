/// The main database: whole pages, parts of the first one, and what a checkpoint copies.
#include <cstring>

#include "storage/sealed_file.h"

namespace handsync::storage {
namespace {

constexpr std::uint32_t kSizes[] = {4096, 1024, 512, 2048, 8192, 16384, 32768, 65536};  // likely ones first

bool is_page_size(std::uint64_t bytes) {
  return bytes >= kPageBytesMin && bytes <= kPageBytesMax && (bytes & (bytes - 1)) == 0;
}

/// The page size in a database's header; 1 stands for 65,536.
std::uint32_t page_bytes_in(const std::uint8_t* page) {
  const std::uint32_t bytes = std::uint32_t{page[16]} << 8 | page[17];
  return bytes == 1 ? kPageBytesMax : bytes;
}

}  // namespace

DatabaseFile::DatabaseFile(SealedVfs& owner, const char* name)
    : vfs(owner), path(name), mutex(sqlite3_mutex_alloc(SQLITE_MUTEX_FAST)) {}

DatabaseFile::~DatabaseFile() {
  if (scratch != nullptr) std::memset(scratch, 0, kFrameHeadBytes + page_bytes);
  sqlite3_free(scratch);
  sqlite3_mutex_free(mutex);
}

void DatabaseFile::leave_vfs() { vfs.take_off(this); }

int DatabaseFile::take_page_bytes(std::uint32_t bytes) {
  if (page_bytes != bytes) {
    auto* larger = static_cast<std::uint8_t*>(sqlite3_realloc64(scratch, kFrameHeadBytes + bytes));
    if (larger == nullptr) return SQLITE_IOERR_NOMEM;
    scratch = larger;
    page_bytes = bytes;
  }
  return SQLITE_OK;
}

int DatabaseFile::draw(std::uint8_t (&nonce)[kNonceBytes]) {
  const MutexHold hold(vfs.entropy_mutex_);
  return nonces.next(vfs.entropy_, nonce).ok() ? SQLITE_OK : SQLITE_IOERR_WRITE;
}

// -- what kind of file this is
// ---------------------------------------------------------------------------------------------------

/// The size with which the first page opens is the page size: no record of it is needed, and none can be wrong.
int DatabaseFile::try_page_bytes(sqlite3_int64 size) {
  for (const std::uint32_t bytes : kSizes) {
    if (size < bytes) continue;
    if (const int code = take_page_bytes(bytes); code != SQLITE_OK) return code;
    const int code = below()->pMethods->xRead(below(), scratch, static_cast<int>(bytes), 0);
    if (code == SQLITE_OK && sealer.open(1, scratch, scratch, bytes)) return SQLITE_OK;
    if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) return code;
  }
  page_bytes = 0;
  return SQLITE_OK;
}

/// A checkpoint that was cut leaves half a first page, and the log has it whole: the log's header tells a size, its
/// first frame proves it.
int DatabaseFile::read_log_for_page_bytes(sqlite3_int64& log_bytes) {
  sqlite3_vfs* system = vfs.below_;
  const char* name = sqlite3_filename_wal(path);
  int there = 0;
  log_bytes = 0;
  if (system->xAccess(system, name, SQLITE_ACCESS_EXISTS, &there) != SQLITE_OK || there == 0) return SQLITE_OK;
  auto* log = static_cast<sqlite3_file*>(sqlite3_malloc(system->szOsFile));
  if (log == nullptr) return SQLITE_IOERR_NOMEM;
  std::memset(log, 0, static_cast<std::size_t>(system->szOsFile));
  int flags = SQLITE_OPEN_WAL | SQLITE_OPEN_READWRITE;
  int code = system->xOpen(system, name, log, flags, &flags);
  if ((code & 0xFF) == SQLITE_CANTOPEN) {  // its last user has just removed it
    sqlite3_free(log);
    return SQLITE_OK;
  }
  std::uint8_t head[kLogHeadBytes];
  if (code == SQLITE_OK) code = log->pMethods->xFileSize(log, &log_bytes);
  if (code == SQLITE_OK && log_bytes > kLogHeadBytes) code = log->pMethods->xRead(log, head, sizeof head, 0);
  if (code == SQLITE_OK && log_bytes > kLogHeadBytes && is_page_size(number_at(head + 8))) {
    const std::uint32_t bytes = number_at(head + 8);
    code = take_page_bytes(bytes);
    bool proved = false;
    if (code == SQLITE_OK &&
        log->pMethods->xRead(log, scratch, static_cast<int>(kFrameHeadBytes + bytes), kLogHeadBytes) == SQLITE_OK) {
      std::uint8_t* page = scratch + kFrameHeadBytes;
      proved = sealer.open(number_at(scratch), page, page, bytes);
    }
    if (!proved) page_bytes = 0;
  }
  if (log->pMethods != nullptr) log->pMethods->xClose(log);
  sqlite3_free(log);
  return code;
}

bool DatabaseFile::log_has_frames() {
  const std::uint32_t before = page_bytes;
  sqlite3_int64 log_bytes = 0;
  const int code = read_log_for_page_bytes(log_bytes);
  if (before != 0) take_page_bytes(before);
  return code == SQLITE_OK && log_bytes > kLogHeadBytes;
}

int DatabaseFile::inspect() {
  unborn = false;
  page_bytes = 0;
  sqlite3_int64 size = 0, log_bytes = 0;
  // Another connection may be writing the first page or the first frame right now; never both at once.
  for (int round = 0; round < 3; ++round) {
    if (const int code = below()->pMethods->xFileSize(below(), &size); code != SQLITE_OK) return code;
    if (size == 0) return SQLITE_OK;
    if (const int code = try_page_bytes(size); code != SQLITE_OK || page_bytes != 0) return code;
    if (const int code = read_log_for_page_bytes(log_bytes); code != SQLITE_OK || page_bytes != 0) return code;
  }
  if (log_bytes > kLogHeadBytes || size > kPageBytesMax) return SQLITE_OK;
  // write_first_page(): zeros alone, or one page without its tag. Nothing is in the log before that.
  std::uint8_t some[64];
  bool zeros = true;
  for (sqlite3_int64 at = 0; zeros && at < size; at += sizeof some) {
    const auto amount = static_cast<int>(size - at < 64 ? size - at : 64);
    const int code = below()->pMethods->xRead(below(), some, amount, at);
    if (code != SQLITE_OK) return code == SQLITE_IOERR_SHORT_READ ? SQLITE_OK : code;
    zeros = is_zero(some, static_cast<std::size_t>(amount));
  }
  unborn = zeros;
  if (zeros || !is_page_size(static_cast<std::uint64_t>(size))) return SQLITE_OK;
  const int code = below()->pMethods->xRead(below(), some, kTagBytes, size - kTagBytes);
  unborn = code == SQLITE_OK && is_zero(some, kTagBytes);
  return code;
}

// -- reading and writing
// ---------------------------------------------------------------------------------------------------------

int DatabaseFile::read_part_of_first_page(std::uint8_t* to, std::uint32_t amount, std::int64_t offset) {
  const auto from = static_cast<std::uint32_t>(offset);
  const std::uint32_t wanted = amount < page_bytes - from ? amount : page_bytes - from;
  const int code = below()->pMethods->xRead(below(), scratch, static_cast<int>(page_bytes), 0);
  if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) return code;
  ++vfs.opened_;
  if (code == SQLITE_IOERR_SHORT_READ || !sealer.open(1, scratch, scratch, page_bytes)) {
    // Read from the database it is an error; but when the log holds pages, the first one may well be among them, and
    // SQLite only asks for the page size here before it looks there.
    if (!log_has_frames()) return bad_page();
    std::memset(scratch, 0, page_bytes);
    scratch[16] = static_cast<std::uint8_t>(page_bytes >> 8);
    scratch[17] = static_cast<std::uint8_t>(page_bytes >> 16);
    scratch[20] = kReserveBytes;
  }
  std::memset(to, 0, amount);
  std::memcpy(to, scratch + from, wanted);
  return SQLITE_OK;
}

int DatabaseFile::read(std::uint8_t* to, std::uint32_t amount, std::int64_t offset) {
  const MutexHold hold(mutex);
  if (!sealer.has_key()) return SQLITE_IOERR_AUTH;
  if (page_bytes == 0) {
    if (const int code = inspect(); code != SQLITE_OK) return code;
    if (page_bytes == 0) {
      sqlite3_int64 size = 0;
      if (const int code = below()->pMethods->xFileSize(below(), &size); code != SQLITE_OK) return code;
      if (size != 0 && !unborn) return bad_page();
      std::memset(to, 0, amount);
      return SQLITE_IOERR_SHORT_READ;
    }
  }
  if (amount != page_bytes || offset % page_bytes != 0) {
    // SQLite has yet to learn the page size when it asks for more than one.
    const bool first = offset + amount <= page_bytes || offset == 0;
    return first ? read_part_of_first_page(to, amount, offset) : SQLITE_IOERR_READ;
  }
  const int code = below()->pMethods->xRead(below(), to, static_cast<int>(amount), offset);
  if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) return code;
  ++vfs.opened_;
  const auto page = static_cast<std::uint32_t>(offset / page_bytes + 1);
  return code == SQLITE_OK && sealer.open(page, to, to, page_bytes) ? SQLITE_OK : bad_page();
}

/// Zeros, then body and nonce, then the tag: a first page that was torn is known, at any size, and nothing that was
/// ever whole is taken for one.
int DatabaseFile::write_first_page(const std::uint8_t* from, std::uint32_t amount) {
  if (!is_page_size(amount) || page_bytes_in(from) != amount || from[20] != kReserveBytes ||
      !is_zero(from + amount - kReserveBytes, kReserveBytes)) {
    return SQLITE_IOERR_WRITE;  // no reserve: this would be a database that cannot be sealed
  }
  std::uint8_t nonce[kNonceBytes], tag[kTagBytes];
  if (const int code = draw(nonce); code != SQLITE_OK) return code;
  if (const int code = take_page_bytes(amount); code != SQLITE_OK) return code;
  ++vfs.sealed_;
  page_bytes = 0;  // until it is all there
  const sqlite3_io_methods& file = *below()->pMethods;
  const auto size = static_cast<int>(amount);
  std::memset(scratch, 0, amount);
  int code = unborn ? file.xTruncate(below(), 0) : SQLITE_OK;
  if (code == SQLITE_OK) code = file.xWrite(below(), scratch, size, 0);
  if (code == SQLITE_OK) code = file.xSync(below(), SQLITE_SYNC_NORMAL);
  if (code == SQLITE_OK && !sealer.seal(1, nonce, from, scratch, amount)) code = SQLITE_IOERR_WRITE;
  std::uint8_t* end = scratch + amount - kTagBytes;
  std::memcpy(tag, end, kTagBytes);
  std::memset(end, 0, kTagBytes);
  if (code == SQLITE_OK) code = file.xWrite(below(), scratch, size, 0);
  if (code == SQLITE_OK) code = file.xSync(below(), SQLITE_SYNC_NORMAL);
  if (code == SQLITE_OK) code = file.xWrite(below(), tag, kTagBytes, amount - kTagBytes);
  if (code != SQLITE_OK) return code;
  unborn = false;
  return take_page_bytes(amount);
}

int DatabaseFile::write(const std::uint8_t* from, std::uint32_t amount, std::int64_t offset) {
  const MutexHold hold(mutex);
  if (!sealer.has_key()) return SQLITE_IOERR_AUTH;
  if (raw) {
    // Nothing but what was read from the log a moment ago passes as it is.
    const bool copy = copies && amount == page_bytes && offset % page_bytes == 0 &&
                      std::memcmp(copied, from + amount - kReserveBytes, kReserveBytes) == 0;
    return copy ? below()->pMethods->xWrite(below(), from, static_cast<int>(amount), offset) : SQLITE_IOERR_WRITE;
  }
  sqlite3_int64 size = 0;
  if (const int code = below()->pMethods->xFileSize(below(), &size); code != SQLITE_OK) return code;
  if (size != 0 && page_bytes == 0) {
    if (const int code = inspect(); code != SQLITE_OK) return code;
  }
  // Everything that comes later goes through the log.
  if (offset != 0 || (size != 0 && !unborn)) return SQLITE_IOERR_WRITE;
  return write_first_page(from, amount);
}

int DatabaseFile::control(int operation, void* argument) {
  switch (operation) {
    case SQLITE_FCNTL_CKPT_START:
    case SQLITE_FCNTL_CKPT_DONE: {
      const MutexHold hold(mutex);
      raw = operation == SQLITE_FCNTL_CKPT_START;
      copies = false;
      break;
    }
    case SQLITE_FCNTL_PRAGMA: {
      auto** words = static_cast<char**>(argument);
      if (sqlite3_stricmp(words[1], "sealed_reserve_bytes") == 0) {
        words[0] = sqlite3_mprintf("%d", static_cast<int>(kReserveBytes));
        return words[0] != nullptr ? SQLITE_OK : SQLITE_NOMEM;
      }
      break;
    }
    case SQLITE_FCNTL_BEGIN_ATOMIC_WRITE:
    case SQLITE_FCNTL_COMMIT_ATOMIC_WRITE:
    case SQLITE_FCNTL_ROLLBACK_ATOMIC_WRITE:
      return SQLITE_NOTFOUND;
    default:
      break;
  }
  return below()->pMethods->xFileControl(below(), operation, argument);
}

// -- the table of methods
// ---------------------------------------------------------------------------------------------------------

namespace {

// By way of void*: SQLite aligns the room for a file to 8 bytes, which the type of its first member does not show.
DatabaseFile& database_of(sqlite3_file* file) { return *static_cast<DatabaseFile*>(static_cast<void*>(file)); }
sqlite3_file* below(sqlite3_file* file) { return database_of(file).below(); }

int read_database(sqlite3_file* file, void* to, int amount, sqlite3_int64 offset) {
  if (amount < 0 || offset < 0) return SQLITE_IOERR_READ;
  return database_of(file).read(static_cast<std::uint8_t*>(to), static_cast<std::uint32_t>(amount), offset);
}
int write_database(sqlite3_file* file, const void* from, int amount, sqlite3_int64 offset) {
  if (amount < 0 || offset < 0) return SQLITE_IOERR_WRITE;
  return database_of(file).write(static_cast<const std::uint8_t*>(from), static_cast<std::uint32_t>(amount), offset);
}
int truncate_database(sqlite3_file* file, sqlite3_int64 size) {
  return below(file)->pMethods->xTruncate(below(file), size);
}
int sync_database(sqlite3_file* file, int flags) { return below(file)->pMethods->xSync(below(file), flags); }
int size_database(sqlite3_file* file, sqlite3_int64* size) {
  DatabaseFile& database = database_of(file);
  const MutexHold hold(database.mutex);
  if (database.unborn && database.sealer.has_key()) {
    if (const int code = database.inspect(); code != SQLITE_OK) return code;  // somebody else may have written it
  }
  const int code = below(file)->pMethods->xFileSize(below(file), size);
  if (database.unborn) *size = 0;
  return code;
}
int lock_database(sqlite3_file* file, int level) { return below(file)->pMethods->xLock(below(file), level); }
int unlock_database(sqlite3_file* file, int level) { return below(file)->pMethods->xUnlock(below(file), level); }
int reserved_database(sqlite3_file* file, int* out) {
  return below(file)->pMethods->xCheckReservedLock(below(file), out);
}
int control_database(sqlite3_file* file, int operation, void* argument) {
  return database_of(file).control(operation, argument);
}
int sector_database(sqlite3_file* file) { return below(file)->pMethods->xSectorSize(below(file)); }
int character_database(sqlite3_file* file) {
  // A frame and its header are two writes here as everywhere, and what is written is not what the caller has in memory.
  constexpr int kOffered = SQLITE_IOCAP_SAFE_APPEND | SQLITE_IOCAP_SEQUENTIAL | SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN |
                           SQLITE_IOCAP_POWERSAFE_OVERWRITE;
  return below(file)->pMethods->xDeviceCharacteristics(below(file)) & kOffered;
}
int map_shared(sqlite3_file* file, int index, int size, int extend, void volatile** out) {
  return below(file)->pMethods->xShmMap(below(file), index, size, extend, out);
}
int lock_shared(sqlite3_file* file, int first, int count, int flags) {
  constexpr int kWriteLock = 0;  // WAL_WRITE_LOCK
  if (first == kWriteLock && (flags & SQLITE_SHM_EXCLUSIVE) != 0) {
    DatabaseFile& database = database_of(file);
    database.own_from = database.own_to = 0;
  }
  return below(file)->pMethods->xShmLock(below(file), first, count, flags);
}
void barrier_shared(sqlite3_file* file) { below(file)->pMethods->xShmBarrier(below(file)); }
int unmap_shared(sqlite3_file* file, int remove) { return below(file)->pMethods->xShmUnmap(below(file), remove); }
int close_database(sqlite3_file* file) {
  DatabaseFile& database = database_of(file);
  database.leave_vfs();
  const int code = below(file)->pMethods->xClose(below(file));
  database.~DatabaseFile();
  return code;
}

}  // namespace

const sqlite3_io_methods kDatabaseMethods = {2,
                                             close_database,
                                             read_database,
                                             write_database,
                                             truncate_database,
                                             sync_database,
                                             size_database,
                                             lock_database,
                                             unlock_database,
                                             reserved_database,
                                             control_database,
                                             sector_database,
                                             character_database,
                                             map_shared,
                                             lock_shared,
                                             barrier_shared,
                                             unmap_shared,
                                             nullptr,
                                             nullptr};

}  // namespace handsync::storage
