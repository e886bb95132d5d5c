/// event, contact, task, note: add, edit, delete. What is typed becomes properties; the engine does the rest.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "handset/item_form.h"
#include "handset/session.h"
#include "handset/text.h"
#include "wbxml/code_pages.h"

namespace handset {
namespace {

constexpr std::uint16_t kExceptions = handsync::wbxml::calendar::kExceptions;

using handsync::ChangeId;
using handsync::Class;
using handsync::Engine;
using handsync::FolderType;
using handsync::Instant;
using handsync::ItemId;
using handsync::Result;

struct Kind {
  const char* word;
  Class kind;
  FolderType folder;
};
constexpr Kind kKinds[] = {{"event", Class::kEvent, FolderType::kCalendar},
                           {"contact", Class::kContact, FolderType::kContacts},
                           {"task", Class::kTask, FolderType::kTasks},
                           {"note", Class::kNote, FolderType::kNotes}};

const Kind& kind_of(const std::string& command) {
  for (const Kind& kind : kKinds) {
    if (command.starts_with(std::string(kind.word) + " ")) return kind;
  }
  return kKinds[0];
}

/// The folder that was named, or the account's own of this kind.
Folder folder_for(Session& session, const Kind& kind) {
  if (!session.line.folders.empty()) return find_folder(session, session.line.folders.front());
  std::vector<Folder> own;
  for (const handsync::AccountView& view : accounts(session)) {
    for (const Folder& folder : folders(session, view.id)) {
      if (folder.type == kind.folder && folder.selected) own.push_back(folder);
    }
  }
  if (own.size() > 1) throw usage("this phone has several accounts", "say with --account or --in which one gets it");
  if (!own.empty()) return own.front();
  throw usage(std::string("no account here keeps a folder for a ") + kind.word + " in sync",
              "`handset folder select NAME` brings one back");
}

std::vector<handsync::PropertyEdit> views_of(const std::vector<FormEdit>& edits) {
  std::vector<handsync::PropertyEdit> views;
  for (const FormEdit& edit : edits) views.push_back({edit.id, handsync::bytes_of(edit.value), edit.present});
  return views;
}

void check_kind(Session& session, const Numbered& at, const Kind& kind) {
  const OpenReader reader(session, at.account);
  handsync::Query query;
  query.item = static_cast<ItemId>(at.own);
  bool right = false;
  each_row<handsync::ItemRow>(reader->list(query), [&](const handsync::ItemRow& row) {
    right = row.kind == kind.kind;
    return false;
  });
  if (!right) {
    throw usage("item " + std::to_string(session.line.number) + " is no " + kind.word,
                "`handset list FOLDER` prints the numbers");
  }
}

}  // namespace

int add_item(Session& session) {
  const Kind& kind = kind_of(session.line.command);
  const Folder folder = folder_for(session, kind);
  const std::vector<FormEdit> edits = form_edits(session, kind.kind, true);
  if (edits.empty()) throw usage("nothing is said of it", "say something, for example --subject TEXT or --name NAME");
  const auto views = views_of(edits);
  const Result<ItemId> made = session.phone.call(
      [&](Engine& engine, Instant) { return engine.changes(folder.account).add_item(folder.id, views); });
  if (!made.ok()) throw failure_of(made.error(), folder.path);
  const std::uint64_t number = shown_number(folder.account, static_cast<std::uint64_t>(made.value()));
  if (session.line.json) {
    session.say(Json().set("id", number).set("folder", folder.path));
  } else {
    session.say(std::to_string(number) + " added to " + printable(folder.path) +
                "; the next sync or push tells the server");
  }
  return kDone;
}

namespace {

void say_changed(Session& session, handsync::AccountId account, const Result<ChangeId>& queued,
                 const std::string& how) {
  if (!queued.ok()) throw failure_of(queued.error());
  const auto change = static_cast<std::uint64_t>(queued.value());
  if (session.line.json) {
    session.say(Json().set("id", session.line.number).set("change", change == 0 ? 0 : shown_number(account, change)));
  } else {
    session.say(std::to_string(session.line.number) +
                (change == 0 ? " is so already" : " " + how + "; the next sync or push tells the server"));
  }
}

bool is_drop(const handsync::Error& error) {
  return error == handsync::engine_fault(handsync::EngineFault::kDropsExceptions, error.where);
}

/// What was changed of single occurrences goes when a series moves: only when somebody says so.
bool may_drop(Session& session) {
  if (session.line.drop_exceptions) return true;
  if (!session.io.can_ask || session.line.json) return false;
  const std::string answer =
      session.io
          .ask("The server drops what was changed of single occurrences when the series moves. Move it? [yes/no] ",
               false)
          .value_or("");
  return answer == "yes" || answer == "y";
}

}  // namespace

int edit_item(Session& session) {
  const Kind& kind = kind_of(session.line.command);
  const Numbered at = find_item(session, session.line.number);
  check_kind(session, at, kind);
  const std::vector<FormEdit> edits = form_edits(session, kind.kind, false);
  if (edits.empty()) throw usage("nothing is to be changed", "name what is, for example --subject TEXT");
  auto views = views_of(edits);
  const auto item = static_cast<ItemId>(at.own);
  if (!session.line.only.empty()) {
    const std::int64_t original_ms = chosen_occurrence(session, at);
    say_changed(session, at.account, session.phone.call([&](Engine& engine, Instant) {
      return engine.changes(at.account).edit_occurrence(item, original_ms, views);
    }),
                "changed on " + session.line.only);
    return kDone;
  }
  const auto queue = [&] {
    return session.phone.call(
        [&](Engine& engine, Instant) { return engine.changes(at.account).edit_item(item, views); });
  };
  Result<ChangeId> queued = queue();
  if (!queued.ok() && is_drop(queued.error()) && may_drop(session)) {
    std::erase_if(views, [](const handsync::PropertyEdit& edit) { return edit.id == kExceptions; });
    views.push_back({kExceptions, {}, false});
    queued = queue();
  }
  say_changed(session, at.account, queued, "changed");
  return kDone;
}

int delete_personal(Session& session) {
  const Kind& kind = kind_of(session.line.command);
  const Numbered at = find_item(session, session.line.number);
  check_kind(session, at, kind);
  if (session.line.only.empty()) return delete_item(session);
  const std::int64_t original_ms = chosen_occurrence(session, at);
  say_changed(session, at.account, session.phone.call([&](Engine& engine, Instant) {
    return engine.changes(at.account).cancel_occurrence(static_cast<ItemId>(at.own), original_ms);
  }),
              "cancelled on " + session.line.only);
  return kDone;
}

}  // namespace handset
