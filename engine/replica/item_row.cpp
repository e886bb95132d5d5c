#include "replica/item_row.h"

#include <cstdarg>
#include <cstdio>

#include "items/datetime.h"

namespace handsync::replica {
namespace {

using items::Kind;
using items::Place;
using items::Property;

enum Parameter : int {
  kId = 1,
  kFolder,
  kServerId,
  kClass,
  kGeneration,
  kEpoch,
  kEdits,
  kBodyBlob,
  kBodyHere,
  kAttachmentList,
  kAttachmentCount,
  kRestData,
  kFirstRow
};

/// Appends to a text of fixed size; what does not fit is a mistake of this file and shows as an SQL error.
class Sentence {
 public:
  Sentence(char* to, std::size_t size) : to_(to), left_(size) {}
  __attribute__((format(printf, 2, 3))) void add(const char* format, ...) {
    va_list values;
    va_start(values, format);
    const int written = std::vsnprintf(to_, left_, format, values);
    va_end(values);
    if (written < 0 || static_cast<std::size_t>(written) >= left_) return;
    to_ += written;
    left_ -= static_cast<std::size_t>(written);
  }

 private:
  char* to_;
  std::size_t left_;
};

/// Columns that are compared or sorted by are never NULL.
bool zero_when_absent(items::PropertyId id) {
  return id == items::kDateReceived || id == items::kBodyType || id == items::kBodySize || id == items::kBodyTruncated;
}

void bind_value(Statement& statement, int at, const Property& row, const PropertyValue& value) {
  if (value.form == PropertyValue::Form::kAbsent) {
    if (zero_when_absent(row.id)) statement.number(at, 0);  // NULL it is already: bindings begin cleared
  } else if (row.kind == Kind::kNumber || row.kind == Kind::kBool || row.kind == Kind::kDate) {
    statement.number(at, items::number_of(value.data));
  } else if (row.kind == Kind::kBytes || row.kind == Kind::kRaw) {
    statement.blob(at, value.data);
  } else {
    statement.text(at, text_of(value.data));
  }
}

/// The columns of `item` are those of the mail's rows; parameters are numbered by them.
std::span<const Property> column_rows() { return items::properties(Class::kEmail); }

/// Is this column written? `rows` null: every one is.
bool touches(const ItemRecord& item, const Property& column, const RowSet* rows) {
  if (rows == nullptr) return true;
  const auto table = items::properties(item.kind);
  if (items::is_personal(item.kind) && column.id == items::kDateReceived) {
    for (std::size_t i = 0; i < table.size(); ++i) {
      if ((table[i].traits & items::kSorts) != 0) return rows->has(i);
    }
    return false;
  }
  const Property* row = items::find_property(item.kind, column.id);
  return row != nullptr && rows->has(static_cast<std::size_t>(row - table.data()));
}

void bind_rows(Statement& statement, const ItemRecord& item, const ItemColumns& columns, const RowSet* rows) {
  const std::span<const Property> table = column_rows();
  const bool personal = items::is_personal(item.kind);
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Property& row = table[i];
    if (row.place != Place::kItem || !touches(item, row, rows)) continue;
    const int at = kFirstRow + static_cast<int>(i);
    if (row.id == items::kRead) {
      statement.number(at, columns.read ? 1 : 0);
    } else if (row.id == items::kFlagStatus) {
      statement.number(at, static_cast<int>(columns.flag_status));
    } else if (personal && row.id == items::kDateReceived) {
      statement.number(at, item.date());
    } else if (personal) {
      const PropertyValue* value = item.find(row.id);
      bind_value(statement, at, row, value != nullptr ? *value : PropertyValue{});
    } else {
      bind_value(statement, at, row, item.present.has(i) ? item.values[i] : PropertyValue{});
    }
  }
}

}  // namespace

const PropertyValue* ItemRecord::find(items::PropertyId id) const {
  const Property* row = items::find_property(kind, id);
  if (row == nullptr) return nullptr;
  const auto index = static_cast<std::size_t>(row - items::properties(kind).data());
  return present.has(index) ? &values[index] : nullptr;
}

void ItemRecord::forget(items::PropertyId id) {
  const items::Property* row = items::find_property(kind, id);
  if (row == nullptr) return;
  present.remove(static_cast<std::size_t>(row - items::properties(kind).data()));
}

std::int64_t sort_value(const Property& row, Text text) {
  if (row.form != items::Form::kNumber) {
    const Result<std::int64_t> date = items::parse_date_time(text);
    return date.ok() ? date.value() : 0;
  }
  std::int64_t number = 0;
  for (std::size_t i = 0; i < text.size() && i < 18 && text[i] >= '0' && text[i] <= '9'; ++i)
    number = number * 10 + (text[i] - '0');
  return number;
}

std::int64_t ItemRecord::date() const {
  if (!items::is_personal(kind)) return number(items::kDateReceived, 0);
  const std::span<const Property> table = items::properties(kind);
  for (std::size_t i = 0; i < table.size(); ++i) {
    if ((table[i].traits & items::kSorts) == 0 || !present.has(i)) continue;
    return sort_value(table[i], text_of(values[i].data));
  }
  return 0;
}

bool ItemRecord::says_all() const {
  if (!items::is_personal(kind)) return false;
  const std::span<const Property> table = items::properties(kind);
  bool marked = false;
  for (std::size_t i = 0; i < table.size(); ++i) {
    if ((table[i].traits & items::kMarks) == 0) continue;
    if (present.has(i)) return true;
    marked = true;
  }
  return !marked && !present.empty();
}

std::int64_t ItemRecord::number(items::PropertyId id, std::int64_t otherwise) const {
  const PropertyValue* value = find(id);
  return value == nullptr ? otherwise : items::number_of(value->data);
}

ItemNow item_now_of(const Statement& row) {
  ItemNow now;
  now.id = static_cast<std::uint64_t>(row.number(0));
  now.generation = static_cast<std::uint64_t>(row.number(1));
  now.epoch = static_cast<std::uint64_t>(row.number(2));
  now.body_blob = static_cast<std::uint64_t>(row.number(3));
  now.body_here = static_cast<std::uint64_t>(row.number(4));
  now.attachment_list = static_cast<std::uint64_t>(row.number(5));
  now.body_type = row.number(6);
  now.body_size = row.number(7);
  now.edits = static_cast<std::uint32_t>(row.number(8));
  now.read = row.number(9) != 0;
  now.body_truncated = row.number(10) != 0;
  now.flag_status = static_cast<std::uint8_t>(row.number(11));
  now.shown = static_cast<std::uint32_t>(row.number(12));
  return now;
}

void write_item_sql(char (&sql)[kItemSqlBytesMax], bool insert) {
  const std::span<const Property> table = column_rows();
  Sentence sentence(sql, sizeof sql);
  if (!insert) {
    sentence.add(
        "UPDATE item SET generation=?%d,epoch=?%d,edits=?%d,body_blob=?%d,body_here=?%d,attachment_list=?%d,"
        "attachment_count=?%d,rest=?%d",
        kGeneration, kEpoch, kEdits, kBodyBlob, kBodyHere, kAttachmentList, kAttachmentCount, kRestData);
    for (std::size_t i = 0; i < table.size(); ++i) {
      if (table[i].place == Place::kItem) sentence.add(",%s=?%d", table[i].column, kFirstRow + static_cast<int>(i));
    }
    sentence.add(" WHERE id=?%d", static_cast<int>(kId));
    return;
  }
  sentence.add(
      "%s",
      "INSERT INTO item(id,folder,shown,server_id,class,generation,epoch,edits,body_blob,body_here,attachment_list,"
      "attachment_count,rest"_sql);
  for (const Property& row : table) {
    if (row.place == Place::kItem) sentence.add(",%s", row.column);
  }
  sentence.add("%s", ") VALUES(?1,?2"_sql);
  for (int at = kFolder; at < kFirstRow; ++at) sentence.add(",?%d", at);
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].place == Place::kItem) sentence.add(",?%d", kFirstRow + static_cast<int>(i));
  }
  sentence.add("%s", ")");
}

void write_change_sql(char (&sql)[kItemSqlBytesMax], const ItemRecord& item, const ChangedParts& parts) {
  const std::span<const Property> table = column_rows();
  Sentence sentence(sql, sizeof sql);
  sentence.add("UPDATE item SET generation=?%d,epoch=?%d", kGeneration, kEpoch);
  if (parts.body) sentence.add(",body_blob=?%d,body_here=?%d", kBodyBlob, kBodyHere);
  if (parts.attachments) sentence.add(",attachment_list=?%d,attachment_count=?%d", kAttachmentList, kAttachmentCount);
  if (parts.rest) sentence.add(",rest=?%d", kRestData);
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].place == Place::kItem && touches(item, table[i], &parts.rows)) {
      sentence.add(",%s=?%d", table[i].column, kFirstRow + static_cast<int>(i));
    }
  }
  sentence.add(" WHERE id=?%d", static_cast<int>(kId));
}

void bind_item(Statement& statement, const ItemRecord& item, const ItemColumns& columns) {
  statement.number(kId, columns.id)
      .number(kFolder, columns.folder)
      .text(kServerId, item.server_id)
      .number(kClass, static_cast<int>(item.kind))
      .number(kGeneration, columns.generation)
      .number(kEpoch, columns.epoch)
      .number(kEdits, columns.edits)
      .number(kBodyBlob, columns.body_blob)
      .number(kBodyHere, columns.body_here)
      .number(kAttachmentList, columns.attachment_list)
      .number(kAttachmentCount, columns.attachment_count);
  if (item.rest.empty()) {
    statement.null(kRestData);
  } else {
    statement.blob(kRestData, item.rest);
  }
  bind_rows(statement, item, columns, nullptr);
}

void bind_change(Statement& statement, const ItemRecord& item, const ItemColumns& columns, const ChangedParts& parts) {
  statement.number(kId, columns.id).number(kGeneration, columns.generation).number(kEpoch, columns.epoch);
  if (parts.body) statement.number(kBodyBlob, columns.body_blob).number(kBodyHere, columns.body_here);
  if (parts.attachments) {
    statement.number(kAttachmentList, columns.attachment_list).number(kAttachmentCount, columns.attachment_count);
  }
  if (parts.rest) statement.blob(kRestData, item.rest);
  bind_rows(statement, item, columns, &parts.rows);
}

}  // namespace handsync::replica
