#include "replica/sql_text.h"

#include <sqlite3.h>

namespace handsync::replica {
namespace {

constexpr std::size_t kWordsBytes = [] {
  std::size_t size = 0;
  for (const char* word : kSqlWords) {
    char packed[256]{};
    size += pack_sql(word, length_of(word), packed) + 1;
  }
  return size;
}();

/// The words, packed with shorter ones.
struct Words {
  std::uint16_t at[kSqlWordCount]{};
  char text[kWordsBytes]{};
};
constexpr Words kWords = [] {
  Words words;
  std::size_t size = 0;
  for (std::size_t i = 0; i < kSqlWordCount; ++i) {
    words.at[i] = static_cast<std::uint16_t>(size);
    size += pack_sql(kSqlWords[i], length_of(kSqlWords[i]), words.text + size) + 1;
  }
  return words;
}();

/// How long the text is in plain; written when there is a place for it. A word is packed with shorter ones only, so
/// this goes no deeper than a few.
std::size_t unpack(const char* packed, char* out) {
  std::size_t size = 0;
  for (; *packed != 0; ++packed) {
    const auto byte = static_cast<unsigned char>(*packed);
    if (byte >= kFirstPacked) {
      size += unpack(kWords.text + kWords.at[byte - kFirstPacked], out == nullptr ? nullptr : out + size);
    } else {
      if (out != nullptr) out[size] = *packed;
      ++size;
    }
  }
  return size;
}

}  // namespace

PlainSql::PlainSql(const char* sql) : text_(sql) {
  while (*sql != 0 && static_cast<unsigned char>(*sql) < kFirstPacked) ++sql;
  if (*sql == 0) return;
  const std::size_t size = unpack(text_, nullptr);
  taken_ = static_cast<char*>(sqlite3_malloc64(size + 1));
  if (taken_ != nullptr) {
    unpack(text_, taken_);
    taken_[size] = 0;
  }
  text_ = taken_;
}

PlainSql::~PlainSql() { sqlite3_free(taken_); }

}  // namespace handsync::replica
