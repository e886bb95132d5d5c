// A phone in memory whose power can be cut at every durable operation. After the cut every call fails, as nothing runs
// any more; reboot() brings back what had lasted.
#pragma once
#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "handsync/engine.h"

namespace fake {

using namespace handsync;

enum class Manner { kHonest, kFails, kIgnores };

class Device final : public hal::Device,
                     hal::Entropy,
                     hal::Records,
                     hal::Keys,
                     hal::Erase,
                     hal::Gates,
                     hal::Apps,
                     hal::Lock,
                     hal::Storage {
 public:
  using Blob = std::vector<std::byte>;
  static constexpr std::size_t kGates = static_cast<std::size_t>(hal::Gate::kCount);

  Device() {
    gate_force.fill(hal::Force::kEnforced);
    levels.fill(2);
  }
  hal::Entropy& entropy() override { return *this; }
  hal::Records& records() override { return *this; }
  hal::Keys& keys() override { return *this; }
  hal::Erase& erase() override { return *this; }
  hal::Gates* gates() override { return has_gates ? this : nullptr; }
  hal::Apps* apps() override { return has_apps ? this : nullptr; }
  hal::Lock* lock() override { return has_lock ? this : nullptr; }
  hal::Storage* storage() override { return has_storage ? this : nullptr; }
  Text model() const override { return "Fake"; }

  // -- what tests do
  // -------------------------------------------------------------------------------------------------------
  void die() { dead_ = true; }
  void cut_at(unsigned operation, bool after) {
    operations_ = 0;
    cut_at_ = operation;
    cut_after_ = after;
    dead_ = false;
  }
  void reboot() {
    cut_at_ = 0;
    dead_ = false;
  }
  bool was_cut() const { return dead_; }
  unsigned operations() const { return operations_; }

  bool has_apps = true;
  hal::Force app_force = hal::Force::kEnforced;
  Manner app_manner = Manner::kHonest, card_manner = Manner::kHonest;
  std::map<std::uint64_t, std::vector<std::string>> named;  ///< lists that have arrived whole
  std::array<std::set<std::uint64_t>, 2> lists;             ///< in force
  std::vector<std::string> arriving;
  bool card_sealed = false;
  bool has_gates = true, has_lock = true, has_storage = true, replay = true;
  std::array<hal::Force, kGates> gate_force;
  Manner gate_manner = Manner::kHonest, lock_manner = Manner::kHonest;
  hal::Force device_force = hal::Force::kPartial, card_force = hal::Force::kAbsent, destroys = hal::Force::kEnforced;
  bool keeps_a_record = false;  ///< in a factory reset, which says that all is well
  bool put_fails = false, destroy_fails = false, erase_fails = false;
  /// Asked before each "fill", "get", "put", "remove", "mac", "secret", "gate", "level": true makes it fail.
  std::function<bool(const char* operation)> fails;
  Error failing_with{Domain::kHal, 5, 0};      ///< of those that name no reason of their own
  std::function<void(hal::KeySlot)> on_erase;  ///< a slot's files are to go
  std::uint64_t seed = 0;                      ///< of the random bytes
  /// What stretches (`rounds` not 0) and signs in place of a digest that costs nothing.
  std::function<Status(const Blob& key, Bytes in, Bytes salt, std::uint32_t rounds, Room out)> derive;
  unsigned stretches = 0;
  std::map<hal::Record, Blob> stored;
  std::map<hal::KeySlot, Blob> key;
  std::map<hal::KeySlot, Blob> secret;
  std::set<std::string> files_left;
  std::array<std::uint8_t, kGates> levels;
  std::uint32_t idle_s = 0;
  bool is_locked = false;
  unsigned resets = 0;

  // -- Entropy
  // -------------------------------------------------------------------------------------------------------------
  Status fill(Room room) override {
    if (dead_ || (fails && fails("fill"))) return fail();
    for (std::byte& b : room) b = static_cast<std::byte>(seed ? next_random() : next_++ * 167 + 13);
    return Done{};
  }
  // -- Records
  // -------------------------------------------------------------------------------------------------------------
  Result<std::size_t> get(hal::Record record, Room room) override {
    if (dead_ || (fails && fails("get"))) return fail();
    const auto found = stored.find(record);
    if (found == stored.end()) return std::size_t{0};
    if (found->second.size() > room.size()) return hal::fault(hal::Fault::kTooLarge);
    std::memcpy(room.data(), found->second.data(), found->second.size());
    return found->second.size();
  }
  Status put(hal::Record record, Bytes bytes) override {
    if (put_fails || (fails && fails("put"))) return hal::fault(hal::Fault::kNoSpace);
    return durable([&] { stored[record] = Blob(bytes.begin(), bytes.end()); });
  }
  Status remove(hal::Record record) override {
    if (fails && fails("remove")) return fail();
    return durable([&] { stored.erase(record); });
  }
  bool replay_protected() const override { return replay; }
  // -- Keys
  // ----------------------------------------------------------------------------------------------------------------
  Status create(hal::KeySlot slot) override {
    if (key.contains(slot)) return hal::fault(hal::Fault::kExists);
    Blob fresh(32);
    if (Status filled = fill(fresh); !filled.ok()) return filled;
    return durable([&] { key[slot] = fresh; });
  }
  bool exists(hal::KeySlot slot) const override { return key.contains(slot); }
  Status unlock(hal::KeySlot, Room) override { return fail(); }
  Status mac(hal::KeySlot slot, Bytes in, Room out) override {
    if (dead_ || (fails && fails("mac"))) return fail();
    if (!key.contains(slot)) return hal::fault(hal::Fault::kNotThere);
    if (derive) return derive(key[slot], in, {}, 0, out);
    digest(key[slot], in, out);
    return Done{};
  }
  Status stretch(hal::KeySlot slot, Bytes in, Bytes salt, std::uint32_t rounds, Room out,
                 hal::Progress& progress) override {
    if (dead_) return fail();
    if (!key.contains(slot)) return hal::fault(hal::Fault::kNotThere);
    ++stretches;
    if (!progress.step()) return hal::fault(hal::Fault::kGivenUp);
    if (derive) return derive(key[slot], in, salt, rounds, out);
    Blob all(in.begin(), in.end());
    all.push_back(static_cast<std::byte>(rounds));
    all.insert(all.end(), salt.begin(), salt.end());
    digest(key[slot], all, out);
    return Done{};
  }
  Status put_secret(hal::KeySlot slot, Bytes bytes) override {
    return durable([&] { secret[slot] = Blob(bytes.begin(), bytes.end()); });
  }
  Result<std::size_t> get_secret(hal::KeySlot slot, Room room) override {
    if (dead_ || (fails && fails("secret"))) return fail();
    const auto found = secret.find(slot);
    if (found == secret.end()) return std::size_t{0};
    if (found->second.size() > room.size()) return hal::fault(hal::Fault::kTooLarge);
    std::copy(found->second.begin(), found->second.end(), room.begin());
    return found->second.size();
  }
  Status destroy(hal::KeySlot slot, hal::Progress& progress) override {
    progress.step();
    if (destroy_fails) return hal::fault(hal::Fault::kRefused);
    if (!key.contains(slot) && !secret.contains(slot)) return dead_ ? Status(fail()) : Status(Done{});
    return durable([&] {
      key.erase(slot);
      secret.erase(slot);
    });
  }
  hal::Force destroys_for_good() const override { return destroys; }
  // -- Erase
  // ---------------------------------------------------------------------------------------------------------------
  Status files(hal::KeySlot slot, hal::Progress& progress) override {
    if (erase_fails) return hal::fault(hal::Fault::kRefused);
    if (on_erase) on_erase(slot);
    const std::string mine = "account-" + std::to_string(slot) + ".";
    const std::set<std::string> before = files_left;
    for (const std::string& file : before) {
      if (slot != hal::kEverySlot && !file.starts_with(mine)) continue;
      progress.step();
      if (Status gone = durable([&] { files_left.erase(file); }); !gone.ok()) return gone;
    }
    return dead_ ? Status(fail()) : Status(Done{});
  }
  Status factory_reset(hal::Progress&) override {
    ++resets;
    const std::map<hal::Record, Blob> before = stored;
    for (const auto& [record, value] : before) {
      if (record == hal::Record::kWipe || (keeps_a_record && record == hal::Record::kIdentity)) continue;
      if (Status gone = durable([&, which = record] { stored.erase(which); }); !gone.ok()) return gone;
    }
    return dead_ ? Status(fail()) : Status(Done{});
  }
  // -- Gates
  // ---------------------------------------------------------------------------------------------------------------
  hal::Force force(hal::Gate gate) const override { return gate_force[static_cast<std::size_t>(gate)]; }
  Status set(hal::Gate gate, std::uint8_t level) override {
    if (gate_manner == Manner::kFails || (fails && fails("gate"))) return hal::fault(hal::Fault::kRefused);
    if (gate_manner == Manner::kIgnores) return Done{};
    return durable([&] { levels[static_cast<std::size_t>(gate)] = level; });
  }
  Result<std::uint8_t> level(hal::Gate gate) const override {
    if (fails && fails("level")) return fail();
    return levels[static_cast<std::size_t>(gate)];
  }
  // -- Apps
  // ----------------------------------------------------------------------------------------------------------------
  hal::Force force(hal::AppList) const override { return app_force; }
  Status begin(hal::KeySlot, hal::AppList) override {
    arriving.clear();
    return Done{};
  }
  Status add(hal::KeySlot, Text entry) override {
    arriving.emplace_back(entry);
    return Done{};
  }
  Status name(hal::KeySlot, std::uint64_t id) override {
    named[id] = arriving;
    return Done{};
  }
  Status enforce(hal::AppList list, std::span<const std::uint64_t> ids) override {
    if (app_manner == Manner::kFails) return hal::fault(hal::Fault::kRefused);
    if (app_manner == Manner::kIgnores) return Done{};
    for (const std::uint64_t id : ids) {
      if (!named.contains(id)) return hal::fault(hal::Fault::kNotThere);
    }
    return durable([&] { lists[static_cast<std::size_t>(list)] = std::set<std::uint64_t>(ids.begin(), ids.end()); });
  }
  Result<std::size_t> in_force(hal::AppList list, std::span<std::uint64_t> ids) const override {
    std::size_t count = 0;
    for (const std::uint64_t id : lists[static_cast<std::size_t>(list)]) {
      if (count < ids.size()) ids[count] = id;
      ++count;
    }
    return count;
  }
  // -- Lock
  // ----------------------------------------------------------------------------------------------------------------
  Status now() override {
    is_locked = true;
    return Done{};
  }
  Status release() override {
    is_locked = false;
    return Done{};
  }
  bool locked() const override { return is_locked; }
  Status after_idle_s(std::uint32_t seconds) override {
    if (lock_manner == Manner::kFails) return hal::fault(hal::Fault::kRefused);
    if (lock_manner == Manner::kIgnores) return Done{};
    return durable([&] { idle_s = seconds; });
  }
  Result<std::uint32_t> idle_limit_s() const override { return idle_s; }
  // -- Storage
  // -------------------------------------------------------------------------------------------------------------
  hal::Force device_encryption() const override { return device_force; }
  hal::Force card_encryption() const override { return card_force; }
  Status encrypt_card(bool on) override {
    if (card_manner == Manner::kFails) return hal::fault(hal::Fault::kRefused);
    if (card_manner == Manner::kIgnores) return Done{};
    return durable([&] { card_sealed = on; });
  }
  Result<bool> encrypts_card() const override { return card_sealed; }

 private:
  std::uint64_t next_random() {
    std::uint64_t z = seed += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (z ^ (z >> 31)) >> 24;
  }
  Error fail() const { return failing_with; }
  template <class Action>
  Status durable(Action action) {
    if (dead_) return fail();
    const bool cut = ++operations_ == cut_at_;
    if (!cut || cut_after_) action();
    if (!cut) return Done{};
    dead_ = true;
    return fail();
  }
  static void digest(const Blob& with, Bytes in, Room out) {
    std::uint64_t hash = 0xCBF29CE484222325ULL;
    const auto add = [&](std::byte b) { hash = (hash ^ static_cast<std::uint64_t>(b)) * 0x100000001B3ULL; };
    for (const std::byte b : with) add(b);
    for (const std::byte b : in) add(b);
    for (std::byte& b : out) {
      add(std::byte{7});
      b = static_cast<std::byte>(hash >> 32);
    }
  }
  unsigned operations_ = 0, cut_at_ = 0;
  bool cut_after_ = false, dead_ = false;
  std::uint64_t next_ = 1;
};

struct Patience final : hal::Progress {
  bool step() override { return true; }
};

inline Instant at_s(std::uint64_t seconds, std::uint32_t boot = 1) {
  return Instant{seconds * 1000, static_cast<std::int64_t>(1'700'000'000 + seconds) * 1000, boot, true};
}

}  // namespace fake
