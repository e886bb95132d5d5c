#include "replica/draft_rows.h"

namespace handsync::replica::drafts {

Status find_draft(StoreState& store, ItemId id, Draft& draft) {
  draft.item = static_cast<std::uint64_t>(id);
  {
    Statement find = prepare(store.database,
                             "SELECT i.folder,substr(i.server_id,1,1)=char(1),f.type=3 AND i.shown=i.folder FROM"
                             " item i JOIN folder f ON f.id=i.folder WHERE i.id=?1 AND i.shown<>0 AND f.gone=0 "
                             "AND f.emptying=0"_sql,
                             draft.item);
    const Result<bool> row = find.step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Error{Domain::kSqlite, kNoSuchItem, static_cast<std::uint32_t>(draft.item)};
    draft.folder = static_cast<std::uint32_t>(find.number(0));
    draft.local = find.number(1) != 0;
    if (find.number(2) == 0) return Error{Domain::kSqlite, kWrongFolder, draft.folder};
  }
  Statement newest = prepare(store.database,
                             "SELECT id,value,server_value,request,parked FROM change WHERE item=?1 AND kind=6 "
                             "AND (parked=0 OR (?2 AND value<>0)) ORDER BY "
                             "parked,id DESC LIMIT 1"_sql,
                             draft.item, draft.local);
  const Result<bool> row = newest.step();
  if (!row.ok()) return row.error();
  if (!row.value()) return Done{};
  draft.change = static_cast<std::uint64_t>(newest.number(0));
  draft.message = static_cast<std::uint64_t>(newest.number(1));
  const bool parked = newest.number(4) != 0;
  draft.sends = !parked && (newest.number(2) & kSends) != 0;
  draft.open = newest.number(3) == 0 && (newest.number(2) & kHanded) == 0;
  return Done{};
}

/// A part and its pieces become another one, of the same message or another.
Status move_part(StoreState& store, std::uint64_t from, std::uint64_t to) {
  if (from == to) return Done{};
  for (const char* sql : {"UPDATE outbox_part SET id=?2 WHERE id=?1"_sql,
                          "UPDATE outbox_chunk SET id=id+((?2-?1)<<20) WHERE id>=?1<<20 AND id<(?1+1)<<20"_sql}) {
    HANDSYNC_TRY(run_sql(store.database, sql, from, to));
  }
  return Done{};
}

Status delete_part(StoreState& store, std::uint64_t part) {
  HANDSYNC_TRY(run_sql(store.database, "DELETE FROM outbox_chunk WHERE id>=?1<<20 AND id<(?1+1)<<20"_sql, part));
  return run_sql(store.database, "DELETE FROM outbox_part WHERE id=?1"_sql, part);
}

/// The part after `last`, of that kind or, with kText, of any; 0 = none.
Result<std::uint64_t> next_part(StoreState& store, std::uint64_t message, std::uint64_t last, Kind& kind) {
  Statement find =
      prepare(store.database, "SELECT id,kind FROM outbox_part WHERE id>?1 AND id<(?2+1)<<16 ORDER BY id LIMIT 1"_sql);
  const std::uint64_t first = message << kPartShift;
  const Result<bool> row = find.number(1, last > first ? last : first).number(2, message).step();
  if (!row.ok()) return row.error();
  if (!row.value()) return std::uint64_t{0};
  kind = static_cast<Kind>(find.number(1));
  return static_cast<std::uint64_t>(find.number(0));
}

/// What an older wish of the draft holds that nobody has been told of goes on in the newer one.
Status inherit(StoreState& store, std::uint64_t older, std::uint64_t newer, bool has_body) {
  // Attachments of the older one that are not wanted any more: the reference that was shown is their part's number.
  const Status taken_back = each_part(store, newer, [&](std::uint64_t part, Kind kind) -> Status {
    if (kind != Kind::kTakenBack) return Done{};
    const Result<std::int64_t> gone = query_number(
        store.database, "SELECT CAST(CAST(data AS TEXT) AS INTEGER) FROM outbox_chunk WHERE id=?1<<20"_sql, part);
    if (!gone.ok()) return gone.error();
    if (static_cast<std::uint64_t>(gone.value()) >> kPartShift != older) {
      return Error{Domain::kSqlite, kInFlight, 0};  // the server is being told of that one
    }
    HANDSYNC_TRY(delete_part(store, static_cast<std::uint64_t>(gone.value())));
    return delete_part(store, part);
  });
  HANDSYNC_TRY(taken_back);
  if (older == 0) return Done{};
  return each_part(store, older, [&](std::uint64_t part, Kind kind) -> Status {
    if (has_body && (kind == Kind::kText || kind == Kind::kHtml)) return Done{};
    std::uint64_t to = newer << kPartShift | (part & 0xFFFF);
    const Result<std::int64_t> taken =
        query_number(store.database, "SELECT EXISTS(SELECT 1 FROM outbox_part WHERE id=?1)"_sql, to);
    if (!taken.ok()) return taken.error();
    if (taken.value() != 0) {
      const Result<std::int64_t> last =
          query_number(store.database, "SELECT max(id) FROM outbox_part WHERE id>?1<<16 AND id<(?1+1)<<16"_sql, newer);
      if (!last.ok()) return last.error();
      to = static_cast<std::uint64_t>(last.value()) + 1;
      if (to >> kPartShift != newer) return sql_error(SQLITE_TOOBIG);
    }
    return move_part(store, part, to);
  });
}

}  // namespace handsync::replica::drafts
