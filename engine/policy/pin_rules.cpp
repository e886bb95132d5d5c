#include "policy/pin_rules.h"

namespace handsync::policy {
namespace {

inline constexpr std::uint8_t kLower = 1, kUpper = 2, kDigit = 4, kOther = 8;

// Beside runs and repetitions, the PINs that people choose most. Compared as a whole, letters in lower case.
constexpr Text kCommonest[] = {"1212",     "1313",     "2580",   "0852",   "1998",   "2000",   "2001",
                               "6969",     "121212",   "123123", "112233", "159753", "147258", "696969",
                               "password", "passwort", "qwerty", "qwertz", "abc123", "letmein"};

std::uint8_t group_of(unsigned char c) {
  if (c >= 'a' && c <= 'z') return kLower;
  if (c >= 'A' && c <= 'Z') return kUpper;
  if (c >= '0' && c <= '9') return kDigit;
  return kOther;
}

char lower_case(unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c); }

std::uint8_t bits_in(std::uint8_t value) {
  std::uint8_t count = 0;
  for (; value != 0; value = static_cast<std::uint8_t>(value & (value - 1))) ++count;
  return count;
}

bool is_one_of_the_commonest(Text pin) {
  for (const Text common : kCommonest) {
    if (common.size() != pin.size()) continue;
    std::size_t i = 0;
    while (i < pin.size() && lower_case(static_cast<unsigned char>(pin[i])) == common[i]) ++i;
    if (i == pin.size()) return true;
  }
  return false;
}

}  // namespace

PinRules pin_rules(const Document& merged) {
  PinRules rules;
  rules.required = merged.enabled(Setting::kDevicePasswordEnabled);
  if (!rules.required) return rules;
  const auto at_most = [&](Setting setting, std::int32_t most) {
    const std::int32_t value = merged.value(setting);
    return value < most ? value : most;
  };
  rules.length_min = static_cast<std::uint8_t>(at_most(Setting::kMinDevicePasswordLength, kPinBytesMax));
  rules.alphanumeric = merged.enabled(Setting::kAlphanumericDevicePasswordRequired);
  if (rules.alphanumeric)
    rules.groups_min = static_cast<std::uint8_t>(merged.value(Setting::kMinDevicePasswordComplexCharacters));
  rules.simple_allowed = merged.enabled(Setting::kAllowSimpleDevicePassword);
  rules.attempts_max = static_cast<std::uint8_t>(merged.value(Setting::kMaxDevicePasswordFailedAttempts));
  rules.history = static_cast<std::uint8_t>(at_most(Setting::kDevicePasswordHistory, kPinHistoryMax));
  rules.expiration_days = static_cast<std::uint32_t>(merged.value(Setting::kDevicePasswordExpiration));
  return rules;
}

PinTraits traits_of(Bytes pin) {
  PinTraits traits;
  for (const std::byte b : pin) {
    const auto c = static_cast<unsigned char>(b);
    if ((c & 0xC0) == 0x80) continue;  // a further byte of one UTF-8 character
    if (traits.length < UINT8_MAX) ++traits.length;
    traits.groups |= group_of(c);
  }
  traits.simple = is_simple(pin);
  return traits;
}

bool is_simple(Bytes pin) {
  if (pin.size() < 2) return true;
  bool equal = true, up = true, down = true;
  for (std::size_t i = 1; i < pin.size(); ++i) {
    const int step = static_cast<int>(pin[i]) - static_cast<int>(pin[i - 1]);
    equal = equal && step == 0;
    up = up && step == 1;
    down = down && step == -1;
  }
  return equal || up || down || is_one_of_the_commonest(text_of(pin));
}

Status judge(const PinTraits& traits, const PinRules& rules) {
  if (traits.length < rules.length_min) return fault(Fault::kPinTooShort, rules.length_min);
  const bool letters = (traits.groups & (kLower | kUpper)) != 0, others = (traits.groups & (kDigit | kOther)) != 0;
  if (rules.alphanumeric && !(letters && others)) return fault(Fault::kPinNeedsLetters);
  if (rules.alphanumeric && bits_in(traits.groups) < rules.groups_min) {
    return fault(Fault::kPinNeedsGroups, rules.groups_min);
  }
  if (!rules.simple_allowed && traits.simple) return fault(Fault::kPinTooSimple);
  return Done{};
}

Status judge_new(Bytes pin, const PinRules& rules) {
  if (pin.empty()) return fault(Fault::kPinTooShort, rules.length_min > 1 ? rules.length_min : 1);
  if (pin.size() > kPinBytesMax) return fault(Fault::kPinTooLong, kPinBytesMax);
  return judge(traits_of(pin), rules);
}

std::uint32_t throttle_s(std::uint32_t wrong) {
  constexpr std::uint32_t kFirst_s = 30, kDay_s = 24 * 60 * 60;
  if (wrong == 0) return 0;
  if (wrong <= 10) return wrong % 5 == 0 ? kFirst_s : 0;
  if (wrong < 30) return kFirst_s;
  if (wrong >= 140) return kDay_s;
  const std::uint32_t doubled = kFirst_s << ((wrong - 30) / 10);
  return doubled < kDay_s ? doubled : kDay_s;
}

}  // namespace handsync::policy
