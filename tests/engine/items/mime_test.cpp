// Messages we write: headers that survive every name, bodies of the length that was announced.
#include <algorithm>
#include <string>
#include <vector>

#include "items/mime_stream.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::items;

namespace {

struct Line final : TextSink {
  Status put(Text text) override {
    all += text;
    return Done{};
  }
  std::string all;
};

std::string subject(const std::string& text, Error* error = nullptr) {
  Line line;
  HeaderWriter writer(line);
  writer.begin("Subject").unstructured(text).end();
  if (error) *error = writer.status().error();
  return line.all;
}
std::string to(const std::string& list, Error* error = nullptr) {
  Line line;
  HeaderWriter writer(line);
  writer.begin("To").mailboxes(list).end();
  if (error) *error = writer.status().error();
  return line.all;
}
std::string file_name(const std::string& name) {
  Line line;
  HeaderWriter writer(line);
  writer.begin("Content-Disposition").token("attachment").parameter("filename", name).end();
  return line.all;
}
std::size_t longest_line(const std::string& text) {
  std::size_t longest = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find("\r\n", at);
    longest = std::max(longest, end - at);
    at = end + 2;
  }
  return longest;
}

struct Parts final : MimeSource {
  struct One {
    MimePart about;
    std::string bytes;
  };
  std::string head_bytes = "Subject: x\r\n";
  std::vector<One> parts;
  std::size_t piece = 1000;
  Result<bool> part(std::size_t index, MimePart& part) override {
    if (index >= parts.size()) return false;
    part = parts[index].about;
    return true;
  }
  Result<std::size_t> head(std::uint64_t offset, Room room) override { return copy(head_bytes, offset, room); }
  Result<std::size_t> data(std::size_t index, std::uint64_t offset, Room room) override {
    return copy(parts[index].bytes, offset, room);
  }
  std::size_t copy(const std::string& from, std::uint64_t offset, Room room) const {
    const std::size_t count = std::min({from.size() - static_cast<std::size_t>(offset), room.size(), piece});
    for (std::size_t i = 0; i < count; ++i) room[i] = static_cast<std::byte>(from[offset + i]);
    return count;
  }
  void add(MimePart::Kind kind, const std::string& bytes, bool base64, const std::string& name = {}) {
    One one;
    one.about.kind = kind;
    one.about.base64 = base64;
    one.about.bytes = bytes.size();
    CHECK(one.about.name.assign(name));
    one.bytes = bytes;
    parts.push_back(one);
  }
  /// Everything, read in pieces of `room_bytes`, checked against what was measured.
  std::string whole(std::size_t room_bytes = 100) {
    MimeStream stream(*this);
    const std::uint64_t announced = stream.measure("=_b").value();
    std::string all;
    for (int turn = 0; turn < 2; ++turn) {  // and once more after a rewind
      all.clear();
      std::vector<std::byte> room(room_bytes);
      for (;;) {
        const std::size_t got = stream.read(room).value();
        if (got == 0) break;
        all += text_of(Bytes(room.data(), got));
      }
      stream.rewind();
    }
    LONGS_EQUAL(announced, all.size());
    return all;
  }
};

}  // namespace

TEST_GROUP(Mime){};

TEST(Mime, SubjectsAreFoldedAndEncoded) {
  STRCMP_EQUAL("Subject: Lunch\r\n", subject("Lunch").c_str());
  STRCMP_EQUAL("Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r\n", subject("Grüße").c_str());
  // What looks like an encoded word must not become one.
  STRCMP_EQUAL("Subject: =?UTF-8?B?PT94?=\r\n", subject("=?x").c_str());
  std::string words;
  for (int i = 0; i < 60; ++i) words += "word" + std::to_string(i) + (i % 7 == 0 ? "  " : " ");
  const std::string folded = subject(words);
  CHECK(longest_line(folded) <= 76);
  std::string unfolded = folded.substr(9, folded.size() - 11);
  for (std::size_t at; (at = unfolded.find("\r\n")) != std::string::npos;) unfolded.erase(at, 2);
  while (words.back() == ' ') words.pop_back();
  STRCMP_EQUAL(words.c_str(), unfolded.c_str());
  std::string hello;
  for (int i = 0; i < 40; ++i) hello += "héllo🏖";
  const std::string encoded = subject(hello);
  CHECK(longest_line(encoded) <= 76);
  CHECK(subject(std::string(2000, 'x')).find("=?UTF-8?B?") != std::string::npos);
  Error error;
  (void)subject("a\r\nBcc: x@y.z", &error);
  LONGS_EQUAL(static_cast<int>(MimeFault::kControlCharacter), error.code);
  (void)subject("a\xFFz", &error);
  LONGS_EQUAL(static_cast<int>(MimeFault::kNotUtf8), error.code);
}

TEST(Mime, AddressesAsPeopleWriteThem) {
  STRCMP_EQUAL("To: a@b.c\r\n", to("a@b.c").c_str());
  STRCMP_EQUAL("To: Anna Bee <a@b.c>, d@e.f, \"X, Y\" <x@y.z>\r\n",
               to("Anna Bee <a@b.c>; d@e.f,, \"X, Y\" <x@y.z>").c_str());
  STRCMP_EQUAL("To: =?UTF-8?B?QW5uYSBXZWnDnw==?= <a@b.c>\r\n", to("\"Anna Weiß\" <a@b.c>").c_str());
  STRCMP_EQUAL("To: \"A. \\\"B\\\" C\" <a@b.c>\r\n", to("\"A. \\\"B\\\" C\" <a@b.c>").c_str());
  std::string many;
  for (int i = 0; i < 50; ++i)
    many += "Someone Längeres " + std::to_string(i) + " <someone" + std::to_string(i) + "@example.test>,";
  CHECK(longest_line(to(many)) <= 78);
  LONGS_EQUAL(50, count_mailboxes(many).value());
  LONGS_EQUAL(0, count_mailboxes(" , ;").value());
  for (const char* bad :
       {"nobody", "a@", "@b", "a@b@c", "a b@c", "A <a@b", "\"x <a@b>", "ä@b.c", "<>", "a@b.c>", "A <a@b> x"}) {
    CHECK_TEXT(!count_mailboxes(bad).ok(), bad);
    Error error;
    (void)to(bad, &error);
    CHECK_TEXT(error.code == static_cast<int>(MimeFault::kBadAddress), bad);
  }
  LONGS_EQUAL(2, count_mailboxes("a@b.c, nobody").error().where);
}

TEST(Mime, FileNamesOfEveryKind) {
  STRCMP_EQUAL("Content-Disposition: attachment; filename=\"a \\\"b\\\".txt\"\r\n", file_name("a \"b\".txt").c_str());
  STRCMP_EQUAL("Content-Disposition: attachment; filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf\r\n",
               file_name("Größe.pdf").c_str());
  std::string long_name;
  for (int i = 0; i < 24; ++i) long_name += "ßüäö ";
  const std::string folded = file_name(long_name + "x");
  CHECK(longest_line(folded) <= 90);
  STRCMP_CONTAINS("filename*0*=UTF-8''%C3%9F%C3%BC%C3%A4%C3%B6%20", folded.c_str());
  STRCMP_CONTAINS(";\r\n filename*10*=", folded.c_str());
}

TEST(Mime, TheLengthThatIsMeasuredIsTheLengthThatComes) {
  for (std::size_t bytes : {0, 1, 2, 3, 56, 57, 58, 113, 114, 1823, 1824, 1825, 5000}) {
    for (std::size_t piece : {1, 7, 1000}) {
      Parts parts;
      parts.piece = piece;
      parts.add(MimePart::Kind::kText, "Hello\r\n", false);
      parts.add(MimePart::Kind::kHtml, std::string(bytes, 'h'), true);
      parts.add(MimePart::Kind::kAttachment, std::string(bytes, 'a'), true, "a.bin");
      (void)parts.whole(piece == 1 ? 1 : 999);
    }
  }
}

TEST(Mime, TheShapeFollowsTheParts) {
  Parts none;
  STRCMP_EQUAL("Subject: x\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n", none.whole().c_str());
  Parts text;
  text.add(MimePart::Kind::kText, "Hello\r\n", false);
  STRCMP_EQUAL(
      "Subject: x\r\nContent-Type: text/plain; charset=\"us-ascii\"\r\nContent-Transfer-Encoding: "
      "7bit\r\n\r\nHello\r\n",
      text.whole().c_str());
  Parts both;
  both.add(MimePart::Kind::kText, "Hello", false);
  both.add(MimePart::Kind::kHtml, "<p>H\xC3\xA4", true);
  STRCMP_EQUAL(
      "Subject: x\r\nContent-Type: multipart/alternative; boundary=\"=_b1\"\r\n\r\n--=_b1\r\nContent-Type: text/plain; "
      "charset=\"us-ascii\"\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHello\r\n--=_b1\r\nContent-Type: text/html; "
      "charset=\"utf-8\"\r\nContent-Transfer-Encoding: base64\r\n\r\nPHA+SMOk\r\n\r\n--=_b1--\r\n",
      both.whole().c_str());
  both.add(MimePart::Kind::kAttachment, "abc", true, "c.txt");
  const std::string mixed = both.whole();
  STRCMP_CONTAINS("multipart/mixed; boundary=\"=_b0\"\r\n\r\n--=_b0\r\nContent-Type: multipart/alternative",
                  mixed.c_str());
  STRCMP_CONTAINS(
      "--=_b1--\r\n--=_b0\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; "
      "filename=\"c.txt\"\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJj\r\n\r\n--=_b0--\r\n",
      mixed.c_str());
  Parts file;
  file.add(MimePart::Kind::kAttachment, "abc", true, "c.txt");
  STRCMP_CONTAINS("multipart/mixed", file.whole().c_str());
  // A part that is not as long as its row says must not be announced as if it were.
  file.parts[0].bytes = "ab";
  MimeStream stream(file);
  CHECK(stream.measure("=_b").ok());
  std::byte room[1000];
  CHECK(!stream.read(room).ok());
}

TEST(Mime, DatesAreThoseOfRfc5322) {
  STRCMP_EQUAL("Wed, 25 Nov 2026 09:53:06 +0000", std::string(rfc5322_date(1'795'600'386'000).view()).c_str());
  STRCMP_EQUAL("Thu, 01 Jan 1970 00:00:00 +0000", std::string(rfc5322_date(0).view()).c_str());
}
