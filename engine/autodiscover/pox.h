/// Autodiscover in plain XML (POX) for mobilesync: one request, one answer (MS-ASCMD 2.2.1.1, MS-OXDSCLI). tinyxml2
/// stands behind a size, depth and entity check; this is the one place of the engine that may call operator new
/// (through tinyxml2), and never for more than a block that Memory gave before.
#pragma once
#include "handsync/memory.h"

namespace handsync::autodiscover {

inline constexpr std::size_t kAnswerBytesMax = 32 * 1024;
inline constexpr std::size_t kAnswerDepthMax = 32;

/// What is wrong with an answer, a URL or the way of it: codes of Domain::kHttp between platform/http's own and the
/// statuses.
enum class Fault : std::int32_t {
  kNotXml = 40,  ///< not well-formed, or not an Autodiscover answer: a web site, a portal
  kForbidden,    ///< DOCTYPE or ENTITY, a reference of more than 7 digits or to no character, a control character
  kTooDeep,      ///< more than kAnswerDepthMax
  kTooLarge,     ///< more than kAnswerBytesMax
  kNotUtf8,
  kNothing,     ///< an answer without server, redirect or error
  kServerSays,  ///< the server's own Error; where = ErrorCode or Status
  kBadUrl,      ///< not https, user-info, an IP literal nobody typed, or malformed
  kBadAddress,  ///< no e-mail address
  kLoop,        ///< the same URL or address again
  kTooManyRedirects,
  kDeclined,        ///< the user does not want credentials to go there
  kNoMobileServer,  ///< nothing of ActiveSync answers at the usual places
};
constexpr Error fault(Fault code, std::uint32_t where = 0) {
  return Error{Domain::kHttp, static_cast<std::int32_t>(code), where};
}

Result<std::size_t> write_request(Room, Text email);

enum class Answer : std::uint8_t { kSettings, kRedirectAddress, kError };
struct Parsed {
  Answer answer = Answer::kError;
  FixedText<512> url;      ///< kSettings: of the MobileSync server, https, path added when missing, without a query
  FixedText<254> address;  ///< kRedirectAddress, or the primary address beside kSettings
  std::uint32_t error_code = 0;  ///< kError: ErrorCode or Status
};

/// The pre-scan alone: no DOCTYPE or ENTITY, references of at most 7 digits, depth, size, UTF-8. Linear.
Status check(Text xml);
/// The most that tinyxml2 takes with operator new for a text that has passed check(), each piece rounded up to what
/// std::max_align_t wants. About 25 KB and twice the text for the usual answer.
std::size_t tree_bytes_max(Text xml);
/// Elements by local name, whatever the namespace; any order; blanks around texts trimmed. Calls check() first. Out of
/// memory: there was no block of tree_bytes_max().
Result<Parsed> parse(Text xml, Memory);

}  // namespace handsync::autodiscover
