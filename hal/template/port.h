/// A port to fill in: copy this folder to hal/YOURS, rename the namespace, and write what the comments in port.cpp ask
/// for, in the order of hal/PORTING.md. As it stands it compiles, does nothing, and says so: each function is
/// Fault::kNotDone and each claim kAbsent, so that no policy is acknowledged by mistake.
///
/// Firmware without exceptions and heap can keep this shape: one object, made once, no allocation.
#pragma once
#include "handsync/hal/device.h"

namespace handsync::hal::template_port {

class Port final : public Device, Entropy, Records, Keys, Erase, Gates, Storage, Lock, Trust, Messaging {
 public:
  Entropy& entropy() override { return *this; }
  Records& records() override { return *this; }
  Keys& keys() override { return *this; }
  Erase& erase() override { return *this; }
  // Optional: remove the lines, the bases and the functions of what the device will never have. PinGuard (pin_guard.h)
  // is added in the same way.
  Gates* gates() override { return this; }
  Storage* storage() override { return this; }
  Lock* lock() override { return this; }
  Trust* trust() override { return this; }
  Messaging* messaging() override { return this; }
  Text model() const override;

 private:
  Status fill(Room) override;

  Result<std::size_t> get(Record, Room) override;
  Status put(Record, Bytes) override;
  Status remove(Record) override;
  bool replay_protected() const override;

  Status create(KeySlot) override;
  bool exists(KeySlot) const override;
  Status unlock(KeySlot, Room key32) override;
  Status mac(KeySlot, Bytes in, Room out32) override;
  Status stretch(KeySlot, Bytes in, Bytes salt, std::uint32_t rounds, Room out32, Progress&) override;
  Status put_secret(KeySlot, Bytes) override;
  Result<std::size_t> get_secret(KeySlot, Room) override;
  Status destroy(KeySlot, Progress&) override;
  Force destroys_for_good() const override;

  Status files(KeySlot slot_or_every, Progress&) override;
  Status factory_reset(Progress&) override;

  Force force(Gate) const override;
  Status set(Gate, std::uint8_t level) override;
  Result<std::uint8_t> level(Gate) const override;

  Force device_encryption() const override;
  Force card_encryption() const override;

  Status now() override;
  Status release() override;
  bool locked() const override;
  Status after_idle_s(std::uint32_t) override;
  Result<std::uint32_t> idle_limit_s() const override;
  Force holds() const override;

  Result<std::size_t> roots_pem(std::size_t offset, Room) override;

  Force can_gate() const override;
  Result<std::size_t> own_number(Room) const override;
  Result<bool> oldest(TextRecord&, Room text) override;
  Status done(std::uint64_t id) override;
  Status send(std::span<const Text> numbers, Text text) override;
};

}  // namespace handsync::hal::template_port
