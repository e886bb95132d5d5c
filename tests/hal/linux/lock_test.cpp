// The screen lock on a graphical session or on a backlight, and where there is neither.
#include "hal/linux/bench.h"

#include <CppUTest/TestHarness.h>

using namespace linux_test;

namespace {

constexpr char kPower[] = "/sys/class/backlight/panel0/bl_power";

void set_pin(hal::Device& device) { CHECK(device.records().put(hal::Record::kPin, bytes_of("a PIN")).ok()); }

}  // namespace

TEST_GROUP(LinuxLock) { Bench bench; };

TEST(LinuxLock, is_missing_without_a_session_and_without_a_panel) { CHECK(bench.open()->lock() == nullptr); }

TEST(LinuxLock, is_missing_on_a_text_console) {
  bench.machine.session("tty");
  CHECK(bench.open()->lock() == nullptr);
}

TEST(LinuxLock, is_partial_as_there_are_other_ways_past_it_unless_the_product_says_otherwise) {
  bench.machine.panel("panel0");
  CHECK(bench.open()->lock()->holds() == Force::kPartial);
  bench.options.lock_holds = Force::kEnforced;
  CHECK(bench.open()->lock()->holds() == Force::kEnforced);
}

TEST(LinuxLock, darkens_every_panel_and_reads_back) {
  bench.machine.panel("panel0");
  bench.machine.panel("panel1");
  auto device = bench.open();
  CHECK(!device->lock()->locked());
  CHECK(device->lock()->now().ok());
  STRCMP_EQUAL("4", bench.machine.get(kPower).c_str());
  CHECK(device->lock()->locked());
  bench.machine.put("/sys/class/backlight/panel1/bl_power", "0");  // somebody has lit one
  CHECK(!device->lock()->locked());
  CHECK(device->lock()->now().ok());
  CHECK(device->lock()->locked());
  CHECK(device->lock()->release().ok());
  STRCMP_EQUAL("0", bench.machine.get(kPower).c_str());
  CHECK(!device->lock()->locked());
}

TEST(LinuxLock, a_panel_that_stays_lit_is_an_error) {
  bench.machine.panel("panel0");
  auto device = bench.open();
  bench.machine.remove(kPower);
  fs::create_directories(bench.machine.root + kPower);
  CHECK(!device->lock()->now().ok());
  CHECK(!device->lock()->locked());
}

TEST(LinuxLock, locks_the_session_and_believes_its_hint) {
  bench.machine.session("wayland");
  bench.machine.panel("panel0");
  auto device = bench.open();
  CHECK(device->lock()->now().ok());
  CHECK(bench.machine.locked);
  CHECK(device->lock()->locked());
  STRCMP_EQUAL("0", bench.machine.get(kPower).c_str());
  CHECK(device->lock()->release().ok());
  CHECK(!bench.machine.locked);
}

TEST(LinuxLock, a_session_without_a_locker_is_not_locked) {
  bench.machine.session("x11");
  bench.machine.locker = false;
  auto device = bench.open();
  CHECK(!device->lock()->now().ok());
  CHECK(!device->lock()->locked());
}

TEST(LinuxLock, starts_locked_with_a_pin_only) {
  bench.machine.panel("panel0");
  bench.open();
  CHECK(!bench.reboot()->lock()->locked());
  set_pin(*bench.open());
  CHECK(!bench.open()->lock()->locked());  // another process is no restart
  CHECK(bench.reboot()->lock()->locked());
  CHECK(bench.open()->lock()->locked());
}

TEST(LinuxLock, a_process_that_comes_too_late_finds_it_locked) {
  bench.machine.panel("panel0");
  {
    auto device = bench.open();
    set_pin(*device);
    CHECK(device->lock()->after_idle_s(3600).ok());
    device->touched();
  }
  CHECK(!bench.open()->lock()->locked());
  std::ofstream(bench.options.home + "/device/lock.active") << "active_ms 0\n";
  CHECK(bench.open()->lock()->after_idle_s(1).ok());
  CHECK(bench.open()->lock()->locked());
}

TEST(LinuxLock, a_factory_reset_opens_it) {
  bench.machine.panel("panel0");
  auto device = bench.open();
  CHECK(device->lock()->now().ok());
  CHECK(device->lock()->after_idle_s(60).ok());
  Patience patience;
  CHECK(device->erase().factory_reset(patience).ok());
  CHECK(!device->lock()->locked());
  CHECK_EQUAL(0U, device->lock()->idle_limit_s().value());
}
