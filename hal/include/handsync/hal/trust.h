/// Trusted roots of the device. Optional; read by platform/tls only.
#pragma once
#include "handsync/hal/progress.h"

namespace handsync::hal {

struct Trust {
  virtual Result<std::size_t> roots_pem(std::size_t offset, Room) = 0;  ///< FAST; 0 = end

 protected:
  ~Trust() = default;
};

}  // namespace handsync::hal
