/// Which items of a folder a device's Sync concerns, and whether there are new ones among them. For Sync, Ping and
/// GetItemEstimate.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/item_view.h"
#include "exchange/state.h"

namespace exchange {

/// The Options of one class in one collection, read.
struct SyncOptions {
  std::string class_name;  ///< "" = the folder's own
  int filter_type = 0;
  int conflict = 1;
  std::size_t max_items = 0;  ///< of recipients: only those of the highest rank; 0 = all
  ViewOptions view;
};
std::vector<SyncOptions> read_options(const std::vector<Node>& blocks);

/// The items inside the filters, newest first, with the options that apply to each.
struct Match {
  const Item* item;
  const SyncOptions* options;
};
std::vector<Match> matching_items(const Account& account, const Folder& folder, const std::vector<SyncOptions>& options,
                                  std::int64_t now_ms);

/// Are there items the device has not been told of since its last key?
bool has_additions(const Call& call, const std::string& collection_id, std::string_view class_name);
/// Has a folder come or gone since the device's last FolderSync?
bool hierarchy_is_old(const Call& call);

}  // namespace exchange
