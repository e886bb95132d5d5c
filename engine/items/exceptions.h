/// The Exceptions element of a series as it is kept: WBXML without a header (application_data.h). One of them is taken
/// out, put in or replaced; what the others hold is copied as it came. Pure; any thread. MS-ASCAL 2.2.2.21.
#pragma once
#include "wbxml/reader.h"
#include "wbxml/writer.h"

namespace handsync::items {

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
  std::uint32_t number = 0;  ///< counted from 0
};
/// Looks for the exception of one start. A value that is no WBXML has none.
ExceptionFound find_exception(Bytes exceptions, std::int64_t original_ms);

/// Writes the children of that exception that are wanted, but for what names it; its place as `version` has places, 0 =
/// as it is.
void copy_exception(wbxml::Writer&, Bytes exceptions, std::int64_t original_ms, const ExceptionChildren&,
                    std::uint16_t version = 0);

/// Writes an Exceptions element: all of `exceptions` but the one of that start, and then those of `patch`.
void patch_exceptions(wbxml::Writer&, Bytes exceptions, std::int64_t original_ms, Bytes patch);

/// Writes all of it as a version has it: what names an exception, and places.
void put_exceptions(wbxml::Writer&, Bytes exceptions, std::uint16_t version);

}  // namespace handsync::items
