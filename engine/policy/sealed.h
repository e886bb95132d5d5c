/// Records with an integrity tag under the device's own key (slot 0), and the few helpers that write and read their
/// bytes.
#pragma once
#include "handsync/hal/device.h"
#include "policy/fault.h"

namespace handsync::policy {

inline constexpr std::size_t kTagBytes = 32;

/// Compares without telling by its duration where the difference is.
bool same_bytes(Bytes, Bytes);
/// Overwrites what must not stay in memory; not optimised away.
void zero(Room);

/// A record begins with four bytes that name its kind and version: they separate the tags of different records too.
/// `room` holds `body_bytes` bytes and has room for the tag behind them.
Status put_sealed(hal::Device&, hal::Record, Room room, std::size_t body_bytes);
/// What is stored cannot be believed: kDamaged, kTooLarge, or a seal that does not fit. Every other error is a fault of
/// reading: it says nothing of what is stored, and reading is tried again.
bool damage(Error);
/// Bytes of the body, 0 = not there. Error{kPolicy, kRecordDamaged} when it cannot be believed (a tag whose key is gone
/// is a wrong one); a fault of reading as it is.
Result<std::size_t> get_sealed(hal::Device&, hal::Record, Bytes magic, Room room);

/// Writes on after the room is full, counting only: one check at the end is enough.
struct Packer {
  Room room;
  std::size_t size = 0;
  void byte(std::uint64_t value) {
    if (size < room.size()) room[size] = static_cast<std::byte>(value & 0xFF);
    ++size;
  }
  void fixed(std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) byte(value >> (8 * i));
  }
  void raw(Bytes bytes) {
    for (const std::byte b : bytes) byte(static_cast<std::uint64_t>(b));
  }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(value | 0x80);
    byte(value);
  }
  bool fits() const { return size <= room.size(); }
};

/// Reads zeros behind the end and says so.
struct Unpacker {
  Bytes bytes;
  std::size_t at = 0;
  bool short_of = false;
  std::uint64_t byte() {
    if (at < bytes.size()) return static_cast<std::uint64_t>(bytes[at++]);
    short_of = true;
    return 0;
  }
  std::uint64_t fixed(int count) {
    std::uint64_t value = 0;
    for (int i = 0; i < count; ++i) value |= byte() << (8 * i);
    return value;
  }
  void raw(Room room) {
    for (std::byte& b : room) b = static_cast<std::byte>(byte());
  }
  std::uint64_t varint() {  // at most 35 bits
    std::uint64_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      const std::uint64_t next = byte();
      value |= (next & 0x7F) << shift;
      if ((next & 0x80) == 0) return value;
    }
    short_of = true;
    return 0;
  }
};

}  // namespace handsync::policy
