/// What all response readers share: the path of open elements, short values gathered in fixed room, unknown elements
/// skipped. Read tolerantly: unknown tags, missing optional elements and any order of children are normal.
#pragma once
#include "protocol/command.h"
#include "wbxml/code_pages.h"
#include "wbxml/reader.h"

namespace handsync::protocol {

/// The innermost open elements, outermost first.
using Path = std::span<const wbxml::Tag>;
inline bool ends_with(Path path, wbxml::Tag last) { return !path.empty() && path.back() == last; }
inline bool ends_with(Path path, wbxml::Tag parent, wbxml::Tag last) {
  return path.size() >= 2 && path[path.size() - 2] == parent && path.back() == last;
}

Text trimmed(Text);                        ///< without surrounding blanks
Result<std::uint32_t> parse_number(Text);  ///< decimal, no sign; tolerates surrounding blanks

inline constexpr std::size_t kServerIdBytesMax = 64;  ///< of an item; the replica and our commands have no more room

/// Longest short value. Of a longer one on_value receives kValueBytesMax + 1 bytes: more than any field of ours has
/// room for, so that a known field answers kValueTooLong and an unknown one is skipped like everything unknown.
inline constexpr std::size_t kValueBytesMax = 1024;

/// Base of the readers of small answers. Longer values are streamed by readers that override on_piece.
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
  /// A whole short value, at the close of an element that holds no other; empty for an empty element. Text that came
  /// as OPAQUE looks the same.
  virtual Status on_value(Path, Text value) = 0;
  virtual Status on_close(Path) { return Done{}; }  ///< every element, after on_value
  /// Takes the pieces of a value itself (bodies): return true and they are not gathered.
  virtual Result<bool> on_piece(Path, Bytes, bool) { return false; }
  /// What on_open answers for the outermost element.
  Status expect_root(Path path, wbxml::Tag root, Command command) const {
    if (path.size() == 1 && path[0] != root) return answer_fault(command, AnswerFault::kWrongRoot);
    return Done{};
  }
  /// A Status that is no number is taken as not given.
  void take_status(Text value) {
    if (auto number = parse_number(value); number.ok()) status_ = number.value();
  }
  std::uint32_t status_ = 0;

 private:
  Path path() const { return Path(path_, depth_); }
  wbxml::Tag path_[wbxml::kDepthMax]{};
  std::uint8_t depth_ = 0;
  wbxml::Tag root_ = 0;
  std::uint16_t value_size_ = 0;
  bool leaf_ = false;   ///< the innermost open element has held no other so far
  bool taken_ = false;  ///< by on_piece
  char value_[kValueBytesMax + 1];
};

}  // namespace handsync::protocol
