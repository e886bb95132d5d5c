#include "pump/connection.h"

#include <algorithm>
#include <new>

#include "http/fault.h"
#include "tls/fault.h"

namespace handsync {
namespace {

constexpr std::uint32_t kConnectDefault_s = 60;
constexpr std::uint64_t kNever = UINT64_MAX;

std::uint64_t after(std::uint64_t now_ms, std::uint32_t seconds) {
  return seconds == 0 ? kNever : now_ms + std::uint64_t{seconds} * 1000;
}

}  // namespace

void Hub::fail(RequestId id, Error error) {
  if (in_effect && failure_count < kFailuresMax) {
    failures[failure_count++] = {id, error};
    return;
  }
  if (trace != nullptr) trace->ended(id, error);
  listener.failed(id, error, sockets.now());
}

void Hub::report() {
  Failure now[kFailuresMax];
  const std::size_t count = std::exchange(failure_count, 0);
  std::copy_n(failures, count, now);
  for (std::size_t i = 0; i < count; ++i) fail(now[i].id, now[i].error);
}

Connection::Connection(Hub& hub, AccountLanes& account) : hub_(hub), account_(account), response_(*this) {}
Connection::~Connection() { abandon(); }

// -- requests --------------------------------------------------------------------------------------------------------

void Connection::add(Request* request) {
  std::size_t count = 0;
  Request** last = &waiting_;
  for (; *last != nullptr; last = &(*last)->next) ++count;
  if (count >= kWaitingMax) {
    hub_.fail(request->id, http::fault(http::Fault::kLaneFull));
    delete request;
    return;
  }
  *last = request;
  start_next();
}

bool Connection::cancel(RequestId id) {
  if (request_ != nullptr && request_->id == id) {
    close_socket();
    if (hub_.trace != nullptr) hub_.trace->ended(id, http::fault(http::Fault::kCancelled));
    delete take_request();
    start_next();
    return true;
  }
  for (Request** at = &waiting_; *at != nullptr; at = &(*at)->next) {
    if ((*at)->id != id) continue;
    Request* gone = *at;
    *at = gone->next;
    delete gone;
    return true;
  }
  return false;
}

void Connection::abandon() {
  close_socket();
  delete take_request();
  while (waiting_ != nullptr) {
    Request* next = waiting_->next;
    delete waiting_;
    waiting_ = next;
  }
}

void Connection::close_if_idle() {
  if (request_ == nullptr) close_socket();
}

Request* Connection::take_request() {
  total_at_ms_ = silence_at_ms_ = kNever;
  response_.start();
  return std::exchange(request_, nullptr);
}

void Connection::start_next() {
  while (request_ == nullptr && waiting_ != nullptr) {
    request_ = waiting_;
    waiting_ = request_->next;
    request_->next = nullptr;
    total_at_ms_ = after(now_ms(), request_->total_s);
    http::Buffer cookies;
    const std::int64_t wall_s = hub_.sockets.now().wall_ms / 1000;
    if (request_->tls &&
        !account_.cookies.write(request_->host(), request_->port, request_->target(), wall_s, cookies)) {
      fail(out_of_memory());
      continue;
    }
    if (auto written = request_->write(cookies.view(), head_); !written.ok()) {
      fail(written.error());
      continue;
    }
    ++account_.counters.requests;
    if (leads_to(request_->host(), request_->port, request_->tls, request_->tls_level)) {
      reused_ = true;
      begin_sending();
    } else {
      close_socket();
      dial();
    }
  }
}

/// May the connection that stands carry a request to there?
bool Connection::leads_to(Text host, std::uint16_t port, bool tls, TlsLevel tls_level) const {
  const tls::Level level = tls_level == TlsLevel::kLegacy ? tls::Level::kLegacy : tls::Level::kModern;
  return state_ == State::kOpen && tls_ == tls && origin_.port == port && origin_.level == level &&
         http::same_text(origin_.host.view(), host) && now_ms() < idle_at_ms_;
}

bool Connection::idle_for(const Send& send) const {
  return idle() && leads_to(send.host, send.port, send.tls, send.tls_level);
}

Connection& AccountLanes::lane_for(const Send& send) {
  const Lane beside = send.lane == Lane::kWait ? Lane::kWork : Lane::kWait;
  if (lane(send.lane).closed_and_idle() && lane(beside).idle_for(send)) swapped = !swapped;
  return lane(send.lane);
}

// -- connecting ------------------------------------------------------------------------------------------------------

void Connection::dial() {
  origin_.account = static_cast<std::uint16_t>(account_.id);
  origin_.port = request_->port;
  origin_.level = request_->tls_level == TlsLevel::kLegacy ? tls::Level::kLegacy : tls::Level::kModern;
  tls_ = request_->tls;
  reused_ = stray_ = false;
  if (!origin_.host.assign(request_->host())) return fail(http::fault(http::Fault::kBadRequest));
  Text where = request_->host();
  to_port_ = request_->port;
  for (std::size_t i = 0; i < hub_.detour_count; ++i) {
    const Detour& detour = hub_.detours[i];
    if (!detour.host.empty() && !http::same_text(detour.host.view(), request_->host())) continue;
    if (detour.port != 0 && detour.port != request_->port) continue;
    if (!detour.address.empty()) where = detour.address.view();
    if (detour.to_port != 0) to_port_ = detour.to_port;
    break;
  }
  connect_at_ms_ = after(now_ms(), request_->connect_s == 0 ? kConnectDefault_s : request_->connect_s);
  state_ = State::kResolving;
  name_ = NameId{++hub_.name_last};
  hub_.sockets.resolve(name_, where);
}

void Connection::resolved(std::span<const Address> found, Error error) {
  name_ = NameId{};
  if (error || found.empty()) return fail(error ? error : http::fault(http::DnsFault::kNoSuchName));
  address_count_ = std::min(found.size(), kAddressesMax);
  std::copy_n(found.begin(), address_count_, addresses_);
  address_next_ = 0;
  last_error_ = http::fault(http::Fault::kUnreachable);
  try_next_address();
}

void Connection::try_next_address() {
  if (address_next_ == address_count_) return fail(last_error_);
  const std::uint64_t now = now_ms();
  const std::uint64_t left_ms = connect_at_ms_ > now ? connect_at_ms_ - now : 0;
  // An address that swallows packets must leave time for the others.
  attempt_at_ms_ = now + left_ms / (address_count_ - address_next_);
  state_ = State::kConnecting;
  socket_ = SocketId{++hub_.socket_last};
  hub_.sockets.connect(socket_, addresses_[address_next_++], to_port_);
}

void Connection::connected() {
  ++account_.counters.connections;
  attempt_at_ms_ = kNever;
  if (!tls_) return opened();
  state_ = State::kHandshaking;
  hal::Trust* trust = account_.own_ca ? &account_.ca : hub_.roots;
  session_ = new (std::nothrow) tls::Session(hub_.random, hub_.tickets, trust, account_.identity.get());
  if (session_ == nullptr) return fail(out_of_memory(sizeof(tls::Session)));
  if (auto begun = session_->open(origin_, hub_.sockets.now().wall_ms); !begun.ok()) return fail(begun.error());
  push_out();
}

void Connection::opened() {
  state_ = State::kOpen;
  connect_at_ms_ = kNever;
  if (session_ != nullptr) {
    const bool full = session_->handshake() == tls::Handshake::kFull;
    ++(full ? account_.counters.handshakes_full : account_.counters.handshakes_resumed);
  }
  begin_sending();
}

// -- out -------------------------------------------------------------------------------------------------------------

void Connection::begin_sending() {
  response_.start(request_->method() == "HEAD");
  head_at_ = stage_bytes_ = 0;
  body_at_ = 0;
  idle_at_ms_ = kNever;
  silence_at_ms_ = after(now_ms(), request_->silence_s);
  if (hub_.trace != nullptr) {
    hub_.trace->request_head(request_->id, account_.id, request_->label(), request_->host(), head_.view());
  }
  push_out();
}

/// Head and body as far as they fit: a small request leaves as one record and one segment.
Status Connection::fill_stage() {
  const std::size_t head_bytes = std::min(head_.size() - head_at_, sizeof stage_ - stage_bytes_);
  std::memcpy(stage_ + stage_bytes_, head_.view().data() + head_at_, head_bytes);
  head_at_ += head_bytes;
  stage_bytes_ += head_bytes;
  while (head_at_ == head_.size() && body_at_ < request_->body_bytes && stage_bytes_ < sizeof stage_) {
    const auto wanted = static_cast<std::size_t>(
        std::min<std::uint64_t>(sizeof stage_ - stage_bytes_, request_->body_bytes - body_at_));
    const auto got = hub_.listener.read_body(request_->id, {stage_ + stage_bytes_, wanted});
    if (!got.ok()) return got.error();
    if (got.value() == 0 || got.value() > wanted) return http::fault(http::Fault::kBodyLength);
    if (hub_.trace != nullptr) hub_.trace->request_body(request_->id, {stage_ + stage_bytes_, got.value()});
    stage_bytes_ += got.value();
    body_at_ += got.value();
  }
  return Done{};
}

void Connection::push_out() {
  while (socket_ != SocketId{} && sending_bytes_ == 0) {
    const bool encrypted = session_ != nullptr && !session_->pending().empty();
    if (!encrypted && state_ == State::kOpen && request_ != nullptr && stage_bytes_ == 0 && !all_sent()) {
      if (auto filled = fill_stage(); !filled.ok()) return fail(filled.error());
    }
    Bytes out;
    if (session_ != nullptr) {
      if (!encrypted && stage_bytes_ != 0) {
        const auto taken = session_->write({stage_, stage_bytes_});
        if (!taken.ok()) return fail(taken.error());
        std::memmove(stage_, stage_ + taken.value(), stage_bytes_ - taken.value());
        stage_bytes_ -= taken.value();
      }
      out = session_->pending();
    } else {
      out = {stage_, stage_bytes_};
    }
    if (out.empty()) return;
    sending_bytes_ = out.size();
    account_.counters.bytes_out += out.size();
    hub_.sockets.send(socket_, out);
  }
}

void Connection::sent() {
  const std::size_t bytes = std::exchange(sending_bytes_, 0);
  if (session_ != nullptr) {
    if (auto went = session_->sent(bytes); !went.ok()) return fail(went.error());
  } else {
    stage_bytes_ = 0;
  }
  if (request_ != nullptr && state_ == State::kOpen) silence_at_ms_ = after(now_ms(), request_->silence_s);
  push_out();
}

// -- in --------------------------------------------------------------------------------------------------------------

void Connection::received(Bytes bytes) {
  account_.counters.bytes_in += bytes.size();
  if (request_ != nullptr && state_ == State::kOpen) silence_at_ms_ = after(now_ms(), request_->silence_s);
  if (session_ == nullptr) {
    if (auto taken = plaintext(bytes); !taken.ok()) return broken(taken.error());
  } else {
    const bool was_open = session_->established();
    if (auto fed = session_->feed(bytes, *this); !fed.ok()) return broken(fed.error());
    if (!was_open && session_->established()) opened();
  }
  const SocketId same = socket_;
  if (request_ != nullptr && response_.done()) finish();
  if (socket_ != same || socket_ == SocketId{}) return;
  if (session_ != nullptr && session_->peer_closed()) {
    request_ != nullptr&& state_ == State::kOpen ? ended(true, {}) : broken(tls::fault(tls::Fault::kCut));
  } else if (stray_ && request_ == nullptr) {
    close_socket();
  } else {
    push_out();
  }
}

Status Connection::plaintext(Bytes bytes) {
  if (state_ != State::kOpen) return http::fault(http::Fault::kBadResponse);
  if (request_ == nullptr || response_.done()) {
    stray_ = true;
    return Done{};
  }
  const auto used = response_.feed(bytes);
  if (!used.ok()) return used.error();
  if (used.value() < bytes.size()) stray_ = true;
  return Done{};
}

Status Connection::head(int http_status, std::span<const http::Field> fields) {
  constexpr std::size_t kHeadersMax = 100;
  Header headers[kHeadersMax];
  const std::size_t count = std::min(fields.size(), kHeadersMax);
  const Instant now = hub_.sockets.now();
  for (std::size_t i = 0; i < count; ++i) {
    headers[i] = {fields[i].name, fields[i].value};
    if (tls_ && http::same_text(fields[i].name, "Set-Cookie")) {
      account_.cookies.store(origin_.host.view(), origin_.port, request_->target(), fields[i].value,
                             now.wall_ms / 1000);
    }
  }
  Channel channel;
  if (session_ != nullptr) {
    channel.verified = session_->established();
    std::copy(std::begin(session_->peer().spki_sha256), std::end(session_->peer().spki_sha256), channel.spki_sha256);
  }
  if (hub_.trace != nullptr) hub_.trace->response_head(request_->id, http_status, {headers, count});
  hub_.listener.response_head(request_->id, http_status, {headers, count}, channel, now);
  return Done{};
}

Status Connection::body(Bytes bytes) {
  if (hub_.trace != nullptr) hub_.trace->response_body(request_->id, bytes);
  hub_.listener.response_body(request_->id, bytes, hub_.sockets.now());
  return Done{};
}

Status Connection::end() { return Done{}; }

// -- ends ------------------------------------------------------------------------------------------------------------

void Connection::finish() {
  const bool keep = response_.keep_alive() && all_sent() && !stray_ && socket_ != SocketId{} &&
                    (session_ == nullptr || !session_->peer_closed());
  const RequestId id = request_->id;
  delete take_request();
  if (keep) {
    idle_at_ms_ = now_ms() + kIdleMax_ms;
  } else {
    close_socket();
  }
  if (hub_.trace != nullptr) hub_.trace->ended(id, {});
  hub_.listener.response_end(id, hub_.sockets.now());
  start_next();
}

/// A layer above the socket says that this connection is of no more use.
void Connection::broken(Error error) {
  if (request_ == nullptr) return close_socket();
  // Some peers fail on sessions they once issued; the session has dropped it, so the second try is a full handshake.
  const bool resuming = session_ != nullptr && !session_->established() && session_->tried_resuming();
  if (resuming && !request_->retried) {
    hub_.tickets.drop(origin_);
    if (retry()) return;
  }
  fail(error);
}

/// The peer, or the network, ended an open connection with a request on it.
void Connection::ended(bool orderly, Error error) {
  if (!response_.begun() && reused_ && !request_->retried && retry()) return;
  if (!response_.begun() && error) return fail(error);
  const Status outcome = response_.connection_ended(orderly);
  if (!outcome.ok()) return fail(outcome.error());
  finish();
}

/// Once more on a new connection, when the body can be had again.
bool Connection::retry() {
  request_->retried = true;
  if (body_at_ != 0 && !hub_.listener.rewind_body(request_->id).ok()) return false;
  ++account_.counters.retries;
  close_socket();
  dial();
  return true;
}

void Connection::closed(Error error) {
  socket_ = SocketId{};
  sending_bytes_ = 0;
  switch (state_) {
    case State::kConnecting:
      last_error_ = error ? error : http::fault(http::Fault::kUnreachable);
      try_next_address();
      break;
    case State::kHandshaking:
      broken(error ? error : session_ != nullptr ? session_->cut() : tls::fault(tls::Fault::kCut));
      break;
    case State::kOpen:
      if (request_ == nullptr) {
        close_socket();
      } else {
        ended(!error && (session_ == nullptr || session_->peer_closed()), error);
      }
      break;
    case State::kClosed:
    case State::kResolving:
      break;
  }
}

void Connection::fail(Error error) {
  close_socket();
  Request* request = take_request();
  if (request == nullptr) return;
  const RequestId id = request->id;
  delete request;
  hub_.fail(id, error);
  start_next();
}

void Connection::close_socket() {
  if (name_ != NameId{}) hub_.sockets.forget(name_);
  name_ = NameId{};
  if (socket_ != SocketId{}) {
    Bytes last_words;
    if (session_ != nullptr && sending_bytes_ == 0) {
      session_->close();
      last_words = session_->pending();
      account_.counters.bytes_out += last_words.size();
    }
    hub_.sockets.close(socket_, last_words);
  }
  socket_ = SocketId{};
  sending_bytes_ = stage_bytes_ = 0;
  delete session_;
  session_ = nullptr;
  state_ = State::kClosed;
  connect_at_ms_ = attempt_at_ms_ = silence_at_ms_ = idle_at_ms_ = kNever;
}

// -- time ------------------------------------------------------------------------------------------------------------

std::uint64_t Connection::wake_at() const {
  return std::min({connect_at_ms_, attempt_at_ms_, silence_at_ms_, total_at_ms_, idle_at_ms_});
}

void Connection::woken() {
  const std::uint64_t now = now_ms();
  if (now >= total_at_ms_) return fail(http::fault(http::Fault::kTotalTimeout));
  if (now >= connect_at_ms_) return fail(http::fault(http::Fault::kConnectTimeout));
  if (now >= silence_at_ms_) return fail(http::fault(http::Fault::kSilence));
  if (now >= attempt_at_ms_) {
    hub_.sockets.close(socket_, {});
    last_error_ = http::fault(http::Fault::kConnectTimeout);
    return try_next_address();
  }
  if (now >= idle_at_ms_ && request_ == nullptr) close_socket();
}

}  // namespace handsync
