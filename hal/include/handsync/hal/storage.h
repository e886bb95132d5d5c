/// What the device itself encrypts. Optional; missing = nothing is encrypted by the device.
#pragma once
#include "handsync/hal/progress.h"

namespace handsync::hal {

struct Storage {
  virtual Force device_encryption()
      const = 0;  ///< FAST; kEnforced only when caches, temporary files and logs are covered too
  virtual Force card_encryption() const = 0;  ///< FAST; kNotFitted without a card slot
  /// FAST (one flash write): what is written to a card from here on is sealed, and what this device has written openly
  /// before is sealed or not served until it is. False ends that; what is sealed stays readable here.
  virtual Status encrypt_card(bool) { return fault(Fault::kRefused); }
  virtual Result<bool> encrypts_card() const { return false; }  ///< FAST; the real state

 protected:
  ~Storage() = default;
};

}  // namespace handsync::hal
