// What the reader promises beyond the vectors: chunks do not matter, sinks can stop it, every page and token comes
// through.
#include "engine/wbxml/support.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::wbxml;

namespace {

/// Refuses at the Nth call.
class Refusing final : public Sink {
 public:
  explicit Refusing(int after) : left_(after) {}
  Status open(Tag) override { return step(); }
  Status text(Bytes, bool) override { return step(); }
  Status close(Tag) override { return step(); }
  int calls = 0;

 private:
  Status step() {
    ++calls;
    if (left_-- == 0) return out_of_memory(77);
    return Done{};
  }
  int left_;
};

/// Looks at the reader while it is called.
class Watching final : public Sink {
 public:
  Status open(Tag) override { return note('<'); }
  Status text(Bytes, bool) override { return note('t'); }
  Status close(Tag) override { return note('>'); }
  Reader* reader = nullptr;
  std::string notes;

 private:
  Status note(char what) {
    notes += what + std::to_string(reader->offset()) + "/" + std::to_string(reader->depth()) + " ";
    return Done{};
  }
};

Document long_text_document(const std::string& text, bool opaque) {
  Document room(text.size() + 64);
  Writer writer(room);
  writer.open(air_sync_base::kBody).open(air_sync_base::kData);
  if (opaque) {
    writer.opaque(bytes_of(text));
  } else {
    writer.text(text);
  }
  writer.close().element(air_sync_base::kType, 2).close();
  room.resize(writer.size());
  return room;
}

}  // namespace

TEST_GROUP(WbxmlReader){};

TEST(WbxmlReader, ChunksOfEverySizeGiveTheSameEvents) {
  std::string text;
  while (text.size() < 700)
    text +=
        "plain ascii, then Gr\xC3\xBC\xC3\x9F"
        "e \xE2\x82\xAC \xF0\x9F\x93\xB1; ";
  for (const bool opaque : {false, true}) {
    const Document document = long_text_document(text, opaque);
    Recorder whole;
    CHECK(read(whole, document).ok());
    CHECK(whole.events[2].text == text);
    for (std::size_t chunk_bytes = 1; chunk_bytes < 140; ++chunk_bytes) {
      Recorder recorder;
      STRCMP_EQUAL("ok", outcome(read(recorder, document, chunk_bytes)).c_str());
      CHECK(recorder.events == whole.events);
    }
  }
}

TEST(WbxmlReader, OneByteInTheWrongPlaceIsFoundAtItsOffsetWhateverTheChunks) {
  for (std::size_t at = 0; at < 200; at += 13) {
    std::string text(200, 'a');
    text[at] = static_cast<char>(0xFF);
    Document document = long_text_document(std::string(200, 'a'), false);
    const std::size_t begin = 9;  // head, page, Body, Data, STR_I
    document[begin + at] = std::byte{0xFF};
    const std::string expected = "kUtf8 " + std::to_string(begin + at);
    for (const std::size_t chunk_bytes : {std::size_t{1}, std::size_t{5}, std::size_t{64}, std::size_t{SIZE_MAX}}) {
      Recorder recorder;
      STRCMP_EQUAL(expected.c_str(), outcome(read(recorder, document, chunk_bytes)).c_str());
    }
    // The document ends while single bytes are still held.
    Recorder recorder;
    document.resize(begin + at + 1);
    STRCMP_EQUAL(expected.c_str(), outcome(read(recorder, document, 1)).c_str());
  }
}

TEST(WbxmlReader, EveryPageAndTokenIsDelivered) {
  for (unsigned page = 0; page < 256; ++page) {
    for (unsigned token = 5; token < 0x40; ++token) {
      const Document document = {std::byte{3},
                                 std::byte{1},
                                 std::byte{0x6A},
                                 std::byte{0},
                                 std::byte{0},
                                 static_cast<std::byte>(page),
                                 static_cast<std::byte>(token | 0x40),
                                 static_cast<std::byte>(token),
                                 std::byte{1}};
      const Tag tag = make_tag(static_cast<std::uint8_t>(page), static_cast<std::uint8_t>(token));
      Recorder recorder;
      CHECK(read(recorder, document).ok());
      CHECK_EQUAL(4u, recorder.events.size());
      for (const Event& event : recorder.events) CHECK_EQUAL(tag, event.tag);
    }
  }
}

TEST(WbxmlReader, EveryOtherTokenIsRefused) {
  for (unsigned token = 0; token < 256; ++token) {
    const bool known = token < 2 || token == 3 || token == 0xC3 || (token < 0x80 && (token & 0x3F) >= 5);
    if (known) continue;
    const Document document = {std::byte{3}, std::byte{1},    std::byte{0x6A},
                               std::byte{0}, std::byte{0x45}, static_cast<std::byte>(token)};
    Recorder recorder;
    STRCMP_EQUAL("kToken 5", outcome(read(recorder, document)).c_str());
  }
}

TEST(WbxmlReader, ThirtyTwoLevelsAreReadAndOneMoreIsNot) {
  for (const std::size_t levels : {kDepthMax, kDepthMax + 1}) {
    Document document = from_hex("03 01 6A 00");
    document.insert(document.end(), levels - 1, std::byte{0x45});
    document.push_back(std::byte{0x06});  // an empty one is a level too
    document.insert(document.end(), levels - 1, std::byte{0x01});
    Recorder recorder;
    STRCMP_EQUAL(levels == kDepthMax ? "ok" : "kDepth 36", outcome(read(recorder, document)).c_str());
  }
}

TEST(WbxmlReader, ErrorOfTheSinkStopsItForGood) {
  const Document document = from_hex("03 01 6A 00 00 0D 45 47 03 31 32 00 01 06 01");
  Recorder recorder;
  CHECK(read(recorder, document).ok());
  CHECK_EQUAL(7u, recorder.events.size());
  for (const std::size_t chunk_bytes : {std::size_t{1}, std::size_t{SIZE_MAX}}) {
    for (int after = 0; after < 7; ++after) {
      Refusing sink(after);
      Reader reader(sink);
      Status status = Done{};
      for (std::size_t at = 0; status.ok() && at < document.size();) {
        const Bytes chunk = Bytes(document).subspan(at, std::min(chunk_bytes, document.size() - at));
        status = reader.feed(chunk);
        at += chunk.size();
      }
      CHECK(status.error() == out_of_memory(77));
      CHECK(reader.feed(document).error() == out_of_memory(77));
      CHECK(reader.feed(Bytes(document).first(1)).error() == out_of_memory(77));
      CHECK(reader.feed({}).error() == out_of_memory(77));
      CHECK(reader.finish().error() == out_of_memory(77));
      CHECK_EQUAL(after + 1, sink.calls);
    }
  }
}

TEST(WbxmlReader, FaultIsRepeatedAndNothingIsDeliveredAfterIt) {
  Recorder recorder;
  Reader reader(recorder);
  STRCMP_EQUAL("kToken 5", outcome(reader.feed(from_hex("03 01 6A 00 45 02 01"))).c_str());
  STRCMP_EQUAL("kToken 5", outcome(reader.feed(from_hex("01"))).c_str());
  STRCMP_EQUAL("kToken 5", outcome(reader.finish()).c_str());
  CHECK_EQUAL(5u, reader.offset());
  CHECK_EQUAL(1u, recorder.events.size());
}

TEST(WbxmlReader, ResetReadsAnotherDocument) {
  const Document document = from_hex("03 01 6A 00 00 0D 45 47 03 31 00 01 01");
  Recorder recorder;
  Reader reader(recorder);
  CHECK_FALSE(reader.feed(from_hex("03 01 6A 00 00 0D 45 47 03 31 FF")).ok());
  reader.reset();
  recorder.events.clear();
  CHECK(reader.feed(document).ok());
  CHECK(reader.finish().ok());
  CHECK_EQUAL(document.size(), reader.offset());
  CHECK_EQUAL(0u, reader.depth());
  CHECK_EQUAL(5u, recorder.events.size());
  CHECK_EQUAL(ping::kPing, recorder.events[0].tag);
}

TEST(WbxmlReader, TellsOffsetAndDepthInsideTheCalls) {
  Watching sink;
  Reader reader(sink);
  sink.reader = &reader;
  CHECK(reader.feed(from_hex("03 01 6A 00 00 0D 45 47 03 31 32 00 C3 01 33 01 06 01")).ok());
  STRCMP_EQUAL("<7/1 <8/2 t12/2 t15/2 >16/2 <17/2 >17/2 >18/1 ", sink.notes.c_str());
}

TEST(WbxmlReader, EmptyChunksChangeNothing) {
  Recorder recorder;
  Reader reader(recorder);
  for (const std::byte value : from_hex("03 01 6A 00 00 0D 45 47 03 31 32 00 01 01")) {
    CHECK(reader.feed({}).ok());
    CHECK(reader.feed(Bytes(&value, 1)).ok());
  }
  CHECK(reader.feed({}).ok());
  CHECK(reader.finish().ok());
  CHECK(recorder.events[2].text == "12");
}

TEST(WbxmlReader, EmptyTextsAreNoEvents) {
  Recorder recorder;
  CHECK(read(recorder, from_hex("03 01 6A 00 00 0D 45 47 03 00 01 47 C3 00 01 01")).ok());
  CHECK_EQUAL(6u, recorder.events.size());
}
