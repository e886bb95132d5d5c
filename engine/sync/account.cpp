/// The life of an account, what is wished of it, and the order of its steps.
#include "sync/account.h"

#include <cstring>

#include "sync/core.h"

namespace handsync::sync {

void Account::destroy(Memory memory) {
  shut();
  if (folders_) memory.give(memory.self, folders_);
  this->~Account();
  memory.give(memory.self, this);
}

Status Account::create(const AccountSettings& settings, Bytes password) {
  HANDSYNC_TRY(record_.take(settings));
  if (password.size() > kSecretBytesMax) return engine_fault(EngineFault::kInvalidSettings);
  hal::Device& device = core_.device();
  auto slot = static_cast<hal::KeySlot>(id_);
  HANDSYNC_TRY(store_record(device, slot, record_));
  HANDSYNC_TRY(device.keys().create(slot));
  HANDSYNC_TRY(device.keys().put_secret(slot, password));
  return open_store();
}

Status Account::restore() {
  auto found = load_record(core_.device(), static_cast<hal::KeySlot>(id_), record_);
  if (!found.ok()) return found.error();
  if (!found.value()) {
    record_.complete = false;
    return Done{};
  }
  if (incomplete()) return Done{};
  if (Status opened = open_store(); !opened.ok()) {
    // A damaged replica is this account's trouble alone: the others go on, and it can be removed.
    if (opened.error().domain != Domain::kSqlite) return opened;
    stop(opened.error());
    return Done{};
  }
  // A policy record that is damaged, half settled, or gone while the key is still here: the key proves nothing.
  bool unproven = has_policy_key_ && !core_.enforcer().known(id_);
  if (core_.enforcer().damaged() || core_.enforcer().pending(id_) || unproven) {
    needs_ |= kNeedPolicy;
    has_policy_key_ = false;
  }
  look_at_recovery();
  look_at_outbox();
  return Done{};
}

void Account::store_used() {
  store_used_ms_ = core_.now().mono_ms;
  index_due_ = profile::kSearch;
}

Status Account::open_store() {
  store_used();
  if (store_.is_open()) return Done{};
  HANDSYNC_TRY(store_.open(store_options(), core_.memory()));
  if (folders_) return Done{};
  char room[512];
  auto text = [&](replica::Value value) {
    auto got = store_.get(value, std::as_writable_bytes(std::span(room)));
    return Text(room, got.ok() ? got.value() : 0);
  };
  auto number = [&](replica::Value value) {
    auto got = store_.get_number(value);
    return got.ok() ? got.value() : std::uint64_t{0};
  };
  if (!host_.assign(text(replica::Value::kServerHost))) host_.clear();
  if (!path_.assign(text(replica::Value::kServerPath))) path_.clear();
  if (!user_.assign(text(replica::Value::kServerUser))) user_.clear();
  // host and port are kept as one value: "host:port"
  Text host = host_.view();
  if (std::size_t colon = host.rfind(':'); colon != Text::npos) {
    auto port = protocol::parse_number(host.substr(colon + 1));
    FixedText<253> bare;
    if (port.ok() && bare.assign(host.substr(0, colon))) {
      port_ = static_cast<std::uint16_t>(port.value());
      host_ = bare;
    }
  }
  version_ = static_cast<protocol::Version>(number(replica::Value::kVersion));
  // Written by a build that spoke older versions: the server is asked anew.
  if (version_ != 0 && version_ < profile::kVersionMin) needs_ |= kNeedOptions;
  form_ = number(replica::Value::kQueryForm) ? protocol::QueryForm::kPlain : protocol::QueryForm::kBase64;
  policy_key_ = static_cast<std::uint32_t>(number(replica::Value::kPolicyKey));
  has_policy_key_ = policy_key_ != 0;
  policy_wall_ms_ = static_cast<std::int64_t>(number(replica::Value::kPolicyTime));
  last_sync_wall_ms_ = static_cast<std::int64_t>(number(replica::Value::kLastSync));
  auto heartbeat = store_.get(replica::Value::kHeartbeat, std::as_writable_bytes(std::span(room)));
  if (heartbeat.ok()) heartbeat_.unpack(std::as_bytes(std::span(room)).first(heartbeat.value()), core_.now().mono_ms);
  heartbeat_.enter(core_.network_id(), core_.now().mono_ms);
  texts_taken_ = number(replica::Value::kTextsTaken);
  outbox_told_ = number(replica::Value::kDeviceInformationSent) > 1;
  auto loops = store_.get(replica::Value::kLoopCounters, std::as_writable_bytes(std::span(room)));
  if (loops.ok() && loops.value() == sizeof loops_.count) std::memcpy(loops_.count, room, sizeof loops_.count);
  stored_loops_ = loops_;
  return load_folders();
}

replica::StoreOptions Account::store_options() {
  const Options& options = core_.options();
  char path[600];
  std::size_t size = 0;
  for (char c : options.directory)
    if (size + 32 < sizeof path) path[size++] = c;
  for (char c : Text("/account-")) path[size++] = c;
  auto number = static_cast<unsigned>(id_);
  if (number >= 10) path[size++] = static_cast<char>('0' + number / 10);
  path[size++] = static_cast<char>('0' + number % 10);
  for (char c : Text(".db")) path[size++] = c;
  if (!store_path_.assign(Text(path, size))) store_path_.clear();
  return {store_path_.view(), options.vfs,         options.page_bytes,
          options.cache_kib,  options.arrival_kib, options.replica_sealed};
}

void Account::shut() {
  if (heartbeat_.changed() && !wiped_ && folders_ && open_store().ok()) save_heartbeat();
  discard();
  end_errand(engine_fault(EngineFault::kDropped));
  cancel(work_);
  drop_sending();
  drop_drafting();
  drop_discovery();
  cancel(wait_);
  if (arriving_) arrival_.drop();
  arriving_ = false;
  store_.close();
}

Status Account::retire() {
  bool was_complete = record_.complete;
  record_.complete = false;
  Status stored = store_record(core_.device(), static_cast<hal::KeySlot>(id_), record_);
  if (!stored.ok()) record_.complete = was_complete;
  return stored;
}

void Account::become_wiped() {
  shut();
  wiped_ = true;
  needs_ = 0;
  push_ = manual_ = adding_ = false;
  error_ = policy::fault(policy::Fault::kWiped);
  host_.clear();
  user_.clear();
}

void Account::add() {
  adding_ = manual_ = true;
  manual_tries_ = 0;
  needs_ |= kNeedServer;
  advance();
}

Status Account::set(const AccountChange& change) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  AccountRecord record = record_;
  if (change.has_days) record.days = change.days;
  if (change.has_body_bytes_max) record.body_bytes_max = change.body_bytes_max;
  if (change.has_texts) record.texts = change.texts;
  if (change.has_conflict) record.client_wins = change.client_wins;
  HANDSYNC_TRY(store_record(core_.device(), static_cast<hal::KeySlot>(id_), record));
  record_ = record;
  if (change.has_password) HANDSYNC_TRY(take_password(change.password));
  look_at_outbox();
  if (change.has_days || change.has_body_bytes_max || change.has_texts || change.has_conflict) {
    HANDSYNC_TRY(open_store());
    mark_all_due();
    needs_ |= kNeedItems;
  }
  if (push_) advance();  // else with the next sync
  return Done{};
}

Status Account::take_password(Bytes password) {
  if (password.size() > kSecretBytesMax) return engine_fault(EngineFault::kInvalidSettings);
  HANDSYNC_TRY(core_.device().keys().put_secret(static_cast<hal::KeySlot>(id_), password));
  stopped_ = false;
  error_ = {};
  if (question_id_ != QuestionId{} && question_ == Question::kCredentials) {
    core_.withdraw(id_);
    question_id_ = QuestionId{};
  }
  return Done{};
}

Status Account::sync(FolderId only) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  HANDSYNC_TRY(open_store());
  core_.texts();
  look_at_outbox();
  if (only != FolderId{}) {
    FolderState* folder = find(only);
    if (!folder) return Error{Domain::kSqlite, replica::kNoSuchFolder, 0};
    folder->due = true;
    folder->full = false;
  } else {
    mark_all_due();
    needs_ |= kNeedFolders;
  }
  needs_ |= kNeedItems | kNeedMoves | kNeedOutbox | kNeedFolderChanges;
  try_afresh();
  return Done{};
}

Status Account::fetch(ItemId item) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  HANDSYNC_TRY(open_store());
  body_item_ = item;
  reading_stale_ = false;
  needs_ |= kNeedBody;
  try_afresh();
  return Done{};
}

/// A person wants it now: whatever stopped or paused the account is tried again, and the call ends with kIdle.
void Account::try_afresh() {
  manual_ = true;
  stopped_ = false;
  error_ = {};
  manual_tries_ = 0;
  not_before_ms_ = 0;
  if (question_id_ != QuestionId{} && question_ == Question::kCredentials) {  // it is asked again if it still stands
    core_.withdraw(id_);
    question_id_ = QuestionId{};
  }
  advance();
}

Status Account::flush() {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  HANDSYNC_TRY(open_store());
  changes_wait();
  needs_ |= kNeedOutbox;
  try_afresh();
  return Done{};
}

Status Account::push(bool on) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  if (on == push_) return Done{};
  if (on) HANDSYNC_TRY(open_store());  // who is told of an error has nothing switched on
  push_ = on;
  mode_ = mode();
  if (!on) {
    cancel(wait_);
    tell_state();
    return Done{};
  }
  stopped_ = false;
  needs_ |= kNeedFolders | kNeedItems | kNeedMoves | kNeedOutbox | kNeedFolderChanges;
  mark_all_due();
  advance();
  return Done{};
}

void Account::network_is() {
  heartbeat_.enter(core_.network_id(), core_.now().mono_ms);
  if (core_.offline()) return;
  // What the network was to blame for is tried again at once, but for one that comes and goes. What a server said is
  // still said.
  const std::uint64_t now = core_.now().mono_ms;
  const bool blamed = error_.domain == Domain::kDns || error_.domain == Domain::kTls ||
                      (error_.domain == Domain::kHttp && error_.code < 100) ||
                      (error_.domain == Domain::kEas &&
                       protocol::eas_status(error_) == static_cast<std::uint32_t>(protocol::AnswerFault::kNotWbxml));
  if (blamed && (network_retry_ms_ == 0 || now >= network_retry_ms_ + kNetworkRetryMs)) {
    network_retry_ms_ = now;
    const std::uint64_t least = retry_after_until_ms_ > now ? retry_after_until_ms_ : 0;
    if (not_before_ms_ > now) not_before_ms_ = least;
    if (ping_not_before_ms_ > now) ping_not_before_ms_ = least;
  }
  advance();
}

void Account::answered(Question question, std::uint16_t choice, Bytes secret) {
  question_id_ = QuestionId{};
  // What it was about is no detail of an error that comes later, but for the host that was not trusted.
  if (question != Question::kTrustRedirect) detail_.clear();
  switch (question) {
    case Question::kAcceptPolicy:
      if (choice == 1) {
        if (Status accepted = policy_accepted(); !accepted.ok()) follow(accepted.error());
      } else {
        (void)core_.enforcer().abandon(core_.device(), id_);  // it was never in force, nor recorded
        stop(policy::fault(policy::Fault::kNotAccepted));
      }
      break;
    case Question::kTrustRedirect:
      if (!move_url_.empty()) {
        FixedText<512> url = move_url_;
        move_url_.clear();
        Status taken = choice == 1 ? take_endpoint(url.view(), true) : Status(Error{Domain::kHttp, 451, 1});
        if (!taken.ok())
          stop(taken.error());
        else
          needs_ |= kNeedOptions;
      } else if (discovery_) {
        discovery_->consent(choice == 1);
        discovery_step();
      }
      break;
    case Question::kCredentials:
      if (choice == 0) break;
      if (Status taken = take_password(secret); !taken.ok()) stop(taken.error());
      break;
    case Question::kNewPin:
      if (choice == 0) {
        waiting_for_pin_ = false;
        stop(policy::fault(policy::Fault::kPinNotSet));
      } else if (Status set = core_.set_pin({}, secret); !set.ok()) {
        waiting_for_pin_ = false;
        stop(set.error());
      }
      break;
  }
  advance();
}

void Account::ask(Question question, Text detail) {
  if (!detail_.assign(detail)) detail_.clear();
  question_ = question;
  question_id_ = core_.ask(id_, question);
}

void Account::advance() {
  // In the order of need: who the server is, what it speaks, what it demands, where things are, the things themselves.
  struct Step {
    Need need;
    Status (Account::*start)();
  };
  // clang-format off
  static constexpr Step kSteps[] = {
      {kNeedServer,            &Account::start_discovery},
      {kNeedOptions,           &Account::start_options},
      {kNeedDirective,         &Account::start_directive},
      {kNeedDeviceInformation, &Account::start_device_information},
      {kNeedPolicy,            &Account::start_policy},
      {kNeedAcknowledge,       &Account::start_acknowledge},
      {kNeedFolders,           &Account::start_folders},
      {kNeedRecovery,          &Account::start_recovery},
      {kNeedFolderChanges,     &Account::start_folder_change},
      {kNeedOutbox,            &Account::start_outbox},
      {kNeedBody,              &Account::start_body},
      {kNeedErrand,            &Account::start_errand},
      {kNeedMoves,             &Account::start_moves},
      {kNeedItems,             &Account::start_items},
  };
  // clang-format on
  bool asked = question_id_ != QuestionId{} || look_up_wanted_ || waiting_for_pin_;
  if (wiped_ || stopped_ || core_.wiping() || work_ || asked || look_up_id_ != RequestId{}) return;
  if (!manual_ && (!automatic() || core_.offline())) return;
  if (not_before_ms_ > core_.now().mono_ms) return;
  const bool closed = core_.pin_must_change();
  for (const Step& step : kSteps) {
    if (closed && step.need == kNeedFolders) break;
    if (!(needs_ & step.need)) continue;
    if (Status started = (this->*step.start)(); !started.ok()) follow(started.error());
    if (work_ || stopped_ || question_id_ != QuestionId{} || look_up_id_ != RequestId{} || waiting_for_pin_ ||
        core_.wiping())
      return;
    if (not_before_ms_ > core_.now().mono_ms) return;
  }
  if (closed) {
    needs_ |= kNeedPolicy;  // that may have been loosened meanwhile
    core_.enforcer().refresh(core_.device(), core_.facts());
    return stop(policy::fault(policy::Fault::kPinMustChange));
  }
  if (needs_ == 0) idle();
}

void Account::idle() {
  bool was_adding = adding_;
  if (adding_) {
    record_.complete = true;
    if (Status stored = store_record(core_.device(), static_cast<hal::KeySlot>(id_), record_); !stored.ok()) {
      record_.complete = false;
      stop(stored.error());
      return;
    }
    adding_ = false;
  }
  save_loops();
  if (manual_) {
    manual_ = false;
    for (std::size_t i = 0; i < folder_count_; ++i)
      if (folders_[i].full) error_ = protocol::eas_error(protocol::Command::kSync, replica::kStatusFull);
    if (!was_adding && store_.is_open() && !error_) {
      last_sync_wall_ms_ = core_.now().wall_ms;
      // A time that cannot be stored is only a time.
      (void)store_.put_number(replica::Value::kLastSync, static_cast<std::uint64_t>(last_sync_wall_ms_));
    }
    core_.tell(id_, Notice::kIdle);
  }
  consider_ping();
}

void Account::succeed() {
  error_ = {};
  throttled_.clear();
  if (judged_ == tried_) manual_tries_ = 0;  // what is asked in between is no success of what is tried
  if (new_endpoint_ && store_.is_open()) {
    char room[280];
    std::size_t size = 0;
    for (char c : host_.view()) room[size++] = c;
    room[size++] = ':';
    char digits[8];
    std::size_t count = 0;
    for (unsigned port = port_; port; port /= 10) digits[count++] = static_cast<char>('0' + port % 10);
    while (count) room[size++] = digits[--count];
    Status host = store_.put(replica::Value::kServerHost, bytes_of(Text(room, size)));
    Status path = store_.put(replica::Value::kServerPath, bytes_of(path_.view()));
    Status user = store_.put(replica::Value::kServerUser, bytes_of(user_.view()));
    new_endpoint_ = !(host.ok() && path.ok() && user.ok());
  }
}

void Account::save_loops() {
  if (loops_ == stored_loops_ || !store_.is_open()) return;
  if (store_.put(replica::Value::kLoopCounters, std::as_bytes(std::span(loops_.count))).ok()) stored_loops_ = loops_;
}

void Account::reset_loops(std::initializer_list<Loop> loops) {
  for (Loop loop : loops) loops_.of(loop) = 0;
  save_loops();
}

void Account::idle_store() {
  const std::uint64_t now = core_.now().mono_ms;
  const Result<bool> more = store_.idle(now);
  if (!more.ok()) index_due_ = false;  // a full disk, no memory: at the next use again
  if (index_due_ && now >= store_used_ms_ + kIndexQuietMs && !more.value()) {
    const Result<bool> indexed = store_.index_some();
    index_due_ = indexed.ok() && indexed.value();
  }
  if (now >= store_used_ms_ + kStoreIdleMs && !index_due_) store_.close();
}

/// A program that is about to search does not wait for idle time.
Result<bool> Account::index() {
  HANDSYNC_TRY(open_store());
  return store_.index_some();
}

void Account::tick() {
  std::uint64_t now = core_.now().mono_ms;
  if (wiped_) return;
  follow_mode();
  // As a Sync that waited it was given longer.
  if (profile::kHangingSync && work_ && work_->hangs && now >= radio_used_ms_ + kCommandSilenceS * std::uint64_t{1000})
    end_early(*work_, Error{Domain::kHttp, 11, 0});
  if (arriving_) {
    // A stage transaction that cannot be closed shows up at the next write of this response.
    (void)arrival_.tick(now);
  } else if (store_.is_open() && !work_) {
    idle_store();
  }
  if (full_sync_may_start() && now >= full_sync_ms_) {
    if (open_store().ok()) {
      full_sync_visit_ = ping_trouble() >= kPausesFree;
      mark_all_due();
      needs_ |= kNeedItems;
      if (wait_ && wait_->hangs) needs_ |= kNeedFolders;  // a Ping would tell of new ones
    } else {
      full_sync_ms_ = now + kStoreRetryMs;
    }
  }
  advance();
}

/// While Pings are in trouble the full sync takes the place of one, so that both together keep to the budget.
bool Account::full_sync_may_start() const {
  if (!automatic() || full_sync_ms_ == 0 || core_.offline()) return false;
  std::uint64_t now = core_.now().mono_ms;
  if (ping_trouble() < kPausesFree) return true;
  return ping_not_before_ms_ <= now && not_before_ms_ <= now && !work_ && !pushed_ && full_sync_paid_ms() <= now;
}

bool Account::ping_waits_for_full_sync() const {
  return push_ && full_sync_ms_ != 0 && ping_trouble() >= kPausesFree && core_.now().mono_ms >= full_sync_ms_;
}

/// When a full sync is within the budget although Pings were sent before it.
std::uint64_t Account::full_sync_paid_ms() const {
  std::uint32_t folders = 0;
  for (std::size_t i = 0; i < folder_count_; ++i) folders += wanted(folders_[i]);
  const std::uint32_t requests = (folders + collections_max_ - 1) / collections_max_;
  return ping_started_ms_ == 0 ? 0 : ping_started_ms_ + cost_ms(requests + 1);
}

namespace {

void bring_forward(Wake& wake, std::uint64_t at_ms, std::uint64_t slack_ms, bool from_sleep) {
  if (at_ms < wake.at_ms) {
    wake.at_ms = at_ms;
    wake.from_sleep = from_sleep;
  }
  if (at_ms + slack_ms < wake.latest_ms) wake.latest_ms = at_ms + slack_ms;
}

}  // namespace

/// When this account next wants the radio of its own accord.
Wake Account::next_visit() const {
  Wake wake;
  if (wiped_ || stopped_ || work_ || (!manual_ && (!automatic() || core_.offline()))) return wake;
  const std::uint64_t now = core_.now().mono_ms;
  if (not_before_ms_ > now) bring_forward(wake, not_before_ms_, (not_before_ms_ - now) / 8, true);
  if (push_ && !needs_ && !wait_ && ping_not_before_ms_ > now)
    bring_forward(wake, ping_not_before_ms_, (ping_not_before_ms_ - now) / 8, true);
  if (full_sync_may_start()) bring_forward(wake, full_sync_ms_, 600'000, true);
  if (ping_waits_for_full_sync() && full_sync_paid_ms() > now) bring_forward(wake, full_sync_paid_ms(), 600'000, true);
  return wake;
}

Wake Account::wake() const {
  Wake wake = next_visit();
  if (wiped_) return wake;
  if (const std::uint64_t wait = until_next_mode_ms(); wait != UINT64_MAX)
    bring_forward(wake, core_.now().mono_ms + wait, 60'000, true);
  if (arriving_) bring_forward(wake, core_.now().mono_ms + 250, 250, false);
  if (store_.is_open() && !arriving_ && !work_) {
    if (index_due_) bring_forward(wake, store_used_ms_ + kIndexQuietMs, 60'000, false);
    bring_forward(wake, store_used_ms_ + kStoreIdleMs, 600'000, false);
  }
  return wake;
}

Status Account::integrity() {
  HANDSYNC_TRY(open_store());
  return store_.check();
}

AccountView Account::view() const {
  AccountView view;
  view.id = id_;
  view.email = record_.email;
  view.user = user_;
  (void)view.server.assign(host_.view());
  std::uint64_t now = core_.now().mono_ms;
  view.state = wiped_                                                                   ? AccountState::kWiped
               : stopped_                                                               ? AccountState::kBlocked
               : adding_                                                                ? AccountState::kAdding
               : work_                                                                  ? AccountState::kSyncing
               : push_ && !wait_ && (not_before_ms_ > now || ping_not_before_ms_ > now) ? AccountState::kBackOff
               : wait_                                                                  ? AccountState::kWaiting
                                                                                        : AccountState::kReady;
  view.error = error_;
  if (question_id_ == QuestionId{} || question_ == Question::kTrustRedirect) view.detail = detail_;
  view.throttled = throttled_;
  view.version = version_;
  view.policy_key = policy_key_;
  view.policy_wall_ms = policy_wall_ms_;
  view.last_sync_wall_ms = last_sync_wall_ms_;
  view.heartbeat_s = heartbeat_s_;
  view.next_ms = next_visit().at_ms;
  view.schedule = record_.schedule;
  view.mode = mode();
  view.tls_level = record_.tls_level;
  view.texts = record_.texts;
  view.texts_refused = texts_refused();
  view.traffic = traffic_;
  const Carried& carried = traffic_.carried;
  view.traffic.round_trips += carried.connections + 2 * carried.handshakes_full + carried.handshakes_resumed;
  for (const Traffic::Kind& kind : traffic_.kinds) {
    view.requests += kind.requests;
    view.bytes_in += kind.bytes_in;
    view.bytes_out += kind.bytes_out;
  }
  view.added = added_;
  view.changed = changed_;
  view.deleted = deleted_;
  view.sent = sent_;
  view.parked = parked_;
  return view;
}

}  // namespace handsync::sync
