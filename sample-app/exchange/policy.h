/// A policy of MS-ASPROV 2.2.2.29 (EASProvisionDoc): names and values in the order they are sent.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exchange {

struct PolicySetting {
  std::string name;                  ///< an element of EASProvisionDoc
  std::string value;                 ///< "" is sent as an empty element
  std::vector<std::string> entries;  ///< of the two application lists
  bool operator==(const PolicySetting&) const = default;
};
using Policy = std::vector<PolicySetting>;

/// A PIN of 4, lock after 900 s, 8 attempts, device encryption.
Policy default_policy();
/// A JSON object of EASProvisionDoc names: numbers, true/false, null (empty element), strings, and arrays for the
/// lists. Throws std::invalid_argument with a sentence.
Policy policy_from_json(std::string_view json);

}  // namespace exchange
