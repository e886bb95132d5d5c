// Encryption is believed only when every place that is written to lies on it.
#include "hal/linux/bench.h"

#include <CppUTest/TestHarness.h>

using namespace linux_test;

namespace {

Force encryption(Bench& bench) { return bench.open()->storage()->device_encryption(); }

}  // namespace

TEST_GROUP(LinuxStorage) { Bench bench; };

TEST(LinuxStorage, a_plain_disk_is_absent) { CHECK(encryption(bench) == Force::kAbsent); }

TEST(LinuxStorage, everything_on_dm_crypt_is_enforced) {
  bench.machine.volume("dm-0", "CRYPT-LUKS2-0123-root", "root", "mmcblk0p2");
  bench.machine.unmount("/");
  bench.machine.mount("/dev/mapper/root", "/", "ext4");
  bench.machine.mount("tmpfs", "/var/log", "tmpfs");
  CHECK(encryption(bench) == Force::kEnforced);
}

TEST(LinuxStorage, lvm_counts_when_what_it_lies_on_is_encrypted) {
  bench.machine.unmount("/");
  bench.machine.mount("/dev/mapper/vg-root", "/", "ext4");
  bench.machine.volume("dm-1", "LVM-abc", "vg-root", "dm-0");
  bench.machine.volume("dm-0", "CRYPT-LUKS1-0123-pv", "pv", "sdb1");
  CHECK(encryption(bench) == Force::kEnforced);
  bench.machine.put("/sys/block/dm-1/slaves/sdc1/dev", "8:33");  // a second one, plain
  CHECK(encryption(bench) == Force::kAbsent);
}

TEST(LinuxStorage, a_home_alone_is_partial) {
  bench.machine.volume("dm-0", "CRYPT-LUKS2-0123-home", "home", "mmcblk0p3");
  bench.machine.mount("/dev/mapper/home", bench.path, "ext4");
  CHECK(encryption(bench) == Force::kPartial);
}

TEST(LinuxStorage, a_plain_mount_over_an_encrypted_one_counts) {
  bench.machine.volume("dm-0", "CRYPT-LUKS2-0123-root", "root", "mmcblk0p2");
  bench.machine.mount("/dev/mapper/root", "/", "ext4");
  CHECK(encryption(bench) == Force::kEnforced);
  bench.machine.mount("/dev/sdb1", "/var/log", "ext4");
  CHECK(encryption(bench) == Force::kPartial);
  bench.machine.mount("/dev/sdb2", bench.path, "ext4");
  CHECK(encryption(bench) == Force::kAbsent);
}

TEST(LinuxStorage, swap_counts_unless_it_is_in_memory_or_encrypted) {
  bench.machine.volume("dm-0", "CRYPT-LUKS2-0123-root", "root", "mmcblk0p2");
  bench.machine.mount("/dev/mapper/root", "/", "ext4");
  const std::string head = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
  bench.machine.put("/proc/swaps", head + "/dev/zram0 partition 100 0 100\n/swapfile file 100 0 -2");
  CHECK(encryption(bench) == Force::kEnforced);
  bench.machine.put("/proc/swaps", head + "/dev/sdb2 partition 100 0 -2");
  CHECK(encryption(bench) == Force::kPartial);
  bench.machine.volume("dm-3", "CRYPT-PLAIN-swap", "swap", "sdb2");
  bench.machine.put("/proc/swaps", head + "/dev/dm-3 partition 100 0 -2");
  CHECK(encryption(bench) == Force::kEnforced);
  bench.machine.remove("/proc/swaps");
  CHECK(encryption(bench) == Force::kPartial);
}

TEST(LinuxStorage, a_volume_that_is_not_dm_crypt_is_not_believed) {
  bench.machine.volume("dm-0", "LVM-CRYPT-", "root", "mmcblk0p2");
  bench.machine.mount("/dev/mapper/root", "/", "ext4");
  CHECK(encryption(bench) == Force::kAbsent);
}

TEST(LinuxStorage, cards_are_not_encrypted_by_the_port) {
  CHECK(bench.open()->storage()->card_encryption() == Force::kNotFitted);
  bench.machine.card("sda");
  CHECK(bench.open()->storage()->card_encryption() == Force::kAbsent);
}
