/// The user's changes to events, contacts, tasks and notes: made, and put together for a request. Each a short
/// transaction of its own.
#include <cstdio>

#include "items/place.h"
#include "replica/item_edits.h"
#include "wbxml/code_pages.h"
#include "wbxml/utf8.h"

namespace handsync::replica {
namespace {}  // namespace

Status find_personal(StoreState& store, std::uint64_t item, PersonalItem& found) {
  Statement find =
      prepare(store.database,
              "SELECT folder,class FROM item WHERE id=?1 AND shown<>0 AND folder NOT IN (SELECT id FROM folder WHERE"
              " emptying=1)"_sql,
              item);
  const Result<bool> row = find.step();
  if (!row.ok()) return row.error();
  if (!row.value()) return Error{Domain::kSqlite, kNoSuchItem, static_cast<std::uint32_t>(item)};
  found.folder = static_cast<std::uint32_t>(find.number(0));
  found.kind = static_cast<Class>(find.number(1));
  if (found.kind == Class::kRecipient) return Error{Domain::kSqlite, kReadOnly, found.folder};
  if (!items::is_personal(found.kind)) return Error{Domain::kSqlite, kWrongFolder, found.folder};
  return Done{};
}

namespace {

/// The change that may still be added to: it waits, and nothing of it has been put together for a request. 0 = none.
Result<std::uint64_t> open_change(StoreState& store, std::uint64_t item, bool& is_add) {
  Statement find = prepare(store.database,
                           "SELECT id,kind FROM change WHERE item=?1 AND kind IN (10,11) AND parked=0 AND"
                           " request=0 ORDER BY id DESC LIMIT 1"_sql,
                           item);
  const Result<bool> row = find.step();
  if (!row.ok()) return row.error();
  if (!row.value()) return std::uint64_t{0};
  is_add = static_cast<EditKind>(find.number(1)) == EditKind::kAdd;
  return static_cast<std::uint64_t>(find.number(0));
}

}  // namespace

Result<std::uint64_t> new_change(StoreState& store, std::uint32_t folder, std::uint64_t item, EditKind kind,
                                 Text client_id, std::int64_t wall_ms, std::int64_t value) {
  HANDSYNC_TRY(run_sql(store.database,
                       "INSERT INTO change(folder,item,kind,value,server_value,server_generation,wall_ms,client_id)"
                       " VALUES(?1,?2,?3,?6,0,0,?4,?5)"_sql,
                       folder, item, static_cast<int>(kind), wall_ms, client_id, value));
  return static_cast<std::uint64_t>(sqlite3_last_insert_rowid(store.database));
}

Result<bool> is_chained(StoreState& store, std::uint64_t item, std::uint64_t change, items::PropertyId property) {
  const Result<std::int64_t> found =
      query_number(store.database,
                   "SELECT EXISTS(SELECT 1 FROM change c JOIN edit e ON e.change=c.id WHERE c.item=?1 AND c.id<>?2 AND"
                   " c.kind IN (10,12) AND c.parked=0 AND e.property=?3)"_sql,
                   item, change, static_cast<int>(property));
  if (!found.ok()) return found.error();
  return found.value() != 0;
}

namespace {

Result<bool> has_edit(StoreState& store, std::uint64_t change, items::PropertyId property) {
  const Result<std::int64_t> found =
      query_number(store.database, "SELECT EXISTS(SELECT 1 FROM edit WHERE change=?1 AND property=?2)"_sql, change,
                   static_cast<int>(property));
  if (!found.ok()) return found.error();
  return found.value() != 0;
}

Status put_edit(StoreState& store, std::uint64_t change, const items::Property& row, const PropertyEdit& edit,
                bool fresh, bool chained) {
  Statement put =
      prepare(store.database, fresh ? "INSERT INTO edit(change,property,mine,chained) VALUES(?1,?2,?3,?4)"_sql
                                    : "UPDATE edit SET mine=?3 WHERE change=?1 AND property=?2 AND ?4=?4"_sql);
  Statement& statement = put;
  statement.number(1, change).number(2, static_cast<int>(row.id)).number(4, chained ? 1 : 0);
  if (!edit.present) {
    statement.null(3);
  } else if (row.kind == items::Kind::kRaw) {
    statement.blob(3, edit.value);
  } else {
    statement.text(3, text_of(edit.value));
  }
  return statement.run();
}

bool shows(const ShownValue& shown, const PropertyEdit& edit) {
  if (shown.there != edit.present || !edit.present) return shown.there == edit.present;
  return shown.blob == 0 && text_of(shown.data) == text_of(edit.value);
}

/// A place that came in another version's form, and that the server has not said anew yet, gives way. True: there was
/// one.
Result<bool> forget_other_place(StoreState& store, std::uint64_t item, const items::Property& row) {
  if (!items::is_place(row.id)) return false;
  HANDSYNC_TRY(run_sql(store.database, "DELETE FROM extra WHERE item=?1 AND property=?2"_sql, item,
                       static_cast<int>(items::other_place(row.id))));
  return sqlite3_changes(store.database) != 0;
}

/// One property of an item. False: it is so already.
Result<bool> apply_edit(StoreState& store, std::uint64_t item, std::uint64_t change, bool is_add,
                        const items::Property& row, const PropertyEdit& edit) {
  const Result<bool> reshaped = forget_other_place(store, item, row);
  if (!reshaped.ok()) return reshaped.error();
  {
    ShownValue shown;
    HANDSYNC_TRY(read_shown(store, item, row, shown));
    if (shows(shown, edit) && !reshaped.value()) return false;
    const Result<bool> known = has_edit(store, change, row.id);
    if (!known.ok()) return known.error();
    if (!known.value()) {
      const Result<bool> chained = is_add ? Result<bool>(false) : is_chained(store, item, change, row.id);
      if (!chained.ok()) return chained.error();
      HANDSYNC_TRY(put_edit(store, change, row, edit, true, chained.value()));
      if (!is_add && !chained.value()) HANDSYNC_TRY(note_server(store, change, row, shown));
    } else {
      HANDSYNC_TRY(put_edit(store, change, row, edit, false, false));
    }
  }
  HANDSYNC_TRY(write_shown(store, item, row, NewValue{edit.present, edit.value, 0, 0, {}}));
  if (!reshaped.value()) return true;
  HANDSYNC_TRY(run_sql(store.database, "UPDATE edit SET body_truncated=1 WHERE change=?1 AND property=?2"_sql, change,
                       static_cast<int>(row.id)));
  return true;
}

Status check_edits(Class kind, std::span<const PropertyEdit> edits) {
  for (const PropertyEdit& edit : edits) {
    const items::Property* row = items::find_property(kind, edit.id);
    if (row == nullptr || !is_editable(*row) || edit.value.size() > kEditBytesMax) {
      return Error{Domain::kSqlite, kNoSuchProperty, edit.id};
    }
  }
  return Done{};
}

}  // namespace

Result<ItemId> Store::add_item(FolderId folder_id, std::span<const PropertyEdit> properties, Text client_id,
                               std::int64_t wall_ms, const Announcement& announcement) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  const Result<SyncFolder> folder = sync_folder(folder_id);
  if (!folder.ok()) return folder.error();
  const Class kind = items::class_of(folder.value().type);
  const auto number = static_cast<std::uint32_t>(folder_id);
  if (kind == Class::kRecipient) return Error{Domain::kSqlite, kReadOnly, number};
  if (!items::is_personal(kind) || !folder.value().selected) return Error{Domain::kSqlite, kWrongFolder, number};
  HANDSYNC_TRY(check_edits(kind, properties));
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(store.start_log());
  const Result<std::uint64_t> item = insert_local(store, number, kind, 0, true);
  if (!item.ok()) return item.error();
  const Result<std::uint64_t> change = new_change(store, number, item.value(), EditKind::kAdd, client_id, wall_ms);
  if (!change.ok()) return change.error();
  for (const PropertyEdit& edit : properties) {
    const Result<bool> done =
        apply_edit(store, item.value(), change.value(), true, *items::find_property(kind, edit.id), edit);
    if (!done.ok()) return done.error();
  }
  HANDSYNC_TRY(attach(store, change.value(), item.value(), announcement));
  HANDSYNC_TRY(count_edits(store, item.value()));
  HANDSYNC_TRY(store.log.finish(store));
  HANDSYNC_TRY(transaction.commit());
  return static_cast<ItemId>(item.value());
}

Result<std::uint64_t> Store::edit_item(ItemId id, std::span<const PropertyEdit> properties, std::int64_t wall_ms,
                                       const Announcement& announcement) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  const auto item = static_cast<std::uint64_t>(id);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  PersonalItem found;
  HANDSYNC_TRY(find_personal(store, item, found));
  HANDSYNC_TRY(check_edits(found.kind, properties));
  HANDSYNC_TRY(store.start_log());
  bool is_add = false;
  Result<std::uint64_t> change = open_change(store, item, is_add);
  if (!change.ok()) return change.error();
  const bool fresh = change.value() == 0;
  if (fresh) change = new_change(store, found.folder, item, EditKind::kItem, {}, wall_ms);
  if (!change.ok()) return change.error();
  bool any = false;
  for (const PropertyEdit& edit : properties) {
    if (edit.id == wbxml::calendar::kExceptions && !edit.present) HANDSYNC_TRY(take_back_occurrences(store, item));
    const Result<bool> done =
        apply_edit(store, item, change.value(), is_add, *items::find_property(found.kind, edit.id), edit);
    if (!done.ok()) return done.error();
    any |= done.value();
  }
  if (!any) return fresh ? Result<std::uint64_t>(std::uint64_t{0}) : change;  // nothing to do; rolled back
  HANDSYNC_TRY(run_sql(store.database,
                       "UPDATE change SET payload=NULL,tries=0,domain=0,code=0,place=0,wall_ms=?2 WHERE id=?1"_sql,
                       change.value(), wall_ms));
  HANDSYNC_TRY(attach(store, change.value(), item, announcement));
  HANDSYNC_TRY(count_edits(store, item));
  HANDSYNC_TRY(store.log.finish(store));
  HANDSYNC_TRY(transaction.commit());
  return change.value();
}

/// An item that the server has not been told of goes without a word. False: it has been told.
Result<bool> Store::remove_unsent(ItemId id) {
  StoreState& store = state_of(state_);
  const auto item = static_cast<std::uint64_t>(id);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  std::uint32_t folder = 0;
  {
    const Result<std::int64_t> found =
        query_number(database_,
                     "SELECT shown FROM item WHERE id=?1 AND substr(server_id,1,1)=char(1) AND NOT"
                     " EXISTS(SELECT 1 FROM change WHERE item=?1 AND request<>0)"_sql,
                     item);
    if (!found.ok()) return found.error();
    folder = static_cast<std::uint32_t>(found.value());
  }
  if (folder == 0) return false;
  HANDSYNC_TRY(store.start_log());
  HANDSYNC_TRY(run_sql(database_, "DELETE FROM change WHERE item=?1"_sql, item));
  HANDSYNC_TRY(count_listed(store, folder, -1, 0));
  const Result<std::uint32_t> removed = remove_item(store, item);
  if (!removed.ok()) return removed.error();
  HANDSYNC_TRY(store.log.gone(store, item, folder));
  HANDSYNC_TRY(store.log.finish(store));
  HANDSYNC_TRY(transaction.commit());
  return true;
}

Result<ItemClass> Store::class_of_item(ItemId id) const {
  if (state_ == nullptr) return kNotOpen;
  PersonalItem found;
  HANDSYNC_TRY(find_personal(state_of(state_), static_cast<std::uint64_t>(id), found));
  return ItemClass{found.kind, static_cast<FolderId>(found.folder)};
}

Result<FixedText<255>> Store::subject_of(ItemId id) const {
  if (state_ == nullptr) return kNotOpen;
  Statement find = prepare(database_, "SELECT coalesce(subject,'') FROM item WHERE id=?1 AND shown<>0"_sql,
                           static_cast<std::uint64_t>(id));
  const Result<bool> row = find.step();
  if (!row.ok()) return row.error();
  if (!row.value()) return Error{Domain::kSqlite, kNoSuchItem, static_cast<std::uint32_t>(id)};
  FixedText<255> subject;
  static_cast<void>(subject.assign(wbxml::beginning(find.text(0), 255)));
  return subject;
}

Result<std::size_t> Store::item_value(ItemId id, std::uint16_t property, Room room) const {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  const Result<const items::Property*> row = property_row(store, static_cast<std::uint64_t>(id), property);
  if (!row.ok()) return row.error();
  if (row.value() == nullptr) return std::size_t{0};
  ShownValue shown;
  HANDSYNC_TRY(read_shown(store, static_cast<std::uint64_t>(id), *row.value(), shown));
  if (shown.blob != 0) {
    const std::size_t here = shown.size < room.size() ? static_cast<std::size_t>(shown.size) : room.size();
    HANDSYNC_TRY(read_chunks(store, shown.blob, room.first(here)));
    return static_cast<std::size_t>(shown.size);
  }
  const std::size_t size = shown.data.size() < room.size() ? shown.data.size() : room.size();
  for (std::size_t i = 0; i < size; ++i) room[i] = shown.data[i];
  return static_cast<std::size_t>(shown.size);
}

Result<bool> Store::item_has(ItemId id, const PropertyEdit& edit) const {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  const Result<const items::Property*> row = property_row(store, static_cast<std::uint64_t>(id), edit.id);
  if (!row.ok()) return row.error();
  if (row.value() == nullptr) return !edit.present;
  ShownValue shown;
  HANDSYNC_TRY(read_shown(store, static_cast<std::uint64_t>(id), *row.value(), shown));
  return shows(shown, edit);
}

Status Store::prepare_items(FolderId id, std::uint16_t version) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  const Result<bool> again = has_frozen(id);
  if (!again.ok()) return again.error();
  if (again.value()) return Done{};  // the same bytes go again
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(write_payloads(store, static_cast<std::uint32_t>(id), version));
  return transaction.commit();
}

}  // namespace handsync::replica
