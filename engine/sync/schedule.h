/// What the schedule, the hour, the network and the battery make of push (handsync/engine.h: Schedule).
#pragma once
#include "handsync/engine.h"

namespace handsync::sync {

/// What surrounds an account just now.
struct Surroundings {
  std::int64_t local_ms = 0;  ///< wall clock in the person's zone
  bool roaming = false;
  bool manual_by_policy = false;  ///< RequireManualSyncWhenRoaming holds
  bool battery_low = false;
};

/// An error names what makes no sense: an interval out of range, an hour beyond 24.
Status check(const Schedule&);
/// kPushMode, kManualMode, or the minutes between two visits.
std::uint16_t mode_of(const Schedule&, const Surroundings&);
/// How long until the hour alone makes it another mode; UINT64_MAX = never.
std::uint64_t until_next_mode_ms(const Schedule&, const Surroundings&);

}  // namespace handsync::sync
