#include "handset/escape.h"

#include <cstdio>

#include "handset/session.h"
#include "handset/text.h"
#include "wbxml/utf8.h"

namespace handset {
namespace {

/// The length of what a terminal would obey at `at`, and its number; 0 = nothing there. All of them have one form in
/// UTF-8, of two or three bytes.
std::size_t obeyed(std::string_view text, std::size_t at, unsigned& code) {
  const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U; };
  code = byte(0);
  if (code == 0x7F) return 1;
  code = (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
  if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) < 0xA0) return 2;
  if (byte(0) == 0xD8 && byte(1) == 0x9C) return 2;  // U+061C
  if (byte(0) != 0xE2 || (byte(1) != 0x80 && byte(1) != 0x81)) return 0;
  code = 0x2000 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
  const bool turns =
      code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
  return byte(2) >= 0x80 && turns ? 3 : 0;
}

}  // namespace

std::string escaped_controls(std::string_view json) {
  std::string result;
  result.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    unsigned code = 0;
    if (const std::size_t bytes = obeyed(json, at, code); bytes != 0) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", code);
      result += escape;
      at += bytes;
    } else {
      result += json[at++];
    }
  }
  return result;
}

std::string json_inner(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (code < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", code);
      result += c == '\n' ? "\\n" : c == '\r' ? "\\r" : escape;
    } else {
      result += c;
    }
  }
  return escaped_controls(result);
}

std::size_t whole_characters(std::string_view text) {
  std::size_t start = text.size();
  while (start > 0 && text.size() - start < 3 && (static_cast<unsigned char>(text[start - 1]) & 0xC0) == 0x80) --start;
  if (start == 0) return text.size();
  const auto lead = static_cast<unsigned char>(text[start - 1]);
  const std::size_t wanted = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  return text.size() - (start - 1) < wanted ? start - 1 : text.size();
}

void say_mime(Session& session, const Pieces& pieces) {
  if (!session.line.json) return pieces([&](std::string_view piece) { session.io.out(piece); });
  handsync::wbxml::Utf8State state = 0;
  bool text = true;
  pieces([&](std::string_view piece) {
    text = text && handsync::wbxml::utf8_length(handsync::bytes_of(piece), state) == piece.size();
  });
  text = text && state == 0;
  session.io.out("{\"id\":" + std::to_string(session.line.number) + (text ? ",\"mime\":\"" : ",\"mime_base64\":\""));
  // What a piece leaves for the next one: the beginning of a character, or of three bytes.
  std::string rest;
  pieces([&](std::string_view piece) {
    rest += piece;
    const std::size_t whole = text ? whole_characters(rest) : rest.size() / 3 * 3;
    const std::string_view now = std::string_view(rest).substr(0, whole);
    session.io.out(text ? json_inner(now) : base64(now));
    rest.erase(0, whole);
  });
  session.io.out((text ? json_inner(rest) : base64(rest)) + "\"}\n");
}

}  // namespace handset
