/// Sync of the folders that are due, as many in one request as may be. What a folder has to send goes first, alone;
/// then everything is fetched together until nothing is left. The parts of an answer come one after another, and each
/// is applied in a commit of its own when its closing tag has been read: what breaks later takes nothing back. A lost
/// part changes nothing: the same key goes again, and so do the same commands.
#include <iterator>
#include <new>

#include "replica/planted.h"
#include "sync/core.h"

namespace handsync::sync {

using protocol::AnswerFault;
using protocol::Command;
using protocol::eas_error;

namespace {

/// From Memory, and only when there is something to send: ten kilobytes are too much for a small device's stack.
struct Batch {
  replica::Outgoing outgoing[kCommandsPerRequestMax];
  protocol::SyncCommand commands[kCommandsPerRequestMax];
};

/// The id under which a folder's commands are frozen: its own, so that the same ones are found again after a reboot.
std::uint32_t frozen_id(const replica::SyncFolder& row) { return static_cast<std::uint32_t>(row.id); }

/// The server answered, or had its time, and the request as a whole was what it could not do.
bool is_the_requests(Error error) {
  if (error.domain == Domain::kHttp) return error.code == 11 || error.code == 12 || error.code >= 400;
  return error.domain == Domain::kEas || error.domain == Domain::kWbxml;
}

}  // namespace

/// It has something to send, and it may be sent now.
Result<bool> Account::sends(FolderState& folder) {
  HANDSYNC_TRY(read_again(folder));
  const replica::SyncFolder& row = folder.row;
  if (is_prime(row) || row.rekeying || !row.synced || folder.full) return false;
  store_.let_win(record_.client_wins);
  // What loses to an edit of ours is to be kept: it is fetched before the edit goes out.
  if (folder.pull_open || (record_.client_wins && !folder.looked)) {
    auto frozen = store_.has_frozen(row.id);
    if (!frozen.ok() || !frozen.value()) return frozen;
  }
  return store_.has_outgoing(row.id);
}

/// Those that send first, those that are asked for alone last; null: none is due.
Result<FolderState*> Account::next_due(bool& sends_first) {
  FolderState *together = nullptr, *alone = nullptr;
  sends_first = false;
  for (std::size_t i = 0; i < folder_count_; ++i) {
    FolderState& folder = folders_[i];
    if (!folder.due || !wanted(folder)) continue;
    FolderState*& first = folder.alone ? alone : together;
    if (!first) first = &folder;
    if (folder.alone) continue;
    auto waiting = sends(folder);
    if (!waiting.ok()) return waiting.error();
    sends_first = waiting.value();
    if (sends_first) return &folder;
  }
  if (together || !alone) return together;
  auto waiting = sends(*alone);
  if (!waiting.ok()) return waiting.error();
  sends_first = waiting.value();
  return alone;
}

Status Account::start_items() {
  bool any = false;
  for (std::size_t i = 0; i < folder_count_; ++i) {
    folders_[i].asked = false;
    folders_[i].refused = 0;
    any |= folders_[i].due && wanted(folders_[i]);
  }
  if (!any) {
    needs_ &= static_cast<std::uint16_t>(~kNeedItems);
    if (stop_in_doubt()) return policy::fault(policy::Fault::kAwaitsApproval);
    return Done{};
  }
  HANDSYNC_TRY(open_store());
  HANDSYNC_TRY(store_.hold_texts(texts_refused()));
  bool sends_first = false;
  auto due = next_due(sends_first);
  if (!due.ok()) return due.error();
  FolderState& folder = *due.value();
  if (sends_first && folder.row.type == FolderType::kDrafts) {
    replica::OutgoingDraft draft;
    auto next = store_.next_draft(folder.row.id, frozen_id(folder.row), draft);
    if (!next.ok()) return next.error();
    if (next.value()) {
      Status started = start_draft(folder, draft);
      if (!started.ok()) HANDSYNC_TRY(store_.draft_not_handed(folder.row.id));
      return started;
    }
  }
  Block items(core_.memory());  // what goes out of items is put together here before the request
  std::size_t item_bytes = 0;
  if (sends_first) {
    HANDSYNC_TRY(store_.prepare_items(folder.row.id, version_));
    auto bytes = store_.outgoing_bytes(folder.row.id, kItemBytesPerRequest);
    if (!bytes.ok()) return bytes.error();
    item_bytes = bytes.value();
    const bool personal = items::is_personal(items::class_of(folder.row.type));
    HANDSYNC_TRY(items.take(item_bytes + (personal ? 0 : kCategoryBytesMax)));
  }
  Call* call = nullptr;
  HANDSYNC_TRY(start_command(Command::kSync, Lane::kWork, call,
                             sends_first ? kSyncBodyBytesMax + item_bytes : kSmallBodyBytesMax));
  auto body = write_items(*call, folder, sends_first, items.room());
  if (!body.ok()) {
    call->free(core_.memory());
    return body.error();
  }
  expect_parts(*call);
  Status launched = launch(call, body.value());
  if (!launched.ok()) arriving_ = false;
  if (planted::on(planted::Bug::kPingBeforeCommit) && push_ && !wait_) return start_ping();
  return launched;
}

/// The answer to what is about to go comes part by part.
void Account::expect_parts(Call& call) {
  arriving_ = true;
  current_ = {};
  taken_count_ = 0;
  more_to_come_ = false;
  answer_items_ = 0;
  part_since_ms_ = core_.now().mono_ms;
  call.answer.emplace<protocol::SyncResponse>(arrival_, parts_);
  call.read_with_wbxml();
}

/// The request: `first` with its commands, or `first` and all others that are due and have none.
Result<std::size_t> Account::write_items(Call& call, FolderState& first, bool sends_first, Room items) {
  protocol::SyncWriter writer(call.body_room());
  window_ = 0;
  asked_count_ = 0;
  current_removals_ = current_to_deleted_ = false;
  current_commands_ = 0;
  bool texts = false;
  const auto ask = [&](FolderState& folder, std::span<const protocol::SyncCommand> commands, bool for_good) -> Status {
    replica::SyncFolder& row = folder.row;
    if (row.window == 0) row.window = record_.window_max < kWindowFirst ? record_.window_max : kWindowFirst;
    protocol::SyncRequest request = request_of(folder);
    request.get_changes = commands.empty();
    request.with_options = request.get_changes || texts;  // a text is taken where its options are known
    request.deletes_as_moves = request.deletes_as_moves && !for_good;
    request.commands = commands;
    HANDSYNC_TRY(writer.add(request));
    folder.asked = true;
    if (commands.empty()) folder.pull_open = true;
    if (row.window > window_) window_ = row.window;
    ++asked_count_;
    return Done{};
  };
  if (sends_first) {
    Block block(core_.memory());
    HANDSYNC_TRY(block.take(sizeof(Batch)));
    auto* batch = new (block.data()) Batch;
    auto frozen = store_.freeze_outgoing(first.row.id, frozen_id(first.row),
                                         std::span(batch->outgoing, first.singly ? 1 : kCommandsPerRequestMax), items);
    if (!frozen.ok()) return frozen.error();
    if (frozen.value() == 0 && first.row.type != FolderType::kDrafts) {
      // What does not fit is an error: a pull in its place would be followed by the same for ever.
      auto left = store_.has_outgoing(first.row.id);
      if (!left.ok()) return left.error();
      if (left.value()) return out_of_memory(items.size());
    }
    std::size_t removals = 0;
    bool for_good = false;
    for (std::size_t i = 0; i < frozen.value(); ++i) {
      const replica::Outgoing& from = batch->outgoing[i];
      batch->commands[i] = {from.server_id.view(),
                            from.remove,
                            from.has_read,
                            from.read,
                            from.has_flag,
                            from.flag_status,
                            from.flag_wall_ms,
                            from.flag_rest,
                            from.has_categories,
                            from.categories,
                            from.add,
                            from.client_id.view(),
                            from.data,
                            from.has_instance,
                            from.instance_ms,
                            false,
                            from.text};
      texts |= from.text;
      for_good |= from.for_good;
      removals += from.remove && !from.has_instance;
    }
    current_commands_ = static_cast<std::uint16_t>(frozen.value());
    current_removals_ = current_commands_ != 0 && removals == current_commands_;
    current_to_deleted_ = removals != 0 && !for_good;
    HANDSYNC_TRY(ask(first, {batch->commands, current_commands_}, for_good));
  } else {
    HANDSYNC_TRY(ask(first, {}, false));
  }
  for (FolderState* other = &first + 1; other != folders_ + folder_count_; ++other) {
    if (sends_first || first.alone || asked_count_ >= collections_max_) break;
    if (other->due && !other->alone && wanted(*other)) HANDSYNC_TRY(ask(*other, {}, false));
  }
  // All together answer with no more items than one of them would.
  return writer.finish(asked_count_ > 1 && version_ >= 121 ? window_ : std::uint16_t{0});
}

// -- the answer, part by part
// ------------------------------------------------------------------------------------------------------------

Status Account::begin_part(FolderState& folder) {
  current_pull_ = current_commands_ == 0 && !is_prime(folder.row);
  return arrival_.begin(folder.row, current_commands_ ? frozen_id(folder.row) : 0, core_.now().mono_ms);
}

Result<bool> Account::part_begins(Text collection_id, Class& kind) {
  FolderState* folder = nullptr;
  for (std::size_t i = 0; i < folder_count_ && !folder; ++i) {
    const bool meant = collection_id.empty() ? asked_count_ == 1 : folders_[i].row.server_id.view() == collection_id;
    if (folders_[i].asked && meant) folder = &folders_[i];
  }
  if (!folder) return false;
  if (current_ != FolderId{}) return current_ == folder->row.id;
  HANDSYNC_TRY(begin_part(*folder));
  current_ = folder->row.id;
  kind = items::class_of(folder->row.type);
  return true;
}

Status Account::part_ends(const protocol::SyncPart& part) {
  FolderState* folder = find(current_);
  if (folder && folder->asked && work_ && work_->for_body) return body_part_ends(*folder, part);
  current_ = {};
  if (!folder || !folder->asked) {  // it has gone meanwhile
    arrival_.drop();
    return Done{};
  }
  if (part.status > 1 || part.sync_key.empty() || part.sync_key.view() == "0") {
    folder->asked = false;
    arrival_.drop();
    const bool told = part.status > 1 && part.status < 1000;
    folder->refused =
        static_cast<std::uint16_t>(told ? part.status : static_cast<std::uint32_t>(AnswerFault::kNoStatus));
    return Done{};
  }
  // Commands always make a new key. One that comes back as it was sent is an answer of before, given once more on the
  // way here: it says nothing of these commands, which go again. A server that insists on it has taken them; and one
  // that names a ClientId of theirs (SOGo, whose keys are times and which would add the item once more).
  const bool same_key = current_commands_ != 0 && part.sync_key.view() == folder->row.sync_key.view() &&
                        !arrival_.answers_an_add() && !folder->same_key;
  folder->same_key = same_key;
  if (same_key) {
    folder->asked = false;
    arrival_.drop();
    return Done{};
  }
  HANDSYNC_TRY(take_items(*folder, part.sync_key.view(), part.more, part.items));
  folder->asked = false;  // a part has come when it has become true
  folder->faults = 0;
  folder->alone = false;
  ++taken_count_;
  answer_items_ += part.items;
  more_to_come_ |= part.more;
  part_since_ms_ = core_.now().mono_ms;
  return Done{};
}

// -- the answer as a whole
// ------------------------------------------------------------------------------------------------------------

void Account::ended_items(Call& call, Error error) {
  drop_drafting();
  FolderState* broken = find(current_);  // the one whose part had begun
  arriving_ = false;
  current_ = {};
  arrival_.drop();
  const bool several = asked_count_ > 1;
  FolderState* only = nullptr;
  std::size_t missing = 0;
  for (std::size_t i = 0; i < folder_count_; ++i) {
    if (!folders_[i].asked) continue;
    ++missing;
    if (!several) only = &folders_[i];
  }
  if (error && missing == 0) return judge_parts();  // it broke when all that was asked for had come

  if (error) {
    // The edit of a draft was noted as handed over before the request began: no bit of it has been read.
    if (only && only->row.type == FolderType::kDrafts && current_commands_ == 1 && !call.body_begun())
      if (Status noted = store_.draft_not_handed(only->row.id); !noted.ok()) return stop(noted.error());
    if (error.domain == Domain::kHttp && error.code < 100)
      for (std::size_t i = 0; i < folder_count_; ++i)
        if (folders_[i].asked && (!broken || broken == &folders_[i])) adapt_window(folders_[i], 0, false);
    if (only && error == Error{Domain::kHttp, 413, 0} && current_commands_ > 1)
      return collection_failed(*only, eas_error(Command::kSync, 4));
    if (only && error == Error{Domain::kHttp, 413, 0} && current_commands_ == 1) return park_command(*only, error);
    const bool of_a_folder = broken || only;
    if (of_a_folder && (error.domain == Domain::kHttp || is_the_requests(error)))
      at_fault(broken ? *broken : *only);  // and not where this device could not store it
    else if (!of_a_folder && several && taken_count_ == 0 && is_the_requests(error))
      fewer_together();
    judge_parts();
    return request_failed(call, error);
  }

  auto& answer = std::get<protocol::SyncResponse>(call.answer);
  const bool empty = call.answer_bytes == 0;
  Error refused;
  if (!empty && answer.root() != wbxml::air_sync::kSync)
    refused = protocol::answer_fault(Command::kSync, AnswerFault::kWrongRoot);
  else if (several && (answer.status() == 13 || answer.status() == 14))  // nothing we sent has what they speak of
    refused = eas_error(Command::kSync, static_cast<std::uint32_t>(AnswerFault::kNoStatus), answer.status());
  else if (answer.status() > 1)
    refused = eas_error(Command::kSync, answer.status());
  if (refused) {
    if (only) return collection_failed(*only, refused);
    judge_parts();
    return several ? several_refused(refused, answer.limit()) : follow(refused);
  }
  for (std::size_t i = 0; i < folder_count_; ++i) {
    if (!folders_[i].asked) continue;
    if (Status settled = not_mentioned(folders_[i], empty); !settled.ok()) {
      error = settled.error();
      break;
    }
  }
  collections_max_ =
      collections_max_ > collections_limit_ / 2 ? collections_limit_ : static_cast<std::uint8_t>(2 * collections_max_);
  judge_parts();
  if (error) follow(error);
}

/// The answer is sound, and has no part for it.
Status Account::not_mentioned(FolderState& folder, bool empty) {
  folder.asked = false;
  const bool prime = is_prime(folder.row), pull = current_commands_ == 0 && !prime;
  current_pull_ = pull;
  if (asked_count_ > 1) {
    bool settled = pull;
    if (pull && folder.row.rekeying) {
      auto standing = store_.resync_standing(folder.row.id);
      if (!standing.ok()) return standing.error();
      settled = standing.value().unconfirmed == 0;
    }
    if (!settled) {  // no first key, or a resync that would empty the folder because nobody spoke of it
      folder.alone = true;
      return Done{};
    }
    // Its items may be beyond the window that all have in common.
    if (more_to_come_ && answer_items_ != 0) return Done{};
  } else {
    folder.alone = false;
    if (!empty) {
      folder.refused = static_cast<std::uint16_t>(AnswerFault::kNoStatus);
      return Done{};
    }
    // No key came. Of the first request: the collection is not there (seen on SOGo). Of commands: they count as lost
    // and go again. A server that has nothing to say of them twice has taken them (SOGo, of deletions alone).
    if (!pull && current_removals_ && folder.same_key) {
      folder.same_key = false;
      HANDSYNC_TRY(begin_part(folder));
      return take_items(folder, folder.row.sync_key.view(), false, 0);
    }
    if (!pull) {
      folder.same_key = current_removals_;
      if (!current_removals_)
        folder.refused = prime ? std::uint16_t{12} : static_cast<std::uint16_t>(AnswerFault::kEmpty);
      return Done{};
    }
  }
  folder.pull_open = false;
  // Nothing is left to come. That completes a resync, which is a commit; else it is nothing to write down.
  if (!folder.row.rekeying) return items_committed(folder, {}, false, 0);
  HANDSYNC_TRY(begin_part(folder));
  return take_items(folder, folder.row.sync_key.view(), false, 0);
}

/// The request as a whole is refused, and it cannot be told for which folder.
void Account::several_refused(Error error, std::uint32_t limit) {
  const std::uint32_t status = protocol::eas_status(error);
  const bool passing = status == 5 || status == 12 || status == 16;
  const bool about_one = status < 100 || status == static_cast<std::uint32_t>(AnswerFault::kNoStatus);
  if (passing || !about_one) {
    if (status != 12) fewer_together();
    return follow(error);
  }
  // Each alone now. A server that takes one only is found out in a few steps.
  error_ = error;
  const bool told = status == 15 && limit != 0 && limit < asked_count_;
  collections_limit_ = static_cast<std::uint8_t>(told ? limit : asked_count_ / 2U);
  collections_max_ = told ? collections_limit_ : std::uint8_t{1};
}

void Account::fewer_together() { collections_max_ = collections_max_ > 4 ? collections_max_ / 4 : std::uint8_t{1}; }

void Account::at_fault(FolderState& folder) {
  if (++folder.faults < kFaultsTogetherMax) return;
  folder.alone = true;
  folder.faults = 0;
}

/// What follows from parts that were refused, when all others have become true.
void Account::judge_parts() {
  std::uint16_t followed[8];
  std::size_t count = 0;
  for (std::size_t i = 0; i < folder_count_; ++i) {
    FolderState& folder = folders_[i];
    folder.asked = false;
    const std::uint16_t told = folder.refused, status = told == 8 ? std::uint16_t{12} : told;
    if (status == 0) continue;
    folder.refused = 0;
    bool again = false;
    for (std::size_t j = 0; j < count; ++j) again |= followed[j] == status;
    if (!again && count < std::size(followed)) followed[count++] = status;
    if (asked_count_ == 1 || taken_count_ != 0) at_fault(folder);
    collection_failed(folder, eas_error(Command::kSync, told), again);
  }
}

}  // namespace handsync::sync
