// What was changed here while the server spoke one version, and goes out in another: none of it is lost, applied twice,
// parked, or takes anything else with it.
#include <map>
#include <string>
#include <vector>

#include "engine/sync/mailbox_view.h"
#include "engine/sync/personal_world.h"
#include "engine/sync/wire_view.h"
#include "exchange/item_view.h"
#include "exchange/occurrences.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;
using exchange::Item;
using exchange::Node;

namespace {

namespace cal = wbxml::calendar;
namespace con = wbxml::contacts;
namespace tsk = wbxml::tasks;
namespace base = wbxml::air_sync_base;

constexpr const char* kEmail = "demo@example.test";
constexpr std::uint16_t kSubject = 100;
constexpr std::int64_t kDay_ms = 86'400'000, kMonday_ms = 1'767'601'800'000;  // 2026-01-05T08:30Z
constexpr std::int64_t week(int number) { return kMonday_ms + number * 7 * kDay_ms; }

PropertyEdit say(std::uint16_t id, Text value) { return {id, bytes_of(value), true}; }

struct Row {
  const char *before, *after;
};
constexpr Row kRows[] = {{"14.1", "16.1"}, {"16.1", "14.1"}, {"12.1", "16.0"}, {"16.0", "12.1"}, {"12.1", "14.1"}};

/// When the version changes.
enum class When : std::uint8_t { kBeforeAnythingWasSent, kAnswersLost, kRequestsLost };
constexpr When kWhen[] = {When::kBeforeAnythingWasSent, When::kAnswersLost, When::kRequestsLost};

struct Changing : PersonalWorld {
  Changing(Row row, When lost) : PersonalWorld(row.before, all_days()), versions(row), when(lost) {
    what = std::string(row.before) + " to " + row.after + ", " + std::to_string(static_cast<int>(lost));
  }
  static AccountSettings all_days() {
    AccountSettings settings;
    settings.days = 0;
    return settings;
  }
  std::string event(int recurrence, int exceptions, int kind) {
    return server().put(kEmail, event_case(recurrence, exceptions, 1, kind, number_of(versions.before)));
  }
  /// What waits is sent, or not, and the server is another one from then on.
  void change() {
    if (when != When::kBeforeAnythingWasSent) {
      fate = [this](const Sent& request) {
        const bool commands = request.label == "Sync" && sync_view(request).command_count != 0;
        return commands && when == When::kRequestsLost ? Fate::kBroken : Fate::kArrives;
      };
      on_answer = [](const Sent& request, exchange::HttpResponse& answer) {
        if (request.label == "Sync" && sync_view(request).command_count != 0) answer.transport.lose = true;
      };
      static_cast<void>(sync(id));
      fate = nullptr;
      on_answer = nullptr;
      CHECK_TEXT(!queue(id).empty(), what.c_str());
    }
    server().set_versions({versions.after});
    for (int i = 0; i < 4; ++i) LONGS_EQUAL_TEXT(0, sync(id).code, what.c_str());
    LONGS_EQUAL(number_of(versions.after), view(id).version);
  }
  /// Nothing waits, and nothing was said that the server does not take.
  void settled() {
    for (const Queued& row : queue(id))
      FAIL((what + ": " + row.what + " waits, " + (row.parked ? "parked" : "") + " " + std::to_string(row.last.code))
               .c_str());
    for (const std::string& said : server().violations())  // that it is another one now it says when it is asked
      CHECK_TEXT(said.find("which is not offered") != std::string::npos, (what + ": " + said).c_str());
    CHECK_TEXT(engine().integrity(id).ok(), what.c_str());
  }
  std::string place_there(const std::string& server_id) {
    const Item* item = server().item(kEmail, server_id);
    if (item == nullptr) return "(gone)";
    std::string all;
    for (const Node& property : item->properties) {
      if (property.tag == cal::kLocation) all += property.text;
      if (property.tag == base::kLocation) all += property.value(base::kDisplayName);
    }
    return all;
  }
  std::string place_here(const std::string& server_id) {
    std::string place;
    for_each_item(id, "Calendar", [&](const ItemRow& row) {
      if (row.server_id == server_id) place = std::string(row.location);
    });
    return place;
  }
  /// Of one exception as the server has it: its children as text.
  std::string exception(const std::string& server_id, const std::string& start) {
    std::string found;
    for (const Node& property : server().item(kEmail, server_id)->properties) {
      if (property.tag != cal::kExceptions) continue;
      for (const Node& one : exchange::exceptions_for_version(property, 161).children) {
        if (one.value(base::kInstanceId) != start) continue;
        for (const Node& child : one.children)
          if (child.tag != base::kInstanceId)
            found += exchange::tag_text(child.tag) + "=" +
                     (child.children.empty() ? child.text : child.children[0].text) + ";";
      }
    }
    return found;
  }
  /// What the item has but for place, exceptions and what `but` names.
  static std::map<exchange::Tag, std::string> rest(const Item& item, exchange::Tag but = 0) {
    std::map<exchange::Tag, std::string> all;
    for (const Node& property : item.properties) {
      const bool meant = property.tag == cal::kExceptions || property.tag == cal::kLocation ||
                         property.tag == base::kLocation || property.tag == cal::kDtStamp || property.tag == but;
      if (!meant) all[property.tag] += exchange::to_xml(property);
    }
    return all;
  }
  std::size_t items_there() {
    std::size_t count = 0;
    const std::string all = server().contents(kEmail);
    for (std::size_t at = 0; (at = all.find("\"digest\"", at)) != std::string::npos; ++at) ++count;
    return count;
  }
  Row versions;
  When when;
  std::string what;
};

template <class Test>
void each(Test test) {
  for (const Row row : kRows)
    for (const When when : kWhen) test(row, when);
}

}  // namespace

TEST_GROUP(VersionChange){};

TEST(VersionChange, APlaceIsSaidAsTheNewVersionHasIt) {
  each([](Row row, When when) {
    Changing world(row, when);
    const std::string given = world.event(-1, 0, 0), cleared = world.event(-1, 0, 2), first = world.event(-1, 0, 3);
    LONGS_EQUAL(0, world.sync(world.id).code);
    const Item before = *world.server().item(kEmail, given);
    CHECK(world.edit(world.items("Calendar").at(given), {say(cal::kLocation, "Raum 7")}).ok());
    CHECK(world.edit(world.items("Calendar").at(cleared), {{cal::kLocation, {}, false}}).ok());
    CHECK(world.edit(world.items("Calendar").at(first), {say(cal::kLocation, "Raum 8"), say(kSubject, "Neu")}).ok());
    world.change();
    world.settled();
    STRCMP_EQUAL_TEXT("Raum 7", world.place_there(given).c_str(), world.what.c_str());
    STRCMP_EQUAL_TEXT("", world.place_there(cleared).c_str(), world.what.c_str());
    STRCMP_EQUAL_TEXT("Raum 8", world.place_there(first).c_str(), world.what.c_str());
    CHECK_TEXT(world.place_here(given).find("Raum 7") != std::string::npos, world.what.c_str());
    CHECK_TEXT(world.place_here(cleared).find("Raum") == std::string::npos, world.what.c_str());
    CHECK_TEXT(Changing::rest(before) == Changing::rest(*world.server().item(kEmail, given)), world.what.c_str());
  });
}

TEST(VersionChange, WhatIsNewIsThereOnceAndWhole) {
  each([](Row row, When when) {
    Changing world(row, when);
    LONGS_EQUAL(0, world.sync(world.id).code);
    CHECK(world
              .make("Calendar",
                    {say(kSubject, "Neu"), say(cal::kStartTime, "20260105T083000Z"),
                     say(cal::kEndTime, "20260105T093000Z"), say(cal::kLocation, "Raum 4"), say(cal::kReminder, "5")})
              .ok());
    CHECK(world.make("Contacts", {say(con::kFirstName, "Ada"), say(con::kLastName, "Lovelace")}).ok());
    CHECK(world.make("Tasks", {say(kSubject, "Tun")}).ok());
    world.change();
    world.settled();
    LONGS_EQUAL_TEXT(3, world.items_there(), world.what.c_str());
    LONGS_EQUAL_TEXT(1, world.items("Calendar").size(), world.what.c_str());
    const std::string event = world.items("Calendar").begin()->first;
    STRCMP_EQUAL_TEXT("Raum 4", world.place_there(event).c_str(), world.what.c_str());
    CHECK_TEXT(!world.server().item(kEmail, event)->value(cal::kUID).empty(), world.what.c_str());
    STRCMP_EQUAL_TEXT("5", std::string(world.server().item(kEmail, event)->value(cal::kReminder)).c_str(),
                      world.what.c_str());
  });
}

TEST(VersionChange, OneOfASeriesIsSaidAsTheNewVersionHasIt) {
  each([](Row row, When when) {
    Changing world(row, when);
    const std::string series = world.event(3, 2, 0);
    LONGS_EQUAL(0, world.sync(world.id).code);
    const ItemId item = world.items("Calendar").at(series);
    const Item before = *world.server().item(kEmail, series);
    Changes& changes = world.engine().changes(world.id);
    const std::vector<PropertyEdit> moved = {say(kSubject, "Anders"), say(cal::kLocation, "Raum 9"),
                                             say(cal::kStartTime, "20260126T103000Z"),
                                             say(cal::kEndTime, "20260126T113000Z")},
                                    again = {say(cal::kLocation, "Raum 1")};
    CHECK(changes.edit_occurrence(item, week(3), moved).ok());
    CHECK(changes.edit_occurrence(item, week(1), again).ok());
    CHECK(changes.cancel_occurrence(item, week(4)).ok());
    world.change();
    world.settled();
    const std::string three = world.exception(series, "20260126T083000Z");
    for (const char* part : {"Subject=Anders;", "Location=Raum 9;", "StartTime=20260126T103000Z;"})
      CHECK_TEXT(three.find(part) != std::string::npos, (world.what + " " + three).c_str());
    const std::string one = world.exception(series, "20260112T083000Z");
    for (const char* part : {"Subject=Verlegt 0;", "Location=Raum 1;", "StartTime=20260113T100000Z;"})
      CHECK_TEXT(one.find(part) != std::string::npos, (world.what + " " + one).c_str());
    STRCMP_EQUAL_TEXT("Calendar:Deleted=1;", world.exception(series, "20260202T083000Z").c_str(), world.what.c_str());
    STRCMP_EQUAL_TEXT("Calendar:Deleted=1;", world.exception(series, "20260119T083000Z").c_str(), world.what.c_str());
    CHECK_TEXT(Changing::rest(before) == Changing::rest(*world.server().item(kEmail, series)), world.what.c_str());
  });
}

TEST(VersionChange, OneOfASeriesThatTheServerDoesNotKnowYet) {
  each([](Row row, When when) {
    if (when == When::kAnswersLost) return;  // the server knows it then
    Changing world(row, when);
    const std::string other = world.event(3, 0, 0);
    LONGS_EQUAL(0, world.sync(world.id).code);
    std::string rule;
    world.with_reader(world.id, [&](Reader& reader) {
      std::byte room[256];
      const auto got = reader.property(world.items("Calendar").at(other), cal::kRecurrence, 0, room);
      rule = std::string(text_of(Bytes(room, got.value())));
    });
    const auto made = world.make("Calendar", {say(kSubject, "Reihe"), say(cal::kStartTime, "20260105T083000Z"),
                                              say(cal::kEndTime, "20260105T093000Z"), say(cal::kRecurrence, rule)});
    CHECK_TEXT(made.ok(), world.what.c_str());
    const std::vector<PropertyEdit> edits = {say(kSubject, "Zwei"), say(cal::kLocation, "Raum 2")};
    CHECK(world.engine().changes(world.id).edit_occurrence(made.value(), week(2), edits).ok());
    world.change();
    world.settled();
    for (const auto& [server_id, item] : world.items("Calendar")) {
      if (server_id == other) continue;
      const std::string two = world.exception(server_id, "20260119T083000Z");
      for (const char* part : {"Subject=Zwei;", "Location=Raum 2;"})
        CHECK_TEXT(two.find(part) != std::string::npos, (world.what + " " + two).c_str());
    }
    LONGS_EQUAL_TEXT(2, world.items("Calendar").size(), world.what.c_str());
  });
}

TEST(VersionChange, EverythingElseOfAnEditArrivesAndNothingGoesWithIt) {
  each([](Row row, When when) {
    Changing world(row, when);
    const int before_number = number_of(row.before);
    const std::string event = world.event(2, 1, 2), contact = world.server().put(kEmail, other_cases(before_number)[0]),
                      task = world.server().put(kEmail, other_cases(before_number)[41]);
    LONGS_EQUAL(0, world.sync(world.id).code);
    std::map<std::string, Item> before;
    for (const std::string& id : {event, contact, task}) before.emplace(id, *world.server().item(kEmail, id));
    CHECK(world.edit(world.items("Calendar").at(event), {say(kSubject, "Anders")}).ok());
    CHECK(world.edit(world.items("Contacts").at(contact), {say(con::kPagerNumber, "4711")}).ok());
    CHECK(world.edit(world.items("Tasks").at(task), {say(kSubject, "Anders")}).ok());
    world.change();
    world.settled();
    const std::pair<std::string, exchange::Tag> edited[] = {
        {event, cal::kSubject}, {contact, con::kPagerNumber}, {task, tsk::kSubject}};
    for (const auto& [id, tag] : edited) {
      const Item& now = *world.server().item(kEmail, id);
      STRCMP_EQUAL_TEXT(tag == con::kPagerNumber ? "4711" : "Anders", std::string(now.value(tag)).c_str(),
                        world.what.c_str());
      CHECK_TEXT(Changing::rest(before.at(id), tag) == Changing::rest(now, tag), (world.what + " " + id).c_str());
    }
    STRCMP_EQUAL_TEXT("Raum 4 \"Süd\"", world.place_there(event).c_str(), world.what.c_str());
    CHECK_TEXT(!world.exception(event, "20260112T083000Z").empty(), world.what.c_str());
  });
}

// At 16.x that takes the exceptions with it, and below nobody was asked whether they may go.
TEST(VersionChange, ATimeOfASeriesWithExceptionsIsAskedAbout) {
  for (const bool exceptions : {true, false}) {
    Changing world(kRows[0], When::kBeforeAnythingWasSent);
    const std::string series = world.event(3, exceptions ? 1 : 0, 0);
    LONGS_EQUAL(0, world.sync(world.id).code);
    CHECK(world
              .edit(world.items("Calendar").at(series),
                    {say(cal::kStartTime, "20260105T093000Z"), say(cal::kEndTime, "20260105T103000Z")})
              .ok());
    world.change();
    const auto queue = world.queue(world.id);
    LONGS_EQUAL(exceptions ? 1 : 0, queue.size());
    if (exceptions) CHECK(queue[0].parked && queue[0].last == engine_fault(EngineFault::kDropsExceptions));
    CHECK_EQUAL(exceptions, !world.exception(series, "20260112T083000Z").empty());
    STRCMP_EQUAL(exceptions ? "20260105T083000Z" : "20260105T093000Z",
                 std::string(world.server().item(kEmail, series)->value(cal::kStartTime)).c_str());
  }
}

// The version is another one, and the server has not said yet what its items are in it.
TEST(VersionChange, APlaceReadInOneVersionIsEditedInAnother) {
  for (const Row row : {Row{"14.1", "16.1"}, Row{"16.1", "14.1"}}) {
    for (const bool clear : {false, true}) {
      Changing world(row, When::kBeforeAnythingWasSent);
      const std::string event = world.event(-1, 0, 0);
      LONGS_EQUAL(0, world.sync(world.id).code);
      bool done = false;
      world.on_event = [&] {
        if (done || world.view(world.id).version != number_of(row.after)) return;
        done = true;
        const PropertyEdit edits[] = {clear ? PropertyEdit{cal::kLocation, {}, false} : say(cal::kLocation, "Raum 7")};
        CHECK(world.engine().changes(world.id).edit_item(world.items("Calendar").at(event), edits).ok());
      };
      world.change();
      CHECK(done);
      world.settled();
      STRCMP_EQUAL_TEXT(clear ? "" : "Raum 7", world.place_there(event).c_str(), world.what.c_str());
    }
  }
}

// Where a power cut comes between the steps of the change, all of it happens again or none has happened.
TEST(VersionChange, APowerCutLeavesOneVersionOrTheOther) {
  for (const Row row : {kRows[0], kRows[1]}) {
    for (int cut = 1; cut < 40; cut += 3) {
      Changing world(row, When::kBeforeAnythingWasSent);
      const std::string event = world.event(-1, 0, 0);
      LONGS_EQUAL(0, world.sync(world.id).code);
      CHECK(world.edit(world.items("Calendar").at(event), {say(cal::kLocation, "Raum 7")}).ok());
      CHECK(world.make("Contacts", {say(con::kFirstName, "Ada")}).ok());
      int left = cut;
      world.server().set_versions({row.after});
      world.on_event = [&] {
        if (--left == 0) world.power_off();
      };
      static_cast<void>(world.sync(world.id));
      world.on_event = nullptr;
      CHECK_TEXT(world.off() || cut > 20, world.what.c_str());
      if (world.off()) world.power_on();
      world.change();
      world.settled();
      STRCMP_EQUAL_TEXT("Raum 7", world.place_there(event).c_str(), world.what.c_str());
      LONGS_EQUAL_TEXT(2, world.items_there(), world.what.c_str());
    }
  }
}

TEST(VersionChange, AMailThatWentOutWithoutAClientIdIsLookedForBeforeItGoesWithOne) {
  for (const bool arrived : {true, false}) {
    Changing world({"12.1", "14.1"}, When::kBeforeAnythingWasSent);
    LONGS_EQUAL(0, world.sync(world.id).code);
    Changes& changes = world.engine().changes(world.id);
    MessageHead head;
    head.to = "anna@example.test";
    head.subject = "Once";
    CHECK(changes.compose(head).ok());
    CHECK(changes.part({MessagePart::Kind::kText, {}, {}}).ok());
    CHECK(changes.data(bytes_of(Text("Text"))).ok());
    CHECK(changes.send().ok());
    world.fate = [&](const Sent& request) {
      return request.label == "SendMail" && !arrived ? Fate::kSwallowed : Fate::kArrives;
    };
    world.on_answer = [](const Sent& request, exchange::HttpResponse& answer) {
      if (request.label == "SendMail") answer.transport.lose = true;
    };
    bool updated = false;
    world.on_event = [&] {
      if (updated || world.requests("SendMail") == 0 || world.open_requests() != 0) return;
      updated = true;
      world.server().set_versions({"14.1"});
    };
    static_cast<void>(world.sync(world.id));
    world.fate = nullptr;
    world.on_answer = nullptr;
    world.on_event = nullptr;
    world.server().set_versions({"14.1"});
    for (int i = 0; i < 4; ++i) static_cast<void>(world.sync(world.id));
    LONGS_EQUAL(141, world.view(world.id).version);
    std::size_t sent = 0;
    for (const std::string& subject : world.subjects(world.id, "Sent Items")) sent += subject == "Once";
    LONGS_EQUAL_TEXT(arrived ? 1 : 0, sent, arrived ? "arrived" : "not");
    LONGS_EQUAL_TEXT(1, world.requests("SendMail"), arrived ? "arrived" : "not");
    LONGS_EQUAL(arrived ? 0 : 1, world.queue(world.id).size());  // then a person is asked
  }
}
