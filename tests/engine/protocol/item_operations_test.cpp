#include <string>

#include "engine/protocol/support.h"
#include "protocol/item_operations.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::protocol;

namespace {

struct Read {
  explicit Read(const std::string& content, std::size_t chunk = SIZE_MAX)
      : response(log),
        outcome(wbxml::read(response,
                            document_of("<ItemOperations xmlns=\"ItemOperations\">" + content + "</ItemOperations>"),
                            chunk)) {}
  ItemLog log;
  FetchResponse response;
  Status outcome;
};

const std::string kMail =
    "<Status>1</Status><Response><Fetch><Status>1</Status><CollectionId xmlns=\"AirSync\">5</CollectionId>"
    "<ServerId xmlns=\"AirSync\">5:1</ServerId><Class xmlns=\"AirSync\">Email</Class><Properties><Total>9</Total>"
    "<Body xmlns=\"AirSyncBase\"><Type>1</Type><Data>whole</Data></Body></Properties></Fetch></Response>";

}  // namespace

TEST_GROUP(ItemOperations){};

TEST(ItemOperations, RequestForABody) {
  const std::string head =
      "<ItemOperations xmlns=\"ItemOperations\"><Fetch><Store>Mailbox</Store><CollectionId "
      "xmlns=\"AirSync\">5</CollectionId>"
      "<ServerId xmlns=\"AirSync\">5:1</ServerId><Options><MIMESupport xmlns=\"AirSync\">0</MIMESupport>";
  const std::string html = "<BodyPreference xmlns=\"AirSyncBase\"><Type>2</Type></BodyPreference>";
  const std::string plain = "<BodyPreference xmlns=\"AirSyncBase\"><Type>1</Type></BodyPreference>";
  const std::string tail = "</Options></Fetch></ItemOperations>";
  const Written both([](Room room) { return write_fetch_item(room, 161, "5", "5:1", true); });
  STRCMP_EQUAL((head + plain + html + tail).c_str(), both.xml().c_str());
  const Written one([](Room room) { return write_fetch_item(room, 121, "5", "5:1", false); });
  STRCMP_EQUAL((head + plain + tail).c_str(), one.xml().c_str());
}

TEST(ItemOperations, AConversationIsMovedForAlways) {
  const std::byte id[] = {std::byte{0x01}, std::byte{0xFE}};
  const Written move([&](Room room) { return write_move_conversation(room, id, "7"); });
  const auto expected = wbxml::from_hex("03 01 6a 00 00 14 45 56 58 c3 02 01 fe 01 57 03 37 00 01 48 19 01 01 01");
  STRCMP_EQUAL(wbxml::to_hex(expected).c_str(), move.hex().c_str());
  for (const auto& [answer, code] :
       {std::pair("<Status>1</Status><Response><Move><Status>1</Status></Move></Response>", 0),
        std::pair("<Status>1</Status><Response><Move><Status>156</Status></Move></Response>", 156),
        std::pair("<Status>155</Status>", 155)}) {
    OperationResponse response;
    CHECK(wbxml::read(response, document_of(std::string("<ItemOperations xmlns=\"ItemOperations\">") + answer +
                                            "</ItemOperations>"))
              .ok());
    LONGS_EQUAL(code, response.refusal() ? eas_status(response.refusal()) : 0);
  }
}

TEST(ItemOperations, AMailInChunksOfAnySize) {
  for (const std::size_t chunk : kChunkSizes) {
    const Read read(kMail, chunk);
    CHECK(read.outcome.ok());
    LONGS_EQUAL(1, read.response.status());
    LONGS_EQUAL(1, read.response.fetch_status());
    STRCMP_EQUAL("item 8\nstatus 1\nid 5:1\nbody whole\nend\n", read.log.text.c_str());
    LONGS_EQUAL(2, read.log.others);  // Body and its type; Total is not the mail's
  }
}

TEST(ItemOperations, AnyOrderAndNoStatus) {
  const Read read(
      "<Response><Fetch><Properties><Body xmlns=\"AirSyncBase\"><Data>b</Data></Body></Properties>"
      "<ServerId xmlns=\"AirSync\">7</ServerId></Fetch></Response>");
  CHECK(read.outcome.ok());
  LONGS_EQUAL(0, read.response.status());
  LONGS_EQUAL(0, read.response.fetch_status());
  STRCMP_EQUAL("item 8\nbody b\nid 7\nend\n", read.log.text.c_str());
}

TEST(ItemOperations, AnItemThatIsGone) {
  const Read read("<Status>1</Status><Response><Fetch><Status>6</Status></Fetch></Response>");
  CHECK(read.outcome.ok());
  LONGS_EQUAL(6, read.response.fetch_status());
  STRCMP_EQUAL("item 8\nstatus 6\nend\n", read.log.text.c_str());
}

TEST(ItemOperations, OnlyTheFirstFetchIsOurs) {
  const Read read(kMail + kMail);
  CHECK(read.outcome.ok());
  STRCMP_EQUAL("item 8\nstatus 1\nid 5:1\nbody whole\nend\n", read.log.text.c_str());
}

TEST(ItemOperations, NothingAtAll) {
  const Read read("<Status>155</Status>");
  CHECK(read.outcome.ok());
  LONGS_EQUAL(155, read.response.status());
  STRCMP_EQUAL("", read.log.text.c_str());
}

TEST(ItemOperations, AnotherCommandsAnswer) {
  ItemLog log;
  FetchResponse response(log);
  CHECK(wbxml::read(response, document_of("<Sync xmlns=\"AirSync\"/>")).error() ==
        answer_fault(Command::kItemOperations, AnswerFault::kWrongRoot));
}
