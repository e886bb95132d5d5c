/// Sizes that trade memory for speed, chosen when building: the usual ones, or those of a firmware that counts
/// kilobytes (HANDSYNC_SMALL; the CMake option HANDSYNC_FIRMWARE sets it). What can be chosen at run time is in Options
/// (engine.h).
#pragma once
#include <cstddef>
#include <cstdint>

namespace handsync::profile {

#if defined(HANDSYNC_SMALL)
inline constexpr bool kSmall = true;
#else
inline constexpr bool kSmall = false;
#endif
#if defined(HANDSYNC_NO_GZIP)
inline constexpr bool kGzip = false;  ///< saves the 32 KiB window and zlib; answers are three times as long
#else
inline constexpr bool kGzip = true;
#endif

#if defined(HANDSYNC_SEARCH)
inline constexpr bool kSearch = true;  ///< Query::words; needs a SQLite with FTS5
#else
inline constexpr bool kSearch = false;
#endif

/// An Error is one word: 32 bits on small machines, where a place beyond 4,095 is said as 4,095.
inline constexpr int kErrorDomainBits = kSmall ? 4 : 8;
inline constexpr int kErrorCodeBits = kSmall ? 16 : 24;
inline constexpr int kErrorWhereBits = kSmall ? 12 : 32;
inline constexpr std::uint32_t kErrorWhereMax = 0xFFFFFFFFU >> (32 - kErrorWhereBits);

// What is left out when building: HANDSYNC_CLASSES and HANDSYNC_VERSION_MIN of CMake.
#if !defined(HANDSYNC_CLASSES)
#define HANDSYNC_CLASSES 0x1F
#endif
#if !defined(HANDSYNC_VERSION_MIN)
#define HANDSYNC_VERSION_MIN 25
#endif
/// Folders of a class that is left out are listed as not supported and not synced; mail is always there.
inline constexpr bool kCalendar = (HANDSYNC_CLASSES & 2) != 0;
inline constexpr bool kContacts = (HANDSYNC_CLASSES & 4) != 0;
inline constexpr bool kTasks = (HANDSYNC_CLASSES & 8) != 0;
inline constexpr bool kNotes = (HANDSYNC_CLASSES & 16) != 0;
/// The oldest protocol version that is spoken, x 10. A server without a newer one is refused (kNoCommonVersion).
inline constexpr int kVersionMin = HANDSYNC_VERSION_MIN;
/// version < limit, and known when compiling where no version as old is spoken.
constexpr bool below(int version, int limit) { return kVersionMin < limit && version < limit; }

/// Push waits in a Sync where one folder is all there is to watch (engine/sync/hanging.cpp).
inline constexpr bool kHangingSync = !kSmall;
/// PropertyRow::name, for programs that show properties by name; firmware goes by their ids (10 KB).
inline constexpr bool kElementNames = !kSmall;
/// Accounts that a device may have (Options::accounts_max), and policies that are merged.
inline constexpr std::size_t kAccountsMax = kSmall ? 4 : 8;
/// Plaintext of one record that is sent; two connections keep two of it each.
inline constexpr std::size_t kTlsWriteBytes = kSmall ? 1024 : 8192;
/// TLS sessions that are kept to be resumed, of all accounts together.
inline constexpr std::size_t kTlsSessionsMax = kSmall ? 4 : 12;
/// Buffers on the stack that plaintext and unpacked bytes pass through on their way to the parser.
inline constexpr std::size_t kPassingBytes = kSmall ? 512 : 2048;
/// Piece of a body in the replica: part of its format, so a replica belongs to builds with the same one.
inline constexpr std::size_t kBodyPieceBytes = kSmall ? 4096 : 16384;
/// A value of an item that is longer stands in pieces of its own.
inline constexpr std::size_t kInlineBytesMax = kSmall ? 2048 : 4096;
/// Rows of a list that a reader has read ahead.
inline constexpr std::size_t kReaderRows = kSmall ? 8 : 64;
/// What arrives is kept in rows of so many bytes until it is applied, and what one item may have in its row.
inline constexpr std::size_t kArrivalRowBytesMax = kSmall ? 6 * 1024 : 16 * 1024;
inline constexpr std::size_t kArrivalItemBytesMax = kArrivalRowBytesMax - 1024;
/// Values as short stand there even when half of that is taken: the 100 properties of an item are never too many.
inline constexpr std::size_t kArrivalShortBytes = kSmall ? 24 : 64;
/// Pages in the write-ahead log before it is copied back: 4 MB of 4 KB pages, 0.3 syncs a window; SQLite needs 10 bytes
/// a page meanwhile.
inline constexpr int kCheckpointPages = kSmall ? 150 : 1000;
/// Text of one item that is searched, from its beginning.
inline constexpr std::size_t kSearchedBodyBytesMax = kSmall ? 8192 : 32768;
/// Changes of the user that one Sync request carries.
inline constexpr std::size_t kCommandsPerRequestMax = kSmall ? 10 : 50;
/// Folders of one Sync request, and mails of one MoveItems.
inline constexpr std::uint8_t kCollectionsPerRequestMax = kSmall ? 8 : 25;
inline constexpr std::size_t kMovesPerRequestMax = kSmall ? 4 : 20;
/// Names of folders in the answer to a Ping; when they are more, every folder is synced.
inline constexpr std::size_t kPingAnswerBytes = kSmall ? 512 : 4160;
/// Connections that may be told to go elsewhere (Carrier::connect_to).
inline constexpr std::size_t kDetoursMax = kSmall ? 1 : 16;

}  // namespace handsync::profile
