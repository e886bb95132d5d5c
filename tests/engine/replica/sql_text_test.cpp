#include "replica/sql_text.h"

#include <cstring>
#include <string>

#include "replica/schema.h"

#include "CppUTest/TestHarness.h"

using namespace handsync::replica;

TEST_GROUP(SqlText){static std::string plain(const char* sql){const PlainSql text(sql);
return text.text() == nullptr ? "no memory" : text.text();
}
}
;

TEST(SqlText, WhatIsPackedComesBack) {
  STRCMP_EQUAL("SELECT id FROM item WHERE id=?1 ORDER BY received DESC LIMIT 1",
               plain("SELECT id FROM item WHERE id=?1 ORDER BY received DESC LIMIT 1"_sql).c_str());
  STRCMP_EQUAL("", plain(""_sql).c_str());
  STRCMP_EQUAL("x", plain("x"_sql).c_str());
}

TEST(SqlText, PackedTextIsAThird) {
  const char* packed =
      "SELECT coalesce(max(id),0) FROM change WHERE item=?1 AND kind=?2 AND parked=0 ORDER BY id DESC LIMIT 1"_sql;
  CHECK(std::strlen(packed) * 3 < plain(packed).size());
}

TEST(SqlText, EveryWordIsAByteAndComesBack) {
  for (std::size_t i = 0; i < kSqlWordCount; ++i) {
    const char packed[] = {static_cast<char>(kFirstPacked + i), 0};
    STRCMP_EQUAL(kSqlWords[i], plain(packed).c_str());
  }
}

TEST(SqlText, WordsOfOneBeginningStandTogetherTheLongestFirst) {
  for (std::size_t i = 1; i < kSqlWordCount; ++i) {
    CHECK_TEXT(kSqlWords[i - 1][0] <= kSqlWords[i][0], kSqlWords[i]);
    if (kSqlWords[i - 1][0] == kSqlWords[i][0]) {
      CHECK_TEXT(std::strlen(kSqlWords[i - 1]) >= std::strlen(kSqlWords[i]), kSqlWords[i]);
    }
  }
}

TEST(SqlText, PlainAndPackedTextMayBeJoined) {
  STRCMP_EQUAL("SELECT id FROM item AND x=1 ",
               plain((std::string("SELECT id"_sql) + " FROM item AND x=1 ").c_str()).c_str());
}

TEST(SqlText, PlainTextIsNotCopied) {
  const char* text = "SELECT 1";
  POINTERS_EQUAL(text, PlainSql(text).text());
}

TEST(SqlText, TheSchemaIsPackedAndSaysWhatItSaid) {
  for (const SchemaVersion& version : schema_versions()) {
    const std::string text = plain(version.sql);
    CHECK_TEXT(std::strlen(version.sql) < text.size(), version.name);
    CHECK_EQUAL_TEXT(';', text.back(), version.name);
  }
}
