/// Sync of one collection (MS-ASCMD 2.2.1.21): strict writer, tolerant reader.
#pragma once
#include "items/sink.h"
#include "protocol/request.h"
#include "protocol/response.h"

namespace handsync::protocol {

/// A client command on a mail. Children in the order servers enforce.
struct SyncCommand {
  Text server_id;
  bool remove = false;
  bool has_read = false, read = false;
  bool has_flag = false;
  std::uint8_t flag_status = 0;  ///< 0 cleared, 1 complete, 2 active
  std::int64_t flag_wall_ms = 0;
};

struct SyncRequest {
  Version version = 0;
  Text collection_id, sync_key;  ///< "0": the priming request, without options that servers refuse there
  Text item_class = "Email";     ///< written for 12.1 and below only
  bool get_changes = true;
  bool deletes_as_moves = true;
  std::uint16_t window = 100;        ///< 1..512
  std::uint8_t filter = 0;           ///< FilterType (MS-ASCMD 2.2.3.68.2)
  std::uint32_t body_bytes_max = 0;  ///< TruncationSize; UINT32_MAX = no limit, 0 = headers only
  bool html = true;                  ///< ask for HTML first, then plain; false: plain only (AllowHTMLEmail)
  bool with_options = true;
  std::span<const SyncCommand> commands;
};

Result<std::size_t> write_sync(Room, const SyncRequest&);

/// Reads the answer for exactly one collection; another collection's items are skipped and told by foreign(). Feed it
/// through a wbxml::Reader. Items go to `sink` as they are parsed; nothing is valid before the reader's finish().
class SyncResponse final : public ResponseReader {
 public:
  SyncResponse(items::ItemSink& sink, Text collection_id);
  std::uint32_t collection_status() const {
    return collection_status_;
  }                                                   ///< 0 = not given: counts as 1 when a key came
  Text sync_key() const { return sync_key_.view(); }  ///< empty = none came
  bool more() const { return more_; }
  bool collection_seen() const { return collection_seen_; }
  std::uint32_t limit() const { return limit_; }
  std::uint32_t items() const { return items_; }  ///< commands of the server, not answers
  bool foreign() const { return foreign_; }

 private:
  Status on_open(Path) override;
  Status on_value(Path, Text value) override;
  Status on_close(Path) override;
  Result<bool> on_piece(Path, Bytes, bool) override;
  // owner: engine/protocol (the rest of the private part is the implementation's)
  items::ItemSink& sink_;
  FixedText<64> collection_id_, sync_key_;
  std::uint32_t collection_status_ = 0, limit_ = 0, items_ = 0;
  bool more_ = false, collection_seen_ = false, foreign_ = false;
};

}  // namespace handsync::protocol
