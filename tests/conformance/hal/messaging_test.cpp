// Text messages, tested as far as the port says that it has them, and can play the network.
#include <array>
#include <string>

#include "conformance/hal/device_under_test.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;

namespace {

hal::Messaging* messaging() { return device_under_test().messaging(); }

struct Told {
  bool there = false;
  std::uint64_t id = 0;
  std::string number, text;
};
Told oldest(hal::Device& device) {
  std::array<std::byte, hal::kTextBytesMax> room{};
  hal::TextRecord record;
  const auto got = device.messaging()->oldest(record, room);
  CHECK(got.ok());
  if (!got.ok() || !got.value()) return {};
  return {true, record.id, std::string(record.number.view()), std::string(text_of(Bytes(room).first(record.bytes)))};
}
Told oldest() { return oldest(device_under_test()); }
void drain() {
  for (Told told = oldest(); told.there; told = oldest()) CHECK(messaging()->done(told.id).ok());
}
bool send(hal::Device& device, Text number, Text text) {
  const Text numbers[] = {number};
  return device.messaging()->send(numbers, text).ok();
}
bool plays_the_network() {
  if (messaging() == nullptr) return false;
  drain();
  const bool plays = text_arrives_at_device_under_test("+491", "are you there?");
  drain();
  return plays;
}

}  // namespace

TEST_GROUP(Messaging){};

TEST(Messaging, what_has_arrived_is_told_in_order_until_it_is_done) {
  if (!plays_the_network()) return;
  CHECK(text_arrives_at_device_under_test("+4917", "one"));
  CHECK(text_arrives_at_device_under_test("Bank", "two \xC3\xA4"));
  const Told first = oldest(), again = oldest();
  CHECK_EQUAL(std::string("one"), first.text);
  CHECK_EQUAL(std::string("+4917"), first.number);
  CHECK(first.id == again.id && first.id != 0);
  restart_device_under_test();
  CHECK(oldest().id == first.id);
  CHECK(messaging()->done(first.id).ok());
  CHECK(messaging()->done(first.id).ok());
  const Told second = oldest();
  CHECK_EQUAL(std::string("two \xC3\xA4"), second.text);
  CHECK_EQUAL(std::string("Bank"), second.number);
  CHECK(second.id > first.id);
  CHECK(messaging()->done(second.id).ok());
  CHECK(!oldest().there);
  restart_device_under_test();
  CHECK(!oldest().there);
  // The engine knows a text by its id: it is never used again, also when nothing waits any more.
  CHECK(text_arrives_at_device_under_test("+4917", "three"));
  CHECK(oldest().id > second.id);
  drain();
}

TEST(Messaging, a_text_is_told_or_done_after_a_power_cut_at_any_operation) {
  if (!plays_the_network()) return;
  for (const bool after : {false, true}) {
    for (unsigned n = 1; n < 100; ++n) {
      drain();
      CHECK(text_arrives_at_device_under_test("+4917", "keep me"));
      const Told before = oldest();
      static bool reported;
      reported = false;
      const bool cut = cut_power_at(n, after, [](hal::Device& device) {
        const Told told = oldest(device);
        reported = device.messaging()->done(told.id).ok();
      });
      const Told now = oldest();
      CHECK(!now.there || (now.id == before.id && now.text == before.text));
      if (reported) CHECK(!now.there);
      if (!cut) break;
    }
  }
  drain();
}

TEST(Messaging, a_long_text_is_cut_at_a_character) {
  if (!plays_the_network()) return;
  std::string text;
  while (text.size() <= hal::kTextBytesMax) text += "\xE6\x97\xA5";
  CHECK(text_arrives_at_device_under_test("+4917", text));
  const Told told = oldest();
  CHECK(told.text.size() <= hal::kTextBytesMax && told.text.size() + 3 > hal::kTextBytesMax);
  CHECK_EQUAL(0U, told.text.size() % 3);
  drain();
}

TEST(Messaging, what_was_taken_leaves_once_whatever_the_power_does) {
  if (!plays_the_network() || texts_that_left_device_under_test("+49", "x") < 0) return;
  for (const bool after : {false, true}) {
    for (unsigned n = 1; n < 100; ++n) {
      static std::string text;
      text = "text " + std::to_string(n) + (after ? " after" : " before");
      static bool taken;
      taken = false;
      const bool cut = cut_power_at(n, after, [](hal::Device& device) { taken = send(device, "+4930", text); });
      const int left = texts_that_left_device_under_test("+4930", text);
      CHECK(left == 0 || left == 1);
      if (taken) CHECK_EQUAL(1, left);
      if (!cut) break;
    }
  }
}

TEST(Messaging, goes_to_all_numbers_or_to_none) {
  if (!plays_the_network() || texts_that_left_device_under_test("+49", "x") < 0) return;
  const std::string too_long(hal::kPhoneNumberBytesMax + 1, '1');
  const Text good[] = {"+491", "+492"}, bad[] = {"+493", too_long}, none[] = {"+494", ""};
  CHECK(messaging()->send(good, "to both").ok());
  CHECK_EQUAL(1, texts_that_left_device_under_test("+491", "to both"));
  CHECK_EQUAL(1, texts_that_left_device_under_test("+492", "to both"));
  CHECK(!messaging()->send(bad, "to none").ok());
  CHECK(!messaging()->send(none, "to none").ok());
  CHECK(!messaging()->send({}, "to none").ok());
  CHECK_EQUAL(0, texts_that_left_device_under_test("+493", "to none"));
  CHECK_EQUAL(0, texts_that_left_device_under_test("+494", "to none"));
  const std::string long_text(hal::kTextBytesMax + 1, 'l');
  CHECK(messaging()->send({good, 1}, long_text).error() == hal::fault(hal::Fault::kTooLarge));
}

TEST(Messaging, sends_nothing_while_its_gate_is_closed) {
  if (messaging() == nullptr || messaging()->can_gate() != hal::Force::kEnforced) return;
  hal::Gates* const gates = device_under_test().gates();
  CHECK(gates != nullptr);
  if (gates == nullptr) return;
  CHECK(gates->set(hal::Gate::kSms, 0).ok());
  CHECK(!send(device_under_test(), "+4930", "forbidden"));
  restart_device_under_test();
  CHECK(!send(device_under_test(), "+4930", "forbidden"));
  CHECK(texts_that_left_device_under_test("+4930", "forbidden") <= 0);
  CHECK(device_under_test().gates()->set(hal::Gate::kSms, 2).ok());
  if (texts_that_left_device_under_test("+4930", "forbidden") >= 0)
    CHECK(send(device_under_test(), "+4930", "allowed"));
}

TEST(Messaging, its_own_number_is_short_enough_to_be_told) {
  if (messaging() == nullptr) return;
  std::array<std::byte, hal::kPhoneNumberBytesMax> room{};
  const auto size = messaging()->own_number(room);
  CHECK(size.ok() && size.value() <= room.size());
}
