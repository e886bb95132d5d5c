// The writer: bytes of each call, every fault by name, overflow as an answer.
#include "engine/wbxml/support.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::wbxml;

namespace {

void write_sample(Writer& writer) {
  writer.open(ping::kPing).element(ping::kHeartbeatInterval, 480).open(ping::kFolders);
  writer.open(ping::kFolder).element(ping::kId, "5").element(ping::kClass, Text()).close();
  writer.empty(air_sync::kMoreAvailable).open(email2::kConversationId).opaque(bytes_of("\x01\x02")).close();
  writer.close().close();
}

constexpr const char* kSampleHex =
    "03 01 6A 00 00 0D 45 48 03 34 38 30 00 01 49 4A 4B 03 35 00 01 0C 01 00 00 14 00 16 49 C3 02 01 02 01 01 01";

}  // namespace

TEST_GROUP(WbxmlWriter) {
  std::byte room[512];
  std::string fault(void (*write)(Writer&)) {
    Writer writer(room);
    write(writer);
    return outcome(writer.status());
  }
};

TEST(WbxmlWriter, WritesTheBytes) {
  Writer writer(room);
  write_sample(writer);
  STRCMP_EQUAL("ok", outcome(writer.status()).c_str());
  STRCMP_EQUAL(kSampleHex, to_hex(writer.document()).c_str());
}

TEST(WbxmlWriter, OverflowIsAnAnswerThatNamesTheRoomNeeded) {
  const std::size_t needed = from_hex(kSampleHex).size();
  for (std::size_t bytes = 0; bytes <= needed + 1; ++bytes) {
    std::fill(std::begin(room), std::end(room), std::byte{0xEE});
    Writer writer(Room(room).first(bytes));
    write_sample(writer);
    CHECK_EQUAL(needed, writer.size());
    const Status status = writer.status();
    CHECK_EQUAL(bytes >= needed, status.ok());
    if (!status.ok()) CHECK(status.error() == out_of_memory(needed));
    CHECK_EQUAL(std::min(bytes, needed), writer.document().size());
    STRCMP_EQUAL(std::string(kSampleHex).substr(0, std::min(bytes, needed) * 3).c_str(),
                 (to_hex(writer.document()) + (bytes > 0 && bytes < needed ? " " : "")).c_str());
    for (std::size_t i = bytes; i < std::size(room); ++i) CHECK(room[i] == std::byte{0xEE});
  }
}

TEST(WbxmlWriter, MeasuresIntoNoRoomAtAll) {
  Writer writer(Room{});
  write_sample(writer);
  CHECK_EQUAL(from_hex(kSampleHex).size(), writer.size());
  CHECK(writer.status().error().domain == Domain::kMemory);
  CHECK(writer.document().empty());
}

TEST(WbxmlWriter, OpaqueLengthsTakeAsManyBytesAsTheyNeed) {
  const std::pair<std::uint32_t, const char*> lengths[] = {
      {0, "C3 00"},           {127, "C3 7F"},           {128, "C3 81 00"},           {16383, "C3 FF 7F"},
      {16384, "C3 81 80 00"}, {1100000, "C3 C3 91 60"}, {2097152, "C3 81 80 80 00"}, {UINT32_MAX, "C3 8F FF FF FF 7F"},
  };
  for (const auto& [bytes, hex] : lengths) {
    Writer writer(room);
    writer.open(compose_mail::kMime);
    const std::size_t from = writer.size();
    writer.opaque_elsewhere(bytes);
    STRCMP_EQUAL(hex, to_hex(writer.document().subspan(from)).c_str());
  }
}

TEST(WbxmlWriter, OpaqueFromElsewhereGoesBetweenTwoParts) {
  const std::string mime = "From: a@example.com\r\n\r\nHello";
  Writer writer(room);
  writer.open(compose_mail::kSendMail)
      .open(compose_mail::kMime)
      .opaque_elsewhere(static_cast<std::uint32_t>(mime.size()));
  const std::size_t split = writer.size();
  writer.close().close();
  CHECK(writer.status().ok());
  Recorder recorder;
  Reader reader(recorder);
  CHECK(reader.feed(writer.document().first(split)).ok());
  CHECK(reader.feed(bytes_of(mime)).ok());
  CHECK(reader.feed(writer.document().subspan(split)).ok());
  CHECK(reader.finish().ok());
  CHECK(recorder.events[2] == (Event{Event::kOpaque, 0, mime}));
}

TEST(WbxmlWriter, NumbersAreDecimal) {
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{9}, std::uint64_t{10}, std::uint64_t{UINT64_MAX}}) {
    Writer writer(room);
    writer.element(air_sync::kStatus, value);
    Recorder recorder;
    CHECK(read(recorder, writer.document()).ok());
    STRCMP_EQUAL(std::to_string(value).c_str(), recorder.events[1].text.c_str());
  }
}

TEST(WbxmlWriter, EveryFaultHasItsName) {
  STRCMP_EQUAL("kTruncated 4", fault([](Writer&) {}).c_str());
  STRCMP_EQUAL("kTruncated 5", fault([](Writer& writer) { writer.open(air_sync::kSync); }).c_str());
  STRCMP_EQUAL("kEndWithoutElement 4", fault([](Writer& writer) { writer.close(); }).c_str());
  STRCMP_EQUAL("kEndWithoutElement 5", fault([](Writer& writer) { writer.empty(air_sync::kSync).close(); }).c_str());
  STRCMP_EQUAL("kAfterRoot 5",
               fault([](Writer& writer) { writer.empty(air_sync::kSync).empty(air_sync::kAdd); }).c_str());
  STRCMP_EQUAL("kAfterRoot 5", fault([](Writer& writer) { writer.empty(air_sync::kSync).text("x"); }).c_str());
  STRCMP_EQUAL("kTextOutside 4", fault([](Writer& writer) { writer.text("x"); }).c_str());
  STRCMP_EQUAL("kTextOutside 4", fault([](Writer& writer) { writer.opaque(bytes_of("x")); }).c_str());
  STRCMP_EQUAL("kTextOutside 4", fault([](Writer& writer) { writer.opaque_elsewhere(1); }).c_str());
  STRCMP_EQUAL("kToken 4", fault([](Writer& writer) { writer.empty(0); }).c_str());
  STRCMP_EQUAL("kToken 4", fault([](Writer& writer) { writer.open(make_tag(0, 0x45)).close(); }).c_str());
  STRCMP_EQUAL("kUtf8 6", fault([](Writer& writer) {
                            writer.open(air_sync::kSync).element(air_sync::kClass, "a\xC3").close();
                          }).c_str());
  STRCMP_EQUAL("kUtf8 6", fault([](Writer& writer) {
                            writer.open(air_sync::kSync).element(air_sync::kClass, Text("a\0b", 3)).close();
                          }).c_str());
  STRCMP_EQUAL("kDepth 36", fault([](Writer& writer) {
                              for (int i = 0; i < 33; ++i) writer.open(air_sync::kSync);
                            }).c_str());
}

TEST(WbxmlWriter, FirstFaultIsKeptAndNothingIsWrittenAfterIt) {
  Writer writer(room);
  writer.open(air_sync::kSync).text("\xFF").empty(0).text("more").number(7).close().close().close();
  STRCMP_EQUAL("kUtf8 5", outcome(writer.status()).c_str());
  CHECK_EQUAL(5u, writer.size());
}

TEST(WbxmlWriter, AFaultCountsMoreThanTheRoom) {
  Writer writer(Room(room).first(3));
  writer.open(air_sync::kSync).text("\xFF").close();
  STRCMP_EQUAL("kUtf8 5", outcome(writer.status()).c_str());
}
