// The committed documents: each is read in chunks of several sizes and must give its XML, and written from its XML must
// give its bytes.
#include <filesystem>
#include <fstream>

#include "engine/wbxml/support.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::wbxml;

namespace {

constexpr std::size_t kChunkSizes[] = {1, 2, 3, 7, SIZE_MAX};

struct Vector {
  std::string file, xml;
  Document document;
  bool written = false;
};

std::vector<Vector> vectors() {
  std::vector<Vector> list;
  for (const auto& entry : std::filesystem::directory_iterator(TESTS_DIR "/engine/wbxml/vectors")) {
    if (entry.path().filename() == "malformed.txt") continue;
    std::ifstream stream(entry.path());
    Vector vector{entry.path().filename(), {}, {}, false};
    std::string line, hex, *block = nullptr;
    while (std::getline(stream, line)) {
      if (line == "[hex]") {
        block = &hex;
      } else if (line == "[xml]") {
        block = &vector.xml;
      } else if (block != nullptr) {
        *block += (block == &hex ? " " : "") + line;
      } else if (line.find("read and written") != std::string::npos) {
        vector.written = true;
      }
    }
    vector.document = from_hex(hex);
    list.push_back(vector);
  }
  return list;
}

}  // namespace

TEST_GROUP(WbxmlVectors){};

TEST(WbxmlVectors, AreAllThere) {
  const auto list = vectors();
  CHECK_EQUAL(32u, list.size());
  CHECK_EQUAL(28, std::count_if(list.begin(), list.end(), [](const Vector& vector) { return vector.written; }));
}

TEST(WbxmlVectors, ReadInChunksOfAnySizeGiveTheirXml) {
  for (const Vector& vector : vectors()) {
    for (const std::size_t chunk_bytes : kChunkSizes) {
      StringOut out;
      XmlSink sink(out, {.masked = nullptr});
      STRCMP_EQUAL_TEXT("ok", outcome(read(sink, vector.document, chunk_bytes)).c_str(), vector.file.c_str());
      STRCMP_EQUAL_TEXT(vector.xml.c_str(), out.text.c_str(), vector.file.c_str());
    }
  }
}

TEST(WbxmlVectors, WrittenFromTheirXmlGiveTheirBytes) {
  for (const Vector& vector : vectors()) {
    if (!vector.written) continue;
    Document room(4096);
    Writer writer(room);
    CHECK_TEXT(XmlToWbxml(vector.xml, writer).run(), vector.file.c_str());
    STRCMP_EQUAL_TEXT("ok", outcome(writer.status()).c_str(), vector.file.c_str());
    STRCMP_EQUAL_TEXT(to_hex(vector.document).c_str(), to_hex(writer.document()).c_str(), vector.file.c_str());
  }
}

TEST(WbxmlVectors, CutAtAnyByteAreTruncatedThere) {
  for (const Vector& vector : vectors()) {
    for (std::size_t bytes = 0; bytes < vector.document.size(); ++bytes) {
      Recorder recorder;
      const std::string expected = "kTruncated " + std::to_string(bytes);
      const Bytes beginning = Bytes(vector.document).first(bytes);
      STRCMP_EQUAL_TEXT(expected.c_str(), outcome(read(recorder, beginning)).c_str(), vector.file.c_str());
    }
  }
}

TEST(WbxmlVectors, MalformedOnesEndInTheNamedFaultAtItsOffset) {
  std::ifstream stream(TESTS_DIR "/engine/wbxml/vectors/malformed.txt");
  std::string line;
  int rows = 0;
  while (std::getline(stream, line)) {
    if (line.starts_with("#")) continue;
    const std::size_t first = line.find('\t'), second = line.find('\t', first + 1);
    const std::string what = line.substr(0, first);
    const std::string expected = line.substr(second + 1);
    const Document document = from_hex(line.substr(first + 1, second - first - 1));
    ++rows;
    for (const std::size_t chunk_bytes : kChunkSizes) {
      StringOut out;
      XmlSink sink(out);
      const std::string found = outcome(read(sink, document, chunk_bytes));
      STRCMP_EQUAL_TEXT(expected.c_str(), (found == "ok" ? "read " + out.text : found).c_str(), what.c_str());
    }
  }
  CHECK_EQUAL(39, rows);
}
