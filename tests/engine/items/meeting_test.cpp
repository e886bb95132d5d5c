// Invitations as they come, and the iCalendar reply to them.
#include <string>

#include "items/datetime.h"
#include "items/meeting.h"
#include "wbxml/code_pages.h"
#include "wbxml/writer.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::items;

namespace {

namespace mail = wbxml::email;

struct Line final : TextSink {
  Status put(Text text) override {
    all += text;
    return Done{};
  }
  std::string all;
};

std::string uid_of(const std::string& base64) {
  FixedText<300> uid;
  return uid_of_global_id(base64, uid) ? std::string(uid.view()) : "none";
}

}  // namespace

TEST_GROUP(Meeting){};

TEST(Meeting, TheUidOfAGlobalIdIsTheOneOfAnICalendarClientOrTheBytesWithoutTheDate) {
  // MS-ASEMAIL 2.2.2.38: class id, date of an occurrence, times, length, data.
  STRCMP_EQUAL("040000008200E00074C5B7101A82E00800000000E0C5B3A6D2B9C80100000000000000001000000000000000",
               uid_of("BAAAAIIA4AB0xbcQGoLgCAfaBAngxbOm0rnIAQAAAAAAAAAAEAAAAAAAAAA=").substr(0, 88).c_str());
  STRCMP_EQUAL(
      "{81412D3C-2A24-4E9D-B20E-11F7BBE92799}",
      uid_of(
          "BAAAAIIA4AB0xbcQGoLgCAAAAAAAAAAAAAAAAAAAAAAAAAAAMwAAAHZDYWwtVWlkAQAAAHs4MTQxMkQzQy0yQTI0LTRFOUQtQjIwRS0xMUY"
          "3QkJFOTI3OTl9AA==")
          .c_str());
  STRCMP_EQUAL("none", uid_of("***").c_str());
  STRCMP_EQUAL("none", uid_of("").c_str());
}

TEST(Meeting, ARequestIsReadAndAnythingElseIsNone) {
  std::byte room[1024];
  wbxml::Writer writer(room);
  writer.open(mail::kMeetingRequest).element(mail::kStartTime, Text("2026-03-10T09:00:00.000Z"));
  writer.element(mail::kEndTime, Text("2026-03-10T10:00:00.000Z"));
  writer.element(mail::kOrganizer, Text("\"Eve\" <eve@example.test>"));
  writer.element(wbxml::calendar::kUID, Text("u-1")).element(wbxml::email2::kMeetingMessageType, Text("1")).close();
  CHECK(writer.status().ok());
  const Bytes whole = writer.document().subspan(4);
  Meeting meeting;
  CHECK(read_meeting_request(whole, meeting));
  STRCMP_EQUAL("u-1", std::string(meeting.uid.view()).c_str());
  STRCMP_EQUAL("\"Eve\" <eve@example.test>", std::string(meeting.organizer.view()).c_str());
  LONGS_EQUAL(3'600'000, meeting.end_ms - meeting.start_ms);
  LONGS_EQUAL(1, meeting.message_type);
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    Meeting other;
    static_cast<void>(read_meeting_request(whole.first(cut), other));
  }
  CHECK(!read_meeting_request({}, meeting));
}

TEST(Meeting, TheSpareBitOfItsStatusSaysNothing) {
  for (unsigned status = 0; status < 16; ++status) LONGS_EQUAL(status & 7, meeting_bits(std::to_string(status)));
  for (const char* wrong : {"", "16", "160", "-1", "3 "}) LONGS_EQUAL(0, meeting_bits(wrong));
}

TEST(Meeting, AReplyIsFoldedAndEscapedAndSaysWhoAnswers) {
  Meeting meeting;
  CHECK(meeting.uid.assign("u-1") && meeting.organizer.assign("Eve <eve@example.test>"));
  meeting.start_ms = 1'773'133'200'000;
  meeting.end_ms = meeting.start_ms + 3'600'000;
  const std::string comment = "Später, bitte; " + std::string(200, 'x') + "\r\nDanke\\";
  CalendarReply reply{Reply::kTentative, &meeting, "Büro, 1", "me@example.test", comment, false, 0, meeting.start_ms};
  Line line;
  CHECK(write_calendar_reply(line, reply).ok());
  for (std::size_t at = 0, end; at < line.all.size(); at = end + 2) {
    end = line.all.find("\r\n", at);
    CHECK(end != std::string::npos && end - at <= 75);
  }
  std::string unfolded = line.all;
  for (std::size_t at; (at = unfolded.find("\r\n ")) != std::string::npos;) unfolded.erase(at, 3);
  for (const char* part :
       {"METHOD:REPLY\r\n", "UID:u-1\r\n", "SUMMARY:Büro\\, 1\r\n", "ORGANIZER:mailto:eve@example.test\r\n",
        "ATTENDEE;PARTSTAT=TENTATIVE:mailto:me@example.test\r\n", "COMMENT:Später\\, bitte\\; x", "x\\nDanke\\\\\r\n"})
    CHECK_TEXT(unfolded.find(part) != std::string::npos, part);
  reply.one = true;
  reply.original_ms = meeting.start_ms;
  Line one;
  CHECK(write_calendar_reply(one, reply).ok());
  CHECK(one.all.find("RECURRENCE-ID:20260310T090000Z\r\n") != std::string::npos);
  CHECK(one.all.find("DTSTART") == std::string::npos);
}
