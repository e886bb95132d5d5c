/// The attachments of items: what applications read of them, and where the server has them.
#include <cstring>

#include "replica/schema.h"
#include "replica/sql_reader.h"
#include "replica/state.h"
#include "wbxml/utf8.h"

namespace handsync::replica {
namespace {

Statement find(sqlite3* database, ItemId item, std::uint16_t number) {
  Statement row =
      prepare(database,
              "SELECT a.name,a.type,a.content_id,a.size,a.inline,a.reference FROM item i JOIN attachment a"
              " ON a.id=i.attachment_list*65536+?2-1 WHERE i.id=?1 AND ?2 BETWEEN 1 AND i.attachment_count"_sql,
              static_cast<std::uint64_t>(item), std::uint32_t{number});
  return row;
}

/// In the front of the room, cut on a whole character where it is too small.
Text keep(Text text, Room& room) {
  const std::size_t size = wbxml::beginning(text, room.size()).size();
  if (size != 0) std::memcpy(room.data(), text.data(), size);
  const Text kept = text_of(room.first(size));
  room = room.subspan(size);
  return kept;
}

}  // namespace

Result<AttachmentAddress> Store::attachment(ItemId item, std::uint16_t number) const {
  if (state_ == nullptr) return kNotOpen;
  Statement row = find(database_, item, number);
  const Result<bool> found = row.step();
  if (!found.ok()) return found.error();
  AttachmentAddress address;
  // One that the server does not have yet is named by a number of ours.
  const Text reference = found.value() ? row.text(5) : Text();
  const bool there = !reference.empty() && reference.front() != '\x01' && address.reference.assign(reference);
  if (!there) return Error{Domain::kSqlite, kNoSuchAttachment, number};
  address.bytes = static_cast<std::uint64_t>(row.number(3));
  return address;
}

}  // namespace handsync::replica

namespace handsync {

Result<bool> read_attachment(Reader& reader, ItemId item, std::uint16_t number, AttachmentRow& attachment, Room room) {
  replica::Statement row = replica::find(static_cast<replica::SqlReader&>(reader).database(), item, number);
  const Result<bool> found = row.step();
  if (!found.ok() || !found.value()) return found;
  attachment.name = replica::keep(row.text(0), room);
  attachment.content_type = replica::keep(row.text(1), room);
  attachment.content_id = replica::keep(row.text(2), room);
  attachment.bytes = static_cast<std::uint64_t>(row.number(3));
  attachment.is_inline = row.number(4) != 0;
  return true;
}

}  // namespace handsync
