// The response parser with its inflater, fed in pieces that the first byte chooses; then the connection ends.
#include <cstdlib>

#include "http/cookies.h"
#include "http/response.h"

namespace {

struct Counting final : handsync::http::ResponseSink {
  handsync::Status head(int, std::span<const handsync::http::Field> fields) override {
    if (fields.size() > 100) std::abort();
    for (const auto& field : fields) {
      if (handsync::http::same_text(field.name, "Set-Cookie"))
        jar.store("host.example", 443, "/a", field.value, 1'795'600'000);
    }
    return handsync::Done{};
  }
  handsync::Status body(handsync::Bytes bytes) override {
    out_bytes += bytes.size();
    return handsync::Done{};
  }
  handsync::Status end() override {
    if (ended) std::abort();
    ended = true;
    return handsync::Done{};
  }
  handsync::http::CookieJar jar;
  std::uint64_t out_bytes = 0;
  bool ended = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  if (bytes == 0) return 0;
  const std::size_t piece = data[0] == 0 ? SIZE_MAX : data[0];
  handsync::Bytes rest = std::as_bytes(std::span(data + 1, bytes - 1));
  Counting sink;
  handsync::http::Response response(sink);
  while (!rest.empty() && !response.done()) {
    const auto used = response.feed(rest.first(std::min(piece, rest.size())));
    if (!used.ok()) break;
    if (used.value() == 0 && !response.done()) std::abort();  // every step takes something
    rest = rest.subspan(used.value());
  }
  (void)response.connection_ended((data[0] & 1) != 0);
  if (response.done() != sink.ended) std::abort();
  if (sink.out_bytes > 65536 + 100 * std::uint64_t{bytes}) std::abort();
  return 0;
}
