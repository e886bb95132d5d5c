// A network in memory with a clock that only moves when told: names, addresses, TCP connections and TLS servers behind
// them.
#pragma once
#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "http/fault.h"
#include "platform/tls/rig.h"
#include "pump/carrier.h"

namespace net {

using handsync::Address;
using handsync::Bytes;
using handsync::Error;
using handsync::NameId;
using handsync::SocketId;
using handsync::Text;

inline Address v4(int last) {
  Address address;
  const int parts[] = {10, 0, 0, last};
  for (int i = 0; i < 4; ++i) address.ip[i] = static_cast<std::byte>(parts[i]);
  return address;
}
inline Address v6(int last) {
  Address address;
  address.v6 = true;
  address.ip[15] = static_cast<std::byte>(last);
  return address;
}
inline std::string text_of(const Address& address, std::uint16_t port) {
  const int last = std::to_integer<int>(address.ip[address.v6 ? 15 : 3]);
  return (address.v6 ? "v6." : "v4.") + std::to_string(last) + ":" + std::to_string(port);
}

/// The product runs, and not what stands for the world around it.
inline bool inside = false;
struct Inside {
  Inside() { inside = true; }
  ~Inside() { inside = was; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  bool was = inside;
};

/// One accepted connection, seen from the server. With a context it speaks TLS.
struct Peer {
  std::unique_ptr<rig::Server> tls;
  SocketId id{};
  std::string in;       // plaintext not yet taken as a request
  std::string wire_in;  // everything the client sent
  int segments = 0;     // pieces in which it came
  bool gone = false;    // the client has closed
};

/// What listens at an address.
struct Host {
  enum class Mood { kAccepts, kRefuses, kSwallows } mood = Mood::kAccepts;
  int hang_ups = 0;                       // so many connections are accepted and closed at once
  rig::ServerContext* context = nullptr;  // null: plain
  std::string early;                      // said once as soon as a head has come, without waiting for its body
  /// Called for every whole request; the answer is sent as it is. Empty: no answer for now.
  std::function<std::string(Peer&, const std::string& request)> answer;
};

class Net final : public handsync::Sockets {
 public:
  // -- what a test sets up and looks at
  std::map<std::string, std::vector<Address>> names;
  std::map<std::string, std::vector<std::string>> services;
  std::map<std::string, Host> hosts;
  std::vector<std::shared_ptr<Peer>> peers;
  std::vector<std::string> log;  // "resolve NAME", "connect ADDRESS", "close"
  std::uint64_t now_ms = 1000;
  bool slow_names = false;

  /// What passed the sockets, and what TCP over IPv4 adds to it: 52 bytes a segment of up to 1448, and as much for an
  /// acknowledgement that no data of the other side carried; 172 to connect, 208 to part.
  struct Passed {
    std::uint64_t in = 0, out = 0, tcp = 0;
    std::uint64_t all() const { return in + out + tcp; }
  } passed;
  /// Nothing more happens before time goes on.
  bool quiet() const { return queue_.empty() && wake_at_ms_ > now_ms; }
  /// Nobody listens any more: what was on its way is lost.
  void settle_nothing() { queue_.clear(); }
  /// Time goes on: what has not been answered by data is acknowledged by itself.
  void acknowledge() {
    passed.tcp += 52 * unanswered_.size();
    unanswered_.clear();
  }

  /// Lets everything happen that takes no time.
  void settle() {
    for (int steps = 0; steps < 100'000; ++steps) {
      if (!queue_.empty()) {
        auto next = std::move(queue_.front());
        queue_.pop_front();
        next();
      } else if (wake_at_ms_ <= now_ms) {
        wake_at_ms_ = UINT64_MAX;
        product()->woken();
      } else {
        return;
      }
    }
    throw std::runtime_error("the network does not come to rest");
  }
  void advance(std::uint64_t ms) {
    const std::uint64_t end_ms = now_ms + ms;
    settle();
    while (wake_at_ms_ <= end_ms) {
      now_ms = std::max(now_ms, wake_at_ms_);
      settle();
    }
    now_ms = end_ms;
    settle();
  }
  std::uint64_t wake_at() const { return wake_at_ms_; }

  void answer(Peer& peer, const std::string& text) {
    std::string bytes = text;
    if (peer.tls) {
      peer.tls->say(text);
      bytes = peer.tls->take();
    }
    deliver(peer.id, bytes);
  }
  void hang_up(Peer& peer, Error error = {}, bool goodbye = false) {
    if (peer.tls && goodbye) {
      peer.tls->say_goodbye();
      deliver(peer.id, peer.tls->take());
    }
    queue_.push_back([this, id = peer.id, error] {
      if (open_.erase(id) != 0) product()->closed(id, error);
    });
  }

  // -- Sockets
  void attach(handsync::SocketEvents* events) override { events_ = events; }
  handsync::Instant now() const override { return {now_ms, rig::kNow_ms + static_cast<std::int64_t>(now_ms), 1, true}; }
  void resolve(NameId id, Text host) override {
    log.push_back("resolve " + std::string(host));
    if (slow_names) return;
    queue_.push_back([this, id, name = std::string(host)] {
      if (forgotten_.count(id) != 0) return;
      const auto found = names.find(name);
      if (found == names.end()) {
        product()->resolved(id, {}, handsync::http::fault(handsync::http::DnsFault::kNoSuchName));
      } else {
        product()->resolved(id, found->second, {});
      }
    });
  }
  void look_up(NameId id, Text name) override {
    queue_.push_back([this, id, srv = std::string(name)] {
      if (forgotten_.count(id) != 0) return;
      const auto& found = services[srv];
      const std::vector<Text> texts(found.begin(), found.end());
      product()->looked_up(id, texts);
    });
  }
  void forget(NameId id) override { forgotten_[id] = true; }
  void connect(SocketId id, const Address& address, std::uint16_t port) override {
    const std::string where = text_of(address, port);
    log.push_back("connect " + where);
    const auto found = hosts.find(where);
    const Host::Mood mood = found == hosts.end() ? Host::Mood::kRefuses : found->second.mood;
    open_[id] = nullptr;
    if (mood == Host::Mood::kSwallows) return;
    queue_.push_back([this, id, where, mood] {
      if (open_.count(id) == 0) return;
      if (mood == Host::Mood::kRefuses) {
        open_.erase(id);
        product()->closed(id, handsync::http::fault(handsync::http::Fault::kUnreachable, 111));
        return;
      }
      Host& host = hosts.at(where);
      auto peer = std::make_shared<Peer>();
      peer->id = id;
      if (host.context != nullptr) peer->tls = std::make_unique<rig::Server>(*host.context);
      peers.push_back(peer);
      open_[id] = peer;
      at_[id] = where;
      passed.tcp += 172;
      product()->connected(id);
      if (host.hang_ups > 0) {
        --host.hang_ups;
        hang_up(*peer);
      }
    });
  }
  void send(SocketId id, Bytes bytes) override {
    if (sending_.count(id) != 0) throw std::runtime_error("two sends at a time");
    sending_[id] = true;
    queue_.push_back([this, id, bytes] {
      sending_.erase(id);
      const auto found = open_.find(id);
      if (found == open_.end() || !found->second) return;
      const auto peer = found->second;
      count(id, bytes.size(), true);
      take(*peer, std::string(handsync::text_of(bytes)));  // the caller's memory, read as late as allowed
      if (open_.count(id) != 0) product()->sent(id);
    });
  }
  void close(SocketId id, Bytes last_words) override {
    log.push_back("close");
    const auto found = open_.find(id);
    if (found == open_.end()) return;
    if (const auto peer = found->second) {
      peer->gone = true;
      passed.out += last_words.size();
      if (!last_words.empty() && peer->tls) peer->tls->feed(std::string(handsync::text_of(last_words)));
    }
    if (found->second) passed.tcp += 208;
    unanswered_.erase(id);
    open_.erase(found);
  }
  void wake_at(std::uint64_t mono_ms) override { wake_at_ms_ = mono_ms; }

 private:
  void count(SocketId id, std::size_t bytes, bool out) {
    (out ? passed.out : passed.in) += bytes;
    passed.tcp += 52 * ((bytes + 1447) / 1448);
    unanswered_[id] = out;
  }
  void deliver(SocketId id, const std::string& bytes) {
    if (bytes.empty()) return;
    queue_.push_back([this, id, bytes] {
      if (open_.count(id) == 0) return;
      count(id, bytes.size(), false);
      product()->received(id, handsync::bytes_of(bytes));
    });
  }
  void take(Peer& peer, const std::string& bytes) {
    ++peer.segments;
    peer.wire_in += bytes;
    if (peer.tls) {
      peer.tls->feed(bytes);
      deliver(peer.id, peer.tls->take());
      peer.in += std::exchange(peer.tls->plain, {});
    } else {
      peer.in += bytes;
    }
    for (;;) {
      const std::size_t head = peer.in.find("\r\n\r\n");
      if (head == std::string::npos) return;
      const std::size_t length = peer.in.find("Content-Length: ");
      const std::size_t body = length == std::string::npos ? 0 : std::stoul(peer.in.substr(length + 16));
      if (peer.in.size() < head + 4 + body) {
        const std::string early = std::exchange(hosts.at(at_.at(peer.id)).early, {});
        if (!early.empty()) answer(peer, early);
        return;
      }
      const std::string request = peer.in.substr(0, head + 4 + body);
      peer.in.erase(0, request.size());
      const std::string reply = hosts.at(at_.at(peer.id)).answer(peer, request);
      if (!reply.empty()) answer(peer, reply);
    }
  }

  /// Every call through it is the product's: until the end of the full expression.
  struct Calling {
    handsync::SocketEvents* operator->() const { return events; }
    handsync::SocketEvents* events;
    Inside on{};
  };
  Calling product() { return {events_}; }

  handsync::SocketEvents* events_ = nullptr;
  std::deque<std::function<void()>> queue_;
  std::map<SocketId, std::shared_ptr<Peer>> open_;
  std::map<SocketId, std::string> at_;
  std::map<SocketId, bool> sending_;
  std::map<NameId, bool> forgotten_;
  std::map<SocketId, bool> unanswered_;
  std::uint64_t wake_at_ms_ = UINT64_MAX;
};

}  // namespace net
