/// Every limit of the state machines in one place: unit in the name, reason beside it, relations asserted.
#pragma once
#include <cstddef>
#include <cstdint>

#include "handsync/profile.h"

namespace handsync::sync {

// -- time ------------------------------------------------------------------------------------------------------------
inline constexpr std::uint32_t kConnectS = 20;  ///< every address of a name together; a person waits for it at set-up
inline constexpr std::uint32_t kDiscoverySilenceS =
    15;  ///< a candidate that does not answer must not hold up the next one
inline constexpr std::uint32_t kDiscoveryTotalS = 30;
inline constexpr std::uint32_t kCommandSilenceS =
    330;  ///< servers work for minutes on a large Sync before the first byte
inline constexpr std::uint32_t kCommandTotalS = 3600;  ///< a slow link may need long; progress is what counts
inline constexpr std::uint32_t kPingMarginS = 60;      ///< beyond the heartbeat, before a silent Ping counts as lost
inline constexpr std::uint32_t kHeartbeatS =
    480;  ///< 8 minutes: above the 540 s alert level of no firewall, below most NATs
inline constexpr std::uint32_t kHeartbeatMinS = 60;
inline constexpr std::uint32_t kHeartbeatMaxS = 3540;  ///< 59 minutes: the longest that Exchange takes
inline constexpr std::uint32_t kPushLeastS = 300;      ///< a server that waits for less is asked at intervals instead
inline constexpr std::uint32_t kPathLeastS = 2 * kHeartbeatMinS;  ///< so is one over a network that holds for less
inline constexpr std::uint8_t kBatteryLowPercent = 15;
inline constexpr std::uint16_t kLowBatteryMinutes = 60;  ///< between visits with a battery that is low
inline constexpr std::uint64_t kPollMs = 15 * 60'000;    ///< ... of this
inline constexpr std::uint32_t kPingEarlyS = 15;  ///< an answer that much before its time is one of the server's own
inline constexpr std::uint32_t kWipeAcknowledgeS =
    60;  ///< reliability: the acknowledgement never holds up a wipe longer
inline constexpr std::uint64_t kStoreIdleMs = 60'000;  ///< a replica that only waits is closed after this
inline constexpr std::uint64_t kIndexQuietMs = 3'000;  ///< a replica that is not used for as long is indexed for search
inline constexpr std::uint64_t kRadioQuietMs = 10'000;   ///< a radio without traffic for as long sleeps again
inline constexpr std::uint64_t kStoreRetryMs = 300'000;  ///< a replica that does not open is tried again after this
inline constexpr std::uint64_t kFullSyncMs =
    4 * 3600'000;  ///< Ping tells of additions only: a Sync of everything this often
static_assert(kCommandSilenceS >= 240, "shorter than servers need: they would do the work twice");

inline constexpr std::uint8_t kWipeAcknowledgeTriesMax = 3;
inline constexpr std::uint64_t kLockRetryMs = 1'000;   ///< a screen lock that did not close is asked again after this
inline constexpr std::uint64_t kWipeRetryMs = 60'000;  ///< a step of a wipe that failed is tried again after this

// -- size ------------------------------------------------------------------------------------------------------------
/// Exchange takes 200; a lost answer repeats all of them.
inline constexpr std::size_t kCommandsPerRequestMax = profile::kCommandsPerRequestMax;
inline constexpr std::size_t kCommandBytesMax = 288;  ///< one Change with Flag and a ServerId of 64 bytes
inline constexpr std::size_t kItemBytesPerRequest =
    32 * 1024;  ///< of events, contacts ... together; one alone may be larger
/// Folders in one Sync, with the longest ids and keys, and options for texts.
inline constexpr std::uint8_t kCollectionsPerRequestMax = profile::kCollectionsPerRequestMax;
inline constexpr std::size_t kCollectionBytesMax = 263;
inline constexpr std::size_t kSmallBodyBytesMax =
    512 + kCollectionsPerRequestMax * kCollectionBytesMax;  ///< every other request
inline constexpr std::uint8_t kFaultsTogetherMax = 2;       ///< of one folder in a row; then it is asked for alone
inline constexpr std::size_t kCategoryBytesMax = 2048;  ///< of the names in one request; 3 bytes more each on the wire
inline constexpr std::size_t kSyncBodyBytesMax =
    1024 + kCommandsPerRequestMax * kCommandBytesMax + 4 * kCategoryBytesMax;
inline constexpr std::size_t kFoldersMax = 1000;  ///< status 151: Exchange's own limit
inline constexpr std::size_t kSecretBytesMax = 512;
inline constexpr std::uint16_t kWindowFirst = 50;           ///< what the first request of a folder asks for
inline constexpr std::uint16_t kWindowMax = 512;            ///< MS-ASCMD 2.2.3.199
inline constexpr std::uint64_t kWindowGrowBelowMs = 8'000;  ///< an answer faster than this doubles the window
inline constexpr std::uint64_t kWindowShrinkAboveMs = 45'000;
static_assert(kCommandsPerRequestMax <= 200, "MS-ASCMD limit: Status 4 beyond");

// -- loops that a server can drive: how often before a pause ----------------------------------------------------------
inline constexpr std::uint8_t kManualTriesMax = 2;             ///< quick retries of one sync() before it gives up
inline constexpr std::uint8_t kNoCommand = 255;                ///< OPTIONS, Autodiscover
inline constexpr std::uint16_t kRoundsWithoutProgressMax = 4;  ///< MoreAvailable with nothing in it
inline constexpr std::uint64_t kNoticesMax = 1;  ///< what a device in quarantine sees: empty folders and one mail
inline constexpr std::uint64_t kPauseFirstMs = 30'000, kPauseMaxMs = 1800'000;
inline constexpr std::uint64_t kNetworkRetryMs = 60'000;  ///< a network that comes and goes ends no more than one pause
inline constexpr std::uint32_t kThrottleLeastS = 300;     ///< X-MS-ASThrottle without Retry-After
inline constexpr std::uint64_t kHerdMs = 600'000;      ///< those whom an outage sent away come back spread over as much
inline constexpr std::uint64_t kQuickPauseMs = 1'000;  ///< sync(): first retry; doubles
inline constexpr std::uint64_t kPingFloorMs = 2'000;   ///< between the starts of two Pings
inline constexpr std::uint32_t kRequestsAnHourMax = 12;  ///< while something is wrong
inline constexpr std::uint8_t kSameWordsMax =
    3;  ///< a request that failed so often is not sent again before another one
inline constexpr std::uint32_t kPausesFree = 4;  ///< the first pauses, 7.5 minutes in all, are not charged

}  // namespace handsync::sync
