#include "tls/session.h"

#include <algorithm>
#include <cstring>

#include "tls/calendar.h"
#include "tls/fault.h"

namespace handsync::tls {
namespace {

// ChaCha20 first: on devices without AES instructions, and in mbedTLS even with them, it is the faster one.
constexpr int kModernSuites[] = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
                                 MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
                                 MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                                 MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
                                 MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                                 MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                                 0};
constexpr int kLegacySuites[] = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
                                 MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
                                 MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                                 MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
                                 MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                                 MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                                 MBEDTLS_TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
                                 MBEDTLS_TLS_DHE_RSA_WITH_AES_256_GCM_SHA384,
                                 MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
                                 MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
                                 MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384,
                                 MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384,
                                 MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
                                 MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
                                 MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
                                 MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
                                 0};

// RSA of 2048 bits and more, SHA-2, NIST curves; every key type that mbedTLS knows.
constexpr mbedtls_x509_crt_profile kProfile = {
    MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256) | MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA384) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA512),
    0xFFFFFFF,
    MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1) | MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP384R1) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP521R1),
    2048,
};

constexpr unsigned kDiffieHellmanBitsMin = 2048;

std::int64_t seconds_of(const mbedtls_x509_time& time) {
  const std::int64_t days = days_since_1970(time.year, time.mon, time.day);
  return days * 86400 + time.hour * 3600 + time.min * 60 + time.sec;
}

bool is_out_of_memory(int rc) {
  constexpr int kMpi = 0x0010, kAsn1 = 0x006A;
  return rc == MBEDTLS_ERR_SSL_ALLOC_FAILED || rc == MBEDTLS_ERR_X509_ALLOC_FAILED ||
         rc == MBEDTLS_ERR_PK_ALLOC_FAILED || rc == MBEDTLS_ERR_MD_ALLOC_FAILED || rc == MBEDTLS_ERR_ECP_ALLOC_FAILED ||
         (-rc & 0x7F) == kMpi || (-rc & 0x7F) == kAsn1;
}

bool names_this_address(const mbedtls_x509_crt& certificate, Bytes ip) {
  constexpr int kIpAddress = 7;  // GeneralName [7], RFC 5280 4.2.1.6
  for (const auto* name = &certificate.subject_alt_names; name != nullptr; name = name->next) {
    if (name->buf.p == nullptr || (name->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK) != kIpAddress) continue;
    if (name->buf.len == ip.size() && std::memcmp(name->buf.p, ip.data(), ip.size()) == 0) return true;
  }
  return false;
}

bool is_printable_name(Text host) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

Fault fault_of(std::uint32_t flags, bool self_signed) {
  if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) return self_signed ? Fault::kSelfSigned : Fault::kUntrusted;
  if (flags & (MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY)) {
    return Fault::kWeakCertificate;
  }
  if (flags & MBEDTLS_X509_BADCERT_EXPIRED) return Fault::kExpired;
  if (flags & MBEDTLS_X509_BADCERT_FUTURE) return Fault::kNotYetValid;
  if (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) return Fault::kWrongName;
  return Fault::kBadCertificate;
}

}  // namespace

Session::Session(Random& random, Tickets& tickets, hal::Trust* trust, Identity* identity)
    : random_(random), tickets_(tickets), trust_(trust), identity_(identity) {
  mbedtls_ssl_config_init(&config_);
  mbedtls_ssl_init(&ssl_);
}

Session::~Session() {
  mbedtls_ssl_free(&ssl_);
  mbedtls_ssl_config_free(&config_);
}

const char* Session::suite() const { return mbedtls_ssl_get_ciphersuite(&ssl_); }

Status Session::open(const Origin& origin, std::int64_t wall_ms) {
  if (!is_printable_name(origin.host.view())) return failed_ = fault(Fault::kWrongName);
  origin_ = origin;
  wall_s_ = wall_ms / 1000;
  HANDSYNC_TRY(random_.seed());
  if (!compat::start()) return failed_ = fault(Fault::kNoEntropy);
  int rc = mbedtls_ssl_config_defaults(&config_, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                       MBEDTLS_SSL_PRESET_DEFAULT);
  if (rc != 0) return failed_ = explain(rc);
  compat::tls_1_2_only(config_);
  compat::algorithms(config_);
  mbedtls_ssl_conf_ciphersuites(&config_, origin.level == Level::kLegacy ? kLegacySuites : kModernSuites);
  mbedtls_ssl_conf_cert_profile(&config_, &kProfile);
  compat::limits(config_, kDiffieHellmanBitsMin);
  mbedtls_ssl_conf_authmode(&config_, MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_ssl_conf_verify(&config_, on_certificate, this);
  mbedtls_ssl_conf_rng(&config_, mbedtls_ctr_drbg_random, random_.drbg());
  mbedtls_ssl_conf_session_tickets(&config_, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
  if (identity_ != nullptr) {
    rc = mbedtls_ssl_conf_own_cert(&config_, identity_->chain(), identity_->key());
    if (rc != 0) return failed_ = explain(rc);
  }
  rc = mbedtls_ssl_setup(&ssl_, &config_);
  if (rc != 0) return failed_ = explain(rc);

  ip_bytes_ = static_cast<std::uint8_t>(parse_address(origin.host.view(), ip_));
  char name[254];
  std::memcpy(name, origin.host.view().data(), origin.host.view().size());
  name[origin.host.view().size()] = '\0';
  // An address is never announced by SNI and matches iPAddress entries only: judge() does that. A name is mbedTLS's to
  // check.
  rc = mbedtls_ssl_set_hostname(&ssl_, ip_bytes_ != 0 ? nullptr : name);
  if (rc != 0) return failed_ = explain(rc);
  mbedtls_ssl_set_bio(&ssl_, this, bio_send, bio_receive, nullptr);
  offered_ = tickets_.offer(origin_, ssl_, peer_, wall_s_);
  return shake();
}

int Session::bio_send(void* self, const unsigned char* data, std::size_t bytes) {
  auto& me = *static_cast<Session*>(self);
  if (me.out_begin_ == me.out_end_) me.out_begin_ = me.out_end_ = 0;
  me.asked_ = me.asked_ || compat::is_certificate(me.ssl_, data, bytes);
  const std::size_t taken = std::min(bytes, sizeof me.out_ - me.out_end_);
  if (taken == 0) return MBEDTLS_ERR_SSL_WANT_WRITE;
  std::memcpy(me.out_ + me.out_end_, data, taken);
  me.out_end_ += taken;
  return static_cast<int>(taken);
}

int Session::bio_receive(void* self, unsigned char* room, std::size_t bytes) {
  auto& me = *static_cast<Session*>(self);
  if (me.in_.empty()) return MBEDTLS_ERR_SSL_WANT_READ;
  const std::size_t taken = std::min(bytes, me.in_.size());
  std::memcpy(room, me.in_.data(), taken);
  me.in_ = me.in_.subspan(taken);
  return static_cast<int>(taken);
}

Status Session::sent(std::size_t bytes) {
  out_begin_ += std::min(bytes, out_end_ - out_begin_);
  if (!blocked_ || out_begin_ != out_end_) return Done{};
  return failed_ ? Status(failed_) : shake();
}

int Session::on_certificate(void* self, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags) {
  static_cast<Session*>(self)->judge(*certificate, depth, *flags);
  return 0;
}

/// Called from the chain's top down to the leaf (depth 0), after mbedTLS has set its flags for this certificate.
void Session::judge(const mbedtls_x509_crt& certificate, int depth, std::uint32_t& flags) {
  // mbedTLS looked at the system's clock; what counts is the time this session was told.
  flags &= ~static_cast<std::uint32_t>(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
  const std::int64_t from_s = seconds_of(certificate.valid_from), to_s = seconds_of(certificate.valid_to);
  if (wall_s_ > to_s) flags |= MBEDTLS_X509_BADCERT_EXPIRED;
  if (wall_s_ < from_s) flags |= MBEDTLS_X509_BADCERT_FUTURE;

  if (depth > 0) {
    // Whether a missing issuer matters is known only at the leaf, which may itself be one of the anchors.
    if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) chain_unknown_ = true;
    flags &= ~static_cast<std::uint32_t>(MBEDTLS_X509_BADCERT_NOT_TRUSTED);
  } else {
    if (chain_unknown_) flags |= MBEDTLS_X509_BADCERT_NOT_TRUSTED;
    if (anchors_.holds(certificate)) flags &= ~static_cast<std::uint32_t>(MBEDTLS_X509_BADCERT_NOT_TRUSTED);
    self_signed_ = certificate.issuer_raw.len == certificate.subject_raw.len &&
                   std::memcmp(certificate.issuer_raw.p, certificate.subject_raw.p, certificate.issuer_raw.len) == 0;
    if (ip_bytes_ != 0 && !names_this_address(certificate, {ip_, ip_bytes_})) flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    peer_.expires_s = to_s;
    const mbedtls_md_info_t* sha256 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    if (mbedtls_md(sha256, certificate.pk_raw.p, certificate.pk_raw.len,
                   reinterpret_cast<unsigned char*>(peer_.spki_sha256)) != 0) {
      flags |= MBEDTLS_X509_BADCERT_OTHER;
    }
    judged_ = true;
  }
  flags_ |= flags;
}

Status Session::shake() {
  while (compat::state(ssl_) != MBEDTLS_SSL_HANDSHAKE_OVER) {
    const bool certificate_next = compat::state(ssl_) == MBEDTLS_SSL_SERVER_CERTIFICATE;
    if (certificate_next && !anchors_.loaded()) {
      if (trust_ == nullptr) return failed_ = fault(Fault::kNoTrust);
      if (auto loaded = anchors_.load(*trust_); !loaded.ok()) return failed_ = loaded.error();
      mbedtls_ssl_conf_ca_chain(&config_, anchors_.chain(), nullptr);
    }
    const int rc = mbedtls_ssl_handshake_step(&ssl_);
    if (judged_ && anchors_.loaded() && compat::state(ssl_) != MBEDTLS_SSL_SERVER_CERTIFICATE) {
      mbedtls_ssl_conf_ca_chain(&config_, nullptr, nullptr);
      anchors_.clear();
    }
    blocked_ = rc == MBEDTLS_ERR_SSL_WANT_WRITE;
    if (rc == MBEDTLS_ERR_SSL_WANT_READ || blocked_) return Done{};
    if (rc != 0) {
      failed_ = explain(rc);
      if (offered_) tickets_.drop(origin_);
      return failed_;
    }
  }
  return finish();
}

Status Session::finish() {
  // A kept session was verified when it was made and belongs to this very origin and account. Everything else must have
  // shown its certificate now.
  const bool good = mbedtls_ssl_get_verify_result(&ssl_) == 0 && flags_ == 0 && (judged_ || offered_);
  if (!good) return failed_ = fault(Fault::kNotVerified, flags_);
  handshake_ = judged_ ? Handshake::kFull : Handshake::kResumed;
  tickets_.keep(origin_, peer_, ssl_, wall_s_);
  return Done{};
}

Status Session::feed(Bytes ciphertext, Sink& sink) {
  if (failed_) return failed_;
  in_ = ciphertext;
  if (!established()) HANDSYNC_TRY(shake());
  while (established() && !peer_closed_) {
    std::byte room[profile::kPassingBytes];
    const int rc = mbedtls_ssl_read(&ssl_, reinterpret_cast<unsigned char*>(room), sizeof room);
    if (rc > 0) {
      if (auto taken = sink.plaintext({room, static_cast<std::size_t>(rc)}); !taken.ok()) {
        in_ = {};
        return failed_ = taken.error();
      }
      continue;
    }
    if (rc == MBEDTLS_ERR_SSL_WANT_READ) break;
    if (rc == 0 || rc == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
      peer_closed_ = true;
      break;
    }
    in_ = {};
    return failed_ = explain(rc);
  }
  in_ = {};
  return Done{};
}

Result<std::size_t> Session::write(Bytes plaintext) {
  if (failed_) return failed_;
  if (!established()) return fault(Fault::kNotVerified);
  if (out_begin_ != out_end_ || plaintext.empty()) return std::size_t{0};
  const std::size_t bytes = std::min(plaintext.size(), kWriteMax);
  const int rc = mbedtls_ssl_write(&ssl_, reinterpret_cast<const unsigned char*>(plaintext.data()), bytes);
  if (rc < 0) return failed_ = explain(rc);
  return static_cast<std::size_t>(rc);
}

void Session::close() {
  // No room left for it, or a broken session: then there is nothing to say good-bye with, and nothing depends on it.
  if (established() && !failed_) (void)mbedtls_ssl_close_notify(&ssl_);
}

bool Session::wants_certificate() const { return !established() && identity_ == nullptr && asked_; }

Error Session::cut() const { return fault(wants_certificate() ? Fault::kWantsCertificate : Fault::kCut); }

Error Session::explain(int rc) const {
  if (is_out_of_memory(rc)) return out_of_memory();
  constexpr std::uint8_t kHandshakeFailure = 40, kProtocolVersion = 70, kInsufficientSecurity = 71;
  constexpr std::uint32_t kNoResult = 0xFFFFFFFF;
  // What mbedTLS found beyond the chain (curve, key usage) is in its own result only.
  const std::uint32_t result = mbedtls_ssl_get_verify_result(&ssl_);
  const std::uint32_t flags = flags_ | (judged_ && result != kNoResult ? result : 0);
  if (rc == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED || (rc == compat::kBadCertificate && flags != 0)) {
    return fault(fault_of(flags, self_signed_), flags);
  }
  if (rc == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
    const std::uint8_t alert = compat::alert(ssl_);
    const bool nothing_in_common =
        !established() && (alert == kHandshakeFailure || alert == kProtocolVersion || alert == kInsufficientSecurity);
    if (wants_certificate()) return fault(Fault::kWantsCertificate, alert);
    return fault(nothing_in_common ? Fault::kWeakServer : Fault::kAlert, alert);
  }
  if (rc == compat::kBadVersion && !established()) return fault(Fault::kWeakServer);
  // The legacy set has the only suites in which the server chooses a group by its numbers.
  if (rc == compat::kBadKeyExchange && origin_.level == Level::kLegacy) return fault(Fault::kWeakServer);
  return Error{Domain::kTls, rc, flags};
}

}  // namespace handsync::tls
