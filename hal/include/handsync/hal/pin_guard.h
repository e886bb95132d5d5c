/// Hardware that counts and checks a PIN in one step (secure element, TEE). Optional: without it the engine does it
/// over Records and Keys.
#pragma once
#include "handsync/hal/progress.h"

namespace handsync::hal {

/// The engine counts tries in Record::kAttempts as well, so that the policy's limit holds whatever the hardware's own
/// is.
struct PinGuard {
  virtual Status enroll(Bytes pin, Progress&) = 0;  ///< SLOW, at most 1 s; old or new PIN after a power cut, never none
  /// SLOW, at most 1 s; the try is counted durably first. Value = tries left after a right PIN; a wrong one is
  /// Error{kHal, Fault::kWrongPin, tries left}; any other error means that nothing was decided.
  virtual Result<std::uint8_t> verify(Bytes pin, Progress&) = 0;

 protected:
  ~PinGuard() = default;
};

}  // namespace handsync::hal
