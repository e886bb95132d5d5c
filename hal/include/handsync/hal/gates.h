/// One shape for every allow and deny of a policy: query, apply, read back; and the lists of programs. Optional, both.
#pragma once
#include "handsync/hal/progress.h"

namespace handsync::hal {

enum class Gate : std::uint8_t {
  kWifi,
  kBluetooth,
  kIrda,
  kTethering,
  kCamera,
  kCard,
  kBrowser,
  kConsumerMail,
  kPopImap,
  kSms,
  kUnsignedApps,
  kUnsignedInstallers,
  kRemoteDesktop,
  kDesktopSync,
  kCount
};

struct Gates {
  virtual Force force(Gate) const = 0;                 ///< FAST
  virtual Status set(Gate, std::uint8_t level) = 0;    ///< FAST; 0 = none, 1 = restricted (Bluetooth: hands-free), 2 =
                                                       ///< all; holds before drivers start at boot
  virtual Result<std::uint8_t> level(Gate) const = 0;  ///< FAST; the real state, not the last request

 protected:
  ~Gates() = default;
};

enum class AppList : std::uint8_t {
  kUnapproved,  ///< names of preinstalled programs that may not run
  kApproved,    ///< SHA-1 of programs, as the server writes it; of those that were installed no other may run
  kCount
};

/// A list arrives entry by entry under an id of the engine's choice, and several may be in force at once: one for each
/// account. A program may run when each of them lets it. What is gated is launching, not icons. Missing = the lists
/// are reported absent.
struct Apps {
  virtual Force force(AppList) const = 0;  ///< FAST
  /// FAST; a list begins to arrive for this slot; one that was not named is dropped. Nothing of it is in force.
  virtual Status begin(KeySlot, AppList) = 0;
  virtual Status add(KeySlot, Text entry) = 0;         ///< FAST
  virtual Status name(KeySlot, std::uint64_t id) = 0;  ///< FAST; it is whole, and is called that
  /// FAST (one flash write): these together are in force, and no others, atomically; the rest is forgotten. An id that
  /// neither is in force nor has been named is kNotThere, and nothing changes.
  virtual Status enforce(AppList, std::span<const std::uint64_t> ids) = 0;
  /// FAST; how many are in force, really; the first ones into `ids`.
  virtual Result<std::size_t> in_force(AppList, std::span<std::uint64_t> ids) const = 0;

 protected:
  ~Apps() = default;
};

}  // namespace handsync::hal
