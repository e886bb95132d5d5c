/// Dates of the proleptic Gregorian calendar as days since 1970-01-01. Pure; any thread.
#pragma once
#include <cstdint>

namespace handsync::items {

struct Date {
  int year, month, day;
};

/// Years are counted from March, so that the leap day is the last day of one and needs no case of its own.
constexpr std::int64_t days_from_date(std::int64_t year, int month, int day) {
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t m = month <= 2 ? month + 9 : month - 3;
  const std::int64_t leap_days = y / 4 - y / 100 + y / 400;
  return y * 365 + leap_days + (m * 153 + 2) / 5 + day - 1 - 719'468;
}
static_assert(days_from_date(1970, 1, 1) == 0 && days_from_date(2000, 3, 1) == 11'017 &&
              days_from_date(0, 3, 1) == -719'468);

constexpr Date date_from_days(std::int64_t days) {
  const std::int64_t since = days + 719'468;  // from 0000-03-01, never negative here
  const auto first_day = [](std::int64_t y) { return y * 365 + y / 4 - y / 100 + y / 400; };
  std::int64_t y = since * 400 / 146'097;  // at most one off
  if (since < first_day(y)) --y;
  if (since >= first_day(y + 1)) ++y;
  const std::int64_t rest = since - first_day(y);
  const std::int64_t m = (rest * 5 + 2) / 153;
  const int day = static_cast<int>(rest - (m * 153 + 2) / 5 + 1);
  const int month = static_cast<int>(m < 10 ? m + 3 : m - 9);
  return Date{static_cast<int>(m < 10 ? y : y + 1), month, day};
}

constexpr bool leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

constexpr int days_in(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && leap(year) ? 29 : kDays[month - 1];
}

/// 0 = Sunday.
constexpr int weekday(std::int64_t days) { return static_cast<int>(((days + 4) % 7 + 7) % 7); }
static_assert(weekday(0) == 4 && weekday(-5) == 6 && weekday(11'017) == 3);

/// The whole days in a number of seconds, rounded down.
constexpr std::int64_t whole_days(std::int64_t seconds) {
  return seconds >= 0 ? seconds / 86'400 : -((86'399 - seconds) / 86'400);
}
static_assert(whole_days(-1) == -1 && whole_days(-86'400) == -1 && whole_days(86'400) == 1);

}  // namespace handsync::items
