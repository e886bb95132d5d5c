/// One item as the arrival log has it, and how it becomes the columns of its row. Follows the property table: no
/// property is named here but those that the replica itself judges (read, flag, body).
#pragma once
#include <bit>

#include "items/properties.h"
#include "replica/state.h"

namespace handsync::replica {

inline constexpr std::size_t kRestBlobsMax = 16;

/// A set of rows of a class's property table.
class RowSet {
 public:
  bool has(std::size_t row) const { return (words_[row / 64] >> row % 64 & 1) != 0; }
  void add(std::size_t row) { words_[row / 64] |= std::uint64_t{1} << row % 64; }
  void remove(std::size_t row) { words_[row / 64] &= ~(std::uint64_t{1} << row % 64); }
  void clear() { words_[0] = words_[1] = 0; }
  bool empty() const { return (words_[0] | words_[1]) == 0; }
  template <class Each>
  Status each(Each each) const {
    for (std::size_t word = 0; word < 2; ++word) {
      for (std::uint64_t left = words_[word]; left != 0; left &= left - 1) {
        HANDSYNC_TRY(each(word * 64 + static_cast<std::size_t>(std::countr_zero(left))));
      }
    }
    return Done{};
  }

 private:
  static_assert(items::kRowsMax <= 128);
  std::uint64_t words_[2]{};
};

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
  RowSet present;
  PropertyValue values[items::kRowsMax];
  std::uint64_t attachment_list = 0;
  std::uint32_t attachment_count = 0;
  Bytes rest{};
  PropertyValue rest_blobs[kRestBlobsMax];
  std::uint32_t rest_blob_count = 0;

  const PropertyValue* find(items::PropertyId) const;
  bool has(items::PropertyId id) const { return find(id) != nullptr; }
  void forget(items::PropertyId);
  std::int64_t number(items::PropertyId, std::int64_t otherwise) const;
  /// What lists sort by: DateReceived of a mail, else the date of the row that has kSorts; 0 = none.
  std::int64_t date() const;
  /// Does a Change say all of the item (kMarks), or only what has changed?
  bool says_all() const;
};

/// What the value of a row with kSorts puts into the column that lists sort by.
std::int64_t sort_value(const items::Property&, Text);

/// What the replica judges of a row that is there already.
struct ItemNow {
  std::uint64_t id = 0, generation = 0, epoch = 0, body_blob = 0, body_here = 0, attachment_list = 0;
  std::uint32_t shown = 0;  ///< the folder whose list has it; 0 = none
  std::int64_t body_type = 0, body_size = 0;
  std::uint32_t edits = 0;
  bool read = false, body_truncated = false;
  std::uint8_t flag_status = 0;
};
#define HANDSYNC_ITEM_NOW                                                                                         \
  "SELECT id,generation,epoch,body_blob,body_here,attachment_list,body_type,body_size,edits,read,body_truncated," \
  "flag_status,shown FROM item"
inline constexpr const char* kItemFindSql = HANDSYNC_ITEM_NOW " WHERE folder=?1 AND server_id=?2"_sql;
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
/// The whole row: INSERT, or UPDATE of all but folder and server_id. One statement for all classes: those without a
/// property leave its column NULL.
void write_item_sql(char (&sql)[kItemSqlBytesMax], bool insert);
/// UPDATE of what a Change brings and nothing else.
struct ChangedParts {
  RowSet rows;
  bool read = false, flag = false, body = false, attachments = false, rest = false;
};
void write_change_sql(char (&sql)[kItemSqlBytesMax], const ItemRecord&, const ChangedParts&);
/// Values for all of these statements; the parameters are numbered alike.
void bind_item(Statement&, const ItemRecord&, const ItemColumns&);
/// For a statement of write_change_sql, which has only the parameters of `parts`.
void bind_change(Statement&, const ItemRecord&, const ItemColumns&, const ChangedParts& parts);

}  // namespace handsync::replica
