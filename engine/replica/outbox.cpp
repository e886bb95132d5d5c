/// Messages to be sent: written piece by piece, queued in one lasting step, kept until the server has them for certain.
#include <cstdio>

#include "handsync/engine.h"
#include "items/exceptions.h"
#include "replica/item_edits.h"
#include "wbxml/code_pages.h"

namespace handsync::replica {
namespace {

constexpr int kPartShift = 16, kPieceShift = 20, kMessageShift = 36;
static_assert(kMessageShift == kPartShift + kPieceShift);

constexpr std::uint64_t piece_id(std::uint64_t message, std::uint64_t part, std::uint64_t piece) {
  return message << kMessageShift | part << kPieceShift | piece;
}

/// Part and pieces of a message, in a transaction of the caller.
Status delete_message(StoreState& store, std::uint64_t message) {
  constexpr const char* kSteps[] = {"DELETE FROM outbox_chunk WHERE id>=?1<<36 AND id<(?1+1)<<36"_sql,
                                    "DELETE FROM outbox_part WHERE id>=?1<<16 AND id<(?1+1)<<16"_sql,
                                    "DELETE FROM outbox WHERE id=?1"_sql};
  for (const char* sql : kSteps) {
    HANDSYNC_TRY(run_sql(store.database, sql, message));
  }
  return Done{};
}

/// What message_queue wrote: numbers, a comma after each.
void read_answer(Text text, OutgoingAnswer& answer) {
  std::int64_t numbers[4] = {};
  bool negative = false;
  for (std::size_t at = 0; char c : text) {
    if (c == ',') {
      if (negative) numbers[at] = -numbers[at];
      negative = false;
      if (++at == std::size(numbers)) break;
    } else if (c == '-') {
      negative = true;
    } else {
      numbers[at] = numbers[at] * 10 + (c - '0');
    }
  }
  answer.one = numbers[0] != 0;
  answer.original_ms = numbers[1];
  answer.propose_start_ms = numbers[2];
  answer.propose_end_ms = numbers[3];
}

/// A short step of its own on one change.
template <class Step>
Status on_change(StoreState& store, std::uint64_t change, bool lasting, Step step) {
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin(lasting));
  HANDSYNC_TRY(step(change));
  return transaction.commit();
}

Result<std::size_t> read_pieces(sqlite3* database, std::uint64_t first, std::uint64_t offset, Room room) {
  if (room.empty()) return std::size_t{0};
  Statement find = prepare(database, "SELECT substr(data,?2+1,?3) FROM outbox_chunk WHERE id=?1"_sql,
                           first + offset / kMessagePieceBytes, offset % kMessagePieceBytes,
                           static_cast<std::uint64_t>(room.size()));
  const Result<bool> row = find.step();
  if (!row.ok()) return row.error();
  if (!row.value()) return std::size_t{0};
  const Bytes data = find.blob(0);
  for (std::size_t i = 0; i < data.size(); ++i) room[i] = data[i];
  return data.size();
}

/// A person has decided about a message: what was learnt of the server's limit is learnt again if it still stands.
Status forget_limit(StoreState& store) {
  return run_sql(store.database, "DELETE FROM value WHERE key=?1"_sql, static_cast<int>(Value::kMessageBytesMax));
}

}  // namespace

Status attach(StoreState& store, std::uint64_t change, std::uint64_t item, const Announcement& announcement) {
  if (announcement.message == 0) return Done{};
  HANDSYNC_TRY(run_sql(store.database, "INSERT OR REPLACE INTO edit(change,property,mine) VALUES(?1,?2,?3)"_sql, change,
                       kAnnouncing, announcement.message));
  HANDSYNC_TRY(run_sql(store.database, "INSERT OR REPLACE INTO extra VALUES(?1,?2,0,NULL,0,?3)"_sql, item, kAnnouncing,
                       announcement.sequence));
  // Until it is queued it belongs to the change, and is nobody's when that has gone.
  return run_sql(store.database, "UPDATE outbox SET whole=2,bytes=?2 WHERE id=?1"_sql, announcement.message,
                 announcement.bytes);
}

Status announce(StoreState& store, std::uint64_t change) {
  HANDSYNC_TRY(run_sql(store.database,
                       "UPDATE outbox SET whole=1 WHERE id=(SELECT mine FROM edit WHERE change=?1 AND property=?2)"_sql,
                       change, kAnnouncing));
  return run_sql(store.database,
                 "INSERT INTO change(folder,item,kind,value,server_value,server_generation,wall_ms,subject,text) SELECT"
                 " 0,0,20,o.id,0,0,c.wall_ms,o.subject,'' FROM edit e JOIN change c ON c.id=e.change JOIN outbox o ON"
                 " o.id=e.mine WHERE e.change=?1 AND e.property=?2"_sql,
                 change, kAnnouncing);
}

Result<std::uint32_t> Store::next_sequence(ItemId item) const {
  if (state_ == nullptr) return kNotOpen;
  const Result<std::int64_t> size =
      query_number(prepare(database_, "SELECT size FROM extra WHERE item=?1 AND property=?2"_sql)
                       .number(1, static_cast<std::uint64_t>(item))
                       .number(2, kAnnouncing),
                   0);
  if (!size.ok()) return size.error();
  return static_cast<std::uint32_t>(size.value() + 1);
}

Status forget_message(StoreState& store, std::uint64_t change, std::uint64_t message) {
  HANDSYNC_TRY(forget_change(store, change));
  return delete_message(store, message);
}

Status drop_message(StoreState& store, std::uint64_t change, std::uint64_t message) {
  HANDSYNC_TRY(forget_limit(store));
  return forget_message(store, change, message);
}

Status retry_message(StoreState& store, std::uint64_t change) {
  Statement free = prepare(store.database,
                           "UPDATE change SET parked=0,request=CASE WHEN domain=?2 AND code=?3 THEN ?4 ELSE 0 END,"
                           "tries=0,domain=0,code=0,place=0 WHERE id=?1"_sql);
  const Error doubt = engine_fault(EngineFault::kUnknownIfSent);
  HANDSYNC_TRY(free.number(1, change)
                   .number(2, static_cast<int>(doubt.domain))
                   .number(3, static_cast<std::int64_t>(doubt.code))
                   .number(4, kMessageAgain)
                   .run());
  return forget_limit(store);
}

Result<std::uint64_t> Store::message_begin(const NewMessage& message) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  HANDSYNC_TRY(store.take_over());
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin(false));
  {
    Statement add =
        prepare(database_,
                "INSERT INTO outbox(client_id,message_id,subject,recipients,source,source_folder,source_item) "
                "VALUES(?1,?2,?3,?4,"
                "?5,coalesce((SELECT server_id FROM folder WHERE id=(SELECT folder FROM item WHERE id=?5)),''),"
                "coalesce((SELECT server_id FROM item WHERE id=?5 AND shown<>0),''))"_sql);
    const auto source = static_cast<std::uint64_t>(message.source);
    HANDSYNC_TRY(add.text(1, message.client_id)
                     .text(2, message.message_id)
                     .text(3, message.subject)
                     .text(4, message.recipients)
                     .number(5, source)
                     .run());
  }
  const auto id = static_cast<std::uint64_t>(sqlite3_last_insert_rowid(database_));
  if (message.source != ItemId{}) {
    const Result<std::int64_t> there =
        query_number(database_, "SELECT source_item<>'' FROM outbox WHERE id=?1"_sql, id);
    if (!there.ok()) return there.error();
    if (there.value() == 0) {
      return Error{Domain::kSqlite, kNoSuchItem, static_cast<std::uint32_t>(message.source)};
    }
  }
  HANDSYNC_TRY(transaction.commit());
  return id;
}

Status Store::message_piece(std::uint64_t message, std::uint16_t part, std::uint32_t piece, Bytes data) {
  if (state_ == nullptr) return kNotOpen;
  if (piece >= 1u << kPieceShift) return sql_error(SQLITE_TOOBIG);
  return on_change(state_of(state_), piece_id(message, part, piece), false, [&](std::uint64_t id) -> Status {
    return run_sql(database_, "INSERT INTO outbox_chunk VALUES(?1,?2)"_sql, id, data);
  });
}

Status Store::message_part(std::uint64_t message, std::uint16_t part, const items::MimePart& about) {
  if (state_ == nullptr) return kNotOpen;
  return on_change(state_of(state_), message << kPartShift | part, false, [&](std::uint64_t id) -> Status {
    return run_sql(database_, "INSERT INTO outbox_part VALUES(?1,?2,?3,?4,?5,?6)"_sql, id, static_cast<int>(about.kind),
                   about.base64 ? 1 : 0, about.name.view(), about.type.view(), about.bytes);
  });
}

Result<std::uint64_t> Store::message_queue(std::uint64_t message, MessageVerb verb, std::uint64_t bytes,
                                           std::int64_t wall_ms, const OutgoingAnswer& answer) {
  if (state_ == nullptr) return kNotOpen;
  Transaction transaction(state_of(state_));
  HANDSYNC_TRY(transaction.begin());
  {
    HANDSYNC_TRY(run_sql(database_, "UPDATE outbox SET whole=1,bytes=?2 WHERE id=?1"_sql, message, bytes));
    Statement add = prepare(
        database_,
        "INSERT INTO change(folder,item,kind,value,server_value,server_generation,wall_ms,subject,text) VALUES(0,0,?2,"
        "?1,?4,0,?3,(SELECT subject FROM outbox WHERE id=?1),?5)"_sql);
    char text[96];
    const int size = std::snprintf(
        text, sizeof text, "%d,%lld,%lld,%lld,", answer.one ? 1 : 0, static_cast<long long>(answer.original_ms),
        static_cast<long long>(answer.propose_start_ms), static_cast<long long>(answer.propose_end_ms));
    add.number(4, answer.reply).text(5, Text(text, static_cast<std::size_t>(size)));
    HANDSYNC_TRY(add.number(1, message)
                     .number(2, static_cast<int>(EditKind::kSend) + static_cast<int>(verb))
                     .number(3, wall_ms)
                     .run());
  }
  const auto change = static_cast<std::uint64_t>(sqlite3_last_insert_rowid(database_));
  HANDSYNC_TRY(transaction.commit());
  return change;
}

void Store::message_discard(std::uint64_t message) {
  if (state_ == nullptr || message == 0) return;
  // If this fails, the next boot removes it.
  static_cast<void>(on_change(state_of(state_), message, false,
                              [&](std::uint64_t id) { return delete_message(state_of(state_), id); }));
}

Result<bool> Store::has_messages() const {
  if (state_ == nullptr) return kNotOpen;
  const Result<std::int64_t> any =
      query_number(database_, "SELECT EXISTS(SELECT 1 FROM change WHERE kind BETWEEN 20 AND 23 AND parked=0)"_sql);
  if (!any.ok()) return any.error();
  return any.value() != 0;
}

Result<bool> Store::next_message(OutgoingMessage& out) const {
  if (state_ == nullptr) return kNotOpen;
  // The item that is answered goes by what the server calls it now; if it is not here any more, by what it was.
  Statement find = prepare(
      database_,
      "SELECT c.id,o.id,c.kind,c.request,c.tries,o.bytes,c.wall_ms,o.client_id,o.message_id,coalesce(f.server_id,"
      "o.source_folder),coalesce(i.server_id,o.source_item),c.server_value,c.text,o.source FROM change c JOIN outbox o "
      "ON o.id=c.value LEFT JOIN item "
      "i ON"
      " i.id=o.source LEFT JOIN folder f ON f.id=i.folder WHERE c.kind BETWEEN 20 AND 23 AND c.parked=0 ORDER BY c.id"
      " LIMIT 1"_sql);
  const Result<bool> row = find.step();
  if (!row.ok() || !row.value()) return row;
  const Statement& found = find;
  out = {};
  out.change = static_cast<std::uint64_t>(found.number(0));
  out.message = static_cast<std::uint64_t>(found.number(1));
  out.verb = static_cast<MessageVerb>(found.number(2) - static_cast<int>(EditKind::kSend));
  out.in_doubt = found.number(3) != 0;
  out.again = found.number(3) == kMessageAgain;
  out.unsaid = found.number(3) >= kMessageAgain;
  out.tries = static_cast<std::uint32_t>(found.number(4));
  out.bytes = static_cast<std::uint64_t>(found.number(5));
  out.wall_ms = found.number(6);
  const bool fits = out.client_id.assign(found.text(7)) && out.message_id.assign(found.text(8)) &&
                    out.source_folder.assign(found.text(9)) && out.source_item.assign(found.text(10));
  if (!fits) return Error{Domain::kSqlite, kUnsound, 0};
  out.source = static_cast<ItemId>(found.number(13));
  if (out.verb == MessageVerb::kRespond) {
    out.answer.reply = static_cast<std::uint32_t>(found.number(11));
    read_answer(found.text(12), out.answer);
  }
  return true;
}

Result<bool> Store::answer_is_known(const OutgoingMessage& message) const {
  if (state_ == nullptr) return kNotOpen;
  // Of an event the server says itself what was answered (MS-ASCAL 2.2.2.38 ResponseType); an invitation that has been
  // answered is gone.
  Statement find = prepare(
      database_,
      "SELECT class,(SELECT data FROM extra WHERE item=i.id AND property=?2 AND n=0) FROM item i WHERE id=?1 AND "
      "shown<>0"_sql,
      static_cast<std::uint64_t>(message.source), static_cast<int>(wbxml::calendar::kResponseType));
  const Result<bool> row = find.step();
  if (!row.ok()) return row.error();
  if (!row.value()) return true;
  if (static_cast<Class>(find.number(0)) != Class::kEvent || message.answer.reply > 3) return false;
  constexpr char kTypes[] = {0, '3', '2', '4'};  // by UserResponse
  const char type = kTypes[message.answer.reply];
  if (!message.answer.one) return find.text(1) == Text(&type, 1);
  StoreState& store = state_of(state_);
  Block exceptions(store.memory);
  HANDSYNC_TRY(load_shown(store, static_cast<std::uint64_t>(message.source),
                          *items::find_property(Class::kEvent, wbxml::calendar::kExceptions), exceptions));
  constexpr std::uint32_t kDecline = 3;
  const bool cancelled = items::find_exception(exceptions.room(), message.answer.original_ms).cancelled;
  if (cancelled) return message.answer.reply == kDecline;
  struct Answered final : items::ExceptionChildren {
    bool wants(wbxml::Tag tag) const override { return tag == wbxml::calendar::kResponseType; }
  };
  std::byte room[32];
  wbxml::Writer writer(room);
  items::copy_exception(writer, exceptions.room(), message.answer.original_ms, Answered());
  return text_of(writer.document().subspan(4)).find(type) != Text::npos;  // the element holds nothing but a digit
}

Status Store::answer_given(std::uint64_t change) {
  if (state_ == nullptr) return kNotOpen;
  return on_change(state_of(state_), change, true, [&](std::uint64_t id) -> Status {
    return run_sql(database_,
                   "UPDATE change SET kind=20,request=0,tries=0,domain=0,code=0,place=0 WHERE id=?1 AND kind=23"_sql,
                   id);
  });
}

Status Store::message_sending(std::uint64_t change) {
  if (state_ == nullptr) return kNotOpen;
  return on_change(state_of(state_), change, true, [&](std::uint64_t id) -> Status {
    return run_sql(database_, "UPDATE change SET request=?2 WHERE id=?1"_sql, id, kMessageRequest);
  });
}

Status Store::message_not_sent(std::uint64_t change, Error reason, bool count) {
  if (state_ == nullptr) return kNotOpen;
  return on_change(state_of(state_), change, true, [&](std::uint64_t id) {
    return note_reason(state_of(state_),
                       count ? "UPDATE change SET request=0,tries=tries+1,domain=?2,code=?3,place=?4 WHERE id=?1"_sql
                             : "UPDATE change SET request=0,domain=?2,code=?3,place=?4 WHERE id=?1"_sql,
                       id, reason);
  });
}

Status Store::message_doubt(std::uint64_t change, Error reason) {
  if (state_ == nullptr) return kNotOpen;
  return on_change(state_of(state_), change, true, [&](std::uint64_t id) {
    return note_reason(state_of(state_), "UPDATE change SET tries=tries+1,domain=?2,code=?3,place=?4 WHERE id=?1"_sql,
                       id, reason);
  });
}

Status Store::message_sent(std::uint64_t change) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  return on_change(store, change, true, [&](std::uint64_t id) -> Status {
    std::uint64_t message = 0;
    {
      const Result<std::int64_t> value =
          query_number(database_, "SELECT value FROM change WHERE id=?1 AND kind BETWEEN 20 AND 23"_sql, id);
      if (!value.ok()) return value.error();
      message = static_cast<std::uint64_t>(value.value());
    }
    if (message == 0) return Error{Domain::kSqlite, kNoSuchChange, static_cast<std::uint32_t>(id)};
    return forget_message(store, id, message);
  });
}

Result<std::size_t> Store::sent_alike(const OutgoingMessage& message, std::span<ItemId> out) const {
  if (state_ == nullptr) return kNotOpen;
  constexpr std::int64_t kClocksApartMs = 24 * 3600'000;
  Statement rows = prepare(
      database_,
      "SELECT id FROM item WHERE shown=(SELECT id FROM folder WHERE type=5 AND gone=0 AND emptying=0 LIMIT 1) AND"
      " received>=?2 AND coalesce(subject,'')=(SELECT subject FROM outbox WHERE id=?1) ORDER BY received DESC LIMIT "
      "?3"_sql,
      message.message, message.wall_ms - kClocksApartMs, static_cast<std::uint64_t>(out.size()));
  std::size_t count = 0;
  for (;;) {
    const Result<bool> row = rows.step();
    if (!row.ok()) return row.error();
    if (!row.value() || count == out.size()) return count;
    out[count++] = static_cast<ItemId>(rows.number(0));
  }
}

// -- a message as it is read
// -----------------------------------------------------------------------------------------------------------------------

Result<bool> OutboxSource::part(std::size_t index, items::MimePart& part) {
  if (!store_.is_open()) return kNotOpen;
  // In the order of their numbers, of which a draft may have left some out.
  Statement find = prepare(store_.database(),
                           "SELECT kind,base64,name,type,bytes,id FROM outbox_part WHERE id>?1<<16 AND"
                           " id<(?1+1)<<16 ORDER BY id LIMIT 1 OFFSET ?2"_sql,
                           message_, index);
  const Result<bool> row = find.step();
  if (!row.ok() || !row.value()) return row;
  found_ = static_cast<std::uint64_t>(find.number(5));
  found_index_ = index;
  part.kind = static_cast<items::MimePart::Kind>(find.number(0));
  part.base64 = find.number(1) != 0;
  part.bytes = static_cast<std::uint64_t>(find.number(4));
  if (!part.name.assign(find.text(2)) || !part.type.assign(find.text(3))) {
    return Error{Domain::kSqlite, kUnsound, 0};
  }
  return true;
}

Result<std::size_t> OutboxSource::head(std::uint64_t offset, Room room) {
  if (!store_.is_open()) return kNotOpen;
  return read_pieces(store_.database(), piece_id(message_, 0, 0), offset, room);
}

Result<std::size_t> OutboxSource::data(std::size_t index, std::uint64_t offset, Room room) {
  if (!store_.is_open()) return kNotOpen;
  if (found_ == 0 || found_index_ != index) {
    items::MimePart part;
    const Result<bool> there = this->part(index, part);
    if (!there.ok()) return there.error();
    if (!there.value()) return std::size_t{0};
  }
  return read_pieces(store_.database(), found_ << kPieceShift, offset, room);
}

}  // namespace handsync::replica
