// A directory for one simulated phone that goes with the test.
#pragma once
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "simulated/handset.h"

namespace simulated_test {

using namespace handsync;
using hal::simulated::Cut;
using hal::simulated::Handset;
using hal::simulated::Manner;
using hal::simulated::Options;

class Home {
 public:
  Home() {
    std::string pattern = (std::filesystem::temp_directory_path() / "handsync-phone-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) ::abort();
    path = pattern;
    options.home = path + "/home";
    options.real_sync = false;
    options.mono_ms = [this] { return mono_ms; };
    options.wall_ms = [this] { return wall_ms; };
  }
  ~Home() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::unique_ptr<Handset> open() const { return std::make_unique<Handset>(options); }
  std::vector<std::string> files() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(options.home)) {
      if (entry.is_regular_file()) found.push_back(std::filesystem::relative(entry.path(), options.home).string());
    }
    return found;
  }
  static std::string read(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& name, const std::string& text) const {
    const std::string file = options.home + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }
  bool holds(const std::string& text) const {
    for (const std::string& file : files()) {
      if (read(options.home + "/" + file).find(text) != std::string::npos) return true;
    }
    return false;
  }
  std::string path;
  Options options;
  std::uint64_t mono_ms = 1'000'000;
  std::int64_t wall_ms = 1'700'000'000'000;
};

struct Patience final : hal::Progress {
  bool step() override { return true; }
};

}  // namespace simulated_test
