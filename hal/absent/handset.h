/// A device with nothing but a file system: the four mandatory capabilities, and no other. It claims nothing: an old
/// image can be played back, a destroyed key may be found in old sectors. What a policy asks of it is refused.
#pragma once
#include <memory>
#include <string>

#include "posix/core.h"
#include "posix/hosted.h"

namespace handsync::hal::absent {

class Handset final : public posix::HostedDevice {
 public:
  /// Opens or makes the device; what the options claim is not believed. Throws std::runtime_error with a sentence when
  /// the home cannot be used.
  explicit Handset(posix::CoreOptions);
  ~Handset() override;

  Entropy& entropy() override;
  Records& records() override;
  Keys& keys() override;
  Erase& erase() override;
  Text model() const override { return "Handsync Bare"; }

  Instant now() const override;
  bool reboot() override { return false; }
  bool advance(std::uint64_t) override { return false; }
  void touched() override {}
  void add_trace(const std::string& path) override;
  std::string replica_directory() const override;
  Status check() override;
  void cut_power();  ///< for tests: what was not synced is lost, and this object works no more

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace handsync::hal::absent
