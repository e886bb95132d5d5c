// SRV look-ups against a name server of one datagram.
#include "asio/srv.h"

#include <asio/ip/udp.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <string>
#include <vector>

#include <CppUTest/TestHarness.h>

using namespace handsync;

namespace {

struct Service {
  int priority, weight, port;
  std::string target;
};

std::string name_of(const std::string& dotted) {
  std::string wire;
  for (std::size_t at = 0; at < dotted.size();) {
    const std::size_t end = std::min(dotted.find('.', at), dotted.size());
    wire += static_cast<char>(end - at);
    wire += dotted.substr(at, end - at);
    at = end + 1;
  }
  return wire + '\0';
}

std::string u16(int value) { return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)}; }

/// Answers every question with these services; an empty list is "no such name". Silent: not at all.
class NameServer {
 public:
  NameServer(asio::io_context& context, std::vector<Service> services, bool silent = false)
      : socket_(context, {asio::ip::make_address("127.0.0.1"), 0}), services_(std::move(services)), silent_(silent) {
    listen();
  }
  std::string where() const { return "127.0.0.1:" + std::to_string(socket_.local_endpoint().port()); }
  int questions = 0;

 private:
  void listen() {
    socket_.async_receive_from(asio::buffer(room_), from_, [this](const std::error_code& code, std::size_t bytes) {
      if (code) return;
      ++questions;
      const std::string question(room_ + 12, bytes - 12);
      std::string reply = std::string(room_, 2) + u16(services_.empty() ? 0x8183 : 0x8180) + u16(1) +
                          u16(static_cast<int>(services_.size())) + u16(0) + u16(0);
      reply += question.substr(0, question.find('\0') + 5);
      for (const Service& service : services_) {
        const std::string target = name_of(service.target);
        reply += u16(0xc00c) + u16(33) + u16(1) + u16(0) + u16(60) + u16(static_cast<int>(6 + target.size())) +
                 u16(service.priority) + u16(service.weight) + u16(service.port) + target;
      }
      std::error_code ignored;
      if (!silent_) socket_.send_to(asio::buffer(reply), from_, 0, ignored);
      listen();
    });
  }
  asio::ip::udp::socket socket_;
  asio::ip::udp::endpoint from_;
  std::vector<Service> services_;
  bool silent_;
  char room_[1024];
};

}  // namespace

TEST_GROUP(Srv) {
  asio::io_context context;
  std::vector<std::string> hosts;
  bool answered = false;

  void ask(SrvResolver & resolver) {
    answered = false;
    resolver.look_up("_autodiscover._tcp.example.com", [this](const std::vector<std::string>& found) {
      hosts = found;
      answered = true;
    });
    CHECK_FALSE(answered);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!answered && std::chrono::steady_clock::now() < end) context.run_one_for(std::chrono::milliseconds(100));
    CHECK(answered);
  }
};

TEST(Srv, ComesInOrderOfPreference) {
  NameServer server(context,
                    {{10, 5, 443, "b.example.com"}, {20, 0, 443, "c.example.com"}, {10, 50, 8443, "a.example.com"}});
  SrvResolver resolver(context, server.where());
  ask(resolver);
  LONGS_EQUAL(3, hosts.size());
  STRCMP_EQUAL("a.example.com:8443", hosts[0].c_str());
  STRCMP_EQUAL("b.example.com:443", hosts[1].c_str());
  STRCMP_EQUAL("c.example.com:443", hosts[2].c_str());
  ask(resolver);
  LONGS_EQUAL(2, server.questions);
}

TEST(Srv, ADotMeansThereIsNoService) {
  NameServer server(context, {{0, 0, 0, ""}});
  SrvResolver resolver(context, server.where());
  ask(resolver);
  LONGS_EQUAL(0, hosts.size());
}

TEST(Srv, NoSuchName) {
  NameServer server(context, {});
  SrvResolver resolver(context, server.where());
  ask(resolver);
  LONGS_EQUAL(0, hosts.size());
}

TEST(Srv, AResolverMayGoWhileItWaits) {
  NameServer server(context, {}, true);
  {
    SrvResolver resolver(context, server.where());
    resolver.look_up("_autodiscover._tcp.example.com", [this](const std::vector<std::string>&) { answered = true; });
    context.run_one_for(std::chrono::milliseconds(50));
  }
  context.run_for(std::chrono::milliseconds(50));
  CHECK_FALSE(answered);
  LONGS_EQUAL(1, server.questions);
}
