#include "flash_fake.h"

#include <sqlite3.h>

#include <cstring>
#include <memory>

namespace replica_test {
namespace {

constexpr std::size_t kSectorBytes = 512;

/// One connection's view of a file, and the locks it holds: of the file, and of the eight slots of the WAL's index.
struct Handle {
  sqlite3_file base;
  Flash::File* file;
  int level = SQLITE_LOCK_NONE;
  unsigned shared = 0, exclusive = 0;
};

/// What the connections to one file have in common, besides the file.
struct Common {
  std::vector<std::unique_ptr<char[]>> regions;
  std::vector<Handle*> handles;
};
std::map<const Flash::File*, Common>& commons() {
  static std::map<const Flash::File*, Common> all;
  return all;
}

Handle& handle_of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }

Flash::File& file_of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file)->file; }

void write_to(std::string& to, const Flash::Write& write) {
  if (write.truncate) {
    to.resize(write.offset);
    return;
  }
  if (to.size() < write.offset + write.data.size()) to.resize(write.offset + write.data.size());
  to.replace(write.offset, write.data.size(), write.data);
}

int close_file(sqlite3_file* file) {
  if (const auto found = commons().find(&file_of(file)); found != commons().end()) {
    std::erase(found->second.handles, &handle_of(file));
    if (found->second.handles.empty()) commons().erase(found);
  }
  return SQLITE_OK;
}
int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  Flash& flash = Flash::instance();
  if (flash.dead) return SQLITE_IOERR_READ;
  if (flash.on_operation)
    if (const int error = flash.on_operation("read")) return error;
  const std::string& now = file_of(file).now;
  const auto at = static_cast<std::size_t>(offset), wanted = static_cast<std::size_t>(size);
  const std::size_t there = at >= now.size() ? 0 : std::min(wanted, now.size() - at);
  std::memcpy(to, now.data() + (there == 0 ? 0 : at), there);
  if (there == wanted) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + there, 0, wanted - there);
  return SQLITE_IOERR_SHORT_READ;
}
int change(sqlite3_file* file, Flash::Write write, int otherwise) {
  Flash& flash = Flash::instance();
  int error = otherwise;
  if (!flash.operation(error, write.truncate ? "truncate" : "write")) return error;
  flash.bytes_written += static_cast<long>(write.data.size());
  Flash::File& f = file_of(file);
  write_to(f.now, write);
  f.pending.push_back(std::move(write));
  return SQLITE_OK;
}
int write_file(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  return change(file,
                {static_cast<std::size_t>(offset),
                 std::string(static_cast<const char*>(data), static_cast<std::size_t>(size)), false},
                SQLITE_IOERR_WRITE);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  return change(file, {static_cast<std::size_t>(size), {}, true}, SQLITE_IOERR_TRUNCATE);
}
/// What changes nothing may fail too.
int look(std::string_view what) {
  const Flash& flash = Flash::instance();
  return flash.on_operation ? flash.on_operation(what) : SQLITE_OK;
}
int sync_file(sqlite3_file* file, int) {
  Flash& flash = Flash::instance();
  int error = SQLITE_IOERR_FSYNC;
  if (!flash.operation(error, "sync")) return error;
  ++flash.syncs;
  Flash::File& f = file_of(file);
  f.durable = f.now;
  f.pending.clear();
  return SQLITE_OK;
}
int size_file(sqlite3_file* file, sqlite3_int64* size) {
  if (const int error = look("size")) return error;
  *size = static_cast<sqlite3_int64>(file_of(file).now.size());
  return SQLITE_OK;
}
/// SQLite's five levels, as its own VFS grants them: many readers, one who means to write, one alone.
int lock_file(sqlite3_file* file, int level) {
  Handle& mine = handle_of(file);
  if (level <= mine.level) return SQLITE_OK;
  if (const int error = look("lock")) return error;
  for (const Handle* other : commons()[mine.file].handles) {
    if (other == &mine) continue;
    const bool blocks = level == SQLITE_LOCK_SHARED     ? other->level >= SQLITE_LOCK_PENDING
                        : level == SQLITE_LOCK_RESERVED ? other->level >= SQLITE_LOCK_RESERVED
                                                        : other->level != SQLITE_LOCK_NONE;
    if (blocks) return SQLITE_BUSY;
  }
  mine.level = level;
  return SQLITE_OK;
}
int unlock_file(sqlite3_file* file, int level) {
  if (level < handle_of(file).level) handle_of(file).level = level;
  return SQLITE_OK;
}
int reserved_file(sqlite3_file* file, int* out) {
  *out = 0;
  for (const Handle* handle : commons()[&file_of(file)].handles)
    if (handle->level >= SQLITE_LOCK_RESERVED) *out = 1;
  return SQLITE_OK;
}
int control_file(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_file(sqlite3_file*) { return kSectorBytes; }
int character_file(sqlite3_file*) { return 0; }
int map_shared(sqlite3_file* file, int index, int size, int, void volatile** out) {
  if (const int error = look("map")) return error;
  auto& all = commons()[&file_of(file)].regions;
  while (all.size() <= static_cast<std::size_t>(index)) {
    all.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
  }
  *out = all[static_cast<std::size_t>(index)].get();
  return SQLITE_OK;
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  Handle& mine = handle_of(file);
  const unsigned bits = ((1U << count) - 1U) << offset;
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    mine.shared &= ~bits;
    mine.exclusive &= ~bits;
    return SQLITE_OK;
  }
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  for (const Handle* other : commons()[mine.file].handles) {
    if (other == &mine) continue;
    if ((other->exclusive & bits) != 0 || (exclusive && (other->shared & bits) != 0)) return SQLITE_BUSY;
  }
  (exclusive ? mine.exclusive : mine.shared) |= bits;
  return SQLITE_OK;
}
void barrier(sqlite3_file*) {}
int unmap_shared(sqlite3_file* file, int forget) {
  if (forget != 0) commons()[&file_of(file)].regions.clear();
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods = {
    2,           close_file,  read_file,     write_file,   truncate_file, sync_file,      size_file,
    lock_file,   unlock_file, reserved_file, control_file, sector_file,   character_file, map_shared,
    lock_shared, barrier,     unmap_shared,  nullptr,      nullptr};

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  Flash& flash = Flash::instance();
  auto* handle = reinterpret_cast<Handle*>(file);
  handle->base.pMethods = nullptr;
  if (flash.dead) return SQLITE_CANTOPEN;
  const std::string key = name != nullptr ? name : "temporary";
  if (flash.files.find(key) == flash.files.end()) {
    if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    int error = SQLITE_CANTOPEN;
    if (!flash.operation(error, "create")) return error;
  }
  handle->file = &flash.files[key];
  handle->level = SQLITE_LOCK_NONE;
  handle->shared = handle->exclusive = 0;
  commons()[handle->file].handles.push_back(handle);
  handle->base.pMethods = &kMethods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}
int delete_file(sqlite3_vfs*, const char* name, int) {
  Flash& flash = Flash::instance();
  int error = SQLITE_IOERR_DELETE;
  if (!flash.operation(error, "delete")) return error;
  flash.files.erase(name);
  return SQLITE_OK;
}
int access_file(sqlite3_vfs*, const char* name, int, int* out) {
  const auto found = Flash::instance().files.find(name);
  *out = found != Flash::instance().files.end() && !found->second.now.empty() ? 1 : 0;
  return SQLITE_OK;
}
int full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}
int random_bytes(sqlite3_vfs*, int size, char* out) {
  for (int i = 0; i < size; ++i) out[i] = static_cast<char>(i * 37 + 11);  // the same in every run
  return size;
}
int sleep_not(sqlite3_vfs*, int micro) { return micro; }
int time_now(sqlite3_vfs*, double* out) {
  *out = 2'460'000.5;
  return SQLITE_OK;
}
int last_error(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

Flash& Flash::instance() {
  static Flash flash;
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs v{};
    v.iVersion = 1;
    v.szOsFile = sizeof(Handle);
    v.mxPathname = 512;
    v.zName = "flash";
    v.xOpen = open_file;
    v.xDelete = delete_file;
    v.xAccess = access_file;
    v.xFullPathname = full_path;
    v.xRandomness = random_bytes;
    v.xSleep = sleep_not;
    v.xCurrentTime = time_now;
    v.xGetLastError = last_error;
    return v;
  }();
  if (sqlite3_vfs_find("flash") == nullptr) sqlite3_vfs_register(&vfs, 0);
  return flash;
}

bool Flash::operation(int& error, std::string_view what) {
  if (dead) return false;
  ++operations;
  if (operations == cut_at) {
    dead = true;
    if (on_death) on_death();
    return false;
  }
  if (on_operation)
    if (const int failure = on_operation(what)) {
      error = failure;
      return false;
    }
  if (operations == fail_at) {
    if (fail_with != 0) error = fail_with;
    return false;
  }
  return true;
}

void Flash::clear() {
  files.clear();
  commons().clear();
  on_operation = nullptr;
  on_death = nullptr;
  operations = cut_at = fail_at = syncs = bytes_written = 0;
  fail_with = 0;
  dead = false;
}

void Flash::restore(const std::map<std::string, File>& image) {
  clear();
  files = image;
}

void Flash::power_on(Kept kept, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (auto& [name, file] : files) {
    std::string after = file.durable;
    const std::size_t count = file.pending.size();
    const std::size_t stop = kept == Kept::kPrefix && count != 0 ? random() % (count + 1) : count;
    for (std::size_t i = 0; i < count && kept != Kept::kNothing; ++i) {
      Write write = file.pending[i];
      if (i > stop) break;
      if (kept == Kept::kAnyOfIt && random() % 2 == 0) continue;
      const bool torn = (kept == Kept::kPrefix && i == stop) || (kept == Kept::kAnyOfIt && random() % 4 == 0);
      if (torn && !write.truncate && write.data.size() > kSectorBytes) {
        // Whole sectors, but not all of them.
        write.data.resize(kSectorBytes * (1 + random() % (write.data.size() / kSectorBytes)));
      }
      write_to(after, write);
    }
    file.now = file.durable = after;
    file.pending.clear();
  }
  commons().clear();
  operations = cut_at = fail_at = 0;
  dead = false;
}

}  // namespace replica_test
