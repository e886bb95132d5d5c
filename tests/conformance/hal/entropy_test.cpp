#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "conformance/hal/device_under_test.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;

TEST_GROUP(Entropy){};

TEST(Entropy, fills_everything_with_something_new_each_time) {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    std::array<std::byte, 32> room{};
    CHECK(device_under_test().entropy().fill(room).ok());
    CHECK(seen.insert(std::string(text_of(room))).second);
  }
}

TEST(Entropy, every_byte_takes_many_values) {
  std::array<std::byte, 4096> room{};
  CHECK(device_under_test().entropy().fill(room).ok());
  CHECK(std::set<std::byte>(room.begin(), room.end()).size() > 200);
  CHECK(std::count(room.begin(), room.end(), std::byte{0}) < 80);
  CHECK(device_under_test().entropy().fill({}).ok());
}

TEST(Entropy, does_not_begin_again_with_the_device) {
  std::array<std::byte, 32> before{}, after{};
  CHECK(device_under_test().entropy().fill(before).ok());
  restart_device_under_test();
  CHECK(device_under_test().entropy().fill(after).ok());
  CHECK(before != after);
}
