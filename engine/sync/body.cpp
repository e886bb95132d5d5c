/// The rest of one body that Sync has cut: ItemOperations Fetch, and in 2.5, which has none, Sync with a Fetch among
/// its commands. What comes is staged and committed as items are.
#include "sync/core.h"

namespace handsync::sync {

using protocol::AnswerFault;
using protocol::Command;
using protocol::eas_error;

Status Account::start_body() {
  needs_ &= static_cast<std::uint16_t>(~kNeedBody);
  HANDSYNC_TRY(open_store());
  auto address = store_.address_of(body_item_);
  if (!address.ok()) return address.error();
  FolderState* folder = find(address.value().folder);
  if (!folder) return Error{Domain::kSqlite, replica::kNoSuchFolder, 0};
  const Class kind = items::class_of(folder->row.type);
  const Text server_id = address.value().server_id.view();
  const bool by_sync = profile::below(version_, 120);
  if (by_sync) {
    if (kind != Class::kEmail) return engine_fault(EngineFault::kNotInVersion);
    // It goes with the folder's key: not before there is one, nor between commands and their answer.
    auto frozen = store_.has_frozen(folder->row.id);
    if (!frozen.ok()) return frozen.error();
    if (frozen.value() || !folder->row.synced || folder->row.rekeying || folder->stale) {
      // A folder that does not come to rest would be asked for ever.
      if (!wanted(*folder)) return engine_fault(EngineFault::kNotInVersion);
      if (folder->doubtful) return policy::fault(policy::Fault::kAwaitsApproval);
      if (folder->row.rounds_without_progress > 0 && !folder->due)
        return protocol::answer_fault(Command::kSync, AnswerFault::kNoProgress);
      folder->due = true;
      needs_ |= kNeedItems | kNeedBody;
      return start_items();
    }
  }
  Call* call = nullptr;
  HANDSYNC_TRY(
      start_command(by_sync ? Command::kSync : Command::kItemOperations, Lane::kWork, call, kSmallBodyBytesMax));
  call->for_body = true;
  Result<std::size_t> body = std::size_t{0};
  if (by_sync) {
    protocol::SyncCommand fetch;
    fetch.server_id = server_id;
    fetch.fetch = true;
    protocol::SyncRequest request;
    request.version = version_;
    request.collection_id = folder->row.server_id.view();
    request.sync_key = folder->row.sync_key.view();
    request.kind = kind;
    request.get_changes = request.with_options = false;
    request.commands = {&fetch, 1};
    body = protocol::write_sync(call->body_room(), request);
    call->answer.emplace<protocol::SyncResponse>(arrival_, parts_);
    folder->asked = true;
    folder->refused = 0;
    body_had_ = false;
    asked_count_ = 1;
  } else {
    const bool html = core_.caps().html && !items::is_personal(kind);
    body = protocol::write_fetch_item(call->body_room(), version_, folder->row.server_id.view(), server_id, html);
    call->answer.emplace<protocol::FetchResponse>(arrival_, kind);
  }
  Status begun = body.ok() ? arrival_.begin(folder->row, 0, core_.now().mono_ms) : Status(body.error());
  if (!begun.ok()) {
    call->free(core_.memory());
    return begun;
  }
  arriving_ = true;
  current_ = folder->row.id;
  body_asked_ = body_item_;
  asked_stale_ = reading_stale_;
  call->read_with_wbxml();
  Status launched = launch(call, body.value());
  if (!launched.ok()) {
    arrival_.drop();
    arriving_ = false;
    return launched;
  }
  needs_ |= kNeedBody;  // until it is here
  return launched;
}

/// The answer of 2.5: the item comes with the folder's next key.
Status Account::body_part_ends(FolderState& folder, const protocol::SyncPart& part) {
  if (part.status > 1 || part.sync_key.empty()) {
    folder.asked = false;
    folder.refused =
        static_cast<std::uint16_t>(part.status > 1 ? part.status : static_cast<std::uint32_t>(AnswerFault::kNoStatus));
    return Done{};
  }
  HANDSYNC_TRY(take_body(folder, part.sync_key.view()));
  folder.asked = false;
  body_had_ = part.fetch == 1;
  return Done{};
}

/// An empty key: of ItemOperations none comes, and the folder's stays.
Status Account::take_body(FolderState& folder, Text key) {
  auto applied = arrival_.commit(key, true, core_.now().wall_ms);
  folder.stale = folder.stale || !key.empty();
  if (applied.ok()) return Done{};
  arrival_.drop();
  // Deselected, removed or re-keyed meanwhile: what came is of no use, and nothing is wrong.
  const bool overtaken = applied.error().domain == Domain::kSqlite && applied.error().code == replica::kOvertaken;
  return overtaken ? Status(Done{}) : Status(applied.error());
}

void Account::ended_body(Call& call, Error error) {
  arriving_ = false;
  FolderState* folder = find(current_);
  current_ = {};
  auto* synced = std::get_if<protocol::SyncResponse>(&call.answer);
  if (!error && call.answer_bytes == 0) error = protocol::answer_fault(call.command, AnswerFault::kEmpty);
  Error refused;
  if (!error && !synced) refused = std::get<protocol::FetchResponse>(call.answer).refusal();
  if (synced && folder) {
    const bool missing = folder->asked;
    if (!missing) error = {};  // it broke when all that was asked for had come
    const std::uint32_t status = error                  ? 0
                                 : folder->refused      ? folder->refused
                                 : !missing             ? 0
                                 : synced->status() > 1 ? synced->status()
                                                        : static_cast<std::uint32_t>(AnswerFault::kNoStatus);
    folder->asked = false;
    folder->refused = 0;
    if (status) {  // of the folder, not of the item
      arrival_.drop();
      body_settled();
      folder->due = true;
      needs_ |= kNeedItems;
      current_commands_ = 0;
      return collection_failed(*folder, eas_error(Command::kSync, status), false);
    }
    if (!error && !body_had_) {
      refused = eas_error(Command::kItemOperations, 6);
      folder->due = true;  // what has become of it the next Sync says
    }
  }
  if (error || refused || !folder) {
    arrival_.drop();
    if (error) return request_failed(call, error);
    body_settled();
    if (!asked_stale_) return follow(refused);
    // It is not there, or cannot be had: the next Sync says what has become of it.
    if (Status noted = store_.not_stale(body_asked_); !noted.ok()) return follow(noted.error());
    return look_at_stale();
  }
  body_settled();
  if (!synced)
    if (Status taken = take_body(*folder, {}); !taken.ok()) return follow(taken.error());
  succeed();
  if (asked_stale_)  // also where nothing of it was of use
    if (Status noted = store_.not_stale(body_asked_); !noted.ok()) return follow(noted.error());
  look_at_stale();
}

/// What a person has asked for meanwhile is still wanted.
void Account::body_settled() {
  if (body_item_ != body_asked_) return;
  needs_ &= static_cast<std::uint16_t>(~kNeedBody);
  reading_stale_ = false;
}

}  // namespace handsync::sync
