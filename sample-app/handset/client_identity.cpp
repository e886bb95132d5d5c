#include "handset/client_identity.h"

#include <mbedtls/platform_util.h>

#include "storage/sealed_blob.h"

namespace handset {
namespace {

using handsync::storage::Blob;

/// The account's storage key for the time of one call.
struct Key {
  std::uint8_t bytes[handsync::storage::kKeyBytes]{};
  Key() = default;
  ~Key() { mbedtls_platform_zeroize(bytes, sizeof bytes); }
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  handsync::Status unlock(handsync::hal::Device& device, handsync::hal::KeySlot slot) {
    return device.keys().unlock(slot, std::as_writable_bytes(std::span(bytes)));
  }
};

void wipe(std::string& text) {
  mbedtls_platform_zeroize(text.data(), text.size());
  text.clear();
}

}  // namespace

handsync::Status seal_identity(handsync::hal::Device& device, handsync::hal::KeySlot slot,
                               const std::string& certificate, const std::string& key, std::string& sealed) {
  Key storage_key;
  HANDSYNC_TRY(storage_key.unlock(device, slot));
  // PEM holds no zero byte.
  std::string both = certificate + '\0' + key;
  const auto done = handsync::storage::seal_blob(storage_key.bytes, device.entropy(), Blob::kIdentity,
                                                 handsync::bytes_of(both), sealed);
  wipe(both);
  return done;
}

handsync::Status open_identity(handsync::hal::Device& device, handsync::hal::KeySlot slot, const std::string& sealed,
                               std::string& certificate, std::string& key) {
  Key storage_key;
  HANDSYNC_TRY(storage_key.unlock(device, slot));
  std::string both;
  HANDSYNC_TRY(handsync::storage::open_blob(storage_key.bytes, Blob::kIdentity, handsync::bytes_of(sealed), both));
  const std::size_t border = both.find('\0');
  if (border == std::string::npos) return handsync::hal::fault(handsync::hal::Fault::kDamaged);
  certificate = both.substr(0, border);
  key = both.substr(border + 1);
  wipe(both);
  return handsync::Done{};
}

handsync::Status seal_tickets(handsync::hal::Device& device, handsync::hal::KeySlot slot, handsync::Bytes tickets,
                              std::string& sealed) {
  Key storage_key;
  HANDSYNC_TRY(storage_key.unlock(device, slot));
  return handsync::storage::seal_blob(storage_key.bytes, device.entropy(), Blob::kTickets, tickets, sealed);
}

handsync::Status open_tickets(handsync::hal::Device& device, handsync::hal::KeySlot slot, const std::string& sealed,
                              std::string& tickets) {
  Key storage_key;
  HANDSYNC_TRY(storage_key.unlock(device, slot));
  return handsync::storage::open_blob(storage_key.bytes, Blob::kTickets, handsync::bytes_of(sealed), tickets);
}

}  // namespace handset
