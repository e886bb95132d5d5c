/// mark, move, delete: what is done to an item that is there. The change is durable at once and goes out when there is
/// a connection.
#include "handset/session.h"
#include "handset/text.h"

namespace handset {
namespace {

using handsync::ChangeId;
using handsync::Changes;
using handsync::Engine;
using handsync::Instant;
using handsync::ItemId;
using handsync::Mark;
using handsync::Result;

Mark mark_of(const std::string& word) {
  if (word == "read") return Mark::kRead;
  if (word == "unread") return Mark::kUnread;
  if (word == "flag") return Mark::kFlag;
  if (word == "unflag") return Mark::kUnflag;
  return Mark::kDone;
}

/// Queues one change of the item that was named and says so: `done` for people, `json` for programs.
template <class Change>
int change_item(Session& session, const Numbered& at, Json& json, const std::string& done, Change change) {
  const Result<ChangeId> queued = session.phone.call(
      [&](Engine& engine, Instant) { return change(engine.changes(at.account), static_cast<ItemId>(at.own)); });
  if (!queued.ok()) throw failure_of(queued.error());
  const auto number = static_cast<std::uint64_t>(queued.value());
  if (session.line.json) {
    session.say(json.set("change", number == 0 ? number : shown_number(at.account, number)));
  } else {
    session.say(std::to_string(session.line.number) + " " + printable(done) +
                "; the next sync or push tells the server");
  }
  return kDone;
}

}  // namespace

int mark_item(Session& session) {
  const CommandLine& line = session.line;
  const Numbered at = find_item(session, line.number);
  Json json;
  json.set("id", line.number).set("mark", line.mark);
  if (line.name.empty()) {
    return change_item(session, at, json, "marked " + line.mark,
                       [&](Changes& changes, ItemId item) { return changes.mark(item, mark_of(line.mark)); });
  }
  json.set("category", line.name);
  const bool on = line.mark == "category";
  return change_item(session, at, json, on ? "put into a category" : "taken out of a category",
                     [&](Changes& changes, ItemId item) { return changes.categorize(item, line.name, on); });
}

int move_item(Session& session) {
  const Numbered at = find_item(session, session.line.number);
  const Folder folder = find_folder(session, session.line.folders.front());
  if (folder.account != at.account) {
    throw usage("item and folder are of different accounts", "take a folder of the item's account");
  }
  return change_item(session, at, Json().set("id", session.line.number).set("folder", folder.path),
                     "moved to " + folder.path,
                     [&](Changes& changes, ItemId item) { return changes.move(item, folder.id); });
}

int move_conversation(Session& session) {
  if ((session.line.mark == "ignore") != session.line.folders.empty()) {
    throw usage(session.line.mark == "ignore" ? "an ignored conversation goes to the deleted items"
                                              : "always-move needs a folder",
                "for example `handset conversation 12 always-move Archive`, or `conversation 12 ignore`");
  }
  const Numbered at = find_item(session, session.line.number);
  handsync::FolderId to{};  // the deleted items
  Json said;
  said.set("id", session.line.number);
  std::string words = "its conversation is ignored from now on";
  if (!session.line.folders.empty()) {
    const Folder folder = find_folder(session, session.line.folders.front());
    if (folder.account != at.account) {
      throw usage("mail and folder are of different accounts", "take a folder of the mail's account");
    }
    to = folder.id;
    said.set("folder", folder.path);
    words = "its conversation goes to " + folder.path + " from now on";
  } else {
    said.set("ignored", true);
  }
  return change_item(session, at, said, words,
                     [&](Changes& changes, ItemId item) { return changes.move_conversation(item, to); });
}

int delete_item(Session& session) {
  const Numbered at = find_item(session, session.line.number);
  const bool for_good = session.line.for_good;
  return change_item(session, at, Json().set("id", session.line.number).set("deleted", true),
                     for_good ? "deleted for good" : "deleted",
                     [&](Changes& changes, ItemId item) { return changes.remove(item, for_good); });
}

}  // namespace handset
