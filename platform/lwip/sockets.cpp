#include "lwip/sockets.h"

#include <lwip/dns.h>
#include <lwip/pbuf.h>

#include <algorithm>
#include <cstring>

#include "http/fault.h"

namespace handsync::lwip {
namespace {

Address address_of(const ip_addr_t& ip) {
  Address address;
  const u32_t word = ip4_addr_get_u32(ip_2_ip4(&ip));  // in network order already
  std::memcpy(address.ip, &word, sizeof word);
  return address;
}

}  // namespace

// -- names ------------------------------------------------------------------------------------------------------------

LwipSockets::Name* LwipSockets::add_name(NameId id) {
  for (Name& name : names_) {
    if (name.id != NameId{}) continue;
    name = Name{};
    name.owner = this;
    name.id = id;
    return &name;
  }
  return nullptr;  // more at once than two lanes can ask for
}

void LwipSockets::resolve(NameId id, Text host) {
  Name* name = add_name(id);
  if (name == nullptr) return;
  if (host.size() >= sizeof name->host) {
    name->ready = true;
    return;
  }
  std::memcpy(name->host, host.data(), host.size());
  name->host[host.size()] = '\0';
  ip_addr_t ip;
  // An address in text form is answered by the same call.
  const err_t code = dns_gethostbyname(name->host, &ip, on_name, name);
  if (code == ERR_INPROGRESS) return;
  name->ready = true;
  name->found = code == ERR_OK;
  if (name->found) name->address = address_of(ip);
}

void LwipSockets::on_name(const char* host, const ip_addr_t* ip, void* argument) {
  // The entry may have been forgotten and belong to another question by now.
  Name& name = *static_cast<Name*>(argument);
  if (name.id == NameId{} || name.ready || std::strcmp(name.host, host) != 0) return;
  name.ready = true;
  name.found = ip != nullptr;
  if (name.found) name.address = address_of(*ip);
}

void LwipSockets::look_up(NameId id, Text) { look_ups_.add(id); }

void LwipSockets::forget(NameId id) {
  look_ups_.forget(id);
  for (Name& name : names_) {
    if (name.id == id) name.id = NameId{};
  }
}

// -- connections ------------------------------------------------------------------------------------------------------

LwipSockets::Link* LwipSockets::find(SocketId id) {
  for (Link& link : links_) {
    if (link.id == id) return &link;
  }
  return nullptr;
}

void LwipSockets::release(Link& link) {
  if (link.pcb != nullptr) {
    tcp_arg(link.pcb, nullptr);
    tcp_recv(link.pcb, nullptr);
    tcp_err(link.pcb, nullptr);
    if (tcp_close(link.pcb) != ERR_OK) tcp_abort(link.pcb);
  }
  if (link.in != nullptr) pbuf_free(link.in);
  link = Link{};
}

void LwipSockets::connect(SocketId id, const Address& address, std::uint16_t port) {
  Link* link = find(SocketId{});
  if (link == nullptr) return;  // the connect time-out of the request reports it
  *link = Link{};
  link->owner = this;
  link->id = id;
  if (address.v6) {
    link->failed = http::fault(http::Fault::kUnreachable);
    return;
  }
  link->pcb = tcp_new();
  if (link->pcb == nullptr) {
    link->failed = out_of_memory(sizeof(tcp_pcb));
    return;
  }
  ip_addr_t ip;
  u32_t word;
  std::memcpy(&word, address.ip, sizeof word);
  ip_addr_set_ip4_u32(&ip, word);
  tcp_arg(link->pcb, link);
  tcp_recv(link->pcb, on_received);
  tcp_err(link->pcb, on_error);
  tcp_nagle_disable(link->pcb);
  ip_set_option(link->pcb, SOF_KEEPALIVE);
  if (tcp_connect(link->pcb, &ip, port, on_connected) != ERR_OK) link->failed = http::fault(http::Fault::kUnreachable);
}

err_t LwipSockets::on_connected(void* argument, tcp_pcb*, err_t) {
  if (argument != nullptr) static_cast<Link*>(argument)->connected = true;
  return ERR_OK;
}

err_t LwipSockets::on_received(void* argument, tcp_pcb*, pbuf* chain, err_t) {
  auto* link = static_cast<Link*>(argument);
  if (link == nullptr) {
    if (chain != nullptr) pbuf_free(chain);
  } else if (chain == nullptr) {
    link->ended = true;
  } else if (link->in == nullptr) {
    link->in = chain;
  } else {
    pbuf_cat(link->in, chain);
  }
  return ERR_OK;
}

void LwipSockets::on_error(void* argument, err_t code) {
  auto* link = static_cast<Link*>(argument);
  if (link == nullptr) return;
  link->pcb = nullptr;  // lwIP has freed it
  link->failed = http::fault(code == ERR_RST ? http::Fault::kReset : http::Fault::kUnreachable);
}

void LwipSockets::send(SocketId id, Bytes bytes) {
  Link* link = find(id);
  if (link == nullptr) return;
  link->out = bytes;
  link->sending = true;
  push(*link);
}

void LwipSockets::push(Link& link) {
  if (link.pcb == nullptr) return;
  while (!link.out.empty()) {
    const std::size_t room = tcp_sndbuf(link.pcb);
    const auto part = static_cast<u16_t>(std::min({link.out.size(), room, std::size_t{0x4000}}));
    if (part == 0) break;
    const u8_t more = link.out.size() > part ? TCP_WRITE_FLAG_MORE : 0;
    // Refused for want of segments: poll() tries again when some have been acknowledged.
    if (tcp_write(link.pcb, link.out.data(), part, TCP_WRITE_FLAG_COPY | more) != ERR_OK) break;
    link.out = link.out.subspan(part);
  }
  tcp_output(link.pcb);
}

void LwipSockets::close(SocketId id, Bytes last_words) {
  Link* link = find(id);
  if (link == nullptr) return;
  if (link->pcb != nullptr && link->out.empty() && !last_words.empty() && last_words.size() <= tcp_sndbuf(link->pcb)) {
    (void)tcp_write(link->pcb, last_words.data(), static_cast<u16_t>(last_words.size()), TCP_WRITE_FLAG_COPY);
  }
  release(*link);
}

// -- events -----------------------------------------------------------------------------------------------------------

void LwipSockets::poll(Link& link) {
  const SocketId id = link.id;
  if (link.connected) {
    link.connected = false;
    events_->connected(id);
  }
  // Any event may close this link or open another in its place.
  while (link.id == id && link.in != nullptr) {
    pbuf* first = link.in;
    link.in = first->next;
    if (link.in != nullptr) pbuf_ref(link.in);  // taking the first away gives up its hold on the rest
    pbuf_dechain(first);
    const u16_t bytes = first->len;
    events_->received(id, Bytes(static_cast<const std::byte*>(first->payload), bytes));
    pbuf_free(first);
    if (link.id == id && link.pcb != nullptr) tcp_recved(link.pcb, bytes);
  }
  if (link.id != id) return;
  if (link.sending) {
    push(link);
    if (link.out.empty()) {
      link.sending = false;
      events_->sent(id);
      if (link.id != id) return;
    }
  }
  if (!link.failed && !link.ended) return;
  const Error error = link.failed;
  release(link);
  events_->closed(id, error);
}

void LwipSockets::poll() {
  if (events_ == nullptr) return;
  look_ups_.answer(*events_);
  for (Name& name : names_) {
    if (name.id == NameId{} || !name.ready) continue;
    const Name answer = name;
    name.id = NameId{};
    if (answer.found) {
      events_->resolved(answer.id, {&answer.address, 1}, {});
    } else {
      events_->resolved(answer.id, {}, http::fault(http::DnsFault::kTemporary));
    }
  }
  for (Link& link : links_) {
    if (link.id != SocketId{}) poll(link);
  }
  if (clock_().mono_ms >= wake_at_ms_) {
    wake_at_ms_ = UINT64_MAX;
    events_->woken();
  }
}

}  // namespace handsync::lwip
