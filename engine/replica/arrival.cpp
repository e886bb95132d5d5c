/// Staging: what arrives goes into the log and into rows that nothing refers to.
#include "replica/arrival.h"

#include <new>

#include "replica/arrival_state.h"
#include "replica/planted.h"
#include "wbxml/utf8.h"

namespace handsync::replica {
namespace {

using items::Kind;
using items::Place;
using Into = ArrivalState::Into;

constexpr std::int32_t kMalformed = 6;         // Sync Status: the item cannot be converted
constexpr std::size_t kServerIdBytesMax = 64;  // MS-ASCMD 2.2.3.166.8

ArrivalState& arriving(void* state) { return *static_cast<ArrivalState*>(state); }

void spoil(ArrivalState& a, items::PropertyId id) {
  if (!a.fault) a.fault = Error{Domain::kEas, kMalformed, id};
}

/// Moves the records before the current item to rows of at most kLogRowBytesMax.
Status spill(StoreState& store, ArrivalState& a) {
  std::size_t start = 0;
  while (start < a.item_start) {
    std::size_t end = start;
    for (;;) {
      std::uint32_t size = 0;
      if (end < a.item_start) std::memcpy(&size, a.log + end, sizeof size);
      if (size == 0 || end + size - start > kLogRowBytesMax) break;
      end += size;
    }
    HANDSYNC_TRY(store.stage(static_cast<std::uint32_t>(end - start)));
    HANDSYNC_TRY(
        store.kept_statement(Sql::kLogPut).number(1, a.log_rows + 1).blob(2, Bytes(a.log + start, end - start)).run());
    ++a.log_rows;
    start = end;
  }
  std::memmove(a.log, a.log + start, a.log_bytes - start);
  a.log_bytes -= start;
  a.item_start = 0;
  return Done{};
}

/// Room in the log for `bytes` more of the current item. False: the item as a whole is too large, and spoiled.
Result<bool> make_room(StoreState& store, ArrivalState& a, std::size_t bytes) {
  constexpr std::size_t kTail = 64;  // attachments, fault: there must be room for the end of a record
  if (a.log_bytes - a.item_start + bytes + kTail > kRecordBytesMax) {
    spoil(a, a.property);
    return false;
  }
  if (a.log_bytes + bytes + kTail > a.log_capacity) HANDSYNC_TRY(spill(store, a));
  return true;
}

template <class Number>
void append(ArrivalState& a, Number value) {
  std::memcpy(a.log + a.log_bytes, &value, sizeof value);
  a.log_bytes += sizeof value;
}
void append(ArrivalState& a, Bytes data) {
  if (!data.empty()) std::memcpy(a.log + a.log_bytes, data.data(), data.size());
  a.log_bytes += data.size();
}

Status write_id(StoreState& store, ArrivalState& a, Part part, Text id) {
  if (id.size() > kServerIdBytesMax) {
    spoil(a, 0);
    id = id.substr(0, kServerIdBytesMax);
  }
  const Result<bool> room = make_room(store, a, 3 + id.size());
  if (!room.ok()) return room.error();
  if (!room.value()) return Done{};
  append(a, static_cast<std::uint8_t>(part));
  append(a, static_cast<std::uint16_t>(id.size()));
  append(a, bytes_of(id));
  return Done{};
}

Status write_value(StoreState& store, ArrivalState& a, Bytes value) {
  const Result<bool> room = make_room(store, a, 5 + value.size());
  if (!room.ok()) return room.error();
  if (!room.value()) return Done{};
  append(a, static_cast<std::uint8_t>(Part::kProperty));
  append(a, a.property);
  append(a, static_cast<std::uint16_t>(value.size()));
  append(a, value);
  return Done{};
}

// -- blobs
// ------------------------------------------------------------------------------------------------------------------------

Status write_chunk(StoreState& store, ArrivalState& a) {
  const std::uint64_t n = (a.blob_bytes - a.chunk_bytes) / kChunkBytes;
  if (n > 0xFFFF) {
    spoil(a, a.property);
    a.chunk_bytes = 0;
    return Done{};
  }
  HANDSYNC_TRY(store.stage(a.chunk_bytes));
  HANDSYNC_TRY(store.kept_statement(Sql::kChunkPut)
                   .number(1, a.blob << kChunkBits | n)
                   .blob(2, Bytes(a.chunk, a.chunk_bytes))
                   .run());
  a.chunk_bytes = 0;
  return Done{};
}

Status write_blob(StoreState& store, ArrivalState& a, Bytes data) {
  while (!data.empty()) {
    const std::size_t left = kChunkBytes - a.chunk_bytes;
    const Bytes part = data.first(data.size() < left ? data.size() : left);
    std::memcpy(a.chunk + a.chunk_bytes, part.data(), part.size());
    a.chunk_bytes += static_cast<std::uint32_t>(part.size());
    a.blob_bytes += part.size();
    data = data.subspan(part.size());
    if (a.chunk_bytes == kChunkBytes) HANDSYNC_TRY(write_chunk(store, a));
  }
  return Done{};
}

void start_blob(StoreState& store, ArrivalState& a) {
  a.into = Into::kBlob;
  a.blob = store.next_blob++;
  a.blob_bytes = 0;
  a.chunk_bytes = 0;
}

/// A value has outgrown the buffer: it goes on as a blob, and its beginning will stand in the item's row.
Status value_to_blob(StoreState& store, ArrivalState& a) {
  std::size_t prefix = 0;
  if (a.row != nullptr && a.row->place == Place::kItem) {
    prefix = a.log_bytes - a.item_start > kRecordBytesMax / 2 ? 64 : kPrefixBytesMax;
    if (prefix >= a.value_bytes) {
      prefix = a.value_bytes;
    } else if (a.row->kind != Kind::kBytes) {
      prefix = wbxml::beginning(text_of(Bytes(a.value, a.value_bytes)), prefix).size();
    }
  }
  a.prefix_bytes = static_cast<std::uint16_t>(prefix);
  start_blob(store, a);
  return write_blob(store, a, Bytes(a.value, a.value_bytes));
}

/// A blob that no record will name: after the commit nobody would find it.
Status abandon_blob(StoreState& store, ArrivalState& a) {
  a.chunk_bytes = 0;
  HANDSYNC_TRY(store.stage(64));
  return run_sql(store.database, "DELETE FROM body_chunk WHERE id>=?1 AND id<?2"_sql, a.blob << kChunkBits,
                 (a.blob + 1) << kChunkBits);
}

Status end_blob(StoreState& store, ArrivalState& a) {
  if (a.chunk_bytes != 0) HANDSYNC_TRY(write_chunk(store, a));
  if (a.blob_bytes == 0) return Done{};
  const Result<bool> room = make_room(store, a, 21 + a.prefix_bytes);
  if (!room.ok()) return room.error();
  if (!room.value()) return abandon_blob(store, a);
  append(a, static_cast<std::uint8_t>(Part::kPropertyBlob));
  append(a, a.property);
  append(a, a.blob);
  append(a, a.blob_bytes);
  append(a, a.prefix_bytes);
  append(a, Bytes(a.value, a.prefix_bytes));
  return Done{};
}

// -- attachments
// ------------------------------------------------------------------------------------------------------------------

int attachment_column(items::PropertyId id) { return id - items::kAttachmentName; }
static_assert(items::kAttachmentType - items::kAttachmentName + 1 == kAttachmentColumns);

Status end_attachment(StoreState& store, ArrivalState& a) {
  if (!a.attachment_open) return Done{};
  a.attachment_open = false;
  if (a.attachment_count == kAttachmentsMax) return Done{};
  HANDSYNC_TRY(store.stage(a.attachment_bytes + 32u));
  Statement put = store.kept_statement(Sql::kAttachmentPut);
  Statement& statement = put;
  statement.number(1, a.attachment_list << kChunkBits | a.attachment_count);
  for (int i = 0; i < kAttachmentColumns; ++i) {
    const ArrivalState::Field& field = a.fields[i];
    const auto id = static_cast<items::PropertyId>(items::kAttachmentName + i);
    const items::Property* row = items::find_property(a.kind, id);
    const Bytes value(a.attachment + field.at, field.size);
    if (!field.set || row == nullptr) {
      statement.null(i + 2);
    } else if (row->kind == Kind::kText) {
      statement.text(i + 2, text_of(value));
    } else {
      statement.number(i + 2, items::number_of(value));
    }
  }
  HANDSYNC_TRY(statement.run());
  ++a.attachment_count;
  return Done{};
}

}  // namespace

Status Arrival::begin(const SyncFolder& folder, std::uint32_t request, std::uint64_t mono_ms) {
  drop();
  if (store_.state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(store_.state_);
  store.now_ms = mono_ms;
  static_cast<void>(store.stage_close());  // whatever becomes of what was staged before, it is not this response's loss
  HANDSYNC_TRY(store.take_over());
  const Memory& memory = store.memory;
  void* block = memory.take(memory.self, sizeof(ArrivalState));
  if (block == nullptr) return out_of_memory(sizeof(ArrivalState));
  // A smaller log works as well, with more rows.
  std::size_t capacity = static_cast<std::size_t>(store.arrival_kib) * 1024;
  if (capacity < kLogRowBytesMax) capacity = kLogRowBytesMax;
  void* log = nullptr;
  while ((log = memory.take(memory.self, capacity)) == nullptr && capacity > kLogRowBytesMax) {
    capacity = capacity / 2 > kLogRowBytesMax ? capacity / 2 : kLogRowBytesMax;
  }
  if (log == nullptr) {
    memory.give(memory.self, block);
    return out_of_memory(capacity);
  }
  auto* a = new (block) ArrivalState;
  a->folder = folder;
  a->kind = items::class_of(folder.type);
  a->request = request;
  a->first_blob = store.next_blob;
  a->stage_losses = store.stage_losses;
  a->log = static_cast<std::byte*>(log);
  a->log_capacity = capacity;
  store.arriving = true;
  state_ = a;
  items_ = 0;
  answers_an_add_ = false;
  return Done{};
}

Status Arrival::tick(std::uint64_t mono_ms) {
  if (state_ == nullptr || store_.state_ == nullptr) return Done{};
  StoreState& store = state_of(store_.state_);
  store.now_ms = mono_ms;
  if (!store.stage_open || mono_ms - store.stage_since_ms < kStageAgeMsMax) return Done{};
  HANDSYNC_TRY(store.stage_close());
  return store.checkpoint_if_large();
}

Status Arrival::item(Operation operation) {
  if (state_ == nullptr || store_.state_ == nullptr) return kNotOpen;
  ArrivalState& a = arriving(state_);
  // An item that was never ended is a mistake of the caller; its record is written over.
  if (a.in_item) a.log_bytes = a.item_start;
  a.in_item = true;
  a.answer = operation >= Operation::kAnswerAdd;
  a.adds = operation == Operation::kAnswerAdd;
  if (a.adds) ++a.answers;  // with a Status or without
  a.item_start = a.log_bytes;
  a.fault = {};
  a.seen.clear();
  a.rest_bytes = a.rest_inline_bytes = a.rest_blobs = 0;
  a.row = nullptr;
  a.property = 0;
  a.into = Into::kNothing;
  a.attachment_open = false;
  a.attachment_list = 0;
  a.attachment_count = 0;
  const Result<bool> room = make_room(state_of(store_.state_), a, kRecordHeadBytes);
  if (!room.ok()) return room.error();
  append(a, std::uint32_t{0});  // the length: item_end knows it
  append(a, static_cast<std::uint8_t>(operation));
  return Done{};
}

Status Arrival::server_id(Text id) {
  if (state_ == nullptr || store_.state_ == nullptr || !arriving(state_).in_item) return Done{};
  return write_id(state_of(store_.state_), arriving(state_), Part::kServerId, id);
}

Status Arrival::client_id(Text id) {
  if (state_ == nullptr || store_.state_ == nullptr || !arriving(state_).in_item) return Done{};
  if (!answers_an_add_ && arriving(state_).adds) {
    const Result<std::int64_t> found =
        query_number(state_of(store_.state_).database,
                     "SELECT EXISTS(SELECT 1 FROM change WHERE client_id=?1 AND request=?2 AND kind IN (6,11))"_sql, id,
                     arriving(state_).request);
    if (!found.ok()) return found.error();
    answers_an_add_ = found.value() != 0;
  }
  return write_id(state_of(store_.state_), arriving(state_), Part::kClientId, id);
}

Status Arrival::item_status(std::uint32_t status) {
  if (state_ == nullptr || store_.state_ == nullptr || !arriving(state_).in_item) return Done{};
  ArrivalState& a = arriving(state_);
  const Result<bool> room = make_room(state_of(store_.state_), a, 5);
  if (!room.ok() || !room.value()) return room.ok() ? Status(Done{}) : Status(room.error());
  append(a, static_cast<std::uint8_t>(Part::kStatus));
  append(a, status);
  if (a.answer && status != 1 && !a.adds) ++a.answers;
  return Done{};
}

Status Arrival::item_is_text() {
  if (state_ == nullptr || store_.state_ == nullptr || !arriving(state_).in_item) return Done{};
  ArrivalState& a = arriving(state_);
  if (a.kind != Class::kEmail) return Done{};
  const Result<bool> room = make_room(state_of(store_.state_), a, 1);
  if (room.ok() && room.value()) append(a, static_cast<std::uint8_t>(Part::kIsText));
  return room.ok() ? Status(Done{}) : Status(room.error());
}

Status Arrival::begin(items::PropertyId id) {
  if (state_ == nullptr || store_.state_ == nullptr || !arriving(state_).in_item) return Done{};
  ArrivalState& a = arriving(state_);
  StoreState& store = state_of(store_.state_);
  a.row = items::find_property(a.kind, id);
  a.property = id;
  a.into = Into::kNothing;
  a.value_bytes = a.prefix_bytes = 0;
  if (a.row != nullptr && a.row->place == Place::kAttachment) {
    if (!a.attachment_open) return Done{};
    a.into = Into::kAttachment;
    a.fields[attachment_column(id)] = {true, a.attachment_bytes, 0};
    return Done{};
  }
  HANDSYNC_TRY(end_attachment(store, a));
  if (id == items::kAttachment) {
    if (a.attachment_list == 0) a.attachment_list = store.next_blob++;
    a.attachment_open = true;
    a.attachment_bytes = 0;
    for (ArrivalState::Field& field : a.fields) field = {};
    return Done{};
  }
  if (a.row != nullptr && a.row->kind != Kind::kMarker) {
    const auto row = static_cast<std::size_t>(a.row - items::properties(a.kind).data());
    if (a.seen.has(row)) return Done{};
    a.seen.add(row);
  }
  if (a.row != nullptr && a.row->place == Place::kBlob) {
    start_blob(store, a);
  } else if (a.row != nullptr || id == items::kRest) {
    a.into = Into::kValue;
  }
  return Done{};
}

Status Arrival::piece(Bytes data) {
  if (state_ == nullptr || store_.state_ == nullptr || !arriving(state_).in_item) return Done{};
  ArrivalState& a = arriving(state_);
  StoreState& store = state_of(store_.state_);
  if (a.property == items::kRest) {
    a.rest_bytes += static_cast<std::uint32_t>(data.size());
    if (a.rest_bytes > kRestBytesMax) {
      spoil(a, items::kRest);
      return Done{};
    }
  }
  switch (a.into) {
    case Into::kNothing:
      return Done{};
    case Into::kBlob:
      return write_blob(store, a, data);
    case Into::kAttachment: {
      ArrivalState::Field& field = a.fields[attachment_column(a.property)];
      if (data.size() > sizeof a.attachment - a.attachment_bytes) {
        spoil(a, a.property);  // a reference that is cut short would fetch something else
        return Done{};
      }
      std::memcpy(a.attachment + a.attachment_bytes, data.data(), data.size());
      a.attachment_bytes = static_cast<std::uint16_t>(a.attachment_bytes + data.size());
      field.size = static_cast<std::uint16_t>(field.size + data.size());
      return Done{};
    }
    case Into::kValue:
      break;
  }
  if (data.size() > kInlineBytesMax - a.value_bytes) {
    HANDSYNC_TRY(value_to_blob(store, a));
    return write_blob(store, a, data);
  }
  if (!data.empty()) std::memcpy(a.value + a.value_bytes, data.data(), data.size());
  a.value_bytes = static_cast<std::uint16_t>(a.value_bytes + data.size());
  return Done{};
}

Status Arrival::end() {
  if (state_ == nullptr || store_.state_ == nullptr || !arriving(state_).in_item) return Done{};
  ArrivalState& a = arriving(state_);
  StoreState& store = state_of(store_.state_);
  const Into into = a.into;
  a.into = Into::kNothing;
  if (into == Into::kValue) {
    // What does not fit beside the item's other values goes to a blob of its own, however small.
    const std::size_t so_far = a.log_bytes - a.item_start;
    const bool rest_full = a.property == items::kRest && a.rest_inline_bytes + a.value_bytes > kInlineBytesMax;
    if (!rest_full && (a.value_bytes <= profile::kArrivalShortBytes || so_far + a.value_bytes <= kRecordBytesMax / 2)) {
      if (a.property == items::kRest) a.rest_inline_bytes += a.value_bytes;
      return write_value(store, a, Bytes(a.value, a.value_bytes));
    }
    HANDSYNC_TRY(value_to_blob(store, a));
    a.into = Into::kNothing;
  } else if (into != Into::kBlob) {
    return Done{};
  }
  if (a.property == items::kRest && ++a.rest_blobs > kRestBlobsMax) {
    spoil(a, items::kRest);
    return abandon_blob(store, a);
  }
  return end_blob(store, a);
}

Status Arrival::item_end(Error fault) {
  if (state_ == nullptr || store_.state_ == nullptr || !arriving(state_).in_item) return Done{};
  ArrivalState& a = arriving(state_);
  HANDSYNC_TRY(end_attachment(state_of(store_.state_), a));
  if (fault && !a.fault) a.fault = fault;
  if (a.attachment_list != 0) {
    append(a, static_cast<std::uint8_t>(Part::kAttachments));
    append(a, a.attachment_list);
    append(a, a.attachment_count);
  }
  if (a.fault) {
    append(a, static_cast<std::uint8_t>(Part::kFault));
    append(a, a.fault);
  }
  const auto size = static_cast<std::uint32_t>(a.log_bytes - a.item_start);
  std::memcpy(a.log + a.item_start, &size, sizeof size);
  a.item_start = a.log_bytes;
  a.in_item = false;
  ++items_;
  return Done{};
}

namespace {

void give_state(const Memory& memory, ArrivalState& a) {
  if (a.log != nullptr) memory.give(memory.self, a.log);
  memory.give(memory.self, &a);
}

/// Of what has been applied.
Status clear_log(StoreState& store, std::uint32_t rows) {
  Statement row = prepare(store.database, "DELETE FROM arrival_log WHERE id=?1"_sql);
  for (; rows != 0; --rows) {
    Transaction transaction(store);
    HANDSYNC_TRY(transaction.begin(false));
    HANDSYNC_TRY(row.number(1, rows).run());
    HANDSYNC_TRY(transaction.commit());
  }
  return Done{};
}

/// Only for planted bugs: the key in a transaction of its own.
Status store_key_alone(StoreState& store, const ArrivalState& arrival, Text key) {
  if (key.empty()) return Done{};
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(run_sql(store.database, "UPDATE folder SET sync_key=?2 WHERE id=?1"_sql,
                       static_cast<std::uint32_t>(arrival.folder.id), key));
  return transaction.commit();
}

}  // namespace

Result<Applied> Arrival::commit(Text new_sync_key, bool more, std::int64_t wall_ms) {
  if (state_ == nullptr || store_.state_ == nullptr) return kNotOpen;
  ArrivalState& a = arriving(state_);
  StoreState& store = state_of(store_.state_);
  if (new_sync_key.size() > 64) return Error{Domain::kEas, 4, 0};
  if (a.in_item) {  // not whole, so not there
    a.log_bytes = a.item_start;
    a.in_item = false;
  }
  if (profile::kSmall && a.log_rows != 0) {
    // Each row is read whole when it is applied: the log would be as much again.
    HANDSYNC_TRY(spill(store, a));
    store.memory.give(store.memory.self, a.log);
    a.log = nullptr;
  }
  HANDSYNC_TRY(store.stage_close());
  if (store.stage_losses != a.stage_losses) return sql_error(SQLITE_ABORT);
  if (planted::on(planted::Bug::kKeyWithoutCommit)) HANDSYNC_TRY(store_key_alone(store, a, new_sync_key));
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  const Result<Applied> applied = apply_arrival(store, a, new_sync_key, more, wall_ms);
  if (!applied.ok()) return applied.error();
  HANDSYNC_TRY(transaction.commit());
  if (planted::on(planted::Bug::kCommitWithoutKey)) HANDSYNC_TRY(store_key_alone(store, a, new_sync_key));
  const std::uint32_t log_rows = a.log_rows;
  give_state(store.memory, a);
  state_ = nullptr;
  store.arriving = false;
  // What is left is found and cleared before the next response, or at the next boot.
  if (kLogGoesRowByRow && !clear_log(store, log_rows).ok()) store.owner = false;
  if (profile::kSmall) store.let_go(Sql::kItemInsert, Sql::kExtraPut);
  // A checkpoint that fails now is tried again later: what was committed is committed.
  static_cast<void>(store.checkpoint_if_large());
  return applied;
}

void Arrival::drop() {
  if (state_ == nullptr) return;
  ArrivalState& a = arriving(state_);
  state_ = nullptr;
  items_ = 0;
  if (store_.state_ == nullptr) {
    // The store was closed first; its Memory is all that is left of it.
    give_state(store_.memory_, a);
    return;
  }
  StoreState& store = state_of(store_.state_);
  store.arriving = false;
  const std::uint64_t first_blob = a.first_blob;
  give_state(store.memory, a);
  // If this fails, the next response or the next boot finds what was staged and sweeps it.
  if (!store.forget_staged(first_blob).ok()) store.owner = false;
}

}  // namespace handsync::replica
