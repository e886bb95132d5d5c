#include "items/search_text.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace handsync::items {
namespace {

/// Bytes of the character that begins with this one; 1 also for what begins none.
std::uint8_t length_of(std::uint8_t lead) { return lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1; }

char32_t value_of(const char* bytes, std::size_t count) {
  const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<std::uint8_t>(bytes[i])); };
  if (count == 3) return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
  if (count == 4) return (byte(0) & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
  return 0;
}

bool stands_alone(char32_t c) {
  return (c >= 0x0E00 && c <= 0x0EFF) || (c >= 0x1000 && c <= 0x109F) || (c >= 0x1780 && c <= 0x17FF) ||
         (c >= 0x3041 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7A3) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x3FFFF);
}

bool is_blank(char c) { return static_cast<std::uint8_t>(c) <= ' ' || c == 0x7F; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_alphanumeric(char c) { return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9'); }

/// Elements that may stand within a word, in order.
constexpr Text kInline[] = {"a",      "abbr",   "acronym", "b",    "big", "del", "em",    "font",
                            "i",      "ins",    "kbd",     "mark", "o:p", "s",   "small", "span",
                            "strike", "strong", "sub",     "sup",  "tt",  "u",   "wbr"};
static_assert(std::is_sorted(std::begin(kInline), std::end(kInline)));

bool is_hidden(Text name) { return name == "script" || name == "style" || name == "title"; }

/// Of U+00C0 to U+00FF, in order.
constexpr Text kLatinNames =
    "Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde "
    "Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc "
    "atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc "
    "otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";

/// What an entity of that name means; 0: not known here.
char32_t named(Text name) {
  struct Known {
    Text name;
    char32_t value;
  };
  static constexpr Known kKnown[] = {{"nbsp", ' '}, {"amp", '&'},  {"lt", '<'},
                                     {"gt", '>'},   {"quot", '"'}, {"apos", '\''}};
  for (const Known& known : kKnown) {
    if (known.name == name) return known.value;
  }
  char32_t value = 0xC0;
  for (std::size_t at = 0; at < kLatinNames.size(); ++value) {
    std::size_t end = kLatinNames.find(' ', at);
    if (end == Text::npos) end = kLatinNames.size();
    if (kLatinNames.substr(at, end - at) == name) return value;
    at = end + 1;
  }
  return 0;
}

char32_t numbered(Text digits) {
  const bool hexadecimal = !digits.empty() && lower(digits[0]) == 'x';
  if (hexadecimal) digits = digits.substr(1);
  char32_t value = 0;
  for (const char raw : digits) {
    const char c = lower(raw);
    const int digit = c >= '0' && c <= '9' ? c - '0' : hexadecimal && c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return 0;
    value = value * (hexadecimal ? 16 : 10) + static_cast<char32_t>(digit);
    if (value > 0x10FFFF) return 0;
  }
  return value >= 0xD800 && value <= 0xDFFF ? 0 : value;
}

}  // namespace

bool SearchText::put(const char* bytes, std::size_t count) {
  const bool fits = !full_ && count <= room_.size() - size_;
  if (full_) return false;
  if (!fits) count = room_.size() - size_;
  if (count != 0) std::memcpy(room_.data() + size_, bytes, count);
  size_ += count;
  if (fits) return true;
  full_ = true;
  // The last character, which may have come in two pieces, is whole or not there.
  std::size_t tail = 0;
  while (tail < size_ && (static_cast<std::uint8_t>(room_[size_ - 1 - tail]) & 0xC0) == 0x80) ++tail;
  if (tail == size_ || length_of(static_cast<std::uint8_t>(room_[size_ - 1 - tail])) != tail + 1) {
    size_ -= tail == size_ ? tail : tail + 1;
  }
  return false;
}

void SearchText::gap() {
  held_size_ = 0;
  if (size_ != 0 && room_[size_ - 1] != ' ') static_cast<void>(put(" ", 1));
}

void SearchText::feed(Text piece) {
  std::size_t at = 0;
  while (at < piece.size() && !full_) {
    if (held_size_ == 0) {
      // What takes one or two bytes stands as it is, with single blanks: copied in runs.
      std::size_t end = at;
      char before = size_ == 0 ? ' ' : room_[size_ - 1];
      for (; end < piece.size(); before = piece[end++]) {
        const auto c = static_cast<std::uint8_t>(piece[end]);
        if (c > ' ' ? c >= 0xE0 || c == 0x7F : c != ' ' || before == ' ') break;
      }
      if (end != at) {
        static_cast<void>(put(piece.data() + at, end - at));
        at = end;
        continue;
      }
      if (is_blank(piece[at])) {
        gap();
        ++at;
        continue;
      }
      held_wants_ = length_of(static_cast<std::uint8_t>(piece[at]));
    } else if ((static_cast<std::uint8_t>(piece[at]) & 0xC0) != 0x80) {
      held_size_ = 0;  // a character that was cut off: no text
      continue;
    }
    held_[held_size_++] = piece[at++];
    if (held_size_ < held_wants_) continue;
    const std::uint8_t size = held_size_;
    held_size_ = 0;
    if (stands_alone(value_of(held_, size))) {
      gap();
      if (put(held_, size)) static_cast<void>(put(" ", 1));
    } else {
      static_cast<void>(put(held_, size));
    }
  }
}

void SearchText::character(char32_t c) {
  char bytes[4];
  std::size_t count = 0;
  const auto low = [&](int shift) { bytes[count++] = static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) {
    bytes[count++] = static_cast<char>(c);
  } else if (c < 0x800) {
    bytes[count++] = static_cast<char>(0xC0 | c >> 6);
    low(0);
  } else if (c < 0x10000) {
    bytes[count++] = static_cast<char>(0xE0 | c >> 12);
    low(6);
    low(0);
  } else {
    bytes[count++] = static_cast<char>(0xF0 | c >> 18);
    low(12);
    low(6);
    low(0);
  }
  feed(Text(bytes, count));
}

void HtmlWords::entity_done(bool whole) {
  state_ = State::kText;
  const Text name(name_, name_size_);
  const char32_t value = name.empty() ? 0 : name[0] == '#' ? numbered(name.substr(1)) : named(name);
  if (value == 0xA0 || (value != 0 && value < ' ')) {
    out_.gap();
  } else if (value == 0xAD) {
    return;  // a soft hyphen is none
  } else if (value != 0) {
    out_.character(value);
  } else {  // an ampersand that is one
    out_.gap();
    out_.feed(name);
    if (whole) out_.gap();
  }
}

/// The name of a tag is known.
void HtmlWords::name_done() {
  naming_ = false;
  const Text name(name_, name_size_);
  if (hidden_[0] != '\0') {
    if (closing_ && name == Text(hidden_)) hidden_[0] = '\0';
    return;
  }
  if (!closing_ && is_hidden(name)) {
    std::memcpy(hidden_, name.data(), name.size());
    hidden_[name.size()] = '\0';
  }
  if (!std::binary_search(std::begin(kInline), std::end(kInline), name)) out_.gap();
}

void HtmlWords::feed(Text piece) {
  for (std::size_t at = 0; at < piece.size() && !out_.full();) {
    const char c = piece[at];
    switch (state_) {
      case State::kText: {
        const bool hidden = hidden_[0] != '\0';
        std::size_t end = at;
        while (end < piece.size() && piece[end] != '<' && (hidden || piece[end] != '&')) ++end;
        if (end != at) {
          if (!hidden) out_.feed(piece.substr(at, end - at));
          at = end;
          continue;
        }
        name_size_ = 0;
        state_ = c == '<' ? State::kTagBegin : State::kEntity;
        break;
      }
      case State::kEntity:
        if (c == ';') {
          entity_done(true);
        } else if ((is_alphanumeric(c) || c == '#') && name_size_ < sizeof name_) {
          name_[name_size_++] = c;
        } else {
          entity_done(false);
          continue;
        }
        break;
      case State::kTagBegin:
        closing_ = c == '/';
        naming_ = true;
        dashes_ = 0;
        if (hidden_[0] != '\0' && !closing_) {  // of a script: less than
          state_ = State::kText;
          continue;
        }
        if (c == '!' || c == '?') {
          state_ = State::kDeclaration;
        } else if (closing_ || is_alphanumeric(c)) {
          state_ = State::kTag;
          if (!closing_) continue;
        } else {  // a sign, not a tag
          state_ = State::kText;
          out_.gap();
          continue;
        }
        break;
      case State::kTag:
        if (naming_) {
          if ((is_alphanumeric(c) || c == ':') && name_size_ < sizeof hidden_ - 1) {
            name_[name_size_++] = lower(c);
            break;
          }
          // A longer name is none of those that are told apart; no prefix of it may pass for one.
          if (is_alphanumeric(c)) name_[0] = '-';
          name_done();
        }
        while (piece[at] != '>' && piece[at] != '"' && piece[at] != '\'') {
          if (++at == piece.size()) return;
        }
        if (piece[at] == '>') {
          state_ = State::kText;
        } else {
          quote_ = piece[at];
          state_ = State::kQuoted;
        }
        break;
      case State::kQuoted:
        at = piece.find(quote_, at);
        if (at == Text::npos) return;
        state_ = State::kTag;
        break;
      case State::kDeclaration:
        if (c == '-' && dashes_ < 2) {
          if (++dashes_ == 2) {
            state_ = State::kComment;
            dashes_ = 0;
          }
        } else if (c == '>') {
          state_ = State::kText;
        } else {
          dashes_ = 2;  // no comment any more
        }
        break;
      case State::kComment:
        if (c == '>' && dashes_ >= 2) state_ = State::kText;
        dashes_ = c == '-' ? static_cast<std::uint8_t>(dashes_ < 2 ? dashes_ + 1 : 2) : 0;
        break;
    }
    ++at;
  }
}

}  // namespace handsync::items
