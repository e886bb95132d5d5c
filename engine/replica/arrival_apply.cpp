/// The one commit: an arrival log becomes rows. Runs inside one transaction; any error rolls all of it back.
#include <bit>
#include <cstdio>
#include <new>

#include "replica/arrival_state.h"
#include "replica/edits.h"
#include "replica/item_edits.h"
#include "replica/planted.h"

namespace handsync::replica {
namespace {

using items::Operation;
using items::Place;
using items::Property;

/// What one commit needs beside the store: a record, its rest, and what is known of the folder.
class Applier {
 public:
  Applier(StoreState& store, ArrivalState& arrival) : store_(store), arrival_(arrival) {}
  Result<Applied> run(Text new_sync_key, bool more, std::int64_t wall_ms, ItemRecord& record, Room rest);

 private:
  std::uint32_t folder() const { return static_cast<std::uint32_t>(arrival_.folder.id); }
  FolderType folder_type() const { return arrival_.folder.type; }
  Status look_at_folder(Text new_sync_key);
  Result<bool> any(const char* sql);
  template <class Each>
  Status each_record(ItemRecord& record, Room rest, Each each);
  void goes_again(std::uint32_t status);
  Status answer(const ItemRecord&);
  Status command(ItemRecord&);
  Status upsert(ItemRecord&, bool whole);
  Status insert(ItemRecord&);
  Status replace(ItemRecord&, const ItemNow&, bool whole);
  Status remove(const ItemRecord&);
  Status discard(const ItemRecord&);
  Status park_item(const ItemRecord&);
  Status write_extras(const ItemRecord&, std::uint64_t item);
  Result<bool> has_extras(std::uint64_t item);
  Status delete_extras(std::uint64_t item, items::PropertyId from, items::PropertyId to);
  Result<bool> find(Text server_id, ItemNow&);
  Result<bool> find_twin(const ItemRecord&, ItemNow&);
  Result<bool> find_personal_twin(const ItemRecord&, ItemNow&);
  Result<bool> find_sent_draft(const ItemRecord&, ItemNow&);
  Result<bool> only_row(Statement&, ItemNow&);
  Result<bool> same_beginning(std::uint64_t part, std::uint64_t part_bytes, std::uint64_t whole);
  Status judge(const ItemRecord&, const ItemNow&, bool whole, ItemColumns&);
  Status count_unread(const ItemNow&, std::int64_t delta);
  Status unlist(std::uint64_t item, std::uint32_t shown, bool read);
  Status remove_unconfirmed();
  Status finish(Text new_sync_key, bool more, std::int64_t wall_ms);
  /// Recipients are no news to anybody and are not searched: the log of commits does not have them.
  Status told(std::uint64_t item) {
    return folder_type() == FolderType::kRecipients ? Status(Done{}) : store_.log.changed(store_, item);
  }
  Status changed(std::uint64_t item, std::uint64_t generation_before) {
    if (generation_before == store_.log.generation()) return Done{};  // already listed by this commit
    return told(item);
  }

  StoreState& store_;
  ArrivalState& arrival_;
  Applied applied_;
  std::uint64_t epoch_ = 0, next_item_ = 0;
  std::int64_t items_delta_ = 0, unread_delta_ = 0;
  bool rekeying_ = false, edits_ = false, parked_ = false;
};

Result<bool> Applier::any(const char* sql) {
  const Result<std::int64_t> found = query_number(prepare(store_.database, sql).number(1, folder()));
  if (!found.ok()) return found.error();
  return found.value() != 0;
}

Status Applier::look_at_folder(Text new_sync_key) {
  {
    Statement look =
        prepare(store_.database, "SELECT sync_key,rekeying,epoch,selected,gone,emptying FROM folder WHERE id=?1");
    const Result<bool> row = look.number(1, folder()).step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Error{Domain::kSqlite, kOvertaken, folder()};
    const Statement& f = look;
    const bool other_key = !new_sync_key.empty() && f.text(0) != arrival_.folder.sync_key.view() &&
                           !planted::on(planted::Bug::kKeyWithoutCommit);
    if (other_key || f.number(3) == 0 || f.number(4) != 0 || f.number(5) != 0) {
      return Error{Domain::kSqlite, kOvertaken, folder()};
    }
    rekeying_ = f.number(1) != 0;
    epoch_ = static_cast<std::uint64_t>(f.number(2));
  }
  const Result<bool> edits = any("SELECT EXISTS(SELECT 1 FROM change WHERE folder=?1)");
  if (!edits.ok()) return edits.error();
  edits_ = edits.value();
  const Result<bool> parked = any("SELECT EXISTS(SELECT 1 FROM parked WHERE folder=?1)");
  if (!parked.ok()) return parked.error();
  parked_ = parked.value();
  const Result<std::uint64_t> next = store_.counter(kNextItem, 1);
  if (!next.ok()) return next.error();
  next_item_ = next.value();
  return Done{};
}

/// All records: those spilled to rows, then those still in RAM.
template <class Each>
Status Applier::each_record(ItemRecord& record, Room rest, Each each) {
  const auto walk = [&](Bytes log) -> Status {
    LogReader reader(log);
    for (;;) {
      const Result<bool> next = reader.next(record, rest);
      if (!next.ok()) return next.error();
      if (!next.value()) return Done{};
      HANDSYNC_TRY(each(record));
    }
  };
  if (arrival_.log_rows != 0) {
    Statement rows = prepare(store_.database, "SELECT data FROM arrival_log ORDER BY id");
    std::uint32_t found = 0;
    for (;; ++found) {
      const Result<bool> row = rows.step();
      if (!row.ok()) return row.error();
      if (!row.value()) break;
      HANDSYNC_TRY(walk(rows.blob(0)));
    }
    if (found != arrival_.log_rows) return Error{Domain::kSqlite, kUnsound, found};
  }
  return walk(Bytes(arrival_.log, arrival_.log_bytes));
}

Result<Applied> Applier::run(Text new_sync_key, bool more, std::int64_t wall_ms, ItemRecord& record, Room rest) {
  HANDSYNC_TRY(look_at_folder(new_sync_key));
  HANDSYNC_TRY(store_.start_log());
  const std::uint32_t request = new_sync_key.empty() ? 0 : arrival_.request;
  if (arrival_.answers != 0 && request != 0) {
    HANDSYNC_TRY(each_record(record, rest, [this](const ItemRecord& item) { return answer(item); }));
  }
  HANDSYNC_TRY(each_record(record, rest, [this](ItemRecord& item) { return command(item); }));
  if (request != 0 && edits_) {
    const Result<std::uint32_t> confirmed = confirm_request(store_, folder(), request);
    if (!confirmed.ok()) return confirmed.error();
    applied_.confirmed += confirmed.value();
  }
  // Key 0 is answered with a key and nothing else: that is no complete resync.
  if (arrival_.folder.sync_key.view() == "0") more = true;
  HANDSYNC_TRY(finish(new_sync_key, more, wall_ms));
  applied_.generation = store_.log.generation();
  return applied_;
}

// -- answers to our own changes
// ---------------------------------------------------------------------------------------------------

Status Applier::answer(const ItemRecord& item) {
  if (item.operation < Operation::kAnswerAdd || item.operation == Operation::kAnswerFetch) return Done{};
  if (item.operation == Operation::kAnswerAdd) {
    // An id says that it has been taken, whether or not a Status does.
    if ((item.status == 1 || !item.has_status) && !item.server_id.empty()) {
      return adopt_item(store_, folder(), arrival_.request, item.client_id, item.server_id, applied_.confirmed);
    }
    const std::uint32_t status = item.status > 1 ? item.status : 6;
    const Result<std::uint32_t> refused = refuse_add(store_, folder(), arrival_.request, item.client_id, status);
    if (!refused.ok()) return refused.error();
    applied_.parked += refused.value();
    goes_again(status);
    return Done{};
  }
  if (!item.has_status || item.status == 1) return Done{};
  const Result<std::uint32_t> parked = apply_answer(store_, folder(), arrival_.request, item.server_id, item.status);
  if (!parked.ok()) return parked.error();
  applied_.parked += parked.value();
  goes_again(item.status);
  return Done{};
}

void Applier::goes_again(std::uint32_t status) {
  if (may_pass(status) && applied_.again != kStatusFull) applied_.again = status;
}

// -- items
// ------------------------------------------------------------------------------------------------------------------------

Status Applier::command(ItemRecord& item) {
  switch (item.operation) {
    case Operation::kAdd:
      return upsert(item, true);
    case Operation::kChange:
      return upsert(item, false);
    case Operation::kDelete:
    case Operation::kSoftDelete:
      return remove(item);
    case Operation::kAnswerChange:
    case Operation::kAnswerFetch:
      if ((!item.has_status || item.status == 1) && !item.present.empty()) return upsert(item, false);
      return discard(item);
    case Operation::kAnswerAdd:
      // From 16.0 on: what the server made of it beside what was sent (MS-ASCMD 2.2.3.7.2).
      if (item.status == 1 && !item.present.empty()) return upsert(item, false);
      return discard(item);
    case Operation::kAnswerDelete:
      return discard(item);
  }
  return discard(item);
}

Result<bool> Applier::find(Text server_id, ItemNow& now) {
  Statement find = store_.kept_statement(Sql::kItemFind);
  const Result<bool> row = find.number(1, folder()).text(2, server_id).step();
  if (row.ok() && row.value()) now = item_now_of(find);
  return row;
}

/// As find_twin, of an item that is told by the properties with kIdentity.
Result<bool> Applier::find_personal_twin(const ItemRecord& item, ItemNow& now) {
  char sql[1536];
  int size = std::snprintf(sql, sizeof sql, "%s", HANDSYNC_ITEM_NOW " WHERE folder=?1 AND epoch<>?2");
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
  Statement twins = prepare(store_.database, sql);
  twins.number(1, folder()).number(2, epoch_);
  for (int i = 0; i < count; ++i) twins.text(i + 3, values[i]);
  return only_row(twins, now);
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
  HANDSYNC_TRY(prepare(store_.database, "UPDATE item SET server_id=?2 WHERE id=?1")
                   .number(1, twin.value())
                   .text(2, item.server_id)
                   .run());
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
                            " coalesce(message_class,'')=?6 LIMIT 2");
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

Status Applier::upsert(ItemRecord& item, bool whole) {
  if (!item.fault && item.server_id.empty()) item.fault = Error{Domain::kEas, 6, 0};
  if (item.fault) return park_item(item);
  if (parked_) {
    HANDSYNC_TRY(prepare(store_.database, "DELETE FROM parked WHERE folder=?1 AND server_id=?2")
                     .number(1, folder())
                     .text(2, item.server_id)
                     .run());
  }
  ItemNow now;
  const bool draft = item.number(items::kIsDraft, 0) != 0;
  if (whole && !rekeying_ && !(draft && edits_)) {
    // The common case first: nobody has this id, and the unique index says so for nothing.
    const Status inserted = insert(item);
    if (inserted.ok()) return Done{};
    if (inserted.error().domain != Domain::kSqlite || (inserted.error().code & 0xFF) != SQLITE_CONSTRAINT) {
      return inserted;
    }
  }
  Result<bool> found = find(item.server_id, now);
  if (!found.ok()) return found.error();
  if (!found.value() && whole && edits_ && !items::is_personal(item.kind)) {
    found = find_sent_draft(item, now);
    if (!found.ok()) return found.error();
  }
  if (!found.value() && whole && rekeying_) {
    found = find_twin(item, now);
    if (!found.ok()) return found.error();
    if (found.value()) {
      HANDSYNC_TRY(prepare(store_.database, "UPDATE item SET server_id=?2 WHERE id=?1")
                       .number(1, now.id)
                       .text(2, item.server_id)
                       .run());
      if (edits_) {
        HANDSYNC_TRY(item.kind == Class::kSms ? text_is_there(store_, now.id, applied_.confirmed)
                                              : settle_add(store_, now.id, applied_.confirmed));
        found = find(item.server_id, now);
        if (!found.ok()) return found.error();
      }
    }
  }
  if (found.value()) return replace(item, now, whole || item.says_all());
  // Some servers send a Change for what they never sent as Add. It is one if it says what the mail is.
  const bool enough = items::is_personal(item.kind)
                          ? item.says_all()
                          : item.has(items::kDateReceived) || item.has(items::kSubject) || item.has(items::kFrom);
  if (whole || (enough && item.operation == Operation::kChange)) return insert(item);
  return discard(item);
}

Status Applier::insert(ItemRecord& item) {
  ItemColumns columns;
  columns.id = next_item_;
  columns.folder = folder();
  columns.generation = store_.log.generation();
  columns.epoch = epoch_;
  columns.read = items::is_personal(item.kind) || item.number(items::kRead, 0) != 0;
  columns.flag_status = static_cast<std::uint8_t>(item.number(items::kFlagStatus, 0));
  columns.attachment_list = item.attachment_list;
  columns.attachment_count = item.attachment_count;
  if (const PropertyValue* body = item.find(items::kBodyData)) {
    columns.body_blob = body->blob;
    columns.body_here = body->size;
  }
  {
    Statement insert = store_.kept_statement(Sql::kItemInsert);
    bind_item(insert, item, columns);
    HANDSYNC_TRY(insert.run());
  }
  ++next_item_;
  ++items_delta_;
  if (!columns.read) ++unread_delta_;
  ++applied_.added;
  HANDSYNC_TRY(write_extras(item, columns.id));
  return told(columns.id);
}

/// What to show of read and flag when the server has spoken and edits may wait.
Status Applier::judge(const ItemRecord& item, const ItemNow& now, bool whole, ItemColumns& columns) {
  columns.read = now.read;
  columns.flag_status = now.flag_status;
  if (items::is_personal(item.kind)) return Done{};
  if (whole || item.has(items::kRead)) {
    std::int64_t read = item.number(items::kRead, 0);
    if (edits_ && !planted::on(planted::Bug::kEditOverwritten)) {
      const Result<std::int64_t> shown = judge_server_value(store_, now.id, EditKind::kRead, read);
      if (!shown.ok()) return shown.error();
      read = shown.value();
    }
    columns.read = read != 0;
  }
  if (whole || item.has(items::kFlag) || item.has(items::kFlagStatus)) {
    std::int64_t status = item.number(items::kFlagStatus, 0);
    if (edits_) {
      const Result<std::int64_t> shown = judge_server_value(store_, now.id, EditKind::kFlag, status);
      if (!shown.ok()) return shown.error();
      status = shown.value();
    }
    columns.flag_status = static_cast<std::uint8_t>(status);
  }
  return Done{};
}

/// Whether a blob's bytes are the beginning of another's.
Result<bool> Applier::same_beginning(std::uint64_t part, std::uint64_t part_bytes, std::uint64_t whole) {
  if (part == 0 || part_bytes == 0) return true;
  const Result<std::int64_t> same =
      query_number(prepare(store_.database,
                           "SELECT count(*) FROM body_chunk a JOIN body_chunk b ON b.id=a.id-?1+?3"
                           " WHERE a.id>=?1 AND a.id<?2 AND a.data=substr(b.data,1,length(a.data))")
                       .number(1, part << kChunkBits)
                       .number(2, (part + 1) << kChunkBits)
                       .number(3, whole << kChunkBits));
  if (!same.ok()) return same.error();
  return same.value() == static_cast<std::int64_t>((part_bytes + kChunkBytes - 1) / kChunkBytes);
}

Status Applier::replace(ItemRecord& item, const ItemNow& now, bool whole) {
  const bool fetched = item.operation == Operation::kAnswerFetch;
  if (fetched && !items::is_personal(item.kind)) {
    const Result<bool> stale = was_stale(store_, now.id);
    if (!stale.ok()) return stale.error();
    whole |= stale.value();
  }
  ItemColumns columns;
  columns.id = now.id;
  columns.generation = store_.log.generation();
  // A body fetched while a re-key runs confirms nothing: the item may go before the re-key has come to it.
  columns.epoch = fetched ? now.epoch : epoch_;
  columns.edits = now.edits;
  HANDSYNC_TRY(judge(item, now, whole, columns));
  HANDSYNC_TRY(count_unread(now, (now.read ? 1 : 0) - (columns.read ? 1 : 0)));

  ChangedParts parts;
  // A body that is left out of a Change has not changed.
  const bool no_body = item.operation != Operation::kAdd && items::is_personal(item.kind);
  parts.body = (whole && !no_body) || item.has(items::kBody) || item.has(items::kBodyData);
  parts.attachments = whole || item.has(items::kAttachments);
  parts.rest = whole || !item.rest.empty() || item.rest_blob_count != 0;
  parts.flag = whole || item.has(items::kFlag);
  if (parts.body) {
    const PropertyValue* data = item.find(items::kBodyData);
    columns.body_blob = data == nullptr ? 0 : data->blob;
    columns.body_here = data == nullptr ? 0 : data->size;
    // A shorter piece of the very body that is here does not replace it: it was fetched whole, the mail has not
    // changed.
    const bool shorter = item.number(items::kBodyTruncated, 0) != 0 && columns.body_here < now.body_here &&
                         item.number(items::kBodyType, 0) == now.body_type &&
                         item.number(items::kBodySize, 0) == now.body_size;
    bool keep = false;
    if (shorter) {
      const Result<bool> same = same_beginning(columns.body_blob, columns.body_here, now.body_blob);
      if (!same.ok()) return same.error();
      keep = same.value();
    }
    if (keep) {
      HANDSYNC_TRY(store_.delete_blob(columns.body_blob, columns.body_here));
      columns.body_blob = now.body_blob;
      columns.body_here = now.body_here;
      // Nor is its truncation ours: absent is 0.
      if (!now.body_truncated) item.forget(items::kBodyTruncated);
    } else {
      HANDSYNC_TRY(store_.delete_blob(now.body_blob, now.body_here));
    }
  }
  if (parts.attachments) {
    HANDSYNC_TRY(store_.delete_attachments(now.attachment_list));
    columns.attachment_list = item.attachment_list;
    columns.attachment_count = item.attachment_count;
  }
  if (whole && parts.body) {
    HANDSYNC_TRY(delete_extras(now.id, 0, UINT16_MAX));
    Statement update = store_.kept_statement(Sql::kItemReplace);
    bind_item(update, item, columns);
    HANDSYNC_TRY(update.run());
  } else {
    const Result<bool> extras = has_extras(now.id);
    if (!extras.ok()) return extras.error();
    const std::span<const Property> table = items::properties(item.kind);
    for (std::size_t i = 0; i < table.size(); ++i) {
      const bool of_body = table[i].id >= items::kBodyType && table[i].id <= items::kPreview;
      const bool of_flag = table[i].id == items::kFlagStatus;
      const bool present = item.present.has(i) || (whole && !of_body);
      if (present || (parts.body && of_body) || (parts.flag && of_flag)) parts.rows.add(i);
      // Also of a column: its value may have been too long for the row.
      if (present && extras.value() && table[i].parent == 0) {
        HANDSYNC_TRY(delete_extras(now.id, table[i].id, table[i].id));
      }
    }
    if (parts.flag && extras.value()) HANDSYNC_TRY(delete_extras(now.id, items::kFlag, items::kFlagSubOrdinal));
    if (parts.body && extras.value()) HANDSYNC_TRY(delete_extras(now.id, items::kBodyData, items::kBodyData));
    if (parts.rest && extras.value()) HANDSYNC_TRY(delete_extras(now.id, items::kRest, items::kRest));
    char sql[kItemSqlBytesMax];
    write_change_sql(sql, item, parts);
    Statement update = prepare(store_.database, sql);
    bind_change(update, item, columns, parts);
    HANDSYNC_TRY(update.run());
  }
  HANDSYNC_TRY(write_extras(item, now.id));
  if (edits_ && items::is_personal(item.kind)) {
    const Result<std::uint32_t> lost =
        judge_server_item(store_, now.id, item.kind, whole ? nullptr : &item.present, parts.body);
    if (!lost.ok()) return lost.error();
    applied_.parked += lost.value();
  } else if (edits_) {
    if (whole || item.has(items::kCategories)) HANDSYNC_TRY(judge_server_categories(store_, now.id));
    const bool content = whole || parts.body || parts.attachments || item.has(items::kSubject) || item.has(items::kTo);
    if (content && folder_type() == FolderType::kDrafts) {
      const Result<std::uint32_t> lost = judge_server_draft(store_, now.id, fetched);
      if (!lost.ok()) return lost.error();
      applied_.parked += lost.value();
    }
  }
  ++applied_.changed;
  return changed(now.id, now.generation);
}

/// An item may be listed elsewhere than in the folder whose answer this is, or nowhere.
Status Applier::count_unread(const ItemNow& now, std::int64_t delta) {
  if (now.shown == folder()) {
    unread_delta_ += delta;
    return Done{};
  }
  return delta == 0 ? Status(Done{}) : count_listed(store_, now.shown, 0, delta);
}

Status Applier::unlist(std::uint64_t item, std::uint32_t shown, bool read) {
  if (shown == 0) return Done{};  // its deletion was told when it was made
  if (shown == folder()) {
    --items_delta_;
    if (!read) --unread_delta_;
  } else {
    HANDSYNC_TRY(count_listed(store_, shown, -1, read ? 0 : -1));
  }
  return folder_type() == FolderType::kRecipients ? Status(Done{}) : store_.log.gone(store_, item, shown);
}

Status Applier::remove(const ItemRecord& item) {
  if (parked_) {
    HANDSYNC_TRY(prepare(store_.database, "DELETE FROM parked WHERE folder=?1 AND server_id=?2")
                     .number(1, folder())
                     .text(2, item.server_id)
                     .run());
  }
  ItemNow now;
  const Result<bool> found = find(item.server_id, now);
  if (!found.ok()) return found.error();
  if (found.value()) {
    if (edits_) HANDSYNC_TRY(confirm_item(store_, arrival_.request, now.id, applied_.confirmed));
    const Result<std::uint32_t> parked = remove_item(store_, now.id);
    if (!parked.ok()) return parked.error();
    applied_.parked += parked.value();
    ++applied_.deleted;
    HANDSYNC_TRY(unlist(now.id, now.shown, now.read));
  }
  return discard(item);
}

/// What an item brought and nobody will refer to: its chunks lie below the counter now and would never be found.
Status Applier::discard(const ItemRecord& item) {
  HANDSYNC_TRY(item.present.each([&](std::size_t i) -> Status {
    if (item.values[i].form != PropertyValue::Form::kBlob) return Done{};
    return store_.delete_blob(item.values[i].blob, item.values[i].size);
  }));
  for (std::uint32_t i = 0; i < item.rest_blob_count; ++i) {
    HANDSYNC_TRY(store_.delete_blob(item.rest_blobs[i].blob, item.rest_blobs[i].size));
  }
  return store_.delete_attachments(item.attachment_list);
}

Status Applier::park_item(const ItemRecord& item) {
  {
    HANDSYNC_TRY(prepare(store_.database, "INSERT OR REPLACE INTO parked VALUES(?1,?2,?3,?4,?5)")
                     .number(1, folder())
                     .text(2, item.server_id)
                     .number(3, static_cast<int>(item.fault.domain))
                     .number(4, static_cast<std::int64_t>(item.fault.code))
                     .number(5, item.fault.where)
                     .run());
  }
  parked_ = true;
  ++applied_.parked;
  if (rekeying_) {
    // It is still on the server: what we have of it is not to be removed when the resync ends.
    HANDSYNC_TRY(prepare(store_.database, "UPDATE item SET epoch=?3 WHERE folder=?1 AND server_id=?2")
                     .number(1, folder())
                     .text(2, item.server_id)
                     .number(3, epoch_)
                     .run());
  }
  return discard(item);
}

// -- side rows
// --------------------------------------------------------------------------------------------------------------------

Status Applier::write_extras(const ItemRecord& item, std::uint64_t id) {
  const std::span<const Property> table = items::properties(item.kind);
  const auto write = [&](items::PropertyId property, std::uint32_t n, const Property* row,
                         const PropertyValue& value) -> Status {
    Statement put = store_.kept_statement(Sql::kExtraPut);
    Statement& statement = put;
    statement.number(1, id)
        .number(2, static_cast<int>(property))
        .number(3, n)
        .number(5, value.blob)
        .number(6, value.size);
    if (row == nullptr || value.form == PropertyValue::Form::kBlob) {
      statement.null(4);
    } else if (row->kind == items::Kind::kText || row->kind == items::Kind::kList) {
      statement.text(4, text_of(value.data));
    } else if (row->kind == items::Kind::kRaw || row->kind == items::Kind::kBytes) {
      statement.blob(4, value.data);
    } else {
      statement.number(4, items::number_of(value.data));
    }
    return statement.run();
  };
  HANDSYNC_TRY(item.present.each([&](std::size_t i) -> Status {
    const PropertyValue& value = item.values[i];
    const bool large = table[i].place == Place::kItem && value.form == PropertyValue::Form::kBlob;
    if (table[i].place != Place::kExtra && !large) return Done{};
    return write(table[i].id, 0, &table[i], value);
  }));
  for (std::uint32_t i = 0; i < item.rest_blob_count; ++i) {
    HANDSYNC_TRY(write(items::kRest, i, nullptr, item.rest_blobs[i]));
  }
  return Done{};
}

Result<bool> Applier::has_extras(std::uint64_t item) {
  const Result<std::int64_t> found =
      query_number(prepare(store_.database, "SELECT EXISTS(SELECT 1 FROM extra WHERE item=?1)").number(1, item));
  if (!found.ok()) return found.error();
  return found.value() != 0;
}

Status Applier::delete_extras(std::uint64_t item, items::PropertyId from, items::PropertyId to) {
  return handsync::replica::delete_extras(store_, item, from, to);
}

// -- the end
// ----------------------------------------------------------------------------------------------------------------------

/// The resync is complete: what the server did not name is not there any more.
Status Applier::remove_unconfirmed() {
  std::uint64_t last = 0;
  for (;;) {
    std::uint64_t ids[64];
    std::uint32_t shown[64];
    bool read[64];
    int count = 0;
    {
      // By row id, whatever the planner thinks of the indices: a walk that goes on where it stopped.
      Statement rows = prepare(
          store_.database,
          "SELECT id,read,shown FROM item WHERE id>?3 AND +folder=?1 AND epoch<>?2 AND substr(server_id,1,1)<>char(1)"
          " ORDER BY id LIMIT 64");
      rows.number(1, folder()).number(2, epoch_).number(3, last);
      for (;;) {
        const Result<bool> row = rows.step();
        if (!row.ok()) return row.error();
        if (!row.value()) break;
        ids[count] = static_cast<std::uint64_t>(rows.number(0));
        shown[count] = static_cast<std::uint32_t>(rows.number(2));
        read[count++] = rows.number(1) != 0;
      }
    }
    for (int i = 0; i < count; ++i) {
      const Result<std::uint32_t> parked = remove_item(store_, ids[i]);
      if (!parked.ok()) return parked.error();
      applied_.parked += parked.value();
      ++applied_.deleted;
      HANDSYNC_TRY(unlist(ids[i], shown[i], read[i]));
      last = ids[i];
    }
    if (count < 64) return Done{};
  }
}

Status Applier::finish(Text new_sync_key, bool more, std::int64_t wall_ms) {
  const bool complete = !new_sync_key.empty() && !more;
  if (complete && rekeying_) HANDSYNC_TRY(remove_unconfirmed());
  {
    Statement folder_row = prepare(
        store_.database, new_sync_key.empty() ? "UPDATE folder SET items=items+?2,unread=unread+?3 WHERE id=?1"
                                              : "UPDATE folder SET items=items+?2,unread=unread+?3,sync_key=?4,"
                                                "synced=max(synced,?5),rekeying=rekeying AND NOT ?5 WHERE id=?1");
    Statement& statement = folder_row;
    statement.number(1, folder()).number(2, items_delta_).number(3, unread_delta_);
    const bool keeps_key = planted::on(planted::Bug::kCommitWithoutKey);
    if (!new_sync_key.empty())
      statement.text(4, keeps_key ? arrival_.folder.sync_key.view() : new_sync_key).number(5, complete ? 1 : 0);
    HANDSYNC_TRY(statement.run());
  }
  HANDSYNC_TRY(store_.set_counter(kNextItem, next_item_));
  if (store_.next_blob != arrival_.first_blob) HANDSYNC_TRY(store_.set_counter(kNextBlob, store_.next_blob));
  if (arrival_.log_rows != 0) HANDSYNC_TRY(execute(store_.database, "DELETE FROM arrival_log"));
  if (complete) {
    char digits[24];
    const int size = std::snprintf(digits, sizeof digits, "%lld", static_cast<long long>(wall_ms));
    HANDSYNC_TRY(store_.kept_statement(Sql::kValuePut)
                     .number(1, static_cast<int>(Value::kLastSync))
                     .blob(2, bytes_of(Text(digits, static_cast<std::size_t>(size))))
                     .run());
  }
  return store_.log.finish(store_);
}

}  // namespace

Result<Applied> apply_arrival(StoreState& store, ArrivalState& arrival, Text new_sync_key, bool more,
                              std::int64_t wall_ms) {
  // The buffers of arriving values are idle now: the record's rest is put together in one.
  const Memory& memory = store.memory;
  void* block = memory.take(memory.self, sizeof(ItemRecord));
  if (block == nullptr) return out_of_memory(sizeof(ItemRecord));
  auto* record = new (block) ItemRecord;
  record->kind = arrival.kind;
  Applier applier(store, arrival);
  const Result<Applied> applied = applier.run(new_sync_key, more, wall_ms, *record, Room(arrival.value));
  memory.give(memory.self, block);
  return applied;
}

}  // namespace handsync::replica
