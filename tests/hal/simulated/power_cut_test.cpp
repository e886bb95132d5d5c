// Power cut at every durable operation of everything that lasts, torn writes included: old or new, and the phone starts
// again.
#include <cstdio>
#include <functional>

#include "hal/cut_everywhere.h"
#include "hal/simulated/home.h"

#include <CppUTest/TestHarness.h>

using namespace simulated_test;
using hal::Gate;
using hal::Record;
using hal::simulated::PowerCut;

namespace {

constexpr Cut kCuts[] = {Cut::kBefore, Cut::kTorn, Cut::kAfter};

// `prepare`, then `work` with a cut at each operation in turn, then `judge` on the phone as it starts again.
unsigned cut_everywhere(const std::function<void(Handset&)>& prepare, const std::function<void(Handset&)>& work,
                        const std::function<void(Handset&, bool told)>& judge) {
  return test::cut_everywhere<Home, Cut, PowerCut>([&](Home& home) { prepare(*home.open()); }, work,
                                                   [&](Home& home, bool told) { judge(*home.open(), told); });
}

std::string content(Handset& phone, Record record) {
  std::byte room[64];
  const auto got = phone.records().get(record, room);
  return got.ok() ? std::string(text_of(Bytes(room, got.value()))) : "(error)";
}

}  // namespace

TEST_GROUP(PowerCut){};

TEST(PowerCut, a_record_is_old_or_new) {
  const unsigned points =
      cut_everywhere([](Handset& phone) { CHECK(phone.records().put(Record::kAttempts, bytes_of("3")).ok()); },
                     [](Handset& phone) { CHECK(phone.records().put(Record::kAttempts, bytes_of("4")).ok()); },
                     [](Handset& phone, bool told) {
                       const std::string now = content(phone, Record::kAttempts);
                       CHECK(now == "4" || (!told && now == "3"));
                       CHECK(phone.check().ok());
                     });
  CHECK(points >= 12);
}

TEST(PowerCut, a_first_start_can_be_repeated) {
  for (const Cut kind : kCuts) {
    for (unsigned n = 1;; ++n) {
      Home home;
      unsigned count = 0;
      bool cut = false;
      home.options.power = [&](std::string_view, std::string_view) { return ++count == n ? kind : Cut::kNone; };
      try {
        home.open();
      } catch (const PowerCut&) {
        cut = true;
      }
      home.options.power = nullptr;
      auto phone = home.open();
      CHECK(phone->keys().create(0).ok());
      CHECK(phone->check().ok());
      if (!cut) break;
    }
  }
}

TEST(PowerCut, a_key_is_there_or_not_and_others_stay) {
  cut_everywhere([](Handset& phone) { CHECK(phone.keys().create(1).ok()); },
                 [](Handset& phone) { CHECK(phone.keys().create(2).ok()); },
                 [](Handset& phone, bool told) {
                   CHECK(phone.keys().exists(1));
                   if (told) CHECK(phone.keys().exists(2));
                   if (!phone.keys().exists(2)) CHECK(phone.keys().create(2).ok());
                   CHECK(phone.check().ok());
                 });
}

TEST(PowerCut, a_destroyed_key_stays_destroyed_and_others_stay) {
  cut_everywhere(
      [](Handset& phone) {
        for (const hal::KeySlot slot : {hal::KeySlot{1}, hal::KeySlot{2}}) {
          CHECK(phone.keys().create(slot).ok());
          CHECK(phone.keys().put_secret(slot, bytes_of("password")).ok());
        }
      },
      [](Handset& phone) {
        Patience patience;
        CHECK(phone.keys().destroy(2, patience).ok());
      },
      [](Handset& phone, bool told) {
        Patience patience;
        std::byte room[16];
        CHECK_EQUAL(8U, phone.keys().get_secret(1, room).value());
        if (told) CHECK(!phone.keys().exists(2));
        CHECK(phone.keys().destroy(2, patience).ok());
        CHECK(!phone.keys().exists(2));
        CHECK(phone.keys().create(2).ok());
        CHECK_EQUAL(0U, phone.keys().get_secret(2, room).value());
      });
}

TEST(PowerCut, gates_lock_and_reboot_are_old_or_new) {
  cut_everywhere([](Handset& phone) { CHECK(phone.records().put(Record::kPin, bytes_of("pin")).ok()); },
                 [](Handset& phone) {
                   CHECK(phone.gates()->set(Gate::kCamera, 0).ok());
                   CHECK(phone.lock()->after_idle_s(300).ok());
                   phone.reboot();
                 },
                 [](Handset& phone, bool told) {
                   const std::uint8_t level = phone.gates()->level(Gate::kCamera).value();
                   CHECK(level == 0 || level == 2);
                   if (phone.now().boot == 2) CHECK_EQUAL(0, level);
                   if (told) CHECK(phone.lock()->locked());
                 });
}

TEST(PowerCut, a_factory_reset_can_be_repeated) {
  const unsigned points = cut_everywhere(
      [](Handset& phone) {
        CHECK(phone.records().put(Record::kIdentity, bytes_of("id")).ok());
        CHECK(phone.records().put(Record::kWipe, bytes_of("marker")).ok());
        CHECK(phone.keys().create(1).ok());
      },
      [](Handset& phone) {
        Patience patience;
        CHECK(phone.keys().destroy(1, patience).ok());
        CHECK(phone.erase().factory_reset(patience).ok());
      },
      [](Handset& phone, bool told) {
        Patience patience;
        CHECK_EQUAL(std::string("marker"), content(phone, Record::kWipe));
        if (told) CHECK_EQUAL(std::string(), content(phone, Record::kIdentity));
        CHECK(phone.keys().destroy(1, patience).ok());
        CHECK(phone.erase().factory_reset(patience).ok());
        CHECK_EQUAL(std::string(), content(phone, Record::kIdentity));
        CHECK_EQUAL(std::string("marker"), content(phone, Record::kWipe));
        CHECK(!phone.keys().exists(1));
      });
  std::printf("\n%u cut points\n", points);
}
