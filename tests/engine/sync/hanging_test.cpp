/// Push of one folder: a Sync that waits in place of a Ping. The mail comes with its answer; whatever the user changes
/// goes out at once, and nothing is lost when an answer is.
#include "engine/sync/mailbox_view.h"
#include "engine/sync/wire_view.h"
#include "exchange/mailbox.h"
#include "protocol/command.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;

namespace {

constexpr const char* kEmail = "demo@example.test";
constexpr std::uint64_t kMinute = 60'000, kHour = 60 * kMinute;

constexpr int kMailsBefore = 3;  ///< that come by Ping before push waits in a Sync

exchange::Options with(const char* version) {
  exchange::Options options;
  options.mails = 5 - kMailsBefore;
  options.body_bytes = 300;
  options.policy = std::nullopt;
  options.versions = {version};
  return options;
}

/// An account that has its Inbox and nothing else, and five mails in it, some of them pushed.
struct Hanging : World {
  explicit Hanging(exchange::Options options) : World(std::move(options)) {
    id = add(kEmail, "demo");
    LONGS_EQUAL(0, sync(id).code);
    std::vector<FolderId> others;
    for_each_folder(id, [&](const FolderRow& row) {
      if (row.name != "Inbox") others.push_back(row.id);
    });
    for (FolderId folder : others) CHECK(engine().changes(id).select(folder, false).ok());
    CHECK(start_push(id));
    run_for(kMinute);
    for (int i = 0; i < kMailsBefore; ++i) {
      STRCMP_EQUAL("Ping", waits_in().c_str());
      expect_mail("Before " + std::to_string(i));
      run_for(kMinute);
    }
  }
  std::string waits_in() {
    for (std::size_t i = sent.size(); i-- > 0 && open_requests() == 1;)
      if (sent[i].waits) return sent[i].label;
    return "nothing";
  }
  bool hangs() { return waits_in() == "Sync"; }
  /// The mail is here, and push waits again.
  void expect_mail(const std::string& subject) {
    const std::size_t before = subjects(id).size();
    server().deliver(kEmail, subject);
    CHECK(run_until([&] { return subjects(id).size() == before + 1; }, kMinute));
    run_for(5000);
    LONGS_EQUAL(1, open_requests());
  }
  /// Mails come until it waits in a Sync.
  void until_it_hangs() {
    for (int i = 0; i < 12 && !hangs(); ++i) {
      run_for(2 * kMinute);
      expect_mail("Once more " + std::to_string(i));
    }
    CHECK(hangs());
  }
  ItemId unread() {
    ItemId found{};
    for_each_item(id, "Inbox", [&](const ItemRow& row) {
      if (!row.read) found = row.id;
    });
    return found;
  }
  AccountId id{};
};

}  // namespace

TEST_GROUP(Hanging){};

TEST(Hanging, AMailComesInTheAnswerItself) {
  for (const char* version : {"12.1", "14.0", "14.1", "16.0", "16.1"}) {
    Hanging world(with(version));
    CHECK_TEXT(world.hangs(), version);
    const std::size_t pings = world.requests("Ping");
    for (int i = 0; i < 3; ++i) {
      world.run_for(kMinute);
      const std::size_t before = world.sent.size();
      world.expect_mail("News " + std::to_string(i));
      LONGS_EQUAL(before + 1, world.sent.size());  // the one that waits for the next
      CHECK(world.hangs());
    }
    LONGS_EQUAL(pings, world.requests("Ping"));
    STRCMP_EQUAL("", difference(world, world.id, true).c_str());
    STRCMP_EQUAL("", world.first_violation().c_str());
  }
}

TEST(Hanging, OnlyWhereOneFolderIsWatchedAndTheVersionHasIt) {
  Hanging old(with("12.0"));
  CHECK_FALSE(old.hangs());
  CHECK(old.requests("Ping") > kMailsBefore);
  Hanging world(with("14.1"));
  CHECK(world.hangs());
  CHECK(world.engine().changes(world.id).select(world.folder_id(world.id, "Calendar"), true).ok());
  world.run_for(kMinute);
  STRCMP_EQUAL("Ping", world.waits_in().c_str());
}

/// As cheap as a Ping while nothing comes: an empty request repeats the one before, and the replica stays closed.
TEST(Hanging, AnIdleHourIsEmptyRequests) {
  Hanging world(with("14.1"));
  std::size_t at = world.sent.size();
  world.run_for(3 * kHour);
  CHECK(world.hangs());
  std::size_t full = 0;
  for (std::size_t i = at; i < world.sent.size(); ++i) full += world.sent[i].body.empty() ? 0 : 1;
  CHECK_TEXT(full <= 5, std::to_string(full).c_str());  // while the heartbeat grows
  CHECK_TEXT(world.sent.size() - at <= 12, std::to_string(world.sent.size() - at).c_str());
  STRCMP_EQUAL("", world.first_violation().c_str());
}

/// Visits of every four hours cost it more than mails that seldom come save.
TEST(Hanging, WhereFewMailsComeItWaitsInAPing) {
  Hanging world(with("14.1"));
  CHECK(world.hangs());
  world.run_for(24 * kHour);
  STRCMP_EQUAL("Ping", world.waits_in().c_str());
}

TEST(Hanging, WhatTheUserChangesGoesOutAtOnce) {
  for (const char* version : {"12.1", "14.1", "16.1"}) {
    Hanging world(with(version));
    world.expect_mail("To be read");
    CHECK(world.hangs());
    const std::uint64_t from = world.now_ms();
    CHECK(world.engine().changes(world.id).mark(world.unread(), Mark::kRead).ok());
    CHECK(
        world.run_until([&] { return difference(world, world.id).empty() && world.queue(world.id).empty(); }, kMinute));
    CHECK(world.now_ms() - from < 2000);
    world.run_for(10'000);
    LONGS_EQUAL(1, world.open_requests());
    world.expect_mail("After that");
    STRCMP_EQUAL("", world.first_violation().c_str());
  }
}

/// A change of the user's costs what two mails save.
TEST(Hanging, WhoChangesMoreThanComesWaitsInAPing) {
  Hanging world(with("14.1"));
  world.until_it_hangs();
  for (int i = 0; i < 3; ++i) {
    CHECK(world.engine().changes(world.id).mark(world.item(world.id), i % 2 ? Mark::kUnread : Mark::kRead).ok());
    world.run_for(kMinute);
  }
  STRCMP_EQUAL("Ping", world.waits_in().c_str());
  world.until_it_hangs();
}

TEST(Hanging, AMarkWhileAnAnswerArrivesWaitsForIt) {
  Hanging world(with("14.1"));
  world.piece_bytes = 20;
  bool marked = false;
  world.on_piece = [&](const Sent&, std::size_t piece) {
    if (piece != 3 || marked) return;
    marked = true;
    CHECK(world.engine().changes(world.id).mark(world.item(world.id), Mark::kFlag).ok());
  };
  world.expect_mail("In pieces");
  CHECK(marked);
  CHECK(world.run_until([&] { return world.queue(world.id).empty(); }, kMinute));
  STRCMP_EQUAL("", difference(world, world.id).c_str());
  STRCMP_EQUAL("", world.first_violation().c_str());
}

/// The server has acted, and the answer is lost, whole or from some byte on: the same key goes again.
TEST(Hanging, ALostAnswerLosesNothing) {
  for (int cut = 0; cut < 12; ++cut) {
    Hanging world(with("14.1"));
    CHECK(world.hangs());
    world.run_for(6 * kMinute);
    bool once = false;
    world.on_answer = [&](const Sent& sent, exchange::HttpResponse& answer) {
      if (sent.label != "Sync" || std::exchange(once, true)) return;
      if (cut == 0)
        answer.transport.lose = true;
      else
        answer.transport.cut_after_bytes = answer.body.size() * static_cast<std::size_t>(cut) / 12;
    };
    world.server().deliver(kEmail, "News");
    CHECK(world.run_until([&] { return world.subjects(world.id).size() == 6; }, 2 * kHour));
    CHECK(once);
    world.run_for(kMinute);
    STRCMP_EQUAL("", difference(world, world.id).c_str());
    STRCMP_EQUAL("", world.first_violation().c_str());
  }
}

/// The server may have acted on the one that is given up for a change of the user's: the same pull goes before it.
TEST(Hanging, WhatWasGivenUpIsPulledAgainBeforeAChangeGoes) {
  for (const bool lost : {true, false}) {
    Hanging world(with("14.1"));
    CHECK(world.hangs());
    bool once = !lost;
    world.on_answer = [&](const Sent& sent, exchange::HttpResponse& answer) {
      if (sent.waits && !std::exchange(once, true)) answer.transport.lose = true;
    };
    if (lost) world.server().deliver(kEmail, "News");
    world.run_for(2000);
    const std::size_t before = world.sent.size();
    CHECK(world.engine().changes(world.id).mark(world.item(world.id), Mark::kFlag).ok());
    CHECK(world.run_until([&] { return world.queue(world.id).empty(); }, kMinute));
    CHECK(once);
    LONGS_EQUAL(0, sync_view(world.sent[before]).command_count);
    LONGS_EQUAL(1, sync_view(world.sent[before + 1]).command_count);
    world.run_for(kMinute);
    LONGS_EQUAL(lost ? 6 : 5, world.subjects(world.id).size());
    STRCMP_EQUAL("", difference(world, world.id).c_str());
    STRCMP_EQUAL("", world.first_violation().c_str());
  }
}

/// An answer that stops in its middle holds nobody up for a heartbeat.
TEST(Hanging, AnAnswerThatStopsIsGivenUpAsAnyOther) {
  Hanging world(with("14.1"));
  CHECK(world.hangs());
  world.stall_at_piece = 1;
  world.stall_ms = 5 * kHour;
  world.piece_bytes = 50;
  world.server().deliver(kEmail, "News");
  CHECK(world.run_until([&] { return world.subjects(world.id).size() == 6; }, 10 * kMinute));
  STRCMP_EQUAL("", world.first_violation().c_str());
}

TEST(Hanging, ThePowerGoesWhileItWaits) {
  Hanging world(with("14.1"));
  CHECK(world.hangs());
  world.server().deliver(kEmail, "News");
  world.power_off();
  world.power_on();
  CHECK(world.start_push(world.id));
  CHECK(world.run_until([&] { return world.subjects(world.id).size() == 6; }, kMinute));
  STRCMP_EQUAL("", difference(world, world.id).c_str());
  STRCMP_EQUAL("", world.first_violation().c_str());
}

TEST(Hanging, TheServersLimitsAreAdopted) {
  for (auto [low, high, wanted] : {std::tuple{60, 300, 300}, std::tuple{900, 3540, 900}}) {
    exchange::Options options = with("14.1");
    options.heartbeat_min_s = low;
    options.heartbeat_max_s = high;
    Hanging world(options);
    LONGS_EQUAL(wanted, world.view(world.id).heartbeat_s);
    CHECK(world.hangs());
    world.run_for(3 * kHour);
    CHECK(world.hangs());
    world.expect_mail("News");
  }
}

/// The path lets nothing wait for longer than so: found as with a Ping.
TEST(Hanging, TheHeartbeatOfAPathIsFound) {
  Hanging world(with("14.1"));
  world.nat_ms = 15 * kMinute;
  world.run_for(24 * kHour);
  CHECK(world.view(world.id).heartbeat_s <= 15 * 60);
  CHECK(world.view(world.id).heartbeat_s >= 12 * 60);
  world.until_it_hangs();
  const std::size_t before = world.subjects(world.id).size();
  world.server().deliver(kEmail, "News");
  CHECK(world.run_until([&] { return world.subjects(world.id).size() == before + 1; }, 20 * kMinute));
}

/// SOGo takes no empty request, and below 14.0 does not wait; other servers answer at once what they do not like. One
/// request finds that out, once a day.
TEST(Hanging, WhatAServerDoesNotDoIsDoneWithout) {
  for (const std::string how : {"no repeats", "does not wait", "refuses", "busy"}) {
    Hanging world(with("14.1"));
    const std::uint64_t from = world.now_ms();
    std::size_t refused = 0;
    world.instead = [&](const Sent& sent) -> std::optional<exchange::HttpResponse> {
      const bool waits = sent.label == "Sync" && sent.waits;
      if (!waits || (how == "no repeats" && !sent.body.empty())) return std::nullopt;
      ++refused;
      exchange::HttpResponse answer;
      answer.set("Content-Type", "application/vnd.ms-sync.wbxml");
      if (how == "no repeats")
        answer.body = std::string("\x03\x01\x6A\x00\x45\x4E\x03", 7) + "13" + std::string("\x00\x01\x01", 3);
      if (how == "refuses")
        answer.body = std::string("\x03\x01\x6A\x00\x45\x4E\x03", 7) + "4" + std::string("\x00\x01\x01", 3);
      if (how == "busy") answer.status = 503;
      return answer;
    };
    if (how != "no repeats") world.reset_connections();
    for (int mail = 0; mail < 20; ++mail) {
      world.run_for(kHour);
      world.server().deliver(kEmail, "News");
    }
    world.run_for(kHour);
    LONGS_EQUAL_TEXT(1, refused, how.c_str());
    CHECK_TEXT(world.requests_since(from) <= 12 * 21, how.c_str());
    STRCMP_EQUAL_TEXT("Ping", world.waits_in().c_str(), how.c_str());
    LONGS_EQUAL_TEXT(25, world.subjects(world.id).size(), how.c_str());
  }
}

/// A waiting Sync says nothing of folders; those that are made come with the visit of every four hours.
TEST(Hanging, NewFoldersAreSeen) {
  Hanging world(with("14.1"));
  world.server().add_folder(kEmail, "Projects");
  world.run_for(4 * kHour + 15 * kMinute);
  CHECK(world.folder_id(world.id, "Projects") != FolderId{});
}

/// Neither a mail that was read elsewhere nor one that was deleted ends it; both are here within four hours.
TEST(Hanging, ChangesAndDeletionsDoNotEndIt) {
  Hanging world(with("14.1"));
  const std::size_t before = world.sent.size();
  world.server().edit(kEmail, 1);
  world.server().remove(kEmail, 1);
  world.run_for(3 * kMinute);
  LONGS_EQUAL(before, world.sent.size());
  CHECK(world.run_until([&] { return difference(world, world.id).empty(); }, 4 * kHour + 10 * kMinute));
}

TEST(Hanging, APersonsSyncAndAFetchGoPastIt) {
  Hanging world(with("14.1"));
  LONGS_EQUAL(0, world.sync(world.id).code);
  world.until_it_hangs();
  LONGS_EQUAL(0, world.fetch(world.id, world.item(world.id)).code);
  world.until_it_hangs();
  STRCMP_EQUAL("", world.first_violation().c_str());
}
