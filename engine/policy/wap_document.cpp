#include "policy/wap_document.h"

#include "policy/document.h"

namespace handsync::policy {
namespace {

// In the order of WapReader::Parameter. Names of one document are unique whatever registry key they stand under.
constexpr Text kNames[] = {"4131",
                           "AEFrequencyType",
                           "AEFrequencyValue",
                           "DeviceWipeThreshold",
                           "MinimumPasswordLength",
                           "PasswordComplexity"};
constexpr Setting kMeant[] = {Setting::kDevicePasswordEnabled,       Setting::kMaxInactivityTimeDeviceLock,
                              Setting::kMaxInactivityTimeDeviceLock, Setting::kMaxDevicePasswordFailedAttempts,
                              Setting::kMinDevicePasswordLength,     Setting::kAlphanumericDevicePasswordRequired};
inline constexpr std::int64_t kUnlimited = UINT32_MAX;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

template <std::size_t kMax>
void append(FixedText<kMax>& text, char c) {
  char longer[kMax];
  const Text before = text.view();
  if (before.size() == kMax) return;  // longer than any that is known: then it is none of them
  for (std::size_t i = 0; i < before.size(); ++i) longer[i] = before[i];
  longer[before.size()] = c;
  (void)text.assign(Text(longer, before.size() + 1));
}

/// -1 stands for "no limit" in some documents; anything else has digits only.
bool number_of(Text text, std::int64_t& value) {
  const bool negative = !text.empty() && text[0] == '-';
  value = 0;
  if (text.size() == (negative ? 1U : 0U)) return false;
  for (std::size_t i = negative ? 1 : 0; i < text.size(); ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    if (value <= kUnlimited) value = value * 10 + (text[i] - '0');
  }
  if (negative) value = -value;
  return true;
}

}  // namespace

void WapReader::take(Bytes piece) {
  for (const std::byte b : piece) put(static_cast<char>(b));
}

void WapReader::put(char c) {
  if (at_ == At::kValue) {
    if (c == quote_) return end_attribute();
    if (value_bytes_ < sizeof value_) value_[value_bytes_++] = c;
    return;
  }
  if (c == '<') {
    at_ = At::kTag;
    tag_.clear();
    ends_ = has_value_ = false;
    parameter_ = kCount;
    return;
  }
  if (at_ == At::kOutside) return;
  if (c == '>') {  // the end of a comment or a declaration too
    at_ = At::kOutside;
    return close_tag();
  }
  if (at_ == At::kTag && !is_blank(c) && (c != '/' || tag_.empty())) return append(tag_, c);
  if (!tag_.empty() && (tag_.view()[0] == '!' || tag_.view()[0] == '?')) return;
  if (is_blank(c)) {
    if (at_ == At::kTag) {
      at_ = At::kAttribute;
      attribute_.clear();
    }
  } else if (c == '/') {
    ends_ = true;
  } else if (c == '=') {
    at_ = At::kBeforeValue;
  } else if (at_ == At::kBeforeValue && (c == '"' || c == '\'')) {
    at_ = At::kValue;
    quote_ = c;
    value_bytes_ = 0;
  } else {
    append(attribute_, c);
  }
}

void WapReader::end_attribute() {
  const Text value(value_, value_bytes_);
  if (attribute_.view() == "name") {
    for (std::uint8_t i = 0; i < kCount; ++i) {
      if (kNames[i] == value) parameter_ = i;
    }
  } else if (attribute_.view() == "value") {
    has_value_ = true;
    bad_ = !number_of(value, parameter_value_);
  }
  at_ = At::kAttribute;
  attribute_.clear();
}

void WapReader::close_tag() {
  if (tag_.view() == "/wap-provisioningdoc" || (tag_.view() == "wap-provisioningdoc" && ends_)) complete_ = true;
  if (tag_.view() != "parm" || parameter_ == kCount || !has_value_ || complete_) return;
  const auto bit = static_cast<std::uint8_t>(1U << parameter_);
  seen_ |= bit;
  bad_seen_ = static_cast<std::uint8_t>(bad_ ? bad_seen_ | bit : bad_seen_ & ~bit);
  values_[parameter_] = parameter_value_;
}

Status WapReader::finish(Document& document) const {
  const auto seen = [this](Parameter parameter) { return (seen_ >> parameter & 1U) != 0; };
  for (std::uint8_t i = 0; i < kCount; ++i) {
    if ((bad_seen_ >> i & 1U) != 0) return fault(Fault::kBadValue, static_cast<std::uint32_t>(kMeant[i]));
  }
  document = Document{};
  // Policy 4131: 0 = a password is wanted.
  if (seen(kPassword)) document.set(Setting::kDevicePasswordEnabled, values_[kPassword] == 0 ? 1 : 0);
  const bool idle = !seen(kIdleKind) || values_[kIdleKind] != 0;
  if (seen(kIdleMinutes) && idle) {
    const std::int64_t minutes = values_[kIdleMinutes] < 1 ? 1 : values_[kIdleMinutes];
    document.set(Setting::kMaxInactivityTimeDeviceLock, minutes * 60);
  }
  if (seen(kWipeAfter) && values_[kWipeAfter] > 0 && values_[kWipeAfter] < kUnlimited)
    document.set(Setting::kMaxDevicePasswordFailedAttempts, values_[kWipeAfter]);
  if (seen(kLength)) document.set(Setting::kMinDevicePasswordLength, values_[kLength]);
  // 0 = letters with digits or signs, 1 = digits will do, 2 = either.
  if (seen(kComplexity)) document.set(Setting::kAlphanumericDevicePasswordRequired, values_[kComplexity] == 0 ? 1 : 0);
  return Done{};
}

}  // namespace handsync::policy
