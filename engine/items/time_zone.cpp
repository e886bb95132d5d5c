#include "items/time_zone.h"

#include "items/base64.h"
#include "items/calendar_date.h"

namespace handsync::items {
namespace {

constexpr Error kInvalid{Domain::kEas, 6, 0};
constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Offsets of the fields; names lie between them.
constexpr std::size_t kBias = 0, kStandardDate = 68, kStandardBias = 84, kDaylightDate = 152, kDaylightBias = 168;
constexpr std::int32_t kBiasMax_min = 24 * 60;

bool decode(Text text, std::uint8_t (&bytes)[kTimeZoneBytes]) {
  Base64Decoder decoder;
  std::size_t size = 0;
  for (const char c : text) {
    std::byte value{};
    const Base64Decoder::Step step = decoder.put(c, value);
    if (step == Base64Decoder::Step::kBad || (step == Base64Decoder::Step::kByte && size == sizeof bytes)) return false;
    if (step == Base64Decoder::Step::kByte) bytes[size++] = static_cast<std::uint8_t>(value);
  }
  return size == sizeof bytes;
}

std::uint16_t word(const std::uint8_t* at) { return static_cast<std::uint16_t>(at[0] | at[1] << 8); }
std::int32_t number(const std::uint8_t* at) {
  return static_cast<std::int32_t>(word(at) | static_cast<std::uint32_t>(word(at + 2)) << 16);
}
void put_word(std::uint8_t* at, unsigned value) {
  at[0] = static_cast<std::uint8_t>(value);
  at[1] = static_cast<std::uint8_t>(value >> 8);
}
void put_number(std::uint8_t* at, std::int32_t value) {
  put_word(at, static_cast<std::uint32_t>(value) & 0xFFFF);
  put_word(at + 2, static_cast<std::uint32_t>(value) >> 16);
}

/// SYSTEMTIME: year, month, weekday, day, hour, minute, second, millisecond.
bool read_change(const std::uint8_t* at, ZoneChange& change) {
  std::uint16_t words[8];
  for (int i = 0; i < 8; ++i) words[i] = word(at + 2 * i);
  if (words[1] == 0) return true;
  const bool each_year = words[0] == 0;
  const int day_max = each_year ? 5 : words[1] <= 12 ? days_in(words[0], words[1]) : 0;
  if (words[0] > 9999 || words[1] > 12 || words[2] > 6 || words[3] < 1 || words[3] > day_max || words[4] > 23 ||
      words[5] > 59 || words[6] > 59) {
    return false;
  }
  change = {words[0], static_cast<std::uint8_t>(words[1]), static_cast<std::uint8_t>(words[2]),
            static_cast<std::uint8_t>(words[3]), words[4] * 3600U + words[5] * 60U + words[6]};
  return true;
}

void write_change(std::uint8_t* at, const ZoneChange& change) {
  if (change.month == 0) return;
  const std::uint32_t second = change.second_of_day;
  const unsigned words[] = {change.year,        change.month,     change.day_of_week, change.day,
                            second / 3600 % 24, second / 60 % 60, second % 60};
  for (std::size_t i = 0; i < 7; ++i) put_word(at + 2 * i, words[i]);
}

/// The wall clock's seconds at which the change happens in a year.
std::int64_t moment(const ZoneChange& change, int year) {
  const std::int64_t first = days_from_date(year, change.month, 1);
  std::int64_t day = first + change.day - 1;
  if (change.year == 0) {
    day = first + (change.day_of_week - weekday(first) + 7) % 7 + 7 * (change.day - 1);
    while (day >= first + days_in(year, change.month)) day -= 7;
  }
  return day * 86'400 + change.second_of_day;
}

bool daylight_at(const TimeZone& zone, std::int64_t utc_s) {
  // A change of one certain year is in force from then on or up to then.
  const std::int64_t standard_bias_s = (zone.bias_min + zone.standard_bias_min) * std::int64_t{60};
  const std::int64_t daylight_bias_s = (zone.bias_min + zone.daylight_bias_min) * std::int64_t{60};
  const int year = date_from_days(whole_days(utc_s - standard_bias_s)).year;
  const auto in = [year](const ZoneChange& change) { return change.year == 0 ? year : int{change.year}; };
  const std::int64_t begins = moment(zone.to_daylight, in(zone.to_daylight)) + standard_bias_s;
  const std::int64_t ends = moment(zone.to_standard, in(zone.to_standard)) + daylight_bias_s;
  // South of the equator summer goes over the turn of the year.
  return begins <= ends ? utc_s >= begins && utc_s < ends : utc_s >= begins || utc_s < ends;
}

}  // namespace

std::int64_t TimeZone::local_of(std::int64_t utc_s) const {
  std::int32_t bias = bias_min;
  if (has_daylight()) bias += daylight_at(*this, utc_s) ? daylight_bias_min : standard_bias_min;
  return utc_s - bias * std::int64_t{60};
}

std::int64_t TimeZone::utc_of(std::int64_t local_s) const {
  if (!has_daylight()) return local_s + bias_min * std::int64_t{60};
  const std::int64_t as_daylight = local_s + (bias_min + daylight_bias_min) * std::int64_t{60};
  const std::int64_t as_standard = local_s + (bias_min + standard_bias_min) * std::int64_t{60};
  const bool daylight_fits = daylight_at(*this, as_daylight), standard_fits = !daylight_at(*this, as_standard);
  if (daylight_fits && standard_fits) return as_daylight < as_standard ? as_daylight : as_standard;
  if (daylight_fits) return as_daylight;
  return as_standard;  // also of a time that does not exist: before the change standard time was in force
}

Result<TimeZone> parse_time_zone(Text base64) {
  std::uint8_t bytes[kTimeZoneBytes];
  if (!decode(base64, bytes)) return kInvalid;
  TimeZone zone;
  zone.bias_min = number(bytes + kBias);
  zone.standard_bias_min = number(bytes + kStandardBias);
  zone.daylight_bias_min = number(bytes + kDaylightBias);
  for (const std::int32_t bias : {zone.bias_min, zone.standard_bias_min, zone.daylight_bias_min}) {
    if (bias < -kBiasMax_min || bias > kBiasMax_min) return kInvalid;
  }
  if (!read_change(bytes + kStandardDate, zone.to_standard) || !read_change(bytes + kDaylightDate, zone.to_daylight)) {
    return kInvalid;
  }
  return zone;
}

FixedText<kTimeZoneTextBytes> format_time_zone(const TimeZone& zone) {
  std::uint8_t bytes[kTimeZoneBytes + 2]{};
  put_number(bytes + kBias, zone.bias_min);
  put_number(bytes + kStandardBias, zone.standard_bias_min);
  put_number(bytes + kDaylightBias, zone.daylight_bias_min);
  write_change(bytes + kStandardDate, zone.to_standard);
  write_change(bytes + kDaylightDate, zone.to_daylight);
  char text[kTimeZoneTextBytes];
  std::size_t size = 0;
  for (std::size_t at = 0; at < kTimeZoneBytes; at += 3) {
    const std::uint32_t group = static_cast<std::uint32_t>(bytes[at] << 16 | bytes[at + 1] << 8 | bytes[at + 2]);
    for (int shift = 18; shift >= 0; shift -= 6) text[size++] = kAlphabet[group >> shift & 63];
  }
  for (std::size_t at = size - (sizeof bytes - kTimeZoneBytes); at < size; ++at) text[at] = '=';
  FixedText<kTimeZoneTextBytes> done;
  (void)done.assign(Text(text, size));
  return done;
}

}  // namespace handsync::items
