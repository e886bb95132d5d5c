#include "protocol/meeting_response.h"

#include "items/datetime.h"
#include "protocol/written.h"

namespace handsync::protocol {
namespace {

namespace base = wbxml::air_sync_base;
namespace mr = wbxml::meeting_response;

}  // namespace

Result<std::size_t> write_meeting_response(Room room, const MeetingAnswer& answer) {
  wbxml::Writer writer(room);
  writer.open(mr::kMeetingResponse).open(mr::kRequest);
  writer.element(mr::kUserResponse, std::uint64_t{answer.user_response});
  writer.element(mr::kCollectionId, answer.collection_id).element(mr::kRequestId, answer.request_id);
  if (answer.one && !profile::below(answer.version, 141))
    writer.element(mr::kInstanceId, items::format_date_time(answer.original_ms).view());
  if (!profile::below(answer.version, 160)) {
    const bool proposes = answer.version >= 161 && answer.propose_start_ms != 0;
    if (answer.message.empty() && !proposes) {
      writer.empty(mr::kSendResponse);
    } else {
      writer.open(mr::kSendResponse);
      if (!answer.message.empty()) {
        writer.open(base::kBody).element(base::kType, std::uint64_t{1});
        writer.element(base::kData, answer.message).close();
      }
      if (proposes) {
        writer.element(mr::kProposedStartTime, items::format_date_time(answer.propose_start_ms).view());
        writer.element(mr::kProposedEndTime, items::format_date_time(answer.propose_end_ms).view());
      }
      writer.close();
    }
  }
  writer.close().close();
  return written(writer);
}

Status MeetingResponseReader::on_open(Path path) {
  return expect_root(path, mr::kMeetingResponse, Command::kMeetingResponse);
}

Status MeetingResponseReader::on_value(Path path, Text value) {
  const bool of_one = path.size() == 3 && path[1] == mr::kResult && path[2] == mr::kStatus;
  if (of_one || (path.size() == 2 && path[1] == mr::kStatus)) take_status(value);
  return Done{};
}

}  // namespace handsync::protocol
