/// A prepared statement and its values, without allocation of our own. SQLite copies nothing: what is bound must live
/// until the statement has run, what is read lives until it steps again.
#pragma once
#include <sqlite3.h>

#include <concepts>
#include <type_traits>

#include "handsync/base.h"
#include "replica/sql_text.h"

namespace handsync::replica {

/// An error of SQLite as ours. Running out of memory is Domain::kMemory, whoever ran out.
Error sql_error(int code);
Error sql_error(sqlite3* database);

/// What went wrong when it was prepared or bound is told by step() and run(), so nothing between is asked.
class Statement {
 public:
  Statement() = default;
  /// `kept`: reset at the end and used again; otherwise finalized.
  Statement(sqlite3_stmt* statement, bool kept) : statement_(statement), kept_(kept) {}
  /// One that could not be prepared.
  explicit Statement(int fault) : fault_(fault) {}
  Statement(Statement&& other) noexcept : statement_(other.statement_), kept_(other.kept_), fault_(other.fault_) {
    other.statement_ = nullptr;
  }
  Statement& operator=(Statement&& other) noexcept {
    std::swap(statement_, other.statement_);
    std::swap(kept_, other.kept_);
    std::swap(fault_, other.fault_);
    return *this;
  }
  ~Statement() { end(); }

  // A template: which of int, long and long long the sized types are differs between compilers.
  template <std::integral Number>
  Statement& number(int at, Number value) {
    return bind_number(at, static_cast<sqlite3_int64>(value));
  }
  Statement& text(int at, Text value);
  Statement& blob(int at, Bytes value);
  Statement& null(int at);

  /// Whether it was prepared; for what will need it later.
  Status ready() const;
  /// True: a row is there to be read. False: done.
  Result<bool> step();
  /// For what returns no rows that matter.
  Status run();
  /// Ready for the next values; bindings are kept.
  void rewind();

  std::int64_t number(int at) const { return sqlite3_column_int64(statement_, at); }
  bool is_null(int at) const { return sqlite3_column_type(statement_, at) == SQLITE_NULL; }
  bool is_blob(int at) const { return sqlite3_column_type(statement_, at) == SQLITE_BLOB; }
  Text text(int at) const;
  Bytes blob(int at) const;

 private:
  Statement& bind_number(int at, sqlite3_int64 value);
  Statement& note(int code) {
    if (code != SQLITE_OK && fault_ == SQLITE_OK) fault_ = code;
    return *this;
  }
  void end();

  sqlite3_stmt* statement_ = nullptr;
  bool kept_ = false;
  int fault_ = SQLITE_OK;
};

/// What a value travels as through one function for all: a third of the code of a replica was giving values one by one.
namespace given {
enum Kind : unsigned { kEnd, kUnsigned, kSigned, kWide, kText, kBlob };  // three bits a value, the first lowest
template <class Value>
consteval unsigned kind() {
  if constexpr (std::same_as<Value, Text>) return kText;
  if constexpr (std::same_as<Value, Bytes>) return kBlob;
  if constexpr (std::integral<Value>)
    return sizeof(Value) > sizeof(int) ? kWide : std::is_signed_v<Value> ? kSigned : kUnsigned;
}
template <class... Values>
consteval unsigned kinds() {
  static_assert(sizeof...(Values) <= 10);
  unsigned all = 0, shift = 0;
  ((all |= kind<Values>() << shift, shift += 3), ...);
  return all;
}
template <class Value>
auto passed(const Value& value) {
  if constexpr (!std::integral<Value>) {
    return &value;
  } else if constexpr (sizeof(Value) > sizeof(int)) {
    return static_cast<long long>(value);
  } else if constexpr (std::is_signed_v<Value>) {
    return static_cast<int>(value);
  } else {
    return static_cast<unsigned>(value);
  }
}
Statement prepare(sqlite3* database, const char* sql, unsigned kinds, ...);
Status run(sqlite3* database, const char* sql, unsigned kinds, ...);
Result<std::int64_t> query_number(sqlite3* database, const char* sql, unsigned kinds, ...);
}  // namespace given

/// A statement for one use. SQL may be packed (sql_text.h), here and below. Integers, Text and Bytes become the values
/// of ?1, ?2 and so on.
template <class... Values>
[[gnu::always_inline]] inline Statement prepare(sqlite3* database, const char* sql, const Values&... values) {
  return given::prepare(database, sql, given::kinds<Values...>(), given::passed(values)...);
}

/// One that returns no rows that matter.
template <class... Values>
[[gnu::always_inline]] inline Status run_sql(sqlite3* database, const char* sql, const Values&... values) {
  return given::run(database, sql, given::kinds<Values...>(), given::passed(values)...);
}

/// The first column of the first row; 0 if there is no row.
template <class... Values>
[[gnu::always_inline]] inline Result<std::int64_t> query_number(sqlite3* database, const char* sql,
                                                                const Values&... values) {
  return given::query_number(database, sql, given::kinds<Values...>(), given::passed(values)...);
}
/// `otherwise` if there is no row.
Result<std::int64_t> query_number(Statement& statement, std::int64_t otherwise = 0);

/// Statements without values or rows, one after the other.
Status execute(sqlite3* database, const char* sql);

}  // namespace handsync::replica
