/// What applications read, but for items: folders, the queue, what is parked, bodies.
#include <cstdio>
#include <new>

#include "replica/edits.h"
#include "replica/reader_factory.h"
#include "replica/schema.h"
#include "replica/sql_reader.h"

namespace handsync::replica {

Status SqlReader::fill(const FolderRow&) {
  Statement rows = prepare(database_,
                           "SELECT id,parent,name,server_id,type,selected,synced,items,unread FROM folder "
                           "WHERE gone=0 AND id>?1 ORDER BY id"_sql);
  Statement& row = rows;
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

namespace {

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
    case EditKind::kDraft:
      return "draft";
    case EditKind::kText:
      return "text";
    case EditKind::kItem:
      return "edit";
    case EditKind::kOccurrence:
      return "edit one";
    case EditKind::kAdd:
      return "add";
    case EditKind::kFolderCreate:
      return "create folder";
    case EditKind::kFolderRename:
      return "rename folder";
    case EditKind::kFolderDelete:
      return "delete folder";
    case EditKind::kConversation:
      return "always move";
    case EditKind::kSend:
      return "send";
    case EditKind::kReply:
      return "reply";
    case EditKind::kForward:
      return "forward";
    case EditKind::kRespond:
      return "respond";
  }
  return "change";
}

}  // namespace

Status SqlReader::fill(const QueueRow&) {
  Statement rows =
      prepare(database_,
              "SELECT id,item,kind,value,tries,domain,code,place,parked,coalesce(subject,(SELECT "
              "coalesce(subject,preview) FROM item i"
              " WHERE"
              " i.id=change.item),'') FROM change WHERE id>?1 AND NOT(kind=4 AND request=-2) ORDER BY id LIMIT 64"_sql);
  Statement& row = rows;
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
    change.subject = row.text(9).substr(0, kBatchBytes / kRowsInBatch);
    if (!batch_.keep(change.subject)) change.subject = {};
    batch_.next_free().queue = change;
    batch_.added();
    last_ = row.number(0);
  }
  done_ = !batch_.full();
  return Done{};
}

Status SqlReader::fill(const ParkedRow&) {
  Statement rows = prepare(database_,
                           "SELECT folder,server_id,domain,code,place FROM parked WHERE "
                           "(folder,server_id)>(?1,?2) ORDER BY folder,server_id"_sql);
  Statement& row = rows;
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
  std::snprintf(sql, sizeof sql, "SELECT body_blob,body_here FROM item WHERE id=?1 AND %s", kVisible);
  Statement find = prepare(database_, sql, static_cast<std::uint64_t>(id));
  const Result<bool> row = find.step();
  if (!row.ok()) return row.error();
  if (!row.value()) return Error{Domain::kSqlite, kNoSuchItem, static_cast<std::uint32_t>(id)};
  const auto blob = static_cast<std::uint64_t>(find.number(0));
  // Written here: beside the item (item_values.h).
  if (blob == 0 && find.number(1) != 0) return read_value(id, items::kBodyData, offset, room);
  return read_blob(blob, offset, room);
}

Result<std::size_t> SqlReader::read_blob(std::uint64_t blob, std::uint64_t offset, Room room) {
  if (blob == 0 || offset / kChunkBytes > 0xFFFF) return std::size_t{0};
  Statement chunks = prepare(database_, "SELECT data FROM body_chunk WHERE id>=?1 AND id<?2 ORDER BY id"_sql);
  const std::uint64_t first = blob << kChunkBits;
  chunks.number(1, first + offset / kChunkBytes).number(2, first + (std::uint64_t{1} << kChunkBits));
  std::size_t skip = static_cast<std::size_t>(offset % kChunkBytes), filled = 0;
  while (filled < room.size()) {
    const Result<bool> row = chunks.step();
    if (!row.ok()) return row.error();
    if (!row.value()) break;
    Bytes data = chunks.blob(0);
    data = data.subspan(skip < data.size() ? skip : data.size());
    skip = 0;
    if (data.size() > room.size() - filled) data = data.first(room.size() - filled);
    for (std::size_t i = 0; i < data.size(); ++i) room[filled + i] = data[i];
    filled += data.size();
  }
  return filled;
}

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
    const Result<std::int64_t> version = query_number(database, "PRAGMA user_version"_sql);
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
