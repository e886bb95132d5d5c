/// ItemOperations Fetch of one mail: the rest of a body that Sync cut (MS-ASCMD 2.2.1.10).
#pragma once
#include "items/application_data.h"
#include "items/sink.h"
#include "protocol/request.h"
#include "protocol/response.h"

namespace handsync::protocol {

/// `html`: HTML where the mail has it, else plain; false: plain only.
Result<std::size_t> write_fetch_item(Room, Version, Text collection_id, Text server_id, bool html);

/// Delivers the fetched item to `sink` as Operation::kAnswerFetch; an item that cannot be understood ends with
/// item_end(fault). Feed it through a wbxml::Reader; nothing is valid before the reader's finish().
class FetchResponse final : public ResponseReader {
 public:
  explicit FetchResponse(items::ItemSink& sink, Class kind = Class::kEmail);
  std::uint32_t fetch_status() const { return fetch_status_; }  ///< 0 = not given

 private:
  Status on_open(Path) override;
  Status on_value(Path, Text value) override;
  Status on_close(Path) override;
  Result<bool> on_piece(Path, Bytes, bool) override;

  items::ItemSink& sink_;
  items::ApplicationData data_;
  Error item_fault_{};
  std::uint32_t fetch_status_ = 0;
  Class kind_;
  bool fetch_seen_ = false, in_item_ = false, in_data_ = false;
  bool about_item_ = false;  // the child of Properties that is open belongs to the item
};

}  // namespace handsync::protocol
