/// Where an item is listed while its deletion or move waits, and moves on their way to the server.
#include "replica/edits.h"

namespace handsync::replica {

namespace {

struct Place {
  std::uint32_t folder = 0, shown = 0, wanted = 0;
  bool read = false;
};

/// `wanted` follows from the edits that wait: a deletion before all moves, of these the newest.
Result<Place> place_of(StoreState& store, std::uint64_t item) {
  Statement find = prepare(
      store.database,
      "SELECT folder,shown,read,coalesce((SELECT CASE WHEN kind=3 THEN 0 ELSE coalesce((SELECT id FROM folder f"
      " WHERE f.id=change.value AND f.selected=1 AND f.emptying=0 AND f.gone=0),0) END FROM change WHERE item=?1"
      " AND kind IN (3,4) AND parked=0 ORDER BY kind,id DESC LIMIT 1),folder) FROM item WHERE id=?1"_sql,
      item);
  const Result<bool> row = find.step();
  if (!row.ok()) return row.error();
  if (!row.value()) return Place{};
  Place place;
  place.folder = static_cast<std::uint32_t>(find.number(0));
  place.shown = static_cast<std::uint32_t>(find.number(1));
  place.read = find.number(2) != 0;
  place.wanted = static_cast<std::uint32_t>(find.number(3));
  return place;
}

/// What is known of a move whose answer is here.
struct Moving {
  std::uint64_t item = 0;
  std::uint32_t to = 0, tries = 0;
};

Result<Moving> moving_of(StoreState& store, std::uint64_t change) {
  Statement find =
      prepare(store.database, "SELECT item,value,tries FROM change WHERE id=?1 AND kind=4 AND parked=0"_sql, change);
  const Result<bool> row = find.step();
  if (!row.ok()) return row.error();
  if (!row.value()) return Error{Domain::kSqlite, kNoSuchChange, static_cast<std::uint32_t>(change)};
  Moving moving;
  moving.item = static_cast<std::uint64_t>(find.number(0));
  moving.to = static_cast<std::uint32_t>(find.number(1));
  moving.tries = static_cast<std::uint32_t>(find.number(2));
  return moving;
}

/// The row of a moved item becomes one of its new folder, with the server's new id. A Sync may have brought it there
/// first: then the row that came stays, and what waits for the item is wanted of that one.
Status settle_in(StoreState& store, const Moving& moving, Text server_id) {
  bool listed = false;
  std::uint64_t twin = 0;
  {
    Statement into =
        prepare(store.database,
                "SELECT selected=1 AND emptying=0 AND gone=0,coalesce((SELECT id FROM item WHERE folder=?1 AND"
                " server_id=?2 AND id<>?3),0) FROM folder WHERE id=?1"_sql,
                moving.to, server_id, moving.item);
    const Result<bool> row = into.step();
    if (!row.ok()) return row.error();
    if (row.value()) {
      listed = into.number(0) != 0;
      twin = static_cast<std::uint64_t>(into.number(1));
    }
  }
  if (listed && twin == 0 && !server_id.empty()) {
    HANDSYNC_TRY(
        run_sql(store.database,
                "UPDATE item SET folder=?2,server_id=?3,epoch=(SELECT epoch FROM folder WHERE id=?2) WHERE id=?1"_sql,
                moving.item, moving.to, server_id));
    HANDSYNC_TRY(run_sql(store.database, "UPDATE change SET folder=?2 WHERE item=?1"_sql, moving.item, moving.to));
    HANDSYNC_TRY(place_item(store, moving.item));
    return count_edits(store, moving.item);
  }
  std::uint32_t shown = 0;
  bool read = false;
  {
    const Result<Place> place = place_of(store, moving.item);
    if (!place.ok()) return place.error();
    shown = place.value().shown;
    read = place.value().read;
  }
  if (twin != 0) {
    HANDSYNC_TRY(
        run_sql(store.database, "UPDATE change SET item=?2,folder=?3 WHERE item=?1"_sql, moving.item, twin, moving.to));
    HANDSYNC_TRY(count_edits(store, moving.item));
    HANDSYNC_TRY(place_item(store, twin));
    HANDSYNC_TRY(count_edits(store, twin));
  }
  if (shown != 0) {
    HANDSYNC_TRY(count_listed(store, shown, -1, read ? 0 : -1));
    HANDSYNC_TRY(store.log.gone(store, moving.item, shown));
  }
  const Result<std::uint32_t> removed = remove_item(store, moving.item);
  return removed.ok() ? Status(Done{}) : Status(removed.error());
}

}  // namespace

Status count_listed(StoreState& store, std::uint32_t folder, std::int64_t items, std::int64_t unread) {
  return run_sql(store.database, "UPDATE folder SET items=items+?2,unread=unread+?3 WHERE id=?1 AND emptying=0"_sql,
                 folder, items, unread);
}

Status place_item(StoreState& store, std::uint64_t item) {
  const Result<Place> found = place_of(store, item);
  if (!found.ok()) return found.error();
  const Place& place = found.value();
  if (place.wanted == place.shown) return Done{};
  const std::int64_t unread = place.read ? 0 : 1;
  if (place.shown != 0) {
    HANDSYNC_TRY(count_listed(store, place.shown, -1, -unread));
    HANDSYNC_TRY(store.log.gone(store, item, place.shown));
  }
  HANDSYNC_TRY(run_sql(store.database, "UPDATE item SET shown=?2,generation=?3 WHERE id=?1"_sql, item, place.wanted,
                       store.log.generation()));
  if (place.wanted == 0) return Done{};
  HANDSYNC_TRY(count_listed(store, place.wanted, 1, unread));
  return store.log.changed(store, item);
}

Result<bool> Store::has_moves() const {
  if (state_ == nullptr) return kNotOpen;
  const Result<std::int64_t> any =
      query_number(database_, "SELECT EXISTS(SELECT 1 FROM change WHERE kind IN (4,40) AND parked=0)"_sql);
  if (!any.ok()) return any.error();
  return any.value() != 0;
}

Result<std::size_t> Store::moves_in_doubt(std::span<FolderId> out) const {
  if (state_ == nullptr) return kNotOpen;
  Statement rows =
      prepare(database_, "SELECT DISTINCT folder FROM change WHERE kind=4 AND request NOT IN (0,-2) AND parked=0"_sql);
  std::size_t count = 0;
  for (;;) {
    const Result<bool> row = rows.step();
    if (!row.ok()) return row.error();
    if (!row.value()) return count;
    if (count < out.size()) out[count] = static_cast<FolderId>(rows.number(0));
    ++count;
  }
}

Result<std::size_t> Store::freeze_moves(std::span<OutgoingMove> out) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  std::size_t count = 0;
  {
    // An item's other edits go first: they name it by the id that the move takes from it. One move of each item. What
    // has been in vain goes again alone, after the others.
    Statement rows = prepare(
        database_,
        "SELECT c.id,i.server_id,s.server_id,d.server_id,c.folder,d.id,c.tries FROM change c JOIN item i ON "
        "i.id=c.item JOIN"
        " folder s ON s.id=c.folder JOIN folder d ON d.id=c.value AND d.gone=0 WHERE c.kind=4 AND c.parked=0 AND"
        " c.request=0 AND NOT EXISTS(SELECT 1 FROM change o WHERE o.item=c.item AND o.parked=0 AND (o.kind<>4 OR"
        " o.request<>0 OR o.id<c.id)) ORDER BY c.tries,c.id LIMIT ?1"_sql);
    rows.number(1, static_cast<std::uint64_t>(out.size()));
    Statement freeze = prepare(database_, "UPDATE change SET request=?2 WHERE id=?1"_sql);
    for (;;) {
      const Result<bool> row = rows.step();
      if (!row.ok()) return row.error();
      if (!row.value() || count == out.size() || (count != 0 && rows.number(6) != 0)) break;
      OutgoingMove& move = out[count++];
      move = {};
      move.change = static_cast<std::uint64_t>(rows.number(0));
      static_cast<void>(move.server_id.assign(rows.text(1)));
      static_cast<void>(move.from_server_id.assign(rows.text(2)));
      static_cast<void>(move.to_server_id.assign(rows.text(3)));
      move.from = static_cast<FolderId>(rows.number(4));
      move.to = static_cast<FolderId>(rows.number(5));
      HANDSYNC_TRY(freeze.number(1, move.change).number(2, kMoveRequest).run());
    }
  }
  HANDSYNC_TRY(transaction.commit());
  return count;
}

Result<std::uint32_t> Store::thaw_moves(FolderId from) {
  const Result<std::size_t> in_doubt = moves_in_doubt({});
  if (!in_doubt.ok()) return in_doubt.error();
  std::uint32_t parked = 0;
  if (in_doubt.value() == 0) return parked;  // nearly always: no transaction for nothing
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(run_sql(
      database_, "UPDATE change SET request=0 WHERE folder=?1 AND kind=4 AND request NOT IN (0,-2) AND parked=0"_sql,
      static_cast<std::uint32_t>(from)));
  HANDSYNC_TRY(store.start_log());
  for (;; ++parked) {
    std::uint64_t change = 0;
    Error reason;
    {
      Statement find = prepare(database_,
                               "SELECT id,domain,code,place FROM change WHERE folder=?1 AND kind=4 AND parked=0 AND"
                               " request=0 AND tries>=?2 LIMIT 1"_sql);
      const Result<bool> row = find.number(1, static_cast<std::uint32_t>(from)).number(2, kTriesMax).step();
      if (!row.ok()) return row.error();
      if (!row.value()) break;
      change = static_cast<std::uint64_t>(find.number(0));
      reason = Error{static_cast<Domain>(find.number(1)), static_cast<std::int32_t>(find.number(2)),
                     static_cast<std::uint32_t>(find.number(3))};
    }
    HANDSYNC_TRY(park_change(store, change, reason, true));
  }
  HANDSYNC_TRY(store.log.finish(store));
  HANDSYNC_TRY(transaction.commit());
  return parked;
}

Status Store::move_done(std::uint64_t change, Text new_server_id) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  const Result<Moving> moving = moving_of(store, change);
  if (!moving.ok()) return moving.error();
  HANDSYNC_TRY(store.start_log());
  HANDSYNC_TRY(forget_change(store, change));
  HANDSYNC_TRY(settle_in(store, moving.value(), new_server_id));
  HANDSYNC_TRY(store.log.finish(store));
  return transaction.commit();
}

Status Store::move_in_vain(std::uint64_t change, Error reason) {
  if (state_ == nullptr) return kNotOpen;
  Transaction transaction(state_of(state_));
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(
      note_reason(state_of(state_),
                  "UPDATE change SET tries=tries+1,domain=?2,code=?3,place=?4 WHERE id=?1 AND kind=4 AND parked=0"_sql,
                  change, reason));
  return transaction.commit();
}

Result<bool> Store::move_refused(std::uint64_t change, Error reason, bool passing) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  const Result<Moving> moving = moving_of(store, change);
  if (!moving.ok()) return moving.error();
  HANDSYNC_TRY(store.start_log());
  const bool parked = !passing || moving.value().tries + 1 >= kTriesMax;
  if (parked) {
    HANDSYNC_TRY(park_change(store, change, reason, true));
  } else {
    // Still in doubt: the next sync of its folder tells whether it is there to be moved.
    HANDSYNC_TRY(count_try(store, change, reason));
  }
  HANDSYNC_TRY(store.log.finish(store));
  HANDSYNC_TRY(transaction.commit());
  return parked;
}

}  // namespace handsync::replica
