// Worlds: what stands on the left is what the machine wants, what stands on the right is how the world answers. A world
// is followed to its end line by line; whatever the machine wants differently is shown.
#include <string>
#include <utility>
#include <vector>

#include "autodiscover/discovery.h"
#include "engine/autodiscover/plain_memory.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::autodiscover;

namespace {

std::string shown(const Discovery& discovery) {
  const Url& url = discovery.url();
  const std::string place = (url.tls ? "https://" : "http://") + std::string(url.host.view()) +
                            (url.port == (url.tls ? 443 : 80) ? "" : ":" + std::to_string(url.port)) +
                            std::string(url.target.view());
  const std::string user = " as " + std::string(discovery.user());
  switch (discovery.step()) {
    case Step::kPost:
      return "POST " + place + user;
    case Step::kPlainGet:
      return "GET " + place;
    case Step::kLookUp:
      return "SRV " + std::string(discovery.srv_name());
    case Step::kConsent:
      return "ask " + std::string(url.host.view());
    case Step::kOptions:
      return "OPTIONS " + place + user;
    case Step::kFound:
      return "found " + place + user + " for " + std::string(discovery.address());
    case Step::kFailed: {
      const Error error = discovery.error();
      return "failed " + std::to_string(static_cast<int>(error.domain)) + "/" + std::to_string(error.code);
    }
  }
  return "?";
}

std::string failed(Error error) {
  return "failed " + std::to_string(static_cast<int>(error.domain)) + "/" + std::to_string(error.code);
}

constexpr Error kNoName{Domain::kDns, 1, 0}, kBadCertificate{Domain::kTls, 5, 0}, kTimeout{Domain::kHttp, 10, 0};
constexpr Error kUnauthorized{Domain::kHttp, 401, 0};

/// How a step ends.
struct Reply {
  enum Kind { kHttp, kFail, kSrv, kConsent } kind = kHttp;
  int status = 0;
  std::string location, body;
  Error error{};
  bool yes = false;
};
Reply http(int status) { return {Reply::kHttp, status, {}, {}, {}, false}; }
Reply to(const std::string& location, int status = 302) { return {Reply::kHttp, status, location, {}, {}, false}; }
Reply body(const std::string& text) { return {Reply::kHttp, 200, {}, text, {}, false}; }
Reply fail(Error error) { return {Reply::kFail, 0, {}, {}, error, false}; }
Reply srv(const std::string& host, int port = 443) { return {Reply::kSrv, port, host, {}, {}, false}; }
Reply yes() { return {Reply::kConsent, 0, {}, {}, {}, true}; }
Reply no() { return {Reply::kConsent, 0, {}, {}, {}, false}; }
Reply settings(const std::string& url, const std::string& address = "ann@example.com") {
  return body("<Autodiscover><Response><User><EMailAddress>" + address +
              "</EMailAddress></User><Action><Settings><Server><Type>"
              "MobileSync</Type><Url>" +
              url + "</Url></Server></Settings></Action></Response></Autodiscover>");
}
Reply redirect(const std::string& address) {
  return body("<Autodiscover><Response><Action><Redirect>" + address +
              "</Redirect></Action></Response></Autodiscover>");
}

using World = std::vector<std::pair<std::string, Reply>>;

void follow(Discovery& discovery, const World& world, const std::string& last, const char* file, std::size_t line) {
  for (const auto& [expected, answer] : world) {
    STRCMP_EQUAL_LOCATION(expected.c_str(), shown(discovery).c_str(), "step", file, line);
    // A credential never without TLS, whatever the world says.
    if (discovery.step() == Step::kPost || discovery.step() == Step::kOptions) {
      CHECK_TRUE_LOCATION(discovery.url().tls, "CHECK", "tls", "", file, line);
    }
    switch (answer.kind) {
      case Reply::kHttp:
        discovery.answered(answer.status, answer.location, answer.body, kMemory);
        break;
      case Reply::kFail:
        discovery.failed(answer.error);
        break;
      case Reply::kSrv:
        discovery.looked_up(answer.location, static_cast<std::uint16_t>(answer.status));
        break;
      case Reply::kConsent:
        discovery.consent(answer.yes);
        break;
    }
  }
  STRCMP_EQUAL_LOCATION(last.c_str(), shown(discovery).c_str(), "end", file, line);
}

#define FOLLOW(discovery, last, ...) follow(discovery, World __VA_ARGS__, last, __FILE__, __LINE__)

const std::string kEas = "https://mail.example.com/Microsoft-Server-ActiveSync";
const std::string kPox = "/autodiscover/autodiscover.xml";
const std::string kDomain = "POST https://example.com" + kPox + " as ann@example.com";
const std::string kDomainLocal = "POST https://example.com" + kPox + " as ann";
const std::string kAuto = "POST https://autodiscover.example.com" + kPox + " as ann@example.com";
const std::string kAutoLocal = "POST https://autodiscover.example.com" + kPox + " as ann";
const std::string kPlain = "GET http://autodiscover.example.com" + kPox;
const std::string kSrv = "SRV _autodiscover._tcp.example.com";
const std::string kOptionsDomain = "OPTIONS https://example.com/Microsoft-Server-ActiveSync as ann@example.com";
const std::string kOptionsMail = "OPTIONS " + kEas + " as ann@example.com";
const std::string kFound = "found " + kEas + " as ann@example.com for ann@example.com";

}  // namespace

TEST_GROUP(Discovery) {
  Discovery discovery;
  void begin(const char* email = "ann@example.com", const char* user = "") { CHECK(discovery.begin(email, user).ok()); }
};

TEST(Discovery, TheDomainKnows) {
  begin();
  FOLLOW(discovery, kFound, {{kDomain, settings(kEas)}});
}

TEST(Discovery, AutodiscoverHostKnows) {
  begin();
  FOLLOW(discovery, kFound, {{kDomain, http(404)}, {kAuto, settings(kEas)}});
}

TEST(Discovery, TheWholeListInOrder) {
  begin();
  FOLLOW(discovery, failed(Error{Domain::kHttp, 404, 0}),
         {{kDomain, http(404)},
          {kAuto, fail(kNoName)},
          {kPlain, fail(kNoName)},
          {kSrv, srv("", 0)},
          {kOptionsDomain, http(405)},
          {kOptionsMail, fail(kNoName)}});
}

TEST(Discovery, ThePrimaryAddressIsUsedFromThenOn) {
  begin();
  FOLLOW(discovery, "found " + kEas + " as ann@example.com for ann.smith@example.com",
         {{kDomain, settings(kEas, "ann.smith@example.com")}});
}

TEST(Discovery, UserFormsOneAfterTheOther) {
  begin();
  FOLLOW(discovery, "found " + kEas + " as ann for ann@example.com",
         {{kDomain, http(401)}, {kDomainLocal, settings(kEas)}});
}

TEST(Discovery, AGivenUserIsTheOnlyForm) {
  begin("ann@example.com", "EX\\ann");
  FOLLOW(discovery, failed(kUnauthorized),
         {{"POST https://example.com" + kPox + " as EX\\ann", http(401)},
          {"POST https://autodiscover.example.com" + kPox + " as EX\\ann", http(401)}});
}

TEST(Discovery, WrongPasswordEndsTheSearchBeforeTheAccountIsLocked) {
  begin();
  FOLLOW(discovery, failed(kUnauthorized),
         {{kDomain, http(401)}, {kDomainLocal, http(401)}, {kAuto, http(401)}, {kAutoLocal, http(401)}});
}

TEST(Discovery, AProtectedWebSiteAtTheDomainIsNotTheEnd) {
  begin();
  FOLLOW(discovery, kFound, {{kDomain, http(401)}, {kDomainLocal, http(401)}, {kAuto, settings(kEas)}});
}

TEST(Discovery, RedirectWithinTheDomainNeedsNoQuestion) {
  for (const int status : {301, 302, 307}) {
    begin();
    FOLLOW(discovery, kFound,
           {{kDomain, to("https://ex.example.com/a.xml", status)},
            {"POST https://ex.example.com/a.xml as ann@example.com", settings(kEas)}});
  }
}

TEST(Discovery, RelativeRedirect) {
  begin();
  FOLLOW(discovery, kFound,
         {{kDomain, to("/other.xml")}, {"POST https://example.com/other.xml as ann@example.com", settings(kEas)}});
}

TEST(Discovery, RedirectElsewhereAsksFirst) {
  begin();
  FOLLOW(discovery, "found https://eas.host.example/x as ann@example.com for ann@example.com",
         {{kDomain, to("https://eas.host.example/a.xml")},
          {"ask eas.host.example", yes()},
          {"POST https://eas.host.example/a.xml as ann@example.com", settings("https://eas.host.example/x")}});
}

TEST(Discovery, ADeclinedHostIsNotAskedForAgain) {
  begin();
  const std::string host = "https://eas.host.example/a.xml";
  FOLLOW(discovery, failed(fault(Fault::kDeclined)),
         {{kDomain, to(host)},
          {"ask eas.host.example", no()},
          {kAuto, to(host)},
          {kPlain, to(host)},
          {kSrv, srv("eas.host.example")},
          {kOptionsDomain, http(404)},
          {kOptionsMail, fail(kBadCertificate)}});
  STRCMP_EQUAL("eas.host.example", std::string(discovery.error_host()).c_str());
}

TEST(Discovery, BuiltInHostsNeedNoQuestion) {
  begin();
  FOLLOW(discovery,
         "found https://outlook.office365.com/Microsoft-Server-ActiveSync as ann@example.com for ann@example.com",
         {{kDomain, http(404)},
          {kAuto, fail(kTimeout)},
          {kPlain, to("https://autodiscover-s.outlook.com/a.xml")},
          {"POST https://autodiscover-s.outlook.com/a.xml as ann@example.com",
           settings("https://outlook.office365.com")}});
}

TEST(Discovery, BuiltInHostsAreWholeNames) {
  for (const char* host :
       {"evil-outlook.office365.com", "outlook.office365.com.evil.example", "x.outlook.com", "outlook.com"}) {
    begin();
    FOLLOW(discovery, std::string("ask ") + host, {{kDomain, to(std::string("https://") + host + "/a.xml")}});
  }
}

TEST(Discovery, SettingsUrlElsewhereIsBelievedForWhoSaysSoIsVerified) {
  begin();
  FOLLOW(discovery, "found https://eas.host.example/x as ann@example.com for ann@example.com",
         {{kDomain, settings("https://eas.host.example/x")}});
}

TEST(Discovery, SettingsUrlThatIsRefused) {
  for (const char* url : {"http://mail.example.com/x", "https://ann@mail.example.com/x", "https://192.0.2.1/x"}) {
    begin();
    FOLLOW(discovery, kFound, {{kDomain, settings(url)}, {kAuto, settings(kEas)}});
  }
}

TEST(Discovery, PlainGetCountsOnlyAsASuggestion) {
  // Even within the domain: what said so is not authenticated.
  begin();
  FOLLOW(discovery, kFound,
         {{kDomain, http(404)},
          {kAuto, http(404)},
          {kPlain, to("https://ex.example.com/a.xml", 301)},
          {"ask ex.example.com", yes()},
          {"POST https://ex.example.com/a.xml as ann@example.com", settings(kEas)}});
  for (const Reply& useless : {settings(kEas), http(401), to("http://ex.example.com/a.xml"), to("/a.xml"), to(""),
                               to("https://ex.example.com/a.xml", 307)}) {
    begin();
    FOLLOW(discovery, kSrv, {{kDomain, http(404)}, {kAuto, http(404)}, {kPlain, useless}});
  }
}

TEST(Discovery, NeverFromHttpsToHttp) {
  begin();
  FOLLOW(discovery, kAuto, {{kDomain, to("http://example.com/a.xml")}});
}

TEST(Discovery, SrvAsks) {
  const World before = {{kDomain, fail(kNoName)}, {kAuto, fail(kNoName)}, {kPlain, fail(kNoName)}};
  begin();
  follow(discovery, before, kSrv, __FILE__, __LINE__);
  FOLLOW(discovery, kFound,
         {{kSrv, srv("ex.example.com.")},
          {"ask ex.example.com", yes()},
          {"POST https://ex.example.com" + kPox + " as ann@example.com", settings(kEas)}});
  for (const Reply& useless :
       {srv("", 0), srv("."), srv("ex.example.com", 8443), srv("192.0.2.1"), srv("a b"), fail(kNoName)}) {
    begin();
    follow(discovery, before, kSrv, __FILE__, __LINE__);
    FOLLOW(discovery, kOptionsDomain, {{kSrv, useless}});
  }
}

TEST(Discovery, SrvToWhereWeHaveBeenIsSkipped) {
  begin();
  FOLLOW(discovery, kOptionsDomain,
         {{kDomain, http(404)}, {kAuto, http(404)}, {kPlain, http(404)}, {kSrv, srv("autodiscover.example.com")}});
}

TEST(Discovery, OptionsAsTheLastResort) {
  const World before = {{kDomain, http(404)}, {kAuto, http(404)}, {kPlain, http(404)}, {kSrv, srv("", 0)}};
  begin();
  follow(discovery, before, kOptionsDomain, __FILE__, __LINE__);
  FOLLOW(discovery, kFound, {{kOptionsDomain, http(200)}, {kOptionsMail, body("14.1,16.1")}});
  begin();
  follow(discovery, before, kOptionsDomain, __FILE__, __LINE__);
  FOLLOW(discovery, "found " + kEas + " as ann for ann@example.com",
         {{kOptionsDomain, to("https://www.example.com/")},
          {kOptionsMail, http(401)},
          {"OPTIONS " + kEas + " as ann", body("16.1")}});
}

TEST(Discovery, RedirectToAnotherAddressOfTheDomain) {
  begin();
  FOLLOW(discovery, "found " + kEas + " as ann.smith@example.com for ann@example.com",
         {{kDomain, redirect("ann.smith@example.com")},
          {"POST https://example.com" + kPox + " as ann.smith@example.com", settings(kEas)}});
}

TEST(Discovery, RedirectToAnotherDomainAsksOnceForThatDomain) {
  begin();
  FOLLOW(discovery, "found https://eas.other.example/x as ann@other.example for ann@other.example",
         {{kDomain, redirect("ann@other.example")},
          {"ask other.example", yes()},
          {"POST https://other.example" + kPox + " as ann@other.example", http(404)},
          {"POST https://autodiscover.other.example" + kPox + " as ann@other.example",
           settings("https://eas.other.example/x", "ann@other.example")}});
  begin();
  FOLLOW(discovery, failed(fault(Fault::kDeclined)),
         {{kDomain, redirect("ann@other.example")}, {"ask other.example", no()}});
}

TEST(Discovery, TheSameAddressTwiceIsALoop) {
  begin();
  FOLLOW(discovery, kAuto, {{kDomain, redirect("ANN@example.com")}});
  begin();
  FOLLOW(discovery, "POST https://autodiscover.example.com" + kPox + " as b@example.com",
         {{kDomain, redirect("b@example.com")},
          {"POST https://example.com" + kPox + " as b@example.com", redirect("ann@example.com")}});
}

TEST(Discovery, TheSameUrlTwiceIsALoop) {
  begin();
  FOLLOW(discovery, kPlain,
         {{kDomain, to("https://autodiscover.example.com" + kPox)}, {kAuto, to("https://example.com" + kPox)}});
}

TEST(Discovery, AtMostTenRedirects) {
  begin();
  const auto url = [](int i) { return "https://example.com/" + std::to_string(i); };
  World world = {{kDomain, to(url(0))}};
  for (int i = 0; i < 9; ++i) world.push_back({"POST " + url(i) + " as ann@example.com", to(url(i + 1))});
  world.push_back({"POST " + url(9) + " as ann@example.com", to(url(10))});
  world.push_back({kAuto, to(url(11))});
  world.push_back({kPlain, http(404)});
  world.push_back({kSrv, srv("", 0)});
  world.push_back({kOptionsDomain, http(404)});
  world.push_back({kOptionsMail, http(404)});
  follow(discovery, world, failed(fault(Fault::kTooManyRedirects)), __FILE__, __LINE__);
}

TEST(Discovery, AServerThatRedirectsForEverEnds) {
  begin();
  int requests = 0;
  while (discovery.step() != Step::kFailed && discovery.step() != Step::kFound) {
    CHECK(++requests < 200);
    const std::string number = std::to_string(requests);
    switch (discovery.step()) {
      case Step::kConsent:
        discovery.consent(true);
        break;
      case Step::kLookUp:
        discovery.looked_up("srv" + number + ".example", 443);
        break;
      default:
        if (requests % 2 == 0)
          discovery.answered(302, "https://h" + number + ".example/", {}, kMemory);
        else
          discovery.answered(200, {}, redirect("ann" + number + "@d" + number + ".example").body, kMemory);
    }
  }
  CHECK(requests < 60);
}

TEST(Discovery, TheMostTellingError) {
  struct Row {
    Reply domain, autodiscover;
    Error expected;
  };
  const Error html = fault(Fault::kNotXml), server = fault(Fault::kServerSays);
  const Error gone{Domain::kHttp, 404, 0}, broken{Domain::kHttp, 500, 0};
  const Reply framework =
      body("<Autodiscover><Response><Error><ErrorCode>600</ErrorCode></Error></Response></Autodiscover>");
  const Row rows[] = {
      {fail(kNoName), fail(kNoName), kNoName},
      {http(404), fail(kNoName), gone},
      {fail(kNoName), http(404), gone},
      {http(404), http(500), broken},
      {fail(kBadCertificate), http(500), kBadCertificate},
      {http(500), fail(kBadCertificate), kBadCertificate},
      {body("<html/>"), http(404), html},
      {framework, fail(kNoName), server},
      {http(456), fail(kBadCertificate), Error{Domain::kHttp, 456, 0}},
  };
  for (const Row& row : rows) {
    begin();
    FOLLOW(discovery, failed(row.expected),
           {{kDomain, row.domain},
            {kAuto, row.autodiscover},
            {kPlain, http(200)},
            {kSrv, srv("", 0)},
            {kOptionsDomain, fail(kNoName)},
            {kOptionsMail, fail(kNoName)}});
  }
}

TEST(Discovery, A401OfAWebSiteIsKeptWhenNothingElseAnswers) {
  begin();
  FOLLOW(discovery, failed(kUnauthorized),
         {{kDomain, http(401)},
          {kDomainLocal, http(401)},
          {kAuto, fail(kBadCertificate)},
          {kPlain, fail(kNoName)},
          {kSrv, srv("", 0)},
          {kOptionsDomain, http(404)},
          {kOptionsMail, fail(kNoName)}});
}

TEST(Discovery, WhatIsNoAddress) {
  for (const char* email : {"", "ann", "@example.com", "ann@", "ann@exa mple.com", "ann@192.0.2.1", "ann@[192.0.2.1]",
                            "ann@a..b", "ann@example.com.", "ann@x\r\ny"}) {
    CHECK_FALSE(discovery.begin(email, "").ok());
    CHECK(discovery.step() == Step::kFailed);
    CHECK(discovery.error() == fault(Fault::kBadAddress));
  }
}

TEST(Discovery, WordsOutOfTurnChangeNothing) {
  begin();
  discovery.consent(true);
  discovery.looked_up("evil.example", 443);
  STRCMP_EQUAL(kDomain.c_str(), shown(discovery).c_str());
  FOLLOW(discovery, kFound, {{kDomain, settings(kEas)}});
  discovery.answered(302, "https://evil.example/", {}, kMemory);
  discovery.failed(kNoName);
  STRCMP_EQUAL(kFound.c_str(), shown(discovery).c_str());
}

TEST(Discovery, NoLabelIsEverStripped) {
  begin("ann@mail.dept.example.co.uk");
  int steps = 0;
  while (discovery.step() != Step::kFailed && ++steps < 50) {
    if (discovery.step() == Step::kLookUp) {
      STRCMP_EQUAL("_autodiscover._tcp.mail.dept.example.co.uk", std::string(discovery.srv_name()).c_str());
      discovery.looked_up({}, 0);
      continue;
    }
    CHECK(is_within(discovery.url().host.view(), "mail.dept.example.co.uk"));
    discovery.failed(kNoName);
  }
}
