/// The user's changes: made, frozen into a request, parked, retried, dropped. Each a short transaction of its own.
#include "replica/edits.h"

namespace handsync::replica {
namespace {

const Error kNotOpen{Domain::kSqlite, kClosed, 0};

struct Found {
  std::uint32_t folder = 0;
  std::int64_t shown = 0;
};

Result<Found> find_item(StoreState& store, ItemId item, EditKind kind) {
  Result<Statement> find = prepare(
      store.database,
      kind == EditKind::kRead
          ? "SELECT folder,read FROM item WHERE id=?1 AND folder NOT IN (SELECT id FROM folder WHERE emptying=1)"
          : "SELECT folder,flag_status FROM item WHERE id=?1 AND folder NOT IN (SELECT id FROM folder WHERE"
            " emptying=1)");
  if (!find.ok()) return find.error();
  const Result<bool> row = find.value().number(1, static_cast<std::uint64_t>(item)).step();
  if (!row.ok()) return row.error();
  if (!row.value()) return Error{Domain::kSqlite, kNoSuchItem, static_cast<std::uint32_t>(item)};
  return Found{static_cast<std::uint32_t>(find.value().number(0)), find.value().number(1)};
}

Result<std::uint64_t> mark(StoreState& store, ItemId id, EditKind kind, std::int64_t value, std::int64_t wall_ms) {
  const auto item = static_cast<std::uint64_t>(id);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  const Result<Found> found = find_item(store, id, kind);
  if (!found.ok()) return found.error();
  std::uint64_t change = 0;
  bool in_flight = false;
  std::int64_t server_value = found.value().shown, server_generation = 0;
  {
    Result<Statement> newest =
        prepare(store.database,
                "SELECT id,request,server_value,server_generation FROM change WHERE item=?1 AND kind=?2"
                " AND parked=0 ORDER BY id DESC LIMIT 1");
    if (!newest.ok()) return newest.error();
    const Result<bool> row = newest.value().number(1, item).number(2, static_cast<int>(kind)).step();
    if (!row.ok()) return row.error();
    if (row.value()) {
      change = static_cast<std::uint64_t>(newest.value().number(0));
      in_flight = newest.value().number(1) != 0;
      server_value = newest.value().number(2);
      server_generation = newest.value().number(3);
    }
  }
  if (found.value().shown == value) {
    HANDSYNC_TRY(transaction.commit());
    return change;  // nothing to do but what is on its way already
  }
  HANDSYNC_TRY(store.start_log());
  if (change != 0 && !in_flight) {
    Result<Statement> again =
        prepare(store.database, "UPDATE change SET value=?2,wall_ms=?3,tries=0,domain=0,code=0,place=0 WHERE id=?1");
    if (!again.ok()) return again.error();
    HANDSYNC_TRY(again.value().number(1, change).number(2, value).number(3, wall_ms).run());
  } else {
    Result<Statement> add = prepare(store.database,
                                    "INSERT INTO change(folder,item,kind,value,server_value,server_generation,wall_ms) "
                                    "VALUES(?1,?2,?3,?4,?5,?6,?7)");
    if (!add.ok()) return add.error();
    HANDSYNC_TRY(add.value()
                     .number(1, found.value().folder)
                     .number(2, item)
                     .number(3, static_cast<int>(kind))
                     .number(4, value)
                     .number(5, server_value)
                     .number(6, server_generation)
                     .number(7, wall_ms)
                     .run());
    change = static_cast<std::uint64_t>(sqlite3_last_insert_rowid(store.database));
  }
  HANDSYNC_TRY(show_value(store, item, kind, value));
  HANDSYNC_TRY(count_edits(store, item));
  HANDSYNC_TRY(store.log.finish(store));
  HANDSYNC_TRY(transaction.commit());
  return change;
}

/// Adds one queued edit to what goes out for its server item.
void merge(Outgoing& out, const Statement& row) {
  const auto kind = static_cast<EditKind>(row.number(1));
  if (out.change == 0) out.change = static_cast<std::uint64_t>(row.number(0));
  if (kind == EditKind::kRead) {
    out.has_read = true;
    out.read = row.number(2) != 0;
  } else {
    out.has_flag = true;
    out.flag_status = static_cast<std::uint8_t>(row.number(2));
    out.flag_wall_ms = row.number(3);
  }
}

}  // namespace

Result<std::uint64_t> Store::mark_read(ItemId item, bool read, std::int64_t wall_ms) {
  if (state_ == nullptr) return kNotOpen;
  return mark(state_of(state_), item, EditKind::kRead, read ? 1 : 0, wall_ms);
}

Result<std::uint64_t> Store::mark_flag(ItemId item, std::uint8_t flag_status, std::int64_t wall_ms) {
  if (state_ == nullptr) return kNotOpen;
  return mark(state_of(state_), item, EditKind::kFlag, flag_status, wall_ms);
}

Result<bool> Store::has_outgoing(FolderId folder) const {
  if (state_ == nullptr) return kNotOpen;
  Result<Statement> any = prepare(database_, "SELECT EXISTS(SELECT 1 FROM change WHERE folder=?1 AND parked=0)");
  if (!any.ok()) return any.error();
  const Result<std::int64_t> found = query_number(any.value().number(1, static_cast<std::uint32_t>(folder)));
  if (!found.ok()) return found.error();
  return found.value() != 0;
}

Result<bool> Store::has_frozen(FolderId folder) const {
  if (state_ == nullptr) return kNotOpen;
  Result<Statement> any =
      prepare(database_, "SELECT EXISTS(SELECT 1 FROM change WHERE folder=?1 AND request<>0 AND parked=0)");
  if (!any.ok()) return any.error();
  const Result<std::int64_t> found = query_number(any.value().number(1, static_cast<std::uint32_t>(folder)));
  if (!found.ok()) return found.error();
  return found.value() != 0;
}

Result<std::size_t> Store::freeze_outgoing(FolderId id, std::uint32_t request, std::span<Outgoing> out) {
  if (state_ == nullptr) return kNotOpen;
  if (out.empty() || request == 0) return std::size_t{0};
  StoreState& store = state_of(state_);
  HANDSYNC_TRY(store.take_over());
  const auto folder = static_cast<std::uint32_t>(id);
  const Result<bool> any = has_outgoing(id);
  if (!any.ok()) return any.error();
  if (!any.value()) return std::size_t{0};
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  const Result<bool> again = has_frozen(id);
  if (!again.ok()) return again.error();
  std::size_t count = 0;
  {
    // A retry takes those that are marked; the first try all that wait. By item, so that one item is one command.
    Result<Statement> rows = prepare(database_,
                                     "SELECT c.id,c.kind,c.value,c.wall_ms,c.item,i.server_id FROM change c JOIN item "
                                     "i ON i.id=c.item WHERE c.folder=?1 AND"
                                     " c.parked=0 AND (c.request<>0)=?2 ORDER BY (SELECT min(id) FROM change m WHERE "
                                     "m.item=c.item AND m.parked=0 AND"
                                     " (m.request<>0)=?2),c.id");
    if (!rows.ok()) return rows.error();
    rows.value().number(1, folder).number(2, again.value());
    Result<Statement> freeze = prepare(database_, "UPDATE change SET request=?2 WHERE id=?1");
    if (!freeze.ok()) return freeze.error();
    std::int64_t item = 0;
    for (;;) {
      const Result<bool> row = rows.value().step();
      if (!row.ok()) return row.error();
      if (!row.value()) break;
      const Statement& change = rows.value();
      const bool next = change.number(4) != item;
      item = change.number(4);
      if (next && count < out.size()) {
        out[count] = {};
        static_cast<void>(out[count].server_id.assign(change.text(5)));
      }
      if (next) ++count;
      // Those beyond the caller's room are set free: what is not sent must not be taken for accepted.
      if (count <= out.size()) merge(out[count - 1], change);
      HANDSYNC_TRY(freeze.value().number(1, change.number(0)).number(2, count <= out.size() ? request : 0u).run());
    }
  }
  HANDSYNC_TRY(transaction.commit());
  return count < out.size() ? count : out.size();
}

Status Store::park(std::uint64_t change, Error reason) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(store.start_log());
  // What went out as one command is refused as one: the rows of the same item in the same request.
  std::uint64_t linked[2];
  int count = 0;
  {
    Result<Statement> rows = prepare(database_,
                                     "SELECT id FROM change WHERE id=?1 OR (parked=0 AND request<>0 AND (item,request)="
                                     "(SELECT item,request FROM change WHERE id=?1)) LIMIT 2");
    if (!rows.ok()) return rows.error();
    rows.value().number(1, change);
    for (;;) {
      const Result<bool> row = rows.value().step();
      if (!row.ok()) return row.error();
      if (!row.value()) break;
      linked[count++] = static_cast<std::uint64_t>(rows.value().number(0));
    }
  }
  if (count == 0) return Error{Domain::kSqlite, kNoSuchChange, static_cast<std::uint32_t>(change)};
  for (int i = 0; i < count; ++i) {
    HANDSYNC_TRY(
        park_change(store, linked[i], reason, reason.domain == Domain::kEas && reason.code == kStatusConflict));
  }
  HANDSYNC_TRY(store.log.finish(store));
  return transaction.commit();
}

Status Store::retry(std::uint64_t change) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  std::uint64_t item = 0;
  EditKind kind{};
  std::int64_t value = 0;
  {
    Result<Statement> find = prepare(database_, "SELECT item,kind,value,parked FROM change WHERE id=?1");
    if (!find.ok()) return find.error();
    const Result<bool> row = find.value().number(1, change).step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Error{Domain::kSqlite, kNoSuchChange, static_cast<std::uint32_t>(change)};
    if (find.value().number(3) == 0) return Done{};
    item = static_cast<std::uint64_t>(find.value().number(0));
    kind = static_cast<EditKind>(find.value().number(1));
    value = find.value().number(2);
  }
  const Result<Found> found = find_item(store, static_cast<ItemId>(item), kind);
  if (!found.ok()) return found.error();
  HANDSYNC_TRY(store.start_log());
  {
    // It is what the user wants now: an edit of the same property that waits gives way to it.
    Result<Statement> newer =
        prepare(database_, "DELETE FROM change WHERE item=?1 AND kind=?2 AND parked=0 AND request=0 AND id<>?3");
    if (!newer.ok()) return newer.error();
    HANDSYNC_TRY(newer.value().number(1, item).number(2, static_cast<int>(kind)).number(3, change).run());
  }
  {
    Result<Statement> free =
        prepare(database_, "UPDATE change SET parked=0,request=0,tries=0,domain=0,code=0,place=0 WHERE id=?1");
    if (!free.ok()) return free.error();
    HANDSYNC_TRY(free.value().number(1, change).run());
  }
  HANDSYNC_TRY(show_value(store, item, kind, value));
  HANDSYNC_TRY(count_edits(store, item));
  HANDSYNC_TRY(store.log.finish(store));
  return transaction.commit();
}

Status Store::drop(std::uint64_t change) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  {
    // Once it was sent, only its answer can say what the server has; and a retry must send the same again.
    Result<Statement> sent = prepare(database_, "SELECT request<>0 FROM change WHERE id=?1");
    if (!sent.ok()) return sent.error();
    const Result<std::int64_t> in_flight = query_number(sent.value().number(1, change));
    if (!in_flight.ok()) return in_flight.error();
    if (in_flight.value() != 0) return Error{Domain::kSqlite, kInFlight, static_cast<std::uint32_t>(change)};
  }
  HANDSYNC_TRY(store.start_log());
  {
    // Parking shows the server's value again, unless a newer edit waits.
    HANDSYNC_TRY(park_change(store, change, Error{}, true));
    Result<Statement> remove = prepare(database_, "DELETE FROM change WHERE id=?1");
    if (!remove.ok()) return remove.error();
    HANDSYNC_TRY(remove.value().number(1, change).run());
  }
  HANDSYNC_TRY(store.log.finish(store));
  return transaction.commit();
}

Result<std::uint32_t> Store::queue_length(bool parked) const {
  if (state_ == nullptr) return kNotOpen;
  Result<Statement> count = prepare(database_, "SELECT count(*) FROM change WHERE parked=?1");
  if (!count.ok()) return count.error();
  const Result<std::int64_t> found = query_number(count.value().number(1, parked ? 1 : 0));
  if (!found.ok()) return found.error();
  return static_cast<std::uint32_t>(found.value());
}

}  // namespace handsync::replica
