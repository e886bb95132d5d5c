#include "items/mime_header.h"

#include "items/datetime.h"
#include "wbxml/utf8.h"

namespace handsync::items {
namespace {

constexpr std::size_t kColumns = 76;          // RFC 5322 2.1.1 recommends at most 78
constexpr std::size_t kWordBytesMax = 900;    // and demands at most 998
constexpr std::size_t kEncodedBytesMax = 45;  // of text in one encoded word: 60 characters of base64, 72 in all
constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kSegmentMax = 60;  // of a parameter's value in one piece

bool is_ascii(Text text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

Text trimmed(Text text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_alphanumeric(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// What a display name may consist of without quotes (RFC 5322 3.2.3), and the blank between its words.
bool is_phrase(Text text) {
  for (char c : text) {
    if (!is_alphanumeric(c) && Text(" !#$%&'*+-/=?^_`{|}~").find(c) == Text::npos) return false;
  }
  return true;
}

bool is_address(Text text) {
  const std::size_t at = text.find('@');
  if (at == 0 || at == Text::npos || at + 1 == text.size() || text.size() > 254) return false;
  if (text.find('@', at + 1) != Text::npos) return false;
  for (char c : text) {
    if (c <= ' ' || c > '~' || Text("<>()[]\\,;:\"").find(c) != Text::npos) return false;
  }
  return true;
}

/// The longest beginning of at most so many bytes that ends with a whole character.
Text beginning(Text text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

}  // namespace

Result<bool> next_mailbox(Text& list, Mailbox& mailbox) {
  for (;;) {
    std::size_t end = 0;
    bool quoted = false, in_angle = false;
    for (; end < list.size(); ++end) {
      const char c = list[end];
      if (quoted && c == '\\') {
        ++end;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (!quoted && c == '<') {
        in_angle = true;
      } else if (!quoted && c == '>') {
        in_angle = false;
      } else if (!quoted && !in_angle && (c == ',' || c == ';')) {
        break;
      }
    }
    if (end > list.size()) end = list.size();
    const Text one = trimmed(list.substr(0, end));
    const bool last = end >= list.size();
    list = last ? Text() : list.substr(end + 1);
    if (one.empty()) {
      if (last) return false;
      continue;
    }
    if (quoted || in_angle) return mime_fault(MimeFault::kBadAddress);
    const std::size_t open = one.back() == '>' ? one.rfind('<') : Text::npos;
    mailbox.name = open == Text::npos ? Text() : trimmed(one.substr(0, open));
    mailbox.address = open == Text::npos ? one : trimmed(one.substr(open + 1, one.size() - open - 2));
    if (!is_address(mailbox.address)) return mime_fault(MimeFault::kBadAddress);
    return true;
  }
}

Result<std::uint32_t> count_mailboxes(Text list) {
  std::uint32_t count = 0;
  for (Mailbox mailbox;;) {
    const Result<bool> next = next_mailbox(list, mailbox);
    if (!next.ok()) return Error{next.error().domain, next.error().code, count + 1};
    if (!next.value()) return count;
    ++count;
  }
}

void HeaderWriter::put(Text text) {
  if (error_ || text.empty()) return;
  if (Status written = sink_.put(text); !written.ok()) error_ = written.error();
  column_ += text.size();
}

/// A line end and a blank, or a blank, before something of that many bytes.
void HeaderWriter::fold_for(std::size_t bytes) {
  if (column_ > 1 && column_ + 1 + bytes > kColumns) {
    put("\r\n ");
    column_ = 1;
  } else if (column_ > 1) {
    put(" ");
  }
}

/// Nothing that could end the field or the message.
bool HeaderWriter::sound(Text text) {
  if (error_) return false;
  if (!wbxml::is_utf8(text)) error_ = mime_fault(MimeFault::kNotUtf8);
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7F) error_ = mime_fault(MimeFault::kControlCharacter);
  }
  return !error_;
}

HeaderWriter& HeaderWriter::begin(Text name) {
  column_ = 0;
  put(name);
  put(":");
  return *this;
}

HeaderWriter& HeaderWriter::end() {
  put("\r\n");
  column_ = 0;
  return *this;
}

HeaderWriter& HeaderWriter::token(Text ascii) {
  if (!sound(ascii)) return *this;
  fold_for(ascii.size());
  put(ascii);
  return *this;
}

void HeaderWriter::encoded_words(Text text) {
  while (!text.empty()) {
    const Text piece = beginning(text, kEncodedBytesMax);
    text.remove_prefix(piece.size());
    char line[76];
    const std::size_t size = base64_line(bytes_of(piece), line);
    fold_for(size + 12);
    put("=?UTF-8?B?");
    put(Text(line, size));
    put("?=");
  }
}

HeaderWriter& HeaderWriter::unstructured(Text text) {
  if (!sound(text)) return *this;
  text = trimmed(text);
  bool encode = !is_ascii(text) || text.find("=?") != Text::npos;
  for (std::size_t i = 0, length = 0; i < text.size(); ++i) {
    length = is_blank(text[i]) ? 0 : length + 1;
    encode |= length > kWordBytesMax;
  }
  if (encode) {
    encoded_words(text);
    return *this;
  }
  // Each word with the blanks before it, which become the beginning of the next line where it is folded.
  bool first = true;
  while (!text.empty()) {
    std::size_t blanks = 0;
    while (is_blank(text[blanks])) ++blanks;
    std::size_t end = blanks;
    while (end < text.size() && !is_blank(text[end])) ++end;
    if (first) {
      put(" ");
    } else if (column_ + end > kColumns) {
      put("\r\n");
      column_ = 0;
    }
    put(text.substr(0, end));
    text.remove_prefix(end);
    first = false;
  }
  return *this;
}

void HeaderWriter::phrase(Text name) {
  // Out of its quotes first: what is not ASCII is encoded without them.
  char plain[kNameBytesMax];
  std::size_t size = 0;
  const bool quoted = name.size() >= 2 && name.front() == '"' && name.back() == '"';
  if (quoted) name = name.substr(1, name.size() - 2);
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (quoted && name[i] == '\\' && i + 1 < name.size()) ++i;
    if (size == sizeof plain) {
      error_ = mime_fault(MimeFault::kTooLong);
      return;
    }
    plain[size++] = name[i];
  }
  const Text text(plain, size);
  if (text.empty()) return;
  if (!is_ascii(text) || text.find("=?") != Text::npos) return encoded_words(text);
  if (is_phrase(text)) {
    fold_for(text.size());
    return put(text);
  }
  fold_for(text.size() + 2);
  put("\"");
  for (char c : text) {
    if (c == '"' || c == '\\') put("\\");
    put(Text(&c, 1));
  }
  put("\"");
}

HeaderWriter& HeaderWriter::mailboxes(Text list) {
  if (!sound(list)) return *this;
  std::uint32_t count = 0;
  for (Mailbox mailbox; !error_;) {
    const Result<bool> next = next_mailbox(list, mailbox);
    if (!next.ok()) {
      error_ = Error{next.error().domain, next.error().code, count + 1};
      break;
    }
    if (!next.value()) break;
    if (count++ != 0) put(",");
    phrase(mailbox.name);
    if (mailbox.name.empty()) {
      fold_for(mailbox.address.size());
      put(mailbox.address);
    } else {
      fold_for(mailbox.address.size() + 2);
      put("<");
      put(mailbox.address);
      put(">");
    }
  }
  return *this;
}

HeaderWriter& HeaderWriter::parameter(Text name, Text value) {
  if (!sound(value)) return *this;
  if (value.size() > kNameBytesMax) error_ = mime_fault(MimeFault::kTooLong);
  put(";");
  if (is_ascii(value) && value.size() <= kSegmentMax) {
    fold_for(name.size() + 3 + value.size());
    put(name);
    put("=\"");
    for (char c : value) {
      if (c == '"' || c == '\\') put("\\");
      put(Text(&c, 1));
    }
    put("\"");
    return *this;
  }
  // RFC 2231: pieces, numbered where there are several, each percent-encoded.
  std::size_t encoded = 0;
  for (char c : value) encoded += is_alphanumeric(c) || c == '.' || c == '-' || c == '_' ? 1 : 3;
  const bool several = encoded > kSegmentMax;
  for (unsigned segment = 0; !value.empty() && !error_; ++segment) {
    char text[kSegmentMax];
    std::size_t size = 0;
    while (!value.empty()) {
      const char c = value.front();
      const bool plain = is_alphanumeric(c) || c == '.' || c == '-' || c == '_';
      if (size + (plain ? 1 : 3) > sizeof text) break;
      if (plain) {
        text[size++] = c;
      } else {
        constexpr char kDigits[] = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        text[size++] = '%';
        text[size++] = kDigits[byte >> 4];
        text[size++] = kDigits[byte & 15];
      }
      value.remove_prefix(1);
    }
    if (segment != 0) put(";");
    fold_for(name.size() + size + 13);
    put(name);
    if (several) {
      char number[3] = {'*', static_cast<char>('0' + segment / 10), static_cast<char>('0' + segment % 10)};
      put("*");
      if (segment >= 10) put(Text(number + 1, 1));
      put(Text(number + 2, 1));
    }
    put("*=");
    if (segment == 0) put("UTF-8''");
    put(Text(text, size));
  }
  return *this;
}

FixedText<32> rfc5322_date(std::int64_t wall_ms) {
  constexpr Text kDays[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};  // 1970-01-01 was a Thursday
  constexpr Text kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const FixedText<24> iso = format_date_time(wall_ms < 0 ? 0 : wall_ms);  // 2026-11-25T09:53:06.000Z
  const Text text = iso.view();
  const auto day = static_cast<std::size_t>((wall_ms < 0 ? 0 : wall_ms) / 86'400'000 % 7);
  const auto month = static_cast<std::size_t>((text[5] - '0') * 10 + (text[6] - '0') - 1);
  char out[32];
  std::size_t size = 0;
  const Text parts[] = {kDays[day],        ", ", text.substr(8, 2),  " ",     kMonths[month % 12], " ",
                        text.substr(0, 4), " ",  text.substr(11, 8), " +0000"};
  for (Text part : parts) {
    for (char c : part) out[size++] = c;
  }
  FixedText<32> date;
  (void)date.assign(Text(out, size));
  return date;
}

std::size_t base64_line(Bytes bytes, char (&out)[76]) {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::size_t size = 0;
  for (std::size_t i = 0; i < bytes.size() && size + 4 <= sizeof out; i += 3) {
    const std::size_t left = bytes.size() - i;
    std::uint32_t word = std::to_integer<std::uint32_t>(bytes[i]) << 16;
    if (left > 1) word |= std::to_integer<std::uint32_t>(bytes[i + 1]) << 8;
    if (left > 2) word |= std::to_integer<std::uint32_t>(bytes[i + 2]);
    out[size++] = kAlphabet[word >> 18];
    out[size++] = kAlphabet[word >> 12 & 63];
    out[size++] = left > 1 ? kAlphabet[word >> 6 & 63] : '=';
    out[size++] = left > 2 ? kAlphabet[word & 63] : '=';
  }
  return size;
}

}  // namespace handsync::items
