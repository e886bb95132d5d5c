/// The screen lock: a graphical session of logind that is locked, or else panels whose backlight is off. Without either
/// there is none. FAST; the program of logind is given one second at the most and its answer is kept for one.
#pragma once
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "handsync/hal/lock.h"
#include "linux/system.h"
#include "posix/durable.h"

namespace handsync::hal::linux_port {

class LinuxLock final : public Lock {
 public:
  /// `holds` is how sure the product is that nobody gets past the lock without the engine's PIN: a session is opened
  /// with the user's own password, a dark panel can be lit. `locker_ms` is how long a session may take to say that it
  /// is locked.
  LinuxLock(const System& system, posix::Durable& durable, std::mutex& mutex, std::string kept, Force holds,
            std::uint32_t locker_ms);
  /// Looks for a session and for panels. With a PIN the device starts locked, and so does a process that comes after
  /// the idle time is over.
  void open(bool restarted, bool pin_set);
  bool usable() const { return !session_.empty() || !panels_.empty(); }
  void touched();
  void begin_anew();  ///< after a factory reset; with the lock held

  Status now() override;
  Status release() override;
  bool locked() const override;
  Status after_idle_s(std::uint32_t) override;
  Result<std::uint32_t> idle_limit_s() const override;
  Force holds() const override { return holds_; }

 private:
  std::string find_session() const;
  std::vector<std::string> find_panels() const;
  bool is_closed() const;
  Status close(bool) const;
  Status store(bool locked, std::uint32_t idle_s);
  bool idle_is_over() const;

  const System& system_;
  posix::Durable& durable_;
  std::mutex& mutex_;
  std::string kept_, session_;
  std::vector<std::string> panels_;
  Force holds_;
  std::uint32_t locker_ms_;
  bool wanted_ = false;
  std::uint32_t idle_s_ = 0;
  std::uint64_t closing_since_ms_ = 0;
  mutable std::uint64_t asked_ms_ = 0;
  mutable bool hint_ = false;
};

}  // namespace handsync::hal::linux_port
