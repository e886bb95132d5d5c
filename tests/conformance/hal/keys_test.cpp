#include <array>
#include <string>
#include <vector>

#include "conformance/hal/device_under_test.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using Digest = std::array<std::byte, 32>;

namespace {

hal::Keys& keys() { return device_under_test().keys(); }

Digest mac(hal::KeySlot slot, Text text) {
  Digest out{};
  CHECK(keys().mac(slot, bytes_of(text), out).ok());
  return out;
}

std::string secret(hal::KeySlot slot) {
  std::vector<std::byte> room(2048);
  const auto got = keys().get_secret(slot, room);
  if (!got.ok()) return "(error)";
  return std::string(text_of(Bytes(room).first(got.value())));
}

}  // namespace

TEST_GROUP(Keys){void teardown() override{conformance::Patience patience;
for (hal::KeySlot slot = 40; slot < 45; ++slot) CHECK(keys().destroy(slot, patience).ok());
}
}
;

TEST(Keys, are_made_once_and_destroyed_for_good) {
  conformance::Patience patience;
  CHECK(!keys().exists(40));
  CHECK(keys().create(40).ok());
  CHECK(keys().exists(40));
  CHECK(!keys().exists(41));
  CHECK(!keys().create(40).ok());
  const Digest first = mac(40, "text");
  CHECK(first == mac(40, "text"));
  CHECK(first != mac(40, "texu"));
  CHECK(keys().destroy(40, patience).ok());
  CHECK(keys().destroy(40, patience).ok());
  CHECK(!keys().exists(40));
  Digest out{};
  CHECK(!keys().mac(40, bytes_of("text"), out).ok());
  CHECK(keys().create(40).ok());
  CHECK(first != mac(40, "text"));
}

TEST(Keys, differ_between_slots_and_purposes) {
  CHECK(keys().create(40).ok());
  CHECK(keys().create(41).ok());
  CHECK(mac(40, "text") != mac(41, "text"));
  conformance::Patience patience;
  Digest stretched{}, key{};
  CHECK(keys().stretch(40, bytes_of("text"), {}, 1, stretched, patience).ok());
  CHECK(stretched != mac(40, "text"));
  CHECK(keys().unlock(40, key).ok());
  CHECK(key != mac(40, ""));
}

TEST(Keys, outlast_a_restart) {
  CHECK(keys().create(40).ok());
  CHECK(keys().put_secret(40, bytes_of("password")).ok());
  const Digest before = mac(40, "text");
  Digest key_before{}, key_after{};
  CHECK(keys().unlock(40, key_before).ok());
  restart_device_under_test();
  CHECK(keys().exists(40));
  CHECK(before == mac(40, "text"));
  CHECK(keys().unlock(40, key_after).ok());
  CHECK(key_before == key_after);
  CHECK_EQUAL(std::string("password"), secret(40));
}

TEST(Keys, stretching_depends_on_everything_and_can_be_given_up) {
  CHECK(keys().create(40).ok());
  CHECK(keys().create(41).ok());
  conformance::Patience patience;
  const auto stretch = [&](hal::KeySlot slot, Text in, Text salt, std::uint32_t rounds) {
    Digest out{};
    CHECK(keys().stretch(slot, bytes_of(in), bytes_of(salt), rounds, out, patience).ok());
    return out;
  };
  const Digest base = stretch(40, "1234", "salt", 1000);
  CHECK(base == stretch(40, "1234", "salt", 1000));
  CHECK(base != stretch(41, "1234", "salt", 1000));
  CHECK(base != stretch(40, "1235", "salt", 1000));
  CHECK(base != stretch(40, "1234", "sals", 1000));
  CHECK(base != stretch(40, "1234", "salt", 1001));
  struct Impatience final : hal::Progress {
    bool step() override { return false; }
  } impatience;
  Digest out{};
  CHECK(!keys().stretch(40, bytes_of("1234"), bytes_of("salt"), 2'000'000, out, impatience).ok());
  CHECK(!keys().stretch(44, bytes_of("1234"), bytes_of("salt"), 1, out, patience).ok());
}

TEST(Keys, stretching_tells_that_it_goes_on) {
  CHECK(keys().create(40).ok());
  conformance::Patience patience;
  Digest out{};
  CHECK(keys().stretch(40, bytes_of("1234"), bytes_of("salt"), 50'000, out, patience).ok());
  CHECK(patience.steps >= 2);
}

TEST(Keys, keep_one_secret_a_slot) {
  CHECK(!keys().put_secret(40, bytes_of("early")).ok());
  CHECK(keys().create(40).ok());
  CHECK_EQUAL(std::string(), secret(40));
  const std::string longest(2048, 's');
  CHECK(keys().put_secret(40, bytes_of(longest)).ok());
  CHECK_EQUAL(longest, secret(40));
  CHECK(!keys().put_secret(40, bytes_of(longest + "t")).ok());
  CHECK_EQUAL(longest, secret(40));
  CHECK(keys().put_secret(40, bytes_of("short")).ok());
  CHECK_EQUAL(std::string("short"), secret(40));
  std::byte small[4];
  CHECK(!keys().get_secret(40, small).ok());
}

TEST(Keys, a_secret_dies_with_its_key) {
  conformance::Patience patience;
  CHECK(keys().create(40).ok());
  CHECK(keys().put_secret(40, bytes_of("password")).ok());
  CHECK(keys().destroy(40, patience).ok());
  CHECK(secret(40) != "password");
  CHECK(keys().create(40).ok());
  CHECK_EQUAL(std::string(), secret(40));
}

TEST(Keys, are_whole_or_not_there_after_a_power_cut_while_made) {
  conformance::Patience patience;
  for (const bool after : {false, true}) {
    for (unsigned n = 1; n < 100; ++n) {
      static bool told;
      told = false;
      const bool cut = cut_power_at(n, after, [](hal::Device& device) { told = device.keys().create(42).ok(); });
      if (told) CHECK(keys().exists(42));
      Digest out{};
      CHECK_EQUAL(keys().exists(42), keys().mac(42, bytes_of("x"), out).ok());
      if (!keys().exists(42)) CHECK(keys().create(42).ok());
      CHECK(keys().destroy(42, patience).ok());
      if (!cut) break;
    }
  }
}

TEST(Keys, are_gone_or_can_still_be_destroyed_after_a_power_cut_while_destroyed) {
  conformance::Patience patience;
  for (const bool after : {false, true}) {
    for (unsigned n = 1; n < 100; ++n) {
      CHECK(keys().create(42).ok());
      CHECK(keys().put_secret(42, bytes_of("password")).ok());
      static bool told;
      told = false;
      const bool cut = cut_power_at(n, after, [](hal::Device& device) {
        conformance::Patience slow;
        told = device.keys().destroy(42, slow).ok();
      });
      if (told) CHECK(!keys().exists(42));
      const std::string left = secret(42);
      CHECK(keys().exists(42) ? left == "password" : left != "password");
      CHECK(keys().destroy(42, patience).ok());
      CHECK(!keys().exists(42));
      if (!cut) break;
    }
  }
}

TEST(Keys, a_secret_is_old_or_new_after_a_power_cut) {
  CHECK(keys().create(42).ok());
  for (const bool after : {false, true}) {
    for (unsigned n = 1; n < 100; ++n) {
      CHECK(keys().put_secret(42, bytes_of("old")).ok());
      static bool told;
      told = false;
      const bool cut = cut_power_at(
          n, after, [](hal::Device& device) { told = device.keys().put_secret(42, bytes_of("newer")).ok(); });
      const std::string now = secret(42);
      CHECK(now == "old" || now == "newer");
      if (told) CHECK(now == "newer");
      if (!cut) break;
    }
  }
}
