#include "simulated/handset.h"

#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "posix/clock.h"
#include "posix/core.h"
#include "posix/settings.h"
#include "simulated/card.h"
#include "simulated/programs.h"
#include "simulated/radio.h"

namespace handsync::hal::simulated {

using posix::Contents;
using posix::Durable;
using posix::number_in;
using posix::parse_settings;
using posix::Settings;
using posix::system_mono_ms;
using posix::system_wall_ms;
using posix::write_settings;

namespace {

constexpr std::size_t kGates = static_cast<std::size_t>(Gate::kCount);

}  // namespace

struct Handset::Parts final : posix::Core,
                              Gates,
                              Apps,
                              Storage,
                              Lock,
                              Messaging,
                              posix::CardSlot,
                              posix::Switches,
                              posix::TextNetwork {
  explicit Parts(const Options& given)
      : Core(given),
        options(given),
        programs(durable, device_path("programs")),
        storage_card(durable, vault, core_options.home, device_path("card")),
        radio(durable, vault, device_path("texts")) {
    if (!options.erasable_key_block && options.destroys_for_good == Force::kEnforced)
      core_options.destroys_for_good = options.destroys_for_good = Force::kPartial;
    if (options.flash_image.empty()) return;
    flash.emplace(options.home, options.flash_image, options.erasable_key_block);
    core_options.programmed = [this](std::string_view path, std::size_t offset, Bytes bytes) {
      flash->programmed(path, offset, bytes);
    };
    core_options.dropped = [this](std::string_view path) { flash->dropped(path); };
  }

  void open() {
    Core::open();
    open_clock();
    Contents contents;
    levels.fill(2);
    if (Durable::read(device + "/gates", contents).ok() && contents.size() == kGates) {
      std::transform(contents.begin(), contents.end(), levels.begin(),
                     [](std::byte b) { return static_cast<std::uint8_t>(b); });
    }
    switched.fill(true);
    if (Durable::read(device + "/switches", contents).ok() && contents.size() == kGates) {
      std::transform(contents.begin(), contents.end(), switched.begin(), [](std::byte b) { return b != std::byte{0}; });
    }
    // A damaged file is reported by what is in force then: nothing.
    static_cast<void>(programs.open());
    static_cast<void>(storage_card.open());
    static_cast<void>(radio.open(phone_wall_ms()));
    if (Durable::read(device + "/lock", contents).ok()) {
      const Settings settings = parse_settings(text_of(contents));
      locked_flag = number_in(settings, "locked", 0) != 0;
      idle_s = number_in(settings, "idle_s", 0U);
    }
  }

  void begin_anew() override {
    levels.fill(2);
    switched.fill(true);
    programs.begin_anew();
    storage_card.begin_anew();
    radio.begin_anew();
    locked_flag = false;
    idle_s = 0;
    active_ms = 0;
  }

  // -- clock ---------------------------------------------------------------------------------------------------------
  std::uint64_t host_mono_ms() const { return options.mono_ms ? options.mono_ms() : system_mono_ms(); }
  std::uint64_t phone_mono_ms() const {
    const std::uint64_t host = host_mono_ms();
    return base_phone_ms + (host >= base_host_ms ? host - base_host_ms : 0);
  }

  std::int64_t phone_wall_ms() const {
    return (options.wall_ms ? options.wall_ms() : system_wall_ms()) + wall_shift_ms;
  }

  void open_clock() {
    const std::string host = options.mono_ms ? "test" : posix::system_boot_id("");
    Contents contents;
    Settings settings;
    if (Durable::read(device + "/boot", contents).ok()) settings = parse_settings(text_of(contents));
    boot = number_in(settings, "boot", 1U);
    base_phone_ms = number_in(settings, "phone_ms", std::uint64_t{0});
    base_host_ms = number_in(settings, "host_ms", host_mono_ms());
    wall_shift_ms = number_in(settings, "wall_shift_ms", std::int64_t{0});
    if (Durable::read(device + "/active", contents).ok())
      active_ms = number_in(parse_settings(text_of(contents)), "active_ms", std::uint64_t{0});
    const bool other_host_boot = settings["host_boot"] != host || host_mono_ms() < base_host_ms;
    if (other_host_boot) {
      // The machine was restarted, the phone was not: its time goes on from the last moment that is known.
      base_phone_ms = std::max(base_phone_ms, active_ms);
      base_host_ms = host_mono_ms();
    }
    this->host_boot = host;
    if (other_host_boot) must(store_clock(), "the clock");
  }

  Status store_clock() {
    const Settings settings = {{"boot", std::to_string(boot)},
                               {"phone_ms", std::to_string(base_phone_ms)},
                               {"host_ms", std::to_string(base_host_ms)},
                               {"host_boot", host_boot},
                               {"wall_shift_ms", std::to_string(wall_shift_ms)}};
    return durable.replace(device + "/boot", bytes_of(write_settings(settings)));
  }

  void note_activity() {
    active_ms = phone_mono_ms();
    durable.note(device + "/active", "active_ms " + std::to_string(active_ms) + "\n");
  }

  // -- Gates ---------------------------------------------------------------------------------------------------------
  Force force(Gate gate) const override { return options.gate_force[static_cast<std::size_t>(gate)]; }
  Status set(Gate gate, std::uint8_t level) override {
    const std::scoped_lock hold(mutex);
    const auto index = static_cast<std::size_t>(gate);
    const Force can = options.gate_force[index];
    if (can == Force::kAbsent || can == Force::kNotFitted || level > 2) return fault(Fault::kRefused);
    if (options.gate_manner == Manner::kFails) return fault(Fault::kRefused);
    if (options.gate_manner == Manner::kIgnores) return Done{};
    if (levels[index] == level) return Done{};
    auto next = levels;
    next[index] = level;
    HANDSYNC_TRY(durable.replace(device + "/gates", std::as_bytes(std::span(next))));
    levels = next;
    return Done{};
  }
  Result<std::uint8_t> level(Gate gate) const override {
    const std::scoped_lock hold(mutex);
    return levels[static_cast<std::size_t>(gate)];
  }

  // -- Switches ------------------------------------------------------------------------------------------------------
  Status turn(Gate gate, bool on) override {
    const std::scoped_lock hold(mutex);
    const auto index = static_cast<std::size_t>(gate);
    if (options.gate_force[index] == Force::kNotFitted) return fault(Fault::kNotThere);
    if (on && levels[index] == 0) return fault(Fault::kRefused);
    auto next = switched;
    next[index] = on;
    std::array<std::byte, kGates> bytes{};
    std::transform(next.begin(), next.end(), bytes.begin(), [](bool each) { return std::byte{each}; });
    HANDSYNC_TRY(durable.replace(device + "/switches", bytes));
    switched = next;
    return Done{};
  }
  bool on(Gate gate) const override {
    const std::scoped_lock hold(mutex);
    const auto index = static_cast<std::size_t>(gate);
    return options.gate_force[index] != Force::kNotFitted && switched[index] && levels[index] != 0;
  }

  // -- Apps ----------------------------------------------------------------------------------------------------------
  Force force(AppList) const override { return options.app_force; }
  Status begin(KeySlot slot, AppList list) override {
    const std::scoped_lock hold(mutex);
    return programs.begin(slot, list);
  }
  Status add(KeySlot slot, Text entry) override {
    const std::scoped_lock hold(mutex);
    return programs.add(slot, entry);
  }
  Status name(KeySlot slot, std::uint64_t id) override {
    const std::scoped_lock hold(mutex);
    return programs.name(slot, id);
  }
  Status enforce(AppList list, std::span<const std::uint64_t> ids) override {
    const std::scoped_lock hold(mutex);
    if (options.app_manner == Manner::kFails) return fault(Fault::kRefused);
    if (options.app_manner == Manner::kIgnores) return Done{};
    return programs.enforce(list, ids);
  }
  Result<std::size_t> in_force(AppList list, std::span<std::uint64_t> ids) const override {
    const std::scoped_lock hold(mutex);
    const std::vector<std::uint64_t> all = programs.in_force(list);
    for (std::size_t i = 0; i < all.size() && i < ids.size(); ++i) ids[i] = all[i];
    return all.size();
  }

  // -- Storage -------------------------------------------------------------------------------------------------------
  Force device_encryption() const override { return options.device_encryption; }
  Force card_encryption() const override { return options.card_encryption; }
  Status encrypt_card(bool on) override {
    const std::scoped_lock hold(mutex);
    if (options.card_manner == Manner::kFails) return fault(Fault::kRefused);
    if (options.card_manner == Manner::kIgnores) return Done{};
    return storage_card.encrypt(on);
  }
  Result<bool> encrypts_card() const override {
    const std::scoped_lock hold(mutex);
    return storage_card.encrypts();
  }

  // -- CardSlot ------------------------------------------------------------------------------------------------------
  bool card_closed() const { return levels[static_cast<std::size_t>(Gate::kCard)] == 0; }
  bool inserted() const override {
    const std::scoped_lock hold(mutex);
    return storage_card.inserted();
  }
  Status insert() override {
    const std::scoped_lock hold(mutex);
    return storage_card.insert();
  }
  Status pull() override {
    const std::scoped_lock hold(mutex);
    return storage_card.pull();
  }
  Status write(const std::string& name, Bytes bytes) override {
    const std::scoped_lock hold(mutex);
    return card_closed() ? Status(fault(Fault::kRefused)) : storage_card.write(name, bytes);
  }
  Status read(const std::string& name, std::vector<std::byte>& contents) const override {
    const std::scoped_lock hold(mutex);
    return card_closed() ? Status(fault(Fault::kRefused)) : storage_card.read(name, contents);
  }
  std::vector<std::string> names() const override {
    const std::scoped_lock hold(mutex);
    return card_closed() ? std::vector<std::string>() : storage_card.names();
  }

  // -- Messaging, TextNetwork ----------------------------------------------------------------------------------------
  bool texts_closed() const { return levels[static_cast<std::size_t>(Gate::kSms)] == 0; }
  Force can_gate() const override { return options.text_force; }
  Result<std::size_t> own_number(Room room) const override {
    if (options.own_number.size() > room.size()) return fault(Fault::kTooLarge);
    std::transform(options.own_number.begin(), options.own_number.end(), room.begin(),
                   [](char c) { return static_cast<std::byte>(c); });
    return options.own_number.size();
  }
  Result<bool> oldest(TextRecord& record, Room text) override {
    const std::scoped_lock hold(mutex);
    return texts_closed() ? Result<bool>(false) : radio.oldest(record, text);
  }
  Status done(std::uint64_t id) override {
    const std::scoped_lock hold(mutex);
    return radio.done(id);
  }
  Status send(std::span<const Text> numbers, Text text) override {
    const std::scoped_lock hold(mutex);
    if (texts_closed()) return fault(Fault::kRefused);
    if (options.modem) HANDSYNC_TRY(options.modem(text));
    return radio.send(phone_wall_ms(), numbers, text);
  }
  Status arrive(const std::string& number, const std::string& text, bool sent) override {
    const std::scoped_lock hold(mutex);
    if (texts_closed()) return fault(Fault::kRefused);
    return radio.arrive(sent, phone_wall_ms(), number, text);
  }
  std::vector<posix::TextOnAir> on_air() const override {
    const std::scoped_lock hold(mutex);
    return radio.on_air();
  }

  // -- Erase ---------------------------------------------------------------------------------------------------------
  Status files(KeySlot slot, Progress& progress) override {
    Status outcome = Core::files(slot, progress);
    if (slot != kEverySlot) return outcome;
    const std::scoped_lock hold(mutex);
    const Status card_gone = storage_card.erase();
    return outcome.ok() ? card_gone : outcome;
  }

  // -- Lock ----------------------------------------------------------------------------------------------------------
  Status store_lock(bool locked_now, std::uint32_t idle) {
    const Settings settings = {{"locked", locked_now ? "1" : "0"}, {"idle_s", std::to_string(idle)}};
    HANDSYNC_TRY(durable.replace(device + "/lock", bytes_of(write_settings(settings))));
    locked_flag = locked_now;
    idle_s = idle;
    return Done{};
  }
  std::uint32_t effective_idle_s() const {
    if (options.user_idle_s == 0 || idle_s == 0) return std::max(idle_s, options.user_idle_s);
    return std::min(idle_s, options.user_idle_s);
  }
  bool locked_now() const {
    if (locked_flag) return true;
    const std::uint64_t limit_ms = effective_idle_s() * std::uint64_t{1000};
    if (limit_ms == 0 || !record_exists(Record::kPin)) return false;
    const std::uint64_t now_ms = phone_mono_ms();
    return now_ms >= active_ms && now_ms - active_ms >= limit_ms;
  }
  Status now() override {
    const std::scoped_lock hold(mutex);
    return locked_flag ? Status(Done{}) : store_lock(true, idle_s);
  }
  Status release() override {
    const std::scoped_lock hold(mutex);
    if (locked_flag) HANDSYNC_TRY(store_lock(false, idle_s));
    note_activity();
    return Done{};
  }
  bool locked() const override {
    const std::scoped_lock hold(mutex);
    return locked_now();
  }
  Status after_idle_s(std::uint32_t seconds) override {
    const std::scoped_lock hold(mutex);
    if (options.lock_manner == Manner::kFails) return fault(Fault::kRefused);
    if (options.lock_manner == Manner::kIgnores || idle_s == seconds) return Done{};
    if (idle_s == 0) note_activity();  // the idle time is counted from when somebody asks for it
    return store_lock(locked_flag, seconds);
  }
  Result<std::uint32_t> idle_limit_s() const override {
    const std::scoped_lock hold(mutex);
    return effective_idle_s();
  }

  Options options;
  std::optional<RawFlash> flash;
  std::array<std::uint8_t, kGates> levels{};
  std::array<bool, kGates> switched{};
  Programs programs;
  Card storage_card;
  Radio radio;
  bool locked_flag = false;
  std::uint32_t idle_s = 0, boot = 1;
  std::uint64_t base_phone_ms = 0, base_host_ms = 0, active_ms = 0;
  std::int64_t wall_shift_ms = 0;
  std::string host_boot;
};

Handset::Handset(const Options& options) : parts_(std::make_unique<Parts>(options)) { parts_->open(); }
Handset::~Handset() = default;

Entropy& Handset::entropy() { return *parts_; }
Records& Handset::records() { return *parts_; }
Keys& Handset::keys() { return *parts_; }
Erase& Handset::erase() { return *parts_; }
Gates* Handset::gates() { return parts_->options.has_gates ? parts_.get() : nullptr; }
Apps* Handset::apps() { return parts_->options.has_apps ? parts_.get() : nullptr; }
posix::CardSlot* Handset::card() { return parts_.get(); }
posix::Switches* Handset::switches() { return parts_.get(); }
bool Handset::may_run(const std::string& name, const std::string& sha1, bool preinstalled) const {
  const std::scoped_lock hold(parts_->mutex);
  return parts_->programs.may_run(name, sha1, preinstalled);
}
Storage* Handset::storage() { return parts_->options.has_storage ? parts_.get() : nullptr; }
Lock* Handset::lock() { return parts_->options.has_lock ? parts_.get() : nullptr; }
Messaging* Handset::messaging() { return parts_->options.has_messaging ? parts_.get() : nullptr; }
posix::TextNetwork* Handset::texts() { return messaging() != nullptr ? parts_.get() : nullptr; }
Text Handset::model() const { return parts_->options.model; }

Instant Handset::now() const {
  const std::scoped_lock hold(parts_->mutex);
  return Instant{parts_->phone_mono_ms(), parts_->phone_wall_ms(), parts_->boot, true};
}

bool Handset::reboot() {
  const std::scoped_lock hold(parts_->mutex);
  Parts& parts = *parts_;
  ++parts.boot;
  parts.base_phone_ms = 0;
  parts.base_host_ms = parts.host_mono_ms();
  parts.note_activity();
  Parts::must(parts.store_clock(), "the clock");
  if (parts.options.has_lock && parts.record_exists(Record::kPin))
    Parts::must(parts.store_lock(true, parts.idle_s), "the lock");
  return true;
}

void Handset::touched() {
  const std::scoped_lock hold(parts_->mutex);
  if (!parts_->locked_now()) parts_->note_activity();
}

bool Handset::advance(std::uint64_t milliseconds) {
  const std::scoped_lock hold(parts_->mutex);
  parts_->base_phone_ms += milliseconds;
  parts_->wall_shift_ms += static_cast<std::int64_t>(milliseconds);
  Parts::must(parts_->store_clock(), "the clock");
  return true;
}

void Handset::shift_wall(std::int64_t milliseconds) {
  const std::scoped_lock hold(parts_->mutex);
  parts_->wall_shift_ms += milliseconds;
  Parts::must(parts_->store_clock(), "the clock");
}

void Handset::add_trace(const std::string& path) { parts_->remember_trace(path); }

std::string Handset::replica_directory() const { return parts_->replica; }

void Handset::cut_power() {
  const std::scoped_lock hold(parts_->mutex);
  parts_->durable.lose_unsynced();
}

std::uint64_t Handset::durable_operations() const {
  const std::scoped_lock hold(parts_->mutex);
  return parts_->durable.operations();
}

const Options& Handset::options() const { return parts_->options; }
RawFlash* Handset::flash() { return parts_->flash ? &*parts_->flash : nullptr; }

Status Handset::check() { return parts_->check(); }

}  // namespace handsync::hal::simulated
