/// The policy of the whole device: one document an account, the strictest merge of all, kept in Record::kPolicy under
/// an integrity tag and brought to the device at every boot. Engine thread; FAST calls only.
///
///   boot       load()                     before the radio or a database opens
///   consent    offer(account, doc)        to be read with row(): in force nowhere, recorded nowhere
///   phase 1    prepare(account, doc)      what is stricter is recorded and in force from here; nothing is opened yet
///   phase 2    acknowledgement(account)   1, 2 or 3, read back now
///   final key  commit it, then settle(account): what is looser takes effect
///   refused    abandon(account)           back to the policy before; by the user, or by the server
///   gone       forget(account)            account removed or wiped
///
/// A power cut between prepare and settle leaves the stricter of both in force: pending(account) is then true, and the
/// next provisioning (or settle, if the key was committed) ends that.
#pragma once
#include "policy/compliance.h"

namespace handsync::policy {

inline constexpr std::size_t kPolicyAccountsMax = profile::kAccountsMax;

/// What the engine itself has to keep to. Sizes in bytes; UINT32_MAX = no limit; filters as FilterType
/// (MS-ASCMD 2.2.3.68.2).
struct Caps {
  bool attachments = true;
  std::uint32_t attachment_bytes_max = UINT32_MAX;
  bool html = true;
  std::uint32_t text_body_bytes_max = UINT32_MAX;  ///< 0 = headers only
  std::uint32_t html_body_bytes_max = UINT32_MAX;
  std::uint8_t email_filter = 0;  ///< widest FilterType allowed; 0 = all
  std::uint8_t calendar_filter = 0;
  bool manual_when_roaming = false;
  bool smime = false;              ///< every mail is to be signed or encrypted: none is sent, as nobody here does it
  bool recovery_password = false;  ///< may be escrowed
  bool texts = true;               ///< AllowTextMessaging
};
/// The wider of what is wanted and allowed is cut to what is allowed. 0 is the widest.
constexpr std::uint8_t narrower_filter(std::uint8_t wanted, std::uint8_t cap) {
  return cap == 0 ? wanted : (wanted == 0 || wanted > cap ? cap : wanted);
}

class Enforcer {
 public:
  /// Boot. Makes the device key (slot 0) on a new device. Error{kPolicy, kRecordDamaged}, also when there are accounts
  /// and no record (someone has taken it away): what was closed stays closed and damaged() stays true until every
  /// account has provisioned anew; the engine goes on with policy key 0 for all of them.
  Status load(hal::Device&, const Facts&);
  /// Before the first account is recorded: from here on the record is there.
  Status begin(hal::Device&);
  bool damaged() const { return damaged_; }

  Status offer(AccountId, const Document&);
  Status prepare(hal::Device&, AccountId, const Document&);
  Status settle(hal::Device&, AccountId);
  Status abandon(hal::Device&, AccountId);
  Status forget(hal::Device&, AccountId);
  /// All accounts provision anew after damage and these are all that are left: the damage is over.
  Status repaired(hal::Device&);

  bool known(AccountId) const;  ///< has a document in force or pending
  bool pending(AccountId) const;
  const Document* pending_document(AccountId) const;  ///< what was received and waits for settle(); null = none
  /// Applies once more and computes the Status of phase 2 for the account's pending (else current) document from what
  /// reads back.
  std::uint8_t acknowledgement(hal::Device&, AccountId);
  Setting first_unmet(AccountId) const;  ///< names the setting that stands in the way; kCount = none
  bool unmet(AccountId, Setting) const;  ///< whether this one does
  /// The PIN was set or has changed, a replica became encrypted: applies and reads back again.
  void refresh(hal::Device&, const Facts&);

  const Document& merged() const { return merged_; }  ///< the strictest of all, pending ones included
  const Compliance& compliance() const { return compliance_; }
  Caps caps() const;
  bool wanted_pin() const;                         ///< a policy that was acknowledged wants one: so one was set
  bool escrows(AccountId) const;                   ///< its server may keep a recovery password, and no other forbids it
  std::uint32_t idle_lock_s() const;               ///< 0 = never
  Result<PolicyRow> row(std::size_t index) const;  ///< every account's own settings, then the merge as account 0
  std::size_t settings_asked(AccountId) const;     ///< settings of its document (pending first) that ask for something

 private:
  struct Entry {
    AccountId account{};
    bool has_current = false, has_pending = false;
    bool offered = false;  ///< the pending one, and nobody has accepted it
    Document current, pending;
    bool prepared() const { return has_pending && !offered; }
  };
  Entry* find(AccountId);
  const Entry* find(AccountId) const;
  Status store(hal::Device&);
  Status read(hal::Device&);
  void recompute();
  void apply(hal::Device&, bool may_loosen);
  Entry entry_[kPolicyAccountsMax]{};
  Document merged_;
  Compliance compliance_;
  Facts facts_;
  bool damaged_ = false, recorded_ = false;
};

}  // namespace handsync::policy
