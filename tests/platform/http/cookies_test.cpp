#include "http/cookies.h"

#include <string>

#include <CppUTest/TestHarness.h>

using namespace handsync;

TEST_GROUP(Cookies) {
  http::CookieJar jar;
  http::Buffer out;
  static constexpr std::int64_t kNow_s = 1'795'600'000;

  void set(Text cookie, Text host = "mail.example.com", Text target = "/a/b?c", std::uint16_t port = 443) {
    jar.store(host, port, target, cookie, kNow_s);
  }
  std::string sent(Text host = "mail.example.com", Text target = "/a/b", std::uint16_t port = 443,
                   std::int64_t now_s = kNow_s) {
    CHECK(jar.write(host, port, target, now_s, out));
    return std::string(out.view());
  }
};

TEST(Cookies, GoBackToTheirOriginOnly) {
  set("id=1; Secure; HttpOnly");
  STRCMP_EQUAL("id=1", sent().c_str());
  STRCMP_EQUAL("id=1", sent("MAIL.example.com").c_str());
  STRCMP_EQUAL("", sent("example.com").c_str());
  STRCMP_EQUAL("", sent("a.mail.example.com").c_str());
  STRCMP_EQUAL("", sent("evil.org").c_str());
  STRCMP_EQUAL("", sent("mail.example.com", "/a/b", 8443).c_str());
}

TEST(Cookies, ADomainNeverWidensTheOrigin) {
  set("wide=1; Domain=example.com");
  set("dot=1; Domain=.example.com");
  set("own=1; Domain=mail.example.com");
  set("other=1; Domain=evil.org");
  set("below=1; Domain=a.mail.example.com");
  set("ending=1; Domain=ample.com");
  STRCMP_EQUAL("wide=1; dot=1; own=1", sent().c_str());
  STRCMP_EQUAL("", sent("other.example.com").c_str());
  STRCMP_EQUAL("", sent("example.com").c_str());
}

TEST(Cookies, Paths) {
  set("default=1");  // of /a/b?c: /a
  set("root=1; Path=/");
  set("deep=1; Path=/a/b/c");
  set("odd=1; Path=relative");
  STRCMP_EQUAL("default=1; root=1; odd=1", sent("mail.example.com", "/a/b").c_str());
  STRCMP_EQUAL("root=1", sent("mail.example.com", "/ab").c_str());
  STRCMP_EQUAL("default=1; root=1; deep=1; odd=1", sent("mail.example.com", "/a/b/c/d?x").c_str());
}

TEST(Cookies, AreReplacedAndRemoved) {
  set("id=1");
  set("id=2");
  STRCMP_EQUAL("id=2", sent().c_str());
  set("id=3; Max-Age=0");
  STRCMP_EQUAL("", sent().c_str());
  set("id=4; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
  STRCMP_EQUAL("", sent().c_str());
  LONGS_EQUAL(0, jar.size());
}

TEST(Cookies, Expire) {
  set("a=1; Max-Age=60");
  set("b=1; Expires=Wed, 25-Nov-2026 23:59:59 GMT");
  set("c=1; Max-Age=60; Expires=Fri, 01 Jan 2100 00:00:00 GMT");  // Max-Age wins
  set("d=1; Expires=Fri, 01 Jan 2100 00:00:00 GMT; Max-Age=60");
  set("e=1; Expires=nonsense; Max-Age=nonsense");
  STRCMP_EQUAL("a=1; b=1; c=1; d=1; e=1", sent().c_str());
  STRCMP_EQUAL("b=1; e=1", sent("mail.example.com", "/a/b", 443, kNow_s + 61).c_str());
  STRCMP_EQUAL("e=1", sent("mail.example.com", "/a/b", 443, kNow_s + 2 * 86'400).c_str());
}

TEST(Cookies, WhatIsNotWellFormedIsIgnored) {
  set("");
  set("novalue");
  set("=value");
  set("a b=1");
  set("a=x\r\nInjected: y");
  set(std::string("a=x\0y", 5));
  set("a=1; Path=/\x01");
  set("long=" + std::string(5000, 'x'));
  LONGS_EQUAL(0, jar.size());
  set("empty=");
  set("X-BackEndCookie=S-1-5-21=u56Lnp2ejJqBy8; spaced = v ;path=/;secure");
  STRCMP_EQUAL("empty=; X-BackEndCookie=S-1-5-21=u56Lnp2ejJqBy8", sent().c_str());
}

TEST(Cookies, AreBounded) {
  for (int i = 0; i < 100; ++i) set("c" + std::to_string(i) + "=1");
  LONGS_EQUAL(http::CookieJar::kCookiesMax, jar.size());
  CHECK(sent().find("c99=1") != std::string::npos);
  CHECK(sent().find("c0=1") == std::string::npos);
  jar.clear();
  LONGS_EQUAL(0, jar.size());
}

TEST(Cookies, Dates) {
  struct Row {
    const char* text;
    std::int64_t seconds;
  };
  for (const Row& row :
       {Row{"Sun, 06 Nov 1994 08:49:37 GMT", 784'111'777}, Row{"Sunday, 06-Nov-94 08:49:37 GMT", 784'111'777},
        Row{"Sun Nov  6 08:49:37 1994", 784'111'777}, Row{"Thu, 29 Feb 2024 00:00:00 GMT", 1'709'164'800},
        Row{"1 Jan 00 0:0:0", 946'684'800}}) {
    std::int64_t seconds = 0;
    CHECK(http::parse_cookie_date(row.text, seconds));
    LONGLONGS_EQUAL(row.seconds, seconds);
  }
  for (const char* bad : {"", "tomorrow", "06 Nov 1994", "Sun, 06 Nov 1994 25:00:00", "Sun, 32 Nov 1994 08:00:00",
                          "06 Nov 1600 08:00:00"}) {
    std::int64_t seconds = 0;
    CHECK_FALSE(http::parse_cookie_date(bad, seconds));
  }
}
