// The device layer in RAM as the device under test: it forgets everything with the power, so it cannot be restarted
// inside a program and says so; nothing durable means nothing to cut.
#include "ram/port.h"

#include "conformance/hal/device_under_test.h"

handsync::hal::Device& device_under_test() {
  static const std::byte seed[32] = {std::byte{7}, std::byte{1}};
  static handsync::hal::ram::Port port([] {
    handsync::hal::ram::Options options;
    options.seed = seed;
    return options;
  }());
  return port;
}

bool restart_device_under_test() { return false; }
bool cut_power_at(unsigned, bool, void (*work)(handsync::hal::Device&)) {
  work(device_under_test());
  return false;
}

handsync::Instant now_of_device_under_test() {
  static std::uint64_t ms = 1000;
  handsync::Instant now;
  now.mono_ms = ms += 10;
  now.wall_ms = 1'700'000'000'000 + static_cast<std::int64_t>(ms);
  now.boot = 1;
  now.wall_trusted = true;
  return now;
}
bool text_arrives_at_device_under_test(handsync::Text, handsync::Text) { return false; }
int texts_that_left_device_under_test(handsync::Text, handsync::Text) { return -1; }
Promises promises_of_device_under_test() { return {}; }
