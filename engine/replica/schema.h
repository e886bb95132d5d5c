/// The database's shape, by named versions. A replica of an older version is migrated when it is opened, one version
/// after the other, each in a transaction of its own; a newer one is refused. A landed version is never edited: a
/// change is a new version.
#pragma once
#include <sqlite3.h>

#include "handsync/base.h"

namespace handsync::replica {

struct SchemaVersion {
  int number;  ///< PRAGMA user_version
  const char* name;
  const char* sql;  ///< from the version before
};

std::span<const SchemaVersion> schema_versions();
int schema_newest();

/// Settings of a connection; `page_bytes` counts only while the file is empty. `sealed`: Error{kSqlite, kNotSealed}
/// when the VFS does not seal pages (it would answer `PRAGMA sealed_reserve_bytes`, platform/storage).
Status set_up_connection(sqlite3*, std::uint16_t page_bytes, std::uint16_t cache_kib, bool writes, bool sealed);
/// Brings the database to the newest version. Error{kSqlite, kNewer}: a later program has been here.
Status migrate(sqlite3*);

}  // namespace handsync::replica
