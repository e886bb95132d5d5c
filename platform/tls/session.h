/// One TLS client connection on bytes: ciphertext in, plaintext out, and the reverse. It knows no socket: whoever owns
/// one feeds what arrives and sends what is pending. Host name, chain and validity are always checked; there is no way
/// to leave that out. Nothing is accepted for sending before the peer has been verified. One thread. BCP 195 (RFC
/// 9325), RFC 5246, RFC 5077.
#pragma once
#include "handsync/hal/trust.h"
#include "handsync/profile.h"
#include "tls/anchors.h"
#include "tls/identity.h"
#include "tls/random.h"
#include "tls/tickets.h"

namespace handsync::tls {

/// Takes decrypted bytes. An error stops the session at once and is what feed() returns.
class Sink {
 public:
  virtual Status plaintext(Bytes) = 0;

 protected:
  ~Sink() = default;
};

enum class Handshake : std::uint8_t { kRunning, kFull, kResumed };

class Session {
 public:
  static constexpr std::size_t kWriteMax = profile::kTlsWriteBytes;  ///< plaintext taken by one write(): one record

  /// `trust` is read only if the server presents a certificate (not when a session is resumed) and let go right after.
  /// `identity`: shown when the server asks for a client certificate; null = none. Must outlive the session.
  Session(Random&, Tickets&, hal::Trust* trust, Identity* identity = nullptr);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Once, first. Afterwards pending() holds the first flight. `wall_ms`: certificates and tickets are judged at this
  /// time.
  Status open(const Origin&, std::int64_t wall_ms);
  /// Ciphertext as it came, any size; all of it is used up. On an error pending() may hold an alert worth sending.
  Status feed(Bytes ciphertext, Sink&);
  /// Encrypts up to kWriteMax bytes; the number taken, 0 = send what is pending first. kNotVerified before the
  /// handshake's end.
  Result<std::size_t> write(Bytes plaintext);
  void close();  ///< adds a close_notify to what is pending

  Bytes pending() const { return {out_ + out_begin_, out_end_ - out_begin_}; }  ///< valid until the next call
  /// This much of pending() has left. In the handshake there may be more to send then, as after feed().
  Status sent(std::size_t bytes);

  bool established() const { return handshake_ != Handshake::kRunning; }
  Handshake handshake() const { return handshake_; }
  bool tried_resuming() const {
    return offered_ && !judged_;
  }                                                  ///< a kept session was offered and no certificate was shown since
  bool peer_closed() const { return peer_closed_; }  ///< a close_notify came: what was received before is complete
  /// What it means that the peer has closed the connection now.
  Error cut() const;
  const Peer& peer() const { return peer_; }  ///< when established, also when resumed
  const char* suite() const;

 private:
  static int bio_send(void* self, const unsigned char* data, std::size_t bytes);
  static int bio_receive(void* self, unsigned char* room, std::size_t bytes);
  static int on_certificate(void* self, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags);
  void judge(const mbedtls_x509_crt& certificate, int depth, std::uint32_t& flags);
  Status shake();
  Status finish();
  bool wants_certificate() const;
  Error explain(int rc) const;

  Random& random_;
  Tickets& tickets_;
  hal::Trust* trust_;
  Identity* identity_;
  mbedtls_ssl_config config_;
  mbedtls_ssl_context ssl_;
  Anchors anchors_;
  Origin origin_;
  Peer peer_;
  std::int64_t wall_s_ = 0;
  std::byte ip_[16]{};
  std::uint8_t ip_bytes_ = 0;  ///< not 0: the host is an address literal
  Bytes in_;
  std::uint32_t flags_ = 0;  ///< of all certificates, after judge()
  bool chain_unknown_ =
      false;              ///< an intermediate has no trusted issuer; the leaf may still be one of the anchors itself
  bool asked_ = false;    ///< the server wants a client certificate
  bool judged_ = false;   ///< the leaf was judged in this handshake, its name included
  bool offered_ = false;  ///< a kept session was offered
  bool self_signed_ = false;
  bool peer_closed_ = false;
  bool blocked_ = false;  ///< a message of the handshake waits for room in out_
  Handshake handshake_ = Handshake::kRunning;
  Error failed_{};
  // An encrypted record of kWriteMax bytes with its header, nonce or padding and tag, and an alert behind it.
  std::byte out_[kWriteMax + 512];
  std::size_t out_begin_ = 0, out_end_ = 0;
};

/// An IPv4 or IPv6 literal (without brackets) as 4 or 16 bytes in network order; 0 = it is a name.
std::size_t parse_address(Text host, std::byte (&out)[16]);

}  // namespace handsync::tls
