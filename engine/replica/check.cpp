/// Is the replica sound: SQLite's own check, then what our tables promise each other.
#include "replica/schema.h"
#include "replica/state.h"

namespace handsync::replica {
namespace {

/// Each counts violations. Error::where tells which, from 2 on; 1 is SQLite's own check.
constexpr const char* kRelations[] = {
    // an item stands in a folder
    "SELECT count(*) FROM item WHERE folder NOT IN (SELECT id FROM folder)"_sql,
    // its body is as long as it says
    "SELECT count(*) FROM item i WHERE i.body_here<>coalesce((SELECT sum(length(data)) FROM body_chunk"
    " WHERE id>=i.body_blob*65536 AND id<(i.body_blob+1)*65536),0)+coalesce((SELECT size FROM extra WHERE item=i.id AND"
    " property=6 AND n=0),0)"_sql,
    // and its list of attachments
    "SELECT count(*) FROM item i WHERE i.attachment_count<>(SELECT count(*) FROM attachment"
    " WHERE id>=i.attachment_list*65536 AND id<(i.attachment_list+1)*65536)"_sql,
    // no two items share chunks, and no chunk is used that was never given out
    "SELECT count(*)-count(DISTINCT body_blob) FROM item WHERE body_blob<>0"_sql,
    "SELECT count(*) FROM item WHERE body_blob>=coalesce((SELECT data FROM value WHERE key=1001),1)"_sql,
    "SELECT count(*) FROM item WHERE id>=coalesce((SELECT data FROM value WHERE key=1000),1)"_sql,
    // side rows have an item
    "SELECT count(*) FROM extra WHERE item NOT IN (SELECT id FROM item)"_sql,
    // the folder's counts are right
    "SELECT count(*) FROM folder f WHERE emptying=0 AND (items<>(SELECT count(*) FROM item WHERE shown=f.id)"
    " OR unread<>(SELECT count(*) FROM item WHERE shown=f.id AND read=0))"_sql,
    // an item is listed elsewhere than in its folder only while an edit asks for it
    "SELECT count(*) FROM item i WHERE shown<>folder AND NOT EXISTS(SELECT 1 FROM change WHERE item=i.id AND kind IN "
    "(3,4)"
    " AND parked=0)"_sql,
    // an edit that waits has its item, and the item knows
    "SELECT count(*) FROM change WHERE parked=0 AND kind<20 AND item NOT IN (SELECT id FROM item)"_sql,
    // a message that waits is whole, and nothing is left of one that does not
    "SELECT count(*) FROM change WHERE (kind BETWEEN 20 AND 23 OR (kind=6 AND value<>0)) AND value NOT IN (SELECT id "
    "FROM outbox WHERE whole=1)"_sql,
    "SELECT count(*) FROM outbox WHERE whole=1 AND id NOT IN (SELECT value FROM change WHERE kind=6 OR kind BETWEEN 20 "
    "AND 23)"_sql,
    "SELECT count(*) FROM outbox_part WHERE id>>16 NOT IN (SELECT id FROM outbox)"_sql,
    "SELECT count(*) FROM outbox_chunk WHERE id>>36 NOT IN (SELECT id FROM outbox)"_sql,
    "SELECT count(*) FROM item i WHERE edits<>(SELECT count(*) FROM change WHERE item=i.id AND parked=0)"
    " AND folder NOT IN (SELECT id FROM folder WHERE emptying=1)"_sql,
    // without a re-key every row is confirmed
    "SELECT count(*) FROM item i JOIN folder f ON f.id=i.folder WHERE f.rekeying=0 AND f.emptying=0 AND "
    "i.epoch<>f.epoch AND substr(i.server_id,1,1)<>char(1)"_sql,
    // what the user wants of an item belongs to a change
    "SELECT count(*) FROM edit WHERE change NOT IN (SELECT id FROM change)"_sql,
    "SELECT count(*) FROM stale WHERE item NOT IN (SELECT id FROM item)"_sql,
    "SELECT count(*) FROM parked WHERE folder NOT IN (SELECT id FROM folder)"_sql,
    // what is indexed is of an item, and of one once
    "SELECT count(*) FROM indexed WHERE item<>0 AND item NOT IN (SELECT id FROM item)"_sql,
    "SELECT count(*)-count(DISTINCT item) FROM indexed WHERE item<>0"_sql,
    // every chunk is used, waits to be swept, or belongs to what is arriving
    "SELECT count(*) FROM body_chunk c WHERE id>>16<coalesce((SELECT data FROM value WHERE key=1001),1)"
    " AND id>>16 NOT IN (SELECT body_blob FROM item) AND id>>16 NOT IN (SELECT blob FROM extra)"
    " AND id>>16 NOT IN (SELECT server_blob FROM edit)"
    " AND NOT EXISTS(SELECT 1 FROM sweep WHERE c.id>>16 BETWEEN first AND last)"_sql,
};

}  // namespace

Status Store::check() {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  HANDSYNC_TRY(store.stage_close());
  {
    Statement integrity = prepare(database_, "PRAGMA integrity_check(1)"_sql);
    const Result<bool> row = integrity.step();
    if (!row.ok()) return row.error();
    if (!row.value() || integrity.text(0) != "ok") return Error{Domain::kSqlite, kUnsound, 1};
  }
  std::uint32_t number = 2;
  for (const char* relation : kRelations) {
    const Result<std::int64_t> violations = query_number(database_, relation);
    if (!violations.ok()) return violations.error();
    if (violations.value() != 0) return Error{Domain::kSqlite, kUnsound, number};
    ++number;
  }
  return Done{};
}

}  // namespace handsync::replica
