/// The recurrence of an appointment or a task (MS-ASCAL 2.2.2.37 Recurrence, MS-ASTASK 2.2.2.18) and the dates it
/// stands for. Pure; any thread.
///
/// As Outlook means it: a day of the month that a month does not have is its last one; the first date is the first one
/// that fits the pattern on or after the start.
#pragma once
#include "handsync/base.h"
#include "items/time_zone.h"
#include "wbxml/reader.h"

namespace handsync::items {

enum class Repeat : std::uint8_t {
  kDaily = 0,
  kWeekly = 1,
  kMonthly = 2,
  kMonthlyNth = 3,
  kYearly = 5,
  kYearlyNth = 6,
};

struct Recurrence {
  Repeat type = Repeat::kDaily;
  std::uint16_t interval = 1;          ///< 1..999
  std::uint16_t occurrences = 0;       ///< 1..999; 0 = no such limit
  bool has_until = false;              ///< of no account beside `occurrences`
  std::int64_t until_s = 0;            ///< UTC; the last date may begin then
  std::uint8_t days_of_week = 0;       ///< bits, Sunday = 1
  std::uint8_t week_of_month = 0;      ///< 1..5, 5 = the last
  std::uint8_t day_of_month = 0;       ///< 1..31
  std::uint8_t month_of_year = 0;      ///< 1..12
  std::uint8_t first_day_of_week = 0;  ///< 0 = Sunday; weeks of a weekly pattern begin with it
  std::uint8_t calendar_type = 0;
  bool leap_month = false;

  /// One child of the element, from either page; what is not known is passed over. False: the value is none.
  bool set(wbxml::Tag, Text value);
  /// After the last child: Error{kEas, 6} when what the type needs is missing or out of range.
  Status check() const;
  /// Hijri, Hebrew and lunar calendars: their dates are not computed here, only the first one is given.
  bool gregorian() const;
};

/// Takes the children of a Recurrence element as they come.
class PatternSink final : public wbxml::Sink {
 public:
  /// A pattern with a value that is none is not read as another one: its check() fails.
  Recurrence pattern() const;

 private:
  Status open(wbxml::Tag) override;
  Status text(Bytes piece, bool opaque) override;
  Status close(wbxml::Tag) override;

  static constexpr std::size_t kValueBytesMax = 64;
  Recurrence rule_;
  char value_[kValueBytesMax];
  std::size_t size_ = 0;
  int depth_ = 0;
  bool sound_ = true;
};

/// The dates of a pattern in order, in days since 1970-01-01 of the wall clock.
class PatternDates {
 public:
  PatternDates(const Recurrence&, std::int64_t first_day);
  /// The next date and its number, counted from 0. False: there is none, or it is beyond the year 9999.
  bool next(std::int64_t& day, std::uint32_t& number);
  /// Passes over, without walking, dates before `day`; goes forward only.
  void seek(std::int64_t day);

 private:
  bool place(std::int64_t period, std::int64_t& day) const;
  std::int64_t period_of(std::int64_t day) const;

  Recurrence rule_;
  std::int64_t first_, base_;  // base_: day, week, month or year that periods are counted from
  std::int64_t period_ = 0;
  std::uint32_t skipped_ = 0;  // periods at the start whose date is before the first day
  std::uint32_t number_ = 0;
  std::uint8_t slot_ = 0;  // day within the week of a weekly pattern
  bool weekly_ = false;
};

/// One of a series; UTC.
struct Occurrence {
  std::int64_t start_s, end_s;
  std::uint32_t number;
};

/// The times of a series as its pattern gives them; exceptions are the caller's to apply, by the start they replace.
class Series {
 public:
  /// Of an all-day event of 16.x, which has no zone: UTC, and the dates that come are those of any place.
  Series(const Recurrence&, const TimeZone& zone, std::int64_t start_s, std::int64_t end_s);
  bool next(Occurrence&);
  void seek(std::int64_t utc_s);  ///< next() gives what is not over by then; goes forward only
  /// Whether one begins at that time. Of a pattern whose dates are not computed here every time is one. Use it alone,
  /// or before next() and seek().
  bool has(std::int64_t start_s) const;

 private:
  bool past(const Occurrence&) const;
  bool beyond(std::int64_t day, std::int64_t start_s) const;

  Recurrence rule_;
  TimeZone zone_;
  std::int64_t time_of_day_s_, length_s_, start_s_, end_s_, from_s_ = INT64_MIN;
  PatternDates dates_;
  bool done_ = false;
};

}  // namespace handsync::items
