/// The key vault of a port on files: a block of sealed keys that is overwritten in place when a key dies, and one
/// sealed secret a slot. Both are sealed under the device's secret: it lies in the fuse file, or is made of a salt
/// there and of what something outside of the file system keeps (a kernel keyring, say). Not locked: Core does that.
#pragma once
#include <array>
#include <functional>
#include <string>

#include "handsync/hal/entropy.h"
#include "posix/durable.h"

namespace handsync::hal::posix {

using Key = std::array<std::byte, 32>;

/// Fills `secret32` with what is kept for this device outside of its file system; kNotThere = nothing is.
using OutsideSecret = std::function<Status(Room secret32)>;

class Vault {
 public:
  static constexpr std::size_t kSlots = 64;

  Vault(Durable& durable, Entropy& entropy, std::string directory, OutsideSecret outside);
  /// Makes fuse and block on a new phone, with the outside secret if there is one now. A phone that was made with it
  /// opens only with it: kNotThere when it is missing.
  Status open();
  const std::string& fuse_path() const { return fuse_path_; }
  bool outside() const { return outside_in_use_; }  ///< the file system alone opens nothing
  Status create(KeySlot);
  bool exists(KeySlot);
  Status derive(KeySlot, Text purpose, Key& key);  ///< HMAC of the slot's key; kNotThere
  Status load(KeySlot, Key& key);
  Status put_secret(KeySlot, Bytes);
  Result<std::size_t> get_secret(KeySlot, Room);
  Status destroy(KeySlot);
  Status check();
  /// A small text that lies beside the keys, under the device's secret: unreadable when that is gone, wherever a copy
  /// of it may have stayed. `name` is part of the seal.
  Status seal(Text name, Bytes plain, Contents& sealed);
  Status unseal(Text name, Bytes sealed, Contents& plain) const;  ///< kDamaged

 private:
  static constexpr std::size_t kSlotBytes = 64;
  std::string secret_path(KeySlot slot) const { return directory_ + "/secret-" + std::to_string(slot); }
  Status read_slot(KeySlot, std::array<std::byte, kSlotBytes>& sealed);
  Durable& durable_;
  Entropy& entropy_;
  Status open_fuse();
  std::string directory_, block_, fuse_path_;
  OutsideSecret outside_;
  bool outside_in_use_ = false;
  Key fuse_{};
};

Status hmac(Bytes key, Bytes in, Room out32);
/// PBKDF2-HMAC-SHA-256, one block; asks `progress` every few thousand rounds.
Status pbkdf2(Bytes password, Bytes salt, std::uint32_t rounds, Room out32, Progress& progress);
void forget(Room);

}  // namespace handsync::hal::posix
