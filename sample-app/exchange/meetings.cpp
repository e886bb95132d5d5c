#include "exchange/meetings.h"

#include <algorithm>

#include "exchange/mail_generator.h"
#include "exchange/mime.h"
#include "exchange/text.h"

namespace exchange {
namespace {

namespace cal = wbxml::calendar;
namespace em = wbxml::email;
namespace em2 = wbxml::email2;

constexpr std::int64_t kHour_ms = 3'600'000, kDay_ms = 24 * kHour_ms;
constexpr int kMeeting = 1, kReceived = 3;  // MeetingStatus
constexpr int kOrganizer = 1, kNotResponded = 5;

/// A GlobalObjId that carries a UID made by an iCalendar client (MS-OXOCAL 2.2.1.27).
std::string global_id(const std::string& uid) {
  static constexpr unsigned char kClass[] = {0x04, 0x00, 0x00, 0x00, 0x82, 0x00, 0xE0, 0x00,
                                             0x74, 0xC5, 0xB7, 0x10, 0x1A, 0x82, 0xE0, 0x08};
  std::string id(std::begin(kClass), std::end(kClass));
  id += std::string(20, '\0');
  const std::size_t length = uid.size() + 13;
  for (int i = 0; i < 4; ++i) id += static_cast<char>(length >> (8 * i) & 0xFF);
  id += "vCal-Uid" + std::string("\x01\0\0\0", 4) + uid + std::string(1, '\0');
  return to_base64(id);
}

Node recurrence(Tag element, Tag type, Tag interval, Tag occurrences, Tag day_of_week, std::int64_t start_ms) {
  Node rule(element);
  rule.add(type, 1);
  rule.add(interval, 1);
  rule.add(occurrences, 10);
  rule.add(day_of_week, 1 << ((start_ms / kDay_ms + 4) % 7));
  return rule;
}

Item event(const std::string& organizer, const std::string& attendee, const std::string& subject,
           const std::string& uid, std::int64_t start_ms, bool weekly, bool own, std::int64_t now_ms) {
  Item item;
  item.class_name = "Calendar";
  item.received_ms = start_ms;
  item.properties = {Node(cal::kTimezone, to_base64(std::string(172, '\0'))),
                     Node(cal::kAllDayEvent, 0),
                     Node(cal::kStartTime, compact_time(start_ms)),
                     Node(cal::kEndTime, compact_time(start_ms + kHour_ms)),
                     Node(cal::kDtStamp, compact_time(now_ms)),
                     Node(cal::kSubject, subject),
                     Node(cal::kUID, uid),
                     Node(cal::kOrganizerName, name_of(organizer)),
                     Node(cal::kOrganizerEmail, organizer),
                     Node(cal::kBusyStatus, own ? 2 : 1),
                     Node(cal::kSensitivity, 0),
                     Node(cal::kMeetingStatus, own ? kMeeting : kReceived),
                     Node(cal::kResponseRequested, 1),
                     Node(cal::kResponseType, own ? kOrganizer : kNotResponded)};
  Node attendees(cal::kAttendees);
  Node& one = attendees.add(cal::kAttendee);
  one.add(cal::kEmail, attendee);
  one.add(cal::kName, name_of(attendee));
  one.add(cal::kAttendeeStatus, kNotResponded);
  one.add(cal::kAttendeeType, 1);
  item.properties.push_back(std::move(attendees));
  if (weekly)
    item.properties.push_back(
        recurrence(cal::kRecurrence, cal::kType, cal::kInterval, cal::kOccurrences, cal::kDayOfWeek, start_ms));
  return item;
}

}  // namespace

std::string invite(State& state, const std::string& organizer, Account& to, const std::string& subject, bool weekly) {
  const std::string title = subject.empty() ? "Besprechung" : subject;
  const std::string uid = "meeting-" + std::to_string(state.random.next());
  const std::int64_t start_ms = state.now_ms / kDay_ms * kDay_ms + kDay_ms + 10 * kHour_ms;
  const std::string& attendee = to.user.email;
  to.mailbox.add(to.mailbox.default_folder(FolderType::kCalendar),
                 event(organizer, attendee, title, uid, start_ms, weekly, false, state.now_ms));
  if (const auto own = state.accounts.find(to_lower(organizer)); own != state.accounts.end()) {
    Mailbox& mailbox = own->second.mailbox;
    mailbox.add(mailbox.default_folder(FolderType::kCalendar),
                event(organizer, attendee, title, uid, start_ms, weekly, true, state.now_ms));
  }
  Item mail = plain_mail(mailbox_text(name_of(organizer), organizer), mailbox_text(name_of(attendee), attendee), title,
                         "You are invited.\r\n", state.now_ms);
  mail.set(Node(em::kMessageClass, "IPM.Schedule.Meeting.Request"));
  mail.set(Node(em::kContentClass, "urn:content-classes:calendarmessage"));
  Node request(em::kMeetingRequest);
  request.add(em::kAllDayEvent, 0);
  request.add(em::kStartTime, iso_time(start_ms));
  request.add(em::kDtStamp, iso_time(state.now_ms));
  request.add(em::kEndTime, iso_time(start_ms + kHour_ms));
  request.add(em::kInstanceType, weekly ? 1 : 0);
  request.add(em::kOrganizer, mailbox_text(name_of(organizer), organizer));
  request.add(em::kResponseRequested, 1);
  if (weekly)
    request.add(em::kRecurrences)
        .add(recurrence(em::kRecurrence, em::kType, em::kInterval, em::kOccurrences, em::kDayOfWeek, start_ms));
  request.add(em::kBusyStatus, 2);
  request.add(em::kTimeZone, to_base64(std::string(172, '\0')));
  request.add(em::kGlobalObjId, global_id(uid));
  request.add(cal::kUID, uid);
  request.add(em2::kMeetingMessageType, 1);
  mail.set(std::move(request));
  return state.deliver(to, std::move(mail)).id;
}

Item* event_of(Account& account, std::string_view uid) {
  for (auto& [number, item] : account.mailbox.default_folder(FolderType::kCalendar).items) {
    if (item.value(cal::kUID) == uid) return &item;
  }
  return nullptr;
}

void note_answer(State& state, const std::string& organizer, std::string_view uid, const std::string& attendee,
                 int response) {
  const std::vector<std::string> addresses = addresses_of(organizer);
  const auto found = state.accounts.find(to_lower(addresses.empty() ? organizer : addresses.front()));
  if (found == state.accounts.end()) return;
  Item* const own = event_of(found->second, uid);
  if (own == nullptr) return;
  static constexpr int kStatus[] = {0, 3, 2, 4};  // AttendeeStatus by UserResponse
  for (Node& property : own->properties) {
    if (property.tag != cal::kAttendees) continue;
    for (Node& one : property.children) {
      if (!same_without_case(one.value(cal::kEmail), attendee)) continue;
      if (Node* const status = one.find(cal::kAttendeeStatus)) status->text = std::to_string(kStatus[response]);
    }
  }
  found->second.mailbox.touch_content(*own);
}

bool note_reply(State& state, std::string_view icalendar) {
  std::string text(icalendar);
  for (std::size_t at; (at = text.find("\r\n ")) != std::string::npos;) text.erase(at, 3);
  const auto value_after = [&](std::string_view name) -> std::string {
    const std::size_t at = text.find("\r\n" + std::string(name));
    if (at == std::string::npos) return {};
    const std::size_t begin = at + 2 + name.size();
    return text.substr(begin, text.find("\r\n", begin) - begin);
  };
  if (value_after("METHOD:") != "REPLY") return false;
  const std::string attendee = value_after("ATTENDEE;");
  const std::size_t address = attendee.find(":mailto:");
  static constexpr const char* kStates[] = {"", "ACCEPTED", "TENTATIVE", "DECLINED"};
  for (int response = 1; response <= 3 && address != std::string::npos; ++response) {
    if (attendee.find(std::string("PARTSTAT=") + kStates[response]) != std::string::npos) {
      note_answer(state, value_after("ORGANIZER:mailto:"), value_after("UID:"), attendee.substr(address + 8), response);
    }
  }
  return true;
}

Node meeting_request_for_version(const Node& request, int version) {
  Node shaped = request;
  std::erase_if(shaped.children, [version](const Node& child) {
    if (child.tag == em::kGlobalObjId) return version >= 160;
    if (child.tag == cal::kUID) return version < 160;
    return child.tag == em2::kMeetingMessageType && version < 141;
  });
  return shaped;
}

}  // namespace exchange
