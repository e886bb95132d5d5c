/// Finding items by their words.
#include <cstdio>

#include "replica/sql_reader.h"

namespace handsync::replica {

Status SqlReader::start_matches() {
  match_size_ = 0;
  if constexpr (profile::kSearch) match_size_ = write_match(query_.words, match_);
  return Done{};
}

/// On from the document of the last row.
Status SqlReader::fill_matches() {
  Snapshot snapshot(database_);
  // A pass that has begun has made the table.
  IndexMarker marker;
  const Result<bool> begun = read_marker(database_, marker);
  if (!begun.ok()) return begun.error();
  if (match_size_ == 0 || !begun.value()) {
    done_ = true;
    return Done{};
  }
  char sql[1100], kind[24] = "";
  if (query_.of_class) std::snprintf(kind, sizeof kind, " AND class=%d", static_cast<int>(query_.kind));
  std::snprintf(sql, sizeof sql,
                "SELECT %s,w.rowid FROM words w CROSS JOIN indexed d ON d.doc=w.rowid CROSS JOIN item ON item.id=d.item"
                " WHERE words MATCH ?1 AND w.rowid<?2 AND (?3=0 OR shown=?3) AND %s%s%s%s%s ORDER BY w.rowid DESC",
                kItemColumns, kVisible, query_.unread_only ? " AND read=0" : "",
                query_.flagged_only ? " AND flag_status=2" : "", query_.important_only ? " AND importance=2" : "",
                kind);
  Statement row = prepare(database_, sql);
  if (const Error fault = row.ready().error()) {
    // No such module: this SQLite has no FTS5.
    return fault == sql_error(SQLITE_ERROR) ? Error{Domain::kSqlite, kNoSearch, 0} : fault;
  }
  ItemDetails details(database_);
  row.text(1, Text(match_, match_size_)).number(2, when_).number(3, static_cast<std::uint32_t>(query_.folder));
  return fill_from(row, details, [&] { when_ = row.number(22); });
}

}  // namespace handsync::replica

namespace handsync {

Result<std::uint64_t> items_not_indexed(Reader& reader) {
  if constexpr (!profile::kSearch) return Error{Domain::kSqlite, replica::kNoSearch, 0};
  using namespace replica;
  sqlite3* database = static_cast<SqlReader&>(reader).database();
  Snapshot snapshot(database);
  IndexMarker marker;
  const Result<bool> begun = read_marker(database, marker);
  if (!begun.ok()) return begun.error();
  if (!begun.value() || marker.walked != IndexMarker::kWalked) {
    // + : by the smallest index, not through the rows themselves.
    const Result<std::int64_t> left =
        query_number(database, "SELECT count(*) FROM item WHERE +id>?1"_sql, marker.walked);
    if (!left.ok()) return left.error();
    return static_cast<std::uint64_t>(left.value());
  }
  Statement log = prepare(database, "SELECT id,data FROM commit_log WHERE id>=?1 ORDER BY id"_sql);
  log.number(1, marker.row);
  std::uint64_t left = 0;
  for (;;) {
    const Result<bool> row = log.step();
    if (!row.ok()) return row.error();
    if (!row.value()) return left;
    std::size_t at = static_cast<std::uint64_t>(log.number(0)) == marker.row ? marker.at : 0;
    for (LogEntry entry; next_log_entry(log.blob(1), at, entry);) left += !entry.gone;
  }
}

}  // namespace handsync
