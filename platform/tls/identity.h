/// What this device shows a server that asks for a client certificate (RFC 5246 7.4.6): the certificate, those between
/// it and its root, and its private key. Only a server whose own certificate has been verified gets to see it.
#pragma once
#include "handsync/base.h"
#include "tls/compat.h"
#include "tls/random.h"

namespace handsync::tls {

class Identity {
 public:
  Identity();
  ~Identity();  ///< overwrites the key
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;

  /// PEM each; the device's own certificate comes first. kBadIdentity: one of them cannot be read, the key wants a
  /// passphrase, or they do not belong together. Once.
  Status load(Bytes certificates, Bytes key, Random&);
  mbedtls_x509_crt* chain() { return &chain_; }
  mbedtls_pk_context* key() { return &key_; }

 private:
  mbedtls_x509_crt chain_;
  mbedtls_pk_context key_;
};

}  // namespace handsync::tls
