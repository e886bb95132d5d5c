#include "protocol/file_answer.h"

#include "protocol/written.h"

namespace handsync::protocol {
namespace {

namespace base = wbxml::air_sync_base;
namespace io = wbxml::item_operations;

constexpr std::uint64_t kRangeEndMax = 0x7FFFFFFF;  // servers keep it in 32 bits with a sign
// ItemOperations / Response / Fetch / Properties / Data, or / Body / Data.
constexpr std::size_t kFetchDepth = 3, kPropertyDepth = 5, kBodyDepth = 6;

constexpr Error bad_value() { return answer_fault(Command::kItemOperations, AnswerFault::kBadValue); }

std::size_t put_number(char* out, std::uint64_t value) {
  char digits[20];
  std::size_t count = 0, size = 0;
  do digits[count++] = static_cast<char>('0' + value % 10);
  while ((value /= 10) != 0);
  while (count != 0) out[size++] = digits[--count];
  return size;
}

}  // namespace

Result<std::size_t> write_fetch_attachment(Room room, Text file_reference, std::uint64_t first,
                                           std::uint64_t range_bytes) {
  wbxml::Writer writer(room);
  writer.open(io::kItemOperations).open(io::kFetch).element(io::kStore, "Mailbox");
  writer.element(base::kFileReference, file_reference);
  if (range_bytes != 0) {
    const std::uint64_t last = range_bytes - 1 > kRangeEndMax - first ? kRangeEndMax : first + range_bytes - 1;
    char range[44];
    std::size_t size = put_number(range, first);
    range[size++] = '-';
    size += put_number(range + size, last);
    writer.open(io::kOptions).element(io::kRange, Text(range, size)).close();
  }
  writer.close().close();
  return written(writer);
}

bool FileAnswer::is_data(Path path) const {
  if (!in_first_ || path.size() < kPropertyDepth || path[2] != io::kFetch || path[3] != io::kProperties) return false;
  if (attachment_) return path.size() == kPropertyDepth && path[4] == io::kData;
  return path.size() == kBodyDepth && path[4] == base::kBody && path[5] == base::kData;
}

Status FileAnswer::begin_file(bool sure) {
  if (begun_) return Done{};
  begun_ = true;
  return file_.at(first(), total_, sure);
}

Status FileAnswer::decode(Bytes text) {
  std::byte room[256];
  std::size_t size = 0;
  for (const std::byte value : text) {
    const items::Base64Decoder::Step step = decoder_.put(static_cast<char>(value), room[size]);
    if (step == items::Base64Decoder::Step::kBad) return bad_value();
    if (step == items::Base64Decoder::Step::kByte && ++size == sizeof room) {
      HANDSYNC_TRY(file_.bytes(room));
      size = 0;
    }
  }
  return size == 0 ? Status(Done{}) : file_.bytes(Bytes(room, size));
}

Result<bool> FileAnswer::on_piece(Path path, Bytes piece, bool) {
  if (!is_data(path)) return false;
  HANDSYNC_TRY(begin_file(has_range_));
  HANDSYNC_TRY(attachment_ ? decode(piece) : file_.bytes(piece));
  return true;
}

Status FileAnswer::on_value(Path path, Text value) {
  if (take_status_of(path, value)) return Done{};
  if (!in_first_ || path.size() < kPropertyDepth || path[3] != io::kProperties) return Done{};
  if (is_data(path)) return begin_file(has_range_);  // a file without bytes
  if (path.back() == base::kTruncated) truncated_ = trimmed(value) == "1";
  if (path.back() == io::kTotal) {
    if (auto number = parse_number(value); number.ok()) total_ = number.value();
  } else if (path.back() == io::kRange) {
    const std::size_t dash = value.find('-');
    auto first = parse_number(value.substr(0, dash));
    auto last = dash == Text::npos ? Result<std::uint32_t>(bad_value()) : parse_number(value.substr(dash + 1));
    has_range_ = first.ok() && last.ok() && last.value() >= first.value();
    if (has_range_) {
      first_ = first.value();
      last_ = last.value();
    }
  } else if (path.back() == io::kPart) {
    auto number = parse_number(value);
    if (!number.ok() || number.value() == 0 || number.value() >= kPartsMax) return bad_value();
    part_ = number.value();
    has_part_ = true;
  }
  return Done{};
}

Status FileAnswer::on_close(Path path) {
  if (path.size() == kFetchDepth && path[2] == io::kFetch) in_first_ = false;  // one was asked for
  return Done{};
}

Status FileAnswer::take(Bytes piece) {
  switch (form_) {
    case Form::kInline:
      return reader_.feed(piece);
    case Form::kMultipart:
      return take_parts(piece);
    case Form::kBare:
      break;
  }
  HANDSYNC_TRY(begin_file(true));
  return file_.bytes(piece);
}

/// Little-endian: how many parts, where each begins and how long it is, then the parts; the first is the document.
Status FileAnswer::take_parts(Bytes piece) {
  while (!piece.empty()) {
    const std::uint64_t head = parts_ == 0 ? 4 : 4 + std::uint64_t{8} * parts_;
    if (offset_ < head) {
      number_ |= static_cast<std::uint32_t>(piece[0]) << 8 * (offset_ % 4);
      piece = piece.subspan(1);
      if (++offset_ % 4 != 0) continue;
      const std::uint32_t number = number_;
      number_ = 0;
      if (offset_ == 4) {
        if (number == 0 || number > kPartsMax) return bad_value();
        parts_ = number;
        continue;
      }
      Part& part = part_at_[(offset_ - 5) / 8];
      ((offset_ - 4) % 8 == 4 ? part.offset : part.bytes) = number;
      continue;
    }
    const auto within = [&](const Part& part) {
      return offset_ >= part.offset && offset_ < std::uint64_t{part.offset} + part.bytes;
    };
    // To the nearest end of a part, or beginning of one.
    std::uint64_t most = piece.size();
    for (std::size_t i = 0; i < parts_; ++i) {
      for (const std::uint64_t edge :
           {std::uint64_t{part_at_[i].offset}, std::uint64_t{part_at_[i].offset} + part_at_[i].bytes})
        if (edge > offset_ && edge - offset_ < most) most = edge - offset_;
    }
    const Bytes now = piece.first(static_cast<std::size_t>(most));
    const bool of_document = within(part_at_[0]), of_file = has_part_ && part_ < parts_ && within(part_at_[part_]);
    // A file before its document: nobody knows yet where its bytes belong.
    if (!document_done_ && !of_document && within(part_at_[parts_ - 1])) return bad_value();
    if (of_document) HANDSYNC_TRY(reader_.feed(now));
    if (of_file) {
      HANDSYNC_TRY(begin_file(true));
      HANDSYNC_TRY(file_.bytes(now));
    }
    offset_ += most;
    piece = piece.subspan(now.size());
    if (of_document && offset_ == std::uint64_t{part_at_[0].offset} + part_at_[0].bytes) {
      HANDSYNC_TRY(reader_.finish());
      document_done_ = true;
    }
  }
  return Done{};
}

Status FileAnswer::finish() {
  if (form_ == Form::kBare) return begin_file(true);
  if (form_ == Form::kInline) return reader_.finish();
  if (!document_done_) return bad_value();
  if (!has_part_) return Done{};
  if (part_ >= parts_ || offset_ < std::uint64_t{part_at_[part_].offset} + part_at_[part_].bytes) return bad_value();
  return begin_file(true);
}

}  // namespace handsync::protocol
