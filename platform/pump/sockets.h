/// The few calls a host system has to offer so that the engine has a network: resolve, connect, send, close, wake, look
/// up. platform/asio implements them on POSIX; a port to lwIP or a simulator implements the same. Everything on one
/// thread (the engine's). No call reports from inside itself: events come later, from the host's loop.
#pragma once
#include <utility>

#include "handsync/base.h"

namespace handsync {

enum class SocketId : std::uint32_t {};  ///< never used again within a run; 0 = none
enum class NameId : std::uint32_t {};    ///< a resolve or an SRV query

struct Address {
  std::byte ip[16]{};  ///< network order; IPv4 uses the first four
  bool v6 = false;
  std::uint32_t scope = 0;  ///< IPv6 link-local only
};

/// What comes back. `Bytes` and spans are borrowed until the call returns.
class SocketEvents {
 public:
  virtual void resolved(NameId, std::span<const Address>,
                        Error) = 0;  ///< in order of preference; empty exactly with an error (kDns)
  virtual void connected(SocketId) = 0;
  virtual void received(SocketId, Bytes) = 0;  ///< at least one byte
  virtual void sent(SocketId) = 0;             ///< all of the last send() is handed over: its bytes are free again
  virtual void closed(
      SocketId, Error) = 0;  ///< kNone: the peer's orderly end; else kHttp. Also a connect that failed. The id is dead
  virtual void looked_up(NameId,
                         std::span<const Text> hosts) = 0;  ///< "host:port" in order of preference; empty = none
  virtual void woken() = 0;                                 ///< the time of wake_at() has come

 protected:
  ~SocketEvents() = default;
};

class Sockets {
 public:
  static constexpr std::size_t kLookUpsMax = 8;  ///< look_up() outstanding at once, at most
  virtual void attach(SocketEvents*) = 0;        ///< null: nobody; done once, before anything else
  virtual Instant now() const = 0;
  virtual void resolve(NameId, Text host) = 0;                             ///< a name or an address in text form
  virtual void look_up(NameId, Text srv_name) = 0;                         ///< DNS SRV
  virtual void forget(NameId) = 0;                                         ///< its answer is not wanted any more
  virtual void connect(SocketId, const Address&, std::uint16_t port) = 0;  ///< TCP, no time limit of its own, no Nagle
  virtual void send(
      SocketId,
      Bytes) = 0;  ///< one at a time: not before sent() of the last. Bytes stay valid until sent(), closed() or close()
  /// No further event for it. `last_words` (an alert, a good-bye) are sent if that takes no waiting; they are copied.
  virtual void close(SocketId, Bytes last_words) = 0;
  virtual void wake_at(std::uint64_t mono_ms) = 0;  ///< one timer; a new call replaces the old; UINT64_MAX = none

 protected:
  ~Sockets() = default;
};

/// For stacks that have no SRV records: every look-up is answered with "none", at the next poll.
class NoLookUps {
 public:
  void add(NameId id) { replace(NameId{}, id); }
  void forget(NameId id) { replace(id, NameId{}); }
  bool any() const {
    for (const NameId each : waiting_)
      if (each != NameId{}) return true;
    return false;
  }
  void answer(SocketEvents& events) {
    for (NameId& each : waiting_) {
      const NameId id = std::exchange(each, NameId{});
      if (id != NameId{}) events.looked_up(id, {});
    }
  }

 private:
  void replace(NameId from, NameId to) {
    for (NameId& each : waiting_) {
      if (each != from) continue;
      each = to;
      return;
    }
  }
  NameId waiting_[Sockets::kLookUpsMax]{};
};

}  // namespace handsync
