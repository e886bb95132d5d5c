#include "items/calendar_lines.h"

namespace handsync::items {
namespace {

constexpr std::size_t kLineBytesMax = 75;

}  // namespace

CalendarLines& CalendarLines::raw(Text text) {
  for (std::size_t i = 0; i < text.size();) {
    std::size_t bytes = 1;  // a character is not folded within
    while (i + bytes < text.size() && (static_cast<unsigned char>(text[i + bytes]) & 0xC0) == 0x80) ++bytes;
    if (column_ + bytes > kLineBytesMax) {
      put("\r\n ");
      column_ = 1;
    }
    put(text.substr(i, bytes));
    column_ += bytes;
    i += bytes;
  }
  return *this;
}

CalendarLines& CalendarLines::text(Text value) {
  for (std::size_t i = 0; i < value.size();) {
    const char c = value[i];
    if (c == '\n') raw("\\n");
    if (c == ',' || c == ';' || c == '\\') raw("\\");
    std::size_t bytes = 1;
    while (i + bytes < value.size() && (static_cast<unsigned char>(value[i + bytes]) & 0xC0) == 0x80) ++bytes;
    if (c != '\r' && c != '\n') raw(value.substr(i, bytes));
    i += bytes;
  }
  return *this;
}

CalendarLines& CalendarLines::quoted(Text value) {
  raw("\"");
  for (std::size_t i = 0, from = 0; i <= value.size(); ++i) {
    if (i < value.size() && value[i] != '"' && static_cast<unsigned char>(value[i]) >= 0x20) continue;
    raw(value.substr(from, i - from));
    from = i + 1;
  }
  return raw("\"");
}

CalendarLines& CalendarLines::number(int value, int digits_min) {
  char digits[12];
  std::size_t at = sizeof digits;
  while (value != 0 || digits_min > 0) {
    digits[--at] = static_cast<char>('0' + value % 10);
    value /= 10;
    --digits_min;
  }
  return raw(Text(digits + at, sizeof digits - at));
}

CalendarLines& CalendarLines::end() {
  put("\r\n");
  column_ = 0;
  return *this;
}

void CalendarLines::put(Text text) {
  if (error_) return;
  if (const Status done = sink_.put(text); !done.ok()) error_ = done.error();
}

}  // namespace handsync::items
