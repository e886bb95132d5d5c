/// What options and JSON objects say of an event, contact, task or note, as properties.
#pragma once
#include <string>
#include <vector>

#include "handset/session.h"
#include "items/time_zone.h"

namespace handset {

struct FormEdit {
  std::uint16_t id = 0;
  std::string value;
  bool present = true;
};
/// Of times without an offset: --zone, else the one that the person is in. Throws usage for a name that is none.
handsync::items::TimeZone chosen_zone(Session&);
/// A time that was given with an option, by that zone. Throws usage when it is none.
std::int64_t option_time_ms(Session&, const char* option, const std::string& text, bool or_date = false);
/// Throws usage for what cannot be understood. `add`: what a new item needs beside is filled in.
std::vector<FormEdit> form_edits(Session&, handsync::Class, bool add);

/// The Recurrence element of an RRULE (RFC 5545 3.3.10) in `page` (calendar or tasks), as WBXML. Throws usage.
std::string recurrence_of(const std::string& rrule, std::int64_t start_local_s, const handsync::items::TimeZone& zone);

}  // namespace handset
