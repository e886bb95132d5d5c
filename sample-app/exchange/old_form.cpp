#include "exchange/old_form.h"

#include <algorithm>
#include <array>

namespace exchange {
namespace {

namespace asb = wbxml::air_sync_base;
namespace cal = wbxml::calendar;
namespace con = wbxml::contacts;
namespace em = wbxml::email;
namespace tsk = wbxml::tasks;

struct BodyTags {
  std::string_view class_name;
  Tag body, truncated, size;  // size 0: the class has none
};
constexpr std::array<BodyTags, 4> kBodies = {{{"Email", em::kBody, em::kBodyTruncated, em::kBodySize},
                                              {"Calendar", cal::kBody, cal::kBodyTruncated, 0},
                                              {"Contacts", con::kBody, con::kBodyTruncated, con::kBodySize},
                                              {"Tasks", tsk::kBody, tsk::kBodyTruncated, tsk::kBodySize}}};

void add_body(Node& data, const Node& body, const BodyTags& tags) {
  const bool truncated = body.value(asb::kTruncated) == "1";
  if (tags.size != 0) data.add(tags.size, body.value(asb::kEstimatedDataSize));
  data.add(tags.truncated, truncated ? 1 : 0);
  data.add(tags.body, body.value(asb::kData));
}

void add_attachments(Node& data, const Node& attachments) {
  Node& list = data.add(em::kAttachments);
  for (const Node& attachment : attachments.children) {
    Node& node = list.add(em::kAttachment);
    node.add(em::kAttMethod, attachment.value(asb::kMethod));
    node.add(em::kAttSize, attachment.value(asb::kEstimatedDataSize));
    node.add(em::kDisplayName, attachment.value(asb::kDisplayName));
    node.add(em::kAttName, attachment.value(asb::kFileReference));
  }
}

std::string setting(const Policy& policy, std::string_view name) {
  const auto found =
      std::find_if(policy.begin(), policy.end(), [&](const PolicySetting& one) { return one.name == name; });
  return found == policy.end() ? std::string() : found->value;
}

std::string parameter(std::string_view name, const std::string& value) {
  return "<parm name=\"" + std::string(name) + "\" value=\"" + value + "\"/>";
}

}  // namespace

Node to_old_form(Node data, std::string_view class_name) {
  const auto tags = std::find_if(kBodies.begin(), kBodies.end(),
                                 [&](const BodyTags& candidate) { return candidate.class_name == class_name; });
  Node old(data.tag);
  for (Node& child : data.children) {
    if (child.tag == asb::kBody) {
      if (tags != kBodies.end()) add_body(old, child, *tags);
    } else if (child.tag == asb::kAttachments) {
      if (class_name == "Email") add_attachments(old, child);
    } else if (wbxml::page_of(child.tag) != wbxml::page_of(asb::kBody)) {
      if (child.tag == cal::kExceptions) {
        for (Node& exception : child.children) exception = to_old_form(std::move(exception), class_name);
      }
      old.add(std::move(child));
    }
  }
  return old;
}

Node from_old_form(Node data) {
  for (Node& child : data.children) {
    const bool is_body = std::any_of(kBodies.begin(), kBodies.end(),
                                     [&](const BodyTags& candidate) { return candidate.body == child.tag; });
    if (is_body) {
      Node body(asb::kBody);
      body.add(asb::kType, 1);
      body.add(asb::kData, child.text);
      child = std::move(body);
    } else if (child.tag == cal::kExceptions) {
      for (Node& exception : child.children) exception = from_old_form(std::move(exception));
    }
  }
  return data;
}

std::string to_wap_document(const Policy& policy) {
  // 4131: 0 = a password is wanted.
  const bool password = setting(policy, "DevicePasswordEnabled") == "1";
  std::string registry;
  if (password) {
    const auto seconds = parse_number(setting(policy, "MaxInactivityTimeDeviceLock"));
    const std::string length = setting(policy, "MinDevicePasswordLength");
    const std::string attempts = setting(policy, "MaxDevicePasswordFailedAttempts");
    if (seconds) {
      registry += parameter("AEFrequencyType", "1");
      registry += parameter("AEFrequencyValue", std::to_string((*seconds + 59) / 60));
    }
    if (!attempts.empty()) registry += parameter("DeviceWipeThreshold", attempts);
    if (!length.empty()) registry += parameter("MinimumPasswordLength", length);
    registry +=
        parameter("PasswordComplexity", setting(policy, "AlphanumericDevicePasswordRequired") == "1" ? "0" : "2");
  }
  return "<wap-provisioningdoc><characteristic type=\"SecurityPolicy\">" + parameter("4131", password ? "0" : "1") +
         "</characteristic><characteristic type=\"Registry\"><characteristic "
         "type=\"HKLM\\Comm\\Security\\Policy\\LASSD\\"
         "AE\\{50C13377-C66D-400C-889E-C316FC4AB374}\">" +
         registry + "</characteristic></characteristic></wap-provisioningdoc>";
}

}  // namespace exchange
