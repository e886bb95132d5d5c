/// Rows that only this handset has: made, and taken away before the server knew them.
#include "replica/item_edits.h"

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

Result<bool> keep_edited(StoreState& store, std::uint64_t item) {
  std::uint64_t change = 0, list = 0;
  bool waits = false;
  {
    // What lost before its item was deleted is worth as much.
    Statement find = prepare(store.database,
                             "SELECT c.id,c.parked,i.attachment_list FROM item i JOIN change c ON c.item=i.id WHERE"
                             " i.id=?1 AND i.shown=i.folder AND c.kind IN (10,12) AND (c.parked=0 OR (c.kind=10 AND"
                             " c.domain=?2 AND c.code IN (7,8))) AND NOT EXISTS(SELECT 1 FROM change o WHERE"
                             " o.item=i.id AND o.kind IN (3,4) AND o.parked=0) ORDER BY c.parked,c.id DESC LIMIT 1"_sql,
                             item, static_cast<int>(Domain::kEas));
    const Result<bool> row = find.step();
    if (!row.ok() || !row.value()) return row;
    change = static_cast<std::uint64_t>(find.number(0));
    waits = find.number(1) == 0;
    list = static_cast<std::uint64_t>(find.number(2));
  }
  if (!waits) HANDSYNC_TRY(show_item_change(store, change, true));
  HANDSYNC_TRY(run_sql(store.database,
                       "DELETE FROM change WHERE item=?1 AND id<>?2 AND kind IN (10,12) AND parked=0"_sql, item,
                       change));
  HANDSYNC_TRY(run_sql(store.database,
                       "INSERT OR REPLACE INTO sweep SELECT server_blob,server_blob FROM edit WHERE change=?1 AND"
                       " server_blob<>0"_sql,
                       change));
  HANDSYNC_TRY(run_sql(
      store.database, "UPDATE edit SET server=NULL,server_blob=0,server_size=0,chained=0 WHERE change=?1"_sql, change));
  HANDSYNC_TRY(note_reason(store,
                           "UPDATE change SET kind=11,value=0,text=NULL,payload=NULL,request=0,tries=0,parked=1,"
                           "client_id='k'||id||'-'||wall_ms,domain=?2,code=?3,place=?4,(server_id,subject)="
                           "(SELECT server_id,subject FROM item WHERE id=change.item) WHERE id=?1"_sql,
                           change, Error{Domain::kEas, kStatusGone, 0}));
  HANDSYNC_TRY(store.delete_attachments(list));  // they are the server's
  HANDSYNC_TRY(run_sql(store.database,
                       "UPDATE item SET server_id=char(1)||id,attachment_list=0,attachment_count=0,generation=?2 WHERE"
                       " id=?1"_sql,
                       item, store.log.generation()));
  HANDSYNC_TRY(count_edits(store, item));
  HANDSYNC_TRY(store.log.changed(store, item));
  return true;
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
