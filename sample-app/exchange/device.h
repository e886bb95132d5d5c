/// What the server remembers of one device of one user.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "exchange/node.h"

namespace exchange {

/// What a client is known to have of a set of things (items of a collection, folders), as of its current key, and how
/// to go back to the key before: the one step a client may repeat when an answer was lost.
class KnownSet {
 public:
  std::string key, previous_key;

  bool primed() const { return !key.empty(); }
  const std::uint64_t* revision(const std::string& id) const {
    const auto found = known_.find(id);
    return found == known_.end() ? nullptr : &found->second;
  }
  const std::map<std::string, std::uint64_t>& all() const { return known_; }
  void learn(const std::string& id, std::uint64_t revision) {
    remember(id);
    known_[id] = revision;
  }
  void forget(const std::string& id) {
    remember(id);
    known_.erase(id);
  }
  /// What has been learnt since the last step belongs to `next`.
  void step(std::string next) {
    previous_key = std::exchange(key, std::move(next));
    undo_ = std::exchange(pending_, {});
  }
  /// The client repeats the previous key: everything since then is as if it had not been said.
  void step_back() {
    roll_back(pending_);
    roll_back(undo_);
    key = std::exchange(previous_key, {});
  }
  void reset(std::string first_key) {
    *this = {};
    key = std::move(first_key);
  }
  void restore(std::string present_key, std::map<std::string, std::uint64_t> known) {
    *this = {};
    key = std::move(present_key);
    known_ = std::move(known);
  }

 private:
  using Undo = std::vector<std::pair<std::string, std::optional<std::uint64_t>>>;
  void remember(const std::string& id) {
    const auto found = known_.find(id);
    pending_.emplace_back(id, found == known_.end() ? std::nullopt : std::optional(found->second));
  }
  void roll_back(Undo& undo) {
    for (auto entry = undo.rbegin(); entry != undo.rend(); ++entry) {
      if (entry->second) {
        known_[entry->first] = *entry->second;
      } else {
        known_.erase(entry->first);
      }
    }
    undo.clear();
  }
  std::map<std::string, std::uint64_t> known_;
  Undo pending_, undo_;
};

struct CollectionState {
  KnownSet known;
  std::vector<Node> options;  ///< the client's last Options blocks
  std::optional<std::vector<Tag>> supported;
  Node last_request, last_answer;                ///< of the step that led to the current key
  std::map<std::string, std::string> last_adds;  ///< ClientId -> server id, of that step
  std::set<std::string> last_deletes;
  std::map<std::string, std::uint64_t> last_changes;  ///< server id -> the revision its change made
};

struct HierarchyState {
  KnownSet known;
  Node last_answer;
};

enum class WipeState : std::uint8_t { kNone, kPending, kPendingAccountOnly, kDone, kFailed };

struct Device {
  std::string id, type, user_agent, user;
  int version = 0;
  std::map<std::string, std::string> information;  ///< settings:DeviceInformation
  std::string recovery_password;

  std::uint32_t policy_key = 0, temporary_key = 0;
  std::uint64_t policy_generation = 0;  ///< of the account's policy it has acknowledged
  std::uint64_t temporary_generation = 0;
  int policy_status = 0;  ///< what it acknowledged with
  WipeState wipe = WipeState::kNone;
  bool blocked = false;
  bool server_changed = false;  ///< X-MS-RP is due
  std::string cookie;
  std::map<std::uint64_t, bool> cookie_connections;  ///< connections on which the cookie has been set

  HierarchyState hierarchy;
  std::map<std::string, CollectionState> collections;
  std::optional<Node> cached_sync;  ///< the last Sync request, for an empty or Partial one
  bool empty_sync_allowed = false;
  std::optional<Node> cached_ping;

  void lose_sync_state() {
    hierarchy = {};
    collections.clear();
    cached_sync.reset();
    cached_ping.reset();
    empty_sync_allowed = false;
  }
};

}  // namespace exchange
