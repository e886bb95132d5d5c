/// The simulated phone's gate before programs: the lists that accounts' policies put in force, in one file. Not locked:
/// the handset does that.
#pragma once
#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "handsync/hal/gates.h"
#include "posix/durable.h"

namespace handsync::hal::simulated {

class Programs {
 public:
  using Entries = std::set<std::string>;
  Programs(posix::Durable& durable, std::string path) : durable_(durable), path_(std::move(path)) {}

  Status open();      ///< kDamaged: nothing is known, and every list is reported as not in force
  void begin_anew();  ///< the file is gone
  Status begin(KeySlot, AppList);
  Status add(KeySlot, Text entry);
  Status name(KeySlot, std::uint64_t id);
  Status enforce(AppList, std::span<const std::uint64_t> ids);
  std::vector<std::uint64_t> in_force(AppList) const;

  /// Whether a program may be started: a preinstalled one by its name, another by the SHA-1 of its file.
  bool may_run(const std::string& name, const std::string& sha1, bool preinstalled) const;

 private:
  using Lists = std::map<std::uint64_t, Entries>;
  struct Arriving {
    AppList list{};
    std::size_t bytes = 0;
    Entries entries;
  };
  Status store(const std::array<Lists, 2>&);
  Lists& named(AppList list) { return named_[static_cast<std::size_t>(list)]; }
  posix::Durable& durable_;
  std::string path_;
  std::array<Lists, 2> lists_, named_;  ///< in force; whole, and waiting for that
  std::map<KeySlot, Arriving> arriving_;
};

}  // namespace handsync::hal::simulated
