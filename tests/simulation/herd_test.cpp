/// A server that was away for ten minutes, and ten thousand handsets that want it back: none before Retry-After, and
/// never all at once. One phone is set up; the others are copies of it with random numbers of their own, each lived for
/// itself, for the server's part in it is the same for all.
#include <algorithm>
#include <cstdlib>

#include "sim/history.h"

#include <CppUTest/TestHarness.h>

using namespace sim;

namespace {

/// In CI a fifth of them, and five seconds where ten thousand are looked at by the second: the same number of handsets
/// in each bar of the picture.
const bool kLong = std::getenv("HANDSYNC_LONG") != nullptr;
const std::size_t kHandsets = kLong ? 10'000 : 2'000;
const std::uint64_t kBar = (kLong ? 1 : 5) * kSecond;
constexpr std::uint64_t kOutage = 10 * kMinute, kWatched = 60 * kMinute;

/// A phone whose flash and records are those of the one that was set up.
struct Herd {
  Herd() : phone(1, true), world(options(), &phone) {
    id = world.add(kEmail);
    LONGS_EQUAL(0, world.sync(id).code);
    CHECK(world.start_push(id));
    world.run_for(20 * kMinute);
    world.restart();  // closes the replica: this is what every handset of the herd has
    phone.image = Flash::instance().image();
  }
  static exchange::Options options() {
    exchange::Options options;
    options.mails = 2;
    options.body_bytes = 100;
    options.policy = std::nullopt;
    return options;
  }
  SimPhone phone;
  World world;
  AccountId id{};
};

struct Rates {
  std::vector<unsigned> per_bar = std::vector<unsigned>((kOutage + kWatched) / kBar + 1);
  std::size_t early = 0, back = 0;
  /// The busiest bar after the outage against the mean of the busiest 300 s.
  double peak_to_mean() const {
    unsigned peak = 0;
    double best = 0;
    const std::size_t first = kOutage / kBar, bars = 300 * kSecond / kBar;
    for (std::size_t i = first; i < per_bar.size(); ++i) peak = std::max(peak, per_bar[i]);
    for (std::size_t i = first; i + bars <= per_bar.size(); ++i) {
      double sum = 0;
      for (std::size_t k = i; k < i + bars; ++k) sum += per_bar[k];
      best = std::max(best, sum / static_cast<double>(bars));
    }
    return best > 0 ? peak / best : 0;
  }
};

/// The outage begins while a Ping waits. `retry_after_s` 0: the server does not even answer.
Rates outage(std::uint32_t retry_after_s) {
  Rates rates;
  Herd herd;
  World& world = herd.world;
  for (std::size_t handset = 0; handset < kHandsets; ++handset) {
    herd.phone.reseed(handset + 1);
    world.power_off();
    world.power_on();
    CHECK(world.start_push(herd.id));
    world.run_for(7 * kMinute);
    const std::uint64_t from = world.now_ms();
    std::uint64_t not_before = 0;
    world.online = retry_after_s != 0;
    world.on_request = [&](const Sent& sent) {
      const std::uint64_t at = sent.at_ms - from;
      if (at < not_before) ++rates.early;
      if (at / kBar < rates.per_bar.size()) ++rates.per_bar[at / kBar];
    };
    world.instead = [&](const Sent& sent) -> std::optional<exchange::HttpResponse> {
      if (sent.at_ms - from >= kOutage) return std::nullopt;
      exchange::HttpResponse busy;
      busy.status = 503;
      busy.set("Retry-After", std::to_string(retry_after_s));
      not_before = sent.at_ms - from + retry_after_s * kSecond;
      return busy;
    };
    world.reset_connections();
    world.run_for(kOutage);
    world.online = true;
    world.instead = nullptr;
    world.run_for(kWatched / 2);
    rates.back += world.view(herd.id).state == AccountState::kWaiting;
    world.on_request = nullptr;
    world.sent.clear();
    world.tells.clear();
  }
  return rates;
}

void check(const char* what, std::uint32_t retry_after_s) {
  const Rates rates = outage(retry_after_s);
  std::printf("[herd, %s: %zu handsets, peak %.2f times the mean over 300 s, %zu too early, %zu back within 30 min] ",
              what, kHandsets, rates.peak_to_mean(), rates.early, rates.back);
  CHECK(rates.peak_to_mean() <= 3);
  LONGS_EQUAL(0, rates.early);
  LONGS_EQUAL(kHandsets, rates.back);
}

}  // namespace

TEST_GROUP(Herd){};

TEST(Herd, WhomRetryAfterSendsAwayComesBackSpread) { check("Retry-After 600", 600); }
TEST(Herd, WhomNobodyAnswersComesBackSpread) { check("no answer", 0); }
