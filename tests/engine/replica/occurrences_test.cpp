/// Events on their days: a Reader that holds them in memory, with the elements as a server writes them.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "handsync/replica.h"
#include "items/datetime.h"
#include "items/time_zone.h"
#include "wbxml/code_pages.h"
#include "wbxml/writer.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
namespace cal = wbxml::calendar;
namespace base = wbxml::air_sync_base;

namespace {

std::int64_t ms(const std::string& text) {
  const auto time = items::parse_date_time(text);
  CHECK_TEXT(time.ok(), text.c_str());
  return time.value();
}

struct Event {
  std::string subject, start, end;
  bool recurring = false, all_day = false;
  std::map<wbxml::Tag, std::string> properties;
};

/// One after the other by number; what is not asked here is not there.
struct FakeReader final : Reader, Cursor<ItemRow> {
  std::vector<Event> events;
  std::size_t next = 0;
  int properties_read = 0, fail_after = -1;

  Result<Cursor<ItemRow>*> list(const Query& query) override {
    CHECK(query.of_class && query.kind == Class::kEvent);
    next = 0;
    return static_cast<Cursor<ItemRow>*>(this);
  }
  Result<bool> step(ItemRow& row) override {
    if (next == events.size()) return false;
    const Event& event = events[next++];
    row = {};
    row.id = static_cast<ItemId>(next);
    row.kind = Class::kEvent;
    row.subject = event.subject;
    row.location = "room 1";
    row.when_ms = ms(event.start);
    row.end_ms = ms(event.end);
    row.recurring = event.recurring;
    row.all_day = event.all_day;
    return true;
  }
  Result<std::size_t> property(ItemId item, std::uint16_t id, std::uint64_t offset, Room room) override {
    if (properties_read++ == fail_after) return Error{Domain::kSqlite, 10, 0};
    const auto& all = events[static_cast<std::size_t>(item) - 1].properties;
    const auto found = all.find(id);
    if (found == all.end() || offset >= found->second.size()) return std::size_t{0};
    const std::size_t bytes =
        std::min<std::size_t>({room.size(), found->second.size() - static_cast<std::size_t>(offset), 700});
    found->second.copy(reinterpret_cast<char*>(room.data()), bytes, static_cast<std::size_t>(offset));
    return bytes;
  }
  Result<Cursor<FolderRow>*> folders() override { return Error{}; }
  Result<Cursor<QueueRow>*> queue() override { return Error{}; }
  Result<Cursor<ParkedRow>*> parked() override { return Error{}; }
  Result<std::size_t> body(ItemId, std::uint64_t, Room) override { return std::size_t{0}; }
  Result<Cursor<PropertyRow>*> properties(ItemId) override { return Error{}; }
  Result<std::uint64_t> generation() override { return std::uint64_t{1}; }
  void close() override {}
};

/// WBXML without its header.
template <class Write>
std::string element(Write write) {
  std::vector<std::byte> room(1 << 17);
  wbxml::Writer writer(room);
  write(writer);
  CHECK(writer.status().ok());
  return std::string(text_of(writer.document())).substr(4);
}

std::string weekly_monday() {
  return element([](wbxml::Writer& w) {
    w.open(cal::kRecurrence).element(cal::kType, std::uint64_t{1}).element(cal::kInterval, std::uint64_t{1});
    w.element(cal::kDayOfWeek, std::uint64_t{2}).close();
  });
}

std::string central_europe() {
  items::TimeZone zone;
  zone.bias_min = -60;
  zone.daylight_bias_min = -60;
  zone.to_standard = {0, 10, 0, 5, 3 * 3600};
  zone.to_daylight = {0, 3, 0, 5, 2 * 3600};
  return std::string(items::format_time_zone(zone).view());
}

Event weekly() {
  return {"Jour fixe",
          "20260302T080000Z",
          "20260302T090000Z",
          true,
          false,
          {{cal::kRecurrence, weekly_monday()}, {cal::kTimezone, central_europe()}}};
}

int blocks = 0;
bool no_memory = false;
Memory heap() {
  Memory memory;
  memory.take = [](void*, std::size_t bytes) -> void* {
    if (no_memory) return nullptr;
    ++blocks;
    return std::malloc(bytes);
  };
  memory.give = [](void*, void* block) {
    --blocks;
    std::free(block);
  };
  return memory;
}

}  // namespace

TEST_GROUP(Occurrences) {
  FakeReader reader;
  void setup() override {
    blocks = 0;
    no_memory = false;
  }
  void teardown() override { LONGS_EQUAL(0, blocks); }
  /// "20260302T0800 Jour fixe, room 1; ..."; a changed one with *.
  std::string shown(const std::string& from, const std::string& to) {
    auto cursor = open_occurrences(reader, heap(), FolderId{}, ms(from), ms(to));
    CHECK(cursor.ok());
    std::string text;
    OccurrenceRow row;
    for (;;) {
      const auto more = cursor.value()->step(row);
      if (!more.ok()) {
        text += "error";
        break;
      }
      if (!more.value()) break;
      text += (text.empty() ? "" : "; ") +
              std::string(items::format_compact_date_time(row.start_ms).view()).substr(0, 13) +
              (row.exception ? "*" : " ") + std::string(row.subject) + ", " + std::string(row.location);
    }
    cursor.value()->close();
    return text;
  }
};

TEST(Occurrences, EventsAndSeriesInARange) {
  reader.events = {{"Lunch", "20260303T110000Z", "20260303T120000Z"},
                   {"Long ago", "20250303T110000Z", "20250303T120000Z"},
                   weekly(),
                   {"Night", "20260228T220000Z", "20260301T060000Z"},
                   {"Moment", "20260301T000000Z", "20260301T000000Z"},
                   {"Just over", "20260228T220000Z", "20260301T000000Z"},
                   {"Too late", "20260310T000000Z", "20260310T010000Z"}};
  STRCMP_EQUAL(
      "20260303T1100 Lunch, room 1; 20260302T0800 Jour fixe, room 1; 20260309T0800 Jour fixe, room 1; "
      "20260228T2200 Night, room 1; 20260301T0000 Moment, room 1",
      shown("20260301", "20260310").c_str());
  // A year on, and an hour earlier in summer.
  reader.events = {weekly()};
  STRCMP_EQUAL("20270322T0800 Jour fixe, room 1; 20270329T0700 Jour fixe, room 1",
               shown("20270320", "20270401").c_str());
}

TEST(Occurrences, ExceptionsStandWhereTheSeriesDoesNot) {
  for (const bool sixteen : {false, true}) {
    Event event = weekly();
    const wbxml::Tag original = sixteen ? base::kInstanceId : cal::kExceptionStartTime;
    event.properties[cal::kExceptions] = element([&](wbxml::Writer& w) {
      w.open(cal::kExceptions);
      w.open(cal::kException).element(cal::kDeleted, "1").element(original, "20260309T080000Z").close();
      w.open(cal::kException).element(cal::kStartTime, "20260317T100000Z").element(cal::kEndTime, "20260317T103000Z");
      w.element(cal::kSubject, "Moved").element(original, "20260316T080000Z");
      if (sixteen) {
        w.open(base::kLocation).element(base::kDisplayName, "room 9").close();
      } else {
        w.element(cal::kLocation, "room 9");
      }
      w.close();
      w.open(cal::kException).element(cal::kSubject, "Renamed").element(original, "20260323T080000Z").close();
      w.close();
    });
    reader.events = {event, {"Lunch", "20260303T110000Z", "20260303T120000Z"}};
    STRCMP_EQUAL(
        "20260317T1000*Moved, room 9; 20260323T0800*Renamed, room 1; 20260302T0800 Jour fixe, room 1; "
        "20260330T0700 Jour fixe, room 1; 20260303T1100 Lunch, room 1",
        shown("20260301", "20260401").c_str());
    // What was moved away from a range does not stand there, and what was moved into one does.
    STRCMP_EQUAL("", shown("20260316", "20260317").c_str());
    STRCMP_EQUAL("20260317T1000*Moved, room 9", shown("20260317", "20260318").c_str());
  }
}

TEST(Occurrences, AThousandExceptionsAndBodiesAreNoBurden) {
  Event event = weekly();
  event.properties.erase(cal::kTimezone);
  event.properties[cal::kExceptions] = element([&](wbxml::Writer& w) {
    w.open(cal::kExceptions);
    for (int i = 0; i < 1000; ++i) {
      const std::int64_t start = ms("20260302T080000Z") + i * std::int64_t{7} * 86'400'000;
      w.open(cal::kException).element(cal::kSubject, "No. " + std::to_string(i));
      w.element(cal::kExceptionStartTime, items::format_compact_date_time(start).view()).close();
    }
    w.close();
  });
  reader.events = {event};
  STRCMP_EQUAL("20260330T0800*No. 4, room 1", shown("20260330", "20260331").c_str());
  no_memory = true;
  auto none = open_occurrences(reader, heap(), FolderId{}, 0, 1);
  CHECK(none.error().domain == Domain::kMemory);
}

TEST(Occurrences, WhatCannotBeComputedShowsItsFirstTimeOnly) {
  Event odd = weekly();
  for (const std::string& pattern :
       {std::string(), std::string("\x00\x04nonsense", 10),
        element([](wbxml::Writer& w) { w.open(cal::kRecurrence).element(cal::kType, std::uint64_t{4}).close(); }),
        element([](wbxml::Writer& w) {
          w.open(cal::kRecurrence).element(cal::kType, std::uint64_t{1}).element(cal::kDayOfWeek, "many").close();
        })}) {
    odd.properties[cal::kRecurrence] = pattern;
    reader.events = {odd};
    const std::string text = shown("20260302", "20260303");
    CHECK_TEXT(text == "20260302T0800 Jour fixe, room 1", text.c_str());
  }
}

TEST(Occurrences, AReadErrorIsAnAnswer) {
  Event event = weekly();
  reader.events = {event};
  for (int calls = 0; calls < 4; ++calls) {
    reader.properties_read = 0;
    reader.fail_after = calls;
    STRCMP_EQUAL("error", shown("20260301", "20260310").c_str());
  }
}
