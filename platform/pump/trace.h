/// An observer of every exchange, after TLS and compression: `handset --trace` and the wire referee. Nothing is masked
/// here; whoever writes it down masks secrets. Engine thread; must not call the Carrier. Borrowed until the call
/// returns.
#pragma once
#include "handsync/effect.h"

namespace handsync {

class Trace {
 public:
  /// The head exactly as it is sent, with its empty line. Comes again for the same request when a dead connection made
  /// it necessary to send it a second time: everything seen so far of that request then counts for nothing.
  virtual void request_head(RequestId, AccountId, Text label, Text host, Text head) = 0;
  virtual void request_body(RequestId, Bytes) = 0;
  virtual void response_head(RequestId, int http_status, std::span<const Header>) = 0;
  virtual void response_body(RequestId, Bytes) = 0;
  virtual void ended(
      RequestId, Error) = 0;  ///< kNone: the answer is complete. Not called for a cancelled request that never began

 protected:
  ~Trace() = default;
};

}  // namespace handsync
