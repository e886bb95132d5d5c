#include "handset/item_form.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "handset/properties.h"
#include "handset/text.h"
#include "handset/zone.h"
#include "items/datetime.h"
#include "items/properties.h"
#include "wbxml/code_pages.h"
#include "wbxml/writer.h"

namespace handset {
namespace {

namespace wbxml = handsync::wbxml;
namespace items = handsync::items;
namespace cal = handsync::wbxml::calendar;
namespace con = handsync::wbxml::contacts;
namespace tsk = handsync::wbxml::tasks;
using handsync::Class;

constexpr std::int64_t kDay_s = 86'400;

/// A structured value: its element as WBXML without the header.
template <class Put>
std::string element_of(Put put) {
  std::string document(64 * 1024, '\0');
  wbxml::Writer writer{std::as_writable_bytes(std::span(document))};
  put(writer);
  if (!writer.status().ok()) throw usage("a value is too long, or not UTF-8", "shorten it");
  document.resize(writer.size());
  return document.substr(4);
}

std::string compact(std::int64_t s) { return std::string(items::format_compact_date_time(s * 1000).view()); }
std::string dashed(std::int64_t s) { return std::string(items::format_date_time(s * 1000).view()); }

class Form {
 public:
  Form(Session& session, Class kind, bool add) : session_(session), kind_(kind), add_(add) {
    zone_ = chosen_zone(session);
  }

  std::vector<FormEdit> run() {
    if (!session_.line.json_file.empty()) take_json();
    switch (kind_) {
      case Class::kEvent:
        event();
        break;
      case Class::kContact:
        contact();
        break;
      case Class::kTask:
        task();
        break;
      default:
        text("subject", items::kSubject);
        break;
    }
    text("body", items::kBodyData);
    text("note", items::kBodyData);
    return std::move(edits_);
  }

 private:
  const std::string* given(const char* name) const {
    const auto found = session_.line.fields.find(name);
    if (found != session_.line.fields.end()) return &found->second;
    const auto brief = short_names_.find(name);
    return brief == short_names_.end() ? nullptr : &brief->second;
  }
  void put(std::uint16_t id, std::string value) {
    std::erase_if(edits_, [id](const FormEdit& edit) { return edit.id == id; });
    edits_.push_back({id, std::move(value), true});
  }
  void clear(std::uint16_t id) {
    std::erase_if(edits_, [id](const FormEdit& edit) { return edit.id == id; });
    if (!add_) edits_.push_back({id, {}, false});
  }
  /// An empty text takes the property away.
  void text(const char* name, std::uint16_t id) {
    const std::string* value = given(name);
    if (value == nullptr) return;
    if (value->empty()) {
      clear(id);
    } else {
      put(id, *value);
    }
  }
  TypedTime time(const char* name, const std::string& value) const {
    const auto typed = typed_time(value, zone_);
    if (!typed) {
      throw usage(std::string("--") + name + " `" + value + "` is no date or time",
                  "write 2026-12-25, 2026-12-25T08:35, or with an offset 2026-12-25T08:35+01:00");
    }
    return *typed;
  }
  int choice(const char* name, const std::string& value, std::initializer_list<const char*> words) const {
    int number = 0;
    std::string list;
    for (const char* word : words) {
      if (value == word || value == std::to_string(number)) return number;
      list += (number++ == 0 ? "" : ", ") + std::string(word);
    }
    throw usage(std::string("--") + name + " `" + value + "` is none of " + list, "take one of them");
  }

  void event() {
    text("subject", items::kSubject);
    text("location", cal::kLocation);
    const bool all_day = given("all-day") != nullptr;
    std::optional<TypedTime> start, end;
    if (const std::string* value = given("start")) start = time("start", *value);
    if (const std::string* value = given("end")) end = time("end", *value);
    if (start && end && end->utc_s < start->utc_s)
      throw usage("the event ends before it begins", "look at --start and --end");
    if (all_day && start) {
      // Dates of every place: midnight, and a zone without rules.
      const std::int64_t first = start->local_s / kDay_s * kDay_s;
      std::int64_t last = end ? end->local_s / kDay_s * kDay_s : first + kDay_s;
      if (last <= first) last = first + kDay_s;
      if (session_.line.only.empty()) {  // one of a series lasts all day where the series does
        put(cal::kAllDayEvent, "1");
        put(cal::kTimezone, std::string(items::format_time_zone({}).view()));
      }
      put(cal::kStartTime, compact(first));
      put(cal::kEndTime, compact(last));
    } else if (start || end) {
      if (add_ && start && !end) {
        end = start;
        end->utc_s += 3600;
      }
      if (!session_.line.json_file.empty()) {  // the other end is that of the object
        const auto other = items::parse_date_time(so_far(start ? cal::kEndTime : cal::kStartTime));
        TypedTime same;
        same.utc_s = same.local_s = other.ok() ? other.value() / 1000 : 0;
        if (!start) start = same;
        if (!end) end = same;
      }
      if (!add_ && !(start && end)) throw usage("a time that moves needs both of its ends", "give --start and --end");
      if (start && end) {
        put(cal::kStartTime, compact(start->utc_s));
        put(cal::kEndTime, compact(end->utc_s));
        if (add_) put(cal::kTimezone, std::string(items::format_time_zone(zone_).view()));
      }
    }
    if (const std::string* value = given("reminder")) {
      if (value->empty() || *value == "none") {
        clear(cal::kReminder);
      } else {
        put(cal::kReminder, *value);
      }
    }
    if (const std::string* value = given("busy")) {
      put(cal::kBusyStatus, std::to_string(choice("busy", *value, {"free", "tentative", "busy", "out"})));
    }
    if (const std::string* value = given("repeat")) {
      if (value->empty() || *value == "none") {
        clear(cal::kRecurrence);
      } else {
        put(cal::kRecurrence, recurrence_of(*value, start ? start->local_s : 0, zone_));
      }
    }
    if (session_.line.attendees.empty()) return;
    put(cal::kAttendees, element_of([&](wbxml::Writer& writer) {
          writer.open(cal::kAttendees);
          for (const std::string& address : session_.line.attendees) {
            const std::size_t angle = address.find('<');
            std::string mail = address, name = address;
            if (angle != std::string::npos && address.ends_with('>')) {
              mail = address.substr(angle + 1, address.size() - angle - 2);
              name = address.substr(0, address.find_last_not_of(" \"", angle == 0 ? 0 : angle - 1) + 1);
              if (name.starts_with('"')) name.erase(0, 1);
            }
            writer.open(cal::kAttendee).element(cal::kEmail, mail).element(cal::kName, name).close();
          }
          writer.close();
        }));
  }

  void contact() {
    if (const std::string* name = given("name")) {
      const std::size_t space = name->rfind(' ');
      const std::string first = space == std::string::npos ? std::string() : name->substr(0, space);
      const std::string last = space == std::string::npos ? *name : name->substr(space + 1);
      first.empty() ? clear(con::kFirstName) : put(con::kFirstName, first);
      last.empty() ? clear(con::kLastName) : put(con::kLastName, last);
      if (add_ && !name->empty()) put(con::kFileAs, first.empty() ? last : last + ", " + first);
    }
    text("email", con::kEmail1Address);
    text("phone", con::kMobilePhoneNumber);
    text("company", con::kCompanyName);
    if (const std::string* value = given("birthday")) {
      if (value->empty()) {
        clear(con::kBirthday);
      } else {
        put(con::kBirthday, dashed(time("birthday", *value).local_s / kDay_s * kDay_s));
      }
    }
  }

  void day(const char* name, std::uint16_t local, std::uint16_t utc) {
    const std::string* value = given(name);
    if (value == nullptr) return;
    if (value->empty()) {
      clear(local);
      clear(utc);
      return;
    }
    const TypedTime typed = time(name, *value);
    put(utc, dashed(typed.utc_s));
    put(local, dashed(typed.local_s));
  }

  void task() {
    text("subject", items::kSubject);
    day("start", tsk::kStartDate, tsk::kUtcStartDate);
    day("due", tsk::kDueDate, tsk::kUtcDueDate);
    if (const std::string* value = given("reminder")) {
      if (value->empty() || *value == "none") {
        clear(tsk::kReminderTime);
        put(tsk::kReminderSet, "0");
      } else {
        put(tsk::kReminderTime, dashed(time("reminder", *value).utc_s));
        put(tsk::kReminderSet, "1");
      }
    }
    if (const std::string* value = given("importance")) {
      put(tsk::kImportance, std::to_string(choice("importance", *value, {"low", "normal", "high"})));
    }
    if (session_.line.command == "task done") put(tsk::kComplete, "1");
  }

  /// The object that `show --json` prints: every property by its element's name, and the body. Properties that only a
  /// server writes, and those of a single item, are left to it.
  void take_json() {
    const auto file = session_.request.files.find(session_.line.json_file);
    const Json root(file == session_.request.files.end() ? std::string() : file->second);
    if (!root.valid())
      throw usage("`" + session_.line.json_file + "` holds no JSON object", "give what `show --json` prints");
    for (const items::Property& row : items::properties(kind_)) {
      const bool own = row.parent == 0 && row.place != items::Place::kNone && row.id != items::kNativeBodyType;
      const bool made_by_server = (row.traits & items::kServerOnly) != 0 || row.tag == cal::kClientUid;
      const bool identity = row.tag == cal::kUID || row.tag == cal::kDtStamp;
      if (!own || made_by_server || identity) continue;
      const std::optional<std::string> value = property_of_json(root, row);
      if (value) put(row.id, *value);
    }
    if (root.has("body") && root.get("body_type") != "html") put(items::kBodyData, root.get("body"));
    take_short_names(root);
  }

  /// The value that the object has of a property so far.
  std::string so_far(std::uint16_t id) const {
    for (const FormEdit& edit : edits_) {
      if (edit.id == id) return edit.value;
    }
    return {};
  }

  /// The keys of `list --json` count where they say something else than the properties: then somebody changed them.
  void take_short_names(const Json& root) {
    const auto& fields = session_.line.fields;
    const auto take = [&](const char* key, const char* field, const std::string& known) {
      if (!root.has(key) || fields.contains(field)) return;
      if (const std::string value = root.get(key); value != known) short_names_[field] = value;
    };
    const auto moment = [&](std::uint16_t id) {
      const auto parsed = items::parse_date_time(so_far(id));
      return parsed.ok() && !so_far(id).empty() ? iso_utc(parsed.value()) : std::string();
    };
    switch (kind_) {
      case Class::kEvent: {
        take("subject", "subject", so_far(items::kSubject));
        take("start", "start", moment(cal::kStartTime));
        take("end", "end", moment(cal::kEndTime));
        std::string place = so_far(cal::kLocation);
        for (const Element& element : elements_of(so_far(wbxml::air_sync_base::kLocation))) {
          for (const Element& child : element.children) {
            if (child.name == "DisplayName") place = child.text;
          }
        }
        take("location", "location", place);
        std::erase_if(edits_, [&](const FormEdit& edit) {
          return short_names_.contains("location") && edit.id == wbxml::air_sync_base::kLocation;
        });
        break;
      }
      case Class::kContact: {
        const std::string first = so_far(con::kFirstName), last = so_far(con::kLastName);
        const std::string name = first.empty() || last.empty() ? first + last : first + " " + last;
        if (!name.empty() || add_) take("name", "name", name);
        take("email", "email", so_far(con::kEmail1Address));
        for (const std::uint16_t id : {con::kMobilePhoneNumber, con::kBusinessPhoneNumber, con::kHomePhoneNumber}) {
          if (so_far(id).empty()) continue;
          take("phone", "phone", so_far(id));
          break;
        }
        break;
      }
      case Class::kTask:
        take("subject", "subject", so_far(items::kSubject));
        take("due", "due", moment(tsk::kUtcDueDate));
        if (root.has("complete") && root.flag("complete") != (so_far(tsk::kComplete) == "1")) {
          put(tsk::kComplete, root.flag("complete") ? "1" : "0");
          std::erase_if(edits_, [](const FormEdit& edit) { return edit.id == tsk::kDateCompleted; });
        }
        break;
      default:
        take("subject", "subject", so_far(items::kSubject));
        break;
    }
  }

  Session& session_;
  Class kind_;
  bool add_;
  items::TimeZone zone_;
  std::vector<FormEdit> edits_;
  std::map<std::string, std::string> short_names_;
};

}  // namespace

items::TimeZone chosen_zone(Session& session) {
  const std::string& zone = session.line.zone.empty() ? session.request.zone : session.line.zone;
  if (zone.empty()) return zone_of_offset(session.request.utc_offset_s.value_or(0));
  const auto found = zone_of(zone);
  if (!found) throw usage("`" + zone + "` is no time zone", "for example --zone Europe/Berlin");
  return *found;
}

std::int64_t option_time_ms(Session& session, const char* option, const std::string& text, bool or_date) {
  const auto typed = typed_time(text, chosen_zone(session));
  if (!typed || (typed->date_only && !or_date))
    throw usage(std::string(option) + " `" + text + "` is no time",
                std::string("for example ") + option + " 2026-12-25T08:35");
  return typed->utc_s * 1000;
}

std::vector<FormEdit> form_edits(Session& session, Class kind, bool add) { return Form(session, kind, add).run(); }

std::string recurrence_of(const std::string& rrule, std::int64_t start_local_s, const items::TimeZone& zone) {
  const auto bad = [&](const std::string& what) -> Failure {
    return usage("--repeat `" + rrule + "`: " + what, "for example --repeat 'FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10'");
  };
  std::map<std::string, std::string> parts;
  std::string text = rrule.starts_with("RRULE:") ? rrule.substr(6) : rrule;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(';'), text.size());
    const std::string part = text.substr(0, end);
    text.erase(0, end + 1);
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos) throw bad("`" + part + "` is no NAME=VALUE");
    parts[part.substr(0, equals)] = part.substr(equals + 1);
  }
  for (const auto& [name, value] : parts) {
    static constexpr const char* kKnown[] = {"FREQ",       "INTERVAL", "COUNT",    "UNTIL", "BYDAY",
                                             "BYMONTHDAY", "BYMONTH",  "BYSETPOS", "WKST"};
    if (std::find(std::begin(kKnown), std::end(kKnown), name) == std::end(kKnown))
      throw bad(name + " cannot be said in ActiveSync");
  }
  int days = 0, nth = 0;
  std::string list = parts["BYDAY"];
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    std::string day = list.substr(0, end);
    list.erase(0, end + 1);
    if (day.size() > 2) {
      nth = std::atoi(day.c_str());
      day = day.substr(day.size() - 2);
    }
    static constexpr const char* kDays[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
    const auto found = std::find(std::begin(kDays), std::end(kDays), day);
    if (found == std::end(kDays)) throw bad("`" + day + "` is no day of the week");
    days |= 1 << (found - std::begin(kDays));
  }
  if (!parts["BYSETPOS"].empty()) nth = std::atoi(parts["BYSETPOS"].c_str());
  if (nth < -1 || nth > 4) throw bad("only the first to the fourth and the last can be said in ActiveSync");
  const std::string start = dashed(start_local_s);  // year-month-dayT...
  const int start_day = std::atoi(start.substr(8, 2).c_str()), start_month = std::atoi(start.substr(5, 2).c_str());
  const int month_day = parts["BYMONTHDAY"].empty() ? start_day : std::atoi(parts["BYMONTHDAY"].c_str());
  const int month = parts["BYMONTH"].empty() ? start_month : std::atoi(parts["BYMONTH"].c_str());
  const std::string& frequency = parts["FREQ"];
  int type = 0;
  if (frequency == "DAILY") {
    type = 0;
  } else if (frequency == "WEEKLY") {
    type = 1;
    if (days == 0) days = 1 << ((start_local_s / kDay_s + 4) % 7);
  } else if (frequency == "MONTHLY") {
    type = days != 0 ? 3 : 2;
  } else if (frequency == "YEARLY") {
    type = days != 0 ? 6 : 5;
  } else {
    throw bad("FREQ is DAILY, WEEKLY, MONTHLY or YEARLY");
  }
  const auto in_range = [&](const char* name, int value, int low, int high) {
    if (value < low || value > high) throw bad(std::string(name) + " is out of range");
    return static_cast<std::uint64_t>(value);
  };
  return element_of([&](wbxml::Writer& writer) {
    writer.open(cal::kRecurrence).element(cal::kType, static_cast<std::uint64_t>(type));
    if (!parts["COUNT"].empty()) {
      writer.element(cal::kOccurrences, in_range("COUNT", std::atoi(parts["COUNT"].c_str()), 1, 999));
    } else if (!parts["UNTIL"].empty()) {
      std::string until = parts["UNTIL"];
      const auto when = items::parse_date_time(until);
      if (!when.ok()) throw bad("UNTIL is no date");
      std::int64_t until_s = when.value() / 1000;
      if (until.find('T') == std::string::npos) until_s += start_local_s % kDay_s;  // that day's occurrence counts
      if (!until.ends_with('Z')) until_s = zone.utc_of(until_s);
      writer.element(cal::kUntil, compact(until_s));
    }
    if (type < 5) {
      const int interval = parts["INTERVAL"].empty() ? 1 : std::atoi(parts["INTERVAL"].c_str());
      writer.element(cal::kInterval, in_range("INTERVAL", interval, 1, 999));
    }
    if (days != 0) writer.element(cal::kDayOfWeek, static_cast<std::uint64_t>(days));
    if (type == 2 || type == 5) writer.element(cal::kDayOfMonth, in_range("BYMONTHDAY", month_day, 1, 31));
    if (type == 3 || type == 6)
      writer.element(cal::kWeekOfMonth, static_cast<std::uint64_t>(nth < 0 ? 5 : nth == 0 ? 1 : nth));
    if (type >= 5) writer.element(cal::kMonthOfYear, in_range("BYMONTH", month, 1, 12));
    writer.close();
  });
}

}  // namespace handset
