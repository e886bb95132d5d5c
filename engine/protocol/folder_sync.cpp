#include "protocol/folder_sync.h"

#include "protocol/written.h"

namespace handsync::protocol {
namespace {

namespace fh = wbxml::folder_hierarchy;

constexpr std::uint8_t kTypeUnknown = 18;

/// The longest beginning that fits and ends with a whole character.
Text cut_to(Text text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

bool is_put(wbxml::Tag tag) { return tag == fh::kAdd || tag == fh::kUpdate; }
bool is_entry(wbxml::Tag tag) { return is_put(tag) || tag == fh::kDelete; }

}  // namespace

Result<std::size_t> write_folder_sync(Room room, Text sync_key) {
  wbxml::Writer writer(room);
  writer.open(fh::kFolderSync).element(fh::kSyncKey, sync_key).close();
  return written(writer);
}

Status FolderSyncResponse::on_open(Path path) {
  HANDSYNC_TRY(expect_root(path, fh::kFolderSync, Command::kFolderSync));
  if (path.size() == 3 && is_entry(path[2])) {
    server_id_.clear();
    parent_id_.clear();
    name_.clear();
    type_ = kTypeUnknown;
  }
  return Done{};
}

Status FolderSyncResponse::on_value(Path path, Text value) {
  if (path.size() == 2) {
    if (path[1] == fh::kStatus) take_status(value);
    if (path[1] == fh::kSyncKey && !sync_key_.assign(value)) {
      return answer_fault(Command::kFolderSync, AnswerFault::kValueTooLong);
    }
    return Done{};
  }
  if (path.size() != 4 || path[1] != fh::kChanges || !is_entry(path[2])) return Done{};
  switch (path[3]) {
    case fh::kServerId:
      // An id that cannot be used costs this folder, not the whole tree.
      if (!server_id_.assign(value)) server_id_.clear();
      break;
    case fh::kParentId:
      if (!parent_id_.assign(value)) parent_id_.clear();
      break;
    case fh::kDisplayName:
      (void)name_.assign(cut_to(value, kFolderNameBytesMax));
      break;
    case fh::kType:
      if (auto type = parse_number(value); type.ok() && type.value() >= 1 && type.value() <= 0xFF) {
        type_ = static_cast<std::uint8_t>(type.value());
      }
      break;
    default:
      break;
  }
  return Done{};
}

Status FolderSyncResponse::on_close(Path path) {
  if (path.size() != 3 || path[1] != fh::kChanges || !is_entry(path[2]) || server_id_.empty()) return Done{};
  if (!is_put(path[2])) return sink_.remove(server_id_.view());
  return sink_.put(server_id_.view(), parent_id_.empty() ? Text("0") : parent_id_.view(), name_.view(), type_);
}

}  // namespace handsync::protocol
