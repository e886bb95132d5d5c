#include <string>

#include "engine/protocol/support.h"
#include "protocol/file_answer.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::protocol;

namespace {

struct File final : FileBytes {
  Status at(std::uint64_t from, std::uint64_t whole, bool is_sure) override {
    first = from;
    total = whole;
    sure = is_sure;
    ++begun;
    return refuse ? Status(Error{Domain::kHttp, 6, 0}) : Status(Done{});
  }
  Status bytes(Bytes piece) override {
    content += std::string(text_of(piece));
    return Done{};
  }
  std::string content;
  std::uint64_t first = 0, total = 0;
  bool sure = false, refuse = false;
  int begun = 0;
};

std::string document(const std::string& properties, const std::string& status = "<Status>1</Status>") {
  const wbxml::Document bytes =
      document_of("<ItemOperations xmlns=\"ItemOperations\"><Status>1</Status><Response><Fetch>" + status +
                  "<FileReference xmlns=\"AirSyncBase\">5%3a1%3a0</FileReference><Properties>" + properties +
                  "</Properties></Fetch></Response></ItemOperations>");
  return std::string(text_of(bytes));
}

std::string number(std::size_t value) {
  std::string text;
  for (int shift = 0; shift < 32; shift += 8) text += static_cast<char>(value >> shift & 0xFF);
  return text;
}

/// `parts`: in the order of their index; 0 is the document. `order`: how they follow each other in the answer.
std::string multipart(const std::vector<std::string>& parts, std::vector<std::size_t> order = {}) {
  if (order.empty())
    for (std::size_t i = 0; i < parts.size(); ++i) order.push_back(i);
  std::size_t at = 4 + 8 * parts.size();
  std::vector<std::size_t> begins(parts.size());
  std::string content;
  for (std::size_t i : order) {
    begins[i] = at + content.size();
    content += parts[i];
  }
  std::string head = number(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) head += number(begins[i]) + number(parts[i].size());
  return head + content;
}

struct Read {
  Read(const std::string& answer, FileAnswer::Form form, bool attachment = true, std::size_t chunk = SIZE_MAX,
       bool refuse = false)
      : response(file, attachment) {
    file.refuse = refuse;
    response.begin(form);
    for (std::size_t at = 0; outcome.ok() && at < answer.size(); at += chunk) {
      outcome = response.take(bytes_of(Text(answer).substr(at, chunk)));
      if (chunk > answer.size()) break;
    }
    if (outcome.ok()) outcome = response.finish();
  }
  File file;
  FileAnswer response;
  Status outcome = Done{};
};

using Form = FileAnswer::Form;

}  // namespace

TEST_GROUP(FileAnswer){};

TEST(FileAnswer, RequestForAnAttachment) {
  const auto xml = [](std::uint64_t first, std::uint64_t bytes) {
    return Written([=](Room room) { return write_fetch_attachment(room, "5%3a1%3a0", first, bytes); }).xml();
  };
  const std::string head =
      "<ItemOperations xmlns=\"ItemOperations\"><Fetch><Store>Mailbox</Store><FileReference "
      "xmlns=\"AirSyncBase\">5%3a1%3a0</FileReference>";
  const std::string tail = "</Fetch></ItemOperations>";
  STRCMP_EQUAL((head + tail).c_str(), xml(0, 0).c_str());
  STRCMP_EQUAL((head + "<Options><Range>0-4095</Range></Options>" + tail).c_str(), xml(0, 4096).c_str());
  STRCMP_EQUAL((head + "<Options><Range>70000-71999</Range></Options>" + tail).c_str(), xml(70000, 2000).c_str());
  STRCMP_EQUAL((head + "<Options><Range>2147483600-2147483647</Range></Options>" + tail).c_str(),
               xml(2147483600, 4096).c_str());
}

TEST(FileAnswer, InlineInChunksOfAnySize) {
  const std::string answer = document("<Range>3-9</Range><Total>12</Total><Data>aGVs\nbG8g\r\nIQ==</Data>");
  for (const std::size_t chunk : kChunkSizes) {
    const Read read(answer, Form::kInline, true, chunk);
    CHECK(read.outcome.ok());
    STRCMP_EQUAL("hello !", read.file.content.c_str());
    LONGS_EQUAL(1, read.file.begun);
    LONGS_EQUAL(3, read.file.first);
    LONGS_EQUAL(12, read.file.total);
    LONGS_EQUAL(9, read.response.last());
    CHECK(read.file.sure);
    CHECK_FALSE(static_cast<bool>(read.response.refusal()));
  }
}

TEST(FileAnswer, ARangeThatComesTooLateIsNotTrusted) {
  const Read read(document("<Data>aGVsbG8=</Data><Range>3-7</Range>"), Form::kInline);
  CHECK(read.outcome.ok());
  CHECK_FALSE(read.file.sure);  // whoever asked for a range has to ask again
}

TEST(FileAnswer, MultipartInChunksOfAnySize) {
  const std::string document_part = document("<Range>0-5</Range><Total>6</Total><Part>1</Part>");
  for (const std::size_t chunk : kChunkSizes) {
    const Read read(multipart({document_part, std::string("\0\1\2\xFF\xFE\n", 6)}), Form::kMultipart, true, chunk);
    CHECK(read.outcome.ok());
    CHECK(read.file.content == std::string("\0\1\2\xFF\xFE\n", 6));
    CHECK(read.file.sure);
    LONGS_EQUAL(6, read.file.total);
  }
}

TEST(FileAnswer, AMultipartAnswerMayStillBeInline) {
  const Read read(multipart({document("<Data>aGVsbG8=</Data>")}), Form::kMultipart);
  CHECK(read.outcome.ok());
  STRCMP_EQUAL("hello", read.file.content.c_str());
}

TEST(FileAnswer, OnlyTheNamedPartIsTheFile) {
  const Read read(multipart({document("<Part>2</Part>"), "other", "mine"}), Form::kMultipart);
  CHECK(read.outcome.ok());
  STRCMP_EQUAL("mine", read.file.content.c_str());
}

TEST(FileAnswer, AFileWithoutBytes) {
  for (const std::string& properties : {std::string("<Data></Data>"), std::string("<Part>1</Part>")}) {
    const bool parts = properties.starts_with("<Part");
    const Read read(parts ? multipart({document(properties), ""}) : document(properties),
                    parts ? Form::kMultipart : Form::kInline);
    CHECK(read.outcome.ok());
    LONGS_EQUAL(1, read.file.begun);
    CHECK(read.response.has_file());
  }
}

TEST(FileAnswer, AMailAsItTravelled) {
  const std::string body = "<Body xmlns=\"AirSyncBase\"><Type>4</Type><EstimatedDataSize>9</EstimatedDataSize>";
  const Read whole(document(body + "<Data>From: a\n</Data></Body>"), Form::kInline, false);
  CHECK(whole.outcome.ok());
  STRCMP_EQUAL("From: a\n", whole.file.content.c_str());
  const Read part(multipart({document(body + "<Part xmlns=\"ItemOperations\">1</Part></Body>"), "From: b\r\n"}),
                  Form::kMultipart, false);
  CHECK(part.outcome.ok());
  STRCMP_EQUAL("From: b\r\n", part.file.content.c_str());
  const Read cut(document(body + "<Truncated>1</Truncated><Data>From</Data></Body>"), Form::kInline, false);
  CHECK(cut.response.truncated());
}

TEST(FileAnswer, Bare) {
  const Read read("any bytes", Form::kBare, true, 4);
  CHECK(read.outcome.ok());
  STRCMP_EQUAL("any bytes", read.file.content.c_str());
  LONGS_EQUAL(0, read.file.first);
  const Read empty("", Form::kBare);
  LONGS_EQUAL(1, empty.file.begun);
}

TEST(FileAnswer, ARefusalBringsNothing) {
  const Read read(document("", "<Status>15</Status>"), Form::kInline);
  CHECK(read.outcome.ok());
  CHECK(read.response.refusal() == eas_error(Command::kItemOperations, 15));
  LONGS_EQUAL(0, read.file.begun);
  const Read parts(multipart({document("", "<Status>8</Status>")}), Form::kMultipart);
  CHECK(parts.response.refusal() == eas_error(Command::kItemOperations, 8));
}

TEST(FileAnswer, WhatIsDamagedIsAFault) {
  const Error bad = answer_fault(Command::kItemOperations, AnswerFault::kBadValue);
  const std::string good = document("<Part>1</Part>");
  CHECK(Read(document("<Data>a*b=</Data>"), Form::kInline).outcome.error() == bad);
  CHECK(Read(document("<Part>9</Part>"), Form::kInline).outcome.error() == bad);
  CHECK(Read(number(0), Form::kMultipart).outcome.error() == bad);
  CHECK(Read(number(5000), Form::kMultipart).outcome.error() == bad);
  CHECK(Read("\1\0", Form::kMultipart).outcome.error() == bad);
  // The part before its document, the part cut, the document cut, a part that is not there.
  CHECK(Read(multipart({good, "file"}, {1, 0}), Form::kMultipart).outcome.error() == bad);
  const std::string whole = multipart({good, "file"});
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK_FALSE(Read(whole.substr(0, size), Form::kMultipart).outcome.ok());
  CHECK(Read(multipart({document("<Part>2</Part>"), "file"}), Form::kMultipart).outcome.error() == bad);
}

TEST(FileAnswer, WhoTakesTheBytesMayEndIt) {
  const Read read(document("<Data>aGVsbG8=</Data>"), Form::kInline, true, SIZE_MAX, true);
  CHECK(read.outcome.error() == (Error{Domain::kHttp, 6, 0}));
  STRCMP_EQUAL("", read.file.content.c_str());
}
