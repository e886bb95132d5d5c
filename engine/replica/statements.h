/// A prepared statement and its values, without allocation of our own. SQLite copies nothing: what is bound must live
/// until the statement has run, what is read lives until it steps again.
#pragma once
#include <sqlite3.h>

#include <concepts>

#include "handsync/base.h"

namespace handsync::replica {

/// An error of SQLite as ours. Running out of memory is Domain::kMemory, whoever ran out.
inline Error sql_error(int code) {
  if ((code & 0xFF) == SQLITE_NOMEM) return out_of_memory();
  return Error{Domain::kSqlite, code, 0};
}
inline Error sql_error(sqlite3* database) { return sql_error(sqlite3_extended_errcode(database)); }

class Statement {
 public:
  Statement() = default;
  /// `kept`: reset at the end and used again; otherwise finalized.
  Statement(sqlite3_stmt* statement, bool kept) : statement_(statement), kept_(kept) {}
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
    return note(sqlite3_bind_int64(statement_, at, static_cast<sqlite3_int64>(value)));
  }
  Statement& text(int at, Text value) {
    // A null pointer would be NULL, and most columns refuse that.
    const char* data = value.data() == nullptr ? "" : value.data();
    return note(sqlite3_bind_text(statement_, at, data, static_cast<int>(value.size()), SQLITE_STATIC));
  }
  Statement& blob(int at, Bytes value) {
    if (value.empty()) return note(sqlite3_bind_zeroblob(statement_, at, 0));
    return note(sqlite3_bind_blob(statement_, at, value.data(), static_cast<int>(value.size()), SQLITE_STATIC));
  }
  Statement& null(int at) { return note(sqlite3_bind_null(statement_, at)); }

  /// True: a row is there to be read. False: done.
  Result<bool> step() {
    if (fault_ != SQLITE_OK) return sql_error(fault_);
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return sql_error(sqlite3_db_handle(statement_));
  }
  /// For what returns no rows that matter.
  Status run() {
    const Result<bool> outcome = step();
    if (!outcome.ok()) return outcome.error();
    rewind();
    return Done{};
  }
  /// Ready for the next values; bindings are kept.
  void rewind() {
    sqlite3_reset(statement_);
    fault_ = SQLITE_OK;
  }

  std::int64_t number(int at) const { return sqlite3_column_int64(statement_, at); }
  bool is_null(int at) const { return sqlite3_column_type(statement_, at) == SQLITE_NULL; }
  bool is_blob(int at) const { return sqlite3_column_type(statement_, at) == SQLITE_BLOB; }
  Text text(int at) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, at));
    return data == nullptr ? Text() : Text(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, at)));
  }
  Bytes blob(int at) const {
    const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement_, at));
    return data == nullptr ? Bytes() : Bytes(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, at)));
  }

 private:
  Statement& note(int code) {
    if (code != SQLITE_OK && fault_ == SQLITE_OK) fault_ = code;
    return *this;
  }
  void end() {
    if (statement_ == nullptr) return;
    if (kept_) {
      sqlite3_reset(statement_);
      sqlite3_clear_bindings(statement_);
    } else {
      sqlite3_finalize(statement_);
    }
    statement_ = nullptr;
  }

  sqlite3_stmt* statement_ = nullptr;
  bool kept_ = false;
  int fault_ = SQLITE_OK;
};

/// A statement for one use.
inline Result<Statement> prepare(sqlite3* database, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database, sql, -1, &statement, nullptr) != SQLITE_OK) return sql_error(database);
  return Statement(statement, false);
}

/// Statements without values or rows, one after the other.
inline Status execute(sqlite3* database, const char* sql) {
  if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return sql_error(database);
  return Done{};
}

/// The first column of the first row; `otherwise` if there is no row.
inline Result<std::int64_t> query_number(Statement& statement, std::int64_t otherwise = 0) {
  const Result<bool> row = statement.step();
  if (!row.ok()) return row.error();
  const std::int64_t value = row.value() ? statement.number(0) : otherwise;
  statement.rewind();
  return value;
}
inline Result<std::int64_t> query_number(sqlite3* database, const char* sql, std::int64_t otherwise = 0) {
  Result<Statement> statement = prepare(database, sql);
  if (!statement.ok()) return statement.error();
  return query_number(statement.value(), otherwise);
}

}  // namespace handsync::replica
