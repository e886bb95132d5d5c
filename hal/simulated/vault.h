/// The key vault of the simulated handset: a block of sealed keys that is overwritten in place when a key dies, and one
/// sealed secret a slot. The fuse file stands for the secret that hardware would keep. Not locked: Handset does that.
#pragma once
#include <array>
#include <string>

#include "simulated/durable.h"

namespace handsync::hal::simulated {

using Key = std::array<std::byte, 32>;

class Vault {
 public:
  static constexpr std::size_t kSlots = 64;

  Vault(Durable& durable, Entropy& entropy, std::string directory);
  Status open();  ///< makes fuse and block on a new phone
  Status create(KeySlot);
  bool exists(KeySlot);
  Status derive(KeySlot, Text purpose, Key& key);  ///< HMAC of the slot's key; kNotThere
  Status load(KeySlot, Key& key);
  Status put_secret(KeySlot, Bytes);
  Result<std::size_t> get_secret(KeySlot, Room);
  Status destroy(KeySlot);
  Status check();

 private:
  static constexpr std::size_t kSlotBytes = 64;
  std::string secret_path(KeySlot slot) const { return directory_ + "/secret-" + std::to_string(slot); }
  Status read_slot(KeySlot, std::array<std::byte, kSlotBytes>& sealed);
  Durable& durable_;
  Entropy& entropy_;
  std::string directory_, block_, fuse_path_;
  Key fuse_{};
};

Status hmac(Bytes key, Bytes in, Room out32);
/// PBKDF2-HMAC-SHA-256, one block; asks `progress` every few thousand rounds.
Status pbkdf2(Bytes password, Bytes salt, std::uint32_t rounds, Room out32, Progress& progress);
void forget(Room);

}  // namespace handsync::hal::simulated
