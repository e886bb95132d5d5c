#include "ram/port.h"

#include <mbedtls/md.h>
#include <mbedtls/platform_util.h>

#include <algorithm>
#include <cstring>

namespace handsync::hal::ram {
namespace {

constexpr std::size_t kRecordBytesMax = 4096, kShaBytes = 32, kSeedBytesMin = 32;
constexpr std::uint32_t kRoundsPerStep = 1024;

const unsigned char* raw(Bytes bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
unsigned char* raw(Room room) { return reinterpret_cast<unsigned char*>(room.data()); }

Status hmac(Bytes key, Bytes in, Room out32) {
  if (out32.size() != kShaBytes) return fault(Fault::kTooLarge);
  const int code = mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), raw(key), key.size(), raw(in),
                                   in.size(), raw(out32));
  if (code != 0) return Error{Domain::kHal, -code, 0};  // mbedTLS counts downwards, a driver's own numbers are positive
  return Done{};
}

void wipe(Room room) { mbedtls_platform_zeroize(room.data(), room.size()); }

}  // namespace

Port::Port(const Options& options) : options_(options) {}

Status Port::fill(Room room) {
  if (options_.seed.size() < kSeedBytesMin) return fault(Fault::kNotSeeded);
  while (!room.empty()) {
    std::byte block[kShaBytes];
    ++drawn_;
    HANDSYNC_TRY(hmac(options_.seed, std::as_bytes(std::span(&drawn_, 1)), block));
    const std::size_t part = std::min(room.size(), sizeof block);
    std::memcpy(room.data(), block, part);
    room = room.subspan(part);
    wipe(block);
  }
  return Done{};
}

// -- records: one pool without gaps -----------------------------------------------------------------------------------

Result<std::size_t> Port::get(Record id, Room room) {
  for (const Entry& entry : records_) {
    if (entry.bytes == 0 || entry.id != id) continue;
    if (room.size() < entry.bytes) return fault(Fault::kTooLarge);
    std::memcpy(room.data(), pool_ + entry.at, entry.bytes);
    return std::size_t{entry.bytes};
  }
  return std::size_t{0};
}

void Port::drop(Entry& gone) {
  const std::size_t end = std::size_t{gone.at} + gone.bytes;
  std::memmove(pool_ + gone.at, pool_ + end, pool_used_ - end);
  pool_used_ -= gone.bytes;
  wipe(Room(pool_ + pool_used_, gone.bytes));
  for (Entry& entry : records_) {
    if (entry.at > gone.at) entry.at = static_cast<std::uint16_t>(entry.at - gone.bytes);
  }
  gone = Entry{};
}

Status Port::put(Record id, Bytes value) {
  // Room for the wipe marker is always kept.
  constexpr std::size_t kWipeBytes = 64;
  if (value.empty() || value.size() > kRecordBytesMax) return fault(Fault::kTooLarge);
  Entry *old = nullptr, *free_entry = nullptr;
  for (Entry& entry : records_) {
    if (entry.bytes == 0) {
      if (&entry != &records_[kRecordsMax - 1] || id == Record::kWipe) free_entry = &entry;
    } else if (entry.id == id) {
      old = &entry;
    }
  }
  const std::size_t left = kRecordPoolBytes - pool_used_ + (old != nullptr ? old->bytes : 0);
  if (value.size() + (id == Record::kWipe ? 0 : kWipeBytes) > left) return fault(Fault::kNoSpace);
  if (old != nullptr) {
    drop(*old);
    free_entry = old;
  }
  if (free_entry == nullptr) return fault(Fault::kNoSpace);
  *free_entry = {id, static_cast<std::uint16_t>(value.size()), static_cast<std::uint16_t>(pool_used_)};
  std::memcpy(pool_ + pool_used_, value.data(), value.size());
  pool_used_ += value.size();
  return Done{};
}

Status Port::remove(Record id) {
  for (Entry& entry : records_) {
    if (entry.bytes != 0 && entry.id == id) drop(entry);
  }
  return Done{};
}

// -- keys -------------------------------------------------------------------------------------------------------------

Status Port::create(KeySlot slot) {
  if (slot >= kSlotsMax) return fault(Fault::kNoSpace);
  if (slots_[slot].used) return fault(Fault::kExists);
  HANDSYNC_TRY(fill(slots_[slot].key));
  slots_[slot].used = true;
  return Done{};
}

bool Port::exists(KeySlot slot) const { return slot < kSlotsMax && slots_[slot].used; }

Status Port::derive(KeySlot slot, Text purpose, Room key32) const {
  if (!exists(slot)) return fault(Fault::kNotThere);
  return hmac(slots_[slot].key, bytes_of(purpose), key32);
}

Status Port::unlock(KeySlot slot, Room key32) { return derive(slot, "storage", key32); }

Status Port::mac(KeySlot slot, Bytes in, Room out32) {
  std::byte key[kShaBytes];
  HANDSYNC_TRY(derive(slot, "mac", key));
  const Status done = hmac(key, in, out32);
  wipe(key);
  return done;
}

Status Port::stretch(KeySlot slot, Bytes in, Bytes salt, std::uint32_t rounds, Room out32, Progress& progress) {
  constexpr std::size_t kSaltBytesMax = 64;
  if (out32.size() != kShaBytes || rounds == 0 || salt.size() > kSaltBytesMax) return fault(Fault::kTooLarge);
  std::byte key[kShaBytes], u[kShaBytes], total[kShaBytes], first[kSaltBytesMax + 4] = {};
  HANDSYNC_TRY(derive(slot, "stretch", key));
  if (!salt.empty()) std::memcpy(first, salt.data(), salt.size());
  first[salt.size() + 3] = std::byte{1};  // RFC 8018 5.2: the number of the block
  HANDSYNC_TRY(hmac(in, Bytes(first, salt.size() + 4), u));
  std::memcpy(total, u, sizeof total);
  for (std::uint32_t round = 1; round < rounds; ++round) {
    if (round % kRoundsPerStep == 0 && !progress.step()) return fault(Fault::kGivenUp);
    HANDSYNC_TRY(hmac(in, u, u));
    for (std::size_t i = 0; i < kShaBytes; ++i) total[i] ^= u[i];
  }
  const Status done = hmac(key, total, out32);
  wipe(key);
  wipe(u);
  wipe(total);
  return done;
}

Port::Secret* Port::secret_of(KeySlot slot) {
  for (Secret& secret : secrets_) {
    if (secret.bytes != 0 && secret.slot == slot) return &secret;
  }
  return nullptr;
}

Status Port::put_secret(KeySlot slot, Bytes value) {
  if (!exists(slot)) return fault(Fault::kNotThere);
  if (value.size() > kSecretBytesMax) return fault(Fault::kTooLarge);
  Secret* place = secret_of(slot);
  for (Secret& secret : secrets_) {
    if (place == nullptr && secret.bytes == 0) place = &secret;
  }
  if (place == nullptr) return fault(Fault::kNoSpace);
  wipe(place->data);
  place->slot = slot;
  place->bytes = static_cast<std::uint16_t>(value.size());
  if (!value.empty()) std::memcpy(place->data, value.data(), value.size());
  return Done{};
}

Result<std::size_t> Port::get_secret(KeySlot slot, Room room) {
  if (!exists(slot)) return fault(Fault::kNotThere);
  const Secret* secret = secret_of(slot);
  if (secret == nullptr) return std::size_t{0};
  if (room.size() < secret->bytes) return fault(Fault::kTooLarge);
  std::memcpy(room.data(), secret->data, secret->bytes);
  return std::size_t{secret->bytes};
}

Status Port::destroy(KeySlot slot, Progress&) {
  if (slot >= kSlotsMax) return Done{};
  wipe(slots_[slot].key);
  slots_[slot].used = false;
  if (Secret* secret = secret_of(slot)) {
    wipe(secret->data);
    secret->bytes = 0;
  }
  return Done{};
}

// -- erasing ----------------------------------------------------------------------------------------------------------

Status Port::files(KeySlot slot, Progress&) {
  return options_.erase_files != nullptr ? options_.erase_files(slot) : Status(Done{});
}

Status Port::factory_reset(Progress&) {
  for (Entry& entry : records_) {
    if (entry.bytes != 0 && entry.id != Record::kWipe) drop(entry);
  }
  return Done{};
}

}  // namespace handsync::hal::ram
