// Ping (MS-ASCMD 2.2.1.13): reports additions in the folders named, until the heartbeat is over.
#include <algorithm>
#include <array>
#include <set>

#include "exchange/state.h"
#include "exchange/sync_filter.h"

namespace exchange {
namespace {

namespace pg = wbxml::ping;

enum Status : int {
  kExpired = 1,
  kChanges = 2,
  kMissing = 3,
  kSyntax = 4,
  kHeartbeat = 5,
  kTooMany = 6,
  kHierarchy = 7,
};

Outcome say(int status) {
  Node answer(pg::kPing);
  answer.add(pg::kStatus, status);
  return Outcome::answer(std::move(answer));
}

bool known_class(std::string_view name, int version) {
  static constexpr std::array<std::string_view, 4> kClasses = {"Email", "Calendar", "Contacts", "Tasks"};
  return std::find(kClasses.begin(), kClasses.end(), name) != kClasses.end() ||
         (version >= 140 && (name == "Notes" || name == "SMS"));
}

// Nothing wrong: nothing. Else a sentence about the request's shape.
std::string shape_fault(const Node& request, int version) {
  std::set<std::string> ids;
  int last = 0;
  for (const Node& child : request.children) {
    const int place = child.tag == pg::kHeartbeatInterval ? 1 : child.tag == pg::kFolders ? 2 : 0;
    if (place == 0) return "has an element " + tag_text(child.tag) + " that does not belong there";
    if (place <= last) return "has its elements in the wrong order or twice";
    last = place;
    if (place == 1 && !parse_number(child.text)) return "has a HeartbeatInterval that is no number";
    if (place == 2 && child.children.empty()) return "has an empty Folders";
    for (const Node& folder : child.children) {
      if (folder.tag != pg::kFolder || folder.children.size() != 2 || folder.children[0].tag != pg::kId ||
          folder.children[1].tag != pg::kClass) {
        return "has a Folder that is not exactly Id and Class, in this order";
      }
      if (!known_class(folder.value(pg::kClass), version)) {
        return "names a class \"" + std::string(folder.value(pg::kClass)) + "\"";
      }
      if (!ids.emplace(folder.value(pg::kId)).second) return "names a folder twice";
    }
  }
  return {};
}

}  // namespace

Outcome run_ping(Call& call) {
  Device& device = *call.device;
  if (call.document) {
    const Node& request = *call.document;
    if (const std::string fault = shape_fault(request, call.version); !fault.empty()) {
      call.violation(fault);
      return say(kSyntax);
    }
    Node merged(pg::kPing);
    for (const Tag tag : {pg::kHeartbeatInterval, pg::kFolders}) {
      const Node* part = request.find(tag);
      if (part == nullptr && device.cached_ping) part = device.cached_ping->find(tag);
      if (part != nullptr) merged.add(*part);
    }
    device.cached_ping = std::move(merged);
  }
  if (!device.cached_ping || !device.cached_ping->has(pg::kHeartbeatInterval) ||
      !device.cached_ping->has(pg::kFolders)) {
    call.violation("leaves out what the server has not been told before");
    return say(kMissing);
  }
  const Options& options = call.state->options;
  const std::int64_t heartbeat = device.cached_ping->number(pg::kHeartbeatInterval).value_or(0);
  if (heartbeat < options.heartbeat_min_s || heartbeat > options.heartbeat_max_s) {
    device.cached_ping->remove(pg::kHeartbeatInterval);
    Node answer(pg::kPing);
    answer.add(pg::kStatus, kHeartbeat);
    answer.add(pg::kHeartbeatInterval,
               heartbeat < options.heartbeat_min_s ? options.heartbeat_min_s : options.heartbeat_max_s);
    return Outcome::answer(std::move(answer));
  }
  const Node& folders = *device.cached_ping->find(pg::kFolders);
  if (folders.children.size() > options.ping_folders_max) {
    device.cached_ping->remove(pg::kFolders);
    Node answer(pg::kPing);
    answer.add(pg::kStatus, kTooMany);
    answer.add(pg::kMaxFolders, static_cast<std::int64_t>(options.ping_folders_max));
    return Outcome::answer(std::move(answer));
  }
  for (const Node& folder : folders.children) {
    if (call.account->mailbox.folder(folder.value(pg::kId)) == nullptr) return say(kHierarchy);
  }
  if (hierarchy_is_old(call)) return say(kHierarchy);
  // The pings of one device do not queue: an older one is over.
  auto& waiting = call.state->waiting;
  for (auto entry = waiting.begin(); entry != waiting.end();) {
    if (entry->call.device == call.device && entry->resume == resume_ping) {
      const Waiting old = std::move(*entry);
      entry = waiting.erase(entry);
      call.state->finish(old.call, say(kExpired), old.transport, old.gzip, old.reply);
    } else {
      ++entry;
    }
  }
  call.document = *device.cached_ping;
  if (call.always_changed) {
    Node answer(pg::kPing);
    answer.add(pg::kStatus, kChanges);
    answer.add(pg::kFolders).add(pg::kFolder, folders.children.front().value(pg::kId));
    return Outcome::answer(std::move(answer));
  }
  Outcome outcome = resume_ping(call, false);
  if (outcome.kind == Outcome::Kind::kWait) outcome.until_ms = call.state->now_ms + heartbeat * 1000;
  return outcome;
}

Outcome resume_ping(Call& call, bool expired) {
  if (hierarchy_is_old(call)) return say(kHierarchy);
  Node folders(pg::kFolders);
  for (const Node& folder : call.document->find(pg::kFolders)->children) {
    const std::string id(folder.value(pg::kId));
    if (has_additions(call, id, folder.value(pg::kClass))) folders.add(pg::kFolder, id);
  }
  if (folders.children.empty()) return expired ? say(kExpired) : Outcome::wait(0);
  Node answer(pg::kPing);
  answer.add(pg::kStatus, kChanges);
  answer.add(std::move(folders));
  return Outcome::answer(std::move(answer));
}

}  // namespace exchange
