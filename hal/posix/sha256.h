/// SHA-256 under one set of names: mbedTLS 3 has dropped the suffix that 2.28 has.
#pragma once
#include <mbedtls/sha256.h>
#include <mbedtls/version.h>

#include <cstddef>

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
inline int mbedtls_sha256_starts_ret(mbedtls_sha256_context* state, int is224) {
  return mbedtls_sha256_starts(state, is224);
}
inline int mbedtls_sha256_update_ret(mbedtls_sha256_context* state, const unsigned char* in, std::size_t size) {
  return mbedtls_sha256_update(state, in, size);
}
inline int mbedtls_sha256_finish_ret(mbedtls_sha256_context* state, unsigned char* out) {
  return mbedtls_sha256_finish(state, out);
}
inline int mbedtls_sha256_ret(const unsigned char* in, std::size_t size, unsigned char* out, int is224) {
  return mbedtls_sha256(in, size, out, is224);
}
#endif
