/// The words of a text as full-text search takes them, from pieces cut anywhere, in room that is given and not
/// exceeded. Pure; any thread.
#pragma once
#include "handsync/base.h"

namespace handsync::items {

/// Gathers text. Characters of scripts that write no blanks between words (Han, kana, Hangul, Thai and its neighbours)
/// stand alone, so that a word of those is found as the phrase of its characters, wherever it stands. Control
/// characters become blanks.
class SearchText {
 public:
  explicit SearchText(std::span<char> room) : room_(room) {}
  void feed(Text piece);
  void character(char32_t);
  void gap();                          ///< what follows is another word
  bool full() const { return full_; }  ///< more is left out, from a whole character on
  Text view() const { return {room_.data(), size_}; }

 private:
  bool put(const char* bytes, std::size_t count);
  std::span<char> room_;
  std::size_t size_ = 0;
  char held_[4]{};  // of a character that goes on in the next piece
  std::uint8_t held_size_ = 0, held_wants_ = 0;
  bool full_ = false;
};

/// The words of an HTML document: what is between the tags, without that of scripts and styles, with entities (those of
/// HTML 4 for Latin-1 and by number) as the characters they mean. Damaged HTML gives some words, never a fault.
class HtmlWords {
 public:
  explicit HtmlWords(SearchText& out) : out_(out) {}
  void feed(Text piece);

 private:
  enum class State : std::uint8_t { kText, kEntity, kTagBegin, kTag, kQuoted, kDeclaration, kComment };
  void name_done();
  void entity_done(bool whole);
  SearchText& out_;
  State state_ = State::kText;
  char name_[12]{};  // of a tag or an entity
  std::uint8_t name_size_ = 0;
  std::uint8_t dashes_ = 0;  // of a comment's beginning or end
  char quote_ = 0;
  bool closing_ = false, naming_ = false;
  char hidden_[8]{};  // the element whose content is no text; empty: none
};

}  // namespace handsync::items
