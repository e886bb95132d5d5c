/// A message while it is being written, and while it is on its way. Each a block from the Memory hook for that time.
#pragma once
#include "items/draft_stream.h"
#include "replica/store.h"
#include "sync/call.h"
#include "wbxml/utf8.h"

namespace handsync::sync {

/// Text is kept with CR LF and looked at as it comes, so that its encoding and length are known when it is whole.
struct Composing {
  std::uint64_t message = 0;
  MessageHead::Verb verb{};
  std::uint16_t part = 0;  ///< the open one, from 1; 0 = the head
  items::MimePart about{};
  bool open = false, text_seen = false, html_seen = false;
  bool draft = false;  ///< kept, not sent; of `item`, or 0 = a new one
  ItemId item{};
  std::uint16_t first_file = 0;  ///< the number of its first attachment
  wbxml::Utf8State utf8 = 0;
  std::size_t line_bytes = 0;
  bool after_cr = false;
  std::uint32_t piece = 0;
  std::size_t filled = 0;
  std::byte room[replica::kMessagePieceBytes];
};

/// What is written here goes to the open part.
struct PartSink final : items::TextSink {
  explicit PartSink(Changes& composer) : changes(composer) {}
  Status put(Text text) override { return changes.data(bytes_of(text)); }
  Changes& changes;
};

/// The body of SendMail, SmartReply or SmartForward: what stands before the message, the message, what stands after it.
/// Only its length counts while a message is measured.
inline constexpr Text kMeasuringBoundary = "=_00000000000000000000000000000000";

struct Sending final : BodySource {
  explicit Sending(replica::Store& store, std::uint64_t message) : source(store, message), stream(source) {}
  Result<std::size_t> read(Room room) override { return stream.read(room); }
  void rewind() override { stream.rewind(); }
  replica::OutboxSource source;
  items::MimeStream stream;
};

/// Attachments and body of a draft on its way.
struct Drafting final : BodySource {
  explicit Drafting(replica::Store& store, std::uint64_t message) : source(store, message), stream(source) {}
  Result<std::size_t> read(Room room) override { return stream.read(room); }
  void rewind() override { stream.rewind(); }
  replica::OutboxSource source;
  items::DraftStream stream;
};

}  // namespace handsync::sync
