/// Whether what this device writes lies on dm-crypt or fscrypt. Only looked at, never changed: encrypting a running
/// system is the installer's work. FAST: sysfs and /proc.
#pragma once
#include <functional>
#include <string>

#include "handsync/hal/storage.h"
#include "linux/system.h"

namespace handsync::hal::linux_port {

class LinuxStorage final : public Storage {
 public:
  /// `card_fitted` tells whether there is, or can be, a storage card.
  LinuxStorage(const System& system, std::string home, std::function<bool()> card_fitted)
      : system_(system), home_(std::move(home)), card_fitted_(std::move(card_fitted)) {}

  /// Enforced: home, temporary files, logs and swap are all on dm-crypt (or in memory). Partial: only the home is.
  Force device_encryption() const override;
  Force card_encryption() const override;

 private:
  bool block_encrypted(const std::string& name, int depth) const;
  bool source_encrypted(const std::string& source) const;
  bool path_encrypted(const std::string& path) const;
  bool swap_encrypted() const;
  bool home_under_fscrypt() const;

  const System& system_;
  std::string home_;
  std::function<bool()> card_fitted_;
};

}  // namespace handsync::hal::linux_port
