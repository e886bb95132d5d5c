// The wipe goes on from wherever it was cut, and ends only when the keys are dead.
#include "policy/wipe.h"

#include <cstdio>
#include <memory>
#include <string>

#include "fake_device.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::policy;
using fake::at_s;

namespace {

void furnish(fake::Device& device) {
  const std::byte something[4]{};
  for (const hal::KeySlot slot : {hal::KeySlot{0}, hal::KeySlot{1}, hal::KeySlot{2}}) {
    CHECK(device.keys().create(slot).ok());
    CHECK(device.keys().put_secret(slot, something).ok());
  }
  for (const auto record : {hal::Record::kIdentity, hal::Record::kAccounts, hal::Record::kPolicy,
                            hal::account_record(1), hal::account_record(2)}) {
    CHECK(device.records().put(record, something).ok());
  }
  device.files_left = {"account-1.db", "account-1.db-wal", "account-2.db", "cache"};
}

// What the engine does; stops when the power goes.
void drive(Wipe& wipe, fake::Device& device) {
  fake::Patience patience;
  for (int steps = 0; steps < 100 && !device.was_cut(); ++steps) {
    switch (wipe.next()) {
      case Wipe::Next::kNothing:
      case Wipe::Next::kDone:
        return;
      case Wipe::Next::kAcknowledge:
        static_cast<void>(wipe.acknowledged(device).ok());
        break;
      case Wipe::Next::kRun: {
        wipe.job().run(device, patience);
        const Status ran = wipe.ran(device);
        static_cast<void>(ran);
        break;
      }
      case Wipe::Next::kConclude:
        static_cast<void>(wipe.conclude(device).ok());
        break;
    }
  }
}

void check_device_is_wiped(const fake::Device& device) {
  CHECK(device.key.empty());
  CHECK(device.secret.empty());
  CHECK(device.files_left.empty());
  CHECK_EQUAL(1U, device.stored.size());
  CHECK(device.stored.contains(hal::Record::kWipe));
}

}  // namespace

TEST_GROUP(Wipe) {
  fake::Device device;
  void setup() override { furnish(device); }
};

TEST(Wipe, nothing_is_pending_on_a_device_in_use) {
  CHECK(!Wipe::pending(device.records()));
  Wipe wipe;
  CHECK(wipe.load(device).ok());
  CHECK(wipe.next() == Wipe::Next::kNothing);
  CHECK(!wipe.active());
}

TEST(Wipe, of_the_device_acknowledges_first_and_leaves_only_its_marker) {
  Wipe wipe;
  CHECK(wipe.arm(device, WipeScope::kDevice, AccountId{1}, WipeOrigin::kServer, at_s(1)).ok());
  CHECK(device.is_locked);
  CHECK(Wipe::pending(device.records()));
  CHECK(wipe.next() == Wipe::Next::kAcknowledge);
  CHECK(device.key.size() == 3);  // the credential is needed for the acknowledgement
  drive(wipe, device);
  CHECK(wipe.device_wiped());
  check_device_is_wiped(device);
  Wipe later;
  CHECK(later.load(device).ok());
  CHECK(later.device_wiped());
  CHECK(!later.active());
  CHECK(later.next() == Wipe::Next::kDone);
  CHECK(later.arm(device, WipeScope::kDevice, AccountId{}, WipeOrigin::kUser, at_s(2)).error() == fault(Fault::kWiped));
}

TEST(Wipe, of_one_account_touches_no_other) {
  Wipe wipe;
  CHECK(wipe.arm(device, WipeScope::kAccount, AccountId{1}, WipeOrigin::kServer, at_s(1)).ok());
  drive(wipe, device);
  CHECK(!wipe.active());
  CHECK(!Wipe::pending(device.records()));
  CHECK(!device.key.contains(1));
  CHECK(device.key.contains(0));
  CHECK(device.key.contains(2));
  CHECK(device.files_left == (std::set<std::string>{"account-2.db", "cache"}));
  CHECK(!device.stored.contains(hal::account_record(1)));
  CHECK(device.stored.contains(hal::account_record(2)));
  CHECK(!device.is_locked);
}

TEST(Wipe, a_local_one_does_not_wait_for_any_server) {
  Wipe wipe;
  CHECK(wipe.arm(device, WipeScope::kDevice, AccountId{}, WipeOrigin::kPinLimit, at_s(1)).ok());
  CHECK(wipe.next() == Wipe::Next::kRun);
}

TEST(Wipe, an_order_again_changes_nothing_and_a_wider_one_widens) {
  Wipe wipe;
  CHECK(wipe.arm(device, WipeScope::kAccount, AccountId{1}, WipeOrigin::kServer, at_s(1)).ok());
  CHECK(wipe.acknowledged(device).ok());
  CHECK(wipe.arm(device, WipeScope::kAccount, AccountId{1}, WipeOrigin::kServer, at_s(2)).ok());
  CHECK(wipe.step() == WipeStep::kStarted);
  CHECK(wipe.arm(device, WipeScope::kAccount, AccountId{2}, WipeOrigin::kServer, at_s(2)).error() ==
        fault(Fault::kWiping));
  fake::Patience patience;
  Job& running = wipe.job();
  CHECK(wipe.arm(device, WipeScope::kDevice, AccountId{2}, WipeOrigin::kUser, at_s(3)).ok());
  running.run(device, patience);  // the narrower job was under way
  CHECK(wipe.ran(device).ok());
  CHECK(wipe.step() == WipeStep::kStarted);
  CHECK(wipe.arm(device, WipeScope::kAccount, AccountId{1}, WipeOrigin::kServer, at_s(4)).ok());
  CHECK(wipe.scope() == WipeScope::kDevice);
  drive(wipe, device);
  check_device_is_wiped(device);
}

TEST(Wipe, cut_at_every_operation_and_again_in_the_recovery_ends_wiped) {
  unsigned points = 0;
  for (const WipeScope scope : {WipeScope::kDevice, WipeScope::kAccount}) {
    for (const bool after : {false, true}) {
      bool first_cut = true;
      for (unsigned n = 1; first_cut; ++n) {
        bool second_cut = true;
        for (unsigned m = 1; second_cut; ++m) {
          fake::Device phone;
          furnish(phone);
          Wipe wipe;
          phone.cut_at(n, after);
          const bool armed = wipe.arm(phone, scope, AccountId{1}, WipeOrigin::kServer, at_s(1)).ok();
          drive(wipe, phone);
          first_cut = phone.was_cut();
          phone.cut_at(m, after);
          Wipe again;
          static_cast<void>(again.load(phone).ok());
          drive(again, phone);
          second_cut = phone.was_cut();
          phone.reboot();
          Wipe last;
          CHECK(last.load(phone).ok());
          const bool was_armed = armed || after;
          drive(last, phone);
          if (!was_armed) {
            CHECK_EQUAL(3U, phone.key.size());
          } else if (scope == WipeScope::kDevice) {
            CHECK(last.device_wiped());
            check_device_is_wiped(phone);
          } else {
            CHECK(!Wipe::pending(phone.records()));
            CHECK(!phone.key.contains(1));
            CHECK(phone.key.contains(2));
            CHECK(phone.files_left == (std::set<std::string>{"account-2.db", "cache"}));
          }
          ++points;
        }
      }
    }
  }
  std::printf("\n%u cut points\n", points);
}

TEST(Wipe, keys_die_even_when_the_files_do_not) {
  device.erase_fails = true;
  Wipe wipe;
  CHECK(wipe.arm(device, WipeScope::kDevice, AccountId{}, WipeOrigin::kUser, at_s(1)).ok());
  drive(wipe, device);
  CHECK(wipe.active());
  CHECK(wipe.keys_destroyed());
  CHECK(wipe.next() == Wipe::Next::kNothing);  // not in a circle: after a pause, or at the next boot
  CHECK(device.key.empty());
  wipe.try_again();
  CHECK(wipe.next() == Wipe::Next::kRun);
  for (int boot = 0; boot <= kWipeResumesMax; ++boot) {
    Wipe resumed;
    CHECK(resumed.load(device).ok());
    drive(resumed, device);
  }
  Wipe last;
  CHECK(last.load(device).ok());
  CHECK(last.device_wiped());
}

TEST(Wipe, is_never_done_while_a_key_lives) {
  device.destroy_fails = true;
  Wipe wipe;
  CHECK(wipe.arm(device, WipeScope::kDevice, AccountId{}, WipeOrigin::kUser, at_s(1)).ok());
  for (int boot = 0; boot < 40; ++boot) {
    Wipe resumed;
    CHECK(resumed.load(device).ok());
    drive(resumed, device);
    CHECK(!resumed.device_wiped());
    CHECK(resumed.step() == WipeStep::kStarted);
  }
  device.destroy_fails = false;
  Wipe last;
  CHECK(last.load(device).ok());
  drive(last, device);
  CHECK(last.device_wiped());
  CHECK(device.key.empty());
}

TEST(Wipe, a_damaged_marker_was_a_marker) {
  Wipe wipe;
  CHECK(wipe.arm(device, WipeScope::kAccount, AccountId{1}, WipeOrigin::kServer, at_s(1)).ok());
  const auto whole = device.stored[hal::Record::kWipe];
  for (std::size_t at = 0; at < whole.size(); ++at) {
    device.stored[hal::Record::kWipe] = whole;
    device.stored[hal::Record::kWipe][at] ^= std::byte{0x40};
    Wipe resumed;
    CHECK(resumed.load(device).ok());
    CHECK(resumed.active());
    CHECK(resumed.scope() == WipeScope::kDevice);
    CHECK(resumed.next() == Wipe::Next::kRun);
  }
}

TEST(Wipe, that_cannot_be_recorded_has_not_begun) {
  device.put_fails = true;
  Wipe wipe;
  CHECK(!wipe.arm(device, WipeScope::kDevice, AccountId{1}, WipeOrigin::kServer, at_s(1)).ok());
  CHECK(!wipe.active());
  CHECK(!Wipe::pending(device.records()));
}

TEST(Wipe, once_armed_it_needs_no_room_to_kill_the_keys) {
  for (const bool reboots : {false, true}) {
    fake::Device phone;
    furnish(phone);
    Wipe wipe;
    CHECK(wipe.arm(phone, WipeScope::kDevice, AccountId{1}, WipeOrigin::kServer, at_s(1)).ok());
    phone.put_fails = true;
    Wipe resumed;
    if (reboots) CHECK(resumed.load(phone).ok());
    Wipe& goes_on = reboots ? resumed : wipe;
    drive(goes_on, phone);
    CHECK(phone.key.empty());
    CHECK(phone.secret.empty());
    CHECK(phone.files_left.empty());
    CHECK(!goes_on.device_wiped());  // that is only said once it is recorded
    CHECK(goes_on.active());
    phone.put_fails = false;
    goes_on.try_again();
    drive(goes_on, phone);
    CHECK(goes_on.device_wiped());
    check_device_is_wiped(phone);
  }
}

TEST(Wipe, is_not_done_while_a_record_is_left) {
  Wipe wipe;
  CHECK(wipe.arm(device, WipeScope::kDevice, AccountId{}, WipeOrigin::kUser, at_s(1)).ok());
  device.keeps_a_record = true;
  drive(wipe, device);
  CHECK(!wipe.device_wiped());
  CHECK(wipe.step() == WipeStep::kReset);
  device.keeps_a_record = false;
  wipe.try_again();
  drive(wipe, device);
  CHECK(wipe.device_wiped());
  check_device_is_wiped(device);
}

TEST(Wipe, a_reset_that_does_not_return_is_known_by_what_it_left) {
  Wipe wipe;
  CHECK(wipe.arm(device, WipeScope::kDevice, AccountId{}, WipeOrigin::kUser, at_s(1)).ok());
  fake::Patience patience;
  while (wipe.step() != WipeStep::kReset) {
    wipe.job().run(device, patience);
    CHECK(wipe.ran(device).ok());
  }
  wipe.job().run(device, patience);  // and the device starts again before ran()
  Wipe next_boot;
  CHECK(next_boot.load(device).ok());
  CHECK(next_boot.device_wiped());
  CHECK_EQUAL(1U, device.resets);
}
