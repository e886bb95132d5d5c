/// A Sync that waits (MS-ASCMD 2.2.1.21; HeartbeatInterval, below 14.0 Wait): where one folder is all there is to watch
/// it takes the place of the Ping, and its answer is the news itself, a round trip sooner. It waits on the Ping's lane,
/// as long as heartbeat.h says. With the first bytes of its answer it becomes an answer to Sync as any other
/// (together.cpp). Whatever else goes out ends it first: its key is in doubt then, and the same key goes again.
#include <utility>

#include "sync/core.h"

namespace handsync::sync {

using protocol::Command;

namespace {

/// A mail that comes saves a round trip. Whatever else is sent costs a new connection and a pull before it, as the key
/// is in doubt: so who changes more than half as often as mail comes, or gets less than a mail in two hours, waits in a
/// Ping.
constexpr int kWorthMax = 4, kWorthLeast = -2, kPastIt = -2;
/// Of a server that does not wait in a Sync, or refuses to: so long push is by Ping.
constexpr std::uint64_t kPutAsideMs = 24 * 3'600'000ULL;

}  // namespace

void Account::weigh_hanging(int by) {
  const int worth = hanging_worth_ + by;
  hanging_worth_ = static_cast<std::int8_t>(worth > kWorthMax ? kWorthMax : worth < kWorthLeast ? kWorthLeast : worth);
}

/// The one folder that push watches, if it is one, all is well, and in a Sync it is watched more cheaply.
FolderState* Account::watched_alone() {
  const bool well = ping_trouble() == 0 && loops_.of(Loop::kFailures) == 0;
  if (!well || hanging_worth_ <= 0 || version_ < 121 || core_.now().mono_ms < hanging_not_before_ms_) return nullptr;
  FolderState* only = nullptr;
  for (std::size_t i = 0; i < folder_count_; ++i) {
    if (!wanted(folders_[i]) || folders_[i].row.type == FolderType::kRecipients) continue;
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
  // An empty request repeats the one before (MS-ASCMD 2.2.1.21).
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
void Account::go_past_hanging(const Call& call) {
  const bool sync = call.kind == Kind::kCommand && call.command == Command::kSync;
  if (sync) hanging_told_s_ = 0;
  if (!sync || current_commands_ != 0) weigh_hanging(kPastIt);
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

/// What fails is a Sync that has failed, like any other, and push is by Ping for a day if the server was to blame.
void Account::ended_hanging(Call& call, Error error) {
  const std::uint64_t now = core_.now().mono_ms, took_ms = now - ping_started_ms_;
  const auto took_s = static_cast<std::uint32_t>(took_ms / 1000);
  FolderState* folder = find(hanging_);
  auto* answer = std::get_if<protocol::SyncResponse>(&call.answer);
  const bool lost = error.domain == Domain::kHttp && error.code < 100;
  bool refused = false;
  if (!answer && lost && took_ms >= std::uint64_t{heartbeat_s_} * 500) {
    judging_ping_ = true;
    judge_lost_ping(error, took_ms);
    judging_ping_ = false;
  } else if (!answer && !error) {  // nothing new
    refused = took_s + kPingEarlyS < heartbeat_s_;
    succeed();
    if (!refused) {
      heartbeat_.lasted(heartbeat_s_);
      waited_well();
    }
    hanging_told_s_ = heartbeat_s_;
    if (folder) folder->pull_open = false;
  } else if (answer && !error && (answer->status() == 13 || answer->status() == 14)) {
    // It does not know what was to be repeated (13), or waits longer or not as long and says how long (14).
    arriving_ = false;
    current_ = {};
    arrival_.drop();
    if (folder) folder->asked = false;
    const std::uint32_t limit_s = version_ < 140 ? answer->limit() * 60 : answer->limit();
    refused = answer->status() == 13 || !heartbeat_.bound(heartbeat_s_, limit_s, now);
  } else {
    if (answer) {
      ended_items(call, error);
    } else {
      if (folder) folder->due = true;
      needs_ |= kNeedItems;
      request_failed(call, error);
    }
    refused = error_ && !lost;
    if (!error_) {
      heartbeat_.lasted(took_s);
      reset_loops({Loop::kPings});
      ping_remedied_ = 0;
      if (pushed_items_ != 0) weigh_hanging(1);
    }
  }
  if (refused) hanging_not_before_ms_ = now + kPutAsideMs;
}

}  // namespace handsync::sync
