/// One item as the arrival log has it, and how it becomes the columns of its row. Follows the property table: no
/// property is named here but those that the replica itself judges (read, flag, body).
#pragma once
#include "items/properties.h"
#include "replica/state.h"

namespace handsync::replica {

inline constexpr std::size_t kRowsMax = 64;  ///< of a class's property table: one bit each
inline constexpr std::size_t kRestBlobsMax = 16;

struct PropertyValue {
  enum class Form : std::uint8_t { kAbsent, kInline, kBlob };
  Form form = Form::kAbsent;
  Bytes data{};  ///< of a blob: what of it stands in the row
  std::uint64_t blob = 0, size = 0;
};

/// Borrowed from the log.
struct ItemRecord {
  items::Operation operation{};
  bool has_status = false;
  std::uint32_t status = 0;
  Text server_id, client_id;
  Error fault{};
  Class kind = Class::kEmail;
  std::uint64_t present = 0;  ///< bit per row of the property table
  PropertyValue values[kRowsMax];
  std::uint64_t attachment_list = 0;
  std::uint32_t attachment_count = 0;
  Bytes rest{};
  PropertyValue rest_blobs[kRestBlobsMax];
  std::uint32_t rest_blob_count = 0;

  const PropertyValue* find(items::PropertyId) const;
  bool has(items::PropertyId id) const { return find(id) != nullptr; }
  void forget(items::PropertyId);
  std::int64_t number(items::PropertyId, std::int64_t otherwise) const;
};

/// What the replica judges of a row that is there already.
struct ItemNow {
  std::uint64_t id = 0, generation = 0, epoch = 0, body_blob = 0, body_here = 0, attachment_list = 0;
  std::uint32_t shown = 0;  ///< the folder whose list has it; 0 = none
  std::int64_t body_type = 0, body_size = 0;
  std::uint32_t edits = 0;
  bool read = false, body_truncated = false;
  std::uint8_t flag_status = 0;
};
inline constexpr char kItemFindSql[] =
    "SELECT "
    "id,generation,epoch,body_blob,body_here,attachment_list,body_type,body_size,edits,read,body_truncated,flag_status,"
    "shown"
    " FROM item WHERE folder=?1 AND server_id=?2";
ItemNow item_now_of(const Statement&);

/// What is written beside the properties. `read` and `flag_status` are what is shown: the server's values or an edit of
/// the user.
struct ItemColumns {
  std::uint64_t id = 0, folder = 0, generation = 0, epoch = 0, body_blob = 0, body_here = 0, attachment_list = 0;
  std::uint32_t edits = 0, attachment_count = 0;
  bool read = false;
  std::uint8_t flag_status = 0;
};

inline constexpr std::size_t kItemSqlBytesMax = 2048;
/// The whole row: INSERT, or UPDATE of all but folder and server_id.
void write_item_sql(char (&sql)[kItemSqlBytesMax], bool insert);
/// UPDATE of what a Change brings and nothing else.
struct ChangedParts {
  std::uint64_t rows = 0;  ///< of the property table
  bool read = false, flag = false, body = false, attachments = false, rest = false;
};
void write_change_sql(char (&sql)[kItemSqlBytesMax], Class, const ChangedParts&);
/// Values for all of these statements; the parameters are numbered alike.
void bind_item(Statement&, const ItemRecord&, const ItemColumns&);
/// For a statement of write_change_sql, which has only the parameters of `parts`.
void bind_change(Statement&, const ItemRecord&, const ItemColumns&, const ChangedParts& parts);

}  // namespace handsync::replica
