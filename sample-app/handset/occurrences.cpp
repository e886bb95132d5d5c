/// list CALENDAR --from TIME --to TIME: what takes place then, by its beginning.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "handset/session.h"
#include "handset/text.h"
#include "items/datetime.h"

namespace handset {
namespace {

using handsync::OccurrenceRow;

handsync::Memory heap() {
  handsync::Memory memory;
  memory.take = [](void*, std::size_t bytes) { return std::malloc(bytes); };
  memory.give = [](void*, void* block) { std::free(block); };
  return memory;
}

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
