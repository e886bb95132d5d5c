#include <string>

#include "autodiscover/discovery.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::autodiscover;

namespace {

std::string shown(Text text, bool typed = false, bool http_allowed = false) {
  auto url = parse_url(text, typed, http_allowed);
  if (!url.ok()) return "refused";
  const Url& value = url.value();
  return (value.tls ? "tls " : "plain ") + std::string(value.host.view()) + " " + std::to_string(value.port) + " " +
         std::string(value.target.view());
}

struct Row {
  const char* url;
  const char* expected;
};

}  // namespace

TEST_GROUP(ParseUrl){};

TEST(ParseUrl, FromAServer) {
  const Row rows[] = {
      {"https://mail.example.com/Microsoft-Server-ActiveSync", "tls mail.example.com 443 /Microsoft-Server-ActiveSync"},
      {"HTTPS://Mail.Example.COM", "tls mail.example.com 443 /"},
      {"https://mail.example.com.:8443/a?b=c#d", "tls mail.example.com 8443 /a?b=c"},
      {"https://mail.example.com?b", "tls mail.example.com 443 /?b"},
      {"https://mail.example.com#d", "tls mail.example.com 443 /"},
      {"https://localhost:1/", "tls localhost 1 /"},
      {"http://mail.example.com/", "refused"},
      {"mail.example.com", "refused"},
      {"//mail.example.com/", "refused"},
      {"https:/mail.example.com/", "refused"},
      {"ftp://mail.example.com/", "refused"},
      {"javascript:alert(1)", "refused"},
      {"https://ann@mail.example.com/", "refused"},
      {"https://ann:secret@mail.example.com/", "refused"},
      {"https://mail.example.com@evil.example/", "refused"},
      {"https://mail.example.com\\@evil.example/", "refused"},
      {"https://127.0.0.1/", "refused"},
      {"https://127.1/", "refused"},
      {"https://2130706433/", "refused"},
      {"https://0x7f000001/", "refused"},
      {"https://a.0X7F/", "refused"},
      {"https://[::1]/", "refused"},
      {"https:///x", "refused"},
      {"https://", "refused"},
      {"https://.example.com/", "refused"},
      {"https://a..b/", "refused"},
      {"https://a b/", "refused"},
      {"https://a/\r\nHost: b", "refused"},
      {"https://a/\x01", "refused"},
      {"https://a/\xC3\xA4", "refused"},
      {"https://\xC3\xA4.example/", "refused"},
      {"https://a%2eb/", "refused"},
      {"https://a:/", "refused"},
      {"https://a:0/", "refused"},
      {"https://a:65536/", "refused"},
      {"https://a:+1/", "refused"},
      {"https://a:1:2/", "refused"},
      {"", "refused"},
  };
  for (const Row& row : rows) STRCMP_EQUAL_TEXT(row.expected, shown(row.url).c_str(), row.url);
}

TEST(ParseUrl, TypedByTheUser) {
  const Row rows[] = {
      {"mail.example.com", "tls mail.example.com 443 /"},
      {"localhost:8443", "tls localhost 8443 /"},
      {"192.0.2.1:8443/eas", "tls 192.0.2.1 8443 /eas"},
      {"https://[2001:db8::1]:8443/", "tls 2001:db8::1 8443 /"},
      {"[::1]", "tls ::1 443 /"},
      {"http://mail.example.com/", "refused"},
      {"ann@mail.example.com", "refused"},
      {"[::1", "refused"},
      {"[mail]", "refused"},
      {"[::1]x", "refused"},
  };
  for (const Row& row : rows) STRCMP_EQUAL_TEXT(row.expected, shown(row.url, true).c_str(), row.url);
}

TEST(ParseUrl, PlainHttpOnlyWhereAllowed) {
  STRCMP_EQUAL("plain mail.example.com 80 /x", shown("http://mail.example.com/x", false, true).c_str());
}

TEST(ParseUrl, Lengths) {
  const std::string label(63, 'a');
  const std::string host = label + "." + label + "." + label + "." + std::string(61, 'a');
  CHECK(parse_url("https://" + host + "/", false, false).ok());
  CHECK_FALSE(parse_url("https://" + host + "a/", false, false).ok());
  CHECK_FALSE(parse_url("https://" + label + "a/", false, false).ok());
  CHECK(parse_url("https://a/" + std::string(511, 'x'), false, false).ok());
  CHECK_FALSE(parse_url("https://a/" + std::string(512, 'x'), false, false).ok());
  CHECK_FALSE(parse_url("https://a?" + std::string(512, 'x'), false, false).ok());
}

TEST(ParseUrl, Within) {
  CHECK(is_within("example.com", "example.com"));
  CHECK(is_within("mail.EXAMPLE.com", "example.COM"));
  CHECK_FALSE(is_within("badexample.com", "example.com"));
  CHECK_FALSE(is_within("com", "example.com"));
  CHECK_FALSE(is_within("example.com.evil.example", "example.com"));
  CHECK_FALSE(is_within("mail.example.com", ""));
}
