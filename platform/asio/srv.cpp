#include "asio/srv.h"

#include <ares.h>
#include <arpa/nameser.h>

#include <algorithm>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <tuple>
#include <unordered_map>

namespace handsync {
namespace {

std::vector<std::string> hosts_of(const unsigned char* message, int bytes) {
  struct Record {
    int priority, weight;
    std::string host;
  };
  std::vector<Record> records;
  ares_srv_reply* reply = nullptr;
  if (ares_parse_srv_reply(message, bytes, &reply) == ARES_SUCCESS) {
    for (const ares_srv_reply* one = reply; one != nullptr; one = one->next) {
      const std::string target = one->host;
      if (target.empty() || target == ".") continue;  // "decidedly not available" (RFC 2782)
      records.push_back({one->priority, one->weight, target + ":" + std::to_string(one->port)});
    }
    ares_free_data(reply);
  }
  std::stable_sort(records.begin(), records.end(), [](const Record& a, const Record& b) {
    return std::tuple(a.priority, -a.weight) < std::tuple(b.priority, -b.weight);
  });
  std::vector<std::string> hosts;
  for (const Record& record : records) hosts.push_back(record.host);
  return hosts;
}

}  // namespace

struct SrvResolver::Impl : std::enable_shared_from_this<Impl> {
  /// A descriptor of c-ares, watched for as long as c-ares wants it; closing it is c-ares's business.
  struct Watch {
    Watch(asio::io_context& context, int fd) : descriptor(context, fd) {}
    ~Watch() { descriptor.release(); }
    asio::posix::stream_descriptor descriptor;
    bool reading = false, writing = false, read_armed = false, write_armed = false;
  };
  struct Query {
    std::shared_ptr<Impl> impl;
    Answer answer;
  };

  Impl(asio::io_context& context_in, std::string servers_in)
      : context(context_in), timer(context_in), servers(std::move(servers_in)) {}

  bool start() {
    if (channel != nullptr) return true;
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) return false;
    ares_options options{};
    options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
      static_cast<Impl*>(self)->watch(fd, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    options.timeout = 3000;
    options.tries = 2;
    if (ares_init_options(&channel, &options, ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) !=
        ARES_SUCCESS) {
      channel = nullptr;
      return false;
    }
    return servers.empty() || ares_set_servers_ports_csv(channel, servers.c_str()) == ARES_SUCCESS;
  }

  void stop() {
    closing = true;
    if (channel != nullptr) ares_destroy(channel);
    channel = nullptr;
    watches.clear();
    timer.cancel();
  }

  void watch(int fd, bool readable, bool writable) {
    if (!readable && !writable) {
      watches.erase(fd);
      return;
    }
    auto& slot = watches[fd];
    if (!slot) slot = std::make_shared<Watch>(context, fd);
    slot->reading = readable;
    slot->writing = writable;
    arm(fd, slot);
  }

  void arm(int fd, const std::shared_ptr<Watch>& slot) {
    if (slot->reading && !slot->read_armed) wait(fd, slot, asio::posix::stream_descriptor::wait_read);
    if (slot->writing && !slot->write_armed) wait(fd, slot, asio::posix::stream_descriptor::wait_write);
  }

  void wait(int fd, const std::shared_ptr<Watch>& slot, asio::posix::stream_descriptor::wait_type type) {
    const bool read = type == asio::posix::stream_descriptor::wait_read;
    (read ? slot->read_armed : slot->write_armed) = true;
    slot->descriptor.async_wait(
        type, [self = shared_from_this(), fd, weak = std::weak_ptr(slot), read](const std::error_code& code) {
          const auto still = weak.lock();
          if (code || !still || self->closing) return;
          (read ? still->read_armed : still->write_armed) = false;
          ares_process_fd(self->channel, read ? fd : ARES_SOCKET_BAD, read ? ARES_SOCKET_BAD : fd);
          const auto now = self->watches.find(fd);
          if (now != self->watches.end() && now->second == still) self->arm(fd, still);
          self->arm_timer();
        });
  }

  void arm_timer() {
    if (closing || channel == nullptr) return;
    timeval room{};
    const timeval* left = ares_timeout(channel, nullptr, &room);
    if (left == nullptr) {
      timer.cancel();
      return;
    }
    timer.expires_after(std::chrono::seconds(left->tv_sec) + std::chrono::microseconds(left->tv_usec + 1000));
    timer.async_wait([self = shared_from_this()](const std::error_code& code) {
      if (code || self->closing) return;
      ares_process_fd(self->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      self->arm_timer();
    });
  }

  asio::io_context& context;
  asio::steady_timer timer;
  std::string servers;
  ares_channel channel = nullptr;
  std::unordered_map<int, std::shared_ptr<Watch>> watches;
  bool closing = false;
};

SrvResolver::SrvResolver(asio::io_context& context, std::string servers)
    : impl_(std::make_shared<Impl>(context, std::move(servers))) {}
SrvResolver::~SrvResolver() { impl_->stop(); }

void SrvResolver::look_up(const std::string& name, Answer answer) {
  if (!impl_->start()) {
    asio::post(impl_->context, [answer] { answer({}); });
    return;
  }
  auto* query = new Impl::Query{impl_, std::move(answer)};
  ares_query(
      impl_->channel, name.c_str(), ns_c_in, ns_t_srv,
      [](void* argument, int status, int, unsigned char* message, int bytes) {
        const std::unique_ptr<Impl::Query> done(static_cast<Impl::Query*>(argument));
        if (done->impl->closing) return;
        const auto hosts = status == ARES_SUCCESS ? hosts_of(message, bytes) : std::vector<std::string>{};
        asio::post(done->impl->context, [impl = done->impl, reply = done->answer, hosts] {
          if (!impl->closing) reply(hosts);
        });
      },
      query);
  impl_->arm_timer();
}

}  // namespace handsync
