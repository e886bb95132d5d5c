/// Every element of EASProvisionDoc in one table: name, tag, range, what is stricter, and who enforces it
/// (MS-ASPROV 2.2.2).
#pragma once
#include "handsync/hal/gates.h"
#include "wbxml/tag.h"

namespace handsync::policy {

enum class Setting : std::uint8_t {
  kDevicePasswordEnabled,
  kAlphanumericDevicePasswordRequired,
  kPasswordRecoveryEnabled,
  kMinDevicePasswordLength,
  kMinDevicePasswordComplexCharacters,
  kAllowSimpleDevicePassword,
  kMaxDevicePasswordFailedAttempts,
  kDevicePasswordExpiration,
  kDevicePasswordHistory,
  kMaxInactivityTimeDeviceLock,
  kRequireDeviceEncryption,
  kRequireStorageCardEncryption,
  kAllowStorageCard,
  kAllowCamera,
  kAllowWiFi,
  kAllowBluetooth,
  kAllowIrDA,
  kAllowInternetSharing,
  kAllowTextMessaging,
  kAllowBrowser,
  kAllowConsumerEmail,
  kAllowPOPIMAPEmail,
  kAllowRemoteDesktop,
  kAllowDesktopSync,
  kAllowUnsignedApplications,
  kAllowUnsignedInstallationPackages,
  kUnapprovedInROMApplicationList,
  kApprovedApplicationList,
  kAttachmentsEnabled,
  kMaxAttachmentSize,
  kAllowHTMLEmail,
  kMaxEmailAgeFilter,
  kMaxCalendarAgeFilter,
  kMaxEmailBodyTruncationSize,
  kMaxEmailHTMLBodyTruncationSize,
  kRequireManualSyncWhenRoaming,
  kRequireSignedSMIMEMessages,
  kRequireEncryptedSMIMEMessages,
  kRequireSignedSMIMEAlgorithm,
  kRequireEncryptionSMIMEAlgorithm,
  kAllowSMIMEEncryptionAlgorithmNegotiation,
  kAllowSMIMESoftCerts,
  kCount
};
inline constexpr std::size_t kSettingCount = static_cast<std::size_t>(Setting::kCount);

/// Which of two values asks for more. "None" is the row's `normal` value wherever that is named.
enum class Stricter : std::uint8_t {
  kHigher,        ///< a requirement: 1 beats 0, 8 characters beat 4
  kLower,         ///< a permission: 0 beats 1
  kLowerButNone,  ///< a limit: the smaller one, but `normal` means no limit
};

/// Who makes the setting true.
enum class Means : std::uint8_t {
  kPin,               ///< the PIN of policy/pin.h, and a screen lock that wants it
  kAttempts,          ///< the same, over records that cannot be played back
  kIdleLock,          ///< hal::Lock
  kDeviceEncryption,  ///< hal::Storage
  kCardEncryption,    ///< hal::Storage
  kGate,              ///< hal::Gates
  kApps,              ///< hal::Apps
  kEngine,            ///< the engine itself (Caps in enforcer.h)
};

enum class Kind : std::uint8_t { kBoolean, kNumber, kList };

struct SettingRow {
  Text name;
  wbxml::Tag tag;
  Kind kind;
  std::int32_t min,
      max;              ///< a number outside is brought to the nearer end; min is then never looser than what was asked
  std::int32_t normal;  ///< the value of an absent or empty element: asks for nothing
  std::int32_t enforceable;  ///< up to here the value can be honoured in full; beyond it is partial
  Stricter stricter;
  Means means;
  hal::Gate gate = hal::Gate::kCount;
  bool needs_password = false;  ///< ignored unless DevicePasswordEnabled is 1
};

const SettingRow& row_of(Setting);
/// Of the two lists: which hal::AppList it is.
constexpr std::size_t app_list_index(Setting list) {
  return static_cast<std::size_t>(list == Setting::kApprovedApplicationList ? hal::AppList::kApproved
                                                                            : hal::AppList::kUnapproved);
}
/// kCount when the tag is not a setting. Hash and ApplicationName belong to their lists and are not settings.
Setting setting_of(wbxml::Tag);

}  // namespace handsync::policy
