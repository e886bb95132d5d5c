/// The machine as files and programs, below one root: "" on a device, a directory with a played /sys in tests.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "handsync/hal/progress.h"

// Not `linux`: compilers with GNU extensions make that word a macro.
namespace handsync::hal::linux_port {

/// Runs a program and gives what it wrote to standard output; nothing when it failed or took longer than a second.
using Run = std::function<std::optional<std::string>(const std::vector<std::string>& command)>;

class System {
 public:
  /// Without `run`, programs are run only when `root` is the machine's own.
  System(std::string root, Run run);

  /// Without the line break or NUL at its end; nothing when it cannot be read.
  std::optional<std::string> read(const std::string& path) const;
  bool holds(const std::string& path, std::string_view text) const;
  Status write(const std::string& path, std::string_view text) const;     ///< into what is there, as sysfs wants it
  std::vector<std::string> names_in(const std::string& directory) const;  ///< sorted; empty when it is not there
  bool exists(const std::string& path) const;
  bool writable(const std::string& path) const;
  std::optional<unsigned> mode(const std::string& path) const;
  std::string real(
      const std::string& path) const;  ///< symbolic links followed, still below the root; "" when it is not there
  std::string full(const std::string& path) const { return root_ + path; }
  const std::string& root() const { return root_; }
  std::optional<std::string> run(const std::vector<std::string>& command) const;

 private:
  std::string root_;
  Run run_;
};

/// One line of /proc/mounts.
struct Mount {
  std::string source, point, type;
};
std::vector<Mount> mounts(const System&);

/// The whole disk that a mount source such as /dev/mmcblk0p2 or /dev/mapper/root lies on, as /sys/block names it.
/// Several for a device-mapper volume over several disks; none for what is no block device.
std::vector<std::string> disks_under(const System&, const std::string& source);

}  // namespace handsync::hal::linux_port
