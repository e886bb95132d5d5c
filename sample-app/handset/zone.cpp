#include "handset/zone.h"

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "items/datetime.h"

namespace handset {
namespace {

using handsync::items::TimeZone;
using handsync::items::ZoneChange;

/// Takes pieces off the front of a POSIX zone; `ok` turns false for good at the first surprise.
struct Scan {
  std::string_view rest;
  bool ok = true;
  bool take(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  void name() {
    if (take('<')) {
      const std::size_t end = rest.find('>');
      ok = ok && end != std::string_view::npos;
      rest.remove_prefix(ok ? end + 1 : 0);
      return;
    }
    std::size_t letters = 0;
    while (letters < rest.size() && std::isalpha(static_cast<unsigned char>(rest[letters])) != 0) ++letters;
    ok = ok && letters >= 3;
    rest.remove_prefix(letters);
  }
  long number() {
    long value = 0;
    std::size_t digits = 0;
    while (digits < rest.size() && digits < 5 && rest[digits] >= '0' && rest[digits] <= '9')
      value = value * 10 + (rest[digits++] - '0');
    ok = ok && digits != 0;
    rest.remove_prefix(digits);
    return value;
  }
  long seconds() {  // [+-]h[h][:mm[:ss]]
    const bool minus = take('-');
    if (!minus) take('+');
    long value = number() * 3600;
    if (take(':')) value += number() * 60;
    if (take(':')) value += number();
    return minus ? -value : value;
  }
  ZoneChange change() {  // ,Mm.w.d[/time]
    ZoneChange change;
    ok = ok && take(',') && take('M');
    change.month = static_cast<std::uint8_t>(number());
    ok = ok && take('.');
    change.day = static_cast<std::uint8_t>(number());
    ok = ok && take('.');
    change.day_of_week = static_cast<std::uint8_t>(number());
    const long time = take('/') ? seconds() : 7200;
    ok = ok && time >= 0 && time < 86'400;
    change.second_of_day = static_cast<std::uint32_t>(time);
    return change;
  }
};

std::optional<TimeZone> posix_zone(const std::string& text) {
  Scan scan{text};
  TimeZone zone;
  scan.name();
  const long standard = scan.seconds();
  zone.bias_min = static_cast<std::int32_t>(standard / 60);
  if (!scan.ok) return {};
  if (scan.rest.empty()) return zone;
  scan.name();
  long daylight = standard - 3600;
  if (!scan.rest.empty() && scan.rest.front() != ',') daylight = scan.seconds();
  zone.daylight_bias_min = static_cast<std::int32_t>((daylight - standard) / 60);
  zone.to_daylight = scan.change();
  zone.to_standard = scan.change();
  if (!scan.ok || !scan.rest.empty()) return {};
  return zone;
}

/// The last line of a zone file says in POSIX's words what holds from now on (RFC 8536 3.3).
std::string footer_of(const std::string& name) {
  if (name.empty() || name.front() == '/' || name.find("..") != std::string::npos) return {};
  std::ifstream file("/usr/share/zoneinfo/" + name, std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(file)), {});
  if (all.size() < 8 || !all.starts_with("TZif") || all.back() != '\n') return {};
  const std::size_t begin = all.rfind('\n', all.size() - 2);
  return begin == std::string::npos ? std::string() : all.substr(begin + 1, all.size() - begin - 2);
}

}  // namespace

std::optional<TimeZone> zone_of(const std::string& given) {
  const std::string name = given.starts_with(':') ? given.substr(1) : given;
  if (name == "UTC" || name == "GMT" || name == "Z") return TimeZone{};
  const std::string footer = footer_of(name);
  return posix_zone(footer.empty() ? name : footer);
}

TimeZone zone_of_offset(long utc_offset_s) {
  TimeZone zone;
  zone.bias_min = static_cast<std::int32_t>(-utc_offset_s / 60);
  return zone;
}

std::optional<TypedTime> typed_time(const std::string& text, const TimeZone& zone) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, used = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3) return {};
  std::string_view rest = std::string_view(text).substr(static_cast<std::size_t>(used));
  TypedTime typed;
  typed.date_only = rest.empty();
  std::optional<long> offset_s;
  if (!rest.empty()) {
    if (rest.front() != 'T' && rest.front() != 't' && rest.front() != ' ') return {};
    const std::string time(rest.substr(1));
    if (std::sscanf(time.c_str(), "%2d:%2d%n", &hour, &minute, &used) != 2) return {};
    rest = std::string_view(time).substr(static_cast<std::size_t>(used));
    if (rest.starts_with(':')) {
      const std::string more(rest.substr(1));
      if (std::sscanf(more.c_str(), "%2d%n", &second, &used) != 1) return {};
      rest = std::string_view(text).substr(text.size() - more.size() + static_cast<std::size_t>(used));
      if (rest.starts_with('.')) {
        rest.remove_prefix(1);
        while (!rest.empty() && std::isdigit(static_cast<unsigned char>(rest.front())) != 0) rest.remove_prefix(1);
      }
    } else {
      rest = std::string_view(text).substr(text.size() - rest.size());
    }
    if (rest == "Z" || rest == "z") {
      offset_s = 0;
    } else if (!rest.empty()) {
      int hours = 0, minutes = 0;
      const std::string offset(rest);
      const bool sound = (offset[0] == '+' || offset[0] == '-') &&
                         std::sscanf(offset.c_str() + 1, "%2d:%2d%n", &hours, &minutes, &used) == 2 &&
                         static_cast<std::size_t>(used) + 1 == offset.size();
      if (!sound) return {};
      offset_s = (hours * 3600L + minutes * 60L) * (offset[0] == '-' ? -1 : 1);
    }
  }
  char plain[40];
  std::snprintf(plain, sizeof plain, "%04d%02d%02dT%02d%02d%02dZ", year, month, day, hour, minute, second);
  const auto parsed = handsync::items::parse_date_time(plain);
  if (!parsed.ok()) return {};
  typed.local_s = parsed.value() / 1000;
  typed.utc_s = offset_s ? typed.local_s - *offset_s : zone.utc_of(typed.local_s);
  if (offset_s) typed.local_s = zone.local_of(typed.utc_s);
  return typed;
}

}  // namespace handset
