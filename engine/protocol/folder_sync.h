/// FolderSync (MS-ASCMD 2.2.1.5).
#pragma once
#include "protocol/response.h"

namespace handsync::protocol {

Result<std::size_t> write_folder_sync(Room, Text sync_key);

/// A longer name is cut, on a whole character: a name never costs the tree.
inline constexpr std::size_t kFolderNameBytesMax = 765;  // 255 characters of three bytes

/// Told of each folder as it is parsed; nothing is valid before the reader's finish(). A folder whose ServerId is
/// missing or too long is left out; a missing ParentId is "0", a missing or strange Type 18.
struct FolderSink {
  virtual Status put(Text server_id, Text parent_id, Text name, std::uint8_t type) = 0;  ///< Add or Update
  virtual Status remove(Text server_id) = 0;

 protected:
  ~FolderSink() = default;
};

/// Feed it through a wbxml::Reader. After finish(): status, key.
class FolderSyncResponse final : public ResponseReader {
 public:
  explicit FolderSyncResponse(FolderSink& sink) : sink_(sink) {}
  Text sync_key() const { return sync_key_.view(); }

 private:
  Status on_open(Path) override;
  Status on_value(Path, Text value) override;
  Status on_close(Path) override;
  FolderSink& sink_;
  FixedText<64> sync_key_, server_id_, parent_id_;
  FixedText<kFolderNameBytesMax> name_;
  std::uint8_t type_ = 0;
};

}  // namespace handsync::protocol
