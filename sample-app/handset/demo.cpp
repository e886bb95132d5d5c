/// demo: a server, a phone, a mailbox and a mail that arrives by push, in one process and offline.
#include <algorithm>

#include "exchange/listener.h"
#include "handset/session.h"
#include "handset/text.h"

namespace handset {
namespace {

using handsync::AccountId;
using handsync::AccountView;
using handsync::Engine;
using handsync::Instant;
using handsync::ItemRow;
using handsync::Notice;

constexpr const char* kAddress = "demo@example.test";
constexpr const char* kDomain = "example.test";
constexpr const char* kPassword = "demo";
constexpr const char* kPin = "2580";
constexpr std::uint32_t kShownMails = 5;
constexpr auto kPushPatience = std::chrono::seconds(60);

void step(Session& session, const char* name, const std::string& words, Json json = Json()) {
  if (session.line.json) {
    json.set("step", name).set("text", words);
    session.say(json);
  } else {
    std::string head = padded(name, 8);
    session.colour(head, "1");
    session.say(head + words);
  }
  session.io.flush();
}

Folder inbox_of(Session& session, AccountId id) {
  for (Folder& folder : folders(session, id)) {
    if (folder.type == handsync::FolderType::kInbox) return std::move(folder);
  }
  throw Failure{kBug, "internal", 0, "the demo's mailbox has no Inbox", "please report it"};
}

void show_mails(Session& session, AccountId id, const Folder& inbox, std::uint32_t limit) {
  const OpenReader reader(session, id);
  handsync::Query query;
  query.folder = inbox.id;
  query.limit = limit;
  each_row<ItemRow>(reader->list(query), [&](const ItemRow& row) {
    if (session.line.json) {
      session.say(item_json(row, id, inbox.path));
    } else {
      session.say(item_line(session, row, id));
    }
    return true;
  });
  session.io.flush();
}

void sync_once(Session& session, AccountId id, Answers& answers) {
  const std::shared_ptr<Inbox> inbox = session.phone.subscribe();
  const auto begun =
      session.phone.call([&](Engine& engine, Instant now) { return engine.sync(id, handsync::FolderId{}, now); });
  if (!begun.ok()) throw failure_of(begun.error());
  wait_idle(session, *inbox, id, answers, "syncing");
  const AccountView view = account_view(session, id);
  if (view.error) throw failure_of_account(view);
}

/// Events of one account until `wanted` says so.
template <class Wanted>
void wait_for(Session& session, Inbox& inbox, AccountId id, Answers& answers, const char* what, Wanted wanted) {
  const auto give_up = std::chrono::steady_clock::now() + kPushPatience;
  while (std::chrono::steady_clock::now() < give_up) {
    check_stop(session);
    const std::optional<Event> event = inbox.next(std::chrono::milliseconds(500));
    if (!event || event->account != id) continue;
    if (event->kind == Event::Kind::kAsk) answers.answer(session, *event);
    if (event->kind != Event::Kind::kTell) continue;
    if (wanted(*event)) return;
    if (event->notice == Notice::kState) {
      const AccountView view = account_view(session, id);
      if (view.error) throw failure_of_account(view);
    }
  }
  throw Failure{kServer, "demo", 0,
                std::string(what) + " did not come within " + std::to_string(kPushPatience.count()) + " s",
                "run it again with --trace FILE"};
}

/// Push for as long as it lives.
class Pushing {
 public:
  Pushing(Session& session, AccountId id) : session_(session), id_(id) {
    if (const auto on = session.phone.watch(id); !on.ok()) throw failure_of(on.error());
  }
  ~Pushing() { session_.phone.unwatch(id_); }
  Pushing(const Pushing&) = delete;
  Pushing& operator=(const Pushing&) = delete;

 private:
  Session& session_;
  AccountId id_;
};

std::unique_ptr<exchange::Listener> start_server(Session& session) {
  exchange::Options options;
  options.users = {{kAddress, kPassword}};
  options.mails = session.line.items;
  options.start_ms = session.phone.wall_ms();
  try {
    return std::make_unique<exchange::Listener>(options);
  } catch (const std::exception& error) {
    throw machine(std::string("the embedded server does not start: ") + error.what(),
                  "check that 127.0.0.1 can be listened on");
  }
}

/// The demo sets a PIN and leaves an account whose server goes: not on a phone that somebody uses.
bool has_others(Session& session) {
  return session.phone.call([](Engine& engine, Instant) {
    AccountId ids[64];
    const std::size_t count = std::min(engine.accounts(ids), std::size(ids));
    return std::any_of(ids, ids + count, [&](AccountId id) {
      const auto view = engine.account(id);
      return !view.ok() || !same_text(view.value().email.view(), kAddress);
    });
  });
}

}  // namespace

int demo(Session& session) {
  if (has_others(session)) {
    throw usage("this home is a phone with an account of its own", "leave out --home, or give a new directory");
  }
  const std::unique_ptr<exchange::Listener> server = start_server(session);
  const std::string port = std::to_string(server->port());
  for (const std::string& host : {std::string(kDomain), "autodiscover." + std::string(kDomain)}) {
    (void)session.phone.connect_to(host + ":443:127.0.0.1:" + port);
  }
  step(session, "server",
       "an embedded Exchange on 127.0.0.1:" + port + " with " + std::to_string(session.line.items) + " mails for " +
           kAddress);

  // A home of an earlier demo has the account of a server that is gone.
  const std::vector<AccountId> earlier = session.phone.call([](Engine& engine, Instant) {
    std::vector<AccountId> ids(64);
    ids.resize(std::min(engine.accounts(ids), ids.size()));
    std::erase_if(ids, [&](AccountId id) {
      const auto view = engine.account(id);
      return !view.ok() || !same_text(view.value().email.view(), kAddress);
    });
    return ids;
  });
  for (const AccountId id : earlier) (void)session.phone.remove_account(id);

  CommandLine line = session.line;
  line.email = kAddress;
  line.ca_file = server->ca_path();
  Answers answers;
  answers.accept_policy = true;
  answers.pin = kPin;
  answers.redirect_hosts = {"localhost"};
  const AccountId id = add_account(session, line, kPassword, {read_file(line.ca_file, 1u << 20), "", ""}, answers);
  const AccountView added = account_view(session, id);
  const handsync::DeviceView device = session.phone.call([](Engine& engine, Instant) { return engine.device(); });
  step(session, "policy",
       std::string(added.policy_key == 0 ? "none" : "accepted") +
           (device.pin_set ? ", PIN set to " + std::string(kPin) : "") +
           (device.lock_after_s != 0 ? ", locks after " + duration_text(device.lock_after_s) : "") +
           "; found by Autodiscover, ActiveSync " + std::to_string(added.version / 10) + "." +
           std::to_string(added.version % 10));
  print_policy(session, id);

  sync_once(session, id, answers);
  const std::vector<Folder> all = folders(session, id);
  step(session, "folders", std::to_string(all.size()) + " on the server; all are in sync");
  print_folders(session, {account_view(session, id)});

  const Folder inbox = inbox_of(session, id);
  step(session, "inbox",
       std::to_string(inbox.items) + " mails, " + std::to_string(inbox.unread) + " unread; the newest:");
  show_mails(session, id, inbox, kShownMails);

  const std::shared_ptr<Inbox> events = session.phone.subscribe();
  const Pushing pushing(session, id);
  wait_for(session, *events, id, answers, "push",
           [](const Event& event) { return event.notice == Notice::kPushWaiting; });
  const auto delivered = std::chrono::steady_clock::now();
  server->call([](exchange::Server& exchange) { exchange.deliver(kAddress, "This mail came by push"); });
  wait_for(session, *events, id, answers, "the mail", [&](const Event& event) {
    return event.notice == Notice::kItemsChanged && inbox_of(session, id).items > inbox.items;
  });
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - delivered);
  step(session, "push", "a mail came by push, " + std::to_string(took.count()) + " ms after its delivery:");
  show_mails(session, id, inbox, 1);

  if (session.line.stay) {
    CommandLine watching = session.line;
    watching.for_s = 0;
    watching.account = kAddress;
    Session stay{watching, session.request, session.io, session.phone, session.host};
    if (!session.line.json) session.io.err("press Ctrl-C to end\n");
    return watch(stay);
  }
  return kDone;
}

}  // namespace handset
