/// Ping: waits for news on a lane of its own, only after every Sync is committed (MS-ASCMD 2.2.1.13). How long: see
/// heartbeat.h. What the server remembers of the last one is left out.
#include "sync/core.h"

namespace handsync::sync {

using protocol::AnswerFault;
using protocol::Command;
using protocol::eas_error;

namespace {

std::uint64_t fingerprint(std::span<const protocol::PingFolder> folders) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const protocol::PingFolder& folder : folders) {
    for (char c : folder.server_id) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    hash = (hash ^ 0x100U) * 0x100000001B3ULL;
  }
  return hash ? hash : 1;
}

}  // namespace

void Account::save_heartbeat() {
  if (!heartbeat_.changed() || !store_.is_open()) return;
  std::byte room[Heartbeat::kPackedBytes];
  heartbeat_.pack(room);
  // Not stored is learnt again.
  if (store_.put(replica::Value::kHeartbeat, room).ok()) heartbeat_.packed();
}

std::uint8_t Account::ping_trouble() const {
  std::uint8_t failed = loops_.of(Loop::kPings), empty = loops_.of(Loop::kEmptyPushes);
  return failed > empty ? failed : empty;
}

void Account::consider_ping() {
  if (!automatic() || wait_ || work_ || stopped_ || wiped_ || needs_ || core_.wiping() || core_.offline()) return;
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
  save_heartbeat();
  if (mode_ != kPushMode || heartbeat_.polls(now)) {  // no Ping: everything is synced at intervals
    visit_at_intervals(now);
    return;
  }
  if (ping_started_ms_ && ping_not_before_ms_ < ping_started_ms_ + kPingFloorMs)
    ping_not_before_ms_ = ping_started_ms_ + kPingFloorMs;
  if (ping_not_before_ms_ > now || ping_waits_for_full_sync()) return;
  if (options_before_ping_) {
    options_before_ping_ = false;
    options_for_ping_ = true;
    needs_ |= kNeedOptions;
    return advance();
  }
  FolderState* alone = profile::kHangingSync ? watched_alone() : nullptr;
  if (Status started = alone ? start_hanging(*alone) : start_ping(); !started.ok()) follow(started.error());
}

Status Account::start_ping() {
  protocol::PingFolder folders[protocol::kPingFoldersMax];
  std::size_t count = 0, body_bytes_max = 32;
  for (std::size_t i = 0; i < folder_count_ && count < protocol::kPingFoldersMax && count < ping_folders_max_; ++i)
    // Whom one writes to is no news: it comes with the next full sync.
    if (wanted(folders_[i]) && folders_[i].row.synced && folders_[i].row.type != FolderType::kRecipients) {
      body_bytes_max += folders_[i].row.server_id.view().size() + 24;
      folders[count++] = {folders_[i].row.server_id.view(),
                          items::class_name(folders_[i].row.type == FolderType::kOutbox && sends_outbox()
                                                ? Class::kSms
                                                : items::class_of(folders_[i].row.type))};
    }
  if (count == 0) return Done{};
  Call* call = nullptr;
  HANDSYNC_TRY(start_command(Command::kPing, Lane::kWait, call, body_bytes_max));
  heartbeat_s_ = heartbeat_.next_s(core_.now().mono_ms);
  telling_ = {heartbeat_s_, fingerprint({folders, count})};
  Result<std::size_t> body = std::size_t{0};
  if (telling_ != told_) {
    std::span<const protocol::PingFolder> news(folders, telling_.folders == told_.folders ? 0 : count);
    body = protocol::write_ping(call->body_room(), heartbeat_s_, news);
  }
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

/// The connection died while it waited: news may have been missed.
void Account::judge_lost_ping(Error error, std::uint64_t took_ms) {
  auto took_s = static_cast<std::uint32_t>(took_ms / 1000);
  bool timed_out = error.code == 11 || error.code == 12;
  if (timed_out)
    heartbeat_.lost(heartbeat_s_, core_.now().mono_ms);
  else
    heartbeat_.closed(took_s, core_.now().mono_ms);
  mark_all_due();
  needs_ |= kNeedItems;
  if (loops_.of(Loop::kPings) > 0) return pause(error, 0);
  loops_.add(Loop::kPings);  // once is how a network changes; again and again is a path that does not hold
}

/// For as long as it was to: whatever was wrong with waiting is over.
void Account::waited_well() {
  reset_loops({Loop::kFailures, Loop::kPings, Loop::kEmptyPushes, Loop::kRefreshes});
  visit_requests_ = 0;
  ping_remedied_ = 0;
}

void Account::judge_ping(Call& call, Error error) {
  std::uint64_t took_ms = core_.now().mono_ms - ping_started_ms_;
  bool early = took_ms < std::uint64_t{heartbeat_s_} * 500;
  Told before = told_;
  told_ = {};
  if (!error && call.answer_bytes == 0) error = protocol::answer_fault(Command::kPing, AnswerFault::kEmpty);
  if (error) {
    if (error.domain == Domain::kHttp && error.code < 100 && !early) return judge_lost_ping(error, took_ms);
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
    case 1: {
      succeed();
      told_ = telling_;
      auto took_s = static_cast<std::uint32_t>(took_ms / 1000);
      bool own_time = took_s + kPingEarlyS < heartbeat_s_;  // the server's, not the one it was asked for
      if (!own_time)
        heartbeat_.lasted(heartbeat_s_);
      else if (took_s >= kPushLeastS)
        heartbeat_.capped(took_s, core_.now().mono_ms);
      // One that ends at once would make us spin: it counts as a turn that brought nothing.
      if (own_time && took_s < kPushLeastS) {
        if (!pushed_) pushed_items_ = 0;
        pushed_ = true;
      } else {
        waited_well();
      }
      return;
    }
    case 2: {
      told_ = telling_;
      heartbeat_.lasted(static_cast<std::uint32_t>(took_ms / 1000));
      if (profile::kHangingSync) weigh_hanging(1);
      reset_loops({Loop::kPings});
      ping_remedied_ = 0;
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
    case 3:  // what it was to remember it does not: all of it once more
      if (before.folders) return;
      return follow(eas_error(Command::kPing, 3));
    case 5:
      if (heartbeat_.bound(heartbeat_s_, answer.heartbeat_s(), core_.now().mono_ms)) return;
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
