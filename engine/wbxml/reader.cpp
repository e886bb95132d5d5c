#include "wbxml/reader.h"

#include <cstring>

#include "wbxml/tokens.h"

namespace handsync::wbxml {
namespace {

constexpr std::uint32_t kCharsetUtf8 = 106;  // IANA MIBenum

Bytes view(const std::uint8_t* at, std::size_t bytes) { return {reinterpret_cast<const std::byte*>(at), bytes}; }

}  // namespace

void Reader::reset() { *this = Reader(*sink_); }

Status Reader::stop(Error error) {
  state_ = State::kFailed;
  error_ = error;
  return error;
}

Status Reader::fail(Fault fault, std::uint32_t where) {
  offset_ = where;
  return stop(Error{Domain::kWbxml, static_cast<std::int32_t>(fault), where});
}

Status Reader::finish() {
  if (state_ == State::kFailed) return error_;
  if (state_ != State::kBody || !root_done_) return fail(Fault::kTruncated, offset_);
  return Done{};
}

// offset_ stands before the byte or bytes a step looks at, and is moved once they are accepted: a fault is where it
// stands.
Status Reader::feed(Bytes chunk) {
  const auto* at = reinterpret_cast<const std::uint8_t*>(chunk.data());
  const auto* const end = at + chunk.size();
  while (at != end) {
    switch (state_) {
      case State::kBody:
        HANDSYNC_TRY(body(at, end));
        break;
      case State::kString:
        HANDSYNC_TRY(string(at, end));
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
        const auto* const from = at;
        const bool opaque = state_ == State::kOpaque;
        at += bytes;
        offset_ += static_cast<std::uint32_t>(bytes);
        integer_ -= static_cast<std::uint32_t>(bytes);
        if (integer_ == 0) state_ = State::kBody;
        if (opaque) HANDSYNC_TRY(piece(from, bytes, true));
        break;
      }
      case State::kFailed:
        return error_;
      default:
        HANDSYNC_TRY(header(*at));
        ++at;
        break;
    }
  }
  return state_ == State::kFailed ? Status(error_) : Status(Done{});
}

Status Reader::piece(const std::uint8_t* at, std::size_t bytes, bool opaque) {
  Status status = sink_->text(view(at, bytes), opaque);
  return status.ok() ? status : stop(status.error());
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
Status Reader::header(std::uint8_t value) {
  if (state_ == State::kVersion) {
    if (value < 0x01 || value > 0x03) return fail(Fault::kHeader, offset_);
    state_ = State::kPublicId;
    ++offset_;
    return Done{};
  }
  bool complete = false;
  if (!integer(value, complete)) return fail(Fault::kLength, offset_);
  if (complete) {
    switch (state_) {
      case State::kPublicId:
        state_ = integer_ == 0 ? State::kPublicIdIndex : State::kCharset;
        break;
      case State::kPublicIdIndex:
        state_ = State::kCharset;
        break;
      case State::kCharset:
        if (integer_ != kCharsetUtf8) return fail(Fault::kHeader, offset_);
        state_ = State::kTableLength;
        break;
      case State::kTableLength:
        state_ = integer_ == 0 ? State::kBody : State::kTable;
        break;
      default:  // kOpaqueLength
        state_ = integer_ == 0 ? State::kBody : State::kOpaque;
        break;
    }
  }
  ++offset_;
  return Done{};
}

// Tokens, until the chunk ends or something begins that may reach into the next chunk.
Status Reader::body(const std::uint8_t*& at, const std::uint8_t* end) {
  do {
    const std::uint8_t token = *at;
    if (depth_ == 0 && root_done_) return fail(Fault::kAfterRoot, offset_);
    if (is_element(token)) {
      if (depth_ == kDepthMax) return fail(Fault::kDepth, offset_);
      const Tag tag = make_tag(page_, token & kTokenMask);
      open_[depth_++] = tag;
      ++at;
      ++offset_;
      if (const Status status = sink_->open(tag); !status.ok()) return stop(status.error());
      if ((token & kContentBit) != 0) continue;
    } else if (token == kEnd) {
      if (depth_ == 0) return fail(Fault::kEndWithoutElement, offset_);
      ++at;
      ++offset_;
    } else if (token == kSwitchPage) {
      ++at;
      ++offset_;
      state_ = State::kPage;
      return Done{};
    } else if (token == kInlineString || token == kOpaqueData) {
      if (depth_ == 0) return fail(Fault::kTextOutside, offset_);
      ++at;
      ++offset_;
      if (token == kOpaqueData) {
        state_ = State::kOpaqueLength;
        return Done{};
      }
      state_ = State::kString;
      if (at == end) return Done{};
      HANDSYNC_TRY(string(at, end));
      if (state_ != State::kBody) return Done{};
      continue;
    } else {
      return fail(Fault::kToken, offset_);
    }
    // An END, or an element without content.
    if (const Status status = sink_->close(open_[depth_ - 1]); !status.ok()) return stop(status.error());
    if (--depth_ == 0) root_done_ = true;
  } while (at != end);
  return Done{};
}

// What the chunk holds of an inline string.
Status Reader::string(const std::uint8_t*& at, const std::uint8_t* end) {
  const auto left = static_cast<std::size_t>(end - at);
  const auto* const nul = static_cast<const std::uint8_t*>(std::memchr(at, 0, left));
  const std::size_t bytes = nul != nullptr ? static_cast<std::size_t>(nul - at) : left;
  const std::size_t good = utf8_length(view(at, bytes), utf8_);
  offset_ += static_cast<std::uint32_t>(good);
  if (good != bytes || (nul != nullptr && utf8_ != 0)) return fail(Fault::kUtf8, offset_);
  const auto* const from = at;
  at += bytes;
  if (nul != nullptr) {
    ++at;
    ++offset_;
    state_ = State::kBody;
  }
  return bytes == 0 ? Status(Done{}) : piece(from, bytes, false);
}

}  // namespace handsync::wbxml
