// `stats` and `contents`: what the server tells about itself, as JSON.
#include "exchange/item_view.h"
#include "exchange/json.h"
#include "exchange/state.h"
#include "exchange/text.h"

namespace exchange {
namespace {

namespace em = wbxml::email;

const char* wipe_name(WipeState state) {
  switch (state) {
    case WipeState::kNone:
      return "none";
    case WipeState::kPending:
      return "pending";
    case WipeState::kPendingAccountOnly:
      return "pending-account";
    case WipeState::kDone:
      return "done";
    case WipeState::kFailed:
      return "failed";
  }
  return "none";
}

const char* access_name(const Account& account, const Device& device) {
  if (device.blocked || account.access == Access::kBlocked) return "blocked";
  return account.access == Access::kQuarantined ? "quarantined" : "allowed";
}

// Mails: the body as it is stored, which is what a client shows that prefers HTML and takes plain text. Others: their
// properties.
std::string digest_of(const Item& item) {
  if (item.class_name == "Email" || item.class_name == "SMS") return sha256_hex(native_body(item));
  Node whole(wbxml::air_sync::kApplicationData);
  whole.children = item.properties;
  return sha256_hex(to_wbxml(whole) + native_body(item));
}

/// Status of the Flag (MS-ASEMAIL 2.2.2.70.2): "" none, "0" cleared, "1" complete, "2" active.
std::string flag_status(const Item& item) {
  for (const Node& property : item.properties) {
    if (property.tag == em::kFlag) return std::string(property.value(em::kStatus));
  }
  return {};
}

}  // namespace

std::string Server::stats() const {
  const State& state = *state_;
  Json root = Json::object();
  Json requests = Json::object();
  for (const auto& [command, count] : state.requests) requests.set(command, count);
  root.set("requests", std::move(requests));
  root.set("bytes_in", state.bytes_in);
  root.set("bytes_out", state.bytes_out);
  root.set("connections", state.connections);
  root.set("handshakes_full", state.handshakes_full);
  root.set("handshakes_resumed", state.handshakes_resumed);
  root.set("waiting", static_cast<std::uint64_t>(state.waiting.size()));
  Json sent = Json::object(), devices = Json::array(), violations = Json::array();
  for (const auto& [email, account] : state.accounts) {
    for (const auto& [client_id, count] : account.sent_client_ids)
      sent.set(client_id, static_cast<std::uint64_t>(count));
    for (const auto& [id, device] : account.devices) {
      Json entry = Json::object();
      entry.set("id", id);
      entry.set("type", device.type);
      entry.set("user", account.user.email);
      entry.set("user_agent", device.user_agent);
      entry.set("version", std::to_string(device.version / 10) + "." + std::to_string(device.version % 10));
      entry.set("policy_status", static_cast<std::uint64_t>(device.policy_status));
      entry.set("policy_current", device.policy_key != 0 && device.policy_generation == account.policy_generation);
      entry.set("wipe", std::string(wipe_name(device.wipe)));
      entry.set("access", std::string(access_name(account, device)));
      Json information = Json::object();
      for (const auto& [name, value] : device.information) information.set(name, value);
      entry.set("information", std::move(information));
      devices.push(std::move(entry));
    }
  }
  for (const std::string& violation : state.violations) violations.push(violation);
  root.set("sent", std::move(sent));
  root.set("devices", std::move(devices));
  root.set("violations", std::move(violations));
  return root.text();
}

std::string Server::contents(const std::string& email) const {
  const Account& account = state_->account(email);
  Json items = Json::array();
  for (const auto& [id, folder] : account.mailbox.folders()) {
    if (folder.is_recipients()) continue;  // no items of the user's
    for (const auto& [number, item] : folder.items) {
      Json entry = Json::object();
      entry.set("class", item.class_name);
      entry.set("server_id", item.id);
      entry.set("folder", item.folder);
      entry.set("digest", digest_of(item));
      if (item.class_name == "Email") {
        entry.set("subject", std::string(item.value(em::kSubject)));
        entry.set("from", std::string(item.value(em::kFrom)));
        entry.set("read", item.value(em::kRead) == "1");
        entry.set("flagged", flag_status(item) == "2");
        entry.set("flag", flag_status(item));
        entry.set("received", iso_time(item.received_ms));
      }
      if (item.class_name == "SMS") {
        entry.set("from", std::string(item.value(em::kFrom)));
        entry.set("to", std::string(item.value(em::kTo)));
        entry.set("text", native_body(item));
        entry.set("read", item.value(em::kRead) == "1");
        entry.set("received", iso_time(item.received_ms));
      }
      items.push(std::move(entry));
    }
  }
  Json root = Json::object();
  root.set("items", std::move(items));
  return root.text();
}

std::optional<std::set<std::string>> Server::known(const std::string& email, const std::string& collection,
                                                   const std::string& key) const {
  for (const auto& [id, device] : state_->account(email).devices) {
    const auto found = device.collections.find(collection);
    if (found == device.collections.end()) continue;
    KnownSet known = found->second.known;
    if (known.key != key && known.previous_key == key) known.step_back();
    if (known.key != key) continue;
    std::set<std::string> ids;
    for (const auto& [item, revision] : known.all()) ids.insert(item);
    return ids;
  }
  return std::nullopt;
}

}  // namespace exchange
