/// Invitations: made on the console, answered by MeetingResponse (meeting_response.cpp).
#pragma once
#include "exchange/state.h"

namespace exchange {

/// `organizer` invites the user of `to`: a mail in the Inbox and a tentative event in the calendar; where the organizer
/// lives here too, the meeting in theirs. Tomorrow at ten for an hour, UTC; `weekly`: ten times. The mail's server id.
std::string invite(State& state, const std::string& organizer, Account& to, const std::string& subject, bool weekly);

/// The event of a meeting in somebody's calendar; null: there is none.
Item* event_of(Account& account, std::string_view uid);
/// What one attendee has answered is noted in the organizer's event. `response`: 1 accept, 2 tentative, 3 decline.
void note_answer(State& state, const std::string& organizer, std::string_view uid, const std::string& attendee,
                 int response);
/// The same of an iCalendar reply (RFC 5546 3.2.3) that came by mail. False: the text is none.
bool note_reply(State& state, std::string_view icalendar);
/// A MeetingRequest as a client of `version` gets it.
Node meeting_request_for_version(const Node& request, int version);

}  // namespace exchange
