/// One occurrence of a series edited or cancelled. What is shown of it is the series' Exceptions with this one in
/// place, so that lists and the agenda need to know nothing of edits. Beside it stands, as with every edit, what the
/// server has. `mine` is an Exceptions element with the one alone: edits of different occurrences do not meet.
#include <cstdio>

#include "items/datetime.h"
#include "items/exceptions.h"
#include "items/place.h"
#include "replica/item_edits.h"
#include "wbxml/code_pages.h"

namespace handsync::replica {
namespace {

namespace base = wbxml::air_sync_base;
namespace cal = wbxml::calendar;

constexpr std::size_t kBefore = 4;  // a document's header

/// Writes twice: to measure, and into memory.
template <class Write>
Status build(Write write, Block& buffer) {
  wbxml::Writer measure{Room{}};
  write(measure);
  HANDSYNC_TRY(buffer.take(measure.size()));
  wbxml::Writer writer{buffer.room()};
  write(writer);
  return writer.status();
}
Bytes element_of(const Block& buffer) { return Bytes(buffer.room()).subspan(kBefore); }

/// The children that stay as they are.
class Others final : public items::ExceptionChildren {
 public:
  explicit Others(std::span<const PropertyEdit> edits) : edits_(edits) {}
  bool wants(wbxml::Tag tag) const override {
    const items::PropertyId id = tag == base::kBody ? items::PropertyId{items::kBodyData} : id_of(tag);
    for (const PropertyEdit& edit : edits_) {
      if (edit.id == id || (items::is_place(id) && items::is_place(edit.id))) return false;
    }
    return true;
  }

 private:
  static items::PropertyId id_of(wbxml::Tag tag) {
    const items::Property* row = items::find_property(Class::kEvent, tag, 0);
    return row == nullptr ? items::PropertyId{0} : row->id;
  }
  std::span<const PropertyEdit> edits_;
};

void write_one(wbxml::Writer& writer, Bytes exceptions, const OccurrenceEdit& wish) {
  writer.open(cal::kExceptions).open(cal::kException);
  writer.element(items::naming_tag(wish.version), items::format_compact_date_time(wish.original_ms).view());
  if (wish.cancel) {
    writer.element(cal::kDeleted, Text("1"));
  } else {
    items::copy_exception(writer, exceptions, wish.original_ms, Others(wish.edits));
    for (const PropertyEdit& edit : wish.edits) {
      const items::Property* row = items::find_property(Class::kEvent, edit.id);
      if (edit.present) {
        put_value(writer, *row, Class::kEvent, edit.value, wish.version);
      } else {  // an empty element: this one does not have what the series has
        const wbxml::Tag body = profile::below(wish.version, 120) ? wbxml::Tag{cal::kBody} : wbxml::Tag{base::kBody};
        writer.empty(edit.id == items::kBodyData ? body : row->tag);
      }
    }
  }
  writer.close().close();
}

struct OpenOne {
  std::uint64_t change = 0;
  FixedText<kEditedTextBytesMax> edited;
};
/// The change of this occurrence that may still be added to.
Status open_one(StoreState& store, std::uint64_t item, std::int64_t original_ms, OpenOne& open) {
  Statement find = prepare(store.database,
                           "SELECT id,text FROM change WHERE item=?1 AND kind=12 AND value=?2 AND parked=0 AND"
                           " request=0 ORDER BY id DESC LIMIT 1"_sql,
                           item, original_ms);
  const Result<bool> row = find.step();
  if (!row.ok()) return row.error();
  if (!row.value()) return Done{};
  open.change = static_cast<std::uint64_t>(find.number(0));
  static_cast<void>(open.edited.assign(find.text(1)));
  return Done{};
}

Result<bool> is_recurring(StoreState& store, std::uint64_t item) {
  ShownValue rule;
  HANDSYNC_TRY(read_shown(store, item, *items::find_property(Class::kEvent, cal::kRecurrence), rule));
  return rule.there && rule.size > 3;  // an empty element says that it is none
}

/// The properties edited so far and these.
Status join(FixedText<kEditedTextBytesMax>& list, const OccurrenceEdit& wish) {
  char text[kEditedTextBytesMax];
  std::size_t size = 0;
  for (char value : list.view()) text[size++] = value;
  for (const PropertyEdit& edit : wish.edits) {
    const items::Property* row = items::find_property(Class::kEvent, edit.id);
    if (is_edited(Text(text, size), edit.id == items::kBodyData ? base::kBody : row->tag)) continue;
    const int more = std::snprintf(text + size, sizeof text - size, "%d,", static_cast<int>(edit.id));
    if (size + static_cast<std::size_t>(more) >= sizeof text) return Error{Domain::kSqlite, kNoSuchProperty, edit.id};
    size += static_cast<std::size_t>(more);
  }
  if (wish.cancel) size = 0;
  static_cast<void>(list.assign(Text(text, size)));
  return Done{};
}

}  // namespace

bool is_edited(Text list, wbxml::Tag tag) {
  const items::Property* row = items::find_property(Class::kEvent, tag, 0);
  if (row == nullptr) return false;
  const items::PropertyId wanted = tag == base::kBody ? items::PropertyId{items::kBodyData} : row->id;
  items::PropertyId id = 0;
  for (const char digit : list) {
    if (digit != ',') {
      id = static_cast<items::PropertyId>(id * 10 + (digit - '0'));
      continue;
    }
    if (id == wanted || (items::is_place(id) && items::is_place(wanted))) return true;
    id = 0;
  }
  return false;
}

Status patch_shown(StoreState& store, std::uint64_t item, std::int64_t original_ms, Bytes mine) {
  const items::Property& row = *items::find_property(Class::kEvent, cal::kExceptions);
  Block now(store.memory), next(store.memory);
  HANDSYNC_TRY(load_shown(store, item, row, now));
  HANDSYNC_TRY(
      build([&](wbxml::Writer& writer) { items::patch_exceptions(writer, now.room(), original_ms, mine); }, next));
  return write_shown(store, item, row, NewValue{true, element_of(next), 0, 0, {}});
}

Status patch_value(Bytes value, std::int64_t original_ms, Bytes mine, Block& patched, Bytes& element) {
  HANDSYNC_TRY(
      build([&](wbxml::Writer& writer) { items::patch_exceptions(writer, value, original_ms, mine); }, patched));
  element = element_of(patched);
  return Done{};
}

Result<bool> same_occurrence(StoreState& store, Bytes one, Bytes other, std::int64_t original_ms) {
  struct All final : items::ExceptionChildren {
    bool wants(wbxml::Tag) const override { return true; }
  };
  Block first(store.memory), second(store.memory);
  const auto write = [&](Bytes value) {
    return [value, original_ms](wbxml::Writer& writer) {
      writer.open(cal::kException);
      items::copy_exception(writer, value, original_ms, All());
      writer.close();
    };
  };
  HANDSYNC_TRY(build(write(one), first));
  HANDSYNC_TRY(build(write(other), second));
  return text_of(first.room()) == text_of(second.room());
}

Status take_back_occurrences(StoreState& store, std::uint64_t item) {
  for (;;) {
    std::uint64_t change = 0;
    {
      const Result<std::int64_t> id = query_number(
          store.database,
          "SELECT coalesce(max(id),0) FROM change WHERE item=?1 AND kind=12 AND request=0 AND parked=0"_sql, item);
      if (!id.ok()) return id.error();
      change = static_cast<std::uint64_t>(id.value());
    }
    if (change == 0) return Done{};
    HANDSYNC_TRY(revert_item_change(store, change));
    HANDSYNC_TRY(forget_change(store, change));
  }
}

Result<std::uint64_t> Store::edit_occurrence(ItemId id, const OccurrenceEdit& wish, std::int64_t wall_ms,
                                             const Announcement& announcement) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  const auto item = static_cast<std::uint64_t>(id);
  const items::Property& exceptions = *items::find_property(Class::kEvent, cal::kExceptions);
  for (const PropertyEdit& edit : wish.edits) {
    const items::Property* row = items::find_property(Class::kEvent, edit.id);
    const bool known = row != nullptr && is_editable(*row) && (row->traits & items::kOfOne) != 0;
    if (!known || edit.value.size() > kEditBytesMax) return Error{Domain::kSqlite, kNoSuchProperty, edit.id};
  }
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  PersonalItem found;
  HANDSYNC_TRY(find_personal(store, item, found));
  const Result<bool> recurring = found.kind == Class::kEvent ? is_recurring(store, item) : Result<bool>(false);
  if (!recurring.ok()) return recurring.error();
  if (!recurring.value()) return Error{Domain::kSqlite, kNoSuchOccurrence, static_cast<std::uint32_t>(item)};
  HANDSYNC_TRY(store.start_log());
  OpenOne open;
  HANDSYNC_TRY(open_one(store, item, wish.original_ms, open));
  Block mine(store.memory);
  {
    Block now(store.memory);
    HANDSYNC_TRY(load_shown(store, item, exceptions, now));
    if (items::find_exception(now.room(), wish.original_ms).cancelled)
      return Error{Domain::kSqlite, kNoSuchOccurrence, static_cast<std::uint32_t>(item)};
    HANDSYNC_TRY(build([&](wbxml::Writer& writer) { write_one(writer, now.room(), wish); }, mine));
  }
  HANDSYNC_TRY(join(open.edited, wish));
  const bool fresh = open.change == 0;
  if (fresh) {
    const Result<std::uint64_t> change =
        new_change(store, found.folder, item, EditKind::kOccurrence, {}, wall_ms, wish.original_ms);
    if (!change.ok()) return change.error();
    open.change = change.value();
  }
  const Result<bool> chained = fresh ? is_chained(store, item, open.change, exceptions.id) : Result<bool>(false);
  if (!chained.ok()) return chained.error();
  HANDSYNC_TRY(run_sql(store.database,
                       fresh ? "INSERT INTO edit(change,property,mine,chained) VALUES(?1,?2,?3,?4)"_sql
                             : "UPDATE edit SET mine=?3 WHERE change=?1 AND property=?2 AND ?4=?4"_sql,
                       open.change, static_cast<int>(exceptions.id), element_of(mine), chained.value() ? 1 : 0));
  if (fresh && !chained.value()) {
    ShownValue shown;
    HANDSYNC_TRY(read_shown(store, item, exceptions, shown));
    HANDSYNC_TRY(note_server(store, open.change, exceptions, shown));
  }
  HANDSYNC_TRY(patch_shown(store, item, wish.original_ms, element_of(mine)));
  HANDSYNC_TRY(
      run_sql(store.database,
              "UPDATE change SET payload=NULL,tries=0,domain=0,code=0,place=0,wall_ms=?2,text=?3 WHERE id=?1"_sql,
              open.change, wall_ms, open.edited.view()));
  HANDSYNC_TRY(attach(store, open.change, item, announcement));
  HANDSYNC_TRY(count_edits(store, item));
  HANDSYNC_TRY(store.log.finish(store));
  HANDSYNC_TRY(transaction.commit());
  return open.change;
}

}  // namespace handsync::replica
