#include <stdexcept>
#include <string>

#include "exchange/faults.h"
#include "sample-app/exchange/phone.h"

#include <CppUTest/TestHarness.h>

using namespace exchange_test;
using exchange::FaultKind;
using exchange::parse_fault;

TEST_GROUP(ExchangeFaults) {
  exchange::Server server{options_with(3)};
  Phone phone{server};

  void setup() override { phone.ready(); }
  HttpResponse sync() {
    return phone.http("Sync", exchange::to_wbxml(Phone::sync_document(Phone::collection(phone.key, kInbox))));
  }
};

TEST(ExchangeFaults, AreSpelledAsTheContractSays) {
  CHECK(parse_fault("Sync:delay:1500").number == 1500);
  CHECK(parse_fault("any@3:http:503").nth == 3);
  CHECK(parse_fault("Ping%20:lose-answer").per_cent == 20);
  CHECK(parse_fault("FolderSync:gzip-bomb").kind == FaultKind::kGzipBomb);
  CHECK_EQUAL(std::string("https://a/b"), parse_fault("Sync:http:451:https://a/b").text);
  for (const char* const wrong : {"Sync", "Sink:html", "Sync:explode", "Sync:delay", "Sync:delay:x", "Sync@0:html",
                                  "Sync%101:html", "Sync:html:1"}) {
    CHECK_THROWS(std::invalid_argument, parse_fault(wrong));
  }
}

TEST(ExchangeFaults, TheNthRequestOnly) {
  server.fault("Sync@2:http:503");
  LONGS_EQUAL(200, sync().status);
  const HttpResponse second = sync();
  LONGS_EQUAL(503, second.status);
  CHECK(second.header("Retry-After") != nullptr);
  LONGS_EQUAL(200, sync().status);
}

TEST(ExchangeFaults, AStatusTakesTheCommandsPlace) {
  server.deliver("anna@example.test");
  server.fault("Sync:status:3");
  const Node answer = exchange::parse_wbxml(sync().body);
  CHECK_EQUAL(std::string("3"), std::string(answer.find(as::kCollections)->children[0].value(as::kStatus)));
  server.faults_off();
  server.fault("Sync:status:111");
  CHECK_EQUAL(std::string("111"), phone.status_of(exchange::parse_wbxml(sync().body)));
  server.faults_off();
  LONGS_EQUAL(1, phone.drain().size());
}

TEST(ExchangeFaults, ALostAnswerHasBeenActedUpon) {
  server.deliver("anna@example.test", "once");
  server.fault("Sync@1:lose-answer");
  const HttpResponse lost = sync();
  CHECK(lost.transport.lose);
  const HttpResponse again = sync();  // same key
  CHECK(!again.transport.lose);
  CHECK_EQUAL(lost.body, again.body);
}

TEST(ExchangeFaults, TransportIsTheCarriersToObey) {
  server.fault("Sync:delay:300");
  server.fault("Sync:cut:4");
  const HttpResponse response = sync();
  LONGS_EQUAL(300, response.transport.delay_ms);
  LONGS_EQUAL(4, response.transport.cut_after_bytes.value());
}

TEST(ExchangeFaults, PagesGarbageAndBombs) {
  server.fault("Sync@1:html");
  CHECK(sync().body.find("<html>") != std::string::npos);
  server.faults_off();
  server.fault("Sync@1:garbage");
  CHECK_THROWS(exchange::BadDocument, exchange::parse_wbxml(sync().body));
  server.faults_off();
  server.fault("Sync@1:gzip-bomb");
  const HttpResponse bomb = sync();
  CHECK_EQUAL(std::string("gzip"), *bomb.header("Content-Encoding"));
  CHECK(bomb.body.size() < 1'000'000);
  CHECK_THROWS(std::runtime_error, exchange::gunzip(bomb.body, 64u << 20));
}

TEST(ExchangeFaults, AnswersFromALaterProtocolOrWithoutStatus) {
  server.fault("FolderSync@1:unknown-page");
  server.fault("FolderSync@2:no-status");
  server.fault("FolderSync@3:http:200");
  const Node later = phone.folder_sync();
  CHECK_EQUAL(40, static_cast<int>(wbxml::page_of(later.children[0].tag)));
  CHECK_EQUAL(std::string("1"), phone.status_of(later));
  const Node bare = phone.folder_sync();
  CHECK(!bare.has(fh::kStatus));
  CHECK(bare.has(fh::kSyncKey));
  LONGS_EQUAL(0, phone.http("FolderSync", exchange::to_wbxml(n(fh::kFolderSync, {n(fh::kSyncKey, "0")}))).body.size());
}

TEST(ExchangeFaults, AlwaysChangedNeverEnds) {
  server.fault("any:always-changed");
  for (int i = 0; i < 5; ++i) {
    const Node part = phone.sync(Phone::collection(phone.key, kInbox));
    CHECK(part.has(as::kMoreAvailable));
    CHECK(!part.has(as::kCommands));
  }
  const Node ping = phone.run(
      "Ping", n(pg::kPing, {n(pg::kHeartbeatInterval, "480"),
                            n(pg::kFolders, {n(pg::kFolder, {n(pg::kId, kInbox), n(pg::kClass, "Email")})})}));
  CHECK_EQUAL(std::string("2"), phone.status_of(ping));
}

TEST(ExchangeFaults, PerCentIsDrawnFromTheSeed) {
  const auto pattern = [] {
    exchange::Server twin(options_with(0));
    Phone other(twin);
    other.ready();
    twin.fault("FolderSync%40:http:500");
    std::string seen;
    for (int i = 0; i < 40; ++i)
      seen += other.http("FolderSync", exchange::to_wbxml(n(fh::kFolderSync, {n(fh::kSyncKey, "0")}))).status == 500
                  ? 'x'
                  : '.';
    return seen;
  };
  const std::string once = pattern();
  CHECK_EQUAL(once, pattern());
  CHECK(once.find('x') != std::string::npos && once.find('.') != std::string::npos);
}
