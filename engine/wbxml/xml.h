/// WBXML shown as XML a person can read: for traces. A Sink that renders events as they come, through a few bytes of
/// state: no tree, no allocation. Not thread-safe; one owner; one renderer writes one document.
///
///     <Sync xmlns="AirSync"><Collections>...<Data xmlns="AirSyncBase" opaque="text">Hello</Data>
///
/// An element names its namespace (its code page) where it differs from its parent's. OPAQUE data is marked:
/// opaque="base64" for byte arrays and elements we do not know, opaque="text" where a text travelled as OPAQUE. An
/// unknown token is <TokenHH>, an unknown page xmlns="PageN". What XML cannot hold (control characters, broken UTF-8 in
/// opaque text) becomes U+FFFD.
#pragma once
#include "wbxml/reader.h"

namespace handsync::wbxml {

/// Where rendered text goes, in pieces of any size, in order. An error stops the rendering and the reading.
struct TextOut {
  virtual Status put(Text piece) = 0;

 protected:
  ~TextOut() = default;
};

/// Passwords and other secrets that ActiveSync carries in elements (Settings, Search, ItemOperations,
/// ResolveRecipients): what no trace may show.
bool is_secret_tag(Tag tag);

struct XmlStyle {
  bool (*masked)(Tag) = is_secret_tag;  ///< the text of these elements is shown as ***; null: everything is shown
  bool indent = false;                  ///< each element on a line of its own, two spaces a level
};

class XmlSink final : public Sink {
 public:
  explicit XmlSink(TextOut& out, XmlStyle style = {}) : out_(&out), style_(style) {}
  Status open(Tag tag) override;
  Status text(Bytes piece, bool opaque) override;
  Status close(Tag tag) override;

 private:
  enum class Content : std::uint8_t { kNone, kElements, kText, kOpaqueText, kBase64, kMasked };
  Status begin_content(Content content);
  Status line(std::size_t level);
  Status name(Tag tag);
  Status checked(Bytes piece);
  Status escaped(Bytes run);
  Status base64(Bytes piece);
  Status base64_group();
  Status rest();

  TextOut* out_;
  XmlStyle style_;
  std::uint8_t depth_ = 0;
  bool open_tag_ = false;   ///< the innermost element's start tag still lacks its '>'
  std::uint8_t rest_[4]{};  ///< a character or a base64 group that is not complete yet
  std::uint8_t rest_bytes_ = 0;
  Utf8State utf8_ = 0;
  struct Level {
    Tag tag = 0;
    Content content = Content::kNone;
  };
  Level levels_[kDepthMax]{};
};

}  // namespace handsync::wbxml
