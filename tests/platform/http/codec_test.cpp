#include <zlib.h>

#include <string>
#include <vector>

#include "http/fault.h"
#include "http/request.h"
#include "http/response.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using http::Fault;

namespace {

/// Keeps what came, in a form that is easy to compare: "200 name=value;...|body|end".
struct Kept final : http::ResponseSink {
  Status head(int http_status, std::span<const http::Field> fields) override {
    if (refuse_head) return Error{Domain::kEngine, 5, 0};
    text += std::to_string(http_status);
    for (const auto& field : fields) text += " " + std::string(field.name) + "=" + std::string(field.value);
    text += "|";
    return Done{};
  }
  Status body(Bytes bytes) override {
    if (keep_body) text += std::string(text_of(bytes));
    body_bytes += bytes.size();
    largest = std::max(largest, bytes.size());
    return Done{};
  }
  Status end() override {
    text += "|end";
    return Done{};
  }
  std::string text;
  std::uint64_t body_bytes = 0;
  std::size_t largest = 0;
  bool keep_body = true, refuse_head = false;
};

struct Outcome {
  std::string text;
  Error error{};
  std::size_t used = 0;
  bool done = false, keep_alive = false;
};

Outcome parse(const std::string& bytes, std::size_t piece = SIZE_MAX, bool ends = false, bool orderly = true) {
  Kept kept;
  http::Response response(kept);
  Outcome outcome;
  while (outcome.used < bytes.size() && !response.done()) {
    const auto used = response.feed(bytes_of(Text(bytes).substr(outcome.used, piece)));
    if (!used.ok()) {
      outcome.error = used.error();
      break;
    }
    outcome.used += used.value();
  }
  if (ends && !outcome.error) outcome.error = response.connection_ended(orderly).error();
  outcome.text = kept.text;
  outcome.done = response.done();
  outcome.keep_alive = response.keep_alive();
  return outcome;
}

std::string compress(const std::string& text, int window_bits) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}
constexpr int kGzip = 31, kZlib = 15, kRaw = -15;

std::string with_body(const std::string& coding, const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Encoding: " + coding + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

std::string varied_text(std::size_t bytes) {
  std::string text;
  unsigned state = 1;
  while (text.size() < bytes) {
    state = state * 1103515245 + 12345;
    text += static_cast<char>('a' + (state >> 16) % 26);
  }
  return text;
}

}  // namespace

TEST_GROUP(Response){};

TEST(Response, Heads) {
  struct Row {
    const char* bytes;
    const char* expected;
    bool keep_alive;
  };
  const Row rows[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "200 Content-Length=2|hi|end", true},
      {"HTTP/1.1 200 OK\r\ncontent-length:2  \r\nX:  a b \t\r\n\r\nhi", "200 content-length=2 X=a b|hi|end", true},
      {"HTTP/1.1 200\r\nContent-Length: 0\r\nEmpty:\r\n\r\n", "200 Content-Length=0 Empty=||end", true},
      {"HTTP/1.1 204 No Content\r\n\r\n", "204||end", true},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "204 Content-Length=5||end", true},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "304 Content-Length=5||end", true},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
       "200 Connection=close Content-Length=1|x|end", false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "200 Content-Length=1|x|end", false},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
       "200 Connection=keep-alive Content-Length=1|x|end", true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n10;ext=1\r\n0123456789abcdef\r\n0\r\n\r\n",
       "200 Transfer-Encoding=chunked|abc0123456789abcdef|end", true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nTrailer: x\r\n\r\n",
       "200 Transfer-Encoding=chunked|a|end", true},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", "200 Content-Length=1|x|end",
       true},
      {"HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 103 Hints\r\nC: d\r\n\r\nHTTP/1.1 449 Retry\r\nE: "
       "f\r\nContent-Length: 0\r\n\r\n",
       "449 E=f Content-Length=0||end", true},
      {"HTTP/1.1 200 OK\r\nUpgrade: h2\r\nConnection: Upgrade\r\nContent-Length: 1\r\n\r\nx",
       "200 Upgrade=h2 Connection=Upgrade Content-Length=1|x|end", true},
      {"HTTP/1.1 451 Unavailable\r\nX-MS-Location: https://a/b\r\nContent-Length: 0\r\n\r\n",
       "451 X-MS-Location=https://a/b Content-Length=0||end", true},
      {"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 1\r\n\r\nx",
       "200 Content-Encoding=identity Content-Length=1|x|end", true},
      {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",
       "200 Content-Encoding=gzip Content-Length=0||end", true},
  };
  for (const Row& row : rows) {
    for (const std::size_t piece : {SIZE_MAX, std::size_t{1}, std::size_t{3}}) {
      const Outcome outcome = parse(row.bytes, piece);
      STRCMP_EQUAL(row.expected, outcome.text.c_str());
      CHECK(outcome.done);
      CHECK(!outcome.error);
      LONGS_EQUAL(std::string(row.bytes).size(), outcome.used);
      LONGS_EQUAL(row.keep_alive, outcome.keep_alive);
    }
  }
}

TEST(Response, Refusals) {
  struct Row {
    std::string bytes;
    Fault fault;
  };
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const Row rows[] = {
      {"HTTP/2 200 OK\r\n\r\n", Fault::kBadResponse},
      {"<html>login</html>", Fault::kBadResponse},
      {"\x16\x03\x01", Fault::kBadResponse},
      {"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", Fault::kBadResponse},
      {ok + "A\r\n\r\n", Fault::kBadResponse},
      {ok + std::string("A: b\0c\r\n\r\n", 10), Fault::kBadResponse},
      {ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", Fault::kBadResponse},
      {ok + "Content-Length: -1\r\n\r\n", Fault::kBadResponse},
      {ok + "Content-Length: 99999999999999999999999\r\n\r\n", Fault::kBadResponse},
      {ok + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", Fault::kBadResponse},
      {ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", Fault::kBadResponse},
      {ok + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", Fault::kBadResponse},
      {ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", Fault::kBadEncoding},
      {ok + "Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx", Fault::kBadEncoding},
      {ok + "Content-Encoding: gzip, gzip\r\nContent-Length: 1\r\n\r\nx", Fault::kBadEncoding},
      {ok + "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", Fault::kBadEncoding},
      {with_body("gzip", "this is not gzip"), Fault::kBadEncoding},
      {with_body("gzip", "\x1f"), Fault::kBadEncoding},
      {with_body("gzip", compress("hello", kGzip).substr(0, 12)), Fault::kBadEncoding},
      {with_body("gzip", compress("hello", kGzip) + "tail"), Fault::kBadEncoding},
      {with_body("deflate", "\xff\xff\xff\xff"), Fault::kBadEncoding},
  };
  for (const Row& row : rows) {
    for (const std::size_t piece : {SIZE_MAX, std::size_t{1}}) {
      const Outcome outcome = parse(row.bytes, piece);
      if (outcome.error.code != static_cast<int>(row.fault)) FAIL(row.bytes.c_str());
      LONGS_EQUAL(static_cast<int>(Domain::kHttp), static_cast<int>(outcome.error.domain));
      CHECK(!outcome.done);
    }
  }
}

TEST(Response, LimitsOfTheHead) {
  const auto with_headers = [](int count, std::size_t value_bytes) {
    std::string text = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < count; ++i) text += "X: " + std::string(value_bytes, 'v') + "\r\n";
    return text + "Content-Length: 0\r\n\r\n";
  };
  CHECK(parse(with_headers(99, 10)).done);
  LONGS_EQUAL(static_cast<int>(Fault::kTooManyHeaders), parse(with_headers(100, 10)).error.code);
  CHECK(parse(with_headers(60, 1000)).done);
  LONGS_EQUAL(static_cast<int>(Fault::kHeadTooLong), parse(with_headers(70, 1000)).error.code);
  LONGS_EQUAL(static_cast<int>(Fault::kHeadTooLong), parse(with_headers(1, 70'000), 100).error.code);
  std::string continues;
  for (int i = 0; i < 20'000; ++i) continues += "HTTP/1.1 100 Continue\r\n\r\n";
  LONGS_EQUAL(static_cast<int>(Fault::kHeadTooLong), parse(continues).error.code);
  continues.clear();
  for (int i = 0; i < 20'000; ++i) continues += "HTTP/1.1 100\r\n\r\n";
  LONGS_EQUAL(static_cast<int>(Fault::kHeadTooLong), parse(continues).error.code);
  std::string trailers = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  for (int i = 0; i < 200; ++i) trailers += "T: x\r\n";
  LONGS_EQUAL(static_cast<int>(Fault::kTooManyHeaders), parse(trailers).error.code);
}

TEST(Response, CutAtEveryByte) {
  const std::string body = varied_text(300);
  const std::string zipped = compress(body, kGzip);
  char size[16];
  std::snprintf(size, sizeof size, "%zx", zipped.size());
  const std::string wholes[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n01234567890123456789",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
      with_body("gzip", zipped),
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(size) + "\r\n" +
          zipped + "\r\n0\r\n\r\n",
  };
  for (const std::string& whole : wholes) {
    CHECK(parse(whole).done);
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
      for (const bool orderly : {true, false}) {
        const Outcome outcome = parse(whole.substr(0, cut), SIZE_MAX, true, orderly);
        LONGS_EQUAL(static_cast<int>(Fault::kCut), outcome.error.code);
        CHECK(!outcome.done);
        CHECK(outcome.text.find("|end") == std::string::npos);
      }
    }
  }
}

TEST(Response, WithoutALengthOnlyAnOrderlyEndCounts) {
  const std::string bytes = "HTTP/1.1 200 OK\r\n\r\nabc";
  const Outcome whole = parse(bytes, SIZE_MAX, true, true);
  STRCMP_EQUAL("200|abc|end", whole.text.c_str());
  CHECK(whole.done);
  CHECK(!whole.keep_alive);
  LONGS_EQUAL(static_cast<int>(Fault::kCut), parse(bytes, SIZE_MAX, true, false).error.code);
  const std::string zipped = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + compress("abcdef", kGzip);
  CHECK(parse(zipped, SIZE_MAX, true, true).done);
  LONGS_EQUAL(static_cast<int>(Fault::kBadEncoding),
              parse(zipped.substr(0, zipped.size() - 1), SIZE_MAX, true, true).error.code);
}

TEST(Response, InflatesAsItArrives) {
  const std::string text = varied_text(50'000);
  for (const auto& [coding, bits] :
       {std::pair{"gzip", kGzip}, {"x-gzip", kGzip}, {"GZip", kGzip}, {"deflate", kZlib}, {"deflate", kRaw}}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
      const Outcome outcome = parse(with_body(coding, compress(text, bits)), piece);
      CHECK(outcome.done);
      CHECK(outcome.text.find("|" + text + "|end") != std::string::npos);
    }
  }
  const Outcome members = parse(with_body("gzip", compress("one ", kGzip) + compress("two", kGzip)), 1);
  CHECK(members.text.find("|one two|end") != std::string::npos);
}

TEST(Response, AGzipBombIsStopped) {
  const std::string bomb = compress(std::string(20'000'000, '\0'), kGzip);  // about 1000 to 1
  Kept kept;
  kept.keep_body = false;
  http::Response response(kept);
  const std::string bytes = with_body("gzip", bomb);
  const auto fed = response.feed(bytes_of(bytes));
  LONGS_EQUAL(static_cast<int>(Fault::kBomb), fed.error().code);
  CHECK(kept.body_bytes <= 100 * bytes.size() + 8'388'608);
  CHECK(kept.largest <= 4096);
  CHECK(!response.feed(bytes_of("x")).ok());
  // A log, or a file of zeros, may be as repetitive as it likes.
  CHECK(parse(with_body("gzip", compress(std::string(3'000'000, ' '), kGzip))).done);
}

TEST(Response, TheAbsoluteLimitHolds) {
  Kept kept;
  kept.keep_body = false;
  http::ResponseLimits limits;
  limits.body_bytes_max = 1000;
  http::Response response(kept, limits);
  LONGS_EQUAL(static_cast<int>(Fault::kBodyTooLong),
              response.feed(bytes_of(with_body("gzip", compress(varied_text(1001), kGzip)))).error().code);
  response.start();
  CHECK(response.feed(bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'))).ok());
  CHECK(response.done());
  response.start();
  CHECK(!response.feed(bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'x'))).ok());
}

TEST(Response, BytesBehindTheEndAreNotUsed) {
  const std::string first = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
  const Outcome outcome = parse(first + "HTTP/1.1 200 OK\r\n\r\n");
  CHECK(outcome.done);
  LONGS_EQUAL(first.size(), outcome.used);
}

TEST(Response, ASinkMayRefuse) {
  Kept kept;
  kept.refuse_head = true;
  http::Response response(kept);
  const auto fed = response.feed(bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"));
  CHECK(fed.error().domain == Domain::kEngine);
  LONGS_EQUAL(0, kept.body_bytes);
}

TEST(Response, HeadHasNoBody) {
  Kept kept;
  http::Response response(kept);
  response.start(true);
  CHECK(response.feed(bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")).ok());
  CHECK(response.done());
}

TEST_GROUP(RequestHead) {
  http::Buffer out;
  http::RequestHead head;
  void setup() override {
    head.method = "POST";
    head.target = "/Microsoft-Server-ActiveSync?jAkJBAp2MTQwRGV2aWNl";
    head.host = "mail.example.com";
  }
  std::string written() {
    const auto result = http::write_head(head, out);
    CHECK(result.ok());
    return std::string(out.view());
  }
  bool refused() {
    const auto result = http::write_head(head, out);
    return !result.ok() && result.error() == http::fault(Fault::kBadRequest) && out.empty();
  }
};

TEST(RequestHead, IsWritten) {
  const http::Field fields[] = {{"User-Agent", "Handsync/0.1"}, {"Content-Type", "application/vnd.ms-sync.wbxml"}};
  head.fields = fields;
  head.cookies = "a=b; c=d";
  head.body_bytes = 18'446'744'073'709'551'615u;
  STRCMP_EQUAL(
      "POST /Microsoft-Server-ActiveSync?jAkJBAp2MTQwRGV2aWNl HTTP/1.1\r\nHost: mail.example.com\r\nUser-Agent: "
      "Handsync/0.1\r\n"
      "Content-Type: application/vnd.ms-sync.wbxml\r\nCookie: a=b; c=d\r\nAccept-Encoding: gzip\r\n"
      "Content-Length: 18446744073709551615\r\n\r\n",
      written().c_str());
}

TEST(RequestHead, NamesThePortOnlyWhenItMust) {
  head.port = 8443;
  CHECK(written().find("Host: mail.example.com:8443\r\n") != std::string::npos);
  head.port = 80;
  head.tls = false;
  CHECK(written().find("Host: mail.example.com\r\n") != std::string::npos);
  head.host = "::1";
  CHECK(written().find("Host: [::1]\r\n") != std::string::npos);
  CHECK(written().find("Content-Length: 0\r\n") != std::string::npos);
}

TEST(RequestHead, NothingCanBeSmuggledIn) {
  const std::string nul("a\0b", 3);
  for (const Text bad : {Text(""), Text("GE T"), Text("GET\r\nX:"), Text("GET\n"), Text(nul)}) {
    head.method = bad;
    CHECK(refused());
  }
  setup();
  for (const Text bad : {Text(""), Text("path"), Text("/a b"), Text("/a\r\nX: y"), Text("/\n"), Text(nul),
                         Text("/\xc3\xa4"), Text("http://x/")}) {
    head.target = bad;
    CHECK(refused());
  }
  setup();
  for (const Text bad : {Text(""), Text("a b"), Text("a\r\nX: y"), Text("a/b"), Text("user@host"), Text(nul),
                         Text("a#b"), Text("[::1]")}) {
    head.host = bad;
    CHECK(refused());
  }
  setup();
  for (const http::Field& bad : {http::Field{"", "x"},
                                 {"A B", "x"},
                                 {"A:", "x"},
                                 {"A\r\n", "x"},
                                 {"A", "x\r\nB: y"},
                                 {"A", "x\n"},
                                 {"A", "x\r"},
                                 {"A", nul},
                                 {"A", "\x7f"},
                                 {"Host", "x"},
                                 {"content-length", "5"},
                                 {"Transfer-Encoding", "chunked"},
                                 {"Cookie", "a=b"},
                                 {"Accept-Encoding", "br"},
                                 {"Connection", "close"},
                                 {"Expect", "100-continue"}}) {
    head.fields = {&bad, 1};
    CHECK(refused());
  }
  setup();
  head.fields = {};
  head.cookies = "a=b\r\nX: y";
  CHECK(refused());
}
