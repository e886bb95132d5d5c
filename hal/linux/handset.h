/// The reference port: a Raspberry Pi or any Debian. What the system has is used and read back, what it has not is told
/// as absent or not fitted; hal/PORTING.md has the table.
///
/// Every path of the system goes through Options::root. The home is a path as it is: root does not move it.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "linux/system.h"
#include "posix/core.h"
#include "posix/hosted.h"

namespace handsync::hal::linux_port {

struct Options : posix::CoreOptions {
  std::string root;  ///< before /sys, /proc, /dev, /etc; "" on a device
  Run run;           ///< runs loginctl and umount; none = really, but only with the machine's own root
  std::string keyring_key = "handsync:device";  ///< description of the device secret; "" = never look for one
  /// kEnforced only in a product whose locker asks for the engine's PIN and for nothing else.
  Force lock_holds = Force::kPartial;
  std::uint32_t locker_ms = 2000;  ///< how long a session may take to say that it is locked
  std::vector<std::string> cards;  ///< directories on storage cards that are the device's own and go with a wipe
};

class Handset final : public posix::HostedDevice {
 public:
  /// Opens or makes the device. Throws std::runtime_error with a sentence when the home cannot be used.
  explicit Handset(const Options&);
  ~Handset() override;

  Entropy& entropy() override;
  Records& records() override;
  Keys& keys() override;
  Erase& erase() override;
  Gates* gates() override;
  Storage* storage() override;
  Lock* lock() override;  ///< null without a graphical session and without a backlight
  Trust* trust() override;
  Text model() const override;

  Instant now() const override;
  bool reboot() override { return false; }
  bool advance(std::uint64_t) override { return false; }
  void touched() override;
  void add_trace(const std::string& path) override;
  std::string replica_directory() const override;
  Status check() override;

  bool secret_in_keyring() const;  ///< the keys are sealed under a secret that is on no file system
  void cut_power();                ///< for tests: what was not synced is lost, and this object works no more

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace handsync::hal::linux_port
