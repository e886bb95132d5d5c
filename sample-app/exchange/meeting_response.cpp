// MeetingResponse (MS-ASCMD 2.2.1.11).
#include "exchange/mail_generator.h"
#include "exchange/meetings.h"
#include "exchange/occurrences.h"
#include "exchange/send_mail.h"
#include "exchange/text.h"

namespace exchange {
namespace {

namespace asb = wbxml::air_sync_base;
namespace cal = wbxml::calendar;
namespace em = wbxml::email;
namespace em2 = wbxml::email2;
namespace mr = wbxml::meeting_response;

constexpr std::size_t kRequestsMax = 100;
enum Status : int { kSuccess = 1, kInvalid = 2, kSchema = 103, kBadTime = 104, kNoSeries = 146 };
enum Response : int { kAccept = 1, kTentative = 2, kDecline = 3 };

struct Answer {
  int response = 0;
  std::string collection, id, instance;  ///< instance: compact, "" = the whole
  const Node* send = nullptr;
};

const Node* property_of(const Item& item, Tag tag) {
  for (const Node& property : item.properties) {
    if (property.tag == tag) return &property;
  }
  return nullptr;
}

/// 2026-03-01T09:30:00.000Z as 20260301T093000Z; "" when it is none.
std::string compact_of(std::string_view time) {
  if (time.size() < 20 || time[4] != '-' || time[10] != 'T' || time.back() != 'Z') return {};
  std::string compact;
  for (const char c : time.substr(0, 19)) {
    if (c != '-' && c != ':') compact += c;
  }
  return compact + "Z";
}

/// What is wrong with a Request for this version; "" = nothing.
std::string request_fault(const Call& call, const Node& request) {
  if (request.tag != mr::kRequest || request.value(mr::kRequestId).empty() || request.value(mr::kCollectionId).empty())
    return "has a Request without CollectionId and RequestId";
  const auto response = request.number(mr::kUserResponse);
  if (!response || *response < 1 || *response > 3) return "answers a meeting with no UserResponse of 1 to 3";
  if (request.has(mr::kInstanceId) && call.version < 141) return "has InstanceId at " + std::to_string(call.version);
  const Node* const send = request.find(mr::kSendResponse);
  if (send == nullptr) return {};
  if (call.version < 160) return "has SendResponse at " + std::to_string(call.version);
  const bool start = send->has(mr::kProposedStartTime), end = send->has(mr::kProposedEndTime);
  if (start != end) return "proposes one end of a meeting";
  if (start && call.version < 161) return "proposes a time at " + std::to_string(call.version);
  return {};
}

void tell_organizer(Call& call, const Answer& answer, const std::string& organizer, const std::string& uid,
                    const std::string& subject) {
  static constexpr const char* kWords[] = {"", "Accepted: ", "Tentative: ", "Declined: "};
  static constexpr const char* kClasses[] = {"", "IPM.Schedule.Meeting.Resp.Pos", "IPM.Schedule.Meeting.Resp.Tent",
                                             "IPM.Schedule.Meeting.Resp.Neg"};
  Account& account = *call.account;
  const Node* const body = answer.send->find(asb::kBody);
  const std::string& me = account.user.email;
  Item mail = plain_mail(mailbox_text(name_of(me), me), organizer, kWords[answer.response] + subject,
                         body == nullptr ? std::string() : std::string(body->value(asb::kData)), call.state->now_ms);
  mail.set(Node(em::kMessageClass, kClasses[answer.response]));
  if (answer.send->has(mr::kProposedStartTime)) {
    Node proposal(em::kMeetingRequest);
    for (const Tag tag : {mr::kProposedStartTime, mr::kProposedEndTime}) proposal.add(tag, answer.send->value(tag));
    mail.set(std::move(proposal));
  }
  submit(*call.state, account, std::move(mail), true);
  note_answer(*call.state, organizer, uid, me, answer.response);
  ++account.sent_client_ids["answer to " + uid + answer.instance];
}

/// The event as it is after the answer; its id, "" when it has gone.
std::string answer_event(Call& call, const Answer& answer, Item& event) {
  static constexpr int kTypes[] = {0, 3, 2, 4};  // ResponseType by UserResponse
  Mailbox& mailbox = call.account->mailbox;
  if (answer.response == kDecline && answer.instance.empty()) {
    const std::string id = event.id;
    mailbox.move(id, mailbox.default_folder(FolderType::kDeleted));
    return {};
  }
  Node data(wbxml::air_sync::kApplicationData);
  data.add(cal::kBusyStatus, answer.response == kAccept ? 2 : 1);
  data.add(cal::kResponseType, kTypes[answer.response]);
  data.add(cal::kAppointmentReplyTime, compact_time(call.state->now_ms));
  if (answer.instance.empty()) {
    for (Node& property : data.children) event.set(std::move(property));
  } else if (answer.response == kDecline) {
    cancel_occurrence(event, answer.instance);
  } else {
    change_occurrence(event, answer.instance, data);
  }
  mailbox.touch_content(event);
  return event.id;
}

int run_answer(Call& call, const Answer& answer, std::string& calendar_id) {
  Account& account = *call.account;
  const Item* const source = visible_item(account, answer.id);
  if (source == nullptr || source->folder != answer.collection) return kInvalid;
  const bool is_event = source->class_name == "Calendar";
  if (is_event && call.version < 141) return kInvalid;
  const Node* const request = property_of(*source, em::kMeetingRequest);
  const auto type = request == nullptr ? std::nullopt : request->number(em2::kMeetingMessageType);
  if (!is_event && (!type || *type < 1 || *type > 2)) return kInvalid;
  if (is_event && (parse_number(source->value(cal::kMeetingStatus)).value_or(0) & 2) == 0) return kInvalid;
  const std::string uid(is_event ? source->value(cal::kUID) : request->value(cal::kUID));
  const std::string organizer(is_event ? source->value(cal::kOrganizerEmail) : request->value(em::kOrganizer));
  const std::string subject(source->value(is_event ? Tag{cal::kSubject} : Tag{em::kSubject}));
  Item* const event = event_of(account, uid);
  if (event == nullptr) return kInvalid;
  if (!answer.instance.empty() && !instance_fault(*event, answer.instance).empty()) return kNoSeries;
  const std::string mail_id = is_event ? std::string() : source->id;
  calendar_id = answer_event(call, answer, *event);
  if (answer.send != nullptr) tell_organizer(call, answer, organizer, uid, subject);
  // An invitation that was answered as a whole leaves the Inbox.
  if (!mail_id.empty() && answer.instance.empty())
    account.mailbox.move(mail_id, account.mailbox.default_folder(FolderType::kDeleted));
  return kSuccess;
}

}  // namespace

Outcome run_meeting_response(Call& call) {
  const Node& document = *call.document;
  if (document.children.empty() || document.children.size() > kRequestsMax) {
    call.violation("has " + std::to_string(document.children.size()) + " Requests; 1 to 100 are allowed");
    return status_answer(call, kSchema);
  }
  Node whole(mr::kMeetingResponse);
  for (const Node& request : document.children) {
    if (const std::string fault = request_fault(call, request); !fault.empty()) {
      call.violation(fault);
      return status_answer(call, kSchema);
    }
    Answer answer;
    answer.response = static_cast<int>(request.number(mr::kUserResponse).value_or(0));
    answer.collection = request.value(mr::kCollectionId);
    answer.id = request.value(mr::kRequestId);
    answer.send = request.find(mr::kSendResponse);
    std::string calendar_id;
    int status = kBadTime;
    const bool one = request.has(mr::kInstanceId);
    if (one) answer.instance = compact_of(request.value(mr::kInstanceId));
    if (!one || !answer.instance.empty()) status = run_answer(call, answer, calendar_id);
    Node& result = whole.add(mr::kResult);
    result.add(mr::kRequestId, answer.id);
    result.add(mr::kStatus, status);
    if (!calendar_id.empty()) result.add(mr::kCalendarId, calendar_id);
  }
  return Outcome::answer(std::move(whole));
}

}  // namespace exchange
