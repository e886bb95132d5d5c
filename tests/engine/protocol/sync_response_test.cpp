#include <string>

#include "engine/protocol/support.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::protocol;

namespace {

struct Read {
  explicit Read(const wbxml::Document& document, std::size_t chunk = SIZE_MAX, Text id = "5",
                std::string refuse_at = {})
      : response(log, id) {
    log.refuse_at = std::move(refuse_at);
    wbxml::Reader reader(response);
    Bytes rest = document;
    while (!rest.empty() && outcome.ok()) {
      const Bytes piece = rest.first(std::min(chunk, rest.size()));
      outcome = reader.feed(piece);
      rest = rest.subspan(piece.size());
    }
    if (outcome.ok()) outcome = reader.finish();
  }
  explicit Read(const std::string& xml, Text id = "5") : Read(document_of(xml), SIZE_MAX, id) {}
  std::string key() const { return std::string(response.sync_key()); }
  ItemLog log;
  SyncResponse response;
  Status outcome = Done{};
};

std::string sync(const std::string& content) { return "<Sync xmlns=\"AirSync\">" + content + "</Sync>"; }
std::string collection(const std::string& content) {
  return "<Collection><SyncKey>8</SyncKey><CollectionId>5</CollectionId><Status>1</Status>" + content + "</Collection>";
}
std::string answer(const std::string& content) {
  return sync("<Collections>" + collection(content) + "</Collections>");
}
std::string subject(const std::string& text) {
  return "<ApplicationData><Subject xmlns=\"Email\">" + text + "</Subject></ApplicationData>";
}

}  // namespace

TEST_GROUP(SyncReader){};

TEST(SyncReader, OneNewMailInChunksOfAnySize) {
  for (const std::size_t chunk : kChunkSizes) {
    const Read read(vector_bytes("07-sync-response-mail"), chunk);
    CHECK(read.outcome.ok());
    STRCMP_EQUAL(
        "item 1\nid 5:1\nsubject Gr\xC3\xBC\xC3\x9F"
        "e\nbody Hallo!\nend\n",
        read.log.text.c_str());
    STRCMP_EQUAL("3", read.key().c_str());
    LONGS_EQUAL(1, read.response.collection_status());
    LONGS_EQUAL(0, read.response.status());
    LONGS_EQUAL(1, read.response.items());
    CHECK(read.response.more());
    CHECK(read.response.collection_seen());
    CHECK_FALSE(read.response.foreign());
    CHECK(read.log.others > 10);
  }
}

TEST(SyncReader, EveryCommandAndEveryAnswer) {
  const Read read(answer(
      "<Commands><Add><ServerId>a</ServerId>" + subject("A") + "</Add><Change><ServerId>b</ServerId>" + subject("B") +
      "</Change><Delete><ServerId>c</ServerId></Delete><SoftDelete><ServerId>d</ServerId></SoftDelete></Commands>"
      "<Responses><Add><ClientId>x</ClientId><ServerId>e</ServerId><Status>1</Status></Add><Change><ServerId>f</"
      "ServerId>"
      "<Status>7</Status></Change><Delete><ServerId>g</ServerId><Status>8</Status></Delete><Fetch><ServerId>h</"
      "ServerId>"
      "<Status>1</Status>" +
      subject("H") + "</Fetch></Responses>"));
  CHECK(read.outcome.ok());
  STRCMP_EQUAL(
      "item 1\nid a\nsubject A\nend\nitem 2\nid b\nsubject B\nend\nitem 3\nid c\nend\nitem 4\nid d\nend\n"
      "item 5\nclient x\nid e\nstatus 1\nend\nitem 6\nid f\nstatus 7\nend\nitem 7\nid g\nstatus 8\nend\n"
      "item 8\nid h\nstatus 1\nsubject H\nend\n",
      read.log.text.c_str());
  LONGS_EQUAL(4, read.response.items());
  CHECK_FALSE(read.response.more());
}

TEST(SyncReader, AnswersOfTheVector) {
  const Read read(vector_bytes("09-sync-response-responses"), 1, "2");
  CHECK(read.outcome.ok());
  STRCMP_EQUAL("item 5\nclient c-1\nid 2:9\nstatus 1\nend\nitem 6\nid 2:4\nstatus 8\nend\n", read.log.text.c_str());
}

TEST(SyncReader, BodyAsOpaqueInPieces) {
  const Read read(vector_bytes("29-read-opaque-text"), 1);
  CHECK(read.outcome.ok());
  CHECK(read.log.text.find("body 0123456789012345") != std::string::npos);
}

TEST(SyncReader, AnyOrderOfChildren) {
  const Read read(sync("<Collections><Collection><MoreAvailable/><Commands><Add>" + subject("A") +
                       "<ServerId>a</ServerId></Add></Commands><Status>1</Status><CollectionId>5</CollectionId>"
                       "<SyncKey>9</SyncKey></Collection></Collections>"));
  CHECK(read.outcome.ok());
  STRCMP_EQUAL("item 1\nsubject A\nid a\nend\n", read.log.text.c_str());
  STRCMP_EQUAL("9", read.key().c_str());
  CHECK(read.response.more());
}

TEST(SyncReader, MissingStatusAndMissingIdAreHarmless) {
  const Read read(sync("<Collections><Collection><SyncKey>9</SyncKey></Collection></Collections>"));
  CHECK(read.outcome.ok());
  CHECK(read.response.collection_seen());
  LONGS_EQUAL(0, read.response.collection_status());
  STRCMP_EQUAL("9", read.key().c_str());
}

TEST(SyncReader, StatusesOfTheWhole) {
  const Read global(sync("<Status>142</Status>"));
  CHECK(global.outcome.ok());
  LONGS_EQUAL(142, global.response.status());
  CHECK_FALSE(global.response.collection_seen());
  const Read limit(sync("<Limit>59</Limit><Status>14</Status>"));
  LONGS_EQUAL(14, limit.response.status());
  LONGS_EQUAL(59, limit.response.limit());
  const Read lost(
      sync("<Collections><Collection><SyncKey>0</SyncKey><CollectionId>5</CollectionId><Status>3</Status>"
           "</Collection></Collections>"));
  LONGS_EQUAL(3, lost.response.collection_status());
}

TEST(SyncReader, ForeignCollectionsAreSkipped) {
  const std::string foreign = "<Collection><SyncKey>" + std::string(80, 'k') +
                              "</SyncKey><CollectionId>6</CollectionId><Status>3</Status><MoreAvailable/>"
                              "<Commands><Add><ServerId>z</ServerId>" +
                              subject("Z") + "</Add></Commands></Collection>";
  for (const bool first : {true, false}) {
    // The foreign key is beyond its room, but comes after the id here.
    std::string other = foreign;
    other.replace(other.find("<SyncKey>"), std::string("<SyncKey></SyncKey>").size() + 80, "");
    other.insert(other.find("<Status>"), "<SyncKey>" + std::string(80, 'k') + "</SyncKey>");
    const std::string ours = collection("<Commands><Add><ServerId>a</ServerId></Add></Commands>");
    const Read read(sync("<Collections>" + (first ? other + ours : ours + other) + "</Collections>"));
    CHECK(read.outcome.ok());
    STRCMP_EQUAL("item 1\nid a\nend\n", read.log.text.c_str());
    STRCMP_EQUAL("8", read.key().c_str());
    CHECK(read.response.foreign());
    CHECK_FALSE(read.response.more());
    LONGS_EQUAL(1, read.response.collection_status());
  }
}

TEST(SyncReader, ItemsOfACollectionThatNamesItselfForeignTooLateFailTheAnswer) {
  const Read read(
      sync("<Collections><Collection><Commands><Add><ServerId>a</ServerId></Add></Commands>"
           "<CollectionId>6</CollectionId></Collection></Collections>"));
  CHECK(read.outcome.error() == answer_fault(Command::kSync, AnswerFault::kWrongRoot));
}

TEST(SyncReader, AFaultyItemNeverFailsTheAnswer) {
  const std::string good = "<Add><ServerId>g</ServerId>" + subject("G") + "</Add>";
  const std::string good_log = "item 1\nid g\nsubject G\nend\n";
  const std::string long_id = "<Add><ServerId>" + std::string(65, 'i') + "</ServerId>" + subject("L") + "</Add>";
  const std::string no_id = "<Add>" + subject("N") + "</Add>";
  const std::string bad_text =
      "<Add><ServerId>u</ServerId><ApplicationData><Subject xmlns=\"Email\" opaque=\"base64\">gIA=</Subject>"
      "</ApplicationData></Add>";
  const Read read(answer("<Commands>" + good + long_id + no_id + bad_text + good + "</Commands>"));
  CHECK(read.outcome.ok());
  CHECK(read.log.text.find(good_log + "item 1\nsubject L\nfault 905\nitem 1\nsubject N\nfault 6\nitem 1\nid u\n") == 0);
  CHECK(read.log.text.find("fault 6\n" + good_log) != std::string::npos);
  LONGS_EQUAL(5, read.response.items());
}

TEST(SyncReader, AnswersMayDoWithoutAServerId) {
  const Read read(answer("<Responses><Add><ClientId>x</ClientId><Status>6</Status></Add></Responses>"));
  STRCMP_EQUAL("item 5\nclient x\nstatus 6\nend\n", read.log.text.c_str());
}

TEST(SyncReader, UnknownElementsAreSkippedEverywhere) {
  const std::string odd = "<Body xmlns=\"AirSyncBase\"><Data>" + std::string(3000, 'x') + "</Data></Body>";
  const Read read(sync(odd + "<Collections>" + odd + "<Collection>" + odd +
                       "<CollectionId>5</CollectionId><SyncKey>8</SyncKey>" + "<Commands>" + odd +
                       "<Fetch><ServerId>q</ServerId></Fetch><Add>" + odd +
                       "<ServerId>a</ServerId></Add></Commands></Collection></Collections>"));
  CHECK(read.outcome.ok());
  STRCMP_EQUAL("item 1\nid a\nend\n", read.log.text.c_str());
  STRCMP_EQUAL("8", read.key().c_str());
}

TEST(SyncReader, WhatLooksLikeProtocolInsideAnItemIsTheItems) {
  const Read read(
      answer("<Commands><Add><ServerId>a</ServerId><ApplicationData><SyncKey>99</SyncKey><ServerId>b</ServerId>"
             "<Status>3</Status><Delete><ServerId>c</ServerId></Delete></ApplicationData></Add></Commands>"));
  CHECK(read.outcome.ok());
  STRCMP_EQUAL("item 1\nid a\nend\n", read.log.text.c_str());
  STRCMP_EQUAL("8", read.key().c_str());
}

TEST(SyncReader, MoreAvailableZeroIsNone) {
  CHECK_FALSE(Read(answer("<MoreAvailable>0</MoreAvailable>")).response.more());
  CHECK(Read(answer("<MoreAvailable>1</MoreAvailable>")).response.more());
}

TEST(SyncReader, TheSinksErrorEndsTheAnswer) {
  for (const char* line : {"item 1", "id 5:1",
                           "subject Gr\xC3\xBC\xC3\x9F"
                           "e",
                           "end"}) {
    const Read read(vector_bytes("07-sync-response-mail"), 1, "5", line);
    CHECK(read.outcome.error() == out_of_memory(7));
  }
}

TEST(SyncReader, NamesItsFaults) {
  CHECK(Read("<Ping xmlns=\"Ping\"/>").outcome.error() == answer_fault(Command::kSync, AnswerFault::kWrongRoot));
  const Read key(
      sync("<Collections><Collection><SyncKey>" + std::string(65, 'k') + "</SyncKey></Collection></Collections>"));
  CHECK(key.outcome.error() == answer_fault(Command::kSync, AnswerFault::kValueTooLong));
}

TEST(SyncReader, CutAnywhereIsAnError) {
  const wbxml::Document whole = vector_bytes("07-sync-response-mail");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(
        Read(wbxml::Document(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)), 5).outcome.ok());
  }
}
