// Events, contacts, tasks and notes come down whole, in every version, and stay in step.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "engine/sync/item_cases.h"
#include "engine/sync/mailbox_view.h"
#include "exchange/item_view.h"
#include "exchange/mailbox.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;
using exchange::Item;
using exchange::Node;

namespace {

namespace cal = wbxml::calendar;
namespace con = wbxml::contacts;
namespace tsk = wbxml::tasks;

constexpr const char* kEmail = "demo@example.test";

exchange::Options with(const char* version) {
  exchange::Options options = of_version(version);
  options.mails = 2;
  options.events = 20;
  options.contacts = 15;
  options.tasks = 10;
  options.notes = 5;
  return options;
}

/// A value as bytes: a text, the entries of a list, or an element as WBXML.
std::string value_of(const PropertyRow& row) { return std::string(row.value); }
std::string value_of(const Node& property, const PropertyRow& row) {
  if (row.list) {
    std::string joined;
    for (const Node& entry : property.children) {
      if (!joined.empty()) joined += kListSeparator;
      joined += entry.text;
    }
    return joined;
  }
  if (!row.structured) return property.text;
  // Without the header, which is four bytes; the first element begins with its page here, and pages are named when they
  // change.
  std::string whole = exchange::to_wbxml(property).substr(4);
  if (whole[0] != '\0') whole = std::string("\0\0", 2) + whole;
  return whole;
}

/// "" when the handset has every property of the item as the server would show it, and nothing else.
std::string difference_of(World& world, AccountId account, const ItemRow& row, int version) {
  const Item* item = world.server().item(kEmail, std::string(row.server_id));
  if (item == nullptr) return std::string(row.server_id) + " is not at the server";
  exchange::ViewOptions view;
  view.bodies.push_back({});
  // 2.5 has the same properties, but for the body.
  Node theirs = exchange::item_properties(*item, wbxml::air_sync::kApplicationData, view, std::max(version, 120));
  std::erase_if(theirs.children, [](const Node& node) {
    return node.tag == wbxml::air_sync_base::kBody || node.tag == wbxml::air_sync_base::kNativeBodyType;
  });
  std::size_t found = 0;
  std::string wrong;
  const std::string id(row.server_id);
  const ItemId own = row.id;
  world.with_reader(account, [&](Reader& reader) {
    World::rows<PropertyRow>(reader.properties(own), [&](const PropertyRow& property) {
      if (property.id == 1) return;  // what no table names: the others are counted
      ++found;
      const auto same = std::find_if(theirs.children.begin(), theirs.children.end(),
                                     [&](const Node& node) { return wbxml::tag_name(node.tag) == property.name; });
      if (same == theirs.children.end()) {
        wrong = id + " has " + std::string(property.name) + " here only";
      } else if (value_of(property) != value_of(*same, property)) {
        wrong = id + " has another " + std::string(property.name);
      }
    });
  });
  if (wrong.empty() && found != theirs.children.size()) {
    wrong = id + " has " + std::to_string(found) + " of " + std::to_string(theirs.children.size()) + " properties";
  }
  if (wrong.empty() && world.body(account, own) != exchange::native_body(*item)) wrong = id + " has another body";
  return wrong;
}

std::string difference_of_all(World& world, AccountId account, int version) {
  std::map<std::string, int> folders{{"Calendar", 0}, {"Contacts", 0}, {"Tasks", 0}, {"Notes", 0}};
  std::string wrong;
  for (auto& [name, count] : folders) {
    if (name == "Notes" && version < 140) continue;
    std::vector<std::pair<ItemId, std::string>> items;
    world.for_each_item(account, name, [&](const ItemRow& row) { items.emplace_back(row.id, row.server_id); });
    for (const auto& [id, server_id] : items) {
      ItemRow row;
      row.id = id;
      row.server_id = server_id;
      if (wrong.empty()) wrong = difference_of(world, account, row, version);
    }
    count = static_cast<int>(items.size());
  }
  if (!wrong.empty()) return wrong;
  return std::to_string(folders["Calendar"]) + " " + std::to_string(folders["Contacts"]) + " " +
         std::to_string(folders["Tasks"]) + " " + std::to_string(folders["Notes"]);
}

}  // namespace

TEST_GROUP(Classes){};

TEST(Classes, ComeWholeInEveryVersion) {
  for (const char* version : {"2.5", "12.0", "12.1", "14.0", "14.1", "16.0", "16.1"}) {
    World world(with(version));
    const int number = number_of(version);
    AccountId id = world.add();

    LONGS_EQUAL_TEXT(0, world.sync(id).code, version);
    STRCMP_EQUAL_TEXT(number >= 140 ? "20 15 10 5" : "20 15 10 0", difference_of_all(world, id, number).c_str(),
                      version);
    world.server().edit(kEmail, 40);

    LONGS_EQUAL_TEXT(0, world.sync(id).code, version);
    STRCMP_EQUAL_TEXT(number >= 140 ? "20 15 10 5" : "20 15 10 0", difference_of_all(world, id, number).c_str(),
                      version);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
    world.server().lose_sync_state(kEmail);

    LONGS_EQUAL_TEXT(0, world.sync(id).code, version);
    STRCMP_EQUAL_TEXT(number >= 140 ? "20 15 10 5" : "20 15 10 0", difference_of_all(world, id, number).c_str(),
                      version);
    CHECK(world.engine().integrity(id).ok());
  }
}

TEST(Classes, WhatTheServerDropsFromAnItemIsGoneHere) {
  for (const char* version : {"14.1", "16.1"}) {
    exchange::Options options = with(version);
    World world(options);
    AccountId id = world.add();
    LONGS_EQUAL(0, world.sync(id).code);
    std::string event;
    world.for_each_item(id, "Calendar", [&](const ItemRow& row) { event = row.server_id; });
    world.server().change(kEmail, event, [](Item& item) {
      item.remove(cal::kLocation);
      item.remove(cal::kReminder);
      item.set(Node(cal::kBusyStatus, 3));
      Node unknown(wbxml::make_tag(4, 0x3E));
      unknown.add(wbxml::make_tag(4, 0x3F), "kept");
      item.set(unknown);
    });
    LONGS_EQUAL(0, world.sync(id).code);
    bool rest = false;
    ItemId own{};
    world.for_each_item(id, "Calendar", [&](const ItemRow& row) {
      if (row.server_id == event) own = row.id;
    });
    world.with_reader(id, [&](Reader& reader) {
      World::rows<PropertyRow>(reader.properties(own), [&](const PropertyRow& row) {
        CHECK(row.name != "Location" && row.name != "Reminder");
        if (row.id == 1) rest = row.structured && row.value.find("kept") != Text::npos;
      });
    });
    CHECK(rest);
  }
}

TEST(Classes, AListShowsWhatItsClassHas) {
  for (const char* version : {"14.1", "16.1"}) {
    exchange::Options options = with(version);
    options.events = options.contacts = options.tasks = options.notes = 0;
    World world(options);
    AccountId id = world.add();
    Item event;
    event.class_name = "Calendar";
    event.properties = {Node(cal::kSubject, "Review"),
                        Node(cal::kStartTime, "20260105T090000Z"),
                        Node(cal::kEndTime, "20260105T103000Z"),
                        Node(cal::kAllDayEvent, 1),
                        Node(cal::kLocation, "Room 4"),
                        Node(cal::kOrganizerName, "Ada"),
                        Node(cal::kOrganizerEmail, "ada@example.test")};
    Node weekly(cal::kRecurrence);
    weekly.add(cal::kType, 1);
    weekly.add(cal::kDayOfWeek, 2);
    event.properties.push_back(weekly);
    world.server().put(kEmail, event);
    Item contact;
    contact.class_name = "Contacts";
    contact.properties = {Node(con::kLastName, "Lovelace"), Node(con::kFirstName, "Ada"),
                          Node(con::kBusinessPhoneNumber, "+44 1"), Node(con::kEmail1Address, "ada@example.test")};
    world.server().put(kEmail, contact);
    contact.properties = {Node(con::kCompanyName, "Engines")};
    world.server().put(kEmail, contact);
    Item task;
    task.class_name = "Tasks";
    task.properties = {Node(tsk::kSubject, "Do it"), Node(tsk::kUtcDueDate, "2026-01-06T00:00:00.000Z"),
                       Node(tsk::kDueDate, "2026-01-06T00:00:00.000Z"), Node(tsk::kComplete, 1)};
    world.server().put(kEmail, task);
    LONGS_EQUAL(0, world.sync(id).code);
    int seen = 0;
    world.for_each_item(id, "Calendar", [&](const ItemRow& row) {
      ++seen;
      CHECK(row.kind == Class::kEvent && row.all_day && row.recurring && row.read);
      LONGLONGS_EQUAL(1'767'603'600'000, row.when_ms);
      LONGLONGS_EQUAL(1'767'609'000'000, row.end_ms);
      STRCMP_EQUAL("Room 4", std::string(row.location).c_str());
      STRCMP_EQUAL("ada@example.test", std::string(row.organizer).c_str());
      STRCMP_EQUAL("Review", std::string(row.subject).c_str());
    });
    world.for_each_item(id, "Contacts", [&](const ItemRow& row) {
      ++seen;
      const bool person = row.name == "Ada Lovelace" && row.email == "ada@example.test" && row.phone == "+44 1";
      CHECK(person || row.name == "Engines");
    });
    world.for_each_item(id, "Tasks", [&](const ItemRow& row) {
      ++seen;
      CHECK(row.complete);
      LONGLONGS_EQUAL(1'767'657'600'000, row.when_ms);
    });
    LONGS_EQUAL(4, seen);
  }
}
