// FolderSync, FolderCreate, FolderDelete, FolderUpdate (MS-ASCMD 2.2.1.5 to 2.2.1.8).
#include <set>

#include "exchange/state.h"
#include "exchange/text.h"

namespace exchange {
namespace {

namespace fh = wbxml::folder_hierarchy;

enum Status : int {
  kSuccess = 1,
  kNameExists = 2,
  kSystemFolder = 3,
  kNotFound = 4,
  kParentNotFound = 5,
  kInvalidKey = 9,
  kMalformed = 10,
};

Node status_only(Tag root, int status) {
  Node answer(root);
  answer.add(fh::kStatus, status);
  return answer;
}

// Takes everything that is new in the hierarchy into `changes` and into what the device knows.
std::int64_t collect_changes(const Mailbox& mailbox, int version, KnownSet& known, Node& changes) {
  std::int64_t count = 0;
  const auto describe = [&](Tag tag, const Folder& folder) {
    Node& node = changes.add(tag);
    node.add(fh::kServerId, folder.id);
    node.add(fh::kParentId, folder.parent);
    node.add(fh::kDisplayName, folder.name);
    node.add(fh::kType, static_cast<int>(folder.type));
    known.learn(folder.id, folder.revision);
    ++count;
  };
  for (const auto& [id, folder] : mailbox.folders()) {
    const std::uint64_t* const revision = known.revision(id);
    if (revision != nullptr && *revision < folder.revision) describe(fh::kUpdate, folder);
  }
  std::vector<std::string> gone;
  for (const auto& [id, revision] : known.all()) {
    const Folder* const folder = mailbox.folder(id);
    if (folder == nullptr || !folder->is_listed(version)) gone.push_back(id);
  }
  for (const std::string& id : gone) {
    changes.add(fh::kDelete).add(fh::kServerId, id);
    known.forget(id);
    ++count;
  }
  for (const auto& [id, folder] : mailbox.folders()) {
    if (known.revision(id) == nullptr && folder.is_listed(version)) describe(fh::kAdd, folder);
  }
  return count;
}

// The key of a folder command: current, or the one before whose answer may have been lost.
bool accept_key(HierarchyState& hierarchy, std::string_view key) {
  if (key.empty() || key == "0") return false;
  if (key == hierarchy.known.key) return true;
  if (key != hierarchy.known.previous_key) return false;
  hierarchy.known.step_back();
  return true;
}

// A folder command of the client answers with a new key under which the client knows its own change.
Node changed(Call& call, Tag root, const std::string& id) {
  KnownSet& known = call.device->hierarchy.known;
  const Folder* const folder = call.account->mailbox.folder(id);
  if (folder != nullptr) {
    known.learn(id, folder->revision);
  } else {
    known.forget(id);
  }
  known.step(call.state->new_key(known.key));
  call.device->hierarchy.last_answer = Node();
  Node answer = status_only(root, kSuccess);
  answer.add(fh::kSyncKey, known.key);
  return answer;
}

bool name_taken(const Mailbox& mailbox, std::string_view parent, std::string_view name, std::string_view except) {
  for (const auto& [id, folder] : mailbox.folders()) {
    if (id != except && folder.parent == parent && same_without_case(folder.name, name)) return true;
  }
  return false;
}

bool is_user_folder(const Folder& folder) {
  return folder.type == FolderType::kUser || (folder.type >= FolderType::kUserMail && !folder.is_recipients());
}

}  // namespace

Outcome run_folder_sync(Call& call) {
  const Node& request = *call.document;
  if (request.children.size() != 1 || !request.has(fh::kSyncKey)) {
    call.violation("is not exactly one SyncKey");
    return Outcome::answer(status_only(fh::kFolderSync, kMalformed));
  }
  const std::string key(request.value(fh::kSyncKey));
  HierarchyState& hierarchy = call.device->hierarchy;
  if (key == "0") {
    hierarchy = {};
  } else if (hierarchy.known.primed() && key == hierarchy.known.previous_key) {
    if (hierarchy.last_answer.tag != 0) return Outcome::answer(hierarchy.last_answer);
    hierarchy.known.step_back();
  } else if (!hierarchy.known.primed() || key != hierarchy.known.key) {
    call.violation("uses the key \"" + key + "\", which is neither the last nor the one before");
    return Outcome::answer(status_only(fh::kFolderSync, kInvalidKey));
  }
  Node changes(fh::kChanges);
  changes.add(fh::kCount, 0);
  const std::int64_t count = collect_changes(call.account->mailbox, call.version, hierarchy.known, changes);
  changes.children.front().text = std::to_string(count);
  if (key == "0" || count > 0) hierarchy.known.step(call.state->new_key(hierarchy.known.key));
  Node answer = status_only(fh::kFolderSync, kSuccess);
  answer.add(fh::kSyncKey, hierarchy.known.key);
  answer.add(std::move(changes));
  if (key == "0" || count > 0) hierarchy.last_answer = answer;
  return Outcome::answer(std::move(answer));
}

Outcome run_folder_create(Call& call) {
  const Node& request = *call.document;
  if (!accept_key(call.device->hierarchy, request.value(fh::kSyncKey))) {
    return Outcome::answer(status_only(fh::kFolderCreate, kInvalidKey));
  }
  const auto type = request.number(fh::kType);
  const std::string name(request.value(fh::kDisplayName)), parent(request.value(fh::kParentId));
  if (!type || name.empty() || !(*type == 1 || (*type >= 12 && *type <= 17))) {
    call.violation("has no name or a Type that a client may not create");
    return Outcome::answer(status_only(fh::kFolderCreate, kMalformed));
  }
  Mailbox& mailbox = call.account->mailbox;
  if (parent != "0" && mailbox.folder(parent) == nullptr) {
    return Outcome::answer(status_only(fh::kFolderCreate, kParentNotFound));
  }
  if (name_taken(mailbox, parent, name, {})) return Outcome::answer(status_only(fh::kFolderCreate, kNameExists));
  const std::string id = mailbox.add_folder(parent, name, static_cast<FolderType>(*type)).id;
  Node answer = changed(call, fh::kFolderCreate, id);
  answer.add(fh::kServerId, id);
  return Outcome::answer(std::move(answer));
}

Outcome run_folder_delete(Call& call) {
  const Node& request = *call.document;
  if (!accept_key(call.device->hierarchy, request.value(fh::kSyncKey))) {
    return Outcome::answer(status_only(fh::kFolderDelete, kInvalidKey));
  }
  const std::string id(request.value(fh::kServerId));
  Mailbox& mailbox = call.account->mailbox;
  const Folder* const folder = mailbox.folder(id);
  if (folder == nullptr) return Outcome::answer(status_only(fh::kFolderDelete, kNotFound));
  if (!is_user_folder(*folder)) return Outcome::answer(status_only(fh::kFolderDelete, kSystemFolder));
  mailbox.remove_folder(id);
  return Outcome::answer(changed(call, fh::kFolderDelete, id));
}

Outcome run_folder_update(Call& call) {
  const Node& request = *call.document;
  if (!accept_key(call.device->hierarchy, request.value(fh::kSyncKey))) {
    return Outcome::answer(status_only(fh::kFolderUpdate, kInvalidKey));
  }
  const std::string id(request.value(fh::kServerId)), parent(request.value(fh::kParentId)),
      name(request.value(fh::kDisplayName));
  Mailbox& mailbox = call.account->mailbox;
  Folder* const folder = mailbox.folder(id);
  if (name.empty() || parent.empty()) return Outcome::answer(status_only(fh::kFolderUpdate, kMalformed));
  if (folder == nullptr) return Outcome::answer(status_only(fh::kFolderUpdate, kNotFound));
  if (!is_user_folder(*folder) || name_taken(mailbox, parent, name, id)) {
    return Outcome::answer(status_only(fh::kFolderUpdate, kNameExists));
  }
  if (parent != "0" && mailbox.folder(parent) == nullptr) {
    return Outcome::answer(status_only(fh::kFolderUpdate, kParentNotFound));
  }
  folder->name = name;
  folder->parent = parent;
  mailbox.touch(*folder);
  return Outcome::answer(changed(call, fh::kFolderUpdate, id));
}

}  // namespace exchange
