/// Random numbers for TLS: a CTR-DRBG seeded, and reseeded, from the device's entropy. One per carrier.
#pragma once
#include "handsync/hal/entropy.h"
#include "tls/compat.h"

namespace handsync::tls {

class Random {
 public:
  explicit Random(hal::Entropy&);
  ~Random();
  Random(const Random&) = delete;
  Random& operator=(const Random&) = delete;

  Status seed();  ///< at first use; ok at once when it has been done. kNoEntropy: try again later
  mbedtls_ctr_drbg_context* drbg() { return &drbg_; }

 private:
  hal::Entropy& entropy_;
  mbedtls_ctr_drbg_context drbg_;
  bool seeded_ = false;
};

}  // namespace handsync::tls
