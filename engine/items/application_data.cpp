#include "items/application_data.h"

#include <cstring>

#include "items/datetime.h"

namespace handsync::items {
namespace {

constexpr std::uint8_t kSwitchPage = 0x00, kEnd = 0x01, kInline = 0x03, kOpaque = 0xC3, kContent = 0x40;
constexpr std::int32_t kMalformed = 6;  // Sync Status of an item that cannot be converted (MS-ASCMD 2.2.3.177.17)

/// Decimal, blanks around it and a sign forgiven. False: not a number, or beyond 64 bits.
bool parse_number(Text text, std::int64_t& value) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  const bool minus = !text.empty() && text.front() == '-';
  if (minus || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
  if (text.empty() || text.size() > 18) return false;
  value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  if (minus) value = -value;
  return true;
}

bool parse_bool(Text text, std::int64_t& value) {
  if (text.empty() || text == "1" || text == "true" || text == "True" || text == "TRUE") {
    value = 1;
    return true;
  }
  if (text == "0" || text == "false" || text == "False" || text == "FALSE") {
    value = 0;
    return true;
  }
  return false;
}

}  // namespace

void ApplicationData::begin(Class kind) {
  kind_ = kind;
  fault_ = {};
  mode_ = Mode::kStructure;
  leaf_ = nullptr;
  depth_ = raw_depth_ = 0;
  skip_ = 0;
  body_type_ = 0;
  body_bad_ = old_body_ = false;
}

void ApplicationData::fault(PropertyId id) {
  if (!fault_) fault_ = Error{Domain::kEas, kMalformed, id};
}

Status ApplicationData::open(wbxml::Tag tag) {
  switch (mode_) {
    case Mode::kStructure: {
      const wbxml::Tag parent = depth_ == 0 ? wbxml::Tag{0} : open_[depth_ - 1];
      const Property* row = find_property(kind_, tag, parent);
      return row != nullptr && row->kind != Kind::kEntry ? enter(*row) : raw_begin(kRest, tag);
    }
    case Mode::kList: {
      if (skip_ == 0) {
        const Property* row = find_property(kind_, tag, leaf_->tag);
        if (row != nullptr && row->kind == Kind::kEntry) {
          mode_ = Mode::kEntry;
          utf8_left_ = 0;
          utf8_bad_ = false;
          const char separator = kListSeparator;
          if (entry_written_) HANDSYNC_TRY(sink_->piece(bytes_of(Text(&separator, 1))));
          entry_written_ = true;
          return Done{};
        }
      }
      ++skip_;
      return Done{};
    }
    case Mode::kRaw:
      return raw_open(tag);
    case Mode::kScalar:
    case Mode::kStream:
    case Mode::kEntry:
      ++skip_;
      return Done{};
  }
  return Done{};
}

/// To a sink a body is the same in every version: a marker first, whichever of its parts comes first.
Status ApplicationData::begin_old_body() {
  if (old_body_) return Done{};
  old_body_ = true;
  body_type_ = 1;
  HANDSYNC_TRY(sink_->begin(kBody));
  HANDSYNC_TRY(sink_->end());
  HANDSYNC_TRY(sink_->begin(kBodyType));
  HANDSYNC_TRY(sink_->piece(NumberPiece(body_type_).view()));
  return sink_->end();
}

Status ApplicationData::enter(const Property& row) {
  if (row.parent == 0 && row.id >= kBodySize && row.id <= kBodyData) HANDSYNC_TRY(begin_old_body());
  leaf_ = &row;
  switch (row.kind) {
    case Kind::kMarker:
      if (depth_ == wbxml::kDepthMax) return raw_begin(kRest, row.tag);
      open_[depth_++] = row.tag;
      if (row.id == kBody) {
        body_type_ = 0;
        body_bad_ = false;
      }
      HANDSYNC_TRY(sink_->begin(row.id));
      return sink_->end();
    case Kind::kRaw:
      return raw_begin(row.id, row.tag);
    case Kind::kNumber:
    case Kind::kBool:
    case Kind::kDate:
      mode_ = Mode::kScalar;
      scalar_bytes_ = 0;
      overlong_ = false;
      return Done{};
    case Kind::kList:
      mode_ = Mode::kList;
      entry_written_ = false;
      return sink_->begin(row.id);
    case Kind::kText:
    case Kind::kBytes:
    case Kind::kData:
    case Kind::kEntry:
      break;
  }
  mode_ = Mode::kStream;
  utf8_left_ = 0;
  utf8_bad_ = false;
  return sink_->begin(row.id);
}

Status ApplicationData::text(Bytes piece, bool opaque) {
  if (skip_ != 0 || piece.empty()) return Done{};
  switch (mode_) {
    case Mode::kStructure:
    case Mode::kList:
      return Done{};  // text between elements means nothing
    case Mode::kRaw:
      return raw_text(piece, opaque);
    case Mode::kScalar:
      if (piece.size() > kScalarBytesMax - scalar_bytes_) {
        overlong_ = true;
        return Done{};
      }
      std::memcpy(scalar_ + scalar_bytes_, piece.data(), piece.size());
      scalar_bytes_ = static_cast<std::uint8_t>(scalar_bytes_ + piece.size());
      return Done{};
    case Mode::kStream:
      if (opaque && leaf_->kind != Kind::kBytes) check_utf8(piece);
      return sink_->piece(piece);
    case Mode::kEntry:
      if (opaque) check_utf8(piece);
      return sink_->piece(piece);
  }
  return Done{};
}

Status ApplicationData::close(wbxml::Tag tag) {
  if (mode_ == Mode::kRaw) return raw_close();
  if (skip_ != 0) {
    --skip_;
    return Done{};
  }
  switch (mode_) {
    case Mode::kScalar:
      mode_ = Mode::kStructure;
      return leave_scalar();
    case Mode::kStream:
      mode_ = Mode::kStructure;
      if (leaf_->kind == Kind::kData) {
        body_bad_ = utf8_bad_;  // a character that truncation has cut is no fault
        if (leaf_->parent == 0 && body_bad_) fault(kBodyData);
      } else if (utf8_bad_ || utf8_left_ != 0) {
        fault(leaf_->id);
      }
      return sink_->end();
    case Mode::kEntry:
      mode_ = Mode::kList;
      if (utf8_bad_ || utf8_left_ != 0) fault(leaf_->id);
      return Done{};
    case Mode::kList:
      mode_ = Mode::kStructure;
      return sink_->end();
    case Mode::kRaw:
    case Mode::kStructure:
      break;
  }
  if (depth_ == 0) return Done{};
  --depth_;
  // Only plain text and HTML must be UTF-8; MIME (4) is what the sender made, and the type may have come after the
  // data.
  if (tag == open_[depth_] && body_bad_ && (body_type_ == 1 || body_type_ == 2)) {
    fault(kBodyData);
    body_bad_ = false;
  }
  return Done{};
}

Status ApplicationData::leave_scalar() {
  const Text text(scalar_, scalar_bytes_);
  std::int64_t value = 0;
  bool good = !overlong_;
  if (leaf_->kind == Kind::kDate) {
    const Result<std::int64_t> date = parse_date_time(text);
    good = good && date.ok();
    value = date.value();
  } else if (leaf_->kind == Kind::kBool) {
    good = good && parse_bool(text, value);
  } else {
    good = good && parse_number(text, value);
  }
  if (good) {
    if (leaf_->id == kBodyType) body_type_ = value;
    HANDSYNC_TRY(sink_->begin(leaf_->id));
    HANDSYNC_TRY(sink_->piece(NumberPiece(value).view()));
    return sink_->end();
  }
  if (text.empty() && !overlong_) return Done{};  // an empty number or date says nothing
  // Not what it should be, but what the server has: kept as an element we do not know.
  HANDSYNC_TRY(raw_begin(kRest, leaf_->tag));
  HANDSYNC_TRY(raw_text(bytes_of(text), false));
  return raw_close();
}

// -- elements kept as they are
// ---------------------------------------------------------------------------------------------------

Status ApplicationData::put(std::span<const std::uint8_t> bytes) { return sink_->piece(std::as_bytes(bytes)); }

Status ApplicationData::raw_begin(PropertyId id, wbxml::Tag tag) {
  mode_ = Mode::kRaw;
  raw_depth_ = 0;
  raw_pending_ = raw_string_ = false;
  raw_page_ = 0xFF;  // none: every element begins by naming its page
  HANDSYNC_TRY(sink_->begin(id));
  for (std::uint8_t i = 0; i < depth_; ++i) {
    HANDSYNC_TRY(raw_open(open_[i]));
    --raw_depth_;  // these are not ours to close: raw_end does
  }
  return raw_open(tag);
}

/// Writes a start tag that was held back, and ends an open string.
Status ApplicationData::raw_settle(bool content) {
  if (raw_string_) {
    raw_string_ = false;
    const std::uint8_t end[] = {0};
    HANDSYNC_TRY(put(end));
  }
  if (!raw_pending_) return Done{};
  raw_pending_ = false;
  const std::uint8_t page = wbxml::page_of(raw_tag_);
  const std::uint8_t token = static_cast<std::uint8_t>(wbxml::token_of(raw_tag_) | (content ? kContent : 0));
  if (page == raw_page_) {
    const std::uint8_t bytes[] = {token};
    return put(bytes);
  }
  raw_page_ = page;
  const std::uint8_t bytes[] = {kSwitchPage, page, token};
  return put(bytes);
}

Status ApplicationData::raw_open(wbxml::Tag tag) {
  HANDSYNC_TRY(raw_settle(true));
  raw_pending_ = true;
  raw_tag_ = tag;
  ++raw_depth_;
  return Done{};
}

Status ApplicationData::raw_text(Bytes piece, bool opaque) {
  if (raw_string_ && !opaque) return sink_->piece(piece);
  HANDSYNC_TRY(raw_settle(true));
  if (!opaque) {
    raw_string_ = true;
    const std::uint8_t start[] = {kInline};
    HANDSYNC_TRY(put(start));
    return sink_->piece(piece);
  }
  std::uint8_t head[6] = {kOpaque};
  std::size_t head_bytes = 1;
  for (int shift = 28; shift >= 0; shift -= 7) {
    const auto group = static_cast<std::uint8_t>(piece.size() >> shift & 0x7F);
    if (group == 0 && head_bytes == 1 && shift != 0) continue;
    head[head_bytes++] = static_cast<std::uint8_t>(group | (shift != 0 ? 0x80 : 0));
  }
  HANDSYNC_TRY(put(std::span(head, head_bytes)));
  return sink_->piece(piece);
}

Status ApplicationData::raw_close() {
  const bool empty = raw_pending_;
  HANDSYNC_TRY(raw_settle(false));
  if (!empty) {
    const std::uint8_t end[] = {kEnd};
    HANDSYNC_TRY(put(end));
  }
  return --raw_depth_ == 0 ? raw_end() : Status(Done{});
}

Status ApplicationData::raw_end() {
  const std::uint8_t end[] = {kEnd};
  for (std::uint8_t i = 0; i < depth_; ++i) HANDSYNC_TRY(put(end));
  mode_ = Mode::kStructure;
  return sink_->end();
}

// -- UTF-8 that came as OPAQUE, where the reader of WBXML does not look
// ------------------------------------------------------------

void ApplicationData::check_utf8(Bytes piece) {
  std::size_t i = 0;
  while (i < piece.size() && !utf8_bad_) {
    if (utf8_left_ == 0) {
      std::uint64_t word = 0;
      while (piece.size() - i >= 8) {
        std::memcpy(&word, piece.data() + i, 8);
        if ((word & 0x8080808080808080u) != 0) break;
        i += 8;
      }
      if (i == piece.size()) return;
    }
    const auto byte = static_cast<std::uint8_t>(piece[i++]);
    if (utf8_left_ != 0) {
      utf8_bad_ = byte < utf8_low_ || byte > utf8_high_;
      utf8_low_ = 0x80;
      utf8_high_ = 0xBF;
      --utf8_left_;
    } else if (byte >= 0x80) {
      // Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte.
      utf8_left_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
      utf8_low_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
      utf8_high_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
      utf8_bad_ = byte < 0xC2 || byte > 0xF4;
    }
  }
}

}  // namespace handsync::items
