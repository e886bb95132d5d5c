/// A WBXML element name of ActiveSync: code page and token in one number (MS-ASWBXML 2.1.2.1).
#pragma once
#include "handsync/base.h"

namespace handsync::wbxml {

/// High byte: code page 0..25 (any byte as received). Low byte: token 0x05..0x3F without the content and attribute
/// bits.
using Tag = std::uint16_t;

constexpr Tag make_tag(std::uint8_t page, std::uint8_t token) { return static_cast<Tag>(page << 8 | token); }
constexpr std::uint8_t page_of(Tag tag) { return static_cast<std::uint8_t>(tag >> 8); }
constexpr std::uint8_t token_of(Tag tag) { return static_cast<std::uint8_t>(tag & 0xFF); }

}  // namespace handsync::wbxml
