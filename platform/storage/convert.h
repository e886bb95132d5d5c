/// A replica of the time before replicas were sealed.
#pragma once
#include "handsync/hal/progress.h"
#include "storage/sealed_vfs.h"

namespace handsync::storage {

/// Makes the plain database at `path` (absolute) a sealed one with the same content and destroys the plain file with
/// its log: overwritten, then removed. Ok and nothing done when there is none, or when it is sealed already. To be
/// called before anybody opens it, at every start: it also ends what a power cut has interrupted, at any step. SLOW:
/// copies the whole database, and needs its size once more on the disk meanwhile. When progress.step() is false,
/// Fault::kGivenUp and the plain file is as it was or the sealed one is in its place. On flash that moves blocks,
/// overwriting is no proof: a device that needs one is reset to its factory state first.
Status convert_plain(SealedVfs&, Text path, hal::Progress&);

}  // namespace handsync::storage
