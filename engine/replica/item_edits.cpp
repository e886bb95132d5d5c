#include "replica/item_edits.h"

#include "wbxml/code_pages.h"

namespace handsync::replica {
namespace {

using items::PropertyId;

/// A row of `edit`. The statement keeps the values alive.
struct EditRow {
  Statement statement;
  PropertyId property = 0;
  bool wanted = false, had = false, chained = false;
  Bytes mine{}, server{};
  std::uint64_t server_blob = 0, server_size = 0;
  BodyFacts body;
  bool one = false;  ///< of one occurrence: `mine` stands for it alone
  std::int64_t original_ms = 0;
};

/// The edits of a change after property `last`, in order. False: no more.
Result<bool> next_row(StoreState& store, std::uint64_t change, PropertyId last, EditRow& row) {
  Statement find =
      prepare(store.database,
              "SELECT property,mine,server,server_blob,server_size,body_size,body_type,body_truncated,chained,"
              "(SELECT value FROM change WHERE id=?1 AND kind=12) FROM edit"
              " WHERE change=?1 AND property>?2 AND property<65535 ORDER BY property LIMIT 1"_sql);
  row.statement = std::move(find);
  const Statement& at = row.statement;
  const Result<bool> found = row.statement.number(1, change).number(2, static_cast<int>(last)).step();
  if (!found.ok() || !found.value()) return found;
  row.property = static_cast<PropertyId>(at.number(0));
  row.wanted = !at.is_null(1);
  row.mine = at.blob(1);
  row.server_blob = static_cast<std::uint64_t>(at.number(3));
  row.server_size = static_cast<std::uint64_t>(at.number(4));
  row.body = BodyFacts{at.number(5), static_cast<std::uint8_t>(at.number(6)), at.number(7) != 0};
  row.had = !at.is_null(2) || row.server_blob != 0 || row.body.type != 0;
  row.server = at.blob(2);
  row.chained = at.number(8) != 0;
  row.one = !at.is_null(9);
  row.original_ms = at.number(9);
  return true;
}

template <class Each>
Status each_row(StoreState& store, std::uint64_t change, Each each) {
  PropertyId last = 0;
  for (;;) {
    EditRow row;
    const Result<bool> more = next_row(store, change, last, row);
    if (!more.ok()) return more.error();
    if (!more.value()) return Done{};
    last = row.property;
    HANDSYNC_TRY(each(row));
  }
}

Result<std::uint64_t> item_of(StoreState& store, std::uint64_t change) {
  const Result<std::int64_t> item = query_number(store.database, "SELECT item FROM change WHERE id=?1"_sql, change);
  if (!item.ok()) return item.error();
  return static_cast<std::uint64_t>(item.value());
}

/// The oldest change of the item of `change`, younger than `after`, that waits and edits this property; 0 = none.
Result<std::uint64_t> newer_edit(StoreState& store, std::uint64_t change, std::uint64_t after, PropertyId property) {
  const Result<std::int64_t> id = query_number(
      store.database,
      "SELECT c.id FROM change c JOIN edit e ON e.change=c.id WHERE c.item=(SELECT item FROM change WHERE id=?1)"
      " AND c.id>?3 AND c.parked=0 AND e.property=?2 ORDER BY c.id LIMIT 1"_sql,
      change, static_cast<int>(property), after);
  if (!id.ok()) return id.error();
  return static_cast<std::uint64_t>(id.value());
}

bool is_text(const items::Property& row) { return row.kind != items::Kind::kRaw && row.kind != items::Kind::kBytes; }

NewValue wanted_value(const EditRow& row) { return NewValue{row.wanted, row.mine, 0, 0, {}}; }
NewValue server_value(const EditRow& row) {
  return NewValue{row.had, row.server, row.server_blob, row.server_size, row.body};
}

/// The server's value of an edit is nobody's any more: the item shows it, or another edit has it.
Status let_go(StoreState& store, std::uint64_t change, PropertyId property) {
  return run_sql(
      store.database,
      "UPDATE edit SET server=NULL,server_blob=0,server_size=0,body_type=0 WHERE change=?1 AND property=?2"_sql, change,
      static_cast<int>(property));
}

/// The item shows something else: what was put together of it and has not gone out is out of date.
Status touch(StoreState& store, std::uint64_t item) {
  HANDSYNC_TRY(run_sql(store.database,
                       "UPDATE change SET payload=NULL WHERE item=?1 AND kind IN (10,12) AND request=0"_sql, item));
  HANDSYNC_TRY(run_sql(store.database, "UPDATE item SET generation=?2 WHERE id=?1"_sql, item, store.log.generation()));
  return store.log.changed(store, item);
}

/// Are these chunks the same bytes? `data`: instead of the second, where that is no blob.
Result<bool> same_bytes(StoreState& store, const ShownValue& one, std::uint64_t blob, std::uint64_t size, Bytes data) {
  if (one.size != (blob != 0 ? size : data.size())) return false;
  if (one.blob == 0) return blob == 0 && text_of(one.data) == text_of(data);
  if (blob == 0) {
    const Result<std::int64_t> same =
        query_number(store.database, "SELECT data=?2 FROM body_chunk WHERE id=?1"_sql, one.blob << kChunkBits, data);
    if (!same.ok()) return same.error();
    return same.value() != 0;
  }
  const Result<std::int64_t> differs =
      query_number(store.database,
                   "SELECT EXISTS(SELECT 1 FROM body_chunk a WHERE a.id>=?1 AND a.id<?2 AND a.data IS"
                   " NOT (SELECT data FROM body_chunk b WHERE b.id=a.id-?1+?3))"_sql,
                   one.blob << kChunkBits, (one.blob + 1) << kChunkBits, blob << kChunkBits);
  if (!differs.ok()) return differs.error();
  return differs.value() == 0;
}

/// Whether the server's value is neither what it was when the edit was made nor what the edit wants.
Result<bool> server_has_changed(StoreState& store, std::uint64_t item, const EditRow& edit,
                                const items::Property& row) {
  // It was noted in another version's form: what comes now is what it was, as far as anybody can tell.
  if (edit.body.truncated && row.id != items::kBodyData) return false;
  if (edit.one) {
    Block now(store.memory), before(store.memory);
    HANDSYNC_TRY(load_shown(store, item, row, now));
    HANDSYNC_TRY(load_value(store, edit.server, edit.server_blob, edit.server_size, before));
    const Result<bool> same = same_occurrence(store, now.room(), before.room(), edit.original_ms);
    if (!same.ok() || same.value()) return same.ok() ? Result<bool>(false) : same;
    const Result<bool> wanted = same_occurrence(store, now.room(), edit.mine, edit.original_ms);
    return wanted.ok() ? Result<bool>(!wanted.value()) : wanted;
  }
  ShownValue shown;
  HANDSYNC_TRY(read_shown(store, item, row, shown));
  if (shown.there == edit.had) {
    if (!shown.there) return false;
    const Result<bool> same = same_bytes(store, shown, edit.server_blob, edit.server_size, edit.server);
    if (!same.ok() || same.value()) return same.ok() ? Result<bool>(false) : same;
  }
  if (shown.there != edit.wanted) return true;
  if (!shown.there) return false;
  const Result<bool> wanted = same_bytes(store, shown, 0, 0, edit.mine);
  if (!wanted.ok()) return wanted;
  return !wanted.value();
}

Status show_wish(StoreState& store, std::uint64_t item, const EditRow& edit, const items::Property& row) {
  if (edit.one) return patch_shown(store, item, edit.original_ms, edit.mine);
  return write_shown(store, item, row, wanted_value(edit));
}

/// Takes what is shown as the server's and shows the wish instead.
Status cover(StoreState& store, std::uint64_t change, std::uint64_t item, const EditRow& edit,
             const items::Property& row) {
  {
    ShownValue shown;
    HANDSYNC_TRY(read_shown(store, item, row, shown));
    HANDSYNC_TRY(note_server(store, change, row, shown));
  }
  return show_wish(store, item, edit, row);
}

/// Shows the property without the edit of `change`: what the server has, with the other edits that wait on top.
Status show_without(StoreState& store, std::uint64_t item, std::uint64_t change, const EditRow& edit,
                    const items::Property& row) {
  const auto before = static_cast<PropertyId>(edit.property - 1);
  std::uint64_t last = change;
  if (!edit.chained) {
    HANDSYNC_TRY(write_shown(store, item, row, server_value(edit)));
  } else {
    const Result<std::uint64_t> first = newer_edit(store, change, 0, edit.property);
    if (!first.ok()) return first.error();
    if (first.value() >= change) return Done{};
    EditRow oldest;
    const Result<bool> found = next_row(store, first.value(), before, oldest);
    if (!found.ok()) return found.error();
    HANDSYNC_TRY(write_shown(store, item, row, server_value(oldest)));
    last = 0;
  }
  for (;;) {
    const Result<std::uint64_t> next = newer_edit(store, change, last, edit.property);
    if (!next.ok()) return next.error();
    last = next.value();
    if (last == 0) return Done{};
    if (last == change) continue;
    EditRow one;
    const Result<bool> found = next_row(store, last, before, one);
    if (!found.ok()) return found.error();
    HANDSYNC_TRY(show_wish(store, item, one, row));
  }
}

}  // namespace

Status note_server(StoreState& store, std::uint64_t change, const items::Property& row, const ShownValue& shown) {
  Statement note =
      prepare(store.database,
              "UPDATE edit SET server=?3,server_blob=?4,server_size=?5,body_size=?6,body_type=?7,body_truncated=?8,"
              "chained=0 WHERE change=?1 AND property=?2"_sql);
  Statement& statement = note;
  statement.number(1, change).number(2, static_cast<int>(row.id));
  if (!shown.there || shown.blob != 0) {
    statement.null(3);
  } else if (is_text(row)) {
    statement.text(3, text_of(shown.data));
  } else {
    statement.blob(3, shown.data);
  }
  return statement.number(4, shown.blob)
      .number(5, shown.size)
      .number(6, shown.body.size)
      .number(7, static_cast<int>(shown.there ? shown.body.type : 0))
      .number(8, shown.body.truncated ? 1 : 0)
      .run();
}

Status show_item_change(StoreState& store, std::uint64_t change, bool wish) {
  if (!wish) return revert_item_change(store, change);
  const Result<std::uint64_t> item = item_of(store, change);
  if (!item.ok()) return item.error();
  const Status done = each_row(store, change, [&](EditRow& edit) -> Status {
    const Result<const items::Property*> row = property_row(store, item.value(), edit.property);
    if (!row.ok()) return row.error();
    return row.value() == nullptr ? Status(Done{}) : cover(store, change, item.value(), edit, *row.value());
  });
  HANDSYNC_TRY(done);
  return touch(store, item.value());
}

Status give_way(StoreState& store, std::uint64_t change) {
  for (;;) {
    std::uint64_t other = 0;
    {
      const Result<std::int64_t> found = query_number(
          store.database,
          "SELECT coalesce(max(c.id),0) FROM change c JOIN edit e ON e.change=c.id WHERE c.item=(SELECT item"
          " FROM change WHERE id=?1) AND c.kind=10 AND c.parked=0 AND c.id<>?1 AND e.property IN (SELECT"
          " property FROM edit WHERE change=?1)"_sql,
          change);
      if (!found.ok()) return found.error();
      other = static_cast<std::uint64_t>(found.value());
    }
    if (other == 0) return Done{};
    HANDSYNC_TRY(revert_item_change(store, other, change));
    HANDSYNC_TRY(
        run_sql(store.database,
                "DELETE FROM edit WHERE change=?2 AND property IN (SELECT property FROM edit WHERE change=?1)"_sql,
                change, other));
    HANDSYNC_TRY(
        run_sql(store.database, "DELETE FROM change WHERE id=?1 AND id NOT IN (SELECT change FROM edit)"_sql, other));
  }
}

Status revert_item_change(StoreState& store, std::uint64_t change, std::uint64_t like) {
  const Result<std::uint64_t> item = item_of(store, change);
  if (!item.ok()) return item.error();
  const Status done = each_row(store, change, [&](EditRow& edit) -> Status {
    if (like != 0) {
      EditRow other;
      const Result<bool> both = next_row(store, like, static_cast<PropertyId>(edit.property - 1), other);
      if (!both.ok()) return both.error();
      if (!both.value() || other.property != edit.property) return Done{};
    }
    const Result<std::uint64_t> newer = newer_edit(store, change, change, edit.property);
    if (!newer.ok()) return newer.error();
    if (newer.value() != 0) {  // that one knows from now on what the server has
      HANDSYNC_TRY(
          run_sql(store.database,
                  "UPDATE edit SET (server,server_blob,server_size,body_size,body_type,body_truncated,chained)=(SELECT "
                  "server,"
                  "server_blob,server_size,body_size,body_type,body_truncated,chained FROM edit WHERE change=?1 AND"
                  " property=?3) WHERE change=?2 AND property=?3"_sql,
                  change, newer.value(), static_cast<int>(edit.property)));
    }
    const Result<const items::Property*> row = property_row(store, item.value(), edit.property);
    if (!row.ok()) return row.error();
    if (row.value() != nullptr) HANDSYNC_TRY(show_without(store, item.value(), change, edit, *row.value()));
    return let_go(store, change, edit.property);
  });
  HANDSYNC_TRY(done);
  return touch(store, item.value());
}

namespace {

/// The newer edit of a series' exceptions goes back to those with this one in place.
Status accept_occurrence(StoreState& store, std::uint64_t newer, const EditRow& edit) {
  if (edit.chained) return Done{};  // an older one knows what the server has, and waits again
  Block before(store.memory), after(store.memory);
  Bytes element;
  HANDSYNC_TRY(load_value(store, edit.server, edit.server_blob, edit.server_size, before));
  HANDSYNC_TRY(patch_value(before.room(), edit.original_ms, edit.mine, after, element));
  ShownValue value;
  value.there = true;
  value.data = element;
  value.size = element.size();
  return note_server(store, newer, *items::find_property(Class::kEvent, edit.property), value);
}

}  // namespace

Status accept_item_change(StoreState& store, std::uint64_t change) {
  return each_row(store, change, [&](EditRow& edit) -> Status {
    const Result<std::uint64_t> newer = newer_edit(store, change, change, edit.property);
    if (!newer.ok() || newer.value() == 0) return newer.ok() ? Status(Done{}) : Status(newer.error());
    // What the newer edit would go back to is what was accepted now.
    if (edit.one) return accept_occurrence(store, newer.value(), edit);
    Statement inherit =
        prepare(store.database,
                "UPDATE edit SET server=?3,server_blob=0,server_size=?4,body_size=?4,body_type=?5,body_truncated=0,"
                "chained=0 WHERE change=?1 AND property=?2"_sql);
    Statement& statement = inherit;
    statement.number(1, newer.value()).number(2, static_cast<int>(edit.property));
    if (edit.wanted) {
      statement.text(3, text_of(edit.mine));
    } else {
      statement.null(3);
    }
    return statement.number(4, edit.mine.size())
        .number(5, edit.property == items::kBodyData && edit.wanted ? 1 : 0)
        .run();
  });
}

namespace {

/// What the server has loses, and becomes an edit that nobody has decided about: parked, and told by its place.
Status keep_theirs(StoreState& store, std::uint64_t item, const items::Property& row, std::uint64_t& theirs) {
  Block whole(store.memory);
  ShownValue shown;
  HANDSYNC_TRY(read_shown(store, item, row, shown));
  if (theirs == 0) {
    HANDSYNC_TRY(run_sql(store.database,
                         "INSERT INTO change(folder,item,kind,value,server_value,server_generation,wall_ms,parked,"
                         "domain,code,place,server_id,subject) SELECT folder,id,10,0,0,0,0,1,?2,?3,?4,server_id,subject"
                         " FROM item WHERE id=?1"_sql,
                         item, static_cast<int>(Domain::kEas), kStatusConflict, kTheirsLost));
    theirs = static_cast<std::uint64_t>(sqlite3_last_insert_rowid(store.database));
  }
  HANDSYNC_TRY(load_value(store, shown.data, shown.blob, shown.size, whole));
  Statement put = prepare(store.database, "INSERT INTO edit(change,property,mine) VALUES(?1,?2,?3)"_sql, theirs,
                          static_cast<int>(row.id));
  if (!shown.there)
    put.null(3);
  else if (is_text(row))
    put.text(3, text_of(whole.room()));
  else
    put.blob(3, whole.room());
  return put.run();
}

}  // namespace

Result<std::uint32_t> judge_server_item(StoreState& store, std::uint64_t item, Class kind, const RowSet* rows,
                                        bool body) {
  std::uint64_t last = 0, theirs = 0;
  std::uint32_t parked = 0;
  RowSet seen, news;  // of older changes
  const std::span<const items::Property> table = items::properties(kind);
  for (;;) {
    std::uint64_t change = 0;
    bool lost = false, sent = false;
    {
      Statement find = prepare(store.database,
                               "SELECT id,request<>0 FROM change WHERE item=?1 AND kind IN (10,12) AND parked=0 AND"
                               " id>?2 ORDER BY id LIMIT 1"_sql,
                               item, last);
      const Result<bool> row = find.step();
      if (!row.ok()) return row.error();
      if (!row.value()) return theirs == 0 ? parked : parked + 1;
      change = static_cast<std::uint64_t>(find.number(0));
      sent = find.number(1) != 0;
    }
    last = change;
    const Status done = each_row(store, change, [&](EditRow& edit) -> Status {
      const items::Property* row = items::find_property(kind, edit.property);
      if (row == nullptr) return Done{};
      const auto at = static_cast<std::size_t>(row - table.data());
      const bool said = edit.property == items::kBodyData ? body : rows == nullptr || rows->has(at);
      if (!said) return Done{};
      if (edit.chained) return show_wish(store, item, edit, *row);
      if (seen.has(at)) {  // it was made on top of one that has just lost, and is shown
        lost |= news.has(at) && !edit.one;
        return Done{};
      }
      seen.add(at);
      const Result<bool> changed = server_has_changed(store, item, edit, *row);
      if (!changed.ok()) return changed.error();
      if (changed.value() && store.client_wins && !edit.one) {
        HANDSYNC_TRY(keep_theirs(store, item, *row, theirs));
      } else {
        lost |= changed.value();
        if (changed.value()) news.add(at);
      }
      HANDSYNC_TRY(sweep_blob(store, edit.server_blob));
      return cover(store, change, item, edit, *row);
    });
    HANDSYNC_TRY(done);
    HANDSYNC_TRY(run_sql(store.database, "UPDATE change SET server_generation=?2 WHERE id=?1"_sql, change,
                         store.log.generation()));
    // What has been sent is judged by its answer.
    if (!lost || sent) {
      HANDSYNC_TRY(run_sql(store.database, "UPDATE change SET payload=NULL WHERE id=?1 AND request=0"_sql, change));
      continue;
    }
    HANDSYNC_TRY(park_change(store, change, Error{Domain::kEas, kStatusConflict, 0}, true));
    ++parked;
  }
}

void Store::let_win(bool client) {
  if (state_ != nullptr) state_of(state_).client_wins = client;
}

namespace {

/// The references of a draft's attachments are the server's to give.
Status adopted_draft(StoreState& store, std::uint64_t item) {
  const Result<std::int64_t> draft =
      query_number(store.database, "SELECT is_draft=1 AND class=0 FROM item WHERE id=?1"_sql, item);
  if (!draft.ok()) return draft.error();
  return draft.value() != 0 ? read_again(store, item) : Status(Done{});
}

}  // namespace

Status adopt_item(StoreState& store, std::uint32_t folder, std::uint32_t request, Text client_id, Text server_id,
                  std::uint32_t& confirmed) {
  std::uint64_t change = 0, item = 0, other = 0;
  {
    Statement find =
        prepare(store.database,
                "SELECT id,item FROM change WHERE folder=?1 AND request=?2 AND kind IN (6,11) AND client_id=?3"_sql,
                folder, request, client_id);
    const Result<bool> row = find.step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Done{};
    change = static_cast<std::uint64_t>(find.number(0));
    item = static_cast<std::uint64_t>(find.number(1));
  }
  {
    const Result<std::int64_t> id = query_number(
        store.database, "SELECT id FROM item WHERE folder=?1 AND server_id=?2 AND id<>?3"_sql, folder, server_id, item);
    if (!id.ok()) return id.error();
    other = static_cast<std::uint64_t>(id.value());
  }
  if (other != 0) {
    HANDSYNC_TRY(count_listed(store, folder, -1, 0));
    HANDSYNC_TRY(store.log.gone(store, other, folder));
    const Result<std::uint32_t> removed = remove_item(store, other);
    if (!removed.ok()) return removed.error();
  }
  HANDSYNC_TRY(
      run_sql(store.database,
              "UPDATE item SET server_id=?2,epoch=(SELECT epoch FROM folder WHERE id=item.folder) WHERE id=?1"_sql,
              item, server_id));
  HANDSYNC_TRY(announce(store, change));
  HANDSYNC_TRY(forget_change(store, change));
  ++confirmed;
  HANDSYNC_TRY(adopted_draft(store, item));
  return count_edits(store, item);
}

Status settle_add(StoreState& store, std::uint64_t item, std::uint32_t& confirmed) {
  const Result<std::int64_t> change = query_number(
      store.database,
      "SELECT coalesce(max(id),0) FROM change WHERE item=?1 AND kind=11 AND parked=0 AND payload IS NOT NULL"_sql,
      item);
  if (!change.ok()) return change.error();
  HANDSYNC_TRY(announce(store, static_cast<std::uint64_t>(change.value())));
  HANDSYNC_TRY(run_sql(store.database,
                       "DELETE FROM change WHERE item=?1 AND kind=11 AND parked=0 AND payload IS NOT NULL"_sql, item));
  confirmed += static_cast<std::uint32_t>(sqlite3_changes(store.database));
  HANDSYNC_TRY(run_sql(store.database, "UPDATE change SET kind=10 WHERE item=?1 AND kind=11 AND parked=0"_sql, item));
  return count_edits(store, item);
}

}  // namespace handsync::replica
