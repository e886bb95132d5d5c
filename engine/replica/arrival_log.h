/// The arrival log's form. An item is one record, never split between rows: u32 length of the whole record, u8
/// operation, then parts, each u8 kind and its fields. Integers are in the machine's order: a log never leaves the
/// device and never outlives a boot.
#pragma once
#include <cstring>

#include "replica/item_row.h"

namespace handsync::replica {

enum class Part : std::uint8_t {
  kServerId = 1,  ///< u16 size, bytes
  kClientId,      ///< u16 size, bytes
  kStatus,        ///< u32
  kProperty,      ///< u16 id, u16 size, bytes
  kPropertyBlob,  ///< u16 id, u64 blob, u64 size, u16 size, bytes: the beginning
  kAttachments,   ///< u64 list, u32 count
  kFault,         ///< an Error
  kIsText,        ///< an SMS in a folder of mails
};

inline constexpr std::size_t kRecordHeadBytes = 5;
inline constexpr std::size_t kRecordBytesMax = profile::kArrivalItemBytesMax;  ///< an item's inline values together
inline constexpr std::size_t kLogRowBytesMax = profile::kArrivalRowBytesMax;
static_assert(kRecordBytesMax < kLogRowBytesMax);
static_assert(kInlineBytesMax <= UINT16_MAX);

/// Reads records off a log. Everything is checked: a log that does not add up is Error{kSqlite, kUnsound}.
class LogReader {
 public:
  explicit LogReader(Bytes log) : rest_(log) {}

  bool at_end() const { return rest_.empty(); }

  /// The next record, or false. Pointers go into the log. `rest` (room of kInlineBytesMax) holds what several kRest
  /// parts become.
  Result<bool> next(ItemRecord& item, Room rest) {
    if (rest_.empty()) return false;
    std::uint32_t size = 0;
    std::uint8_t operation = 0;
    Bytes record = rest_;
    if (!take(record, size) || size > rest_.size() || size < kRecordHeadBytes || !take(record, operation))
      return unsound();
    record = rest_.subspan(kRecordHeadBytes, size - kRecordHeadBytes);
    rest_ = rest_.subspan(size);
    reset(item, static_cast<items::Operation>(operation));
    std::size_t rest_bytes = 0;
    while (!record.empty()) {
      if (!part(record, item, rest, rest_bytes)) return unsound();
    }
    item.rest = Bytes(rest.data(), rest_bytes);
    return true;
  }

 private:
  static Error unsound() { return Error{Domain::kSqlite, kUnsound, 0}; }

  static void reset(ItemRecord& item, items::Operation operation) {
    item.operation = operation;
    if (item.kind == Class::kSms) item.kind = Class::kEmail;
    item.has_status = false;
    item.status = 0;
    item.server_id = item.client_id = {};
    item.fault = {};
    item.present.clear();
    item.attachment_list = 0;
    item.attachment_count = item.rest_blob_count = 0;
    item.rest = {};
  }

  template <class Number>
  static bool take(Bytes& from, Number& value) {
    if (from.size() < sizeof value) return false;
    std::memcpy(&value, from.data(), sizeof value);
    from = from.subspan(sizeof value);
    return true;
  }
  static bool take(Bytes& from, std::size_t size, Bytes& value) {
    if (from.size() < size) return false;
    value = from.first(size);
    from = from.subspan(size);
    return true;
  }

  static bool part(Bytes& record, ItemRecord& item, Room rest, std::size_t& rest_bytes) {
    std::uint8_t kind = 0;
    std::uint16_t id = 0, size = 0;
    Bytes data;
    if (!take(record, kind)) return false;
    switch (static_cast<Part>(kind)) {
      case Part::kServerId:
        if (!take(record, size) || !take(record, size, data)) return false;
        item.server_id = text_of(data);
        return true;
      case Part::kClientId:
        if (!take(record, size) || !take(record, size, data)) return false;
        item.client_id = text_of(data);
        return true;
      case Part::kStatus:
        item.has_status = true;
        return take(record, item.status);
      case Part::kProperty:
        if (!take(record, id) || !take(record, size) || !take(record, size, data)) return false;
        if (id == items::kRest) {
          if (data.size() > rest.size() - rest_bytes) return false;
          if (!data.empty()) std::memcpy(rest.data() + rest_bytes, data.data(), data.size());
          rest_bytes += data.size();
          return true;
        }
        return keep(item, id, PropertyValue{PropertyValue::Form::kInline, data, 0, data.size()});
      case Part::kPropertyBlob: {
        PropertyValue value{PropertyValue::Form::kBlob, {}, 0, 0};
        if (!take(record, id) || !take(record, value.blob) || !take(record, value.size) || !take(record, size) ||
            !take(record, size, value.data)) {
          return false;
        }
        if (id == items::kRest) {
          if (item.rest_blob_count == kRestBlobsMax) return false;
          item.rest_blobs[item.rest_blob_count++] = value;
          return true;
        }
        return keep(item, id, value);
      }
      case Part::kAttachments:
        return take(record, item.attachment_list) && take(record, item.attachment_count);
      case Part::kIsText:
        item.kind = Class::kSms;
        return true;
      case Part::kFault:
        return take(record, item.fault);
    }
    return false;
  }

  static bool keep(ItemRecord& item, items::PropertyId id, const PropertyValue& value) {
    const items::Property* row = items::find_property(item.kind, id);
    if (row == nullptr) return false;
    const auto index = static_cast<std::size_t>(row - items::properties(item.kind).data());
    item.present.add(index);
    item.values[index] = value;
    return true;
  }

  Bytes rest_;
};

}  // namespace handsync::replica
