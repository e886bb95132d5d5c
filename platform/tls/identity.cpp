#include "tls/identity.h"

#include <mbedtls/platform_util.h>

#include <cstdlib>
#include <cstring>

#include "tls/fault.h"

namespace handsync::tls {
namespace {

/// mbedTLS reads PEM only with a zero behind it; the copy holds a private key, so it is overwritten.
class Terminated {
 public:
  explicit Terminated(Bytes from)
      : size_(from.size() + 1), data_(static_cast<unsigned char*>(std::malloc(from.size() + 1))) {
    if (data_ == nullptr) return;
    if (!from.empty()) std::memcpy(data_, from.data(), from.size());
    data_[from.size()] = 0;
  }
  ~Terminated() {
    if (data_ == nullptr) return;
    mbedtls_platform_zeroize(data_, size_);
    std::free(data_);
  }
  Terminated(const Terminated&) = delete;
  Terminated& operator=(const Terminated&) = delete;
  const unsigned char* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_;
  unsigned char* data_;
};

}  // namespace

Identity::Identity() {
  mbedtls_x509_crt_init(&chain_);
  mbedtls_pk_init(&key_);
}

Identity::~Identity() {
  mbedtls_pk_free(&key_);
  mbedtls_x509_crt_free(&chain_);
}

Status Identity::load(Bytes certificates, Bytes key, Random& random) {
  HANDSYNC_TRY(random.seed());
  if (!compat::start()) return fault(Fault::kNoEntropy);
  const Terminated chain_text(certificates), key_text(key);
  if (chain_text.data() == nullptr || key_text.data() == nullptr) return out_of_memory(chain_text.size());
  // A count of certificates that were passed over is as bad as an error: half a chain is not what was given.
  int rc = mbedtls_x509_crt_parse(&chain_, chain_text.data(), chain_text.size());
  if (rc == MBEDTLS_ERR_X509_ALLOC_FAILED) return out_of_memory(chain_text.size());
  if (rc != 0) return fault(Fault::kBadIdentity);
  rc = compat::parse_key(key_, key_text.data(), key_text.size(), random.drbg());
  if (rc == MBEDTLS_ERR_PK_ALLOC_FAILED) return out_of_memory(key_text.size());
  if (rc != 0 || compat::check_pair(chain_.pk, key_, random.drbg()) != 0) return fault(Fault::kBadIdentity);
  return Done{};
}

}  // namespace handsync::tls
