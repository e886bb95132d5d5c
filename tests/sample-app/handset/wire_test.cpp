#include "handset/wire.h"

#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "handset/request.h"

#include "CppUTest/TestHarness.h"

TEST_GROUP(HandsetWire) {
  int ends[2] = {-1, -1};
  void setup() override { LONGS_EQUAL(0, ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends)); }
  void teardown() override {
    for (const int end : ends) ::close(end);
  }
};

TEST(HandsetWire, AFrameComesWhole) {
  const std::string text("with a \0 inside", 15);
  CHECK(handset::send_frame(ends[0], handset::Word::kOut, text));
  const auto frame = handset::receive_frame(ends[1]);
  CHECK(frame.has_value());
  CHECK(frame->word == handset::Word::kOut);
  CHECK(frame->text == text);
}

TEST(HandsetWire, AnEndInsideAFrameIsNoFrame) {
  LONGS_EQUAL(7, ::write(ends[0], "O\x10\0\0\0ab", 7));
  ::shutdown(ends[0], SHUT_RDWR);
  CHECK(!handset::receive_frame(ends[1]).has_value());
}

TEST(HandsetWire, ARequestTravelsWithItsFilesByteForByte) {
  handset::Request request;
  request.arguments = {"account", "add", "a@b.test"};
  request.working_directory = "/tmp";
  request.files["secret"] = std::string("p\xE4ss\0\n", 6);
  request.columns = 132;
  request.utc_offset_s = -3600;
  const auto there = handset::Request::from_json(request.to_json());
  CHECK(there.has_value());
  CHECK(there->arguments == request.arguments);
  CHECK(there->files == request.files);
  LONGS_EQUAL(132, there->columns);
  LONGS_EQUAL(-3600, *there->utc_offset_s);
}
