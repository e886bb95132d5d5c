#include "wbxml/utf8.h"

#include <cstring>

namespace handsync::wbxml {
namespace {

constexpr Utf8State expect(std::uint32_t bytes, std::uint32_t least, std::uint32_t greatest) {
  return bytes << 16 | least << 8 | greatest;
}

// What must follow a first byte; 0 if it cannot be one. The narrowed ranges are what excludes overlong forms and
// surrogates.
constexpr Utf8State after(std::uint8_t first) {
  if (first >= 0xC2 && first <= 0xDF) return expect(1, 0x80, 0xBF);
  if (first == 0xE0) return expect(2, 0xA0, 0xBF);
  if (first == 0xED) return expect(2, 0x80, 0x9F);
  if (first >= 0xE1 && first <= 0xEF) return expect(2, 0x80, 0xBF);
  if (first == 0xF0) return expect(3, 0x90, 0xBF);
  if (first == 0xF4) return expect(3, 0x80, 0x8F);
  if (first >= 0xF1 && first <= 0xF3) return expect(3, 0x80, 0xBF);
  return 0;
}

constexpr std::size_t kStep = 16;

bool ascii_step(const std::uint8_t* at) {
  std::uint64_t words[2];
  static_assert(sizeof words == kStep);
  std::memcpy(words, at, kStep);
  return ((words[0] | words[1]) & 0x8080808080808080u) == 0;
}

}  // namespace

std::size_t utf8_length(Bytes piece, Utf8State& state) {
  const auto* const begin = reinterpret_cast<const std::uint8_t*>(piece.data());
  const auto* const end = begin + piece.size();
  const auto* at = begin;
  Utf8State expected = state;
  while (at != end) {
    if (expected == 0) {
      while (static_cast<std::size_t>(end - at) >= kStep && ascii_step(at)) at += kStep;
      while (at != end && *at < 0x80) ++at;
      if (at == end) break;
      expected = after(*at);
      if (expected == 0) break;
      ++at;
      continue;
    }
    if (*at < (expected >> 8 & 0xFF) || *at > (expected & 0xFF)) break;
    expected = expected >> 16 == 1 ? 0 : expect((expected >> 16) - 1, 0x80, 0xBF);
    ++at;
  }
  state = expected;
  return static_cast<std::size_t>(at - begin);
}

Text beginning(Text text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<std::uint8_t>(text[bytes_max]) & 0xC0) == 0x80) --bytes_max;
  return text.substr(0, bytes_max);
}

}  // namespace handsync::wbxml
