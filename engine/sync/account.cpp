#include "sync/account.h"

#include <cstring>
#include <new>

#include "sync/core.h"

namespace handsync::sync {

using policy::Remedy;
using protocol::Command;

namespace {

enum class Then : std::uint8_t { kGoOn, kPause, kStop };

/// What follows a failure, by its remedy: which needs arise, which counter ends the loop, and whether the account goes
/// on.
struct Rule {
  Remedy remedy;
  std::uint16_t needs;
  Loop loop;
  Then then;
};
// clang-format off: an aligned table
constexpr Rule kRules[] = {
    {Remedy::kRetryBackOff, 0, Loop::kFailures, Then::kPause},
    {Remedy::kReProvision, kNeedPolicy, Loop::kProvisions, Then::kGoOn},
    {Remedy::kWipe, kNeedDirective, Loop::kProvisions, Then::kGoOn},
    {Remedy::kRefreshFolders, kNeedFolders, Loop::kRefreshes, Then::kGoOn},
    {Remedy::kRestartFolders, kNeedFolders, Loop::kRefreshes, Then::kGoOn},
    {Remedy::kReKey, kNeedItems, Loop::kRekeys, Then::kGoOn},
    {Remedy::kDiscover, kNeedServer, Loop::kMoves, Then::kGoOn},
    {Remedy::kNegotiate, kNeedOptions, Loop::kNegotiations, Then::kGoOn},
    {Remedy::kSmaller, 0, Loop::kFailures, Then::kPause},
    {Remedy::kAskCredentials, 0, Loop::kFailures, Then::kStop},
    {Remedy::kAskUser, 0, Loop::kFailures, Then::kStop},
    {Remedy::kBlocked, 0, Loop::kFailures, Then::kPause},
    {Remedy::kGiveUp, 0, Loop::kFailures, Then::kPause},
    {Remedy::kPark, 0, Loop::kFailures, Then::kPause},
};
// clang-format on

bool worth_a_quick_retry(Error error) {
  // A name that does not exist or a certificate that is wrong will be the same in a second.
  switch (policy::remedy_for(error)) {
    case Remedy::kRetryBackOff:
      return error.domain != Domain::kTls && error.domain != Domain::kDns;
    default:
      return false;
  }
}

}  // namespace

// -- life
// -------------------------------------------------------------------------------------------------------------------

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
  HANDSYNC_TRY(store_record(device.records(), slot, record_));
  HANDSYNC_TRY(device.keys().create(slot));
  HANDSYNC_TRY(device.keys().put_secret(slot, password));
  return open_store();
}

Status Account::restore() {
  auto found = load_record(core_.device().records(), static_cast<hal::KeySlot>(id_), record_);
  if (!found.ok()) return found.error();
  if (!found.value()) {
    record_.complete = false;
    return Done{};
  }
  if (incomplete()) return Done{};
  HANDSYNC_TRY(open_store());
  // A policy record that is damaged, half settled, or gone while the key is still here: the key proves nothing.
  bool unproven = has_policy_key_ && !core_.enforcer().known(id_);
  if (core_.enforcer().damaged() || core_.enforcer().pending(id_) || unproven) {
    needs_ |= kNeedPolicy;
    has_policy_key_ = false;
  }
  return Done{};
}

Status Account::open_store() {
  store_used_ms_ = core_.now().mono_ms;
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
  form_ = number(replica::Value::kQueryForm) ? protocol::QueryForm::kPlain : protocol::QueryForm::kBase64;
  policy_key_ = static_cast<std::uint32_t>(number(replica::Value::kPolicyKey));
  has_policy_key_ = policy_key_ != 0;
  policy_wall_ms_ = static_cast<std::int64_t>(number(replica::Value::kPolicyTime));
  last_sync_wall_ms_ = static_cast<std::int64_t>(number(replica::Value::kLastSync));
  if (auto heartbeat = number(replica::Value::kHeartbeat)) heartbeat_s_ = static_cast<std::uint32_t>(heartbeat);
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
  cancel(work_);
  cancel(wait_);
  if (arriving_) arrival_.drop();
  arriving_ = false;
  store_.close();
}

Status Account::retire() {
  bool was_complete = record_.complete;
  record_.complete = false;
  Status stored = store_record(core_.device().records(), static_cast<hal::KeySlot>(id_), record_);
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

// -- wishes
// -----------------------------------------------------------------------------------------------------------------

void Account::add() {
  adding_ = manual_ = true;
  manual_tries_ = 0;
  needs_ |= kNeedServer;
  advance();
}

Status Account::sync(FolderId only) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  HANDSYNC_TRY(open_store());
  if (only != FolderId{}) {
    FolderState* folder = find(only);
    if (!folder) return Error{Domain::kSqlite, replica::kNoSuchFolder, 0};
    folder->due = true;
  } else {
    mark_all_due();
    needs_ |= kNeedFolders;
  }
  needs_ |= kNeedItems;
  try_afresh();
  return Done{};
}

Status Account::fetch(ItemId item) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  HANDSYNC_TRY(open_store());
  body_item_ = item;
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

Status Account::push(bool on) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  if (on == push_) return Done{};
  push_ = on;
  if (!on) {
    cancel(wait_);
    tell_state();
    return Done{};
  }
  HANDSYNC_TRY(open_store());
  stopped_ = false;
  needs_ |= kNeedFolders | kNeedItems;
  mark_all_due();
  advance();
  return Done{};
}

void Account::network_is_up() {
  if (not_before_ms_ > core_.now().mono_ms || ping_not_before_ms_ > core_.now().mono_ms) {
    not_before_ms_ = ping_not_before_ms_ = 0;
    advance();
  }
}

void Account::answered(Question question, std::uint16_t choice, Bytes secret) {
  question_id_ = QuestionId{};
  switch (question) {
    case Question::kAcceptPolicy:
      if (choice == 1)
        policy_arrived();
      else
        stop(policy::fault(policy::Fault::kNotAccepted));
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
      } else {
        discovery_.consent(choice == 1);
        discovery_step();
      }
      break;
    case Question::kCredentials:
      if (choice == 0) break;
      if (Status put = core_.device().keys().put_secret(static_cast<hal::KeySlot>(id_), secret); !put.ok()) {
        stop(put.error());
      } else {
        stopped_ = false;
        error_ = {};
      }
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

// -- steps
// ------------------------------------------------------------------------------------------------------------------

void Account::advance() {
  // In the order of need: who the server is, what it speaks, what it demands, where things are, the things themselves.
  struct Step {
    Need need;
    Status (Account::*start)();
  };
  // clang-format off: an aligned table
  static constexpr Step kSteps[] = {
      {kNeedServer, &Account::start_discovery},    {kNeedOptions, &Account::start_options},
      {kNeedDirective, &Account::start_directive}, {kNeedDeviceInformation, &Account::start_device_information},
      {kNeedPolicy, &Account::start_policy},       {kNeedAcknowledge, &Account::start_acknowledge},
      {kNeedFolders, &Account::start_folders},     {kNeedBody, &Account::start_body},
      {kNeedItems, &Account::start_items},
  };
  // clang-format on
  bool asked = question_id_ != QuestionId{} || look_up_wanted_ || waiting_for_pin_;
  if (wiped_ || stopped_ || core_.wiping() || work_ || asked || look_up_id_ != RequestId{}) return;
  if (!manual_ && !push_) return;
  if (not_before_ms_ > core_.now().mono_ms) return;
  for (const Step& step : kSteps) {
    if (!(needs_ & step.need)) continue;
    if (Status started = (this->*step.start)(); !started.ok()) follow(started.error());
    if (work_ || stopped_ || question_id_ != QuestionId{} || look_up_id_ != RequestId{} || waiting_for_pin_ ||
        core_.wiping())
      return;
    if (not_before_ms_ > core_.now().mono_ms) return;
  }
  if (needs_ == 0) idle();
}

void Account::idle() {
  bool was_adding = adding_;
  if (adding_) {
    record_.complete = true;
    if (Status stored = store_record(core_.device().records(), static_cast<hal::KeySlot>(id_), record_); !stored.ok()) {
      record_.complete = false;
      stop(stored.error());
      return;
    }
    adding_ = false;
  }
  save_loops();
  if (manual_) {
    manual_ = false;
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
  manual_tries_ = 0;
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

// -- requests
// -----------------------------------------------------------------------------------------------------------------

Status Account::start_command(Command command, Lane lane, Call*& call, std::size_t body_bytes_max) {
  call = Call::make(core_.memory(), body_bytes_max);
  if (!call) return out_of_memory(body_bytes_max);
  call->command = command;
  call->lane = lane;
  call->method = "POST";
  call->label = protocol::command_name(command);
  return Done{};
}

Status Account::launch(Call* call, std::size_t body_bytes) {
  auto fail = [&](Error error) {
    call->free(core_.memory());
    return error;
  };
  call->set_body(body_bytes);
  call->id = core_.new_request();
  call->started_ms = core_.now().mono_ms;
  std::byte secret[kSecretBytesMax];
  auto got = core_.device().keys().get_secret(static_cast<hal::KeySlot>(id_), secret);
  if (!got.ok()) return fail(got.error());
  Bytes password(secret, got.value());
  char authorization[704];
  bool plain = call->kind == Kind::kDiscoveryGet;
  Text user = call->kind == Kind::kDiscoveryPost ? discovery_.user() : user_.view();
  auto basic = plain ? Result<Text>(Text{})
                     : protocol::basic_authorization(user, password, std::as_writable_bytes(std::span(authorization)));
  for (std::byte& b : secret) b = std::byte{0};
  if (!basic.ok()) return fail(basic.error());
  bool fits = call->authorization.assign(basic.value());
  for (char& c : authorization) c = 0;
  if (!fits) return fail(engine_fault(EngineFault::kInvalidSettings));

  if (call->kind == Kind::kDiscoveryPost || plain) {
    const autodiscover::Url& url = discovery_.url();
    if (!plain && !url.tls) return fail(engine_fault(EngineFault::kInsecure));  // a credential never leaves without TLS
    call->host = url.host;
    call->port = url.port;
    call->tls = url.tls;
    if (!call->plain_target.assign(url.target.view())) return fail(engine_fault(EngineFault::kInvalidSettings));
    std::size_t n = 0;
    if (!plain) {
      call->plain_headers[n++] = {"Authorization", call->authorization.view()};
      call->plain_headers[n++] = {"Content-Type", "text/xml; charset=utf-8"};
    }
    call->plain_headers[n++] = {"User-Agent", core_.options().user_agent};
    call->plain_header_count = n;
  } else {
    bool empty_key = call->command == Command::kProvision && !(needs_ & kNeedAcknowledge);
    protocol::Partner partner;
    partner.path = path_.view();
    partner.user = user_.view();
    partner.device_id = core_.device_id();
    partner.device_type = core_.options().device_type;
    partner.user_agent = core_.options().user_agent;
    partner.version = version_;
    partner.form = form_;
    partner.policy_key = empty_key ? 0 : policy_key_;
    partner.has_policy_key = has_policy_key_ || call->command == Command::kProvision;
    if (call->command == Command::kProvision && !empty_key) {
      auto key = protocol::parse_number(temporary_key_.view());
      if (!key.ok()) return fail(key.error());
      partner.policy_key = key.value();
    }
    partner.authorization = call->authorization.view();
    call->host = host_;
    call->port = port_;
    Status built = call->kind == Kind::kOptions ? call->head.build_options(partner)
                                                : call->head.build(call->command, partner, {}, body_bytes != 0);
    if (!built.ok()) return fail(built.error());
  }
  ++requests_;
  ++visit_requests_;
  bytes_out_ += body_bytes;
  (call->lane == Lane::kWork ? work_ : wait_) = call;
  tell_state();
  return Done{};
}

void Account::cancel(Call*& call) {
  if (!call) return;
  if (call->offered) core_.cancelled(call->id);
  call->free(core_.memory());
  call = nullptr;
}

Call* Account::call(RequestId id) {
  if (work_ && work_->id == id) return work_;
  if (wait_ && wait_->id == id) return wait_;
  return nullptr;
}

Call* Account::unoffered() {
  if (work_ && !work_->offered) return work_;
  if (wait_ && !wait_->offered) return wait_;
  return nullptr;
}

void Account::response_head(Call& call, int status, std::span<const Header> headers, const Channel& channel) {
  call.take_head(status, headers, channel);
}

void Account::response_body(Call& call, Bytes piece) {
  bytes_in_ += piece.size();
  store_used_ms_ = core_.now().mono_ms;
  call.take(piece);
}

void Account::response_end(Call& call) { finish_work(call, {}); }

void Account::failed(Call& call, Error error) { finish_work(call, error); }

void Account::finish_work(Call& ended, Error transport) {
  Call* call = &ended;
  (call == work_ ? work_ : wait_) = nullptr;
  Error error = transport ? transport : call->finish();
  if (acknowledging_wipe_) {
    acknowledging_wipe_ = false;
    call->free(core_.memory());
    core_.wipe_acknowledged(!transport);
    return;
  }
  bool is_command = call->kind == Kind::kCommand;
  if (!error && is_command && call->version_refresh && call->command != Command::kFolderSync) needs_ |= kNeedOptions;
  if (!is_command) {
    call->kind == Kind::kOptions ? ended_options(*call, error) : ended_discovery(*call, error);
  } else {
    switch (call->command) {
      case Command::kSettings:
        ended_settings(*call, error);
        break;
      case Command::kProvision:
        needs_& kNeedAcknowledge ? ended_acknowledge(*call, error) : ended_policy(*call, error);
        break;
      case Command::kFolderSync:
        ended_folders(*call, error);
        break;
      case Command::kSync:
        ended_items(*call, error);
        break;
      case Command::kItemOperations:
        ended_body(*call, error);
        break;
      case Command::kPing:
        ended_ping(*call, error);
        break;
      default:
        break;
    }
  }
  call->free(core_.memory());
  tell_state();
  advance();
}

// -- after a failure
// -------------------------------------------------------------------------------------------------------------

/// An error of the request as a whole, the same for every command. Needs are left as they are: the step runs again
/// after the remedy.
void Account::request_failed(Call& call, Error error) {
  if (error.domain == Domain::kHttp) {
    switch (error.code) {
      case 451:
        moved(call);
        return;
      case 400:
      case 501:
      case 505:
        if (call.kind == Kind::kCommand && form_ == protocol::QueryForm::kBase64) {
          form_ = protocol::QueryForm::kPlain;  // an older server, or a gateway that knows only the plain query
          if (store_.is_open()) (void)store_.put_number(replica::Value::kQueryForm, 1);
          return;
        }
        break;
      case 403:
        // Below 14.0 a pending wipe or a missing policy may look like this (status.csv, 140): ask the server once.
        if (version_ < 140 && call.kind == Kind::kCommand && call.command != Command::kProvision &&
            loops_.of(Loop::kProvisions) == 0) {
          loops_.add(Loop::kProvisions);
          needs_ |= kNeedPolicy;
          return;
        }
        break;
      default:
        break;
    }
  }
  follow(error, call.retry_after_s);
}

void Account::follow(Error error, std::uint32_t retry_after_s) {
  error_ = error;
  Remedy remedy = policy::remedy_for(error);
  const Rule* rule = nullptr;
  for (const Rule& candidate : kRules)
    if (candidate.remedy == remedy) rule = &candidate;
  if (!rule || rule->then == Then::kPause) {
    bool blocked = remedy == Remedy::kBlocked;
    if (blocked && !push_) return stop(error);
    return pause(error, blocked && retry_after_s < kPauseMaxMs / 1000 ? static_cast<std::uint32_t>(kPauseMaxMs / 1000)
                                                                      : retry_after_s);
  }
  if (rule->then == Then::kStop) {
    stop(error);
    if (remedy == Remedy::kAskCredentials && !adding_ && push_) ask(Question::kCredentials, record_.email.view());
    return;
  }
  loops_.add(rule->loop);
  bool too_often = loops_.of(rule->loop) > loop_limit(rule->loop);
  needs_ |= rule->needs;
  if (remedy == Remedy::kRestartFolders) restart_folders();
  save_loops();
  if (too_often) pause(error, retry_after_s);
}

void Account::pause(Error error, std::uint32_t retry_after_s) {
  error_ = error;
  hal::Entropy& entropy = core_.device().entropy();
  if (judging_ping_) {
    loops_.add(Loop::kPings);
    save_loops();
    ping_not_before_ms_ =
        core_.now().mono_ms + pause_ms(entropy, loops_.of(Loop::kPings), kPauseFirstMs, retry_after_s, visit_requests_);
    visit_requests_ = 0;
    return;
  }
  if (manual_) {
    std::uint8_t tries_max = adding_ ? std::uint8_t{1} : kManualTriesMax;
    if (manual_tries_ < tries_max && worth_a_quick_retry(error) && retry_after_s <= 5) {
      ++manual_tries_;
      not_before_ms_ = core_.now().mono_ms + pause_ms(entropy, manual_tries_, kQuickPauseMs, retry_after_s);
      return;
    }
    bool was_adding = adding_;
    manual_ = false;
    if (was_adding || !push_) needs_ &= static_cast<std::uint16_t>(~kNeedBody);
    core_.tell(id_, Notice::kIdle);
    if (!push_) return save_loops();
  }
  loops_.add(Loop::kFailures);
  save_loops();
  not_before_ms_ = core_.now().mono_ms +
                   pause_ms(entropy, loops_.of(Loop::kFailures), kPauseFirstMs, retry_after_s, visit_requests_);
  visit_requests_ = 0;
}

void Account::stop(Error error) {
  error_ = error;
  stopped_ = true;
  needs_ &= static_cast<std::uint16_t>(~kNeedBody);
  save_loops();
  if (manual_) {
    manual_ = false;
    core_.tell(id_, Notice::kIdle);
  }
  tell_state();
}

void Account::tell_state() { core_.tell(id_, Notice::kState); }

// -- time
// -------------------------------------------------------------------------------------------------------------------------

void Account::tick() {
  std::uint64_t now = core_.now().mono_ms;
  if (wiped_) return;
  if (arriving_) {
    // A stage transaction that cannot be closed shows up at the next write of this response.
    (void)arrival_.tick(now);
  } else if (store_.is_open() && !work_) {
    if (now >= store_used_ms_ + kStoreIdleMs)
      store_.close();
    else
      (void)store_.idle(now);
  }
  if (full_sync_may_start() && now >= full_sync_ms_ && open_store().ok()) {
    full_sync_visit_ = ping_trouble() >= kPausesFree;
    mark_all_due();
    needs_ |= kNeedItems;
  }
  advance();
}

/// While Pings are in trouble the full sync takes the place of one, so that both together keep to the budget.
bool Account::full_sync_may_start() const {
  if (!push_ || full_sync_ms_ == 0) return false;
  std::uint64_t now = core_.now().mono_ms;
  return ping_trouble() < kPausesFree || (ping_not_before_ms_ <= now && not_before_ms_ <= now && !work_ && !pushed_);
}

Wake Account::wake() const {
  Wake wake;
  auto by = [&](std::uint64_t at, std::uint64_t slack, bool from_sleep) {
    if (at < wake.at_ms) {
      wake.at_ms = at;
      wake.from_sleep = from_sleep;
    }
    if (at + slack < wake.latest_ms) wake.latest_ms = at + slack;
  };
  if (wiped_) return wake;
  std::uint64_t now = core_.now().mono_ms;
  if (arriving_) by(now + 250, 250, false);
  if (store_.is_open() && !arriving_ && !work_) by(store_used_ms_ + kStoreIdleMs, 600'000, false);
  if (!stopped_ && !work_ && (manual_ || push_)) {
    if (not_before_ms_ > now) by(not_before_ms_, (not_before_ms_ - now) / 8, true);
    if (push_ && !needs_ && !wait_ && ping_not_before_ms_ > now)
      by(ping_not_before_ms_, (ping_not_before_ms_ - now) / 8, true);
    if (full_sync_may_start()) by(full_sync_ms_, 600'000, true);
  }
  return wake;
}

// -- Changes
// ------------------------------------------------------------------------------------------------------------------------

Result<ChangeId> Account::mark(ItemId item, Mark mark) {
  if (wiped_) return policy::fault(policy::Fault::kWiped);
  HANDSYNC_TRY(open_store());
  std::int64_t wall = core_.now().wall_ms;
  Result<std::uint64_t> change = Error{};
  switch (mark) {
    case Mark::kRead:
      change = store_.mark_read(item, true, wall);
      break;
    case Mark::kUnread:
      change = store_.mark_read(item, false, wall);
      break;
    case Mark::kFlag:
      change = store_.mark_flag(item, 2, wall);
      break;
    case Mark::kUnflag:
      change = store_.mark_flag(item, 0, wall);
      break;
    case Mark::kDone:
      change = store_.mark_flag(item, 1, wall);
      break;
  }
  if (!change.ok()) return change.error();
  changes_wait();
  return ChangeId{change.value()};
}

/// Something of the user's waits: in push it goes out at once, past the Ping that stays open.
void Account::changes_wait() {
  for (std::size_t i = 0; i < folder_count_; ++i) {
    auto waiting = store_.has_outgoing(folders_[i].row.id);
    if (waiting.ok() && waiting.value()) folders_[i].due = true;
  }
  needs_ |= kNeedItems;
  if (push_) advance();
}

Status Account::retry(ChangeId change) {
  HANDSYNC_TRY(open_store());
  HANDSYNC_TRY(store_.retry(static_cast<std::uint64_t>(change)));
  changes_wait();
  return Done{};
}

Status Account::drop(ChangeId change) {
  HANDSYNC_TRY(open_store());
  return store_.drop(static_cast<std::uint64_t>(change));
}

Status Account::select(FolderId folder, bool selected) {
  HANDSYNC_TRY(open_store());
  if (arriving_ && current_ == folder) {  // what arrives for a folder that is not wanted any more is not taken
    arrival_.drop();
    arriving_ = false;
    cancel(work_);
  }
  HANDSYNC_TRY(store_.select(folder, selected));
  HANDSYNC_TRY(load_folders());
  if (FolderState* state = find(folder); state && selected) {
    state->due = true;
    needs_ |= kNeedItems;
  }
  cancel(wait_);
  advance();
  return Done{};
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
  view.detail = detail_;
  view.version = version_;
  view.policy_key = policy_key_;
  view.policy_wall_ms = policy_wall_ms_;
  view.last_sync_wall_ms = last_sync_wall_ms_;
  view.heartbeat_s = heartbeat_s_;
  view.next_ms = wake().at_ms;
  view.tls_level = record_.tls_level;
  view.requests = requests_;
  view.bytes_in = bytes_in_;
  view.bytes_out = bytes_out_;
  view.added = added_;
  view.changed = changed_;
  view.deleted = deleted_;
  view.sent = sent_;
  view.parked = parked_;
  return view;
}

}  // namespace handsync::sync
