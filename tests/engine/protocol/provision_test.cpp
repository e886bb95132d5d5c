#include <string>

#include "engine/protocol/support.h"
#include "protocol/provision.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::protocol;

namespace {

struct Read {
  explicit Read(const wbxml::Document& document, std::size_t chunk = SIZE_MAX)
      : response(&events), outcome(wbxml::read(response, document, chunk)) {}
  explicit Read(const std::string& xml) : Read(document_of(xml)) {}
  wbxml::Recorder events;
  ProvisionResponse response;
  Status outcome;
};

DeviceInformation device() { return {"H1", "Handset", "Linux 6.1", "en-us", "example/1.0"}; }

std::string provision(const std::string& content) {
  return "<Provision xmlns=\"Provision\">" + content + "</Provision>";
}

}  // namespace

TEST_GROUP(Provision){};

TEST(Provision, DownloadCarriesTheDeviceFrom141On) {
  const std::string policies =
      "<Policies><Policy><PolicyType>MS-EAS-Provisioning-WBXML</PolicyType></Policy></Policies>";
  const std::string information =
      "<DeviceInformation xmlns=\"Settings\"><Set><Model>H1</Model><FriendlyName>Handset</FriendlyName>"
      "<OS>Linux 6.1</OS><OSLanguage>en-us</OSLanguage><UserAgent>example/1.0</UserAgent></Set></DeviceInformation>";
  for (const Version version : kVersions) {
    if (version < 120) continue;
    const Written written([&](Room room) { return write_provision_download(room, version, device()); });
    const std::string expected = provision((version >= 141 ? information : "") + policies);
    STRCMP_EQUAL(expected.c_str(), written.xml().c_str());
  }
}

TEST(Provision, BeforeTwelveThePolicyIsAText) {
  const Written download([](Room room) { return write_provision_download(room, 25, device()); });
  STRCMP_EQUAL(
      provision("<Policies><Policy><PolicyType>MS-WAP-Provisioning-XML</PolicyType></Policy></Policies>").c_str(),
      download.xml().c_str());
  const Written acknowledge([](Room room) { return write_provision_acknowledge(room, "7", 2, PolicyForm::kText); });
  STRCMP_EQUAL(provision("<Policies><Policy><PolicyType>MS-WAP-Provisioning-XML</PolicyType><PolicyKey>7</PolicyKey>"
                         "<Status>2</Status></Policy></Policies>")
                   .c_str(),
               acknowledge.xml().c_str());
  std::string text;
  for (int i = 0; i < 200; ++i) text += "&lt;characteristic type=\"x\"/&gt;";
  const Read read(
      provision("<Status>1</Status><Policies><Policy><PolicyType>MS-WAP-Provisioning-XML</PolicyType>"
                "<Status>1</Status><PolicyKey>7</PolicyKey><Data>&lt;wap-provisioningdoc&gt;" +
                text + "&lt;/wap-provisioningdoc&gt;</Data></Policy></Policies>"));
  CHECK(read.outcome.ok());
  CHECK(read.response.document_seen());
  STRCMP_EQUAL("7", std::string(read.response.policy_key()).c_str());
}

TEST(Provision, WhatIsNotKnownIsLeftOut) {
  const Written written([](Room room) { return write_settings_device_information(room, 121, {"H1", {}, {}, {}, {}}); });
  STRCMP_EQUAL(
      "<Settings xmlns=\"Settings\"><DeviceInformation><Set><Model>H1</Model></Set></DeviceInformation></Settings>",
      written.xml().c_str());
}

TEST(Provision, AcknowledgementBytes) {
  const Written policy([](Room room) { return write_provision_acknowledge(room, "1307199584", 1); });
  STRCMP_EQUAL(wbxml::to_hex(vector_bytes("14-provision-request-2")).c_str(), policy.hex().c_str());
  const Written wipe([](Room room) { return write_wipe_acknowledge(room, false, 1); });
  STRCMP_EQUAL(wbxml::to_hex(vector_bytes("15-provision-remotewipe-ack")).c_str(), wipe.hex().c_str());
  const Written account([](Room room) { return write_wipe_acknowledge(room, true, 2); });
  STRCMP_EQUAL(provision("<AccountOnlyRemoteWipe><Status>2</Status></AccountOnlyRemoteWipe>").c_str(),
               account.xml().c_str());
  const Written empty([](Room room) { return write_provision_empty(room); });
  STRCMP_EQUAL("03 01 6A 00 00 0E 05", empty.hex().c_str());
}

TEST(Provision, PolicyIsHandedOn) {
  for (const std::size_t chunk : kChunkSizes) {
    const Read read(vector_bytes("13-provision-response-1"), chunk);
    CHECK(read.outcome.ok());
    LONGS_EQUAL(1, read.response.status());
    LONGS_EQUAL(1, read.response.policy_status());
    LONGS_EQUAL(1, read.response.device_information_status());
    STRCMP_EQUAL("1307199584", std::string(read.response.policy_key()).c_str());
    CHECK(read.response.document_seen());
    CHECK_FALSE(read.response.remote_wipe());
    CHECK(read.events.events.front() == (wbxml::Event{wbxml::Event::kOpen, wbxml::provision::kEASProvisionDoc, {}}));
    CHECK(read.events.events.back() == (wbxml::Event{wbxml::Event::kClose, wbxml::provision::kEASProvisionDoc, {}}));
    CHECK(read.events.events[2] == (wbxml::Event{wbxml::Event::kText, 0, "1"}));
    std::size_t opened = 0;
    for (const auto& event : read.events.events) opened += event.kind == wbxml::Event::kOpen;
    LONGS_EQUAL(12, opened);
  }
}

TEST(Provision, WipeDirectivesCountOnlyAtTheirPlace) {
  CHECK(Read(provision("<Status>1</Status><RemoteWipe/>")).response.remote_wipe());
  CHECK(Read(provision("<AccountOnlyRemoteWipe/>")).response.account_only_wipe());
  const Read elsewhere(
      provision("<Policies><RemoteWipe/><Policy><Data><EASProvisionDoc><RemoteWipe/></EASProvisionDoc>"
                "<AccountOnlyRemoteWipe/></Data></Policy></Policies>"));
  CHECK(elsewhere.outcome.ok());
  CHECK_FALSE(elsewhere.response.remote_wipe());
  CHECK_FALSE(elsewhere.response.account_only_wipe());
}

TEST(Provision, NoPolicyAndMissingStatus) {
  const Read none(provision("<Policies><Policy><Status>2</Status><PolicyType>x</PolicyType></Policy></Policies>"));
  CHECK(none.outcome.ok());
  LONGS_EQUAL(0, none.response.status());
  LONGS_EQUAL(2, none.response.policy_status());
  CHECK_FALSE(none.response.document_seen());
  const Read bare(std::string("<Provision xmlns=\"Provision\"/>"));
  CHECK(bare.outcome.ok());
  LONGS_EQUAL(0, bare.response.policy_status());
}

TEST(Provision, ASecondPolicyDoesNotOverwriteTheFirst) {
  const Read read(
      provision("<Policies><Policy><PolicyKey>1</PolicyKey><Data><EASProvisionDoc/></Data></Policy><Policy>"
                "<PolicyKey>2</PolicyKey><Data><EASProvisionDoc/></Data></Policy></Policies>"));
  CHECK(read.outcome.ok());
  STRCMP_EQUAL("1", std::string(read.response.policy_key()).c_str());
  LONGS_EQUAL(2, read.events.events.size());
}

TEST(Provision, NamesItsFaults) {
  CHECK(Read("<Sync xmlns=\"AirSync\"/>").outcome.error() ==
        answer_fault(Command::kProvision, AnswerFault::kWrongRoot));
  const Read key(provision("<Policies><Policy><PolicyKey>12345678901234567</PolicyKey></Policy></Policies>"));
  CHECK(key.outcome.error() == answer_fault(Command::kProvision, AnswerFault::kValueTooLong));
}

TEST(Provision, WithoutADocumentReader) {
  ProvisionResponse response(nullptr);
  CHECK(wbxml::read(response, vector_bytes("13-provision-response-1"), 1).ok());
  CHECK(response.document_seen());
}

TEST(Provision, SettingsFailsWhenEitherStatusDoes) {
  const auto status = [](const std::string& content) {
    SettingsResponse response;
    CHECK(wbxml::read(response, document_of("<Settings xmlns=\"Settings\">" + content + "</Settings>")).ok());
    return response.status();
  };
  const std::string fine = "<DeviceInformation><Status>1</Status></DeviceInformation>";
  LONGS_EQUAL(1, status("<Status>1</Status>" + fine));
  LONGS_EQUAL(1, status(fine));
  LONGS_EQUAL(1, status("<Status>1</Status>"));
  LONGS_EQUAL(0, status("<Oof><Status>3</Status></Oof>"));
  LONGS_EQUAL(5, status("<Status>1</Status><DeviceInformation><Set><Status>5</Status></Set></DeviceInformation>"));
  LONGS_EQUAL(2, status("<DeviceInformation><Status>2</Status></DeviceInformation><Status>1</Status>"));
  LONGS_EQUAL(142, status("<Status>142</Status>" + fine));
}
