#include "protocol/folder_change.h"

#include "protocol/written.h"

namespace handsync::protocol {
namespace {

namespace fh = wbxml::folder_hierarchy;

wbxml::Tag root_of(Command command) {
  switch (command) {
    case Command::kFolderUpdate:
      return fh::kFolderUpdate;
    case Command::kFolderDelete:
      return fh::kFolderDelete;
    default:
      return fh::kFolderCreate;
  }
}

}  // namespace

Result<std::size_t> write_folder_change(Room room, const FolderChangeRequest& change) {
  wbxml::Writer writer(room);
  writer.open(root_of(change.command)).element(fh::kSyncKey, change.sync_key);
  if (change.command != Command::kFolderCreate) writer.element(fh::kServerId, change.server_id);
  if (change.command != Command::kFolderDelete)
    writer.element(fh::kParentId, change.parent_id).element(fh::kDisplayName, change.name);
  if (change.command == Command::kFolderCreate) writer.element(fh::kType, std::uint64_t{change.type});
  writer.close();
  return written(writer);
}

Status FolderChangeResponse::on_value(Path path, Text value) {
  if (path.size() != 2) return Done{};
  if (path[1] == fh::kStatus) take_status(value);
  // A key or an id that cannot be used is as good as none: FolderSync tells both.
  if (path[1] == fh::kSyncKey && !sync_key_.assign(value)) sync_key_.clear();
  if (path[1] == fh::kServerId && !server_id_.assign(value)) server_id_.clear();
  return Done{};
}

}  // namespace handsync::protocol
