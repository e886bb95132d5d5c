#include "sim/tls_wire.h"

#include <ctime>
#include <stdexcept>

#define RIG_SEED 1  // the same keys in every run
#include "platform/pump/http_text.h"
#include "platform/tls/rig.h"
#include "tls/session.h"

namespace sim {
namespace {

using namespace handsync;

constexpr std::uint64_t kIdleMaxMs = 300'000;    // then the server hangs up
constexpr std::size_t kAnswerRecordBytes = 500;  // so that a cut falls between records, or into one
std::int64_t world_s = 0;

struct Plain final : tls::Sink {
  Status plaintext(Bytes bytes) override {
    text.append(text_of(bytes));
    return Done{};
  }
  std::string text;
};

// Made before the first life, so that no life's random numbers go into them.
const std::string& leaf() {
  static const std::string pem = [] {
    rig::Spec spec;
    spec.name = "localhost";
    spec.dns = {"localhost"};
    return rig::make(spec);
  }();
  return pem;
}
rig::ServerSettings settings() {
  rig::ServerSettings settings;
  settings.chain = leaf();
  return settings;
}

}  // namespace

struct TlsWire::Ends {
  rig::ServerContext server{settings()};
  tls::MemoryTrust trust{bytes_of(rig::ca_pem())};
  std::unique_ptr<tls::Random> random;
  std::unique_ptr<tls::Tickets> tickets;
};

struct TlsWire::Connection {
  Connection(Ends& ends, std::uint64_t now_ms)
      : server(ends.server), client(*ends.random, *ends.tickets, &ends.trust), used_ms(now_ms) {}
  rig::Server server;
  tls::Session client;
  Plain plain;
  std::uint64_t used_ms;
  std::uint32_t busy = 0;  // the request whose answer is not here yet
};

TlsWire::TlsWire(std::uint64_t seed) {
  static_cast<void>(leaf());
  rig::Random::it().restart(seed);
  ends_ = std::make_unique<Ends>();
}
TlsWire::~TlsWire() = default;

void TlsWire::reboot(hal::Entropy& entropy) {
  connections_.clear();
  ends_->tickets = std::make_unique<tls::Tickets>();
  ends_->random = std::make_unique<tls::Random>(entropy);
}

/// Until neither end has anything to say.
Error TlsWire::shuttle(Connection& connection) {
  for (;;) {
    const std::string out(text_of(connection.client.pending()));
    if (Status sent = connection.client.sent(out.size()); !sent.ok()) return sent.error();
    if (on_bytes) on_bytes(out);
    if (!out.empty()) connection.server.feed(out);
    const std::string in = connection.server.take();
    if (on_bytes) on_bytes(in);
    if (out.empty() && in.empty()) return {};
    if (Status fed = connection.client.feed(bytes_of(in), connection.plain); !fed.ok()) return fed.error();
  }
}

Error TlsWire::connect(Connection& connection, const Send& send, Instant now) {
  if (Status seeded = ends_->random->seed(); !seeded.ok()) return seeded.error();
  tls::Origin origin;
  static_cast<void>(origin.host.assign(send.host));
  origin.account = static_cast<std::uint16_t>(send.account);
  if (Status opened = connection.client.open(origin, now.wall_ms); !opened.ok()) return opened.error();
  if (Error error = shuttle(connection)) return error;
  if (!connection.client.established() || !connection.server.up) throw std::runtime_error("TLS: no handshake");
  ++(connection.client.handshake() == tls::Handshake::kResumed ? resumed : full);
  return {};
}

Error TlsWire::to_server(const Send& send, Instant now, exchange::HttpRequest& request) {
  world_s = now.wall_ms / 1000;
  std::unique_ptr<Connection>& place = connections_[static_cast<int>(send.lane)];
  // What has not been answered to the end is given up with its connection.
  if (place && (place->busy != 0 || now.mono_ms > place->used_ms + kIdleMaxMs)) place.reset();
  if (!place) {
    place = std::make_unique<Connection>(*ends_, now.mono_ms);
    if (Error error = connect(*place, send, now)) {
      place.reset();
      return error;
    }
  }
  place->used_ms = now.mono_ms;
  place->busy = static_cast<std::uint32_t>(send.id);
  const std::string text = http_text::text_of(request);
  for (std::size_t at = 0; at < text.size();) {
    auto taken = place->client.write(bytes_of(Text(text).substr(at, tls::Session::kWriteMax)));
    if (!taken.ok()) return taken.error();
    at += taken.value();
    if (Error error = shuttle(*place)) return error;
  }
  const std::string arrived = std::exchange(place->server.plain, {});
  if (arrived != text) throw std::runtime_error("TLS: another request arrives than was sent");
  request = http_text::request_of(arrived);
  return {};
}

void TlsWire::to_phone(std::uint32_t id, exchange::HttpResponse& response) {
  std::unique_ptr<Connection>* place = nullptr;
  for (auto& [lane, connection] : connections_)
    if (connection && connection->busy == id) place = &connection;
  if (place == nullptr) return;  // not the server's
  Connection& connection = **place;
  const std::string head = http_text::head_of(response);
  connection.plain.text.clear();
  // Records as the server makes them; a cut ends the bytes of the one it falls into.
  bool cut = false;
  const auto say = [&](const std::string& text, std::size_t passes) {
    connection.server.say(text);
    std::string bytes = connection.server.take();
    if (passes < text.size()) bytes.resize(bytes.size() * passes / text.size());
    if (on_bytes) on_bytes(bytes);
    if (Status fed = connection.client.feed(bytes_of(bytes), connection.plain); !fed.ok())
      throw std::runtime_error("TLS: an answer is refused");
  };
  say(head, head.size());
  const std::size_t end = response.transport.cut_after_bytes.value_or(SIZE_MAX);
  for (std::size_t at = 0; at < response.body.size() && !cut; at += kAnswerRecordBytes) {
    const std::string piece = response.body.substr(at, kAnswerRecordBytes);
    cut = end < at + piece.size();
    say(piece, cut ? end - at : piece.size());
  }
  const std::string& arrived = connection.plain.text;
  if (!arrived.starts_with(head)) throw std::runtime_error("TLS: another answer arrives than was sent");
  response.body = arrived.substr(head.size());
  if (response.transport.cut_after_bytes) {
    response.transport.cut_after_bytes = response.body.size();
    place->reset();
  } else {
    connection.busy = 0;
  }
}

}  // namespace sim

/// mbedTLS reads the clock for its hellos and the age of a ticket: here that is the world's as well.
extern "C" std::time_t time(std::time_t* out) noexcept {
  const auto now = static_cast<std::time_t>(sim::world_s);
  if (out != nullptr) *out = now;
  return now;
}
