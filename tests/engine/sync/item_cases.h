/// Items of every shape that a server may hold, made by rules: recurrence types, exceptions, time zones, attendees,
/// all-day events; contacts, tasks and notes with few and with many properties, and with some that no table names.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "exchange/mailbox.h"
#include "exchange/server.h"
#include "exchange/text.h"
#include "wbxml/code_pages.h"

namespace handsync::test {

/// A server of one version, without a policy.
inline exchange::Options of_version(const char* version) {
  exchange::Options options;
  options.policy = std::nullopt;
  options.versions = {version};
  return options;
}
/// "16.1" as 161, "2.5" as 25.
inline int number_of(const char* version) {
  int number = 0;
  for (; *version != '\0'; ++version)
    if (*version != '.') number = number * 10 + (*version - '0');
  return number;
}

inline std::string zone_blob(int bias_min, int daylight_min, int from_month, int to_month) {
  std::string blob(172, '\0');
  const auto put = [&](std::size_t at, std::int32_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i)
      blob[at + i] = static_cast<char>(static_cast<std::uint32_t>(value) >> (8 * i));
  };
  put(0, bias_min, 4);
  if (daylight_min != 0) {
    put(68 + 2, to_month, 2);  // to standard: last Sunday, 03:00
    put(68 + 6, 5, 2);
    put(68 + 8, 3, 2);
    put(152 + 2, from_month, 2);  // to daylight: last Sunday, 02:00
    put(152 + 6, 5, 2);
    put(152 + 8, 2, 2);
    put(168, daylight_min, 4);
  }
  return exchange::to_base64(blob);
}

inline exchange::Item event_case(int recurrence, int exceptions, int zone, int kind, int version) {
  namespace cal = wbxml::calendar;
  namespace base = wbxml::air_sync_base;
  using exchange::Node;
  exchange::Item item;
  item.class_name = "Calendar";
  item.received_ms = 1'767'600'000'000;
  const std::string name = std::to_string(recurrence) + "/" + std::to_string(exceptions) + "/" + std::to_string(zone) +
                           "/" + std::to_string(kind);
  const bool all_day = kind == 1;
  static const std::string kZones[] = {zone_blob(0, 0, 0, 0), zone_blob(-60, -60, 3, 10), zone_blob(480, -60, 3, 11),
                                       zone_blob(-330, 0, 0, 0), zone_blob(-600, -60, 10, 4)};
  std::vector<Node>& all = item.properties;
  if (!(all_day && version >= 160)) all.emplace_back(cal::kTimezone, kZones[zone]);
  all.emplace_back(cal::kAllDayEvent, all_day ? 1 : 0);
  all.emplace_back(cal::kStartTime, all_day ? "20260105T000000Z" : "20260105T083000Z");
  all.emplace_back(cal::kEndTime, all_day ? "20260106T000000Z" : "20260105T093000Z");
  all.emplace_back(cal::kDtStamp, "20251201T120000Z");
  all.emplace_back(cal::kSubject, "Besprechung " + name);
  all.emplace_back(cal::kUID, "case-" + name);
  if (kind != 3) {
    if (version >= 160) {
      Node place(base::kLocation);
      place.add(base::kDisplayName, "Raum 4 \"Süd\"");
      place.add(base::kCity, "Köln");
      place.add(base::kLatitude, "50.9");
      all.push_back(place);
    } else {
      all.emplace_back(cal::kLocation, "Raum 4 \"Süd\"");
    }
  }
  if (kind == 0) all.emplace_back(cal::kReminder, 15);
  if (kind == 3) all.emplace_back(cal::kReminder);  // none, said explicitly
  all.emplace_back(cal::kBusyStatus, kind % 4);
  all.emplace_back(cal::kSensitivity, kind % 3);
  all.emplace_back(cal::kMeetingStatus, kind == 2 ? 1 : 0);
  if (kind == 2) {
    all.emplace_back(cal::kOrganizerName, "Demo");
    all.emplace_back(cal::kOrganizerEmail, "demo@example.test");
    Node attendees(cal::kAttendees);
    for (int i = 0; i < 3; ++i) {
      Node& attendee = attendees.add(cal::kAttendee);
      attendee.add(cal::kEmail, "guest" + std::to_string(i) + "@example.test");
      attendee.add(cal::kName, "Gast " + std::to_string(i));
      attendee.add(cal::kAttendeeStatus, i + 2);
      attendee.add(cal::kAttendeeType, 1 + i % 3);
    }
    all.push_back(attendees);
    if (version >= 140) all.emplace_back(cal::kResponseRequested, 1);
    if (version >= 140) all.emplace_back(cal::kResponseType, 1);
  }
  if (kind == 3) {
    Node categories(cal::kCategories);
    categories.add(cal::kCategory, "Projekt & Süd");
    categories.add(cal::kCategory, "Rot");
    all.push_back(categories);
    all.emplace_back(wbxml::make_tag(4, 0x3E), "nobody knows this");
  }
  if (recurrence >= 0) {
    static constexpr int kTypes[] = {0, 0, 1, 1, 2, 3, 3, 5, 6};
    Node rule(cal::kRecurrence);
    const int type = kTypes[recurrence];
    rule.add(cal::kType, type);
    rule.add(cal::kInterval, 1 + recurrence % 3);
    if (recurrence % 3 == 0) rule.add(cal::kOccurrences, 10 + recurrence);
    if (recurrence % 3 == 1) rule.add(cal::kUntil, "20261231T083000Z");
    if (recurrence == 1 || type == 1 || type == 3 || type == 6) rule.add(cal::kDayOfWeek, recurrence == 1 ? 62 : 2);
    if (type == 2 || type == 5) rule.add(cal::kDayOfMonth, 5);
    if (type == 3 || type == 6) rule.add(cal::kWeekOfMonth, recurrence == 6 ? 5 : 1);
    if (type == 5 || type == 6) rule.add(cal::kMonthOfYear, 1);
    if (version >= 141 && type == 1) rule.add(cal::kFirstDayOfWeek, 1);
    all.push_back(rule);
    if (exceptions > 0) {
      Node list(cal::kExceptions);
      for (int i = 0; i < exceptions; ++i) {
        Node& exception = list.add(cal::kException);
        const std::string at = "202601" + std::to_string(12 + 7 * i) + "T083000Z";
        if (version >= 160) exception.add(base::kInstanceId, at);
        if (i == 1) exception.add(cal::kDeleted, 1);
        if (version < 160) exception.add(cal::kExceptionStartTime, at);
        if (i == 1) continue;
        exception.add(cal::kSubject, "Verlegt " + std::to_string(i));
        exception.add(cal::kStartTime, "202601" + std::to_string(13 + 7 * i) + "T100000Z");
        exception.add(cal::kEndTime, "202601" + std::to_string(13 + 7 * i) + "T110000Z");
        exception.add(cal::kReminder);
      }
      all.push_back(list);
    }
  }
  item.body_type = 1;
  item.body.data = "Notizen zu " + name + "\r\nzweite Zeile";
  return item;
}

/// 340 of them.
inline std::vector<exchange::Item> event_cases(int version) {
  std::vector<exchange::Item> all;
  for (int recurrence = -1; recurrence < 9; ++recurrence) {
    for (int exceptions = 0; exceptions < (recurrence < 0 ? 1 : 2); ++exceptions) {
      for (int zone = 0; zone < 5; ++zone) {
        for (int kind = 0; kind < 4; ++kind) {
          if (all.size() < 340) all.push_back(event_case(recurrence, exceptions * 2, zone, kind, version));
        }
      }
    }
  }
  return all;
}

/// Contacts with every second, third ... of their properties, tasks and notes of every shape: 140, and 100 below 14.0,
/// which has no notes.
inline std::vector<exchange::Item> other_cases(int version) {
  namespace con = wbxml::contacts;
  namespace con2 = wbxml::contacts2;
  namespace tsk = wbxml::tasks;
  namespace note = wbxml::notes;
  using exchange::Node;
  std::vector<exchange::Item> all;
  for (int i = 0; i < 40; ++i) {
    exchange::Item item;
    item.class_name = "Contacts";
    for (int token = 0x05; token <= 0x3B; ++token) {
      const wbxml::Tag tag = wbxml::make_tag(1, static_cast<std::uint8_t>(token));
      const bool old = tag == con::kBody || tag == con::kBodySize || tag == con::kBodyTruncated ||
                       tag == con::kCompressedRTF || tag == con::kCategory || tag == con::kChild;
      if (old || (token % (1 + i % 7) != 0 && tag != con::kFirstName)) continue;
      if (tag == con::kCategories || tag == con::kChildren) {
        Node list(tag);
        list.add(tag == con::kCategories ? con::kCategory : con::kChild, "Eins, & \"zwei\"");
        list.add(tag == con::kCategories ? con::kCategory : con::kChild, "Drei");
        item.properties.push_back(list);
      } else if (tag == con::kBirthday || tag == con::kAnniversary) {
        item.properties.emplace_back(tag, "1980-02-29T11:59:00.000Z");
      } else {
        item.properties.emplace_back(tag, "Wert <" + std::to_string(token) + "> ä" + std::to_string(i));
      }
    }
    if (i % 4 == 0) item.properties.emplace_back(con::kPicture, exchange::to_base64(std::string(20'000, 'p')));
    if (i % 3 == 0) {
      item.properties.emplace_back(con2::kNickName, "Spitz");
      item.properties.emplace_back(con2::kCustomerId, "47-11");
      item.properties.emplace_back(wbxml::make_tag(1, 0x3F), "unknown to us");
    }
    item.body_type = 1;
    item.body.data = i % 5 == 0 ? std::string(60'000, 'b') : "Notiz " + std::to_string(i);
    all.push_back(item);
  }
  for (int i = 0; i < 60; ++i) {
    exchange::Item item;
    item.class_name = "Tasks";
    item.properties.emplace_back(tsk::kSubject, "Aufgabe " + std::to_string(i));
    item.properties.emplace_back(tsk::kImportance, i % 3);
    if (i % 2 == 0) {
      item.properties.emplace_back(tsk::kUtcStartDate, "2026-01-04T23:00:00.000Z");
      item.properties.emplace_back(tsk::kStartDate, "2026-01-05T00:00:00.000Z");
      item.properties.emplace_back(tsk::kUtcDueDate, "2026-01-09T23:00:00.000Z");
      item.properties.emplace_back(tsk::kDueDate, "2026-01-10T00:00:00.000Z");
    }
    item.properties.emplace_back(tsk::kComplete, i % 4 == 0 ? 1 : 0);
    if (i % 4 == 0) item.properties.emplace_back(tsk::kDateCompleted, "2026-01-03T10:00:00.000Z");
    item.properties.emplace_back(tsk::kSensitivity, i % 3);
    item.properties.emplace_back(tsk::kReminderSet, i % 2);
    if (i % 2 == 1) item.properties.emplace_back(tsk::kReminderTime, "2026-01-05T07:00:00.000Z");
    if (i % 5 == 0) {
      Node rule(tsk::kRecurrence);
      rule.add(tsk::kType, i % 4 == 0 ? 0 : 1);
      rule.add(tsk::kStart, "2026-01-05T00:00:00.000Z");
      rule.add(tsk::kInterval, 2);
      if (i % 4 != 0) rule.add(tsk::kDayOfWeek, 8);
      rule.add(tsk::kRegenerate, 0);
      rule.add(tsk::kDeadOccur, 0);
      item.properties.push_back(rule);
    }
    if (i % 6 == 0) item.properties.emplace_back(wbxml::make_tag(9, 0x3E), "unknown to us");
    if (i % 7 == 0) {
      Node list(tsk::kCategories);
      list.add(tsk::kCategory, "Haus");
      item.properties.push_back(list);
    }
    item.body_type = 1;
    item.body.data = i % 5 == 0 ? std::string(50'000, 't') : "Notiz " + std::to_string(i);
    all.push_back(item);
  }
  for (int i = 0; version >= 140 && i < 40; ++i) {
    exchange::Item item;
    item.class_name = "Notes";
    item.properties.emplace_back(note::kSubject, "Zettel " + std::to_string(i));
    item.properties.emplace_back(note::kMessageClass, i % 4 == 0 ? "IPM.StickyNote.Gelb" : "IPM.StickyNote");
    if (i % 3 == 0) {
      Node list(note::kCategories);
      list.add(note::kCategory, "Blau");
      item.properties.push_back(list);
    }
    if (i % 6 == 0) item.properties.emplace_back(wbxml::make_tag(23, 0x0F), "unknown to us");
    item.body_type = 1;
    item.body.data = i % 5 == 0 ? std::string(40'000, 'n') : "Notiz " + std::to_string(i);
    all.push_back(item);
  }
  return all;
}

}  // namespace handsync::test
