// A played machine: /sys, /proc, /dev and /etc in a directory, and the programs loginctl and umount.
#pragma once
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace linux_test {

namespace fs = std::filesystem;

struct Machine {
  explicit Machine(std::string directory) : root(std::move(directory)) {
    for (const char* path : {"/sys/class/net/eth0", "/sys/block/mmcblk0/mmcblk0p2", "/etc/udev/rules.d"}) {
      fs::create_directories(root + path);
    }
    put("/sys/block/mmcblk0/removable", "0");
    put("/sys/block/mmcblk0/device/type", "SD");
    put("/sys/class/net/eth0/type", "1");
    put("/proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority");
    mount("/dev/mmcblk0p2", "/", "ext4");
    mount("tmpfs", "/run", "tmpfs");
    boot();
  }

  // -- hardware
  // ----------------------------------------------------------------------------------------------------------
  void everything() {
    radio("rfkill0", "bluetooth");
    radio("rfkill1", "wlan");
    only_root_switches();
    panel("panel0");
    usb_camera("1-1:1.0");
    put("/sys/bus/usb/drivers_probe", "");
    card("sda");
    put("/run/udev/control", "");
  }
  void radio(const std::string& name, const std::string& type) {
    put("/sys/class/rfkill/" + name + "/type", type);
    put("/sys/class/rfkill/" + name + "/soft", "0");
    put("/sys/class/rfkill/" + name + "/hard", "0");
  }
  void only_root_switches() {
    put("/dev/rfkill", "");
    fs::permissions(root + "/dev/rfkill", fs::perms::owner_read | fs::perms::owner_write);
    put("/usr/lib/systemd/systemd-rfkill", "");
  }
  void panel(const std::string& name) { put("/sys/class/backlight/" + name + "/bl_power", "0"); }
  void usb_camera(const std::string& interface) {
    put("/sys/bus/usb/devices/" + interface + "/bInterfaceClass", "0e");
    put("/sys/bus/usb/devices/" + interface + "/authorized", "1");
  }
  void card(const std::string& disk) {
    put("/sys/block/" + disk + "/removable", "1");
    put("/sys/block/" + disk + "/" + disk + "1/partition", "1");
  }
  void session(const std::string& type) {
    graphical = type;
    has_session = true;
  }
  /// A device-mapper volume `dm` over `below`.
  void volume(const std::string& dm, const std::string& uuid, const std::string& name, const std::string& below) {
    put("/sys/block/" + dm + "/dm/uuid", uuid);
    put("/sys/block/" + dm + "/dm/name", name);
    put("/sys/block/" + dm + "/slaves/" + below + "/dev", "0:0");
  }

  // -- what happens
  // ------------------------------------------------------------------------------------------------------
  /// The power comes: a new boot, radios and panels on, interfaces authorized.
  void boot() {
    put("/proc/sys/kernel/random/boot_id", "boot-" + std::to_string(++boots));
    for (const auto& [path, text] : fs_state({"/sys/class/rfkill", "/sys/class/backlight", "/sys/bus/usb/devices"})) {
      if (path.ends_with("/soft") || path.ends_with("/bl_power")) put(path, "0");
      if (path.ends_with("/authorized")) put(path, "1");
    }
    locked = false;
  }
  void mount(const std::string& source, const std::string& point, const std::string& type) {
    mounted.push_back(source + " " + point + " " + type + " rw 0 0");
    write_mounts();
  }
  void unmount(const std::string& point) {
    std::erase_if(mounted, [&](const std::string& line) { return line.find(" " + point + " ") != std::string::npos; });
    write_mounts();
  }
  std::optional<std::string> run(const std::vector<std::string>& command) {
    ran.push_back(command);
    if (command[0] == "umount") {
      if (umount_fails) return std::nullopt;
      unmount(command.back());
      return "";
    }
    if (command[0] != "loginctl" || !has_session) return std::nullopt;
    const auto asks = [&](const std::string& what) { return command.size() > 3 && command[3] == "--property=" + what; };
    if (asks("ActiveSession")) return "7\n";
    if (asks("Type")) return graphical + "\n";
    if (asks("LockedHint")) return locked && locker ? "yes\n" : "no\n";
    if (command[1] == "lock-session") locked = true;
    if (command[1] == "unlock-session") locked = false;
    return "";
  }

  // -- files
  // -------------------------------------------------------------------------------------------------------------
  void put(const std::string& path, const std::string& text) const {
    fs::create_directories(fs::path(root + path).parent_path());
    std::ofstream(root + path, std::ios::binary) << text << (text.empty() ? "" : "\n");
  }
  std::string get(const std::string& path) const {
    std::ifstream in(root + path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }
  void remove(const std::string& path) const { fs::remove_all(root + path); }
  bool has(const std::string& path) const { return fs::exists(root + path); }
  std::map<std::string, std::string> fs_state(const std::vector<std::string>& below) const {
    std::map<std::string, std::string> found;
    for (const std::string& top : below) {
      if (!fs::exists(root + top)) continue;
      for (const auto& entry : fs::recursive_directory_iterator(root + top)) {
        const std::string path = entry.path().string().substr(root.size());
        if (entry.is_regular_file()) found[path] = get(path);
      }
    }
    return found;
  }

  std::string root, graphical;
  bool has_session = false, locked = false, locker = true, umount_fails = false;
  unsigned boots = 0;
  std::vector<std::string> mounted;
  std::vector<std::vector<std::string>> ran;

 private:
  void write_mounts() const {
    std::string text;
    for (const std::string& line : mounted) text += (text.empty() ? "" : "\n") + line;
    put("/proc/mounts", text);
  }
};

}  // namespace linux_test
