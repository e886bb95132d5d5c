/// The certificate store of the distribution.
#pragma once
#include <string>

#include "handsync/hal/trust.h"
#include "linux/system.h"

namespace handsync::hal::linux_port {

class LinuxTrust final : public Trust {
 public:
  explicit LinuxTrust(const System& system) : system_(system) {}
  /// No store is an empty store: nothing is trusted.
  Result<std::size_t> roots_pem(std::size_t offset, Room) override;

 private:
  const System& system_;
};

}  // namespace handsync::hal::linux_port
