/// What travels between a client and the server, without saying how: the listener reads it from TLS, a simulation makes
/// it in memory.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exchange {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// The first value of a header, compared without case; null when it is absent.
const std::string* find_header(const Headers& headers, std::string_view name);

struct HttpRequest {
  std::string method;  ///< "POST", "OPTIONS", "GET"
  std::string target;  ///< path and query as on the request line
  Headers headers;
  std::string body;
  /// Which connection carried it: a rule that only holds within one connection (cookies) is checked when this is not 0.
  std::uint64_t connection = 0;

  const std::string* header(std::string_view name) const { return find_header(headers, name); }
};

/// What a fault does to an answer on its way out. Whoever carries the answer obeys; the server itself only says it.
struct Transport {
  std::int64_t delay_ms = 0;                   ///< hold the answer back so long
  std::optional<std::size_t> cut_after_bytes;  ///< send so much of the body under the full Content-Length, then close
  bool lose = false;  ///< send nothing, close the connection: the server has acted all the same
  friend bool operator==(const Transport&, const Transport&) = default;
};

struct HttpResponse {
  int status = 200;
  Headers headers;  ///< Content-Length is the carrier's
  std::string body;
  Transport transport;

  const std::string* header(std::string_view name) const { return find_header(headers, name); }
  void set(std::string name, std::string value) { headers.emplace_back(std::move(name), std::move(value)); }
};

std::string_view reason_phrase(int status);

/// The query of an ActiveSync request, whichever of its two forms it had (MS-ASHTTP 2.2.1.1.1).
struct Query {
  std::string command;
  std::string user;
  std::string device_id;
  std::string device_type;
  std::string collection_id;
  std::string item_id;
  std::string long_id;
  std::string attachment_name;
  std::string version;                      ///< binary form only: "14.1"
  std::optional<std::uint32_t> policy_key;  ///< binary form only
  bool binary = false;
  bool save_in_sent = false;
  bool accept_multipart = false;
};

/// The query behind the `?` of a target; nothing when it is neither form.
std::optional<Query> parse_query(std::string_view query);

}  // namespace exchange
