#include "handset/home.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "handset/failure.h"
#include "handset/io.h"
#include "handset/json.h"
#include "handset/layout.h"

namespace handset {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTrust = ".trust";
constexpr const char* kIdentity = ".identity";
constexpr const char* kTickets = ".tickets";

std::string reason() { return std::strerror(errno); }

Failure not_usable(const std::string& path) {
  return machine("`" + path + "` cannot be used: " + reason(),
                 "give another directory with --home, or make room in it");
}

/// Makes `path` and what leads to it; only what is missing, and only for this user.
void make_directories(const std::string& path) {
  for (std::size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
    const std::string part = path.substr(0, at);
    if (!part.empty() && ::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST && errno != EROFS && errno != EACCES) {
      throw not_usable(path);
    }
    if (at == std::string::npos) break;
  }
}

std::string read_if_there(const std::string& path, std::size_t bytes_max) {
  return fs::exists(path) ? read_file(path, bytes_max) : std::string();
}

}  // namespace

bool is_of_a_home(std::string name) {
  if (name.ends_with(".new")) name.resize(name.size() - 4);
  for (const char* own : {"lock", "owner.sock", "handset.json", "device", "replica", "card"})
    if (name == own) return true;
  const std::string ending = fs::path(name).extension().string();
  const bool of_account = ending == kTrust || ending == kIdentity || ending == kTickets || ending == ".pem";  // once
  return name.starts_with(".fetch-") || (name.starts_with("account-") && of_account);
}

std::vector<std::string> foreign_names(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!is_of_a_home(name)) names.push_back(name);
  }
  return names;
}

std::string Home::default_directory() {
  if (const char* named = std::getenv("HANDSET_HOME"); named != nullptr && *named != '\0') return named;
  const char* user = std::getenv("HOME");
  if (user == nullptr || *user == '\0') {
    throw usage("there is no home directory", "give one with --home, or set HANDSET_HOME");
  }
  return std::string(user) + "/.local/share/handset";
}

std::vector<std::string> Home::own_names() { return {"lock", "owner.sock", "handset.json"}; }

Home::Home(std::string directory) : directory_(std::move(directory)) {
  while (directory_.size() > 1 && directory_.back() == '/') directory_.pop_back();
  make_directories(directory_);
  directory_fd_ = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory_fd_ < 0) throw not_usable(directory_);
  struct stat state {};
  if (::fstat(directory_fd_, &state) != 0) throw not_usable(directory_);
  // A directory of somebody's own files is not taken for a phone, which a wipe empties.
  if (!foreign_names(directory_).empty() && !fs::exists(path("handset.json"))) {
    throw usage("`" + directory_ + "` holds other files and no phone", "give an empty or a new directory with --home");
  }
  if ((state.st_mode & 0777) != 0700 && ::fchmod(directory_fd_, 0700) != 0) throw not_usable(directory_);
  lock_fd_ = ::openat(directory_fd_, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_fd_ < 0) throw not_usable(directory_);
}

Home::~Home() {
  if (lock_fd_ >= 0) ::close(lock_fd_);
  if (directory_fd_ >= 0) ::close(directory_fd_);
}

bool Home::try_lock() {
  if (::flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) return false;
  // What a kill in the middle of write_file() left behind.
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_, ignored)) {
    if (entry.path().extension() == ".new") fs::remove(entry.path(), ignored);
  }
  std::string text;
  if (fs::exists(path("handset.json"))) text = read_file(path("handset.json"), 65536);
  const Json json(text.empty() ? "{}" : text);
  if (json.valid()) {
    hal_ = json.get("hal");
    adding_ = static_cast<std::uint16_t>(json.number("adding"));
    roaming_ = json.flag("roaming");
    battery_ = static_cast<unsigned>(json.number("battery", 100));
    traffic_.clear();
    for (const auto& [slot, numbers] : json.pairs("traffic")) {
      Traffic& traffic = traffic_[static_cast<std::uint16_t>(std::strtoul(slot.c_str(), nullptr, 10))];
      std::istringstream words(numbers);
      std::string name;
      if (std::isdigit(static_cast<unsigned char>(numbers.empty() ? ' ' : numbers.front()))) {  // of a version before
        words >> traffic["requests"] >> traffic["bytes_in"] >> traffic["bytes_out"];
      } else {
        while (words >> name) words >> traffic[name];
      }
    }
  }
  return true;
}

void Home::unlock() { ::flock(lock_fd_, LOCK_UN); }

void Home::save() {
  Json json;
  json.set("hal", hal_);
  if (adding_ != 0) json.set("adding", static_cast<unsigned>(adding_));
  if (roaming_) json.set("roaming", true);
  if (battery_ != 100) json.set("battery", battery_);
  Json traffic;
  for (const auto& [slot, each] : traffic_) {
    std::string numbers;
    for (const auto& [name, value] : each) {
      if (value != 0) numbers += (numbers.empty() ? "" : " ") + name + " " + std::to_string(value);
    }
    traffic.set(std::to_string(slot).c_str(), numbers);
  }
  if (!traffic_.empty()) json.set("traffic", std::move(traffic));
  write_file(path("handset.json"), json.text() + "\n");
}

std::string Home::hal(const std::string& wanted) {
  const std::string chosen = !wanted.empty() ? wanted : !hal_.empty() ? hal_ : "simulated";
  if (chosen != hal_) {
    hal_ = chosen;
    save();
  }
  return hal_;
}

void Home::set_adding(std::uint16_t account) {
  if (adding_ == account) return;
  adding_ = account;
  save();
}

void Home::set_roaming(bool roaming) {
  if (roaming_ == roaming) return;
  roaming_ = roaming;
  save();
}

void Home::set_battery(unsigned percent) {
  if (battery_ == percent) return;
  battery_ = percent;
  save();
}

std::uint16_t Home::adding() const { return adding_; }

std::string Home::of_account(std::uint16_t account, const char* extension) const {
  return path("account-" + std::to_string(account) + extension);
}

void Home::keep_trust(std::uint16_t account, const std::string& sealed) {
  write_file(of_account(account, kTrust), sealed);
}

std::optional<std::string> Home::trust(std::uint16_t account) const {
  const std::string file = of_account(account, kTrust);
  if (!fs::exists(file)) return std::nullopt;
  return read_file(file, 8u << 20);
}

void Home::keep_identity(std::uint16_t account, const std::string& sealed) {
  write_file(of_account(account, kIdentity), sealed);
}

std::string Home::identity(std::uint16_t account) const {
  return read_if_there(of_account(account, kIdentity), 1u << 20);
}

void Home::keep_tickets(std::uint16_t account, const std::string& sealed) {
  write_file(of_account(account, kTickets), sealed);
}

std::string Home::take_tickets(std::uint16_t account) {
  std::string sealed = read_if_there(of_account(account, kTickets), 1u << 20);
  std::error_code ignored;
  fs::remove(of_account(account, kTickets), ignored);
  return sealed;
}

Home::Traffic Home::traffic(std::uint16_t account) const {
  const auto found = traffic_.find(account);
  return found == traffic_.end() ? Traffic{} : found->second;
}

void Home::add_traffic(const std::map<std::uint16_t, Traffic>& more) {
  for (const auto& [slot, each] : more) {
    for (const auto& [name, value] : each) traffic_[slot][name] += value;
  }
  if (!more.empty()) save();
}

void Home::forget_account(std::uint16_t account) {
  if (traffic_.erase(account) != 0) save();
  std::error_code ignored;
  for (const char* extension : {kTrust, kIdentity, kTickets}) fs::remove(of_account(account, extension), ignored);
}

void Home::forget_everything() {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_, ignored)) {
    const std::string name = entry.path().filename();
    bool kept = name == "device" || !is_of_a_home(name);
    for (const std::string& own : own_names()) kept = kept || name == own;
    if (!kept) fs::remove_all(entry.path(), ignored);
  }
  traffic_.clear();
  adding_ = 0;
  roaming_ = false;
  battery_ = 100;
  save();
}

std::string read_file(const std::string& path, std::size_t bytes_max) {
  const int fd = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw usage("`" + path + "` cannot be read: " + reason(), "check the name and its permissions");
  std::string content;
  char room[8192];
  ssize_t bytes = 0;
  while ((bytes = ::read(fd, room, sizeof room)) != 0) {
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0 || content.size() + static_cast<std::size_t>(bytes) > bytes_max) {
      const std::string why = bytes < 0 ? reason() : "it is longer than " + std::to_string(bytes_max) + " bytes";
      if (fd != STDIN_FILENO) ::close(fd);
      throw usage("`" + path + "` cannot be read: " + why, "check that it is the right file");
    }
    content.append(room, static_cast<std::size_t>(bytes));
  }
  if (fd != STDIN_FILENO) ::close(fd);
  return content;
}

void write_file(const std::string& path, const std::string& content) {
  const std::string fresh = path + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written = fd >= 0 && write_all(fd, content) && ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  errno = error;
  if (!written || ::rename(fresh.c_str(), path.c_str()) != 0) {
    const Failure failure = not_usable(path);
    ::unlink(fresh.c_str());
    throw failure;
  }
}

TemporaryDirectory::TemporaryDirectory() {
  const char* base = std::getenv("TMPDIR");
  path_ = std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/handset-demo-XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr) {
    throw machine("no temporary directory: " + reason(), "set TMPDIR to a directory that can be written");
  }
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace handset
