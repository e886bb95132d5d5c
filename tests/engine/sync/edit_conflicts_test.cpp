// Edits that lose, are taken back or wait behind others, and edits of what has not come whole: neither here nor at the
// server does anything else change.
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/sync/item_cases.h"
#include "engine/sync/mailbox_view.h"
#include "engine/sync/personal_world.h"
#include "engine/sync/wire_view.h"
#include "exchange/item_view.h"
#include "replica/store.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;
using exchange::Item;
using exchange::Node;

namespace {

namespace cal = wbxml::calendar;
namespace con = wbxml::contacts;
namespace mail = wbxml::email;
namespace base = wbxml::air_sync_base;

constexpr const char* kEmail = "demo@example.test";
constexpr std::uint16_t kSubject = 100, kBody = 6;

struct Contest : PersonalWorld {
  using PersonalWorld::PersonalWorld;
  Status drop(std::uint64_t change) { return engine().changes(id).drop(ChangeId{change}); }
  std::string shown(ItemId item, std::uint16_t property) {
    std::string value;
    with_reader(id, [&](Reader& reader) {
      std::byte room[256];
      const auto got = reader.property(item, property, 0, room);
      if (got.ok()) value.assign(reinterpret_cast<const char*>(room), got.value());
    });
    return value;
  }
  std::string there(const std::string& server_id, exchange::Tag tag) {
    const Item* item = server().item(kEmail, server_id);
    return item == nullptr ? "(gone)" : std::string(item->value(tag));
  }
  std::string body_there(const std::string& server_id) {
    return exchange::native_body(*server().item(kEmail, server_id));
  }
  /// What happens once, while the first command is on its way.
  void meanwhile(std::function<void()> what) {
    on_request = [what, done = false](const Sent& request) mutable {
      if (done || request.label != "Sync" || sync_view(request).command_count == 0) return;
      done = true;
      what();
    };
  }
  void sync_all() {
    for (int i = 0; i < 3; ++i) LONGS_EQUAL(0, sync(id).code);
  }
};

/// A contact here and at the server.
struct OneContact : Contest {
  explicit OneContact(const char* version) : Contest(version) {
    contact = server().put(kEmail, other_cases(number_of(version))[0]);
    sync_all();
    item = items("Contacts").at(contact);
  }
  std::string pager() { return shown(item, con::kPagerNumber); }
  void pager_there_becomes(const char* value) {
    server().change(kEmail, contact, [&](Item& one) { one.set(Node(con::kPagerNumber, value)); });
  }
  std::string contact;
  ItemId item{};
};

struct OneEvent : Contest {
  explicit OneEvent(const char* version) : Contest(version) {
    event = server().put(kEmail, event_case(3, 1, 1, 0, number_of(version)));
    sync_all();
    item = items("Calendar").at(event);
  }
  std::string event;
  ItemId item{};
};

}  // namespace

TEST_GROUP(EditConflicts){};

TEST(EditConflicts, DroppingAParkedEditChangesNothing) {
  for (const char* version : {"14.1", "16.1"}) {
    OneContact world(version);
    const std::string body = world.body(world.id, world.item), body_there = world.body_there(world.contact);
    CHECK(world.edit(world.item, {set(con::kPagerNumber, "111"), set(kBody, "mine")}).ok());
    world.pager_there_becomes("999");
    LONGS_EQUAL(0, world.sync(world.id).code);
    const auto queue = world.queue(world.id);
    LONGS_EQUAL(1, queue.size());
    CHECK(queue[0].parked && queue[0].last.code == 7);
    CHECK(world.drop(queue[0].id).ok());
    STRCMP_EQUAL("999", world.pager().c_str());
    CHECK(body == world.body(world.id, world.item));
    CHECK(world.engine().integrity(world.id).ok());
    CHECK(world.edit(world.item, {set(con::kSpouse, "Eve")}).ok());
    world.sync_all();
    STRCMP_EQUAL("999", world.there(world.contact, con::kPagerNumber).c_str());
    CHECK(body_there == world.body_there(world.contact));
    CHECK(world.queue(world.id).empty());
  }
}

TEST(EditConflicts, WhereTheClientWinsTheServersIsKept) {
  for (const char* version : {"2.5", "12.1", "14.1", "16.1"}) {
    OneContact world(version);
    AccountChange change;
    change.has_conflict = change.client_wins = true;
    CHECK(world.engine().set_account(world.id, change, world.now()).ok());
    world.restart();  // it lasts
    const auto contest = [&](const char* mine, const char* theirs) {
      CHECK(world.edit(world.item, {set(con::kPagerNumber, mine), set(con::kSpouse, mine)}).ok());
      world.pager_there_becomes(theirs);
      world.sync_all();
    };
    contest("111", "999");
    STRCMP_EQUAL_TEXT("111", world.there(world.contact, con::kPagerNumber).c_str(), version);
    STRCMP_EQUAL_TEXT("111", world.there(world.contact, con::kSpouse).c_str(), version);
    STRCMP_EQUAL_TEXT("111", world.pager().c_str(), version);
    const auto queue = world.queue(world.id);
    LONGS_EQUAL_TEXT(1, queue.size(), version);
    CHECK_TEXT(queue[0].parked && queue[0].last == (Error{Domain::kEas, 7, kTheirsLost}), version);
    // Theirs after all: what it was in, and nothing else.
    CHECK(world.engine().changes(world.id).retry(ChangeId{queue[0].id}).ok());
    STRCMP_EQUAL_TEXT("999", world.pager().c_str(), version);
    world.sync_all();
    STRCMP_EQUAL_TEXT("999", world.there(world.contact, con::kPagerNumber).c_str(), version);
    STRCMP_EQUAL_TEXT("111", world.there(world.contact, con::kSpouse).c_str(), version);
    CHECK(world.queue(world.id).empty());
    // What the server changes while the edit is on its way is not seen here, and loses there.
    CHECK(world.edit(world.item, {set(con::kPagerNumber, "222")}).ok());
    world.meanwhile([&] { world.pager_there_becomes("888"); });
    world.sync_all();
    STRCMP_EQUAL_TEXT("222", world.there(world.contact, con::kPagerNumber).c_str(), version);
    world.on_request = nullptr;
    change.client_wins = false;
    CHECK(world.engine().set_account(world.id, change, world.now()).ok());
    world.sync_all();
    contest("333", "777");
    STRCMP_EQUAL_TEXT("777", world.there(world.contact, con::kPagerNumber).c_str(), version);
    CHECK(world.engine().integrity(world.id).ok());
  }
}

TEST(EditConflicts, WhereTheClientWinsABodyAndAPlaceAreKeptToo) {
  for (const char* version : {"14.1", "16.1"}) {
    OneEvent world(version);
    AccountChange change;
    change.has_conflict = change.client_wins = true;
    CHECK(world.engine().set_account(world.id, change, world.now()).ok());
    CHECK(world.edit(world.item, {set(kBody, "mine"), set(cal::kLocation, "my place")}).ok());
    const bool structured = number_of(version) >= 160;
    world.server().change(kEmail, world.event, [&](Item& one) {
      one.body.data = "theirs";
      Node place(base::kLocation);
      place.add(base::kDisplayName, "their place");
      one.set(structured ? place : Node(cal::kLocation, "their place"));
    });
    world.sync_all();
    STRCMP_EQUAL_TEXT("mine", world.body_there(world.event).c_str(), version);
    auto queue = world.queue(world.id);
    LONGS_EQUAL_TEXT(1, queue.size(), version);
    CHECK(world.engine().changes(world.id).retry(ChangeId{queue[0].id}).ok());
    world.sync_all();
    STRCMP_EQUAL_TEXT("theirs", world.body_there(world.event).c_str(), version);
    STRCMP_EQUAL_TEXT("theirs", world.body(world.id, world.item).c_str(), version);
    CHECK(world.queue(world.id).empty());
    CHECK(world.engine().integrity(world.id).ok());
  }
}

TEST(EditConflicts, OfTwoEditsOfOneItemTheFirstArrivesToo) {
  for (const char* version : {"14.1", "16.1"}) {
    for (const bool key_lost : {false, true}) {
      OneEvent world(version);
      const std::string other = world.server().put(kEmail, event_case(2, 1, 1, 0, number_of(version)));
      world.sync_all();
      CHECK(world.edit(world.items("Calendar").at(other), {set(kSubject, "A")}).ok());
      CHECK(world.edit(world.item, {set(kSubject, "B1"), set(kBody, "body one")}).ok());
      world.meanwhile([&] {
        if (key_lost)
          world.server().lose_sync_state(kEmail);
        else
          world.server().fault("Sync@1:status:4");
        CHECK(world.edit(world.item, {set(cal::kBusyStatus, "3")}).ok());
      });
      LONGS_EQUAL(0, world.sync(world.id).code);
      world.server().faults_off();
      world.sync_all();
      CHECK(world.queue(world.id).empty());
      STRCMP_EQUAL("B1", world.there(world.event, cal::kSubject).c_str());
      STRCMP_EQUAL("3", world.there(world.event, cal::kBusyStatus).c_str());
      STRCMP_EQUAL("body one", world.body_there(world.event).c_str());
      STRCMP_EQUAL("body one", world.body(world.id, world.item).c_str());
      if (!key_lost) STRCMP_EQUAL("", world.first_violation().c_str());
    }
  }
}

TEST(EditConflicts, ARetriedEditLeavesThoseOfOtherPropertiesInTheQueue) {
  for (const char* version : {"14.1", "16.1"}) {
    OneEvent world(version);
    CHECK(world.edit(world.item, {set(kSubject, "Meins")}).ok());
    world.server().change(kEmail, world.event, [](Item& there) { there.set(Node(cal::kSubject, "Seins")); });
    LONGS_EQUAL(0, world.sync(world.id).code);
    const std::uint64_t parked = world.queue(world.id)[0].id;
    CHECK(world.edit(world.item, {set(cal::kBusyStatus, "3"), set(kBody, "new body"), set(kSubject, "Drittes")}).ok());
    CHECK(world.engine().changes(world.id).retry(ChangeId{parked}).ok());
    LONGS_EQUAL(2, world.queue(world.id).size());
    STRCMP_EQUAL("Meins", world.subjects(world.id, "Calendar").front().c_str());
    world.sync_all();
    CHECK(world.queue(world.id).empty());
    STRCMP_EQUAL("Meins", world.there(world.event, cal::kSubject).c_str());
    STRCMP_EQUAL("3", world.there(world.event, cal::kBusyStatus).c_str());
    STRCMP_EQUAL("new body", world.body_there(world.event).c_str());
    STRCMP_EQUAL("3", world.shown(world.item, cal::kBusyStatus).c_str());
    STRCMP_EQUAL("new body", world.body(world.id, world.item).c_str());
  }
}

TEST(EditConflicts, ARetriedEditThatLosesAgainLeavesTheServersValue) {
  OneContact world("14.1");
  CHECK(world.edit(world.item, {set(con::kPagerNumber, "111")}).ok());
  world.pager_there_becomes("999");
  LONGS_EQUAL(0, world.sync(world.id).code);
  const std::uint64_t parked = world.queue(world.id)[0].id;
  CHECK(world.edit(world.item, {set(con::kPagerNumber, "222")}).ok());
  // While another edit of it is on its way nobody can say which is the later.
  world.meanwhile([&] {
    LONGS_EQUAL(replica::kInFlight, world.engine().changes(world.id).retry(ChangeId{parked}).error().code);
    world.server().lose_sync_state(kEmail);
  });
  LONGS_EQUAL(0, world.sync(world.id).code);
  STRCMP_EQUAL("222", world.there(world.contact, con::kPagerNumber).c_str());
  CHECK(world.engine().changes(world.id).retry(ChangeId{parked}).ok());
  STRCMP_EQUAL("111", world.pager().c_str());
  CHECK(world.drop(parked).ok());
  STRCMP_EQUAL("222", world.pager().c_str());
}

TEST(EditConflicts, TwoEditsOfOnePropertyBothLoseToTheServer) {
  for (const char* version : {"14.1", "16.1"}) {
    OneContact world(version);
    CHECK(world.edit(world.item, {set(con::kPagerNumber, "111")}).ok());
    world.meanwhile([&] {
      world.pager_there_becomes("999");
      world.server().lose_sync_state(kEmail);
      CHECK(world.edit(world.item, {set(con::kPagerNumber, "222")}).ok());
    });
    LONGS_EQUAL(0, world.sync(world.id).code);
    const auto queue = world.queue(world.id);
    LONGS_EQUAL(2, queue.size());
    for (const auto& row : queue) CHECK(row.parked && row.last.code == 7);
    STRCMP_EQUAL("999", world.pager().c_str());
    CHECK(world.edit(world.item, {set(con::kSpouse, "Eve")}).ok());
    world.sync_all();
    STRCMP_EQUAL("999", world.there(world.contact, con::kPagerNumber).c_str());
    // Each of them is still there to be wanted after all.
    CHECK(world.engine().changes(world.id).retry(ChangeId{queue[0].id}).ok());
    CHECK(world.engine().changes(world.id).retry(ChangeId{queue[1].id}).ok());
    STRCMP_EQUAL("222", world.pager().c_str());
    LONGS_EQUAL(1, world.queue(world.id).size());
    world.sync_all();
    STRCMP_EQUAL("222", world.there(world.contact, con::kPagerNumber).c_str());
    CHECK(world.engine().integrity(world.id).ok());
  }
}

TEST(EditConflicts, WhatWasDroppedIsNotSent) {
  OneContact world("14.1");
  CHECK(world.edit(world.item, {set(con::kPagerNumber, "111")}).ok());
  world.meanwhile([&] {
    const auto change = world.edit(world.item, {set(con::kPagerNumber, "222")});
    CHECK(world.drop(static_cast<std::uint64_t>(change.value())).ok());
    STRCMP_EQUAL("111", world.pager().c_str());  // that one is on its way
  });
  world.sync_all();
  CHECK(world.edit(world.item, {set(con::kSpouse, "Eve")}).ok());
  world.sync_all();
  STRCMP_EQUAL("111", world.there(world.contact, con::kPagerNumber).c_str());
  STRCMP_EQUAL("111", world.pager().c_str());
}

TEST(EditConflicts, AnItemWhoseAddIsDroppedIsGone) {
  Contest world("14.1");
  LONGS_EQUAL(0, world.sync(world.id).code);
  CHECK(world.make("Contacts", {set(con::kFirstName, "Ada")}).ok());
  CHECK(world.drop(world.queue(world.id)[0].id).ok());
  LONGS_EQUAL(0, world.items("Contacts").size());
  CHECK(world.queue(world.id).empty());
  world.sync_all();
  LONGS_EQUAL(0, world.items("Contacts").size());
  CHECK(world.engine().integrity(world.id).ok());
}

TEST(EditConflicts, AnItemDeletedWhileItIsAddedGoesWhateverTheAnswerIs) {
  for (const char* answer : {"key lost", "Sync:status:4", "refused"}) {
    Contest world("14.1");
    LONGS_EQUAL(0, world.sync(world.id).code);
    const ItemId contact = world.make("Contacts", {set(con::kFirstName, "Ada")}).value();
    bool first = true;
    world.on_answer = [&](const Sent& sent, exchange::HttpResponse& response) {
      if (sent.label != "Sync" || sync_view(sent).command_count == 0 || !first) return;
      first = false;
      const std::size_t add = response.body.find(std::string("\x4C\x03", 2));
      const std::size_t status = add == std::string::npos ? add
                                                          : response.body.find(std::string("\x4E\x03"
                                                                                           "1",
                                                                                           3),
                                                                               add);
      if (answer == std::string("refused") && status != std::string::npos) response.body[status + 2] = '6';
    };
    world.meanwhile([&] {
      if (answer == std::string("key lost")) world.server().lose_sync_state(kEmail);
      if (answer == std::string("Sync:status:4")) world.server().fault("Sync@1:status:4");
      CHECK(world.engine().changes(world.id).remove(contact, false).ok());
    });
    static_cast<void>(world.sync(world.id));
    world.server().faults_off();
    world.sync_all();
    CHECK_TEXT(world.queue(world.id).empty(), answer);
    if (answer != std::string("refused")) LONGS_EQUAL_TEXT(0, world.items("Contacts").size(), answer);
    CHECK_TEXT(world.engine().integrity(world.id).ok(), answer);
  }
}

TEST(EditConflicts, WhatWasAddedBeforeTheKeyWasLostIsThereOnce) {
  for (const char* version : {"2.5", "12.1", "14.1", "16.1"}) {
    Contest world(version);
    LONGS_EQUAL(0, world.sync(world.id).code);
    CHECK(world.make("Contacts", {set(con::kFirstName, "Ada"), set(con::kLastName, "Lovelace")}).ok());
    CHECK(world.make("Tasks", {set(kSubject, "Tun")}).ok());
    CHECK(world
              .make("Calendar", {set(kSubject, "Neu"), set(cal::kStartTime, "20260105T083000Z"),
                                 set(cal::kEndTime, "20260105T093000Z")})
              .ok());
    world.server().fault("Sync:lose-answer");
    static_cast<void>(world.sync(world.id));
    world.server().faults_off();
    world.server().lose_sync_state(kEmail);
    world.sync_all();
    CHECK_TEXT(world.queue(world.id).empty(), version);
    for (const char* folder : {"Contacts", "Tasks", "Calendar"})
      LONGS_EQUAL_TEXT(1, world.items(folder).size(), (std::string(version) + folder).c_str());
    std::size_t there = 0;
    const std::string all = world.server().contents(kEmail);
    for (std::size_t at = 0; (at = all.find("\"digest\"", at)) != std::string::npos; ++at) ++there;
    LONGS_EQUAL_TEXT(3, there, version);
    CHECK_TEXT(world.engine().integrity(world.id).ok(), version);
  }
}

TEST(EditConflicts, AMailWithLongAddressesKeepsItsCategories) {
  Contest world("14.1");
  Item item;
  item.class_name = "Email";
  item.received_ms = 1'767'600'000'000;
  const auto list = [](std::size_t bytes) {
    std::string all;
    while (all.size() < bytes)
      all += "\"Somebody With A Name\" <name" + std::to_string(all.size()) + "@example.test>, ";
    return all;
  };
  item.properties.emplace_back(mail::kTo, list(3900));
  item.properties.emplace_back(mail::kCc, list(3500));
  item.properties.emplace_back(mail::kFrom, "a@b.test");
  item.properties.emplace_back(mail::kSubject, "M");
  item.properties.emplace_back(mail::kRead, "1");
  item.properties.emplace_back(mail::kDisplayTo, list(600));
  item.properties.emplace_back(mail::kThreadTopic, std::string(300, 't'));
  const std::vector<std::string> names = {"Category number one of the project", "Category number two of the project",
                                          "Category number three of the project"};
  Node categories(mail::kCategories);
  for (const std::string& name : names) categories.add(mail::kCategory, name);
  item.properties.push_back(categories);
  const std::string id = world.server().put(kEmail, item);
  LONGS_EQUAL(0, world.sync(world.id).code);
  const auto there = [&] {
    std::string all;
    for (const Node& property : world.server().item(kEmail, id)->properties) {
      if (property.tag != mail::kCategories) continue;
      for (const Node& one : property.children) all += one.text + "|";
    }
    return all;
  };
  const std::string before = there();
  CHECK(world.engine().changes(world.id).categorize(world.items("Inbox").at(id), "New", true).ok());
  LONGS_EQUAL(0, world.sync(world.id).code);
  STRCMP_EQUAL((before + "New|").c_str(), there().c_str());
  CHECK(world.engine().changes(world.id).categorize(world.items("Inbox").at(id), names[0], false).ok());
  // What the server says meanwhile has the list too.
  world.server().change(kEmail, id, [](Item& one) { one.set(Node(mail::kSubject, "N")); });
  world.restart();
  LONGS_EQUAL(0, world.sync(world.id).code);
  STRCMP_EQUAL((names[1] + "|" + names[2] + "|New|").c_str(), there().c_str());
  CHECK(world.engine().integrity(world.id).ok());
}

TEST(EditConflicts, AnOccurrenceGoesBackWithoutWhatIsTheServersAlone) {
  for (const char* version : {"12.1", "14.1"}) {
    Contest world(version);
    const std::string event = world.server().put(kEmail, event_case(3, 2, 0, 0, number_of(version)));
    world.server().change(kEmail, event, [](Item& there) {
      Node all(cal::kExceptions);
      Node& one = all.add(cal::kException);
      one.add(cal::kExceptionStartTime, "20260112T083000Z");
      one.add(cal::kSubject, "Moved");
      one.add(cal::kResponseType, "3");
      one.add(cal::kAppointmentReplyTime, "20260101T083000Z");
      Node& body = one.add(base::kBody);
      body.add(base::kType, "1");
      body.add(base::kEstimatedDataSize, "90000");
      body.add(base::kTruncated, "1");
      body.add(base::kData, "only the beginning");
      there.set(all);
    });
    LONGS_EQUAL(0, world.sync(world.id).code);
    const ItemId item = world.items("Calendar").at(event);
    const std::int64_t original_ms = 1'768'206'600'000;
    const auto edit = [&](std::uint16_t property, const std::string& value) {
      return world.engine().changes(world.id).edit_occurrence(item, original_ms,
                                                              std::vector<PropertyEdit>{set(property, value)});
    };
    CHECK(edit(kSubject, "Other").ok());
    std::string sent_body;
    world.on_request = [&](const Sent& sent) {
      if (sent.label == "Sync" && sync_view(sent).command_count != 0) sent_body = sent.body;
    };
    LONGS_EQUAL(0, world.sync(world.id).code);
    CHECK(world.queue(world.id).empty());
    CHECK(sent_body.find("Other") != std::string::npos);
    for (const char* not_sent : {"only the beginning", "90000", "20260101T083000Z"})
      CHECK_TEXT(sent_body.find(not_sent) == std::string::npos, not_sent);
    CHECK(edit(kBody, "all of it").ok());
    LONGS_EQUAL(0, world.sync(world.id).code);
    CHECK(sent_body.find("all of it") != std::string::npos);
  }
}

TEST(EditConflicts, AnEventMadeBeforeTheServerIsOfALaterVersionKeepsItsPlace) {
  Contest world("14.1");
  LONGS_EQUAL(0, world.sync(world.id).code);
  CHECK(world
            .make("Calendar", {set(kSubject, "Neu"), set(cal::kStartTime, "20260105T083000Z"),
                               set(cal::kEndTime, "20260105T093000Z"), set(cal::kLocation, "Raum 4")})
            .ok());
  world.server().set_versions({"14.1", "16.1"});
  for (int i = 0; i < 3; ++i) LONGS_EQUAL(0, world.sync(world.id).code);
  CHECK(world.queue(world.id).empty());
  const auto here = world.items("Calendar");
  LONGS_EQUAL(1, here.size());
  std::string place;
  for (const Node& property : world.server().item(kEmail, here.begin()->first)->properties)
    if (property.tag == base::kLocation) place = exchange::to_xml(property);
  CHECK_TEXT(place.find("Raum 4") != std::string::npos, place.c_str());
}

TEST(EditConflicts, AnItemThatOthersDeleteWhileItIsEditedHereStaysAsACopyOfWhatLost) {
  for (const char* version : {"2.5", "12.1", "14.1", "16.1"}) {
    for (const bool in_flight : {false, true}) {
      for (const bool put_back : {false, true}) {
        OneContact world(version);
        const std::string body = world.body(world.id, world.item);
        CHECK(world.edit(world.item, {set(con::kPagerNumber, "111")}).ok());
        if (in_flight)
          world.meanwhile([&] { world.server().remove(kEmail, world.contact); });
        else
          world.server().remove(kEmail, world.contact);
        LONGS_EQUAL(0, world.sync(world.id).code);
        if (in_flight) LONGS_EQUAL(0, world.sync(world.id).code);
        const auto queue = world.queue(world.id);
        LONGS_EQUAL_TEXT(1, queue.size(), version);
        CHECK(queue[0].parked && queue[0].last.code % 1000 == 8 && queue[0].item == world.item);
        STRCMP_EQUAL("111", world.pager().c_str());
        CHECK(world.engine().integrity(world.id).ok());
        world.sync_all();
        LONGS_EQUAL(1, world.queue(world.id).size());
        LONGS_EQUAL(0, world.server().item(kEmail, world.contact) != nullptr);
        if (put_back) {
          CHECK(world.engine().changes(world.id).retry(ChangeId{queue[0].id}).ok());
          world.sync_all();
          const auto here = world.items("Contacts");
          LONGS_EQUAL(1, here.size());
          STRCMP_EQUAL("111", world.there(here.begin()->first, con::kPagerNumber).c_str());
          STRCMP_EQUAL("111", world.pager().c_str());
          CHECK(body == world.body(world.id, world.item));
        } else {
          CHECK(world.drop(queue[0].id).ok());
          CHECK(world.items("Contacts").empty());
        }
        CHECK(world.queue(world.id).empty());
        CHECK(world.engine().integrity(world.id).ok());
      }
    }
  }
}

TEST(EditConflicts, WhatLostBeforeItsItemWasDeletedCanStillBeWanted) {
  OneContact world("16.1");
  CHECK(world.edit(world.item, {set(con::kPagerNumber, "111")}).ok());
  world.pager_there_becomes("999");
  LONGS_EQUAL(0, world.sync(world.id).code);
  world.server().remove(kEmail, world.contact);
  world.sync_all();
  const auto queue = world.queue(world.id);
  LONGS_EQUAL(1, queue.size());
  STRCMP_EQUAL("111", world.pager().c_str());
  CHECK(world.engine().integrity(world.id).ok());
  CHECK(world.engine().changes(world.id).retry(ChangeId{queue[0].id}).ok());
  world.sync_all();
  const auto here = world.items("Contacts");
  LONGS_EQUAL(1, here.size());
  STRCMP_EQUAL("111", world.there(here.begin()->first, con::kPagerNumber).c_str());
  CHECK(world.queue(world.id).empty());
}

TEST(EditConflicts, AnEditedSeriesThatOthersDeleteCanBePutBack) {
  for (const char* version : {"14.1", "16.1"}) {
    OneEvent world(version);
    CHECK(world.edit(world.item, {set(kSubject, "Mine")}).ok());
    world.server().remove(kEmail, world.event);
    world.sync_all();
    const auto queue = world.queue(world.id);
    LONGS_EQUAL(1, queue.size());
    CHECK(world.engine().changes(world.id).retry(ChangeId{queue[0].id}).ok());
    world.sync_all();
    const auto here = world.items("Calendar");
    LONGS_EQUAL(1, here.size());
    STRCMP_EQUAL("Mine", world.shown(world.item, kSubject).c_str());
    STRCMP_EQUAL("Mine", world.there(here.begin()->first, cal::kSubject).c_str());
    CHECK(world.queue(world.id).empty());
    CHECK(world.engine().integrity(world.id).ok());
  }
}
