/// Header fields of a message we write (RFC 5322), folded at 76 columns, with what is not ASCII as encoded words (RFC
/// 2047) or parameter values (RFC 2231). Pure; pieces of a few bytes go to the sink, nothing is kept.
#pragma once
#include "handsync/base.h"

namespace handsync::items {

/// Why something cannot stand in a message: codes of Domain::kEngine.
enum class MimeFault : std::int32_t {
  kBadAddress = 60,   ///< no NAME@DOMAIN in ASCII; where = its number in the list, from 1
  kControlCharacter,  ///< CR, LF, NUL or another one in a header: it would begin a field of its own
  kNotUtf8,           ///< a text that is not UTF-8
  kTooLong,           ///< a name of more than 255 bytes
  kNoRecipient,
  kWrongOrder,  ///< text, then HTML, then attachments
};
constexpr Error mime_fault(MimeFault code, std::uint32_t where = 0) {
  return Error{Domain::kEngine, static_cast<std::int32_t>(code), where};
}

struct TextSink {
  virtual Status put(Text) = 0;

 protected:
  ~TextSink() = default;
};

/// `Name <a@b.c>, d@e.f`, separated by commas or semicolons, names quoted or not. Takes the next one off `list`; false:
/// there is none. `name` as it was given, quotes and all; `address` is checked.
struct Mailbox {
  Text name, address;
};
Result<bool> next_mailbox(Text& list, Mailbox& mailbox);
/// How many there are; the first fault of any.
Result<std::uint32_t> count_mailboxes(Text list);

/// One field after the other: begin, content, end. The first fault is kept and nothing is written after it.
class HeaderWriter {
 public:
  explicit HeaderWriter(TextSink& sink) : sink_(sink) {}
  HeaderWriter& begin(Text name);
  HeaderWriter& token(Text ascii);        ///< folded before it where it does not fit
  HeaderWriter& unstructured(Text utf8);  ///< of a Subject
  HeaderWriter& mailboxes(Text list);     ///< of From, To, Cc, Bcc
  HeaderWriter& parameter(Text name, Text utf8);
  HeaderWriter& end();
  Status status() const { return error_ ? Status(error_) : Status(Done{}); }

 private:
  void put(Text);
  void fold_for(std::size_t bytes);
  void encoded_words(Text utf8);
  void phrase(Text name);
  bool sound(Text);
  TextSink& sink_;
  std::size_t column_ = 0;
  Error error_{};
};

FixedText<32> rfc5322_date(std::int64_t wall_ms);  ///< Wed, 25 Nov 2026 09:53:06 +0000

/// Base64 of at most 57 bytes: one line of a body, without its end. Returns the characters written, at most 76.
std::size_t base64_line(Bytes, char (&out)[76]);

}  // namespace handsync::items
