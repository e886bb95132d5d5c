// The policy layer on the simulated handset: real cryptography, real files, power cut at every durable operation.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "hal/cut_everywhere.h"
#include "hal/simulated/home.h"
#include "policy/enforcer.h"
#include "policy/pin.h"
#include "policy/wipe.h"

#include <CppUTest/TestHarness.h>

using namespace simulated_test;
using namespace handsync::policy;
using hal::Record;
using hal::simulated::PowerCut;

namespace {

constexpr std::uint32_t kRounds = 100;
constexpr Cut kCuts[] = {Cut::kBefore, Cut::kTorn, Cut::kAfter};

PinRules limited() {
  PinRules rules;
  rules.required = true;
  rules.length_min = 4;
  rules.attempts_max = 4;
  return rules;
}

Error verify(Handset& phone, Pin& pin, Text text) {
  if (const Status begun = pin.begin_verify(phone, bytes_of(text), limited(), phone.now()); !begun.ok())
    return begun.error();
  Patience patience;
  pin.job().run(phone, patience);
  return pin.finish(phone, limited(), phone.now()).error();
}
Error change(Handset& phone, Pin& pin, Text before, Text next) {
  if (const Status begun = pin.begin_change(phone, bytes_of(before), bytes_of(next), limited(), phone.now());
      !begun.ok())
    return begun.error();
  Patience patience;
  pin.job().run(phone, patience);
  return pin.finish(phone, limited(), phone.now()).error();
}
Pin loaded(Handset& phone) {
  Pin pin(kRounds);
  CHECK(pin.load(phone, phone.now()).ok());
  return pin;
}
void drive(Handset& phone, Wipe& wipe) {
  Patience patience;
  for (int i = 0; i < 50; ++i) {
    const Wipe::Next next = wipe.next();
    if (next == Wipe::Next::kAcknowledge) CHECK(wipe.acknowledged(phone).ok());
    if (next == Wipe::Next::kRun) {
      wipe.job().run(phone, patience);
      CHECK(wipe.ran(phone).ok());
    }
    if (next == Wipe::Next::kConclude) CHECK(wipe.conclude(phone).ok());
  }
}

unsigned cut_everywhere(const std::function<void(Home&)>& prepare, const std::function<void(Handset&)>& work,
                        const std::function<void(Home&, bool)>& judge) {
  return test::cut_everywhere<Home, Cut, PowerCut>(prepare, work, judge);
}

}  // namespace

TEST_GROUP(OnHandset){};

TEST(OnHandset, a_pin_change_that_was_cut_leaves_one_of_the_two) {
  const unsigned points = cut_everywhere(
      [](Home& home) {
        auto phone = home.open();
        Pin pin = loaded(*phone);
        CHECK(!change(*phone, pin, "", "4711"));
      },
      [](Handset& phone) {
        Pin pin = loaded(phone);
        CHECK(!change(phone, pin, "4711", "8264"));
      },
      [](Home& home, bool told) {
        auto phone = home.open();
        Pin pin = loaded(*phone);
        const bool old_opens = !verify(*phone, pin, "4711"), new_opens = !verify(*phone, pin, "8264");
        CHECK(old_opens != new_opens);
        if (told) CHECK(new_opens);
      });
  std::printf("\n%u cut points of a PIN change\n", points);
}

TEST(OnHandset, a_check_that_was_cut_is_counted) {
  cut_everywhere(
      [](Home& home) {
        auto phone = home.open();
        Pin pin = loaded(*phone);
        CHECK(!change(*phone, pin, "", "4711"));
      },
      [](Handset& phone) {
        Pin pin = loaded(phone);
        for (int i = 0; i < 3; ++i) CHECK(static_cast<bool>(verify(phone, pin, "0000")));
      },
      [](Home& home, bool told) {
        auto phone = home.open();
        Pin pin = loaded(*phone);
        if (told) CHECK_EQUAL(1, pin.tries_left(limited()));
        CHECK(pin.tries_left(limited()) >= 1);
        CHECK(!verify(*phone, pin, "4711"));
      });
}

TEST(OnHandset, a_change_of_policy_that_was_cut_leaves_the_old_or_the_stricter_one) {
  Document before, stricter;
  before.set(Setting::kAllowCamera, 0);
  stricter.set(Setting::kDevicePasswordEnabled, 1);
  stricter.set(Setting::kAllowCamera, 0);
  stricter.set(Setting::kAllowWiFi, 0);
  stricter.set(Setting::kMaxInactivityTimeDeviceLock, 300);
  const auto level = [](Handset& phone, hal::Gate gate) { return phone.gates()->level(gate).value(); };
  const unsigned points = cut_everywhere(
      [&](Home& home) {
        auto phone = home.open();
        Enforcer enforcer;
        CHECK(enforcer.load(*phone, Facts{}).ok());
        CHECK(enforcer.prepare(*phone, AccountId{1}, before).ok());
        CHECK(enforcer.settle(*phone, AccountId{1}).ok());
      },
      [&](Handset& phone) {
        Enforcer enforcer;
        CHECK(enforcer.load(phone, Facts{}).ok());
        CHECK(enforcer.prepare(phone, AccountId{1}, stricter).ok());
        CHECK(enforcer.settle(phone, AccountId{1}).ok());
        CHECK(enforcer.prepare(phone, AccountId{1}, Document{}).ok());  // and looser again
        CHECK(enforcer.settle(phone, AccountId{1}).ok());
      },
      [&](Home& home, bool told) {
        auto phone = home.open();
        Enforcer enforcer;
        CHECK(enforcer.load(*phone, Facts{}).ok());
        CHECK(!enforcer.damaged());
        const Document& now = enforcer.merged();
        CHECK(now == normalised(before) || now == normalised(stricter) || now.demands_nothing());
        if (told) CHECK(now.demands_nothing());
        CHECK_EQUAL(now.demands(Setting::kAllowCamera) ? 0 : 2, level(*phone, hal::Gate::kCamera));
        CHECK_EQUAL(now.demands(Setting::kAllowWiFi) ? 0 : 2, level(*phone, hal::Gate::kWifi));
        CHECK_EQUAL(now.demands(Setting::kAllowWiFi) ? 300U : 0U, phone->lock()->idle_limit_s().value());
      });
  std::printf("\n%u cut points of a change of policy\n", points);
}

namespace {

/// Guesses and power cuts at random until the limit is reached; how often a PIN was looked at.
struct Schedules {
  std::uint32_t seed, rounds;
  unsigned cuts = 0, most = 0;
  std::uint32_t random(std::uint32_t below) {
    seed = seed * 1'664'525 + 1'013'904'223;
    return (seed >> 8) % below;
  }
  void one() {
    Home home;
    std::uint64_t mono_ms = 1000;
    home.options.mono_ms = [&] { return mono_ms; };
    home.options.wall_ms = [&] { return std::int64_t{1'700'000'000'000} + static_cast<std::int64_t>(mono_ms); };
    unsigned left = 0;
    Cut kind = Cut::kNone;
    home.options.power = [&](std::string_view, std::string_view) {
      return left != 0 && --left == 0 ? kind : Cut::kNone;
    };
    auto phone = home.open();
    auto pin = std::make_unique<Pin>(rounds);
    CHECK(pin->load(*phone, phone->now()).ok());
    CHECK(!change(*phone, *pin, "", "4711"));
    unsigned looked_at = 0, turns = 0;
    while (!pin->limit_reached(limited()) && ++turns < 60) {
      mono_ms += random(40'000);
      kind = kCuts[random(3)];
      left = random(3) == 0 ? 1 + random(8) : 0;
      bool cut = false;
      try {
        Status begun = pin->begin_verify(*phone, bytes_of("0000"), limited(), phone->now());
        if (begun.ok()) {
          Patience patience;
          pin->job().run(*phone, patience);
          ++looked_at;
          CHECK(static_cast<bool>(pin->finish(*phone, limited(), phone->now()).error()));
        }
      } catch (const PowerCut&) {
        cut = true;
      }
      if (!cut && random(8) != 0) continue;
      cuts += cut ? 1 : 0;
      left = 0;
      phone.reset();
      phone = home.open();
      if (random(2) == 0) phone->reboot();
      pin = std::make_unique<Pin>(rounds);
      CHECK(pin->load(*phone, phone->now()).ok());
    }
    CHECK(looked_at <= limited().attempts_max);
    most = std::max(most, looked_at);
  }
};

}  // namespace

TEST(OnHandset, ten_thousand_schedules_at_a_hundred_rounds_and_twenty_at_the_full_cost_buy_no_guess) {
  const int many = std::getenv("HANDSYNC_LONG") != nullptr ? 10'000 : 1'000;  // 10,000 on a fake device: pin_test.cpp
  Schedules cheap{20'260'101, kRounds};
  for (int i = 0; i < many; ++i) cheap.one();
  Schedules full{7, kStretchRoundsMin};
  for (int i = 0; i < 20; ++i) full.one();
  std::printf("\n%d schedules at %u rounds, %u cuts, and 20 at %u, %u cuts; at most %u guesses of %u\n", many, kRounds,
              cheap.cuts, kStretchRoundsMin, full.cuts, std::max(cheap.most, full.most), limited().attempts_max);
}

TEST(OnHandset, a_wipe_that_was_cut_ends_wiped_with_nothing_left) {
  const std::string canary = "canary-7b1f9c44";
  const unsigned points = cut_everywhere(
      [&](Home& home) {
        auto phone = home.open();
        Enforcer enforcer;
        CHECK(enforcer.load(*phone, Facts{}).ok());
        CHECK(phone->keys().create(1).ok());
        CHECK(phone->keys().put_secret(1, bytes_of("password")).ok());
        CHECK(phone->records().put(hal::account_record(1), bytes_of(canary)).ok());
        home.write("replica/account-1.db", canary);
        phone->add_trace(home.path + "/trace");
        std::ofstream(home.path + "/trace") << canary;
      },
      [](Handset& phone) {
        Wipe wipe;
        CHECK(wipe.load(phone).ok());
        CHECK(wipe.arm(phone, WipeScope::kDevice, AccountId{1}, WipeOrigin::kServer, phone.now()).ok());
        drive(phone, wipe);
        CHECK(wipe.device_wiped());
      },
      [&](Home& home, bool told) {
        auto phone = home.open();
        const bool armed = Wipe::pending(phone->records());
        if (told) CHECK(armed);
        if (!armed) {
          CHECK(phone->keys().exists(1));
          return;
        }
        Wipe wipe;
        CHECK(wipe.load(*phone).ok());
        drive(*phone, wipe);
        CHECK(wipe.device_wiped());
        CHECK(!phone->keys().exists(0));
        CHECK(!phone->keys().exists(1));
        CHECK(!home.holds(canary));
        CHECK(!std::filesystem::exists(home.path + "/trace"));
        CHECK(Wipe::pending(phone->records()));
      });
  std::printf("\n%u cut points of a wipe\n", points);
}

TEST(OnHandset, a_local_wipe_on_a_full_disk_ends_wiped) {
  const std::string canary = "canary-7b1f9c44";
  Home home;
  {
    auto phone = home.open();
    Enforcer enforcer;
    CHECK(enforcer.load(*phone, Facts{}).ok());
    CHECK(phone->keys().create(1).ok());
    CHECK(phone->records().put(hal::account_record(1), bytes_of(canary)).ok());
    CHECK(phone->card()->insert().ok());
    CHECK(phone->card()->write("a", bytes_of(canary)).ok());
    home.write("replica/account-1.db", canary);
  }
  // What needs room finds none; what is overwritten in place needs none.
  unsigned refused = 0;
  home.options.fail = [&](std::string_view operation, std::string_view path) {
    const bool grows = operation == "write" && path.ends_with(".new");
    const bool freed = !std::filesystem::exists(home.options.home + "/replica/account-1.db");
    if (!grows || freed) return 0;
    ++refused;
    return ENOSPC;
  };
  auto phone = home.open();
  CHECK(!phone->records().put(Record::kPolicy, bytes_of("other")).ok());
  Wipe wipe;
  CHECK(wipe.load(*phone).ok());
  CHECK(wipe.arm(*phone, WipeScope::kDevice, AccountId{}, WipeOrigin::kUser, phone->now()).ok());
  drive(*phone, wipe);
  CHECK(wipe.device_wiped());
  CHECK(refused >= 1);
  CHECK(!phone->keys().exists(0));
  CHECK(!phone->keys().exists(1));
  CHECK(!home.holds(canary));
  CHECK(Wipe::pending(phone->records()));
  phone = home.open();
  CHECK(Wipe::pending(phone->records()));
  CHECK(!phone->keys().exists(1));
}

TEST(OnHandset, the_embedded_servers_own_policy_is_acknowledged_as_partly_kept) {
  Home home;
  auto phone = home.open();
  Enforcer enforcer;
  CHECK(enforcer.load(*phone, Facts{}).ok());
  Document document;
  document.set(Setting::kDevicePasswordEnabled, 1);
  document.set(Setting::kMinDevicePasswordLength, 4);
  document.set(Setting::kMaxInactivityTimeDeviceLock, 900);
  document.set(Setting::kMaxDevicePasswordFailedAttempts, 8);
  document.set(Setting::kRequireDeviceEncryption, 1);
  CHECK(enforcer.prepare(*phone, AccountId{1}, document).ok());
  CHECK_EQUAL(3, enforcer.acknowledgement(*phone, AccountId{1}));  // no PIN yet
  Pin pin = loaded(*phone);
  CHECK(!change(*phone, pin, "", "4711"));
  enforcer.refresh(*phone, Facts{pin.set(), pin.fits(pin_rules(enforcer.merged()), phone->now()), false});
  CHECK_EQUAL(2, enforcer.acknowledgement(*phone, AccountId{1}));
  CHECK(enforcer.first_unmet(AccountId{1}) == Setting::kRequireDeviceEncryption);
  CHECK_EQUAL(900U, phone->lock()->idle_limit_s().value());
  document.clear(Setting::kRequireDeviceEncryption);
  CHECK(enforcer.prepare(*phone, AccountId{1}, document).ok());
  CHECK_EQUAL(1, enforcer.acknowledgement(*phone, AccountId{1}));
}

TEST(OnHandset, a_gate_for_texts_that_the_modem_does_not_heed_is_not_claimed) {
  const auto state = [](hal::Force heeded) {
    Home home;
    home.options.text_force = heeded;
    const auto phone = home.open();
    Document document;
    document.set(Setting::kAllowTextMessaging, 0);
    return enforce(document, *phone, Facts{}, true).of(Setting::kAllowTextMessaging);
  };
  CHECK(state(hal::Force::kEnforced) == Enforcement::kEnforced);
  CHECK(state(hal::Force::kPartial) == Enforcement::kPartial);
  CHECK(state(hal::Force::kAbsent) == Enforcement::kAbsent);
}
