/// Trust anchors, read piece by piece from a file of certificates: PEM among any other text, or one certificate in DER.
#pragma once
#include "handsync/hal/trust.h"
#include "tls/compat.h"

namespace handsync::tls {

/// The contents of a CA file that the host holds.
class MemoryTrust final : public hal::Trust {
 public:
  MemoryTrust() = default;
  explicit MemoryTrust(Bytes contents) : contents_(contents) {}
  Result<std::size_t> roots_pem(std::size_t offset, Room) override;

 private:
  Bytes contents_;
};

class Anchors {
 public:
  Anchors() { mbedtls_x509_crt_init(&chain_); }
  ~Anchors() { mbedtls_x509_crt_free(&chain_); }
  Anchors(const Anchors&) = delete;
  Anchors& operator=(const Anchors&) = delete;

  /// Reads all of it; certificates that do not parse are passed over, as one odd root must not make the others useless.
  /// kNoTrust: not one was found.
  Status load(hal::Trust&);
  void clear();
  bool loaded() const { return count_ != 0; }
  mbedtls_x509_crt* chain() { return &chain_; }
  /// Is this very certificate among them?
  bool holds(const mbedtls_x509_crt&) const;

 private:
  mbedtls_x509_crt chain_;
  std::size_t count_ = 0;
};

}  // namespace handsync::tls
