#include "policy/compliance.h"

namespace handsync::policy {
namespace {

Enforcement enforcement_of(hal::Force force) {
  switch (force) {
    case hal::Force::kEnforced:
      return Enforcement::kEnforced;
    case hal::Force::kPartial:
      return Enforcement::kPartial;
    case hal::Force::kNotFitted:
      return Enforcement::kNotFitted;
    case hal::Force::kAbsent:
      break;
  }
  return Enforcement::kAbsent;
}

std::uint8_t gate_level(const SettingRow& row, std::int32_t value) {
  return static_cast<std::uint8_t>(row.kind == Kind::kBoolean ? value * 2 : value);
}

/// A gate that the device's own messaging does not heed closes nothing.
hal::Force gate_force(hal::Device& device, hal::Gate gate) {
  const hal::Force force = device.gates()->force(gate);
  if (gate != hal::Gate::kSms || device.messaging() == nullptr) return force;
  const hal::Force heeded = device.messaging()->can_gate();
  return force == hal::Force::kNotFitted || heeded < force ? heeded : force;
}

Enforcement enforce_gate(Setting setting, const Document& wanted, hal::Device& device, bool may_loosen) {
  const SettingRow& row = row_of(setting);
  const bool demanded = wanted.demands(setting);
  hal::Gates* const gates = device.gates();
  if (gates == nullptr) return demanded ? Enforcement::kAbsent : Enforcement::kEnforced;
  const hal::Force force = gate_force(device, row.gate);
  if (force == hal::Force::kNotFitted) return Enforcement::kNotFitted;
  if (force == hal::Force::kAbsent) return demanded ? Enforcement::kAbsent : Enforcement::kEnforced;

  const std::uint8_t level = gate_level(row, wanted.value(setting));
  const auto before = gates->level(row.gate);
  const bool there = before.ok() && before.value() == level;
  const bool opens = before.ok() && before.value() < level;
  bool applied = true;
  if (!there && (may_loosen || (demanded && !opens))) applied = gates->set(row.gate, level).ok();
  if (!demanded) return Enforcement::kEnforced;
  const auto after = gates->level(row.gate);
  if (!applied || !after.ok() || after.value() > level) return Enforcement::kAbsent;
  return enforcement_of(force);
}

// How far the screen lock can be relied on. Nobody complies with a lock by having none.
Enforcement lock_state(hal::Lock* lock) {
  const Enforcement state = lock == nullptr ? Enforcement::kAbsent : enforcement_of(lock->holds());
  return state == Enforcement::kNotFitted ? Enforcement::kAbsent : state;
}

Enforcement enforce_idle_lock(const Document& wanted, hal::Lock* lock, bool may_loosen) {
  const auto setting = Setting::kMaxInactivityTimeDeviceLock;
  const bool demanded = wanted.demands(setting);
  if (lock == nullptr) return demanded ? Enforcement::kAbsent : Enforcement::kEnforced;
  const auto limit_s = static_cast<std::uint32_t>(demanded ? wanted.value(setting) : 0);
  const auto before = lock->idle_limit_s();
  const bool holds = before.ok() && before.value() != 0 && before.value() <= limit_s;
  const bool there = before.ok() && before.value() == limit_s;
  bool applied = true;
  if (!there && (may_loosen || (demanded && !holds))) applied = lock->after_idle_s(limit_s).ok();
  if (!demanded) return Enforcement::kEnforced;
  const auto after = lock->idle_limit_s();
  const bool read_back = after.ok() && after.value() != 0 && after.value() <= limit_s;
  return applied && read_back ? lock_state(lock) : Enforcement::kAbsent;
}

// The PIN of policy/pin.h is there on every device; what makes it a device password is a lock that asks for it.
Enforcement pin_state(Setting setting, const Document& wanted, hal::Device& device, const Facts& facts) {
  if (!wanted.demands(setting)) return Enforcement::kEnforced;
  const Enforcement lock = lock_state(device.lock());
  if (lock == Enforcement::kAbsent) return lock;
  const bool in_use = setting == Setting::kDevicePasswordEnabled ? facts.pin_set : facts.pin_fits;
  // Hardware that keeps the PIN takes a new one before its history could be compared.
  if (setting == Setting::kDevicePasswordHistory && device.pin() != nullptr) return Enforcement::kPartial;
  if (!in_use || wanted.value(setting) > row_of(setting).enforceable) return Enforcement::kPartial;
  return lock;
}

// Without storage that cannot be played back, an old image brings back spent tries.
Enforcement attempts_state(const Document& wanted, hal::Device& device) {
  const auto setting = Setting::kMaxDevicePasswordFailedAttempts;
  if (!wanted.demands(setting)) return Enforcement::kEnforced;
  const Enforcement lock = lock_state(device.lock());
  if (lock == Enforcement::kAbsent) return lock;
  const bool counted_for_good = device.pin() != nullptr || device.records().replay_protected();
  return counted_for_good ? lock : Enforcement::kPartial;
}

Enforcement device_encryption_state(const Document& wanted, hal::Device& device, const Facts& facts) {
  if (!wanted.demands(Setting::kRequireDeviceEncryption)) return Enforcement::kEnforced;
  const hal::Force own = device.storage() == nullptr ? hal::Force::kAbsent : device.storage()->device_encryption();
  if (own == hal::Force::kEnforced) return Enforcement::kEnforced;
  if (facts.replica_encrypted) {
    // Every byte of the server is sealed. What else it takes: that the device seals what it keeps beside replicas (the
    // gap of its kPartial is the replicas), and that the key can really be destroyed.
    if (device.keys().destroys_for_good() == hal::Force::kAbsent) return Enforcement::kAbsent;
    const bool final = device.keys().destroys_for_good() == hal::Force::kEnforced;
    return own == hal::Force::kPartial && final ? Enforcement::kEnforced : Enforcement::kPartial;
  }
  // No device is without storage: "not fitted" would be a claim, not an answer.
  return own == hal::Force::kPartial ? Enforcement::kPartial : Enforcement::kAbsent;
}

Enforcement enforce_card_encryption(const Document& wanted, hal::Device& device, Enforcement card_gate,
                                    bool may_loosen) {
  const bool demanded = wanted.demands(Setting::kRequireStorageCardEncryption);
  hal::Storage* storage = device.storage();
  const hal::Force force = storage == nullptr ? hal::Force::kAbsent : storage->card_encryption();
  bool sealed = false;
  if (force == hal::Force::kEnforced || force == hal::Force::kPartial) {
    const auto before = storage->encrypts_card();
    const bool there = before.ok() && before.value() == demanded;
    const bool applied = there || (!demanded && !may_loosen) || storage->encrypt_card(demanded).ok();
    const auto after = storage->encrypts_card();
    sealed = applied && after.ok() && after.value();
  }
  if (!demanded) return Enforcement::kEnforced;
  if (card_gate == Enforcement::kNotFitted || force == hal::Force::kNotFitted) return Enforcement::kNotFitted;
  if (wanted.demands(Setting::kAllowStorageCard) && card_gate == Enforcement::kEnforced) return Enforcement::kEnforced;
  return sealed ? enforcement_of(force) : Enforcement::kAbsent;
}

bool among(std::uint64_t id, std::span<const std::uint64_t> ids) {
  for (const std::uint64_t each : ids) {
    if (each == id) return true;
  }
  return false;
}

Enforcement enforce_list(Setting setting, const Document& wanted, hal::Apps* apps, std::span<const std::uint64_t> ids,
                         bool may_loosen) {
  const bool demanded = wanted.demands(setting);
  const auto list = static_cast<hal::AppList>(app_list_index(setting));
  const hal::Force force = apps == nullptr ? hal::Force::kAbsent : apps->force(list);
  if (force == hal::Force::kNotFitted) return Enforcement::kNotFitted;
  if (force == hal::Force::kAbsent) return demanded ? Enforcement::kAbsent : Enforcement::kEnforced;
  // Those in force, and behind them room for those that are to be.
  std::uint64_t all[2 * AppLists::kMax];
  const auto holds = [&](std::size_t& count) {
    const auto got = apps->in_force(list, std::span(all).first(AppLists::kMax));
    count = got.ok() && got.value() <= AppLists::kMax ? got.value() : 0;
    for (const std::uint64_t id : ids) {
      if (!among(id, std::span(all).first(count))) return false;
    }
    return got.ok();
  };
  std::size_t count = 0;
  const bool there = holds(count) && (!may_loosen || count == ids.size());
  bool applied = true;
  if (!there && may_loosen) {
    applied = apps->enforce(list, ids).ok();
  } else if (!there && demanded) {
    for (const std::uint64_t id : ids) {
      if (!among(id, std::span(all).first(count))) all[count++] = id;
    }
    applied = apps->enforce(list, std::span(all).first(count)).ok();
  }
  if (!demanded) return Enforcement::kEnforced;
  return applied && holds(count) ? enforcement_of(force) : Enforcement::kAbsent;
}

}  // namespace

void AppLists::add(const Document& document) {
  for (const Setting setting : {Setting::kUnapprovedInROMApplicationList, Setting::kApprovedApplicationList}) {
    const std::uint64_t digest = document.list_digest(setting);
    const std::size_t list = app_list_index(setting);
    if (digest != 0 && !among(digest, std::span(id[list]).first(count[list])) && count[list] < kMax)
      id[list][count[list]++] = digest;
  }
}

Compliance enforce(const Document& wanted, hal::Device& device, const Facts& facts, bool may_loosen,
                   const AppLists* lists) {
  AppLists own;
  if (lists == nullptr) {
    own.add(wanted);
    lists = &own;
  }
  Compliance result;
  const auto state = [&result](Setting setting) -> Enforcement& {
    return result.state[static_cast<std::size_t>(setting)];
  };
  for (std::size_t i = 0; i < kSettingCount; ++i) {
    const auto setting = static_cast<Setting>(i);
    switch (row_of(setting).means) {
      case Means::kPin:
        state(setting) = pin_state(setting, wanted, device, facts);
        break;
      case Means::kAttempts:
        state(setting) = attempts_state(wanted, device);
        break;
      case Means::kIdleLock:
        state(setting) = enforce_idle_lock(wanted, device.lock(), may_loosen);
        break;
      case Means::kDeviceEncryption:
        state(setting) = device_encryption_state(wanted, device, facts);
        break;
      case Means::kCardEncryption:
        break;  // below: it needs the card's gate
      case Means::kGate:
        state(setting) = enforce_gate(setting, wanted, device, may_loosen);
        break;
      case Means::kApps:
        state(setting) = enforce_list(
            setting, wanted, device.apps(),
            std::span(lists->id[app_list_index(setting)]).first(lists->count[app_list_index(setting)]), may_loosen);
        break;
      case Means::kEngine:
        state(setting) = Enforcement::kEngine;
        break;
    }
  }
  state(Setting::kRequireStorageCardEncryption) =
      enforce_card_encryption(wanted, device, state(Setting::kAllowStorageCard), may_loosen);
  return result;
}

std::uint8_t acknowledgement(const Document& asked, const Compliance& compliance) {
  if (first_unmet(asked, compliance) == Setting::kCount) return 1;
  const auto password = Setting::kDevicePasswordEnabled;
  if (asked.demands(password)) return fulfilled(compliance.of(password)) ? 2 : 3;
  for (std::size_t i = 0; i < kSettingCount; ++i) {
    const auto setting = static_cast<Setting>(i);
    if (asked.demands(setting) && compliance.of(setting) != Enforcement::kAbsent) return 2;
  }
  return 3;
}

Setting first_unmet(const Document& asked, const Compliance& compliance) {
  for (std::size_t i = 0; i < kSettingCount; ++i) {
    const auto setting = static_cast<Setting>(i);
    if (asked.demands(setting) && !fulfilled(compliance.of(setting))) return setting;
  }
  return Setting::kCount;
}

}  // namespace handsync::policy
