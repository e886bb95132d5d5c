#include "wbxml/writer.h"

#include <cstring>

#include "wbxml/reader.h"
#include "wbxml/tokens.h"

namespace handsync::wbxml {
namespace {

constexpr std::uint8_t kHead[] = {0x03, 0x01, 0x6A, 0x00};  // WBXML 1.3, no public id, UTF-8, no string table

constexpr std::uint8_t kNoPage = 0xFF;

constexpr std::int32_t code(Fault fault) { return static_cast<std::int32_t>(fault); }

}  // namespace

Writer::Writer(Room room) : room_(room) { put(std::as_bytes(std::span(kHead))); }

void Writer::put(std::uint8_t value) {
  if (size_ < room_.size()) room_[size_] = std::byte{value};
  ++size_;
}

void Writer::put(Bytes bytes) {
  if (size_ < room_.size()) {
    const std::size_t left = room_.size() - size_;
    const std::size_t fits = bytes.size() < left ? bytes.size() : left;
    if (fits != 0) std::memcpy(room_.data() + size_, bytes.data(), fits);
  }
  size_ += bytes.size();
}

Writer& Writer::fail(std::int32_t fault) {
  if (!error_) error_ = Error{Domain::kWbxml, fault, static_cast<std::uint32_t>(size_)};
  return *this;
}

// Writes an element's token, after a page switch where one is needed; false after a fault.
bool Writer::begin(Tag tag, std::uint8_t content_bit) {
  if (error_) return false;
  Fault fault{};
  if (!is_element(token_of(tag)) || token_of(tag) > kTokenMask) {
    fault = Fault::kToken;
  } else if (root_done_) {
    fault = Fault::kAfterRoot;
  } else if (depth_ == kDepthMax) {
    fault = Fault::kDepth;
  }
  if (fault != Fault{}) {
    fail(code(fault));
    return false;
  }
  if (page_of(tag) != page_) {
    page_ = page_of(tag);
    put(kSwitchPage);
    put(page_);
  }
  put(static_cast<std::uint8_t>(token_of(tag) | content_bit));
  return true;
}

Writer& Writer::open(Tag tag) {
  if (begin(tag, kContentBit)) ++depth_;
  return *this;
}

Writer& Writer::empty(Tag tag) {
  if (begin(tag, 0)) root_done_ = depth_ == 0;
  return *this;
}

Writer& Writer::close() {
  if (error_) return *this;
  if (depth_ == 0) return fail(code(Fault::kEndWithoutElement));
  put(kEnd);
  root_done_ = --depth_ == 0;
  return *this;
}

bool Writer::may_hold_text() {
  if (!error_ && depth_ == 0) fail(code(root_done_ ? Fault::kAfterRoot : Fault::kTextOutside));
  return !error_;
}

Writer& Writer::text(Text value) {
  if (!may_hold_text()) return *this;
  if (value.find('\0') != Text::npos || !is_utf8(value)) return fail(code(Fault::kUtf8));
  put(kInlineString);
  put(bytes_of(value));
  put(std::uint8_t{0});
  return *this;
}

void Writer::opaque_head(std::uint32_t bytes) {
  put(kOpaqueData);
  int shift = 28;
  while (shift > 0 && bytes >> shift == 0) shift -= 7;
  for (; shift > 0; shift -= 7) put(static_cast<std::uint8_t>(0x80 | (bytes >> shift & 0x7F)));
  put(static_cast<std::uint8_t>(bytes & 0x7F));
}

Writer& Writer::opaque(Bytes value) {
  if (!may_hold_text()) return *this;
  if (value.size() > UINT32_MAX) return fail(code(Fault::kLength));
  opaque_head(static_cast<std::uint32_t>(value.size()));
  put(value);
  return *this;
}

Writer& Writer::opaque_elsewhere(std::uint32_t bytes) {
  if (may_hold_text()) opaque_head(bytes);
  return *this;
}

Writer& Writer::elements(Bytes fragment) {
  if (fragment.empty() || !may_hold_text()) return *this;
  put(fragment);
  page_ = kNoPage;  // whichever it ended with: the next element names its own
  return *this;
}

Writer& Writer::number(std::uint64_t value) {
  char digits[20];
  std::size_t at = sizeof digits;
  do {
    digits[--at] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  return text(Text(digits + at, sizeof digits - at));
}

Writer& Writer::element(Tag tag, Text value) { return value.empty() ? empty(tag) : open(tag).text(value).close(); }

Writer& Writer::element(Tag tag, std::uint64_t value) { return open(tag).number(value).close(); }

Status Writer::status() const {
  if (error_) return error_;
  if (!root_done_) return Error{Domain::kWbxml, code(Fault::kTruncated), static_cast<std::uint32_t>(size_)};
  if (size_ > room_.size()) return out_of_memory(size_);
  return Done{};
}

}  // namespace handsync::wbxml
