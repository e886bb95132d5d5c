// What an organizer says to attendees, as iCalendar.
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "items/datetime.h"
#include "items/invitation.h"
#include "wbxml/code_pages.h"
#include "wbxml/writer.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::items;

namespace {

namespace cal = wbxml::calendar;

struct Gathering final : TextSink {
  Status put(Text text) override {
    all += text;
    return Done{};
  }
  std::string all;
};

/// An element as it is kept: without the header.
struct Element {
  Bytes view() const { return writer.document().subspan(4); }
  std::byte room[2048];
  wbxml::Writer writer{room};
};

std::int64_t at(Text time) { return parse_date_time(time).value(); }

struct Meeting {
  Meeting() {
    wbxml::Writer& to = attendees.writer;
    to.open(cal::kAttendees);
    for (const auto& [address, name, type] :
         {std::tuple{"anna@example.test", "Anna \"Weiß\", Dr.", "1"}, std::tuple{"bob@example.test", "", "2"},
          std::tuple{"/o=Somewhere/cn=else", "No mail", "1"}, std::tuple{"room@example.test", "Raum 4", "3"}}) {
      to.open(cal::kAttendee).element(cal::kEmail, Text(address)).element(cal::kName, Text(name));
      to.element(cal::kAttendeeType, Text(type)).close();
    }
    to.close();
    about.uid = "uid-1";
    about.organizer = "demo@example.test";
    about.subject = "Planung; Süd";
    about.place = "Raum 4, links";
    about.attendees = attendees.view();
    about.start_ms = at("20260105T083000Z");
    about.end_ms = at("20260105T093000Z");
    about.now_ms = at("20260101T000000Z");
  }
  std::string written() {
    Gathering all;
    CHECK(write_invitation(all, about).ok());
    return all.all;
  }
  bool says(const std::string& line) {
    const bool found = written().find("\r\n" + line + "\r\n") != std::string::npos;
    if (!found) printf("%s", written().c_str());
    return found;
  }
  Element attendees, recurrence, exceptions;
  Invitation about;
};

TimeZone berlin() {
  TimeZone zone;
  zone.bias_min = -60;
  zone.daylight_bias_min = -60;
  zone.to_standard = {0, 10, 0, 5, 3 * 3600};
  zone.to_daylight = {0, 3, 0, 5, 2 * 3600};
  return zone;
}

}  // namespace

TEST_GROUP(Invitation){};

TEST(Invitation, ASingleMeetingIsInUtcAndFolded) {
  Meeting meeting;
  STRCMP_EQUAL(
      "BEGIN:VCALENDAR\r\nPRODID:-//Handsync//EN\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSEQUENCE:0\r\n"
      "STATUS:CONFIRMED\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260105T083000Z\r\nDTEND:20260105T093000Z\r\n"
      "UID:uid-1\r\nSUMMARY:Planung\\; Süd\r\nLOCATION:Raum 4\\, links\r\nORGANIZER:mailto:demo@example.test\r\n"
      "ATTENDEE;RSVP=TRUE;ROLE=REQ-PARTICIPANT;CN=\"Anna \":mailto:anna@example.test\r\n"
      "ATTENDEE;RSVP=TRUE;ROLE=OPT-PARTICIPANT;CN=\"bob@example.test\":mailto:bob@ex\r\n ample.test\r\n"
      "ATTENDEE;RSVP=TRUE;ROLE=NON-PARTICIPANT;CN=\"Raum 4\":mailto:room@example.tes\r\n t\r\n"
      "END:VEVENT\r\nEND:VCALENDAR\r\n",
      meeting.written().c_str());
  char room[128];
  const std::size_t size = list_attendees(meeting.about.attendees, "bob@example.test", room);
  STRCMP_EQUAL("anna@example.test, room@example.test", std::string(room, size).c_str());
  CHECK(list_attendees(meeting.about.attendees, {}, std::span(room).first(20)) > 20);
}

TEST(Invitation, ASeriesIsInTheTimeOfItsZoneAndLeavesOutWhatWasCancelled) {
  Meeting meeting;
  meeting.about.zone = berlin();
  meeting.recurrence.writer.open(cal::kRecurrence);
  meeting.recurrence.writer.element(cal::kType, Text("1")).element(cal::kInterval, Text("2"));
  meeting.recurrence.writer.element(cal::kDayOfWeek, Text("42")).element(cal::kUntil, Text("20261231T083000Z"));
  meeting.recurrence.writer.element(cal::kFirstDayOfWeek, Text("1")).close();
  meeting.about.recurrence = meeting.recurrence.view();
  meeting.exceptions.writer.open(cal::kExceptions);
  for (const char* start : {"20260720T073000Z", "20260119T083000Z", "20260202T083000Z"}) {
    meeting.exceptions.writer.open(cal::kException).element(cal::kExceptionStartTime, Text(start));
    if (start[5] != '2') meeting.exceptions.writer.element(cal::kDeleted, Text("1"));
    meeting.exceptions.writer.close();
  }
  meeting.exceptions.writer.close();
  meeting.about.exceptions = meeting.exceptions.view();
  const std::string text = meeting.written();
  CHECK(meeting.says("DTSTART;TZID=Zone:20260105T093000"));
  CHECK(meeting.says("RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20261231T083000Z;BYDAY=MO,WE,FR;WKST=MO"));
  // In order, and each at half past nine by the wall.
  CHECK(text.find("EXDATE;TZID=Zone:20260119T093000\r\nEXDATE;TZID=Zone:20260720T093000\r\nUID") != std::string::npos);
  CHECK(text.find("BEGIN:VTIMEZONE\r\nTZID:Zone\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\n"
                  "TZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\n"
                  "DTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n"
                  "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n") != std::string::npos);
}

TEST(Invitation, EveryPattern) {
  struct Case {
    const char* rule;
    std::vector<std::pair<wbxml::Tag, const char*>> children;
  };
  const Case cases[] = {
      {"FREQ=DAILY;INTERVAL=3;COUNT=10", {{cal::kType, "0"}, {cal::kInterval, "3"}, {cal::kOccurrences, "10"}}},
      {"FREQ=DAILY;INTERVAL=1;BYDAY=MO,TU,WE,TH,FR", {{cal::kType, "0"}, {cal::kDayOfWeek, "62"}}},
      {"FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=5", {{cal::kType, "2"}, {cal::kDayOfMonth, "5"}}},
      {"FREQ=MONTHLY;INTERVAL=1;BYDAY=TU;BYSETPOS=2",
       {{cal::kType, "3"}, {cal::kDayOfWeek, "4"}, {cal::kWeekOfMonth, "2"}}},
      {"FREQ=MONTHLY;INTERVAL=1;BYDAY=FR;BYSETPOS=-1",
       {{cal::kType, "3"}, {cal::kDayOfWeek, "32"}, {cal::kWeekOfMonth, "5"}}},
      {"FREQ=MONTHLY;INTERVAL=1;BYDAY=SU,SA;BYSETPOS=1",
       {{cal::kType, "3"}, {cal::kDayOfWeek, "65"}, {cal::kWeekOfMonth, "1"}}},
      {"FREQ=YEARLY;INTERVAL=1;BYMONTH=2;BYMONTHDAY=14",
       {{cal::kType, "5"}, {cal::kDayOfMonth, "14"}, {cal::kMonthOfYear, "2"}}},
      {"FREQ=YEARLY;INTERVAL=1;BYMONTH=11;BYDAY=TH;BYSETPOS=4",
       {{cal::kType, "6"}, {cal::kDayOfWeek, "16"}, {cal::kWeekOfMonth, "4"}, {cal::kMonthOfYear, "11"}}},
  };
  for (const Case& one : cases) {
    Meeting meeting;
    meeting.recurrence.writer.open(cal::kRecurrence);
    for (const auto& [tag, value] : one.children) meeting.recurrence.writer.element(tag, Text(value));
    meeting.recurrence.writer.close();
    meeting.about.recurrence = meeting.recurrence.view();
    CHECK_TEXT(meeting.says("RRULE:" + std::string(one.rule)), one.rule);
    CHECK_TEXT(meeting.says("DTSTART:20260105T083000Z"), one.rule);  // no zone: UTC
  }
}

TEST(Invitation, AllDayOneOfASeriesAndACancellation) {
  Meeting meeting;
  meeting.about.zone = berlin();
  meeting.about.all_day = true;
  meeting.about.start_ms = at("20260104T230000Z");  // midnight in Berlin
  meeting.about.end_ms = at("20260105T230000Z");
  CHECK(meeting.says("DTSTART;VALUE=DATE:20260105"));
  CHECK(meeting.says("DTEND;VALUE=DATE:20260106"));
  Meeting other;
  other.about.cancel = other.about.one = true;
  other.about.sequence = 12;
  other.about.original_ms = at("20260112T083000Z");
  other.about.place = {};
  CHECK(other.says("METHOD:CANCEL"));
  CHECK(other.says("SEQUENCE:12"));
  CHECK(other.says("STATUS:CANCELLED"));
  CHECK(other.says("RECURRENCE-ID:20260112T083000Z"));
  CHECK(other.written().find("LOCATION") == std::string::npos);
}
