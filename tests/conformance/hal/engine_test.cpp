// What the engine makes of the port: tries that are counted for good, an account's wipe, a policy, an identity, time
// and roots. With power cuts where the port can play them.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "conformance/hal/device_under_test.h"
#include "policy/compliance.h"
#include "policy/pin.h"
#include "policy/wipe.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using hal::Force;
using hal::Record;

namespace {

constexpr std::uint32_t kRounds = 100;

hal::Device& device() { return device_under_test(); }

policy::PinRules four_tries() {
  policy::PinRules rules;
  rules.required = true;
  rules.attempts_max = 4;
  return rules;
}
std::unique_ptr<policy::Pin> loaded(hal::Device& on) {
  auto pin = std::make_unique<policy::Pin>(kRounds);
  CHECK(pin->load(on, now_of_device_under_test()).ok());
  return pin;
}
Error finish(hal::Device& on, policy::Pin& pin, Status begun) {
  if (!begun.ok()) return begun.error();
  conformance::Patience patience;
  pin.job().run(on, patience);
  return pin.finish(on, four_tries(), now_of_device_under_test()).error();
}
Error guess(hal::Device& on, policy::Pin& pin, Text text) {
  return finish(on, pin, pin.begin_verify(on, bytes_of(text), four_tries(), now_of_device_under_test()));
}
Error choose(hal::Device& on, policy::Pin& pin, Text text) {
  return finish(on, pin, pin.begin_change(on, {}, bytes_of(text), four_tries(), now_of_device_under_test()));
}
void drive(hal::Device& on, policy::Wipe& wipe) {
  conformance::Patience patience;
  for (int i = 0; i < 40; ++i) {
    const policy::Wipe::Next next = wipe.next();
    if (next == policy::Wipe::Next::kAcknowledge) CHECK(wipe.acknowledged(on).ok());
    if (next == policy::Wipe::Next::kRun) {
      wipe.job().run(on, patience);
      CHECK(wipe.ran(on).ok());
    }
    if (next == policy::Wipe::Next::kConclude) CHECK(wipe.conclude(on).ok());
  }
}

}  // namespace

TEST_GROUP(Attempts){void teardown() override{conformance::Patience patience;
for (const Record record : {Record::kPin, Record::kAttempts}) CHECK(device().records().remove(record).ok());
CHECK(device().keys().destroy(0, patience).ok());
if (device().lock() != nullptr) CHECK(device().lock()->release().ok());
}
}
;

TEST(Attempts, are_counted_over_restarts_and_end_at_the_limit) {
  CHECK(!choose(device(), *loaded(device()), "4711"));
  for (unsigned left = 4; left-- > 0;) {
    auto pin = loaded(device());
    CHECK(static_cast<bool>(guess(device(), *pin, "0000")));
    restart_device_under_test();
    CHECK_EQUAL(left, loaded(device())->tries_left(four_tries()));
  }
  CHECK(loaded(device())->limit_reached(four_tries()));
  CHECK(static_cast<bool>(guess(device(), *loaded(device()), "4711")));
}

TEST(Attempts, a_guess_that_was_cut_anywhere_was_counted_before_it_was_looked_at) {
  for (const bool after : {false, true}) {
    for (unsigned n = 1; n < 100; ++n) {
      CHECK(!choose(device(), *loaded(device()), "4711"));
      static bool looked_at;
      looked_at = false;
      const bool cut = cut_power_at(n, after, [](hal::Device& on) {
        auto pin = loaded(on);
        if (!pin->begin_verify(on, bytes_of("0000"), four_tries(), now_of_device_under_test()).ok()) return;
        looked_at = true;
        conformance::Patience patience;
        pin->job().run(on, patience);
        CHECK(static_cast<bool>(pin->finish(on, four_tries(), now_of_device_under_test()).error()));
      });
      auto pin = loaded(device());
      if (looked_at) CHECK_EQUAL(3, pin->tries_left(four_tries()));
      CHECK(!guess(device(), *pin, "4711"));
      for (const Record record : {Record::kPin, Record::kAttempts}) CHECK(device().records().remove(record).ok());
      if (!cut) break;
    }
  }
}

TEST_GROUP(AccountWipe){void teardown() override{conformance::Patience patience;
for (const hal::KeySlot slot : {41, 42}) CHECK(device().keys().destroy(slot, patience).ok());
for (const Record record : {Record::kWipe, hal::account_record(41), hal::account_record(42)})
  CHECK(device().records().remove(record).ok());
}
}
;

TEST(AccountWipe, cut_anywhere_it_takes_that_account_and_no_other) {
  for (const bool after : {false, true}) {
    for (unsigned n = 1; n < 200; ++n) {
      for (const hal::KeySlot slot : {41, 42}) {
        if (!device().keys().exists(slot)) CHECK(device().keys().create(slot).ok());
        CHECK(device().keys().put_secret(slot, bytes_of("password")).ok());
        CHECK(device().records().put(hal::account_record(slot), bytes_of("account")).ok());
      }
      static bool armed;
      armed = false;
      const bool cut = cut_power_at(n, after, [](hal::Device& on) {
        policy::Wipe wipe;
        CHECK(wipe.load(on).ok());
        armed = wipe.arm(on, policy::WipeScope::kAccount, AccountId{41}, policy::WipeOrigin::kServer,
                         now_of_device_under_test())
                    .ok();
        drive(on, wipe);
      });
      policy::Wipe wipe;
      const bool pending = policy::Wipe::pending(device().records());
      CHECK(wipe.load(device()).ok());
      drive(device(), wipe);
      CHECK(!policy::Wipe::pending(device().records()));
      if (armed || pending) {
        CHECK(!device().keys().exists(41));
        std::byte room[64];
        CHECK_EQUAL(0U, device().records().get(hal::account_record(41), room).value());
      }
      std::byte room[64];
      CHECK(device().keys().exists(42));
      CHECK_EQUAL(8U, device().keys().get_secret(42, room).value());
      CHECK_EQUAL(7U, device().records().get(hal::account_record(42), room).value());
      if (!cut) break;
    }
  }
}

TEST_GROUP(Identity){void teardown() override{CHECK(device().records().remove(Record::kIdentity).ok());
}
}
;

TEST(Identity, lasts_until_the_factory_state) {
  CHECK(device().records().put(Record::kIdentity, bytes_of("0123456789ABCDEF")).ok());
  restart_device_under_test();
  std::byte room[64];
  CHECK_EQUAL(16U, device().records().get(Record::kIdentity, room).value());
  conformance::Patience patience;
  CHECK(device().erase().factory_reset(patience).ok());
  restart_device_under_test();
  CHECK_EQUAL(0U, device().records().get(Record::kIdentity, room).value());
}

TEST_GROUP(Clock){};

TEST(Clock, never_runs_backwards_within_a_boot_and_tells_boots_apart) {
  const Instant first = now_of_device_under_test(), second = now_of_device_under_test();
  CHECK_EQUAL(first.boot, second.boot);
  CHECK(second.mono_ms >= first.mono_ms);
  CHECK(first.wall_ms > 1'600'000'000'000);
  if (!restart_device_under_test()) return;
  CHECK(now_of_device_under_test().boot != first.boot);
}

TEST_GROUP(Trust){};

TEST(Trust, gives_its_roots_in_pieces_of_any_size) {
  hal::Trust* trust = device().trust();
  CHECK_EQUAL(promises_of_device_under_test().trust, trust != nullptr);
  if (trust == nullptr) return;
  const auto read = [&](std::size_t piece) {
    std::string all;
    std::vector<std::byte> room(piece);
    for (;;) {
      const auto got = trust->roots_pem(all.size(), room);
      CHECK(got.ok());
      if (!got.ok() || got.value() == 0) return all;
      all.append(text_of(Bytes(room).first(got.value())));
    }
  };
  const std::string whole = read(1 << 16);
  CHECK(whole.find("-----BEGIN CERTIFICATE-----") != std::string::npos);
  CHECK(whole == read(777));
}

TEST_GROUP(Promises){};

TEST(Promises, are_kept) {
  const Promises promised = promises_of_device_under_test();
  CHECK(!promised.lock || device().lock() != nullptr);
  if (!promised.radios) return;
  CHECK(device().gates() != nullptr);
  CHECK(device().gates()->force(hal::Gate::kWifi) == Force::kEnforced);
  CHECK(device().gates()->force(hal::Gate::kBluetooth) == Force::kEnforced);
}

// A policy that asks for nothing is kept by every device; one that asks for something only by one that does it.
TEST(Promises, a_policy_is_acknowledged_as_far_as_it_is_kept) {
  CHECK_EQUAL(1, policy::acknowledgement({}, policy::enforce({}, device(), {}, true)));
  unsigned count[4] = {};
  for (std::size_t i = 0; i < policy::kSettingCount; ++i) {
    const auto setting = static_cast<policy::Setting>(i);
    const policy::SettingRow& row = policy::row_of(setting);
    if (row.means == policy::Means::kEngine || row.kind == policy::Kind::kList) continue;
    policy::Document document;
    if (row.needs_password) document.set(policy::Setting::kDevicePasswordEnabled, 1);
    document.set(policy::Setting::kAlphanumericDevicePasswordRequired,
                 setting == policy::Setting::kMinDevicePasswordComplexCharacters ? 1 : 0);
    document.set(setting, row.stricter == policy::Stricter::kHigher         ? row.max < 4 ? row.max : 4
                          : row.stricter == policy::Stricter::kLowerButNone ? 5
                                                                            : 0);
    CHECK(document.demands(setting));
    const policy::Facts facts{true, true, false};
    const std::uint8_t status = policy::acknowledgement(document, policy::enforce(document, device(), facts, true));
    CHECK(status >= 1 && status <= 3);
    if (device().gates() == nullptr && device().lock() == nullptr && device().storage() == nullptr)
      CHECK_EQUAL(3, status);
    ++count[status];
  }
  policy::enforce({}, device(), {}, true);
  std::printf("\n%u settings acknowledged with 1, %u with 2, %u with 3\n", count[1], count[2], count[3]);
}
