/// folders; folder select, deselect.
#include <algorithm>

#include "handset/session.h"
#include "handset/text.h"

namespace handset {
namespace {

using handsync::AccountView;
using handsync::Engine;
using handsync::Instant;

constexpr std::size_t kTypeColumns = 9, kNumberColumns = 8, kStateColumns = 12;

}  // namespace

void print_folders(Session& session, const std::vector<AccountView>& views) {
  for (const AccountView& view : views) {
    std::vector<Folder> all = folders(session, view.id);
    std::stable_sort(all.begin(), all.end(), [](const Folder& one, const Folder& other) {
      const auto rank = [](const Folder& folder) {
        return folder.type == handsync::FolderType::kInbox && folder.parent == handsync::FolderId{} ? 0 : 1;
      };
      return rank(one) != rank(other) ? rank(one) < rank(other) : one.path < other.path;
    });
    if (session.line.json) {
      for (const Folder& folder : all) {
        Json json;
        json.set("name", folder.name)
            .set("path", folder.path)
            .set("type", type_name(folder.type))
            .set("server_id", folder.server_id)
            .set("items", folder.items)
            .set("unread", folder.unread)
            .set("selected", folder.selected)
            .set("synced", folder.synced)
            .set("supported", folder.supported)
            .set("account", view.email.view());
        session.say(json);
      }
      continue;
    }
    if (views.size() > 1) session.say(printable(address(view)));
    std::size_t widest = 6;
    for (const Folder& folder : all) widest = std::max(widest, columns_of(printable(folder.path)));
    const std::size_t rest = kTypeColumns + 2 * kNumberColumns + kStateColumns + 4;
    const std::size_t width = std::min(widest, session.io.columns > rest + 12 ? session.io.columns - rest : 12);
    for (const Folder& folder : all) {
      const auto number = [](std::uint32_t value) {
        const std::string text = std::to_string(value);
        return std::string(text.size() < kNumberColumns ? kNumberColumns - text.size() : 1, ' ') + text;
      };
      const char* state = !folder.supported  ? "not kept"
                          : !folder.selected ? "deselected"
                          : folder.synced    ? "synced"
                                             : "not yet";
      std::string name = padded(printable(folder.path), width);
      if (folder.unread > 0) session.colour(name, "1");
      session.say(name + "  " + padded(type_name(folder.type), kTypeColumns) + number(folder.items) + " items" +
                  number(folder.unread) + " unread  " + state);
    }
  }
}

int show_folders(Session& session) {
  print_folders(session, accounts(session));
  return kDone;
}

int folder_select(Session& session) {
  const bool wanted = session.line.command == "folder select";
  std::vector<Folder> chosen;
  for (const std::string& words : session.line.folders) {
    chosen.push_back(find_folder(session, words));
    if (!chosen.back().supported) {
      throw usage("`" + chosen.back().path + "` is of a kind that is not kept in sync", "choose another");
    }
  }
  for (const Folder& folder : chosen) {
    const auto done = session.phone.call(
        [&](Engine& engine, Instant) { return engine.changes(folder.account).select(folder.id, wanted); });
    if (!done.ok()) throw failure_of(done.error(), folder.path);
    if (session.line.json) {
      session.say(Json().set("path", folder.path).set("server_id", folder.server_id).set("selected", wanted));
    } else {
      session.say(printable(folder.path) + (wanted ? " will be kept in sync; `handset sync` fetches it"
                                                   : " is not kept in sync any more; its items are gone here only"));
    }
  }
  return kDone;
}

int folder_set(Session& session) {
  using handsync::Own;
  const CommandLine& line = session.line;
  const Folder folder = find_folder(session, line.folders.front());
  if (!folder.supported) throw usage("`" + folder.path + "` is of a kind that is not kept in sync", "choose another");
  const auto how = [](bool own, bool of_account) {
    return own ? Own::kValue : of_account ? Own::kAccounts : Own::kAsBefore;
  };
  handsync::FolderChange change;
  change.days_how = how(line.has_days, line.days_of_account);
  change.days = line.days;
  change.body_bytes_how = how(line.has_body_bytes_max, line.body_bytes_of_account);
  change.body_bytes_max = line.body_bytes_max;
  const auto done = session.phone.call(
      [&](Engine& engine, Instant) { return engine.changes(folder.account).set_folder(folder.id, change); });
  if (!done.ok()) throw failure_of(done.error(), folder.path);
  if (line.json) {
    session.say(Json().set("path", folder.path).set("server_id", folder.server_id).set("set", true));
  } else {
    session.say(printable(folder.path) + " changed; the next sync goes by it");
  }
  return kDone;
}

int folder_change(Session& session) {
  using handsync::FolderType;
  using handsync::FolderWish;
  struct Kind {
    const char* word;
    FolderType type;
  };
  static constexpr Kind kKinds[] = {{"mail", FolderType::kUserMail},
                                    {"calendar", FolderType::kUserCalendar},
                                    {"contacts", FolderType::kUserContacts},
                                    {"tasks", FolderType::kUserTasks},
                                    {"notes", FolderType::kUserNotes}};
  const CommandLine& line = session.line;
  FolderWish wish;
  wish.name = line.name;
  wish.what = line.command == "folder create"   ? FolderWish::What::kCreate
              : line.command == "folder rename" ? FolderWish::What::kRename
                                                : FolderWish::What::kDelete;
  handsync::AccountId account{};
  std::string path = line.name;
  if (!line.folders.empty()) {
    const Folder folder = find_folder(session, line.folders.front());
    account = folder.account;
    wish.folder = folder.id;
    path = wish.what == FolderWish::What::kCreate ? folder.path + "/" + line.name : folder.path;
  } else {
    const std::vector<AccountView> chosen = accounts(session);
    if (chosen.size() > 1) throw usage("this phone has several accounts", "say with --account which one gets it");
    account = chosen.front().id;
  }
  for (const Kind& kind : kKinds)
    if (line.folder_type == kind.word) wish.type = kind.type;
  const auto queued =
      session.phone.call([&](Engine& engine, Instant now) { return engine.change_folder(account, wish, now); });
  if (!queued.ok()) throw failure_of(queued.error());
  if (line.json) {
    session.say(
        Json().set("path", path).set("change", shown_number(account, static_cast<std::uint64_t>(queued.value()))));
  } else {
    const char* done = wish.what == FolderWish::What::kCreate   ? " will be made"
                       : wish.what == FolderWish::What::kRename ? " will be renamed"
                                                                : " will be deleted";
    session.say(printable(path) + done + "; the next sync or push tells the server");
  }
  return kDone;
}

int folder_empty(Session& session) {
  const Folder folder = find_folder(session, session.line.folders.front());
  const std::shared_ptr<Inbox> inbox = session.phone.subscribe();
  const auto begun = session.phone.call([&](Engine& engine, Instant now) {
    return engine.empty_folder(folder.account, folder.id, session.line.with_subfolders, now);
  });
  if (!begun.ok()) throw failure_of(begun.error(), folder.path);
  Answers answers;
  wait_idle(session, *inbox, folder.account, answers, "emptying");
  if (answers.refusal) throw *answers.refusal;
  const AccountView view = account_view(session, folder.account);
  if (view.error) throw failure_of_account(view);
  if (session.line.json) {
    session.say(Json().set("path", folder.path).set("server_id", folder.server_id).set("emptied", true));
  } else {
    session.say(printable(folder.path) + " is empty");
  }
  return kDone;
}

}  // namespace handset
