/// One page of a database, sealed: ChaCha20-Poly1305 over the page without its last 28 bytes, which take the nonce (12)
/// and the tag (16). Additional data is the page number, so that no page can stand in another's place.
#pragma once
#include <mbedtls/chachapoly.h>

#include "handsync/hal/entropy.h"

namespace handsync::storage {

inline constexpr std::size_t kKeyBytes = 32, kNonceBytes = 12, kTagBytes = 16, kReserveBytes = kNonceBytes + kTagBytes;
inline constexpr std::uint32_t kPageBytesMin = 512, kPageBytesMax = 65536;

/// Nonces of one opened file: 8 bytes drawn when the first is wanted, then a counter. Drawn, not stored: an old image
/// that is put back, a second connection or a crash between drawing and writing repeats none. A process that was forked
/// off would, so it gets an error.
class Nonces {
 public:
  explicit Nonces(std::uint32_t used = 0) : counter_(used) {}
  Status next(hal::Entropy&, std::uint8_t (&nonce)[kNonceBytes]);

 private:
  std::uint8_t prefix_[8]{};
  std::uint32_t counter_;
  long process_ = 0;
  bool drawn_ = false;
};

/// Holds the key while a file is open. One thread at a time.
class PageSealer {
 public:
  PageSealer();
  PageSealer(const PageSealer&) = delete;
  PageSealer& operator=(const PageSealer&) = delete;
  ~PageSealer();

  Status set_key(const std::uint8_t (&key)[kKeyBytes]);
  void forget();  ///< overwrites the key; from then on nothing can be sealed or opened
  bool has_key() const { return has_key_; }

  bool seal(std::uint32_t page, const std::uint8_t (&nonce)[kNonceBytes], const std::uint8_t* plain,
            std::uint8_t* sealed, std::uint32_t page_bytes);
  /// The reserve of what it gives is zero: the pager made its checksums over that. May work in place.
  bool open(std::uint32_t page, const std::uint8_t* sealed, std::uint8_t* plain, std::uint32_t page_bytes);

  /// The same page sealed as it comes, in pieces in order; anything else in between ends it.
  bool begin(std::uint32_t page, const std::uint8_t (&nonce)[kNonceBytes], std::uint32_t page_bytes);
  bool piece(const std::uint8_t* plain, std::uint8_t* sealed, std::uint32_t bytes);

 private:
  mbedtls_chachapoly_context cipher_;
  bool has_key_ = false, in_pieces_ = false;
  std::uint32_t page_bytes_ = 0, done_ = 0;  // of the page in pieces
  std::uint8_t reserve_[kReserveBytes]{};
};

}  // namespace handsync::storage
