#include "items/datetime.h"

#include "items/calendar_date.h"

namespace handsync::items {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

/// Takes characters off the front of a text; ok turns false for good at the first surprise.
struct Scan {
  Text rest;
  bool ok = true;
  int digits(int count) {
    int value = 0;
    if (rest.size() < static_cast<std::size_t>(count)) ok = false;
    for (int i = 0; ok && i < count; ++i) {
      const char c = rest[static_cast<std::size_t>(i)];
      if (c < '0' || c > '9') ok = false;
      value = value * 10 + (c - '0');
    }
    if (ok) rest.remove_prefix(static_cast<std::size_t>(count));
    return value;
  }
  bool take(char c) {
    if (!ok || rest.empty() || rest[0] != c) return false;
    rest.remove_prefix(1);
    return true;
  }
};

constexpr bool blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

void put(char* to, int value, int digits) {
  for (int i = digits - 1; i >= 0; --i, value /= 10) to[i] = static_cast<char>('0' + value % 10);
}

struct Parts {
  Date date;
  int hour, minute, second, ms;
};

Parts split(std::int64_t wall_ms) {
  constexpr std::int64_t kFirst = days_from_date(0, 3, 1) * kDayMs;
  constexpr std::int64_t kLast = days_from_date(9999, 12, 31) * kDayMs + kDayMs - 1;
  if (wall_ms < kFirst) wall_ms = kFirst;
  if (wall_ms > kLast) wall_ms = kLast;
  std::int64_t days = wall_ms / kDayMs;
  std::int64_t rest = wall_ms % kDayMs;
  if (rest < 0) {
    --days;
    rest += kDayMs;
  }
  return Parts{date_from_days(days), static_cast<int>(rest / 3'600'000), static_cast<int>(rest / 60'000 % 60),
               static_cast<int>(rest / 1000 % 60), static_cast<int>(rest % 1000)};
}

}  // namespace

Result<std::int64_t> parse_date_time(Text text) {
  const Error bad{Domain::kEas, 6, 0};
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  Scan scan{text};
  const int year = scan.digits(4);
  const bool dashes = scan.take('-');
  const int month = scan.digits(2);
  if (dashes && !scan.take('-')) return bad;
  const int day = scan.digits(2);
  if (!scan.ok || month < 1 || month > 12 || day < 1 || day > days_in(year, month)) return bad;
  std::int64_t ms = days_from_date(year, month, day) * kDayMs;
  if (scan.take('T')) {
    const int hour = scan.digits(2);
    const bool colons = scan.take(':');
    const int minute = scan.digits(2);
    int second = 0;
    if (!colons || scan.take(':')) second = scan.digits(2);
    if (!scan.ok || hour > 23 || minute > 59 || second > 60) return bad;  // 60: a leap second, shown as the next
    ms += hour * 3'600'000LL + minute * 60'000LL + second * 1000LL;
    if (scan.take('.')) {
      int scale = 100;
      while (!scan.rest.empty() && scan.rest[0] >= '0' && scan.rest[0] <= '9') {
        ms += (scan.rest[0] - '0') * scale;
        scale /= 10;
        scan.rest.remove_prefix(1);
      }
    }
  }
  scan.take('Z');
  if (!scan.rest.empty()) return bad;
  return ms;
}

FixedText<24> format_date_time(std::int64_t wall_ms) {
  const Parts p = split(wall_ms);
  char text[] = "0000-00-00T00:00:00.000Z";
  put(text, p.date.year, 4);
  put(text + 5, p.date.month, 2);
  put(text + 8, p.date.day, 2);
  put(text + 11, p.hour, 2);
  put(text + 14, p.minute, 2);
  put(text + 17, p.second, 2);
  put(text + 20, p.ms, 3);
  FixedText<24> result;
  static_cast<void>(result.assign(Text(text, 24)));
  return result;
}

FixedText<16> format_compact_date_time(std::int64_t wall_ms) {
  const Parts p = split(wall_ms);
  char text[] = "00000000T000000Z";
  put(text, p.date.year, 4);
  put(text + 4, p.date.month, 2);
  put(text + 6, p.date.day, 2);
  put(text + 9, p.hour, 2);
  put(text + 11, p.minute, 2);
  put(text + 13, p.second, 2);
  FixedText<16> result;
  static_cast<void>(result.assign(Text(text, 16)));
  return result;
}

}  // namespace handsync::items
