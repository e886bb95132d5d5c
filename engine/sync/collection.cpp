/// Sync of one folder: prime, send what waits, fetch until nothing is left. One request at a time; the answer is
/// staged, then applied in one commit. A lost answer changes nothing: the same key and the same commands go again.
#include <new>

#include "replica/planted.h"
#include "sync/core.h"

namespace handsync::sync {

using protocol::AnswerFault;
using protocol::Command;
using protocol::eas_error;

namespace {

bool is_prime(const replica::SyncFolder& row) { return row.sync_key.empty() || row.sync_key.view() == "0"; }

/// The id under which a folder's commands are frozen: its own, so that the same ones are found again after a reboot.
std::uint32_t frozen_id(const replica::SyncFolder& row) { return static_cast<std::uint32_t>(row.id); }

}  // namespace

FolderState* Account::next_due() {
  for (std::size_t i = 0; i < folder_count_; ++i)
    if (folders_[i].due && wanted(folders_[i])) return &folders_[i];
  return nullptr;
}

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

Status Account::start_items() {
  FolderState* folder = next_due();
  if (!folder) {
    needs_ &= static_cast<std::uint16_t>(~kNeedItems);
    if (stop_in_doubt()) return policy::fault(policy::Fault::kAwaitsApproval);
    return Done{};
  }
  HANDSYNC_TRY(open_store());
  replica::SyncFolder& row = folder->row;
  if (folder->stale) {
    std::uint16_t window = row.window;
    auto found = store_.sync_folder(row.id);
    if (!found.ok()) return found.error();
    row = found.value();
    row.window = window;
    folder->stale = false;
  }
  bool prime = is_prime(row);
  bool may_send = !prime && !row.rekeying && row.synced;
  if (may_send && folder->pull_open) {
    auto frozen = store_.has_frozen(row.id);
    if (!frozen.ok()) return frozen.error();
    may_send = frozen.value();
  }
  const Class kind = items::class_of(row.type);
  Block items(core_.memory());  // what goes out of items is put together here before the request
  if (may_send && items::is_personal(kind)) {
    HANDSYNC_TRY(store_.prepare_items(row.id, version_));
    auto bytes = store_.outgoing_bytes(row.id, kItemBytesPerRequest);
    if (!bytes.ok()) return bytes.error();
    HANDSYNC_TRY(items.take(bytes.value()));
  }
  Call* call = nullptr;
  HANDSYNC_TRY(start_command(Command::kSync, Lane::kWork, call,
                             may_send ? kSyncBodyBytesMax + items.room().size() : kSmallBodyBytesMax));
  auto give_up = [&](Error error) -> Status {
    call->free(core_.memory());
    return error;
  };

  // From Memory, and only when there is something to send: ten kilobytes are too much for a small device's stack.
  struct Batch {
    replica::Outgoing outgoing[kCommandsPerRequestMax];
    protocol::SyncCommand commands[kCommandsPerRequestMax];
    std::byte texts[kCategoryBytesMax];
  };
  Block held(core_.memory());
  Batch* batch = nullptr;
  std::size_t count = 0, removals = 0;
  bool for_good = false;
  if (may_send) {
    if (Status room = held.take(sizeof(Batch)); !room.ok()) return give_up(room.error());
    batch = new (held.data()) Batch;
    auto frozen = store_.freeze_outgoing(row.id, frozen_id(row),
                                         std::span(batch->outgoing, folder->singly ? 1 : kCommandsPerRequestMax),
                                         items::is_personal(kind) ? items.room() : Room(batch->texts));
    if (!frozen.ok()) return give_up(frozen.error());
    count = frozen.value();
  }
  for (std::size_t i = 0; i < count; ++i) {
    const replica::Outgoing& from = batch->outgoing[i];
    batch->commands[i] = {from.server_id.view(), from.remove,       from.has_read,       from.read,       from.has_flag,
                          from.flag_status,      from.flag_wall_ms, from.has_categories, from.categories, from.add,
                          from.client_id.view(), from.data,         from.has_instance,   from.instance_ms};
    for_good |= from.for_good;
    removals += from.remove && !from.has_instance;
  }
  if (row.window == 0) row.window = record_.window_max < kWindowFirst ? record_.window_max : kWindowFirst;

  protocol::SyncRequest request;
  request.version = version_;
  request.collection_id = row.server_id.view();
  request.sync_key = prime ? Text("0") : row.sync_key.view();
  request.get_changes = count == 0;
  request.window = row.window;
  request.kind = kind;
  request.filter = filter(row);
  request.body_bytes_max = body_bytes_max(row);
  request.html = core_.caps().html;
  request.deletes_as_moves = row.type != FolderType::kDeleted && !for_good;
  request.with_options = count == 0;
  if (count != 0) request.commands = {batch->commands, count};
  auto body = protocol::write_sync(call->body_room(), request);
  if (!body.ok()) return give_up(body.error());
  if (Status begun = arrival_.begin(row, count ? frozen_id(row) : 0, core_.now().mono_ms); !begun.ok())
    return give_up(begun.error());
  arriving_ = true;
  current_ = row.id;
  current_pull_ = !prime && count == 0;
  current_commands_ = static_cast<std::uint16_t>(count);
  current_removals_ = count != 0 && removals == count;
  if (count == 0) folder->pull_open = true;
  call->answer.emplace<protocol::SyncResponse>(arrival_, row.server_id.view(), request.kind);
  call->read_with_wbxml();
  Status launched = launch(call, body.value());
  if (!launched.ok()) {
    arrival_.drop();
    arriving_ = false;
  }
  if (planted::on(planted::Bug::kPingBeforeCommit) && push_ && !wait_) return start_ping();
  return launched;
}

void Account::ended_items(Call& call, Error error) {
  FolderState* folder = find(current_);
  bool was_arriving = arriving_;
  arriving_ = false;
  auto drop = [&] {
    if (was_arriving) arrival_.drop();
  };
  if (!folder) return drop();
  std::uint64_t took_ms = core_.now().mono_ms - call.started_ms;
  if (error) {
    drop();
    bool broke = error.domain == Domain::kHttp && error.code < 100;
    if (broke) adapt_window(*folder, took_ms, false);
    if (error == Error{Domain::kHttp, 413, 0} && current_commands_ > 1)
      return collection_failed(*folder, eas_error(Command::kSync, 4));
    return request_failed(call, error);
  }
  if (call.answer_bytes == 0) {
    if (!current_pull_) {
      // No key came. Of the first request: the collection is not there (seen on SOGo). Of commands: they count as lost
      // and go again. A server that has nothing to say of them twice has taken them (SOGo, of deletions alone).
      if (current_removals_ && folder->same_key) {
        folder->same_key = false;
        return take_items(*folder, folder->row.sync_key, false, took_ms, 0);
      }
      drop();
      if (current_removals_) {
        folder->same_key = true;
        return;
      }
      bool prime = current_commands_ == 0;
      return follow(prime ? eas_error(Command::kSync, 12)
                          : protocol::answer_fault(Command::kSync, AnswerFault::kEmpty));
    }
    folder->pull_open = false;
    // Nothing is left to come. That completes a resync, which is a commit; else it is nothing to write down.
    if (folder->row.rekeying) return take_items(*folder, folder->row.sync_key, false, took_ms, 0);
    drop();
    return items_committed(*folder, {}, false, 0);
  }
  auto& answer = std::get<protocol::SyncResponse>(call.answer);
  Error refused;
  FixedText<64> key;
  if (answer.root() != wbxml::air_sync::kSync)
    refused = protocol::answer_fault(Command::kSync, AnswerFault::kWrongRoot);
  else if (answer.status() > 1)
    refused = eas_error(Command::kSync, answer.status());
  else if (answer.collection_status() > 1)
    refused = eas_error(Command::kSync, answer.collection_status());
  else if (answer.sync_key().empty() || !key.assign(answer.sync_key()))
    refused = protocol::answer_fault(Command::kSync, AnswerFault::kNoStatus);
  if (refused) {
    drop();
    if (refused.code == eas_error(Command::kSync, 14).code || refused.code == eas_error(Command::kSync, 13).code)
      refused = protocol::answer_fault(Command::kSync,
                                       AnswerFault::kNoStatus);  // nothing we sent has a heartbeat or a stored request
    return collection_failed(*folder, refused);
  }
  // Commands always make a new key. One that comes back as it was sent is an answer of before, given once more on the
  // way here: it says nothing of these commands, which go again. A server that insists on it has taken them; and one
  // that names a ClientId of theirs (SOGo, whose keys are times and which would add the item once more).
  bool same_key = current_commands_ && key.view() == folder->row.sync_key.view() && !arrival_.answers_an_add();
  if (same_key && !folder->same_key) {
    drop();
    folder->same_key = true;
    return;
  }
  folder->same_key = false;
  take_items(*folder, key, answer.more(), took_ms, answer.items());
}

/// What has arrived becomes true.
void Account::take_items(FolderState& folder, FixedText<64> key, bool more, std::uint64_t took_ms,
                         std::uint32_t items) {
  // Priming and sending never complete a resync; and what is about to complete is looked at first.
  const bool completes = current_pull_ && !more && folder.row.rekeying;
  auto applied = arrival_.commit(key.view(), more || !current_pull_ || completes, core_.now().wall_ms);
  folder.stale = true;
  if (!applied.ok()) {
    arrival_.drop();
    // Deselected, removed or re-keyed meanwhile: what came is of no use, and nothing is wrong.
    if (applied.error().domain == Domain::kSqlite && applied.error().code == replica::kOvertaken) return;
    return follow(applied.error());
  }
  items_since_lost_ += items;
  if (completes) {
    if (Status finished = finish_resync(folder, key.view(), applied.value()); !finished.ok())
      return follow(finished.error());
  }
  folder.pull_open = false;
  auto row = store_.sync_folder(folder.row.id);
  if (!row.ok()) return follow(row.error());
  folder.stale = false;
  std::uint16_t window = folder.row.window;
  folder.row = row.value();
  folder.row.window = window;
  if (current_pull_ && items) adapt_window(folder, took_ms, true);
  items_committed(folder, applied.value(), more, items);
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

void Account::items_committed(FolderState& folder, const replica::Applied& applied, bool more, std::uint32_t items) {
  added_ += applied.added;
  changed_ += applied.changed;
  deleted_ += applied.deleted;
  sent_ += applied.confirmed;
  parked_ += applied.parked;
  pushed_items_ += items;
  succeed();
  reset_loops({Loop::kFailures, Loop::kProvisions, Loop::kRefreshes, Loop::kNegotiations, Loop::kMoves});
  if (items) reset_loops({Loop::kEmptyPushes, Loop::kFruitless});
  std::uint32_t touched = applied.added + applied.changed + applied.deleted;
  if (touched || applied.confirmed)
    core_.tell(id_, Notice::kItemsChanged, static_cast<std::uint32_t>(folder.row.id), touched, applied.generation);
  if (applied.parked)
    core_.tell(id_, Notice::kItemParked, static_cast<std::uint32_t>(folder.row.id), applied.parked, applied.generation);

  replica::SyncFolder before = folder.row;
  bool stuck = false;
  if (current_pull_) {
    folder.row.rounds_without_progress =
        more && items == 0 ? static_cast<std::uint16_t>(folder.row.rounds_without_progress + 1) : std::uint16_t{0};
    // Where nothing has come of asking for long, one fruitless round is enough.
    bool known = ping_trouble() >= kPausesFree || loops_.of(Loop::kFruitless) > 0;
    std::uint16_t rounds_max = known ? std::uint16_t{0} : kRoundsWithoutProgressMax;
    stuck = folder.row.rounds_without_progress > rounds_max;
    if (!more) {
      reset_loops({Loop::kRekeys, Loop::kFruitless});
      folder.row.synced = true;
      folder.sent_bare_pull = false;
      auto waiting = store_.has_outgoing(folder.row.id);
      folder.due = waiting.ok() && waiting.value() && !folder.doubtful;
      // What was to leave this folder and is still in it has not left.
      if (Status thawed = store_.thaw_moves(folder.row.id); !thawed.ok()) return follow(thawed.error());
      moves_wait();
      if (folder.row.id == look_in_ && !sent_synced_) {
        sent_synced_ = true;  // what was looked for in it can be told now
        messages_wait();
      }
    }
    folder.row.filter = filter(folder.row);
  } else {
    moves_wait();  // what waits of the same items goes before them
    folder.singly = folder.singly && current_commands_ != 0;
  }
  bool changed = before.rounds_without_progress != folder.row.rounds_without_progress ||
                 before.synced != folder.row.synced || before.filter != folder.row.filter ||
                 folder.saved_window != folder.row.window;
  if (changed) {
    if (Status saved = store_.save_folder(folder.row); !saved.ok()) return follow(saved.error());
    folder.saved_window = folder.row.window;
  }
  if (stuck) {
    folder.due = false;
    loops_.add(Loop::kFruitless);
    save_loops();
    error_ = protocol::answer_fault(Command::kSync, AnswerFault::kNoProgress);
    if (manual_) pause(error_, 0);  // in push it is a turn that brought nothing: the next Ping waits
  }
}

void Account::collection_failed(FolderState& folder, Error error) {
  std::uint32_t status = protocol::eas_status(error);
  switch (status) {
    case 3: {  // SyncKey lost: rows stay visible, edits stay queued, everything comes again
      loops_.add(Loop::kRekeys);
      key_lost();
      folder.doubtful = false;
      bool too_often = loops_.of(Loop::kRekeys) > loop_limit(Loop::kRekeys);
      if (Status begun = store_.rekey_begin(folder.row.id); !begun.ok()) return follow(begun.error());
      auto row = store_.sync_folder(folder.row.id);
      if (!row.ok()) return follow(row.error());
      folder.row = row.value();
      save_loops();
      error_ = error;
      if (too_often) pause(error, 0);
      return;
    }
    case 4:
    case 101:  // what is malformed stays so: the same bytes are not sent for ever
    case 102:
    case 103:
    case 104:
    case 105:
    case 106:
    case 107:
      if (status != 4 && current_commands_ == 0) return follow(error);
      if (current_commands_ > 1) {  // which of them was it? One at a time from here: freezing fewer frees the rest
        folder.singly = true;
        return;
      }
      if (current_commands_ == 1) {
        auto refused = store_.first_frozen(folder.row.id);
        if (!refused.ok()) return follow(refused.error());
        if (refused.value() != 0)
          if (Status parked = store_.park(refused.value(), error); !parked.ok()) return follow(parked.error());
        if (planted::on(planted::Bug::kRefusalDropped)) static_cast<void>(store_.drop(refused.value()));
        ++parked_;
        core_.tell(id_, Notice::kItemParked, static_cast<std::uint32_t>(folder.row.id), 1);
        return;
      }
      if (!folder.sent_bare_pull) {  // the bare pull failed too: key 0 once, then it is the server's problem
        folder.sent_bare_pull = true;
        return collection_failed(folder, eas_error(Command::kSync, 3));
      }
      folder.due = false;
      return pause(error, 0);
    case 8:  // the collection is gone
      return follow(eas_error(Command::kSync, 12));
    default:
      return follow(error);
  }
}

void Account::adapt_window(FolderState& folder, std::uint64_t took_ms, bool good) {
  std::uint16_t& window = folder.row.window;
  if (!good || took_ms > kWindowShrinkAboveMs)
    window = window > 1 ? static_cast<std::uint16_t>(window / 2) : std::uint16_t{1};
  else if (took_ms < kWindowGrowBelowMs)
    window = window * 2 > record_.window_max ? record_.window_max : static_cast<std::uint16_t>(window * 2);
}

}  // namespace handsync::sync
