/// Provision: download, consent, apply, acknowledge what was read back, and the wipe directive (MS-ASPROV 3.1.5.1).
#include "sync/core.h"

namespace handsync::sync {

using policy::Fault;
using protocol::Command;
using protocol::eas_error;

Status Account::write_device_information(protocol::DeviceInformation& information) const {
  const Options& options = core_.options();
  information = {core_.device().model(), options.friendly_name, options.os_name, options.os_language,
                 version_ >= 121 ? Text(options.user_agent) : Text{}};  // not in 12.0 (MS-ASCMD 2.2.3.187)
  information.outbound_texts = sends_outbox();
  information.tells_outbound_texts = version_ >= 140 && (information.outbound_texts || outbox_told_);
  if (information.outbound_texts) own_number(information.phone_number);
  return Done{};
}

Status Account::start_device_information() {
  HANDSYNC_TRY(open_store());  // what is answered is stored
  Call* call = nullptr;
  HANDSYNC_TRY(start_command(Command::kSettings, Lane::kWork, call, kSmallBodyBytesMax));
  protocol::DeviceInformation information;
  HANDSYNC_TRY(write_device_information(information));
  outbox_telling_ = information.outbound_texts;
  auto body = protocol::write_settings_device_information(call->body_room(), version_, information);
  if (!body.ok()) {
    call->free(core_.memory());
    return body.error();
  }
  call->answer.emplace<protocol::SettingsResponse>();
  call->read_with_wbxml();
  delivering_recovery_ = false;
  return launch(call, body.value());
}

void Account::look_at_recovery() {
  if (core_.wants_recovery(id_)) needs_ |= kNeedRecovery;
}

/// A new one each time: what a lost answer left at the server is replaced with it.
Status Account::start_recovery() {
  needs_ &= static_cast<std::uint16_t>(~kNeedRecovery);
  if (!core_.wants_recovery(id_)) return Done{};
  char password[policy::kRecoveryBytes];
  HANDSYNC_TRY(core_.pin().issue_recovery(core_.device(), id_, password));
  Call* call = nullptr;
  HANDSYNC_TRY(start_command(Command::kSettings, Lane::kWork, call, kSmallBodyBytesMax));
  auto body = protocol::write_settings_recovery_password(call->body_room(), Text(password, sizeof password));
  for (char& c : password) c = 0;
  if (!body.ok()) {
    call->free(core_.memory());
    return body.error();
  }
  call->answer.emplace<protocol::SettingsResponse>();
  call->read_with_wbxml();
  HANDSYNC_TRY(launch(call, body.value()));
  delivering_recovery_ = true;
  return Done{};
}

void Account::ended_recovery(Call& call, Error error) {
  if (!error) {
    std::uint32_t status = std::get<protocol::SettingsResponse>(call.answer).status();
    if (status >= 139 && status <= 144) error = eas_error(Command::kSettings, status);
    // What the server does not want it need not keep: asked again with the next policy or boot.
    // One that was used up meanwhile is not the one that is kept.
    if (!error && status == 1 && core_.pin().recovery_account() == id_)
      error = core_.pin().recovery_is_delivered(core_.device()).error();
    if (!error) return succeed();
    needs_ |= kNeedRecovery;
    return follow(error);
  }
  needs_ |= kNeedRecovery;
  request_failed(call, error);
}

void Account::ended_settings(Call& call, Error error) {
  if (delivering_recovery_) {
    delivering_recovery_ = false;
    return ended_recovery(call, error);
  }
  if (error) return request_failed(call, error);
  auto& answer = std::get<protocol::SettingsResponse>(call.answer);
  std::uint32_t status = answer.status();
  if (status >= 140 && status <= 144) return follow(eas_error(Command::kSettings, status));
  // A server that does not want to know what we are may still be synced with.
  needs_ &= static_cast<std::uint16_t>(~kNeedDeviceInformation);
  outbox_told_ = outbox_telling_;
  if (store_.is_open()) (void)store_.put_number(replica::Value::kDeviceInformationSent, outbox_told_ ? 3 : 1);
  succeed();
}

Status Account::start_policy() {
  HANDSYNC_TRY(open_store());                               // what is answered is stored
  needs_ &= static_cast<std::uint16_t>(~kNeedAcknowledge);  // of the one before, if that could not be sent
  Call* call = nullptr;
  HANDSYNC_TRY(start_command(Command::kProvision, Lane::kWork, call, kSmallBodyBytesMax));
  protocol::DeviceInformation information;
  HANDSYNC_TRY(write_device_information(information));
  auto body = protocol::write_provision_download(call->body_room(), version_, information);
  if (!body.ok()) {
    call->free(core_.memory());
    return body.error();
  }
  document_ = policy::DocumentReader(core_.device().apps(), static_cast<hal::KeySlot>(id_));
  call->answer.emplace<protocol::ProvisionResponse>(&document_);
  call->read_with_wbxml();
  return launch(call, body.value());
}

Status Account::start_directive() {
  Call* call = nullptr;
  HANDSYNC_TRY(start_command(Command::kProvision, Lane::kWork, call, kSmallBodyBytesMax));
  auto body = protocol::write_provision_empty(call->body_room());
  if (!body.ok()) {
    call->free(core_.memory());
    return body.error();
  }
  document_ = policy::DocumentReader(core_.device().apps(), static_cast<hal::KeySlot>(id_));
  call->answer.emplace<protocol::ProvisionResponse>(&document_);
  call->read_with_wbxml();
  return launch(call, body.value());
}

void Account::take_directive(Call& call, const protocol::ProvisionResponse& answer) {
  // A wipe counts only from the verified channel of a server this device has enrolled with: one that is only being
  // added is refused.
  if (!call.channel.verified || adding_) return stop(policy::fault(Fault::kWipeUnverified));
  core_.arm_wipe(id_, answer.remote_wipe() ? policy::WipeScope::kDevice : policy::WipeScope::kAccount,
                 policy::WipeOrigin::kServer);
}

void Account::ended_policy(Call& call, Error error) {
  bool asked_for_directive = needs_ & kNeedDirective;
  if (error) return request_failed(call, error);
  auto& answer = std::get<protocol::ProvisionResponse>(call.answer);
  if (answer.remote_wipe() || answer.account_only_wipe()) return take_directive(call, answer);
  // The wipe was called off meanwhile; to some servers asking for it is then an error.
  const bool called_off = asked_for_directive && answer.status() <= 2;
  if (answer.status() > 1 && !called_off) {
    if (answer.status() == 140) needs_ |= kNeedDirective;
    return follow(eas_error(Command::kProvision, answer.status()));
  }
  if (called_off) {
    needs_ = static_cast<std::uint16_t>((needs_ & ~kNeedDirective) | kNeedPolicy);
    return;
  }
  if (answer.policy_status() == 2) {  // no policy for this device: nothing to acknowledge
    hal::Device& device = core_.device();
    if (core_.enforcer().known(id_)) {
      if (Status dropped = core_.enforcer().prepare(device, id_, policy::Document{}); !dropped.ok())
        return follow(dropped.error());
      if (Status settled = core_.enforcer().settle(device, id_); !settled.ok()) return follow(settled.error());
      core_.tell(id_, Notice::kPolicyChanged);
    }
    policy_key_ = 0;
    has_policy_key_ = false;
    if (Status put = store_.put_number(replica::Value::kPolicyKey, 0); !put.ok()) return follow(put.error());
    needs_ &= static_cast<std::uint16_t>(~kNeedPolicy);
    core_.policy_changed();
    return succeed();
  }
  if (answer.policy_status() != 1 || !answer.document_seen() || !document_.complete() || answer.policy_key().empty())
    return follow(answer.policy_status() > 2
                      ? eas_error(Command::kProvision,
                                  answer.policy_status() + (answer.policy_status() < 100 ? policy::kPolicyLevel : 0))
                      : protocol::answer_fault(Command::kProvision, protocol::AnswerFault::kNoStatus));
  if (!call.channel.verified) return stop(policy::fault(Fault::kWipeUnverified));
  if (!temporary_key_.assign(answer.policy_key()))
    return follow(protocol::answer_fault(Command::kProvision, protocol::AnswerFault::kValueTooLong));
  std::size_t asks = 0;
  if (adding_) {  // nothing of it is in force before a person has agreed
    if (Status offered = core_.enforcer().offer(id_, document_.document()); !offered.ok())
      return follow(offered.error());
    asks = core_.enforcer().settings_asked(id_);
  }
  if (asks > 0) {
    char digits[8];
    std::size_t size = 0;
    if (asks >= 10) digits[size++] = static_cast<char>('0' + asks / 10 % 10);
    digits[size++] = static_cast<char>('0' + asks % 10);
    return ask(Question::kAcceptPolicy, Text(digits, size));
  }
  if (Status accepted = policy_accepted(); !accepted.ok()) follow(accepted.error());
}

/// What is stricter is recorded and in force from here; nothing is opened before the final key.
Status Account::policy_accepted() {
  HANDSYNC_TRY(core_.enforcer().prepare(core_.device(), id_, document_.document()));
  policy_arrived();
  return Done{};
}

void Account::policy_arrived() {
  policy::PinRules rules = core_.pin_rules();
  if (rules.required && !core_.pin().set()) {
    waiting_for_pin_ = true;
    return ask(Question::kNewPin, record_.email.view());
  }
  if (rules.required && core_.pin().must_change(rules, core_.now())) return stop(policy::fault(Fault::kPinMustChange));
  policy_ready();
}

void Account::policy_ready() {
  waiting_for_pin_ = false;
  core_.enforcer().refresh(core_.device(), core_.facts());
  acknowledged_as_ = core_.enforcer().acknowledgement(core_.device(), id_);
  needs_ = static_cast<std::uint16_t>((needs_ & ~kNeedPolicy) | kNeedAcknowledge);
  core_.policy_changed();
}

void Account::pin_changed() {
  look_at_recovery();
  if (waiting_for_pin_) {
    if (core_.pin().fits(core_.pin_rules(), core_.now())) {
      policy_ready();
    } else if (question_id_ == QuestionId{}) {
      waiting_for_pin_ = false;
      stop(core_.device_error() ? core_.device_error() : policy::fault(Fault::kPinNotSet));
    }
    return advance();
  }
  bool stopped_for_pin = stopped_ && error_.domain == Domain::kPolicy;
  if (stopped_for_pin && core_.pin().fits(core_.pin_rules(), core_.now())) {
    stopped_ = false;
    error_ = {};
    needs_ |= kNeedPolicy;
  }
  advance();
}

Status Account::start_acknowledge() {
  HANDSYNC_TRY(open_store());  // what is answered is stored
  Call* call = nullptr;
  HANDSYNC_TRY(start_command(Command::kProvision, Lane::kWork, call, kSmallBodyBytesMax));
  auto body = protocol::write_provision_acknowledge(
      call->body_room(), temporary_key_.view(), acknowledged_as_,
      document_.as_text() ? protocol::PolicyForm::kText : protocol::PolicyForm::kWbxml);
  if (!body.ok()) {
    call->free(core_.memory());
    return body.error();
  }
  call->answer.emplace<protocol::ProvisionResponse>(nullptr);
  call->read_with_wbxml();
  return launch(call, body.value());
}

/// All settings that stand in the way, as far as there is room for their names.
void Account::name_unmet() {
  FixedText<256> names;
  for (std::size_t i = 0; i < policy::kSettingCount; ++i) {
    auto setting = static_cast<policy::Setting>(i);
    if (!core_.enforcer().unmet(id_, setting)) continue;
    char text[256];
    std::size_t size = 0;
    for (Text part : {names.view(), names.empty() ? Text() : Text(", "), policy::row_of(setting).name})
      for (char c : part)
        if (size < sizeof text) text[size++] = c;
    if (size < sizeof text) (void)names.assign(Text(text, size));
  }
  if (!names.empty()) detail_ = names;
}

void Account::ended_acknowledge(Call& call, Error error) {
  // Whatever went wrong: provisioning starts again with key 0, the temporary key is spent.
  needs_ = static_cast<std::uint16_t>((needs_ & ~kNeedAcknowledge) | kNeedPolicy);
  if (error) return request_failed(call, error);
  auto& answer = std::get<protocol::ProvisionResponse>(call.answer);
  if (answer.remote_wipe() || answer.account_only_wipe()) return take_directive(call, answer);
  if (answer.status() == 139 || answer.policy_status() == 139) {
    name_unmet();
    if (Status abandoned = core_.enforcer().abandon(core_.device(), id_); !abandoned.ok())
      return follow(abandoned.error());
    return stop(eas_error(Command::kProvision, 139));
  }
  if (answer.status() > 1) return follow(eas_error(Command::kProvision, answer.status()));
  auto key = protocol::parse_number(answer.policy_key());
  if (answer.policy_status() != 1 || !key.ok() || key.value() == 0)
    return follow(answer.policy_status() > 1
                      ? eas_error(Command::kProvision, 144)
                      : protocol::answer_fault(Command::kProvision, protocol::AnswerFault::kNoStatus));
  policy_key_ = key.value();
  has_policy_key_ = true;
  policy_wall_ms_ = core_.now().wall_ms;
  if (Status put = store_.put_number(replica::Value::kPolicyKey, policy_key_); !put.ok()) return follow(put.error());
  (void)store_.put_number(replica::Value::kPolicyTime, static_cast<std::uint64_t>(policy_wall_ms_));
  if (Status settled = core_.enforcer().settle(core_.device(), id_); !settled.ok()) return follow(settled.error());
  needs_ &= static_cast<std::uint16_t>(~kNeedPolicy);
  core_.policy_changed();
  look_at_recovery();
  look_at_outbox();
  succeed();
  core_.tell(id_, Notice::kPolicyChanged);
}

Status Account::send_wipe_acknowledge(bool account_only) {
  Call* call = nullptr;
  HANDSYNC_TRY(start_command(Command::kProvision, Lane::kWork, call, kSmallBodyBytesMax));
  auto body = protocol::write_wipe_acknowledge(call->body_room(), account_only, 1);
  if (!body.ok()) {
    call->free(core_.memory());
    return body.error();
  }
  call->total_s = kWipeAcknowledgeS;
  call->silence_s = kWipeAcknowledgeS / 3;
  needs_ &= static_cast<std::uint16_t>(~kNeedAcknowledge);  // the key of a wipe acknowledgement is 0
  HANDSYNC_TRY(launch(call, body.value()));
  acknowledging_wipe_ = true;
  return Done{};
}

}  // namespace handsync::sync
