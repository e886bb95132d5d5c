/// A device that lives in a directory of a host program: what such a program needs of it beside the capabilities.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "handsync/hal/device.h"

namespace handsync::hal::posix {

/// What a person or a test puts on a card and takes from it. kNotThere = no card is in; kRefused = a policy forbids it.
struct CardSlot {
  virtual bool inserted() const = 0;
  virtual Status insert() = 0;
  virtual Status pull() = 0;
  virtual Status write(const std::string& name, Bytes) = 0;  ///< sealed while a policy wants that
  virtual Status read(const std::string& name, std::vector<std::byte>&) const = 0;
  virtual std::vector<std::string> names() const = 0;

 protected:
  ~CardSlot() = default;
};

/// The user's own switches of what a policy can close: a radio is on when both let it.
struct Switches {
  virtual Status turn(Gate, bool on) = 0;  ///< kRefused: a policy keeps it off
  virtual bool on(Gate) const = 0;         ///< really on

 protected:
  ~Switches() = default;
};

struct TextOnAir {
  std::int64_t wall_ms = 0;
  std::string number, text;
};
/// The other end of the modem: what a network delivers to the device, and what it has taken from it.
struct TextNetwork {
  /// kRefused: a policy keeps texts away, or no network has such a number. `sent`: a program of the device's has sent
  /// it.
  virtual Status arrive(const std::string& number, const std::string& text, bool sent) = 0;
  virtual std::vector<TextOnAir> on_air() const = 0;  ///< one for each number, the oldest first

 protected:
  ~TextNetwork() = default;
};

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
  virtual CardSlot* card() { return nullptr; }      ///< null = not this device's to play with
  virtual Switches* switches() { return nullptr; }  ///< likewise
  virtual TextNetwork* texts() { return nullptr; }  ///< likewise
  virtual Status check() = 0;                       ///< every record and key readable; the first that is not
};

}  // namespace handsync::hal::posix
