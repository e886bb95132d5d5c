/// The folder tree and what sync keeps of each folder.
#include <cstdio>

#include "replica/edits.h"
#include "replica/planted.h"
#include "replica/state.h"

namespace handsync::replica {

bool supported_type(FolderType type) {
  switch (type) {
    case FolderType::kInbox:
    case FolderType::kDrafts:
    case FolderType::kDeleted:
    case FolderType::kSent:
    case FolderType::kOutbox:
    case FolderType::kUserMail:
      return true;
    case FolderType::kCalendar:
    case FolderType::kUserCalendar:
      return profile::kCalendar;
    case FolderType::kContacts:
    case FolderType::kUserContacts:
    case FolderType::kRecipients:
      return profile::kContacts;
    case FolderType::kTasks:
    case FolderType::kUserTasks:
      return profile::kTasks;
    case FolderType::kNotes:
    case FolderType::kUserNotes:
      return profile::kNotes;
    default:
      return false;
  }
}

bool holds(FolderType type, Class kind) {
  return supported_type(type) && type != FolderType::kRecipients &&
         items::class_of(type) == (items::is_personal(kind) ? kind : Class::kEmail);
}

SyncFolder sync_folder_of(const Statement& row) {
  SyncFolder folder;
  folder.id = static_cast<FolderId>(row.number(0));
  static_cast<void>(folder.server_id.assign(row.text(1)));
  static_cast<void>(folder.sync_key.assign(row.text(2)));
  folder.type = static_cast<FolderType>(row.number(3));
  folder.supported = supported_type(folder.type);
  folder.selected = row.number(4) != 0;
  folder.synced = row.number(5) != 0;
  folder.rekeying = row.number(6) != 0;
  folder.window = static_cast<std::uint16_t>(row.number(7));
  folder.filter = static_cast<std::uint8_t>(row.number(8));
  folder.rounds_without_progress = static_cast<std::uint16_t>(row.number(9));
  folder.has_days = !row.is_null(10);
  folder.days = static_cast<std::uint16_t>(row.number(10));
  folder.has_body_bytes_max = !row.is_null(11);
  folder.body_bytes_max = static_cast<std::uint32_t>(row.number(11));
  return folder;
}

Status start_over(StoreState& store, std::uint32_t folder) {
  HANDSYNC_TRY(run_sql(store.database,
                       "UPDATE folder SET sync_key='0',rekeying=(synced OR rekeying OR items>0),epoch=epoch+1 WHERE"
                       " id=?1 OR (?1=0 AND gone=0 AND (synced OR rekeying OR sync_key<>'0'))"_sql,
                       folder));
  return run_sql(store.database,
                 "UPDATE change SET request=0 WHERE folder<>0 AND (folder=?1 OR ?1=0) AND request<>0 AND kind<>4 AND"
                 " parked=0"_sql,
                 folder);
}

namespace {

/// Types of which there is one (MS-ASCMD 2.2.3.186.3): a folder of that type with a new id is the same folder.
constexpr char kDefaultTypes[] = "(2,3,4,5,6,7,8,9,10,11,19)";

Status run(StoreState& store, const char* sql) { return run_sql(store.database, sql); }

/// Runs an UPDATE until it changes nothing more.
Status repeat(StoreState& store, const char* sql) {
  for (;;) {
    HANDSYNC_TRY(run(store, sql));
    if (sqlite3_changes(store.database) == 0) return Done{};
  }
}

/// Parks the deletions and moves of a folder's items, and moves into one that has gone: the items are where the server
/// has them. Those that are listed in a folder without items of its own are listed nowhere.
Status unplace(StoreState& store, std::uint32_t folder, bool gone) {
  for (;;) {
    std::uint64_t change = 0;
    {
      const Result<std::int64_t> id =
          query_number(store.database,
                       "SELECT id FROM change WHERE parked=0 AND ((folder=?1 AND kind IN (3,4)) OR"
                       " (?2 AND kind IN (4,40) AND value=?1)) ORDER BY id LIMIT 1"_sql,
                       folder, gone ? 1 : 0);
      if (!id.ok()) return id.error();
      change = static_cast<std::uint64_t>(id.value());
    }
    if (change == 0) return Done{};
    HANDSYNC_TRY(park_change(store, change, Error{Domain::kEas, kStatusGone, 0}, false));
  }
}

/// After a folder began or ceased to list items: those that wait to be moved there.
Status place_moved(StoreState& store, std::uint32_t folder) {
  Statement rows = prepare(store.database, "SELECT DISTINCT item FROM change WHERE kind=4 AND value=?1"_sql, folder);
  for (;;) {
    const Result<bool> row = rows.step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Done{};
    HANDSYNC_TRY(place_item(store, static_cast<std::uint64_t>(rows.number(0))));
  }
}

/// Local items are to go, in small steps of idle(); from now on nobody sees them. The edits of all of them are parked.
/// The log of a generation is open.
Status start_emptying(StoreState& store, std::uint32_t folder, bool gone) {
  HANDSYNC_TRY(unplace(store, folder, gone));
  {
    // Selected again before they are removed, they know that nothing of them waits.
    HANDSYNC_TRY(run_sql(
        store.database,
        "UPDATE item SET edits=0 WHERE id IN (SELECT item FROM change WHERE folder=?1 AND parked=0)"_sql, folder));
  }
  HANDSYNC_TRY(run_sql(
      store.database,
      "UPDATE change SET parked=1,request=0,domain=?2,code=?3,"
      "server_id=coalesce((SELECT server_id FROM item WHERE id=change.item),server_id),"
      "subject=coalesce((SELECT subject FROM item WHERE id=change.item),subject) WHERE folder=?1 AND parked=0"_sql,
      folder, static_cast<int>(Domain::kEas), kStatusGone));
  HANDSYNC_TRY(run_sql(store.database,
                       "UPDATE folder SET selected=(selected AND ?2),gone=?2,emptying=1,sync_key='0',synced=0,"
                       "rekeying=0,epoch=epoch+1,items=0,unread=0,guard=0 WHERE id=?1"_sql,
                       folder, gone ? 1 : 0));
  HANDSYNC_TRY(place_moved(store, folder));
  return run_sql(store.database, "DELETE FROM parked WHERE folder=?1"_sql, folder);
}

Status restore_counts(StoreState& store, std::uint32_t folder) {
  return run_sql(store.database,
                 "UPDATE folder SET (items,unread)=(SELECT count(*),coalesce(sum(read=0),0) FROM item"
                 " WHERE shown=?1) WHERE id=?1 AND emptying=1"_sql,
                 folder);
}

Status stage_folder(StoreState& store, bool gone, Text server_id, Text parent, Text name, std::uint8_t type) {
  HANDSYNC_TRY(store.stage(static_cast<std::uint32_t>(64 + server_id.size() + parent.size() + name.size())));
  return run_sql(store.database,
                 "INSERT INTO hierarchy_stage(gone,server_id,parent_server_id,name,type) VALUES(?1,?2,?3,?4,?5)"_sql,
                 gone ? 1 : 0, server_id, parent, name, static_cast<int>(type));
}

/// Finds the row of every folder in the stage: by id; when the whole tree is told, then by default type, then by path.
Status match_folders(StoreState& store, bool whole) {
  HANDSYNC_TRY(
      run(store,
          "UPDATE hierarchy_stage SET folder=(SELECT id FROM folder f WHERE f.server_id=hierarchy_stage.server_id"
          " AND f.gone=0)"_sql));
  if (!whole) return Done{};
  // One pair at a time: a row that has been given away must not be given again.
  char sql[1024];
  std::snprintf(
      sql, sizeof sql,
      "UPDATE hierarchy_stage SET folder=(SELECT f.id FROM folder f WHERE f.type=hierarchy_stage.type AND f.gone=0 AND"
      " f.id NOT IN (SELECT folder FROM hierarchy_stage WHERE folder IS NOT NULL) LIMIT 1)"
      " WHERE id=(SELECT s.id FROM hierarchy_stage s JOIN folder f ON f.type=s.type AND f.gone=0 WHERE s.gone=0 AND"
      " s.folder IS NULL AND s.type IN %s AND f.id NOT IN (SELECT folder FROM hierarchy_stage WHERE folder IS NOT NULL)"
      " LIMIT 1)",
      kDefaultTypes);
  HANDSYNC_TRY(repeat(store, sql));
  // Parents first, by themselves: a child matches only below a parent that has matched.
  constexpr const char* kPairs =
      "FROM hierarchy_stage s JOIN folder f ON f.name=s.name AND f.type=s.type AND f.gone=0"
      " LEFT JOIN hierarchy_stage p ON p.server_id=s.parent_server_id AND p.gone=0"
      " WHERE s.gone=0 AND s.folder IS NULL AND f.parent=CASE WHEN s.parent_server_id IN ('','0') THEN 0 ELSE p.folder "
      "END"
      " AND f.id NOT IN (SELECT folder FROM hierarchy_stage WHERE folder IS NOT NULL) ORDER BY s.id,f.id LIMIT 1"_sql;
  std::snprintf(
      sql, sizeof sql,
      "WITH pair AS (SELECT s.id AS stage, f.id AS found %s) UPDATE hierarchy_stage SET folder=(SELECT found FROM pair)"
      " WHERE id=(SELECT stage FROM pair)",
      kPairs);
  return repeat(store, sql);
}

}  // namespace

Status Store::hierarchy_begin(bool whole) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  static_cast<void>(store.stage_close());  // whatever becomes of what was staged before, it is not this answer's loss
  HANDSYNC_TRY(store.take_over());
  store.hierarchy_whole = whole;
  store.hierarchy_losses = store.stage_losses;
  HANDSYNC_TRY(store.stage(64));
  return run(store, "DELETE FROM hierarchy_stage"_sql);
}

Status Store::hierarchy_put(Text server_id, Text parent_server_id, Text name, std::uint8_t type) {
  if (state_ == nullptr) return kNotOpen;
  // The id goes back in requests: one that cannot is the server's fault, told instead of cut (MS-ASCMD 2.2.3.30).
  if (server_id.empty() || server_id.size() > 64) return Error{Domain::kEas, 10, 0};
  return stage_folder(state_of(state_), false, server_id, parent_server_id, name, type);
}

Status Store::hierarchy_remove(Text server_id) {
  if (state_ == nullptr) return kNotOpen;
  return stage_folder(state_of(state_), true, server_id, {}, {}, 0);
}

void Store::hierarchy_drop() {
  if (state_ == nullptr) return;
  StoreState& store = state_of(state_);
  if (store.stage(64).ok()) static_cast<void>(run(store, "DELETE FROM hierarchy_stage"_sql));
}

Result<bool> Store::hierarchy_commit(Text hierarchy_key) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  HANDSYNC_TRY(store.stage_close());
  if (store.hierarchy_losses != store.stage_losses) return sql_error(SQLITE_ABORT);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(match_folders(store, store.hierarchy_whole));
  HANDSYNC_TRY(store.start_log());
  bool changed = false;

  // New ids first: while they are given, two rows may not have the same.
  struct Row {
    std::int64_t stage = 0, folder = 0;
    bool moved = false;
  };
  std::int64_t last = 0;
  for (;;) {
    Row row;
    {
      Statement next = prepare(
          database_,
          "SELECT s.id,coalesce(s.folder,0),f.server_id IS NOT s.server_id FROM hierarchy_stage s LEFT JOIN folder f ON"
          " f.id=s.folder WHERE s.gone=0 AND s.id>?1 AND (s.folder IS NULL OR f.server_id<>s.server_id OR "
          "f.name<>s.name OR"
          " f.type<>s.type OR f.parent_server_id<>s.parent_server_id) ORDER BY s.id LIMIT 1"_sql,
          last);
      const Result<bool> found = next.step();
      if (!found.ok()) return found.error();
      if (!found.value()) break;
      row.stage = next.number(0);
      row.folder = next.number(1);
      row.moved = next.number(2) != 0;
    }
    last = row.stage;
    changed = true;
    if (row.folder == 0) {
      // At first every folder of a class that is synced is wanted. A repeated Add in one answer is an Update.
      Statement add = prepare(database_,
                              "INSERT INTO folder(server_id,parent_server_id,name,type,selected) SELECT "
                              "server_id,parent_server_id,name,type,?2"
                              " FROM hierarchy_stage s WHERE id=?1 AND NOT EXISTS(SELECT 1 FROM folder f WHERE "
                              "f.server_id=s.server_id AND f.gone=0)"_sql);
      const Result<std::int64_t> number =
          query_number(database_, "SELECT type FROM hierarchy_stage WHERE id=?1"_sql, row.stage);
      if (!number.ok()) return number.error();
      const bool selected = supported_type(static_cast<FolderType>(number.value()));
      HANDSYNC_TRY(add.number(1, row.stage).number(2, selected ? 1 : 0).run());
      continue;
    }
    HANDSYNC_TRY(run_sql(
        database_,
        "UPDATE folder SET (server_id,parent_server_id,name,type)=(SELECT server_id,parent_server_id,name,type FROM"
        " hierarchy_stage WHERE id=?1) WHERE id=?2"_sql,
        row.stage, row.folder));
    // Under a new id the old SyncKey is worth nothing, and the items may have new ids as well.
    if (row.moved) HANDSYNC_TRY(start_over(store, static_cast<std::uint32_t>(row.folder)));
  }

  for (;;) {
    std::int64_t folder = 0;
    {
      const Result<std::int64_t> id = query_number(
          database_,
          store.hierarchy_whole
              ? "SELECT id FROM folder WHERE gone=0 AND server_id NOT IN (SELECT server_id FROM hierarchy_stage"
                " WHERE gone=0) LIMIT 1"_sql
              : "SELECT f.id FROM hierarchy_stage s JOIN folder f ON f.server_id=s.server_id AND f.gone=0"
                " WHERE s.gone=1 AND NOT EXISTS(SELECT 1 FROM hierarchy_stage t WHERE t.server_id=s.server_id AND"
                " t.gone=0 AND t.id>s.id) LIMIT 1"_sql);
      if (!id.ok()) return id.error();
      folder = id.value();
    }
    if (folder == 0) break;
    changed = true;
    HANDSYNC_TRY(start_emptying(store, static_cast<std::uint32_t>(folder), true));
  }

  if (changed) {
    HANDSYNC_TRY(
        run(store,
            "UPDATE folder SET parent=coalesce((SELECT p.id FROM folder p WHERE p.server_id=folder.parent_server_id"
            " AND p.gone=0 AND p.id<>folder.id),0)"_sql));
    HANDSYNC_TRY(store.log.finish(store));
  }
  HANDSYNC_TRY(run(store, "DELETE FROM hierarchy_stage"_sql));
  HANDSYNC_TRY(store.kept_statement(Sql::kValuePut)
                   .number(1, static_cast<int>(Value::kHierarchyKey))
                   .blob(2, bytes_of(hierarchy_key))
                   .run());
  HANDSYNC_TRY(transaction.commit());
  return changed;
}

Result<std::size_t> Store::sync_folders(std::span<SyncFolder> out) const {
  if (state_ == nullptr) return kNotOpen;
  Statement rows = prepare(
      database_,
      "SELECT id,server_id,sync_key,type,selected,synced,rekeying,window,filter,guard,days,body_bytes FROM folder"
      " WHERE gone=0 ORDER BY type<>2,type=4,type,id"_sql);
  std::size_t count = 0;
  for (;;) {
    const Result<bool> row = rows.step();
    if (!row.ok()) return row.error();
    if (!row.value()) return count;
    const SyncFolder folder = sync_folder_of(rows);
    if (!folder.supported) continue;
    if (count < out.size()) out[count] = folder;
    ++count;
  }
}

Result<SyncFolder> Store::sync_folder(FolderId id) const {
  if (state_ == nullptr) return kNotOpen;
  Statement find = prepare(
      database_,
      "SELECT id,server_id,sync_key,type,selected,synced,rekeying,window,filter,guard,days,body_bytes FROM folder"
      " WHERE id=?1 AND gone=0"_sql,
      static_cast<std::uint32_t>(id));
  const Result<bool> row = find.step();
  if (!row.ok()) return row.error();
  if (!row.value()) return Error{Domain::kSqlite, kNoSuchFolder, static_cast<std::uint32_t>(id)};
  return sync_folder_of(find);
}

Status Store::save_folder(const SyncFolder& folder) {
  if (state_ == nullptr) return kNotOpen;
  Transaction transaction(state_of(state_));
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(run_sql(database_, "UPDATE folder SET window=?2,filter=?3,guard=?4,synced=?5 WHERE id=?1 AND gone=0"_sql,
                       static_cast<std::uint32_t>(folder.id), static_cast<int>(folder.window),
                       static_cast<int>(folder.filter), static_cast<int>(folder.rounds_without_progress),
                       folder.synced ? 1 : 0));
  if (sqlite3_changes(database_) == 0) {
    return Error{Domain::kSqlite, kNoSuchFolder, static_cast<std::uint32_t>(folder.id)};
  }
  return transaction.commit();
}

Status Store::set_folder(FolderId id, const FolderChange& change) {
  const Result<SyncFolder> now = sync_folder(id);
  if (!now.ok()) return now.error();
  Transaction transaction(state_of(state_));
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(run_sql(database_,
                       "UPDATE folder SET days=CASE ?2 WHEN 0 THEN days WHEN 1 THEN ?3 END,"
                       "body_bytes=CASE ?4 WHEN 0 THEN body_bytes WHEN 1 THEN ?5 END WHERE id=?1"_sql,
                       static_cast<std::uint32_t>(id), static_cast<int>(change.days_how), static_cast<int>(change.days),
                       static_cast<int>(change.body_bytes_how), change.body_bytes_max));
  return transaction.commit();
}

Status Store::select(FolderId id, bool wanted) {
  const Result<SyncFolder> now = sync_folder(id);
  if (!now.ok()) return now.error();
  if (now.value().selected == wanted) return Done{};
  StoreState& store = state_of(state_);
  const auto folder = static_cast<std::uint32_t>(id);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(store.start_log());
  if (wanted) {
    // Items that have not been removed yet are as good as those of a re-key: the next sync confirms or removes them.
    HANDSYNC_TRY(restore_counts(store, folder));
    HANDSYNC_TRY(start_over(store, folder));
    HANDSYNC_TRY(run_sql(database_, "UPDATE folder SET selected=1,emptying=0 WHERE id=?1"_sql, folder));
    HANDSYNC_TRY(place_moved(store, folder));
  } else {
    HANDSYNC_TRY(start_emptying(store, folder, false));
  }
  HANDSYNC_TRY(store.log.finish(store));
  return transaction.commit();
}

Result<Store::Standing> Store::resync_standing(FolderId id) const {
  if (state_ == nullptr) return kNotOpen;
  Statement count = prepare(
      database_,
      // What the server has never had it cannot confirm.
      "SELECT count(*),coalesce(sum(i.epoch=f.epoch),0) FROM item i JOIN folder f ON f.id=i.folder WHERE f.id=?1 AND"
      " substr(i.server_id,1,1)<>char(1)"_sql,
      static_cast<std::uint32_t>(id));
  const Result<bool> row = count.step();
  if (!row.ok()) return row.error();
  Standing standing;
  standing.confirmed = static_cast<std::uint64_t>(count.number(1));
  standing.unconfirmed = static_cast<std::uint64_t>(count.number(0)) - standing.confirmed;
  return standing;
}

Status Store::rekey_begin(FolderId id) {
  const Result<SyncFolder> now = sync_folder(id);
  if (!now.ok()) return now.error();
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(start_over(store, static_cast<std::uint32_t>(id)));
  if (planted::on(planted::Bug::kEditsLostAtRekey)) HANDSYNC_TRY(execute(store.database, "DELETE FROM change"_sql));
  return transaction.commit();
}

}  // namespace handsync::replica
