#include "storage/sealed_vfs.h"

#include <mbedtls/platform_util.h>

#include <cstring>
#include <new>

#include "storage/sealed_file.h"

namespace handsync::storage {
namespace {

Error sqlite_error(int code) {
  return (code & 0xFF) == SQLITE_NOMEM ? out_of_memory() : Error{Domain::kSqlite, code, 0};
}

SealedVfs& self_of(sqlite3_vfs* vfs) { return *static_cast<SealedVfs*>(vfs->pAppData); }

constexpr std::uint8_t kPlainMagic[16] = {'S', 'Q', 'L', 'i', 't', 'e', ' ', 'f',
                                          'o', 'r', 'm', 'a', 't', ' ', '3', '\0'};
constexpr int kKinds = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_TEMP_DB | SQLITE_OPEN_TRANSIENT_DB | SQLITE_OPEN_MAIN_JOURNAL |
                       SQLITE_OPEN_TEMP_JOURNAL | SQLITE_OPEN_SUBJOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;

}  // namespace

Status SealedVfs::install(Text name, const char* below) {
  if (below_ != nullptr || name.empty() || name.size() >= sizeof name_) return sqlite_error(SQLITE_MISUSE);
  if (const int code = sqlite3_initialize(); code != SQLITE_OK) return sqlite_error(code);
  below_ = sqlite3_vfs_find(below);
  if (below_ == nullptr) return sqlite_error(SQLITE_NOTFOUND);
  std::memcpy(name_, name.data(), name.size());
  mutex_ = sqlite3_mutex_alloc(SQLITE_MUTEX_FAST);
  entropy_mutex_ = sqlite3_mutex_alloc(SQLITE_MUTEX_FAST);
  vfs_.iVersion = 1;
  vfs_.szOsFile = static_cast<int>(kFileBytes) + below_->szOsFile;
  vfs_.mxPathname = below_->mxPathname;
  vfs_.zName = name_;
  vfs_.pAppData = this;
  vfs_.xOpen = open_file;
  // What has nothing to do with pages goes to the file system below.
  vfs_.xDelete = [](sqlite3_vfs* v, const char* path, int sync) {
    sqlite3_vfs* to = self_of(v).below_;
    return to->xDelete(to, path, sync);
  };
  vfs_.xAccess = [](sqlite3_vfs* v, const char* path, int flags, int* out) {
    sqlite3_vfs* to = self_of(v).below_;
    return to->xAccess(to, path, flags, out);
  };
  vfs_.xFullPathname = [](sqlite3_vfs* v, const char* path, int size, char* out) {
    sqlite3_vfs* to = self_of(v).below_;
    return to->xFullPathname(to, path, size, out);
  };
  // No library is loaded into what holds keys.
  vfs_.xDlOpen = [](sqlite3_vfs*, const char*) -> void* { return nullptr; };
  vfs_.xDlError = [](sqlite3_vfs*, int size, char* out) { sqlite3_snprintf(size, out, "refused"); };
  vfs_.xDlClose = [](sqlite3_vfs*, void*) {};
  vfs_.xRandomness = [](sqlite3_vfs* v, int size, char* out) {
    sqlite3_vfs* to = self_of(v).below_;
    return to->xRandomness(to, size, out);
  };
  vfs_.xSleep = [](sqlite3_vfs* v, int micro) {
    sqlite3_vfs* to = self_of(v).below_;
    return to->xSleep(to, micro);
  };
  vfs_.xCurrentTime = [](sqlite3_vfs* v, double* out) {
    sqlite3_vfs* to = self_of(v).below_;
    return to->xCurrentTime(to, out);
  };
  vfs_.xGetLastError = [](sqlite3_vfs* v, int size, char* out) {
    sqlite3_vfs* to = self_of(v).below_;
    return to->xGetLastError != nullptr ? to->xGetLastError(to, size, out) : 0;
  };
  const int code = sqlite3_vfs_register(&vfs_, 0);
  return code == SQLITE_OK ? Status(Done{}) : Status(sqlite_error(code));
}

SealedVfs::~SealedVfs() {
  if (below_ == nullptr) return;
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_mutex_free(mutex_);
  sqlite3_mutex_free(entropy_mutex_);
}

void SealedVfs::forget(Text path) {
  if (below_ == nullptr) return;
  const MutexHold hold(mutex_);
  for (DatabaseFile* file = first_; file != nullptr; file = file->next) {
    if (path != file->path) continue;
    const MutexHold in_use(file->mutex);
    file->sealer.forget();
    if (file->scratch != nullptr) mbedtls_platform_zeroize(file->scratch, kFrameHeadBytes + file->page_bytes);
  }
}

SealedVfs::Counts SealedVfs::counts() const {
  return {sealed_.load(), opened_.load(), copied_.load(), torn_.load(), bad_.load(), refused_.load()};
}

void SealedVfs::take_off(DatabaseFile* file) {
  const MutexHold hold(mutex_);
  for (DatabaseFile** at = &first_; *at != nullptr; at = &(*at)->next) {
    if (*at == file) {
      *at = file->next;
      return;
    }
  }
}

int SealedVfs::open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  SealedVfs& self = self_of(vfs);
  file->pMethods = nullptr;
  const int kind = flags & kKinds;
  if (name != nullptr && kind == SQLITE_OPEN_MAIN_DB) return self.open_database(name, file, flags, out_flags);
  if (name != nullptr && kind == SQLITE_OPEN_WAL) return self.open_log(name, file, flags, out_flags);
  ++self.refused_;
  return SQLITE_CANTOPEN;
}

int SealedVfs::open_database(const char* name, sqlite3_file* file, int flags, int* out_flags) {
  Text owner(name);
  if (owner.ends_with(kSealingSuffix)) owner.remove_suffix(kSealingSuffix.size());
  std::uint8_t key[kKeyBytes]{};
  auto* database = new (file) DatabaseFile(*this, name);
  const bool has_key = keys_.key_of(owner, std::as_writable_bytes(std::span(key))).ok() && !is_zero(key, sizeof key) &&
                       database->sealer.set_key(key).ok();
  mbedtls_platform_zeroize(key, sizeof key);
  sqlite3_file* under = database->below();
  int code = has_key ? below_->xOpen(below_, name, under, flags, out_flags) : SQLITE_IOERR_AUTH;
  const bool opened = code == SQLITE_OK;
  std::uint8_t magic[sizeof kPlainMagic];
  if (code == SQLITE_OK) {
    code = under->pMethods->xRead(under, magic, sizeof magic, 0);
    if (code == SQLITE_IOERR_SHORT_READ) code = SQLITE_OK;
  }
  if (code == SQLITE_OK && std::memcmp(magic, kPlainMagic, sizeof magic) == 0) code = SQLITE_NOTADB;
  if (code == SQLITE_OK) code = database->inspect();
  if (code != SQLITE_OK) {
    if (opened) under->pMethods->xClose(under);
    database->~DatabaseFile();
    file->pMethods = nullptr;
    return code;
  }
  {
    const MutexHold hold(mutex_);
    database->next = first_;
    first_ = database;
  }
  file->pMethods = &kDatabaseMethods;
  return SQLITE_OK;
}

int SealedVfs::open_log(const char* name, sqlite3_file* file, int flags, int* out_flags) {
  const sqlite3_file* wanted = sqlite3_database_file_object(name);
  DatabaseFile* database = nullptr;
  {
    const MutexHold hold(mutex_);
    for (database = first_; database != nullptr && &database->base != wanted;) database = database->next;
  }
  if (database == nullptr) return SQLITE_CANTOPEN;
  auto* log = new (file) LogFile(*database);
  const int code = below_->xOpen(below_, name, log->below(), flags, out_flags);
  file->pMethods = code == SQLITE_OK ? &kLogMethods : nullptr;
  return code;
}

}  // namespace handsync::storage
