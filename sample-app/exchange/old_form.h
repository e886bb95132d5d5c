/// What 2.5 has in place of AirSyncBase and of the policy document: bodies that are plain text and stand on the page of
/// their class, attachments of mail, and a wap-provisioningdoc.
#pragma once
#include <string>

#include "exchange/node.h"
#include "exchange/policy.h"

namespace exchange {

/// ApplicationData as 2.5 shows it.
Node to_old_form(Node data, std::string_view class_name);
/// ApplicationData of a client of 2.5 as later versions write it.
Node from_old_form(Node data);
/// The settings that 2.5 has words for (MS-ASPROV 2.2.2.44).
std::string to_wap_document(const Policy& policy);

}  // namespace exchange
