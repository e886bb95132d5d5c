#include "items/exceptions.h"

#include "items/datetime.h"
#include "items/place.h"
#include "wbxml/code_pages.h"

namespace handsync::items {
namespace {

namespace base = wbxml::air_sync_base;
namespace cal = wbxml::calendar;

constexpr std::uint8_t kHead[] = {0x03, 0x01, 0x6A, 0x00};  // WBXML 1.3, no public id, UTF-8, no strings
constexpr int kException = 2, kField = 3;                   // depths
constexpr std::size_t kTimeBytesMax = 32;

void read(Bytes fragment, wbxml::Sink& sink) {
  if (fragment.empty()) return;
  wbxml::Reader reader(sink);
  if (reader.feed(std::as_bytes(std::span(kHead))).ok()) (void)reader.feed(fragment);
}

class Finder final : public wbxml::Sink {
 public:
  explicit Finder(std::int64_t original_ms) : original_ms_(original_ms) {}
  ExceptionFound found;

 private:
  Status open(wbxml::Tag) override {
    if (++depth_ == kException) named_ = cancelled_ = cut_ = false;
    size_ = 0;
    return Done{};
  }
  Status text(Bytes piece, bool) override {
    for (std::size_t i = 0; depth_ >= kField && i < piece.size() && size_ < sizeof value_; ++i)
      value_[size_++] = static_cast<char>(piece[i]);
    return Done{};
  }
  Status close(wbxml::Tag tag) override {
    const Text value(value_, size_);
    if (depth_ == kField && names_exception(tag)) {
      const Result<std::int64_t> time = parse_date_time(value);
      named_ = time.ok() && time.value() == original_ms_;
    }
    if (depth_ == kField && tag == cal::kDeleted) cancelled_ = value != "0";
    if (depth_ > kField && tag == base::kTruncated) cut_ = value != "0";
    if (depth_-- == kException) {
      if (named_ && !found.there) found = {true, cancelled_, cut_, count_};
      ++count_;
    }
    size_ = 0;
    return Done{};
  }
  std::int64_t original_ms_;
  char value_[kTimeBytesMax];
  std::size_t size_ = 0;
  std::uint32_t count_ = 0;
  int depth_ = 0;
  bool named_ = false, cancelled_ = false, cut_ = false;
};

/// Writes what it is told, but for what a derived class leaves out. A start tag is held back until it is known whether
/// content follows. With a version, places and what names an exception become what that version has.
class Copier : public wbxml::Sink {
 public:
  explicit Copier(wbxml::Writer& writer, std::uint16_t version = 0) : writer_(writer), version_(version) {}

 protected:
  ~Copier() = default;
  /// At an element that opens inside what is copied so far; false leaves it out with all it holds.
  virtual bool takes(wbxml::Tag, int depth) = 0;
  /// Elements that hold what is wanted, and are not written themselves.
  virtual int unwritten() const { return 0; }

 private:
  Status open(wbxml::Tag tag) override {
    ++depth_;
    if (place_depth_ != 0) {
      in_name_ = tag == base::kDisplayName;
      return Done{};
    }
    if (left_out_ == 0 && !takes(tag, depth_)) left_out_ = depth_;
    if (left_out_ != 0) return Done{};
    settle();
    if (version_ != 0 && is_place(tag) && tag != place_in(version_)) {
      place_depth_ = depth_;
      in_name_ = tag == cal::kLocation;
      named_ = false;
      return Done{};
    }
    if (version_ != 0 && names_exception(tag)) tag = naming_tag(version_);
    if (depth_ > unwritten()) held_ = tag;
    return Done{};
  }
  Status text(Bytes piece, bool opaque) override {
    if (place_depth_ != 0) {
      if (in_name_) name_place(text_of(piece));
      return Done{};
    }
    if (left_out_ != 0 || depth_ <= unwritten()) return Done{};
    settle();
    opaque ? writer_.opaque(piece) : writer_.text(text_of(piece));
    return Done{};
  }
  Status close(wbxml::Tag) override {
    const int depth = depth_--;
    if (place_depth_ != 0) {
      in_name_ = false;
      if (depth == place_depth_) end_place();
    } else if (left_out_ != 0) {
      if (left_out_ == depth) left_out_ = 0;
    } else if (held_ != 0) {
      writer_.empty(held_);
      held_ = 0;
    } else if (depth > unwritten()) {
      writer_.close();
    }
    return Done{};
  }
  void settle() {
    if (held_ != 0) writer_.open(held_);
    held_ = 0;
  }
  bool has_structure() const { return place_in(version_) == base::kLocation; }
  void name_place(Text piece) {
    if (!named_) writer_.open(place_in(version_));
    if (!named_ && has_structure()) writer_.open(base::kDisplayName);
    named_ = true;
    writer_.text(piece);
  }
  void end_place() {
    if (!named_) writer_.empty(place_in(version_));
    if (named_) writer_.close();
    if (named_ && has_structure()) writer_.close();
    place_depth_ = 0;
  }
  wbxml::Writer& writer_;
  std::uint16_t version_;
  wbxml::Tag held_ = 0;
  int depth_ = 0, left_out_ = 0, place_depth_ = 0;
  bool in_name_ = false, named_ = false;
};

/// The children of one exception.
class ChildCopier final : public Copier {
 public:
  ChildCopier(wbxml::Writer& writer, std::uint16_t version, std::uint32_t wanted, const ExceptionChildren& children)
      : Copier(writer, version), wanted_(wanted), children_(children) {}

 private:
  bool takes(wbxml::Tag tag, int depth) override {
    if (depth == kException) return count_++ == wanted_;
    return depth != kField || (!names_exception(tag) && children_.wants(tag));
  }
  int unwritten() const override { return kException; }
  std::uint32_t wanted_, count_ = 0;
  const ExceptionChildren& children_;
};

/// Every exception but one.
class ListCopier final : public Copier {
 public:
  ListCopier(wbxml::Writer& writer, bool any, std::uint32_t but, std::uint16_t version = 0)
      : Copier(writer, version), any_(any), but_(but) {}

 private:
  bool takes(wbxml::Tag, int depth) override { return depth != kException || !any_ || count_++ != but_; }
  int unwritten() const override { return 1; }
  bool any_;
  std::uint32_t but_, count_ = 0;
};

}  // namespace

bool names_exception(wbxml::Tag tag) { return tag == cal::kExceptionStartTime || tag == base::kInstanceId; }

wbxml::Tag naming_tag(std::uint16_t version) {
  return profile::below(version, 160) ? wbxml::Tag{cal::kExceptionStartTime} : wbxml::Tag{base::kInstanceId};
}

ExceptionFound find_exception(Bytes exceptions, std::int64_t original_ms) {
  Finder finder(original_ms);
  read(exceptions, finder);
  return finder.found;
}

void copy_exception(wbxml::Writer& writer, Bytes exceptions, std::int64_t original_ms,
                    const ExceptionChildren& children, std::uint16_t version) {
  const ExceptionFound found = find_exception(exceptions, original_ms);
  if (!found.there) return;
  ChildCopier copier(writer, version, found.number, children);
  read(exceptions, copier);
}

void patch_exceptions(wbxml::Writer& writer, Bytes exceptions, std::int64_t original_ms, Bytes patch) {
  const ExceptionFound old = find_exception(exceptions, original_ms);
  writer.open(cal::kExceptions);
  ListCopier others(writer, old.there, old.number);
  read(exceptions, others);
  ListCopier mine(writer, false, 0);
  read(patch, mine);
  writer.close();
}

void put_exceptions(wbxml::Writer& writer, Bytes exceptions, std::uint16_t version) {
  writer.open(cal::kExceptions);
  ListCopier all(writer, false, 0, version);
  read(exceptions, all);
  writer.close();
}

}  // namespace handsync::items
