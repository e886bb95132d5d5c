#include <string>

#include "engine/protocol/support.h"
#include "protocol/ping.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::protocol;

namespace {

struct Read {
  explicit Read(const wbxml::Document& document, std::size_t chunk = SIZE_MAX)
      : outcome(wbxml::read(response, document, chunk)) {}
  explicit Read(const std::string& xml) : Read(document_of(xml)) {}
  PingResponse response;
  Status outcome;
};

}  // namespace

TEST_GROUP(Ping){};

TEST(Ping, RequestBytes) {
  const PingFolder folders[] = {{"5", "Email"}, {"1", "Calendar"}};
  const Written written([&](Room room) { return write_ping(room, 470, folders); });
  STRCMP_EQUAL(wbxml::to_hex(vector_bytes("10-ping-request")).c_str(), written.hex().c_str());
}

TEST(Ping, ChangedFolders) {
  for (const std::size_t chunk : kChunkSizes) {
    const Read read(vector_bytes("11-ping-response-changes"), chunk);
    CHECK(read.outcome.ok());
    LONGS_EQUAL(2, read.response.status());
    LONGS_EQUAL(1, read.response.changed_count());
    STRCMP_EQUAL("5", std::string(read.response.changed(0)).c_str());
  }
}

TEST(Ping, StatusInTwoStrings) {
  for (const std::size_t chunk : kChunkSizes)
    LONGS_EQUAL(12, Read(vector_bytes("32-read-two-strings"), chunk).response.status());
}

TEST(Ping, LimitsOfTheServer) {
  const Read heartbeat("<Ping xmlns=\"Ping\"><HeartbeatInterval> 900 </HeartbeatInterval><Status>5</Status></Ping>");
  LONGS_EQUAL(5, heartbeat.response.status());
  LONGS_EQUAL(900, heartbeat.response.heartbeat_s());
  const Read folders("<Ping xmlns=\"Ping\"><Status>6</Status><MaxFolders>20</MaxFolders></Ping>");
  LONGS_EQUAL(20, folders.response.folders_max());
}

TEST(Ping, FoldersInTheFormOfTheRequestTwiceOrEmpty) {
  const Read read(
      "<Ping xmlns=\"Ping\"><Status>2</Status><Folders><Folder><Id>7</Id><Class>Email</Class></Folder><Folder/>"
      "<Folder>7</Folder><Folder>\n 8 </Folder></Folders></Ping>");
  CHECK(read.outcome.ok());
  LONGS_EQUAL(2, read.response.changed_count());
  STRCMP_EQUAL("7", std::string(read.response.changed(0)).c_str());
  STRCMP_EQUAL("8", std::string(read.response.changed(1)).c_str());
  CHECK_FALSE(read.response.changed_overflow());
}

TEST(Ping, MoreFoldersThanFitAreTold) {
  std::string xml = "<Ping xmlns=\"Ping\"><Status>2</Status><Folders>";
  for (std::size_t i = 0; i <= kPingFoldersMax; ++i) xml += "<Folder>f" + std::to_string(i) + "</Folder>";
  const Read read(xml + "</Folders></Ping>");
  CHECK(read.outcome.ok());
  LONGS_EQUAL(kPingFoldersMax, read.response.changed_count());
  CHECK(read.response.changed_overflow());
  const Read long_id("<Ping xmlns=\"Ping\"><Folders><Folder>" + std::string(65, 'f') + "</Folder></Folders></Ping>");
  CHECK(long_id.outcome.ok());
  CHECK(long_id.response.changed_overflow());
}

TEST(Ping, AnotherCommandsAnswer) {
  CHECK(Read("<Sync xmlns=\"AirSync\"/>").outcome.error() == answer_fault(Command::kPing, AnswerFault::kWrongRoot));
}
