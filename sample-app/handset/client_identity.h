/// What of an account's TLS lies in the home: whom it trusts, a client certificate with its key, and sessions that may
/// be resumed. Sealed under the account's key, so that whatever destroys that key takes them along.
#pragma once
#include <string>

#include "handsync/hal/device.h"
#include "storage/sealed_blob.h"

namespace handset {

/// PEM in, sealed bytes out. kNotThere: the account has no key.
handsync::Status seal_identity(handsync::hal::Device&, handsync::hal::KeySlot, const std::string& certificate,
                               const std::string& key, std::string& sealed);
/// kDamaged: it has been tampered with, or belongs to another account.
handsync::Status open_identity(handsync::hal::Device&, handsync::hal::KeySlot, const std::string& sealed,
                               std::string& certificate, std::string& key);

/// Trusted certificates (Carrier::set_trust), or TLS sessions between two runs of the program (Carrier::save_tickets).
handsync::Status seal_file(handsync::hal::Device&, handsync::hal::KeySlot, handsync::storage::Blob,
                           handsync::Bytes data, std::string& sealed);
handsync::Status open_file(handsync::hal::Device&, handsync::hal::KeySlot, handsync::storage::Blob,
                           const std::string& sealed, std::string& out);

}  // namespace handset
