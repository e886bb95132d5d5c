#include "exchange/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace exchange {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib's way to say: gzip framing

class Deflater {
 public:
  Deflater() {
    if (deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::runtime_error("zlib did not start");
    }
  }
  ~Deflater() { deflateEnd(&stream_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  void feed(std::string_view bytes, bool last) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
      stream_.avail_out = static_cast<uInt>(buffer_.size());
      deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
      out_.append(buffer_.data(), buffer_.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }
  std::string take() { return std::move(out_); }

 private:
  z_stream stream_{};
  std::array<char, 16384> buffer_{};
  std::string out_;
};

}  // namespace

std::string gzip(std::string_view bytes) {
  Deflater deflater;
  deflater.feed(bytes, true);
  return deflater.take();
}

std::string gzip_repeated(std::string_view head, char filler, std::size_t count) {
  const std::string block(1 << 16, filler);
  Deflater deflater;
  deflater.feed(head, false);
  while (count > 0) {
    const std::size_t size = std::min(count, block.size());
    count -= size;
    deflater.feed(std::string_view(block).substr(0, size), false);
  }
  deflater.feed({}, true);
  return deflater.take();
}

std::string gunzip(std::string_view bytes, std::size_t bytes_max) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::runtime_error("zlib did not start");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::array<char, 16384> buffer{};
  std::string out;
  int result = Z_OK;
  while (result == Z_OK && out.size() <= bytes_max) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    result = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("not a whole gzip body, or larger than allowed");
  return out;
}

}  // namespace exchange
