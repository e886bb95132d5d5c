/// mbedTLS on the server's side: the configuration all connections share, and its session tickets.
#pragma once
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include <string>

#include "exchange/certificates.h"

namespace exchange {

class TlsServer {
 public:
  /// `ticket_key`: 32 bytes; the same key accepts tickets of an earlier run. `client_ca_pem`: clients have to show a
  /// certificate of this authority; empty = none is asked for. Throws std::runtime_error.
  TlsServer(const Identity& identity, const std::string& ticket_key, const std::string& client_ca_pem);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  const mbedtls_ssl_config* config() const { return &config_; }
  /// Did the handshake step since the last call take up a session from a ticket?
  bool take_resumed();
  static std::string new_ticket_key();

 private:
  static int write_ticket(void* self, const mbedtls_ssl_session* session, unsigned char* start,
                          const unsigned char* end, std::size_t* size, std::uint32_t* lifetime_s);
  static int parse_ticket(void* self, mbedtls_ssl_session* session, unsigned char* bytes, std::size_t size);

  mbedtls_entropy_context entropy_{};
  mbedtls_ctr_drbg_context random_{};
  mbedtls_x509_crt certificate_{}, client_ca_{};
  mbedtls_pk_context key_{};
  mbedtls_ssl_config config_{};
  std::string ticket_key_;
  bool resumed_ = false;
};

}  // namespace exchange
