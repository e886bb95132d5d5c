/// Ping: waits for news on a lane of its own, only after every Sync is committed (MS-ASCMD 2.2.1.13). The heartbeat is
/// fixed at eight minutes within the server's limits; learning it is another matter.
#include "sync/core.h"

namespace handsync::sync {

using protocol::AnswerFault;
using protocol::Command;
using protocol::eas_error;

std::uint8_t Account::ping_trouble() const {
  std::uint8_t failed = loops_.of(Loop::kPings), empty = loops_.of(Loop::kEmptyPushes);
  return failed > empty ? failed : empty;
}

void Account::consider_ping() {
  if (!push_ || wait_ || work_ || stopped_ || wiped_ || needs_ || core_.wiping()) return;
  if (pushed_) {  // what the last Ping announced has been fetched: did it bring anything?
    pushed_ = false;
    if (pushed_items_ == 0) loops_.add(Loop::kEmptyPushes);
    std::uint8_t empty = loops_.of(Loop::kEmptyPushes);
    save_loops();
    if (empty > loop_limit(Loop::kEmptyPushes)) {
      error_ = protocol::answer_fault(Command::kPing, AnswerFault::kNoProgress);
      ping_not_before_ms_ =
          core_.now().mono_ms +
          pause_ms(core_.device().entropy(), empty - loop_limit(Loop::kEmptyPushes), kPauseFirstMs, 0, visit_requests_);
      visit_requests_ = 0;
    }
  }
  std::uint64_t now = core_.now().mono_ms;
  if (full_sync_visit_) {
    full_sync_visit_ = false;
    ping_not_before_ms_ = now + pause_ms(core_.device().entropy(), ping_trouble(), kPauseFirstMs, 0, visit_requests_);
    visit_requests_ = 0;
  }
  if (ping_started_ms_ && ping_not_before_ms_ < ping_started_ms_ + kPingFloorMs)
    ping_not_before_ms_ = ping_started_ms_ + kPingFloorMs;
  if (ping_not_before_ms_ > now || ping_waits_for_full_sync()) return;
  if (Status started = start_ping(); !started.ok()) follow(started.error());
}

Status Account::start_ping() {
  protocol::PingFolder folders[protocol::kPingFoldersMax];
  std::size_t count = 0;
  for (std::size_t i = 0; i < folder_count_ && count < protocol::kPingFoldersMax && count < ping_folders_max_; ++i)
    if (wanted(folders_[i]) && folders_[i].row.synced)
      folders[count++] = {folders_[i].row.server_id.view(), items::class_name(items::class_of(folders_[i].row.type))};
  if (count == 0) return Done{};
  Call* call = nullptr;
  HANDSYNC_TRY(start_command(Command::kPing, Lane::kWait, call, kSmallBodyBytesMax));
  auto body = protocol::write_ping(call->body_room(), heartbeat_s_, {folders, count});
  if (!body.ok()) {
    call->free(core_.memory());
    return body.error();
  }
  call->silence_s = call->total_s = heartbeat_s_ + kPingMarginS;
  call->answer.emplace<protocol::PingResponse>();
  call->read_with_wbxml();
  ping_started_ms_ = core_.now().mono_ms;
  HANDSYNC_TRY(launch(call, body.value()));
  core_.tell(id_, Notice::kPushWaiting);
  return Done{};
}

void Account::ended_ping(Call& call, Error error) {
  judging_ping_ = true;
  judge_ping(call, error);
  judging_ping_ = false;
}

void Account::judge_ping(Call& call, Error error) {
  bool early = core_.now().mono_ms - ping_started_ms_ < std::uint64_t{heartbeat_s_} * 500;
  if (!error && call.answer_bytes == 0) error = protocol::answer_fault(Command::kPing, AnswerFault::kEmpty);
  if (error) {
    bool silent = error.domain == Domain::kHttp && error.code < 100 && !early;
    if (silent) {  // a connection that died while it waited: news may have been missed
      mark_all_due();
      needs_ |= kNeedItems;
      if (loops_.of(Loop::kPings) > 0) return pause(error, call.retry_after_s);
      loops_.add(Loop::kPings);  // once is how a network changes; again and again is a path that does not hold
      return;
    }
    return request_failed(call, error);
  }
  auto& answer = std::get<protocol::PingResponse>(call.answer);
  auto changed = [&](bool known) {
    if (!pushed_) pushed_items_ = 0;
    pushed_ = true;
    if (!known) mark_all_due();
    needs_ |= kNeedItems;
    core_.tell(id_, Notice::kState);
  };
  switch (answer.status()) {
    case 1:
      succeed();
      // A heartbeat that ends at once would make us spin: it counts as a turn that brought nothing.
      if (early) {
        if (!pushed_) pushed_items_ = 0;
        pushed_ = true;
      } else {
        reset_loops({Loop::kPings, Loop::kEmptyPushes, Loop::kRefreshes});
        visit_requests_ = 0;
      }
      return;
    case 2: {
      reset_loops({Loop::kPings});
      bool known = !answer.changed_overflow() && answer.changed_count() > 0;
      for (std::size_t i = 0; i < answer.changed_count(); ++i) {
        FolderState* folder = find(answer.changed(i));
        if (folder)
          folder->due = true;
        else
          known = false;
      }
      return changed(known);
    }
    case 5:
      if (answer.heartbeat_s() >= kHeartbeatMinS / 6 && answer.heartbeat_s() != heartbeat_s_) {
        heartbeat_s_ = answer.heartbeat_s();
        if (open_store().ok()) (void)store_.put_number(replica::Value::kHeartbeat, heartbeat_s_);
        return;
      }
      return pause(eas_error(Command::kPing, 5), 0);
    case 6:
      if (answer.folders_max() && answer.folders_max() < ping_folders_max_) {
        ping_folders_max_ = answer.folders_max();
        return;
      }
      return pause(eas_error(Command::kPing, 6), 0);
    case 0:
      return follow(protocol::answer_fault(Command::kPing, AnswerFault::kNoStatus));
    default:
      return follow(eas_error(Command::kPing, answer.status()));
  }
}

}  // namespace handsync::sync
