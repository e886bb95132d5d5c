#include "tls/session.h"

#include <cstring>

#include <memory>
#include <string>
#include <vector>

#include "platform/tls/rig.h"
#include "tls/fault.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using tls::Fault;

namespace {

struct Plain final : tls::Sink {
  Status plaintext(Bytes bytes) override {
    text += std::string(text_of(bytes));
    if (stop_after != 0 && text.size() >= stop_after) return Error{Domain::kEngine, 77, 0};
    return Done{};
  }
  std::string text;
  std::size_t stop_after = 0;
};

struct Outcome {
  Error error{};
  bool up = false;
  int client_flights = 0;  // pieces that would be sent
  int server_flights = 0;
};

/// A client and a server whose wires are strings.
struct Pair {
  Pair(rig::ServerContext& context, tls::Random& random, tls::Tickets& tickets, hal::Trust* trust,
       tls::Identity* identity = nullptr)
      : server(context), client(random, tickets, trust, identity) {}

  std::string take() {
    std::string out;
    while (!client.pending().empty()) {
      const std::size_t bytes = client.pending().size();
      out += text_of(client.pending());
      if (!client.sent(bytes).ok()) break;
    }
    return out;
  }
  Outcome shake(const tls::Origin& origin, std::int64_t now_ms, std::size_t piece = SIZE_MAX) {
    Outcome outcome;
    if (auto begun = client.open(origin, now_ms); !begun.ok()) {
      outcome.error = begun.error();
      return outcome;
    }
    for (int round = 0; round < 20; ++round) {
      const std::string to_server = take();
      if (to_server.empty()) break;
      ++outcome.client_flights;
      server.feed(to_server);
      const std::string to_client = server.take();
      if (to_client.empty()) break;
      ++outcome.server_flights;
      for (std::size_t at = 0; at < to_client.size(); at += std::min(piece, to_client.size() - at)) {
        if (auto fed = client.feed(bytes_of(Text(to_client).substr(at, piece)), plain); !fed.ok()) {
          outcome.error = fed.error();
          server.feed(take());
          return outcome;
        }
      }
    }
    outcome.up = client.established() && server.up;
    return outcome;
  }
  void from_server(const std::string& bytes) {
    const auto fed = client.feed(bytes_of(bytes), plain);
    CHECK(fed.ok());
  }

  Plain plain;
  rig::Server server;
  tls::Session client;
};

tls::Origin origin_of(Text host, std::uint16_t account = 1, tls::Level level = tls::Level::kModern) {
  tls::Origin origin;
  CHECK(origin.host.assign(host));
  origin.account = account;
  origin.level = level;
  return origin;
}

}  // namespace

TEST_GROUP(Tls) {
  rig::Entropy entropy;
  tls::Random random{entropy};
  tls::Tickets tickets;

  Outcome meet(rig::ServerSettings settings, Text host = "mail.example.com", const std::string& trusted = rig::ca_pem(),
               tls::Level level = tls::Level::kModern, std::int64_t now_ms = rig::kNow_ms) {
    rig::ServerContext context(std::move(settings));
    tls::MemoryTrust trust(bytes_of(trusted));
    Pair pair(context, random, tickets, &trust);
    const Outcome outcome = pair.shake(origin_of(host, 1, level), now_ms);
    if (outcome.error) {
      // Whatever went wrong, not one byte may have gone out as data, and none can go out afterwards.
      CHECK(!pair.client.write(bytes_of("Authorization: Basic secret")).ok());
      CHECK(pair.server.plain.empty());
      CHECK(!pair.client.established());
      CHECK(!pair.server.up);
    }
    return outcome;
  }
  Outcome meet_certificate(const rig::Spec& spec, Text host = "mail.example.com") {
    rig::ServerSettings settings;
    settings.chain = rig::make(spec);
    settings.key = spec.key;
    return meet(settings, host);
  }
  void refuses(Fault expected, const Outcome& outcome) {
    CHECK_FALSE(outcome.up);
    LONGS_EQUAL(static_cast<int>(Domain::kTls), static_cast<int>(outcome.error.domain));
    LONGS_EQUAL(static_cast<int>(expected), outcome.error.code);
  }
  rig::ServerSettings good() {
    rig::ServerSettings settings;
    settings.chain = rig::make({});
    return settings;
  }
};

TEST(Tls, VerifiesAndExchangesData) {
  rig::ServerContext context(good());
  tls::MemoryTrust trust(bytes_of(rig::ca_pem()));
  Pair pair(context, random, tickets, &trust);
  LONGS_EQUAL(0, pair.client.write(bytes_of("x")).ok());
  const Outcome outcome = pair.shake(origin_of("mail.example.com"), rig::kNow_ms);
  CHECK(outcome.up);
  CHECK(pair.client.handshake() == tls::Handshake::kFull);
  STRCMP_EQUAL("mail.example.com", context.sni.c_str());
  LONGS_EQUAL(4, pair.client.write(bytes_of("ping")).value());
  LONGS_EQUAL(0, pair.client.write(bytes_of("more")).value());  // first send what is pending
  pair.server.feed(pair.take());
  STRCMP_EQUAL("ping", pair.server.plain.c_str());
  pair.server.say("pong");
  pair.server.say_goodbye();
  pair.from_server(pair.server.take());
  STRCMP_EQUAL("pong", pair.plain.text.c_str());
  CHECK(pair.client.peer_closed());
}

TEST(Tls, AFlightLeavesAsOnePiece) {
  rig::ServerContext context(good());
  tls::MemoryTrust trust(bytes_of(rig::ca_pem()));
  Pair pair(context, random, tickets, &trust);
  const Outcome outcome = pair.shake(origin_of("mail.example.com"), rig::kNow_ms);
  LONGS_EQUAL(2, outcome.client_flights);  // ClientHello; key exchange, change of cipher and Finished together
  Pair again(context, random, tickets, &trust);
  LONGS_EQUAL(2, again.shake(origin_of("mail.example.com"), rig::kNow_ms).client_flights);
}

TEST(Tls, AClientHelloIsShort) {
  rig::ServerContext context(good());
  Pair pair(context, random, tickets, nullptr);
  CHECK(pair.client.open(origin_of("mail.example.com"), rig::kNow_ms).ok());
  CHECK(pair.client.pending().size() <= 300);
}

TEST(Tls, TakesOneByteAtATime) {
  rig::ServerContext context(good());
  tls::MemoryTrust trust(bytes_of(rig::ca_pem()));
  Pair pair(context, random, tickets, &trust);
  CHECK(pair.shake(origin_of("mail.example.com"), rig::kNow_ms, 1).up);
  pair.server.say(std::string(40000, 'z'));
  for (const char c : pair.server.take()) pair.from_server(std::string(1, c));
  LONGS_EQUAL(40000, pair.plain.text.size());
}

TEST(Tls, LongWritesAreTakenInParts) {
  rig::ServerContext context(good());
  tls::MemoryTrust trust(bytes_of(rig::ca_pem()));
  Pair pair(context, random, tickets, &trust);
  CHECK(pair.shake(origin_of("mail.example.com"), rig::kNow_ms).up);
  const std::string text(100'000, 'q');
  for (std::size_t at = 0; at < text.size();) {
    const auto taken = pair.client.write(bytes_of(Text(text).substr(at)));
    CHECK(taken.ok());
    CHECK(taken.value() <= tls::Session::kWriteMax);
    at += taken.value();
    pair.server.feed(pair.take());
  }
  CHECK(pair.server.plain == text);
}

TEST(Tls, ASinkStopsTheSession) {
  rig::ServerContext context(good());
  tls::MemoryTrust trust(bytes_of(rig::ca_pem()));
  Pair pair(context, random, tickets, &trust);
  CHECK(pair.shake(origin_of("mail.example.com"), rig::kNow_ms).up);
  pair.plain.stop_after = 100;
  pair.server.say(std::string(30000, 'z'));
  const auto fed = pair.client.feed(bytes_of(pair.server.take()), pair.plain);
  LONGS_EQUAL(77, fed.error().code);
  CHECK(pair.plain.text.size() < 5000);
}

TEST(Tls, ResumesWithTheSamePeer) {
  rig::ServerContext context(good());
  tls::MemoryTrust trust(bytes_of(rig::ca_pem()));
  Pair first(context, random, tickets, &trust);
  CHECK(first.shake(origin_of("mail.example.com"), rig::kNow_ms).up);
  Pair second(context, random, tickets, nullptr);  // no trust anchors are needed, so none are read
  CHECK(second.shake(origin_of("mail.example.com"), rig::kNow_ms + 60'000).up);
  CHECK(second.client.handshake() == tls::Handshake::kResumed);
  MEMCMP_EQUAL(first.client.peer().spki_sha256, second.client.peer().spki_sha256, 32);
  const std::byte zero[32]{};
  CHECK(std::memcmp(zero, second.client.peer().spki_sha256, 32) != 0);
  Pair third(context, random, tickets, nullptr);  // the ticket of a resumed session is good again
  CHECK(third.shake(origin_of("mail.example.com"), rig::kNow_ms + 90'000).up);
}

TEST(Tls, TicketsAreKeptOverARestart) {
  rig::ServerContext context(good());
  tls::MemoryTrust trust(bytes_of(rig::ca_pem()));
  Pair first(context, random, tickets, &trust);
  CHECK(first.shake(origin_of("mail.example.com"), rig::kNow_ms).up);
  std::vector<std::byte> room(16'384);
  LONGS_EQUAL(0, tickets.save(2, room));  // another account's
  const std::size_t size = tickets.save(1, room);
  CHECK(size > 0);
  LONGS_EQUAL(0, tickets.save(1, Room(room).first(50)));
  tls::Tickets later;
  later.load(1, Bytes(room).first(size));
  Pair second(context, random, later, nullptr);
  CHECK(second.shake(origin_of("mail.example.com"), rig::kNow_ms + 60'000).up);
  CHECK(second.client.handshake() == tls::Handshake::kResumed);
  MEMCMP_EQUAL(first.client.peer().spki_sha256, second.client.peer().spki_sha256, 32);
  // What is not whole is left out.
  for (std::size_t cut = 0; cut < size; cut += 7) {
    tls::Tickets broken;
    broken.load(1, Bytes(room).first(cut));
    std::vector<std::byte> again(16'384);
    LONGS_EQUAL(0, broken.save(1, again));
  }
}

TEST(Tls, ATicketBelongsToItsAccountHostAndLevel) {
  rig::Spec spec;
  spec.dns = {"mail.example.com", "other.example.com"};
  rig::ServerSettings settings;
  settings.chain = rig::make(spec);
  rig::ServerContext context(settings);
  tls::MemoryTrust trust(bytes_of(rig::ca_pem()));
  Pair first(context, random, tickets, &trust);
  CHECK(first.shake(origin_of("mail.example.com"), rig::kNow_ms).up);
  tls::Origin other_port = origin_of("mail.example.com");
  other_port.port = 8443;
  const tls::Origin others[] = {origin_of("other.example.com"), origin_of("mail.example.com", 2), other_port,
                                origin_of("mail.example.com", 1, tls::Level::kLegacy)};
  for (const tls::Origin& other : others) {
    Pair next(context, random, tickets, &trust);
    CHECK(next.shake(other, rig::kNow_ms).up);
    CHECK(next.client.handshake() == tls::Handshake::kFull);
  }
  tickets.forget(1);
  Pair last(context, random, tickets, &trust);
  CHECK(last.shake(origin_of("mail.example.com"), rig::kNow_ms).up);
  CHECK(last.client.handshake() == tls::Handshake::kFull);
}

TEST(Tls, ATicketEndsWithTheCertificateAndAfterADay) {
  rig::Spec spec;
  spec.to = "20261125120000";  // some hours after kNow_ms
  rig::ServerSettings settings;
  settings.chain = rig::make(spec);
  rig::ServerContext context(settings);
  tls::MemoryTrust trust(bytes_of(rig::ca_pem()));
  Pair first(context, random, tickets, &trust);
  CHECK(first.shake(origin_of("mail.example.com"), rig::kNow_ms).up);
  Pair late(context, random, tickets, &trust);
  refuses(Fault::kExpired, late.shake(origin_of("mail.example.com"), rig::kNow_ms + 30 * 3600'000LL));
}

TEST(Tls, ATicketNobodyKnowsMeansAFullHandshake) {
  tls::MemoryTrust trust(bytes_of(rig::ca_pem()));
  {
    rig::ServerContext context(good());
    Pair first(context, random, tickets, &trust);
    CHECK(first.shake(origin_of("mail.example.com"), rig::kNow_ms).up);
  }
  rig::ServerContext restarted(good());
  Pair second(restarted, random, tickets, &trust);
  CHECK(second.shake(origin_of("mail.example.com"), rig::kNow_ms).up);
  CHECK(second.client.handshake() == tls::Handshake::kFull);
}

TEST(Tls, AnotherServerBehindATicketIsJudgedAnew) {
  tls::MemoryTrust trust(bytes_of(rig::ca_pem()));
  {
    rig::ServerContext context(good());
    Pair first(context, random, tickets, &trust);
    CHECK(first.shake(origin_of("mail.example.com"), rig::kNow_ms).up);
  }
  rig::Spec evil;
  evil.name = evil.issuer = "mail.example.com";
  evil.issuer_key = evil.key;
  rig::ServerSettings settings;
  settings.chain = rig::make(evil);
  rig::ServerContext impostor(settings);
  Pair second(impostor, random, tickets, &trust);
  refuses(Fault::kSelfSigned, second.shake(origin_of("mail.example.com"), rig::kNow_ms));
  LONGS_EQUAL(0, second.server.plain.size());
}

TEST(Tls, Names) {
  struct Row {
    std::vector<std::string> dns;
    const char* cn;
    const char* host;
    bool good;
  };
  const Row rows[] = {
      {{"mail.example.com"}, "x", "mail.example.com", true},
      {{"MAIL.Example.COM"}, "x", "mail.example.com", true},
      {{"mail.example.com"}, "x", "MAIL.EXAMPLE.COM", true},
      {{"other.example.com", "mail.example.com"}, "x", "mail.example.com", true},
      {{"mail.example.com"}, "x", "mail.example.org", false},
      {{"mail.example.com"}, "x", "example.com", false},
      {{"mail.example.com"}, "x", "amail.example.com", false},
      {{"mail.example.com"}, "x", "mail.example.com.evil.org", false},
      {{"mail.example.com"}, "x", "mail.example.co", false},
      {{"*.example.com"}, "x", "mail.example.com", true},
      {{"*.example.com"}, "x", "a.mail.example.com", false},
      {{"*.example.com"}, "x", "example.com", false},
      {{"*.example.com"}, "x", ".example.com", false},
      {{"m*.example.com"}, "x", "mail.example.com", false},
      {{"*"}, "x", "localhost", false},
      {{"*.*.com"}, "x", "mail.example.com", false},
      {{"mail.*.com"}, "x", "mail.example.com", false},
      {{std::string("mail.example.com\0.evil.org", 26)}, "x", "mail.example.com", false},
      {{std::string("mail.example.com\0", 17)}, "x", "mail.example.com", false},
      {{"other.example.com"}, "mail.example.com", "mail.example.com", false},  // a SAN makes the CN silent
      {{}, "mail.example.com", "mail.example.com", true},                      // without one the CN still counts
      {{}, "mail.example.com", "example.com", false},
      {{"127.0.0.1"}, "x", "127.0.0.1", false},  // an address is never a dNSName
      {{}, "127.0.0.1", "127.0.0.1", false},
  };
  for (const Row& row : rows) {
    rig::Spec spec;
    spec.dns = row.dns;
    spec.name = row.cn;
    tickets.forget(1);
    const Outcome outcome = meet_certificate(spec, row.host);
    if (outcome.up != row.good)
      FAIL((std::string("certificate ") + (row.dns.empty() ? row.cn : row.dns[0]) + ", host " + row.host).c_str());
    if (!row.good) refuses(Fault::kWrongName, outcome);
  }
}

TEST(Tls, AddressesMatchIpAddressEntriesOnly) {
  rig::Spec spec;
  spec.ips = {std::string("\x7f\0\0\x01", 4), std::string(15, '\0') + '\x01'};
  CHECK(meet_certificate(spec, "127.0.0.1").up);
  CHECK(meet_certificate(spec, "::1").up);
  refuses(Fault::kWrongName, meet_certificate(spec, "127.0.0.2"));
  refuses(Fault::kWrongName, meet_certificate(spec, "::2"));
  rig::ServerSettings settings;
  settings.chain = rig::make(spec);
  rig::ServerContext context(settings);
  tls::MemoryTrust trust(bytes_of(rig::ca_pem()));
  tickets.forget(1);
  Pair pair(context, random, tickets, &trust);
  CHECK(pair.shake(origin_of("127.0.0.1"), rig::kNow_ms).up);
  STRCMP_EQUAL("", context.sni.c_str());  // RFC 6066 3
}

TEST(Tls, AddressLiterals) {
  std::byte out[16];
  for (const char* good : {"1.2.3.4", "255.255.255.255", "0.0.0.0"}) LONGS_EQUAL(4, tls::parse_address(good, out));
  for (const char* good :
       {"::", "::1", "1::", "fe80::1:2", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4"}) {
    LONGS_EQUAL(16, tls::parse_address(good, out));
  }
  for (const char* bad :
       {"", "1.2.3", "1.2.3.4.", "1.2.3.256", "a.b.c.d", "1..2.3", ":", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
        "1::2::3", "12345::", "g::", "1:2:3:4:5:6:7:", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "mail"}) {
    if (tls::parse_address(bad, out) != 0) FAIL(bad);
  }
}

TEST(Tls, UnknownCa) {
  rig::Key other;
  rig::Spec spec;
  spec.issuer_key = &other;
  refuses(Fault::kUntrusted, meet_certificate(spec));
  spec.issuer = "Another CA";
  refuses(Fault::kUntrusted, meet_certificate(spec));
}

TEST(Tls, SelfSigned) {
  rig::Spec spec;
  spec.name = spec.issuer = "mail.example.com";
  spec.issuer_key = spec.key;
  refuses(Fault::kSelfSigned, meet_certificate(spec));
  rig::ServerSettings settings;
  settings.chain = rig::make(spec);
  CHECK(meet(settings, "mail.example.com", settings.chain).up);  // the user gave exactly this one
  tickets.forget(1);
  refuses(Fault::kSelfSigned,
          meet(settings, "mail.example.com", rig::make(spec)));  // same key and name, another certificate
  refuses(Fault::kWrongName, meet(settings, "other.example.com", settings.chain));
}

TEST(Tls, AGivenLeafIsTrustedThoughItsIssuerIsNot) {
  rig::Key other;
  rig::Spec spec;
  spec.issuer = "Another CA";
  spec.issuer_key = &other;
  rig::ServerSettings settings;
  settings.chain = rig::make(spec);
  CHECK(meet(settings, "mail.example.com", rig::ca_pem() + "\nsome text\n" + settings.chain).up);
  tickets.forget(1);
  refuses(Fault::kUntrusted, meet(settings, "mail.example.com"));
  refuses(Fault::kExpired, meet(settings, "mail.example.com", settings.chain, tls::Level::kModern, 2'100'000'000'000));
}

TEST(Tls, AnIntermediateIsNeededAndUsed) {
  rig::Key middle;
  rig::Spec ca;
  ca.name = "Middle CA";
  ca.dns.clear();
  ca.key = &middle;
  ca.ca = true;
  rig::Spec leaf;
  leaf.issuer = "Middle CA";
  leaf.issuer_key = &middle;
  rig::ServerSettings settings;
  settings.chain = rig::make(leaf);
  refuses(Fault::kUntrusted, meet(settings));
  const std::string leaf_alone = settings.chain;
  settings.chain += rig::make(ca);
  CHECK(meet(settings).up);
  // Someone else's root: the intermediate is unknown, and a leaf that is not among the anchors does not help it.
  rig::Key other_key;
  rig::Spec other;
  other.name = other.issuer = "Other CA";
  other.dns.clear();
  other.key = other.issuer_key = &other_key;
  other.ca = true;
  tickets.forget(1);
  refuses(Fault::kUntrusted, meet(settings, "mail.example.com", rig::make(other)));
  CHECK(meet(settings, "mail.example.com", rig::make(other) + leaf_alone).up);
  // A certificate that is no CA must not issue others.
  ca.ca = false;
  settings.chain = rig::make(leaf) + rig::make(ca);
  tickets.forget(1);
  CHECK_FALSE(meet(settings).up);
}

TEST(Tls, Validity) {
  rig::Spec spec;
  spec.to = "20260101000000";
  refuses(Fault::kExpired, meet_certificate(spec));
  spec.to = "20350101000000";
  spec.from = "20270101000000";
  refuses(Fault::kNotYetValid, meet_certificate(spec));
  // The time that counts is the one the session was told, not the machine's.
  rig::ServerSettings settings;
  settings.chain = rig::make(spec);
  CHECK(meet(settings, "mail.example.com", rig::ca_pem(), tls::Level::kModern, 1'830'000'000'000).up);
}

TEST(Tls, WeakCertificates) {
  rig::Spec spec;
  spec.key = &rig::rsa_key(1024);
  refuses(Fault::kWeakCertificate, meet_certificate(spec));
  spec.key = &rig::rsa_key(2048);
  CHECK(meet_certificate(spec).up);
  tickets.forget(1);
  spec.key = &rig::server_key();
  spec.md = MBEDTLS_MD_SHA1;
  refuses(Fault::kWeakCertificate, meet_certificate(spec));
  // A weak key that signs is as bad as one that serves.
  rig::Spec ca;
  ca.name = ca.issuer = "Weak CA";
  ca.dns.clear();
  ca.key = ca.issuer_key = &rig::rsa_key(1024);
  ca.ca = true;
  rig::Spec leaf;
  leaf.issuer = "Weak CA";
  leaf.issuer_key = ca.key;
  rig::ServerSettings settings;
  settings.chain = rig::make(leaf);
  refuses(Fault::kWeakCertificate, meet(settings, "mail.example.com", rig::make(ca)));
}

#if MBEDTLS_VERSION_NUMBER < 0x03000000  // 3.x cannot be a server of those, nor one of 3DES
TEST(Tls, OldVersionsAreRefusedAtBothLevels) {
  for (const auto level : {tls::Level::kModern, tls::Level::kLegacy}) {
    for (const int minor : {MBEDTLS_SSL_MINOR_VERSION_1, MBEDTLS_SSL_MINOR_VERSION_2}) {
      rig::ServerSettings settings = good();
      settings.minor_min = settings.minor_max = minor;
      refuses(Fault::kWeakServer, meet(settings, "mail.example.com", rig::ca_pem(), level));
    }
  }
}
#endif

TEST(Tls, SuitesByLevel) {
  struct Row {
    int suite;
    bool rsa, modern, legacy;
  };
  const Row rows[] = {
    {MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, false, true, true},
    {MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, true, true, true},
    {MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, true, true, true},
    {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, false, false, true},
    {MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384, true, false, true},
    {MBEDTLS_TLS_DHE_RSA_WITH_AES_128_GCM_SHA256, true, false, true},
    {MBEDTLS_TLS_DHE_RSA_WITH_AES_128_CBC_SHA256, true, false, false},
    {MBEDTLS_TLS_RSA_WITH_AES_128_GCM_SHA256, true, false, false},
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    {MBEDTLS_TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA, true, false, false},
#endif
    {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM, false, false, false},
  };
  for (const Row& row : rows) {
    rig::Spec spec;
    if (row.rsa) spec.key = &rig::rsa_key(2048);
    rig::ServerSettings settings;
    settings.chain = rig::make(spec);
    settings.key = spec.key;
    settings.suites = {row.suite};
    for (const auto level : {tls::Level::kModern, tls::Level::kLegacy}) {
      tickets.forget(1);
      const bool allowed = level == tls::Level::kModern ? row.modern : row.legacy;
      const Outcome outcome = meet(settings, "mail.example.com", rig::ca_pem(), level);
      if (outcome.up != allowed) FAIL(mbedtls_ssl_get_ciphersuite_name(row.suite));
      if (!allowed) refuses(Fault::kWeakServer, outcome);
    }
  }
}

TEST(Tls, SmallDiffieHellmanGroupsAreRefused) {
  rig::ServerSettings settings = good();
  settings.key = &rig::rsa_key(2048);
  rig::Spec spec;
  spec.key = settings.key;
  settings.chain = rig::make(spec);
  settings.suites = {MBEDTLS_TLS_DHE_RSA_WITH_AES_128_GCM_SHA256};
  settings.dhe_bits = 2048;
  CHECK(meet(settings, "mail.example.com", rig::ca_pem(), tls::Level::kLegacy).up);
  tickets.forget(1);
  settings.dhe_bits = 1024;
  const Outcome outcome = meet(settings, "mail.example.com", rig::ca_pem(), tls::Level::kLegacy);
  refuses(Fault::kWeakServer, outcome);
}

TEST(Tls, AClientCertificateIsShownToWhoAsks) {
  rig::Spec mine;
  mine.name = "phone 7";
  mine.dns.clear();
  mine.key = &rig::rsa_key(2048);
  const std::string certificate = rig::make(mine);
  unsigned char key[4096];
  rig::must(mbedtls_pk_write_key_pem(&mine.key->pk, key, sizeof key), "key");
  const std::string key_text(reinterpret_cast<char*>(key));
  tls::MemoryTrust trust(bytes_of(rig::ca_pem()));
  rig::ServerSettings asks = good();
  asks.client_ca = rig::ca_pem();
  {
    tls::Identity identity;
    CHECK(identity.load(bytes_of(certificate), bytes_of(key_text), random).ok());
    rig::ServerContext context(asks);
    Pair pair(context, random, tickets, &trust, &identity);
    CHECK(pair.shake(origin_of("mail.example.com"), rig::kNow_ms).up);
    STRCMP_EQUAL("phone 7", pair.server.client_name().c_str());
    // A chain that is larger than what goes out at once: more leaves as soon as there is room.
    std::string chain = certificate;
    for (int i = 0; i < 16; ++i) chain += rig::ca_pem();
    tls::Identity large;
    CHECK(large.load(bytes_of(chain), bytes_of(key_text), random).ok());
    Pair with_chain(context, random, tickets, &trust, &large);
    CHECK(with_chain.shake(origin_of("mail.example.com", 4), rig::kNow_ms).up);
    STRCMP_EQUAL("phone 7", with_chain.server.client_name().c_str());
    // Who cannot prove its own name gets to see nothing of it.
    rig::Spec wrong;
    wrong.dns = {"elsewhere.example.com"};
    rig::ServerSettings other = asks;
    other.chain = rig::make(wrong);
    rig::ServerContext other_context(other);
    Pair refused(other_context, random, tickets, &trust, &identity);
    refuses(Fault::kWrongName, refused.shake(origin_of("mail.example.com", 2), rig::kNow_ms));
    STRCMP_EQUAL("", refused.server.client_name().c_str());
  }
  {
    rig::ServerContext context(asks);
    Pair without(context, random, tickets, &trust);
    CHECK_FALSE(without.shake(origin_of("mail.example.com", 3), rig::kNow_ms).up);
    CHECK(without.client.cut() == tls::fault(Fault::kWantsCertificate));
  }
  const auto refused = [&](const std::string& certificates, const std::string& private_key) {
    tls::Identity identity;
    return identity.load(bytes_of(certificates), bytes_of(private_key), random).error() ==
           tls::fault(Fault::kBadIdentity);
  };
  CHECK(refused("", key_text));
  CHECK(refused(certificate, ""));
  CHECK(refused(certificate, certificate));
  CHECK(refused(rig::ca_pem(), key_text));
  CHECK(refused(certificate + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", key_text));
}

TEST(Tls, RenegotiationIsDeclined) {
  rig::ServerContext context(good());
  mbedtls_ssl_conf_renegotiation(&context.config, MBEDTLS_SSL_RENEGOTIATION_ENABLED);
  tls::MemoryTrust trust(bytes_of(rig::ca_pem()));
  Pair pair(context, random, tickets, &trust);
  CHECK(pair.shake(origin_of("mail.example.com"), rig::kNow_ms).up);
  pair.server.renegotiate();
  pair.from_server(pair.server.take());
  const std::string answer = pair.take();
  CHECK(answer.size() > 0 && answer.size() < 64);  // an alert, no ClientHello
  LONGS_EQUAL(0x15, answer[0]);
}

TEST(Tls, TrustFiles) {
  tls::Anchors anchors;
  for (const std::string& nothing : {std::string(), std::string("hello"), std::string(9000, '-'),
                                     std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
                                     std::string("\x30\x82\x01", 3)}) {
    tls::MemoryTrust trust(bytes_of(nothing));
    const auto loaded = anchors.load(trust);
    LONGS_EQUAL(static_cast<int>(Fault::kNoTrust), loaded.error().code);
  }
  const std::string many = std::string(5000, 'x') + rig::ca_pem() + "junk" +
                           "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + rig::make({});
  tls::MemoryTrust trust(bytes_of(many));
  CHECK(anchors.load(trust).ok());
  CHECK(anchors.chain()->next != nullptr);
  const std::string der(reinterpret_cast<const char*>(anchors.chain()->raw.p), anchors.chain()->raw.len);
  tls::Anchors second;
  tls::MemoryTrust binary(bytes_of(der));
  CHECK(second.load(binary).ok());
  CHECK(second.holds(*anchors.chain()));
}

TEST(Tls, WithoutTrustNothingIsTrusted) {
  rig::ServerContext context(good());
  Pair pair(context, random, tickets, nullptr);
  refuses(Fault::kNoTrust, pair.shake(origin_of("mail.example.com"), rig::kNow_ms));
  LONGS_EQUAL(0, pair.server.plain.size());
}

TEST(Tls, ABrokenRandomSourceIsAnError) {
  rig::Entropy broken;
  broken.broken = true;
  tls::Random dry(broken);
  tls::Session session(dry, tickets, nullptr);
  const auto begun = session.open(origin_of("mail.example.com"), rig::kNow_ms);
  LONGS_EQUAL(static_cast<int>(Fault::kNoEntropy), begun.error().code);
  LONGS_EQUAL(0, session.pending().size());
}

TEST(Tls, AHostNameIsMandatory) {
  for (const std::string& bad :
       {std::string(), std::string("a b"), std::string("a\0b", 3), std::string("a\r\nb"), std::string("\xc3\xa4")}) {
    tls::Session session(random, tickets, nullptr);
    CHECK(!session.open(origin_of(bad), rig::kNow_ms).ok());
    LONGS_EQUAL(0, session.pending().size());
  }
}

TEST(Tls, GarbageIsAnError) {
  rig::ServerContext context(good());
  tls::MemoryTrust trust(bytes_of(rig::ca_pem()));
  for (const char* garbage : {"HTTP/1.1 400 Bad Request\r\n\r\n", "\x15\x03\x01", "SSH-2.0-OpenSSH_9\r\n"}) {
    Pair pair(context, random, tickets, &trust);
    CHECK(pair.client.open(origin_of("mail.example.com"), rig::kNow_ms).ok());
    (void)pair.client.feed(bytes_of(garbage), pair.plain);
    CHECK_FALSE(pair.client.established());
  }
}

TEST(Tls, DamagedRecordsEndTheSession) {
  rig::ServerContext context(good());
  tls::MemoryTrust trust(bytes_of(rig::ca_pem()));
  Pair pair(context, random, tickets, &trust);
  CHECK(pair.shake(origin_of("mail.example.com"), rig::kNow_ms).up);
  pair.server.say("wipe");
  std::string record = pair.server.take();
  record[record.size() / 2] = static_cast<char>(record[record.size() / 2] ^ 1);
  const auto fed = pair.client.feed(bytes_of(record), pair.plain);
  CHECK(!fed.ok());
  LONGS_EQUAL(static_cast<int>(Domain::kTls), static_cast<int>(fed.error().domain));
  CHECK(pair.plain.text.empty());
  CHECK(!pair.client.write(bytes_of("x")).ok());
}
