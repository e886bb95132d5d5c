/// How edits of the user and what a server says of the same item are judged. All inside a transaction of the caller.
///
/// What is shown (item.read, item.flag_status) is the newest edit that waits, else the server's value. A `change` row
/// remembers the server's value beside the edit, so that refusing or dropping the edit can show it again.
#pragma once
#include "replica/item_row.h"

namespace handsync::replica {

enum class EditKind : std::uint8_t { kRead = 1, kFlag = 2 };

/// Shown values after the server has said `server_value` for a property of an item: writes it beside every edit of it.
/// Returns what to show.
Result<std::int64_t> judge_server_value(StoreState&, std::uint64_t item, EditKind, std::int64_t server_value);

/// Answers other than success. Returns the number of edits parked.
Result<std::uint32_t> apply_answer(StoreState&, std::uint32_t folder, std::uint32_t request, Text server_id,
                                   std::uint32_t status);

/// Every change of this request that has not been answered otherwise was accepted. Returns how many server items were
/// confirmed.
Result<std::uint32_t> confirm_request(StoreState&, std::uint32_t folder, std::uint32_t request);
/// The same for one item that is about to go: those in this request were accepted before it went.
Status confirm_item(StoreState&, std::uint32_t request, std::uint64_t item, std::uint32_t& confirmed);

/// Parks one change; with `revert` the server's value is shown again.
Status park_change(StoreState&, std::uint64_t change, Error reason, bool revert);

/// Shows a value and keeps the folder's count of unread items right. Logs the item as changed.
Status show_value(StoreState&, std::uint64_t item, EditKind, std::int64_t value);
/// Sets item.edits to the number of edits that wait, and logs the item as changed.
Status count_edits(StoreState&, std::uint64_t item);

}  // namespace handsync::replica
