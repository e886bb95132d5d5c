#include "linux/gates.h"

#include <algorithm>

namespace handsync::hal::linux_port {
namespace {

constexpr char kCardRule[] = "/etc/udev/rules.d/95-handsync-card.rules", kRules[] = "/etc/udev/rules.d";
constexpr char kUsb[] = "/sys/bus/usb/devices";
constexpr std::string_view kWlan = "wlan", kBluetooth = "bluetooth";

template <class Matches>
bool any_name(const System& system, const std::string& directory, Matches matches) {
  const std::vector<std::string> names = system.names_in(directory);
  return std::any_of(names.begin(), names.end(), matches);
}
bool starts(const std::string& name, std::string_view with) { return name.starts_with(with); }

// Nodes of video4linux that are no cameras: codecs and image processors of boards. What is not known here is a camera.
bool is_codec(const std::string& name) {
  constexpr std::string_view kCodecs[] = {"bcm2835-codec", "bcm2835-isp", "rpivid", "rpi-hevc-dec", "pispbe"};
  return std::any_of(std::begin(kCodecs), std::end(kCodecs),
                     [&](std::string_view codec) { return starts(name, codec); });
}

}  // namespace

LinuxGates::LinuxGates(const System& system, posix::Durable& durable, std::mutex& mutex, std::string home,
                       std::string kept)
    : system_(system), durable_(durable), mutex_(mutex), home_(std::move(home)), kept_(std::move(kept)) {
  levels_.fill(2);
}

void LinuxGates::open() {
  posix::Contents contents;
  if (!posix::Durable::read(kept_, contents).ok() || contents.size() != kGates) return;
  for (std::size_t i = 0; i < kGates; ++i) {
    levels_[i] = std::to_integer<std::uint8_t>(contents[i]);
    const auto gate = static_cast<Gate>(i);
    if (levels_[i] >= 2 || force(gate) == Force::kNotFitted) continue;
    const Status applied = apply(gate, true);
    static_cast<void>(applied);  // read back by whoever asks for level()
  }
}

void LinuxGates::begin_anew() {
  for (std::size_t i = 0; i < kGates; ++i) {
    if (levels_[i] >= 2) continue;
    const Status opened = apply(static_cast<Gate>(i), false);
    static_cast<void>(opened);
  }
  levels_.fill(2);
}

// -- one enum, few means
// -----------------------------------------------------------------------------------------------

Force LinuxGates::force(Gate gate) const {
  if (!system_.exists("/sys/class")) return Force::kAbsent;  // nobody can tell what is fitted
  switch (gate) {
    case Gate::kWifi:
      return radio_force(kWlan);
    case Gate::kBluetooth:
      return radio_force(kBluetooth);
    case Gate::kCamera:
      return camera_force();
    case Gate::kCard:
      return card_force();
    case Gate::kIrda:
      return infrared_fitted() ? Force::kAbsent : Force::kNotFitted;
    case Gate::kSms:
      return modem_fitted() ? Force::kAbsent : Force::kNotFitted;
    case Gate::kTethering:
    case Gate::kBrowser:
    case Gate::kConsumerMail:
    case Gate::kPopImap:
    case Gate::kUnsignedApps:
    case Gate::kUnsignedInstallers:
    case Gate::kRemoteDesktop:
    case Gate::kDesktopSync:
    case Gate::kCount:
      break;
  }
  return Force::kAbsent;
}

bool LinuxGates::closed(Gate gate) const {
  switch (gate) {
    case Gate::kWifi:
      return radio_closed(kWlan);
    case Gate::kBluetooth:
      return radio_closed(kBluetooth);
    case Gate::kCamera:
      return camera_closed();
    case Gate::kCard:
      return system_.exists(kCardRule) && mounted_cards().empty();
    default:
      return false;
  }
}

Status LinuxGates::apply(Gate gate, bool close) const {
  switch (gate) {
    case Gate::kWifi:
      return set_radio(kWlan, close);
    case Gate::kBluetooth:
      return set_radio(kBluetooth, close);
    case Gate::kCamera:
      return set_camera(close);
    case Gate::kCard:
      return set_card(close);
    default:
      return fault(Fault::kRefused);
  }
}

Status LinuxGates::set(Gate gate, std::uint8_t level) {
  const std::scoped_lock hold(mutex_);
  const Force can = force(gate);
  if (can == Force::kAbsent || can == Force::kNotFitted || level > 2) return fault(Fault::kRefused);
  // Hands-free only is nothing that the kernel can tell apart: then Bluetooth is closed, which is within what is
  // allowed.
  const auto index = static_cast<std::size_t>(gate);
  const bool close = level < 2;
  // To allow is not to switch on: what the user has switched off himself stays off.
  if (!close && levels_[index] == 2) return Done{};
  auto next = levels_;
  next[index] = level;
  if (close && next != levels_) HANDSYNC_TRY(durable_.replace(kept_, std::as_bytes(std::span(next))));
  HANDSYNC_TRY(apply(gate, close));
  if (close && !closed(gate)) return fault(Fault::kRefused);
  if (!close) HANDSYNC_TRY(durable_.replace(kept_, std::as_bytes(std::span(next))));
  levels_ = next;
  return Done{};
}

Result<std::uint8_t> LinuxGates::level(Gate gate) const {
  const std::scoped_lock hold(mutex_);
  return static_cast<std::uint8_t>(closed(gate) ? 0 : 2);
}

// -- radios
// --------------------------------------------------------------------------------------------------------------

std::vector<std::string> LinuxGates::radios(std::string_view type) const {
  std::vector<std::string> found;
  for (const std::string& name : system_.names_in("/sys/class/rfkill")) {
    const std::string path = "/sys/class/rfkill/" + name;
    if (system_.holds(path + "/type", type)) found.push_back(path);
  }
  return found;
}

bool LinuxGates::radio_fitted(std::string_view type) const {
  if (!radios(type).empty()) return true;
  if (type == kBluetooth) return !system_.names_in("/sys/class/bluetooth").empty();
  return any_name(system_, "/sys/class/net", [&](const std::string& name) {
    const std::string path = "/sys/class/net/" + name;
    return system_.exists(path + "/phy80211") || system_.exists(path + "/wireless");
  });
}

// Enforced needs more than a switch that works: nobody but root may throw it (a desktop's session usually may), and it
// must be as it was when the radio comes up at boot, which is systemd-rfkill's work.
Force LinuxGates::radio_force(std::string_view type) const {
  if (!radio_fitted(type)) return Force::kNotFitted;
  const std::vector<std::string> found = radios(type);
  const bool ours = !found.empty() && std::all_of(found.begin(), found.end(), [&](const std::string& radio) {
    return system_.writable(radio + "/soft");
  });
  if (!ours) return Force::kAbsent;
  constexpr unsigned kOthersWrite = 0022;
  const bool only_root = (system_.mode("/dev/rfkill").value_or(0) & kOthersWrite) == 0;
  const bool from_boot =
      system_.exists("/usr/lib/systemd/systemd-rfkill") || system_.exists("/lib/systemd/systemd-rfkill");
  return only_root && from_boot ? Force::kEnforced : Force::kPartial;
}

bool LinuxGates::radio_closed(std::string_view type) const {
  const std::vector<std::string> found = radios(type);
  return !found.empty() && std::all_of(found.begin(), found.end(), [&](const std::string& radio) {
    return system_.holds(radio + "/soft", "1") || system_.holds(radio + "/hard", "1");
  });
}

Status LinuxGates::set_radio(std::string_view type, bool close) const {
  Status outcome = Done{};
  for (const std::string& radio : radios(type)) {
    const Status written = system_.write(radio + "/soft", close ? "1" : "0");
    if (!written.ok() && outcome.ok()) outcome = written;
  }
  return outcome;
}

// -- cameras
// -------------------------------------------------------------------------------------------------------------

// Interfaces of USB's video class, whether a driver has them or not.
std::vector<std::string> LinuxGates::usb_cameras() const {
  std::vector<std::string> found;
  for (const std::string& name : system_.names_in(kUsb)) {
    const std::string path = std::string(kUsb) + "/" + name;
    if (system_.holds(path + "/bInterfaceClass", "0e")) found.push_back(path);
  }
  return found;
}

bool LinuxGates::other_cameras() const {
  return any_name(system_, "/sys/class/video4linux", [&](const std::string& name) {
    const std::string path = "/sys/class/video4linux/" + name;
    if (!starts(name, "video") || is_codec(system_.read(path + "/name").value_or(""))) return false;
    return !system_.holds(path + "/device/bInterfaceClass", "0e");
  });
}

// One that is plugged in later is open until the policy is applied again: partial at the best.
Force LinuxGates::camera_force() const {
  if (other_cameras()) return Force::kAbsent;
  const std::vector<std::string> cameras = usb_cameras();
  if (cameras.empty()) return Force::kNotFitted;
  const bool ours = std::all_of(cameras.begin(), cameras.end(),
                                [&](const std::string& camera) { return system_.writable(camera + "/authorized"); });
  return ours ? Force::kPartial : Force::kAbsent;
}

bool LinuxGates::camera_closed() const {
  const std::vector<std::string> cameras = usb_cameras();
  return !other_cameras() && !cameras.empty() &&
         std::all_of(cameras.begin(), cameras.end(),
                     [&](const std::string& camera) { return system_.holds(camera + "/authorized", "0"); });
}

Status LinuxGates::set_camera(bool close) const {
  Status outcome = Done{};
  for (const std::string& camera : usb_cameras()) {
    if (system_.holds(camera + "/authorized", close ? "0" : "1")) continue;
    const Status written = system_.write(camera + "/authorized", close ? "0" : "1");
    if (!written.ok() && outcome.ok()) outcome = written;
    if (close || !written.ok()) continue;
    // The kernel leaves it to whoever opens an interface to have its driver take it.
    const Status probed = system_.write("/sys/bus/usb/drivers_probe", camera.substr(camera.rfind('/') + 1));
    static_cast<void>(probed);
  }
  return outcome;
}

// -- storage cards
// -------------------------------------------------------------------------------------------------------

// The disks that the machine itself runs from: a Raspberry Pi boots from what looks like a card.
std::vector<std::string> LinuxGates::own_disks() const {
  constexpr std::string_view kOwn[] = {"/", "/boot", "/boot/firmware", "/usr", "/var", "/home"};
  std::vector<std::string> own;
  for (const Mount& mount : mounts(system_)) {
    const bool holds_home = mount.point != "/" && (home_ + "/").starts_with(mount.point + "/");
    if (!holds_home && std::find(std::begin(kOwn), std::end(kOwn), mount.point) == std::end(kOwn)) continue;
    for (const std::string& disk : disks_under(system_, mount.source)) own.push_back(disk);
  }
  return own;
}

std::vector<std::string> LinuxGates::cards() const {
  const std::vector<std::string> own = own_disks();
  std::vector<std::string> found;
  for (const std::string& disk : system_.names_in("/sys/block")) {
    const std::string path = "/sys/block/" + disk;
    const bool card = system_.holds(path + "/removable", "1") || system_.holds(path + "/device/type", "SD");
    if (card && std::find(own.begin(), own.end(), disk) == own.end()) found.push_back(disk);
  }
  return found;
}

// A socket counts as fitted: a card may come.
bool LinuxGates::card_fitted() const {
  if (!cards().empty()) return true;
  if (any_name(system_, kUsb, [](const std::string& name) { return starts(name, "usb"); })) return true;
  return any_name(system_, "/sys/class/mmc_host", [&](const std::string& host) {
    return !any_name(system_, "/sys/class/mmc_host/" + host,
                     [&](const std::string& inside) { return starts(inside, host + ":"); });
  });
}

// A rule keeps desktops and systemd from taking a card; root can still mount one by hand.
Force LinuxGates::card_force() const {
  if (!system_.exists("/sys/block")) return Force::kAbsent;
  if (!card_fitted()) return Force::kNotFitted;
  const bool udev = system_.exists("/run/udev/control") && system_.writable(kRules);
  return udev ? Force::kPartial : Force::kAbsent;
}

std::vector<std::string> LinuxGates::mounted_cards() const {
  const std::vector<std::string> removable = cards();
  std::vector<std::string> points;
  for (const Mount& mount : mounts(system_)) {
    const std::vector<std::string> disks = disks_under(system_, mount.source);
    const bool on_card = std::any_of(disks.begin(), disks.end(), [&](const std::string& disk) {
      return std::find(removable.begin(), removable.end(), disk) != removable.end();
    });
    if (on_card) points.push_back(mount.point);
  }
  return points;
}

std::string LinuxGates::card_rule() const {
  std::string but_own;
  for (const std::string& disk : own_disks()) but_own += ", KERNEL!=\"" + disk + "*\"";
  const std::string ignored = ", ENV{UDISKS_IGNORE}=\"1\", ENV{UDISKS_AUTO}=\"0\", ENV{SYSTEMD_READY}=\"0\"\n";
  return "# An account's policy forbids storage cards; this file goes when it allows them again.\n"
         "SUBSYSTEM==\"block\", ATTRS{removable}==\"1\"" +
         but_own + ignored + "SUBSYSTEM==\"block\", KERNEL==\"mmcblk*\", ATTRS{type}==\"SD\"" + but_own + ignored;
}

Status LinuxGates::set_card(bool close) const {
  if (!close) return durable_.unlink(system_.full(kCardRule));
  const std::string rule = card_rule();
  if (system_.read(kCardRule).value_or("") + "\n" != rule) {
    HANDSYNC_TRY(durable_.replace(system_.full(kCardRule), bytes_of(rule)));
  }
  for (const std::string& point : mounted_cards()) static_cast<void>(system_.run({"umount", "--", point}));
  return mounted_cards().empty() ? Status(Done{}) : Status(fault(Fault::kRefused));
}

// -- what is only looked for
// ---------------------------------------------------------------------------------------------

bool LinuxGates::modem_fitted() const {
  if (!system_.names_in("/sys/class/wwan").empty()) return true;
  if (any_name(system_, "/sys/class/usbmisc", [](const std::string& name) { return starts(name, "cdc-wdm"); }))
    return true;
  // A serial port on USB may be a modem's.
  return any_name(system_, "/sys/class/tty",
                  [](const std::string& name) { return starts(name, "ttyUSB") || starts(name, "ttyACM"); });
}

bool LinuxGates::infrared_fitted() const {
  constexpr std::string_view kIrda = "783";  // ARPHRD_IRDA; Linux itself has no IrDA since 4.17
  return any_name(system_, "/sys/class/net",
                  [&](const std::string& name) { return system_.holds("/sys/class/net/" + name + "/type", kIrda); });
}

}  // namespace handsync::hal::linux_port
