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

bool damage(Error error) {
  return error == fault(Fault::kRecordDamaged) ||
         (error.domain == Domain::kHal && (error.code == static_cast<std::int32_t>(hal::Fault::kDamaged) ||
                                           error.code == static_cast<std::int32_t>(hal::Fault::kTooLarge)));
}

Result<std::size_t> get_sealed(hal::Device& device, hal::Record record, Bytes magic, Room room) {
  const auto got = device.records().get(record, room);
  if (got.ok() && got.value() == 0) return std::size_t{0};
  const Error damaged = fault(Fault::kRecordDamaged);
  if (!got.ok()) return damage(got.error()) ? damaged : got.error();
  if (got.value() < magic.size() + kTagBytes) return damaged;
  const std::size_t body_bytes = got.value() - kTagBytes;
  std::byte tag[kTagBytes];
  if (Status made = device.keys().mac(0, room.first(body_bytes), tag); !made.ok()) {
    const bool no_key = made.error() == hal::fault(hal::Fault::kNotThere);
    return no_key || damage(made.error()) ? damaged : made.error();
  }
  if (!same_bytes(tag, room.subspan(body_bytes, kTagBytes))) return damaged;
  if (!same_bytes(magic, room.first(magic.size()))) return damaged;
  return body_bytes;
}

}  // namespace handsync::policy
