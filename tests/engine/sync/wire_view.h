/// Requests taken apart and answers put together, for tests that look at what goes over the wire.
#pragma once
#include <string>

#include "engine/sync/world.h"
#include "exchange/node.h"
#include "wbxml/code_pages.h"

namespace handsync::test {

namespace as = wbxml::air_sync;

/// The first Collection of a Sync request; one with commands is the only one.
struct SyncView {
  std::string collection, key;
  std::string commands;  ///< as bytes, to be compared; "" = none
  std::size_t command_count = 0;
  long window = 0;
};
inline SyncView sync_view(const Sent& sent) {
  SyncView view;
  const exchange::Node request = exchange::parse_wbxml(sent.body);
  const exchange::Node* collections = request.find(as::kCollections);
  if (!collections || collections->children.empty()) return view;
  const exchange::Node& collection = collections->children[0];
  view.collection = std::string(collection.value(as::kCollectionId));
  view.key = std::string(collection.value(as::kSyncKey));
  view.window = static_cast<long>(collection.number(as::kWindowSize).value_or(0));
  if (const exchange::Node* commands = collection.find(as::kCommands)) {
    view.commands = exchange::to_wbxml(*commands);
    view.command_count = commands->children.size();
  }
  return view;
}
inline std::vector<SyncView> syncs_since(const World& world, std::size_t first) {
  std::vector<SyncView> found;
  for (std::size_t i = first; i < world.sent.size(); ++i)
    if (world.sent[i].label == "Sync") found.push_back(sync_view(world.sent[i]));
  return found;
}

inline exchange::HttpResponse document(const exchange::Node& root) {
  exchange::HttpResponse response;
  response.set("Content-Type", "application/vnd.ms-sync.wbxml");
  response.body = exchange::to_wbxml(root);
  return response;
}
inline exchange::HttpResponse http_status(int status) {
  exchange::HttpResponse response;
  response.status = status;
  return response;
}
/// `Sync{Status}` and the like.
inline exchange::HttpResponse status_document(wbxml::Tag root, wbxml::Tag status_tag, int status) {
  exchange::Node node(root);
  node.add(status_tag, status);
  return document(node);
}
inline exchange::HttpResponse sync_status(int status) { return status_document(as::kSync, as::kStatus, status); }

}  // namespace handsync::test
