#include "http/inflater.h"

#include "handsync/profile.h"
#include "http/fault.h"

namespace handsync::http {

void Inflater::start(Coding coding) {
  stop();
  coding_ = coding;
  whole_ = false;
  held_bytes_ = 0;
  in_bytes_ = out_bytes_ = 0;
}

void Inflater::stop() {
  if (profile::kGzip && open_) inflateEnd(&stream_);
  open_ = false;
}

Status Inflater::open(std::byte first, std::byte second) {
  constexpr int kWindowBits = 15, kGzipHead = 16;
  const unsigned head = std::to_integer<unsigned>(first) << 8 | std::to_integer<unsigned>(second);
  const bool zlib_head = (head & 0x0f00) == 0x0800 && head % 31 == 0;
  const int bits = coding_ == Coding::kGzip ? kWindowBits + kGzipHead : zlib_head ? kWindowBits : -kWindowBits;
  stream_ = z_stream{};
  const int rc = inflateInit2(&stream_, bits);
  if (rc == Z_MEM_ERROR) return out_of_memory();
  if (rc != Z_OK) return fault(Fault::kBadEncoding);
  open_ = true;
  return Done{};
}

Status Inflater::feed(Bytes bytes, BodySink& sink) {
  if (!profile::kGzip || coding_ == Coding::kIdentity) return sink.body(bytes);
  while (!open_ && !bytes.empty()) {
    held_[held_bytes_++] = bytes.front();
    ++in_bytes_;
    bytes = bytes.subspan(1);
    if (held_bytes_ < 2) continue;
    HANDSYNC_TRY(open(held_[0], held_[1]));
    HANDSYNC_TRY(run(held_, sink));
  }
  in_bytes_ += bytes.size();
  return run(bytes, sink);
}

Status Inflater::run(Bytes bytes, BodySink& sink) {
  while (!bytes.empty()) {
    if (whole_) {
      // Another gzip member may follow (RFC 1952 2.2); anything else is damage, which the next head will show.
      if (coding_ != Coding::kGzip || inflateReset(&stream_) != Z_OK) return fault(Fault::kBadEncoding);
      whole_ = false;
    }
    std::byte room[profile::kPassingBytes];
    // zlib declares next_in without const unless ZLIB_CONST is set; it does not write through it.
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    int rc = Z_OK;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(room);
      stream_.avail_out = sizeof room;
      rc = inflate(&stream_, Z_NO_FLUSH);
      if (rc == Z_MEM_ERROR) return out_of_memory();
      if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) return fault(Fault::kBadEncoding);
      const std::size_t made = sizeof room - stream_.avail_out;
      out_bytes_ += made;
      if (out_bytes_ > kSlackBytes + kRatioMax * in_bytes_) return fault(Fault::kBomb);
      if (made != 0) HANDSYNC_TRY(sink.body({room, made}));
    } while (rc == Z_OK && (stream_.avail_in != 0 || stream_.avail_out == 0));
    whole_ = rc == Z_STREAM_END;
    bytes = bytes.subspan(bytes.size() - stream_.avail_in);
    if (!whole_) break;
  }
  return Done{};
}

Status Inflater::end() {
  const bool fine = coding_ == Coding::kIdentity || (in_bytes_ == 0 || (open_ && whole_));
  stop();
  if (!fine) return fault(Fault::kBadEncoding);
  return Done{};
}

}  // namespace handsync::http
