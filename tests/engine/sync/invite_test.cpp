// Meetings of the user's own: below 16.0 the attendees hear of every change once, when the server has it; from 16.0 on
// the server tells them.
#include <map>
#include <string>
#include <vector>

#include "engine/sync/mailbox_view.h"
#include "engine/sync/personal_world.h"
#include "wbxml/writer.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;
using exchange::Item;
using exchange::Node;

namespace {

namespace cal = wbxml::calendar;
namespace mail = wbxml::email;

constexpr const char* kDemo = "demo@example.test";
constexpr const char* kAnna = "anna@example.test";
constexpr std::uint16_t kSubject = 100;
constexpr const char* kBelow[] = {"2.5", "12.1", "14.0", "14.1"};

PropertyEdit say(std::uint16_t id, Text value) { return {id, bytes_of(value), true}; }

struct Organizer : World {
  explicit Organizer(const char* version_text) : World(options(version_text)), version(version_text) {
    id = add(kDemo);
    LONGS_EQUAL_TEXT(0, sync(id).code, version);
    wbxml::Writer writer{room};
    writer.open(cal::kAttendees);
    for (const char* address : {kAnna, kDemo})
      writer.open(cal::kAttendee).element(cal::kEmail, Text(address)).element(cal::kName, Text("A")).close();
    writer.close();
    attendees = text_of(writer.document().subspan(4));
  }
  static exchange::Options options(const char* version) {
    exchange::Options options = of_version(version);
    options.users = {{kDemo, "demo"}, {kAnna, "anna"}};
    return options;
  }
  Changes& changes() { return engine().changes(id); }
  ItemId make(std::vector<PropertyEdit> more = {}) {
    std::vector<PropertyEdit> edits = {say(kSubject, "Planung"), say(cal::kStartTime, "20310105T083000Z"),
                                       say(cal::kEndTime, "20310105T093000Z"), say(cal::kAttendees, attendees)};
    edits.insert(edits.end(), more.begin(), more.end());
    const auto made = changes().add_item(folder_id(id, "Calendar"), edits);
    CHECK_TEXT(made.ok(), version);
    return made.ok() ? made.value() : ItemId{};
  }
  Result<ChangeId> edit(ItemId item, std::vector<PropertyEdit> edits) { return changes().edit_item(item, edits); }
  ItemId event() {
    ItemId found{};
    for_each_item(id, "Calendar", [&](const ItemRow& row) { found = row.id; });
    return found;
  }
  void sync_all() {
    for (int i = 0; i < 3; ++i) LONGS_EQUAL_TEXT(0, sync(id).code, version);
    CHECK_TEXT(queue(id).empty(), version);
    for (const std::string& said : server().violations())  // a key that the server has lost is none of the phone's
      CHECK_TEXT(said.find("uses the key") != std::string::npos, said.c_str());
    CHECK_TEXT(engine().integrity(id).ok(), version);
  }
  /// The messages that were sent, the calendar part of each from its METHOD on.
  std::vector<std::string> said() const {
    std::vector<std::string> all;
    for (const Sent& one : sent) {
      const std::size_t at = one.body.find("METHOD:");
      if (one.label == "SendMail") all.push_back(at == std::string::npos ? "no calendar" : one.body.substr(at));
    }
    return all;
  }
  /// What Anna has got.
  std::size_t told() {
    std::size_t count = 0;
    const std::string all = server().contents(kAnna);
    for (std::size_t at = 0; (at = all.find("\"Email\"", at)) != std::string::npos; ++at) ++count;
    return count;
  }
  std::string uid_there() {
    std::string uid = "none";
    for_each_item(id, "Calendar", [&](const ItemRow& row) {
      if (const Item* item = server().item(kDemo, std::string(row.server_id))) uid = item->value(cal::kUID);
    });
    return uid;
  }
  const char* version;
  AccountId id{};
  std::byte room[512];
  std::string attendees;
};

bool has(const std::string& text, const std::string& line) {
  return text.find("\r\n" + line + "\r\n") != std::string::npos;
}

}  // namespace

TEST_GROUP(Invite){};

TEST(Invite, WhatIsMadeChangedAndCancelledIsSaidOnceEach) {
  for (const char* version : kBelow) {
    Organizer world(version);
    const ItemId item = world.make();
    LONGS_EQUAL_TEXT(1, world.queue(world.id).size(), version);  // nothing is said before the server has it
    world.sync_all();
    LONGS_EQUAL_TEXT(1, world.said().size(), version);
    const std::string made = world.said()[0];
    CHECK_TEXT(made.starts_with("METHOD:REQUEST\r\n"), made.c_str());
    for (const char* line : {"SEQUENCE:0", "DTSTART:20310105T083000Z", "DTEND:20310105T093000Z", "SUMMARY:Planung",
                             "ORGANIZER:mailto:demo@example.test"})
      CHECK_TEXT(has(made, line), (std::string(version) + line + made).c_str());
    CHECK_TEXT(has(made, "UID:" + world.uid_there()), made.c_str());
    LONGS_EQUAL_TEXT(1, world.told(), version);
    // What is the organizer's own is not said.
    CHECK(world.edit(item, {say(cal::kReminder, "5"), say(cal::kBusyStatus, "3")}).ok());
    world.sync_all();
    LONGS_EQUAL_TEXT(1, world.said().size(), version);
    // Two edits of which nothing was sent are one.
    CHECK(world.edit(item, {say(cal::kLocation, "Raum 3")}).ok());
    CHECK(world
              .edit(item, {say(cal::kLocation, "Raum 4"), say(cal::kStartTime, "20310106T083000Z"),
                           say(cal::kEndTime, "20310106T093000Z")})
              .ok());
    world.sync_all();
    LONGS_EQUAL_TEXT(2, world.said().size(), version);
    const std::string moved = world.said()[1];
    CHECK_TEXT(moved.starts_with("METHOD:REQUEST\r\n") && has(moved, "DTSTART:20310106T083000Z") &&
                   has(moved, "LOCATION:Raum 4") && has(moved, "SEQUENCE:2"),
               moved.c_str());
    // The count lasts through a resync, in which the event comes whole.
    world.server().lose_sync_state(kDemo);
    world.sync_all();
    CHECK(world.changes().remove(world.event(), false).ok());
    world.sync_all();
    LONGS_EQUAL_TEXT(3, world.said().size(), version);
    const std::string cancelled = world.said()[2];
    CHECK_TEXT(cancelled.starts_with("METHOD:CANCEL\r\n") && has(cancelled, "SEQUENCE:3") &&
                   has(cancelled, "STATUS:CANCELLED"),
               cancelled.c_str());
    LONGS_EQUAL_TEXT(3, world.told(), version);
  }
}

TEST(Invite, From160OnTheServerSaysIt) {
  for (const char* version : {"16.0", "16.1"}) {
    Organizer world(version);
    const ItemId item = world.make();
    world.sync_all();
    CHECK(world.edit(item, {say(cal::kLocation, "Raum 3")}).ok());
    world.sync_all();
    CHECK(world.changes().remove(world.event(), false).ok());
    world.sync_all();
    LONGS_EQUAL_TEXT(0, world.said().size(), version);
  }
}

TEST(Invite, OneOfASeries) {
  Organizer world("14.1");
  wbxml::Writer rule{world.room};
  rule.open(cal::kRecurrence).element(cal::kType, Text("1")).element(cal::kInterval, Text("1"));
  rule.element(cal::kDayOfWeek, Text("1")).element(cal::kOccurrences, Text("5")).close();
  const std::string pattern(text_of(rule.document().subspan(4)));
  const ItemId item = world.make({say(cal::kRecurrence, pattern)});
  world.sync_all();
  CHECK_TEXT(has(world.said()[0], "RRULE:FREQ=WEEKLY;INTERVAL=1;COUNT=5;BYDAY=SU;WKST=SU"), world.said()[0].c_str());
  std::int64_t first_ms = 0;
  world.for_each_item(world.id, "Calendar", [&](const ItemRow& row) { first_ms = row.when_ms; });
  constexpr std::int64_t kWeek_ms = 7 * 86'400'000ll;
  const std::vector<PropertyEdit> moved = {say(cal::kStartTime, "20310113T100000Z"),
                                           say(cal::kEndTime, "20310113T110000Z")},
                                  placed = {say(cal::kLocation, "Raum 9")};
  CHECK(world.changes().edit_occurrence(item, first_ms + kWeek_ms, moved).ok());
  CHECK(world.changes().cancel_occurrence(item, first_ms + 2 * kWeek_ms).ok());
  CHECK(world.changes().edit_occurrence(item, first_ms + 3 * kWeek_ms, placed).ok());
  world.sync_all();
  LONGS_EQUAL(4, world.said().size());
  const std::string one = world.said()[1], two = world.said()[2], three = world.said()[3];
  CHECK_TEXT(has(one, "RECURRENCE-ID:20310112T083000Z") && has(one, "DTSTART:20310113T100000Z"), one.c_str());
  CHECK_TEXT(two.starts_with("METHOD:CANCEL") && has(two, "RECURRENCE-ID:20310119T083000Z"), two.c_str());
  CHECK_TEXT(
      has(three, "DTSTART:20310126T083000Z") && has(three, "DTEND:20310126T093000Z") && has(three, "LOCATION:Raum 9"),
      three.c_str());
  // Of one that has been moved the place changes: its time is its own.
  CHECK(world.changes().edit_occurrence(item, first_ms + kWeek_ms, placed).ok());
  world.sync_all();
  CHECK_TEXT(has(world.said()[4], "DTSTART:20310113T100000Z") && has(world.said()[4], "LOCATION:Raum 9"),
             world.said()[4].c_str());
  // The whole series again: what was cancelled stays so.
  CHECK(world.edit(item, {say(kSubject, "Neu")}).ok());
  world.sync_all();
  CHECK_TEXT(has(world.said()[5], "EXDATE:20310119T083000Z"), world.said()[5].c_str());
}

TEST(Invite, WhatIsNotTheUsersToSayIsNotSaid) {
  Organizer world("14.1");
  // Somebody else's meeting, one that is over, an appointment without guests.
  Item theirs = event_case(-1, 0, 0, 2, 141);
  theirs.set(Node(cal::kMeetingStatus, 3));
  theirs.set(Node(cal::kStartTime, "20310105T083000Z"));
  theirs.set(Node(cal::kEndTime, "20310105T093000Z"));
  Item over = event_case(-1, 0, 1, 2, 141);
  over.set(Node(cal::kStartTime, "20200105T083000Z"));
  over.set(Node(cal::kEndTime, "20200105T093000Z"));
  for (const Item& item : {theirs, over, event_case(-1, 0, 2, 0, 141)}) world.server().put(kDemo, item);
  world.sync_all();
  std::vector<ItemId> all;
  world.for_each_item(world.id, "Calendar", [&](const ItemRow& row) { all.push_back(row.id); });
  LONGS_EQUAL(3, all.size());
  for (const ItemId item : all) CHECK(world.edit(item, {say(cal::kLocation, "Raum 9")}).ok());
  world.sync_all();
  for (const ItemId item : all) CHECK(world.changes().remove(item, false).ok());
  world.sync_all();
  // Nor is one that the server has never heard of.
  const ItemId made = world.make();
  CHECK(world.changes().remove(made, false).ok());
  world.make({say(cal::kLocation, "dropped")});
  CHECK(world.changes().drop(ChangeId{world.queue(world.id)[0].id}).ok());
  world.sync_all();
  LONGS_EQUAL(0, world.said().size());
  world.restart();
  LONGS_EQUAL(0, world.sync(world.id).code);
  CHECK(world.engine().integrity(world.id).ok());
}

TEST(Invite, AnAppointmentBecomesAMeeting) {
  for (const char* version : {"14.1", "16.1"}) {
    Organizer world(version);
    const std::vector<PropertyEdit> alone = {say(kSubject, "Allein"), say(cal::kStartTime, "20310105T083000Z"),
                                             say(cal::kEndTime, "20310105T093000Z")};
    const auto item = world.changes().add_item(world.folder_id(world.id, "Calendar"), alone);
    world.sync_all();
    LONGS_EQUAL(0, world.said().size());
    CHECK(world.edit(item.value(), {say(cal::kAttendees, world.attendees)}).ok());
    world.sync_all();
    LONGS_EQUAL_TEXT(version == std::string("14.1") ? 1 : 0, world.said().size(), version);
    world.for_each_item(world.id, "Calendar", [&](const ItemRow& row) {
      const Item* there = world.server().item(kDemo, std::string(row.server_id));
      STRCMP_EQUAL_TEXT("1", std::string(there->value(cal::kMeetingStatus)).c_str(), version);
    });
  }
}

TEST(Invite, AChangeThatLosesIsSaidWhenItIsWantedAfterAll) {
  Organizer world("14.1");
  const ItemId item = world.make();
  world.sync_all();
  std::string server_id;
  world.for_each_item(world.id, "Calendar", [&](const ItemRow& row) { server_id = row.server_id; });
  CHECK(world.edit(item, {say(kSubject, "Meins")}).ok());
  world.server().change(kDemo, server_id, [](Item& there) { there.set(Node(cal::kSubject, "Seins")); });
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(1, world.said().size());
  const auto queue = world.queue(world.id);
  LONGS_EQUAL(1, queue.size());
  CHECK(queue[0].parked);
  world.restart();
  CHECK(world.engine().changes(world.id).retry(ChangeId{queue[0].id}).ok());
  world.sync_all();
  LONGS_EQUAL(2, world.said().size());
  CHECK(has(world.said()[1], "SUMMARY:Meins"));
}

TEST(Invite, LostAnswersAndReboots) {
  for (const char* version : kBelow) {
    for (const char* fault : {"Sync@1:lose-answer", "Sync@1:cut:0", "Sync@1:status:3"}) {
      Organizer world(version);
      world.make();
      world.server().fault(fault);
      static_cast<void>(world.sync(world.id));
      world.server().faults_off();
      world.restart();
      world.sync_all();
      LONGS_EQUAL_TEXT(1, world.told(), (std::string(version) + fault).c_str());
      // The deletion has arrived, and what says so is lost with the key: the event is gone, which is what was wanted.
      CHECK(world.changes().remove(world.event(), false).ok());
      world.server().fault(fault);
      static_cast<void>(world.sync(world.id));
      world.server().faults_off();
      world.server().lose_sync_state(kDemo);
      world.restart();
      world.sync_all();
      LONGS_EQUAL_TEXT(2, world.told(), (std::string(version) + fault).c_str());
    }
  }
  for (const char* fault : {"SendMail@1:lose-answer", "SendMail@1:http:503"}) {
    Organizer world("14.0");
    world.make();
    world.server().fault(fault);
    static_cast<void>(world.sync(world.id));
    world.server().faults_off();
    world.restart();
    world.sync_all();
    LONGS_EQUAL_TEXT(1, world.told(), fault);
  }
}

TEST(Invite, PowerCutsAnywhere) {
  int cuts = 0;
  for (int at = 1; at < 400; at += at < 60 ? 1 : 7) {
    Organizer world("14.1");
    int left = at;
    const auto cut = [&] {
      if (--left == 0) world.power_off();
    };
    world.on_event = cut;
    world.on_request = [&](const Sent&) { cut(); };
    world.on_served = [&](const Sent&) { cut(); };
    const std::vector<PropertyEdit> edits = {say(kSubject, "Planung"), say(cal::kStartTime, "20310105T083000Z"),
                                             say(cal::kEndTime, "20310105T093000Z"),
                                             say(cal::kAttendees, world.attendees)};
    const bool made = world.changes().add_item(world.folder_id(world.id, "Calendar"), edits).ok() && !world.off();
    if (!world.off()) static_cast<void>(world.sync(world.id));
    world.on_event = nullptr;
    world.on_request = world.on_served = nullptr;
    if (!world.off()) break;
    ++cuts;
    world.power_on();
    world.sync_all();
    const std::size_t events = world.event() == ItemId{} ? 0 : 1;
    if (made) LONGS_EQUAL(1, events);
    LONGS_EQUAL_TEXT(events, world.told(), std::to_string(at).c_str());
  }
  printf("[%d cuts] ", cuts);
  CHECK(cuts > 12);
}

// 16.x tells the attendees of what it takes; what 14.1 has taken is still to be said.
TEST(Invite, TheVersionChanges) {
  Organizer world("14.1");
  const ItemId item = world.make();
  world.server().fault("SendMail:http:503");
  static_cast<void>(world.sync(world.id));
  CHECK(world.edit(item, {say(cal::kLocation, "Raum 3")}).ok());
  world.server().faults_off();
  world.server().set_versions({"16.1"});
  static_cast<void>(world.sync(world.id));
  for (int i = 0; i < 3; ++i) LONGS_EQUAL(0, world.sync(world.id).code);
  CHECK(world.queue(world.id).empty());
  LONGS_EQUAL(1, world.told());
}
