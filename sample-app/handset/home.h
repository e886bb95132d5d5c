/// The directory that holds one phone: who may use it, and the few things the program itself remembers there.
///
///   lock           held (flock) by the process that runs the engine
///   owner.sock     where others hand that process their commands (owner.h)
///   handset.json   which device port, an `account add` under way, roaming, battery, and each account's traffic so far
///   account-N.trust  copy of an account's --ca file, sealed under the account's key
///   account-N.identity  its client certificate and key, sealed under the account's key (replicas.h)
///   device/, replica/   the device port's and the engine's (hal/posix/core.h)
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace handset {

class Home {
 public:
  /// Makes the directory (0700). Throws Failure with exit status 9 when it cannot be used.
  explicit Home(std::string directory);
  ~Home();
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;

  static std::string default_directory();

  const std::string& directory() const { return directory_; }
  int directory_fd() const { return directory_fd_; }
  bool try_lock();  ///< true: this process owns the phone until it ends or unlock()
  void unlock();

  /// The device port of this phone: `wanted` if given (and then remembered), else what is remembered, else "simulated".
  std::string hal(const std::string& wanted);
  void set_adding(std::uint16_t account);  ///< 0 = none; survives a kill, so that a half-added account can be removed
  std::uint16_t adding() const;

  /// Whether the phone is away from its home network; over processes.
  bool roaming() const { return roaming_; }
  void set_roaming(bool);
  /// Percent; 100 at first.
  unsigned battery() const { return battery_; }
  void set_battery(unsigned percent);

  /// What an account has cost so far, over processes. Saved when the phone goes off.
  using Traffic = std::map<std::string, std::uint64_t>;  ///< by the names that `status --json` gives them
  Traffic traffic(std::uint16_t account) const;
  void add_traffic(const std::map<std::uint16_t, Traffic>&);

  void keep_trust(std::uint16_t account, const std::string& sealed);
  std::optional<std::string> trust(std::uint16_t account) const;  ///< none = the system's roots
  void keep_identity(std::uint16_t account, const std::string& sealed);
  std::string identity(std::uint16_t account) const;  ///< sealed; "" = none
  void keep_tickets(std::uint16_t account, const std::string& sealed);
  std::string take_tickets(std::uint16_t account);  ///< sealed; "" = none. They are there for one start only
  void forget_account(std::uint16_t account);
  void forget_everything();  ///< all but the lock, the socket and the device port's own

  static std::vector<std::string> own_names();  ///< what a factory reset has to leave alone

 private:
  std::string of_account(std::uint16_t account, const char* extension) const;
  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  void save();
  std::string directory_, hal_;
  std::uint16_t adding_ = 0;
  bool roaming_ = false;
  unsigned battery_ = 100;
  std::map<std::uint16_t, Traffic> traffic_;
  int directory_fd_ = -1, lock_fd_ = -1;
};

/// The whole file, or "-" for standard input. Throws Failure with exit status 2 when it cannot be read or is longer.
std::string read_file(const std::string& path, std::size_t bytes_max);
/// Atomic, 0600, durable. Throws Failure with exit status 9.
void write_file(const std::string& path, const std::string& content);

/// A directory of its own under $TMPDIR that goes with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace handset
