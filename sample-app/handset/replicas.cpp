#include "handset/replicas.h"

#include <atomic>
#include <filesystem>

#include "storage/convert.h"

namespace handset {
namespace {

constexpr unsigned kSlots = 64;

struct Patient final : handsync::hal::Progress {
  bool step() override { return true; }
};

}  // namespace

Replicas::Replicas(handsync::hal::Device& device, std::string directory)
    : device_(device),
      directory_(std::filesystem::weakly_canonical(directory).string()),
      vfs_(*this, device.entropy()) {}

handsync::Status Replicas::open() {
  static std::atomic<unsigned> count{0};  // several phones in one process, as tests have them
  HANDSYNC_TRY(vfs_.install("sealed-" + std::to_string(++count)));
  Patient progress;
  for (unsigned slot = 1; slot < kSlots; ++slot) {
    if (!device_.keys().exists(static_cast<handsync::hal::KeySlot>(slot))) continue;
    // A damaged one is its account's trouble: the engine does not open it, and the others go on.
    (void)handsync::storage::convert_plain(vfs_, path_of(slot), progress);
  }
  return handsync::Done{};
}

void Replicas::forget(handsync::AccountId id) {
  const auto only = static_cast<unsigned>(id);
  for (unsigned slot = 1; slot < kSlots; ++slot) {
    if (only == 0 || only == slot) vfs_.forget(path_of(slot));
  }
}

std::string Replicas::path_of(unsigned slot) const { return directory_ + "/account-" + std::to_string(slot) + ".db"; }

handsync::Status Replicas::key_of(handsync::Text path, handsync::Room key32) {
  for (unsigned slot = 1; slot < kSlots; ++slot) {
    if (path == path_of(slot)) return device_.keys().unlock(static_cast<handsync::hal::KeySlot>(slot), key32);
  }
  return handsync::hal::fault(handsync::hal::Fault::kNotThere);
}

}  // namespace handset
