#include "tls/random.h"

#include "tls/fault.h"

namespace handsync::tls {
namespace {

int fill(void* self, unsigned char* out, std::size_t bytes) {
  auto& entropy = *static_cast<hal::Entropy*>(self);
  return entropy.fill(std::as_writable_bytes(std::span(out, bytes))).ok() ? 0
                                                                          : MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED;
}

}  // namespace

Random::Random(hal::Entropy& entropy) : entropy_(entropy) { mbedtls_ctr_drbg_init(&drbg_); }
Random::~Random() { mbedtls_ctr_drbg_free(&drbg_); }

Status Random::seed() {
  if (seeded_) return Done{};
  static const unsigned char kPurpose[] = "handsync tls";
  if (mbedtls_ctr_drbg_seed(&drbg_, fill, &entropy_, kPurpose, sizeof kPurpose - 1) != 0) {
    mbedtls_ctr_drbg_free(&drbg_);
    mbedtls_ctr_drbg_init(&drbg_);
    return fault(Fault::kNoEntropy);
  }
  seeded_ = true;
  return Done{};
}

}  // namespace handsync::tls
