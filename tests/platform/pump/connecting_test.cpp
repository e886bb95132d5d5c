// Names, addresses, time, trust: everything between a request and a connection that may carry it.
#include "platform/pump/carrier_group.h"

using namespace carrier_tests;

TEST_GROUP_BASE(Connecting, CarrierGroup){};

TEST(Connecting, Addresses) {
  net.names["mail.example.com"] = {net::v6(9), net::v4(8), net::v4(1)};
  net.hosts["v4.8:443"].mood = net::Host::Mood::kRefuses;
  begin(make(1));
  net.settle();
  fine(1);
  STRCMP_EQUAL("connect v6.9:443", net.log[1].c_str());
  STRCMP_EQUAL("connect v4.8:443", net.log[2].c_str());
  STRCMP_EQUAL("connect v4.1:443", net.log[3].c_str());
}

TEST(Connecting, AnAddressThatSwallowsLeavesTimeForTheNext) {
  net.names["mail.example.com"] = {net::v6(9), net::v4(1)};
  net.hosts["v6.9:443"].mood = net::Host::Mood::kSwallows;
  begin(make(1));
  net.advance(4'900);
  LONGS_EQUAL(0, seen(1).ends);
  net.advance(200);
  fine(1);
  LONGS_EQUAL(1, carrier->counters().connections);
}

TEST(Connecting, WhenNoAddressAnswers) {
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

TEST(Connecting, Names) {
  net.names.clear();
  begin(make(1));
  net.settle();
  failed(1, http::fault(http::DnsFault::kNoSuchName));
  net.slow_names = true;
  begin(make(2));
  net.advance(10'100);
  failed(2, http::Fault::kConnectTimeout);
}

TEST(Connecting, TimeOuts) {
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

TEST(Connecting, AHandshakeThatHangsIsAConnectTimeOut) {
  net.hosts["v4.1:443"].context = nullptr;  // takes the ClientHello for the beginning of a request
  begin(make(1));
  net.advance(10'100);
  failed(1, http::Fault::kConnectTimeout);
}

TEST(Connecting, CancelIsSilent) {
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

TEST(Connecting, TheNextRequestFollowsACancelledOne) {
  answer_never();
  begin(make(1));
  net.settle();
  begin(make(2));
  carrier->cancel(RequestId{1});
  net.hosts["v4.1:443"].answer = [](net::Peer&, const std::string&) { return ok("fine"); };
  net.settle();
  fine(2);
}

TEST(Connecting, ConnectTo) {
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

TEST(Connecting, NothingLeavesBeforeTheCertificateIsGood) {
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

TEST(Connecting, TrustIsOfTheAccount) {
  Send other = make(1);
  other.account = AccountId{2};
  begin(other);  // no CA file, and no system roots were given
  net.settle();
  failed(1, tls::fault(tls::Fault::kNoTrust));
  CHECK_FALSE(carrier->set_trust(AccountId{2}, bytes_of("not a certificate")).ok());
  other.id = RequestId{4};
  begin(other);
  net.settle();
  failed(4, tls::fault(tls::Fault::kNoTrust));
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

TEST(Connecting, APlainRequestCarriesNoSecrets) {
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

TEST(Connecting, CookiesOfAnAccount) {
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

TEST(Connecting, BadRequestsAreReportedFromTheNextTurn) {
  Send send = make(1);
  send.target = "/a\r\nX: y";
  begin(send);
  LONGS_EQUAL(0, seen(1).failures);
  net.settle();
  failed(1, http::Fault::kBadRequest);
  CHECK(net.log.empty());
}

TEST(Connecting, ATicketThatBreaksTheHandshakeIsDropped) {
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

TEST(Connecting, AServerThatHangsUpInTheHandshake) {
  net.hosts["v4.1:443"].hang_ups = 2;
  begin(make(1));
  net.settle();
  failed(1, tls::fault(tls::Fault::kCut));
}

TEST(Connecting, ForgettingAnAccountIsSilent) {
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

TEST(Connecting, LooksUpServices) {
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
