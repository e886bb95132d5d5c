// Removing what is left. Every test leaves a device that works: others may come after it.
#include <array>
#include <vector>

#include "conformance/hal/device_under_test.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using hal::Record;

TEST_GROUP(Erase){};

TEST(Erase, of_a_slot_leaves_records_and_other_keys) {
  conformance::Patience patience;
  CHECK(device_under_test().keys().create(43).ok());
  CHECK(device_under_test().records().put(Record::kPolicy, bytes_of("kept")).ok());
  CHECK(device_under_test().erase().files(44, patience).ok());
  CHECK(device_under_test().erase().files(44, patience).ok());
  std::array<std::byte, 16> room;
  CHECK_EQUAL(4U, device_under_test().records().get(Record::kPolicy, room).value());
  CHECK(device_under_test().keys().exists(43));
  CHECK(device_under_test().keys().destroy(43, patience).ok());
  CHECK(device_under_test().records().remove(Record::kPolicy).ok());
}

TEST(Erase, factory_state_is_everything_gone_but_the_wipe_record) {
  conformance::Patience patience;
  for (const Record record : {Record::kIdentity, Record::kPolicy, Record::kPin, Record::kAttempts, Record::kAccounts,
                              hal::account_record(40)}) {
    CHECK(device_under_test().records().put(record, bytes_of("something")).ok());
  }
  CHECK(device_under_test().records().put(Record::kWipe, bytes_of("marker")).ok());
  CHECK(device_under_test().keys().create(43).ok());
  CHECK(device_under_test().keys().destroy(43, patience).ok());
  CHECK(device_under_test().erase().files(hal::kEverySlot, patience).ok());
  CHECK(device_under_test().erase().factory_reset(patience).ok());
  restart_device_under_test();
  CHECK(device_under_test().erase().factory_reset(patience).ok());
  std::array<std::byte, 16> room;
  for (const Record record : {Record::kIdentity, Record::kPolicy, Record::kPin, Record::kAttempts, Record::kAccounts,
                              hal::account_record(40)}) {
    const auto got = device_under_test().records().get(record, room);
    CHECK(got.ok());
    CHECK_EQUAL(0U, got.value());
  }
  CHECK_EQUAL(6U, device_under_test().records().get(Record::kWipe, room).value());
  CHECK(device_under_test().records().remove(Record::kWipe).ok());
  CHECK(device_under_test().keys().create(43).ok());  // and it works again
  CHECK(device_under_test().keys().destroy(43, patience).ok());
}

TEST(Erase, factory_reset_goes_through_after_a_power_cut_at_any_operation) {
  conformance::Patience patience;
  for (const bool after : {false, true}) {
    for (unsigned n = 1; n < 200; ++n) {
      CHECK(device_under_test().records().put(Record::kIdentity, bytes_of("id")).ok());
      CHECK(device_under_test().records().put(Record::kWipe, bytes_of("marker")).ok());
      const bool cut = cut_power_at(n, after, [](hal::Device& device) {
        conformance::Patience slow;
        CHECK(device.erase().factory_reset(slow).ok());
      });
      CHECK(device_under_test().erase().factory_reset(patience).ok());
      std::array<std::byte, 16> room;
      CHECK_EQUAL(0U, device_under_test().records().get(Record::kIdentity, room).value());
      CHECK_EQUAL(6U, device_under_test().records().get(Record::kWipe, room).value());
      CHECK(device_under_test().records().remove(Record::kWipe).ok());
      if (!cut) break;
    }
  }
}
