#include "items/calendar_lines.h"

#include <cstdarg>
#include <cstdio>

namespace handsync::items {
namespace {

constexpr std::size_t kLineBytesMax = 75;

/// The length of the character at `at`.
std::size_t bytes_at(Text text, std::size_t at) {
  std::size_t bytes = 1;
  while (at + bytes < text.size() && (static_cast<unsigned char>(text[at + bytes]) & 0xC0) == 0x80) ++bytes;
  return bytes;
}

}  // namespace

CalendarLines& CalendarLines::raw(Text text) {
  for (std::size_t i = 0, bytes = 0; i < text.size() && !error_; i += bytes) {
    bytes = bytes_at(text, i);  // a character is not folded within
    const bool ends = text[i] == '\r' || text[i] == '\n';
    const bool folds = !ends && column_ + bytes > kLineBytesMax;
    Status done = folds ? sink_.put("\r\n ") : Status(Done{});
    if (done.ok()) done = sink_.put(text.substr(i, bytes));
    if (!done.ok()) error_ = done.error();
    column_ = ends ? 0 : folds ? bytes + 1 : column_ + bytes;
  }
  return *this;
}

CalendarLines& CalendarLines::text(Text value) {
  for (std::size_t i = 0, bytes = 0; i < value.size(); i += bytes) {
    bytes = bytes_at(value, i);
    const char c = value[i];
    if (c == '\n') raw("\\n");
    if (c == ',' || c == ';' || c == '\\') raw("\\");
    if (c != '\r' && c != '\n') raw(value.substr(i, bytes));
  }
  return *this;
}

CalendarLines& CalendarLines::format(const char* form, ...) {
  char line[160];
  std::va_list values;
  va_start(values, form);
  const int size = std::vsnprintf(line, sizeof line, form, values);
  va_end(values);
  return size < 0 ? *this : raw(Text(line, static_cast<std::size_t>(size) < sizeof line ? size : sizeof line - 1));
}

}  // namespace handsync::items
