/// When an account goes to the server by itself: push, at intervals, or not at all.
#include "sync/core.h"

namespace handsync::sync {

Surroundings Account::core_around() const { return core_.surroundings(); }

std::uint64_t Account::until_next_mode_ms() const {
  return push_ ? sync::until_next_mode_ms(record_.schedule, core_.surroundings()) : UINT64_MAX;
}

Status Account::set_schedule(const Schedule& schedule) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  HANDSYNC_TRY(check(schedule));
  AccountRecord record = record_;
  record.schedule = schedule;
  HANDSYNC_TRY(store_record(core_.device(), static_cast<hal::KeySlot>(id_), record));
  record_ = record;
  follow_mode();
  tell_state();
  return Done{};
}

void Account::follow_mode() {
  const std::uint16_t before = mode_, now = mode();
  mode_ = now;
  if (now == before || wiped_ || !push_) return;
  if (now != kPushMode) cancel(wait_);
  if (now == kManualMode) return tell_state();
  if (before == kPushMode) {
    // Nothing has been missed: the first visit is one interval away.
    visit_at_intervals(core_.now().mono_ms);
    return tell_state();
  }
  if (now == kPushMode || before == kManualMode) {
    mark_all_due();
    needs_ |= kNeedFolders | kNeedItems | kNeedMoves | kNeedOutbox | kNeedFolderChanges;
  } else {
    visit_at_intervals(core_.now().mono_ms);
  }
  advance();
}

/// The next Sync of everything comes after an interval; where a server or a network wants it so, within the budget.
void Account::visit_at_intervals(std::uint64_t now_ms) {
  if (mode_ == kPushMode) {
    if (full_sync_ms_ != 0 && full_sync_ms_ <= now_ms + kFullSyncMs / 2) return;  // said already
    const std::uint64_t cost = cost_ms(visit_requests_);
    full_sync_ms_ = now_ms + (cost > kPollMs ? cost : kPollMs);
  } else {
    const std::uint64_t interval = mode_ * std::uint64_t{60'000};
    if (full_sync_ms_ != 0 && full_sync_ms_ <= now_ms + interval) return;
    full_sync_ms_ = now_ms + interval;
  }
  visit_requests_ = 0;
}

}  // namespace handsync::sync
