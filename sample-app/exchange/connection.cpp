#include "exchange/connection.h"

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <cstring>

namespace exchange {
namespace {

constexpr std::size_t kHeadMax = 64 * 1024;

Connection& connection_of(http_parser* parser);

}  // namespace

Connection::Connection(ConnectionHost& host, asio::ip::tcp::socket socket, std::uint64_t number)
    : host_(host), socket_(std::move(socket)), delay_(socket_.get_executor()), number_(number) {
  mbedtls_ssl_init(&ssl_);
  if (mbedtls_ssl_setup(&ssl_, host_.tls().config()) != 0) closed_ = true;
  mbedtls_ssl_set_bio(&ssl_, this, bio_send, bio_receive, nullptr);
  http_parser_init(&parser_, HTTP_REQUEST);
  parser_.data = this;
}

Connection::~Connection() { mbedtls_ssl_free(&ssl_); }

void Connection::start() {
  asio::error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  if (closed_) return host_.closed(number_);
  read();
}

void Connection::close() {
  if (std::exchange(closed_, true)) return;
  if (waiting_number_ != 0) host_.server().abandon(waiting_number_);
  delay_.cancel();
  asio::error_code ignored;
  socket_.close(ignored);
  host_.closed(number_);
}

int Connection::bio_send(void* self, const unsigned char* bytes, std::size_t size) {
  static_cast<Connection*>(self)->encrypted_out_.append(reinterpret_cast<const char*>(bytes), size);
  return static_cast<int>(size);
}

int Connection::bio_receive(void* self, unsigned char* bytes, std::size_t size) {
  auto& connection = *static_cast<Connection*>(self);
  if (connection.encrypted_in_.empty()) return MBEDTLS_ERR_SSL_WANT_READ;
  size = std::min(size, connection.encrypted_in_.size());
  std::memcpy(bytes, connection.encrypted_in_.data(), size);
  connection.encrypted_in_.erase(0, size);
  return static_cast<int>(size);
}

void Connection::read() {
  socket_.async_read_some(asio::buffer(read_buffer_),
                          [self = shared_from_this()](asio::error_code error, std::size_t size) {
                            if (error) return self->close();
                            self->host_.server().count_bytes(size, 0);
                            self->encrypted_in_.append(self->read_buffer_.data(), size);
                            self->advance();
                            if (!self->closed_) self->read();
                          });
}

// Takes TLS as far as the bytes that are there allow.
void Connection::advance() {
  if (!handshake_done_) {
    const int result = mbedtls_ssl_handshake(&ssl_);
    resumed_ = host_.tls().take_resumed() || resumed_;
    if (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE) return flush();
    if (result != 0) {
      close_after_write_ = true;  // the alert goes out first
      return flush();
    }
    handshake_done_ = true;
    host_.server().count_handshake(resumed_);
    flush();
  }
  std::array<unsigned char, 16384> buffer{};
  while (true) {
    const int size = mbedtls_ssl_read(&ssl_, buffer.data(), buffer.size());
    if (size == MBEDTLS_ERR_SSL_WANT_READ || size == MBEDTLS_ERR_SSL_WANT_WRITE) break;
    if (size <= 0) return close();
    plain_in_.append(reinterpret_cast<const char*>(buffer.data()), static_cast<std::size_t>(size));
  }
  parse();
}

const http_parser_settings& Connection::parser_settings() {
  static const http_parser_settings settings = [] {
    http_parser_settings made;
    http_parser_settings_init(&made);
    made.on_message_begin = [](http_parser* parser) {
      Connection& self = connection_of(parser);
      self.request_ = {};
      self.header_name_.clear();
      self.header_value_.clear();
      self.header_open_ = false;
      return 0;
    };
    made.on_url = [](http_parser* parser, const char* text, std::size_t size) {
      connection_of(parser).request_.target.append(text, size);
      return connection_of(parser).request_.target.size() > kHeadMax ? 1 : 0;
    };
    made.on_header_field = [](http_parser* parser, const char* text, std::size_t size) {
      Connection& self = connection_of(parser);
      if (std::exchange(self.header_open_, false))
        self.request_.headers.emplace_back(std::exchange(self.header_name_, {}), std::exchange(self.header_value_, {}));
      self.header_name_.append(text, size);
      return self.header_name_.size() > kHeadMax ? 1 : 0;
    };
    made.on_header_value = [](http_parser* parser, const char* text, std::size_t size) {
      Connection& self = connection_of(parser);
      self.header_open_ = true;
      self.header_value_.append(text, size);
      return self.header_value_.size() > kHeadMax ? 1 : 0;
    };
    made.on_headers_complete = [](http_parser* parser) {
      Connection& self = connection_of(parser);
      if (std::exchange(self.header_open_, false))
        self.request_.headers.emplace_back(std::exchange(self.header_name_, {}), std::exchange(self.header_value_, {}));
      self.request_.method = http_method_str(static_cast<http_method>(parser->method));
      return 0;
    };
    made.on_body = [](http_parser* parser, const char* text, std::size_t size) {
      Connection& self = connection_of(parser);
      self.request_.body.append(text, size);
      // One byte too many is enough to be refused; a client that goes on sending gets no more memory.
      return self.request_.body.size() > self.host_.server().options().request_bytes_max + 16384 ? 1 : 0;
    };
    made.on_message_complete = [](http_parser* parser) {
      connection_of(parser).keep_alive_ = http_should_keep_alive(parser) != 0;
      connection_of(parser).busy_ = true;
      http_parser_pause(parser, 1);
      return 0;
    };
    return made;
  }();
  return settings;
}

void Connection::parse() {
  while (!busy_ && !closed_ && !plain_in_.empty()) {
    const std::size_t used = http_parser_execute(&parser_, &parser_settings(), plain_in_.data(), plain_in_.size());
    const http_errno error = HTTP_PARSER_ERRNO(&parser_);
    plain_in_.erase(0, used);
    if (error == HPE_PAUSED) {
      http_parser_pause(&parser_, 0);
      request_complete();
    } else if (error != HPE_OK) {
      keep_alive_ = false;
      busy_ = true;
      HttpResponse refusal;
      refusal.status = 400;
      return write(refusal);
    }
  }
}

void Connection::request_complete() {
  request_.connection = number_;
  const std::weak_ptr<Connection> weak = weak_from_this();
  // The answer may come before handle() returns: then there is nothing to abandon later.
  const auto answered = std::make_shared<bool>(false);
  const std::uint64_t number = host_.server().handle(request_, host_.now_ms(), [weak, answered](HttpResponse response) {
    *answered = true;
    if (const auto self = weak.lock()) self->answer(std::move(response));
  });
  if (!*answered) waiting_number_ = number;
  host_.server_used();
}

void Connection::answer(HttpResponse response) {
  waiting_number_ = 0;
  if (closed_) return;
  if (response.transport.lose) {
    // Not on the spot: the server is in the middle of giving out answers.
    delay_.expires_after(std::chrono::milliseconds(response.transport.delay_ms));
    delay_.async_wait([self = shared_from_this()](asio::error_code) { self->close(); });
    return;
  }
  if (response.transport.delay_ms > 0) {
    delay_.expires_after(std::chrono::milliseconds(response.transport.delay_ms));
    delay_.async_wait([self = shared_from_this(), held = std::move(response)](asio::error_code error) {
      if (!error && !self->closed_) self->write(held);
    });
    return;
  }
  write(response);
}

void Connection::write(const HttpResponse& response) {
  std::string out =
      "HTTP/1.1 " + std::to_string(response.status) + " " + std::string(reason_phrase(response.status)) + "\r\n";
  for (const auto& [name, value] : response.headers) out += name + ": " + value + "\r\n";
  out += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  if (!keep_alive_) out += "Connection: close\r\n";
  out += "\r\n";
  const auto& cut = response.transport.cut_after_bytes;
  out.append(response.body, 0, cut ? *cut : std::string::npos);
  close_after_write_ = !keep_alive_ || (cut && *cut < response.body.size());
  std::size_t at = 0;
  while (at < out.size()) {
    const int written =
        mbedtls_ssl_write(&ssl_, reinterpret_cast<const unsigned char*>(out.data()) + at, out.size() - at);
    if (written <= 0) return close();
    at += static_cast<std::size_t>(written);
  }
  // A cut is the network's doing: no farewell then.
  if (close_after_write_ && !cut) mbedtls_ssl_close_notify(&ssl_);
  busy_ = false;
  flush();
  parse();
}

void Connection::flush() {
  if (closed_ || is_writing_) return;
  if (encrypted_out_.empty()) {
    if (close_after_write_) close();
    return;
  }
  is_writing_ = true;
  writing_ = std::exchange(encrypted_out_, {});
  host_.server().count_bytes(0, writing_.size());
  asio::async_write(socket_, asio::buffer(writing_), [self = shared_from_this()](asio::error_code error, std::size_t) {
    self->is_writing_ = false;
    if (error) return self->close();
    self->flush();
  });
}

namespace {

Connection& connection_of(http_parser* parser) { return *static_cast<Connection*>(parser->data); }

}  // namespace

}  // namespace exchange
