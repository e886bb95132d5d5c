/// TCP sockets, names and one timer on an io_context.
#pragma once
#include <array>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "asio/srv.h"
#include "pump/sockets.h"

namespace handsync {

/// A timer at a time of CLOCK_BOOTTIME. Asio's clock stands still in suspend, so long sleeps are cut short and measured
/// again.
class Alarm {
 public:
  Alarm(asio::io_context&, std::function<void()> rings);
  void set(std::uint64_t at_ms);  ///< UINT64_MAX = never; in the past = from the loop's next turn

 private:
  void arm();
  asio::steady_timer timer_;
  std::function<void()> rings_;
  std::uint64_t at_ms_ = UINT64_MAX;
};

std::uint64_t boottime_ms();

class PosixSockets final : public Sockets {
 public:
  PosixSockets(asio::io_context&, std::function<Instant()> now);
  ~PosixSockets();

  void attach(SocketEvents* events) override { events_ = events; }
  Instant now() const override { return now_(); }
  void resolve(NameId, Text host) override;
  void look_up(NameId, Text srv_name) override;
  void forget(NameId) override;
  void connect(SocketId, const Address&, std::uint16_t port) override;
  void send(SocketId, Bytes) override;
  void close(SocketId, Bytes last_words) override;
  void wake_at(std::uint64_t mono_ms) override { alarm_.set(mono_ms); }

 private:
  struct Link;
  struct Mailbox;
  void read(std::shared_ptr<Link>);
  void end(const std::shared_ptr<Link>&, const std::error_code&);
  void found(NameId, const std::vector<Address>&, Error);

  asio::io_context& context_;
  std::function<Instant()> now_;
  SocketEvents* events_ = nullptr;
  Alarm alarm_;
  SrvResolver srv_;
  std::shared_ptr<Mailbox> mailbox_;
  std::unordered_map<std::uint32_t, std::shared_ptr<Link>> links_;
  std::unordered_set<std::uint32_t> names_;  ///< asked for and not forgotten
};

}  // namespace handsync
