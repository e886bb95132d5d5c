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
#include <stdexcept>

#include "simulated/durable.h"
#include "simulated/vault.h"

namespace handsync::hal::simulated {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kRecordBytesMax = 4096, kSumBytes = 8, kBallastBytes = 16 * 1024;
constexpr std::size_t kGates = static_cast<std::size_t>(Gate::kCount);
constexpr char kRecordMagic[] = "HSR1";

std::uint64_t system_mono_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

std::int64_t system_wall_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

std::string host_boot_id() {
  Contents contents;
  if (!Durable::read("/proc/sys/kernel/random/boot_id", contents).ok()) return "unknown";
  std::string id(text_of(contents));
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

// FNV-1a: tells a damaged record from a whole one. Whether it may be believed is another matter: the engine seals what
// must be.
std::uint64_t sum_of(Bytes bytes) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const std::byte b : bytes) hash = (hash ^ static_cast<std::uint64_t>(b)) * 0x100000001B3ULL;
  return hash;
}

/// Lines "name value".
using Settings = std::map<std::string, std::string>;

Settings parse_settings(Text text) {
  Settings settings;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const Text line = text.substr(0, end);
    if (const std::size_t blank = line.find(' '); blank != Text::npos) {
      settings[std::string(line.substr(0, blank))] = std::string(line.substr(blank + 1));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return settings;
}

std::string write_settings(const Settings& settings) {
  std::string text;
  for (const auto& [name, value] : settings) text += name + " " + value + "\n";
  return text;
}

template <class Number>
Number number_in(const Settings& settings, const std::string& name, Number otherwise) {
  const auto found = settings.find(name);
  if (found == settings.end()) return otherwise;
  Number value{};
  const char* const end = found->second.data() + found->second.size();
  return std::from_chars(found->second.data(), end, value).ptr == end ? value : otherwise;
}

std::string record_name(Record record) {
  switch (record) {
    case Record::kWipe:
      return "wipe";
    case Record::kAttempts:
      return "attempts";
    case Record::kPolicy:
      return "policy";
    case Record::kIdentity:
      return "identity";
    case Record::kAccounts:
      return "accounts";
    case Record::kPin:
      return "pin";
    case Record::kAccount:
      break;
  }
  return "record-" + std::to_string(static_cast<unsigned>(record));
}

}  // namespace

struct Handset::Parts final : Entropy, Records, Keys, Erase, Gates, Storage, Lock {
  explicit Parts(Options given)
      : options(std::move(given)),
        durable(options),
        device(options.home + "/device"),
        records_directory(device + "/records"),
        replica(options.home + "/replica"),
        vault(durable, *this, device) {}

  void open() {
    std::error_code error;
    for (const std::string& directory : {options.home, device, records_directory, replica}) {
      fs::create_directories(directory, error);
      if (error) throw std::runtime_error("the home " + options.home + " cannot be used: " + error.message());
      ::chmod(directory.c_str(), 0700);
    }
    if (::access(options.home.c_str(), W_OK) != 0)
      throw std::runtime_error("the home " + options.home + " is not writable");
    sweep();
    open_clock();
    must(vault.open(), "the key block");
    Contents contents;
    levels.fill(2);
    if (Durable::read(device + "/gates", contents).ok() && contents.size() == kGates) {
      std::transform(contents.begin(), contents.end(), levels.begin(),
                     [](std::byte b) { return static_cast<std::uint8_t>(b); });
    }
    if (Durable::read(device + "/lock", contents).ok()) {
      const Settings settings = parse_settings(text_of(contents));
      locked_flag = number_in(settings, "locked", 0) != 0;
      idle_s = number_in(settings, "idle_s", 0U);
    }
    if (!record_exists(Record::kWipe)) keep_ballast();
  }

  static void must(const Status& status, const std::string& what) {
    if (status.ok()) return;
    const std::int32_t code = status.error().code;
    throw std::runtime_error(what + " of the home cannot be used" +
                             (code > 0 ? std::string(": ") + std::strerror(code) : " (damaged)"));
  }

  // Halves that a power cut left: their targets are whole.
  void sweep() {
    std::error_code error;
    for (const std::string& directory : {device, records_directory}) {
      std::vector<std::string> leftovers;
      for (const auto& entry : fs::directory_iterator(directory, error)) {
        if (entry.path().extension() == ".new") leftovers.push_back(entry.path().string());
      }
      for (const std::string& path : leftovers) ::unlink(path.c_str());
    }
  }

  // -- clock ---------------------------------------------------------------------------------------------------------
  std::uint64_t host_mono_ms() const { return options.mono_ms ? options.mono_ms() : system_mono_ms(); }
  std::uint64_t phone_mono_ms() const {
    const std::uint64_t host = host_mono_ms();
    return base_phone_ms + (host >= base_host_ms ? host - base_host_ms : 0);
  }

  void open_clock() {
    const std::string host = options.mono_ms ? "test" : host_boot_id();
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
    Durable::note(device + "/active", "active_ms " + std::to_string(active_ms) + "\n");
  }

  // -- Entropy -------------------------------------------------------------------------------------------------------
  Status fill(Room room) override {
    while (!room.empty()) {
      const ssize_t got = ::getrandom(room.data(), room.size(), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return fault(Fault::kNotSeeded);
      room = room.subspan(static_cast<std::size_t>(got));
    }
    return Done{};
  }

  // -- Records -------------------------------------------------------------------------------------------------------
  std::string record_path(Record record) const { return records_directory + "/" + record_name(record); }
  bool record_exists(Record record) const { return ::access(record_path(record).c_str(), F_OK) == 0; }
  void keep_ballast() {
    const std::string path = device + "/reserve";
    if (::access(path.c_str(), F_OK) == 0) return;
    const Status kept = durable.replace(path, Contents(kBallastBytes, std::byte{0xA5}));
    static_cast<void>(kept);  // a full disk now: tried again at the next start
  }

  Result<std::size_t> get(Record record, Room room) override {
    const std::scoped_lock hold(mutex);
    return get_locked(record, room);
  }
  Result<std::size_t> get_locked(Record record, Room room) const {
    Contents file;
    if (const auto there = Durable::read(record_path(record), file); !there.ok()) {
      if (there.error() == fault(Fault::kNotThere)) return std::size_t{0};
      return there.error();
    }
    const std::size_t head = sizeof kRecordMagic - 1 + kSumBytes;
    if (file.size() <= head || std::memcmp(file.data(), kRecordMagic, sizeof kRecordMagic - 1) != 0)
      return fault(Fault::kDamaged);
    const Bytes value = Bytes(file).subspan(head);
    std::uint64_t sum = 0;
    std::memcpy(&sum, file.data() + sizeof kRecordMagic - 1, sizeof sum);
    if (sum != sum_of(value)) return fault(Fault::kDamaged);
    if (value.size() > room.size()) return fault(Fault::kTooLarge);
    std::memcpy(room.data(), value.data(), value.size());
    return value.size();
  }
  Status put(Record record, Bytes value) override {
    const std::scoped_lock hold(mutex);
    if (value.empty() || value.size() > kRecordBytesMax) return fault(Fault::kTooLarge);
    Contents file;
    const std::uint64_t sum = sum_of(value);
    const auto append = [&](Bytes bytes) { file.insert(file.end(), bytes.begin(), bytes.end()); };
    append(bytes_of(Text(kRecordMagic)));
    append(std::as_bytes(std::span(&sum, 1)));
    append(value);
    const Status stored = durable.replace(record_path(record), file);
    if (stored.ok() || record != Record::kWipe || stored.error().code != ENOSPC) return stored;
    HANDSYNC_TRY(durable.unlink(device + "/reserve"));
    return durable.replace(record_path(record), file);
  }
  Status remove(Record record) override {
    const std::scoped_lock hold(mutex);
    HANDSYNC_TRY(durable.unlink(record_path(record)));
    if (record == Record::kWipe) keep_ballast();
    return Done{};
  }
  bool replay_protected() const override { return options.replay_protected; }

  // -- Keys ----------------------------------------------------------------------------------------------------------
  Status create(KeySlot slot) override {
    const std::scoped_lock hold(mutex);
    return vault.create(slot);
  }
  bool exists(KeySlot slot) const override {
    const std::scoped_lock hold(mutex);
    return vault.exists(slot);
  }
  Status unlock(KeySlot slot, Room key32) override {
    const std::scoped_lock hold(mutex);
    Key key;
    if (key32.size() != key.size()) return fault(Fault::kTooLarge);
    HANDSYNC_TRY(vault.derive(slot, "storage", key));
    std::copy(key.begin(), key.end(), key32.begin());
    forget(key);
    return Done{};
  }
  Status mac(KeySlot slot, Bytes in, Room out32) override {
    const std::scoped_lock hold(mutex);
    Key key;
    HANDSYNC_TRY(vault.derive(slot, "mac", key));
    const Status done = hmac(key, in, out32);
    forget(key);
    return done;
  }
  Status stretch(KeySlot slot, Bytes in, Bytes salt, std::uint32_t rounds, Room out32, Progress& progress) override {
    Key key;
    {
      const std::scoped_lock hold(mutex);
      HANDSYNC_TRY(vault.derive(slot, "stretch", key));
    }
    Key stretched;
    Status done = pbkdf2(in, salt, rounds, stretched, progress);
    if (done.ok()) done = hmac(key, stretched, out32);
    forget(key);
    forget(stretched);
    return done;
  }
  Status put_secret(KeySlot slot, Bytes secret) override {
    const std::scoped_lock hold(mutex);
    return vault.put_secret(slot, secret);
  }
  Result<std::size_t> get_secret(KeySlot slot, Room room) override {
    const std::scoped_lock hold(mutex);
    return vault.get_secret(slot, room);
  }
  Status destroy(KeySlot slot, Progress& progress) override {
    progress.step();
    const std::scoped_lock hold(mutex);
    return vault.destroy(slot);
  }
  Force destroys_for_good() const override { return options.destroys_for_good; }

  // -- Erase ---------------------------------------------------------------------------------------------------------
  Status files(KeySlot slot, Progress& progress) override {
    const std::scoped_lock hold(mutex);
    const std::string prefix = "account-" + std::to_string(slot);
    Status outcome = Done{};
    const auto note = [&](const Status& status) {
      if (!status.ok() && outcome.ok()) outcome = status;
    };
    for (const std::string& path : everything_under(replica)) {
      const std::string name = path.substr(replica.size() + 1);
      const bool ours = name.starts_with(prefix) &&
                        (name.size() == prefix.size() || name[prefix.size()] < '0' || name[prefix.size()] > '9');
      if (slot != kEverySlot && !ours) continue;
      note(durable.shred(path));
      progress.step();
    }
    // A trace tells of every account's mail: it goes with the first of them.
    Contents contents;
    if (Durable::read(device + "/traces", contents).ok()) {
      Text list = text_of(contents);
      while (!list.empty()) {
        const std::size_t end = std::min(list.find('\n'), list.size());
        if (end != 0) note(durable.shred(std::string(list.substr(0, end))));
        list.remove_prefix(std::min(end + 1, list.size()));
        progress.step();
      }
      if (outcome.ok()) note(durable.unlink(device + "/traces"));
    }
    return outcome;
  }

  static std::vector<std::string> everything_under(const std::string& directory) {
    std::vector<std::string> paths;
    std::error_code error;
    for (auto at = fs::recursive_directory_iterator(directory, error);
         !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
      std::error_code ignored;
      if (at->is_symlink(ignored) || !at->is_directory(ignored)) paths.push_back(at->path().string());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  Status factory_reset(Progress& progress) override {
    const std::scoped_lock hold(mutex);
    const std::string marker = record_path(Record::kWipe);
    for (const std::string& path : everything_under(options.home)) {
      if (is_kept(path) || path == marker) continue;
      HANDSYNC_TRY(durable.unlink(path));
      progress.step();
    }
    remove_empty_directories();
    levels.fill(2);
    locked_flag = false;
    idle_s = 0;
    active_ms = 0;
    // A new vault for what comes: the phone goes on running until it is switched off.
    return vault.open();
  }

  // Names of directories may tell something too.
  void remove_empty_directories() const {
    std::vector<std::string> directories;
    std::error_code error;
    for (auto at = fs::recursive_directory_iterator(options.home, error);
         !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
      std::error_code ignored;
      if (at->is_directory(ignored) && !at->is_symlink(ignored)) directories.push_back(at->path().string());
    }
    std::sort(directories.rbegin(), directories.rend());  // the inner ones first
    for (const std::string& path : directories) {
      const bool needed = path == device || path == records_directory || path == replica;
      if (!needed && !is_kept(path)) ::rmdir(path.c_str());
    }
  }
  bool is_kept(const std::string& path) const {
    const std::string top = path.substr(options.home.size() + 1);
    return std::any_of(options.keep.begin(), options.keep.end(),
                       [&](const std::string& name) { return top == name || top.starts_with(name + "/"); });
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

  // -- Storage -------------------------------------------------------------------------------------------------------
  Force device_encryption() const override { return options.device_encryption; }
  Force card_encryption() const override { return options.card_encryption; }

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
  mutable std::mutex mutex;
  Durable durable;
  std::string device, records_directory, replica;
  mutable Vault vault;
  std::array<std::uint8_t, kGates> levels{};
  bool locked_flag = false;
  std::uint32_t idle_s = 0, boot = 1;
  std::uint64_t base_phone_ms = 0, base_host_ms = 0, active_ms = 0;
  std::int64_t wall_shift_ms = 0;
  std::string host_boot;
};

Handset::Handset(Options options) : parts_(std::make_unique<Parts>(std::move(options))) { parts_->open(); }
Handset::~Handset() = default;

Entropy& Handset::entropy() { return *parts_; }
Records& Handset::records() { return *parts_; }
Keys& Handset::keys() { return *parts_; }
Erase& Handset::erase() { return *parts_; }
Gates* Handset::gates() { return parts_->options.has_gates ? parts_.get() : nullptr; }
Storage* Handset::storage() { return parts_->options.has_storage ? parts_.get() : nullptr; }
Lock* Handset::lock() { return parts_->options.has_lock ? parts_.get() : nullptr; }
Text Handset::model() const { return parts_->options.model; }

Instant Handset::now() const {
  const std::scoped_lock hold(parts_->mutex);
  const std::int64_t wall_ms = parts_->options.wall_ms ? parts_->options.wall_ms() : system_wall_ms();
  return Instant{parts_->phone_mono_ms(), wall_ms + parts_->wall_shift_ms, parts_->boot, true};
}

void Handset::reboot() {
  const std::scoped_lock hold(parts_->mutex);
  Parts& parts = *parts_;
  ++parts.boot;
  parts.base_phone_ms = 0;
  parts.base_host_ms = parts.host_mono_ms();
  parts.note_activity();
  Parts::must(parts.store_clock(), "the clock");
  if (parts.options.has_lock && parts.record_exists(Record::kPin))
    Parts::must(parts.store_lock(true, parts.idle_s), "the lock");
}

void Handset::touched() {
  const std::scoped_lock hold(parts_->mutex);
  if (!parts_->locked_now()) parts_->note_activity();
}

void Handset::advance(std::uint64_t milliseconds) {
  const std::scoped_lock hold(parts_->mutex);
  parts_->base_phone_ms += milliseconds;
  parts_->wall_shift_ms += static_cast<std::int64_t>(milliseconds);
  Parts::must(parts_->store_clock(), "the clock");
}

void Handset::shift_wall(std::int64_t milliseconds) {
  const std::scoped_lock hold(parts_->mutex);
  parts_->wall_shift_ms += milliseconds;
  Parts::must(parts_->store_clock(), "the clock");
}

void Handset::add_trace(const std::string& path) {
  const std::scoped_lock hold(parts_->mutex);
  const std::string absolute = fs::absolute(path).lexically_normal().string();
  if (absolute.find('\n') != std::string::npos) throw std::runtime_error("a trace's name may not hold a line break");
  Contents contents;
  std::string list;
  if (Durable::read(parts_->device + "/traces", contents).ok()) list = text_of(contents);
  if (("\n" + list).find("\n" + absolute + "\n") != std::string::npos) return;
  list += absolute + "\n";
  Parts::must(parts_->durable.replace(parts_->device + "/traces", bytes_of(list)), "the list of traces");
}

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

Status Handset::check() {
  const std::scoped_lock hold(parts_->mutex);
  std::byte room[kRecordBytesMax];
  for (unsigned record = 0; record < static_cast<unsigned>(Record::kAccount) + Vault::kSlots; ++record) {
    if (record > static_cast<unsigned>(Record::kPin) && record < static_cast<unsigned>(Record::kAccount)) continue;
    if (const auto got = parts_->get_locked(static_cast<Record>(record), room); !got.ok()) {
      return Error{got.error().domain, got.error().code, record};
    }
  }
  return parts_->vault.check();
}

}  // namespace handsync::hal::simulated
