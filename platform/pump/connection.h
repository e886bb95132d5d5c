/// One lane: a kept-alive connection with the request it carries and those that wait for it.
#pragma once
#include <memory>

#include "handsync/profile.h"
#include "http/cookies.h"
#include "http/response.h"
#include "pump/carrier.h"
#include "pump/request.h"
#include "tls/session.h"

namespace handsync {

/// "HOST:PORT:ADDR:PORT".
struct Detour {
  FixedText<253> host, address;
  std::uint16_t port = 0, to_port = 0;
};

/// What all lanes share.
struct Hub {
  static constexpr std::size_t kDetoursMax = profile::kDetoursMax, kFailuresMax = 32;

  Hub(Sockets& sockets_in, Listener& listener_in, hal::Entropy& entropy, hal::Trust* roots_in)
      : sockets(sockets_in), listener(listener_in), random(entropy), roots(roots_in) {}
  /// Reports a failure, or keeps it for the next turn while an effect is being taken.
  void fail(RequestId, Error);
  /// Reports what was kept.
  void report();

  Sockets& sockets;
  Listener& listener;
  tls::Random random;
  tls::Tickets tickets;
  hal::Trust* roots;
  Trace* trace = nullptr;
  std::uint32_t socket_last = 0, name_last = 0;
  Detour detours[kDetoursMax];
  std::size_t detour_count = 0;
  bool in_effect = false;
  struct Failure {
    RequestId id{};
    Error error{};
  } failures[kFailuresMax];
  std::size_t failure_count = 0;
};

/// What the two lanes of an account share.
struct AccountLanes;

class Connection final : private tls::Sink, private http::ResponseSink {
 public:
  static constexpr std::size_t kWaitingMax = 8;
  /// Shorter than the 120 s after which IIS closes an idle connection, and than most address translators forget one.
  static constexpr std::uint64_t kIdleMax_ms = 110'000;

  Connection(Hub&, AccountLanes&);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void add(Request*);      ///< takes it over
  bool cancel(RequestId);  ///< false: not one of these
  void abandon();          ///< drops requests and connection without a word
  void close_if_idle();
  bool idle() const { return request_ == nullptr && waiting_ == nullptr; }
  bool closed_and_idle() const { return idle() && state_ == State::kClosed; }
  bool idle_for(const Send&) const;  ///< it stands, carries nothing, and leads where this request goes
  std::uint64_t wake_at() const;

  bool is(NameId id) const { return id == name_ && name_ != NameId{}; }
  bool is(SocketId id) const { return id == socket_ && socket_ != SocketId{}; }
  void resolved(std::span<const Address>, Error);
  void connected();
  void received(Bytes);
  void sent();
  void closed(Error);
  void woken();

 private:
  enum class State : std::uint8_t { kClosed, kResolving, kConnecting, kHandshaking, kOpen };

  // From the layers below, while bytes are being fed.
  Status plaintext(Bytes) override;
  Status head(int http_status, std::span<const http::Field>) override;
  Status body(Bytes) override;
  Status end() override;

  void start_next();
  bool leads_to(Text host, std::uint16_t port, bool tls, TlsLevel) const;
  void dial();
  void try_next_address();
  void opened();
  void begin_sending();
  void push_out();
  Status fill_stage();
  void broken(Error);
  void ended(bool orderly, Error);
  bool retry();
  void finish();
  void fail(Error);
  void close_socket();
  Request* take_request();
  std::uint64_t now_ms() const { return hub_.sockets.now().mono_ms; }
  bool all_sent() const { return head_at_ == head_.size() && body_at_ == request_->body_bytes && stage_bytes_ == 0; }

  Hub& hub_;
  AccountLanes& account_;
  State state_ = State::kClosed;
  Request* request_ = nullptr;
  Request* waiting_ = nullptr;

  tls::Origin origin_;  ///< of the connection that stands or is being made
  bool tls_ = true;
  tls::Session* session_ = nullptr;
  NameId name_{};
  SocketId socket_{};
  static constexpr std::size_t kAddressesMax = 8;
  Address addresses_[kAddressesMax];
  std::size_t address_count_ = 0, address_next_ = 0;
  std::uint16_t to_port_ = 0;
  Error last_error_{};

  http::Buffer head_;  ///< of the request under way
  std::size_t head_at_ = 0;
  std::uint64_t body_at_ = 0;
  std::byte stage_[tls::Session::kWriteMax];  ///< plaintext on its way out
  std::size_t stage_bytes_ = 0;
  std::size_t sending_bytes_ = 0;  ///< handed to the socket, not yet reported sent
  http::Response response_;
  bool reused_ = false;  ///< the connection has carried a request before the one under way
  bool stray_ = false;   ///< bytes came that nobody asked for

  std::uint64_t connect_at_ms_ = UINT64_MAX, attempt_at_ms_ = UINT64_MAX, silence_at_ms_ = UINT64_MAX,
                total_at_ms_ = UINT64_MAX, idle_at_ms_ = UINT64_MAX;
};

struct AccountLanes {
  AccountLanes(Hub& hub, AccountId account) : id(account), one(hub, *this), other(hub, *this) {}
  Connection& lane(Lane which) { return (which == Lane::kWait) != swapped ? one : other; }
  /// Each lane has one of the two connections. What a Ping has announced is fetched over the connection that it waited
  /// on, and the next Ping waits there: a lane whose connection is closed takes the other's, if that one stands and
  /// carries nothing.
  Connection& lane_for(const Send&);

  /// Reads the account's CA file at the time it is needed, as it is then.
  struct Ca final : hal::Trust {
    Result<std::size_t> roots_pem(std::size_t offset, Room room) override {
      return tls::MemoryTrust(bytes_of(file.view())).roots_pem(offset, room);
    }
    http::Buffer file;
  };

  AccountId id;
  Ca ca;
  bool own_ca = false;  ///< then nothing else is trusted, even if there was no memory to keep the file
  std::unique_ptr<tls::Identity> identity;  ///< outlives the lanes' sessions
  http::CookieJar cookies;
  Counters counters;
  Connection one, other;
  bool swapped = false;
  AccountLanes* next = nullptr;
};

}  // namespace handsync
