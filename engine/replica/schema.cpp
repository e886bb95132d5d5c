#include "replica/schema.h"

#include <cstdio>

#include "replica/statements.h"
#include "replica/store.h"
#include "replica/views.h"

namespace handsync::replica {
namespace {

// item: the columns from `received` on belong to rows of items/properties.cpp (Place::kItem).
// `epoch` differs from the folder's while a re-key has not confirmed the row. Ids of items and blobs are given by the
// counters of `value`, not by AUTOINCREMENT, whose table would be read and written for every row instead of once a
// commit. body_chunk and attachment: id = blob * 65536 + n, so that one b-tree serves for order and range. Rows that
// nothing refers to are those of blobs from the counter on, and those of the ranges in `sweep`. commit_log: id =
// generation * 2^20 + part; data = what changed (commit_log.h).
constexpr const char* kMail =
    "CREATE TABLE value(key INTEGER PRIMARY KEY, data BLOB NOT NULL);"
    "CREATE TABLE folder(id INTEGER PRIMARY KEY AUTOINCREMENT, server_id TEXT NOT NULL, parent_server_id TEXT NOT NULL,"
    " parent INTEGER NOT NULL DEFAULT 0, name TEXT NOT NULL, type INTEGER NOT NULL, selected INTEGER NOT NULL,"
    " synced INTEGER NOT NULL DEFAULT 0, sync_key TEXT NOT NULL DEFAULT '0', rekeying INTEGER NOT NULL DEFAULT 0,"
    " epoch INTEGER NOT NULL DEFAULT 0, window INTEGER NOT NULL DEFAULT 0, filter INTEGER NOT NULL DEFAULT 0,"
    " guard INTEGER NOT NULL DEFAULT 0, items INTEGER NOT NULL DEFAULT 0, unread INTEGER NOT NULL DEFAULT 0,"
    " emptying INTEGER NOT NULL DEFAULT 0, gone INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX folder_by_server_id ON folder(server_id);"
    "CREATE TABLE item(id INTEGER PRIMARY KEY, folder INTEGER NOT NULL, server_id TEXT NOT NULL, class INTEGER NOT "
    "NULL,"
    " generation INTEGER NOT NULL, epoch INTEGER NOT NULL, edits INTEGER NOT NULL, body_blob INTEGER NOT NULL,"
    " body_here INTEGER NOT NULL, attachment_list INTEGER NOT NULL, attachment_count INTEGER NOT NULL, rest BLOB,"
    " received INTEGER, read INTEGER, importance INTEGER, flag_status INTEGER, last_verb INTEGER, body_type INTEGER,"
    " body_size INTEGER, body_truncated INTEGER, conversation_id BLOB, subject TEXT, author TEXT, recipients TEXT, cc "
    "TEXT,"
    " display_to TEXT, thread_topic TEXT, message_class TEXT, preview TEXT, conversation_index BLOB, internet_cpid "
    "INTEGER,"
    " content_class TEXT, native_body_type INTEGER, categories TEXT, reply_to TEXT, sender TEXT, last_verb_time "
    "INTEGER,"
    " is_draft INTEGER);"
    "CREATE UNIQUE INDEX item_by_server_id ON item(folder, server_id);"
    "CREATE INDEX item_by_date ON item(folder, received);"
    "CREATE TABLE body_chunk(id INTEGER PRIMARY KEY, data BLOB NOT NULL);"
    "CREATE TABLE attachment(id INTEGER PRIMARY KEY, name TEXT, reference TEXT, method INTEGER, size INTEGER,"
    " content_id TEXT, location TEXT, inline INTEGER, type TEXT);"
    "CREATE TABLE extra(item INTEGER NOT NULL, property INTEGER NOT NULL, n INTEGER NOT NULL, data, blob INTEGER NOT "
    "NULL,"
    " size INTEGER NOT NULL, PRIMARY KEY(item, property, n)) WITHOUT ROWID;"
    "CREATE TABLE change(id INTEGER PRIMARY KEY AUTOINCREMENT, folder INTEGER NOT NULL, item INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, value INTEGER NOT NULL, server_value INTEGER NOT NULL, server_generation INTEGER NOT NULL,"
    " wall_ms INTEGER NOT NULL, request INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0,"
    " parked INTEGER NOT NULL DEFAULT 0, domain INTEGER NOT NULL DEFAULT 0, code INTEGER NOT NULL DEFAULT 0,"
    " place INTEGER NOT NULL DEFAULT 0, server_id TEXT, subject TEXT);"
    "CREATE INDEX change_by_item ON change(item);"
    "CREATE TABLE parked(folder INTEGER NOT NULL, server_id TEXT NOT NULL, domain INTEGER NOT NULL, code INTEGER NOT "
    "NULL,"
    " place INTEGER NOT NULL, PRIMARY KEY(folder, server_id)) WITHOUT ROWID;"
    "CREATE TABLE commit_log(id INTEGER PRIMARY KEY, data BLOB NOT NULL);"
    "CREATE TABLE arrival_log(id INTEGER PRIMARY KEY, data BLOB NOT NULL);"
    "CREATE TABLE hierarchy_stage(id INTEGER PRIMARY KEY, gone INTEGER NOT NULL, server_id TEXT NOT NULL,"
    " parent_server_id TEXT NOT NULL, name TEXT NOT NULL, type INTEGER NOT NULL, folder INTEGER);"
    "CREATE TABLE sweep(first INTEGER PRIMARY KEY, last INTEGER NOT NULL);"_sql;

// shown: the folder whose list has the item: its own, the one it is being moved to, or 0 while its deletion waits.
// Lists, counts and the index of lists go by it; the server's side of an item goes by `folder`. text, server_text: of
// edits whose value is no number.
constexpr const char* kPlaces =
    "ALTER TABLE item ADD COLUMN shown INTEGER NOT NULL DEFAULT 0;"
    "UPDATE item SET shown=folder;"
    "DROP INDEX item_by_date;"
    "CREATE INDEX item_by_date ON item(shown, received);"
    "ALTER TABLE change ADD COLUMN text TEXT;"
    "ALTER TABLE change ADD COLUMN server_text TEXT;"_sql;

// Events, contacts, tasks and notes: properties are rows of `extra`, by the numbers of items/properties.h; the views
// name those that lists show. `starts_ms`, `due_ms` and `changed_ms` are milliseconds since 1970; `ends` is as it came;
// `location` is a text up to 14.1 and WBXML from 16.0 on. Their folders are selected when they become of use. The
// engine has no need of the views, and SQLite keeps them parsed, 12 KB a connection: small builds go without.
#define HANDSYNC_PERSONAL_FOLDERS \
  "UPDATE folder SET selected=1 WHERE type IN (7,8,9,10,13,14,15,17) AND gone=0 AND emptying=0;"
constexpr const char* kPersonal =
    profile::kSmall ? HANDSYNC_PERSONAL_FOLDERS ""_sql
                    : "CREATE VIEW event AS SELECT id,shown AS folder,server_id,subject,received AS "
                      "starts_ms," HANDSYNC_EVENT_COLUMNS
                      " FROM item i WHERE shown<>0 AND class=1;"
                      "CREATE VIEW contact AS SELECT id,shown AS folder,server_id," HANDSYNC_CONTACT_COLUMNS
                      " FROM item i WHERE shown<>0 AND class=2;"
                      "CREATE VIEW task AS SELECT id,shown AS folder,server_id,subject,received AS "
                      "due_ms," HANDSYNC_TASK_COLUMNS
                      " FROM item i WHERE shown<>0 AND class=3;"
                      "CREATE VIEW note AS SELECT id,shown AS folder,server_id,subject,received AS "
                      "changed_ms,categories FROM item i WHERE shown<>0 AND class=4;" HANDSYNC_PERSONAL_FOLDERS ""_sql;

// edit: item_edits.h. payload: what goes into ApplicationData, made when the change goes out for the first time. Chunks
// that an edit kept for the server's value are swept with it.
constexpr const char* kEdits =
    "ALTER TABLE change ADD COLUMN payload BLOB;"
    "ALTER TABLE change ADD COLUMN client_id TEXT;"
    "CREATE TABLE edit(change INTEGER NOT NULL, property INTEGER NOT NULL, mine, server, server_blob INTEGER NOT NULL"
    " DEFAULT 0, server_size INTEGER NOT NULL DEFAULT 0, body_size INTEGER NOT NULL DEFAULT 0, body_type INTEGER NOT"
    " NULL DEFAULT 0, body_truncated INTEGER NOT NULL DEFAULT 0, chained INTEGER NOT NULL DEFAULT 0, PRIMARY "
    "KEY(change,"
    " property)) WITHOUT ROWID;"
    "CREATE TRIGGER change_gone AFTER DELETE ON change BEGIN DELETE FROM edit WHERE change=OLD.id; END;"
    "CREATE TRIGGER edit_gone AFTER DELETE ON edit WHEN OLD.server_blob<>0 BEGIN INSERT OR REPLACE INTO sweep"
    " VALUES(OLD.server_blob,OLD.server_blob); END;"_sql;

// A message to be sent is a row of outbox, its parts, and their bytes in pieces: outbox_part.id = message * 2^16 +
// part, outbox_chunk.id = message * 2^36 + part * 2^20 + piece; part 0 is the head. whole=0: it is still being written.
// source is the item that is answered or forwarded, with what the server called it and its folder then.
constexpr const char* kOutbox =
    "CREATE TABLE outbox(id INTEGER PRIMARY KEY AUTOINCREMENT, whole INTEGER NOT NULL DEFAULT 0, client_id TEXT NOT "
    "NULL,"
    " message_id TEXT NOT NULL, subject TEXT NOT NULL, recipients TEXT NOT NULL, bytes INTEGER NOT NULL DEFAULT 0,"
    " source INTEGER NOT NULL DEFAULT 0, source_folder TEXT NOT NULL DEFAULT '', source_item TEXT NOT NULL DEFAULT '');"
    "CREATE TABLE outbox_part(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, base64 INTEGER NOT NULL, name TEXT NOT "
    "NULL,"
    " type TEXT NOT NULL, bytes INTEGER NOT NULL);"
    "CREATE TABLE outbox_chunk(id INTEGER PRIMARY KEY, data BLOB NOT NULL);"_sql;

// What the user wants of one folder; NULL = what the account has.
constexpr const char* kWindows =
    "ALTER TABLE folder ADD COLUMN days INTEGER;"
    "ALTER TABLE folder ADD COLUMN body_bytes INTEGER;"_sql;

// What full-text search has of the items: doc is a row of the FTS5 table `words`, which a build with search makes when
// it needs it (search_index.h): a build without can neither make nor drop one. item=0: of an item that has gone or has
// other words by now. signature: of what was indexed.
constexpr const char* kSearch =
    "CREATE TABLE indexed(doc INTEGER PRIMARY KEY, item INTEGER NOT NULL, signature INTEGER NOT NULL);"
    "CREATE INDEX indexed_by_item ON indexed(item) WHERE item<>0;"_sql;

// A draft's wish is a message of the outbox (drafts.cpp). stale: items that are to be read anew from the server.
constexpr const char* kDrafts =
    "ALTER TABLE outbox ADD COLUMN cc TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE outbox ADD COLUMN bcc TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE outbox ADD COLUMN importance INTEGER NOT NULL DEFAULT 1;"
    "CREATE TABLE stale(item INTEGER PRIMARY KEY);"
    "CREATE TRIGGER draft_gone AFTER DELETE ON change WHEN OLD.kind=6 AND OLD.value<>0 BEGIN"
    " DELETE FROM outbox_chunk WHERE id>=OLD.value<<36 AND id<(OLD.value+1)<<36;"
    " DELETE FROM outbox_part WHERE id>=OLD.value<<16 AND id<(OLD.value+1)<<16;"
    " DELETE FROM outbox WHERE id=OLD.value; END;"_sql;

// The recipient information cache is of use from now on.
constexpr const char* kRecipients = "UPDATE folder SET selected=1 WHERE type=19 AND gone=0 AND emptying=0;"_sql;

constexpr SchemaVersion kVersions[] = {
    {1, "mail", kMail},     {2, "places", kPlaces}, {3, "personal", kPersonal},
    {4, "edits", kEdits},   {5, "outbox", kOutbox}, {6, "windows", kWindows},
    {7, "search", kSearch}, {8, "drafts", kDrafts}, {9, "recipients", kRecipients},
};

}  // namespace

std::span<const SchemaVersion> schema_versions() { return kVersions; }
int schema_newest() { return kVersions[std::size(kVersions) - 1].number; }

Status set_up_connection(sqlite3* database, std::uint16_t page_bytes, std::uint16_t cache_kib, bool writes,
                         bool sealed) {
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_timeout(database,
                       2000);  // another process may be committing a change row: short, never behind a network
  // A VFS that seals pages keeps nonce and tag in each page's reserve, which has to be there before the first page is,
  // and makes no rollback journal: one page is written without, all others go through the log.
  const Result<std::int64_t> reserve = query_number(database, "PRAGMA sealed_reserve_bytes"_sql);
  if (!reserve.ok()) return reserve.error();
  if (sealed && reserve.value() == 0) return Error{Domain::kSqlite, kNotSealed, 0};
  const char* wal = "PRAGMA journal_mode=wal;"_sql;
  if (reserve.value() != 0 && writes) {
    int bytes = static_cast<int>(reserve.value());
    sqlite3_file_control(database, "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes);
    const Result<std::int64_t> pages = query_number(database, "PRAGMA page_count"_sql);
    if (!pages.ok()) return pages.error();
    if (pages.value() == 0) wal = "PRAGMA journal_mode=memory;PRAGMA journal_mode=wal;"_sql;
  }
  char sql[440];
  // Erasing is done by destroying the key; until then overwriting deleted rows would only wear the flash.
  std::snprintf(sql, sizeof sql,
                "PRAGMA page_size=%u;PRAGMA cache_size=-%u;PRAGMA temp_store=memory;PRAGMA trusted_schema=off;"
                "PRAGMA cell_size_check=on;PRAGMA foreign_keys=off;PRAGMA secure_delete=off;PRAGMA mmap_size=0;"
                "PRAGMA wal_autocheckpoint=0;PRAGMA synchronous=full;%s",
                static_cast<unsigned>(page_bytes), static_cast<unsigned>(cache_kib),
                writes ? wal : "PRAGMA query_only=on;"_sql);
  return execute(database, sql);
}

Status migrate(sqlite3* database) {
  const Result<std::int64_t> found = query_number(database, "PRAGMA user_version"_sql);
  if (!found.ok()) return found.error();
  if (found.value() > schema_newest()) return Error{Domain::kSqlite, kNewer, static_cast<std::uint32_t>(found.value())};
  for (const SchemaVersion& version : kVersions) {
    if (version.number <= found.value()) continue;
    char sql[64];
    std::snprintf(sql, sizeof sql, "PRAGMA user_version=%d;COMMIT", version.number);
    HANDSYNC_TRY(execute(database, "BEGIN IMMEDIATE"_sql));
    // Another process may have migrated while we waited for the lock.
    const Result<std::int64_t> now = query_number(database, "PRAGMA user_version"_sql);
    Status outcome = now.ok() ? Status(Done{}) : Status(now.error());
    if (outcome.ok() && now.value() < version.number) outcome = execute(database, version.sql);
    if (outcome.ok()) outcome = execute(database, now.value() < version.number ? sql : "COMMIT"_sql);
    if (!outcome.ok()) {
      sqlite3_exec(database, "ROLLBACK", nullptr, nullptr, nullptr);
      return outcome;
    }
  }
  return Done{};
}

}  // namespace handsync::replica
