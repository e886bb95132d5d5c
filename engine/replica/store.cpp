/// Opening, closing, values, transactions and housekeeping.
#include "replica/store.h"

#include <cstdio>
#include <cstring>
#include <new>

#include "replica/schema.h"
#include "replica/state.h"

namespace handsync::replica {
namespace {

int count_wal_pages(void* self, sqlite3*, const char*, int pages) {
  static_cast<StoreState*>(self)->wal_pages = pages;
  return SQLITE_OK;
}

constexpr std::size_t kPathBytesMax = 1024;
constexpr std::size_t kValueBytesMax = 4096;

}  // namespace

Store::~Store() { close(); }

Status Store::open(const StoreOptions& options, Memory memory) {
  close();
  char path[kPathBytesMax];
  if (options.path.empty() || options.path.size() >= kPathBytesMax) return sql_error(SQLITE_CANTOPEN);
  std::memcpy(path, options.path.data(), options.path.size());
  path[options.path.size()] = '\0';
  void* block = memory.take(memory.self, sizeof(StoreState));
  if (block == nullptr) return out_of_memory(sizeof(StoreState));
  auto* state = new (block) StoreState;
  state->memory = memory;
  state->arrival_kib = options.arrival_kib;
  memory_ = memory;
  state_ = state;
  const int code =
      sqlite3_open_v2(path, &database_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, options.vfs);
  state->database = database_;
  Status outcome = code == SQLITE_OK ? Status(Done{}) : Status(sql_error(code));
  if (outcome.ok()) outcome = set_up_connection(database_, options.page_bytes, options.cache_kib, true, options.sealed);
  if (outcome.ok()) outcome = migrate(database_);
  for (const Sql sql : {Sql::kBegin, Sql::kCommit, Sql::kRollback}) {
    if (outcome.ok()) outcome = state->kept_statement(sql).ready();
  }
  if (!outcome.ok()) {
    close();
    return outcome;
  }
  sqlite3_wal_hook(database_, count_wal_pages, state);
  return Done{};
}

void Store::close() {
  if (state_ == nullptr) return;
  StoreState& state = state_of(state_);
  if (database_ != nullptr) {
    static_cast<void>(state.stage_close());
    state.let_go(Sql{}, static_cast<Sql>(kKeptStatements - 1));
    sqlite3_wal_checkpoint_v2(database_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    sqlite3_close(database_);
  }
  database_ = nullptr;
  state_ = nullptr;
  memory_.give(memory_.self, &state);
}

bool Store::is_open() const { return state_ != nullptr; }

// -- values
// -----------------------------------------------------------------------------------------------------------------------

Result<std::size_t> Store::get(Value key, Room room) const {
  if (state_ == nullptr) return kNotOpen;
  Statement found = state_of(state_).kept_statement(Sql::kValueGet);
  Statement& get = found;
  const Result<bool> row = get.number(1, static_cast<int>(key)).step();
  if (!row.ok()) return row.error();
  if (!row.value()) return std::size_t{0};
  const Bytes data = get.blob(0);
  if (data.size() > room.size()) return out_of_memory(data.size());
  if (!data.empty()) std::memcpy(room.data(), data.data(), data.size());
  return data.size();
}

Status Store::put(Value key, Bytes value) {
  if (state_ == nullptr) return kNotOpen;
  if (value.size() > kValueBytesMax) return sql_error(SQLITE_TOOBIG);
  Transaction transaction(state_of(state_));
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(state_of(state_).kept_statement(Sql::kValuePut).number(1, static_cast<int>(key)).blob(2, value).run());
  return transaction.commit();
}

Result<std::uint64_t> Store::get_number(Value key) const {
  char digits[24];
  const Result<std::size_t> size = get(key, std::as_writable_bytes(std::span(digits)));
  if (!size.ok()) return size.error();
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < size.value() && digits[i] >= '0' && digits[i] <= '9'; ++i) {
    number = number * 10 + static_cast<std::uint64_t>(digits[i] - '0');
  }
  return number;
}

Status Store::put_number(Value key, std::uint64_t number) {
  char digits[24];
  const int size = std::snprintf(digits, sizeof digits, "%llu", static_cast<unsigned long long>(number));
  return put(key, bytes_of(Text(digits, static_cast<std::size_t>(size))));
}

Result<std::uint64_t> Store::generation() const {
  if (state_ == nullptr) return kNotOpen;
  return state_of(state_).generation();
}

// -- housekeeping
// -----------------------------------------------------------------------------------------------------------------

Result<bool> Store::idle(std::uint64_t mono_ms) {
  if (state_ == nullptr) return false;
  StoreState& state = state_of(state_);
  state.now_ms = mono_ms;
  if (state.stage_open && mono_ms - state.stage_since_ms < kStageAgeMsMax) return true;
  HANDSYNC_TRY(state.stage_close());
  HANDSYNC_TRY(state.take_over());
  HANDSYNC_TRY(state.checkpoint_if_large());
  const Result<bool> garbage = sweep_step();
  if (!garbage.ok() || garbage.value()) return garbage;
  return empty_step();
}

/// Deletes a few chunk or attachment rows of the first range that nothing refers to.
Result<bool> Store::sweep_step() {
  StoreState& state = state_of(state_);
  std::int64_t first = 0, last = 0;
  {
    Statement range = prepare(database_, "SELECT first,last FROM sweep LIMIT 1"_sql);
    const Result<bool> row = range.step();
    if (!row.ok() || !row.value()) return row;
    first = range.number(0);
    last = range.number(1);
  }
  Transaction transaction(state);
  HANDSYNC_TRY(transaction.begin(false));
  bool done = true;
  constexpr const char* kSteps[] = {
      "DELETE FROM body_chunk WHERE id IN (SELECT id FROM body_chunk WHERE id>=?1 AND id<?2 LIMIT ?3)"_sql,
      "DELETE FROM attachment WHERE id IN (SELECT id FROM attachment WHERE id>=?1 AND id<?2 LIMIT ?3)"_sql};
  for (const char* sql : kSteps) {
    HANDSYNC_TRY(run_sql(database_, sql, first << kChunkBits, (last + 1) << kChunkBits, kSweepRows));
    if (sqlite3_changes(database_) == kSweepRows) done = false;
  }
  if (done) {
    HANDSYNC_TRY(run_sql(database_, "DELETE FROM sweep WHERE first=?1"_sql, first));
  }
  HANDSYNC_TRY(transaction.commit());
  return true;
}

/// Removes a few items of a folder that was deselected or has gone, and the folder itself after its last item.
Result<bool> Store::empty_step() {
  StoreState& state = state_of(state_);
  std::int64_t folder = 0;
  bool gone = false;
  {
    Statement emptying = prepare(database_, "SELECT id,gone FROM folder WHERE emptying=1 LIMIT 1"_sql);
    const Result<bool> row = emptying.step();
    if (!row.ok() || !row.value()) return row;
    folder = emptying.number(0);
    gone = emptying.number(1) != 0;
  }
  Transaction transaction(state);
  HANDSYNC_TRY(transaction.begin(false));
  std::uint64_t ids[kSweepRows];
  int count = 0;
  {
    Statement items = prepare(database_, "SELECT id FROM item WHERE folder=?1 LIMIT ?2"_sql, folder, kSweepRows);
    for (;;) {
      const Result<bool> row = items.step();
      if (!row.ok()) return row.error();
      if (!row.value()) break;
      ids[count++] = static_cast<std::uint64_t>(items.number(0));
    }
  }
  for (int i = 0; i < count; ++i) {
    const Result<std::uint32_t> parked = remove_item(state, ids[i]);
    if (!parked.ok()) return parked.error();
  }
  if (count < kSweepRows) {
    HANDSYNC_TRY(run_sql(database_,
                         gone ? "DELETE FROM folder WHERE id=?1"_sql : "UPDATE folder SET emptying=0 WHERE id=?1"_sql,
                         folder));
  }
  HANDSYNC_TRY(transaction.commit());
  return true;
}

Result<ItemAddress> Store::address_of(ItemId id) const {
  if (state_ == nullptr) return kNotOpen;
  Statement row =
      prepare(database_, "SELECT folder,server_id FROM item WHERE id=?1"_sql, static_cast<std::int64_t>(id));
  const Result<bool> found = row.step();
  if (!found.ok()) return found.error();
  ItemAddress address;
  if (!found.value() || !address.server_id.assign(row.text(1))) return Error{Domain::kSqlite, kNoSuchItem, 0};
  address.folder = FolderId{static_cast<std::uint32_t>(row.number(0))};
  return address;
}

}  // namespace handsync::replica
