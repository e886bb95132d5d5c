/// A file system in RAM as a SQLite VFS, for devices without one: paging, journal and WAL run as they would on flash,
/// and everything is gone with the power. One process; connections of it share a file as processes would.
#pragma once
#include "handsync/base.h"

namespace handsync::storage {

struct RamDisk {
  static constexpr const char* kVfs = "ram";
  static constexpr std::size_t kFilesMax = 12, kNameBytesMax = 63;

  /// Files live in `region` (8-byte aligned, kept by the caller), in blocks of `block_bytes`. Registers the VFS named
  /// kVfs, as the default one if `is_default`; a second call empties it. `wall_ms` is SQLite's clock, `random` its
  /// source of random numbers. Call it from sqlite3_os_init, or after sqlite3_initialize().
  static int open(Room region, std::uint32_t block_bytes, bool is_default, std::int64_t (*wall_ms)(),
                  Status (*random)(Room));
  static std::size_t used_bytes();                  ///< blocks in use
  static std::size_t remove_all(Text begins_with);  ///< files whose name begins so, zeroed; how many
};

}  // namespace handsync::storage
