/// The global tokens of WBXML 1.3 that ActiveSync uses (MS-ASWBXML 2.1.1), shared by reader and writer.
#pragma once
#include "wbxml/tag.h"

namespace handsync::wbxml {

inline constexpr std::uint8_t kSwitchPage = 0x00;
inline constexpr std::uint8_t kEnd = 0x01;
inline constexpr std::uint8_t kInlineString = 0x03;
inline constexpr std::uint8_t kOpaqueData = 0xC3;
inline constexpr std::uint8_t kContentBit = 0x40;    ///< of an element's token: content and an END follow
inline constexpr std::uint8_t kAttributeBit = 0x80;  ///< of an element's token: attributes follow; EAS has none
inline constexpr std::uint8_t kTokenMask = 0x3F;
inline constexpr std::uint8_t kTokenMin = 0x05;  ///< below: global tokens

constexpr bool is_element(std::uint8_t token) {
  return (token & kAttributeBit) == 0 && (token & kTokenMask) >= kTokenMin;
}

}  // namespace handsync::wbxml
