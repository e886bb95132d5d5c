/// search: full text, in what is here. At the server: inquiry.cpp.
#include <algorithm>
#include <unordered_map>

#include "handset/session.h"

namespace handset {
namespace {

using handsync::AccountId;
using handsync::Engine;
using handsync::Instant;
using handsync::ItemRow;

constexpr std::uint32_t kLimitForPeople = 50;

std::uint64_t left_out(Session& session, AccountId account) {
  const OpenReader reader(session, account);
  const auto left = handsync::items_not_indexed(*reader);
  if (!left.ok()) throw failure_of(left.error());
  return left.value();
}

/// What idle time has not indexed yet is indexed now. Where that fails (a full disk) what is indexed is still searched.
void index(Session& session, AccountId account) {
  if (left_out(session, account) == 0) return;
  work_off(
      session, account, "indexing:",
      [account](Engine& engine, Instant now) {
        const auto more = engine.index(account, now);
        return more.ok() && more.value();
      },
      [&] { return std::to_string(left_out(session, account)) + " left"; });
}

/// The matches of one account, of which one is looked at.
struct Matches {
  Matches(Session& session, AccountId id, const handsync::Query& query) : account(id), reader(session, id) {
    for (const Folder& folder : folders(session, id)) paths[static_cast<std::uint32_t>(folder.id)] = folder.path;
    const auto opened = reader->list(query);
    if (!opened.ok()) throw failure_of(opened.error());
    cursor = opened.value();
    next();
  }
  void next() {
    const auto more = cursor->step(row);
    if (!more.ok()) throw failure_of(more.error());
    there = more.value();
  }
  std::string path() const {
    const auto found = paths.find(static_cast<std::uint32_t>(row.folder));
    return found == paths.end() ? std::string() : found->second;
  }

  AccountId account;
  OpenReader reader;
  handsync::Cursor<ItemRow>* cursor = nullptr;
  ItemRow row;
  bool there = false;
  std::unordered_map<std::uint32_t, std::string> paths;
};

}  // namespace

int search_items(Session& session) {
  const CommandLine& line = session.line;
  if (line.on_server) return search_at_server(session);
  handsync::Query query;
  std::string words;
  for (const std::string& each : line.words) words += (words.empty() ? "" : " ") + each;
  if (words.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw usage("there is no word to look for", "for example `handset search budget`");
  }
  query.words = words;
  const std::uint32_t limit = line.limit != 0 ? line.limit : line.json ? 0 : kLimitForPeople;
  query.limit = limit;
  std::vector<AccountId> in;
  if (!line.folders.empty()) {
    const Folder folder = find_folder(session, line.folders.front());
    query.folder = folder.id;
    in.push_back(folder.account);
  } else {
    for (const handsync::AccountView& view : accounts(session)) in.push_back(view.id);
  }
  std::uint64_t left = 0;
  std::vector<std::unique_ptr<Matches>> all;
  for (const AccountId account : in) {
    index(session, account);
    left += left_out(session, account);
    all.push_back(std::make_unique<Matches>(session, account, query));
  }
  std::uint64_t shown = 0;
  for (; limit == 0 || shown < limit; ++shown) {
    if (session.io.stopped() == Stop::kUser) throw Stopped{};
    Matches* newest = nullptr;
    for (const auto& each : all) {
      if (each->there && (newest == nullptr || each->row.when_ms > newest->row.when_ms)) newest = each.get();
    }
    if (newest == nullptr) break;
    session.say(line.json ? item_json(newest->row, newest->account, newest->path()).text()
                          : item_line(session, newest->row, newest->account));
    newest->next();
  }
  session.io.flush();
  if (left != 0) {
    session.io.err("handset: " + std::to_string(left) +
                   " items are not indexed yet and were not searched; search again" + "\n");
  }
  if (!line.json && session.io.out_terminal) {
    if (shown == 0) session.say("nothing was found");
    if (line.limit == 0 && shown == kLimitForPeople)
      session.say("the newest " + std::to_string(shown) + "; --limit N shows more");
  }
  return kDone;
}

}  // namespace handset
