#include "items/datetime.h"

#include <cstdio>
#include <string>

#include <CppUTest/TestHarness.h>

using namespace handsync;

TEST_GROUP(DateTime){std::int64_t read(Text text){const Result<std::int64_t> value = items::parse_date_time(text);
return value.ok() ? value.value() : -12'345;
}
}
;

TEST(DateTime, BothFormsAndWhatServersMakeOfThem) {
  const std::int64_t expected = 1'772'357'400'000;
  LONGLONGS_EQUAL(expected, read("2026-03-01T09:30:00.000Z"));
  LONGLONGS_EQUAL(expected, read("2026-03-01T09:30:00Z"));
  LONGLONGS_EQUAL(expected, read("20260301T093000Z"));
  LONGLONGS_EQUAL(expected, read("2026-03-01T09:30:00"));
  LONGLONGS_EQUAL(expected, read("2026-03-01T09:30Z"));
  LONGLONGS_EQUAL(expected, read(" 20260301T093000.000Z\n"));
  LONGLONGS_EQUAL(expected + 125, read("2026-03-01T09:30:00.1251Z"));
  LONGLONGS_EQUAL(expected - 9 * 3'600'000 - 30 * 60'000, read("2026-03-01"));
  LONGLONGS_EQUAL(0, read("1970-01-01T00:00:00Z"));
  LONGLONGS_EQUAL(-1000, read("1969-12-31T23:59:59Z"));
}

TEST(DateTime, WhatIsNoDateIsAnError) {
  for (const char* text :
       {"", "2026", "2026-13-01T00:00:00Z", "2026-00-01", "2026-02-29T00:00:00Z", "2026-02-30", "20260301T",
        "2026-03-01T24:00:00Z", "2026-03-01T09:60:00Z", "2026-03-01T09:30:61Z", "2026-0a-01",
        "2026-03-01T09:30:00+01:00", "2026-0301", "2026-03-01 09:30", "Sun, 01 Mar 2026", "2026-03-01Tx"}) {
    const Result<std::int64_t> value = items::parse_date_time(text);
    CHECK_TEXT(!value.ok(), text);
    CHECK(value.error().domain == Domain::kEas);
  }
  CHECK(items::parse_date_time("2024-02-29").ok());
  CHECK(items::parse_date_time("2000-02-29").ok());
  CHECK_FALSE(items::parse_date_time("1900-02-29").ok());
}

TEST(DateTime, EveryDayOfNineCenturiesThereAndBack) {
  // A calendar kept by counting, against the closed formulas.
  int year = 1600, month = 1, day = 1;
  std::int64_t ms = read("1600-01-01");
  LONGLONGS_EQUAL(-11'676'096'000'000, ms);
  while (year < 2500) {
    char text[80];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT23:59:59.999Z", year, month, day);
    if (items::format_date_time(ms + 86'399'999).view() != text || read(text) != ms + 86'399'999) FAIL(text);
    constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (++day > kDays[month - 1] + (month == 2 && leap ? 1 : 0)) {
      day = 1;
      if (++month > 12) {
        month = 1;
        ++year;
      }
    }
    ms += 86'400'000;
  }
}

TEST(DateTime, Formats) {
  STRCMP_EQUAL("20260301T093000Z", std::string(items::format_compact_date_time(1'772'357'400'000).view()).c_str());
  STRCMP_EQUAL("1969-12-31T23:59:59.999Z", std::string(items::format_date_time(-1).view()).c_str());
  STRCMP_EQUAL("9999-12-31T23:59:59.999Z", std::string(items::format_date_time(INT64_MAX).view()).c_str());
  STRCMP_EQUAL("0000-03-01T00:00:00.000Z", std::string(items::format_date_time(INT64_MIN).view()).c_str());
}
