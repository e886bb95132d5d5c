/// What a server's word makes of a draft: taken, refused, sent, changed elsewhere, deleted, or there twice.
#include "replica/draft_rows.h"

namespace handsync::replica {

using namespace drafts;

Status read_again(StoreState& store, std::uint64_t item) {
  return run_sql(store.database,
                 "INSERT OR IGNORE INTO stale SELECT id FROM item WHERE id=?1 AND substr(server_id,1,1)<>char(1)"_sql,
                 item);
}

Result<bool> was_stale(StoreState& store, std::uint64_t item) {
  HANDSYNC_TRY(run_sql(store.database, "DELETE FROM stale WHERE item=?1"_sql, item));
  return sqlite3_changes(store.database) != 0;
}

Status accept_draft(StoreState& store, std::uint64_t change) {
  std::uint64_t item = 0;
  bool sends = false;
  {
    Statement find = prepare(store.database, "SELECT item,server_value FROM change WHERE id=?1"_sql, change);
    const Result<bool> row = find.step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Done{};
    item = static_cast<std::uint64_t>(find.number(0));
    sends = (find.number(1) & kSends) != 0;
  }
  // The server has made a mail of it, in the folder of sent ones.
  if (sends) return withdraw_item(store, item);
  HANDSYNC_TRY(run_sql(store.database, "DELETE FROM change WHERE id=?1"_sql, change));
  HANDSYNC_TRY(read_again(store, item));
  return count_edits(store, item);
}

Result<bool> draft_was_sent(StoreState& store, std::uint64_t change) {
  const Result<std::int64_t> bits =
      query_number(store.database, "SELECT server_value FROM change WHERE id=?1"_sql, change);
  if (!bits.ok()) return bits.error();
  return (bits.value() & kSends) != 0 && (bits.value() & kAgain) != 0;
}

Status draft_not_taken(StoreState& store, std::uint64_t change) {
  return run_sql(store.database, "UPDATE change SET server_value=server_value&1 WHERE id=?1 AND kind=6"_sql, change);
}

Status retry_draft(StoreState& store, std::uint64_t item, std::uint64_t& change) {
  Draft draft;
  HANDSYNC_TRY(find_draft(store, static_cast<ItemId>(item), draft));
  if (!draft.local) return Done{};
  // Nothing of it can go before what it is to say; what was to follow that follows it again.
  const Result<std::int64_t> message = query_number(store.database, "SELECT value FROM change WHERE id=?1"_sql, change);
  if (!message.ok()) return message.error();
  if (message.value() == 0) {
    if (draft.message == 0) return Error{Domain::kSqlite, kNoSuchChange, static_cast<std::uint32_t>(change)};
    change = draft.change;
  }
  return run_sql(store.database,
                 "UPDATE change SET parked=0,request=0,tries=0,domain=0,code=0,place=0 WHERE item=?1 AND kind=6 AND"
                 " parked=1 AND value=0"_sql,
                 item);
}

Status park_rest_of_draft(StoreState& store, std::uint64_t change) {
  std::uint64_t item = 0, refused = 0, younger = 0, message = 0;
  {
    Statement find = prepare(
        store.database,
        "SELECT c.item,c.value,coalesce(n.id,0),coalesce(n.value,0) FROM change c JOIN item i ON i.id=c.item LEFT JOIN "
        "change n ON n.item=c.item AND n.kind=6 AND n.parked=0 AND n.request=0 AND n.value<>0 WHERE c.id=?1 AND "
        "c.value<>0 AND substr(i.server_id,1,1)=char(1) LIMIT 1"_sql,
        change);
    const Result<bool> row = find.step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Done{};
    item = static_cast<std::uint64_t>(find.number(0));
    refused = static_cast<std::uint64_t>(find.number(1));
    younger = static_cast<std::uint64_t>(find.number(2));
    message = static_cast<std::uint64_t>(find.number(3));
  }
  if (younger != 0) {
    const Result<std::uint64_t> body = body_part(store, message);
    if (!body.ok()) return body.error();
    HANDSYNC_TRY(inherit(store, refused, message, body.value() != 0));
    HANDSYNC_TRY(run_sql(store.database, "UPDATE change SET value=0 WHERE id=?1"_sql,
                         younger));  // the message is not its any more
    HANDSYNC_TRY(run_sql(store.database, "DELETE FROM change WHERE id=?1 AND server_value&1=0"_sql, younger));
    HANDSYNC_TRY(run_sql(store.database, "UPDATE change SET value=?2 WHERE id=?1"_sql, change, message));
    HANDSYNC_TRY(forget_message(store, 0, refused));
    HANDSYNC_TRY(show_message(store, item, message, refused));
  }
  return run_sql(store.database,
                 "UPDATE change SET (parked,request,domain,code,place)=(SELECT 1,0,domain,code,place FROM change WHERE "
                 "id=?1) WHERE kind=6 AND parked=0 AND value=0 AND item=(SELECT item FROM change WHERE id=?1)"_sql,
                 change);
}

Result<bool> drop_local_item(StoreState& store, std::uint64_t change) {
  std::uint64_t item = 0, message = 0, other = 0;
  bool add = false;
  {
    Statement find =
        prepare(store.database,
                "SELECT c.item,c.value,coalesce((SELECT o.value FROM change o WHERE o.item=c.item AND o.kind=6 AND "
                "o.value<>0 AND o.id<>c.id ORDER BY o.parked,o.id DESC LIMIT 1),0),c.kind=11 FROM change c JOIN item i "
                "ON i.id=c.item WHERE c.id=?1 AND (c.kind=6 OR (c.kind=11 AND i.class<>5)) AND "
                "substr(i.server_id,1,1)=char(1)"_sql,
                change);
    const Result<bool> row = find.step();
    if (!row.ok() || !row.value()) return row;
    item = static_cast<std::uint64_t>(find.number(0));
    message = static_cast<std::uint64_t>(find.number(1));
    other = static_cast<std::uint64_t>(find.number(2));
    add = find.number(3) != 0;
  }
  if (add || (message != 0 && other == 0)) {
    HANDSYNC_TRY(withdraw_item(store, item));
    return true;
  }
  HANDSYNC_TRY(forget_change(store, change));
  if (message != 0) HANDSYNC_TRY(show_message(store, item, other, message));
  HANDSYNC_TRY(count_edits(store, item));
  return true;
}

Result<bool> drop_deleted_item(StoreState& store, std::uint64_t item) {
  const Result<std::int64_t> moot =
      query_number(store.database,
                   "SELECT EXISTS(SELECT 1 FROM item i JOIN change c ON c.item=i.id WHERE i.id=?1 AND c.kind=3 AND "
                   "c.parked=0 AND substr(i.server_id,1,1)=char(1))"_sql,
                   item);
  if (!moot.ok()) return moot.error();
  if (moot.value() != 0) HANDSYNC_TRY(withdraw_item(store, item));
  return moot.value() != 0;
}

Status settle_sent_drafts(StoreState& store, std::uint64_t item) {
  return run_sql(store.database, "DELETE FROM change WHERE item=?1 AND kind=6 AND parked=0 AND server_value&3=3"_sql,
                 item);
}

Result<std::uint32_t> judge_server_draft(StoreState& store, std::uint64_t item, bool fetched) {
  std::uint32_t parked = 0;
  // One that was handed over before the key was lost, and whose new attachments are there: it was taken. Adding them
  // again would make two of each.
  HANDSYNC_TRY(
      run_sql(store.database,
              "DELETE FROM change WHERE item=?1 AND kind=6 AND parked=0 AND request=0 AND value<>0 AND"
              " server_value&3=2 AND EXISTS(SELECT 1 FROM outbox_part WHERE id>value<<16 AND id<(value+1)<<16 AND "
              "kind=3) AND NOT EXISTS(SELECT 1 FROM outbox_part WHERE id>value<<16 AND id<(value+1)<<16 AND kind=3"
              " AND name NOT IN (SELECT coalesce(a.name,'') FROM attachment a JOIN item i ON i.id=?1 WHERE"
              " a.id>=i.attachment_list<<16 AND a.id<(i.attachment_list+1)<<16))"_sql,
              item));
  if (sqlite3_changes(store.database) != 0) HANDSYNC_TRY(count_edits(store, item));
  while (!fetched) {  // what was asked for is no news
    const Result<std::int64_t> lost =
        query_number(store.database,
                     "SELECT coalesce(min(id),0) FROM change WHERE item=?1 AND kind=6 AND parked=0 AND request=0 AND"
                     " value<>0 AND server_value&2=0 AND server_text<>"_sql HANDSYNC_SAYS,
                     item);
    if (!lost.ok()) return lost.error();
    if (lost.value() == 0) break;
    HANDSYNC_TRY(
        park_change(store, static_cast<std::uint64_t>(lost.value()), Error{Domain::kEas, kStatusConflict, 0}, true));
    ++parked;
  }
  const Result<std::int64_t> newest = query_number(
      store.database, "SELECT coalesce(max(id),0) FROM change WHERE item=?1 AND kind=6 AND parked=0 AND value<>0"_sql,
      item);
  if (!newest.ok()) return newest.error();
  if (newest.value() != 0) HANDSYNC_TRY(show_draft(store, static_cast<std::uint64_t>(newest.value())));
  return parked;
}

Result<std::uint64_t> draft_twin(StoreState& store, std::uint32_t folder, Text subject, bool has_to,
                                 std::uint32_t attachments) {
  if (subject.empty() && attachments == 0) return std::uint64_t{0};  // many a draft is like that
  std::uint64_t item = 0, change = 0;
  {
    Statement find = prepare(
        store.database,
        "SELECT i.id,c.id FROM change c JOIN item i ON i.id=c.item JOIN outbox o ON o.id=c.value WHERE c.folder=?1"
        " AND c.kind=6 AND c.parked=0 AND c.server_value&2 AND substr(i.server_id,1,1)=char(1) AND o.subject=?2"
        " AND (o.recipients<>'')=?4"
        " AND (SELECT count(*) FROM outbox_part WHERE id>o.id<<16 AND id<(o.id+1)<<16 AND kind=3)=?3 LIMIT 2"_sql,
        folder, subject, attachments, has_to);
    const Result<bool> row = find.step();
    if (!row.ok()) return row.error();
    if (!row.value()) return std::uint64_t{0};
    item = static_cast<std::uint64_t>(find.number(0));
    change = static_cast<std::uint64_t>(find.number(1));
    const Result<bool> another = find.step();
    if (!another.ok()) return another.error();
    if (another.value()) return std::uint64_t{0};
  }
  HANDSYNC_TRY(run_sql(store.database, "DELETE FROM change WHERE id=?1"_sql, change));
  HANDSYNC_TRY(count_edits(store, item));
  return item;
}

}  // namespace handsync::replica
