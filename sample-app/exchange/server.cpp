#include "exchange/server.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>

#include "exchange/gzip.h"
#include "exchange/mail_generator.h"
#include "exchange/state.h"
#include "exchange/sync_request.h"
#include "exchange/text.h"
#include "exchange/trace.h"

namespace exchange {
namespace {

constexpr std::string_view kSyncPath = "/microsoft-server-activesync";
constexpr std::string_view kAutodiscoverPath = "/autodiscover/autodiscover.xml";
constexpr std::string_view kWbxmlType = "application/vnd.ms-sync.wbxml";

int version_number(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || text.size() != dot + 2) return 0;
  const auto whole = parse_number(text.substr(0, dot)), part = parse_number(text.substr(dot + 1));
  return whole && part ? static_cast<int>(*whole * 10 + *part) : 0;
}

// Whose credentials these are; null when there are none or they are wrong.
Account* authenticate(State& state, const HttpRequest& request) {
  const std::string* const header = request.header("Authorization");
  if (header == nullptr || !same_without_case(std::string_view(*header).substr(0, 6), "Basic ")) return nullptr;
  const auto pair = from_base64(trim(std::string_view(*header).substr(6)));
  if (!pair) return nullptr;
  const std::size_t colon = pair->find(':');
  if (colon == std::string::npos) return nullptr;
  const auto found = state.accounts.find(to_lower(std::string_view(*pair).substr(0, colon)));
  if (found == state.accounts.end() || found->second.user.password != pair->substr(colon + 1)) return nullptr;
  return &found->second;
}

HttpResponse http_answer(int status, std::string text = {}) {
  HttpResponse response;
  response.status = status;
  if (!text.empty()) {
    response.set("Content-Type", "text/html; charset=utf-8");
    response.body = std::move(text);
  }
  return response;
}

// What the faults make of one request.
struct Struck {
  Transport transport;
  std::optional<HttpResponse> instead;
  std::optional<int> status;
  bool always_changed = false, unknown_page = false, no_status = false, no_range = false, no_multipart = false;
};

Struck strike(State& state, std::string_view command) {
  Struck struck;
  for (Fault& fault : state.faults) {
    if (!fault.strikes(command, state.random)) continue;
    switch (fault.kind) {
      case FaultKind::kDelay:
        struck.transport.delay_ms += fault.number;
        break;
      case FaultKind::kCut:
        struck.transport.cut_after_bytes = static_cast<std::size_t>(fault.number);
        break;
      case FaultKind::kLoseAnswer:
        struck.transport.lose = true;
        break;
      case FaultKind::kStatus:
        struck.status = static_cast<int>(fault.number);
        break;
      case FaultKind::kAlwaysChanged:
        struck.always_changed = true;
        break;
      case FaultKind::kUnknownPage:
        struck.unknown_page = true;
        break;
      case FaultKind::kNoStatus:
        struck.no_status = true;
        break;
      case FaultKind::kNoRange:
        struck.no_range = true;
        break;
      case FaultKind::kNoMultipart:
        struck.no_multipart = true;
        break;
      case FaultKind::kHtml:
        struck.instead = http_answer(200, login_page());
        break;
      case FaultKind::kHttp:
        struck.instead = http_answer(static_cast<int>(fault.number));
        if (fault.number == 503 || fault.number == 429) struck.instead->set("Retry-After", "60");
        if (fault.number == 401) struck.instead->set("WWW-Authenticate", "Basic realm=\"exchange\"");
        if (fault.number == 451)
          struck.instead->set("X-MS-Location", fault.text.empty() ? state.options.url : fault.text);
        if (fault.number >= 301 && fault.number <= 308)
          struck.instead->set("Location", fault.text.empty() ? state.options.url : fault.text);
        break;
      case FaultKind::kGarbage:
        struck.instead = http_answer(200);
        struck.instead->set("Content-Type", std::string(kWbxmlType));
        struck.instead->body = garbage_bytes(state.random);
        break;
      case FaultKind::kGzipBomb:
        struck.instead = http_answer(200);
        struck.instead->set("Content-Type", std::string(kWbxmlType));
        struck.instead->set("Content-Encoding", "gzip");
        struck.instead->body = gzip_bomb();
        break;
    }
  }
  return struck;
}

bool valid_device_text(std::string_view text, std::size_t size_max) {
  return !text.empty() && text.size() <= size_max &&
         std::all_of(text.begin(), text.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; });
}

// One request on its way through the server's checks. Each step answers or lets it pass.
class Request {
 public:
  Request(State& state, const HttpRequest& http, std::uint64_t number, Server::Reply reply)
      : state_(state), http_(http), number_(number), reply_(std::move(reply)) {
    const std::string* const encoding = http.header("Accept-Encoding");
    gzip_ = encoding != nullptr && encoding->find("gzip") != std::string::npos;
  }

  /// A fault of the server's own is a 500 and a line in the list, never the end of the program.
  void run() {
    try {
      check();
    } catch (const std::exception& error) {
      state_.violation(label_ + ": a fault inside the server: " + error.what());
      send(http_answer(500));
    }
  }

 private:
  void check() {
    const std::size_t mark = http_.target.find('?');
    const std::string path = to_lower(std::string_view(http_.target).substr(0, mark));
    const std::string_view query =
        mark == std::string::npos ? std::string_view() : std::string_view(http_.target).substr(mark + 1);
    std::optional<Query> parsed;
    if (path == kSyncPath && http_.method == "POST") parsed = parse_query(query);
    if (path == kAutodiscoverPath)
      label_ = "Autodiscover";
    else if (path == kSyncPath && http_.method == "OPTIONS")
      label_ = "OPTIONS";
    else if (parsed)
      label_ = parsed->command;
    else
      label_ = "unknown";
    ++state_.requests[label_];
    if (state_.trace) state_.trace(trace_request(http_));

    struck_ = strike(state_, label_);
    if (struck_.instead) return send(*struck_.instead);
    if (http_.body.size() > state_.options.request_bytes_max) return refuse(413, "is larger than the server takes");
    if (label_ == "unknown" && path != kSyncPath) return refuse(404, "asks for " + path + ", which is not here");
    Account* const account = authenticate(state_, http_);
    if (account == nullptr) {
      HttpResponse response = http_answer(401);
      response.set("WWW-Authenticate", "Basic realm=\"exchange\"");
      state_.violation(label_ + ": without credentials, or with wrong ones");
      return send(std::move(response));
    }
    if (label_ == "Autodiscover") return send(autodiscover(state_, *account, http_));
    if (label_ == "OPTIONS") return options();
    if (http_.method != "POST") return refuse(405, "uses the method " + http_.method);
    if (!parsed) return refuse(400, "has a query that is neither form");
    command(*account, std::move(*parsed));
  }

  void send(HttpResponse response) {
    response.transport = struck_.transport;
    state_.send(std::move(response), label_, gzip_, reply_);
  }
  void refuse(int status, const std::string& why) {
    state_.violation(label_ + ": " + why);
    send(http_answer(status));
  }

  void options() {
    if (http_.header("X-MS-PolicyKey") != nullptr) state_.violation("OPTIONS: carries X-MS-PolicyKey");
    HttpResponse response;
    response.set("MS-ASProtocolVersions", version_list(state_.options));
    response.set("MS-ASProtocolCommands", command_list());
    response.set("Public", "OPTIONS,POST");
    response.set("Allow", "OPTIONS,POST");
    send(std::move(response));
  }

  void command(Account& account, Query query) {
    Call call;
    call.state = &state_;
    call.account = &account;
    call.query = std::move(query);
    call.always_changed = struck_.always_changed;
    call.unknown_page = struck_.unknown_page;
    call.no_status = struck_.no_status;
    call.no_range = struck_.no_range;
    call.no_multipart = struck_.no_multipart;
    read_multipart(call);
    const std::string* const version_header = http_.header("MS-ASProtocolVersion");
    const std::string version = call.query.binary           ? call.query.version
                                : version_header == nullptr ? ""
                                                            : *version_header;
    const auto& offered = state_.options.versions;
    if (std::find(offered.begin(), offered.end(), version) == offered.end()) {
      return refuse(
          400, version.empty() ? "names no protocol version" : "wants version " + version + ", which is not offered");
    }
    call.version = version_number(version);
    if (call.query.binary && call.version < 121) return refuse(400, "has the binary query, which begins with 12.1");
    if (!is_command_name(call.query.command)) return refuse(501, "is no command");
    if (!find_device(account, call)) return;
    if (call.query.binary && version_header != nullptr)
      call.violation("has MS-ASProtocolVersion beside the binary query");
    if (!call.query.binary && !same_without_case(call.query.user, account.user.email)) {
      call.violation("names the user \"" + call.query.user + "\" and logs on as " + account.user.email);
      return finish(call, Outcome::refuse(400));
    }
    read_policy_key(call);
    check_cookie(call);
    const CommandRow* const row = find_command(call.query.command);
    if (row == nullptr || row->run == nullptr || call.version > row->last_version) {
      call.violation("is not offered at " + version);
      return finish(call, row == nullptr ? Outcome::refuse(501) : status_answer(call, 137));
    }
    if (!read_body(call, *row)) return;
    if (struck_.status) return finish(call, status_fault(call, *row, *struck_.status));
    if (auto stopped = gate(call, *row)) return finish(call, std::move(*stopped));
    finish(call, row->run(call));
  }

  bool find_device(Account& account, Call& call) {
    if (!valid_device_text(call.query.device_id, 32) || !valid_device_text(call.query.device_type, 32)) {
      const bool id_is_bad = !valid_device_text(call.query.device_id, 32);
      state_.violation(label_ + ": has a " + (id_is_bad ? "DeviceId" : "DeviceType") +
                       " that is not 1 to 32 letters and digits");
      finish(call, status_answer(call, id_is_bad ? 108 : 109));
      return false;
    }
    Device& device = account.devices[call.query.device_id];
    call.device = &device;
    const std::string* const agent = http_.header("User-Agent");
    if (device.id.empty()) {
      device.id = call.query.device_id;
      device.type = call.query.device_type;
      device.user = account.user.email;
      device.version = call.version;
      device.user_agent = agent == nullptr ? "" : *agent;
    }
    if (device.type != call.query.device_type) {
      call.violation("changes its DeviceType from " + device.type + " to " + call.query.device_type);
      device.type = call.query.device_type;
    }
    if (agent == nullptr) {
      call.violation("has no User-Agent");
    } else if (*agent != device.user_agent) {
      if (!device.user_agent.empty()) call.violation("changes its User-Agent to \"" + *agent + "\"");
      device.user_agent = *agent;
    }
    if (device.version != call.version) {
      device.version = call.version;
      device.lose_sync_state();
    }
    return true;
  }

  // MS-ASHTTP 2.2.1.1.2.3: a header of the plain form, a bit of the binary one.
  void read_multipart(Call& call) {
    const std::string* const header = http_.header("MS-ASAcceptMultiPart");
    if (header != nullptr) {
      if (call.query.binary) state_.violation(label_ + ": has MS-ASAcceptMultiPart beside the binary query");
      if (*header != "T" && *header != "F")
        state_.violation(label_ + ": has MS-ASAcceptMultiPart of \"" + *header + "\"");
      call.query.accept_multipart = *header == "T";
    }
    if (call.query.accept_multipart && label_ != "ItemOperations")
      state_.violation(label_ + ": accepts a multipart answer, which only ItemOperations has");
  }

  void read_policy_key(Call& call) {
    const std::string* const header = http_.header("X-MS-PolicyKey");
    if (call.query.binary) {
      call.policy_key = call.query.policy_key;
      if (header != nullptr) call.violation("has X-MS-PolicyKey beside the binary query");
    } else if (header != nullptr) {
      const auto key = parse_number(*header);
      if (!key || *key < 0 || *key > 0xFFFFFFFFLL) call.violation("has an X-MS-PolicyKey that is no 32-bit number");
      call.policy_key = static_cast<std::uint32_t>(key.value_or(0));
    }
    if (call.query.command == "Ping" && header != nullptr) call.violation("carries X-MS-PolicyKey");
  }

  // From 16.0 on a client returns what it was given. Whether it has been restarted since cannot be seen, so this holds
  // per connection.
  void check_cookie(Call& call) {
    if (call.version < 160 || http_.connection == 0) return;
    Device& device = *call.device;
    const std::string* const cookie = http_.header("Cookie");
    const bool returned =
        !device.cookie.empty() && cookie != nullptr && cookie->find(device.cookie) != std::string::npos;
    if (!returned && device.cookie_connections.contains(http_.connection))
      call.violation("does not return the cookie it was given");
    if (returned) return;
    if (device.cookie.empty()) device.cookie = "X-BackEndCookie=" + std::to_string(state_.random.next());
    if (device.cookie_connections.size() > 64) device.cookie_connections.erase(device.cookie_connections.begin());
    device.cookie_connections[http_.connection] = true;
    set_cookie_ = device.cookie;
  }

  bool bad_body(const Call& call, int status, const std::string& why) {
    call.violation(why);
    finish(call, status_answer(call, status));
    return false;
  }

  bool read_body(Call& call, const CommandRow& row) {
    const std::string* const type_header = http_.header("Content-Type");
    const std::string type =
        type_header == nullptr ? "" : to_lower(trim(std::string_view(*type_header).substr(0, type_header->find(';'))));
    const bool mime = call.version < 140 && (row.run == run_send_mail || row.run == run_smart_mail);
    if (http_.body.empty()) {
      if (type_header != nullptr) call.violation("has a Content-Type without a body");
      const bool may_be_empty = row.run == run_ping || row.run == run_sync || row.run == run_get_attachment;
      return may_be_empty || bad_body(call, 101, "has no body");
    }
    if (mime) {
      if (type != "message/rfc822")
        return bad_body(call, 101, "sends a mail as \"" + type + "\" at " + version_text(call.version));
      call.raw_body = http_.body;
      return true;
    }
    if (type != kWbxmlType && type != "application/vnd.ms-sync")
      return bad_body(call, 101, "has the Content-Type \"" + type + "\"");
    try {
      call.document = parse_wbxml(http_.body);
    } catch (const BadDocument& bad) {
      return bad_body(call, call.version < 140 ? 101 : 102, std::string("is no WBXML: ") + bad.what());
    }
    if (call.document->tag != row.root) return bad_body(call, 103, "has the root " + tag_text(call.document->tag));
    return true;
  }

  void finish(const Call& call, Outcome outcome) {
    if (outcome.kind == Outcome::Kind::kWait) {
      Waiting waiting;
      waiting.number = number_;
      waiting.call = call;
      waiting.resume = call.query.command == "Ping" ? resume_ping : resume_sync;
      waiting.until_ms = outcome.until_ms;
      waiting.seen_revision = call.account->mailbox.revision();
      waiting.reply = reply_;
      waiting.transport = struck_.transport;
      waiting.gzip = gzip_;
      state_.waiting.push_back(std::move(waiting));
      return;
    }
    state_.finish(call, std::move(outcome), struck_.transport, gzip_, reply_, set_cookie_);
  }

  State& state_;
  const HttpRequest& http_;
  std::uint64_t number_;
  Server::Reply reply_;
  std::string label_;
  std::string set_cookie_;
  Struck struck_;
  bool gzip_ = false;
};

}  // namespace

void Call::violation(const std::string& what) const {
  state->violation(query.command + " of device " + query.device_id + ": " + what);
}

Server::Server(Options options) : state_(std::make_unique<State>(std::move(options))) {}
Server::~Server() = default;

std::uint64_t Server::handle(const HttpRequest& request, std::int64_t now_ms, Reply reply) {
  State& state = *state_;
  state.now_ms = std::max(state.now_ms, now_ms);
  const std::uint64_t number = state.next_number++;
  if (request.connection == 0) state.bytes_in += request.body.size();
  Request(state, request, number, std::move(reply)).run();
  state.wake();
  state.expire();
  state.flush();
  return number;
}

void Server::abandon(std::uint64_t number) {
  std::erase_if(state_->waiting, [number](const Waiting& waiting) { return waiting.number == number; });
}

std::optional<std::int64_t> Server::next_wake_ms() const {
  std::optional<std::int64_t> next;
  for (const Waiting& waiting : state_->waiting) next = std::min(next.value_or(waiting.until_ms), waiting.until_ms);
  return next;
}

void Server::tick(std::int64_t now_ms) {
  state_->now_ms = std::max(state_->now_ms, now_ms);
  state_->expire();
  state_->flush();
}

std::size_t Server::waiting() const { return state_->waiting.size(); }

}  // namespace exchange
