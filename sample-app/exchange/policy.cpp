#include "exchange/policy.h"

#include <cjson/cJSON.h>

#include <memory>
#include <stdexcept>

#include "exchange/node.h"

namespace exchange {
namespace {

using Json = std::unique_ptr<cJSON, decltype(&cJSON_Delete)>;

std::string scalar(const cJSON* value, const std::string& name) {
  if (cJSON_IsNull(value)) return {};
  if (cJSON_IsBool(value)) return cJSON_IsTrue(value) != 0 ? "1" : "0";
  if (cJSON_IsString(value)) return value->valuestring;
  if (cJSON_IsNumber(value)) return std::to_string(static_cast<long long>(value->valuedouble));
  throw std::invalid_argument("the policy's \"" + name +
                              "\" has a value of no use; give a number, a text, true, false or null");
}

}  // namespace

Policy default_policy() {
  return {{"DevicePasswordEnabled", "1", {}},           {"AlphanumericDevicePasswordRequired", "0", {}},
          {"PasswordRecoveryEnabled", "0", {}},         {"AttachmentsEnabled", "1", {}},
          {"MinDevicePasswordLength", "4", {}},         {"MaxInactivityTimeDeviceLock", "900", {}},
          {"MaxDevicePasswordFailedAttempts", "8", {}}, {"AllowSimpleDevicePassword", "1", {}},
          {"DevicePasswordExpiration", "", {}},         {"DevicePasswordHistory", "0", {}},
          {"RequireDeviceEncryption", "1", {}}};
}

Policy policy_from_json(std::string_view json) {
  const Json document(cJSON_ParseWithLength(json.data(), json.size()), cJSON_Delete);
  if (!cJSON_IsObject(document.get())) {
    throw std::invalid_argument("the policy is not a JSON object; write for instance {\"DevicePasswordEnabled\":1}");
  }
  Policy policy;
  const cJSON* member = nullptr;
  cJSON_ArrayForEach(member, document.get()) {
    PolicySetting setting;
    setting.name = member->string;
    if (wbxml::find_tag(wbxml::page_of(wbxml::provision::kProvision), setting.name) == 0) {
      throw std::invalid_argument("a policy has no element \"" + setting.name + "\"; use the names of EASProvisionDoc");
    }
    if (cJSON_IsArray(member)) {
      const cJSON* entry = nullptr;
      cJSON_ArrayForEach(entry, member) setting.entries.push_back(scalar(entry, setting.name));
    } else {
      setting.value = scalar(member, setting.name);
    }
    policy.push_back(std::move(setting));
  }
  return policy;
}

}  // namespace exchange
