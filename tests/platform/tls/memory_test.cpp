// Allocations of a client fail in turn, inside handshake, data and HTTP: the answer is an error or the right thing,
// never a connection that was not verified. Replaces malloc, so it is left out under sanitizers, which do the same.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HANDSYNC_SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define HANDSYNC_SANITIZED
#endif
#if !defined(HANDSYNC_SANITIZED)

#include <zlib.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "http/response.h"
#include "platform/tls/rig.h"
#include "tls/session.h"

#include <CppUTest/TestHarness.h>

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
}

namespace {

bool armed = false;
long left = 0;  // allocations that still succeed

bool refuses() { return armed && left-- == 0; }

struct Armed {
  Armed() { armed = true; }
  ~Armed() { armed = false; }
};

}  // namespace

extern "C" {
void* malloc(std::size_t bytes) { return refuses() ? nullptr : __libc_malloc(bytes); }
void* calloc(std::size_t count, std::size_t bytes) { return refuses() ? nullptr : __libc_calloc(count, bytes); }
void* realloc(void* block, std::size_t bytes) { return refuses() ? nullptr : __libc_realloc(block, bytes); }
}

using namespace handsync;

namespace {

struct Counting final : tls::Sink {
  Status plaintext(Bytes bytes) override {
    got += bytes.size();
    return Done{};
  }
  std::size_t got = 0;
};

/// The first ones each, then ever fewer of the thousands that big numbers take: a full walk takes minutes.
long next_of(long nth) { return nth < 250 ? nth + 1 : nth + nth / 40; }

/// True: connected, and data went both ways.
bool talk(rig::ServerContext& context, tls::Tickets& tickets, hal::Trust& trust) {
  rig::Entropy entropy;
  tls::Random random(entropy);
  rig::Server server(context);
  tls::Session client(random, tickets, &trust);
  tls::Origin origin;
  CHECK(origin.host.assign("mail.example.com"));
  Counting sink;
  Error error{};
  {
    const Armed on;
    error = client.open(origin, rig::kNow_ms).error();
  }
  bool said = false, asked = false;
  for (int round = 0; round < 20 && !error; ++round) {
    server.feed(std::string(text_of(client.pending())));
    CHECK(client.sent(client.pending().size()).ok());
    if (server.up && server.plain == "ping" && !said) {
      server.say("pong");
      said = true;
    }
    const std::string bytes = server.take();
    const Armed on;
    if (!bytes.empty()) error = client.feed(bytes_of(bytes), sink).error();
    if (!error && client.established() && !asked) {
      error = client.write(bytes_of("ping")).error();
      asked = true;
    }
  }
  if (error) {
    CHECK(!client.write(bytes_of("more")).ok());
    CHECK(server.plain.empty() || server.plain == "ping");
  }
  return !error && sink.got == 4;
}

}  // namespace

TEST_GROUP(Memory){};

TEST(Memory, AConnectionIsWholeOrAnError) {
  rig::ServerSettings settings;
  settings.chain = rig::make({});
  rig::ServerContext context(settings);
  tls::MemoryTrust trust(bytes_of(rig::ca_pem()));
  int survived = 0;
  for (long nth = 0;; nth = next_of(nth)) {
    tls::Tickets tickets;
    left = nth;
    const bool good = talk(context, tickets, trust);
    if (left >= 0) {  // not one was refused
      CHECK(good);
      CHECK(nth > 50);
      break;
    }
    survived += good ? 1 : 0;
  }
  CHECK(survived < 10);  // keeping a ticket may fail without harm; hardly anything else
}

TEST(Memory, NoFailureMakesABadCertificateGood) {
  rig::Key stranger;
  rig::Spec spec;
  spec.issuer_key = &stranger;
  rig::ServerSettings settings;
  settings.chain = rig::make(spec);
  rig::ServerContext context(settings);
  tls::MemoryTrust trust(bytes_of(rig::ca_pem()));
  for (long nth = 0;; nth = next_of(nth)) {
    tls::Tickets tickets;
    left = nth;
    CHECK_FALSE(talk(context, tickets, trust));
    if (left >= 0) break;
  }
}

TEST(Memory, AResponseNeedsLittleAndSaysSo) {
  struct Sink final : http::ResponseSink {
    Status head(int, std::span<const http::Field>) override { return Done{}; }
    Status body(Bytes bytes) override {
      got += bytes.size();
      return Done{};
    }
    Status end() override { return Done{}; }
    std::size_t got = 0;
  };
  const std::string text(5000, 'x');
  std::string zipped(1000, '\0');
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = 5000;
  stream.next_out = reinterpret_cast<Bytef*>(zipped.data());
  stream.avail_out = 1000;
  deflate(&stream, Z_FINISH);
  zipped.resize(stream.total_out);
  deflateEnd(&stream);
  const std::string bytes =
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " + std::to_string(zipped.size()) + "\r\n\r\n" +
      zipped;
  for (long nth = 0;; ++nth) {
    left = nth;
    Sink sink;
    http::Response response(sink);
    Error error{};
    {
      const Armed on;
      error = response.feed(bytes_of(bytes)).error();
    }
    if (left >= 0) {
      CHECK(response.done());
      LONGS_EQUAL(5000, sink.got);
      CHECK(nth <= 6);
      break;
    }
    CHECK(error.domain == Domain::kMemory);
  }
}

#endif
