/// MeetingResponse (MS-ASCMD 2.2.1.11).
#pragma once
#include "protocol/request.h"
#include "protocol/response.h"

namespace handsync::protocol {

struct MeetingAnswer {
  Version version = 0;
  std::uint32_t user_response = 0;  ///< 1 accept, 2 tentative, 3 decline
  Text collection_id, request_id;
  bool one = false;  ///< from 14.1 on
  std::int64_t original_ms = 0;
  Text message;                                           ///< from 16.0 on: to the organizer, whom the server tells
  std::int64_t propose_start_ms = 0, propose_end_ms = 0;  ///< from 16.1 on; 0 = none
};
Result<std::size_t> write_meeting_response(Room, const MeetingAnswer&);

/// status(): of the one answer that was given, or of the whole.
class MeetingResponseReader final : public ResponseReader {
 private:
  Status on_open(Path) override;
  Status on_value(Path, Text value) override;
};

}  // namespace handsync::protocol
