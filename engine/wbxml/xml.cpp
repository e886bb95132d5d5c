#include "wbxml/xml.h"

#include "wbxml/code_pages.h"

namespace handsync::wbxml {
namespace {

constexpr Text kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// How a byte stands in XML text; empty: as it is.
Text escape(std::uint8_t value) {
  switch (value) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '\r':
      return "&#13;";  // a bare one would be read as a line feed
    case '\t':
    case '\n':
      return {};
    default:
      return value < 0x20 || value == 0x7F ? kReplacement : Text();
  }
}

}  // namespace

bool is_secret_tag(Tag tag) {
  return tag == settings::kDevicePassword || tag == settings::kPassword || tag == search::kPassword ||
         tag == item_operations::kPassword;
}

Status XmlSink::open(Tag tag) {
  if (depth_ == kDepthMax) return Error{Domain::kWbxml, static_cast<std::int32_t>(Fault::kDepth), 0};
  if (depth_ > 0) HANDSYNC_TRY(begin_content(Content::kElements));
  if (style_.indent && depth_ > 0) HANDSYNC_TRY(line(depth_));
  HANDSYNC_TRY(out_->put("<"));
  HANDSYNC_TRY(name(tag));
  if (depth_ == 0 || page_of(levels_[depth_ - 1].tag) != page_of(tag)) {
    HANDSYNC_TRY(out_->put(" xmlns=\""));
    if (const Text known = page_name(page_of(tag)); !known.empty()) {
      HANDSYNC_TRY(out_->put(known));
    } else {
      const std::uint8_t page = page_of(tag);
      const char digits[] = {static_cast<char>('0' + page / 100), static_cast<char>('0' + page / 10 % 10),
                             static_cast<char>('0' + page % 10)};
      HANDSYNC_TRY(out_->put("Page"));
      HANDSYNC_TRY(out_->put(page < 100 ? Text(digits + 1, 2) : Text(digits, 3)));
    }
    HANDSYNC_TRY(out_->put("\""));
  }
  levels_[depth_++] = Level{tag, Content::kNone};
  open_tag_ = true;
  return Done{};
}

Status XmlSink::text(Bytes piece, bool opaque) {
  if (depth_ == 0 || piece.empty()) return Done{};
  const Tag tag = levels_[depth_ - 1].tag;
  const Content content = levels_[depth_ - 1].content;
  if (content == Content::kNone || content == Content::kElements) {
    if (style_.masked != nullptr && style_.masked(tag)) {
      HANDSYNC_TRY(begin_content(Content::kMasked));
      return out_->put("***");
    }
    const bool bytes = is_opaque_tag(tag) || tag_name(tag).empty();
    HANDSYNC_TRY(begin_content(!opaque ? Content::kText : bytes ? Content::kBase64 : Content::kOpaqueText));
  }
  switch (levels_[depth_ - 1].content) {
    case Content::kMasked:
      return Done{};
    case Content::kBase64:
      return base64(piece);
    default:
      return checked(piece);
  }
}

Status XmlSink::close(Tag tag) {
  if (depth_ == 0) return Done{};
  HANDSYNC_TRY(rest());
  const Content content = levels_[--depth_].content;
  if (open_tag_) {
    open_tag_ = false;
    return out_->put("/>");
  }
  if (style_.indent && content == Content::kElements) HANDSYNC_TRY(line(depth_));
  HANDSYNC_TRY(out_->put("</"));
  HANDSYNC_TRY(name(tag));
  return out_->put(">");
}

// Ends the start tag of the innermost element, whose content is now known.
Status XmlSink::begin_content(Content content) {
  HANDSYNC_TRY(rest());
  levels_[depth_ - 1].content = content;
  if (!open_tag_) return Done{};
  open_tag_ = false;
  if (content == Content::kBase64) return out_->put(" opaque=\"base64\">");
  if (content == Content::kOpaqueText) return out_->put(" opaque=\"text\">");
  return out_->put(">");
}

Status XmlSink::line(std::size_t level) {
  HANDSYNC_TRY(out_->put("\n"));
  for (std::size_t i = 0; i < level; ++i) HANDSYNC_TRY(out_->put("  "));
  return Done{};
}

Status XmlSink::name(Tag tag) {
  if (const Text known = tag_name(tag); !known.empty()) return out_->put(known);
  constexpr char kDigits[] = "0123456789ABCDEF";
  const char unknown[] = {'T', 'o', 'k', 'e', 'n', kDigits[token_of(tag) >> 4], kDigits[token_of(tag) & 0xF]};
  return out_->put(Text(unknown, sizeof unknown));
}

// Writes what is whole UTF-8; keeps a character that the piece cuts; replaces what is broken (only opaque data can be).
Status XmlSink::checked(Bytes piece) {
  while (!piece.empty()) {
    const bool continues = rest_bytes_ != 0;
    const Bytes look = continues ? piece.first(1) : piece;
    const std::size_t good = utf8_length(look, utf8_);
    if (continues) {
      if (good == 1) {
        rest_[rest_bytes_++] = static_cast<std::uint8_t>(look[0]);
        piece = piece.subspan(1);
        if (utf8_ != 0) continue;
        HANDSYNC_TRY(out_->put(Text(reinterpret_cast<const char*>(rest_), rest_bytes_)));
      } else {
        HANDSYNC_TRY(out_->put(kReplacement));
      }
      rest_bytes_ = 0;
      utf8_ = 0;
      continue;
    }
    std::size_t whole = good;
    if (utf8_ != 0) {
      do {
        --whole;
      } while ((static_cast<std::uint8_t>(piece[whole]) & 0xC0) == 0x80);
    }
    HANDSYNC_TRY(escaped(piece.first(whole)));
    if (good == piece.size()) {
      for (std::size_t i = whole; i < good; ++i) rest_[rest_bytes_++] = static_cast<std::uint8_t>(piece[i]);
      break;
    }
    HANDSYNC_TRY(out_->put(kReplacement));
    piece = piece.subspan(whole == good ? good + 1 : good);
    utf8_ = 0;
  }
  return Done{};
}

Status XmlSink::escaped(Bytes run) {
  std::size_t from = 0;
  for (std::size_t i = 0; i < run.size(); ++i) {
    const Text instead = escape(static_cast<std::uint8_t>(run[i]));
    if (instead.empty()) continue;
    if (i > from) HANDSYNC_TRY(out_->put(text_of(run.subspan(from, i - from))));
    HANDSYNC_TRY(out_->put(instead));
    from = i + 1;
  }
  return from < run.size() ? out_->put(text_of(run.subspan(from))) : Status(Done{});
}

Status XmlSink::base64(Bytes piece) {
  for (const std::byte value : piece) {
    rest_[rest_bytes_++] = static_cast<std::uint8_t>(value);
    if (rest_bytes_ == 3) HANDSYNC_TRY(base64_group());
  }
  return Done{};
}

Status XmlSink::base64_group() {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::uint32_t bits = static_cast<std::uint32_t>(rest_[0]) << 16 |
                             (rest_bytes_ > 1 ? static_cast<std::uint32_t>(rest_[1]) << 8 : 0) |
                             (rest_bytes_ > 2 ? rest_[2] : 0u);
  const char group[] = {kAlphabet[bits >> 18], kAlphabet[bits >> 12 & 0x3F],
                        rest_bytes_ > 1 ? kAlphabet[bits >> 6 & 0x3F] : '=',
                        rest_bytes_ > 2 ? kAlphabet[bits & 0x3F] : '='};
  rest_bytes_ = 0;
  return out_->put(Text(group, sizeof group));
}

// What a text or opaque data leaves when it ends.
Status XmlSink::rest() {
  if (rest_bytes_ == 0) return Done{};
  if (levels_[depth_ - 1].content == Content::kBase64) return base64_group();
  rest_bytes_ = 0;
  utf8_ = 0;
  return out_->put(kReplacement);
}

}  // namespace handsync::wbxml
