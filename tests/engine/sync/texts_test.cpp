/// Text messages: received ones go up once, those of the server's Outbox leave the modem at most once, whatever is lost
/// on the way; and none does anything where version, device, account or policy have none.
#include <algorithm>

#include "engine/sync/mailbox_view.h"
#include "engine/sync/wire_view.h"
#include "exchange/mailbox.h"
#include "policy/fault.h"
#include "replica/store.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;

namespace {

constexpr const char* kEmail = "demo@example.test";
namespace st = wbxml::settings;

/// A text as one of the two ends has it.
struct TextView {
  std::string folder, from, to, words;
  bool read = false;
};

struct Desk : World {
  explicit Desk(const char* version = "14.1", TextMode mode = TextMode::kSync, exchange::Options given = {})
      : World(options(version, std::move(given))) {
    AccountSettings settings;
    settings.texts = mode;
    id = add(kEmail, "demo", settings);
    LONGS_EQUAL(0, sync(id).code);
  }
  static exchange::Options options(const char* version, exchange::Options options) {
    options.users = {{kEmail, "demo"}};
    options.versions = {version};
    options.mails = 2;
    options.body_bytes = 300;
    if (!options.policy || options.policy->empty() || (*options.policy)[0].name == "DevicePasswordEnabled")
      options.policy = std::nullopt;
    return options;
  }
  Changes& changes() { return engine().changes(id); }
  void arrive(const std::string& number, const std::string& words, bool sent_there = false) {
    CHECK(handset().texts()->arrive(number, words, sent_there).ok());
    engine().texts(now());
  }
  Result<ItemId> send(std::initializer_list<Text> numbers, Text words) {
    return changes().send_text(std::span(numbers.begin(), numbers.size()), words);
  }
  std::size_t on_air() { return handset().texts()->on_air().size(); }
  std::vector<TextView> at_server() {
    std::vector<TextView> found;
    std::unique_ptr<cJSON, decltype(&cJSON_Delete)> root(cJSON_Parse(server().contents(kEmail).c_str()), cJSON_Delete);
    std::map<std::string, std::string> names;
    for_each_folder(id, [&](const FolderRow& row) { names[std::string(row.server_id)] = std::string(row.name); });
    const cJSON* item = nullptr;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(root.get(), "items")) {
      const auto text = [&](const char* name) {
        return std::string(cJSON_GetObjectItemCaseSensitive(item, name)->valuestring);
      };
      if (text("class") != "SMS") continue;
      found.push_back({names[text("folder")], text("from"), text("to"), text("text"),
                       cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "read")) != 0});
    }
    return found;
  }
  std::vector<TextView> here(const std::string& folder) {
    std::vector<TextView> found;
    std::vector<ItemId> ids;
    for_each_item(id, folder, [&](const ItemRow& row) {
      if (row.kind != Class::kSms) return;
      found.push_back({folder, std::string(row.from), std::string(row.to), {}, row.read});
      ids.push_back(row.id);
    });
    for (std::size_t i = 0; i < ids.size(); ++i) found[i].words = body(id, ids[i]);
    return found;
  }
  ItemId text_item(const std::string& folder) {
    ItemId found{};
    for_each_item(id, folder, [&](const ItemRow& row) {
      if (row.kind == Class::kSms) found = row.id;
    });
    return found;
  }
  Error mode(TextMode wanted) {
    AccountChange change;
    change.has_texts = true;
    change.texts = wanted;
    return engine().set_account(id, change, now()).error();
  }
  /// EnableOutboundSMS as the server has it: "" = it was never told.
  std::string outbound() {
    const std::string all = server().stats();
    const std::size_t at = all.find("\"EnableOutboundSMS\":\"");
    return at == std::string::npos ? std::string() : all.substr(at + 21, 1);
  }
  /// Classes that the last Sync request gave Options for, of the Inbox and of the Outbox.
  std::string asked_for(const std::string& folder) {
    std::string server_id, classes;
    for_each_folder(id, [&](const FolderRow& row) {
      if (row.name == folder) server_id = std::string(row.server_id);
    });
    for (const Sent& one : sent) {
      if (one.label != "Sync") continue;
      const exchange::Node request = exchange::parse_wbxml(one.body);
      for (const exchange::Node& collection : request.find(as::kCollections)->children) {
        if (collection.value(as::kCollectionId) != server_id || collection.find(as::kOptions) == nullptr) continue;
        classes.clear();
        for (const exchange::Node& child : collection.children)
          if (child.tag == as::kOptions) classes += std::string(child.value(as::kClass)) + ".";
      }
    }
    return classes;
  }
  void settle_down() {
    for (int i = 0; i < 6 && (sync(id) || !queue(id).empty()); ++i) run_for(60'000);
  }
  AccountId id{};
};

exchange::Options with_policy(const char* allow) {
  exchange::Options options;
  exchange::Policy policy;
  policy.push_back({"AllowTextMessaging", allow, {}});
  options.policy = policy;
  return options;
}
exchange::Policy texts_policy(const char* allow) { return *with_policy(allow).policy; }

}  // namespace

TEST_GROUP(Texts){};

TEST(Texts, a_received_one_is_a_row_at_once_and_goes_up_once) {
  for (const char* version : {"14.0", "14.1", "16.1"}) {
    Desk a(version);
    a.arrive("+49170555", "where are you? \xC3\xA4\xE6\x97\xA5");
    CHECK_EQUAL(1U, a.here("Inbox").size());
    const TextView here = a.here("Inbox")[0];
    CHECK_EQUAL(std::string("\"+49170555\" [MOBILE:+49170555]"), here.from);
    CHECK_EQUAL(std::string("\"+15550100\" [MOBILE:+15550100]"), here.to);
    CHECK_EQUAL(std::string("where are you? \xC3\xA4\xE6\x97\xA5"), here.words);
    CHECK(!here.read);
    hal::TextRecord record;
    std::byte room[64];
    CHECK(!a.handset().messaging()->oldest(record, room).value());  // it is the engine's now
    CHECK_EQUAL(0U, a.at_server().size());
    CHECK_EQUAL(0, a.sync(a.id).code);
    CHECK_EQUAL(0, a.sync(a.id).code);
    CHECK_EQUAL(1U, a.at_server().size());
    const TextView there = a.at_server()[0];
    CHECK_EQUAL(here.from, there.from);
    CHECK_EQUAL(here.to, there.to);
    CHECK_EQUAL(here.words, there.words);
    CHECK_EQUAL(std::string("Inbox"), there.folder);
    CHECK(!there.read);
    CHECK_EQUAL(1U, a.here("Inbox").size());
    CHECK(a.queue(a.id).empty());
    CHECK_EQUAL(std::string(), a.first_violation());
  }
}

TEST(Texts, one_that_a_program_of_the_device_has_sent_goes_up_to_sent_items) {
  Desk a;
  a.arrive("+49170555", "on my way", true);
  CHECK_EQUAL(1U, a.here("Sent Items").size());
  CHECK(a.here("Sent Items")[0].read);
  a.settle_down();
  CHECK_EQUAL(1U, a.at_server().size());
  CHECK_EQUAL(std::string("Sent Items"), a.at_server()[0].folder);
  CHECK_EQUAL(std::string("\"+49170555\" [MOBILE:+49170555]"), a.at_server()[0].to);
  CHECK_EQUAL(std::string(), a.first_violation());
}

TEST(Texts, the_same_add_goes_again_when_its_answer_is_lost) {
  Desk a;
  for (const char* trouble : {"Sync@1:lose-answer", "Sync@1:cut:40"}) {
    a.server().faults_off();
    a.arrive("+49170555", std::string("lost ") + trouble);
    a.server().fault(trouble);
    a.settle_down();
    CHECK(a.queue(a.id).empty());
  }
  CHECK_EQUAL(2U, a.at_server().size());
  CHECK_EQUAL(2U, a.here("Inbox").size());
  CHECK_EQUAL(std::string(), a.first_violation());
}

TEST(Texts, one_that_the_server_has_is_known_again_when_key_and_answer_are_lost) {
  Desk a;
  a.arrive("+49170555", "once");
  bool lost = false;
  a.on_answer = [&](const Sent& sent, exchange::HttpResponse& answer) {
    if (lost || sent.label != "Sync" || sync_view(sent).command_count == 0) return;
    lost = true;
    answer.transport.lose = true;
    a.server().lose_sync_state(kEmail);
  };
  a.settle_down();
  CHECK(lost);
  CHECK(a.queue(a.id).empty());
  CHECK_EQUAL(1U, a.at_server().size());
  CHECK_EQUAL(1U, a.here("Inbox").size());
}

TEST(Texts, of_the_server_are_rows_of_their_own_class_and_are_kept_in_step) {
  exchange::Options options;
  options.sms = 3;
  Desk a("14.1", TextMode::kSync, options);
  CHECK_EQUAL(3U, a.here("Inbox").size());
  CHECK_EQUAL(5U, a.subjects(a.id).size());
  CHECK_EQUAL(std::string("Email.SMS."), a.asked_for("Inbox"));
  CHECK_EQUAL(std::string(), a.asked_for("Calendar").find("SMS") == std::string::npos ? "" : "SMS");
  for (const TextView& text : a.here("Inbox")) {
    CHECK(text.from.find("[MOBILE:+49170") != std::string::npos);
    CHECK(!text.words.empty());
  }
  const ItemId item = a.text_item("Inbox");
  CHECK(a.changes().mark(item, Mark::kRead).ok());
  CHECK(a.changes().remove(item, false).ok());
  a.settle_down();
  CHECK_EQUAL(2U, a.here("Inbox").size());
  CHECK_EQUAL(1U, a.here("Deleted Items").size());
  CHECK_EQUAL(std::string(), a.first_violation());
}

TEST(Texts, at_14_0_three_folders_have_them) {
  Desk a("14.0");
  CHECK_EQUAL(std::string("Email.SMS."), a.asked_for("Inbox"));
  CHECK_EQUAL(std::string("Email.SMS."), a.asked_for("Sent Items"));
  CHECK_EQUAL(std::string("."), a.asked_for("Deleted Items"));
}

TEST(Texts, are_not_asked_for_below_14_0_and_stay_with_the_modem) {
  Desk a("12.1");
  CHECK(a.handset().texts()->arrive("+49170555", "hello", false).ok());
  a.engine().texts(a.now());
  CHECK_EQUAL(0U, a.here("Inbox").size());
  CHECK_EQUAL(std::string("."), a.asked_for("Inbox"));
  CHECK(a.send({"+49170555"}, "hello").error() == engine_fault(EngineFault::kNotInVersion));
  CHECK_EQUAL(0U, a.on_air());
  a.server().set_versions({"14.1"});
  static_cast<void>(a.sync(a.id));
  a.settle_down();
  CHECK_EQUAL(1U, a.at_server().size());
}

TEST(Texts, are_not_asked_for_by_a_device_without_a_modem) {
  exchange::Options options;
  options.sms = 2;
  Desk b;
  b.adjust_handset = [](hal::simulated::Options& phone) { phone.has_messaging = false; };
  b.restart();
  b.engine().texts(b.now());
  CHECK_EQUAL(0, b.sync(b.id).code);
  CHECK_EQUAL(std::string("."), b.asked_for("Inbox"));
  CHECK(b.send({"+49170555"}, "hello").error() == engine_fault(EngineFault::kNoMessaging));
  CHECK(b.view(b.id).texts_refused == engine_fault(EngineFault::kNoMessaging));
  CHECK_EQUAL(0, b.mode(TextMode::kSyncAndSend).code);
  b.settle_down();
  CHECK_EQUAL(std::string(), b.outbound());
}

TEST(Texts, an_account_that_wants_none_has_none) {
  exchange::Options options;
  options.sms = 2;
  Desk a("14.1", TextMode::kSync, options);
  CHECK_EQUAL(2U, a.here("Inbox").size());
  CHECK_EQUAL(0, a.mode(TextMode::kOff).code);
  a.settle_down();
  CHECK_EQUAL(0U, a.here("Inbox").size());
  CHECK(a.send({"+49170555"}, "hello").error() == engine_fault(EngineFault::kTextsOff));
  CHECK(a.handset().texts()->arrive("+49170555", "kept by the modem", false).ok());
  a.restart();
  CHECK(a.view(a.id).texts == TextMode::kOff);
  CHECK_EQUAL(0U, a.here("Inbox").size());
  CHECK_EQUAL(0, a.mode(TextMode::kSync).code);
  a.settle_down();
  CHECK_EQUAL(3U, a.here("Inbox").size());
  CHECK_EQUAL(3U, a.at_server().size());
  CHECK_EQUAL(std::string(), a.first_violation());
}

TEST(Texts, the_first_account_that_wants_them_gets_them) {
  exchange::Options options;
  Desk a("14.1", TextMode::kOff);
  a.arrive("+49170555", "nobody wants it");
  CHECK_EQUAL(0U, a.here("Inbox").size());
  CHECK_EQUAL(0, a.mode(TextMode::kSync).code);
  a.engine().texts(a.now());
  CHECK_EQUAL(1U, a.here("Inbox").size());
}

TEST(Texts, one_that_arrives_while_push_is_on_goes_up_past_the_ping) {
  Desk a;
  CHECK(a.start_push(a.id));
  a.arrive("+49170555", "now");
  CHECK(a.run_until([&] { return a.at_server().size() == 1; }, 30'000));
  CHECK_EQUAL(std::string(), a.first_violation());
}

// -- sent from here
// ------------------------------------------------------------------------------------------------------------

TEST(Texts, one_that_is_sent_here_leaves_once_and_its_copy_goes_up) {
  Desk a("16.1");
  const auto item = a.send({"+49 (170) 555-1", "*100#"}, "on my way");
  CHECK(item.ok());
  CHECK_EQUAL(2U, a.on_air());
  CHECK_EQUAL(std::string("+491705551"), a.handset().texts()->on_air()[0].number);
  CHECK_EQUAL(std::string("on my way"), a.handset().texts()->on_air()[0].text);
  CHECK_EQUAL(1U, a.here("Sent Items").size());
  a.settle_down();
  CHECK_EQUAL(2U, a.on_air());
  CHECK_EQUAL(1U, a.at_server().size());
  CHECK_EQUAL(std::string("\"+491705551\" [MOBILE:+491705551]; \"*100#\" [MOBILE:*100#]"), a.at_server()[0].to);
  CHECK_EQUAL(std::string("\"+15550100\" [MOBILE:+15550100]"), a.at_server()[0].from);
  CHECK(a.at_server()[0].read);
  CHECK_EQUAL(std::string(), a.first_violation());
}

TEST(Texts, what_no_modem_sends_is_refused_and_leaves_nothing) {
  Desk a;
  const std::string long_text(hal::kTextBytesMax + 1, 'x');
  const auto invalid = [&](std::initializer_list<Text> numbers, Text words) {
    const Error error = a.send(numbers, words).error();
    return error.domain == Domain::kEngine && error.code == static_cast<std::int32_t>(EngineFault::kInvalidText);
  };
  CHECK(invalid({}, "hello"));
  CHECK(invalid({"+49"}, ""));
  CHECK(invalid({"+49"}, long_text));
  CHECK(invalid({"anna"}, "hello"));
  CHECK(invalid({"()"}, "hello"));
  CHECK(invalid({"+49", "+49;1"}, "hello"));
  CHECK(invalid({"+49"}, "bad \xFF"));
  CHECK(invalid({"1", "2", "3", "4", "5", "6", "7", "8", "9"}, "hello"));
  CHECK_EQUAL(0U, a.here("Sent Items").size());
  CHECK(a.queue(a.id).empty());
  CHECK_EQUAL(0U, a.on_air());
}

TEST(Texts, one_that_the_modem_does_not_take_leaves_nothing) {
  Desk a;
  a.adjust_handset = [](hal::simulated::Options& phone) {
    phone.modem = [](std::string_view) { return Status(Error{Domain::kHal, 5, 0}); };
  };
  a.restart();
  CHECK(a.send({"+49"}, "hello").error() == (Error{Domain::kHal, 5, 0}));
  CHECK_EQUAL(0U, a.here("Sent Items").size());
  CHECK(a.queue(a.id).empty());
}

// -- sent for the server
// ------------------------------------------------------------------------------------------------------------

TEST(Texts, the_server_is_told_whether_this_device_sends_its_outbox) {
  for (const char* version : {"14.0", "14.1", "16.1"}) {
    Desk a(version);
    CHECK_EQUAL(std::string(), a.outbound());
    CHECK_EQUAL(0, a.mode(TextMode::kSyncAndSend).code);
    a.settle_down();
    CHECK_EQUAL(std::string("1"), a.outbound());
    CHECK(a.server().stats().find("\"PhoneNumber\":\"+15550100\"") != std::string::npos);
    const std::size_t told = a.requests("Settings");
    a.restart();
    a.settle_down();
    CHECK_EQUAL(told, a.requests("Settings"));  // once is enough
    CHECK_EQUAL(0, a.mode(TextMode::kSync).code);
    a.restart();  // before it could be told
    a.settle_down();
    CHECK_EQUAL(std::string("0"), a.outbound());
    CHECK_EQUAL(std::string(), a.first_violation());
  }
}

TEST(Texts, of_the_outbox_leave_once_and_are_deleted_there) {
  for (const char* version : {"14.0", "14.1", "16.1"}) {
    Desk a(version, TextMode::kSyncAndSend);
    a.settle_down();
    a.server().text(kEmail, "+4930111", "from Outlook");
    a.server().text(kEmail, "+4930222", "and another");
    a.settle_down();
    a.settle_down();
    CHECK_EQUAL(2U, a.on_air());
    CHECK_EQUAL(std::string("+4930111"), a.handset().texts()->on_air()[0].number);
    CHECK_EQUAL(std::string("from Outlook"), a.handset().texts()->on_air()[0].text);
    CHECK_EQUAL(2U, a.at_server().size());
    for (const TextView& text : a.at_server()) CHECK_EQUAL(std::string("Sent Items"), text.folder);
    CHECK_EQUAL(2U, a.here("Sent Items").size());
    CHECK_EQUAL(0U, a.here("Outbox").size());
    CHECK_EQUAL(std::string(), a.first_violation());
  }
}

TEST(Texts, of_the_outbox_are_heard_of_by_push) {
  Desk a("14.1", TextMode::kSyncAndSend);
  a.settle_down();
  CHECK(a.start_push(a.id));
  a.server().text(kEmail, "+4930111", "quickly");
  CHECK(a.run_until([&] { return a.on_air() == 1 && a.at_server().size() == 1; }, 60'000));
  CHECK(a.run_until([&] { return a.at_server()[0].folder == "Sent Items"; }, 60'000));
  CHECK_EQUAL(std::string(), a.first_violation());
}

TEST(Texts, of_the_outbox_stay_there_for_a_device_that_does_not_send_them) {
  Desk a("14.1", TextMode::kSyncAndSend);
  a.settle_down();
  a.server().text(kEmail, "+4930111", "for another device");
  CHECK_EQUAL(0, a.mode(TextMode::kSync).code);
  a.settle_down();
  CHECK_EQUAL(0U, a.on_air());
  CHECK_EQUAL(std::string("Outbox"), a.at_server()[0].folder);
  CHECK_EQUAL(1U, a.here("Outbox").size());
}

TEST(Texts, of_the_outbox_wait_for_a_modem_that_cannot_just_now) {
  Desk a("14.1", TextMode::kSyncAndSend);
  static bool out_of_reach;
  out_of_reach = true;
  a.adjust_handset = [](hal::simulated::Options& phone) {
    phone.modem = [](std::string_view) { return out_of_reach ? Status(Error{Domain::kHal, 110, 0}) : Status(Done{}); };
  };
  a.restart();
  a.settle_down();
  a.server().text(kEmail, "+4930111", "later");
  CHECK_EQUAL(0, a.sync(a.id).code);
  CHECK_EQUAL(1U, a.queue(a.id).size());
  CHECK_EQUAL(std::string("text"), a.queue(a.id)[0].what);
  CHECK(a.queue(a.id)[0].last == (Error{Domain::kHal, 110, 0}));
  CHECK(!a.queue(a.id)[0].parked);
  out_of_reach = false;
  a.engine().texts(a.now());
  CHECK_EQUAL(1U, a.on_air());
  a.settle_down();
  CHECK_EQUAL(1U, a.on_air());
  CHECK_EQUAL(std::string("Sent Items"), a.at_server()[0].folder);
}

TEST(Texts, of_the_outbox_that_no_modem_can_send_are_held_for_a_person) {
  Desk a("14.1", TextMode::kSyncAndSend);
  a.settle_down();
  a.server().text(kEmail, "nobody", "to a name");
  a.settle_down();
  CHECK_EQUAL(0U, a.on_air());
  CHECK_EQUAL(1U, a.queue(a.id).size());
  CHECK(a.queue(a.id)[0].parked);
  CHECK_EQUAL(static_cast<std::int32_t>(EngineFault::kInvalidText), a.queue(a.id)[0].last.code);
  CHECK(a.changes().drop(ChangeId{a.queue(a.id)[0].id}).ok());
  a.settle_down();
  CHECK_EQUAL(0U, a.at_server().size());
  CHECK_EQUAL(0U, a.on_air());
}

TEST(Texts, a_deletion_that_waits_cannot_be_dropped_for_the_text_would_leave_again) {
  Desk a("14.1", TextMode::kSyncAndSend);
  a.settle_down();
  a.server().text(kEmail, "+4930111", "once");
  // The pull comes through, and nothing after it.
  a.fate = [&](const Sent& sent) {
    return sent.label == "Sync" && sync_view(sent).command_count != 0 ? Fate::kBroken : Fate::kArrives;
  };
  static_cast<void>(a.sync(a.id));
  CHECK_EQUAL(1U, a.on_air());
  std::uint64_t deletion = 0;
  for (const auto& change : a.queue(a.id))
    if (change.what == "delete for good") deletion = change.id;
  CHECK(deletion != 0);
  CHECK_EQUAL(static_cast<std::int32_t>(replica::kInFlight), a.changes().drop(ChangeId{deletion}).error().code);
  // Nor does it leave again when its folder is begun anew meanwhile.
  const FolderId outbox = a.folder_id(a.id, "Outbox");
  CHECK(a.changes().select(outbox, false).ok());
  CHECK(a.changes().select(outbox, true).ok());
  static_cast<void>(a.sync(a.id));
  a.restart();
  static_cast<void>(a.sync(a.id));
  CHECK_EQUAL(1U, a.on_air());
}

// -- power
// ------------------------------------------------------------------------------------------------------------

TEST(Texts, a_received_one_is_here_once_wherever_the_power_goes) {
  unsigned points = 0;
  for (unsigned n = 1; n < 60; ++n) {
    Desk a;
    CHECK(a.handset().texts()->arrive("+49170555", "keep me", false).ok());
    unsigned count = 0;
    a.on_durable = [&](std::string_view) {
      if (++count == n) a.power_off();
    };
    a.engine().texts(a.now());
    const bool cut = a.off();
    a.on_durable = nullptr;
    if (!cut) break;
    ++points;
    a.power_on();
    a.settle_down();
    CHECK_EQUAL(1U, a.here("Inbox").size());
    CHECK_EQUAL(1U, a.at_server().size());
  }
  CHECK(points >= 3);
}

// The phone's own files are cut at each operation; the replica's commits lie between them (replica/texts_test.cpp cuts
// those).
TEST(Texts, one_of_the_outbox_leaves_at_most_once_wherever_the_power_goes) {
  unsigned points = 0, doubtful = 0;
  for (unsigned n = 1; n < 60; ++n) {
    Desk a("14.1", TextMode::kSyncAndSend);
    a.settle_down();
    a.server().text(kEmail, "+4930111", "once");
    unsigned count = 0;
    bool counting = false;
    a.on_durable = [&](std::string_view) {
      if (counting && ++count == n) a.power_off();
    };
    counting = true;
    a.idle[a.id] = 0;
    CHECK(a.engine().sync(a.id, FolderId{}, a.now()).ok());
    a.run_until([&] { return a.off() || a.idle[a.id] > 0; }, 3600'000);
    const bool cut = a.off();
    a.on_durable = nullptr;
    if (!cut) {
      CHECK_EQUAL(1U, a.on_air());
      break;
    }
    ++points;
    a.power_on();
    a.settle_down();
    CHECK(a.on_air() <= 1);
    const auto queue = a.queue(a.id);
    const bool held = std::any_of(queue.begin(), queue.end(), [](const auto& change) {
      return change.parked && change.last == engine_fault(EngineFault::kTextInDoubt);
    });
    if (held) {
      ++doubtful;
      CHECK_EQUAL(std::string("Outbox"), a.at_server()[0].folder);
    } else {
      CHECK_EQUAL(1U, a.on_air());
      CHECK_EQUAL(1U, a.at_server().size());
      CHECK_EQUAL(std::string("Sent Items"), a.at_server()[0].folder);
    }
  }
  CHECK(points >= 3);
  CHECK(doubtful >= 2);
}

TEST(Texts, a_person_decides_of_one_that_was_being_handed_over) {
  for (const bool again : {false, true}) {
    for (const bool of_the_server : {false, true}) {
      Desk a("14.1", TextMode::kSyncAndSend);
      a.settle_down();
      static Desk* desk;
      desk = &a;
      static bool cuts;
      cuts = false;
      a.adjust_handset = [](hal::simulated::Options& phone) {
        phone.modem = [](std::string_view) {
          if (cuts) desk->power_off();
          return Status(Done{});
        };
      };
      a.restart();
      cuts = true;
      if (of_the_server) {
        a.server().text(kEmail, "+4930111", "once");
        a.idle[a.id] = 0;
        CHECK(a.engine().sync(a.id, FolderId{}, a.now()).ok());
        a.run_until([&] { return a.off(); }, 3600'000);
      } else {
        static_cast<void>(a.send({"+4930111"}, "once"));
      }
      CHECK(a.off());
      cuts = false;
      a.power_on();
      a.settle_down();
      const std::size_t before = a.on_air();
      CHECK_EQUAL(0U, before);
      CHECK_EQUAL(1U, a.queue(a.id).size());
      CHECK(a.queue(a.id)[0].parked);
      CHECK(a.queue(a.id)[0].last == engine_fault(EngineFault::kTextInDoubt));
      const ChangeId change{a.queue(a.id)[0].id};
      CHECK((again ? a.changes().retry(change) : a.changes().drop(change)).ok());
      a.settle_down();
      CHECK_EQUAL(again ? 1U : 0U, a.on_air());
      CHECK_EQUAL(again ? 1U : 0U, a.at_server().size());
      if (again) CHECK_EQUAL(std::string("Sent Items"), a.at_server()[0].folder);
      CHECK_EQUAL(again ? 1U : 0U, a.here("Sent Items").size());
      CHECK(a.queue(a.id).empty());
      CHECK_EQUAL(std::string(), a.first_violation());
    }
  }
}

// -- policy
// ------------------------------------------------------------------------------------------------------------

TEST(Texts, a_policy_stops_them_and_lets_them_go_on) {
  Desk a("14.1", TextMode::kSyncAndSend, with_policy("1"));
  a.settle_down();
  CHECK_EQUAL(std::string("1"), a.outbound());
  a.server().text(kEmail, "+4930111", "too late");
  a.arrive("+49170555", "received before");
  a.server().policy(kEmail, texts_policy("0"));
  CHECK_EQUAL(0, a.sync(a.id).code);
  static_cast<void>(a.sync(a.id));
  CHECK_EQUAL(0, a.handset().gates()->level(hal::Gate::kSms).value());
  CHECK_EQUAL(0U, a.on_air());
  CHECK_EQUAL(std::string("0"), a.outbound());
  CHECK_EQUAL(std::string("."), a.asked_for("Inbox"));
  CHECK(a.send({"+4930111"}, "hello").error() == policy::fault(policy::Fault::kNoTexts));
  CHECK(!a.handset().texts()->arrive("+49170555", "kept away", false).ok());
  const auto queue = a.queue(a.id);
  CHECK_EQUAL(1U, queue.size());
  CHECK(queue[0].last == policy::fault(policy::Fault::kNoTexts));
  CHECK(!queue[0].parked);
  CHECK_EQUAL(1U, a.at_server().size());  // that of the Outbox
  a.server().policy(kEmail, texts_policy("1"));
  a.settle_down();
  a.settle_down();
  CHECK_EQUAL(2, a.handset().gates()->level(hal::Gate::kSms).value());
  CHECK_EQUAL(1U, a.on_air());
  CHECK_EQUAL(2U, a.at_server().size());
  CHECK(a.queue(a.id).empty());
  CHECK_EQUAL(std::string("1"), a.outbound());
  CHECK_EQUAL(std::string(), a.first_violation());
}
