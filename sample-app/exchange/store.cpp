// The mailboxes and devices as one JSON text, so that a server may be stopped and go on later. What a client could
// repeat (the step before its current key) is not kept: after a restart an answer that was lost means Status 3.
#include <stdexcept>

#include "exchange/json.h"
#include "exchange/state.h"
#include "exchange/text.h"

namespace exchange {
namespace {

constexpr std::string_view kFormat = "exchange-1";

std::string packed(const std::vector<Node>& children) {
  Node root(wbxml::air_sync::kApplicationData);
  root.children = children;
  return to_base64(to_wbxml(root));
}

std::vector<Node> unpacked(const std::string& text) { return parse_wbxml(from_base64(text).value_or("")).children; }

std::string text_at(const cJSON* object, const char* name) {
  const cJSON* const value = cJSON_GetObjectItemCaseSensitive(object, name);
  return cJSON_IsString(value) ? value->valuestring : "";
}

std::uint64_t number_at(const cJSON* object, const char* name) {
  const cJSON* const value = cJSON_GetObjectItemCaseSensitive(object, name);
  return cJSON_IsNumber(value) ? static_cast<std::uint64_t>(value->valuedouble) : 0;
}

bool flag_at(const cJSON* object, const char* name) {
  return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name)) != 0;
}

Json save_content(const Content& content) {
  Json json = Json::object();
  if (content.seed != 0) {
    json.set("seed", std::to_string(content.seed));
    json.set("bytes", static_cast<std::uint64_t>(content.generated_bytes));
  } else {
    json.set("data", to_base64(content.data));
  }
  return json;
}

Content load_content(const cJSON* json) {
  Content content;
  const std::string seed = text_at(json, "seed");
  if (!seed.empty()) content.seed = std::stoull(seed);
  content.generated_bytes = number_at(json, "bytes");
  content.data = from_base64(text_at(json, "data")).value_or("");
  return content;
}

Json save_item(const Item& item) {
  Json json = Json::object();
  json.set("id", item.id);
  json.set("class", item.class_name);
  json.set("properties", packed(item.properties));
  json.set("body_type", static_cast<std::uint64_t>(item.body_type));
  json.set("body", save_content(item.body));
  json.set("received_ms", static_cast<std::uint64_t>(item.received_ms));
  json.set("revision", item.revision);
  json.set("content_revision", item.content_revision);
  json.set("flags_revision", item.flags_revision);
  json.set("draft", item.draft);
  json.set("message_id", item.message_id);
  Json attachments = Json::array();
  for (const Attachment& attachment : item.attachments) {
    Json entry = Json::object();
    entry.set("name", attachment.name);
    entry.set("type", attachment.content_type);
    entry.set("content_id", attachment.content_id);
    entry.set("method", static_cast<std::uint64_t>(attachment.method));
    entry.set("inline", attachment.is_inline);
    if (attachment.number != 0) entry.set("number", attachment.number);
    if (!attachment.client_id.empty()) entry.set("client_id", attachment.client_id);
    entry.set("content", save_content(attachment.content));
    attachments.push(std::move(entry));
  }
  json.set("attachments", std::move(attachments));
  return json;
}

Item load_item(const cJSON* json) {
  Item item;
  item.id = text_at(json, "id");
  item.folder = item.id.substr(0, item.id.find(':'));
  item.class_name = text_at(json, "class");
  item.properties = unpacked(text_at(json, "properties"));
  item.body_type = static_cast<int>(number_at(json, "body_type"));
  item.body = load_content(cJSON_GetObjectItemCaseSensitive(json, "body"));
  item.received_ms = static_cast<std::int64_t>(number_at(json, "received_ms"));
  item.revision = number_at(json, "revision");
  item.content_revision = number_at(json, "content_revision");
  item.flags_revision = number_at(json, "flags_revision");
  item.draft = flag_at(json, "draft");
  item.message_id = text_at(json, "message_id");
  const cJSON* entry = nullptr;
  cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(json, "attachments")) {
    Attachment attachment;
    attachment.name = text_at(entry, "name");
    attachment.content_type = text_at(entry, "type");
    attachment.content_id = text_at(entry, "content_id");
    attachment.method = static_cast<int>(number_at(entry, "method"));
    attachment.is_inline = flag_at(entry, "inline");
    attachment.number = static_cast<std::uint64_t>(number_at(entry, "number"));
    attachment.client_id = text_at(entry, "client_id");
    attachment.content = load_content(cJSON_GetObjectItemCaseSensitive(entry, "content"));
    item.attachments.push_back(std::move(attachment));
  }
  return item;
}

Json save_known(const KnownSet& known) {
  Json json = Json::object(), ids = Json::object();
  for (const auto& [id, revision] : known.all()) ids.set(id, revision);
  json.set("key", known.key);
  json.set("ids", std::move(ids));
  return json;
}

void load_known(const cJSON* json, KnownSet& known) {
  std::map<std::string, std::uint64_t> ids;
  const cJSON* entry = nullptr;
  cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(json, "ids")) ids[entry->string] =
      static_cast<std::uint64_t>(entry->valuedouble);
  known.restore(text_at(json, "key"), std::move(ids));
}

Json save_device(const Device& device) {
  Json json = Json::object();
  json.set("id", device.id);
  json.set("type", device.type);
  json.set("user_agent", device.user_agent);
  json.set("version", static_cast<std::uint64_t>(device.version));
  json.set("policy_key", static_cast<std::uint64_t>(device.policy_key));
  json.set("policy_generation", device.policy_generation);
  json.set("policy_status", static_cast<std::uint64_t>(device.policy_status));
  json.set("wipe", static_cast<std::uint64_t>(device.wipe));
  json.set("blocked", device.blocked);
  json.set("cookie", device.cookie);
  json.set("recovery_password", device.recovery_password);
  Json information = Json::object(), collections = Json::object();
  for (const auto& [name, value] : device.information) information.set(name, value);
  json.set("information", std::move(information));
  json.set("hierarchy", save_known(device.hierarchy.known));
  for (const auto& [id, state] : device.collections) {
    Json collection = save_known(state.known);
    collection.set("options", packed(state.options));
    collections.set(id, std::move(collection));
  }
  json.set("collections", std::move(collections));
  return json;
}

Device load_device(const cJSON* json, const std::string& user) {
  Device device;
  device.id = text_at(json, "id");
  device.user = user;
  device.type = text_at(json, "type");
  device.user_agent = text_at(json, "user_agent");
  device.version = static_cast<int>(number_at(json, "version"));
  device.policy_key = static_cast<std::uint32_t>(number_at(json, "policy_key"));
  device.policy_generation = number_at(json, "policy_generation");
  device.policy_status = static_cast<int>(number_at(json, "policy_status"));
  device.wipe = static_cast<WipeState>(number_at(json, "wipe"));
  device.blocked = flag_at(json, "blocked");
  device.cookie = text_at(json, "cookie");
  device.recovery_password = text_at(json, "recovery_password");
  const cJSON* entry = nullptr;
  cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(json, "information")) {
    device.information[entry->string] = cJSON_IsString(entry) ? entry->valuestring : "";
  }
  load_known(cJSON_GetObjectItemCaseSensitive(json, "hierarchy"), device.hierarchy.known);
  cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(json, "collections")) {
    CollectionState& state = device.collections[entry->string];
    load_known(entry, state.known);
    state.options = unpacked(text_at(entry, "options"));
  }
  return device;
}

Json save_policy(const Policy& policy) {
  Json list = Json::array();
  for (const PolicySetting& setting : policy) {
    Json entry = Json::object(), entries = Json::array();
    entry.set("name", setting.name);
    entry.set("value", setting.value);
    for (const std::string& text : setting.entries) entries.push(text);
    entry.set("entries", std::move(entries));
    list.push(std::move(entry));
  }
  return list;
}

Policy load_policy(const cJSON* list) {
  Policy policy;
  const cJSON* entry = nullptr;
  cJSON_ArrayForEach(entry, list) {
    PolicySetting setting{text_at(entry, "name"), text_at(entry, "value"), {}};
    const cJSON* text = nullptr;
    cJSON_ArrayForEach(text, cJSON_GetObjectItemCaseSensitive(entry, "entries"))
        setting.entries.emplace_back(text->valuestring);
    policy.push_back(std::move(setting));
  }
  return policy;
}

void load_account(const cJSON* json, Account& account) {
  Mailbox& mailbox = account.mailbox;
  mailbox.folders().clear();
  const cJSON* entry = nullptr;
  cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(json, "folders")) {
    Folder folder;
    folder.id = text_at(entry, "id");
    folder.parent = text_at(entry, "parent");
    folder.name = text_at(entry, "name");
    folder.type = static_cast<FolderType>(number_at(entry, "type"));
    folder.revision = number_at(entry, "revision");
    folder.next_number = number_at(entry, "next_number");
    const cJSON* item_json = nullptr;
    cJSON_ArrayForEach(item_json, cJSON_GetObjectItemCaseSensitive(entry, "items")) {
      Item item = load_item(item_json);
      const auto number = parse_number(std::string_view(item.id).substr(item.id.find(':') + 1));
      folder.items.emplace(static_cast<std::uint64_t>(number.value_or(0)), std::move(item));
    }
    const std::string id = folder.id;
    mailbox.folders().emplace(id, std::move(folder));
  }
  mailbox.restore_counters(number_at(json, "revision"), number_at(json, "next_folder"));
  account.devices.clear();
  cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(json, "devices")) {
    Device device = load_device(entry, account.user.email);
    const std::string id = device.id;
    account.devices.emplace(id, std::move(device));
  }
  cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(json, "sent")) account.sent_client_ids[entry->string] =
      entry->valueint;
  account.always_moved.clear();
  cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(json, "always_moved"))
      account.always_moved[from_base64(entry->string).value_or("")] = entry->valuestring;
  // A policy given anew on the command line wins; only a device that acknowledged the very same one is still in order.
  const cJSON* const policy = cJSON_GetObjectItemCaseSensitive(json, "policy");
  const std::optional<Policy> before = cJSON_IsArray(policy) != 0 ? std::optional(load_policy(policy)) : std::nullopt;
  account.policy_generation = number_at(json, "policy_generation") + (before == account.policy ? 0 : 1);
  account.access = static_cast<Access>(number_at(json, "access"));
}

}  // namespace

std::string Server::save() const {
  Json root = Json::object(), accounts = Json::object();
  root.set("format", std::string(kFormat));
  for (const auto& [email, account] : state_->accounts) {
    Json entry = Json::object(), folders = Json::array(), devices = Json::array(), sent = Json::object();
    for (const auto& [id, folder] : account.mailbox.folders()) {
      Json folder_json = Json::object(), items = Json::array();
      folder_json.set("id", folder.id);
      folder_json.set("parent", folder.parent);
      folder_json.set("name", folder.name);
      folder_json.set("type", static_cast<std::uint64_t>(folder.type));
      folder_json.set("revision", folder.revision);
      folder_json.set("next_number", folder.next_number);
      for (const auto& [number, item] : folder.items) items.push(save_item(item));
      folder_json.set("items", std::move(items));
      folders.push(std::move(folder_json));
    }
    for (const auto& [id, device] : account.devices) devices.push(save_device(device));
    for (const auto& [client_id, count] : account.sent_client_ids)
      sent.set(client_id, static_cast<std::uint64_t>(count));
    entry.set("folders", std::move(folders));
    entry.set("revision", account.mailbox.revision());
    entry.set("next_folder", account.mailbox.next_folder());
    entry.set("devices", std::move(devices));
    entry.set("sent", std::move(sent));
    Json always_moved = Json::object();
    for (const auto& [conversation, folder] : account.always_moved) always_moved.set(to_base64(conversation), folder);
    entry.set("always_moved", std::move(always_moved));
    entry.set("policy_generation", account.policy_generation);
    // Quarantine is not kept: its notice and the view it gives belong to the running server.
    entry.set("access",
              static_cast<std::uint64_t>(account.access == Access::kQuarantined ? Access::kAllowed : account.access));
    if (account.policy) entry.set("policy", save_policy(*account.policy));
    accounts.set(email, std::move(entry));
  }
  root.set("accounts", std::move(accounts));
  return root.text();
}

void Server::restore(const std::string& saved) {
  const Json root = Json::parse(saved);
  if (root.get() == nullptr || text_at(root.get(), "format") != kFormat) {
    throw std::invalid_argument("the saved state is not one that this program wrote; remove it to start anew");
  }
  const cJSON* entry = nullptr;
  cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(root.get(), "accounts")) {
    const auto account = state_->accounts.find(entry->string);
    if (account != state_->accounts.end()) load_account(entry, account->second);
  }
  // Numbers that must not come again after a restart: the generator goes on elsewhere.
  state_->random = Random(state_->options.seed ^ hash_text(saved));
}

}  // namespace exchange
