/// Text messages. Optional; used from the SMS issue on.
#pragma once
#include "handsync/hal/progress.h"

namespace handsync::hal {

struct Messaging {
  virtual Force can_gate() const = 0;           ///< FAST
  virtual Status send(Text to, Text text) = 0;  ///< FAST: queued durably, at most once

 protected:
  ~Messaging() = default;
};

}  // namespace handsync::hal
