#include "linux/storage.h"

#include <fcntl.h>
#include <linux/fscrypt.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace handsync::hal::linux_port {
namespace {

bool in_memory(const Mount& mount) { return mount.type == "tmpfs" || mount.type == "ramfs"; }

}  // namespace

// The device itself is one of dm-crypt, or it lies on others that all are.
bool LinuxStorage::block_encrypted(const std::string& name, int depth) const {
  constexpr int kDepthMax = 8;
  if (depth > kDepthMax) return false;
  std::string path = "/sys/class/block/" + name;
  if (!system_.exists(path)) path = "/sys/block/" + name;
  if (system_.read(path + "/dm/uuid").value_or("").starts_with("CRYPT-")) return true;
  const std::vector<std::string> below = system_.names_in(path + "/slaves");
  return !below.empty() && std::all_of(below.begin(), below.end(),
                                       [&](const std::string& each) { return block_encrypted(each, depth + 1); });
}

bool LinuxStorage::source_encrypted(const std::string& source) const {
  if (!source.starts_with("/dev/")) return false;
  std::string name = source.substr(5);
  if (name.starts_with("mapper/")) {
    for (const std::string& block : system_.names_in("/sys/block")) {
      if (system_.holds("/sys/block/" + block + "/dm/name", name.substr(7))) return block_encrypted(block, 0);
    }
  }
  if (const std::string node = system_.real(source); node.starts_with("/dev/")) name = node.substr(5);
  return name.find('/') == std::string::npos && block_encrypted(name, 0);
}

// By the mount that holds the path: the longest point, and of equal ones the last, which covers those before it.
bool LinuxStorage::path_encrypted(const std::string& path) const {
  Mount holder;
  for (const Mount& mount : mounts(system_)) {
    const std::string point = mount.point == "/" ? "/" : mount.point + "/";
    if ((path + "/").starts_with(point) && mount.point.size() >= holder.point.size()) holder = mount;
  }
  return in_memory(holder) || source_encrypted(holder.source);
}

bool LinuxStorage::swap_encrypted() const {
  const auto swaps = system_.read("/proc/swaps");
  if (!swaps) return false;
  std::size_t at = swaps->find('\n');  // behind the heading
  while (at != std::string::npos && at + 1 < swaps->size()) {
    const std::size_t begin = at + 1;
    const std::string where = swaps->substr(begin, swaps->find_first_of(" \t", begin) - begin);
    const bool memory = where.starts_with("/dev/zram");
    const bool file = !where.starts_with("/dev/");
    if (!memory && !(file ? path_encrypted(where) : source_encrypted(where))) return false;
    at = swaps->find('\n', begin);
  }
  return true;
}

bool LinuxStorage::home_under_fscrypt() const {
  const int fd = ::open(home_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  fscrypt_get_policy_ex_arg asked{};
  asked.policy_size = sizeof asked.policy;
  const bool there = ::ioctl(fd, FS_IOC_GET_ENCRYPTION_POLICY_EX, &asked) == 0;
  ::close(fd);
  return there;
}

Force LinuxStorage::device_encryption() const {
  if (!path_encrypted(home_)) return home_under_fscrypt() ? Force::kPartial : Force::kAbsent;
  constexpr const char* kWritten[] = {"/", "/tmp", "/var/tmp", "/var/log", "/var/cache"};
  const bool all =
      std::all_of(std::begin(kWritten), std::end(kWritten), [&](const char* path) { return path_encrypted(path); });
  return all && swap_encrypted() ? Force::kEnforced : Force::kPartial;
}

Force LinuxStorage::card_encryption() const { return card_fitted_() ? Force::kAbsent : Force::kNotFitted; }

}  // namespace handsync::hal::linux_port
