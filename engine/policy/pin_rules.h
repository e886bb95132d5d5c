/// What a policy asks of a PIN, and whether a PIN satisfies it. Pure functions.
#pragma once
#include "policy/document.h"

namespace handsync::policy {

inline constexpr std::size_t kPinBytesMax = 64;
inline constexpr std::uint8_t kPinHistoryMax = 50;  ///< a policy that asks for more is reported partial

struct PinRules {
  bool required = false;
  std::uint8_t length_min = 0;  ///< characters
  bool alphanumeric = false;    ///< letters together with digits or symbols
  std::uint8_t groups_min = 1;  ///< of lower, upper, digit, other
  bool simple_allowed = true;
  std::uint8_t attempts_max = 0;  ///< wrong PINs until the device is wiped; 0 = no limit
  std::uint8_t history = 0;
  std::uint32_t expiration_days = 0;  ///< 0 = never
};
PinRules pin_rules(const Document& merged);

/// What is remembered of a PIN so that a stricter policy can be judged without it.
struct PinTraits {
  std::uint8_t length = 0;  ///< characters
  std::uint8_t groups = 0;  ///< bits: 1 lower, 2 upper, 4 digit, 8 other
  bool simple = false;
};
PinTraits traits_of(Bytes pin);
bool is_simple(Bytes pin);  ///< equal characters, a run up or down by one, or one of the commonest

Status judge(const PinTraits&, const PinRules&);  ///< ok, or the Fault that says what is missing
Status judge_new(Bytes pin, const PinRules&);     ///< the same, and the bytes themselves: not empty, not too long

/// Gatekeeper's table: seconds before the next try counts after `wrong` wrong ones.
std::uint32_t throttle_s(std::uint32_t wrong);

}  // namespace handsync::policy
