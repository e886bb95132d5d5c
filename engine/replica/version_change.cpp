/// The server speaks another version from now on: keys start over, and what waits is put into a form that the new one
/// knows. All of it is one commit with the version itself.
#include "items/place.h"
#include "replica/item_edits.h"

namespace handsync::replica {

namespace cal = wbxml::calendar;

namespace {

/// A place that was wanted in a form that the version does not have.
struct Place {
  std::uint64_t change = 0, item = 0, server_blob = 0;
  bool wanted = false, shown = false;
  char room[items::kPlaceBytesMax];
  Text name;
};

Result<bool> next_place(StoreState& store, items::PropertyId old, Place& place) {
  Statement find = prepare(store.database,
                           "SELECT e.change,c.item,e.server_blob,c.parked,e.mine FROM edit e JOIN change c ON"
                           " c.id=e.change WHERE e.property=?1 ORDER BY e.change LIMIT 1"_sql,
                           static_cast<int>(old));
  const Result<bool> row = find.step();
  if (!row.ok() || !row.value()) return row;
  place.change = static_cast<std::uint64_t>(find.number(0));
  place.item = static_cast<std::uint64_t>(find.number(1));
  place.server_blob = static_cast<std::uint64_t>(find.number(2));
  place.shown = find.number(3) == 0;
  place.wanted = !find.is_null(4);
  items::PlaceName name(place.room);
  if (old == cal::kLocation) {
    static_cast<void>(name.open(old));
    static_cast<void>(name.text(find.blob(4), false));
  } else {
    static_cast<void>(name.read(find.blob(4)));
  }
  place.name = name.found();
  return true;
}

Status say_places_anew(StoreState& store, std::uint16_t version) {
  const items::PropertyId now = items::place_in(version), old = items::other_place(now);
  const items::Property &now_row = *items::find_property(Class::kEvent, now),
                        &old_row = *items::find_property(Class::kEvent, old);
  for (;;) {
    Place place;
    const Result<bool> found = next_place(store, old, place);
    if (!found.ok()) return found.error();
    if (!found.value()) return Done{};
    std::byte room[items::kPlaceBytesMax + 16];
    wbxml::Writer writer(room);
    items::put_place(writer, place.name, version);
    constexpr std::size_t kHeader = 4;
    const Bytes value = now == cal::kLocation ? bytes_of(place.name) : writer.document().subspan(kHeader);
    HANDSYNC_TRY(sweep_blob(store, place.server_blob));
    Statement put = prepare(store.database,
                            "UPDATE OR REPLACE edit SET property=?3,mine=?4,server=NULL,server_blob=0,server_size=0,"
                            "body_truncated=1 WHERE change=?1 AND property=?2"_sql,
                            place.change, static_cast<int>(old), static_cast<int>(now));
    if (!place.wanted || place.name.empty())
      put.null(4);
    else if (now == cal::kLocation)
      put.text(4, place.name);
    else
      put.blob(4, value);
    HANDSYNC_TRY(put.run());
    if (!place.shown) continue;
    HANDSYNC_TRY(write_shown(store, place.item, old_row, {}));
    HANDSYNC_TRY(
        write_shown(store, place.item, now_row, {place.wanted && !place.name.empty(), value, 0, value.size(), {}}));
  }
}

}  // namespace

Status Store::rekey_all(std::uint16_t version) {
  const Result<std::uint64_t> before = get_number(Value::kVersion);
  if (!before.ok()) return before.error();
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(start_over(store, 0));
  HANDSYNC_TRY(run_sql(database_, "DELETE FROM value WHERE key=?1"_sql, static_cast<int>(Value::kHierarchyKey)));
  if (before.value() != 0 && before.value() != version) {
    // An Add that was handed over is known by having a payload, if its twin comes.
    HANDSYNC_TRY(run_sql(store.database,
                         "UPDATE change SET payload=CASE kind WHEN 11 THEN 0 END WHERE payload IS NOT NULL"_sql));
    // An Add is known by its UID, which is called otherwise while the server does not know it.
    HANDSYNC_TRY(run_sql(store.database,
                         "INSERT OR IGNORE INTO extra SELECT item,?1+?2-property,n,data,blob,size FROM extra WHERE"
                         " property IN (?1,?2) AND item IN (SELECT item FROM change WHERE kind=11)"_sql,
                         static_cast<int>(cal::kUID), static_cast<int>(cal::kClientUid)));
    // From 16.0 on the server announces what it takes.
    if (!profile::below(version, 160))
      HANDSYNC_TRY(run_sql(store.database, "DELETE FROM edit WHERE property=?1"_sql, kAnnouncing));
    // What these had at the server may look otherwise now, though nobody has changed it.
    static_assert(cal::kStartTime == 1063 && cal::kEndTime == 1042 && cal::kAttendees == 1031 &&
                  cal::kExceptions == 1044 && cal::kRecurrence == 1051 && wbxml::tasks::kRecurrence == 2319);
    HANDSYNC_TRY(run_sql(store.database,
                         "UPDATE edit SET body_truncated=1 WHERE property IN (1063,1042,1031,1044,1051,2319)"_sql));
    HANDSYNC_TRY(say_places_anew(store, version));
    // What went out without a ClientId is looked for among the sent ones, whatever the version is now.
    if (profile::below(static_cast<int>(before.value()), 140))
      HANDSYNC_TRY(run_sql(store.database,
                           "UPDATE change SET request=?1 WHERE kind BETWEEN 20 AND 22 AND request=?2"_sql,
                           kMessageUnsaid, kMessageRequest));
  }
  HANDSYNC_TRY(run_sql(database_, "INSERT OR REPLACE INTO value VALUES(?1,CAST(?2 AS BLOB))"_sql,
                       static_cast<int>(Value::kVersion), version));
  return transaction.commit();
}

}  // namespace handsync::replica
