// The simulated phone: one phone over many processes, that ends where it says it ends.
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include "hal/simulated/home.h"

#include <CppUTest/TestHarness.h>

using namespace simulated_test;
using hal::Gate;
using hal::Record;

TEST_GROUP(Handset) { Home home; };

TEST(Handset, its_home_is_its_owners_alone) {
  home.open();
  struct stat seen;
  CHECK_EQUAL(0, ::stat(home.options.home.c_str(), &seen));
  CHECK_EQUAL(0700U, seen.st_mode & 0777U);
  for (const std::string& file : home.files()) {
    CHECK_EQUAL(0, ::stat((home.options.home + "/" + file).c_str(), &seen));
    CHECK_EQUAL(0600U, seen.st_mode & 0777U);
  }
}

TEST(Handset, a_home_that_cannot_be_made_says_so) {
  Options options;
  options.home = "/proc/nobody/may/write/here";
  bool told = false;
  try {
    Handset phone(options);
  } catch (const std::runtime_error& error) {
    told = std::string(error.what()).find("/proc/nobody") != std::string::npos;
  }
  CHECK(told);
}

TEST(Handset, is_one_phone_over_many_processes) {
  {
    auto phone = home.open();
    CHECK(phone->records().put(Record::kIdentity, bytes_of("id")).ok());
    CHECK(phone->keys().create(1).ok());
    CHECK(phone->keys().put_secret(1, bytes_of("password")).ok());
    CHECK(phone->gates()->set(Gate::kCamera, 0).ok());
    CHECK(phone->lock()->after_idle_s(300).ok());
    CHECK_EQUAL(0U, phone->now().mono_ms);
    home.mono_ms += 5000;
  }
  auto phone = home.open();
  std::byte room[64];
  CHECK_EQUAL(2U, phone->records().get(Record::kIdentity, room).value());
  CHECK_EQUAL(8U, phone->keys().get_secret(1, room).value());
  CHECK_EQUAL(0, phone->gates()->level(Gate::kCamera).value());
  CHECK_EQUAL(300U, phone->lock()->idle_limit_s().value());
  CHECK_EQUAL(5000U, phone->now().mono_ms);
  CHECK_EQUAL(1U, phone->now().boot);
  CHECK(phone->check().ok());
}

TEST(Handset, only_a_reboot_restarts_it) {
  auto phone = home.open();
  home.mono_ms += 7000;
  phone->reboot();
  CHECK_EQUAL(2U, phone->now().boot);
  CHECK_EQUAL(0U, phone->now().mono_ms);
  CHECK(!phone->lock()->locked());  // no PIN
  CHECK(phone->records().put(Record::kPin, bytes_of("pin")).ok());
  phone->reboot();
  CHECK(phone->lock()->locked());
  home.mono_ms += 1000;
  phone = home.open();
  CHECK(phone->lock()->locked());
  CHECK_EQUAL(3U, phone->now().boot);
  CHECK_EQUAL(1000U, phone->now().mono_ms);
}

TEST(Handset, goes_on_when_the_machine_under_it_was_restarted) {
  auto phone = home.open();
  home.mono_ms += 60'000;
  phone->touched();
  home.mono_ms = 10;  // the machine's own clock begins anew
  phone = home.open();
  CHECK_EQUAL(60'000U, phone->now().mono_ms);
  CHECK_EQUAL(1U, phone->now().boot);
  home.mono_ms += 5;
  CHECK_EQUAL(60'005U, phone->now().mono_ms);
}

TEST(Handset, its_clocks_can_be_set) {
  auto phone = home.open();
  const Instant before = phone->now();
  phone->advance(90'000);
  phone->shift_wall(-1'000'000);
  phone = home.open();
  CHECK_EQUAL(before.mono_ms + 90'000, phone->now().mono_ms);
  CHECK(phone->now().wall_ms == before.wall_ms + 90'000 - 1'000'000);
  CHECK(phone->now().wall_trusted);
}

TEST(Handset, locks_after_idle_time_in_any_process_when_a_pin_is_set) {
  auto phone = home.open();
  CHECK(phone->lock()->after_idle_s(60).ok());
  home.mono_ms += 100'000;
  CHECK(!phone->lock()->locked());  // nothing to unlock it with
  CHECK(phone->records().put(Record::kPin, bytes_of("pin")).ok());
  phone->touched();
  CHECK(phone->lock()->locked());  // the time had run out: this touch unlocks nothing
  CHECK(phone->lock()->release().ok());
  home.mono_ms += 59'000;
  CHECK(!phone->lock()->locked());
  phone->touched();
  home.mono_ms += 59'000;
  phone = home.open();
  CHECK(!phone->lock()->locked());
  home.mono_ms += 1000;
  CHECK(phone->lock()->locked());
}

TEST(Handset, the_shorter_of_the_users_and_the_policys_idle_time_counts) {
  home.options.user_idle_s = 30;
  auto phone = home.open();
  CHECK_EQUAL(30U, phone->lock()->idle_limit_s().value());
  CHECK(phone->lock()->after_idle_s(900).ok());
  CHECK_EQUAL(30U, phone->lock()->idle_limit_s().value());
  CHECK(phone->lock()->after_idle_s(10).ok());
  CHECK_EQUAL(10U, phone->lock()->idle_limit_s().value());
}

TEST(Handset, capabilities_can_be_missing_and_can_lie) {
  home.options.has_gates = home.options.has_lock = home.options.has_storage = false;
  auto phone = home.open();
  CHECK(phone->gates() == nullptr);
  CHECK(phone->lock() == nullptr);
  CHECK(phone->storage() == nullptr);
  home.options.has_gates = home.options.has_lock = true;
  home.options.gate_manner = home.options.lock_manner = Manner::kIgnores;
  phone = home.open();
  CHECK(phone->gates()->set(Gate::kWifi, 0).ok());
  CHECK_EQUAL(2, phone->gates()->level(Gate::kWifi).value());
  CHECK(phone->lock()->after_idle_s(10).ok());
  CHECK_EQUAL(0U, phone->lock()->idle_limit_s().value());
  home.options.gate_manner = Manner::kFails;
  phone = home.open();
  CHECK(!phone->gates()->set(Gate::kWifi, 0).ok());
}

TEST(Handset, erases_one_account_and_no_other_that_begins_alike) {
  auto phone = home.open();
  for (const char* name : {"account-1.db", "account-1.db-wal", "account-1.db-shm", "account-11.db", "account-2.db"})
    home.write(std::string("replica/") + name, "mail");
  Patience patience;
  CHECK(phone->erase().files(1, patience).ok());
  const auto left = home.files();
  const auto has = [&](const char* name) {
    return std::find(left.begin(), left.end(), std::string("replica/") + name) != left.end();
  };
  CHECK(!has("account-1.db"));
  CHECK(!has("account-1.db-wal"));
  CHECK(!has("account-1.db-shm"));
  CHECK(has("account-11.db"));
  CHECK(has("account-2.db"));
}

TEST(Handset, traces_outside_go_with_a_wipe_also_in_a_later_process) {
  const std::string trace = home.path + "/trace.xml";
  home.open()->add_trace(trace);
  home.open()->add_trace(trace);
  std::ofstream(trace) << "mail";
  Patience patience;
  auto phone = home.open();
  CHECK(phone->erase().files(hal::kEverySlot, patience).ok());
  CHECK(!std::filesystem::exists(trace));
  CHECK(!home.holds("trace.xml"));
}

TEST(Handset, factory_reset_leaves_the_marker_and_what_the_host_keeps) {
  home.options.keep = {"lock"};
  auto phone = home.open();
  home.write("lock", "1234");
  home.write("settings/someone@example.org", "x");
  home.write("replica/account-1.db", "mail");
  CHECK(phone->records().put(Record::kWipe, bytes_of("marker")).ok());
  CHECK(phone->records().put(Record::kIdentity, bytes_of("identity-of-this-phone")).ok());
  CHECK(phone->gates()->set(Gate::kCamera, 0).ok());
  Patience patience;
  CHECK(phone->erase().factory_reset(patience).ok());
  CHECK(!home.holds("identity-of-this-phone"));
  CHECK(!home.holds("mail"));
  CHECK(!std::filesystem::exists(home.options.home + "/settings"));
  CHECK(std::filesystem::exists(home.options.home + "/lock"));
  CHECK_EQUAL(2, phone->gates()->level(Gate::kCamera).value());
  std::byte room[16];
  CHECK_EQUAL(6U, phone->records().get(Record::kWipe, room).value());
  phone = home.open();
  CHECK_EQUAL(6U, phone->records().get(Record::kWipe, room).value());
}

TEST(Handset, the_wipe_marker_fits_on_a_full_disk) {
  auto phone = home.open();
  CHECK(phone->records().put(Record::kPolicy, bytes_of("policy")).ok());
  phone.reset();
  const std::string reserve = home.options.home + "/device/reserve";
  CHECK(std::filesystem::exists(reserve));
  home.options.fail = [&](std::string_view operation, std::string_view) {
    return operation == "write" && std::filesystem::exists(reserve) ? ENOSPC : 0;
  };
  phone = home.open();
  const Status refused = phone->records().put(Record::kPolicy, bytes_of("other"));
  CHECK(refused.error() == (Error{Domain::kHal, ENOSPC, 0}));
  std::byte room[16];
  CHECK_EQUAL(6U, phone->records().get(Record::kPolicy, room).value());
  CHECK(phone->records().put(Record::kWipe, bytes_of("marker")).ok());
  CHECK_EQUAL(6U, phone->records().get(Record::kWipe, room).value());
}

TEST(Handset, a_failing_disk_is_an_answer_and_the_old_record_stays) {
  auto phone = home.open();
  CHECK(phone->records().put(Record::kPolicy, bytes_of("policy")).ok());
  for (const char* failing : {"write", "sync", "rename"}) {
    home.options.fail = [=](std::string_view operation, std::string_view) { return operation == failing ? EIO : 0; };
    phone = home.open();
    CHECK(phone->records().put(Record::kPolicy, bytes_of("other")).error() == (Error{Domain::kHal, EIO, 0}));
    std::byte room[16];
    CHECK_EQUAL(6U, phone->records().get(Record::kPolicy, room).value());
  }
}

TEST(Handset, damage_is_seen) {
  auto phone = home.open();
  CHECK(phone->records().put(Record::kPolicy, bytes_of("policy")).ok());
  const std::string file = home.options.home + "/device/records/policy";
  std::string bytes = Home::read(file);
  bytes.back() = 'X';
  home.write("device/records/policy", bytes);
  std::byte room[16];
  CHECK(phone->records().get(Record::kPolicy, room).error() == hal::fault(hal::Fault::kDamaged));
  CHECK(!phone->check().ok());
}
