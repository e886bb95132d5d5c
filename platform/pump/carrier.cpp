#include "pump/carrier.h"

#include <charconv>
#include <new>

#include "http/fault.h"
#include "pump/connection.h"

namespace handsync {
namespace {

/// While an effect is taken, nothing is reported.
struct Quiet {
  explicit Quiet(Hub& hub_in) : hub(hub_in) { hub.in_effect = true; }
  ~Quiet() { hub.in_effect = false; }
  Hub& hub;
};

void add(Counters& sum, const Counters& more) {
  sum.connections += more.connections;
  sum.handshakes_full += more.handshakes_full;
  sum.handshakes_resumed += more.handshakes_resumed;
  sum.bytes_in += more.bytes_in;
  sum.bytes_out += more.bytes_out;
  sum.requests += more.requests;
  sum.retries += more.retries;
}

/// Takes "HOST:" or "[ADDRESS]:" off the front.
bool take_host(Text& rest, Text& host) {
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == Text::npos) return false;
    host = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    return true;
  }
  host = rest.substr(0, rest.find(':'));
  rest.remove_prefix(host.size());
  return true;
}

bool take_port(Text& rest, std::uint16_t& port) {
  if (!rest.starts_with(':')) return false;
  rest.remove_prefix(1);
  const Text digits = rest.substr(0, rest.find(':'));
  rest.remove_prefix(digits.size());
  port = 0;
  if (digits.empty()) return true;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return error == std::errc{} && end == digits.data() + digits.size();
}

}  // namespace

struct Carrier::Impl {
  Impl(Sockets& sockets, Listener& listener, hal::Entropy& entropy, hal::Trust* roots)
      : hub(sockets, listener, entropy, roots) {}
  ~Impl() {
    while (accounts != nullptr) {
      AccountLanes* next = accounts->next;
      delete accounts;
      accounts = next;
    }
  }

  AccountLanes* find(AccountId id) const {
    AccountLanes* account = accounts;
    while (account != nullptr && account->id != id) account = account->next;
    return account;
  }
  AccountLanes* find_or_make(AccountId id) {
    if (AccountLanes* account = find(id); account != nullptr) return account;
    auto* account = new (std::nothrow) AccountLanes(hub, id);
    if (account == nullptr) return nullptr;
    account->next = accounts;
    accounts = account;
    return account;
  }
  template <class Key>
  Connection* connection(Key key) const {
    for (AccountLanes* account = accounts; account != nullptr; account = account->next) {
      if (account->one.is(key)) return &account->one;
      if (account->other.is(key)) return &account->other;
    }
    return nullptr;
  }
  template <class Do>
  void each(Do what) const {
    for (AccountLanes* account = accounts; account != nullptr; account = account->next) {
      what(account->one);
      what(account->other);
    }
  }
  void arm() const {
    std::uint64_t at_ms = hub.failure_count != 0 ? hub.sockets.now().mono_ms : UINT64_MAX;
    each([&at_ms](const Connection& connection) { at_ms = std::min(at_ms, connection.wake_at()); });
    hub.sockets.wake_at(at_ms);
  }

  Hub hub;
  AccountLanes* accounts = nullptr;
  Counters gone;  ///< of forgotten accounts
  struct Query {
    RequestId request{};
    NameId name{};
  } queries[Sockets::kLookUpsMax];
};

Carrier::Carrier(Sockets& sockets, Listener& listener, hal::Entropy& entropy, hal::Trust* roots)
    : impl_(new Impl(sockets, listener, entropy, roots)) {
  sockets.attach(this);
}

Carrier::~Carrier() {
  Sockets& sockets = impl_->hub.sockets;
  for (const Impl::Query& query : impl_->queries) {
    if (query.name != NameId{}) sockets.forget(query.name);
  }
  delete impl_;
  sockets.wake_at(UINT64_MAX);
  sockets.attach(nullptr);
}

// -- effects ---------------------------------------------------------------------------------------------------------

void Carrier::begin(const Send& send) {
  Quiet quiet(impl_->hub);
  AccountLanes* account = impl_->find_or_make(send.account);
  Request* request = account == nullptr ? nullptr : Request::copy(send);
  if (request == nullptr) {
    impl_->hub.fail(send.id, out_of_memory());
  } else {
    account->lane_for(send).add(request);
  }
  impl_->arm();
}

void Carrier::cancel(RequestId id) {
  Hub& hub = impl_->hub;
  Quiet quiet(hub);
  for (std::size_t i = 0; i < hub.failure_count; ++i) {
    if (hub.failures[i].id != id) continue;
    hub.failures[i] = hub.failures[--hub.failure_count];
    break;
  }
  bool found = false;
  impl_->each([&](Connection& connection) { found = found || connection.cancel(id); });
  for (Impl::Query& query : impl_->queries) {
    if (query.name == NameId{} || query.request != id) continue;
    hub.sockets.forget(query.name);
    query = {};
  }
  impl_->arm();
}

void Carrier::look_up(const LookUp& look_up) {
  Hub& hub = impl_->hub;
  Quiet quiet(hub);
  for (Impl::Query& query : impl_->queries) {
    if (query.name != NameId{}) continue;
    query = {look_up.id, NameId{++hub.name_last}};
    hub.sockets.look_up(query.name, look_up.srv_name);
    return;
  }
  hub.fail(look_up.id, http::fault(http::Fault::kLaneFull));
  impl_->arm();
}

// -- settings --------------------------------------------------------------------------------------------------------

Status Carrier::set_trust(AccountId id, Bytes ca_file) {
  AccountLanes* account = impl_->find_or_make(id);
  if (account == nullptr) return out_of_memory(sizeof(AccountLanes));
  account->ca.file.release();
  account->own_ca = !ca_file.empty();
  impl_->hub.tickets.forget(static_cast<std::uint16_t>(id));
  account->one.close_if_idle();
  account->other.close_if_idle();
  if (!ca_file.empty()) {
    tls::MemoryTrust trust(ca_file);
    tls::Anchors anchors;
    HANDSYNC_TRY(anchors.load(trust));
  }
  if (!account->ca.file.append(text_of(ca_file))) return out_of_memory(ca_file.size());
  return Done{};
}

Status Carrier::set_identity(AccountId id, Bytes certificates, Bytes key) {
  AccountLanes* account = impl_->find_or_make(id);
  if (account == nullptr) return out_of_memory(sizeof(AccountLanes));
  std::unique_ptr<tls::Identity> identity;
  if (!certificates.empty() || !key.empty()) {
    identity.reset(new (std::nothrow) tls::Identity);
    if (identity == nullptr) return out_of_memory(sizeof(tls::Identity));
    HANDSYNC_TRY(identity->load(certificates, key, impl_->hub.random));
  }
  if (!account->one.idle() || !account->other.idle()) return http::fault(http::Fault::kLaneFull);
  account->one.close_if_idle();
  account->other.close_if_idle();
  impl_->hub.tickets.forget(static_cast<std::uint16_t>(id));
  account->identity = std::move(identity);
  return Done{};
}

std::size_t Carrier::save_tickets(AccountId id, Room room) const {
  return impl_->hub.tickets.save(static_cast<std::uint16_t>(id), room);
}

void Carrier::load_tickets(AccountId id, Bytes bytes) {
  impl_->hub.tickets.load(static_cast<std::uint16_t>(id), bytes);
}

void Carrier::forget(AccountId id) {
  for (AccountLanes** at = &impl_->accounts; *at != nullptr; at = &(*at)->next) {
    AccountLanes* account = *at;
    if (account->id != id) continue;
    *at = account->next;
    add(impl_->gone, account->counters);
    delete account;
    break;
  }
  impl_->hub.tickets.forget(static_cast<std::uint16_t>(id));
  impl_->arm();
}

Status Carrier::connect_to(Text host, std::uint16_t port, Text address, std::uint16_t to_port) {
  Hub& hub = impl_->hub;
  if (hub.detour_count == Hub::kDetoursMax) return out_of_memory(sizeof(Detour));
  Detour& detour = hub.detours[hub.detour_count];
  if (!detour.host.assign(host) || !detour.address.assign(address)) return http::fault(http::Fault::kBadRequest);
  detour.port = port;
  detour.to_port = to_port;
  ++hub.detour_count;
  return Done{};
}

Status Carrier::connect_to(Text curl_style) {
  Text host, address;
  std::uint16_t port = 0, to_port = 0;
  const bool ok = take_host(curl_style, host) && take_port(curl_style, port) && curl_style.starts_with(':') &&
                  (curl_style.remove_prefix(1), take_host(curl_style, address)) && take_port(curl_style, to_port) &&
                  curl_style.empty();
  if (!ok) return http::fault(http::Fault::kBadRequest);
  return connect_to(host, port, address, to_port);
}

void Carrier::set_trace(Trace* trace) { impl_->hub.trace = trace; }

void Carrier::network_changed() { close_idle(); }

void Carrier::close_idle() {
  impl_->each([](Connection& connection) { connection.close_if_idle(); });
  impl_->arm();
}

bool Carrier::idle() const {
  bool idle = impl_->hub.failure_count == 0;
  impl_->each([&idle](const Connection& connection) { idle = idle && connection.idle(); });
  return idle;
}

Counters Carrier::counters() const {
  Counters sum = impl_->gone;
  for (const AccountLanes* account = impl_->accounts; account != nullptr; account = account->next) {
    add(sum, account->counters);
  }
  return sum;
}

Counters Carrier::counters(AccountId id) const {
  const AccountLanes* account = impl_->find(id);
  return account == nullptr ? Counters{} : account->counters;
}

// -- events ----------------------------------------------------------------------------------------------------------

void Carrier::resolved(NameId id, std::span<const Address> found, Error error) {
  if (Connection* connection = impl_->connection(id); connection != nullptr) connection->resolved(found, error);
  impl_->arm();
}

void Carrier::connected(SocketId id) {
  if (Connection* connection = impl_->connection(id); connection != nullptr) connection->connected();
  impl_->arm();
}

void Carrier::received(SocketId id, Bytes bytes) {
  if (Connection* connection = impl_->connection(id); connection != nullptr) connection->received(bytes);
  impl_->arm();
}

void Carrier::sent(SocketId id) {
  if (Connection* connection = impl_->connection(id); connection != nullptr) connection->sent();
  impl_->arm();
}

void Carrier::closed(SocketId id, Error error) {
  if (Connection* connection = impl_->connection(id); connection != nullptr) connection->closed(error);
  impl_->arm();
}

void Carrier::looked_up(NameId name, std::span<const Text> hosts) {
  for (Impl::Query& query : impl_->queries) {
    if (query.name != name) continue;
    const RequestId request = query.request;
    query = {};
    impl_->hub.listener.looked_up(request, hosts, impl_->hub.sockets.now());
    break;
  }
  impl_->arm();
}

void Carrier::woken() {
  impl_->hub.report();
  const std::uint64_t now_ms = impl_->hub.sockets.now().mono_ms;
  impl_->each([now_ms](Connection& connection) {
    if (connection.wake_at() <= now_ms) connection.woken();
  });
  impl_->arm();
}

}  // namespace handsync
