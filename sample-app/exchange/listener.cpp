#include "exchange/listener.h"

#include <sys/stat.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <map>
#include <stdexcept>
#include <thread>

#include "exchange/certificates.h"
#include "exchange/connection.h"
#include "exchange/text.h"
#include "exchange/tls_server.h"

namespace exchange {
namespace {

namespace fs = std::filesystem;
using asio::ip::tcp;

constexpr auto kSaveEvery = std::chrono::seconds(30);

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Written beside and renamed: a reader, or a power cut, finds the old file or the new one.
void write_file(const fs::path& path, const std::string& bytes) {
  const fs::path beside = path.string() + ".new";
  {
    std::ofstream out(beside, std::ios::binary | std::ios::trunc);
    ::chmod(beside.c_str(), S_IRUSR | S_IWUSR);
    out << bytes;
    out.flush();
    if (!out)
      throw std::runtime_error("the file " + path.string() + " could not be written; choose another --state folder");
  }
  fs::rename(beside, path);
}

std::int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Options from_now(Options options) {
  if (options.start_ms == 0) options.start_ms = wall_ms();
  return options;
}

std::vector<std::string> host_names(const Options& options) {
  std::vector<std::string> names = {"localhost"};
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const User& user : options.users) {
    const std::string domain = user.email.substr(user.email.find('@') + 1);
    add(domain);
    add("autodiscover." + domain);
  }
  return names;
}

}  // namespace

namespace {

// The folder of a listener that was given none goes with it, also when it does not get as far as to start.
class Folder {
 public:
  explicit Folder(const std::string& named) : temporary_(named.empty()) {
    if (temporary_) {
      std::string pattern = (fs::temp_directory_path() / "exchange-XXXXXX").string();
      if (::mkdtemp(pattern.data()) == nullptr)
        throw std::runtime_error("no temporary folder could be made; name one with --state");
      path_ = pattern;
      return;
    }
    std::error_code error;
    fs::create_directories(named, error);
    if (error) throw std::runtime_error("the folder " + named + " could not be made; choose another --state folder");
    path_ = fs::absolute(named);
  }
  ~Folder() {
    std::error_code ignored;
    if (temporary_) fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  bool temporary() const { return temporary_; }
  fs::path operator/(const char* name) const { return path_ / name; }

 private:
  bool temporary_;
  fs::path path_;
};

}  // namespace

CertificateKind certificate_kind(const std::string& name) {
  if (name == "good") return CertificateKind::kGood;
  if (name == "wrong-name") return CertificateKind::kWrongName;
  if (name == "expired") return CertificateKind::kExpired;
  if (name == "self-signed") return CertificateKind::kSelfSigned;
  if (name == "unknown-ca") return CertificateKind::kUnknownCa;
  throw std::invalid_argument("there is no certificate kind \"" + name +
                              "\"; there are good, wrong-name, expired, self-signed, unknown-ca");
}

class Listener::Impl final : public ConnectionHost {
 public:
  Impl(Options options, ListenerOptions listener)
      : options_(std::move(listener)),
        server_(from_now(std::move(options))),
        folder_(options_.state_dir),
        acceptor_(io_),
        wake_(io_),
        save_(io_) {
    prepare_identity();
    open();
    if (!folder_.temporary()) load();
    accept();
    schedule_save();
    thread_ = std::thread([this] { io_.run(); });
  }

  ~Impl() override {
    asio::post(io_, [this] {
      asio::error_code ignored;
      acceptor_.close(ignored);
      const auto open_connections = connections_;
      for (const auto& [number, connection] : open_connections) connection->close();
      io_.stop();
    });
    thread_.join();
    if (!folder_.temporary()) save();
  }

  Server& server() override { return server_; }
  TlsServer& tls() override { return *tls_; }
  std::int64_t now_ms() const override { return wall_ms(); }
  void server_used() override { schedule_wake(); }
  void closed(std::uint64_t number) override { connections_.erase(number); }

  void call(const std::function<void(Server&)>& job) {
    std::promise<void> done;
    asio::post(io_, [&] {
      try {
        server_.tick(wall_ms());
        job(server_);
        done.set_value();
      } catch (...) {
        done.set_exception(std::current_exception());
      }
      schedule_wake();
    });
    done.get_future().get();
  }

  std::uint16_t port() const { return port_; }
  std::string origin() const { return "https://localhost:" + std::to_string(port_); }
  std::string ca_path() const { return (folder_ / "ca.pem").string(); }

 private:
  void prepare_identity() {
    Identity stored;
    stored.ca_pem = read_file(folder_ / "ca.pem");
    stored.ca_key_pem = read_file(folder_ / "ca-key.pem");
    const Identity identity = make_identity(host_names(server_.options()), options_.certificate, stored);
    write_file(folder_ / "ca.pem", identity.ca_pem);
    write_file(folder_ / "ca-key.pem", identity.ca_key_pem);
    write_file(folder_ / "server.pem", identity.server_pem);
    std::string ticket_key = read_file(folder_ / "ticket.key");
    if (ticket_key.size() != 32) {
      ticket_key = TlsServer::new_ticket_key();
      write_file(folder_ / "ticket.key", ticket_key);
    }
    tls_ = std::make_unique<TlsServer>(identity, ticket_key,
                                       options_.client_ca.empty() ? "" : read_file(options_.client_ca));
  }

  void open() {
    try {
      const tcp::endpoint endpoint(asio::ip::make_address(options_.address), options_.port);
      acceptor_.open(endpoint.protocol());
      acceptor_.set_option(tcp::acceptor::reuse_address(true));
      acceptor_.bind(endpoint);
      acceptor_.listen();
      port_ = acceptor_.local_endpoint().port();
    } catch (const std::system_error& error) {
      throw std::runtime_error("the port " + options_.address + ":" + std::to_string(options_.port) +
                               " could not be opened (" + error.code().message() + "); choose another with --listen");
    }
    server_.set_url(origin() + "/Microsoft-Server-ActiveSync");
  }

  void load() {
    const std::string saved = read_file(folder_ / "state.json");
    if (!saved.empty()) server_.restore(saved);
  }

  void save() {
    try {
      write_file(folder_ / "state.json", server_.save());
    } catch (const std::exception&) {  // a full disk must not end a server that can go on; the next save tries again
    }
  }

  void accept() {
    acceptor_.async_accept([this](asio::error_code error, tcp::socket socket) {
      if (error) return;
      server_.count_connection();
      const std::uint64_t number = next_connection_++;
      const auto connection = std::make_shared<Connection>(*this, std::move(socket), number);
      connections_[number] = connection;
      connection->start();
      accept();
    });
  }

  void schedule_wake() {
    const auto next = server_.next_wake_ms();
    if (!next) {
      wake_.cancel();
      return;
    }
    wake_.expires_after(std::chrono::milliseconds(std::max<std::int64_t>(*next - wall_ms(), 0)));
    wake_.async_wait([this](asio::error_code error) {
      if (error) return;
      server_.tick(wall_ms());
      schedule_wake();
    });
  }

  void schedule_save() {
    if (folder_.temporary()) return;
    save_.expires_after(kSaveEvery);
    save_.async_wait([this](asio::error_code error) {
      if (error) return;
      save();
      schedule_save();
    });
  }

  ListenerOptions options_;
  Server server_;
  Folder folder_;
  std::unique_ptr<TlsServer> tls_;
  asio::io_context io_;
  tcp::acceptor acceptor_;
  asio::steady_timer wake_, save_;
  std::map<std::uint64_t, std::shared_ptr<Connection>> connections_;
  std::uint64_t next_connection_ = 1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

Listener::Listener(Options options, ListenerOptions listener)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(listener))) {}
Listener::~Listener() = default;
std::uint16_t Listener::port() const { return impl_->port(); }
std::string Listener::url() const { return impl_->origin() + "/Microsoft-Server-ActiveSync"; }
std::string Listener::autodiscover() const { return impl_->origin() + "/autodiscover/autodiscover.xml"; }
std::string Listener::ca_path() const { return impl_->ca_path(); }
void Listener::call(const std::function<void(Server&)>& job) { impl_->call(job); }

}  // namespace exchange
