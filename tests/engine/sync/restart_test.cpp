/// The power goes at every moment. What an application has been told is true afterwards; nothing is lost, nothing is
/// there twice.
#include <algorithm>

#include "engine/sync/mailbox_view.h"
#include "engine/sync/wire_view.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::test;

namespace {

constexpr const char* kEmail = "demo@example.test";

exchange::Options with(int mails, const char* version = "16.1") {
  exchange::Options options;
  options.versions = {version};
  options.mails = mails;
  options.body_bytes = 700;
  options.policy = std::nullopt;
  return options;
}
AccountSettings small_windows() {
  AccountSettings settings;
  settings.window_max = 6;
  return settings;
}

/// Runs `story` once to count its events, then once for each event with a power cut there; `check` judges what the next
/// boot makes of it.
void at_every_event(const exchange::Options& options, std::size_t step,
                    const std::function<void(World&, AccountId)>& prepare,
                    const std::function<void(World&, AccountId)>& story,
                    const std::function<void(World&, AccountId)>& check) {
  std::size_t events = 0;
  {
    World world(options);
    AccountId id = world.add(kEmail, "demo", small_windows());
    prepare(world, id);
    world.on_event = [&] { ++events; };
    story(world, id);
  }
  CHECK(events > 5);
  for (std::size_t cut = 0; cut < events; cut += step) {
    World world(options);
    world.piece_bytes = 900;
    AccountId id = world.add(kEmail, "demo", small_windows());
    prepare(world, id);
    std::size_t at = 0;
    world.on_event = [&] {
      if (at++ == cut) world.power_off();
    };
    story(world, id);
    world.on_event = nullptr;
    if (!world.off()) world.power_off();
    world.power_on();
    check(world, id);
    STRCMP_EQUAL_TEXT("", world.first_violation().c_str(), std::to_string(cut).c_str());
  }
}

}  // namespace

TEST_GROUP(Restart){};

TEST(Restart, AtEveryEventOfAFirstSync) {
  for (const char* version : {"12.1", "16.1"}) {
    at_every_event(
        with(20, version), 1, [](World&, AccountId) {},
        [](World& world, AccountId id) { static_cast<void>(world.sync(id)); },
        [](World& world, AccountId id) {
          std::size_t had = world.subjects(id).size();
          CHECK(world.engine().integrity(id).ok());
          for (const auto& [server_id, mail] : handset_mails(world, id))
            CHECK(server_mails(world.server()).contains(server_id));
          LONGS_EQUAL(0, world.sync(id).code);
          STRCMP_EQUAL("", difference(world, id).c_str());
          LONGS_EQUAL(20 - had, world.view(id).added);  // what was here is not fetched again
        });
  }
}

TEST(Restart, AtEveryEventOfASyncThatSendsEdits) {
  std::map<std::string, bool> wanted;
  at_every_event(
      with(9), 1,
      [&](World& world, AccountId id) {
        static_cast<void>(world.sync(id));
        world.server().deliver(kEmail, "Meanwhile");
        wanted.clear();
        int n = 0;
        for (const auto& [server_id, mail] : handset_mails(world, id)) {
          if (++n > 5) break;
          wanted[server_id] = !mail.read;
          CHECK(world.engine().changes(id).mark(mail.id, mail.read ? Mark::kUnread : Mark::kRead).ok());
        }
      },
      [](World& world, AccountId id) { static_cast<void>(world.sync(id)); },
      [&](World& world, AccountId id) {
        LONGS_EQUAL(0, world.sync(id).code);
        STRCMP_EQUAL("", difference(world, id).c_str());
        CHECK(world.queue(id).empty());
        const Mails mails = server_mails(world.server());
        for (const auto& [server_id, read] : wanted)
          CHECK_EQUAL_TEXT(read, mails.at(server_id).read, server_id.c_str());
      });
}

TEST(Restart, AtEveryEventOfAReKeyWithEditsWaiting) {
  std::string edited;
  at_every_event(
      with(14), 1,
      [&](World& world, AccountId id) {
        static_cast<void>(world.sync(id));
        ItemId item = world.item(id, 4);
        for (const auto& [server_id, mail] : handset_mails(world, id))
          if (mail.id == item) edited = server_id;
        CHECK(world.engine().changes(id).mark(item, Mark::kFlag).ok());
        world.server().remove(kEmail, 0);
        world.server().fault("Sync@1:status:3");
      },
      [](World& world, AccountId id) { static_cast<void>(world.sync(id)); },
      [&](World& world, AccountId id) {
        LONGS_EQUAL(14, world.subjects(id).size());  // never empty, never short
        LONGS_EQUAL(0, world.sync(id).code);
        STRCMP_EQUAL("", difference(world, id).c_str());
        CHECK(world.queue(id).empty());
        STRCMP_EQUAL("2", server_flag(world.server(), edited).c_str());
      });
}

TEST(Restart, AtEveryEventOfANewVersion) {
  at_every_event(
      with(10, "14.1"), 1,
      [](World& world, AccountId id) {
        static_cast<void>(world.sync(id));
        CHECK(world.engine().changes(id).mark(world.item(id, 1), Mark::kFlag).ok());
        world.server().set_versions({"14.1", "16.1"});
      },
      [](World& world, AccountId id) { static_cast<void>(world.sync(id)); },
      [](World& world, AccountId id) {
        LONGS_EQUAL(10, world.subjects(id).size());
        LONGS_EQUAL(0, world.sync(id).code);
        LONGS_EQUAL(0, world.sync(id).code);
        STRCMP_EQUAL("", difference(world, id).c_str());
        CHECK(world.queue(id).empty());
      });
}

TEST(Restart, AtEveryEventOfAChangedPolicy) {
  exchange::Options options = with(5);
  options.policy = mild_policy();
  at_every_event(
      options, 1,
      [](World& world, AccountId id) {
        static_cast<void>(world.sync(id));
        exchange::Policy policy;
        policy.push_back({"AttachmentsEnabled", "0", {}});
        policy.push_back({"AllowCamera", "0", {}});
        world.server().policy(kEmail, policy);
        world.server().deliver(kEmail, "Meanwhile");
      },
      [](World& world, AccountId id) { static_cast<void>(world.sync(id)); },
      [](World& world, AccountId id) {
        // A policy whose key is committed is in force; one that is in force but not committed is fetched again.
        LONGS_EQUAL(0, world.sync(id).code);
        auto camera = world.handset().gates()->level(hal::Gate::kCamera);
        CHECK(camera.ok() && camera.value() == 0);
        STRCMP_EQUAL("", difference(world, id).c_str());
        bool found = false;
        for (std::size_t i = 0;; ++i) {
          auto row = world.engine().policy(i);
          if (!row.ok()) break;
          if (row.value().account == AccountId{} && row.value().setting == "AllowCamera")
            found = row.value().value == 0;
        }
        CHECK(found);
      });
}

TEST(Restart, MarksSurviveAtOnce) {
  World world(with(6));
  AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  ItemId item = world.item(id, 2);
  CHECK(world.engine().changes(id).mark(item, Mark::kFlag).ok());
  world.power_off();  // the call has returned: it is true
  world.power_on();
  LONGS_EQUAL(1, world.queue(id).size());
  LONGS_EQUAL(0, world.sync(id).code);
  STRCMP_EQUAL("", difference(world, id).c_str());
  CHECK(world.queue(id).empty());
}

TEST(Restart, InGoodOrderKeepsEverything) {
  World world(with(6));
  AccountId id = world.add();
  LONGS_EQUAL(0, world.sync(id).code);
  std::size_t requests = world.sent.size();
  world.restart();
  world.run_for(3600'000);
  LONGS_EQUAL(requests, world.sent.size());  // nobody asked
  LONGS_EQUAL(161, world.view(id).version);
  LONGS_EQUAL(6, world.subjects(id).size());
  LONGS_EQUAL(0, world.sync(id).code);
  LONGS_EQUAL(0, world.view(id).added);
  LONGS_EQUAL(0, world.requests_since(world.now_ms() - 3600'000, "OPTIONS"));
}
