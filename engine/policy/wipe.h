/// The wipe, recorded before it starts and resumed at every boot until it is done: keys first, then files, then the
/// factory state.
///
///   armed -> (acknowledge) -> started -> keys destroyed -> files erased -> verified -> done      account-only
///                                                                       -> reset -> done         device
///
/// "reset" is recorded before the factory reset begins, because that may not return.
/// The owner asks next() and does what it says; each answer is recorded before the following step begins.
///   kAcknowledge  send the wipe acknowledgement, at most 3 tries in 60 s; whatever comes of it, acknowledged() moves
///   on kRun          run job() off the engine thread, then ran() kConclude     account-only: forget the account
///   everywhere (Enforcer::forget, Record::kAccounts), then conclude() kDone         device: the marker stays, this is
///   a wiped phone
/// A device wipe leaves its marker for good; an account-only one removes it. Whether an order may be believed (verified
/// channel, enrolled server) is the caller's to check before arm().
#pragma once
#include "handsync/engine.h"
#include "policy/fault.h"

namespace handsync::policy {

enum class WipeScope : std::uint8_t { kAccount = 1, kDevice = 2 };
enum class WipeOrigin : std::uint8_t { kServer = 1, kPinLimit = 2, kUser = 3 };
enum class WipeStep : std::uint8_t { kNone, kArmed, kStarted, kKeysDestroyed, kFilesErased, kVerified, kReset, kDone };

inline constexpr std::uint16_t kWipeResumesMax = 28;  ///< beyond: keys only, so that a broken disk cannot loop for ever
inline constexpr std::uint8_t kWipeTriesPerBoot = 3;  ///< of one step
inline constexpr hal::KeySlot kWipeSlotsMax = 64;     ///< slots 1..kWipeSlotsMax - 1 are looked at

struct WipeJob final : public Job {
  void run(hal::Device&, hal::Progress&) override;

 private:
  friend class Wipe;
  WipeStep after_ = WipeStep::kNone;  ///< the step that will have been reached
  WipeScope scope_ = WipeScope::kDevice;
  hal::KeySlot slot_ = 0;
  Error error_{};
};

/// What a wipe of this device is worth: keys go first, so it is as final as their end.
Enforcement wipe_finality(const hal::Keys&);

class Wipe {
 public:
  enum class Next : std::uint8_t { kNothing, kAcknowledge, kRun, kConclude, kDone };

  /// The boot gate, asked before anything else is opened: true also when the marker is there and cannot be read.
  static bool pending(hal::Records&);

  /// Boot. A resumed wipe counts this boot, as far as that can be stored: it goes on in any case. A factory reset that
  /// did not return is seen by what it has left; else it is run again. A marker that is damaged was a marker: the
  /// device is wiped. A marker that cannot be read at all is an error and active(): nothing may be opened, nothing is
  /// destroyed either.
  Status load(hal::Device&);
  /// From here no user and no reboot cancels it. Ok also when the same or a wider wipe is under way already; a device
  /// wipe widens an account-only one. An error means nothing was stored: arm again.
  Status arm(hal::Device&, WipeScope, AccountId, WipeOrigin, Instant);
  Next next() const;
  /// Always ok: a marker that cannot be moved on (a full disk) holds up no key's end. The same holds for each step up
  /// to kVerified: it is recorded as far as that is possible and begun again after a power cut.
  Status acknowledged(hal::Device&);
  Job& job();
  /// After the job. An error is already accounted for: next() says whether to try again now (kRun) or later (kNothing
  /// while active(): call try_again() after a pause; the next boot does it by itself).
  Status ran(hal::Device&);
  void try_again() { tries_ = 0; }
  Status conclude(hal::Device&);

  bool active() const { return unreadable_ || (step_ != WipeStep::kNone && step_ != WipeStep::kDone); }
  bool device_wiped() const { return step_ == WipeStep::kDone; }
  bool keys_destroyed() const { return step_ >= WipeStep::kKeysDestroyed; }
  WipeStep step() const { return step_; }
  WipeScope scope() const { return scope_; }
  AccountId account() const { return account_; }
  WipeOrigin origin() const { return origin_; }
  std::uint16_t resumes() const { return resumes_; }

 private:
  Status store(hal::Device&);
  Status advance(hal::Device&, WipeStep);
  bool only_keys() const { return resumes_ > kWipeResumesMax; }
  WipeStep step_ = WipeStep::kNone;
  WipeScope scope_ = WipeScope::kDevice;
  WipeOrigin origin_ = WipeOrigin::kServer;
  AccountId account_{};
  std::uint16_t resumes_ = 0;
  std::uint8_t tries_ = 0;
  bool unreadable_ = false;
  std::int64_t wall_ms_ = 0;
  WipeJob job_;
};

}  // namespace handsync::policy
