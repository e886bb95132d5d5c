// Certificates made on the spot and a TLS server on bytes: what the client's tests talk to. Keeps state, checks
// nothing.
#pragma once
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/x509_crt.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "handsync/hal/entropy.h"

namespace rig {

inline void must(int rc, const char* what) {
  if (rc != 0) throw std::runtime_error(std::string(what) + ": " + std::to_string(rc));
}

struct Random {
  Random() {
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&drbg);
#ifdef RIG_SEED
    restart(RIG_SEED);
#else
    must(mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy, nullptr, 0), "seed");
#endif
  }
  /// The same numbers from here on whenever the seed is the same.
  void restart(std::uint64_t seed) {
    mbedtls_ctr_drbg_free(&drbg);
    mbedtls_ctr_drbg_init(&drbg);
    state = seed;
    must(mbedtls_ctr_drbg_seed(&drbg, next, this, nullptr, 0), "seed");
  }
  static int next(void* self, unsigned char* out, std::size_t bytes) {
    for (auto& state = static_cast<Random*>(self)->state; bytes > 0; --bytes) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      *out++ = static_cast<unsigned char>(state >> 56);
    }
    return 0;
  }
  ~Random() {
    mbedtls_ctr_drbg_free(&drbg);
    mbedtls_entropy_free(&entropy);
  }
  static Random& it() {
    static Random random;
    return random;
  }
  mbedtls_entropy_context entropy;
  mbedtls_ctr_drbg_context drbg;
  std::uint64_t state = 0;
};

struct Entropy final : handsync::hal::Entropy {
  handsync::Status fill(handsync::Room room) override {
    if (broken) return handsync::Error{handsync::Domain::kHal, 1, 0};
    must(mbedtls_ctr_drbg_random(&Random::it().drbg, reinterpret_cast<unsigned char*>(room.data()), room.size()),
         "random");
    return handsync::Done{};
  }
  bool broken = false;
};

struct Key {
  explicit Key(int rsa_bits = 0) {
    mbedtls_pk_init(&pk);
    auto& drbg = Random::it().drbg;
    if (rsa_bits == 0) {
      must(mbedtls_pk_setup(&pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)), "pk");
      must(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(pk), mbedtls_ctr_drbg_random, &drbg), "ec key");
    } else {
      must(mbedtls_pk_setup(&pk, mbedtls_pk_info_from_type(MBEDTLS_PK_RSA)), "pk");
      must(mbedtls_rsa_gen_key(mbedtls_pk_rsa(pk), mbedtls_ctr_drbg_random, &drbg, static_cast<unsigned>(rsa_bits),
                               65537),
           "rsa key");
    }
  }
  ~Key() { mbedtls_pk_free(&pk); }
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  mbedtls_pk_context pk;
};

// Making keys is the slow part: each kind once per program.
inline Key& ca_key() {
  static Key key;
  return key;
}
inline Key& server_key() {
  static Key key;
  return key;
}
inline Key& rsa_key(int bits) {
  static Key weak(1024), good(2048);
  return bits == 1024 ? weak : good;
}

struct Spec {
  std::string name = "mail.example.com";
  std::vector<std::string> dns = {"mail.example.com"};
  std::vector<std::string> ips;  // four or sixteen raw bytes each
  std::string issuer = "Test CA";
  Key* key = &server_key();
  Key* issuer_key = &ca_key();
  const char* from = "20250101000000";
  const char* to = "20350101000000";
  mbedtls_md_type_t md = MBEDTLS_MD_SHA256;
  bool ca = false;
};

inline std::string san_der(const Spec& spec) {
  std::string names;
  const auto add = [&names](unsigned char tag, const std::string& value) {
    names += static_cast<char>(tag);
    names += static_cast<char>(value.size());
    names += value;
  };
  for (const auto& name : spec.dns) add(0x82, name);
  for (const auto& ip : spec.ips) add(0x87, ip);
  if (names.size() > 127) throw std::runtime_error("too many names");
  return std::string("\x30") + static_cast<char>(names.size()) + names;
}

// PEM of one certificate.
inline std::string make(const Spec& spec) {
  mbedtls_x509write_cert writer;
  mbedtls_x509write_crt_init(&writer);
  mbedtls_x509write_crt_set_version(&writer, MBEDTLS_X509_CRT_VERSION_3);
  mbedtls_mpi serial;
  mbedtls_mpi_init(&serial);
  static int last_serial = 0;
  must(mbedtls_mpi_lset(&serial, ++last_serial), "serial");
  must(mbedtls_x509write_crt_set_serial(&writer, &serial), "serial");
  mbedtls_mpi_free(&serial);
  must(mbedtls_x509write_crt_set_validity(&writer, spec.from, spec.to), "validity");
  must(mbedtls_x509write_crt_set_subject_name(&writer, ("CN=" + spec.name).c_str()), "subject");
  must(mbedtls_x509write_crt_set_issuer_name(&writer, ("CN=" + spec.issuer).c_str()), "issuer");
  mbedtls_x509write_crt_set_subject_key(&writer, &spec.key->pk);
  mbedtls_x509write_crt_set_issuer_key(&writer, &spec.issuer_key->pk);
  mbedtls_x509write_crt_set_md_alg(&writer, spec.md);
  must(mbedtls_x509write_crt_set_basic_constraints(&writer, spec.ca, -1), "constraints");
  if (!spec.dns.empty() || !spec.ips.empty()) {
    const std::string san = san_der(spec);
    must(mbedtls_x509write_crt_set_extension(&writer, "\x55\x1d\x11", 3, 0,
                                             reinterpret_cast<const unsigned char*>(san.data()), san.size()),
         "san");
  }
  unsigned char pem[4096];
  must(mbedtls_x509write_crt_pem(&writer, pem, sizeof pem, mbedtls_ctr_drbg_random, &Random::it().drbg), "write");
  mbedtls_x509write_crt_free(&writer);
  return reinterpret_cast<char*>(pem);
}

inline const std::string& ca_pem() {
  static const std::string pem = [] {
    Spec spec;
    spec.name = "Test CA";
    spec.dns.clear();
    spec.key = &ca_key();
    spec.ca = true;
    return make(spec);
  }();
  return pem;
}

// Made before the first test, so that no test is said to leak it.
inline const bool kReady = !ca_pem().empty();

// 2026-11-25, inside the default validity.
constexpr std::int64_t kNow_ms = 1'795'600'000'000;

struct ServerSettings {
  std::string chain;  // PEM, leaf first
  Key* key = &server_key();
  std::vector<int> suites;
  std::string client_ca;     // PEM: clients have to show a certificate of this authority
  std::size_t dhe_bits = 0;  // 0 = mbedTLS's own group
  int minor_min = MBEDTLS_SSL_MINOR_VERSION_3, minor_max = MBEDTLS_SSL_MINOR_VERSION_3;
};

// What outlives one connection: certificate, tickets.
struct ServerContext {
  explicit ServerContext(ServerSettings settings_in) : settings(std::move(settings_in)) {
    mbedtls_ssl_config_init(&config);
    mbedtls_x509_crt_init(&chain);
    mbedtls_x509_crt_init(&client_ca);
    mbedtls_ssl_ticket_init(&tickets);
    must(mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                     MBEDTLS_SSL_PRESET_DEFAULT),
         "defaults");
    must(mbedtls_x509_crt_parse(&chain, reinterpret_cast<const unsigned char*>(settings.chain.c_str()),
                                settings.chain.size() + 1),
         "chain");
    auto& drbg = Random::it().drbg;
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &drbg);
    mbedtls_ssl_conf_min_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, settings.minor_min);
    mbedtls_ssl_conf_max_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, settings.minor_max);
    must(mbedtls_ssl_conf_own_cert(&config, &chain, &settings.key->pk), "own cert");
    if (!settings.client_ca.empty()) {
      must(mbedtls_x509_crt_parse(&client_ca, reinterpret_cast<const unsigned char*>(settings.client_ca.c_str()),
                                  settings.client_ca.size() + 1),
           "client CA");
      mbedtls_ssl_conf_ca_chain(&config, &client_ca, nullptr);
      mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
    }
    if (settings.dhe_bits != 0) use_group(settings.dhe_bits);
    if (!settings.suites.empty()) {
      settings.suites.push_back(0);
      mbedtls_ssl_conf_ciphersuites(&config, settings.suites.data());
    }
    must(mbedtls_ssl_ticket_setup(&tickets, mbedtls_ctr_drbg_random, &drbg, MBEDTLS_CIPHER_AES_256_GCM, 86400),
         "tickets");
    mbedtls_ssl_conf_session_tickets_cb(&config, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &tickets);
    mbedtls_ssl_conf_sni(&config, on_sni, this);
  }
  ~ServerContext() {
    mbedtls_ssl_config_free(&config);
    mbedtls_x509_crt_free(&chain);
    mbedtls_x509_crt_free(&client_ca);
    mbedtls_ssl_ticket_free(&tickets);
  }
  void use_group(std::size_t bits) {
    mbedtls_mpi prime;
    mbedtls_mpi_init(&prime);
    must(mbedtls_mpi_gen_prime(&prime, bits, 0, mbedtls_ctr_drbg_random, &Random::it().drbg), "prime");
    std::vector<unsigned char> bytes(bits / 8);
    must(mbedtls_mpi_write_binary(&prime, bytes.data(), bytes.size()), "prime");
    mbedtls_mpi_free(&prime);
    const unsigned char generator = 2;
    must(mbedtls_ssl_conf_dh_param_bin(&config, bytes.data(), bytes.size(), &generator, 1), "group");
  }
  static int on_sni(void* self, mbedtls_ssl_context*, const unsigned char* name, std::size_t bytes) {
    static_cast<ServerContext*>(self)->sni.assign(reinterpret_cast<const char*>(name), bytes);
    return 0;
  }
  ServerSettings settings;
  mbedtls_ssl_config config;
  mbedtls_x509_crt chain, client_ca;
  mbedtls_ssl_ticket_context tickets;
  std::string sni;  // as the last client sent it
};

class Server {
 public:
  explicit Server(ServerContext& context) {
    mbedtls_ssl_init(&ssl_);
    must(mbedtls_ssl_setup(&ssl_, &context.config), "setup");
    mbedtls_ssl_set_bio(&ssl_, this, send, receive, nullptr);
  }
  ~Server() { mbedtls_ssl_free(&ssl_); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Takes ciphertext; plaintext is added to `plain`, answers to `out`.
  void feed(const std::string& bytes) {
    in_ += bytes;
    if (error != 0) return;
    if (!up) {
      const int rc = mbedtls_ssl_handshake(&ssl_);
      if (rc == MBEDTLS_ERR_SSL_WANT_READ) return;
      if (rc != 0) {
        error = rc;
        return;
      }
      up = true;
    }
    for (;;) {
      unsigned char room[4096];
      const int rc = mbedtls_ssl_read(&ssl_, room, sizeof room);
      if (rc == MBEDTLS_ERR_SSL_WANT_READ) return;
      if (rc <= 0) {
        error = rc;
        closed = rc == 0 || rc == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY;
        return;
      }
      plain.append(reinterpret_cast<char*>(room), static_cast<std::size_t>(rc));
    }
  }
  void say(const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
      const int rc =
          mbedtls_ssl_write(&ssl_, reinterpret_cast<const unsigned char*>(text.data()) + at, text.size() - at);
      if (rc <= 0) throw std::runtime_error("server write " + std::to_string(rc));
      at += static_cast<std::size_t>(rc);
    }
  }
  // The common name that the client's certificate carries; empty: none was shown.
  std::string client_name() const {
    const mbedtls_x509_crt* shown = mbedtls_ssl_get_peer_cert(&ssl_);
    if (shown == nullptr) return {};
    const auto& name = shown->subject.val;
    return std::string(reinterpret_cast<const char*>(name.p), name.len);
  }
  void say_goodbye() { mbedtls_ssl_close_notify(&ssl_); }
  void renegotiate() { must(mbedtls_ssl_renegotiate(&ssl_), "renegotiate"); }
  std::string take() { return std::exchange(out, {}); }

  std::string out, plain;
  bool up = false, closed = false;
  int error = 0;

 private:
  static int send(void* self, const unsigned char* data, std::size_t bytes) {
    static_cast<Server*>(self)->out.append(reinterpret_cast<const char*>(data), bytes);
    return static_cast<int>(bytes);
  }
  static int receive(void* self, unsigned char* room, std::size_t bytes) {
    auto& in = static_cast<Server*>(self)->in_;
    if (in.empty()) return MBEDTLS_ERR_SSL_WANT_READ;
    const std::size_t taken = std::min(bytes, in.size());
    in.copy(reinterpret_cast<char*>(room), taken);
    in.erase(0, taken);
    return static_cast<int>(taken);
  }
  mbedtls_ssl_context ssl_;
  std::string in_;
};

}  // namespace rig
