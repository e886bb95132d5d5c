// Single occurrences of a series changed and cancelled here: what is shown at once, what the server has afterwards.
#include <map>
#include <string>
#include <vector>

#include "engine/sync/item_cases.h"
#include "engine/sync/mailbox_view.h"
#include "engine/sync/wire_view.h"
#include "exchange/occurrences.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;
using exchange::Item;
using exchange::Node;

namespace {

namespace cal = wbxml::calendar;
namespace base = wbxml::air_sync_base;

constexpr const char* kEmail = "demo@example.test";
constexpr std::uint16_t kSubject = 100, kBody = 6;
constexpr std::int64_t kDay_ms = 86'400'000, kMonday_ms = 1'767'601'800'000;  // 2026-01-05T08:30Z, the first one
constexpr std::int64_t week(int number) { return kMonday_ms + number * 7 * kDay_ms; }

PropertyEdit set(std::uint16_t id, Text value) { return {id, bytes_of(value), true}; }
PropertyEdit none(std::uint16_t id) { return {id, {}, false}; }

/// Thirteen Mondays; that of week 1 is on the Tuesday, that of week 2 is cancelled.
struct Weekly : World {
  explicit Weekly(const char* version_text, int kind = 0) : Weekly(of_version(version_text), version_text, kind) {}
  Weekly(const exchange::Options& options, const char* version_text, int kind) : World(options), version(version_text) {
    AccountSettings settings;
    settings.days = 0;
    id = add(kEmail, "demo", settings);
    series = server().put(kEmail, event_case(3, 2, 0, kind, number_of(version)));
    LONGS_EQUAL_TEXT(0, sync(id).code, version);
    item = here();
    before = *server().item(kEmail, series);
  }
  ItemId here() {
    ItemId found{};
    for_each_item(id, "Calendar", [&](const ItemRow& row) { found = row.id; });
    return found;
  }
  /// "week: subject (place) hours after the planned start", a line each; `!` where it is an exception.
  std::string agenda() {
    std::map<std::int64_t, std::string> lines;
    with_reader(id, [&](Reader& reader) {
      auto cursor = open_occurrences(reader, heap(), folder_id(id, "Calendar"), week(0) - kDay_ms, week(6));
      CHECK_TEXT(cursor.ok(), version);
      OccurrenceRow row;
      while (cursor.value()->step(row).value()) {
        lines[row.original_ms] = std::to_string((row.original_ms - week(0)) / (7 * kDay_ms)) +
                                 (row.exception ? "!" : "") + " " + std::string(row.subject).substr(0, 9) + " (" +
                                 std::string(row.location).substr(0, 6) + ") " +
                                 std::to_string((row.start_ms - row.original_ms) / 3'600'000) + "\n";
      }
      cursor.value()->close();
    });
    std::string all;
    for (const auto& [at, line] : lines) all += line;
    return all;
  }
  static Memory heap() {
    Memory memory;
    memory.take = [](void*, std::size_t bytes) { return std::malloc(bytes); };
    memory.give = [](void*, void* block) { std::free(block); };
    return memory;
  }
  Result<ChangeId> edit(std::int64_t original_ms, std::vector<PropertyEdit> edits) {
    return engine().changes(id).edit_occurrence(item, original_ms, edits);
  }
  Result<ChangeId> cancel(std::int64_t original_ms) {
    return engine().changes(id).cancel_occurrence(item, original_ms);
  }
  Item there() { return *server().item(kEmail, series); }
  /// Of one exception as the server has it: its children as text.
  std::string exception(const std::string& start) {
    std::string found;
    const Item now = there();
    for (const Node& property : now.properties) {
      if (property.tag != cal::kExceptions) continue;
      const Node list = exchange::exceptions_for_version(property, 161);
      for (const Node& one : list.children) {
        if (one.value(base::kInstanceId) != start) continue;
        found += found.empty() ? "" : " and again";
        for (const Node& child : one.children) {
          if (child.tag != base::kInstanceId)
            found += exchange::tag_text(child.tag) + "=" +
                     (child.children.empty() ? child.text : child.children[0].text) + ";";
        }
      }
    }
    return found;
  }
  /// Everything of the series but its exceptions is as it was.
  bool rest_is_whole() {
    const auto printed = [](const Item& of) {
      std::map<exchange::Tag, std::string> all;
      for (const Node& property : of.properties)
        if (property.tag != cal::kExceptions && property.tag != cal::kDtStamp)
          all[property.tag] += exchange::to_xml(property);
      return all;
    };
    const Item now = there();
    return printed(before) == printed(now);
  }

  const char* version;
  AccountId id{};
  std::string series;
  ItemId item{};
  Item before;
};

constexpr const char* kAtFirst =
    "0 Besprechu (Raum 4) 0\n1! Verlegt 0 (Raum 4) 25\n3 Besprechu (Raum 4) 0\n4 Besprechu (Raum 4) 0\n"
    "5 Besprechu (Raum 4) 0\n";
constexpr const char* kAll[] = {"2.5", "12.1", "14.1", "16.0", "16.1"};

}  // namespace

TEST_GROUP(OccurrenceEdits){};

TEST(OccurrenceEdits, OneIsChangedAndCancelledInEveryVersionAndTheOthersStay) {
  for (const char* version : kAll) {
    Weekly world(version);
    STRCMP_EQUAL_TEXT(kAtFirst, world.agenda().c_str(), version);
    CHECK(world
              .edit(week(3), {set(kSubject, "Anders"), set(cal::kStartTime, "20260126T103000Z"),
                              set(cal::kEndTime, "20260126T113000Z")})
              .ok());
    CHECK(world.edit(week(1), {set(cal::kLocation, "Raum 9"), set(kBody, "nur hier")}).ok());
    CHECK(world.cancel(week(4)).ok());
    const char* after =
        "0 Besprechu (Raum 4) 0\n1! Verlegt 0 (Raum 9) 25\n3! Anders (Raum 4) 2\n5 Besprechu (Raum 4) 0\n";
    STRCMP_EQUAL_TEXT(after, world.agenda().c_str(), version);
    LONGS_EQUAL_TEXT(3, world.queue(world.id).size(), version);
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    CHECK_TEXT(world.queue(world.id).empty(), version);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
    STRCMP_EQUAL_TEXT("Calendar:Subject=Anders;Calendar:StartTime=20260126T103000Z;Calendar:EndTime=20260126T113000Z;",
                      world.exception("20260126T083000Z").c_str(), version);
    const std::string moved = world.exception("20260112T083000Z");
    for (const char* part : {"Subject=Verlegt 0;", "StartTime=20260113T100000Z;", "Location=Raum 9;", "Body=1;"})
      CHECK_TEXT(moved.find(part) != std::string::npos, (std::string(version) + " " + moved).c_str());
    STRCMP_EQUAL_TEXT("Calendar:Deleted=1;", world.exception("20260119T083000Z").c_str(), version);
    STRCMP_EQUAL_TEXT("Calendar:Deleted=1;", world.exception("20260202T083000Z").c_str(), version);
    CHECK_TEXT(world.rest_is_whole(), version);
    // What comes back from the server is what was shown.
    world.server().lose_sync_state(kEmail);
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    STRCMP_EQUAL_TEXT(after, world.agenda().c_str(), version);
    CHECK(world.engine().integrity(world.id).ok());
  }
}

TEST(OccurrenceEdits, LostAnswersAndReboots) {
  for (const char* version : kAll) {
    Weekly world(version);
    CHECK(world.edit(week(0), {set(kSubject, "Null")}).ok());
    CHECK(world.cancel(week(3)).ok());
    CHECK(world.edit(week(4), {none(cal::kReminder), set(cal::kBusyStatus, "3")}).ok());
    world.restart();
    for (int lost = 0; lost < 4; ++lost) {
      world.server().fault("Sync@1:lose-answer");
      static_cast<void>(world.sync(world.id));
      world.server().faults_off();
      world.restart();
    }
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    CHECK_TEXT(world.queue(world.id).empty(), version);
    STRCMP_EQUAL_TEXT("Calendar:Subject=Null;", world.exception("20260105T083000Z").c_str(), version);
    STRCMP_EQUAL_TEXT("Calendar:Deleted=1;", world.exception("20260126T083000Z").c_str(), version);
    const std::string cleared = world.exception("20260202T083000Z");
    CHECK_TEXT(cleared.find("Calendar:Reminder=;") != std::string::npos, cleared.c_str());
    CHECK_TEXT(cleared.find("Calendar:BusyStatus=3;") != std::string::npos, cleared.c_str());
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
    CHECK_TEXT(world.rest_is_whole(), version);
  }
}

TEST(OccurrenceEdits, AfterALostAnswerTheSameBytesGoAgain) {
  for (const char* version : {"14.1", "16.1"}) {
    Weekly world(version);
    std::vector<std::string> bytes;
    int left = 3;
    world.on_request = [&](const Sent& sent) {
      if (sent.label != "Sync") return;
      if (const SyncView view = sync_view(sent); !view.commands.empty()) bytes.push_back(view.key + view.commands);
    };
    world.on_answer = [&](const Sent& sent, exchange::HttpResponse& answer) {
      if (sent.label == "Sync" && !sync_view(sent).commands.empty() && left > 0) answer.transport.lose = left-- > 0;
    };
    const PropertyEdit first[] = {set(kSubject, "Once")}, second[] = {set(kSubject, "Twice")};
    CHECK(world.engine().changes(world.id).edit_occurrence(world.item, week(3), first).ok());
    static_cast<void>(world.sync(world.id));
    LONGS_EQUAL(0, left);
    // What is edited meanwhile goes after it.
    if (bytes.size() == 3) {
      CHECK(world.engine().changes(world.id).edit_occurrence(world.item, week(3), second).ok());
      world.restart();
      world.item = world.here();
    }
    for (int i = 0; i < 6 && (world.sync(world.id) || !world.queue(world.id).empty()); ++i) world.run_for(60'000);
    CHECK_TEXT(bytes.size() >= 4, version);
    for (std::size_t i = 1; i < 4; ++i) CHECK_TEXT(bytes[0] == bytes[i], version);
    CHECK_TEXT(world.queue(world.id).empty(), version);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
  }
}

TEST(OccurrenceEdits, WhatIsTakenBackOrRefusedShowsTheServersAgainAndNothingElseChanges) {
  for (const char* version : {"14.1", "16.1"}) {
    Weekly world(version);
    const auto first = world.edit(week(0), {set(kSubject, "Null")});
    const auto second = world.edit(week(1), {set(kSubject, "Eins")});
    const auto third = world.edit(week(1), {set(cal::kLocation, "Raum 1")});
    CHECK_TEXT(second.value() == third.value(), version);  // the same one of which nothing was sent
    CHECK(world.engine().changes(world.id).drop(first.value()).ok());
    CHECK_TEXT(world.agenda().starts_with("0 Besprechu (Raum 4) 0\n1! Eins (Raum 1) 25\n3 Bes"), version);
    CHECK(world.engine().changes(world.id).drop(second.value()).ok());
    STRCMP_EQUAL_TEXT(kAtFirst, world.agenda().c_str(), version);
    CHECK(world.queue(world.id).empty());
    // Both sides changed the same one: the server's stays, ours is listed. Of another one: both count.
    CHECK(world.edit(week(1), {set(kSubject, "Meins")}).ok());
    CHECK(world.edit(week(5), {set(kSubject, "Fuenf")}).ok());
    world.server().change(kEmail, world.series, [](Item& there) {
      Node data(wbxml::air_sync::kApplicationData);
      data.add(cal::kSubject, "Seins");
      for (Node& property : there.properties)
        if (property.tag == cal::kExceptions)
          for (Node& one : property.children)
            for (Node& child : one.children)
              if (child.tag == cal::kSubject) child.text = "Seins";
    });
    world.restart();
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    const auto queue = world.queue(world.id);
    LONGS_EQUAL_TEXT(1, queue.size(), version);
    CHECK_TEXT(queue[0].parked && queue[0].last.code == 7, version);
    const std::string agenda = world.agenda();
    CHECK_TEXT(agenda.find("1! Seins") != std::string::npos && agenda.find("5! Fuenf") != std::string::npos,
               agenda.c_str());
    CHECK_TEXT(world.exception("20260209T083000Z").starts_with("Calendar:Subject=Fuenf"), version);
    CHECK(world.engine().changes(world.id).retry(ChangeId{queue[0].id}).ok());
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    CHECK_TEXT(world.exception("20260112T083000Z").find("Subject=Meins") != std::string::npos, version);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
    CHECK(world.engine().integrity(world.id).ok());
  }
}

TEST(OccurrenceEdits, ASeriesMovesOnlyWhenItsExceptionsMayGo) {
  const std::vector<PropertyEdit> move = {set(cal::kStartTime, "20260105T090000Z"),
                                          set(cal::kEndTime, "20260105T100000Z")};
  {
    Weekly world("14.1");
    CHECK(world.engine().changes(world.id).edit_item(world.item, move).ok());
    LONGS_EQUAL(0, world.sync(world.id).code);
    CHECK(!world.exception("20260112T083000Z").empty());
  }
  Weekly world("16.1");
  CHECK(world.edit(week(3), {set(kSubject, "Anders")}).ok());
  const auto refused = world.engine().changes(world.id).edit_item(world.item, move);
  LONGS_EQUAL(static_cast<int>(EngineFault::kDropsExceptions), refused.error().code);
  CHECK(world.agenda().find("3! Anders") != std::string::npos);
  // The same times are no move, whatever else changes.
  CHECK(world.engine()
            .changes(world.id)
            .edit_item(world.item, std::vector<PropertyEdit>{set(cal::kStartTime, "20260105T083000Z"),
                                                             set(kSubject, "Neu"), none(cal::kExceptions)})
            .ok());
  CHECK(world.agenda().find("3! Anders") != std::string::npos);
  std::vector<PropertyEdit> meant = move;
  meant.push_back(none(cal::kExceptions));
  CHECK(world.engine().changes(world.id).edit_item(world.item, meant).ok());
  CHECK(world.agenda().find('!') == std::string::npos);
  LONGS_EQUAL(1, world.queue(world.id).size());
  LONGS_EQUAL(0, world.sync(world.id).code);
  CHECK(world.queue(world.id).empty());
  CHECK(world.exception("20260112T083000Z").empty() && world.exception("20260126T083000Z").empty());
  STRCMP_EQUAL("Neu", std::string(world.there().value(cal::kSubject)).c_str());
  CHECK(world.agenda().find('!') == std::string::npos);
  STRCMP_EQUAL("", world.first_violation().c_str());
}

namespace {

/// As SOGo, which drops the exceptions that a Change leaves out.
struct Forgetful : Weekly {
  explicit Forgetful(const char* version_text) : Weekly(dropping(version_text), version_text, 0) {
    server().change(kEmail, series, [](Item& there) {
      for (Node& property : there.properties) {
        if (property.tag != cal::kExceptions) continue;
        Node& moved = property.children[0];
        Node& attendee = moved.add(cal::kAttendees).add(cal::kAttendee);
        attendee.add(cal::kEmail, "guest@example.test");
        moved.add(wbxml::make_tag(4, 0x3E), "nobody knows this");
        moved.add(base::kBody).add(base::kType, 1);
        moved.find(base::kBody)->add(base::kTruncated, 1);
        moved.find(base::kBody)->add(base::kData, "cut sh");
      }
    });
    LONGS_EQUAL_TEXT(0, sync(id).code, version);
    all = exceptions();
    STRCMP_EQUAL_TEXT(kAtFirst, agenda().c_str(), version);
  }
  static exchange::Options dropping(const char* version_text) {
    exchange::Options options = of_version(version_text);
    options.exceptions_stay = false;
    return options;
  }
  std::string exceptions() {
    std::string found;
    const Item now = there();
    for (const Node& property : now.properties) {
      if (property.tag != cal::kExceptions) continue;
      for (const Node& one : property.children) found += exchange::to_xml(one);
    }
    return found;
  }
  void edit_series(const std::vector<PropertyEdit>& edits) {
    CHECK_TEXT(engine().changes(id).edit_item(item, edits).ok(), version);
    LONGS_EQUAL_TEXT(0, sync(id).code, version);
    CHECK_TEXT(queue(id).empty(), version);
  }
  std::string all;  ///< what the server has of exceptions at first
};
constexpr const char* kBelow16[] = {"2.5", "12.1", "14.0", "14.1"};

}  // namespace

TEST(OccurrenceEdits, WhereTheServerDropsWhatIsLeftOutTheExceptionsGoAlong) {
  for (const char* version : kBelow16) {
    Forgetful world(version);
    CHECK_TEXT(world.all.find("cut sh") != std::string::npos, world.all.c_str());
    world.edit_series({set(kSubject, "Neu"), set(cal::kReminder, "5")});
    STRCMP_EQUAL("Neu", std::string(world.there().value(cal::kSubject)).c_str());
    STRCMP_EQUAL_TEXT(world.all.c_str(), world.exceptions().c_str(), version);
    world.edit_series({set(cal::kEndTime, "20260105T100000Z")});
    STRCMP_EQUAL_TEXT(world.all.c_str(), world.exceptions().c_str(), version);
    // One is edited, one cancelled: the others stay.
    CHECK(world.edit(week(3), {set(kSubject, "Anders")}).ok());
    CHECK(world.cancel(week(4)).ok());
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    CHECK_TEXT(world.exceptions().starts_with(world.all), version);
    // Of one that is new such a server would not know the day.
    STRCMP_EQUAL_TEXT(
        "Calendar:Subject=Anders;Calendar:StartTime=20260126T083000Z;Calendar:EndTime=20260126T100000Z;"
        "Calendar:Reminder=5;",
        world.exception("20260126T083000Z").c_str(), version);
    STRCMP_EQUAL_TEXT("Calendar:Deleted=1;", world.exception("20260202T083000Z").c_str(), version);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
    CHECK(world.engine().integrity(world.id).ok());
  }
}

TEST(OccurrenceEdits, ExceptionsThatThePatternNoLongerHasDoNotGoAlong) {
  Forgetful world("14.1");
  Node rule(cal::kRecurrence);
  rule.add(cal::kType, 1);
  rule.add(cal::kInterval, 2);
  rule.add(cal::kDayOfWeek, 2);
  const std::string other = exchange::to_wbxml(rule).substr(4);
  world.edit_series({set(cal::kRecurrence, other)});
  STRCMP_EQUAL("", world.exception("20260112T083000Z").c_str());
  STRCMP_EQUAL("Calendar:Deleted=1;", world.exception("20260119T083000Z").c_str());
  world.edit_series({set(cal::kStartTime, "20260105T090000Z"), set(cal::kEndTime, "20260105T100000Z")});
  STRCMP_EQUAL("", world.exceptions().c_str());
  STRCMP_EQUAL("", world.first_violation().c_str());
}

TEST(OccurrenceEdits, ExchangeIsToldOfNoExceptionThatNobodyHasEdited) {
  for (const char* version : kBelow16) {
    Weekly world(version);
    std::vector<std::string> commands;
    world.on_request = [&](const Sent& sent) {
      if (sent.label == "Sync" && !sync_view(sent).commands.empty()) commands.push_back(sent.body);
    };
    const auto told = [&] {
      std::size_t count = 0;
      const Node request = exchange::parse_wbxml(commands.back());
      const Node& command = request.find(as::kCollections)->children[0].find(as::kCommands)->children[0];
      if (const Node* list = command.find(as::kApplicationData)->find(cal::kExceptions)) count = list->children.size();
      return count;
    };
    CHECK(world.engine().changes(world.id).edit_item(world.item, std::vector<PropertyEdit>{set(kSubject, "Neu")}).ok());
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    LONGS_EQUAL_TEXT(1, commands.size(), version);
    LONGS_EQUAL_TEXT(0, told(), version);
    CHECK(world.edit(week(3), {set(kSubject, "Anders")}).ok());
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    LONGS_EQUAL_TEXT(1, told(), version);
  }
}

TEST(OccurrenceEdits, OfAnEventThatTheServerDoesNotKnowYetTheEventGoesFirst) {
  for (const char* version : kAll) {
    Weekly world(version);
    std::string rule;
    world.with_reader(world.id, [&](Reader& reader) {
      std::byte room[256];
      rule = std::string(text_of(Bytes(room, reader.property(world.item, cal::kRecurrence, 0, room).value())));
    });
    const auto made = world.engine().changes(world.id).add_item(
        world.folder_id(world.id, "Calendar"),
        std::vector<PropertyEdit>{set(kSubject, "Reihe"), set(cal::kStartTime, "20260105T083000Z"),
                                  set(cal::kEndTime, "20260105T093000Z"), set(cal::kRecurrence, rule)});
    CHECK_TEXT(made.ok(), version);
    CHECK_TEXT(world.engine()
                   .changes(world.id)
                   .edit_occurrence(made.value(), week(2), std::vector<PropertyEdit>{set(kSubject, "Zwei")})
                   .ok(),
               version);
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    CHECK_TEXT(world.queue(world.id).empty(), version);
    std::string there;
    world.for_each_item(world.id, "Calendar", [&](const ItemRow& row) {
      if (row.subject == "Reihe") there = std::string(row.server_id);
    });
    world.series = there;
    STRCMP_EQUAL_TEXT("Calendar:Subject=Zwei;", world.exception("20260119T083000Z").c_str(), version);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
  }
}

TEST(OccurrenceEdits, WhatCannotBeSentIsRefusedHere) {
  Weekly world("16.1", 2);
  world.server().change(kEmail, world.series, [](Item& item) { item.set(Node(cal::kMeetingStatus, 3)); });
  const std::string single = world.server().put(kEmail, event_case(-1, 0, 0, 0, 161));
  LONGS_EQUAL(0, world.sync(world.id).code);
  const auto code = [](const auto& result) { return result.error().code; };
  LONGS_EQUAL(static_cast<int>(EngineFault::kNotYours), code(world.edit(week(0), {none(cal::kAttendees)})));
  LONGS_EQUAL(static_cast<int>(EngineFault::kInvalidItem), code(world.edit(week(0), {set(cal::kTimezone, "AAAA")})));
  LONGS_EQUAL(static_cast<int>(EngineFault::kInvalidItem),
              code(world.edit(week(0), {set(cal::kStartTime, "20260105T093000Z")})));
  CHECK(failed(world.edit(week(2), {set(kSubject, "x")}).error()));  // cancelled
  CHECK(failed(world.cancel(week(2)).error()));
  world.for_each_item(world.id, "Calendar", [&](const ItemRow& row) {
    if (row.server_id == Text(single)) world.item = row.id;
  });
  CHECK(failed(world.cancel(week(0)).error()));
  CHECK(world.queue(world.id).empty());
}
