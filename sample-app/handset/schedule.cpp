/// schedule show, schedule set: when an account is kept in step.
#include <algorithm>
#include <cstdio>

#include "handset/session.h"
#include "handset/text.h"

namespace handset {
namespace {

using handsync::AccountView;
using handsync::Engine;
using handsync::Instant;
using handsync::Schedule;

std::string mode_text(std::uint16_t mode) {
  if (mode == handsync::kPushMode) return "push";
  return mode == handsync::kManualMode ? "manual" : std::to_string(mode);
}

std::string mode_words(std::uint16_t mode) {
  const std::string text = mode_text(mode);
  return mode == handsync::kPushMode || mode == handsync::kManualMode ? text : "every " + text + " minutes";
}

std::uint16_t mode_of(const std::string& option, const std::string& text) {
  if (text == "push") return handsync::kPushMode;
  if (text == "manual") return handsync::kManualMode;
  const bool digits = !text.empty() && text.size() <= 4 &&
                      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  const int minutes = digits ? std::stoi(text) : 0;
  if (minutes < handsync::kIntervalMinMinutes || minutes > handsync::kIntervalMaxMinutes) {
    throw usage("--" + option + " takes push, manual, or minutes from 5 to 240, not `" + text + "`",
                "for example --" + option + " 30");
  }
  return static_cast<std::uint16_t>(minutes);
}

void set_peak(Schedule& schedule, const std::string& text) {
  unsigned from = 0, to = 0;
  char rest = 0;
  const bool sound = std::sscanf(text.c_str(), "%2u-%2u%c", &from, &to, &rest) == 2 && from <= 24 && to <= 24;
  if (!sound) throw usage("--peak takes two hours, not `" + text + "`", "for example --peak 8-18");
  schedule.peak_from_h = static_cast<std::uint8_t>(from);
  schedule.peak_to_h = static_cast<std::uint8_t>(to);
}

void print(Session& session, const AccountView& view) {
  const Schedule& schedule = view.schedule;
  const std::string peak = std::to_string(schedule.peak_from_h) + "-" + std::to_string(schedule.peak_to_h);
  const char* roaming = schedule.manual_when_roaming ? "manual" : "push";
  if (session.line.json) {
    session.say(Json()
                    .set("account", view.email.view())
                    .set("peak", peak)
                    .set("peak_mode", mode_text(schedule.peak_mode))
                    .set("off_peak_mode", mode_text(schedule.off_peak_mode))
                    .set("roaming", roaming)
                    .set("now", mode_text(view.mode)));
    return;
  }
  session.say(printable(address(view)));
  session.say("  peak       " + peak + " h, " + mode_words(schedule.peak_mode));
  session.say("  off-peak   " + mode_words(schedule.off_peak_mode));
  session.say("  roaming    " + std::string(schedule.manual_when_roaming ? "manual" : "as at home"));
  session.say("  now        " + mode_words(view.mode));
}

}  // namespace

int schedule_show(Session& session) {
  for (const AccountView& view : accounts(session)) print(session, view);
  return kDone;
}

int schedule_set(Session& session) {
  const auto& fields = session.line.fields;
  if (fields.empty()) throw usage("nothing is to be changed", "give --peak, --peak-mode, --off-peak-mode or --roaming");
  for (const AccountView& view : accounts(session)) {
    Schedule schedule = view.schedule;
    for (const auto& [option, text] : fields) {
      if (option == "peak") set_peak(schedule, text);
      if (option == "peak-mode") schedule.peak_mode = mode_of(option, text);
      if (option == "off-peak-mode") schedule.off_peak_mode = mode_of(option, text);
      if (option == "roaming") {
        if (text != "push" && text != "manual") {
          throw usage("--roaming takes push or manual, not `" + text + "`", "for example --roaming manual");
        }
        schedule.manual_when_roaming = text == "manual";
      }
    }
    const auto done =
        session.phone.call([&](Engine& engine, Instant now) { return engine.set_schedule(view.id, schedule, now); });
    if (!done.ok()) throw failure_of(done.error());
    print(session, account_view(session, view.id));
  }
  return kDone;
}

}  // namespace handset
