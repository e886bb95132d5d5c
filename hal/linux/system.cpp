#include "linux/system.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "posix/clock.h"
#include "posix/durable.h"

namespace handsync::hal::linux_port {
namespace {

constexpr std::uint64_t kProgramMs = 1000;
constexpr std::size_t kOutputBytesMax = 64 * 1024;

std::optional<std::string> run_program(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const bool started = ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ) == 0;
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string output;
  bool in_time = started;
  const std::uint64_t until_ms = posix::system_mono_ms() + kProgramMs;
  while (in_time) {
    const std::uint64_t now_ms = posix::system_mono_ms();
    pollfd readable{ends[0], POLLIN, 0};
    in_time = now_ms < until_ms &&
              output.size()<kOutputBytesMax&& ::poll(&readable, 1, static_cast<int>(until_ms - now_ms))> 0;
    char piece[4096];
    const ssize_t got = in_time ? ::read(ends[0], piece, sizeof piece) : 0;
    if (got <= 0) break;
    output.append(piece, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  if (!started) return std::nullopt;
  if (!in_time) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
  return output;
}

std::string unescaped(const std::string& text) {  // /proc/mounts writes a blank as \040
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto digit = [&](std::size_t n) {
      return at + n < text.size() && text[at + n] >= '0' && text[at + n] <= '7' ? text[at + n] - '0' : -1;
    };
    if (text[at] == '\\' && digit(1) >= 0 && digit(2) >= 0 && digit(3) >= 0) {
      plain += static_cast<char>(digit(1) * 64 + digit(2) * 8 + digit(3));
      at += 3;
    } else {
      plain += text[at];
    }
  }
  return plain;
}

void add_disks(const System& system, const std::string& name, std::vector<std::string>& disks, int depth) {
  if (depth > 8) return;
  if (!system.exists("/sys/block/" + name)) {  // a partition: its directory lies in its disk's
    for (const std::string& disk : system.names_in("/sys/block")) {
      const std::string inside = std::string("/sys/block/").append(disk).append("/").append(name);
      if (system.exists(inside)) add_disks(system, disk, disks, depth + 1);
    }
    return;
  }
  const std::vector<std::string> below = system.names_in("/sys/block/" + name + "/slaves");
  for (const std::string& each : below) add_disks(system, each, disks, depth + 1);
  if (below.empty() && std::find(disks.begin(), disks.end(), name) == disks.end()) disks.push_back(name);
}

}  // namespace

System::System(std::string root, Run run) : root_(std::move(root)), run_(std::move(run)) {
  while (!root_.empty() && root_.back() == '/') root_.pop_back();
  if (!run_ && root_.empty()) run_ = run_program;
}

std::optional<std::string> System::run(const std::vector<std::string>& command) const {
  return run_ ? run_(command) : std::nullopt;
}

std::optional<std::string> System::read(const std::string& path) const {
  posix::Contents contents;
  if (!posix::Durable::read(root_ + path, contents).ok()) return std::nullopt;
  std::string text(text_of(contents));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\0')) text.pop_back();
  return text;
}

bool System::holds(const std::string& path, std::string_view text) const {
  const auto there = read(path);
  return there && *there == text;
}

Status System::write(const std::string& path, std::string_view text) const {
  const int fd = ::open((root_ + path).c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
  if (fd < 0) return posix::errno_status();
  const ssize_t wrote = ::write(fd, text.data(), text.size());
  const Status outcome = wrote < 0 ? posix::errno_status() : Status(Done{});
  ::close(fd);
  if (outcome.ok() && static_cast<std::size_t>(wrote) != text.size()) return fault(Fault::kRefused);
  return outcome;
}

std::vector<std::string> System::names_in(const std::string& directory) const {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir((root_ + directory).c_str()), ::closedir);
  if (!open) return names;
  while (const dirent* entry = ::readdir(open.get())) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool System::exists(const std::string& path) const { return ::access((root_ + path).c_str(), F_OK) == 0; }
bool System::writable(const std::string& path) const { return ::access((root_ + path).c_str(), W_OK) == 0; }

std::optional<unsigned> System::mode(const std::string& path) const {
  struct stat seen;
  if (::stat((root_ + path).c_str(), &seen) != 0) return std::nullopt;
  return static_cast<unsigned>(seen.st_mode);
}

std::string System::real(const std::string& path) const {
  const std::unique_ptr<char, void (*)(void*)> found(::realpath((root_ + path).c_str(), nullptr), ::free);
  if (!found) return {};
  const std::unique_ptr<char, void (*)(void*)> top(root_.empty() ? nullptr : ::realpath(root_.c_str(), nullptr),
                                                   ::free);
  const std::string absolute = found.get(), prefix = top ? top.get() : "";
  return absolute.starts_with(prefix) ? absolute.substr(prefix.size()) : std::string();
}

std::vector<Mount> mounts(const System& system) {
  std::vector<Mount> all;
  const std::string text = system.read("/proc/mounts").value_or("");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::vector<std::string> words;
    for (std::size_t word = at; word < end && words.size() < 3;) {
      const std::size_t stop = std::min({text.find(' ', word), end});
      words.push_back(unescaped(text.substr(word, stop - word)));
      word = stop + 1;
    }
    if (words.size() == 3) all.push_back({words[0], words[1], words[2]});
    at = end + 1;
  }
  return all;
}

std::vector<std::string> disks_under(const System& system, const std::string& source) {
  std::vector<std::string> disks;
  if (!source.starts_with("/dev/")) return disks;
  std::string name = source.substr(5);
  if (name.starts_with("mapper/")) {
    for (const std::string& block : system.names_in("/sys/block")) {
      if (system.holds("/sys/block/" + block + "/dm/name", name.substr(7))) return disks_under(system, "/dev/" + block);
    }
  }
  // Names such as /dev/disk/by-uuid/... and /dev/vg/lv are links to the node.
  if (const std::string node = system.real(source); node.starts_with("/dev/")) name = node.substr(5);
  if (name.find('/') == std::string::npos) add_disks(system, name, disks, 0);
  return disks;
}

}  // namespace handsync::hal::linux_port
