/// A whole world in one thread on a virtual clock: the engine, a simulated handset in a temporary folder, and the embedded Exchange,
/// joined without socket or TLS. Same seed, same history. Faults of the server's transport (delay, cut, lose) are obeyed here.
#pragma once
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exchange/server.h"
#include "handsync/engine.h"
#include "simulated/handset.h"

namespace handsync::test {

inline void* take_memory(void*, std::size_t bytes) { return std::malloc(bytes); }
inline void give_memory(void*, void* block) { std::free(block); }

class World {
 public:
  explicit World(exchange::Options options = {}) : server_(with_start(options)) {
    static int number = 0;
    home_ = std::filesystem::temp_directory_path() / ("handsync-world-" + std::to_string(::getpid()) + "-" + std::to_string(++number));
    std::filesystem::remove_all(home_);
    start_handset();
  }
  ~World() {
    stop();
    handset_.reset();
    std::filesystem::remove_all(home_);
  }

  exchange::Server& server() { return server_; }
  hal::simulated::Handset& handset() { return *handset_; }
  Engine& engine() { return *engine_; }
  std::uint64_t now_ms() const { return mono_ms_; }
  Instant now() const { return handset_->now(); }

  /// Power off (nothing is closed) and on again.
  void restart() {
    stop();
    handset_.reset();
    start_handset();
  }

  AccountId add(const std::string& email = "demo@example.test", const std::string& password = "demo", AccountSettings settings = {}) {
    settings.email = email;
    if (settings.server.empty()) settings.server = "localhost";
    auto id = engine_->add_account(settings, bytes_of(password), now());
    if (!id.ok()) {
      add_error = id.error();
      return AccountId{};
    }
    run_until([&] { return idle_count > 0; });
    idle_count = 0;
    return id.value();
  }
  AccountView view(AccountId id) { return engine_->account(id).value(); }
  Error sync(AccountId id, std::uint64_t patience_ms = 3600'000) {
    idle_count = 0;
    if (Status begun = engine_->sync(id, FolderId{}, now()); !begun.ok()) return begun.error();
    run_until([&] { return idle_count > 0; }, patience_ms);
    auto account = engine_->account(id);
    return account.ok() ? account.value().error : account.error();
  }
  std::vector<std::string> subjects(AccountId id, const std::string& folder = "Inbox") {
    std::vector<std::string> found;
    for_each_item(id, folder, [&](const ItemRow& row) { found.emplace_back(row.subject); });
    return found;
  }
  void for_each_item(AccountId id, const std::string& folder, const std::function<void(const ItemRow&)>& act) {
    FolderId wanted = folder_id(id, folder);
    auto reader = engine_->reader(id);
    if (!reader.ok()) return;
    Query query;
    query.folder = wanted;
    auto cursor = reader.value()->list(query);
    if (cursor.ok()) {
      ItemRow row;
      for (auto step = cursor.value()->step(row); step.ok() && step.value(); step = cursor.value()->step(row)) act(row);
      cursor.value()->close();
    }
    reader.value()->close();
  }
  FolderId folder_id(AccountId id, const std::string& name) {
    FolderId found{};
    auto reader = engine_->reader(id);
    if (!reader.ok()) return found;
    auto cursor = reader.value()->folders();
    if (cursor.ok()) {
      FolderRow row;
      for (auto step = cursor.value()->step(row); step.ok() && step.value(); step = cursor.value()->step(row))
        if (row.name == name) found = row.id;
      cursor.value()->close();
    }
    reader.value()->close();
    return found;
  }

  /// Runs the world on, in virtual time, until `done` or for at most `for_ms`. True when done.
  bool run_until(const std::function<bool()>& done, std::uint64_t for_ms = 24 * 3600'000) {
    std::uint64_t end = mono_ms_ + for_ms;
    for (long turn = 0; turn < 5'000'000; ++turn) {
      pump();
      if (done()) return true;
      std::uint64_t next = end;
      if (std::uint64_t wake = wake_ms(); wake < next) next = wake;
      if (auto at = server_.next_wake_ms(); at && std::uint64_t(*at - kStartWall) < next) next = static_cast<std::uint64_t>(*at - kStartWall);
      for (const Event& event : events_)
        if (event.at_ms < next) next = event.at_ms;
      if (next >= end) {
        mono_ms_ = end;
        return done();
      }
      if (next > mono_ms_) mono_ms_ = next;
      server_.tick(wall());
      fire();
      if (wake_ms() <= mono_ms_) engine_->tick(now());
    }
    return false;
  }
  void run_for(std::uint64_t ms) {
    run_until([] { return false; }, ms);
  }

  // -- how the world answers and what was seen -----------------------------------------------------------------------------------
  int idle_count = 0;
  Error add_error{};
  std::string pin = "1379";
  bool accept_policy = true, verified = true, online = true;
  std::size_t piece_bytes = 700;                      ///< answers arrive in pieces of so many bytes
  std::uint64_t latency_ms = 20;
  std::vector<std::pair<std::uint64_t, std::string>> log;   ///< when and what was requested
  std::vector<Tell> tells;
  std::function<void(const Send&, const std::string& body)> on_request;
  std::size_t requests_since(std::uint64_t ms) const {
    std::size_t count = 0;
    for (const auto& [at, label] : log) count += at >= ms;
    return count;
  }

 private:
  static constexpr std::int64_t kStartWall = 1'767'225'600'000;
  struct Event {
    std::uint64_t at_ms;
    std::uint32_t request;
    std::function<void()> act;
  };

  static exchange::Options with_start(exchange::Options options) {
    options.start_ms = kStartWall;
    if (options.users.empty()) options.users = {{"demo@example.test", "demo"}};
    return options;
  }
  /// The engine's next wake on the world's clock: the phone counts from its own boot.
  std::uint64_t wake_ms() const {
    std::uint64_t at = engine_->wake().at_ms;
    return at == UINT64_MAX ? at : at + (mono_ms_ - now().mono_ms);
  }
  std::int64_t wall() const { return kStartWall + static_cast<std::int64_t>(mono_ms_); }

  void start_handset() {
    hal::simulated::Options options;
    options.home = home_.string();
    options.mono_ms = [this] { return mono_ms_; };
    options.wall_ms = [this] { return wall(); };
    handset_ = std::make_unique<hal::simulated::Handset>(options);
    directory_ = handset_->replica_directory();
    handsync::Options engine_options;
    engine_options.directory = directory_;
    auto opened = Engine::open(*handset_, Memory{take_memory, give_memory, nullptr}, engine_options, now());
    if (!opened.ok()) throw std::runtime_error("engine does not open: " + std::to_string(int(opened.error().domain)) + "/" + std::to_string(opened.error().code));
    engine_ = opened.value();
  }
  void stop() {
    if (engine_) engine_->close();
    engine_ = nullptr;
    events_.clear();
    waiting_.clear();
  }

  void pump() {
    Effect effect;
    while (engine_->next(effect)) {
      if (auto* send = std::get_if<Send>(&effect)) begin(*send);
      else if (auto* cancel = std::get_if<Cancel>(&effect)) forget(static_cast<std::uint32_t>(cancel->id));
      else if (auto* run = std::get_if<Run>(&effect)) {
        hal::simulated::Patience patience;
        engine_->job(run->id).run(*handset_, patience);
        engine_->job_done(run->id, now());
      } else if (auto* ask = std::get_if<Ask>(&effect)) {
        bool yes = ask->question == Question::kAcceptPolicy ? accept_policy : ask->question == Question::kNewPin ? !pin.empty() : ask->question == Question::kTrustRedirect;
        engine_->answered(ask->id, yes, ask->question == Question::kNewPin ? bytes_of(pin) : Bytes{}, now());
      } else if (auto* look = std::get_if<LookUp>(&effect)) {
        engine_->looked_up(look->id, {}, now());
      } else if (auto* tell = std::get_if<Tell>(&effect)) {
        tells.push_back(*tell);
        if (tell->notice == Notice::kIdle) ++idle_count;
      }
    }
  }

  void begin(const Send& send) {
    exchange::HttpRequest request;
    request.method = std::string(send.method);
    request.target = std::string(send.target);
    request.headers.emplace_back("Host", std::string(send.host));
    for (const Header& header : send.headers) request.headers.emplace_back(std::string(header.name), std::string(header.value));
    for (const auto& [name, value] : cookies_) request.headers.emplace_back("Cookie", name + "=" + value);
    request.body.resize(send.body_bytes);
    std::size_t got = 0;
    while (got < request.body.size()) {
      auto read = engine_->read_body(send.id, std::as_writable_bytes(std::span(request.body)).subspan(got));
      if (!read.ok() || read.value() == 0) break;
      got += read.value();
    }
    request.headers.emplace_back("Content-Length", std::to_string(request.body.size()));
    log.emplace_back(mono_ms_, std::string(send.label));
    if (on_request) on_request(send, request.body);
    auto id = static_cast<std::uint32_t>(send.id);
    if (!online) {
      at(latency_ms, id, [this, id] { engine_->failed(RequestId{id}, Error{Domain::kHttp, 13, 0}, now()); });
      return;
    }
    std::uint64_t total = send.total_s ? std::uint64_t{send.total_s} * 1000 : 0;
    if (total) at(total, id, [this, id] {
      abandon(id);
      forget(id);
      engine_->failed(RequestId{id}, Error{Domain::kHttp, 12, 0}, now());
    });
    std::uint64_t number = server_.handle(request, wall(), [this, id](exchange::HttpResponse answer) { arrive(id, std::move(answer)); });
    waiting_[id] = number;
  }

  void arrive(std::uint32_t id, exchange::HttpResponse answer) {
    waiting_.erase(id);
    for (const auto& [name, value] : answer.headers)
      if (name == "Set-Cookie") {
        std::size_t equals = value.find('='), end = value.find(';');
        cookies_[value.substr(0, equals)] = value.substr(equals + 1, end == std::string::npos ? end : end - equals - 1);
      }
    std::uint64_t start = latency_ms + static_cast<std::uint64_t>(answer.transport.delay_ms);
    if (answer.transport.lose) {
      at(start, id, [this, id] {
        forget(id);
        engine_->failed(RequestId{id}, Error{Domain::kHttp, 6, 0}, now());
      });
      return;
    }
    auto shared = std::make_shared<exchange::HttpResponse>(std::move(answer));
    at(start, id, [this, id, shared] {
      std::vector<Header> headers;
      for (const auto& [name, value] : shared->headers) headers.push_back({name, value});
      Channel channel;
      channel.verified = verified;
      engine_->response_head(RequestId{id}, shared->status, headers, channel, now());
      std::size_t size = shared->body.size();
      std::size_t cut = shared->transport.cut_after_bytes.value_or(size + 1);
      std::size_t end = cut < size ? cut : size;
      for (std::size_t from = 0; from < end; from += piece_bytes)
        engine_->response_body(RequestId{id}, bytes_of(Text(shared->body).substr(from, std::min(piece_bytes, end - from))), now());
      forget(id);
      if (cut <= size) engine_->failed(RequestId{id}, Error{Domain::kHttp, 6, 0}, now());
      else engine_->response_end(RequestId{id}, now());
    });
  }

  void at(std::uint64_t in_ms, std::uint32_t request, std::function<void()> act) { events_.push_back({mono_ms_ + in_ms, request, std::move(act)}); }
  void fire() {
    for (;;) {
      std::size_t first = events_.size();
      for (std::size_t i = 0; i < events_.size(); ++i)
        if (events_[i].at_ms <= mono_ms_ && (first == events_.size() || events_[i].at_ms < events_[first].at_ms)) first = i;
      if (first == events_.size()) return;
      auto act = std::move(events_[first].act);
      events_.erase(events_.begin() + static_cast<std::ptrdiff_t>(first));
      act();
      pump();
    }
  }
  void forget(std::uint32_t id) {
    abandon(id);
    std::erase_if(events_, [id](const Event& event) { return event.request == id; });
  }
  void abandon(std::uint32_t id) {
    auto found = waiting_.find(id);
    if (found == waiting_.end()) return;
    server_.abandon(found->second);
    waiting_.erase(found);
  }

  std::uint64_t mono_ms_ = 1000;
  exchange::Server server_;
  std::filesystem::path home_;
  std::string directory_;
  std::unique_ptr<hal::simulated::Handset> handset_;
  Engine* engine_ = nullptr;
  std::vector<Event> events_;
  std::map<std::uint32_t, std::uint64_t> waiting_;
  std::map<std::string, std::string> cookies_;
};

}  // namespace handsync::test
