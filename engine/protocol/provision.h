/// Provision (MS-ASPROV 2.2.2, MS-ASCMD 2.2.1.14) and the Settings call that carries DeviceInformation below 14.1.
#pragma once
#include "protocol/request.h"
#include "protocol/response.h"

namespace handsync::protocol {

struct DeviceInformation {
  Text model, friendly_name, os, os_language, user_agent;
  bool tells_outbound_texts = false, outbound_texts = false;  ///< EnableOutboundSMS, from 14.0 on (MS-ASMS 2.2.2.2.2)
  FixedText<32> phone_number;                                 ///< empty = not known, or nobody's business
};

/// How a policy is written inside Data (PolicyType): from 12.0 on elements, before a text.
enum class PolicyForm : std::uint8_t { kWbxml, kText };

Result<std::size_t> write_provision_download(Room, Version, const DeviceInformation&);  ///< phase 1
/// Phase 2: 1 all, 2 partly, 3 nothing; in the form of what was received.
Result<std::size_t> write_provision_acknowledge(Room, Text temporary_key, std::uint8_t status,
                                                PolicyForm = PolicyForm::kWbxml);
Result<std::size_t> write_provision_empty(Room);  ///< after 140: fetches the wipe directive
Result<std::size_t> write_wipe_acknowledge(Room, bool account_only, std::uint8_t status);
Result<std::size_t> write_settings_device_information(Room, Version, const DeviceInformation&);
Result<std::size_t> write_settings_recovery_password(Room, Text password);  ///< MS-ASCMD 2.2.3.51 DevicePassword

class ProvisionResponse final : public ResponseReader {
 public:
  /// `document` is fed the events inside Data, EASProvisionDoc itself included, and Data's own text, which is the
  /// policy in version 2.5 (policy/document.h reads both).
  explicit ProvisionResponse(wbxml::Sink* document);
  std::uint32_t policy_status() const { return policy_status_; }  ///< 0 = no Policy element
  Text policy_key() const { return policy_key_.view(); }
  bool document_seen() const { return document_seen_; }
  bool remote_wipe() const { return remote_wipe_; }
  bool account_only_wipe() const { return account_only_wipe_; }
  std::uint32_t device_information_status() const { return device_information_status_; }

 private:
  Status on_open(Path) override;
  Status on_value(Path, Text value) override;
  Status on_close(Path) override;
  Result<bool> on_piece(Path, Bytes, bool) override;
  wbxml::Sink* document_;
  FixedText<16> policy_key_;
  std::uint32_t policy_status_ = 0, device_information_status_ = 0;
  std::uint8_t policies_ = 0;
  bool document_seen_ = false, remote_wipe_ = false, account_only_wipe_ = false;
};

/// status(): the outer Status, or that of DeviceInformation or DevicePassword where it is the failed one.
class SettingsResponse final : public ResponseReader {
 private:
  Status on_open(Path) override;
  Status on_value(Path, Text value) override;
};

}  // namespace handsync::protocol
