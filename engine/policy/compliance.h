/// From what a policy asks and what the device can do to what becomes of each setting. Query, apply, read back: nothing
/// is claimed that was not read back, and the acknowledgement is computed from it (MS-ASPROV 3.1.5.1.2).
#pragma once
#include "handsync/engine.h"
#include "policy/document.h"

namespace handsync::policy {

/// What the device layer cannot know.
struct Facts {
  bool pin_set = false;
  bool pin_fits = false;           ///< the PIN in use satisfies the strictest policy and has not expired
  bool replica_encrypted = false;  ///< every replica is sealed page by page
};

struct Compliance {
  Enforcement state[kSettingCount]{};
  Enforcement of(Setting setting) const { return state[static_cast<std::size_t>(setting)]; }
};

/// The lists of programs that are to be in force together: one for each document that has one.
struct AppLists {
  static constexpr std::size_t kMax = 16;
  std::uint64_t id[2][kMax]{};  ///< by hal::AppList
  std::size_t count[2]{};
  void add(const Document&);
};

/// FAST calls only (up to one flash write a gate that changes). Brings gates and lock to `wanted` and reads them back.
/// With `may_loosen` false nothing is opened: only what must be closed is closed. Idempotent.
/// `lists` null: those of `wanted`.
Compliance enforce(const Document& wanted, hal::Device&, const Facts&, bool may_loosen,
                   const AppLists* lists = nullptr);

constexpr bool fulfilled(Enforcement state) {
  return state == Enforcement::kEnforced || state == Enforcement::kNotFitted || state == Enforcement::kEngine;
}

/// The Status of phase 2: 1 all, 2 in part (the PIN at least, where one is asked for), 3 nothing.
std::uint8_t acknowledgement(const Document& asked, const Compliance&);

/// The first setting that is asked for and not fulfilled; kCount when there is none.
Setting first_unmet(const Document& asked, const Compliance&);

}  // namespace handsync::policy
