/// What the device itself encrypts. Optional; missing = nothing is encrypted by the device.
#pragma once
#include "handsync/hal/progress.h"

namespace handsync::hal {

struct Storage {
  virtual Force device_encryption()
      const = 0;  ///< FAST; kEnforced only when caches, temporary files and logs are covered too
  virtual Force card_encryption() const = 0;  ///< FAST; kNotFitted without a card slot

 protected:
  ~Storage() = default;
};

}  // namespace handsync::hal
