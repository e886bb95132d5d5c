/// Strict WBXML writer into the caller's buffer. Never allocates; overflow is an answer. MS-ASWBXML 2.1.1.
#pragma once
#include "wbxml/tag.h"

namespace handsync::wbxml {

/// Writes one document. Calls may be made in any number without looking at results: the first fault is kept and
/// status() tells it; nothing is written after it. After an overflow the writer goes on counting, so size() is then the
/// room that would have been needed: a document is measured by writing it into Room{}. One owner; not thread-safe.
class Writer {
 public:
  explicit Writer(Room room);   ///< writes the header 03 01 6A 00 at once
  Writer& open(Tag tag);        ///< element with content
  Writer& close();              ///< ends the innermost open element
  Writer& empty(Tag tag);       ///< element without content
  Writer& text(Text value);     ///< STR_I; refuses NUL and invalid UTF-8
  Writer& opaque(Bytes value);  ///< OPAQUE
  /// Announces OPAQUE of that many bytes, which the caller sends from elsewhere (a message of any size): what
  /// document() holds at this moment goes before them, the rest after them. They are not counted in size().
  Writer& opaque_elsewhere(std::uint32_t bytes);
  /// Elements that are WBXML already, without a header, each beginning with SWITCH_PAGE (items/application_data.h).
  /// Only their place is checked.
  Writer& elements(Bytes fragment);
  Writer& number(std::uint64_t value);   ///< decimal digits as STR_I
  Writer& element(Tag tag, Text value);  ///< open + text + close; an empty value becomes an empty element
  Writer& element(Tag tag, std::uint64_t value);
  /// Ok when balanced, complete and within the room. Error{kMemory}: correct, but size() bytes of room are needed.
  /// Error{kWbxml, Fault, offset}: a call that cannot be written: kUtf8 (not UTF-8, or a NUL), kDepth,
  /// kEndWithoutElement, kAfterRoot, kTextOutside, kToken (a Tag that is none), kLength (opaque data beyond 32 bits),
  /// kTruncated (elements still open, or none).
  Status status() const;
  std::size_t size() const { return size_; }
  Bytes document() const { return Bytes(room_.data(), size_ < room_.size() ? size_ : room_.size()); }

 private:
  void put(std::uint8_t value);
  void put(Bytes bytes);
  bool begin(Tag tag, std::uint8_t content_bit);
  bool may_hold_text();
  void opaque_head(std::uint32_t bytes);
  Writer& fail(std::int32_t fault);
  Room room_;
  std::size_t size_ = 0;
  std::uint8_t page_ = 0;
  std::uint8_t depth_ = 0;
  bool root_done_ = false;
  Error error_{};
};

}  // namespace handsync::wbxml
