/// A small but strict Exchange ActiveSync server (12.1 to 16.1) without socket, TLS, thread or clock: requests go in
/// with the time, answers come out through a callback. A listener puts it on a port (listener.h); simulations call it
/// directly.
///
///   exchange::Options options;
///   options.users = {{"anna@example.test", "secret"}};
///   options.mails = 20;
///   exchange::Server server(options);
///   server.handle(request, now_ms, [](exchange::HttpResponse answer) { ... });
///   if (auto at = server.next_wake_ms()) ...   // call tick(*at) then, if nothing came before
///
/// Time is wall time in milliseconds since 1970 and never runs backwards. Same options, same calls: same bytes; the one
/// random source is seeded. Not thread-safe: one owner. Commands and statuses: MS-ASCMD, MS-ASHTTP, MS-ASPROV.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/http_message.h"
#include "exchange/policy.h"

namespace exchange {

struct State;
struct Item;

struct User {
  std::string email;  ///< also the login, compared without case
  std::string password;
};

inline constexpr std::int64_t kDefaultStartMs = 1'767'225'600'000;

struct Options {
  std::vector<User> users;  ///< none: demo@example.test with password "demo"
  std::uint64_t seed = 1;
  /// The mailbox ends here: generated mails lie in the 30 days before. 0: 2026-01-01T00:00:00Z, in a Listener the
  /// present.
  std::int64_t start_ms = 0;
  int mails = 0;               ///< in every user's Inbox
  std::size_t body_bytes = 0;  ///< of every generated mail, exactly; 0: a natural mix of sizes
  int events = 0, contacts = 0, tasks = 0, notes = 0, sms = 0;
  std::vector<std::string> versions = {"12.1", "14.0", "14.1", "16.0", "16.1"};
  std::optional<Policy> policy = default_policy();  ///< nothing: there is no policy
  bool strict_policy = false;                       ///< refuse a device that applies it in part (139)
  int heartbeat_min_s = 60, heartbeat_max_s = 3540;
  std::size_t ping_folders_max = 300, sync_collections_max = 300;
  std::size_t request_bytes_max = 10u << 20;  ///< above: HTTP 413
  /// False: as SOGo, which drops the exceptions that a Change leaves out below 16.0; its folders have no numbers.
  bool exceptions_stay = true;
  bool gzip = true;  ///< compress answers when the client offers to inflate
  std::string url = "https://localhost/Microsoft-Server-ActiveSync";  ///< what Autodiscover answers
  std::map<std::string, std::string> autodiscover_addresses;          ///< address -> address to ask for instead
  std::map<std::string, std::string> autodiscover_urls;               ///< address -> URL of a 302
};

class Server {
 public:
  using Reply = std::function<void(HttpResponse)>;

  explicit Server(Options options = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Takes one request. `reply` is called exactly once: before this returns, or later from tick(), another handle() or
  /// an administrative call when the request is one that waits (Ping, hanging Sync). Returns the request's number, for
  /// abandon().
  std::uint64_t handle(const HttpRequest& request, std::int64_t now_ms, Reply reply);
  /// The connection of a waiting request is gone: its reply will not be called any more. Others: no effect.
  void abandon(std::uint64_t number);
  /// When tick() has something to do next; nothing while no request waits.
  std::optional<std::int64_t> next_wake_ms() const;
  void tick(std::int64_t now_ms);
  std::size_t waiting() const;  ///< requests whose answer is held back

  // -- what an administrator or another user does. Each throws std::invalid_argument with a sentence when it cannot.
  // Time is that of the
  //    last handle() or tick().
  std::string deliver(const std::string& email, const std::string& subject = {});  ///< a new mail; its server id
  std::vector<std::string> edit(const std::string& email, int count);              ///< random items change; their ids
  std::vector<std::string> remove(const std::string& email, int count);            ///< random items go; their ids
  void add_folder(const std::string& email, const std::string& name);              ///< for mail, at the top
  /// An item of the caller's own, into the default folder of its class; its server id.
  std::string put(const std::string& email, Item item);
  /// As another client of the user's would change it. Throws when it is gone.
  void change(const std::string& email, const std::string& id, const std::function<void(Item&)>& act);
  void remove(const std::string& email, const std::string& id);  ///< likewise
  /// Somebody invites a user to a meeting (meetings.h); the server id of the mail.
  std::string invite(const std::string& organizer, const std::string& email, const std::string& subject = {},
                     bool weekly = false);
  /// The user writes a text elsewhere (Outlook): into the Outbox, for a device to send; its server id. Throws when no
  /// device of the user's has EnableOutboundSMS (MS-ASMS 2.2.2.2.2).
  std::string text(const std::string& email, const std::string& number, const std::string& words);
  void policy(const std::string& email, std::optional<Policy> policy);    ///< every device provisions again
  std::size_t wipe(const std::string& email, bool account_only = false);  ///< devices concerned
  void block(const std::string& email);
  void quarantine(const std::string& email);
  void allow(const std::string& email);
  void set_password(const std::string& email, const std::string& password);
  void set_versions(std::vector<std::string> versions);  ///< the server has been updated: devices get X-MS-RP
  void lose_sync_state(const std::string& email);        ///< every SyncKey of every device becomes unknown
  std::vector<std::string> recovery_passwords(const std::string& email) const;  ///< of its devices that gave one
  void fault(const std::string& spec);                                          ///< WHEN:WHAT[:ARG], see faults.h
  void faults_off();

  // -- what can be asked
  std::string stats() const;                             ///< one JSON object (cli.md's `stats`)
  std::string contents(const std::string& email) const;  ///< {"items":[..]} (contents.h)
  /// An item as it is stored; nullptr: there is none. Valid until the next call that may change the mailbox.
  const Item* item(const std::string& email, const std::string& id) const;
  std::vector<std::string> violations() const;  ///< every refusal and every breach of the protocol, a sentence each
  std::uint64_t requests(const std::string& command) const;
  /// The items that a device with this SyncKey of this collection has been told of; nothing when the key is neither the
  /// last nor the one before.
  std::optional<std::set<std::string>> known(const std::string& email, const std::string& collection,
                                             const std::string& key) const;
  const Options& options() const;
  void set_url(std::string url);

  /// What the carrier knows and the server counts.
  void count_connection();
  void count_handshake(bool resumed);
  void count_bytes(std::uint64_t in, std::uint64_t out);

  /// Called with every exchange as readable XML (trace.h); null: none.
  void set_trace(std::function<void(const std::string&)> trace);

  /// The mailboxes and devices as one JSON text, and back. restore() throws std::invalid_argument when the text is not
  /// from save().
  std::string save() const;
  void restore(const std::string& saved);

 private:
  std::unique_ptr<State> state_;
};

}  // namespace exchange
