#include "protocol/response.h"

namespace handsync::protocol {

Status ResponseReader::open(wbxml::Tag tag) {
  if (depth_ == wbxml::kDepthMax) {
    return Error{Domain::kWbxml, static_cast<std::int32_t>(wbxml::Fault::kDepth), 0};
  }
  path_[depth_++] = tag;
  if (depth_ == 1) root_ = tag;
  value_size_ = 0;
  leaf_ = true;
  taken_ = false;
  return on_open(path());
}

Status ResponseReader::text(Bytes piece, bool opaque) {
  // Text beside child elements means nothing in any answer of ours, but a reader that takes pieces may keep it.
  auto taken = on_piece(path(), piece, opaque);
  if (!taken.ok()) return taken.error();
  if (taken.value()) {
    taken_ = true;
    return Done{};
  }
  for (std::byte value : piece) {
    if (value_size_ > kValueBytesMax) break;
    value_[value_size_++] = static_cast<char>(value);
  }
  return Done{};
}

Status ResponseReader::close(wbxml::Tag) {
  if (depth_ == 0) return Done{};
  if (leaf_ && !taken_) HANDSYNC_TRY(on_value(path(), Text(value_, value_size_)));
  HANDSYNC_TRY(on_close(path()));
  --depth_;
  leaf_ = false;
  taken_ = false;
  value_size_ = 0;
  return Done{};
}

Text trimmed(Text value) {
  constexpr Text kBlanks = " \t\r\n";
  const std::size_t first = value.find_first_not_of(kBlanks);
  if (first == Text::npos) return {};
  return value.substr(first, value.find_last_not_of(kBlanks) - first + 1);
}

Result<std::uint32_t> parse_number(Text text) {
  constexpr Error kNotANumber{Domain::kEas, static_cast<std::int32_t>(AnswerFault::kBadValue), 0};
  const Text digits = trimmed(text);
  if (digits.empty() || digits.size() > 10) return kNotANumber;
  std::uint64_t value = 0;
  for (char digit : digits) {
    if (digit < '0' || digit > '9') return kNotANumber;
    value = value * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  if (value > UINT32_MAX) return kNotANumber;
  return static_cast<std::uint32_t>(value);
}

}  // namespace handsync::protocol
