/// Sync that carries one draft: new, changed or to be sent (MS-ASCMD 2.2.3.7.2 Add, 2.2.3.24 Change; MS-ASEMAIL
/// 2.2.2.64 Send). From 16.0 on. Its answer is read by SyncResponse.
#pragma once
#include "protocol/compose_mail.h"

namespace handsync::protocol {

struct DraftCommand {
  Text collection_id, sync_key;
  bool add = false;
  Text client_id;     ///< of an Add
  Text server_id;     ///< of a Change
  bool send = false;  ///< the server sends it and removes it from the folder
  /// What it says, all of it; false: only `send` is meant.
  bool has_fields = false;
  Text to, cc, bcc, subject;
  std::uint8_t importance = 1;  ///< 0 low, 1 normal, 2 high
};

/// Attachments and body go in after the first `before` bytes (items/draft_stream.h).
Result<Envelope> write_draft(Room, const DraftCommand&);

}  // namespace handsync::protocol
