/// The iCalendar messages of an organizer, REQUEST and CANCEL (RFC 5546 3.2.2, 3.2.5), that servers below 16.0 leave to
/// the client. Pure; any thread.
#pragma once
#include "items/mime_header.h"
#include "items/time_zone.h"

namespace handsync::items {

/// Times UTC. Elements as they are kept (application_data.h); empty = there is none.
struct Invitation {
  bool cancel = false;
  bool one = false;  ///< of one occurrence, whose planned start is original_ms
  bool all_day = false;
  std::uint32_t sequence = 0;
  Text uid, organizer, subject, place;  ///< organizer: an address
  Bytes attendees{}, recurrence{}, exceptions{};
  TimeZone zone;
  std::int64_t start_ms = 0, end_ms = 0, original_ms = 0, now_ms = 0;
};
/// Lines folded at 75 bytes, ended by CR LF. Exceptions that were cancelled are left out of the series; what was
/// changed of others is not repeated.
Status write_invitation(TextSink&, const Invitation&);

/// The addresses of an Attendees element but one, with commas between them; what is no mail address is left out. The
/// bytes written; more than the room has: nothing was.
std::size_t list_attendees(Bytes attendees, Text but, std::span<char> room);

}  // namespace handsync::items
