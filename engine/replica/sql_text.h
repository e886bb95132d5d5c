/// SQL literals take a fifth of the engine's flash when they stand there as they are written. "..."_sql packs one when
/// compiling: a byte from 0x80 on stands for a word of sql_words.h. Statements unpack it before SQLite sees it; packed
/// and plain text may be mixed and joined.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "handsync/base.h"
#include "replica/sql_words.h"

namespace handsync::replica {

inline constexpr std::size_t kSqlWordCount = std::size(kSqlWords);
static_assert(kSqlWordCount <= 128);
inline constexpr unsigned kFirstPacked = 0x80;

constexpr std::size_t length_of(const char* text) {
  std::size_t size = 0;
  while (text[size] != 0) ++size;
  return size;
}

/// Where the words that begin with a character are.
inline constexpr auto kWordsFrom = [] {
  std::array<std::uint8_t, 128> from{};
  for (std::size_t i = kSqlWordCount; i-- > 0;)
    from[static_cast<unsigned char>(kSqlWords[i][0])] = static_cast<std::uint8_t>(i);
  return from;
}();

/// Into `out`, which has as much room as the text has bytes; only words shorter than `below` are used.
constexpr std::size_t pack_sql(const char* text, std::size_t below, char* out) {
  std::size_t size = 0;
  while (*text != 0) {
    std::size_t word = kWordsFrom[static_cast<unsigned char>(*text)], length = 0;
    for (; word < kSqlWordCount && kSqlWords[word][0] == *text; ++word) {
      length = 0;
      while (kSqlWords[word][length] != 0 && kSqlWords[word][length] == text[length]) ++length;
      if (kSqlWords[word][length] == 0 && length < below) break;
      length = 0;
    }
    out[size++] = length == 0 ? *text : static_cast<char>(kFirstPacked + word);
    text += length == 0 ? 1 : length;
  }
  return size;
}

template <std::size_t kBytes>
struct SqlLiteral {
  char text[kBytes];
  consteval SqlLiteral(const char (&from)[kBytes]) : text{} {  // NOLINT: implicit, as a literal is
    for (std::size_t i = 0; i < kBytes; ++i) text[i] = from[i];
  }
};

template <SqlLiteral kText>
struct PackedSql {
  static constexpr std::size_t kSize = [] {
    char all[sizeof kText.text]{};
    return pack_sql(kText.text, SIZE_MAX, all);
  }();
  static constexpr std::array<char, kSize + 1> kData = [] {
    char all[sizeof kText.text]{};
    pack_sql(kText.text, SIZE_MAX, all);
    std::array<char, kSize + 1> data{};
    for (std::size_t i = 0; i < kSize; ++i) data[i] = all[i];
    return data;
  }();
};

template <SqlLiteral kText>
consteval const char* operator""_sql() {
  return PackedSql<kText>::kData.data();
}

/// Packed text as SQLite reads it, in memory of SQLite's for as long as this lives. Text without packed words is
/// itself.
class PlainSql {
 public:
  explicit PlainSql(const char* sql);
  PlainSql(const PlainSql&) = delete;
  PlainSql& operator=(const PlainSql&) = delete;
  ~PlainSql();
  const char* text() const { return text_; }  ///< null: no memory

 private:
  const char* text_;
  char* taken_ = nullptr;
};

}  // namespace handsync::replica
