#include "sync/back_off.h"
#include "replica/planted.h"

namespace handsync::sync {

std::uint64_t cost_ms(std::uint32_t visit_requests) {
  if (!visit_requests) return 0;
  std::uint32_t visits = kRequestsAnHourMax / visit_requests;  // in any hour: one begins with it, another ends with it
  return 3600'000ULL / (visits > 2 ? visits - 1 : 1);
}

std::uint64_t pause_ms(hal::Entropy& entropy, std::uint32_t nth, std::uint64_t first_ms, std::uint32_t retry_after_s,
                       std::uint32_t visit_requests) {
  std::uint64_t pause = first_ms;
  for (std::uint32_t i = 1; i < nth && pause < kPauseMaxMs; ++i) pause *= 2;
  if (pause > kPauseMaxMs) pause = kPauseMaxMs;
  std::uint64_t asked = planted::on(planted::Bug::kRetryAfterIgnored) ? 0 : std::uint64_t{retry_after_s} * 1000;
  if (planted::on(planted::Bug::kNoPause)) return 0;
  if (planted::on(planted::Bug::kNoJitter)) return asked > pause ? asked : pause;
  std::uint64_t least = nth >= kPausesFree ? cost_ms(visit_requests) : 0;
  std::uint64_t floor = pause == kPauseMaxMs ? pause / 4 * 3 : pause / 2;
  if (nth > kPausesFree && least < floor) least = floor;
  // Those whom one server has sent away at one time must not come back at one time: as wide as the pause, and beside
  // Retry-After as wide as that is, up to kHerdMs.
  std::uint64_t spread = pause;
  if (asked > spread) spread = asked < kHerdMs ? asked : kHerdMs;
  std::byte dice[4]{};
  std::uint32_t random = 0;
  // Without entropy the pause is at its longest: never shorter than with it.
  bool rolled = entropy.fill(dice).ok();
  for (std::byte b : dice) random = random << 8 | std::to_integer<std::uint32_t>(b);
  std::uint64_t jitter = rolled ? spread * random >> 32 : spread;
  if (asked >= least && asked) return asked + jitter;
  // Full jitter at first; later above what the visit before it costs, and never less than most of the bound.
  return least ? (jitter > least ? jitter : least + jitter / 4) : pause / 16 + jitter / 16 * 15;
}

}  // namespace handsync::sync
