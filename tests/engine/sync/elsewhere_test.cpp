/// Where the server is and what it speaks: Autodiscover, moved mailboxes, versions, the two forms of the query.
#include <algorithm>

#include "engine/sync/mailbox_view.h"
#include "protocol/command.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;

namespace {

exchange::Options plain() {
  exchange::Options options;
  options.mails = 12;
  options.policy = std::nullopt;
  return options;
}
exchange::HttpResponse http(int status, std::string header = {}, std::string value = {}) {
  exchange::HttpResponse response;
  response.status = status;
  if (!header.empty()) response.set(header, value);
  return response;
}

}  // namespace

TEST_GROUP(Elsewhere){};

TEST(Elsewhere, AutodiscoverFindsTheServerByEveryWay) {
  struct Row {
    const char* name;
    std::set<std::string> hosts;
    std::vector<std::string> srv;
    const char* plain_redirect;
    bool consent;
  };
  const Row rows[] = {
      {"at the domain", {"example.test", "localhost"}, {}, "", false},
      {"at autodiscover.", {"autodiscover.example.test", "localhost"}, {}, "", false},
      {"by the plain redirect",
       {"autodiscover.example.test", "elsewhere.test", "localhost"},
       {},
       "https://elsewhere.test/autodiscover/autodiscover.xml",
       true},
      {"by SRV", {"srv.elsewhere.test", "localhost"}, {"srv.elsewhere.test:443"}, "", true},
  };
  for (const Row& row : rows) {
    World world(plain());
    world.autodiscover = true;
    world.hosts = row.hosts;
    world.srv = row.srv;
    if (*row.plain_redirect)
      world.instead = [&](const Sent& sent) -> std::optional<exchange::HttpResponse> {
        if (sent.host != "autodiscover.example.test") return std::nullopt;
        if (sent.tls) return http(503);
        STRCMP_EQUAL_TEXT("", sent.authorization.c_str(), row.name);
        return http(302, "Location", row.plain_redirect);
      };
    AccountId id = world.add();
    LONGS_EQUAL_TEXT(0, world.error(id).code, row.name);
    STRCMP_EQUAL_TEXT("localhost", std::string(world.view(id).server.view()).c_str(), row.name);
    LONGS_EQUAL_TEXT(row.consent ? 1 : 0, world.asked.size(), row.name);
    for (const Sent& sent : world.sent) CHECK_TEXT(sent.tls || sent.authorization.empty(), row.name);
    LONGS_EQUAL_TEXT(0, world.sync(id).code, row.name);
    STRCMP_EQUAL_TEXT("", difference(world, id).c_str(), row.name);
    // What was found is kept: no second search after a restart.
    world.restart();
    std::size_t before = world.requests("Autodiscover");
    LONGS_EQUAL_TEXT(0, world.sync(id).code, row.name);
    LONGS_EQUAL_TEXT(before, world.requests("Autodiscover"), row.name);
  }
}

TEST(Elsewhere, ARedirectThatIsNotTrustedGetsNoCredential) {
  World world(plain());
  world.autodiscover = true;
  world.trust_redirect = false;
  world.hosts = {"srv.elsewhere.test", "localhost"};
  world.srv = {"srv.elsewhere.test:443"};
  AccountId id = world.add();
  CHECK(failed(world.error(id)));
  STRCMP_EQUAL("srv.elsewhere.test", std::string(world.view(id).detail.view()).c_str());
  for (const Sent& sent : world.sent) CHECK(sent.host != "srv.elsewhere.test" || sent.authorization.empty());
}

TEST(Elsewhere, AutodiscoverFollowsAddressesAndUrls) {
  exchange::Options options = plain();
  options.users = {{"alias@example.test", "demo"}, {"demo@example.test", "demo"}};
  options.autodiscover_addresses = {{"alias@example.test", "demo@example.test"}};
  {
    World world(options);
    world.autodiscover = true;
    world.hosts = {"example.test", "localhost"};
    AccountId id = world.add("alias@example.test");
    LONGS_EQUAL(0, world.error(id).code);
    LONGS_EQUAL(2, world.requests("Autodiscover"));
    STRCMP_EQUAL("demo@example.test", std::string(world.view(id).user.view()).c_str());
    LONGS_EQUAL(0, world.sync(id).code);
    STRCMP_EQUAL("", world.first_violation().c_str());
  }
  options.autodiscover_addresses.clear();
  options.autodiscover_urls = {
      {"demo@example.test", "https://autodiscover.example.test/autodiscover/autodiscover.xml"}};
  {
    World world(options);
    world.autodiscover = true;
    world.hosts = {"example.test", "autodiscover.example.test", "localhost"};
    // The fault-free server sends every POST on: the second host answers itself.
    world.instead = [&](const Sent& sent) -> std::optional<exchange::HttpResponse> {
      if (sent.label != "Autodiscover" || sent.host != "autodiscover.example.test") return std::nullopt;
      exchange::HttpResponse answer = http(200, "Content-Type", "text/xml");
      answer.body =
          "<?xml version=\"1.0\"?><Autodiscover "
          "xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\">"
          "<Response "
          "xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/"
          "2006\"><Action><Settings>"
          "<Server><Type>MobileSync</Type><Url>https://localhost/Microsoft-Server-ActiveSync</Url></Server></"
          "Settings></Action>"
          "</Response></Autodiscover>";
      return answer;
    };
    AccountId id = world.add();
    LONGS_EQUAL(0, world.error(id).code);
    LONGS_EQUAL(2, world.requests("Autodiscover"));
  }
}

TEST(Elsewhere, ARedirectThatGoesRoundEnds) {
  exchange::Options options = plain();
  options.users = {{"a@example.test", "demo"}, {"b@example.test", "demo"}};
  options.autodiscover_addresses = {{"a@example.test", "b@example.test"}, {"b@example.test", "a@example.test"}};
  World world(options);
  world.autodiscover = true;
  world.hosts = {"example.test", "autodiscover.example.test"};
  world.instead = [](const Sent& sent) { return sent.label == "OPTIONS" ? std::optional(http(404)) : std::nullopt; };
  AccountId id = world.add("a@example.test");
  CHECK(failed(world.error(id)));
  CHECK_TEXT(world.sent.size() < 30, std::to_string(world.sent.size()).c_str());
}

TEST(Elsewhere, WithoutAnyServerTheFailureIsNamed) {
  World world(plain());
  world.autodiscover = true;
  world.hosts = {"nothing.test"};
  AccountId id = world.add();
  CHECK(world.error(id).domain == Domain::kDns);
  CHECK(world.view(id).state == AccountState::kBlocked || world.view(id).state == AccountState::kAdding);
  CHECK(world.sent.size() < 12);
}

TEST(Elsewhere, AMovedMailboxIsFollowed) {
  struct Row {
    const char *name, *location;
    bool asked;
  };
  for (Row row : {Row{"inside the domain", "https://eas.example.test/Microsoft-Server-ActiveSync", false},
                  Row{"the same server", "https://localhost/Microsoft-Server-ActiveSync", false},
                  Row{"a known service", "https://outlook.office365.com/Microsoft-Server-ActiveSync", false},
                  Row{"somewhere else", "https://mail.elsewhere.test/Microsoft-Server-ActiveSync", true}}) {
    for (const char* label : {"FolderSync", "Sync"}) {
      World world(plain());
      AccountId id = world.add();
      std::string host = std::string(row.location).substr(8);
      host = host.substr(0, host.find('/'));
      bool moved = false;
      world.instead = [&](const Sent& sent) -> std::optional<exchange::HttpResponse> {
        if (sent.label != label || moved) return std::nullopt;
        moved = true;
        return http(451, "X-MS-Location", row.location);
      };
      LONGS_EQUAL_TEXT(0, world.sync(id).code, row.name);
      CHECK(moved);
      LONGS_EQUAL_TEXT(row.asked, world.asked.size(), row.name);
      if (row.asked) STRCMP_EQUAL(host.c_str(), world.asked[0].second.c_str());
      STRCMP_EQUAL_TEXT(host.c_str(), std::string(world.view(id).server.view()).c_str(), row.name);
      STRCMP_EQUAL_TEXT(host.c_str(), world.sent.back().host.c_str(), row.name);
      STRCMP_EQUAL_TEXT("", difference(world, id).c_str(), row.name);
      // Kept, because it worked.
      world.restart();
      LONGS_EQUAL(0, world.sync(id).code);
      STRCMP_EQUAL_TEXT(host.c_str(), world.sent.back().host.c_str(), row.name);
    }
  }
}

TEST(Elsewhere, AMoveThatIsNotTrustedOrNotUsableStops) {
  struct Row {
    const char* location;
    bool trust;
  };
  for (Row row : {Row{"https://mail.elsewhere.test/x", false}, Row{"http://eas.example.test/x", true},
                  Row{"https://10.0.0.1/x", true}}) {
    World world(plain());
    world.trust_redirect = row.trust;
    AccountId id = world.add();
    world.instead = [&](const Sent& sent) -> std::optional<exchange::HttpResponse> {
      return sent.label == "FolderSync" ? std::optional(http(451, "X-MS-Location", row.location)) : std::nullopt;
    };
    CHECK_TEXT(failed(world.sync(id)), row.location);
    for (const Sent& sent : world.sent) STRCMP_EQUAL_TEXT("localhost", sent.host.c_str(), row.location);
    CHECK(world.view(id).state == AccountState::kBlocked);
    world.instead = nullptr;
    LONGS_EQUAL_TEXT(0, world.sync(id).code, row.location);  // the old server is still known
  }
}

TEST(Elsewhere, AMoveWithoutEndPauses) {
  World world(plain());
  AccountId id = world.add();
  int turn = 0;
  world.instead = [&](const Sent& sent) -> std::optional<exchange::HttpResponse> {
    if (sent.label == "OPTIONS") return std::nullopt;
    return http(451, "X-MS-Location",
                "https://n" + std::to_string(++turn) + ".example.test/Microsoft-Server-ActiveSync");
  };
  std::uint64_t from = world.now_ms();
  LONGS_EQUAL(451, world.sync(id).code);
  CHECK_TEXT(world.requests_since(from) <= 12, std::to_string(world.requests_since(from)).c_str());
}

TEST(Elsewhere, AServerThatKnowsOnlyThePlainQueryIsSpokenToPlainly) {
  for (int refusal : {400, 501}) {
    World world(plain());
    world.instead = [&](const Sent& sent) -> std::optional<exchange::HttpResponse> {
      if (sent.method != "POST" || sent.target.find("Cmd=") != std::string::npos) return std::nullopt;
      return http(refusal);
    };
    AccountId id = world.add();
    LONGS_EQUAL(0, world.error(id).code);
    LONGS_EQUAL(0, world.sync(id).code);
    STRCMP_EQUAL("", difference(world, id).c_str());
    STRCMP_EQUAL("", world.first_violation().c_str());
    world.restart();
    std::size_t before = world.sent.size();
    LONGS_EQUAL(0, world.sync(id).code);
    for (std::size_t i = before; i < world.sent.size(); ++i)
      CHECK(world.sent[i].target.find("Cmd=") != std::string::npos);
  }
}

TEST(Elsewhere, AnUpdatedServerIsSpokenToInItsNewVersionAndNothingIsLost) {
  struct Row {
    const char *before, *after;
    int version;
  };
  for (Row row : {Row{"14.1", "16.1", 161}, Row{"12.1", "14.1", 141}, Row{"16.1", "14.0", 140},
                  Row{"16.0", "12.1", 121}, Row{"12.1", "12.0", 120}, Row{"12.0", "14.1", 141}}) {
    exchange::Options options = plain();
    options.versions = {row.before};
    World world(options);
    AccountId id = world.add();
    LONGS_EQUAL_TEXT(0, world.sync(id).code, row.before);
    STRCMP_EQUAL("", difference(world, id).c_str());
    ItemId edited = world.item(id, 3);
    std::map<std::string, Mail> before = handset_mails(world, id);
    std::string server_id;
    for (const auto& [key, mail] : before)
      if (mail.id == edited) server_id = key;
    bool was_read = before[server_id].read;
    CHECK(world.engine().changes(id).mark(edited, was_read ? Mark::kUnread : Mark::kRead).ok());
    // The old version is still served while the device learns of the new one.
    world.server().set_versions({row.before, row.after});
    std::size_t seen_least = SIZE_MAX;
    world.on_event = [&] { seen_least = std::min(seen_least, world.subjects(id).size()); };
    Error error = world.sync(id);
    LONGS_EQUAL_TEXT(0, error.code, row.after);
    world.server().set_versions({row.after});
    LONGS_EQUAL_TEXT(0, world.sync(id).code, row.after);
    LONGS_EQUAL_TEXT(0, world.sync(id).code, row.after);
    world.on_event = nullptr;
    LONGS_EQUAL_TEXT(row.version, world.view(id).version, row.after);
    LONGS_EQUAL_TEXT(12, seen_least, "the folder was seen empty or short");
    STRCMP_EQUAL_TEXT("", difference(world, id).c_str(), row.after);
    CHECK_TEXT(server_mails(world.server())[server_id].read != was_read, "the edit was lost");
    CHECK(handset_mails(world, id)[server_id].id == edited);
    CHECK(world.queue(id).empty());
  }
}

TEST(Elsewhere, TheVersionIsAgreedOnAnewWhenTheServerRefusesIt) {
  exchange::Options options = plain();
  options.versions = {"16.1"};
  World world(options);
  AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  world.server().set_versions({"14.1"});  // from one moment to the next, without X-MS-RP
  LONGS_EQUAL(0, world.sync(id).code);
  LONGS_EQUAL(141, world.view(id).version);
  STRCMP_EQUAL("", difference(world, id).c_str());
}
