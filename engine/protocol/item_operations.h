/// ItemOperations Fetch of one item: the rest of a body that Sync cut (MS-ASCMD 2.2.1.10).
#pragma once
#include "items/application_data.h"
#include "items/sink.h"
#include "protocol/request.h"
#include "protocol/response.h"

namespace handsync::protocol {

/// `html`: HTML where the mail has it, else plain; false: plain only.
Result<std::size_t> write_fetch_item(Room, Version, Text collection_id, Text server_id, bool html);

/// A mail as it travelled. `truncation_bytes` 0: all of it.
Result<std::size_t> write_fetch_mime(Room, Text collection_id, Text server_id, std::uint64_t truncation_bytes);

/// What every answer to one operation says of how it went.
class FetchAnswer : public ResponseReader {
 public:
  std::uint32_t fetch_status() const { return fetch_status_; }  ///< 0 = not given
  Error refusal() const;  ///< kNone: the server has done it. Valid once the whole answer has been read

 protected:
  ~FetchAnswer() = default;
  Status on_open(Path) override;
  /// Takes a Status of the answer or of its Fetch; true: it was one.
  bool take_status_of(Path, Text value);

 private:
  std::uint32_t fetch_status_ = 0;
};

/// All items of a folder, and with `subfolders` the folders below it (MS-ASCMD 2.2.3.61 EmptyFolderContents).
Result<std::size_t> write_empty_folder(Room, Text collection_id, bool subfolders);

/// A conversation, and what comes of it later, to another folder (MS-ASCMD 2.2.3.117.1 Move, 2.2.3.118 MoveAlways).
Result<std::size_t> write_move_conversation(Room, Bytes conversation_id, Text folder_id);

/// What became of an operation that brings nothing back.
class OperationResponse final : public FetchAnswer {
 private:
  Status on_value(Path, Text value) override;
};

/// Delivers the fetched item to `sink` as Operation::kAnswerFetch; an item that cannot be understood ends with
/// item_end(fault). Feed it through a wbxml::Reader; nothing is valid before the reader's finish().
class FetchResponse final : public FetchAnswer {
 public:
  explicit FetchResponse(items::ItemSink& sink, Class kind = Class::kEmail);

 private:
  Status on_open(Path) override;
  Status on_value(Path, Text value) override;
  Status on_close(Path) override;
  Result<bool> on_piece(Path, Bytes, bool) override;

  items::ItemSink& sink_;
  items::ApplicationData data_;
  Error item_fault_{};
  Class kind_;
  bool fetch_seen_ = false, in_item_ = false, in_data_ = false;
  bool about_item_ = false;  // the child of Properties that is open belongs to the item
};

}  // namespace handsync::protocol
