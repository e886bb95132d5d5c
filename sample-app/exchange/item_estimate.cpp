// GetItemEstimate (MS-ASCMD 2.2.1.9): how many additions, changes and removals a Sync would bring.
#include "exchange/state.h"
#include "exchange/sync_filter.h"
#include "exchange/sync_request.h"

namespace exchange {
namespace {

namespace as = wbxml::air_sync;
namespace ge = wbxml::get_item_estimate;

constexpr std::size_t kCollectionsMax = 1000;
enum Status : int { kSuccess = 1, kBadCollection = 2, kNotPrimed = 3, kBadKey = 4 };

std::int64_t estimate(const Call& call, const Folder& folder, const CollectionState& state,
                      const std::vector<Node>& blocks) {
  const std::vector<SyncOptions> options = read_options(blocks);
  std::int64_t count = 0;
  std::size_t still_there = 0;
  for (const Match& match : matching_items(*call.account, folder, options, call.state->now_ms)) {
    const std::uint64_t* const known = state.known.revision(match.item->id);
    if (known != nullptr) ++still_there;
    if (known == nullptr || *known < match.item->revision) ++count;
  }
  return count + static_cast<std::int64_t>(state.known.all().size() - still_there);
}

}  // namespace

Outcome run_item_estimate(Call& call) {
  const Node* const collections = call.document->find(ge::kCollections);
  if (collections == nullptr || collections->children.empty() || collections->children.size() > kCollectionsMax) {
    call.violation("names no collection, or more than " + std::to_string(kCollectionsMax));
    return status_answer(call, 103);
  }
  Node answer(ge::kGetItemEstimate);
  if (call.version >= 140) answer.add(ge::kStatus, kSuccess);
  for (const Node& collection : collections->children) {
    if (call.version >= 140 && (collection.has(ge::kClass) || collection.has(as::kFilterType))) {
      call.violation("has Class or FilterType in a Collection at " + version_text(call.version));
      return status_answer(call, 103);
    }
    if (call.version < 140 && (collection.has(as::kOptions) || !collection.has(as::kFilterType))) {
      call.violation("has Options, or no FilterType, in a Collection at " + version_text(call.version));
      return Outcome::refuse(400);
    }
    const std::string id(collection.value(ge::kCollectionId));
    const Folder* const folder = call.account->mailbox.folder(id);
    const auto found = call.device->collections.find(id);
    const bool primed = found != call.device->collections.end() && found->second.known.primed();
    const std::string_view key = collection.value(as::kSyncKey);
    Node& response = answer.add(ge::kResponse);
    if (folder == nullptr) {
      response.add(ge::kStatus, kBadCollection);
    } else if (!primed) {
      response.add(ge::kStatus, kNotPrimed);
    } else if (key != found->second.known.key && key != found->second.known.previous_key) {
      response.add(ge::kStatus, kBadKey);
    } else {
      std::vector<Node> blocks = found->second.options;
      if (call.version < 140) {
        blocks = {Node(as::kOptions)};
        blocks.front().add(as::kFilterType, collection.value(as::kFilterType));
      } else if (collection.has(as::kOptions)) {
        blocks.clear();
        for (const Node& child : collection.children) {
          if (child.tag == as::kOptions) blocks.push_back(child);
        }
      }
      response.add(ge::kStatus, kSuccess);
      Node& result = response.add(ge::kCollection);
      if (call.version < 140) result.add(ge::kClass, folder->class_name());
      result.add(ge::kCollectionId, id);
      result.add(ge::kEstimate, estimate(call, *folder, found->second, blocks));
    }
  }
  return Outcome::answer(std::move(answer));
}

}  // namespace exchange
