/// Text messages (MS-ASMS). A received or sent one is a row of its own that goes up as an Add. What is to be sent by
/// the modem is a change of its item: marked durably before it is handed over, so that nothing is handed over twice.
///
/// change.kind 7: server_value 1 = handed over. The result replaces it: by the Add of a text written here; of one that
/// the server has put into the Outbox, by its deletion there, while a copy becomes an Add to Sent Items. One that finds
/// a mark of before has no result: it is parked, and a person decides.
#include "items/datetime.h"
#include "replica/draft_rows.h"
#include "wbxml/code_pages.h"
#include "wbxml/utf8.h"

namespace handsync::replica {
namespace {

constexpr std::size_t kPreviewBytesMax = 255;
constexpr std::int64_t kModemTriesMax = 20;  ///< of a text that the modem cannot take just now

const items::Property& row_of(items::PropertyId id) { return *items::find_property(Class::kSms, id); }

/// A folder that the account keeps, by its type; 0 = it has none.
Result<std::uint32_t> folder_of(StoreState& store, FolderType type) {
  const Result<std::int64_t> folder =
      query_number(store.database,
                   "SELECT coalesce(min(id),0) FROM folder WHERE type=?1 AND gone=0 AND emptying=0 AND selected=1"_sql,
                   static_cast<std::uint64_t>(type));
  if (!folder.ok()) return folder.error();
  return static_cast<std::uint32_t>(folder.value());
}

/// A row that the server does not have.
Result<std::uint64_t> insert_text(StoreState& store, std::uint32_t folder, const NewText& text) {
  const Result<std::uint64_t> row = insert_local(store, folder, Class::kSms, text.wall_ms, text.sent);
  if (!row.ok()) return row;
  const std::uint64_t item = row.value();
  HANDSYNC_TRY(run_sql(store.database,
                       "UPDATE item SET importance=1,author=nullif(?2,''),recipients=nullif(?3,''),preview=?4 WHERE"
                       " id=?1"_sql,
                       item, text.from, text.to, wbxml::beginning(text.words, kPreviewBytesMax)));
  HANDSYNC_TRY(write_shown(store, item, row_of(items::kBodyData), NewValue{true, bytes_of(text.words), 0, 0, {}}));
  return item;
}

/// The queue's row of an item is another one from now on.
Status replace_change(StoreState& store, std::uint64_t change, std::uint32_t folder, std::uint64_t item, EditKind kind,
                      Text client_id, std::int64_t wall_ms, std::int64_t value) {
  if (change != 0) HANDSYNC_TRY(forget_change(store, change));
  const Result<std::uint64_t> added = new_change(store, folder, item, kind, client_id, wall_ms, value);
  if (!added.ok()) return added.error();
  if (kind == EditKind::kDelete) HANDSYNC_TRY(place_item(store, item));
  return count_edits(store, item);
}

struct TextPlace {
  std::uint32_t folder = 0;
  bool local = false;  ///< the server does not have it
};
Status find_text(StoreState& store, std::uint64_t item, TextPlace& found) {
  Statement find =
      prepare(store.database, "SELECT folder,substr(server_id,1,1)=char(1) FROM item WHERE id=?1"_sql, item);
  const Result<bool> row = find.step();
  if (!row.ok()) return row.error();
  if (!row.value()) return Error{Domain::kSqlite, kNoSuchItem, static_cast<std::uint32_t>(item)};
  found.folder = static_cast<std::uint32_t>(find.number(0));
  found.local = find.number(1) != 0;
  return Done{};
}

/// The copy of a text of the Outbox, in Sent Items.
Status keep_copy(StoreState& store, std::uint64_t item, Text from, Text client_id, std::int64_t wall_ms) {
  const Result<std::uint32_t> folder = folder_of(store, FolderType::kSent);
  if (!folder.ok() || folder.value() == 0) return folder.ok() ? Status(Done{}) : Status(folder.error());
  Block to(store.memory), words(store.memory);
  HANDSYNC_TRY(load_shown(store, item, row_of(items::kTo), to));
  HANDSYNC_TRY(load_shown(store, item, row_of(items::kBodyData), words));
  NewText text{true, from, text_of(to.room()), text_of(words.room()), wall_ms, client_id, 0};
  const Result<std::uint64_t> copy = insert_text(store, folder.value(), text);
  if (!copy.ok()) return copy.error();
  return replace_change(store, 0, folder.value(), copy.value(), EditKind::kAdd, client_id, wall_ms, 0);
}

}  // namespace

Result<ItemId> Store::text_told(const NewText& text) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  const Result<std::uint32_t> folder = folder_of(store, text.sent ? FolderType::kSent : FolderType::kInbox);
  if (!folder.ok()) return folder.error();
  if (folder.value() == 0) return Error{Domain::kSqlite, kNoSuchFolder, 0};
  HANDSYNC_TRY(store.start_log());
  const Result<std::uint64_t> item = insert_text(store, folder.value(), text);
  if (!item.ok()) return item.error();
  HANDSYNC_TRY(replace_change(store, 0, folder.value(), item.value(), EditKind::kAdd, text.client_id, text.wall_ms, 0));
  Statement taken = store.kept_statement(Sql::kValuePut);
  char digits[20];
  std::size_t at = sizeof digits;
  for (std::uint64_t left = text.modem_id; at > 0 && (left != 0 || at == sizeof digits); left /= 10)
    digits[--at] = static_cast<char>('0' + left % 10);
  HANDSYNC_TRY(taken.number(1, static_cast<int>(Value::kTextsTaken))
                   .blob(2, bytes_of(Text(digits + at, sizeof digits - at)))
                   .run());
  HANDSYNC_TRY(store.log.finish(store));
  HANDSYNC_TRY(transaction.commit());
  return static_cast<ItemId>(item.value());
}

Result<OutgoingText> Store::text_begun(const NewText& text) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  const Result<std::uint32_t> folder = folder_of(store, FolderType::kSent);
  if (!folder.ok()) return folder.error();
  if (folder.value() == 0) return Error{Domain::kSqlite, kNoSuchFolder, 0};
  HANDSYNC_TRY(store.start_log());
  const Result<std::uint64_t> item = insert_text(store, folder.value(), text);
  if (!item.ok()) return item.error();
  const Result<std::uint64_t> change =
      new_change(store, folder.value(), item.value(), EditKind::kText, {}, text.wall_ms);
  if (!change.ok()) return change.error();
  HANDSYNC_TRY(run_sql(store.database, "UPDATE change SET server_value=1 WHERE id=?1"_sql, change.value()));
  HANDSYNC_TRY(count_edits(store, item.value()));
  HANDSYNC_TRY(store.log.finish(store));
  HANDSYNC_TRY(transaction.commit());
  return OutgoingText{change.value(), static_cast<ItemId>(item.value())};
}

Result<bool> Store::next_text(bool outbox, std::int64_t wall_ms, OutgoingText& out) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  out = {};
  {
    // Of the Outbox only what nothing was ever done about, also under an id of before; then those that wait for another
    // try, so that one the modem never takes holds up no other.
    Statement find = prepare(
        database_,
        "SELECT * FROM (SELECT 0,i.id FROM folder f JOIN item i ON i.shown=f.id WHERE ?1 AND f.type=6 AND f.gone=0 AND"
        " f.emptying=0 AND i.folder=f.id AND i.class=5 AND NOT EXISTS(SELECT 1 FROM change c WHERE c.kind IN (3,7) AND"
        " (c.item=i.id OR (c.parked=1 AND c.folder=i.folder AND c.server_id=i.server_id))) ORDER BY i.id LIMIT 1)"
        " UNION ALL SELECT * FROM (SELECT id,item FROM change WHERE kind=7 AND parked=0 AND server_value=0 ORDER BY"
        " tries,id LIMIT 1) LIMIT 1"_sql,
        outbox);
    const Result<bool> row = find.step();
    if (!row.ok() || !row.value()) return row;
    out.change = static_cast<std::uint64_t>(find.number(0));
    out.item = static_cast<ItemId>(find.number(1));
  }
  const auto item = static_cast<std::uint64_t>(out.item);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(store.start_log());
  if (out.change == 0) {
    TextPlace text;
    HANDSYNC_TRY(find_text(store, item, text));
    const Result<std::uint64_t> change = new_change(store, text.folder, item, EditKind::kText, {}, wall_ms);
    if (!change.ok()) return change.error();
    out.change = change.value();
  }
  HANDSYNC_TRY(run_sql(store.database, "UPDATE change SET server_value=1 WHERE id=?1"_sql, out.change));
  HANDSYNC_TRY(count_edits(store, item));
  HANDSYNC_TRY(store.log.finish(store));
  HANDSYNC_TRY(transaction.commit());
  return true;
}

Status Store::text_sent(const OutgoingText& sent, Text from, Text client_id, std::int64_t wall_ms) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  const auto item = static_cast<std::uint64_t>(sent.item);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(store.start_log());
  TextPlace text;
  HANDSYNC_TRY(find_text(store, item, text));
  if (text.local) {
    HANDSYNC_TRY(replace_change(store, sent.change, text.folder, item, EditKind::kAdd, client_id, wall_ms, 0));
  } else {
    HANDSYNC_TRY(keep_copy(store, item, from, client_id, wall_ms));
    HANDSYNC_TRY(replace_change(store, sent.change, text.folder, item, EditKind::kDelete, {}, wall_ms, 1));
  }
  HANDSYNC_TRY(store.log.finish(store));
  return transaction.commit();
}

Result<bool> Store::text_not_sent(const OutgoingText& text, Error reason, bool park) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(store.start_log());
  const Result<std::int64_t> tries =
      query_number(store.database, "SELECT tries FROM change WHERE id=?1"_sql, text.change);
  if (!tries.ok()) return tries.error();
  const bool parks = park || tries.value() + 1 >= kModemTriesMax;
  HANDSYNC_TRY(run_sql(store.database, "UPDATE change SET server_value=0 WHERE id=?1"_sql, text.change));
  if (parks) {
    HANDSYNC_TRY(park_change(store, text.change, reason, false));
  } else {
    HANDSYNC_TRY(count_try(store, text.change, reason));
  }
  HANDSYNC_TRY(store.log.finish(store));
  HANDSYNC_TRY(transaction.commit());
  return parks;
}

Status Store::text_taken_back(const OutgoingText& text) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(store.start_log());
  HANDSYNC_TRY(withdraw_item(store, static_cast<std::uint64_t>(text.item)));
  HANDSYNC_TRY(store.log.finish(store));
  return transaction.commit();
}

Result<std::uint32_t> Store::texts_in_doubt(Error reason) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  std::uint32_t count = 0;
  for (;; ++count) {
    const Result<std::int64_t> change = query_number(
        database_, "SELECT coalesce(min(id),0) FROM change WHERE kind=7 AND parked=0 AND server_value=1"_sql);
    if (!change.ok()) return change.error();
    if (change.value() == 0) return count;
    Transaction transaction(store);
    HANDSYNC_TRY(transaction.begin());
    HANDSYNC_TRY(store.start_log());
    HANDSYNC_TRY(park_change(store, static_cast<std::uint64_t>(change.value()), reason, false));
    HANDSYNC_TRY(store.log.finish(store));
    HANDSYNC_TRY(transaction.commit());
  }
}

Status Store::hold_texts(Error reason) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  if (store.texts_held == static_cast<bool>(reason)) return Done{};  // none has come meanwhile
  store.texts_held = !store.texts_held;
  if (!store.texts_held) return Done{};
#define HANDSYNC_UNSAID                                                                                      \
  " FROM change WHERE kind=11 AND parked=0 AND request=0 AND domain=0 AND (SELECT class FROM item WHERE id=" \
  "change.item)=5"
  const Result<std::int64_t> any = query_number(database_, "SELECT EXISTS(SELECT 1" HANDSYNC_UNSAID ")"_sql);
  if (!any.ok() || any.value() == 0) return any.ok() ? Status(Done{}) : Status(any.error());
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin(false));
  HANDSYNC_TRY(run_sql(database_,
                       "UPDATE change SET domain=?1,code=?2,place=?3 WHERE id IN (SELECT id" HANDSYNC_UNSAID ")"_sql,
                       static_cast<int>(reason.domain), static_cast<std::int64_t>(reason.code), reason.where));
#undef HANDSYNC_UNSAID
  return transaction.commit();
}

// -- inside a transaction of the caller
// ------------------------------------------------------------------------------------------------------------

Status put_text(StoreState& store, std::uint64_t item, wbxml::Writer& writer, std::uint16_t version) {
  namespace email = wbxml::email;
  Statement find = prepare(store.database,
                           "SELECT recipients,author,received,coalesce(importance,1),read FROM item WHERE id=?1"_sql);
  const Statement& row = find;
  const Result<bool> there = find.number(1, item).step();
  if (!there.ok()) return there.error();
  if (!there.value()) return Error{Domain::kSqlite, kUnsound, 0};
  if (!row.text(0).empty()) writer.element(email::kTo, row.text(0));
  if (!row.text(1).empty()) writer.element(email::kFrom, row.text(1));
  writer.element(email::kDateReceived, items::format_date_time(row.number(2)).view());
  writer.element(email::kImportance, static_cast<std::uint64_t>(row.number(3)));
  writer.element(email::kRead, std::uint64_t{row.number(4) != 0});
  Block words(store.memory);
  const items::Property& body = row_of(items::kBodyData);
  HANDSYNC_TRY(load_shown(store, item, body, words));
  put_value(writer, body, Class::kSms, words.room(), version);
  return Done{};
}

Status text_is_there(StoreState& store, std::uint64_t item, std::uint32_t& confirmed) {
  HANDSYNC_TRY(run_sql(store.database, "DELETE FROM change WHERE item=?1 AND kind=11 AND parked=0"_sql, item));
  if (sqlite3_changes(store.database) != 0) ++confirmed;
  return Done{};
}

Result<bool> drop_text(StoreState& store, std::uint64_t change) {
  std::uint64_t item = 0;
  bool deletion = false, local = false, outbox = false, there = false;
  std::int64_t wall_ms = 0;
  {
    Statement find =
        prepare(store.database,
                "SELECT c.item,c.kind=3,substr(i.server_id,1,1)=char(1),f.type=6,i.id IS NOT NULL,c.wall_ms FROM"
                " change c LEFT JOIN item i ON i.id=c.item LEFT JOIN folder f ON f.id=i.folder WHERE c.id=?1 AND"
                " (c.kind=7 OR (c.kind=3 AND i.class=5))"_sql,
                change);
    const Result<bool> row = find.step();
    if (!row.ok() || !row.value()) return row;
    item = static_cast<std::uint64_t>(find.number(0));
    deletion = find.number(1) != 0;
    local = find.number(2) != 0;
    outbox = find.number(3) != 0;
    there = find.number(4) != 0;
    wall_ms = find.number(5);
  }
  if (deletion) {
    if (outbox) return Error{Domain::kSqlite, kInFlight, static_cast<std::uint32_t>(change)};
    return false;
  }
  if (there && local) {
    HANDSYNC_TRY(withdraw_item(store, item));
  } else if (there && outbox) {
    TextPlace text;
    HANDSYNC_TRY(find_text(store, item, text));
    HANDSYNC_TRY(replace_change(store, change, text.folder, item, EditKind::kDelete, {}, wall_ms, 1));
  } else {
    HANDSYNC_TRY(forget_change(store, change));
    if (there) HANDSYNC_TRY(count_edits(store, item));
  }
  return true;
}

}  // namespace handsync::replica
