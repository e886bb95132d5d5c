// Provision (MS-ASPROV) and the gate that every other command passes: access, wipe, policy.
#include "exchange/old_form.h"
#include "exchange/settings.h"
#include "exchange/state.h"
#include "exchange/sync_request.h"

namespace exchange {
namespace {

namespace pr = wbxml::provision;
namespace st = wbxml::settings;

std::string_view policy_type(int version) {
  return version < 120 ? "MS-WAP-Provisioning-XML" : "MS-EAS-Provisioning-WBXML";
}

Outcome say(int status) {
  Node answer(pr::kProvision);
  answer.add(pr::kStatus, status);
  return Outcome::answer(std::move(answer));
}

// 12.0 has the elements up to this one; MinDevicePasswordComplexCharacters and its neighbours came with 12.1.
bool known_at(int version, Tag setting) { return version > 120 || setting <= pr::kDevicePasswordHistory; }

Node policy_document(const Policy& policy, int version) {
  Node document(pr::kEASProvisionDoc);
  for (const PolicySetting& setting : policy) {
    const Tag tag = wbxml::find_tag(wbxml::page_of(pr::kProvision), setting.name);
    if (!known_at(version, tag)) continue;
    Node& node = document.add(tag, setting.value);
    const Tag entry = node.tag == pr::kApprovedApplicationList ? pr::kHash : pr::kApplicationName;
    for (const std::string& text : setting.entries) node.add(entry, text);
  }
  return document;
}

bool wipe_pending(const Device& device) {
  return device.wipe == WipeState::kPending || device.wipe == WipeState::kPendingAccountOnly ||
         device.wipe == WipeState::kFailed;
}

Outcome wipe_directive(const Device& device, bool with_information) {
  Node answer(pr::kProvision);
  if (with_information) answer.add(st::kDeviceInformation).add(st::kStatus, 1);
  answer.add(pr::kStatus, 1);
  answer.add(device.wipe == WipeState::kPendingAccountOnly ? pr::kAccountOnlyRemoteWipe : pr::kRemoteWipe);
  return Outcome::answer(std::move(answer));
}

Outcome acknowledge_wipe(Call& call, const Node& acknowledgement) {
  Device& device = *call.device;
  const Tag expected = device.wipe == WipeState::kPendingAccountOnly ? pr::kAccountOnlyRemoteWipe : pr::kRemoteWipe;
  const auto status = acknowledgement.number(pr::kStatus);
  if (!wipe_pending(device) || acknowledgement.tag != expected || !status) {
    call.violation("acknowledges a wipe that was not ordered, or without Status");
    return say(2);
  }
  if (*status != 1) {
    if (device.wipe == WipeState::kPending) device.wipe = WipeState::kFailed;
    return wipe_directive(device, false);
  }
  device.wipe = WipeState::kDone;
  device.policy_key = device.temporary_key = 0;
  device.lose_sync_state();
  return say(1);
}

Outcome acknowledge_policy(Call& call, const Node& policy) {
  Device& device = *call.device;
  const auto status = policy.number(pr::kStatus);
  const auto key = policy.number(pr::kPolicyKey);
  if (!status || *status < 1 || *status > 4 || !key) {
    call.violation("acknowledges a policy without a Status of 1 to 4 and a PolicyKey");
    return say(2);
  }
  const auto answer = [&](int policy_status, std::uint32_t final_key) {
    Node root(pr::kProvision);
    root.add(pr::kStatus, 1);
    Node& node = root.add(pr::kPolicies).add(pr::kPolicy);
    node.add(pr::kPolicyType, policy_type(call.version));
    node.add(pr::kStatus, policy_status);
    if (final_key != 0) node.add(pr::kPolicyKey, static_cast<std::int64_t>(final_key));
    return Outcome::answer(std::move(root));
  };
  const bool stale = device.temporary_key == 0 || *key != device.temporary_key ||
                     device.temporary_generation != call.account->policy_generation;
  if (stale) {
    call.violation("acknowledges the policy key " + std::to_string(*key) + ", which is not the one it was given last");
    return answer(5, 0);
  }
  if (call.policy_key.value_or(0) != device.temporary_key) {
    call.violation("acknowledges a policy under another policy key than the one it acknowledges");
  }
  device.policy_status = static_cast<int>(*status);
  if ((*status == 2 || *status == 3) && call.state->options.strict_policy) return say(139);
  if (*status == 4) return say(145);
  device.temporary_key = 0;
  device.policy_key = call.state->new_policy_key();
  device.policy_generation = call.account->policy_generation;
  return answer(1, device.policy_key);
}

Outcome download_policy(Call& call, const Node& request, const Node& policy) {
  Device& device = *call.device;
  const Node* const information = request.find(st::kDeviceInformation);
  if (call.version >= 141) {
    const Node* const set = information == nullptr ? nullptr : information->find(st::kSet);
    if (set == nullptr || !set->has(st::kModel)) {
      call.violation("downloads a policy at " + version_text(call.version) +
                     " without DeviceInformation, Set and Model");
      return say(165);
    }
    if (!store_device_information(call, *set)) return say(165);
  } else if (information != nullptr) {
    call.violation("has DeviceInformation at " + version_text(call.version));
    return say(2);
  }
  if (call.policy_key.value_or(0) != 0) call.violation("downloads a policy under a policy key that is not 0");
  if (wipe_pending(device)) return wipe_directive(device, information != nullptr);
  Node root(pr::kProvision);
  if (information != nullptr) root.add(st::kDeviceInformation).add(st::kStatus, 1);
  root.add(pr::kStatus, 1);
  Node& node = root.add(pr::kPolicies).add(pr::kPolicy);
  const std::string_view type = policy.value(pr::kPolicyType);
  node.add(pr::kPolicyType, type);
  if (type != policy_type(call.version)) {
    call.violation("asks for the policy type \"" + std::string(type) + "\"");
    node.add(pr::kStatus, 3);
  } else if (!call.account->policy) {
    node.add(pr::kStatus, 2);
  } else {
    device.temporary_key = call.state->new_policy_key();
    device.temporary_generation = call.account->policy_generation;
    node.add(pr::kStatus, 1);
    node.add(pr::kPolicyKey, static_cast<std::int64_t>(device.temporary_key));
    if (call.version < 120) {
      node.add(pr::kData, to_wap_document(*call.account->policy));
    } else {
      node.add(pr::kData).add(policy_document(*call.account->policy, call.version));
    }
  }
  return Outcome::answer(std::move(root));
}

}  // namespace

Outcome run_provision(Call& call) {
  static const Node kEmpty(pr::kProvision);
  const Node& request = call.document ? *call.document : kEmpty;
  for (const Node& child : request.children) {
    if (child.tag == pr::kRemoteWipe || child.tag == pr::kAccountOnlyRemoteWipe) return acknowledge_wipe(call, child);
    if (child.tag != st::kDeviceInformation && child.tag != pr::kPolicies) {
      call.violation("has " + tag_text(child.tag) + " in Provision");
      return say(2);
    }
  }
  const Node* const policies = request.find(pr::kPolicies);
  if (policies == nullptr) {
    if (wipe_pending(*call.device)) return wipe_directive(*call.device, request.has(st::kDeviceInformation));
    call.violation("is an empty Provision although no wipe was announced");
    return say(2);
  }
  if (request.children.back().tag != pr::kPolicies) {
    call.violation("has DeviceInformation after Policies");
    return say(2);
  }
  if (policies->children.size() != 1 || policies->children[0].children.empty() ||
      policies->children[0].children[0].tag != pr::kPolicyType) {
    call.violation("has not exactly one Policy that begins with its PolicyType");
    return say(2);
  }
  const Node& policy = policies->children[0];
  if (policy.has(pr::kStatus) || policy.has(pr::kPolicyKey)) {
    if (wipe_pending(*call.device)) return wipe_directive(*call.device, false);
    return acknowledge_policy(call, policy);
  }
  return download_policy(call, request, policy);
}

std::optional<Outcome> gate(Call& call, const CommandRow& row) {
  const Device& device = *call.device;
  const Account& account = *call.account;
  if (device.blocked || account.access == Access::kBlocked) return status_answer(call, 129);
  if (row.run == run_provision) return std::nullopt;
  if (wipe_pending(device)) return status_answer(call, 140);
  if (!account.policy) return std::nullopt;
  if (row.run == run_settings && call.version < 141) return std::nullopt;
  const bool current = device.policy_key != 0 && device.policy_generation == account.policy_generation;
  if (row.run == run_ping) {
    if (current) return std::nullopt;
    return status_answer(call, device.policy_key == 0 ? 142 : 143);
  }
  if (!call.policy_key) return status_answer(call, 141);
  if (*call.policy_key == 0) return status_answer(call, 142);
  if (*call.policy_key != device.policy_key) return status_answer(call, 144);
  if (!current) return status_answer(call, 143);
  return std::nullopt;
}

}  // namespace exchange
