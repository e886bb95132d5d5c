#include "exchange/tls_server.h"

#include <mbedtls/gcm.h>
#include <mbedtls/version.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

namespace exchange {
namespace {

constexpr std::size_t kNonceBytes = 12, kTagBytes = 16, kKeyBytes = 32;
constexpr std::uint32_t kTicketLifetime = 86'400;

void check(int result, const char* what) {
  if (result != 0)
    throw std::runtime_error(std::string("TLS could not be set up: ") + what + " failed with " +
                             std::to_string(result));
}

class Gcm {
 public:
  explicit Gcm(const std::string& key) {
    mbedtls_gcm_init(&gcm_);
    mbedtls_gcm_setkey(&gcm_, MBEDTLS_CIPHER_ID_AES, reinterpret_cast<const unsigned char*>(key.data()), kKeyBytes * 8);
  }
  ~Gcm() { mbedtls_gcm_free(&gcm_); }
  Gcm(const Gcm&) = delete;
  Gcm& operator=(const Gcm&) = delete;
  mbedtls_gcm_context* get() { return &gcm_; }

 private:
  mbedtls_gcm_context gcm_{};
};

}  // namespace

TlsServer::TlsServer(const Identity& identity, const std::string& ticket_key, const std::string& client_ca_pem)
    : ticket_key_(ticket_key) {
  mbedtls_entropy_init(&entropy_);
  mbedtls_ctr_drbg_init(&random_);
  mbedtls_x509_crt_init(&certificate_);
  mbedtls_x509_crt_init(&client_ca_);
  mbedtls_pk_init(&key_);
  mbedtls_ssl_config_init(&config_);
  if (ticket_key_.size() != kKeyBytes)
    throw std::runtime_error("TLS could not be set up: the ticket key has not 32 bytes");
  check(mbedtls_ctr_drbg_seed(&random_, mbedtls_entropy_func, &entropy_, nullptr, 0), "seeding");
  const auto bytes = [](const std::string& pem) { return reinterpret_cast<const unsigned char*>(pem.c_str()); };
  check(mbedtls_x509_crt_parse(&certificate_, bytes(identity.server_pem), identity.server_pem.size() + 1),
        "the certificate");
#if MBEDTLS_VERSION_MAJOR >= 3
  check(mbedtls_pk_parse_key(&key_, bytes(identity.server_key_pem), identity.server_key_pem.size() + 1, nullptr, 0,
                             mbedtls_ctr_drbg_random, &random_),
        "the key");
#else
  check(mbedtls_pk_parse_key(&key_, bytes(identity.server_key_pem), identity.server_key_pem.size() + 1, nullptr, 0),
        "the key");
#endif
  check(mbedtls_ssl_config_defaults(&config_, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT),
        "the defaults");
  mbedtls_ssl_conf_rng(&config_, mbedtls_ctr_drbg_random, &random_);
  mbedtls_ssl_conf_min_version(&config_, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
  check(mbedtls_ssl_conf_own_cert(&config_, &certificate_, &key_), "the certificate with its key");
  if (!client_ca_pem.empty()) {
    check(mbedtls_x509_crt_parse(&client_ca_, bytes(client_ca_pem), client_ca_pem.size() + 1),
          "the authority of client certificates");
    mbedtls_ssl_conf_ca_chain(&config_, &client_ca_, nullptr);
    mbedtls_ssl_conf_authmode(&config_, MBEDTLS_SSL_VERIFY_REQUIRED);
  }
  mbedtls_ssl_conf_session_tickets_cb(&config_, write_ticket, parse_ticket, this);
}

TlsServer::~TlsServer() {
  mbedtls_ssl_config_free(&config_);
  mbedtls_pk_free(&key_);
  mbedtls_x509_crt_free(&client_ca_);
  mbedtls_x509_crt_free(&certificate_);
  mbedtls_ctr_drbg_free(&random_);
  mbedtls_entropy_free(&entropy_);
}

bool TlsServer::take_resumed() { return std::exchange(resumed_, false); }

std::string TlsServer::new_ticket_key() {
  mbedtls_entropy_context entropy;
  mbedtls_entropy_init(&entropy);
  std::string key(kKeyBytes, '\0');
  const int result = mbedtls_entropy_func(&entropy, reinterpret_cast<unsigned char*>(key.data()), key.size());
  mbedtls_entropy_free(&entropy);
  check(result, "the ticket key");
  return key;
}

// A ticket is nonce, sealed session, tag.
int TlsServer::write_ticket(void* self, const mbedtls_ssl_session* session, unsigned char* start,
                            const unsigned char* end, std::size_t* size, std::uint32_t* lifetime_s) {
  auto& server = *static_cast<TlsServer*>(self);
  const auto room = static_cast<std::size_t>(end - start);
  if (room < kNonceBytes + kTagBytes) return MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL;
  std::vector<unsigned char> plain(room - kNonceBytes - kTagBytes);
  std::size_t plain_size = 0;
  if (const int result = mbedtls_ssl_session_save(session, plain.data(), plain.size(), &plain_size); result != 0)
    return result;
  if (const int result = mbedtls_ctr_drbg_random(&server.random_, start, kNonceBytes); result != 0) return result;
  Gcm gcm(server.ticket_key_);
  const int result =
      mbedtls_gcm_crypt_and_tag(gcm.get(), MBEDTLS_GCM_ENCRYPT, plain_size, start, kNonceBytes, nullptr, 0,
                                plain.data(), start + kNonceBytes, kTagBytes, start + kNonceBytes + plain_size);
  *size = kNonceBytes + plain_size + kTagBytes;
  *lifetime_s = kTicketLifetime;
  return result;
}

int TlsServer::parse_ticket(void* self, mbedtls_ssl_session* session, unsigned char* bytes, std::size_t size) {
  auto& server = *static_cast<TlsServer*>(self);
  if (size < kNonceBytes + kTagBytes) return MBEDTLS_ERR_SSL_INVALID_MAC;
  const std::size_t sealed = size - kNonceBytes - kTagBytes;
  std::vector<unsigned char> plain(sealed);
  Gcm gcm(server.ticket_key_);
  if (mbedtls_gcm_auth_decrypt(gcm.get(), sealed, bytes, kNonceBytes, nullptr, 0, bytes + kNonceBytes + sealed,
                               kTagBytes, bytes + kNonceBytes, plain.data()) != 0) {
    return MBEDTLS_ERR_SSL_INVALID_MAC;
  }
  const int result = mbedtls_ssl_session_load(session, plain.data(), sealed);
  if (result == 0) server.resumed_ = true;
  return result;
}

}  // namespace exchange
