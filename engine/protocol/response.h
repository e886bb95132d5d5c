/// What all response readers share: the path of open elements, short values gathered in fixed room, unknown elements skipped.
/// Read tolerantly: unknown tags, missing optional elements and any order of children are normal.
#pragma once
#include "wbxml/code_pages.h"
#include "wbxml/reader.h"

namespace handsync::protocol {

/// The innermost open elements, outermost first.
using Path = std::span<const wbxml::Tag>;
inline bool ends_with(Path path, wbxml::Tag last) { return !path.empty() && path.back() == last; }
inline bool ends_with(Path path, wbxml::Tag parent, wbxml::Tag last) {
  return path.size() >= 2 && path[path.size() - 2] == parent && path.back() == last;
}

inline constexpr std::size_t kValueBytesMax = 1024;  ///< longest short value; a longer one is Error{kEas, ...}, not a cut

/// Base of the readers of small answers. Values longer than kValueBytesMax are streamed by readers that override on_piece.
class ResponseReader : public wbxml::Sink {
 public:
  /// 0 = the answer carried no Status at its top level (a fault for most commands, success for some).
  std::uint32_t status() const { return status_; }
  bool has_root() const { return root_ != 0; }
  wbxml::Tag root() const { return root_; }

  Status open(wbxml::Tag) final;
  Status text(Bytes, bool opaque) final;
  Status close(wbxml::Tag) final;

 protected:
  ~ResponseReader() = default;
  virtual Status on_open(Path) { return Done{}; }
  virtual Status on_value(Path, Text value) = 0;       ///< a whole short value, at the close of its element
  virtual Status on_close(Path) { return Done{}; }     ///< every element, after on_value
  /// Takes the pieces of a value itself (bodies): return true and they are not gathered.
  virtual Result<bool> on_piece(Path, Bytes, bool) { return false; }
  std::uint32_t status_ = 0;

 private:
  wbxml::Tag path_[wbxml::kDepthMax]{};
  std::uint8_t depth_ = 0;
  wbxml::Tag root_ = 0;
  std::uint16_t value_size_ = 0;
  bool value_too_long_ = false, value_seen_ = false, taken_ = false;
  char value_[kValueBytesMax];
};

Result<std::uint32_t> parse_number(Text);  ///< decimal, no sign; tolerates surrounding blanks

}  // namespace handsync::protocol
