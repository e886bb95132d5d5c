/// The Reader behind handsync/replica.h: a connection of its own, rows copied a batch at a time, so that no snapshot is
/// open between two calls. reader.cpp, reader_items.cpp.
#pragma once
#include "items/properties.h"
#include "replica/item_row.h"
#include "replica/search_index.h"

namespace handsync::replica {

// One row of the largest values fits.
inline constexpr std::size_t kBatchBytes = 6 * kInlineBytesMax + (profile::kSmall ? 2048 : 8192);
inline constexpr std::size_t kRowsInBatch = profile::kReaderRows;

/// Items of a folder that is being emptied are as good as gone, and so are those whose deletion waits.
inline constexpr const char* kVisible = "shown<>0 AND folder NOT IN (SELECT id FROM folder WHERE emptying=1)"_sql;

/// What SqlReader::add_item reads.
inline constexpr char kItemColumns[] =
    "id,shown,class,server_id,subject,author,recipients,preview,conversation_id,received,importance,last_verb,"
    "attachment_count,body_size,body_here,body_type,read,flag_status,edits,generation,body_truncated,"
    "categories";

/// The rows of one batch and the texts they refer to.
class Batch {
 public:
  void clear() {
    count_ = next_ = 0;
    used_ = 0;
  }
  bool at_end() const { return next_ == count_; }
  bool full() const { return count_ == kRowsInBatch; }
  /// Copies a text; false: the batch is full.
  bool keep(Text& text) {
    if (text.size() > kBatchBytes - used_) return false;
    for (std::size_t i = 0; i < text.size(); ++i) bytes_[used_ + i] = text[i];
    text = Text(bytes_ + used_, text.size());
    used_ += text.size();
    return true;
  }
  /// As keep, in lower-case hexadecimal.
  bool keep_hex(Bytes data, Text& text) {
    constexpr char kDigits[] = "0123456789abcdef";
    if (data.size() * 2 > kBatchBytes - used_) return false;
    char* to = bytes_ + used_;
    for (std::size_t i = 0; i < data.size(); ++i) {
      to[2 * i] = kDigits[static_cast<std::uint8_t>(data[i]) >> 4];
      to[2 * i + 1] = kDigits[static_cast<std::uint8_t>(data[i]) & 15];
    }
    text = Text(to, data.size() * 2);
    used_ += data.size() * 2;
    return true;
  }
  std::size_t used() const { return used_; }
  void shrink(std::size_t used) { used_ = used; }

  union Row {
    Row() : folder() {}
    FolderRow folder;
    ItemRow item;
    QueueRow queue;
    ParkedRow parked;
    PropertyRow property;
  };
  Row& next_free() { return rows_[count_]; }
  void added() { ++count_; }
  Row& take() { return rows_[next_++]; }

 private:
  std::size_t count_ = 0, next_ = 0, used_ = 0;
  Row rows_[kRowsInBatch];
  char bytes_[kBatchBytes];
};

/// Completes rows of a list with what their class has of its own. Lives for one batch.
class ItemDetails {
 public:
  explicit ItemDetails(sqlite3* database) : database_(database) {}
  Result<bool> add(ItemRow&, Batch&);

 private:
  sqlite3* database_;
  Statement statement_;
  Class kind_{};
  bool open_ = false;
};

class SqlReader final : public Reader {
 public:
  SqlReader(sqlite3* database, Memory memory) : database_(database), memory_(memory) {}

  sqlite3* database() const { return database_; }
  Result<Cursor<FolderRow>*> folders() override { return start(folders_); }
  Result<Cursor<ItemRow>*> list(const Query& query) override {
    query_ = query;
    sent_ = 0;
    when_ = INT64_MAX;
    if (!query.words.empty()) {
      if constexpr (!profile::kSearch) return Error{Domain::kSqlite, kNoSearch, 0};
      HANDSYNC_TRY(start_matches());
    }
    return start(items_);
  }
  Result<Cursor<QueueRow>*> queue() override { return start(queue_); }
  Result<Cursor<ParkedRow>*> parked() override { return start(parked_); }
  Result<std::size_t> body(ItemId, std::uint64_t offset, Room) override;
  Result<Cursor<PropertyRow>*> properties(ItemId) override;
  Result<std::size_t> property(ItemId, std::uint16_t id, std::uint64_t offset, Room) override;
  Result<std::uint64_t> generation() override {
    const Result<std::int64_t> last = query_number(database_, "SELECT id FROM commit_log ORDER BY id DESC LIMIT 1"_sql);
    if (!last.ok()) return last.error();
    return static_cast<std::uint64_t>(last.value()) >> kPartBits;
  }
  void close() override {
    const Memory memory = memory_;
    sqlite3_close(database_);
    this->~SqlReader();
    memory.give(memory.self, this);
  }

 private:
  /// One cursor of each kind; all share the batch, hence one open at a time.
  template <class RowType>
  struct SqlCursor final : Cursor<RowType> {
    explicit SqlCursor(SqlReader& owner) : reader(owner) {}
    Result<bool> step(RowType& row) override {
      if (reader.open_ != this) return Error{Domain::kSqlite, kClosed, 0};
      if (reader.batch_.at_end()) {
        if (reader.done_) return false;
        reader.batch_.clear();
        const Status filled = reader.fill(row);
        if (!filled.ok()) return filled.error();
        if (reader.batch_.at_end()) return false;
      }
      row = pick(reader.batch_.take(), row);
      return true;
    }
    void close() override {
      if (reader.open_ == this) reader.open_ = nullptr;
    }
    static const FolderRow& pick(const Batch::Row& row, const FolderRow&) { return row.folder; }
    static const ItemRow& pick(const Batch::Row& row, const ItemRow&) { return row.item; }
    static const QueueRow& pick(const Batch::Row& row, const QueueRow&) { return row.queue; }
    static const ParkedRow& pick(const Batch::Row& row, const ParkedRow&) { return row.parked; }
    static const PropertyRow& pick(const Batch::Row& row, const PropertyRow&) { return row.property; }
    SqlReader& reader;
  };

  template <class RowType>
  Result<Cursor<RowType>*> start(SqlCursor<RowType>& cursor) {
    open_ = &cursor;
    done_ = false;
    batch_.clear();
    last_ = 0;
    changes_ = {};
    text_key_.clear();
    return static_cast<Cursor<RowType>*>(&cursor);
  }

  // Each fills the batch from where it stopped, inside one read transaction, and sets done_ after the last row.
  Status fill(const FolderRow&);
  Status fill(const ItemRow&);
  Status fill(const QueueRow&);
  Status fill(const ParkedRow&);
  Status fill(const PropertyRow&);
  Status fill_changes();
  Status start_matches();
  Status fill_matches();
  Status fill_older_changes(std::uint64_t before);
  /// Where a value stands: in a row, or in chunks. The statement keeps `inline_data` alive.
  struct Value {
    Statement statement;
    Bytes inline_data{};
    std::uint64_t blob = 0, bytes = 0;
  };
  Result<bool> find_value(std::uint64_t item, Class, items::PropertyId, std::uint32_t n, Value&);
  Result<Class> class_of_item(ItemId);
  Result<bool> add_item(const Statement&, ItemDetails& details);
  /// Rows into the batch until it is full, none is left, or there are enough; `after` each notes where to go on.
  template <class After>
  Status fill_from(Statement& row, ItemDetails& details, After after) {
    for (;;) {
      const Result<bool> more = enough() ? Result<bool>(false) : row.step();
      if (!more.ok()) return more.error();
      if (!more.value()) {
        done_ = true;
        return Done{};
      }
      const Result<bool> added = add_item(row, details);
      if (!added.ok()) return added.error();
      if (!added.value()) return Done{};
      after();
    }
  }
  Result<std::size_t> read_value(ItemId, items::PropertyId, std::uint64_t offset, Room);
  Result<std::size_t> read_blob(std::uint64_t blob, std::uint64_t offset, Room);
  bool add_gone(std::uint64_t item, std::uint32_t folder);
  bool enough() const { return query_.limit != 0 && sent_ >= query_.limit; }

  sqlite3* database_;
  Memory memory_;
  Batch batch_;
  SqlCursor<FolderRow> folders_{*this};
  SqlCursor<ItemRow> items_{*this};
  SqlCursor<QueueRow> queue_{*this};
  SqlCursor<ParkedRow> parked_{*this};
  SqlCursor<PropertyRow> properties_{*this};
  const void* open_ = nullptr;
  bool done_ = false;
  Query query_{};
  std::uint32_t sent_ = 0;
  std::int64_t last_ = 0;                              // id of the last row
  std::int64_t when_ = 0;                              // and its date
  FixedText<64> text_key_;                             // and its server id, where that is the key
  char match_[profile::kSearch ? kMatchBytesMax : 1];  // the FTS5 query, and its size
  std::size_t match_size_ = 0;
  struct {
    bool older_done = false;
    std::int64_t row = 0;  // of commit_log, being read
    std::size_t at = 0;    // in its data
  } changes_{};
};

/// One read transaction: everything in it sees one state.
class Snapshot {
 public:
  explicit Snapshot(sqlite3* database) : database_(database) {
    open_ = sqlite3_exec(database, "BEGIN", nullptr, nullptr, nullptr) == SQLITE_OK;
  }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  ~Snapshot() {
    if (open_) sqlite3_exec(database_, "COMMIT", nullptr, nullptr, nullptr);
  }

 private:
  sqlite3* database_;
  bool open_ = false;
};

}  // namespace handsync::replica
