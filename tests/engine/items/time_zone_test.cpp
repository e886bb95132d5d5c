#include "items/time_zone.h"

#include <string>

#include "items/datetime.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using items::TimeZone;

namespace {

const std::string kZeros(230, 'A');
const char kPacific[] =
    "4AEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAsAAAAB"
    "AAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAMAAAACAAIAAAAAAAAAxP///w==";

std::int64_t at(const char* text) {
  const auto time = items::parse_date_time(text);
  CHECK_TEXT(time.ok(), text);
  return time.value() / 1000;
}

std::string shown(std::int64_t seconds) {
  return std::string(items::format_compact_date_time(seconds * 1000).view()).substr(0, 15);
}

TimeZone central_europe() {
  TimeZone zone;
  zone.bias_min = -60;
  zone.daylight_bias_min = -60;
  zone.to_standard = {0, 10, 0, 5, 3 * 3600};
  zone.to_daylight = {0, 3, 0, 5, 2 * 3600};
  return zone;
}

TimeZone sydney() {
  TimeZone zone;
  zone.bias_min = -600;
  zone.daylight_bias_min = -60;
  zone.to_standard = {0, 4, 0, 1, 3 * 3600};
  zone.to_daylight = {0, 10, 0, 1, 2 * 3600};
  return zone;
}

}  // namespace

TEST_GROUP(TimeZone){};

TEST(TimeZone, TheBytesAndBack) {
  const auto pacific = items::parse_time_zone(kPacific);
  CHECK(pacific.ok());
  LONGS_EQUAL(480, pacific.value().bias_min);
  LONGS_EQUAL(-60, pacific.value().daylight_bias_min);
  CHECK((pacific.value().to_standard == items::ZoneChange{0, 11, 0, 1, 2 * 3600}));
  CHECK((pacific.value().to_daylight == items::ZoneChange{0, 3, 0, 2, 2 * 3600}));
  STRCMP_EQUAL(kPacific, std::string(items::format_time_zone(pacific.value()).view()).c_str());
  const auto utc = items::parse_time_zone(kZeros + "==");
  CHECK(utc.ok());
  CHECK(utc.value() == TimeZone{});
  STRCMP_EQUAL((kZeros + "==").c_str(), std::string(items::format_time_zone(TimeZone{}).view()).c_str());
  const auto europe = items::parse_time_zone(items::format_time_zone(central_europe()).view());
  CHECK(europe.ok());
  CHECK(europe.value() == central_europe());
}

TEST(TimeZone, WhatIsNoZoneIsAnError) {
  std::string wrong = kPacific;
  for (const std::string& text : {std::string(), std::string("AAAA"), kZeros + "AAAA==", wrong.substr(4),
                                  wrong + "AAAA", wrong.replace(8, 1, "?")}) {
    CHECK_TEXT(!items::parse_time_zone(text).ok(), text.c_str());
  }
  // A change in month 13, a bias of 300 hours.
  TimeZone zone = central_europe();
  zone.to_standard.month = 13;
  CHECK_FALSE(items::parse_time_zone(items::format_time_zone(zone).view()).ok());
  zone = central_europe();
  zone.bias_min = 300 * 60;
  CHECK_FALSE(items::parse_time_zone(items::format_time_zone(zone).view()).ok());
  std::string folded = kPacific;
  folded.insert(76, "\r\n ");
  CHECK(items::parse_time_zone(folded).ok());
}

TEST(TimeZone, LocalTimesNorthAndSouth) {
  const TimeZone europe = central_europe();
  STRCMP_EQUAL("20260115T100000", shown(europe.local_of(at("20260115T090000Z"))).c_str());
  STRCMP_EQUAL("20260715T110000", shown(europe.local_of(at("20260715T090000Z"))).c_str());
  STRCMP_EQUAL("20260329T015959", shown(europe.local_of(at("20260329T005959Z"))).c_str());
  STRCMP_EQUAL("20260329T030000", shown(europe.local_of(at("20260329T010000Z"))).c_str());
  STRCMP_EQUAL("20261025T025959", shown(europe.local_of(at("20261025T005959Z"))).c_str());
  STRCMP_EQUAL("20261025T020000", shown(europe.local_of(at("20261025T010000Z"))).c_str());
  const TimeZone south = sydney();
  STRCMP_EQUAL("20260115T110000", shown(south.local_of(at("20260115T000000Z"))).c_str());
  STRCMP_EQUAL("20260715T100000", shown(south.local_of(at("20260715T000000Z"))).c_str());
  STRCMP_EQUAL("20261231T233000", shown(south.local_of(at("20261231T123000Z"))).c_str());
  STRCMP_EQUAL("20270101T003000", shown(south.local_of(at("20261231T133000Z"))).c_str());
}

TEST(TimeZone, EveryLocalTimeHasItsInstant) {
  for (const TimeZone& zone : {central_europe(), sydney(), items::parse_time_zone(kPacific).value(), TimeZone{}}) {
    for (std::int64_t utc = at("20251230T000000Z"); utc < at("20270103T000000Z"); utc += 900) {
      const std::int64_t local = zone.local_of(utc), back = zone.utc_of(local);
      // The hour that comes twice means its first time.
      CHECK(back == utc || (back == utc - 3600 && zone.local_of(back) == local));
    }
  }
  // The hour that does not exist.
  STRCMP_EQUAL("20260329T013000", shown(central_europe().utc_of(at("20260329T023000Z"))).c_str());
}
