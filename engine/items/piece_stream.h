/// Bytes that are made a few at a time, of a length that can be known before: what MimeStream and DraftStream share.
#pragma once
#include "handsync/base.h"

namespace handsync::items {

class PieceStream {
 public:
  PieceStream(const PieceStream&) = delete;
  PieceStream& operator=(const PieceStream&) = delete;
  Result<std::size_t> read(Room);  ///< the next bytes; 0 = end

 protected:
  /// `out`: where fill() puts its bytes, before out_end_.
  explicit PieceStream(const void* out) : pieces_(static_cast<const std::byte*>(out)) {}
  ~PieceStream() = default;
  /// The next few bytes from the beginning of `out`, where none are left. `measuring`: long data is counted in skipped_
  /// and not made. False: that was the end.
  virtual Result<bool> fill(bool measuring) = 0;
  Result<std::uint64_t> length();  ///< of all from here on; rewind afterwards
  void start_over() {
    out_begin_ = out_end_ = 0;
    skipped_ = 0;
  }

  std::size_t out_begin_ = 0, out_end_ = 0;
  std::uint64_t skipped_ = 0;

 private:
  const std::byte* pieces_;
};

}  // namespace handsync::items
