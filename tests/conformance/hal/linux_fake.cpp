// The Linux port as the device under test: its files are real, its radios, panel, camera and card are of a played
// machine.
#include "conformance/hal/port_on_files.h"
#include "hal/linux/machine.h"
#include "linux/handset.h"

namespace {

using Phone = conformance::PortOnFiles<handsync::hal::linux_port::Handset, handsync::hal::linux_port::Options>;

void furnish(Phone& phone) {
  auto machine = std::make_shared<linux_test::Machine>(phone.directory + "/root");
  machine->everything();
  std::string root = "-----BEGIN CERTIFICATE-----\n";
  for (int line = 0; line < 30; ++line) root += std::string(64, static_cast<char>('A' + line % 26)) + "\n";
  machine->put("/etc/ssl/certs/ca-certificates.crt", root + "-----END CERTIFICATE-----\n");
  phone.options.root = machine->root;
  phone.options.run = [machine](const std::vector<std::string>& command) { return machine->run(command); };
  phone.options.keyring_key.clear();
  phone.power_on = [machine] { machine->boot(); };
}

Phone& phone() {
  static Phone one(furnish);
  return one;
}

}  // namespace

handsync::hal::Device& device_under_test() { return *phone().handset; }

bool restart_device_under_test() {
  phone().restart();
  return true;
}

bool cut_power_at(unsigned n, bool after, void (*work)(handsync::hal::Device&)) {
  const bool cut = phone().cut_power_at(n, after, work);
  phone().restart();
  return cut;
}

handsync::Instant now_of_device_under_test() { return phone().handset->now(); }
bool text_arrives_at_device_under_test(handsync::Text, handsync::Text) { return false; }
int texts_that_left_device_under_test(handsync::Text, handsync::Text) { return -1; }
Promises promises_of_device_under_test() { return {true, true, true}; }
