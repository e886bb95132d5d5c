#include <string>

#include "sample-app/exchange/phone.h"

#include <CppUTest/TestHarness.h>

using namespace exchange_test;

TEST_GROUP(ExchangeProvision) {
  exchange::Server server{options_with(1)};
  Phone phone{server};
  Phone old{server, "12.1", "phone2"};
};

TEST(ExchangeProvision, CommandsWaitForThePolicy) {
  CHECK_EQUAL(std::string("142"), phone.status_of(phone.folder_sync()));
  LONGS_EQUAL(449, old.http("FolderSync", exchange::to_wbxml(n(fh::kFolderSync, {n(fh::kSyncKey, "0")}))).status);
  CHECK_EQUAL(std::string("1"), phone.status_of(phone.provision()));
  CHECK_EQUAL(std::string("1"), phone.status_of(phone.folder_sync()));
  CHECK_EQUAL(std::string("1"), phone.status_of(old.provision()));
  CHECK_EQUAL(std::string("1"), phone.status_of(old.folder_sync()));
  LONGS_EQUAL(0, server.violations().size());
}

TEST(ExchangeProvision, TheDownloadCarriesTheDefaultPolicy) {
  const Node answer = phone.download();
  const Node& document = *Phone::policy_of(answer).find(pr::kData)->find(pr::kEASProvisionDoc);
  CHECK_EQUAL(std::string("4"), std::string(document.value(pr::kMinDevicePasswordLength)));
  CHECK_EQUAL(std::string("900"), std::string(document.value(pr::kMaxInactivityTimeDeviceLock)));
  CHECK_EQUAL(std::string("8"), std::string(document.value(pr::kMaxDevicePasswordFailedAttempts)));
  CHECK_EQUAL(std::string("1"), std::string(document.value(pr::kRequireDeviceEncryption)));
}

TEST(ExchangeProvision, ADownloadAt141NeedsTheModel) {
  const Node answer = phone.run("Provision", n(pr::kProvision, {Phone::policy_download()}));
  CHECK_EQUAL(std::string("165"), phone.status_of(answer));
  const Node half = phone.run(
      "Provision",
      n(pr::kProvision, {n(st::kDeviceInformation, {n(st::kSet, {n(st::kOS, "x")})}), Phone::policy_download()}));
  CHECK_EQUAL(std::string("165"), phone.status_of(half));
}

TEST(ExchangeProvision, DeviceInformationIsNotForOlderVersions) {
  const Node answer = old.run("Provision", n(pr::kProvision, {Phone::device_information(), Phone::policy_download()}));
  CHECK_EQUAL(std::string("2"), old.status_of(answer));
}

TEST(ExchangeProvision, AWrongKeyIsNotAcknowledged) {
  phone.download();
  const Node answer = phone.run("Provision", Phone::policy_acknowledgement("12345", "1"));
  CHECK_EQUAL(std::string("5"), std::string(Phone::policy_of(answer).value(pr::kStatus)));
}

TEST(ExchangeProvision, PartlyIsEnoughUnlessTheServerIsStrict) {
  CHECK_EQUAL(std::string("1"), phone.status_of(phone.provision("2")));
  CHECK_EQUAL(std::string("1"), phone.status_of(phone.provision("3")));
  exchange::Options options = options_with(1);
  options.strict_policy = true;
  exchange::Server strict(options);
  Phone other(strict);
  CHECK_EQUAL(std::string("139"), other.status_of(other.provision("2")));
  CHECK_EQUAL(std::string("139"), other.status_of(other.provision("3")));
  CHECK_EQUAL(std::string("1"), other.status_of(other.provision("1")));
}

TEST(ExchangeProvision, NoPolicyIsAStatusOfThePolicy) {
  exchange::Options options = options_with(1);
  options.policy.reset();
  exchange::Server open(options);
  Phone other(open);
  const Node answer = other.download();
  CHECK_EQUAL(std::string("1"), other.status_of(answer));
  CHECK_EQUAL(std::string("2"), std::string(Phone::policy_of(answer).value(pr::kStatus)));
  CHECK_EQUAL(std::string("1"), other.status_of(other.folder_sync()));
}

TEST(ExchangeProvision, ANewPolicyMakesEveryDeviceProvisionAgain) {
  phone.provision();
  phone.folder_sync();
  server.policy("anna@example.test",
                exchange::policy_from_json(R"({"DevicePasswordEnabled":true,"MinDevicePasswordLength":6})"));
  CHECK_EQUAL(std::string("143"), phone.status_of(phone.folder_sync()));
  phone.policy_key = "99";
  CHECK_EQUAL(std::string("144"), phone.status_of(phone.folder_sync()));
  phone.provision();
  CHECK_EQUAL(std::string("1"), phone.status_of(phone.folder_sync()));
}

TEST(ExchangeProvision, AWipeIsOrderedFetchedAndAcknowledged) {
  phone.provision();
  phone.folder_sync();
  server.wipe("anna@example.test");
  CHECK_EQUAL(std::string("140"), phone.status_of(phone.folder_sync(phone.folder_key)));
  phone.policy_key = "0";
  const Node directive = phone.run("Provision", n(pr::kProvision));
  CHECK(directive.has(pr::kRemoteWipe));
  const Node failed = phone.run("Provision", n(pr::kProvision, {n(pr::kRemoteWipe, {n(pr::kStatus, "2")})}));
  CHECK(failed.has(pr::kRemoteWipe));
  CHECK(server.stats().find("\"wipe\":\"failed\"") != std::string::npos);
  const Node done = phone.run("Provision", n(pr::kProvision, {n(pr::kRemoteWipe, {n(pr::kStatus, "1")})}));
  CHECK_EQUAL(std::string("1"), phone.status_of(done));
  CHECK(!done.has(pr::kRemoteWipe));
  CHECK(server.stats().find("\"wipe\":\"done\"") != std::string::npos);
  LONGS_EQUAL(0, server.violations().size());
}

TEST(ExchangeProvision, OneAccountIsWipedAt161AndShutOutBefore) {
  Phone modern(server, "16.1", "phone3");
  modern.provision();
  phone.provision();
  server.wipe("anna@example.test", true);
  modern.policy_key = "0";
  CHECK(modern.run("Provision", n(pr::kProvision)).has(pr::kAccountOnlyRemoteWipe));
  CHECK_EQUAL(std::string("129"), phone.status_of(phone.folder_sync()));
}

TEST(ExchangeProvision, BlockedAndAllowedAgain) {
  phone.provision();
  old.provision();
  server.block("anna@example.test");
  CHECK_EQUAL(std::string("129"), phone.status_of(phone.folder_sync()));
  LONGS_EQUAL(403, old.http("FolderSync", exchange::to_wbxml(n(fh::kFolderSync, {n(fh::kSyncKey, "0")}))).status);
  server.allow("anna@example.test");
  CHECK_EQUAL(std::string("1"), phone.status_of(phone.folder_sync()));
}

TEST(ExchangeProvision, QuarantineShowsOneNoticeAndHidesTheRest) {
  phone.ready();
  server.quarantine("anna@example.test");
  CHECK_EQUAL(std::string("3"), std::string(phone.sync(Phone::collection(phone.key, kInbox)).value(as::kStatus)));
  phone.first_sync();
  LONGS_EQUAL(1, phone.drain().size());
  server.allow("anna@example.test");
  phone.first_sync();
  const auto ids = phone.drain();
  LONGS_EQUAL(1, ids.size());
  CHECK_EQUAL(kInbox + ":1", ids.front());
}
