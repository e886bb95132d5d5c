/// A device that lives in a directory of a host program: what such a program needs of it beside the capabilities.
#pragma once
#include <string>

#include "handsync/hal/device.h"

namespace handsync::hal::posix {

struct HostedDevice : Device {
  virtual ~HostedDevice() = default;
  HostedDevice() = default;
  HostedDevice(const HostedDevice&) = delete;
  HostedDevice& operator=(const HostedDevice&) = delete;

  virtual Instant now() const = 0;                       ///< mono_ms since this device's boot, over processes
  virtual bool reboot() = 0;                             ///< false = it restarts with its machine, not by itself
  virtual bool advance(std::uint64_t milliseconds) = 0;  ///< both clocks, for good; false = they are its machine's
  virtual void touched() = 0;                            ///< the user did something: the idle time starts again
  /// A file outside that a wipe has to remove as well; remembered over processes.
  virtual void add_trace(const std::string& path) = 0;
  virtual std::string replica_directory() const = 0;
  virtual Status check() = 0;  ///< every record and key readable; the first that is not
};

}  // namespace handsync::hal::posix
