/// A world with one account whose events, contacts, tasks and notes a test edits as an application does.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "engine/sync/item_cases.h"
#include "engine/sync/world.h"

namespace handsync::test {

inline PropertyEdit set(std::uint16_t id, const std::string& value) { return {id, bytes_of(Text(value)), true}; }

struct PersonalWorld : World {
  static constexpr const char* kDemo = "demo@example.test";

  explicit PersonalWorld(const char* version, AccountSettings settings = {}) : World(of_version(version)) {
    id = add(kDemo, "demo", settings);
  }
  /// Of a folder, by the server's ids.
  std::map<std::string, ItemId> items(const std::string& folder) {
    std::map<std::string, ItemId> found;
    for_each_item(id, folder, [&](const ItemRow& row) { found[std::string(row.server_id)] = row.id; });
    return found;
  }
  Result<ChangeId> edit(ItemId item, std::vector<PropertyEdit> edits) {
    return engine().changes(id).edit_item(item, edits);
  }
  Result<ItemId> make(const std::string& folder, std::vector<PropertyEdit> edits) {
    return engine().changes(id).add_item(folder_id(id, folder), edits);
  }
  AccountId id{};
};

}  // namespace handsync::test
