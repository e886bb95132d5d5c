#include "handset/text.h"
#include "handset/escape.h"

#include <string>

#include "CppUTest/TestHarness.h"

using handset::columns_of;
using handset::cut;
using handset::padded;
using handset::printable;
using handset::printable_lines;
using handset::topic_of;

TEST_GROUP(HandsetText){};

TEST(HandsetText, AnEscapeSequenceOfAMailReachesNoTerminal) {
  STRCMP_EQUAL("a\xEF\xBF\xBD[31mb", printable("a\x1b[31mb").c_str());
  STRCMP_EQUAL("\xEF\xBF\xBD", printable("\xC2\x9B").c_str());  // CSI of C1
  STRCMP_EQUAL("\xEF\xBF\xBDtxt.exe", printable("\xE2\x80\xAEtxt.exe").c_str());
}

TEST(HandsetText, JsonEscapesWhatATerminalWouldObey) {
  STRCMP_EQUAL("a\\u009bb\\u202ec\xC3\xA4", handset::escaped_controls("a\xC2\x9B"
                                                                      "b\xE2\x80\xAE"
                                                                      "c\xC3\xA4")
                                                .c_str());
  STRCMP_EQUAL("\\\"\\n\\u001b\\u009b", handset::json_inner("\"\n\x1B\xC2\x9B").c_str());
  LONGS_EQUAL(2, handset::whole_characters("ab\xE2\x80"));
  LONGS_EQUAL(5, handset::whole_characters("ab\xE2\x80\xAE"));
}

TEST(HandsetText, ALineStaysALine) {
  STRCMP_EQUAL("one two three", printable("one\ntwo\tthree").c_str());
  STRCMP_EQUAL("one\ntwo\tthree", printable_lines("one\r\ntwo\tthree").c_str());
}

TEST(HandsetText, BrokenUtf8IsRepaired) {
  STRCMP_EQUAL("a\xEF\xBF\xBDz", handset::valid_utf8("a\xFFz").c_str());
  STRCMP_EQUAL("\xEF\xBF\xBD\xEF\xBF\xBD", handset::valid_utf8("\xC0\xAF").c_str());
  STRCMP_EQUAL("\xEF\xBF\xBD", handset::valid_utf8("\xC3").c_str());
  STRCMP_EQUAL("\xF0\x9F\x93\xAC\xC3\xA4", handset::valid_utf8("\xF0\x9F\x93\xAC\xC3\xA4").c_str());
}

TEST(HandsetText, CutsOnWholeCharacters) {
  STRCMP_EQUAL("Z\xC3\xBCr\xE2\x80\xA6", cut("Z\xC3\xBCrich", 4).c_str());
  STRCMP_EQUAL("Z\xC3\xBCrich", cut("Z\xC3\xBCrich", 6).c_str());
  LONGS_EQUAL(8, columns_of(padded("Z\xC3\xBCrich", 8)));
  LONGS_EQUAL(3, columns_of(padded("Z\xC3\xBCrich", 3)));
}

TEST(HandsetText, TimesAreIso8601InUtc) {
  STRCMP_EQUAL("2026-01-01T00:00:00Z", handset::iso_utc(1'767'225'600'000).c_str());
  STRCMP_EQUAL("1969-12-31T23:59:59Z", handset::iso_utc(-1000).c_str());
  STRCMP_EQUAL("", handset::iso_utc(0).c_str());
}

TEST(HandsetText, LocalTimesHaveTheYearOnlyWhereItIsAnother) {
  const std::int64_t new_year = 1'767'225'600'000;
  STRCMP_EQUAL("01 Jan 01:00", handset::local_time(new_year, new_year, 3600).c_str());
  STRCMP_EQUAL("31 Dec  2025", handset::local_time(new_year - 1000, new_year, 0).c_str());
}

TEST(HandsetText, HtmlBecomesText) {
  STRCMP_EQUAL("Hello & <you>\n\nSecond",
               handset::text_of_html("<html><head><style>p{}</style></head><p>Hello  &amp;\n&lt;you&gt;</p>"
                                     "<p>Second<!-- no --><script>alert(1)</script></p>")
                   .c_str());
}

TEST(HandsetText, Base64) {
  STRCMP_EQUAL("", handset::base64("").c_str());
  STRCMP_EQUAL("Zg==", handset::base64("f").c_str());
  STRCMP_EQUAL("Zm8=", handset::base64("fo").c_str());
  STRCMP_EQUAL("Zm9v", handset::base64("foo").c_str());
}

TEST(HandsetText, AnswersHaveTheTopicOfWhatTheyAnswer) {
  for (const char* subject : {"Lunch on Friday", "Re: Lunch on Friday", "RE: re: Lunch on friday ",
                              "AW: WG: Lunch on Friday", "Fwd:Lunch on Friday", "Re[2]: Lunch on Friday"}) {
    STRCMP_EQUAL("lunch on friday", topic_of(subject).c_str());
  }
  STRCMP_EQUAL("report: numbers", topic_of("Report: numbers").c_str());
  STRCMP_EQUAL("", topic_of("Re: ").c_str());
  STRCMP_EQUAL("", topic_of("").c_str());
}
