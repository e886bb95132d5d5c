/// Moves to other folders: MoveItems. A lost answer leaves a move in doubt; then its folder is synced first, where an
/// item that has moved disappears, and what is still there goes again.
#include "sync/core.h"

namespace handsync::sync {

using protocol::AnswerFault;
using protocol::Command;
using protocol::eas_error;
using protocol::MoveItemsResponse;

void Account::moves_wait() {
  auto moves = store_.has_moves();
  if (moves.ok() && moves.value()) needs_ |= kNeedMoves;
}

Status Account::start_moves() {
  needs_ &= static_cast<std::uint16_t>(~kNeedMoves);
  HANDSYNC_TRY(open_store());
  FolderId doubtful[protocol::kMovesMax];
  auto in_doubt = store_.moves_in_doubt(doubtful);
  if (!in_doubt.ok()) return in_doubt.error();
  if (in_doubt.value() != 0) {  // items_committed comes back to them
    for (std::size_t i = 0; i < in_doubt.value() && i < protocol::kMovesMax; ++i) due_for_pull(doubtful[i]);
    return Done{};
  }
  auto frozen = store_.freeze_moves(moving_);
  if (!frozen.ok()) return frozen.error();
  moving_count_ = frozen.value();
  if (moving_count_ == 0) return start_conversation();
  protocol::Move moves[protocol::kMovesMax];
  for (std::size_t i = 0; i < moving_count_; ++i)
    moves[i] = {moving_[i].server_id.view(), moving_[i].from_server_id.view(), moving_[i].to_server_id.view()};
  Call* call = nullptr;
  HANDSYNC_TRY(start_command(Command::kMoveItems, Lane::kWork, call, kSmallBodyBytesMax));
  auto body = protocol::write_move_items(call->body_room(), {moves, moving_count_});
  if (!body.ok()) {
    call->free(core_.memory());
    return body.error();
  }
  call->answer.emplace<MoveItemsResponse>();
  call->read_with_wbxml();
  needs_ |= kNeedMoves;  // until their answer is here
  return launch(call, body.value());
}

/// A folder is synced with a pull before anything else is sent to it.
void Account::due_for_pull(FolderId id) {
  FolderState* folder = find(id);
  if (!folder || !wanted(*folder)) return;
  folder->due = folder->pull_open = true;
  needs_ |= kNeedItems;
}

void Account::ended_moves(Call& call, Error error) {
  if (!error && call.answer_bytes == 0) error = protocol::answer_fault(Command::kMoveItems, AnswerFault::kEmpty);
  const auto& answer = std::get<MoveItemsResponse>(call.answer);
  if (!error && answer.root() != wbxml::move::kMoveItems)
    error = protocol::answer_fault(Command::kMoveItems, AnswerFault::kWrongRoot);
  const std::uint32_t whole = error ? 0 : answer.status();
  if (whole > 100) error = eas_error(Command::kMoveItems, whole);
  const std::size_t count = moving_count_;
  if (error) {
    // Whether they were done is seen in their folder. What no server has seen, or only the network lost, is no try.
    for (std::size_t i = 0; i < count && is_told(call, error); ++i)
      if (Status noted = store_.move_in_vain(moving_[i].change, error); !noted.ok()) return follow(noted.error());
    return request_failed(call, error);
  }
  needs_ &= static_cast<std::uint16_t>(~kNeedMoves);
  moving_count_ = 0;
  succeed();
  for (std::size_t i = 0; i < count; ++i) {
    const replica::OutgoingMove& move = moving_[i];
    due_for_pull(move.from);
    due_for_pull(move.to);
    const MoveItemsResponse::Answer* one = answer.find(move.server_id.view());
    MoveItemsResponse::Answer refused;  // all of them: which one it was is found out one by one
    refused.status = whole;
    if (whole > 1 && whole != protocol::kMoveDone) one = &refused;
    if (Status settled = settle_move(move, one, count > 1 && one == &refused); !settled.ok()) {
      bool overtaken = settled.error().domain == Domain::kSqlite && settled.error().code == replica::kNoSuchChange;
      if (overtaken) continue;  // parked or gone with its folder meanwhile: nothing is wrong
      needs_ |= kNeedMoves;
      return follow(settled.error());
    }
  }
  moves_wait();
}

/// `answer` null: none came for this move, it stays in doubt. `of_several`: the status may be another one's.
Status Account::settle_move(const replica::OutgoingMove& move, const MoveItemsResponse::Answer* answer,
                            bool of_several) {
  if (!answer) {
    wait_a_moment();
    return store_.move_in_vain(move.change, protocol::answer_fault(Command::kMoveItems, AnswerFault::kNoStatus));
  }
  const bool done = answer->status == protocol::kMoveDone;
  if (done) {
    ++sent_;
    HANDSYNC_TRY(store_.move_done(move.change, answer->new_server_id.view()));
    core_.tell(id_, Notice::kItemsChanged, static_cast<std::uint32_t>(move.to), 1);
    return Done{};
  }
  // 1: not there, which its folder will show; 5 and 7: locked. The others stay as they are.
  const bool passing = of_several || answer->status == 1 || answer->status == 5 || answer->status == 7;
  if (passing && !of_several) wait_a_moment();
  if (answer->status == 2) needs_ |= kNeedFolders;
  auto parked = store_.move_refused(move.change, eas_error(Command::kMoveItems, answer->status), passing);
  if (!parked.ok()) return parked.error();
  tell_parked(move.from, parked.value() ? 1 : 0);
  return Done{};
}

}  // namespace handsync::sync
