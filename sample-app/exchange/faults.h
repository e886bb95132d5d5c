/// Faults on demand: WHEN:WHAT[:ARG]. WHEN = a command's name or `any`, optionally `@N` (the Nth time from now) or `%P`
/// (per cent).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/random.h"

namespace exchange {

enum class FaultKind : std::uint8_t {
  kDelay,          ///< delay:MS        the answer comes so much later
  kCut,            ///< cut:BYTES       the answer's body ends after so many bytes, the connection closes
  kStatus,         ///< status:N        the command is not run; its answer carries this Status
  kHttp,           ///< http:N[:URL]    the command is not run; URL is the X-MS-Location of a 451
  kLoseAnswer,     ///< lose-answer     the command is run, nothing is answered, the connection closes
  kHtml,           ///< html            a log-on page with 200
  kGarbage,        ///< garbage         bytes that are no WBXML
  kGzipBomb,       ///< gzip-bomb       a small body that inflates to 128 MiB
  kUnknownPage,    ///< unknown-page    the answer has elements of a code page that does not exist
  kNoStatus,       ///< no-status       the answer leaves out every Status that says success
  kNoRange,        ///< no-range        attachments are served whole, whatever Range is asked for
  kNoMultipart,    ///< no-multipart    what could be a part of a multipart answer stands inline
  kAlwaysChanged,  ///< always-changed  Ping says "changed", Sync says "more", and there is nothing
};

struct Fault {
  std::string command;  ///< "Sync", "OPTIONS", "Autodiscover", ... or "any"; compared without case
  std::uint64_t nth = 0;
  unsigned per_cent = 100;
  FaultKind kind{};
  std::int64_t number = 0;
  std::string text;
  std::uint64_t seen = 0;  ///< requests that matched so far

  bool strikes(std::string_view of_command, Random& random);  ///< counts the request
};

/// Throws std::invalid_argument with a sentence that says what is wrong with the text.
Fault parse_fault(std::string_view spec);

/// `http:200` is an empty answer of success.
///
/// What the body-replacing kinds answer.
std::string login_page();
std::string garbage_bytes(Random& random);
const std::string& gzip_bomb();

}  // namespace exchange
