/// The words every layer shares. Lowest header of the house: includes nothing of ours, allocates nothing.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace handsync {

using Bytes = std::span<const std::byte>;  ///< borrowed: valid until the call that received it returns
using Room = std::span<std::byte>;         ///< the caller's buffer to fill
using Text = std::string_view;             ///< UTF-8, borrowed like Bytes

inline Bytes bytes_of(Text text) { return std::as_bytes(std::span(text.data(), text.size())); }
inline Text text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

enum class Domain : std::uint8_t { kNone, kMemory, kWbxml, kHttp, kTls, kDns, kEas, kSqlite, kHal, kPolicy, kEngine };

/// One error value. What happens next and the sentence a person reads: engine/policy/remedies.h, one row per (domain,
/// code).
struct [[nodiscard]] Error {
  Domain domain = Domain::kNone;
  std::int32_t code =
      0;  ///< the domain's own number (an EAS Status, an HTTP code, SQLite's or mbedTLS's): it survives the trip up
  std::uint32_t where = 0;  ///< byte offset, collection or record, by domain
  explicit operator bool() const { return domain != Domain::kNone; }
  friend bool operator==(const Error&, const Error&) = default;
};

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
struct Done {};
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
