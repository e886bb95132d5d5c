/// A whole world in one thread on a virtual clock: the engine, a simulated handset in a temporary folder, and the
/// embedded Exchange, joined without socket or TLS. Same seed, same history. Faults of the server's transport (delay,
/// cut, lose) are obeyed here; power cuts, dead networks, scripted answers and stalls are this file's own.
#pragma once
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "exchange/server.h"
#include "handsync/engine.h"
#include "simulated/handset.h"

namespace handsync::test {

inline void* take_memory(void*, std::size_t bytes) { return std::malloc(bytes); }
inline bool failed(Error error) { return static_cast<bool>(error); }
/// A policy that asks for something, but for no PIN: its rounds are slow.
inline exchange::Policy mild_policy() {
  exchange::Policy policy;
  policy.push_back({"AttachmentsEnabled", "1", {}});
  return policy;
}
inline void give_memory(void*, void* block) { std::free(block); }
/// Of every World without a phone of its own; a test that counts puts its own here.
inline Memory world_memory{take_memory, give_memory, nullptr};

/// What becomes of a request on its way to the server.
enum class Fate : std::uint8_t {
  kArrives,
  kBroken,     ///< the connection ends, the server has seen nothing
  kSwallowed,  ///< nobody ever answers
  kTwice,      ///< something between sends it again and drops the first answer
  kOldAnswer,  ///< what the last request of this lane was answered comes once more, in place of this one's answer
};

/// One request as it went out.
struct Sent {
  std::uint64_t at_ms = 0;
  std::string label, host, method, target, authorization, policy_key, body;
  std::uint16_t account = 0;
  bool tls = true;
  bool waits = false;  ///< on the lane of what waits for news
};

/// What the engine runs on. World has one of its own, the simulated handset in a temporary folder; a test may bring
/// another.
struct Phone {
  virtual hal::Device& device() = 0;
  virtual Instant now(std::uint64_t world_ms, std::int64_t wall_ms) const = 0;
  virtual void boot(std::uint64_t world_ms) = 0;  ///< after it was off, in good order or not; and at first
  virtual void power_off() = 0;
  virtual handsync::Options options() = 0;
  virtual Memory memory() = 0;

 protected:
  ~Phone() = default;
};

/// Something that requests and answers pass between phone and server, as bytes: both become what the other end makes
/// of those.
struct Wire {
  virtual Error to_server(const Send&, Instant, exchange::HttpRequest&) = 0;  ///< an error: it does not arrive
  /// To the request of that number. Obeys its cut, and says how many bytes of the body came through instead.
  virtual void to_phone(std::uint32_t id, exchange::HttpResponse&) = 0;

 protected:
  ~Wire() = default;
};

class World {
 public:
  explicit World(exchange::Options options = {}, Phone* phone = nullptr)
      : phone_(phone), server_(with_start(std::move(options))) {
    if (!phone_) home_ = new_home();
    start_handset();
  }
  ~World() {
    stop();
    handset_.reset();
    if (phone_) return;
    std::filesystem::remove_all(home_);
    if (off_) std::filesystem::remove_all(snapshot_);
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  exchange::Server& server() { return server_; }
  hal::simulated::Handset& handset() { return *handset_; }
  hal::Device& device() { return phone_ ? phone_->device() : static_cast<hal::Device&>(*handset_); }
  Engine& engine() { return *engine_; }
  const std::filesystem::path& home() const { return home_; }
  std::uint64_t now_ms() const { return mono_ms_; }
  Instant now() const { return phone_ ? phone_->now(mono_ms_, wall()) : handset_->now(); }

  /// Off and on again in good order.
  void restart() {
    stop();
    handset_.reset();
    start_handset(true);
  }
  /// The power goes: nothing is closed, nothing is told. What the phone's files hold at this moment is what the next
  /// boot finds; whatever the engine still does in the call that is running is done in vain. May be called from every
  /// hook of this class and of the handset.
  void power_off() {
    if (off_) return;
    off_ = true;
    if (phone_) return phone_->power_off();
    snapshot_ = new_home();
    std::filesystem::copy(home_, snapshot_, std::filesystem::copy_options::recursive);
    std::vector<std::filesystem::path> shared;  // memory of the process that is gone
    for (const auto& entry : std::filesystem::recursive_directory_iterator(snapshot_))
      if (entry.path().string().ends_with("-shm")) shared.push_back(entry.path());
    for (const auto& path : shared) std::filesystem::remove(path);
  }
  void power_on() {
    stop();
    off_ = false;
    if (phone_) return start_handset(true);
    handset_.reset();
    std::filesystem::remove_all(home_);
    home_ = snapshot_;
    start_handset(true);
  }
  bool off() const { return off_; }

  /// Adds an account and runs until that has ended, well or not: see view(id).error.
  AccountId add(const std::string& email = "demo@example.test", const std::string& password = "demo",
                AccountSettings settings = {}) {
    settings.email = email;
    if (settings.server.empty() && !autodiscover) settings.server = "localhost";
    auto id = engine_->add_account(settings, bytes_of(password), now());
    if (!id.ok()) {
      add_error = id.error();
      return AccountId{};
    }
    idle[id.value()] = 0;
    run_until_idle(id.value());
    return id.value();
  }
  /// As a host would: a failed account is removed again.
  void remove(AccountId id) {
    idle[id] = 0;
    if (engine_->remove_account(id, now()).ok()) run_until_idle(id);
  }
  AccountView view(AccountId id) {
    auto account = engine_->account(id);
    return account.ok() ? account.value() : AccountView{};
  }
  Error error(AccountId id) { return view(id).error; }
  Error sync(AccountId id, std::uint64_t patience_ms = 3600'000) {
    idle[id] = 0;
    if (Status begun = engine_->sync(id, FolderId{}, now()); !begun.ok()) return begun.error();
    if (!run_until_idle(id, patience_ms)) return Error{Domain::kEngine, 999, 0};  // never told that it was done
    auto account = engine_->account(id);
    return account.ok() ? account.value().error : account.error();
  }
  Error fetch(AccountId id, ItemId item) {
    idle[id] = 0;
    if (Status begun = engine_->fetch(id, item, now()); !begun.ok()) return begun.error();
    if (!run_until_idle(id, 3600'000)) return Error{Domain::kEngine, 999, 0};
    return view(id).error;
  }
  bool run_until_idle(AccountId id, std::uint64_t for_ms = 24 * 3600'000) {
    bool done = run_until([&] { return idle[id] > 0; }, for_ms);
    idle[id] = 0;
    return done;
  }
  /// Push on, and far enough that a Ping waits.
  bool start_push(AccountId id) {
    if (!engine_->push(id, true, now()).ok()) return false;
    return run_until([&] { return view(id).state == AccountState::kWaiting; }, 600'000);
  }

  // -- what an application sees
  // -----------------------------------------------------------------------------------------------
  std::vector<std::string> subjects(AccountId id, const std::string& folder = "Inbox") {
    std::vector<std::string> found;
    for_each_item(id, folder, [&](const ItemRow& row) { found.emplace_back(row.subject); });
    return found;
  }
  void for_each_item(AccountId id, const std::string& folder, const std::function<void(const ItemRow&)>& act) {
    Query query;
    query.folder = folder_id(id, folder);
    with_reader(id, [&](Reader& reader) { rows<ItemRow>(reader.list(query), act); });
  }
  void for_each_folder(AccountId id, const std::function<void(const FolderRow&)>& act) {
    with_reader(id, [&](Reader& reader) { rows<FolderRow>(reader.folders(), act); });
  }
  FolderId folder_id(AccountId id, const std::string& name) {
    FolderId found{};
    for_each_folder(id, [&](const FolderRow& row) {
      if (row.name == name) found = row.id;
    });
    return found;
  }
  /// The n-th item of the Inbox, newest first; 0 = there is none.
  ItemId item(AccountId id, std::size_t index = 0, const std::string& folder = "Inbox") {
    ItemId found{};
    std::size_t at = 0;
    for_each_item(id, folder, [&](const ItemRow& row) {
      if (at++ == index) found = row.id;
    });
    return found;
  }
  struct Queued {
    std::uint64_t id = 0;
    ItemId item{};
    std::string what;
    std::uint32_t tries = 0;
    Error last{};
    bool parked = false;
  };
  std::vector<Queued> queue(AccountId id) {
    std::vector<Queued> found;
    with_reader(id, [&](Reader& reader) {
      rows<QueueRow>(reader.queue(), [&](const QueueRow& row) {
        found.push_back({row.id, row.item, std::string(row.what), row.tries, row.last, row.parked});
      });
    });
    return found;
  }
  std::size_t parked_items(AccountId id) {
    std::size_t count = 0;
    with_reader(id, [&](Reader& reader) { rows<ParkedRow>(reader.parked(), [&](const ParkedRow&) { ++count; }); });
    return count;
  }
  std::string body(AccountId id, ItemId item) {
    std::string text;
    with_reader(id, [&](Reader& reader) {
      std::byte room[4096];
      for (;;) {
        auto got = reader.body(item, text.size(), room);
        if (!got.ok() || got.value() == 0) return;
        text.append(reinterpret_cast<const char*>(room), got.value());
      }
    });
    return text;
  }
  void with_reader(AccountId id, const std::function<void(Reader&)>& act) {
    auto reader = engine_->reader(id);
    if (!reader.ok()) return;
    act(*reader.value());
    reader.value()->close();
  }

  // -- time
  // -------------------------------------------------------------------------------------------------------------------
  /// Runs the world on, in virtual time, until `done` or for at most `for_ms`. True when done. A world that does not
  /// get on in time any more spins: that is an exception.
  bool run_until(const std::function<bool()>& done, std::uint64_t for_ms = 24 * 3600'000) {
    std::uint64_t end = mono_ms_ + for_ms;
    long turns_at_once = 0;
    for (;;) {
      pump();
      if (done()) return true;
      if (off_) return false;
      std::uint64_t next = end;
      if (std::uint64_t wake = wake_ms(); wake < next) next = wake;
      if (auto at = server_.next_wake_ms(); at && std::uint64_t(*at - kStartWall) < next)
        next = static_cast<std::uint64_t>(*at - kStartWall);
      for (const Event& event : events_)
        if (event.at_ms < next) next = event.at_ms;
      if (next >= end) {
        mono_ms_ = end;
        return done();
      }
      if (next > mono_ms_) {
        mono_ms_ = next;
        turns_at_once = 0;
      } else if (++turns_at_once > 20'000) {
        throw std::runtime_error("the engine spins: it wants to be woken in the past");
      }
      server_.tick(wall());
      fire();
      if (!off_ && wake_ms() <= mono_ms_) engine_->tick(now());
    }
  }
  void run_for(std::uint64_t ms) {
    run_until([] { return false; }, ms);
  }
  /// Every connection breaks, as when the phone changes its network.
  void reset_connections() {
    std::vector<std::uint32_t> open;
    for (const auto& [id, at] : last_byte_ms_) open.push_back(id);
    for (std::uint32_t id : open) fail_later(id, Error{Domain::kHttp, 14, 0});
  }
  std::size_t open_requests() const { return last_byte_ms_.size(); }
  /// Hands out what the engine wants now; time stands still.
  void settle() { pump(); }

  // -- how the world answers
  // ----------------------------------------------------------------------------------------------------
  std::string pin = "1379", new_password;  ///< empty: refused
  bool accept_policy = true, trust_redirect = true, verified = true, online = true;
  bool answer_questions = true;
  bool autodiscover = false;                  ///< add() without a server
  std::set<std::string> hosts;                ///< not empty: other names do not exist
  std::vector<std::string> srv;               ///< what a look-up finds
  std::size_t piece_bytes = 700;              ///< answers arrive in pieces of so many bytes ...
  std::uint64_t piece_gap_ms = 0;             ///< ... that are so far apart
  std::optional<std::size_t> stall_at_piece;  ///< one answer stops before this piece ...
  std::uint64_t stall_ms = 0;                 ///< ... for so long
  std::string stall_label = "Sync";
  std::uint64_t latency_ms = 20;
  bool run_jobs = true;                                                       ///< false: slow work stays undone
  std::function<std::optional<exchange::HttpResponse>(const Sent&)> instead;  ///< an answer in the server's place
  std::function<void(const Sent&)> on_request;                                ///< as it goes out
  std::function<Fate(const Sent&)> fate;                                      ///< of a request on its way
  std::uint64_t nat_ms =
      0;                 ///< an answer to a request that has been quiet for longer is lost without a word; 0 = never
  Wire* wire = nullptr;  ///< outlives the world
  std::function<void(const Sent&)> on_nat_loss;
  std::function<void(const Sent&)> on_served;                    ///< the server has acted, the answer is not here yet
  std::function<void(const Sent&, std::size_t piece)> on_piece;  ///< before a piece of its answer is handed over
  std::function<void(const Sent&, exchange::HttpResponse&)> on_answer;  ///< may change it on the way
  std::function<void(std::string_view)>
      on_durable;                  ///< before the phone writes, syncs, renames or removes a file of its own
  std::function<void()> on_event;  ///< before anything reaches the engine

  // -- what was seen
  // ------------------------------------------------------------------------------------------------------------
  Error add_error{}, open_error{};
  std::map<AccountId, int> idle;
  std::vector<Sent> sent;
  std::vector<Tell> tells;
  std::vector<std::pair<Question, std::string>> asked;
  std::size_t requests_since(std::uint64_t ms, const std::string& label = {}) const {
    std::size_t count = 0;
    for (const Sent& one : sent) count += one.at_ms >= ms && (label.empty() || one.label == label);
    return count;
  }
  std::size_t requests(const std::string& label) const { return requests_since(0, label); }
  std::size_t told(Notice notice) const {
    std::size_t count = 0;
    for (const Tell& tell : tells) count += tell.notice == notice;
    return count;
  }
  std::string first_violation() const {
    auto violations = server_.violations();
    return violations.empty() ? std::string() : violations[0];
  }

 private:
  static constexpr std::int64_t kStartWall = exchange::kDefaultStartMs;
  static constexpr std::uint64_t kBootMs = 1000;
  struct Event {
    std::uint64_t at_ms, order;
    std::uint32_t request;
    std::function<void()> act;
  };
  struct Answer {
    Sent sent;
    exchange::HttpResponse response;
    std::size_t piece = 0, at = 0;
    bool stalls = false;
  };

  static exchange::Options with_start(exchange::Options options) {
    options.start_ms = kStartWall;
    if (options.users.empty()) options.users = {{"demo@example.test", "demo"}};
    return options;
  }
  static std::filesystem::path new_home() {
    static int number = 0;
    // Thousands of commits that are synced: on a RAM disk when there is one.
    std::error_code none;
    std::filesystem::path memory = "/dev/shm";
    bool has_memory = std::filesystem::is_directory(memory, none) && ::access(memory.c_str(), W_OK) == 0;
    auto parent = has_memory ? memory : std::filesystem::temp_directory_path();
    auto home = parent / ("handsync-world-" + std::to_string(::getpid()) + "-" + std::to_string(++number));
    std::filesystem::remove_all(home);
    return home;
  }
  /// The engine's next wake on the world's clock: the phone counts from its own boot.
  std::uint64_t wake_ms() const {
    std::uint64_t at = engine_->wake().at_ms;
    return at == UINT64_MAX ? at : at + (mono_ms_ - now().mono_ms);
  }
  std::int64_t wall() const { return kStartWall + static_cast<std::int64_t>(mono_ms_); }

  void start_handset(bool rebooted = false) {
    if (phone_) {
      phone_->boot(mono_ms_);
      return start_engine();
    }
    hal::simulated::Options options;
    options.home = home_.string();
    options.mono_ms = [this] { return mono_ms_; };
    options.wall_ms = [this] { return wall(); };
    options.power = [this](std::string_view operation, std::string_view) {
      if (on_durable && !off_) on_durable(operation);
      return hal::simulated::Cut::kNone;
    };
    if (adjust_handset) adjust_handset(options);
    handset_ = std::make_unique<hal::simulated::Handset>(options);
    if (rebooted) handset_->reboot();
    start_engine();
  }
  void start_engine() {
    handsync::Options engine_options;
    if (phone_) {
      engine_options = phone_->options();
    } else {
      directory_ = handset_->replica_directory();
      engine_options.directory = directory_;
    }
    if (adjust_engine) adjust_engine(engine_options);
    Memory memory = phone_ ? phone_->memory() : world_memory;
    auto opened = Engine::open(device(), memory, engine_options, now());
    open_error = opened.ok() ? Error{} : opened.error();
    if (!opened.ok() && phone_) return power_off();  // it may be tried again
    if (!opened.ok())
      throw std::runtime_error("engine does not open: " + std::to_string(int(opened.error().domain)) + "/" +
                               std::to_string(opened.error().code));
    engine_ = opened.value();
  }
  void stop() {
    if (engine_) engine_->close();
    engine_ = nullptr;
    for (auto& [id, number] : waiting_) server_.abandon(number);
    events_.clear();
    waiting_.clear();
    last_byte_ms_.clear();
    begun_ms_.clear();
    last_answer_.reset();
  }

  void pump() {
    Effect effect;
    while (!off_ && engine_->next(effect)) {
      if (auto* send = std::get_if<Send>(&effect)) {
        begin(*send);
      } else if (auto* cancel = std::get_if<Cancel>(&effect)) {
        forget(static_cast<std::uint32_t>(cancel->id));
      } else if (auto* run = std::get_if<Run>(&effect)) {
        if (!run_jobs) continue;
        hal::simulated::Patience patience;
        engine_->job(run->id).run(device(), patience);
        if (on_event) on_event();
        if (!off_) engine_->job_done(run->id, now());
      } else if (auto* ask = std::get_if<Ask>(&effect)) {
        take_question(*ask);
      } else if (auto* look = std::get_if<LookUp>(&effect)) {
        std::vector<Text> found(srv.begin(), srv.end());
        engine_->looked_up(look->id, found, now());
      } else if (auto* tell = std::get_if<Tell>(&effect)) {
        tells.push_back(*tell);
        if (tell->notice == Notice::kIdle) ++idle[tell->account];
      }
    }
  }

  void take_question(const Ask& ask) {
    asked.emplace_back(ask.question, std::string(ask.detail));
    if (!answer_questions) return;
    switch (ask.question) {
      case Question::kAcceptPolicy:
        return engine_->answered(ask.id, accept_policy, {}, now());
      case Question::kTrustRedirect:
        return engine_->answered(ask.id, trust_redirect, {}, now());
      case Question::kNewPin:
        return engine_->answered(ask.id, !pin.empty(), bytes_of(pin), now());
      case Question::kCredentials:
        return engine_->answered(ask.id, !new_password.empty(), bytes_of(new_password), now());
    }
  }

  void begin(const Send& send) {
    exchange::HttpRequest request;
    request.method = std::string(send.method);
    request.target = std::string(send.target);
    request.headers.emplace_back("Host", std::string(send.host));
    for (const Header& header : send.headers)
      request.headers.emplace_back(std::string(header.name), std::string(header.value));
    for (const auto& [name, value] : cookies_) request.headers.emplace_back("Cookie", name + "=" + value);
    request.body.resize(send.body_bytes);
    std::size_t got = 0;
    const bool reaches = online && (hosts.empty() || hosts.contains(std::string(send.host)));
    while (reaches && got < request.body.size()) {  // a host reads it once it is connected
      auto read = engine_->read_body(send.id, std::as_writable_bytes(std::span(request.body)).subspan(got));
      if (!read.ok() || read.value() == 0)
        throw std::runtime_error("a request's body ends before its announced length");
      got += read.value();
    }
    request.headers.emplace_back("Content-Length", std::to_string(request.body.size()));

    Sent record;
    record.at_ms = mono_ms_;
    record.label = std::string(send.label);
    record.host = std::string(send.host);
    record.method = request.method;
    record.target = request.target;
    record.body = request.body;
    record.account = static_cast<std::uint16_t>(send.account);
    record.tls = send.tls;
    record.waits = send.lane == Lane::kWait;
    if (auto* value = request.header("Authorization")) record.authorization = *value;
    if (auto* value = request.header("X-MS-PolicyKey")) record.policy_key = *value;
    sent.push_back(record);
    if (on_request) on_request(record);
    if (off_) return;

    auto id = static_cast<std::uint32_t>(send.id);
    if (!online) return fail_later(id, Error{Domain::kHttp, 13, 0});
    if (!hosts.empty() && !hosts.contains(record.host)) return fail_later(id, Error{Domain::kDns, 1, 0});
    if (send.total_s) at(std::uint64_t{send.total_s} * 1000, id, [this, id] { fail(id, Error{Domain::kHttp, 12, 0}); });
    last_byte_ms_[id] = mono_ms_;
    if (send.silence_s) watch_silence(id, std::uint64_t{send.silence_s} * 1000);
    if (instead) {
      if (auto scripted = instead(record)) return arrive(id, record, std::move(*scripted));
    }
    const Fate met = fate ? fate(record) : Fate::kArrives;
    if (met == Fate::kBroken) return fail_later(id, Error{Domain::kHttp, 14, 0});
    if (met == Fate::kSwallowed) return;
    if (wire)
      if (Error error = wire->to_server(send, now(), request)) return fail_later(id, error);
    if (met == Fate::kTwice) server_.abandon(server_.handle(request, wall(), [](const exchange::HttpResponse&) {}));
    begun_ms_[id] = mono_ms_;
    if (met == Fate::kOldAnswer && last_answer_) {
      server_.abandon(server_.handle(request, wall(), [](const exchange::HttpResponse&) {}));
      return arrive(id, record, *last_answer_);
    }
    auto answered = std::make_shared<bool>(false);
    std::uint64_t number = server_.handle(request, wall(), [this, id, record, answered](exchange::HttpResponse answer) {
      *answered = true;
      waiting_.erase(id);
      arrive(id, record, std::move(answer));
    });
    if (!*answered && !off_) waiting_[id] = number;
  }

  void fail_later(std::uint32_t id, Error error) {
    at(latency_ms, id, [this, id, error] { fail(id, error); });
  }
  void fail(std::uint32_t id, Error error) {
    forget(id);
    if (on_event) on_event();
    if (!off_) engine_->failed(RequestId{id}, error, now());
  }
  void watch_silence(std::uint32_t id, std::uint64_t silence_ms) {
    std::uint64_t due = last_byte_ms_[id] + silence_ms;
    at(due - mono_ms_, id, [this, id, silence_ms] {
      if (mono_ms_ - last_byte_ms_[id] >= silence_ms) return fail(id, Error{Domain::kHttp, 11, 0});
      watch_silence(id, silence_ms);
    });
  }

  void arrive(std::uint32_t id, const Sent& record, exchange::HttpResponse answer) {
    if (on_served) on_served(record);
    if (off_) return;
    if (const auto begun = begun_ms_.find(id);
        nat_ms && begun != begun_ms_.end() && mono_ms_ - begun->second > nat_ms) {
      if (on_nat_loss) on_nat_loss(record);
      return;
    }
    for (const auto& [name, value] : answer.headers)
      if (name == "Set-Cookie") {
        std::size_t equals = value.find('='), end = value.find(';');
        cookies_[value.substr(0, equals)] = value.substr(equals + 1, end == std::string::npos ? end : end - equals - 1);
      }
    if (on_answer) on_answer(record, answer);
    std::uint64_t start = latency_ms + static_cast<std::uint64_t>(answer.transport.delay_ms);
    if (answer.transport.lose) {
      at(start, id, [this, id] { fail(id, Error{Domain::kHttp, 6, 0}); });
      return;
    }
    if (wire) wire->to_phone(id, answer);
    if (record.label != "Ping") last_answer_ = answer;
    auto shared = std::make_shared<Answer>();
    shared->sent = record;
    shared->response = std::move(answer);
    if (stall_at_piece && record.label == stall_label) shared->stalls = true;
    at(start, id, [this, id, shared] {
      if (on_event) on_event();
      if (off_) return;
      std::vector<Header> headers;
      for (const auto& [name, value] : shared->response.headers) headers.push_back({name, value});
      Channel channel;
      channel.verified = verified;
      last_byte_ms_[id] = mono_ms_;
      engine_->response_head(RequestId{id}, shared->response.status, headers, channel, now());
      piece(id, shared);
    });
  }

  /// Hands over pieces until the end, the cut, or a gap.
  void piece(std::uint32_t id, const std::shared_ptr<Answer>& answer) {
    const std::string& body = answer->response.body;
    std::size_t cut = answer->response.transport.cut_after_bytes.value_or(body.size() + 1);
    std::size_t end = cut < body.size() ? cut : body.size();
    while (answer->at < end) {
      if (answer->stalls && stall_at_piece && answer->piece == *stall_at_piece) {
        answer->stalls = false;
        stall_at_piece.reset();
        at(stall_ms, id, [this, id, answer] { piece(id, answer); });
        return;
      }
      if (on_piece) on_piece(answer->sent, answer->piece);
      if (on_event) on_event();
      if (off_) return;
      last_byte_ms_[id] = mono_ms_;
      std::size_t count = std::min(piece_bytes, end - answer->at);
      engine_->response_body(RequestId{id}, bytes_of(Text(body).substr(answer->at, count)), now());
      answer->at += count;
      ++answer->piece;
      if (piece_gap_ms && answer->at < end) {
        at(piece_gap_ms, id, [this, id, answer] { piece(id, answer); });
        return;
      }
    }
    if (cut <= body.size()) return fail(id, Error{Domain::kHttp, 6, 0});
    forget(id);
    if (on_event) on_event();
    if (!off_) engine_->response_end(RequestId{id}, now());
  }

  void at(std::uint64_t in_ms, std::uint32_t request, std::function<void()> act) {
    events_.push_back({mono_ms_ + in_ms, ++order_, request, std::move(act)});
  }
  void fire() {
    while (!off_) {
      std::size_t first = events_.size();
      for (std::size_t i = 0; i < events_.size(); ++i) {
        if (events_[i].at_ms > mono_ms_) continue;
        bool sooner = first == events_.size() || events_[i].at_ms < events_[first].at_ms ||
                      (events_[i].at_ms == events_[first].at_ms && events_[i].order < events_[first].order);
        if (sooner) first = i;
      }
      if (first == events_.size()) return;
      auto act = std::move(events_[first].act);
      events_.erase(events_.begin() + static_cast<std::ptrdiff_t>(first));
      act();
      pump();
    }
  }
  void forget(std::uint32_t id) {
    if (auto found = waiting_.find(id); found != waiting_.end()) {
      server_.abandon(found->second);
      waiting_.erase(found);
    }
    last_byte_ms_.erase(id);
    begun_ms_.erase(id);
    std::erase_if(events_, [id](const Event& event) { return event.request == id; });
  }

 public:
  std::function<void(handsync::Options&)> adjust_engine;         ///< before the next start
  std::function<void(hal::simulated::Options&)> adjust_handset;  ///< before the next start

  template <class Row, class Opened>
  static void rows(Opened opened, const std::function<void(const Row&)>& act) {
    if (!opened.ok()) return;
    Row row;
    for (auto step = opened.value()->step(row); step.ok() && step.value(); step = opened.value()->step(row)) act(row);
    opened.value()->close();
  }

 private:
  Phone* phone_;
  std::uint64_t mono_ms_ = kBootMs, order_ = 0;
  exchange::Server server_;
  std::filesystem::path home_, snapshot_;
  std::string directory_;
  std::unique_ptr<hal::simulated::Handset> handset_;
  Engine* engine_ = nullptr;
  bool off_ = false;
  std::vector<Event> events_;
  std::map<std::uint32_t, std::uint64_t> waiting_;                  // requests the server holds back
  std::map<std::uint32_t, std::uint64_t> last_byte_ms_, begun_ms_;  // per open request
  std::optional<exchange::HttpResponse> last_answer_;
  std::map<std::string, std::string> cookies_;
};

}  // namespace handsync::test
