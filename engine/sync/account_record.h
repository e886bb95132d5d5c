/// What the device remembers of an account outside its replica: Record::kAccount + slot, under the device's own tag: it
/// says whom the password is shown to. Survives a reset; gone with the account.
#pragma once
#include "handsync/engine.h"

namespace handsync::sync {

struct AccountRecord {
  bool complete = false;  ///< false: account add has not ended; the next boot removes what there is of it
  FixedText<254> email, user, server;
  std::uint16_t days = 30, window_max = 512;
  std::uint32_t body_bytes_max = 32768;
  TlsLevel tls_level = TlsLevel::kModern;
  Schedule schedule;
  TextMode texts = TextMode::kSync;
  bool client_wins = false;

  Status take(const AccountSettings&);  ///< an error names what is wrong: no address, too long, control characters
};

Status store_record(hal::Device&, hal::KeySlot, const AccountRecord&);
/// False = there is none. hal::Fault::kDamaged: what is stored cannot be believed, nothing is sent on it.
Result<bool> load_record(hal::Device&, hal::KeySlot, AccountRecord&);

/// FilterType for mail (MS-ASCMD 2.2.3.68.2): the narrowest step that holds `days`; 0 = all.
std::uint8_t filter_for_days(std::uint16_t days);

}  // namespace handsync::sync
