#include <array>
#include <string>

#include "autodiscover/pox.h"
#include "engine/autodiscover/plain_memory.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::autodiscover;

namespace {

std::string written(Text email) {
  std::array<std::byte, 1024> room{};
  auto size = write_request(room, email);
  return size.ok() ? std::string(text_of(Bytes(room).first(size.value())))
                   : "error " + std::to_string(size.error().code);
}

/// "settings URL ADDRESS", "redirect ADDRESS", "error CODE" or "fault CODE".
std::string outcome(const std::string& xml) {
  auto parsed = parse(xml, kMemory);
  if (!parsed.ok()) return "fault " + std::to_string(parsed.error().code);
  const Parsed& value = parsed.value();
  switch (value.answer) {
    case Answer::kSettings:
      return "settings " + std::string(value.url.view()) + " " + std::string(value.address.view());
    case Answer::kRedirectAddress:
      return "redirect " + std::string(value.address.view());
    case Answer::kError:
      return "error " + std::to_string(value.error_code);
  }
  return "?";
}

std::string fault_text(Fault fault) { return "fault " + std::to_string(static_cast<int>(fault)); }

std::string settings(const std::string& servers) {
  return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<Autodiscover "
         "xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\"><Response "
         "xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006\"><Culture>en:us"
         "</Culture><User><DisplayName>Ann</DisplayName><EMailAddress>ann@example.com</EMailAddress></User><Action>"
         "<Settings>" +
         servers + "</Settings></Action></Response></Autodiscover>";
}

std::string server(const std::string& url, const std::string& type = "MobileSync") {
  return "<Server><Type>" + type + "</Type><Url>" + url + "</Url><Name>" + url + "</Name></Server>";
}

std::string nested(std::size_t levels) {
  std::string open, close;
  for (std::size_t i = 0; i < levels; ++i) {
    open += "<a>";
    close += "</a>";
  }
  return open + close;
}

void refuses(const std::string& xml, Fault expected, const char* file, std::size_t line) {
  const Status checked = check(xml);
  CHECK_TRUE_LOCATION(!checked.ok(), "CHECK", "refused", xml.c_str(), file, line);
  LONGS_EQUAL_LOCATION(static_cast<int>(expected), checked.error().code, xml.c_str(), file, line);
  CHECK_TRUE_LOCATION(!parse(xml, kMemory).ok(), "CHECK", "parse refuses too", xml.c_str(), file, line);
}
#define REFUSES(xml, fault) refuses(xml, fault, __FILE__, __LINE__)

}  // namespace

TEST_GROUP(Pox){};

TEST(Pox, Request) {
  STRCMP_EQUAL(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n"
      "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/mobilesync/requestschema/2006\">"
      "<Request><EMailAddress>a&amp;b&lt;c&gt;&quot;d@example.com</EMailAddress><AcceptableResponseSchema>"
      "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
      "</AcceptableResponseSchema></Request></Autodiscover>",
      written("a&b<c>\"d@example.com").c_str());
  CHECK(written("a\r\n@example.com").find("error") == 0);
  CHECK(written("a\xFF@example.com").find("error") == 0);
  std::array<std::byte, 64> cramped{};
  CHECK(write_request(cramped, "ann@example.com").error().domain == Domain::kMemory);
}

TEST(Pox, Settings) {
  STRCMP_EQUAL("settings https://mail.example.com/Microsoft-Server-ActiveSync ann@example.com",
               outcome(settings(server("https://mail.example.com/Microsoft-Server-ActiveSync"))).c_str());
  STRCMP_EQUAL("settings https://mail.example.com/Microsoft-Server-ActiveSync ann@example.com",
               outcome(settings(server("\n   HTTPS://mail.example.com/Microsoft-Server-ActiveSync?x=1  ")))
                   .replace(9, 5, "https")
                   .c_str());
}

TEST(Pox, PathIsAddedWhereItIsMissing) {
  for (const char* url : {"https://mail.example.com", "https://mail.example.com/"}) {
    STRCMP_EQUAL("settings https://mail.example.com/Microsoft-Server-ActiveSync ann@example.com",
                 outcome(settings(server(url))).c_str());
  }
  STRCMP_EQUAL("settings https://mail.example.com:444/eas ann@example.com",
               outcome(settings(server("https://mail.example.com:444/eas"))).c_str());
}

TEST(Pox, TheMobileServerIsChosen) {
  const std::string enroll = server("https://cert.example.com/x", "CertEnroll");
  const std::string untyped = "<Server><Url>https://untyped.example.com/x</Url></Server>";
  const std::string mobile = server("https://m.example.com/x", "mobilesync");
  STRCMP_EQUAL("settings https://m.example.com/x ann@example.com",
               outcome(settings(enroll + untyped + mobile)).c_str());
  STRCMP_EQUAL("settings https://untyped.example.com/x ann@example.com", outcome(settings(enroll + untyped)).c_str());
  STRCMP_EQUAL(fault_text(Fault::kNothing).c_str(), outcome(settings(enroll)).c_str());
  STRCMP_EQUAL(
      "settings https://n.example.com/x ann@example.com",
      outcome(settings("<Server><Name>https://n.example.com/x</Name><Type>MobileSync</Type></Server>")).c_str());
}

TEST(Pox, OnlyHttps) {
  for (const char* url : {"http://mail.example.com/x", "ftp://mail.example.com", "mail.example.com", "https://"}) {
    STRCMP_EQUAL(fault_text(Fault::kBadUrl).c_str(), outcome(settings(server(url))).c_str());
  }
}

TEST(Pox, EitherNamespacePrefixAnyOrderCommentsAndCdata) {
  STRCMP_EQUAL(
      "settings https://m.example.com/x a@example.com",
      outcome("\xEF\xBB\xBF<a:Autodiscover xmlns:a='urn:x'><!-- <x> --><b:Response><c:Action><Settings><Server><Url>"
              "<!-- here -->\n<![CDATA[https://m.example.com/x]]></Url><Type> MobileSync </Type></Server></Settings>"
              "</c:Action><User><EMailAddress>a@example.com</EMailAddress></User></b:Response></a:Autodiscover>")
          .c_str());
}

TEST(Pox, RedirectToAnAddress) {
  const auto redirect = [](const std::string& to) {
    return outcome("<Autodiscover><Response><Action><Redirect>" + to +
                   "</Redirect></Action></Response></Autodiscover>");
  };
  STRCMP_EQUAL("redirect ann@other.example", redirect(" ann@other.example\n").c_str());
  STRCMP_EQUAL(fault_text(Fault::kBadAddress).c_str(), redirect("nobody").c_str());
  STRCMP_EQUAL(fault_text(Fault::kBadAddress).c_str(), redirect(std::string(254, 'a') + "@b").c_str());
  STRCMP_EQUAL(fault_text(Fault::kNothing).c_str(), redirect(" ").c_str());
}

TEST(Pox, Errors) {
  STRCMP_EQUAL("error 600",
               outcome("<Autodiscover><Response><Error Time='1' Id='2'><ErrorCode>600</ErrorCode><Message>Invalid"
                       "</Message></Error></Response></Autodiscover>")
                   .c_str());
  STRCMP_EQUAL("error 2",
               outcome("<Autodiscover><Response><Action><Error><Status>2</Status></Error></Action></Response>"
                       "</Autodiscover>")
                   .c_str());
  STRCMP_EQUAL(
      "error 0",
      outcome("<Autodiscover><Response><Error><ErrorCode>many</ErrorCode></Error></Response></Autodiscover>").c_str());
  STRCMP_EQUAL(fault_text(Fault::kNothing).c_str(), outcome("<Autodiscover/>").c_str());
  STRCMP_EQUAL(fault_text(Fault::kNothing).c_str(), outcome("<Autodiscover><Response/></Autodiscover>").c_str());
}

TEST(Pox, SomethingElse) {
  for (const char* text : {"", " ", "ok", "{\"a\":1}", "<html><body><br></body></html>", "<a", "<a></a></a>", "</a>",
                           "<a>", "<a><", "<!--", "<a b='>", "<?xml", "<a><b></a></b>"}) {
    STRCMP_EQUAL(fault_text(Fault::kNotXml).c_str(), outcome(text).c_str());
  }
  STRCMP_EQUAL(fault_text(Fault::kNotXml).c_str(), outcome("<html><body/></html>").c_str());
}

TEST(Pox, DocumentTypesAndEntitiesNeverReachTheParser) {
  REFUSES("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", Fault::kForbidden);
  REFUSES("<a><!ELEMENT b></a>", Fault::kForbidden);
  REFUSES("<!doctype html><html/>", Fault::kForbidden);
}

TEST(Pox, CharacterReferences) {
  for (const char* fine : {"<a>&#65;&#x41;&#9;&#1114111;&amp;&lt;</a>", "<a b='&#x10FFFF;'/>", "<a>a & b &unknown;</a>",
                           "<a>&#0000065;</a>"}) {
    CHECK(check(fine).ok());
  }
  for (const char* bad : {"<a>&#;</a>", "<a>&#x;</a>", "<a>&#0;</a>", "<a>&#1;</a>", "<a>&#xD800;</a>",
                          "<a>&#1114112;</a>", "<a>&#00000065;</a>", "<a>&#x110000;</a>", "<a>&#99999999999;</a>",
                          "<a>&#6a;</a>", "<a>&#65</a>", "<a b='&#'/>", "<a>&#", "<a>&#x"}) {
    REFUSES(bad, Fault::kForbidden);
  }
}

TEST(Pox, Limits) {
  CHECK(check(nested(kAnswerDepthMax)).ok());
  REFUSES(nested(kAnswerDepthMax + 1), Fault::kTooDeep);
  const std::string head = "<a>", tail = "</a>";
  const std::string full = head + std::string(kAnswerBytesMax - 7, 'x') + tail;
  CHECK(check(full).ok());
  REFUSES(full + " ", Fault::kTooLarge);
  REFUSES(std::string("<a>\0</a>", 8), Fault::kForbidden);
  REFUSES("<a>\x01</a>", Fault::kForbidden);
  REFUSES("<a>\xC3</a>", Fault::kNotUtf8);
  REFUSES("<a>\xED\xA0\x80</a>", Fault::kNotUtf8);
}

TEST(Pox, QuotesMayHoldGreaterThan) {
  CHECK(check("<a b='>' c=\"/>\"><d e='/'></d></a>").ok());
  REFUSES("<a b='<'/>", Fault::kNotXml);
}

TEST(Pox, CutAnywhereIsAnError) {
  const std::string whole = settings(server("https://m.example.com/x"));
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(parse(Text(whole).substr(0, size), kMemory).ok());
}

/// What tinyxml2 may take is there before it begins, or nothing begins. tests/torture counts that it takes no more.
TEST(Pox, WithoutMemoryThereIsNoParse) {
  struct Asked {
    std::size_t bytes = 0;
    int lent = 0, ended = 0;
    bool there = false;
    std::byte block[64 * 1024];
  } asked;
  Memory memory;
  memory.self = &asked;
  memory.take = [](void* self, std::size_t bytes) -> void* {
    auto& of = *static_cast<Asked*>(self);
    of.bytes = bytes;
    return of.there ? of.block : nullptr;
  };
  memory.give = [](void*, void*) {};
  memory.lend = [](void* self, Room room) {
    auto& of = *static_cast<Asked*>(self);
    if (room.empty())
      ++of.ended;
    else if (room.data() == of.block && room.size() == of.bytes)
      ++of.lent;
  };
  const std::string xml = settings(server("https://mail.example.com/Microsoft-Server-ActiveSync"));
  CHECK(parse(xml, memory).error() == out_of_memory(tree_bytes_max(xml)));
  LONGS_EQUAL(0, asked.lent);
  asked.there = true;
  CHECK(parse(xml, memory).ok());
  LONGS_EQUAL(1, asked.lent);
  LONGS_EQUAL(1, asked.ended);
  CHECK(asked.bytes < 32 * 1024);
}
