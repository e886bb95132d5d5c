/// The simulated phone: device layer and flash in memory, with faults, and its power can go at every durable operation.
#pragma once
#include <optional>
#include <tuple>

#include "engine/policy/fake_device.h"
#include "engine/replica/flash_fake.h"
#include "engine/sync/world.h"
#include "exchange/random.h"
#include "posix/vault.h"
#include "sim/fault_kinds.h"

namespace sim {

using replica_test::Flash;

class SimPhone final : public handsync::test::Phone {
 public:
  SimPhone(std::uint64_t seed, bool small) : random_(seed), small_(small) {
    flash_.clear();
    device_.seed = random_.next() | 1;
    device_.on_erase = [this](handsync::hal::KeySlot slot) { erase(slot); };
    device_.fails = [this](const char* operation) { return device_fails(operation); };
    flash_.on_operation = [this](std::string_view operation) { return flash_fails(operation); };
  }
  ~SimPhone() { flash_.clear(); }
  SimPhone(const SimPhone&) = delete;
  SimPhone& operator=(const SimPhone&) = delete;

  // -- what World wants of it
  handsync::hal::Device& device() override { return device_; }
  handsync::Instant now(std::uint64_t world_ms, std::int64_t wall_ms) const override {
    return {world_ms - boot_ms_, wall_ms + wall_shift_ms, boots_, true};
  }
  void boot(std::uint64_t world_ms) override {
    if (off_) flash_.power_on(kept, random_.next());
    if (image) {
      auto hooks = std::pair(flash_.on_operation, flash_.on_death);
      flash_.restore(*image);
      std::tie(flash_.on_operation, flash_.on_death) = hooks;
    }
    off_ = false;
    device_.reboot();
    boot_ms_ = world_ms;
    ++boots_;
    if (on_boot) on_boot();
  }
  void power_off() override {
    off_ = true;
    flash_.dead = true;
    device_.die();
  }
  handsync::Options options() override {
    handsync::Options options;
    options.directory = "phone";
    options.vfs = "flash";
    if (small_) {
      options.page_bytes = 1024;
      options.cache_kib = 64;
      options.arrival_kib = 16;
    }
    return options;
  }
  handsync::Memory memory() override { return {take, handsync::test::give_memory, this}; }

  /// What the next boot finds in the flash, in place of what was there.
  std::optional<std::map<std::string, Flash::File>> image;
  /// Other random numbers from here on: another phone.
  void reseed(std::uint64_t seed) { device_.seed = seed * 0x9E3779B97F4A7C15u | 1; }

  // -- what goes wrong
  Flash::Kept kept = Flash::Kept::kNothing;  ///< of what was not synced, at the next loss of power
  std::int64_t wall_shift_ms = 0;
  /// The power goes at the nth durable operation from now; the callback switches the world off.
  void cut_in(std::uint64_t operations, std::function<void()> switch_off) {
    cut_in_ = operations + 1;
    switch_off_ = std::move(switch_off);
  }
  /// The next `times` operations of that kind fail, after `after` that do not.
  void fail(FaultKind kind, unsigned after, unsigned times) {
    Failing& failing = failing_[static_cast<std::size_t>(kind)];
    failing.after = after;
    failing.times = times;
  }
  /// Nothing goes wrong while an oracle looks.
  struct Pause {
    explicit Pause(SimPhone& of) : phone(of) { ++phone.pauses_; }
    ~Pause() { --phone.pauses_; }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;
    SimPhone& phone;
  };
  std::function<void(FaultKind)> on_fault;
  std::function<void()> on_boot;
  /// Keys are derived as the ports on files do it.
  void derive_for_real() {
    device_.derive = [](const fake::Device::Blob& key, handsync::Bytes in, handsync::Bytes salt, std::uint32_t rounds,
                        handsync::Room out) {
      if (rounds == 0) return handsync::hal::posix::hmac(key, in, out);
      fake::Patience patience;
      std::byte stretched[32];
      if (auto done = handsync::hal::posix::pbkdf2(in, salt, rounds, stretched, patience); !done.ok()) return done;
      return handsync::hal::posix::hmac(key, stretched, out);
    };
  }
  void calm() {
    for (Failing& failing : failing_) failing = {};
    cut_in_ = 0;
    switch_off_ = nullptr;
  }

 private:
  struct Failing {
    unsigned after = 0, times = 0;
  };

  bool strikes(FaultKind kind) {
    Failing& failing = failing_[static_cast<std::size_t>(kind)];
    if (!failing.times || pauses_) return false;
    if (failing.after) return --failing.after, false;
    --failing.times;
    if (on_fault) on_fault(kind);
    return true;
  }
  /// Counts one durable operation; true when it is the one that the power does not outlast.
  bool cut_now() {
    if (!cut_in_ || pauses_ || --cut_in_) return false;
    const auto act = std::exchange(switch_off_, nullptr);
    if (act) act();
    return true;
  }
  bool device_fails(const char* operation) {
    const std::string_view what = operation;
    if (what == "put" || what == "remove" || what == "gate")
      if (cut_now()) return true;
    if (what == "fill") return strikes(FaultKind::kEntropy);
    if (what == "secret") return strikes(FaultKind::kSecret);
    return strikes(FaultKind::kRecord);
  }
  int flash_fails(std::string_view operation) {
    if (operation == "size" || operation == "lock" || operation == "map") return 0;
    const bool durable = operation != "read";
    if (durable && cut_now()) return 10;  // SQLITE_IOERR
    if (strikes(FaultKind::kDiskError))
      return 10 | (operation == "read" ? 1 << 8 : operation == "sync" ? 4 << 8 : 3 << 8);
    if ((operation == "write" || operation == "create") && strikes(FaultKind::kDiskFull)) return 13;  // SQLITE_FULL
    return 0;
  }
  static void* take(void* self, std::size_t bytes) {
    return static_cast<SimPhone*>(self)->strikes(FaultKind::kMemory) ? nullptr : std::malloc(bytes);
  }
  void erase(handsync::hal::KeySlot slot) {
    const std::string mine =
        slot == handsync::hal::kEverySlot ? "phone/" : "phone/account-" + std::to_string(slot) + ".db";
    std::erase_if(flash_.files, [&](const auto& file) { return file.first.starts_with(mine); });
  }

  exchange::Random random_;
  bool small_, off_ = false;
  Flash& flash_ = Flash::instance();
  fake::Device device_;
  std::uint64_t boot_ms_ = 0, cut_in_ = 0;
  std::uint32_t boots_ = 0;
  int pauses_ = 0;
  std::function<void()> switch_off_;
  std::array<Failing, kFaultKinds> failing_{};
};

}  // namespace sim
