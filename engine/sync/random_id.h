/// Names that nobody else gives: ClientIds, UIDs.
#pragma once
#include "handsync/hal/entropy.h"

namespace handsync::sync {

/// `first`, then random letters and digits.
template <std::size_t kBytes>
Status make_id(hal::Entropy& entropy, FixedText<kBytes * 2 + 1>& id, char first) {
  std::byte dice[kBytes];
  HANDSYNC_TRY(entropy.fill(dice));
  char text[kBytes * 2 + 1];
  text[0] = first;
  for (std::size_t i = 0; i < kBytes; ++i) {
    text[1 + 2 * i] = "0123456789abcdef"[std::to_integer<unsigned>(dice[i]) >> 4];
    text[2 + 2 * i] = "0123456789abcdef"[std::to_integer<unsigned>(dice[i]) & 15];
  }
  static_cast<void>(id.assign(Text(text, sizeof text)));
  return Done{};
}

}  // namespace handsync::sync
