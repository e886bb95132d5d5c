/// The PIN: enrolled, checked and changed over Records and Keys (or PinGuard hardware). A try is stored durably before
/// it is looked at.
///
/// Each of verify and change is three calls: begin_...() on the engine thread (judges, counts), job().run() wherever
/// slow work runs, finish() on the engine thread (decides, records). Between them the PIN is in this object only, and
/// it is zeroed in finish(). Everything fails closed: a record that is damaged, or that someone has taken away, counts
/// as the limit reached. With PinGuard hardware the history is not kept beyond what the hardware keeps (compliance.cpp
/// reports it partial), and a change is in force with its enrolment: what could not be recorded of it then is made up
/// for with the next right PIN.
#pragma once
#include "handsync/engine.h"
#include "policy/pin_rules.h"
#include "policy/recovery.h"

namespace handsync::policy {

inline constexpr std::uint32_t kStretchRoundsMin = 50'000;  ///< floor; raised at enrolment towards 500 ms a stretch
inline constexpr std::uint32_t kStretchRoundsMax = 2'000'000;
inline constexpr std::size_t kSaltBytes = 16, kMacBytes = 32;

/// The slow part, with copies of all it needs.
class PinJob final : public Job {
 public:
  void run(hal::Device&, hal::Progress&) override;

 private:
  friend class Pin;
  void wipe();
  std::byte old_[kPinBytesMax]{}, new_[kPinBytesMax]{};
  std::uint8_t old_bytes_ = 0, new_bytes_ = 0;
  bool check_old_ = false, make_new_ = false;
  std::byte salt_[kSaltBytes]{}, new_salt_[kSaltBytes]{}, history_salt_[kSaltBytes]{};
  std::uint32_t rounds_ = 0, new_rounds_ = 0, history_rounds_ = 0;
  bool guard_ = false;  ///< PinGuard hardware checks and keeps the PIN
  std::byte old_out_[kMacBytes]{}, new_out_[kMacBytes]{}, history_out_[kMacBytes]{};
  bool old_right_ = false;  ///< as the hardware said
  Error error_{};
};

class Pin {
 public:
  explicit Pin(std::uint32_t rounds_min = kStretchRoundsMin) : rounds_min_(rounds_min) {}

  /// Boot. Error{kPolicy, kRecordDamaged}: the records cannot be believed, limit_reached(). Any other error: they could
  /// not be read; nothing may be opened, and load() is called again.
  Status load(hal::Device&, Instant);
  /// The policy's limits, kept under the tag of the attempts' record as well: what holds while the policy's own is
  /// damaged. One flash write when they have changed; nothing without a PIN.
  Status keep_limits(hal::Device&, std::uint8_t attempts_max, std::uint32_t idle_lock_s);
  std::uint8_t kept_attempts_max() const { return attempts_.attempts_max; }
  std::uint32_t kept_idle_lock_s() const { return attempts_.idle_lock_s; }
  void taken_away() { set_ = unsound_ = true; }  ///< there was a PIN, as another record knows: limit_reached()
  bool set() const { return set_; }
  bool busy() const { return doing_ != Doing::kNothing; }
  bool fits(const PinRules&, Instant) const;  ///< set, within the rules, not expired
  bool must_change(const PinRules& rules, Instant now) const { return set_ && !fits(rules, now); }
  bool limit_reached(const PinRules&) const;        ///< wipe (or lock out) now
  std::uint16_t tries_left(const PinRules&) const;  ///< 0 = no limit, or none left when limit_reached()
  std::uint32_t throttled_s(Instant) const;
  bool confirm_first(
      const PinRules&) const;  ///< two tries from a wipe: ask for a codeword, so that a pocket cannot wipe

  /// Error: not begun (throttled, limit, empty, nothing set, record not writable); nothing was looked at. Ok: run
  /// job(), then finish().
  Status begin_verify(hal::Device&, Bytes pin, const PinRules&, Instant);
  /// Sets a first PIN (`old_pin` ignored) or replaces it; a wrong old one counts as a try.
  Status begin_change(hal::Device&, Bytes old_pin, Bytes new_pin, const PinRules&, Instant);
  /// The recovery password in place of the PIN, and the new PIN that is wanted at once: whoever has used it once has
  /// to fetch another. It lasts until the new PIN is in force, in one atomic step. A wrong one counts as a try.
  Status begin_recover(hal::Device&, Bytes recovery_password, Bytes new_pin, const PinRules&, Instant);
  Job& job() { return job_; }
  /// Ok: right (and changed). kPinWrong, kPinLimit: see Fault. Whatever the answer, the PIN bytes are gone afterwards.
  Status finish(hal::Device&, const PinRules&, Instant);

  // The recovery password. FAST, one flash write each.
  AccountId recovery_account() const { return verifier_.recovery.account; }  ///< whose server keeps it; 0 = none
  bool recovery_delivered() const { return verifier_.recovery.delivered; }
  /// Takes the place of the one before. A PIN must be set.
  Status issue_recovery(hal::Device&, AccountId, char (&out)[kRecoveryBytes]);
  Status recovery_is_delivered(hal::Device&);
  Status forget_recovery(hal::Device&);

 private:
  enum class Doing : std::uint8_t { kNothing, kVerify, kChange, kRecover };
  struct HistoryEntry {
    std::byte nonce[8]{};
    std::byte mac[16]{};
  };
  struct Verifier {
    std::byte salt[kSaltBytes]{}, history_salt[kSaltBytes]{}, mac[kMacBytes]{};
    std::uint32_t rounds = 0, history_rounds = 0, rounds_next = 0;
    PinTraits traits{};
    bool guard = false;     ///< PinGuard hardware holds it; mac is unused
    bool changing = false;  ///< and may have another one than the traits tell of: see the next right PIN
    std::int64_t set_wall_ms = 0;
    bool set_wall_trusted = false;
    std::uint64_t age_ms = 0;  ///< uptime seen since it was set: a clock turned back gains nothing
    std::uint64_t seen_mono_ms = 0;
    std::uint32_t seen_boot = 0;
    std::uint8_t history_count = 0;
    HistoryEntry history[kPinHistoryMax + 1]{};  ///< newest first; the PIN in use is the first
    Recovery recovery{};
  };
  struct Attempts {
    std::uint32_t wrong = 0;
    std::uint64_t wait_from_ms = 0;  ///< mono_ms at which the current wait began
    std::uint32_t wait_boot = 0;
    bool in_force = false;  ///< a PIN is set: without its record, someone has taken that away
    std::uint8_t attempts_max = 0;
    std::uint32_t idle_lock_s = 0;
    void wait_from(Instant now) {
      wait_from_ms = now.mono_ms;
      wait_boot = now.boot;
    }
  };
  Status count_try(hal::Device&, const PinRules&, Instant);
  Status clear_tries(hal::Device&, Instant);
  Status store_attempts(hal::Device&, const Attempts&);  ///< and they are attempts_ from then on, if it succeeds
  Status store_verifier(hal::Device&, const Verifier&);
  Status store_recovery(hal::Device&, const Recovery&);
  Status prepare_new(hal::Device&, Bytes new_pin, PinJob&);
  Status load_verifier(hal::Device&);
  Status load_attempts(hal::Device&, Instant);
  Status take_away(hal::Device&);
  Status finish_verify(hal::Device&, const PinRules&, Instant);
  Status finish_change(hal::Device&, const PinRules&, Instant, const Recovery& kept);
  Result<bool> used_before(hal::Device&, const PinRules&) const;
  std::uint64_t age_ms(Instant) const;

  std::uint32_t rounds_min_;
  Doing doing_ = Doing::kNothing;
  bool set_ = false, unsound_ = false;
  Attempts attempts_;
  std::uint64_t begun_ms_ = 0;
  Verifier verifier_;
  PinJob job_;
};

}  // namespace handsync::policy
