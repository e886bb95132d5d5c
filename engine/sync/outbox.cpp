/// Messages go out one after the other, each from its rows, and each once: from 14.0 on a lost answer is followed by
/// the same message with the same ClientId, which the server knows (118). Below, the message is looked for among the
/// sent mails, and if it is not there a person decides.
#include <new>

#include "sync/core.h"

namespace handsync::sync {

using policy::Remedy;
using protocol::Command;
using protocol::eas_error;
using replica::MessageVerb;

namespace {

constexpr std::uint32_t kRefusalsMax = 3;  ///< for passing reasons, then a message is parked
constexpr std::uint32_t kDoubtsMax = 10;  ///< tries that end without an answer: it must not hold up the others for ever
constexpr std::size_t kSentAlikeMax = 8;  ///< mails among the sent ones that are looked at
constexpr std::size_t kEnvelopeBytesMax = 512;
constexpr std::uint64_t kHeadBytesMax = 16 * 1024;  ///< a mail's Message-ID stands within the first of them

Command command_of(MessageVerb verb) {
  switch (verb) {
    case MessageVerb::kReply:
      return Command::kSmartReply;
    case MessageVerb::kForward:
      return Command::kSmartForward;
    default:
      return Command::kSendMail;
  }
}

}  // namespace

void Account::messages_wait() {
  auto waiting = store_.has_messages();
  if (waiting.ok() && waiting.value()) needs_ |= kNeedOutbox;
}

void Account::drop_sending() {
  if (!sending_) return;
  Memory memory = core_.memory();
  sending_->~Sending();
  memory.give(memory.self, sending_);
  sending_ = nullptr;
}

Status Account::start_outbox() {
  for (;;) {
    needs_ &= static_cast<std::uint16_t>(~kNeedOutbox);
    HANDSYNC_TRY(open_store());
    auto next = store_.next_message(message_);
    if (!next.ok()) return next.error();
    if (!next.value()) return Done{};
    const bool answers = message_.verb == MessageVerb::kRespond;
    Status started = answers                                                                   ? start_response()
                     : message_.unsaid || (profile::below(version_, 140) && message_.in_doubt) ? start_look()
                                                                                               : start_message();
    bool parked = message_.change == 0;
    if (!started.ok() || !parked) return started;
  }
}

Status Account::start_message() {
  Memory memory = core_.memory();
  drop_sending();
  void* block = memory.take(memory.self, sizeof(Sending));
  if (!block) return out_of_memory(sizeof(Sending));
  sending_ = new (block) Sending(store_, message_.message);
  // The token of the Message-ID is in no part: nobody knew it when they were written.
  FixedText<40> boundary;
  Text token = message_.message_id.view().substr(1, 32);
  char text[36] = {'=', '_'};
  for (std::size_t i = 0; i < token.size(); ++i) text[2 + i] = token[i];
  (void)boundary.assign(Text(text, 2 + token.size()));
  auto bytes = sending_->stream.measure(boundary.view());
  if (!bytes.ok()) return bytes.error();
  // It was written before the policy was: what may not leave now waits for a person.
  const policy::Caps caps = core_.caps();
  if (caps.smime || (!caps.html && sending_->stream.has_html())) {
    drop_sending();
    park_message(policy::fault(caps.smime ? policy::Fault::kWantsSmime : policy::Fault::kNoHtml));
    return Done{};
  }

  const Command command = command_of(message_.verb);
  Call* call = nullptr;
  HANDSYNC_TRY(start_command(command, Lane::kWork, call, kEnvelopeBytesMax));
  auto give_up = [&](Error error) -> Status {
    call->free(core_.memory());
    return error;
  };
  protocol::Envelope envelope;
  if (!profile::below(version_, 140)) {
    auto written = protocol::write_compose_mail(
        call->body_room(), {command, message_.client_id.view(), message_.source_folder.view(),
                            message_.source_item.view(), static_cast<std::uint32_t>(bytes.value())});
    if (!written.ok()) return give_up(written.error());
    envelope = written.value();
    call->answer.emplace<protocol::ComposeResponse>();
    call->read_with_wbxml();
  } else {
    call->once = true;
    call->parameters.save_in_sent = true;
    call->parameters.collection_id = message_.source_folder.view();
    call->parameters.item_id = message_.source_item.view();
  }
  call->insert(sending_, envelope.before, bytes.value());
  if (Status marked = store_.message_sending(message_.change); !marked.ok()) return give_up(marked.error());
  message_.in_doubt = true;
  sent_synced_ = false;
  looked_at_ = 0;
  needs_ |= kNeedOutbox;  // until it is settled
  return launch(call, envelope.bytes);
}

void Account::ended_message(Call& call, Error error) {
  drop_sending();
  if (error) return message_failed(call, error);
  if (call.answer_bytes != 0) {
    auto* answer = std::get_if<protocol::ComposeResponse>(&call.answer);
    std::uint32_t status = answer ? answer->status() : 0;
    // Below 14.0 an answer of 200 is success, whatever is in it.
    if (answer && status > 1) error = eas_error(call.command, status);
    if (answer && status == 0)
      return message_failed(call, protocol::answer_fault(call.command, protocol::AnswerFault::kNoStatus));
  }
  if (!error || policy::remedy_for(error) == Remedy::kSuccess) return message_is_sent();
  message_refused(error);
}

void Account::message_is_sent() {
  if (Status sent = store_.message_sent(message_.change); !sent.ok()) {
    bool gone = sent.error().domain == Domain::kSqlite && sent.error().code == replica::kNoSuchChange;
    if (!gone) return stop(sent.error());
  }
  ++sent_;
  message_ = {};
  reset_loops({Loop::kFailures, Loop::kProvisions, Loop::kNegotiations, Loop::kMoves});
  succeed();
  for (std::size_t i = 0; i < folder_count_; ++i)
    if (folders_[i].row.type == FolderType::kSent) due_for_pull(folders_[i].row.id);
  core_.tell(id_, Notice::kItemsChanged);
  needs_ &= static_cast<std::uint16_t>(~kNeedOutbox);
  messages_wait();
}

/// Whether an error says by itself that the server has not acted on the message.
bool Account::surely_not_sent(const Call& call, Error error) const {
  if (!call.body_begun() || error.domain == Domain::kDns || error.domain == Domain::kTls) return true;
  if (error.domain != Domain::kHttp || error.code < 300) return false;
  // A gateway may have lost the answer of the server behind it.
  return error.code != 502 && error.code != 504;
}

void Account::message_failed(Call& call, Error error) {
  if (error == Error{Domain::kHttp, 413, 0}) {
    learn_limit();
    return park_message(error);
  }
  const bool not_sent = surely_not_sent(call, error);
  // Below 14.0 a 500 is all that a refusal looks like (MS-ASCMD 2.2.1.17).
  const bool refused = profile::below(version_, 140) && error.domain == Domain::kHttp && error.code == 500;
  Status noted = not_sent ? store_.message_not_sent(message_.change, error, refused)
                          : store_.message_doubt(message_.change, error);
  if (!noted.ok()) return stop(noted.error());
  if ((refused && message_.tries + 1 >= kRefusalsMax) || (!not_sent && message_.tries + 1 >= kDoubtsMax))
    return park_message(not_sent || !profile::below(version_, 140) ? error : engine_fault(EngineFault::kUnknownIfSent));
  request_failed(call, error);
}

/// A Status: the server has looked at the message and not sent it.
void Account::message_refused(Error error) {
  switch (policy::remedy_for(error)) {
    case Remedy::kRetryBackOff:
      if (message_.tries + 1 >= kRefusalsMax) return park_message(error);
      if (Status noted = store_.message_not_sent(message_.change, error, true); !noted.ok()) return stop(noted.error());
      return follow(error);
    case Remedy::kPark:
    case Remedy::kAskUser:
    case Remedy::kGiveUp:
    case Remedy::kSmaller:
      if (protocol::eas_status(error) == 122) learn_limit();
      return park_message(error);
    default:
      if (Status noted = store_.message_not_sent(message_.change, error, false); !noted.ok())
        return stop(noted.error());
      return follow(error);
  }
}

/// What refuses a message as small as this is not the server's limit but a fault on the way.
void Account::learn_limit() {
  constexpr std::uint64_t kLimitLeastBytes = 64 * 1024;
  if (message_.bytes < kLimitLeastBytes) return;
  auto known = store_.get_number(replica::Value::kMessageBytesMax);
  if (known.ok() && (known.value() == 0 || message_.bytes < known.value()))
    (void)store_.put_number(replica::Value::kMessageBytesMax, message_.bytes);  // not known is only asked once more
}

void Account::park_message(Error reason) {
  if (Status parked = store_.park(message_.change, reason); !parked.ok()) return stop(parked.error());
  tell_parked({}, 1);
  message_ = {};
  needs_ &= static_cast<std::uint16_t>(~kNeedOutbox);
  messages_wait();
}

// -- below 14.0: was it sent?
// -----------------------------------------------------------------------------------------------------------------------

Status Account::start_look() {
  FolderState* sent = nullptr;
  for (std::size_t i = 0; i < folder_count_; ++i)
    if (folders_[i].row.type == FolderType::kSent && wanted(folders_[i])) sent = &folders_[i];
  if (sent && !(sent_synced_ && look_in_ == sent->row.id)) {  // items_committed comes back to it
    sent_synced_ = false;
    look_in_ = sent->row.id;
    due_for_pull(sent->row.id);
    return Done{};
  }
  ItemId alike[kSentAlikeMax];
  const bool can_look = sent && !profile::below(version_, 120);  // 2.5 shows no headers of a mail
  auto count = can_look ? store_.sent_alike(message_, alike) : Result<std::size_t>(std::size_t{0});
  if (!count.ok()) return count.error();
  if (looked_at_ >= count.value()) {
    if (message_.again) return start_message();
    park_message(engine_fault(EngineFault::kUnknownIfSent));
    return Done{};
  }
  auto address = store_.address_of(alike[looked_at_]);
  if (!address.ok()) return address.error();
  Call* call = nullptr;
  HANDSYNC_TRY(start_command(Command::kItemOperations, Lane::kWork, call, kSmallBodyBytesMax));
  auto body = protocol::write_fetch_mime(call->body_room(), sent->row.server_id.view(),
                                         address.value().server_id.view(), kHeadBytesMax);
  if (!body.ok()) {
    call->free(core_.memory());
    return body.error();
  }
  call->answer.emplace<protocol::MimeProbe>(message_.message_id.view());
  call->read_with_wbxml();
  needs_ |= kNeedOutbox;
  return launch(call, body.value());
}

void Account::ended_look(Call& call, Error error) {
  if (error) return request_failed(call, error);
  auto& answer = std::get<protocol::MimeProbe>(call.answer);
  if (answer.found()) return message_is_sent();
  ++looked_at_;
  succeed();
}

}  // namespace handsync::sync
