/// The one device under all accounts: PIN, lock, policies that change, and the strictest of them.
#include <span>

#include "engine/sync/mailbox_view.h"
#include "engine/sync/wire_view.h"
#include "policy/fault.h"
#include "protocol/command.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;
using policy::Fault;
using protocol::Command;

namespace {

constexpr const char* kEmail = "demo@example.test";
constexpr const char* kOther = "other@example.test";
constexpr const char* kVersions[] = {"12.0", "12.1", "14.0", "14.1", "16.0", "16.1"};

exchange::Policy policy_of(std::initializer_list<std::pair<const char*, const char*>> settings) {
  exchange::Policy policy;
  for (const auto& [name, value] : settings) policy.push_back({name, value, {}});
  return policy;
}
exchange::Options with(const char* version, std::optional<exchange::Policy> policy) {
  exchange::Options options;
  options.versions = {version};
  options.mails = 4;
  options.body_bytes = 200;
  options.policy = std::move(policy);
  return options;
}
/// The merged value of a setting; -1 = nobody asks for it.
long merged(World& world, const std::string& setting) {
  for (std::size_t i = 0;; ++i) {
    auto row = world.engine().policy(i);
    if (!row.ok()) return -1;
    if (row.value().account == AccountId{} && row.value().setting == setting)
      return static_cast<long>(row.value().value);
  }
}
/// The right or a wrong PIN; what became of it.
Error unlock(World& world, const std::string& pin, Text codeword = {}) {
  Status begun = world.engine().unlock(bytes_of(pin), world.now(), codeword);
  if (!begun.ok()) return begun.error();
  world.run_for(1000);
  return world.engine().device_error();
}

}  // namespace

TEST_GROUP(DeviceSide){};

TEST(DeviceSide, AChangedPolicyIsFetchedByItselfAtEveryVersion) {
  for (const char* version : std::span(kVersions).subspan(1)) {  // 12.0 knows no camera
    World world(with(version, policy_of({{"MaxEmailBodyTruncationSize", "5000"}, {"AllowCamera", "1"}})));
    AccountId id = world.add();
    LONGS_EQUAL_TEXT(0, world.sync(id).code, version);
    std::uint32_t key = world.view(id).policy_key;
    std::size_t asked = world.asked.size();
    for (auto [camera, value] : {std::pair{"0", 0L}, std::pair{"1", 1L}}) {  // stricter, then looser
      world.server().policy(kEmail, policy_of({{"AllowCamera", camera}}));
      world.server().deliver(kEmail);
      LONGS_EQUAL_TEXT(0, world.sync(id).code, version);
      CHECK_TEXT(world.view(id).policy_key != key, version);
      key = world.view(id).policy_key;
      CHECK_EQUAL_TEXT(value == 0, merged(world, "AllowCamera") == 0, version);
      auto level = world.handset().gates()->level(hal::Gate::kCamera);
      CHECK_TEXT(level.ok(), version);
      CHECK_EQUAL_TEXT(value == 0, level.value() == 0, version);
      STRCMP_EQUAL_TEXT("", difference(world, id).c_str(), version);
    }
    LONGS_EQUAL_TEXT(asked, world.asked.size(), "the first consent covers later changes");
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
    // The answer that asks for it: in band from 14.0 on, HTTP 449 before.
    CHECK_TEXT(world.requests("Provision") == 6, std::to_string(world.requests("Provision")).c_str());
  }
}

TEST(DeviceSide, AChangedPolicyIsNoticedInPush) {
  World world(with("16.1", mild_policy()));
  AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  CHECK(world.start_push(id));
  world.run_for(60'000);
  world.server().policy(kEmail, policy_of({{"AllowCamera", "0"}}));
  CHECK(world.run_until([&] { return merged(world, "AllowCamera") == 0; }, 60'000));
  CHECK(world.run_until([&] { return world.view(id).state == AccountState::kWaiting; }, 60'000));
}

TEST(DeviceSide, LostAnswersOfProvisioningAreFollowedByAnother) {
  for (const char* fault :
       {"Provision@1:lose-answer", "Provision@2:lose-answer", "Provision@1:cut:3", "Provision@2:cut:3",
        "Provision@1:status:3", "Provision@2:status:3", "Provision@1:http:503", "Provision@2:html"}) {
    World world(with("16.1", mild_policy()));
    AccountId id = world.add();
    LONGS_EQUAL(0, world.sync(id).code);
    world.server().policy(kEmail, policy_of({{"AllowCamera", "0"}}));
    world.server().fault(fault);
    for (int tries = 0; tries < 3 && failed(world.sync(id)); ++tries) {
    }
    LONGS_EQUAL_TEXT(0, world.error(id).code, fault);
    LONGS_EQUAL_TEXT(0, merged(world, "AllowCamera"), fault);
    STRCMP_EQUAL_TEXT("", difference(world, id).c_str(), fault);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), fault);
  }
}

TEST(DeviceSide, AServerThatIsNeverContentWithAPolicyIsLeftAlone) {
  for (int status : {141, 142, 143, 144, 165}) {
    World world(with("16.1", mild_policy()));
    AccountId id = world.add();
    LONGS_EQUAL(0, world.sync(id).code);
    world.server().fault("Sync:status:" + std::to_string(status));
    std::uint64_t from = world.now_ms();
    LONGS_EQUAL(status, protocol::eas_status(world.sync(id)));
    CHECK_TEXT(world.requests_since(from, "Provision") <= 8,
               std::to_string(world.requests_since(from, "Provision")).c_str());
    LONGS_EQUAL(4, world.subjects(id).size());
  }
}

TEST(DeviceSide, AStricterPinHasToBeSetBeforeAnythingGoesOn) {
  World world(with("16.1", policy_of({{"DevicePasswordEnabled", "1"}, {"MinDevicePasswordLength", "4"}})));
  AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  world.server().policy(kEmail, policy_of({{"DevicePasswordEnabled", "1"}, {"MinDevicePasswordLength", "6"}}));
  CHECK(world.sync(id) == policy::fault(Fault::kPinMustChange));
  CHECK(world.engine().device().pin_must_change);
  LONGS_EQUAL(3, world.requests("Provision"));  // downloaded, not acknowledged
  CHECK(world.engine().set_pin(bytes_of("1379"), bytes_of("135"), world.now()).error().domain == Domain::kPolicy);
  CHECK(world.engine().set_pin(bytes_of("1379"), bytes_of("135792"), world.now()).ok());
  world.run_for(1000);
  LONGS_EQUAL(0, world.engine().device_error().code);
  LONGS_EQUAL(0, world.sync(id).code);
  CHECK_FALSE(world.engine().device().pin_must_change);
  STRCMP_EQUAL("", world.first_violation().c_str());
}

TEST(DeviceSide, TheStrictestOfTwoAccountsHoldsAndGoesWithItsAccount) {
  exchange::Options options = with("16.1", std::nullopt);
  options.users = {{kEmail, "demo"}, {kOther, "demo"}};
  World world(options);
  world.server().policy(kEmail, policy_of({{"DevicePasswordEnabled", "1"},
                                           {"MinDevicePasswordLength", "4"},
                                           {"MaxInactivityTimeDeviceLock", "900"},
                                           {"AllowCamera", "0"}}));
  world.server().policy(
      kOther, policy_of({{"DevicePasswordEnabled", "1"}, {"MaxInactivityTimeDeviceLock", "300"}, {"AllowWiFi", "0"}}));
  AccountId first = world.add(kEmail);
  LONGS_EQUAL(0, world.error(first).code);
  LONGS_EQUAL(900, world.engine().device().lock_after_s);
  AccountId second = world.add(kOther);
  LONGS_EQUAL(0, world.error(second).code);
  LONGS_EQUAL(300, world.engine().device().lock_after_s);
  LONGS_EQUAL(0, merged(world, "AllowCamera"));
  LONGS_EQUAL(0, merged(world, "AllowWiFi"));
  world.restart();
  LONGS_EQUAL(300, world.engine().device().lock_after_s);
  LONGS_EQUAL(0, merged(world, "AllowWiFi"));
  world.remove(second);
  LONGS_EQUAL(900, world.engine().device().lock_after_s);
  CHECK(merged(world, "AllowWiFi") != 0);
  LONGS_EQUAL(0, merged(world, "AllowCamera"));
  LONGS_EQUAL(0, world.sync(first).code);
}

TEST(DeviceSide, AnIdleDeviceLocksAndActivityPutsItOff) {
  World world(with("16.1", policy_of({{"DevicePasswordEnabled", "1"},
                                      {"MinDevicePasswordLength", "4"},
                                      {"MaxInactivityTimeDeviceLock", "300"}})));
  AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  for (int i = 0; i < 4; ++i) {
    world.run_for(250'000);
    world.handset().touched();
    world.engine().user_active(world.now());
    CHECK_FALSE(world.engine().device().locked);
  }
  world.run_for(310'000);
  CHECK(world.engine().device().locked);
  // Syncing goes on behind the lock.
  world.server().deliver(kEmail);
  LONGS_EQUAL(0, world.sync(id).code);
  STRCMP_EQUAL("", difference(world, id).c_str());
  CHECK(unlock(world, "9999") == policy::fault(Fault::kPinWrong, 0));
  CHECK(world.engine().device().locked);
  LONGS_EQUAL(0, unlock(world, "1379").code);
  CHECK_FALSE(world.engine().device().locked);
  world.restart();
  CHECK(world.engine().device().locked);
}

TEST(DeviceSide, TheLastWrongPinWipesTheDeviceAlsoOverRestarts) {
  World world(with("16.1", policy_of({{"DevicePasswordEnabled", "1"},
                                      {"MinDevicePasswordLength", "4"},
                                      {"MaxDevicePasswordFailedAttempts", "4"}})));
  AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  CHECK(world.engine().lock(world.now()).ok());
  std::size_t requests = world.sent.size();
  int counted = 0, codewords = 0;
  for (int tries = 0; tries < 40 && !world.engine().device().wiped; ++tries) {
    // Before the last two, a pocket is kept from it.
    const bool wanted = world.engine().device().codeword_wanted;
    CHECK_EQUAL(counted >= 2, wanted);
    if (wanted) {
      ++codewords;
      for (Text word : {Text(), Text("a1b2c"), Text("a1b2c4")})
        CHECK(unlock(world, "9999", word) == policy::fault(Fault::kPinCodeword, 4U - static_cast<unsigned>(counted)));
      CHECK(failed(world.engine().set_pin(bytes_of("9999"), bytes_of("8264"), world.now()).error()));
    }
    Error error = unlock(world, "9999", wanted ? Text("A1B2C3") : Text());
    if (error == Error{Domain::kPolicy, static_cast<std::int32_t>(Fault::kPinThrottled), error.where}) {
      world.run_for((error.where + 1) * 1000ULL);
      continue;
    }
    ++counted;
    if (counted == 2) {
      world.power_off();
      world.power_on();
    }
  }
  LONGS_EQUAL(4, counted);
  CHECK(codewords >= 2);
  CHECK(world.run_until([&] { return world.engine().device().wiped; }, 60'000));
  LONGS_EQUAL(requests, world.sent.size());  // no server has asked for it: there is nobody to acknowledge
  CHECK_FALSE(world.handset().keys().exists(static_cast<hal::KeySlot>(id)));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(world.handset().replica_directory()))
    CHECK_FALSE(entry.is_regular_file());
}

TEST(DeviceSide, ARecoveryPasswordIsGivenToTheServerAtEveryVersionAndOpensOnce) {
  for (const char* version : kVersions) {
    World world(with(version, policy_of({{"DevicePasswordEnabled", "1"}, {"PasswordRecoveryEnabled", "1"}})));
    AccountId id = world.add();
    LONGS_EQUAL_TEXT(0, world.sync(id).code, version);
    auto given = world.server().recovery_passwords(kEmail);
    LONGS_EQUAL(1, given.size());
    CHECK(world.engine().device().recoverable);
    world.restart();
    LONGS_EQUAL(0, world.sync(id).code);
    CHECK(world.server().recovery_passwords(kEmail) == given);
    CHECK(world.engine().lock(world.now()).ok());
    CHECK(world.engine().recover(bytes_of(given[0]), bytes_of("8264"), world.now()).ok());
    world.run_for(1000);
    CHECK(!failed(world.engine().device_error()));
    CHECK(!world.engine().device().locked);
    CHECK(!world.engine().device().recoverable);
    CHECK(failed(unlock(world, "1379")));
    CHECK(!failed(unlock(world, "8264")));
    LONGS_EQUAL(0, world.sync(id).code);
    CHECK(world.server().recovery_passwords(kEmail).size() == 1);
    CHECK(world.server().recovery_passwords(kEmail) != given);
    LONGS_EQUAL(0, world.server().violations().size());
  }
}

TEST(DeviceSide, WhatTheServerKeepsIsWhatOpensWhicheverAnswerWasLost) {
  const auto policy = policy_of({{"DevicePasswordEnabled", "1"}, {"PasswordRecoveryEnabled", "1"}});
  for (const char* fault : {"Settings@1:lose-answer", "Settings@1:cut:1", "Settings@1:http:503"}) {
    World world(with("16.1", policy));
    world.server().fault(fault);
    AccountId id = world.add();
    LONGS_EQUAL_TEXT(0, world.sync(id).code, fault);
    auto given = world.server().recovery_passwords(kEmail);
    LONGS_EQUAL_TEXT(1, given.size(), fault);
    CHECK(world.engine().recover(bytes_of(given[0]), bytes_of("8264"), world.now()).ok());
    world.run_for(1000);
    CHECK_FALSE(failed(world.engine().device_error()));
  }
  // A server that will not keep it is synced with all the same, and asked again no sooner than the next boot.
  World world(with("16.1", policy));
  world.server().fault("Settings:status:7");
  AccountId id = world.add();
  for (int i = 0; i < 3; ++i) LONGS_EQUAL(0, world.sync(id).code);
  LONGS_EQUAL(1, world.requests("Settings"));
  CHECK_FALSE(world.engine().device().recoverable);
}

namespace {

exchange::Policy strict_policy() {
  return policy_of({{"DevicePasswordEnabled", "1"},
                    {"MinDevicePasswordLength", "4"},
                    {"MaxDevicePasswordFailedAttempts", "4"},
                    {"MaxInactivityTimeDeviceLock", "300"},
                    {"AllowCamera", "0"}});
}
bool camera_is_closed(World& world) {
  auto level = world.handset().gates()->level(hal::Gate::kCamera);
  return level.ok() && level.value() == 0;
}

}  // namespace

TEST(DeviceSide, APinIsNotTakenAwayWithItsRecord) {
  for (const bool attempts_too : {false, true}) {
    World world(with("16.1", strict_policy()));
    AccountId id = world.add();
    LONGS_EQUAL(0, world.sync(id).code);
    CHECK(world.engine().lock(world.now()).ok());
    CHECK(world.handset().records().remove(hal::Record::kPin).ok());
    if (attempts_too) CHECK(world.handset().records().remove(hal::Record::kAttempts).ok());
    world.restart();
    CHECK(failed(world.engine().unlock({}, world.now()).error()));
    world.run_for(60'000);
    CHECK(world.engine().device().wiped);  // as a damaged one: the limit is reached
  }
}

TEST(DeviceSide, APolicyThatWasDamagedOrTakenAwayHoldsUntilItIsFetchedAgain) {
  for (const bool damaged : {true, false}) {
    World world(with("16.1", strict_policy()));
    AccountId id = world.add();
    LONGS_EQUAL(0, world.sync(id).code);
    auto& records = world.handset().records();
    if (damaged) {
      std::byte room[4096];
      auto got = records.get(hal::Record::kPolicy, room);
      CHECK(got.ok());
      room[5] ^= std::byte{1};
      CHECK(records.put(hal::Record::kPolicy, Bytes(room, got.value())).ok());
    } else {
      CHECK(records.remove(hal::Record::kPolicy).ok());
    }
    world.online = false;
    world.restart();
    LONGS_EQUAL(4, world.engine().device().tries_left);
    LONGS_EQUAL(300, world.engine().device().lock_after_s);
    CHECK(camera_is_closed(world));
    CHECK(unlock(world, "9999") == policy::fault(Fault::kPinWrong, 3));
    world.online = true;
    world.server().policy(kEmail, policy_of({{"DevicePasswordEnabled", "1"}, {"MinDevicePasswordLength", "4"}}));
    LONGS_EQUAL(0, world.sync(id).code);
    LONGS_EQUAL(0, world.engine().device().tries_left);  // the server's word is in force, and looser
    LONGS_EQUAL(0, world.engine().device().lock_after_s);
    CHECK_FALSE(camera_is_closed(world));
    std::size_t provisions = world.requests("Provision");
    world.restart();
    LONGS_EQUAL(0, world.sync(id).code);
    LONGS_EQUAL(provisions, world.requests("Provision"));  // and that is over
  }
}

TEST(DeviceSide, WithoutAPinNothingOpensWhileThePolicyIsUnknown) {
  World world(with("16.1", mild_policy()));
  AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  CHECK(world.handset().records().remove(hal::Record::kPolicy).ok());
  world.restart();
  CHECK(world.engine().lock(world.now()).ok());
  CHECK(world.engine().unlock({}, world.now()).error() == policy::fault(Fault::kPinNotSet));
  CHECK(world.engine().set_pin({}, bytes_of("1379"), world.now()).error() == policy::fault(Fault::kLocked));
  CHECK(world.engine().device().locked);
  LONGS_EQUAL(0, world.sync(id).code);
  CHECK(world.engine().unlock({}, world.now()).ok());
  CHECK_FALSE(world.engine().device().locked);
}

TEST(DeviceSide, APolicyBindsNobodyBeforeItIsAccepted) {
  exchange::Options options =
      with("16.1", policy_of({{"DevicePasswordEnabled", "1"}, {"MinDevicePasswordLength", "4"}}));
  options.users = {{kEmail, "demo"}, {kOther, "demo"}};
  World world(options);
  AccountId first = world.add();
  LONGS_EQUAL(0, world.sync(first).code);
  world.server().policy(kOther, strict_policy());
  world.answer_questions = false;
  AccountSettings settings;
  settings.email = kOther;
  settings.server = "localhost";
  auto second = world.engine().add_account(settings, bytes_of("demo"), world.now());
  CHECK(second.ok());
  world.run_for(60'000);
  bool shown = false;  // what is asked for can be read ...
  for (std::size_t i = 0;; ++i) {
    auto row = world.engine().policy(i);
    if (!row.ok()) break;
    shown = shown || (row.value().account == second.value() && row.value().setting == "AllowCamera");
  }
  CHECK(shown);
  LONGS_EQUAL(0, world.engine().device().tries_left);  // ... and is not in force
  CHECK_FALSE(camera_is_closed(world));
  world.restart();
  LONGS_EQUAL(0, world.engine().device().tries_left);
  world.answer_questions = true;
  world.accept_policy = false;
  AccountId refused = world.add(kOther);
  CHECK(world.error(refused) == policy::fault(Fault::kNotAccepted));
  LONGS_EQUAL(0, world.engine().device().tries_left);
  CHECK_FALSE(camera_is_closed(world));
  LONGS_EQUAL(-1, merged(world, "AllowCamera"));
  world.remove(refused);
  world.accept_policy = true;
  AccountId third = world.add(kOther);
  LONGS_EQUAL(0, world.error(third).code);
  LONGS_EQUAL(4, world.engine().device().tries_left);
  CHECK(camera_is_closed(world));
}

TEST(DeviceSide, AnExpiredPinHasToBeChangedBeforeAnythingIsReadOrSynced) {
  for (const bool restarts : {false, true}) {
    World world(with("16.1", policy_of({{"DevicePasswordEnabled", "1"},
                                        {"MinDevicePasswordLength", "4"},
                                        {"DevicePasswordExpiration", "1"}})));
    AccountId id = world.add();
    LONGS_EQUAL(0, world.sync(id).code);
    world.run_for(10ULL * 24 * 3600'000);
    if (restarts) world.restart();
    LONGS_EQUAL(0, unlock(world, "1379").code);  // it still opens the screen: it is needed to set another
    CHECK(world.engine().reader(id).error() == policy::fault(Fault::kPinMustChange));
    std::size_t syncs = world.requests("Sync");
    world.server().deliver(kEmail);
    CHECK(world.sync(id) == policy::fault(Fault::kPinMustChange));
    LONGS_EQUAL(syncs, world.requests("Sync"));
    bool admitted = false;
    for (std::size_t i = 0;; ++i) {
      auto row = world.engine().policy(i);
      if (!row.ok()) break;
      if (row.value().setting == "DevicePasswordExpiration") admitted = row.value().state != Enforcement::kEnforced;
    }
    CHECK(admitted);
    CHECK(world.engine().set_pin(bytes_of("1379"), bytes_of("8264"), world.now()).ok());
    world.run_for(1000);
    LONGS_EQUAL(0, world.sync(id).code);
    auto reader = world.engine().reader(id);
    CHECK(reader.ok());
    reader.value()->close();
    CHECK(world.requests("Sync") > syncs);
  }
}

TEST(DeviceSide, AWipeOrderedWhileThePinIsCheckedKeepsTheScreenLocked) {
  World world(with("16.1", strict_policy()));
  AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  CHECK(world.engine().lock(world.now()).ok());
  CHECK(world.engine().unlock(bytes_of("1379"), world.now()).ok());
  CHECK(world.engine().wipe(world.now()).ok());
  bool opened = false;
  CHECK(world.run_until(
      [&] {
        // Up to the factory reset: that leaves a lock as it came.
        opened = opened || (!world.engine().device().locked && world.handset().keys().exists(0));
        return world.engine().device().wiped;
      },
      60'000));
  CHECK_FALSE(opened);
}
