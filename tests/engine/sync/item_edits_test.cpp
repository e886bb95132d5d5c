// Events, contacts, tasks and notes made and changed here: what the server has of them afterwards.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "engine/sync/item_cases.h"
#include "engine/sync/mailbox_view.h"
#include "engine/sync/personal_world.h"
#include "engine/sync/wire_view.h"
#include "exchange/item_view.h"

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
constexpr std::uint16_t kSubject = 100, kBody = 6;

PropertyEdit remove(std::uint16_t id) { return {id, {}, false}; }

std::uint16_t name_property(const std::string& class_name) {
  return class_name == "Contacts" ? std::uint16_t{con::kFirstName} : kSubject;
}
exchange::Tag name_tag(const std::string& class_name) {
  return class_name == "Contacts"   ? con::kFirstName
         : class_name == "Calendar" ? cal::kSubject
         : class_name == "Tasks"    ? tsk::kSubject
                                    : wbxml::notes::kSubject;
}

std::string printed(const Node& node) { return exchange::to_xml(node); }
std::map<exchange::Tag, std::string> printed_all(const Item& item) {
  std::map<exchange::Tag, std::string> all;
  for (const Node& property : item.properties) all[property.tag] += printed(property);
  return all;
}

/// "" when `after` is `before` but for the properties named; else what differs. `as_text`: of the body the text counts,
/// which is all that 2.5 has.
std::string damage(const Item& before, const Item& after, std::vector<exchange::Tag> but, bool as_text = false) {
  const auto old = printed_all(before), now = printed_all(after);
  const auto meant = [&](exchange::Tag tag) {
    return tag == cal::kDtStamp || std::find(but.begin(), but.end(), tag) != but.end();
  };
  for (const auto& [tag, text] : old) {
    if (meant(tag)) continue;
    const auto found = now.find(tag);
    if (found == now.end()) return exchange::tag_text(tag) + " is gone";
    if (found->second != text) return exchange::tag_text(tag) + " was\n" + text + "and is\n" + found->second;
  }
  for (const auto& [tag, text] : now)
    if (!meant(tag) && !old.contains(tag)) return exchange::tag_text(tag) + " has come";
  const auto text_of_body = [](const Item& item) {
    return item.body_type == 2 ? exchange::html_to_text(exchange::native_body(item)) : exchange::native_body(item);
  };
  const bool same = as_text ? text_of_body(before) == text_of_body(after)
                            : exchange::native_body(before) == exchange::native_body(after);
  if (!same) return "the body has changed";
  return {};
}

/// Every case goes to the handset, has its name changed there, and comes back with nothing else changed.
void round_trip(const char* version, const std::vector<Item>& cases) {
  AccountSettings settings;
  settings.days = 0;
  PersonalWorld world(version, settings);
  std::map<std::string, Item> before;
  for (const Item& item : cases) {
    const std::string id = world.server().put(kEmail, item);
    before.emplace(id, *world.server().item(kEmail, id));
  }
  LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
  std::map<std::string, ItemId> here;
  for (const char* folder : {"Calendar", "Contacts", "Tasks", "Notes"}) here.merge(world.items(folder));
  LONGS_EQUAL_TEXT(before.size(), here.size(), version);
  for (const auto& [server_id, item] : here) {
    const std::string& kind = before.at(server_id).class_name;
    CHECK_TEXT(world.edit(item, {set(name_property(kind), "Anders \"& <" + server_id)}).ok(), version);
  }
  LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
  CHECK_TEXT(world.queue(world.id).empty(), version);
  for (const auto& [server_id, item] : before) {
    const Item* after = world.server().item(kEmail, server_id);
    CHECK(after != nullptr);
    const exchange::Tag name = name_tag(item.class_name);
    STRCMP_EQUAL_TEXT(("Anders \"& <" + server_id).c_str(), std::string(after->value(name)).c_str(), version);
    STRCMP_EQUAL_TEXT("", damage(item, *after, {name}, number_of(version) < 120).c_str(),
                      (std::string(version) + " " + server_id).c_str());
  }
  STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
  CHECK(world.engine().integrity(world.id).ok());
}

}  // namespace

TEST_GROUP(ItemEdits){};

TEST(ItemEdits, ThreeHundredAndFortyEventsKeepWhatWasNotChanged) {
  for (const char* version : {"2.5", "12.1", "14.1", "16.0", "16.1"}) {
    const std::vector<Item> cases = event_cases(number_of(version));
    LONGS_EQUAL(340, cases.size());
    round_trip(version, cases);
  }
}

TEST(ItemEdits, ContactsTasksAndNotesKeepWhatWasNotChanged) {
  for (const char* version : {"2.5", "12.1", "14.1", "16.0", "16.1"}) {
    const std::vector<Item> cases = other_cases(number_of(version));
    LONGS_EQUAL(number_of(version) < 140 ? 100 : 140, cases.size());
    round_trip(version, cases);
  }
}

TEST(ItemEdits, WhatIsClearedIsGoneAtTheServer) {
  for (const char* version : {"2.5", "12.1", "14.1", "16.1"}) {
    PersonalWorld world(version);
    const int number = number_of(version);
    const std::string event = world.server().put(kEmail, event_case(2, 0, 1, 0, number));
    const std::string contact = world.server().put(kEmail, other_cases(number)[0]);
    LONGS_EQUAL(0, world.sync(world.id).code);
    const exchange::Tag place = number >= 160 ? base::kLocation : cal::kLocation;
    const Item event_before = *world.server().item(kEmail, event),
               contact_before = *world.server().item(kEmail, contact);
    CHECK(world.edit(world.items("Calendar").at(event), {remove(cal::kLocation), remove(cal::kReminder)}).ok());
    CHECK(
        world.edit(world.items("Contacts").at(contact), {remove(con::kJobTitle), set(con::kPagerNumber, "4711")}).ok());
    LONGS_EQUAL(0, world.sync(world.id).code);
    const Item* after = world.server().item(kEmail, event);
    STRCMP_EQUAL_TEXT("", damage(event_before, *after, {place, cal::kReminder}).c_str(), version);
    for (const Node& property : after->properties) {
      const bool cleared = property.tag == place || property.tag == cal::kReminder;
      CHECK_TEXT(!cleared || (property.text.empty() && property.children.empty()), version);
    }
    after = world.server().item(kEmail, contact);
    STRCMP_EQUAL_TEXT("", damage(contact_before, *after, {con::kJobTitle, con::kPagerNumber}).c_str(), version);
    CHECK(after->value(con::kJobTitle).empty());
    STRCMP_EQUAL("4711", std::string(after->value(con::kPagerNumber)).c_str());
    STRCMP_EQUAL("", world.first_violation().c_str());
  }
}

TEST(ItemEdits, NewItemsOfEveryClassArriveOnce) {
  for (const char* version : {"2.5", "12.1", "14.1", "16.0", "16.1"}) {
    PersonalWorld world(version);
    LONGS_EQUAL(0, world.sync(world.id).code);
    CHECK(world
              .make("Calendar",
                    {set(kSubject, "Neu"), set(cal::kStartTime, "20260105T083000Z"),
                     set(cal::kEndTime, "20260105T093000Z"), set(cal::kLocation, "Raum 4"), set(kBody, "Text\r\nmehr")})
              .ok());
    CHECK(world.make("Contacts", {set(con::kFirstName, "Ada"), set(con::kLastName, "Lovelace")}).ok());
    CHECK(world.make("Tasks", {set(kSubject, "Tun"), set(tsk::kComplete, "1")}).ok());
    const bool notes = number_of(version) >= 140;
    LONGS_EQUAL(notes, world.make("Notes", {set(kSubject, "Zettel"), set(kBody, "Inhalt")}).ok());
    LONGS_EQUAL(1, world.subjects(world.id, "Calendar").size());  // at once
    world.server().fault("Sync@1:lose-answer");
    LONGS_EQUAL(0, world.sync(world.id).code);
    world.server().faults_off();
    LONGS_EQUAL(0, world.sync(world.id).code);
    CHECK(world.queue(world.id).empty());
    for (const char* folder : {"Calendar", "Contacts", "Tasks", "Notes"}) {
      const auto here = world.items(folder);
      LONGS_EQUAL_TEXT(folder == std::string("Notes") && !notes ? 0 : 1, here.size(), folder);
      for (const auto& [server_id, item] : here) {
        const Item* there = world.server().item(kEmail, server_id);
        CHECK_TEXT(there != nullptr, folder);
        if (folder == std::string("Calendar")) {
          STRCMP_EQUAL("Text\r\nmehr", exchange::native_body(*there).c_str());
          STRCMP_EQUAL("Text\r\nmehr", world.body(world.id, item).c_str());
          STRCMP_EQUAL("20260105T083000Z", std::string(there->value(cal::kStartTime)).c_str());
          CHECK(!there->value(cal::kUID).empty());
        }
      }
    }
    LONGS_EQUAL(
        notes ? 4 : 3, world.server().contents(kEmail).find("\"digest\"") == std::string::npos ? 0 : [&] {
          std::size_t count = 0;
          const std::string all = world.server().contents(kEmail);
          for (std::size_t i = 0; (i = all.find("\"digest\"", i)) != std::string::npos; ++i) ++count;
          return count;
        }());
    STRCMP_EQUAL("", world.first_violation().c_str());
    // And what is new can be changed and deleted like anything else.
    const ItemId event = world.items("Calendar").begin()->second;
    CHECK(world.edit(event, {set(cal::kLocation, "Raum 5")}).ok());
    LONGS_EQUAL(0, world.sync(world.id).code);
    CHECK(world.engine().changes(world.id).remove(event, true).ok());
    LONGS_EQUAL(0, world.sync(world.id).code);
    LONGS_EQUAL(0, world.subjects(world.id, "Calendar").size());
    CHECK(world.engine().integrity(world.id).ok());
  }
}

// SOGo's keys of contacts are times: one may come back as it was sent, and what is added twice is there twice.
TEST(ItemEdits, AnAnswerWithTheSameKeyThatNamesTheClientIdIsTheAnswer) {
  PersonalWorld world("14.1");
  LONGS_EQUAL(0, world.sync(world.id).code);
  CHECK(world.make("Contacts", {set(con::kFirstName, "Ada"), set(con::kLastName, "Lovelace")}).ok());
  int sent_with_commands = 0;
  world.on_answer = [&](const Sent& sent, exchange::HttpResponse& answer) {
    if (sent.label != "Sync" || sync_view(sent).command_count == 0) return;
    ++sent_with_commands;
    const std::string before("\x4B\x03", 2), key = sync_view(sent).key;
    const std::size_t at = answer.body.find(before) + before.size();
    answer.body.replace(at, answer.body.find('\0', at) - at, key);
  };
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(1, sent_with_commands);
  CHECK(world.queue(world.id).empty());
  LONGS_EQUAL(1, world.items("Contacts").size());
}

TEST(ItemEdits, AnItemThatWasNeverSentIsChangedAndDeletedWithoutAWord) {
  PersonalWorld world("16.1");
  LONGS_EQUAL(0, world.sync(world.id).code);
  const ItemId note = world.make("Notes", {set(kSubject, "Erst"), set(kBody, "eins")}).value();
  CHECK(world.edit(note, {set(kSubject, "Dann"), set(kBody, "zwei")}).ok());
  STRCMP_EQUAL("zwei", world.body(world.id, note).c_str());
  LONGS_EQUAL(1, world.queue(world.id).size());
  const ItemId other = world.make("Notes", {set(kSubject, "Weg")}).value();
  CHECK(world.engine().changes(world.id).remove(other, false).ok());
  LONGS_EQUAL(1, world.queue(world.id).size());
  LONGS_EQUAL(0, world.sync(world.id).code);
  const auto here = world.items("Notes");
  LONGS_EQUAL(1, here.size());
  const Item* there = world.server().item(kEmail, here.begin()->first);
  STRCMP_EQUAL("Dann", std::string(there->value(wbxml::notes::kSubject)).c_str());
  STRCMP_EQUAL("zwei", exchange::native_body(*there).c_str());
  CHECK(world.engine().integrity(world.id).ok());
}

TEST(ItemEdits, AnEditSurvivesWhatTheServerChangesMeanwhileAndALostConflictIsListed) {
  for (const char* version : {"14.1", "16.1"}) {
    PersonalWorld world(version);
    const std::string event = world.server().put(kEmail, event_case(2, 1, 1, 0, number_of(version)));
    LONGS_EQUAL(0, world.sync(world.id).code);
    const ItemId item = world.items("Calendar").at(event);
    CHECK(world.edit(item, {set(kSubject, "Meins"), set(kBody, "mein Text")}).ok());
    world.server().change(kEmail, event, [](Item& there) { there.set(Node(cal::kSubject, "Seins")); });
    LONGS_EQUAL(0, world.sync(world.id).code);
    // The server wins; what was wanted here is kept and listed.
    STRCMP_EQUAL("Seins", world.subjects(world.id, "Calendar").front().c_str());
    STRCMP_EQUAL(exchange::native_body(*world.server().item(kEmail, event)).c_str(),
                 world.body(world.id, item).c_str());
    auto queue = world.queue(world.id);
    LONGS_EQUAL(1, queue.size());
    CHECK(queue[0].parked && queue[0].last.code == 7);
    STRCMP_EQUAL("edit", queue[0].what.c_str());
    CHECK(world.engine().integrity(world.id).ok());
    // "Mine after all."
    CHECK(world.engine().changes(world.id).retry(ChangeId{queue[0].id}).ok());
    STRCMP_EQUAL("Meins", world.subjects(world.id, "Calendar").front().c_str());
    STRCMP_EQUAL("mein Text", world.body(world.id, item).c_str());
    LONGS_EQUAL(0, world.sync(world.id).code);
    CHECK(world.queue(world.id).empty());
    STRCMP_EQUAL("Meins", std::string(world.server().item(kEmail, event)->value(cal::kSubject)).c_str());
    STRCMP_EQUAL("mein Text", exchange::native_body(*world.server().item(kEmail, event)).c_str());
    CHECK(world.engine().integrity(world.id).ok());
  }
}

TEST(ItemEdits, AnEditThatMeetsTheServersInAPullLosesOnlyWhereBothTouchedTheSame) {
  for (const char* version : {"14.1", "16.1"}) {
    PersonalWorld world(version);
    const std::string same = world.server().put(kEmail, event_case(2, 1, 1, 0, number_of(version)));
    const std::string other = world.server().put(kEmail, event_case(3, 1, 1, 0, number_of(version)));
    LONGS_EQUAL(0, world.sync(world.id).code);
    auto items = world.items("Calendar");
    for (const std::string& event : {same, other})
      CHECK(world.edit(items.at(event), {set(kSubject, "Meins"), set(kBody, "mein Text")}).ok());
    world.server().change(kEmail, same, [](Item& there) { there.set(Node(cal::kSubject, "Seins")); });
    world.server().change(kEmail, other, [](Item& there) { there.set(Node(cal::kBusyStatus, 3)); });
    world.restart();  // then what the server has is fetched before anything is sent
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    const auto queue = world.queue(world.id);
    LONGS_EQUAL_TEXT(1, queue.size(), version);
    CHECK(queue[0].parked && queue[0].last.code == 7 && queue[0].item == items.at(same));
    const Item* there = world.server().item(kEmail, same);
    STRCMP_EQUAL("Seins", std::string(there->value(cal::kSubject)).c_str());
    CHECK(exchange::native_body(*there) != "mein Text");
    STRCMP_EQUAL(exchange::native_body(*there).c_str(), world.body(world.id, items.at(same)).c_str());
    there = world.server().item(kEmail, other);
    STRCMP_EQUAL("Meins", std::string(there->value(cal::kSubject)).c_str());
    STRCMP_EQUAL("3", std::string(there->value(cal::kBusyStatus)).c_str());
    STRCMP_EQUAL("mein Text", exchange::native_body(*there).c_str());
    CHECK(world.engine().integrity(world.id).ok());
  }
}

TEST(ItemEdits, DroppingAnEditShowsTheServersItemAgain) {
  PersonalWorld world("14.1");
  const std::string contact = world.server().put(kEmail, other_cases(141)[0]);
  LONGS_EQUAL(0, world.sync(world.id).code);
  const ItemId item = world.items("Contacts").at(contact);
  const std::string body = world.body(world.id, item);
  const auto picture = [&] {
    std::string all;
    world.with_reader(world.id, [&](Reader& reader) {
      std::byte room[4096];
      for (;;) {
        auto got = reader.property(item, con::kPicture, all.size(), room);
        if (!got.ok() || got.value() == 0) return;
        all.append(reinterpret_cast<const char*>(room), got.value());
      }
    });
    return all;
  };
  const std::string before = picture();
  CHECK(before.size() > 20'000);
  auto change = world.edit(item, {set(con::kFirstName, "Eve"), set(con::kPicture, "AAAA"), set(kBody, "kurz")});
  CHECK(change.ok());
  STRCMP_EQUAL("AAAA", picture().c_str());
  STRCMP_EQUAL("kurz", world.body(world.id, item).c_str());
  CHECK(world.engine().integrity(world.id).ok());
  CHECK(world.engine().changes(world.id).drop(change.value()).ok());
  CHECK(before == picture());
  CHECK(body == world.body(world.id, item));
  CHECK(world.queue(world.id).empty());
  CHECK(world.engine().integrity(world.id).ok());
}

TEST(ItemEdits, WhatCannotBeSentIsRefusedHere) {
  PersonalWorld world("16.1");
  const std::string event = world.server().put(kEmail, event_case(-1, 0, 0, 2, 161));
  world.server().change(kEmail, event, [](Item& item) { item.set(Node(cal::kMeetingStatus, 3)); });
  LONGS_EQUAL(0, world.sync(world.id).code);
  const ItemId item = world.items("Calendar").at(event);
  const auto code = [](const auto& result) { return result.error().code; };
  LONGS_EQUAL(static_cast<int>(EngineFault::kNotYours), code(world.edit(item, {remove(cal::kAttendees)})));
  world.server().change(kEmail, event, [](Item& one) { one.set(Node(cal::kMeetingStatus, 11)); });
  LONGS_EQUAL(0, world.sync(world.id).code);
  LONGS_EQUAL(static_cast<int>(EngineFault::kNotYours), code(world.edit(item, {remove(cal::kAttendees)})));
  LONGS_EQUAL(static_cast<int>(EngineFault::kInvalidItem), code(world.edit(item, {set(cal::kStartTime, "tomorrow")})));
  LONGS_EQUAL(static_cast<int>(EngineFault::kInvalidItem), code(world.edit(item, {set(cal::kResponseType, "1")})));
  LONGS_EQUAL(static_cast<int>(EngineFault::kInvalidItem), code(world.make("Calendar", {set(kSubject, "no time")})));
  CHECK(failed(world.make("Inbox", {set(kSubject, "a mail")}).error()));
  LONGS_EQUAL(0, static_cast<int>(world.edit(item, {set(kSubject, "Besprechung -1/0/0/2")}).value()));
  CHECK(world.queue(world.id).empty());
}
