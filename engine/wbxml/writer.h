/// Strict WBXML writer into the caller's buffer. Never allocates; overflow is an answer. MS-ASWBXML 2.1.1.
#pragma once
#include "wbxml/tag.h"

namespace handsync::wbxml {

/// Writes one document. Calls may be made in any number without looking at results: the first fault is kept and status() tells it.
/// After an overflow the writer goes on counting, so size() is then the room that would have been needed.
class Writer {
 public:
  explicit Writer(Room room);                ///< writes the header 03 01 6A 00 at once
  Writer& open(Tag tag);                     ///< element with content
  Writer& close();
  Writer& empty(Tag tag);                    ///< element without content
  Writer& text(Text value);                  ///< STR_I; refuses NUL and invalid UTF-8
  Writer& opaque(Bytes value);               ///< OPAQUE
  Writer& number(std::uint64_t value);
  Writer& element(Tag tag, Text value);      ///< open + text + close; an empty value becomes an empty element
  Writer& element(Tag tag, std::uint64_t value);
  Status status() const;                     ///< ok when balanced, complete and within the room
  std::size_t size() const { return size_; }
  Bytes document() const { return Bytes(room_.data(), size_ < room_.size() ? size_ : room_.size()); }

 private:
  void put(std::byte value);
  void put(Bytes bytes);
  void switch_to(Tag tag);
  Room room_;
  std::size_t size_ = 0;
  std::uint8_t page_ = 0;
  std::uint8_t depth_ = 0;
  Error error_{};
};

}  // namespace handsync::wbxml
