/// What could be sent for ever: answers that change nothing, changes that cannot be written, statuses of one item given
/// to a whole folder. Each ends after a few requests, and says why.
#include <map>
#include <string>
#include <vector>

#include "engine/sync/item_cases.h"
#include "engine/sync/mailbox_view.h"
#include "engine/sync/personal_world.h"
#include "engine/sync/wire_view.h"
#include "protocol/command.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;
using protocol::Command;
using protocol::eas_error;

namespace {

namespace con = wbxml::contacts;
constexpr const char* kEmail = "demo@example.test";
constexpr std::uint64_t kPatience_ms = 60'000;

/// The answers to Sync go through `act`, collection by collection.
template <class Act>
void for_each_part(exchange::HttpResponse& answer, Act act) {
  if (answer.status != 200 || answer.body.empty()) return;
  exchange::Node root = exchange::parse_wbxml(answer.body);
  exchange::Node* collections = root.find(as::kCollections);
  if (!collections) return;
  for (exchange::Node& collection : collections->children) act(collection);
  answer.body = exchange::to_wbxml(root);
}

struct Bounded : PersonalWorld {
  Bounded() : PersonalWorld("14.1") {
    server().deliver(kEmail, "One");
    LONGS_EQUAL(0, sync(id).code);
    before = sent.size();
  }
  Error sync_in_time() { return sync(id, kPatience_ms); }
  void few(std::size_t most) {
    CHECK(sent.size() - before <= most);
    before = sent.size();
  }
  /// When requests with commands went out.
  std::vector<std::uint64_t> sends() {
    std::vector<std::uint64_t> times;
    for (std::size_t i = before; i < sent.size(); ++i)
      if (sent[i].label == "Sync" && sync_view(sent[i]).command_count != 0) times.push_back(sent[i].at_ms);
    return times;
  }
  std::size_t contacts_at_server() {
    const std::string all = server().contents(kEmail);
    std::size_t count = 0;
    for (std::size_t at = 0; (at = all.find("\"Contacts\"", at)) != std::string::npos; ++at) ++count;
    return count;
  }
  /// Every Add is answered with this Status.
  void refuse_adds(const char* status) {
    on_answer = [status](const Sent& one, exchange::HttpResponse& answer) {
      if (one.label != "Sync" || sync_view(one).command_count == 0) return;
      for_each_part(answer, [&](exchange::Node& collection) {
        exchange::Node* responses = collection.find(as::kResponses);
        if (!responses) return;
        for (exchange::Node& response : responses->children)
          if (exchange::Node* given = response.find(as::kStatus)) given->text = status;
      });
    };
  }
  std::size_t before = 0;
};

}  // namespace

TEST_GROUP(Endless){};

TEST(Endless, TheFirstKeyIsNoKeyToGoOnWith) {
  Bounded world;
  world.server().lose_sync_state(kEmail);
  world.on_answer = [&](const Sent& one, exchange::HttpResponse& answer) {
    if (one.label == "Sync")
      for_each_part(answer, [](exchange::Node& collection) {
        if (exchange::Node* key = collection.find(as::kSyncKey)) key->text = "0";
      });
  };
  CHECK(failed(world.sync_in_time()));
  world.few(20);
  world.on_answer = nullptr;
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(1, world.subjects(world.id).size());
}

TEST(Endless, TheSameItemsWithTheSameKeyAreNoProgress) {
  Bounded world;
  const std::string mail = handset_mails(world, world.id).begin()->first;
  world.server().change(kEmail, mail, [](exchange::Item& item) { item.set(exchange::Node(wbxml::email::kRead, 1)); });
  std::string last;
  world.on_answer = [&](const Sent& one, exchange::HttpResponse& answer) {
    if (one.label != "Sync") return;
    if (!last.empty()) {
      answer.body = last;
      return;
    }
    bool has_it = false;
    for_each_part(answer, [&](exchange::Node& collection) {
      const exchange::Node* commands = collection.find(as::kCommands);
      if (!commands) return;
      has_it = true;
      // Before what has come, as servers have it.
      std::vector<exchange::Node> children;
      for (exchange::Node& child : collection.children) {
        if (child.tag == as::kCommands) children.emplace_back(as::kMoreAvailable);
        children.push_back(std::move(child));
      }
      collection.children = std::move(children);
    });
    if (has_it) last = answer.body;
  };
  CHECK(world.sync_in_time().code != 999);
  CHECK_FALSE(last.empty());
  world.few(30);
  world.on_answer = nullptr;
  static_cast<void>(world.sync(world.id));
  LONGS_EQUAL(0, world.sync(world.id).code);
  STRCMP_EQUAL("", difference(world, world.id).c_str());
}

TEST(Endless, WhatCannotBeSentTakesNoRoomFromWhatCan) {
  Bounded world;
  const std::string there = world.server().put(kEmail, other_cases(141)[1]);
  LONGS_EQUAL(0, world.sync(world.id).code);
  const auto made = world.make("Contacts", {set(con::kFirstName, "Ada"), set(con::kPicture, std::string(60'000, 'A'))});
  CHECK(made.ok());
  world.refuse_adds("6");
  bool edited = false;
  world.on_request = [&](const Sent& one) {
    if (one.label != "Sync" || sync_view(one).command_count == 0 || edited) return;
    edited = true;
    CHECK(world.edit(made.value(), {set(con::kLastName, "Lovelace")}).ok());
  };
  static_cast<void>(world.sync(world.id));
  CHECK(edited);
  world.on_request = nullptr;
  world.on_answer = nullptr;
  CHECK(world.edit(world.items("Contacts").at(there), {set(con::kPicture, std::string(40'000, 'B'))}).ok());
  world.before = world.sent.size();
  LONGS_EQUAL(0, world.sync_in_time().code);
  world.few(20);
  LONGS_EQUAL(40'000, world.server().item(kEmail, there)->value(con::kPicture).size());
}

TEST(Endless, WhatIsNoTextIsRefusedBeforeItIsQueued) {
  Bounded world;
  for (const std::string& bad : {std::string("\xFF"), std::string("a\0b", 3), std::string("\xC3")}) {
    CHECK_FALSE(world.make("Contacts", {set(con::kFirstName, bad)}).ok());
    CHECK_FALSE(world.engine().changes(world.id).categorize(world.item(world.id), bad, true).ok());
    CHECK_FALSE(
        world.engine()
            .change_folder(world.id, {FolderWish::What::kCreate, FolderId{}, bad, FolderType::kUserMail}, world.now())
            .ok());
  }
  const auto made = world.make("Contacts", {set(con::kFirstName, "Ada")});
  CHECK(made.ok());
  LONGS_EQUAL(0, world.sync(world.id).code);
  CHECK_FALSE(world.edit(made.value(), {set(con::kLastName, "\xFF")}).ok());
  LONGS_EQUAL(0, world.queue(world.id).size());
  LONGS_EQUAL(0, world.sync(world.id).code);
}

TEST(Endless, AnIdWithoutAStatusSaysThatAnAddWasTaken) {
  Bounded world;
  const std::size_t others = world.contacts_at_server();
  CHECK(world.make("Contacts", {set(con::kFirstName, "Ada")}).ok());
  world.server().fault("Sync:no-status");
  for (int i = 0; i < 3; ++i) static_cast<void>(world.sync_in_time());
  world.server().faults_off();
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(others + 1, world.contacts_at_server());
  LONGS_EQUAL(1, world.items("Contacts").size());
  LONGS_EQUAL(0, world.queue(world.id).size());
}

TEST(Endless, WhatMayPassIsNotSentAgainAtOnce) {
  Bounded world;
  CHECK(world.make("Contacts", {set(con::kFirstName, "Ada")}).ok());
  world.refuse_adds("5");
  static_cast<void>(world.sync_in_time());
  const auto times = world.sends();
  LONGS_EQUAL(3, times.size());
  for (std::size_t i = 1; i < times.size(); ++i) CHECK(times[i] - times[i - 1] >= 60);
  CHECK(world.queue(world.id)[0].parked);
}

TEST(Endless, WhatAFullMailboxHasNoRoomForWaits) {
  for (const bool push : {false, true}) {
    Bounded world;
    if (push) CHECK(world.start_push(world.id));
    world.before = world.sent.size();
    world.refuse_adds("9");
    CHECK(world.make("Contacts", {set(con::kFirstName, "Ada")}).ok());
    if (push) world.run_for(kPatience_ms);
    for (int i = 0; i < 5; ++i) CHECK(world.sync_in_time() == eas_error(Command::kSync, 9));
    LONGS_EQUAL(push ? 6 : 5, world.sends().size());
    auto queue = world.queue(world.id);
    LONGS_EQUAL(1, queue.size());
    CHECK_FALSE(queue[0].parked);
    LONGS_EQUAL(world.sends().size(), queue[0].tries);
    if (push) {  // other mail is not held up
      world.server().deliver(kEmail, "Two");
      CHECK(world.run_until([&] { return world.subjects(world.id).size() == 2; }, kPatience_ms));
      LONGS_EQUAL(6, world.sends().size());
    }
    world.on_answer = nullptr;
    LONGS_EQUAL(0, world.sync(world.id).code);
    LONGS_EQUAL(0, world.queue(world.id).size());
  }
}

TEST(Endless, AStatusOfAnItemGivenToTheFolderIsThatOfTheOneItemSent) {
  for (const int status : {6, 7}) {
    Bounded world;
    CHECK(world.engine().changes(world.id).mark(world.item(world.id), Mark::kFlag).ok());
    world.server().fault("Sync@1:status:" + std::to_string(status));
    LONGS_EQUAL(0, world.sync_in_time().code);
    const auto queue = world.queue(world.id);
    LONGS_EQUAL(1, queue.size());
    CHECK(queue[0].parked);
    CHECK(queue[0].last == eas_error(Command::kSync, static_cast<std::uint32_t>(status)));
    LONGS_EQUAL(1, queue[0].tries);
    world.server().faults_off();
    CHECK(world.engine().changes(world.id).retry(ChangeId{queue[0].id}).ok());
    LONGS_EQUAL(0, world.sync(world.id).code);
    STRCMP_EQUAL("", difference(world, world.id).c_str());
  }
}

TEST(Endless, AStatusThatFitsNowhereIsTheServersFaultAndNamedAsItCame) {
  for (const int status : {6, 7, 8, 13, 14}) {
    Bounded world;
    world.server().fault("Sync:status:" + std::to_string(status));
    const Error error = world.sync_in_time();
    const std::int32_t as = status < 8 ? 5 : status == 8 ? 12 : 903;
    LONGS_EQUAL_TEXT(as, error.code, std::to_string(status).c_str());
    LONGS_EQUAL_TEXT(status, error.where, std::to_string(status).c_str());
    world.server().faults_off();
    LONGS_EQUAL(0, world.sync(world.id).code);
  }
}

TEST(Endless, RetryAfterAsADate) {
  for (const char* until : {"Sun, 06 Nov 1994 08:50:37 GMT", "60"}) {
    Bounded world;
    CHECK(world.start_push(world.id));
    world.server().fault("Sync:http:503");
    world.on_answer = [&](const Sent& one, exchange::HttpResponse& answer) {
      if (one.label != "Sync") return;
      std::erase_if(answer.headers, [](const auto& header) { return header.first == "Retry-After"; });
      answer.set("Date", "Sun, 06 Nov 1994 08:40:37 GMT");
      answer.set("Retry-After", std::string(until) == "60" ? "600" : until);
    };
    CHECK(world.engine().changes(world.id).mark(world.item(world.id), Mark::kFlag).ok());
    CHECK(world.run_until([&] { return failed(world.error(world.id)); }, kPatience_ms));
    const std::uint64_t from = world.now_ms();
    const std::size_t seen = world.requests("Sync");
    CHECK(world.run_until([&] { return world.requests("Sync") > seen; }, 4 * 3600'000));
    CHECK_TEXT(world.now_ms() - from >= 590'000, until);
    world.server().faults_off();
  }
}
