/// Streaming WBXML reader: bytes are pushed in chunks of any size, events come out as they complete. No tree, no
/// allocation. One reader reads one document; use a new one (or reset()) for the next. Not thread-safe; one owner.
/// Implements the subset of WBXML 1.3 that MS-ASWBXML 2.1.1 uses. Reads tolerantly: unknown pages and tokens are
/// delivered like any other tag (the sink skips them), a string table is skipped, OPAQUE is accepted for any text.
#pragma once
#include "wbxml/tag.h"
#include "wbxml/utf8.h"

namespace handsync::wbxml {

/// What can be wrong with a document: Error{Domain::kWbxml, Fault, offset}. The offset is that of the first byte that
/// could not be accepted, whatever the chunks; for kTruncated it is the length of the document.
enum class Fault : std::int32_t {
  kTruncated = 1,      ///< the document ended inside an element, string or length (or is empty)
  kHeader,             ///< not WBXML 1.1..1.3, or a charset that is not UTF-8
  kDepth,              ///< nested deeper than kDepthMax
  kEndWithoutElement,  ///< an END where no element is open
  kAfterRoot,          ///< bytes after the root element
  kLength,             ///< a multi-byte integer of more than five bytes or beyond 32 bits
  kUtf8,               ///< an inline string that is not UTF-8 (written: or one that holds NUL)
  kToken,              ///< attributes, entities, extensions, processing instructions, literals, string-table references
  kTextOutside,        ///< text where no element is open
};

inline constexpr std::size_t kDepthMax = 32;  ///< EAS needs fewer than 20

/// Receives events. A returned error stops the reader for good and is what feed() returns.
class Sink {
 public:
  virtual Status open(Tag tag) = 0;  ///< an element begins; close() follows, also for an element without content
  /// A piece of text or opaque data of the innermost open element, in order, borrowed, never empty. A text may come in
  /// any number of pieces; an inline string (opaque = false) has been checked to be UTF-8 up to here (a character may
  /// be split between pieces).
  virtual Status text(Bytes piece, bool opaque) = 0;
  virtual Status close(Tag tag) = 0;

 protected:
  ~Sink() = default;
};

class Reader {
 public:
  explicit Reader(Sink& sink) : sink_(&sink) {}
  Status feed(Bytes chunk) {  ///< after an error: returns that error again
    const std::uint32_t held = offset_ - hold_from_;
    if (chunk.size() != 1 || held >= hold_limit_ || chunk[0] == std::byte{0}) return feed_chunk(chunk);
    hold_[held] = chunk[0];
    ++offset_;
    return Done{};
  }
  Status finish();  ///< the document has ended here: an error unless the root element is complete
  void reset();     ///< ready for another document, into the same sink
  /// Bytes consumed so far. Inside a sink's call: up to and with the token that is being delivered. After an error of
  /// the document: where it is wrong.
  std::uint32_t offset() const { return offset_; }
  std::size_t depth() const { return depth_; }  ///< open elements; inside open() and close() the element itself counts

 private:
  enum class State : std::uint8_t {
    kVersion,
    kPublicId,
    kPublicIdIndex,
    kCharset,
    kTableLength,
    kTable,
    kBody,
    kPage,
    kString,
    kOpaqueLength,
    kOpaque,
    kFailed
  };
  Status feed_chunk(Bytes chunk);
  // The rest answers false after a fault, which is in error_ then.
  bool flush();
  bool run(Bytes chunk);
  bool fail(Fault fault);
  bool passed(const Status& status);
  bool header(std::uint8_t value);
  bool body(const std::uint8_t*& at, const std::uint8_t* end);
  bool string(const std::uint8_t*& at, const std::uint8_t* end);
  bool integer(std::uint8_t value, bool& complete);

  Sink* sink_;
  State state_ = State::kVersion;
  std::uint8_t page_ = 0;
  std::uint8_t depth_ = 0;
  std::uint8_t integer_bytes_ = 0;
  bool root_done_ = false;
  std::uint32_t integer_ = 0;  ///< of a length being read; then what is left of the table or of the opaque data
  std::uint32_t offset_ = 0;
  Utf8State utf8_ = 0;
  // Single bytes of a text are held and looked at together: a source that drips costs a copy, not a call of the sink,
  // per byte.
  std::uint32_t hold_from_ = 0;   ///< offset of hold_[0]
  std::uint32_t hold_limit_ = 0;  ///< bytes that may be held, 0 outside of texts
  std::byte hold_[64]{};
  Error error_{};
  Tag open_[kDepthMax]{};
};

}  // namespace handsync::wbxml
