/// The face (handsync/engine.h) over sync/core.h: every call says what time it is, then does one thing.
#include <new>

#include "replica/reader_factory.h"
#include "sync/core.h"

namespace handsync {

namespace {
sync::Core& core(Engine& engine) { return static_cast<sync::Core&>(engine); }
const sync::Core& core(const Engine& engine) { return static_cast<const sync::Core&>(engine); }
sync::Core& core_at(Engine& engine, Instant now) {
  core(engine).set_now(now);
  return core(engine);
}

/// What changes() answers for an account that is not there: every call says so.
class NoChanges final : public Changes {
 public:
  Result<ChangeId> mark(ItemId, Mark) override { return kNone; }
  Result<ChangeId> categorize(ItemId, Text, bool) override { return kNone; }
  Result<ChangeId> remove(ItemId, bool) override { return kNone; }
  Result<ChangeId> move(ItemId, FolderId) override { return kNone; }
  Result<ChangeId> move_conversation(ItemId, FolderId) override { return kNone; }
  Result<ItemId> add_item(FolderId, std::span<const PropertyEdit>) override { return kNone; }
  Result<ChangeId> edit_item(ItemId, std::span<const PropertyEdit>) override { return kNone; }
  Result<ChangeId> edit_occurrence(ItemId, std::int64_t, std::span<const PropertyEdit>) override { return kNone; }
  Result<ChangeId> cancel_occurrence(ItemId, std::int64_t) override { return kNone; }
  Result<ChangeId> respond(ItemId, const MeetingAnswer&) override { return kNone; }
  Status compose(const MessageHead&) override { return kNone; }
  Status part(const MessagePart&) override { return kNone; }
  Status data(Bytes) override { return kNone; }
  Result<ChangeId> send() override { return kNone; }
  void discard() override {}
  Status compose_draft(const DraftHead&) override { return kNone; }
  Status detach(std::uint16_t) override { return kNone; }
  Result<ItemId> keep_draft() override { return kNone; }
  Result<ChangeId> send_draft(ItemId) override { return kNone; }
  Result<ItemId> send_text(std::span<const Text>, Text) override { return kNone; }
  Status retry(ChangeId) override { return kNone; }
  Status drop(ChangeId) override { return kNone; }
  Status set_folder(FolderId, const FolderChange&) override { return kNone; }
  Status select(FolderId, bool) override { return kNone; }

 private:
  static constexpr Error kNone = engine_fault(EngineFault::kNoSuchAccount);
};
NoChanges no_changes;  // NOLINT: stateless

template <class Do>
Status with_account(Engine& engine, AccountId id, Do&& act) {
  sync::Account* account = core(engine).account(id);
  if (!account) return engine_fault(EngineFault::kNoSuchAccount);
  if (core(engine).wiped()) return policy::fault(policy::Fault::kWiped);
  return act(*account);
}
}  // namespace

Result<Engine*> Engine::open(hal::Device& device, Memory memory, const Options& options, Instant now) {
  void* block = memory.take(memory.self, sizeof(sync::Core));
  if (!block) return out_of_memory(sizeof(sync::Core));
  auto* made = new (block) sync::Core(device, memory);
  if (Status booted = made->boot(options, now); !booted.ok()) {
    made->close();
    return booted.error();
  }
  return static_cast<Engine*>(made);
}

void Engine::close() {
  sync::Core& self = core(*this);
  Memory memory = self.memory();
  self.shut();
  self.~Core();
  memory.give(memory.self, &self);
}

bool Engine::next(Effect& effect) { return core(*this).next_effect(effect); }
Wake Engine::wake() const { return core(*this).next_wake(); }

Result<std::size_t> Engine::read_body(RequestId id, Room room) {
  sync::Call* call = nullptr;
  if (!core(*this).owner(id, call)) return engine_fault(EngineFault::kNoSuchAccount);
  return call->read_body(room);
}
Status Engine::rewind_body(RequestId id) {
  sync::Call* call = nullptr;
  if (!core(*this).owner(id, call)) return engine_fault(EngineFault::kNoSuchAccount);
  return call->rewind();
}
Job& Engine::job(JobId id) { return core(*this).job(id); }

void Engine::tick(Instant now) { core_at(*this, now).tick(); }
void Engine::network(const Network& network, Instant now) { core_at(*this, now).network(network); }

void Engine::texts(Instant now) { core_at(*this, now).texts(); }
void Engine::power(const Power& power, Instant now) { core_at(*this, now).power(power); }
void Engine::zone(std::int32_t utc_offset_s, Instant now) { core_at(*this, now).zone(utc_offset_s); }

void Engine::response_head(RequestId id, int status, std::span<const Header> headers, const Channel& channel,
                           Instant now) {
  sync::Call* call = nullptr;
  if (auto* account = core_at(*this, now).owner(id, call)) account->response_head(*call, status, headers, channel);
}
void Engine::response_body(RequestId id, Bytes piece, Instant now) {
  sync::Call* call = nullptr;
  if (auto* account = core_at(*this, now).owner(id, call)) account->response_body(*call, piece);
}
void Engine::response_end(RequestId id, Instant now) {
  sync::Call* call = nullptr;
  if (auto* account = core_at(*this, now).owner(id, call)) account->response_end(*call);
}
void Engine::failed(RequestId id, Error error, Instant now) {
  sync::Call* call = nullptr;
  if (auto* account = core_at(*this, now).owner(id, call)) account->failed(*call, error);
}
void Engine::looked_up(RequestId id, std::span<const Text> hosts, Instant now) {
  if (auto* account = core_at(*this, now).looking_up(id)) account->looked_up(hosts);
}
void Engine::carried(AccountId id, const Carried& sums) {
  if (sync::Account* account = core(*this).account(id)) account->carried(sums);
}
void Engine::job_done(JobId id, Instant now) { core_at(*this, now).job_done(id); }
void Engine::answered(QuestionId id, std::uint16_t choice, Bytes secret, Instant now) {
  core_at(*this, now).answered(id, choice, secret);
}
void Engine::user_active(Instant now) { core_at(*this, now).user_active(); }

Result<AccountId> Engine::add_account(const AccountSettings& settings, Bytes password, Instant now) {
  return core_at(*this, now).add(settings, password);
}
Status Engine::set_account(AccountId id, const AccountChange& change, Instant now) {
  core(*this).set_now(now);
  return with_account(*this, id, [&](sync::Account& account) { return account.set(change); });
}
Status Engine::set_schedule(AccountId id, const Schedule& schedule, Instant now) {
  core(*this).set_now(now);
  return with_account(*this, id, [&](sync::Account& account) { return account.set_schedule(schedule); });
}
Status Engine::remove_account(AccountId id, Instant now) { return core_at(*this, now).remove(id); }
Status Engine::sync(AccountId id, FolderId only, Instant now) {
  core(*this).set_now(now);
  return with_account(*this, id, [&](sync::Account& account) { return account.sync(only); });
}
Status Engine::fetch(AccountId id, ItemId item, Instant now) {
  core(*this).set_now(now);
  return with_account(*this, id, [&](sync::Account& account) { return account.fetch(item); });
}
Status Engine::fetch_file(AccountId id, const FileRequest& request, Instant now) {
  core(*this).set_now(now);
  return with_account(*this, id, [&](sync::Account& account) { return account.fetch_file(request); });
}
Status Engine::inquire(AccountId id, const Inquiry& inquiry, Instant now) {
  core(*this).set_now(now);
  return with_account(*this, id, [&](sync::Account& account) { return account.inquire(inquiry); });
}
Result<ChangeId> Engine::change_folder(AccountId id, const FolderWish& wish, Instant now) {
  ChangeId change{};
  core(*this).set_now(now);
  HANDSYNC_TRY(with_account(*this, id, [&](sync::Account& account) -> Status {
    const Result<ChangeId> queued = account.change_folder(wish);
    if (!queued.ok()) return queued.error();
    change = queued.value();
    return Done{};
  }));
  return change;
}
Status Engine::empty_folder(AccountId id, FolderId folder, bool subfolders, Instant now) {
  core(*this).set_now(now);
  return with_account(*this, id, [&](sync::Account& account) { return account.empty_folder(folder, subfolders); });
}
void Engine::abandon(AccountId id, Instant now) {
  if (auto* account = core_at(*this, now).account(id)) account->drop_errand(engine_fault(EngineFault::kDropped));
}
Status Engine::flush(AccountId id, Instant now) {
  core(*this).set_now(now);
  return with_account(*this, id, [&](sync::Account& account) { return account.flush(); });
}
Status Engine::push(AccountId id, bool on, Instant now) {
  core(*this).set_now(now);
  return with_account(*this, id, [&](sync::Account& account) { return account.push(on); });
}
Result<bool> Engine::index(AccountId id, Instant now) {
  sync::Account* account = core_at(*this, now).account(id);
  if (!account) return engine_fault(EngineFault::kNoSuchAccount);
  if (account->wiped() || core(*this).wiping()) return policy::fault(policy::Fault::kWiped);
  return account->index();
}
std::size_t Engine::accounts(std::span<AccountId> ids) const { return core(*this).list(ids); }
Result<AccountView> Engine::account(AccountId id) const {
  const sync::Account* account = core(*this).account(id);
  if (!account) return engine_fault(EngineFault::kNoSuchAccount);
  return account->view();
}
Changes& Engine::changes(AccountId id) {
  sync::Account* account = core(*this).account(id);
  return account ? static_cast<Changes&>(*account) : no_changes;
}
Result<Reader*> Engine::reader(AccountId id) {
  sync::Account* account = core(*this).account(id);
  if (!account) return engine_fault(EngineFault::kNoSuchAccount);
  if (account->wiped() || core(*this).wiping()) return policy::fault(policy::Fault::kWiped);
  if (core(*this).pin_must_change()) return policy::fault(policy::Fault::kPinMustChange);
  return replica::open_reader(account->store_options(), core(*this).memory());
}
Status Engine::integrity(AccountId id) {
  return with_account(*this, id, [](sync::Account& account) { return account.integrity(); });
}

DeviceView Engine::device() const { return core(*this).device_view(); }
Result<PolicyRow> Engine::policy(std::size_t index) const {
  return const_cast<sync::Core&>(core(*this)).enforcer().row(index);
}
Status Engine::wipe(Instant now) { return core_at(*this, now).wipe_by_user(); }
Status Engine::lock(Instant now) { return core_at(*this, now).lock(); }
Status Engine::unlock(Bytes pin, Instant now, Text codeword) { return core_at(*this, now).unlock(pin, codeword); }
Status Engine::recover(Bytes recovery_password, Bytes new_pin, Instant now, Text codeword) {
  return core_at(*this, now).recover(recovery_password, new_pin, codeword);
}
Status Engine::set_pin(Bytes old_pin, Bytes new_pin, Instant now, Text codeword) {
  return core_at(*this, now).set_pin(old_pin, new_pin, codeword);
}
Error Engine::device_error() const { return core(*this).device_error(); }

}  // namespace handsync
