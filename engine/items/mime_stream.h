/// A message as one stream of bytes of a length that is known before: head, then text, HTML and attachments, each
/// encoded as it is read. Memory is bounded by this object, whatever the message's size.
#pragma once
#include "items/mime_header.h"
#include "items/piece_stream.h"

namespace handsync::items {

struct MimePart {
  /// kRemoved, kTakenBack: of a draft alone. An attachment that the server is to remove, its data is the FileReference;
  /// one that was added before and has not been sent.
  enum class Kind : std::uint8_t { kText = 1, kHtml, kAttachment, kRemoved, kTakenBack };
  Kind kind{};
  bool base64 = false;  ///< else the bytes go as they are: ASCII, lines of at most 998 ended by CR LF
  FixedText<255> name;  ///< UTF-8; of an attachment
  FixedText<127> type;  ///< "application/pdf"
  std::uint64_t bytes = 0;

  /// An alternative to the text may be something else: an answer to an invitation is a text/calendar.
  bool is_html() const { return kind == Kind::kHtml && !type.view().starts_with("text/calendar"); }
};

/// Where the parts are. Asked in order, and again from the beginning after a rewind.
struct MimeSource {
  virtual Result<bool> part(std::size_t index, MimePart&) = 0;                          ///< false: there is none
  virtual Result<std::size_t> head(std::uint64_t offset, Room) = 0;                     ///< 0 = end
  virtual Result<std::size_t> data(std::size_t index, std::uint64_t offset, Room) = 0;  ///< 0 = end

 protected:
  ~MimeSource() = default;
};

class MimeStream final : public PieceStream {
 public:
  explicit MimeStream(MimeSource& source) : PieceStream(out_), source_(source) {}

  /// Looks at every part and computes the exact length. `boundary`: characters that stand in no part, 40 at most.
  Result<std::uint64_t> measure(Text boundary);
  void rewind();
  bool has_html() const { return has_html_; }  ///< once measured

 private:
  enum class At : std::uint8_t { kHead, kTop, kPartHead, kPartData, kPartEnd, kEnd };
  Result<bool> fill(bool measuring) override;
  void put_top();
  Status put_part_head();
  Status put_data();
  void put_part_end();
  void put(Text);
  struct Out final : TextSink {
    explicit Out(MimeStream& owner) : stream(owner) {}
    Status put(Text text) override {
      stream.put(text);
      return Done{};
    }
    MimeStream& stream;
  };

  MimeSource& source_;
  FixedText<40> boundary_;
  MimePart part_{};
  At at_ = At::kHead;
  bool has_text_ = false, has_html_ = false;
  bool has_other_ = false;  ///< a second form of the text: HTML, or the answer to an invitation
  std::size_t parts_ = 0, index_ = 0;
  std::uint64_t offset_ = 0;
  static constexpr std::size_t kLines = 32;
  std::byte raw_[57 * kLines];
  char out_[78 * kLines];
};

}  // namespace handsync::items
