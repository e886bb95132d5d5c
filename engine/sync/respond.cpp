/// Answers to invitations: put together as a message with an iCalendar reply, which goes out as a mail below 16.0 after
/// the server has taken the answer; from 16.0 on the server tells the organizer itself. An answer that was lost is
/// looked for before it is given again: the invitation is gone then, or its event says so.
#include "items/datetime.h"
#include "items/meeting.h"
#include "sync/core.h"

namespace handsync::sync {

using protocol::AnswerFault;
using protocol::Command;

namespace {

namespace cal = wbxml::calendar;

constexpr std::size_t kRequestBytesMax = 16 * 1024;  // of a MeetingRequest
constexpr std::size_t kAnswerBytesMax = 16 * 1024;   // of a message to the organizer
constexpr std::size_t kEnvelopeBytesMax = 1024;

bool read_time(Text text, std::int64_t& ms) {
  const Result<std::int64_t> parsed = items::parse_date_time(text);
  ms = parsed.ok() ? parsed.value() : 0;
  return true;
}

}  // namespace

Status Account::read_invitation(ItemId item, items::Meeting& meeting) {
  Block block(core_.memory());
  HANDSYNC_TRY(block.take(kRequestBytesMax));
  const Room room = block.room();
  const auto value = [&](std::uint16_t property) -> Result<Text> {
    auto size = store_.item_value(item, property, room);
    if (!size.ok()) return size.error();
    return text_of(room.first(size.value() < room.size() ? size.value() : std::size_t{0}));
  };
  auto request = value(items::kMeetingRequest);
  if (!request.ok()) return request.error();
  if (items::read_meeting_request(bytes_of(request.value()), meeting)) {
    // 1 and 2 ask for an answer; the others inform, are out of date, or are somebody else's (MS-ASEMAIL 2.2.2.46).
    return meeting.message_type <= 2 ? Status(Done{}) : engine_fault(EngineFault::kNoInvitation);
  }
  auto status = value(cal::kMeetingStatus);
  if (!status.ok()) return status.error();
  if ((items::meeting_bits(status.value()) & (items::kMeetingReceived | items::kMeetingCancelled)) !=
      items::kMeetingReceived)
    return engine_fault(EngineFault::kNoInvitation);
  if (profile::below(version_, 141)) return engine_fault(EngineFault::kNotInVersion);
  struct Field {
    std::uint16_t property;
    bool (*take)(items::Meeting&, Text);
  };
  static constexpr Field kFields[] = {
      {cal::kUID, [](items::Meeting& to, Text text) { return to.uid.assign(text); }},
      {cal::kOrganizerEmail, [](items::Meeting& to, Text text) { return to.organizer.assign(text); }},
      {cal::kStartTime, [](items::Meeting& to, Text text) { return read_time(text, to.start_ms); }},
      {cal::kEndTime, [](items::Meeting& to, Text text) { return read_time(text, to.end_ms); }}};
  for (const Field& field : kFields) {
    auto text = value(field.property);
    if (!text.ok()) return text.error();
    if (!field.take(meeting, text.value())) return engine_fault(EngineFault::kNoInvitation);
  }
  return Done{};
}

Result<ChangeId> Account::respond(ItemId item, const MeetingAnswer& answer) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  HANDSYNC_TRY(open_store());
  const bool proposes = answer.propose_start_ms != 0 || answer.propose_end_ms != 0;
  if ((proposes && version_ < 161) || (answer.one && profile::below(version_, 141)))
    return engine_fault(EngineFault::kNotInVersion);
  if (answer.message.size() > kAnswerBytesMax || (proposes && answer.propose_end_ms <= answer.propose_start_ms))
    return engine_fault(EngineFault::kInvalidItem);
  auto subject = store_.subject_of(item);
  if (!subject.ok()) return subject.error();
  items::Meeting meeting;
  HANDSYNC_TRY(read_invitation(item, meeting));
  if (meeting.organizer.empty()) return engine_fault(EngineFault::kNoInvitation);
  constexpr Text kPrefixes[] = {"Accepted: ", "Tentative: ", "Declined: "};
  char title[280];
  std::size_t size = 0;
  for (const Text piece : {kPrefixes[static_cast<int>(answer.reply) - 1], subject.value().view()})
    for (const char c : piece) title[size++] = c;

  MessageHead head;
  head.source = item;
  head.to = meeting.organizer.view();
  head.subject = Text(title, size);
  HANDSYNC_TRY(compose(head));
  PartSink sink(*this);
  items::CalendarReply reply;
  reply.reply = static_cast<items::Reply>(answer.reply);
  reply.meeting = &meeting;
  reply.subject = subject.value().view();
  reply.attendee = record_.email.view();
  reply.comment = answer.message;
  reply.one = answer.one || meeting.recurrence_ms != 0;
  reply.original_ms = answer.one ? answer.original_ms : meeting.recurrence_ms;
  reply.now_ms = core_.now().wall_ms;
  const auto write = [&]() -> Status {
    HANDSYNC_TRY(part({MessagePart::Kind::kText, {}, {}}));
    HANDSYNC_TRY(data(bytes_of(answer.message)));
    HANDSYNC_TRY(part({MessagePart::Kind::kHtml, {}, "text/calendar; method=REPLY"}));
    return items::write_calendar_reply(sink, reply);
  };
  if (Status written = write(); !written.ok()) {
    discard();
    return written.error();
  }
  auto bytes = finish_message();
  if (!bytes.ok()) return bytes.error();
  const replica::OutgoingAnswer outgoing{static_cast<std::uint32_t>(answer.reply), answer.one, answer.original_ms,
                                         answer.propose_start_ms, answer.propose_end_ms};
  auto change = store_.message_queue(composing_->message, replica::MessageVerb::kRespond, bytes.value(),
                                     core_.now().wall_ms, outgoing);
  if (!change.ok()) return change.error();
  composing_->message = 0;  // it is the queue's now
  discard();
  return queued(change);
}

Status Account::start_response() {
  repeated_ = message_.in_doubt;
  if (repeated_) {
    FolderState* source = nullptr;
    for (std::size_t i = 0; i < folder_count_; ++i)
      if (folders_[i].row.server_id.view() == message_.source_folder.view() && wanted(folders_[i]))
        source = &folders_[i];
    if (source && !(sent_synced_ && look_in_ == source->row.id)) {  // items_committed comes back to it
      sent_synced_ = false;
      look_in_ = source->row.id;
      due_for_pull(source->row.id);
      return Done{};
    }
    auto known = store_.answer_is_known(message_);
    if (!known.ok()) return known.error();
    if (known.value()) {
      response_is_given();
      return Done{};
    }
  }
  Call* call = nullptr;
  HANDSYNC_TRY(start_command(Command::kMeetingResponse, Lane::kWork, call, kEnvelopeBytesMax + kAnswerBytesMax));
  auto give_up = [&](Error error) -> Status {
    call->free(core_.memory());
    return error;
  };
  Block text(core_.memory());
  std::size_t text_bytes = 0;
  if (!profile::below(version_, 160)) {
    if (Status taken = text.take(kAnswerBytesMax); !taken.ok()) return give_up(taken.error());
    replica::OutboxSource parts(store_, message_.message);
    while (text_bytes < kAnswerBytesMax) {
      auto got = parts.data(0, text_bytes, text.room().subspan(text_bytes));
      if (!got.ok()) return give_up(got.error());
      if (got.value() == 0) break;
      text_bytes += got.value();
    }
  }
  const replica::OutgoingAnswer& answer = message_.answer;
  auto body = protocol::write_meeting_response(
      call->body_room(),
      {version_, answer.reply, message_.source_folder.view(), message_.source_item.view(), answer.one,
       answer.original_ms, text_of(Bytes(text.data(), text_bytes)), answer.propose_start_ms, answer.propose_end_ms});
  if (!body.ok()) return give_up(body.error());
  call->once = true;
  call->answer.emplace<protocol::MeetingResponseReader>();
  call->read_with_wbxml();
  if (Status marked = store_.message_sending(message_.change); !marked.ok()) return give_up(marked.error());
  message_.in_doubt = true;
  sent_synced_ = false;
  needs_ |= kNeedOutbox;  // until it is settled
  return launch(call, body.value());
}

void Account::ended_response(Call& call, Error error) {
  if (error) return message_failed(call, error);
  const std::uint32_t status =
      call.answer_bytes == 0 ? 0 : std::get<protocol::MeetingResponseReader>(call.answer).status();
  if (status == 0) return message_failed(call, protocol::answer_fault(call.command, AnswerFault::kNoStatus));
  // What cannot be answered any more after an answer was lost has been answered.
  const bool gone = status == 2 || status == 104 || status == 146;
  if (status == 1 || (repeated_ && gone)) return response_is_given();
  message_refused(protocol::eas_error(call.command, status));
}

void Account::response_is_given() {
  for (std::size_t i = 0; i < folder_count_; ++i) {
    const bool calendar = folders_[i].row.type == FolderType::kCalendar;
    if (calendar || folders_[i].row.server_id.view() == message_.source_folder.view()) due_for_pull(folders_[i].row.id);
  }
  const auto kind = store_.class_of_item(message_.source);
  const bool is_mail =
      !kind.ok() && kind.error().domain == Domain::kSqlite && kind.error().code == replica::kWrongFolder;
  // An invitation that has been answered is of no use any more; some servers remove it themselves.
  if (is_mail && !message_.answer.one) static_cast<void>(store_.remove(message_.source, false, core_.now().wall_ms));
  if (!profile::below(version_, 160)) return message_is_sent();
  if (Status given = store_.answer_given(message_.change); !given.ok()) return stop(given.error());
  message_ = {};
  succeed();
  core_.tell(id_, Notice::kItemsChanged);
  needs_ &= static_cast<std::uint16_t>(~kNeedOutbox);
  messages_wait();
}

}  // namespace handsync::sync
