/// A Send that was copied, so that it outlives the effect.
#pragma once
#include "handsync/effect.h"
#include "http/request.h"

namespace handsync {

class Request {
 public:
  static constexpr std::size_t kFieldsMax = 40;

  /// Null: no memory.
  static Request* copy(const Send&);
  ~Request();  ///< overwrites the copy: it holds credentials

  RequestId id{};
  Lane lane{};
  TlsLevel tls_level{};
  bool tls = true, retried = false;
  std::uint16_t port = 0;
  std::uint64_t body_bytes = 0;
  std::uint32_t connect_s = 0, silence_s = 0, total_s = 0;
  Request* next = nullptr;

  Text method() const { return piece(0); }
  Text target() const { return piece(1); }
  Text host() const { return piece(2); }
  Text label() const { return piece(3); }
  /// Writes the head, or says why it must not be sent. Credentials never go without TLS.
  Status write(Text cookies, http::Buffer& out) const;

 private:
  Request() = default;
  Text piece(std::size_t index) const;

  http::Buffer text_;
  std::uint32_t ends_[4 + 2 * kFieldsMax]{};  ///< of method, target, host, label, then name and value of each field
  std::size_t fields_ = 0;
};

}  // namespace handsync
