// A directory with sealed databases, keys and entropy for them, and a VFS underneath that sees every byte on its way
// out.
#pragma once
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>

#include "storage/sealed_vfs.h"

namespace storage_test {

using namespace handsync;
using handsync::storage::SealedVfs;

struct SystemEntropy final : hal::Entropy {
  bool seeded = true;
  Status fill(Room room) override {
    if (!seeded || getrandom(room.data(), room.size(), 0) != static_cast<ssize_t>(room.size())) {
      return hal::fault(hal::Fault::kNotSeeded);
    }
    return Done{};
  }
};

// One key a path, made of its name and a salt; or none.
struct Keys final : storage::KeySource {
  bool there = true;
  std::uint8_t salt = 1;
  std::map<std::string, int> asked;
  Status key_of(Text path, Room key32) override {
    ++asked[std::string(path)];
    if (!there) return hal::fault(hal::Fault::kNotThere);
    for (std::size_t i = 0; i < key32.size(); ++i) key32[i] = static_cast<std::byte>(salt + i * 3);
    return Done{};
  }
};

// "watched": the system's VFS, telling of every write before it happens.
struct Watch {
  using OnWrite = std::function<void(const std::string& path, const std::string& data, std::int64_t offset)>;
  static Watch& instance();
  OnWrite on_write;
};

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream all;
  all << file.rdbuf();
  return all.str();
}
inline void write_file(const std::string& path, const std::string& data) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << data;
}
inline void flip(const std::string& path, std::int64_t at) {
  const int fd = ::open(path.c_str(), O_RDWR);
  char byte = 0;
  if (::pread(fd, &byte, 1, at) == 1) {
    byte = static_cast<char>(byte ^ 4);
    if (::pwrite(fd, &byte, 1, at) != 1) std::abort();
  }
  ::close(fd);
}

struct Home {
  std::string directory, path;
  Keys keys;
  SystemEntropy entropy;
  SealedVfs vfs{keys, entropy};
  int page_bytes = 4096;

  explicit Home(const char* below = "watched") {
    Watch::instance().on_write = nullptr;
    const char* base = std::getenv("TMPDIR");
    std::string name = std::string(base != nullptr                       ? base
                                   : std::filesystem::exists("/dev/shm") ? "/dev/shm"
                                                                         : "/tmp") +
                       "/sealed-XXXXXX";
    directory = mkdtemp(name.data()) != nullptr ? name : std::string("/tmp");
    path = directory + "/account-1.db";
    if (!vfs.install("sealed-test", below).ok()) std::abort();
  }
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;
  ~Home() {
    Watch::instance().on_write = nullptr;
    std::filesystem::remove_all(directory);
  }
  std::string log() const { return path + "-wal"; }
};

// What a test says to a database.
struct Database {
  sqlite3* handle = nullptr;
  int code = SQLITE_OK;  // of the last thing

  Database() = default;
  Database(Home& home, int flags = SQLITE_OPEN_CREATE) : Database(home.path, home.vfs.name(), home.page_bytes, flags) {}
  Database(const std::string& path, const char* vfs, int page_bytes = 4096, int flags = SQLITE_OPEN_CREATE) {
    code = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | flags, vfs);
    if (code == SQLITE_OK) {
      run("PRAGMA page_size=" + std::to_string(page_bytes));
      if (number("PRAGMA sealed_reserve_bytes") == 28) {
        int reserve = 28;
        sqlite3_file_control(handle, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve);
      }
      run("PRAGMA temp_store=memory;PRAGMA cache_size=-64;PRAGMA synchronous=full;PRAGMA wal_autocheckpoint=0");
      if (number("PRAGMA page_count") == 0) run("PRAGMA journal_mode=memory");
      run("PRAGMA journal_mode=wal");
    } else {
      code = sqlite3_extended_errcode(handle);
    }
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() { close(); }
  void close() {
    sqlite3_close(handle);
    handle = nullptr;
  }
  bool run(const std::string& sql) {
    code = sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) code = sqlite3_extended_errcode(handle);
    return code == SQLITE_OK;
  }
  std::string text(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    std::string result;
    code = sqlite3_prepare_v2(handle, sql.c_str(), -1, &statement, nullptr);
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
      const auto* value = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
      result = value != nullptr ? value : "";
      code = SQLITE_OK;
    } else {
      code = code == SQLITE_DONE ? SQLITE_OK : sqlite3_extended_errcode(handle);
    }
    sqlite3_finalize(statement);
    return result;
  }
  long number(const std::string& sql) {
    const std::string found = text(sql);
    return found.empty() ? -1 : std::atol(found.c_str());
  }
  bool sound() { return text("PRAGMA integrity_check") == "ok"; }
  sqlite3_file* file(int which) {
    sqlite3_file* found = nullptr;
    sqlite3_file_control(handle, "main", which, &found);
    return found;
  }
  sqlite3_file* main_file() { return file(SQLITE_FCNTL_FILE_POINTER); }
  sqlite3_file* log_file() { return file(SQLITE_FCNTL_JOURNAL_POINTER); }
};

}  // namespace storage_test
