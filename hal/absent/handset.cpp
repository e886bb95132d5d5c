#include "absent/handset.h"

#include "posix/clock.h"

namespace handsync::hal::absent {
namespace {

posix::CoreOptions without_claims(posix::CoreOptions options) {
  options.replay_protected = false;
  options.destroys_for_good = Force::kAbsent;
  options.outside_secret = nullptr;
  return options;
}

}  // namespace

struct Handset::Parts final : posix::Core {
  explicit Parts(posix::CoreOptions given)
      : Core(without_claims(std::move(given))), clock(durable, device_path("boot")) {}
  void open() {
    Core::open();
    must(clock.open(posix::system_boot_id("")), "the clock");
  }
  posix::MachineClock clock;
};

Handset::Handset(posix::CoreOptions options) : parts_(std::make_unique<Parts>(std::move(options))) { parts_->open(); }
Handset::~Handset() = default;

Entropy& Handset::entropy() { return *parts_; }
Records& Handset::records() { return *parts_; }
Keys& Handset::keys() { return *parts_; }
Erase& Handset::erase() { return *parts_; }

Instant Handset::now() const { return parts_->clock.now(); }
void Handset::add_trace(const std::string& path) { parts_->remember_trace(path); }
std::string Handset::replica_directory() const { return parts_->replica; }
Status Handset::check() { return parts_->check(); }

void Handset::cut_power() {
  const std::scoped_lock hold(parts_->mutex);
  parts_->durable.lose_unsynced();
}

}  // namespace handsync::hal::absent
