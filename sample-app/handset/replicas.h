/// The phone's replicas on disk: sealed page by page under the key of their account (platform/storage).
#pragma once
#include <string>

#include "handsync/effect.h"
#include "handsync/hal/device.h"
#include "storage/sealed_vfs.h"

namespace handset {

class Replicas final : private handsync::storage::KeySource {
 public:
  /// The device outlives this, this outlives every connection to a replica.
  Replicas(handsync::hal::Device&, std::string directory);
  /// Registers the VFS and seals what an earlier version has left in the open.
  handsync::Status open();
  const char* vfs() const { return vfs_.name(); }
  /// Overwrites the key in memory, of every account with 0: connections that are still open fail from then on.
  void forget(handsync::AccountId);

 private:
  handsync::Status key_of(handsync::Text path, handsync::Room key32) override;
  std::string path_of(unsigned slot) const;

  handsync::hal::Device& device_;
  std::string directory_;
  handsync::storage::SealedVfs vfs_;
};

}  // namespace handset
