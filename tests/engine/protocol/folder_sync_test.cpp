#include <string>

#include "engine/protocol/support.h"
#include "protocol/folder_sync.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::protocol;

namespace {

struct FolderLog final : FolderSink {
  Status put(Text id, Text parent, Text name, std::uint8_t type) override {
    text +=
        std::string(id) + " in " + std::string(parent) + " " + std::string(name) + " " + std::to_string(type) + "\n";
    return Done{};
  }
  Status remove(Text id) override {
    text += "gone " + std::string(id) + "\n";
    return Done{};
  }
  std::string text;
};

struct Read {
  explicit Read(const wbxml::Document& document, std::size_t chunk = SIZE_MAX)
      : response(log), outcome(wbxml::read(response, document, chunk)) {}
  explicit Read(const std::string& xml) : Read(document_of(xml)) {}
  FolderLog log;
  FolderSyncResponse response;
  Status outcome;
};

std::string tree(const std::string& changes) {
  return "<FolderSync xmlns=\"FolderHierarchy\"><Status>1</Status><SyncKey>2</SyncKey><Changes>" + changes +
         "</Changes></FolderSync>";
}

}  // namespace

TEST_GROUP(FolderSync){};

TEST(FolderSync, RequestBytes) {
  const Written written([](Room room) { return write_folder_sync(room, "0"); });
  STRCMP_EQUAL(wbxml::to_hex(vector_bytes("02-foldersync-request-0")).c_str(), written.hex().c_str());
  CHECK(write_folder_sync(Room{}, "0").error().domain == Domain::kMemory);
}

TEST(FolderSync, FourFoldersInChunksOfAnySize) {
  for (const std::size_t chunk : kChunkSizes) {
    const Read read(vector_bytes("03-foldersync-response"), chunk);
    CHECK(read.outcome.ok());
    LONGS_EQUAL(1, read.response.status());
    STRCMP_EQUAL("1", std::string(read.response.sync_key()).c_str());
    STRCMP_EQUAL(
        "5 in 0 Inbox 2\n3 in 0 Gel\xC3\xB6schte Objekte 4\n1 in 0 \xE3\x82\xAB\xE3\x83\xAC\xE3\x83\xB3\xE3\x83\x80"
        "\xE3\x83\xBC 8\n12 in 5 R&D 12\n",
        read.log.text.c_str());
  }
}

TEST(FolderSync, UpdateDeleteAndAnyOrder) {
  const Read read(
      "<FolderSync xmlns=\"FolderHierarchy\"><Changes><Delete><ServerId>9</ServerId></Delete><Update><Type>12</Type>"
      "<DisplayName>New</DisplayName><ParentId>5</ParentId><ServerId>8</ServerId></Update><Count>2</Count></Changes>"
      "<SyncKey>{a}4</SyncKey><Status>1</Status></FolderSync>");
  CHECK(read.outcome.ok());
  STRCMP_EQUAL("gone 9\n8 in 5 New 12\n", read.log.text.c_str());
  STRCMP_EQUAL("{a}4", std::string(read.response.sync_key()).c_str());
}

TEST(FolderSync, MissingStatusAndUnknownElementsAreHarmless) {
  const Read read(
      "<FolderSync xmlns=\"FolderHierarchy\"><SyncKey>2</SyncKey><Body xmlns=\"AirSyncBase\"><Data>x</Data></Body>"
      "<Changes><Add><Data xmlns=\"AirSyncBase\">y</Data><ServerId>1</ServerId><Version>3</Version></Add></Changes>"
      "</FolderSync>");
  CHECK(read.outcome.ok());
  LONGS_EQUAL(0, read.response.status());
  STRCMP_EQUAL("1 in 0  18\n", read.log.text.c_str());
}

TEST(FolderSync, UnknownPageIsSkipped) {
  // Page 0x63, token 0x3F with content "x", inside Changes.
  const Read read(
      wbxml::from_hex("03 01 6A 00 00 07 56 4C 03 31 00 01 4E 00 63 7F 03 78 00 01 00 07 4F 48 03 35 00 01 01 01 01"));
  CHECK(read.outcome.ok());
  STRCMP_EQUAL("5 in 0  18\n", read.log.text.c_str());
}

TEST(FolderSync, AFolderThatCannotBeUsedCostsOnlyItself) {
  const std::string id(65, 'i');
  const Read read(tree("<Add><ServerId>" + id +
                       "</ServerId></Add><Add><DisplayName>no id</DisplayName></Add><Delete/>" +
                       "<Add><ServerId>7</ServerId><ParentId>" + id + "</ParentId><Type>x</Type></Add>"));
  CHECK(read.outcome.ok());
  STRCMP_EQUAL("7 in 0  18\n", read.log.text.c_str());
}

TEST(FolderSync, ALongNameIsCutOnAWholeCharacter) {
  std::string name;
  for (int i = 0; i < 400; ++i) name += "\xC3\xA4";
  const Read read(tree("<Add><ServerId>1</ServerId><DisplayName>" + name + "</DisplayName></Add>"));
  CHECK(read.outcome.ok());
  STRCMP_EQUAL(("1 in 0 " + name.substr(0, 764) + " 18\n").c_str(), read.log.text.c_str());
}

TEST(FolderSync, NamesItsFaults) {
  const Read wrong("<Sync xmlns=\"AirSync\"><Status>1</Status></Sync>");
  CHECK(wrong.outcome.error() == answer_fault(Command::kFolderSync, AnswerFault::kWrongRoot));
  const Read key("<FolderSync xmlns=\"FolderHierarchy\"><SyncKey>" + std::string(65, 'k') + "</SyncKey></FolderSync>");
  CHECK(key.outcome.error() == answer_fault(Command::kFolderSync, AnswerFault::kValueTooLong));
  const Read huge("<FolderSync xmlns=\"FolderHierarchy\"><SyncKey>" + std::string(5000, 'k') +
                  "</SyncKey></FolderSync>");
  CHECK(huge.outcome.error() == answer_fault(Command::kFolderSync, AnswerFault::kValueTooLong));
}

TEST(FolderSync, ValuesNobodyWantsMayBeOfAnyLength) {
  const Read read(tree("<Add><Version>" + std::string(5000, 'v') + "</Version><ServerId>1</ServerId></Add>"));
  CHECK(read.outcome.ok());
  STRCMP_EQUAL("1 in 0  18\n", read.log.text.c_str());
}

TEST(FolderSync, OpaqueTextIsText) {
  const Read read(
      "<FolderSync xmlns=\"FolderHierarchy\"><Status opaque=\"text\">1</Status><SyncKey opaque=\"text\">k</SyncKey>"
      "</FolderSync>");
  CHECK(read.outcome.ok());
  LONGS_EQUAL(1, read.response.status());
  STRCMP_EQUAL("k", std::string(read.response.sync_key()).c_str());
}

TEST(FolderSync, CutAnywhereIsAnError) {
  const wbxml::Document whole = vector_bytes("03-foldersync-response");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(Read(wbxml::Document(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))).outcome.ok());
  }
}

TEST(FolderSync, NumbersAreReadTolerantly) {
  LONGS_EQUAL(12, parse_number(" 12\r\n").value());
  UNSIGNED_LONGS_EQUAL(4294967295U, parse_number("4294967295").value());
  for (const Text bad :
       {Text(), Text(" "), Text("4294967296"), Text("-1"), Text("1.5"), Text("0x1"), Text("12345678901")}) {
    CHECK_FALSE(parse_number(bad).ok());
  }
}
