/// Keys and secrets bound to this device. Mandatory. Destroying a key is how a wipe works, so `destroy` is the heart of
/// a port.
#pragma once
#include "handsync/hal/progress.h"

namespace handsync::hal {

/// One 32-byte random key a slot, and at most one secret (an account's password or token) kept under it. At least 64
/// slots. `unlock` gives a key derived for storage: the slot's key itself never leaves the port. Without a key:
/// Fault::kNotThere. That and Fault::kDamaged mean that what the key has sealed is lost; any other error is a passing
/// one, and tried again.
struct Keys {
  virtual Status create(KeySlot) = 0;              ///< FAST; whole or not at all; an error if the slot has a key
  virtual bool exists(KeySlot) const = 0;          ///< FAST
  virtual Status unlock(KeySlot, Room key32) = 0;  ///< FAST; for platform/storage only: the engine never sees key bytes
  virtual Status mac(KeySlot, Bytes in,
                     Room out32) = 0;  ///< FAST; HMAC-SHA-256 under a key derived for this purpose alone
  /// SLOW, at most 1 s: out32 = mac over a stretched `in` (PBKDF2-HMAC-SHA-256, the count given), so that a guess costs
  /// time here and is worth nothing elsewhere. `salt` is public.
  virtual Status stretch(KeySlot, Bytes in, Bytes salt, std::uint32_t rounds, Room out32, Progress&) = 0;
  virtual Status put_secret(KeySlot, Bytes) = 0;  ///< FAST; at most 2 KiB; sealed under the slot's key, atomic
  virtual Result<std::size_t> get_secret(KeySlot, Room) = 0;  ///< FAST; 0 = none
  virtual Status destroy(
      KeySlot, Progress&) = 0;  ///< SLOW, at most 2 s; key and secret; idempotent, final, every wear-levelled copy
  virtual Force destroys_for_good() const = 0;  ///< kEnforced only where no old copy can be read from raw flash

 protected:
  ~Keys() = default;
};

}  // namespace handsync::hal
