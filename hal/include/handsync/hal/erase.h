/// Removing what is left once the keys are dead. Mandatory. The wipe *sequence* is the engine's (policy/wipe.h).
#pragma once
#include "handsync/hal/progress.h"

namespace handsync::hal {

inline constexpr KeySlot kEverySlot = 0xFFFF;

struct Erase {
  /// SLOW. Replicas, caches, logs and notifications of that slot, and the storage card when kEverySlot. Idempotent.
  virtual Status files(KeySlot slot_or_every, Progress&) = 0;
  virtual Status factory_reset(
      Progress&) = 0;  ///< SLOW; last step of a device wipe; removes every record but kWipe; may not return

 protected:
  ~Erase() = default;
};

}  // namespace handsync::hal
