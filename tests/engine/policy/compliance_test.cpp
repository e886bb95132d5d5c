// What becomes of every setting on every kind of device, and the acknowledgement computed from it.
#include "policy/compliance.h"

#include <cstdio>
#include <iterator>
#include <vector>

#include "fake_device.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::policy;

namespace {

enum class World { kEnforced, kPartial, kAbsent, kNotFitted, kFails, kLies };
constexpr World kWorlds[] = {World::kEnforced,  World::kPartial, World::kAbsent,
                             World::kNotFitted, World::kFails,   World::kLies};

// Kept by hand, apart from the engine's table: which kind a setting is of.
enum class Group { kPin, kAttempts, kIdle, kEncryption, kCardEncryption, kGate, kApps, kEngine };
struct Expectation {
  Setting setting;
  std::int32_t strict;
  Group group;
};
constexpr Expectation kExpectations[] = {
    {Setting::kDevicePasswordEnabled, 1, Group::kPin},
    {Setting::kAlphanumericDevicePasswordRequired, 1, Group::kPin},
    {Setting::kMinDevicePasswordLength, 6, Group::kPin},
    {Setting::kMinDevicePasswordComplexCharacters, 3, Group::kPin},
    {Setting::kAllowSimpleDevicePassword, 0, Group::kPin},
    {Setting::kMaxDevicePasswordFailedAttempts, 8, Group::kAttempts},
    {Setting::kDevicePasswordExpiration, 90, Group::kPin},
    {Setting::kDevicePasswordHistory, 5, Group::kPin},
    {Setting::kMaxInactivityTimeDeviceLock, 900, Group::kIdle},
    {Setting::kRequireDeviceEncryption, 1, Group::kEncryption},
    {Setting::kRequireStorageCardEncryption, 1, Group::kCardEncryption},
    {Setting::kAllowStorageCard, 0, Group::kGate},
    {Setting::kAllowCamera, 0, Group::kGate},
    {Setting::kAllowWiFi, 0, Group::kGate},
    {Setting::kAllowBluetooth, 1, Group::kGate},
    {Setting::kAllowIrDA, 0, Group::kGate},
    {Setting::kAllowInternetSharing, 0, Group::kGate},
    {Setting::kAllowTextMessaging, 0, Group::kGate},
    {Setting::kAllowBrowser, 0, Group::kGate},
    {Setting::kAllowConsumerEmail, 0, Group::kGate},
    {Setting::kAllowPOPIMAPEmail, 0, Group::kGate},
    {Setting::kAllowRemoteDesktop, 0, Group::kGate},
    {Setting::kAllowDesktopSync, 0, Group::kGate},
    {Setting::kAllowUnsignedApplications, 0, Group::kGate},
    {Setting::kAllowUnsignedInstallationPackages, 0, Group::kGate},
    {Setting::kUnapprovedInROMApplicationList, 2, Group::kApps},
    {Setting::kApprovedApplicationList, 2, Group::kApps},
    {Setting::kAttachmentsEnabled, 0, Group::kEngine},
    {Setting::kMaxAttachmentSize, 1000, Group::kEngine},
    {Setting::kAllowHTMLEmail, 0, Group::kEngine},
    {Setting::kMaxEmailAgeFilter, 2, Group::kEngine},
    {Setting::kMaxCalendarAgeFilter, 4, Group::kEngine},
    {Setting::kMaxEmailBodyTruncationSize, 0, Group::kEngine},
    {Setting::kMaxEmailHTMLBodyTruncationSize, 10, Group::kEngine},
    {Setting::kRequireManualSyncWhenRoaming, 1, Group::kEngine},
    {Setting::kRequireSignedSMIMEMessages, 1, Group::kEngine},
    {Setting::kRequireEncryptedSMIMEMessages, 1, Group::kEngine},
    {Setting::kAllowSMIMESoftCerts, 0, Group::kEngine},
    {Setting::kAllowSMIMEEncryptionAlgorithmNegotiation, 0, Group::kEngine},
};

// What no value of asks for anything: a permission that nobody gives by default, and ways to do what others ask for.
constexpr Setting kAsksForNothing[] = {Setting::kPasswordRecoveryEnabled, Setting::kRequireSignedSMIMEAlgorithm,
                                       Setting::kRequireEncryptionSMIMEAlgorithm};
static_assert(std::size(kExpectations) + std::size(kAsksForNothing) == kSettingCount, "no setting is left out");

void furnish(fake::Device& device, World world) {
  const hal::Force force = world == World::kPartial     ? hal::Force::kPartial
                           : world == World::kAbsent    ? hal::Force::kAbsent
                           : world == World::kNotFitted ? hal::Force::kNotFitted
                                                        : hal::Force::kEnforced;
  device.gate_force.fill(force);
  device.device_force = device.card_force = force;
  device.replay = world != World::kPartial;
  device.has_lock = world != World::kAbsent;
  const fake::Manner manner = world == World::kFails  ? fake::Manner::kFails
                              : world == World::kLies ? fake::Manner::kIgnores
                                                      : fake::Manner::kHonest;
  device.gate_manner = device.lock_manner = device.app_manner = device.card_manner = manner;
  device.app_force = force;
  device.named[99] = {"one", "two"};
}

Enforcement expected(Group group, World world) {
  using E = Enforcement;
  const bool broken = world == World::kFails || world == World::kLies;
  switch (group) {
    case Group::kPin:
      return world == World::kAbsent ? E::kAbsent : E::kEnforced;
    case Group::kAttempts:
      return world == World::kAbsent ? E::kAbsent : world == World::kPartial ? E::kPartial : E::kEnforced;
    case Group::kIdle:
      return world == World::kAbsent || broken ? E::kAbsent : E::kEnforced;
    case Group::kEncryption:
      if (world == World::kPartial) return E::kPartial;
      return world == World::kAbsent || world == World::kNotFitted ? E::kAbsent : E::kEnforced;
    case Group::kCardEncryption:
      if (broken) return E::kAbsent;
      if (world == World::kPartial) return E::kPartial;
      if (world == World::kNotFitted) return E::kNotFitted;
      return world == World::kAbsent ? E::kAbsent : E::kEnforced;
    case Group::kGate:
    case Group::kApps:
      if (broken || world == World::kAbsent) return E::kAbsent;
      if (world == World::kPartial) return E::kPartial;
      return world == World::kNotFitted ? E::kNotFitted : E::kEnforced;
    case Group::kEngine:
      return E::kEngine;
  }
  return E::kAbsent;
}

Document asking(const Expectation& e) {
  Document document;
  if (row_of(e.setting).needs_password) document.set(Setting::kDevicePasswordEnabled, 1);
  if (e.setting == Setting::kMinDevicePasswordComplexCharacters)
    document.set(Setting::kAlphanumericDevicePasswordRequired, 1);
  if (row_of(e.setting).kind == Kind::kList) {
    document.set_list(e.setting, static_cast<std::uint32_t>(e.strict), 99);
  } else {
    document.set(e.setting, e.strict);
  }
  return document;
}

constexpr Facts kPinInUse{true, true, false};

}  // namespace

TEST_GROUP(Compliance){};

TEST(Compliance, every_setting_on_every_kind_of_device) {
  unsigned cases = 0, counted[4] = {};
  for (const Expectation& e : kExpectations) {
    const Document document = asking(e);
    CHECK(document.demands(e.setting));
    for (const World world : kWorlds) {
      fake::Device device;
      furnish(device, world);
      const Compliance compliance = enforce(document, device, kPinInUse, true);
      const Enforcement state = expected(e.group, world);
      if (compliance.of(e.setting) != state)
        std::printf("%.*s in world %d\n", static_cast<int>(row_of(e.setting).name.size()),
                    row_of(e.setting).name.data(), static_cast<int>(world));
      CHECK(compliance.of(e.setting) == state);

      const bool wants_pin = document.demands(Setting::kDevicePasswordEnabled);
      const bool all = fulfilled(state) && (!wants_pin || world != World::kAbsent);
      const int want = all         ? 1
                       : wants_pin ? (world == World::kAbsent ? 3 : 2)
                                   : (state == Enforcement::kAbsent ? 3 : 2);
      CHECK_EQUAL(want, acknowledgement(document, compliance));
      CHECK_EQUAL(want == 1, first_unmet(document, compliance) == Setting::kCount);
      ++counted[want];
      ++cases;
    }
  }
  for (const Setting setting : kAsksForNothing) {
    const SettingRow& row = row_of(setting);
    for (const World world : kWorlds) {
      for (const std::int32_t value : {row.min, row.max}) {
        Document document;
        document.set(setting, value);
        CHECK(!document.demands(setting));
        fake::Device device;
        furnish(device, world);
        CHECK_EQUAL(1, acknowledgement(document, enforce(document, device, Facts{}, true)));
      }
      ++counted[1];
      ++cases;
    }
  }
  std::printf("\n%u cases: %u acknowledged with 1, %u with 2, %u with 3\n", cases, counted[1], counted[2], counted[3]);
}

TEST(Compliance, a_policy_that_asks_for_nothing_is_kept_by_every_device) {
  for (const World world : kWorlds) {
    fake::Device device;
    furnish(device, world);
    device.has_gates = device.has_lock = device.has_storage = device.has_apps = false;
    CHECK_EQUAL(1, acknowledgement(Document{}, enforce(Document{}, device, Facts{}, true)));
  }
}

TEST(Compliance, a_device_with_nothing_never_claims_what_it_cannot_do) {
  for (const Expectation& e : kExpectations) {
    if (e.group == Group::kEngine) continue;
    fake::Device device;
    device.has_gates = device.has_lock = device.has_storage = device.has_apps = false;
    const Document document = asking(e);
    CHECK_EQUAL(3, acknowledgement(document, enforce(document, device, kPinInUse, true)));
  }
}

TEST(Compliance, without_the_pin_in_use_the_password_is_not_claimed) {
  Document document;
  document.set(Setting::kDevicePasswordEnabled, 1);
  document.set(Setting::kMinDevicePasswordLength, 4);
  fake::Device device;
  CHECK_EQUAL(3, acknowledgement(document, enforce(document, device, Facts{}, true)));
  CHECK_EQUAL(2, acknowledgement(document, enforce(document, device, Facts{true, false, false}, true)));
  CHECK_EQUAL(1, acknowledgement(document, enforce(document, device, kPinInUse, true)));
}

TEST(Compliance, values_beyond_what_can_be_kept_are_partial) {
  Document document;
  document.set(Setting::kDevicePasswordEnabled, 1);
  document.set(Setting::kDevicePasswordHistory, 51);
  fake::Device device;
  const Compliance compliance = enforce(document, device, kPinInUse, true);
  CHECK(compliance.of(Setting::kDevicePasswordHistory) == Enforcement::kPartial);
  CHECK_EQUAL(2, acknowledgement(document, compliance));
}

TEST(Compliance, encryption_is_partial_until_the_replica_is_sealed_and_its_key_can_die) {
  Document document;
  document.set(Setting::kRequireDeviceEncryption, 1);
  fake::Device device;
  const auto state = [&](const Facts& facts) {
    return enforce(document, device, facts, true).of(Setting::kRequireDeviceEncryption);
  };
  CHECK(state(Facts{}) == Enforcement::kPartial);
  CHECK_EQUAL(2, acknowledgement(document, enforce(document, device, Facts{}, true)));
  CHECK(state(Facts{false, false, true}) == Enforcement::kEnforced);
  device.destroys = hal::Force::kPartial;
  CHECK(state(Facts{false, false, true}) == Enforcement::kPartial);
}

TEST(Compliance, what_may_not_loosen_closes_and_never_opens) {
  fake::Device device;
  device.levels.fill(0);
  device.idle_s = 60;
  Document document;
  enforce(document, device, Facts{}, false);
  for (const std::uint8_t level : device.levels) CHECK_EQUAL(0, level);
  CHECK_EQUAL(60U, device.idle_s);
  enforce(document, device, Facts{}, true);
  for (const std::uint8_t level : device.levels) CHECK_EQUAL(2, level);
  CHECK_EQUAL(0U, device.idle_s);
  document.set(Setting::kAllowCamera, 0);
  enforce(document, device, Facts{}, false);
  CHECK_EQUAL(0, device.levels[static_cast<std::size_t>(hal::Gate::kCamera)]);
  CHECK_EQUAL(2, device.levels[static_cast<std::size_t>(hal::Gate::kWifi)]);
}

TEST(Compliance, a_second_time_changes_nothing) {
  Document document;
  document.set(Setting::kDevicePasswordEnabled, 1);
  document.set(Setting::kMaxInactivityTimeDeviceLock, 300);
  document.set(Setting::kAllowBluetooth, 1);
  fake::Device device;
  enforce(document, device, kPinInUse, true);
  const unsigned operations = device.operations();
  enforce(document, device, kPinInUse, true);
  CHECK_EQUAL(operations, device.operations());
}
