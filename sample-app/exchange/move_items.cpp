// MoveItems (MS-ASCMD 2.2.1.12).
#include "exchange/state.h"

namespace exchange {
namespace {

namespace mv = wbxml::move;

constexpr std::size_t kMovesMax = 1000;
enum Status : int { kBadSource = 1, kBadDestination = 2, kSuccess = 3, kSameFolder = 4 };

}  // namespace

Outcome run_move_items(Call& call) {
  const Node& request = *call.document;
  if (request.children.empty() || request.children.size() > kMovesMax) {
    call.violation("has " + std::to_string(request.children.size()) + " moves; 1 to " + std::to_string(kMovesMax) +
                   " are allowed");
    return status_answer(call, 103);
  }
  Mailbox& mailbox = call.account->mailbox;
  Node answer(mv::kMoveItems);
  for (const Node& move : request.children) {
    const std::string id(move.value(mv::kSrcMsgId)), source(move.value(mv::kSrcFldId)),
        destination(move.value(mv::kDstFldId));
    if (move.tag != mv::kMove || id.empty() || source.empty() || destination.empty()) {
      call.violation("has a Move without SrcMsgId, SrcFldId and DstFldId");
      return status_answer(call, 103);
    }
    Node& response = answer.add(mv::kResponse);
    response.add(mv::kSrcMsgId, id);
    const Item* const item = visible_item(*call.account, id);
    Folder* const into = mailbox.folder(destination);
    if (item == nullptr || item->folder != source || source == kRecipientsId) {
      response.add(mv::kStatus, kBadSource);
    } else if (into == nullptr || into->is_recipients() || into->class_name() != mailbox.folder(source)->class_name()) {
      response.add(mv::kStatus, kBadDestination);
    } else if (source == destination) {
      response.add(mv::kStatus, kSameFolder);
    } else {
      response.add(mv::kStatus, kSuccess);
      response.add(mv::kDstMsgId, mailbox.move(id, *into));
    }
  }
  return Outcome::answer(std::move(answer));
}

}  // namespace exchange
