#include "protocol/compose_mail.h"

#include "protocol/written.h"

namespace handsync::protocol {
namespace {

namespace cm = wbxml::compose_mail;

wbxml::Tag root_of(Command command) {
  switch (command) {
    case Command::kSmartReply:
      return cm::kSmartReply;
    case Command::kSmartForward:
      return cm::kSmartForward;
    default:
      return cm::kSendMail;
  }
}

}  // namespace

Result<Envelope> write_compose_mail(Room room, const ComposeMail& mail) {
  wbxml::Writer writer(room);
  writer.open(root_of(mail.command)).element(cm::kClientId, mail.client_id);
  if (mail.command != Command::kSendMail) {
    writer.open(cm::kSource).element(cm::kFolderId, mail.source_folder).element(cm::kItemId, mail.source_item).close();
  }
  writer.empty(cm::kSaveInSentItems).open(cm::kMime).opaque_elsewhere(mail.mime_bytes);
  const std::size_t before = writer.size();
  writer.close().close();
  const Result<std::size_t> whole = written(writer);
  if (!whole.ok()) return whole.error();
  return Envelope{before, whole.value()};
}

Status ComposeResponse::on_value(Path path, Text value) {
  if (path.size() == 2 && path[1] == cm::kStatus) take_status(value);
  return Done{};
}

Status MimeProbe::on_value(Path path, Text value) {
  take_status_of(path, value);
  return Done{};
}

/// What is wanted begins with a character that does not come again in it, so that a mismatch needs no memory of more.
Result<bool> MimeProbe::on_piece(Path path, Bytes piece, bool) {
  if (path.size() < 5) return false;
  const Text wanted = wanted_.view();
  for (std::byte value : piece) {
    if (found_ || wanted.empty()) break;
    const char c = static_cast<char>(value);
    matched_ = c == wanted[matched_] ? matched_ + 1 : c == wanted[0] ? 1 : 0;
    found_ = matched_ == wanted.size();
  }
  return true;
}

}  // namespace handsync::protocol
