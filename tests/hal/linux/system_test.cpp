// The machine as files and programs: real programs, and names that lie below the root.
#include <chrono>

#include "hal/linux/bench.h"
#include "linux/system.h"

#include <CppUTest/TestHarness.h>

using namespace linux_test;
using hal::linux_port::disks_under;
using hal::linux_port::mounts;
using hal::linux_port::System;

TEST_GROUP(LinuxSystem) { Bench bench; };

TEST(LinuxSystem, runs_a_program_and_gives_its_output) {
  const System system("", nullptr);
  STRCMP_EQUAL("one\ntwo\n", system.run({"printf", "%s\\n", "one", "two"}).value_or("(nothing)").c_str());
  STRCMP_EQUAL("", system.run({"true"}).value_or("(nothing)").c_str());
}

TEST(LinuxSystem, a_program_that_fails_or_is_missing_gives_nothing) {
  const System system("", nullptr);
  CHECK(!system.run({"false"}));
  CHECK(!system.run({"sh", "-c", "echo half; exit 3"}));
  CHECK(!system.run({"handsync-no-such-program"}));
}

TEST(LinuxSystem, a_program_that_hangs_or_floods_is_ended) {
  const System system("", nullptr);
  const auto before = std::chrono::steady_clock::now();
  CHECK(!system.run({"sleep", "30"}));
  CHECK(!system.run({"yes"}));
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(10));
}

TEST(LinuxSystem, below_another_root_no_program_is_run_by_itself) {
  CHECK(!System(bench.machine.root, nullptr).run({"true"}));
}

TEST(LinuxSystem, reads_mounts_with_their_blanks) {
  bench.machine.mount("/dev/sda1", "/media/my\\040stick", "vfat");
  const auto all = mounts(System(bench.machine.root, nullptr));
  STRCMP_EQUAL("/media/my stick", all.back().point.c_str());
  STRCMP_EQUAL("vfat", all.back().type.c_str());
}

TEST(LinuxSystem, finds_the_disks_below_partitions_volumes_and_links) {
  const System system(bench.machine.root, nullptr);
  const auto under = [&](const std::string& source) {
    std::string names;
    for (const std::string& name : disks_under(system, source)) names += name + " ";
    return names;
  };
  bench.machine.card("sda");
  bench.machine.card("sdb");
  bench.machine.volume("dm-0", "LVM-1", "vg-both", "sda1");
  bench.machine.put("/sys/block/dm-0/slaves/sdb1/dev", "");
  bench.machine.put("/dev/sda1", "");
  fs::create_directories(bench.machine.root + "/dev/disk/by-uuid");
  fs::create_symlink("../../sda1", bench.machine.root + "/dev/disk/by-uuid/1234");
  STRCMP_EQUAL("mmcblk0 ", under("/dev/mmcblk0p2").c_str());
  STRCMP_EQUAL("sda ", under("/dev/sda").c_str());
  STRCMP_EQUAL("sda sdb ", under("/dev/mapper/vg-both").c_str());
  STRCMP_EQUAL("sda ", under("/dev/disk/by-uuid/1234").c_str());
  STRCMP_EQUAL("", under("tmpfs").c_str());
  STRCMP_EQUAL("", under("/dev/none").c_str());
}
