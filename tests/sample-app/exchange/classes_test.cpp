#include <map>
#include <string>

#include "sample-app/exchange/phone.h"

#include <CppUTest/TestHarness.h>

using namespace exchange_test;

namespace cal = wbxml::calendar;
namespace con = wbxml::contacts;
namespace em2 = wbxml::email2;
namespace tsk = wbxml::tasks;

TEST_GROUP(ExchangeClasses) {
  static exchange::Options options() {
    exchange::Options options = options_with(4);
    options.events = 5;
    options.contacts = 4;
    options.tasks = 3;
    options.notes = 2;
    options.sms = 6;
    return options;
  }
  exchange::Server server{options()};
  Phone phone{server};
  std::map<std::string, std::string> folders;  // type -> id

  void setup() override {
    phone.provision();
    const Node tree = phone.folder_sync();
    for (const Node& folder : tree.find(fh::kChanges)->children) {
      folders.emplace(std::string(folder.value(fh::kType)), std::string(folder.value(fh::kServerId)));
    }
  }
  std::size_t count(const std::string& type) {
    phone.first_sync(folders[type]);
    return phone.drain(folders[type]).size();
  }
  // The first item of a folder as another phone gets it.
  Node first_item(Phone & other, const std::string& id) {
    other.provision();
    other.folder_sync();
    other.first_sync(id);
    return *other.sync(Phone::collection(other.key, id, {n(as::kGetChanges)}))
                .find(as::kCommands)
                ->children[0]
                .find(as::kApplicationData);
  }
};

TEST(ExchangeClasses, EveryFolderHoldsWhatWasAskedFor) {
  LONGS_EQUAL(5, count("8"));
  LONGS_EQUAL(4, count("9"));
  LONGS_EQUAL(3, count("7"));
  LONGS_EQUAL(2, count("10"));
  LONGS_EQUAL(4, count("2"));
}

TEST(ExchangeClasses, ShortMessagesNeedOptionsOfTheirOwn) {
  phone.first_sync();
  const Node answer = phone.sync(
      Phone::collection(phone.key, kInbox,
                        {n(as::kGetChanges), n(as::kOptions, {n(as::kFilterType, "0")}),
                         n(as::kOptions, {n(as::kClass, "SMS"), n(asb::kBodyPreference, {n(asb::kType, "1")})})}));
  std::size_t messages = 0;
  for (const Node& add : answer.find(as::kCommands)->children) messages += add.value(as::kClass) == "SMS" ? 1 : 0;
  LONGS_EQUAL(6, messages);
  LONGS_EQUAL(10, answer.find(as::kCommands)->children.size());
}

TEST(ExchangeClasses, APlaceIsAWordOrAStructureByVersion) {
  Phone older(server, "14.1", "phone2"), newer(server, "16.1", "phone3");
  const Node before = first_item(older, folders["8"]), after = first_item(newer, folders["8"]);
  CHECK(!before.value(cal::kLocation).empty());
  CHECK(!before.has(asb::kLocation));
  CHECK(!after.has(cal::kLocation));
  CHECK_EQUAL(std::string(before.value(cal::kLocation)),
              std::string(after.find(asb::kLocation)->value(asb::kDisplayName)));
}

TEST(ExchangeClasses, OlderVersionsDoNotSeeNewerProperties) {
  Phone oldest(server, "12.1", "phone2"), newer(server, "16.1", "phone3");
  const Node before = first_item(oldest, kInbox), after = first_item(newer, kInbox);
  CHECK(!before.has(em2::kConversationId));
  CHECK(!before.has(em2::kIsDraft));
  CHECK(after.find(em2::kConversationId)->opaque);
  CHECK_EQUAL(std::string("0"), std::string(after.value(em2::kIsDraft)));
}

TEST(ExchangeClasses, WhatAContactLeavesOutIsGoneButItsNoteStays) {
  const std::string id = folders["9"];
  phone.first_sync(id);
  const std::string item = phone.drain(id).front();
  const Node change = n(
      as::kCommands, {n(as::kChange, {n(as::kServerId, item),
                                      n(as::kApplicationData, {n(con::kFirstName, "Ida"), n(con::kLastName, "Ek")})})});
  CHECK(!phone.sync(Phone::collection(phone.key, id, {change})).has(as::kResponses));
  Phone other(server, "14.1", "phone2");
  other.provision();
  other.folder_sync();
  other.first_sync(id);
  const Node all = other.sync(Phone::collection(other.key, id, {n(as::kGetChanges), Phone::options()}));
  for (const Node& add : all.find(as::kCommands)->children) {
    if (add.value(as::kServerId) != item) continue;
    const Node& data = *add.find(as::kApplicationData);
    CHECK_EQUAL(std::string("Ida"), std::string(data.value(con::kFirstName)));
    CHECK(!data.has(con::kMobilePhoneNumber));
    CHECK(!data.find(asb::kBody)->value(asb::kData).empty());
  }
}

TEST(ExchangeClasses, APropertyNobodyKnowsIsKept) {
  const std::string id = folders["7"];
  phone.first_sync(id);
  phone.drain(id);
  const Tag unknown = wbxml::make_tag(9, 0x3E);
  const Node add = n(
      as::kCommands,
      {n(as::kAdd, {n(as::kClientId, "t1"),
                    n(as::kApplicationData, {n(tsk::kSubject, "Try"), n(tsk::kComplete, "0"), n(unknown, "kept")})})});
  phone.sync(Phone::collection(phone.key, id, {add}));
  Phone other(server, "14.1", "phone2");
  other.provision();
  other.folder_sync();
  other.first_sync(id);
  const Node all = other.sync(Phone::collection(other.key, id, {n(as::kGetChanges)}));
  bool kept = false;
  for (const Node& item : all.find(as::kCommands)->children)
    kept = kept || item.find(as::kApplicationData)->value(unknown) == "kept";
  CHECK(kept);
}

TEST(ExchangeClasses, ADraftMayBeMadeAndSentAt16Only) {
  Phone modern(server, "16.1", "phone2");
  modern.provision();
  modern.folder_sync();
  modern.first_sync(folders["3"]);
  const Node draft =
      n(as::kCommands,
        {n(as::kAdd, {n(as::kClientId, "d1"), n(em2::kSend),
                      n(as::kApplicationData, {n(em::kTo, "ben@example.test"), n(em::kSubject, "A draft"),
                                               n(asb::kBody, {n(asb::kType, "1"), n(asb::kData, "Text")})})})});
  const Node answer = modern.sync(Phone::collection(modern.key, folders["3"], {draft}));
  CHECK_EQUAL(std::string("1"), std::string(answer.find(as::kResponses)->find(as::kAdd)->value(as::kStatus)));
  CHECK(server.contents("ben@example.test").find("A draft") != std::string::npos);
  LONGS_EQUAL(0, server.violations().size());
}
