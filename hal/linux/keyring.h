/// A device secret in a kernel keyring: put there at boot by what unseals it (a TPM, systemd-creds, a secure world), so
/// that the file system alone opens nothing.
#pragma once
#include <string>

#include "handsync/hal/progress.h"

namespace handsync::hal::linux_port {

/// The payload (32 bytes or more) of the key of type "user" with that description, as 32 bytes. kNotThere: no such key,
/// or no keyrings here. Looked for in the session's, the process's and the user's keyring.
Status keyring_secret(const std::string& description, Room secret32);

}  // namespace handsync::hal::linux_port
