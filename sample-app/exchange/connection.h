/// One client's TLS connection: records in, requests to the server, answers out. Runs on the listener's thread only.
#pragma once
#include <http_parser.h>
#include <mbedtls/ssl.h>

#include <array>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "exchange/server.h"
#include "exchange/tls_server.h"

namespace exchange {

/// What a connection needs of the listener.
class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;
  virtual Server& server() = 0;
  virtual TlsServer& tls() = 0;
  virtual std::int64_t now_ms() const = 0;
  virtual void server_used() = 0;  ///< the server may want to be woken at another time
  virtual void closed(std::uint64_t number) = 0;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(ConnectionHost& host, asio::ip::tcp::socket socket, std::uint64_t number);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  void close();

 private:
  static int bio_send(void* self, const unsigned char* bytes, std::size_t size);
  static int bio_receive(void* self, unsigned char* bytes, std::size_t size);
  static const http_parser_settings& parser_settings();

  void read();
  void advance();
  void parse();
  void flush();
  void request_complete();
  void answer(HttpResponse response);
  void write(const HttpResponse& response);

  ConnectionHost& host_;
  asio::ip::tcp::socket socket_;
  asio::steady_timer delay_;
  std::uint64_t number_;
  mbedtls_ssl_context ssl_{};
  http_parser parser_{};

  std::array<char, 16384> read_buffer_{};
  std::string encrypted_in_, encrypted_out_, writing_, plain_in_;
  HttpRequest request_;
  std::string header_name_, header_value_;
  bool handshake_done_ = false, resumed_ = false, header_open_ = false, keep_alive_ = true;
  bool busy_ = false;  ///< a request is with the server; the next one waits in plain_in_
  bool close_after_write_ = false, closed_ = false, is_writing_ = false;
  std::uint64_t waiting_number_ = 0;  ///< the server's number of the request it has
};

}  // namespace exchange
