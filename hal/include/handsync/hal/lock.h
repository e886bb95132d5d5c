/// The screen lock. Optional; missing = MaxInactivityTimeDeviceLock is reported absent.
#pragma once
#include "handsync/hal/progress.h"

namespace handsync::hal {

/// Emergency calls stay possible while locked. A device boots locked when a PIN is set.
struct Lock {
  virtual Status now() = 0;         ///< FAST; idempotent
  virtual Status release() = 0;     ///< FAST; only called after a PIN was accepted (or when none is set)
  virtual bool locked() const = 0;  ///< FAST; the real state
  virtual Status after_idle_s(
      std::uint32_t) = 0;  ///< FAST; 0 = never; the shorter of this and the user's own value counts
  virtual Result<std::uint32_t> idle_limit_s() const = 0;  ///< FAST; read back
  /// FAST; how well it holds: kPartial when there is a way past it without the engine's PIN (the password of a
  /// desktop's session, say).
  virtual Force holds() const { return Force::kEnforced; }

 protected:
  ~Lock() = default;
};

}  // namespace handsync::hal
