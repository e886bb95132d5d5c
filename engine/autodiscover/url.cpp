// parse_url of discovery.h: what an address may look like before a credential goes there.
#include "autodiscover/discovery.h"

namespace handsync::autodiscover {
namespace {

char lower(char value) { return value >= 'A' && value <= 'Z' ? static_cast<char>(value - 'A' + 'a') : value; }
bool is_digit(char value) { return value >= '0' && value <= '9'; }
bool is_letter(char value) { return lower(value) >= 'a' && lower(value) <= 'z'; }

bool starts_with_folded(Text text, Text lower_prefix) {
  if (text.size() < lower_prefix.size()) return false;
  for (std::size_t i = 0; i < lower_prefix.size(); ++i) {
    if (lower(text[i]) != lower_prefix[i]) return false;
  }
  return true;
}

bool all_visible(Text text) {
  for (char value : text) {
    if (value <= ' ' || value > '~' || value == '\\') return false;
  }
  return true;
}

/// Labels of letters, digits, '-' and '_', none empty or beyond 63 bytes.
bool is_host_name(Text host) {
  std::size_t label = 0;
  for (char value : host) {
    if (value == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    if (!is_digit(value) && !is_letter(value) && value != '-' && value != '_') return false;
    if (++label > 63) return false;
  }
  return label != 0;
}

/// Resolvers read names whose last label is a number, also a hexadecimal one, as IPv4 addresses ("127.1",
/// "0x7f000001").
bool looks_like_ipv4(Text host) {
  const std::size_t dot = host.rfind('.');
  const Text last = dot == Text::npos ? host : host.substr(dot + 1);
  if (starts_with_folded(last, "0x")) return true;
  for (char value : last) {
    if (!is_digit(value)) return false;
  }
  return !last.empty();
}

bool is_ipv6(Text text) {
  if (text.size() < 2) return false;
  for (char value : text) {
    const bool hex = is_digit(value) || (lower(value) >= 'a' && lower(value) <= 'f');
    if (!hex && value != ':' && value != '.') return false;
  }
  return text.find(':') != Text::npos;
}

bool parse_port(Text digits, std::uint16_t& port) {
  if (digits.empty() || digits.size() > 5) return false;
  std::uint32_t value = 0;
  for (char digit : digits) {
    if (!is_digit(digit)) return false;
    value = value * 10 + static_cast<std::uint32_t>(digit - '0');
  }
  if (value == 0 || value > 0xFFFF) return false;
  port = static_cast<std::uint16_t>(value);
  return true;
}

bool assign_lower(FixedText<253>& place, Text host) {
  char folded[253];
  if (host.size() > sizeof folded) return false;
  for (std::size_t i = 0; i < host.size(); ++i) folded[i] = lower(host[i]);
  return place.assign(Text(folded, host.size()));
}

}  // namespace

Result<Url> parse_url(Text text, bool typed, bool http_allowed) {
  constexpr Error kBad = fault(Fault::kBadUrl);
  if (!all_visible(text)) return kBad;
  Url url;
  if (starts_with_folded(text, "https://")) {
    text.remove_prefix(8);
  } else if (http_allowed && starts_with_folded(text, "http://")) {
    text.remove_prefix(7);
    url.tls = false;
    url.port = 80;
  } else if (!typed || text.find("://") != Text::npos) {
    return kBad;
  }

  const std::size_t end = text.find_first_of("/?#");
  Text authority = text.substr(0, end);
  Text target = end == Text::npos ? Text{} : text.substr(end);
  target = target.substr(0, target.find('#'));
  if (authority.find('@') != Text::npos) return kBad;

  Text host = authority, port;
  bool has_port = false;
  if (!authority.empty() && authority.front() == '[') {
    const std::size_t bracket = authority.find(']');
    if (!typed || bracket == Text::npos) return kBad;
    host = authority.substr(1, bracket - 1);
    if (!is_ipv6(host)) return kBad;
    const Text rest = authority.substr(bracket + 1);
    has_port = !rest.empty();
    if (has_port && rest.front() != ':') return kBad;
    port = has_port ? rest.substr(1) : Text{};
  } else {
    const std::size_t colon = authority.find(':');
    has_port = colon != Text::npos;
    host = authority.substr(0, colon);
    port = has_port ? authority.substr(colon + 1) : Text{};
    if (!host.empty() && host.back() == '.') host.remove_suffix(1);
    if (!is_host_name(host) || (looks_like_ipv4(host) && !typed)) return kBad;
  }
  if (has_port && !parse_port(port, url.port)) return kBad;
  if (!assign_lower(url.host, host)) return kBad;

  if (target.empty()) target = "/";
  if (target.front() == '/') return url.target.assign(target) ? Result<Url>(url) : Result<Url>(kBad);
  // "https://host?query": the path is empty, not absent.
  char with_slash[512];
  if (target.size() + 1 > sizeof with_slash) return kBad;
  with_slash[0] = '/';
  for (std::size_t i = 0; i < target.size(); ++i) with_slash[i + 1] = target[i];
  if (!url.target.assign(Text(with_slash, target.size() + 1))) return kBad;
  return url;
}

bool is_within(Text host, Text domain) {
  if (domain.empty() || host.size() < domain.size()) return false;
  const Text tail = host.substr(host.size() - domain.size());
  for (std::size_t i = 0; i < domain.size(); ++i) {
    if (lower(tail[i]) != lower(domain[i])) return false;
  }
  return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}

}  // namespace handsync::autodiscover
