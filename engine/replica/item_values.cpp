#include "replica/item_values.h"

#include <cstdio>

#include "items/datetime.h"

namespace handsync::replica {
namespace {

using items::Kind;
using items::Place;

/// A body that came stands in chunks; one that was written here is a side row, for chunks that are made while a
/// response arrives would be taken for its own.
Status read_body(StoreState& store, std::uint64_t item, ShownValue& value) {
  Statement body = prepare(
      store.database,
      "SELECT body_blob,body_here,body_size,body_truncated,body_type,(SELECT data FROM extra WHERE item=i.id AND"
      " property=?2 AND n=0) FROM item i WHERE id=?1 AND body_type<>0"_sql);
  value.statement = std::move(body);
  const Result<bool> row = value.statement.number(1, item).number(2, static_cast<int>(items::kBodyData)).step();
  if (!row.ok()) return row.error();
  value.there = row.value();
  if (!value.there) return Done{};
  value.data = value.statement.blob(5);
  value.blob = static_cast<std::uint64_t>(value.statement.number(0));
  value.size = static_cast<std::uint64_t>(value.statement.number(1));
  value.body = BodyFacts{value.statement.number(2), static_cast<std::uint8_t>(value.statement.number(4)),
                         value.statement.number(3) != 0};
  return Done{};
}

Status write_body(StoreState& store, std::uint64_t item, const NewValue& value) {
  HANDSYNC_TRY(run_sql(store.database, "DELETE FROM extra WHERE item=?1 AND property=?2"_sql, item,
                       static_cast<int>(items::kBodyData)));
  const bool own = value.there && value.blob == 0;
  if (own) {
    Statement put = store.kept_statement(Sql::kExtraPut);
    put.number(1, item).number(2, static_cast<int>(items::kBodyData)).number(3, 0);
    put.text(4, text_of(value.data)).number(5, 0).number(6, value.data.size());
    HANDSYNC_TRY(put.run());
  }
  return run_sql(
      store.database,
      "UPDATE item SET body_blob=?2,body_here=?3,body_size=?4,body_type=?5,body_truncated=?6 WHERE id=?1"_sql, item,
      value.blob, own ? value.data.size() : value.size,
      own ? static_cast<std::int64_t>(value.data.size()) : value.body.size, own ? 1 : static_cast<int>(value.body.type),
      own                    ? 0
      : value.body.truncated ? 1
                             : 0);
}

void bind_form(Statement& statement, int at, const items::Property& row, const NewValue& value) {
  if (!value.there || value.blob != 0) {
    statement.null(at);
  } else if (row.kind == Kind::kRaw || row.kind == Kind::kBytes) {
    statement.blob(at, value.data);
  } else {
    statement.text(at, text_of(value.data));
  }
}

}  // namespace

bool is_editable(const items::Property& row) {
  if (row.id == items::kBodyData) return true;
  return row.parent == 0 && (row.kind == Kind::kText || row.kind == Kind::kList || row.kind == Kind::kRaw) &&
         (row.place == Place::kItem || row.place == Place::kExtra);
}

Result<const items::Property*> property_row(StoreState& store, std::uint64_t item, items::PropertyId id) {
  const Result<std::int64_t> kind =
      query_number(prepare(store.database, "SELECT class FROM item WHERE id=?1"_sql).number(1, item), -1);
  if (!kind.ok()) return kind.error();
  if (kind.value() < 0) return static_cast<const items::Property*>(nullptr);
  const items::Property* row = items::find_property(static_cast<Class>(kind.value()), id);
  return row != nullptr && is_editable(*row) ? row : nullptr;
}

Status read_shown(StoreState& store, std::uint64_t item, const items::Property& row, ShownValue& value) {
  value.there = false;
  value.data = {};
  value.blob = value.size = 0;
  if (row.id == items::kBodyData) return read_body(store, item, value);
  Statement side =
      prepare(store.database, "SELECT data,blob,size FROM extra WHERE item=?1 AND property=?2 AND n=0"_sql);
  value.statement = std::move(side);
  const Result<bool> found = value.statement.number(1, item).number(2, static_cast<int>(row.id)).step();
  if (!found.ok()) return found.error();
  if (found.value()) {
    value.there = true;
    value.data = value.statement.blob(0);
    value.blob = static_cast<std::uint64_t>(value.statement.number(1));
    value.size = value.blob != 0 ? static_cast<std::uint64_t>(value.statement.number(2)) : value.data.size();
    return Done{};
  }
  if (row.place != Place::kItem) return Done{};
  char sql[96];
  std::snprintf(sql, sizeof sql, "SELECT %s FROM item WHERE id=?1", row.column);
  Statement column = prepare(store.database, sql);
  value.statement = std::move(column);
  const Result<bool> there = value.statement.number(1, item).step();
  if (!there.ok()) return there.error();
  if (!there.value() || value.statement.is_null(0)) return Done{};
  value.there = true;
  value.data = value.statement.blob(0);
  value.size = value.data.size();
  return Done{};
}

Status write_shown(StoreState& store, std::uint64_t item, const items::Property& row, const NewValue& value) {
  if (row.id == items::kBodyData) return write_body(store, item, value);
  HANDSYNC_TRY(run_sql(store.database, "DELETE FROM extra WHERE item=?1 AND property=?2 AND n=0"_sql, item,
                       static_cast<int>(row.id)));
  if (row.place == Place::kItem) {
    char sql[96];
    std::snprintf(sql, sizeof sql, "UPDATE item SET %s=?2 WHERE id=?1", row.column);
    Statement column = prepare(store.database, sql, item);
    bind_form(column, 2, row, value);
    HANDSYNC_TRY(column.run());
  }
  if (value.there && (row.place == Place::kExtra || value.blob != 0)) {
    Statement put = store.kept_statement(Sql::kExtraPut);
    put.number(1, item).number(2, static_cast<int>(row.id)).number(3, 0).number(5, value.blob);
    put.number(6, value.blob != 0 ? value.size : value.data.size());
    bind_form(put, 4, row, value);
    HANDSYNC_TRY(put.run());
  }
  if ((row.traits & items::kSorts) == 0) return Done{};
  return run_sql(store.database, "UPDATE item SET received=?2 WHERE id=?1"_sql, item,
                 value.there ? sort_value(row, text_of(value.data)) : 0);
}

Status read_chunks(StoreState& store, std::uint64_t blob, Room room) {
  Statement chunks = prepare(store.database, "SELECT data FROM body_chunk WHERE id>=?1 AND id<?2 ORDER BY id"_sql,
                             blob << kChunkBits, (blob + 1) << kChunkBits);
  std::size_t filled = 0;
  while (filled < room.size()) {
    const Result<bool> row = chunks.step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Error{Domain::kSqlite, kUnsound, 0};
    const Bytes data = chunks.blob(0);
    for (std::size_t i = 0; i < data.size() && filled < room.size(); ++i) room[filled++] = data[i];
  }
  return Done{};
}

Status load_value(StoreState& store, Bytes data, std::uint64_t blob, std::uint64_t size, Block& buffer) {
  HANDSYNC_TRY(buffer.take(blob != 0 ? static_cast<std::size_t>(size) : data.size()));
  if (blob != 0) return read_chunks(store, blob, buffer.room());
  for (std::size_t i = 0; i < data.size(); ++i) buffer.room()[i] = data[i];
  return Done{};
}

Status load_shown(StoreState& store, std::uint64_t item, const items::Property& row, Block& buffer) {
  ShownValue shown;
  HANDSYNC_TRY(read_shown(store, item, row, shown));
  return load_value(store, shown.data, shown.blob, shown.size, buffer);
}

Status sweep_blob(StoreState& store, std::uint64_t blob) {
  if (blob == 0) return Done{};
  return run_sql(store.database, "INSERT OR REPLACE INTO sweep VALUES(?1,?1)"_sql, blob);
}

}  // namespace handsync::replica
