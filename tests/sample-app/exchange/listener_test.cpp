#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <stdlib.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "exchange/listener.h"
#include "sample-app/exchange/phone.h"

#include <CppUTest/TestHarness.h>

using namespace exchange_test;

namespace {

// A blocking TLS client: enough to see certificates, tickets and cut answers.
class Client {
 public:
  explicit Client(const std::string& ca_path) {
    mbedtls_net_init(&net_);
    mbedtls_entropy_init(&entropy_);
    mbedtls_ctr_drbg_init(&random_);
    mbedtls_x509_crt_init(&ca_);
    mbedtls_ssl_config_init(&config_);
    mbedtls_ssl_session_init(&session_);
    mbedtls_ctr_drbg_seed(&random_, mbedtls_entropy_func, &entropy_, nullptr, 0);
    mbedtls_x509_crt_parse_file(&ca_, ca_path.c_str());
    mbedtls_ssl_config_defaults(&config_, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                MBEDTLS_SSL_PRESET_DEFAULT);
    mbedtls_ssl_conf_rng(&config_, mbedtls_ctr_drbg_random, &random_);
    mbedtls_ssl_conf_ca_chain(&config_, &ca_, nullptr);
    mbedtls_ssl_conf_authmode(&config_, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_read_timeout(&config_, 5000);
  }
  ~Client() {
    disconnect();
    mbedtls_ssl_session_free(&session_);
    mbedtls_ssl_config_free(&config_);
    mbedtls_x509_crt_free(&ca_);
    mbedtls_ctr_drbg_free(&random_);
    mbedtls_entropy_free(&entropy_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // 0 or the handshake's error.
  int connect(std::uint16_t port, const std::string& name = "localhost") {
    disconnect();
    mbedtls_ssl_init(&ssl_);
    connected_ = true;
    if (mbedtls_net_connect(&net_, "127.0.0.1", std::to_string(port).c_str(), MBEDTLS_NET_PROTO_TCP) != 0) return -1;
    mbedtls_ssl_setup(&ssl_, &config_);
    mbedtls_ssl_set_hostname(&ssl_, name.c_str());
    mbedtls_ssl_set_bio(&ssl_, &net_, mbedtls_net_send, nullptr, mbedtls_net_recv_timeout);
    if (has_session_) mbedtls_ssl_set_session(&ssl_, &session_);
    const int result = mbedtls_ssl_handshake(&ssl_);
    if (result == 0) has_session_ = mbedtls_ssl_get_session(&ssl_, &session_) == 0;
    return result;
  }
  std::uint32_t verdict() const { return mbedtls_ssl_get_verify_result(&ssl_); }
  void disconnect() {
    if (!std::exchange(connected_, false)) return;
    mbedtls_ssl_free(&ssl_);
    mbedtls_net_free(&net_);
  }
  void send(const HttpRequest& request) {
    std::string out = request.method + " " + request.target + " HTTP/1.1\r\nHost: localhost\r\n";
    for (const auto& [name, value] : request.headers) out += name + ": " + value + "\r\n";
    if (!request.body.empty()) out += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    out += "\r\n" + request.body;
    mbedtls_ssl_write(&ssl_, reinterpret_cast<const unsigned char*>(out.data()), out.size());
  }
  // Head and body of one answer; less when the connection ends.
  std::string receive() {
    std::string in;
    std::array<unsigned char, 4096> buffer{};
    while (true) {
      const std::size_t head = in.find("\r\n\r\n");
      if (head != std::string::npos) {
        const std::size_t at = in.find("Content-Length: ");
        const std::size_t size = std::stoul(in.substr(at + 16));
        if (in.size() >= head + 4 + size) return in;
      }
      const int size = mbedtls_ssl_read(&ssl_, buffer.data(), buffer.size());
      if (size <= 0) return in;
      in.append(reinterpret_cast<const char*>(buffer.data()), static_cast<std::size_t>(size));
    }
  }
  std::string exchange(const HttpRequest& request) {
    send(request);
    return receive();
  }

 private:
  mbedtls_net_context net_{};
  mbedtls_entropy_context entropy_{};
  mbedtls_ctr_drbg_context random_{};
  mbedtls_x509_crt ca_{};
  mbedtls_ssl_config config_{};
  mbedtls_ssl_context ssl_{};
  mbedtls_ssl_session session_{};
  bool connected_ = false, has_session_ = false;
};

std::string stats_of(exchange::Listener& listener) {
  std::string stats;
  listener.call([&](exchange::Server& server) { stats = server.stats(); });
  return stats;
}

}  // namespace

TEST_GROUP(ExchangeListener) {
  exchange::Server twin{options_with(0)};  // only for the requests it helps to write
  Phone phone{twin};
  std::string folder;

  void setup() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "exchange-test-XXXXXX").string();
    folder = mkdtemp(pattern.data());
  }
  void teardown() override { std::filesystem::remove_all(folder); }
  HttpRequest options_request() {
    HttpRequest request = phone.request("Ping", "");
    request.method = "OPTIONS";
    request.target = "/Microsoft-Server-ActiveSync";
    return request;
  }
  exchange::ListenerOptions with_state() {
    exchange::ListenerOptions options;
    options.state_dir = folder;
    return options;
  }
};

TEST(ExchangeListener, KeepsTheConnectionAndNamesEveryHost) {
  exchange::Listener listener(options_with(3));
  Client client(listener.ca_path());
  for (const char* const name : {"localhost", "example.test", "autodiscover.example.test"})
    LONGS_EQUAL(0, client.connect(listener.port(), name));
  CHECK(client.exchange(options_request()).starts_with("HTTP/1.1 200 OK"));
  CHECK(client.exchange(options_request()).find("MS-ASProtocolVersions") != std::string::npos);
  CHECK(stats_of(listener).find("\"connections\":3") != std::string::npos);
  Client stranger(listener.ca_path());
  CHECK(stranger.connect(listener.port(), "elsewhere.test") != 0);
}

TEST(ExchangeListener, TicketsSurviveARestart) {
  std::string ca;
  {
    exchange::Listener listener(options_with(3), with_state());
    ca = listener.ca_path();
  }
  Client client(ca);
  {
    exchange::Listener listener(options_with(3), with_state());
    LONGS_EQUAL(0, client.connect(listener.port()));
    LONGS_EQUAL(0, client.connect(listener.port()));
    client.exchange(options_request());  // a resumed handshake ends at the server after it has ended at the client
    CHECK(stats_of(listener).find("\"handshakes_full\":1,\"handshakes_resumed\":1") != std::string::npos);
  }
  exchange::Listener listener(options_with(3), with_state());
  LONGS_EQUAL(0, client.connect(listener.port()));
  client.exchange(options_request());
  CHECK(stats_of(listener).find("\"handshakes_full\":0,\"handshakes_resumed\":1") != std::string::npos);
}

TEST(ExchangeListener, BadCertificatesAreBad) {
  const auto verdict = [](exchange::CertificateKind kind) {
    exchange::ListenerOptions options;
    options.certificate = kind;
    exchange::Listener listener(options_with(0), options);
    Client client(listener.ca_path());
    CHECK(client.connect(listener.port()) != 0);
    return client.verdict();
  };
  CHECK((verdict(exchange::CertificateKind::kWrongName) & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0);
  CHECK((verdict(exchange::CertificateKind::kExpired) & MBEDTLS_X509_BADCERT_EXPIRED) != 0);
  CHECK((verdict(exchange::CertificateKind::kSelfSigned) & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0);
  CHECK((verdict(exchange::CertificateKind::kUnknownCa) & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0);
}

TEST(ExchangeListener, FaultsReachTheWire) {
  exchange::Listener listener(options_with(3));
  Client client(listener.ca_path());
  LONGS_EQUAL(0, client.connect(listener.port()));
  listener.call([](exchange::Server& server) {
    server.fault("OPTIONS@1:html");
    server.fault("OPTIONS@1:cut:10");
  });
  const std::string cut = client.exchange(options_request());
  LONGS_EQUAL(10, cut.size() - cut.find("\r\n\r\n") - 4);
  listener.call([](exchange::Server& server) {
    server.faults_off();
    server.fault("OPTIONS@1:lose-answer");
    server.fault("OPTIONS@2:delay:30");
  });
  LONGS_EQUAL(0, client.connect(listener.port()));
  CHECK_EQUAL(std::string(), client.exchange(options_request()));
  LONGS_EQUAL(0, client.connect(listener.port()));
  CHECK(client.exchange(options_request()).starts_with("HTTP/1.1 200"));
}

TEST(ExchangeListener, AWaitingRequestIsAnsweredFromAnotherThreadAndForgottenOnClose) {
  exchange::Options options = options_with(1);
  options.policy.reset();
  exchange::Listener listener(options);
  Client client(listener.ca_path());
  LONGS_EQUAL(0, client.connect(listener.port()));
  client.exchange(phone.request("FolderSync", exchange::to_wbxml(n(fh::kFolderSync, {n(fh::kSyncKey, "0")}))));
  client.exchange(phone.request("Sync", exchange::to_wbxml(Phone::sync_document(Phone::collection("0", "11")))));
  const HttpRequest ping = phone.request(
      "Ping", exchange::to_wbxml(
                  n(pg::kPing, {n(pg::kHeartbeatInterval, "480"),
                                n(pg::kFolders, {n(pg::kFolder, {n(pg::kId, "11"), n(pg::kClass, "Email")})})})));
  client.send(ping);
  std::size_t waiting = 0;
  for (int i = 0; i < 200 && waiting == 0; ++i)
    listener.call([&](exchange::Server& server) { waiting = server.waiting(); });
  LONGS_EQUAL(1, waiting);
  listener.call([](exchange::Server& server) { server.policy("anna@example.test", std::nullopt); });
  CHECK(client.receive().starts_with("HTTP/1.1 200"));
  client.send(ping);
  for (int i = 0; i < 200 && waiting == 0; ++i)
    listener.call([&](exchange::Server& server) { waiting = server.waiting(); });
  client.disconnect();
  for (int i = 0; i < 2000 && waiting != 0; ++i)
    listener.call([&](exchange::Server& server) { waiting = server.waiting(); });
  LONGS_EQUAL(0, waiting);
}

TEST(ExchangeListener, SaysWhyItCannotStart) {
  exchange::Listener first(options_with(0));
  exchange::ListenerOptions same_port;
  same_port.port = first.port();
  CHECK_THROWS(std::runtime_error, exchange::Listener(options_with(0), same_port));
}
