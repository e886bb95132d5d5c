#include "replica/item_edits.h"

namespace handsync::replica {
namespace {

struct Edit {
  std::uint64_t id = 0, item = 0, server_generation = 0;
  EditKind kind{};
  std::int64_t value = 0, server_value = 0;
  std::uint32_t tries = 0;
};
Edit edit_of(const Statement& row) {
  Edit edit;
  edit.id = static_cast<std::uint64_t>(row.number(0));
  edit.item = static_cast<std::uint64_t>(row.number(1));
  edit.server_generation = static_cast<std::uint64_t>(row.number(2));
  edit.kind = static_cast<EditKind>(row.number(3));
  edit.value = row.number(4);
  edit.server_value = row.number(5);
  edit.tries = static_cast<std::uint32_t>(row.number(6));
  return edit;
}

/// Whether an edit of the same property waits that is newer than `id`: then that one is what is shown.
Result<bool> newer_waits(StoreState& store, const Edit& edit) {
  const Result<std::int64_t> found = query_number(
      store.database, "SELECT EXISTS(SELECT 1 FROM change WHERE item=?1 AND kind=?2 AND id>?3 AND parked=0)"_sql,
      edit.item, static_cast<int>(edit.kind), edit.id);
  if (!found.ok()) return found.error();
  return found.value() != 0;
}

Result<bool> next_edit(Statement& statement, Edit& edit) {
  const Result<bool> row = statement.step();
  if (row.ok() && row.value()) edit = edit_of(statement);
  return row;
}

/// The server has deleted the item: nobody lists it any more, and what else was wanted of it is moot.
Status accept_delete(StoreState& store, const Edit& edit) {
  HANDSYNC_TRY(announce(store, edit.id));
  HANDSYNC_TRY(run_sql(store.database, "DELETE FROM change WHERE item=?1"_sql, edit.item));
  const Result<std::uint32_t> removed = remove_item(store, edit.item);
  if (!removed.ok()) return removed.error();
  return Done{};
}

Status send_again(StoreState& store, const Edit& edit, std::uint32_t status) {
  return note_reason(
      store, "UPDATE change SET request=0,payload=NULL,tries=tries+1,domain=?2,code=?3,place=?4 WHERE id=?1"_sql,
      edit.id, Error{Domain::kEas, static_cast<std::int32_t>(status), 0});
}

/// Every Add is answered with an id; one that was not is as good as refused.
Status unanswered_add(StoreState& store, const Edit& edit) {
  if (edit.tries + 1 < kTriesMax) return send_again(store, edit, 5);
  return park_change(store, edit.id, Error{Domain::kEas, 5, 0}, false);
}

Status accept_item(StoreState& store, const Edit& edit) {
  if (edit.kind == EditKind::kAdd) return unanswered_add(store, edit);
  HANDSYNC_TRY(announce(store, edit.id));
  if (edit.server_generation == store.log.generation()) {
    HANDSYNC_TRY(revert_item_change(store, edit.id));
  } else {
    HANDSYNC_TRY(accept_item_change(store, edit.id));
  }
  HANDSYNC_TRY(forget_change(store, edit.id));
  return count_edits(store, edit.item);
}

Status accept_kept_draft(StoreState& store, const Edit& edit) {
  const Result<std::int64_t> local =
      query_number(store.database, "SELECT substr(server_id,1,1)=char(1) FROM item WHERE id=?1"_sql, edit.item);
  if (!local.ok()) return local.error();
  if (local.value() == 0) return accept_draft(store, edit.id);
  const Result<bool> gone = drop_deleted_item(store, edit.item);
  if (!gone.ok() || gone.value()) return gone.ok() ? Status(Done{}) : Status(gone.error());
  return unanswered_add(store, edit);
}

Status accept(StoreState& store, const Edit& edit) {
  if (edit.kind == EditKind::kDelete) return accept_delete(store, edit);
  if (has_rows(edit.kind)) return accept_item(store, edit);
  if (edit.kind == EditKind::kDraft) return accept_kept_draft(store, edit);
  const Result<bool> newer = newer_waits(store, edit);
  if (!newer.ok()) return newer.error();
  // The server works on commands before it looks for changes: what it says of the property in this answer is later than
  // our change.
  const bool said_since = edit.server_generation == store.log.generation();
  if (!newer.value()) {
    if (said_since) HANDSYNC_TRY(show_change(store, edit.id, false));
  } else if (!said_since) {
    HANDSYNC_TRY(run_sql(store.database,
                         "UPDATE change SET (server_value,server_text)=(SELECT value,text FROM change "
                         "WHERE id=?3) WHERE item=?1 AND kind=?2"_sql,
                         edit.item, static_cast<int>(edit.kind), edit.id));
  }
  HANDSYNC_TRY(forget_change(store, edit.id));
  return count_edits(store, edit.item);
}

Status refuse(StoreState& store, const Edit& edit, std::uint32_t status, std::uint32_t& parked) {
  if (edit.kind == EditKind::kDelete && status == kStatusGone) return accept_delete(store, edit);
  if (edit.kind == EditKind::kOccurrence && edit.server_value == kInstanceDelete && status == kStatusGone)
    return accept_item(store, edit);  // it is not there any more: that is what was wanted
  if (edit.kind == EditKind::kDraft && status == kStatusGone) {
    const Result<bool> sent = draft_was_sent(store, edit.id);
    if (!sent.ok()) return sent.error();
    if (sent.value()) return accept_draft(store, edit.id);
  }
  if (edit.kind == EditKind::kDraft || edit.kind == EditKind::kAdd) {
    const Result<bool> gone = drop_deleted_item(store, edit.item);
    if (!gone.ok() || gone.value()) return gone.ok() ? Status(Done{}) : Status(gone.error());
  }
  if (edit.kind == EditKind::kDraft) HANDSYNC_TRY(draft_not_taken(store, edit.id));
  if (may_pass(status) && (status == kStatusFull || edit.tries + 1 < kTriesMax)) return send_again(store, edit, status);
  ++parked;
  const Error reason{Domain::kEas, static_cast<std::int32_t>(status), 0};
  return park_change(store, edit.id, reason, status == kStatusConflict);
}

}  // namespace

Status note_reason(StoreState& store, const char* sql, std::uint64_t change, Error reason) {
  return run_sql(store.database, sql, change, static_cast<int>(reason.domain), static_cast<std::int64_t>(reason.code),
                 reason.where);
}

Status count_try(StoreState& store, std::uint64_t change, Error reason) {
  return note_reason(store, "UPDATE change SET tries=tries+1,domain=?2,code=?3,place=?4 WHERE id=?1"_sql, change,
                     reason);
}

Status count_edits(StoreState& store, std::uint64_t item) {
  if (item == 0) return Done{};  // of a message
  HANDSYNC_TRY(run_sql(
      store.database,
      "UPDATE item SET edits=(SELECT count(*) FROM change WHERE item=?1 AND parked=0),generation=?2 WHERE id=?1"_sql,
      item, store.log.generation()));
  return store.log.changed(store, item);
}

Status show_change(StoreState& store, std::uint64_t change, bool wish) {
  std::uint64_t item = 0;
  EditKind kind{};
  std::int64_t value = 0;
  {
    Statement find = prepare(store.database,
                             wish ? "SELECT item,kind,value FROM change WHERE id=?1"_sql
                                  : "SELECT item,kind,server_value FROM change WHERE id=?1"_sql,
                             change);
    const Result<bool> row = find.step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Error{Domain::kSqlite, kNoSuchChange, 0};
    item = static_cast<std::uint64_t>(find.number(0));
    kind = static_cast<EditKind>(find.number(1));
    value = find.number(2);
  }
  if (kind >= EditKind::kSend) return Done{};  // of no item
  if (kind == EditKind::kRead || kind == EditKind::kFlag) return show_value(store, item, kind, value);
  if (kind == EditKind::kDelete || kind == EditKind::kMove) return place_item(store, item);
  if (edits_item(kind)) return show_item_change(store, change, wish);
  if (kind == EditKind::kAdd || kind == EditKind::kText) return Done{};
  if (kind == EditKind::kDraft) return wish ? show_draft(store, change) : read_again(store, item);
  HANDSYNC_TRY(delete_extras(store, item, items::kCategories, items::kCategories));
  HANDSYNC_TRY(run_sql(
      store.database,
      wish ? "UPDATE item SET categories=(SELECT text FROM change WHERE id=?2),generation=?3 WHERE id=?1"_sql
           : "UPDATE item SET categories=(SELECT server_text FROM change WHERE id=?2),generation=?3 WHERE id=?1"_sql,
      item, change, store.log.generation()));
  return store.log.changed(store, item);
}

Status show_value(StoreState& store, std::uint64_t item, EditKind kind, std::int64_t value) {
  if (kind == EditKind::kRead) {
    HANDSYNC_TRY(run_sql(store.database,
                         "UPDATE folder SET unread=unread+(SELECT (read<>0)-(?2<>0) FROM item WHERE id=?1)"
                         " WHERE id=(SELECT shown FROM item WHERE id=?1) AND emptying=0"_sql,
                         item, value));
  }
  HANDSYNC_TRY(run_sql(store.database,
                       kind == EditKind::kRead ? "UPDATE item SET read=?2,generation=?3 WHERE id=?1"_sql
                                               : "UPDATE item SET flag_status=?2,generation=?3 WHERE id=?1"_sql,
                       item, value, store.log.generation()));
  return store.log.changed(store, item);
}

Status forget_change(StoreState& store, std::uint64_t change) {
  return run_sql(store.database, "DELETE FROM change WHERE id=?1"_sql, change);
}

Result<std::int64_t> judge_server_value(StoreState& store, std::uint64_t item, EditKind kind,
                                        std::int64_t server_value) {
  std::int64_t shown = server_value;
  {
    Statement waiting = prepare(
        store.database, "SELECT value FROM change WHERE item=?1 AND kind=?2 AND parked=0 ORDER BY id DESC LIMIT 1"_sql,
        item, static_cast<int>(kind));
    const Result<std::int64_t> value = query_number(waiting, server_value);
    if (!value.ok()) return value.error();
    shown = value.value();
  }
  HANDSYNC_TRY(run_sql(store.database,
                       "UPDATE change SET server_value=?3,server_generation=?4 WHERE item=?1 AND kind=?2"_sql, item,
                       static_cast<int>(kind), server_value, store.log.generation()));
  return shown;
}

Status judge_server_categories(StoreState& store, std::uint64_t item) {
  HANDSYNC_TRY(run_sql(store.database,
                       "UPDATE change SET server_text=(SELECT " HANDSYNC_CATEGORIES
                       " FROM item WHERE id=?1),server_generation=?2"
                       " WHERE item=?1 AND kind=5"_sql,
                       item, store.log.generation()));
  const Result<std::int64_t> waits = query_number(
      store.database, "SELECT EXISTS(SELECT 1 FROM change WHERE item=?1 AND kind=5 AND parked=0)"_sql, item);
  if (!waits.ok()) return waits.error();
  if (waits.value() == 0) return Done{};
  HANDSYNC_TRY(delete_extras(store, item, items::kCategories, items::kCategories));
  return run_sql(store.database,
                 "UPDATE item SET categories=c.text FROM (SELECT text FROM change WHERE item=?1 AND kind=5 AND parked=0"
                 " ORDER BY id DESC LIMIT 1) AS c WHERE id=?1"_sql,
                 item);
}

Status park_change(StoreState& store, std::uint64_t change, Error reason, bool revert) {
  Edit edit;
  {
    Statement find =
        prepare(store.database,
                "SELECT id,item,server_generation,kind,value,server_value,tries FROM change WHERE id=?1"_sql, change);
    const Result<bool> row = next_edit(find, edit);
    if (!row.ok()) return row.error();
    if (!row.value()) return Error{Domain::kSqlite, kNoSuchChange, 0};
  }
  if (edit.kind == EditKind::kConversation) HANDSYNC_TRY(release_conversation(store, change));
  if (edits_item(edit.kind)) {
    // The server's item is shown whatever the reason was: the next edit must not send along what was refused.
    HANDSYNC_TRY(revert_item_change(store, change));
  } else if (edit.kind == EditKind::kDraft || edit.kind == EditKind::kAdd) {
    const Result<bool> gone = drop_deleted_item(store, edit.item);
    if (!gone.ok() || gone.value()) return gone.ok() ? Status(Done{}) : Status(gone.error());
    if (edit.kind == EditKind::kDraft) {
      HANDSYNC_TRY(draft_not_taken(store, change));
      HANDSYNC_TRY(read_again(store, edit.item));
    }
  } else if (revert) {
    const Result<std::int64_t> other = query_number(
        store.database, "SELECT coalesce(max(id),0) FROM change WHERE item=?1 AND kind=?2 AND parked=0 AND id<>?3"_sql,
        edit.item, static_cast<int>(edit.kind), edit.id);
    if (!other.ok()) return other.error();
    const bool waits = other.value() != 0;
    HANDSYNC_TRY(show_change(store, waits ? static_cast<std::uint64_t>(other.value()) : edit.id, waits));
  }
  HANDSYNC_TRY(note_reason(
      store,
      "UPDATE change SET parked=1,request=0,payload=NULL,tries=tries+(request<>0),domain=?2,code=?3,place=?4,"
      "server_id=coalesce((SELECT server_id FROM item WHERE id=change.item),server_id),"
      "subject=coalesce((SELECT subject FROM item WHERE id=change.item),subject) WHERE id=?1"_sql,
      change, reason));
  if (edit.kind == EditKind::kDelete || edit.kind == EditKind::kMove) HANDSYNC_TRY(place_item(store, edit.item));
  if (edit.kind == EditKind::kDraft) HANDSYNC_TRY(park_rest_of_draft(store, change));
  // A held one is no wish of its own.
  if (edit.kind == EditKind::kMove && edit.server_value != 0) HANDSYNC_TRY(forget_change(store, change));
  return count_edits(store, edit.item);
}

Result<std::uint32_t> apply_answer(StoreState& store, std::uint32_t folder, std::uint32_t request, Text server_id,
                                   std::uint32_t status) {
  std::uint32_t parked = 0;
  for (;;) {
    // One at a time: each changes the rows that are being looked for.
    Edit edit;
    {
      Statement find = prepare(store.database,
                               "SELECT id,item,server_generation,kind,value,server_value,tries FROM change"
                               " WHERE folder=?1 AND request=?2 AND parked=0 AND"
                               " item=(SELECT id FROM item WHERE folder=?1 AND server_id=?3) LIMIT 1"_sql,
                               folder, request, server_id);
      const Result<bool> row = next_edit(find, edit);
      if (!row.ok()) return row.error();
      if (!row.value()) return parked;
    }
    HANDSYNC_TRY(refuse(store, edit, status, parked));
  }
}

Result<std::uint32_t> refuse_add(StoreState& store, std::uint32_t folder, std::uint32_t request, Text client_id,
                                 std::uint32_t status) {
  Edit edit;
  {
    Statement find = prepare(store.database,
                             "SELECT id,item,server_generation,kind,value,server_value,tries FROM change"
                             " WHERE folder=?1 AND request=?2 AND kind IN (6,11) AND parked=0 AND client_id=?3"_sql,
                             folder, request, client_id);
    const Result<bool> row = next_edit(find, edit);
    if (!row.ok()) return row.error();
    if (!row.value()) return std::uint32_t{0};
  }
  std::uint32_t parked = 0;
  HANDSYNC_TRY(refuse(store, edit, status, parked));
  return parked;
}

Result<std::uint32_t> confirm_request(StoreState& store, std::uint32_t folder, std::uint32_t request) {
  std::uint32_t confirmed = 0;
  std::uint64_t last_item = 0;
  for (;;) {
    Edit edit;
    {
      Statement find = prepare(store.database,
                               "SELECT id,item,server_generation,kind,value,server_value,tries FROM change"
                               " WHERE folder=?1 AND request=?2 AND parked=0 ORDER BY item LIMIT 1"_sql,
                               folder, request);
      const Result<bool> row = next_edit(find, edit);
      if (!row.ok()) return row.error();
      if (!row.value()) return confirmed;
    }
    if (edit.item != last_item) ++confirmed;
    last_item = edit.item;
    HANDSYNC_TRY(accept(store, edit));
  }
}

Status confirm_item(StoreState& store, std::uint32_t request, std::uint64_t item, std::uint32_t& confirmed) {
  if (request == 0) return Done{};
  HANDSYNC_TRY(
      run_sql(store.database, "DELETE FROM change WHERE item=?1 AND request=?2 AND parked=0"_sql, item, request));
  if (sqlite3_changes(store.database) != 0) ++confirmed;
  return Done{};
}

Result<std::uint32_t> park_edits_of_gone(StoreState& store, std::uint64_t item, Text server_id, Text subject) {
  {
    const Result<std::int64_t> deletion = query_number(
        store.database, "SELECT coalesce(max(id),0) FROM change WHERE item=?1 AND kind=3 AND parked=0"_sql, item);
    if (!deletion.ok()) return deletion.error();
    HANDSYNC_TRY(announce(store, static_cast<std::uint64_t>(deletion.value())));
    // That is what a deletion wanted; and a move on its way has most likely been done, since that is how the item left.
    HANDSYNC_TRY(run_sql(store.database,
                         "DELETE FROM change WHERE item=?1 AND parked=0 AND (kind=3 OR (kind=4 AND request<>0))"_sql,
                         item));
  }
  HANDSYNC_TRY(settle_sent_drafts(store, item));
  HANDSYNC_TRY(run_sql(store.database,
                       "UPDATE change SET parked=1,request=0,domain=?2,code=?3,place=0,server_id=?4,subject=?5"
                       " WHERE item=?1 AND parked=0"_sql,
                       item, static_cast<int>(Domain::kEas), kStatusGone, server_id, subject));
  return static_cast<std::uint32_t>(sqlite3_changes(store.database));
}

}  // namespace handsync::replica
