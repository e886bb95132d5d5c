/// Random bytes. Mandatory. Serves TLS, keys, nonces and jitter.
#pragma once
#include "handsync/hal/progress.h"

namespace handsync::hal {

/// Never repeats a stream after a reboot or when two devices start from one image.
struct Entropy {
  virtual Status fill(
      Room) = 0;  ///< FAST; fills all of it or is an error; an error until seeded, never a weaker source

 protected:
  ~Entropy() = default;
};

}  // namespace handsync::hal
