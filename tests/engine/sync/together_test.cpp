/// Several folders in one Sync request: what goes together, what is kept of an answer that breaks, and what one
/// folder's trouble does to the others.
#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>

#include "engine/sync/mailbox_view.h"
#include "engine/sync/wire_view.h"
#include "exchange/mailbox.h"
#include "protocol/command.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;
using exchange::Node;
using protocol::Command;
using protocol::eas_error;

namespace {

constexpr const char* kVersions[] = {"12.0", "12.1", "14.0", "14.1", "16.0", "16.1"};
constexpr const char* kEmail = "demo@example.test";

exchange::Options some(const char* version = "16.1") {
  exchange::Options options;
  options.versions = {version};
  options.mails = 3;
  options.events = 2;
  options.contacts = 2;
  options.tasks = 2;
  options.body_bytes = 60;
  options.policy = std::nullopt;
  return options;
}

/// The collections of a Sync request by id, with their keys.
std::map<std::string, std::string> asked(const Sent& sent) {
  std::map<std::string, std::string> found;
  if (sent.label != "Sync" || sent.body.empty()) return found;
  const Node request = exchange::parse_wbxml(sent.body);
  for (const Node& collection : request.find(as::kCollections)->children)
    found.emplace(collection.value(as::kCollectionId), collection.value(as::kSyncKey));
  return found;
}

/// A world whose account has synced everything.
struct Together : World {
  explicit Together(exchange::Options options = some()) : World(std::move(options)) {
    id = add(kEmail, "demo");
    LONGS_EQUAL(0, error(id).code);
    LONGS_EQUAL(0, sync(id).code);
    STRCMP_EQUAL("", all_difference().c_str());
  }
  /// Server ids of a folder, of any class.
  std::string server_id(const char* name) {
    std::string found;
    for_each_folder(id, [&](const FolderRow& row) {
      if (row.name == name) found = std::string(row.server_id);
    });
    return found;
  }
  std::size_t wanted() {
    std::size_t count = 0;
    for_each_folder(id, [&](const FolderRow& row) { count += row.supported && row.selected; });
    return count;
  }
  std::size_t shown(const char* name) {
    std::size_t count = 0;
    for_each_item(id, name, [&](const ItemRow&) { ++count; });
    return count;
  }
  /// Something new in the Inbox, the calendar, the contacts and the tasks.
  void news() {
    server().deliver(kEmail, "News");
    for (const char* kind : {"Calendar", "Contacts", "Tasks"}) put(kind);
  }
  void put(const char* kind) {
    Node title(std::string(kind) == "Calendar" ? wbxml::calendar::kSubject
               : std::string(kind) == "Tasks"  ? wbxml::tasks::kSubject
                                               : wbxml::contacts::kFileAs);
    title.text = "New " + std::to_string(++made);
    exchange::Item item;
    item.class_name = kind;
    item.set(title);
    item.received_ms = exchange::kDefaultStartMs;
    server().put(kEmail, std::move(item));
  }
  /// Mails as they are, and as many of the others.
  std::string all_difference() {
    if (const std::string mails = difference(*this, id); !mails.empty()) return mails;
    for (const char* name : {"Calendar", "Contacts", "Tasks"}) {
      const std::string folder = server_id(name);
      std::size_t theirs = 0;
      std::unique_ptr<cJSON, decltype(&cJSON_Delete)> root(cJSON_Parse(server().contents(kEmail).c_str()),
                                                           cJSON_Delete);
      const cJSON* item = nullptr;
      cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(root.get(), "items")) {
        theirs += cJSON_GetObjectItemCaseSensitive(item, "folder")->valuestring == folder;
      }
      if (theirs != shown(name))
        return std::string(name) + " has " + std::to_string(shown(name)) + ", not " + std::to_string(theirs);
    }
    return {};
  }
  std::vector<Sent> syncs(std::size_t since) const {
    std::vector<Sent> found;
    for (std::size_t i = since; i < sent.size(); ++i)
      if (sent[i].label == "Sync") found.push_back(sent[i]);
    return found;
  }
  AccountId id{};
  int made = 0;
};

/// Changes the answer's collections; an answer that has none left stays one.
void edit_answer(exchange::HttpResponse& answer, const std::function<void(Node& collections)>& act) {
  if (answer.status != 200 || answer.body.empty()) return;
  Node root = exchange::parse_wbxml(answer.body);
  Node* collections = root.find(as::kCollections);
  if (!collections) return;
  act(*collections);
  answer.body = exchange::to_wbxml(root);
}

/// In the answer, this collection is refused with that Status.
void refuse(exchange::HttpResponse& answer, const std::string& collection, int status) {
  edit_answer(answer, [&](Node& collections) {
    for (Node& part : collections.children) {
      if (part.value(as::kCollectionId) != collection) continue;
      part.children.clear();
      part.add(as::kSyncKey, "0");
      part.add(as::kCollectionId, collection);
      part.add(as::kStatus, status);
    }
  });
}

/// What the engine has of Memory, and the most that it has had.
struct Counted {
  static constexpr std::size_t kHead = alignof(std::max_align_t);
  static void* take(void* self, std::size_t bytes) {
    auto* counted = static_cast<Counted*>(self);
    auto* block = static_cast<std::byte*>(std::malloc(kHead + bytes));
    if (!block) return nullptr;
    std::memcpy(block, &bytes, sizeof bytes);
    counted->now += bytes;
    counted->peak = std::max(counted->peak, counted->now);
    return block + kHead;
  }
  static void give(void* self, void* given) {
    auto* block = static_cast<std::byte*>(given) - kHead;
    std::size_t bytes = 0;
    std::memcpy(&bytes, block, sizeof bytes);
    static_cast<Counted*>(self)->now -= bytes;
    std::free(block);
  }
  Counted() { world_memory = {take, give, this}; }
  ~Counted() { world_memory = {take_memory, give_memory, nullptr}; }
  std::size_t now = 0, peak = 0;
};

}  // namespace

TEST_GROUP(Together){};

TEST(Together, OneRequestCoversAllFoldersInEveryVersion) {
  for (const char* version : kVersions) {
    Together world(some(version));
    CHECK_TEXT(world.wanted() > 6, version);
    world.news();
    const std::size_t before = world.sent.size();
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    const std::vector<Sent> syncs = world.syncs(before);
    LONGS_EQUAL_TEXT(1, syncs.size(), version);
    const Node request = exchange::parse_wbxml(syncs[0].body);
    // Drafts take part from 16.0 on, notes from 14.0 on.
    const std::size_t left_out = (std::string(version) < "16.0") + (std::string(version) < "14.0");
    LONGS_EQUAL_TEXT(world.wanted() - left_out, asked(syncs[0]).size(), version);
    CHECK_TEXT(request.has(as::kWindowSize) == (std::string(version) != "12.0"), version);
    STRCMP_EQUAL_TEXT("", world.all_difference().c_str(), version);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
  }
}

TEST(Together, TheInboxIsAskedForFirst) {
  Together world;
  const std::size_t before = world.sent.size();
  LONGS_EQUAL(0, world.sync(world.id).code);
  STRCMP_EQUAL(world.server_id("Inbox").c_str(), sync_view(world.syncs(before)[0]).collection.c_str());
}

TEST(Together, AFirstSyncPrimesAllFoldersInOneRequest) {
  World world(some());
  AccountId id = world.add(kEmail, "demo");
  LONGS_EQUAL(0, world.sync(id).code);
  std::size_t primes = 0;
  for (const Sent& sent : world.sent)
    for (const auto& [folder, key] : asked(sent)) primes += key == "0";
  CHECK(primes > 6);
  CHECK(world.requests("Sync") <= 4);
  STRCMP_EQUAL("", world.first_violation().c_str());
}

TEST(Together, AWakeFetchesWhatThePingNamedInOneRequest) {
  Together world;
  CHECK(world.start_push(world.id));
  const std::size_t before = world.sent.size();
  int told = 0;
  world.instead = [&](const Sent& sent) -> std::optional<exchange::HttpResponse> {
    if (sent.label != "Ping" || told++ != 0) return std::nullopt;
    world.news();
    Node ping(wbxml::ping::kPing);
    ping.add(wbxml::ping::kStatus, 2);
    Node& folders = ping.add(wbxml::ping::kFolders);
    for (const char* name : {"Inbox", "Calendar", "Contacts", "Tasks"})
      folders.add(wbxml::ping::kFolder, world.server_id(name));
    return document(ping);
  };
  world.run_for(3600'000);
  const std::vector<Sent> syncs = world.syncs(before);
  LONGS_EQUAL(1, syncs.size());
  LONGS_EQUAL(4, asked(syncs[0]).size());
  STRCMP_EQUAL("", world.all_difference().c_str());
  CHECK(world.view(world.id).state == AccountState::kWaiting);
  STRCMP_EQUAL("", world.first_violation().c_str());
}

TEST(Together, WhatIsToBeSentGoesFirstAndAlone) {
  Together world;
  CHECK(world.engine().changes(world.id).mark(world.item(world.id), Mark::kFlag).ok());
  world.news();
  const std::size_t before = world.sent.size();
  LONGS_EQUAL(0, world.sync(world.id).code);
  const std::vector<Sent> syncs = world.syncs(before);
  LONGS_EQUAL(2, syncs.size());
  LONGS_EQUAL(1, asked(syncs[0]).size());
  LONGS_EQUAL(1, sync_view(syncs[0]).command_count);
  CHECK(asked(syncs[1]).size() > 6);
  STRCMP_EQUAL("", world.all_difference().c_str());
  STRCMP_EQUAL("", world.first_violation().c_str());
}

TEST(Together, CutAtAnyByteEveryPartThatClosedIsHereAndOnlyTheOthersAreAskedForAgain) {
  for (const auto& [version, step] : {std::pair("12.1", 7U), std::pair("16.1", 1U)}) {
    std::unique_ptr<Together> running;
    std::size_t whole = 1, kept_some = 0;
    for (std::size_t cut = 0, turn = 0; cut < whole; cut += step, ++turn) {
      if (turn % 25 == 0) running = std::make_unique<Together>(some(version));  // the folders stay small
      Together& world = *running;
      world.piece_bytes = 37;
      world.news();
      std::map<std::string, std::size_t> before;
      for (const char* name : {"Inbox", "Calendar", "Contacts", "Tasks"}) before[name] = world.shown(name);
      std::map<std::string, std::string> first, second;
      int round = 0;
      world.on_answer = [&](const Sent& sent, exchange::HttpResponse& answer) {
        if (sent.label != "Sync" || round != 1) return;
        whole = answer.body.size();
        answer.transport.cut_after_bytes = cut;
      };
      std::string wrong;
      world.on_request = [&](const Sent& sent) {
        if (sent.label != "Sync" || ++round > 2) return;
        (round == 1 ? first : second) = asked(sent);
        if (round == 1) return;
        std::size_t kept = 0;
        for (const auto& [name, count] : before) {
          const std::string folder = world.server_id(name.c_str());
          const bool here = world.shown(name.c_str()) == count + 1;
          kept += here;
          if (here == second.contains(folder)) wrong = name + (here ? " is here and asked for" : " is neither");
          if (!here && second[folder] != first[folder]) wrong = name + " has another key";
        }
        kept_some += kept > 0 && kept < 4;
      };
      LONGS_EQUAL(0, world.sync(world.id).code);
      world.on_answer = nullptr;
      world.on_request = nullptr;
      STRCMP_EQUAL_TEXT("", wrong.c_str(), std::to_string(cut).c_str());
      if (turn % 5 == 4) STRCMP_EQUAL_TEXT("", world.all_difference().c_str(), std::to_string(cut).c_str());
      STRCMP_EQUAL("", world.first_violation().c_str());
    }
    CHECK(whole > 200);
    CHECK(kept_some > 50 / step);
  }
}

TEST(Together, PowerLostAtAnyPieceOfAnAnswerLosesAndDoublesNothing) {
  std::size_t pieces = 0;
  for (std::size_t at = 0; at == 0 || at < pieces; ++at) {
    Together world;
    world.news();
    world.piece_bytes = 30;
    std::size_t count = 0;
    world.on_piece = [&](const Sent& sent, std::size_t) {
      if (sent.label == "Sync" && count++ == at) world.power_off();
    };
    (void)world.sync(world.id);
    world.on_piece = nullptr;
    if (at == 0) {
      Together uncut;
      uncut.news();
      uncut.piece_bytes = 30;
      uncut.on_piece = [&](const Sent& sent, std::size_t) { pieces += sent.label == "Sync"; };
      LONGS_EQUAL(0, uncut.sync(uncut.id).code);
    }
    world.power_on();
    LONGS_EQUAL(0, world.sync(world.id).code);
    STRCMP_EQUAL_TEXT("", world.all_difference().c_str(), std::to_string(at).c_str());
    STRCMP_EQUAL("", world.first_violation().c_str());
  }
  CHECK(pieces > 10);
}

TEST(Together, AnEmptyAnswerMeansNothingNewForAll) {
  Together world;
  const std::size_t before = world.sent.size();
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(1, world.syncs(before).size());
}

TEST(Together, OnlyFoldersThatHaveMoreGoOn) {
  Together world;
  for (int i = 0; i < 150; ++i) world.server().deliver(kEmail, "Many");
  world.put("Tasks");
  const std::size_t before = world.sent.size();
  LONGS_EQUAL(0, world.sync(world.id).code);
  const std::vector<Sent> syncs = world.syncs(before);
  CHECK(syncs.size() >= 2);
  // The Inbox has filled the window that all have in common; the tasks waited their turn, the others were done.
  LONGS_EQUAL(153, world.subjects(world.id).size());
  LONGS_EQUAL(
      1, asked(syncs.back()).count(world.server_id("Inbox")) + asked(syncs.back()).count(world.server_id("Tasks")) > 0);
  STRCMP_EQUAL("", world.all_difference().c_str());
  STRCMP_EQUAL("", world.first_violation().c_str());
}

TEST(Together, AFolderThatIsRefusedKeepsNothingFromTheOthers) {
  for (const int status : {3, 4, 5, 6, 8, 9, 12, 16, 110, 142}) {
    for (const char* name : {"Inbox", "Contacts", "Tasks"}) {
      const std::string what = std::to_string(status) + " " + name;
      Together world;
      world.news();
      const std::string folder = world.server_id(name);
      int refused = 0;
      bool others_here = true;
      world.on_answer = [&](const Sent& sent, exchange::HttpResponse& answer) {
        if (refused == 0 && asked(sent).size() > 1 && asked(sent).contains(folder) && ++refused)
          refuse(answer, folder, status);
      };
      bool looked = false;
      world.on_request = [&](const Sent& sent) {
        if (looked || refused == 0 || (sent.label != "Sync" && sent.label != "FolderSync")) return;
        looked = true;
        for (const auto& [other, count] :
             std::map<std::string, std::size_t>{{"Inbox", 4}, {"Contacts", 3}, {"Tasks", 3}})
          others_here = others_here && (other == name || world.shown(other.c_str()) == count);
      };
      Error end;
      for (int tries = 0; tries < 3; ++tries) end = world.sync(world.id);
      LONGS_EQUAL_TEXT(0, end.code, what.c_str());
      LONGS_EQUAL_TEXT(1, refused, what.c_str());
      CHECK_TEXT(others_here, what.c_str());
      STRCMP_EQUAL_TEXT("", world.all_difference().c_str(), what.c_str());
    }
  }
}

TEST(Together, WhatOneFolderIsRefusedForIsTold) {
  Together world;
  const std::string folder = world.server_id("Contacts");
  world.on_answer = [&](const Sent& sent, exchange::HttpResponse& answer) {
    if (sent.label == "Sync" && asked(sent).contains(folder)) {
      if (answer.body.empty()) return;
      refuse(answer, folder, 5);
    }
  };
  world.news();
  CHECK(world.sync(world.id) == eas_error(Command::kSync, 5));
  LONGS_EQUAL(4, world.subjects(world.id).size());
  LONGS_EQUAL(3, world.shown("Tasks"));
  world.on_answer = nullptr;
  LONGS_EQUAL(0, world.sync(world.id).code);
  STRCMP_EQUAL("", world.all_difference().c_str());
}

TEST(Together, AllKeysLostAtOnceAreOneEvent) {
  Together world;
  world.server().fault("Sync@1:status:3");
  world.news();
  const std::size_t before = world.sent.size();
  const std::uint64_t from = world.now_ms();
  LONGS_EQUAL(0, world.sync(world.id).code);
  CHECK(world.syncs(before).size() <= 6);
  CHECK(world.now_ms() - from < 10 * world.latency_ms);  // without a pause
  STRCMP_EQUAL("", world.all_difference().c_str());
}

TEST(Together, AResyncOfWhichNothingIsSaidEmptiesNoFolder) {
  Together world;
  world.server().lose_sync_state(kEmail);
  const std::string folder = world.server_id("Inbox");
  std::size_t least = SIZE_MAX;
  int dropped = 0;
  world.on_answer = [&](const Sent& sent, exchange::HttpResponse& answer) {
    const auto of = asked(sent);
    if (of.size() < 2 || !of.contains(folder) || of.at(folder) == "0") return;
    edit_answer(answer, [&](Node& collections) {
      dropped += std::erase_if(collections.children, [&](const Node& part) {
                   return part.value(as::kCollectionId) == folder && part.value(as::kSyncKey) != "0";
                 }) > 0;
    });
  };
  world.on_event = [&] { least = std::min(least, world.subjects(world.id).size()); };
  (void)world.sync(world.id);
  world.on_event = nullptr;
  CHECK(dropped > 0);
  LONGS_EQUAL(3, least);
  LONGS_EQUAL(3, world.subjects(world.id).size());
  world.on_answer = nullptr;
  LONGS_EQUAL(0, world.sync(world.id).code);
  STRCMP_EQUAL("", world.all_difference().c_str());
}

TEST(Together, AFolderWhosePartBreaksTwiceIsAskedForAlone) {
  Together world;
  const std::string folder = world.server_id("Contacts");
  world.on_answer = [&](const Sent& sent, exchange::HttpResponse& answer) {
    // Its items are broken WBXML, whenever it has any.
    if (!asked(sent).contains(folder) || answer.body.empty()) return;
    const Node root = exchange::parse_wbxml(answer.body);
    const Node* collections = root.find(as::kCollections);
    const std::string needle = std::string("\x52\x03") + folder;
    if (!collections) return;
    for (const Node& part : collections->children) {
      if (part.value(as::kCollectionId) != folder || !part.has(as::kCommands)) continue;
      const std::size_t at = answer.body.find(needle);
      CHECK(at != std::string::npos);
      std::fill(answer.body.begin() + static_cast<std::ptrdiff_t>(at + needle.size() + 2), answer.body.end(), '\x43');
    }
  };
  world.news();
  for (int tries = 0; tries < 3; ++tries) (void)world.sync(world.id);
  CHECK(failed(world.error(world.id)));
  LONGS_EQUAL(4, world.subjects(world.id).size());
  LONGS_EQUAL(3, world.shown("Calendar"));
  LONGS_EQUAL(3, world.shown("Tasks"));
  LONGS_EQUAL(2, world.shown("Contacts"));
  // And so it stays: what is new elsewhere comes.
  world.news();
  (void)world.sync(world.id);
  LONGS_EQUAL(5, world.subjects(world.id).size());
  LONGS_EQUAL(4, world.shown("Tasks"));
  LONGS_EQUAL(1, asked(world.sent.back()).size());
  LONGS_EQUAL(1, asked(world.sent.back()).count(folder));
  world.on_answer = nullptr;
  LONGS_EQUAL(0, world.sync(world.id).code);  // the answer that was lost before
  const std::size_t before = world.sent.size();
  LONGS_EQUAL(0, world.sync(world.id).code);
  STRCMP_EQUAL("", world.all_difference().c_str());
  LONGS_EQUAL(1, world.syncs(before).size());  // it goes with the others again
}

TEST(Together, AServerThatTakesFewerIsAskedForFewer) {
  for (const std::size_t max : {1, 2, 3, 5}) {
    exchange::Options options = some();
    options.sync_collections_max = max;
    Together world(options);
    world.news();
    const std::size_t before = world.sent.size();
    LONGS_EQUAL(0, world.sync(world.id).code);
    for (const Sent& sent : world.syncs(before)) CHECK(asked(sent).size() <= max);
    STRCMP_EQUAL("", world.all_difference().c_str());
  }
}

TEST(Together, AServerThatKnowsOneCollectionOnlyIsFoundOut) {
  for (const int status : {4, 3, 7, 9, 13}) {
    World world(some());
    std::size_t refused = 0;
    world.instead = [&](const Sent& sent) -> std::optional<exchange::HttpResponse> {
      if (asked(sent).size() < 2) return std::nullopt;
      ++refused;
      return sync_status(status);
    };
    AccountId id = world.add(kEmail, "demo");
    LONGS_EQUAL(0, world.sync(id).code);
    LONGS_EQUAL(0, world.sync(id).code);
    CHECK(refused > 0 && refused <= 5);
    STRCMP_EQUAL("", difference(world, id).c_str());
    STRCMP_EQUAL("", world.first_violation().c_str());
  }
}

TEST(Together, AFolderThatTheServerFailsAtDoesNotStopTheOthersForLong) {
  Together world;
  const std::string folder = world.server_id("Calendar");
  world.instead = [&](const Sent& sent) -> std::optional<exchange::HttpResponse> {
    return asked(sent).contains(folder) ? std::optional(http_status(500)) : std::nullopt;
  };
  world.news();
  for (int tries = 0; tries < 4; ++tries) (void)world.sync(world.id);
  LONGS_EQUAL(4, world.subjects(world.id).size());
  LONGS_EQUAL(3, world.shown("Tasks"));
  CHECK(world.error(world.id) == (Error{Domain::kHttp, 500, 0}));
  world.instead = nullptr;
  LONGS_EQUAL(0, world.sync(world.id).code);
  STRCMP_EQUAL("", world.all_difference().c_str());
}

TEST(Together, ManyFoldersTakeFewRequests) {
  Together world;
  for (int i = 0; i < 60; ++i) {
    const std::string name = "Folder " + std::to_string(i);
    CHECK(world.engine().change_folder(world.id, {FolderWish::What::kCreate, FolderId{}, name}, world.now()).ok());
  }
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(0, world.sync(world.id).code);
  CHECK(world.wanted() > 60);
  world.news();
  const std::size_t before = world.sent.size();
  LONGS_EQUAL(0, world.sync(world.id).code);
  const std::vector<Sent> syncs = world.syncs(before);
  LONGS_EQUAL((world.wanted() + 24) / 25, syncs.size());
  std::set<std::string> all;
  for (const Sent& sent : syncs) {
    CHECK(asked(sent).size() <= 25);
    for (const auto& [folder, key] : asked(sent)) CHECK(all.insert(folder).second);
  }
  LONGS_EQUAL(world.wanted(), all.size());
  STRCMP_EQUAL("", world.all_difference().c_str());
  STRCMP_EQUAL("", world.first_violation().c_str());
}

TEST(Together, OneThatIsDeselectedWhileItsAnswerArrivesTakesNothingFromTheOthers) {
  for (std::size_t at = 0; at < 12; ++at) {
    Together world;
    world.news();
    const FolderId contacts = world.folder_id(world.id, "Contacts");
    world.piece_bytes = 120;
    std::size_t piece = 0;
    world.on_piece = [&](const Sent& sent, std::size_t) {
      if (sent.label == "Sync" && piece++ == at) CHECK(world.engine().changes(world.id).select(contacts, false).ok());
    };
    LONGS_EQUAL(0, world.sync(world.id).code);
    world.on_piece = nullptr;
    LONGS_EQUAL(4, world.subjects(world.id).size());
    LONGS_EQUAL(3, world.shown("Tasks"));
    CHECK(world.engine().changes(world.id).select(contacts, true).ok());
    LONGS_EQUAL(0, world.sync(world.id).code);
    STRCMP_EQUAL("", world.all_difference().c_str());
    STRCMP_EQUAL("", world.first_violation().c_str());
  }
}

TEST(Together, AnAnswerTakesNoMoreMemoryForManyFolders) {
  const auto taken_for = [](int folders) {
    Counted memory;
    Together world;
    for (int i = 0; i < folders; ++i) {
      const std::string name = "Folder " + std::to_string(i);
      CHECK(world.engine().change_folder(world.id, {FolderWish::What::kCreate, FolderId{}, name}, world.now()).ok());
      world.server().deliver(kEmail);
    }
    LONGS_EQUAL(0, world.sync(world.id).code);
    for (int i = 0; i < folders; ++i) {
      const FolderId folder = world.folder_id(world.id, "Folder " + std::to_string(i));
      CHECK(world.engine().changes(world.id).move(world.item(world.id), folder).ok());
    }
    LONGS_EQUAL(0, world.sync(world.id).code);
    LONGS_EQUAL(0, world.sync(world.id).code);
    world.server().edit(kEmail, 500);
    const std::uint64_t changed = world.view(world.id).changed;
    std::size_t request = 0, answer = 0, parts = 0;
    std::size_t before = 0;
    world.on_request = [&](const Sent& sent) {
      if (sent.label != "Sync") return;
      request = std::max(request, sent.body.size());
      before = memory.now;
      memory.peak = before;
    };
    world.on_event = [&] {
      if (before) answer = std::max(answer, memory.peak - before);
    };
    world.on_answer = [&](const Sent& sent, exchange::HttpResponse& got) {
      if (sent.label == "Sync") edit_answer(got, [&](Node& of) { parts = std::max(parts, of.children.size()); });
    };
    LONGS_EQUAL(0, world.sync(world.id).code);
    STRCMP_EQUAL("", world.all_difference().c_str());
    CHECK(world.view(world.id).changed - changed > static_cast<std::uint64_t>(folders) / 2);
    CHECK(request <= 6 * 1024);
    return std::pair(answer, parts);
  };
  const auto [few_bytes, few_parts] = taken_for(2);
  const auto [many_bytes, many_parts] = taken_for(50);
  CHECK(few_parts < 8 && many_parts > 15);
  CHECK_TEXT(few_bytes > 16 * 1024, std::to_string(few_bytes).c_str());
  CHECK_TEXT(many_bytes <= few_bytes + 1024, (std::to_string(few_bytes) + " " + std::to_string(many_bytes)).c_str());
}
