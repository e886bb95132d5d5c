/// Content lines of iCalendar (RFC 5545 3.1): begin, pieces, end. Folded at 75 bytes, ended by CR LF. Pure; pieces go
/// to the sink, nothing is kept.
#pragma once
#include "items/mime_header.h"

namespace handsync::items {

class CalendarLines {
 public:
  explicit CalendarLines(TextSink& sink) : sink_(sink) {}
  CalendarLines& raw(Text);
  CalendarLines& text(Text);    ///< escaped (3.3.11)
  CalendarLines& quoted(Text);  ///< a parameter's value (3.2), without what cannot stand in it
  CalendarLines& number(int value, int digits_min = 1);
  CalendarLines& end();
  CalendarLines& line(Text whole) { return raw(whole).end(); }
  Status status() const { return error_ ? Status(error_) : Status(Done{}); }

 private:
  void put(Text);
  TextSink& sink_;
  std::size_t column_ = 0;
  Error error_{};
};

}  // namespace handsync::items
