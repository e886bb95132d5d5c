#include "http/response.h"

#include "handsync/profile.h"
#include "http/fault.h"

namespace handsync::http {
namespace {

// In head_ each field is NAME, 0x1f, VALUE, 0x1e: neither separator can occur in what the parser lets through.
constexpr char kNameEnd = '\x1f', kValueEnd = '\x1e';
constexpr std::size_t kHeadersMax = 100;

}  // namespace

struct Response::Callbacks {
  static Response& self(http_parser* parser) { return *static_cast<Response*>(parser->data); }

  static int count(Response& me, std::size_t bytes) {
    me.head_bytes_ += bytes;
    return me.head_bytes_ > me.limits_.head_bytes_max ? me.stop(fault(Fault::kHeadTooLong)) : 0;
  }
  static int status(http_parser* parser, const char*, std::size_t bytes) { return count(self(parser), bytes); }
  static int name(http_parser* parser, const char* at, std::size_t bytes) {
    Response& me = self(parser);
    if (int rc = count(me, bytes + 4); rc != 0) return rc;
    if (me.head_.empty() || me.in_value_) {
      if (++me.headers_ > me.limits_.headers_max) return me.stop(fault(Fault::kTooManyHeaders));
      if (me.in_value_ && !me.remember({&kValueEnd, 1})) return me.stop(out_of_memory(1));
    }
    me.in_value_ = false;
    return me.remember({at, bytes}) ? 0 : me.stop(out_of_memory(bytes));
  }
  static int value(http_parser* parser, const char* at, std::size_t bytes) {
    Response& me = self(parser);
    if (int rc = count(me, bytes); rc != 0) return rc;
    if (!me.in_value_ && !me.remember({&kNameEnd, 1})) return me.stop(out_of_memory(1));
    me.in_value_ = true;
    return me.remember({at, bytes}) ? 0 : me.stop(out_of_memory(bytes));
  }
  static int headers_complete(http_parser* parser) {
    Response& me = self(parser);
    const unsigned status = parser->status_code;
    if (parser->http_major != 1) return me.stop(fault(Fault::kBadResponse));
    if (status < 200) {
      // 101 would hand the connection to a protocol nobody asked for.
      if (status < 100 || status == 101) return me.stop(fault(Fault::kBadResponse));
      return 1;
    }
    if (auto taken = me.take_head(); !taken.ok()) return me.stop(taken.error());
    return me.no_body_ || status == 204 || status == 304 ? 1 : 0;
  }
  static int body(http_parser* parser, const char* at, std::size_t bytes) {
    Response& me = self(parser);
    if (auto taken = me.take_body(bytes_of({at, bytes})); !taken.ok()) return me.stop(taken.error());
    return 0;
  }
  static int complete(http_parser* parser) {
    Response& me = self(parser);
    if (!me.head_done_) {  // it was a 1xx
      me.head_.clear();
      me.in_value_ = false;
      return count(me, 16);  // of its status line: the parser does not show a reason that is empty
    }
    me.keep_alive_ = http_should_keep_alive(parser) != 0;
    if (auto ended = me.take_end(); !ended.ok()) return me.stop(ended.error());
    http_parser_pause(parser, 1);
    return 0;
  }
};

Response::Response(ResponseSink& sink, const ResponseLimits& limits)
    : sink_(sink), limits_(limits), head_(limits.head_bytes_max + 8) {
  limits_.headers_max = std::min(limits_.headers_max, kHeadersMax);
  start();
}

void Response::start(bool no_body) {
  http_parser_init(&parser_, HTTP_RESPONSE);
  parser_.data = this;
  head_.clear();
  inflater_.start(Inflater::Coding::kIdentity);
  failed_ = {};
  body_bytes_ = 0;
  head_bytes_ = headers_ = 0;
  begun_ = head_done_ = done_ = keep_alive_ = in_value_ = false;
  no_body_ = no_body;
}

/// Trailers come after the head has been handed out: counted, not kept.
bool Response::remember(Text piece) { return head_done_ || head_.append(piece); }

int Response::stop(Error error) {
  failed_ = error;
  return -1;
}

Result<std::size_t> Response::feed(Bytes bytes) {
  if (failed_) return failed_;
  if (done_ || bytes.empty()) return std::size_t{0};
  begun_ = true;
  static const http_parser_settings kSettings = [] {
    http_parser_settings settings;
    http_parser_settings_init(&settings);
    settings.on_status = Callbacks::status;
    settings.on_header_field = Callbacks::name;
    settings.on_header_value = Callbacks::value;
    settings.on_headers_complete = Callbacks::headers_complete;
    settings.on_body = Callbacks::body;
    settings.on_message_complete = Callbacks::complete;
    return settings;
  }();
  const std::size_t used =
      http_parser_execute(&parser_, &kSettings, reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (failed_) return failed_;
  if (done_) return used;
  const auto number = HTTP_PARSER_ERRNO(&parser_);
  if (number == HPE_HEADER_OVERFLOW) return failed_ = fault(Fault::kHeadTooLong);
  if (number != HPE_OK || parser_.upgrade) return failed_ = fault(Fault::kBadResponse, number);
  return used;
}

Status Response::connection_ended(bool orderly) {
  if (done_) return Done{};
  if (failed_) return failed_;
  // Only an answer without any length may end with the connection, and only if the end cannot be forged.
  const bool to_the_end = head_done_ && (parser_.flags & F_CHUNKED) == 0 && parser_.content_length == UINT64_MAX;
  if (!to_the_end || !orderly) return failed_ = fault(Fault::kCut);
  keep_alive_ = false;
  return take_end();
}

Status Response::take_head() {
  Field fields[kHeadersMax];
  std::size_t count = 0;
  for (Text rest = head_.view(); !rest.empty() && count < kHeadersMax;) {
    const std::size_t end = rest.find(kValueEnd);
    const Text line = rest.substr(0, end);
    const std::size_t middle = line.find(kNameEnd);
    fields[count++] = Field{line.substr(0, middle), middle == Text::npos ? Text() : trimmed(line.substr(middle + 1))};
    rest = end == Text::npos ? Text() : rest.substr(end + 1);
  }
  head_done_ = true;
  HANDSYNC_TRY(take_encoding({fields, count}));
  HANDSYNC_TRY(sink_.head(static_cast<int>(parser_.status_code), {fields, count}));
  head_.release();
  return Done{};
}

Status Response::take_encoding(std::span<const Field> fields) {
  bool content = false, transfer = false;
  for (const Field& field : fields) {
    if (same_text(field.name, "Transfer-Encoding")) {
      if (transfer || !same_text(field.value, "chunked")) return fault(Fault::kBadEncoding);
      transfer = true;
    }
    if (!same_text(field.name, "Content-Encoding") || field.value.empty() || same_text(field.value, "identity"))
      continue;
    if (content) return fault(Fault::kBadEncoding);
    content = true;
    if (!profile::kGzip) return fault(Fault::kBadEncoding);  // nobody asked for it
    if (same_text(field.value, "gzip") || same_text(field.value, "x-gzip")) {
      inflater_.start(Inflater::Coding::kGzip);
    } else if (same_text(field.value, "deflate")) {
      inflater_.start(Inflater::Coding::kDeflate);
    } else {
      return fault(Fault::kBadEncoding);
    }
  }
  return Done{};
}

Status Response::take_body(Bytes bytes) { return inflater_.feed(bytes, bounded_); }

Status Response::Bounded::body(Bytes bytes) {
  owner.body_bytes_ += bytes.size();
  if (owner.body_bytes_ > owner.limits_.body_bytes_max) return fault(Fault::kBodyTooLong);
  return owner.sink_.body(bytes);
}

Status Response::take_end() {
  HANDSYNC_TRY(inflater_.end());
  done_ = true;
  return sink_.end();
}

}  // namespace handsync::http
