/// The head of an HTTP/1.1 request (RFC 9112). Everything that could smuggle a second header or request is refused
/// before a byte is built.
#pragma once
#include "http/buffer.h"
#include "http/field.h"

namespace handsync::http {

struct RequestHead {
  Text method, target;  ///< target: "/path?query", already encoded
  Text host;            ///< name or address literal without brackets
  std::uint16_t port = 443;
  bool tls = true;                ///< decides the default port only
  std::span<const Field> fields;  ///< none of the fields that are written here
  Text cookies;                   ///< value of the Cookie field; empty = none
  std::uint64_t body_bytes = 0;   ///< always announced, also when 0
};

/// Replaces what is in `out`. Errors: kBadRequest, memory.
Status write_head(const RequestHead&, Buffer& out);

}  // namespace handsync::http
