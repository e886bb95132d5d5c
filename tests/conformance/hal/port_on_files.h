// A port in a directory that goes with the program, as the device under test: its power is cut by the medium below it
// (hal/posix/durable.h).
#pragma once
#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "conformance/hal/device_under_test.h"
#include "posix/core.h"

namespace conformance {

template <class Handset, class Options>
struct PortOnFiles {
  explicit PortOnFiles(const std::function<void(PortOnFiles&)>& furnish = nullptr) {
    std::string pattern = (std::filesystem::temp_directory_path() / "handsync-conformance-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) ::abort();
    directory = pattern;
    options.home = directory + "/home";
    if (furnish) furnish(*this);
    handset.emplace(options);
  }
  ~PortOnFiles() {
    handset.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
  }
  PortOnFiles(const PortOnFiles&) = delete;
  PortOnFiles& operator=(const PortOnFiles&) = delete;

  void restart() {
    handset.reset();
    if (power_on) power_on();
    handset.emplace(options);
  }
  bool cut_power_at(unsigned n, bool after, void (*work)(handsync::hal::Device&)) {
    using handsync::hal::posix::Cut;
    unsigned count = 0;
    bool armed = false, cut = false;
    Options cutting = options;
    cutting.real_sync = false;  // what a cut takes away is played here, not left to this machine's disk
    cutting.power = [&](std::string_view, std::string_view) {
      if (!armed || ++count != n) return Cut::kNone;
      return after ? Cut::kAfter : n % 2 == 0 ? Cut::kTorn : Cut::kBefore;
    };
    handset.reset();
    handset.emplace(cutting);
    armed = true;
    try {
      work(*handset);
      handset->cut_power();  // what was reported must have lasted already
    } catch (const handsync::hal::posix::PowerCut&) {
      cut = true;
    }
    return cut;
  }

  std::string directory;
  Options options;
  std::function<void()> power_on;  ///< what the hardware does when the power comes
  std::optional<Handset> handset;
};

}  // namespace conformance
