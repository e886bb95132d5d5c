#include "handset/text.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <cwchar>

namespace handset {
namespace {

bool turns_direction(char32_t c) { return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069); }
bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

}  // namespace

char32_t next_character(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) {
    ++at;
    return first;
  }
  std::size_t more = 0;
  char32_t value = 0, least = 0;
  if (first >= 0xC2 && first <= 0xDF) {
    more = 1, value = first & 0x1F, least = 0x80;
  } else if (first >= 0xE0 && first <= 0xEF) {
    more = 2, value = first & 0x0F, least = 0x800;
  } else if (first >= 0xF0 && first <= 0xF4) {
    more = 3, value = first & 0x07, least = 0x10000;
  }
  if (more == 0 || at + more >= text.size()) {
    ++at;
    return kBrokenCharacter;
  }
  for (std::size_t i = 1; i <= more; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) {
      ++at;
      return kBrokenCharacter;
    }
    value = value << 6 | (byte(at + i) & 0x3F);
  }
  if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
    ++at;
    return kBrokenCharacter;
  }
  at += more + 1;
  return value;
}

bool is_obeyed(char32_t c) { return is_control(c) || turns_direction(c) || c == 0x2028 || c == 0x2029; }

namespace {

std::string cleaned(std::string_view text, bool controls_too, bool lines) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = next_character(text, at);
    if (c == kBrokenCharacter) {
      result += "\xEF\xBF\xBD";
    } else if (controls_too && is_obeyed(c)) {
      if (lines && (c == '\n' || c == '\t')) {
        result += static_cast<char>(c);
      } else if (lines && c == '\r') {
        // of a CR LF only the LF is kept
      } else if (c == '\n' || c == '\r' || c == '\t') {
        result += ' ';
      } else {
        result += "\xEF\xBF\xBD";
      }
    } else {
      result.append(text.substr(begin, at - begin));
    }
  }
  return result;
}

void put_character(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

int columns_of_character(char32_t c) {
  if (c < 0x7F) return c >= 0x20 ? 1 : 0;
  const int columns = wcwidth(static_cast<wchar_t>(c));
  return columns < 0 ? 1 : columns;
}

}  // namespace

std::string valid_utf8(std::string_view text) { return cleaned(text, false, false); }
std::string printable(std::string_view text) { return cleaned(text, true, false); }
std::string printable_lines(std::string_view text) { return cleaned(text, true, true); }

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_character(text, at);
    columns += c == kBrokenCharacter ? 1U : static_cast<unsigned>(columns_of_character(c));
  }
  return columns;
}

std::string cut(std::string_view text, std::size_t columns) {
  if (columns_of(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  std::string result;
  std::size_t used = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = next_character(text, at);
    const auto wide = c == kBrokenCharacter ? 1U : static_cast<unsigned>(columns_of_character(c));
    if (used + wide > columns - 1) break;
    used += wide;
    result.append(text.substr(begin, at - begin));
  }
  return result + "\xE2\x80\xA6";
}

std::string padded(std::string_view text, std::size_t columns) {
  std::string result = cut(text, columns);
  const std::size_t used = columns_of(result);
  if (used < columns) result.append(columns - used, ' ');
  return result;
}

std::string iso_utc(std::int64_t wall_ms) {
  if (wall_ms == 0) return {};
  const std::time_t seconds = static_cast<std::time_t>(wall_ms / 1000 - (wall_ms % 1000 < 0 ? 1 : 0));
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return {};
  char room[40];
  return {room, std::strftime(room, sizeof room, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string local_time(std::int64_t wall_ms, std::int64_t now_wall_ms, std::optional<long> utc_offset_s) {
  if (wall_ms == 0) return {};
  const auto parts_of = [&](std::int64_t at_ms, std::tm& parts) {
    const auto seconds = static_cast<std::time_t>(at_ms / 1000 + utc_offset_s.value_or(0));
    return (utc_offset_s ? gmtime_r(&seconds, &parts) : localtime_r(&seconds, &parts)) != nullptr;
  };
  std::tm parts{}, today{};
  if (!parts_of(wall_ms, parts) || !parts_of(now_wall_ms, today)) return {};
  char room[40];
  const bool this_year = parts.tm_year == today.tm_year;
  const std::size_t bytes = this_year ? std::strftime(room, sizeof room, "%d %b %H:%M", &parts)
                                      : std::strftime(room, sizeof room, "%d %b  %Y", &parts);
  return {room, bytes};
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + " B";
  static constexpr const char* kUnits[] = {"KB", "MB", "GB"};
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < std::size(kUnits)) value /= 1000, ++unit;
  char room[32];
  std::snprintf(room, sizeof room, "%.1f %s", value, kUnits[unit]);
  return room;
}

std::string duration_text(std::uint64_t seconds) {
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 7200) return std::to_string(seconds / 60) + " min";
  std::string text = std::to_string(seconds / 3600) + " h";
  if (seconds % 3600 >= 60) text += " " + std::to_string(seconds % 3600 / 60) + " min";
  return text;
}

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  result.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const auto byte = [&](std::size_t i) {
      return at + i < bytes.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) : 0U;
    };
    const std::uint32_t group = byte(0) << 16 | byte(1) << 8 | byte(2);
    result += kDigits[group >> 18 & 63];
    result += kDigits[group >> 12 & 63];
    result += at + 1 < bytes.size() ? kDigits[group >> 6 & 63] : '=';
    result += at + 2 < bytes.size() ? kDigits[group & 63] : '=';
  }
  return result;
}

bool same_text(std::string_view one, std::string_view other) {
  if (one.size() != other.size()) return false;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (std::size_t i = 0; i < one.size(); ++i) {
    if (lower(one[i]) != lower(other[i])) return false;
  }
  return true;
}

std::string topic_of(std::string_view subject) {
  const auto trim = [&] {
    while (!subject.empty() && static_cast<unsigned char>(subject.front()) <= ' ') subject.remove_prefix(1);
    while (!subject.empty() && static_cast<unsigned char>(subject.back()) <= ' ') subject.remove_suffix(1);
  };
  for (bool again = true; again;) {
    trim();
    again = false;
    const std::size_t colon = subject.find(':');
    if (colon == std::string_view::npos) break;
    const std::string_view word = subject.substr(0, std::min(subject.find('['), colon));  // "Re[2]:"
    for (const std::string_view known :
         {"re", "fw", "fwd", "aw", "wg", "sv", "vs", "antw", "rif", "tr", "odp", "ynt"}) {
      if (!same_text(word, known)) continue;
      subject.remove_prefix(colon + 1);
      again = true;
      break;
    }
  }
  std::string topic;
  for (const char c : subject) topic += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return topic;
}

std::string text_of_html(std::string_view html) {
  std::string out;
  bool blank = true;  // what comes before is a blank or the beginning of a line
  const auto line_end = [&] {
    while (!out.empty() && out.back() == ' ') out.pop_back();
    if (!out.empty() && !(out.size() >= 2 && out.ends_with("\n\n"))) out += '\n';
    blank = true;
  };
  for (std::size_t at = 0; at < html.size();) {
    const char c = html[at];
    if (c == '<') {
      if (html.substr(at).starts_with("<!--")) {
        const std::size_t end = html.find("-->", at);
        at = end == std::string_view::npos ? html.size() : end + 3;
        continue;
      }
      const std::size_t end = html.find('>', at);
      if (end == std::string_view::npos) break;
      std::string_view tag = html.substr(at + 1, end - at - 1);
      at = end + 1;
      const bool closing = tag.starts_with('/');
      if (closing) tag.remove_prefix(1);
      const std::string_view name = tag.substr(0, tag.find_first_of(" \t\r\n/"));
      for (const std::string_view hidden : {"style", "script", "head", "title"}) {
        if (closing || !same_text(name, hidden)) continue;
        const std::string wanted = "</" + std::string(hidden);
        while (at < html.size() && !same_text(html.substr(at, wanted.size()), wanted)) ++at;
      }
      for (const std::string_view block :
           {"p", "div", "br", "tr", "li", "ul", "ol", "h1", "h2", "h3", "h4", "table", "blockquote", "pre", "hr"}) {
        if (same_text(name, block)) line_end();
      }
      if (same_text(name, "li") && !closing) out += "- ";
      continue;
    }
    if (c == '&') {
      const std::size_t end = html.find(';', at);
      if (end != std::string_view::npos && end - at <= 9) {
        const std::string_view name = html.substr(at + 1, end - at - 1);
        char32_t value = 0;
        if (name.starts_with("#x") || name.starts_with("#X")) {
          value = static_cast<char32_t>(std::strtoul(std::string(name.substr(2)).c_str(), nullptr, 16));
        } else if (name.starts_with('#')) {
          value = static_cast<char32_t>(std::strtoul(std::string(name.substr(1)).c_str(), nullptr, 10));
        } else {
          static constexpr struct {
            std::string_view name;
            char32_t value;
          } kNames[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}, {"nbsp", ' '}};
          for (const auto& known : kNames) {
            if (known.name == name) value = known.value;
          }
        }
        if (value != 0 && value <= 0x10FFFF && !(value >= 0xD800 && value <= 0xDFFF)) {
          put_character(out, value);
          blank = false;
          at = end + 1;
          continue;
        }
      }
    }
    ++at;
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
      if (!blank) out += ' ';
      blank = true;
    } else {
      out += c;
      blank = false;
    }
  }
  while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
  return out;
}

}  // namespace handset
