/// gzip and deflate content codings, inflated as they arrive, with a bound on what may come out (RFC 1950-1952).
#pragma once
#include <zlib.h>

#include "handsync/base.h"

namespace handsync::http {

/// Takes the pieces of a body. An error ends everything and is passed up.
class BodySink {
 public:
  virtual Status body(Bytes) = 0;

 protected:
  ~BodySink() = default;
};

class Inflater {
 public:
  enum class Coding : std::uint8_t { kIdentity, kGzip, kDeflate };

  Inflater() = default;
  ~Inflater() { stop(); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  void start(Coding coding);  ///< takes no memory before the first byte
  Status feed(Bytes, BodySink&);
  Status end();  ///< kBadEncoding when the stream is not whole
  void stop();   ///< gives the memory back

  /// Output may be kRatioMax times the input and kSlackBytes more: a log is as repetitive as deflate can tell.
  static constexpr std::uint64_t kRatioMax = 100, kSlackBytes = 8u << 20;

 private:
  Status open(std::byte first, std::byte second);
  Status run(Bytes, BodySink&);

  Coding coding_ = Coding::kIdentity;
  z_stream stream_{};
  bool open_ = false, whole_ = false;
  std::byte held_[2]{};  ///< deflate comes with and without the zlib head: two bytes tell
  std::uint8_t held_bytes_ = 0;
  std::uint64_t in_bytes_ = 0, out_bytes_ = 0;
};

}  // namespace handsync::http
