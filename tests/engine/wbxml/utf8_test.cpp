// The UTF-8 check against a second opinion, over every code point and every cut.
#include "wbxml/utf8.h"

#include <string>

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::wbxml;

namespace {

std::string encoded(std::uint32_t code) {
  std::string text;
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  text += static_cast<char>((0xF0u << (3 - more) & 0xFF) | code >> (6 * more));
  for (int i = more - 1; i >= 0; --i) text += static_cast<char>(0x80 | (code >> (6 * i) & 0x3F));
  return text;
}

}  // namespace

TEST_GROUP(WbxmlUtf8){};

TEST(WbxmlUtf8, TakesEveryCodePointButSurrogates) {
  for (std::uint32_t code = 0; code < 0x110000; ++code) {
    const bool surrogate = code >= 0xD800 && code < 0xE000;
    if (is_utf8(encoded(code)) == surrogate) FAIL(std::to_string(code).c_str());
  }
  for (std::uint32_t code = 0x110000; code < 0x200000; code += 0x1001) CHECK_FALSE(is_utf8(encoded(code)));
}

TEST(WbxmlUtf8, RefusesOverlongForms) {
  for (const char* text :
       {"\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xE0\x9F\xBF", "\xF0\x80\x80\xAF", "\xF0\x8F\xBF\xBF"}) {
    CHECK_FALSE(is_utf8(text));
  }
}

TEST(WbxmlUtf8, RefusesBytesThatBeginNothingAndCharactersThatStopShort) {
  for (unsigned value = 0x80; value < 0x100; ++value) CHECK_FALSE(is_utf8(std::string(1, static_cast<char>(value))));
  for (const char* text : {"\xC3", "\xE2\x82", "\xF0\x9F\x93", "a\xE2\x82z", "\xC3\xC3\xA4"})
    CHECK_FALSE(is_utf8(text));
}

TEST(WbxmlUtf8, CutsAnywhereDoNotMatterAndTheFirstWrongByteIsNamed) {
  const std::string good =
      "0123456789abcdef0123456789abcde\xE2\x82\xAC Gr\xC3\xBC\xC3\x9F"
      "e \xF0\x9F\x93\xB1 0123456789abcdef";
  for (std::size_t wrong = 0; wrong <= good.size(); ++wrong) {
    std::string text = good;
    if (wrong < good.size()) text[wrong] = static_cast<char>(0xFE);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      Utf8State state = 0;
      std::size_t length = utf8_length(bytes_of(Text(text).substr(0, cut)), state);
      if (length == cut) length += utf8_length(bytes_of(Text(text).substr(cut)), state);
      CHECK_EQUAL(wrong, length);
    }
  }
}

TEST(WbxmlUtf8, ABeginningEndsWithAWholeCharacter) {
  const std::string text = "a\u00FC\u20AC\U0001F600";  // of 1, 2, 3 and 4 bytes
  const std::size_t ends[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
  for (std::size_t most = 0; most < std::size(ends); ++most) LONGS_EQUAL(ends[most], beginning(text, most).size());
}
