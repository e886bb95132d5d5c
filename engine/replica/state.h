/// What an open Store holds: connection, kept statements, the stage transaction, counters. Private to this folder.
#pragma once
#include "handsync/memory.h"
#include "handsync/profile.h"
#include "replica/statements.h"
#include "replica/store.h"

namespace handsync::replica {

inline constexpr std::size_t kChunkBytes = profile::kBodyPieceBytes;
inline constexpr std::size_t kInlineBytesMax = profile::kInlineBytesMax;  ///< a longer value lives in chunk rows
inline constexpr std::size_t kPrefixBytesMax = 1024;                      ///< of it, this much is in the item's row
inline constexpr std::uint32_t kStageDirtyBytesMax = 32 * 1024;
inline constexpr std::uint64_t kStageAgeMsMax = 250;
inline constexpr int kCheckpointPages = profile::kCheckpointPages;
inline constexpr int kSweepRows = profile::kSmall ? 8 : 32;  ///< of 16 KiB (4 in small builds), in one step
inline constexpr std::uint64_t kGenerationsKept = 10'000;    ///< for changed_since without looking at every item
inline constexpr int kPartBits = 20;                         ///< of commit_log.id
inline constexpr int kChunkBits = 16;                        ///< of body_chunk.id and attachment.id
static_assert(kStageDirtyBytesMax >= 2 * kChunkBytes, "a stage transaction holds at least two chunks");
static_assert(kPrefixBytesMax <= kInlineBytesMax);

/// Rows of `value` that are this folder's own.
enum : int { kNextItem = 1000, kNextBlob = 1001 };

/// Statements that are kept prepared. The rest is prepared when needed: a kept statement costs one to seven KiB of
/// heap. Small builds keep those before kBegin only: what must not want memory when it is needed, and what every item
/// needs, the latter while it stages or applies.
enum class Sql : std::uint8_t {
  kCommit,
  kRollback,
  kChunkPut,  // to kLogPut: of the stage
  kAttachmentPut,
  kLogPut,
  kItemInsert,  // to kExtraPut: of the commit
  kItemReplace,
  kItemFind,
  kExtraPut,
  kBegin,
  kValueGet,
  kValuePut,
  kCommitLogLast,
  kCommitLogPut,
  kCommitLogTrim,
  kCount
};
inline constexpr int kKeptStatements = static_cast<int>(profile::kSmall ? Sql::kBegin : Sql::kCount);

/// Lists the items of one commit for `changed_since`: varint(id * 2 + gone), and after a gone one varint(folder). Two
/// KiB a row.
class CommitLog {
 public:
  void start(std::uint64_t generation) {
    generation_ = generation;
    size_ = 0;
    part_ = 0;
    last_ = 0;
  }
  std::uint64_t generation() const { return generation_; }
  Status changed(struct StoreState&, std::uint64_t item);
  Status gone(struct StoreState&, std::uint64_t item, std::uint32_t folder);
  Status finish(struct StoreState&);  ///< also when nothing is listed: the generation itself is the row

 private:
  void put(std::uint64_t value);
  Status flush(struct StoreState&);
  std::uint64_t generation_ = 0;
  std::uint64_t last_ = 0;  // the item listed last: once is enough
  std::uint32_t part_ = 0;
  std::uint16_t size_ = 0;
  std::byte data_[2048];
};

/// What is listed next from `at` on, which moves on; false: that was all.
struct LogEntry {
  std::uint64_t item = 0;
  bool gone = false;
  std::uint32_t folder = 0;  ///< of one that is gone
};
bool next_log_entry(Bytes data, std::size_t& at, LogEntry&);

struct StoreState {
  sqlite3* database = nullptr;
  Memory memory{};
  sqlite3_stmt* kept[kKeptStatements]{};
  CommitLog log;
  bool full_sync = true;  ///< what PRAGMA synchronous is now
  bool stage_open = false;
  bool owner = false;              ///< this process has taken over what an earlier one left staged
  bool arriving = false;           ///< an Arrival is between begin and commit or drop
  std::uint32_t stage_losses = 0;  ///< how often a stage could not be committed: what was staged before is gone
  std::uint32_t stage_dirty = 0;
  std::uint64_t stage_since_ms = 0;
  std::uint64_t now_ms = 0;
  std::uint64_t next_blob = 0;  ///< in RAM; durable only with a commit
  int wal_pages = 0;
  int wal_pages_tried = 0;  ///< at the last checkpoint: do not try again at every commit while a reader holds it back
  std::uint16_t arrival_kib = 0;
  bool texts_held = false;   ///< no text is uploaded just now
  bool client_wins = false;  ///< against what the server changed meanwhile
  bool hierarchy_whole = false;
  std::uint32_t hierarchy_losses = 0;
  std::uint64_t searchable_generation = UINT64_MAX;  ///< up to it everything is known to be indexed

  Statement kept_statement(Sql);
  void let_go(Sql first, Sql last);  ///< of the kept ones
  Status set_sync(bool full);
  Status begin(bool full);  ///< closes a stage transaction first
  Status commit();
  void roll_back();
  Status checkpoint_if_large();

  // Stage: rows that nothing refers to yet, in short transactions without a sync.
  Status stage(std::uint32_t bytes);  ///< before writing that many: a transaction is open afterwards
  Status stage_close();
  Status take_over();  ///< what an earlier process left staged becomes garbage to sweep; needs no transaction
  Status forget_staged(std::uint64_t first_blob);

  Result<std::uint64_t> generation();
  Status start_log();  ///< in a transaction: the log of the next generation
  Result<std::uint64_t> counter(int key, std::uint64_t otherwise);
  Status set_counter(int key, std::uint64_t value);
  Status delete_blob(std::uint64_t blob, std::uint64_t bytes);
  Status delete_attachments(std::uint64_t list);
};

/// One short transaction; rolled back unless committed.
class Transaction {
 public:
  explicit Transaction(StoreState& state) : state_(state) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (open_) state_.roll_back();
  }
  /// `lasting`: synchronous=FULL, one sync at commit. Else NORMAL: consistent after a power cut, but may be lost.
  Status begin(bool lasting = true) {
    HANDSYNC_TRY(state_.begin(lasting));
    open_ = true;
    return Done{};
  }
  Status commit() {
    HANDSYNC_TRY(state_.commit());
    open_ = false;
    return Done{};
  }

 private:
  StoreState& state_;
  bool open_ = false;
};

inline StoreState& state_of(void* state) { return *static_cast<StoreState*>(state); }

/// The edits of an item that has gone: kept and listed, no longer sent. Returns how many were parked.
Result<std::uint32_t> park_edits_of_gone(StoreState&, std::uint64_t item, Text server_id, Text subject);
/// Removes an item and all that belongs to it; its edits are parked. Counts of the folder are the caller's.
Result<std::uint32_t> remove_item(StoreState&, std::uint64_t item);
/// Side rows of an item, with their chunks: properties `from`..`to`.
Status delete_extras(StoreState&, std::uint64_t item, std::uint16_t from, std::uint16_t to);
/// A row of "id,server_id,sync_key,type,selected,synced,rekeying,window,filter,guard,days,body_bytes".
SyncFolder sync_folder_of(const Statement&);
bool supported_type(FolderType);
bool holds(FolderType, Class);  ///< items of that class may be put there
inline const Error kNotOpen{Domain::kSqlite, kClosed, 0};
inline constexpr std::int32_t kStatusGone = 8, kStatusConflict = 7;

}  // namespace handsync::replica
