#include "linux/keyring.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "posix/vault.h"

namespace handsync::hal::linux_port {

Status keyring_secret(const std::string& description, Room secret32) {
  constexpr std::size_t kPayloadMin = 32, kPayloadMax = 256;
  for (const long keyring : {KEY_SPEC_SESSION_KEYRING, KEY_SPEC_PROCESS_KEYRING, KEY_SPEC_USER_KEYRING}) {
    const long key = ::syscall(SYS_keyctl, KEYCTL_SEARCH, keyring, "user", description.c_str(), 0L);
    if (key < 0) continue;
    std::array<std::byte, kPayloadMax> payload;
    const long size = ::syscall(SYS_keyctl, KEYCTL_READ, key, payload.data(), payload.size());
    if (size < 0) return Error{Domain::kHal, errno, 0};
    const auto bytes = static_cast<std::size_t>(size);
    if (bytes < kPayloadMin) return fault(Fault::kDamaged);
    if (bytes > kPayloadMax) return fault(Fault::kTooLarge);
    const Status made = posix::hmac(Bytes(payload).first(bytes), bytes_of("handsync device secret"), secret32);
    posix::forget(payload);
    return made;
  }
  return fault(Fault::kNotThere);
}

}  // namespace handsync::hal::linux_port
