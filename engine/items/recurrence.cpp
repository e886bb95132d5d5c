#include "items/recurrence.h"

#include <iterator>

#include "items/calendar_date.h"
#include "items/datetime.h"
#include "wbxml/code_pages.h"

namespace handsync::items {
namespace {

namespace cal = wbxml::calendar;
namespace task = wbxml::tasks;

constexpr Error kInvalid{Domain::kEas, 6, 0};
constexpr std::int64_t kDay_s = 86'400;
constexpr std::int64_t kLastDay = days_from_date(9999, 12, 31);
constexpr std::uint8_t kEveryDay = 127;

bool number_of(Text text, std::uint32_t most, std::uint32_t& value) {
  if (text.empty() || text.size() > 9) return false;
  value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return value <= most;
}

bool has_weekday(std::uint8_t mask, std::int64_t day) { return (mask >> weekday(day) & 1) != 0; }

int count_bits(std::uint8_t mask) {
  int count = 0;
  for (; mask != 0; mask &= static_cast<std::uint8_t>(mask - 1)) ++count;
  return count;
}

std::int64_t in_month(std::int64_t month, std::uint8_t day) {
  const int year = static_cast<int>(month / 12), of_year = static_cast<int>(month % 12) + 1;
  const int days = days_in(year, of_year);
  return days_from_date(year, of_year, day < days ? day : days);
}

/// The nth day of a month that `mask` allows; 5 = the last.
std::int64_t nth_in_month(std::int64_t month, std::uint8_t mask, std::uint8_t nth) {
  const int year = static_cast<int>(month / 12), of_year = static_cast<int>(month % 12) + 1;
  const std::int64_t first = days_from_date(year, of_year, 1), end = first + days_in(year, of_year);
  if (nth == 5) {
    std::int64_t day = end - 1;
    while (day > first && !has_weekday(mask, day)) --day;
    return day;
  }
  std::int64_t day = first;
  for (int left = nth; day < end; ++day) {
    if (has_weekday(mask, day) && --left == 0) break;
  }
  return day;
}

}  // namespace

bool Recurrence::set(wbxml::Tag tag, Text value) {
  std::uint32_t number = 0;
  if (tag == cal::kUntil || tag == task::kUntil) {
    const Result<std::int64_t> time = parse_date_time(value);
    if (!time.ok()) return false;
    has_until = true;
    until_s = time.value() >= 0 ? time.value() / 1000 : -((999 - time.value()) / 1000);
    return true;
  }
  struct Row {
    wbxml::Tag calendar, tasks;
    std::uint32_t most;
  };
  constexpr Row kRows[] = {
      {cal::kType, task::kType, 6},
      {cal::kInterval, task::kInterval, 999},
      {cal::kOccurrences, task::kOccurrences, 999},
      {cal::kDayOfWeek, task::kDayOfWeek, kEveryDay},
      {cal::kWeekOfMonth, task::kWeekOfMonth, 5},
      {cal::kDayOfMonth, task::kDayOfMonth, 31},
      {cal::kMonthOfYear, task::kMonthOfYear, 12},
      {cal::kFirstDayOfWeek, task::kFirstDayOfWeek, 6},
      {cal::kCalendarType, task::kCalendarType, 255},
      {cal::kIsLeapMonth, task::kIsLeapMonth, 1},
  };
  std::size_t row = 0;
  while (row < std::size(kRows) && kRows[row].calendar != tag && kRows[row].tasks != tag) ++row;
  if (row == std::size(kRows)) return true;
  if (!number_of(value, kRows[row].most, number)) return false;
  const auto small = static_cast<std::uint8_t>(number);
  switch (row) {
    case 0:
      type = static_cast<Repeat>(small);
      return number != 4;
    case 1:
      interval = number == 0 ? std::uint16_t{1} : static_cast<std::uint16_t>(number);
      break;
    case 2:
      occurrences = static_cast<std::uint16_t>(number);
      break;
    case 3:
      days_of_week = small;
      break;
    case 4:
      week_of_month = small;
      break;
    case 5:
      day_of_month = small;
      break;
    case 6:
      month_of_year = small;
      break;
    case 7:
      first_day_of_week = small;
      break;
    case 8:
      calendar_type = small;
      break;
    default:
      leap_month = number != 0;
      break;
  }
  return true;
}

Status Recurrence::check() const {
  const bool weekdays = days_of_week != 0 && days_of_week <= kEveryDay;
  const bool nth = weekdays && week_of_month >= 1 && week_of_month <= 5;
  const bool date = day_of_month >= 1 && day_of_month <= 31;
  const bool month = month_of_year >= 1 && month_of_year <= 12;
  bool good = false;
  switch (type) {
    case Repeat::kDaily:
      good = days_of_week <= kEveryDay;
      break;
    case Repeat::kWeekly:
      good = weekdays;
      break;
    case Repeat::kMonthly:
      good = date;
      break;
    case Repeat::kMonthlyNth:
      good = nth;
      break;
    case Repeat::kYearly:
      good = date && month;
      break;
    case Repeat::kYearlyNth:
      good = nth && month;
      break;
  }
  return good && interval != 0 && first_day_of_week <= 6 ? Status(Done{}) : Status(kInvalid);
}

bool Recurrence::gregorian() const {
  // Hijri, Hebrew, the lunar ones of East Asia, Saka, Umm al-Qura.
  constexpr std::uint8_t kOthers[] = {6, 8, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23};
  for (const std::uint8_t other : kOthers) {
    if (calendar_type == other) return false;
  }
  return true;
}

// -- dates -----------------------------------------------------------------------------------------------------------

PatternDates::PatternDates(const Recurrence& rule, std::int64_t first_day) : rule_(rule), first_(first_day), base_(0) {
  const Date date = date_from_days(first_day);
  weekly_ = rule.type == Repeat::kWeekly || (rule.type == Repeat::kDaily && rule.days_of_week != 0);
  if (weekly_) {
    base_ = first_day - (weekday(first_day) - rule.first_day_of_week + 7) % 7;
  } else if (rule.type == Repeat::kDaily) {
    base_ = first_day;
  } else if (rule.type == Repeat::kMonthly || rule.type == Repeat::kMonthlyNth) {
    base_ = std::int64_t{date.year} * 12 + date.month - 1;
  } else {
    base_ = date.year;
  }
  if (!rule.check().ok()) return;  // no dates follow from it
  std::int64_t day = 0;
  if (weekly_) {
    while (slot_ < 7 && base_ + slot_ < first_) ++slot_;
  } else {
    while (place(period_, day) && day < first_) {
      ++period_;
      ++skipped_;
    }
  }
}

/// The date of a period, of every pattern but the weekly ones, which have several.
bool PatternDates::place(std::int64_t period, std::int64_t& day) const {
  const std::int64_t at = base_ + period * rule_.interval;
  switch (rule_.type) {
    case Repeat::kDaily:
      day = at;
      break;
    case Repeat::kMonthly:
      if (at >= 10'000 * 12) return false;
      day = in_month(at, rule_.day_of_month);
      break;
    case Repeat::kMonthlyNth:
      if (at >= 10'000 * 12) return false;
      day = nth_in_month(at, rule_.days_of_week, rule_.week_of_month);
      break;
    case Repeat::kYearly:
      if (at >= 10'000) return false;
      day = in_month(at * 12 + rule_.month_of_year - 1, rule_.day_of_month);
      break;
    default:
      if (at >= 10'000) return false;
      day = nth_in_month(at * 12 + rule_.month_of_year - 1, rule_.days_of_week, rule_.week_of_month);
      break;
  }
  return day <= kLastDay;
}

bool PatternDates::next(std::int64_t& day, std::uint32_t& number) {
  if (weekly_) {
    for (;;) {
      for (; slot_ < 7; ++slot_) {
        day = base_ + period_ * rule_.interval * 7 + slot_;
        if (day > kLastDay) return false;
        if (!has_weekday(rule_.days_of_week, day)) continue;
        ++slot_;
        number = number_++;
        return true;
      }
      slot_ = 0;
      ++period_;
    }
  }
  if (!place(period_, day)) return false;
  number = static_cast<std::uint32_t>(period_++ - skipped_);
  return true;
}

std::int64_t PatternDates::period_of(std::int64_t day) const {
  const Date date = date_from_days(day);
  std::int64_t at = day;
  if (rule_.type == Repeat::kMonthly || rule_.type == Repeat::kMonthlyNth) {
    at = std::int64_t{date.year} * 12 + date.month - 1;
  } else if (rule_.type == Repeat::kYearly || rule_.type == Repeat::kYearlyNth) {
    at = date.year;
  }
  return (at - base_) / rule_.interval;
}

void PatternDates::seek(std::int64_t day) {
  if (day > kLastDay) day = kLastDay;
  if (day <= first_) return;
  if (weekly_) {
    const std::int64_t period = (day - base_) / 7 / rule_.interval;
    if (period <= period_) return;
    // Dates of the first week that lie before the start do not count.
    std::uint32_t first_week = 0;
    for (std::int64_t at = first_; at < base_ + 7; ++at) first_week += has_weekday(rule_.days_of_week, at) ? 1U : 0U;
    number_ = first_week + static_cast<std::uint32_t>((period - 1) * count_bits(rule_.days_of_week));
    period_ = period;
    slot_ = 0;
  } else if (const std::int64_t period = period_of(day); period > period_) {
    period_ = period;
  }
}

// -- times -----------------------------------------------------------------------------------------------------------

Series::Series(const Recurrence& rule, const TimeZone& zone, std::int64_t start_s, std::int64_t end_s)
    : rule_(rule),
      zone_(zone),
      time_of_day_s_(zone.local_of(start_s) - whole_days(zone.local_of(start_s)) * kDay_s),
      length_s_(zone.local_of(end_s) - zone.local_of(start_s)),
      start_s_(start_s),
      end_s_(end_s),
      dates_(rule, whole_days(zone.local_of(start_s))) {}

bool Series::beyond(std::int64_t day, std::int64_t start_s) const {
  if (!rule_.has_until || rule_.occurrences != 0 || start_s <= rule_.until_s) return false;
  // Some servers give a date alone, as its midnight in UTC: then the whole day is meant.
  const bool date_alone = rule_.until_s % kDay_s == 0 && start_s % kDay_s != 0;
  return !date_alone || day * kDay_s > rule_.until_s;
}

bool Series::next(Occurrence& occurrence) {
  if (done_) return false;
  if (!rule_.gregorian() || !rule_.check().ok()) {
    done_ = true;
    occurrence = {start_s_, end_s_, 0};
    return !past(occurrence);
  }
  std::int64_t day = 0;
  while (dates_.next(day, occurrence.number)) {
    const std::int64_t local_s = day * kDay_s + time_of_day_s_;
    occurrence.start_s = zone_.utc_of(local_s);
    occurrence.end_s = zone_.utc_of(local_s + length_s_);
    if (occurrence.end_s < occurrence.start_s) occurrence.end_s = occurrence.start_s;
    if (rule_.occurrences != 0 && occurrence.number >= rule_.occurrences) break;
    if (beyond(day, occurrence.start_s)) break;
    if (!past(occurrence)) return true;
  }
  done_ = true;
  return false;
}

/// One without a length is there for as long as it begins.
bool Series::past(const Occurrence& occurrence) const {
  return occurrence.end_s <= from_s_ && occurrence.start_s < from_s_;
}

void Series::seek(std::int64_t utc_s) {
  if (utc_s <= from_s_) return;
  from_s_ = utc_s;
  if (!rule_.gregorian() || !rule_.check().ok()) return;
  // Two days are more than a zone and a change of clocks can move a date.
  const std::int64_t length_days = length_s_ > 0 ? length_s_ / kDay_s + 1 : 1;
  dates_.seek(whole_days(utc_s) - length_days - 2);
}

bool Series::has(std::int64_t start_s) const {
  if (!rule_.gregorian() || !rule_.check().ok()) return true;
  Series from_there(*this);
  from_there.seek(start_s);
  Occurrence one{};
  while (from_there.next(one) && one.start_s <= start_s) {
    if (one.start_s == start_s) return true;
  }
  return false;
}

Recurrence PatternSink::pattern() const {
  Recurrence rule = rule_;
  if (!sound_) rule.interval = 0;
  return rule;
}

Status PatternSink::open(wbxml::Tag) {
  size_ = 0;
  ++depth_;
  return Done{};
}

Status PatternSink::text(Bytes piece, bool) {
  for (const char c : text_of(piece)) {
    if (size_ < kValueBytesMax) value_[size_++] = c;
  }
  return Done{};
}

Status PatternSink::close(wbxml::Tag tag) {
  // An empty element says nothing.
  if (depth_-- == 2 && size_ != 0 && !rule_.set(tag, Text(value_, size_))) sound_ = false;
  size_ = 0;
  return Done{};
}

}  // namespace handsync::items
