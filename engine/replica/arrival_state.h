/// What an Arrival holds between begin and commit: one block from Memory, the log another. Private to this folder.
#pragma once
#include "replica/arrival.h"
#include "replica/arrival_log.h"

namespace handsync::replica {

inline constexpr std::size_t kRestBytesMax =
    1024 * 1024;  ///< what is not known of one item; more is a fault of the item
inline constexpr std::uint32_t kAttachmentsMax = 65'535;
inline constexpr int kAttachmentColumns = 8;

/// After the commit, each in a transaction without a sync: of pages that one transaction frees SQLite keeps a map, up
/// to 64 KB in a replica of megabytes.
inline constexpr bool kLogGoesRowByRow = profile::kSmall;

struct ArrivalState {
  SyncFolder folder;  ///< as the request was made
  std::uint32_t request = 0;
  Class kind = Class::kEmail;
  std::uint64_t first_blob = 0;
  std::uint32_t stage_losses = 0;

  // The item that is arriving.
  bool in_item = false;
  bool answer = false, adds = false;
  std::size_t item_start = 0;  ///< of its record, in `log`
  Error fault{};
  RowSet seen;  // rows of the property table: the first of two equal elements counts
  std::uint32_t rest_bytes = 0, rest_inline_bytes = 0, rest_blobs = 0;

  // The property that is arriving.
  const items::Property* row = nullptr;
  items::PropertyId property = 0;
  enum class Into : std::uint8_t { kNothing, kValue, kBlob, kAttachment } into = Into::kNothing;
  std::uint16_t value_bytes = 0;
  std::uint64_t blob = 0, blob_bytes = 0;
  std::uint32_t chunk_bytes = 0;
  std::uint16_t prefix_bytes = 0;

  // The attachment that is arriving, and its list.
  bool attachment_open = false;
  std::uint64_t attachment_list = 0;
  std::uint32_t attachment_count = 0;
  std::uint16_t attachment_bytes = 0;
  struct Field {
    bool set = false;
    std::uint16_t at = 0, size = 0;
  } fields[kAttachmentColumns];

  // The log: whole records before `item_start`, then the item's.
  std::byte* log = nullptr;
  std::size_t log_capacity = 0, log_bytes = 0;
  std::uint32_t log_rows = 0;  ///< spilled
  std::uint32_t answers = 0;   ///< records to be looked at before the items: an Add, a status that is not success

  std::byte value[kInlineBytesMax];
  std::byte attachment[2048];
  /// While it is applied, the record that is looked at stands here.
  alignas(ItemRecord) std::byte chunk[kChunkBytes > sizeof(ItemRecord) ? kChunkBytes : sizeof(ItemRecord)];
};

/// Applies a log to the tables, inside a transaction: arrival_apply.cpp.
Result<Applied> apply_arrival(StoreState&, ArrivalState&, Text new_sync_key, bool more, std::int64_t wall_ms);

}  // namespace handsync::replica
