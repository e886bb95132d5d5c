#include <algorithm>
#include <set>
#include <string>

#include "sample-app/exchange/phone.h"

#include <CppUTest/TestHarness.h>

using namespace exchange_test;

namespace {

Node change_read(const std::string& id, const std::string& read) {
  return n(as::kCommands, {n(as::kChange, {n(as::kServerId, id), n(as::kApplicationData, {n(em::kRead, read)})})});
}

const Node* command_of(const Node& collection, Tag tag) {
  const Node* const commands = collection.find(as::kCommands);
  return commands == nullptr ? nullptr : commands->find(tag);
}

}  // namespace

TEST_GROUP(ExchangeSync) {
  exchange::Server server{options_with(30)};
  Phone phone{server};

  void setup() override {
    phone.provision();
    phone.folder_sync();
  }
};

TEST(ExchangeSync, FirstKeyBringsNoItems) {
  const Node first = phone.first_sync();
  CHECK_EQUAL(std::string("1"), std::string(first.value(as::kStatus)));
  CHECK(!first.has(as::kCommands));
  CHECK(phone.key != "0");
}

TEST(ExchangeSync, WindowsBringEveryMailOnce) {
  phone.first_sync();
  const auto ids = phone.drain(kInbox, "7");
  LONGS_EQUAL(30, ids.size());
  LONGS_EQUAL(30, std::set<std::string>(ids.begin(), ids.end()).size());
  LONGS_EQUAL(0, server.violations().size());
}

TEST(ExchangeSync, NothingNewIsAnEmptyAnswerUnderTheSameKey) {
  phone.first_sync();
  phone.drain();
  const HttpResponse response =
      phone.http("Sync", exchange::to_wbxml(Phone::sync_document(Phone::collection(phone.key, kInbox))));
  LONGS_EQUAL(200, response.status);
  LONGS_EQUAL(0, response.body.size());
  CHECK(response.header("Content-Type") == nullptr);
}

TEST(ExchangeSync, TheKeyBeforeGetsTheSameAnswerAgain) {
  phone.first_sync();
  const std::string before = phone.key;
  const Node request = Phone::collection(before, kInbox, {n(as::kGetChanges), n(as::kWindowSize, "5")});
  const Node once = phone.sync(request);
  const Node twice = phone.sync(request);
  CHECK(once == twice);
  CHECK(once.has(as::kMoreAvailable));
}

TEST(ExchangeSync, TheKeyBeforeWithAnotherWindowIsComputedAnewWithoutDuplicates) {
  phone.first_sync();
  const std::string before = phone.key;
  phone.sync(Phone::collection(before, kInbox, {n(as::kGetChanges), n(as::kWindowSize, "20")}));
  phone.sync(Phone::collection(before, kInbox, {n(as::kGetChanges), n(as::kWindowSize, "5")}));
  LONGS_EQUAL(25, phone.drain().size());
}

TEST(ExchangeSync, AnOlderKeyIsUnknown) {
  phone.first_sync();
  const std::string old = phone.key;
  phone.sync(Phone::collection(phone.key, kInbox, {n(as::kGetChanges), n(as::kWindowSize, "5")}));
  phone.sync(Phone::collection(phone.key, kInbox, {n(as::kGetChanges), n(as::kWindowSize, "5")}));
  const Node refused = phone.sync(Phone::collection(old, kInbox));
  CHECK_EQUAL(std::string("3"), std::string(refused.value(as::kStatus)));
  CHECK_EQUAL(std::string("0"), std::string(refused.value(as::kSyncKey)));
  CHECK(complains(server, "neither the last nor the one before"));
}

TEST(ExchangeSync, ARepeatedAddMakesOneItem) {
  std::string notes;
  const Node tree = phone.folder_sync();
  for (const Node& folder : tree.find(fh::kChanges)->children) {
    if (folder.value(fh::kType) == "10") notes = folder.value(fh::kServerId);
  }
  phone.first_sync(notes);
  const std::string before = phone.key;
  const Node add =
      n(as::kCommands, {n(as::kAdd, {n(as::kClientId, "c1"),
                                     n(as::kApplicationData, {n(wbxml::notes::kSubject, "Hello"),
                                                              n(wbxml::notes::kMessageClass, "IPM.StickyNote")})})});
  const Node once = phone.sync(Phone::collection(before, notes, {add}));
  const Node again = phone.sync(Phone::collection(before, notes, {n(as::kWindowSize, "9"), add}));
  const auto id_in = [](const Node& part) {
    return std::string(part.find(as::kResponses)->find(as::kAdd)->value(as::kServerId));
  };
  CHECK_EQUAL(id_in(once), id_in(again));
  LONGS_EQUAL(0, phone.drain(notes).size());
}

TEST(ExchangeSync, ReadTravelsToTheOtherPhoneAlone) {
  Phone other(server, "16.1", "phone2");
  phone.first_sync();
  const std::string id = phone.drain().front();
  other.ready();
  const std::string now =
      server.contents("anna@example.test").find("\"server_id\":\"" + id + "\"") != std::string::npos ? "1" : "0";
  phone.sync(Phone::collection(phone.key, kInbox, {change_read(id, now)}));
  phone.sync(Phone::collection(phone.key, kInbox, {change_read(id, "0")}));
  phone.sync(Phone::collection(phone.key, kInbox, {change_read(id, "1")}));
  const Node seen = other.sync(Phone::collection(other.key, kInbox));
  const Node* const change = command_of(seen, as::kChange);
  CHECK(change != nullptr);
  const Node& data = *change->find(as::kApplicationData);
  CHECK_EQUAL(std::string("1"), std::string(data.value(em::kRead)));
  CHECK(!data.has(em::kSubject));
  LONGS_EQUAL(0, phone.drain().size());
}

TEST(ExchangeSync, WhenBothChangedTheServerWinsUnlessToldOtherwise) {
  phone.first_sync();
  const std::string id = phone.drain().front();
  Phone other(server, "16.1", "phone2");
  other.ready();
  other.sync(Phone::collection(other.key, kInbox, {change_read(id, "0")}));
  other.sync(Phone::collection(other.key, kInbox, {change_read(id, "1")}));
  const Node lost = phone.sync(Phone::collection(phone.key, kInbox, {change_read(id, "0")}));
  CHECK_EQUAL(std::string("7"), std::string(lost.find(as::kResponses)->find(as::kChange)->value(as::kStatus)));
  CHECK(command_of(lost, as::kChange) != nullptr);
}

TEST(ExchangeSync, DeleteMovesToDeletedItemsUnlessTold) {
  phone.first_sync();
  const std::string id = phone.drain().front();
  const Node answer =
      phone.sync(Phone::collection(phone.key, kInbox, {n(as::kCommands, {n(as::kDelete, {n(as::kServerId, id)})})}));
  CHECK(!answer.has(as::kResponses));
  CHECK(server.contents("anna@example.test").find("\"server_id\":\"3:1\"") != std::string::npos);
}

TEST(ExchangeSync, ItemsThatLeaveTheFilterAreSoftlyDeleted) {
  phone.first_sync();
  phone.drain();
  const Node answer = phone.sync(Phone::collection(
      phone.key, kInbox, {n(as::kGetChanges), n(as::kWindowSize, "512"), n(as::kOptions, {n(as::kFilterType, "3")})}));
  const Node& commands = *answer.find(as::kCommands);
  CHECK(commands.count(as::kSoftDelete) > 20);
  LONGS_EQUAL(0, commands.count(as::kDelete));
}

TEST(ExchangeSync, BodiesAreCutBetweenCharactersAndSayTheirSize) {
  phone.first_sync();
  const Node answer = phone.sync(Phone::collection(
      phone.key, kInbox,
      {n(as::kGetChanges), n(as::kOptions, {n(asb::kBodyPreference, {n(asb::kType, "1"), n(asb::kTruncationSize, "101"),
                                                                     n(asb::kPreview, "20")})})}));
  int cut = 0;
  for (const Node& add : answer.find(as::kCommands)->children) {
    const Node& body = *add.find(as::kApplicationData)->find(asb::kBody);
    CHECK(body.value(asb::kData).size() <= 101);
    CHECK_EQUAL(exchange::repair_utf8(body.value(asb::kData)), std::string(body.value(asb::kData)));
    if (body.value(asb::kTruncated) == "1") ++cut;
    CHECK(!body.value(asb::kPreview).empty());
  }
  CHECK(cut > 20);
}

TEST(ExchangeSync, AnEmptyRequestRepeatsTheLastOneOnlyAfterAnEmptyAnswer) {
  phone.first_sync();
  CHECK_EQUAL(std::string("13"), phone.status_of(exchange::parse_wbxml(phone.http("Sync", "").body)));
  phone.drain();
  phone.sync(Phone::collection(phone.key, kInbox));
  LONGS_EQUAL(0, phone.http("Sync", "").body.size());
  server.deliver("anna@example.test", "news");
  CHECK(phone.http("Sync", "").body.find("news") != std::string::npos);
}

TEST(ExchangeSync, AHangingSyncEndsWithTheMailOrWithTime) {
  phone.first_sync();
  phone.drain();
  const auto hang = [&] {
    Node document = Phone::sync_document(Phone::collection(phone.key, kInbox));
    document.add(n(as::kHeartbeatInterval, "120"));
    return phone.send(phone.request("Sync", exchange::to_wbxml(document)));
  };
  CHECK(!hang().has_value());
  CHECK_EQUAL(kStart + 120'000, server.next_wake_ms().value());
  server.deliver("anna@example.test", "while it hangs");
  CHECK(phone.late.has_value());
  CHECK(phone.late->body.find("while it hangs") != std::string::npos);
  phone.key = phone.late_document().find(as::kCollections)->children[0].value(as::kSyncKey);
  CHECK(!hang().has_value());
  server.tick(kStart + 120'000);
  CHECK(phone.late.has_value());
  LONGS_EQUAL(0, phone.late->body.size());
}

TEST(ExchangeSync, TheNewestMailComesFirst) {
  phone.first_sync();
  const Node answer = phone.sync(Phone::collection(phone.key, kInbox, {n(as::kGetChanges), n(as::kWindowSize, "30")}));
  std::string last = "9999";
  for (const Node& add : answer.find(as::kCommands)->children) {
    const std::string received(add.find(as::kApplicationData)->value(em::kDateReceived));
    CHECK(received <= last);
    last = received;
  }
}

// -- what Exchange refuses
// ---------------------------------------------------------------------------------------------

TEST_GROUP(ExchangeSyncRefuses) {
  exchange::Server server{options_with(3)};
  Phone phone{server};

  void setup() override {
    phone.provision();
    phone.folder_sync();
    phone.first_sync();
    phone.drain();
    LONGS_EQUAL(0, server.violations().size());
  }
  void refused(const Node& collection, const std::string& status, const std::string& about) {
    phone.sync(collection);
    CHECK_EQUAL(status, phone.status_of(phone.answer));
    CHECK_TEXT(complains(server, about), about.c_str());
  }
};

TEST(ExchangeSyncRefuses, ElementsInTheWrongOrder) {
  refused(Phone::collection(phone.key, kInbox, {n(as::kWindowSize, "5"), n(as::kGetChanges)}), "4",
          "after an element that follows it");
}
TEST(ExchangeSyncRefuses, ClassAt141) {
  refused(n(as::kCollection, {n(as::kClass, "Email"), n(as::kSyncKey, phone.key), n(as::kCollectionId, kInbox)}), "4",
          "Class in a Collection at 14.1");
}
TEST(ExchangeSyncRefuses, ChangesWithKeyZero) {
  refused(Phone::collection("0", kInbox, {n(as::kGetChanges)}), "4", "asks for changes with key 0");
}
TEST(ExchangeSyncRefuses, MoreThan200Commands) {
  Node commands = n(as::kCommands);
  for (int i = 0; i < 201; ++i) commands.add(n(as::kDelete, {n(as::kServerId, "5:" + std::to_string(i + 1000))}));
  refused(Phone::collection(phone.key, kInbox, {commands}), "4", "201 Commands");
}
TEST(ExchangeSyncRefuses, TwoBodyPreferencesOfOneType) {
  const Node preference = n(asb::kBodyPreference, {n(asb::kType, "1")});
  refused(Phone::collection(phone.key, kInbox, {n(as::kOptions, {preference, preference})}), "4",
          "two BodyPreferences");
}
TEST(ExchangeSyncRefuses, WaitAndHeartbeatTogether) {
  Node document = Phone::sync_document(Phone::collection(phone.key, kInbox));
  document.add(n(as::kWait, "5"));
  document.add(n(as::kHeartbeatInterval, "300"));
  CHECK_EQUAL(std::string("4"), phone.status_of(phone.run("Sync", document)));
}
TEST(ExchangeSyncRefuses, AWaitOutOfRangeNamingTheLimit) {
  Node document = Phone::sync_document(Phone::collection(phone.key, kInbox));
  document.add(n(as::kWait, "60"));
  const Node answer = phone.run("Sync", document);
  CHECK_EQUAL(std::string("14"), phone.status_of(answer));
  CHECK_EQUAL(std::string("59"), std::string(answer.value(as::kLimit)));
}
TEST(ExchangeSyncRefuses, AMailThatIsNoDraft) {
  const Node add =
      n(as::kCommands, {n(as::kAdd, {n(as::kClientId, "c"), n(as::kApplicationData, {n(em::kSubject, "x")})})});
  const Node answer = phone.sync(Phone::collection(phone.key, kInbox, {add}));
  CHECK_EQUAL(std::string("6"), std::string(answer.find(as::kResponses)->find(as::kAdd)->value(as::kStatus)));
}
TEST(ExchangeSyncRefuses, ASubjectChangedByTheClient) {
  const Node change =
      n(as::kCommands,
        {n(as::kChange, {n(as::kServerId, kInbox + ":1"), n(as::kApplicationData, {n(em::kSubject, "x")})})});
  const Node answer = phone.sync(Phone::collection(phone.key, kInbox, {change}));
  CHECK_EQUAL(std::string("6"), std::string(answer.find(as::kResponses)->find(as::kChange)->value(as::kStatus)));
}
TEST(ExchangeSyncRefuses, AFlagWithoutItsType) {
  const Node change =
      n(as::kCommands, {n(as::kChange, {n(as::kServerId, kInbox + ":1"),
                                        n(as::kApplicationData, {n(em::kFlag, {n(em::kStatus, "2")})})})});
  const Node answer = phone.sync(Phone::collection(phone.key, kInbox, {change}));
  CHECK_EQUAL(std::string("6"), std::string(answer.find(as::kResponses)->find(as::kChange)->value(as::kStatus)));
}
TEST(ExchangeSyncRefuses, AnUnknownCollection) {
  CHECK_EQUAL(std::string("8"), std::string(phone.sync(Phone::collection("0", "99")).value(as::kStatus)));
}
TEST(ExchangeSyncRefuses, OtherCommandsUnderTheKeyBefore) {
  const std::string before = phone.key;
  phone.sync(Phone::collection(before, kInbox, {change_read(kInbox + ":1", "1")}));
  phone.sync(Phone::collection(before, kInbox, {change_read(kInbox + ":2", "1")}));
  CHECK(complains(server, "with other Commands"));
}
TEST(ExchangeSyncRefuses, HeartbeatAt121) {
  Phone old(server, "12.1", "phone2");
  old.provision();
  old.folder_sync();
  Node collection = n(as::kCollection, {n(as::kClass, "Email"), n(as::kSyncKey, "0"), n(as::kCollectionId, kInbox)});
  Node document = Phone::sync_document(collection);
  document.add(n(as::kHeartbeatInterval, "300"));
  CHECK_EQUAL(std::string("4"), old.status_of(old.run("Sync", document)));
  CHECK_EQUAL(std::string("Email"), std::string(old.sync(collection).value(as::kClass)));
}
