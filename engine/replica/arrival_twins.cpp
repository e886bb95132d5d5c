/// Which row an arriving item is: by its id, or, where ids may have been given anew or an answer was lost, by what it
/// is.
#include <cstdio>

#include "replica/applier.h"

namespace handsync::replica {

using items::Place;
using items::Property;

Result<bool> Applier::find(Text server_id, ItemNow& now) {
  Statement find = store_.kept_statement(Sql::kItemFind);
  const Result<bool> row = find.number(1, folder()).text(2, server_id).step();
  if (row.ok() && row.value()) now = item_now_of(find);
  return row;
}

/// As find_twin, of an item that is told by the properties with kIdentity.
Result<bool> Applier::find_personal_twin(const ItemRecord& item, ItemNow& now) {
  char sql[1536];
  int size = std::snprintf(sql, sizeof sql, "%s", HANDSYNC_ITEM_NOW " WHERE folder=?1 AND epoch<>?2"_sql);
  Text values[12];
  int count = 0;
  for (const Property& row : items::properties(item.kind)) {
    if ((row.traits & items::kIdentity) == 0 || count == 12) continue;
    const PropertyValue* value = item.find(row.id);
    values[count++] = value == nullptr ? Text() : text_of(value->data);
    if (size < 0 || static_cast<std::size_t>(size) >= sizeof sql) return sql_error(SQLITE_TOOBIG);
    const std::size_t left = sizeof sql - static_cast<std::size_t>(size);
    size += row.place == Place::kItem
                ? std::snprintf(sql + size, left, " AND coalesce(%s,'')=?%d", row.column, count + 2)
                : std::snprintf(sql + size, left,
                                " AND coalesce((SELECT data FROM extra WHERE item=item.id AND property=%d),'')=?%d",
                                static_cast<int>(row.id), count + 2);
  }
  bool told = false;
  for (int i = 0; i < count; ++i) told = told || !values[i].empty();
  if (!told || size < 0 || static_cast<std::size_t>(size) + 9 > sizeof sql) return false;
  std::snprintf(sql + size, sizeof sql - static_cast<std::size_t>(size), " LIMIT 2");
  Statement twins = prepare(store_.database, sql, folder(), epoch_);
  for (int i = 0; i < count; ++i) twins.text(i + 3, values[i]);
  return only_row(twins, now);
}

Status Applier::adopt(std::uint64_t item, Text server_id) {
  return run_sql(store_.database, "UPDATE item SET server_id=?2 WHERE id=?1"_sql, item, server_id);
}

/// A draft that was made here and handed over, of which no answer came.
Result<bool> Applier::find_sent_draft(const ItemRecord& item, ItemNow& now) {
  if (item.number(items::kIsDraft, 0) == 0) return false;
  const PropertyValue* subject = item.find(items::kSubject);
  const PropertyValue* to = item.find(items::kTo);
  const Result<std::uint64_t> twin = draft_twin(store_, folder(), subject == nullptr ? Text() : text_of(subject->data),
                                                to != nullptr && !to->data.empty(), item.attachment_count);
  if (!twin.ok()) return twin.error();
  if (twin.value() == 0) return false;
  ++applied_.confirmed;
  HANDSYNC_TRY(adopt(twin.value(), item.server_id));
  return find(item.server_id, now);
}

/// True when there is exactly one.
Result<bool> Applier::only_row(Statement& statement, ItemNow& now) {
  const Result<bool> row = statement.step();
  if (!row.ok() || !row.value()) return row;
  now = item_now_of(statement);
  const Result<bool> another = statement.step();
  if (!another.ok()) return another;
  return !another.value();
}

/// During a re-key a server may have given new ids: the one row not yet confirmed that is the same mail.
Result<bool> Applier::find_twin(const ItemRecord& item, ItemNow& now) {
  if (items::is_personal(item.kind)) return find_personal_twin(item, now);
  Statement twins = prepare(store_.database,
                            // wherever it is listed: the index begins with that
                            HANDSYNC_ITEM_NOW
                            " WHERE shown IN (SELECT ?1 UNION SELECT 0 UNION SELECT value FROM change"
                            " WHERE folder=?1 AND kind=4 AND parked=0) AND folder=?1 AND received=?2 AND epoch<>?3 AND "
                            "coalesce(subject,'')=?4 AND coalesce(author,'')=?5 AND"
                            " coalesce(message_class,'')=?6 LIMIT 2"_sql);
  const auto text = [&](items::PropertyId id) {
    const PropertyValue* value = item.find(id);
    return value == nullptr ? Text() : text_of(value->data);
  };
  Statement& statement = twins;
  statement.number(1, folder())
      .number(2, item.number(items::kDateReceived, 0))
      .number(3, epoch_)
      .text(4, text(items::kSubject))
      .text(5, text(items::kFrom))
      .text(6, text(items::kMessageClass));
  return only_row(statement, now);
}

}  // namespace handsync::replica
