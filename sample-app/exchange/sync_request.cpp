#include "exchange/sync_request.h"

#include <algorithm>
#include <array>
#include <set>

namespace exchange {
namespace {

namespace as = wbxml::air_sync;
namespace asb = wbxml::air_sync_base;
namespace em2 = wbxml::email2;

constexpr int kProtocolError = 4, kIncomplete = 13, kBadWait = 14, kTooManyCollections = 15;

[[noreturn]] void refuse(const std::string& sentence) { throw SyncRefused(kProtocolError, sentence); }

// Schema order inside Collection, with the versions that know the element.
struct CollectionRow {
  Tag tag;
  int first_version, last_version;
  bool repeats;
};
constexpr std::array<CollectionRow, 10> kCollectionOrder = {{{as::kClass, 25, 121, false},
                                                             {as::kSyncKey, 25, 161, false},
                                                             {as::kCollectionId, 25, 161, false},
                                                             {as::kSupported, 25, 161, false},
                                                             {as::kDeletesAsMoves, 25, 161, false},
                                                             {as::kGetChanges, 25, 161, false},
                                                             {as::kWindowSize, 25, 161, false},
                                                             {as::kConversationMode, 140, 161, false},
                                                             {as::kOptions, 25, 161, true},
                                                             {as::kCommands, 25, 161, false}}};

struct OptionRow {
  Tag tag;
  int first_version;
  int last_version = 161;
};
constexpr std::array<OptionRow, 10> kOptions = {{{as::kFilterType, 25},
                                                 {as::kTruncation, 25, 25},
                                                 {as::kClass, 140},
                                                 {asb::kBodyPreference, 120},
                                                 {asb::kBodyPartPreference, 141},
                                                 {as::kConflict, 25},
                                                 {as::kMIMESupport, 25},
                                                 {as::kMIMETruncation, 25},
                                                 {as::kMaxItems, 140},
                                                 {wbxml::rights_management::kRightsManagementSupport, 141}}};

std::int64_t number_in(const Node& node, std::int64_t low, std::int64_t high) {
  const auto value = parse_number(node.text);
  if (!value || *value < low || *value > high) {
    refuse("has " + tag_text(node.tag) + " \"" + node.text + "\", which is not between " + std::to_string(low) +
           " and " + std::to_string(high));
  }
  return *value;
}

bool boolean(const Node& node) {
  if (node.text.empty() || node.text == "1") return true;
  if (node.text == "0") return false;
  refuse("has " + tag_text(node.tag) + " \"" + node.text + "\" instead of 0 or 1");
}

void check_order(const Node& collection, int version) {
  std::size_t place = 0;
  for (const Node& child : collection.children) {
    const auto row = std::find_if(kCollectionOrder.begin(), kCollectionOrder.end(),
                                  [&](const CollectionRow& candidate) { return candidate.tag == child.tag; });
    if (row == kCollectionOrder.end())
      refuse("has " + tag_text(child.tag) + " in a Collection, where it does not belong");
    if (version < row->first_version || version > row->last_version) {
      refuse("has " + tag_text(child.tag) + " in a Collection at " + version_text(version));
    }
    const auto position = static_cast<std::size_t>(row - kCollectionOrder.begin()) + 1;
    if (position < place) refuse("has " + tag_text(child.tag) + " in a Collection after an element that follows it");
    if (position == place && !row->repeats) refuse("has " + tag_text(child.tag) + " twice in a Collection");
    place = position;
  }
}

void check_body_preference(const Node& preference, int version) {
  static constexpr std::array<Tag, 4> kOrder = {asb::kType, asb::kTruncationSize, asb::kAllOrNone, asb::kPreview};
  std::size_t place = 0;
  for (const Node& child : preference.children) {
    const auto found = std::find(kOrder.begin(), kOrder.end(), child.tag);
    if (found == kOrder.end()) refuse("has " + tag_text(child.tag) + " in a BodyPreference");
    const auto position = static_cast<std::size_t>(found - kOrder.begin()) + 1;
    if (position <= place) refuse("has the elements of a BodyPreference in the wrong order or twice");
    place = position;
    if (child.tag == asb::kType) number_in(child, 1, 4);
    if (child.tag == asb::kTruncationSize) number_in(child, 0, 0xFFFFFFFFLL);
    if (child.tag == asb::kAllOrNone) boolean(child);
    if (child.tag == asb::kPreview) {
      if (version < 140) refuse("asks for a Preview at " + version_text(version));
      number_in(child, 0, 255);
    }
  }
  if (!preference.has(asb::kType)) refuse("has a BodyPreference without Type");
}

void check_options(const Node& options, int version) {
  std::set<std::string> body_types;
  for (const Node& child : options.children) {
    const auto row = std::find_if(kOptions.begin(), kOptions.end(),
                                  [&](const OptionRow& candidate) { return candidate.tag == child.tag; });
    if (row == kOptions.end()) refuse("has " + tag_text(child.tag) + " in Options, where it does not belong");
    if (version < row->first_version || version > row->last_version)
      refuse("has " + tag_text(child.tag) + " in Options at " + version_text(version));
    if (child.tag != asb::kBodyPreference && options.count(child.tag) > 1)
      refuse("has " + tag_text(child.tag) + " twice in Options");
    if (child.tag == as::kFilterType) number_in(child, 0, 8);
    if (child.tag == as::kTruncation) number_in(child, 0, 9);
    if (child.tag == as::kConflict) number_in(child, 0, 1);
    if (child.tag == as::kMIMESupport) number_in(child, 0, 2);
    if (child.tag == as::kMIMETruncation) number_in(child, 0, 8);
    if (child.tag == asb::kBodyPreference) {
      check_body_preference(child, version);
      if (!body_types.emplace(child.value(asb::kType)).second) refuse("has two BodyPreferences of one Type");
    }
  }
}

void check_command(const Node& command, int version) {
  const bool change = command.tag == as::kChange, add = command.tag == as::kAdd;
  if (!change && !add && command.tag != as::kDelete && command.tag != as::kFetch) {
    refuse("has " + tag_text(command.tag) + " among its Commands");
  }
  for (const Node& child : command.children) {
    const bool known = child.tag == (add ? as::kClientId : as::kServerId) || (add && child.tag == as::kClass) ||
                       ((add || change) && (child.tag == as::kApplicationData || child.tag == em2::kSend)) ||
                       (!add && child.tag == asb::kInstanceId);
    if (!known) refuse("has " + tag_text(child.tag) + " in " + tag_text(command.tag));
    if ((child.tag == em2::kSend || child.tag == asb::kInstanceId) && version < 160) {
      refuse("has " + tag_text(child.tag) + " at " + version_text(version));
    }
    if (child.tag == as::kClass && version < 140) refuse("has Class in an Add at " + version_text(version));
  }
  const std::string_view id = command.value(add ? as::kClientId : as::kServerId);
  if (id.empty() || id.size() > 64)
    refuse("has a " + tag_text(command.tag) + " without an id of at most 64 characters");
  if ((add || change) && !command.has(as::kApplicationData))
    refuse("has a " + tag_text(command.tag) + " without ApplicationData");
}

SyncCollection read_collection(const Node& node, int version) {
  if (node.tag != as::kCollection) refuse("has " + tag_text(node.tag) + " among its Collections");
  check_order(node, version);
  SyncCollection collection;
  collection.whole = node;
  collection.key = node.value(as::kSyncKey);
  collection.id = node.value(as::kCollectionId);
  if (collection.key.empty() || collection.key.size() > 64) refuse("has a Collection without SyncKey");
  if (collection.id.empty() || collection.id.size() > 64) refuse("has a Collection without CollectionId");
  for (const Node& child : node.children) {
    if (child.tag == as::kSupported) {
      collection.supported.emplace();
      for (const Node& name : child.children) collection.supported->push_back(name.tag);
    }
    if (child.tag == as::kDeletesAsMoves) collection.deletes_as_moves = boolean(child);
    if (child.tag == as::kGetChanges) collection.get_changes = boolean(child);
    if (child.tag == as::kWindowSize) {
      const std::int64_t window = number_in(child, 0, 0x7FFFFFFF);
      collection.window = window == 0 || window > kWindowMax ? kWindowMax : window;
    }
    if (child.tag == as::kConversationMode) boolean(child);
    if (child.tag == as::kOptions) {
      check_options(child, version);
      collection.options.push_back(child);
    }
    if (child.tag == as::kCommands) {
      if (child.children.empty()) refuse("has an empty Commands");
      if (child.children.size() > kCommandsMax) {
        refuse("has " + std::to_string(child.children.size()) + " Commands; " + std::to_string(kCommandsMax) +
               " are allowed");
      }
      for (const Node& command : child.children) check_command(command, version);
    }
  }
  if (collection.options.size() > 2) refuse("has more than two Options in a Collection");
  if (collection.key == "0") {
    if (collection.get_changes.value_or(false)) refuse("asks for changes with key 0");
    if (collection.commands() != nullptr) refuse("has Commands with key 0");
  }
  return collection;
}

void check_waiting(const Node& node, int version, const Options& options, SyncRequest& request) {
  if (request.wait_s) refuse("has both Wait and HeartbeatInterval, or one of them twice");
  const bool minutes = node.tag == as::kWait;
  if (!minutes && version < 140) refuse("has HeartbeatInterval at " + version_text(version));
  const auto value = parse_number(node.text);
  if (!value) refuse("has " + tag_text(node.tag) + " that is no number");
  const std::int64_t low = minutes ? 1 : options.heartbeat_min_s, high = minutes ? 59 : options.heartbeat_max_s;
  if (*value < low || *value > high) {
    throw SyncRefused(kBadWait, "waits for " + node.text + (minutes ? " min" : " s") + ", which is out of range",
                      *value < low ? low : high);
  }
  request.wait_s = minutes ? *value * 60 : *value;
}

}  // namespace

bool SyncRequest::has_commands() const {
  return std::any_of(collections.begin(), collections.end(),
                     [](const SyncCollection& collection) { return collection.commands() != nullptr; });
}

std::string version_text(int version) { return std::to_string(version / 10) + "." + std::to_string(version % 10); }

SyncRequest read_sync(const Node& document, int version, const Options& options) {
  SyncRequest request;
  std::set<std::string> ids;
  for (const Node& child : document.children) {
    if (document.count(child.tag) > 1) refuse("has " + tag_text(child.tag) + " twice");
    if (child.tag == as::kCollections) {
      if (child.children.size() > options.sync_collections_max) {
        throw SyncRefused(kTooManyCollections, "names too many collections",
                          static_cast<std::int64_t>(options.sync_collections_max));
      }
      for (const Node& node : child.children) {
        request.collections.push_back(read_collection(node, version));
        if (!ids.insert(request.collections.back().id).second) refuse("names a collection twice");
      }
    } else if (child.tag == as::kWait || child.tag == as::kHeartbeatInterval) {
      check_waiting(child, version, options, request);
    } else if (child.tag == as::kWindowSize) {
      const std::int64_t window = number_in(child, 0, 0x7FFFFFFF);
      request.window = window == 0 || window > kWindowMax ? kWindowMax : window;
    } else if (child.tag != as::kPartial) {
      refuse("has " + tag_text(child.tag) + " in Sync, where it does not belong");
    }
  }
  if (request.collections.empty()) refuse("names no collection");
  return request;
}

Node without_commands(Node document) {
  document.remove(as::kPartial);
  if (Node* const collections = document.find(as::kCollections)) {
    for (Node& collection : collections->children) collection.remove(as::kCommands);
  }
  return document;
}

Node complete_sync(const std::optional<Node>& document, const std::optional<Node>& cached, bool empty_allowed) {
  if (!document) {
    if (!cached || !empty_allowed) throw SyncRefused(kIncomplete, "is empty, and there is no request to repeat");
    return *cached;
  }
  if (!document->has(as::kPartial)) return *document;
  if (document->children.size() < 2) refuse("is Partial and says nothing else");
  if (!cached) throw SyncRefused(kIncomplete, "is Partial, and there is no request to complete it from");
  Node whole = *document;
  whole.remove(as::kPartial);
  for (const Node& part : cached->children) {
    Node* const present = whole.find(part.tag);
    const bool waits = whole.has(as::kWait) || whole.has(as::kHeartbeatInterval);
    if (present == nullptr) {
      const bool is_wait = part.tag == as::kWait || part.tag == as::kHeartbeatInterval;
      if (!(is_wait && waits)) whole.add(part);
    } else if (part.tag == as::kCollections) {
      for (const Node& collection : part.children) {
        const std::string_view id = collection.value(as::kCollectionId);
        const bool named = std::any_of(present->children.begin(), present->children.end(),
                                       [&](const Node& candidate) { return candidate.value(as::kCollectionId) == id; });
        if (!named) present->add(collection);
      }
    }
  }
  return whole;
}

}  // namespace exchange
