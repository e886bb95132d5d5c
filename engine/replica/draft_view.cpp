/// What an item shows of a draft that is written here: fields, body and attachments, in place of what the server has.
#include "replica/draft_rows.h"
#include "wbxml/code_pages.h"

namespace handsync::replica {
namespace drafts {
namespace {

/// Blob and list of attachments of what an item shows of its own: numbers that no response is given. Rows under them
/// are removed at once, never swept: the next edit uses them again.
constexpr std::int64_t own_rows(std::uint64_t item) { return -static_cast<std::int64_t>(item); }

Status show_text(StoreState& store, std::uint64_t item, items::PropertyId property, Text text) {
  const items::Property& row = *items::find_property(Class::kEmail, property);
  HANDSYNC_TRY(delete_extras(store, item, property, property));
  return write_shown(store, item, row, NewValue{!text.empty(), bytes_of(text), 0, 0, {}});
}

}  // namespace

/// The body part that a draft shows: the HTML, if it has one; 0 = it changes nothing of the body.
Result<std::uint64_t> body_part(StoreState& store, std::uint64_t message) {
  const Result<std::int64_t> part = query_number(
      store.database, "SELECT coalesce(max(id),0) FROM outbox_part WHERE id>?1<<16 AND id<=(?1<<16)+2 AND kind<3"_sql,
      message);
  if (!part.ok()) return part.error();
  return static_cast<std::uint64_t>(part.value());
}

namespace {

Status show_body(StoreState& store, std::uint64_t item, std::uint64_t message) {
  const Result<std::uint64_t> part = body_part(store, message);
  if (!part.ok() || part.value() == 0) return part.ok() ? Status(Done{}) : Status(part.error());
  {
    Statement before = prepare(store.database, "SELECT body_blob,body_here FROM item WHERE id=?1"_sql, item);
    const Result<bool> row = before.step();
    if (!row.ok()) return row.error();
    HANDSYNC_TRY(
        store.delete_blob(static_cast<std::uint64_t>(before.number(0)), static_cast<std::uint64_t>(before.number(1))));
  }
  HANDSYNC_TRY(delete_extras(store, item, items::kBodyData, items::kBodyData));
  static_assert(kMessagePieceBytes % kChunkBytes == 0);
  HANDSYNC_TRY(
      run_sql(store.database,
              "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i+1<?4) INSERT INTO body_chunk "
              "SELECT (?2<<16)+(c.id&0xFFFFF)*?4+n.i,substr(c.data,n.i*?3+1,?3) FROM outbox_chunk c, n"
              " WHERE c.id>=?1<<20 AND c.id<(?1+1)<<20 AND length(c.data)>n.i*?3"_sql,
              part.value(), own_rows(item), static_cast<std::uint64_t>(kChunkBytes),
              static_cast<std::uint64_t>(kMessagePieceBytes / kChunkBytes)));
  return run_sql(
      store.database,
      "UPDATE item SET (body_blob,body_here,body_size,body_type,body_truncated,preview)=(SELECT CASE bytes WHEN "
      "0"
      " THEN 0 ELSE ?3 END,bytes,bytes,kind,0,CASE kind WHEN 1 THEN (SELECT substr(CAST(substr(data,1,1024) AS"
      " TEXT),1,200) FROM outbox_chunk WHERE id=?2<<20) END FROM outbox_part WHERE id=?2) WHERE id=?1"_sql,
      item, part.value(), own_rows(item));
}

/// The list as it will be: what the server has and is not to go, then what is new. The reference of one that the server
/// does not have is kLocalMark and the number of its part.
Status show_attachments(StoreState& store, std::uint64_t item, std::uint64_t message, std::uint64_t replaced) {
  // Gathered beside the list that is shown, then put in its place.
  const std::int64_t list = own_rows(item), other = list - (std::int64_t{1} << 40);
  std::uint64_t before = 0;
  {
    const Result<std::int64_t> shown =
        query_number(store.database, "SELECT attachment_list FROM item WHERE id=?1"_sql, item);
    if (!shown.ok()) return shown.error();
    before = static_cast<std::uint64_t>(shown.value());
  }
  if (before != 0) {
    HANDSYNC_TRY(run_sql(
        store.database,
        "INSERT INTO attachment SELECT (?3<<16)+row_number() OVER (ORDER BY "
        "id)-1,name,reference,method,size,content_id,"
        "location,inline,type FROM attachment a WHERE a.id>=?1<<16 AND a.id<(?1+1)<<16 AND NOT (substr(coalesce("
        "reference,''),1,1)=char(1) AND CAST(substr(reference,2) AS INTEGER)>>16 IN (?2,?4)) AND NOT EXISTS(SELECT "
        "1"
        " FROM outbox_part p JOIN outbox_chunk c ON c.id=p.id<<20 WHERE p.id>?2<<16 AND p.id<(?2+1)<<16 AND "
        "p.kind=4 "
        "AND"
        " CAST(c.data AS TEXT)=a.reference)"_sql,
        before, message, other, replaced));
    HANDSYNC_TRY(store.delete_attachments(before));
  }
  HANDSYNC_TRY(run_sql(
      store.database,
      "INSERT INTO attachment(id,name,reference,method,size,inline,type) SELECT (?2<<16)+(SELECT count(*) FROM "
      "attachment "
      "WHERE id>=?2<<16 AND id<(?2+1)<<16)+row_number() OVER (ORDER BY id)-1,name,char(1)||id,1,bytes,0,type FROM"
      " outbox_part WHERE id>?1<<16 AND id<(?1+1)<<16 AND kind=3"_sql,
      message, other));
  HANDSYNC_TRY(run_sql(
      store.database, "UPDATE attachment SET id=id+((?2-?1)<<16) WHERE id>=?1<<16 AND id<(?1+1)<<16"_sql, other, list));
  return run_sql(
      store.database,
      "UPDATE item SET attachment_count=(SELECT count(*) FROM attachment WHERE id>=?2<<16 AND id<(?2+1)<<16),"
      "attachment_list=CASE WHEN EXISTS(SELECT 1 FROM attachment WHERE id>=?2<<16 AND id<(?2+1)<<16) THEN ?2 "
      "ELSE"
      " 0 END WHERE id=?1"_sql,
      item, list);
}

}  // namespace

Status show_message(StoreState& store, std::uint64_t item, std::uint64_t message, std::uint64_t replaced) {
  {
    Statement find = prepare(store.database, "SELECT recipients,cc,bcc,subject FROM outbox WHERE id=?1"_sql, message);
    const Result<bool> row = find.step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Error{Domain::kSqlite, kUnsound, 0};
    constexpr items::PropertyId kFields[] = {items::kTo, items::kCc, items::kBcc, items::kSubject};
    for (int i = 0; i < 4; ++i) HANDSYNC_TRY(show_text(store, item, kFields[i], find.text(i)));
  }
  HANDSYNC_TRY(show_body(store, item, message));
  HANDSYNC_TRY(show_attachments(store, item, message, replaced));
  HANDSYNC_TRY(
      run_sql(store.database,
              "UPDATE item SET display_to=recipients,is_draft=1,importance=(SELECT importance FROM outbox WHERE id=?2),"
              "generation=?3 WHERE id=?1"_sql,
              item, message, store.log.generation()));
  return store.log.changed(store, item);
}

}  // namespace drafts

Status show_draft(StoreState& store, std::uint64_t change) {
  std::uint64_t item = 0, message = 0;
  {
    Statement find = prepare(store.database, "SELECT item,value FROM change WHERE id=?1"_sql, change);
    const Result<bool> row = find.step();
    if (!row.ok()) return row.error();
    if (!row.value()) return Error{Domain::kSqlite, kNoSuchChange, 0};
    item = static_cast<std::uint64_t>(find.number(0));
    message = static_cast<std::uint64_t>(find.number(1));
  }
  return message == 0 ? Status(Done{}) : drafts::show_message(store, item, message, 0);
}

}  // namespace handsync::replica
