/// A file on its way from the server into the caller's sink. What has come is never asked for again where the server
/// knows Range, and passed over where it sends it all the same.
#include <new>

#include "protocol/file_answer.h"
#include "sync/core.h"

namespace handsync::sync {

using policy::Remedy;
using protocol::Command;

namespace {

/// Larger attachments come in pieces, so that what else is to be sent passes between two of them.
constexpr std::uint64_t kRangeBytes = 4u << 20;
constexpr std::uint64_t kProgressBytes = 64 * 1024;  ///< a try that brought so much may be followed by another at once
constexpr std::uint8_t kFruitlessMax = 3;            ///< answers of success that bring nothing new
constexpr Error kWithoutRange{Domain::kEas, -1, 0};  // never leaves this file

struct Fetching final : Errand, AnswerTaker, protocol::FileBytes {
  FileRequest request;
  replica::AttachmentAddress address;
  std::uint64_t have = 0, have_before = 0;  ///< bytes in the sink, now and when the request began
  std::uint64_t position = 0;               ///< in the file, of the bytes that come
  std::uint64_t total = 0;                  ///< 0 = not said by the server
  std::uint64_t bytes_max = UINT64_MAX;     ///< by policy
  bool ranged = false;                      ///< the request asks for a range
  bool no_range = false;                    ///< the server does not do ranges
  bool get_attachment = false;              ///< it does not do ItemOperations
  bool restarted = false;
  std::uint8_t fruitless = 0;
  Error own_error{};  ///< the sink's, or the policy's: no request would mend it
  Call* call = nullptr;
  bool begun = false;
  // A new one for each request.
  alignas(protocol::FileAnswer) std::byte answer_room[sizeof(protocol::FileAnswer)];
  protocol::FileAnswer* answer = nullptr;

  void prepare() {
    answer = new (answer_room) protocol::FileAnswer(*this, request.attachment != 0);
    have_before = have;
    begun = false;
  }
  Status take(Bytes piece) override {
    using Form = protocol::FileAnswer::Form;
    if (!begun)
      answer->begin(get_attachment ? Form::kBare : call->looks_like_multipart ? Form::kMultipart : Form::kInline);
    begun = true;
    return answer->take(piece);
  }
  Status finish() override {
    if (!begun && get_attachment) answer->begin(protocol::FileAnswer::Form::kBare);
    return answer->finish();
  }
  Status stop(Error error) {
    own_error = error;
    return error;
  }
  Status restart() {
    if (restarted) return stop(protocol::answer_fault(Command::kItemOperations, protocol::AnswerFault::kNoProgress));
    restarted = true;
    have = 0;
    if (Status again = request.sink->restart(); !again.ok()) return stop(again.error());
    return Done{};
  }
  Status at(std::uint64_t first, std::uint64_t whole, bool sure) override {
    // Without Range so far in an answer that was asked for one: it may follow, and the bytes belong elsewhere then.
    if (ranged && have > 0 && !sure) return kWithoutRange;
    if (first > have) return kWithoutRange;
    if (whole != 0 && total != 0 && whole != total) HANDSYNC_TRY(restart());
    if (first > have) return kWithoutRange;
    if (whole != 0) {
      total = whole;
      if (total > bytes_max) return too_large();
      request.sink->expect(total, true);
    }
    position = first;
    return Done{};
  }
  Status too_large() {
    return stop(policy::fault(policy::Fault::kAttachmentTooLarge, static_cast<std::uint32_t>(bytes_max / 1024)));
  }
  Status bytes(Bytes piece) override {
    const std::uint64_t known = have > position ? have - position : 0;
    const auto skip = static_cast<std::size_t>(known < piece.size() ? known : piece.size());
    position += skip;
    const Bytes fresh = piece.subspan(skip);
    if (fresh.empty()) return Done{};
    if (position + fresh.size() > bytes_max) return too_large();
    if (Status put = request.sink->write(fresh); !put.ok()) return stop(put.error());
    position += fresh.size();
    have = position;
    return Done{};
  }
};

void done(Errand& errand, Memory memory, Error error) {
  auto& fetching = static_cast<Fetching&>(errand);
  FileSink* sink = fetching.request.sink;
  fetching.~Fetching();
  memory.give(memory.self, &fetching);
  sink->end(error);
}

}  // namespace

Status Account::fetch_file(const FileRequest& request) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  if (errand_) return engine_fault(EngineFault::kBusy);
  HANDSYNC_TRY(open_store());
  const policy::Caps caps = core_.caps();
  replica::AttachmentAddress address;
  if (request.attachment != 0) {
    auto found = store_.attachment(request.item, request.attachment);
    if (!found.ok()) return found.error();
    address = found.value();
    if (!caps.attachments) return policy::fault(policy::Fault::kNoAttachments);
    if (address.bytes > caps.attachment_bytes_max)
      return policy::fault(policy::Fault::kAttachmentTooLarge, caps.attachment_bytes_max / 1024);
  } else {
    if (profile::below(version_, 120)) return engine_fault(EngineFault::kNotInVersion);
    auto found = store_.address_of(request.item);
    if (!found.ok()) return found.error();
    HANDSYNC_TRY(whole_mail_allowed(request.item));
  }
  Memory memory = core_.memory();
  void* block = memory.take(memory.self, sizeof(Fetching));
  if (!block) return out_of_memory(sizeof(Fetching));
  auto* fetching = new (block) Fetching;
  fetching->start = &Account::start_file;
  fetching->ended = &Account::ended_file;
  fetching->done = &done;
  fetching->request = request;
  fetching->address = address;
  fetching->have = request.have_bytes;
  fetching->get_attachment = profile::below(version_, 120);
  if (request.attachment != 0 && caps.attachment_bytes_max != UINT32_MAX)
    fetching->bytes_max = caps.attachment_bytes_max;
  if (address.bytes != 0) request.sink->expect(address.bytes, false);
  return begin_errand(fetching);
}

/// A whole mail brings all that is in it: where the policy keeps something of it off the device, it may not be had.
Status Account::whole_mail_allowed(ItemId item) {
  const policy::Caps caps = core_.caps();
  if (!caps.html) return policy::fault(policy::Fault::kNoHtml);
  for (std::uint16_t number = 1;; ++number) {
    const auto attachment = store_.attachment(item, number);
    if (!attachment.ok()) return Done{};
    if (!caps.attachments) return policy::fault(policy::Fault::kNoAttachments);
    if (attachment.value().bytes > caps.attachment_bytes_max)
      return policy::fault(policy::Fault::kAttachmentTooLarge, caps.attachment_bytes_max / 1024);
  }
}

Status Account::start_file() {
  auto& fetching = static_cast<Fetching&>(*errand_);
  HANDSYNC_TRY(open_store());
  FixedText<64> collection, item;
  if (fetching.request.attachment == 0) {
    // The mail may have been moved between two tries.
    auto address = store_.address_of(fetching.request.item);
    FolderState* folder = address.ok() ? find(address.value().folder) : nullptr;
    if (!folder) {
      end_errand(address.ok() ? Error{Domain::kSqlite, replica::kNoSuchFolder, 0} : address.error());
      return Done{};
    }
    collection = folder->row.server_id;
    item = address.value().server_id;
  }
  Call* call = nullptr;
  const Command command = fetching.get_attachment ? Command::kGetAttachment : Command::kItemOperations;
  HANDSYNC_TRY(start_command(command, Lane::kWork, call, kSmallBodyBytesMax));
  Result<std::size_t> body = std::size_t{0};
  fetching.ranged = false;
  if (fetching.get_attachment) {
    call->parameters.attachment_name = fetching.address.reference.view();
  } else {
    call->parameters.accept_multipart = true;
    if (fetching.request.attachment == 0) {
      body = protocol::write_fetch_mime(call->body_room(), collection.view(), item.view(), 0);
    } else {
      const bool small = fetching.address.bytes != 0 && fetching.address.bytes <= kRangeBytes;
      fetching.ranged = !fetching.no_range && (fetching.have > 0 || !small);
      body = protocol::write_fetch_attachment(call->body_room(), fetching.address.reference.view(), fetching.have,
                                              fetching.ranged ? kRangeBytes : 0);
    }
  }
  if (!body.ok()) {
    call->free(core_.memory());
    return body.error();
  }
  fetching.prepare();
  fetching.call = call;
  call->taker = &fetching;
  call->for_errand = true;
  return launch(call, body.value());
}

void Account::ended_file(Call& call, Error error) {
  auto& fetching = static_cast<Fetching&>(*errand_);
  const protocol::FileAnswer& answer = *fetching.answer;
  if (fetching.own_error) return end_errand(fetching.own_error);
  if (error == kWithoutRange) {
    fetching.no_range = true;
    return;
  }
  if (fetching.have - fetching.have_before >= kProgressBytes && fetching.have > fetching.have_before) manual_tries_ = 0;
  if (!error && call.answer_bytes == 0 && !fetching.get_attachment)
    error = protocol::answer_fault(Command::kItemOperations, protocol::AnswerFault::kEmpty);
  if (error) {
    const bool no_such_command = error.domain == Domain::kHttp && error.code == 501;
    if (no_such_command && profile::below(version_, 140) && fetching.request.attachment != 0 &&
        !fetching.get_attachment) {
      fetching.get_attachment = true;  // from 12.0 on a server may have either (MS-ASCMD 2.2.1.8)
      return;
    }
    return request_failed(call, error);
  }
  const Error refused = fetching.get_attachment ? Error{} : answer.refusal();
  if (refused) {
    if (protocol::eas_status(refused) == 8 && fetching.ranged) {
      fetching.no_range = true;
      return;
    }
    switch (policy::remedy_for(refused)) {
      case Remedy::kGiveUp:
      case Remedy::kSmaller:
      case Remedy::kPark:
      case Remedy::kNone:
        return end_errand(refused);  // of this file alone
      default:
        return follow(refused);
    }
  }
  succeed();
  if (!answer.has_file())
    return end_errand(protocol::answer_fault(Command::kItemOperations, protocol::AnswerFault::kEmpty));
  if (answer.truncated()) return end_errand(protocol::eas_error(Command::kItemOperations, 11));
  // An answer whose range ends before what was asked for has reached the end, unless it says otherwise.
  const bool piece = answer.ranged() && (answer.total() != 0 ? fetching.have < answer.total()
                                                             : answer.last() + 1 >= fetching.have_before + kRangeBytes);
  if (!piece && fetching.position < fetching.have) {
    // The file ends before what is here of it.
    if (!fetching.restart().ok()) return end_errand(fetching.own_error);
    return;
  }
  if (!piece) return end_errand({});
  if (fetching.have > fetching.have_before) {
    fetching.fruitless = 0;
  } else if (++fetching.fruitless >= kFruitlessMax) {
    end_errand(protocol::answer_fault(Command::kItemOperations, protocol::AnswerFault::kNoProgress));
  }
}

}  // namespace handsync::sync
