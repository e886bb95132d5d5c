#include "handset/session.h"

#include <algorithm>
#include <unordered_map>

#include "handset/text.h"

namespace handset {
namespace {

using handsync::AccountId;
using handsync::AccountView;
using handsync::Engine;
using handsync::FolderType;
using handsync::Instant;
using handsync::Notice;

constexpr std::uint64_t kNumbersAnAccount = 1'000'000'000;
constexpr int kPinTries = 3;

/// One line on the terminal that is written over, after the first second.
class ProgressLine {
 public:
  ProgressLine(Session& session, AccountId account, std::string doing, std::function<std::string()> detail)
      : session_(session),
        account_(account),
        doing_(std::move(doing)),
        detail_(std::move(detail)),
        begin_(std::chrono::steady_clock::now()) {
    first_ = look();
  }
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show() {
    if (!session_.io.err_terminal || session_.line.json) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - begin_ < std::chrono::seconds(1) || now - shown_ < std::chrono::milliseconds(250)) return;
    shown_ = now;
    const AccountView at = look();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - begin_).count();
    std::string text = doing_ + " ";
    text += detail_ ? detail_()
                    : address(at) + ": " + std::to_string(at.added - first_.added) + " new, " +
                          std::to_string(at.requests - first_.requests) + " requests, " +
                          size_text(at.bytes_in - first_.bytes_in);
    text += ", " + std::to_string(seconds) + " s";
    text = cut(printable(text), session_.io.columns - 1);
    session_.io.err("\r" + text + "\x1b[K");
    drawn_ = true;
  }
  void clear() {
    if (drawn_) session_.io.err("\r\x1b[K");
    drawn_ = false;
  }

 private:
  /// Nothing counted when the account has gone.
  AccountView look() const {
    const auto view = session_.phone.call([&](Engine& engine, Instant) { return engine.account(account_); });
    return view.ok() ? view.value() : AccountView{};
  }

  Session& session_;
  AccountId account_;
  std::string doing_;
  std::function<std::string()> detail_;
  std::chrono::steady_clock::time_point begin_, shown_{};
  AccountView first_;
  bool drawn_ = false;
};

/// Without its line end, whichever it has.
std::string one_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

Failure wiped_failure(const std::string& who) {
  return {kWiped, "policy", 0, who + " has been wiped",
          "nothing of it is left here; add the account again when it may be used"};
}

}  // namespace

void Session::colour(std::string& text, const char* code) const {
  if (io.out_terminal && !line.json) text = std::string("\x1b[") + code + "m" + text + "\x1b[0m";
}

void check_stop(const Session& session) {
  if (session.io.stopped() != Stop::kNone) throw Stopped{};
}

std::string address(const AccountView& view) { return std::string(view.email.view()); }

std::vector<AccountView> accounts(Session& session) {
  std::vector<AccountView> all = session.phone.call([](Engine& engine, Instant) {
    std::vector<AccountId> ids(64);
    ids.resize(std::min(engine.accounts(ids), ids.size()));
    std::vector<AccountView> views;
    for (const AccountId id : ids) {
      if (const auto view = engine.account(id); view.ok()) views.push_back(view.value());
    }
    return views;
  });
  if (all.empty()) throw usage("this phone has no account yet", "add one with `handset account add EMAIL`");
  if (!session.line.account.empty()) {
    std::erase_if(all, [&](const AccountView& view) { return !same_text(view.email.view(), session.line.account); });
    if (all.empty()) {
      throw usage("there is no account `" + session.line.account + "` on this phone",
                  "`handset account list` shows what there is");
    }
  }
  return all;
}

AccountView account_view(Session& session, AccountId id) {
  const auto view = session.phone.call([&](Engine& engine, Instant) { return engine.account(id); });
  if (!view.ok()) throw failure_of(view.error());
  return view.value();
}

Failure failure_of_account(const AccountView& view) { return failure_of(view.error, view.detail.view()); }

OpenReader::OpenReader(Session& session, AccountId id) {
  const auto opened = session.phone.call([&](Engine& engine, Instant) { return engine.reader(id); });
  if (!opened.ok()) throw failure_of(opened.error());
  reader_ = opened.value();
}

OpenReader::~OpenReader() { reader_->close(); }

std::vector<Folder> folders(Session& session, AccountId account) {
  std::vector<Folder> all;
  const OpenReader reader(session, account);
  each_row<handsync::FolderRow>(reader->folders(), [&](const handsync::FolderRow& row) {
    Folder folder;
    folder.account = account;
    folder.id = row.id;
    folder.parent = row.parent;
    folder.name = std::string(row.name);
    folder.server_id = std::string(row.server_id);
    folder.type = row.type;
    folder.supported = row.supported;
    folder.selected = row.selected && row.supported;
    folder.synced = row.synced;
    folder.items = row.items;
    folder.unread = row.unread;
    all.push_back(std::move(folder));
    return true;
  });
  std::unordered_map<std::uint32_t, const Folder*> by_id;
  for (const Folder& folder : all) by_id[static_cast<std::uint32_t>(folder.id)] = &folder;
  for (Folder& folder : all) {
    folder.path = folder.name;
    std::uint32_t parent = static_cast<std::uint32_t>(folder.parent);
    // A server may send a circle.
    for (int depth = 0; parent != 0 && depth < 32; ++depth) {
      const auto found = by_id.find(parent);
      if (found == by_id.end()) break;
      folder.path = found->second->name + "/" + folder.path;
      parent = static_cast<std::uint32_t>(found->second->parent);
    }
  }
  return all;
}

Folder find_folder(Session& session, const std::string& words) {
  std::vector<Folder> fits;
  std::vector<Folder> all;
  for (const AccountView& view : accounts(session)) {
    for (Folder& folder : folders(session, view.id)) all.push_back(std::move(folder));
  }
  const auto pick = [&](auto rule) {
    if (!fits.empty()) return;
    std::copy_if(all.begin(), all.end(), std::back_inserter(fits), rule);
  };
  pick([&](const Folder& folder) { return folder.server_id == words; });
  // A path has a slash in it; that of a folder at the top begins with one. A bare word is a name, at whatever level.
  const std::string path = words.starts_with('/') ? words.substr(1) : words;
  if (words.find('/') != std::string::npos) {
    pick([&](const Folder& folder) { return folder.path == path; });
    pick([&](const Folder& folder) { return same_text(folder.path, path); });
  }
  pick([&](const Folder& folder) { return folder.name == words; });
  pick([&](const Folder& folder) { return same_text(folder.name, words); });
  // INBOX is what every mail program calls it, whatever the server's language.
  pick([&](const Folder& folder) { return folder.type == FolderType::kInbox && same_text("INBOX", words); });
  if (fits.empty()) {
    throw usage("there is no folder `" + words + "`", "`handset folders` shows what there is");
  }
  if (fits.size() > 1) {
    throw usage("`" + words + "` fits " + std::to_string(fits.size()) + " folders",
                "give its path (`/" + words + "` at the top) or server id (`handset folders --json`), or --account");
  }
  return fits.front();
}

std::string type_name(FolderType type) {
  switch (type) {
    case FolderType::kInbox:
      return "inbox";
    case FolderType::kDrafts:
      return "drafts";
    case FolderType::kDeleted:
      return "deleted";
    case FolderType::kSent:
      return "sent";
    case FolderType::kOutbox:
      return "outbox";
    case FolderType::kGeneric:
    case FolderType::kUserMail:
      return "mail";
    case FolderType::kCalendar:
    case FolderType::kUserCalendar:
      return "calendar";
    case FolderType::kContacts:
    case FolderType::kUserContacts:
      return "contacts";
    case FolderType::kTasks:
    case FolderType::kUserTasks:
      return "tasks";
    case FolderType::kNotes:
    case FolderType::kUserNotes:
      return "notes";
    case FolderType::kJournal:
    case FolderType::kUserJournal:
    case FolderType::kUnknown:
    case FolderType::kRecipients:
      break;
  }
  return "other";
}

std::uint64_t shown_number(AccountId account, std::uint64_t own) {
  const auto slot = static_cast<std::uint64_t>(account);
  return own + (slot > 1 ? (slot - 1) * kNumbersAnAccount : 0);
}

Numbered numbered(std::uint64_t shown) {
  return {static_cast<AccountId>(shown / kNumbersAnAccount + 1), shown % kNumbersAnAccount};
}

Numbered find_item(Session& session, std::uint64_t shown) {
  const Numbered at = numbered(shown);
  bool found = false;
  for (const AccountView& view : accounts(session)) {
    if (view.id != at.account || at.own == 0) continue;
    const OpenReader reader(session, view.id);
    handsync::Query query;
    query.item = static_cast<handsync::ItemId>(at.own);
    each_row<handsync::ItemRow>(reader->list(query), [&](const handsync::ItemRow&) {
      found = true;
      return false;
    });
  }
  if (!found) throw usage("there is no item " + std::to_string(shown), "`handset list FOLDER` prints the numbers");
  return at;
}

void Answers::answer(Session& session, const Event& event) {
  const auto reply = [&](std::uint16_t choice, const std::string& secret = {}) {
    session.phone.answer(event.question_id, choice, secret);
  };
  const auto refuse = [&](Failure failure) {
    refusal = std::move(failure);
    reply(0);
  };
  const bool person = session.io.can_ask && !session.line.json;
  switch (event.question) {
    case handsync::Question::kAcceptPolicy: {
      if (person || show_policy) print_policy(session, event.account);
      bool yes = accept_policy;
      if (!yes && person) {
        const auto said =
            session.io.ask("The server asks for this policy, and may wipe this phone. Accept? [y/N] ", false);
        yes = said && (same_text(*said, "y") || same_text(*said, "yes"));
      }
      if (yes) return reply(1);
      return refuse({kBlocked, "policy", 5, "the server's policy has not been accepted",
                     "read it, then add the account again with --accept-policy"});
    }
    case handsync::Question::kTrustRedirect: {
      const std::string host = printable(event.detail);
      bool yes = std::any_of(redirect_hosts.begin(), redirect_hosts.end(),
                             [&](const std::string& each) { return same_text(each, event.detail); });
      if (!yes && person) {
        const auto said = session.io.ask("The address leads to `" + host + "`. Send the password there? [y/N] ", false);
        yes = said && (same_text(*said, "y") || same_text(*said, "yes"));
      }
      if (yes) return reply(1);
      return refuse({kServer, "autodiscover", 4, "the address leads to `" + host + "`, which has not been accepted",
                     "if it is the right one, add --accept-redirect " + host});
    }
    case handsync::Question::kCredentials: {
      if (person) {
        const auto said = session.io.ask("The server refuses the password. Another one: ", true);
        if (said && !said->empty()) return reply(1, *said);
      }
      return refuse({kCredentials, "http", 401, "the server refuses the name or the password",
                     "check both, and give --user where the name is not the address"});
    }
    case handsync::Question::kNewPin: {
      if (pin) {
        if (pins_tried[*pin]++ == 0) return reply(1, *pin);
        return refuse({kBlocked, "policy", 20, "the PIN given does not satisfy the policy",
                       "`handset policy` shows the rules; give another one with --pin-file"});
      }
      if (person && pins_tried[""]++ < kPinTries) {
        const auto first = session.io.ask("The policy wants a PIN. New PIN: ", true);
        const auto second = first ? session.io.ask("Once more: ", true) : std::nullopt;
        if (first && second && *first == *second && !first->empty()) {
          ++pins_tried[*first];
          return reply(1, *first);
        }
        if (first && second) session.io.err("They differ.\n");
      }
      return refuse({kBlocked, "policy", 20, "the policy wants a PIN", "give one with --pin-file FILE"});
    }
  }
  reply(0);
}

void wait_idle(Session& session, Inbox& inbox, AccountId account, Answers& answers, const std::string& doing,
               const std::function<std::string()>& detail) {
  ProgressLine progress(session, account, doing, detail);
  session.io.on_interrupt([&inbox] { inbox.wake(); });
  struct Unhook {
    Io& io;
    ~Unhook() { io.on_interrupt(nullptr); }
  } unhook{session.io};
  for (;;) {
    check_stop(session);
    const std::optional<Event> event = inbox.next(std::chrono::milliseconds(session.io.err_terminal ? 250 : 1000));
    progress.show();
    if (!event) continue;
    if (event->kind == Event::Kind::kAsk && (event->account == account || event->account == AccountId{})) {
      progress.clear();
      answers.answer(session, *event);
    } else if (event->kind == Event::Kind::kTell && event->notice == Notice::kWiped &&
               (event->account == account || event->account == AccountId{})) {
      throw wiped_failure(event->account == AccountId{} ? "this phone" : "this account");
    } else if (event->kind == Event::Kind::kTell && event->account == account && event->notice == Notice::kIdle) {
      return;
    }
  }
}

void work_off(Session& session, AccountId account, const std::string& doing,
              const std::function<bool(Engine&, Instant)>& step, const std::function<std::string()>& detail) {
  ProgressLine progress(session, account, doing, detail);
  while (session.phone.call(step)) {
    check_stop(session);
    progress.show();
  }
}

std::string read_secret(Session& session, const std::string& file, const std::string& question,
                        const std::string& advice) {
  std::string secret;
  if (!file.empty()) {
    secret = one_line(session.request.files.at(file));
  } else if (session.io.can_ask && !session.line.json) {
    secret = session.io.ask(question, true).value_or("");
  } else {
    throw usage("there is no terminal to ask on", advice);
  }
  check_stop(session);
  if (secret.empty()) throw usage("nothing was given", advice);
  return secret;
}

}  // namespace handset
