/// Decodes a generated Sync response again and again; tests/bench/wbxml counts the instructions of it.
///
///     wbxml_bench events|typed|write REPEATS [BYTES] [CHUNK] [opaque]
///
/// events: every event is delivered and counted. typed: 16 fields of each mail are copied into strings that are used
/// again. write: nothing is decoded. CHUNK 0: the whole document in one piece. Prints one line; ends with 1 if decoding
/// fails or, in `events`, if anything was allocated meanwhile.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>

#include "sync_generator.h"
#include "wbxml/reader.h"

namespace {
std::size_t allocations = 0;
}

void* operator new(std::size_t bytes) {
  ++allocations;
  void* const memory = std::malloc(bytes);
  if (memory == nullptr) std::abort();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace handsync::bench {
namespace {

class Counter final : public wbxml::Sink {
 public:
  Status open(wbxml::Tag) override {
    ++elements;
    return Done{};
  }
  Status text(Bytes piece, bool) override {
    text_bytes += piece.size();
    return Done{};
  }
  Status close(wbxml::Tag) override { return Done{}; }

  std::size_t elements = 0;
  std::size_t text_bytes = 0;
};

class TypedMails final : public wbxml::Sink {
 public:
  Status open(wbxml::Tag tag) override {
    field_ = field_of(tag);
    if (field_ != kNone) fields_[field_].clear();
    return Done{};
  }
  Status text(Bytes piece, bool) override {
    if (field_ != kNone) fields_[field_].append(text_of(piece));
    return Done{};
  }
  Status close(wbxml::Tag tag) override {
    field_ = kNone;
    if (tag != wbxml::air_sync::kAdd) return Done{};
    ++elements;
    for (const std::string& field : fields_) text_bytes += field.size();
    return Done{};
  }

  std::size_t elements = 0;  // mails
  std::size_t text_bytes = 0;

 private:
  static constexpr std::size_t kNone = 16;
  static std::size_t field_of(wbxml::Tag tag) {
    using namespace wbxml;
    switch (tag) {
      case air_sync::kServerId:
        return 0;
      case email::kTo:
        return 1;
      case email::kCc:
        return 2;
      case email::kFrom:
        return 3;
      case email::kSubject:
        return 4;
      case email::kDateReceived:
        return 5;
      case email::kDisplayTo:
        return 6;
      case email::kThreadTopic:
        return 7;
      case email::kImportance:
        return 8;
      case email::kRead:
        return 9;
      case air_sync_base::kData:
        return 10;
      case air_sync_base::kPreview:
        return 11;
      case email::kMessageClass:
        return 12;
      case email::kInternetCPID:
        return 13;
      case email2::kConversationId:
        return 14;
      case email2::kConversationIndex:
        return 15;
      default:
        return kNone;
    }
  }
  std::size_t field_ = kNone;
  std::string fields_[16];
};

bool decode(wbxml::Sink& sink, Bytes document, std::size_t chunk_bytes) {
  wbxml::Reader reader(sink);
  std::size_t at = 0;
  for (; document.size() - at > chunk_bytes; at += chunk_bytes) {
    if (!reader.feed(document.subspan(at, chunk_bytes)).ok()) return false;
  }
  return reader.feed(document.subspan(at)).ok() && reader.finish().ok();
}

template <class Kind>
int run(Bytes document, unsigned long repeats, std::size_t chunk_bytes, std::uint32_t mails) {
  Kind sink;
  const std::size_t allocations_before = allocations;
  const auto begin = std::chrono::steady_clock::now();
  for (unsigned long i = 0; i < repeats; ++i) {
    if (!decode(sink, document, chunk_bytes)) return 1;
  }
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  const std::size_t allocated = allocations - allocations_before;
  std::printf("bytes %zu mails %u elements %zu text_bytes %zu allocations %zu mb_per_s %.0f\n", document.size(), mails,
              sink.elements, sink.text_bytes, allocated,
              static_cast<double>(document.size() * repeats) / 1e6 / elapsed.count());
  return std::is_same_v<Kind, Counter> && allocated != 0 ? 1 : 0;
}

}  // namespace
}  // namespace handsync::bench

int main(int count, char** arguments) {
  using namespace handsync::bench;
  if (count < 3) {
    std::fprintf(stderr, "wbxml_bench events|typed|write REPEATS [BYTES] [CHUNK] [opaque]\n");
    return 2;
  }
  const std::string mode = arguments[1];
  const unsigned long repeats = std::strtoul(arguments[2], nullptr, 10);
  const std::size_t bytes_min = count > 3 ? std::strtoul(arguments[3], nullptr, 10) : 1000000;
  std::size_t chunk_bytes = count > 4 ? std::strtoul(arguments[4], nullptr, 10) : 0;
  if (chunk_bytes == 0) chunk_bytes = SIZE_MAX;
  std::uint32_t mails = 0;
  const std::vector<std::byte> document = sync_response(bytes_min, count > 5, mails);
  if (document.empty()) return 1;
  if (mode == "typed") return run<TypedMails>(document, repeats, chunk_bytes, mails);
  if (mode == "events") return run<Counter>(document, repeats, chunk_bytes, mails);
  std::fwrite(document.data(), 1, document.size(), stdout);
  return 0;
}
