#include "sync/schedule.h"

#include "sync/limits.h"

namespace handsync::sync {
namespace {

constexpr std::int64_t kHourMs = 3600'000, kDayMs = 24 * kHourMs;

std::int64_t time_of_day(std::int64_t local_ms) {
  const std::int64_t rest = local_ms % kDayMs;
  return rest < 0 ? rest + kDayMs : rest;
}

bool is_peak(const Schedule& schedule, std::int64_t local_ms) {
  const std::int64_t from = schedule.peak_from_h * kHourMs, to = schedule.peak_to_h * kHourMs;
  const std::int64_t now = time_of_day(local_ms);
  if (from == to) return true;
  return from < to ? now >= from && now < to : now >= from || now < to;
}

bool is_mode(std::uint16_t mode) {
  return mode == kPushMode || mode == kManualMode || (mode >= kIntervalMinMinutes && mode <= kIntervalMaxMinutes);
}

}  // namespace

Status check(const Schedule& schedule) {
  const bool sound = is_mode(schedule.peak_mode) && is_mode(schedule.off_peak_mode) && schedule.peak_from_h <= 24 &&
                     schedule.peak_to_h <= 24;
  if (!sound) return engine_fault(EngineFault::kInvalidSettings);
  return Done{};
}

std::uint16_t mode_of(const Schedule& schedule, const Surroundings& around) {
  if (around.manual_by_policy || (around.roaming && schedule.manual_when_roaming)) return kManualMode;
  const std::uint16_t mode = is_peak(schedule, around.local_ms) ? schedule.peak_mode : schedule.off_peak_mode;
  if (!around.battery_low || mode == kManualMode) return mode;
  return mode > kLowBatteryMinutes ? mode : kLowBatteryMinutes;
}

std::uint64_t until_next_mode_ms(const Schedule& schedule, const Surroundings& around) {
  const std::int64_t now = time_of_day(around.local_ms);
  std::int64_t soonest = INT64_MAX;
  for (const std::uint8_t hour : {schedule.peak_from_h, schedule.peak_to_h}) {
    std::int64_t wait = hour * kHourMs % kDayMs - now;
    if (wait <= 0) wait += kDayMs;
    Surroundings then = around;
    then.local_ms += wait;
    if (mode_of(schedule, then) != mode_of(schedule, around) && wait < soonest) soonest = wait;
  }
  return soonest == INT64_MAX ? UINT64_MAX : static_cast<std::uint64_t>(soonest);
}

}  // namespace handsync::sync
