// The simulated handset as the device under test.
#include <algorithm>

#include "conformance/hal/port_on_files.h"
#include "simulated/handset.h"

namespace {

using Phone = conformance::PortOnFiles<handsync::hal::simulated::Handset, handsync::hal::simulated::Options>;

Phone& phone() {
  static Phone one;
  return one;
}

}  // namespace

handsync::hal::Device& device_under_test() { return *phone().handset; }

bool restart_device_under_test() {
  phone().restart();
  return phone().handset->reboot();
}

bool cut_power_at(unsigned n, bool after, void (*work)(handsync::hal::Device&)) {
  const bool cut = phone().cut_power_at(n, after, work);
  restart_device_under_test();
  return cut;
}

handsync::Instant now_of_device_under_test() { return phone().handset->now(); }
bool text_arrives_at_device_under_test(handsync::Text number, handsync::Text text) {
  return phone().handset->texts()->arrive(std::string(number), std::string(text), false).ok();
}
int texts_that_left_device_under_test(handsync::Text number, handsync::Text text) {
  const auto all = phone().handset->texts()->on_air();
  return static_cast<int>(
      std::count_if(all.begin(), all.end(), [&](const auto& one) { return one.number == number && one.text == text; }));
}
Promises promises_of_device_under_test() { return {false, true, true}; }
