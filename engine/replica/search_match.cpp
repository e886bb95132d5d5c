/// What a person looks for, as FTS5 takes it.
#include "replica/search_index.h"
#include "wbxml/utf8.h"

namespace handsync::replica {
namespace {

constexpr std::size_t kWordsMax = 32, kWordBytesMax = 128;
constexpr std::size_t kBeginningBytesMin = 3;  ///< a shorter one begins too many words

bool is_blank(char c) { return static_cast<std::uint8_t>(c) <= ' ' || c == 0x7F; }

}  // namespace

std::size_t write_match(Text words, std::span<char> room) {
  std::size_t size = 0;
  std::size_t at = 0;
  const auto skip = [&] {
    while (at < words.size() && is_blank(words[at])) ++at;
  };
  skip();
  for (std::size_t count = 0; at < words.size() && count < kWordsMax; ++count) {
    const bool phrase = words[at] == '"';
    if (phrase) ++at;
    std::size_t end = at;
    while (end < words.size() && words[end] != '"' && (phrase || !is_blank(words[end]))) ++end;
    Text word = words.substr(at, end - at);
    at = end < words.size() && phrase ? end + 1 : end;
    skip();
    const bool cut = word.size() > kWordBytesMax;
    word = wbxml::beginning(word, kWordBytesMax);
    // Room for the word with a blank before and after each character, its quotes and a star.
    if (room.size() - size < 2 * word.size() + 6) break;
    room[size++] = '"';
    items::SearchText text(room.subspan(size, 2 * word.size() + 1));
    text.feed(word);
    size += text.view().size();
    room[size++] = '"';
    const bool last = at >= words.size();
    if (cut || (last && !phrase && word.size() >= kBeginningBytesMin)) room[size++] = '*';
    room[size++] = ' ';
  }
  return size;
}

}  // namespace handsync::replica
