// A file system in memory, as a SQLite VFS, whose power can be cut: what was written since the last sync may then be
// there, or not, or in part. Any number of connections in one thread.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace replica_test {

class Flash {
 public:
  enum class Kept { kNothing, kEverything, kPrefix, kAnyOfIt };  // of what was not synced
  static constexpr Kept kAllKinds[] = {Kept::kNothing, Kept::kEverything, Kept::kPrefix, Kept::kAnyOfIt};

  struct Write {
    std::size_t offset = 0;
    std::string data;
    bool truncate = false;  // to `offset`
  };
  struct File {
    std::string now, durable;
    std::vector<Write> pending;
  };

  static Flash& instance();  // registered with SQLite as "flash"
  void clear();
  std::map<std::string, File> image() const { return files; }
  void restore(const std::map<std::string, File>& image);
  void power_on(Kept, std::uint64_t seed);

  // Counts writes, truncations, syncs, creations and deletions. At the nth: the power goes, or that one operation
  // fails.
  bool operation(int& error, std::string_view what);
  long operations = 0, cut_at = 0, fail_at = 0;
  int fail_with = 0;
  bool dead = false;
  /// Asked before each "read", "write", "truncate", "sync", "create", "delete", "size", "lock" and "map" (of the WAL's
  /// index): SQLite's code of a failure, or 0.
  std::function<int(std::string_view what)> on_operation;
  std::function<void()> on_death;  ///< at cut_at
  long syncs = 0, bytes_written = 0;

  std::map<std::string, File> files;
};

}  // namespace replica_test
