/// Turns the elements inside one ApplicationData (or Properties) into properties, as they arrive: no whole value is
/// gathered but for numbers and dates (64 bytes). What no row of the table names goes on as kRest, so that it is kept.
///
/// kRest and raw properties are elements in WBXML without the header, each beginning with SWITCH_PAGE and standing
/// inside the elements that hold it below ApplicationData; several may follow each other. OPAQUE content is cut into
/// pieces as it came.
///
/// What is wrong with an item is remembered and told by end(); it never fails the response. A returned error is the
/// sink's.
#pragma once
#include "items/properties.h"
#include "wbxml/reader.h"

namespace handsync::items {

class ApplicationData {
 public:
  explicit ApplicationData(PropertySink& sink) : sink_(&sink) {}

  void begin(Class kind);  ///< ApplicationData has opened; forgets the item before
  // Events of wbxml::Sink for everything below ApplicationData, in order.
  Status open(wbxml::Tag tag);
  Status text(Bytes piece, bool opaque);
  Status close(wbxml::Tag tag);
  /// ApplicationData has closed. Error{kEas, 6, property}: the item cannot be understood (a text that is not UTF-8,
  /// nesting without end).
  Error end() const { return fault_; }

 private:
  enum class Mode : std::uint8_t { kStructure, kScalar, kStream, kList, kEntry, kRaw };
  static constexpr std::size_t kScalarBytesMax = 64;

  Status enter(const Property&);
  Status begin_old_body();
  Status leave_scalar();
  Status raw_begin(PropertyId, wbxml::Tag tag);
  Status raw_open(wbxml::Tag tag);
  Status raw_text(Bytes piece, bool opaque);
  Status raw_close();
  Status raw_settle(bool content);
  Status raw_end();
  Status put(std::span<const std::uint8_t>);
  void check_utf8(Bytes);
  void fault(PropertyId);

  PropertySink* sink_;
  Error fault_{};
  Class kind_{};
  Mode mode_ = Mode::kStructure;
  const Property* leaf_ = nullptr;
  std::uint8_t depth_ = 0;      // of containers that are understood
  std::uint8_t raw_depth_ = 0;  // inside a raw element; 1 = its root
  std::uint32_t skip_ = 0;      // elements open inside a leaf, where none belongs
  bool entry_written_ = false;
  bool raw_pending_ = false;  // the start tag is held back until it is known whether content follows
  bool raw_string_ = false;   // an inline string is open
  std::uint8_t raw_page_ = 0;
  wbxml::Tag raw_tag_ = 0;
  bool overlong_ = false;  // a scalar of more than kScalarBytesMax
  std::uint8_t scalar_bytes_ = 0;
  std::uint8_t utf8_left_ = 0;  // continuation bytes still to come
  std::uint8_t utf8_low_ = 0x80, utf8_high_ = 0xBF;
  bool utf8_bad_ = false;
  bool body_bad_ = false;
  bool old_body_ = false;  // parts of a body have come as 2.5 sends them
  std::int64_t body_type_ = 0;
  wbxml::Tag open_[wbxml::kDepthMax]{};
  char scalar_[kScalarBytesMax]{};
};

}  // namespace handsync::items
