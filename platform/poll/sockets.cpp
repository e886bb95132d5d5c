#include "poll/sockets.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "http/fault.h"

namespace handsync::posix {
namespace {

constexpr std::size_t kAddressesMax = 8;

std::size_t addresses_of(const char* host, Address (&found)[kAddressesMax], Error& error) {
  addrinfo hints{}, *list = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  const int code = getaddrinfo(host, nullptr, &hints, &list);
  if (code != 0) {
    error = http::fault(code == EAI_NONAME ? http::DnsFault::kNoSuchName : http::DnsFault::kTemporary);
    return 0;
  }
  std::size_t count = 0;
  for (const addrinfo* each = list; each != nullptr && count < kAddressesMax; each = each->ai_next) {
    Address& address = found[count];
    address = Address{};
    if (each->ai_family == AF_INET) {
      sockaddr_in in{};
      std::memcpy(&in, each->ai_addr, sizeof in);
      std::memcpy(address.ip, &in.sin_addr, 4);
    } else if (each->ai_family == AF_INET6) {
      sockaddr_in6 in{};
      std::memcpy(&in, each->ai_addr, sizeof in);
      std::memcpy(address.ip, &in.sin6_addr, 16);
      address.v6 = true;
      address.scope = in.sin6_scope_id;
    } else {
      continue;
    }
    ++count;
  }
  freeaddrinfo(list);
  if (count == 0) error = http::fault(http::DnsFault::kNoSuchName);
  return count;
}

}  // namespace

PollSockets::~PollSockets() {
  for (Link& link : links_) release(link);
}

// -- names ------------------------------------------------------------------------------------------------------------

PollSockets::Name* PollSockets::add_name(NameId id) {
  for (Name& name : names_) {
    if (name.id != NameId{}) continue;
    name.id = id;
    name.host[0] = '\0';
    return &name;
  }
  return nullptr;  // more at once than two lanes can ask for
}

void PollSockets::resolve(NameId id, Text host) {
  Name* name = add_name(id);
  // A name that is too long stays empty, which nobody can resolve.
  if (name == nullptr || host.size() >= sizeof name->host) return;
  std::memcpy(name->host, host.data(), host.size());
  name->host[host.size()] = '\0';
}

void PollSockets::look_up(NameId id, Text) { look_ups_.add(id); }

void PollSockets::forget(NameId id) {
  look_ups_.forget(id);
  for (Name& name : names_) {
    if (name.id == id) name.id = NameId{};
  }
}

void PollSockets::answer_names() {
  look_ups_.answer(*events_);
  for (Name& name : names_) {
    const NameId id = name.id;
    if (id == NameId{}) continue;
    Address found[kAddressesMax];
    Error error;
    const std::size_t count = addresses_of(name.host, found, error);
    name.id = NameId{};
    events_->resolved(id, {found, count}, error);
  }
}

// -- connections ------------------------------------------------------------------------------------------------------

PollSockets::Link* PollSockets::find(SocketId id) {
  for (Link& link : links_) {
    if (link.id == id) return &link;
  }
  return nullptr;
}

void PollSockets::release(Link& link) {
  if (link.fd >= 0) ::close(link.fd);
  link = Link{};
}

void PollSockets::connect(SocketId id, const Address& address, std::uint16_t port) {
  Link* link = find(SocketId{});
  if (link == nullptr) return;  // the connect time-out of the request reports it
  *link = Link{};
  link->id = id;
  sockaddr_storage to{};
  socklen_t bytes = 0;
  if (address.v6) {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    in.sin6_scope_id = address.scope;
    std::memcpy(&in.sin6_addr, address.ip, 16);
    std::memcpy(&to, &in, bytes = sizeof in);
  } else {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, address.ip, 4);
    std::memcpy(&to, &in, bytes = sizeof in);
  }
  link->fd = ::socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (link->fd < 0) {
    link->failed = http::fault(http::Fault::kUnreachable, static_cast<std::uint32_t>(errno));
    return;
  }
  const int on = 1;
  ::setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(link->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  link->connecting = true;
  if (::connect(link->fd, reinterpret_cast<const sockaddr*>(&to), bytes) != 0 && errno != EINPROGRESS) {
    link->failed = http::fault(http::Fault::kUnreachable, static_cast<std::uint32_t>(errno));
  }
}

void PollSockets::send(SocketId id, Bytes bytes) {
  if (Link* link = find(id)) {
    link->out = bytes;
    link->sending = true;
  }
}

void PollSockets::push(Link& link) {
  while (!link.out.empty()) {
    const ssize_t sent = ::send(link.fd, link.out.data(), link.out.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      // What the peer said before it closed may still be unread: the reading side reports the end.
      if (errno != EAGAIN && errno != EPIPE && errno != ECONNRESET) {
        link.failed = http::fault(http::Fault::kReset, static_cast<std::uint32_t>(errno));
      }
      return;
    }
    link.out = link.out.subspan(static_cast<std::size_t>(sent));
  }
}

void PollSockets::close(SocketId id, Bytes last_words) {
  Link* link = find(id);
  if (link == nullptr) return;
  if (!link->sending && !link->connecting && !last_words.empty()) {
    (void)!::send(link->fd, last_words.data(), last_words.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  release(*link);
}

// -- events -----------------------------------------------------------------------------------------------------------

// Any event may close this link or open another in its place, so its id is compared after each.
void PollSockets::events_of(Link& link, short ready) {
  const SocketId id = link.id;
  bool ended = false;
  if (link.connecting && (ready & (POLLOUT | POLLERR | POLLHUP)) != 0) {
    int code = 0;
    socklen_t bytes = sizeof code;
    ::getsockopt(link.fd, SOL_SOCKET, SO_ERROR, &code, &bytes);
    if (code != 0) {
      link.failed = http::fault(http::Fault::kUnreachable, static_cast<std::uint32_t>(code));
    } else {
      link.connecting = false;
      events_->connected(id);
      if (link.id != id) return;
    }
  }
  if (!link.connecting && !link.failed && (ready & (POLLIN | POLLHUP | POLLERR)) != 0) {
    std::byte in[kReadBytes];
    const ssize_t got = ::recv(link.fd, in, sizeof in, 0);
    if (got > 0) {
      events_->received(id, Bytes(in, static_cast<std::size_t>(got)));
    } else if (got == 0) {
      ended = true;
    } else if (errno != EAGAIN && errno != EINTR) {
      link.failed = http::fault(http::Fault::kReset, static_cast<std::uint32_t>(errno));
    }
    if (link.id != id) return;
  }
  if (link.sending && !link.connecting && !link.failed) {
    push(link);
    if (link.out.empty()) {
      link.sending = false;
      events_->sent(id);
      if (link.id != id) return;
    }
  }
  if (!ended && !link.failed) return;
  const Error error = link.failed;
  release(link);
  events_->closed(id, error);
}

void PollSockets::run_once(std::uint64_t wake_ms) {
  if (events_ == nullptr) return;
  pollfd waits[kLinksMax];
  SocketId ids[kLinksMax];
  std::size_t count = 0;
  bool at_once = look_ups_.any();
  for (const Name& name : names_) at_once = at_once || name.id != NameId{};
  for (const Link& link : links_) {
    if (link.id == SocketId{}) continue;
    at_once = at_once || link.failed;
    ids[count] = link.id;
    waits[count++] = {link.fd, static_cast<short>(POLLIN | (link.connecting || link.sending ? POLLOUT : 0)), 0};
  }
  const std::uint64_t now_ms = clock_().mono_ms, until_ms = std::min(wake_ms, wake_at_ms_);
  constexpr std::uint64_t kWaitMax_ms = 60'000;
  const std::uint64_t wait_ms = at_once || until_ms <= now_ms ? 0 : std::min(until_ms - now_ms, kWaitMax_ms);
  if (::poll(waits, static_cast<nfds_t>(count), static_cast<int>(wait_ms)) < 0) {
    for (std::size_t i = 0; i < count; ++i) waits[i].revents = 0;  // a signal; the loop's owner looks after it
  }
  answer_names();
  for (std::size_t i = 0; i < count; ++i) {
    Link* link = find(ids[i]);
    if (link != nullptr && (waits[i].revents != 0 || link->failed)) events_of(*link, waits[i].revents);
  }
  if (clock_().mono_ms >= wake_at_ms_) {
    wake_at_ms_ = UINT64_MAX;
    events_->woken();
  }
}

}  // namespace handsync::posix
