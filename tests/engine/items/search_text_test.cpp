// Words for full-text search, whatever the pieces they come in.
#include <string>
#include <vector>

#include "items/search_text.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using items::HtmlWords;
using items::SearchText;

namespace {

std::string words_of(const std::string& text, std::size_t piece, bool html, std::size_t room = 4096) {
  std::vector<char> bytes(room);
  SearchText out(bytes);
  HtmlWords tags(out);
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const Text part = Text(text).substr(at, piece);
    html ? tags.feed(part) : out.feed(part);
  }
  CHECK(out.view().size() <= room);
  return std::string(out.view());
}

// Cut at every place into pieces of any size it is the same.
void same(const char* wanted, const std::string& text, bool html) {
  for (std::size_t piece = 1; piece <= text.size() + 1; ++piece) {
    STRCMP_EQUAL(wanted, words_of(text, piece, html).c_str());
  }
}

}  // namespace

TEST_GROUP(SearchText){};

TEST(SearchText, BlanksAndControlsSeparateWords) {
  same("one two three", std::string("one\t\r\ntwo\0three", 15), false);
  same(
      "gr\xC3\xBC\xC3\x9F"
      "e \xE2\x82\xAC 5",
      "gr\xC3\xBC\xC3\x9F"
      "e  \xE2\x82\xAC 5",
      false);
}

TEST(SearchText, ScriptsWithoutBlanksStandCharacterByCharacter) {
  same("\xE4\xBC\x9A \xE8\xAD\xB0 memo \xED\x9A\x8C ", "\xE4\xBC\x9A\xE8\xAD\xB0memo\xED\x9A\x8C", false);
}

TEST(SearchText, ACharacterThatWasCutOffIsNoText) {
  same("ab",
       "a\xE4\xBC"
       "b",
       false);
  same("a ", "a \xE4\xBC", false);
}

TEST(SearchText, RoomIsNotExceededAndNoCharacterSplit) {
  const std::string text = "abc \xC3\xBC\xC3\xBC\xC3\xBC \xE2\x82\xAC\xE4\xBC\x9A tail";
  for (std::size_t room = 0; room < text.size() + 4; ++room) {
    for (std::size_t piece : {1, 3, 100}) {
      const std::string words = words_of(text, piece, false, room);
      std::size_t whole = 0;
      while (whole < words.size()) {
        const auto lead = static_cast<unsigned char>(words[whole]);
        whole += lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
      }
      LONGS_EQUAL(words.size(), whole);
    }
  }
}

TEST(SearchText, TagsAreNoWords) {
  same("Hello world, again ", "<p class=\"a>b\">Hello <b>wor</b>ld,<br/>again</p>", true);
  same("a 2 3 b", "a 2 < 3 b", true);
}

TEST(SearchText, ScriptsStylesAndCommentsAreNoWords) {
  same("xyz ",
       "<html><head><title>No</title><style type='text/css'>p > a { color: red }</style><SCRIPT>if (a<b && c) "
       "\"</p>\";</SCRIPT></head><!-- <p>no -- > \"no --><body>x<!doctype no>y<!---->z</body></html>",
       true);
}

TEST(SearchText, EntitiesAreCharacters) {
  same(
      "Gr\xC3\xBC\xC3\x9F"
      "e \xE2\x82\xAC \xC3\x84"
      "A&<\"",
      "Gr&uuml;&szlig;e&nbsp;&#8364;&#32;&#xC4;&#65;&amp;&lt;&quot;", true);
  same("AT T coop nosuch x", "AT&T co&#173;op &nosuch; x", true);
}

TEST(SearchText, DamagedHtmlGivesWhatItCan) {
  for (const char* text : {"<", "<!", "<!-", "<!--", "a<b", "&", "&#", "&#x;", "&#xFFFFFFFF;", "<a href='", "</",
                           "<script>", "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaa;", "<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa>"}) {
    static_cast<void>(words_of(text, 1, true));
    static_cast<void>(words_of(text, 100, true));
  }
  same("stronglyx", "<strongly>strongly<i>x", true);
}
