#include "platform/storage/sealed_home.h"

namespace storage_test {
namespace {

sqlite3_vfs* g_system = nullptr;
// The system has several tables of methods (with locks and without); files are known by their handle.
std::map<const sqlite3_io_methods*, sqlite3_io_methods> g_tables;
std::map<sqlite3_file*, std::pair<std::string, const sqlite3_io_methods*>> g_files;

int write_watched(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  const auto& [path, methods] = g_files.at(file);
  if (Watch::instance().on_write) {
    Watch::instance().on_write(path, std::string(static_cast<const char*>(data), static_cast<std::size_t>(size)),
                               offset);
  }
  return methods->xWrite(file, data, size, offset);
}

int close_watched(sqlite3_file* file) {
  const sqlite3_io_methods* methods = g_files.at(file).second;
  g_files.erase(file);
  return methods->xClose(file);
}

int open_watched(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
  const int code = g_system->xOpen(g_system, name, file, flags, out);
  if (code != SQLITE_OK || file->pMethods == nullptr) return code;
  const auto [table, added] = g_tables.emplace(file->pMethods, *file->pMethods);
  if (added) {
    table->second.xWrite = write_watched;
    table->second.xClose = close_watched;
  }
  g_files[file] = {name != nullptr ? name : "temporary", file->pMethods};
  file->pMethods = &table->second;
  return code;
}

}  // namespace

Watch& Watch::instance() {
  static Watch watch;
  static const bool registered = [] {
    g_system = sqlite3_vfs_find(nullptr);
    static sqlite3_vfs vfs = *g_system;
    vfs.zName = "watched";
    vfs.xOpen = open_watched;
    return sqlite3_vfs_register(&vfs, 0) == SQLITE_OK;
  }();
  static_cast<void>(registered);
  return watch;
}

}  // namespace storage_test
