/// UTF-8 (RFC 3629) checked over pieces cut anywhere: no overlong form, no surrogate, nothing beyond U+10FFFF. Pure;
/// any thread.
#pragma once
#include "handsync/base.h"

namespace handsync::wbxml {

/// What a character that was begun still needs: number of bytes, and the least and greatest value of the next one; 0
/// between characters. A text is whole when its last piece leaves 0.
using Utf8State = std::uint32_t;

/// The length of the longest beginning of `piece` that continues, after `state`, as UTF-8: piece.size() when nothing is
/// wrong, else the index of the byte that breaks it. `state` is carried from piece to piece, 0 at first.
std::size_t utf8_length(Bytes piece, Utf8State& state);

inline bool is_utf8(Text text) {
  Utf8State state = 0;
  return utf8_length(bytes_of(text), state) == text.size() && state == 0;
}

/// The longest beginning of at most so many bytes that does not end within a character.
Text beginning(Text text, std::size_t bytes_max);

}  // namespace handsync::wbxml
