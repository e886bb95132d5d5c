#include "items/exceptions.h"

#include <string>
#include <vector>

#include "items/datetime.h"
#include "wbxml/code_pages.h"

#include <CppUTest/TestHarness.h>

using namespace handsync;
using namespace handsync::items;
namespace cal = wbxml::calendar;

namespace {

constexpr std::int64_t kFirst_ms = 1'767'601'800'000, kDay_ms = 86'400'000;  // 2026-01-05T08:30Z

/// Exceptions of the first `count` days of a daily series, as they are kept.
std::vector<std::byte> days(std::int64_t count) {
  const auto write = [count](wbxml::Writer& writer) {
    writer.open(cal::kExceptions);
    for (std::int64_t day = 0; day < count; ++day) {
      writer.open(cal::kException);
      writer.element(cal::kExceptionStartTime, format_compact_date_time(kFirst_ms + day * kDay_ms).view());
      writer.element(cal::kSubject, Text(std::to_string(day))).element(cal::kLocation, Text("there")).close();
    }
    writer.close();
  };
  wbxml::Writer measure{Room{}};
  write(measure);
  std::vector<std::byte> bytes(measure.size());
  wbxml::Writer writer{bytes};
  write(writer);
  CHECK(writer.status().ok());
  bytes.erase(bytes.begin(), bytes.begin() + 4);  // a document's header
  return bytes;
}

/// Days of which every `interval`th is one.
Series daily(std::uint16_t interval, std::uint16_t occurrences = 0) {
  Recurrence rule;
  rule.interval = interval;
  rule.occurrences = occurrences;
  return Series(rule, TimeZone{}, kFirst_ms / 1000, kFirst_ms / 1000 + 3600);
}

struct Subjects final : ExceptionChildren {
  bool wants(wbxml::Tag tag) const override { return tag == cal::kSubject; }
};

}  // namespace

TEST_GROUP(Exceptions){};

TEST(Exceptions, ThoseOfTheSeriesAreChosenAndOfThemWhatIsWanted) {
  const std::vector<std::byte> six = days(6);
  const Series series[] = {daily(2), daily(5)};
  const ExceptionChoice choice = choose_exceptions(six, series, kFirst_ms + 2 * kDay_ms);
  LONGS_EQUAL(3, choice.count);
  for (const std::uint32_t number : {0U, 4U, 5U}) CHECK(choice.has(number));
  for (const std::uint32_t number : {1U, 2U, 3U, 6U, 256U}) CHECK(!choice.has(number));
  std::vector<std::byte> room(4096);
  wbxml::Writer writer{room};
  writer.open(cal::kExceptions);
  copy_exceptions(writer, six, choice, Subjects());
  writer.close();
  CHECK(writer.status().ok());
  const Bytes copied = Bytes(room).subspan(4, writer.size() - 4);
  LONGS_EQUAL(0, find_exception(copied, kFirst_ms).number);
  LONGS_EQUAL(2, find_exception(copied, kFirst_ms + 5 * kDay_ms).number);
  CHECK(!find_exception(copied, kFirst_ms + kDay_ms).there);
  const Text text = text_of(copied);
  CHECK(text.find("5") != Text::npos && text.find("there") == Text::npos);
}

TEST(Exceptions, MoreThanARequestMayHoldAreNotChosen) {
  const Series series[] = {daily(1)};
  LONGS_EQUAL(256, choose_exceptions(days(256), series, INT64_MIN).count);
  const ExceptionChoice none = choose_exceptions(days(257), series, INT64_MIN);
  LONGS_EQUAL(0, none.count);
  CHECK(!none.has(0));
  LONGS_EQUAL(0, choose_exceptions({}, series, INT64_MIN).count);
}
