/// Sessions that may be resumed, in RAM: per account and origin, with what was once verified about the peer. A
/// ticket is offered only to the origin, the account and the level it came from, and not after the peer's certificate
/// has expired.
#pragma once
#include "handsync/base.h"
#include "handsync/profile.h"
#include "tls/compat.h"

namespace handsync::tls {

/// Which TLS parameters are accepted.
enum class Level : std::uint8_t { kModern, kLegacy };

struct Origin {
  std::uint16_t account = 0;
  FixedText<253> host;
  std::uint16_t port = 443;
  Level level = Level::kModern;
  bool operator==(const Origin&) const;
};

/// What survives a handshake. Resuming brings the same facts back: the server proves with the ticket that it is the
/// same one.
struct Peer {
  std::byte spki_sha256[32]{};
  std::int64_t expires_s = 0;  ///< end of the leaf's validity, seconds since 1970
};

class Tickets {
 public:
  Tickets() = default;
  ~Tickets();
  Tickets(const Tickets&) = delete;
  Tickets& operator=(const Tickets&) = delete;

  /// Keeps the session of an established connection; the oldest one makes room. Failing is harmless: the next handshake
  /// is full.
  void keep(const Origin&, const Peer&, const mbedtls_ssl_context&, std::int64_t now_s);
  /// Puts a kept session into a context before its handshake. False: there is none.
  bool offer(const Origin&, mbedtls_ssl_context&, Peer&, std::int64_t now_s);
  void drop(const Origin&);  ///< it did not work
  void forget(std::uint16_t account);

  /// Those of an account as bytes, to be kept over a restart under a seal and nowhere else: whoever reads them reads
  /// the traffic, and the library trusts what it is given back. 0 = there is none. What does not fit is left out.
  std::size_t save(std::uint16_t account, Room) const;
  /// Takes back what save() gave; what is not that, or of another library, is left out.
  void load(std::uint16_t account, Bytes);

 private:
  struct Entry {
    bool used = false;
    Origin origin;
    Peer peer;
    std::int64_t kept_s = 0;
    std::uint64_t order = 0;
    mbedtls_ssl_session session;
  };
  void release(Entry&);
  Entry& place_for(const Origin&);

  static constexpr std::size_t kEntries = profile::kTlsSessionsMax;
  static constexpr std::int64_t kAgeMax_s = 24 * 3600;
  Entry entries_[kEntries];
  std::uint64_t order_ = 0;
};

}  // namespace handsync::tls
