/// Folders that the user makes, renames and deletes: one at a time, serialised with FolderSync by the hierarchy's key.
/// A lost answer leaves one in doubt; the folders are read again, and only what they do not show goes again.
#include "protocol/folder_change.h"
#include "sync/core.h"

namespace handsync::sync {

using policy::Remedy;
using protocol::Command;
using protocol::eas_error;
using What = FolderWish::What;

namespace {

constexpr std::uint32_t kTriesMax = 3;  ///< in vain, while the list of folders can be read; then it is parked

Command command_of(What what) {
  return what == What::kCreate   ? Command::kFolderCreate
         : what == What::kRename ? Command::kFolderUpdate
                                 : Command::kFolderDelete;
}

}  // namespace

Result<ChangeId> Account::change_folder(const FolderWish& wish) {
  if constexpr (profile::kSmall) return engine_fault(EngineFault::kNotInVersion);
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  HANDSYNC_TRY(open_store());
  const auto change = store_.queue_folder(wish, core_.now().wall_ms);
  if (change.ok()) needs_ |= kNeedFolderChanges;
  return queued(change);
}

void Account::folder_changes_wait() {
  if constexpr (profile::kSmall) return;
  replica::OutgoingFolder next;
  const auto waiting = store_.next_folder_change(next);
  if (waiting.ok() && waiting.value()) needs_ |= kNeedFolderChanges;
}

Status Account::start_folder_change() {
  needs_ &= static_cast<std::uint16_t>(~kNeedFolderChanges);
  if constexpr (profile::kSmall) return Done{};
  HANDSYNC_TRY(open_store());
  for (;;) {
    auto next = store_.next_folder_change(changing_);
    if (!next.ok()) return next.error();
    if (!next.value()) return Done{};
    if (changing_.in_doubt && !folders_read_) {
      needs_ |= kNeedFolderChanges | kNeedFolders;
      return start_folders();
    }
    const bool settled = changing_.done && (changing_.in_doubt || changing_.what != What::kCreate);
    if (settled) {
      HANDSYNC_TRY(store_.folder_change_done(changing_.change));
      ++sent_;
    } else if (changing_.missing) {
      HANDSYNC_TRY(park_folder_change(Error{Domain::kSqlite, replica::kNoSuchFolder, 0}));
    } else if (changing_.tries >= kTriesMax) {
      HANDSYNC_TRY(store_.folder_change_note(changing_.change, false, {}));
      HANDSYNC_TRY(park_folder_change(changing_.last));
    } else {
      break;
    }
  }
  char room[64];
  auto got = store_.get(replica::Value::kHierarchyKey, std::as_writable_bytes(std::span(room)));
  if (!got.ok()) return got.error();
  const Text key(room, got.value());
  needs_ |= kNeedFolderChanges;  // until it is settled
  if (key.empty() || key == "0") {
    needs_ |= kNeedFolders;
    return start_folders();
  }
  Call* call = nullptr;
  const Command command = command_of(changing_.what);
  HANDSYNC_TRY(start_command(command, Lane::kWork, call, kSmallBodyBytesMax));
  auto body = protocol::write_folder_change(
      call->body_room(),
      {command, key, changing_.server_id.view(), changing_.parent_id.view(), changing_.name.view(), changing_.type});
  Status marked = body.ok() ? store_.folder_change_note(changing_.change, true, {}) : Status(body.error());
  if (!marked.ok()) {
    call->free(core_.memory());
    return marked;
  }
  call->once = true;  // a second one would be refused as a twin of the first
  folders_read_ = false;
  call->answer.emplace<protocol::FolderChangeResponse>();
  call->read_with_wbxml();
  return launch(call, body.value());
}

Status Account::park_folder_change(Error reason) {
  HANDSYNC_TRY(store_.park(changing_.change, reason));
  tell_parked({}, 1);
  return Done{};
}

/// What the server has done is shown at once; the rest of it (folders below one that was deleted) FolderSync tells.
Status Account::show_folder_change(const protocol::FolderChangeResponse& answer) {
  const bool create = changing_.what == What::kCreate;
  if (answer.sync_key().empty() || (create && answer.server_id().empty())) return Done{};
  HANDSYNC_TRY(store_.hierarchy_begin(false));
  Status staged = Done{};
  if (changing_.what == What::kDelete) {
    staged = store_.hierarchy_remove(changing_.server_id.view());
  } else {
    staged = store_.hierarchy_put(create ? answer.server_id() : changing_.server_id.view(), changing_.parent_id.view(),
                                  changing_.name.view(), changing_.type);
  }
  if (!staged.ok()) {
    store_.hierarchy_drop();
    return staged;
  }
  auto changed = store_.hierarchy_commit(answer.sync_key());
  if (!changed.ok()) return changed.error();
  HANDSYNC_TRY(load_folders());
  core_.tell(id_, Notice::kFoldersChanged);
  return Done{};
}

void Account::ended_folder_change(Call& call, Error error) {
  if constexpr (profile::kSmall) return;
  const Command command = call.command;
  if (!error && call.answer_bytes == 0) error = protocol::answer_fault(command, protocol::AnswerFault::kEmpty);
  auto& answer = std::get<protocol::FolderChangeResponse>(call.answer);
  if (!error && answer.status() == 0) error = protocol::answer_fault(command, protocol::AnswerFault::kNoStatus);
  if (error) {
    const bool told = is_told(call, error);
    if (!call.body_begun() || told)
      if (Status noted = store_.folder_change_note(changing_.change, call.body_begun(), told ? error : Error{});
          !noted.ok())
        return stop(error);
    return request_failed(call, error);
  }
  needs_ |= kNeedFolders;
  if (answer.status() == 1) {
    Status shown = show_folder_change(answer);
    if (shown.ok()) shown = store_.folder_change_done(changing_.change);
    if (!shown.ok()) return follow(shown.error());
    ++sent_;
    return succeed();
  }
  const Error refused = eas_error(command, answer.status());
  if (command == Command::kFolderDelete && answer.status() == 4) {  // it is gone, whoever did it
    if (Status done = store_.folder_change_done(changing_.change); !done.ok()) return follow(done.error());
    return succeed();
  }
  // 9: the key, not the folder. All folders are read again; their items keep their keys.
  if (answer.status() == 9)
    if (Status put = store_.put(replica::Value::kHierarchyKey, bytes_of("0")); !put.ok()) return follow(put.error());
  const Remedy remedy = policy::remedy_for(refused);
  if (remedy == Remedy::kPark || remedy == Remedy::kGiveUp || changing_.tries + 1 >= kTriesMax) {
    if (Status parked = park_folder_change(refused); !parked.ok()) return follow(parked.error());
    return succeed();
  }
  if (Status noted = store_.folder_change_note(changing_.change, false, refused); !noted.ok())
    return follow(noted.error());
  if (answer.status() == 9 || remedy == Remedy::kRefreshFolders) return;  // kNeedFolders stands first
  follow(refused);
}

}  // namespace handsync::sync
