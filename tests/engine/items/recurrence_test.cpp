#include "items/recurrence.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "items/calendar_date.h"
#include "items/datetime.h"
#include "wbxml/code_pages.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using items::Occurrence;
using items::Recurrence;
using items::Repeat;
using items::Series;
using items::TimeZone;
namespace cal = wbxml::calendar;

namespace {

std::int64_t at(const std::string& text) {
  const auto time = items::parse_date_time(text);
  CHECK_TEXT(time.ok(), text.c_str());
  return time.value() / 1000;
}

std::string shown(std::int64_t seconds) {
  return std::string(items::format_compact_date_time(seconds * 1000).view()).substr(0, 13);
}

TimeZone central_europe() {
  TimeZone zone;
  zone.bias_min = -60;
  zone.daylight_bias_min = -60;
  zone.to_standard = {0, 10, 0, 5, 3 * 3600};
  zone.to_daylight = {0, 3, 0, 5, 2 * 3600};
  return zone;
}

/// The first `most` starts, one after another.
std::string starts(const Recurrence& rule, const std::string& first, std::size_t most = 6,
                   const TimeZone& zone = TimeZone{}) {
  Series series(rule, zone, at(first), at(first) + 3600);
  std::string text;
  Occurrence one{};
  for (std::size_t i = 0; i < most && series.next(one); ++i) {
    LONGS_EQUAL(i, one.number);
    text += (i == 0 ? "" : " ") + shown(one.start_s);
  }
  return text;
}

Recurrence rule(Repeat type) {
  Recurrence made;
  made.type = type;
  return made;
}

constexpr std::uint8_t kMonday = 2, kWednesday = 8, kFriday = 32, kWorkdays = 62;

/// What a pattern means, day by day, without any shortcut.
bool fits(const Recurrence& r, std::int64_t first, std::int64_t day) {
  const items::Date date = items::date_from_days(day), begin = items::date_from_days(first);
  const int last = items::days_in(date.year, date.month);
  const bool weekday = (r.days_of_week >> items::weekday(day) & 1) != 0;
  const auto nth = [&] {
    if (!weekday) return false;
    int before = 0, after = 0;
    for (int d = 1; d <= last; ++d) {
      const bool same = (r.days_of_week >> items::weekday(day - date.day + d) & 1) != 0;
      before += same && d < date.day ? 1 : 0;
      after += same && d > date.day ? 1 : 0;
    }
    return r.week_of_month == 5 ? after == 0 : before == r.week_of_month - 1;
  };
  const int months = (date.year - begin.year) * 12 + date.month - begin.month;
  const auto week = [&](std::int64_t d) { return d - (items::weekday(d) - r.first_day_of_week + 7) % 7; };
  switch (r.type) {
    case Repeat::kDaily:
      if (r.days_of_week == 0) return (day - first) % r.interval == 0;
      [[fallthrough]];
    case Repeat::kWeekly:
      return weekday && (week(day) - week(first)) / 7 % r.interval == 0;
    case Repeat::kMonthly:
      return months % r.interval == 0 && date.day == std::min<int>(r.day_of_month, last);
    case Repeat::kMonthlyNth:
      return months % r.interval == 0 && nth();
    case Repeat::kYearly:
      return (date.year - begin.year) % r.interval == 0 && date.month == r.month_of_year &&
             date.day == std::min<int>(r.day_of_month, last);
    default:
      return (date.year - begin.year) % r.interval == 0 && date.month == r.month_of_year && nth();
  }
}

}  // namespace

TEST_GROUP(Recurrence){};

TEST(Recurrence, EveryType) {
  Recurrence daily = rule(Repeat::kDaily);
  daily.interval = 3;
  STRCMP_EQUAL("20260226T0900 20260301T0900 20260304T0900", starts(daily, "20260226T090000Z", 3).c_str());
  Recurrence workdays = rule(Repeat::kDaily);
  workdays.days_of_week = kWorkdays;
  STRCMP_EQUAL("20260305T0900 20260306T0900 20260309T0900", starts(workdays, "20260305T090000Z", 3).c_str());
  Recurrence weekly = rule(Repeat::kWeekly);
  weekly.interval = 2;
  weekly.days_of_week = kMonday | kWednesday | kFriday;
  STRCMP_EQUAL("20260304T0900 20260306T0900 20260316T0900 20260318T0900",
               starts(weekly, "20260304T090000Z", 4).c_str());
  Recurrence monthly = rule(Repeat::kMonthly);
  monthly.day_of_month = 31;
  STRCMP_EQUAL("20260131T0900 20260228T0900 20260331T0900 20260430T0900",
               starts(monthly, "20260131T090000Z", 4).c_str());
  Recurrence last_workday = rule(Repeat::kMonthlyNth);
  last_workday.days_of_week = kWorkdays;
  last_workday.week_of_month = 5;
  STRCMP_EQUAL("20260130T0900 20260227T0900 20260331T0900", starts(last_workday, "20260110T090000Z", 3).c_str());
  Recurrence second_friday = rule(Repeat::kMonthlyNth);
  second_friday.days_of_week = kFriday;
  second_friday.week_of_month = 2;
  second_friday.interval = 2;
  STRCMP_EQUAL("20260508T0900 20260710T0900", starts(second_friday, "20260315T090000Z", 2).c_str());
  Recurrence leap_day = rule(Repeat::kYearly);
  leap_day.day_of_month = 29;
  leap_day.month_of_year = 2;
  STRCMP_EQUAL("20240229T0900 20250228T0900 20260228T0900 20270228T0900 20280229T0900",
               starts(leap_day, "20240229T090000Z", 5).c_str());
  Recurrence thanksgiving = rule(Repeat::kYearlyNth);
  thanksgiving.days_of_week = 16;
  thanksgiving.week_of_month = 4;
  thanksgiving.month_of_year = 11;
  STRCMP_EQUAL("20261126T0900 20271125T0900 20281123T0900", starts(thanksgiving, "20260101T090000Z", 3).c_str());
}

TEST(Recurrence, WeeksBeginWhereTheRuleSays) {
  // RFC 5545's own example: every other week on Tuesday and Sunday, weeks from Monday or from Sunday.
  Recurrence weekly = rule(Repeat::kWeekly);
  weekly.interval = 2;
  weekly.days_of_week = 4 | 1;
  weekly.occurrences = 4;
  weekly.first_day_of_week = 1;
  STRCMP_EQUAL("19970805T0900 19970810T0900 19970819T0900 19970824T0900", starts(weekly, "19970805T090000Z").c_str());
  weekly.first_day_of_week = 0;
  STRCMP_EQUAL("19970805T0900 19970817T0900 19970819T0900 19970831T0900", starts(weekly, "19970805T090000Z").c_str());
}

TEST(Recurrence, ItEndsByCountOrByTime) {
  Recurrence daily = rule(Repeat::kDaily);
  daily.occurrences = 2;
  daily.has_until = true;
  daily.until_s = at("20261231T000000Z");
  STRCMP_EQUAL("20260301T0900 20260302T0900", starts(daily, "20260301T090000Z").c_str());
  daily.occurrences = 0;
  daily.until_s = at("20260303T090000Z");
  STRCMP_EQUAL("20260301T0900 20260302T0900 20260303T0900", starts(daily, "20260301T090000Z").c_str());
  daily.until_s -= 1;
  STRCMP_EQUAL("20260301T0900 20260302T0900", starts(daily, "20260301T090000Z").c_str());
  daily.until_s = at("20260302");  // a date alone
  STRCMP_EQUAL("20260301T0900 20260302T0900", starts(daily, "20260301T090000Z").c_str());
  STRCMP_EQUAL("20260301T0000 20260302T0000", starts(daily, "20260301T000000Z").c_str());
}

TEST(Recurrence, TheWallClockStaysWhereSummerBegins) {
  Recurrence daily = rule(Repeat::kDaily);
  STRCMP_EQUAL("20260327T0800 20260328T0800 20260329T0700 20260330T0700",
               starts(daily, "20260327T080000Z", 4, central_europe()).c_str());
  STRCMP_EQUAL("20261023T0700 20261024T0700 20261025T0800",
               starts(daily, "20261023T070000Z", 3, central_europe()).c_str());
  // Half past two does not exist on that day.
  STRCMP_EQUAL("20260328T0130 20260329T0130 20260330T0030",
               starts(daily, "20260328T013000Z", 3, central_europe()).c_str());
  // Half past midnight is the day before in UTC, and the pattern is one of local days.
  Recurrence weekly = rule(Repeat::kWeekly);
  weekly.days_of_week = kMonday;
  STRCMP_EQUAL("20260111T2330 20260118T2330", starts(weekly, "20260111T233000Z", 2, central_europe()).c_str());
}

TEST(Recurrence, WhetherATimeIsOneOfASeries) {
  Recurrence weekly = rule(Repeat::kWeekly);
  weekly.days_of_week = kMonday;
  weekly.occurrences = 20;
  const Series series(weekly, central_europe(), at("20260112T080000Z"), at("20260112T090000Z"));
  for (const char* one : {"20260112T080000Z", "20260119T080000Z", "20260330T070000Z", "20260525T070000Z"})
    CHECK_TEXT(series.has(at(one)), one);
  for (const char* none :
       {"20260105T080000Z", "20260112T083000Z", "20260113T080000Z", "20260330T080000Z", "20260601T070000Z"})
    CHECK_FALSE_TEXT(series.has(at(none)), none);
  // Longer than the way to the next one.
  const Series longer(weekly, TimeZone{}, at("20260112T080000Z"), at("20260130T080000Z"));
  CHECK(longer.has(at("20260126T080000Z")) && !longer.has(at("20260127T080000Z")));
  // Of dates that are not computed nobody can say that they are none.
  weekly.calendar_type = 8;
  CHECK(Series(weekly, TimeZone{}, at("20260112T080000Z"), at("20260112T090000Z")).has(at("20260113T083000Z")));
}

TEST(Recurrence, ElementsOfBothPages) {
  Recurrence read;
  CHECK(read.set(cal::kType, "3"));
  CHECK(read.set(cal::kInterval, "0"));
  CHECK(read.set(cal::kWeekOfMonth, "5"));
  CHECK(read.set(cal::kDayOfWeek, "127"));
  CHECK(read.set(wbxml::tasks::kUntil, "2026-03-01T00:00:00.000Z"));
  CHECK(read.set(cal::kSubject, "not one of them"));
  CHECK(read.check().ok());
  LONGS_EQUAL(1, read.interval);
  LONGLONGS_EQUAL(at("20260301"), read.until_s);
  for (const auto& [tag, value] : std::vector<std::pair<wbxml::Tag, const char*>>{{cal::kType, "4"},
                                                                                  {cal::kType, "7"},
                                                                                  {cal::kType, ""},
                                                                                  {cal::kInterval, "1000"},
                                                                                  {cal::kDayOfWeek, "128"},
                                                                                  {cal::kWeekOfMonth, "6"},
                                                                                  {cal::kDayOfMonth, "32"},
                                                                                  {cal::kMonthOfYear, "13"},
                                                                                  {cal::kUntil, "soon"},
                                                                                  {cal::kOccurrences, "-1"},
                                                                                  {cal::kFirstDayOfWeek, "7"}}) {
    Recurrence wrong;
    CHECK_TEXT(!wrong.set(tag, value), value);
  }
}

TEST(Recurrence, APatternThatLacksWhatItNeedsIsTheFirstDateAlone) {
  for (const Repeat type :
       {Repeat::kWeekly, Repeat::kMonthly, Repeat::kMonthlyNth, Repeat::kYearly, Repeat::kYearlyNth}) {
    CHECK_FALSE(rule(type).check().ok());
    STRCMP_EQUAL("20260301T0900", starts(rule(type), "20260301T090000Z").c_str());
  }
  Recurrence hebrew = rule(Repeat::kYearly);
  hebrew.day_of_month = hebrew.month_of_year = 7;
  hebrew.calendar_type = 8;
  CHECK(hebrew.check().ok());
  STRCMP_EQUAL("20260301T0900", starts(hebrew, "20260301T090000Z").c_str());
}

TEST(Recurrence, TheLastOfNoWeekdayIsLookedForNowhere) {
  for (const Repeat type : {Repeat::kMonthlyNth, Repeat::kYearlyNth}) {
    Recurrence made = rule(type);
    made.week_of_month = 5;
    made.month_of_year = 3;
    STRCMP_EQUAL("20260301T0900", starts(made, "20260301T090000Z").c_str());
    Series series(made, TimeZone{}, at("20260301T090000Z"), at("20260301T100000Z"));
    series.seek(at("20270301T090000Z"));
    Occurrence one{};
    CHECK_FALSE(series.next(one));
  }
}

TEST(Recurrence, AnyPatternAgreesWithTheDayByDayReading) {
  std::mt19937 dice(7);
  const auto roll = [&dice](int from, int to) { return std::uniform_int_distribution<int>(from, to)(dice); };
  constexpr Repeat kTypes[] = {Repeat::kDaily,      Repeat::kWeekly, Repeat::kMonthly,
                               Repeat::kMonthlyNth, Repeat::kYearly, Repeat::kYearlyNth};
  for (int round = 0; round < 600; ++round) {
    Recurrence r = rule(kTypes[round % 6]);
    r.interval = static_cast<std::uint16_t>(roll(1, round % 3 == 0 ? 40 : 4));
    r.days_of_week = static_cast<std::uint8_t>(r.type == Repeat::kDaily && round % 2 == 0 ? 0 : roll(1, 127));
    r.week_of_month = static_cast<std::uint8_t>(roll(1, 5));
    r.day_of_month = static_cast<std::uint8_t>(roll(1, 31));
    r.month_of_year = static_cast<std::uint8_t>(roll(1, 12));
    r.first_day_of_week = static_cast<std::uint8_t>(roll(0, 6));
    r.occurrences = static_cast<std::uint16_t>(round % 4 == 0 ? roll(1, 30) : 0);
    const std::int64_t first = items::days_from_date(roll(1990, 2040), roll(1, 12), roll(1, 28));
    // A mask may have fewer days in a month than week_of_month counts; every single weekday has four.
    if ((r.type == Repeat::kMonthlyNth || r.type == Repeat::kYearlyNth) && r.days_of_week == 0) r.days_of_week = 1;
    std::vector<std::int64_t> wanted;
    for (std::int64_t day = first; day < first + 366 * 12; ++day) {
      if (r.occurrences != 0 && wanted.size() == r.occurrences) break;
      if (fits(r, first, day)) wanted.push_back(day);
    }
    Series all(r, TimeZone{}, first * 86400 + 32400, first * 86400 + 36000);
    Occurrence one{};
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      CHECK(all.next(one));
      LONGLONGS_EQUAL(wanted[i], items::whole_days(one.start_s));
      LONGS_EQUAL(i, one.number);
    }
    if (r.occurrences != 0 && wanted.size() == r.occurrences) CHECK_FALSE(all.next(one));
    // From anywhere it goes on with the same date and number.
    const std::int64_t from = first + roll(0, 366 * 10);
    const auto next = std::lower_bound(wanted.begin(), wanted.end(), from);
    Series sought(r, TimeZone{}, first * 86400 + 32400, first * 86400 + 36000);
    sought.seek(from * 86400);
    if (next == wanted.end()) continue;
    CHECK(sought.next(one));
    LONGLONGS_EQUAL(*next, items::whole_days(one.start_s));
    LONGS_EQUAL(next - wanted.begin(), one.number);
  }
}

TEST(Recurrence, AnEndlessSeriesEndsWithTheCalendar) {
  Recurrence yearly = rule(Repeat::kYearly);
  yearly.day_of_month = yearly.month_of_year = 1;
  yearly.interval = 999;
  Series series(yearly, TimeZone{}, at("20260101T000000Z"), at("20260101T010000Z"));
  Occurrence one{};
  int count = 0;
  while (series.next(one)) ++count;
  LONGS_EQUAL(8, count);
  Series late(rule(Repeat::kDaily), TimeZone{}, at("20260101T000000Z"), at("20260101T010000Z"));
  late.seek(INT64_MAX / 2);
  CHECK_FALSE(late.next(one));
}
