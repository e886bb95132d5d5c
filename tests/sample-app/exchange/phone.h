/// A client of a few lines for the tests of the embedded Exchange: it keeps keys and cookies where a rule wants it, and
/// nothing else.
#pragma once
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "exchange/gzip.h"
#include "exchange/node.h"
#include "exchange/server.h"
#include "exchange/text.h"

namespace exchange_test {

namespace wbxml = handsync::wbxml;
namespace as = wbxml::air_sync;
namespace asb = wbxml::air_sync_base;
namespace em = wbxml::email;
namespace fh = wbxml::folder_hierarchy;
namespace io = wbxml::item_operations;
namespace pg = wbxml::ping;
namespace pr = wbxml::provision;
namespace st = wbxml::settings;
using exchange::HttpRequest;
using exchange::HttpResponse;
using exchange::Node;
using wbxml::Tag;

inline Node n(Tag tag, std::initializer_list<Node> children = {}) {
  Node node(tag);
  node.children = children;
  return node;
}
inline Node n(Tag tag, const std::string& text) { return Node(tag, text); }
inline Node n(Tag tag, const char* text) { return Node(tag, std::string_view(text)); }

constexpr std::int64_t kStart = 1'767'225'600'000;
inline const std::string kInbox = "5";

class Phone {
 public:
  explicit Phone(exchange::Server& server, std::string version = "14.1", std::string id = "phone1")
      : server_(server), version_(std::move(version)), id_(std::move(id)) {}

  std::int64_t now_ms = kStart;
  std::string user = "anna@example.test", password = "secret", policy_key = "0", agent = "phone/1";
  std::optional<HttpResponse> late;  ///< the answer of the last request, whenever it came

  HttpRequest request(const std::string& command, const std::string& body) const {
    HttpRequest http;
    http.method = "POST";
    http.target =
        "/Microsoft-Server-ActiveSync?Cmd=" + command + "&User=" + user + "&DeviceId=" + id_ + "&DeviceType=Test";
    http.headers = {{"Authorization", "Basic " + exchange::to_base64(user + ":" + password)},
                    {"MS-ASProtocolVersion", version_},
                    {"User-Agent", agent}};
    if (command != "Ping") http.headers.emplace_back("X-MS-PolicyKey", policy_key);
    if (!body.empty()) http.headers.emplace_back("Content-Type", "application/vnd.ms-sync.wbxml");
    http.body = body;
    return http;
  }

  /// Sends; nothing when the server holds the answer back (then it comes to `late`).
  std::optional<HttpResponse> send(const HttpRequest& http) {
    late.reset();
    const std::uint64_t mine = ++sent_;
    number = server_.handle(http, now_ms, [this, mine](HttpResponse response) {
      if (mine == sent_) late = std::move(response);
    });
    return late;
  }
  HttpResponse http(const std::string& command, const std::string& body) {
    return send(request(command, body)).value();
  }
  Node run(const std::string& command, const Node& document) {
    const HttpResponse response = http(command, exchange::to_wbxml(document));
    return response.body.empty() ? Node() : exchange::parse_wbxml(response.body);
  }
  Node late_document() const { return late && !late->body.empty() ? exchange::parse_wbxml(late->body) : Node(); }

  static Node device_information() { return n(st::kDeviceInformation, {n(st::kSet, {n(st::kModel, "Test")})}); }
  static Node policy_download() {
    return n(pr::kPolicies, {n(pr::kPolicy, {n(pr::kPolicyType, "MS-EAS-Provisioning-WBXML")})});
  }
  static Node policy_acknowledgement(const std::string& temporary_key, const std::string& status) {
    return n(pr::kProvision,
             {n(pr::kPolicies, {n(pr::kPolicy, {n(pr::kPolicyType, "MS-EAS-Provisioning-WBXML"),
                                                n(pr::kPolicyKey, temporary_key), n(pr::kStatus, status)})})});
  }
  static const Node& policy_of(const Node& provision) { return *provision.find(pr::kPolicies)->find(pr::kPolicy); }

  Node download() {
    policy_key = "0";
    Node document = n(pr::kProvision);
    if (version_ >= "14.1") document.add(device_information());
    document.add(policy_download());
    return run("Provision", document);
  }
  Node provision(const std::string& status = "1") {
    const Node first = download();
    policy_key = policy_of(first).value(pr::kPolicyKey);
    Node second = run("Provision", policy_acknowledgement(policy_key, status));
    if (second.has(pr::kPolicies)) policy_key = policy_of(second).value(pr::kPolicyKey);
    return second;
  }
  Node folder_sync(const std::string& known_key = "0") {
    Node tree = run("FolderSync", n(fh::kFolderSync, {n(fh::kSyncKey, known_key)}));
    if (tree.has(fh::kSyncKey)) folder_key = tree.value(fh::kSyncKey);
    return tree;
  }

  static Node collection(const std::string& sync_key, const std::string& id, std::initializer_list<Node> more = {}) {
    Node node = n(as::kCollection, {n(as::kSyncKey, sync_key), n(as::kCollectionId, id)});
    node.children.insert(node.children.end(), more);
    return node;
  }
  static Node sync_document(Node collection) { return n(as::kSync, {n(as::kCollections, {std::move(collection)})}); }
  /// The Collection of the answer; tag 0 when the answer is empty or has a global status only.
  Node sync(const Node& of_collection) {
    answer = run("Sync", sync_document(of_collection));
    const Node* const collections = answer.find(as::kCollections);
    if (collections == nullptr) return {};
    const Node& first = collections->children.front();
    if (!first.value(as::kSyncKey).empty() && first.value(as::kStatus) == "1") key = first.value(as::kSyncKey);
    return first;
  }
  Node first_sync(const std::string& id = kInbox) { return sync(collection("0", id)); }
  /// Fetches until nothing is left; the server ids that came.
  std::vector<std::string> drain(const std::string& id = kInbox, const std::string& window = "100") {
    std::vector<std::string> ids;
    for (int round = 0; round < 1000; ++round) {
      const Node part = sync(collection(key, id, {n(as::kGetChanges), n(as::kWindowSize, window), options()}));
      if (part.tag == 0) break;
      if (const Node* const commands = part.find(as::kCommands)) {
        for (const Node& command : commands->children) ids.emplace_back(command.value(as::kServerId));
      }
      if (!part.has(as::kMoreAvailable)) break;
    }
    return ids;
  }
  static Node options() {
    return n(as::kOptions, {n(asb::kBodyPreference, {n(asb::kType, "1"), n(asb::kTruncationSize, "512")})});
  }
  void ready(const std::string& id = kInbox) {
    provision();
    folder_sync();
    first_sync(id);
    drain(id);
  }
  std::string status_of(const Node& document) const {
    for (const Node& child : document.children) {
      if (wbxml::tag_name(child.tag) == "Status") return child.text;
    }
    return {};
  }

  exchange::Server& server() { return server_; }
  std::string key, folder_key;
  Node answer;
  std::uint64_t number = 0;

 private:
  exchange::Server& server_;
  std::string version_, id_;
  std::uint64_t sent_ = 0;
};

inline exchange::Options options_with(int mails) {
  exchange::Options options;
  options.users = {{"anna@example.test", "secret"}, {"ben@example.test", "secret"}};
  options.mails = mails;
  return options;
}

/// Does one of the sentences contain this?
inline bool complains(const exchange::Server& server, const std::string& about) {
  for (const std::string& violation : server.violations()) {
    if (violation.find(about) != std::string::npos) return true;
  }
  return false;
}

}  // namespace exchange_test
