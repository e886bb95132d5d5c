/// What Linux can open and close: radios over rfkill, cameras on USB, storage cards by a udev rule. Everything else is
/// told as absent, or as not fitted where the machine does not have it. FAST: sysfs and one small file.
#pragma once
#include <array>
#include <mutex>
#include <string>
#include <vector>

#include "handsync/hal/gates.h"
#include "linux/system.h"
#include "posix/durable.h"

namespace handsync::hal::linux_port {

class LinuxGates final : public Gates {
 public:
  /// `home` is the directory of the device: what it lies on is no storage card. `kept` is where the port remembers what
  /// it has closed.
  LinuxGates(const System& system, posix::Durable& durable, std::mutex& mutex, std::string home, std::string kept);
  void open();        ///< closes again what was closed: drivers and radios start open
  void begin_anew();  ///< after a factory reset: nothing is closed. With the lock held.

  Force force(Gate) const override;
  Status set(Gate, std::uint8_t level) override;
  Result<std::uint8_t> level(Gate) const override;

 private:
  static constexpr std::size_t kGates = static_cast<std::size_t>(Gate::kCount);
  std::vector<std::string> radios(std::string_view type) const;
  Force radio_force(std::string_view type) const;
  bool radio_fitted(std::string_view type) const;
  bool radio_closed(std::string_view type) const;
  Status set_radio(std::string_view type, bool closed) const;
  std::vector<std::string> usb_cameras() const;
  bool other_cameras() const;
  Force camera_force() const;
  bool camera_closed() const;
  Status set_camera(bool closed) const;
  std::vector<std::string> own_disks() const;
  std::vector<std::string> cards() const;
  bool card_fitted() const;
  Force card_force() const;
  std::vector<std::string> mounted_cards() const;
  Status set_card(bool closed) const;
  std::string card_rule() const;
  bool modem_fitted() const;
  bool infrared_fitted() const;

  bool closed(Gate) const;
  Status apply(Gate, bool close) const;

  const System& system_;
  posix::Durable& durable_;
  std::mutex& mutex_;
  std::string home_, kept_;
  std::array<std::uint8_t, kGates> levels_;  ///< as asked; only what this port has closed does it open again
};

}  // namespace handsync::hal::linux_port
