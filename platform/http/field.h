/// Header fields and the few rules of RFC 9110 about their characters.
#pragma once
#include "handsync/base.h"

namespace handsync::http {

struct Field {
  Text name, value;
};

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr bool same_text(Text a, Text b) {  ///< ASCII, without regard to case
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

constexpr Text trimmed(Text text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// RFC 9110 5.6.2.
constexpr bool is_token(Text text) {
  constexpr Text kMarks = "!#$%&'*+-.^_`|~";
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && kMarks.find(c) == Text::npos) return false;
  }
  return !text.empty();
}

/// A value we may write: no control character whatsoever, so no CR, LF or NUL.
constexpr bool is_clean(Text text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return false;
  }
  return true;
}

/// Printable ASCII without blanks: hosts and request targets.
constexpr bool is_visible(Text text) {
  for (const char c : text) {
    if (c <= 0x20 || c >= 0x7f) return false;
  }
  return !text.empty();
}

}  // namespace handsync::http
