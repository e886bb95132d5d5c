/// A Sync that waits (MS-ASCMD 2.2.1.21; HeartbeatInterval, below 14.0 Wait): where one folder is all there is to watch
/// it takes the place of the Ping, and its answer is the news itself, a round trip sooner. It waits on the Ping's lane,
/// as long as heartbeat.h says. With the first bytes of its answer it becomes an answer to Sync as any other
/// (together.cpp). Whatever else goes out ends it first: its key is in doubt then, and the same key goes again.
#include <utility>

#include "sync/core.h"

namespace handsync::sync {

using protocol::Command;

namespace {

/// A mail that comes saves a round trip. A change of the user's costs a pull before it, as the key is in doubt, and
/// the request that waited: so who changes more than half as often as mail comes waits in a Ping.
constexpr std::int8_t kWorthMax = 4, kWorthLeast = -4;
/// Of a server that does not wait in a Sync, or refuses to: so many pushes by Ping before it is tried again.
constexpr std::int8_t kPutAside = -100;
constexpr std::uint64_t kAtOnceMs = 10'000;

bool of_the_server(Error error) {
  return error.domain == Domain::kEas || error.domain == Domain::kWbxml ||
         (error.domain == Domain::kHttp && error.code >= 100);
}

}  // namespace

void Account::weigh_hanging(int by) {
  if (by > 0 ? hanging_worth_ < kWorthMax : hanging_worth_ > kWorthLeast)
    hanging_worth_ = static_cast<std::int8_t>(hanging_worth_ + by);
}

/// The one folder that push watches, if it is one, and in a Sync it is watched more cheaply.
FolderState* Account::watched_alone() {
  if (hanging_worth_ <= 0 || version_ < 121) return nullptr;
  FolderState* only = nullptr;
  for (std::size_t i = 0; i < folder_count_; ++i) {
    if (!wanted(folders_[i])) continue;
    if (only) return nullptr;
    only = &folders_[i];
  }
  const bool at_rest = only && only->row.synced && !is_prime(only->row) && !only->row.rekeying && !only->stale &&
                       !only->doubtful && !only->alone;
  return at_rest ? only : nullptr;
}

Status Account::start_hanging(FolderState& folder) {
  Call* call = nullptr;
  HANDSYNC_TRY(start_command(Command::kSync, Lane::kWait, call, kSmallBodyBytesMax));
  heartbeat_s_ = heartbeat_.next_s(core_.now().mono_ms);
  if (version_ < 140) heartbeat_s_ -= heartbeat_s_ % 60;
  Result<std::size_t> body = std::size_t{0};
  if (std::exchange(hanging_told_s_, 0U) != heartbeat_s_ || hanging_ != folder.row.id) {
    protocol::SyncWriter writer(call->body_room());
    protocol::SyncRequest request = request_of(folder);
    request.with_options = false;  // those of the pull before stand
    Status added = writer.add(request);
    body = added.ok() ? writer.finish(0, heartbeat_s_) : Result<std::size_t>(added.error());
  }
  if (!body.ok()) {
    call->free(core_.memory());
    return body.error();
  }
  call->hangs = true;
  call->silence_s = heartbeat_s_ + kPingMarginS;
  call->total_s = call->silence_s + kCommandTotalS;
  hanging_ = folder.row.id;
  folder.pull_open = true;
  ping_started_ms_ = core_.now().mono_ms;
  HANDSYNC_TRY(launch(call, body.value()));
  core_.tell(id_, Notice::kPushWaiting);
  return Done{};
}

/// A request of another kind begins. One that waits in a Sync would be overtaken by it.
void Account::give_up_hanging(const Call& for_what) {
  if (for_what.kind == Kind::kCommand && for_what.command == Command::kSync) hanging_told_s_ = 0;
  if (wait_ && wait_->hangs) cancel(wait_);
}

/// The first bytes have come.
Status Account::hanging_answers(Call& call) {
  work_ = &call;
  wait_ = nullptr;
  FolderState* folder = find(hanging_);
  if (!folder) return Error{Domain::kSqlite, replica::kNoSuchFolder, 0};
  needs_ |= kNeedItems;
  folder->due = true;
  HANDSYNC_TRY(open_store());
  for (std::size_t i = 0; i < folder_count_; ++i) {
    folders_[i].asked = &folders_[i] == folder;
    folders_[i].refused = 0;
  }
  asked_count_ = 1;
  current_commands_ = 0;
  current_removals_ = current_to_deleted_ = false;
  window_ = folder->row.window;
  pushed_ = true;  // one that brings nothing counts as a Ping that announced nothing
  pushed_items_ = 0;
  expect_parts(call);
  return Done{};
}

void Account::ended_hanging(Call& call, Error error) {
  const std::uint64_t now = core_.now().mono_ms, took_ms = now - ping_started_ms_;
  const bool repeated = call.body_bytes() == 0;
  FolderState* folder = find(hanging_);
  if (auto* answer = std::get_if<protocol::SyncResponse>(&call.answer)) {
    if (!error && (answer->status() == 13 || answer->status() == 14)) {
      // It does not know what was to be repeated; or it waits longer or not as long, and says how long (14).
      arriving_ = false;
      current_ = {};
      arrival_.drop();
      if (folder) folder->asked = false;
      const std::uint32_t limit_s = version_ < 140 ? answer->limit() * 60 : answer->limit();
      const bool known = answer->status() == 13 ? repeated : heartbeat_.bound(heartbeat_s_, limit_s, now);
      if (answer->status() == 13) hanging_repeats_ = false;
      if (!known) hanging_worth_ = kPutAside;
      return;
    }
    if (!error && answer->status() <= 1) {
      heartbeat_.lasted(static_cast<std::uint32_t>(took_ms / 1000));
      reset_loops({Loop::kPings});
      ping_remedied_ = 0;
    }
    ended_items(call, error);
    if (of_the_server(error_)) weigh_hanging(kWorthLeast - kWorthMax);
    if (!error_ && pushed_items_ != 0) weigh_hanging(1);
    return;
  }
  judging_ping_ = true;
  if (error.domain == Domain::kHttp && error.code < 100 && took_ms >= std::uint64_t{heartbeat_s_} * 500) {
    judge_lost_ping(error, took_ms);
  } else if (error) {
    if (of_the_server(error)) weigh_hanging(kWorthLeast - kWorthMax);
    request_failed(call, error);
  } else {
    if (folder) folder->pull_open = false;
    if (!nothing_new(took_ms) && took_ms < kAtOnceMs) hanging_worth_ = kPutAside;
    if (hanging_repeats_) hanging_told_s_ = heartbeat_s_;
  }
  judging_ping_ = false;
}

}  // namespace handsync::sync
