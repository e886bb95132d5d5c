/// File operations that last, each of which a test can fail or cut the power at. Results carry errno as Error{kHal,
/// errno}. What hal/posix/ holds serves every port whose flash is a POSIX file system.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "handsync/hal/progress.h"

namespace handsync::hal::posix {

using Contents = std::vector<std::byte>;

/// Thrown by every operation once the power has been cut. Only a test that sets Medium::power sees it.
struct PowerCut {};

/// What a power cut does to the operation it hits.
enum class Cut : std::uint8_t {
  kNone,    ///< goes on
  kBefore,  ///< the operation did not happen
  kTorn,    ///< half of the bytes arrived (a write), or as kBefore
  kAfter,   ///< it happened, the caller never hears of it
};

/// What a test may do to the medium. On a device all of it stays as it is.
struct Medium {
  /// Called before each durable operation ("write", "sync", "rename", "unlink", "syncdir") with its path.
  std::function<Cut(std::string_view operation, std::string_view path)> power;
  /// Called at the same places: an errno (ENOSPC, EIO ...) makes the operation fail, 0 lets it be.
  std::function<int(std::string_view operation, std::string_view path)> fail;
  /// Told of bytes that have reached the medium, and of a file that is no longer there: what a raw image keeps is up to
  /// whoever listens (hal/simulated/raw_flash.h).
  std::function<void(std::string_view path, std::size_t offset, Bytes)> programmed;
  std::function<void(std::string_view path)> dropped;
  bool real_sync = true;  ///< false: fsync is only played, for tests that cut the simulated power thousands of times
  bool cut_loses_unsynced = true;  ///< what was not synced when the power went is lost
};

class Durable {
 public:
  explicit Durable(const Medium& medium) : medium_(medium) {}

  /// Old contents or new, never between: a temporary file beside it, synced, renamed, directory synced.
  Status replace(const std::string& path, Bytes contents);
  /// In place, synced: where nothing of what was there may be left.
  Status overwrite(const std::string& path, std::size_t offset, Bytes bytes);
  Status unlink(const std::string& path);  ///< ok also when it was not there; the directory is synced
  /// Overwritten with zeros first, as far as that is worth something on this medium: a MiB at a time, each of them
  /// synced, and `between` called after it.
  Status shred(const std::string& path, const std::function<void()>& between = {});
  /// ENOENT is kNotThere.
  static Result<bool> read(const std::string& path, Contents& contents);
  /// Not durable: for what may be lost.
  void note(const std::string& path, std::string_view text);
  void lose_unsynced();  ///< the power is gone: nothing works any more, and what was not synced is lost
  std::uint64_t operations() const { return operations_; }

 private:
  struct Undo {
    enum class Kind : std::uint8_t { kCreated, kOverwritten, kEntry } kind;
    std::string path, directory;
    bool existed = false;
    std::size_t offset = 0;
    Contents before;
  };
  Cut gate(std::string_view operation, const std::string& path, int& error);
  [[noreturn]] void die();
  void remember(Undo undo) {
    if (medium_.power) undo_.push_back(std::move(undo));
  }
  void tell(const std::string& path, std::size_t offset, Bytes bytes) const {
    if (medium_.programmed) medium_.programmed(path, offset, bytes);
  }
  Status write_new(const std::string& path, Bytes contents);
  Status sync_file(const std::string& path);
  Status sync_directory(const std::string& directory);

  const Medium& medium_;
  std::uint64_t operations_ = 0;
  bool dead_ = false;
  std::vector<Undo> undo_;
};

Status errno_status();
std::string directory_of(const std::string& path);

}  // namespace handsync::hal::posix
