#include "items/piece_stream.h"

#include <cstring>

namespace handsync::items {

Result<std::uint64_t> PieceStream::length() {
  std::uint64_t size = 0;
  for (;;) {
    const Result<bool> more = fill(true);
    if (!more.ok()) return more.error();
    size += out_end_;
    out_end_ = 0;
    if (!more.value()) return size + skipped_;
  }
}

Result<std::size_t> PieceStream::read(Room room) {
  std::size_t filled = 0;
  while (filled < room.size()) {
    if (out_begin_ == out_end_) {
      out_begin_ = out_end_ = 0;
      const Result<bool> more = fill(false);
      if (!more.ok()) return more.error();
      if (!more.value() && out_end_ == 0) break;
      continue;
    }
    std::size_t count = out_end_ - out_begin_;
    if (count > room.size() - filled) count = room.size() - filled;
    std::memcpy(room.data() + filled, pieces_ + out_begin_, count);
    filled += count;
    out_begin_ += count;
  }
  return filled;
}

}  // namespace handsync::items
