#include "protocol/item_operations.h"

#include "protocol/written.h"

namespace handsync::protocol {
namespace {

namespace as = wbxml::air_sync;
namespace base = wbxml::air_sync_base;
namespace io = wbxml::item_operations;

// ItemOperations / Response / Fetch / Properties.
constexpr std::size_t kFetchDepth = 3, kFieldDepth = 4;

/// The answer to the one operation that was asked for: only a Fetch holds a Fetch.
bool in_operation(Path path) { return path.size() >= kFetchDepth && path[1] == io::kResponse; }
bool in_fetch(Path path) { return path.size() >= kFetchDepth && path[1] == io::kResponse && path[2] == io::kFetch; }

}  // namespace

Result<std::size_t> write_fetch_item(Room room, Version, Text collection_id, Text server_id, bool html) {
  wbxml::Writer writer(room);
  writer.open(io::kItemOperations).open(io::kFetch).element(io::kStore, "Mailbox");
  writer.element(as::kCollectionId, collection_id).element(as::kServerId, server_id);
  writer.open(io::kOptions).element(as::kMIMESupport, std::uint64_t{0});
  writer.open(base::kBodyPreference).element(base::kType, std::uint64_t{1}).close();
  if (html) writer.open(base::kBodyPreference).element(base::kType, std::uint64_t{2}).close();
  writer.close().close().close();
  return written(writer);
}

Result<std::size_t> write_fetch_mime(Room room, Text collection_id, Text server_id, std::uint64_t truncation_bytes) {
  wbxml::Writer writer(room);
  writer.open(io::kItemOperations).open(io::kFetch).element(io::kStore, "Mailbox");
  writer.element(as::kCollectionId, collection_id).element(as::kServerId, server_id);
  writer.open(io::kOptions).element(as::kMIMESupport, std::uint64_t{2});
  writer.open(base::kBodyPreference).element(base::kType, std::uint64_t{4});
  if (truncation_bytes != 0) writer.element(base::kTruncationSize, truncation_bytes);
  writer.close().close().close().close();
  return written(writer);
}

Result<std::size_t> write_empty_folder(Room room, Text collection_id, bool subfolders) {
  wbxml::Writer writer(room);
  writer.open(io::kItemOperations).open(io::kEmptyFolderContents).element(as::kCollectionId, collection_id);
  if (subfolders) writer.open(io::kOptions).empty(io::kDeleteSubFolders).close();
  writer.close().close();
  return written(writer);
}

Result<std::size_t> write_move_conversation(Room room, Bytes conversation_id, Text folder_id) {
  wbxml::Writer writer(room);
  writer.open(io::kItemOperations).open(io::kMove).open(io::kConversationId).opaque(conversation_id).close();
  writer.element(io::kDstFldId, folder_id).open(io::kOptions).empty(io::kMoveAlways).close().close().close();
  return written(writer);
}

Status FetchAnswer::on_open(Path path) {
  return expect_root(path, wbxml::item_operations::kItemOperations, Command::kItemOperations);
}

Status OperationResponse::on_value(Path path, Text value) {
  take_status_of(path, value);
  return Done{};
}

Error FetchAnswer::refusal() const {
  if (root() != io::kItemOperations) return answer_fault(Command::kItemOperations, AnswerFault::kWrongRoot);
  if (status() > 1) return eas_error(Command::kItemOperations, status());
  if (fetch_status() > 1) return eas_error(Command::kItemOperations, fetch_status());
  return {};
}

bool FetchAnswer::take_status_of(Path path, Text value) {
  if (path.back() != io::kStatus) return false;
  if (path.size() == 2) {
    take_status(value);
    return true;
  }
  if (path.size() != kFieldDepth || !in_operation(path)) return false;
  if (auto number = parse_number(value); number.ok()) fetch_status_ = number.value();
  return true;
}

FetchResponse::FetchResponse(items::ItemSink& sink, Class kind) : sink_(sink), data_(sink), kind_(kind) {}

Status FetchResponse::on_open(Path path) {
  if (in_data_) {
    // Range, Total, Data and Part describe the transfer, not the item.
    if (path.size() == kFieldDepth + 1) about_item_ = wbxml::page_of(path.back()) != wbxml::page_of(io::kFetch);
    return about_item_ ? data_.open(path.back()) : Status(Done{});
  }
  HANDSYNC_TRY(FetchAnswer::on_open(path));
  // One item is asked for: a second answer is not ours.
  if (path.size() == kFetchDepth && in_fetch(path) && !fetch_seen_) {
    fetch_seen_ = in_item_ = true;
    return sink_.item(items::Operation::kAnswerFetch);
  }
  if (in_item_ && path.size() == kFieldDepth && path[3] == io::kProperties) {
    in_data_ = true;
    about_item_ = false;
    data_.begin(kind_);
  }
  return Done{};
}

Result<bool> FetchResponse::on_piece(Path path, Bytes piece, bool opaque) {
  if (!in_data_) return false;
  if (path.size() > kFieldDepth && about_item_) HANDSYNC_TRY(data_.text(piece, opaque));
  return true;
}

Status FetchResponse::on_value(Path path, Text value) {
  if (in_data_) return Done{};
  if (path.size() == 2) take_status_of(path, value);
  if (!in_item_ || path.size() != kFieldDepth) return Done{};
  if (take_status_of(path, value)) return fetch_status() == 0 ? Status(Done{}) : sink_.item_status(fetch_status());
  if (path[3] == as::kServerId && !value.empty()) {
    if (value.size() <= kServerIdBytesMax) return sink_.server_id(value);
    item_fault_ = answer_fault(Command::kItemOperations, AnswerFault::kValueTooLong);
  }
  return Done{};
}

Status FetchResponse::on_close(Path path) {
  if (in_data_) {
    if (path.size() > kFieldDepth) return about_item_ ? data_.close(path.back()) : Status(Done{});
    in_data_ = false;
    if (const Error fault = data_.end(); fault && !item_fault_) item_fault_ = fault;
    return Done{};
  }
  if (!in_item_ || path.size() != kFetchDepth) return Done{};
  in_item_ = false;
  return sink_.item_end(item_fault_);
}

}  // namespace handsync::protocol
