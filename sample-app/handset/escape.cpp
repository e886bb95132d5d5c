#include "handset/escape.h"

#include <cstdio>

#include "handset/session.h"
#include "handset/text.h"
#include "wbxml/utf8.h"

namespace handset {
namespace {

/// Of the marks that say in which direction is written, also those that turn nothing and may stay in plain text.
bool is_escaped(char32_t c) {
  return c >= 0x7F && c != kBrokenCharacter && (is_obeyed(c) || c == 0x61C || c == 0x200E || c == 0x200F);
}

}  // namespace

std::string escaped_controls(std::string_view json) {
  std::string result;
  result.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    const std::size_t begin = at;
    const char32_t c = next_character(json, at);
    if (is_escaped(c)) {
      char escape[12];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      result += escape;
    } else {
      result.append(json.substr(begin, at - begin));
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
