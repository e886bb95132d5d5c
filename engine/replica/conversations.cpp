/// A whole conversation that is to be in another folder, from now on: a change of no item, and a held move of each of
/// its mails that is here, so that they are listed there at once. value: the folder; text: the conversation's id.
/// request: kConversationRequest = handed over, its answer not here.
#include "replica/edits.h"
#include "replica/state.h"

namespace handsync::replica {
namespace {

constexpr std::int64_t kConversationRequest = -3;
#define HANDSYNC_HELD "kind=4 AND request=-2 AND server_value="

/// A mail of the conversation that a server moves with it: not one that was sent or is being written (MS-ASCON 2.2.2.8
/// MoveAlways), and one that the server knows and will still have.
constexpr const char* kNextMail =
    "SELECT i.id,i.folder FROM item i JOIN folder f ON f.id=i.folder WHERE i.conversation_id=(SELECT text FROM change"
    " WHERE id=?1) AND i.id>?2 AND i.class=0 AND f.type NOT IN (3,5,6) AND f.emptying=0 AND f.gone=0 AND"
    " substr(i.server_id,1,1)<>char(1) AND NOT EXISTS(SELECT 1 FROM change d WHERE d.item=i.id AND d.kind=3 AND"
    " d.parked=0) ORDER BY i.id LIMIT 1"_sql;

/// What was to become of single mails before is not wanted any more, but for what is on its way.
Status hold_mails(StoreState& store, std::uint64_t change, std::int64_t to, std::int64_t wall_ms) {
  std::uint64_t item = 0;
  for (;;) {
    std::int64_t folder = 0;
    {
      Statement next = prepare(store.database, kNextMail, change, item);
      const Result<bool> row = next.step();
      if (!row.ok()) return row.error();
      if (!row.value()) return Done{};
      item = static_cast<std::uint64_t>(next.number(0));
      folder = next.number(1);
    }
    HANDSYNC_TRY(
        run_sql(store.database, "DELETE FROM change WHERE item=?1 AND kind=4 AND request=0 AND parked=0"_sql, item));
    if (folder != to) {
      HANDSYNC_TRY(run_sql(store.database,
                           "INSERT INTO change(folder,item,kind,value,server_value,server_generation,wall_ms,request)"
                           " VALUES(?1,?2,4,?3,?4,0,?5,-2)"_sql,
                           folder, item, to, change, wall_ms));
    }
    HANDSYNC_TRY(place_item(store, item));
    HANDSYNC_TRY(count_edits(store, item));
  }
}

}  // namespace

Status release_conversation(StoreState& store, std::uint64_t change) {
  for (;;) {
    std::uint64_t held = 0, item = 0;
    {
      Statement next =
          prepare(store.database, "SELECT id,item FROM change WHERE "_sql HANDSYNC_HELD "?1 LIMIT 1", change);
      const Result<bool> row = next.step();
      if (!row.ok()) return row.error();
      if (!row.value()) return Done{};
      held = static_cast<std::uint64_t>(next.number(0));
      item = static_cast<std::uint64_t>(next.number(1));
    }
    HANDSYNC_TRY(forget_change(store, held));
    HANDSYNC_TRY(place_item(store, item));
    HANDSYNC_TRY(count_edits(store, item));
  }
}

Status retry_conversation(StoreState& store, std::uint64_t change) {
  Statement find = prepare(store.database,
                           "SELECT value,wall_ms FROM change WHERE id=?1 AND value IN (SELECT id FROM folder WHERE"
                           " gone=0)"_sql,
                           change);
  const Result<bool> row = find.step();
  if (!row.ok()) return row.error();
  if (!row.value()) return Error{Domain::kSqlite, kNoSuchFolder, 0};
  const std::int64_t to = find.number(0), wall_ms = find.number(1);
  HANDSYNC_TRY(retry_folder_change(store, change));  // of no item either
  return hold_mails(store, change, to, wall_ms);
}

Result<std::uint64_t> Store::move_conversation(ItemId id, FolderId to, std::int64_t wall_ms) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  const auto item = static_cast<std::uint64_t>(id);
  std::int64_t folder = static_cast<std::int64_t>(to);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  {
    Statement find = prepare(store.database,
                             "SELECT class=0 AND length(conversation_id) BETWEEN 1 AND ?2 FROM item WHERE id=?1 AND"
                             " shown<>0 AND folder NOT IN (SELECT id FROM folder WHERE emptying=1)"_sql,
                             item, static_cast<int>(kConversationBytesMax));
    const Result<bool> row = find.step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Error{Domain::kSqlite, kNoSuchItem, static_cast<std::uint32_t>(item)};
    if (find.number(0) == 0) return Error{Domain::kSqlite, kNoConversation, static_cast<std::uint32_t>(item)};
  }
  {
    Statement find =
        prepare(store.database,
                "SELECT id,type FROM folder WHERE gone=0 AND CASE ?1 WHEN 0 THEN type=4 ELSE id=?1 END"_sql, folder);
    const Result<bool> row = find.step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Error{Domain::kSqlite, kNoSuchFolder, static_cast<std::uint32_t>(folder)};
    folder = find.number(0);
    const auto type = static_cast<FolderType>(find.number(1));
    const bool takes_mail = type != FolderType::kDrafts && type != FolderType::kOutbox && type != FolderType::kSent;
    if (!takes_mail || !holds(type, Class::kEmail))
      return Error{Domain::kSqlite, kWrongFolder, static_cast<std::uint32_t>(folder)};
  }
  HANDSYNC_TRY(store.start_log());
  {
    // Another folder is wanted now.
    const Result<std::int64_t> before =
        query_number(store.database,
                     "SELECT id FROM change WHERE kind=40 AND request=0 AND parked=0 AND text=(SELECT"
                     " conversation_id FROM item WHERE id=?1)"_sql,
                     item);
    if (!before.ok()) return before.error();
    if (before.value() != 0) {
      HANDSYNC_TRY(release_conversation(store, static_cast<std::uint64_t>(before.value())));
      HANDSYNC_TRY(forget_change(store, static_cast<std::uint64_t>(before.value())));
    }
  }
  HANDSYNC_TRY(
      run_sql(store.database,
              "INSERT INTO change(folder,item,kind,value,server_value,server_generation,wall_ms,text,subject)"
              " SELECT 0,0,40,?2,0,0,?3,conversation_id,coalesce(thread_topic,subject) FROM item WHERE id=?1"_sql,
              item, folder, wall_ms));
  const auto change = static_cast<std::uint64_t>(sqlite3_last_insert_rowid(store.database));
  HANDSYNC_TRY(hold_mails(store, change, folder, wall_ms));
  HANDSYNC_TRY(store.log.finish(store));
  HANDSYNC_TRY(transaction.commit());
  return change;
}

Result<bool> Store::next_conversation(OutgoingConversation& out) const {
  if (state_ == nullptr) return kNotOpen;
  // What else waits of its mails goes first: it names them by the ids that the server takes from them.
  Statement find =
      prepare(database_,
              "SELECT c.id,c.tries,c.text,f.id,f.server_id,c.request FROM change c JOIN folder f ON"
              " f.id=c.value WHERE c.kind=40 AND c.parked=0 AND (c.request<>0 OR NOT EXISTS(SELECT 1 FROM"
              " change h JOIN change o ON o.item=h.item AND o.parked=0 AND (o.kind<>4 OR o.request<>-2)"
              " WHERE h.kind=4 AND h.request=-2 AND h.server_value=c.id)) ORDER BY c.request,c.id LIMIT 1"_sql);
  const Result<bool> found = find.step();
  if (!found.ok() || !found.value()) return found;
  out = {};
  out.change = static_cast<std::uint64_t>(find.number(0));
  out.tries = static_cast<std::uint32_t>(find.number(1));
  const Bytes id = find.blob(2);
  for (; out.id_bytes < id.size() && out.id_bytes < sizeof out.id; ++out.id_bytes)
    out.id[out.id_bytes] = id[out.id_bytes];
  out.to = static_cast<FolderId>(find.number(3));
  out.handed_over = find.number(5) != 0;
  static_cast<void>(out.to_server_id.assign(find.text(4)));
  return true;
}

Status Store::conversation_handed_over(std::uint64_t change) {
  if (state_ == nullptr) return kNotOpen;
  Transaction transaction(state_of(state_));
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(run_sql(database_, "UPDATE change SET request=?2 WHERE id=?1"_sql, change, kConversationRequest));
  return transaction.commit();
}

Status Store::conversation_done(std::uint64_t change) {
  if (state_ == nullptr) return kNotOpen;
  Transaction transaction(state_of(state_));
  HANDSYNC_TRY(transaction.begin());
  // As a move whose answer was lost: a mail that the server has moved disappears from its folder, and one that is still
  // there is moved by itself.
  HANDSYNC_TRY(run_sql(database_, "UPDATE change SET request=?2,server_value=0 WHERE "_sql HANDSYNC_HELD "?1", change,
                       std::int64_t{kMoveRequest}));
  HANDSYNC_TRY(forget_change(state_of(state_), change));
  return transaction.commit();
}

Result<bool> Store::conversation_refused(std::uint64_t change, Error reason, bool passing) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  const Result<std::int64_t> tries = query_number(database_, "SELECT tries FROM change WHERE id=?1"_sql, change);
  if (!tries.ok()) return tries.error();
  HANDSYNC_TRY(store.start_log());
  const bool parked = !passing || tries.value() + 1 >= kTriesMax;
  if (parked) {
    HANDSYNC_TRY(park_change(store, change, reason, true));
  } else {
    HANDSYNC_TRY(note_reason(
        store, "UPDATE change SET request=0,tries=tries+1,domain=?2,code=?3,place=?4 WHERE id=?1"_sql, change, reason));
  }
  HANDSYNC_TRY(store.log.finish(store));
  HANDSYNC_TRY(transaction.commit());
  return parked;
}

}  // namespace handsync::replica
