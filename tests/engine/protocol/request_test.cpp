#include <array>
#include <string>

#include "protocol/request.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::protocol;

namespace {

Partner partner() {
  Partner partner;
  partner.user = "ann@example.com";
  partner.device_id = "v140Device";
  partner.device_type = "SmartPhone";
  partner.user_agent = "Handsync/1";
  partner.version = 140;
  partner.authorization = "Basic QQ==";
  return partner;
}

std::string header(const RequestHead& head, Text name) { return std::string(find_header(head.headers(), name)); }
std::string target(const RequestHead& head) { return std::string(head.target()); }

std::int32_t refusal(const Partner& partner, Command command = Command::kSync) {
  RequestHead head;
  const Status built = head.build(command, partner, {}, true);
  return built.ok() ? 0 : built.error().code;
}

}  // namespace

TEST_GROUP(Request){};

TEST(Request, BinaryQueryOfTheWorkedExample) {
  RequestHead head;
  CHECK(head.build(Command::kSync, partner(), {}, true).ok());
  STRCMP_EQUAL("/Microsoft-Server-ActiveSync?jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l", target(head).c_str());
  STRCMP_EQUAL("", header(head, "MS-ASProtocolVersion").c_str());
  STRCMP_EQUAL("", header(head, "X-MS-PolicyKey").c_str());
  STRCMP_EQUAL("application/vnd.ms-sync.wbxml", header(head, "content-type").c_str());
  STRCMP_EQUAL("Handsync/1", header(head, "User-Agent").c_str());
  STRCMP_EQUAL("Basic QQ==", header(head, "Authorization").c_str());
}

TEST(Request, PolicyKeyIsLittleEndian) {
  Partner one = partner();
  one.has_policy_key = true;
  one.policy_key = 0x04030201;
  one.device_id = "A";
  one.device_type = "B";
  one.version = 161;
  RequestHead head;
  CHECK(head.build(Command::kFolderSync, one, {}, true).ok());
  // A1 09 09 04 | 01 'A' | 04 01 02 03 04 | 01 'B'
  STRCMP_EQUAL("/Microsoft-Server-ActiveSync?oQkJBAFBBAECAwQBQg==", target(head).c_str());
}

TEST(Request, PingCarriesNoPolicyKeyInEitherForm) {
  Partner one = partner();
  one.has_policy_key = true;
  one.policy_key = 7;
  one.device_id = "A";
  one.device_type = "B";
  RequestHead head;
  CHECK(head.build(Command::kPing, one, {}, true).ok());
  STRCMP_EQUAL("/Microsoft-Server-ActiveSync?jBIJBAFBAAFC", target(head).c_str());
  one.form = QueryForm::kPlain;
  CHECK(head.build(Command::kPing, one, {}, true).ok());
  STRCMP_EQUAL("", header(head, "X-MS-PolicyKey").c_str());
  STRCMP_EQUAL("14.0", header(head, "MS-ASProtocolVersion").c_str());
}

TEST(Request, PlainQueryIsEncodedAndCarriesTheHeaders) {
  Partner one = partner();
  one.form = QueryForm::kPlain;
  one.user = "EX\\\xC3\xA4nn&x=1@a b";
  one.has_policy_key = true;
  one.policy_key = 4294967295U;
  RequestHead head;
  CHECK(head.build(Command::kFolderSync, one, {}, true).ok());
  STRCMP_EQUAL(
      "/Microsoft-Server-ActiveSync?Cmd=FolderSync&User=EX%5C%C3%A4nn%26x%3D1%40a%20b&DeviceId=v140Device"
      "&DeviceType=SmartPhone",
      target(head).c_str());
  STRCMP_EQUAL("4294967295", header(head, "X-MS-PolicyKey").c_str());
  STRCMP_EQUAL("14.0", header(head, "MS-ASProtocolVersion").c_str());
}

TEST(Request, KeyZeroIsSentWhereThereIsOne) {
  Partner one = partner();
  one.form = QueryForm::kPlain;
  one.has_policy_key = true;
  RequestHead head;
  CHECK(head.build(Command::kProvision, one, {}, true).ok());
  STRCMP_EQUAL("0", header(head, "X-MS-PolicyKey").c_str());
  one.has_policy_key = false;
  CHECK(head.build(Command::kProvision, one, {}, true).ok());
  LONGS_EQUAL(4, head.headers().size());
}

TEST(Request, NoBodyNoContentType) {
  RequestHead head;
  CHECK(head.build(Command::kSync, partner(), {}, false).ok());
  STRCMP_EQUAL("", header(head, "Content-Type").c_str());
}

TEST(Request, OptionsIsBare) {
  Partner one = partner();
  one.has_policy_key = true;
  one.version = 0;
  RequestHead head;
  CHECK(head.build_options(one).ok());
  STRCMP_EQUAL("/Microsoft-Server-ActiveSync", target(head).c_str());
  LONGS_EQUAL(2, head.headers().size());
}

TEST(Request, ParametersOnlyWhereTheyBelong) {
  Partner one = partner();
  one.device_id = "A";
  one.device_type = "B";
  one.version = 121;
  Parameters parameters;
  parameters.save_in_sent = true;
  parameters.accept_multipart = true;
  parameters.attachment_name = "5:1";
  RequestHead head;
  CHECK(head.build(Command::kSendMail, one, parameters, true).ok());
  STRCMP_EQUAL("/Microsoft-Server-ActiveSync?eQEJBAFBAAFCBwEB", target(head).c_str());  // Options 0x01
  STRCMP_EQUAL("message/rfc822", header(head, "Content-Type").c_str());
  CHECK(head.build(Command::kItemOperations, one, parameters, true).ok());
  STRCMP_EQUAL("/Microsoft-Server-ActiveSync?eRMJBAFBAAFCBwEC", target(head).c_str());  // Options 0x02
  CHECK(head.build(Command::kGetAttachment, one, parameters, false).ok());
  STRCMP_EQUAL("/Microsoft-Server-ActiveSync?eQQJBAFBAAFCAAM1OjE=", target(head).c_str());
  CHECK(head.build(Command::kSync, one, parameters, true).ok());
  STRCMP_EQUAL("/Microsoft-Server-ActiveSync?eQAJBAFBAAFC", target(head).c_str());
  one.version = 140;  // SaveInSentItems is in the body from 14.0 on
  CHECK(head.build(Command::kSendMail, one, parameters, true).ok());
  STRCMP_EQUAL("/Microsoft-Server-ActiveSync?jAEJBAFBAAFC", target(head).c_str());
  one.form = QueryForm::kPlain;
  CHECK(head.build(Command::kItemOperations, one, parameters, true).ok());
  STRCMP_EQUAL("T", header(head, "MS-ASAcceptMultiPart").c_str());
  one.version = 121;
  CHECK(head.build(Command::kSmartReply, one, parameters, true).ok());
  CHECK(target(head).find("&SaveInSent=T") != std::string::npos);
}

TEST(Request, RefusesWhatCouldMakeAHeaderOrAnotherDevice) {
  LONGS_EQUAL(0, refusal(partner()));
  const auto code = [](RequestFault fault) { return static_cast<std::int32_t>(fault); };
  for (const Text bad : {Text("a\rb"), Text("a\nb"), Text("a\0b", 3), Text("a\x7F", 2)}) {
    Partner one = partner();
    one.user = bad;
    LONGS_EQUAL(code(RequestFault::kControlCharacter), refusal(one));
    one = partner();
    one.user_agent = bad;
    LONGS_EQUAL(code(RequestFault::kControlCharacter), refusal(one));
    one = partner();
    one.authorization = bad;
    LONGS_EQUAL(code(RequestFault::kControlCharacter), refusal(one));
    one = partner();
    one.device_id = bad;
    LONGS_EQUAL(code(RequestFault::kBadDeviceId), refusal(one));
    one = partner();
    one.device_type = bad;
    LONGS_EQUAL(code(RequestFault::kBadDeviceType), refusal(one));
  }
  for (const Text bad : {Text(), Text("a,b"), Text("a-b"), Text("a b"), Text("123456789012345678901234567890123")}) {
    Partner one = partner();
    one.device_id = bad;
    LONGS_EQUAL(code(RequestFault::kBadDeviceId), refusal(one));
  }
  for (const Text bad : {Text(), Text("x"), Text("/a b"), Text("/a?b"), Text("/a\r\nHost: evil"), Text("/\xC3\xA4")}) {
    Partner one = partner();
    one.path = bad;
    LONGS_EQUAL(code(RequestFault::kBadPath), refusal(one));
  }
  Partner one = partner();
  one.version = 20;
  LONGS_EQUAL(code(RequestFault::kBadVersion), refusal(one));
  const std::string long_user(2000, 'u');
  one = partner();
  one.form = QueryForm::kPlain;
  one.user = long_user;
  LONGS_EQUAL(code(RequestFault::kTooLong), refusal(one));
  one = partner();
  one.authorization = long_user;
  LONGS_EQUAL(code(RequestFault::kTooLong), refusal(one));
}

TEST(Request, HeaderValuesOutliveTheirSources) {
  RequestHead head;
  {
    const std::string agent = "Handsync/1 that goes away", authorization = "Basic something long enough for the heap";
    Partner one = partner();
    one.user_agent = agent;
    one.authorization = authorization;
    CHECK(head.build(Command::kSync, one, {}, true).ok());
  }
  STRCMP_EQUAL("Handsync/1 that goes away", header(head, "User-Agent").c_str());
}

TEST(Request, TheBinaryQueryBeginsWith12_1) {
  Partner one = partner();
  one.form = QueryForm::kBase64;
  one.version = 120;
  RequestHead head;
  CHECK(head.build(Command::kSync, one, {}, true).ok());
  CHECK(std::string(head.target()).find("?Cmd=Sync&User=") != std::string::npos);
  STRCMP_EQUAL("12.0", header(head, "MS-ASProtocolVersion").c_str());
}

TEST(Request, HighestCommonVersion) {
  LONGS_EQUAL(161, highest_common("2.5,12.0,12.1,14.0,14.1,16.0,16.1"));
  LONGS_EQUAL(141, highest_common(" 14.0 ,\t14.1 , 2.5"));
  LONGS_EQUAL(121, highest_common("12.1"));
  LONGS_EQUAL(160, highest_common("16.0,99.9"));
  LONGS_EQUAL(120, highest_common("2.5,12.0"));
  LONGS_EQUAL(25, highest_common("2.0,2.1,2.5"));
  LONGS_EQUAL(0, highest_common("2.1"));
  LONGS_EQUAL(0, highest_common(""));
  LONGS_EQUAL(0, highest_common("114.1,14.11"));
  STRCMP_EQUAL("16.1", std::string(version_text(161)).c_str());
}

TEST(Request, BasicAuthorization) {
  std::array<std::byte, 64> room{};
  auto made = basic_authorization("Aladdin", bytes_of("open sesame"), room);
  CHECK(made.ok());
  STRCMP_EQUAL("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", std::string(made.value()).c_str());
  made = basic_authorization("a", bytes_of("\xC3\xA4"), room);
  STRCMP_EQUAL("Basic YTrDpA==", std::string(made.value()).c_str());
  CHECK_FALSE(basic_authorization("a:b", bytes_of("c"), room).ok());
  CHECK_FALSE(basic_authorization("a\r\n", bytes_of("c"), room).ok());
  const auto cramped = basic_authorization("Aladdin", bytes_of("open sesame"), Room(room).first(31));
  CHECK(cramped.error().domain == Domain::kMemory);
}

TEST(Request, FindHeaderIgnoresCase) {
  const Header headers[] = {{"Content-TYPE", "a"}, {"x-ms-rp", "b"}};
  STRCMP_EQUAL("b", std::string(find_header(headers, "X-MS-RP")).c_str());
  CHECK(find_header(headers, "X-MS-R").empty());
}
