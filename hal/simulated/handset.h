/// One simulated phone in a directory: every capability of the HAL on plain files, durable as the contracts ask, with
/// faults on demand.
///
/// A home is one phone that stays on between processes: only reboot() restarts it. Layout of the home:
///   device/      what the phone's flash holds: records, key block, gates, lock, boot
///   replica/     the engine's databases (Options::directory of the engine)
/// Thread-safe: one lock inside; SLOW functions may run beside FAST ones. One process at a time (the host keeps a lock
/// file).
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "handsync/hal/device.h"

namespace handsync::hal::simulated {

/// Thrown by every operation once the power has been cut. Only a test that sets Options::power sees it.
struct PowerCut {};

/// What a power cut does to the operation it hits.
enum class Cut : std::uint8_t {
  kNone,    ///< goes on
  kBefore,  ///< the operation did not happen
  kTorn,    ///< half of the bytes arrived (a write), or as kBefore
  kAfter,   ///< it happened, the caller never hears of it
};

/// How a capability answers to policy.
enum class Manner : std::uint8_t {
  kHonest,
  kFails,    ///< apply is an error
  kIgnores,  ///< apply says ok and does nothing; read-back tells
};

struct Options {
  std::string home;  ///< made (0700) when it is not there
  std::string model = "Handsync Simulated";
  bool has_lock = true, has_gates = true, has_storage = true;
  std::array<Force, static_cast<std::size_t>(Gate::kCount)> gate_force;  ///< all kEnforced at first
  Manner gate_manner = Manner::kHonest, lock_manner = Manner::kHonest;
  Force device_encryption = Force::kPartial;  ///< credentials are sealed, replicas are not
  Force card_encryption = Force::kAbsent;
  bool replay_protected = true;                ///< the record store stands for one that cannot be played back
  Force destroys_for_good = Force::kEnforced;  ///< the key block stands for one that can be erased
  std::uint32_t user_idle_s = 0;               ///< the user's own wish for the screen lock; 0 = none
  /// Called before each durable operation ("write", "sync", "rename", "unlink", "syncdir") with its path.
  std::function<Cut(std::string_view operation, std::string_view path)> power;
  /// Called at the same places: an errno (ENOSPC, EIO ...) makes the operation fail, 0 lets it be.
  std::function<int(std::string_view operation, std::string_view path)> fail;
  bool real_sync = true;  ///< false: fsync is only played, for tests that cut the simulated power thousands of times
  bool cut_loses_unsynced = true;          ///< what was not synced when the power went is lost
  std::function<std::uint64_t()> mono_ms;  ///< milliseconds that run on in suspend; none = the system's
  std::function<std::int64_t()> wall_ms;   ///< none = the system's
  /// Names (directly in the home) that factory_reset leaves alone: the host's lock file and socket.
  std::vector<std::string> keep;
  Options() { gate_force.fill(Force::kEnforced); }
};

class Handset final : public Device {
 public:
  /// Opens or makes the phone. Throws std::runtime_error with a sentence when the home cannot be used.
  explicit Handset(Options);
  ~Handset();
  Handset(const Handset&) = delete;
  Handset& operator=(const Handset&) = delete;

  Entropy& entropy() override;
  Records& records() override;
  Keys& keys() override;
  Erase& erase() override;
  Gates* gates() override;
  Storage* storage() override;
  Lock* lock() override;
  Text model() const override;

  // -- what a host or a test does with the phone ---------------------------------------------------------------------
  Instant now() const;  ///< mono_ms since this phone's boot, over processes; boot id; wall with its shift
  void reboot();        ///< new boot id; locked when a PIN is set; gates as recorded
  void touched();       ///< the user did something: the idle time starts again
  void advance(std::uint64_t milliseconds);    ///< both clocks of this phone, for good
  void shift_wall(std::int64_t milliseconds);  ///< only the wall clock, as a user or a network may set it
  void add_trace(
      const std::string& path);  ///< a file outside that a wipe has to remove as well; remembered over processes
  std::string replica_directory() const;
  /// Cuts the power between two operations, with Options::power set: what was reported must be there, what was not
  /// synced is lost. Afterwards this object only throws PowerCut; make a new one on the same home.
  void cut_power();
  std::uint64_t durable_operations() const;  ///< counted since the start, for tests that cut at each
  const Options& options() const;
  Status check();  ///< every record and key readable; the first that is not

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// A Progress that never asks to give up.
struct Patience final : Progress {
  bool step() override { return true; }
};

}  // namespace handsync::hal::simulated
