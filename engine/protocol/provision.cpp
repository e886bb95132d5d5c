#include "protocol/provision.h"

#include "protocol/written.h"

namespace handsync::protocol {
namespace {

namespace page = wbxml::provision;
namespace settings = wbxml::settings;

constexpr Text policy_type(PolicyForm form) {
  return form == PolicyForm::kText ? "MS-WAP-Provisioning-XML" : "MS-EAS-Provisioning-WBXML";
}

/// An empty element would delete the value at the server: what is not known is left out. Model alone is required.
void put_device_information(wbxml::Writer& writer, const DeviceInformation& device) {
  writer.open(settings::kDeviceInformation).open(settings::kSet).element(settings::kModel, device.model);
  if (!device.friendly_name.empty()) writer.element(settings::kFriendlyName, device.friendly_name);
  if (!device.os.empty()) writer.element(settings::kOS, device.os);
  if (!device.os_language.empty()) writer.element(settings::kOSLanguage, device.os_language);
  if (!device.phone_number.empty()) writer.element(settings::kPhoneNumber, device.phone_number.view());
  if (!device.user_agent.empty()) writer.element(settings::kUserAgent, device.user_agent);
  if (device.tells_outbound_texts) writer.element(settings::kEnableOutboundSMS, std::uint64_t{device.outbound_texts});
  writer.close().close();
}

/// Data itself included.
bool in_data(Path path) {
  return path.size() > 3 && path[1] == page::kPolicies && path[2] == page::kPolicy && path[3] == page::kData;
}

}  // namespace

Result<std::size_t> write_provision_download(Room room, Version version, const DeviceInformation& device) {
  wbxml::Writer writer(room);
  writer.open(page::kProvision);
  if (!profile::below(version, 141)) put_device_information(writer, device);
  writer.open(page::kPolicies)
      .open(page::kPolicy)
      .element(page::kPolicyType, policy_type(profile::below(version, 120) ? PolicyForm::kText : PolicyForm::kWbxml));
  writer.close().close().close();
  return written(writer);
}

Result<std::size_t> write_provision_acknowledge(Room room, Text temporary_key, std::uint8_t status, PolicyForm form) {
  wbxml::Writer writer(room);
  writer.open(page::kProvision).open(page::kPolicies).open(page::kPolicy);
  writer.element(page::kPolicyType, policy_type(form)).element(page::kPolicyKey, temporary_key);
  writer.element(page::kStatus, std::uint64_t{status}).close().close().close();
  return written(writer);
}

Result<std::size_t> write_provision_empty(Room room) {
  wbxml::Writer writer(room);
  writer.empty(page::kProvision);
  return written(writer);
}

Result<std::size_t> write_wipe_acknowledge(Room room, bool account_only, std::uint8_t status) {
  wbxml::Writer writer(room);
  writer.open(page::kProvision).open(account_only ? page::kAccountOnlyRemoteWipe : page::kRemoteWipe);
  writer.element(page::kStatus, std::uint64_t{status}).close().close();
  return written(writer);
}

Result<std::size_t> write_settings_device_information(Room room, Version, const DeviceInformation& device) {
  wbxml::Writer writer(room);
  writer.open(settings::kSettings);
  put_device_information(writer, device);
  writer.close();
  return written(writer);
}

Result<std::size_t> write_settings_recovery_password(Room room, Text password) {
  wbxml::Writer writer(room);
  writer.open(settings::kSettings).open(settings::kDevicePassword).open(settings::kSet);
  writer.element(settings::kPassword, password).close().close().close();
  return written(writer);
}

ProvisionResponse::ProvisionResponse(wbxml::Sink* document) : document_(document) {}

Status ProvisionResponse::on_open(Path path) {
  HANDSYNC_TRY(expect_root(path, page::kProvision, Command::kProvision));
  if (path.size() == 2 && path[1] == page::kRemoteWipe) remote_wipe_ = true;
  if (path.size() == 2 && path[1] == page::kAccountOnlyRemoteWipe) account_only_wipe_ = true;
  // One policy type is asked for, so one Policy is answered; a second one would be read into the same document.
  if (path.size() == 3 && path[1] == page::kPolicies && path[2] == page::kPolicy && policies_ < 2) ++policies_;
  if (!in_data(path) || path.size() == 4 || policies_ != 1) return Done{};
  if (path.size() == 5 && path[4] == page::kEASProvisionDoc) document_seen_ = true;
  return document_ != nullptr ? document_->open(path.back()) : Status(Done{});
}

Result<bool> ProvisionResponse::on_piece(Path path, Bytes piece, bool opaque) {
  if (!in_data(path)) return false;
  if (policies_ == 1 && path.size() == 4) document_seen_ = true;
  if (policies_ == 1 && document_ != nullptr) HANDSYNC_TRY(document_->text(piece, opaque));
  return true;
}

Status ProvisionResponse::on_value(Path path, Text value) {
  if (path.size() == 2 && path[1] == page::kStatus) take_status(value);
  if (path.size() >= 3 && path[1] == settings::kDeviceInformation && path.back() == settings::kStatus) {
    if (auto number = parse_number(value); number.ok()) device_information_status_ = number.value();
  }
  if (path.size() != 4 || path[1] != page::kPolicies || path[2] != page::kPolicy || policies_ != 1) return Done{};
  if (path[3] == page::kStatus) {
    if (auto number = parse_number(value); number.ok()) policy_status_ = number.value();
  }
  if (path[3] == page::kPolicyKey && !policy_key_.assign(trimmed(value))) {
    return answer_fault(Command::kProvision, AnswerFault::kValueTooLong);
  }
  return Done{};
}

Status ProvisionResponse::on_close(Path path) {
  if (!in_data(path) || path.size() == 4 || policies_ != 1 || document_ == nullptr) return Done{};
  return document_->close(path.back());
}

Status SettingsResponse::on_open(Path path) { return expect_root(path, settings::kSettings, Command::kSettings); }

Status SettingsResponse::on_value(Path path, Text value) {
  const bool outer = path.size() == 2 && path[1] == settings::kStatus;
  const bool part =
      path.size() >= 3 && (path[1] == settings::kDeviceInformation || path[1] == settings::kDevicePassword);
  const bool inner = part && path.back() == settings::kStatus;
  // The first failure counts, whichever of the two it is.
  if ((outer || inner) && status_ <= 1) take_status(value);
  return Done{};
}

}  // namespace handsync::protocol
