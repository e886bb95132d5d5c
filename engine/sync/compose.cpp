/// A message is written (handsync/changes.h): its head at once as it will stand, its parts as they come, in pieces that
/// nobody refers to until send() queues them in one lasting step.
#include <cstring>
#include <new>

#include "sync/core.h"

namespace handsync::sync {

using items::mime_fault;
using items::MimeFault;
using items::MimePart;

namespace {

constexpr std::size_t kLineBytesMax = 998;             // RFC 5322 2.1.1
constexpr std::size_t kListBytesMax = 64 * 1024;       // of one list of recipients
constexpr std::size_t kDraftListBytesMax = 32 * 1024;  // a draft's stand in the request as they are
constexpr std::uint16_t kHtmlPart = 2;                 // of a draft: 1 is its text, attachments follow

/// Letters that no other boundary or id has: 16 random bytes.
Status random_hex(hal::Entropy& entropy, char (&out)[32]) {
  std::byte random[16];
  HANDSYNC_TRY(entropy.fill(random));
  constexpr char kDigits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < sizeof random; ++i) {
    out[2 * i] = kDigits[std::to_integer<unsigned>(random[i]) >> 4];
    out[2 * i + 1] = kDigits[std::to_integer<unsigned>(random[i]) & 15];
  }
  return Done{};
}

/// Pieces of the open part, each written when it is full.
struct PieceSink final : items::TextSink {
  PieceSink(replica::Store& target, Composing& what) : store(target), composing(what) {}
  Status put(Text text) override { return put(bytes_of(text)); }
  Status put(Bytes data) {
    composing.about.bytes += data.size();
    while (!data.empty()) {
      std::size_t count = sizeof composing.room - composing.filled;
      if (count > data.size()) count = data.size();
      std::memcpy(composing.room + composing.filled, data.data(), count);
      composing.filled += count;
      data = data.subspan(count);
      if (composing.filled == sizeof composing.room) HANDSYNC_TRY(flush());
    }
    return Done{};
  }
  Status flush() {
    if (composing.filled == 0) return Done{};
    HANDSYNC_TRY(store.message_piece(composing.message, composing.part, composing.piece++,
                                     Bytes(composing.room, composing.filled)));
    composing.filled = 0;
    return Done{};
  }
  replica::Store& store;
  Composing& composing;
};

/// Text as it goes on: every line end CR LF, UTF-8 checked, its encoding decided.
Status put_text(PieceSink& sink, Composing& composing, Bytes data) {
  if (wbxml::utf8_length(data, composing.utf8) != data.size()) return mime_fault(MimeFault::kNotUtf8);
  for (std::size_t i = 0; i < data.size();) {
    const auto byte = static_cast<unsigned char>(data[i]);
    if (byte == '\n' || byte == '\r') {
      const bool second = byte == '\n' && composing.after_cr;
      composing.after_cr = byte == '\r';
      composing.line_bytes = 0;
      ++i;
      if (!second) HANDSYNC_TRY(sink.put(Text("\r\n")));
      continue;
    }
    composing.after_cr = false;
    std::size_t end = i;
    while (end < data.size() && data[end] != std::byte{'\n'} && data[end] != std::byte{'\r'}) {
      const auto value = static_cast<unsigned char>(data[end++]);
      // A draft's text travels as a string, which ends at a NUL.
      if (value == 0 && composing.draft) return mime_fault(MimeFault::kControlCharacter);
      composing.about.base64 |= value >= 0x80 || value == 0;
    }
    composing.line_bytes += end - i;
    composing.about.base64 |= composing.line_bytes > kLineBytesMax;
    HANDSYNC_TRY(sink.put(data.subspan(i, end - i)));
    i = end;
  }
  return Done{};
}

Status close_part(replica::Store& store, Composing& composing) {
  if (!composing.open) return Done{};
  if (composing.utf8 != 0) return mime_fault(MimeFault::kNotUtf8);
  HANDSYNC_TRY(PieceSink(store, composing).flush());
  HANDSYNC_TRY(store.message_part(composing.message, composing.part, composing.about));
  composing.open = false;
  return Done{};
}

}  // namespace

Status Account::compose(const MessageHead& head) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  if (core_.caps().smime) return policy::fault(policy::Fault::kWantsSmime);
  discard();
  std::uint32_t recipients = 0;
  for (Text list : {head.to, head.cc, head.bcc}) {
    if (list.size() > kListBytesMax) return mime_fault(MimeFault::kTooLong);
    auto count = items::count_mailboxes(list);
    if (!count.ok()) return count.error();
    recipients += count.value();
  }
  if (recipients == 0) return mime_fault(MimeFault::kNoRecipient);
  HANDSYNC_TRY(open_store());
  char client_id[32], token[32];
  HANDSYNC_TRY(random_hex(core_.device().entropy(), client_id));
  HANDSYNC_TRY(random_hex(core_.device().entropy(), token));
  // The id begins with a character that does not come again in it: protocol::MimeProbe looks for it.
  char id[300];
  std::size_t size = 0;
  Text email = record_.email.view();
  Text domain = email.substr(email.find('@') == Text::npos ? 0 : email.find('@') + 1);
  for (Text part : {Text("<"), Text(token, 32), Text("@"), domain, Text(">")})
    for (char c : part)
      if (size < sizeof id) id[size++] = c;
  const Text message_id(id, size);

  HANDSYNC_TRY(begin_composing());
  composing_->verb = head.verb;
  auto begun = store_.message_begin({Text(client_id, 32), message_id, head.subject, head.to, head.source});
  if (!begun.ok()) {
    discard();
    return begun.error();
  }
  composing_->message = begun.value();
  PieceSink sink(store_, *composing_);
  items::HeaderWriter header(sink);
  header.begin("From").mailboxes(email).end();
  if (!head.to.empty()) header.begin("To").mailboxes(head.to).end();
  if (!head.cc.empty()) header.begin("Cc").mailboxes(head.cc).end();
  if (!head.bcc.empty()) header.begin("Bcc").mailboxes(head.bcc).end();
  header.begin("Subject").unstructured(head.subject).end();
  header.begin("Date").token(items::rfc5322_date(core_.now().wall_ms).view()).end();
  header.begin("Message-ID").token(message_id).end();
  if (head.important) header.begin("Importance").token("high").end();
  header.begin("MIME-Version").token("1.0").end();
  Status written = header.status();
  if (written.ok()) written = sink.flush();
  if (!written.ok()) discard();
  return written;
}

Status Account::begin_composing() {
  Memory memory = core_.memory();
  void* block = memory.take(memory.self, sizeof(Composing));
  if (!block) return out_of_memory(sizeof(Composing));
  composing_ = new (block) Composing;
  return Done{};
}

Status Account::compose_draft(const DraftHead& head) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  discard();
  for (const Text* list : {head.to, head.cc, head.bcc}) {
    if (!list) continue;
    if (list->size() > kDraftListBytesMax) return mime_fault(MimeFault::kTooLong);
    if (auto count = items::count_mailboxes(*list); !count.ok()) return count.error();
  }
  if (head.subject) {
    if (head.subject->size() > kDraftListBytesMax) return mime_fault(MimeFault::kTooLong);
    if (!wbxml::is_utf8(*head.subject)) return mime_fault(MimeFault::kNotUtf8);
    for (char c : *head.subject)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return mime_fault(MimeFault::kControlCharacter);
  }
  HANDSYNC_TRY(open_store());
  char client_id[32];
  HANDSYNC_TRY(random_hex(core_.device().entropy(), client_id));
  HANDSYNC_TRY(begin_composing());
  composing_->draft = true;
  composing_->item = head.draft;
  auto begun =
      store_.draft_begin({head.draft, head.to, head.cc, head.bcc, head.subject, head.has_importance, head.important},
                         Text(client_id, 32), composing_->first_file);
  if (!begun.ok()) {
    discard();
    return begun.error();
  }
  composing_->message = begun.value();
  return Done{};
}

Status Account::detach(std::uint16_t number) {
  if (!composing_ || composing_->item == ItemId{}) return engine_fault(EngineFault::kNothingComposed);
  HANDSYNC_TRY(open_store());
  HANDSYNC_TRY(close_part(store_, *composing_));
  const bool first = composing_->part < composing_->first_file;
  const auto part = first ? composing_->first_file : static_cast<std::uint16_t>(composing_->part + 1);
  HANDSYNC_TRY(store_.draft_detach(composing_->item, composing_->message, part, number));
  composing_->part = part;
  return Done{};
}

Result<ItemId> Account::keep_draft() {
  if (!composing_ || !composing_->draft) return engine_fault(EngineFault::kNothingComposed);
  HANDSYNC_TRY(open_store());
  HANDSYNC_TRY(close_part(store_, *composing_));
  auto item = store_.draft_keep(composing_->item, composing_->message, composing_->text_seen || composing_->html_seen,
                                core_.now().wall_ms);
  if (!item.ok()) return item.error();
  composing_->message = 0;  // it is the draft's now
  discard();
  changes_wait();
  return item.value();
}

Status Account::part(const MessagePart& part) {
  if (!composing_) return engine_fault(EngineFault::kNothingComposed);
  HANDSYNC_TRY(open_store());
  const auto kind = static_cast<MimePart::Kind>(part.kind);
  HANDSYNC_TRY(close_part(store_, *composing_));
  Composing& now = *composing_;
  const bool attachments = now.part > (now.text_seen ? 1 : 0) + (now.html_seen ? 1 : 0);
  bool in_order = kind == MimePart::Kind::kAttachment || !attachments;
  if (kind == MimePart::Kind::kText) in_order = in_order && !now.text_seen && !now.html_seen;
  if (kind == MimePart::Kind::kHtml) in_order = in_order && !now.html_seen;
  if (!in_order) return mime_fault(MimeFault::kWrongOrder);
  MimePart about;
  about.kind = kind;
  about.base64 = kind == MimePart::Kind::kAttachment;
  if (!about.name.assign(part.name) || !about.type.assign(part.content_type)) return mime_fault(MimeFault::kTooLong);
  if (about.is_html() && !core_.caps().html) return policy::fault(policy::Fault::kNoHtml);
  if (!wbxml::is_utf8(part.name)) return mime_fault(MimeFault::kNotUtf8);
  for (Text text : {part.name, part.content_type})
    for (char c : text)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return mime_fault(MimeFault::kControlCharacter);
  now.text_seen |= kind == MimePart::Kind::kText;
  now.html_seen |= kind == MimePart::Kind::kHtml;
  now.about = about;
  ++now.part;
  if (now.draft && kind == MimePart::Kind::kHtml) now.part = kHtmlPart;
  if (now.draft && kind == MimePart::Kind::kAttachment && now.part < now.first_file) now.part = now.first_file;
  now.open = true;
  now.piece = 0;
  now.filled = now.line_bytes = 0;
  now.utf8 = 0;
  now.after_cr = false;
  return Done{};
}

Status Account::data(Bytes data) {
  if (!composing_ || !composing_->open) return engine_fault(EngineFault::kNothingComposed);
  HANDSYNC_TRY(open_store());
  PieceSink sink(store_, *composing_);
  if (composing_->about.kind == MimePart::Kind::kAttachment) return sink.put(data);
  return put_text(sink, *composing_, data);
}

Result<std::uint64_t> Account::finish_message() {
  if (!composing_) return engine_fault(EngineFault::kNothingComposed);
  HANDSYNC_TRY(open_store());
  HANDSYNC_TRY(close_part(store_, *composing_));
  Memory memory = core_.memory();
  void* block = memory.take(memory.self, sizeof(Sending));
  if (!block) return out_of_memory(sizeof(Sending));
  auto* whole = new (block) Sending(store_, composing_->message);
  auto bytes = whole->stream.measure(kMeasuringBoundary);
  whole->~Sending();
  memory.give(memory.self, block);
  if (!bytes.ok()) return bytes.error();
  auto limit = store_.get_number(replica::Value::kMessageBytesMax);
  if (!limit.ok()) return limit.error();
  if ((limit.value() != 0 && bytes.value() >= limit.value()) || bytes.value() > UINT32_MAX) {
    discard();
    return engine_fault(EngineFault::kMessageTooLarge, static_cast<std::uint32_t>(bytes.value() / 1024));
  }
  return bytes.value();
}

Result<ChangeId> Account::send() {
  if (composing_ && composing_->draft) return engine_fault(EngineFault::kNothingComposed);
  auto bytes = finish_message();
  if (!bytes.ok()) return bytes.error();
  auto change = store_.message_queue(composing_->message, static_cast<replica::MessageVerb>(composing_->verb),
                                     bytes.value(), core_.now().wall_ms);
  if (!change.ok()) return change.error();
  composing_->message = 0;  // it is the queue's now
  discard();
  return queued(change);
}

void Account::discard() {
  if (!composing_) return;
  if (composing_->message != 0 && open_store().ok()) store_.message_discard(composing_->message);
  Memory memory = core_.memory();
  composing_->~Composing();
  memory.give(memory.self, composing_);
  composing_ = nullptr;
}

}  // namespace handsync::sync
