/// The time zone of an appointment (MS-ASDTYPE 2.7.6 TimeZone): 172 bytes, base64 on the wire, that hold a bias and the
/// two changes of a year as rules, so that local times can be had for any year without a database of zones. Pure; any
/// thread. Times are seconds since 1970-01-01: of UTC, or of a wall clock that shows local time.
#pragma once
#include "handsync/base.h"

namespace handsync::items {

/// When the clocks change, as the wall shows it just before: the nth weekday of a month each year, or (year set) a
/// date.
struct ZoneChange {
  std::uint16_t year = 0;        ///< 0 = every year
  std::uint8_t month = 0;        ///< 1..12; 0 = the clocks never change
  std::uint8_t day_of_week = 0;  ///< 0 = Sunday; of no use with a year
  std::uint8_t day = 0;          ///< with a year the day of the month; else 1..4, 5 = the last
  std::uint32_t second_of_day = 0;
  friend bool operator==(const ZoneChange&, const ZoneChange&) = default;
};

struct TimeZone {
  std::int32_t bias_min = 0;                                  ///< UTC = local + bias: -60 is one hour east
  std::int32_t standard_bias_min = 0, daylight_bias_min = 0;  ///< in addition, in the time each of them is in force
  ZoneChange to_standard, to_daylight;
  friend bool operator==(const TimeZone&, const TimeZone&) = default;

  bool has_daylight() const { return to_standard.month != 0 && to_daylight.month != 0; }
  std::int64_t local_of(std::int64_t utc_s) const;
  /// A local time that the spring change leaves out means what the clock would have shown without it; one that the
  /// autumn change brings twice means the first.
  std::int64_t utc_of(std::int64_t local_s) const;
};

inline constexpr std::size_t kTimeZoneBytes = 172, kTimeZoneTextBytes = 232;

/// Error{kEas, 6}: not base64, not 172 bytes, or rules that are no rules. Blanks within are forgiven.
Result<TimeZone> parse_time_zone(Text base64);
FixedText<kTimeZoneTextBytes> format_time_zone(const TimeZone&);  ///< with empty names: servers go by the rules

}  // namespace handsync::items
