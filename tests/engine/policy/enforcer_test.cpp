// The policy of the device: recorded before it binds, merged over accounts, brought back at boot.
#include "policy/enforcer.h"

#include <memory>
#include <string>

#include "fake_device.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::policy;

namespace {

constexpr AccountId kOne{1}, kTwo{2};
constexpr Facts kPinInUse{true, true, false};

Document strict() {
  Document document;
  document.set(Setting::kDevicePasswordEnabled, 1);
  document.set(Setting::kMinDevicePasswordLength, 6);
  document.set(Setting::kMaxInactivityTimeDeviceLock, 300);
  document.set(Setting::kAllowCamera, 0);
  return document;
}
Document mild() {
  Document document;
  document.set(Setting::kDevicePasswordEnabled, 1);
  document.set(Setting::kMinDevicePasswordLength, 4);
  document.set(Setting::kAllowBluetooth, 0);
  return document;
}
std::uint8_t level(const fake::Device& device, hal::Gate gate) { return device.levels[static_cast<std::size_t>(gate)]; }

}  // namespace

TEST_GROUP(Enforcer) {
  fake::Device device;
  std::unique_ptr<Enforcer> enforcer = booted();
  std::unique_ptr<Enforcer> booted() {
    auto fresh = std::make_unique<Enforcer>();
    const Status loaded = fresh->load(device, kPinInUse);
    static_cast<void>(loaded);
    return fresh;
  }
};

TEST(Enforcer, a_new_device_has_a_key_and_no_policy) {
  CHECK(device.key.contains(0));
  CHECK(!enforcer->known(kOne));
  CHECK(enforcer->merged().demands_nothing());
  CHECK(!enforcer->row(0).ok());
}

TEST(Enforcer, stricter_binds_with_prepare_and_looser_with_settle) {
  CHECK(enforcer->prepare(device, kOne, strict()).ok());
  CHECK_EQUAL(0, level(device, hal::Gate::kCamera));
  CHECK_EQUAL(1, enforcer->acknowledgement(device, kOne));
  CHECK(enforcer->pending(kOne));
  CHECK(enforcer->settle(device, kOne).ok());
  CHECK(!enforcer->pending(kOne));
  CHECK_EQUAL(0, level(device, hal::Gate::kCamera));

  CHECK(enforcer->prepare(device, kOne, mild()).ok());
  CHECK_EQUAL(0, level(device, hal::Gate::kCamera));  // the old one still binds
  CHECK_EQUAL(0, level(device, hal::Gate::kBluetooth));
  CHECK_EQUAL(6, enforcer->merged().value(Setting::kMinDevicePasswordLength));
  CHECK(enforcer->settle(device, kOne).ok());
  CHECK_EQUAL(2, level(device, hal::Gate::kCamera));
  CHECK_EQUAL(4, enforcer->merged().value(Setting::kMinDevicePasswordLength));
  CHECK_EQUAL(0U, enforcer->idle_lock_s());
  CHECK_EQUAL(0U, device.idle_s);
}

TEST(Enforcer, what_the_server_refuses_is_undone) {
  CHECK(enforcer->prepare(device, kOne, strict()).ok());
  CHECK(enforcer->abandon(device, kOne).ok());
  CHECK_EQUAL(2, level(device, hal::Gate::kCamera));
  CHECK(!enforcer->known(kOne));
  CHECK(!enforcer->settle(device, kOne).ok());
}

TEST(Enforcer, the_strictest_of_all_accounts_binds_until_one_leaves) {
  CHECK(enforcer->prepare(device, kOne, strict()).ok());
  CHECK(enforcer->settle(device, kOne).ok());
  CHECK(enforcer->prepare(device, kTwo, mild()).ok());
  CHECK(enforcer->settle(device, kTwo).ok());
  CHECK_EQUAL(6, enforcer->merged().value(Setting::kMinDevicePasswordLength));
  CHECK_EQUAL(0, level(device, hal::Gate::kCamera));
  CHECK_EQUAL(0, level(device, hal::Gate::kBluetooth));
  CHECK(enforcer->forget(device, kOne).ok());
  CHECK_EQUAL(4, enforcer->merged().value(Setting::kMinDevicePasswordLength));
  CHECK_EQUAL(2, level(device, hal::Gate::kCamera));
  CHECK_EQUAL(0, level(device, hal::Gate::kBluetooth));
}

TEST(Enforcer, is_brought_back_at_boot) {
  CHECK(enforcer->prepare(device, kOne, strict()).ok());
  CHECK(enforcer->settle(device, kOne).ok());
  device.levels.fill(2);  // someone opened the gates meanwhile
  device.idle_s = 0;
  enforcer = booted();
  CHECK(enforcer->known(kOne));
  CHECK_EQUAL(0, level(device, hal::Gate::kCamera));
  CHECK_EQUAL(300U, device.idle_s);
}

TEST(Enforcer, power_cut_at_every_operation_leaves_the_old_or_the_stricter_policy) {
  for (const bool after : {false, true}) {
    for (unsigned n = 1;; ++n) {
      fake::Device fresh;
      Enforcer first;
      CHECK(first.load(fresh, kPinInUse).ok());
      CHECK(first.prepare(fresh, kOne, mild()).ok());
      CHECK(first.settle(fresh, kOne).ok());
      fresh.cut_at(n, after);
      const bool prepared = first.prepare(fresh, kOne, strict()).ok();
      const bool settled = prepared && first.settle(fresh, kOne).ok();
      const bool cut = fresh.was_cut();
      fresh.reboot();
      Enforcer second;
      CHECK(second.load(fresh, kPinInUse).ok());
      CHECK(second.known(kOne));
      if (prepared && cut) CHECK_EQUAL(6, second.merged().value(Setting::kMinDevicePasswordLength));
      if (settled) CHECK_EQUAL(2, level(fresh, hal::Gate::kBluetooth));
      const bool camera_as_told =
          (level(fresh, hal::Gate::kCamera) == 0) == (second.merged().value(Setting::kAllowCamera) == 0);
      CHECK(camera_as_told);
      if (!cut) break;
      CHECK(n < 100);
    }
  }
}

TEST(Enforcer, a_record_that_someone_changed_is_not_believed_and_opens_nothing) {
  CHECK(enforcer->prepare(device, kOne, strict()).ok());
  CHECK(enforcer->settle(device, kOne).ok());
  const auto whole = device.stored[hal::Record::kPolicy];
  for (std::size_t at = 0; at < whole.size(); ++at) {
    device.stored[hal::Record::kPolicy] = whole;
    device.stored[hal::Record::kPolicy][at] ^= std::byte{1};
    Enforcer fresh;
    CHECK(fresh.load(device, kPinInUse).error() == fault(Fault::kRecordDamaged));
    CHECK(fresh.damaged());
    CHECK(!fresh.known(kOne));
    CHECK_EQUAL(0, level(device, hal::Gate::kCamera));
    CHECK_EQUAL(300U, device.idle_s);
  }
  Enforcer repaired;
  CHECK(!repaired.load(device, kPinInUse).ok());
  CHECK(repaired.prepare(device, kOne, mild()).ok());
  CHECK(repaired.settle(device, kOne).ok());
  CHECK_EQUAL(0, level(device, hal::Gate::kCamera));
  Enforcer again;  // the next boot still knows that not all accounts have provisioned
  CHECK(again.load(device, kPinInUse).ok());
  CHECK(again.damaged());
  CHECK(again.repaired(device).ok());
  CHECK_EQUAL(2, level(device, hal::Gate::kCamera));
  enforcer = booted();
  CHECK(!enforcer->damaged());
}

TEST(Enforcer, a_record_that_was_taken_away_is_damaged_once_there_are_accounts) {
  CHECK(enforcer->begin(device).ok());
  CHECK(device.records().put(hal::Record::kAccounts, bytes_of("1")).ok());
  CHECK(booted()->merged().demands_nothing());
  CHECK(!booted()->damaged());
  CHECK(enforcer->prepare(device, kOne, strict()).ok());
  CHECK(enforcer->settle(device, kOne).ok());
  CHECK_EQUAL(0, level(device, hal::Gate::kCamera));
  device.stored.erase(hal::Record::kPolicy);
  enforcer = booted();
  CHECK(enforcer->damaged());
  CHECK_EQUAL(0, level(device, hal::Gate::kCamera));
}

TEST(Enforcer, what_is_offered_is_shown_and_in_force_nowhere) {
  const auto before = device.stored;
  CHECK(enforcer->offer(kOne, strict()).ok());
  CHECK(enforcer->settings_asked(kOne) > 0);
  CHECK(enforcer->row(0).ok());
  CHECK(enforcer->merged().demands_nothing());
  CHECK_EQUAL(2, level(device, hal::Gate::kCamera));
  CHECK(device.stored == before);
  CHECK(enforcer->prepare(device, AccountId{2}, Document{}).ok());  // another one's business does not bring it in
  CHECK(enforcer->merged().demands_nothing());
  CHECK(!booted()->known(kOne));
  CHECK(enforcer->abandon(device, kOne).ok());
  CHECK(!enforcer->known(kOne));
  CHECK(enforcer->offer(kOne, strict()).ok());
  CHECK(enforcer->prepare(device, kOne, strict()).ok());
  CHECK_EQUAL(0, level(device, hal::Gate::kCamera));
}

TEST(Enforcer, a_record_that_cannot_be_written_binds_nothing) {
  device.put_fails = true;
  CHECK(!enforcer->prepare(device, kOne, strict()).ok());
  CHECK(!enforcer->known(kOne));
  CHECK_EQUAL(2, level(device, hal::Gate::kCamera));
}

TEST(Enforcer, eight_accounts_fit_with_all_settings_and_a_ninth_is_an_answer) {
  Document full;
  for (std::size_t i = 0; i < kSettingCount; ++i) {
    const auto setting = static_cast<Setting>(i);
    if (row_of(setting).kind == Kind::kList) {
      full.set_list(setting, INT32_MAX, ~0ULL);
    } else {
      full.set(setting, row_of(setting).max);
    }
  }
  for (std::uint16_t id = 1; id <= kPolicyAccountsMax; ++id) {
    CHECK(enforcer->prepare(device, AccountId{id}, full).ok());
    CHECK(enforcer->settle(device, AccountId{id}).ok());
  }
  for (std::uint16_t id = 1; id <= kPolicyAccountsMax; ++id) CHECK(enforcer->prepare(device, AccountId{id}, full).ok());
  CHECK(device.stored[hal::Record::kPolicy].size() <= 4096);
  CHECK(enforcer->prepare(device, AccountId{99}, full).error() == fault(Fault::kTooManyAccounts));
  enforcer = booted();
  for (std::uint16_t id = 1; id <= kPolicyAccountsMax; ++id) CHECK(enforcer->pending(AccountId{id}));
}

TEST(Enforcer, rows_are_each_accounts_and_then_the_merge) {
  CHECK(enforcer->prepare(device, kOne, strict()).ok());
  CHECK(enforcer->prepare(device, kTwo, mild()).ok());
  CHECK_EQUAL(4U, enforcer->settings_asked(kOne));
  std::size_t of_one = 0, of_two = 0, of_merge = 0;
  for (std::size_t i = 0;; ++i) {
    const auto row = enforcer->row(i);
    if (!row.ok()) break;
    const AccountId account = row.value().account;
    ++(account == kOne ? of_one : account == kTwo ? of_two : of_merge);
    if (account == AccountId{} && row.value().setting == Text("MinDevicePasswordLength"))
      CHECK_EQUAL(6, row.value().value);
    CHECK(row.value().state == Enforcement::kEnforced);
  }
  CHECK_EQUAL(4U, of_one);
  CHECK_EQUAL(3U, of_two);
  CHECK_EQUAL(5U, of_merge);
}

TEST(Enforcer, caps_are_those_of_the_merge) {
  CHECK(enforcer->caps().attachments);
  CHECK_EQUAL(UINT32_MAX, enforcer->caps().attachment_bytes_max);
  CHECK_EQUAL(UINT32_MAX, enforcer->caps().text_body_bytes_max);
  Document document;
  document.set(Setting::kAttachmentsEnabled, 0);
  document.set(Setting::kMaxAttachmentSize, 500);
  document.set(Setting::kAllowHTMLEmail, 0);
  document.set(Setting::kMaxEmailAgeFilter, 3);
  document.set(Setting::kMaxEmailBodyTruncationSize, 2);
  document.set(Setting::kMaxEmailHTMLBodyTruncationSize, 0);
  document.set(Setting::kRequireManualSyncWhenRoaming, 1);
  CHECK(enforcer->prepare(device, kOne, document).ok());
  const Caps caps = enforcer->caps();
  CHECK(!caps.attachments);
  CHECK_EQUAL(500U, caps.attachment_bytes_max);
  CHECK(!caps.html);
  CHECK_EQUAL(3, caps.email_filter);
  CHECK_EQUAL(2048U, caps.text_body_bytes_max);
  CHECK_EQUAL(0U, caps.html_body_bytes_max);
  CHECK(caps.manual_when_roaming);
  CHECK(!caps.recovery_password);
  CHECK_EQUAL(3, narrower_filter(0, 3));
  CHECK_EQUAL(3, narrower_filter(5, 3));
  CHECK_EQUAL(2, narrower_filter(2, 3));
  CHECK_EQUAL(5, narrower_filter(5, 0));
}

TEST(Enforcer, lists_of_programs_of_all_accounts_are_in_force_together) {
  const auto with = [](std::uint64_t id) {
    Document document;
    document.set_list(Setting::kUnapprovedInROMApplicationList, 2, id);
    return document;
  };
  using Ids = std::set<std::uint64_t>;
  for (const std::uint64_t id : {7, 8, 9}) device.named[id] = {"x"};
  CHECK(enforcer->prepare(device, kOne, with(7)).ok());
  CHECK_EQUAL(1, enforcer->acknowledgement(device, kOne));
  CHECK(enforcer->settle(device, kOne).ok());
  CHECK(enforcer->prepare(device, kTwo, with(8)).ok());
  CHECK(enforcer->settle(device, kTwo).ok());
  CHECK(device.lists[0] == (Ids{7, 8}));
  // Another list of the first: both hold until it is settled, and the old one alone when it is refused.
  CHECK(enforcer->prepare(device, kOne, with(9)).ok());
  CHECK(device.lists[0] == (Ids{7, 8, 9}));
  CHECK(enforcer->abandon(device, kOne).ok());
  CHECK(device.lists[0] == (Ids{7, 8}));
  CHECK(enforcer->prepare(device, kOne, with(9)).ok());
  CHECK(enforcer->settle(device, kOne).ok());
  CHECK(device.lists[0] == (Ids{8, 9}));
  enforcer = booted();
  CHECK(device.lists[0] == (Ids{8, 9}));
  CHECK(enforcer->forget(device, kTwo).ok());
  CHECK(device.lists[0] == (Ids{9}));
  // One that never arrived whole is not claimed, and what was in force stays.
  CHECK(enforcer->prepare(device, kTwo, with(10)).ok());
  CHECK_EQUAL(3, enforcer->acknowledgement(device, kTwo));
  CHECK(enforcer->first_unmet(kTwo) == Setting::kUnapprovedInROMApplicationList);
  CHECK(device.lists[0] == (Ids{9}));
  CHECK(enforcer->abandon(device, kTwo).ok());
  CHECK(enforcer->forget(device, kOne).ok());
  CHECK(device.lists[0].empty());
}
