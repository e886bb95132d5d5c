// The policy layer on the Linux port: tries are counted for good, an account's wipe takes that account, and nothing is
// acknowledged that was not read back. Power cut at every durable operation.
#include <cstdio>
#include <functional>

#include "hal/cut_everywhere.h"
#include "hal/linux/bench.h"
#include "policy/enforcer.h"
#include "policy/pin.h"
#include "policy/wipe.h"

#include <CppUTest/TestHarness.h>

using namespace linux_test;
using namespace handsync::policy;
using hal::posix::Cut;
using hal::posix::PowerCut;

namespace {

constexpr std::uint32_t kRounds = 100;

PinRules limited() {
  PinRules rules;
  rules.required = true;
  rules.length_min = 4;
  rules.attempts_max = 4;
  return rules;
}

Error finished(Handset& device, Pin& pin, const Status& begun) {
  if (!begun.ok()) return begun.error();
  Patience patience;
  pin.job().run(device, patience);
  return pin.finish(device, limited(), device.now()).error();
}
Error verify(Handset& device, Pin& pin, Text text) {
  return finished(device, pin, pin.begin_verify(device, bytes_of(text), limited(), device.now()));
}
Error change(Handset& device, Pin& pin, Text before, Text next) {
  return finished(device, pin, pin.begin_change(device, bytes_of(before), bytes_of(next), limited(), device.now()));
}
Pin loaded(Handset& device) {
  Pin pin(kRounds);
  CHECK(pin.load(device, device.now()).ok());
  return pin;
}
void drive(Handset& device, Wipe& wipe) {
  Patience patience;
  for (int i = 0; i < 50; ++i) {
    const Wipe::Next next = wipe.next();
    if (next == Wipe::Next::kAcknowledge) CHECK(wipe.acknowledged(device).ok());
    if (next == Wipe::Next::kRun) {
      wipe.job().run(device, patience);
      CHECK(wipe.ran(device).ok());
    }
    if (next == Wipe::Next::kConclude) CHECK(wipe.conclude(device).ok());
  }
}

unsigned cut_everywhere(const std::function<void(Bench&)>& prepare, const std::function<void(Handset&)>& work,
                        const std::function<void(Bench&, bool)>& judge) {
  return test::cut_everywhere<Bench, Cut, PowerCut>(prepare, work, [&](Bench& bench, bool told) {
    bench.machine.boot();
    judge(bench, told);
  });
}

void write(const Bench& bench, const std::string& name, const std::string& text) {
  std::ofstream(bench.options.home + "/replica/" + name) << text;
}

}  // namespace

TEST_GROUP(LinuxPolicyCuts){};

TEST_GROUP(LinuxPolicy) { Bench bench; };

TEST(LinuxPolicyCuts, tries_are_counted_through_power_cuts) {
  const unsigned points = cut_everywhere(
      [](Bench& bench) {
        auto device = bench.open();
        Pin pin = loaded(*device);
        CHECK(!change(*device, pin, "", "4711"));
      },
      [](Handset& device) {
        Pin pin = loaded(device);
        for (int i = 0; i < 3; ++i) CHECK(static_cast<bool>(verify(device, pin, "0000")));
      },
      [](Bench& bench, bool told) {
        auto device = bench.open();
        Pin pin = loaded(*device);
        CHECK(pin.tries_left(limited()) >= 1);
        if (told) CHECK_EQUAL(1, pin.tries_left(limited()));
      });
  std::printf("\n%u cut points of three tries\n", points);
}

TEST(LinuxPolicyCuts, an_accounts_wipe_takes_that_account_through_power_cuts) {
  const std::string canary = "canary-7b1f9c44", other = "canary-of-the-other";
  const unsigned points = cut_everywhere(
      [&](Bench& bench) {
        auto device = bench.open();
        Enforcer enforcer;
        CHECK(enforcer.load(*device, Facts{}).ok());
        for (const hal::KeySlot slot : {hal::KeySlot{1}, hal::KeySlot{2}}) {
          CHECK(device->keys().create(slot).ok());
          CHECK(device->keys().put_secret(slot, bytes_of("password")).ok());
        }
        write(bench, "account-1.db", canary);
        write(bench, "account-1.db-wal", canary);
        write(bench, "account-2.db", other);
      },
      [](Handset& device) {
        Wipe wipe;
        CHECK(wipe.load(device).ok());
        CHECK(wipe.arm(device, WipeScope::kAccount, AccountId{1}, WipeOrigin::kServer, device.now()).ok());
        drive(device, wipe);
      },
      [&](Bench& bench, bool told) {
        auto device = bench.open();
        const bool armed = Wipe::pending(device->records());
        CHECK(device->keys().exists(2));
        CHECK(bench.holds(other));
        if (!armed && !told && device->keys().exists(1)) return;
        Wipe wipe;
        CHECK(wipe.load(*device).ok());
        drive(*device, wipe);
        CHECK(!device->keys().exists(1));
        CHECK(!bench.holds(canary));
        CHECK(device->keys().exists(0));
        CHECK(device->keys().exists(2));
        CHECK(bench.holds(other));
      });
  std::printf("\n%u cut points of an account's wipe\n", points);
}

TEST(LinuxPolicyCuts, a_device_wipe_leaves_nothing_and_resumes_after_any_cut) {
  const std::string canary = "canary-7b1f9c44";
  const unsigned points = cut_everywhere(
      [&](Bench& bench) {
        auto device = bench.open();
        Enforcer enforcer;
        CHECK(enforcer.load(*device, Facts{}).ok());
        CHECK(device->keys().create(1).ok());
        CHECK(device->records().put(hal::account_record(1), bytes_of(canary)).ok());
        write(bench, "account-1.db", canary);
        bench.machine.everything();
      },
      [](Handset& device) {
        Wipe wipe;
        CHECK(wipe.load(device).ok());
        CHECK(wipe.arm(device, WipeScope::kDevice, AccountId{1}, WipeOrigin::kServer, device.now()).ok());
        drive(device, wipe);
        CHECK(wipe.device_wiped());
      },
      [&](Bench& bench, bool told) {
        auto device = bench.open();
        const bool armed = Wipe::pending(device->records());
        if (told) CHECK(armed);
        if (!armed) {
          CHECK(device->keys().exists(1));
          return;
        }
        Wipe wipe;
        CHECK(wipe.load(*device).ok());
        drive(*device, wipe);
        CHECK(wipe.device_wiped());
        CHECK(!device->keys().exists(0));
        CHECK(!device->keys().exists(1));
        CHECK(!bench.holds(canary));
      });
  std::printf("\n%u cut points of a wipe\n", points);
}

TEST(LinuxPolicy, a_bare_machine_complies_with_what_it_does_not_have_and_no_more) {
  auto device = bench.open();
  Document document;
  for (const Setting setting : {Setting::kAllowCamera, Setting::kAllowWiFi, Setting::kAllowBluetooth,
                                Setting::kAllowStorageCard, Setting::kAllowIrDA, Setting::kAllowTextMessaging}) {
    document.set(setting, 0);
  }
  CHECK_EQUAL(1, acknowledgement(document, enforce(document, *device, Facts{}, false)));
  bench.machine.put("/sys/class/video4linux/video0/name", "unicam-image");
  CHECK_EQUAL(2, acknowledgement(document, enforce(document, *device, Facts{}, false)));
}

TEST(LinuxPolicy, radios_are_acknowledged_as_they_read_back) {
  bench.machine.everything();
  auto device = bench.open();
  Document document;
  document.set(Setting::kAllowWiFi, 0);
  document.set(Setting::kAllowBluetooth, 1);
  CHECK_EQUAL(1, acknowledgement(document, enforce(document, *device, Facts{}, false)));
  STRCMP_EQUAL("1", bench.machine.get("/sys/class/rfkill/rfkill1/soft").c_str());
  STRCMP_EQUAL("1", bench.machine.get("/sys/class/rfkill/rfkill0/soft").c_str());
  bench.machine.remove("/usr/lib/systemd/systemd-rfkill");
  CHECK_EQUAL(2, acknowledgement(document, enforce(document, *device, Facts{}, false)));
}

TEST(LinuxPolicy, a_pin_counts_in_full_only_behind_a_lock_that_holds) {
  Document document;
  document.set(Setting::kDevicePasswordEnabled, 1);
  document.set(Setting::kMaxInactivityTimeDeviceLock, 300);
  const Facts facts{true, true, false};
  CHECK_EQUAL(3, acknowledgement(document, enforce(document, *bench.open(), facts, false)));
  bench.machine.panel("panel0");
  {
    auto device = bench.open();
    const Compliance compliance = enforce(document, *device, facts, false);
    CHECK(compliance.of(Setting::kDevicePasswordEnabled) == Enforcement::kPartial);
    CHECK(compliance.of(Setting::kMaxInactivityTimeDeviceLock) == Enforcement::kPartial);
    CHECK(acknowledgement(document, compliance) != 1);
  }
  bench.options.lock_holds = Force::kEnforced;
  CHECK_EQUAL(1, acknowledgement(document, enforce(document, *bench.open(), facts, false)));
  document.set(Setting::kMaxDevicePasswordFailedAttempts, 8);  // an old image brings back spent tries
  CHECK_EQUAL(2, acknowledgement(document, enforce(document, *bench.open(), facts, false)));
}
