#include <string>
#include <vector>

#include "engine/protocol/support.h"
#include "protocol/inquiry.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::protocol;

namespace {

struct Sink final : InquirySink {
  std::vector<std::vector<std::string>> rows;
  std::vector<bool> cut;
  void begin() override { rows.clear(); }
  void row(const InquiryRow& given) override {
    std::vector<std::string>& row = rows.emplace_back();
    for (int i = 0; i < InquiryRow::kFields; ++i) row.emplace_back(given[static_cast<InquiryRow::Field>(i)]);
    cut.push_back(given.cut());
  }
  void end(Error, std::uint32_t) override {}
};

struct Read {
  Read(Inquiry::What what, const std::string& xml, std::size_t chunk = SIZE_MAX) : answer(what, sink) {
    const wbxml::Document document = document_of(xml);
    CHECK(!document.empty());
    outcome = wbxml::read(answer, document, chunk);
  }
  Sink sink;
  InquiryAnswer answer;
  Status outcome = Done{};
};

std::string xml(const Inquiry& inquiry, Text collection = {}) {
  const Written written(
      [&](Room room) { return write_inquiry(room.first(inquiry_bytes_max(inquiry)), inquiry, collection); });
  return written.xml();
}

}  // namespace

TEST_GROUP(Inquiry){};

TEST(Inquiry, Requests) {
  Inquiry inquiry;
  inquiry.words = "bob & co";
  STRCMP_EQUAL(
      "<Search xmlns=\"Search\"><Store><Name>GAL</Name><Query>bob &amp; co</Query><Options><Range>0-49</Range>"
      "</Options></Store></Search>",
      xml(inquiry).c_str());
  inquiry.what = Inquiry::What::kMails;
  inquiry.count = 100'000;
  const std::string mails = xml(inquiry, "5");
  CHECK(mails.find("<And><Class xmlns=\"AirSync\">Email</Class><CollectionId xmlns=\"AirSync\">5</CollectionId>"
                   "<FreeText>bob &amp; co</FreeText></And>") != std::string::npos);
  CHECK(mails.find("<Range>0-99</Range>") != std::string::npos);
  CHECK(xml(inquiry).find("CollectionId") == std::string::npos);
  inquiry.what = Inquiry::What::kFreeBusy;
  inquiry.count = 1;
  inquiry.start_ms = 1'772'357'400'000;
  inquiry.end_ms = inquiry.start_ms + 3'600'000;
  STRCMP_EQUAL(
      "<ResolveRecipients xmlns=\"ResolveRecipients\"><To>bob &amp; co</To><Options><MaxAmbiguousRecipients>1"
      "</MaxAmbiguousRecipients><Availability><StartTime>2026-03-01T09:30:00.000Z</StartTime>"
      "<EndTime>2026-03-01T10:30:00.000Z</EndTime></Availability></Options></ResolveRecipients>",
      xml(inquiry).c_str());
  inquiry.what = Inquiry::What::kSetAbsence;
  STRCMP_EQUAL("<Settings xmlns=\"Settings\"><Oof><Set><OofState>0</OofState></Set></Oof></Settings>",
               xml(inquiry).c_str());
  inquiry.state = 1;
  inquiry.message = "away";
  inquiry.outside = "gone";
  inquiry.known_only = true;
  const std::string set = xml(inquiry);
  CHECK(set.find("<StartTime>") == std::string::npos);
  CHECK(set.find("<AppliesToExternalKnown/><Enabled>1</Enabled><ReplyMessage>gone</ReplyMessage>") !=
        std::string::npos);
  CHECK(set.find("<AppliesToExternalUnknown/><Enabled>0</Enabled>") != std::string::npos);
  // The longest that is allowed fits into the room that is asked for.
  const std::string longest(kAbsenceMessageBytesMax, 'x');
  inquiry.state = 2;
  inquiry.message = inquiry.outside = longest;
  inquiry.known_only = false;
  CHECK(xml(inquiry).find("error") == std::string::npos);
}

TEST(Inquiry, PeopleInChunksOfAnySizeAndNobody) {
  const std::string one =
      "<Search xmlns=\"Search\"><Status>1</Status><Response><Store><Status>1</Status>"
      "<Result><Properties><DisplayName xmlns=\"GAL\">Bob</DisplayName><EmailAddress xmlns=\"GAL\">bob@x</EmailAddress>"
      "<Phone xmlns=\"GAL\">1</Phone></Properties></Result>"
      "<Result><Properties><DisplayName xmlns=\"GAL\">Ann</DisplayName></Properties></Result>"
      "<Range>0-1</Range><Total>7</Total></Store></Response></Search>";
  for (const std::size_t chunk : kChunkSizes) {
    const Read read(Inquiry::What::kPeople, one, chunk);
    CHECK(read.outcome.ok() && !read.answer.refusal());
    LONGS_EQUAL(7, read.answer.total());
    LONGS_EQUAL(2, read.sink.rows.size());
    STRCMP_EQUAL("bob@x", read.sink.rows[0][InquiryRow::kEmail].c_str());
    STRCMP_EQUAL("Ann", read.sink.rows[1][InquiryRow::kName].c_str());
    STRCMP_EQUAL("", read.sink.rows[1][InquiryRow::kEmail].c_str());  // nothing of the one before
  }
  const Read nobody(Inquiry::What::kPeople,
                    "<Search xmlns=\"Search\"><Status>1</Status><Response><Store><Status>1</Status><Result/></Store>"
                    "</Response></Search>");
  LONGS_EQUAL(0, nobody.sink.rows.size());
  CHECK(!nobody.answer.refusal());
}

TEST(Inquiry, OfAMessageThatIsTooLongThereIsTheBeginning) {
  const std::string text(kAbsenceMessageBytesMax + 5'000, 'm');
  const Read read(Inquiry::What::kAbsence,
                  "<Settings xmlns=\"Settings\"><Status>1</Status><Oof><Status>1</Status><Get><OofState>2</OofState>"
                  "<StartTime>a</StartTime><EndTime>b</EndTime><OofMessage><AppliesToInternal/><Enabled>1</Enabled>"
                  "<ReplyMessage>" +
                      text +
                      "</ReplyMessage><BodyType>Text</BodyType></OofMessage><OofMessage>"
                      "<AppliesToExternalKnown/><Enabled>0</Enabled></OofMessage></Get></Oof></Settings>",
                  777);
  CHECK(read.outcome.ok() && !read.answer.refusal());
  LONGS_EQUAL(3, read.sink.rows.size());
  CHECK(read.sink.cut[0] && !read.sink.cut[1] && !read.sink.cut[2]);
  CHECK(read.sink.rows[0][InquiryRow::kMessage].size() >= kAbsenceMessageBytesMax);
  CHECK(text.starts_with(read.sink.rows[0][InquiryRow::kMessage]));
  STRCMP_EQUAL("known", read.sink.rows[1][InquiryRow::kAudience].c_str());
  STRCMP_EQUAL("", read.sink.rows[1][InquiryRow::kMessage].c_str());
  STRCMP_EQUAL("", read.sink.rows[2][InquiryRow::kAudience].c_str());
  STRCMP_EQUAL("2", read.sink.rows[2][InquiryRow::kState].c_str());
  STRCMP_EQUAL("b", read.sink.rows[2][InquiryRow::kEnd].c_str());
}

TEST(Inquiry, Refusals) {
  const auto refusal = [](Inquiry::What what, const std::string& text) { return Read(what, text).answer.refusal(); };
  CHECK(refusal(Inquiry::What::kPeople, "<Search xmlns=\"Search\"><Status>3</Status></Search>") ==
        eas_error(Command::kSearch, 3));
  CHECK(refusal(Inquiry::What::kMails,
                "<Search xmlns=\"Search\"><Status>1</Status><Response><Store><Status>8</Status></Store></Response>"
                "</Search>") == eas_error(Command::kSearch, 8));
  CHECK(refusal(Inquiry::What::kSetAbsence,
                "<Settings xmlns=\"Settings\"><Status>1</Status><Oof><Status>6</Status></Oof></Settings>") ==
        eas_error(Command::kSettings, 6));
  CHECK(refusal(Inquiry::What::kPeople, "<Search xmlns=\"Search\"/>") ==
        answer_fault(Command::kSearch, AnswerFault::kNoStatus));
  // Nobody of that name is an answer.
  CHECK(
      !refusal(Inquiry::What::kFreeBusy,
               "<ResolveRecipients xmlns=\"ResolveRecipients\"><Status>1</Status><Response><To>x</To><Status>4</Status>"
               "</Response></ResolveRecipients>"));
  CHECK(!Read(Inquiry::What::kPeople, "<Settings xmlns=\"Settings\"/>").outcome.ok());
}
