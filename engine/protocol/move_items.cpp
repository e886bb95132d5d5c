#include "protocol/move_items.h"

#include "protocol/written.h"

namespace handsync::protocol {
namespace {

namespace mv = wbxml::move;

}  // namespace

Result<std::size_t> write_move_items(Room room, std::span<const Move> moves) {
  wbxml::Writer writer(room);
  writer.open(mv::kMoveItems);
  for (const Move& move : moves) {
    writer.open(mv::kMove).element(mv::kSrcMsgId, move.server_id);
    writer.element(mv::kSrcFldId, move.from_collection_id).element(mv::kDstFldId, move.to_collection_id).close();
  }
  writer.close();
  return written(writer);
}

const MoveItemsResponse::Answer* MoveItemsResponse::find(Text server_id) const {
  for (std::size_t i = 0; i < count_; ++i) {
    if (answers_[i].server_id.view() == server_id) return &answers_[i];
  }
  return nullptr;
}

Status MoveItemsResponse::on_open(Path path) {
  HANDSYNC_TRY(expect_root(path, mv::kMoveItems, Command::kMoveItems));
  if (path.size() == 2 && path[1] == mv::kResponse) open_ = {};
  return Done{};
}

Status MoveItemsResponse::on_value(Path path, Text value) {
  if (path.size() == 2 && path[1] == mv::kStatus) take_status(value);
  if (path.size() != 3 || path[1] != mv::kResponse) return Done{};
  switch (path[2]) {
    case mv::kSrcMsgId:
      if (!open_.server_id.assign(value)) open_.server_id.clear();
      break;
    case mv::kDstMsgId:
      // An id that cannot be used: the next sync of the folder brings the item.
      if (!open_.new_server_id.assign(value)) open_.new_server_id.clear();
      break;
    case mv::kStatus:
      if (auto number = parse_number(value); number.ok()) open_.status = number.value();
      break;
    default:
      break;
  }
  return Done{};
}

Status MoveItemsResponse::on_close(Path path) {
  if (path.size() != 2 || path[1] != mv::kResponse || open_.server_id.empty() || count_ == kMovesMax) return Done{};
  answers_[count_++] = open_;
  return Done{};
}

}  // namespace handsync::protocol
