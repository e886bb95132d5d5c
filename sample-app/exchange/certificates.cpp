#include "exchange/certificates.h"

#include <mbedtls/bignum.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#include <array>
#include <ctime>
#include <stdexcept>

namespace exchange {
namespace {

constexpr std::time_t kDay = 86'400;

void check(int result, const char* what) {
  if (result < 0)
    throw std::runtime_error(std::string("a certificate could not be made: ") + what + " failed with " +
                             std::to_string(result));
}

class RandomSource {
 public:
  RandomSource() {
    mbedtls_entropy_init(&entropy_);
    mbedtls_ctr_drbg_init(&drbg_);
    check(mbedtls_ctr_drbg_seed(&drbg_, mbedtls_entropy_func, &entropy_, nullptr, 0), "seeding");
  }
  ~RandomSource() {
    mbedtls_ctr_drbg_free(&drbg_);
    mbedtls_entropy_free(&entropy_);
  }
  RandomSource(const RandomSource&) = delete;
  RandomSource& operator=(const RandomSource&) = delete;
  mbedtls_ctr_drbg_context* get() { return &drbg_; }

 private:
  mbedtls_entropy_context entropy_{};
  mbedtls_ctr_drbg_context drbg_{};
};

class Key {
 public:
  Key() { mbedtls_pk_init(&key_); }
  ~Key() { mbedtls_pk_free(&key_); }
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  void generate(RandomSource& random) {
    check(mbedtls_pk_setup(&key_, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)), "the key's type");
    check(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key_), mbedtls_ctr_drbg_random, random.get()),
          "the key");
  }
  void parse(const std::string& pem, [[maybe_unused]] RandomSource& random) {
    const auto* const bytes = reinterpret_cast<const unsigned char*>(pem.c_str());
#if MBEDTLS_VERSION_MAJOR >= 3
    check(mbedtls_pk_parse_key(&key_, bytes, pem.size() + 1, nullptr, 0, mbedtls_ctr_drbg_random, random.get()),
          "reading the key");
#else
    check(mbedtls_pk_parse_key(&key_, bytes, pem.size() + 1, nullptr, 0), "reading the key");
#endif
  }
  std::string pem() {
    std::array<unsigned char, 2048> buffer{};
    check(mbedtls_pk_write_key_pem(&key_, buffer.data(), buffer.size()), "writing the key");
    return reinterpret_cast<const char*>(buffer.data());
  }
  mbedtls_pk_context* get() { return &key_; }

 private:
  mbedtls_pk_context key_{};
};

std::string utc(std::time_t at) {
  std::tm parts{};
  gmtime_r(&at, &parts);
  std::array<char, 16> text{};
  std::strftime(text.data(), text.size(), "%Y%m%d%H%M%S", &parts);
  return text.data();
}

// SubjectAltName: SEQUENCE of [2] IA5String; names are short, so every length but the outer one is one byte.
std::string alternative_names(const std::vector<std::string>& names) {
  std::string inside;
  for (const std::string& name : names) {
    if (name.empty() || name.size() > 127) continue;
    inside += static_cast<char>(0x82);
    inside += static_cast<char>(name.size());
    inside += name;
  }
  std::string out("\x30", 1);
  if (inside.size() < 0x80) {
    out += static_cast<char>(inside.size());
  } else {
    out += static_cast<char>(0x82);
    out += static_cast<char>(inside.size() >> 8);
    out += static_cast<char>(inside.size() & 0xFF);
  }
  return out + inside;
}

struct Certificate {
  std::string subject, issuer;
  bool is_ca = false;
  std::vector<std::string> names;
  std::time_t from = 0, until = 0;
};

std::string sign(const Certificate& certificate, Key& subject_key, Key& issuer_key, RandomSource& random) {
  mbedtls_x509write_cert writer;
  mbedtls_x509write_crt_init(&writer);
  std::array<unsigned char, 4096> buffer{};
  try {
    mbedtls_x509write_crt_set_version(&writer, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&writer, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&writer, subject_key.get());
    mbedtls_x509write_crt_set_issuer_key(&writer, issuer_key.get());
    check(mbedtls_x509write_crt_set_subject_name(&writer, certificate.subject.c_str()), "the subject");
    check(mbedtls_x509write_crt_set_issuer_name(&writer, certificate.issuer.c_str()), "the issuer");
    std::array<unsigned char, 16> serial{};
    check(mbedtls_ctr_drbg_random(random.get(), serial.data(), serial.size()), "the serial number");
    serial[0] = static_cast<unsigned char>((serial[0] & 0x3F) | 0x40);  // positive, and never shorter
#if MBEDTLS_VERSION_MAJOR >= 3
    check(mbedtls_x509write_crt_set_serial_raw(&writer, serial.data(), serial.size()), "the serial number");
#else
    mbedtls_mpi number;
    mbedtls_mpi_init(&number);
    check(mbedtls_mpi_read_binary(&number, serial.data(), serial.size()), "the serial number");
    const int serial_set = mbedtls_x509write_crt_set_serial(&writer, &number);
    mbedtls_mpi_free(&number);
    check(serial_set, "the serial number");
#endif
    check(mbedtls_x509write_crt_set_validity(&writer, utc(certificate.from).c_str(), utc(certificate.until).c_str()),
          "the validity");
    check(mbedtls_x509write_crt_set_basic_constraints(&writer, certificate.is_ca ? 1 : 0, certificate.is_ca ? 0 : -1),
          "the constraints");
    check(mbedtls_x509write_crt_set_key_usage(&writer, certificate.is_ca
                                                           ? MBEDTLS_X509_KU_KEY_CERT_SIGN | MBEDTLS_X509_KU_CRL_SIGN
                                                           : MBEDTLS_X509_KU_DIGITAL_SIGNATURE),
          "the usage");
    check(mbedtls_x509write_crt_set_subject_key_identifier(&writer), "the key's name");
    check(mbedtls_x509write_crt_set_authority_key_identifier(&writer), "the issuer's name");
    if (!certificate.names.empty()) {
      const std::string names = alternative_names(certificate.names);
      check(mbedtls_x509write_crt_set_extension(&writer, MBEDTLS_OID_SUBJECT_ALT_NAME,
                                                MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), 0,
                                                reinterpret_cast<const unsigned char*>(names.data()), names.size()),
            "the names");
    }
    check(mbedtls_x509write_crt_pem(&writer, buffer.data(), buffer.size(), mbedtls_ctr_drbg_random, random.get()),
          "signing");
  } catch (...) {
    mbedtls_x509write_crt_free(&writer);
    throw;
  }
  mbedtls_x509write_crt_free(&writer);
  return reinterpret_cast<const char*>(buffer.data());
}

}  // namespace

Identity make_identity(const std::vector<std::string>& host_names, CertificateKind kind, Identity stored) {
  const std::time_t now = std::time(nullptr);
  RandomSource random;
  Identity identity = std::move(stored);
  const std::string ca_name = "CN=Embedded Exchange CA,O=Handsync";
  const auto make_ca = [&](Key& key, const std::string& name) {
    key.generate(random);
    return sign({name, name, true, {}, now - kDay, now + 3650 * kDay}, key, key, random);
  };
  Key ca_key, other_ca_key, server_key;
  if (identity.ca_pem.empty() || identity.ca_key_pem.empty()) {
    identity.ca_pem = make_ca(ca_key, ca_name);
    identity.ca_key_pem = ca_key.pem();
  } else {
    ca_key.parse(identity.ca_key_pem, random);
  }
  server_key.generate(random);
  identity.server_key_pem = server_key.pem();
  Certificate leaf{"CN=localhost,O=Handsync", ca_name, false, host_names, now - kDay, now + 825 * kDay};
  switch (kind) {
    case CertificateKind::kGood:
      break;
    case CertificateKind::kWrongName:
      leaf.subject = "CN=elsewhere.example,O=Handsync";
      leaf.names = {"elsewhere.example"};
      break;
    case CertificateKind::kExpired:
      leaf.from = now - 400 * kDay;
      leaf.until = now - 35 * kDay;
      break;
    case CertificateKind::kSelfSigned:
      leaf.issuer = leaf.subject;
      identity.server_pem = sign(leaf, server_key, server_key, random);
      return identity;
    case CertificateKind::kUnknownCa:
      leaf.issuer = "CN=Another CA,O=Elsewhere";
      make_ca(other_ca_key, leaf.issuer);
      identity.server_pem = sign(leaf, server_key, other_ca_key, random);
      return identity;
  }
  identity.server_pem = sign(leaf, server_key, ca_key, random);
  return identity;
}

}  // namespace exchange
