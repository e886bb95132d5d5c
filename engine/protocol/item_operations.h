/// ItemOperations Fetch of one mail: the rest of a body that Sync cut (MS-ASCMD 2.2.1.10).
#pragma once
#include "items/sink.h"
#include "protocol/request.h"
#include "protocol/response.h"

namespace handsync::protocol {

Result<std::size_t> write_fetch_item(Room, Version, Text collection_id, Text server_id, bool html);

/// Delivers the fetched item to `sink` as Operation::kAnswerFetch.
class FetchResponse final : public ResponseReader {
 public:
  explicit FetchResponse(items::ItemSink& sink);
  std::uint32_t fetch_status() const { return fetch_status_; }

 private:
  Status on_open(Path) override;
  Status on_value(Path, Text value) override;
  Status on_close(Path) override;
  Result<bool> on_piece(Path, Bytes, bool) override;
  items::ItemSink& sink_;
  std::uint32_t fetch_status_ = 0;
};

}  // namespace handsync::protocol
