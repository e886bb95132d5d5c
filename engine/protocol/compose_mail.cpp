#include "protocol/compose_mail.h"

#include "protocol/written.h"

namespace handsync::protocol {
namespace {

namespace as = wbxml::air_sync;
namespace base = wbxml::air_sync_base;
namespace cm = wbxml::compose_mail;
namespace io = wbxml::item_operations;

constexpr std::uint64_t kHeadBytesMax = 16 * 1024;  // its Message-ID stands within the first of them

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

Result<std::size_t> write_fetch_mime_head(Room room, Text collection_id, Text server_id) {
  wbxml::Writer writer(room);
  writer.open(io::kItemOperations).open(io::kFetch).element(io::kStore, "Mailbox");
  writer.element(as::kCollectionId, collection_id).element(as::kServerId, server_id);
  writer.open(io::kOptions).element(as::kMIMESupport, std::uint64_t{2});
  writer.open(base::kBodyPreference).element(base::kType, std::uint64_t{4});
  writer.element(base::kTruncationSize, kHeadBytesMax).close();
  writer.close().close().close();
  return written(writer);
}

Status MimeProbe::on_open(Path path) { return expect_root(path, io::kItemOperations, Command::kItemOperations); }

Status MimeProbe::on_value(Path path, Text value) {
  if (path.size() == 2 && path[1] == io::kStatus) take_status(value);
  if (path.size() == 4 && path[2] == io::kFetch && path[3] == io::kStatus) {
    if (auto number = parse_number(value); number.ok()) fetch_status_ = number.value();
  }
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
