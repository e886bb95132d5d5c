/// SendMail, SmartReply, SmartForward (MS-ASCMD 2.2.1.17, 2.2.1.20, 2.2.1.19), and finding a message of ours again.
#pragma once
#include "protocol/item_operations.h"

namespace handsync::protocol {

/// From 14.0 on; below, the message itself is the body and all else stands in the URL (Parameters).
struct ComposeMail {
  Command command = Command::kSendMail;
  Text client_id;                   ///< 40 characters at most
  Text source_folder, source_item;  ///< of SmartReply and SmartForward
  std::uint32_t mime_bytes = 0;
};
/// What stands around the message in the body: the first `before` bytes of the room, then the message, then the rest.
struct Envelope {
  std::size_t before = 0, bytes = 0;
};
Result<Envelope> write_compose_mail(Room, const ComposeMail&);

/// Success is no answer at all; this reads why it failed: status().
class ComposeResponse final : public ResponseReader {
 private:
  Status on_value(Path, Text value) override;
};

/// Looks for a text in the answer, which is not kept. Feed it through a wbxml::Reader.
class MimeProbe final : public FetchAnswer {
 public:
  explicit MimeProbe(Text wanted) { (void)wanted_.assign(wanted); }
  bool found() const { return found_; }

 private:
  Status on_value(Path, Text value) override;
  Result<bool> on_piece(Path, Bytes, bool) override;
  FixedText<300> wanted_;
  std::size_t matched_ = 0;
  bool found_ = false;
};

}  // namespace handsync::protocol
