/// The two date forms of ActiveSync to and from milliseconds since 1970-01-01T00:00:00Z, without the C library's idea
/// of time (MS-ASDTYPE 2.3 dateTime, 2.7.2 Compact DateTime). Reads either form wherever a date may stand: servers mix
/// them.
#pragma once
#include "handsync/base.h"

namespace handsync::items {

/// "2026-03-01T09:30:00.000Z" (fraction of any length or none), "20260301T093000Z", or a date alone in either form,
/// which is its midnight. Surrounding blanks and a missing Z are forgiven; anything else is Error{kEas, 6}.
Result<std::int64_t> parse_date_time(Text);

FixedText<24> format_date_time(
    std::int64_t wall_ms);  ///< 2026-03-01T09:30:00.000Z; years 0..9999, outside of them the nearest
FixedText<16> format_compact_date_time(std::int64_t wall_ms);  ///< 20260301T093000Z

}  // namespace handsync::items
