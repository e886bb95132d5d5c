#include "storage/page_sealer.h"

#include <mbedtls/platform_util.h>

#include <cstring>
#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

namespace handsync::storage {
namespace {

long this_process() {
#if __has_include(<unistd.h>)
  return getpid();
#else
  return 1;
#endif
}

void put_number(std::uint8_t* to, std::uint32_t number) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
}

}  // namespace

Status Nonces::next(hal::Entropy& entropy, std::uint8_t (&nonce)[kNonceBytes]) {
  if (drawn_ && process_ != this_process()) return hal::fault(hal::Fault::kRefused);
  if (!drawn_ || counter_ == UINT32_MAX) {
    HANDSYNC_TRY(entropy.fill(std::as_writable_bytes(std::span(prefix_))));
    if (drawn_) counter_ = 0;
    process_ = this_process();
    drawn_ = true;
  }
  std::memcpy(nonce, prefix_, sizeof prefix_);
  put_number(nonce + sizeof prefix_, ++counter_);
  return Done{};
}

PageSealer::PageSealer() { mbedtls_chachapoly_init(&cipher_); }

PageSealer::~PageSealer() { forget(); }

Status PageSealer::set_key(const std::uint8_t (&key)[kKeyBytes]) {
  if (mbedtls_chachapoly_setkey(&cipher_, key) != 0) return hal::fault(hal::Fault::kRefused);
  has_key_ = true;
  return Done{};
}

void PageSealer::forget() {
  mbedtls_chachapoly_free(&cipher_);
  mbedtls_chachapoly_init(&cipher_);
  has_key_ = in_pieces_ = false;
}

bool PageSealer::seal(std::uint32_t page, const std::uint8_t (&nonce)[kNonceBytes], const std::uint8_t* plain,
                      std::uint8_t* sealed, std::uint32_t page_bytes) {
  in_pieces_ = false;
  if (!has_key_) return false;
  const std::uint32_t body = page_bytes - kReserveBytes;
  std::uint8_t number[4];
  put_number(number, page);
  std::memcpy(sealed + body, nonce, kNonceBytes);
  return mbedtls_chachapoly_encrypt_and_tag(&cipher_, body, nonce, number, sizeof number, plain, sealed,
                                            sealed + body + kNonceBytes) == 0;
}

bool PageSealer::open(std::uint32_t page, const std::uint8_t* sealed, std::uint8_t* plain, std::uint32_t page_bytes) {
  in_pieces_ = false;
  if (!has_key_) return false;
  const std::uint32_t body = page_bytes - kReserveBytes;
  std::uint8_t number[4], reserve[kReserveBytes];
  put_number(number, page);
  std::memcpy(reserve, sealed + body, kReserveBytes);
  const bool authentic = mbedtls_chachapoly_auth_decrypt(&cipher_, body, reserve, number, sizeof number,
                                                         reserve + kNonceBytes, sealed, plain) == 0;
  std::memset(plain + body, 0, kReserveBytes);
  return authentic;
}

bool PageSealer::begin(std::uint32_t page, const std::uint8_t (&nonce)[kNonceBytes], std::uint32_t page_bytes) {
  in_pieces_ = false;
  if (!has_key_) return false;
  std::uint8_t number[4];
  put_number(number, page);
  page_bytes_ = page_bytes;
  done_ = 0;
  std::memcpy(reserve_, nonce, kNonceBytes);
  in_pieces_ = mbedtls_chachapoly_starts(&cipher_, nonce, MBEDTLS_CHACHAPOLY_ENCRYPT) == 0 &&
               mbedtls_chachapoly_update_aad(&cipher_, number, sizeof number) == 0;
  return in_pieces_;
}

bool PageSealer::piece(const std::uint8_t* plain, std::uint8_t* sealed, std::uint32_t bytes) {
  const std::uint32_t body = page_bytes_ - kReserveBytes;
  if (!in_pieces_ || bytes > page_bytes_ - done_) return false;
  std::uint32_t in_body = done_ < body ? body - done_ : 0;
  if (in_body > bytes) in_body = bytes;
  if (in_body != 0) {
    in_pieces_ = mbedtls_chachapoly_update(&cipher_, in_body, plain, sealed) == 0;
    done_ += in_body;
    if (in_pieces_ && done_ == body) in_pieces_ = mbedtls_chachapoly_finish(&cipher_, reserve_ + kNonceBytes) == 0;
  }
  if (in_pieces_ && in_body < bytes) std::memcpy(sealed + in_body, reserve_ + (done_ - body), bytes - in_body);
  done_ += bytes - in_body;
  const bool good = in_pieces_;
  if (done_ == page_bytes_) in_pieces_ = false;
  return good;
}

}  // namespace handsync::storage
