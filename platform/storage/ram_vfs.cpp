#include "storage/ram_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>

namespace handsync::storage {
namespace {

constexpr std::uint16_t kNone = 0xFFFF;
constexpr int kShmLocks = SQLITE_SHM_NLOCK, kShmRegions = 32;

struct File {
  char name[RamDisk::kNameBytesMax + 1];
  std::uint16_t first, last;  // blocks, chained
  std::uint32_t blocks;
  std::uint32_t shrunk;  // how often: places that handles remember are void then
  sqlite3_int64 size;
  std::uint16_t handles;
  bool there;  // false with handles: deleted and still open
  // Locks of a database file: how many readers, and who writes.
  std::uint16_t readers;
  bool reserved, pending, exclusive;
  // The WAL's index.
  void* shm[kShmRegions];
  std::int16_t shm_held[kShmLocks];  // > 0 readers, -1 a writer
};

struct Handle {
  sqlite3_file base;
  File* file;
  int level;
  std::uint16_t shm_shared, shm_exclusive;  // locks this connection holds
  bool shm_open;
  // Where the last access ended: files are read and written forwards.
  std::uint32_t near_index, near_shrunk;
  std::uint16_t near_block;
};

struct Disk {
  std::byte* blocks;
  std::uint16_t* next;  // of each block
  std::uint32_t block_bytes, count, used;
  std::uint16_t free_block;
  File files[RamDisk::kFilesMax];
  std::int64_t (*wall_ms)();
  Status (*random)(Room);
  sqlite3_vfs vfs;
};
Disk disk;

// -- blocks -----------------------------------------------------------------------------------------------------------

bool grow(File& file, std::uint32_t blocks) {
  while (file.blocks < blocks) {
    const std::uint16_t taken = disk.free_block;
    if (taken == kNone) return false;
    disk.free_block = disk.next[taken];
    disk.next[taken] = kNone;
    // A block starts as zeros: what lies between the old end and a later write reads so.
    std::memset(disk.blocks + std::size_t{taken} * disk.block_bytes, 0, disk.block_bytes);
    if (file.last == kNone) {
      file.first = taken;
    } else {
      disk.next[file.last] = taken;
    }
    file.last = taken;
    ++file.blocks;
    ++disk.used;
  }
  return true;
}

void shrink(File& file, std::uint32_t blocks) {
  ++file.shrunk;
  std::uint16_t keep = kNone, at = file.first;
  for (std::uint32_t i = 0; i < blocks && at != kNone; ++i) {
    keep = at;
    at = disk.next[at];
  }
  while (at != kNone) {
    const std::uint16_t following = disk.next[at];
    disk.next[at] = disk.free_block;
    disk.free_block = at;
    --disk.used;
    --file.blocks;
    at = following;
  }
  file.last = keep;
  if (keep == kNone) {
    file.first = kNone;
  } else {
    disk.next[keep] = kNone;
  }
}

std::byte* block_at(Handle& handle, std::uint32_t index) {
  File& file = *handle.file;
  std::uint32_t i = 0;
  std::uint16_t at = file.first;
  if (handle.near_block != kNone && handle.near_shrunk == file.shrunk && handle.near_index <= index) {
    i = handle.near_index;
    at = handle.near_block;
  }
  for (; i < index; ++i) at = disk.next[at];
  handle.near_index = index;
  handle.near_block = at;
  handle.near_shrunk = file.shrunk;
  return disk.blocks + std::size_t{at} * disk.block_bytes;
}

void release(File& file) {
  shrink(file, 0);
  for (void* region : file.shm) sqlite3_free(region);
  file = File{};
}

// -- files ------------------------------------------------------------------------------------------------------------

// By way of void*: SQLite aligns the room for a file to 8 bytes, which the type of its first member does not show.
Handle& handle_of(sqlite3_file* file) { return *static_cast<Handle*>(static_cast<void*>(file)); }
File& file_of(sqlite3_file* file) { return *handle_of(file).file; }

template <class Copy>
void each_part(Handle& handle, int bytes, sqlite3_int64 offset, Copy copy) {
  int done = 0;
  while (done < bytes) {
    const auto at = static_cast<std::uint64_t>(offset + done);
    const auto inside = static_cast<std::uint32_t>(at % disk.block_bytes);
    const int part = std::min(bytes - done, static_cast<int>(disk.block_bytes - inside));
    copy(block_at(handle, static_cast<std::uint32_t>(at / disk.block_bytes)) + inside, done,
         static_cast<std::size_t>(part));
    done += part;
  }
}

int close(sqlite3_file* base) {
  Handle& handle = handle_of(base);
  File& file = *handle.file;
  if (--file.handles == 0 && !file.there) release(file);
  handle.file = nullptr;
  return SQLITE_OK;
}

int read(sqlite3_file* base, void* to, int bytes, sqlite3_int64 offset) {
  Handle& handle = handle_of(base);
  const sqlite3_int64 left = handle.file->size - offset;
  const int there = left >= bytes ? bytes : left > 0 ? static_cast<int>(left) : 0;
  each_part(handle, there, offset, [&](const std::byte* from, int done, std::size_t part) {
    std::memcpy(static_cast<std::byte*>(to) + done, from, part);
  });
  if (there == bytes) return SQLITE_OK;
  std::memset(static_cast<std::byte*>(to) + there, 0, static_cast<std::size_t>(bytes - there));
  return SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* base, const void* from, int bytes, sqlite3_int64 offset) {
  Handle& handle = handle_of(base);
  const sqlite3_int64 end = offset + bytes;
  if (!grow(*handle.file, static_cast<std::uint32_t>((end + disk.block_bytes - 1) / disk.block_bytes))) {
    return SQLITE_FULL;
  }
  each_part(handle, bytes, offset, [&](std::byte* to, int done, std::size_t part) {
    std::memcpy(to, static_cast<const std::byte*>(from) + done, part);
  });
  handle.file->size = std::max(handle.file->size, end);
  return SQLITE_OK;
}

int truncate(sqlite3_file* base, sqlite3_int64 size) {
  File& file = file_of(base);
  if (size >= file.size) return SQLITE_OK;
  shrink(file, static_cast<std::uint32_t>((size + disk.block_bytes - 1) / disk.block_bytes));
  file.size = size;
  if (const auto rest = static_cast<std::uint32_t>(size % disk.block_bytes); rest != 0) {
    std::memset(disk.blocks + std::size_t{file.last} * disk.block_bytes + rest, 0, disk.block_bytes - rest);
  }
  return SQLITE_OK;
}

int sync(sqlite3_file*, int) { return SQLITE_OK; }
int size_of(sqlite3_file* base, sqlite3_int64* size) {
  *size = file_of(base).size;
  return SQLITE_OK;
}

// -- locks of the rollback journal (https://www.sqlite.org/lockingv3.html)
// ----------------------------------------------

int lock(sqlite3_file* base, int level) {
  Handle& handle = handle_of(base);
  File& file = *handle.file;
  if (level <= handle.level) return SQLITE_OK;
  if (handle.level == SQLITE_LOCK_NONE) {
    if (file.pending || file.exclusive) return SQLITE_BUSY;
    ++file.readers;
    handle.level = SQLITE_LOCK_SHARED;
  }
  if (level >= SQLITE_LOCK_RESERVED && handle.level < SQLITE_LOCK_RESERVED) {
    if (file.reserved) return SQLITE_BUSY;
    file.reserved = true;
    handle.level = SQLITE_LOCK_RESERVED;
  }
  if (level == SQLITE_LOCK_EXCLUSIVE) {
    file.pending = true;
    handle.level = SQLITE_LOCK_PENDING;
    if (file.readers > 1) return SQLITE_BUSY;
    file.exclusive = true;
    handle.level = SQLITE_LOCK_EXCLUSIVE;
  }
  return SQLITE_OK;
}

int unlock(sqlite3_file* base, int level) {
  Handle& handle = handle_of(base);
  File& file = *handle.file;
  if (handle.level > SQLITE_LOCK_SHARED) {
    file.exclusive = file.pending = file.reserved = false;
    handle.level = SQLITE_LOCK_SHARED;
  }
  if (level == SQLITE_LOCK_NONE && handle.level == SQLITE_LOCK_SHARED) {
    --file.readers;
    handle.level = SQLITE_LOCK_NONE;
  }
  return SQLITE_OK;
}

int check_reserved(sqlite3_file* base, int* reserved) {
  *reserved = file_of(base).reserved ? 1 : 0;
  return SQLITE_OK;
}

int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_bytes(sqlite3_file*) { return 512; }
int properties(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE | SQLITE_IOCAP_ATOMIC512; }

// -- the WAL's index --------------------------------------------------------------------------------------------------

int shm_map(sqlite3_file* base, int region, int bytes, int extend, void volatile** map) {
  Handle& handle = handle_of(base);
  File& file = *handle.file;
  handle.shm_open = true;
  *map = nullptr;
  if (region >= kShmRegions) return SQLITE_FULL;
  if (file.shm[region] == nullptr) {
    if (extend == 0) return SQLITE_OK;
    file.shm[region] = sqlite3_malloc(bytes);
    if (file.shm[region] == nullptr) return SQLITE_NOMEM;
    std::memset(file.shm[region], 0, static_cast<std::size_t>(bytes));
  }
  *map = file.shm[region];
  return SQLITE_OK;
}

int shm_lock(sqlite3_file* base, int offset, int count, int flags) {
  Handle& handle = handle_of(base);
  std::int16_t* held = handle.file->shm_held;
  const auto mask = static_cast<std::uint16_t>(((1u << count) - 1) << offset);
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    for (int i = offset; i < offset + count; ++i) {
      const auto bit = static_cast<std::uint16_t>(1u << i);
      if ((handle.shm_exclusive & bit) != 0) held[i] = 0;
      if ((handle.shm_shared & bit) != 0) --held[i];
    }
    handle.shm_exclusive = static_cast<std::uint16_t>(handle.shm_exclusive & ~mask);
    handle.shm_shared = static_cast<std::uint16_t>(handle.shm_shared & ~mask);
    return SQLITE_OK;
  }
  if ((flags & SQLITE_SHM_SHARED) != 0) {
    if ((handle.shm_shared & mask) != 0) return SQLITE_OK;
    if (held[offset] < 0) return SQLITE_BUSY;
    ++held[offset];
    handle.shm_shared = static_cast<std::uint16_t>(handle.shm_shared | mask);
    return SQLITE_OK;
  }
  for (int i = offset; i < offset + count; ++i) {
    if (held[i] != 0 && (handle.shm_exclusive & (1u << i)) == 0) return SQLITE_BUSY;
  }
  for (int i = offset; i < offset + count; ++i) held[i] = -1;
  handle.shm_exclusive = static_cast<std::uint16_t>(handle.shm_exclusive | mask);
  return SQLITE_OK;
}

void shm_barrier(sqlite3_file*) {}

int shm_unmap(sqlite3_file* base, int remove) {
  Handle& handle = handle_of(base);
  if (handle.shm_open) shm_lock(base, 0, kShmLocks, SQLITE_SHM_UNLOCK);
  handle.shm_open = false;
  if (remove != 0) {
    for (void*& region : handle.file->shm) {
      sqlite3_free(region);
      region = nullptr;
    }
  }
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods = {2,        close,       read,           write,   truncate,     sync,       size_of,
                                     lock,     unlock,      check_reserved, control, sector_bytes, properties, shm_map,
                                     shm_lock, shm_barrier, shm_unmap,      nullptr, nullptr};

// -- the file system --------------------------------------------------------------------------------------------------

File* find(const char* name) {
  for (File& file : disk.files) {
    if (file.there && std::strcmp(file.name, name) == 0) return &file;
  }
  return nullptr;
}

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* base, int flags, int* out_flags) {
  base->pMethods = nullptr;
  File* file = name != nullptr ? find(name) : nullptr;
  if (file == nullptr) {
    if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    for (File& each : disk.files) {
      if (file == nullptr && !each.there && each.handles == 0) file = &each;
    }
    if (file == nullptr) return SQLITE_CANTOPEN;
    *file = File{};
    file->first = file->last = kNone;
    // Without a name: temporary, gone when closed.
    if (name != nullptr) {
      if (std::strlen(name) > RamDisk::kNameBytesMax) return SQLITE_CANTOPEN;
      std::strcpy(file->name, name);
      file->there = (flags & SQLITE_OPEN_DELETEONCLOSE) == 0;
    }
  }
  ++file->handles;
  Handle& handle = handle_of(base);
  handle = Handle{};
  handle.file = file;
  handle.near_block = kNone;
  handle.base.pMethods = &kMethods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs*, const char* name, int) {
  File* file = find(name);
  if (file == nullptr) return SQLITE_IOERR_DELETE_NOENT;
  file->there = false;
  if (file->handles == 0) release(*file);
  return SQLITE_OK;
}

int access(sqlite3_vfs*, const char* name, int, int* there) {
  *there = find(name) != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int full_name(sqlite3_vfs*, const char* name, int bytes, char* out) {
  if (std::strlen(name) >= static_cast<std::size_t>(bytes)) return SQLITE_CANTOPEN;
  std::strcpy(out, name);
  return SQLITE_OK;
}

int random(sqlite3_vfs*, int bytes, char* out) {
  const Room room(reinterpret_cast<std::byte*>(out), static_cast<std::size_t>(bytes));
  return disk.random(room).ok() ? bytes : 0;
}
int sleep(sqlite3_vfs*, int microseconds) { return microseconds; }  // nobody else could end what is waited for
int time_ms(sqlite3_vfs*, sqlite3_int64* julian_ms) {
  constexpr sqlite3_int64 kUnixEpoch_ms = 210866760000000;  // as a Julian day
  *julian_ms = kUnixEpoch_ms + disk.wall_ms();
  return SQLITE_OK;
}
int time_days(sqlite3_vfs* vfs, double* days) {
  sqlite3_int64 ms = 0;
  time_ms(vfs, &ms);
  *days = static_cast<double>(ms) / 86400000.0;
  return SQLITE_OK;
}
int last_error(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

int RamDisk::open(Room region, std::uint32_t block_bytes, bool is_default, std::int64_t (*wall_ms)(),
                  Status (*random_source)(Room)) {
  const std::size_t count =
      std::min<std::size_t>(region.size() / (block_bytes + sizeof(std::uint16_t)), std::size_t{kNone} - 1);
  if (count == 0) return SQLITE_CANTOPEN;
  // SQLite keeps its file systems in a list that runs through them.
  if (disk.vfs.zName != nullptr) sqlite3_vfs_unregister(&disk.vfs);
  disk = Disk{};
  disk.blocks = region.data();
  disk.next = static_cast<std::uint16_t*>(static_cast<void*>(region.data() + count * block_bytes));
  disk.block_bytes = block_bytes;
  disk.count = static_cast<std::uint32_t>(count);
  for (std::size_t i = 0; i < count; ++i) disk.next[i] = static_cast<std::uint16_t>(i + 1);
  disk.next[count - 1] = kNone;
  disk.free_block = 0;
  disk.wall_ms = wall_ms;
  disk.random = random_source;
  sqlite3_vfs& vfs = disk.vfs;
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(Handle);
  vfs.mxPathname = kNameBytesMax;
  vfs.zName = kVfs;
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  vfs.xAccess = access;
  vfs.xFullPathname = full_name;
  vfs.xRandomness = random;
  vfs.xSleep = sleep;
  vfs.xCurrentTime = time_days;
  vfs.xCurrentTimeInt64 = time_ms;
  vfs.xGetLastError = last_error;
  return sqlite3_vfs_register(&vfs, is_default ? 1 : 0);
}

std::size_t RamDisk::used_bytes() { return std::size_t{disk.used} * disk.block_bytes; }

std::size_t RamDisk::remove_all(Text begins_with) {
  std::size_t removed = 0;
  for (File& file : disk.files) {
    if (!file.there || !Text(file.name).starts_with(begins_with)) continue;
    for (std::uint16_t at = file.first; at != kNone; at = disk.next[at]) {
      std::memset(disk.blocks + std::size_t{at} * disk.block_bytes, 0, disk.block_bytes);
    }
    file.there = false;
    if (file.handles == 0) release(file);
    ++removed;
  }
  return removed;
}

}  // namespace handsync::storage
