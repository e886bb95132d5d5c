/// The words every layer shares. Lowest header of the house: includes nothing of ours but the sizes, allocates nothing.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "handsync/profile.h"

namespace handsync {

using Bytes = std::span<const std::byte>;  ///< borrowed: valid until the call that received it returns
using Room = std::span<std::byte>;         ///< the caller's buffer to fill
using Text = std::string_view;             ///< UTF-8, borrowed like Bytes

inline Bytes bytes_of(Text text) { return std::as_bytes(std::span(text.data(), text.size())); }
inline Text text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

enum class Domain : std::uint8_t { kNone, kMemory, kWbxml, kHttp, kTls, kDns, kEas, kSqlite, kHal, kPolicy, kEngine };

/// One error value. What happens next and the sentence a person reads: engine/policy/remedies.h, one row per (domain,
/// code). One machine word, so that it comes back in a register: a third of the engine is passing errors on.
struct [[nodiscard]] Error {
  /// `where` is cut at kErrorWhereMax.
  constexpr Error(Domain of, std::int32_t number, std::uint32_t at = 0)
      : word(static_cast<Word>(of) | (static_cast<Word>(number) & kCodeMask) << profile::kErrorDomainBits |
             static_cast<Word>(at < profile::kErrorWhereMax ? at : profile::kErrorWhereMax)
                 << (profile::kErrorDomainBits + profile::kErrorCodeBits)) {}
  constexpr Error() : word(0) {}
  explicit constexpr operator bool() const { return (word & kDomainMask) != 0; }
  friend constexpr bool operator==(const Error& a, const Error& b) { return a.word == b.word; }

  using Word = std::conditional_t<profile::kErrorWhereBits == 32, std::uint64_t, std::uint32_t>;
  // It is made, passed on and compared as one value: what a compiler sees as three it takes apart everywhere.
  __extension__ union {
    Word word;
    struct {
      Domain domain : profile::kErrorDomainBits;
      /// The domain's own number (an EAS Status, an HTTP code, SQLite's or mbedTLS's): it survives the trip up.
      std::int32_t code : profile::kErrorCodeBits;
      /// Byte offset, collection or record, by domain; kErrorWhereMax: that or more.
      std::uint32_t where : profile::kErrorWhereBits;
    };
  };

 private:
  static constexpr Word kDomainMask = (Word{1} << profile::kErrorDomainBits) - 1;
  static constexpr Word kCodeMask = (Word{1} << profile::kErrorCodeBits) - 1;
};
static_assert(std::endian::native == std::endian::little, "the parts of an Error stand in its word in this order");

/// Running out of memory is an answer. `where` names the bytes that were asked for.
constexpr Error out_of_memory(std::size_t bytes = 0) {
  return Error{Domain::kMemory, 1, static_cast<std::uint32_t>(bytes)};
}

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}  // NOLINT: implicit on purpose
  Result(Error error) : error_(error) {}         // NOLINT
  bool ok() const { return !error_; }
  const T& value() const { return value_; }  ///< only when ok()
  T& value() { return value_; }
  Error error() const { return error_; }

 private:
  T value_{};
  Error error_{};
};

/// True and false are two of the codes that are no error.
template <>
class [[nodiscard]] Result<bool> {
 public:
  Result(bool value) : word_(Domain::kNone, value ? 1 : 0) {}  // NOLINT: implicit on purpose
  Result(Error error) : word_(error) {}                        // NOLINT
  bool ok() const { return !word_; }
  bool value() const { return word_.code != 0; }
  Error error() const { return word_; }  ///< only when not ok()

 private:
  Error word_;
};

struct Done {};
template <>
class [[nodiscard]] Result<Done> {
 public:
  Result(Done) {}                         // NOLINT: implicit on purpose
  Result(Error error) : error_(error) {}  // NOLINT
  bool ok() const { return !error_; }
  Done value() const { return {}; }
  Error error() const { return error_; }

 private:
  Error error_;
};
using Status = Result<Done>;

/// Returns early with the error of `expression` (a Status, a Result or an Error).
#define HANDSYNC_TRY(expression)                                                                       \
  do {                                                                                                 \
    if (auto handsync_outcome = (expression); !handsync_outcome.ok()) return handsync_outcome.error(); \
  } while (false)

/// A short text in a fixed place. assign() refuses what does not fit: nothing is cut silently.
template <std::size_t kBytesMax>
class FixedText {
 public:
  [[nodiscard]] bool assign(Text text) {
    if (text.size() > kBytesMax) return false;
    for (std::size_t i = 0; i < text.size(); ++i) data_[i] = text[i];
    size_ = static_cast<std::uint16_t>(text.size());
    return true;
  }
  Text view() const { return {data_, size_}; }
  bool empty() const { return size_ == 0; }
  void clear() { size_ = 0; }

 private:
  char data_[kBytesMax]{};
  std::uint16_t size_ = 0;
};

/// Time is an argument. `mono_ms` runs on in suspend and restarts at 0 with a new `boot`.
struct Instant {
  std::uint64_t mono_ms = 0;
  std::int64_t wall_ms = 0;  ///< since 1970-01-01T00:00:00Z
  std::uint32_t boot = 0;
  bool wall_trusted = false;
};

}  // namespace handsync
