/// A device layer in RAM, for boards without flash: records, keys and secrets are as durable as the power. It is what a
/// bare-metal port starts with: no allocation, no operating system; each claim says what RAM can promise.
#pragma once
#include "handsync/hal/device.h"

namespace handsync::hal::ram {

struct Options {
  Text model = "RAM board";
  /// At least 32 bytes nobody else knows, from the board's generator; kept by the caller. Everything random comes from
  /// them (HMAC-SHA-256 over a counter). Shorter: Fault::kNotSeeded for ever.
  Bytes seed;
  /// Removes what belongs to a slot (or kEverySlot) from the file system; null: there is none.
  Status (*erase_files)(KeySlot) = nullptr;
};

class Port final : public Device, Entropy, Records, Keys, Erase, Gates {
 public:
  static constexpr std::size_t kRecordsMax = 16, kSlotsMax = 64, kSecretBytesMax = 2048, kSecretsMax = 2,
                               kRecordPoolBytes = 12288;

  explicit Port(const Options&);
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  Entropy& entropy() override { return *this; }
  Records& records() override { return *this; }
  Keys& keys() override { return *this; }
  Erase& erase() override { return *this; }
  Gates* gates() override { return this; }
  Text model() const override { return options_.model; }

 private:
  struct Entry {
    Record id{};
    std::uint16_t bytes = 0;  // 0: free
    std::uint16_t at = 0;     // in the pool
  };
  struct Slot {
    bool used = false;
    std::byte key[32]{};
  };
  struct Secret {
    KeySlot slot = 0;
    std::uint16_t bytes = 0;  // 0: free
    std::byte data[kSecretBytesMax]{};
  };

  Status fill(Room) override;

  Result<std::size_t> get(Record, Room) override;
  Status put(Record, Bytes) override;
  Status remove(Record) override;
  bool replay_protected() const override { return true; }  // nothing outlives the power, so nothing can be put back

  Status create(KeySlot) override;
  bool exists(KeySlot) const override;
  Status unlock(KeySlot, Room key32) override;
  Status mac(KeySlot, Bytes in, Room out32) override;
  Status stretch(KeySlot, Bytes in, Bytes salt, std::uint32_t rounds, Room out32, Progress&) override;
  Status put_secret(KeySlot, Bytes) override;
  Result<std::size_t> get_secret(KeySlot, Room) override;
  Status destroy(KeySlot, Progress&) override;
  Force destroys_for_good() const override { return Force::kEnforced; }  // overwritten in the only place it ever was

  Status files(KeySlot slot_or_every, Progress&) override;
  Status factory_reset(Progress&) override;

  // A board with one wire: no camera, radio or card that a policy could close.
  Force force(Gate) const override { return Force::kNotFitted; }
  Status set(Gate, std::uint8_t) override { return fault(Fault::kRefused); }
  Result<std::uint8_t> level(Gate) const override { return std::uint8_t{0}; }

  Status derive(KeySlot, Text purpose, Room key32) const;
  Secret* secret_of(KeySlot);
  void drop(Entry&);

  Options options_;
  std::uint64_t drawn_ = 0;
  Entry records_[kRecordsMax];
  std::byte pool_[kRecordPoolBytes];
  std::size_t pool_used_ = 0;
  Slot slots_[kSlotsMax];
  Secret secrets_[kSecretsMax];
};

}  // namespace handsync::hal::ram
