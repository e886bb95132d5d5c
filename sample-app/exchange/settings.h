/// settings:DeviceInformation, which travels with Settings and with Provision.
#pragma once
#include "exchange/state.h"

namespace exchange {

/// Keeps the children of DeviceInformation/Set by their names; an empty element deletes a value. False: it is
/// malformed.
bool store_device_information(Call&, const Node& set);

}  // namespace exchange
