/// Hardware that counts and checks a PIN in one step (secure element, TEE). Optional: without it the engine does it over Records and Keys.
#pragma once
#include "handsync/hal/progress.h"

namespace handsync::hal {

struct PinGuard {
  virtual Status enroll(Bytes pin, Progress&) = 0;                  ///< SLOW, at most 1 s; old or new PIN after a power cut, never none
  virtual Result<std::uint8_t> verify(Bytes pin, Progress&) = 0;    ///< SLOW, at most 1 s; the try is counted durably first; value = tries left

 protected:
  ~PinGuard() = default;
};

}  // namespace handsync::hal
