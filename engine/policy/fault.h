/// What can go wrong in policy, PIN and wipe: the codes of Domain::kPolicy. Their sentences: remedies.cpp.
#pragma once
#include "handsync/base.h"

namespace handsync::policy {

enum class Fault : std::int32_t {
  kBadValue = 1,         ///< a setting has a value that is no number, or no 0/1 where only these exist; where = Setting
  kRecordDamaged,        ///< Record::kPolicy is there and cannot be believed: every account provisions again
  kTooManyAccounts,      ///< more than kPolicyAccountsMax
  kNothingPrepared,      ///< settle() or abandon() without prepare()
  kNotAccepted,          ///< the user has not accepted the policy
  kNotEnforceable,       ///< this device cannot do what the server insists on; where = the first such Setting
  kNoHtml,               ///< AllowHTMLEmail 0: a message with HTML is not sent
  kWantsSmime,           ///< the policy wants mails signed or encrypted, which nobody here does: none is sent
  kPinNotSet = 20,       ///< the policy wants a PIN and none is set
  kPinMustChange,        ///< the PIN in use no longer satisfies the policy, or has expired
  kPinTooShort,          ///< where = characters wanted
  kPinTooLong,           ///< where = bytes at most
  kPinNeedsLetters,      ///< letters together with digits or symbols
  kPinNeedsGroups,       ///< where = character groups wanted
  kPinTooSimple,         ///< one character repeated, a run, or one of the commonest
  kPinUsedBefore,        ///< in the history
  kPinWrong,             ///< where = tries left, 0 = no limit is set
  kPinThrottled,         ///< where = seconds to wait; the try was not counted
  kPinLimit,             ///< the last try is used up: the device is wiped
  kPinBusy,              ///< another PIN is being checked
  kPinCheckFailed,       ///< the vault or the record failed: nothing was opened; counted if that could be recorded
  kLocked,               ///< the device is locked
  kPinCodeword,          ///< few tries are left: the codeword first; where = tries left. Nothing was counted
  kNoRecovery,           ///< no recovery password of this device is kept at a server
  kAwaitsApproval = 40,  ///< the server shows an empty mailbox where there was a full one: nothing is removed
  kWipeUnverified = 50,  ///< a wipe or a policy from a channel that is not verified as the enrolled server's: ignored
  kWiping,               ///< a wipe is under way
  kWiped,                ///< the device, or this account, has been wiped
  kWipeIncomplete,       ///< keys, files or verification failed; where = WipeStep; goes on at the next tick or boot
  kNoAttachments = 70,   ///< the policy forbids attachments
  kAttachmentTooLarge,   ///< beyond what the policy allows; where = that, in KiB
  kNoTexts,              ///< AllowTextMessaging 0: no text message is sent or uploaded
};

constexpr Error fault(Fault code, std::uint32_t where = 0) {
  return Error{Domain::kPolicy, static_cast<std::int32_t>(code), where};
}

}  // namespace handsync::policy
