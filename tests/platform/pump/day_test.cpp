/// What a day costs: engine, carrier and TLS as they are, over sockets in memory that count every byte, on a virtual
/// clock. The figures are the engine's own counters, held against that count.
#include "platform/pump/day.h"

#include <CppUTest/TestHarness.h>

using namespace day;

namespace {

constexpr std::uint64_t kCredential = 32;  ///< "demo@example.test:demo" in base64
/// A repeated Ping with an empty body and no head but what it needs: 157 bytes of HTTP beyond the credential, a TLS 1.2
/// record, a segment; then its acknowledgement.
constexpr std::uint64_t kPingFloor = 157 + kCredential + 29 + 52 + 52;
constexpr std::uint64_t kRecord = 29, kSegment = 52;

exchange::Options with(int heartbeat_max_s = 3540) {
  exchange::Options options;
  options.mails = 3;
  options.body_bytes = 2000;
  options.heartbeat_max_s = heartbeat_max_s;
  options.policy = std::nullopt;
  return options;
}

std::uint64_t kind(const Traffic& traffic, RequestKind which) {
  return traffic.kinds[static_cast<std::size_t>(which)].requests;
}

}  // namespace

TEST_GROUP(Day){};

TEST(Day, TheEnginesCountersAreWhatPassedTheSockets) {
  Day day(with());
  for (int i = 0; i < 8; ++i) {
    day.run(47 * kMinute);
    day.server().deliver(kEmail);
  }
  day.run(kHour);
  const Traffic traffic = day.traffic();
  LONGS_EQUAL(day.net.passed.in, traffic.carried.bytes_in);
  LONGS_EQUAL(day.net.passed.out, traffic.carried.bytes_out);
  LONGS_EQUAL(day.net.peers.size(), traffic.carried.connections);
  LONGS_EQUAL(traffic.carried.connections, traffic.carried.handshakes_full + traffic.carried.handshakes_resumed);
  std::uint64_t requests = 0, in = 0;
  for (const Traffic::Kind& each : traffic.kinds) {
    requests += each.requests;
    in += each.bytes_in;
  }
  LONGS_EQUAL(day.view().requests, requests);
  LONGS_EQUAL(day.view().bytes_in, in);
  CHECK(kind(traffic, RequestKind::kPing) > 8);
  CHECK(kind(traffic, RequestKind::kSync) > 8);
  CHECK(traffic.round_trips >= requests - 1 + traffic.carried.connections);
  std::printf("[%llu requests, %llu pings, %llu wakes, %llu round trips, %llu connections, %llu full handshakes] ",
              static_cast<unsigned long long>(requests),
              static_cast<unsigned long long>(kind(traffic, RequestKind::kPing)),
              static_cast<unsigned long long>(traffic.wakes), static_cast<unsigned long long>(traffic.round_trips),
              static_cast<unsigned long long>(traffic.carried.connections),
              static_cast<unsigned long long>(traffic.carried.handshakes_full));
}

TEST(Day, AnIdleHourCostsLittleMoreThanItsFloor) {
  Day day(with(28 * 60));
  // Until the heartbeat is what the server lets it be, and on to the answer of a Ping.
  CHECK(day.until([&] { return day.view().heartbeat_s == 28 * 60; }, 12 * kHour));
  std::uint64_t pings = kind(day.traffic(), RequestKind::kPing);
  const auto next_ping = [&] {
    CHECK(day.until([&] { return kind(day.traffic(), RequestKind::kPing) > pings; }, kHour));
    pings = kind(day.traffic(), RequestKind::kPing);
    day.run(1000);
  };
  next_ping();
  // Four hours hold one Sync of everything: the cycles around it count for themselves.
  constexpr std::uint64_t kCycles = 4;
  std::uint64_t before = 0, out_before = 0, answers = 0;
  for (;;) {
    const Traffic from = day.traffic();
    before = day.net.passed.all();
    out_before = from.carried.bytes_out;
    answers = day.answer_bytes;
    for (std::uint64_t i = 0; i < kCycles; ++i) next_ping();
    const Traffic to = day.traffic();
    if (kind(from, RequestKind::kSync) != kind(to, RequestKind::kSync)) continue;
    LONGS_EQUAL(from.carried.connections, to.carried.connections);
    LONGS_EQUAL(kCycles, to.wakes - from.wakes);
    break;
  }
  const std::uint64_t cost = day.net.passed.all() - before, answer = day.answer_bytes - answers;
  const std::uint64_t out = (day.traffic().carried.bytes_out - out_before) / kCycles;
  const std::uint64_t floor = kCycles * (kPingFloor + kRecord + kSegment) + answer;
  std::printf(
      "[repeat Ping %llu HTTP bytes beyond the credential; a cycle %llu bytes, floor %llu; an hour %llu, floor %llu] ",
      static_cast<unsigned long long>(out - kRecord - kCredential), static_cast<unsigned long long>(cost / kCycles),
      static_cast<unsigned long long>(floor / kCycles), static_cast<unsigned long long>(cost * 60 / 28 / kCycles),
      static_cast<unsigned long long>(floor * 60 / 28 / kCycles));
  CHECK(out - kRecord - kCredential <= 220);
  CHECK(cost * 10 <= floor * 11);
}

TEST(Day, ANewMailCostsLittle) {
  Day day(with());
  day.run(20 * kMinute);
  std::uint64_t most = 0;
  for (int i = 0; i < 5; ++i) {
    day.run(25 * kMinute + static_cast<std::uint64_t>(i) * 97'000);
    const std::uint64_t before = day.net.passed.all(), counted = day.traffic().carried.bytes_in;
    const std::size_t mails = day.mails();
    day.server().deliver(kEmail);
    CHECK(day.until([&] { return day.mails() > mails && day.view().state == AccountState::kWaiting; }, kMinute));
    day.run(5000);
    const std::uint64_t cost = day.net.passed.all() - before;
    CHECK(day.traffic().carried.bytes_in > counted);
    most = std::max(most, cost);
  }
  std::printf("[a new mail of 2 KB: at most %llu bytes on the wire] ", static_cast<unsigned long long>(most));
  CHECK(most <= 2600);
}

/// The first mails come by Ping, the others with the answer to a Sync that waited.
TEST(Day, AMailOfAFolderWatchedAloneSavesARoundTrip) {
  Day day(with());
  day.leave_others();
  day.run(20 * kMinute);
  struct Cost {
    std::uint64_t bytes = 0, round_trips = 0, requests = 0;
  } by_ping, by_sync;
  for (int mail = 0; mail < 6; ++mail) {
    day.run(7 * kMinute);
    const std::uint64_t bytes = day.net.passed.all(), pings = kind(day.traffic(), RequestKind::kPing);
    const Traffic from = day.traffic();
    const std::size_t mails = day.mails();
    day.server().deliver(kEmail);
    CHECK(day.until([&] { return day.mails() > mails && day.view().state == AccountState::kWaiting; }, kMinute));
    day.run(5000);
    if (mail == 2) continue;  // by Ping, and the Sync that waits is told what for
    Cost& cost = kind(day.traffic(), RequestKind::kPing) > pings ? by_ping : by_sync;
    cost = {std::max(cost.bytes, day.net.passed.all() - bytes), day.traffic().round_trips - from.round_trips,
            kind(day.traffic(), RequestKind::kSync) + kind(day.traffic(), RequestKind::kPing) -
                kind(from, RequestKind::kSync) - kind(from, RequestKind::kPing)};
  }
  std::printf("[a mail by Ping: at most %llu bytes, %llu round trips; by Sync: %llu bytes, %llu round trips] ",
              static_cast<unsigned long long>(by_ping.bytes), static_cast<unsigned long long>(by_ping.round_trips),
              static_cast<unsigned long long>(by_sync.bytes), static_cast<unsigned long long>(by_sync.round_trips));
  CHECK(by_ping.bytes > 0 && by_sync.bytes > 0);
  LONGS_EQUAL(by_ping.round_trips - 1, by_sync.round_trips);
  CHECK(by_sync.bytes < by_ping.bytes);
  CHECK(by_sync.bytes <= 2600);
}

TEST(Day, ReconnectsAreResumedAlsoAfterARestart) {
  Day day(with());
  std::uint64_t full = 0, resumed = 0;
  for (int run = 0; run < 6; ++run) {
    for (int i = 0; i < 8; ++i) {
      day.run(29 * kMinute);
      day.server().deliver(kEmail);
      day.server().edit(kEmail, 1);
      if (i % 2 == 0) day.sync();
    }
    const Carried carried = day.traffic().carried;
    full += carried.handshakes_full - (run == 0);  // the first is no reconnect
    resumed += carried.handshakes_resumed;
    day.restart();
  }
  std::printf("[%llu of %llu reconnects resumed] ", static_cast<unsigned long long>(resumed),
              static_cast<unsigned long long>(resumed + full));
  CHECK(resumed > 10);
  CHECK(resumed * 100 >= (resumed + full) * 95);
}
