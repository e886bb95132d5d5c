/// Time zones by name, and the times that people type.
#pragma once
#include <optional>
#include <string>

#include "items/time_zone.h"

namespace handset {

/// "Europe/Berlin" by this machine's zone files, "CET-1CEST,M3.5.0,M10.5.0/3" as POSIX writes it, or "UTC". Nothing:
/// there is no such zone.
std::optional<handsync::items::TimeZone> zone_of(const std::string& name);
/// A zone that never changes its clocks.
handsync::items::TimeZone zone_of_offset(long utc_offset_s);

/// What somebody typed: a date alone, or a time with or without its offset.
struct TypedTime {
  bool date_only = false;
  std::int64_t local_s = 0;  ///< as the wall clock shows it, or midnight of the date
  std::int64_t utc_s = 0;
};
/// "2026-12-25", "2026-12-25T08:35", "2026-12-25 08:35:00", "...Z", "...+01:00". Nothing: it is none of these.
std::optional<TypedTime> typed_time(const std::string& text, const handsync::items::TimeZone& zone);

}  // namespace handset
