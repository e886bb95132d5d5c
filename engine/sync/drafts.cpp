/// Drafts on their way: each goes alone, with the key of its folder, its body and attachments from their rows. After a
/// lost answer the same one goes again. What the server made of it is read anew.
#include "protocol/draft.h"

#include <new>

#include "sync/core.h"

namespace handsync::sync {

using protocol::Command;

namespace {

constexpr std::size_t kEnvelopeBytesMax = 512;

/// The fields of a draft, in a block for the length of one step.
Status read_fields(const replica::Store& store, std::uint64_t message, Block& block, replica::DraftTexts& texts) {
  if (message == 0) return Done{};
  auto bytes = store.draft_fields(message, texts, Room{});
  if (!bytes.ok()) return bytes.error();
  HANDSYNC_TRY(block.take(bytes.value()));
  auto filled = store.draft_fields(message, texts, block.room());
  return filled.ok() ? Status(Done{}) : Status(filled.error());
}

}  // namespace

void Account::drop_drafting() {
  if (!drafting_) return;
  Memory memory = core_.memory();
  drafting_->~Drafting();
  memory.give(memory.self, drafting_);
  drafting_ = nullptr;
}

Status Account::start_draft(FolderState& folder, const replica::OutgoingDraft& draft) {
  replica::SyncFolder& row = folder.row;
  if (draft.send && core_.caps().smime) {  // it was queued before the policy came
    HANDSYNC_TRY(store_.park(draft.change, policy::fault(policy::Fault::kWantsSmime)));
    tell_parked(row.id, 1);
    return start_items();
  }
  Block fields(core_.memory());
  replica::DraftTexts texts;
  HANDSYNC_TRY(read_fields(store_, draft.message, fields, texts));
  drop_drafting();
  std::uint64_t stream_bytes = 0;
  if (draft.message != 0) {
    Memory memory = core_.memory();
    void* block = memory.take(memory.self, sizeof(Drafting));
    if (!block) return out_of_memory(sizeof(Drafting));
    drafting_ = new (block) Drafting(store_, draft.message);
    auto bytes = drafting_->stream.measure();
    if (!bytes.ok()) return bytes.error();
    stream_bytes = bytes.value();
  }
  Call* call = nullptr;
  HANDSYNC_TRY(start_command(Command::kSync, Lane::kWork, call, kEnvelopeBytesMax + fields.room().size()));
  auto give_up = [&](Error error) -> Status {
    call->free(core_.memory());
    return error;
  };
  auto envelope = protocol::write_draft(
      call->body_room(),
      {row.server_id.view(), row.sync_key.view(), draft.add, draft.client_id.view(), draft.server_id.view(), draft.send,
       draft.message != 0, texts.to, texts.cc, texts.bcc, texts.subject, texts.importance});
  if (!envelope.ok()) return give_up(envelope.error());
  // The answer is judged as any other: one folder was asked, with one command.
  window_ = 0;
  asked_count_ = 1;
  current_removals_ = current_to_deleted_ = false;
  current_commands_ = 1;
  folder.asked = true;
  expect_parts(*call);
  if (stream_bytes != 0) call->insert(drafting_, envelope.value().before, stream_bytes);
  Status launched = launch(call, envelope.value().bytes);
  if (!launched.ok()) arriving_ = false;
  return launched;
}

void Account::look_at_stale() {
  if ((needs_ & kNeedBody) != 0) return;  // after that one
  auto item = store_.first_stale();
  if (!item.ok() || item.value() == ItemId{}) return;
  body_item_ = item.value();
  reading_stale_ = true;
  needs_ |= kNeedBody;
}

Result<ChangeId> Account::send_draft(ItemId item) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  if (core_.caps().smime) return policy::fault(policy::Fault::kWantsSmime);
  HANDSYNC_TRY(open_store());
  auto standing = store_.draft_standing(item);
  if (!standing.ok()) return standing.error();
  if (!standing.value().only_here) {
    if (version_ != 0 && profile::below(version_, 160)) return engine_fault(EngineFault::kNotInVersion);
    bool anybody = false;
    for (items::PropertyId list : {items::kTo, items::kCc, items::kBcc}) {
      auto size = store_.item_value(item, list, Room{});
      if (!size.ok()) return size.error();
      anybody |= size.value() != 0;
    }
    if (!anybody) return items::mime_fault(items::MimeFault::kNoRecipient);
    return queued(store_.draft_queue_sending(item, core_.now().wall_ms));
  }
  Block fields(core_.memory());
  replica::DraftTexts texts;
  HANDSYNC_TRY(read_fields(store_, standing.value().message, fields, texts));
  MessageHead head;
  head.to = texts.to;
  head.cc = texts.cc;
  head.bcc = texts.bcc;
  head.subject = texts.subject;
  head.important = texts.importance == 2;
  HANDSYNC_TRY(compose(head));
  auto bytes = finish_message();
  if (!bytes.ok()) return bytes.error();
  Memory memory = core_.memory();
  void* block = memory.take(memory.self, sizeof(Sending));
  if (!block) return out_of_memory(sizeof(Sending));
  auto* parts = new (block) Sending(store_, standing.value().message);
  auto rest = parts->stream.measure(kMeasuringBoundary);
  parts->~Sending();
  memory.give(memory.self, block);
  if (!rest.ok()) return rest.error();
  auto change = store_.draft_to_message(item, composing_->message, bytes.value() + rest.value(), core_.now().wall_ms);
  if (!change.ok()) return change.error();
  composing_->message = 0;  // it is the queue's now
  discard();
  core_.tell(id_, Notice::kItemsChanged);
  return queued(change);
}

}  // namespace handsync::sync
