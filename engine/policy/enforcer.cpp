#include "policy/enforcer.h"

#include "policy/sealed.h"

namespace handsync::policy {
namespace {

// Record::kPolicy: magic, flags, entries { account 2, kind 1, document }, tag.
inline constexpr std::byte kMagic[4] = {std::byte{'H'}, std::byte{'P'}, std::byte{'D'}, std::byte{1}};
inline constexpr std::size_t kHeadBytes = sizeof kMagic + 1;
inline constexpr std::size_t kEntryBytesMax = 3 + kDocumentBytesMax;
inline constexpr std::size_t kRecordBytesMax = 2560;
inline constexpr std::uint8_t kRepairing = 1, kCurrent = 1, kPending = 2;
// Of the settings, 31 take one byte and 11 at most five: a record holds a current and a pending document of every
// account.
static_assert(kHeadBytes + 2 * kPolicyAccountsMax * (3 + 8 + 31 * 1 + 11 * 5 + 2 * 8) + kEntryBytesMax + kTagBytes <=
              kRecordBytesMax);

std::uint32_t bytes_of_kib(std::int32_t kib) {
  if (kib < 0) return UINT32_MAX;
  return kib > static_cast<std::int32_t>(UINT32_MAX / 1024) ? UINT32_MAX : static_cast<std::uint32_t>(kib) * 1024U;
}

}  // namespace

Status Enforcer::load(hal::Device& device, const Facts& facts) {
  facts_ = facts;
  const Status read_it = read(device);
  if (!read_it.ok()) {
    for (Entry& entry : entry_) entry = Entry{};
    damaged_ = true;
  }
  recompute();
  apply(device, true);
  return read_it;
}

Status Enforcer::read(hal::Device& device) {
  std::byte record[kRecordBytesMax];
  const auto body_bytes = get_sealed(device, hal::Record::kPolicy, kMagic, record);
  HANDSYNC_TRY(body_bytes);
  recorded_ = body_bytes.value() != 0;
  if (!recorded_) {
    if (!device.keys().exists(0)) HANDSYNC_TRY(device.keys().create(0));
    const auto accounts = device.records().get(hal::Record::kAccounts, record);
    if (!accounts.ok() && !damage(accounts.error())) return accounts.error();
    return accounts.ok() && accounts.value() == 0 ? Status(Done{}) : Status(fault(Fault::kRecordDamaged));
  }
  Unpacker in{Bytes(record, body_bytes.value())};
  in.at = sizeof kMagic;
  damaged_ = in.byte() == kRepairing;
  while (in.at < in.bytes.size()) {
    const auto account = static_cast<AccountId>(in.fixed(2));
    const bool pending = in.byte() == kPending;
    std::size_t used = 0;
    const auto document = read_document(in.bytes.subspan(in.at), used);
    HANDSYNC_TRY(document);
    in.at += used;
    Entry* entry = find(account);
    if (entry == nullptr) entry = find(AccountId{});
    if (entry == nullptr || in.short_of) return fault(Fault::kRecordDamaged);
    entry->account = account;
    (pending ? entry->pending : entry->current) = document.value();
    (pending ? entry->has_pending : entry->has_current) = true;
  }
  return Done{};
}

Status Enforcer::store(hal::Device& device) {
  std::byte record[kRecordBytesMax];
  Packer out{record};
  out.raw(kMagic);
  out.byte(damaged_ ? kRepairing : 0U);
  for (const Entry& entry : entry_) {
    for (const bool pending : {false, true}) {
      if (!(pending ? entry.prepared() : entry.has_current)) continue;
      out.fixed(static_cast<std::uint64_t>(entry.account), 2);
      out.byte(pending ? kPending : kCurrent);
      if (!out.fits()) return out_of_memory(out.size);
      const auto wrote = write_document(pending ? entry.pending : entry.current, out.room.subspan(out.size));
      HANDSYNC_TRY(wrote);
      out.size += wrote.value();
    }
  }
  HANDSYNC_TRY(put_sealed(device, hal::Record::kPolicy, record, out.size));
  recorded_ = true;
  return Done{};
}

Status Enforcer::begin(hal::Device& device) { return recorded_ ? Status(Done{}) : store(device); }

Enforcer::Entry* Enforcer::find(AccountId account) {
  for (Entry& entry : entry_) {
    if (entry.account == account) return &entry;
  }
  return nullptr;
}

const Enforcer::Entry* Enforcer::find(AccountId account) const { return const_cast<Enforcer*>(this)->find(account); }

void Enforcer::recompute() {
  merged_ = Document{};
  bool first = true;
  const auto add = [&](const Document& document) {
    merged_ = first ? normalised(document) : merge_strictest(merged_, document);
    first = false;
  };
  for (const Entry& entry : entry_) {
    if (entry.has_current) add(entry.current);
    if (entry.prepared()) add(entry.pending);
  }
}

void Enforcer::apply(hal::Device& device, bool may_loosen) {
  AppLists lists;
  for (const Entry& entry : entry_) {
    if (entry.has_current) lists.add(entry.current);
    if (entry.prepared()) lists.add(entry.pending);
  }
  compliance_ = enforce(merged_, device, facts_, may_loosen && !damaged_, &lists);
}

Status Enforcer::offer(AccountId account, const Document& document) {
  Entry* entry = find(account);
  if (entry == nullptr) entry = find(AccountId{});
  if (entry == nullptr || account == AccountId{}) return fault(Fault::kTooManyAccounts);
  entry->account = account;
  entry->pending = document;
  entry->has_pending = entry->offered = true;
  return Done{};
}

Status Enforcer::prepare(hal::Device& device, AccountId account, const Document& document) {
  const Entry* there = find(account);
  const Entry before = there != nullptr ? *there : Entry{};
  HANDSYNC_TRY(offer(account, document));
  Entry* entry = find(account);
  entry->offered = false;
  const Status stored = store(device);
  if (!stored.ok()) {
    *entry = before;
    return stored;
  }
  recompute();
  apply(device, true);
  return Done{};
}

Status Enforcer::settle(hal::Device& device, AccountId account) {
  Entry* entry = find(account);
  if (entry == nullptr || !entry->has_pending) return fault(Fault::kNothingPrepared);
  const Entry before = *entry;
  entry->current = entry->pending;
  entry->has_current = true;
  entry->has_pending = false;
  entry->pending = Document{};
  const Status stored = store(device);
  if (!stored.ok()) {
    *entry = before;
    return stored;
  }
  recompute();
  apply(device, true);
  return Done{};
}

Status Enforcer::abandon(hal::Device& device, AccountId account) {
  Entry* entry = find(account);
  if (entry == nullptr || !entry->has_pending) return fault(Fault::kNothingPrepared);
  const Entry before = *entry;
  entry->has_pending = entry->offered = false;
  entry->pending = Document{};
  if (!entry->has_current) *entry = Entry{};
  const Status stored = store(device);
  if (!stored.ok()) {
    *entry = before;
    return stored;
  }
  recompute();
  apply(device, true);
  return Done{};
}

Status Enforcer::forget(hal::Device& device, AccountId account) {
  Entry* entry = account == AccountId{} ? nullptr : find(account);
  if (entry == nullptr) return Done{};
  const Entry before = *entry;
  *entry = Entry{};
  const Status stored = store(device);
  if (!stored.ok()) {
    *entry = before;
    return stored;
  }
  recompute();
  apply(device, true);
  return Done{};
}

Status Enforcer::repaired(hal::Device& device) {
  if (!damaged_) return Done{};
  damaged_ = false;
  const Status stored = store(device);
  damaged_ = !stored.ok();
  if (stored.ok()) apply(device, true);
  return stored;
}

bool Enforcer::known(AccountId account) const { return account != AccountId{} && find(account) != nullptr; }

bool Enforcer::pending(AccountId account) const { return pending_document(account) != nullptr; }

const Document* Enforcer::pending_document(AccountId account) const {
  const Entry* entry = known(account) ? find(account) : nullptr;
  return entry != nullptr && entry->has_pending ? &entry->pending : nullptr;
}

std::uint8_t Enforcer::acknowledgement(hal::Device& device, AccountId account) {
  apply(device, true);
  const Entry* entry = known(account) ? find(account) : nullptr;
  if (entry == nullptr) return 1;
  return policy::acknowledgement(entry->has_pending ? entry->pending : entry->current, compliance_);
}

Setting Enforcer::first_unmet(AccountId account) const {
  const Entry* entry = known(account) ? find(account) : nullptr;
  if (entry == nullptr) return Setting::kCount;
  return policy::first_unmet(entry->has_pending ? entry->pending : entry->current, compliance_);
}

bool Enforcer::unmet(AccountId account, Setting setting) const {
  const Entry* entry = known(account) ? find(account) : nullptr;
  return entry != nullptr && (entry->has_pending ? entry->pending : entry->current).demands(setting) &&
         !fulfilled(compliance_.of(setting));
}

void Enforcer::refresh(hal::Device& device, const Facts& facts) {
  facts_ = facts;
  apply(device, true);
}

Caps Enforcer::caps() const {
  Caps caps;
  const std::int32_t attachment_bytes = merged_.value(Setting::kMaxAttachmentSize);
  caps.attachments = merged_.enabled(Setting::kAttachmentsEnabled);
  if (attachment_bytes != row_of(Setting::kMaxAttachmentSize).normal) {
    caps.attachment_bytes_max = static_cast<std::uint32_t>(attachment_bytes);
  }
  caps.html = merged_.enabled(Setting::kAllowHTMLEmail);
  // The element names no unit; the administration that fills it in speaks of kilobytes.
  caps.text_body_bytes_max = bytes_of_kib(merged_.value(Setting::kMaxEmailBodyTruncationSize));
  caps.html_body_bytes_max = bytes_of_kib(merged_.value(Setting::kMaxEmailHTMLBodyTruncationSize));
  caps.email_filter = static_cast<std::uint8_t>(merged_.value(Setting::kMaxEmailAgeFilter));
  caps.calendar_filter = static_cast<std::uint8_t>(merged_.value(Setting::kMaxCalendarAgeFilter));
  caps.manual_when_roaming = merged_.enabled(Setting::kRequireManualSyncWhenRoaming);
  caps.smime =
      merged_.enabled(Setting::kRequireSignedSMIMEMessages) || merged_.enabled(Setting::kRequireEncryptedSMIMEMessages);
  caps.recovery_password =
      merged_.enabled(Setting::kDevicePasswordEnabled) && merged_.enabled(Setting::kPasswordRecoveryEnabled);
  caps.texts = merged_.enabled(Setting::kAllowTextMessaging);
  return caps;
}

bool Enforcer::wanted_pin() const {
  for (const Entry& entry : entry_) {
    if (entry.has_current && entry.current.enabled(Setting::kDevicePasswordEnabled)) return true;
  }
  return false;
}

bool Enforcer::escrows(AccountId account) const {
  const Entry* entry = known(account) ? find(account) : nullptr;
  return entry != nullptr && entry->has_current && entry->current.enabled(Setting::kDevicePasswordEnabled) &&
         entry->current.enabled(Setting::kPasswordRecoveryEnabled) && caps().recovery_password;
}

std::uint32_t Enforcer::idle_lock_s() const {
  return static_cast<std::uint32_t>(merged_.value(Setting::kMaxInactivityTimeDeviceLock));
}

Result<PolicyRow> Enforcer::row(std::size_t index) const {
  const auto nth = [&](const Document& document, AccountId account, PolicyRow& row) {
    for (std::size_t i = 0; i < kSettingCount; ++i) {
      const auto setting = static_cast<Setting>(i);
      if (!document.has(setting)) continue;
      if (index-- == 0) {
        row = PolicyRow{row_of(setting).name, document.value(setting), account, compliance_.of(setting)};
        return true;
      }
    }
    return false;
  };
  PolicyRow row;
  for (const Entry& entry : entry_) {
    if (entry.account == AccountId{}) continue;
    if (nth(entry.has_pending ? entry.pending : entry.current, entry.account, row)) return row;
  }
  if (nth(merged_, AccountId{}, row)) return row;
  return fault(Fault::kNothingPrepared);
}

std::size_t Enforcer::settings_asked(AccountId account) const {
  const Entry* entry = known(account) ? find(account) : nullptr;
  if (entry == nullptr) return 0;
  const Document& document = entry->has_pending ? entry->pending : entry->current;
  std::size_t count = 0;
  for (std::size_t i = 0; i < kSettingCount; ++i) count += document.demands(static_cast<Setting>(i)) ? 1 : 0;
  return count;
}

}  // namespace handsync::policy
