/// Items for applications: lists, what has changed since, the properties of one.
#include <cstdio>

#include "handsync/profile.h"
#include "items/datetime.h"
#include "items/place.h"
#include "replica/item_edits.h"
#include "replica/sql_reader.h"
#include "replica/views.h"
#include "wbxml/code_pages.h"
#include "wbxml/utf8.h"

namespace handsync::replica {
namespace {

/// What a list shows of an item beyond its row; null: nothing.
const char* details_sql(Class kind) {
  switch (kind) {
    case Class::kEvent:
      return "SELECT " HANDSYNC_EVENT_COLUMNS " FROM item i WHERE id=?1"_sql;
    case Class::kContact:
      return "SELECT " HANDSYNC_CONTACT_COLUMNS " FROM item i WHERE id=?1"_sql;
    case Class::kTask:
      return "SELECT " HANDSYNC_TASK_COLUMNS " FROM item i WHERE id=?1"_sql;
    case Class::kRecipient:  // FileAs, Email1Address
      return "SELECT max(iif(property=286,data,'')),max(iif(property=283,data,'')),'' FROM extra WHERE item=?1 AND n=0"_sql;
    default:
      return nullptr;
  }
}

}  // namespace

/// Adds to the batch what the class has of its own; false: the batch is full.
Result<bool> ItemDetails::add(ItemRow& item, Batch& batch) {
  const char* sql = details_sql(item.kind);
  if (sql == nullptr) return true;
  if (!open_ || kind_ != item.kind) {
    Statement prepared = prepare(database_, sql);
    statement_ = std::move(prepared);
    kind_ = item.kind;
    open_ = true;
  }
  statement_.rewind();
  const Result<bool> row = statement_.number(1, static_cast<std::uint64_t>(item.id)).step();
  if (!row.ok()) return row.error();
  if (!row.value()) return true;
  char place[512];
  if (item.kind == Class::kEvent) {
    const Result<std::int64_t> end = items::parse_date_time(statement_.text(0));
    item.end_ms = end.ok() ? end.value() : item.when_ms;
    item.all_day = statement_.number(1) != 0;
    item.recurring = statement_.number(2) != 0;
    item.organizer = statement_.text(4);
    if (!statement_.is_blob(3)) {
      item.location = statement_.text(3);
    } else {  // a word up to 14.1, a structure from 16.0 on
      item.location = items::PlaceName(place).read(statement_.blob(3));
    }
    return batch.keep(item.location) && batch.keep(item.organizer);
  }
  if (item.kind == Class::kTask) {
    item.complete = statement_.number(0) != 0;
    return true;
  }
  item.name = statement_.text(0);
  item.email = statement_.text(1);
  item.phone = statement_.text(2);
  return batch.keep(item.name) && batch.keep(item.email) && batch.keep(item.phone);
}

/// False: no room in this batch, the row is for the next.
Result<bool> SqlReader::add_item(const Statement& row, ItemDetails& details) {
  ItemRow item;
  item.id = static_cast<ItemId>(row.number(0));
  item.folder = static_cast<FolderId>(row.number(1));
  item.kind = static_cast<Class>(row.number(2));
  item.server_id = row.text(3);
  if (is_local(item.server_id)) item.server_id = {};
  item.subject = row.text(4);
  item.from = row.text(5);
  item.to = row.text(6);
  item.preview = row.text(7);
  item.categories = row.text(21);
  item.when_ms = row.number(9);
  item.importance = row.is_null(10) ? std::uint8_t{1} : static_cast<std::uint8_t>(row.number(10));
  item.reply_state = static_cast<std::uint8_t>(row.number(11));
  item.attachments = static_cast<std::uint32_t>(row.number(12));
  item.body_bytes_here = static_cast<std::uint64_t>(row.number(14));
  // The size that servers name is an estimate: what Truncated says counts, and a body that came without it is whole.
  item.body_bytes_total = static_cast<std::uint64_t>(row.number(13));
  const bool truncated = row.number(20) != 0;
  if (item.body_bytes_here > 0 && !truncated) item.body_bytes_total = item.body_bytes_here;
  if (truncated && item.body_bytes_total <= item.body_bytes_here) item.body_bytes_total = item.body_bytes_here + 1;
  item.body_type = static_cast<std::uint8_t>(row.number(15));
  item.read = row.number(16) != 0;
  item.flagged = row.number(17) == 2;
  item.edited_here = row.number(18) != 0;
  const std::size_t used = batch_.used();
  if (items::is_personal(item.kind) && !batch_.full()) {
    const Result<bool> kept = details.add(item, batch_);
    if (!kept.ok()) return kept.error();
    if (!kept.value()) {
      if (batch_.at_end()) return sql_error(SQLITE_TOOBIG);
      batch_.shrink(used);
      return false;
    }
  }
  if (batch_.full() || !batch_.keep(item.server_id) || !batch_.keep(item.subject) || !batch_.keep(item.from) ||
      !batch_.keep(item.to) || !batch_.keep(item.preview) || !batch_.keep(item.categories) ||
      !batch_.keep_hex(row.blob(8), item.conversation_id)) {
    if (batch_.at_end()) return sql_error(SQLITE_TOOBIG);
    batch_.shrink(used);
    return false;
  }
  batch_.next_free().item = item;
  batch_.added();
  ++sent_;
  return true;
}

bool SqlReader::add_gone(std::uint64_t id, std::uint32_t folder) {
  if (batch_.full()) return false;
  ItemRow item;
  item.id = static_cast<ItemId>(id);
  item.folder = static_cast<FolderId>(folder);
  item.gone = true;
  batch_.next_free().item = item;
  batch_.added();
  ++sent_;
  return true;
}

Status SqlReader::fill(const ItemRow&) {
  if constexpr (profile::kSearch) {
    if (!query_.words.empty()) return fill_matches();
  }
  if (query_.changed_since != 0 && query_.item == ItemId{}) return fill_changes();
  const bool one = query_.item != ItemId{};
  const bool all = query_.folder == FolderId{};
  char sql[900], kind[24] = "";
  if (query_.of_class)
    std::snprintf(kind, sizeof kind, " AND class=%d", static_cast<int>(query_.kind));
  else if (all && !one)
    std::snprintf(kind, sizeof kind, " AND class<>%d", static_cast<int>(Class::kRecipient));
  // Newest first, on from the last row: the index on (shown, received) ends in the row's id.
  std::snprintf(
      sql, sizeof sql, "SELECT %s FROM item WHERE %s AND %s%s%s%s%s%s", kItemColumns,
      one   ? "id=?1 AND ?2=?2 AND ?3=?3"_sql
      : all ? "?1=?1 AND (received,id)<(?2,?3)"_sql
            : "shown=?1 AND (received,id)<(?2,?3)"_sql,
      kVisible, query_.unread_only ? " AND read=0"_sql : "", query_.flagged_only ? " AND flag_status=2"_sql : "",
      query_.important_only ? " AND importance=2"_sql : "", kind, one ? "" : " ORDER BY received DESC,id DESC"_sql);
  Statement rows = prepare(database_, sql);
  Statement& row = rows;
  ItemDetails details(database_);
  row.number(1, one ? static_cast<std::int64_t>(query_.item) : static_cast<std::int64_t>(query_.folder))
      .number(2, when_)
      .number(3, sent_ == 0 ? INT64_MAX : last_);
  return fill_from(row, details, [&] {
    last_ = row.number(0);
    when_ = row.number(9);
    if (one) done_ = true;
  });
}

/// What changed after a generation, from the log of commits; before the log's beginning, from the rows themselves.
Status SqlReader::fill_changes() {
  Snapshot snapshot(database_);
  const Result<std::int64_t> first = query_number(database_, "SELECT id FROM commit_log ORDER BY id LIMIT 1"_sql);
  if (!first.ok()) return first.error();
  const std::uint64_t log_begins = static_cast<std::uint64_t>(first.value()) >> kPartBits;
  if (!changes_.older_done && query_.changed_since + 1 < log_begins) {
    HANDSYNC_TRY(fill_older_changes(log_begins));
    if (!changes_.older_done || done_) return Done{};
  }
  changes_.older_done = true;
  if (changes_.row == 0) changes_.row = static_cast<std::int64_t>((query_.changed_since + 1) << kPartBits);
  Statement log = prepare(database_, "SELECT id,data FROM commit_log WHERE id>=?1 ORDER BY id"_sql);
  char sql[700];
  std::snprintf(
      sql, sizeof sql, "SELECT %s FROM item WHERE id=?1 AND generation=?2 AND %s AND (?3=0 OR shown=?3)%s%s%s",
      kItemColumns, kVisible, query_.unread_only ? " AND read=0"_sql : "",
      query_.flagged_only ? " AND flag_status=2"_sql : "", query_.important_only ? " AND importance=2"_sql : "");
  Statement find = prepare(database_, sql);
  ItemDetails details(database_);
  log.number(1, changes_.row);
  for (;;) {
    const Result<bool> more = log.step();
    if (!more.ok()) return more.error();
    if (!more.value()) {
      done_ = true;
      return Done{};
    }
    const std::int64_t id = log.number(0);
    if (id != changes_.row) changes_.at = 0;
    changes_.row = id;
    const Bytes data = log.blob(1);
    while (changes_.at < data.size()) {
      if (enough()) {
        done_ = true;
        return Done{};
      }
      std::size_t at = changes_.at;
      LogEntry entry;
      static_cast<void>(next_log_entry(data, at, entry));
      if (entry.gone) {
        const bool wanted = query_.folder == FolderId{} || query_.folder == static_cast<FolderId>(entry.folder);
        if (wanted && !add_gone(entry.item, entry.folder)) return Done{};
      } else {
        // Only where its latest change is listed: an item appears once.
        Statement& item = find;
        item.number(1, entry.item)
            .number(2, static_cast<std::uint64_t>(id) >> kPartBits)
            .number(3, static_cast<std::uint32_t>(query_.folder));
        const Result<bool> row = item.step();
        if (!row.ok()) return row.error();
        if (row.value()) {
          const Result<bool> added = add_item(item, details);
          if (!added.ok()) return added.error();
          if (!added.value()) return Done{};
        }
        item.rewind();
      }
      changes_.at = at;
    }
  }
}

Status SqlReader::fill_older_changes(std::uint64_t before) {
  char sql[700];
  std::snprintf(
      sql, sizeof sql,
      "SELECT %s FROM item WHERE id>?1 AND generation>?2 AND generation<?3 AND class<>6 AND %s AND (?4=0 OR +shown=?4)"
      "%s%s%s"
      " ORDER BY id",
      kItemColumns, kVisible, query_.unread_only ? " AND read=0"_sql : "",
      query_.flagged_only ? " AND flag_status=2"_sql : "", query_.important_only ? " AND importance=2"_sql : "");
  Statement rows = prepare(database_, sql);
  Statement& row = rows;
  ItemDetails details(database_);
  row.number(1, last_)
      .number(2, query_.changed_since)
      .number(3, before)
      .number(4, static_cast<std::uint32_t>(query_.folder));
  for (;;) {
    if (enough()) {
      done_ = true;
      return Done{};
    }
    const Result<bool> more = row.step();
    if (!more.ok()) return more.error();
    if (!more.value()) {
      changes_.older_done = true;
      return Done{};
    }
    const Result<bool> added = add_item(row, details);
    if (!added.ok()) return added.error();
    if (!added.value()) return Done{};
    last_ = row.number(0);
  }
}

// -- the properties of one item
// --------------------------------------------------------------------------------------------------------------------

Result<Cursor<PropertyRow>*> SqlReader::properties(ItemId id) {
  query_ = {};
  query_.item = id;
  return start(properties_);
}

/// Where a value stands.
Result<bool> SqlReader::find_value(std::uint64_t item, Class kind, items::PropertyId id, std::uint32_t n,
                                   Value& value) {
  const items::Property* row = items::find_property(kind, id);
  Statement side = prepare(database_, "SELECT data,blob,size FROM extra WHERE item=?1 AND property=?2 AND n=?3"_sql);
  value.statement = std::move(side);
  const Result<bool> found = value.statement.number(1, item).number(2, static_cast<int>(id)).number(3, n).step();
  if (!found.ok()) return found.error();
  if (found.value()) {
    value.blob = static_cast<std::uint64_t>(value.statement.number(1));
    value.inline_data = value.statement.blob(0);
    value.bytes = value.blob != 0 ? static_cast<std::uint64_t>(value.statement.number(2)) : value.inline_data.size();
    return true;
  }
  if (id != items::kRest && (row == nullptr || row->place != items::Place::kItem)) return false;
  char sql[96];
  std::snprintf(sql, sizeof sql, "SELECT %s FROM item WHERE id=?1", id == items::kRest ? "rest" : row->column);
  Statement column = prepare(database_, sql);
  value.statement = std::move(column);
  const Result<bool> there = value.statement.number(1, item).step();
  if (!there.ok()) return there.error();
  if (!there.value() || value.statement.is_null(0)) return false;
  value.blob = 0;
  value.inline_data = value.statement.blob(0);
  value.bytes = value.inline_data.size();
  return true;
}

Result<Class> SqlReader::class_of_item(ItemId id) {
  char sql[160];
  std::snprintf(sql, sizeof sql, "SELECT class FROM item WHERE id=?1 AND %s", kVisible);
  const Result<std::int64_t> kind = query_number(prepare(database_, sql).number(1, static_cast<std::uint64_t>(id)), -1);
  if (!kind.ok()) return kind.error();
  if (kind.value() < 0) return Error{Domain::kSqlite, kNoSuchItem, static_cast<std::uint32_t>(id)};
  return static_cast<Class>(kind.value());
}

Status SqlReader::fill(const PropertyRow&) {
  Snapshot snapshot(database_);
  const auto item = static_cast<std::uint64_t>(query_.item);
  const Result<Class> kind = class_of_item(query_.item);
  if (!kind.ok()) return kind.error();
  const std::span<const items::Property> table = items::properties(kind.value());
  // last_: rows of the table that are done, then pieces of the rest.
  for (;; ++last_) {
    const auto at = static_cast<std::size_t>(last_);
    PropertyRow property;
    std::uint32_t n = 0;
    if (at < table.size()) {
      const items::Property& row = table[at];
      const bool own = row.parent == 0 && (row.place == items::Place::kItem || row.place == items::Place::kExtra);
      if (!own || row.id == items::kNativeBodyType) continue;
      property.id = row.id;
      if constexpr (profile::kElementNames) property.name = wbxml::tag_name(row.tag);
      property.structured = row.kind == items::Kind::kRaw;
      property.list = row.kind == items::Kind::kList;
    } else {
      // The first piece stands in the item's row, others beside it.
      n = static_cast<std::uint32_t>(at - table.size());
      if (n > kRestBlobsMax) break;
      property.id = items::kRest;
      property.structured = true;
    }
    Value value;
    const bool first_rest = property.id == items::kRest && n == 0;
    const Result<bool> found = find_value(item, kind.value(), property.id,
                                          first_rest ? UINT32_MAX
                                          : n == 0   ? 0
                                                     : n - 1,
                                          value);
    if (!found.ok()) return found.error();
    if (!found.value() || (property.id == items::kRest && n != 0 && value.blob == 0)) continue;
    property.bytes = value.bytes;
    std::byte beginning[kInlineBytesMax];
    if (value.blob != 0) {
      const Result<std::size_t> read = read_blob(value.blob, 0, beginning);
      if (!read.ok()) return read.error();
      property.value = text_of(Bytes(beginning, read.value()));
    } else {
      property.value = text_of(value.inline_data.first(
          value.inline_data.size() < kInlineBytesMax ? value.inline_data.size() : kInlineBytesMax));
    }
    if (batch_.full() || !batch_.keep(property.value)) {
      if (batch_.at_end()) return sql_error(SQLITE_TOOBIG);
      return Done{};
    }
    batch_.next_free().property = property;
    batch_.added();
  }
  done_ = true;
  return Done{};
}

Result<std::size_t> SqlReader::property(ItemId id, std::uint16_t property, std::uint64_t offset, Room room) {
  Snapshot snapshot(database_);
  return read_value(id, property, offset, room);
}

Result<std::size_t> SqlReader::read_value(ItemId id, items::PropertyId property, std::uint64_t offset, Room room) {
  const Result<Class> kind = class_of_item(id);
  if (!kind.ok()) return kind.error();
  Value value;
  const Result<bool> found = find_value(static_cast<std::uint64_t>(id), kind.value(), property, 0, value);
  if (!found.ok()) return found.error();
  if (!found.value() || offset >= value.bytes) return std::size_t{0};
  if (value.blob != 0) return read_blob(value.blob, offset, room);
  Bytes data = value.inline_data.subspan(static_cast<std::size_t>(offset));
  if (data.size() > room.size()) data = data.first(room.size());
  for (std::size_t i = 0; i < data.size(); ++i) room[i] = data[i];
  return data.size();
}

}  // namespace handsync::replica
