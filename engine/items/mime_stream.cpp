#include "items/mime_stream.h"

#include <cstring>

namespace handsync::items {
namespace {

/// Of base64 in lines of 57 bytes, each ended by CR LF.
std::uint64_t encoded_bytes(std::uint64_t bytes) {
  const std::uint64_t rest = bytes % 57;
  return bytes / 57 * 78 + (rest == 0 ? 0 : (rest + 2) / 3 * 4 + 2);
}

constexpr Error kNotWhole{Domain::kSqlite, 11, 0};  // what is stored is shorter or longer than its row says

}  // namespace

void MimeStream::put(Text text) {
  if (text.size() > sizeof out_ - out_end_) text = text.substr(0, sizeof out_ - out_end_);
  std::memcpy(out_ + out_end_, text.data(), text.size());
  out_end_ += text.size();
}

void MimeStream::rewind() {
  at_ = At::kHead;
  index_ = 0;
  offset_ = 0;
  start_over();
}

Result<std::uint64_t> MimeStream::measure(Text boundary) {
  if (!boundary_.assign(boundary)) return mime_fault(MimeFault::kTooLong);
  has_text_ = has_other_ = has_html_ = false;
  for (parts_ = 0;; ++parts_) {
    const Result<bool> there = source_.part(parts_, part_);
    if (!there.ok()) return there.error();
    if (!there.value()) break;
    has_text_ |= part_.kind == MimePart::Kind::kText;
    has_other_ |= part_.kind == MimePart::Kind::kHtml;
    has_html_ |= part_.is_html();
  }
  rewind();
  const Result<std::uint64_t> size = length();
  rewind();
  return size;
}

/// The next few bytes into out_, which is empty. False: that was the end.
Result<bool> MimeStream::fill(bool measuring) {
  switch (at_) {
    case At::kHead: {
      const Result<std::size_t> got = source_.head(offset_, std::as_writable_bytes(std::span(out_)));
      if (!got.ok()) return got.error();
      out_end_ = got.value();
      offset_ += got.value();
      if (got.value() == 0) at_ = At::kTop;
      return true;
    }
    case At::kTop:
      put_top();
      at_ = parts_ == 0 ? At::kEnd : At::kPartHead;
      return true;
    case At::kPartHead: {
      const Result<bool> there = source_.part(index_, part_);
      if (!there.ok()) return there.error();
      if (!there.value()) return kNotWhole;
      HANDSYNC_TRY(put_part_head());
      at_ = At::kPartData;
      offset_ = 0;
      return true;
    }
    case At::kPartData:
      if (measuring) {
        skipped_ += part_.base64 ? encoded_bytes(part_.bytes) : part_.bytes;
        at_ = At::kPartEnd;
        return true;
      }
      HANDSYNC_TRY(put_data());
      return true;
    case At::kPartEnd:
      put_part_end();
      at_ = ++index_ < parts_ ? At::kPartHead : At::kEnd;
      return true;
    case At::kEnd:
      return false;
  }
  return false;
}

// Text and HTML are alternatives of one another; where there are attachments, everything is in a mixed whole. The
// boundary of the whole ends with 0, that of the alternatives with 1.
void MimeStream::put_top() {
  const bool alternatives = has_text_ && has_other_;
  const bool mixed = parts_ > (alternatives ? 2u : has_text_ || has_other_ ? 1u : 0u);
  if (mixed) {
    put("Content-Type: multipart/mixed; boundary=\"");
    put(boundary_.view());
    put("0\"\r\n\r\n");
  }
  if (alternatives) {
    if (mixed) {
      put("--");
      put(boundary_.view());
      put("0\r\n");
    }
    put("Content-Type: multipart/alternative; boundary=\"");
    put(boundary_.view());
    put("1\"\r\n\r\n");
  }
  if (parts_ == 0) put("Content-Type: text/plain; charset=us-ascii\r\n\r\n");
}

Status MimeStream::put_part_head() {
  const bool body = part_.kind != MimePart::Kind::kAttachment;
  const bool alternatives = has_text_ && has_other_;
  const bool alone = parts_ == 1 && body;
  if (!alone) {
    put("--");
    put(boundary_.view());
    put(body && alternatives ? "1\r\n" : "0\r\n");
  }
  Out out(*this);
  HeaderWriter header(out);
  if (body) {
    const bool html = part_.kind == MimePart::Kind::kHtml;
    header.begin("Content-Type")
        .token(!html                ? Text("text/plain")
               : part_.type.empty() ? "text/html"
                                    : part_.type.view());
    header.parameter("charset", part_.base64 ? Text("utf-8") : Text("us-ascii")).end();
  } else {
    header.begin("Content-Type").token(part_.type.empty() ? Text("application/octet-stream") : part_.type.view()).end();
    header.begin("Content-Disposition").token("attachment").parameter("filename", part_.name.view()).end();
  }
  header.begin("Content-Transfer-Encoding").token(part_.base64 ? "base64" : "7bit").end();
  put("\r\n");
  return header.status();
}

Status MimeStream::put_data() {
  std::size_t got = 0;
  while (got < sizeof raw_) {  // whole lines, however small the pieces are that the source gives
    const Result<std::size_t> piece = source_.data(index_, offset_ + got, Room(raw_).subspan(got));
    if (!piece.ok()) return piece.error();
    if (piece.value() == 0) break;
    got += piece.value();
  }
  offset_ += got;
  if (got == 0) {
    if (offset_ != part_.bytes) return kNotWhole;
    at_ = At::kPartEnd;
    return Done{};
  }
  if (!part_.base64) {
    put(text_of(Bytes(raw_, got)));
    return Done{};
  }
  for (std::size_t at = 0; at < got; at += 57) {
    char line[76];
    const std::size_t size = base64_line(Bytes(raw_).subspan(at, got - at < 57 ? got - at : 57), line);
    put(Text(line, size));
    put("\r\n");
  }
  return Done{};
}

void MimeStream::put_part_end() {
  const bool body = part_.kind != MimePart::Kind::kAttachment;
  if (parts_ == 1 && body) return;
  put("\r\n");
  if (part_.kind == MimePart::Kind::kHtml && has_text_) {
    put("--");
    put(boundary_.view());
    put("1--\r\n");
  }
  const bool alternatives = has_text_ && has_other_;
  const bool mixed = parts_ > (alternatives ? 2u : 1u) || !body;
  if (index_ + 1 == parts_ && mixed) {
    put("--");
    put(boundary_.view());
    put("0--\r\n");
  }
}

}  // namespace handsync::items
