#include "asio/loop.h"

#include <sys/types.h>
#include <time.h>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <atomic>
#include <cstdio>
#include <list>
#include <unordered_map>

#include "asio/sockets_posix.h"

namespace handsync {
namespace {

/// The kernel makes a random id at every boot; its first eight hexadecimal digits are enough to tell boots apart.
std::uint32_t kernel_boot() {
  unsigned boot = 0;
  if (std::FILE* file = std::fopen("/proc/sys/kernel/random/boot_id", "re")) {
    if (std::fscanf(file, "%8x", &boot) != 1) boot = 0;
    std::fclose(file);
  }
  return boot;
}

}  // namespace

struct Loop::Impl {
  struct Watch {
    Watch(asio::io_context& context, int fd, std::function<void()> ready_in)
        : descriptor(context, fd), ready(std::move(ready_in)) {}
    ~Watch() { descriptor.release(); }
    asio::posix::stream_descriptor descriptor;
    std::function<void()> ready;
    bool dead = false;
  };
  struct Signals {
    Signals(asio::io_context& context, std::function<void(int)> taken_in) : set(context), taken(std::move(taken_in)) {}
    asio::signal_set set;
    std::function<void(int)> taken;
  };

  Instant now() const {
    constexpr std::int64_t kPlausible_ms = 1'704'067'200'000;  // 2024-01-01: before this program was written
    Instant instant;
    instant.mono_ms = boottime_ms();
    timespec wall{};
    clock_gettime(CLOCK_REALTIME, &wall);
    instant.wall_ms = std::int64_t{wall.tv_sec} * 1000 + wall.tv_nsec / 1'000'000;
    instant.boot = boot;
    instant.wall_trusted = instant.wall_ms >= kPlausible_ms;
    return instant;
  }

  void arm(const std::shared_ptr<Watch>& watch) {
    watch->descriptor.async_wait(asio::posix::stream_descriptor::wait_read, [this, watch](const std::error_code& code) {
      // A regular file cannot be waited for: it is always ready.
      if (watch->dead || (code && code != asio::error::operation_not_supported)) return;
      watch->ready();
      if (!watch->dead) arm(watch);
    });
  }

  void arm(Signals& group) {
    group.set.async_wait([this, &group](const std::error_code& code, int number) {
      if (code) return;
      group.taken(number);
      arm(group);
    });
  }

  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::uint32_t boot = kernel_boot();
  std::function<void()> turn;
  std::atomic<bool> stopped{false};
  std::unordered_map<int, std::shared_ptr<Watch>> watches;
  std::list<Signals> signals;
  PosixSockets sockets{context, [this] { return now(); }};
  Alarm wake{context, [] {}};
  Alarm deadline{context, [] {}};
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() {
  for (auto& [fd, watch] : impl_->watches) watch->dead = true;
}

Instant Loop::now() const { return impl_->now(); }
void Loop::set_boot(std::uint32_t boot) { impl_->boot = boot; }
Sockets& Loop::sockets() { return impl_->sockets; }
asio::io_context& Loop::context() { return impl_->context; }
void Loop::each_turn(std::function<void()> turn) { impl_->turn = std::move(turn); }
void Loop::wake_at(std::uint64_t mono_ms) { impl_->wake.set(mono_ms); }

bool Loop::run_until(const std::function<bool()>& done, std::uint64_t deadline_mono_ms) {
  impl_->context.restart();
  for (;;) {
    if (impl_->turn) impl_->turn();
    if (done()) return true;
    if (impl_->stopped.exchange(false)) return false;
    if (boottime_ms() >= deadline_mono_ms) return false;
    impl_->deadline.set(deadline_mono_ms);
    impl_->context.run_one();
  }
}

void Loop::stop() {
  impl_->stopped = true;
  asio::post(impl_->context, [] {});
}

void Loop::post(std::function<void()> what) { asio::post(impl_->context, std::move(what)); }

void Loop::on_signal(std::initializer_list<int> signals, std::function<void(int)> taken) {
  Impl::Signals& added = impl_->signals.emplace_back(impl_->context, std::move(taken));
  for (const int number : signals) {
    std::error_code ignored;
    added.set.add(number, ignored);
  }
  impl_->arm(added);
}

void Loop::watch(int fd, std::function<void()> ready) {
  unwatch(fd);
  auto watch = std::make_shared<Impl::Watch>(impl_->context, fd, std::move(ready));
  impl_->watches[fd] = watch;
  impl_->arm(watch);
}

void Loop::unwatch(int fd) {
  const auto found = impl_->watches.find(fd);
  if (found == impl_->watches.end()) return;
  found->second->dead = true;
  found->second->descriptor.release();
  impl_->watches.erase(found);
}

}  // namespace handsync
