// A Linux device in a directory that goes with the test, on a played machine.
#pragma once
#include <memory>
#include <string>

#include "hal/linux/machine.h"
#include "linux/handset.h"

namespace linux_test {

using namespace handsync;
using hal::Force;
using hal::Gate;
using hal::linux_port::Handset;

struct Patience final : hal::Progress {
  bool step() override { return true; }
};

class Bench {
 public:
  Bench() : path(make()), machine(path + "/root") {
    options.home = path + "/home";
    options.root = machine.root;
    options.run = [this](const std::vector<std::string>& command) { return machine.run(command); };
    options.keyring_key.clear();
    options.real_sync = false;
    options.locker_ms = 0;
  }
  ~Bench() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  std::unique_ptr<Handset> open() const { return std::make_unique<Handset>(options); }
  std::unique_ptr<Handset> reboot() {
    machine.boot();
    return open();
  }
  bool holds(const std::string& text) const {
    for (const auto& entry : fs::recursive_directory_iterator(options.home)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string all{std::istreambuf_iterator<char>(in), {}};
      if (all.find(text) != std::string::npos) return true;
    }
    return false;
  }

  std::string path;
  Machine machine;
  hal::linux_port::Options options;

 private:
  static std::string make() {
    std::string pattern = (fs::temp_directory_path() / "handsync-linux-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) ::abort();
    return pattern;
  }
};

}  // namespace linux_test
