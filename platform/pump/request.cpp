#include "pump/request.h"

#include <mbedtls/platform_util.h>

#include <new>

#include "http/fault.h"

namespace handsync {

Request* Request::copy(const Send& send) {
  auto* request = new (std::nothrow) Request;
  if (request == nullptr) return nullptr;
  request->id = send.id;
  request->lane = send.lane;
  request->tls_level = send.tls_level;
  request->tls = send.tls;
  request->port = send.port;
  request->body_bytes = send.body_bytes;
  request->connect_s = send.connect_s;
  request->silence_s = send.silence_s;
  request->total_s = send.total_s;
  request->fields_ = send.headers.size();
  std::size_t piece = 0;
  const auto keep = [&](Text text) {
    if (!request->text_.append(text)) return false;
    request->ends_[piece++] = static_cast<std::uint32_t>(request->text_.size());
    return true;
  };
  bool ok = keep(send.method) && keep(send.target) && keep(send.host) && keep(send.label);
  for (std::size_t i = 0; i < send.headers.size() && i < kFieldsMax; ++i) {
    ok = ok && keep(send.headers[i].name) && keep(send.headers[i].value);
  }
  if (ok) return request;
  delete request;
  return nullptr;
}

Request::~Request() {
  if (!text_.empty()) mbedtls_platform_zeroize(const_cast<char*>(text_.view().data()), text_.size());
}

Text Request::piece(std::size_t index) const {
  const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
  return text_.view().substr(begin, ends_[index] - begin);
}

Status Request::write(Text cookies, http::Buffer& out) const {
  if (fields_ > kFieldsMax) return http::fault(http::Fault::kBadRequest);
  http::Field fields[kFieldsMax];
  for (std::size_t i = 0; i < fields_; ++i) {
    fields[i] = {piece(4 + 2 * i), piece(5 + 2 * i)};
    if (!tls &&
        (http::same_text(fields[i].name, "Authorization") || http::same_text(fields[i].name, "Proxy-Authorization"))) {
      return http::fault(http::Fault::kBadRequest);
    }
  }
  http::RequestHead head;
  head.method = method();
  head.target = target();
  head.host = host();
  head.port = port;
  head.tls = tls;
  head.fields = {fields, fields_};
  head.cookies = cookies;
  head.body_bytes = body_bytes;
  return http::write_head(head, out);
}

}  // namespace handsync
