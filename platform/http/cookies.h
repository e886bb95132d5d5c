/// Cookies of one account: a subset of RFC 6265. A cookie goes back to exactly the origin it came from (host and port
/// over TLS), whatever its Domain says; Domain only decides whether it is taken at all. In RAM, bounded.
#pragma once
#include "http/buffer.h"
#include "http/field.h"

namespace handsync::http {

class CookieJar {
 public:
  static constexpr std::size_t kCookiesMax = 24, kCookieBytesMax = 4096;

  CookieJar() = default;
  ~CookieJar() { clear(); }
  CookieJar(const CookieJar&) = delete;
  CookieJar& operator=(const CookieJar&) = delete;

  /// The value of one Set-Cookie field of a response to `target` at host:port. What is not well formed, too long or for
  /// someone else is ignored, as is one that finds no memory: a cookie is the server's convenience.
  void store(Text host, std::uint16_t port, Text target, Text set_cookie, std::int64_t now_s);
  /// Replaces `out` by the Cookie field's value for a request; empty when there is none. False: no memory.
  [[nodiscard]] bool write(Text host, std::uint16_t port, Text target, std::int64_t now_s, Buffer& out);
  std::size_t size() const;
  void clear();

 private:
  struct Cookie {
    Cookie* next = nullptr;
    std::int64_t expires_s = INT64_MAX;
    std::uint16_t port = 0;
    std::uint16_t host_bytes = 0, name_bytes = 0, value_bytes = 0, path_bytes = 0;
    Text host() const { return {text(), host_bytes}; }
    Text name() const { return {text() + host_bytes, name_bytes}; }
    Text value() const { return {text() + host_bytes + name_bytes, value_bytes}; }
    Text path() const { return {text() + host_bytes + name_bytes + value_bytes, path_bytes}; }
    const char* text() const { return reinterpret_cast<const char*>(this + 1); }
    bool at(Text host, std::uint16_t port) const;
  };
  void remove_expired(std::int64_t now_s);
  void remove(Text host, std::uint16_t port, Text name, Text path);

  Cookie* first_ = nullptr;  ///< oldest first
};

/// Seconds since 1970 of a cookie's date (RFC 6265 5.1.1), any of the usual forms. False: not a date.
bool parse_cookie_date(Text text, std::int64_t& seconds);

}  // namespace handsync::http
