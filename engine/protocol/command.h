/// The commands by their code in the binary query (MS-ASHTTP 2.2.1.1.1.1.2).
#pragma once
#include "handsync/base.h"

namespace handsync::protocol {

enum class Command : std::uint8_t {
  kSync = 0,
  kSendMail = 1,
  kSmartForward = 2,
  kSmartReply = 3,
  kGetAttachment = 4,
  kFolderSync = 9,
  kFolderCreate = 10,
  kFolderDelete = 11,
  kFolderUpdate = 12,
  kMoveItems = 13,
  kGetItemEstimate = 14,
  kMeetingResponse = 15,
  kSearch = 16,
  kSettings = 17,
  kPing = 18,
  kItemOperations = 19,
  kProvision = 20,
  kResolveRecipients = 21,
  kValidateCert = 22,
  kFind = 23,
};

Text command_name(Command);  ///< as the plain query and the XML write it

/// An EAS Status means different things in different commands: the code of Domain::kEas is command * 1000 + Status.
/// A server's Status beyond 999 means nothing to anybody: it is said as 999, so that it cannot look like another
/// command's.
constexpr Error eas_error(Command command, std::uint32_t status, std::uint32_t where = 0) {
  const std::uint32_t told = status < 1000 ? status : 999;
  return Error{Domain::kEas, static_cast<std::int32_t>(command) * 1000 + static_cast<std::int32_t>(told), where};
}
constexpr std::uint32_t eas_status(Error error) { return static_cast<std::uint32_t>(error.code % 1000); }

inline constexpr std::uint32_t kStatusConversion =
    6;  ///< Sync: an item that cannot be understood, ours or the server's

/// Answers that break the grammar, named apart from every Status (which are below 200).
enum class AnswerFault : std::int32_t {
  kNotWbxml = 901,      ///< 200 with something else: a login page, a portal
  kEmpty = 902,         ///< an empty 200 where the command needs an answer
  kNoStatus = 903,      ///< no Status where success cannot be told without it
  kWrongRoot = 904,     ///< the answer of another command
  kValueTooLong = 905,  ///< a short value beyond kValueBytesMax
  kNoProgress = 906,    ///< the server says "more" or "changed" and brings nothing, again and again
  kBadValue = 907,      ///< a number that is none
};
constexpr Error answer_fault(Command command, AnswerFault fault) {
  return eas_error(command, static_cast<std::uint32_t>(fault));
}

}  // namespace handsync::protocol
