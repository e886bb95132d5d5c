/// The HTTP side of a command: request line in both query forms, and the headers that go with it (MS-ASHTTP 2.2.1).
#pragma once
#include "handsync/effect.h"
#include "protocol/command.h"

namespace handsync::protocol {

/// Protocol version x 10: 25, 120, and as the binary query carries it 121, 140, 141, 160, 161.
using Version = std::uint16_t;
inline constexpr Version kVersionsKnown[] = {161, 160, 141, 140, 121, 120, 25};  ///< best first
/// Those that are spoken (profile::kVersionMin).
inline constexpr std::span<const Version> kVersions = [] {
  std::size_t count = 0;
  for (const Version version : kVersionsKnown) count += version >= profile::kVersionMin ? 1 : 0;
  return std::span<const Version>(kVersionsKnown).first(count);
}();

/// The highest version both sides have, from MS-ASProtocolVersions ("2.5,12.0,14.1"); 0 = none in common.
Version highest_common(Text versions_header);
Text version_text(Version);  ///< "16.1"

/// 2.5 and 12.0 know the plain form only, whatever is asked for.
enum class QueryForm : std::uint8_t { kBase64, kPlain };

/// Who talks to whom. Borrowed for the call.
struct Partner {
  Text path = "/Microsoft-Server-ActiveSync";
  Text user, device_id, device_type, user_agent;
  Version version = 0;
  std::uint32_t policy_key = 0;
  bool has_policy_key = false;
  QueryForm form = QueryForm::kBase64;
  Text authorization;  ///< "Basic ..." ready made; empty = none
};

/// Optional URL parameters.
struct Parameters {
  Text attachment_name;           ///< GetAttachment
  Text collection_id, item_id;    ///< SmartReply, SmartForward below 14.0
  bool save_in_sent = false;      ///< SendMail, SmartReply, SmartForward below 14.0
  bool accept_multipart = false;  ///< ItemOperations
};

/// Why a request cannot be built: codes of Domain::kEngine.
enum class RequestFault : std::int32_t {
  kControlCharacter = 40,  ///< CR, LF, NUL or another control character (or a colon in a Basic user name)
  kBadDeviceId,            ///< not 1..32 letters and digits (MS-ASHTTP 2.2.1.1.1.2.4)
  kBadDeviceType,          ///< likewise
  kBadPath,                ///< not an absolute path of visible characters without a query
  kBadVersion,             ///< none of kVersions
  kTooLong,                ///< target or headers beyond their room
  kTooManyCommands,        ///< more than kSyncCommandsMax in one Sync
  kTwoCommands,            ///< two commands for one ServerId in one Sync; where = index of the second
};

inline constexpr std::size_t kTargetBytesMax = 1024;
inline constexpr std::size_t kHeadersMax = 10;

/// Request line target and headers of one command, in fixed room of its own. Refuses CR, LF, NUL and over-long values.
class RequestHead {
 public:
  RequestHead() = default;
  RequestHead(const RequestHead&) = delete;  ///< its headers point into it
  RequestHead& operator=(const RequestHead&) = delete;
  Status build(Command, const Partner&, const Parameters&, bool has_body);
  Status build_options(const Partner&);
  Text target() const { return {target_, target_size_}; }
  std::span<const Header> headers() const { return {headers_, header_count_}; }

 private:
  Status add_common(const Partner&);
  Status add_header(Text name, Text value);
  char target_[kTargetBytesMax]{};
  std::size_t target_size_ = 0;
  char values_[1536]{};  ///< copies of header values that the caller's texts may not outlive
  std::size_t values_size_ = 0;
  Header headers_[kHeadersMax]{};
  std::size_t header_count_ = 0;
};

/// "Basic " + base64(user:password) into `room`; the room is the caller's to zero.
Result<Text> basic_authorization(Text user, Bytes password, Room room);

/// Case-insensitive search in a response's headers; empty if absent.
Text find_header(std::span<const Header>, Text name);

}  // namespace handsync::protocol
