/// What applications and users change. Each call is one short transaction of its own (synchronous=FULL): when it
/// returns ok, the change survives a power cut, whatever response is being received, and no answer of a server can
/// remove it. Sent when a lane is free. Engine thread.
#pragma once
#include "handsync/replica.h"

namespace handsync {

enum class ChangeId : std::uint64_t {};

enum class Mark : std::uint8_t { kRead, kUnread, kFlag, kUnflag, kDone };

class Changes {
 public:
  /// Read state and flag of a mail (MS-ASEMAIL 2.2.2.58 Read, 2.2.2.34 Flag). The row shows the change at once.
  virtual Result<ChangeId> mark(ItemId, Mark) = 0;
  virtual Status retry(ChangeId) = 0;  ///< un-parks
  virtual Status drop(ChangeId) = 0;   ///< the server's version is shown again after the next sync
  /// Selective sync. Deselecting removes local items only; the server keeps them.
  virtual Status select(FolderId, bool wanted) = 0;

 protected:
  ~Changes() = default;
};

}  // namespace handsync
