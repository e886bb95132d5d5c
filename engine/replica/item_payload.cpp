/// What goes into a Sync request of an event, contact, task or note that the user made or changed: the elements inside
/// ApplicationData, by the traits of the property table (items/properties.h).
#include <utility>

#include "handsync/engine.h"
#include "items/datetime.h"
#include "items/exceptions.h"
#include "replica/item_edits.h"
#include "wbxml/code_pages.h"
#include "wbxml/writer.h"

namespace handsync::replica {
namespace {

namespace base = wbxml::air_sync_base;
namespace cal = wbxml::calendar;

struct Subject {
  std::uint64_t change = 0, item = 0;
  Class kind{};
  bool add = false;
  // Of a change of one occurrence:
  bool one = false;
  std::int64_t original_ms = 0;
  bool flag = false;
  FixedText<kEditedTextBytesMax> edited;
};

/// Every other property goes along with a Change: the class has no way to say that it stays.
bool goes_whole(const Subject& subject, std::uint16_t version) {
  return subject.add || subject.kind != Class::kEvent || profile::below(version, 160);
}

void put_list(wbxml::Writer& writer, const items::Property& row, Class kind, Text list) {
  const items::Property* entry = nullptr;
  for (const items::Property& other : items::properties(kind)) {
    if (other.kind == items::Kind::kEntry && other.parent == row.tag) entry = &other;
  }
  if (list.empty() || entry == nullptr) {
    writer.empty(row.tag);
    return;
  }
  writer.open(row.tag);
  while (!list.empty()) {
    const std::size_t end = list.find(kListSeparator);
    writer.element(entry->tag, list.substr(0, end));
    list = end == Text::npos ? Text() : list.substr(end + 1);
  }
  writer.close();
}

}  // namespace

void put_value(wbxml::Writer& writer, const items::Property& row, Class kind, Bytes value, std::uint16_t version) {
  if (row.id == items::kBodyData && profile::below(version, 120)) {
    writer.element(items::old_body_tag(kind), text_of(value));
  } else if (row.id == items::kBodyData) {
    writer.open(base::kBody).element(base::kType, std::uint64_t{1}).element(base::kData, text_of(value)).close();
  } else if (row.kind == items::Kind::kRaw) {
    writer.elements(value);
  } else if (row.kind == items::Kind::kList) {
    put_list(writer, row, kind, text_of(value));
  } else {
    writer.element(row.tag, text_of(value));
  }
}

namespace {

class Payload {
 public:
  Payload(StoreState& store, const Subject& subject, std::uint16_t version)
      : store_(store), subject_(subject), version_(version) {}

  Status write(wbxml::Writer& writer) {
    if (subject_.flag) return put_flag(writer);
    if (subject_.kind == Class::kSms) return put_text(store_, subject_.item, writer, version_);
    HANDSYNC_TRY(look());
    if (subject_.one && !profile::below(version_, 160)) return write_instance(writer);
    for (const items::Property& row : items::properties(subject_.kind)) HANDSYNC_TRY(put_row(writer, row));
    HANDSYNC_TRY(put_body(writer));
    const bool rest = !subject_.add && (subject_.kind == Class::kTask || subject_.kind == Class::kNote);
    return rest ? put_rest(writer) : Status(Done{});
  }

 private:
  /// Values that decide about others.
  Status look() {
    if (subject_.kind != Class::kEvent) return Done{};
    bool starts = false, ends = false, repeats = false, excepts = false;
    for (const auto& [tag, found] : {std::pair(cal::kStartTime, &starts), std::pair(cal::kEndTime, &ends),
                                     std::pair(cal::kRecurrence, &repeats), std::pair(cal::kExceptions, &excepts)}) {
      const Result<bool> own = edited(tag);
      if (!own.ok()) return own.error();
      *found = own.value();
    }
    moved_ = starts || ends;
    if (!subject_.add && !profile::below(version_, 160) && (moved_ || repeats) && !excepts)
      HANDSYNC_TRY(drops_nothing());
    ShownValue value;
    HANDSYNC_TRY(read_shown(store_, subject_.item, event_row(cal::kAllDayEvent), value));
    all_day_ = value.there && text_of(value.data) == "1";
    return Done{};
  }

  /// It was wanted below 16.0, or before others made an exception: nobody has said that those may go.
  Status drops_nothing() {
    ShownValue exceptions;
    HANDSYNC_TRY(read_shown(store_, subject_.item, event_row(cal::kExceptions), exceptions));
    constexpr std::uint64_t kEmptyListBytes = 4;
    return exceptions.size <= kEmptyListBytes ? Status(Done{}) : engine_fault(EngineFault::kDropsExceptions);
  }

  Result<bool> edited(items::PropertyId id) {
    const Result<std::int64_t> found =
        query_number(store_.database, "SELECT EXISTS(SELECT 1 FROM edit WHERE change=?1 AND property=?2)"_sql,
                     subject_.change, static_cast<int>(id));
    if (!found.ok()) return found.error();
    return found.value() != 0;
  }

  /// Whether a property that the user did not touch goes along.
  bool goes_along(const items::Property& row) const {
    if (subject_.add) return true;
    if ((row.traits & items::kStays) != 0) return false;
    switch (subject_.kind) {
      case Class::kEvent:
        if (profile::below(version_, 160)) return (row.traits & items::kSupported) != 0;
        return moved_ && (row.tag == cal::kStartTime || row.tag == cal::kEndTime);  // one without the other is guessed
      case Class::kContact:
        return (row.traits & items::kSupported) != 0;
      default:
        return true;
    }
  }

  Status put_row(wbxml::Writer& writer, const items::Property& row) {
    if (row.id == items::kBodyData || !is_editable(row) || row.id == items::kNativeBodyType) return Done{};
    if ((row.traits & items::kServerOnly) != 0 || version_ < row.first || version_ > row.last) return Done{};
    // A date of 16.x is that of every zone.
    if (!profile::below(version_, 160) && all_day_ && row.tag == cal::kTimezone) return Done{};
    const Result<bool> own = edited(row.id);
    if (!own.ok()) return own.error();
    if (row.tag == cal::kExceptions && !subject_.add && (subject_.one || !own.value()))
      return put_exceptions(writer, row);
    if (!own.value() && !goes_along(row)) return Done{};
    ShownValue value;
    HANDSYNC_TRY(read_shown(store_, subject_.item, row, value));
    if (value.there && row.tag == cal::kExceptions) return put_new_exceptions(writer, value);
    if (value.there && value.blob != 0) return put_blob(writer, row, value);
    // Contacts are cleared by leaving out; an empty element is refused (Status 6).
    if (value.there && !(subject_.kind == Class::kContact && value.data.empty() && (row.traits & items::kStays) == 0)) {
      put_value(writer, row, subject_.kind, value.data, version_);
    } else if (own.value() && !subject_.add) {
      const bool left_out = goes_whole(subject_, version_) && (row.traits & items::kStays) == 0;
      if (!left_out) writer.empty(row.tag);
    }
    return Done{};
  }

  /// But for what only a server may say, and for a body of which the rest is there and not here.
  struct AllChildren final : items::ExceptionChildren {
    explicit AllChildren(bool cut) : cut_(cut) {}
    bool wants(wbxml::Tag tag) const override {
      const items::Property* row = items::find_property(Class::kEvent, tag, 0);
      return !(cut_ && tag == base::kBody) && (row == nullptr || (row->traits & items::kServerOnly) == 0);
    }
    bool cut_;
  };
  struct EditedChildren final : items::ExceptionChildren {
    explicit EditedChildren(Text list) : list_(list) {}
    bool wants(wbxml::Tag tag) const override { return is_edited(list_, tag); }
    Text list_;
  };

  Status wanted_exception(Block& wanted) {
    Statement find = prepare(store_.database, "SELECT mine FROM edit WHERE change=?1 AND property=?2"_sql,
                             subject_.change, static_cast<int>(cal::kExceptions));
    const Result<bool> row = find.step();
    if (!row.ok()) return row.error();
    return load_value(store_, find.blob(0), 0, 0, wanted);
  }

  /// From 16.0 on: what was edited of the one. Of one that is cancelled: nothing.
  Status write_instance(wbxml::Writer& writer) {
    Block wanted(store_.memory);
    HANDSYNC_TRY(wanted_exception(wanted));
    items::copy_exception(writer, wanted.room(), subject_.original_ms, EditedChildren(subject_.edited.view()),
                          version_);
    return Done{};
  }

  /// Of a new series: those that were made before it went out.
  Status put_new_exceptions(wbxml::Writer& writer, const ShownValue& value) {
    Block whole(store_.memory);
    HANDSYNC_TRY(load_value(store_, value.data, value.blob, value.size, whole));
    items::put_exceptions(writer, whole.room(), version_);
    return Done{};
  }

  /// Of an exception that nobody has edited: what the series itself would be sent with, and its body if it is whole:
  /// SOGo may put it together anew.
  struct KeptChildren final : items::ExceptionChildren {
    bool wants(wbxml::Tag tag) const override {
      constexpr int kGoes = items::kOfOne | items::kSupported;
      const items::Property* row = items::find_property(Class::kEvent, tag, 0);
      return row == nullptr || tag == base::kBody || tag == base::kLocation ||
             (row->traits & (kGoes | items::kServerOnly | items::kStays)) == kGoes;
    }
  };

  /// Up to 14.1. Of the one that was edited: all, for what it does not have it takes from the series. Exchange keeps
  /// the others, and might take a plain text for a richer one; SOGo drops what is left out, and of a new exception does
  /// not know what the series says of its day and reminder.
  Status put_exceptions(wbxml::Writer& writer, const items::Property& row) {
    const Result<bool> stay = others_stay();
    if (!stay.ok()) return stay.error();
    if (!subject_.one && stay.value()) return Done{};
    std::int64_t series_s[2] = {};
    Block shown(store_.memory);
    items::ExceptionChoice others;
    if (!stay.value()) {
      HANDSYNC_TRY(read_times(series_s));
      HANDSYNC_TRY(load_shown(store_, subject_.item, row, shown));
      if (!shown.room().empty()) HANDSYNC_TRY(choose_others(shown.room(), series_s, others));
    }
    if (!subject_.one && others.count == 0) return Done{};
    writer.open(cal::kExceptions);
    if (subject_.one) HANDSYNC_TRY(put_one(writer, stay.value() ? 0 : series_s[1] - series_s[0]));
    if (others.count != 0) items::copy_exceptions(writer, shown.room(), others, KeptChildren(), version_);
    writer.close();
    return Done{};
  }

  /// `length_s`: 0 = it need not say when it takes place.
  Status put_one(wbxml::Writer& writer, std::int64_t length_s) {
    Block wanted(store_.memory);
    HANDSYNC_TRY(wanted_exception(wanted));
    const items::ExceptionFound one = items::find_exception(wanted.room(), subject_.original_ms);
    const auto start = items::format_compact_date_time(subject_.original_ms);
    writer.open(cal::kException).element(cal::kExceptionStartTime, start.view());
    items::copy_exception(writer, wanted.room(), subject_.original_ms, AllChildren(one.cut), version_);
    const bool fresh = length_s != 0 && !one.stamped && !one.cancelled;
    if (fresh && !one.timed) {
      writer.element(cal::kStartTime, start.view());
      writer.element(cal::kEndTime, items::format_compact_date_time(subject_.original_ms + length_s * 1000).view());
    }
    if (fresh && !one.reminds) {
      ShownValue value;
      HANDSYNC_TRY(read_shown(store_, subject_.item, event_row(cal::kReminder), value));
      if (value.there) writer.element(cal::kReminder, text_of(value.data));
    }
    writer.close();
    return Done{};
  }

  /// Whether this is Exchange, the one server whose items are called by the number of their folder and one of theirs.
  Result<bool> others_stay() {
    const Result<std::int64_t> exchange = query_number(
        store_.database,
        "SELECT f.server_id GLOB '[0-9]*' AND (i.server_id GLOB f.server_id||':*' OR substr(i.server_id,1,1)=char(1))"
        " FROM item i,folder f WHERE i.id=?1 AND f.id=(SELECT folder FROM change WHERE id=?2)"_sql,
        subject_.item, subject_.change);
    if (!exchange.ok()) return exchange.error();
    return exchange.value() != 0;
  }

  /// When the first of the series begins and ends.
  Status read_times(std::int64_t (&series_s)[2]) {
    for (const bool end : {false, true}) {
      ShownValue value;
      HANDSYNC_TRY(read_shown(store_, subject_.item, event_row(end ? cal::kEndTime : cal::kStartTime), value));
      const Result<std::int64_t> time = items::parse_date_time(text_of(value.data));
      if (time.ok()) series_s[end] = time.value() / 1000;
    }
    return Done{};
  }

  Status choose_others(Bytes shown, const std::int64_t (&series_s)[2], items::ExceptionChoice& others) {
    items::PatternSink pattern;
    {
      Block rule(store_.memory);
      HANDSYNC_TRY(load_shown(store_, subject_.item, event_row(cal::kRecurrence), rule));
      items::read_element(rule.room(), pattern);
    }
    items::TimeZone zone;
    ShownValue value;
    HANDSYNC_TRY(read_shown(store_, subject_.item, event_row(cal::kTimezone), value));
    if (const auto parsed = items::parse_time_zone(text_of(value.data)); parsed.ok()) zone = parsed.value();
    // SOGo tells of a series in UTC with the user's zone.
    const items::Series series[] = {items::Series(pattern.pattern(), zone, series_s[0], series_s[1]),
                                    items::Series(pattern.pattern(), items::TimeZone{}, series_s[0], series_s[1])};
    others = items::choose_exceptions(shown, series, subject_.one ? subject_.original_ms : INT64_MIN);
    return Done{};
  }

  static const items::Property& event_row(items::PropertyId id) { return *items::find_property(Class::kEvent, id); }

  /// What a flag has beside its status: a server drops what is left out of it.
  Status put_flag(wbxml::Writer& writer) {
    Statement values = prepare(store_.database,
                               "SELECT property,data FROM extra WHERE item=?1 AND property BETWEEN ?2 AND ?3 AND blob=0"
                               " AND (SELECT server_value FROM change WHERE id=?4)<>0 ORDER BY property"_sql,
                               subject_.item, static_cast<int>(items::kFlagType),
                               static_cast<int>(items::kFlagSubOrdinal), subject_.change);
    for (bool typed = false;;) {
      const Result<bool> more = values.step();
      if (!more.ok()) return more.error();
      const auto id = more.value() ? static_cast<items::PropertyId>(values.number(0)) : items::PropertyId{0};
      if (!typed && id != items::kFlagType) writer.element(wbxml::email::kFlagType, items::kFollowUp);
      typed = true;
      if (!more.value()) return Done{};
      const items::Property& row = *items::find_property(Class::kEmail, id);
      // Those are of the status.
      if (id == items::kFlagCompleteTime || id == items::kFlagDateCompleted) continue;
      if (row.kind == items::Kind::kDate) {
        writer.element(row.tag, items::format_date_time(values.number(1)).view());
      } else {
        writer.element(row.tag, values.text(1));
      }
    }
  }

  /// A long value goes back in one piece.
  Status put_blob(wbxml::Writer& writer, const items::Property& row, const ShownValue& value) {
    Block whole(store_.memory);
    HANDSYNC_TRY(load_value(store_, {}, value.blob, value.size, whole));
    put_value(writer, row, subject_.kind, whole.room(), version_);
    return Done{};
  }

  /// A body only when it was written here: what came may have been cut.
  Status put_body(wbxml::Writer& writer) {
    const Result<bool> own = edited(items::kBodyData);
    if (!own.ok()) return own.error();
    // A whole item of 2.5 has its body with it, if it is whole here. From 12.0 on one that is left out stays.
    if (!own.value())
      return profile::below(version_, 120) && subject_.kind == Class::kTask ? put_kept_body(writer) : Status(Done{});
    Statement find = prepare(store_.database, "SELECT mine FROM edit WHERE change=?1 AND property=?2"_sql,
                             subject_.change, static_cast<int>(items::kBodyData));
    const Result<bool> row = find.step();
    if (!row.ok()) return row.error();
    put_value(writer, *items::find_property(subject_.kind, items::kBodyData), subject_.kind, find.blob(0), version_);
    return Done{};
  }

  Status put_kept_body(wbxml::Writer& writer) {
    {
      const Result<std::int64_t> cut =
          query_number(store_.database, "SELECT body_truncated FROM item WHERE id=?1"_sql, subject_.item);
      if (!cut.ok()) return cut.error();
      if (cut.value() != 0) return Done{};
    }
    const items::Property& row = *items::find_property(subject_.kind, items::kBodyData);
    ShownValue value;
    HANDSYNC_TRY(read_shown(store_, subject_.item, row, value));
    if (!value.there) return Done{};
    if (value.blob != 0) return put_blob(writer, row, value);
    put_value(writer, row, subject_.kind, value.data, version_);
    return Done{};
  }

  /// What no row names goes back as it came: a Change that left it out would remove it.
  Status put_rest(wbxml::Writer& writer) {
    {
      Statement find = prepare(store_.database, "SELECT rest FROM item WHERE id=?1"_sql, subject_.item);
      const Result<bool> row = find.step();
      if (!row.ok()) return row.error();
      if (row.value()) writer.elements(find.blob(0));
    }
    const items::Property whole{items::kRest, 0, 0, items::Kind::kRaw, items::Place::kExtra};
    Statement pieces =
        prepare(store_.database, "SELECT blob,size FROM extra WHERE item=?1 AND property=?2 AND blob<>0 ORDER BY n"_sql,
                subject_.item, static_cast<int>(items::kRest));
    for (;;) {
      const Result<bool> row = pieces.step();
      if (!row.ok()) return row.error();
      if (!row.value()) return Done{};
      ShownValue value;
      value.blob = static_cast<std::uint64_t>(pieces.number(0));
      value.size = static_cast<std::uint64_t>(pieces.number(1));
      HANDSYNC_TRY(put_blob(writer, whole, value));
    }
  }

  StoreState& store_;
  const Subject& subject_;
  std::uint16_t version_;
  bool all_day_ = false, moved_ = false;
};

// A document's header, and the start tag of its root on page 0, before what we want of it; the root's end after it.
constexpr std::size_t kBefore = 5, kAfter = 1;

Status write_payload(StoreState& store, const Subject& subject, std::uint16_t version) {
  Payload payload(store, subject, version);
  const auto write = [&](wbxml::Writer& writer) -> Status {
    writer.open(wbxml::air_sync::kApplicationData);
    HANDSYNC_TRY(payload.write(writer));
    writer.close();
    return Done{};
  };
  wbxml::Writer measure{Room{}};
  HANDSYNC_TRY(write(measure));
  const std::size_t bytes = measure.size();
  Block block(store.memory);
  HANDSYNC_TRY(block.take(bytes));
  wbxml::Writer writer{block.room()};
  HANDSYNC_TRY(write(writer));
  HANDSYNC_TRY(writer.status());
  Statement put = prepare(store.database,
                          "UPDATE change SET payload=?2,server_value=CASE kind WHEN 12 THEN ?3 ELSE server_value END"
                          " WHERE id=?1"_sql);
  const bool cancels = subject.edited.view().empty();
  return put.number(1, subject.change)
      .blob(2, writer.document().subspan(kBefore, bytes - kBefore - kAfter))
      .number(3, profile::below(version, 160) ? kWholeChange
                 : cancels                    ? kInstanceDelete
                                              : kInstanceChange)
      .run();
}

}  // namespace

Status write_payloads(StoreState& store, std::uint32_t folder, std::uint16_t version) {
  // The server may have said more of a flag since.
  HANDSYNC_TRY(run_sql(store.database,
                       "UPDATE change SET payload=NULL WHERE folder=?1 AND kind=2 AND request=0 AND parked=0"_sql,
                       folder));
  for (;;) {
    Subject subject;
    {
      Statement find =
          prepare(store.database,
                  "SELECT c.id,c.item,i.class,c.kind,c.value,c.text FROM change c JOIN item i ON i.id=c.item WHERE"
                  " c.folder=?1 AND (c.kind IN (10,11,12) OR c.kind=2 AND c.value<>0) AND c.parked=0 AND"
                  " (c.payload IS NULL OR c.payload=0) ORDER BY c.id LIMIT 1"_sql,
                  folder);
      const Result<bool> row = find.step();
      if (!row.ok()) return row.error();
      if (!row.value()) return Done{};
      subject.change = static_cast<std::uint64_t>(find.number(0));
      subject.item = static_cast<std::uint64_t>(find.number(1));
      subject.kind = static_cast<Class>(find.number(2));
      subject.add = static_cast<EditKind>(find.number(3)) == EditKind::kAdd;
      subject.one = static_cast<EditKind>(find.number(3)) == EditKind::kOccurrence;
      subject.flag = static_cast<EditKind>(find.number(3)) == EditKind::kFlag;
      subject.original_ms = find.number(4);
      if (!subject.edited.assign(find.text(5))) return Error{Domain::kSqlite, kUnsound, 0};
    }
    const Status written = write_payload(store, subject, version);
    if (written.ok()) continue;
    // It will never be otherwise: set aside, so that the others go.
    if (written.error().domain != Domain::kWbxml && written.error().domain != Domain::kEngine) return written;
    HANDSYNC_TRY(store.start_log());
    HANDSYNC_TRY(park_change(store, subject.change, written.error(), true));
    HANDSYNC_TRY(store.log.finish(store));
  }
}

}  // namespace handsync::replica
