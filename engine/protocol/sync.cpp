#include "protocol/sync.h"

#include "protocol/written.h"

namespace handsync::protocol {

namespace as = wbxml::air_sync;

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

SyncResponse::SyncResponse(items::ItemSink& sink, SyncParts& parts) : sink_(sink), parts_(parts), data_(sink) {}

Status SyncResponse::on_open(Path path) {
  if (in_data_) return data_.open(path.back());
  HANDSYNC_TRY(expect_root(path, as::kSync, Command::kSync));
  if (path.size() == kCollectionDepth && in_collection(path)) {
    whose_ = Whose::kUnknown;
    part_ = {};
    key_too_long_ = items_given_ = false;
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
  if (path.size() == kCollectionDepth && in_collection(path)) return collection_close();
  return Done{};
}

Status SyncResponse::collection_value(wbxml::Tag tag, Text value) {
  switch (tag) {
    case as::kCollectionId:
      return name_collection(value);
    case as::kSyncKey:
      key_too_long_ = !part_.sync_key.assign(value);
      break;
    case as::kStatus:
      if (auto number = parse_number(value); number.ok()) part_.status = number.value();
      break;
    case as::kMoreAvailable:
      part_.more = trimmed(value) != "0";
      break;
    default:
      break;
  }
  return Done{};
}

Status SyncResponse::find_whose(Text id) {
  const Result<bool> ours = parts_.part_begins(id, kind_);
  if (!ours.ok()) return ours.error();
  whose_ = ours.value() ? Whose::kOurs : Whose::kForeign;
  return Done{};
}

Status SyncResponse::name_collection(Text id) {
  const Whose taken_for = whose_;
  HANDSYNC_TRY(find_whose(id));
  // Items that came before the name have been handed on, or skipped: the whole answer is no good.
  if (items_given_ && whose_ != taken_for) return answer_fault(Command::kSync, AnswerFault::kWrongRoot);
  return Done{};
}

Status SyncResponse::collection_close() {
  if (whose_ == Whose::kUnknown) HANDSYNC_TRY(find_whose({}));
  if (whose_ == Whose::kForeign) return Done{};
  if (key_too_long_) return answer_fault(Command::kSync, AnswerFault::kValueTooLong);
  return parts_.part_ends(part_);
}

Status SyncResponse::item_open(Path path) {
  auto operation = operation_of(path[3], path[4]);
  if (!operation.ok()) return Done{};  // an unknown kind of command is skipped like any unknown element
  if (whose_ == Whose::kUnknown) HANDSYNC_TRY(find_whose({}));
  items_given_ = true;
  if (whose_ == Whose::kForeign) return Done{};
  in_item_ = true;
  in_fetch_ = operation.value() == items::Operation::kAnswerFetch;
  id_given_ = false;
  item_fault_ = Error{};
  if (path[3] == as::kCommands) ++part_.items;
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
    case as::kClass:
      return trimmed(value) == items::class_name(Class::kSms) ? sink_.item_is_text() : Status(Done{});
    case as::kStatus:
      if (auto number = parse_number(value); number.ok()) {
        if (in_fetch_) part_.fetch = number.value();
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
