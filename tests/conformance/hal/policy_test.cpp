// The optional capabilities, each tested as far as the port says that it has them.
#include <cstdio>

#include "conformance/hal/device_under_test.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using hal::Force;
using hal::Gate;

TEST_GROUP(Gates){};

TEST(Gates, read_back_what_was_set_and_hold_over_a_restart) {
  if (device_under_test().gates() == nullptr) return;
  for (int i = 0; i < static_cast<int>(Gate::kCount); ++i) {
    const auto gate = static_cast<Gate>(i);
    const auto gates = [] { return device_under_test().gates(); };
    const Force force = gates()->force(gate);
    if (force == Force::kAbsent || force == Force::kNotFitted) {
      CHECK(!gates()->set(gate, 0).ok());
      continue;
    }
    for (const std::uint8_t level : {std::uint8_t{0}, std::uint8_t{0}, std::uint8_t{2}, std::uint8_t{0}}) {
      CHECK(gates()->set(gate, level).ok());
      CHECK(gates()->level(gate).ok());
      CHECK_EQUAL(level, gates()->level(gate).value());
    }
    restart_device_under_test();
    CHECK_EQUAL(0, gates()->level(gate).value());
    CHECK(gates()->set(gate, 2).ok());
  }
}

TEST(Gates, do_not_touch_one_another) {
  hal::Gates* gates = device_under_test().gates();
  if (gates == nullptr || gates->force(Gate::kCamera) != Force::kEnforced ||
      gates->force(Gate::kWifi) != Force::kEnforced)
    return;
  CHECK(gates->set(Gate::kWifi, 2).ok());
  CHECK(gates->set(Gate::kCamera, 0).ok());
  CHECK_EQUAL(2, gates->level(Gate::kWifi).value());
  CHECK(gates->set(Gate::kCamera, 2).ok());
  CHECK(!gates->set(Gate::kWifi, 3).ok());
}

// Hands-free only. A port that cannot tell it apart closes the radio: that is within what is allowed.
TEST(Gates, bluetooth_restricted_is_never_open) {
  hal::Gates* gates = device_under_test().gates();
  if (gates == nullptr || gates->force(Gate::kBluetooth) != Force::kEnforced) return;
  CHECK(gates->set(Gate::kBluetooth, 1).ok());
  CHECK(gates->level(Gate::kBluetooth).value() <= 1);
  CHECK(gates->set(Gate::kBluetooth, 2).ok());
}

namespace {

hal::Apps* apps() { return device_under_test().apps(); }
void arrive(hal::Apps& to, std::uint64_t id, Text entry) {
  CHECK(to.begin(40, hal::AppList::kUnapproved).ok());
  CHECK(to.add(40, entry).ok());
  CHECK(to.name(40, id).ok());
}
bool holds(hal::Apps& in, std::uint64_t id) {
  std::uint64_t ids[4]{};
  const auto count = in.in_force(hal::AppList::kUnapproved, ids);
  return count.ok() && count.value() == 1 && ids[0] == id;
}

}  // namespace

TEST_GROUP(Apps){};

TEST(Apps, a_list_is_in_force_when_it_is_whole_and_named_and_not_before) {
  if (apps() == nullptr || apps()->force(hal::AppList::kUnapproved) == Force::kAbsent) return;
  const std::uint64_t old_one[] = {701}, new_one[] = {702}, unknown[] = {703};
  arrive(*apps(), 701, "one");
  CHECK_EQUAL(0U, apps()->in_force(hal::AppList::kUnapproved, {}).value());
  CHECK(apps()->enforce(hal::AppList::kUnapproved, old_one).ok());
  CHECK(apps()->enforce(hal::AppList::kUnapproved, old_one).ok());
  CHECK(holds(*apps(), 701));
  restart_device_under_test();
  CHECK(holds(*apps(), 701));
  CHECK(!apps()->enforce(hal::AppList::kUnapproved, unknown).ok());
  CHECK(holds(*apps(), 701));
  CHECK(apps()->begin(40, hal::AppList::kUnapproved).ok());
  CHECK(apps()->add(40, "two").ok());
  CHECK(!apps()->enforce(hal::AppList::kUnapproved, new_one).ok());  // not named yet
  CHECK(apps()->name(40, 702).ok());
  CHECK(apps()->enforce(hal::AppList::kUnapproved, new_one).ok());
  CHECK(holds(*apps(), 702));
  CHECK(apps()->enforce(hal::AppList::kUnapproved, {}).ok());
  restart_device_under_test();
  CHECK_EQUAL(0U, apps()->in_force(hal::AppList::kUnapproved, {}).value());
}

TEST(Apps, the_old_list_or_the_new_one_holds_after_a_power_cut_at_any_operation) {
  if (apps() == nullptr || apps()->force(hal::AppList::kUnapproved) == Force::kAbsent) return;
  const std::uint64_t old_one[] = {701};
  for (const bool after : {false, true}) {
    for (unsigned n = 1;; ++n) {
      if (!holds(*apps(), 701)) arrive(*apps(), 701, "one");
      CHECK(apps()->enforce(hal::AppList::kUnapproved, old_one).ok());
      const bool cut = cut_power_at(n, after, [](hal::Device& device) {
        const std::uint64_t new_one[] = {702};
        arrive(*device.apps(), 702, "two");
        static_cast<void>(device.apps()->enforce(hal::AppList::kUnapproved, new_one));
      });
      CHECK(holds(*apps(), 701) != holds(*apps(), 702));
      if (!cut) break;
    }
  }
  CHECK(apps()->enforce(hal::AppList::kUnapproved, {}).ok());
}

TEST_GROUP(StorageCard){};

TEST(StorageCard, encryption_reads_back_and_lasts) {
  hal::Storage* storage = device_under_test().storage();
  if (storage == nullptr) return;
  const Force force = storage->card_encryption();
  if (force == Force::kAbsent || force == Force::kNotFitted) {
    CHECK(!storage->encrypt_card(true).ok());
    return;
  }
  for (const bool on : {true, true, false, true}) {
    CHECK(storage->encrypt_card(on).ok());
    CHECK_EQUAL(on, device_under_test().storage()->encrypts_card().value());
  }
  restart_device_under_test();
  CHECK(device_under_test().storage()->encrypts_card().value());
  CHECK(device_under_test().storage()->encrypt_card(false).ok());
}

TEST_GROUP(Lock){};

TEST(Lock, locks_and_opens_as_often_as_asked) {
  hal::Lock* lock = device_under_test().lock();
  if (lock == nullptr) return;
  for (int i = 0; i < 2; ++i) {
    CHECK(lock->now().ok());
    CHECK(lock->now().ok());
    CHECK(lock->locked());
    CHECK(lock->release().ok());
    CHECK(lock->release().ok());
    CHECK(!lock->locked());
  }
}

TEST(Lock, keeps_the_idle_limit_over_a_restart) {
  if (device_under_test().lock() == nullptr) return;
  CHECK(device_under_test().lock()->after_idle_s(600).ok());
  CHECK(device_under_test().lock()->idle_limit_s().value() <= 600);
  CHECK(device_under_test().lock()->idle_limit_s().value() > 0);
  restart_device_under_test();
  CHECK(device_under_test().lock()->idle_limit_s().value() <= 600);
  CHECK(device_under_test().lock()->after_idle_s(0).ok());
}

TEST(Lock, a_device_with_a_pin_starts_locked) {
  if (device_under_test().lock() == nullptr) return;
  CHECK(device_under_test().records().put(hal::Record::kPin, bytes_of("a PIN")).ok());
  CHECK(device_under_test().lock()->release().ok());
  if (restart_device_under_test()) CHECK(device_under_test().lock()->locked());
  CHECK(device_under_test().records().remove(hal::Record::kPin).ok());
  CHECK(device_under_test().lock()->release().ok());
}

TEST_GROUP(Device){};

TEST(Device, has_a_model_that_can_be_sent) {
  const Text model = device_under_test().model();
  CHECK(!model.empty());
  for (const char c : model) CHECK(static_cast<unsigned char>(c) >= 0x20);
}
