/// The Exceptions element of a series as it is kept: WBXML without a header (application_data.h). One of them is taken
/// out, put in or replaced; what the others hold is copied as it came. Pure; any thread. MS-ASCAL 2.2.2.21.
#pragma once
#include "items/recurrence.h"
#include "wbxml/reader.h"
#include "wbxml/writer.h"

namespace handsync::items {

/// Reads an element that is kept as WBXML without a header. A value that is no WBXML ends where it is none.
void read_element(Bytes fragment, wbxml::Sink&);

/// A child of one Exception; which of them are wanted is the caller's to say.
class ExceptionChildren {
 public:
  virtual bool wants(wbxml::Tag) const = 0;

 protected:
  ~ExceptionChildren() = default;
};

/// What names an exception: the start that the pattern gives, as ExceptionStartTime up to 14.1 and as InstanceId from
/// 16.0 on.
bool names_exception(wbxml::Tag);
wbxml::Tag naming_tag(std::uint16_t version);

struct ExceptionFound {
  bool there = false, cancelled = false;
  bool cut = false;          ///< its body is not all of it
  bool stamped = false;      ///< it has a DtStamp: a server's, not one that was made here
  bool timed = false;        ///< it says when it begins
  bool reminds = false;      ///< it says whether and when it reminds
  std::uint32_t number = 0;  ///< counted from 0
};
/// The first cancelled one whose planned start is after `after_ms`. False: there is none.
bool next_cancelled(Bytes exceptions, std::int64_t after_ms, std::int64_t& original_ms);
/// Looks for the exception of one start. A value that is no WBXML has none.
ExceptionFound find_exception(Bytes exceptions, std::int64_t original_ms);

/// Writes the children of that exception that are wanted, but for what names it; its place as `version` has places, 0 =
/// as it is.
void copy_exception(wbxml::Writer&, Bytes exceptions, std::int64_t original_ms, const ExceptionChildren&,
                    std::uint16_t version = 0);

/// Some exceptions of a list, by their numbers.
struct ExceptionChoice {
  static constexpr std::uint32_t kMax = 256;  ///< as many may stand in a request (MS-ASCAL 2.2.2.21)
  std::uint32_t count = 0;
  std::uint8_t bits[kMax / 8] = {}, whole[kMax / 8] = {};
  bool has(std::uint32_t number) const { return number < kMax && is_set(bits, number); }
  bool is_whole(std::uint32_t number) const { return is_set(whole, number); }  ///< of one that is chosen: its body

 private:
  static bool is_set(const std::uint8_t* bits, std::uint32_t number) {
    return (bits[number / 8] >> number % 8 & 1) != 0;
  }
};
/// Those whose start one of the series has, but for that of `but_ms`. Of a list that is longer than a request may be:
/// none.
ExceptionChoice choose_exceptions(Bytes exceptions, std::span<const Series>, std::int64_t but_ms);
/// Writes them as a version has them, with what names them and the children that are wanted; a body that was cut is
/// not.
void copy_exceptions(wbxml::Writer&, Bytes exceptions, const ExceptionChoice&, const ExceptionChildren&,
                     std::uint16_t version = 0);

/// Writes an Exceptions element: all of `exceptions` but the one of that start, and then those of `patch`.
void patch_exceptions(wbxml::Writer&, Bytes exceptions, std::int64_t original_ms, Bytes patch);

/// Writes all of it as a version has it: what names an exception, and places.
void put_exceptions(wbxml::Writer&, Bytes exceptions, std::uint16_t version);

}  // namespace handsync::items
