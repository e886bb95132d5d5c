#include "replica/statements.h"

#include <cstdarg>

namespace handsync::replica {

Error sql_error(int code) {
  if ((code & 0xFF) == SQLITE_NOMEM) return out_of_memory();
  return Error{Domain::kSqlite, code, 0};
}

Error sql_error(sqlite3* database) { return sql_error(sqlite3_extended_errcode(database)); }

Statement& Statement::bind_number(int at, sqlite3_int64 value) {
  return statement_ == nullptr ? *this : note(sqlite3_bind_int64(statement_, at, value));
}

Statement& Statement::text(int at, Text value) {
  if (statement_ == nullptr) return *this;
  // A null pointer would be NULL, and most columns refuse that.
  const char* data = value.data() == nullptr ? "" : value.data();
  return note(sqlite3_bind_text(statement_, at, data, static_cast<int>(value.size()), SQLITE_STATIC));
}

Statement& Statement::blob(int at, Bytes value) {
  if (statement_ == nullptr) return *this;
  if (value.empty()) return note(sqlite3_bind_zeroblob(statement_, at, 0));
  return note(sqlite3_bind_blob(statement_, at, value.data(), static_cast<int>(value.size()), SQLITE_STATIC));
}

Statement& Statement::null(int at) { return statement_ == nullptr ? *this : note(sqlite3_bind_null(statement_, at)); }

Status Statement::ready() const {
  if (fault_ != SQLITE_OK) return sql_error(fault_);
  return Done{};
}

Result<bool> Statement::step() {
  if (fault_ != SQLITE_OK) return sql_error(fault_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return sql_error(sqlite3_db_handle(statement_));
}

Status Statement::run() {
  const Result<bool> outcome = step();
  if (!outcome.ok()) return outcome.error();
  rewind();
  return Done{};
}

void Statement::rewind() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  fault_ = SQLITE_OK;
}

Text Statement::text(int at) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, at));
  return data == nullptr ? Text() : Text(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, at)));
}

Bytes Statement::blob(int at) const {
  const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement_, at));
  return data == nullptr ? Bytes() : Bytes(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, at)));
}

void Statement::end() {
  if (statement_ == nullptr) return;
  if (kept_) {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  } else {
    sqlite3_finalize(statement_);
  }
  statement_ = nullptr;
}

namespace {

Statement prepared(sqlite3* database, const char* sql, unsigned kinds, std::va_list values) {
  const PlainSql plain(sql);
  if (plain.text() == nullptr) return Statement(SQLITE_NOMEM);
  sqlite3_stmt* compiled = nullptr;
  if (sqlite3_prepare_v2(database, plain.text(), -1, &compiled, nullptr) != SQLITE_OK) {
    return Statement(sqlite3_extended_errcode(database));
  }
  Statement statement(compiled, false);
  for (int at = 1; kinds != given::kEnd; kinds >>= 3, ++at) {
    switch (kinds & 7U) {
      case given::kUnsigned:
        statement.number(at, va_arg(values, unsigned));
        break;
      case given::kSigned:
        statement.number(at, va_arg(values, int));
        break;
      case given::kWide:
        statement.number(at, va_arg(values, long long));
        break;
      case given::kText:
        statement.text(at, *va_arg(values, const Text*));
        break;
      default:
        statement.blob(at, *va_arg(values, const Bytes*));
    }
  }
  return statement;
}

}  // namespace

Statement given::prepare(sqlite3* database, const char* sql, unsigned kinds, ...) {
  std::va_list values;
  va_start(values, kinds);
  Statement statement = prepared(database, sql, kinds, values);
  va_end(values);
  return statement;
}

Status given::run(sqlite3* database, const char* sql, unsigned kinds, ...) {
  std::va_list values;
  va_start(values, kinds);
  Statement statement = prepared(database, sql, kinds, values);
  va_end(values);
  return statement.run();
}

Result<std::int64_t> given::query_number(sqlite3* database, const char* sql, unsigned kinds, ...) {
  std::va_list values;
  va_start(values, kinds);
  Statement statement = prepared(database, sql, kinds, values);
  va_end(values);
  return replica::query_number(statement);
}

Status execute(sqlite3* database, const char* sql) {
  const PlainSql plain(sql);
  if (plain.text() == nullptr) return out_of_memory();
  if (sqlite3_exec(database, plain.text(), nullptr, nullptr, nullptr) != SQLITE_OK) return sql_error(database);
  return Done{};
}

Result<std::int64_t> query_number(Statement& statement, std::int64_t otherwise) {
  const Result<bool> row = statement.step();
  if (!row.ok()) return row.error();
  const std::int64_t value = row.value() ? statement.number(0) : otherwise;
  statement.rewind();
  return value;
}

}  // namespace handsync::replica
