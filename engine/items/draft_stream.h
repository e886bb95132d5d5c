/// The attachments and the body of a draft as they stand in ApplicationData (MS-ASAIRS 2.2.2.8 Attachments, 2.2.2.4
/// Body), one stream of bytes of a length that is known before. Memory is bounded by this object.
#pragma once
#include "items/mime_stream.h"

namespace handsync::items {

inline constexpr std::size_t kFileReferenceBytesMax = 1024;

/// WBXML without a header, beginning with SWITCH_PAGE: to stand last among the children of an element. Of text and HTML
/// the HTML goes: a draft has one body. Without a body part the body is not named.
class DraftStream final : public PieceStream {
 public:
  explicit DraftStream(MimeSource& source) : PieceStream(out_), source_(source) {}

  Result<std::uint64_t> measure();  ///< looks at every part and computes the exact length; may be 0
  void rewind();
  bool has_html() const { return has_html_; }  ///< once measured

 private:
  enum class At : std::uint8_t { kTop, kPart, kPartData, kBody, kBodyData, kEnd };
  Result<bool> fill(bool measuring) override;
  Status put_part();
  void put_body();
  Status put_data();
  template <class Write>
  void put(Write);
  void put(Text);

  MimeSource& source_;
  MimePart part_{};
  At at_ = At::kTop;
  bool has_html_ = false, has_body_ = false, has_files_ = false;
  std::size_t parts_ = 0, index_ = 0, body_ = 0;
  std::uint64_t offset_ = 0;
  std::byte out_[2048];
};

}  // namespace handsync::items
