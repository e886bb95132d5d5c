// The simulated phone: one phone over many processes, that ends where it says it ends.
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <thread>

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

TEST(Handset, the_wipe_marker_and_the_attempts_fit_on_a_full_disk_however_often) {
  for (const int full : {ENOSPC, EDQUOT}) {
    auto phone = home.open();
    CHECK(phone->records().put(Record::kPolicy, bytes_of("policy")).ok());
    phone.reset();
    // What needs a new block finds none, and nothing that is removed gives one back to whoever asked: others write too.
    home.options.fail = [&](std::string_view operation, std::string_view path) {
      return operation == "write" && path.ends_with(".new") ? full : 0;
    };
    phone = home.open();
    const Status refused = phone->records().put(Record::kPolicy, bytes_of("other"));
    CHECK(refused.error() == (Error{Domain::kHal, full, 0}));
    std::byte room[16];
    CHECK_EQUAL(6U, phone->records().get(Record::kPolicy, room).value());
    for (const Record record : {Record::kWipe, Record::kAttempts}) {
      for (const Text value : {Text("one"), Text("marker"), Text("three")}) {
        CHECK(phone->records().put(record, bytes_of(value)).ok());
        CHECK_EQUAL(value.size(), phone->records().get(record, room).value());
      }
      phone = home.open();
      CHECK_EQUAL(5U, phone->records().get(record, room).value());
      CHECK(phone->records().remove(record).ok());
      CHECK_EQUAL(0U, phone->records().get(record, room).value());
    }
    home.options.fail = nullptr;
  }
}

TEST(Handset, either_place_of_the_marker_may_die) {
  auto phone = home.open();
  CHECK(phone->records().put(Record::kWipe, bytes_of("first")).ok());
  CHECK(phone->records().put(Record::kWipe, bytes_of("marker")).ok());
  const std::string file = home.options.home + "/device/records/wipe";
  const std::string whole = Home::read(file);
  CHECK_EQUAL(2048U, whole.size());
  std::byte room[16];
  for (const std::size_t at : {std::size_t{0}, std::size_t{9}, std::size_t{22}, std::size_t{600}}) {
    for (const std::size_t place : {std::size_t{0}, std::size_t{1024}}) {
      std::string broken = whole;
      broken[place + at] = static_cast<char>(broken[place + at] ^ 1);
      home.write("device/records/wipe", broken);
      CHECK_EQUAL(6U, phone->records().get(Record::kWipe, room).value());
    }
    std::string broken = whole;
    for (const std::size_t place : {std::size_t{0}, std::size_t{1024}})
      broken[place + at] = static_cast<char>(broken[place + at] ^ 1);
    home.write("device/records/wipe", broken);
    CHECK(phone->records().get(Record::kWipe, room).error() == hal::fault(hal::Fault::kDamaged));
  }
  CHECK(phone->records().put(Record::kWipe, bytes_of("again!")).ok());
  CHECK_EQUAL(6U, phone->records().get(Record::kWipe, room).value());
}

TEST(Handset, one_file_that_stays_spares_no_other) {
  auto phone = home.open();
  for (const Record record : {Record::kIdentity, Record::kPolicy, Record::kPin, Record::kAttempts})
    CHECK(phone->records().put(record, bytes_of("something")).ok());
  const std::string fuse = Home::read(home.options.home + "/device/fuse");
  phone.reset();
  home.options.fail = [](std::string_view operation, std::string_view path) {
    return operation == "unlink" && path.ends_with("/records/identity") ? EACCES : 0;
  };
  phone = home.open();
  Patience patience;
  CHECK(phone->erase().factory_reset(patience).error() == (Error{Domain::kHal, EACCES, 0}));
  for (const char* gone : {"policy", "pin", "attempts"})
    CHECK(!std::filesystem::exists(home.options.home + "/device/records/" + gone));
  CHECK(Home::read(home.options.home + "/device/fuse") != fuse);
}

TEST(Handset, a_large_file_is_erased_without_holding_up_the_engine) {
  auto phone = home.open();
  home.write("replica/account-1.db", std::string(5 << 20, 'x'));
  struct Asking final : hal::Progress {
    explicit Asking(Handset& asked) : phone(asked) {}
    bool step() override {
      ++steps;
      std::byte room[16];  // whoever waits for the lock would wait for ever here
      std::thread other([&] { got = phone.records().get(Record::kPolicy, room).ok(); });
      other.join();
      return true;
    }
    Handset& phone;
    unsigned steps = 0;
    bool got = false;
  } asking(*phone);
  CHECK(phone->erase().files(1, asking).ok());
  CHECK(asking.got);
  CHECK(asking.steps >= 5);
  CHECK(!std::filesystem::exists(home.options.home + "/replica/account-1.db"));
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
