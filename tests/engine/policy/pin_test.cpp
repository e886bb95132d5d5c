// The PIN: its rules, its life over power cuts, and that no schedule of cuts and guesses buys one guess above the
// limit.
#include "policy/pin.h"

#include <cstdio>
#include <memory>
#include <string>

#include "fake_device.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::policy;
using fake::at_s;

namespace {

constexpr std::uint32_t kRounds = 100;

PinRules rules_of(std::uint8_t attempts) {
  PinRules rules;
  rules.required = true;
  rules.length_min = 4;
  rules.attempts_max = attempts;
  return rules;
}

Error verify(Pin& pin, hal::Device& device, Text text, const PinRules& rules, Instant now) {
  if (const Status begun = pin.begin_verify(device, bytes_of(text), rules, now); !begun.ok()) return begun.error();
  fake::Patience patience;
  pin.job().run(device, patience);
  return pin.finish(device, rules, now).error();
}

Error change(Pin& pin, hal::Device& device, Text before, Text next, const PinRules& rules, Instant now) {
  if (const Status begun = pin.begin_change(device, bytes_of(before), bytes_of(next), rules, now); !begun.ok())
    return begun.error();
  fake::Patience patience;
  pin.job().run(device, patience);
  return pin.finish(device, rules, now).error();
}

bool is(Error error, Fault code) {
  return error.domain == Domain::kPolicy && error.code == static_cast<std::int32_t>(code);
}

}  // namespace

TEST_GROUP(PinRules){};

TEST(PinRules, simple_ones_are_known) {
  for (const Text simple : {"1111", "1234", "4321", "abcd", "2580", "PassWord", "qwerty", "7", "9876543210"})
    CHECK(is_simple(bytes_of(simple)));
  for (const Text other : {"1357", "8264", "abce", "4391", "tr0ut"}) CHECK(!is_simple(bytes_of(other)));
}

TEST(PinRules, length_counts_characters_not_bytes) {
  CHECK_EQUAL(4, traits_of(bytes_of("äöüß")).length);
  CHECK_EQUAL(8, traits_of(bytes_of("äöüß")).groups);
}

TEST(PinRules, each_missing_thing_is_named) {
  PinRules rules = rules_of(0);
  CHECK(is(judge_new(bytes_of("123"), rules).error(), Fault::kPinTooShort));
  CHECK(is(judge_new(bytes_of(""), PinRules{}).error(), Fault::kPinTooShort));
  CHECK(is(judge_new(bytes_of(std::string(65, 'x')), rules).error(), Fault::kPinTooLong));
  CHECK(judge_new(bytes_of("1111"), rules).ok());
  rules.simple_allowed = false;
  CHECK(is(judge_new(bytes_of("1111"), rules).error(), Fault::kPinTooSimple));
  rules.alphanumeric = true;
  CHECK(is(judge_new(bytes_of("1357"), rules).error(), Fault::kPinNeedsLetters));
  CHECK(is(judge_new(bytes_of("acegx"), rules).error(), Fault::kPinNeedsLetters));
  CHECK(judge_new(bytes_of("ac13"), rules).ok());
  rules.groups_min = 3;
  CHECK(is(judge_new(bytes_of("ac13"), rules).error(), Fault::kPinNeedsGroups));
  CHECK(judge_new(bytes_of("aC13"), rules).ok());
  rules.groups_min = 4;
  CHECK(judge_new(bytes_of("aC1!"), rules).ok());
}

TEST(PinRules, come_from_the_merged_policy) {
  Document document;
  document.set(Setting::kMinDevicePasswordLength, 8);
  CHECK(!pin_rules(document).required);
  CHECK_EQUAL(0, pin_rules(document).length_min);
  document.set(Setting::kDevicePasswordEnabled, 1);
  document.set(Setting::kMinDevicePasswordComplexCharacters, 3);
  document.set(Setting::kMaxDevicePasswordFailedAttempts, 5);
  document.set(Setting::kDevicePasswordHistory, 1000);
  PinRules rules = pin_rules(document);
  CHECK_EQUAL(8, rules.length_min);
  CHECK_EQUAL(1, rules.groups_min);  // digits alone were allowed
  CHECK_EQUAL(5, rules.attempts_max);
  CHECK_EQUAL(kPinHistoryMax, rules.history);
  document.set(Setting::kAlphanumericDevicePasswordRequired, 1);
  CHECK_EQUAL(3, pin_rules(document).groups_min);
}

TEST(PinRules, throttle_is_gatekeepers) {
  CHECK_EQUAL(0U, throttle_s(0));
  CHECK_EQUAL(0U, throttle_s(4));
  CHECK_EQUAL(30U, throttle_s(5));
  CHECK_EQUAL(0U, throttle_s(6));
  CHECK_EQUAL(30U, throttle_s(10));
  CHECK_EQUAL(30U, throttle_s(29));
  CHECK_EQUAL(60U, throttle_s(40));
  CHECK_EQUAL(86400U, throttle_s(140));
  CHECK_EQUAL(86400U, throttle_s(1'000'000));
  for (std::uint32_t wrong = 11; wrong < 200; ++wrong) CHECK(throttle_s(wrong) <= throttle_s(wrong + 1));
}

TEST_GROUP(Pin) {
  fake::Device device;
  PinRules rules = rules_of(8);
  std::unique_ptr<Pin> pin = booted(at_s(0));
  std::unique_ptr<Pin> booted(Instant now) {
    auto fresh = std::make_unique<Pin>(kRounds);
    const Status loaded = fresh->load(device, now);
    static_cast<void>(loaded);
    return fresh;
  }
};

TEST(Pin, is_set_checked_and_changed) {
  CHECK(!pin->set());
  CHECK(is(verify(*pin, device, "4711", rules, at_s(1)), Fault::kPinNotSet));
  CHECK(!change(*pin, device, "", "4711", rules, at_s(1)));
  CHECK(pin->set());
  CHECK(pin->fits(rules, at_s(1)));
  CHECK(!verify(*pin, device, "4711", rules, at_s(2)));
  const Error wrong = verify(*pin, device, "4712", rules, at_s(3));
  CHECK(wrong == fault(Fault::kPinWrong, 7));
  CHECK_EQUAL(7, pin->tries_left(rules));
  CHECK(is(change(*pin, device, "0000", "8888", rules, at_s(4)), Fault::kPinWrong));
  CHECK_EQUAL(6, pin->tries_left(rules));
  CHECK(!change(*pin, device, "4711", "8264", rules, at_s(5)));
  CHECK_EQUAL(8, pin->tries_left(rules));
  CHECK(is(verify(*pin, device, "4711", rules, at_s(6)), Fault::kPinWrong));
  CHECK(!verify(*pin, device, "8264", rules, at_s(7)));
  pin = booted(at_s(8));
  CHECK(!verify(*pin, device, "8264", rules, at_s(9)));
}

TEST(Pin, is_taken_away_where_no_policy_wants_one) {
  CHECK(!change(*pin, device, "", "2580", rules, at_s(1)));
  CHECK(is(change(*pin, device, "2580", "", rules, at_s(1)), Fault::kPinTooShort));
  CHECK(pin->set());
  rules.required = false;
  CHECK(is(change(*pin, device, "2581", "", rules, at_s(1)), Fault::kPinWrong));
  CHECK(pin->set());
  CHECK(!change(*pin, device, "2580", "", rules, at_s(1)));
  CHECK(!pin->set());
  pin = booted(at_s(2));
  CHECK(!pin->set());
  CHECK(!pin->limit_reached(rules));
}

TEST(Pin, is_neither_in_the_records_nor_left_in_memory) {
  CHECK(!change(*pin, device, "", "zebra-7391", rules, at_s(1)));
  for (const auto& [record, value] : device.stored) CHECK(text_of(value).find("zebra") == Text::npos);
  const Bytes object(reinterpret_cast<const std::byte*>(pin.get()), sizeof(Pin));
  CHECK(text_of(object).find("zebra") == Text::npos);
  CHECK(is(verify(*pin, device, "zebra-0000", rules, at_s(2)), Fault::kPinWrong));
  CHECK(text_of(object).find("zebra") == Text::npos);
}

TEST(Pin, empty_and_too_short_tries_are_not_counted) {
  CHECK(!change(*pin, device, "", "4711", rules, at_s(1)));
  CHECK(is(verify(*pin, device, "", rules, at_s(2)), Fault::kPinTooShort));
  CHECK(is(verify(*pin, device, "47", rules, at_s(2)), Fault::kPinTooShort));
  CHECK_EQUAL(8, pin->tries_left(rules));
  PinRules stricter = rules;
  stricter.length_min = 6;  // the PIN in use is older than this rule: it must still open
  CHECK(pin->must_change(stricter, at_s(2)));
  CHECK(!verify(*pin, device, "4711", stricter, at_s(2)));
}

TEST(Pin, the_limit_ends_it) {
  CHECK(!change(*pin, device, "", "4711", rules, at_s(1)));
  std::uint64_t now_s = 2;
  for (int i = 1; i < 8; ++i) {
    CHECK(is(verify(*pin, device, "0000", rules, at_s(now_s)), Fault::kPinWrong));
    now_s += 60;
  }
  CHECK(pin->confirm_first(rules));
  CHECK(!pin->limit_reached(rules));
  CHECK(is(verify(*pin, device, "0000", rules, at_s(now_s)), Fault::kPinLimit));
  CHECK(pin->limit_reached(rules));
  CHECK(is(verify(*pin, device, "4711", rules, at_s(now_s + 60)), Fault::kPinLimit));
  pin = booted(at_s(0));
  CHECK(pin->limit_reached(rules));
}

TEST(Pin, a_throttled_try_is_refused_even_when_right_and_not_counted) {
  const PinRules no_limit = rules_of(0);
  CHECK(!change(*pin, device, "", "4711", no_limit, at_s(1)));
  for (int i = 0; i < 5; ++i) CHECK(is(verify(*pin, device, "0000", no_limit, at_s(10)), Fault::kPinWrong));
  CHECK_EQUAL(30U, pin->throttled_s(at_s(10)));
  CHECK(verify(*pin, device, "4711", no_limit, at_s(20)) == fault(Fault::kPinThrottled, 20));
  pin = booted(at_s(5));  // the clock went back: the wait begins anew
  CHECK_EQUAL(30U, pin->throttled_s(at_s(5)));
  pin = booted(at_s(1, 2));  // and with a new boot
  CHECK_EQUAL(30U, pin->throttled_s(at_s(1, 2)));
  CHECK_EQUAL(10U, pin->throttled_s(at_s(21, 2)));
  pin = booted(at_s(21, 2));  // another process of the same boot does not begin it again
  CHECK_EQUAL(10U, pin->throttled_s(at_s(21, 2)));
  CHECK(!verify(*pin, device, "4711", no_limit, at_s(32, 2)));
  CHECK_EQUAL(0U, pin->throttled_s(at_s(32, 2)));
}

TEST(Pin, a_try_that_cannot_be_counted_is_not_looked_at) {
  CHECK(!change(*pin, device, "", "4711", rules, at_s(1)));
  device.put_fails = true;
  device.stretches = 0;
  CHECK(is(verify(*pin, device, "4711", rules, at_s(2)), Fault::kPinCheckFailed));
  CHECK_EQUAL(0U, device.stretches);
}

TEST(Pin, records_that_were_changed_or_taken_away_count_as_the_limit) {
  CHECK(!change(*pin, device, "", "4711", rules, at_s(1)));
  for (const auto record : {hal::Record::kPin, hal::Record::kAttempts}) {
    const auto whole = device.stored[record];
    for (std::size_t at = 0; at < whole.size(); ++at) {
      device.stored[record] = whole;
      device.stored[record][at] ^= std::byte{0x10};
      pin = booted(at_s(2));
      CHECK(pin->limit_reached(rules));
      CHECK(is(verify(*pin, device, "4711", rules, at_s(2)), Fault::kPinLimit));
    }
    device.stored[record] = whole;
  }
  device.stored.erase(hal::Record::kAttempts);
  pin = booted(at_s(2));
  CHECK(pin->limit_reached(rules));
  device.stored[hal::Record::kAttempts] = device.stored[hal::Record::kPin];  // another record of ours is not this one
  pin = booted(at_s(2));
  CHECK(pin->limit_reached(rules));
}

TEST(Pin, former_ones_are_refused_as_far_as_the_history_goes) {
  rules.history = 3;
  CHECK(!change(*pin, device, "", "1000", rules, at_s(1)));
  CHECK(is(change(*pin, device, "1000", "1000", rules, at_s(2)), Fault::kPinUsedBefore));
  CHECK_EQUAL(8, pin->tries_left(rules));  // the old one was right
  const char* const next[] = {"1001", "1002", "1003", "1004"};
  Text current = "1000";
  for (const Text fresh : next) {
    CHECK(!change(*pin, device, current, fresh, rules, at_s(3)));
    current = fresh;
  }
  pin = booted(at_s(4));
  for (const Text former : {"1001", "1002", "1003", "1004"})
    CHECK(is(change(*pin, device, current, former, rules, at_s(5)), Fault::kPinUsedBefore));
  device.stretches = 0;
  CHECK(!change(*pin, device, current, "1000", rules, at_s(6)));
  CHECK_EQUAL(3U, device.stretches);  // old, new, history: however long the history is
}

TEST(Pin, fifty_former_ones_fit_into_the_record) {
  rules.history = kPinHistoryMax;
  std::string current = "90000";
  CHECK(!change(*pin, device, "", current, rules, at_s(1)));
  for (int i = 1; i <= kPinHistoryMax + 3; ++i) {
    const std::string fresh = std::to_string(90000 + i);
    CHECK(!change(*pin, device, current, fresh, rules, at_s(1)));
    current = fresh;
  }
  CHECK(device.stored[hal::Record::kPin].size() <= 4096);
  pin = booted(at_s(2));
  CHECK(is(change(*pin, device, current, std::to_string(90000 + 3), rules, at_s(3)), Fault::kPinUsedBefore));
  CHECK(!change(*pin, device, current, std::to_string(90000 + 2), rules, at_s(3)));
}

TEST(Pin, expires_and_a_clock_turned_back_does_not_help) {
  rules.expiration_days = 30;
  constexpr std::uint64_t kDay_s = 86400;
  CHECK(!change(*pin, device, "", "4711", rules, at_s(0)));
  CHECK(!pin->must_change(rules, at_s(29 * kDay_s)));
  CHECK(pin->must_change(rules, at_s(30 * kDay_s)));
  Instant turned_back = at_s(31 * kDay_s);
  turned_back.wall_ms = at_s(0).wall_ms - 1000;
  CHECK(pin->must_change(rules, turned_back));
  // Uptime of several boots adds up, as far as the PIN was used in them.
  Instant untrusted = at_s(20 * kDay_s);
  untrusted.wall_trusted = false;
  CHECK(!verify(*pin, device, "4711", rules, untrusted));
  Instant later{11 * kDay_s * 1000, 0, 2, false};
  pin = booted(later);
  CHECK(pin->must_change(rules, later));
}

TEST(Pin, giving_up_is_a_counted_try) {
  struct Impatience final : hal::Progress {
    bool step() override { return false; }
  } impatience;
  CHECK(!change(*pin, device, "", "4711", rules, at_s(1)));
  CHECK(pin->begin_verify(device, bytes_of("4711"), rules, at_s(2)).ok());
  CHECK(pin->busy());
  CHECK(is(pin->begin_verify(device, bytes_of("4711"), rules, at_s(2)).error(), Fault::kPinBusy));
  pin->job().run(device, impatience);
  CHECK(is(pin->finish(device, rules, at_s(2)).error(), Fault::kPinCheckFailed));
  CHECK_EQUAL(7, pin->tries_left(rules));
}

TEST(Pin, power_cut_at_every_operation_of_a_change_leaves_one_of_the_two) {
  unsigned cuts = 0;
  for (const bool first : {true, false}) {
    for (const bool after : {false, true}) {
      for (unsigned n = 1;; ++n) {
        fake::Device phone;
        Pin before(kRounds);
        CHECK(before.load(phone, at_s(0)).ok());
        if (!first) CHECK(!change(before, phone, "", "4711", rules, at_s(1)));
        phone.cut_at(n, after);
        const bool done = !change(before, phone, "4711", "8264", rules, at_s(2));
        const bool cut = phone.was_cut();
        phone.reboot();
        Pin now(kRounds);
        CHECK(now.load(phone, at_s(3)).ok());
        const bool old_opens = !verify(now, phone, "4711", rules, at_s(4));
        const bool new_opens = !verify(now, phone, "8264", rules, at_s(5));
        if (first && !now.set()) {
          CHECK(!done);
        } else {
          CHECK(old_opens != new_opens);
        }
        if (done) CHECK(new_opens);
        if (!cut) break;
        ++cuts;
        CHECK(n < 50);
      }
    }
  }
  CHECK(cuts >= 8);
}

TEST(Pin, power_cut_at_every_operation_of_a_check_never_lowers_the_count) {
  for (const bool after : {false, true}) {
    for (unsigned n = 1;; ++n) {
      fake::Device phone;
      Pin before(kRounds);
      CHECK(before.load(phone, at_s(0)).ok());
      CHECK(!change(before, phone, "", "4711", rules, at_s(1)));
      CHECK(is(verify(before, phone, "0000", rules, at_s(2)), Fault::kPinWrong));
      phone.cut_at(n, after);
      phone.stretches = 0;
      CHECK(static_cast<bool>(verify(before, phone, "1111", rules, at_s(3))));
      const bool looked_at = phone.stretches != 0, cut = phone.was_cut();
      phone.reboot();
      Pin now(kRounds);
      CHECK(now.load(phone, at_s(4)).ok());
      if (looked_at) CHECK_EQUAL(6, now.tries_left(rules));
      CHECK(now.tries_left(rules) <= 7);
      if (!cut) break;
      CHECK(n < 50);
    }
  }
}

TEST(Pin, ten_thousand_schedules_of_cuts_and_guesses_never_buy_one_above_the_limit) {
  std::uint32_t seed = 20'240'117;
  const auto random = [&](std::uint32_t below) {
    seed = seed * 1'664'525 + 1'013'904'223;
    return (seed >> 8) % below;
  };
  unsigned most = 0, cuts = 0;
  for (int schedule = 0; schedule < 10'000; ++schedule) {
    const auto limit = static_cast<std::uint8_t>(4 + random(5));
    const PinRules limited = rules_of(limit);
    fake::Device phone;
    auto guessed = std::make_unique<Pin>(kRounds);
    CHECK(guessed->load(phone, at_s(0)).ok());
    CHECK(!change(*guessed, phone, "", "4711", limited, at_s(0)));
    phone.stretches = 0;
    std::uint64_t now_s = 1;
    std::uint32_t boot = 1;
    unsigned idle = 0;
    while (!guessed->limit_reached(limited) && idle < 60) {
      if (random(3) == 0) phone.cut_at(1 + random(3), random(2) == 0);
      const bool changing = random(6) == 0;
      const unsigned before = phone.stretches;
      if (changing) {
        const Error refused = change(*guessed, phone, "0000", "8264", limited, at_s(now_s, boot));
        CHECK(static_cast<bool>(refused));
        phone.stretches = before + (phone.stretches != before ? 1 : 0);  // one try, two more stretches for the new PIN
      } else {
        CHECK(static_cast<bool>(verify(*guessed, phone, "0000", limited, at_s(now_s, boot))));
      }
      idle = phone.stretches == before ? idle + 1 : 0;
      now_s += random(40);
      if (!phone.was_cut() && random(8) != 0) continue;
      cuts += phone.was_cut() ? 1 : 0;
      phone.reboot();
      guessed = std::make_unique<Pin>(kRounds);
      if (random(2) == 0) {
        ++boot;
        now_s = 0;
      }
      CHECK(guessed->load(phone, at_s(now_s, boot)).ok());
    }
    CHECK(phone.stretches <= limit);
    most = std::max(most, phone.stretches);
    CHECK(is(verify(*guessed, phone, "4711", limited, at_s(now_s + 1'000'000, boot)), Fault::kPinLimit) || idle >= 60);
  }
  std::printf("\n10000 schedules, %u cuts, at most %u guesses\n", cuts, most);
}

namespace {

Error recover(Pin& pin, hal::Device& device, Text recovery, Text next, const PinRules& rules, Instant now) {
  if (const Status begun = pin.begin_recover(device, bytes_of(recovery), bytes_of(next), rules, now); !begun.ok())
    return begun.error();
  fake::Patience patience;
  pin.job().run(device, patience);
  return pin.finish(device, rules, now).error();
}
std::string issue(Pin& pin, hal::Device& device) {
  char password[kRecoveryBytes];
  CHECK(pin.issue_recovery(device, AccountId{2}, password).ok());
  return std::string(password, sizeof password);
}

}  // namespace

TEST_GROUP(Recovery) {
  fake::Device device;
  std::unique_ptr<Pin> pin = booted();
  std::unique_ptr<Pin> booted() {
    auto fresh = std::make_unique<Pin>(kRounds);
    CHECK(fresh->load(device, at_s(0)).ok());
    return fresh;
  }
};

TEST(Recovery, opens_once_and_sets_the_new_pin) {
  const PinRules rules = rules_of(8);
  CHECK(is(recover(*pin, device, "x", "8264", rules, at_s(1)), Fault::kPinNotSet));
  CHECK(!change(*pin, device, "", "4711", rules, at_s(1)));
  CHECK(is(recover(*pin, device, "x", "8264", rules, at_s(1)), Fault::kNoRecovery));
  const std::string password = issue(*pin, device);
  CHECK_EQUAL(kRecoveryBytes, password.size());
  CHECK(!pin->recovery_delivered());
  CHECK(pin->recovery_is_delivered(device).ok());
  pin = booted();
  CHECK(pin->recovery_account() == AccountId{2});
  CHECK(pin->recovery_delivered());
  CHECK(!change(*pin, device, "4711", "1357", rules, at_s(2)));  // it outlives a change of the PIN
  pin = booted();
  CHECK(is(recover(*pin, device, password, "1", rules, at_s(3)), Fault::kPinTooShort));
  CHECK_EQUAL(8, pin->tries_left(rules));
  std::string typed = password;
  for (char& c : typed)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c == '-' ? ' ' : c == '0' ? 'o' : c;
  CHECK(!recover(*pin, device, typed, "8264", rules, at_s(4)));
  CHECK(!verify(*pin, device, "8264", rules, at_s(5)));
  CHECK(is(verify(*pin, device, "1357", rules, at_s(6)), Fault::kPinWrong));
  CHECK(is(recover(*pin, device, password, "9753", rules, at_s(7)), Fault::kNoRecovery));
  pin = booted();
  CHECK(is(recover(*pin, device, password, "9753", rules, at_s(7)), Fault::kNoRecovery));
}

TEST(Recovery, wrong_ones_are_counted_with_the_pins_and_end_at_the_limit) {
  const PinRules rules = rules_of(4);
  CHECK(!change(*pin, device, "", "4711", rules, at_s(1)));
  const std::string password = issue(*pin, device);
  CHECK(is(verify(*pin, device, "0000", rules, at_s(2)), Fault::kPinWrong));
  CHECK(is(recover(*pin, device, "AAAA", "8264", rules, at_s(3)), Fault::kPinWrong));
  CHECK(is(recover(*pin, device, password + "A", "8264", rules, at_s(4)), Fault::kPinWrong));
  CHECK_EQUAL(1, pin->tries_left(rules));
  pin = booted();
  CHECK(is(recover(*pin, device, "", "8264", rules, at_s(5)), Fault::kPinTooShort));
  CHECK(is(recover(*pin, device, "wrong", "8264", rules, at_s(6)), Fault::kPinLimit));
  CHECK(pin->limit_reached(rules));
  CHECK(is(recover(*pin, device, password, "8264", rules, at_s(100)), Fault::kPinLimit));
}

TEST(Recovery, the_last_try_may_be_the_right_one_and_a_used_pin_costs_nothing) {
  PinRules rules = rules_of(4);
  rules.history = 3;
  CHECK(!change(*pin, device, "", "4711", rules, at_s(1)));
  const std::string password = issue(*pin, device);
  for (int i = 0; i < 3; ++i) CHECK(is(verify(*pin, device, "0000", rules, at_s(2)), Fault::kPinWrong));
  CHECK(is(recover(*pin, device, password, "4711", rules, at_s(3)), Fault::kPinUsedBefore));
  CHECK_EQUAL(4, pin->tries_left(rules));
  CHECK(!recover(*pin, device, password, "8264", rules, at_s(4)));
}

TEST(Recovery, cut_anywhere_one_of_the_pins_opens_and_the_password_lasts_until_the_new_one_does) {
  const PinRules rules = rules_of(8);
  unsigned points = 0;
  for (const bool after : {false, true}) {
    for (unsigned n = 1;; ++n) {
      fake::Device phone;
      auto first = std::make_unique<Pin>(kRounds);
      CHECK(first->load(phone, at_s(0)).ok());
      CHECK(!change(*first, phone, "", "4711", rules, at_s(1)));
      const std::string password = issue(*first, phone);
      phone.cut_at(n, after);
      const bool told = !recover(*first, phone, password, "8264", rules, at_s(2));
      const bool cut = phone.was_cut();
      phone.reboot();
      auto second = std::make_unique<Pin>(kRounds);
      CHECK(second->load(phone, at_s(3)).ok());
      const bool fresh = !verify(*second, phone, "8264", rules, at_s(4));
      if (told) CHECK(fresh);
      CHECK(fresh != !verify(*second, phone, "4711", rules, at_s(5)));
      CHECK_EQUAL(fresh, second->recovery_account() == AccountId{});
      if (!fresh) CHECK(!recover(*second, phone, password, "8264", rules, at_s(6)));
      ++points;
      if (!cut) break;
    }
  }
  std::printf("\n%u cut points of a recovery\n", points);
}
