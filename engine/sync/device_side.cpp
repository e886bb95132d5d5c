/// The device's part: lock, PIN, and the wipe that pre-empts everything.
#include "sync/core.h"

namespace handsync::sync {

using policy::Fault;
using policy::Wipe;
using policy::WipeScope;

void Core::user_active() {
  check_idle_lock();
  active_ms_ = now_.mono_ms;
}

void Core::check_idle_lock() {
  hal::Lock* screen = device_.lock();
  std::uint32_t idle_s = idle_lock_s();
  if (!screen || !idle_s || !pin_.set() || screen->locked()) return;
  if (now_.mono_ms - active_ms_ < std::uint64_t{idle_s} * 1000 || now_.mono_ms < lock_retry_ms_) return;
  lock_retry_ms_ = now_.mono_ms + kLockRetryMs;
  (void)lock();
}

Status Core::lock() {
  hal::Lock* screen = device_.lock();
  if (!screen) return hal::fault(hal::Fault::kRefused);
  HANDSYNC_TRY(screen->now());
  tell(AccountId{}, Notice::kLocked);
  return Done{};
}

Status Core::wipe_by_user() {
  if (wiping()) return policy::fault(wiped() ? Fault::kWiped : Fault::kWiping);
  device_error_ = {};
  arm_wipe(AccountId{}, WipeScope::kDevice, policy::WipeOrigin::kUser);
  return wiping() ? Status(Done{}) : Status(device_error_);
}

/// A pocket that types wipes nothing: before the last two tries a person shows that it is one. Nothing is counted here.
Status Core::check_codeword(Text codeword) {
  const policy::PinRules rules = pin_rules();
  if (!pin_.confirm_first(rules) || pin_.limit_reached(rules)) return Done{};
  bool same = codeword.size() == kPinCodeword.size();
  for (std::size_t i = 0; same && i < codeword.size(); ++i) {
    const char c = codeword[i];
    same = (c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c) == kPinCodeword[i];
  }
  if (same) return Done{};
  device_error_ = policy::fault(Fault::kPinCodeword, pin_.tries_left(rules));
  return device_error_;
}

Status Core::unlock(Bytes pin, Text codeword) {
  if (wiping()) return policy::fault(wiped() ? Fault::kWiped : Fault::kWiping);
  device_error_ = {};
  if (!pin_.set()) {
    // Where a policy wants a PIN, or one that cannot be read might, nothing opens without.
    if (enforcer_.damaged() || pin_rules().required) return device_error_ = policy::fault(Fault::kPinNotSet);
    hal::Lock* screen = device_.lock();
    Status released = screen ? screen->release() : Status(Done{});
    active_ms_ = now_.mono_ms;
    tell(AccountId{}, Notice::kState);
    return released;
  }
  if (work_ != Work::kNone) return engine_fault(EngineFault::kBusy);
  HANDSYNC_TRY(check_codeword(codeword));
  if (Status begun = pin_.begin_verify(device_, pin, pin_rules(), now_); !begun.ok()) {
    device_error_ = begun.error();
    if (pin_.limit_reached(pin_rules())) arm_wipe(AccountId{}, WipeScope::kDevice, policy::WipeOrigin::kPinLimit);
    return begun.error();
  }
  unlocking_ = true;
  start_job(Work::kPin);
  return Done{};
}

Status Core::set_pin(Bytes old_pin, Bytes new_pin, Text codeword) {
  if (wiping()) return policy::fault(wiped() ? Fault::kWiped : Fault::kWiping);
  if (work_ != Work::kNone) return engine_fault(EngineFault::kBusy);
  device_error_ = {};
  if (hal::Lock* screen = device_.lock(); screen && screen->locked() && !pin_.set() && enforcer_.damaged())
    return device_error_ = policy::fault(Fault::kLocked);
  HANDSYNC_TRY(check_codeword(codeword));
  if (Status begun = pin_.begin_change(device_, old_pin, new_pin, pin_rules(), now_); !begun.ok()) {
    device_error_ = begun.error();
    return begun.error();
  }
  unlocking_ = false;
  start_job(Work::kPin);
  return Done{};
}

Status Core::recover(Bytes recovery_password, Bytes new_pin, Text codeword) {
  if (wiping()) return policy::fault(wiped() ? Fault::kWiped : Fault::kWiping);
  if (work_ != Work::kNone) return engine_fault(EngineFault::kBusy);
  device_error_ = {};
  if (!caps().recovery_password) return device_error_ = policy::fault(Fault::kNoRecovery);
  HANDSYNC_TRY(check_codeword(codeword));
  if (Status begun = pin_.begin_recover(device_, recovery_password, new_pin, pin_rules(), now_); !begun.ok()) {
    device_error_ = begun.error();
    if (pin_.limit_reached(pin_rules())) arm_wipe(AccountId{}, WipeScope::kDevice, policy::WipeOrigin::kPinLimit);
    return begun.error();
  }
  unlocking_ = false;
  recovering_ = true;
  start_job(Work::kPin);
  return Done{};
}

bool Core::wants_recovery(AccountId id) const {
  if (!pin_.set() || !enforcer_.escrows(id)) return false;
  return pin_.recovery_account() == AccountId{} || (pin_.recovery_account() == id && !pin_.recovery_delivered());
}

void Core::pin_decided(Status outcome) {
  device_error_ = outcome.ok() ? Error{} : outcome.error();
  if (outcome.ok()) {
    active_ms_ = now_.mono_ms;
    // A wipe ordered while the PIN was being checked has locked the screen for good.
    if (hal::Lock* screen = device_.lock(); screen && (unlocking_ || recovering_) && !wiping()) {
      if (Status released = screen->release(); !released.ok()) device_error_ = released.error();
    }
    if (!unlocking_) enforcer_.refresh(device_, facts());
    policy_changed();
  } else if (pin_.limit_reached(pin_rules())) {
    arm_wipe(AccountId{}, WipeScope::kDevice, policy::WipeOrigin::kPinLimit);
  }
  recovering_ = false;
  tell(AccountId{}, Notice::kState);
  if (unlocking_ || wiping()) return;
  for (std::size_t i = 0; i < kAccountsMax; ++i)
    if (accounts_[i] && !removing_[i]) accounts_[i]->pin_changed();
}

DeviceView Core::device_view() const {
  DeviceView view;
  hal::Lock* screen = device_.lock();
  policy::PinRules rules = pin_rules();
  view.locked = screen && screen->locked();
  view.pin_set = pin_.set();
  view.pin_required = rules.required;
  view.pin_must_change = pin_.must_change(rules, now_);
  view.wiped = wipe_.device_wiped();
  view.wiping = wipe_.active();
  view.tries_left = pin_.tries_left(rules);
  view.throttled_s = pin_.throttled_s(now_);
  view.lock_after_s = idle_lock_s();
  view.codeword_wanted = pin_.confirm_first(rules) && !pin_.limit_reached(rules);
  view.recoverable = caps().recovery_password && pin_.recovery_delivered();
  view.device_id = device_id_;
  view.wipe = policy::wipe_finality(device_.keys());
  return view;
}

// -- wipe
// --------------------------------------------------------------------------------------------------------------------------

void Core::arm_wipe(AccountId account, WipeScope scope, policy::WipeOrigin origin) {
  // Recorded before it starts. If that fails nothing has happened, and the server asks again.
  if (Status armed = wipe_.arm(device_, scope, account, origin, now_); !armed.ok()) {
    device_error_ = armed.error();
    return;
  }
  wipe_tries_ = 0;
  wipe_deadline_ms_ = now_.mono_ms + std::uint64_t{kWipeAcknowledgeS} * 1000;
  if (scope == WipeScope::kDevice)
    if (hal::Lock* screen = device_.lock()) (void)screen->now();
  for (std::size_t i = 0; i < kAccountsMax; ++i) {
    if (!accounts_[i]) continue;
    bool hit = scope == WipeScope::kDevice || accounts_[i]->id() == account;
    if (hit) {
      withdraw(accounts_[i]->id());
      accounts_[i]->shut();
    }
  }
  drive_wipe();
}

/// At boot: one more acknowledgement, then it goes through.
void Core::resume_wipe() {
  wipe_tries_ = kWipeAcknowledgeTriesMax - 1;
  wipe_deadline_ms_ = now_.mono_ms + std::uint64_t{kWipeAcknowledgeS} * 1000;
  drive_wipe();
}

void Core::wipe_acknowledged(bool delivered) {
  ++wipe_tries_;
  if (delivered) wipe_tries_ = kWipeAcknowledgeTriesMax;
  drive_wipe();
}

void Core::drive_wipe() {
  for (;;) {
    if (work_ != Work::kNone) return;
    switch (wipe_.next()) {
      case Wipe::Next::kAcknowledge: {
        auto index = static_cast<std::size_t>(wipe_.account()) - 1;
        Account* owner = index < kAccountsMax ? accounts_[index] : nullptr;
        if (owner && owner->busy_acknowledging() && now_.mono_ms < wipe_deadline_ms_) return;
        bool try_now = owner && wipe_tries_ < kWipeAcknowledgeTriesMax && now_.mono_ms < wipe_deadline_ms_;
        if (try_now && owner->send_wipe_acknowledge(wipe_.scope() == WipeScope::kAccount).ok()) return;
        (void)wipe_.acknowledged(device_);  // never gates the wipe
        break;
      }
      case Wipe::Next::kRun:
        for (Account* account : accounts_)
          if (account && (wipe_.scope() == WipeScope::kDevice || account->id() == wipe_.account())) account->shut();
        return start_job(Work::kWipe);
      case Wipe::Next::kConclude:
        if (conclude_wipe()) break;
        wipe_retry_ms_ = now_.mono_ms + kWipeRetryMs;
        return;
      case Wipe::Next::kDone:
        for (Account* account : accounts_)
          if (account && !account->wiped()) account->become_wiped();
        tell(AccountId{}, Notice::kWiped);
        return;
      case Wipe::Next::kNothing:
        wipe_retry_ms_ = now_.mono_ms + kWipeRetryMs;
        return;
    }
    if (!wipe_.active() && !wipe_.device_wiped()) return;
  }
}

bool Core::conclude_wipe() {
  AccountId id = wipe_.account();
  auto index = static_cast<std::size_t>(id) - 1;
  (void)enforcer_.forget(device_, id);
  policy_changed();
  if (pin_.recovery_account() == id) (void)pin_.forget_recovery(device_);
  (void)device_.records().remove(hal::account_record(static_cast<hal::KeySlot>(id)));
  if (index < kAccountsMax && accounts_[index]) accounts_[index]->become_wiped();
  (void)store_account_list();
  if (!wipe_.conclude(device_).ok()) return false;
  tell(id, Notice::kWiped);
  tell(id, Notice::kIdle);
  for (std::size_t i = 0; i < kAccountsMax; ++i)
    if (accounts_[i] && !removing_[i] && !accounts_[i]->wiped()) accounts_[i]->advance();
  return true;
}

}  // namespace handsync::sync
