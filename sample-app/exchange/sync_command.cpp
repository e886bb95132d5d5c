// Sync (MS-ASCMD 2.2.1.21): keys, the client's changes, the server's changes, waiting.
#include <algorithm>
#include <unordered_set>

#include "exchange/sync_changes.h"
#include "exchange/sync_filter.h"
#include "exchange/sync_request.h"

namespace exchange {
namespace {

namespace as = wbxml::air_sync;

enum Status : int { kSuccess = 1, kBadKey = 3, kProtocolError = 4, kObjectNotFound = 8 };

Node collection_head(const Call& call, const Folder* folder, std::string_view key, std::string_view id, int status) {
  Node answer(as::kCollection);
  if (call.version <= 121 && folder != nullptr) answer.add(as::kClass, folder->class_name());
  answer.add(as::kSyncKey, key);
  answer.add(as::kCollectionId, id);
  answer.add(as::kStatus, status);
  return answer;
}

struct ServerChanges {
  Node commands{as::kCommands};
  bool more = false;
};

// What the client does not know yet, at most `window` of it: what is gone, what has changed, what is new.
ServerChanges collect(const Call& call, const Folder& folder, CollectionState& state,
                      const std::vector<SyncOptions>& options, std::int64_t window) {
  ServerChanges changes;
  const std::vector<Match> matches = matching_items(*call.account, folder, options, call.state->now_ms);
  std::unordered_set<std::string_view> inside;
  for (const Match& match : matches) inside.insert(match.item->id);
  const auto room = [&] {
    if (window == 0) {
      changes.more = true;
      return false;
    }
    --window;
    return true;
  };
  std::vector<std::string> outside;
  for (const auto& [id, revision] : state.known.all()) {
    if (!inside.contains(id)) outside.push_back(id);
  }
  for (const std::string& id : outside) {
    if (!room()) return changes;
    const bool filtered = visible_item(*call.account, id) != nullptr;
    changes.commands.add(filtered ? as::kSoftDelete : as::kDelete).add(as::kServerId, id);
    state.known.forget(id);
  }
  const auto describe = [&](Tag tag, const Match& match) {
    const Item& item = *match.item;
    const std::uint64_t* const known = state.known.revision(item.id);
    const bool flags_only = known != nullptr && *known >= item.content_revision;
    Node& node = changes.commands.add(tag);
    node.add(as::kServerId, item.id);
    if (item.class_name == "SMS") node.add(as::kClass, "SMS");
    node.add(flags_only ? item_flags(item, as::kApplicationData, call.version)
                        : item_properties(item, as::kApplicationData, match.options->view, call.version));
    state.known.learn(item.id, item.revision);
  };
  for (const Match& match : matches) {
    const std::uint64_t* const known = state.known.revision(match.item->id);
    if (known == nullptr || *known >= match.item->revision) continue;
    if (!room()) return changes;
    describe(as::kChange, match);
  }
  for (const Match& match : matches) {
    if (state.known.revision(match.item->id) != nullptr) continue;
    if (!room()) return changes;
    describe(as::kAdd, match);
  }
  return changes;
}

// Children of an answer's Collection come in any order; versions differ here so that clients learn it.
void assemble(Node& answer, int version, ServerChanges changes, Node responses) {
  const bool early = version >= 141;
  if (early && changes.more) answer.add(as::kMoreAvailable);
  if (early && !responses.children.empty()) answer.add(std::move(responses));
  if (!changes.commands.children.empty()) answer.add(std::move(changes.commands));
  if (!early && !responses.children.empty()) answer.add(std::move(responses));
  if (!early && changes.more) answer.add(as::kMoreAvailable);
}

// Options name the folder's own class, or SMS (MS-ASMS 3.1.4.1.1); at 14.0 only these three folders have texts.
void check_classes(const Call& call, const SyncCollection& request, const Folder& folder) {
  std::vector<std::string_view> seen;
  for (const Node& block : request.options) {
    const std::string_view given = block.value(as::kClass);
    const std::string_view name = given.empty() ? folder.class_name() : given;
    if (name != folder.class_name() && !(name == "SMS" && holds_texts(folder, call.version)))
      throw SyncRefused(4, "has Options for " + std::string(name) + " of the folder " + folder.name + " at " +
                               version_text(call.version));
    if (std::find(seen.begin(), seen.end(), name) != seen.end())
      throw SyncRefused(4, "has two Options for " + std::string(name));
    seen.push_back(name);
  }
}

// One collection's part of the answer; nothing when there is nothing to say about it.
std::optional<Node> run_collection(Call& call, const SyncCollection& request, std::int64_t& window_left) {
  Folder* const folder = call.account->mailbox.folder(request.id);
  if (folder == nullptr) return collection_head(call, nullptr, request.key, request.id, kObjectNotFound);
  if (call.version < 160 && folder->type == FolderType::kDrafts) {
    call.violation("synchronises the Drafts folder at " + version_text(call.version));
  }
  if (folder->is_recipients() && (!folder->is_listed(call.version) || request.commands() != nullptr)) {
    call.violation(request.commands() != nullptr ? "changes the recipient information cache"
                                                 : "synchronises recipients at " + version_text(call.version));
    return collection_head(call, folder, request.key, request.id, kProtocolError);
  }
  for (const Node& block : request.options) {
    if (block.has(as::kMaxItems) && !folder->is_recipients()) call.violation("has MaxItems for a folder of items");
  }
  check_classes(call, request, *folder);
  CollectionState& state = call.device->collections[request.id];
  if (request.key == "0") {
    state = {};
    state.options = request.options;
    state.supported = request.supported;
    state.known.reset(call.state->new_key({}));
    return collection_head(call, folder, state.known.key, request.id, kSuccess);
  }
  const bool retry = !state.known.previous_key.empty() && request.key == state.known.previous_key;
  if (!retry && request.key != state.known.key) {
    if (state.known.primed())
      call.violation("uses the key \"" + request.key + "\", which is neither the last nor the one before");
    return collection_head(call, folder, "0", request.id, kBadKey);
  }
  if (retry) {
    if (state.last_request == request.whole && state.last_answer.tag != 0) return state.last_answer;
    const Node* const before = state.last_request.find(as::kCommands);
    const Node* const again = request.commands();
    if ((before == nullptr) != (again == nullptr) || (again != nullptr && !(*again == *before))) {
      call.violation("repeats the key before the last one with other Commands");
    }
    state.known.step_back();
  }
  if (!request.options.empty()) state.options = request.options;
  const std::vector<SyncOptions> options = read_options(state.options);
  const std::size_t mailbox_commands = request.commands() == nullptr ? 0 : request.commands()->children.size();
  Node responses = apply_commands(call, request, *folder, state, retry, options);
  ServerChanges changes;
  if (request.get_changes.value_or(true)) {
    const std::int64_t window = std::min(request.window, window_left);
    changes = collect(call, *folder, state, options, window);
    window_left -= static_cast<std::int64_t>(changes.commands.children.size());
  }
  changes.more = changes.more || call.always_changed;
  if (mailbox_commands == 0 && changes.commands.children.empty() && !changes.more) return std::nullopt;
  state.known.step(call.state->new_key(state.known.key));
  Node answer = collection_head(call, folder, state.known.key, request.id, kSuccess);
  assemble(answer, call.version, std::move(changes), std::move(responses));
  state.last_request = request.whole;
  state.last_answer = answer;
  return answer;
}

Outcome refused(const SyncRefused& refusal) {
  Node answer(as::kSync);
  answer.add(as::kStatus, refusal.status);
  if (refusal.limit) answer.add(as::kLimit, *refusal.limit);
  return Outcome::answer(std::move(answer));
}

Outcome run_collections(Call& call, const SyncRequest& request) {
  Node collections(as::kCollections);
  std::int64_t window_left = request.window;
  for (const SyncCollection& collection : request.collections) {
    if (auto part = run_collection(call, collection, window_left)) collections.add(std::move(*part));
  }
  Device& device = *call.device;
  device.empty_sync_allowed = collections.children.empty() && !request.has_commands();
  if (collections.children.empty()) return Outcome::empty();
  Node answer(as::kSync);
  answer.add(std::move(collections));
  return Outcome::answer(std::move(answer));
}

// A newer Sync that names one of its collections ends a waiting one: the device has moved on.
void end_waiting(Call& call, const SyncRequest& request) {
  auto& waiting = call.state->waiting;
  for (auto entry = waiting.begin(); entry != waiting.end();) {
    bool shared = false;
    if (entry->call.device == call.device && entry->resume == resume_sync) {
      for (const Node& collection : entry->call.document->find(as::kCollections)->children) {
        shared = shared ||
                 std::any_of(request.collections.begin(), request.collections.end(), [&](const SyncCollection& mine) {
                   return mine.id == collection.value(as::kCollectionId);
                 });
      }
    }
    if (!shared) {
      ++entry;
      continue;
    }
    const Waiting old = std::move(*entry);
    entry = waiting.erase(entry);
    call.state->finish(old.call, Outcome::empty(), old.transport, old.gzip, old.reply);
  }
}

}  // namespace

Outcome run_sync(Call& call) {
  Device& device = *call.device;
  try {
    const Node whole = complete_sync(call.document, device.cached_sync, device.empty_sync_allowed);
    if (call.document) device.cached_sync.reset();
    const SyncRequest request = read_sync(whole, call.version, call.state->options);
    call.document = whole;
    device.cached_sync = without_commands(whole);
    end_waiting(call, request);
    Outcome outcome = run_collections(call, request);
    if (outcome.kind == Outcome::Kind::kEmpty && request.wait_s && !request.has_commands()) {
      device.empty_sync_allowed = false;
      return Outcome::wait(call.state->now_ms + *request.wait_s * 1000);
    }
    return outcome;
  } catch (const SyncRefused& refusal) {
    if (!refusal.limit) call.violation(refusal.what());  // a client learns a limit no other way
    return refused(refusal);
  }
}

Outcome resume_sync(Call& call, bool expired) {
  const SyncRequest request = read_sync(*call.document, call.version, call.state->options);
  const bool additions =
      std::any_of(request.collections.begin(), request.collections.end(), [&](const SyncCollection& collection) {
        const Folder* const folder = call.account->mailbox.folder(collection.id);
        return folder == nullptr || has_additions(call, collection.id, folder->class_name());
      });
  if (!additions && !expired) return Outcome::wait(0);
  return run_collections(call, request);
}

}  // namespace exchange
