// The simulated handset as the device under test, in a directory that goes with the program.
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "conformance/hal/device_under_test.h"
#include "simulated/handset.h"

namespace {

using namespace handsync::hal::simulated;

struct Phone {
  Phone() {
    std::string pattern = (std::filesystem::temp_directory_path() / "handsync-conformance-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) ::abort();
    options.home = pattern;
    handset.emplace(options);
  }
  ~Phone() {
    handset.reset();
    std::error_code ignored;
    std::filesystem::remove_all(options.home, ignored);
  }
  void restart(Options with) {
    handset.reset();
    handset.emplace(std::move(with));
  }
  Options options;
  std::optional<Handset> handset;
};

Phone& phone() {
  static Phone one;
  return one;
}

}  // namespace

handsync::hal::Device& device_under_test() { return *phone().handset; }

bool restart_device_under_test() {
  phone().restart(phone().options);
  phone().handset->reboot();
  return true;
}

bool cut_power_at(unsigned n, bool after, void (*work)(handsync::hal::Device&)) {
  unsigned count = 0;
  bool armed = false, cut = false;
  Options options = phone().options;
  options.real_sync = false;  // what a cut takes away is played here, not left to this machine's disk
  options.power = [&](std::string_view, std::string_view) {
    if (!armed || ++count != n) return Cut::kNone;
    return after ? Cut::kAfter : n % 2 == 0 ? Cut::kTorn : Cut::kBefore;
  };
  phone().restart(options);
  armed = true;
  try {
    work(*phone().handset);
    phone().handset->cut_power();  // what was reported must have lasted already
  } catch (const PowerCut&) {
    cut = true;
  }
  restart_device_under_test();
  return cut;
}
