#include <string>
#include <vector>

#include "conformance/hal/device_under_test.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using hal::Record;

namespace {

hal::Records& records() { return device_under_test().records(); }

std::string content(Record record) {
  std::vector<std::byte> room(4096);
  const auto got = records().get(record, room);
  if (!got.ok()) return "(error)";
  return std::string(text_of(Bytes(room).first(got.value())));
}
bool put(Record record, Text text) { return records().put(record, bytes_of(text)).ok(); }

const std::string kOld(700, 'o'), kNew(1500, 'n');

}  // namespace

TEST_GROUP(Records){void teardown() override{for (const Record record
                                                  : {Record::kIdentity, Record::kPolicy, Record::kWipe,
                                                     hal::account_record(40)}) CHECK(records().remove(record).ok());
}
}
;

TEST(Records, are_kept_replaced_and_removed) {
  CHECK_EQUAL(std::string(), content(Record::kIdentity));
  CHECK(put(Record::kIdentity, "one"));
  CHECK_EQUAL(std::string("one"), content(Record::kIdentity));
  CHECK(put(Record::kIdentity, "another"));
  CHECK_EQUAL(std::string("another"), content(Record::kIdentity));
  CHECK_EQUAL(std::string(), content(hal::account_record(40)));
  CHECK(records().remove(Record::kIdentity).ok());
  CHECK(records().remove(Record::kIdentity).ok());
  CHECK_EQUAL(std::string(), content(Record::kIdentity));
}

TEST(Records, hold_any_bytes_up_to_four_kibibytes) {
  std::vector<std::byte> all(4096);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::byte>(i * 7);
  CHECK(records().put(hal::account_record(40), all).ok());
  std::vector<std::byte> room(4096);
  const auto got = records().get(hal::account_record(40), room);
  CHECK(got.ok());
  CHECK_EQUAL(all.size(), got.value());
  CHECK(room == all);
  CHECK(put(hal::account_record(40), "x"));
  CHECK_EQUAL(std::string("x"), content(hal::account_record(40)));
}

TEST(Records, do_not_give_a_part_when_the_room_is_too_small) {
  CHECK(put(Record::kPolicy, "seven b"));
  std::byte room[6];
  CHECK(!records().get(Record::kPolicy, room).ok());
  std::byte enough[7];
  CHECK(records().get(Record::kPolicy, enough).ok());
}

TEST(Records, refuse_what_is_too_large_and_keep_the_old) {
  CHECK(put(Record::kPolicy, "old"));
  CHECK(!records().put(Record::kPolicy, std::vector<std::byte>(4097)).ok());
  CHECK_EQUAL(std::string("old"), content(Record::kPolicy));
}

TEST(Records, outlast_a_restart) {
  CHECK(put(Record::kPolicy, "kept"));
  CHECK(put(Record::kIdentity, "gone"));
  CHECK(records().remove(Record::kIdentity).ok());
  restart_device_under_test();
  CHECK_EQUAL(std::string("kept"), content(Record::kPolicy));
  CHECK_EQUAL(std::string(), content(Record::kIdentity));
}

TEST(Records, are_old_or_new_after_a_power_cut_at_any_operation) {
  for (const bool after : {false, true}) {
    for (unsigned n = 1; n < 100; ++n) {
      CHECK(put(Record::kPolicy, kOld));
      static bool told;
      told = false;
      const bool cut = cut_power_at(
          n, after, [](hal::Device& device) { told = device.records().put(Record::kPolicy, bytes_of(kNew)).ok(); });
      const std::string now = content(Record::kPolicy);
      CHECK(now == kOld || now == kNew);
      if (told) CHECK(now == kNew);  // durable before reported
      if (!cut) break;
    }
  }
}

TEST(Records, are_there_or_not_after_a_power_cut_while_removed) {
  for (const bool after : {false, true}) {
    for (unsigned n = 1; n < 100; ++n) {
      CHECK(put(Record::kPolicy, kOld));
      static bool told;
      told = false;
      const bool cut =
          cut_power_at(n, after, [](hal::Device& device) { told = device.records().remove(Record::kPolicy).ok(); });
      const std::string now = content(Record::kPolicy);
      CHECK(now == kOld || now.empty());
      if (told) CHECK(now.empty());
      if (!cut) break;
    }
  }
}
