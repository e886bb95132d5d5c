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
