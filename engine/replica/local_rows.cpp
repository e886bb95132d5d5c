/// Rows that only this handset has: made, and taken away before the server knew them.
#include "replica/edits.h"

namespace handsync::replica {

Result<std::uint64_t> insert_local(StoreState& store, std::uint32_t folder, Class kind, std::int64_t received_ms,
                                   bool read) {
  const Result<std::uint64_t> next = store.counter(kNextItem, 1);
  if (!next.ok()) return next;
  const std::uint64_t item = next.value();
  HANDSYNC_TRY(store.set_counter(kNextItem, item + 1));
  HANDSYNC_TRY(
      run_sql(store.database,
              "INSERT INTO item(id,folder,shown,server_id,class,generation,epoch,edits,body_blob,body_here,"
              "attachment_list,attachment_count,received,read,flag_status,body_type,body_size,body_truncated)"
              " VALUES(?1,?2,?2,char(1)||?1,?3,?4,(SELECT epoch FROM folder WHERE id=?2),0,0,0,0,0,?5,?6,0,0,0,0)"_sql,
              item, folder, static_cast<int>(kind), store.log.generation(), received_ms, read));
  HANDSYNC_TRY(count_listed(store, folder, 1, read ? 0 : 1));
  return item;
}

Status withdraw_item(StoreState& store, std::uint64_t item) {
  std::uint32_t shown = 0;
  bool read = false;
  {
    Statement find = prepare(store.database, "SELECT shown,read FROM item WHERE id=?1"_sql, item);
    const Result<bool> row = find.step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Done{};
    shown = static_cast<std::uint32_t>(find.number(0));
    read = find.number(1) != 0;
  }
  HANDSYNC_TRY(run_sql(store.database, "DELETE FROM change WHERE item=?1"_sql, item));
  if (shown != 0) {
    HANDSYNC_TRY(count_listed(store, shown, -1, read ? 0 : -1));
    HANDSYNC_TRY(store.log.gone(store, item, shown));
  }
  const Result<std::uint32_t> removed = remove_item(store, item);
  return removed.ok() ? Status(Done{}) : Status(removed.error());
}

}  // namespace handsync::replica
