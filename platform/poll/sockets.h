/// TCP sockets, names and one timer on poll(2): the six calls of pump/sockets.h for the smallest host on Linux, without
/// threads, exceptions or the C++ run-time library. A name look-up waits inside the C library; platform/asio does not.
#pragma once
#include <poll.h>

#include "pump/sockets.h"

namespace handsync::posix {

class PollSockets final : public Sockets {
 public:
  static constexpr std::size_t kLinksMax = 8, kNamesMax = 4, kHostBytesMax = 253, kReadBytes = 4096;

  explicit PollSockets(Instant (*clock)()) : clock_(clock) {}
  ~PollSockets();
  PollSockets(const PollSockets&) = delete;
  PollSockets& operator=(const PollSockets&) = delete;

  /// Waits for an event, until `wake_ms` (mono_ms) at the latest, and reports what has happened.
  void run_once(std::uint64_t wake_ms);

  void attach(SocketEvents* events) override { events_ = events; }
  Instant now() const override { return clock_(); }
  void resolve(NameId, Text host) override;
  void look_up(NameId, Text srv_name) override;  ///< no SRV records: the answer is always "none"
  void forget(NameId) override;
  void connect(SocketId, const Address&, std::uint16_t port) override;
  void send(SocketId, Bytes) override;
  void close(SocketId, Bytes last_words) override;
  void wake_at(std::uint64_t mono_ms) override { wake_at_ms_ = mono_ms; }

 private:
  struct Link {
    SocketId id{};  ///< none: free
    int fd = -1;
    bool connecting = false, sending = false;
    Bytes out;
    Error failed{};
  };
  struct Name {
    NameId id{};
    char host[kHostBytesMax + 1];
  };

  Link* find(SocketId);
  Name* add_name(NameId);
  void answer_names();
  void events_of(Link&, short ready);
  void push(Link&);
  static void release(Link&);

  Instant (*clock_)();
  SocketEvents* events_ = nullptr;
  std::uint64_t wake_at_ms_ = UINT64_MAX;
  Link links_[kLinksMax];
  Name names_[kNamesMax];
  NoLookUps look_ups_;
};

}  // namespace handsync::posix
