// check() of pox.h: one linear pass that decides whether an XML parser may see the answer at all. Each rule stands for
// a fault that XML parsers have had: nesting that exhausts the stack, entity definitions, character references that
// overflow, reading past an unterminated construct.
#include "autodiscover/pox.h"
#include "wbxml/utf8.h"

namespace handsync::autodiscover {
namespace {

constexpr std::size_t kReferenceDigitsMax = 7;

bool is_control(char value) {
  const auto byte = static_cast<unsigned char>(value);
  return (byte < 0x20 && byte != '\t' && byte != '\r' && byte != '\n') || byte == 0x7F;
}

/// `digits` of a numeric reference name a character that XML may hold.
bool names_character(Text digits, bool hex) {
  if (digits.empty() || digits.size() > kReferenceDigitsMax) return false;
  std::uint32_t value = 0;
  for (char digit : digits) {
    std::uint32_t one = 0;
    if (digit >= '0' && digit <= '9') {
      one = static_cast<std::uint32_t>(digit - '0');
    } else if (hex && digit >= 'a' && digit <= 'f') {
      one = static_cast<std::uint32_t>(digit - 'a' + 10);
    } else if (hex && digit >= 'A' && digit <= 'F') {
      one = static_cast<std::uint32_t>(digit - 'A' + 10);
    } else {
      return false;
    }
    value = value * (hex ? 16 : 10) + one;
  }
  if (value < 0x20) return value == '\t' || value == '\r' || value == '\n';
  return value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF) && value != 0xFFFE && value != 0xFFFF;
}

/// Every numeric reference, wherever it stands: a parser may see one where this pass does not. Linear, as a reference
/// that is not closed within kReferenceDigitsMax is an answer already.
Status check_references(Text xml) {
  for (std::size_t i = 0; i + 1 < xml.size(); ++i) {
    if (xml[i] != '&' || xml[i + 1] != '#') continue;
    const bool hex = i + 2 < xml.size() && (xml[i + 2] == 'x' || xml[i + 2] == 'X');
    const Text rest = xml.substr(i + (hex ? 3 : 2)).substr(0, kReferenceDigitsMax + 1);
    const std::size_t end = rest.find(';');
    if (end == Text::npos || !names_character(rest.substr(0, end), hex)) {
      return fault(Fault::kForbidden, static_cast<std::uint32_t>(i));
    }
  }
  return Done{};
}

/// Walks from construct to construct; each step consumes at least one byte.
class Scan {
 public:
  explicit Scan(Text xml) : xml_(xml) {}

  Status run() {
    while (at_ < xml_.size()) {
      if (xml_[at_] != '<') {
        ++at_;
        continue;
      }
      HANDSYNC_TRY(markup());
    }
    if (depth_ != 0 || !any_) return wrong(Fault::kNotXml);
    return Done{};
  }

 private:
  Status wrong(Fault code) const { return fault(code, static_cast<std::uint32_t>(at_)); }
  bool here(Text text) const { return xml_.substr(at_, text.size()) == text; }
  Status skip_past(Text end) {
    const std::size_t found = xml_.find(end, at_);
    if (found == Text::npos) return wrong(Fault::kNotXml);
    at_ = found + end.size();
    return Done{};
  }

  Status markup() {
    if (here("<!--")) {
      at_ += 4;
      return skip_past("-->");
    }
    if (here("<![CDATA[")) {
      at_ += 9;
      return skip_past("]]>");
    }
    if (here("<!")) return wrong(Fault::kForbidden);
    if (here("<?")) {
      at_ += 2;
      return skip_past("?>");
    }
    if (here("</")) {
      if (depth_ == 0) return wrong(Fault::kNotXml);
      --depth_;
      at_ += 2;
      return skip_past(">");
    }
    return element();
  }

  Status element() {
    ++at_;
    any_ = true;
    char quote = 0;
    bool slash = false;
    for (; at_ < xml_.size(); ++at_) {
      const char value = xml_[at_];
      if (value == '<') return wrong(Fault::kNotXml);
      if (quote != 0) {
        if (value == quote) quote = 0;
        slash = false;
        continue;
      }
      if (value == '>') {
        ++at_;
        if (!slash && ++depth_ > kAnswerDepthMax) return wrong(Fault::kTooDeep);
        return Done{};
      }
      if (value == '"' || value == '\'') quote = value;
      slash = value == '/';
    }
    return wrong(Fault::kNotXml);
  }

  Text xml_;
  std::size_t at_ = 0, depth_ = 0;
  bool any_ = false;
};

}  // namespace

Status check(Text xml) {
  if (xml.size() > kAnswerBytesMax) return fault(Fault::kTooLarge, static_cast<std::uint32_t>(xml.size()));
  for (std::size_t i = 0; i < xml.size(); ++i) {
    if (is_control(xml[i])) return fault(Fault::kForbidden, static_cast<std::uint32_t>(i));
  }
  if (!wbxml::is_utf8(xml)) return fault(Fault::kNotUtf8);
  HANDSYNC_TRY(check_references(xml));
  return Scan(xml).run();
}

}  // namespace handsync::autodiscover
