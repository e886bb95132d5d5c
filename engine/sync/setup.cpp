/// Finding the server and agreeing on a version: Autodiscover, OPTIONS, and being sent elsewhere (451).
#include <new>

#include "protocol/request.h"
#include "sync/core.h"

namespace handsync::sync {

using autodiscover::Step;

namespace {

constexpr Text kDefaultPath = "/Microsoft-Server-ActiveSync";
/// Where Microsoft's own service lives: known without asking.
constexpr Text kKnownHosts[] = {"outlook.office365.com", "autodiscover-s.outlook.com"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool same_name(Text a, Text b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}
/// `host` is `domain` or a host inside it.
bool inside(Text host, Text domain) {
  if (domain.empty() || host.size() < domain.size()) return false;
  if (!same_name(host.substr(host.size() - domain.size()), domain)) return false;
  return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}
Text domain_of(Text address) {
  std::size_t at = address.rfind('@');
  return at == Text::npos ? Text{} : address.substr(at + 1);
}

}  // namespace

Status Account::start_discovery() {
  if (!record_.server.empty()) {
    HANDSYNC_TRY(take_endpoint(record_.server.view(), true));
    user_ = record_.user.empty() ? record_.email : record_.user;
    needs_ = static_cast<std::uint16_t>((needs_ & ~kNeedServer) | kNeedOptions);
    return Done{};
  }
  if (!discovery_) {
    const Memory memory = core_.memory();
    void* block = memory.take(memory.self, sizeof(autodiscover::Discovery));
    if (!block) return out_of_memory(sizeof(autodiscover::Discovery));
    discovery_ = new (block) autodiscover::Discovery;
  }
  HANDSYNC_TRY(discovery_->begin(record_.email.view(), record_.user.view()));
  discovery_step();
  return Done{};
}

void Account::drop_discovery() {
  if (discovery_) core_.memory().give(core_.memory().self, discovery_);
  discovery_ = nullptr;
  look_up_wanted_ = false;
}

void Account::discovery_step() {
  Status started = Done{};
  switch (discovery_->step()) {
    case Step::kPost: {
      Call* call = nullptr;
      started = start_command(protocol::Command::kSync, Lane::kWork, call, autodiscover::kAnswerBytesMax);
      if (!started.ok()) break;
      call->kind = Kind::kDiscoveryPost;
      call->label = "Autodiscover";
      call->silence_s = kDiscoverySilenceS;
      call->total_s = kDiscoveryTotalS;
      Text address = discovery_->address().empty() ? record_.email.view() : discovery_->address();
      auto body = autodiscover::write_request(call->body_room(), address);
      if (!body.ok()) {
        call->free(core_.memory());
        started = body.error();
        break;
      }
      started = launch(call, body.value());
      break;
    }
    case Step::kPlainGet: {
      Call* call = nullptr;
      started = start_command(protocol::Command::kSync, Lane::kWork, call, 0);
      if (!started.ok()) break;
      call->kind = Kind::kDiscoveryGet;
      call->method = "GET";
      call->label = "Autodiscover";
      call->silence_s = kDiscoverySilenceS;
      call->total_s = kDiscoveryTotalS;
      started = launch(call, 0);
      break;
    }
    case Step::kLookUp:
      look_up_id_ = core_.new_request();
      look_up_wanted_ = true;
      return;
    case Step::kConsent:
      ask(Question::kTrustRedirect, discovery_->url().host.view());
      return;
    case Step::kOptions:
      host_ = discovery_->url().host;
      port_ = discovery_->url().port;
      path_ = discovery_->url().target;
      (void)user_.assign(discovery_->user());
      started = start_options();
      break;
    case Step::kFound:
      host_ = discovery_->url().host;
      port_ = discovery_->url().port;
      path_ = discovery_->url().target;
      (void)user_.assign(discovery_->user());
      new_endpoint_ = true;
      needs_ = static_cast<std::uint16_t>((needs_ & ~kNeedServer) | kNeedOptions);
      drop_discovery();
      return;
    case Step::kFailed: {
      if (!detail_.assign(discovery_->error_host())) detail_.clear();
      const Error why = discovery_->error();
      drop_discovery();
      follow(why);
      return;
    }
  }
  if (!started.ok()) follow(started.error());
}

void Account::looked_up(std::span<const Text> hosts) {
  look_up_id_ = RequestId{};
  look_up_wanted_ = false;
  if (!discovery_) return;
  Text host = hosts.empty() ? Text{} : hosts[0];
  std::uint16_t port = 443;
  if (std::size_t colon = host.rfind(':'); colon != Text::npos) {
    if (auto number = protocol::parse_number(host.substr(colon + 1)); number.ok())
      port = static_cast<std::uint16_t>(number.value());
    host = host.substr(0, colon);
  }
  discovery_->looked_up(host, port);
  discovery_step();
  advance();
}

void Account::ended_discovery(Call& call, Error error) {
  bool transport = error && error.domain != Domain::kHttp;
  if (transport || call.http_status == 0)
    discovery_->failed(error);
  else
    discovery_->answered(call.http_status, call.location.view(), error ? Text{} : call.gathered(), core_.memory());
  discovery_step();
}

Status Account::take_endpoint(Text text, bool typed) {
  char room[520];
  std::size_t size = 0;
  if (text.find("://") == Text::npos)
    for (char c : Text("https://")) room[size++] = c;
  if (size + text.size() > sizeof room) return engine_fault(EngineFault::kInvalidSettings);
  for (char c : text) room[size++] = c;
  auto url = autodiscover::parse_url(Text(room, size), typed, false);
  if (!url.ok()) return url.error();
  host_ = url.value().host;
  port_ = url.value().port;
  Text target = url.value().target.view();
  if (target.empty() || target == "/") target = kDefaultPath;
  if (std::size_t query = target.find('?'); query != Text::npos) target = target.substr(0, query);
  if (!path_.assign(target)) return engine_fault(EngineFault::kInvalidSettings);
  new_endpoint_ = true;
  return Done{};
}

// -- OPTIONS
// ------------------------------------------------------------------------------------------------------------------

Status Account::start_options() {
  Call* call = nullptr;
  HANDSYNC_TRY(start_command(protocol::Command::kSync, Lane::kWork, call, 0));
  call->kind = Kind::kOptions;
  call->method = "OPTIONS";
  call->label = "OPTIONS";
  if (adding_) {
    call->silence_s = kDiscoverySilenceS * 2;
    call->total_s = kDiscoveryTotalS * 2;
  }
  return launch(call, 0);
}

void Account::ended_options(Call& call, Error error) {
  protocol::Version version = error ? protocol::Version{0} : protocol::highest_common(call.versions.view());
  if (needs_ & kNeedServer) {  // the last resort of Autodiscover: is there a server at this address?
    if (!error && version) {
      drop_discovery();
      new_endpoint_ = true;
      needs_ &= static_cast<std::uint16_t>(~kNeedServer);
    } else if (discovery_) {
      error&& error.domain != Domain::kHttp
          ? discovery_->failed(error)
          : discovery_->answered(call.http_status ? call.http_status : 404, {}, {}, core_.memory());
      discovery_step();
      return;
    }
  }
  if (error) return request_failed(call, error);
  if (!version) {
    bool no_eas = call.versions.empty();  // answers 200 to anything: a web server, a portal
    return follow(no_eas ? protocol::answer_fault(call.command, protocol::AnswerFault::kNotWbxml)
                         : engine_fault(EngineFault::kNoCommonVersion));
  }
  if (Status chosen = version_chosen(version); !chosen.ok()) return follow(chosen.error());
  needs_ &= static_cast<std::uint16_t>(~kNeedOptions);
  succeed();
}

Status Account::version_chosen(protocol::Version version) {
  HANDSYNC_TRY(open_store());
  // Keys and item formats differ between versions: a fresh start, local edits kept.
  const protocol::Version before = version_;
  if (before != version) HANDSYNC_TRY(store_.rekey_all(version));
  version_ = version;
  if (before != 0 && before != version) HANDSYNC_TRY(folders_restarted());
  bool told = false;
  if (auto sent = store_.get_number(replica::Value::kDeviceInformationSent); sent.ok()) told = sent.value() != 0;
  if (!profile::below(version_, 120) && profile::below(version_, 141) && !told) needs_ |= kNeedDeviceInformation;
  if (adding_ && !has_policy_key_) needs_ |= kNeedPolicy;
  if (adding_) needs_ |= kNeedFolders;
  return Done{};
}

// -- 451
// ----------------------------------------------------------------------------------------------------------------------

void Account::moved(Call& call) {
  Error error{Domain::kHttp, 451, 0};
  loops_.add(Loop::kMoves);
  save_loops();
  if (loops_.of(Loop::kMoves) > loop_limit(Loop::kMoves)) return pause(error, call.retry_after_s);
  if (call.location.empty()) {
    needs_ |= kNeedServer;
    return;
  }
  auto url = autodiscover::parse_url(call.location.view(), false, false);
  if (!url.ok()) return stop(url.error());
  Text host = url.value().host.view();
  bool known = same_name(host, host_.view()) || inside(host, domain_of(record_.email.view()));
  for (Text name : kKnownHosts) known = known || same_name(host, name);
  if (known) {
    if (Status taken = take_endpoint(call.location.view(), false); !taken.ok()) return stop(taken.error());
    needs_ |= kNeedOptions;
    return;
  }
  move_url_ = call.location;
  ask(Question::kTrustRedirect, host);
}

}  // namespace handsync::sync
