/// A question to the server, asked until it is answered; nothing of it is stored (handsync/inquiry.h).
#include <new>

#include "protocol/inquiry.h"
#include "sync/core.h"

namespace handsync::sync {

namespace {

struct Asking final : Errand, AnswerTaker {
  explicit Asking(const Inquiry& asked) : inquiry(asked) {}
  Inquiry inquiry;
  std::uint32_t total = 0;
  // New ones for each request.
  alignas(protocol::InquiryAnswer) std::byte answer_room[sizeof(protocol::InquiryAnswer)];
  alignas(wbxml::Reader) std::byte reader_room[sizeof(wbxml::Reader)];
  protocol::InquiryAnswer* answer = nullptr;
  wbxml::Reader* reader = nullptr;

  void prepare() {
    answer = new (answer_room) protocol::InquiryAnswer(inquiry.what, *inquiry.sink);
    reader = new (reader_room) wbxml::Reader(*answer);
    inquiry.sink->begin();
  }
  Status take(Bytes piece) override { return reader->feed(piece); }
  Status finish() override { return reader->finish(); }
};

void done(Errand& errand, Memory memory, Error error) {
  auto& asking = static_cast<Asking&>(errand);
  InquirySink* sink = asking.inquiry.sink;
  const std::uint32_t total = asking.total;
  asking.~Asking();
  memory.give(memory.self, &asking);
  sink->end(error, total);
}

bool sound(const Inquiry& inquiry) {
  const bool times = inquiry.start_ms < inquiry.end_ms;
  switch (inquiry.what) {
    case Inquiry::What::kPeople:
    case Inquiry::What::kMails:
      return !inquiry.words.empty() && inquiry.words.size() <= kInquiryWordsBytesMax;
    case Inquiry::What::kFreeBusy:
      return times && !inquiry.words.empty() && inquiry.words.size() <= kInquiryWordsBytesMax;
    case Inquiry::What::kAbsence:
      return true;
    case Inquiry::What::kSetAbsence:
      return inquiry.state <= 2 && (inquiry.state != 2 || times) && inquiry.message.size() <= kAbsenceMessageBytesMax &&
             inquiry.outside.size() <= kAbsenceMessageBytesMax;
  }
  return false;
}

}  // namespace

Status Account::inquire(const Inquiry& inquiry) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  if (errand_) return engine_fault(EngineFault::kBusy);
  if (!sound(inquiry)) return engine_fault(EngineFault::kInvalidItem);
  HANDSYNC_TRY(open_store());
  if (version_ != 0 && version_ < protocol::first_version_of(inquiry.what))
    return engine_fault(EngineFault::kNotInVersion);
  Memory memory = core_.memory();
  void* block = memory.take(memory.self, sizeof(Asking));
  if (!block) return out_of_memory(sizeof(Asking));
  auto* asking = new (block) Asking(inquiry);
  asking->start = &Account::start_inquiry;
  asking->ended = &Account::ended_inquiry;
  asking->done = &done;
  return begin_errand(asking);
}

Status Account::start_inquiry() {
  auto& asking = static_cast<Asking&>(*errand_);
  const Inquiry& inquiry = asking.inquiry;
  if (version_ < protocol::first_version_of(inquiry.what)) {
    end_errand(engine_fault(EngineFault::kNotInVersion));
    return Done{};
  }
  Text collection;
  if (inquiry.folder != FolderId{}) {
    const FolderState* folder = find(inquiry.folder);
    if (!folder) {
      end_errand(Error{Domain::kSqlite, replica::kNoSuchFolder, 0});
      return Done{};
    }
    collection = folder->row.server_id.view();
  }
  Call* call = nullptr;
  HANDSYNC_TRY(
      start_command(protocol::command_of(inquiry.what), Lane::kWork, call, protocol::inquiry_bytes_max(inquiry)));
  auto body = protocol::write_inquiry(call->body_room(), inquiry, collection);
  if (!body.ok()) {
    call->free(core_.memory());
    return body.error();
  }
  asking.prepare();
  call->taker = &asking;
  call->for_errand = true;
  return launch(call, body.value());
}

void Account::ended_inquiry(Call& call, Error error) {
  auto& asking = static_cast<Asking&>(*errand_);
  if (!error && call.answer_bytes == 0) error = protocol::answer_fault(call.command, protocol::AnswerFault::kEmpty);
  if (error) return request_failed(call, error);
  if (const Error refused = asking.answer->refusal(); refused) {
    // What the server says of this question ends it; what it says of the account is followed.
    switch (policy::remedy_for(refused)) {
      case policy::Remedy::kReProvision:
      case policy::Remedy::kRefreshFolders:
      case policy::Remedy::kNegotiate:
      case policy::Remedy::kAskCredentials:
      case policy::Remedy::kBlocked:
      case policy::Remedy::kWipe:
        return follow(refused);
      default:
        return end_errand(refused);
    }
  }
  asking.total = asking.answer->total();
  succeed();
  end_errand({});
}

}  // namespace handsync::sync
