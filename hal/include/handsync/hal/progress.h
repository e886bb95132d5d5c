/// Words that several capabilities share: how strongly a thing is enforced, and how slow work stays interruptible.
///
/// FAST functions are called on the engine thread and are back within 5 ms (50 ms where flash is written). SLOW ones
/// are only ever called inside Job::run() (engine.h), one at a time, may block up to the time written there, and call
/// progress.step() at least every 50 ms. After `ok` an effect survives a power cut one instruction later: old or new
/// state, never between. Everything fails closed: an error counts as "more restricted", never less.
#pragma once
#include "handsync/base.h"

namespace handsync::hal {

/// What a capability can truthfully promise. Asked before a policy is acknowledged (MS-ASPROV 3.1.5.1).
enum class Force : std::uint8_t {
  kAbsent,     ///< the device has the feature but cannot control it
  kPartial,    ///< controlled, with a known gap
  kEnforced,   ///< controlled, and read back
  kNotFitted,  ///< the device does not have the feature: "no camera" is complied with
};

/// Named codes of Domain::kHal. Positive codes are the driver's own (errno, say) and survive the trip up.
enum class Fault : std::int32_t {
  kNoSpace = -1,    ///< no room left for it
  kDamaged = -2,    ///< it is there and cannot be believed
  kNotThere = -3,   ///< the slot has no key
  kExists = -4,     ///< the slot has a key already
  kTooLarge = -5,   ///< beyond the limit of this call, or Room too small
  kRefused = -6,    ///< the driver would not do it
  kGivenUp = -7,    ///< progress.step() said so
  kNotSeeded = -8,  ///< no entropy yet
  kWrongPin = -9,   ///< PinGuard: counted, and not the PIN; `where` = tries left
  kNotDone = -10,   ///< this port does not do it yet (hal/template)
};
constexpr Error fault(Fault code, std::uint32_t where = 0) {
  return Error{Domain::kHal, static_cast<std::int32_t>(code), where};
}

struct Progress {
  virtual bool step() = 0;  ///< pumps network and watchdog; false = give up, please (a wipe ignores it)

 protected:
  ~Progress() = default;
};

using KeySlot = std::uint16_t;  ///< 0 = device, n = account n

}  // namespace handsync::hal
