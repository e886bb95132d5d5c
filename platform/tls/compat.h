/// One source for mbedTLS 2.28 and 3.6: everything that differs between them stands here and nowhere else.
#pragma once
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/error.h>
#include <mbedtls/md.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#include <cstddef>
#include <cstdint>
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#include <psa/crypto.h>
#endif

namespace handsync::tls::compat {

#if MBEDTLS_VERSION_NUMBER >= 0x03000000

#define HANDSYNC_MBEDTLS_PRIVATE(member) MBEDTLS_PRIVATE(member)
constexpr int kBadCertificate = MBEDTLS_ERR_SSL_BAD_CERTIFICATE;
constexpr int kBadVersion = MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION;
constexpr int kBadKeyExchange = MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER;  ///< a Diffie-Hellman group that is too small

/// The PSA layer below 3.x; calling it again does nothing.
inline bool start() { return psa_crypto_init() == PSA_SUCCESS; }

inline void tls_1_2_only(mbedtls_ssl_config& config) {
  mbedtls_ssl_conf_min_tls_version(&config, MBEDTLS_SSL_VERSION_TLS1_2);
  mbedtls_ssl_conf_max_tls_version(&config, MBEDTLS_SSL_VERSION_TLS1_2);
}

/// Groups for ECDHE and hashes for handshake signatures; static storage, as mbedTLS keeps the pointers.
inline void algorithms(mbedtls_ssl_config& config) {
  static const std::uint16_t kGroups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_X25519, MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
                                          MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
  static const std::uint16_t kSignatures[] = {MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
                                              MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
                                              MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512,
                                              MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
                                              MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,
                                              MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
                                              MBEDTLS_TLS1_3_SIG_NONE};
  mbedtls_ssl_conf_groups(&config, kGroups);
  mbedtls_ssl_conf_sig_algs(&config, kSignatures);
}

inline int parse_key(mbedtls_pk_context& key, const unsigned char* pem, std::size_t bytes,
                     mbedtls_ctr_drbg_context* drbg) {
  return mbedtls_pk_parse_key(&key, pem, bytes, nullptr, 0, mbedtls_ctr_drbg_random, drbg);
}
inline int check_pair(const mbedtls_pk_context& shown, const mbedtls_pk_context& key, mbedtls_ctr_drbg_context* drbg) {
  return mbedtls_pk_check_pair(&shown, &key, mbedtls_ctr_drbg_random, drbg);
}

#else

#define HANDSYNC_MBEDTLS_PRIVATE(member) member
constexpr int kBadCertificate = MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE;
constexpr int kBadVersion = MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION;
constexpr int kBadKeyExchange = MBEDTLS_ERR_SSL_BAD_HS_SERVER_KEY_EXCHANGE;

inline bool start() { return true; }

inline void tls_1_2_only(mbedtls_ssl_config& config) {
  mbedtls_ssl_conf_min_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
  mbedtls_ssl_conf_max_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
}

inline void algorithms(mbedtls_ssl_config& config) {
  static const mbedtls_ecp_group_id kGroups[] = {MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_SECP256R1,
                                                 MBEDTLS_ECP_DP_SECP384R1, MBEDTLS_ECP_DP_NONE};
  static const int kHashes[] = {MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA512, MBEDTLS_MD_NONE};
  mbedtls_ssl_conf_curves(&config, kGroups);
  mbedtls_ssl_conf_sig_hashes(&config, kHashes);
}

inline int parse_key(mbedtls_pk_context& key, const unsigned char* pem, std::size_t bytes, mbedtls_ctr_drbg_context*) {
  return mbedtls_pk_parse_key(&key, pem, bytes, nullptr, 0);
}
inline int check_pair(const mbedtls_pk_context& shown, const mbedtls_pk_context& key, mbedtls_ctr_drbg_context*) {
  return mbedtls_pk_check_pair(&shown, &key);
}

#endif

/// Parameters that a small build of the library leaves out together with what they limit.
inline void limits(mbedtls_ssl_config& config, unsigned diffie_hellman_bits_min) {
#if defined(MBEDTLS_DHM_C)
  mbedtls_ssl_conf_dhm_min_bitlen(&config, diffie_hellman_bits_min);
#else
  (void)diffie_hellman_bits_min;
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION)
  mbedtls_ssl_conf_renegotiation(&config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
  (void)config;
}

inline int state(const mbedtls_ssl_context& ssl) { return ssl.HANDSYNC_MBEDTLS_PRIVATE(state); }

/// Whether this record of the client's is its Certificate, which it sends when the server has asked for one. 3.x keeps
/// to itself that it has.
inline bool is_certificate(const mbedtls_ssl_context& ssl, const unsigned char* record, std::size_t bytes) {
  return state(ssl) <= MBEDTLS_SSL_CLIENT_KEY_EXCHANGE && bytes > 5 && record[0] == MBEDTLS_SSL_MSG_HANDSHAKE &&
         record[5] == MBEDTLS_SSL_HS_CERTIFICATE;
}

/// The description byte of a fatal alert; only right after MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE.
inline std::uint8_t alert(const mbedtls_ssl_context& ssl) {
  const unsigned char* message = ssl.HANDSYNC_MBEDTLS_PRIVATE(in_msg);
  return message != nullptr ? message[1] : 0;
}

}  // namespace handsync::tls::compat
