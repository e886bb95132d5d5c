/// Real TLS between the simulated phone and the server: the product's client, mbedTLS's server, bytes in memory. The
/// same seed makes the same bytes; what time it is both ends learn from the world.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "engine/sync/world.h"

namespace sim {

class TlsWire final : public handsync::test::Wire {
 public:
  explicit TlsWire(std::uint64_t seed);
  ~TlsWire();
  /// The phone has started: random numbers, tickets and connections of before are gone.
  void reboot(handsync::hal::Entropy&);

  handsync::Error to_server(const handsync::Send&, handsync::Instant, exchange::HttpRequest&) override;
  void to_phone(std::uint32_t id, exchange::HttpResponse&) override;

  std::function<void(std::string_view)> on_bytes;  ///< everything that passes, encrypted, in both directions
  std::uint64_t full = 0, resumed = 0;             ///< handshakes

 private:
  struct Connection;
  struct Ends;
  handsync::Error connect(Connection&, const handsync::Send&, handsync::Instant);
  handsync::Error shuttle(Connection&);
  std::unique_ptr<Ends> ends_;
  std::map<int, std::unique_ptr<Connection>> connections_;  // by lane
};

}  // namespace sim
