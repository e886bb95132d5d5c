/// What applications read: a connection of its own, rows copied a batch at a time, so that no snapshot is open between
/// two calls.
#include <cstdio>
#include <new>

#include "replica/edits.h"
#include "replica/reader_factory.h"
#include "replica/schema.h"
#include "replica/state.h"

namespace handsync::replica {
namespace {

constexpr std::size_t kBatchBytes = 32 * 1024;  // one row of the largest values fits: 6 x 4 KiB and some
constexpr std::size_t kRowsInBatch = 64;

constexpr char kItemColumns[] =
    "id,shown,class,server_id,subject,author,recipients,preview,conversation_id,received,importance,last_verb,"
    "attachment_count,body_size,body_here,body_type,read,flag_status,edits,generation,body_truncated,"
    "categories";
/// Items of a folder that is being emptied are as good as gone, and so are those whose deletion waits.
constexpr char kVisible[] = "shown<>0 AND folder NOT IN (SELECT id FROM folder WHERE emptying=1)";

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
  };
  Row& next_free() { return rows_[count_]; }
  void added() { ++count_; }
  Row& take() { return rows_[next_++]; }

 private:
  std::size_t count_ = 0, next_ = 0, used_ = 0;
  Row rows_[kRowsInBatch];
  char bytes_[kBatchBytes];
};

class SqlReader final : public Reader {
 public:
  SqlReader(sqlite3* database, Memory memory) : database_(database), memory_(memory) {}

  Result<Cursor<FolderRow>*> folders() override { return start(folders_); }
  Result<Cursor<ItemRow>*> list(const Query& query) override {
    query_ = query;
    sent_ = 0;
    when_ = INT64_MAX;
    return start(items_);
  }
  Result<Cursor<QueueRow>*> queue() override { return start(queue_); }
  Result<Cursor<ParkedRow>*> parked() override { return start(parked_); }
  Result<std::size_t> body(ItemId, std::uint64_t offset, Room) override;
  Result<std::uint64_t> generation() override {
    const Result<std::int64_t> last = query_number(database_, "SELECT id FROM commit_log ORDER BY id DESC LIMIT 1");
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
  Status fill_changes();
  Status fill_older_changes(std::uint64_t before);
  Result<bool> add_item(const Statement&);
  bool add_gone(std::uint64_t item, std::uint32_t folder);
  bool enough() const { return query_.limit != 0 && sent_ >= query_.limit; }

  sqlite3* database_;
  Memory memory_;
  Batch batch_;
  SqlCursor<FolderRow> folders_{*this};
  SqlCursor<ItemRow> items_{*this};
  SqlCursor<QueueRow> queue_{*this};
  SqlCursor<ParkedRow> parked_{*this};
  const void* open_ = nullptr;
  bool done_ = false;
  Query query_{};
  std::uint32_t sent_ = 0;
  std::int64_t last_ = 0;   // id of the last row
  std::int64_t when_ = 0;   // and its date
  FixedText<64> text_key_;  // and its server id, where that is the key
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

Status SqlReader::fill(const FolderRow&) {
  Result<Statement> rows = prepare(database_,
                                   "SELECT id,parent,name,server_id,type,selected,synced,items,unread FROM folder "
                                   "WHERE gone=0 AND id>?1 ORDER BY id");
  if (!rows.ok()) return rows.error();
  Statement& row = rows.value();
  row.number(1, last_);
  while (!batch_.full()) {
    const Result<bool> more = row.step();
    if (!more.ok()) return more.error();
    if (!more.value()) {
      done_ = true;
      return Done{};
    }
    FolderRow folder;
    folder.id = static_cast<FolderId>(row.number(0));
    folder.parent = static_cast<FolderId>(row.number(1));
    folder.name = row.text(2);
    folder.server_id = row.text(3);
    folder.type = static_cast<FolderType>(row.number(4));
    folder.supported = supported_type(folder.type);
    folder.selected = row.number(5) != 0;
    folder.synced = row.number(6) != 0;
    folder.items = static_cast<std::uint32_t>(row.number(7));
    folder.unread = static_cast<std::uint32_t>(row.number(8));
    const std::size_t used = batch_.used();
    if (!batch_.keep(folder.name) || !batch_.keep(folder.server_id)) {
      if (batch_.at_end()) return sql_error(SQLITE_TOOBIG);
      batch_.shrink(used);
      return Done{};
    }
    batch_.next_free().folder = folder;
    batch_.added();
    last_ = row.number(0);
  }
  return Done{};
}

/// False: no room in this batch, the row is for the next.
Result<bool> SqlReader::add_item(const Statement& row) {
  ItemRow item;
  item.id = static_cast<ItemId>(row.number(0));
  item.folder = static_cast<FolderId>(row.number(1));
  item.kind = static_cast<Class>(row.number(2));
  item.server_id = row.text(3);
  item.subject = row.text(4);
  item.from = row.text(5);
  item.to = row.text(6);
  item.preview = row.text(7);
  item.categories = row.text(21);
  item.when_ms = row.number(9);
  item.importance = row.is_null(10) ? std::uint8_t{1} : static_cast<std::uint8_t>(row.number(10));
  item.reply_state = static_cast<std::uint8_t>(row.number(11));
  item.attachments = static_cast<std::uint32_t>(row.number(12));
  item.body_bytes_here = static_cast<std::uint64_t>(row.number(14));
  // The size that servers name is an estimate: what Truncated says counts, and a body that came without it is whole.
  item.body_bytes_total = static_cast<std::uint64_t>(row.number(13));
  const bool truncated = row.number(20) != 0;
  if (item.body_bytes_here > 0 && !truncated) item.body_bytes_total = item.body_bytes_here;
  if (truncated && item.body_bytes_total <= item.body_bytes_here) item.body_bytes_total = item.body_bytes_here + 1;
  item.body_type = static_cast<std::uint8_t>(row.number(15));
  item.read = row.number(16) != 0;
  item.flagged = row.number(17) == 2;
  item.edited_here = row.number(18) != 0;
  const std::size_t used = batch_.used();
  if (batch_.full() || !batch_.keep(item.server_id) || !batch_.keep(item.subject) || !batch_.keep(item.from) ||
      !batch_.keep(item.to) || !batch_.keep(item.preview) || !batch_.keep(item.categories) ||
      !batch_.keep_hex(row.blob(8), item.conversation_id)) {
    if (batch_.at_end()) return sql_error(SQLITE_TOOBIG);
    batch_.shrink(used);
    return false;
  }
  batch_.next_free().item = item;
  batch_.added();
  ++sent_;
  return true;
}

bool SqlReader::add_gone(std::uint64_t id, std::uint32_t folder) {
  if (batch_.full()) return false;
  ItemRow item;
  item.id = static_cast<ItemId>(id);
  item.folder = static_cast<FolderId>(folder);
  item.gone = true;
  batch_.next_free().item = item;
  batch_.added();
  ++sent_;
  return true;
}

Status SqlReader::fill(const ItemRow&) {
  if (query_.changed_since != 0 && query_.item == ItemId{}) return fill_changes();
  const bool one = query_.item != ItemId{};
  const bool all = query_.folder == FolderId{};
  char sql[900];
  // Newest first, on from the last row: the index on (shown, received) ends in the row's id.
  std::snprintf(sql, sizeof sql, "SELECT %s FROM item WHERE %s AND %s%s%s%s%s", kItemColumns,
                one   ? "id=?1 AND ?2=?2 AND ?3=?3"
                : all ? "?1=?1 AND (received,id)<(?2,?3)"
                      : "shown=?1 AND (received,id)<(?2,?3)",
                kVisible, query_.unread_only ? " AND read=0" : "", query_.flagged_only ? " AND flag_status=2" : "",
                query_.important_only ? " AND importance=2" : "", one ? "" : " ORDER BY received DESC,id DESC");
  Result<Statement> rows = prepare(database_, sql);
  if (!rows.ok()) return rows.error();
  Statement& row = rows.value();
  row.number(1, one ? static_cast<std::int64_t>(query_.item) : static_cast<std::int64_t>(query_.folder))
      .number(2, when_)
      .number(3, sent_ == 0 ? INT64_MAX : last_);
  for (;;) {
    if (enough()) {
      done_ = true;
      return Done{};
    }
    const Result<bool> more = row.step();
    if (!more.ok()) return more.error();
    if (!more.value()) {
      done_ = true;
      return Done{};
    }
    const Result<bool> added = add_item(row);
    if (!added.ok()) return added.error();
    if (!added.value()) return Done{};
    last_ = row.number(0);
    when_ = row.number(9);
    if (one) done_ = true;
  }
}

/// What changed after a generation, from the log of commits; before the log's beginning, from the rows themselves.
Status SqlReader::fill_changes() {
  Snapshot snapshot(database_);
  const Result<std::int64_t> first = query_number(database_, "SELECT id FROM commit_log ORDER BY id LIMIT 1");
  if (!first.ok()) return first.error();
  const std::uint64_t log_begins = static_cast<std::uint64_t>(first.value()) >> kPartBits;
  if (!changes_.older_done && query_.changed_since + 1 < log_begins) {
    HANDSYNC_TRY(fill_older_changes(log_begins));
    if (!changes_.older_done || done_) return Done{};
  }
  changes_.older_done = true;
  if (changes_.row == 0) changes_.row = static_cast<std::int64_t>((query_.changed_since + 1) << kPartBits);
  Result<Statement> log = prepare(database_, "SELECT id,data FROM commit_log WHERE id>=?1 ORDER BY id");
  if (!log.ok()) return log.error();
  char sql[700];
  std::snprintf(sql, sizeof sql,
                "SELECT %s FROM item WHERE id=?1 AND generation=?2 AND %s AND (?3=0 OR shown=?3)%s%s%s", kItemColumns,
                kVisible, query_.unread_only ? " AND read=0" : "", query_.flagged_only ? " AND flag_status=2" : "",
                query_.important_only ? " AND importance=2" : "");
  Result<Statement> find = prepare(database_, sql);
  if (!find.ok()) return find.error();
  log.value().number(1, changes_.row);
  for (;;) {
    const Result<bool> more = log.value().step();
    if (!more.ok()) return more.error();
    if (!more.value()) {
      done_ = true;
      return Done{};
    }
    const std::int64_t id = log.value().number(0);
    if (id != changes_.row) changes_.at = 0;
    changes_.row = id;
    const Bytes data = log.value().blob(1);
    const auto take = [&](std::size_t& at) {
      std::uint64_t value = 0;
      for (int shift = 0; at < data.size() && shift < 64; shift += 7) {
        const auto byte = static_cast<std::uint8_t>(data[at++]);
        value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
        if (byte < 0x80) break;
      }
      return value;
    };
    while (changes_.at < data.size()) {
      if (enough()) {
        done_ = true;
        return Done{};
      }
      std::size_t at = changes_.at;
      const std::uint64_t entry = take(at);
      if ((entry & 1) != 0) {
        const auto folder = static_cast<std::uint32_t>(take(at));
        const bool wanted = query_.folder == FolderId{} || query_.folder == static_cast<FolderId>(folder);
        if (wanted && !add_gone(entry >> 1, folder)) return Done{};
      } else {
        // Only where its latest change is listed: an item appears once.
        Statement& item = find.value();
        item.number(1, entry >> 1)
            .number(2, static_cast<std::uint64_t>(id) >> kPartBits)
            .number(3, static_cast<std::uint32_t>(query_.folder));
        const Result<bool> row = item.step();
        if (!row.ok()) return row.error();
        if (row.value()) {
          const Result<bool> added = add_item(item);
          if (!added.ok()) return added.error();
          if (!added.value()) return Done{};
        }
        item.rewind();
      }
      changes_.at = at;
    }
  }
}

Status SqlReader::fill_older_changes(std::uint64_t before) {
  char sql[700];
  std::snprintf(
      sql, sizeof sql,
      "SELECT %s FROM item WHERE id>?1 AND generation>?2 AND generation<?3 AND %s AND (?4=0 OR +shown=?4)%s%s%s"
      " ORDER BY id",
      kItemColumns, kVisible, query_.unread_only ? " AND read=0" : "", query_.flagged_only ? " AND flag_status=2" : "",
      query_.important_only ? " AND importance=2" : "");
  Result<Statement> rows = prepare(database_, sql);
  if (!rows.ok()) return rows.error();
  Statement& row = rows.value();
  row.number(1, last_)
      .number(2, query_.changed_since)
      .number(3, before)
      .number(4, static_cast<std::uint32_t>(query_.folder));
  for (;;) {
    if (enough()) {
      done_ = true;
      return Done{};
    }
    const Result<bool> more = row.step();
    if (!more.ok()) return more.error();
    if (!more.value()) {
      changes_.older_done = true;
      return Done{};
    }
    const Result<bool> added = add_item(row);
    if (!added.ok()) return added.error();
    if (!added.value()) return Done{};
    last_ = row.number(0);
  }
}

Text what_of(EditKind kind, std::int64_t value) {
  switch (kind) {
    case EditKind::kRead:
      return value != 0 ? "read" : "unread";
    case EditKind::kFlag:
      return value == 2 ? "flag" : value == 1 ? "done" : "unflag";
    case EditKind::kDelete:
      return value != 0 ? "delete for good" : "delete";
    case EditKind::kMove:
      return "move";
    case EditKind::kCategories:
      return "category";
  }
  return "change";
}

Status SqlReader::fill(const QueueRow&) {
  Result<Statement> rows =
      prepare(database_,
              "SELECT id,item,kind,value,tries,domain,code,place,parked FROM change WHERE id>?1 ORDER BY id LIMIT 64");
  if (!rows.ok()) return rows.error();
  Statement& row = rows.value();
  row.number(1, last_);
  while (!batch_.full()) {
    const Result<bool> more = row.step();
    if (!more.ok()) return more.error();
    if (!more.value()) break;
    QueueRow change;
    change.id = static_cast<std::uint64_t>(row.number(0));
    change.item = static_cast<ItemId>(row.number(1));
    const std::int64_t value = row.number(3);
    change.what = what_of(static_cast<EditKind>(row.number(2)), value);
    change.tries = static_cast<std::uint32_t>(row.number(4));
    change.last = Error{static_cast<Domain>(row.number(5)), static_cast<std::int32_t>(row.number(6)),
                        static_cast<std::uint32_t>(row.number(7))};
    change.parked = row.number(8) != 0;
    batch_.next_free().queue = change;
    batch_.added();
    last_ = row.number(0);
  }
  done_ = !batch_.full();
  return Done{};
}

Status SqlReader::fill(const ParkedRow&) {
  Result<Statement> rows = prepare(database_,
                                   "SELECT folder,server_id,domain,code,place FROM parked WHERE "
                                   "(folder,server_id)>(?1,?2) ORDER BY folder,server_id");
  if (!rows.ok()) return rows.error();
  Statement& row = rows.value();
  row.number(1, last_).text(2, text_key_.view());
  while (!batch_.full()) {
    const Result<bool> more = row.step();
    if (!more.ok()) return more.error();
    if (!more.value()) {
      done_ = true;
      return Done{};
    }
    ParkedRow parked;
    parked.folder = static_cast<FolderId>(row.number(0));
    parked.server_id = row.text(1);
    parked.reason = Error{static_cast<Domain>(row.number(2)), static_cast<std::int32_t>(row.number(3)),
                          static_cast<std::uint32_t>(row.number(4))};
    if (!batch_.keep(parked.server_id)) return Done{};
    batch_.next_free().parked = parked;
    batch_.added();
    last_ = row.number(0);
    static_cast<void>(text_key_.assign(parked.server_id));
  }
  return Done{};
}

Result<std::size_t> SqlReader::body(ItemId id, std::uint64_t offset, Room room) {
  Snapshot snapshot(database_);
  char sql[160];
  std::snprintf(sql, sizeof sql, "SELECT body_blob FROM item WHERE id=?1 AND %s", kVisible);
  Result<Statement> find = prepare(database_, sql);
  if (!find.ok()) return find.error();
  const Result<std::int64_t> blob = query_number(find.value().number(1, static_cast<std::uint64_t>(id)), -1);
  if (!blob.ok()) return blob.error();
  if (blob.value() < 0) return Error{Domain::kSqlite, kNoSuchItem, static_cast<std::uint32_t>(id)};
  if (blob.value() == 0 || offset / kChunkBytes > 0xFFFF) return std::size_t{0};
  Result<Statement> chunks = prepare(database_, "SELECT data FROM body_chunk WHERE id>=?1 AND id<?2 ORDER BY id");
  if (!chunks.ok()) return chunks.error();
  const std::uint64_t first = static_cast<std::uint64_t>(blob.value()) << kChunkBits;
  chunks.value().number(1, first + offset / kChunkBytes).number(2, first + (std::uint64_t{1} << kChunkBits));
  std::size_t skip = static_cast<std::size_t>(offset % kChunkBytes), filled = 0;
  while (filled < room.size()) {
    const Result<bool> row = chunks.value().step();
    if (!row.ok()) return row.error();
    if (!row.value()) break;
    Bytes data = chunks.value().blob(0);
    data = data.subspan(skip < data.size() ? skip : data.size());
    skip = 0;
    if (data.size() > room.size() - filled) data = data.first(room.size() - filled);
    for (std::size_t i = 0; i < data.size(); ++i) room[filled + i] = data[i];
    filled += data.size();
  }
  return filled;
}

}  // namespace

Result<Reader*> open_reader(const StoreOptions& options, Memory memory) {
  char path[1024];
  if (options.path.empty() || options.path.size() >= sizeof path) return sql_error(SQLITE_CANTOPEN);
  for (std::size_t i = 0; i < options.path.size(); ++i) path[i] = options.path[i];
  path[options.path.size()] = '\0';
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, options.vfs);
  Status outcome = code == SQLITE_OK ? Status(Done{}) : Status(sql_error(code));
  // A reader touches few pages at a time; an eighth of the writer's cache is enough.
  const auto cache_kib = static_cast<std::uint16_t>(options.cache_kib / 8 < 32 ? 32 : options.cache_kib / 8);
  if (outcome.ok()) outcome = set_up_connection(database, options.page_bytes, cache_kib, false, options.sealed);
  if (outcome.ok()) {
    const Result<std::int64_t> version = query_number(database, "PRAGMA user_version");
    if (!version.ok()) {
      outcome = version.error();
    } else if (version.value() > schema_newest()) {
      outcome = Error{Domain::kSqlite, kNewer, static_cast<std::uint32_t>(version.value())};
    } else if (version.value() < schema_newest()) {
      outcome = Error{Domain::kSqlite, kClosed, 0};  // its owner has not migrated it yet
    }
  }
  void* block = outcome.ok() ? memory.take(memory.self, sizeof(SqlReader)) : nullptr;
  if (outcome.ok() && block == nullptr) outcome = out_of_memory(sizeof(SqlReader));
  if (!outcome.ok()) {
    sqlite3_close(database);
    return outcome.error();
  }
  return static_cast<Reader*>(new (block) SqlReader(database, memory));
}

}  // namespace handsync::replica
