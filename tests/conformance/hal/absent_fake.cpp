// The port with nothing but files as the device under test. It restarts with its machine: here it only begins anew.
#include "absent/handset.h"
#include "conformance/hal/port_on_files.h"

namespace {

using Phone = conformance::PortOnFiles<handsync::hal::absent::Handset, handsync::hal::posix::CoreOptions>;

Phone& phone() {
  static Phone one;
  return one;
}

}  // namespace

handsync::hal::Device& device_under_test() { return *phone().handset; }

bool restart_device_under_test() {
  phone().restart();
  return false;
}

bool cut_power_at(unsigned n, bool after, void (*work)(handsync::hal::Device&)) {
  const bool cut = phone().cut_power_at(n, after, work);
  phone().restart();
  return cut;
}

handsync::Instant now_of_device_under_test() { return phone().handset->now(); }
bool text_arrives_at_device_under_test(handsync::Text, handsync::Text) { return false; }
int texts_that_left_device_under_test(handsync::Text, handsync::Text) { return -1; }
Promises promises_of_device_under_test() { return {}; }
