/// FolderCreate, FolderUpdate, FolderDelete (MS-ASCMD 2.2.1.2, 2.2.1.6, 2.2.1.3).
#pragma once
#include "protocol/response.h"

namespace handsync::protocol {

struct FolderChangeRequest {
  Command command = Command::kFolderCreate;
  Text sync_key;          ///< of the hierarchy
  Text server_id;         ///< not of FolderCreate
  Text parent_id, name;   ///< not of FolderDelete; parent "0" = the top
  std::uint8_t type = 0;  ///< of FolderCreate: 1, 12..17
};
Result<std::size_t> write_folder_change(Room, const FolderChangeRequest&);

/// status(), and after success the hierarchy's next key and the id of a new folder.
class FolderChangeResponse final : public ResponseReader {
 public:
  Text sync_key() const { return sync_key_.view(); }
  Text server_id() const { return server_id_.view(); }

 private:
  Status on_value(Path, Text value) override;
  FixedText<64> sync_key_, server_id_;
};

}  // namespace handsync::protocol
