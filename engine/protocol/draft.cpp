#include "protocol/draft.h"

#include "protocol/written.h"

namespace handsync::protocol {

namespace as = wbxml::air_sync;
namespace email = wbxml::email;
namespace email2 = wbxml::email2;

Result<Envelope> write_draft(Room room, const DraftCommand& draft) {
  wbxml::Writer writer(room);
  writer.open(as::kSync).open(as::kCollections).open(as::kCollection);
  writer.element(as::kSyncKey, draft.sync_key).element(as::kCollectionId, draft.collection_id);
  writer.element(as::kDeletesAsMoves, std::uint64_t{1}).element(as::kGetChanges, std::uint64_t{0});
  writer.open(as::kCommands);
  if (draft.add) {
    writer.open(as::kAdd).element(as::kClientId, draft.client_id);
  } else {
    writer.open(as::kChange).element(as::kServerId, draft.server_id);
  }
  if (draft.send) writer.empty(email2::kSend);
  writer.open(as::kApplicationData);
  if (draft.has_fields) {
    // An empty element takes away what the server has; of a new draft there is nothing to take.
    const auto put = [&](wbxml::Tag tag, Text text) {
      if (!text.empty() || !draft.add) writer.element(tag, text);
    };
    put(email::kTo, draft.to);
    put(email::kCc, draft.cc);
    put(email2::kBcc, draft.bcc);
    put(email::kSubject, draft.subject);
    writer.element(email::kImportance, std::uint64_t{draft.importance});
  }
  const std::size_t before = writer.size();
  writer.close().close().close().close().close().close();
  const Result<std::size_t> whole = written(writer);
  if (!whole.ok()) return whole.error();
  return Envelope{before, whole.value()};
}

}  // namespace handsync::protocol
