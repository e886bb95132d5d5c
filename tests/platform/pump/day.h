/// A phone with everything but a device layer of its own, and a server behind TLS 1.2, over sockets in memory that
/// count every byte, on a virtual clock. Whatever goes wrong on the way is an exception.
#pragma once
#include <unistd.h>

#include <filesystem>
#include <set>
#include <stdexcept>

#include "engine/policy/fake_device.h"
#include "exchange/server.h"
#include "platform/pump/http_text.h"
#include "platform/pump/net.h"
#include "pump/pump.h"

namespace day {

using namespace handsync;

inline constexpr const char* kEmail = "demo@example.test";
inline constexpr std::uint64_t kMinute = 60'000, kHour = 60 * kMinute, kDay = 24 * kHour;

inline void must(bool true_of_it, const char* what) {
  if (!true_of_it) throw std::runtime_error(what);
}

inline void* take(void*, std::size_t bytes) { return std::malloc(bytes); }
inline void give(void*, void* block) { std::free(block); }
inline void (*lend)(void*, Room) = nullptr;  ///< Memory's

class Day final : Ui, Jobs {
 public:
  /// `at_once`: an account is added, synced and in push when this returns.
  explicit Day(exchange::Options options, bool at_once = true) : server_(with_start(std::move(options))) {
    directory_ = "/dev/shm/handsync-day-" + std::to_string(::getpid());
    if (!std::filesystem::is_directory("/dev/shm"))
      directory_ = std::filesystem::temp_directory_path() / "handsync-day";
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    for (const std::string& name : spec().dns) net.names[name] = {net::v4(1)};
    net::Host& host = net.hosts["v4.1:443"];
    host.context = &context_;
    host.answer = [this](net::Peer& peer, const std::string& text) {
      take_request(peer, text);
      return std::string();
    };
    if (!at_once) return;
    must(try_start(), "the engine does not open");
    must(try_add(), "the account is not added");
    sync();
    push();
  }
  ~Day() {
    stop();
    std::filesystem::remove_all(directory_);
  }
  Day(const Day&) = delete;
  Day& operator=(const Day&) = delete;

  exchange::Server& server() { return server_; }
  AccountView view() const {
    const auto found = engine_->account(id_);
    return found.ok() ? found.value() : AccountView{};
  }
  Traffic traffic() const { return view().traffic; }
  void sync() { must(try_sync(), "no sync"); }
  void push() { must(try_push(), "no push"); }
  /// The program ends and starts again; its TLS sessions are kept, as a program keeps them.
  void restart() {
    std::vector<std::byte> tickets(48 * 1024);
    const std::size_t size = carrier_->save_tickets(id_, tickets);
    stop();
    must(try_start(), "the engine does not open again");
    carrier_->load_tickets(id_, Bytes(tickets).first(size));
    push();
  }

  // -- the same where something may be refused
  bool try_start() {
    const net::Inside on;
    handsync::Options options;
    options.directory = directory_;
    auto opened = Engine::open(device_, {take, give, nullptr, lend}, options, now());
    if (!opened.ok()) return false;
    engine_ = opened.value();
    listener_ = std::make_unique<EngineListener>(*engine_);
    carrier_ = std::make_unique<Carrier>(net, *listener_, device_.entropy());
    engine_->network(Network{}, now());
    if (id_ == AccountId{} || carrier_->set_trust(id_, bytes_of(rig::ca_pem())).ok()) return true;
    stop();
    return false;
  }
  bool try_add(bool discover = false) {
    AccountSettings settings;
    settings.email = kEmail;
    if (!discover) settings.server = "mail.example.com";
    idle_ = 0;
    {
      const net::Inside on;
      auto added = engine_->add_account(settings, bytes_of(Text("demo")), now());
      if (added.ok()) id_ = added.value();
      const bool trusted = added.ok() && carrier_->set_trust(id_, bytes_of(rig::ca_pem())).ok();
      if (!trusted) {
        static_cast<void>(engine_->remove_account(id_, now()));
        carrier_->forget(id_);
        id_ = AccountId{};
      }
    }
    if (id_ == AccountId{}) return run(kMinute), false;
    if (until([this] { return idle_ > 0; }, kHour) && !view().error) return true;
    {
      const net::Inside on;
      static_cast<void>(engine_->remove_account(id_, now()));
      carrier_->forget(id_);
      id_ = AccountId{};
    }
    run(kMinute);
    return false;
  }
  bool try_sync() {
    idle_ = 0;
    {
      const net::Inside on;
      if (!engine_->sync(id_, FolderId{}, now()).ok()) return false;
    }
    return until([this] { return idle_ > 0; }, kHour) && !view().error;
  }
  bool try_push() {
    {
      const net::Inside on;
      if (!engine_->push(id_, true, now()).ok()) return false;
    }
    return until([this] { return view().state == AccountState::kWaiting; }, 5 * kHour);
  }
  bool try_restart() {
    stop();
    return try_start() && try_push();
  }
  /// Flags the index-th mail, newest first, and notes which that was.
  bool try_flag(std::size_t index, std::set<std::string>& flagged) {
    std::size_t at = 0;
    ItemId item{};
    std::string id;
    each([&](const ItemRow& row) {
      if (at++ != index) return;
      item = row.id;
      id = std::string(row.server_id);
    });
    {
      const net::Inside on;
      if (item == ItemId{} || !engine_->changes(id_).mark(item, Mark::kFlag).ok()) return false;
    }
    flagged.insert(id);
    return true;
  }
  bool sound() { return engine_->integrity(id_).ok(); }
  bool on() const { return engine_ != nullptr; }
  bool has_account() const { return id_ != AccountId{}; }

  void each(const std::function<void(const ItemRow&)>& act) {
    auto reader = engine_->reader(id_);
    if (!reader.ok()) return;
    if (auto cursor = reader.value()->list(Query{}); cursor.ok()) {
      ItemRow row;
      for (auto step = cursor.value()->step(row); step.ok() && step.value(); step = cursor.value()->step(row)) act(row);
      cursor.value()->close();
    }
    reader.value()->close();
  }
  /// The Inbox is all that is synced.
  void leave_others() {
    auto reader = engine_->reader(id_);
    must(reader.ok(), "no reader");
    std::vector<FolderId> others;
    if (auto cursor = reader.value()->folders(); cursor.ok()) {
      FolderRow row;
      for (auto step = cursor.value()->step(row); step.ok() && step.value(); step = cursor.value()->step(row))
        if (row.name != "Inbox") others.push_back(row.id);
      cursor.value()->close();
    }
    reader.value()->close();
    const net::Inside on;
    for (const FolderId folder : others) must(engine_->changes(id_).select(folder, false).ok(), "no selection");
  }
  std::size_t mails() {
    std::size_t count = 0;
    each([&](const ItemRow&) { ++count; });
    return count;
  }
  bool until(const std::function<bool()>& done, std::uint64_t for_ms) {
    const std::uint64_t end = net.now_ms + for_ms;
    for (long turns = 0;; ++turns) {
      if (turns > 200'000) {
        throw std::runtime_error("it spins: state " + std::to_string(static_cast<int>(view().state)) + ", error " +
                                 std::to_string(static_cast<int>(view().error.domain)) + "/" +
                                 std::to_string(view().error.code) + ", wake " + std::to_string(engine_->wake().at_ms) +
                                 ", carrier " + std::to_string(net.wake_at()) + ", now " + std::to_string(net.now_ms));
      }
      for (turn(); !net.quiet(); turn()) net.settle();
      if (done()) return true;
      std::uint64_t next = std::min({engine_->wake().at_ms, net.wake_at(), end});
      if (auto at = server_.next_wake_ms()) next = std::min(next, static_cast<std::uint64_t>(*at - rig::kNow_ms));
      if (next > net.now_ms) net.acknowledge();
      net.now_ms = std::max(net.now_ms, next);
      if (net.now_ms >= end) return done();
      server_.tick(now().wall_ms);
      const net::Inside on;
      if (engine_->wake().at_ms <= net.now_ms) engine_->tick(now());
    }
  }
  void run(std::uint64_t ms) {
    until([] { return false; }, ms);
  }

  net::Net net;
  /// HTTP bytes of the answers so far, and whether the server says no more than it must.
  std::uint64_t answer_bytes = 0;
  bool thin = true;

 private:
  static exchange::Options with_start(exchange::Options options) {
    options.start_ms = rig::kNow_ms;
    options.users = {{kEmail, "demo"}};
    return options;
  }
  /// Who is given no server finds it under the second name; it calls itself by the third.
  static rig::Spec spec() {
    rig::Spec spec;
    spec.dns = {"mail.example.com", "autodiscover.example.test", "localhost"};
    return spec;
  }
  static rig::ServerSettings settings() {
    rig::ServerSettings settings;
    settings.chain = rig::make(spec());
    return settings;
  }
  Instant now() const { return net.now(); }
  void turn() {
    const net::Inside on;
    pump(*engine_, *carrier_, *this, *this);
    if (!job_) return;
    struct Patience final : hal::Progress {
      bool step() override { return true; }
    } patience;
    const JobId done = std::exchange(job_id_, {});
    std::exchange(job_, nullptr)->run(device_, patience);
    engine_->job_done(done, now());
    pump(*engine_, *carrier_, *this, *this);
  }
  void stop() {
    if (engine_ == nullptr) return;
    const net::Inside on;
    carrier_->close_idle();
    carrier_.reset();
    net.settle_nothing();
    engine_->close();
    engine_ = nullptr;
    for (const auto& peer : net.peers) peer->gone = true;
    idle_ = 0;
  }
  void take_request(net::Peer& peer, const std::string& text) {
    const exchange::HttpRequest request = http_text::request_of(text);
    const auto whom = std::find_if(net.peers.begin(), net.peers.end(), [&](auto& each) { return each.get() == &peer; });
    server_.handle(request, now().wall_ms, [this, shared = *whom](const exchange::HttpResponse& response) {
      std::string answer = "HTTP/1.1 " + std::to_string(response.status) + " OK\r\n";
      for (const auto& [name, value] : response.headers) {
        const bool needed = name == "Content-Type" || name == "Content-Encoding" || name.starts_with("MS-");
        if (needed || !thin) answer += name + ": " + value + "\r\n";
      }
      answer += "Date: Wed, 25 Nov 2026 12:00:00 GMT\r\n";
      answer += "Content-Length: " + std::to_string(response.body.size()) + "\r\n\r\n" + response.body;
      answer_bytes += answer.size();
      if (!shared->gone) net.answer(*shared, answer);
    });
  }
  void ask(const Ask& question) override { engine_->answered(question.id, 1, {}, now()); }
  void withdraw(QuestionId) override {}
  void tell(const Tell& tell) override { idle_ += tell.notice == Notice::kIdle; }
  void post(JobId id, Job& job) override {
    job_id_ = id;
    job_ = &job;
  }

  std::string directory_;
  fake::Device device_;
  rig::ServerContext context_{settings()};
  exchange::Server server_;
  Engine* engine_ = nullptr;
  std::unique_ptr<EngineListener> listener_;
  std::unique_ptr<Carrier> carrier_;
  AccountId id_{};
  int idle_ = 0;
  Job* job_ = nullptr;
  JobId job_id_{};
};

}  // namespace day
