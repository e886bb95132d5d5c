#include "storage/sealed_blob.h"

#include <mbedtls/platform_util.h>

namespace handsync::storage {
namespace {

// Pages of a database count from 1.
constexpr std::uint32_t kNoPage = 0;

std::uint8_t* octets(std::string& text) { return reinterpret_cast<std::uint8_t*>(text.data()); }

}  // namespace

Status seal_blob(const std::uint8_t (&key)[kKeyBytes], hal::Entropy& entropy, Blob blob, Bytes plain,
                 std::string& sealed) {
  if (plain.size() > kBlobBytesMax) return hal::fault(hal::Fault::kTooLarge);
  PageSealer sealer;
  HANDSYNC_TRY(sealer.set_key(key));
  Nonces nonces;
  std::uint8_t nonce[kNonceBytes];
  HANDSYNC_TRY(nonces.next(entropy, nonce));
  sealed.assign(1, static_cast<char>(blob));
  sealed.append(text_of(plain));
  sealed.append(kReserveBytes, '\0');
  // In place: the cipher is a stream, and what it reads it has not written yet.
  if (!sealer.seal(kNoPage, nonce, octets(sealed), octets(sealed), static_cast<std::uint32_t>(sealed.size()))) {
    mbedtls_platform_zeroize(sealed.data(), sealed.size());
    sealed.clear();
    return hal::fault(hal::Fault::kRefused);
  }
  return Done{};
}

Status open_blob(const std::uint8_t (&key)[kKeyBytes], Blob blob, Bytes sealed, std::string& plain) {
  plain.clear();
  if (sealed.size() < kReserveBytes + 1 || sealed.size() > kBlobBytesMax + kReserveBytes + 1) {
    return hal::fault(hal::Fault::kDamaged);
  }
  PageSealer sealer;
  HANDSYNC_TRY(sealer.set_key(key));
  plain.assign(text_of(sealed));
  const bool authentic = sealer.open(kNoPage, octets(plain), octets(plain), static_cast<std::uint32_t>(plain.size())) &&
                         plain[0] == static_cast<char>(blob);
  if (!authentic) {
    mbedtls_platform_zeroize(plain.data(), plain.size());
    plain.clear();
    return hal::fault(hal::Fault::kDamaged);
  }
  plain.erase(0, 1);
  plain.resize(plain.size() - kReserveBytes);
  return Done{};
}

}  // namespace handsync::storage
