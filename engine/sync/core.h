/// The engine behind handsync/engine.h: accounts, the one device they share, and what next() hands out. Engine thread
/// only.
#pragma once
#include "handsync/engine.h"
#include "policy/enforcer.h"
#include "policy/pin.h"
#include "policy/wipe.h"
#include "sync/account.h"

namespace handsync::sync {

inline constexpr std::size_t kAccountsMax = profile::kAccountsMax;
inline constexpr std::size_t kTellsMax = 48;
inline constexpr std::size_t kCancelsMax = 16;

/// Removes an account: key first, then files. Idempotent.
struct RemoveJob final : Job {
  void run(hal::Device&, hal::Progress&) override;
  hal::KeySlot slot = 0;
  Error error{};
};

class Core final : public Engine {
 public:
  Core(hal::Device& device, Memory memory) : device_(device), memory_(memory) {}
  Status boot(const Options&, Instant);
  void shut();

  // -- for accounts
  // ------------------------------------------------------------------------------------------------------
  hal::Device& device() { return device_; }
  Memory memory() const { return memory_; }
  const Instant& now() const { return now_; }
  void set_now(Instant now) { now_ = now; }
  const Options& options() const { return options_; }
  Text device_id() const { return device_id_.view(); }
  policy::Enforcer& enforcer() { return enforcer_; }
  policy::Caps caps() const { return enforcer_.caps(); }
  /// RequireManualSyncWhenRoaming: nothing goes out but what a person asks for. A network nobody has told of yet counts
  /// as roaming.
  bool held_by_roaming() const { return caps().manual_when_roaming && (!network_told_ || network_.roaming); }
  Surroundings surroundings() const {
    return {now_.wall_ms + utc_offset_s_ * std::int64_t{1000}, network_.roaming, held_by_roaming(),
            power_.percent <= kBatteryLowPercent && !power_.charging};
  }
  /// There is no way out: nothing is tried but what a person asks for.
  bool offline() const { return !network_.up || network_.portal; }
  void mode_may_have_changed();  ///< the network, the battery, the zone or the policy has
  policy::Pin& pin() { return pin_; }
  policy::PinRules pin_rules() const;
  policy::Facts facts() const;
  /// Nothing is read and nothing synced until the PIN has been changed.
  bool pin_must_change() const { return pin_.must_change(pin_rules(), now_); }
  void policy_changed();  ///< of whichever account, or it is gone: what hangs on that is brought up to date
  RequestId new_request() { return RequestId{++last_request_}; }
  void tell(AccountId, Notice, std::uint32_t folder = 0, std::uint32_t count = 0, std::uint64_t generation = 0);
  void cancelled(RequestId);
  QuestionId ask(AccountId, Question);
  void withdraw(AccountId);
  /// A directive from a verified channel of the enrolled server. From here on nothing else happens.
  void arm_wipe(AccountId, policy::WipeScope, policy::WipeOrigin);
  void wipe_acknowledged(bool delivered);
  bool wiping() const { return wipe_.active() || wipe_.device_wiped(); }
  bool wiped() const { return wipe_.device_wiped(); }

  // -- the face
  // ------------------------------------------------------------------------------------------------------------
  bool next_effect(Effect&);
  Wake next_wake() const;
  Account* account(AccountId);
  const Account* account(AccountId) const;
  Account* owner(RequestId, Call*&);
  Account* looking_up(RequestId);
  Result<AccountId> add(const AccountSettings&, Bytes password);
  Status remove(AccountId);
  void tick();
  Job& job(JobId);
  void job_done(JobId);
  void answered(QuestionId, std::uint16_t choice, Bytes secret);
  void user_active();
  void texts();  ///< takes what the modem tells, and hands over what waits for it (texts.cpp)
  Status lock();
  Status wipe_by_user();
  Status unlock(Bytes pin, Text codeword);
  Status set_pin(Bytes old_pin, Bytes new_pin, Text codeword = {});
  Status recover(Bytes recovery_password, Bytes new_pin, Text codeword);
  /// Its server is to be given a recovery password: it allows that, and none is kept yet, here or by another account.
  bool wants_recovery(AccountId) const;
  DeviceView device_view() const;
  Error device_error() const { return device_error_; }
  void network(const Network&);
  void power(const Power& power) {
    power_ = power;
    mode_may_have_changed();
  }
  void zone(std::int32_t utc_offset_s) {
    utc_offset_s_ = utc_offset_s;
    mode_may_have_changed();
  }
  Bytes network_id() const { return network_.id; }
  std::size_t list(std::span<AccountId>) const;

 private:
  enum class Work : std::uint8_t { kNone, kPin, kWipe, kRemove };
  struct Asked {
    QuestionId id{};
    AccountId account{};
    Question question{};
    bool offered = false, withdrawn = false;
  };
  Status make_identity();
  Status store_account_list();
  Status restore_accounts();
  Account* make_account(std::size_t index);
  void start_job(Work);
  void drive_wipe();
  void resume_wipe();
  void start_removal();
  void removed();
  bool conclude_wipe();
  /// A step failed as often as it may in a row, or its end could not be recorded: again after a pause, or at the next
  /// boot.
  bool wipe_stuck() const {
    const policy::Wipe::Next next = wipe_.next();
    return work_ == Work::kNone && wipe_.active() &&
           (next == policy::Wipe::Next::kNothing || next == policy::Wipe::Next::kConclude);
  }
  void check_idle_lock();
  std::uint32_t idle_lock_s() const;
  void pin_decided(Status);
  Status check_codeword(Text codeword);

  hal::Device& device_;
  Memory memory_;
  Instant now_{};
  Error device_error_{};
  std::uint64_t active_ms_ = 0, lock_retry_ms_ = 0;
  bool unlocking_ = false;   ///< the PIN job is an unlock, not a change
  bool recovering_ = false;  ///< or a change that unlocks

  Power power_;
  std::int32_t utc_offset_s_ = 0;
  bool network_told_ = false;
  Account* accounts_[kAccountsMax]{};
  bool removing_[kAccountsMax]{};
  std::uint64_t wipe_deadline_ms_ = 0, wipe_retry_ms_ = 0;
  std::uint8_t wipe_tries_ = 0;

  Work work_ = Work::kNone;
  bool work_offered_ = false;
  std::uint32_t last_job_ = 0, last_request_ = 0, last_question_ = 0;
  RequestId cancels_[kCancelsMax]{};
  std::size_t cancel_count_ = 0;
  std::size_t tell_count_ = 0;
  Network network_;
  Options options_;

  // What is large comes last: code reaches the first kilobytes of an object with shorter instructions.
  Asked asked_[kAccountsMax]{};
  FixedText<32> device_id_;
  policy::Wipe wipe_;
  policy::Enforcer enforcer_;
  policy::Pin pin_;
  RemoveJob remove_job_;
  FixedText<512> directory_;
  FixedText<120> user_agent_, device_type_, os_name_, os_language_, friendly_name_, vfs_;
  Tell tells_[kTellsMax]{};
  Header send_headers_[protocol::kHeadersMax + 4]{};
};

}  // namespace handsync::sync
