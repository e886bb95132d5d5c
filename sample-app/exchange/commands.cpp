// The commands by name, and how each says a Status.
#include <array>

#include "exchange/state.h"
#include "exchange/text.h"

namespace exchange {
namespace {

namespace as = wbxml::air_sync;
namespace cm = wbxml::compose_mail;
namespace fh = wbxml::folder_hierarchy;
namespace ge = wbxml::get_item_estimate;
namespace io = wbxml::item_operations;

constexpr int kAny = 161;
constexpr std::array<CommandRow, 18> kRows = {{
    {"Sync", as::kSync, as::kStatus, 25, kAny, 4, run_sync},
    {"SendMail", cm::kSendMail, cm::kStatus, 25, kAny, 103, run_send_mail},
    {"SmartForward", cm::kSmartForward, cm::kStatus, 25, kAny, 103, run_smart_mail},
    {"SmartReply", cm::kSmartReply, cm::kStatus, 25, kAny, 103, run_smart_mail},
    {"GetAttachment", 0, 0, 25, 121, 400, run_get_attachment},
    {"FolderSync", fh::kFolderSync, fh::kStatus, 25, kAny, 10, run_folder_sync},
    {"FolderCreate", fh::kFolderCreate, fh::kStatus, 25, kAny, 10, run_folder_create},
    {"FolderDelete", fh::kFolderDelete, fh::kStatus, 25, kAny, 10, run_folder_delete},
    {"FolderUpdate", fh::kFolderUpdate, fh::kStatus, 25, kAny, 10, run_folder_update},
    {"MeetingResponse", wbxml::meeting_response::kMeetingResponse, wbxml::meeting_response::kStatus, 25, kAny, 103,
     run_meeting_response},
    {"MoveItems", wbxml::move::kMoveItems, wbxml::move::kStatus, 25, kAny, 103, run_move_items},
    {"GetItemEstimate", ge::kGetItemEstimate, ge::kStatus, 25, kAny, 103, run_item_estimate},
    {"Settings", wbxml::settings::kSettings, wbxml::settings::kStatus, 120, kAny, 2, run_settings},
    {"Ping", wbxml::ping::kPing, wbxml::ping::kStatus, 25, kAny, 4, run_ping},
    {"ItemOperations", io::kItemOperations, io::kStatus, 120, kAny, 2, run_item_operations},
    {"Provision", wbxml::provision::kProvision, wbxml::provision::kStatus, 25, kAny, 2, run_provision},
    {"Search", wbxml::search::kSearch, wbxml::search::kStatus, 25, kAny, 103, run_search},
    {"ResolveRecipients", wbxml::resolve_recipients::kResolveRecipients, wbxml::resolve_recipients::kStatus, 25, kAny,
     103, run_resolve_recipients},
}};
constexpr std::array<const char*, 3> kOthers = {"ValidateCert", "Find", "GetHierarchy"};

int http_before_14(int status, bool has_key) {
  switch (status) {
    case 110:
      return 500;
    case 111:
      return 503;
    case 112:
    case 125:
    case 126:
    case 129:
      return 403;
    case 113:
      return 507;
    case 132:
      return 403;
    case 137:
      return 501;
    case 140:
      return has_key ? 449 : 403;
    case 141:
    case 142:
    case 143:
    case 144:
      return 449;
    default:
      return 400;
  }
}

}  // namespace

const CommandRow* find_command(std::string_view name) {
  for (const CommandRow& row : kRows) {
    if (name == row.name) return &row;
  }
  return nullptr;
}

bool is_command_name(std::string_view name) {
  for (const char* const other : kOthers) {
    if (name == other) return true;
  }
  return find_command(name) != nullptr;
}

std::string command_list() {
  std::string list;
  for (const CommandRow& row : kRows) {
    if (row.run != nullptr) list += (list.empty() ? "" : ",") + std::string(row.name);
  }
  return list;
}

std::string version_list(const Options& options) {
  std::string list;
  for (const std::string& version : options.versions) list += (list.empty() ? "" : ",") + version;
  return list;
}

Outcome status_answer(const Call& call, int status) {
  const CommandRow* const row = find_command(call.query.command);
  const bool has_key = call.policy_key.value_or(0) != 0;
  if (call.version < 140 || row == nullptr || row->root == 0) return Outcome::refuse(http_before_14(status, has_key));
  Node answer(row->root);
  answer.add(row->status, status);
  return Outcome::answer(std::move(answer));
}

Outcome status_fault(const Call& call, const CommandRow& row, int status) {
  if (status >= 100) return status_answer(call, status);
  if (row.root == 0) return Outcome::refuse(500);
  Node answer(row.root);
  const bool of_collection = status == 3 || (status >= 5 && status <= 9) || status == 12;
  const Node* const collections = call.document ? call.document->find(as::kCollections) : nullptr;
  if (row.root == as::kSync && of_collection && collections != nullptr) {
    Node& list = answer.add(as::kCollections);
    for (const Node& asked : collections->children) {
      Node& collection = list.add(as::kCollection);
      collection.add(as::kSyncKey, status == 3 ? std::string_view("0") : asked.value(as::kSyncKey));
      collection.add(as::kCollectionId, asked.value(as::kCollectionId));
      collection.add(as::kStatus, status);
    }
    return Outcome::answer(std::move(answer));
  }
  answer.add(row.status, status);
  if (row.root == wbxml::ping::kPing && status == 2 && call.document && call.document->has(wbxml::ping::kFolders)) {
    const Node& folders = *call.document->find(wbxml::ping::kFolders);
    if (!folders.children.empty()) {
      answer.add(wbxml::ping::kFolders).add(wbxml::ping::kFolder, folders.children.front().value(wbxml::ping::kId));
    }
  }
  if (row.root == wbxml::ping::kPing && status == 5)
    answer.add(wbxml::ping::kHeartbeatInterval, call.state->options.heartbeat_min_s);
  if (row.root == wbxml::ping::kPing && status == 6) answer.add(wbxml::ping::kMaxFolders, 1);
  return Outcome::answer(std::move(answer));
}

}  // namespace exchange
