/// Autodiscover in plain XML (POX) for mobilesync: one request, one answer (MS-ASCMD 2.2.1.1, MS-OXDSCLI). tinyxml2 stands behind a
/// size, depth and entity check; this is the one place of the engine that may call operator new (through tinyxml2).
#pragma once
#include "handsync/base.h"

namespace handsync::autodiscover {

inline constexpr std::size_t kAnswerBytesMax = 32 * 1024;
inline constexpr std::size_t kAnswerDepthMax = 32;

Result<std::size_t> write_request(Room, Text email);

enum class Answer : std::uint8_t { kSettings, kRedirectAddress, kError };
struct Parsed {
  Answer answer = Answer::kError;
  FixedText<512> url;           ///< kSettings: of the MobileSync server, https, path added when missing
  FixedText<254> address;       ///< kRedirectAddress, or the primary address beside kSettings
  std::uint32_t error_code = 0;  ///< kError: ErrorCode or Status
};

/// The pre-scan alone: no DOCTYPE or ENTITY, references of at most 7 digits, depth, size, UTF-8. Linear.
Status check(Text xml);
Result<Parsed> parse(Text xml);

}  // namespace handsync::autodiscover
