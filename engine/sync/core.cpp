#include "sync/core.h"

#include <algorithm>
#include <new>

#include "policy/sealed.h"
#include "replica/reader_factory.h"

namespace handsync::sync {

// -- boot
// -------------------------------------------------------------------------------------------------------------------

Status Core::boot(const Options& options, Instant now) {
  now_ = now;
  active_ms_ = now.mono_ms;
  options_ = options;
  if (options.accounts_max > kAccountsMax) options_.accounts_max = kAccountsMax;
  bool fits = directory_.assign(options.directory) && user_agent_.assign(options.user_agent) &&
              device_type_.assign(options.device_type) && os_name_.assign(options.os_name) &&
              os_language_.assign(options.os_language) && friendly_name_.assign(options.friendly_name);
  if (!fits) return engine_fault(EngineFault::kInvalidSettings);
  options_.directory = directory_.view();
  options_.user_agent = user_agent_.view();
  options_.device_type = device_type_.view();
  options_.os_name = os_name_.view();
  options_.os_language = os_language_.view();
  options_.friendly_name = friendly_name_.view();

  // The boot gate: a wipe of the device under way is all that will happen. One of an account needs the other accounts
  // and their policy, which outlive it.
  bool resumes_account_wipe = false;
  if (policy::Wipe::pending(device_.records())) {
    HANDSYNC_TRY(wipe_.load(device_));
    if (wipe_.device_wiped()) return Done{};
    if (wipe_.active() && wipe_.scope() == policy::WipeScope::kDevice) {
      if (wipe_.next() == policy::Wipe::Next::kAcknowledge) {
        (void)make_identity();
        (void)restore_accounts();  // only for the credential; what cannot be read cannot acknowledge
      }
      resume_wipe();
      return Done{};
    }
    resumes_account_wipe = wipe_.active();
  }
  HANDSYNC_TRY(make_identity());
  // Fail closed: a PIN record that is damaged counts as the limit reached; pin_ says so when it is asked. One that
  // cannot be read just now is no damage: nothing opens, and the host starts again.
  if (Status loaded = pin_.load(device_, now); !loaded.ok() && !policy::damage(loaded.error())) return loaded.error();
  if (Status loaded = enforcer_.load(device_, facts()); !loaded.ok() && !policy::damage(loaded.error()))
    return loaded.error();
  if (!pin_.set() && enforcer_.wanted_pin()) pin_.taken_away();
  if (pin_.set()) enforcer_.refresh(device_, facts());  // whether it fits nobody could say before
  HANDSYNC_TRY(restore_accounts());
  policy_changed();
  if (resumes_account_wipe) resume_wipe();
  texts();
  if (pin_.limit_reached(
          pin_rules()))  // the power was cut between the last try and the wipe, or the count cannot be read
    arm_wipe(AccountId{}, policy::WipeScope::kDevice, policy::WipeOrigin::kPinLimit);
  start_removal();
  return Done{};
}

Status Core::make_identity() {
  std::byte room[32];
  auto got = device_.records().get(hal::Record::kIdentity, room);
  if (!got.ok()) return got.error();
  if (got.value() == sizeof room && device_id_.assign(text_of(room))) return Done{};
  std::byte random[16];
  HANDSYNC_TRY(device_.entropy().fill(random));
  char hex[32];
  for (std::size_t i = 0; i < 16; ++i) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    hex[2 * i] = kDigits[std::to_integer<unsigned>(random[i]) >> 4];
    hex[2 * i + 1] = kDigits[std::to_integer<unsigned>(random[i]) & 15];
  }
  (void)device_id_.assign(Text(hex, sizeof hex));
  return device_.records().put(hal::Record::kIdentity, bytes_of(device_id_.view()));
}

Status Core::store_account_list() {
  std::byte slots[kAccountsMax];
  std::size_t count = 0;
  for (std::size_t i = 0; i < kAccountsMax; ++i)
    if (accounts_[i] && !accounts_[i]->wiped()) slots[count++] = static_cast<std::byte>(i + 1);
  if (count == 0) return device_.records().remove(hal::Record::kAccounts);
  return device_.records().put(hal::Record::kAccounts, Bytes(slots, count));
}

Account* Core::make_account(std::size_t index) {
  void* block = memory_.take(memory_.self, sizeof(Account));
  if (!block) return nullptr;
  return accounts_[index] = new (block) Account(*this, AccountId{static_cast<std::uint16_t>(index + 1)});
}

Status Core::restore_accounts() {
  std::byte slots[kAccountsMax];
  auto got = device_.records().get(hal::Record::kAccounts, slots);
  if (!got.ok()) return got.error();
  for (std::size_t i = 0; i < got.value(); ++i) {
    std::size_t index = std::to_integer<std::size_t>(slots[i]) - 1;
    if (index >= kAccountsMax || accounts_[index]) continue;
    Account* account = make_account(index);
    if (!account) return out_of_memory(sizeof(Account));
    bool goes = wipe_.active() && wipe_.account() == account->id();
    if (goes && wipe_.next() != policy::Wipe::Next::kAcknowledge) continue;  // its key may be dead already
    Status restored = account->restore();
    if (goes) continue;
    HANDSYNC_TRY(restored);
    removing_[index] = account->incomplete();
  }
  return Done{};
}

void Core::shut() {
  for (Account*& account : accounts_) {
    if (!account) continue;
    account->destroy(memory_);
    account = nullptr;
  }
}

// -- what accounts ask of it
// ---------------------------------------------------------------------------------------------------

namespace {
template <class Number>
Number stricter(Number limit, Number other) {  // 0 = none
  return limit == 0 || (other != 0 && other < limit) ? other : limit;
}
}  // namespace

/// While the policy is damaged, the limits that the PIN's record has kept hold.
policy::PinRules Core::pin_rules() const {
  policy::PinRules rules = policy::pin_rules(enforcer_.merged());
  if (enforcer_.damaged()) rules.attempts_max = stricter(rules.attempts_max, pin_.kept_attempts_max());
  return rules;
}

std::uint32_t Core::idle_lock_s() const {
  const std::uint32_t idle_s = enforcer_.idle_lock_s();
  return enforcer_.damaged() ? stricter(idle_s, pin_.kept_idle_lock_s()) : idle_s;
}

void Core::policy_changed() {
  bool fetched = enforcer_.damaged();
  for (std::size_t i = 0; i < kAccountsMax && fetched; ++i)
    fetched = !accounts_[i] || removing_[i] || accounts_[i]->wiped() || !accounts_[i]->wants_policy();
  Status noted = fetched ? enforcer_.repaired(device_) : Status(Done{});
  if (noted.ok() && !enforcer_.damaged())
    noted = pin_.keep_limits(device_, pin_rules().attempts_max, enforcer_.idle_lock_s());
  if (!noted.ok()) device_error_ = noted.error();  // with the next change, or boot
}

policy::Facts Core::facts() const {
  policy::Facts facts;
  facts.pin_set = pin_.set();
  facts.pin_fits = pin_.fits(pin_rules(), now_);
  facts.replica_encrypted = options_.replica_sealed;
  return facts;
}

void Core::tell(AccountId account, Notice notice, std::uint32_t folder, std::uint32_t count, std::uint64_t generation) {
  if (notice == Notice::kPolicyChanged) mode_may_have_changed();
  for (std::size_t i = 0; i < tell_count_; ++i) {  // what says the same again is said once
    Tell& told = tells_[i];
    if (told.account != account || told.notice != notice || told.folder != folder) continue;
    told.count += count;
    if (generation > told.generation) told.generation = generation;
    return;
  }
  if (tell_count_ == kTellsMax) {  // a host that does not pull: the oldest of the repeatable notices gives way
    std::size_t victim = 0;
    while (victim + 1 < kTellsMax && tells_[victim].notice != Notice::kState &&
           tells_[victim].notice != Notice::kItemsChanged)
      ++victim;
    for (std::size_t i = victim; i + 1 < kTellsMax; ++i) tells_[i] = tells_[i + 1];
    --tell_count_;
  }
  tells_[tell_count_++] = {account, notice, folder, count, generation};
}

void Core::cancelled(RequestId id) {
  if (cancel_count_ < kCancelsMax) cancels_[cancel_count_++] = id;
}

QuestionId Core::ask(AccountId account, Question question) {
  Asked& asked = asked_[static_cast<std::size_t>(account) - 1];
  asked = {QuestionId{++last_question_}, account, question, false, false};
  return asked.id;
}

void Core::withdraw(AccountId account) {
  Asked& asked = asked_[static_cast<std::size_t>(account) - 1];
  if (asked.id == QuestionId{}) return;
  if (asked.offered)
    asked.withdrawn = true;
  else
    asked = {};
}

Account* Core::account(AccountId id) {
  auto index = static_cast<std::size_t>(id) - 1;
  return index < kAccountsMax && !removing_[index] ? accounts_[index] : nullptr;
}
const Account* Core::account(AccountId id) const { return const_cast<Core*>(this)->account(id); }

Account* Core::owner(RequestId id, Call*& call) {
  for (Account* account : accounts_) {
    if (!account) continue;
    call = account->call(id);
    if (call) return account;
  }
  return nullptr;
}

Account* Core::looking_up(RequestId id) {
  for (std::size_t i = 0; i < kAccountsMax; ++i)
    if (accounts_[i] && !removing_[i] && accounts_[i]->look_up_id() == id) return accounts_[i];
  return nullptr;
}

// -- effects
// -------------------------------------------------------------------------------------------------------------------

bool Core::next_effect(Effect& effect) {
  if (cancel_count_) {
    effect = Cancel{cancels_[0]};
    for (std::size_t i = 0; i + 1 < cancel_count_; ++i) cancels_[i] = cancels_[i + 1];
    --cancel_count_;
    return true;
  }
  for (Asked& asked : asked_) {
    if (!asked.withdrawn) continue;
    effect = Withdraw{asked.id};
    asked = {};
    return true;
  }
  if (work_ != Work::kNone && !work_offered_) {
    work_offered_ = true;
    effect = Run{JobId{last_job_}};
    return true;
  }
  for (Account* account : accounts_) {
    if (!account) continue;
    if (Call* call = account->unoffered()) {
      call->offered = true;
      Send send;
      send.id = call->id;
      send.account = account->id();
      send.lane = call->lane;
      send.host = call->host.view();
      send.port = call->port;
      send.tls = call->tls;
      send.tls_level = account->tls_level();
      send.method = call->method;
      bool own = call->kind == Kind::kDiscoveryPost || call->kind == Kind::kDiscoveryGet;
      send.target = own ? call->plain_target.view() : call->head.target();
      send.headers =
          own ? std::span<const Header>(call->plain_headers, call->plain_header_count) : call->head.headers();
      send.label = call->label;
      send.body_bytes = call->body_bytes();
      send.connect_s = kConnectS;
      send.silence_s = call->silence_s;
      send.total_s = call->total_s;
      effect = send;
      return true;
    }
    if (account->look_up_wanted()) {
      RequestId id = account->look_up_id();
      effect = LookUp{id, account->srv_name()};
      return true;
    }
  }
  for (Asked& asked : asked_) {
    if (asked.id == QuestionId{} || asked.offered) continue;
    asked.offered = true;
    Account* account = accounts_[static_cast<std::size_t>(asked.account) - 1];
    effect = Ask{asked.id, asked.account, asked.question, account ? account->question_detail() : Text{}};
    return true;
  }
  if (tell_count_) {
    effect = tells_[0];
    for (std::size_t i = 0; i + 1 < tell_count_; ++i) tells_[i] = tells_[i + 1];
    --tell_count_;
    return true;
  }
  effect = std::monostate{};
  return false;
}

Wake Core::next_wake() const {
  Wake wake;
  auto join = [&](const Wake& other) {
    if (other.at_ms < wake.at_ms) {
      wake.at_ms = other.at_ms;
      wake.from_sleep = other.from_sleep;
    }
    if (other.latest_ms < wake.latest_ms) wake.latest_ms = other.latest_ms;
  };
  if (wiping()) {
    if (wipe_stuck()) join({wipe_retry_ms_, wipe_retry_ms_, true});
    if (wipe_.next() == policy::Wipe::Next::kAcknowledge) join({wipe_deadline_ms_, wipe_deadline_ms_, true});
    return wake;
  }
  for (std::size_t i = 0; i < kAccountsMax; ++i)
    if (accounts_[i] && !removing_[i]) join(accounts_[i]->wake());
  hal::Lock* lock = device_.lock();
  if (std::uint32_t idle_s = idle_lock_s(); idle_s && lock && pin_.set() && !lock->locked()) {
    std::uint64_t at = std::max(active_ms_ + std::uint64_t{idle_s} * 1000, lock_retry_ms_);
    join({at, at + 1000, true});
  }
  return wake;
}

// -- accounts
// ------------------------------------------------------------------------------------------------------------------

Result<AccountId> Core::add(const AccountSettings& settings, Bytes password) {
  if (wiping()) return policy::fault(wiped() ? policy::Fault::kWiped : policy::Fault::kWiping);
  AccountRecord judged;
  HANDSYNC_TRY(judged.take(settings));
  std::size_t free = kAccountsMax;
  for (std::size_t i = 0; i < options_.accounts_max; ++i) {
    if (!accounts_[i]) {
      if (free == kAccountsMax) free = i;
    } else if (!removing_[i] && accounts_[i]->view().email.view() == settings.email && !accounts_[i]->wiped()) {
      return engine_fault(EngineFault::kAccountExists);
    }
  }
  if (free == kAccountsMax) return engine_fault(EngineFault::kTooManyAccounts, options_.accounts_max);
  Account* account = make_account(free);
  if (!account) return out_of_memory(sizeof(Account));
  Status created = enforcer_.begin(device_);
  if (created.ok()) created = store_account_list();
  if (created.ok()) created = account->create(settings, password);
  if (!created.ok()) {  // what there is of it goes the same way as a whole account
    removing_[free] = true;
    start_removal();
    return created.error();
  }
  account->add();
  return account->id();
}

Status Core::remove(AccountId id) {
  Account* found = account(id);
  if (!found) return engine_fault(EngineFault::kNoSuchAccount);
  HANDSYNC_TRY(found->retire());
  withdraw(id);
  found->shut();
  removing_[static_cast<std::size_t>(id) - 1] = true;
  start_removal();
  return Done{};
}

void RemoveJob::run(hal::Device& device, hal::Progress& progress) {
  Status keys = device.keys().destroy(slot, progress);
  Status files = device.erase().files(slot, progress);
  error = !keys.ok() ? keys.error() : files.error();
}

void Core::start_removal() {
  if (work_ != Work::kNone || wiping()) return;
  for (std::size_t i = 0; i < kAccountsMax; ++i) {
    if (!removing_[i]) continue;
    remove_job_.slot = static_cast<hal::KeySlot>(i + 1);
    remove_job_.error = {};
    return start_job(Work::kRemove);
  }
}

void Core::removed() {
  std::size_t index = remove_job_.slot - 1U;
  AccountId id{remove_job_.slot};
  removing_[index] = false;
  if (remove_job_.error) {  // the next boot tries again: the account is no longer complete and its record says so
    device_error_ = remove_job_.error;
  } else {
    (void)device_.records().remove(hal::account_record(remove_job_.slot));
  }
  if (pin_.recovery_account() == id)
    if (Status forgotten = pin_.forget_recovery(device_); !forgotten.ok()) device_error_ = forgotten.error();
  if (enforcer_.known(id))
    if (Status forgotten = enforcer_.forget(device_, id); !forgotten.ok()) device_error_ = forgotten.error();
  if (accounts_[index]) accounts_[index]->destroy(memory_);
  accounts_[index] = nullptr;
  policy_changed();
  mode_may_have_changed();
  if (Status stored = store_account_list(); !stored.ok()) device_error_ = stored.error();
  tell(id, Notice::kIdle);
  start_removal();
}

std::size_t Core::list(std::span<AccountId> ids) const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < kAccountsMax; ++i)
    if (accounts_[i] && !removing_[i]) {
      if (count < ids.size()) ids[count] = accounts_[i]->id();
      ++count;
    }
  return count;
}

void Core::tick() {
  if (wiping()) {
    if (wipe_stuck()) {
      if (now_.mono_ms < wipe_retry_ms_) return;
      wipe_.try_again();
    }
    return drive_wipe();
  }
  check_idle_lock();
  for (std::size_t i = 0; i < kAccountsMax; ++i)
    if (accounts_[i] && !removing_[i]) accounts_[i]->tick();
}

void Core::network(const Network& network) {
  network_ = network;
  network_told_ = true;
  mode_may_have_changed();
  if (wiping()) return;
  for (std::size_t i = 0; i < kAccountsMax; ++i)
    if (accounts_[i] && !removing_[i]) accounts_[i]->network_is();
}

void Core::mode_may_have_changed() {
  if (wiping()) return;
  for (std::size_t i = 0; i < kAccountsMax; ++i)
    if (accounts_[i] && !removing_[i]) accounts_[i]->follow_mode();
}

void Core::answered(QuestionId id, std::uint16_t choice, Bytes secret) {
  for (Asked& asked : asked_) {
    if (asked.id != id || id == QuestionId{}) continue;
    Asked question = asked;
    asked = {};
    if (Account* found = account(question.account); found && !question.withdrawn)
      found->answered(question.question, choice, secret);
    return;
  }
}

// -- jobs
// ------------------------------------------------------------------------------------------------------------------------

void Core::start_job(Work work) {
  work_ = work;
  work_offered_ = false;
  ++last_job_;
}

Job& Core::job(JobId) {
  switch (work_) {
    case Work::kPin:
      return pin_.job();
    case Work::kWipe:
      return wipe_.job();
    default:
      return remove_job_;
  }
}

void Core::job_done(JobId id) {
  if (work_ == Work::kNone || id != JobId{last_job_}) return;
  Work done = work_;
  work_ = Work::kNone;
  switch (done) {
    case Work::kPin:
      pin_decided(pin_.finish(device_, pin_rules(), now_));
      break;
    case Work::kWipe:
      (void)wipe_.ran(device_);  // its error decides what next() says
      break;
    case Work::kRemove:
      removed();
      break;
    case Work::kNone:
      break;
  }
  if (wiping())
    drive_wipe();
  else
    start_removal();
}

}  // namespace handsync::sync
