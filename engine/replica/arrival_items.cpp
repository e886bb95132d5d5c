/// An arriving item becomes a row, with all that belongs to it: new, changed or gone.
#include "replica/applier.h"
#include "replica/planted.h"

namespace handsync::replica {

using items::Operation;
using items::Place;
using items::Property;

Status Applier::upsert(ItemRecord& item, bool whole) {
  if (!item.fault && item.server_id.empty()) item.fault = Error{Domain::kEas, 6, 0};
  if (item.fault) return park_item(item);
  if (parked_) {
    HANDSYNC_TRY(
        run_sql(store_.database, "DELETE FROM parked WHERE folder=?1 AND server_id=?2"_sql, folder(), item.server_id));
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
      HANDSYNC_TRY(adopt(now.id, item.server_id));
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
      query_number(store_.database,
                   "SELECT count(*) FROM body_chunk a JOIN body_chunk b ON b.id=a.id-?1+?3"
                   " WHERE a.id>=?1 AND a.id<?2 AND a.data=substr(b.data,1,length(a.data))"_sql,
                   part << kChunkBits, (part + 1) << kChunkBits, whole << kChunkBits);
  if (!same.ok()) return same.error();
  return same.value() == static_cast<std::int64_t>((part_bytes + kChunkBytes - 1) / kChunkBytes);
}

/// Of a body that came, and the one that is here, one stays.
Status Applier::replace_body(ItemRecord& item, const ItemNow& now, ItemColumns& columns) {
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
  if (!keep) return store_.delete_blob(now.body_blob, now.body_here);
  HANDSYNC_TRY(store_.delete_blob(columns.body_blob, columns.body_here));
  columns.body_blob = now.body_blob;
  columns.body_here = now.body_here;
  // Nor is its truncation ours: absent is 0.
  if (!now.body_truncated) item.forget(items::kBodyTruncated);
  return Done{};
}

/// Writes the columns and removes the side rows of what came, and of nothing else.
Status Applier::replace_columns(const ItemRecord& item, const ItemNow& now, bool whole, const ItemColumns& columns,
                                ChangedParts& parts) {
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
      HANDSYNC_TRY(delete_extras(store_, now.id, table[i].id, table[i].id));
    }
  }
  if (parts.flag && extras.value()) HANDSYNC_TRY(delete_extras(store_, now.id, items::kFlag, items::kFlagSubOrdinal));
  if (parts.body && extras.value()) HANDSYNC_TRY(delete_extras(store_, now.id, items::kBodyData, items::kBodyData));
  if (parts.rest && extras.value()) HANDSYNC_TRY(delete_extras(store_, now.id, items::kRest, items::kRest));
  char sql[kItemSqlBytesMax];
  write_change_sql(sql, item, parts);
  Statement update = prepare(store_.database, sql);
  bind_change(update, item, columns, parts);
  return update.run();
}

/// What came is shown now: what waits of the item is shown on top, or has lost.
Status Applier::judge_edits(const ItemRecord& item, const ItemNow& now, bool whole, const ChangedParts& parts) {
  Result<std::uint32_t> lost = std::uint32_t{0};
  if (items::is_personal(item.kind)) {
    lost = judge_server_item(store_, now.id, item.kind, whole ? nullptr : &item.present, parts.body);
  } else {
    if (whole || item.has(items::kCategories)) HANDSYNC_TRY(judge_server_categories(store_, now.id));
    const bool content = whole || parts.body || parts.attachments || item.has(items::kSubject) || item.has(items::kTo);
    if (content && folder_type() == FolderType::kDrafts)
      lost = judge_server_draft(store_, now.id, item.operation == Operation::kAnswerFetch);
  }
  if (!lost.ok()) return lost.error();
  applied_.parked += lost.value();
  return Done{};
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
  if (parts.body) HANDSYNC_TRY(replace_body(item, now, columns));
  if (parts.attachments) {
    HANDSYNC_TRY(store_.delete_attachments(now.attachment_list));
    columns.attachment_list = item.attachment_list;
    columns.attachment_count = item.attachment_count;
  }
  if (whole && parts.body) {
    HANDSYNC_TRY(delete_extras(store_, now.id, 0, UINT16_MAX - 1));  // but for what counts announcements
    Statement update = store_.kept_statement(Sql::kItemReplace);
    bind_item(update, item, columns);
    HANDSYNC_TRY(update.run());
  } else {
    HANDSYNC_TRY(replace_columns(item, now, whole, columns, parts));
  }
  HANDSYNC_TRY(write_extras(item, now.id));
  if (edits_) HANDSYNC_TRY(judge_edits(item, now, whole, parts));
  // What is left here of a folder that was selected again had gone for the user.
  ++(whole && !fetched && !arrival_.folder.synced && now.epoch != epoch_ ? applied_.added : applied_.changed);
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

/// `gone`: from the server, and not only from what is synced.
Status Applier::delete_item(std::uint64_t item, std::uint32_t shown, bool read, bool gone) {
  if (gone && edits_) {
    const Result<bool> kept = keep_edited(store_, item);
    if (!kept.ok()) return kept.error();
    if (kept.value()) {
      ++applied_.parked;
      return Done{};
    }
  }
  const Result<std::uint32_t> parked = remove_item(store_, item);
  if (!parked.ok()) return parked.error();
  applied_.parked += parked.value();
  ++applied_.deleted;
  return unlist(item, shown, read);
}

Status Applier::remove(const ItemRecord& item) {
  if (parked_) {
    HANDSYNC_TRY(
        run_sql(store_.database, "DELETE FROM parked WHERE folder=?1 AND server_id=?2"_sql, folder(), item.server_id));
  }
  ItemNow now;
  const Result<bool> found = find(item.server_id, now);
  if (!found.ok()) return found.error();
  if (found.value()) {
    if (edits_) HANDSYNC_TRY(confirm_item(store_, arrival_.request, now.id, applied_.confirmed));
    HANDSYNC_TRY(delete_item(now.id, now.shown, now.read, item.operation == Operation::kDelete));
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
    HANDSYNC_TRY(run_sql(store_.database, "INSERT OR REPLACE INTO parked VALUES(?1,?2,?3,?4,?5)"_sql, folder(),
                         item.server_id, static_cast<int>(item.fault.domain),
                         static_cast<std::int64_t>(item.fault.code), item.fault.where));
  }
  parked_ = true;
  ++applied_.parked;
  if (rekeying_) {
    // It is still on the server: what we have of it is not to be removed when the resync ends.
    HANDSYNC_TRY(run_sql(store_.database, "UPDATE item SET epoch=?3 WHERE folder=?1 AND server_id=?2"_sql, folder(),
                         item.server_id, epoch_));
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
      query_number(store_.database, "SELECT EXISTS(SELECT 1 FROM extra WHERE item=?1)"_sql, item);
  if (!found.ok()) return found.error();
  return found.value() != 0;
}

}  // namespace handsync::replica
