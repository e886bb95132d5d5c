/// One shape for every allow and deny of a policy: query, apply, read back. Optional.
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

}  // namespace handsync::hal
