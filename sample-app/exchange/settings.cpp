// Settings (MS-ASCMD 2.2.1.18): device information, user information, out of office, recovery password.
#include "exchange/settings.h"

#include "exchange/mail_generator.h"
#include "exchange/sync_request.h"

namespace exchange {
namespace {

namespace st = wbxml::settings;

Outcome say(int status) {
  Node answer(st::kSettings);
  answer.add(st::kStatus, status);
  return Outcome::answer(std::move(answer));
}

bool recovery_allowed(const Account& account) {
  if (!account.policy) return false;
  for (const PolicySetting& setting : *account.policy) {
    if (setting.name == "PasswordRecoveryEnabled") return setting.value == "1";
  }
  return false;
}

void device_information(Call& call, const Node& request, Node& answer) {
  const Node* const set = request.find(st::kSet);
  bool usable = set != nullptr && set->has(st::kModel);
  if (!usable) call.violation("sets DeviceInformation without Model");
  if (usable) usable = store_device_information(call, *set);
  answer.add(st::kDeviceInformation).add(st::kStatus, usable ? 1 : 2);
}

void user_information(const Call& call, Node& answer) {
  const std::string& email = call.account->user.email;
  Node& information = answer.add(st::kUserInformation);
  information.add(st::kStatus, 1);
  Node& get = information.add(st::kGet);
  Node addresses(st::kEmailAddresses);
  addresses.add(st::kSMTPAddress, email);
  if (call.version < 141) {
    get.add(std::move(addresses));
    return;
  }
  addresses.add(st::kPrimarySmtpAddress, email);
  Node& account = get.add(st::kAccounts).add(st::kAccount);
  account.add(st::kUserDisplayName, name_of(email));
  account.add(std::move(addresses));
}

void out_of_office(Call& call, const Node& request, Node& answer) {
  Node& oof = answer.add(st::kOof);
  if (const Node* const set = request.find(st::kSet)) {
    const auto state = set->number(st::kOofState);
    const bool times = set->has(st::kStartTime) && set->has(st::kEndTime);
    const bool some_time = set->has(st::kStartTime) || set->has(st::kEndTime);
    const bool usable = state && *state >= 0 && *state <= 2 && (*state == 2 ? times : !some_time);
    if (!usable) call.violation("sets Oof with a state and times that do not fit");
    if (usable) call.account->oof = *set;
    oof.add(st::kStatus, usable ? 1 : 2);
    return;
  }
  oof.add(st::kStatus, 1);
  Node& get = oof.add(st::kGet);
  if (call.account->oof) {
    get.children = call.account->oof->children;
  } else {
    get.add(st::kOofState, 0);
  }
}

void device_password(Call& call, const Node& request, Node& answer) {
  const Node* const set = request.find(st::kSet);
  const std::string_view password = set == nullptr ? std::string_view() : set->value(st::kPassword);
  const bool allowed = recovery_allowed(*call.account);
  if (!allowed) call.violation("stores a recovery password although the policy does not allow it");
  if (allowed) call.device->recovery_password = password;
  answer.add(st::kDevicePassword).add(st::kStatus, !allowed ? 7 : password.size() > 255 ? 5 : 1);
}

}  // namespace

bool store_device_information(Call& call, const Node& set) {
  if (const Node* const outbound = set.find(st::kEnableOutboundSMS)) {  // MS-ASMS 2.2.2.2.2
    const bool usable = call.version >= 140 && (outbound->text == "0" || outbound->text == "1");
    if (!usable) call.violation("has EnableOutboundSMS \"" + outbound->text + "\" at " + version_text(call.version));
    if (!usable) return false;
  }
  for (const Node& child : set.children) {
    const std::string name(wbxml::tag_name(child.tag));
    if (child.text.empty()) {
      call.device->information.erase(name);
    } else {
      call.device->information[name] = child.text;
    }
  }
  return true;
}

Outcome run_settings(Call& call) {
  Node answer(st::kSettings);
  answer.add(st::kStatus, 1);
  for (const Node& child : call.document->children) {
    switch (child.tag) {
      case st::kDeviceInformation:
        device_information(call, child, answer);
        break;
      case st::kUserInformation:
        user_information(call, answer);
        break;
      case st::kOof:
        out_of_office(call, child, answer);
        break;
      case st::kDevicePassword:
        device_password(call, child, answer);
        break;
      default:
        call.violation("has " + tag_text(child.tag) + " in Settings");
        return say(2);
    }
  }
  if (call.document->children.empty()) {
    call.violation("asks for no setting");
    return say(2);
  }
  return Outcome::answer(std::move(answer));
}

}  // namespace exchange
