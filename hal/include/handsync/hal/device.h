/// The handset: the root that hands out every capability. A port makes one Device; accounts, engine and policy share
/// it. A mandatory capability is a reference; an optional one that is missing is a nullptr, and policy then says
/// "absent".
#pragma once
#include "handsync/hal/entropy.h"
#include "handsync/hal/erase.h"
#include "handsync/hal/gates.h"
#include "handsync/hal/keys.h"
#include "handsync/hal/lock.h"
#include "handsync/hal/messaging.h"
#include "handsync/hal/pin_guard.h"
#include "handsync/hal/records.h"
#include "handsync/hal/storage.h"
#include "handsync/hal/trust.h"

namespace handsync::hal {

struct Device {
  virtual Entropy& entropy() = 0;
  virtual Records& records() = 0;
  virtual Keys& keys() = 0;
  virtual Erase& erase() = 0;
  virtual PinGuard* pin() { return nullptr; }
  virtual Gates* gates() { return nullptr; }
  virtual Apps* apps() { return nullptr; }
  virtual Storage* storage() { return nullptr; }
  virtual Lock* lock() { return nullptr; }
  virtual Trust* trust() { return nullptr; }
  virtual Messaging* messaging() { return nullptr; }
  virtual Text model()
      const = 0;  ///< Model of DeviceInformation (MS-ASCMD 2.2.3.115); the id itself is Record::kIdentity

 protected:
  ~Device() = default;
};

}  // namespace handsync::hal
