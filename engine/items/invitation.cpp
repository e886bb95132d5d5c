#include "items/invitation.h"

#include "items/calendar_lines.h"
#include "items/datetime.h"
#include "items/exceptions.h"
#include "items/recurrence.h"
#include "wbxml/code_pages.h"
#include "wbxml/utf8.h"

namespace handsync::items {
namespace {

namespace cal = wbxml::calendar;

constexpr char kDays[] = "SUMOTUWETHFRSA";
constexpr std::size_t kValueBytesMax = 255;

/// As lines, or without those as a list of addresses.
class Attendees final : public wbxml::Sink {
 public:
  void read(Bytes element) { read_element(element, *this); }
  CalendarLines* lines = nullptr;
  Text but;
  std::span<char> room;
  std::size_t size = 0;

 private:
  Status open(wbxml::Tag) override {
    value_bytes_ = 0;
    return Done{};
  }
  Status text(Bytes piece, bool) override {
    for (const char c : wbxml::beginning(text_of(piece), sizeof value_ - value_bytes_)) value_[value_bytes_++] = c;
    return Done{};
  }
  Status close(wbxml::Tag tag) override {
    child(tag, Text(value_, value_bytes_));
    value_bytes_ = 0;
    return Done{};
  }
  void child(wbxml::Tag tag, Text value) {
    if (tag == cal::kEmail) static_cast<void>(email_.assign(value));
    if (tag == cal::kName) static_cast<void>(name_.assign(value));
    if (tag == cal::kAttendeeType && !value.empty()) type_ = value[0];
    if (tag != cal::kAttendee) return;
    const Text address = email_.view();
    if (address.find('@') != Text::npos) lines ? say(address) : add(address);
    name_.clear();
    email_.clear();
    type_ = '1';
  }
  void say(Text address) {
    lines->format("\r\nATTENDEE;RSVP=TRUE;ROLE=%s-PARTICIPANT;CN=\"", type_ == '2'   ? "OPT"
                                                                      : type_ == '3' ? "NON"
                                                                                     : "REQ");
    // What cannot stand in quotes ends the name.
    const Text name = name_.empty() ? address : name_.view();
    std::size_t bytes = 0;
    while (bytes < name.size() && name[bytes] != '"' && static_cast<unsigned char>(name[bytes]) >= 0x20) ++bytes;
    lines->raw(name.substr(0, bytes)).raw("\":mailto:").raw(address);
  }
  void add(Text address) {
    if (address == but || size > room.size()) return;
    if (size + address.size() + 2 > room.size()) {
      size = room.size() + 1;
      return;
    }
    for (const char c : Text(", ").substr(size == 0 ? 2 : 0)) room[size++] = c;
    for (const char c : address) room[size++] = c;
  }
  FixedText<kValueBytesMax> email_, name_;
  char type_ = '1';
  char value_[kValueBytesMax];
  std::size_t value_bytes_ = 0;
};

class Event {
 public:
  Event(CalendarLines& lines, const Invitation& event) : lines_(lines), event_(event) {}

  void write() {
    PatternSink pattern;
    if (!event_.one) read_element(event_.recurrence, pattern);
    const Recurrence repeats = pattern.pattern();
    const bool series = !event_.one && !event_.recurrence.empty() && repeats.check().ok();
    zoned_ = series && !event_.all_day && event_.zone != TimeZone{};
    lines_.format("BEGIN:VCALENDAR\r\nPRODID:-//Handsync//EN\r\nVERSION:2.0\r\nMETHOD:%s\r\n",
                  event_.cancel ? "CANCEL" : "REQUEST");
    if (zoned_) zone();
    lines_.format("BEGIN:VEVENT\r\nSEQUENCE:%u\r\nSTATUS:%s\r\nDTSTAMP:%.16s", static_cast<unsigned>(event_.sequence),
                  event_.cancel ? "CANCELLED" : "CONFIRMED", format_compact_date_time(event_.now_ms).view().data());
    if (event_.one) moment("\r\nRECURRENCE-ID", event_.original_ms);
    moment("\r\nDTSTART", event_.start_ms);
    moment("\r\nDTEND", event_.end_ms);
    if (series) {
      rule(repeats);
      for (std::int64_t at = INT64_MIN; next_cancelled(event_.exceptions, at, at);) moment("\r\nEXDATE", at);
    }
    lines_.raw("\r\nUID:").text(event_.uid).raw("\r\nSUMMARY:").text(event_.subject);
    if (!event_.place.empty()) lines_.raw("\r\nLOCATION:").text(event_.place);
    lines_.raw("\r\nORGANIZER:mailto:").raw(event_.organizer);
    Attendees attendees;
    attendees.lines = &lines_;
    attendees.read(event_.attendees);
    lines_.raw("\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
  }

 private:
  /// Of a series in the time of its zone, so that nine o'clock stays nine; of days the date there; else UTC.
  void moment(const char* name, std::int64_t ms, bool in_zone = true) {
    const bool local = event_.all_day || (zoned_ && in_zone);
    if (local) ms = event_.zone.local_of(ms >= 0 ? ms / 1000 : (ms - 999) / 1000) * 1000;
    const auto time = format_compact_date_time(ms);
    lines_.format("%s%s%.*s", name,
                  !in_zone         ? ""
                  : event_.all_day ? ";VALUE=DATE:"
                  : zoned_         ? ";TZID=Zone:"
                                   : ":",
                  event_.all_day ? 8
                  : local        ? 15
                                 : 16,
                  time.view().data());
  }

  void rule(const Recurrence& rule) {
    constexpr const char* kFrequencies[] = {"DAILY", "WEEKLY", "MONTHLY", "MONTHLY", "", "YEARLY", "YEARLY"};
    const auto type = static_cast<unsigned>(rule.type);  // from 5 on once a year; 2 and 5 a day of the month
    lines_.format("\r\nRRULE:FREQ=%s;INTERVAL=%d", kFrequencies[type], rule.interval);
    if (rule.occurrences != 0)
      lines_.format(";COUNT=%d", rule.occurrences);
    else if (rule.has_until)
      moment(";UNTIL=", rule.until_s * 1000, false);
    if (type >= 5) lines_.format(";BYMONTH=%d", rule.month_of_year);
    if (type == 2 || type == 5) {
      lines_.format(";BYMONTHDAY=%d", rule.day_of_month);
    } else if (rule.days_of_week != 0) {
      const char* before = ";BYDAY=";
      for (unsigned day = 0; day < 7; ++day) {
        if ((rule.days_of_week >> day & 1) == 0) continue;
        lines_.format("%s%.2s", before, kDays + std::size_t{2} * day);
        before = ",";
      }
      if (type >= 2) lines_.format(";BYSETPOS=%d", nth(rule.week_of_month));
    }
    if (type == 1) lines_.format(";WKST=%.2s", kDays + std::size_t{2} * (rule.first_day_of_week % 7));
  }

  static int nth(int week) { return week == 5 ? -1 : week; }

  void change(const char* name, const ZoneChange& when, int from_min, int to_min) {
    const auto second = static_cast<int>(when.second_of_day);
    const auto minutes = [](int east_min) { return east_min < 0 ? -east_min % 60 : east_min % 60; };
    lines_.format("BEGIN:%s\r\nDTSTART:16010101T%02d%02d%02d\r\nTZOFFSETFROM:%+03d%02d\r\nTZOFFSETTO:%+03d%02d\r\n",
                  name, second / 3600, second / 60 % 60, second % 60, from_min / 60, minutes(from_min), to_min / 60,
                  minutes(to_min));
    if (from_min != to_min)
      lines_.format("RRULE:FREQ=YEARLY;BYMONTH=%d;BYDAY=%d%.2s\r\n", when.month, nth(when.day),
                    kDays + std::size_t{2} * (when.day_of_week % 7));
    lines_.format("END:%s\r\n", name);
  }
  void zone() {
    const TimeZone& zone = event_.zone;
    const int standard = -(zone.bias_min + zone.standard_bias_min);
    const int daylight = zone.has_daylight() ? -(zone.bias_min + zone.daylight_bias_min) : standard;
    lines_.raw("BEGIN:VTIMEZONE\r\nTZID:Zone\r\n");
    change("STANDARD", zone.to_standard, daylight, standard);
    if (daylight != standard) change("DAYLIGHT", zone.to_daylight, standard, daylight);
    lines_.raw("END:VTIMEZONE\r\n");
  }

  CalendarLines& lines_;
  const Invitation& event_;
  bool zoned_ = false;
};

}  // namespace

Status write_invitation(TextSink& sink, const Invitation& invitation) {
  CalendarLines lines(sink);
  Event(lines, invitation).write();
  return lines.status();
}

std::size_t list_attendees(Bytes attendees, Text but, std::span<char> room) {
  Attendees list;
  list.but = but;
  list.room = room;
  list.read(attendees);
  return list.size;
}

}  // namespace handsync::items
