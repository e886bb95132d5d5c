/// An HTTP/1.1 response from bytes as they arrive: head, dechunked and inflated body, end (RFC 9112). Holds the head
/// until it is complete and nothing of the body. Informational (1xx) answers are passed over.
#pragma once
#include <http_parser.h>

#include "http/buffer.h"
#include "http/field.h"
#include "http/inflater.h"

namespace handsync::http {

struct ResponseLimits {
  std::size_t headers_max = 100;
  std::size_t head_bytes_max = 65536;                       ///< 1xx answers and trailers included
  std::uint64_t body_bytes_max = std::uint64_t{512} << 20;  ///< after inflating
};

/// Fields are borrowed until the call returns. body() is inherited. An error stops the response.
class ResponseSink : public BodySink {
 public:
  virtual Status head(int http_status, std::span<const Field>) = 0;
  virtual Status end() = 0;

 protected:
  ~ResponseSink() = default;
};

class Response {
 public:
  explicit Response(ResponseSink& sink, const ResponseLimits& limits = {});
  Response(const Response&) = delete;
  Response& operator=(const Response&) = delete;

  void start(bool no_body = false);  ///< a new response on this connection; no_body: the request was HEAD
  /// Bytes used up: fewer than given only when the response ends before them. Whatever follows then was not asked for.
  Result<std::size_t> feed(Bytes);
  /// The connection has ended. `orderly`: the peer said so in a way nobody on the path can forge (close_notify), or
  /// there is no TLS. kCut when the response was not complete.
  Status connection_ended(bool orderly);

  bool begun() const { return begun_; }  ///< at least one byte has come
  bool head_done() const { return head_done_; }
  bool done() const { return done_; }
  bool keep_alive() const { return keep_alive_; }  ///< when done(): the connection may carry another request

 private:
  struct Callbacks;
  bool remember(Text piece);
  Status take_head();
  Status take_encoding(std::span<const Field>);
  Status take_body(Bytes);
  Status take_end();
  int stop(Error error);

  /// Counts what comes out of the inflater against the absolute limit.
  struct Bounded final : BodySink {
    explicit Bounded(Response& response) : owner(response) {}
    Status body(Bytes) override;
    Response& owner;
  };

  ResponseSink& sink_;
  ResponseLimits limits_;
  http_parser parser_{};
  Buffer head_;
  Inflater inflater_;
  Bounded bounded_{*this};
  Error failed_{};
  std::uint64_t body_bytes_ = 0;
  std::size_t head_bytes_ = 0, headers_ = 0;
  bool begun_ = false, head_done_ = false, done_ = false, keep_alive_ = false, no_body_ = false, in_value_ = false;
};

}  // namespace handsync::http
