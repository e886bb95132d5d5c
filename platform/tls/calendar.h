/// Days between a date and 1970-01-01 (proleptic Gregorian): certificates and cookies carry dates, everything else
/// counts seconds.
#pragma once
#include <cstdint>

namespace handsync {

/// month 1..12, day 1..31, year >= 0.
constexpr std::int64_t days_since_1970(std::int64_t year, std::int64_t month, std::int64_t day) {
  // Years that begin in March: the leap day is then the last one.
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719468;
}
static_assert(days_since_1970(1970, 1, 1) == 0 && days_since_1970(2000, 2, 29) == 11016 &&
              days_since_1970(2000, 3, 1) == 11017);

}  // namespace handsync
