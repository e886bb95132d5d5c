/// Carries requests out and answers back: per account two lanes, each one kept-alive connection of HTTP/1.1 over TLS
/// over six socket calls. Engine thread only. It never calls the Listener from inside begin(), cancel() or look_up():
/// whatever is found wrong there is reported from the loop's next turn. Memory is bounded: no body is ever held whole.
#pragma once
#include "handsync/hal/entropy.h"
#include "handsync/hal/trust.h"
#include "pump/listener.h"
#include "pump/sockets.h"
#include "pump/trace.h"

namespace handsync {

/// On the wire, since the carrier was made.
struct Counters {
  std::uint64_t connections = 0;  ///< TCP connections that came up
  std::uint64_t handshakes_full = 0, handshakes_resumed = 0;
  std::uint64_t bytes_in = 0, bytes_out = 0;  ///< ciphertext
  std::uint64_t requests = 0, retries = 0;    ///< retries: sent again because a kept-alive connection turned out dead
};

class Carrier final : private SocketEvents {
 public:
  /// `roots`: the system's trusted roots, read during a full handshake of an account without a CA file and then let go;
  /// null = none.
  Carrier(Sockets&, Listener&, hal::Entropy&, hal::Trust* roots = nullptr);
  ~Carrier();
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;

  // -- effects -------------------------------------------------------------------------------------------------------
  void begin(
      const Send&);  ///< copies the head; pulls the body as the socket takes it. Waits in order when the lane is busy
  void cancel(RequestId);  ///< nothing more is reported for it; its connection is closed
  void look_up(const LookUp&);

  // -- per account, set by the host before the account's first request -----------------------------------------------
  /// The account's own trust anchors: contents of a PEM (or one DER) file, copied. Empty = the system's roots. Drops
  /// the account's tickets and idle connections. After an error the account trusts nobody, not the system's roots.
  Status set_trust(AccountId, Bytes ca_file);
  /// Client certificate (with its chain) and private key, PEM each, shown to servers of this account that ask for one.
  /// Parsed and kept in RAM until forget(). Empty = none. An error changes nothing; kLaneFull: a request is under way.
  Status set_identity(AccountId, Bytes certificates, Bytes key);
  /// The account's TLS sessions, to be kept over a restart under the account's key and nowhere else. 0 = none.
  std::size_t save_tickets(AccountId, Room) const;
  void load_tickets(AccountId, Bytes);  ///< after set_trust and set_identity, which drop them
  /// Closes the account's connections, fails its requests silently, and forgets its tickets, cookies and trust.
  void forget(AccountId);

  // -- for the whole carrier -----------------------------------------------------------------------------------------
  /// Connections to host:port go to address:to_port instead; names and certificates are still checked against host.
  /// Empty host or port 0 = any (as in curl); empty address or port 0 = unchanged. Not a reason to open anything yet.
  Status connect_to(Text host, std::uint16_t port, Text address, std::uint16_t to_port);
  Status connect_to(
      Text curl_style);    ///< "HOST:PORT:ADDR:PORT"; IPv6 addresses in brackets. An error: not of that form
  void set_trace(Trace*);  ///< null = none
  void network_changed();  ///< connections that carry no request are closed: they belong to another network
  void close_idle();       ///< says good-bye on all connections that carry no request (before the program ends)
  bool idle() const;       ///< no request is under way or waits

  Counters counters() const;  ///< of all accounts
  Counters counters(AccountId) const;

 private:
  struct Impl;

  void resolved(NameId, std::span<const Address>, Error) override;
  void connected(SocketId) override;
  void received(SocketId, Bytes) override;
  void sent(SocketId) override;
  void closed(SocketId, Error) override;
  void looked_up(NameId, std::span<const Text>) override;
  void woken() override;

  Impl* impl_ = nullptr;
};

}  // namespace handsync
