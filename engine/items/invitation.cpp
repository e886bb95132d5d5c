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

constexpr Text kZoneName = "Zone";

/// The children of an attendee, one attendee after the other; with depth 1 those of a Recurrence.
class Children : public wbxml::Sink {
 protected:
  ~Children() = default;
  virtual void child(wbxml::Tag, Text value) = 0;
  virtual void ends() {}

 private:
  Status open(wbxml::Tag) override {
    ++depth_;
    size_ = 0;
    return Done{};
  }
  Status text(Bytes piece, bool) override {
    for (const char c : wbxml::beginning(text_of(piece), sizeof value_ - size_)) value_[size_++] = c;
    return Done{};
  }
  Status close(wbxml::Tag tag) override {
    if (size_ != 0) child(tag, Text(value_, size_));
    if (tag == cal::kAttendee) ends();
    size_ = 0;
    --depth_;
    return Done{};
  }
  char value_[320];
  std::size_t size_ = 0;
  int depth_ = 0;
};

void read(Bytes element, Children& children) {
  constexpr std::uint8_t kHead[] = {0x03, 0x01, 0x6A, 0x00};  // WBXML 1.3, no public id, UTF-8, no strings
  wbxml::Reader reader(children);
  if (!element.empty() && reader.feed(std::as_bytes(std::span(kHead))).ok()) static_cast<void>(reader.feed(element));
}

class Attendee : public Children {
 protected:
  ~Attendee() = default;
  virtual void attendee() = 0;
  FixedText<320> email, name;
  char type = '1';

 private:
  void child(wbxml::Tag tag, Text value) final {
    if (tag == cal::kEmail) static_cast<void>(email.assign(value));
    if (tag == cal::kName) static_cast<void>(name.assign(value));
    if (tag == cal::kAttendeeType) type = value[0];
  }
  void ends() final {
    if (email.view().find('@') != Text::npos) attendee();
    email.clear();
    name.clear();
    type = '1';
  }
};

class AttendeeLines final : public Attendee {
 public:
  explicit AttendeeLines(CalendarLines& lines) : lines_(lines) {}

 private:
  void attendee() override {
    lines_.raw("ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;ROLE=");
    lines_.raw(type == '2' ? "OPT" : type == '3' ? "NON" : "REQ").raw("-PARTICIPANT");
    if (!name.empty()) lines_.raw(";CN=").quoted(name.view());
    lines_.raw(":mailto:").raw(email.view()).end();
  }
  CalendarLines& lines_;
};

class AttendeeList final : public Attendee {
 public:
  AttendeeList(Text but, std::span<char> room) : but_(but), room_(room) {}
  std::size_t size = 0;

 private:
  void attendee() override {
    const Text address = email.view();
    if (address == but_) return;
    if (size + address.size() + 2 > room_.size()) {
      size = room_.size() + 1;
      return;
    }
    for (const Text piece : {size != 0 ? Text(", ") : Text(), address})
      for (const char c : piece) room_[size++] = c;
  }
  Text but_;
  std::span<char> room_;
};

class Pattern final : public Children {
 public:
  Recurrence rule;
  bool sound = true;

 private:
  void child(wbxml::Tag tag, Text value) override { sound &= tag == cal::kRecurrence || rule.set(tag, value); }
};

class Event {
 public:
  Event(CalendarLines& lines, const Invitation& event) : lines_(lines), event_(event) {}

  void write() {
    Pattern pattern;
    if (!event_.one) read(event_.recurrence, pattern);
    const bool series = !event_.one && !event_.recurrence.empty() && pattern.sound && pattern.rule.check().ok();
    zoned_ = series && !event_.all_day && event_.zone != TimeZone{};
    lines_.line("BEGIN:VCALENDAR").line("PRODID:-//Handsync//EN").line("VERSION:2.0");
    lines_.raw("METHOD:").line(event_.cancel ? "CANCEL" : "REQUEST");
    if (zoned_) zone();
    lines_.line("BEGIN:VEVENT");
    lines_.raw("UID:").text(event_.uid).end();
    if (event_.one) moment("RECURRENCE-ID", event_.original_ms);
    lines_.raw("SEQUENCE:").number(static_cast<int>(event_.sequence)).end();
    lines_.raw("DTSTAMP:").line(format_compact_date_time(event_.now_ms).view());
    moment("DTSTART", event_.start_ms);
    moment("DTEND", event_.end_ms);
    if (series) {
      rule(pattern.rule);
      for (std::int64_t at = INT64_MIN; next_cancelled(event_.exceptions, at, at);) moment("EXDATE", at);
    }
    lines_.raw("SUMMARY:").text(event_.subject).end();
    if (!event_.place.empty()) lines_.raw("LOCATION:").text(event_.place).end();
    lines_.raw("STATUS:").line(event_.cancel ? "CANCELLED" : "CONFIRMED");
    lines_.raw("ORGANIZER:mailto:").line(event_.organizer);
    AttendeeLines attendees(lines_);
    read(event_.attendees, attendees);
    lines_.line("END:VEVENT").line("END:VCALENDAR");
  }

 private:
  FixedText<16> local(std::int64_t ms) const {
    return format_compact_date_time(event_.zone.local_of(ms >= 0 ? ms / 1000 : (ms - 999) / 1000) * 1000);
  }
  void date_or_time(std::int64_t ms) {
    if (event_.all_day)
      lines_.raw(local(ms).view().substr(0, 8));
    else
      lines_.raw(format_compact_date_time(ms).view());
  }
  /// Of a series in the time of its zone, so that nine o'clock stays nine; else UTC.
  void moment(Text name, std::int64_t ms) {
    lines_.raw(name);
    if (zoned_) {
      lines_.raw(";TZID=").raw(kZoneName).raw(":").raw(local(ms).view().substr(0, 15));
    } else {
      lines_.raw(event_.all_day ? ";VALUE=DATE:" : ":");
      date_or_time(ms);
    }
    lines_.end();
  }

  void days(std::uint8_t bits, int week) {
    constexpr char kDays[] = "SUMOTUWETHFRSA";
    const bool single = (bits & (bits - 1)) == 0;
    lines_.raw(";BYDAY=");
    for (unsigned day = 0, first = 1; day < 7; ++day) {
      if ((bits >> day & 1) == 0) continue;
      if (first == 0) lines_.raw(",");
      first = 0;
      if (single && week != 0) lines_.raw(week == 5 ? "-1" : Text(&"1234"[week - 1], 1));
      lines_.raw(Text(kDays + std::size_t{2} * day, 2));
    }
    if (!single && week != 0) lines_.raw(";BYSETPOS=").raw(week == 5 ? "-1" : Text(&"1234"[week - 1], 1));
  }
  void rule(const Recurrence& rule) {
    constexpr Text kFrequencies[] = {"DAILY", "WEEKLY", "MONTHLY", "MONTHLY", "", "YEARLY", "YEARLY"};
    lines_.raw("RRULE:FREQ=").raw(kFrequencies[static_cast<std::size_t>(rule.type)]);
    if (rule.interval > 1) lines_.raw(";INTERVAL=").number(rule.interval);
    if (rule.occurrences != 0) {
      lines_.raw(";COUNT=").number(rule.occurrences);
    } else if (rule.has_until) {
      lines_.raw(";UNTIL=");
      date_or_time(rule.until_s * 1000);
    }
    const bool yearly = rule.type == Repeat::kYearly || rule.type == Repeat::kYearlyNth;
    const bool nth = rule.type == Repeat::kMonthlyNth || rule.type == Repeat::kYearlyNth;
    if (yearly) lines_.raw(";BYMONTH=").number(rule.month_of_year);
    if (rule.type == Repeat::kMonthly || rule.type == Repeat::kYearly)
      lines_.raw(";BYMONTHDAY=").number(rule.day_of_month);
    else if (rule.days_of_week != 0)
      days(rule.days_of_week, nth ? rule.week_of_month : 0);
    if (rule.type == Repeat::kWeekly)
      lines_.raw(";WKST=").raw(Text(&"SUMOTUWETHFRSA"[2 * (rule.first_day_of_week % 7)], 2));
    lines_.end();
  }

  void offset(Text name, int east_min) {
    lines_.raw(name).raw(east_min < 0 ? "-" : "+");
    const int minutes = east_min < 0 ? -east_min : east_min;
    lines_.number(minutes / 60, 2).number(minutes % 60, 2).end();
  }
  void change(Text name, const ZoneChange& when, int from_min, int to_min) {
    lines_.raw("BEGIN:").line(name);
    const auto second = static_cast<int>(when.second_of_day);
    lines_.raw("DTSTART:16010101T").number(second / 3600, 2).number(second / 60 % 60, 2).number(second % 60, 2).end();
    offset("TZOFFSETFROM:", from_min);
    offset("TZOFFSETTO:", to_min);
    if (when.month != 0 && event_.zone.has_daylight()) {
      lines_.raw("RRULE:FREQ=YEARLY;BYMONTH=").number(when.month);
      if (when.year != 0)
        lines_.raw(";BYMONTHDAY=").number(when.day);
      else
        days(static_cast<std::uint8_t>(1U << when.day_of_week), when.day);
      lines_.end();
    }
    lines_.raw("END:").line(name);
  }
  void zone() {
    const TimeZone& zone = event_.zone;
    const int standard = -(zone.bias_min + zone.standard_bias_min);
    const int daylight = zone.has_daylight() ? -(zone.bias_min + zone.daylight_bias_min) : standard;
    lines_.line("BEGIN:VTIMEZONE").raw("TZID:").line(kZoneName);
    change("STANDARD", zone.to_standard, daylight, standard);
    if (zone.has_daylight()) change("DAYLIGHT", zone.to_daylight, standard, daylight);
    lines_.line("END:VTIMEZONE");
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
  AttendeeList list(but, room);
  read(attendees, list);
  return list.size;
}

}  // namespace handsync::items
