/// What can go wrong in TLS, as small positive codes of Domain::kTls. A negative code is mbedTLS's own number,
/// unchanged. `Error::where` holds mbedTLS's X.509 verify flags for certificate faults, the alert's number for
/// kWeakServer and kAlert.
#pragma once
#include "handsync/base.h"

namespace handsync::tls {

enum class Fault : std::int32_t {
  kUntrusted = 1,  ///< the chain ends at a CA that is not trusted: give the CA file, or ask the administrator
  kSelfSigned =
      2,  ///< the server's certificate is signed by itself and not trusted: give it as CA file if it is the right one
  kExpired = 3,      ///< a certificate of the chain has expired: the administrator renews it (or this clock is ahead)
  kNotYetValid = 4,  ///< a certificate is not valid yet: most often this device's clock is behind
  kWrongName = 5,    ///< the certificate is for another host name
  kWeakCertificate = 6,  ///< RSA below 2048 bits, SHA-1 or older, or an unaccepted curve
  kWeakServer =
      7,  ///< no common version or cipher suite: the server offers only what is refused here (see TlsLevel::kLegacy)
  kBadCertificate = 8,  ///< any other reason in the verify flags: wrong key usage, revoked, damaged
  kNoTrust = 9,         ///< the CA file, or the system's store, holds no certificate
  kNotVerified = 10,    ///< data was to be sent before the peer was verified: a fault of the caller; nothing was sent
  kNoEntropy = 11,      ///< the random source failed or is not seeded yet
  kCut = 12,    ///< the peer closed the connection within the handshake, or without close_notify where that matters
  kAlert = 13,  ///< the server ended the handshake with an alert that none of the above explains
  kBadIdentity = 14,       ///< the client certificate or its key: not PEM, a passphrase is wanted, or not a pair
  kWantsCertificate = 15,  ///< the server ended the handshake after asking for a client certificate; there is none
};

constexpr Error fault(Fault code, std::uint32_t where = 0) {
  return Error{Domain::kTls, static_cast<std::int32_t>(code), where};
}

}  // namespace handsync::tls
