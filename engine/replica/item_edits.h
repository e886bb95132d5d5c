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
/// The change is about to be parked: as show_item_change(false), unless a newer change of the property is shown.
Status revert_item_change(StoreState&, std::uint64_t change);
/// The server has said all of the item, or the properties of `rows`; its row and side rows show that now. Edits that
/// wait are shown again on top, but for those of a property that the server has changed too: the server wins, and they
/// are parked with Status 7. Returns how many.
Result<std::uint32_t> judge_server_item(StoreState&, std::uint64_t item, Class, const RowSet* rows, bool body);

/// The answer to an Add: the item is the server's from now on. A row that came under that id meanwhile gives way.
Status adopt_item(StoreState&, std::uint32_t folder, std::uint32_t request, Text client_id, Text server_id,
                  std::uint32_t& confirmed);
/// Writes what is to be sent of the changes of a folder beside them, so that a retry sends the same bytes.
Status write_payloads(StoreState&, std::uint32_t folder, std::uint16_t version);

}  // namespace handsync::replica
