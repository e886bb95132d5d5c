/// Whole conversations that are to be in another folder from now on: ItemOperations Move (MS-ASCMD 2.2.1.10).
#include "sync/core.h"

namespace handsync::sync {

using policy::Remedy;
using protocol::AnswerFault;
using protocol::Command;

/// One at a time. Asked for twice it is the same: after a lost answer it goes again.
Status Account::start_conversation() {
  replica::OutgoingConversation next;
  auto found = store_.next_conversation(next);
  if (!found.ok()) return found.error();
  if (!found.value()) return Done{};
  if (version_ < 140) {  // it was queued when the server was of a later version
    auto parked = store_.conversation_refused(next.change, engine_fault(EngineFault::kNotInVersion), false);
    if (!parked.ok()) return parked.error();
    tell_parked({}, 1);
    moves_wait();
    return Done{};
  }
  HANDSYNC_TRY(store_.conversation_handed_over(next.change));
  Call* call = nullptr;
  HANDSYNC_TRY(start_command(Command::kItemOperations, Lane::kWork, call, kSmallBodyBytesMax));
  auto body = protocol::write_move_conversation(call->body_room(), {next.id, next.id_bytes}, next.to_server_id.view());
  if (!body.ok()) {
    call->free(core_.memory());
    return body.error();
  }
  call->answer.emplace<protocol::OperationResponse>();
  call->read_with_wbxml();
  needs_ |= kNeedMoves;  // until its answer is here
  return launch(call, body.value());
}

void Account::ended_conversation(Call& call, Error error) {
  if (!error && call.answer_bytes == 0) error = protocol::answer_fault(Command::kItemOperations, AnswerFault::kEmpty);
  if (error) return request_failed(call, error);
  replica::OutgoingConversation sent;
  auto found = store_.next_conversation(sent);
  if (!found.ok()) return follow(found.error());
  needs_ &= static_cast<std::uint16_t>(~kNeedMoves);
  if (!found.value() || !sent.handed_over) {  // its folder has gone meanwhile: nothing is wrong
    succeed();
    return moves_wait();
  }
  const Error refusal = std::get<protocol::OperationResponse>(call.answer).refusal();
  if (refusal) {
    const Remedy remedy = policy::remedy_for(refusal);
    const bool passing = remedy == Remedy::kRetryBackOff;
    needs_ |= kNeedMoves;
    if (!passing && remedy != Remedy::kPark && remedy != Remedy::kGiveUp && remedy != Remedy::kAskUser)
      return follow(refusal);  // not of this conversation
    if (protocol::eas_status(refusal) == 156) needs_ |= kNeedFolders;
    auto parked = store_.conversation_refused(sent.change, refusal, passing);
    if (!parked.ok()) return follow(parked.error());
    if (!parked.value()) return follow(refusal);
    tell_parked({}, 1);
  } else {
    if (Status done = store_.conversation_done(sent.change); !done.ok()) return follow(done.error());
    ++sent_;
    due_for_pull(sent.to);
    core_.tell(id_, Notice::kItemsChanged, static_cast<std::uint32_t>(sent.to), 1);
  }
  needs_ &= static_cast<std::uint16_t>(~kNeedMoves);
  succeed();
  moves_wait();
}

}  // namespace handsync::sync
