// What the carrier's tests share. Include last: it brings CppUTest's macros.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "http/fault.h"
#include "platform/pump/net.h"
#include "pump/carrier.h"
#include "tls/fault.h"

#include <CppUTest/TestHarness.h>

namespace carrier_tests {

using namespace handsync;

/// An engine that only remembers.
struct Recorder final : Listener {
  struct Seen {
    int status = 0, ends = 0, failures = 0;
    std::string body, headers;
    Error error{};
    Channel channel;
    std::vector<std::string> hosts;
  };
  struct Body {
    std::string text;
    std::size_t at = 0;
    int rewinds = 0;
    bool may_rewind = true;
  };
  Result<std::size_t> read_body(RequestId id, Room room) override {
    Body& body = bodies[id];
    const std::size_t bytes = std::min({room.size(), body.text.size() - body.at, piece});
    body.text.copy(reinterpret_cast<char*>(room.data()), bytes, body.at);
    body.at += bytes;
    return bytes;
  }
  Status rewind_body(RequestId id) override {
    Body& body = bodies[id];
    ++body.rewinds;
    if (!body.may_rewind) return Error{Domain::kEngine, 3, 0};
    body.at = 0;
    return Done{};
  }
  void response_head(RequestId id, int status, std::span<const Header> headers, const Channel& channel,
                     Instant) override {
    seen[id].status = status;
    seen[id].channel = channel;
    for (const Header& header : headers)
      seen[id].headers += std::string(header.name) + ": " + std::string(header.value) + "\n";
  }
  void response_body(RequestId id, Bytes bytes, Instant) override {
    seen[id].body += std::string(handsync::text_of(bytes));
  }
  void response_end(RequestId id, Instant) override { ++seen[id].ends; }
  void failed(RequestId id, Error error, Instant) override {
    CHECK(!in_effect);
    ++seen[id].failures;
    seen[id].error = error;
  }
  void looked_up(RequestId id, std::span<const Text> hosts, Instant) override {
    ++seen[id].ends;
    seen[id].hosts.assign(hosts.begin(), hosts.end());
  }
  std::map<RequestId, Seen> seen;
  std::map<RequestId, Body> bodies;
  std::size_t piece = SIZE_MAX;
  bool in_effect = false;
};

struct Traced final : Trace {
  void request_head(RequestId, AccountId account, Text label, Text host, Text head) override {
    text += std::to_string(static_cast<int>(account)) + " " + std::string(label) + " " + std::string(host) + " " +
            std::string(head.substr(0, head.find('\r'))) + "\n";
  }
  void request_body(RequestId, Bytes bytes) override { text += "> " + std::string(handsync::text_of(bytes)) + "\n"; }
  void response_head(RequestId, int status, std::span<const Header>) override { text += std::to_string(status) + "\n"; }
  void response_body(RequestId, Bytes bytes) override { text += "< " + std::string(handsync::text_of(bytes)) + "\n"; }
  void ended(RequestId, Error error) override { text += "ended " + std::to_string(error.code) + "\n"; }
  std::string text;
};

inline std::string ok(const std::string& body, const std::string& more = "") {
  return "HTTP/1.1 200 OK\r\n" + more + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

inline rig::ServerSettings settings_of(const rig::Spec& spec = {}) {
  rig::ServerSettings settings;
  settings.chain = rig::make(spec);
  return settings;
}

/// A carrier, an engine that only remembers, and one HTTPS server at mail.example.com.
struct CarrierGroup : Utest {
  net::Net net;
  Recorder listener;
  rig::Entropy entropy;
  rig::ServerContext context{settings_of()};
  Carrier* carrier = nullptr;
  std::vector<std::string> requests;  // as the server saw them

  void setup() override {
    carrier = new Carrier(net, listener, entropy);
    CHECK(carrier->set_trust(AccountId{1}, bytes_of(rig::ca_pem())).ok());
    net.names["mail.example.com"] = {net::v4(1)};
    net::Host& host = net.hosts["v4.1:443"];
    host.context = &context;
    host.answer = [this](net::Peer&, const std::string& request) {
      requests.push_back(request);
      return ok("fine");
    };
  }
  void teardown() override {
    delete carrier;
    LONGS_EQUAL(UINT64_MAX, net.wake_at());
  }

  Send make(std::uint32_t id, Lane lane = Lane::kWork) {
    Send send;
    send.id = RequestId{id};
    send.account = AccountId{1};
    send.lane = lane;
    send.host = "mail.example.com";
    send.method = "POST";
    send.target = "/Microsoft-Server-ActiveSync";
    send.label = "Sync";
    send.connect_s = 10;
    send.silence_s = 30;
    send.total_s = 100;
    return send;
  }
  void begin(const Send& send) {
    listener.in_effect = true;
    carrier->begin(send);
    listener.in_effect = false;
  }
  void begin(const Send& send, const std::string& body) {
    Send with_body = send;
    with_body.body_bytes = body.size();
    listener.bodies[send.id].text = body;
    begin(with_body);
  }
  Recorder::Seen& seen(std::uint32_t id) { return listener.seen[RequestId{id}]; }
  void fine(std::uint32_t id) {
    LONGS_EQUAL(200, seen(id).status);
    LONGS_EQUAL(1, seen(id).ends);
    LONGS_EQUAL(0, seen(id).failures);
  }
  void failed(std::uint32_t id, http::Fault fault) { failed(id, http::fault(fault)); }
  void failed(std::uint32_t id, Error error) {
    LONGS_EQUAL(1, seen(id).failures);
    LONGS_EQUAL(0, seen(id).ends);
    LONGS_EQUAL(static_cast<int>(error.domain), static_cast<int>(seen(id).error.domain));
    LONGS_EQUAL(error.code, seen(id).error.code);
  }
  void answer_never() {
    net.hosts["v4.1:443"].answer = [this](net::Peer&, const std::string& request) {
      requests.push_back(request);
      return std::string();
    };
  }
};

}  // namespace carrier_tests
