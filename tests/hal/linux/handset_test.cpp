// What the Linux device is: its name, clock, identity, roots, and where its secret lies.
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <stdexcept>

#include "hal/linux/bench.h"

#include <CppUTest/TestHarness.h>

using namespace linux_test;

namespace {

std::string model(Bench& bench) { return std::string(bench.open()->model()); }

bool has_identity(hal::Device& device) {
  std::byte room[64];
  return device.records().get(hal::Record::kIdentity, room).value() != 0;
}

}  // namespace

TEST_GROUP(LinuxHandset) { Bench bench; };

TEST(LinuxHandset, is_named_by_its_board_or_its_firmware) {
  CHECK(model(bench).starts_with("Linux"));
  bench.machine.put("/sys/class/dmi/id/sys_vendor", "To Be Filled By O.E.M.");
  bench.machine.put("/sys/class/dmi/id/product_name", "To Be Filled By O.E.M.");
  CHECK(model(bench).starts_with("Linux"));
  bench.machine.put("/sys/class/dmi/id/sys_vendor", "LENOVO");
  bench.machine.put("/sys/class/dmi/id/product_name", "20XX");
  STRCMP_EQUAL("LENOVO 20XX", model(bench).c_str());
  bench.machine.put("/sys/firmware/devicetree/base/model", "Raspberry Pi 4 Model B\x01 Rev 1.4" + std::string(1, '\0'));
  STRCMP_EQUAL("Raspberry Pi 4 Model B Rev 1.4", model(bench).c_str());
}

TEST(LinuxHandset, its_boot_number_changes_with_the_machines_boot_only) {
  const std::uint32_t first = bench.open()->now().boot;
  CHECK_EQUAL(first, bench.open()->now().boot);
  CHECK_EQUAL(first + 1, bench.reboot()->now().boot);
  CHECK_EQUAL(first + 1, bench.open()->now().boot);
  CHECK(!bench.open()->reboot());
}

TEST(LinuxHandset, a_boot_that_cannot_be_told_counts_as_another) {
  const std::uint32_t first = bench.open()->now().boot;
  bench.machine.remove("/proc/sys/kernel/random/boot_id");
  CHECK_EQUAL(first + 1, bench.open()->now().boot);
  CHECK_EQUAL(first + 2, bench.open()->now().boot);
}

TEST(LinuxHandset, its_clock_runs_on) {
  auto device = bench.open();
  const Instant before = device->now();
  ::usleep(3000);
  const Instant after = device->now();
  CHECK(after.mono_ms > before.mono_ms);
  CHECK(after.wall_ms > 1'600'000'000'000);
}

TEST(LinuxHandset, its_identity_is_not_cloned_with_its_storage) {
  bench.machine.put("/sys/firmware/devicetree/base/serial-number", "10000000aaaaaaaa");
  CHECK(bench.open()->records().put(hal::Record::kIdentity, bytes_of("id")).ok());
  CHECK(has_identity(*bench.open()));
  CHECK(has_identity(*bench.reboot()));
  bench.machine.put("/sys/firmware/devicetree/base/serial-number", "10000000bbbbbbbb");
  CHECK(!has_identity(*bench.open()));
}

TEST(LinuxHandset, reads_the_roots_of_the_distribution) {
  std::byte room[64];
  CHECK_EQUAL(0U, bench.open()->trust()->roots_pem(0, room).value());
  bench.machine.put("/etc/ssl/certs/ca-certificates.crt", std::string(100, 'c'));
  auto device = bench.open();
  CHECK_EQUAL(64U, device->trust()->roots_pem(0, room).value());
  CHECK_EQUAL(37U, device->trust()->roots_pem(64, room).value());
  CHECK_EQUAL(0U, device->trust()->roots_pem(101, room).value());
}

TEST(LinuxHandset, claims_nothing_that_a_file_system_cannot_give) {
  auto device = bench.open();
  CHECK(!device->records().replay_protected());
  CHECK(device->keys().destroys_for_good() == Force::kPartial);
  CHECK(device->pin() == nullptr);
  CHECK(device->messaging() == nullptr);
}

TEST(LinuxHandset, files_are_for_their_owner_only) {
  auto device = bench.open();
  CHECK(device->keys().create(1).ok());
  CHECK(device->keys().put_secret(1, bytes_of("password")).ok());
  for (const auto& entry : fs::recursive_directory_iterator(bench.options.home)) {
    CHECK((entry.status().permissions() & (fs::perms::group_all | fs::perms::others_all)) == fs::perms::none);
  }
}

TEST(LinuxHandset, a_wipe_of_everything_takes_the_devices_own_directories_on_cards) {
  fs::create_directories(bench.path + "/card/handsync/a");
  fs::create_directories(bench.path + "/card/photos");
  std::ofstream(bench.path + "/card/handsync/a/file") << "mail";
  std::ofstream(bench.path + "/card/photos/photo") << "not ours";
  bench.options.cards = {bench.path + "/card/handsync"};
  auto device = bench.open();
  Patience patience;
  CHECK(device->erase().files(1, patience).ok());
  CHECK(fs::exists(bench.path + "/card/handsync/a/file"));
  CHECK(device->erase().files(hal::kEverySlot, patience).ok());
  CHECK(!fs::exists(bench.path + "/card/handsync/a/file"));
  CHECK(fs::exists(bench.path + "/card/photos/photo"));
}

TEST(LinuxHandset, with_an_outside_secret_the_files_alone_open_nothing) {
  std::byte secret{7};
  bool there = true;
  bench.options.outside_secret = [&](Room room) -> Status {
    if (!there) return hal::fault(hal::Fault::kNotThere);
    for (std::byte& b : room) b = secret;
    return Done{};
  };
  {
    auto device = bench.open();
    CHECK(device->secret_in_keyring());
    CHECK(device->keys().create(1).ok());
  }
  CHECK(bench.open()->keys().exists(1));
  secret = std::byte{8};
  CHECK(!bench.open()->keys().exists(1));
  secret = std::byte{7};
  there = false;
  CHECK_THROWS(std::runtime_error, bench.open());
  there = true;
  CHECK(bench.open()->keys().exists(1));
}

TEST(LinuxHandset, a_device_made_without_an_outside_secret_goes_on_without) {
  CHECK(bench.open()->keys().create(1).ok());
  bench.options.outside_secret = [](Room room) -> Status {
    for (std::byte& b : room) b = std::byte{7};
    return Done{};
  };
  auto device = bench.open();
  CHECK(!device->secret_in_keyring());
  CHECK(device->keys().exists(1));
}

TEST(LinuxHandset, takes_its_secret_from_the_kernels_keyring) {
  const char payload[] = "0123456789abcdef0123456789abcdef";
  const long key = ::syscall(SYS_add_key, "user", "handsync:test", payload, 32UL, KEY_SPEC_PROCESS_KEYRING);
  if (key < 0) {
    CHECK(errno == ENOSYS || errno == EPERM || errno == EACCES);
    std::printf("\nno kernel keyring here: the port keeps a file\n");
    bench.options.keyring_key = "handsync:test";
    CHECK(!bench.open()->secret_in_keyring());
    return;
  }
  bench.options.keyring_key = "handsync:test";
  CHECK(bench.open()->secret_in_keyring());
  CHECK(bench.open()->keys().create(1).ok());
  CHECK(bench.open()->keys().exists(1));
  CHECK(!bench.holds(payload));
  CHECK_EQUAL(0, ::syscall(SYS_keyctl, KEYCTL_UNLINK, key, KEY_SPEC_PROCESS_KEYRING));
  CHECK_THROWS(std::runtime_error, bench.open());
}
