/// The write-ahead log: 32 bytes of header, then frames of 24 bytes of header and one sealed page.
#include <cstring>

#include "storage/sealed_file.h"

namespace handsync::storage {

/// A page of the log, or its beginning: who reads has asked the log's index where it is, so it is there whole.
int LogFile::read_page(std::uint8_t* to, std::uint32_t amount, std::int64_t frame) {
  const std::uint32_t page_bytes = database.page_bytes;
  const sqlite3_io_methods& file = *below()->pMethods;
  if (database.raw && amount == page_bytes) {
    database.copies = false;
    const int code = file.xRead(below(), to, static_cast<int>(amount), frame + kFrameHeadBytes);
    if (code == SQLITE_OK) {
      ++database.vfs.copied_;
      std::memcpy(database.copied, to + amount - kReserveBytes, kReserveBytes);
      database.copies = true;
    }
    return code;
  }
  std::uint8_t* scratch = database.scratch;
  const int code = file.xRead(below(), scratch, static_cast<int>(kFrameHeadBytes + page_bytes), frame);
  if (code == SQLITE_IOERR_SHORT_READ) return database.bad_page();
  if (code != SQLITE_OK) return code;
  ++database.vfs.opened_;
  std::uint8_t* sealed = scratch + kFrameHeadBytes;
  std::uint8_t* plain = amount == page_bytes ? to : sealed;
  if (!database.sealer.open(number_at(scratch), sealed, plain, page_bytes)) return database.bad_page();
  if (plain != to) std::memcpy(to, plain, amount);
  return SQLITE_OK;
}

/// A whole frame is read in recovery, where it may be torn, and by the writer who makes the checksums of its own frames
/// again before it commits.
int LogFile::read_frame(std::uint8_t* to, std::uint32_t amount, std::int64_t frame) {
  const int code = below()->pMethods->xRead(below(), to, static_cast<int>(amount), frame);
  if (code != SQLITE_OK) return code;
  ++database.vfs.opened_;
  std::uint8_t* page = to + kFrameHeadBytes;
  if (database.sealer.open(number_at(to), page, page, database.page_bytes)) return SQLITE_OK;
  if (frame >= database.own_from && frame < database.own_to) return database.bad_page();
  // The log ends here: no frame is of page 0, whatever its checksum says.
  ++database.vfs.torn_;
  std::memset(to, 0, 4);
  return SQLITE_OK;
}

int LogFile::read(std::uint8_t* to, std::uint32_t amount, std::int64_t offset) {
  const MutexHold hold(database.mutex);
  if (!database.sealer.has_key()) return SQLITE_IOERR_AUTH;
  const auto pass = [&] { return below()->pMethods->xRead(below(), to, static_cast<int>(amount), offset); };
  if (offset + amount <= kLogHeadBytes) return pass();
  if (database.page_bytes == 0) {
    if (const int code = database.inspect(); code != SQLITE_OK) return code;
    if (database.page_bytes == 0) return database.bad_page();
  }
  const std::uint32_t page_bytes = database.page_bytes, frame_bytes = kFrameHeadBytes + page_bytes;
  if (offset < kLogHeadBytes) return SQLITE_IOERR_READ;
  const auto at = static_cast<std::uint32_t>((offset - kLogHeadBytes) % frame_bytes);
  if (at + amount <= kFrameHeadBytes) return pass();
  if (at == kFrameHeadBytes && amount <= page_bytes) return read_page(to, amount, offset - at);
  if (at == 0 && amount == frame_bytes) return read_frame(to, amount, offset);
  return SQLITE_IOERR_READ;
}

int LogFile::write_page(const std::uint8_t* from, std::uint32_t amount, std::int64_t frame, std::uint32_t at) {
  const std::uint32_t page_bytes = database.page_bytes;
  // SQLite's checksum is over zeros there, and what is read gives zeros.
  const std::uint32_t body_end = kFrameHeadBytes + page_bytes - kReserveBytes;
  const std::uint32_t end = at + amount;
  if (end > body_end) {
    const std::uint32_t reserve = at > body_end ? at : body_end;
    if (!is_zero(from + (reserve - at), end - reserve)) return SQLITE_IOERR_WRITE;
  }
  std::uint8_t* to = database.scratch;
  const std::int64_t offset = frame + at;
  bool sealed;
  if (at == kFrameHeadBytes) {
    if (head_at != frame) {  // a page that is written again within its transaction keeps its header
      std::uint8_t number[4];
      const int code = below()->pMethods->xRead(below(), number, sizeof number, frame);
      if (code != SQLITE_OK) return code;
      head_at = frame;
      head_page = number_at(number);
    }
    std::uint8_t nonce[kNonceBytes];
    if (const int code = database.draw(nonce); code != SQLITE_OK) return code;
    if (database.own_to == 0) database.own_from = frame;
    if (frame < database.own_from) database.own_from = frame;
    if (frame >= database.own_to) database.own_to = frame + 1;
    ++database.vfs.sealed_;
    piece_at = -1;
    sealed = amount == page_bytes
                 ? database.sealer.seal(head_page, nonce, from, to, page_bytes)
                 : database.sealer.begin(head_page, nonce, page_bytes) && database.sealer.piece(from, to, amount);
  } else {
    // Where a sector may be lost together with its neighbour, SQLite syncs in the middle of a frame.
    if (piece_at != offset) return SQLITE_IOERR_WRITE;
    sealed = database.sealer.piece(from, to, amount);
  }
  piece_at = -1;
  if (!sealed) return SQLITE_IOERR_WRITE;
  const int code = below()->pMethods->xWrite(below(), to, static_cast<int>(amount), offset);
  if (code == SQLITE_OK && end < kFrameHeadBytes + page_bytes) piece_at = offset + amount;
  return code;
}

int LogFile::write(const std::uint8_t* from, std::uint32_t amount, std::int64_t offset) {
  const MutexHold hold(database.mutex);
  if (!database.sealer.has_key()) return SQLITE_IOERR_AUTH;
  const auto pass = [&] { return below()->pMethods->xWrite(below(), from, static_cast<int>(amount), offset); };
  const std::uint32_t page_bytes = database.page_bytes;
  if (page_bytes == 0) return SQLITE_IOERR_WRITE;
  if (offset < kLogHeadBytes) {
    const bool whole = offset == 0 && amount == kLogHeadBytes && number_at(from + 8) == page_bytes;
    return whole ? pass() : SQLITE_IOERR_WRITE;
  }
  const std::uint32_t frame_bytes = kFrameHeadBytes + page_bytes;
  const auto at = static_cast<std::uint32_t>((offset - kLogHeadBytes) % frame_bytes);
  if (at + amount > frame_bytes) return SQLITE_IOERR_WRITE;
  if (at >= kFrameHeadBytes) return write_page(from, amount, offset - at, at);
  if (at + amount > kFrameHeadBytes) return SQLITE_IOERR_WRITE;
  if (at == 0 && amount >= 4) {
    head_at = offset;
    head_page = number_at(from);
  }
  return pass();
}

// -- the table of methods
// ---------------------------------------------------------------------------------------------------------

namespace {

// By way of void*: SQLite aligns the room for a file to 8 bytes, which the type of its first member does not show.
LogFile& log_of(sqlite3_file* file) { return *static_cast<LogFile*>(static_cast<void*>(file)); }
sqlite3_file* below(sqlite3_file* file) { return log_of(file).below(); }

int read_log(sqlite3_file* file, void* to, int amount, sqlite3_int64 offset) {
  if (amount < 0 || offset < 0) return SQLITE_IOERR_READ;
  return log_of(file).read(static_cast<std::uint8_t*>(to), static_cast<std::uint32_t>(amount), offset);
}
int write_log(sqlite3_file* file, const void* from, int amount, sqlite3_int64 offset) {
  if (amount < 0 || offset < 0) return SQLITE_IOERR_WRITE;
  return log_of(file).write(static_cast<const std::uint8_t*>(from), static_cast<std::uint32_t>(amount), offset);
}
int truncate_log(sqlite3_file* file, sqlite3_int64 size) { return below(file)->pMethods->xTruncate(below(file), size); }
int sync_log(sqlite3_file* file, int flags) { return below(file)->pMethods->xSync(below(file), flags); }
int size_log(sqlite3_file* file, sqlite3_int64* size) { return below(file)->pMethods->xFileSize(below(file), size); }
int lock_log(sqlite3_file* file, int level) { return below(file)->pMethods->xLock(below(file), level); }
int unlock_log(sqlite3_file* file, int level) { return below(file)->pMethods->xUnlock(below(file), level); }
int reserved_log(sqlite3_file* file, int* out) { return below(file)->pMethods->xCheckReservedLock(below(file), out); }
int control_log(sqlite3_file* file, int operation, void* argument) {
  return below(file)->pMethods->xFileControl(below(file), operation, argument);
}
int sector_log(sqlite3_file* file) { return below(file)->pMethods->xSectorSize(below(file)); }
int character_log(sqlite3_file* file) { return below(file)->pMethods->xDeviceCharacteristics(below(file)); }
int close_log(sqlite3_file* file) {
  const int code = below(file)->pMethods->xClose(below(file));
  log_of(file).~LogFile();
  return code;
}

}  // namespace

const sqlite3_io_methods kLogMethods = {1,           close_log,  read_log,      write_log,  truncate_log,
                                        sync_log,    size_log,   lock_log,      unlock_log, reserved_log,
                                        control_log, sector_log, character_log, nullptr,    nullptr,
                                        nullptr,     nullptr,    nullptr,       nullptr};

}  // namespace handsync::storage
