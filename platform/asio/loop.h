/// The POSIX host: one thread that waits for sockets, timers, signals and other threads, on standalone Asio. Everything
/// but post() and stop() belongs to the thread that runs it. Errors are reported, not thrown, except std::bad_alloc and
/// what the caller's own functions throw.
#pragma once
#include <functional>
#include <initializer_list>
#include <memory>

#include "pump/sockets.h"

namespace asio {
class io_context;
}

namespace handsync {

class Loop {
 public:
  Loop();
  ~Loop();  ///< waits for nobody: a name that is still being resolved is left behind
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// mono_ms: CLOCK_BOOTTIME. boot: from the kernel's boot id, or what set_boot() said. wall_trusted: the year is
  /// plausible.
  Instant now() const;
  void set_boot(std::uint32_t boot);

  Sockets& sockets();
  asio::io_context& context();  ///< for descriptors of the caller's own; handlers count as events of this loop

  /// Called after every batch of events and before every sleep, also once at the start of run_until(): the place for
  /// pump().
  void each_turn(std::function<void()>);
  /// A turn no later than this (Engine::wake().at_ms); a later call replaces it; UINT64_MAX = none.
  void wake_at(std::uint64_t mono_ms);

  /// Runs until `done` says so (asked after every turn), the deadline has passed, or stop(). True: done.
  bool run_until(const std::function<bool()>& done, std::uint64_t deadline_mono_ms = UINT64_MAX);
  void stop();                       ///< any thread: run_until() returns soon; the next one runs again
  void post(std::function<void()>);  ///< any thread: run on the loop's thread, in order

  /// The process's usual handling of these signals is replaced for as long as the loop lives. Called on the loop's
  /// thread.
  void on_signal(std::initializer_list<int> signals, std::function<void(int)>);

  /// Calls `ready` whenever the descriptor is readable (a listening unix socket, standard input, ...). The descriptor
  /// stays the caller's: unwatch() before closing it.
  void watch(int fd, std::function<void()> ready);
  void unwatch(int fd);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace handsync
