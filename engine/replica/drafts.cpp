/// Drafts (MS-ASEMAIL, from 16.0 on both ways). What a draft is to say lies in rows of the outbox until the server has
/// it: fields, body and new attachments as a message has them, and the attachments that are to go. The item shows it
/// meanwhile. Below 16.0 it stays there until the server is of a later version, or until it is sent as a message.
///
/// change.kind 6: value = the message of the outbox (0: nothing of it changes), server_value = bits of DraftBit.
#include <cstdio>

#include "items/draft_stream.h"
#include "replica/edits.h"
#include "replica/item_edits.h"
#include "wbxml/code_pages.h"

namespace handsync::replica {
namespace {

const Error kNotOpen{Domain::kSqlite, kClosed, 0};
using Kind = items::MimePart::Kind;

enum DraftBit : int {
  kSends = 1,   ///< the server is to send it
  kHanded = 2,  ///< it has been in a request: the server may have it
  kAgain = 4,   ///< in more than one
};

constexpr int kPartShift = 16, kPieceShift = 20;
constexpr std::uint16_t kHtmlPart = 2;

/// Blob and list of attachments of what an item shows of its own: numbers that no response is given. Rows under them
/// are removed at once, never swept: the next edit uses them again.
constexpr std::int64_t own_rows(std::uint64_t item) { return -static_cast<std::int64_t>(item); }

struct Draft {
  std::uint64_t item = 0;
  std::uint32_t folder = 0;
  bool local = false;
  // The newest change of it that waits, else, of one that the server does not have, the one that was refused: nothing
  // else has its body and attachments. 0 = none.
  std::uint64_t change = 0, message = 0;
  bool sends = false;
  bool open = false;  ///< nothing of that change has been handed to the server
};

Result<std::int64_t> number_of(StoreState& store, const char* sql, std::uint64_t one) {
  Result<Statement> find = prepare(store.database, sql);
  if (!find.ok()) return find.error();
  return query_number(find.value().number(1, one));
}

Status run_on(StoreState& store, const char* sql, std::uint64_t one) {
  Result<Statement> statement = prepare(store.database, sql);
  if (!statement.ok()) return statement.error();
  return statement.value().number(1, one).run();
}

Status find_draft(StoreState& store, ItemId id, Draft& draft) {
  draft.item = static_cast<std::uint64_t>(id);
  {
    Result<Statement> find =
        prepare(store.database,
                "SELECT i.folder,substr(i.server_id,1,1)=char(1),f.type=3 AND i.shown=i.folder FROM"
                " item i JOIN folder f ON f.id=i.folder WHERE i.id=?1 AND i.shown<>0 AND f.gone=0 "
                "AND f.emptying=0");
    if (!find.ok()) return find.error();
    const Result<bool> row = find.value().number(1, draft.item).step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Error{Domain::kSqlite, kNoSuchItem, static_cast<std::uint32_t>(draft.item)};
    draft.folder = static_cast<std::uint32_t>(find.value().number(0));
    draft.local = find.value().number(1) != 0;
    if (find.value().number(2) == 0) return Error{Domain::kSqlite, kWrongFolder, draft.folder};
  }
  Result<Statement> newest = prepare(store.database,
                                     "SELECT id,value,server_value,request,parked FROM change WHERE item=?1 AND kind=6 "
                                     "AND (parked=0 OR (?2 AND value<>0)) ORDER BY "
                                     "parked,id DESC LIMIT 1");
  if (!newest.ok()) return newest.error();
  const Result<bool> row = newest.value().number(1, draft.item).number(2, draft.local).step();
  if (!row.ok()) return row.error();
  if (!row.value()) return Done{};
  draft.change = static_cast<std::uint64_t>(newest.value().number(0));
  draft.message = static_cast<std::uint64_t>(newest.value().number(1));
  const bool parked = newest.value().number(4) != 0;
  draft.sends = !parked && (newest.value().number(2) & kSends) != 0;
  draft.open = newest.value().number(3) == 0 && (newest.value().number(2) & kHanded) == 0;
  return Done{};
}

/// A part and its pieces become another one, of the same message or another.
Status move_part(StoreState& store, std::uint64_t from, std::uint64_t to) {
  if (from == to) return Done{};
  for (const char* sql : {"UPDATE outbox_part SET id=?2 WHERE id=?1",
                          "UPDATE outbox_chunk SET id=id+((?2-?1)<<20) WHERE id>=?1<<20 AND id<(?1+1)<<20"}) {
    Result<Statement> move = prepare(store.database, sql);
    if (!move.ok()) return move.error();
    HANDSYNC_TRY(move.value().number(1, from).number(2, to).run());
  }
  return Done{};
}

Status delete_part(StoreState& store, std::uint64_t part) {
  HANDSYNC_TRY(run_on(store, "DELETE FROM outbox_chunk WHERE id>=?1<<20 AND id<(?1+1)<<20", part));
  return run_on(store, "DELETE FROM outbox_part WHERE id=?1", part);
}

/// The part after `last`, of that kind or, with kText, of any; 0 = none.
Result<std::uint64_t> next_part(StoreState& store, std::uint64_t message, std::uint64_t last, Kind& kind) {
  Result<Statement> find =
      prepare(store.database, "SELECT id,kind FROM outbox_part WHERE id>?1 AND id<(?2+1)<<16 ORDER BY id LIMIT 1");
  if (!find.ok()) return find.error();
  const std::uint64_t first = message << kPartShift;
  const Result<bool> row = find.value().number(1, last > first ? last : first).number(2, message).step();
  if (!row.ok()) return row.error();
  if (!row.value()) return std::uint64_t{0};
  kind = static_cast<Kind>(find.value().number(1));
  return static_cast<std::uint64_t>(find.value().number(0));
}

template <class Each>
Status each_part(StoreState& store, std::uint64_t message, Each each) {
  std::uint64_t last = 0;
  for (;;) {
    Kind kind{};
    const Result<std::uint64_t> part = next_part(store, message, last, kind);
    if (!part.ok()) return part.error();
    if (part.value() == 0) return Done{};
    last = part.value();
    HANDSYNC_TRY(each(last, kind));
  }
}

/// What an older wish of the draft holds that nobody has been told of goes on in the newer one.
Status inherit(StoreState& store, std::uint64_t older, std::uint64_t newer, bool has_body) {
  // Attachments of the older one that are not wanted any more: the reference that was shown is their part's number.
  const Status taken_back = each_part(store, newer, [&](std::uint64_t part, Kind kind) -> Status {
    if (kind != Kind::kTakenBack) return Done{};
    const Result<std::int64_t> gone =
        number_of(store, "SELECT CAST(CAST(data AS TEXT) AS INTEGER) FROM outbox_chunk WHERE id=?1<<20", part);
    if (!gone.ok()) return gone.error();
    if (static_cast<std::uint64_t>(gone.value()) >> kPartShift != older) {
      return Error{Domain::kSqlite, kInFlight, 0};  // the server is being told of that one
    }
    HANDSYNC_TRY(delete_part(store, static_cast<std::uint64_t>(gone.value())));
    return delete_part(store, part);
  });
  HANDSYNC_TRY(taken_back);
  if (older == 0) return Done{};
  return each_part(store, older, [&](std::uint64_t part, Kind kind) -> Status {
    if (has_body && (kind == Kind::kText || kind == Kind::kHtml)) return Done{};
    std::uint64_t to = newer << kPartShift | (part & 0xFFFF);
    const Result<std::int64_t> taken = number_of(store, "SELECT EXISTS(SELECT 1 FROM outbox_part WHERE id=?1)", to);
    if (!taken.ok()) return taken.error();
    if (taken.value() != 0) {
      const Result<std::int64_t> last =
          number_of(store, "SELECT max(id) FROM outbox_part WHERE id>?1<<16 AND id<(?1+1)<<16", newer);
      if (!last.ok()) return last.error();
      to = static_cast<std::uint64_t>(last.value()) + 1;
      if (to >> kPartShift != newer) return sql_error(SQLITE_TOOBIG);
    }
    return move_part(store, part, to);
  });
}

Status show_text(StoreState& store, std::uint64_t item, items::PropertyId property, Text text) {
  const items::Property& row = *items::find_property(Class::kEmail, property);
  HANDSYNC_TRY(delete_extras(store, item, property, property));
  return write_shown(store, item, row, NewValue{!text.empty(), bytes_of(text), 0, 0, {}});
}

/// The body part that a draft shows: the HTML, if it has one; 0 = it changes nothing of the body.
Result<std::uint64_t> body_part(StoreState& store, std::uint64_t message) {
  const Result<std::int64_t> part = number_of(
      store, "SELECT coalesce(max(id),0) FROM outbox_part WHERE id>?1<<16 AND id<=(?1<<16)+2 AND kind<3", message);
  if (!part.ok()) return part.error();
  return static_cast<std::uint64_t>(part.value());
}

Status show_body(StoreState& store, std::uint64_t item, std::uint64_t message) {
  const Result<std::uint64_t> part = body_part(store, message);
  if (!part.ok() || part.value() == 0) return part.ok() ? Status(Done{}) : Status(part.error());
  {
    Result<Statement> before = prepare(store.database, "SELECT body_blob,body_here FROM item WHERE id=?1");
    if (!before.ok()) return before.error();
    const Result<bool> row = before.value().number(1, item).step();
    if (!row.ok()) return row.error();
    HANDSYNC_TRY(store.delete_blob(static_cast<std::uint64_t>(before.value().number(0)),
                                   static_cast<std::uint64_t>(before.value().number(1))));
  }
  HANDSYNC_TRY(delete_extras(store, item, items::kBodyData, items::kBodyData));
  static_assert(kMessagePieceBytes % kChunkBytes == 0);
  Result<Statement> copy =
      prepare(store.database,
              "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i+1<?4) INSERT INTO body_chunk "
              "SELECT (?2<<16)+(c.id&0xFFFFF)*?4+n.i,substr(c.data,n.i*?3+1,?3) FROM outbox_chunk c, n"
              " WHERE c.id>=?1<<20 AND c.id<(?1+1)<<20 AND length(c.data)>n.i*?3");
  if (!copy.ok()) return copy.error();
  HANDSYNC_TRY(copy.value()
                   .number(1, part.value())
                   .number(2, own_rows(item))
                   .number(3, static_cast<std::uint64_t>(kChunkBytes))
                   .number(4, static_cast<std::uint64_t>(kMessagePieceBytes / kChunkBytes))
                   .run());
  Result<Statement> show = prepare(
      store.database,
      "UPDATE item SET (body_blob,body_here,body_size,body_type,body_truncated,preview)=(SELECT CASE bytes WHEN 0"
      " THEN 0 ELSE ?3 END,bytes,bytes,kind,0,CASE kind WHEN 1 THEN (SELECT substr(CAST(substr(data,1,1024) AS"
      " TEXT),1,200) FROM outbox_chunk WHERE id=?2<<20) END FROM outbox_part WHERE id=?2) WHERE id=?1");
  if (!show.ok()) return show.error();
  return show.value().number(1, item).number(2, part.value()).number(3, own_rows(item)).run();
}

/// The list as it will be: what the server has and is not to go, then what is new. The reference of one that the server
/// does not have is kLocalMark and the number of its part.
Status show_attachments(StoreState& store, std::uint64_t item, std::uint64_t message, std::uint64_t replaced) {
  // Gathered beside the list that is shown, then put in its place.
  const std::int64_t list = own_rows(item), other = list - (std::int64_t{1} << 40);
  std::uint64_t before = 0;
  {
    const Result<std::int64_t> shown = number_of(store, "SELECT attachment_list FROM item WHERE id=?1", item);
    if (!shown.ok()) return shown.error();
    before = static_cast<std::uint64_t>(shown.value());
  }
  if (before != 0) {
    Result<Statement> keep = prepare(
        store.database,
        "INSERT INTO attachment SELECT (?3<<16)+row_number() OVER (ORDER BY "
        "id)-1,name,reference,method,size,content_id,"
        "location,inline,type FROM attachment a WHERE a.id>=?1<<16 AND a.id<(?1+1)<<16 AND NOT (substr(coalesce("
        "reference,''),1,1)=char(1) AND CAST(substr(reference,2) AS INTEGER)>>16 IN (?2,?4)) AND NOT EXISTS(SELECT 1"
        " FROM outbox_part p JOIN outbox_chunk c ON c.id=p.id<<20 WHERE p.id>?2<<16 AND p.id<(?2+1)<<16 AND p.kind=4 "
        "AND"
        " CAST(c.data AS TEXT)=a.reference)");
    if (!keep.ok()) return keep.error();
    HANDSYNC_TRY(keep.value().number(1, before).number(2, message).number(3, other).number(4, replaced).run());
    HANDSYNC_TRY(store.delete_attachments(before));
  }
  Result<Statement> add = prepare(
      store.database,
      "INSERT INTO attachment(id,name,reference,method,size,inline,type) SELECT (?2<<16)+(SELECT count(*) FROM "
      "attachment "
      "WHERE id>=?2<<16 AND id<(?2+1)<<16)+row_number() OVER (ORDER BY id)-1,name,char(1)||id,1,bytes,0,type FROM"
      " outbox_part WHERE id>?1<<16 AND id<(?1+1)<<16 AND kind=3");
  if (!add.ok()) return add.error();
  HANDSYNC_TRY(add.value().number(1, message).number(2, other).run());
  Result<Statement> place =
      prepare(store.database, "UPDATE attachment SET id=id+((?2-?1)<<16) WHERE id>=?1<<16 AND id<(?1+1)<<16");
  if (!place.ok()) return place.error();
  HANDSYNC_TRY(place.value().number(1, other).number(2, list).run());
  Result<Statement> show = prepare(
      store.database,
      "UPDATE item SET attachment_count=(SELECT count(*) FROM attachment WHERE id>=?2<<16 AND id<(?2+1)<<16),"
      "attachment_list=CASE WHEN EXISTS(SELECT 1 FROM attachment WHERE id>=?2<<16 AND id<(?2+1)<<16) THEN ?2 ELSE"
      " 0 END WHERE id=?1");
  if (!show.ok()) return show.error();
  return show.value().number(1, item).number(2, list).run();
}

Status show_message(StoreState& store, std::uint64_t item, std::uint64_t message, std::uint64_t replaced) {
  {
    Result<Statement> find = prepare(store.database, "SELECT recipients,cc,bcc,subject FROM outbox WHERE id=?1");
    if (!find.ok()) return find.error();
    const Result<bool> row = find.value().number(1, message).step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Error{Domain::kSqlite, kUnsound, 0};
    constexpr items::PropertyId kFields[] = {items::kTo, items::kCc, items::kBcc, items::kSubject};
    for (int i = 0; i < 4; ++i) HANDSYNC_TRY(show_text(store, item, kFields[i], find.value().text(i)));
  }
  HANDSYNC_TRY(show_body(store, item, message));
  HANDSYNC_TRY(show_attachments(store, item, message, replaced));
  Result<Statement> show =
      prepare(store.database,
              "UPDATE item SET display_to=recipients,is_draft=1,importance=(SELECT importance FROM outbox WHERE id=?2),"
              "generation=?3 WHERE id=?1");
  if (!show.ok()) return show.error();
  HANDSYNC_TRY(show.value().number(1, item).number(2, message).number(3, store.log.generation()).run());
  return store.log.changed(store, item);
}

/// What the server says of a draft, as far as its row tells: another text, and somebody has changed it.
#define HANDSYNC_SAYS                                                                                               \
  "(SELECT coalesce(subject,'')||char(31)||coalesce(recipients,'')||char(31)||coalesce(cc,'')||char(31)||coalesce(" \
  "importance,1)||char(31)||body_size||char(31)||attachment_count||char(31)||coalesce((SELECT "                     \
  "CAST(substr(data,1,1024)"                                                                                        \
  " AS TEXT) FROM body_chunk WHERE id=i.body_blob<<16),'') FROM item i WHERE id=?1)"

/// A row that only this handset has, in the account's folder of drafts.
Result<std::uint64_t> insert_draft(StoreState& store, std::uint32_t folder, std::int64_t wall_ms) {
  const Result<std::uint64_t> next = store.counter(kNextItem, 1);
  if (!next.ok()) return next;
  const std::uint64_t item = next.value();
  HANDSYNC_TRY(store.set_counter(kNextItem, item + 1));
  Result<Statement> insert =
      prepare(store.database,
              "INSERT INTO item(id,folder,shown,server_id,class,generation,epoch,edits,body_blob,body_here,"
              "attachment_list,attachment_count,received,read,flag_status,body_type,body_size,body_truncated,is_draft)"
              " VALUES(?1,?2,?2,char(1)||?1,?3,?4,(SELECT epoch FROM folder WHERE id=?2),0,0,0,0,0,?5,1,0,0,0,0,1)");
  if (!insert.ok()) return insert.error();
  HANDSYNC_TRY(insert.value()
                   .number(1, item)
                   .number(2, folder)
                   .number(3, static_cast<int>(Class::kEmail))
                   .number(4, store.log.generation())
                   .number(5, wall_ms)
                   .run());
  HANDSYNC_TRY(count_listed(store, folder, 1, 0));
  return item;
}

/// The item goes, and everything that waits of it.
Status remove_draft(StoreState& store, std::uint64_t item) {
  std::uint32_t shown = 0;
  bool read = false;
  {
    Result<Statement> find = prepare(store.database, "SELECT shown,read FROM item WHERE id=?1");
    if (!find.ok()) return find.error();
    const Result<bool> row = find.value().number(1, item).step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Done{};
    shown = static_cast<std::uint32_t>(find.value().number(0));
    read = find.value().number(1) != 0;
  }
  HANDSYNC_TRY(run_on(store, "DELETE FROM change WHERE item=?1", item));
  if (shown != 0) {
    HANDSYNC_TRY(count_listed(store, shown, -1, read ? 0 : -1));
    HANDSYNC_TRY(store.log.gone(store, item, shown));
  }
  const Result<std::uint32_t> removed = remove_item(store, item);
  return removed.ok() ? Status(Done{}) : Status(removed.error());
}

/// What goes next: of each draft the oldest, and nothing of one that is being moved, or that the server has and that is
/// to be deleted. One that it may have been handed goes: only the answer tells what there is to delete. What has left
/// the folder of drafts is a draft no more.
constexpr char kNextDraft[] =
    "FROM change c JOIN item i ON i.id=c.item WHERE c.folder=?1 AND c.kind=6 AND c.parked=0 AND i.folder=c.folder AND "
    "c.folder IN (SELECT id FROM folder WHERE type=3) AND NOT EXISTS(SELECT 1 FROM change o WHERE o.item=c.item AND "
    "o.parked=0 AND ((o.kind=3 AND substr(i.server_id,1,1)<>char(1) AND (o.request<>0)=(c.request<>0)) OR (o.kind=4 "
    "AND "
    "o.request<>0) OR (o.kind=6 AND o.id<c.id)))";
constexpr std::size_t kSqlBytesMax = 640;

}  // namespace

Status show_draft(StoreState& store, std::uint64_t change) {
  std::uint64_t item = 0, message = 0;
  {
    Result<Statement> find = prepare(store.database, "SELECT item,value FROM change WHERE id=?1");
    if (!find.ok()) return find.error();
    const Result<bool> row = find.value().number(1, change).step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Error{Domain::kSqlite, kNoSuchChange, 0};
    item = static_cast<std::uint64_t>(find.value().number(0));
    message = static_cast<std::uint64_t>(find.value().number(1));
  }
  return message == 0 ? Status(Done{}) : show_message(store, item, message, 0);
}

Status read_again(StoreState& store, std::uint64_t item) {
  return run_on(store, "INSERT OR IGNORE INTO stale SELECT id FROM item WHERE id=?1 AND substr(server_id,1,1)<>char(1)",
                item);
}

Result<bool> was_stale(StoreState& store, std::uint64_t item) {
  HANDSYNC_TRY(run_on(store, "DELETE FROM stale WHERE item=?1", item));
  return sqlite3_changes(store.database) != 0;
}

Status accept_draft(StoreState& store, std::uint64_t change) {
  std::uint64_t item = 0;
  bool sends = false;
  {
    Result<Statement> find = prepare(store.database, "SELECT item,server_value FROM change WHERE id=?1");
    if (!find.ok()) return find.error();
    const Result<bool> row = find.value().number(1, change).step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Done{};
    item = static_cast<std::uint64_t>(find.value().number(0));
    sends = (find.value().number(1) & kSends) != 0;
  }
  // The server has made a mail of it, in the folder of sent ones.
  if (sends) return remove_draft(store, item);
  HANDSYNC_TRY(run_on(store, "DELETE FROM change WHERE id=?1", change));
  HANDSYNC_TRY(read_again(store, item));
  return count_edits(store, item);
}

Result<bool> draft_was_sent(StoreState& store, std::uint64_t change) {
  const Result<std::int64_t> bits = number_of(store, "SELECT server_value FROM change WHERE id=?1", change);
  if (!bits.ok()) return bits.error();
  return (bits.value() & kSends) != 0 && (bits.value() & kAgain) != 0;
}

Status draft_not_taken(StoreState& store, std::uint64_t change) {
  return run_on(store, "UPDATE change SET server_value=server_value&1 WHERE id=?1 AND kind=6", change);
}

Status retry_draft(StoreState& store, std::uint64_t item, std::uint64_t& change) {
  Draft draft;
  HANDSYNC_TRY(find_draft(store, static_cast<ItemId>(item), draft));
  if (!draft.local) return Done{};
  // Nothing of it can go before what it is to say; what was to follow that follows it again.
  const Result<std::int64_t> message = number_of(store, "SELECT value FROM change WHERE id=?1", change);
  if (!message.ok()) return message.error();
  if (message.value() == 0) {
    if (draft.message == 0) return Error{Domain::kSqlite, kNoSuchChange, static_cast<std::uint32_t>(change)};
    change = draft.change;
  }
  return run_on(store,
                "UPDATE change SET parked=0,request=0,tries=0,domain=0,code=0,place=0 WHERE item=?1 AND kind=6 AND"
                " parked=1 AND value=0",
                item);
}

Status park_rest_of_draft(StoreState& store, std::uint64_t change) {
  std::uint64_t item = 0, refused = 0, younger = 0, message = 0;
  {
    Result<Statement> find = prepare(
        store.database,
        "SELECT c.item,c.value,coalesce(n.id,0),coalesce(n.value,0) FROM change c JOIN item i ON i.id=c.item LEFT JOIN "
        "change n ON n.item=c.item AND n.kind=6 AND n.parked=0 AND n.request=0 AND n.value<>0 WHERE c.id=?1 AND "
        "c.value<>0 AND substr(i.server_id,1,1)=char(1) LIMIT 1");
    if (!find.ok()) return find.error();
    const Result<bool> row = find.value().number(1, change).step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Done{};
    item = static_cast<std::uint64_t>(find.value().number(0));
    refused = static_cast<std::uint64_t>(find.value().number(1));
    younger = static_cast<std::uint64_t>(find.value().number(2));
    message = static_cast<std::uint64_t>(find.value().number(3));
  }
  if (younger != 0) {
    const Result<std::uint64_t> body = body_part(store, message);
    if (!body.ok()) return body.error();
    HANDSYNC_TRY(inherit(store, refused, message, body.value() != 0));
    HANDSYNC_TRY(run_on(store, "UPDATE change SET value=0 WHERE id=?1", younger));  // the message is not its any more
    HANDSYNC_TRY(run_on(store, "DELETE FROM change WHERE id=?1 AND server_value&1=0", younger));
    Result<Statement> take = prepare(store.database, "UPDATE change SET value=?2 WHERE id=?1");
    if (!take.ok()) return take.error();
    HANDSYNC_TRY(take.value().number(1, change).number(2, message).run());
    HANDSYNC_TRY(forget_message(store, 0, refused));
    HANDSYNC_TRY(show_message(store, item, message, refused));
  }
  return run_on(store,
                "UPDATE change SET (parked,request,domain,code,place)=(SELECT 1,0,domain,code,place FROM change WHERE "
                "id=?1) WHERE kind=6 AND parked=0 AND value=0 AND item=(SELECT item FROM change WHERE id=?1)",
                change);
}

Result<bool> drop_local_draft(StoreState& store, std::uint64_t change) {
  std::uint64_t item = 0, message = 0, other = 0;
  {
    Result<Statement> find =
        prepare(store.database,
                "SELECT c.item,c.value,coalesce((SELECT o.value FROM change o WHERE o.item=c.item AND o.kind=6 AND "
                "o.value<>0 AND o.id<>c.id ORDER BY o.parked,o.id DESC LIMIT 1),0) FROM change c JOIN item i ON "
                "i.id=c.item WHERE c.id=?1 AND c.kind=6 AND substr(i.server_id,1,1)=char(1)");
    if (!find.ok()) return find.error();
    const Result<bool> row = find.value().number(1, change).step();
    if (!row.ok() || !row.value()) return row;
    item = static_cast<std::uint64_t>(find.value().number(0));
    message = static_cast<std::uint64_t>(find.value().number(1));
    other = static_cast<std::uint64_t>(find.value().number(2));
  }
  if (message != 0 && other == 0) {
    HANDSYNC_TRY(remove_draft(store, item));
    return true;
  }
  HANDSYNC_TRY(forget_change(store, change));
  if (message != 0) HANDSYNC_TRY(show_message(store, item, other, message));
  HANDSYNC_TRY(count_edits(store, item));
  return true;
}

Result<bool> drop_deleted_draft(StoreState& store, std::uint64_t item) {
  const Result<std::int64_t> moot =
      number_of(store,
                "SELECT EXISTS(SELECT 1 FROM item i JOIN change c ON c.item=i.id WHERE i.id=?1 AND c.kind=3 AND "
                "c.parked=0 AND substr(i.server_id,1,1)=char(1))",
                item);
  if (!moot.ok()) return moot.error();
  if (moot.value() != 0) HANDSYNC_TRY(remove_draft(store, item));
  return moot.value() != 0;
}

Status settle_sent_drafts(StoreState& store, std::uint64_t item) {
  return run_on(store, "DELETE FROM change WHERE item=?1 AND kind=6 AND parked=0 AND server_value&3=3", item);
}

Result<std::uint32_t> judge_server_draft(StoreState& store, std::uint64_t item, bool fetched) {
  std::uint32_t parked = 0;
  // One that was handed over before the key was lost, and whose new attachments are there: it was taken. Adding them
  // again would make two of each.
  HANDSYNC_TRY(
      run_on(store,
             "DELETE FROM change WHERE item=?1 AND kind=6 AND parked=0 AND request=0 AND value<>0 AND"
             " server_value&3=2 AND EXISTS(SELECT 1 FROM outbox_part WHERE id>value<<16 AND id<(value+1)<<16 AND "
             "kind=3) AND NOT EXISTS(SELECT 1 FROM outbox_part WHERE id>value<<16 AND id<(value+1)<<16 AND kind=3"
             " AND name NOT IN (SELECT coalesce(a.name,'') FROM attachment a JOIN item i ON i.id=?1 WHERE"
             " a.id>=i.attachment_list<<16 AND a.id<(i.attachment_list+1)<<16))",
             item));
  if (sqlite3_changes(store.database) != 0) HANDSYNC_TRY(count_edits(store, item));
  while (!fetched) {  // what was asked for is no news
    const Result<std::int64_t> lost =
        number_of(store,
                  "SELECT coalesce(min(id),0) FROM change WHERE item=?1 AND kind=6 AND parked=0 AND request=0 AND"
                  " value<>0 AND server_value&2=0 AND server_text<>" HANDSYNC_SAYS,
                  item);
    if (!lost.ok()) return lost.error();
    if (lost.value() == 0) break;
    HANDSYNC_TRY(
        park_change(store, static_cast<std::uint64_t>(lost.value()), Error{Domain::kEas, kStatusConflict, 0}, true));
    ++parked;
  }
  const Result<std::int64_t> newest = number_of(
      store, "SELECT coalesce(max(id),0) FROM change WHERE item=?1 AND kind=6 AND parked=0 AND value<>0", item);
  if (!newest.ok()) return newest.error();
  if (newest.value() != 0) HANDSYNC_TRY(show_draft(store, static_cast<std::uint64_t>(newest.value())));
  return parked;
}

Result<std::uint64_t> draft_twin(StoreState& store, std::uint32_t folder, Text subject, bool has_to,
                                 std::uint32_t attachments) {
  if (subject.empty() && attachments == 0) return std::uint64_t{0};  // many a draft is like that
  std::uint64_t item = 0, change = 0;
  {
    Result<Statement> find = prepare(
        store.database,
        "SELECT i.id,c.id FROM change c JOIN item i ON i.id=c.item JOIN outbox o ON o.id=c.value WHERE c.folder=?1"
        " AND c.kind=6 AND c.parked=0 AND c.server_value&2 AND substr(i.server_id,1,1)=char(1) AND o.subject=?2"
        " AND (o.recipients<>'')=?4"
        " AND (SELECT count(*) FROM outbox_part WHERE id>o.id<<16 AND id<(o.id+1)<<16 AND kind=3)=?3 LIMIT 2");
    if (!find.ok()) return find.error();
    const Result<bool> row =
        find.value().number(1, folder).text(2, subject).number(3, attachments).number(4, has_to).step();
    if (!row.ok()) return row.error();
    if (!row.value()) return std::uint64_t{0};
    item = static_cast<std::uint64_t>(find.value().number(0));
    change = static_cast<std::uint64_t>(find.value().number(1));
    const Result<bool> another = find.value().step();
    if (!another.ok()) return another.error();
    if (another.value()) return std::uint64_t{0};
  }
  HANDSYNC_TRY(run_on(store, "DELETE FROM change WHERE id=?1", change));
  HANDSYNC_TRY(count_edits(store, item));
  return item;
}

Result<std::uint64_t> Store::draft_begin(const NewDraft& draft, Text client_id, std::uint16_t& first_file) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  HANDSYNC_TRY(store.take_over());
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin(false));
  Draft found;
  if (draft.item != ItemId{}) {
    HANDSYNC_TRY(find_draft(store, draft.item, found));
    if (found.sends) return Error{Domain::kSqlite, kInFlight, static_cast<std::uint32_t>(found.change)};
  } else {
    const Result<std::int64_t> folder = query_number(database_,
                                                     "SELECT id FROM folder WHERE type=3 AND gone=0 AND "
                                                     "emptying=0 AND selected=1 LIMIT 1");
    if (!folder.ok()) return folder.error();
    if (folder.value() == 0) return Error{Domain::kSqlite, kNoSuchFolder, 0};
  }
  struct Field {
    const Text* wanted;
    items::PropertyId property;
  };
  const Field fields[] = {
      {draft.to, items::kTo}, {draft.cc, items::kCc}, {draft.bcc, items::kBcc}, {draft.subject, items::kSubject}};
  Block now[4] = {Block(store.memory), Block(store.memory), Block(store.memory), Block(store.memory)};
  Text texts[4];
  for (int i = 0; i < 4; ++i) {
    if (fields[i].wanted != nullptr) {
      texts[i] = *fields[i].wanted;
    } else if (found.item != 0) {
      HANDSYNC_TRY(load_shown(store, found.item, *items::find_property(Class::kEmail, fields[i].property), now[i]));
      texts[i] = text_of(now[i].room());
    }
  }
  Result<Statement> add =
      prepare(database_,
              "INSERT INTO outbox(client_id,message_id,subject,recipients,cc,bcc,importance) VALUES(?1,'',?2,?3,?4,?5,"
              "coalesce(?6,(SELECT importance FROM item WHERE id=?7),1))");
  if (!add.ok()) return add.error();
  Statement& row = add.value();
  row.text(1, client_id).text(2, texts[3]).text(3, texts[0]).text(4, texts[1]).text(5, texts[2]).number(7, found.item);
  if (draft.has_importance) {
    row.number(6, draft.important ? 2 : 1);
  } else {
    row.null(6);
  }
  HANDSYNC_TRY(row.run());
  const auto id = static_cast<std::uint64_t>(sqlite3_last_insert_rowid(database_));
  first_file = kHtmlPart + 1;
  if (found.message != 0) {  // behind those that it inherits
    const Result<std::int64_t> last = number_of(
        store, "SELECT coalesce(max(id),0)&0xFFFF FROM outbox_part WHERE id>?1<<16 AND id<(?1+1)<<16", found.message);
    if (!last.ok()) return last.error();
    if (last.value() >= 0xFFFF - 1) return sql_error(SQLITE_TOOBIG);
    if (last.value() >= first_file) first_file = static_cast<std::uint16_t>(last.value() + 1);
  }
  HANDSYNC_TRY(transaction.commit());
  return id;
}

Status Store::draft_detach(ItemId item, std::uint64_t message, std::uint16_t part, std::uint16_t number) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin(false));
  Result<Statement> find = prepare(
      database_,
      "SELECT a.reference FROM item i JOIN attachment a ON a.id=(i.attachment_list<<16)+?2-1 WHERE i.id=?1 AND ?2"
      " BETWEEN 1 AND i.attachment_count");
  if (!find.ok()) return find.error();
  const Result<bool> row = find.value().number(1, static_cast<std::uint64_t>(item)).number(2, int{number}).step();
  if (!row.ok()) return row.error();
  Text reference = row.value() ? find.value().text(0) : Text();
  if (reference.empty() || reference.size() > items::kFileReferenceBytesMax) {
    return Error{Domain::kSqlite, kNoSuchAttachment, number};
  }
  const bool local = is_local(reference);
  if (local) reference = reference.substr(1);
  const std::uint64_t id = message << kPartShift | part;
  Result<Statement> put = prepare(database_, "INSERT INTO outbox_part VALUES(?1,?2,0,'','',?3)");
  if (!put.ok()) return put.error();
  HANDSYNC_TRY(put.value()
                   .number(1, id)
                   .number(2, static_cast<int>(local ? Kind::kTakenBack : Kind::kRemoved))
                   .number(3, static_cast<std::uint64_t>(reference.size()))
                   .run());
  Result<Statement> data = prepare(database_, "INSERT INTO outbox_chunk VALUES(?1,?2)");
  if (!data.ok()) return data.error();
  HANDSYNC_TRY(data.value().number(1, id << kPieceShift).blob(2, bytes_of(reference)).run());
  return transaction.commit();
}

Result<ItemId> Store::draft_keep(ItemId id, std::uint64_t message, bool has_body, std::int64_t wall_ms) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(store.start_log());
  Draft draft;
  if (id != ItemId{}) {
    HANDSYNC_TRY(find_draft(store, id, draft));
    if (draft.sends) return Error{Domain::kSqlite, kInFlight, static_cast<std::uint32_t>(draft.change)};
  } else {
    const Result<std::int64_t> folder =
        query_number(database_, "SELECT id FROM folder WHERE type=3 AND gone=0 AND emptying=0 AND selected=1 LIMIT 1");
    if (!folder.ok()) return folder.error();
    if (folder.value() == 0) return Error{Domain::kSqlite, kNoSuchFolder, 0};
    draft.folder = static_cast<std::uint32_t>(folder.value());
    const Result<std::uint64_t> item = insert_draft(store, draft.folder, wall_ms);
    if (!item.ok()) return item.error();
    draft.item = item.value();
  }
  const bool replaces = draft.change != 0 && draft.open && draft.message != 0;
  HANDSYNC_TRY(inherit(store, replaces ? draft.message : 0, message, has_body));
  HANDSYNC_TRY(run_on(store, "UPDATE outbox SET whole=1 WHERE id=?1", message));
  if (replaces) {
    Result<Statement> again =
        prepare(database_,
                "UPDATE change SET value=?2,wall_ms=?3,server_value=server_value*(parked=0),parked=0,request=0,tries=0,"
                "domain=0,code=0,place=0 WHERE id=?1");
    if (!again.ok()) return again.error();
    HANDSYNC_TRY(again.value().number(1, draft.change).number(2, message).number(3, wall_ms).run());
    HANDSYNC_TRY(forget_message(store, 0, draft.message));
    // That it was to be sent as it was before is moot.
    HANDSYNC_TRY(run_on(store, "DELETE FROM change WHERE item=?1 AND kind=6 AND parked=1 AND value=0", draft.item));
  } else {
    Result<Statement> add =
        prepare(database_,
                "INSERT INTO change(folder,item,kind,value,server_value,server_generation,wall_ms,client_id) SELECT "
                "?1,?2,6,?3,0,"
                "0,?4,client_id FROM outbox WHERE id=?3");
    if (!add.ok()) return add.error();
    HANDSYNC_TRY(add.value().number(1, draft.folder).number(2, draft.item).number(3, message).number(4, wall_ms).run());
    // What the server had when it was edited; of an edit behind another one nobody knows.
    if (!draft.local && draft.change == 0) {
      HANDSYNC_TRY(run_on(
          store, "UPDATE change SET server_text=" HANDSYNC_SAYS " WHERE item=?1 AND kind=6 AND parked=0", draft.item));
    }
  }
  HANDSYNC_TRY(show_message(store, draft.item, message, replaces ? draft.message : 0));
  HANDSYNC_TRY(count_edits(store, draft.item));
  HANDSYNC_TRY(store.log.finish(store));
  HANDSYNC_TRY(transaction.commit());
  return static_cast<ItemId>(draft.item);
}

Result<DraftStanding> Store::draft_standing(ItemId id) const {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Draft draft;
  HANDSYNC_TRY(find_draft(store, id, draft));
  DraftStanding standing;
  const Result<std::int64_t> handed = number_of(
      store,
      "SELECT EXISTS(SELECT 1 FROM change WHERE item=?1 AND kind=6 AND parked=0 AND (request<>0 OR server_value&2))",
      draft.item);
  if (!handed.ok()) return handed.error();
  standing.only_here = draft.local && handed.value() == 0;
  standing.message = draft.message;
  standing.sends = draft.sends;
  return standing;
}

Result<std::uint64_t> Store::draft_queue_sending(ItemId id, std::int64_t wall_ms) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(store.start_log());
  Draft draft;
  HANDSYNC_TRY(find_draft(store, id, draft));
  if (draft.sends) return draft.change;
  std::uint64_t change = draft.change;
  if (draft.change != 0 && draft.open) {
    HANDSYNC_TRY(run_on(store, "UPDATE change SET server_value=1,parked=0,tries=0,domain=0,code=0,place=0 WHERE id=?1",
                        draft.change));
  } else {
    const Result<std::uint64_t> added = new_change(store, draft.folder, draft.item, EditKind::kDraft, {}, wall_ms);
    if (!added.ok()) return added;
    change = added.value();
    HANDSYNC_TRY(run_on(store, "UPDATE change SET server_value=1 WHERE id=?1", change));
  }
  HANDSYNC_TRY(count_edits(store, draft.item));
  HANDSYNC_TRY(store.log.finish(store));
  HANDSYNC_TRY(transaction.commit());
  return change;
}

Result<std::uint64_t> Store::draft_to_message(ItemId id, std::uint64_t message, std::uint64_t bytes,
                                              std::int64_t wall_ms) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  const Result<DraftStanding> standing = draft_standing(id);
  if (!standing.ok()) return standing.error();
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(store.start_log());
  const Status moved = each_part(store, standing.value().message, [&](std::uint64_t part, Kind kind) -> Status {
    if (kind == Kind::kRemoved || kind == Kind::kTakenBack) return Done{};
    return move_part(store, part, (part & 0xFFFF) | message << kPartShift);
  });
  HANDSYNC_TRY(moved);
  Result<Statement> whole = prepare(database_, "UPDATE outbox SET whole=1,bytes=?2 WHERE id=?1");
  if (!whole.ok()) return whole.error();
  HANDSYNC_TRY(whole.value().number(1, message).number(2, bytes).run());
  HANDSYNC_TRY(remove_draft(store, static_cast<std::uint64_t>(id)));
  Result<Statement> add = prepare(
      database_,
      "INSERT INTO change(folder,item,kind,value,server_value,server_generation,wall_ms,subject,text) VALUES(0,0,"
      "20,?1,0,0,?2,(SELECT subject FROM outbox WHERE id=?1),'')");
  if (!add.ok()) return add.error();
  HANDSYNC_TRY(add.value().number(1, message).number(2, wall_ms).run());
  const auto change = static_cast<std::uint64_t>(sqlite3_last_insert_rowid(database_));
  HANDSYNC_TRY(store.log.finish(store));
  HANDSYNC_TRY(transaction.commit());
  return change;
}

Result<std::size_t> Store::draft_fields(std::uint64_t message, DraftTexts& texts, Room room) const {
  if (state_ == nullptr) return kNotOpen;
  texts = {};
  Result<Statement> find = prepare(database_, "SELECT recipients,cc,bcc,subject,importance FROM outbox WHERE id=?1");
  if (!find.ok()) return find.error();
  const Result<bool> row = find.value().number(1, message).step();
  if (!row.ok()) return row.error();
  if (!row.value()) return std::size_t{0};
  texts.importance = static_cast<std::uint8_t>(find.value().number(4));
  Text* const to[] = {&texts.to, &texts.cc, &texts.bcc, &texts.subject};
  std::size_t size = 0;
  for (int i = 0; i < 4; ++i) {
    const Text text = find.value().text(i);
    if (size + text.size() <= room.size()) {
      for (std::size_t at = 0; at < text.size(); ++at) room[size + at] = static_cast<std::byte>(text[at]);
      *to[i] = text_of(Bytes(room.data() + size, text.size()));
    }
    size += text.size();
  }
  return size;
}

Result<bool> Store::has_drafts(FolderId folder) const {
  if (state_ == nullptr) return kNotOpen;
  char sql[kSqlBytesMax];
  std::snprintf(sql, sizeof sql, "SELECT EXISTS(SELECT 1 %s)", kNextDraft);
  Result<Statement> any = prepare(database_, sql);
  if (!any.ok()) return any.error();
  const Result<std::int64_t> found = query_number(any.value().number(1, static_cast<std::uint32_t>(folder)));
  if (!found.ok()) return found.error();
  return found.value() != 0;
}

Result<bool> Store::next_draft(FolderId folder, std::uint32_t request, OutgoingDraft& out) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  std::uint64_t change = 0;
  bool frozen = false;
  {
    Result<Statement> sent = prepare(
        database_, "SELECT id,kind FROM change WHERE folder=?1 AND request<>0 AND kind<>4 AND parked=0 LIMIT 1");
    if (!sent.ok()) return sent.error();
    const Result<bool> row = sent.value().number(1, static_cast<std::uint32_t>(folder)).step();
    if (!row.ok()) return row.error();
    frozen = row.value();
    if (frozen && static_cast<EditKind>(sent.value().number(1)) != EditKind::kDraft) return false;
    if (frozen) change = static_cast<std::uint64_t>(sent.value().number(0));
  }
  if (!frozen) {
    const Result<bool> others = has_commands(folder);
    if (!others.ok() || others.value()) return others.ok() ? Result<bool>(false) : others;
    char sql[kSqlBytesMax];
    std::snprintf(sql, sizeof sql, "SELECT coalesce(min(c.id),0) %s", kNextDraft);
    Result<Statement> next = prepare(database_, sql);
    if (!next.ok()) return next.error();
    const Result<std::int64_t> id = query_number(next.value().number(1, static_cast<std::uint32_t>(folder)));
    if (!id.ok()) return id.error();
    if (id.value() == 0) return false;
    change = static_cast<std::uint64_t>(id.value());
  }
  HANDSYNC_TRY(store.take_over());
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  {
    Result<Statement> freeze = prepare(database_,
                                       "UPDATE change SET request=?2,server_value=server_value|CASE WHEN "
                                       "server_value&2 THEN 4 ELSE 2 END WHERE id=?1");
    if (!freeze.ok()) return freeze.error();
    HANDSYNC_TRY(freeze.value().number(1, change).number(2, request).run());
    Result<Statement> find =
        prepare(database_,
                "SELECT c.value,c.server_value,c.client_id,i.server_id FROM change c JOIN item i ON i.id=c.item WHERE "
                "c.id=?1");
    if (!find.ok()) return find.error();
    const Result<bool> row = find.value().number(1, change).step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Error{Domain::kSqlite, kUnsound, 0};
    out = {};
    out.change = change;
    out.message = static_cast<std::uint64_t>(find.value().number(0));
    out.send = (find.value().number(1) & kSends) != 0;
    out.add = is_local(find.value().text(3));
    const bool fits = out.client_id.assign(find.value().text(2)) && out.server_id.assign(find.value().text(3));
    if (!fits) return Error{Domain::kSqlite, kUnsound, 0};
  }
  HANDSYNC_TRY(transaction.commit());
  return true;
}

Status Store::draft_not_handed(FolderId folder) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(run_on(store,
                      "UPDATE change SET server_value=server_value&~2 WHERE folder=?1 AND kind=6 AND request<>0 AND "
                      "parked=0 AND server_value&4=0",
                      static_cast<std::uint32_t>(folder)));
  return transaction.commit();
}

Result<ItemId> Store::first_stale() const {
  if (state_ == nullptr) return kNotOpen;
  const Result<std::int64_t> item =
      query_number(database_,
                   "SELECT coalesce(min(s.item),0) FROM stale s JOIN item i ON i.id=s.item WHERE i.shown<>0 AND NOT"
                   " EXISTS(SELECT 1 FROM change WHERE item=s.item AND kind=6 AND parked=0)");
  if (!item.ok()) return item.error();
  return static_cast<ItemId>(item.value());
}

Status Store::not_stale(ItemId item) {
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin());
  HANDSYNC_TRY(run_on(store, "DELETE FROM stale WHERE item=?1", static_cast<std::uint64_t>(item)));
  return transaction.commit();
}

}  // namespace handsync::replica
