/// The one commit: an arrival log becomes rows. Runs inside one transaction; any error rolls all of it back.
#include <cstdio>
#include <new>

#include "replica/applier.h"
#include "replica/planted.h"

namespace handsync::replica {

using items::Operation;

Result<bool> Applier::any(const char* sql) {
  const Result<std::int64_t> found = query_number(store_.database, sql, folder());
  if (!found.ok()) return found.error();
  return found.value() != 0;
}

Status Applier::look_at_folder(Text new_sync_key) {
  {
    Statement look = prepare(
        store_.database, "SELECT sync_key,rekeying,epoch,selected,gone,emptying FROM folder WHERE id=?1"_sql, folder());
    const Result<bool> row = look.step();
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
  const Result<bool> edits = any("SELECT EXISTS(SELECT 1 FROM change WHERE folder=?1)"_sql);
  if (!edits.ok()) return edits.error();
  edits_ = edits.value();
  const Result<bool> parked = any("SELECT EXISTS(SELECT 1 FROM parked WHERE folder=?1)"_sql);
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
    Statement rows = prepare(store_.database, "SELECT data FROM arrival_log ORDER BY id"_sql);
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
          " ORDER BY id LIMIT 64"_sql,
          folder(), epoch_, last);
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
      HANDSYNC_TRY(delete_item(ids[i], shown[i], read[i], true));
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
        store_.database, new_sync_key.empty() ? "UPDATE folder SET items=items+?2,unread=unread+?3 WHERE id=?1"_sql
                                              : "UPDATE folder SET items=items+?2,unread=unread+?3,sync_key=?4,"
                                                "synced=max(synced,?5),rekeying=rekeying AND NOT ?5 WHERE id=?1"_sql);
    Statement& statement = folder_row;
    statement.number(1, folder()).number(2, items_delta_).number(3, unread_delta_);
    const bool keeps_key = planted::on(planted::Bug::kCommitWithoutKey);
    if (!new_sync_key.empty())
      statement.text(4, keeps_key ? arrival_.folder.sync_key.view() : new_sync_key).number(5, complete ? 1 : 0);
    HANDSYNC_TRY(statement.run());
  }
  HANDSYNC_TRY(store_.set_counter(kNextItem, next_item_));
  if (store_.next_blob != arrival_.first_blob) HANDSYNC_TRY(store_.set_counter(kNextBlob, store_.next_blob));
  if (!kLogGoesRowByRow && arrival_.log_rows != 0)
    HANDSYNC_TRY(execute(store_.database, "DELETE FROM arrival_log"_sql));
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

Result<Applied> apply_arrival(StoreState& store, ArrivalState& arrival, Text new_sync_key, bool more,
                              std::int64_t wall_ms) {
  // The buffers of arriving values are idle now: the record stands in one, its rest is put together in the other.
  auto* record = new (arrival.chunk) ItemRecord;
  record->kind = arrival.kind;
  return Applier(store, arrival).run(new_sync_key, more, wall_ms, *record, Room(arrival.value));
}

}  // namespace handsync::replica
