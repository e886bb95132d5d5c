#include "protocol/command.h"

namespace handsync::protocol {

Text command_name(Command command) {
  switch (command) {
    case Command::kSync:
      return "Sync";
    case Command::kSendMail:
      return "SendMail";
    case Command::kSmartForward:
      return "SmartForward";
    case Command::kSmartReply:
      return "SmartReply";
    case Command::kGetAttachment:
      return "GetAttachment";
    case Command::kFolderSync:
      return "FolderSync";
    case Command::kFolderCreate:
      return "FolderCreate";
    case Command::kFolderDelete:
      return "FolderDelete";
    case Command::kFolderUpdate:
      return "FolderUpdate";
    case Command::kMoveItems:
      return "MoveItems";
    case Command::kGetItemEstimate:
      return "GetItemEstimate";
    case Command::kMeetingResponse:
      return "MeetingResponse";
    case Command::kSearch:
      return "Search";
    case Command::kSettings:
      return "Settings";
    case Command::kPing:
      return "Ping";
    case Command::kItemOperations:
      return "ItemOperations";
    case Command::kProvision:
      return "Provision";
    case Command::kResolveRecipients:
      return "ResolveRecipients";
    case Command::kValidateCert:
      return "ValidateCert";
    case Command::kFind:
      return "Find";
  }
  return {};
}

}  // namespace handsync::protocol
