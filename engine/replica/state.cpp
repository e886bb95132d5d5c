/// Transactions, the stage, counters and the commit log.
#include "replica/state.h"

#include "replica/item_row.h"

namespace handsync::replica {
namespace {

const char* text_of(Sql sql) {
  switch (sql) {
    case Sql::kBegin:
      return "BEGIN IMMEDIATE"_sql;
    case Sql::kCommit:
      return "COMMIT";
    case Sql::kRollback:
      return "ROLLBACK";
    case Sql::kValueGet:
      return "SELECT data FROM value WHERE key=?1"_sql;
    case Sql::kValuePut:
      return "INSERT INTO value VALUES(?1,?2) ON CONFLICT(key) DO UPDATE SET data=?2"_sql;
    case Sql::kChunkPut:
      return "INSERT INTO body_chunk VALUES(?1,?2)"_sql;
    case Sql::kAttachmentPut:
      return "INSERT INTO attachment(id,name,reference,method,size,content_id,location,inline,type)"
             " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)"_sql;
    case Sql::kLogPut:
      return "INSERT INTO arrival_log VALUES(?1,?2)"_sql;
    case Sql::kCommitLogLast:
      return "SELECT id FROM commit_log ORDER BY id DESC LIMIT 1"_sql;
    case Sql::kCommitLogPut:
      return "INSERT INTO commit_log VALUES(?1,?2)"_sql;
    case Sql::kCommitLogTrim:
      return "DELETE FROM commit_log WHERE id<?1"_sql;
    case Sql::kExtraPut:
      return "INSERT OR REPLACE INTO extra VALUES(?1,?2,?3,?4,?5,?6)"_sql;
    case Sql::kItemFind:
      return kItemFindSql;
    case Sql::kItemInsert:
    case Sql::kItemReplace:
    case Sql::kCount:
      break;
  }
  return nullptr;
}

}  // namespace

Statement StoreState::kept_statement(Sql sql) {
  const bool keep = static_cast<int>(sql) < kKeptStatements;
  sqlite3_stmt* once = nullptr;
  sqlite3_stmt*& slot = keep ? kept[static_cast<int>(sql)] : once;
  if (slot == nullptr) {
    const char* text = text_of(sql);
    struct Built {
      char sql[kItemSqlBytesMax];
    }* built = nullptr;
    if (text == nullptr) {
      // Not on the stack: SQLite's own compiler is the deepest call of all.
      built = static_cast<Built*>(memory.take(memory.self, sizeof(Built)));
      if (built == nullptr) return Statement(SQLITE_NOMEM);
      write_item_sql(built->sql, sql == Sql::kItemInsert);
      text = built->sql;
    }
    const PlainSql plain(text);
    const int code = plain.text() == nullptr
                         ? SQLITE_NOMEM
                         : sqlite3_prepare_v3(database, plain.text(), -1, SQLITE_PREPARE_PERSISTENT, &slot, nullptr);
    if (built != nullptr) memory.give(memory.self, built);
    if (code != SQLITE_OK) return Statement(code);
  }
  return Statement(slot, keep);
}

void StoreState::let_go(Sql first, Sql last) {
  for (int i = static_cast<int>(first); i <= static_cast<int>(last); ++i) {
    sqlite3_finalize(kept[i]);
    kept[i] = nullptr;
  }
}

Status StoreState::set_sync(bool full) {
  if (full == full_sync) return Done{};
  HANDSYNC_TRY(execute(database, full ? "PRAGMA synchronous=full"_sql : "PRAGMA synchronous=normal"_sql));
  full_sync = full;
  return Done{};
}

Status StoreState::begin(bool full) {
  static_cast<void>(
      stage_close());  // if that fails the response is lost (stage_losses), which is no reason to lose this too
  roll_back();         // of an earlier failure, if even rolling back failed then
  HANDSYNC_TRY(set_sync(full));
  Statement statement = kept_statement(Sql::kBegin);
  const Status outcome = statement.run();
  if (!outcome.ok()) roll_back();  // it may have begun and then failed
  return outcome;
}

Status StoreState::commit() {
  Statement statement = kept_statement(Sql::kCommit);
  return statement.run();
}

void StoreState::roll_back() {
  // After some errors SQLite has rolled back itself; then there is nothing left to do.
  if (sqlite3_get_autocommit(database) != 0) return;
  Statement statement = kept_statement(Sql::kRollback);  // prepared by open(): now there may be no memory for it
  static_cast<void>(statement.run());
}

Status StoreState::checkpoint_if_large() {
  if (wal_pages < wal_pages_tried) wal_pages_tried = 0;  // the log has begun anew
  if (wal_pages - wal_pages_tried < kCheckpointPages) return Done{};
  wal_pages_tried = wal_pages;
  const int code = sqlite3_wal_checkpoint_v2(database, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  return code == SQLITE_OK || code == SQLITE_BUSY ? Status(Done{}) : Status(sql_error(database));
}

// -- stage
// ------------------------------------------------------------------------------------------------------------------------

Status StoreState::stage(std::uint32_t bytes) {
  if (stage_open && sqlite3_get_autocommit(database) != 0) return stage_close();  // an error: what was staged is gone
  if (stage_open && (stage_dirty + bytes > kStageDirtyBytesMax || now_ms - stage_since_ms >= kStageAgeMsMax)) {
    HANDSYNC_TRY(stage_close());
    HANDSYNC_TRY(checkpoint_if_large());
  }
  if (!stage_open) {
    HANDSYNC_TRY(begin(false));
    stage_open = true;
    stage_dirty = 0;
    stage_since_ms = now_ms;
  }
  stage_dirty += bytes;
  return Done{};
}

Status StoreState::stage_close() {
  if (!stage_open) return Done{};
  stage_open = false;
  if (profile::kSmall) let_go(Sql::kChunkPut, Sql::kLogPut);
  // After some errors (no memory, full) SQLite has rolled back by itself.
  const Status outcome = sqlite3_get_autocommit(database) == 0 ? commit() : Status(sql_error(SQLITE_ABORT));
  if (!outcome.ok()) {
    ++stage_losses;
    roll_back();
  }
  return outcome;
}

Status StoreState::take_over() {
  if (owner) return Done{};
  const Result<std::uint64_t> floor = counter(kNextBlob, 1);
  if (!floor.ok()) return floor.error();
  const Result<std::int64_t> chunk = query_number(database, "SELECT max(id) FROM body_chunk"_sql);
  if (!chunk.ok()) return chunk.error();
  const Result<std::int64_t> attachment = query_number(database, "SELECT max(id) FROM attachment"_sql);
  if (!attachment.ok()) return attachment.error();
  const std::int64_t last = (chunk.value() > attachment.value() ? chunk.value() : attachment.value()) >> kChunkBits;
  next_blob = floor.value();
  if (static_cast<std::uint64_t>(last) >= next_blob) next_blob = static_cast<std::uint64_t>(last) + 1;
  HANDSYNC_TRY(forget_staged(floor.value()));
  owner = true;
  return Done{};
}

/// From `first_blob` to the newest nothing refers to a blob: to be swept, like the log and the stage of a hierarchy.
/// Also frees changes of an earlier boot from its request ids, which may be given again; they stay frozen.
Status StoreState::forget_staged(std::uint64_t first_blob) {
  const Result<std::int64_t> leftovers = query_number(
      database, owner ? "SELECT EXISTS(SELECT 1 FROM arrival_log)"_sql
                      : "SELECT EXISTS(SELECT 1 FROM arrival_log) OR EXISTS(SELECT 1 FROM hierarchy_stage) OR"
                        " EXISTS(SELECT 1 FROM change WHERE request>0 AND kind<20) OR EXISTS(SELECT 1 FROM outbox"
                        " WHERE whole<>1)"_sql);
  if (!leftovers.ok()) return leftovers.error();
  if (leftovers.value() == 0 && first_blob == next_blob) return Done{};
  Transaction transaction(*this);
  HANDSYNC_TRY(transaction.begin(false));
  HANDSYNC_TRY(execute(database, "DELETE FROM arrival_log"_sql));
  if (!owner) {
    HANDSYNC_TRY(execute(database,
                         "DELETE FROM hierarchy_stage;"
                         "UPDATE change SET request=-1 WHERE request>0 AND kind<20;"
                         "UPDATE outbox SET whole=0 WHERE whole=2 AND id NOT IN (SELECT mine FROM edit WHERE"
                         " property=65535);"
                         "DELETE FROM outbox_chunk WHERE id>>36 IN (SELECT id FROM outbox WHERE whole=0);"
                         "DELETE FROM outbox_part WHERE id>>16 IN (SELECT id FROM outbox WHERE whole=0);"
                         "DELETE FROM outbox WHERE whole=0"_sql));
  }
  if (first_blob < next_blob) {
    HANDSYNC_TRY(run_sql(database, "INSERT OR REPLACE INTO sweep VALUES(?1,?2)"_sql, first_blob, next_blob - 1));
    HANDSYNC_TRY(set_counter(kNextBlob, next_blob));
  }
  return transaction.commit();
}

// -- counters
// ---------------------------------------------------------------------------------------------------------------------

Result<std::uint64_t> StoreState::counter(int key, std::uint64_t otherwise) {
  const Result<std::int64_t> value =
      query_number(kept_statement(Sql::kValueGet).number(1, key), static_cast<std::int64_t>(otherwise));
  if (!value.ok()) return value.error();
  return static_cast<std::uint64_t>(value.value());
}

Status StoreState::set_counter(int key, std::uint64_t value) {
  return kept_statement(Sql::kValuePut).number(1, key).number(2, value).run();
}

Result<std::uint64_t> StoreState::generation() {
  Statement last = kept_statement(Sql::kCommitLogLast);
  const Result<std::int64_t> id = query_number(last);
  if (!id.ok()) return id.error();
  return static_cast<std::uint64_t>(id.value()) >> kPartBits;
}

Status StoreState::start_log() {
  const Result<std::uint64_t> now = generation();
  if (!now.ok()) return now.error();
  log.start(now.value() + 1);
  return Done{};
}

Status StoreState::delete_blob(std::uint64_t blob, std::uint64_t bytes) {
  if (blob == 0) return Done{};
  // A large one is left to the sweep: a commit stays short.
  // An item's own one is used again (drafts.cpp).
  const bool now = bytes <= 4 * kChunkBytes || static_cast<std::int64_t>(blob) < 0;
  Statement statement = prepare(
      database,
      now ? "DELETE FROM body_chunk WHERE id>=?1 AND id<?2"_sql : "INSERT OR REPLACE INTO sweep VALUES(?1,?2)"_sql,
      blob << kChunkBits, (blob + 1) << kChunkBits);
  if (now) return statement.run();
  return statement.number(1, blob).number(2, blob).run();
}

Status StoreState::delete_attachments(std::uint64_t list) {
  if (list == 0) return Done{};
  return run_sql(database, "DELETE FROM attachment WHERE id>=?1 AND id<?2"_sql, list << kChunkBits,
                 (list + 1) << kChunkBits);
}

// -- the log of a commit
// ----------------------------------------------------------------------------------------------------------

void CommitLog::put(std::uint64_t value) {
  while (value > 0x7F) {
    data_[size_++] = static_cast<std::byte>(value | 0x80);
    value >>= 7;
  }
  data_[size_++] = static_cast<std::byte>(value);
}

Status CommitLog::flush(StoreState& state) {
  HANDSYNC_TRY(state.kept_statement(Sql::kCommitLogPut)
                   .number(1, generation_ << kPartBits | part_)
                   .blob(2, Bytes(data_, size_))
                   .run());
  ++part_;
  size_ = 0;
  return Done{};
}

Status CommitLog::changed(StoreState& state, std::uint64_t item) {
  if (item == last_) return Done{};
  last_ = item;
  if (size_ > sizeof data_ - 20) HANDSYNC_TRY(flush(state));
  put(item << 1);
  return Done{};
}

Status CommitLog::gone(StoreState& state, std::uint64_t item, std::uint32_t folder) {
  if (size_ > sizeof data_ - 20) HANDSYNC_TRY(flush(state));
  put(item << 1 | 1);
  put(folder);
  last_ = 0;  // where it is listed from now on is told after this
  return Done{};
}

bool next_log_entry(Bytes data, std::size_t& at, LogEntry& entry) {
  if (at >= data.size()) return false;
  const auto take = [&] {
    std::uint64_t value = 0;
    for (int shift = 0; at < data.size() && shift < 64; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(data[at++]);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  const std::uint64_t first = take();
  entry.item = first >> 1;
  entry.gone = (first & 1) != 0;
  entry.folder = entry.gone ? static_cast<std::uint32_t>(take()) : 0;
  return true;
}

Status CommitLog::finish(StoreState& state) {
  if (part_ == 0 || size_ != 0) HANDSYNC_TRY(flush(state));
  if (generation_ <= kGenerationsKept) return Done{};
  return state.kept_statement(Sql::kCommitLogTrim).number(1, (generation_ - kGenerationsKept) << kPartBits).run();
}

}  // namespace handsync::replica
