#include "linux/lock.h"

#include <algorithm>

#include "posix/clock.h"
#include "posix/settings.h"

namespace handsync::hal::linux_port {
namespace {

constexpr std::uint64_t kHintFreshMs = 1000;
constexpr char kBacklights[] = "/sys/class/backlight";
constexpr std::string_view kLit = "0", kDark = "4";  // FB_BLANK_UNBLANK and FB_BLANK_POWERDOWN

std::string first_line(const std::optional<std::string>& text) {
  return text ? text->substr(0, text->find('\n')) : std::string();
}

}  // namespace

LinuxLock::LinuxLock(const System& system, posix::Durable& durable, std::mutex& mutex, std::string kept, Force holds,
                     std::uint32_t locker_ms)
    : system_(system), durable_(durable), mutex_(mutex), kept_(std::move(kept)), holds_(holds), locker_ms_(locker_ms) {}

// Only a graphical session has something that locks it.
std::string LinuxLock::find_session() const {
  const std::string id =
      first_line(system_.run({"loginctl", "show-seat", "seat0", "--property=ActiveSession", "--value"}));
  if (id.empty()) return {};
  const std::string type = first_line(system_.run({"loginctl", "show-session", id, "--property=Type", "--value"}));
  return type == "x11" || type == "wayland" ? id : std::string();
}

std::vector<std::string> LinuxLock::find_panels() const {
  std::vector<std::string> found;
  for (const std::string& name : system_.names_in(kBacklights)) {
    const std::string power = std::string(kBacklights) + "/" + name + "/bl_power";
    if (!system_.writable(power)) return {};  // one that stays lit is no lock
    found.push_back(power);
  }
  return found;
}

void LinuxLock::open(bool restarted, bool pin_set) {
  posix::Contents contents;
  if (posix::Durable::read(kept_, contents).ok()) {
    const posix::Settings settings = posix::parse_settings(text_of(contents));
    wanted_ = posix::number_in(settings, "locked", 0) != 0;
    idle_s_ = posix::number_in(settings, "idle_s", 0U);
  }
  session_ = find_session();
  if (session_.empty()) panels_ = find_panels();
  if (!usable()) return;
  if (pin_set && (restarted || wanted_ || idle_is_over())) {
    const Status locked = now();
    static_cast<void>(locked);  // read back by whoever asks for locked()
  }
}

bool LinuxLock::idle_is_over() const {
  posix::Contents contents;
  if (idle_s_ == 0 || !posix::Durable::read(kept_ + ".active", contents).ok()) return false;
  const auto active_ms = posix::number_in(posix::parse_settings(text_of(contents)), "active_ms", std::uint64_t{0});
  const std::uint64_t now_ms = posix::system_mono_ms();
  return now_ms >= active_ms && now_ms - active_ms >= idle_s_ * std::uint64_t{1000};
}

void LinuxLock::touched() {
  durable_.note(kept_ + ".active", "active_ms " + std::to_string(posix::system_mono_ms()) + "\n");
}

void LinuxLock::begin_anew() {
  wanted_ = false;
  idle_s_ = 0;
  const Status opened = close(false);
  static_cast<void>(opened);
}

bool LinuxLock::is_closed() const {
  if (session_.empty()) {
    return !panels_.empty() && std::none_of(panels_.begin(), panels_.end(), [&](const std::string& panel) {
      const auto power = system_.read(panel);
      return !power || *power == kLit;
    });
  }
  const std::uint64_t now_ms = posix::system_mono_ms();
  if (asked_ms_ == 0 || now_ms - asked_ms_ >= kHintFreshMs) {
    asked_ms_ = now_ms;
    hint_ =
        first_line(system_.run({"loginctl", "show-session", session_, "--property=LockedHint", "--value"})) == "yes";
  }
  // The locker draws its screen first and says so then.
  return hint_ || (closing_since_ms_ != 0 && now_ms - closing_since_ms_ < locker_ms_);
}

Status LinuxLock::close(bool closed) const {
  asked_ms_ = 0;
  if (!session_.empty()) {
    const bool done = system_.run({"loginctl", closed ? "lock-session" : "unlock-session", session_}).has_value();
    return done ? Status(Done{}) : Status(fault(Fault::kRefused));
  }
  Status outcome = Done{};
  for (const std::string& panel : panels_) {
    const Status written = system_.write(panel, closed ? kDark : kLit);
    if (!written.ok() && outcome.ok()) outcome = written;
  }
  return outcome;
}

Status LinuxLock::store(bool locked, std::uint32_t idle_s) {
  if (locked == wanted_ && idle_s == idle_s_) return Done{};
  const posix::Settings settings = {{"locked", locked ? "1" : "0"}, {"idle_s", std::to_string(idle_s)}};
  HANDSYNC_TRY(durable_.replace(kept_, bytes_of(posix::write_settings(settings))));
  wanted_ = locked;
  idle_s_ = idle_s;
  return Done{};
}

Status LinuxLock::now() {
  const std::scoped_lock hold(mutex_);
  HANDSYNC_TRY(store(true, idle_s_));
  if (is_closed()) return Done{};
  HANDSYNC_TRY(close(true));
  closing_since_ms_ = posix::system_mono_ms();
  return is_closed() ? Status(Done{}) : Status(fault(Fault::kRefused));
}

Status LinuxLock::release() {
  const std::scoped_lock hold(mutex_);
  closing_since_ms_ = 0;
  if (wanted_ || is_closed()) HANDSYNC_TRY(close(false));
  HANDSYNC_TRY(store(false, idle_s_));
  touched();
  return Done{};
}

// What is locked is what was asked for and is still so.
bool LinuxLock::locked() const {
  const std::scoped_lock hold(mutex_);
  return wanted_ && is_closed();
}

Status LinuxLock::after_idle_s(std::uint32_t seconds) {
  const std::scoped_lock hold(mutex_);
  return store(wanted_, seconds);
}

Result<std::uint32_t> LinuxLock::idle_limit_s() const {
  const std::scoped_lock hold(mutex_);
  return idle_s_;
}

}  // namespace handsync::hal::linux_port
