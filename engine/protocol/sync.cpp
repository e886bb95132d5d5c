#include "protocol/sync.h"

#include "protocol/written.h"

namespace handsync::protocol {

namespace as = wbxml::air_sync;

SyncResponse::SyncResponse(items::ItemSink& sink, Text collection_id, Class kind)
    : sink_(sink), data_(sink), kind_(kind) {
  // An id that does not fit was never sent either; the answer is then told as foreign.
  (void)collection_id_.assign(collection_id);
}

namespace {

// Places in the answer: Sync / Collections / Collection / Commands or Responses / Add ... / ApplicationData.
constexpr std::size_t kCollectionDepth = 3, kListDepth = 4, kItemDepth = 5, kFieldDepth = 6;

bool in_collection(Path path) {
  return path.size() >= kCollectionDepth && path[1] == as::kCollections && path[2] == as::kCollection;
}

bool in_list(Path path) {
  return path.size() >= kListDepth && in_collection(path) && (path[3] == as::kCommands || path[3] == as::kResponses);
}

Result<items::Operation> operation_of(wbxml::Tag list, wbxml::Tag tag) {
  using items::Operation;
  const bool command = list == as::kCommands;
  switch (tag) {
    case as::kAdd:
      return command ? Operation::kAdd : Operation::kAnswerAdd;
    case as::kChange:
      return command ? Operation::kChange : Operation::kAnswerChange;
    case as::kDelete:
      return command ? Operation::kDelete : Operation::kAnswerDelete;
    case as::kSoftDelete:
      if (command) return Operation::kSoftDelete;
      break;
    case as::kFetch:
      if (!command) return Operation::kAnswerFetch;
      break;
    default:
      break;
  }
  return answer_fault(Command::kSync, AnswerFault::kBadValue);
}

}  // namespace

Status SyncResponse::on_open(Path path) {
  if (in_data_) return data_.open(path.back());
  HANDSYNC_TRY(expect_root(path, as::kSync, Command::kSync));
  if (path.size() == kCollectionDepth && in_collection(path)) {
    whose_ = Whose::kUnknown;
    open_key_.clear();
    open_status_ = 0;
    open_more_ = id_given_ = items_given_ = false;
  }
  if (path.size() == kItemDepth && in_list(path)) return item_open(path);
  if (in_item_ && path.size() == kFieldDepth && path[5] == as::kApplicationData) {
    in_data_ = true;
    data_.begin(kind_);
  }
  return Done{};
}

Result<bool> SyncResponse::on_piece(Path path, Bytes piece, bool opaque) {
  if (!in_data_) return false;
  if (path.size() > kFieldDepth) HANDSYNC_TRY(data_.text(piece, opaque));
  return true;
}

Status SyncResponse::on_value(Path path, Text value) {
  if (in_data_) return Done{};
  if (path.size() == 2) {
    if (path[1] == as::kStatus) take_status(value);
    if (path[1] == as::kLimit) {
      if (auto number = parse_number(value); number.ok()) limit_ = number.value();
    }
    return Done{};
  }
  if (path.size() == 4 && in_collection(path)) return collection_value(path[3], value);
  if (in_item_ && path.size() == kFieldDepth) return item_value(path[5], value);
  return Done{};
}

Status SyncResponse::on_close(Path path) {
  if (in_data_) {
    if (path.size() > kFieldDepth) return data_.close(path.back());
    in_data_ = false;
    if (const Error fault = data_.end(); fault && !item_fault_) item_fault_ = fault;
    return Done{};
  }
  if (in_item_ && path.size() == kItemDepth) return item_close(path[3]);
  if (path.size() == kCollectionDepth && in_collection(path)) collection_close();
  return Done{};
}

Status SyncResponse::collection_value(wbxml::Tag tag, Text value) {
  switch (tag) {
    case as::kCollectionId:
      return name_collection(value);
    case as::kSyncKey:
      if (!open_key_.assign(value)) {
        open_key_.clear();
        if (whose_ != Whose::kForeign) return answer_fault(Command::kSync, AnswerFault::kValueTooLong);
      }
      break;
    case as::kStatus:
      if (auto number = parse_number(value); number.ok()) open_status_ = number.value();
      break;
    case as::kMoreAvailable:
      open_more_ = trimmed(value) != "0";
      break;
    default:
      break;
  }
  return Done{};
}

Status SyncResponse::name_collection(Text id) {
  if (id == collection_id_.view()) {
    whose_ = Whose::kOurs;
    return Done{};
  }
  foreign_ = true;
  // Items that came before the name have been handed on as ours: the whole answer is no good.
  if (items_given_) return answer_fault(Command::kSync, AnswerFault::kWrongRoot);
  whose_ = Whose::kForeign;
  return Done{};
}

void SyncResponse::collection_close() {
  // One collection was asked for: one without a name is it, unless it has been seen already.
  if (whose_ == Whose::kForeign || (whose_ == Whose::kUnknown && collection_seen_)) return;
  collection_seen_ = true;
  if (!open_key_.empty()) (void)sync_key_.assign(open_key_.view());
  if (open_status_ != 0) collection_status_ = open_status_;
  more_ = open_more_;
}

Error SyncResponse::fetch_refusal() const {
  if (root() != as::kSync) return answer_fault(Command::kSync, AnswerFault::kWrongRoot);
  for (const std::uint32_t status : {this->status(), collection_status_, fetch_status_})
    if (status > 1) return eas_error(Command::kSync, status);
  if (fetch_status_ == 0 || sync_key_.empty()) return answer_fault(Command::kSync, AnswerFault::kNoStatus);
  return {};
}

Status SyncResponse::item_open(Path path) {
  if (whose_ == Whose::kForeign || (whose_ == Whose::kUnknown && collection_seen_)) return Done{};
  auto operation = operation_of(path[3], path[4]);
  if (!operation.ok()) return Done{};  // an unknown kind of command is skipped like any unknown element
  in_item_ = true;
  in_fetch_ = operation.value() == items::Operation::kAnswerFetch;
  id_given_ = false;
  items_given_ = true;
  item_fault_ = Error{};
  if (path[3] == as::kCommands) ++items_;
  return sink_.item(operation.value());
}

Status SyncResponse::item_value(wbxml::Tag tag, Text value) {
  switch (tag) {
    case as::kServerId:
      if (value.size() > kServerIdBytesMax) {
        item_fault_ = answer_fault(Command::kSync, AnswerFault::kValueTooLong);
        return Done{};
      }
      if (value.empty()) return Done{};
      id_given_ = true;
      return sink_.server_id(value);
    case as::kClientId:
      return value.size() <= kServerIdBytesMax ? sink_.client_id(value) : Status(Done{});
    case as::kStatus:
      if (auto number = parse_number(value); number.ok()) {
        if (in_fetch_) fetch_status_ = number.value();
        return sink_.item_status(number.value());
      }
      return Done{};
    default:
      return Done{};
  }
}

Status SyncResponse::item_close(wbxml::Tag list) {
  in_item_ = false;
  // Without a ServerId nothing can ever be said about a server's item again; answers may do without.
  if (list == as::kCommands && !id_given_ && !item_fault_) item_fault_ = eas_error(Command::kSync, kStatusConversion);
  return sink_.item_end(item_fault_);
}

}  // namespace handsync::protocol
