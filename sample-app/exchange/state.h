/// Everything a Server holds, and what its commands share. For the server's own files.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "exchange/device.h"
#include "exchange/faults.h"
#include "exchange/http_message.h"
#include "exchange/mailbox.h"
#include "exchange/random.h"
#include "exchange/server.h"

namespace exchange {

enum class Access : std::uint8_t { kAllowed, kBlocked, kQuarantined };

struct Account {
  User user;
  Mailbox mailbox;
  std::optional<Policy> policy;
  std::uint64_t policy_generation = 1;
  Access access = Access::kAllowed;
  std::optional<Item> notice;  ///< the one mail a quarantined device sees
  std::map<std::string, Device> devices;
  std::map<std::string, int> sent_client_ids;
  std::uint64_t deliveries = 0;
  std::map<std::string, std::string> always_moved;  ///< conversations, and the folders their mails go to
  std::optional<Node> oof;                          ///< the last Oof/Set
};

/// One command being run.
struct Call {
  State* state = nullptr;
  Account* account = nullptr;
  Device* device = nullptr;
  Query query;
  int version = 0;  ///< 141 = 14.1
  std::optional<std::uint32_t> policy_key;
  std::optional<Node> document;
  std::string raw_body;  ///< of requests whose body is no WBXML
  std::string range;
  bool always_changed = false, unknown_page = false, no_status = false, no_range = false,
       no_multipart = false;  ///< faults of the answer

  /// Notes a breach of the protocol, as a sentence without subject: "has Class in a Collection at 14.1".
  void violation(const std::string& what) const;
};

struct Outcome {
  enum class Kind : std::uint8_t { kDocument, kEmpty, kHttp, kRaw, kWait, kMultipart } kind = Kind::kEmpty;
  Node document;
  int http = 200;
  std::string content_type, raw;
  std::int64_t until_ms = 0;
  std::vector<std::string> parts;  ///< of a multipart answer, behind its document

  static Outcome answer(Node root) { return {Kind::kDocument, std::move(root), 200, {}, {}, 0, {}}; }
  /// MS-ASCMD 2.2.1.10.1
  static Outcome multipart(Node root, std::vector<std::string> parts) {
    return {Kind::kMultipart, std::move(root), 200, {}, {}, 0, std::move(parts)};
  }
  static Outcome empty() { return {}; }
  static Outcome refuse(int http_status) { return {Kind::kHttp, {}, http_status, {}, {}, 0, {}}; }
  static Outcome bytes(std::string type, std::string body) {
    return {Kind::kRaw, {}, 200, std::move(type), std::move(body), 0, {}};
  }
  static Outcome wait(std::int64_t until) { return {Kind::kWait, {}, 200, {}, {}, until, {}}; }
};

/// How a command is named and how it says a Status.
struct CommandRow {
  const char* name;
  Tag root, status;
  int first_version, last_version;
  int schema_status;  ///< what answers a document of a wrong shape
  Outcome (*run)(Call&);
};
const CommandRow* find_command(std::string_view name);
bool is_command_name(std::string_view name);  ///< also those that this server does not offer
std::string command_list();
std::string version_list(const Options& options);
/// `Root{Status}` from 14.0 on; before, the HTTP status that stands for it (MS-ASCMD 2.2.2).
Outcome status_answer(const Call& call, int status);

struct Waiting {
  std::uint64_t number = 0;
  Call call;
  Outcome (*resume)(Call&, bool expired) = nullptr;  ///< kWait again: nothing for it yet
  std::int64_t until_ms = 0;
  std::uint64_t seen_revision = 0;  ///< of the mailbox, when it was last looked at
  Server::Reply reply;
  Transport transport;
  bool gzip = false;
};

struct State {
  explicit State(Options given);

  Options options;
  Random random;
  std::int64_t now_ms;
  std::map<std::string, Account> accounts;  ///< by address in lower case
  std::vector<Fault> faults;
  std::deque<Waiting> waiting;
  std::uint64_t next_number = 1;

  std::map<std::string, std::uint64_t> requests;
  std::uint64_t bytes_in = 0, bytes_out = 0, connections = 0, handshakes_full = 0, handshakes_resumed = 0;
  std::vector<std::string> violations;
  std::function<void(const std::string&)> trace;
  std::deque<std::function<void()>>
      outbox;  ///< answers on their way: given out when nothing is being iterated any more

  Account& account(const std::string& email);  ///< throws std::invalid_argument
  void violation(std::string sentence);
  std::string new_key(const std::string& other);
  std::uint32_t new_policy_key();
  /// Items may have changed: every waiting request looks again.
  void wake();
  /// Every waiting request of these devices ends now: something else is to be done first.
  void release(Account& account);
  void finish(const Call& call, Outcome outcome, const Transport& transport, bool gzip, const Server::Reply& reply,
              const std::string& set_cookie = {});
  void send(HttpResponse response, const std::string& label, bool gzip, const Server::Reply& reply);
  void flush();
  void expire();
  Item& deliver(Account& account, Item mail);
};

/// The items of a folder that this account's devices may see: all, or in quarantine the notice alone.
std::vector<const Item*> visible_items(const Account& account, const Folder& folder);
const Item* visible_item(const Account& account, std::string_view id);

inline constexpr int kVersionMin = 25;
inline constexpr std::size_t kCommandsMax = 200;
inline constexpr std::int64_t kWindowMax = 512;
inline constexpr std::int64_t kWindowDefault = 100;

// The commands, a file each.
Outcome run_sync(Call& call);
Outcome resume_sync(Call& call, bool expired);
Outcome run_folder_sync(Call& call);
Outcome run_folder_create(Call& call);
Outcome run_folder_delete(Call& call);
Outcome run_folder_update(Call& call);
Outcome run_ping(Call& call);
Outcome resume_ping(Call& call, bool expired);
Outcome run_provision(Call& call);
Outcome run_settings(Call& call);
Outcome run_item_operations(Call& call);
Outcome run_get_attachment(Call& call);
Outcome run_item_estimate(Call& call);
Outcome run_move_items(Call& call);
Outcome run_send_mail(Call& call);
Outcome run_smart_mail(Call& call);
Outcome run_meeting_response(Call& call);
Outcome run_search(Call& call);
Outcome run_resolve_recipients(Call& call);

/// What a `status` fault answers in place of the command.
Outcome status_fault(const Call& call, const CommandRow& row, int status);
/// Autodiscover POX (autodiscover.cpp).
HttpResponse autodiscover(State& state, const Account& account, const HttpRequest& request);
/// May this device run this command now? Nothing: yes; else what it is told (provision.cpp).
std::optional<Outcome> gate(Call& call, const CommandRow& row);

}  // namespace exchange
