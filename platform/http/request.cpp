#include "http/request.h"

#include "handsync/profile.h"
#include "http/fault.h"

namespace handsync::http {
namespace {

constexpr Text kOurs[] = {"Host",   "Content-Length", "Transfer-Encoding", "Accept-Encoding", "Connection", "Cookie",
                          "Expect", "Upgrade"};

bool is_ours(Text name) {
  for (const Text ours : kOurs) {
    if (same_text(name, ours)) return true;
  }
  return false;
}

bool is_sound(const RequestHead& head) {
  if (!is_token(head.method) || !is_visible(head.target) || head.target.front() != '/') return false;
  if (!is_visible(head.host) || head.host.find_first_of("/@?#[]\\") != Text::npos) return false;
  if (!is_clean(head.cookies)) return false;
  for (const Field& field : head.fields) {
    if (!is_token(field.name) || !is_clean(field.value) || is_ours(field.name)) return false;
  }
  return true;
}

}  // namespace

Status write_head(const RequestHead& head, Buffer& out) {
  out.clear();
  if (!is_sound(head)) return fault(Fault::kBadRequest);
  const bool literal_v6 = head.host.find(':') != Text::npos;
  bool ok = out.append(head.method) && out.append(" ") && out.append(head.target) &&
            out.append(" HTTP/1.1\r\nHost: ") && out.append(literal_v6 ? "[" : "") && out.append(head.host) &&
            out.append(literal_v6 ? "]" : "");
  if (head.port != (head.tls ? 443 : 80)) ok = ok && out.append(":") && out.append(std::uint64_t{head.port});
  ok = ok && out.append("\r\n");
  for (const Field& field : head.fields) {
    ok = ok && out.append(field.name) && out.append(": ") && out.append(field.value) && out.append("\r\n");
  }
  if (!head.cookies.empty()) ok = ok && out.append("Cookie: ") && out.append(head.cookies) && out.append("\r\n");
  // Who asks with an empty body, a Ping that repeats itself, is told in a few bytes.
  const bool gzip = profile::kGzip && head.body_bytes != 0;
  ok = ok && out.append(gzip ? "Accept-Encoding: gzip\r\nContent-Length: " : "Content-Length: ") &&
       out.append(head.body_bytes) && out.append("\r\n\r\n");
  if (ok) return Done{};
  out.clear();
  return out_of_memory();
}

}  // namespace handsync::http
