/// account add: what it asks, what it refuses, and what it leaves behind.
#include <span>
#include <stdexcept>

#include "engine/sync/mailbox_view.h"
#include "policy/fault.h"
#include "protocol/command.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;
using policy::Fault;
using protocol::Command;
using protocol::eas_error;

namespace {

constexpr const char* kVersions[] = {"12.0", "12.1", "14.0", "14.1", "16.0", "16.1"};

exchange::Options with_version(const char* version) {
  exchange::Options options;
  options.versions = {version};
  options.mails = 3;
  return options;
}

void check_error(Error wanted, Error found, const char* where) {
  LONGS_EQUAL_TEXT(static_cast<int>(wanted.domain), static_cast<int>(found.domain), where);
  LONGS_EQUAL_TEXT(wanted.code, found.code, where);
}

}  // namespace

TEST_GROUP(AccountAdd){};

TEST(AccountAdd, AWrongPasswordIsTriedOnceAndNamed) {
  for (const char* version : kVersions) {
    World world(with_version(version));
    AccountId id = world.add("demo@example.test", "wrong");
    check_error({Domain::kHttp, 401, 0}, world.error(id), version);
    LONGS_EQUAL_TEXT(1, world.sent.size(), version);
    CHECK_TEXT(world.view(id).state == AccountState::kBlocked, version);
    world.run_for(24 * 3600'000);
    LONGS_EQUAL_TEXT(1, world.sent.size(), version);  // a second try could lock the account
    CHECK_TEXT(world.asked.empty(), version);
  }
}

TEST(AccountAdd, APasswordRefusedLaterStopsAndAsks) {
  exchange::Options options = with_version("16.1");
  options.policy = std::nullopt;
  World world(options);
  AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  CHECK(world.start_push(id));
  world.answer_questions = false;
  world.run_for(1000);
  world.server().set_password("demo@example.test", "new");
  CHECK(world.engine().push(id, false, world.now()).ok());
  CHECK(world.engine().push(id, true, world.now()).ok());
  std::uint64_t from = world.now_ms();
  world.run_for(3600'000);
  check_error({Domain::kHttp, 401, 0}, world.error(id), "");
  CHECK(world.view(id).state == AccountState::kBlocked);
  LONGS_EQUAL(1, world.requests_since(from));
  LONGS_EQUAL(1, world.asked.size());
  CHECK(world.asked[0].first == Question::kCredentials);
  // sync() is the user's own wish to try again: it must end, also while the question is open.
  check_error({Domain::kHttp, 401, 0}, world.sync(id), "");
  // Answered with the new one, everything goes on by itself.
  world.answer_questions = true;
  world.new_password = "new";
  static_cast<void>(world.sync(id));
  CHECK(world.run_until([&] { return world.view(id).state == AccountState::kWaiting; }, 3600'000));
  LONGS_EQUAL(0, world.error(id).code);
}

TEST(AccountAdd, ThePolicyIsAskedForAndARefusalEndsIt) {
  for (const char* version : kVersions) {
    World world(with_version(version));
    world.accept_policy = false;
    AccountId id = world.add();
    check_error(policy::fault(Fault::kNotAccepted), world.error(id), version);
    LONGS_EQUAL_TEXT(1, world.requests("Provision"), version);
    LONGS_EQUAL_TEXT(0, world.requests("FolderSync"), version);
    CHECK_TEXT(world.asked.size() == 1 && world.asked[0].first == Question::kAcceptPolicy, version);
    CHECK_TEXT(!world.asked[0].second.empty() && world.asked[0].second != "0", version);
    // Changed mind: the same account goes on.
    world.accept_policy = true;
    LONGS_EQUAL_TEXT(0, world.sync(id).code, version);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
  }
}

TEST(AccountAdd, APinIsAskedForWhenThePolicyWantsOne) {
  struct Row {
    const char* pin;
    Fault fault;
  };
  for (Row row : {Row{"", Fault::kPinNotSet}, Row{"12", Fault::kPinTooShort}}) {
    World world(with_version("16.1"));
    world.pin = row.pin;
    AccountId id = world.add();
    check_error(policy::fault(row.fault), world.error(id), row.pin);
    LONGS_EQUAL(1, world.requests("Provision"));  // nothing is acknowledged that is not in force
    CHECK_FALSE(world.engine().device().pin_set);
  }
  World world(with_version("16.1"));
  AccountId id = world.add();
  LONGS_EQUAL(0, world.error(id).code);
  CHECK(world.engine().device().pin_set);
  LONGS_EQUAL(2, world.requests("Provision"));
  LONGS_EQUAL(900, world.engine().device().lock_after_s);
}

TEST(AccountAdd, WithoutAPolicyNothingIsAsked) {
  for (const char* version : kVersions) {
    exchange::Options options = with_version(version);
    options.policy = std::nullopt;
    World world(options);
    AccountId id = world.add();
    LONGS_EQUAL_TEXT(0, world.error(id).code, version);
    LONGS_EQUAL_TEXT(0, world.view(id).policy_key, version);
    CHECK_TEXT(world.asked.empty(), version);
    LONGS_EQUAL_TEXT(1, world.requests("Provision"), version);
    LONGS_EQUAL_TEXT(0, world.sync(id).code, version);
    STRCMP_EQUAL_TEXT("", difference(world, id).c_str(), version);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), version);
  }
}

TEST(AccountAdd, AServerThatInsistsOnTheWholePolicyNamesTheSetting) {
  for (const char* version : std::span(kVersions).subspan(1)) {  // 12.0 cannot ask for encryption
    exchange::Options options = with_version(version);
    options.strict_policy = true;  // encryption is kept in part only
    World world(options);
    AccountId id = world.add();
    check_error(eas_error(Command::kProvision, 139), world.error(id), version);
    STRCMP_EQUAL_TEXT("RequireDeviceEncryption", std::string(world.view(id).detail.view()).c_str(), version);
    CHECK_TEXT(world.view(id).state == AccountState::kBlocked, version);
    LONGS_EQUAL_TEXT(0, world.requests("FolderSync"), version);
    // All of them are named, not only the first.
    world.remove(id);
    world.server().policy("demo@example.test", exchange::Policy{{"DevicePasswordEnabled", "1", {}},
                                                                {"DevicePasswordHistory", "51", {}},
                                                                {"RequireDeviceEncryption", "1", {}}});
    id = world.add();
    STRCMP_EQUAL_TEXT("DevicePasswordHistory, RequireDeviceEncryption",
                      std::string(world.view(id).detail.view()).c_str(), version);
    // Without the one thing this device cannot do the strict server is content.
    options.policy = {{"DevicePasswordEnabled", "1", {}}, {"MinDevicePasswordLength", "4", {}}};
    World other(options);
    id = other.add();
    LONGS_EQUAL_TEXT(0, other.error(id).code, version);
  }
}

TEST(AccountAdd, DeviceInformationGoesWhereTheVersionWantsIt) {
  for (const char* version : kVersions) {
    World world(with_version(version));
    AccountId id = world.add();
    LONGS_EQUAL_TEXT(0, world.error(id).code, version);
    LONGS_EQUAL_TEXT(std::string(version) < "14.1" ? 1 : 0, world.requests("Settings"), version);
    CHECK_TEXT(world.server().stats().find("Handsync Simulated") != std::string::npos, version);
    std::size_t settings = SIZE_MAX, folders = SIZE_MAX;
    for (std::size_t i = 0; i < world.sent.size(); ++i) {
      if (world.sent[i].label == "Settings") settings = i;
      if (world.sent[i].label == "FolderSync") folders = i;
    }
    CHECK_TEXT(settings == SIZE_MAX || settings < folders, version);
  }
}

TEST(AccountAdd, WhatIsNoAddressIsRefusedBeforeAnythingIsSent) {
  World world;
  struct Row {
    const char *email, *server;
  };
  for (Row row : {Row{"", ""}, Row{"demo", ""}, Row{"@example.test", ""}, Row{"demo@", ""},
                  Row{"de\nmo@example.test", ""}, Row{"demo@example.test", "local\rhost"}}) {
    AccountSettings settings;
    settings.server = row.server;
    LONGS_EQUAL_TEXT(0, static_cast<int>(world.add(row.email, "demo", settings)), row.email);
    CHECK_TEXT(world.add_error == engine_fault(EngineFault::kInvalidSettings), row.email);
  }
  CHECK(world.sent.empty());
  for (const char* server : {"http://localhost", "ftp://localhost", "https://user@localhost"}) {
    AccountSettings settings;
    settings.server = server;
    AccountId id = world.add("demo@example.test", "demo", settings);
    CHECK_TEXT(id == AccountId{} || failed(world.error(id)), server);
    if (id != AccountId{}) world.remove(id);
  }
  CHECK(world.sent.empty());  // and no credential without TLS
}

TEST(AccountAdd, TheSameAddressTwiceAndTooManyAreRefused) {
  exchange::Options options;
  options.policy = std::nullopt;
  for (int i = 0; i < 5; ++i) options.users.push_back({"user" + std::to_string(i) + "@example.test", "demo"});
  World world(options);
  AccountId first = world.add("user0@example.test");
  LONGS_EQUAL(0, static_cast<int>(world.add("user0@example.test")));
  CHECK(world.add_error == engine_fault(EngineFault::kAccountExists));
  for (int i = 1; i < 4; ++i) CHECK(world.add("user" + std::to_string(i) + "@example.test") != AccountId{});
  LONGS_EQUAL(0, static_cast<int>(world.add("user4@example.test")));
  CHECK(world.add_error == engine_fault(EngineFault::kTooManyAccounts, 4));
  world.remove(first);
  CHECK(world.add("user4@example.test") != AccountId{});
}

/// The record says whom the password is shown to: nothing goes out on one that the device did not write.
TEST(AccountAdd, ARecordThatTheDeviceDidNotWriteIsRefused) {
  World world(with_version("16.1"));
  world.add("demo@example.test");
  hal::Records& records = world.device().records();
  std::byte room[1024];
  const auto found = records.get(hal::account_record(1), room);
  CHECK(found.ok());
  const auto at = text_of(Bytes(room, found.value())).find("example.test");
  CHECK(at != Text::npos);
  room[at] = std::byte{'E'};
  CHECK(records.put(hal::account_record(1), Bytes(room, found.value())).ok());
  world.sent.clear();
  CHECK_THROWS(std::runtime_error, world.restart());
  check_error(hal::fault(hal::Fault::kDamaged), world.open_error, "opening");
  CHECK(world.sent.empty());
}

TEST(AccountAdd, AServerThatIsNotThereIsNamedAndNothingIsLeftBehind) {
  exchange::Options options;
  options.policy = std::nullopt;
  World world(options);
  world.online = false;
  AccountId id = world.add();
  check_error({Domain::kHttp, 13, 0}, world.error(id), "");
  CHECK(world.sent.size() <= 2);  // one quick second try, then a person decides
  world.remove(id);
  AccountId none[4];
  LONGS_EQUAL(0, world.engine().accounts(none));
  world.online = true;
  id = world.add();
  LONGS_EQUAL(0, world.error(id).code);
}

TEST(AccountAdd, AWebServerThatAnswersEverythingIsNoExchange) {
  World world;
  world.instead = [](const Sent&) {
    exchange::HttpResponse page;
    page.set("Content-Type", "text/html");
    page.body = "<html>Welcome</html>";
    return page;
  };
  AccountId id = world.add();
  LONGS_EQUAL(static_cast<int>(protocol::AnswerFault::kNotWbxml), protocol::eas_status(world.error(id)));
  CHECK(world.sent.size() <= 2);
}

TEST(AccountAdd, APowerCutAtAnyEventOfItLeavesAWholeAccountOrNone) {
  std::size_t events = 0;
  exchange::Options options = with_version("14.0");
  options.policy = mild_policy();
  {
    World world(options);
    world.on_event = [&] { ++events; };
    world.add();
  }
  CHECK(events > 10);
  for (std::size_t cut = 0; cut < events; ++cut) {
    World world(options);
    std::size_t at = 0;
    world.on_event = [&] {
      if (at++ == cut) world.power_off();
    };
    world.add();
    CHECK(world.off());
    world.on_event = nullptr;
    world.power_on();
    world.run_for(1000);  // the boot sweeps
    AccountId ids[4];
    LONGS_EQUAL(0, world.engine().accounts(ids));
    for (const auto& file : std::filesystem::recursive_directory_iterator(world.handset().replica_directory()))
      FAIL(file.path().filename().c_str());
    AccountId id = world.add();
    LONGS_EQUAL(0, world.error(id).code);
    LONGS_EQUAL(0, world.sync(id).code);
    STRCMP_EQUAL("", difference(world, id).c_str());
  }
}

TEST(AccountAdd, ARemovedAccountIsGoneAlsoAfterAPowerCut) {
  for (int cut = 0; cut < 3; ++cut) {
    exchange::Options options = with_version("16.1");
    options.policy = mild_policy();
    World world(options);
    AccountId id = world.add();
    LONGS_EQUAL(0, world.sync(id).code);
    if (cut == 0) world.run_jobs = false;
    if (cut == 1) world.on_event = [&] { world.power_off(); };
    CHECK(world.engine().remove_account(id, world.now()).ok());
    CHECK_FALSE(world.engine().account(id).ok());
    CHECK_FALSE(world.engine().reader(id).ok());
    CHECK_FALSE(world.engine().changes(id).mark(ItemId{1}, Mark::kRead).ok());
    world.settle();
    if (cut == 0) world.power_off();
    world.on_event = nullptr;
    world.run_jobs = true;
    if (world.off()) world.power_on();
    world.run_for(1000);
    AccountId ids[4];
    LONGS_EQUAL_TEXT(0, world.engine().accounts(ids), "the account is back");
    for (const auto& file : std::filesystem::recursive_directory_iterator(world.handset().replica_directory()))
      FAIL(file.path().filename().c_str());
    CHECK_FALSE(world.handset().keys().exists(static_cast<hal::KeySlot>(id)));
    CHECK(world.engine().policy(0).ok() == false);  // and its policy with it
  }
}
