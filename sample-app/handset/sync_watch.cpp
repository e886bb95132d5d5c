/// sync, watch.
#include <algorithm>
#include <map>

#include "handset/service.h"
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
using Clock = std::chrono::steady_clock;

/// What is parked now. Each has its sentence of what happened and what to do.
std::vector<Failure> list_parked(Session& session, AccountId account) {
  std::vector<Failure> all;
  std::map<std::uint32_t, std::string> paths;
  for (const Folder& folder : folders(session, account)) paths[static_cast<std::uint32_t>(folder.id)] = folder.path;
  const OpenReader reader(session, account);
  each_row<handsync::ParkedRow>(reader->parked(), [&](const handsync::ParkedRow& row) {
    Failure reason = failure_of(row.reason);
    reason.message = "item " + std::string(row.server_id) + " of " + paths[static_cast<std::uint32_t>(row.folder)] +
                     " was set aside: " + reason.message;
    all.push_back(std::move(reason));
    return true;
  });
  each_row<handsync::QueueRow>(reader->queue(), [&](const handsync::QueueRow& row) {
    if (!row.parked) return true;
    Failure reason = failure_of(row.last);
    const std::string number = std::to_string(shown_number(account, row.id));
    const auto item = static_cast<std::uint64_t>(row.item);
    reason.message = "change " + number + " (" + std::string(row.what) +
                     (item == 0 ? "" : " of item " + std::to_string(shown_number(account, item))) +
                     ") was set aside: " + reason.message;
    reason.advice = "`handset queue retry " + number + "` or `handset queue drop " + number + "`";
    all.push_back(std::move(reason));
    return true;
  });
  return all;
}

std::size_t waiting_changes(Session& session, AccountId account) {
  std::size_t waiting = 0;
  const AccountView view = account_view(session, account);
  const bool drafts_stay = view.version < kDraftsGoUp;
  const OpenReader reader(session, account);
  each_row<handsync::QueueRow>(reader->queue(), [&](const handsync::QueueRow& row) {
    // Texts that may not go up wait for that, and nobody is to do anything.
    const bool held = row.what == "add" && view.texts_refused && row.last == view.texts_refused;
    if (!row.parked && !held && !(drafts_stay && row.what == "draft")) ++waiting;
    return true;
  });
  return waiting;
}

}  // namespace

int report_sync(Session& session, const AccountView& before, AccountId id) {
  const AccountView after = account_view(session, id);
  const std::vector<Failure> all_parked = list_parked(session, id);
  const std::size_t parked = all_parked.size();
  if (session.line.json) {
    std::vector<std::string> listed;
    for (const Failure& each : all_parked) listed.push_back(each.message);
    Json json;
    json.set("account", after.email.view())
        .set("added", after.added - before.added)
        .set("changed", after.changed - before.changed)
        .set("deleted", after.deleted - before.deleted)
        .set("sent", after.sent - before.sent)
        .set("parked", static_cast<std::uint64_t>(parked))
        .set("parked_list", listed)
        .set("requests", after.requests - before.requests)
        .set("bytes_in", after.bytes_in - before.bytes_in)
        .set("bytes_out", after.bytes_out - before.bytes_out);
    session.say(json);
  } else {
    for (const Failure& each : all_parked) session.say(printable("parked: " + each.message + "; " + each.advice));
    session.say(
        printable(address(after)) + ": " + std::to_string(after.added - before.added) + " new, " +
        std::to_string(after.changed - before.changed) + " changed, " + std::to_string(after.deleted - before.deleted) +
        " deleted, " + std::to_string(after.sent - before.sent) + " sent, " + std::to_string(parked) + " parked; " +
        std::to_string(after.requests - before.requests) + " requests, " + size_text(after.bytes_in - before.bytes_in) +
        " in, " + size_text(after.bytes_out - before.bytes_out) + " out");
  }
  if (after.error) throw failure_of_account(after);
  if (parked != 0) {
    Failure failure = all_parked.front();
    if (parked > 1) {
      failure.message = std::to_string(parked) + " changes or items were set aside, the first: " + failure.message;
      failure.advice = "`handset queue` lists the changes; retry or drop each";
    }
    failure.exit = kParked;
    throw failure;
  }
  if (waiting_changes(session, id) > 0) {
    throw Failure{kRefused, "engine", 0, "changes still wait to be sent",
                  "`handset queue` shows why; run `handset sync` again"};
  }
  return kDone;
}

namespace {

/// The line of an account that is no longer there to be counted.
void report_wiped(Session& session, const AccountView& before) {
  if (!session.line.json) return session.say(printable(address(before)) + ": wiped");
  Json json;
  json.set("account", before.email.view());
  for (const char* count : {"added", "changed", "deleted", "sent", "parked", "requests", "bytes_in", "bytes_out"})
    json.set(count, 0U);
  session.say(json.set("wiped", true));
}

}  // namespace

int sync_now(Session& session) {
  const std::vector<AccountView> chosen = accounts(session);
  std::vector<Folder> only;
  for (const std::string& words : session.line.folders) only.push_back(find_folder(session, words));
  int exit = kDone;
  for (const AccountView& before : chosen) {
    const bool named = only.empty() || std::any_of(only.begin(), only.end(),
                                                   [&](const Folder& folder) { return folder.account == before.id; });
    if (!named) continue;
    const std::shared_ptr<Inbox> inbox = session.phone.subscribe();
    Answers answers;
    const auto run = [&](handsync::FolderId folder) {
      const auto begun =
          session.phone.call([&](Engine& engine, Instant now) { return engine.sync(before.id, folder, now); });
      if (!begun.ok()) throw failure_of(begun.error(), before.detail.view());
      wait_idle(session, *inbox, before.id, answers, "syncing");
    };
    try {
      if (only.empty()) run(handsync::FolderId{});
      for (const Folder& folder : only) {
        if (folder.account == before.id) run(folder.id);
      }
      const int outcome = report_sync(session, before, before.id);
      if (answers.refusal) throw *answers.refusal;
      exit = graver(exit, outcome);
    } catch (Failure& failure) {
      if (answers.refusal) failure = *answers.refusal;
      const handsync::DeviceView device = session.phone.call([](Engine& engine, Instant) { return engine.device(); });
      if (device.wiped || device.wiping) throw;
      if (failure.exit == kWiped) report_wiped(session, before);
      if (chosen.size() == 1) throw;
      failure.message = address(before) + ": " + failure.message;
      session.io.flush();
      session.io.err(sentence(failure) + "\n");
      if (session.line.json) session.io.out(error_json(failure) + "\n");
      exit = graver(exit, failure.exit);
    }
  }
  return exit;
}

namespace {

/// What the replica held the last time it was looked at, to tell what is new and what has gone.
class Watched {
 public:
  Watched(Session& session, AccountId account) : session_(session), account_(account) {
    for (const Folder& folder : folders(session_, account_)) look(folder);
    const OpenReader reader(session_, account_);
    generation_ = number(reader->generation());
  }

  AccountId account() const { return account_; }

  /// Prints every change since the last look.
  template <class Print>
  void changes(Print print) {
    const std::vector<Folder> now = folders(session_, account_);
    for (const Folder& folder : now) {
      std::vector<std::uint64_t>& known = known_[static_cast<std::uint32_t>(folder.id)];
      std::vector<std::uint64_t> fresh;
      {
        const OpenReader reader(session_, account_);
        handsync::Query query;
        query.folder = folder.id;
        query.changed_since = generation_;
        each_row<ItemRow>(reader->list(query), [&](const ItemRow& row) {
          const auto id = static_cast<std::uint64_t>(row.id);
          const auto place = std::lower_bound(known.begin(), known.end(), id);
          const bool had = place != known.end() && *place == id;
          if (row.gone) {
            if (had) known.erase(place);
            if (had) print("deleted", folder, row);
            return true;
          }
          if (!had) fresh.push_back(id);
          print(had ? "changed" : "added", folder, row);
          return true;
        });
      }
      known.insert(known.end(), fresh.begin(), fresh.end());
      std::sort(known.begin(), known.end());
      if (known.size() != folder.items) gone(folder, known, print);
    }
    for (auto& [id, known] : known_) {
      const bool there = std::any_of(now.begin(), now.end(), [&, key = id](const Folder& folder) {
        return static_cast<std::uint32_t>(folder.id) == key;
      });
      if (!there) known.clear();
    }
    const OpenReader reader(session_, account_);
    generation_ = number(reader->generation());
  }

 private:
  static std::uint64_t number(const handsync::Result<std::uint64_t>& result) {
    if (!result.ok()) throw failure_of(result.error());
    return result.value();
  }
  std::vector<std::uint64_t> ids(const Folder& folder) {
    std::vector<std::uint64_t> all;
    if (folder.items == 0) return all;
    const OpenReader reader(session_, account_);
    handsync::Query query;
    query.folder = folder.id;
    each_row<ItemRow>(reader->list(query), [&](const ItemRow& row) {
      all.push_back(static_cast<std::uint64_t>(row.id));
      return true;
    });
    std::sort(all.begin(), all.end());
    return all;
  }
  void look(const Folder& folder) { known_[static_cast<std::uint32_t>(folder.id)] = ids(folder); }
  template <class Print>
  void gone(const Folder& folder, std::vector<std::uint64_t>& known, Print print) {
    std::vector<std::uint64_t> now = ids(folder);
    for (const std::uint64_t id : known) {
      if (std::binary_search(now.begin(), now.end(), id)) continue;
      ItemRow row;
      row.id = static_cast<handsync::ItemId>(id);
      row.folder = folder.id;
      print("deleted", folder, row);
    }
    known = std::move(now);
  }

  Session& session_;
  AccountId account_;
  std::map<std::uint32_t, std::vector<std::uint64_t>> known_;
  std::uint64_t generation_ = 0;
};

/// One `watch`: everything it prints, and whom it keeps in push.
class Watch {
 public:
  explicit Watch(Session& session) : session_(session), inbox_(session.phone.subscribe()) {
    for (const AccountView& view : accounts(session_)) add(view.id);
    session_.io.on_interrupt([this] { inbox_->wake(); });
  }
  ~Watch() {
    session_.io.on_interrupt(nullptr);
    for (auto& [id, watched] : watched_) session_.phone.unwatch(id);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void run(std::optional<Clock::time_point> end) {
    while (!watched_.empty()) {
      check_stop(session_);
      auto patience = std::chrono::milliseconds(60'000);
      if (end) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*end - Clock::now());
        if (left.count() <= 0) return;
        patience = std::min(patience, left);
      }
      if (const std::optional<Event> event = inbox_->next(patience)) take(*event);
    }
    throw *last_;
  }

 private:
  void add(AccountId id) {
    auto watched = std::make_unique<Watched>(session_, id);
    if (const auto on = session_.phone.watch(id); !on.ok()) throw failure_of(on.error());
    watched_[id] = std::move(watched);
    addresses_[id] = address(account_view(session_, id));
  }

  /// What every event begins with.
  Json begun(const char* event, AccountId account) {
    const auto found = addresses_.find(account);
    Json json;
    json.set("event", event).set("account", found == addresses_.end() ? "" : found->second);
    return json;
  }

  void say(const char* event, const std::string& words, const Json& json) {
    if (session_.line.json && !session_.line.service) {
      session_.say(json);
    } else {
      session_.say(padded(event, 8) + words);
    }
    session_.io.flush();
  }

  void items(Watched& watched) {
    watched.changes([&](const char* event, const Folder& folder, const ItemRow& row) {
      Json json = begun(event, watched.account());
      json.set("folder", folder.path).set("id", shown_number(watched.account(), static_cast<std::uint64_t>(row.id)));
      std::string words = printable(folder.path) + "  ";
      if (session_.line.service) {
        words = "item " + std::to_string(shown_number(watched.account(), static_cast<std::uint64_t>(row.id))) +
                " of folder " + std::to_string(static_cast<std::uint32_t>(folder.id));
      } else if (std::string_view(event) == "deleted") {
        words += std::to_string(shown_number(watched.account(), static_cast<std::uint64_t>(row.id)));
      } else {
        json.set("item", item_json(row, watched.account(), folder.path));
        words += item_line(session_, row, watched.account());
      }
      say(event, words, json);
    });
  }

  void failed(AccountId id, const Failure& failure) {
    if (session_.line.service) return say("error", service_line(failure), {});
    Json json = begun("error", id), error;
    error.set("domain", failure.domain)
        .set("code", failure.code)
        .set("message", failure.message)
        .set("advice", failure.advice);
    json.set("error", std::move(error));
    say("error", sentence(failure).substr(9), json);
  }

  void state(AccountId id) {
    const auto view = session_.phone.call([&](Engine& engine, Instant) { return engine.account(id); });
    if (!view.ok()) {
      session_.phone.unwatch(id);
      watched_.erase(id);
      last_ = usage("the account has been removed", "`handset account list` shows what there is");
      return;
    }
    addresses_[id] = address(view.value());
    // What the engine mends by itself at once is no news.
    const handsync::AccountState at = view.value().state;
    const bool stands = at != handsync::AccountState::kSyncing && at != handsync::AccountState::kWaiting;
    const handsync::Error error = stands ? view.value().error : handsync::Error{};
    if (error == errors_[id]) return;
    errors_[id] = error;
    if (!error) return;
    const Failure failure = refusal_ ? *refusal_ : failure_of_account(view.value());
    refusal_.reset();
    failed(id, failure);
    if (view.value().state == handsync::AccountState::kBlocked) {
      // Nothing more comes by itself; the others go on.
      last_ = failure;
      session_.phone.unwatch(id);
      watched_.erase(id);
    }
  }

  void take(const Event& event) {
    if (event.kind == Event::Kind::kAsk) {
      if (!watched_.contains(event.account) && event.account != AccountId{}) return;
      Answers answers;
      answers.answer(session_, event);
      if (answers.refusal) refusal_ = answers.refusal;
      return;
    }
    if (event.kind != Event::Kind::kTell) return;
    if (event.notice == Notice::kWiped) {
      say("wiped", event.account == AccountId{} ? "this phone" : "this account", begun("wiped", event.account));
      const Failure wiped{kWiped, "policy", 0,
                          event.account == AccountId{} ? "this phone has been wiped" : "this account has been wiped",
                          event.account == AccountId{} ? "`handset device new` makes a new phone of this home"
                                                       : "add it again when it may be used"};
      if (event.account == AccountId{}) throw wiped;
      last_ = wiped;
      session_.phone.unwatch(event.account);
      watched_.erase(event.account);
      return;
    }
    const auto found = watched_.find(event.account);
    if (found == watched_.end()) {
      // Another process has added an account meanwhile.
      if (event.notice == Notice::kIdle && event.account != AccountId{} && session_.line.account.empty() &&
          session_.phone.home().adding() != static_cast<std::uint16_t>(event.account)) {
        const auto view = session_.phone.call([&](Engine& engine, Instant) { return engine.account(event.account); });
        if (view.ok() && !view.value().error && view.value().state != handsync::AccountState::kAdding)
          add(event.account), state(event.account);
      }
      return;
    }
    switch (event.notice) {
      case Notice::kItemsChanged:
        items(*found->second);
        break;
      case Notice::kFoldersChanged:
        say("folder", "the folder tree has changed", begun("folder", event.account));
        break;
      case Notice::kPolicyChanged:
        say("policy", "another policy; `handset policy` shows it", begun("policy", event.account));
        break;
      case Notice::kPushWaiting: {
        const AccountView view = account_view(session_, event.account);
        Json json = begun("push", event.account);
        json.set("heartbeat_s", view.heartbeat_s);
        say("push", "waiting, heartbeat " + duration_text(view.heartbeat_s), json);
        if (session_.line.service) notify_manager("READY=1");
        break;
      }
      case Notice::kItemParked: {
        Failure failure{kParked, "engine", 0, "an item was set aside", "`handset sync` lists what is parked"};
        failed(event.account, failure);
        break;
      }
      case Notice::kState:
      case Notice::kIdle:
        state(event.account);
        break;
      case Notice::kLocked:
      case Notice::kWiped:
        break;
    }
  }

  Session& session_;
  std::shared_ptr<Inbox> inbox_;
  std::map<AccountId, std::unique_ptr<Watched>> watched_;
  std::map<AccountId, std::string> addresses_;
  std::map<AccountId, handsync::Error> errors_;
  std::optional<Failure> refusal_, last_;
};

}  // namespace

int watch(Session& session) {
  std::optional<Clock::time_point> end;
  if (session.line.for_s > 0) {
    end = Clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(session.line.for_s * 1000));
  }
  try {
    Watch watching(session);
    watching.run(end);
  } catch (const Stopped&) {
    if (session.io.stopped() == Stop::kRestart) throw;
  } catch (const Failure& failure) {
    if (!session.line.service) throw;
    session.say("ended   " + service_line(failure));
    notify_manager("STOPPING=1");
    return failure.exit;
  }
  if (session.line.service) notify_manager("STOPPING=1");
  return kDone;
}

}  // namespace handset
