/// What the user wants of folders: rows of the queue, of no item. value: the folder, or the one a new folder goes into;
/// server_value: a new folder's type; text: the name. request=1: handed over, its answer not here.
#include "replica/edits.h"
#include "replica/state.h"
#include "wbxml/utf8.h"

namespace handsync::replica {
namespace {

bool may_be_created(FolderType type) {
  return type == FolderType::kGeneric || (type >= FolderType::kUserMail && type <= FolderType::kUserNotes);
}

bool sound_name(Text name) {
  if (name.empty() || name.size() > kFolderNameBytesMax || !wbxml::is_utf8(name)) return false;
  for (const char c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return false;
  return true;
}

/// A folder below `parent` that is not `except` and has the name, whatever its case.
Result<std::int64_t> find_named(sqlite3* database, std::int64_t parent, Text name, std::int64_t except) {
  return query_number(
      database,
      "SELECT id FROM folder WHERE gone=0 AND parent=?1 AND id<>?3 AND name=?2 COLLATE NOCASE ORDER BY id LIMIT 1"_sql,
      parent, name, except);
}

}  // namespace

Status retry_folder_change(StoreState& store, std::uint64_t change) {
  return run_sql(store.database, "UPDATE change SET parked=0,request=0,tries=0,domain=0,code=0,place=0 WHERE id=?1"_sql,
                 change);
}

Result<std::uint64_t> Store::queue_folder(const FolderWish& wish, std::int64_t wall_ms) {
  if (state_ == nullptr) return kNotOpen;
  const auto folder = static_cast<std::int64_t>(wish.folder);
  const bool create = wish.what == FolderWish::What::kCreate, remove = wish.what == FolderWish::What::kDelete;
  if (!remove && !sound_name(wish.name)) return Error{Domain::kSqlite, kBadFolderName, 0};
  if (create && !may_be_created(wish.type)) return Error{Domain::kSqlite, kDefaultFolder, 0};
  std::int64_t parent = create ? folder : 0;
  if (folder != 0) {
    Statement find = prepare(database_, "SELECT type,parent FROM folder WHERE id=?1 AND gone=0"_sql, folder);
    const Result<bool> row = find.step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Error{Domain::kSqlite, kNoSuchFolder, static_cast<std::uint32_t>(folder)};
    if (!create && !may_be_created(static_cast<FolderType>(find.number(0))))
      return Error{Domain::kSqlite, kDefaultFolder, static_cast<std::uint32_t>(folder)};
    if (!create) parent = find.number(1);
  } else if (!create) {
    return Error{Domain::kSqlite, kNoSuchFolder, 0};
  }
  if (!remove) {
    const Result<std::int64_t> same = find_named(database_, parent, wish.name, create ? 0 : folder);
    if (!same.ok()) return same.error();
    if (same.value() != 0) return Error{Domain::kSqlite, kFolderExists, static_cast<std::uint32_t>(same.value())};
  }
  Transaction transaction(state_of(state_));
  HANDSYNC_TRY(transaction.begin());
  {
    HANDSYNC_TRY(
        run_sql(database_,
                "INSERT INTO change(folder,item,kind,value,server_value,server_generation,wall_ms,text,subject) "
                "VALUES(0,0,?1,"
                "?2,?3,0,?4,?5,CASE WHEN ?5='' THEN (SELECT name FROM folder WHERE id=?2) ELSE ?5 END)"_sql,
                static_cast<int>(EditKind::kFolderCreate) + static_cast<int>(wish.what), folder,
                static_cast<int>(wish.type), wall_ms, remove ? Text{} : wish.name));
  }
  const auto change = static_cast<std::uint64_t>(sqlite3_last_insert_rowid(database_));
  HANDSYNC_TRY(transaction.commit());
  return change;
}

Result<bool> Store::next_folder_change(OutgoingFolder& out) const {
  if (state_ == nullptr) return kNotOpen;
  Statement find =
      prepare(database_,
              "SELECT c.id,c.kind,c.value,c.server_value,c.text,c.request,c.tries,coalesce(f.server_id,''),"
              "coalesce(f.parent_server_id,'0'),coalesce(f.name,''),coalesce(f.type,1),c.domain,c.code,c.place FROM "
              "change c LEFT JOIN folder f ON"
              " f.id=c.value AND f.gone=0 WHERE c.kind BETWEEN 30 AND 32 AND c.parked=0 ORDER BY c.id LIMIT 1"_sql);
  const Result<bool> found = find.step();
  out = {};
  if (!found.ok() || !found.value()) return found;
  const Statement& row = find;
  out.change = static_cast<std::uint64_t>(row.number(0));
  out.what = static_cast<FolderWish::What>(row.number(1) - static_cast<int>(EditKind::kFolderCreate));
  const std::int64_t folder = row.number(2);
  out.type = static_cast<std::uint8_t>(row.number(out.what == FolderWish::What::kCreate ? 3 : 10));
  (void)out.name.assign(row.text(4));
  out.in_doubt = row.number(5) != 0;
  out.tries = static_cast<std::uint32_t>(row.number(6));
  out.last = Error{static_cast<Domain>(row.number(11)), static_cast<std::int32_t>(row.number(12)),
                   static_cast<std::uint32_t>(row.number(13))};
  const bool create = out.what == FolderWish::What::kCreate, there = !row.text(7).empty();
  (void)(create ? out.parent_id.assign(folder == 0 ? Text("0") : row.text(7)) : out.server_id.assign(row.text(7)));
  if (!create) (void)out.parent_id.assign(row.text(8));
  out.missing = folder != 0 && !there;
  // What the folders show of it: after a lost answer they have been read again.
  if (create) {
    const Result<std::int64_t> same = find_named(database_, folder, out.name.view(), 0);
    if (!same.ok()) return same.error();
    out.done = same.value() != 0;
  } else {
    out.done = out.what == FolderWish::What::kDelete ? !there : there && row.text(9) == out.name.view();
  }
  return true;
}

Status Store::folder_change_note(std::uint64_t change, bool in_doubt, Error reason) {
  if (state_ == nullptr) return kNotOpen;
  Transaction transaction(state_of(state_));
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(run_sql(
      database_,
      "UPDATE change SET request=?2,(tries,domain,code,place)=(SELECT tries+1,?3,?4,?5 WHERE ?3<>0 UNION ALL"
      " SELECT tries,domain,code,place WHERE ?3=0) WHERE id=?1"_sql,
      change, in_doubt ? 1 : 0, static_cast<int>(reason.domain), static_cast<std::int64_t>(reason.code), reason.where));
  return transaction.commit();
}

Status Store::folder_change_done(std::uint64_t change) {
  if (state_ == nullptr) return kNotOpen;
  Transaction transaction(state_of(state_));
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(forget_change(state_of(state_), change));
  return transaction.commit();
}

}  // namespace handsync::replica
