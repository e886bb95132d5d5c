// Text messages of the simulated phone beyond what every port promises: sealed at rest, gone with a factory reset.
#include "hal/simulated/home.h"

#include <CppUTest/TestHarness.h>

using namespace simulated_test;
using hal::Gate;

TEST_GROUP(Radio) { Home home; };

TEST(Radio, texts_are_unreadable_on_the_flash) {
  auto phone = home.open();
  const Text numbers[] = {"+49301234567"};
  CHECK(phone->texts()->arrive("+49170999", "a secret from outside", false).ok());
  CHECK(phone->messaging()->send(numbers, "a secret from here").ok());
  for (const char* word : {"secret", "+49170999", "+49301234567"}) CHECK(!home.holds(word));
}

TEST(Radio, a_factory_reset_leaves_none) {
  auto phone = home.open();
  CHECK(phone->texts()->arrive("+49170999", "hello", false).ok());
  Patience patience;
  CHECK(phone->erase().factory_reset(patience).ok());
  std::byte room[64];
  hal::TextRecord record;
  CHECK(!phone->messaging()->oldest(record, room).value());
  phone.reset();
  phone = home.open();
  CHECK(!phone->messaging()->oldest(record, room).value());
}

TEST(Radio, one_that_is_damaged_has_nothing_and_takes_new_ones) {
  {
    auto phone = home.open();
    for (int i = 0; i < 3; ++i) CHECK(phone->texts()->arrive("+49170999", "hello", false).ok());
  }
  home.write("device/texts", "garbage");
  auto phone = home.open();
  std::byte room[64];
  hal::TextRecord record;
  CHECK(!phone->messaging()->oldest(record, room).value());
  CHECK(phone->texts()->arrive("+49170999", "again", false).ok());
  CHECK(phone->messaging()->oldest(record, room).value());
  CHECK(record.id > 3);  // numbers are not given twice
}

TEST(Radio, a_closed_gate_keeps_texts_away_in_both_directions) {
  auto phone = home.open();
  CHECK(phone->texts()->arrive("+49170999", "before", false).ok());
  CHECK(phone->gates()->set(Gate::kSms, 0).ok());
  std::byte room[64];
  hal::TextRecord record;
  CHECK(!phone->messaging()->oldest(record, room).value());
  CHECK(!phone->texts()->arrive("+49170999", "during", false).ok());
  CHECK(phone->gates()->set(Gate::kSms, 2).ok());
  CHECK(phone->messaging()->oldest(record, room).value());
  CHECK_EQUAL(std::string("before"), std::string(text_of(Bytes(room, record.bytes))));
  CHECK(!record.sent);
}

TEST(Radio, a_phone_without_a_modem_has_neither_end) {
  home.options.has_messaging = false;
  auto phone = home.open();
  CHECK(phone->messaging() == nullptr);
  CHECK(phone->texts() == nullptr);
}
