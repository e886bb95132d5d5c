// A device with nothing: every setting by itself is acknowledged 1 only when the engine itself enforces it.
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "absent/handset.h"
#include "policy/compliance.h"
#include "policy/enforcer.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::policy;
using hal::absent::Handset;

namespace {

/// The strictest value of a setting, or one that asks for something.
Document strict(Setting setting) {
  Document document;
  const SettingRow& row = row_of(setting);
  if (row.needs_password) document.set(Setting::kDevicePasswordEnabled, 1);
  if (row.kind == Kind::kList) {
    document.set_list(setting, 2, 42);
  } else {
    document.set(setting, row.stricter == Stricter::kHigher ? row.max : row.min == row.normal ? row.min + 1 : row.min);
  }
  return document;
}

// Kept by hand, apart from the engine's table: what the engine does without any device.
bool of_the_engine(Setting setting) {
  switch (setting) {
    case Setting::kAttachmentsEnabled:
    case Setting::kMaxAttachmentSize:
    case Setting::kAllowHTMLEmail:
    case Setting::kMaxEmailAgeFilter:
    case Setting::kMaxCalendarAgeFilter:
    case Setting::kMaxEmailBodyTruncationSize:
    case Setting::kMaxEmailHTMLBodyTruncationSize:
    case Setting::kRequireManualSyncWhenRoaming:
    case Setting::kRequireSignedSMIMEMessages:
    case Setting::kRequireEncryptedSMIMEMessages:
    case Setting::kAllowSMIMESoftCerts:
    case Setting::kAllowSMIMEEncryptionAlgorithmNegotiation:
      return true;
    default:
      return false;
  }
}

}  // namespace

TEST_GROUP(Absent) {
  void setup() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "handsync-absent-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) ::abort();
    options.home = pattern;
    options.real_sync = false;
    options.replay_protected = true;  // claims that are not believed
    options.destroys_for_good = hal::Force::kEnforced;
  }
  void teardown() override {
    std::error_code ignored;
    std::filesystem::remove_all(options.home, ignored);
  }
  hal::posix::CoreOptions options;
};

TEST(Absent, has_the_mandatory_and_claims_nothing) {
  Handset device(options);
  CHECK(device.gates() == nullptr);
  CHECK(device.lock() == nullptr);
  CHECK(device.storage() == nullptr);
  CHECK(device.pin() == nullptr);
  CHECK(device.trust() == nullptr);
  CHECK(device.messaging() == nullptr);
  CHECK(!device.records().replay_protected());
  CHECK(device.keys().destroys_for_good() == hal::Force::kAbsent);
}

TEST(Absent, acknowledges_a_policy_that_asks_for_nothing) {
  Handset device(options);
  CHECK_EQUAL(1, acknowledgement(Document{}, enforce(Document{}, device, Facts{}, true)));
  Document permissive;
  permissive.set(Setting::kAllowCamera, 1);
  permissive.set(Setting::kAllowBluetooth, 2);
  permissive.set(Setting::kDevicePasswordEnabled, 0);
  CHECK_EQUAL(1, acknowledgement(permissive, enforce(permissive, device, Facts{}, true)));
}

TEST(Absent, refuses_every_setting_that_it_cannot_do) {
  Handset device(options);
  unsigned refused = 0, kept = 0;
  for (std::size_t i = 0; i < kSettingCount; ++i) {
    const auto setting = static_cast<Setting>(i);
    const Document document = strict(setting);
    if (!document.demands(setting)) continue;  // an empty wish (PasswordRecoveryEnabled)
    // Whatever the engine knows: a PIN in use and sealed replicas make up for nothing that is missing here.
    for (const Facts facts : {Facts{}, Facts{true, true, true}}) {
      const std::uint8_t status = acknowledgement(document, enforce(document, device, facts, true));
      if (status != (of_the_engine(setting) ? 1 : 3)) {
        FAIL((std::string(row_of(setting).name) + " is acknowledged " + std::to_string(status)).c_str());
      }
    }
    ++(of_the_engine(setting) ? kept : refused);
  }
  std::printf("\n%u settings refused, %u kept by the engine\n", refused, kept);
  CHECK(refused >= 26);
  CHECK_EQUAL(12U, kept);
}

TEST(Absent, through_the_enforcer_too) {
  Handset device(options);
  Enforcer enforcer;
  CHECK(enforcer.load(device, Facts{}).ok());
  CHECK(enforcer.prepare(device, AccountId{1}, Document{}).ok());
  CHECK_EQUAL(1, enforcer.acknowledgement(device, AccountId{1}));
  CHECK(enforcer.prepare(device, AccountId{1}, strict(Setting::kDevicePasswordEnabled)).ok());
  CHECK_EQUAL(3, enforcer.acknowledgement(device, AccountId{1}));
  CHECK(enforcer.first_unmet(AccountId{1}) == Setting::kDevicePasswordEnabled);
}
