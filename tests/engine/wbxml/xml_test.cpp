// The renderer: marks, masks and what XML cannot hold.
#include "engine/wbxml/support.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::wbxml;

namespace {

std::string rendered(void (*write)(Writer&), XmlStyle style = {}, std::size_t chunk_bytes = SIZE_MAX) {
  std::byte room[1024];
  Writer writer(room);
  write(writer);
  CHECK(writer.status().ok());
  StringOut out;
  XmlSink sink(out, style);
  CHECK(read(sink, writer.document(), chunk_bytes).ok());
  return out.text;
}

struct Full final : TextOut {
  explicit Full(int pieces) : left(pieces) {}
  Status put(Text) override {
    if (left-- == 0) return out_of_memory(5);
    return Done{};
  }
  int left;
};

}  // namespace

TEST_GROUP(WbxmlXml){};

TEST(WbxmlXml, MasksSecretsAndNothingElse) {
  const auto write = [](Writer& writer) {
    writer.open(settings::kSettings).open(settings::kDevicePassword).open(settings::kSet);
    writer.element(settings::kPassword, "hunter2").close().close().element(settings::kModel, "Tin can").close();
  };
  STRCMP_EQUAL(
      "<Settings xmlns=\"Settings\"><DevicePassword><Set><Password>***</Password></Set></DevicePassword><Model>Tin "
      "can</Model></Settings>",
      rendered(write).c_str());
  STRCMP_CONTAINS("<Password>***</Password>", rendered(write, {}, 1).c_str());
  STRCMP_CONTAINS("<Password>hunter2</Password>", rendered(write, {.masked = nullptr}).c_str());
  STRCMP_CONTAINS("<Model>***</Model>",
                  rendered(write, {.masked = [](Tag tag) { return tag == settings::kModel; }}).c_str());
}

TEST(WbxmlXml, MasksOpaqueSecretsToo) {
  STRCMP_EQUAL("<Settings xmlns=\"Settings\"><Password>***</Password></Settings>",
               rendered([](Writer& writer) {
                 writer.open(settings::kSettings).open(settings::kPassword);
                 writer.opaque(bytes_of("hunter")).text("2").close().close();
               }).c_str());
}

TEST(WbxmlXml, EscapesWhatWouldBeMarkup) {
  STRCMP_EQUAL("<Sync xmlns=\"AirSync\">a &lt;b&gt; &amp; \"c\"&#13;\n\t\xEF\xBF\xBD</Sync>",
               rendered([](Writer& writer) { writer.element(air_sync::kSync, "a <b> & \"c\"\r\n\t\x1B"); }).c_str());
}

TEST(WbxmlXml, Base64OfEveryRemainderInEveryChunking) {
  for (std::size_t chunk_bytes = 1; chunk_bytes < 9; ++chunk_bytes) {
    STRCMP_EQUAL(
        "<Data xmlns=\"GAL\" opaque=\"base64\">Zg==</Data>",
        rendered([](Writer& w) { w.open(gal::kData).opaque(bytes_of("f")).close(); }, {}, chunk_bytes).c_str());
    STRCMP_EQUAL(
        "<Data xmlns=\"GAL\" opaque=\"base64\">Zm9vYmE=</Data>",
        rendered([](Writer& w) { w.open(gal::kData).opaque(bytes_of("fooba")).close(); }, {}, chunk_bytes).c_str());
    STRCMP_EQUAL(
        "<Data xmlns=\"GAL\" opaque=\"base64\">Zm9vYmFy</Data>",
        rendered([](Writer& w) { w.open(gal::kData).opaque(bytes_of("foobar")).close(); }, {}, chunk_bytes).c_str());
  }
}

TEST(WbxmlXml, OpaqueTextKeepsCutCharactersAndReplacesBrokenOnes) {
  for (std::size_t chunk_bytes = 1; chunk_bytes < 20; ++chunk_bytes) {
    STRCMP_EQUAL(
        "<Data xmlns=\"AirSyncBase\" "
        "opaque=\"text\">\xE2\x82\xAC\xC3\xBC|\xEF\xBF\xBD|\xEF\xBF\xBDz\xEF\xBF\xBD\xE2\x82\xAC\xEF\xBF\xBD</Data>",
        rendered(
            [](Writer& w) {
              w.open(air_sync_base::kData);
              w.opaque(bytes_of("\xE2\x82\xAC\xC3\xBC|\xFF|\xE2\x82z\xE2\xE2\x82\xAC\xF0\x9F")).close();
            },
            {}, chunk_bytes)
            .c_str());
  }
}

TEST(WbxmlXml, UnknownElementsShowTheirNumbersAndOpaqueBytes) {
  STRCMP_EQUAL("<Sync xmlns=\"AirSync\"><Token3F opaque=\"base64\">AA==</Token3F><Token05 xmlns=\"Page200\"/></Sync>",
               rendered([](Writer& writer) {
                 writer.open(air_sync::kSync).open(make_tag(0, 0x3F)).opaque(bytes_of(Text("\0", 1))).close();
                 writer.empty(make_tag(200, 5)).close();
               }).c_str());
}

TEST(WbxmlXml, IndentsALevelByTwoSpaces) {
  STRCMP_EQUAL(
      "<Ping xmlns=\"Ping\">\n  <HeartbeatInterval>480</HeartbeatInterval>\n  <Folders>\n    <Folder/>\n  "
      "</Folders>\n</Ping>",
      rendered(
          [](Writer& writer) {
            writer.open(ping::kPing).element(ping::kHeartbeatInterval, 480);
            writer.open(ping::kFolders).empty(ping::kFolder).close().close();
          },
          {.indent = true})
          .c_str());
}

TEST(WbxmlXml, ErrorOfTheOutputStopsTheReading) {
  const Document document = from_hex("03 01 6A 00 00 0D 45 47 03 31 00 01 01");
  int pieces = 0;
  for (;; ++pieces) {
    Full full(pieces);
    XmlSink sink(full);
    const Status status = read(sink, document);
    if (status.ok()) break;
    CHECK(status.error() == out_of_memory(5));
  }
  CHECK(pieces > 5);
}
