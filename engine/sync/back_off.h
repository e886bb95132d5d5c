/// Pauses that grow, with jitter, and the counters that end every loop a server can drive.
#pragma once
#include "handsync/hal/device.h"
#include "sync/limits.h"

namespace handsync::sync {

/// What may go round and round. Each has a counter that is stored with the account, so that a reboot does not start it
/// afresh.
enum class Loop : std::uint8_t {
  kFailures,      ///< passing failures in a row
  kProvisions,    ///< provisioning rounds without a command that was accepted afterwards
  kRefreshes,     ///< "folder hierarchy changed" in a row
  kRekeys,        ///< SyncKeys lost in a row, over all folders
  kNegotiations,  ///< versions or query forms refused
  kMoves,         ///< 451 and rediscoveries
  kEmptyPushes,   ///< Ping said "changed", Sync brought nothing
  kFruitless,     ///< collections that said "more" and brought nothing, since one was sound
  kPings,         ///< Pings that failed in a row: they pause alone, the user's changes go out meanwhile
  kCount
};

struct Loops {
  std::uint8_t count[static_cast<std::size_t>(Loop::kCount)]{};
  std::uint8_t& of(Loop loop) { return count[static_cast<std::size_t>(loop)]; }
  std::uint8_t of(Loop loop) const { return count[static_cast<std::size_t>(loop)]; }
  void add(Loop loop) {
    if (of(loop) < 250) ++of(loop);
  }
  friend bool operator==(const Loops&, const Loops&) = default;
};

/// How often each may go round before the account pauses.
constexpr std::uint8_t loop_limit(Loop loop) {
  switch (loop) {
    case Loop::kFailures:
      return 0;
    case Loop::kProvisions:
      return 3;
    case Loop::kRefreshes:
      return 1;  // the second 12 in a row: back off and surface
    case Loop::kRekeys:
      return 3;
    case Loop::kNegotiations:
      return 2;
    case Loop::kMoves:
      return 3;
    case Loop::kEmptyPushes:
      return 1;  // one empty turn is how SOGo behaves after every batch
    case Loop::kFruitless:
    case Loop::kPings:
      return 0;
    case Loop::kCount:
      break;
  }
  return 0;
}

/// What a visit of so many requests costs in time, so that kRequestsAnHourMax hold.
std::uint64_t cost_ms(std::uint32_t visit_requests);

/// The n-th pause (n from 1): anything up to a bound that doubles from `first_ms` to kPauseMaxMs (full jitter);
/// Retry-After is a lower bound, with jitter above it. From the kPausesFree-th on a pause also pays for the requests of
/// the visit before it, so that no number of folders breaks the budget of kRequestsAnHourMax, and after that it is at
/// least half of its bound, three quarters of the last.
std::uint64_t pause_ms(hal::Entropy&, std::uint32_t nth, std::uint64_t first_ms, std::uint32_t retry_after_s,
                       std::uint32_t visit_requests = 0);

}  // namespace handsync::sync
