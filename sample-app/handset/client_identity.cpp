#include "handset/client_identity.h"

#include <mbedtls/platform_util.h>

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

handsync::Status seal_file(handsync::hal::Device& device, handsync::hal::KeySlot slot, Blob kind, handsync::Bytes data,
                           std::string& sealed) {
  Key storage_key;
  HANDSYNC_TRY(storage_key.unlock(device, slot));
  return handsync::storage::seal_blob(storage_key.bytes, device.entropy(), kind, data, sealed);
}

handsync::Status open_file(handsync::hal::Device& device, handsync::hal::KeySlot slot, Blob kind,
                           const std::string& sealed, std::string& out) {
  Key storage_key;
  HANDSYNC_TRY(storage_key.unlock(device, slot));
  return handsync::storage::open_blob(storage_key.bytes, kind, handsync::bytes_of(sealed), out);
}

handsync::Status seal_identity(handsync::hal::Device& device, handsync::hal::KeySlot slot,
                               const std::string& certificate, const std::string& key, std::string& sealed) {
  // PEM holds no zero byte.
  std::string both = certificate + '\0' + key;
  const auto done = seal_file(device, slot, Blob::kIdentity, handsync::bytes_of(both), sealed);
  wipe(both);
  return done;
}

handsync::Status open_identity(handsync::hal::Device& device, handsync::hal::KeySlot slot, const std::string& sealed,
                               std::string& certificate, std::string& key) {
  std::string both;
  HANDSYNC_TRY(open_file(device, slot, Blob::kIdentity, sealed, both));
  const std::size_t border = both.find('\0');
  if (border == std::string::npos) return handsync::hal::fault(handsync::hal::Fault::kDamaged);
  certificate = both.substr(0, border);
  key = both.substr(border + 1);
  wipe(both);
  return handsync::Done{};
}

}  // namespace handset
