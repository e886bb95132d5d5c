#include "posix/clock.h"

#include <sys/timex.h>
#include <time.h>

#include "posix/settings.h"

namespace handsync::hal::posix {

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

std::string system_boot_id(const std::string& root) {
  Contents contents;
  if (!Durable::read(root + "/proc/sys/kernel/random/boot_id", contents).ok()) return "unknown";
  std::string id(text_of(contents));
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id.empty() ? "unknown" : id;
}

bool system_wall_trusted() {
  timex state{};  // modes = 0: only asks
  return ::adjtimex(&state) != -1 && (state.status & STA_UNSYNC) == 0;
}

Status MachineClock::open(const std::string& boot_id) {
  Contents contents;
  Settings settings;
  const auto there = Durable::read(path_, contents);
  if (there.ok()) settings = parse_settings(text_of(contents));
  boot_id_ = boot_id;
  boot_ = number_in(settings, "boot", 1U);
  const bool same = settings["host_boot"] == boot_id && boot_id != "unknown";
  restarted_ = there.ok() && !same;
  if (same) return Done{};
  if (restarted_) ++boot_;
  return store();
}

Status MachineClock::store() {
  const Settings settings = {{"boot", std::to_string(boot_)}, {"host_boot", boot_id_}};
  return durable_.replace(path_, bytes_of(write_settings(settings)));
}

Instant MachineClock::now() const { return Instant{system_mono_ms(), system_wall_ms(), boot_, system_wall_trusted()}; }

}  // namespace handsync::hal::posix
