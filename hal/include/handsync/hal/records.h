/// Small durable records. Mandatory. Semantics of PSA Internal Trusted Storage: set, get, remove, each atomic.
#pragma once
#include "handsync/hal/progress.h"

namespace handsync::hal {

enum class Record : std::uint16_t {
  kWipe,             ///< the wipe marker; putting it never fails for lack of space, however often and whoever else
                     ///< writes: a port keeps room that nothing else is given, and overwrites it
  kAttempts,         ///< wrong PINs so far, the throttle, the policy's limits; room for it is kept likewise
  kPolicy,           ///< the strictest merge in force, sealed with Keys::mac of slot 0
  kIdentity,         ///< the DeviceId; never cloned by backup or restore, new only after a factory reset
  kAccounts,         ///< which account slots are in use
  kPin,              ///< verifier, salt, history
  kAccount = 0x100,  ///< + slot: settings and policy document of one account
};

/// 1 byte to 4 KiB each. A record is its old value or its new one after any power cut, never a mixture, never empty.
/// Called on the engine thread; a few are read and written at every boot. Nothing here is secret: what must be believed
/// carries a tag of Keys::mac.
struct Records {
  /// FAST; bytes read, 0 = not there. Fault::kDamaged: it is there and cannot be believed; Fault::kTooLarge: nor does
  /// it fit into Room. These two may cost a user the phone (a damaged PIN is one tried too often). Any other error says
  /// that reading failed: nothing opens, nothing is destroyed, and it is tried again.
  virtual Result<std::size_t> get(Record, Room) = 0;
  virtual Status put(Record, Bytes) = 0;  ///< FAST
  virtual Status remove(Record) = 0;      ///< FAST; ok also when it was not there
  virtual bool replay_protected()
      const = 0;  ///< false: an old image can be played back; the attempt limit is reported partial

 protected:
  ~Records() = default;
};

constexpr Record account_record(KeySlot slot) {
  return static_cast<Record>(static_cast<std::uint16_t>(Record::kAccount) + slot);
}

}  // namespace handsync::hal
