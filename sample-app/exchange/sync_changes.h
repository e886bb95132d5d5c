/// The client's Commands of one collection: applied to the mailbox, answered where an answer is due.
#pragma once
#include "exchange/sync_filter.h"
#include "exchange/sync_request.h"

namespace exchange {

/// Applies the Commands and returns the children of Responses. `retry`: the client repeats a step whose answer was
/// lost; what was done then is not done twice.
Node apply_commands(Call& call, const SyncCollection& collection, Folder& folder, CollectionState& state, bool retry,
                    const std::vector<SyncOptions>& options);

}  // namespace exchange
