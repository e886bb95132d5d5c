/// A small file that is read and written whole (a client certificate's key, say), sealed as one page is: under the
/// account's key, so that it goes with it. Which file it is stands inside the seal: none can be put in another's place.
#pragma once
#include <string>

#include "storage/page_sealer.h"

namespace handsync::storage {

inline constexpr std::size_t kBlobBytesMax = 60'000;

enum class Blob : std::uint8_t { kIdentity = 1, kTickets = 2, kTrust = 3 };

/// The nonce is drawn at random, as these files are written a few times in a device's life. kTooLarge beyond the limit.
Status seal_blob(const std::uint8_t (&key)[kKeyBytes], hal::Entropy&, Blob, Bytes plain, std::string& sealed);
/// kDamaged: not sealed under this key, or not this kind. `plain` holds a secret: overwrite it after use.
Status open_blob(const std::uint8_t (&key)[kKeyBytes], Blob, Bytes sealed, std::string& plain);

}  // namespace handsync::storage
