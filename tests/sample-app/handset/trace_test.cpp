#include "handset/trace.h"

#include <string>

#include "handset/json.h"

#include "CppUTest/TestHarness.h"

namespace {

const char* kHead =
    "POST /Microsoft-Server-ActiveSync?Cmd=Sync HTTP/1.1\r\nHost: mail.example.test\r\nAuthorization: Basic "
    "c2VjcmV0\r\n"
    "Cookie: a=b\r\nContent-Length: 3\r\n\r\n";

}  // namespace

TEST_GROUP(HandsetTrace){};

TEST(HandsetTrace, AHeadIsShownWithoutItsSecrets) {
  STRCMP_EQUAL(
      "POST /Microsoft-Server-ActiveSync?Cmd=Sync HTTP/1.1\nHost: mail.example.test\nAuthorization: Basic ***\nCookie: "
      "***\nContent-Length: 3\n",
      handset::masked_head(kHead, false).c_str());
}

TEST(HandsetTrace, TheWireLogHasOriginHeadersAndBody) {
  handset::Exchange exchange;
  exchange.account = "anna@example.test";
  exchange.head = kHead;
  exchange.request_body = "foo";
  STRCMP_EQUAL(
      "{\"account\":\"anna@example.test\",\"origin\":\"https://mail.example.test:443\",\"method\":\"POST\","
      "\"target\":\"/"
      "Microsoft-Server-ActiveSync?Cmd=Sync\",\"headers\":[[\"Host\",\"mail.example.test\"],[\"Authorization\",\"Basic "
      "-\"],"
      "[\"Cookie\",\"-\"],[\"Content-Length\",\"3\"]],\"body_base64\":\"Zm9v\"}",
      handset::wire_line(exchange).c_str());
}

TEST(HandsetTrace, ThePlainGetHasAnHttpOrigin) {
  handset::Exchange exchange;
  exchange.head = "GET /autodiscover/autodiscover.xml HTTP/1.1\r\nHost: autodiscover.example.test\r\n\r\n";
  STRCMP_CONTAINS("\"origin\":\"http://autodiscover.example.test:80\"", handset::wire_line(exchange).c_str());
  STRCMP_CONTAINS("\"account\":\"\"", handset::wire_line(exchange).c_str());
}
