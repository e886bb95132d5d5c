#include "handset/zone.h"

#include <string>

#include "handset/failure.h"
#include "handset/item_form.h"
#include "handset/properties.h"

#include "CppUTest/TestHarness.h"

using namespace handset;

TEST_GROUP(HandsetZone){};

TEST(HandsetZone, PosixRulesAndNames) {
  const auto berlin = zone_of("CET-1CEST,M3.5.0,M10.5.0/3");
  CHECK(berlin.has_value());
  LONGS_EQUAL(-60, berlin->bias_min);
  LONGS_EQUAL(-60, berlin->daylight_bias_min);
  CHECK(berlin->to_daylight.month == 3 && berlin->to_daylight.day == 5 && berlin->to_standard.month == 10);
  LONGS_EQUAL(3 * 3600, berlin->to_standard.second_of_day);
  CHECK(zone_of("Europe/Berlin") == berlin || !zone_of("Europe/Berlin"));  // without zone files there are no names
  const auto pacific = zone_of("<PST>8<PDT>,M3.2.0,M11.1.0");
  CHECK(pacific.has_value() && pacific->bias_min == 480 && pacific->daylight_bias_min == -60);
  LONGS_EQUAL(-330, zone_of("IST-5:30")->bias_min);
  CHECK(zone_of("UTC").has_value() && zone_of("UTC")->bias_min == 0);
  for (const char* bad : {"", "No/Where", "../../etc/passwd", "CET-1CEST,J60,J300", "CET-1CEST,M3.5.0"})
    CHECK_FALSE_TEXT(zone_of(bad).has_value(), bad);
}

TEST(HandsetZone, TimesAsTheyAreTyped) {
  const auto berlin = *zone_of("CET-1CEST,M3.5.0,M10.5.0/3");
  const auto utc = [&](const char* text) { return typed_time(text, berlin)->utc_s; };
  LONGLONGS_EQUAL(1'796'630'400, utc("2026-12-07T09:00"));     // 08:00Z
  LONGLONGS_EQUAL(1'780'815'600, utc("2026-06-07 09:00:00"));  // summer: 07:00Z
  LONGLONGS_EQUAL(1'780'822'800, utc("2026-06-07T09:00Z"));
  LONGLONGS_EQUAL(1'780'822'800, utc("2026-06-07T04:00:00-05:00"));
  LONGLONGS_EQUAL(1'780'822'800, utc("2026-06-07T09:00:00.000Z"));
  CHECK(typed_time("2026-06-07", berlin)->date_only);
  LONGLONGS_EQUAL(0, typed_time("2026-06-07", berlin)->local_s % 86'400);
  for (const char* bad : {"", "tomorrow", "2026-13-01", "2026-02-30", "2026-06-07T", "2026-06-07T25:00",
                          "2026-06-07T09:00+1", "2026-06-07x"})
    CHECK_FALSE_TEXT(typed_time(bad, berlin).has_value(), bad);
}

TEST(HandsetZone, RulesOfICalendarAsActiveSyncSaysThem) {
  const auto berlin = *zone_of("CET-1CEST,M3.5.0,M10.5.0/3");
  const auto said = [&](const std::string& rule) {
    std::string line;
    const auto elements =
        elements_of(recurrence_of(rule, 1'796'634'000, berlin));  // Monday, 7 December 2026, 09:00 there
    for (const Element& child : elements.at(0).children) line += child.name + "=" + child.text + " ";
    return line;
  };
  STRCMP_EQUAL("Type=0 Interval=1 ", said("FREQ=DAILY").c_str());
  STRCMP_EQUAL("Type=1 Occurrences=10 Interval=2 DayOfWeek=10 ",
               said("RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=10").c_str());
  STRCMP_EQUAL("Type=1 Interval=1 DayOfWeek=2 ", said("FREQ=WEEKLY").c_str());
  STRCMP_EQUAL("Type=2 Interval=1 DayOfMonth=7 ", said("FREQ=MONTHLY").c_str());
  STRCMP_EQUAL("Type=3 Interval=1 DayOfWeek=32 WeekOfMonth=5 ", said("FREQ=MONTHLY;BYDAY=-1FR").c_str());
  STRCMP_EQUAL("Type=3 Interval=1 DayOfWeek=62 WeekOfMonth=1 ",
               said("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1").c_str());
  STRCMP_EQUAL("Type=5 DayOfMonth=7 MonthOfYear=12 ", said("FREQ=YEARLY").c_str());
  STRCMP_EQUAL("Type=6 DayOfWeek=1 WeekOfMonth=2 MonthOfYear=5 ", said("FREQ=YEARLY;BYMONTH=5;BYDAY=2SU").c_str());
  STRCMP_EQUAL("Type=1 Until=20270101T080000Z Interval=1 DayOfWeek=2 ", said("FREQ=WEEKLY;UNTIL=20270101").c_str());
  for (const char* bad : {"", "FREQ=HOURLY", "FREQ=WEEKLY;BYDAY=XX", "FREQ=DAILY;COUNT=0", "FREQ=MONTHLY;BYDAY=5MO",
                          "FREQ=DAILY;BYHOUR=3", "FREQ=MONTHLY;BYMONTHDAY=40", "WEEKLY"}) {
    bool refused = false;
    try {
      said(bad);
    } catch (const Failure& failure) {
      refused = failure.exit == 2;
    }
    CHECK_TEXT(refused, bad);
  }
}
