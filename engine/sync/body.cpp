/// The rest of one body that Sync has cut: ItemOperations Fetch, and in 2.5, which has none, Sync with a Fetch among
/// its commands. What comes is staged and committed as items are.
#include "sync/core.h"

namespace handsync::sync {

using protocol::AnswerFault;
using protocol::Command;

Status Account::start_body() {
  needs_ &= static_cast<std::uint16_t>(~kNeedBody);
  HANDSYNC_TRY(open_store());
  auto address = store_.address_of(body_item_);
  if (!address.ok()) return address.error();
  FolderState* folder = find(address.value().folder);
  if (!folder) return Error{Domain::kSqlite, replica::kNoSuchFolder, 0};
  const Class kind = items::class_of(folder->row.type);
  const Text server_id = address.value().server_id.view();
  const bool by_sync = version_ < 120;
  if (by_sync) {
    if (kind != Class::kEmail) return engine_fault(EngineFault::kNotInVersion);
    // It goes with the folder's key: not before there is one, nor between commands and their answer.
    auto frozen = store_.has_frozen(folder->row.id);
    if (!frozen.ok()) return frozen.error();
    if (frozen.value() || !folder->row.synced || folder->row.rekeying || folder->stale) {
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
    call->answer.emplace<protocol::SyncResponse>(arrival_, folder->row.server_id.view(), kind);
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

void Account::ended_body(Call& call, Error error) {
  bool was_arriving = arriving_;
  arriving_ = false;
  FolderState* folder = find(current_);
  if (!error && call.answer_bytes == 0) error = protocol::answer_fault(call.command, AnswerFault::kEmpty);
  auto* synced = std::get_if<protocol::SyncResponse>(&call.answer);
  Error refused;
  if (!error) refused = synced ? synced->fetch_refusal() : std::get<protocol::FetchResponse>(call.answer).refusal();
  if (error || refused || !folder) {
    if (was_arriving) arrival_.drop();
    if (error) return request_failed(call, error);
    needs_ &= static_cast<std::uint16_t>(~kNeedBody);
    return follow(refused);
  }
  needs_ &= static_cast<std::uint16_t>(~kNeedBody);
  // Of ItemOperations no key comes, and the folder's stays.
  auto applied = arrival_.commit(synced ? synced->sync_key() : Text(), true, core_.now().wall_ms);
  if (synced) folder->stale = true;
  if (!applied.ok()) {
    arrival_.drop();
    // Deselected, removed or re-keyed meanwhile: what came is of no use, and nothing is wrong.
    if (applied.error().domain == Domain::kSqlite && applied.error().code == replica::kOvertaken) return;
    return follow(applied.error());
  }
  succeed();
}

}  // namespace handsync::sync
