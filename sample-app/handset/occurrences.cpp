/// list CALENDAR --from TIME --to TIME: what takes place then, by its beginning.
#include <algorithm>
#include <vector>

#include "handset/item_form.h"
#include "handset/session.h"
#include "handset/text.h"
#include "handset/zone.h"
#include "items/datetime.h"

namespace handset {
namespace {

using handsync::OccurrenceRow;

/// A date or a time; without a Z as the clock on the wall shows it here.
std::int64_t time_of(Session& session, const std::string& text) {
  const auto time = handsync::items::parse_date_time(text);
  if (!time.ok()) throw usage("`" + text + "` is no time", "for example --from 2026-03-01 --to 2026-03-08");
  return time.value() - (text.ends_with('Z') ? 0 : session.io.utc_offset_s.value_or(0) * std::int64_t{1000});
}

struct Shown {
  std::int64_t start_ms;
  std::string line;
};

std::string line_of(Session& session, const OccurrenceRow& row, handsync::AccountId account) {
  const std::string number = std::to_string(shown_number(account, static_cast<std::uint64_t>(row.item.id)));
  const std::int64_t now_ms = session.phone.wall_ms();
  const std::string when = local_time(row.start_ms, now_ms, session.io.utc_offset_s);
  std::string text(number.size() < 5 ? 5 - number.size() : 0, ' ');
  text += number + " " + (row.item.recurring ? (row.exception ? "!" : "~") : " ") + "  " + padded(when, 12) + "  ";
  text += row.all_day ? padded("all day", 7)
                      : padded(duration_text(static_cast<std::uint64_t>(
                                   std::max<std::int64_t>(0, (row.end_ms - row.start_ms) / 1000))),
                               7);
  text += "  " + printable(row.subject);
  if (!row.location.empty()) text += "  (" + printable(row.location) + ")";
  return text;
}

std::string json_of(const OccurrenceRow& row, handsync::AccountId account, const std::string& path) {
  handsync::ItemRow item = row.item;
  item.subject = row.subject;
  item.location = row.location;
  item.when_ms = row.start_ms;
  item.end_ms = row.end_ms;
  Json json = item_json(item, account, path);
  json.set("original_start", iso_utc(row.original_ms)).set("exception", row.exception);
  return json.text();
}

}  // namespace

std::int64_t chosen_occurrence(Session& session, const Numbered& series) {
  constexpr std::int64_t kDay_s = 86'400, kFar_ms = 366 * kDay_s * 1000;
  const std::string& only = session.line.only;
  const handsync::items::TimeZone zone = chosen_zone(session);
  const auto typed = typed_time(only, zone);
  if (!typed) throw usage("--only `" + only + "` is no date or time", "for example --only 2026-12-25");
  const auto fits = [&](std::int64_t ms, bool all_day) {
    if (!typed->date_only) return ms == typed->utc_s * 1000;
    const std::int64_t day_s = typed->local_s / kDay_s * kDay_s;
    // A whole day is the same date everywhere.
    const std::int64_t from_s = all_day ? day_s : zone.utc_of(day_s);
    const std::int64_t to_s = all_day ? day_s + kDay_s : zone.utc_of(day_s + kDay_s);
    return ms >= from_s * 1000 && ms < to_s * 1000;
  };
  std::vector<std::int64_t> planned, moved;
  const OpenReader reader(session, series.account);
  const std::int64_t around_ms = typed->utc_s * 1000;
  each_row<OccurrenceRow>(
      handsync::open_occurrences(*reader, heap(), handsync::FolderId{}, around_ms - kFar_ms, around_ms + kFar_ms),
      [&](const OccurrenceRow& row) {
        if (static_cast<std::uint64_t>(row.item.id) != series.own || !row.item.recurring) return true;
        if (fits(row.original_ms, row.all_day)) planned.push_back(row.original_ms);
        if (fits(row.start_ms, row.all_day)) moved.push_back(row.original_ms);
        return true;
      });
  // One that was moved there is meant only where none was planned for that day.
  const std::vector<std::int64_t>& found = planned.empty() ? moved : planned;
  const std::string number = std::to_string(session.line.number);
  if (found.empty()) {
    throw usage("event " + number + " does not take place on `" + only + "`, or is no series",
                "`handset list CALENDAR --from TIME --to TIME` prints when it does");
  }
  if (found.size() > 1)
    throw usage("event " + number + " takes place more than once on `" + only + "`", "give the time too");
  return found.front();
}

int list_occurrences(Session& session, const Folder& folder) {
  const std::int64_t from_ms = time_of(session, session.line.from), to_ms = time_of(session, session.line.to);
  if (folder.type != handsync::FolderType::kCalendar && folder.type != handsync::FolderType::kUserCalendar) {
    throw usage("`" + session.line.folders.front() + "` is no calendar", "leave out --from and --to");
  }
  const OpenReader reader(session, folder.account);
  std::vector<Shown> all;
  each_row<OccurrenceRow>(handsync::open_occurrences(*reader, heap(), folder.id, from_ms, to_ms),
                          [&](const OccurrenceRow& row) {
                            if (session.io.stopped() == Stop::kUser) throw Stopped{};
                            all.push_back({row.start_ms, session.line.json ? json_of(row, folder.account, folder.path)
                                                                           : line_of(session, row, folder.account)});
                            return true;
                          });
  std::stable_sort(all.begin(), all.end(),
                   [](const Shown& one, const Shown& other) { return one.start_ms < other.start_ms; });
  std::size_t count = 0;
  for (const Shown& each : all) {
    if (session.line.limit != 0 && count++ == session.line.limit) break;
    session.say(each.line);
  }
  return kDone;
}

}  // namespace handset
