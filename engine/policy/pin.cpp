#include "policy/pin.h"

#include <cstring>

#include "policy/sealed.h"

namespace handsync::policy {
namespace {

inline constexpr std::byte kAttemptsMagic[4] = {std::byte{'H'}, std::byte{'P'}, std::byte{'A'}, std::byte{1}};
inline constexpr std::byte kPinMagic[4] = {std::byte{'H'}, std::byte{'P'}, std::byte{'V'}, std::byte{1}};
inline constexpr std::size_t kAttemptsBytesMin = sizeof kAttemptsMagic + 4 + 8 + 4;  // of before: no limits behind it
inline constexpr std::size_t kAttemptsBytes = kAttemptsBytesMin + 1 + 1 + 4;
inline constexpr std::size_t kPinBytes = 320 + (kPinHistoryMax + 1) * 24;
inline constexpr std::uint64_t kHour_ms = 3'600'000, kDay_ms = 24 * kHour_ms;
inline constexpr std::uint64_t kStretchGoal_ms = 500, kMeasurable_ms = 20;
inline constexpr std::uint8_t kConfirmTries = 2;

// One stretched PIN serves several ends, each under its own label: what is stored for one is worth nothing for another.
Status labelled(hal::Device& device, Text label, Bytes nonce, Bytes stretched, Room out32) {
  std::byte in[64];
  Packer packer{in};
  packer.raw(bytes_of(label));
  packer.raw(nonce);
  packer.raw(stretched);
  const Status done =
      packer.fits() ? device.keys().mac(0, Bytes(in, packer.size), out32) : Status(out_of_memory(packer.size));
  zero(in);
  return done;
}
inline constexpr Text kVerifyLabel = "pin verify:", kHistoryLabel = "pin history:";

std::uint8_t copy_pin(Bytes pin, std::byte* to) {
  std::memcpy(to, pin.data(), pin.size());
  return static_cast<std::uint8_t>(pin.size());
}

}  // namespace

void PinJob::wipe() {
  zero(old_);
  zero(new_);
  zero(old_out_);
  zero(new_out_);
  zero(history_out_);
  old_bytes_ = new_bytes_ = 0;
}

void PinJob::run(hal::Device& device, hal::Progress& progress) {
  const Bytes old_pin(old_, old_bytes_), new_pin(new_, new_bytes_);
  const auto stretch = [&](Bytes pin, Bytes salt, std::uint32_t rounds, Room out) {
    if (error_) return;
    const Status done = device.keys().stretch(0, pin, salt, rounds, out, progress);
    if (!done.ok()) error_ = done.error();
  };
  if (check_old_) {
    if (guard_ && device.pin() != nullptr) {
      const auto verified = device.pin()->verify(old_pin, progress);
      old_right_ = verified.ok();
      const bool wrong = verified.error().domain == Domain::kHal &&
                         verified.error().code == static_cast<std::int32_t>(hal::Fault::kWrongPin);
      if (!verified.ok() && !wrong) error_ = verified.error();
    } else {
      stretch(old_pin, salt_, rounds_, old_out_);
    }
  }
  if (!make_new_) return;
  if (device.pin() != nullptr) {
    if (error_ || (check_old_ && guard_ && !old_right_)) return;
    const Status enrolled = device.pin()->enroll(new_pin, progress);
    if (!enrolled.ok()) error_ = enrolled.error();
    return;
  }
  stretch(new_pin, new_salt_, new_rounds_, new_out_);
  stretch(new_pin, history_salt_, history_rounds_, history_out_);
}

Status Pin::load(hal::Device& device, Instant now) {
  set_ = unsound_ = false;
  attempts_ = Attempts{};
  verifier_ = Verifier{};
  Status loaded = load_verifier(device);
  if (loaded.ok()) loaded = load_attempts(device, now);
  if (!loaded.ok()) {
    set_ = true;  // something is or was there: the device does not open because it cannot be read
    unsound_ = true;
  }
  return loaded;
}

Status Pin::load_verifier(hal::Device& device) {
  std::byte record[kPinBytes + kTagBytes];
  const auto got = get_sealed(device, hal::Record::kPin, kPinMagic, record);
  HANDSYNC_TRY(got);
  if (got.value() == 0) return Done{};
  Unpacker in{Bytes(record, got.value())};
  in.at = sizeof kPinMagic;
  Verifier& v = verifier_;
  in.raw(v.salt);
  in.raw(v.history_salt);
  in.raw(v.mac);
  v.rounds = static_cast<std::uint32_t>(in.fixed(4));
  v.history_rounds = static_cast<std::uint32_t>(in.fixed(4));
  v.rounds_next = static_cast<std::uint32_t>(in.fixed(4));
  v.traits.length = static_cast<std::uint8_t>(in.byte());
  v.traits.groups = static_cast<std::uint8_t>(in.byte());
  const std::uint64_t flags = in.byte();
  v.traits.simple = (flags & 1) != 0;
  v.guard = (flags & 2) != 0;
  v.set_wall_trusted = (flags & 4) != 0;
  v.changing = (flags & 8) != 0;
  v.set_wall_ms = static_cast<std::int64_t>(in.fixed(8));
  v.age_ms = in.fixed(8);
  v.seen_mono_ms = in.fixed(8);
  v.seen_boot = static_cast<std::uint32_t>(in.fixed(4));
  v.history_count = static_cast<std::uint8_t>(in.byte());
  if (v.history_count > kPinHistoryMax + 1) return fault(Fault::kRecordDamaged);
  for (std::size_t i = 0; i < v.history_count; ++i) {
    in.raw(v.history[i].nonce);
    in.raw(v.history[i].mac);
  }
  if (in.at < in.bytes.size()) {  // records of before end here
    v.recovery.account = static_cast<AccountId>(in.fixed(2));
    v.recovery.delivered = in.byte() != 0;
    in.raw(v.recovery.salt);
    in.raw(v.recovery.mac);
  }
  if (in.short_of) return fault(Fault::kRecordDamaged);
  set_ = true;
  return Done{};
}

Status Pin::store_verifier(hal::Device& device, const Verifier& v) {
  std::byte record[kPinBytes + kTagBytes];
  Packer out{record};
  out.raw(kPinMagic);
  out.raw(v.salt);
  out.raw(v.history_salt);
  out.raw(v.mac);
  out.fixed(v.rounds, 4);
  out.fixed(v.history_rounds, 4);
  out.fixed(v.rounds_next, 4);
  out.byte(v.traits.length);
  out.byte(v.traits.groups);
  out.byte((v.traits.simple ? 1U : 0U) | (v.guard ? 2U : 0U) | (v.set_wall_trusted ? 4U : 0U) | (v.changing ? 8U : 0U));
  out.fixed(static_cast<std::uint64_t>(v.set_wall_ms), 8);
  out.fixed(v.age_ms, 8);
  out.fixed(v.seen_mono_ms, 8);
  out.fixed(v.seen_boot, 4);
  out.byte(v.history_count);
  for (std::size_t i = 0; i < v.history_count; ++i) {
    out.raw(v.history[i].nonce);
    out.raw(v.history[i].mac);
  }
  out.fixed(static_cast<std::uint64_t>(v.recovery.account), 2);
  out.byte(v.recovery.delivered ? 1U : 0U);
  out.raw(v.recovery.salt);
  out.raw(v.recovery.mac);
  return put_sealed(device, hal::Record::kPin, record, out.size);
}

Status Pin::load_attempts(hal::Device& device, Instant now) {
  std::byte record[kAttemptsBytes + kTagBytes];
  const auto got = get_sealed(device, hal::Record::kAttempts, kAttemptsMagic, record);
  HANDSYNC_TRY(got);
  // Written before the first PIN is, and once more behind it: one without the other, and someone has taken that away.
  if (got.value() == 0 && !set_) return Done{};
  if (got.value() != kAttemptsBytes && got.value() != kAttemptsBytesMin) return fault(Fault::kRecordDamaged);
  Unpacker in{Bytes(record, got.value())};
  in.at = sizeof kAttemptsMagic;
  Attempts stored;
  stored.wrong = static_cast<std::uint32_t>(in.fixed(4));
  stored.wait_from_ms = in.fixed(8);
  stored.wait_boot = static_cast<std::uint32_t>(in.fixed(4));
  stored.in_force = in.byte() != 0;
  stored.attempts_max = static_cast<std::uint8_t>(in.byte());
  stored.idle_lock_s = static_cast<std::uint32_t>(in.fixed(4));
  if (!set_) return stored.in_force ? Status(fault(Fault::kRecordDamaged)) : Status(Done{});
  attempts_ = stored;
  const bool waits =
      throttle_s(stored.wrong) != 0 && (stored.wait_boot != now.boot || now.mono_ms < stored.wait_from_ms);
  if (!waits && stored.in_force) return Done{};
  // The monotonic clock began anew: so does the wait. A write that fails costs the user another such wait, no more.
  if (waits) attempts_.wait_from(now);
  attempts_.in_force = true;
  const Status noted = store_attempts(device, attempts_);
  static_cast<void>(noted);
  return Done{};
}

Status Pin::store_attempts(hal::Device& device, const Attempts& next) {
  std::byte record[kAttemptsBytes + kTagBytes];
  Packer out{record};
  out.raw(kAttemptsMagic);
  out.fixed(next.wrong, 4);
  out.fixed(next.wait_from_ms, 8);
  out.fixed(next.wait_boot, 4);
  out.byte(next.in_force ? 1U : 0U);
  out.byte(next.attempts_max);
  out.fixed(next.idle_lock_s, 4);
  HANDSYNC_TRY(put_sealed(device, hal::Record::kAttempts, record, out.size));
  attempts_ = next;
  return Done{};
}

Status Pin::keep_limits(hal::Device& device, std::uint8_t attempts_max, std::uint32_t idle_lock_s) {
  Attempts next = attempts_;
  next.attempts_max = attempts_max;
  next.idle_lock_s = idle_lock_s;
  const bool same = attempts_.attempts_max == attempts_max && attempts_.idle_lock_s == idle_lock_s;
  return same || !set_ || unsound_ ? Status(Done{}) : store_attempts(device, next);
}

std::uint64_t Pin::age_ms(Instant now) const {
  const bool same_boot = verifier_.seen_boot == now.boot && now.mono_ms >= verifier_.seen_mono_ms;
  const std::uint64_t uptime_ms = verifier_.age_ms + (same_boot ? now.mono_ms - verifier_.seen_mono_ms : now.mono_ms);
  if (!verifier_.set_wall_trusted || !now.wall_trusted || now.wall_ms <= verifier_.set_wall_ms) return uptime_ms;
  const auto wall_age_ms = static_cast<std::uint64_t>(now.wall_ms - verifier_.set_wall_ms);
  return wall_age_ms > uptime_ms ? wall_age_ms : uptime_ms;
}

bool Pin::fits(const PinRules& rules, Instant now) const {
  if (!set_ || unsound_ || !judge(verifier_.traits, rules).ok()) return false;
  return rules.expiration_days == 0 || age_ms(now) < rules.expiration_days * kDay_ms;
}

bool Pin::limit_reached(const PinRules& rules) const {
  return set_ && (unsound_ || (rules.attempts_max != 0 && attempts_.wrong >= rules.attempts_max && !busy()));
}

std::uint16_t Pin::tries_left(const PinRules& rules) const {
  if (rules.attempts_max == 0 || unsound_ || attempts_.wrong >= rules.attempts_max) return 0;
  return static_cast<std::uint16_t>(rules.attempts_max - attempts_.wrong);
}

bool Pin::confirm_first(const PinRules& rules) const {
  return attempts_.wrong > 0 && rules.attempts_max != 0 && tries_left(rules) <= kConfirmTries;
}

std::uint32_t Pin::throttled_s(Instant now) const {
  const std::uint64_t wait_ms = throttle_s(attempts_.wrong) * std::uint64_t{1000};
  const bool running = attempts_.wait_boot == now.boot && now.mono_ms >= attempts_.wait_from_ms;
  const std::uint64_t waited_ms = running ? now.mono_ms - attempts_.wait_from_ms : 0;
  return waited_ms >= wait_ms ? 0 : static_cast<std::uint32_t>((wait_ms - waited_ms + 999) / 1000);
}

Status Pin::count_try(hal::Device& device, const PinRules& rules, Instant now) {
  if (unsound_ || (rules.attempts_max != 0 && attempts_.wrong >= rules.attempts_max)) return fault(Fault::kPinLimit);
  if (const std::uint32_t wait_s = throttled_s(now); wait_s != 0) return fault(Fault::kPinThrottled, wait_s);
  Attempts next = attempts_;
  ++next.wrong;
  next.wait_from(now);
  // Nothing is looked at, so nothing is counted: a write that failed and has arrived all the same is this very count.
  if (!store_attempts(device, next).ok()) return fault(Fault::kPinCheckFailed);
  return Done{};
}

Status Pin::begin_verify(hal::Device& device, Bytes pin, const PinRules& rules, Instant now) {
  if (busy()) return fault(Fault::kPinBusy);
  if (!set_) return fault(Fault::kPinNotSet);
  if (pin.size() > kPinBytesMax) return fault(Fault::kPinTooLong, kPinBytesMax);
  const std::uint8_t length = traits_of(pin).length;
  const bool slip = length < rules.length_min && verifier_.traits.length >= rules.length_min;
  if (length == 0 || slip) return fault(Fault::kPinTooShort, rules.length_min > 1 ? rules.length_min : 1);
  HANDSYNC_TRY(count_try(device, rules, now));
  job_ = PinJob{};
  job_.old_bytes_ = copy_pin(pin, job_.old_);
  job_.check_old_ = true;
  job_.guard_ = verifier_.guard;
  std::memcpy(job_.salt_, verifier_.salt, kSaltBytes);
  job_.rounds_ = verifier_.rounds;
  begun_ms_ = now.mono_ms;
  doing_ = Doing::kVerify;
  return Done{};
}

Status Pin::begin_change(hal::Device& device, Bytes old_pin, Bytes new_pin, const PinRules& rules, Instant now) {
  if (busy()) return fault(Fault::kPinBusy);
  if (new_pin.empty() && set_ && !rules.required && device.pin() == nullptr) {  // taken away
    HANDSYNC_TRY(begin_verify(device, old_pin, rules, now));
    doing_ = Doing::kChange;
    return Done{};
  }
  HANDSYNC_TRY(judge_new(new_pin, rules));
  if (set_ && old_pin.size() > kPinBytesMax) return fault(Fault::kPinTooLong, kPinBytesMax);
  if (set_ && old_pin.empty()) return fault(Fault::kPinTooShort, 1);
  if (!set_ && !device.keys().exists(0)) HANDSYNC_TRY(device.keys().create(0));
  PinJob job;
  HANDSYNC_TRY(prepare_new(device, new_pin, job));
  if (set_) HANDSYNC_TRY(count_try(device, rules, now));
  job.check_old_ = set_;
  job.guard_ = set_ && verifier_.guard;
  if (set_) {
    job.old_bytes_ = copy_pin(old_pin, job.old_);
    std::memcpy(job.salt_, verifier_.salt, kSaltBytes);
    job.rounds_ = verifier_.rounds;
  }
  job_ = job;
  job.wipe();
  begun_ms_ = now.mono_ms;
  doing_ = Doing::kChange;
  return Done{};
}

Status Pin::prepare_new(hal::Device& device, Bytes new_pin, PinJob& job) {
  if (set_ && device.pin() != nullptr && !verifier_.changing) {
    verifier_.changing = true;  // recorded before the hardware takes it
    if (Status stored = store_verifier(device, verifier_); !stored.ok()) {
      verifier_.changing = false;
      return fault(Fault::kPinCheckFailed);
    }
  }
  HANDSYNC_TRY(device.entropy().fill(job.new_salt_));
  if (set_ && verifier_.history_count != 0) {
    std::memcpy(job.history_salt_, verifier_.history_salt, kSaltBytes);
    job.history_rounds_ = verifier_.history_rounds;
  } else {
    HANDSYNC_TRY(device.entropy().fill(job.history_salt_));
    job.history_rounds_ = rounds_min_;
  }
  job.new_rounds_ = set_ && verifier_.rounds_next > rounds_min_ ? verifier_.rounds_next : rounds_min_;
  job.make_new_ = true;
  job.new_bytes_ = copy_pin(new_pin, job.new_);
  return Done{};
}

Status Pin::begin_recover(hal::Device& device, Bytes recovery_password, Bytes new_pin, const PinRules& rules,
                          Instant now) {
  if (busy()) return fault(Fault::kPinBusy);
  if (!set_) return fault(Fault::kPinNotSet);
  if (!unsound_ && recovery_account() == AccountId{}) return fault(Fault::kNoRecovery);
  HANDSYNC_TRY(judge_new(new_pin, rules));
  if (recovery_password.empty()) return fault(Fault::kPinTooShort, kRecoveryLetters);
  PinJob job;
  HANDSYNC_TRY(prepare_new(device, new_pin, job));
  HANDSYNC_TRY(count_try(device, rules, now));
  const auto right = recovery_matches(device, verifier_.recovery, recovery_password);
  if (!right.ok() || !right.value()) {
    job.wipe();
    if (rules.attempts_max != 0 && attempts_.wrong >= rules.attempts_max) return fault(Fault::kPinLimit);
    return right.ok() ? fault(Fault::kPinWrong, tries_left(rules)) : fault(Fault::kPinCheckFailed);
  }
  // Proven: no failure from here on may end in a wipe.
  if (!clear_tries(device, now).ok()) {
    job.wipe();
    return fault(Fault::kPinCheckFailed);
  }
  job_ = job;
  job.wipe();
  begun_ms_ = now.mono_ms;
  doing_ = Doing::kRecover;
  return Done{};
}

Status Pin::store_recovery(hal::Device& device, const Recovery& recovery) {
  Verifier next = verifier_;
  next.recovery = recovery;
  HANDSYNC_TRY(store_verifier(device, next));
  verifier_ = next;
  return Done{};
}

Status Pin::issue_recovery(hal::Device& device, AccountId account, char (&out)[kRecoveryBytes]) {
  if (!set_ || unsound_) return fault(Fault::kPinNotSet);
  Recovery made;
  HANDSYNC_TRY(make_recovery(device, account, made, out));
  return store_recovery(device, made);
}

Status Pin::recovery_is_delivered(hal::Device& device) {
  Recovery delivered = verifier_.recovery;
  delivered.delivered = true;
  return store_recovery(device, delivered);
}

Status Pin::forget_recovery(hal::Device& device) {
  if (recovery_account() == AccountId{}) return Done{};
  return store_recovery(device, Recovery{});
}

Status Pin::finish(hal::Device& device, const PinRules& rules, Instant now) {
  const Doing doing = doing_;
  if (doing == Doing::kNothing) return fault(Fault::kPinCheckFailed);
  doing_ = Doing::kNothing;
  Status outcome = finish_verify(device, rules, now);
  const bool taken_away = doing == Doing::kChange && job_.new_bytes_ == 0 && !rules.required;
  if (outcome.ok() && taken_away) {
    outcome = take_away(device);
  } else if (outcome.ok() && doing != Doing::kVerify) {
    outcome = finish_change(device, rules, now, doing == Doing::kRecover ? Recovery{} : verifier_.recovery);
  }
  job_.wipe();
  return outcome;
}

/// First that none is in force: a PIN that is missing without that has been taken by somebody else.
Status Pin::take_away(hal::Device& device) {
  Attempts none = attempts_;
  none.wrong = 0;
  none.in_force = false;
  HANDSYNC_TRY(store_attempts(device, none));
  HANDSYNC_TRY(device.records().remove(hal::Record::kPin));
  set_ = false;
  verifier_ = Verifier{};
  attempts_ = Attempts{};
  return device.records().remove(hal::Record::kAttempts);
}

Status Pin::finish_verify(hal::Device& device, const PinRules& rules, Instant now) {
  const bool at_limit = rules.attempts_max != 0 && attempts_.wrong >= rules.attempts_max;
  if (job_.error_) return fault(at_limit && job_.check_old_ ? Fault::kPinLimit : Fault::kPinCheckFailed);
  if (!job_.check_old_) return Done{};
  bool right = job_.old_right_;
  if (!job_.guard_) {
    std::byte mac[kMacBytes];
    if (!labelled(device, kVerifyLabel, {}, job_.old_out_, mac).ok()) {
      return fault(at_limit ? Fault::kPinLimit : Fault::kPinCheckFailed);
    }
    right = same_bytes(mac, verifier_.mac);
    zero(mac);
  }
  if (!right) return at_limit ? fault(Fault::kPinLimit) : fault(Fault::kPinWrong, tries_left(rules));

  // Right, but it cannot be recorded: closed. What the hardware has enrolled meanwhile is in force all the same.
  const bool enrolled = job_.guard_ && job_.make_new_;
  if (!clear_tries(device, now).ok() && !enrolled) return fault(Fault::kPinCheckFailed);
  const std::uint64_t age = age_ms(now);
  const bool changed = verifier_.changing && !job_.make_new_;
  if (age >= verifier_.age_ms + kHour_ms || verifier_.seen_boot != now.boot || changed) {
    Verifier aged = verifier_;
    if (changed) {
      aged.changing = false;
      aged.traits = traits_of(Bytes(job_.old_, job_.old_bytes_));
    }
    aged.age_ms = age;
    aged.seen_mono_ms = now.mono_ms;
    aged.seen_boot = now.boot;
    if (store_verifier(device, aged).ok()) verifier_ = aged;
  }
  return Done{};
}

Status Pin::clear_tries(hal::Device& device, Instant now) {
  Attempts next = attempts_;
  next.wrong = 0;
  next.wait_from(now);
  return store_attempts(device, next);
}

Result<bool> Pin::used_before(hal::Device& device, const PinRules& rules) const {
  if (rules.history == 0 || verifier_.guard) return false;
  for (std::size_t i = 0; i < verifier_.history_count && i <= rules.history; ++i) {
    std::byte mac[kMacBytes];
    HANDSYNC_TRY(labelled(device, kHistoryLabel, verifier_.history[i].nonce, job_.history_out_, mac));
    if (same_bytes(Bytes(mac, sizeof verifier_.history[i].mac), verifier_.history[i].mac)) return true;
  }
  return false;
}

Status Pin::finish_change(hal::Device& device, const PinRules& rules, Instant now, const Recovery& kept) {
  const Bytes pin(job_.new_, job_.new_bytes_);
  // From its enrolment on the hardware's PIN is the one that opens: nothing below may call that failed.
  const bool enrolled = set_ && verifier_.guard && device.pin() != nullptr;
  if (!enrolled) HANDSYNC_TRY(judge_new(pin, rules));  // the policy may have changed meanwhile
  Verifier next;
  next.recovery = kept;
  next.guard = device.pin() != nullptr;
  if (!next.guard) {
    const auto used = set_ ? used_before(device, rules) : Result<bool>(false);
    HANDSYNC_TRY(used);
    if (used.value()) return fault(Fault::kPinUsedBefore);
    std::memcpy(next.salt, job_.new_salt_, kSaltBytes);
    std::memcpy(next.history_salt, job_.history_salt_, kSaltBytes);
    HANDSYNC_TRY(labelled(device, kVerifyLabel, {}, job_.new_out_, next.mac));
    HistoryEntry& newest = next.history[0];
    std::byte mac[kMacBytes];
    HANDSYNC_TRY(device.entropy().fill(newest.nonce));
    HANDSYNC_TRY(labelled(device, kHistoryLabel, newest.nonce, job_.history_out_, mac));
    std::memcpy(newest.mac, mac, sizeof newest.mac);
    next.history_count = 1;
    for (std::size_t i = 0; set_ && i < verifier_.history_count && next.history_count <= rules.history; ++i) {
      next.history[next.history_count++] = verifier_.history[i];
    }
  }
  next.rounds = job_.new_rounds_;
  next.rounds_next = job_.new_rounds_;
  next.history_rounds = job_.history_rounds_;
  const std::uint64_t took_ms = now.mono_ms >= begun_ms_ ? now.mono_ms - begun_ms_ : 0;
  if (!next.guard && rounds_min_ >= kStretchRoundsMin && took_ms >= kMeasurable_ms) {
    const std::uint64_t rounds = std::uint64_t{job_.rounds_} + job_.new_rounds_ + job_.history_rounds_;
    const std::uint64_t fitting = rounds * kStretchGoal_ms / took_ms;
    if (fitting > next.rounds_next) {
      next.rounds_next = static_cast<std::uint32_t>(fitting < kStretchRoundsMax ? fitting : kStretchRoundsMax);
    }
  }
  next.traits = traits_of(pin);
  next.set_wall_ms = now.wall_ms;
  next.set_wall_trusted = now.wall_trusted;
  next.seen_mono_ms = now.mono_ms;
  next.seen_boot = now.boot;
  const bool first = !set_;
  if (first) {
    attempts_ = Attempts{};
    HANDSYNC_TRY(clear_tries(device, now));  // there before the first PIN is, so that its absence means something
  }
  const Status stored = store_verifier(device, next);
  if (!stored.ok() && !enrolled) return stored;
  next.changing = !stored.ok();
  verifier_ = next;
  set_ = true;
  if (first) {
    attempts_.in_force = true;
    const Status noted = store_attempts(device, attempts_);
    static_cast<void>(noted);  // else the next boot does it
  }
  return Done{};
}

}  // namespace handsync::policy
