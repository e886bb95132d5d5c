#include "sim/history.h"

#include <cstdio>

namespace sim {

namespace {

constexpr std::uint64_t kRealEvery = 25;  // so many lives are one with everything real that costs time
constexpr std::uint64_t kAloneEvery = 5;
constexpr std::uint64_t kStepsMax = 4000;

}  // namespace

History::History(std::uint64_t seed, Mode mode, bool tell)
    : random_(seed * 0x9E3779B97F4A7C15u + static_cast<std::uint64_t>(mode)),
      mode_(mode),
      tell_(tell),
      phone_(random_.next(), random_.chance(50)),
      real_(seed % kRealEvery == 3),
      alone_(seed % kAloneEvery == 2) {
  outcome_.digest = 0xCBF29CE484222325u;
  outcome_.real = real_;
  world_ = std::make_unique<World>(options(), &phone_);
  phone_.on_boot = [this] {
    // What was still on its way here nobody has heard.
    if (sent_away_ms_ > world_->now_ms()) sent_away_until_ms_ = sent_away_ms_ = 0;
    if (failed_ms_ > world_->now_ms()) failed_ms_ = 0;
    if (wire_) wire_->reboot(phone_.device().entropy());
  };
  if (!real_) return;
  wire_ = std::make_unique<TlsWire>(seed);
  wire_->on_bytes = [this](std::string_view bytes) { learn(bytes); };
  wire_->reboot(phone_.device().entropy());
  phone_.derive_for_real();
  world_->wire = wire_.get();
}

void History::tell(const std::string& line) {
  std::fprintf(stderr, "%12.3f  %s\n", static_cast<double>(world_ ? world_->now_ms() : 0) / 1000, line.c_str());
}

void History::learn(std::string_view bytes) {
  for (const char c : bytes) outcome_.digest = (outcome_.digest ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
}

void History::strike(FaultKind kind) {
  ++outcome_.faults[static_cast<std::size_t>(kind)];
  acts_ms_.push_back(world_->now_ms());
  say("  !! ", kFaultNames[static_cast<std::size_t>(kind)]);
}

exchange::Options History::options() {
  static const std::vector<std::vector<std::string>> kOffered = {{"12.1"}, {"14.0"}, {"14.1"}, {"16.0"}, {"16.1"}};
  exchange::Options options;
  options.seed = random_.next();
  options.versions = pick(kOffered);
  options.mails = static_cast<int>(between(5, 25));
  options.body_bytes = between(50, 3000);
  options.heartbeat_min_s = chance(80) ? 60 : 600;
  options.heartbeat_max_s = chance(80) ? 3540 : 900;
  options.policy = chance(50) ? std::optional(mild_policy()) : std::nullopt;
  if (options.policy || real_) options.policy = policy();
  has_policy_ = options.policy.has_value();
  first_version_ = options.versions[0];
  return options;
}

exchange::Policy History::policy() const {
  exchange::Policy policy = mild_policy();
  if (!real_) return policy;
  policy.push_back({"DevicePasswordEnabled", "1", {}});
  policy.push_back({"MinDevicePasswordLength", "4", {}});
  return policy;
}

AccountSettings History::settings() {
  AccountSettings settings;
  settings.days = 0;
  bodies_whole_ = chance(50);
  settings.body_bytes_max = bodies_whole_ ? UINT32_MAX : static_cast<std::uint32_t>(between(0, 2000));
  settings.window_max = static_cast<std::uint16_t>(between(3, 60));
  return settings;
}

void History::wire() {
  world_->on_request = [this](const Sent& sent) {
    learn(std::to_string(sent.at_ms));
    learn(sent.target);
    learn(sent.body);
    ++outcome_.requests;
    outcome_.hanging += sent.waits && sent.label == "Sync";
    judge_request(sent);
  };
  world_->fate = [this](const Sent& sent) { return fate(sent); };
  world_->on_answer = [this](const Sent& sent, exchange::HttpResponse& answer) { answered(sent, answer); };
  world_->on_nat_loss = [this](const Sent&) { strike(FaultKind::kNat); };
  phone_.on_fault = [this](FaultKind kind) { strike(kind); };
}

/// Mostly moments, so that things meet; now and then hours, so that there are days.
void History::pass_time() {
  const std::uint64_t which = between(0, 9);
  const std::uint64_t ms = which < 4   ? between(0, 20 * kSecond)
                           : which < 8 ? between(0, 30 * kMinute)
                                       : between(0, 30 * kHour);
  const std::uint64_t end = world_->now_ms() + ms;
  while (world_->now_ms() < end && !world_->off()) {
    std::uint64_t until = end;
    for (std::uint64_t* over : {&offline_until_ms_, &no_name_until_ms_, &portal_until_ms_}) {
      if (*over > world_->now_ms() && *over < until) until = *over;
      if (!*over || *over > world_->now_ms()) continue;
      *over = 0;
      if (over == &portal_until_ms_) continue;
      acts_ms_.push_back(world_->now_ms());
      world_->online = !offline_until_ms_;
      world_->hosts.clear();
      if (no_name_until_ms_) world_->hosts = {"elsewhere"};
      world_->engine().network(Network{}, world_->now());
    }
    world_->run_for(until - world_->now_ms());
  }
}

std::string History::come_back() {
  for (int tries = 0; world_->off(); ++tries) {
    if (tries > 50) return "the phone does not start any more: " + own_words(world_->open_error);
    phone_.calm();
    say("power on");
    acts_ms_.push_back(world_->now_ms());
    world_->on_event = nullptr;
    world_->power_on();
  }
  pushing_ = false;
  if (Status sound = world_->engine().integrity(id_); !sound.ok())
    return "the replica is not sound after a loss of power: " + own_words(sound.error());
  return {};
}

std::string History::own_words(const Error& error) const {
  return std::to_string(static_cast<int>(error.domain)) + "/" + std::to_string(error.code);
}

Outcome History::run() {
  settings_ = settings();
  world_->piece_bytes = static_cast<std::size_t>(between(20, 3000));
  rough_ = chance(75);
  if (tell_)
    world_->server().set_trace([](const std::string& exchange) { std::fprintf(stderr, "%s\n", exchange.c_str()); });
  wire();
  id_ = world_->add(kEmail, "demo", settings_);
  if (failed(world_->error(id_))) {
    outcome_.wrong = "the account cannot be added";
    return outcome_;
  }
  std::vector<FolderId> others;
  world_->for_each_folder(id_, [&](const FolderRow& row) {
    if (alone_ && row.name != "Inbox") others.push_back(row.id);
  });
  for (const FolderId folder : others)
    if (!world_->engine().changes(id_).select(folder, false).ok()) outcome_.wrong = "a folder cannot be left out";
  troubled_ = true;
  trouble();
  std::uint64_t steps = 0;
  while ((outcome_.edits < kEditsMin || outcome_.fault_count() < kFaultsMin) && outcome_.wrong.empty()) {
    if (++steps > kStepsMax) outcome_.wrong = "not enough happens in this life";
    switch (between(0, 9)) {
      case 0:
      case 1:
      case 2:
        trouble();
        break;
      case 3:
      case 4:
        act_of_server();
        break;
      default:
        act_of_user();
        break;
    }
    if (!world_->off()) pass_time();
    if (world_->off()) outcome_.wrong = come_back();
    if (outcome_.wrong.empty()) outcome_.wrong = always();
  }
  if (outcome_.wrong.empty()) outcome_.wrong = mode_ == Mode::kBounded ? rest() : nothing_lost();
  learn(std::to_string(world_->now_ms()));
  for (const auto& [server_id, mail] : handset_mails(*world_, id_)) learn(server_id + mail.subject);
  if (wire_)
    say("TLS: ", std::to_string(wire_->full), " full handshakes, ", std::to_string(wire_->resumed), " resumed");
  outcome_.days = static_cast<double>(world_->now_ms()) / static_cast<double>(kDay);
  return outcome_;
}

void History::end_trouble() {
  say("at rest");
  troubled_ = false;
  per_mille_ = {};
  phone_.calm();
  world_->on_event = nullptr;
  world_->server().faults_off();
  world_->stall_at_piece.reset();
  portal_until_ms_ = offline_until_ms_ = no_name_until_ms_ = 0;
  world_->online = true;
  world_->hosts.clear();
  world_->nat_ms = 0;
  world_->engine().network(Network{}, world_->now());
}

std::string History::rest() {
  end_trouble();
  for (int tries = 0; tries < 6; ++tries) {
    world_->run_for(kMinute);
    acts_ms_.push_back(world_->now_ms());
    if (!failed(world_->sync(id_)) && tries > 1) break;
  }
  if (Error error = world_->error(id_); failed(error)) return "no rest: error " + own_words(error);
  return at_rest();
}

}  // namespace sim
