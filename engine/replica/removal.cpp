/// Removing an item with all that belongs to it.
#include "replica/edits.h"

namespace handsync::replica {

Status delete_extras(StoreState& store, std::uint64_t item, std::uint16_t from, std::uint16_t to) {
  bool any = false;
  {
    Statement rows =
        prepare(store.database, "SELECT blob,size FROM extra WHERE item=?1 AND property BETWEEN ?2 AND ?3"_sql, item,
                static_cast<int>(from), static_cast<int>(to));
    for (;;) {
      const Result<bool> row = rows.step();
      if (!row.ok()) return row.error();
      if (!row.value()) break;
      any = true;
      const Statement& extra = rows;
      HANDSYNC_TRY(
          store.delete_blob(static_cast<std::uint64_t>(extra.number(0)), static_cast<std::uint64_t>(extra.number(1))));
    }
  }
  if (!any) return Done{};
  return run_sql(store.database, "DELETE FROM extra WHERE item=?1 AND property BETWEEN ?2 AND ?3"_sql, item,
                 static_cast<int>(from), static_cast<int>(to));
}

Result<std::uint32_t> remove_item(StoreState& store, std::uint64_t item) {
  std::uint64_t blob = 0, bytes = 0, list = 0;
  std::uint32_t parked = 0;
  bool draft = false;
  {
    Statement find = prepare(
        store.database,
        "SELECT server_id,subject,body_blob,body_here,attachment_list,edits,is_draft FROM item WHERE id=?1"_sql, item);
    const Result<bool> row = find.step();
    if (!row.ok()) return row.error();
    if (!row.value()) return std::uint32_t{0};
    const Statement& found = find;
    if (found.number(5) != 0) {
      const Result<std::uint32_t> edits = park_edits_of_gone(store, item, found.text(0), found.text(1));
      if (!edits.ok()) return edits.error();
      parked = edits.value();
    }
    blob = static_cast<std::uint64_t>(found.number(2));
    bytes = static_cast<std::uint64_t>(found.number(3));
    list = static_cast<std::uint64_t>(found.number(4));
    draft = found.number(6) != 0;
  }
  if (draft) {
    const Result<bool> stale = was_stale(store, item);
    if (!stale.ok()) return stale.error();
  }
  HANDSYNC_TRY(store.delete_blob(blob, bytes));
  HANDSYNC_TRY(store.delete_attachments(list));
  HANDSYNC_TRY(delete_extras(store, item, 0, UINT16_MAX));
  // Also in a build without search: one with it may come again.
  HANDSYNC_TRY(run_sql(store.database, "UPDATE indexed SET item=0 WHERE item=?1 AND item<>0"_sql, item));
  HANDSYNC_TRY(run_sql(store.database, "DELETE FROM item WHERE id=?1"_sql, item));
  return parked;
}

}  // namespace handsync::replica
