#include "sync/back_off.h"

namespace handsync::sync {

std::uint64_t cost_ms(std::uint32_t requests) {
  if (requests == 0) return 0;
  const std::uint32_t visits_an_hour = kRequestsAnHourMax / requests;
  return 3600'000ULL / (visits_an_hour ? visits_an_hour : 1);
}

std::uint64_t pause_ms(hal::Entropy& entropy, std::uint32_t nth, std::uint64_t first_ms, std::uint32_t retry_after_s,
                       std::uint32_t visit_requests) {
  std::uint64_t pause = first_ms;
  for (std::uint32_t i = 1; i < nth && pause < kPauseMaxMs; ++i) pause *= 2;
  if (pause > kPauseMaxMs) pause = kPauseMaxMs;
  std::byte dice[4]{};
  std::uint32_t random = 0;
  // Without entropy the pause is at its longest: never shorter than with it.
  if (entropy.fill(dice).ok())
    for (std::byte b : dice) random = random << 8 | std::to_integer<std::uint32_t>(b);
  std::uint64_t jitter = pause / 4 * (random % 1000) / 1000;
  pause -= jitter;
  std::uint64_t least = std::uint64_t{retry_after_s} * 1000;
  const std::uint64_t cost = nth >= kPausesFree ? cost_ms(visit_requests) : 0;
  if (cost > least) least = cost;
  return pause < least ? least + jitter : pause;
}

}  // namespace handsync::sync
