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

#include "posix/core.h"
#include "posix/hosted.h"
#include "simulated/raw_flash.h"

namespace handsync::hal::simulated {

using posix::Cut;
using posix::PowerCut;

/// How a capability answers to policy.
enum class Manner : std::uint8_t {
  kHonest,
  kFails,    ///< apply is an error
  kIgnores,  ///< apply says ok and does nothing; read-back tells
};

/// Stands for a phone with the best of storage: records that cannot be played back, a key block that can be erased.
struct Options : posix::CoreOptions {
  std::string model = "Handsync Simulated";
  bool has_lock = true, has_gates = true, has_storage = true;
  std::array<Force, static_cast<std::size_t>(Gate::kCount)> gate_force;  ///< all kEnforced at first
  bool has_apps = true;
  Force app_force = Force::kEnforced;
  bool has_messaging = true;
  Force text_force = Force::kEnforced;
  std::string own_number = "+15550100";  ///< "" = the network has not told it
  std::function<Status(std::string_view)>
      modem;  ///< asked before a text is taken; an error: it is not. None = takes all
  Manner gate_manner = Manner::kHonest, lock_manner = Manner::kHonest;
  Manner app_manner = Manner::kHonest, card_manner = Manner::kHonest;
  Force device_encryption = Force::kPartial;  ///< credentials are sealed, replicas are not
  Force card_encryption = Force::kEnforced;
  /// A file that gets everything that is ever programmed into the phone's flash; "" = none. What a program writes into
  /// the home past the port it tells Handset::flash().
  std::string flash_image;
  /// Without one, old copies of keys stay in the flash: destroys_for_good is kPartial, and so is every wipe.
  bool erasable_key_block = true;
  std::uint32_t user_idle_s = 0;           ///< the user's own wish for the screen lock; 0 = none
  std::function<std::uint64_t()> mono_ms;  ///< milliseconds that run on in suspend; none = the system's
  std::function<std::int64_t()> wall_ms;   ///< none = the system's
  Options() {
    replay_protected = true;
    destroys_for_good = Force::kEnforced;
    gate_force.fill(Force::kEnforced);
  }
};

class Handset final : public posix::HostedDevice {
 public:
  /// Opens or makes the phone. Throws std::runtime_error with a sentence when the home cannot be used.
  explicit Handset(const Options&);
  ~Handset() override;

  Entropy& entropy() override;
  Records& records() override;
  Keys& keys() override;
  Erase& erase() override;
  Gates* gates() override;
  Apps* apps() override;
  Storage* storage() override;
  Lock* lock() override;
  Messaging* messaging() override;
  Text model() const override;

  // -- what a host or a test does with the phone ---------------------------------------------------------------------
  Instant now() const override;  ///< mono_ms since this phone's boot, over processes; boot id; wall with its shift
  bool reboot() override;        ///< new boot id; locked when a PIN is set; gates as recorded
  void touched() override;       ///< the user did something: the idle time starts again
  bool advance(std::uint64_t milliseconds) override;
  void shift_wall(std::int64_t milliseconds);  ///< only the wall clock, as a user or a network may set it
  void add_trace(const std::string& path) override;
  std::string replica_directory() const override;
  posix::CardSlot* card() override;
  posix::Switches* switches() override;
  posix::TextNetwork* texts() override;
  /// Whether the phone starts a program: a preinstalled one by its name, another by the SHA-1 of its file.
  bool may_run(const std::string& name, const std::string& sha1, bool preinstalled) const;
  /// Cuts the power between two operations, with Options::power set: what was reported must be there, what was not
  /// synced is lost. Afterwards this object only throws PowerCut; make a new one on the same home.
  void cut_power();
  std::uint64_t durable_operations() const;  ///< counted since the start, for tests that cut at each
  const Options& options() const;
  RawFlash* flash();  ///< null without Options::flash_image
  Status check() override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// A Progress that never asks to give up.
struct Patience final : Progress {
  bool step() override { return true; }
};

}  // namespace handsync::hal::simulated
