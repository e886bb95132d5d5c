#include "wbxml/reader.h"

#include <cstring>

#include "wbxml/tokens.h"

namespace handsync::wbxml {
namespace {

constexpr std::uint32_t kCharsetUtf8 = 106;  // IANA MIBenum

Bytes view(const std::uint8_t* at, std::size_t bytes) { return {reinterpret_cast<const std::byte*>(at), bytes}; }

}  // namespace

void Reader::reset() { *this = Reader(*sink_); }

Status Reader::finish() {
  if (state_ != State::kFailed && flush() && (state_ != State::kBody || !root_done_)) fail(Fault::kTruncated);
  return state_ == State::kFailed ? Status(error_) : Status(Done{});
}

Status Reader::feed_chunk(Bytes chunk) {
  if (!flush() || !run(chunk)) return error_;
  if (state_ == State::kString) {
    hold_limit_ = sizeof hold_;
  } else if (state_ == State::kOpaque) {  // its last byte ends the state and is never held
    hold_limit_ = integer_ <= sizeof hold_ ? integer_ - 1 : static_cast<std::uint32_t>(sizeof hold_);
  }
  hold_from_ = offset_;
  return Done{};
}

// Reads what feed() has held.
bool Reader::flush() {
  if (hold_limit_ == 0) return true;
  hold_limit_ = 0;
  const std::uint32_t bytes = offset_ - hold_from_;
  offset_ = hold_from_;
  return run(Bytes(hold_, bytes));
}

// offset_ stands before the byte a step looks at and moves on once it is accepted, so a fault is where offset_ stands.
bool Reader::fail(Fault fault) {
  state_ = State::kFailed;
  error_ = Error{Domain::kWbxml, static_cast<std::int32_t>(fault), offset_};
  return false;
}

bool Reader::passed(const Status& status) {
  if (status.ok()) return true;
  state_ = State::kFailed;
  error_ = status.error();
  return false;
}

bool Reader::run(Bytes chunk) {
  const auto* at = reinterpret_cast<const std::uint8_t*>(chunk.data());
  const auto* const end = at + chunk.size();
  while (at != end) {
    switch (state_) {
      case State::kBody:
        if (!body(at, end)) return false;
        break;
      case State::kString:
        if (!string(at, end)) return false;
        break;
      case State::kPage:
        page_ = *at++;
        ++offset_;
        state_ = State::kBody;
        break;
      case State::kOpaque:
      case State::kTable: {
        const auto left = static_cast<std::size_t>(end - at);
        const std::size_t bytes = integer_ < left ? integer_ : left;
        const Bytes piece = view(at, bytes);
        const bool opaque = state_ == State::kOpaque;
        at += bytes;
        offset_ += static_cast<std::uint32_t>(bytes);
        integer_ -= static_cast<std::uint32_t>(bytes);
        if (integer_ == 0) state_ = State::kBody;
        if (opaque && !passed(sink_->text(piece, true))) return false;
        break;
      }
      case State::kFailed:
        return false;
      default:
        if (!header(*at)) return false;
        ++at;
        ++offset_;
        break;
    }
  }
  return state_ != State::kFailed;
}

// One more byte of a multi-byte integer (seven bits each, the high bit says that more follow). False: too long.
bool Reader::integer(std::uint8_t value, bool& complete) {
  if (integer_bytes_ == 0) integer_ = 0;
  complete = (value & 0x80) == 0;
  if (integer_ > UINT32_MAX >> 7 || (!complete && integer_bytes_ == 4)) return false;
  integer_ = integer_ << 7 | (value & 0x7F);
  integer_bytes_ = complete ? 0 : static_cast<std::uint8_t>(integer_bytes_ + 1);
  return true;
}

// One byte of the document's head or of the length of opaque data.
bool Reader::header(std::uint8_t value) {
  if (state_ == State::kVersion) {
    if (value < 0x01 || value > 0x03) return fail(Fault::kHeader);
    state_ = State::kPublicId;
    return true;
  }
  bool complete = false;
  if (!integer(value, complete)) return fail(Fault::kLength);
  if (!complete) return true;
  switch (state_) {
    case State::kPublicId:
      state_ = integer_ == 0 ? State::kPublicIdIndex : State::kCharset;
      break;
    case State::kPublicIdIndex:
      state_ = State::kCharset;
      break;
    case State::kCharset:
      if (integer_ != kCharsetUtf8) return fail(Fault::kHeader);
      state_ = State::kTableLength;
      break;
    case State::kTableLength:
      state_ = integer_ == 0 ? State::kBody : State::kTable;
      break;
    default:  // kOpaqueLength
      state_ = integer_ == 0 ? State::kBody : State::kOpaque;
      break;
  }
  return true;
}

// Tokens, until the chunk ends or something begins that may reach into the next chunk.
bool Reader::body(const std::uint8_t*& at, const std::uint8_t* end) {
  do {
    const std::uint8_t token = *at;
    if (root_done_) return fail(Fault::kAfterRoot);
    if (is_element(token)) {
      if (depth_ == kDepthMax) return fail(Fault::kDepth);
      const Tag tag = make_tag(page_, token & kTokenMask);
      open_[depth_++] = tag;
      ++at;
      ++offset_;
      if (!passed(sink_->open(tag))) return false;
      if ((token & kContentBit) != 0) continue;
    } else if (token == kEnd) {
      if (depth_ == 0) return fail(Fault::kEndWithoutElement);
      ++at;
      ++offset_;
    } else if (token == kInlineString) {
      if (depth_ == 0) return fail(Fault::kTextOutside);
      ++at;
      ++offset_;
      state_ = State::kString;
      if (at == end) return true;
      if (!string(at, end)) return false;
      if (state_ != State::kBody) return true;
      continue;
    } else if (token == kSwitchPage || token == kOpaqueData) {
      if (token == kOpaqueData && depth_ == 0) return fail(Fault::kTextOutside);
      ++at;
      ++offset_;
      state_ = token == kSwitchPage ? State::kPage : State::kOpaqueLength;
      return true;
    } else {
      return fail(Fault::kToken);
    }
    // An END, or an element without content.
    if (!passed(sink_->close(open_[depth_ - 1]))) return false;
    root_done_ = --depth_ == 0;
  } while (at != end);
  return true;
}

// What the chunk holds of an inline string.
bool Reader::string(const std::uint8_t*& at, const std::uint8_t* end) {
  const auto left = static_cast<std::size_t>(end - at);
  const auto* const nul = static_cast<const std::uint8_t*>(std::memchr(at, 0, left));
  const Bytes piece = view(at, nul != nullptr ? static_cast<std::size_t>(nul - at) : left);
  if (!piece.empty()) {
    const std::size_t good = utf8_length(piece, utf8_);
    offset_ += static_cast<std::uint32_t>(good);
    if (good != piece.size()) return fail(Fault::kUtf8);
    at += good;
  }
  if (nul != nullptr) {
    if (utf8_ != 0) return fail(Fault::kUtf8);
    ++at;
    ++offset_;
    state_ = State::kBody;
  }
  return piece.empty() || passed(sink_->text(piece, false));
}

}  // namespace handsync::wbxml
