// The POSIX side against real sockets on loopback.
#include "asio/loop.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "asio/system_trust.h"
#include "asio/worker.h"
#include "http/fault.h"
#include "platform/tls/rig.h"
#include "pump/carrier.h"
#include "tls/anchors.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;

namespace {

/// A blocking HTTPS server of one thread: answers every request with 200 and the size of what it got.
class Server {
 public:
  explicit Server(rig::ServerContext& context) : context_(context) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof address;
    if (bind(fd_, reinterpret_cast<sockaddr*>(&address), bytes) != 0 || listen(fd_, 8) != 0)
      throw std::runtime_error("listen");
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &bytes);
    port = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
  }
  std::uint16_t port = 0;
  std::atomic<int> connections{0};

 private:
  void serve() {
    for (;;) {
      const int peer = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (peer < 0) return;
      ++connections;
      rig::Server tls(context_);
      char room[16384];
      for (ssize_t got = 0; (got = read(peer, room, sizeof room)) > 0;) {
        tls.feed(std::string(room, static_cast<std::size_t>(got)));
        const std::size_t head = tls.plain.find("\r\n\r\n");
        if (head != std::string::npos) {
          const std::size_t body = std::stoul(tls.plain.substr(tls.plain.find("Content-Length: ") + 16));
          if (tls.plain.size() >= head + 4 + body) {
            const std::string text(body * 3, 'r');
            tls.say("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text);
            tls.plain.clear();
          }
        }
        const std::string out = tls.take();
        if (!out.empty() && send(peer, out.data(), out.size(), MSG_NOSIGNAL) < 0) break;
      }
      close(peer);
    }
  }
  rig::ServerContext& context_;
  int fd_ = -1;
  std::thread thread_;
};

struct Recorder final : Listener {
  Result<std::size_t> read_body(RequestId, Room room) override {
    const std::size_t bytes = std::min(room.size(), body_left);
    for (std::size_t i = 0; i < bytes; ++i) room[i] = std::byte{'b'};
    body_left -= bytes;
    return bytes;
  }
  Status rewind_body(RequestId) override { return Done{}; }
  void response_head(RequestId, int http_status, std::span<const Header>, const Channel& channel, Instant) override {
    status = http_status;
    verified = channel.verified;
  }
  void response_body(RequestId, Bytes bytes, Instant) override { body_bytes += bytes.size(); }
  void response_end(RequestId, Instant) override { ++ends; }
  void failed(RequestId, Error error_in, Instant) override {
    error = error_in;
    ++ends;
  }
  void looked_up(RequestId, std::span<const Text> hosts, Instant) override {
    services = hosts.size();
    ++ends;
  }
  int status = 0, ends = 0;
  bool verified = false;
  std::size_t body_left = 0, body_bytes = 0, services = 99;
  Error error{};
};

rig::ServerSettings local() {
  rig::Spec spec;
  spec.dns = {"localhost", "mail.example.com"};
  rig::ServerSettings settings;
  settings.chain = rig::make(spec);
  return settings;
}

}  // namespace

TEST_GROUP(Posix) {
  static constexpr std::uint64_t kPatience_ms = 10'000;
  std::uint64_t deadline(Loop & loop) { return loop.now().mono_ms + kPatience_ms; }
};

TEST(Posix, RequestsOverRealSockets) {
  rig::ServerContext context(local());
  Server server(context);
  Loop loop;
  Recorder listener;
  rig::Entropy entropy;
  {
    Carrier carrier(loop.sockets(), listener, entropy);
    CHECK(carrier.set_trust(AccountId{1}, bytes_of(rig::ca_pem())).ok());
    Send send;
    send.account = AccountId{1};
    send.lane = Lane::kWork;
    send.host = "localhost";
    send.port = server.port;
    send.method = "POST";
    send.target = "/";
    send.connect_s = send.silence_s = send.total_s = 10;
    std::size_t expected = 0;
    for (std::uint32_t id = 1; id <= 3; ++id) {
      send.id = RequestId{id};
      send.body_bytes = listener.body_left = id * 100'000;
      carrier.begin(send);
      CHECK(loop.run_until([&] { return listener.ends == static_cast<int>(id); }, deadline(loop)));
      LONGS_EQUAL(0, listener.error.code);
      LONGS_EQUAL(200, listener.status);
      CHECK(listener.verified);
      expected += id * 300'000;
      LONGS_EQUAL(expected, listener.body_bytes);
    }
    LONGS_EQUAL(1, carrier.counters().connections);
    carrier.close_idle();
    send.id = RequestId{4};
    send.body_bytes = 0;
    carrier.begin(send);
    CHECK(loop.run_until([&] { return listener.ends == 4; }, deadline(loop)));
    LONGS_EQUAL(1, carrier.counters().handshakes_resumed);
    CHECK(carrier.connect_to("mail.example.com:443:127.0.0.1:" + std::to_string(server.port)).ok());
    send.id = RequestId{5};
    send.host = "mail.example.com";
    send.port = 443;
    carrier.begin(send);
    CHECK(loop.run_until([&] { return listener.ends == 5; }, deadline(loop)));
    LONGS_EQUAL(200, listener.status);
    LONGS_EQUAL(0, listener.error.code);
  }
}

TEST(Posix, NobodyListens) {
  Loop loop;
  rig::Entropy entropy;
  // Names under localhost need neither a hosts file nor a name server (RFC 6761 6.3).
  for (const char* host : {"127.0.0.1", "localhost", "LocalHost.", "phone.localhost"}) {
    Recorder listener;
    Carrier carrier(loop.sockets(), listener, entropy);
    Send send;
    send.id = RequestId{1};
    send.account = AccountId{1};
    send.host = host;
    send.port = 1;
    send.method = "GET";
    send.target = "/";
    carrier.begin(send);
    CHECK(loop.run_until([&] { return listener.ends == 1; }, deadline(loop)));
    CHECK_TEXT(listener.error.domain == Domain::kHttp, host);
    LONGS_EQUAL_TEXT(static_cast<int>(http::Fault::kUnreachable), listener.error.code, host);
    LONGS_EQUAL_TEXT(ECONNREFUSED, listener.error.where, host);
  }
}

TEST(Posix, TurnsDeadlinesAndPosts) {
  Loop loop;
  int turns = 0;
  loop.each_turn([&] { ++turns; });
  const std::uint64_t begin = loop.now().mono_ms;
  CHECK_FALSE(loop.run_until([] { return false; }, begin + 30));
  CHECK(loop.now().mono_ms >= begin + 30);
  CHECK(loop.now().mono_ms < begin + 2'000);
  CHECK(turns >= 2);
  CHECK(turns < 10);
  bool posted = false;
  std::thread other([&] { loop.post([&] { posted = true; }); });
  CHECK(loop.run_until([&] { return posted; }, deadline(loop)));
  other.join();
  loop.wake_at(loop.now().mono_ms + 20);
  // Cancelled timers turn the loop too, so turns are not counted here: without the wake nothing looks at the clock
  // before the deadline.
  const std::uint64_t at = loop.now().mono_ms;
  const std::uint64_t last_ms = deadline(loop);
  CHECK(loop.run_until([&] { return loop.now().mono_ms >= at + 19; }, last_ms));
  CHECK(loop.now().mono_ms < last_ms);
  loop.stop();
  CHECK_FALSE(loop.run_until([] { return false; }, deadline(loop)));
}

TEST(Posix, Clock) {
  Loop loop;
  const Instant now = loop.now();
  CHECK(now.mono_ms > 0);
  CHECK(now.wall_trusted);
  CHECK(now.boot != 0);
  loop.set_boot(7);
  LONGS_EQUAL(7, loop.now().boot);
}

TEST(Posix, SignalsAndDescriptors) {
  Loop loop;
  int taken = 0;
  loop.on_signal({SIGUSR1, SIGUSR2}, [&](int number) { taken = number; });
  raise(SIGUSR2);
  CHECK(loop.run_until([&] { return taken == SIGUSR2; }, deadline(loop)));
  raise(SIGUSR1);
  CHECK(loop.run_until([&] { return taken == SIGUSR1; }, deadline(loop)));
  int ends[2];
  LONGS_EQUAL(0, pipe(ends));
  std::string got;
  loop.watch(ends[0], [&] {
    char letter = 0;
    if (read(ends[0], &letter, 1) == 1) got += letter;
    if (letter == 'c') loop.unwatch(ends[0]);
  });
  LONGS_EQUAL(4, write(ends[1], "abcd", 4));
  CHECK(loop.run_until([&] { return got == "abc"; }, deadline(loop)));
  CHECK_FALSE(loop.run_until([&] { return got.size() > 3; }, loop.now().mono_ms + 20));
  close(ends[0]);
  close(ends[1]);
}

TEST(Posix, ANameThatIsStillBeingResolvedIsLeftBehind) {
  Recorder listener;
  rig::Entropy entropy;
  const auto loop = std::make_unique<Loop>();
  Carrier carrier(loop->sockets(), listener, entropy);
  Send send;
  send.id = RequestId{1};
  send.account = AccountId{1};
  send.host = "name.that.does.not.exist.invalid";
  send.method = "GET";
  send.target = "/";
  carrier.begin(send);
  carrier.cancel(RequestId{1});
  CHECK(carrier.idle());
}

TEST(Posix, SystemTrust) {
  SystemTrust missing("/nonexistent/roots.pem");
  std::byte room[100];
  LONGS_EQUAL(0, missing.roots_pem(0, room).value());
  char path[] = "/tmp/handsync-roots-XXXXXX";
  const int fd = mkstemp(path);
  LONGS_EQUAL(static_cast<long>(rig::ca_pem().size()), write(fd, rig::ca_pem().data(), rig::ca_pem().size()));
  close(fd);
  SystemTrust trust(path);
  tls::Anchors anchors;
  CHECK(anchors.load(trust).ok());
  unlink(path);
}
