/// The user's changes to the properties of events, contacts, tasks and notes, and new ones. All inside a transaction of
/// the caller.
///
/// What the user made of a property is what the item shows; what the server has stands in table `edit` beside it until
/// the change has been accepted, so that a refusal can show it again. Of a change that was parked `edit` keeps what the
/// user wanted: the copy that lost. An edit of a property of which an older edit is on its way leaves the server's
/// value with that one (`chained`).
#pragma once
#include "replica/edits.h"
#include "replica/item_values.h"
#include "wbxml/writer.h"

namespace handsync::replica {

/// ServerId of an item that the server does not know yet: XML has no such character.
inline constexpr char kLocalMark = '\x01';
inline constexpr char kIsLocalSql[] = "substr(server_id,1,1)=char(1)";
inline bool is_local(Text server_id) { return !server_id.empty() && server_id.front() == kLocalMark; }

/// Notes beside an edit what the server has: what is shown now. Chunks of it belong to the edit from then on.
Status note_server(StoreState&, std::uint64_t change, const items::Property&, const ShownValue&);

/// Shows what the change wants (`wish`), or what the server has.
Status show_item_change(StoreState&, std::uint64_t change, bool wish);
/// The change has been accepted: what follows it in the queue goes on from there. The caller deletes it.
Status accept_item_change(StoreState&, std::uint64_t change);
/// The change is about to be parked: the item shows what the server has, and the other edits that wait on top. `like`:
/// only of properties that this change edits as well; 0 = of all.
Status revert_item_change(StoreState&, std::uint64_t change, std::uint64_t like = 0);
/// A parked change is about to wait again: edits of the same properties that wait are taken back.
Status give_way(StoreState&, std::uint64_t change);
/// The server has said all of the item, or the properties of `rows`; its row and side rows show that now. Edits that
/// wait are shown again on top, but for those of a property that the server has changed too: the server wins, and they
/// are parked with Status 7. Returns how many.
Result<std::uint32_t> judge_server_item(StoreState&, std::uint64_t item, Class, const RowSet* rows, bool body);

/// The answer to an Add: the item is the server's from now on. A row that came under that id meanwhile gives way.
Status adopt_item(StoreState&, std::uint32_t folder, std::uint32_t request, Text client_id, Text server_id,
                  std::uint32_t& confirmed);
/// The same of an item whose Add is in doubt, and which the server has named: it has arrived. What was changed since it
/// was put together becomes an edit of the server's item.
Status settle_add(StoreState&, std::uint64_t item, std::uint32_t& confirmed);
/// A property as an element.
void put_value(wbxml::Writer&, const items::Property&, Class, Bytes value, std::uint16_t version);
/// change.text of kOccurrence: the numbers of the properties edited, a comma after each.
inline constexpr std::size_t kEditedTextBytesMax = 160;
bool is_edited(Text list, wbxml::Tag);
/// Edits of single occurrences of which nothing has been sent are taken back: the series moves, and they go with it.
Status take_back_occurrences(StoreState&, std::uint64_t item);

/// Shows the occurrence of an Exceptions element with one of them, beside the others that are shown.
Status patch_shown(StoreState&, std::uint64_t item, std::int64_t original_ms, Bytes mine);
/// The same of a value that is not shown; `element` is in `patched`.
Status patch_value(Bytes value, std::int64_t original_ms, Bytes mine, Block& patched, Bytes& element);
/// Whether two Exceptions elements say the same of one occurrence.
Result<bool> same_occurrence(StoreState&, Bytes one, Bytes other, std::int64_t original_ms);

struct PersonalItem {
  std::uint32_t folder = 0;
  Class kind{};
};
/// An event, contact, task or note that is listed somewhere.
Status find_personal(StoreState&, std::uint64_t item, PersonalItem&);
Result<std::uint64_t> new_change(StoreState&, std::uint32_t folder, std::uint64_t item, EditKind, Text client_id,
                                 std::int64_t wall_ms, std::int64_t value = 0);
/// Does another change that waits edit the same property? Then that one knows what the server has.
Result<bool> is_chained(StoreState&, std::uint64_t item, std::uint64_t change, items::PropertyId);
/// Writes what is to be sent of the changes of a folder beside them, so that a retry sends the same bytes.
Status write_payloads(StoreState&, std::uint32_t folder, std::uint16_t version);

}  // namespace handsync::replica
