/// Sizes that trade memory for speed, chosen when building: the usual ones, or those of a firmware that counts
/// kilobytes (HANDSYNC_SMALL; the CMake option HANDSYNC_FIRMWARE sets it). What can be chosen at run time is in Options
/// (engine.h).
#pragma once
#include <cstddef>

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

/// PropertyRow::name, for programs that show properties by name; firmware goes by their ids (10 KB).
inline constexpr bool kElementNames = !kSmall;
/// Plaintext of one record that is sent; two connections keep two of it each.
inline constexpr std::size_t kTlsWriteBytes = kSmall ? 4096 : 8192;
/// Buffers on the stack that plaintext and unpacked bytes pass through on their way to the parser.
inline constexpr std::size_t kPassingBytes = kSmall ? 512 : 2048;
/// Piece of a body in the replica: part of its format, so a replica belongs to builds with the same one.
inline constexpr std::size_t kBodyPieceBytes = kSmall ? 4096 : 16384;
/// Pages in the write-ahead log before it is copied back: 4 MB of 4 KB pages, 0.3 syncs a window; SQLite needs 10 bytes
/// a page meanwhile.
inline constexpr int kCheckpointPages = kSmall ? 300 : 1000;
/// Text of one item that is searched, from its beginning.
inline constexpr std::size_t kSearchedBodyBytesMax = kSmall ? 8192 : 32768;
/// Changes of the user that one Sync request carries.
inline constexpr std::size_t kCommandsPerRequestMax = kSmall ? 10 : 50;
/// Connections that may be told to go elsewhere (Carrier::connect_to).
inline constexpr std::size_t kDetoursMax = kSmall ? 1 : 16;

}  // namespace handsync::profile
