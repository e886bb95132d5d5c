#include "items/meeting.h"

#include "items/calendar_lines.h"
#include "items/datetime.h"
#include "wbxml/code_pages.h"
#include "wbxml/reader.h"

namespace handsync::items {
namespace {

namespace cal = wbxml::calendar;
namespace mail = wbxml::email;

constexpr std::uint8_t kHead[] = {0x03, 0x01, 0x6A, 0x00};  // WBXML 1.3, no public id, UTF-8, no strings
constexpr std::size_t kValueBytesMax = 1024, kGlobalIdBytesMax = 512;

class RequestSink final : public wbxml::Sink {
 public:
  explicit RequestSink(Meeting& meeting) : meeting_(meeting) {}
  bool is_request() const { return request_; }

 private:
  Status open(wbxml::Tag tag) override {
    if (++depth_ == 1) request_ = tag == mail::kMeetingRequest;
    size_ = 0;
    return Done{};
  }
  Status text(Bytes piece, bool) override {
    for (std::size_t i = 0; depth_ == 2 && i < piece.size() && size_ < sizeof value_; ++i)
      value_[size_++] = static_cast<char>(piece[i]);
    return Done{};
  }
  Status close(wbxml::Tag tag) override {
    if (depth_-- == 2) take(tag, Text(value_, size_));
    size_ = 0;
    return Done{};
  }
  void take(wbxml::Tag tag, Text value) {
    switch (tag) {
      case cal::kUID:
        static_cast<void>(meeting_.uid.assign(value));
        break;
      case mail::kGlobalObjId:
        static_cast<void>(uid_of_global_id(value, meeting_.uid));
        break;
      case mail::kOrganizer:
        static_cast<void>(meeting_.organizer.assign(value));
        break;
      case mail::kStartTime:
        time(value, meeting_.start_ms);
        break;
      case mail::kEndTime:
        time(value, meeting_.end_ms);
        break;
      case mail::kRecurrenceId:
        time(value, meeting_.recurrence_ms);
        break;
      case wbxml::email2::kMeetingMessageType:
        meeting_.message_type = value.size() == 1 ? static_cast<std::uint32_t>(value[0] - '0') : 0;
        break;
      default:
        break;
    }
  }
  static void time(Text value, std::int64_t& ms) {
    if (const Result<std::int64_t> parsed = parse_date_time(value); parsed.ok()) ms = parsed.value();
  }

  Meeting& meeting_;
  char value_[kValueBytesMax];
  std::size_t size_ = 0;
  int depth_ = 0;
  bool request_ = false;
};

int digit_of(char value) {
  if (value >= 'A' && value <= 'Z') return value - 'A';
  if (value >= 'a' && value <= 'z') return value - 'a' + 26;
  if (value >= '0' && value <= '9') return value - '0' + 52;
  return value == '+' ? 62 : value == '/' ? 63 : -1;
}

}  // namespace

unsigned meeting_bits(Text status) {
  unsigned number = 0;
  for (const char c : status) {
    if (c < '0' || c > '9' || number > 1) return 0;
    number = number * 10 + static_cast<unsigned>(c - '0');
  }
  return number < 16 ? number & 7 : 0;
}

bool read_meeting_request(Bytes element, Meeting& meeting) {
  RequestSink sink(meeting);
  wbxml::Reader reader(sink);
  return !element.empty() && reader.feed(std::as_bytes(std::span(kHead))).ok() && reader.feed(element).ok() &&
         sink.is_request();
}

bool uid_of_global_id(Text base64, FixedText<300>& uid) {
  char bytes[kGlobalIdBytesMax];
  std::size_t size = 0;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : base64) {
    if (c == '=' || c == '\r' || c == '\n' || c == ' ') continue;
    const int digit = digit_of(c);
    if (digit < 0) return false;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    if (size == sizeof bytes) return false;
    bytes[size++] = static_cast<char>(bits >> count & 0xFF);
  }
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); };
  // Bytes 41..48 name a UID that an iCalendar client made; its length, with 13 bytes more, stands in 37..40.
  if (size >= 53 && Text(bytes + 40, 8) == "vCal-Uid") {
    const std::size_t length = byte(36) | std::size_t{byte(37)} << 8 | std::size_t{byte(38)} << 16;
    if (byte(39) == 0 && length >= 13 && 52 + (length - 13) <= size) return uid.assign(Text(bytes + 52, length - 13));
  }
  char hex[2 * kGlobalIdBytesMax];
  for (std::size_t i = 0; i < size; ++i) {
    const unsigned value = i >= 16 && i < 20 ? 0 : byte(i);  // the date of an occurrence
    hex[2 * i] = "0123456789ABCDEF"[value >> 4];
    hex[2 * i + 1] = "0123456789ABCDEF"[value & 15];
  }
  return size != 0 && uid.assign(Text(hex, 2 * size));
}

Status write_calendar_reply(TextSink& sink, const CalendarReply& reply) {
  const Meeting& meeting = *reply.meeting;
  Text list = meeting.organizer.view();
  Mailbox organizer;
  const Result<bool> found = next_mailbox(list, organizer);
  if (!found.ok()) return found.error();
  constexpr const char* kStates[] = {"ACCEPTED", "TENTATIVE", "DECLINED"};
  CalendarLines lines(sink);
  lines.raw("BEGIN:VCALENDAR\r\nPRODID:-//Handsync//EN\r\nVERSION:2.0\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nUID:");
  lines.text(meeting.uid.view());
  const auto moment = [&lines](const char* name, std::int64_t ms) {
    lines.format("\r\n%s:%.16s", name, format_compact_date_time(ms).view().data());
  };
  if (reply.one) moment("RECURRENCE-ID", reply.original_ms);
  moment("DTSTAMP", reply.now_ms);
  if (!reply.one) {
    moment("DTSTART", meeting.start_ms);
    moment("DTEND", meeting.end_ms);
  }
  lines.raw("\r\nSUMMARY:").text(reply.subject);
  lines.raw("\r\nORGANIZER:mailto:").raw(organizer.address);
  lines.format("\r\nATTENDEE;PARTSTAT=%s:mailto:", kStates[static_cast<int>(reply.reply) - 1]).raw(reply.attendee);
  if (!reply.comment.empty()) lines.raw("\r\nCOMMENT:").text(reply.comment);
  lines.raw("\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
  return lines.status();
}

}  // namespace handsync::items
