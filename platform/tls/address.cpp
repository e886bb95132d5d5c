// Address literals: needed to tell a name from an address (RFC 6066 3: no SNI for literals; RFC 6125: matched as
// iPAddress only).
#include "tls/session.h"

namespace handsync::tls {
namespace {

bool parse_v4(Text text, std::byte* out) {
  std::size_t at = 0;
  for (int part = 0; part < 4; ++part) {
    unsigned value = 0;
    std::size_t digits = 0;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9' && digits < 4) {
      value = value * 10 + static_cast<unsigned>(text[at++] - '0');
      ++digits;
    }
    if (digits == 0 || digits > 3 || value > 255) return false;
    out[part] = static_cast<std::byte>(value);
    if (part < 3 && (at >= text.size() || text[at++] != '.')) return false;
  }
  return at == text.size();
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool parse_v6(Text text, std::byte (&out)[16]) {
  std::byte groups[16]{};
  std::size_t filled = 0, gap = 17;
  std::size_t at = 0;
  if (text.starts_with("::")) {
    gap = 0;
    at = 2;
  }
  while (at < text.size()) {
    const std::size_t end = text.find(':', at);
    const Text part = text.substr(at, end == Text::npos ? Text::npos : end - at);
    if (part.find('.') != Text::npos) {
      if (end != Text::npos || filled > 12 || !parse_v4(part, groups + filled)) return false;
      filled += 4;
      at = text.size();
      break;
    }
    if (part.empty() || part.size() > 4 || filled > 14) return false;
    unsigned value = 0;
    for (const char c : part) {
      const int digit = hex_digit(c);
      if (digit < 0) return false;
      value = value * 16 + static_cast<unsigned>(digit);
    }
    groups[filled++] = static_cast<std::byte>(value >> 8);
    groups[filled++] = static_cast<std::byte>(value & 0xff);
    if (end == Text::npos) {
      at = text.size();
    } else if (end + 1 < text.size() && text[end + 1] == ':') {
      if (gap <= 16) return false;
      gap = filled;
      at = end + 2;
    } else {
      at = end + 1;
      if (at == text.size()) return false;
    }
  }
  if (gap > 16 ? filled != 16 : filled > 14) return false;
  if (gap > 16) gap = filled;
  for (std::size_t i = 0; i < 16; ++i) out[i] = std::byte{0};
  for (std::size_t i = 0; i < gap; ++i) out[i] = groups[i];
  for (std::size_t i = gap; i < filled; ++i) out[16 - filled + i] = groups[i];
  return true;
}

}  // namespace

std::size_t parse_address(Text host, std::byte (&out)[16]) {
  if (parse_v4(host, out)) return 4;
  return parse_v6(host, out) ? 16 : 0;
}

}  // namespace handsync::tls
