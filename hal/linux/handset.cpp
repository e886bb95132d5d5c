#include "linux/handset.h"

#include <sys/utsname.h>

#include <filesystem>
#include <utility>

#include "linux/gates.h"
#include "linux/keyring.h"
#include "linux/lock.h"
#include "linux/storage.h"
#include "linux/trust.h"
#include "posix/clock.h"

namespace handsync::hal::linux_port {
namespace {

constexpr std::size_t kModelBytesMax = 64;

posix::CoreOptions core_options_of(Options options) {
  if (!options.outside_secret && !options.keyring_key.empty()) {
    options.outside_secret = [key = options.keyring_key](Room secret32) { return keyring_secret(key, secret32); };
  }
  return options;
}

// What the board or the firmware calls the machine. Filler such as "To be filled by O.E.M." says nothing.
std::string model_of(const System& system) {
  std::string name = system.read("/sys/firmware/devicetree/base/model").value_or("");
  if (name.empty()) {
    const std::string vendor = system.read("/sys/class/dmi/id/sys_vendor").value_or("");
    name = system.read("/sys/class/dmi/id/product_name").value_or("");
    if (name.find("O.E.M.") != std::string::npos || name.starts_with("System Product")) name.clear();
    if (!name.empty() && !vendor.empty() && vendor.find("O.E.M.") == std::string::npos) name = vendor + " " + name;
  }
  if (name.empty()) {
    utsname machine{};
    name = ::uname(&machine) == 0 ? std::string(machine.sysname) + " " + machine.machine : "Linux";
  }
  std::string printable;
  for (const char c : name) {
    if (static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7F) printable += c;
  }
  return printable.empty() ? "Linux" : printable.substr(0, kModelBytesMax);
}

// What no copy of a storage card takes along. "" = the machine does not tell, or not this user.
std::string serial_of(const System& system) {
  for (const char* path : {"/sys/firmware/devicetree/base/serial-number", "/sys/class/dmi/id/product_uuid"}) {
    if (std::string serial = system.read(path).value_or(""); !serial.empty()) return serial;
  }
  return {};
}

}  // namespace

struct Handset::Parts final : posix::Core {
  explicit Parts(const Options& given)
      : Core(core_options_of(given)),
        options(given),
        system(given.root, given.run),
        clock(durable, device_path("boot")),
        gates(system, durable, mutex, std::filesystem::absolute(given.home).lexically_normal().string(),
              device_path("gates")),
        storage(system, std::filesystem::absolute(given.home).lexically_normal().string(),
                [this] { return gates.force(Gate::kCard) != Force::kNotFitted; }),
        lock(system, durable, mutex, device_path("lock"), given.lock_holds, given.locker_ms),
        trust(system) {}

  void open() {
    Core::open();
    must(clock.open(posix::system_boot_id(system.root())), "the clock");
    must(bind_identity(), "the identity");
    model = model_of(system);
    gates.open();
    lock.open(clock.restarted(), record_exists(Record::kPin));
  }

  // A device's id is never cloned: one that came here with a copy of another machine's storage is given up.
  Status bind_identity() {
    const std::string serial = serial_of(system), path = device_path("hardware");
    if (serial.empty()) return Done{};
    posix::Contents contents;
    const auto there = posix::Durable::read(path, contents);
    if (there.ok() && text_of(contents) == serial) return Done{};
    if (there.ok()) HANDSYNC_TRY(remove(Record::kIdentity));
    return durable.replace(path, bytes_of(serial));
  }

  Status files(KeySlot slot, Progress& progress) override {
    Status outcome = Core::files(slot, progress);
    if (slot != kEverySlot) return outcome;
    for (const std::string& card : options.cards) shred(everything_under(card, outcome), progress, outcome);
    return outcome;
  }

  void begin_anew() override {
    gates.begin_anew();
    lock.begin_anew();
  }

  Options options;
  System system;
  posix::MachineClock clock;
  LinuxGates gates;
  LinuxStorage storage;
  LinuxLock lock;
  LinuxTrust trust;
  std::string model;
};

Handset::Handset(const Options& options) : parts_(std::make_unique<Parts>(options)) { parts_->open(); }
Handset::~Handset() = default;

Entropy& Handset::entropy() { return *parts_; }
Records& Handset::records() { return *parts_; }
Keys& Handset::keys() { return *parts_; }
Erase& Handset::erase() { return *parts_; }
Gates* Handset::gates() { return &parts_->gates; }
Storage* Handset::storage() { return &parts_->storage; }
Lock* Handset::lock() { return parts_->lock.usable() ? &parts_->lock : nullptr; }
Trust* Handset::trust() { return &parts_->trust; }
Text Handset::model() const { return parts_->model; }

Instant Handset::now() const { return parts_->clock.now(); }
void Handset::touched() {
  if (parts_->lock.usable() && !parts_->lock.locked()) parts_->lock.touched();
}
void Handset::add_trace(const std::string& path) { parts_->remember_trace(path); }
std::string Handset::replica_directory() const { return parts_->replica; }
Status Handset::check() { return parts_->check(); }
bool Handset::secret_in_keyring() const { return parts_->vault.outside(); }

void Handset::cut_power() {
  const std::scoped_lock hold(parts_->mutex);
  parts_->durable.lose_unsynced();
}

}  // namespace handsync::hal::linux_port
