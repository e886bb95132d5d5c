// Invitations answered: the server has the answer, the organizer is told once, whatever is lost on the way.
#include <cjson/cJSON.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/sync/item_cases.h"
#include "engine/sync/mailbox_view.h"
#include "exchange/mailbox.h"
#include "replica/store.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;
using exchange::Item;
using exchange::Node;

namespace {

namespace cal = wbxml::calendar;
namespace mail = wbxml::email;

constexpr const char* kEmail = "demo@example.test";
constexpr const char* kOrganizer = "bob@example.test";
constexpr const char* kAll[] = {"2.5", "12.1", "14.0", "14.1", "16.0", "16.1"};
using Reply = MeetingAnswer::Reply;

struct Invited : World {
  explicit Invited(const char* version_text, bool weekly = false)
      : World(options(version_text)), version(version_text) {
    id = add(kEmail);
    server().invite(kOrganizer, kEmail, "Planung, Süd", weekly);
    LONGS_EQUAL_TEXT(0, sync(id).code, version);
  }
  static exchange::Options options(const char* version) {
    exchange::Options options = of_version(version);
    options.users = {{kEmail, "demo"}, {kOrganizer, "bob"}};
    return options;
  }
  ItemId first(const std::string& folder) {
    ItemId found{};
    for_each_item(id, folder, [&](const ItemRow& row) { found = row.id; });
    return found;
  }
  Result<ChangeId> respond(ItemId item, MeetingAnswer answer) { return engine().changes(id).respond(item, answer); }
  Error flush() {
    idle[id] = 0;
    if (Status begun = engine().flush(id, now()); !begun.ok()) return begun.error();
    if (!run_until_idle(id, 3600'000)) return Error{Domain::kEngine, 999, 0};
    return error(id);
  }
  std::vector<const Item*> items(const std::string& email, const std::string& class_name) {
    std::vector<const Item*> found;
    for (const std::string& server_id : ids(email, class_name)) found.push_back(server().item(email, server_id));
    return found;
  }
  std::vector<std::string> ids(const std::string& email, const std::string& class_name) {
    std::vector<std::string> found;
    std::unique_ptr<cJSON, decltype(&cJSON_Delete)> root(cJSON_Parse(server().contents(email).c_str()), cJSON_Delete);
    const cJSON* one = nullptr;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(root.get(), "items")) {
      const char* server_id = cJSON_GetObjectItemCaseSensitive(one, "server_id")->valuestring;
      const Item* item = server().item(email, server_id);
      if (item != nullptr && item->class_name == class_name) found.emplace_back(server_id);
    }
    return found;
  }
  /// What the organizer's event says of the attendee.
  std::string noted() {
    for (const Item* event : items(kOrganizer, "Calendar"))
      for (const Node& property : event->properties)
        if (property.tag == cal::kAttendees) return std::string(property.children[0].value(cal::kAttendeeStatus));
    return "no event";
  }
  std::size_t told(const std::string& subject) {
    std::size_t count = 0;
    for (const Item* one : items(kOrganizer, "Email")) count += one->value(mail::kSubject) == subject;
    return count;
  }
  std::string property(ItemId item, std::uint16_t id_of) {
    std::string value;
    with_reader(id, [&](Reader& reader) {
      std::byte room[64];
      const auto got = reader.property(item, id_of, 0, room);
      if (got.ok()) value = std::string(text_of(Bytes(room, got.value())));
    });
    return value;
  }
  int sent_most() {
    std::unique_ptr<cJSON, decltype(&cJSON_Delete)> stats(cJSON_Parse(server().stats().c_str()), cJSON_Delete);
    int most = 0;
    const cJSON* entry = nullptr;
    cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(stats.get(), "sent")) most =
        most > entry->valueint ? most : entry->valueint;
    return most;
  }
  const char* version;
  AccountId id{};
};

}  // namespace

TEST_GROUP(Respond){};

TEST(Respond, AnAnswerReachesServerAndOrganizerOnceInEveryVersion) {
  struct Case {
    Reply reply;
    const char *prefix, *noted, *type;
  };
  for (const Case& one : {Case{Reply::kAccept, "Accepted: ", "3", "3"},
                          {Reply::kTentative, "Tentative: ", "2", "2"},
                          {Reply::kDecline, "Declined: ", "4", "4"}}) {
    for (const char* version : kAll) {
      Invited world(version);
      MeetingAnswer answer;
      answer.reply = one.reply;
      answer.message = "Bis dann, grüße";
      CHECK_TEXT(world.respond(world.first("Inbox"), answer).ok(), version);
      STRCMP_EQUAL_TEXT("respond", world.queue(world.id)[0].what.c_str(), version);
      LONGS_EQUAL_TEXT(0, world.flush().code, version);
      LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
      CHECK_TEXT(world.queue(world.id).empty(), version);
      STRCMP_EQUAL_TEXT(one.noted, world.noted().c_str(), version);
      LONGS_EQUAL_TEXT(1, world.told(one.prefix + std::string("Planung, Süd")), version);
      LONGS_EQUAL_TEXT(1, world.sent_most(), version);
      LONGS_EQUAL_TEXT(0, world.subjects(world.id, "Inbox").size(), version);
      const bool declined = one.reply == Reply::kDecline;
      LONGS_EQUAL_TEXT(declined ? 0 : 1, world.subjects(world.id, "Calendar").size(), version);
      if (!declined && number_of(version) >= 140) {
        STRCMP_EQUAL_TEXT(one.type, world.property(world.first("Calendar"), cal::kResponseType).c_str(), version);
      }
      STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
      LONGS_EQUAL_TEXT(1, world.requests("MeetingResponse"), version);
      CHECK(world.engine().integrity(world.id).ok());
    }
  }
}

TEST(Respond, LostAnswersAndReboots) {
  for (const char* version : kAll) {
    for (const char* what : {"lose-answer", "cut:0", "http:503", "cut:10"}) {
      for (const bool of_event : {false, true}) {
        if (of_event && number_of(version) < 141) continue;
        Invited world(version);
        world.server().fault(std::string("MeetingResponse@1:") + what);
        CHECK(world.respond(world.first(of_event ? "Calendar" : "Inbox"), {}).ok());
        static_cast<void>(world.flush());
        world.server().faults_off();
        world.restart();
        LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
        LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
        CHECK_TEXT(world.queue(world.id).empty(), version);
        STRCMP_EQUAL_TEXT("3", world.noted().c_str(), version);
        LONGS_EQUAL_TEXT(1, world.told("Accepted: Planung, Süd"), version);
        LONGS_EQUAL_TEXT(1, world.sent_most(), version);
        STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
      }
    }
  }
}

TEST(Respond, OneOfASeriesAndAnotherTime) {
  for (const char* version : {"14.1", "16.1"}) {
    Invited world(version, true);
    const ItemId event = world.first("Calendar");
    std::int64_t start_ms = 0;
    world.for_each_item(world.id, "Calendar", [&](const ItemRow& row) { start_ms = row.when_ms; });
    MeetingAnswer answer;
    answer.reply = Reply::kDecline;
    answer.one = true;
    answer.original_ms = start_ms + 7 * 86'400'000ll;
    CHECK_TEXT(world.respond(event, answer).ok(), version);
    answer.reply = Reply::kAccept;
    answer.original_ms += 7 * 86'400'000ll;
    CHECK_TEXT(world.respond(event, answer).ok(), version);
    for (int i = 0; i < 2; ++i) {  // each is lost once
      world.server().fault("MeetingResponse@1:lose-answer");
      static_cast<void>(world.flush());
      world.server().faults_off();
    }
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    CHECK_TEXT(world.queue(world.id).empty(), version);
    const Item* there = world.items(kEmail, "Calendar")[0];
    std::size_t exceptions = 0;
    for (const Node& property : there->properties)
      if (property.tag == cal::kExceptions) exceptions = property.children.size();
    LONGS_EQUAL_TEXT(2, exceptions, version);
    LONGS_EQUAL_TEXT(1, world.told("Declined: Planung, Süd"), version);
    LONGS_EQUAL_TEXT(1, world.told("Accepted: Planung, Süd"), version);
    LONGS_EQUAL_TEXT(1, world.sent_most(), version);
    answer = {};
    answer.reply = Reply::kTentative;
    answer.propose_start_ms = start_ms + 3'600'000;
    answer.propose_end_ms = start_ms + 7'200'000;
    const auto proposed = world.respond(event, answer);
    LONGS_EQUAL_TEXT(version == std::string("16.1"), proposed.ok(), version);
    if (!proposed.ok()) LONGS_EQUAL(static_cast<int>(EngineFault::kNotInVersion), proposed.error().code);
    LONGS_EQUAL_TEXT(0, world.sync(world.id).code, version);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
  }
}

/// An invitation to one of a series is answered for that one; where HTML is forbidden an answer is none.
TEST(Respond, OneOfASeriesThatCameAloneWhereHtmlIsForbidden) {
  Invited world("12.1");
  const std::vector<std::string> before = world.ids(kEmail, "Email");
  world.server().invite(kOrganizer, kEmail, "one of them", false);
  for (const std::string& each : world.ids(kEmail, "Email")) {
    if (std::find(before.begin(), before.end(), each) != before.end()) continue;
    world.server().change(kEmail, each, [](Item& item) {
      for (Node& property : item.properties)
        if (property.tag == mail::kMeetingRequest)
          property.children.emplace_back(mail::kRecurrenceId, "2026-03-10T09:00:00.000Z");
    });
  }
  world.server().policy(kEmail, exchange::Policy{{"DevicePasswordEnabled", "0", {}}, {"AllowHTMLEmail", "0", {}}});
  LONGS_EQUAL(0, world.sync(world.id).code);
  MeetingAnswer answer;
  answer.reply = Reply::kDecline;
  ItemId request{};
  world.for_each_item(world.id, "Inbox", [&](const ItemRow& row) {
    if (row.subject == "one of them") request = row.id;
  });
  CHECK(world.respond(request, answer).ok());
  LONGS_EQUAL(0, world.flush().code);
  CHECK(world.queue(world.id).empty());
  std::string reply;
  for (const Sent& sent : world.sent)
    if (sent.label == "SendMail") reply = sent.body;
  CHECK(reply.find("RECURRENCE-ID:20260310T090000Z") != std::string::npos);
}

TEST(Respond, RefusalsAreParkedAndListedAndCanBeDropped) {
  Invited world("16.1");
  const ItemId request = world.first("Inbox");
  CHECK(world.respond(request, {}).ok());
  world.server().fault("MeetingResponse:status:2");
  static_cast<void>(world.flush());
  world.server().faults_off();
  auto queue = world.queue(world.id);
  LONGS_EQUAL(1, queue.size());
  CHECK(queue[0].parked);
  LONGS_EQUAL(2, queue[0].last.code % 1000);
  CHECK(world.engine().changes(world.id).retry(ChangeId{queue[0].id}).ok());
  LONGS_EQUAL(0, world.flush().code);
  CHECK(world.queue(world.id).empty());
  STRCMP_EQUAL("3", world.noted().c_str());
}

TEST(Respond, WhatIsNoInvitationIsRefusedHere) {
  Invited world("12.1");
  world.server().deliver(kEmail, "just a mail");
  LONGS_EQUAL(0, world.sync(world.id).code);
  ItemId plain{};
  world.for_each_item(world.id, "Inbox", [&](const ItemRow& row) {
    if (row.subject == "just a mail") plain = row.id;
  });
  const auto code = [](const auto& result) { return result.error().code; };
  LONGS_EQUAL(static_cast<int>(EngineFault::kNoInvitation), code(world.respond(plain, {})));
  LONGS_EQUAL(static_cast<int>(EngineFault::kNotInVersion), code(world.respond(world.first("Calendar"), {})));
  MeetingAnswer answer;
  answer.one = true;
  LONGS_EQUAL(static_cast<int>(EngineFault::kNotInVersion), code(world.respond(world.first("Inbox"), answer)));
  CHECK(failed(world.respond(ItemId{999}, {}).error()));
  CHECK(world.queue(world.id).empty());
}
