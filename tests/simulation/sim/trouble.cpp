/// What goes wrong, and when.
#include "sim/history.h"

namespace sim {

namespace {

// % is the how-maniest request of that kind from now.
const char* const kRefusals[] = {
    "Sync@%:status:3",   "Sync@%:status:4",       "Sync@%:status:5",       "Sync@%:status:8",
    "Sync@%:status:12",  "Sync@%:status:16",      "Sync@%:status:110",     "Sync@%:status:132",
    "Sync@%:status:142", "Sync@%:status:144",     "Ping@%:status:7",       "Ping@%:status:3",
    "Ping@%:status:8",   "FolderSync@%:status:9", "FolderSync@%:status:6", "Ping@%:status:142"};
const char* const kCodes[] = {"Sync@%:http:500", "Sync@%:http:503",       "Sync@%:http:502",      "Sync@%:http:413",
                              "Ping@%:http:503", "FolderSync@%:http:503", "Provision@%:http:503", "any@%:http:400",
                              "any@%:http:449",  "any@%:http:451",        "any@%:http:429",       "any@%:http:504"};
const char* const kNonsense[] = {"Sync@%:html",    "Sync@%:garbage",       "any@%:html",
                                 "Ping@%:garbage", "FolderSync@%:garbage", "Sync@%:gzip-bomb"};

}  // namespace

struct Troubles {
  template <class Array>
  static void server_fault(History& h, FaultKind kind, const Array& specs) {
    std::string spec = h.pick(specs);
    spec.replace(spec.find('%'), 1, std::to_string(h.between(1, 6)));
    // After a lost answer a server does not call malformed or too large what it has carried out: one or the other.
    const bool malformed = spec.ends_with(":status:4") || spec.ends_with(":413");
    if (h.rough_ && malformed) return;
    h.say("fault ", spec);
    h.strike(kind);
    h.world_->server().fault(spec);
  }
  /// What is malformed stays so, however often it is sent.
  static void malformed(History& h) {
    if (h.rough_) return;
    const std::uint64_t times = h.between(2, 8);
    h.say("fault Sync:status:4, ", std::to_string(times), " times");
    h.strike(FaultKind::kStatus);
    h.malformed_ = true;
    for (std::uint64_t i = 1; i <= times; ++i) h.world_->server().fault("Sync@" + std::to_string(i) + ":status:4");
  }
  static void power(History& h) {
    if (!h.rough_) return;
    static constexpr std::pair<FaultKind, Flash::Kept> kWays[] = {{FaultKind::kPowerKept, Flash::Kept::kEverything},
                                                                  {FaultKind::kPowerDropped, Flash::Kept::kNothing},
                                                                  {FaultKind::kPowerTorn, Flash::Kept::kPrefix},
                                                                  {FaultKind::kPowerMixed, Flash::Kept::kAnyOfIt}};
    const auto& [kind, kept] = h.pick(kWays);
    h.phone_.kept = kept;
    const auto switch_off = [&h, which = kind] {
      if (h.world_->off()) return;
      h.strike(which);
      h.world_->power_off();
    };
    const std::uint64_t in = h.between(0, 60);
    if (h.chance(70)) {
      h.say("the power will go at durable operation ", std::to_string(in));
      h.phone_.cut_in(in, switch_off);
    } else {
      h.say("the power will go at event ", std::to_string(in));
      h.world_->on_event = [switch_off, left = in]() mutable {
        if (left-- == 0) switch_off();
      };
    }
  }
  static void offline(History& h) {
    h.offline_until_ms_ = h.world_->now_ms() + h.between(1, 240) * kMinute / 2;
    h.world_->online = false;
    h.world_->reset_connections();
    h.strike(FaultKind::kOffline);
  }
  static void no_name(History& h) {
    h.no_name_until_ms_ = h.world_->now_ms() + h.between(1, 60) * kMinute;
    h.world_->hosts = {"elsewhere"};
    h.strike(FaultKind::kNoName);
  }
  static void portal(History& h) {
    h.portal_until_ms_ = h.world_->now_ms() + h.between(1, 60) * kMinute;
    h.say("a portal stands between");
  }
  static void reset(History& h) {
    if (!h.rough_) return;
    h.world_->reset_connections();
    h.strike(FaultKind::kReset);
  }
  static void nat(History& h) {
    h.world_->nat_ms = h.chance(60) ? h.between(2, 40) * kMinute : 0;
    h.say("NAT: ", std::to_string(h.world_->nat_ms / kMinute), " min");
  }
  static void weather(History& h) {
    static constexpr FaultKind kNetwork[] = {FaultKind::kDelay,     FaultKind::kStall,    FaultKind::kLostRequest,
                                             FaultKind::kSwallowed, FaultKind::kCut,      FaultKind::kLostAnswer,
                                             FaultKind::kTwice,     FaultKind::kOldAnswer};
    for (const FaultKind kind : kNetwork) {
      const bool loses = kind == FaultKind::kCut || kind == FaultKind::kLostAnswer || kind == FaultKind::kTwice ||
                         kind == FaultKind::kOldAnswer || kind == FaultKind::kSwallowed;
      h.per_mille_[static_cast<std::size_t>(kind)] =
          loses && !h.rough_ ? 0 : static_cast<unsigned>(h.chance(50) ? h.between(0, 40) : h.between(0, 4));
    }
  }
  static void stall(History& h) {
    h.world_->stall_at_piece = h.between(0, 8);
    h.world_->stall_ms = h.between(1, 10) * kMinute;
    h.strike(FaultKind::kStall);
  }
  static void device(History& h) {
    static constexpr FaultKind kDevice[] = {FaultKind::kDiskError, FaultKind::kDiskFull, FaultKind::kRecord,
                                            FaultKind::kSecret,    FaultKind::kEntropy,  FaultKind::kMemory,
                                            FaultKind::kRecord};
    const FaultKind kind = h.pick(kDevice);
    const bool seldom = kind == FaultKind::kRecord || kind == FaultKind::kEntropy;  // so it is the next of them
    h.phone_.fail(kind, static_cast<unsigned>(h.between(0, seldom ? 1 : 40)),
                  static_cast<unsigned>(h.chance(70) ? 1 : h.between(2, 12)));
  }
  static void restart(History& h) {
    if (!h.rough_) return;
    h.strike(FaultKind::kRestart);
    h.world_->restart();
    h.pushing_ = false;
  }
  static void clock(History& h) {
    h.phone_.wall_shift_ms =
        h.chance(30) ? 0 : static_cast<std::int64_t>(h.between(0, 400)) * 86'400'000 - std::int64_t{100} * 86'400'000;
    h.strike(FaultKind::kClock);
  }
  static void server(History& h) {
    if (h.has_policy_ && h.chance(50)) {
      exchange::Policy policy = h.policy();
      policy.push_back({"AllowCamera", h.chance(50) ? "1" : "0", {}});
      h.world_->server().policy(kEmail, policy);
      h.strike(FaultKind::kPolicy);
    } else if (h.chance(40)) {
      h.world_->server().lose_sync_state(kEmail);
      h.forgotten_ = true;
      h.strike(FaultKind::kForgets);
    } else {
      h.withdrawn_ = std::exchange(h.learned_version_, true);
      h.world_->server().set_versions({h.first_version_, h.chance(50) ? "14.1" : "16.1"});
      h.strike(FaultKind::kVersions);
    }
  }
};

void History::trouble() {
  struct Row {
    unsigned weight;
    void (*run)(History&);
  };
  static constexpr Row kRows[] = {
      {12, [](History& h) { Troubles::server_fault(h, FaultKind::kStatus, kRefusals); }},
      {10, Troubles::malformed},
      {12, [](History& h) { Troubles::server_fault(h, FaultKind::kHttp, kCodes); }},
      {10, [](History& h) { Troubles::server_fault(h, FaultKind::kGarbage, kNonsense); }},
      {55, Troubles::power},
      {7, Troubles::offline},
      {9, Troubles::no_name},
      {6, Troubles::portal},
      {10, Troubles::reset},
      {6, Troubles::nat},
      {12, Troubles::weather},
      {6, Troubles::stall},
      {50, Troubles::device},
      {16, Troubles::restart},
      {8, Troubles::clock},
      {24, Troubles::server},
  };
  unsigned sum = 0;
  for (const Row& row : kRows) sum += row.weight;
  std::uint64_t at = between(0, sum - 1);
  for (const Row& row : kRows) {
    if (at < row.weight) return row.run(*this);
    at -= row.weight;
  }
}

/// What happens to a request on its way there.
Fate History::fate(const Sent& sent) {
  if (!troubled_) return Fate::kArrives;
  static constexpr std::pair<FaultKind, Fate> kFates[] = {{FaultKind::kLostRequest, Fate::kBroken},
                                                          {FaultKind::kSwallowed, Fate::kSwallowed},
                                                          {FaultKind::kTwice, Fate::kTwice},
                                                          {FaultKind::kOldAnswer, Fate::kOldAnswer}};
  for (const auto& [kind, fate] : kFates) {
    if (between(1, 1000) > per_mille_[static_cast<std::size_t>(kind)]) continue;
    if (sent.label == "Ping" && (fate == Fate::kTwice || fate == Fate::kOldAnswer)) continue;
    strike(kind);
    if (fate == Fate::kBroken) failed_ms_ = world_->now_ms() + world_->latency_ms;
    return fate;
  }
  return Fate::kArrives;
}

/// What happens to an answer on its way back.
void History::answered(const Sent& sent, exchange::HttpResponse& answer) {
  const auto happens = [&](FaultKind kind) {
    return troubled_ && between(1, 1000) <= per_mille_[static_cast<std::size_t>(kind)];
  };
  if (portal_until_ms_ > world_->now_ms()) {
    answer = {};
    answer.set("Content-Type", "text/html");
    answer.body = "<html><body><form>Please log on</form></body></html>";
    strike(FaultKind::kPortal);
  } else if (happens(FaultKind::kDelay)) {
    answer.transport.delay_ms = static_cast<std::int64_t>(between(0, 400'000));
    strike(FaultKind::kDelay);
  } else if (happens(FaultKind::kCut)) {
    answer.transport.cut_after_bytes = between(0, answer.body.size());
    strike(FaultKind::kCut);
  } else if (happens(FaultKind::kLostAnswer)) {
    answer.transport.lose = true;
    strike(FaultKind::kLostAnswer);
  }
  if (answer.status >= 500 || answer.status == 429)
    failed_ms_ = world_->now_ms() + world_->latency_ms + static_cast<std::uint64_t>(answer.transport.delay_ms);
  if (const std::string* after = answer.header("Retry-After"); after && !answer.transport.lose) {
    sent_away_ms_ = failed_ms_;
    sent_away_until_ms_ = failed_ms_ + std::strtoull(after->c_str(), nullptr, 10) * 1000;
  }
  learn(std::to_string(answer.status));
  learn(answer.body);
  say("  ", sent.label, " -> ", std::to_string(answer.status), ", ", std::to_string(answer.body.size()), " bytes");
  for (; complaints_ < world_->server().violations().size(); ++complaints_)
    say("  ?? ", world_->server().violations()[complaints_]);
}

}  // namespace sim
