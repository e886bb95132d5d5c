#include "sync/heartbeat.h"

#include <algorithm>
#include <cstring>

namespace handsync::sync {
namespace {

constexpr std::byte kFormat{1};  // a version before wrote decimal digits here
constexpr std::uint64_t kRetryMs = 24 * 3600'000ULL;

std::uint16_t narrow(std::uint32_t seconds) { return static_cast<std::uint16_t>(std::min(seconds, kHeartbeatMaxS)); }

}  // namespace

void Heartbeat::enter(Bytes id, std::uint64_t now_ms) {
  std::size_t at = 0;
  while (at + 1 < kNetworksMax && (!known_[at].used || std::memcmp(known_[at].id, id.data(), 16) != 0)) ++at;
  if (!known_[at].used || std::memcmp(known_[at].id, id.data(), 16) != 0) {
    known_[at] = Known{};  // the one not used for longest gives way
    std::memcpy(known_[at].id, id.data(), 16);
    known_[at].used = true;
    known_[at].bad_since_ms = now_ms;
  }
  std::rotate(known_, known_ + at, known_ + at + 1);
}

/// Servers change.
void Heartbeat::forget_what_is_old(std::uint64_t now_ms) {
  if (now_ms < bounds_since_ms_ + kRetryMs) return;
  least_s_ = kHeartbeatMinS;
  most_s_ = kHeartbeatMaxS;
  bounds_since_ms_ = now_ms;
}

bool Heartbeat::polls(std::uint64_t now_ms) {
  forget_what_is_old(now_ms);
  const Known& net = here();
  const bool path_is_short = net.bad_s != 0 && net.bad_s < kPathLeastS && now_ms < net.bad_since_ms + kRetryMs;
  return most_s_ < kPushLeastS || path_is_short;
}

std::uint32_t Heartbeat::next_s(std::uint64_t now_ms) {
  forget_what_is_old(now_ms);
  const Known& net = here();
  std::uint32_t wanted = kHeartbeatS;
  if (net.good_s && !net.bad_s)
    wanted = net.good_s * 3U / 2;
  else if (net.bad_s && now_ms >= net.bad_since_ms + kRetryMs)
    wanted = net.bad_s;  // networks change: once a day it is tried whether this still does not last
  else if (net.bad_s)
    wanted = net.good_s * 5U >= net.bad_s * 4U ? net.good_s : (net.good_s + net.bad_s) / 2U;
  return std::clamp<std::uint32_t>(wanted, least_s_, most_s_);
}

void Heartbeat::lasted(std::uint32_t took_s) {
  Known& net = here();
  net.misses = 0;
  if (took_s <= net.good_s || took_s < kHeartbeatMinS) return;
  if (!net.good_s && !net.bad_s && took_s < kHeartbeatS) return;  // a mail that came soon is no reason to wait less
  net.good_s = narrow(took_s);
  if (net.good_s >= net.bad_s) net.bad_s = 0;
  changed_ = true;
}

void Heartbeat::lost(std::uint32_t asked_s, std::uint64_t now_ms) { fail(asked_s, now_ms); }
void Heartbeat::closed(std::uint32_t after_s, std::uint64_t now_ms) {
  // Once is how a network changes; what ends every connection at this age ends the next one too.
  if (after_s < kHeartbeatMinS || here().misses++ == 0) return;
  here().misses = 1;
  fail(after_s, now_ms);
}

void Heartbeat::fail(std::uint32_t at_s, std::uint64_t now_ms) {
  Known& net = here();
  if (at_s <= net.good_s && ++net.misses < 2) return;  // it has lasted before: perhaps it was something else
  net.misses = 0;
  net.bad_s = narrow(at_s);
  net.bad_since_ms = now_ms;
  if (net.good_s >= net.bad_s) net.good_s = static_cast<std::uint16_t>(net.bad_s / 2);
  changed_ = true;
}

void Heartbeat::capped(std::uint32_t after_s, std::uint64_t now_ms) {
  lasted(after_s);
  if (after_s >= most_s_ || after_s < least_s_) return;
  most_s_ = narrow(after_s);
  bounds_since_ms_ = now_ms;
  changed_ = true;
}

bool Heartbeat::bound(std::uint32_t asked_s, std::uint32_t offered_s, std::uint64_t now_ms) {
  if (offered_s < kHeartbeatMinS / 6 || offered_s == asked_s) return false;
  std::uint16_t& side = offered_s > asked_s ? least_s_ : most_s_;
  side = narrow(offered_s);
  bounds_since_ms_ = now_ms;
  if (least_s_ > most_s_) (offered_s > asked_s ? most_s_ : least_s_) = side;
  changed_ = true;
  return true;
}

void Heartbeat::pack(Room room) const {
  std::size_t at = 0;
  auto number = [&](std::uint32_t value, int count) {
    for (int i = 0; i < count && at < room.size(); ++i) room[at++] = static_cast<std::byte>(value >> (8 * i));
  };
  number(std::to_integer<std::uint32_t>(kFormat), 1);
  number(least_s_, 2);
  number(most_s_, 2);
  for (const Known& net : known_) {
    for (std::byte b : net.id)
      if (at < room.size()) room[at++] = b;
    number(net.used, 1);
    number(net.good_s, 2);
    number(net.bad_s, 2);
  }
}

void Heartbeat::unpack(Bytes bytes, std::uint64_t now_ms) {
  if (bytes.size() != kPackedBytes || bytes[0] != kFormat) return;
  std::size_t at = 1;
  auto number = [&](int count) {
    std::uint32_t value = 0;
    for (int i = 0; i < count; ++i) value |= std::to_integer<std::uint32_t>(bytes[at++]) << (8 * i);
    return value;
  };
  least_s_ = narrow(number(2));
  most_s_ = narrow(number(2));
  if (least_s_ > most_s_) least_s_ = most_s_;
  bounds_since_ms_ = now_ms;
  for (Known& net : known_) {
    net = Known{};
    std::memcpy(net.id, bytes.data() + at, sizeof net.id);
    at += sizeof net.id;
    net.used = number(1) != 0;
    net.good_s = narrow(number(2));
    net.bad_s = narrow(number(2));
    net.bad_since_ms = now_ms;
  }
}

}  // namespace handsync::sync
