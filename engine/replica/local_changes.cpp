/// The user's changes: made, frozen into a request, parked, retried, dropped. Each a short transaction of its own.
#include <cstdio>

#include "items/properties.h"
#include "replica/item_edits.h"
#include "replica/planted.h"
#include "wbxml/utf8.h"

namespace handsync::replica {
namespace {

struct Found {
  std::uint32_t folder = 0, shown_in = 0;
  Class kind{};
  std::int64_t shown = 0;            ///< the value that the edit would replace
  char text[kCategoriesBytesMax]{};  ///< likewise of the list of categories
  std::size_t text_bytes = 0;
};

/// An item that is listed somewhere, and what it shows of what an edit of this kind changes.
Status find_item(StoreState& store, ItemId item, EditKind kind, Found& found) {
  Statement find = prepare(store.database,
                           "SELECT folder,shown,class,CASE ?2 WHEN 1 THEN read WHEN 2 THEN flag_status ELSE 0 END,"
                           "CASE WHEN ?2=5 THEN " HANDSYNC_CATEGORIES
                           " END FROM item WHERE id=?1 AND shown<>0 AND folder NOT"
                           " IN (SELECT id FROM folder WHERE emptying=1)"_sql,
                           static_cast<std::uint64_t>(item), static_cast<int>(kind));
  const Result<bool> row = find.step();
  if (!row.ok()) return row.error();
  if (!row.value()) return Error{Domain::kSqlite, kNoSuchItem, static_cast<std::uint32_t>(item)};
  found.folder = static_cast<std::uint32_t>(find.number(0));
  found.shown_in = static_cast<std::uint32_t>(find.number(1));
  found.kind = static_cast<Class>(find.number(2));
  if (found.kind == Class::kRecipient) return Error{Domain::kSqlite, kReadOnly, found.folder};
  const bool of_mail = kind == EditKind::kRead || kind == EditKind::kFlag || kind == EditKind::kCategories;
  if (of_mail && items::is_personal(found.kind)) return Error{Domain::kSqlite, kWrongFolder, found.folder};
  found.shown = find.number(3);
  const Text text = find.text(4);
  if (text.size() > sizeof found.text) return Error{Domain::kSqlite, kTooManyCategories, 0};
  for (char value : text) found.text[found.text_bytes++] = value;
  return Done{};
}

/// What an edit wants: a number, or a text.
struct Wish {
  EditKind kind{};
  std::int64_t value = 0;
  Text text{};
};

/// Queues a wish: the newest of its kind that waits and has not been sent is made to say it, else it is a new row.
Result<std::uint64_t> queue_edit(StoreState& store, std::uint64_t item, const Found& found, const Wish& wish,
                                 std::int64_t wall_ms) {
  std::uint64_t newest = 0;
  bool in_flight = false;
  {
    Statement find =
        prepare(store.database,
                "SELECT id,request FROM change WHERE item=?1 AND kind=?2 AND parked=0 ORDER BY id DESC LIMIT 1"_sql,
                item, static_cast<int>(wish.kind));
    const Result<bool> row = find.step();
    if (!row.ok()) return row.error();
    if (row.value()) {
      newest = static_cast<std::uint64_t>(find.number(0));
      in_flight = find.number(1) != 0;
    }
  }
  if (newest != 0 && !in_flight) {
    HANDSYNC_TRY(run_sql(
        store.database, "UPDATE change SET value=?2,text=?3,wall_ms=?4,tries=0,domain=0,code=0,place=0 WHERE id=?1"_sql,
        newest, wish.value, wish.text, wall_ms));
    return newest;
  }
  // The server's value is what is shown, or what an edit before it has noted.
  Statement add = prepare(
      store.database,
      newest != 0 ? "INSERT INTO change(folder,item,kind,value,text,wall_ms,server_value,server_text,server_generation)"
                    " SELECT ?1,?2,?3,?4,?5,?6,server_value,server_text,server_generation FROM change WHERE id=?9"_sql
                  : "INSERT INTO change(folder,item,kind,value,text,wall_ms,server_value,server_text,server_generation)"
                    " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,0)"_sql);
  Statement& row = add;
  row.number(1, found.folder).number(2, item).number(3, static_cast<int>(wish.kind)).number(4, wish.value);
  row.text(5, wish.text).number(6, wall_ms);
  if (newest != 0) {
    row.number(9, newest);
  } else {
    row.number(7, found.shown).text(8, Text(found.text, found.text_bytes));
  }
  HANDSYNC_TRY(row.run());
  return static_cast<std::uint64_t>(sqlite3_last_insert_rowid(store.database));
}

/// The newest change of this kind that waits; 0 = none.
Result<std::uint64_t> waiting(StoreState& store, std::uint64_t item, EditKind kind) {
  const Result<std::int64_t> id =
      query_number(store.database, "SELECT coalesce(max(id),0) FROM change WHERE item=?1 AND kind=?2 AND parked=0"_sql,
                   item, static_cast<int>(kind));
  if (!id.ok()) return id.error();
  return static_cast<std::uint64_t>(id.value());
}

/// One edit in a transaction of its own: queued, shown, logged. `choose` fills in the wish; false: it is so already,
/// and the answer is what waits.
template <class Choose>
Result<std::uint64_t> edit(StoreState& store, ItemId id, EditKind kind, std::int64_t wall_ms, Choose choose,
                           const Announcement& announcement = {}) {
  const auto item = static_cast<std::uint64_t>(id);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin(!planted::on(planted::Bug::kEditNotSynced)));
  Found found;
  HANDSYNC_TRY(find_item(store, id, kind, found));
  Wish wish;
  wish.kind = kind;
  const Result<bool> differs = choose(found, wish);
  if (!differs.ok()) return differs.error();
  if (!differs.value()) return waiting(store, item, kind);
  HANDSYNC_TRY(store.start_log());
  const Result<std::uint64_t> change = queue_edit(store, item, found, wish, wall_ms);
  if (!change.ok()) return change.error();
  HANDSYNC_TRY(attach(store, change.value(), item, announcement));
  HANDSYNC_TRY(show_change(store, change.value(), true));
  HANDSYNC_TRY(count_edits(store, item));
  HANDSYNC_TRY(store.log.finish(store));
  HANDSYNC_TRY(transaction.commit());
  return change.value();
}

Result<std::uint64_t> mark(StoreState& store, ItemId id, EditKind kind, std::int64_t value, std::int64_t wall_ms) {
  return edit(store, id, kind, wall_ms, [&](const Found& found, Wish& wish) -> Result<bool> {
    wish.value = value;
    return found.shown != value;
  });
}

bool is_name(Text name) {
  if (name.empty() || name.size() > 255 || !wbxml::is_utf8(name)) return false;
  for (char value : name) {
    if (static_cast<unsigned char>(value) < 0x20 || value == 0x7F) return false;
  }
  return true;
}

/// `list` without `name`, in `out`; true when it was there.
bool without(Text list, Text name, char* out, std::size_t& bytes) {
  bool found = false;
  bytes = 0;
  while (!list.empty()) {
    const std::size_t end = list.find(kListSeparator);
    const Text one = list.substr(0, end);
    list = end == Text::npos ? Text() : list.substr(end + 1);
    if (one == name) {
      found = true;
      continue;
    }
    if (bytes != 0) out[bytes++] = kListSeparator;
    for (char value : one) out[bytes++] = value;
  }
  return found;
}

/// A copy in the caller's room.
Bytes taken(Bytes value, Room& texts) {
  const Room copy = texts.first(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) copy[i] = value[i];
  texts = texts.subspan(value.size());
  return copy;
}

/// Adds one queued edit to what goes out for its server item.
void merge(Outgoing& out, const Statement& row, Room& texts) {
  const auto kind = static_cast<EditKind>(row.number(1));
  if (out.change == 0) out.change = static_cast<std::uint64_t>(row.number(0));
  switch (kind) {
    case EditKind::kRead:
      out.has_read = true;
      out.read = row.number(2) != 0;
      break;
    case EditKind::kFlag:
      out.has_flag = true;
      out.flag_status = static_cast<std::uint8_t>(row.number(2));
      out.flag_wall_ms = row.number(3);
      out.flag_rest = taken(row.blob(8), texts);
      break;
    case EditKind::kDelete:
      out.remove = true;
      out.for_good = row.number(2) != 0;
      break;
    case EditKind::kCategories: {
      out.has_categories = true;
      out.categories = text_of(taken(row.blob(6), texts));
      break;
    }
    case EditKind::kItem:
    case EditKind::kOccurrence:
    case EditKind::kAdd: {
      out.data = taken(row.blob(8), texts);
      out.add = kind == EditKind::kAdd;
      out.text = out.add && static_cast<Class>(row.number(11)) == Class::kSms;
      if (kind == EditKind::kOccurrence) {
        const std::int64_t form = row.number(10);
        out.has_instance = form != kWholeChange;
        out.instance_ms = row.number(2);
        out.remove = form == kInstanceDelete;
      }
      if (!out.add) break;
      out.server_id.clear();
      static_cast<void>(out.client_id.assign(row.text(9)));
      break;
    }
    case EditKind::kMove:
    case EditKind::kDraft:
    case EditKind::kText:
    case EditKind::kSend:
    case EditKind::kReply:
    case EditKind::kForward:
    case EditKind::kRespond:
    case EditKind::kFolderCreate:
    case EditKind::kFolderRename:
    case EditKind::kFolderDelete:
    case EditKind::kConversation:
      break;
  }
}

/// What goes out with Sync now, but for drafts, which go alone, and, with ?3, texts of which none was sent: of an item
/// that the server does not know yet, that it is there; a deletion alone of its item's edits, and nothing of an item
/// whose move is on its way. Of edits of an item's properties and of its single occurrences one at a time: what has
/// gone out before, else the oldest.
constexpr const char* kSendable =
    "c.parked=0 AND c.kind NOT IN (4,6,7) AND (c.kind=11 OR c.item IN (SELECT id FROM item WHERE folder=c.folder AND"
    " substr(server_id,1,1)<>char(1))) AND NOT EXISTS(SELECT 1 FROM change o WHERE o.item=c.item AND o.parked=0 AND "
    "((o.kind=4 AND o.request NOT IN (0,-2)) OR (o.kind=3 AND c.kind NOT IN (3,11) AND (o.request<>0)=(c.request<>0))"
    " OR ((o.request=0,o.id)<(c.request=0,c.id) AND o.kind IN (10,12) AND c.kind IN (10,12)))) AND (?3=0 OR c.kind<>11"
    " OR c.request<>0 OR (SELECT class FROM item t WHERE t.id=c.item)<>5)"_sql;
/// Room that the texts of an item take, with those that go along; ?2 as in kByItem.
constexpr char kTextBytes[] =
    "CASE c.kind WHEN 12 THEN length(c.payload) ELSE (SELECT sum(coalesce(length(CAST(t.text AS BLOB)),0)+"
    "coalesce(length(t.payload),0)) FROM change t WHERE t.item=c.item AND t.kind IN (2,5,10,11) AND t.parked=0 AND"
    " (t.request<>0)=?2) END";
/// By item, so that one item is one command. ?2: those that are marked, or those that are not.
constexpr char kByItem[] =
    " ORDER BY (SELECT min(id) FROM change m WHERE m.item=c.item AND m.parked=0 AND m.kind<>4 AND"
    " (m.request<>0)=?2),c.id";
constexpr std::size_t kSqlBytesMax = 2048;

}  // namespace

Result<std::uint64_t> Store::mark_read(ItemId item, bool read, std::int64_t wall_ms) {
  if (state_ == nullptr) return kNotOpen;
  return mark(state_of(state_), item, EditKind::kRead, read ? 1 : 0, wall_ms);
}

Result<std::uint64_t> Store::mark_flag(ItemId item, std::uint8_t flag_status, std::int64_t wall_ms) {
  if (state_ == nullptr) return kNotOpen;
  return mark(state_of(state_), item, EditKind::kFlag, flag_status, wall_ms);
}

Result<std::uint64_t> Store::mark_category(ItemId item, Text name, bool on, std::int64_t wall_ms) {
  if (state_ == nullptr) return kNotOpen;
  if (!is_name(name)) return Error{Domain::kSqlite, kTooManyCategories, 0};
  char list[2 * kCategoriesBytesMax];
  return edit(state_of(state_), item, EditKind::kCategories, wall_ms,
              [&](const Found& found, Wish& wish) -> Result<bool> {
                std::size_t bytes = 0;
                const bool there = without(Text(found.text, found.text_bytes), name, list, bytes);
                if (there == on) return false;
                if (on) {
                  if (bytes != 0) list[bytes++] = kListSeparator;
                  for (char value : name) list[bytes++] = value;
                }
                if (bytes > kCategoriesBytesMax) return Error{Domain::kSqlite, kTooManyCategories, 0};
                wish.text = Text(list, bytes);
                return true;
              });
}

Result<std::uint64_t> Store::remove(ItemId item, bool for_good, std::int64_t wall_ms,
                                    const Announcement& announcement) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  const Result<bool> unknown = remove_unsent(item);
  if (!unknown.ok()) return unknown.error();
  if (unknown.value()) return std::uint64_t{0};
  return edit(
      store, item, EditKind::kDelete, wall_ms,
      [&](const Found&, Wish& wish) -> Result<bool> {
        wish.value = for_good ? 1 : 0;
        // Where it was to be moved to does not matter any more.
        HANDSYNC_TRY(run_sql(store.database,
                             "DELETE FROM change WHERE item=?1 AND kind=4 AND request=0 AND parked=0"_sql,
                             static_cast<std::uint64_t>(item)));
        return true;
      },
      announcement);
}

Result<std::uint64_t> Store::move(ItemId id, FolderId to, std::int64_t wall_ms) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  const auto item = static_cast<std::uint64_t>(id);
  const auto destination = static_cast<std::uint32_t>(to);
  bool back = false;
  const Result<std::uint64_t> change =
      edit(store, id, EditKind::kMove, wall_ms, [&](const Found& found, Wish& wish) -> Result<bool> {
        wish.value = destination;
        const Result<std::int64_t> type = query_number(
            prepare(store.database, "SELECT type FROM folder WHERE id=?1 AND gone=0"_sql).number(1, destination), -1);
        if (!type.ok()) return type.error();
        if (type.value() < 0) return Error{Domain::kSqlite, kNoSuchFolder, destination};
        if (!holds(static_cast<FolderType>(type.value()), found.kind)) {
          return Error{Domain::kSqlite, kWrongFolder, destination};
        }
        if (found.shown_in == destination) return false;
        HANDSYNC_TRY(prepare(store.database, "DELETE FROM change WHERE item=?1 AND kind=4 AND request=-2"_sql)  // held
                         .number(1, item)
                         .run());
        const Result<std::int64_t> in_flight = query_number(
            store.database,
            "SELECT EXISTS(SELECT 1 FROM change WHERE item=?1 AND kind=4 AND request<>0 AND parked=0)"_sql, item);
        if (!in_flight.ok()) return in_flight.error();
        back = found.folder == destination && in_flight.value() == 0;
        return true;
      });
  if (!change.ok() || !back) return change;
  // Before anything of it was sent: it is as if it had never been moved.
  HANDSYNC_TRY(drop(change.value()));
  return std::uint64_t{0};
}

Result<bool> Store::has_outgoing(FolderId folder) const {
  if (state_ == nullptr) return kNotOpen;
  // Mostly nothing waits, and what may be sent takes SQLite forty times as long to compile as whether anything waits.
  const Result<std::int64_t> any =
      query_number(database_, "SELECT EXISTS(SELECT 1 FROM change WHERE folder=?1 AND parked=0)"_sql,
                   static_cast<std::uint32_t>(folder));
  if (!any.ok()) return any.error();
  if (any.value() == 0) return false;
  const Result<bool> commands = has_commands(folder);
  return !commands.ok() || commands.value() ? commands : has_drafts(folder);
}

Result<bool> Store::has_commands(FolderId folder) const {
  if (state_ == nullptr) return kNotOpen;
  char sql[kSqlBytesMax];
  std::snprintf(sql, sizeof sql, "SELECT EXISTS(SELECT 1 FROM change c WHERE c.folder=?1 AND %s)", kSendable);
  const Result<std::int64_t> found = query_number(
      prepare(database_, sql).number(1, static_cast<std::uint32_t>(folder)).number(3, state_of(state_).texts_held));
  if (!found.ok()) return found.error();
  return found.value() != 0;
}

Result<bool> Store::has_frozen(FolderId folder) const {
  if (state_ == nullptr) return kNotOpen;
  const Result<std::int64_t> found = query_number(
      database_, "SELECT EXISTS(SELECT 1 FROM change WHERE folder=?1 AND request<>0 AND kind<>4 AND parked=0)"_sql,
      static_cast<std::uint32_t>(folder));
  if (!found.ok()) return found.error();
  return found.value() != 0;
}

Result<std::uint64_t> Store::first_frozen(FolderId folder) const {
  if (state_ == nullptr) return kNotOpen;
  const Result<std::int64_t> found = query_number(
      database_, "SELECT coalesce(min(id),0) FROM change WHERE folder=?1 AND request<>0 AND kind<>4 AND parked=0"_sql,
      static_cast<std::uint32_t>(folder));
  if (!found.ok()) return found.error();
  return static_cast<std::uint64_t>(found.value());
}

Result<std::size_t> Store::freeze_outgoing(FolderId id, std::uint32_t request, std::span<Outgoing> out, Room texts) {
  if (state_ == nullptr) return kNotOpen;
  if (out.empty() || request == 0) return std::size_t{0};
  StoreState& store = state_of(state_);
  HANDSYNC_TRY(store.take_over());
  const auto folder = static_cast<std::uint32_t>(id);
  const Result<bool> any = has_commands(id);
  if (!any.ok()) return any.error();
  if (!any.value()) return std::size_t{0};
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  if (planted::on(planted::Bug::kSentIsForgotten))
    HANDSYNC_TRY(execute(store.database, "UPDATE change SET request=0"_sql));
  const Result<bool> again = has_frozen(id);
  if (!again.ok()) return again.error();
  std::size_t count = 0;
  bool any_removal = false, for_good = false, alone = false;
  {
    // A retry takes those that are marked; the first try all that wait.
    char sql[kSqlBytesMax];
    std::snprintf(
        sql, sizeof sql,
        "SELECT c.id,c.kind,c.value,c.wall_ms,c.item,i.server_id,c.text,%s,c.payload,c.client_id,"
        "c.server_value,i.class FROM change c JOIN item i ON i.id=c.item WHERE c.folder=?1 AND (c.request<>0)=?2"
        " AND %s%s",
        kTextBytes, kSendable, kByItem);
    Statement rows = prepare(database_, sql);
    rows.number(1, folder).number(2, again.value()).number(3, store.texts_held);
    Statement freeze = prepare(database_, "UPDATE change SET request=?2 WHERE id=?1"_sql);
    std::int64_t item = 0;
    bool taken = false;
    for (;;) {
      const Result<bool> row = rows.step();
      if (!row.ok()) return row.error();
      if (!row.value()) break;
      const Statement& change = rows;
      if (change.number(4) != item) {
        item = change.number(4);
        const bool removal = static_cast<EditKind>(change.number(1)) == EditKind::kDelete;
        const bool good = removal && change.number(2) != 0;
        // A request deletes for good or not, as a whole.
        // One of a series goes in a request of its own.
        const bool one = static_cast<EditKind>(change.number(1)) == EditKind::kOccurrence;
        taken = count < out.size() && !alone && !(one && count != 0) &&
                static_cast<std::size_t>(change.number(7)) <= texts.size() &&
                !(removal && any_removal && good != for_good);
        if (taken) {
          out[count] = {};
          static_cast<void>(out[count++].server_id.assign(change.text(5)));
          if (removal) for_good = good;
          alone = one;
          any_removal |= removal;
        }
      }
      // Those beyond the caller's room are set free: what is not sent must not be taken for accepted.
      if (taken) merge(out[count - 1], change, texts);
      HANDSYNC_TRY(freeze.number(1, change.number(0)).number(2, taken ? request : 0u).run());
    }
  }
  HANDSYNC_TRY(transaction.commit());
  return count;
}

Result<std::size_t> Store::outgoing_bytes(FolderId id, std::size_t enough) const {
  if (state_ == nullptr) return kNotOpen;
  const Result<bool> again = has_frozen(id);
  if (!again.ok()) return again.error();
  char sql[kSqlBytesMax];
  std::snprintf(sql, sizeof sql, "SELECT c.item,%s FROM change c WHERE c.folder=?1 AND (c.request<>0)=?2 AND %s%s",
                kTextBytes, kSendable, kByItem);
  Statement sizes = prepare(database_, sql);
  sizes.number(1, static_cast<std::uint32_t>(id)).number(2, again.value()).number(3, state_of(state_).texts_held);
  std::size_t total = 0;
  for (std::int64_t item = 0;;) {
    const Result<bool> row = sizes.step();
    if (!row.ok()) return row.error();
    if (!row.value()) return total;
    if (sizes.number(0) == item) continue;
    item = sizes.number(0);
    const auto size = static_cast<std::size_t>(sizes.number(1));
    if (total != 0 && total + size > enough && !again.value()) return total;
    total += size;
  }
}

Status Store::park(std::uint64_t change, Error reason) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(store.start_log());
  // What went out as one command is refused as one: the rows of the same item in the same request.
  std::uint64_t linked[4];
  int count = 0;
  {
    Statement rows = prepare(database_,
                             "SELECT id FROM change WHERE id=?1 OR (parked=0 AND request<>0 AND (item,request)="
                             "(SELECT item,request FROM change WHERE id=?1)) LIMIT 4"_sql,
                             change);
    for (;;) {
      const Result<bool> row = rows.step();
      if (!row.ok()) return row.error();
      if (!row.value()) break;
      linked[count++] = static_cast<std::uint64_t>(rows.number(0));
    }
  }
  if (count == 0) return Error{Domain::kSqlite, kNoSuchChange, static_cast<std::uint32_t>(change)};
  for (int i = 0; i < count; ++i) {
    HANDSYNC_TRY(
        park_change(store, linked[i], reason, reason.domain == Domain::kEas && reason.code == kStatusConflict));
  }
  HANDSYNC_TRY(store.log.finish(store));
  return transaction.commit();
}

Status Store::retry(std::uint64_t change) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  std::uint64_t item = 0;
  EditKind kind{};
  {
    Statement find = prepare(database_, "SELECT item,kind,parked FROM change WHERE id=?1"_sql, change);
    const Result<bool> row = find.step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Error{Domain::kSqlite, kNoSuchChange, static_cast<std::uint32_t>(change)};
    if (find.number(2) == 0) return Done{};
    if (is_message(static_cast<EditKind>(find.number(1)))) {
      HANDSYNC_TRY(retry_message(store, change));
      return transaction.commit();
    }
    item = static_cast<std::uint64_t>(find.number(0));
    kind = static_cast<EditKind>(find.number(1));
  }
  if (is_folder_change(kind)) {
    HANDSYNC_TRY(retry_folder_change(store, change));
    return transaction.commit();
  }
  if (kind == EditKind::kConversation) {
    HANDSYNC_TRY(store.start_log());
    HANDSYNC_TRY(retry_conversation(store, change));
    HANDSYNC_TRY(store.log.finish(store));
    return transaction.commit();
  }
  Found found;
  HANDSYNC_TRY(find_item(store, static_cast<ItemId>(item), kind, found));
  if (kind == EditKind::kMove) {
    const Result<std::int64_t> there = query_number(
        database_, "SELECT EXISTS(SELECT 1 FROM folder WHERE gone=0 AND id=(SELECT value FROM change WHERE id=?1))"_sql,
        change);
    if (!there.ok()) return there.error();
    if (there.value() == 0) return Error{Domain::kSqlite, kNoSuchFolder, 0};
  }
  if (kind == EditKind::kDraft) HANDSYNC_TRY(retry_draft(store, item, change));
  if (kind != EditKind::kDraft && kind != EditKind::kMove) {
    // A later one that is on its way would come before it.
    const Result<std::int64_t> in_flight = query_number(
        database_,
        "SELECT EXISTS(SELECT 1 FROM change c JOIN change o USING(item,kind) WHERE c.id=?1 AND o.parked=0 AND"
        " o.request<>0 AND (kind<>12 OR o.value=c.value))"_sql,
        change);
    if (!in_flight.ok()) return in_flight.error();
    if (in_flight.value() != 0) return Error{Domain::kSqlite, kInFlight, static_cast<std::uint32_t>(change)};
  }
  HANDSYNC_TRY(store.start_log());
  if (kind == EditKind::kItem) HANDSYNC_TRY(give_way(store, change));
  {
    // It is what the user wants now: an edit of the same property that waits gives way to it.
    HANDSYNC_TRY(run_sql(database_,
                         "DELETE FROM change WHERE item=?1 AND kind=?2 AND parked=0 AND request=0 AND "
                         "id<>?3 AND kind NOT IN (10,12) AND (kind<>6 OR"
                         " (value<>0 AND (SELECT value FROM change WHERE id=?3)<>0))"_sql,
                         item, static_cast<int>(kind), change));
  }
  HANDSYNC_TRY(run_sql(
      database_,
      "UPDATE change SET parked=0,request=0,tries=0,domain=0,code=0,place=0,folder=?2,server_value=server_value*"
      "(kind<>7) WHERE id=?1"_sql,
      change, found.folder));
  HANDSYNC_TRY(show_change(store, change, true));
  HANDSYNC_TRY(count_edits(store, item));
  HANDSYNC_TRY(store.log.finish(store));
  return transaction.commit();
}

Status Store::drop(std::uint64_t change) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  {
    // Once it was sent, only its answer can say what the server has; and a retry must send the same again.
    const Result<std::int64_t> in_flight =
        query_number(database_, "SELECT request<>0 FROM change WHERE id=?1"_sql, change);
    if (!in_flight.ok()) return in_flight.error();
    if (in_flight.value() != 0) return Error{Domain::kSqlite, kInFlight, static_cast<std::uint32_t>(change)};
  }
  {
    const Result<std::int64_t> id =
        query_number(database_, "SELECT value FROM change WHERE id=?1 AND kind BETWEEN 20 AND 23"_sql, change);
    if (!id.ok()) return id.error();
    if (id.value() != 0) {
      HANDSYNC_TRY(drop_message(store, change, static_cast<std::uint64_t>(id.value())));
      return transaction.commit();
    }
  }
  HANDSYNC_TRY(store.start_log());
  Result<bool> local = drop_local_item(store, change);
  if (local.ok() && !local.value()) local = drop_text(store, change);
  if (!local.ok()) return local.error();
  if (!local.value()) {
    // Parking shows the server's value again, unless another edit waits. With properties that was done when it was
    // parked, and what the server had is not kept beside them.
    const Result<std::int64_t> reverted =
        query_number(database_, "SELECT parked<>0 AND kind IN (10,12) FROM change WHERE id=?1"_sql, change);
    if (!reverted.ok()) return reverted.error();
    if (reverted.value() == 0) HANDSYNC_TRY(park_change(store, change, Error{}, true));
    HANDSYNC_TRY(forget_change(store, change));
  }
  HANDSYNC_TRY(store.log.finish(store));
  return transaction.commit();
}

Result<std::uint32_t> Store::queue_length(bool parked) const {
  if (state_ == nullptr) return kNotOpen;
  const Result<std::int64_t> found = query_number(
      database_, "SELECT count(*) FROM change WHERE parked=?1 AND NOT(kind=4 AND request=-2)"_sql, parked ? 1 : 0);
  if (!found.ok()) return found.error();
  return static_cast<std::uint32_t>(found.value());
}

}  // namespace handsync::replica
