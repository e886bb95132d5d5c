#include "policy/sealed.h"

namespace handsync::policy {

bool same_bytes(Bytes a, Bytes b) {
  if (a.size() != b.size()) return false;
  std::byte difference{0};
  for (std::size_t i = 0; i < a.size(); ++i) difference |= a[i] ^ b[i];
  return difference == std::byte{0};
}

void zero(Room room) {
  volatile std::byte* at = room.data();
  for (std::size_t i = 0; i < room.size(); ++i) at[i] = std::byte{0};
}

Status put_sealed(hal::Device& device, hal::Record record, Room room, std::size_t body_bytes) {
  if (body_bytes + kTagBytes > room.size()) return out_of_memory(body_bytes + kTagBytes);
  if (!device.keys().exists(0)) HANDSYNC_TRY(device.keys().create(0));
  HANDSYNC_TRY(device.keys().mac(0, room.first(body_bytes), room.subspan(body_bytes, kTagBytes)));
  return device.records().put(record, room.first(body_bytes + kTagBytes));
}

bool passing(Error error) {
  return error.domain == Domain::kMemory || (error.domain == Domain::kHal && error.code > 0);
}

Result<std::size_t> get_sealed(hal::Device& device, hal::Record record, Bytes magic, Room room) {
  const auto got = device.records().get(record, room);
  if (got.ok() && got.value() == 0) return std::size_t{0};
  const Error damaged = fault(Fault::kRecordDamaged);
  if (!got.ok() && passing(got.error())) return got.error();
  if (!got.ok() || got.value() < magic.size() + kTagBytes) return damaged;
  const std::size_t body_bytes = got.value() - kTagBytes;
  std::byte tag[kTagBytes];
  if (Status made = device.keys().mac(0, room.first(body_bytes), tag); !made.ok())
    return passing(made.error()) ? made.error() : damaged;
  if (!same_bytes(tag, room.subspan(body_bytes, kTagBytes))) return damaged;
  if (!same_bytes(magic, room.first(magic.size()))) return damaged;
  return body_bytes;
}

}  // namespace handsync::policy
