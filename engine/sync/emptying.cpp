/// EmptyFolderContents (MS-ASCMD 2.2.3.61): asked once. After a lost answer the folder is synced, and a person looks at
/// it: what has come meanwhile must not go as well.
#include <new>

#include "sync/core.h"

namespace handsync::sync {

using protocol::Command;

namespace {

struct Emptying final : Errand {
  FolderId folder{};
  bool subfolders = false;
};

void done(Errand& errand, Memory memory, Error) {
  auto& emptying = static_cast<Emptying&>(errand);
  emptying.~Emptying();
  memory.give(memory.self, &emptying);
}

}  // namespace

Status Account::empty_folder(FolderId folder, bool subfolders) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  if (errand_) return engine_fault(EngineFault::kBusy);
  if (profile::below(version_, 120)) return engine_fault(EngineFault::kNotInVersion);
  HANDSYNC_TRY(open_store());
  const FolderState* state = find(folder);
  if (!state) return Error{Domain::kSqlite, replica::kNoSuchFolder, 0};
  if (state->row.type == FolderType::kRecipients) return Error{Domain::kSqlite, replica::kReadOnly, 0};
  Memory memory = core_.memory();
  void* block = memory.take(memory.self, sizeof(Emptying));
  if (!block) return out_of_memory(sizeof(Emptying));
  auto* emptying = new (block) Emptying;
  emptying->start = &Account::start_emptying;
  emptying->ended = &Account::ended_emptying;
  emptying->done = &done;
  emptying->folder = folder;
  emptying->subfolders = subfolders;
  return begin_errand(emptying);
}

Status Account::start_emptying() {
  const auto& emptying = static_cast<Emptying&>(*errand_);
  const FolderState* folder = find(emptying.folder);
  if (!folder) {
    end_errand(Error{Domain::kSqlite, replica::kNoSuchFolder, 0});
    return Done{};
  }
  Call* call = nullptr;
  HANDSYNC_TRY(start_command(Command::kItemOperations, Lane::kWork, call, kSmallBodyBytesMax));
  auto body = protocol::write_empty_folder(call->body_room(), folder->row.server_id.view(), emptying.subfolders);
  if (!body.ok()) {
    call->free(core_.memory());
    return body.error();
  }
  call->once = call->for_errand = true;
  call->answer.emplace<protocol::OperationResponse>();
  call->read_with_wbxml();
  return launch(call, body.value());
}

void Account::ended_emptying(Call& call, Error error) {
  const auto& emptying = static_cast<Emptying&>(*errand_);
  const FolderId folder = emptying.folder;
  const bool subfolders = emptying.subfolders;
  if (!error && call.answer_bytes == 0)
    error = protocol::answer_fault(Command::kItemOperations, protocol::AnswerFault::kEmpty);
  if (!error) {
    const Error refused = std::get<protocol::OperationResponse>(call.answer).refusal();
    if (refused) {
      // Asked for anew once what stands in the way has been done: nothing has been emptied.
      const policy::Remedy remedy = policy::remedy_for(refused);
      if (remedy == policy::Remedy::kReProvision || remedy == policy::Remedy::kRefreshFolders) return follow(refused);
      error = refused;
    }
  } else if (surely_not_sent(call, error)) {
    return request_failed(call, error);
  }
  end_errand(error);
  if (error) {
    // Of this wish alone, and told with kIdle: nothing else waits for it. The next sync shows what became of it.
    error_ = error;
    return;
  }
  due_for_pull(folder);
  if (subfolders) needs_ |= kNeedFolders;
  succeed();
}

}  // namespace handsync::sync
