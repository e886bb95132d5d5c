/// Bugs on purpose, one at a time, for the one test build that shows that the simulator finds them
/// (tests/simulation/run --planted). Everywhere else HANDSYNC_PLANTED is not defined, each is a constant false, and
/// nothing of it is left.
#pragma once
#include <cstdint>

namespace handsync::planted {

enum class Bug : std::uint8_t {
  kNone,
  kCommitWithoutKey,  ///< rows in one transaction, their SyncKey in the next
  kKeyWithoutCommit,  ///< the other way about
  kEditsLostAtRekey,  ///< starting a folder over forgets what waits
  kEditOverwritten,   ///< what arrives is shown although an edit of it waits
  kEditNotSynced,     ///< an edit is reported before it lasts
  kSentIsForgotten,   ///< which commands went out under a key is not kept
  kRefusalDropped,    ///< a refused edit goes without a word
  kPingBeforeCommit,  ///< push waits while a Sync is on its way
  kRetryAfterIgnored,
  kNoJitter,
  kNoPause,  ///< a failure is tried again at once
  kCount
};

#ifdef HANDSYNC_PLANTED
inline Bug planted_bug = Bug::kNone;  ///< set before anything runs
inline bool on(Bug bug) { return planted_bug == bug; }
#else
constexpr bool on(Bug) { return false; }
#endif

}  // namespace handsync::planted
