// Requests on lanes that are kept: what goes out, what is used again, what is tried again.
#include "platform/pump/carrier_group.h"

using namespace carrier_tests;

TEST_GROUP_BASE(Carrier, CarrierGroup){};

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

TEST(Carrier, AConnectionThatCarriesNothingServesTheOtherLane) {
  begin(make(1, Lane::kWait));
  net.settle();
  fine(1);
  begin(make(2, Lane::kWork));  // what a Ping has announced
  net.settle();
  fine(2);
  begin(make(3, Lane::kWait));
  net.settle();
  fine(3);
  LONGS_EQUAL(1, carrier->counters().connections);
  // One that waits for its answer is left alone, and each lane then has its own.
  answer_never();
  begin(make(4, Lane::kWait));
  net.settle();
  begin(make(5, Lane::kWork));
  net.settle();
  LONGS_EQUAL(2, carrier->counters().connections);
  Send elsewhere = make(6, Lane::kWork);
  carrier->cancel(RequestId{5});
  elsewhere.host = "other.example.com";
  begin(elsewhere);
  net.settle();
  LONGS_EQUAL(1, seen(6).failures);
  LONGS_EQUAL(0, seen(4).failures);
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
