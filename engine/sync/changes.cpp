/// What the user changes: short transactions of their own (handsync/changes.h), sent when a lane is free.
#include "sync/core.h"

namespace handsync::sync {

Result<ChangeId> Account::mark(ItemId item, Mark mark) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  const bool flags = mark != Mark::kRead && mark != Mark::kUnread;
  if (flags && version_ != 0 && profile::below(version_, 120)) return engine_fault(EngineFault::kNotInVersion);
  HANDSYNC_TRY(open_store());
  std::int64_t wall = core_.now().wall_ms;
  Result<std::uint64_t> change = Error{};
  switch (mark) {
    case Mark::kRead:
      change = store_.mark_read(item, true, wall);
      break;
    case Mark::kUnread:
      change = store_.mark_read(item, false, wall);
      break;
    case Mark::kFlag:
      change = store_.mark_flag(item, 2, wall);
      break;
    case Mark::kUnflag:
      change = store_.mark_flag(item, 0, wall);
      break;
    case Mark::kDone:
      change = store_.mark_flag(item, 1, wall);
      break;
  }
  return queued(change);
}

Result<ChangeId> Account::categorize(ItemId item, Text name, bool on) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  if (version_ != 0 && profile::below(version_, 140)) return engine_fault(EngineFault::kNotInVersion);
  HANDSYNC_TRY(open_store());
  return queued(store_.mark_category(item, name, on, core_.now().wall_ms));
}

Result<ChangeId> Account::remove(ItemId item, bool for_good) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  HANDSYNC_TRY(open_store());
  replica::Announcement announcement;
  if (auto found = store_.class_of_item(item); found.ok() && found.value().kind == Class::kEvent)
    HANDSYNC_TRY(invite(item, {}, {true, false, 0}, announcement));
  return announced(announcement, store_.remove(item, for_good, core_.now().wall_ms, announcement));
}

Result<ChangeId> Account::move(ItemId item, FolderId to) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  HANDSYNC_TRY(open_store());
  return queued(store_.move(item, to, core_.now().wall_ms));
}

Result<ChangeId> Account::move_conversation(ItemId item, FolderId to) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  if (version_ != 0 && version_ < 140) return engine_fault(EngineFault::kNotInVersion);
  HANDSYNC_TRY(open_store());
  return queued(store_.move_conversation(item, to, core_.now().wall_ms));
}

Result<ChangeId> Account::queued(const Result<std::uint64_t>& change) {
  if (!change.ok()) return change.error();
  changes_wait();
  return ChangeId{change.value()};
}

/// Something of the user's waits: in push it goes out at once, past the Ping that stays open.
void Account::changes_wait() {
  (void)store_.hold_texts(texts_refused());  // what cannot be noted now is noted when it is about to be sent
  for (std::size_t i = 0; i < folder_count_; ++i) {
    auto waiting = store_.has_outgoing(folders_[i].row.id);
    if (waiting.ok() && waiting.value()) folders_[i].due = true;
    folders_[i].full = folders_[i].looked = false;
  }
  needs_ |= kNeedItems;
  moves_wait();
  folder_changes_wait();
  messages_wait();
  if (push_) advance();
}

Status Account::retry(ChangeId change) {
  HANDSYNC_TRY(open_store());
  HANDSYNC_TRY(store_.retry(static_cast<std::uint64_t>(change)));
  hand_over_texts();
  changes_wait();
  return Done{};
}

Status Account::drop(ChangeId change) {
  HANDSYNC_TRY(open_store());
  HANDSYNC_TRY(store_.drop(static_cast<std::uint64_t>(change)));
  changes_wait();  // of a text of the Outbox its deletion waits now
  return Done{};
}

Status Account::set_folder(FolderId folder, const FolderChange& change) {
  HANDSYNC_TRY(open_store());
  HANDSYNC_TRY(store_.set_folder(folder, change));
  HANDSYNC_TRY(load_folders());
  if (FolderState* state = find(folder)) {
    state->due = true;
    needs_ |= kNeedItems;
  }
  if (push_) advance();  // else with the next sync
  return Done{};
}

Status Account::select(FolderId folder, bool selected) {
  HANDSYNC_TRY(open_store());
  const FolderState* before = find(folder);
  if (arriving_ && (current_ == folder ||
                    (before && before->asked))) {  // what arrives for a folder that is not wanted any more is not taken
    arrival_.drop();
    arriving_ = false;
    cancel(work_);
  }
  HANDSYNC_TRY(store_.select(folder, selected));
  HANDSYNC_TRY(load_folders());
  if (FolderState* state = find(folder); state && selected) {
    state->due = true;
    needs_ |= kNeedItems;
  }
  cancel(wait_);
  advance();
  return Done{};
}

}  // namespace handsync::sync
