/// The folder hierarchy: FolderSync, the folders in RAM, and starting over.
#include <cstring>
#include <new>

#include "sync/core.h"

namespace handsync::sync {

using protocol::Command;
using protocol::eas_error;

Status Account::Hierarchy::put(Text server_id, Text parent_id, Text name, std::uint8_t type) {
  return account_.store_.hierarchy_put(server_id, parent_id, name, type);
}
Status Account::Hierarchy::remove(Text server_id) { return account_.store_.hierarchy_remove(server_id); }

Status Account::start_folders() {
  HANDSYNC_TRY(open_store());
  char room[64];
  auto got = store_.get(replica::Value::kHierarchyKey, std::as_writable_bytes(std::span(room)));
  if (!got.ok()) return got.error();
  Text key = got.value() ? Text(room, got.value()) : Text("0");
  Call* call = nullptr;
  HANDSYNC_TRY(start_command(Command::kFolderSync, Lane::kWork, call, kSmallBodyBytesMax));
  auto body = protocol::write_folder_sync(call->body_room(), key);
  Status begun = body.ok() ? store_.hierarchy_begin(key == "0") : Status(body.error());
  if (!begun.ok()) {
    call->free(core_.memory());
    return begun.error();
  }
  hierarchy_open_ = true;
  call->tells_versions = key == "0";
  call->answer.emplace<protocol::FolderSyncResponse>(hierarchy_);
  call->read_with_wbxml();
  Status launched = launch(call, body.value());
  if (!launched.ok()) {
    store_.hierarchy_drop();
    hierarchy_open_ = false;
  }
  return launched;
}

void Account::ended_folders(Call& call, Error error) {
  hierarchy_open_ = false;
  if (!error && call.answer_bytes == 0)
    error = protocol::answer_fault(Command::kFolderSync, protocol::AnswerFault::kEmpty);
  if (error) {
    store_.hierarchy_drop();
    return request_failed(call, error);
  }
  auto& answer = std::get<protocol::FolderSyncResponse>(call.answer);
  if (answer.root() != wbxml::folder_hierarchy::kFolderSync)
    error = protocol::answer_fault(Command::kFolderSync, protocol::AnswerFault::kWrongRoot);
  else if (answer.status() > 1)
    error = eas_error(Command::kFolderSync, answer.status());
  else if (answer.sync_key().empty())
    error = protocol::answer_fault(Command::kFolderSync, protocol::AnswerFault::kNoStatus);
  if (error) {
    store_.hierarchy_drop();
    if (answer.status() ==
        9)  // the hierarchy is lost at the server: from the beginning; folders keep their keys and items
      if (Status put = store_.put(replica::Value::kHierarchyKey, bytes_of("0")); !put.ok()) return follow(put.error());
    needs_ |= kNeedFolders;
    return follow(error);
  }
  auto changed = store_.hierarchy_commit(answer.sync_key());
  if (!changed.ok()) return follow(changed.error());
  if (Status loaded = load_folders(); !loaded.ok()) return follow(loaded.error());
  needs_ &= static_cast<std::uint16_t>(~kNeedFolders);
  folders_read_ = true;
  if (changed.value()) {
    // What a Ping said was true: the next one that says so is heard too.
    ping_remedied_ &= static_cast<std::uint16_t>(~(1U << static_cast<unsigned>(policy::Remedy::kRefreshFolders)));
    core_.tell(id_, Notice::kFoldersChanged);
  }
  reset_loops({Loop::kProvisions, Loop::kNegotiations, Loop::kMoves});
  succeed();
}

Status Account::load_folders() {
  auto count = store_.sync_folders({});
  if (!count.ok()) return count.error();
  std::size_t wanted_count = count.value() < kFoldersMax ? count.value() : kFoldersMax;
  Memory memory = core_.memory();
  FolderState* fresh = nullptr;
  replica::SyncFolder* rows = nullptr;
  std::size_t filled = 0;
  if (wanted_count) {
    fresh = static_cast<FolderState*>(memory.take(memory.self, wanted_count * sizeof(FolderState)));
    rows = static_cast<replica::SyncFolder*>(memory.take(memory.self, wanted_count * sizeof(replica::SyncFolder)));
    Status status = fresh && rows ? Status(Done{}) : Status(out_of_memory(wanted_count * sizeof(FolderState)));
    if (status.ok()) {
      for (std::size_t i = 0; i < wanted_count; ++i) new (rows + i) replica::SyncFolder;
      auto got = store_.sync_folders({rows, wanted_count});
      if (!got.ok())
        status = got.error();
      else
        filled = got.value() < wanted_count ? got.value() : wanted_count;
    }
    if (!status.ok()) {
      if (fresh) memory.give(memory.self, fresh);
      if (rows) memory.give(memory.self, rows);
      return status;
    }
  }
  for (std::size_t i = 0; i < filled; ++i) {
    FolderState* state = new (fresh + i) FolderState;
    state->row = rows[i];
    if (FolderState* before = find(rows[i].id)) {
      state->due = before->due;
      state->singly = before->singly;
      state->sent_bare_pull = before->sent_bare_pull;
      state->pull_open = before->pull_open;
      state->full = before->full;
      state->alone = before->alone;
      state->faults = before->faults;
      state->refused = before->refused;
      // An answer to another key is nobody's.
      state->asked = before->asked && state->row.sync_key.view() == before->row.sync_key.view();
    } else
      state->due = needs_ & kNeedItems || push_;
    if (state->due && wanted(*state)) needs_ |= kNeedItems;
  }
  if (rows) memory.give(memory.self, rows);
  if (folders_) memory.give(memory.self, folders_);
  folders_ = fresh;
  folder_count_ = filled;
  return Done{};
}

bool Account::wanted(const FolderState& folder) const {
  if (!folder.row.supported || !folder.row.selected) return false;
  const Class kind = items::class_of(folder.row.type);
  if ((kind == Class::kNote || kind == Class::kRecipient) && profile::below(version_, 140)) return false;
  return folder.row.type != FolderType::kDrafts || !profile::below(version_, 160);  // Drafts take part from 16.0 on
}

FolderState* Account::find(FolderId id) {
  for (std::size_t i = 0; i < folder_count_; ++i)
    if (folders_[i].row.id == id) return &folders_[i];
  return nullptr;
}

FolderState* Account::find(Text server_id) {
  for (std::size_t i = 0; i < folder_count_; ++i)
    if (folders_[i].row.server_id.view() == server_id) return &folders_[i];
  return nullptr;
}

void Account::mark_all_due() {
  for (std::size_t i = 0; i < folder_count_; ++i) {
    folders_[i].due = wanted(folders_[i]);
    folders_[i].full = folders_[i].looked = false;
  }
  full_sync_ms_ = core_.now().mono_ms + kFullSyncMs;
}

Status Account::restart_folders() {
  HANDSYNC_TRY(open_store());
  HANDSYNC_TRY(store_.rekey_all(version_));
  return folders_restarted();
}

Status Account::folders_restarted() {
  key_lost();
  told_ = {};
  needs_ |= kNeedFolders | kNeedItems;
  HANDSYNC_TRY(load_folders());
  for (std::size_t i = 0; i < folder_count_; ++i) folders_[i].due = wanted(folders_[i]);
  return Done{};
}

}  // namespace handsync::sync
