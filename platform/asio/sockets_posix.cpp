#include "asio/sockets_posix.h"

#include <netdb.h>
#include <time.h>

#include <algorithm>
#include <asio/post.hpp>
#include <asio/write.hpp>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "http/fault.h"

namespace handsync {
namespace {

Address address_of(const asio::ip::address& ip) {
  Address address;
  address.v6 = ip.is_v6();
  if (ip.is_v6()) {
    const auto bytes = ip.to_v6().to_bytes();
    std::memcpy(address.ip, bytes.data(), bytes.size());
    address.scope = static_cast<std::uint32_t>(ip.to_v6().scope_id());
  } else {
    const auto bytes = ip.to_v4().to_bytes();
    std::memcpy(address.ip, bytes.data(), bytes.size());
  }
  return address;
}

asio::ip::address ip_of(const Address& address) {
  if (address.v6) {
    asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), address.ip, bytes.size());
    return asio::ip::address_v6(bytes, address.scope);
  }
  asio::ip::address_v4::bytes_type bytes;
  std::memcpy(bytes.data(), address.ip, bytes.size());
  return asio::ip::address_v4(bytes);
}

Error error_of(const std::error_code& code, http::Fault fault) {
  return http::fault(fault, static_cast<std::uint32_t>(code.value()));
}

/// RFC 6761 6.3: these names mean this machine whatever hosts file or name server say, and where there is neither.
bool is_localhost(const std::string& name) {
  constexpr std::string_view kName = "localhost";
  const std::size_t end = name.ends_with('.') ? name.size() - 1 : name.size();
  if (end < kName.size() || (end > kName.size() && name[end - kName.size() - 1] != '.')) return false;
  return std::equal(kName.begin(), kName.end(), name.begin() + static_cast<std::ptrdiff_t>(end - kName.size()),
                    [](char want, char is) { return want == (is >= 'A' && is <= 'Z' ? is + ('a' - 'A') : is); });
}

/// Blocks: on a thread of its own only.
Error resolve_now(const std::string& host, std::vector<Address>& found) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int rc = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (rc != 0) {
    const bool none = rc == EAI_NONAME || rc == EAI_NODATA || rc == EAI_ADDRFAMILY;
    return http::fault(none ? http::DnsFault::kNoSuchName : http::DnsFault::kTemporary);
  }
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    asio::ip::tcp::endpoint endpoint;
    if (one->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), one->ai_addr, one->ai_addrlen);
    endpoint.resize(one->ai_addrlen);
    found.push_back(address_of(endpoint.address()));
  }
  freeaddrinfo(list);
  return found.empty() ? http::fault(http::DnsFault::kNoSuchName) : Error{};
}

}  // namespace

std::uint64_t boottime_ms() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1000 + static_cast<std::uint64_t>(time.tv_nsec) / 1'000'000;
}

Alarm::Alarm(asio::io_context& context, std::function<void()> rings) : timer_(context), rings_(std::move(rings)) {}

void Alarm::set(std::uint64_t at_ms) {
  if (at_ms == at_ms_) return;
  at_ms_ = at_ms;
  arm();
}

void Alarm::arm() {
  constexpr std::uint64_t kSleepMax_ms = 60'000;
  if (at_ms_ == UINT64_MAX) {
    timer_.cancel();
    return;
  }
  const std::uint64_t now = boottime_ms();
  timer_.expires_after(std::chrono::milliseconds(at_ms_ > now ? std::min(at_ms_ - now, kSleepMax_ms) : 0));
  timer_.async_wait([this](const std::error_code& code) {
    if (code == asio::error::operation_aborted || at_ms_ == UINT64_MAX) return;
    if (boottime_ms() < at_ms_) return arm();
    at_ms_ = UINT64_MAX;
    rings_();
  });
}

struct PosixSockets::Link {
  Link(asio::io_context& context, SocketId id_in) : socket(context), id(id_in) {}
  asio::ip::tcp::socket socket;
  SocketId id;
  bool dead = false, sending = false;
  std::array<std::byte, 16384> in;
};

/// Where a thread that resolves leaves its answer; it may outlive the loop.
struct PosixSockets::Mailbox {
  std::mutex mutex;
  PosixSockets* owner = nullptr;
};

PosixSockets::PosixSockets(asio::io_context& context, std::function<Instant()> now)
    : context_(context),
      now_(std::move(now)),
      alarm_(context,
             [this] {
               if (events_ != nullptr) events_->woken();
             }),
      srv_(context),
      mailbox_(std::make_shared<Mailbox>()) {
  mailbox_->owner = this;
}

PosixSockets::~PosixSockets() {
  const std::lock_guard lock(mailbox_->mutex);
  mailbox_->owner = nullptr;
  for (auto& [id, link] : links_) link->dead = true;
}

// -- names -----------------------------------------------------------------------------------------------------------

void PosixSockets::resolve(NameId id, Text host) {
  names_.insert(static_cast<std::uint32_t>(id));
  std::string name(host);
  std::error_code code;
  const asio::ip::address literal = asio::ip::make_address(name, code);
  if (!code) {
    asio::post(context_, [this, id, literal] { found(id, {address_of(literal)}, {}); });
    return;
  }
  if (is_localhost(name)) {
    asio::post(context_, [this, id] {
      found(id, {address_of(asio::ip::address_v4::loopback()), address_of(asio::ip::address_v6::loopback())}, {});
    });
    return;
  }
  try {
    std::thread([mailbox = mailbox_, id, name] {
      std::vector<Address> addresses;
      const Error error = resolve_now(name, addresses);
      const std::lock_guard lock(mailbox->mutex);
      PosixSockets* owner = mailbox->owner;
      if (owner == nullptr) return;
      asio::post(owner->context_, [owner, id, addresses, error] { owner->found(id, addresses, error); });
    }).detach();
  } catch (const std::system_error&) {
    asio::post(context_, [this, id] { found(id, {}, http::fault(http::DnsFault::kTemporary)); });
  }
}

void PosixSockets::found(NameId id, const std::vector<Address>& addresses, Error error) {
  if (names_.erase(static_cast<std::uint32_t>(id)) == 0 || events_ == nullptr) return;
  events_->resolved(id, addresses, error);
}

void PosixSockets::look_up(NameId id, Text srv_name) {
  names_.insert(static_cast<std::uint32_t>(id));
  srv_.look_up(std::string(srv_name), [this, id](const std::vector<std::string>& hosts) {
    if (names_.erase(static_cast<std::uint32_t>(id)) == 0 || events_ == nullptr) return;
    const std::vector<Text> texts(hosts.begin(), hosts.end());
    events_->looked_up(id, texts);
  });
}

void PosixSockets::forget(NameId id) { names_.erase(static_cast<std::uint32_t>(id)); }

// -- sockets ---------------------------------------------------------------------------------------------------------

void PosixSockets::connect(SocketId id, const Address& address, std::uint16_t port) {
  auto link = std::make_shared<Link>(context_, id);
  links_[static_cast<std::uint32_t>(id)] = link;
  const asio::ip::tcp::endpoint endpoint(ip_of(address), port);
  link->socket.async_connect(endpoint, [this, link](const std::error_code& code) {
    if (link->dead) return;
    if (code) {
      link->dead = true;
      links_.erase(static_cast<std::uint32_t>(link->id));
      if (events_ != nullptr) events_->closed(link->id, error_of(code, http::Fault::kUnreachable));
      return;
    }
    std::error_code ignored;
    link->socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    link->socket.set_option(asio::socket_base::keep_alive(true), ignored);
    read(link);
    if (events_ != nullptr) events_->connected(link->id);
  });
}

void PosixSockets::read(std::shared_ptr<Link> link) {
  link->socket.async_read_some(asio::buffer(link->in), [this, link](const std::error_code& code, std::size_t bytes) {
    if (link->dead) return;
    if (bytes != 0 && events_ != nullptr) events_->received(link->id, {link->in.data(), bytes});
    if (link->dead) return;
    if (code) return end(link, code);
    read(link);
  });
}

void PosixSockets::end(const std::shared_ptr<Link>& link, const std::error_code& code) {
  link->dead = true;
  links_.erase(static_cast<std::uint32_t>(link->id));
  std::error_code ignored;
  link->socket.close(ignored);
  if (events_ == nullptr) return;
  events_->closed(link->id, code == asio::error::eof ? Error{} : error_of(code, http::Fault::kReset));
}

void PosixSockets::send(SocketId id, Bytes bytes) {
  const auto found_link = links_.find(static_cast<std::uint32_t>(id));
  if (found_link == links_.end()) return;
  const std::shared_ptr<Link> link = found_link->second;
  link->sending = true;
  asio::async_write(link->socket, asio::buffer(bytes.data(), bytes.size()),
                    [this, link](const std::error_code& code, std::size_t) {
                      link->sending = false;
                      if (link->dead) return;
                      // What the peer said before it closed may still be unread: the reading side reports the end.
                      if (!code && events_ != nullptr) events_->sent(link->id);
                    });
}

void PosixSockets::close(SocketId id, Bytes last_words) {
  const auto found_link = links_.find(static_cast<std::uint32_t>(id));
  if (found_link == links_.end()) return;
  const std::shared_ptr<Link> link = found_link->second;
  links_.erase(found_link);
  link->dead = true;
  std::error_code ignored;
  if (!last_words.empty() && !link->sending) {
    link->socket.non_blocking(true, ignored);
    link->socket.write_some(asio::buffer(last_words.data(), last_words.size()), ignored);
  }
  link->socket.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  link->socket.close(ignored);
}

}  // namespace handsync
