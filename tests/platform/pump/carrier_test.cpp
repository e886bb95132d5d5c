#include "pump/carrier.h"

#include <map>
#include <string>
#include <vector>

#include "http/fault.h"
#include "platform/pump/net.h"
#include "tls/fault.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;

namespace {

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

std::string ok(const std::string& body, const std::string& more = "") {
  return "HTTP/1.1 200 OK\r\n" + more + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

rig::ServerSettings settings_of(const rig::Spec& spec = {}) {
  rig::ServerSettings settings;
  settings.chain = rig::make(spec);
  return settings;
}

}  // namespace

TEST_GROUP(Carrier) {
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

TEST(Carrier, OneRequest) {
  Traced trace;
  carrier->set_trace(&trace);
  const Header headers[] = {{"Authorization", "Basic c2VjcmV0"}};
  Send send = make(1);
  send.headers = headers;
  begin(send, "hello");
  CHECK_FALSE(carrier->idle());
  net.settle();
  fine(1);
  STRCMP_EQUAL("fine", seen(1).body.c_str());
  CHECK(seen(1).channel.verified);
  STRCMP_EQUAL(
      "POST /Microsoft-Server-ActiveSync HTTP/1.1\r\nHost: mail.example.com\r\nAuthorization: Basic c2VjcmV0\r\n"
      "Accept-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
      requests[0].c_str());
  STRCMP_EQUAL("1 Sync mail.example.com POST /Microsoft-Server-ActiveSync HTTP/1.1\n> hello\n200\n< fine\nended 0\n",
               trace.text.c_str());
  const Counters counters = carrier->counters(AccountId{1});
  LONGS_EQUAL(1, counters.connections);
  LONGS_EQUAL(1, counters.handshakes_full);
  LONGS_EQUAL(1, counters.requests);
  LONGS_EQUAL(net.peers[0]->wire_in.size(), counters.bytes_out);
  CHECK(counters.bytes_in > 500);
  LONGS_EQUAL(3, net.peers[0]->segments);  // hello, key exchange, request: one segment each
  CHECK(carrier->idle());
  CHECK(net.peers[0]->wire_in.find("c2VjcmV0") == std::string::npos);
}

TEST(Carrier, AConnectionIsKept) {
  for (std::uint32_t id = 1; id <= 5; ++id) {
    begin(make(id), "x");
    net.settle();
    fine(id);
    net.advance(60'000);
  }
  LONGS_EQUAL(1, carrier->counters().connections);
  LONGS_EQUAL(5, requests.size());
}

TEST(Carrier, AnOldConnectionIsNotTrustedAndResumed) {
  begin(make(1));
  net.settle();
  net.advance(115'000);
  CHECK(net.peers[0]->gone);
  CHECK(net.peers[0]->tls->closed);  // with a close_notify
  begin(make(2));
  net.settle();
  fine(2);
  LONGS_EQUAL(2, carrier->counters().connections);
  LONGS_EQUAL(1, carrier->counters().handshakes_full);
  LONGS_EQUAL(1, carrier->counters().handshakes_resumed);
  MEMCMP_EQUAL(seen(1).channel.spki_sha256, seen(2).channel.spki_sha256, 32);
}

TEST(Carrier, TwoLanesAreTwoConnections) {
  net.hosts["v4.1:443"].answer = [this](net::Peer&, const std::string& request) {
    requests.push_back(request);
    return request.find("/ping") != std::string::npos ? std::string() : ok("fine");
  };
  Send ping = make(1, Lane::kWait);
  ping.target = "/ping";
  begin(ping);
  net.settle();
  begin(make(2));
  begin(make(3));
  net.settle();
  fine(2);
  fine(3);
  LONGS_EQUAL(0, seen(1).ends + seen(1).failures);
  LONGS_EQUAL(2, carrier->counters().connections);
}

TEST(Carrier, RequestsOfALaneWaitInOrderWithoutPipelining) {
  std::vector<net::Peer*> open;
  net.hosts["v4.1:443"].answer = [&](net::Peer& peer, const std::string& request) {
    requests.push_back(request);
    open.push_back(&peer);
    return std::string();
  };
  begin(make(1), "one");
  begin(make(2), "two");
  net.settle();
  LONGS_EQUAL(1, requests.size());
  net.answer(*open[0], ok("1"));
  net.settle();
  LONGS_EQUAL(2, requests.size());
  net.answer(*open[1], ok("2"));
  net.settle();
  STRCMP_EQUAL("1", seen(1).body.c_str());
  STRCMP_EQUAL("2", seen(2).body.c_str());
  for (std::uint32_t id = 10; id < 20; ++id) begin(make(id));
  net.settle();
  failed(19, http::Fault::kLaneFull);
}

TEST(Carrier, ADeadKeptConnectionIsReplacedOnce) {
  begin(make(1), "one");
  net.settle();
  net.hosts["v4.1:443"].answer = [this](net::Peer& peer, const std::string& request) {
    requests.push_back(request);
    if (&peer == net.peers[0].get()) {
      net.hang_up(peer, http::fault(http::Fault::kReset, 104));
      return std::string();
    }
    return ok("second");
  };
  begin(make(2), "two");
  net.settle();
  fine(2);
  STRCMP_EQUAL("second", seen(2).body.c_str());
  LONGS_EQUAL(1, listener.bodies[RequestId{2}].rewinds);
  LONGS_EQUAL(1, carrier->counters().retries);
  LONGS_EQUAL(3, requests.size());
  STRCMP_EQUAL(requests[1].c_str(), requests[2].c_str());
}

TEST(Carrier, NoSecondTryWhenTheBodyCannotBeHadAgain) {
  begin(make(1), "one");
  net.settle();
  net.hosts["v4.1:443"].answer = [this](net::Peer& peer, const std::string&) {
    net.hang_up(peer, {}, true);
    return std::string();
  };
  listener.bodies[RequestId{2}].may_rewind = false;
  begin(make(2), "two");
  net.settle();
  failed(2, http::Fault::kCut);
  LONGS_EQUAL(1, carrier->counters().connections);
}

TEST(Carrier, NoThirdTry) {
  begin(make(1), "one");
  net.settle();
  net.hosts["v4.1:443"].answer = [this](net::Peer& peer, const std::string& request) {
    requests.push_back(request);
    net.hang_up(peer);
    return std::string();
  };
  begin(make(2), "two");
  net.settle();
  failed(2, http::Fault::kCut);
  LONGS_EQUAL(3, requests.size());
}

TEST(Carrier, AFreshConnectionThatDiesIsAFailure) {
  net.hosts["v4.1:443"].answer = [this](net::Peer& peer, const std::string& request) {
    requests.push_back(request);
    net.hang_up(peer);
    return std::string();
  };
  begin(make(1), "one");
  net.settle();
  failed(1, http::Fault::kCut);
  LONGS_EQUAL(1, requests.size());
}

TEST(Carrier, NoSecondTryAfterTheFirstByteOfAnAnswer) {
  begin(make(1));
  net.settle();
  net.hosts["v4.1:443"].answer = [this](net::Peer& peer, const std::string& request) {
    requests.push_back(request);
    net.answer(peer, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234");
    net.hang_up(peer, {}, true);
    return std::string();
  };
  begin(make(2));
  net.settle();
  failed(2, http::Fault::kCut);
  STRCMP_EQUAL("01234", seen(2).body.c_str());
  LONGS_EQUAL(2, requests.size());
}

TEST(Carrier, APeerThatClosesWhileIdleIsForgotten) {
  begin(make(1));
  net.settle();
  net.hang_up(*net.peers[0], {}, true);
  net.settle();
  begin(make(2));
  net.settle();
  fine(2);
  LONGS_EQUAL(0, carrier->counters().retries);
  LONGS_EQUAL(2, carrier->counters().connections);
}

TEST(Carrier, BytesNobodyAskedForEndAConnection) {
  net.hosts["v4.1:443"].answer = [](net::Peer&, const std::string&) { return ok("a") + ok("smuggled"); };
  begin(make(1));
  net.settle();
  fine(1);
  STRCMP_EQUAL("a", seen(1).body.c_str());
  CHECK(net.peers[0]->gone);
  net.hosts["v4.1:443"].answer = [](net::Peer&, const std::string&) { return ok("b"); };
  begin(make(2));
  net.settle();
  STRCMP_EQUAL("b", seen(2).body.c_str());
  net.answer(*net.peers[1], ok("late"));
  net.settle();
  CHECK(net.peers[1]->gone);
}

TEST(Carrier, ConnectionCloseIsObeyed) {
  net.hosts["v4.1:443"].answer = [](net::Peer&, const std::string&) { return ok("a", "Connection: close\r\n"); };
  begin(make(1));
  net.settle();
  begin(make(2));
  net.settle();
  fine(2);
  LONGS_EQUAL(2, carrier->counters().connections);
}

TEST(Carrier, AnAnswerWithoutALengthEndsWithTheConnection) {
  net.hosts["v4.1:443"].answer = [this](net::Peer& peer, const std::string&) {
    net.answer(peer, "HTTP/1.1 200 OK\r\n\r\nabc");
    net.hang_up(peer, {}, true);
    return std::string();
  };
  begin(make(1));
  net.settle();
  fine(1);
  net.hosts["v4.1:443"].answer = [this](net::Peer& peer, const std::string&) {
    net.answer(peer, "HTTP/1.1 200 OK\r\n\r\nabc");
    net.hang_up(peer);  // anybody on the path can do this
    return std::string();
  };
  begin(make(2));
  net.settle();
  failed(2, http::Fault::kCut);
}

TEST(Carrier, ALongBodyIsPulledInPieces) {
  std::string body;
  for (int i = 0; i < 50'000; ++i) body += std::to_string(i) + ",";
  listener.piece = 1000;
  begin(make(1), body);
  net.settle();
  fine(1);
  CHECK(requests[0].ends_with("\r\n\r\n" + body));
}

TEST(Carrier, ABodyMustBeAsLongAsAnnounced) {
  Send send = make(1);
  send.body_bytes = 100;
  listener.bodies[RequestId{1}].text = "short";
  begin(send);
  net.settle();
  failed(1, http::Fault::kBodyLength);
  CHECK(requests.empty());
}

TEST(Carrier, AnEarlyAnswerEndsTheUpload) {
  net.hosts["v4.1:443"].early = "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n";
  begin(make(1), std::string(400'000, 'x'));
  net.settle();
  LONGS_EQUAL(413, seen(1).status);
  LONGS_EQUAL(1, seen(1).ends);
  CHECK(listener.bodies[RequestId{1}].at < 100'000);
  CHECK(net.peers[0]->gone);  // what is left of the body must not be taken for a request
  CHECK(requests.empty());
  begin(make(2));
  net.settle();
  fine(2);
}

TEST(Carrier, Addresses) {
  net.names["mail.example.com"] = {net::v6(9), net::v4(8), net::v4(1)};
  net.hosts["v4.8:443"].mood = net::Host::Mood::kRefuses;
  begin(make(1));
  net.settle();
  fine(1);
  STRCMP_EQUAL("connect v6.9:443", net.log[1].c_str());
  STRCMP_EQUAL("connect v4.8:443", net.log[2].c_str());
  STRCMP_EQUAL("connect v4.1:443", net.log[3].c_str());
}

TEST(Carrier, AnAddressThatSwallowsLeavesTimeForTheNext) {
  net.names["mail.example.com"] = {net::v6(9), net::v4(1)};
  net.hosts["v6.9:443"].mood = net::Host::Mood::kSwallows;
  begin(make(1));
  net.advance(4'900);
  LONGS_EQUAL(0, seen(1).ends);
  net.advance(200);
  fine(1);
  LONGS_EQUAL(1, carrier->counters().connections);
}

TEST(Carrier, WhenNoAddressAnswers) {
  net.names["mail.example.com"] = {net::v4(7), net::v4(8)};
  begin(make(1));
  net.settle();
  failed(1, http::Fault::kUnreachable);
  LONGS_EQUAL(111, seen(1).error.where);
  net.hosts["v4.7:443"].mood = net.hosts["v4.8:443"].mood = net::Host::Mood::kSwallows;
  begin(make(2));
  net.advance(9'900);
  LONGS_EQUAL(0, seen(2).failures);
  net.advance(200);
  failed(2, http::Fault::kConnectTimeout);
}

TEST(Carrier, Names) {
  net.names.clear();
  begin(make(1));
  net.settle();
  failed(1, http::fault(http::DnsFault::kNoSuchName));
  net.slow_names = true;
  begin(make(2));
  net.advance(10'100);
  failed(2, http::Fault::kConnectTimeout);
}

TEST(Carrier, TimeOuts) {
  answer_never();
  begin(make(1));
  net.advance(29'900);
  LONGS_EQUAL(0, seen(1).failures);
  net.advance(200);
  failed(1, http::Fault::kSilence);
  // Every byte starts the silence anew, until the total is used up.
  begin(make(2));
  net.settle();
  net::Peer& peer = *net.peers.back();
  net.answer(peer, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  for (int i = 0; i < 9; ++i) {
    net.advance(10'500);
    LONGS_EQUAL(0, seen(2).failures);
    net.answer(peer, "x");
  }
  net.advance(6'000);
  failed(2, http::Fault::kTotalTimeout);
  CHECK(peer.gone);
  Send patient = make(3);
  patient.silence_s = patient.total_s = 0;
  begin(patient);
  net.advance(24 * 3600'000);
  LONGS_EQUAL(0, seen(3).failures);
}

TEST(Carrier, AHandshakeThatHangsIsAConnectTimeOut) {
  net.hosts["v4.1:443"].context = nullptr;  // takes the ClientHello for the beginning of a request
  begin(make(1));
  net.advance(10'100);
  failed(1, http::Fault::kConnectTimeout);
}

TEST(Carrier, CancelIsSilent) {
  answer_never();
  begin(make(1));
  begin(make(2));
  net.settle();
  carrier->cancel(RequestId{2});  // waits
  carrier->cancel(RequestId{1});  // is under way
  carrier->cancel(RequestId{77});
  net.advance(300'000);
  CHECK(listener.seen.empty());
  CHECK(net.peers[0]->gone);
  CHECK(carrier->idle());
  net.slow_names = true;
  begin(make(3));
  net.settle();
  carrier->cancel(RequestId{3});
  net.advance(300'000);
  CHECK(listener.seen.empty());
  Send bad = make(4);
  bad.target = "no slash";
  begin(bad);
  carrier->cancel(RequestId{4});  // its failure is on the way
  net.settle();
  CHECK(listener.seen.empty());
}

TEST(Carrier, TheNextRequestFollowsACancelledOne) {
  answer_never();
  begin(make(1));
  net.settle();
  begin(make(2));
  carrier->cancel(RequestId{1});
  net.hosts["v4.1:443"].answer = [](net::Peer&, const std::string&) { return ok("fine"); };
  net.settle();
  fine(2);
}

TEST(Carrier, ConnectTo) {
  net.names["127.0.0.9"] = {net::v4(9)};
  net.hosts["v4.9:8443"] = net.hosts["v4.1:443"];
  CHECK(carrier->connect_to("mail.example.com:443:127.0.0.9:8443").ok());
  begin(make(1));
  net.settle();
  fine(1);
  STRCMP_EQUAL("resolve 127.0.0.9", net.log[0].c_str());
  STRCMP_EQUAL("connect v4.9:8443", net.log[1].c_str());
  STRCMP_EQUAL("mail.example.com", context.sni.c_str());
  CHECK(requests[0].find("Host: mail.example.com\r\n") != std::string::npos);
  // The name that counts for the certificate stays the one that was asked for.
  net.names["other.example.com"] = {net::v4(9)};
  CHECK(carrier->connect_to("other.example.com::127.0.0.9:8443").ok());
  Send send = make(2);
  send.host = "other.example.com";
  begin(send);
  net.settle();
  failed(2, tls::fault(tls::Fault::kWrongName));
  CHECK(carrier->connect_to("::[::1]:8443").ok());
  for (const char* bad :
       {"", "host", "host:1", "host:1:addr", "host:1:addr:2:3", "host:x:addr:2", "host:1:addr:99999", "[::1:1:a:2"}) {
    CHECK_FALSE(carrier->connect_to(bad).ok());
  }
}

TEST(Carrier, NothingLeavesBeforeTheCertificateIsGood) {
  struct Row {
    rig::Spec spec;
    tls::Fault fault;
  };
  rig::Key stranger;
  std::vector<Row> rows(4);
  rows[0].spec.dns = {"other.example.com"};
  rows[0].fault = tls::Fault::kWrongName;
  rows[1].spec.issuer_key = &stranger;
  rows[1].fault = tls::Fault::kUntrusted;
  rows[2].spec.to = "20260101000000";
  rows[2].fault = tls::Fault::kExpired;
  rows[3].spec.issuer = rows[3].spec.name;
  rows[3].spec.issuer_key = rows[3].spec.key;
  rows[3].fault = tls::Fault::kSelfSigned;
  std::uint32_t id = 0;
  for (const Row& row : rows) {
    rig::ServerContext bad(settings_of(row.spec));
    net.hosts["v4.1:443"].context = &bad;
    const Header headers[] = {{"Authorization", "Basic c2VjcmV0"}};
    Send send = make(++id);
    send.headers = headers;
    begin(send, "secret body");
    net.settle();
    failed(id, tls::fault(row.fault));
    CHECK(net.peers.back()->gone);
    CHECK_FALSE(net.peers.back()->tls->up);
    LONGS_EQUAL(0, listener.bodies[RequestId{id}].at);  // not even read
  }
  CHECK(requests.empty());
}

TEST(Carrier, TrustIsOfTheAccount) {
  Send other = make(1);
  other.account = AccountId{2};
  begin(other);  // no CA file, and no system roots were given
  net.settle();
  failed(1, tls::fault(tls::Fault::kNoTrust));
  CHECK_FALSE(carrier->set_trust(AccountId{2}, bytes_of("not a certificate")).ok());
  CHECK(carrier->set_trust(AccountId{2}, bytes_of(rig::ca_pem())).ok());
  other.id = RequestId{2};
  begin(other);
  net.settle();
  fine(2);
  // Another trust: neither the kept connection nor the ticket counts any more.
  rig::Spec own;
  own.issuer = own.name;
  own.issuer_key = own.key;
  CHECK(carrier->set_trust(AccountId{2}, bytes_of(rig::make(own))).ok());
  other.id = RequestId{3};
  begin(other);
  net.settle();
  failed(3, tls::fault(tls::Fault::kUntrusted));
}

TEST(Carrier, APlainRequestCarriesNoSecrets) {
  net::Host& plain = net.hosts["v4.1:80"];
  plain.answer = [this](net::Peer&, const std::string& request) {
    requests.push_back(request);
    return std::string("HTTP/1.1 302 Found\r\nLocation: https://x/\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n");
  };
  Send send = make(1);
  send.tls = false;
  send.port = 80;
  send.method = "GET";
  begin(send);
  net.settle();
  LONGS_EQUAL(302, seen(1).status);
  CHECK(seen(1).headers.find("Location: https://x/") != std::string::npos);
  CHECK_FALSE(seen(1).channel.verified);
  begin([&] {
    Send again = send;
    again.id = RequestId{2};
    return again;
  }());
  net.settle();
  CHECK(requests[1].find("Cookie") == std::string::npos);
  const Header headers[] = {{"authorization", "Basic c2VjcmV0"}};
  send.id = RequestId{3};
  send.headers = headers;
  begin(send);
  net.settle();
  failed(3, http::Fault::kBadRequest);
  LONGS_EQUAL(2, requests.size());
}

TEST(Carrier, CookiesOfAnAccount) {
  net.names["other.example.com"] = {net::v4(1)};
  rig::Spec spec;
  spec.dns = {"mail.example.com", "other.example.com"};
  rig::ServerContext both(settings_of(spec));
  net.hosts["v4.1:443"].context = &both;
  net.hosts["v4.1:443"].answer = [this](net::Peer&, const std::string& request) {
    requests.push_back(request);
    return ok("", "Set-Cookie: session=" + std::to_string(requests.size()) + "; Path=/; Secure\r\n");
  };
  begin(make(1));
  net.settle();
  begin(make(2));
  net.settle();
  CHECK(requests[0].find("Cookie:") == std::string::npos);
  CHECK(requests[1].find("\r\nCookie: session=1\r\n") != std::string::npos);
  Send elsewhere = make(3);
  elsewhere.host = "other.example.com";
  begin(elsewhere);
  net.settle();
  CHECK(requests[2].find("Cookie:") == std::string::npos);
  Send stranger = make(4);
  stranger.account = AccountId{2};
  CHECK(carrier->set_trust(AccountId{2}, bytes_of(rig::ca_pem())).ok());
  begin(stranger);
  net.settle();
  CHECK(requests[3].find("Cookie:") == std::string::npos);
}

TEST(Carrier, BadRequestsAreReportedFromTheNextTurn) {
  Send send = make(1);
  send.target = "/a\r\nX: y";
  begin(send);
  LONGS_EQUAL(0, seen(1).failures);
  net.settle();
  failed(1, http::Fault::kBadRequest);
  CHECK(net.log.empty());
}

TEST(Carrier, ATicketThatBreaksTheHandshakeIsDropped) {
  begin(make(1));
  net.settle();
  carrier->network_changed();
  CHECK(net.peers[0]->gone);
  net.hosts["v4.1:443"].hang_ups = 1;
  begin(make(2), "two");
  net.settle();
  fine(2);
  LONGS_EQUAL(2, carrier->counters().handshakes_full);
}

TEST(Carrier, AServerThatHangsUpInTheHandshake) {
  net.hosts["v4.1:443"].hang_ups = 2;
  begin(make(1));
  net.settle();
  failed(1, tls::fault(tls::Fault::kCut));
}

TEST(Carrier, ForgettingAnAccountIsSilent) {
  answer_never();
  begin(make(1));
  begin(make(2));
  net.settle();
  carrier->forget(AccountId{1});
  net.advance(300'000);
  CHECK(listener.seen.empty());
  CHECK(net.peers[0]->gone);
  LONGS_EQUAL(1, carrier->counters().connections);
  begin(make(3));
  net.settle();
  failed(3, tls::fault(tls::Fault::kNoTrust));  // its trust has gone too
}

TEST(Carrier, LooksUpServices) {
  net.services["_autodiscover._tcp.example.com"] = {"mail.example.com:443", "b.example.com:8443"};
  carrier->look_up({RequestId{1}, "_autodiscover._tcp.example.com"});
  carrier->look_up({RequestId{2}, "_autodiscover._tcp.example.org"});
  carrier->look_up({RequestId{3}, "_autodiscover._tcp.example.net"});
  carrier->cancel(RequestId{3});
  net.settle();
  LONGS_EQUAL(2, seen(1).hosts.size());
  STRCMP_EQUAL("b.example.com:8443", seen(1).hosts[1].c_str());
  LONGS_EQUAL(1, seen(2).ends);
  LONGS_EQUAL(0, listener.seen.count(RequestId{3}));
}

TEST(Carrier, LevelsDoNotShareAConnection) {
  begin(make(1));
  net.settle();
  Send legacy = make(2);
  legacy.tls_level = TlsLevel::kLegacy;
  begin(legacy);
  net.settle();
  fine(2);
  LONGS_EQUAL(2, carrier->counters().connections);
  LONGS_EQUAL(2, carrier->counters().handshakes_full);
}
