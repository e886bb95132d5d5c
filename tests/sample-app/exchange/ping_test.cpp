#include <string>

#include "sample-app/exchange/phone.h"

#include <CppUTest/TestHarness.h>

using namespace exchange_test;

namespace {

Node ping_document(const std::string& heartbeat, const std::string& folder = kInbox) {
  return n(pg::kPing, {n(pg::kHeartbeatInterval, heartbeat),
                       n(pg::kFolders, {n(pg::kFolder, {n(pg::kId, folder), n(pg::kClass, "Email")})})});
}

}  // namespace

TEST_GROUP(ExchangePing) {
  exchange::Server server{options_with(2)};
  Phone phone{server};

  void setup() override { phone.ready(); }
  bool waits(const Node& document) {
    return !phone.send(phone.request("Ping", exchange::to_wbxml(document))).has_value();
  }
  std::string status() { return phone.status_of(phone.late_document()); }
};

TEST(ExchangePing, EndsWithTimeOrWithAMail) {
  CHECK(waits(ping_document("480")));
  CHECK_EQUAL(kStart + 480'000, server.next_wake_ms().value());
  server.tick(kStart + 479'999);
  CHECK(!phone.late.has_value());
  server.tick(kStart + 480'000);
  CHECK_EQUAL(std::string("1"), status());
  CHECK(!server.next_wake_ms().has_value());
  CHECK(waits(ping_document("480")));
  server.deliver("anna@example.test");
  CHECK_EQUAL(std::string("2"), status());
  CHECK_EQUAL(kInbox, std::string(phone.late_document().find(pg::kFolders)->value(pg::kFolder)));
  CHECK(!waits(ping_document("480")));  // the mail has not been synchronised yet
  CHECK_EQUAL(std::string("2"), status());
  phone.drain();
  CHECK(waits(ping_document("480")));
  LONGS_EQUAL(0, server.violations().size());
}

TEST(ExchangePing, ReportsAdditionsOnly) {
  CHECK(waits(ping_document("480")));
  server.edit("anna@example.test", 1);
  server.remove("anna@example.test", 1);
  CHECK(!phone.late.has_value());
}

TEST(ExchangePing, MayBeShortenedOnceItIsKnown) {
  CHECK_EQUAL(std::string("3"), phone.status_of(exchange::parse_wbxml(phone.http("Ping", "").body)));
  CHECK(waits(ping_document("480")));
  CHECK(!phone.send(phone.request("Ping", "")).has_value());
  CHECK(waits(n(pg::kPing, {n(pg::kHeartbeatInterval, "600")})));
  LONGS_EQUAL(1, server.waiting());
  CHECK_EQUAL(kStart + 600'000, server.next_wake_ms().value());
}

TEST(ExchangePing, AnswersAnIntervalOutOfRangeWithTheLimit) {
  CHECK(!waits(ping_document("10")));
  CHECK_EQUAL(std::string("5"), status());
  CHECK_EQUAL(std::string("60"), std::string(phone.late_document().value(pg::kHeartbeatInterval)));
  CHECK(!waits(ping_document("4000")));
  CHECK_EQUAL(std::string("3540"), std::string(phone.late_document().value(pg::kHeartbeatInterval)));
}

TEST(ExchangePing, SaysWhenThereAreTooManyFoldersOrUnknownOnes) {
  exchange::Options options = options_with(0);
  options.ping_folders_max = 1;
  exchange::Server small(options);
  Phone other(small);
  other.ready();
  Node document = ping_document("480");
  document.find(pg::kFolders)->add(n(pg::kFolder, {n(pg::kId, "9"), n(pg::kClass, "Email")}));
  const Node answer = other.run("Ping", document);
  CHECK_EQUAL(std::string("6"), other.status_of(answer));
  CHECK_EQUAL(std::string("1"), std::string(answer.value(pg::kMaxFolders)));
  CHECK(!waits(ping_document("480", "77")));
  CHECK_EQUAL(std::string("7"), status());
}

TEST(ExchangePing, RefusesAWrongShape) {
  CHECK(!waits(n(pg::kPing, {n(pg::kFolders, {n(pg::kFolder, {n(pg::kClass, "Email"), n(pg::kId, kInbox)})})})));
  CHECK_EQUAL(std::string("4"), status());
  CHECK(complains(server, "in this order"));
}

TEST(ExchangePing, ANewOneEndsTheOld) {
  Phone twin(server);
  CHECK(waits(ping_document("480")));
  CHECK(!twin.send(twin.request("Ping", exchange::to_wbxml(ping_document("480")))).has_value());
  CHECK_EQUAL(std::string("1"), status());
  LONGS_EQUAL(1, server.waiting());
}

TEST(ExchangePing, IsForgottenWhenItsConnectionIsGone) {
  CHECK(waits(ping_document("480")));
  server.abandon(phone.number);
  LONGS_EQUAL(0, server.waiting());
  server.deliver("anna@example.test");
  CHECK(!phone.late.has_value());
}

TEST(ExchangePing, AWipeOrANewPolicyIsNoticedThroughTheFolders) {
  CHECK(waits(ping_document("480")));
  server.wipe("anna@example.test");
  CHECK_EQUAL(std::string("7"), status());
  CHECK(!waits(ping_document("480")));
  CHECK_EQUAL(std::string("140"), status());
}
