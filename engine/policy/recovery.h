/// The recovery password (PasswordRecoveryEnabled, MS-ASCMD 2.2.3.51 DevicePassword): made on the device, kept at the
/// server, where its owner or an administrator reads it when the PIN is forgotten. The device itself keeps only what
/// checks it.
#pragma once
#include "handsync/engine.h"

namespace handsync::policy {

inline constexpr std::size_t kRecoveryLetters = 16;  ///< of 32 each: 80 random bits, so that it needs no slow hash
inline constexpr std::size_t kRecoveryBytes = kRecoveryLetters + 3;  ///< in four groups: XXXX-XXXX-XXXX-XXXX

struct Recovery {
  std::byte salt[16]{}, mac[32]{};
  AccountId account{};     ///< whose server keeps it; 0 = there is none
  bool delivered = false;  ///< that server has said so
};

/// A new one; `out` is what goes to the server and nowhere else.
Status make_recovery(hal::Device&, AccountId, Recovery&, char (&out)[kRecoveryBytes]);
/// As a person types it: letters of either case, with or without dashes and blanks, O for 0 and I or L for 1.
Result<bool> recovery_matches(hal::Device&, const Recovery&, Bytes typed);

}  // namespace handsync::policy
