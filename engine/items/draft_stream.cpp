#include "items/draft_stream.h"

#include <cstring>

#include "wbxml/code_pages.h"
#include "wbxml/writer.h"

namespace handsync::items {
namespace {

namespace base = wbxml::air_sync_base;

constexpr Error kNotWhole{Domain::kSqlite, 11, 0};  // what is stored is shorter or longer than its row says
constexpr Text kClose("\x01", 1), kCloseTwo("\x01\x01", 2), kTextEnd("\x00\x01\x01", 3), kTextBegins("\x03", 1);
constexpr std::size_t kBefore = 5;  // a document's header and the start tag of its root, on another page

bool is_file(const MimePart& part) {
  return part.kind == MimePart::Kind::kAttachment || part.kind == MimePart::Kind::kRemoved;
}

}  // namespace

void DraftStream::put(Text text) {
  std::memcpy(out_ + out_end_, text.data(), text.size());
  out_end_ += text.size();
}

/// Elements, each piece naming its code page.
template <class Write>
void DraftStream::put(Write write) {
  std::byte room[sizeof out_];
  wbxml::Writer writer(room);
  writer.open(wbxml::air_sync::kApplicationData);
  write(writer);
  const Bytes piece = writer.document().subspan(kBefore);
  if (piece.size() > sizeof out_ - out_end_) return;  // never: names and references have their bounds
  std::memcpy(out_ + out_end_, piece.data(), piece.size());
  out_end_ += piece.size();
}

void DraftStream::rewind() {
  at_ = At::kTop;
  index_ = 0;
  offset_ = 0;
  start_over();
}

Result<std::uint64_t> DraftStream::measure() {
  has_html_ = has_body_ = has_files_ = false;
  for (parts_ = 0;; ++parts_) {
    const Result<bool> there = source_.part(parts_, part_);
    if (!there.ok()) return there.error();
    if (!there.value()) break;
    has_files_ |= is_file(part_);
    const bool html = part_.kind == MimePart::Kind::kHtml;
    if (!html && (part_.kind != MimePart::Kind::kText || has_html_)) continue;
    has_html_ |= html;
    has_body_ = true;
    body_ = parts_;
  }
  rewind();
  const Result<std::uint64_t> size = length();
  rewind();
  return size;
}

/// The next few bytes into out_, which is empty. False: that was the end.
Result<bool> DraftStream::fill(bool measuring) {
  switch (at_) {
    case At::kTop:
      if (has_files_) put([](wbxml::Writer& writer) { writer.open(base::kAttachments); });
      at_ = At::kPart;
      return true;
    case At::kPart: {
      if (index_ == parts_) {
        if (has_files_) put(kClose);
        at_ = has_body_ ? At::kBody : At::kEnd;
        return true;
      }
      const Result<bool> there = source_.part(index_, part_);
      if (!there.ok()) return there.error();
      if (!there.value()) return kNotWhole;
      offset_ = 0;
      if (is_file(part_)) HANDSYNC_TRY(put_part());
      if (at_ == At::kPart) ++index_;
      return true;
    }
    case At::kBody: {
      index_ = body_;
      const Result<bool> there = source_.part(index_, part_);
      if (!there.ok()) return there.error();
      if (!there.value()) return kNotWhole;
      offset_ = 0;
      put_body();
      return true;
    }
    case At::kPartData:
    case At::kBodyData:
      if (measuring && part_.bytes > offset_) {
        skipped_ += part_.bytes - offset_;
        offset_ = part_.bytes;
      }
      HANDSYNC_TRY(put_data());
      return true;
    case At::kEnd:
      return false;
  }
  return false;
}

Status DraftStream::put_part() {
  if (part_.kind == MimePart::Kind::kRemoved) {
    std::byte reference[kFileReferenceBytesMax];
    std::size_t size = 0;
    while (size < sizeof reference) {
      const Result<std::size_t> got = source_.data(index_, size, Room(reference).subspan(size));
      if (!got.ok()) return got.error();
      if (got.value() == 0) break;
      size += got.value();
    }
    put([&](wbxml::Writer& writer) {
      writer.open(base::kDelete).element(base::kFileReference, text_of(Bytes(reference, size))).close();
    });
    return Done{};
  }
  if (part_.bytes > UINT32_MAX) return mime_fault(MimeFault::kTooLong);
  put([&](wbxml::Writer& writer) {
    writer.open(base::kAdd).element(base::kClientId, std::uint64_t{index_ + 1});
    writer.element(base::kMethod, std::uint64_t{1}).element(base::kDisplayName, part_.name.view());
    if (!part_.type.empty()) writer.element(base::kContentType, part_.type.view());
    writer.open(base::kContent).opaque_elsewhere(static_cast<std::uint32_t>(part_.bytes));
  });
  at_ = At::kPartData;
  return Done{};
}

void DraftStream::put_body() {
  const std::uint64_t type = part_.kind == MimePart::Kind::kHtml ? 2 : 1;
  if (part_.bytes == 0) {
    put([&](wbxml::Writer& writer) { writer.open(base::kBody).element(base::kType, type).empty(base::kData).close(); });
    at_ = At::kEnd;
    return;
  }
  put([&](wbxml::Writer& writer) { writer.open(base::kBody).element(base::kType, type).open(base::kData); });
  put(kTextBegins);
  at_ = At::kBodyData;
}

Status DraftStream::put_data() {
  if (offset_ < part_.bytes) {
    const Result<std::size_t> got = source_.data(index_, offset_, Room(out_));
    if (!got.ok()) return got.error();
    out_end_ = got.value();
    offset_ += got.value();
    return got.value() == 0 || offset_ > part_.bytes ? Status(kNotWhole) : Status(Done{});
  }
  if (at_ == At::kBodyData) {
    put(kTextEnd);
    at_ = At::kEnd;
    return Done{};
  }
  put(kCloseTwo);
  ++index_;
  at_ = At::kPart;
  return Done{};
}

}  // namespace handsync::items
