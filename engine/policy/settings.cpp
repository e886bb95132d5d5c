#include "policy/settings.h"

#include "wbxml/code_pages.h"

namespace handsync::policy {
namespace {

using hal::Gate;
namespace tag = wbxml::provision;

inline constexpr std::int32_t kNoEnd = INT32_MAX;
inline constexpr std::int32_t kPinLongest = 64;   // policy/pin_rules.h
inline constexpr std::int32_t kHistoryKept = 50;  // policy/pin_rules.h

constexpr SettingRow boolean(Text name, wbxml::Tag at, std::int32_t normal, Means means, Gate gate = Gate::kCount) {
  return {name, at, Kind::kBoolean, 0, 1, normal, 1, normal == 0 ? Stricter::kHigher : Stricter::kLower, means, gate};
}
constexpr SettingRow pin_boolean(Text name, wbxml::Tag at, std::int32_t normal) {
  SettingRow row = boolean(name, at, normal, Means::kPin);
  row.needs_password = true;
  return row;
}
constexpr SettingRow number(Text name, wbxml::Tag at, std::int32_t min, std::int32_t max, std::int32_t normal,
                            Stricter stricter, Means means) {
  return {name, at, Kind::kNumber, min, max, normal, max, stricter, means};
}
constexpr SettingRow pin_number(Text name, wbxml::Tag at, std::int32_t min, std::int32_t max, std::int32_t normal,
                                std::int32_t enforceable, Stricter stricter, Means means) {
  return {name, at, Kind::kNumber, min, max, normal, enforceable, stricter, means, Gate::kCount, true};
}
constexpr SettingRow list(Text name, wbxml::Tag at) {
  return {name, at, Kind::kList, 0, kNoEnd, 0, kNoEnd, Stricter::kHigher, Means::kApps};
}

// clang-format off
// In the order of Setting. Lower numbers of an attempt limit than the specification's 4 are kept: they are stricter, and were asked for.
constexpr SettingRow kRows[] = {
    boolean("DevicePasswordEnabled", tag::kDevicePasswordEnabled, 0, Means::kPin),
    pin_boolean("AlphanumericDevicePasswordRequired", tag::kAlphanumericDevicePasswordRequired, 0),
    {"PasswordRecoveryEnabled", tag::kPasswordRecoveryEnabled, Kind::kBoolean, 0, 1, 0, 1, Stricter::kLower, Means::kEngine, Gate::kCount, true},
    pin_number("MinDevicePasswordLength", tag::kMinDevicePasswordLength, 0, 255, 0, kPinLongest, Stricter::kHigher, Means::kPin),
    pin_number("MinDevicePasswordComplexCharacters", tag::kMinDevicePasswordComplexCharacters, 1, 4, 1, 4, Stricter::kHigher, Means::kPin),
    pin_boolean("AllowSimpleDevicePassword", tag::kAllowSimpleDevicePassword, 1),
    pin_number("MaxDevicePasswordFailedAttempts", tag::kMaxDevicePasswordFailedAttempts, 0, 16, 0, 16, Stricter::kLowerButNone, Means::kAttempts),
    pin_number("DevicePasswordExpiration", tag::kDevicePasswordExpiration, 0, 730, 0, 730, Stricter::kLowerButNone, Means::kPin),
    pin_number("DevicePasswordHistory", tag::kDevicePasswordHistory, 0, kNoEnd, 0, kHistoryKept, Stricter::kHigher, Means::kPin),
    pin_number("MaxInactivityTimeDeviceLock", tag::kMaxInactivityTimeDeviceLock, 0, 9998, 0, 9998, Stricter::kLowerButNone, Means::kIdleLock),
    boolean("RequireDeviceEncryption", tag::kRequireDeviceEncryption, 0, Means::kDeviceEncryption),
    boolean("RequireStorageCardEncryption", tag::kRequireStorageCardEncryption, 0, Means::kCardEncryption),
    boolean("AllowStorageCard", tag::kAllowStorageCard, 1, Means::kGate, Gate::kCard),
    boolean("AllowCamera", tag::kAllowCamera, 1, Means::kGate, Gate::kCamera),
    boolean("AllowWiFi", tag::kAllowWiFi, 1, Means::kGate, Gate::kWifi),
    {"AllowBluetooth", tag::kAllowBluetooth, Kind::kNumber, 0, 2, 2, 2, Stricter::kLower, Means::kGate, Gate::kBluetooth},
    boolean("AllowIrDA", tag::kAllowIrDA, 1, Means::kGate, Gate::kIrda),
    boolean("AllowInternetSharing", tag::kAllowInternetSharing, 1, Means::kGate, Gate::kTethering),
    boolean("AllowTextMessaging", tag::kAllowTextMessaging, 1, Means::kGate, Gate::kSms),
    boolean("AllowBrowser", tag::kAllowBrowser, 1, Means::kGate, Gate::kBrowser),
    boolean("AllowConsumerEmail", tag::kAllowConsumerEmail, 1, Means::kGate, Gate::kConsumerMail),
    boolean("AllowPOPIMAPEmail", tag::kAllowPOPIMAPEmail, 1, Means::kGate, Gate::kPopImap),
    boolean("AllowRemoteDesktop", tag::kAllowRemoteDesktop, 1, Means::kGate, Gate::kRemoteDesktop),
    boolean("AllowDesktopSync", tag::kAllowDesktopSync, 1, Means::kGate, Gate::kDesktopSync),
    boolean("AllowUnsignedApplications", tag::kAllowUnsignedApplications, 1, Means::kGate, Gate::kUnsignedApps),
    boolean("AllowUnsignedInstallationPackages", tag::kAllowUnsignedInstallationPackages, 1, Means::kGate, Gate::kUnsignedInstallers),
    list("UnapprovedInROMApplicationList", tag::kUnapprovedInROMApplicationList),
    list("ApprovedApplicationList", tag::kApprovedApplicationList),
    boolean("AttachmentsEnabled", tag::kAttachmentsEnabled, 1, Means::kEngine),
    number("MaxAttachmentSize", tag::kMaxAttachmentSize, 0, kNoEnd, kNoEnd, Stricter::kLower, Means::kEngine),
    boolean("AllowHTMLEmail", tag::kAllowHTMLEmail, 1, Means::kEngine),
    number("MaxEmailAgeFilter", tag::kMaxEmailAgeFilter, 0, 5, 0, Stricter::kLowerButNone, Means::kEngine),
    number("MaxCalendarAgeFilter", tag::kMaxCalendarAgeFilter, 0, 7, 0, Stricter::kLowerButNone, Means::kEngine),
    number("MaxEmailBodyTruncationSize", tag::kMaxEmailBodyTruncationSize, -1, kNoEnd, -1, Stricter::kLowerButNone, Means::kEngine),
    number("MaxEmailHTMLBodyTruncationSize", tag::kMaxEmailHTMLBodyTruncationSize, -1, kNoEnd, -1, Stricter::kLowerButNone, Means::kEngine),
    boolean("RequireManualSyncWhenRoaming", tag::kRequireManualSyncWhenRoaming, 0, Means::kEngine),
    boolean("RequireSignedSMIMEMessages", tag::kRequireSignedSMIMEMessages, 0, Means::kEngine),
    boolean("RequireEncryptedSMIMEMessages", tag::kRequireEncryptedSMIMEMessages, 0, Means::kEngine),
    // Nothing is signed or encrypted here, so nothing is sent while one of the two rows above asks for it. The algorithms only say how.
    number("RequireSignedSMIMEAlgorithm", tag::kRequireSignedSMIMEAlgorithm, 0, 1, 0, Stricter::kLower, Means::kEngine),
    number("RequireEncryptionSMIMEAlgorithm", tag::kRequireEncryptionSMIMEAlgorithm, 0, 4, 0, Stricter::kLower, Means::kEngine),
    number("AllowSMIMEEncryptionAlgorithmNegotiation", tag::kAllowSMIMEEncryptionAlgorithmNegotiation, 0, 2, 2, Stricter::kLower, Means::kEngine),
    boolean("AllowSMIMESoftCerts", tag::kAllowSMIMESoftCerts, 1, Means::kEngine),
};
// clang-format on
static_assert(sizeof kRows / sizeof kRows[0] == kSettingCount, "one row for each setting");

}  // namespace

const SettingRow& row_of(Setting setting) { return kRows[static_cast<std::size_t>(setting)]; }

Setting setting_of(wbxml::Tag tag_seen) {
  for (std::size_t i = 0; i < kSettingCount; ++i) {
    if (kRows[i].tag == tag_seen) return static_cast<Setting>(i);
  }
  return Setting::kCount;
}

}  // namespace handsync::policy
