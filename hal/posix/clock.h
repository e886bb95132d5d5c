/// The machine's clocks and its boot, and a boot number that counts them for one home.
#pragma once
#include <cstdint>
#include <string>

#include "posix/durable.h"

namespace handsync::hal::posix {

std::uint64_t system_mono_ms();  ///< CLOCK_BOOTTIME: runs on in suspend
std::int64_t system_wall_ms();
/// Of the running kernel; "unknown" when it does not tell. `root` is "" but in tests.
std::string system_boot_id(const std::string& root);
bool system_wall_trusted();  ///< the kernel's clock is kept in step by a time service

/// A device that restarts with its machine.
class MachineClock {
 public:
  MachineClock(Durable& durable, std::string path) : durable_(durable), path_(std::move(path)) {}
  /// Compares the machine's boot with the one of last time. A boot that cannot be told from the last counts as another:
  /// waits then start again.
  Status open(const std::string& boot_id);
  Status store();
  bool restarted() const { return restarted_; }  ///< since the last process on this home; false on a new one
  Instant now() const;

 private:
  Durable& durable_;
  std::string path_, boot_id_;
  std::uint32_t boot_ = 1;
  bool restarted_ = false;
};

}  // namespace handsync::hal::posix
