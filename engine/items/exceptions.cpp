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

/// Tells of every exception once it has ended.
class Visitor : public wbxml::Sink {
 public:
  std::uint32_t count = 0;

 protected:
  ~Visitor() = default;
  virtual void ended(const ExceptionFound&, std::int64_t original_ms) = 0;

 private:
  Status open(wbxml::Tag) override {
    if (++depth_ == kException) {
      named_ = false;
      one_ = {};
    }
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
      named_ = time.ok();
      if (named_) original_ms_ = time.value();
    }
    if (depth_ == kField) {
      one_.stamped |= tag == cal::kDtStamp;
      one_.timed |= tag == cal::kStartTime;
      one_.reminds |= tag == cal::kReminder;
    }
    if (depth_ == kField && tag == cal::kDeleted) one_.cancelled = value != "0";
    if (depth_ > kField && tag == base::kTruncated) one_.cut = value != "0";
    if (depth_-- == kException) {
      one_.there = true;
      one_.number = count++;
      if (named_) ended(one_, original_ms_);
    }
    size_ = 0;
    return Done{};
  }
  char value_[kTimeBytesMax];
  std::size_t size_ = 0;
  std::int64_t original_ms_ = 0;
  ExceptionFound one_;
  int depth_ = 0;
  bool named_ = false;
};

class Finder final : public Visitor {
 public:
  explicit Finder(std::int64_t original_ms) : original_ms_(original_ms) {}
  ExceptionFound found;
  std::int64_t next_cancelled_ms = INT64_MAX;  ///< after that start

 private:
  void ended(const ExceptionFound& one, std::int64_t original_ms) override {
    if (original_ms == original_ms_ && !found.there) found = one;
    if (one.cancelled && original_ms > original_ms_ && original_ms < next_cancelled_ms) next_cancelled_ms = original_ms;
  }
  std::int64_t original_ms_;
};

class Chooser final : public Visitor {
 public:
  Chooser(std::span<const Series> series, std::int64_t but_ms) : series_(series), but_ms_(but_ms) {}
  ExceptionChoice choice;

 private:
  void ended(const ExceptionFound& one, std::int64_t original_ms) override {
    if (original_ms == but_ms_ || one.number >= ExceptionChoice::kMax) return;
    for (const Series& each : series_) {
      if (!each.has(original_ms / 1000)) continue;
      const auto bit = static_cast<std::uint8_t>(1 << one.number % 8);
      choice.bits[one.number / 8] |= bit;
      if (!one.cut) choice.whole[one.number / 8] |= bit;
      ++choice.count;
      return;
    }
  }
  std::span<const Series> series_;
  std::int64_t but_ms_;
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

/// Of some exceptions what is wanted.
class ChoiceCopier final : public Copier {
 public:
  ChoiceCopier(wbxml::Writer& writer, std::uint16_t version, const ExceptionChoice& choice,
               const ExceptionChildren& children)
      : Copier(writer, version), choice_(choice), children_(children) {}

 private:
  bool takes(wbxml::Tag tag, int depth) override {
    if (depth == kException) return choice_.has(count_++);
    if (depth != kField || names_exception(tag)) return true;
    return children_.wants(tag) && (tag != base::kBody || choice_.is_whole(count_ - 1));
  }
  int unwritten() const override { return 1; }
  std::uint32_t count_ = 0;
  const ExceptionChoice& choice_;
  const ExceptionChildren& children_;
};

}  // namespace

void read_element(Bytes fragment, wbxml::Sink& sink) {
  if (fragment.empty()) return;
  wbxml::Reader reader(sink);
  if (reader.feed(std::as_bytes(std::span(kHead))).ok()) (void)reader.feed(fragment);
}

bool names_exception(wbxml::Tag tag) { return tag == cal::kExceptionStartTime || tag == base::kInstanceId; }

wbxml::Tag naming_tag(std::uint16_t version) {
  return profile::below(version, 160) ? wbxml::Tag{cal::kExceptionStartTime} : wbxml::Tag{base::kInstanceId};
}

ExceptionFound find_exception(Bytes exceptions, std::int64_t original_ms) {
  Finder finder(original_ms);
  read_element(exceptions, finder);
  return finder.found;
}

bool next_cancelled(Bytes exceptions, std::int64_t after_ms, std::int64_t& original_ms) {
  Finder finder(after_ms);
  read_element(exceptions, finder);
  if (finder.next_cancelled_ms == INT64_MAX) return false;
  original_ms = finder.next_cancelled_ms;
  return true;
}

void copy_exception(wbxml::Writer& writer, Bytes exceptions, std::int64_t original_ms,
                    const ExceptionChildren& children, std::uint16_t version) {
  const ExceptionFound found = find_exception(exceptions, original_ms);
  if (!found.there) return;
  ChildCopier copier(writer, version, found.number, children);
  read_element(exceptions, copier);
}

ExceptionChoice choose_exceptions(Bytes exceptions, std::span<const Series> series, std::int64_t but_ms) {
  Chooser chooser(series, but_ms);
  read_element(exceptions, chooser);
  return chooser.count > ExceptionChoice::kMax ? ExceptionChoice{} : chooser.choice;
}

void copy_exceptions(wbxml::Writer& writer, Bytes exceptions, const ExceptionChoice& choice,
                     const ExceptionChildren& children, std::uint16_t version) {
  ChoiceCopier copier(writer, version, choice, children);
  read_element(exceptions, copier);
}

void patch_exceptions(wbxml::Writer& writer, Bytes exceptions, std::int64_t original_ms, Bytes patch) {
  const ExceptionFound old = find_exception(exceptions, original_ms);
  writer.open(cal::kExceptions);
  ListCopier others(writer, old.there, old.number);
  read_element(exceptions, others);
  ListCopier mine(writer, false, 0);
  read_element(patch, mine);
  writer.close();
}

void put_exceptions(wbxml::Writer& writer, Bytes exceptions, std::uint16_t version) {
  writer.open(cal::kExceptions);
  ListCopier all(writer, false, 0, version);
  read_element(exceptions, all);
  writer.close();
}

}  // namespace handsync::items
