// Radios, cameras and cards of a played machine: what is fitted, what can be closed, and what is read back.
#include <algorithm>

#include "hal/linux/bench.h"

#include <CppUTest/TestHarness.h>

using namespace linux_test;

namespace {

constexpr char kRule[] = "/etc/udev/rules.d/95-handsync-card.rules";

Force force(Bench& bench, Gate gate) { return bench.open()->gates()->force(gate); }
unsigned level(hal::Device& device, Gate gate) { return device.gates()->level(gate).value(); }

}  // namespace

TEST_GROUP(LinuxGates) { Bench bench; };

TEST(LinuxGates, a_machine_without_radios_cameras_and_sockets_has_none_fitted) {
  for (const Gate gate : {Gate::kWifi, Gate::kBluetooth, Gate::kCamera, Gate::kCard, Gate::kIrda, Gate::kSms}) {
    CHECK(force(bench, gate) == Force::kNotFitted);
    CHECK(!bench.open()->gates()->set(gate, 0).ok());
  }
}

TEST(LinuxGates, what_nothing_on_linux_controls_is_absent) {
  bench.machine.everything();
  for (const Gate gate : {Gate::kTethering, Gate::kBrowser, Gate::kConsumerMail, Gate::kPopImap, Gate::kUnsignedApps,
                          Gate::kUnsignedInstallers, Gate::kRemoteDesktop, Gate::kDesktopSync}) {
    CHECK(force(bench, gate) == Force::kAbsent);
    CHECK(!bench.open()->gates()->set(gate, 0).ok());
  }
}

TEST(LinuxGates, without_a_sys_nobody_can_tell_what_is_fitted) {
  bench.machine.remove("/sys");
  for (int i = 0; i < static_cast<int>(Gate::kCount); ++i) CHECK(force(bench, static_cast<Gate>(i)) == Force::kAbsent);
}

TEST(LinuxGates, radios_are_enforced_only_when_nobody_else_switches_them_and_boot_keeps_them) {
  bench.machine.radio("rfkill0", "wlan");
  CHECK(force(bench, Gate::kWifi) == Force::kPartial);  // nothing brings the state back at boot
  bench.machine.only_root_switches();
  CHECK(force(bench, Gate::kWifi) == Force::kEnforced);
  fs::permissions(bench.machine.root + "/dev/rfkill", fs::perms::group_write, fs::perm_options::add);
  CHECK(force(bench, Gate::kWifi) == Force::kPartial);  // as a desktop's session may
  CHECK(force(bench, Gate::kBluetooth) == Force::kNotFitted);
}

TEST(LinuxGates, a_radio_without_a_switch_is_absent) {
  bench.machine.put("/sys/class/net/wlan0/phy80211/index", "0");
  CHECK(force(bench, Gate::kWifi) == Force::kAbsent);
  bench.machine.put("/sys/class/bluetooth/hci0/type", "");
  CHECK(force(bench, Gate::kBluetooth) == Force::kAbsent);
  bench.machine.radio("rfkill0", "wlan");
  bench.machine.remove("/sys/class/rfkill/rfkill0/soft");
  CHECK(force(bench, Gate::kWifi) == Force::kAbsent);
}

TEST(LinuxGates, close_every_radio_of_the_kind_and_no_other) {
  bench.machine.everything();
  bench.machine.radio("rfkill2", "wlan");
  auto device = bench.open();
  CHECK(device->gates()->set(Gate::kWifi, 0).ok());
  STRCMP_EQUAL("1", bench.machine.get("/sys/class/rfkill/rfkill1/soft").c_str());
  STRCMP_EQUAL("1", bench.machine.get("/sys/class/rfkill/rfkill2/soft").c_str());
  STRCMP_EQUAL("0", bench.machine.get("/sys/class/rfkill/rfkill0/soft").c_str());
  CHECK_EQUAL(0U, level(*device, Gate::kWifi));
  CHECK_EQUAL(2U, level(*device, Gate::kBluetooth));
}

TEST(LinuxGates, tell_the_state_and_not_the_last_request) {
  bench.machine.everything();
  auto device = bench.open();
  CHECK(device->gates()->set(Gate::kWifi, 0).ok());
  bench.machine.put("/sys/class/rfkill/rfkill1/soft", "0");  // somebody else
  CHECK_EQUAL(2U, level(*device, Gate::kWifi));
  bench.machine.put("/sys/class/rfkill/rfkill1/hard", "1");  // the switch on the case
  CHECK_EQUAL(0U, level(*device, Gate::kWifi));
}

TEST(LinuxGates, a_driver_that_does_not_do_it_is_an_error) {
  bench.machine.everything();
  auto device = bench.open();
  bench.machine.remove("/sys/class/rfkill/rfkill1/soft");
  fs::create_directories(bench.machine.root + "/sys/class/rfkill/rfkill1/soft");
  CHECK(!device->gates()->set(Gate::kWifi, 0).ok());
  CHECK_EQUAL(2U, level(*device, Gate::kWifi));
}

TEST(LinuxGates, are_closed_again_after_a_restart_that_opened_them) {
  bench.machine.everything();
  for (const Gate gate : {Gate::kWifi, Gate::kBluetooth, Gate::kCamera}) {
    CHECK(bench.open()->gates()->set(gate, 0).ok());
  }
  bench.machine.boot();
  STRCMP_EQUAL("0", bench.machine.get("/sys/class/rfkill/rfkill1/soft").c_str());
  auto device = bench.open();
  for (const Gate gate : {Gate::kWifi, Gate::kBluetooth, Gate::kCamera}) CHECK_EQUAL(0U, level(*device, gate));
}

TEST(LinuxGates, hands_free_only_closes_bluetooth_as_the_kernel_cannot_tell_it_apart) {
  bench.machine.everything();
  auto device = bench.open();
  CHECK(device->gates()->set(Gate::kBluetooth, 1).ok());
  CHECK_EQUAL(0U, level(*device, Gate::kBluetooth));
}

TEST(LinuxGates, to_allow_is_not_to_switch_on) {
  bench.machine.everything();
  bench.machine.put("/sys/class/rfkill/rfkill1/soft", "1");  // the user's wish
  auto device = bench.open();
  CHECK(device->gates()->set(Gate::kWifi, 2).ok());
  STRCMP_EQUAL("1", bench.machine.get("/sys/class/rfkill/rfkill1/soft").c_str());
}

TEST(LinuxGates, cameras_on_usb_are_closed_by_their_interfaces) {
  bench.machine.usb_camera("1-1:1.0");
  bench.machine.usb_camera("1-1:1.1");
  bench.machine.put("/sys/bus/usb/devices/1-2:1.0/bInterfaceClass", "03");
  bench.machine.put("/sys/bus/usb/devices/1-2:1.0/authorized", "1");
  bench.machine.put("/sys/bus/usb/drivers_probe", "");
  auto device = bench.open();
  CHECK(device->gates()->force(Gate::kCamera) == Force::kPartial);  // one that comes later is open at first
  CHECK(device->gates()->set(Gate::kCamera, 0).ok());
  STRCMP_EQUAL("0", bench.machine.get("/sys/bus/usb/devices/1-1:1.0/authorized").c_str());
  STRCMP_EQUAL("0", bench.machine.get("/sys/bus/usb/devices/1-1:1.1/authorized").c_str());
  STRCMP_EQUAL("1", bench.machine.get("/sys/bus/usb/devices/1-2:1.0/authorized").c_str());
  CHECK_EQUAL(0U, level(*device, Gate::kCamera));
  bench.machine.usb_camera("2-1:1.0");
  CHECK_EQUAL(2U, level(*device, Gate::kCamera));
  CHECK(device->gates()->set(Gate::kCamera, 2).ok());
  STRCMP_EQUAL("1", bench.machine.get("/sys/bus/usb/devices/1-1:1.0/authorized").c_str());
}

TEST(LinuxGates, a_camera_on_the_board_cannot_be_closed_and_a_codec_is_none) {
  bench.machine.put("/sys/class/video4linux/video10/name", "bcm2835-codec-decode");
  CHECK(force(bench, Gate::kCamera) == Force::kNotFitted);
  bench.machine.put("/sys/class/video4linux/video0/name", "unicam-image");
  CHECK(force(bench, Gate::kCamera) == Force::kAbsent);
  bench.machine.usb_camera("1-1:1.0");
  CHECK(force(bench, Gate::kCamera) == Force::kAbsent);
}

TEST(LinuxGates, the_disk_the_machine_runs_from_is_no_card) {
  CHECK(force(bench, Gate::kCard) == Force::kNotFitted);
  bench.machine.put("/sys/class/mmc_host/mmc1/dev", "");  // an empty socket
  bench.machine.put("/run/udev/control", "");
  CHECK(force(bench, Gate::kCard) == Force::kPartial);
}

TEST(LinuxGates, cards_are_kept_from_being_mounted_and_unmounted) {
  bench.machine.card("sda");
  CHECK(force(bench, Gate::kCard) == Force::kAbsent);  // no udev
  bench.machine.put("/run/udev/control", "");
  bench.machine.mount("/dev/sda1", "/media/stick", "vfat");
  auto device = bench.open();
  CHECK(device->gates()->force(Gate::kCard) == Force::kPartial);  // root can still mount one
  CHECK_EQUAL(2U, level(*device, Gate::kCard));
  CHECK(device->gates()->set(Gate::kCard, 0).ok());
  CHECK_EQUAL(0U, level(*device, Gate::kCard));
  const std::string rule = bench.machine.get(kRule);
  CHECK(rule.find("KERNEL!=\"mmcblk0*\"") != std::string::npos);  // never the machine's own
  CHECK(rule.find("UDISKS_IGNORE") != std::string::npos);
  bench.machine.mount("/dev/sda1", "/mnt", "vfat");
  CHECK_EQUAL(2U, level(*device, Gate::kCard));
  bench.machine.unmount("/mnt");
  CHECK(device->gates()->set(Gate::kCard, 2).ok());
  CHECK(!bench.machine.has(kRule));
}

TEST(LinuxGates, a_card_in_use_is_an_error_and_not_closed) {
  bench.machine.card("sda");
  bench.machine.put("/run/udev/control", "");
  bench.machine.mount("/dev/sda1", "/media/stick", "vfat");
  bench.machine.umount_fails = true;
  auto device = bench.open();
  CHECK(!device->gates()->set(Gate::kCard, 0).ok());
  CHECK_EQUAL(2U, level(*device, Gate::kCard));
}

TEST(LinuxGates, a_card_below_an_encrypted_volume_is_still_a_card) {
  bench.machine.card("sda");
  bench.machine.volume("dm-0", "CRYPT-LUKS2-1", "stick", "sda1");
  bench.machine.put("/run/udev/control", "");
  bench.machine.mount("/dev/mapper/stick", "/media/stick", "ext4");
  auto device = bench.open();
  CHECK(device->gates()->set(Gate::kCard, 0).ok());
  const auto& ran = bench.machine.ran;
  CHECK(std::find(ran.begin(), ran.end(), std::vector<std::string>{"umount", "--", "/media/stick"}) != ran.end());
}

TEST(LinuxGates, modems_and_infrared_are_looked_for) {
  bench.machine.put("/sys/class/wwan/wwan0/name", "");
  CHECK(force(bench, Gate::kSms) == Force::kAbsent);
  bench.machine.put("/sys/class/net/irda0/type", "783");
  CHECK(force(bench, Gate::kIrda) == Force::kAbsent);
}

TEST(LinuxGates, a_factory_reset_opens_what_the_port_has_closed) {
  bench.machine.everything();
  auto device = bench.open();
  CHECK(device->gates()->set(Gate::kWifi, 0).ok());
  CHECK(device->gates()->set(Gate::kCard, 0).ok());
  Patience patience;
  CHECK(device->erase().factory_reset(patience).ok());
  CHECK_EQUAL(2U, level(*device, Gate::kWifi));
  CHECK(!bench.machine.has(kRule));
}
