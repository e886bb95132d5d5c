/// What can go wrong between a request and its answer, as small positive codes of Domain::kHttp. Codes from 100 on are
/// HTTP statuses (set by the engine, never here). Name resolution has codes of its own in Domain::kDns.
#pragma once
#include "handsync/base.h"

namespace handsync::http {

enum class Fault : std::int32_t {
  kBadRequest =
      1,  ///< CR, LF, NUL or a blank where none may be, or credentials without TLS: refused before a byte was built
  kBodyLength = 2,       ///< the body that was pulled is not as long as announced
  kHeadTooLong = 3,      ///< more than 64 KiB of head
  kTooManyHeaders = 4,   ///< more than 100
  kBadResponse = 5,      ///< not HTTP/1.x; `where` is the parser's own number
  kCut = 6,              ///< the connection ended before the answer was complete: retry
  kBadEncoding = 7,      ///< a content coding nobody asked for, several at once, or damaged compressed data
  kBomb = 8,             ///< inflates to more than 100 times its size
  kBodyTooLong = 9,      ///< beyond the absolute limit
  kConnectTimeout = 10,  ///< no connection within connect_s: retry later, try another network
  kSilence = 11,         ///< no byte for silence_s
  kTotalTimeout = 12,    ///< not finished within total_s
  kUnreachable = 13,     ///< every address of the name refused or was out of reach; `where` is errno of the last
  kReset = 14,           ///< the connection broke; `where` is errno
  kCancelled = 16,       ///< only ever told to a trace
  kLaneFull = 15,        ///< too many requests wait for one lane: a fault of the caller
};

constexpr Error fault(Fault code, std::uint32_t where = 0) {
  return Error{Domain::kHttp, static_cast<std::int32_t>(code), where};
}

/// Codes of Domain::kDns.
enum class DnsFault : std::int32_t {
  kNoSuchName = 1,  ///< the name does not exist, or has no address
  kTemporary = 2,   ///< no answer from the name servers: retry
};

constexpr Error fault(DnsFault code) { return Error{Domain::kDns, static_cast<std::int32_t>(code), 0}; }

}  // namespace handsync::http
