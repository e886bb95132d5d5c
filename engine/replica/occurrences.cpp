/// The times at which events take place: series expanded, exceptions in the place of what they replace.
#include <new>

#include "handsync/replica.h"
#include "items/datetime.h"
#include "items/recurrence.h"
#include "wbxml/code_pages.h"
#include "wbxml/reader.h"
#include "wbxml/utf8.h"

namespace handsync {
namespace {

namespace base = wbxml::air_sync_base;
namespace cal = wbxml::calendar;

constexpr std::uint8_t kHead[] = {0x03, 0x01, 0x6A, 0x00};  // WBXML 1.3, no public id, UTF-8, no strings
constexpr std::uint32_t kExceptionsMax = 4096;              // servers hold at most 1,000
constexpr std::size_t kTextBytesMax = 512, kValueBytesMax = 64;

std::int64_t seconds_of(std::int64_t ms) { return ms >= 0 ? ms / 1000 : -((999 - ms) / 1000); }

/// One exception of a series (MS-ASCAL 2.2.2.21), as far as times go.
struct Exception {
  std::int64_t original_s = 0, start_s = 0, end_s = 0;
  bool deleted = false, has_start = false, has_end = false;
};

bool read_time(Text text, std::int64_t& seconds) {
  const Result<std::int64_t> time = items::parse_date_time(text);
  if (time.ok()) seconds = seconds_of(time.value());
  return time.ok();
}

/// A short value that comes in pieces; what is beyond the room is left out, not within a character.
template <std::size_t kBytesMax>
struct Gathered {
  char bytes[kBytesMax];
  std::size_t size = 0;
  void clear() { size = 0; }
  void add(Text piece) {
    for (const char c : wbxml::beginning(piece, kBytesMax - size)) bytes[size++] = c;
  }
  Text view() const { return {bytes, size}; }
};

/// Counts exceptions, or fills a list with them, or looks for the texts of one.
class ExceptionSink final : public wbxml::Sink {
 public:
  std::span<Exception> list;          ///< empty: only counted
  std::uint32_t wanted = UINT32_MAX;  ///< the one whose texts are kept
  std::uint32_t count = 0;
  Gathered<kTextBytesMax> subject, location;

 private:
  static constexpr int kException = 2, kField = 3;
  Status open(wbxml::Tag tag) override {
    if (++depth_ == kException) {
      one_ = {};
      named_ = false;
    }
    if (depth_ == kField) field_ = tag;
    text_ = nullptr;
    value_.clear();
    const bool mine = count == wanted;
    if (mine && depth_ == kField && tag == cal::kSubject) text_ = &subject;
    if (mine && ((depth_ == kField && tag == cal::kLocation) ||
                 (depth_ == kField + 1 && field_ == base::kLocation && tag == base::kDisplayName))) {
      text_ = &location;
    }
    return Done{};
  }
  Status text(Bytes piece, bool) override {
    if (text_ != nullptr) text_->add(text_of(piece));
    if (depth_ == kField) value_.add(text_of(piece));
    return Done{};
  }
  Status close(wbxml::Tag tag) override {
    if (depth_ == kField) take(tag);
    if (depth_-- == kException && named_) {
      if (count < list.size()) list[count] = one_;
      ++count;
    }
    text_ = nullptr;
    return Done{};
  }
  void take(wbxml::Tag tag) {
    if (tag == cal::kExceptionStartTime || tag == base::kInstanceId) named_ = read_time(value_.view(), one_.original_s);
    if (tag == cal::kDeleted) one_.deleted = value_.view() != "0";
    if (tag == cal::kStartTime) one_.has_start = read_time(value_.view(), one_.start_s);
    if (tag == cal::kEndTime) one_.has_end = read_time(value_.view(), one_.end_s);
  }

  Exception one_{};
  Gathered<kTextBytesMax>* text_ = nullptr;
  Gathered<kValueBytesMax> value_;
  wbxml::Tag field_{};
  int depth_ = 0;
  bool named_ = false;
};

class Occurrences final : public Cursor<OccurrenceRow> {
 public:
  Occurrences(Reader& reader, Memory memory, std::int64_t from_ms, std::int64_t to_ms)
      : reader_(reader), memory_(memory), from_ms_(from_ms), to_ms_(to_ms) {}

  Status begin(FolderId folder) {
    Query query;
    query.folder = folder;
    query.of_class = true;
    query.kind = Class::kEvent;
    Result<Cursor<ItemRow>*> events = reader_.list(query);
    if (!events.ok()) return events.error();
    events_ = events.value();
    return Done{};
  }

  Result<bool> step(OccurrenceRow& row) override {
    for (;;) {
      if (in_series_) {
        const Result<bool> found = step_series(row);
        if (!found.ok() || found.value()) return found;
        in_series_ = false;
      }
      const Result<bool> more = events_->step(event_);
      if (!more.ok() || !more.value()) return more;
      if (event_.recurring) {
        HANDSYNC_TRY(open_series());
        continue;
      }
      row = {event_,         event_.when_ms, event_.end_ms,  event_.when_ms,
             event_.all_day, false,          event_.subject, event_.location};
      if (within(row)) return true;
    }
  }

  void close() override {
    if (events_ != nullptr) events_->close();
    drop_exceptions();
    const Memory memory = memory_;
    this->~Occurrences();
    memory.give(memory.self, this);
  }

 private:
  bool within(const OccurrenceRow& row) const {
    return row.start_ms < to_ms_ && (row.end_ms > from_ms_ || row.start_ms >= from_ms_);
  }

  Result<Text> short_property(wbxml::Tag id, std::span<char> room) {
    const Result<std::size_t> got = reader_.property(event_.id, id, 0, std::as_writable_bytes(room));
    if (!got.ok()) return got.error();
    return Text(room.data(), got.value());
  }

  /// Feeds a structured property, whatever its size, to a sink. A value that is no WBXML is as good as none.
  Status read(wbxml::Tag id, wbxml::Sink& sink) {
    wbxml::Reader wbxml(sink);
    (void)wbxml.feed(std::as_bytes(std::span(kHead)));
    std::byte room[1024];
    for (std::uint64_t at = 0;;) {
      const Result<std::size_t> got = reader_.property(event_.id, id, at, room);
      if (!got.ok()) return got.error();
      if (got.value() == 0 || !wbxml.feed(Bytes(room, got.value())).ok()) return Done{};
      at += got.value();
    }
  }

  Status open_series() {
    items::PatternSink pattern;
    HANDSYNC_TRY(read(cal::kRecurrence, pattern));
    items::TimeZone zone;
    char room[items::kTimeZoneTextBytes + 16];
    const Result<Text> zone_text = short_property(cal::kTimezone, room);
    if (!zone_text.ok()) return zone_text.error();
    if (const auto parsed = items::parse_time_zone(zone_text.value()); parsed.ok()) zone = parsed.value();
    HANDSYNC_TRY(load_exceptions());
    series_ = items::Series(pattern.pattern(), zone, seconds_of(event_.when_ms), seconds_of(event_.end_ms));
    series_.seek(seconds_of(from_ms_));
    next_exception_ = 0;
    in_series_ = true;
    return Done{};
  }

  Status load_exceptions() {
    drop_exceptions();
    ExceptionSink counter;
    HANDSYNC_TRY(read(cal::kExceptions, counter));
    const std::uint32_t count = counter.count < kExceptionsMax ? counter.count : kExceptionsMax;
    if (count == 0) return Done{};
    auto* list = static_cast<Exception*>(memory_.take(memory_.self, count * sizeof(Exception)));
    if (list == nullptr) return out_of_memory(count * sizeof(Exception));
    for (std::uint32_t i = 0; i < count; ++i) new (list + i) Exception;
    exceptions_ = {list, count};
    ExceptionSink filler;
    filler.list = exceptions_;
    HANDSYNC_TRY(read(cal::kExceptions, filler));
    const std::int64_t length_s = seconds_of(event_.end_ms) - seconds_of(event_.when_ms);
    for (Exception& one : exceptions_) {
      if (!one.has_start) one.start_s = one.original_s;
      if (!one.has_end) one.end_s = one.start_s + length_s;
    }
    return Done{};
  }

  void drop_exceptions() {
    if (!exceptions_.empty()) memory_.give(memory_.self, exceptions_.data());
    exceptions_ = {};
  }

  bool is_exception(std::int64_t start_s) const {
    for (const Exception& one : exceptions_) {
      if (one.original_s == start_s) return true;
    }
    return false;
  }

  Result<bool> step_series(OccurrenceRow& row) {
    row.item = event_;
    row.all_day = event_.all_day;
    row.subject = event_.subject;
    row.location = event_.location;
    while (next_exception_ < exceptions_.size()) {
      const Exception& one = exceptions_[next_exception_++];
      if (one.deleted) continue;
      row.start_ms = one.start_s * 1000;
      row.end_ms = one.end_s * 1000;
      row.original_ms = one.original_s * 1000;
      row.exception = true;
      if (!within(row)) continue;
      texts_ = ExceptionSink();
      texts_.wanted = static_cast<std::uint32_t>(next_exception_ - 1);
      HANDSYNC_TRY(read(cal::kExceptions, texts_));
      if (texts_.subject.size != 0) row.subject = texts_.subject.view();
      if (texts_.location.size != 0) row.location = texts_.location.view();
      return true;
    }
    items::Occurrence occurrence{};
    while (series_.next(occurrence)) {
      if (occurrence.start_s * 1000 >= to_ms_) return false;
      if (is_exception(occurrence.start_s)) continue;
      row.start_ms = row.original_ms = occurrence.start_s * 1000;
      row.end_ms = occurrence.end_s * 1000;
      row.exception = false;
      return true;
    }
    return false;
  }

  Reader& reader_;
  Memory memory_;
  std::int64_t from_ms_, to_ms_;
  Cursor<ItemRow>* events_ = nullptr;
  ItemRow event_{};
  bool in_series_ = false;
  items::Series series_{items::Recurrence{}, items::TimeZone{}, 0, 0};
  std::span<Exception> exceptions_;
  std::size_t next_exception_ = 0;
  ExceptionSink texts_;  // of the row that was given last
};

}  // namespace

Result<Cursor<OccurrenceRow>*> open_occurrences(Reader& reader, Memory memory, FolderId folder, std::int64_t from_ms,
                                                std::int64_t to_ms) {
  void* room = memory.take(memory.self, sizeof(Occurrences));
  if (room == nullptr) return out_of_memory(sizeof(Occurrences));
  auto* cursor = new (room) Occurrences(reader, memory, from_ms, to_ms);
  if (const Status begun = cursor->begin(folder); !begun.ok()) {
    cursor->close();
    return begun.error();
  }
  return static_cast<Cursor<OccurrenceRow>*>(cursor);
}

}  // namespace handsync
