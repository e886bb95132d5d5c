/// Whom a Carrier reports to and whose request bodies it pulls. The engine's own inputs as an interface, so that the
/// carrier is tested without an engine. Implementations must not call the Carrier from inside these.
#pragma once
#include "handsync/engine.h"

namespace handsync {

class Listener {
 public:
  virtual Result<std::size_t> read_body(RequestId, Room) = 0;  ///< the next bytes of the request's body; 0 = end
  virtual Status rewind_body(RequestId) = 0;  ///< the same bytes again; an error: must not be sent twice
  virtual void response_head(RequestId, int http_status, std::span<const Header>, const Channel&, Instant) = 0;
  virtual void response_body(RequestId, Bytes, Instant) = 0;
  virtual void response_end(RequestId, Instant) = 0;
  virtual void failed(RequestId, Error, Instant) = 0;
  virtual void looked_up(RequestId, std::span<const Text> hosts, Instant) = 0;

 protected:
  ~Listener() = default;
};

}  // namespace handsync
