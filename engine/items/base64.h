/// Base64 as it is read: character by character, blanks and padding forgiven.
#pragma once
#include "handsync/base.h"

namespace handsync::items {

class Base64Decoder {
 public:
  enum class Step : std::uint8_t { kMore, kByte, kBad };
  /// kByte: `out` is the next byte; kBad: no character of base64.
  Step put(char c, std::byte& out) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '=') return Step::kMore;
    const int value = value_of(c);
    if (value < 0) return Step::kBad;
    bits_ = bits_ << 6 | static_cast<std::uint32_t>(value);
    held_ += 6;
    if (held_ < 8) return Step::kMore;
    held_ -= 8;
    out = static_cast<std::byte>(bits_ >> held_ & 0xFF);
    return Step::kByte;
  }

 private:
  static int value_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
  }
  std::uint32_t bits_ = 0;
  int held_ = 0;
};

}  // namespace handsync::items
