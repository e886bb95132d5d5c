/// Drafts (MS-ASEMAIL, from 16.0 on both ways). What a draft is to say lies in rows of the outbox until the server has
/// it: fields, body and new attachments as a message has them, and the attachments that are to go. The item shows it
/// meanwhile. Below 16.0 it stays there until the server is of a later version, or until it is sent as a message.
///
/// change.kind 6: value = the message of the outbox (0: nothing of it changes), server_value = bits of DraftBit.
#include <cstdio>

#include "replica/draft_rows.h"
#include "wbxml/code_pages.h"

namespace handsync::replica {

using namespace drafts;

namespace {

/// What goes next: of each draft the oldest, and nothing of one that is being moved, or that the server has and that is
/// to be deleted. One that it may have been handed goes: only the answer tells what there is to delete. What has left
/// the folder of drafts is a draft no more.
constexpr const char* kNextDraft =
    "FROM change c JOIN item i ON i.id=c.item WHERE c.folder=?1 AND c.kind=6 AND c.parked=0 AND i.folder=c.folder AND "
    "c.folder IN (SELECT id FROM folder WHERE type=3) AND NOT EXISTS(SELECT 1 FROM change o WHERE o.item=c.item AND "
    "o.parked=0 AND ((o.kind=3 AND substr(i.server_id,1,1)<>char(1) AND (o.request<>0)=(c.request<>0)) OR (o.kind=4 "
    "AND "
    "o.request<>0) OR (o.kind=6 AND o.id<c.id)))"_sql;
constexpr std::size_t kSqlBytesMax = 640;

}  // namespace

Result<std::uint64_t> Store::draft_begin(const NewDraft& draft, Text client_id, std::uint16_t& first_file) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  HANDSYNC_TRY(store.take_over());
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin(false));
  Draft found;
  if (draft.item != ItemId{}) {
    HANDSYNC_TRY(find_draft(store, draft.item, found));
    if (found.sends) return Error{Domain::kSqlite, kInFlight, static_cast<std::uint32_t>(found.change)};
  } else {
    const Result<std::int64_t> folder = query_number(database_,
                                                     "SELECT id FROM folder WHERE type=3 AND gone=0 AND "
                                                     "emptying=0 AND selected=1 LIMIT 1"_sql);
    if (!folder.ok()) return folder.error();
    if (folder.value() == 0) return Error{Domain::kSqlite, kNoSuchFolder, 0};
  }
  struct Field {
    const Text* wanted;
    items::PropertyId property;
  };
  const Field fields[] = {
      {draft.to, items::kTo}, {draft.cc, items::kCc}, {draft.bcc, items::kBcc}, {draft.subject, items::kSubject}};
  Block now[4] = {Block(store.memory), Block(store.memory), Block(store.memory), Block(store.memory)};
  Text texts[4];
  for (int i = 0; i < 4; ++i) {
    if (fields[i].wanted != nullptr) {
      texts[i] = *fields[i].wanted;
    } else if (found.item != 0) {
      HANDSYNC_TRY(load_shown(store, found.item, *items::find_property(Class::kEmail, fields[i].property), now[i]));
      texts[i] = text_of(now[i].room());
    }
  }
  Statement add =
      prepare(database_,
              "INSERT INTO outbox(client_id,message_id,subject,recipients,cc,bcc,importance) VALUES(?1,'',?2,?3,?4,?5,"
              "coalesce(?6,(SELECT importance FROM item WHERE id=?7),1))"_sql);
  Statement& row = add;
  row.text(1, client_id).text(2, texts[3]).text(3, texts[0]).text(4, texts[1]).text(5, texts[2]).number(7, found.item);
  if (draft.has_importance) {
    row.number(6, draft.important ? 2 : 1);
  } else {
    row.null(6);
  }
  HANDSYNC_TRY(row.run());
  const auto id = static_cast<std::uint64_t>(sqlite3_last_insert_rowid(database_));
  first_file = kHtmlPart + 1;
  if (found.message != 0) {  // behind those that it inherits
    const Result<std::int64_t> last = query_number(
        store.database, "SELECT coalesce(max(id),0)&0xFFFF FROM outbox_part WHERE id>?1<<16 AND id<(?1+1)<<16"_sql,
        found.message);
    if (!last.ok()) return last.error();
    if (last.value() >= 0xFFFF - 1) return sql_error(SQLITE_TOOBIG);
    if (last.value() >= first_file) first_file = static_cast<std::uint16_t>(last.value() + 1);
  }
  HANDSYNC_TRY(transaction.commit());
  return id;
}

Status Store::draft_detach(ItemId item, std::uint64_t message, std::uint16_t part, std::uint16_t number) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin(false));
  Statement find = prepare(
      database_,
      "SELECT a.reference FROM item i JOIN attachment a ON a.id=(i.attachment_list<<16)+?2-1 WHERE i.id=?1 AND ?2"
      " BETWEEN 1 AND i.attachment_count"_sql);
  const Result<bool> row = find.number(1, static_cast<std::uint64_t>(item)).number(2, int{number}).step();
  if (!row.ok()) return row.error();
  Text reference = row.value() ? find.text(0) : Text();
  if (reference.empty() || reference.size() > items::kFileReferenceBytesMax) {
    return Error{Domain::kSqlite, kNoSuchAttachment, number};
  }
  const bool local = is_local(reference);
  if (local) reference = reference.substr(1);
  const std::uint64_t id = message << kPartShift | part;
  HANDSYNC_TRY(run_sql(database_, "INSERT INTO outbox_part VALUES(?1,?2,0,'','',?3)"_sql, id,
                       static_cast<int>(local ? Kind::kTakenBack : Kind::kRemoved),
                       static_cast<std::uint64_t>(reference.size())));
  HANDSYNC_TRY(
      run_sql(database_, "INSERT INTO outbox_chunk VALUES(?1,?2)"_sql, id << kPieceShift, bytes_of(reference)));
  return transaction.commit();
}

Result<ItemId> Store::draft_keep(ItemId id, std::uint64_t message, bool has_body, std::int64_t wall_ms) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(store.start_log());
  Draft draft;
  if (id != ItemId{}) {
    HANDSYNC_TRY(find_draft(store, id, draft));
    if (draft.sends) return Error{Domain::kSqlite, kInFlight, static_cast<std::uint32_t>(draft.change)};
  } else {
    const Result<std::int64_t> folder = query_number(
        database_, "SELECT id FROM folder WHERE type=3 AND gone=0 AND emptying=0 AND selected=1 LIMIT 1"_sql);
    if (!folder.ok()) return folder.error();
    if (folder.value() == 0) return Error{Domain::kSqlite, kNoSuchFolder, 0};
    draft.folder = static_cast<std::uint32_t>(folder.value());
    const Result<std::uint64_t> item = insert_local(store, draft.folder, Class::kEmail, wall_ms, true);
    if (!item.ok()) return item.error();
    draft.item = item.value();
    HANDSYNC_TRY(run_sql(database_, "UPDATE item SET is_draft=1 WHERE id=?1"_sql, draft.item));
  }
  const bool replaces = draft.change != 0 && draft.open && draft.message != 0;
  HANDSYNC_TRY(inherit(store, replaces ? draft.message : 0, message, has_body));
  HANDSYNC_TRY(run_sql(store.database, "UPDATE outbox SET whole=1 WHERE id=?1"_sql, message));
  if (replaces) {
    HANDSYNC_TRY(
        run_sql(database_,
                "UPDATE change SET value=?2,wall_ms=?3,server_value=server_value*(parked=0),parked=0,request=0,tries=0,"
                "domain=0,code=0,place=0 WHERE id=?1"_sql,
                draft.change, message, wall_ms));
    HANDSYNC_TRY(forget_message(store, 0, draft.message));
    // That it was to be sent as it was before is moot.
    HANDSYNC_TRY(run_sql(store.database, "DELETE FROM change WHERE item=?1 AND kind=6 AND parked=1 AND value=0"_sql,
                         draft.item));
  } else {
    HANDSYNC_TRY(
        run_sql(database_,
                "INSERT INTO change(folder,item,kind,value,server_value,server_generation,wall_ms,client_id) SELECT "
                "?1,?2,6,?3,0,"
                "0,?4,client_id FROM outbox WHERE id=?3"_sql,
                draft.folder, draft.item, message, wall_ms));
    // What the server had when it was edited; of an edit behind another one nobody knows.
    if (!draft.local && draft.change == 0) {
      HANDSYNC_TRY(run_sql(
          store.database,
          "UPDATE change SET server_text="_sql HANDSYNC_SAYS " WHERE item=?1 AND kind=6 AND parked=0"_sql, draft.item));
    }
  }
  HANDSYNC_TRY(show_message(store, draft.item, message, replaces ? draft.message : 0));
  HANDSYNC_TRY(count_edits(store, draft.item));
  HANDSYNC_TRY(store.log.finish(store));
  HANDSYNC_TRY(transaction.commit());
  return static_cast<ItemId>(draft.item);
}

Result<DraftStanding> Store::draft_standing(ItemId id) const {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Draft draft;
  HANDSYNC_TRY(find_draft(store, id, draft));
  DraftStanding standing;
  const Result<std::int64_t> handed = query_number(
      store.database,
      "SELECT EXISTS(SELECT 1 FROM change WHERE item=?1 AND kind=6 AND parked=0 AND (request<>0 OR server_value&2))"_sql,
      draft.item);
  if (!handed.ok()) return handed.error();
  standing.only_here = draft.local && handed.value() == 0;
  standing.message = draft.message;
  standing.sends = draft.sends;
  return standing;
}

Result<std::uint64_t> Store::draft_queue_sending(ItemId id, std::int64_t wall_ms) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(store.start_log());
  Draft draft;
  HANDSYNC_TRY(find_draft(store, id, draft));
  if (draft.sends) return draft.change;
  std::uint64_t change = draft.change;
  if (draft.change != 0 && draft.open) {
    HANDSYNC_TRY(run_sql(store.database,
                         "UPDATE change SET server_value=1,parked=0,tries=0,domain=0,code=0,place=0 WHERE id=?1"_sql,
                         draft.change));
  } else {
    const Result<std::uint64_t> added = new_change(store, draft.folder, draft.item, EditKind::kDraft, {}, wall_ms);
    if (!added.ok()) return added;
    change = added.value();
    HANDSYNC_TRY(run_sql(store.database, "UPDATE change SET server_value=1 WHERE id=?1"_sql, change));
  }
  HANDSYNC_TRY(count_edits(store, draft.item));
  HANDSYNC_TRY(store.log.finish(store));
  HANDSYNC_TRY(transaction.commit());
  return change;
}

Result<std::uint64_t> Store::draft_to_message(ItemId id, std::uint64_t message, std::uint64_t bytes,
                                              std::int64_t wall_ms) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  const Result<DraftStanding> standing = draft_standing(id);
  if (!standing.ok()) return standing.error();
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(store.start_log());
  const Status moved = each_part(store, standing.value().message, [&](std::uint64_t part, Kind kind) -> Status {
    if (kind == Kind::kRemoved || kind == Kind::kTakenBack) return Done{};
    return move_part(store, part, (part & 0xFFFF) | message << kPartShift);
  });
  HANDSYNC_TRY(moved);
  HANDSYNC_TRY(run_sql(database_, "UPDATE outbox SET whole=1,bytes=?2 WHERE id=?1"_sql, message, bytes));
  HANDSYNC_TRY(withdraw_item(store, static_cast<std::uint64_t>(id)));
  HANDSYNC_TRY(run_sql(
      database_,
      "INSERT INTO change(folder,item,kind,value,server_value,server_generation,wall_ms,subject,text) VALUES(0,0,"
      "20,?1,0,0,?2,(SELECT subject FROM outbox WHERE id=?1),'')"_sql,
      message, wall_ms));
  const auto change = static_cast<std::uint64_t>(sqlite3_last_insert_rowid(database_));
  HANDSYNC_TRY(store.log.finish(store));
  HANDSYNC_TRY(transaction.commit());
  return change;
}

Result<std::size_t> Store::draft_fields(std::uint64_t message, DraftTexts& texts, Room room) const {
  if (state_ == nullptr) return kNotOpen;
  texts = {};
  Statement find =
      prepare(database_, "SELECT recipients,cc,bcc,subject,importance FROM outbox WHERE id=?1"_sql, message);
  const Result<bool> row = find.step();
  if (!row.ok()) return row.error();
  if (!row.value()) return std::size_t{0};
  texts.importance = static_cast<std::uint8_t>(find.number(4));
  Text* const to[] = {&texts.to, &texts.cc, &texts.bcc, &texts.subject};
  std::size_t size = 0;
  for (int i = 0; i < 4; ++i) {
    const Text text = find.text(i);
    if (size + text.size() <= room.size()) {
      for (std::size_t at = 0; at < text.size(); ++at) room[size + at] = static_cast<std::byte>(text[at]);
      *to[i] = text_of(Bytes(room.data() + size, text.size()));
    }
    size += text.size();
  }
  return size;
}

Result<bool> Store::has_drafts(FolderId folder) const {
  if (state_ == nullptr) return kNotOpen;
  char sql[kSqlBytesMax];
  std::snprintf(sql, sizeof sql, "SELECT EXISTS(SELECT 1 %s)", kNextDraft);
  const Result<std::int64_t> found = query_number(database_, sql, static_cast<std::uint32_t>(folder));
  if (!found.ok()) return found.error();
  return found.value() != 0;
}

Result<bool> Store::next_draft(FolderId folder, std::uint32_t request, OutgoingDraft& out) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  std::uint64_t change = 0;
  bool frozen = false;
  {
    Statement sent = prepare(
        database_, "SELECT id,kind FROM change WHERE folder=?1 AND request<>0 AND kind<>4 AND parked=0 LIMIT 1"_sql,
        static_cast<std::uint32_t>(folder));
    const Result<bool> row = sent.step();
    if (!row.ok()) return row.error();
    frozen = row.value();
    if (frozen && static_cast<EditKind>(sent.number(1)) != EditKind::kDraft) return false;
    if (frozen) change = static_cast<std::uint64_t>(sent.number(0));
  }
  if (!frozen) {
    const Result<bool> others = has_commands(folder);
    if (!others.ok() || others.value()) return others.ok() ? Result<bool>(false) : others;
    char sql[kSqlBytesMax];
    std::snprintf(sql, sizeof sql, "SELECT coalesce(min(c.id),0) %s", kNextDraft);
    const Result<std::int64_t> id = query_number(database_, sql, static_cast<std::uint32_t>(folder));
    if (!id.ok()) return id.error();
    if (id.value() == 0) return false;
    change = static_cast<std::uint64_t>(id.value());
  }
  HANDSYNC_TRY(store.take_over());
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  {
    HANDSYNC_TRY(run_sql(database_,
                         "UPDATE change SET request=?2,server_value=server_value|CASE WHEN "
                         "server_value&2 THEN 4 ELSE 2 END WHERE id=?1"_sql,
                         change, request));
    Statement find =
        prepare(database_,
                "SELECT c.value,c.server_value,c.client_id,i.server_id FROM change c JOIN item i ON i.id=c.item WHERE "
                "c.id=?1"_sql,
                change);
    const Result<bool> row = find.step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Error{Domain::kSqlite, kUnsound, 0};
    out = {};
    out.change = change;
    out.message = static_cast<std::uint64_t>(find.number(0));
    out.send = (find.number(1) & kSends) != 0;
    out.add = is_local(find.text(3));
    const bool fits = out.client_id.assign(find.text(2)) && out.server_id.assign(find.text(3));
    if (!fits) return Error{Domain::kSqlite, kUnsound, 0};
  }
  HANDSYNC_TRY(transaction.commit());
  return true;
}

Status Store::draft_not_handed(FolderId folder) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(run_sql(store.database,
                       "UPDATE change SET server_value=server_value&~2 WHERE folder=?1 AND kind=6 AND request<>0 AND "
                       "parked=0 AND server_value&4=0"_sql,
                       static_cast<std::uint32_t>(folder)));
  return transaction.commit();
}

Result<ItemId> Store::first_stale() const {
  if (state_ == nullptr) return kNotOpen;
  const Result<std::int64_t> item =
      query_number(database_,
                   "SELECT coalesce(min(s.item),0) FROM stale s JOIN item i ON i.id=s.item WHERE i.shown<>0 AND NOT"
                   " EXISTS(SELECT 1 FROM change WHERE item=s.item AND kind=6 AND parked=0)"_sql);
  if (!item.ok()) return item.error();
  return static_cast<ItemId>(item.value());
}

Status Store::not_stale(ItemId item) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(run_sql(store.database, "DELETE FROM stale WHERE item=?1"_sql, static_cast<std::uint64_t>(item)));
  return transaction.commit();
}

}  // namespace handsync::replica
