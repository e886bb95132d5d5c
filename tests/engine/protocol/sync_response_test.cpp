#include <algorithm>
#include <iterator>
#include <map>
#include <string>

#include "engine/protocol/support.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::protocol;

namespace {

/// Takes the parts of those that were asked for, once each, as an account does.
struct Parts final : SyncParts {
  Parts(ItemLog& items, std::string ids) : log(items), asked(std::move(ids)) {}
  Result<bool> part_begins(Text id, Class&) override {
    const bool one = asked.find(',') == std::string::npos;
    const std::string name = id.empty() && one ? asked : std::string(id);
    foreign = foreign || (!id.empty() && ("," + asked + ",").find("," + name + ",") == std::string::npos);
    if (name.empty() || ("," + asked + ",").find("," + name + ",") == std::string::npos || ended.contains(name))
      return false;
    if (!open.empty()) return open == name;
    open = name;
    if (!one) log.text += "part " + name + "\n";
    return true;
  }
  Status part_ends(const SyncPart& part) override {
    CHECK(!open.empty());
    ended[open] = part;
    if (asked.find(',') != std::string::npos)
      log.text += "key " + std::string(part.sync_key.view()) + " status " + std::to_string(part.status) +
                  (part.more ? " more\n" : "\n");
    open.clear();
    return Done{};
  }
  ItemLog& log;
  std::string asked;  ///< "5,6"
  std::string open;
  std::map<std::string, SyncPart> ended;
  bool foreign = false;
};

struct Read {
  explicit Read(const wbxml::Document& document, std::size_t chunk = SIZE_MAX, Text id = "5",
                std::string refuse_at = {})
      : parts(log, std::string(id)), response(log, parts) {
    log.refuse_at = std::move(refuse_at);
    wbxml::Reader reader(response);
    Bytes rest = document;
    while (!rest.empty() && outcome.ok()) {
      const Bytes piece = rest.first(std::min(chunk, rest.size()));
      outcome = reader.feed(piece);
      rest = rest.subspan(piece.size());
    }
    if (outcome.ok()) outcome = reader.finish();
    if (parts.ended.contains(std::string(id))) part = parts.ended[std::string(id)];
  }
  explicit Read(const std::string& xml, Text id = "5") : Read(document_of(xml), SIZE_MAX, id) {}
  std::string key() const { return std::string(part.sync_key.view()); }
  bool seen() const { return !parts.ended.empty(); }
  ItemLog log;
  Parts parts;
  SyncPart part;  ///< of the one that was asked for
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
    LONGS_EQUAL(1, read.part.status);
    LONGS_EQUAL(0, read.response.status());
    LONGS_EQUAL(1, read.part.items);
    CHECK(read.part.more);
    CHECK(read.seen());
    CHECK_FALSE(read.parts.foreign);
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
  LONGS_EQUAL(4, read.part.items);
  CHECK_FALSE(read.part.more);
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
  CHECK(read.part.more);
}

TEST(SyncReader, MissingStatusAndMissingIdAreHarmless) {
  const Read read(sync("<Collections><Collection><SyncKey>9</SyncKey></Collection></Collections>"));
  CHECK(read.outcome.ok());
  CHECK(read.seen());
  LONGS_EQUAL(0, read.part.status);
  STRCMP_EQUAL("9", read.key().c_str());
}

TEST(SyncReader, StatusesOfTheWhole) {
  const Read global(sync("<Status>142</Status>"));
  CHECK(global.outcome.ok());
  LONGS_EQUAL(142, global.response.status());
  CHECK_FALSE(global.seen());
  const Read limit(sync("<Limit>59</Limit><Status>14</Status>"));
  LONGS_EQUAL(14, limit.response.status());
  LONGS_EQUAL(59, limit.response.limit());
  const Read lost(
      sync("<Collections><Collection><SyncKey>0</SyncKey><CollectionId>5</CollectionId><Status>3</Status>"
           "</Collection></Collections>"));
  LONGS_EQUAL(3, lost.part.status);
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
    CHECK(read.parts.foreign);
    CHECK_FALSE(read.part.more);
    LONGS_EQUAL(1, read.part.status);
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
  LONGS_EQUAL(5, read.part.items);
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
  CHECK_FALSE(Read(answer("<MoreAvailable>0</MoreAvailable>")).part.more);
  CHECK(Read(answer("<MoreAvailable>1</MoreAvailable>")).part.more);
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

namespace {

std::string part_of(const std::string& id, const std::string& content, const std::string& status = "1") {
  return "<Collection><SyncKey>k" + id + "</SyncKey><CollectionId>" + id + "</CollectionId><Status>" + status +
         "</Status>" + content + "</Collection>";
}
std::string add_of(const std::string& id) { return "<Commands><Add><ServerId>" + id + "</ServerId></Add></Commands>"; }
std::string parts_answer(const std::string& content) { return sync("<Collections>" + content + "</Collections>"); }

}  // namespace

TEST(SyncReader, PartsComeOneAfterAnotherInAnyOrder) {
  const wbxml::Document document =
      document_of(parts_answer(part_of("6", add_of("f") + "<MoreAvailable/>") + part_of("5", "", "3") +
                               part_of("9", add_of("x")) + part_of("7", add_of("g"))));
  for (const std::size_t chunk : kChunkSizes) {
    const Read read(document, chunk, "5,6,7,8");
    CHECK(read.outcome.ok());
    STRCMP_EQUAL(
        "part 6\nitem 1\nid f\nend\nkey k6 status 1 more\npart 5\nkey k5 status 3\npart 7\nitem 1\nid g\nend\n"
        "key k7 status 1\n",
        read.log.text.c_str());
    CHECK(read.parts.foreign);
    CHECK_FALSE(read.parts.ended.contains("8"));
  }
}

TEST(SyncReader, APartIsWholeWithItsClosingTag) {
  const std::string three[] = {part_of("5", add_of("a")), part_of("6", add_of("b")), part_of("7", add_of("c"))};
  const wbxml::Document whole = document_of(parts_answer(three[0] + three[1] + three[2]));
  // A document that ends with the n-th part: two closing tags shorter is where that part closes.
  std::size_t closes[3];
  std::string content;
  for (std::size_t i = 0; i < 3; ++i) {
    content += three[i];
    closes[i] = document_of(parts_answer(content)).size() - 2;
  }
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Read read(wbxml::Document(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)), 3, "5,6,7");
    CHECK_FALSE(read.outcome.ok());
    const std::size_t wanted = static_cast<std::size_t>(
        std::count_if(std::begin(closes), std::end(closes), [&](std::size_t close) { return close <= size; }));
    LONGS_EQUAL(wanted, read.parts.ended.size());
  }
}

TEST(SyncReader, AmongSeveralANameMustComeBeforeItems) {
  const Read read(parts_answer("<Collection>" + add_of("a") + "<CollectionId>5</CollectionId></Collection>"), "5,6");
  CHECK(read.outcome.error() == answer_fault(Command::kSync, AnswerFault::kWrongRoot));
  const Read nameless(parts_answer("<Collection>" + add_of("a") + "</Collection>"), "5,6");
  CHECK(nameless.outcome.ok());
  STRCMP_EQUAL("", nameless.log.text.c_str());
}

TEST(SyncReader, ASecondPartOfTheSameNameIsSkipped) {
  const Read read(parts_answer(part_of("5", add_of("a")) + part_of("5", add_of("b")) + part_of("6", "")), "5,6");
  CHECK(read.outcome.ok());
  STRCMP_EQUAL("part 5\nitem 1\nid a\nend\nkey k5 status 1\npart 6\nkey k6 status 1\n", read.log.text.c_str());
}

TEST(SyncReader, ATextIsTold) {
  const Read read(
      "<Sync xmlns=\"AirSync\"><Collections><Collection><SyncKey>4</SyncKey><CollectionId>5</CollectionId>"
      "<Status>1</Status><Commands><Add><ServerId>5:1</ServerId><Class>SMS</Class><ApplicationData/></Add>"
      "<Add><ServerId>5:2</ServerId><Class>Email</Class><ApplicationData/></Add></Commands></Collection>"
      "</Collections></Sync>");
  CHECK(read.outcome.ok());
  STRCMP_EQUAL("item 1\nid 5:1\ntext\nend\nitem 1\nid 5:2\nend\n", read.log.text.c_str());
}
