/// Content lines of iCalendar (RFC 5545 3.1), folded at 75 bytes; the caller ends them with CR LF. Pure; pieces go to
/// the sink, nothing is kept.
#pragma once
#include "items/mime_header.h"

namespace handsync::items {

class CalendarLines {
 public:
  explicit CalendarLines(TextSink& sink) : sink_(sink) {}
  CalendarLines& raw(Text);
  CalendarLines& text(Text);  ///< escaped (3.3.11)
  /// At most 159 bytes, of which strings are cut.
  [[gnu::format(printf, 2, 3)]] CalendarLines& format(const char* form, ...);
  Status status() const { return error_ ? Status(error_) : Status(Done{}); }

 private:
  TextSink& sink_;
  std::size_t column_ = 0;
  Error error_{};
};

}  // namespace handsync::items
