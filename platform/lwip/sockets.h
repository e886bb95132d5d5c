/// TCP sockets, names and one timer on lwIP's raw interface: the six calls of pump/sockets.h without an operating
/// system. Everything happens inside poll(), which the image's main loop calls; nothing waits. Memory is fixed. One
/// thread.
#pragma once
#include <lwip/ip_addr.h>
#include <lwip/tcp.h>

#include "pump/sockets.h"

namespace handsync::lwip {

class LwipSockets final : public Sockets {
 public:
  /// Two lanes an account and a connection that is still closing.
  static constexpr std::size_t kLinksMax = 5, kNamesMax = 4, kHostBytesMax = 253;

  explicit LwipSockets(Instant (*clock)()) : clock_(clock) {}
  LwipSockets(const LwipSockets&) = delete;
  LwipSockets& operator=(const LwipSockets&) = delete;

  /// Reports what has happened since the last call. The caller has fed lwIP before (driver and sys_check_timeouts).
  void poll();
  std::uint64_t wakes_at_ms() const { return wake_at_ms_; }

  void attach(SocketEvents* events) override { events_ = events; }
  Instant now() const override { return clock_(); }
  void resolve(NameId, Text host) override;
  void look_up(NameId, Text srv_name) override;  ///< lwIP has no SRV records: the answer is always "none"
  void forget(NameId) override;
  void connect(SocketId, const Address&, std::uint16_t port) override;
  void send(SocketId, Bytes) override;
  void close(SocketId, Bytes last_words) override;
  void wake_at(std::uint64_t mono_ms) override { wake_at_ms_ = mono_ms; }

 private:
  struct Link {
    LwipSockets* owner = nullptr;
    SocketId id{};  ///< none: free
    tcp_pcb* pcb = nullptr;
    pbuf* in = nullptr;      ///< received and not yet reported
    Bytes out;               ///< not yet taken by lwIP
    bool connected = false;  ///< to be reported
    bool sending = false;    ///< sent() is owed
    bool ended = false;      ///< the peer's end
    Error failed{};
  };
  struct Name {
    LwipSockets* owner = nullptr;
    NameId id{};
    bool ready = false, found = false;
    Address address;
    char host[kHostBytesMax + 1];
  };

  static err_t on_connected(void* link, tcp_pcb*, err_t);
  static err_t on_received(void* link, tcp_pcb*, pbuf*, err_t);
  static void on_error(void* link, err_t);
  static void on_name(const char*, const ip_addr_t*, void* name);

  Link* find(SocketId);
  Name* add_name(NameId);
  void push(Link&);
  void poll(Link&);
  void release(Link&);

  Instant (*clock_)();
  SocketEvents* events_ = nullptr;
  std::uint64_t wake_at_ms_ = UINT64_MAX;
  Link links_[kLinksMax];
  Name names_[kNamesMax];
  NoLookUps look_ups_;
};

}  // namespace handsync::lwip
