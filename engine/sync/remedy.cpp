/// What follows a failure: the remedy from its table, then on, a pause, or a stop.
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
// clang-format off
constexpr Rule kRules[] = {
    {Remedy::kRetryBackOff,   0,              Loop::kFailures,     Then::kPause},
    {Remedy::kReProvision,    kNeedPolicy,    Loop::kProvisions,   Then::kGoOn},
    {Remedy::kWipe,           kNeedDirective, Loop::kProvisions,   Then::kGoOn},
    {Remedy::kRefreshFolders, kNeedFolders,   Loop::kRefreshes,    Then::kGoOn},
    {Remedy::kRestartFolders, kNeedFolders,   Loop::kRefreshes,    Then::kGoOn},
    {Remedy::kReKey,          kNeedItems,     Loop::kRekeys,       Then::kGoOn},
    {Remedy::kDiscover,       kNeedServer,    Loop::kMoves,        Then::kGoOn},
    {Remedy::kNegotiate,      kNeedOptions,   Loop::kNegotiations, Then::kGoOn},
    {Remedy::kSmaller,        0,              Loop::kFailures,     Then::kPause},
    {Remedy::kAskCredentials, 0,              Loop::kFailures,     Then::kStop},
    {Remedy::kAskUser,        0,              Loop::kFailures,     Then::kStop},
    {Remedy::kBlocked,        0,              Loop::kFailures,     Then::kPause},
    {Remedy::kGiveUp,         0,              Loop::kFailures,     Then::kPause},
    {Remedy::kPark,           0,              Loop::kFailures,     Then::kPause},
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

/// An error of the request as a whole, the same for every command. Needs are left as they are: the step runs again
/// after the remedy.
void Account::request_failed(Call& call, Error error) {
  throttled_ = call.throttled;
  if (!throttled_.empty()) {  // the server says why; what it says is for people, its values are not specified
    if (call.retry_after_s < kThrottleLeastS) call.retry_after_s = kThrottleLeastS;
  }
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
  if (judging_ping_) {
    // What every Ping asks for again is no remedy; the visit that it costs begins the rule's own count anew.
    const auto bit = static_cast<std::uint16_t>(1U << static_cast<unsigned>(remedy));
    if (ping_remedied_ & bit) return pause(error, retry_after_s);
    ping_remedied_ |= bit;
    too_often = too_often || loops_.of(Loop::kPings) > 0;
    if (!too_often) loops_.add(Loop::kPings);
  }
  needs_ |= rule->needs;
  if (remedy == Remedy::kRestartFolders)
    if (Status restarted = restart_folders(); !restarted.ok()) return pause(restarted.error(), retry_after_s);
  save_loops();
  if (too_often) pause(error, retry_after_s);
}

void Account::pause(Error error, std::uint32_t retry_after_s) {
  error_ = error;
  hal::Entropy& entropy = core_.device().entropy();
  if (retry_after_s) retry_after_until_ms_ = core_.now().mono_ms + std::uint64_t{retry_after_s} * 1000;
  if (judging_ping_) {
    loops_.add(Loop::kPings);
    save_loops();
    ping_not_before_ms_ =
        core_.now().mono_ms + pause_ms(entropy, loops_.of(Loop::kPings), kPauseFirstMs, retry_after_s, visit_requests_);
    // A server that says when it wants to be asked again means every request.
    std::uint64_t least = core_.now().mono_ms + std::uint64_t{retry_after_s} * 1000;
    if (retry_after_s && not_before_ms_ < least) not_before_ms_ = least;
    visit_requests_ = 0;
    return;
  }
  if (manual_) {
    std::uint8_t tries_max = adding_ ? std::uint8_t{1} : kManualTriesMax;
    if (manual_tries_ < tries_max && worth_a_quick_retry(error) && retry_after_s <= 5) {
      if (manual_tries_ == 0) tried_ = judged_;
      ++manual_tries_;
      not_before_ms_ = core_.now().mono_ms + pause_ms(entropy, manual_tries_, kQuickPauseMs, retry_after_s);
      return;
    }
    bool was_adding = adding_;
    manual_ = false;
    if (was_adding || !push_) needs_ &= static_cast<std::uint16_t>(~kNeedBody);
    end_errand(error);
    core_.tell(id_, Notice::kIdle);
    if (!push_) return save_loops();
  }
  loops_.add(Loop::kFailures);
  save_loops();
  not_before_ms_ = core_.now().mono_ms +
                   pause_ms(entropy, loops_.of(Loop::kFailures), kPauseFirstMs, retry_after_s, visit_requests_);
  visit_requests_ = 0;
}

bool Account::is_told(const Call& call, Error error) const {
  return call.body_begun() && (call.http_status != 0 || error.domain == Domain::kEas);
}

void Account::wait_a_moment() {
  const std::uint64_t until =
      core_.now().mono_ms + pause_ms(core_.device().entropy(), 1, manual_ ? kQuickPauseMs : kPauseFirstMs, 0);
  if (not_before_ms_ < until) not_before_ms_ = until;
}

void Account::stop(Error error) {
  error_ = error;
  stopped_ = true;
  needs_ &= static_cast<std::uint16_t>(~kNeedBody);
  end_errand(error);
  save_loops();
  if (manual_) {
    manual_ = false;
    core_.tell(id_, Notice::kIdle);
  }
  tell_state();
}

void Account::tell_state() { core_.tell(id_, Notice::kState); }

}  // namespace handsync::sync
