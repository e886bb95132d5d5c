/// What an invitation says, and the iCalendar reply to it (RFC 5546 3.2.3) that servers below 16.0 leave to the client.
/// Pure; any thread.
#pragma once
#include "items/mime_header.h"
#include "wbxml/tag.h"

namespace handsync::items {

/// MS-ASEMAIL 2.2.2.48 MeetingRequest, or the same of an event.
struct Meeting {
  FixedText<300> uid;
  FixedText<320> organizer;  ///< as it came: `Name <address>` or an address
  std::int64_t start_ms = 0, end_ms = 0;
  std::int64_t recurrence_ms =
      0;  ///< of an invitation to one of a series: the start that the pattern gives; 0 = not said
  std::uint32_t message_type = 0;  ///< MS-ASEMAIL 2.2.2.46; 0 = not said
};

/// MS-ASCAL 2.2.2.28 MeetingStatus, whose values 9 to 15 say what 1 to 7 say; 0 where it is no number.
inline constexpr unsigned kMeetingReceived = 2, kMeetingCancelled = 4;
unsigned meeting_bits(Text status);

/// Reads a MeetingRequest element (WBXML without a header). False: it is none.
bool read_meeting_request(Bytes element, Meeting&);
/// The UID that stands in a GlobalObjId (MS-ASEMAIL 2.2.2.38). False: it is no base64, or too long.
bool uid_of_global_id(Text base64, FixedText<300>& uid);

/// In the order of UserResponse (MS-ASCMD 2.2.3.184).
enum class Reply : std::uint8_t { kAccept = 1, kTentative, kDecline };

struct CalendarReply {
  Reply reply{};
  const Meeting* meeting = nullptr;
  Text subject, attendee, comment;  ///< attendee: an address
  bool one = false;
  std::int64_t original_ms = 0;  ///< of one occurrence: the start that the pattern gives
  std::int64_t now_ms = 0;
};
/// Lines folded at 75 bytes, ended by CR LF.
Status write_calendar_reply(TextSink&, const CalendarReply&);

}  // namespace handsync::items
