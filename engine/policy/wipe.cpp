#include "policy/wipe.h"

#include "policy/sealed.h"

namespace handsync::policy {
namespace {

// Record::kWipe carries no tag: it has to outlive every key. A sum only tells a damaged marker from a whole one.
inline constexpr std::byte kMagic[4] = {std::byte{'H'}, std::byte{'P'}, std::byte{'W'}, std::byte{1}};
inline constexpr std::size_t kBodyBytes = sizeof kMagic + 3 + 2 + 2 + 8;

std::uint32_t sum_of(Bytes bytes) {
  std::uint32_t low = 1, high = 0;
  for (const std::byte b : bytes) {
    low = (low + static_cast<std::uint32_t>(b)) % 65521;
    high = (high + low) % 65521;
  }
  return high << 16 | low;
}

// A wipe is not given up because someone asks.
struct Deaf final : hal::Progress {
  explicit Deaf(hal::Progress& inner) : inner_(inner) {}
  bool step() override {
    inner_.step();
    return true;
  }
  hal::Progress& inner_;
};

// The step that a job beginning at `step` will have reached; kNone where no job does it.
WipeStep after(WipeStep step) {
  switch (step) {
    case WipeStep::kStarted:
      return WipeStep::kKeysDestroyed;
    case WipeStep::kKeysDestroyed:
      return WipeStep::kFilesErased;
    case WipeStep::kFilesErased:
      return WipeStep::kVerified;
    case WipeStep::kReset:
      return WipeStep::kDone;
    case WipeStep::kNone:
    case WipeStep::kArmed:
    case WipeStep::kVerified:
    case WipeStep::kDone:
      break;
  }
  return WipeStep::kNone;
}

// What a factory reset takes away: one of these still there means that it has not been through.
bool reset_is_complete(hal::Records& records) {
  const auto gone = [&records](hal::Record record) {
    std::byte room[64];  // too small for some: an error, and that is an answer too
    const auto got = records.get(record, room);
    return got.ok() && got.value() == 0;
  };
  for (const auto record : {hal::Record::kIdentity, hal::Record::kAccounts, hal::Record::kPolicy, hal::Record::kPin,
                            hal::Record::kAttempts}) {
    if (!gone(record)) return false;
  }
  for (hal::KeySlot slot = 1; slot < kWipeSlotsMax; ++slot) {
    if (!gone(hal::account_record(slot))) return false;
  }
  return true;
}

}  // namespace

Enforcement wipe_finality(const hal::Keys& keys) {
  switch (keys.destroys_for_good()) {
    case hal::Force::kEnforced:
      return Enforcement::kEnforced;
    case hal::Force::kPartial:
      return Enforcement::kPartial;
    case hal::Force::kAbsent:
    case hal::Force::kNotFitted:  // keys are always there
      break;
  }
  return Enforcement::kAbsent;
}

void WipeJob::run(hal::Device& device, hal::Progress& progress) {
  Deaf deaf(progress);
  const auto take = [this](Status status) {
    if (!status.ok() && !error_) error_ = status.error();
  };
  switch (after_) {
    case WipeStep::kKeysDestroyed:
      if (scope_ == WipeScope::kAccount) {
        take(device.keys().destroy(slot_, deaf));
        break;
      }
      // Accounts first, the device's own last: it seals what the others need to be found. One that fails does not spare
      // the next.
      for (hal::KeySlot slot = kWipeSlotsMax; slot-- > 0;) take(device.keys().destroy(slot, deaf));
      break;
    case WipeStep::kFilesErased:
      take(device.erase().files(scope_ == WipeScope::kAccount ? slot_ : hal::kEverySlot, deaf));
      break;
    case WipeStep::kDone:
      take(device.erase().factory_reset(deaf));
      break;
    case WipeStep::kVerified:  // FAST: Wipe::ran() looks
    case WipeStep::kNone:
    case WipeStep::kArmed:
    case WipeStep::kStarted:
    case WipeStep::kReset:
      break;
  }
}

bool Wipe::pending(hal::Records& records) {
  std::byte room[64];
  const auto got = records.get(hal::Record::kWipe, room);
  return !got.ok() || got.value() != 0;
}

Status Wipe::load(hal::Device& device) {
  *this = Wipe{};
  std::byte record[64];
  const auto got = device.records().get(hal::Record::kWipe, record);
  if (got.ok() && got.value() == 0) return Done{};
  if (!got.ok() && !damage(got.error())) {
    unreadable_ = true;
    return got.error();
  }
  Unpacker in{Bytes(record, got.ok() ? got.value() : 0)};
  in.at = sizeof kMagic;
  const auto scope = static_cast<WipeScope>(in.byte());
  const auto origin = static_cast<WipeOrigin>(in.byte());
  const auto step = static_cast<WipeStep>(in.byte());
  const auto account = static_cast<AccountId>(in.fixed(2));
  const auto resumes = static_cast<std::uint16_t>(in.fixed(2));
  const auto wall_ms = static_cast<std::int64_t>(in.fixed(8));
  const auto sum = static_cast<std::uint32_t>(in.fixed(4));
  const bool whole = !in.short_of && in.at == in.bytes.size() && same_bytes(in.bytes.first(sizeof kMagic), kMagic) &&
                     sum == sum_of(in.bytes.first(kBodyBytes)) && step > WipeStep::kNone && step <= WipeStep::kDone &&
                     (scope == WipeScope::kDevice || (scope == WipeScope::kAccount && account != AccountId{}));
  scope_ = whole ? scope : WipeScope::kDevice;
  origin_ = whole ? origin : WipeOrigin::kServer;
  step_ = whole ? step : WipeStep::kStarted;
  account_ = whole ? account : AccountId{};
  resumes_ = whole ? resumes : std::uint16_t{0};
  wall_ms_ = whole ? wall_ms : 0;
  if (step_ == WipeStep::kDone) return Done{};
  // What cannot be stored now (a full disk) holds nothing up: the step is done again.
  Status noted = Done{};
  if (step_ == WipeStep::kReset && reset_is_complete(device.records())) {
    noted = advance(device, WipeStep::kDone);
    return Done{};
  }
  if (resumes_ < UINT16_MAX) ++resumes_;
  if (only_keys() && step_ >= WipeStep::kKeysDestroyed) {
    noted = advance(device, scope_ == WipeScope::kDevice ? WipeStep::kDone : WipeStep::kVerified);
  } else {
    noted = store(device);
  }
  static_cast<void>(noted);
  return Done{};
}

Status Wipe::store(hal::Device& device) {
  std::byte record[64];
  Packer out{record};
  out.raw(kMagic);
  out.byte(static_cast<std::uint64_t>(scope_));
  out.byte(static_cast<std::uint64_t>(origin_));
  out.byte(static_cast<std::uint64_t>(step_));
  out.fixed(static_cast<std::uint64_t>(account_), 2);
  out.fixed(resumes_, 2);
  out.fixed(static_cast<std::uint64_t>(wall_ms_), 8);
  out.fixed(sum_of(Bytes(record, kBodyBytes)), 4);
  return device.records().put(hal::Record::kWipe, Bytes(record, out.size));
}

Status Wipe::advance(hal::Device& device, WipeStep step) {
  const WipeStep before = step_;
  step_ = step;
  const Status stored = store(device);
  // Only what must be known after a factory reset waits for its record.
  if (!stored.ok() && step > WipeStep::kVerified) {
    step_ = before;
    return stored;
  }
  tries_ = 0;
  return Done{};
}

Status Wipe::arm(hal::Device& device, WipeScope scope, AccountId account, WipeOrigin origin, Instant now) {
  if (unreadable_) return fault(Fault::kWipeIncomplete);
  if (step_ == WipeStep::kDone) return fault(Fault::kWiped);
  if (scope == WipeScope::kAccount && account == AccountId{}) return fault(Fault::kWipeIncomplete);
  const bool wider = scope == WipeScope::kDevice && scope_ == WipeScope::kAccount;
  if (active() && !wider) {
    const bool covered = scope_ == WipeScope::kDevice || account == account_;
    return covered ? Status(Done{}) : Status(fault(Fault::kWiping));
  }
  const Wipe before = *this;
  scope_ = scope;
  origin_ = origin;
  account_ = account;
  wall_ms_ = now.wall_ms;
  resumes_ = 0;
  // Nobody waits for the acknowledgement of a wipe that no server has ordered.
  step_ = origin == WipeOrigin::kServer ? WipeStep::kArmed : WipeStep::kStarted;
  tries_ = 0;
  const Status stored = store(device);
  if (!stored.ok()) {
    *this = before;
    return stored;
  }
  if (scope == WipeScope::kDevice && device.lock() != nullptr) {
    const Status locked = device.lock()->now();
    static_cast<void>(locked);  // a lock that fails holds up no wipe
  }
  return Done{};
}

Wipe::Next Wipe::next() const {
  if (unreadable_) return Next::kNothing;
  switch (step_) {
    case WipeStep::kNone:
      return Next::kNothing;
    case WipeStep::kArmed:
      return Next::kAcknowledge;
    case WipeStep::kDone:
      return Next::kDone;
    case WipeStep::kVerified:
      return Next::kConclude;
    case WipeStep::kStarted:
    case WipeStep::kKeysDestroyed:
    case WipeStep::kFilesErased:
    case WipeStep::kReset:
      break;
  }
  return tries_ < kWipeTriesPerBoot ? Next::kRun : Next::kNothing;
}

Status Wipe::acknowledged(hal::Device& device) {
  return step_ == WipeStep::kArmed ? advance(device, WipeStep::kStarted) : Status(Done{});
}

Job& Wipe::job() {
  job_ = WipeJob{};
  job_.scope_ = scope_;
  job_.slot_ = static_cast<hal::KeySlot>(account_);
  job_.after_ = after(step_);
  return job_;
}

Status Wipe::ran(hal::Device& device) {
  const WipeStep reached = job_.after_;
  const Error failed = job_.error_;
  const WipeScope scope = job_.scope_;
  job_ = WipeJob{};
  // A wider wipe armed while the job ran begins from its own beginning: what the job reached does not count for it.
  if (reached == WipeStep::kNone || scope != scope_ || reached != after(step_)) return Done{};
  if (tries_ < UINT8_MAX) ++tries_;
  if (failed) return fault(Fault::kWipeIncomplete, static_cast<std::uint32_t>(step_));
  const bool device_scope = scope_ == WipeScope::kDevice;
  if (reached == WipeStep::kKeysDestroyed && only_keys()) {
    return advance(device, device_scope ? WipeStep::kDone : WipeStep::kVerified);
  }
  if (reached == WipeStep::kDone && !reset_is_complete(device.records()))
    return fault(Fault::kWipeIncomplete, static_cast<std::uint32_t>(step_));
  if (reached != WipeStep::kVerified) return advance(device, reached);

  for (hal::KeySlot slot = device_scope ? hal::KeySlot{0} : static_cast<hal::KeySlot>(account_); slot < kWipeSlotsMax;
       ++slot) {
    if (device.keys().exists(slot)) return advance(device, WipeStep::kStarted);  // a key came back: from the beginning
    if (!device_scope) break;
  }
  return advance(device, device_scope ? WipeStep::kReset : WipeStep::kVerified);
}

Status Wipe::conclude(hal::Device& device) {
  if (step_ != WipeStep::kVerified) return Done{};
  HANDSYNC_TRY(device.records().remove(hal::account_record(static_cast<hal::KeySlot>(account_))));
  HANDSYNC_TRY(device.records().remove(hal::Record::kWipe));
  *this = Wipe{};
  return Done{};
}

}  // namespace handsync::policy
