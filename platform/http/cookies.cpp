#include "http/cookies.h"

#include <new>

#include "tls/calendar.h"

namespace handsync::http {
namespace {

Text default_path(Text target) {  // RFC 6265 5.1.4
  const Text path = target.substr(0, target.find('?'));
  const std::size_t slash = path.rfind('/');
  return slash == Text::npos || slash == 0 ? Text("/") : path.substr(0, slash);
}

bool path_matches(Text target, Text cookie_path) {
  const Text path = target.substr(0, target.find('?'));
  if (!path.starts_with(cookie_path)) return false;
  return path.size() == cookie_path.size() || cookie_path.ends_with('/') || path[cookie_path.size()] == '/';
}

bool domain_covers(Text domain, Text host) {
  if (domain.starts_with('.')) domain.remove_prefix(1);
  if (domain.empty()) return true;
  if (same_text(domain, host)) return true;
  return host.size() > domain.size() + 1 && host[host.size() - domain.size() - 1] == '.' &&
         same_text(host.substr(host.size() - domain.size()), domain);
}

bool parse_number(Text text, std::int64_t& number) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > 15) return false;
  number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    number = number * 10 + (c - '0');
  }
  if (negative) number = -number;
  return true;
}

std::size_t leading_digits(Text text) {
  std::size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
  return count;
}

bool parse_clock(Text token, std::int64_t (&clock)[3]) {
  for (int part = 0; part < 3; ++part) {
    const std::size_t digits = leading_digits(token);
    if (digits < 1 || digits > 2 || !parse_number(token.substr(0, digits), clock[part])) return false;
    token.remove_prefix(digits);
    if (part < 2) {
      if (!token.starts_with(':')) return false;
      token.remove_prefix(1);
    }
  }
  return true;
}

int month_of(Text token) {
  constexpr Text kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
  for (int month = 0; month < 12; ++month) {
    if (token.size() >= 3 && same_text(token.substr(0, 3), kMonths[month])) return month + 1;
  }
  return 0;
}

bool is_delimiter(char c) {
  return c == '\t' || (c >= ' ' && c <= '/') || (c >= ';' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

}  // namespace

bool parse_cookie_date(Text text, std::int64_t& seconds) {
  std::int64_t clock[3]{}, day = 0, month = 0, year = 0;
  bool has_clock = false, has_day = false, has_year = false;
  while (!text.empty()) {
    if (is_delimiter(text.front())) {
      text.remove_prefix(1);
      continue;
    }
    std::size_t end = 0;
    while (end < text.size() && !is_delimiter(text[end])) ++end;
    const Text token = text.substr(0, end);
    text.remove_prefix(end);
    const std::size_t digits = leading_digits(token);
    if (!has_clock && token.find(':') != Text::npos && parse_clock(token, clock)) {
      has_clock = true;
    } else if (!has_day && digits >= 1 && digits <= 2) {
      has_day = parse_number(token.substr(0, digits), day);
    } else if (month == 0 && digits == 0 && month_of(token) != 0) {
      month = month_of(token);
    } else if (!has_year && digits >= 2 && digits <= 4) {
      has_year = parse_number(token.substr(0, digits), year);
    }
  }
  if (has_year && year < 70) year += 2000;
  if (has_year && year < 100) year += 1900;
  if (!has_clock || !has_day || month == 0 || !has_year || day < 1 || day > 31 || year < 1601 || clock[0] > 23 ||
      clock[1] > 59 || clock[2] > 59) {
    return false;
  }
  seconds = days_since_1970(year, month, day) * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2];
  return true;
}

bool CookieJar::Cookie::at(Text other_host, std::uint16_t other_port) const {
  return port == other_port && same_text(host(), other_host);
}

void CookieJar::store(Text host, std::uint16_t port, Text target, Text set_cookie, std::int64_t now_s) {
  const std::size_t pair_end = set_cookie.find(';');
  const Text pair = set_cookie.substr(0, pair_end);
  const std::size_t equals = pair.find('=');
  if (equals == Text::npos) return;
  const Text name = trimmed(pair.substr(0, equals)), value = trimmed(pair.substr(equals + 1));
  Text path = default_path(target);
  std::int64_t expires_s = INT64_MAX;
  bool has_age = false;
  for (Text rest = pair_end == Text::npos ? Text() : set_cookie.substr(pair_end + 1); !rest.empty();) {
    const std::size_t end = rest.find(';');
    const Text attribute = rest.substr(0, end);
    rest = end == Text::npos ? Text() : rest.substr(end + 1);
    const std::size_t middle = attribute.find('=');
    const Text key = trimmed(attribute.substr(0, middle));
    const Text setting = middle == Text::npos ? Text() : trimmed(attribute.substr(middle + 1));
    std::int64_t number = 0;
    if (same_text(key, "Domain") && !domain_covers(setting, host)) return;
    if (same_text(key, "Path")) path = setting.starts_with('/') ? setting : default_path(target);
    if (same_text(key, "Max-Age") && parse_number(setting, number)) {
      expires_s = number <= 0 ? INT64_MIN : now_s + number;
      has_age = true;
    }
    if (same_text(key, "Expires") && !has_age && parse_cookie_date(setting, number)) expires_s = number;
  }
  const std::size_t bytes = host.size() + name.size() + value.size() + path.size();
  if (!is_token(name) || !is_clean(value) || !is_clean(path) || bytes > kCookieBytesMax) return;
  remove_expired(now_s);
  remove(host, port, name, path);
  if (expires_s <= now_s) return;
  if (size() >= kCookiesMax) {
    Cookie* oldest = first_;
    first_ = oldest->next;
    std::free(oldest);
  }
  void* block = std::malloc(sizeof(Cookie) + bytes);
  if (block == nullptr) return;
  auto* cookie = new (block) Cookie;
  cookie->expires_s = expires_s;
  cookie->port = port;
  char* at = reinterpret_cast<char*>(cookie + 1);
  const auto put = [&at](Text text, std::uint16_t& size) {
    std::copy(text.begin(), text.end(), at);
    at += text.size();
    size = static_cast<std::uint16_t>(text.size());
  };
  put(host, cookie->host_bytes);
  put(name, cookie->name_bytes);
  put(value, cookie->value_bytes);
  put(path, cookie->path_bytes);
  Cookie** last = &first_;
  while (*last != nullptr) last = &(*last)->next;
  *last = cookie;
}

bool CookieJar::write(Text host, std::uint16_t port, Text target, std::int64_t now_s, Buffer& out) {
  remove_expired(now_s);
  out.clear();
  for (const Cookie* cookie = first_; cookie != nullptr; cookie = cookie->next) {
    if (!cookie->at(host, port) || !path_matches(target, cookie->path())) continue;
    if (!out.append(out.empty() ? "" : "; ") || !out.append(cookie->name()) || !out.append("=") ||
        !out.append(cookie->value())) {
      return false;
    }
  }
  return true;
}

std::size_t CookieJar::size() const {
  std::size_t count = 0;
  for (const Cookie* cookie = first_; cookie != nullptr; cookie = cookie->next) ++count;
  return count;
}

void CookieJar::remove_expired(std::int64_t now_s) {
  for (Cookie** at = &first_; *at != nullptr;) {
    Cookie* cookie = *at;
    if (cookie->expires_s > now_s) {
      at = &cookie->next;
    } else {
      *at = cookie->next;
      std::free(cookie);
    }
  }
}

void CookieJar::remove(Text host, std::uint16_t port, Text name, Text path) {
  for (Cookie** at = &first_; *at != nullptr;) {
    Cookie* cookie = *at;
    if (cookie->at(host, port) && cookie->name() == name && cookie->path() == path) {
      *at = cookie->next;
      std::free(cookie);
    } else {
      at = &cookie->next;
    }
  }
}

void CookieJar::clear() {
  while (first_ != nullptr) {
    Cookie* next = first_->next;
    std::free(first_);
    first_ = next;
  }
}

}  // namespace handsync::http
