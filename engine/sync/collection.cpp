/// What a folder asks of Sync, and what becomes of its part of an answer: applied in one commit, or refused. Which
/// folders go into a request, and the answer as a whole: together.cpp.
#include "replica/planted.h"
#include "sync/core.h"

namespace handsync::sync {

using protocol::AnswerFault;
using protocol::Command;
using protocol::eas_error;

std::uint8_t Account::filter(const replica::SyncFolder& row) const {
  const std::uint16_t wanted_days = row.has_days ? row.days : record_.days;
  switch (items::class_of(row.type)) {
    case Class::kEvent: {
      // The shortest window of a calendar is two weeks (MS-ASCMD 2.2.3.68.2: 0 and 4 to 7).
      const std::uint8_t days = filter_for_days(wanted_days);
      return policy::narrower_filter(days != 0 && days < 4 ? std::uint8_t{4}
                                     : days > 7            ? std::uint8_t{0}
                                                           : days,
                                     core_.caps().calendar_filter);
    }
    case Class::kContact:
    case Class::kTask:
    case Class::kNote:
      return 0;
    default:
      return policy::narrower_filter(filter_for_days(wanted_days), core_.caps().email_filter);
  }
}

std::uint32_t Account::body_bytes_max(const replica::SyncFolder& row) const {
  policy::Caps caps = core_.caps();
  std::uint32_t cap = caps.html && caps.html_body_bytes_max < caps.text_body_bytes_max ? caps.html_body_bytes_max
                                                                                       : caps.text_body_bytes_max;
  std::uint32_t wanted = row.has_body_bytes_max ? row.body_bytes_max : record_.body_bytes_max;
  return wanted < cap ? wanted : cap;
}

protocol::SyncRequest Account::request_of(const FolderState& folder) const {
  const replica::SyncFolder& row = folder.row;
  protocol::SyncRequest request;
  request.version = version_;
  request.collection_id = row.server_id.view();
  request.sync_key = is_prime(row) ? Text("0") : row.sync_key.view();
  request.window = row.window;
  request.kind = items::class_of(row.type);
  request.filter = filter(row);
  request.body_bytes_max = body_bytes_max(row);
  request.html = core_.caps().html;
  request.texts = texts_in(row);
  request.client_wins = record_.client_wins;
  request.deletes_as_moves = row.type != FolderType::kDeleted;
  return request;
}

/// What has arrived becomes true.
Status Account::take_items(FolderState& folder, Text key, bool more, std::uint32_t items) {
  // Priming and sending never complete a resync; and what is about to complete is looked at first.
  const bool completes = current_pull_ && !more && folder.row.rekeying;
  // More to come, and the key stands: it is the same that comes.
  if (more && current_pull_ && key == folder.row.sync_key.view()) items = 0;
  auto applied = arrival_.commit(key, more || !current_pull_ || completes, core_.now().wall_ms);
  folder.stale = true;
  if (!applied.ok()) {
    arrival_.drop();
    // Deselected, removed or re-keyed meanwhile: what came is of no use, and nothing is wrong.
    if (applied.error().domain == Domain::kSqlite && applied.error().code == replica::kOvertaken) return Done{};
    return applied.error();
  }
  items_since_lost_ += items;
  if (completes) HANDSYNC_TRY(finish_resync(folder, key, applied.value()));
  folder.pull_open = false;
  HANDSYNC_TRY(read_again(folder));
  if (current_pull_ && items) adapt_window(folder, core_.now().mono_ms - part_since_ms_, true);
  return items_committed(folder, applied.value(), more, items);
}

/// The row of a folder whose commit was tried; the window in RAM is the newer one.
Status Account::read_again(FolderState& folder) {
  if (!folder.stale) return Done{};
  auto row = store_.sync_folder(folder.row.id);
  if (!row.ok()) return row.error();
  const std::uint16_t window = folder.row.window;
  folder.row = row.value();
  folder.row.window = window;
  folder.stale = false;
  return Done{};
}

/// Everything has come that the server names. A device that waits for approval, or was put into quarantine, sees empty
/// folders and one notice: that is no deletion of anything, unless content that came meanwhile shows the mailbox open.
/// The verdict is stop_in_doubt()'s, when all folders have been seen.
Status Account::finish_resync(FolderState& folder, Text key, replica::Applied& applied) {
  auto standing = store_.resync_standing(folder.row.id);
  if (!standing.ok()) return standing.error();
  const bool open = standing.value().confirmed > kNoticesMax || items_since_lost_ > kNoticesMax || emptied_;
  folder.doubtful = !open && standing.value().unconfirmed > 0;
  if (folder.doubtful) return Done{};
  if (standing.value().confirmed > kNoticesMax) items_since_lost_ += standing.value().confirmed;
  for (std::size_t i = 0; i < folder_count_ && open; ++i) folders_[i].due = folders_[i].due || folders_[i].doubtful;
  auto row = store_.sync_folder(folder.row.id);
  if (!row.ok()) return row.error();
  HANDSYNC_TRY(arrival_.begin(row.value(), 0, core_.now().mono_ms));
  auto finished = arrival_.commit(key, false, core_.now().wall_ms);
  if (!finished.ok()) {
    arrival_.drop();
    return finished.error();
  }
  applied.added += finished.value().added;
  applied.changed += finished.value().changed;
  applied.deleted += finished.value().deleted;
  applied.parked += finished.value().parked;
  applied.confirmed += finished.value().confirmed;
  applied.generation = finished.value().generation;
  return Done{};
}

void Account::key_lost() {
  constexpr std::uint64_t kOneEventMs = 600'000;
  const std::uint64_t now = core_.now().mono_ms;
  if (key_lost_ms_ == 0 || now > key_lost_ms_ + kOneEventMs) items_since_lost_ = 0;
  emptied_ = false;
  key_lost_ms_ = now;
}

/// All folders have been looked at. One new mail and nothing else anywhere is what quarantine looks like: it is looked
/// at again after a pause, or when a person asks. Without a notice the mailbox has been emptied.
bool Account::stop_in_doubt() {
  std::uint64_t notices = 0;
  bool any = false;
  for (std::size_t i = 0; i < folder_count_; ++i) {
    if (!folders_[i].doubtful || !wanted(folders_[i])) continue;
    any = true;
    auto standing = open_store().ok() ? store_.resync_standing(folders_[i].row.id) : Error{Domain::kSqlite, 1, 0};
    notices += standing.ok() ? standing.value().confirmed : 1;  // what cannot be read proves nothing
  }
  if (!any) return false;
  emptied_ = notices == 0;
  for (std::size_t i = 0; i < folder_count_; ++i)
    folders_[i].due = folders_[i].due || (folders_[i].doubtful && (emptied_ || push_));
  if (emptied_ || push_) needs_ |= kNeedItems;
  return !emptied_;
}

Status Account::items_committed(FolderState& folder, const replica::Applied& applied, bool more, std::uint32_t items) {
  added_ += applied.added;
  changed_ += applied.changed;
  deleted_ += applied.deleted;
  sent_ += applied.confirmed;
  parked_ += applied.parked;
  pushed_items_ += items;
  succeed();
  reset_loops({Loop::kFailures, Loop::kProvisions, Loop::kRefreshes, Loop::kNegotiations, Loop::kMoves});
  if (items) reset_loops({Loop::kEmptyPushes, Loop::kFruitless});
  if (applied.confirmed) messages_wait();  // that a meeting has changed is said now
  std::uint32_t touched = applied.added + applied.changed + applied.deleted;
  if (touched || applied.confirmed)
    core_.tell(id_, Notice::kItemsChanged, static_cast<std::uint32_t>(folder.row.id), touched, applied.generation);
  if (applied.parked)
    core_.tell(id_, Notice::kItemParked, static_cast<std::uint32_t>(folder.row.id), applied.parked, applied.generation);

  replica::SyncFolder before = folder.row;
  bool stuck = false;
  if (current_pull_) {
    // Where other folders have filled the window that all have in common, it will have its turn.
    const bool fruitless = more && items == 0 && answer_items_ == 0;
    folder.row.rounds_without_progress =
        fruitless ? static_cast<std::uint16_t>(folder.row.rounds_without_progress + 1) : std::uint16_t{0};
    // Where nothing has come of asking for long, one fruitless round is enough.
    bool known = ping_trouble() >= kPausesFree || loops_.of(Loop::kFruitless) > 0;
    std::uint16_t rounds_max = known ? std::uint16_t{0} : kRoundsWithoutProgressMax;
    stuck = folder.row.rounds_without_progress > rounds_max;
    if (!more && folder.row.type == FolderType::kOutbox) hand_over_texts();
    if (!more) {
      reset_loops({Loop::kRekeys, Loop::kFruitless});
      folder.row.synced = folder.looked = true;
      folder.sent_bare_pull = false;
      auto waiting = store_.has_outgoing(folder.row.id);
      folder.due = waiting.ok() && waiting.value() && !folder.doubtful && !folder.full;
      // What was to leave this folder and is still in it has not left.
      auto parked = store_.thaw_moves(folder.row.id);
      if (!parked.ok()) return parked.error();
      tell_parked(folder.row.id, parked.value());
      moves_wait();
      if (folder.row.id == look_in_ && !sent_synced_) {
        sent_synced_ = true;  // what was looked for in it can be told now
        messages_wait();
      }
    }
    folder.row.filter = filter(folder.row);
  } else {
    // What may be taken later goes again, but not at once; where there is no room for it, with the next sync.
    folder.full = applied.again == replica::kStatusFull;
    if (applied.again == 12) needs_ |= kNeedFolders;
    if (applied.again && !folder.full) wait_a_moment();
    moves_wait();  // what waits of the same items goes before them
    for (std::size_t i = 0; i < folder_count_ && current_to_deleted_; ++i)
      if (folders_[i].row.type == FolderType::kDeleted) folders_[i].due = true;
    if (folder.row.type == FolderType::kDrafts) folder.due = true;  // one goes at a time
    folder.singly = folder.singly && current_commands_ != 0;
  }
  if (folder.row.type == FolderType::kDrafts) look_at_stale();
  bool changed = before.rounds_without_progress != folder.row.rounds_without_progress ||
                 before.synced != folder.row.synced || before.filter != folder.row.filter ||
                 folder.saved_window != folder.row.window;
  if (changed) {
    HANDSYNC_TRY(store_.save_folder(folder.row));
    folder.saved_window = folder.row.window;
  }
  if (stuck) folder.refused = static_cast<std::uint16_t>(AnswerFault::kNoProgress);
  return Done{};
}

/// What a status of a collection comes to, after so many commands of ours.
std::uint32_t Account::taken_as(std::uint32_t told) const {
  if (told == 8) return 12;                                                                 // the collection is gone
  if (told == 13 || told == 14) return static_cast<std::uint32_t>(AnswerFault::kNoStatus);  // of what we never send
  if ((told == 6 || told == 7) && current_commands_ == 0) return 5;                         // of an item, without one
  return told;
}

/// `again`: another folder was refused for the same reason in the same answer, and what follows for the account has
/// followed.
void Account::collection_failed(FolderState& folder, Error error, bool again) {
  const std::uint32_t told = protocol::eas_status(error), status = taken_as(told);
  if (status != told) error = eas_error(Command::kSync, status, told);
  switch (status) {
    case 3: {  // SyncKey lost: rows stay visible, edits stay queued, everything comes again
      if (!again) {
        loops_.add(Loop::kRekeys);
        key_lost();
      }
      folder.doubtful = false;
      bool too_often = loops_.of(Loop::kRekeys) > loop_limit(Loop::kRekeys);
      if (Status begun = store_.rekey_begin(folder.row.id); !begun.ok()) return follow(begun.error());
      auto row = store_.sync_folder(folder.row.id);
      if (!row.ok()) return follow(row.error());
      folder.row = row.value();
      save_loops();
      error_ = error;
      if (too_often && !again) pause(error, 0);
      return;
    }
    case static_cast<std::uint32_t>(AnswerFault::kNoProgress):
      folder.due = false;
      if (again) return;
      loops_.add(Loop::kFruitless);
      save_loops();
      error_ = error;
      if (manual_) pause(error, 0);  // in push it is a turn that brought nothing: the next Ping waits
      return;
    case 4:
    case 6:  // of an item, said of the collection: found out one by one, and treated as if it had been said of that one
    case 7:
    case 101:  // what is malformed stays so: the same bytes are not sent for ever
    case 102:
    case 103:
    case 104:
    case 105:
    case 106:
    case 107:
      if (status > 100 && current_commands_ == 0) break;
      if (current_commands_ > 1) {  // which of them was it? One at a time from here: freezing fewer frees the rest
        folder.singly = true;
        return;
      }
      if (current_commands_ == 1) {
        return park_command(folder, error);
      }
      if (!folder.sent_bare_pull) {  // the bare pull failed too: key 0 once, then it is the server's problem
        folder.sent_bare_pull = true;
        return collection_failed(folder, eas_error(Command::kSync, 3), again);
      }
      folder.due = false;
      if (!again) pause(error, 0);
      return;
    default:
      break;
  }
  if (!again) follow(error);
}

/// The one command that was sent can not be taken.
void Account::park_command(FolderState& folder, Error error) {
  auto refused = store_.first_frozen(folder.row.id);
  if (!refused.ok()) return follow(refused.error());
  if (refused.value() != 0)
    if (Status parked = store_.park(refused.value(), error); !parked.ok()) return follow(parked.error());
  if (planted::on(planted::Bug::kRefusalDropped)) static_cast<void>(store_.drop(refused.value()));
  tell_parked(folder.row.id, 1);
}

void Account::tell_parked(FolderId folder, std::uint32_t count) {
  parked_ += count;
  if (count) core_.tell(id_, Notice::kItemParked, static_cast<std::uint32_t>(folder), count);
}

void Account::adapt_window(FolderState& folder, std::uint64_t took_ms, bool good) {
  std::uint16_t& window = folder.row.window;
  if (!good || took_ms > kWindowShrinkAboveMs)
    window = window > 1 ? static_cast<std::uint16_t>(window / 2) : std::uint16_t{1};
  else if (took_ms < kWindowGrowBelowMs)
    window = window * 2 > record_.window_max ? record_.window_max : static_cast<std::uint16_t>(window * 2);
}

}  // namespace handsync::sync
